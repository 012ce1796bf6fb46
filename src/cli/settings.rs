//! What the command line and `kubevet.yaml` ask for together. The command line wins.

use super::args::{Check, MissingSchemas};
use super::check::Checked;
use super::schemas::Location;
use crate::config::{self, Config};
use crate::discover::{self, Candidate, Found};
use crate::engine::{ChunkReport, FileReport, Off, RuleSet};
use crate::finding::{Finding, Label, Releases};
use crate::model::Profile;
use crate::text::{Decoded, FileId, SourceFile, decode};
use globset::{GlobSet, GlobSetBuilder};
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The configuration of a run.
pub(super) struct Settings {
    config: Config,
    exclude: GlobSet,
    /// Rules that are off for some paths.
    off: OffFor,
    /// The configuration's file, with what is wrong in it: file number 0 of the run.
    pub(super) file: Option<Checked>,
    /// Whether something is wrong in it.
    pub(super) failed: bool,
}

/// Rules that are off for some paths, in the order of the configuration.
#[derive(Default)]
struct OffFor {
    all: Vec<Off>,
    /// Globs, as many in one set as are compiled at once, each with the rule that it is for.
    globs: Vec<(GlobSet, Vec<usize>)>,
}

/// Places where schemas are looked for: each kind is looked for in all.
const LOCATIONS: usize = 200;

/// Globs of one set.
const TOGETHER: usize = 256;

/// Globs of paths for which rules are off: more are a mistake, and each file is held against all.
const MOST: usize = 10_000;

/// Reads the configuration of the root, if there is one and it is wanted.
pub(super) fn load(args: &Check, found: &Found) -> Settings {
    let none = Settings {
        config: Config::default(),
        exclude: GlobSet::empty(),
        off: OffFor::default(),
        file: None,
        failed: false,
    };
    let names = ["kubevet.yaml", ".kubevet.yaml"];
    let Some(name) = names
        .into_iter()
        .filter(|_| !args.no_config)
        .find(|name| found.root.join(name).exists())
    else {
        return none;
    };
    let disk = found.root.join(name);
    let candidate = Candidate {
        path: name.to_owned(),
        shown: discover::shown(&disk),
        disk: Some(disk),
        named: true,
    };
    let bytes = match discover::read(&candidate, args.max_file_size) {
        Ok(bytes) => bytes,
        Err((what, why)) => {
            super::complain(&format!("{}: {} {why}", candidate.shown, what.reason(1)));
            return Settings {
                failed: true,
                ..none
            };
        }
    };
    let Decoded { text, encoding } = decode(bytes);
    let (config, mut findings) = config::read(FileId(0), &text);
    let exclude = globs(&config.exclude, None, &mut findings);
    let off = off_for(&config, &mut findings);
    let failed = !findings.is_empty();
    let mut report = FileReport::default();
    report.reported = true;
    report.add(ChunkReport {
        findings,
        ..ChunkReport::default()
    });
    let source = SourceFile::new(candidate.path, candidate.shown, text.into(), encoding);
    let file = Some(Checked {
        report,
        source,
        notes: Vec::new(),
        failed: false,
    });
    Settings {
        config,
        exclude,
        off,
        file,
        failed,
    }
}

fn globs(patterns: &[String], at: Option<&Label>, findings: &mut Vec<Finding>) -> GlobSet {
    discover::globs(patterns).unwrap_or_else(|e| {
        let start = Label {
            file: FileId(0),
            span: crate::text::Span::empty(0),
            text: String::new(),
        };
        wrong_glob(at.cloned().unwrap_or(start), e.to_string(), findings);
        GlobSet::empty()
    })
}

fn wrong_glob(at: Label, message: String, findings: &mut Vec<Finding>) {
    let policy = crate::engine::policies().find(|p| p.id == "kubevet/config-invalid-value");
    findings.extend(policy.map(|p| Finding::new(p, at, message, None, "glob")));
}

