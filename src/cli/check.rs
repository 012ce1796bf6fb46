//! `kubevet check`: files → reports in parallel → one report → a writer.

#![expect(
    clippy::disallowed_methods,
    reason = "colour and width are asked of the environment here"
)]

use super::args::{CheckArgs, Color};
use super::schemas::{self, Location};
use super::settings::{self, Settings};
use super::{CLEAN, FAILED, FINDINGS, complain};
use crate::discover::{self, FileCandidate, FoundFiles, Options};
use crate::documents::{self, ContextFilter, Repository, set_of};
use crate::engine::{
    FileAnalysis, FileReport, Input, Note, NoteKind, Registry, Report, RuleSet, analyse, finish,
};
use crate::finding::State;
use crate::output::{FORMATS, RenderOptions, by_rule, summary};
use crate::text::{Decoded, Encoding, FileId, FileIds, SourceFile, decode};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Chunks of one file that are analysed before their reports are taken in: bounds what is held of a file of a million documents.
const BATCH: usize = 2048;

/// Bytes of a thread's stack: documents and schemas are nested up to a bound, and a debug build takes several kilobytes a level.
const STACK: usize = 16 << 20;

/// Bytes that the patterns of all schemas that the user gives may take.
const PATTERNS: usize = 32 << 20;

pub(super) fn run(args: &CheckArgs) -> u8 {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.filter(|n| *n > 0).unwrap_or(processors);
    // More do not work faster, and each takes memory.
    let threads = threads.min(processors * 4);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK)
        .build();
    // What a caught defect would print is said by its finding.
    std::panic::set_hook(Box::new(|_| {}));
    let Ok(exclude) =
        discover::globs(&args.exclude).map_err(|e| complain(&format!("--exclude: {e}")))
    else {
        return FAILED;
    };
    let paths = if args.paths.is_empty() {
        vec![PathBuf::from(".")]
    } else {
        args.paths.clone()
    };
    let absent = |path: &&PathBuf| {
        let metadata = std::fs::symlink_metadata(path);
        path.as_os_str() != "-" && metadata.is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
    };
    let absent: Vec<&PathBuf> = paths.iter().filter(absent).collect();
    // Beside paths that are there, one that is not is told by its note.
    if absent.len() == paths.len() {
        let names = absent.iter().map(|path| path.to_string_lossy());
        names.for_each(|name| complain(&format!("{name} does not exist")));
        return FAILED;
    }
    let options = Options {
        paths,
        root: args.root.clone(),
        exclude,
        stdin_name: args.stdin_filename.clone(),
    };
    let found = discover::discover(&options);
    let report = match pool {
        Ok(pool) => pool.install(|| check(args, &found)),
        Err(_) => check(args, &found),
    };
    let Some((report, rules)) = report else {
        return CLEAN;
    };
    write(args, &report, rules)
}

/// What became of a file.
pub(super) struct Checked {
    pub(super) report: Arc<FileReport>,
    pub(super) notes: Vec<Note>,
    pub(super) failed: bool,
}

/// The report and the number of rules; nothing where only reading was asked for.
fn check(args: &CheckArgs, found: &FoundFiles) -> Option<(Report, usize)> {
    if args.only_read {
        let bytes: usize = found
            .files
            .par_iter()
            .map(|f| discover::read(f, args.max_file_size).map_or(0, |b| b.len()))
            .sum();
        complain(&format!(
            "read {bytes} bytes of {} files",
            found.files.len()
        ));
        return None;
    }
    let registry = Registry::default();
    let mut configured = settings::load(args, found, &registry);
    let mut rules = configured.rules(args, &registry);
    let broken = configured.failed;
    let locations = configured.locations(args, &found.root);
    if broken {
        let file = configured.file.take().map(|file| file.report);
        let reports: Vec<_> = file.into_iter().collect();
        let mut report = finish(&reports, Vec::new(), &rules, &Repository::default(), true);
        report.failed = Some("the configuration has errors, so nothing was checked");
        return Some((report, rules.len()));
    }
    let asked: Vec<FileCandidate> = found
        .files
        .iter()
        .filter(|f| !configured.excludes(&f.path))
        .cloned()
        .collect();
    let repository = discover::repository(found, args.max_file_size);
    let job = Job {
        args,
        rules: &rules,
        repository: &repository,
        settings: &configured,
        filter: None,
    };
    let mut ids = FileIds::default();
    let mut checked = job.files(&asked, &mut ids);
    let context = job.context(&checked, found, &mut ids);
    checked.extend(context);
    let schemas = give_schemas(&checked, &locations, &mut rules) && !configured.failed;
    let mut notes = found.notes.clone();
    let mut reports = Vec::new();
    let mut failed = found.failed;
    for file in configured.file.take().into_iter().chain(checked) {
        failed |= file.failed;
        if file.report.reported {
            notes.extend(file.notes);
        }
        reports.push(file.report);
    }
    let mut report = finish(&reports, notes, &rules, &repository, true);
    report.failed = match (failed, schemas) {
        (true, _) => Some("a file that you named could not be read"),
        (_, false) => Some("a schema of a custom resource could not be used"),
        _ => None,
    };
    report.left_out = configured.left_out(found, &report, &rules);
    report.of_tests.retain(|folder, _| !found.is_named(folder));
    Some((report, rules.len()))
}

