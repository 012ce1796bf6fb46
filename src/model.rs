//! What a policy is. Layer 0: std and serde only, since `build.rs` includes this file to read `policies/`.
//!
//! Every text is a `Cow`, so that one struct is a row of the static table, what serde makes of a policy file, and later
//! what a user's policy is read into.

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A text of the static table, or one that was read.
pub type Text = Cow<'static, str>;
/// A list of the static table, or one that was read.
pub type List<T> = Cow<'static, [T]>;

/// A value of the static table, or one that was read; large ones stand beside what holds them, so that a look at that stays cheap.
#[derive(Clone, Debug)]
pub enum Held<T: 'static> {
    /// Of the static table.
    Static(&'static T),
    /// Read.
    Read(Box<T>),
}

impl<T> std::ops::Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Static(value) => value,
            Self::Read(value) => value,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Held<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|value| Self::Read(Box::new(value)))
    }
}

/// How bad a finding is; `Critical` is the least value, so that sorting puts it first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Takes over a node or the cluster.
    Critical,
    /// A direct way to an attack, or a document that does not do what it says.
    High,
    /// Makes an attack easier or its damage larger.
    Medium,
    /// Hygiene.
    Low,
    /// Worth knowing; fails no run.
    Info,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];

    /// The severity's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

/// Minor version of the oldest Kubernetes release that the tables under `schemas/` know.
pub const OLDEST_RELEASE: u8 = 25;

/// Minor version of the newest one.
pub const NEWEST_RELEASE: u8 = 37;

/// Which rules a run asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// What a team switches on today; the most specific finding hides those it implies.
    Default,
    /// Exactly the baseline level of the Pod Security Standards.
    Baseline,
    /// Exactly the restricted level of the Pod Security Standards.
    Restricted,
    /// What the CIS Kubernetes benchmark asks.
    Cis,
    /// What the NSA/CISA hardening guidance asks.
    Nsa,
    /// Every rule that contradicts no other.
    All,
}

impl Profile {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Default,
        Self::Baseline,
        Self::Restricted,
        Self::Cis,
        Self::Nsa,
        Self::All,
    ];

    /// The profile's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
            Self::Cis => "cis",
            Self::Nsa => "nsa",
            Self::All => "all",
        }
    }
}

/// A level of the Pod Security Standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PssLevel {
    /// Prevents known privilege escalations.
    Baseline,
    /// Current hardening practice.
    Restricted,
}

/// The standards that ask for a rule.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Standards {
    /// Level of the Pod Security Standards that has it as a control.
    pub pss: Option<PssLevel>,
    /// Item of the CIS Kubernetes benchmark 1.12.
    pub cis: Option<Text>,
    /// Whether the NSA/CISA Kubernetes hardening guidance asks for it.
    pub nsa: bool,
}

/// What makes a finding the same one after its text moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Identity {
    /// Its place and its value.
    #[default]
    Value,
    /// Its place alone: a new tag of an image is no new finding.
    Place,
}

/// What a finding hides when it hides others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubsumeBy {
    /// Findings about the same container, RBAC rule or object.
    #[default]
    Scope,
    /// Findings at the same value.
    Node,
}

