//! Facts about components by release: static tables, made of `schemas/components/*.tsv` by `build.rs`.

use super::ComponentKind;
use super::flag_type::FlagType;
use super::setting::plain_number;
use crate::finding::Releases;
use crate::go_value::parse_duration;

/// A flag of a component, for a span of releases.
#[derive(Debug)]
pub struct Flag {
    /// The program.
    pub component: &'static str,
    /// Its name without dashes.
    pub name: &'static str,
    since: u8,
    until: u8,
    /// What it takes.
    pub ty: FlagType,
    /// What it is when it is not given.
    pub default: &'static str,
    /// Whether the program says so of it.
    pub deprecated: bool,
}

/// A feature gate, for a span of releases.
#[derive(Debug)]
pub struct Gate {
    /// Its name.
    pub name: &'static str,
    since: u8,
    until: u8,
    /// `alpha`, `beta`, `GA` ...
    pub(super) stage: &'static str,
    /// Whether it is on by default.
    pub on: bool,
    /// Whether it can no longer be changed.
    pub locked: bool,
}

/// Feature gates that another cannot be on without.
#[derive(Debug)]
pub(super) struct GateNeeds {
    pub(super) name: &'static str,
    pub(super) needs: &'static [&'static str],
}

/// An admission plugin of the API server.
#[derive(Debug)]
pub struct Plugin {
    /// Its name.
    pub name: &'static str,
    since: u8,
    until: u8,
}

/// A plugin of the scheduler.
#[derive(Debug)]
pub struct SchedulerPlugin {
    /// Its name.
    pub name: &'static str,
    since: u8,
    until: u8,
    points: &'static str,
}

/// A flag or an admission plugin that is gone.
#[derive(Debug)]
pub struct Removed {
    what: &'static str,
    name: &'static str,
    /// The first minor version without it.
    pub since: u8,
    /// What to use instead; may be empty.
    pub instead: &'static str,
}

/// The name of a flag of k3s or RKE2.
#[derive(Debug)]
pub(super) struct Name {
    name: &'static str,
}

/// A TLS cipher suite.
#[derive(Debug)]
pub struct Suite {
    /// Its name.
    pub name: &'static str,
    /// `insecure`, `tls13` (no choice is to be had) or nothing.
    pub kind: &'static str,
}

/// What a program asks of the value of a flag beyond its type.
#[derive(Debug)]
pub struct FlagRule {
    component: &'static str,
    flag: &'static str,
    /// What.
    pub check: FlagCheck,
    since: u8,
    until: u8,
}

/// What is asked.
#[derive(Debug)]
pub enum FlagCheck {
    /// A number or a duration from one to the other; `*` for no end.
    Range(&'static str, &'static str),
    /// One of these, between commas; an empty one is a flag that may be empty.
    OneOf(&'static str),
    /// Items that are each one of these.
    Items(&'static str),
    /// A form that has a name.
    Form(&'static str),
}

/// What a distribution sets by itself.
#[derive(Debug)]
pub(super) struct DistributionDefault {
    distribution: &'static str,
    component: &'static str,
    setting: &'static str,
    since: u8,
    until: u8,
    value: &'static str,
}

/// What a field of a configuration file sets.
#[derive(Debug)]
pub(super) struct FieldMapping {
    form: &'static str,
    path: &'static str,
    pub(super) component: &'static str,
    pub(super) setting: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/components.rs"));

/// The feature gates that need others.
pub(super) fn gate_needs() -> &'static [GateNeeds] {
    &GATE_NEEDS
}

/// Rows whose key is `key`, in a table that is sorted by it.
fn rows<T, K: Ord>(table: &'static [T], key: &K, of: impl Fn(&T) -> K) -> &'static [T] {
    let start = table.partition_point(|row| of(row) < *key);
    let rest = table.get(start..).unwrap_or_default();
    let len = rest.partition_point(|row| of(row) == *key);
    rest.get(..len).unwrap_or_default()
}

impl Flag {
    /// The rows of a flag, one for each span of releases.
    pub fn of(component: ComponentKind, name: &str) -> &'static [Self] {
        rows(&FLAG, &(component.name(), name), |f| (f.component, f.name))
    }

    /// All flags of a component.
    pub fn all(component: ComponentKind) -> &'static [Self] {
        rows(&FLAG, &component.name(), |f| f.component)
    }

    /// The releases that have it so.
    pub const fn releases(&self) -> Releases {
        Releases::between(self.since, self.until)
    }

    /// What its value is to be where it does not take a text: by its type; of releases that no longer tell, by its own default.
    pub fn misfit(&self, text: &str) -> Option<&'static str> {
        // A quantity of bytes, and a duration or a number of revisions.
        const OPEN: [&str; 2] = ["-buffer-size", "-retention"];
        let told = match self.ty {
            FlagType::Other if OPEN.iter().any(|end| self.name.ends_with(end)) => return None,
            FlagType::Other if self.default.is_empty() => return None,
            FlagType::Other if plain_number(self.default).is_some() => FlagType::Float(64),
            FlagType::Other if parse_duration(self.default).is_some() => FlagType::Duration,
            ty => ty,
        };
        // What Go reads as an integer may have a base.
        let number = self.ty == FlagType::Other && plain_number(text).is_some();
        told.misfit(text)
            .filter(|_| !(number && told == FlagType::Float(64)))
    }
}

impl FlagRule {
    /// The rules of a flag.
    pub fn of(component: ComponentKind, name: &str) -> &'static [Self] {
        rows(&FLAG_RULE, &(component.name(), name), |r| {
            (r.component, r.flag)
        })
    }

    /// The releases that ask it.
    pub const fn releases(&self) -> Releases {
        Releases::between(self.since, self.until)
    }
}

