//! Chunk reports → one report: set rules, suppression, order.

use super::analyse::{DisabledRule, configure};
use super::conceal::conceal;
use super::custom_resources;
use super::exposure::Exposures;
use super::links::{LinkLabels, Links};
use super::secret_spans;
use super::suppress::{self, Suppression};
use super::{ChunkReport, LeftOut, Note, NoteKind, Registry, RuleSet};
use crate::check::{Check, Cx, Findings, MAX_FINDINGS_PER_RULE};
use crate::documents::{DocumentFacts, DocumentSet, Fact, Repository, set_of, test_folder};
use crate::finding::{Finding, Label, Releases, State};
use crate::model::{Severity, Text};
use crate::text::{FileId, FileSpan, FileSpanSet, SourceFile, SourceMap, Span};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Deref;
use std::sync::Arc;

/// Facts of one file that are kept. More objects than this are nobody's set, and each costs memory until the end of the run.
pub(super) const MAX_FACTS_PER_FILE: usize = 50_000;

/// What a file says: its chunks' reports, in order.
#[derive(Default)]
pub struct FileAnalysis {
    pub(super) findings: Vec<Arc<Finding>>,
    /// Findings of each rule that count, and that do not.
    per_rule: HashMap<Text, [usize; 2]>,
    /// Findings of rules that were not even made.
    over: Vec<(Text, usize)>,
    /// Findings that were dropped although a suppression, or a more specific one, covers them.
    quiet: [usize; 2],
    notes: Vec<(NoteKind, FileSpan)>,
    pub(super) secrets: Vec<FileSpan>,
    /// Where the chunks begin whose secrets were looked for.
    pub(super) searched: Vec<u32>,
    pub(super) facts: Vec<DocumentFacts>,
    /// Whether it has more of them than are kept.
    crowded: bool,
    ignores: Vec<Suppression>,
    objects: usize,
    panicked: bool,
}

impl FileAnalysis {
    /// Takes in the next chunk.
    pub fn add(&mut self, chunk: ChunkReport) {
        let before = self.findings.len();
        for finding in chunk.findings {
            let seen = self.per_rule.entry(finding.rule.clone()).or_default();
            let [open, quiet] = seen;
            let seen = if finding.state == State::Open {
                open
            } else {
                quiet
            };
            *seen += 1;
            if *seen <= MAX_FINDINGS_PER_RULE {
                self.findings.push(Arc::new(finding));
            } else if let State::Suppressed { .. } = finding.state {
                self.quiet[0] += 1;
            } else if let State::Subsumed { .. } = finding.state {
                self.quiet[1] += 1;
            }
        }
        for (rule, n) in chunk.over {
            self.per_rule.entry(rule.clone()).or_default()[0] += n;
            self.over.push((rule, n));
        }
        self.notes.extend(chunk.notes);
        // Where nothing is shown they are looked for again, should another file's finding lead there. What panicked is not read twice.
        if self.findings.len() > before || chunk.panicked {
            self.secrets.extend(chunk.secrets);
            self.searched.extend(chunk.searched);
        }
        let room = MAX_FACTS_PER_FILE - self.facts.len();
        self.crowded |= chunk.facts.len() > room;
        self.facts.extend(chunk.facts.into_iter().take(room));
        self.ignores.extend(chunk.ignores);
        self.objects += chunk.objects;
        self.panicked |= chunk.panicked;
    }

    /// Whether something may point into the text, so that it must be kept.
    pub fn needs_text(&self) -> bool {
        !(self.findings.is_empty()
            && self.facts.is_empty()
            && self.ignores.is_empty()
            && self.notes.is_empty())
    }

    /// The report, once all chunks are taken in. `off` are the rules that the configuration switches off for the file; one that is not
    /// `reported` is context of those that were asked about.
    pub fn report(
        self,
        id: FileId,
        source: SourceFile,
        off: Vec<DisabledRule>,
        reported: bool,
    ) -> Arc<FileReport> {
        Arc::new(FileReport {
            id,
            source: Arc::new(source),
            off,
            reported,
            said: self,
        })
    }
}

/// What a file says, for good: when the file changes, another report takes this one's place.
pub struct FileReport {
    /// The file's number.
    pub id: FileId,
    /// The file.
    pub source: Arc<SourceFile>,
    off: Vec<DisabledRule>,
    /// Whether the run asks about it; otherwise it is context of those that it asks about.
    pub reported: bool,
    pub(super) said: FileAnalysis,
}