/// One rule: what it asks, why, and how its findings read. Its id is the path of its file under `policies/`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a policy file has them by name"
)]
pub struct Policy {
    /// `category/name`.
    #[serde(skip)]
    pub id: Text,
    /// The rule in a few words, as a statement of what is wrong.
    pub title: Text,
    /// Severity of its findings, where the rule does not grade them.
    pub severity: Severity,
    /// Whether the profile `default` has it.
    #[serde(default)]
    pub default: bool,
    /// New and doubtful: in no profile but `all`.
    #[serde(default)]
    pub preview: bool,
    /// Contradicts another rule or needs parameters: not even in `all`.
    #[serde(default)]
    pub opt_in: bool,
    /// `Container`, `Pod`, `PolicyRule`, `Object` (of every kind), `Set`, `Reader`, `group/Kind` (`core/Secret`) or a component's
    /// name.
    pub applies: List<Text>,
    /// Whether the profile `default` leaves out the cluster's own pods (API server, etcd, kube-proxy ...), which cannot do without.
    #[serde(default)]
    pub skip_system_pods: bool,
    /// Whether the profile `default` leaves out Roles and RoleBindings: what is usual within a namespace, and not beyond it.
    #[serde(default)]
    pub skip_namespaced_roles: bool,
    /// Who asks for it.
    #[serde(default)]
    pub standards: Standards,
    /// Ids of rules whose findings this one implies; `rbac/*` stands for the rules of that category about a grant of resources
    /// by their names, but for those that are worse, and for those that subsume this one.
    #[serde(default)]
    pub subsumes: List<Text>,
    /// Where.
    #[serde(default)]
    pub subsume_by: SubsumeBy,
    /// Why it matters.
    pub rationale: Text,
    /// What to write instead; the help of every finding that has no better.
    pub remediation: Text,
    /// Where to read more.
    #[serde(default)]
    pub references: List<Text>,
    /// Ids that other tools have for it, `tool:id`, so that a user who comes from there finds it.
    #[serde(default)]
    pub peers: List<Text>,
    /// What a user may change.
    #[serde(default)]
    pub parameters: List<Parameter>,
    /// Ids that it had.
    #[serde(default)]
    pub formerly: List<Text>,
    /// The checks, where shapes can say it: one or several; else a function of that name in `src/rules/`.
    #[serde(default, deserialize_with = "one_or_many")]
    pub check: List<Shape>,
    /// Message of findings of shapes that have none of their own: `{container}` and the like are filled in.
    #[serde(default)]
    pub message: Option<Text>,
    /// What its fingerprints hold.
    #[serde(default)]
    pub identity: Identity,
    /// Documents that fail and that pass: its tests, and its page in the reference.
    pub examples: Examples,
}

/// A list of texts that a user may change.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: Text,
    /// What it is for.
    pub about: Text,
    /// Its value where the user gives none.
    pub default: List<Text>,
}

/// A check that is data: one of the shapes, and how its findings read where that differs from the policy. Of several checks of a
/// policy the first that fails at a place has it, so that the most specific comes first.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shape {
    /// A field of a container, a pod or an object has, or lacks, a value.
    pub field: Option<Held<FieldShape>>,
    /// A setting of a component has, or lacks, a value.
    pub setting: Option<Held<SettingShape>>,
    /// An RBAC rule grants something.
    pub grants: Option<Held<GrantsShape>>,
    /// A RoleBinding or ClusterRoleBinding gives a role to somebody.
    pub binding: Option<Held<BindingShape>>,
    /// Message of its findings: `{container}` and the like are filled in.
    pub message: Option<Text>,
    /// Severity of its findings.
    pub severity: Option<Severity>,
    /// Help of its findings, where it is better than the remediation.
    pub help: Option<Text>,
    /// Kinds of objects that it is about, where the policy applies to more.
    pub kinds: List<Text>,
    /// Whether the profile `default` leaves it out.
    pub strict: bool,
    /// The first minor version that it holds for.
    pub since: Option<u8>,
    /// The last minor version that it holds for.
    pub until: Option<u8>,
}

