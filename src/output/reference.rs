//! The rule reference: pages for `kubevet explain` and docs/rules, and lists of rules.

use super::page::{Block, Page};
use crate::component::{ComponentKind, defaults};
#[cfg(feature = "cli")]
use crate::engine::{Registry, RuleSet, check_text};
use crate::finding::Releases;
use crate::model::{Example, Policy, Profile, Text};
use crate::policy::expected;
#[cfg(feature = "cli")]
use crate::text::{Edit, apply};
use std::fmt::Write as _;

fn profiles(policy: &Policy) -> String {
    Profile::ALL
        .into_iter()
        .filter(|profile| policy.is_in(*profile))
        .map(Profile::name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A rule's page in Markdown, with all examples.
pub fn rule_page(policy: &Policy) -> String {
    let mut page = about(policy);
    let examples = &policy.examples;
    for (title, examples) in [("Fails", &examples.fails), ("Passes", &examples.passes)] {
        page.heading(title, examples.iter().flat_map(shown));
    }
    links(policy, &mut page);
    page.markdown()
}

/// `kubevet explain`: a rule's page for a terminal, with the first example that fails and the one that passes and is most like it.
#[cfg(feature = "cli")]
pub fn explain(policy: &Policy) -> String {
    let mut page = about(policy);
    if let Some(fails) = policy.examples.fails.first() {
        page.heading("Example that fails", shown(fails));
        page.heading("What its fix changes", fix(policy, fails).map(Block::Code));
        let passes = policy.examples.passes.iter();
        let passes = passes.max_by_key(|passes| lines_in_common(fails, passes));
        page.heading("Example that passes", passes.into_iter().flat_map(shown));
    }
    links(policy, &mut page);
    page.terminal()
}

/// What a page says before its examples.
fn about(policy: &Policy) -> Page {
    let mut page = Page::new(&policy.id, &policy.title);
    page.fact("Severity", policy.severity.name().to_owned());
    page.fact("Profiles", profiles(policy));
    let applies: Vec<&str> = policy.applies.iter().map(|name| subject(name)).collect();
    page.fact("Applies to", applies.join(", "));
    page.fact("Standards", policy.standards().join("; "));
    page.heading(
        "Why it matters",
        [Block::Text(policy.rationale.trim().into())],
    );
    page.heading(
        "How to fix it",
        [Block::Text(policy.remediation.trim().into())],
    );
    if let Some((id, defaults)) = setting_defaults(policy) {
        page.heading(&format!("Defaults of `{id}`"), [Block::List(defaults)]);
    }
    let parameters = policy.parameters.iter().map(|parameter| {
        let default = parameter.default.join(", ");
        format!(
            "`{}`: {}. Default: {default}",
            parameter.name, parameter.about
        )
    });
    page.heading("Parameters", list(parameters));
    page
}

/// What a page says after its examples.
fn links(policy: &Policy, page: &mut Page) {
    if !policy.subsumes.is_empty() {
        let rules = quoted(policy.subsumes.iter());
        let text = format!(
            "In the profile `default`, a finding of this rule replaces those of {rules} at the same place."
        );
        page.heading("Replaces", [Block::Text(text)]);
    }
    if !policy.peers.is_empty() {
        let peers = quoted(policy.peers.iter());
        page.heading("In other linters", [Block::Text(peers)]);
    }
    let links = policy.references.iter().map(|url| format!("<{url}>"));
    page.heading("Links", list(links));
}

fn quoted<'t>(names: impl Iterator<Item = &'t Text>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn list(items: impl Iterator<Item = String>) -> Option<Block> {
    let items: Vec<String> = items.collect();
    (!items.is_empty()).then_some(Block::List(items))
}

/// What a rule applies to, in the words of a user.
fn subject(name: &str) -> &str {
    match name {
        "Container" => "containers",
        "Pod" => "pods and pod templates",
        "PolicyRule" => "rules of Roles and ClusterRoles",
        "Object" => "objects of every kind",
        "Set" => "documents that are applied together",
        "Reader" => "every YAML file",
        name => name,
    }
}

/// A line of an example without its marks.
fn unmarked(line: &str) -> &str {
    line.split("#! ").next().unwrap_or(line).trim_end()
}

/// An example as blocks: what is found is a comment at the end of its line.
fn shown(example: &Example) -> Vec<Block> {
    let marks = expected(example);
    let release = example.release;
    let mut blocks: Vec<Block> = release
        .map(|minor| Block::Text(format!("In Kubernetes 1.{minor}:")))
        .into_iter()
        .collect();
    for (path, text) in example.files.iter() {
        if example.files.len() > 1 {
            blocks.push(Block::Text(format!("`{path}`:")));
        }
        let mut code = String::new();
        for (number, line) in (1..).zip(text.lines()) {
            code.push_str(&super::sanitize(unmarked(line)));
            let here = marks.iter().filter(|m| m.line == number && m.file == *path);
            let found: Vec<&str> = here.map(|mark| mark.message.as_str()).collect();
            if !found.is_empty() {
                let found = found.join("; ");
                let _ = write!(code, "  # <-- {}", super::sanitize(&found));
            }
            code.push('\n');
        }
        blocks.push(Block::Code(code));
    }
    blocks
}

/// The lines of an example of one file with those that the rule's fixes change, as a diff has them; none where the rule has no fix.
#[cfg(feature = "cli")]
fn fix(policy: &Policy, example: &Example) -> Option<String> {
    let [(path, before)] = example.files.as_ref() else {
        return None;
    };
    let registry = Registry::default();
    let newest = Releases::only(Releases::NEWEST);
    let mut rules = RuleSet::selected(&registry, Profile::All, newest, |p| p.id == policy.id);
    rules.fixes = true;
    let before: String = before
        .lines()
        .map(|line| unmarked(line).to_owned() + "\n")
        .collect();
    let report = check_text(path, &before, &rules);
    let fixes = report.findings.iter().filter_map(|f| f.fix.as_ref());
    let edits: Vec<Edit> = fixes
        .flat_map(|fix| &fix.edits)
        .map(|e| e.edit.clone())
        .collect();
    let after = apply(&before, &edits);
    (after != before).then(|| diff(&before, &after))
}

/// All lines, those from the first to the last that differ marked.
#[cfg(feature = "cli")]
fn diff(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let ends = old.iter().rev().zip(new.iter().rev());
    let shorter = old.len().min(new.len()) - start;
    let end = ends.take_while(|(a, b)| a == b).count().min(shorter);
    let part = |mark: &str, lines: &[&str]| {
        lines.iter().fold(String::new(), |text, line| {
            text + mark + " " + &super::sanitize(line) + "\n"
        })
    };
    let middle = |lines: &[&str], mark| {
        part(
            mark,
            lines.get(start..lines.len() - end).unwrap_or_default(),
        )
    };
    part(" ", old.get(..start).unwrap_or_default())
        + &middle(&old, "-")
        + &middle(&new, "+")
        + &part(" ", old.get(old.len() - end..).unwrap_or_default())
}

/// Number of lines of one example that another has, too, less those that it has not.
#[cfg(feature = "cli")]
fn lines_in_common(fails: &Example, passes: &Example) -> isize {
    let lines = |example: &Example| -> Vec<String> {
        let texts = example.files.iter().map(|(_, text)| text.to_string());
        let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
        lines.collect()
    };
    let (fails, passes) = (lines(fails), lines(passes));
    let common = passes.iter().filter(|line| fails.contains(line)).count();
    common.cast_signed() * 2 - passes.len().cast_signed()
}

/// The setting that a rule is about, and its default for each component, distribution and span of releases.
fn setting_defaults(policy: &Policy) -> Option<(&str, Vec<String>)> {
    let settings = policy.check.iter().filter_map(|c| c.setting.as_deref());
    let id = settings.flat_map(|s| s.id.iter()).next()?;
    let components = policy.applies.iter();
    let mut lines = Vec::new();
    for component in components.filter_map(|name| ComponentKind::named(name)) {
        let mut rows: Vec<(&str, Releases, &str)> = Vec::new();
        for (distribution, releases, value) in defaults(component, id) {
            let same = rows
                .iter_mut()
                .find(|(c, _, v)| (*c, *v) == (distribution, value));
            match same {
                Some((_, held, _)) => *held = held.with(releases),
                None => rows.push((distribution, releases, value)),
            }
        }
        for (distribution, releases, value) in rows.into_iter().filter(|(_, r, _)| !r.is_empty()) {
            let by = match distribution {
                "" => component.name().to_owned(),
                "file" => format!("{} with a configuration file", component.name()),
                distribution => format!("{} in {distribution}", component.name()),
            };
            let value = match value {
                "" => "not set".to_owned(),
                "?" => "set to a cluster-specific value".to_owned(),
                value => format!("`{value}`"),
            };
            lines.push(format!("{by}{}: {value}", span(component, releases)));
        }
    }
    (!lines.is_empty()).then_some((id, lines))
}

/// Which of a component's releases these are; nothing for all of them. etcd counts its own.
fn span(component: ComponentKind, releases: Releases) -> String {
    let all = component.releases();
    if releases == all {
        return String::new();
    }
    let mut names = releases.names().map(|name| match component {
        ComponentKind::Etcd => name.replacen("1.", "3.", 1),
        _ => name,
    });
    let (first, last) = (names.next(), names.last());
    match (first, last) {
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        (Some(only), None) => format!(", {only}"),
        (None, _) => String::new(),
    }
}

/// `docs/rules/README.md`.
pub fn rules_index<'p>(policies: impl Iterator<Item = &'p Policy>) -> String {
    let mut out = String::from(
        "# Rules\n\nGenerated from `policies/`.\n\n| Rule | Severity | Profiles | What is wrong |\n|---|---|---|---|\n",
    );
    for p in policies {
        let _ = writeln!(
            out,
            "| [{0}]({0}.md) | {1} | {2} | {3} |",
            p.id,
            p.severity.name(),
            profiles(p),
            p.title
        );
    }
    let _ = writeln!(
        out,
        "\nPod Security is checked for releases 1.0 to 1.{}.",
        Releases::NEWEST
    );
    out
}

/// Which rule answers which item of the CIS Kubernetes benchmark, and which items no file can answer.
pub fn cis_index<'p>(policies: impl Iterator<Item = &'p Policy>) -> String {
    let number =
        |item: &str| -> Vec<u32> { item.split('.').map(|n| n.parse().unwrap_or(0)).collect() };
    let of_item = |p: &'p Policy| Some((number(p.standards.cis.as_deref()?), p));
    let mut items: Vec<_> = policies.filter_map(of_item).collect();
    items.sort_by(|a, b| (&a.0, &a.1.id).cmp(&(&b.0, &b.1.id)));
    let mut out = String::from(
        "# CIS Kubernetes benchmark 1.12\n\nGenerated from `policies/`: the rules of the profile `cis`.\n\n| Item | Rule | What is wrong |\n|---|---|---|\n",
    );
    for (_, p) in items {
        let item = p.standards.cis.as_deref().unwrap_or_default();
        let _ = writeln!(out, "| {item} | [{0}](rules/{0}.md) | {1} |", p.id, p.title);
    }
    out.push_str(
        "\nNo file of a repository can answer these items: 1.1 and 4.1 (owners and permissions of files on the host), and the parts of 3 and 5\nthat ask about processes of an organization.\n\n\
         kubevet differs from the benchmark here:\n\n\
         - 1.2.1: on a kubeadm cluster, `--anonymous-auth=false` makes the probes of the API server fail. Limit anonymous requests in an\n  AuthenticationConfiguration instead.\n\
         - 1.2.16: a log path without an audit policy records nothing.\n\
         - `--client-cert-auth=\"true\"` with quotes inside of the argument is not the value `true`.\n",
    );
    out
}

/// `kubevet rules`: a line a rule.
pub fn rules_table<'p>(policies: impl Iterator<Item = &'p Policy> + Clone) -> String {
    let width = policies
        .clone()
        .map(|p| p.id.len())
        .max()
        .unwrap_or_default();
    policies.fold(String::new(), |text, p| {
        let mark = if p.is_in(Profile::Default) { ' ' } else { '-' };
        text + &format!(
            "{mark} {:width$}  {:8}  {}\n",
            p.id,
            p.severity.name(),
            p.title
        )
    })
}

/// `kubevet rules --output-format json`.
pub fn rules_json<'p>(policies: impl Iterator<Item = &'p Policy>) -> String {
    let rules: Vec<serde_json::Value> = policies
        .map(|p| {
            serde_json::json!({
                "id": p.id, "title": p.title, "severity": p.severity.name(), "profiles": profiles(p), "applies": p.applies,
                "standards": p.standards(), "peers": p.peers, "rationale": p.rationale, "remediation": p.remediation, "references": p.references,
            })
        })
        .collect();
    format!(
        "{:#}\n",
        serde_json::json!({ "version": 1, "rules": rules })
    )
}
