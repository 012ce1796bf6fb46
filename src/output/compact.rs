//! One line a finding, for problem matchers: `path:line:column: error[rule] message`.

use super::sanitize::sanitize_path;
use super::{RenderOptions, level, sanitize};
use crate::engine::Report;
use crate::finding::State;
use std::io;

pub(super) fn write(report: &Report, _: RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    for finding in report.findings.iter().filter(|f| f.state == State::Open) {
        let Some(source) = report.sources.get(finding.primary.at.file) else {
            continue;
        };
        let (at, _) = source.range(finding.primary.at.span);
        let message = finding.full_message();
        let (path, message) = (sanitize_path(&source.display_path), sanitize(&message));
        writeln!(
            out,
            "{path}:{}:{}: {}[{}] {message}",
            at.line,
            at.column,
            level(finding.severity),
            finding.rule
        )?;
    }
    Ok(())
}