/// What every file of a run is checked with.
struct Job<'a> {
    args: &'a CheckArgs,
    rules: &'a RuleSet<'a>,
    repository: &'a Repository,
    settings: &'a Settings,
    /// Where the files are only context of those that are reported, what is asked of them.
    filter: Option<&'a ContextFilter>,
}

impl Job<'_> {
    /// The files that set rules must see beside those that were named: their facts, where they matter.
    fn context(&self, checked: &[Checked], found: &FoundFiles, ids: &mut FileIds) -> Vec<Checked> {
        if !found.beside || !self.rules.needs_sets() {
            return Vec::new();
        }
        let reports = || checked.iter().map(|c| &c.report);
        let with_facts = reports().filter(|report| !report.facts().is_empty());
        let sets: BTreeSet<&str> = with_facts.map(|r| set_of(&r.source.path)).collect();
        let sets: Vec<&str> = sets.into_iter().collect();
        let job = Job {
            rules: &self.rules.for_facts(),
            filter: Some(&ContextFilter::of(reports().flat_map(|r| r.facts()))),
            ..*self
        };
        let mut read = job.files(&discover::context(found, &sets), ids);
        read.retain(|c| !c.report.facts().is_empty());
        read
    }

    fn files(&self, files: &[FileCandidate], ids: &mut FileIds) -> Vec<Checked> {
        let mut number = |file: &FileCandidate| {
            // Two files whose names are not UTF-8 may look the same.
            let path = file.disk.as_deref().unwrap_or(Path::new(&file.path));
            ids.of(path)
        };
        let numbered: Vec<_> = files.iter().map(|file| (number(file), file)).collect();
        numbered
            .into_par_iter()
            .map(|(id, file)| self.file(id, file))
            .collect()
    }

    fn file(&self, id: FileId, file: &FileCandidate) -> Checked {
        let reported = self.filter.is_none();
        let source = |text: Arc<str>, encoding| {
            SourceFile::new(file.path.clone(), file.display_path.clone(), text, encoding)
        };
        let bytes = match discover::read(file, self.args.max_file_size) {
            Ok(bytes) => bytes,
            Err((what, detail)) => {
                let failed = file.named && what == NoteKind::Unreadable;
                let notes = vec![Note {
                    what,
                    about: file.display_path.clone(),
                    line: 0,
                    detail,
                }];
                let source = source("".into(), Encoding::Utf8);
                return Checked {
                    report: FileAnalysis::default().report(id, source, Vec::new(), reported),
                    notes,
                    failed,
                };
            }
        };
        let Decoded { text, encoding } = decode(bytes);
        let off = self.settings.off(&file.path);
        let mut analysis = FileAnalysis::default();
        let mut notes = Vec::new();
        if let Some(chart) = self
            .repository
            .chart_of(&file.path)
            .filter(|_| text.contains("{{"))
        {
            // One note a chart, whatever number of templates it has.
            let inside = file.path.get(chart.len()..).unwrap_or_default();
            let display_path = file.display_path.strip_suffix(inside).unwrap_or(chart);
            let about = if display_path.is_empty() {
                "."
            } else {
                display_path
            }
            .to_owned();
            notes.push(Note {
                what: NoteKind::ChartTemplate,
                about,
                line: 0,
                detail: String::new(),
            });
        } else if self.is_wanted(&file.path, &text) {
            let mut input = Input::new(id, &file.path, &text, &off);
            input.encoding = encoding;
            self.chunks(&input, &mut analysis);
        }
        let text = if analysis.needs_text() {
            text.into()
        } else {
            "".into()
        };
        Checked {
            report: analysis.report(id, source(text, encoding), off, reported),
            notes,
            failed: false,
        }
    }

    /// Whether a text, or a chunk of it, need be parsed.
    fn is_wanted(&self, path: &str, text: &str) -> bool {
        match self.filter {
            Some(filter) => filter.may_be_in(path, text),
            None => documents::may_contain_manifest(path, text),
        }
    }

    fn chunks(&self, input: &Input<'_>, analysis: &mut FileAnalysis) {
        let one = |chunk| analyse(input, chunk, self.rules, self.repository);
        let mut chunks = documents::chunks(input.path, input.text);
        if let Some(filter) = self.filter {
            chunks.retain(|chunk| filter.may_be_in(input.path, chunk.span.text(input.text)));
        }
        for batch in chunks.chunks(BATCH) {
            // A handful of chunks is not worth the hand-over.
            if batch.len() < 64 {
                batch.iter().for_each(|chunk| analysis.add(one(chunk)));
            } else {
                let reports: Vec<_> = batch.par_iter().map(one).collect();
                reports.into_iter().for_each(|r| analysis.add(r));
            }
        }
    }
}