/// `check: {field: {path: …, is: …, matches: …}}`
///
/// A value fails that any of the tests names. What stands in `when` and `unless` is the same, from the same place: a field that fails.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct FieldShape {
    /// The structure of kubeadm's that it is looked for in, wherever an object holds one.
    pub section: Option<Section>,
    /// What is looked at one by one, a container, an item of a list; the paths of all else begin there.
    #[serde(deserialize_with = "one_or_many")]
    pub each: List<Path>,
    /// Where it may stand, one path or several.
    #[serde(deserialize_with = "one_or_many")]
    pub path: List<Path>,
    /// The value that fails, one or several. `$name` is each value of the parameter of that name.
    #[serde(deserialize_with = "one_or_many")]
    pub is: List<Literal>,
    /// A scalar that is none of these fails, unless it is filled in later.
    #[serde(deserialize_with = "one_or_many")]
    pub is_not: List<Literal>,
    /// A scalar of this form fails.
    #[serde(deserialize_with = "one_or_many")]
    pub matches: List<Pattern>,
    /// A scalar that has none of these forms, and is none of `is-not`, fails, unless it is filled in later.
    #[serde(deserialize_with = "one_or_many")]
    pub matches_not: List<Pattern>,
    /// A number or duration above it fails.
    pub above: Option<f64>,
    /// A number or duration below it fails.
    pub below: Option<f64>,
    /// A number or duration that is not above it fails.
    pub at_most: Option<f64>,
    /// A URL that fails by who can be reached there.
    pub url: Option<UrlKind>,
    /// A text that stands at the path before fails, and what the first one is called then.
    pub repeated: Option<Text>,
    /// What fails whatever the value is.
    #[serde(deserialize_with = "one_or_many")]
    pub value: List<Presence>,
    /// Fields that must fail too for this one to count.
    #[serde(deserialize_with = "one_or_many")]
    pub when: List<FieldShape>,
    /// Fields of which none must fail for this one to count.
    #[serde(deserialize_with = "one_or_many")]
    pub unless: List<FieldShape>,
    /// What of the value is pointed at.
    pub at: Point,
    /// Where to point when it is absent; left out: at what lacks it.
    pub lacks_at: Option<Path>,
    /// Whether nothing is said of a part of an object, which may lack what stands elsewhere.
    pub whole: bool,
    /// Another place that explains it.
    pub related: Option<Related>,
    /// Names of placeholders of the message, and the paths of their values.
    #[serde(deserialize_with = "names_and_paths")]
    pub values: List<(Text, Path)>,
}

/// Whether a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It is not there, or null.
    Absent,
    /// It is there and holds nothing: an empty text, list or map.
    Empty,
    /// It is there.
    Present,
    /// It is there and holds something.
    Filled,
}

/// What of a value a finding points at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// The value.
    #[default]
    Value,
    /// Its key.
    Key,
    /// What a map or list is pointed at by when it lacks something.
    Head,
}

/// Who can be reached at a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UrlKind {
    /// A URL without TLS that leads to another machine.
    Plain,
    /// A URL of this machine.
    Loopback,
    /// An https URL whose host no public authority certifies.
    Private,
}

/// A structure of kubeadm's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// Each of them.
    Any,
    /// ClusterConfiguration
    Cluster,
    /// InitConfiguration
    Init,
    /// JoinConfiguration
    Join,
}

/// Another place that explains a finding.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Related {
    /// Where.
    pub path: Path,
    /// What it has to do with it.
    pub text: Text,
    /// What of it is pointed at.
    #[serde(default)]
    pub at: Point,
}

/// A way through a document: keys joined by dots. `[]` is each item of a list, `[0]` the item at that index, `[name=x]` each item
/// whose `name` is x, `[a.b/c]` a key with dots in it, `[$name]` each key that the parameter of that name lists, `[*]` each value of a map, `**` it and all below it, `/` at the start the
/// object's root. The empty path is where one is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub List<Step>);

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The root of the object.
    Root,
    /// The value of a key.
    Key(Text),
    /// Each item of a list.
    Items,
    /// The item at an index.
    Index(usize),
    /// Each item whose field has a value.
    Named(Text, Text),
    /// The value of each key that a parameter lists.
    Parameter(Text),
    /// Each value of a map.
    Values,
    /// It and all below it.
    Within,
}