/// The rules that are off for some paths; globs that are none are found.
fn off_for(config: &Config, findings: &mut Vec<Finding>) -> OffFor {
    let mut off = OffFor::default();
    let mut globs = Vec::new();
    for ignored in config.ignore.iter().filter(|i| !i.paths.is_empty()) {
        for path in &ignored.paths {
            match discover::glob(path) {
                Ok(_) if globs.len() == MOST => {
                    let message = format!(
                        "more than {MOST} globs of paths: this and all that follow are not read"
                    );
                    wrong_glob(ignored.at.clone(), message, findings);
                    break;
                }
                Ok(glob) => globs.push((glob, off.all.len())),
                Err(e) => wrong_glob(ignored.at.clone(), e.to_string(), findings),
            }
        }
        off.all.push(Off {
            rule: ignored.rule.clone(),
            by: ignored.at.clone(),
            reason: ignored.reason.clone(),
        });
    }
    for together in globs.chunks(TOGETHER) {
        let mut set = GlobSetBuilder::new();
        let rules = together.iter().map(|(glob, rule)| {
            set.add(glob.clone());
            *rule
        });
        let rules: Vec<usize> = rules.collect();
        let at = rules.first().and_then(|rule| off.all.get(*rule));
        match (set.build(), at) {
            (Ok(set), _) => off.globs.push((set, rules)),
            (Err(e), Some(first)) => wrong_glob(first.by.clone(), e.to_string(), findings),
            (Err(_), None) => {}
        }
    }
    off
}

impl Settings {
    /// The rules of the run.
    pub(super) fn rules(&mut self, args: &Check) -> RuleSet {
        let profile = args
            .profile
            .map(Profile::from)
            .or(self.config.profile)
            .unwrap_or(Profile::Default);
        let given = args.kubernetes_version.iter();
        let given: Releases = given.map(|minor| Releases::only(*minor)).collect();
        let asked_for = [given, self.config.targets]
            .into_iter()
            .find(|t| !t.is_empty());
        let targets = asked_for.unwrap_or(Releases::only(Releases::NEWEST));
        let config = &self.config;
        let off = config.ignore.iter().filter(|i| i.paths.is_empty());
        let off: HashSet<&str> = off.map(|i| i.rule.as_str()).collect();
        let selected: HashSet<&str> = config.select.iter().map(String::as_str).collect();
        let demanded = args.missing_schemas == MissingSchemas::Error;
        let asked =
            |id: &str| demanded && id == "schema/missing-definition" || selected.contains(id);
        let mut rules = RuleSet::selected(profile, targets, |p| {
            (p.is_in(profile) || asked(&p.id)) && !off.contains(p.id.as_ref())
        });
        rules.now = now();
        rules.notes_undefined = args.missing_schemas == MissingSchemas::Note;
        rules.asked = asked_for;
        rules.obeys_ignores = !args.no_inline_ignores;
        rules.severities = std::mem::take(&mut self.config.severity);
        rules.parameters = std::mem::take(&mut self.config.parameters);
        rules
    }

    /// Where schemas of custom resources lie; what is wrong with one is said, and fails the run.
    pub(super) fn locations(&mut self, args: &Check, root: &Path) -> Vec<Location> {
        let here = Path::new("");
        let asked = args.schema_location.iter().map(|written| (written, here));
        let configured = self.config.schemas.iter().map(|written| (written, root));
        let mut known = Vec::new();
        let mut failed = false;
        for (written, folder) in asked.chain(configured) {
            if known.len() == LOCATIONS {
                super::complain(&format!(
                    "{written}: more than {LOCATIONS} schema locations; put the schemas into one folder"
                ));
                failed = true;
                break;
            }
            match Location::of(written, folder) {
                Ok(location) => known.push(location),
                Err(why) => {
                    super::complain(&why);
                    failed = true;
                }
            }
        }
        self.failed |= failed;
        known
    }

    /// Whether the configuration leaves a file out.
    pub(super) fn excludes(&self, path: &str) -> bool {
        discover::matches(&self.exclude, path)
    }

    /// The rules that are off for a file.
    pub(super) fn off(&self, path: &str) -> Vec<Off> {
        let sets = self.off.globs.iter();
        let matching = sets.flat_map(|(globs, rules)| {
            let matching = discover::matching(globs, path);
            matching.filter_map(|at| rules.get(at).copied())
        });
        let matching: BTreeSet<usize> = matching.collect();
        let off = matching.into_iter().filter_map(|at| self.off.all.get(at));
        // The first of a rule counts.
        let mut known = HashSet::new();
        let first = off.filter(|off| known.insert(off.rule.as_str()));
        first.cloned().collect()
    }
}

/// The clock's time; that of `SOURCE_DATE_EPOCH`, by which builds are made reproducible, if it is set.
#[expect(
    clippy::disallowed_methods,
    reason = "the engine asks no clock and no environment: it is told"
)]
fn now() -> Option<Duration> {
    let told = std::env::var("SOURCE_DATE_EPOCH").ok();
    match told.and_then(|seconds| seconds.parse().ok()) {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => SystemTime::now().duration_since(UNIX_EPOCH).ok(),
    }
}
