//! What the command line and `kubevet.yaml` ask for together. The command line wins.

use super::args::{CheckArgs, MissingSchemas};
use super::check::Checked;
use super::schemas::Location;
use crate::config::{self, Config};
use crate::discover::{self, FileCandidate, FoundFiles};
use crate::engine::{
    ChunkReport, DisabledRule, FileAnalysis, LeftOut, NoteKind, Registry, Report, RuleSet,
};
use crate::finding::{Finding, Releases, State};
use crate::ids;
use crate::model::{Policy, Profile};
use crate::schema::UserSchema;
use crate::text::{Decoded, FileId, FileSpan, SourceFile, Span, decode};
use globset::{GlobSet, GlobSetBuilder};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The configuration of a run.
pub(super) struct Settings {
    config: Config,
    exclude: GlobSet,
    /// Rules that are off for some paths.
    off: OffFor,
    /// The configuration's file, with what is wrong in it.
    pub(super) file: Option<Checked>,
    /// Whether something is wrong in it.
    pub(super) failed: bool,
    left_out: LeftOut,
}

/// Rules that are off for some paths, in the order of the configuration.
#[derive(Default)]
struct OffFor {
    all: Vec<DisabledRule>,
    /// Globs, as many in one set as are compiled at once, each with the rule that it is for.
    globs: Vec<(GlobSet, Vec<usize>)>,
}

/// Places where schemas are looked for: each kind is looked for in all.
const LOCATIONS: usize = 200;

/// Globs of one set.
const TOGETHER: usize = 256;

/// Globs of paths for which rules are off: more are a mistake, and each file is held against all.
const GLOBS: usize = 10_000;

/// A configuration that is larger is somebody's mistake.
const LARGEST: u64 = 1 << 20;

/// Reads the configuration, if there is one and it is wanted.
pub(super) fn load(args: &CheckArgs, found: &FoundFiles, registry: &Registry) -> Settings {
    let none = Settings {
        config: Config::default(),
        exclude: GlobSet::empty(),
        off: OffFor::default(),
        file: None,
        failed: false,
        left_out: LeftOut::default(),
    };
    let Some(candidate) = named(args).or_else(|| of_root(args, found)) else {
        return none;
    };
    let refused = |why: &str| {
        super::complain(&format!("{}: {why}", candidate.display_path));
        Settings {
            failed: true,
            ..none
        }
    };
    // What the command line names may lie anywhere; what the repository brings along must not lead out of it.
    let disk = candidate.disk.as_deref();
    if !candidate.named && !disk.is_some_and(|disk| discover::lies_in(disk, &found.root)) {
        return refused("a link that is broken or leaves the root is not read as a configuration");
    }
    let bytes = match discover::read(&candidate, LARGEST) {
        Ok(bytes) => bytes,
        Err((NoteKind::TooLarge, _)) => return refused("larger than 1 MB"),
        Err((what, why)) => {
            let parts = [what.reason(1), why.as_str()];
            let told = parts.into_iter().filter(|part| !part.is_empty());
            return refused(&told.collect::<Vec<_>>().join(": "));
        }
    };
    let Decoded { text, encoding } = decode(bytes);
    let (config, mut findings) = config::read(registry, FileId::CONFIGURATION, &text);
    let mut wrong = WrongGlobs {
        registry,
        findings: &mut findings,
    };
    let exclude = globs(&config.exclude, &mut wrong);
    let off = off_for(&config, &mut wrong);
    let failed = !findings.is_empty();
    let left_out = LeftOut {
        configuration: candidate.display_path.clone(),
        ..LeftOut::default()
    };
    let mut analysis = FileAnalysis::default();
    analysis.add(ChunkReport {
        findings,
        ..ChunkReport::default()
    });
    let source = SourceFile::new(
        candidate.path,
        candidate.display_path,
        text.into(),
        encoding,
    );
    let file = Some(Checked {
        report: analysis.report(FileId::CONFIGURATION, source, Vec::new(), true),
        notes: Vec::new(),
        failed: false,
    });
    Settings {
        config,
        exclude,
        off,
        file,
        failed,
        left_out,
    }
}

/// The configuration that the command line names.
fn named(args: &CheckArgs) -> Option<FileCandidate> {
    let path = args.config.as_deref()?;
    let display_path = path.to_string_lossy().into_owned();
    Some(FileCandidate {
        path: display_path.clone(),
        display_path,
        disk: (path != Path::new("-")).then(|| path.to_path_buf()),
        named: true,
    })
}

/// The configuration in the root.
fn of_root(args: &CheckArgs, found: &FoundFiles) -> Option<FileCandidate> {
    let names = discover::CONFIGURATIONS.into_iter();
    let mut names = names.filter(|_| !args.no_config);
    let name = names.find(|name| discover::is_there(&found.root.join(name)))?;
    let disk = found.root.join(name);
    Some(FileCandidate {
        path: name.to_owned(),
        display_path: discover::display_path(&disk),
        disk: Some(disk),
        named: false,
    })
}

fn globs(patterns: &[String], wrong: &mut WrongGlobs<'_>) -> GlobSet {
    discover::globs(patterns).unwrap_or_else(|e| {
        let start = FileSpan {
            file: FileId::CONFIGURATION,
            span: Span::empty(0),
        };
        wrong.add(start, e.to_string());
        GlobSet::empty()
    })
}

