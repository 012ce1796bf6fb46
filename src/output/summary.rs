//! What was checked, what was found and what was skipped, in a few lines for stderr.

use super::clean;
use crate::engine::{Note, Report, What};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Names of one reason that are written out.
const NAMED: usize = 3;

/// The summary; the last line says what was found.
pub fn summary(report: &Report, rules: usize) -> String {
    let mut out = String::new();
    let mut notes: BTreeMap<What, Vec<&Note>> = BTreeMap::new();
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
    let c = report.counts;
    let mut checked = format!(
        "checked {} in {} with {}",
        count(c.objects, "object"),
        count(c.files, "file"),
        count(rules, "rule")
    );
    if c.other_files > 0 {
        let _ = write!(
            checked,
            "; {} without any",
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
        (true, 0) => "nothing to check was found".to_owned(),
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

fn name(note: &Note) -> String {
    let about = clean(&note.about);
    let place = if note.line > 1 {
        format!("{about}:{}", note.line)
    } else {
        about.into_owned()
    };
    if note.detail.is_empty() {
        place
    } else {
        format!("{place}: {}", clean(&note.detail))
    }
}

fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}
