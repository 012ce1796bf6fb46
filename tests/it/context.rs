//! Files that are only context of one that is named: what is read of them is all that matters to it.

use crate::support::{REGISTRY, policies, repository};
use kubevet::documents::{ContextFilter, chunks};
use kubevet::engine::{FileAnalysis, FileReport, Input, RuleSet, analyse, finish};
use kubevet::finding::Releases;
use kubevet::model::{Example, Profile};
use kubevet::text::{Encoding, FileIds, SourceFile};
use std::path::Path;
use std::sync::Arc;

/// Files of one repository, of which the first is named; the others are its context.
struct Named<'a> {
    files: Vec<(&'a str, &'a str)>,
    rules: &'a RuleSet<'static>,
}

impl Named<'_> {
    fn read(
        &self,
        (path, text): (&str, &str),
        ids: &mut FileIds,
        rules: &RuleSet<'_>,
        filter: Option<&ContextFilter>,
    ) -> Arc<FileReport> {
        let id = ids.of(Path::new(path));
        let repository = repository(&self.files);
        let input = Input::new(id, path, text, &[]);
        let mut analysis = FileAnalysis::default();
        for chunk in chunks(path, text) {
            if filter.is_none_or(|filter| filter.may_be_in(path, chunk.span.text(text))) {
                analysis.add(analyse(&input, &chunk, rules, &repository));
            }
        }
        let source = SourceFile::new(path.into(), path.into(), text.into(), Encoding::Utf8);
        analysis.report(id, source, Vec::new(), path == self.files[0].0)
    }

    /// What is said of the named file, where the others are left out, read for what matters to it, or read like it.
    fn said(&self) -> [Vec<String>; 3] {
        let mut ids = FileIds::default();
        let named = self.read(self.files[0], &mut ids, self.rules, None);
        let filter = ContextFilter::of(named.facts().iter());
        let for_facts = self.rules.for_facts();
        let mut context = |rules, filter| -> Vec<_> {
            let others = self.files[1..].iter();
            others
                .map(|file| self.read(*file, &mut ids, rules, filter))
                .collect()
        };
        let ways = [
            Vec::new(),
            context(&for_facts, Some(&filter)),
            context(self.rules, None),
        ];
        ways.map(|others| {
            let reports = [vec![named.clone()], others].concat();
            let repository = repository(&self.files);
            let report = finish(&reports, Vec::new(), self.rules, &repository, true);
            report
                .findings
                .iter()
                .map(|finding| format!("{finding:?}"))
                .collect()
        })
    }
}

/// Each document of an example as a file of its own.
fn parts(example: &Example) -> Vec<(String, &str)> {
    let files = example.files.iter();
    let parts = files.flat_map(|(path, text)| {
        let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
        let chunks = chunks(path, text);
        let alone = chunks.len() == 1;
        chunks.into_iter().enumerate().map(move |(number, chunk)| {
            let path = if alone {
                path.to_string()
            } else {
                format!("{folder}/{number}-{name}")
            };
            (path, chunk.span.text(text))
        })
    });
    parts.collect()
}

#[test]
fn facts_of_context_are_all_that_a_named_file_is_judged_with() {
    let mut because_of_context = 0;
    let mut wrong = Vec::new();
    for policy in policies() {
        let examples = policy
            .examples
            .fails
            .iter()
            .chain(policy.examples.passes.iter());
        for example in examples {
            let parts = parts(example);
            if parts.len() == 1 {
                continue;
            }
            let release = example.release.unwrap_or(Releases::NEWEST);
            // All rules, and links between findings as in the default profile.
            let rules =
                RuleSet::selected(&REGISTRY, Profile::Default, Releases::only(release), |_| {
                    true
                });
            for named in 0..parts.len() {
                let mut files: Vec<_> = parts
                    .iter()
                    .map(|(path, text)| (path.as_str(), *text))
                    .collect();
                files.swap(0, named);
                let [alone, with_facts, with_all] = Named {
                    files,
                    rules: &rules,
                }
                .said();
                if with_facts != with_all {
                    let (id, path) = (&policy.id, &parts[named].0);
                    wrong.push(format!(
                        "{id}: of {path}\n{with_facts:#?}\nis not\n{with_all:#?}"
                    ));
                }
                because_of_context += usize::from(alone != with_all);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(because_of_context > 50, "{because_of_context}");
}
