//! Texts that are no files of a run: examples of rules, and tests.

use super::{FileAnalysis, FileReport, Input, Report, RuleSet, analyse, finish};
use crate::documents::{Repository, chunks};
use crate::text::{Encoding, FileIds, SourceFile};
use std::path::Path;
use std::sync::Arc;

/// The reports of texts, as of the files of one repository.
pub fn analyse_texts(
    files: &[(&str, &str)],
    rules: &RuleSet<'_>,
    repository: &Repository,
) -> Vec<Arc<FileReport>> {
    let mut ids = FileIds::default();
    let one = |(path, text): &(&str, &str)| {
        let id = ids.of(Path::new(path));
        let input = Input::new(id, path, text, &[]);
        let mut analysis = FileAnalysis::default();
        for chunk in chunks(path, text) {
            analysis.add(analyse(&input, &chunk, rules, repository));
        }
        let (path, text) = ((*path).to_owned(), (*text).into());
        let source = SourceFile::new(path.clone(), path, text, Encoding::Utf8);
        analysis.report(id, source, Vec::new(), true)
    };
    files.iter().map(one).collect()
}

/// Checks a text as the only file of a repository.
pub fn check_text(path: &str, text: &str, rules: &RuleSet<'_>) -> Report {
    let repository = Repository::default();
    let reports = analyse_texts(&[(path, text)], rules, &repository);
    finish(&reports, Vec::new(), rules, &repository, true)
}
