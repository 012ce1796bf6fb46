//! A text that is no file of a run.

use super::{FileAnalysis, Input, Report, RuleSet, analyse, finish};
use crate::documents::{Repository, chunks};
use crate::text::{Encoding, FileIds, SourceFile};
use std::path::Path;

/// Checks a text as the only file of a repository.
pub fn check_text(path: &str, text: &str, rules: &RuleSet<'_>) -> Report {
    let repository = Repository::default();
    let id = FileIds::default().of(Path::new(path));
    let input = Input::new(id, path, text, &[]);
    let mut analysis = FileAnalysis::default();
    for chunk in chunks(path, text) {
        analysis.add(analyse(&input, &chunk, rules, &repository));
    }
    let source = SourceFile::new(path.into(), path.into(), text.into(), Encoding::Utf8);
    let report = analysis.report(id, source, Vec::new(), true);
    finish(&[report], Vec::new(), rules, &repository, true)
}
