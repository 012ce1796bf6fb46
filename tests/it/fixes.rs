//! Fixes: what they leave passes, and what they must not touch stays.

use crate::support::{REGISTRY, analyse_all, policies, rules};
use kubevet::documents::Repository;
use kubevet::engine::{Report, RuleSet, finish};
use kubevet::finding::{Applicability, Releases, State};
use kubevet::model::{Policy, Profile};
use kubevet::text::{Edit, FileId, FileIds, apply};
use kubevet::yaml::{Format, Limits, NodeKind, Parsed, Provenance, decode_scalar, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn check(files: &[(&str, String)], fixes: bool) -> Report {
    let mut rules = rules(Profile::All, Releases::only(Releases::NEWEST));
    rules.fixes = fixes;
    run(files, &rules)
}

/// Asks one rule only, which takes a fraction of the time.
fn check_rule(files: &[(&str, String)], policy: &Policy) -> Report {
    let newest = Releases::only(Releases::NEWEST);
    let asked = |p: &Policy| p.id == policy.id;
    let mut rules = RuleSet::selected(&REGISTRY, Profile::All, newest, asked);
    rules.fixes = true;
    run(files, &rules)
}

fn run(files: &[(&str, String)], rules: &RuleSet<'_>) -> Report {
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, &**text)).collect();
    finish(
        &analyse_all(&files, rules),
        Vec::new(),
        rules,
        &Repository::default(),
        true,
    )
}

/// Findings of a rule that count, and the edits of their fixes by file.
fn of_rule(policy: &Policy, report: &Report) -> (usize, BTreeMap<FileId, Vec<Edit>>) {
    let open = report.findings.iter().filter(|f| f.state == State::Open);
    let found: Vec<_> = open.filter(|f| f.rule == policy.id).collect();
    let mut edits: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let fixes = found.iter().filter_map(|f| f.fix.as_ref());
    for edit in fixes.flat_map(|fix| &fix.edits) {
        edits.entry(edit.file).or_default().push(edit.edit.clone());
    }
    (found.len(), edits)
}

#[test]
fn what_a_fix_leaves_passes_and_stays() {
    let mut with_fixes = BTreeSet::new();
    for policy in policies() {
        for example in policy.examples.fails.iter() {
            let files = example.files.iter();
            let mut files: Vec<_> = files
                .map(|(path, text)| (&**path, text.to_string()))
                .collect();
            let (found, edits) = of_rule(policy, &check_rule(&files, policy));
            if edits.is_empty() {
                continue;
            }
            with_fixes.insert(policy.id.as_ref());
            let report = check(&files, true);
            let before: BTreeSet<_> = report.findings.iter().map(|f| f.rule.clone()).collect();
            let mut ids = FileIds::default();
            for (path, text) in &mut files {
                let id = ids.of(Path::new(path));
                *text = apply(text, edits.get(&id).map_or(&[], Vec::as_slice));
            }
            let report = check(&files, true);
            let (left, more) = of_rule(policy, &report);
            let fixed: usize = edits.values().map(Vec::len).sum();
            assert_eq!((left, more.len()), (found - fixed, 0), "{files:#?}");
            for finding in &report.findings {
                let new = !before.contains(&finding.rule);
                assert!(!new, "{}: the fix causes it in {files:#?}", finding.rule);
            }
        }
    }
    let expected = ["pod/privilege-escalation-explicit", "yaml/duplicate-key"];
    assert_eq!(with_fixes, BTreeSet::from(expected));
}

/// The text of a fix's file once all fixes of a report of one file are applied; none where there are none.
fn fixed(text: &str, fixes: bool) -> Option<String> {
    let report = check(&[("a.yaml", text.to_owned())], fixes);
    let fixes = report.findings.iter().filter_map(|f| f.fix.as_ref());
    let edits: Vec<_> = fixes
        .flat_map(|fix| &fix.edits)
        .map(|e| e.edit.clone())
        .collect();
    (!edits.is_empty()).then(|| apply(text, &edits))
}

#[test]
fn nobody_pays_for_fixes_who_does_not_ask() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: x\n  a: y\n";
    assert_eq!(fixed(text, false), None);
    assert!(fixed(text, true).is_some());
}

