//! Chunk reports → one report: set rules, suppression, order.

use super::analyse::{DisabledRule, configure};
use super::conceal::conceal;
use super::custom_resources;
use super::links::Links;
use super::secret_spans;
use super::suppress::{self, Suppression};
use super::{ChunkReport, LeftOut, Note, NoteKind, Registry, RuleSet};
use crate::check::{Check, Cx, Findings, MAX_FINDINGS_PER_RULE};
use crate::documents::{DocumentFacts, DocumentSet, Fact, Repository, set_of};
use crate::finding::{Finding, State};
use crate::model::{Severity, Text};
use crate::text::{FileId, SourceMap, Span, SpanSet};
use std::collections::{BTreeMap, HashMap};

/// Facts of one file that are kept. More objects than this are nobody's set, and each costs memory until the end of the run.
pub(super) const MAX_FACTS_PER_FILE: usize = 50_000;

/// What a file says: its chunks' reports, in order.
#[derive(Default)]
pub struct FileReport {
    pub(super) findings: Vec<Finding>,
    /// Findings of each rule that count, and that do not.
    per_rule: HashMap<Text, [usize; 2]>,
    /// Findings of rules that were not even made.
    over: Vec<(Text, usize)>,
    /// Findings that were dropped although a suppression, or a more specific one, covers them.
    quiet: [usize; 2],
    notes: Vec<(NoteKind, u32, String)>,
    pub(super) secrets: Vec<Span>,
    /// Where the chunks begin whose secrets were looked for.
    pub(super) searched: Vec<u32>,
    facts: Vec<DocumentFacts>,
    /// Whether it has more of them than are kept.
    cut: bool,
    ignores: Vec<Suppression>,
    objects: usize,
    panicked: bool,
    /// Rules that the configuration switches off for it.
    pub off: Vec<DisabledRule>,
    /// Whether the file was asked about; otherwise it is context, and its own findings are not reported.
    pub reported: bool,
}

impl FileReport {
    /// A report for which the configuration switches some rules off.
    pub fn new(off: Vec<DisabledRule>) -> Self {
        Self {
            off,
            ..Self::default()
        }
    }