impl Gate {
    /// The rows of a feature gate.
    pub fn of(name: &str) -> &'static [Self] {
        rows(&GATE, &name, |g| g.name)
    }

    /// All of them.
    pub fn all() -> &'static [Self] {
        &GATE
    }

    /// The releases that have it so.
    pub const fn releases(&self) -> Releases {
        Releases::between(self.since, self.until)
    }
}

impl Plugin {
    /// The rows of an admission plugin.
    pub fn of(name: &str) -> &'static [Self] {
        rows(&PLUGIN, &name, |p| p.name)
    }

    /// All of them.
    pub fn all() -> &'static [Self] {
        &PLUGIN
    }

    /// The first release without a plugin that was there.
    pub fn gone_since(name: &str) -> Option<u8> {
        let last = Self::of(name).iter().map(|p| p.until).max()?;
        (last < 63).then_some(last + 1)
    }

    /// The releases that have it so.
    pub const fn releases(&self) -> Releases {
        Releases::between(self.since, self.until)
    }
}

impl SchedulerPlugin {
    /// The plugin of a name.
    pub fn of(name: &str) -> Option<&'static Self> {
        rows(&SCHEDULER_PLUGIN, &name, |p| p.name).first()
    }

    /// Those that kube-scheduler itself has.
    pub fn built_in() -> impl Iterator<Item = &'static Self> + Clone {
        SCHEDULER_PLUGIN.iter().filter(|p| p.is_built_in())
    }

    /// Whether kube-scheduler itself has it, rather than a scheduler that somebody else builds.
    pub fn is_built_in(&self) -> bool {
        !self.points.is_empty()
    }

    /// Whether it extends a point.
    pub fn extends(&self, point: &str) -> bool {
        self.points.split(' ').any(|own| own == point)
    }

    /// The releases that have it.
    pub const fn releases(&self) -> Releases {
        Releases::between(self.since, self.until)
    }
}

impl Removed {
    /// The `flag` or `plugin` of a name.
    pub fn of(what: &str, name: &str) -> Option<&'static Self> {
        rows(&REMOVED, &(what, name), |g| (g.what, g.name)).first()
    }
}

/// Names of the flags of k3s and RKE2, which their files have, too.
pub fn k3s_flags() -> impl Iterator<Item = &'static str> {
    NAME.iter().map(|flag| flag.name)
}

impl Suite {
    /// The cipher suite of a name.
    pub fn of(name: &str) -> Option<&'static Self> {
        rows(&SUITE, &name, |s| s.name).first()
    }

    /// All of them.
    pub fn all() -> &'static [Self] {
        &SUITE
    }
}

/// What a distribution sets by itself in all of these releases; `Some("?")` where it is set to something that cannot be known.
pub(super) fn distribution_default(
    distribution: &str,
    component: ComponentKind,
    setting: &str,
    releases: Releases,
) -> Option<&'static str> {
    let key = (distribution, component.name(), setting);
    let found = rows(&DISTRIBUTION_DEFAULT, &key, |c| {
        (c.distribution, c.component, c.setting)
    });
    agreed(
        found
            .iter()
            .map(|c| (Releases::between(c.since, c.until), c.value)),
        releases,
    )
}

/// What a program does that is not told: the default in all of these releases; empty where it has no such flag. `None` where they
/// differ.
pub(super) fn default(
    component: ComponentKind,
    name: &str,
    releases: Releases,
) -> Option<&'static str> {
    let flags = Flag::of(component, name);
    let having = flags.iter().map(Flag::releases).collect();
    let rows = flags.iter().map(|f| (f.releases(), f.default));
    agreed(rows.chain([(Releases::ALL.without(having), "")]), releases)
}

/// The value of all rows that hold in one of the releases, where it is one and they hold in all.
fn agreed(
    rows: impl Iterator<Item = (Releases, &'static str)>,
    releases: Releases,
) -> Option<&'static str> {
    let mut value = None;
    let mut left = releases;
    for (span, of_row) in rows.filter(|(span, _)| !span.and(releases).is_empty()) {
        if *value.get_or_insert(of_row) != of_row {
            return None;
        }
        left = left.without(span);
    }
    value.filter(|_| left.is_empty())
}

/// What a setting is where nobody writes it: by the program itself, whose distribution has no name, and by each distribution that sets it.
pub fn defaults(
    component: ComponentKind,
    setting: &str,
) -> impl Iterator<Item = (&'static str, Releases, &'static str)> {
    let known = component.releases();
    let distribution_default = DISTRIBUTION_DEFAULT
        .iter()
        .filter(move |c| c.component == component.name() && c.setting == setting);
    // What the program does where its flag's default does not say it.
    let told = distribution_default
        .clone()
        .any(|c| c.distribution.is_empty());
    let flags = Flag::of(component, setting).iter().filter(move |_| !told);
    let own = flags.map(|f| ("", f.releases(), f.default));
    let distribution_default = distribution_default
        .map(|c| (c.distribution, Releases::between(c.since, c.until), c.value));
    let held = own.chain(distribution_default);
    held.map(move |(distribution, releases, value)| (distribution, releases.and(known), value))
}

/// What a path of a configuration file sets; several components may have it.
pub(super) fn field(form: &str, path: &str) -> &'static [FieldMapping] {
    rows(&FIELD_MAPPING, &(form, path), |f| (f.form, f.path))
}

/// The path that sets a setting in a form, for messages.
pub fn path_of(form: &str, component: ComponentKind, setting: &str) -> Option<&'static str> {
    let row = rows(&FIELD_MAPPING, &form, |f| f.form)
        .iter()
        .find(|f| f.component == component.name() && f.setting == setting)?;
    Some(row.path.trim_end_matches(['[', ']', '{', '}']))
}