impl Path {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text;
        if let Some(behind) = rest.strip_prefix('/') {
            steps.push(Step::Root);
            rest = behind;
        }
        while !rest.is_empty() {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            if let Some(behind) = rest.strip_prefix('[') {
                let Some((inner, behind)) = behind.split_once(']') else {
                    return Err(format!("{text}: a bracket is open"));
                };
                steps.push(Self::bracket(inner));
                rest = behind;
            } else if let Some(behind) = rest.strip_prefix("**") {
                steps.push(Step::Within);
                rest = behind;
            } else {
                let (key, behind) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
                if key.is_empty() {
                    return Err(format!("{text}: a key is empty"));
                }
                steps.push(Step::Key(key.to_owned().into()));
                rest = behind;
            }
        }
        Ok(Self(steps.into()))
    }

    fn bracket(inner: &str) -> Step {
        match (inner, inner.parse(), inner.split_once('=')) {
            ("", ..) => Step::Items,
            ("*", ..) => Step::Values,
            (_, Ok(index), _) => Step::Index(index),
            (.., Some((field, value))) => {
                Step::Named(field.to_owned().into(), value.to_owned().into())
            }
            _ => match inner.strip_prefix('$') {
                Some(name) => Step::Parameter(name.to_owned().into()),
                None => Step::Key(inner.to_owned().into()),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// A text in which `*` stands for any text, and `\*` for itself: the pieces between the stars, one more than there are stars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub List<Text>);

impl Pattern {
    /// Reads one.
    pub fn parse(text: &str) -> Self {
        let mut pieces = vec![String::new()];
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            let star = letter == '\\' && letters.next_if_eq(&'*').is_some();
            match (letter, pieces.last_mut()) {
                ('*', _) => pieces.push(String::new()),
                (_, Some(piece)) => piece.push(if star { '*' } else { letter }),
                (_, None) => {}
            }
        }
        Self(
            pieces
                .into_iter()
                .map(Text::from)
                .collect::<Vec<_>>()
                .into(),
        )
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::parse(&text))
    }
}

/// A role or subject: its kind, and the pattern of its name. Written as `Group system:*`.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its kind.
    pub kind: Text,
    /// Its name.
    pub name: Pattern,
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let words = text.split_once(' ');
        let (kind, name) = words.ok_or_else(|| de::Error::custom("a kind and a name"))?;
        Ok(Self {
            kind: kind.to_owned().into(),
            name: Pattern::parse(name),
        })
    }
}

/// A map of names to paths.
fn names_and_paths<'de, D>(deserializer: D) -> Result<List<(Text, Path)>, D::Error>
where
    D: Deserializer<'de>,
{
    let map = std::collections::BTreeMap::<String, Path>::deserialize(deserializer)?;
    let pairs = map.into_iter().map(|(name, path)| (name.into(), path));
    Ok(pairs.collect::<Vec<_>>().into())
}

/// A list, or the only item of one.
fn one_or_many<'de, D, T>(deserializer: D) -> Result<List<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Clone,
{
    struct OneOrMany<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de> + Clone> Visitor<'de> for OneOrMany<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value, or a list of values")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element()? {
                list.push(item);
            }
            Ok(list)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
        }
        fn visit_bool<E: de::Error>(self, value: bool) -> Result<Vec<T>, E> {
            T::deserialize(value.into_deserializer()).map(|one| vec![one])
        }
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<Vec<T>, E> {
            T::deserialize(value.into_deserializer()).map(|one| vec![one])
        }
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<Vec<T>, E> {
            T::deserialize(value.into_deserializer()).map(|one| vec![one])
        }
        fn visit_str<E: de::Error>(self, value: &str) -> Result<Vec<T>, E> {
            T::deserialize(value.into_deserializer()).map(|one| vec![one])
        }
    }
    let list = deserializer.deserialize_any(OneOrMany(std::marker::PhantomData))?;
    Ok(list.into())
}