    /// Takes in the next chunk.
    pub fn add(&mut self, chunk: ChunkReport) {
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
                self.findings.push(finding);
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
        self.notes.extend(
            chunk
                .notes
                .into_iter()
                .map(|(what, at)| (what, at, String::new())),
        );
        self.secrets.extend(chunk.secrets);
        self.searched.extend(chunk.searched);
        let room = MAX_FACTS_PER_FILE - self.facts.len();
        if chunk.facts.len() > room && !self.cut {
            self.cut = true;
            self.notes.push((NoteKind::Crowded, 0, String::new()));
        }
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

    /// What its documents are to each other and to those of other files.
    pub(super) fn facts(&self) -> &[DocumentFacts] {
        &self.facts
    }

    /// Group, version and kind of its custom resources.
    pub fn custom_kinds(&self) -> impl Iterator<Item = [&str; 3]> {
        self.facts.iter().filter_map(|facts| match &facts.fact {
            Fact::Custom(custom_resources) if !custom_resources.defines => Some(
                [
                    &custom_resources.group,
                    &custom_resources.version,
                    &custom_resources.kind,
                ]
                .map(String::as_str),
            ),
            _ => None,
        })
    }

    /// Whether set rules may have something to say about it.
    pub fn has_facts(&self) -> bool {
        !self.facts.is_empty()
    }

    /// Kubernetes objects in it.
    pub fn objects(&self) -> usize {
        self.objects
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
    /// Findings that count, of any severity.
    pub fn open(&self) -> usize {
        self.critical + self.high + self.medium + self.low + self.info
    }
}

/// What a run found: the whole input of every writer.
pub struct Report {
    /// In the order of path, place, rule and message.
    pub findings: Vec<Finding>,
    /// What was not checked.
    pub notes: Vec<Note>,
    /// What no output may show, by file number.
    pub secrets: HashMap<FileId, SpanSet>,
    /// The files.
    pub sources: SourceMap,
    /// All rules that there are.
    pub registry: Registry,
    /// How many.
    pub counts: Counts,
    /// What git and the configuration leave out; set by the caller.
    pub left_out: LeftOut,
    /// Whether a defect of kubevet cut something short.
    pub panicked: bool,
    /// Whether something that was asked for could not be read; set by the caller.
    pub failed: bool,
    /// Severities of findings that were too many to be made: they count, since nobody looked for suppressions.
    pub unseen: Vec<Severity>,
}

impl Report {
    /// What no output may show of a file.
    pub fn secrets(&self, file: FileId) -> &SpanSet {
        self.secrets.get(&file).unwrap_or(SpanSet::EMPTY)
    }
}

/// Brings the reports of all files together; `complete` says that all files of every set were read.
pub fn finish(
    mut files: Vec<(FileId, FileReport)>,
    sources: SourceMap,
    mut notes: Vec<Note>,
    rules: &RuleSet<'_>,
    complete: bool,
) -> Report {
    let mut of_sets = set_findings(&mut files, &sources, rules, &mut notes);
    let secrets = secret_spans::of_files(&mut files, &of_sets, &sources);
    let of_file = |file| secrets.get(&file).unwrap_or(SpanSet::EMPTY);
    conceal(&mut of_sets, of_file, rules);
    distribute(of_sets, &mut files, rules, complete);
    let mut report = Report {
        findings: Vec::new(),
        notes: Vec::new(),
        secrets,
        sources: SourceMap::default(),
        registry: rules.registry.clone(),
        counts: Counts::default(),
        left_out: LeftOut::default(),
        panicked: false,
        failed: false,
        unseen: Vec::new(),
    };
    for (id, mut file) in files {
        let Some(source) = sources.get(id) else {
            continue;
        };
        if !file.reported {
            continue;
        }
        report.panicked |= file.panicked;
        report.counts.objects += file.objects;
        report.counts.files += usize::from(file.objects > 0);
        report.counts.other_files += usize::from(file.objects == 0);
        report.counts.suppressed += file.quiet[0];
        report.counts.subsumed += file.quiet[1];
        report.unseen.extend(
            file.over
                .iter()
                .filter_map(|(rule, _)| rules.get(rule))
                .map(|p| p.severity),
        );
        report.findings.append(&mut file.findings);
        let mut capped: Vec<_> = file
            .per_rule
            .into_iter()
            .map(|(rule, [open, _])| (rule, open))
            .filter(|(_, n)| *n > MAX_FINDINGS_PER_RULE)
            .collect();
        capped.sort();
        for (rule, n) in capped {
            notes.push(Note {
                what: NoteKind::Capped,
                about: source.display_path.clone(),
                line: 0,
                detail: format!("{rule}: {n} findings, {MAX_FINDINGS_PER_RULE} shown"),
            });
        }
        for (what, at, detail) in file.notes {
            let line = source.lines().position(at, &source.text).line;
            notes.push(Note {
                what,
                about: source.display_path.clone(),
                line,
                detail,
            });
        }
    }
    notes.sort();
    notes.dedup();
    let path = |f: &Finding| sources.get(f.primary.file).map(|s| s.display_path.as_str());
    report.findings.sort_by(|a, b| {
        (path(a), a.primary.span, &a.rule, &a.message).cmp(&(
            path(b),
            b.primary.span,
            &b.rule,
            &b.message,
        ))
    });
    report.findings.dedup_by(|a, b| {
        (a.primary.file, a.primary.span, &a.rule, &a.message)
            == (b.primary.file, b.primary.span, &b.rule, &b.message)
    });
    for finding in &report.findings {
        let counts = &mut report.counts;
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
    Report {
        notes,
        sources,
        ..report
    }
}

/// The sets of a run, by their folder.
fn sets<'a>(
    files: &'a [(FileId, FileReport)],
    sources: &'a SourceMap,
) -> BTreeMap<&'a str, DocumentSet<'a>> {
    let mut sets: BTreeMap<&str, Vec<(&str, &DocumentFacts)>> = BTreeMap::new();
    for (id, file) in files {
        let Some(source) = sources.get(*id) else {
            continue;
        };
        let path = source.path.as_str();
        let facts = file.facts.iter().map(|facts| (path, facts));
        sets.entry(set_of(path)).or_default().extend(facts);
    }
    let sets = sets.into_iter();
    sets.map(|(folder, facts)| (folder, DocumentSet::new(facts)))
        .collect()
}

/// What the set rules find.
fn set_findings(
    files: &mut [(FileId, FileReport)],
    sources: &SourceMap,
    rules: &RuleSet<'_>,
    notes: &mut Vec<Note>,
) -> Vec<Finding> {
    if !rules.needs_sets() {
        return Vec::new();
    }
    let sets = sets(files, sources);
    let repository = Repository::default();
    let context = rules.context(&repository);
    let mut found = Findings::default();
    if rules.needs_schemas() {
        custom_resources::findings(files, sources, rules, &mut found, notes);
    }
    for set in sets.values() {
        for (policy, check) in &rules.sets {
            if let Check::Set(run) | Check::ComponentAndSet(_, run) = check {
                run(set, &mut Cx::new(policy, context, 0, &mut found));
            }
        }
    }
    let links = Links::of(&sets, rules);
    drop(sets);
    links.apply(files, &mut found.list, rules);
    found.list
}

/// Puts findings of set rules to the files that they point into.
fn distribute(
    findings: Vec<Finding>,
    files: &mut [(FileId, FileReport)],
    rules: &RuleSet<'_>,
    complete: bool,
) {
    let mut by_file: BTreeMap<FileId, Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        by_file
            .entry(finding.primary.file)
            .or_default()
            .push(finding);
    }
    for (id, file) in files {
        let mut findings = by_file.remove(id).unwrap_or_default();
        if rules.applies_suppressions {
            suppress::apply_to_sets(&mut findings, &file.ignores, rules, complete);
        }
        findings
            .iter_mut()
            .for_each(|f| configure(f, &file.off, rules));
        file.findings.append(&mut findings);
    }
}