/// Reads the schemas that the user gives for custom resources of these files; whether all that are there are schemas.
fn give_schemas(checked: &[Checked], locations: &[Location], rules: &mut RuleSet<'_>) -> bool {
    if locations.is_empty() {
        return true;
    }
    let kinds: BTreeSet<_> = checked
        .iter()
        .flat_map(|c| c.report.custom_kinds())
        .collect();
    // As Kubernetes calls its newest release that is asked about.
    let newest = rules.targets.names().last().unwrap_or_default();
    let release = format!("v{newest}.0");
    let mut good = true;
    let mut room = PATTERNS;
    for [group, version, kind] in kinds {
        match schemas::find(locations, [group, version, kind], &release, &mut room) {
            Some(Ok(given)) => {
                let key = [group, version, kind].map(str::to_owned);
                rules.schemas_given.insert(key, given);
            }
            Some(Err(why)) => {
                complain(&why);
                good = false;
            }
            None => {}
        }
    }
    good
}

fn write(args: &CheckArgs, report: &Report, rules: usize) -> u8 {
    let stdout = io::stdout();
    let name = args
        .output_format
        .as_deref()
        .unwrap_or(if stdout.is_terminal() {
            "graphical"
        } else {
            "compact"
        });
    let Some((_, writer)) = FORMATS.iter().find(|(n, _)| *n == name) else {
        return FAILED;
    };
    let width =
        terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0).clamp(40, 120));
    let look = RenderOptions {
        color: color(args.color, stdout.is_terminal()),
        width,
    };
    let mut out = BufWriter::with_capacity(1 << 16, stdout.lock());
    let written = writer(report, look, &mut out).and_then(|()| out.flush());
    // What a broken pipe left in the buffer must not be tried again at drop.
    let (_, _) = out.into_parts();
    if let Err(e) = written
        && e.kind() != io::ErrorKind::BrokenPipe
    {
        complain(&format!("cannot write: {e}"));
        return FAILED;
    }
    if !args.quiet {
        let counts = by_rule(report).filter(|_| name == "graphical");
        let text = counts.unwrap_or_default() + &summary(report, rules);
        let _ = io::stderr().write_all(text.as_bytes());
    }
    let strictly = args.strict && (!report.notes.is_empty() || report.counts.objects == 0);
    // Last, so that whoever sees the exit status sees why.
    let why = report.failed.or_else(|| {
        let panicked = report
            .panicked
            .then_some("a bug in kubevet prevented some checks");
        panicked.or_else(|| {
            strictly.then_some("something was skipped, or nothing was found to check (--strict)")
        })
    });
    if let Some(why) = why {
        complain(&format!("exit status 2: {why}"));
        return FAILED;
    }
    let open = report
        .findings
        .iter()
        .filter(|f| f.state == State::Open)
        .map(|f| f.severity);
    let fails = open
        .chain(report.unseen.iter().copied())
        .any(|severity| severity <= args.fail_on);
    if fails { FINDINGS } else { CLEAN }
}

/// `--color`, then NO_COLOR, then the terminal.
fn color(when: Color, terminal: bool) -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    match when {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !no_color,
    }
}
