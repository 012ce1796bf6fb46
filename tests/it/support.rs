//! Runs the engine over texts, as the command does over files.

use kubevet::documents::{DocumentFacts, Repository, chunks};
use kubevet::engine::{
    FileReport, Input, Registry, Report, RuleSet, analyse, analyse_texts, finish,
};
use kubevet::finding::{Finding, Releases};
use kubevet::model::{Example, Policy, Profile};
use kubevet::text::{FileId, SourceFile};
use std::sync::{Arc, LazyLock};

/// kubevet's own rules.
pub(crate) static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::default);

/// Their policies.
pub(crate) fn policies() -> impl Iterator<Item = &'static Policy> + Clone {
    REGISTRY.policies()
}

/// Checks texts as the files of one repository.
pub(crate) fn check(files: &[(&str, &str)], profile: Profile, targets: Releases) -> Report {
    let rules = rules(profile, targets);
    finish(
        &analyse_all(files, &rules),
        Vec::new(),
        &rules,
        &repository(files),
        true,
    )
}

/// The rules of a profile, on the first of January 2026.
pub(crate) fn rules(profile: Profile, targets: Releases) -> RuleSet<'static> {
    let mut rules = RuleSet::selected(&REGISTRY, profile, targets, |policy| {
        policy.is_in(profile) || profile == Profile::All && policy.opt_in
    });
    rules.now = Some(std::time::Duration::from_secs(1_767_225_600));
    rules
}

/// What the files of a repository say about each other.
pub(crate) fn repository(files: &[(&str, &str)]) -> Repository {
    let mut repository = Repository::default();
    for (path, text) in files {
        repository.add(path, || (*text).to_owned());
    }
    for (path, text) in files {
        if repository.patch_files().contains(path) {
            repository.add_patch_file(path, text);
        }
    }
    repository
}

/// The reports of the files of one repository.
pub(crate) fn analyse_all(files: &[(&str, &str)], rules: &RuleSet<'_>) -> Vec<Arc<FileReport>> {
    analyse_texts(files, rules, &repository(files))
}

/// Checks an example of a policy for its release, with all rules.
pub(crate) fn check_example(example: &Example) -> Report {
    let files = example.files.iter();
    let files: Vec<_> = files
        .map(|(path, text)| (path.as_ref(), text.as_ref()))
        .collect();
    let release = example.release.unwrap_or(Releases::NEWEST);
    check(&files, Profile::All, Releases::only(release))
}

/// What set rules see of a text.
pub(crate) fn facts(path: &str, text: &str) -> Vec<DocumentFacts> {
    let rules = RuleSet::new(&REGISTRY, Profile::All, Releases::only(Releases::NEWEST));
    let input = Input::new(FileId(0), path, text, &[]);
    let one = |chunk| analyse(&input, chunk, &rules, &Repository::default()).facts;
    chunks(path, text).iter().flat_map(one).collect()
}

/// Checks one text for the newest release.
pub(crate) fn check_one(text: &str, profile: Profile) -> Report {
    check(
        &[("example.yaml", text)],
        profile,
        Releases::only(Releases::NEWEST),
    )
}

/// Path, 1-based line and text under the span of a finding.
pub(crate) fn place<'r>(report: &'r Report, finding: &Finding) -> (&'r str, u32, &'r str) {
    let source = source(report, finding.primary.at.file);
    let line = source
        .lines()
        .position(finding.primary.at.span.start, &source.text)
        .line;
    (
        &source.path,
        line,
        finding.primary.at.span.text(&source.text),
    )
}

pub(crate) fn source(report: &Report, file: FileId) -> &SourceFile {
    report.sources.get(file).expect("a file of the report")
}
