//! Writers: a report in, bytes out. They decide nothing, and reach source text only through `excerpt`. Layer 9.

mod compact;
#[cfg(feature = "cli")]
mod excerpt;
mod github;
#[cfg(feature = "cli")]
mod graphical;
mod json;
mod page;
mod reference;
mod sanitize;
mod sarif;
mod summary;

use crate::engine::Report;
use crate::model::Severity;
use std::io;

#[cfg(feature = "cli")]
pub use reference::explain;
pub use reference::{cis_index, rule_page, rules_index, rules_json, rules_table};
pub use sanitize::sanitize;
#[cfg(feature = "cli")]
pub(crate) use sanitize::sanitize_lines;
pub use summary::{by_rule, summary};

/// How the output may look.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    /// Whether to use colour.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// What a writer is.
pub type Writer = fn(&Report, RenderOptions, &mut dyn io::Write) -> io::Result<()>;

/// The formats by name.
pub const FORMATS: &[(&str, Writer)] = &[
    #[cfg(feature = "cli")]
    ("graphical", graphical::write),
    ("compact", compact::write),
    ("json", json::write),
    ("jsonl", json::write_lines),
    ("github", github::write),
    ("sarif", sarif::write),
];

/// The word that problem matchers, SARIF and GitHub know a severity by.
pub const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    }
}