impl FileReport {
    /// Group, version and kind of its custom resources.
    pub fn custom_kinds(&self) -> impl Iterator<Item = [&str; 3]> {
        self.said
            .facts
            .iter()
            .filter_map(|facts| match &facts.fact {
                Fact::Custom(custom) if !custom.defines => {
                    Some([&custom.group, &custom.version, &custom.kind].map(String::as_str))
                }
                _ => None,
            })
    }

    /// What set rules see of it.
    pub fn facts(&self) -> &[DocumentFacts] {
        &self.said.facts
    }

    /// What was not checked of it.
    fn notes(&self, sources: &SourceMap) -> Vec<Note> {
        let about = &self.source.display_path;
        let capped = self.said.per_rule.iter();
        let capped = capped.filter(|(_, [open, _])| *open > MAX_FINDINGS_PER_RULE);
        let capped = capped.map(|(rule, [open, _])| Note {
            what: NoteKind::Capped,
            about: about.clone(),
            line: 0,
            detail: format!("{rule}: {open} findings, {MAX_FINDINGS_PER_RULE} shown"),
        });
        let start = FileSpan {
            file: self.id,
            span: Span::empty(0),
        };
        let crowded = self.said.crowded.then_some((NoteKind::Crowded, start));
        let places = self.said.notes.iter().copied().chain(crowded);
        let places = places.filter_map(|(what, at)| {
            let source = sources.get(at.file)?;
            Some(Note {
                what,
                about: source.display_path.clone(),
                line: source.range(at.span).0.line,
                detail: String::new(),
            })
        });
        capped.chain(places).collect()
    }
}

/// A finding as a report shows it: what the rule said and whether it counts, and what other documents add.
#[derive(Clone, Debug)]
pub struct ResolvedFinding {
    finding: Arc<Finding>,
    links: Option<Arc<[Label]>>,
}

impl Deref for ResolvedFinding {
    type Target = Finding;

    fn deref(&self) -> &Finding {
        &self.finding
    }
}

impl ResolvedFinding {
    /// Other places that explain it: its own, then those that other documents add.
    pub fn related(&self) -> impl Iterator<Item = &Label> {
        let links = self.links.iter().flat_map(|links| links.iter());
        self.finding.related.iter().chain(links)
    }
}

/// Findings that count, by severity, and those that do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Files that hold Kubernetes objects.
    pub files: usize,
    /// Kubernetes objects.
    pub objects: usize,
    /// Files that were read and hold none.
    pub other_files: usize,
    /// Findings that count.
    pub critical: usize,
    /// Findings that count.
    pub high: usize,
    /// Findings that count.
    pub medium: usize,
    /// Findings that count.
    pub low: usize,
    /// Findings that count.
    pub info: usize,
    /// Findings that a comment or annotation silences.
    pub suppressed: usize,
    /// Findings that a more specific one implies.
    pub subsumed: usize,
}

impl Counts {
    /// Of files, and of what is found in them.
    fn of<'f>(files: impl Iterator<Item = &'f FileAnalysis>, findings: &[ResolvedFinding]) -> Self {
        let mut counts = Self::default();
        for file in files {
            counts.objects += file.objects;
            counts.files += usize::from(file.objects > 0);
            counts.other_files += usize::from(file.objects == 0);
            counts.suppressed += file.quiet[0];
            counts.subsumed += file.quiet[1];
        }
        for finding in findings {
            *match (&finding.state, finding.severity) {
                (State::Suppressed { .. }, _) => &mut counts.suppressed,
                (State::Subsumed { .. }, _) => &mut counts.subsumed,
                (State::Open, Severity::Critical) => &mut counts.critical,
                (State::Open, Severity::High) => &mut counts.high,
                (State::Open, Severity::Medium) => &mut counts.medium,
                (State::Open, Severity::Low) => &mut counts.low,
                (State::Open, Severity::Info) => &mut counts.info,
            } += 1;
        }
        counts
    }

    /// Findings that count, of any severity.
    pub fn open(&self) -> usize {
        self.critical + self.high + self.medium + self.low + self.info
    }
}