#[test]
fn of_equal_keys_the_last_stays() {
    let map = |data: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:{data}\n")
    };
    for (data, left) in [
        ("\n  a: x\n  b: z\n  a: y", Some("\n  b: z\n  a: y")),
        ("\n  a: x # why\n  a: y\n  a: z", Some("\n  a: z")),
        (
            "\n  a: |\n    x\n\n  b: z\n  a: y",
            Some("\n\n  b: z\n  a: y"),
        ),
        (" {a: x, b: z, a: y}", Some(" {b: z, a: y}")),
        // What else depends on the text, or stands on its lines.
        ("\n  a: &x x\n  b: *x\n  a: y", None),
        (" {a: x, !!str a: y}", None),
        ("\n  ? a\n  : x\n  a: y", None),
        ("\n  a: x # why\r  b: z\n  a: y", None),
    ] {
        assert_eq!(fixed(&map(data), true), left.map(map), "{data}");
    }
    let list = "apiVersion: v1\nkind: Pod\nmetadata: {name: c}\nspec:\n  containers:\n    - name: a\n      name: b\n";
    assert_eq!(fixed(list, true), None, "the dash belongs to both");
}

fn read(text: &str, editable: bool) -> Parsed<'_> {
    let mut place = Provenance::chunk(FileId(0), 0);
    place.editable = editable;
    parse(text, place, Format::Yaml, Limits::default())
}

#[test]
fn edits_are_made_where_the_text_is_the_file_s_own() {
    let nested = |text: &str, value: &str, editable: bool| {
        let parsed = read(text, editable);
        let document = parsed.document.unwrap();
        let scalar = document.root().field("inner").unwrap();
        let place = document.provenance.nest(&decode_scalar(scalar).unwrap());
        let parsed = parse(
            scalar.as_str().unwrap(),
            place,
            Format::Yaml,
            Limits::default(),
        );
        let document = parsed.document.unwrap();
        let node = document.root().field("k").unwrap();
        let edit = document.replace(node, value)?.edit;
        Some(apply(text, &[edit]))
    };
    let block = "inner: |\n  # é\n  k: true\n";
    let replaced = nested(block, "false", true);
    assert_eq!(replaced.as_deref(), Some("inner: |\n  # é\n  k: false\n"));
    assert_eq!(nested(block, "false", false), None, "the file is not UTF-8");
    assert_eq!(
        nested(block, "a: b", true),
        None,
        "it may end the scalar around it"
    );
    assert_eq!(nested("inner: \"k: tr\\x75e\"\n", "false", true), None);
    assert_eq!(
        nested("inner: \"k: true\\n\"\n", "false", true).as_deref(),
        Some("inner: \"k: false\\n\"\n")
    );
    assert_eq!(nested("inner: 'k: ''a'''\n", "b", true), None);

    let text = "a: &x true\nb: *x\n";
    let parsed = read(text, true);
    let document = parsed.document.unwrap();
    let of = |key| document.replace(document.root().get(key).unwrap(), "false");
    assert_eq!(of("a"), None, "the alias stands for it, too");
    assert_eq!(
        apply(text, &[of("b").unwrap().edit]),
        "a: &x true\nb: false\n"
    );
}

#[test]
fn an_edit_changes_one_value_and_no_other() {
    for policy in policies().filter(|p| p.id.starts_with("pod/")) {
        for example in policy.examples.fails.iter() {
            let text = &example.files[0].1;
            let parsed = read(text, true);
            let Some(document) = parsed.document else {
                continue;
            };
            for node in document.nodes().filter(|n| n.key_node().is_some()) {
                if matches!(node.kind(), NodeKind::Map | NodeKind::Seq) || node.span().is_empty() {
                    continue;
                }
                let Some(edit) = document.replace(node, "changed") else {
                    continue;
                };
                let changed = apply(text, &[edit.edit]);
                let parsed = read(&changed, true);
                let again = parsed.document.unwrap();
                let different = document
                    .nodes()
                    .zip(again.nodes())
                    .filter(|(a, b)| (a.kind(), a.text()) != (b.kind(), b.text()));
                let different: Vec<_> = different.map(|(a, _)| a.id()).collect();
                assert_eq!(different, [node.id()], "{changed}");
            }
        }
    }
}

#[test]
fn who_decides_is_told() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: a\n      name: a\n      image: a\n      securityContext: {allowPrivilegeEscalation: true, allowPrivilegeEscalation: true}\n";
    let report = check(&[("a.yaml", text.to_owned())], true);
    let fixes = report.findings.iter().filter_map(|f| f.fix.as_ref());
    let applicabilities: BTreeSet<_> = fixes.map(|fix| fix.applicability as u8).collect();
    let both = [Applicability::Safe, Applicability::Unsafe].map(|a| a as u8);
    assert_eq!(applicabilities, BTreeSet::from(both));
}