/// `check: {setting: {id: …, fails-when: …, value: …}}`, on the effective value of a component's setting, or on what is written of
/// k3s' and RKE2's own.
///
/// What is written is judged in every form. What is left out is judged by what the distribution and the program do by themselves, and
/// not at all where that is not known: in a part of a configuration, or over a distribution whose defaults are not in the tables.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SettingShape {
    /// Names of the component's flags, without dashes; the path of a field that has no flag. Each is judged.
    #[serde(deserialize_with = "one_or_many")]
    pub id: List<Text>,
    /// What fails.
    pub fails_when: FailsWhen,
    /// The values that are compared, any of them: patterns, or the limit of a number.
    #[serde(default, deserialize_with = "one_or_many")]
    pub value: List<Pattern>,
    /// Conditions that take this one's place.
    #[serde(default, deserialize_with = "one_or_many")]
    pub unless: List<Condition>,
    /// Conditions that must all hold for this one to matter.
    #[serde(default, deserialize_with = "one_or_many")]
    pub when: List<Condition>,
    /// The setting to point at where this one is left out.
    #[serde(default)]
    pub lacks_at: Option<Text>,
    /// Whether a setting that is left out is judged, too.
    #[serde(default)]
    pub absence: Absence,
    /// Severity of a setting that is left out, where it differs.
    #[serde(default)]
    pub absent_severity: Option<Severity>,
}

/// What another setting is: `name` is set, `!name` is not set; `name=value` has that value or that item, `name!=value` has not.
/// The value is a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The setting's name.
    pub setting: Text,
    /// The value; `None`: whether it is set.
    pub value: Option<Pattern>,
    /// Whether it must not be so.
    pub negated: bool,
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(Pattern::parse(value))),
            None => (text.as_str(), None),
        };
        let bare = name.strip_prefix('!').or_else(|| name.strip_suffix('!'));
        Ok(Self {
            setting: bare.unwrap_or(name).to_owned().into(),
            value,
            negated: bare.is_some(),
        })
    }
}

/// Whether what is left out is judged by what it is then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absence {
    /// In every profile.
    #[default]
    Judged,
    /// Not in the profile `default`: what nearly everybody leaves out is noise there.
    Strict,
    /// Never.
    Ignored,
}

/// How a setting is compared. Booleans are those of Go; numbers may be durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailsWhen {
    /// It is one of the values; at `false` a setting that is empty fails, too.
    Is,
    /// It is none of the values.
    IsNot,
    /// Its list holds one of the values.
    Contains,
    /// Its list holds none of the values.
    Lacks,
    /// It is above 0 and below the value: 0 is no limit.
    Below,
    /// It is above the value.
    Above,
    /// It is 0 or less.
    NotPositive,
    /// It is an address to listen at, with a port or without, that is not the machine's own alone.
    BeyondLoopback,
    /// It is an address of the internet.
    PublicAddress,
    /// It is a URL without TLS that leads to another machine.
    PlainUrl,
    /// It is not set.
    Absent,
    /// It is set.
    Present,
}

/// `check: {grants: {resources: [secrets], verbs: [get]}}`: one of each list that is given; what is left out may be anything.
///
/// The lists are alternatives since nearly every right has several names (create, update or patch; pods, or what makes them). The
/// finding points at the verb where that is the rarer word (`escalate`, `*`), at the resource where the verbs are those of every
/// resource.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct GrantsShape {
    /// API groups; the core group is `""`.
    pub groups: List<Text>,
    /// Resources, or `resource/subresource`.
    pub resources: List<Text>,
    /// Whether a resource must be named: `*` does not count.
    pub named: bool,
    /// Verbs.
    pub verbs: List<Text>,
    /// Non-resource URLs.
    pub urls: List<Text>,
    /// Kinds of role in which it counts, where it means nothing in the other: a Role reaches nothing that is cluster-scoped.
    pub roles: List<Text>,
    /// Names that are as bad as no limit, for rules that `resourceNames` limits.
    pub names: List<Text>,
    /// Severity of a rule that `resourceNames` limits to other names; left out: no finding.
    pub limited: Option<Severity>,
    /// Severity where every group of the rule is somebody's own, not one of Kubernetes.
    pub own_groups: Option<Severity>,
    /// Whether the other lists of the rule explain nothing.
    pub alone: bool,
}

