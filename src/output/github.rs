//! GitHub workflow commands: annotations in the pull request. The worst come first, since a step shows ten of each level; the others are
//! plain lines of the log.

use super::compact::write_line;
use super::{RenderOptions, level, sanitize};
use crate::engine::{Report, ResolvedFinding};
use crate::finding::{Finding, State};
use std::io;

/// Annotations of one level that a step shows.
const MAX_ANNOTATIONS: usize = 10;
/// Characters of a message that the runner takes.
const LONGEST: usize = 4000;

pub(super) fn write(report: &Report, _: RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let mut findings: Vec<&ResolvedFinding> = report
        .findings
        .iter()
        .filter(|f| f.state == State::Open)
        .collect();
    findings.sort_by_key(|f| f.severity);
    let (mut held_back, mut rest) = (Vec::new(), Vec::new());
    for name in ["error", "warning", "notice"] {
        let of_level: Vec<&ResolvedFinding> = findings
            .iter()
            .copied()
            .filter(|f| level(f.severity) == name)
            .collect();
        for finding in of_level.iter().take(MAX_ANNOTATIONS) {
            command(report, finding, name, out)?;
        }
        let more = of_level.iter().skip(MAX_ANNOTATIONS);
        if more.len() > 0 {
            held_back.push(format!("{} {name}s", more.len()));
        }
        rest.extend(more.copied());
    }
    if !held_back.is_empty() {
        writeln!(
            out,
            "kubevet: {} more are not annotated, since a step shows {MAX_ANNOTATIONS} of each level:",
            held_back.join(" and ")
        )?;
    }
    for finding in rest {
        if let Some(source) = report.sources.get(finding.primary.at.file) {
            let (at, _) = source.range(finding.primary.at.span);
            write_line(finding, source, at, out)?;
        }
    }
    Ok(())
}

fn command(
    report: &Report,
    finding: &Finding,
    level: &str,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let Some(source) = report.sources.get(finding.primary.at.file) else {
        return Ok(());
    };
    let (start, end) = source.range(finding.primary.at.span);
    // The runner drops columns of a range of lines.
    let range = if start.line == end.line && end.column > start.column {
        format!(
            "line={},endLine={},col={},endColumn={}",
            start.line, start.line, start.column, end.column
        )
    } else {
        format!("line={},col={}", start.line, start.column)
    };
    let path = sanitize(&source.path);
    let message = format!(
        "{path}:{}:{}: {} ({})",
        start.line,
        start.column,
        sanitize(&finding.full_message()),
        sanitize(&finding.help)
    );
    let message: String = message.chars().take(LONGEST).collect();
    let title = format!("{} ({})", finding.rule, finding.severity.name());
    writeln!(
        out,
        "::{level} file={},{range},title={}::{}",
        property(&path),
        property(&title),
        data(&message)
    )
}

/// A message's escapes (actions/runner, ActionCommand).
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's escapes.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
