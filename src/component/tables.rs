//! Facts about components by release: static tables, made of `schemas/components/*.tsv` by `build.rs`.

use super::ComponentKind;
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
    /// Whether it is a boolean, which takes its value with `=` only.
    pub boolean: bool,
    /// Whether it appends when it is repeated.
    pub list: bool,
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

/// The values of a flag that takes few.
#[derive(Debug)]
pub(super) struct Choice {
    component: &'static str,
    flag: &'static str,
    values: &'static str,
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

    /// What its value is to be, as its own default tells; `None` where that is any text.
    pub fn takes(&self) -> Option<Takes> {
        // A quantity of bytes, and a duration or a number of revisions.
        const OPEN: [&str; 2] = ["-buffer-size", "-retention"];
        let choice = rows(&CHOICE, &(self.component, self.name), |c| {
            (c.component, c.flag)
        });
        let text = OPEN.iter().any(|end| self.name.ends_with(end));
        match choice.first() {
            Some(choice) => Some(Takes::OneOf(choice.values)),
            _ if self.boolean => Some(Takes::Boolean),
            _ if self.list || text || self.default.is_empty() => None,
            _ if plain_number(self.default).is_some() => Some(Takes::Number),
            _ => parse_duration(self.default).map(|_| Takes::Duration),
        }
    }
}

/// What the value of a flag is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// true or false.
    Boolean,
    /// A number.
    Number,
    /// A duration with its unit.
    Duration,
    /// One of these, between commas; of a list each item.
    OneOf(&'static str),
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