/// `check: {binding: {roles: [edit], subjects: ["Group system:authenticated"]}}`: the finding points at the subject where subjects
/// are named, else at the role.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct BindingShape {
    /// Kinds and names of roles, `ClusterRole admin`; left out: any, and none too.
    #[serde(deserialize_with = "one_or_many")]
    pub roles: List<Named>,
    /// Names of roles that it says nothing of; `$name` is each value of the parameter of that name.
    #[serde(deserialize_with = "one_or_many")]
    pub unless_roles: List<Literal>,
    /// Kinds and names of subjects, `Group system:masters`.
    #[serde(deserialize_with = "one_or_many")]
    pub subjects: List<Named>,
    /// Whether the binding that every API server makes for `system:masters` is left out.
    pub unless_default: bool,
}

/// A value to compare with, and the type that it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string.
    Str(Text),
    /// Any of the values of a parameter of the policy, `$name`.
    Parameter(Text),
}

/// Documents that show a rule.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Each has at least one finding of the rule: where its `#!` marks stand and nowhere else.
    pub fails: List<Example>,
    /// None of these has any.
    pub passes: List<Example>,
}

/// One file, or several that belong together. Written as a text, or as `{kubernetes: "1.24", text: …}`, or as
/// `{kubernetes: …, files: …, marks: …}`.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// Minor version of the target release; left out: the newest.
    pub release: Option<u8>,
    /// Path and text; a single text is called `example.yaml`.
    pub files: List<(Text, Text)>,
    /// Marks that cannot stand in the text as `#! [span] message`.
    pub marks: List<Mark>,
}

/// Where an example fails.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The file; left out: the first one.
    #[serde(default)]
    pub file: Text,
    /// 1-based line.
    pub line: u32,
    /// Text under the span.
    pub text: Text,
    /// A piece of the message.
    pub message: Text,
}

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Literal;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean, an integer or a string")
            }
            fn visit_bool<E>(self, v: bool) -> Result<Literal, E> {
                Ok(Literal::Bool(v))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Literal, E> {
                Ok(Literal::Int(v))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Literal, E> {
                i64::try_from(v).map(Literal::Int).map_err(E::custom)
            }
            fn visit_str<E>(self, v: &str) -> Result<Literal, E> {
                Ok(match v.strip_prefix('$') {
                    Some(name) => Literal::Parameter(name.to_owned().into()),
                    None => Literal::Str(v.to_owned().into()),
                })
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A single text as the files of an example.
fn only_file(text: String) -> List<(Text, Text)> {
    vec![("example.yaml".into(), text.into())].into()
}

impl<'de> Deserialize<'de> for Example {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrFiles;
        impl<'de> Visitor<'de> for TextOrFiles {
            type Value = Example;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a map with `text` or `files`")
            }
            fn visit_str<E>(self, text: &str) -> Result<Example, E> {
                Ok(Example {
                    files: only_file(text.to_owned()),
                    ..Example::default()
                })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Example, A::Error> {
                let mut example = Example::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "files" => {
                            let files: std::collections::BTreeMap<String, String> =
                                map.next_value()?;
                            example.files = files
                                .into_iter()
                                .map(|(path, text)| (path.into(), text.into()))
                                .collect::<Vec<_>>()
                                .into();
                        }
                        "text" => example.files = only_file(map.next_value()?),
                        "kubernetes" => {
                            let release: String = map.next_value()?;
                            let minor = release.strip_prefix("1.").and_then(|m| m.parse().ok());
                            let wrong = || de::Error::custom("kubernetes: a release such as 1.24");
                            example.release = Some(minor.ok_or_else(wrong)?);
                        }
                        "marks" => example.marks = map.next_value()?,
                        other => {
                            let known = &["kubernetes", "text", "files", "marks"];
                            return Err(de::Error::unknown_field(other, known));
                        }
                    }
                }
                Ok(example)
            }
        }
        deserializer.deserialize_any(TextOrFiles)
    }
}
