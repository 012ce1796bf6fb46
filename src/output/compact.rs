//! One line a finding, for problem matchers: `path:line:column: error[rule] message`.

use super::sanitize::sanitize_path;
use super::{RenderOptions, level, sanitize};
use crate::engine::Report;
use crate::finding::{Finding, State};
use crate::text::{Position, SourceFile};
use std::io;

pub(super) fn write(report: &Report, _: RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    for finding in report.findings.iter().filter(|f| f.state == State::Open) {
        let Some(source) = report.sources.get(finding.primary.at.file) else {
            continue;
        };
        let (at, _) = source.range(finding.primary.at.span);
        write_line(finding, source, at, out)?;
    }
    Ok(())
}

/// One line, with what was probably meant: nobody can see that from the message.
pub(super) fn write_line(
    finding: &Finding,
    source: &SourceFile,
    at: Position,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let message = finding.full_message();
    let (path, message) = (sanitize_path(&source.display_path), sanitize(&message));
    let meant = finding.help.starts_with("Did you mean");
    let help = meant.then(|| format!(" ({})", sanitize(&finding.help)));
    writeln!(
        out,
        "{path}:{}:{}: {}[{}] {message}{}",
        at.line,
        at.column,
        level(finding.severity),
        finding.rule,
        help.unwrap_or_default()
    )
}