/// What a run found: the whole input of every writer.
pub struct Report {
    /// In the order of path, place, rule and message.
    pub findings: Vec<ResolvedFinding>,
    /// What was not checked.
    pub notes: Vec<Note>,
    /// What no output may show.
    pub secrets: FileSpanSet,
    /// The files.
    pub sources: SourceMap,
    /// All rules that there are.
    pub registry: Registry,
    /// How many.
    pub counts: Counts,
    /// How many of those that count are in each folder of tests, by its path; the caller takes out the folders that it was asked about.
    pub of_tests: BTreeMap<String, usize>,
    /// The releases that were asked about.
    pub targets: Releases,
    /// What git and the configuration leave out; set by the caller.
    pub left_out: LeftOut,
    /// Whether a defect of kubevet cut something short.
    pub panicked: bool,
    /// Why the work could not be done, where it could not; set by the caller.
    pub failed: Option<&'static str>,
    /// Severities of findings that were too many to be made: they count, since nobody looked for suppressions.
    pub unseen: Vec<Severity>,
}

/// Brings the reports of all files together; `complete` says that all files of every set were read. The reports stay as they are, so that
/// one may be replaced and all brought together again.
pub fn finish(
    files: &[Arc<FileReport>],
    mut notes: Vec<Note>,
    rules: &RuleSet<'_>,
    repository: &Repository,
    complete: bool,
) -> Report {
    let repository = &with_flux(repository, files);
    let reported = || files.iter().filter(|file| file.reported);
    let (mut of_sets, links, exposures) = set_findings(files, rules, repository, &mut notes);
    // Nobody asks what is wrong with context, and looking for its secrets takes time.
    let asked: HashSet<FileId> = reported().map(|file| file.id).collect();
    of_sets.retain(|finding| asked.contains(&finding.primary.at.file));
    if repository.writes() {
        let paths = files
            .iter()
            .map(|file| (file.id, file.source.path.as_str()));
        let paths: HashMap<FileId, &str> = paths.collect();
        let path = |finding: &Finding| paths.get(&finding.primary.at.file).copied();
        of_sets.retain(|f| path(f).is_none_or(|path| !is_filled(f, path, repository)));
    }
    let of_files = reported().flat_map(|file| {
        let path = file.source.path.as_str();
        let findings = file.said.findings.iter();
        findings.filter(move |finding| !is_filled(finding, path, repository))
    });
    let mut findings: Vec<ResolvedFinding> = of_files
        .map(|finding| ResolvedFinding {
            finding: exposures.weighed(finding, rules),
            links: links.of(finding),
        })
        .collect();
    let labels = findings.iter().flat_map(|f| f.labels().chain(f.related()));
    let labels = labels.chain(of_sets.iter().flat_map(|f| f.labels().chain(&f.related)));
    let secrets = secret_spans::of_files(files, labels);
    conceal(&mut of_sets, &secrets, rules);
    findings.extend(judged(of_sets, files, rules, complete));
    let sources: SourceMap = files.iter().map(|f| (f.id, f.source.clone())).collect();
    sort(&mut findings, &sources);
    notes.extend(reported().flat_map(|file| file.notes(&sources)));
    notes.sort();
    notes.dedup();
    let over = reported().flat_map(|file| &file.said.over);
    let unseen = over.filter_map(|(rule, _)| Some(rules.get(rule)?.severity));
    Report {
        of_tests: of_tests(&findings, &sources),
        targets: rules.targets,
        counts: Counts::of(reported().map(|file| &file.said), &findings),
        panicked: reported().any(|file| file.said.panicked),
        unseen: unseen.collect(),
        findings,
        notes,
        secrets,
        sources,
        registry: rules.registry.clone(),
        left_out: LeftOut::default(),
        failed: None,
    }
}

/// What is known of the repository, with what Kustomizations of Flux write into its objects.
fn with_flux<'r>(repository: &'r Repository, files: &[Arc<FileReport>]) -> Cow<'r, Repository> {
    let mut known = Cow::Borrowed(repository);
    for facts in files.iter().flat_map(|file| &file.said.facts) {
        if let Fact::Flux(flux) = &facts.fact {
            known.to_mut().add_flux(flux.clone());
        }
    }
    known
}

/// Whether what a finding misses is written by somebody else.
fn is_filled(finding: &Finding, path: &str, repository: &Repository) -> bool {
    let (Some(gap), Some(object)) = (&finding.gap, &finding.object) else {
        return false;
    };
    // A finding names what is missing; its help may name what to write, in words that are nothing but keys.
    let told = |key: &str| {
        has_word(&finding.message, key)
            || key.contains(|c: char| c.is_ascii_uppercase()) && has_word(&finding.help, key)
    };
    repository.writes() && repository.fills(path, object, gap, told)
}

