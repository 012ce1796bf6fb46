//! What was checked, what was found and what was skipped, in a few lines for stderr.

use super::sanitize;
use crate::engine::{LeftOut, Note, NoteKind, Report};
use crate::finding::State;
use crate::text::last_part;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Fewer findings are read one by one.
const MANY_FINDINGS: usize = 40;

/// Rules that are counted one by one.
const MOST_COMMON_RULES: usize = 10;

/// Names of one reason that are written out.
const NAMED: usize = 3;

/// The summary; the last line says what was found.
pub fn summary(report: &Report, rules: usize) -> String {
    let mut out = String::new();
    let mut notes: BTreeMap<NoteKind, Vec<&Note>> = BTreeMap::new();
    for note in &report.notes {
        notes.entry(note.what).or_default().push(note);
    }
    for (what, notes) in notes {
        let mut names: Vec<String> = notes.iter().take(NAMED).map(|n| name(n)).collect();
        if notes.len() > NAMED {
            names.push(format!("and {} more", notes.len() - NAMED));
        }
        let _ = writeln!(
            out,
            "skipped: {} {} ({})",
            notes.len(),
            what.reason(notes.len()),
            names.join(", ")
        );
    }
    left_out(&report.left_out, &mut out);
    of_tests(report, &mut out);
    let c = report.counts;
    let mut checked = format!(
        "checked {} in {} with {}",
        count(c.objects, "object"),
        count(c.files, "file"),
        count(rules, "rule")
    );
    let releases: Vec<String> = report.targets.names().collect();
    if let [release] = releases.as_slice() {
        let _ = write!(checked, " for Kubernetes {release}");
    } else if let [first, .., last] = releases.as_slice() {
        let _ = write!(
            checked,
            " for {} releases of Kubernetes, {first} to {last}",
            releases.len()
        );
    }
    if c.other_files > 0 {
        let _ = write!(
            checked,
            "; {} without objects",
            count(c.other_files, "other file")
        );
    }
    let by_severity = [
        (c.critical, "critical"),
        (c.high, "high"),
        (c.medium, "medium"),
        (c.low, "low"),
        (c.info, "info"),
    ];
    let found: Vec<String> = by_severity
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, name)| format!("{n} {name}"))
        .collect();
    let found = match (found.is_empty(), c.objects) {
        (true, 0) => "found nothing to check".to_owned(),
        (true, _) => "no findings".to_owned(),
        (false, _) => format!("{} ({})", count(c.open(), "finding"), found.join(", ")),
    };
    let suppressed = if c.suppressed > 0 {
        format!(", {} suppressed", c.suppressed)
    } else {
        String::new()
    };
    let _ = writeln!(out, "kubevet: {found}{suppressed}; {checked}");
    out
}

/// What lies among the data of tests, and how to leave that out; nothing where nothing else would be left.
fn of_tests(report: &Report, out: &mut String) {
    let findings = report.of_tests.values().sum();
    if (1..report.counts.open()).contains(&findings) {
        let names: BTreeSet<_> = report
            .of_tests
            .keys()
            .map(|folder| folder_name(folder))
            .collect();
        let names: Vec<_> = names.into_iter().map(sanitize).collect();
        let _ = writeln!(
            out,
            "in test folders: {}; to exclude them, add to kubevet.yaml:\n  exclude: [{}]",
            count(findings, "finding"),
            names.join(", ")
        );
    }
}

fn folder_name(path: &str) -> &str {
    last_part(path, b'/')
}

/// The rules with the most findings, for a run that is too long to be read, and how to see fewer.
pub fn by_rule(report: &Report) -> Option<String> {
    let open = report.findings.iter().filter(|f| f.state == State::Open);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    open.for_each(|finding| *counts.entry(&finding.rule).or_default() += 1);
    if report.counts.open() < MANY_FINDINGS {
        return None;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(rule, n)| (std::cmp::Reverse(*n), *rule));
    let mut out = String::from("findings by rule:\n");
    for (rule, n) in counts.iter().take(MOST_COMMON_RULES) {
        let _ = writeln!(out, "{n:>7}  {rule}");
    }
    let more = counts.iter().skip(MOST_COMMON_RULES).map(|(_, n)| n);
    if more.len() > 0 {
        let (rules, findings) = (more.len(), more.sum::<usize>());
        let _ = writeln!(out, "{findings:>7}  of {}", count(rules, "other rule"));
    }
    out += "to see fewer: `ignore: [RULE]` in kubevet.yaml or `--exclude GLOB`; why: `kubevet explain RULE`\n";
    Some(out)
}

/// What git and the configuration leave out, each in a line if there is something.
fn left_out(left: &LeftOut, out: &mut String) {
    let of_git = [
        (left.ignored_files, "file"),
        (left.ignored_folders, "folder"),
    ];
    let of_git = some(of_git.map(|(n, thing)| (n, count(n, thing))));
    if !of_git.is_empty() {
        let _ = writeln!(out, "not checked: {} ignored by git", of_git.join(" and "));
    }
    let finding = |n| count(n, "finding");
    let mut configured = some([
        (
            left.excluded_files,
            format!("{} excluded", count(left.excluded_files, "file")),
        ),
        (left.rules, format!("{} ignored", count(left.rules, "rule"))),
        (
            left.silenced,
            format!("{} suppressed", finding(left.silenced)),
        ),
        (left.lowered, format!("{} lowered", finding(left.lowered))),
        (
            left.parameters,
            format!("{} set", count(left.parameters, "parameter")),
        ),
        (
            left.schemas,
            format!("{} given", count(left.schemas, "schema location")),
        ),
    ]);
    configured.extend(left.releases.then(|| "release chosen".to_owned()));
    if !configured.is_empty() {
        let name = sanitize(&left.configuration);
        let _ = writeln!(out, "{name}: {}", configured.join(", "));
    }
    if left.other_configurations > 0 {
        let files = count(left.other_configurations, "kubevet.yaml");
        let _ = writeln!(out, "not used: {files} below the root folder");
    }
}

/// Texts about numbers that are not zero.
fn some<const N: usize>(all: [(usize, String); N]) -> Vec<String> {
    let some = all.into_iter().filter(|(n, _)| *n > 0);
    some.map(|(_, text)| text).collect()
}

fn name(note: &Note) -> String {
    let about = sanitize(&note.about);
    let place = if note.line > 1 {
        format!("{about}:{}", note.line)
    } else {
        about.into_owned()
    };
    if note.detail.is_empty() {
        place
    } else {
        format!("{place}: {}", sanitize(&note.detail))
    }
}

fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}