/// Where globs that are none are told of.
struct WrongGlobs<'a> {
    registry: &'a Registry,
    findings: &'a mut Vec<Finding>,
}

impl WrongGlobs<'_> {
    fn add(&mut self, at: FileSpan, message: String) {
        let policy = self.registry.policy(ids::kubevet::CONFIG_INVALID_VALUE);
        let finding = policy.map(|p| Finding::new(p, at, message, "glob"));
        self.findings.extend(finding);
    }
}

/// The rules that are off for some paths; globs that are none are found.
fn off_for(config: &Config, wrong: &mut WrongGlobs<'_>) -> OffFor {
    let mut off = OffFor::default();
    let mut globs = Vec::new();
    for ignored in config.ignore.iter().filter(|i| !i.paths.is_empty()) {
        for path in &ignored.paths {
            match discover::glob(path) {
                Ok(_) if globs.len() == GLOBS => {
                    let message = format!(
                        "more than {GLOBS} path patterns; this one and all later ones are ignored"
                    );
                    wrong.add(ignored.at.at, message);
                    break;
                }
                Ok(glob) => globs.push((glob, off.all.len())),
                Err(e) => wrong.add(ignored.at.at, e.to_string()),
            }
        }
        off.all.push(DisabledRule {
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
            (Err(e), Some(first)) => wrong.add(first.by.at, e.to_string()),
            (Err(_), None) => {}
        }
    }
    off
}

impl Settings {
    /// The rules of the run.
    pub(super) fn rules<'r>(&mut self, args: &CheckArgs, registry: &'r Registry) -> RuleSet<'r> {
        let profile = args
            .profile
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
            |id: &str| demanded && id == ids::schema::MISSING_DEFINITION || selected.contains(id);
        let is_asked =
            |p: &Policy| (p.is_in(profile) || asked(&p.id)) && !off.contains(p.id.as_ref());
        let unconfigured = args.profile.unwrap_or(Profile::Default);
        let left = &mut self.left_out;
        let lost = |p: &&Policy| p.is_in(unconfigured) && !is_asked(p);
        left.rules = registry.policies().filter(lost).count();
        left.parameters = config.parameters.values().map(HashMap::len).sum();
        left.schemas = config.schemas.len();
        left.releases = given.is_empty() && !config.targets.is_empty();
        let mut rules = RuleSet::selected(registry, profile, targets, is_asked);
        rules.now = now();
        rules.notes_undefined = args.missing_schemas == MissingSchemas::Note;
        rules.asked = asked_for;
        rules.applies_suppressions = !args.no_inline_ignores;
        rules.severities = std::mem::take(&mut self.config.severity);
        rules.parameters = std::mem::take(&mut self.config.parameters);
        rules
    }

    /// Where schemas of custom resources lie; what is wrong with one is said, and fails the run.
    pub(super) fn locations(&mut self, args: &CheckArgs, root: &Path) -> Vec<Location> {
        let named = args.schema_location.iter();
        let named = named.map(|written| Location::named(written, root));
        let configured = self.config.schemas.iter();
        let configured = configured.map(|written| Location::configured(written, root));
        let mut known = Vec::new();
        let mut failed = false;
        let written = args.schema_location.len() + self.config.schemas.len();
        if written > 0 && !UserSchema::SUPPORTED {
            super::complain(
                "--schema-location and schema-locations need a kubevet built with the feature `user-schemas`",
            );
            self.failed = true;
            return Vec::new();
        }
        if written > LOCATIONS {
            super::complain(&format!(
                "{written} schema locations, but only {LOCATIONS} are read; put the schemas into one folder"
            ));
            failed = true;
        }
        for location in named.chain(configured).take(LOCATIONS) {
            match location {
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

    /// What is left out of a report of these files: by git, and by this configuration.
    pub(super) fn left_out(
        &self,
        found: &FoundFiles,
        report: &Report,
        rules: &RuleSet<'_>,
    ) -> LeftOut {
        let [ignored_files, ignored_folders] = found.ignored;
        let files = || found.files.iter().map(|f| f.path.as_str());
        let named_like_one = |path: &&str| {
            let name = path.rsplit_once('/').map(|(_, name)| name);
            name.is_some_and(|name| discover::CONFIGURATIONS.contains(&name))
        };
        let configured = !self.left_out.configuration.is_empty();
        let findings = || report.findings.iter().map(|f| &**f);
        let silenced = |f: &&Finding| match &f.state {
            State::Suppressed { by, .. } => configured && by.at.file == FileId::CONFIGURATION,
            _ => false,
        };
        let lowered = |f: &&Finding| {
            let own = rules.get(&f.rule).map(|policy| policy.severity);
            f.state == State::Open
                && own.is_some_and(|own| own < f.severity)
                && rules.severities.contains_key(f.rule.as_ref())
        };
        LeftOut {
            ignored_files,
            ignored_folders,
            excluded_files: files().filter(|path| self.excludes(path)).count(),
            silenced: findings().filter(silenced).count(),
            lowered: findings().filter(lowered).count(),
            other_configurations: files().filter(named_like_one).count(),
            ..self.left_out.clone()
        }
    }

    /// The rules that are off for a file.
    pub(super) fn off(&self, path: &str) -> Vec<DisabledRule> {
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