fn has_word(text: &str, word: &str) -> bool {
    let mut words =
        text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/')));
    words.any(|w| w == word)
}

/// How many findings count in each folder of tests.
fn of_tests(findings: &[ResolvedFinding], sources: &SourceMap) -> BTreeMap<String, usize> {
    let open = findings.iter().filter(|f| f.state == State::Open);
    let folders = open.filter_map(|f| test_folder(&sources.get(f.primary.at.file)?.path));
    let mut of_tests = BTreeMap::new();
    folders.for_each(|folder| *of_tests.entry(folder.to_owned()).or_default() += 1);
    of_tests
}

/// By path, place, rule and message, data of tests last; of equal ones the first stays.
fn sort(findings: &mut Vec<ResolvedFinding>, sources: &SourceMap) {
    let mut files: Vec<FileId> = findings.iter().map(|f| f.primary.at.file).collect();
    files.sort_unstable();
    files.dedup();
    // Paths are compared once for each file, not once for each finding.
    files.sort_by_cached_key(|id| {
        let source = sources.get(*id);
        source.map(|s| (test_folder(&s.path).is_some(), s.display_path.as_str()))
    });
    let ranks: HashMap<FileId, usize> = files.into_iter().zip(0..).collect();
    let ranked = findings.drain(..);
    let ranked = ranked.map(|f| (ranks.get(&f.primary.at.file).copied(), f));
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_by(|(rank, a), (other, b)| {
        (rank, a.primary.at.span, &a.rule, &a.message).cmp(&(
            other,
            b.primary.at.span,
            &b.rule,
            &b.message,
        ))
    });
    findings.extend(ranked.into_iter().map(|(_, finding)| finding));
    findings.dedup_by(|a, b| {
        (a.primary.at, &a.rule, &a.message) == (b.primary.at, &b.rule, &b.message)
    });
}

/// The sets of a run, by their folder.
fn sets(files: &[Arc<FileReport>]) -> BTreeMap<&str, DocumentSet<'_>> {
    let mut sets: BTreeMap<&str, Vec<(&str, &DocumentFacts)>> = BTreeMap::new();
    for file in files {
        let path = file.source.path.as_str();
        let facts = file.said.facts.iter().map(|facts| (path, facts));
        sets.entry(set_of(path)).or_default().extend(facts);
    }
    let sets = sets.into_iter();
    sets.map(|(folder, facts)| (folder, DocumentSet::new(facts)))
        .collect()
}

/// What the set rules find, and what the sets add to the findings of files.
fn set_findings(
    files: &[Arc<FileReport>],
    rules: &RuleSet<'_>,
    repository: &Repository,
    notes: &mut Vec<Note>,
) -> (Vec<Finding>, LinkLabels, Exposures) {
    if !rules.needs_sets() {
        return Default::default();
    }
    let sets = sets(files);
    let context = rules.context(repository);
    let mut found = Findings::default();
    if rules.needs_schemas() {
        custom_resources::findings(files, rules, repository, &mut found, notes);
    }
    let mut exposures = Exposures::default();
    for set in sets.values() {
        exposures.add(set);
        for (policy, check) in &rules.sets {
            if let Check::Set(run) | Check::ComponentAndSet(_, run) = check {
                run(set, &mut Cx::new(policy, context, 0, &mut found));
            }
        }
    }
    let labels = Links::of(&sets, rules).apply(files, &mut found.list, rules);
    (found.list, labels, exposures)
}

/// Gives the findings of set rules their state.
fn judged(
    mut findings: Vec<Finding>,
    files: &[Arc<FileReport>],
    rules: &RuleSet<'_>,
    complete: bool,
) -> impl Iterator<Item = ResolvedFinding> {
    if rules.applies_suppressions {
        let ignores = files.iter().flat_map(|file| &file.said.ignores);
        suppress::apply_to_sets(&mut findings, ignores, rules, complete);
    }
    let reported = files.iter().filter(|file| file.reported);
    let off: HashMap<FileId, &[DisabledRule]> = reported.map(|f| (f.id, &*f.off)).collect();
    findings.into_iter().filter_map(move |mut finding| {
        let off = off.get(&finding.primary.at.file)?;
        configure(&mut finding, off, rules);
        Some(ResolvedFinding {
            finding: Arc::new(finding),
            links: None,
        })
    })
}
