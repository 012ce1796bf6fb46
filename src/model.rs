//! What a policy is. Layer 0: std and serde only, since `build.rs` includes this file to read `policies/`.
//!
//! Every text is a `Cow`, so that one struct is a row of the static table, what serde makes of a policy file, and later
//! what a user's policy is read into.

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A text of the static table, or one that was read.
pub type Text = Cow<'static, str>;
/// A list of the static table, or one that was read.
pub type List<T> = Cow<'static, [T]>;

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
    /// Ids of rules whose findings this one implies.
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
    /// The check, where a shape can say it; else a function of that name in `src/rules/`.
    #[serde(default)]
    pub check: Option<Shape>,
    /// Message of a shape's findings: `{container}` and the like are filled in.
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

/// A check that is data. Exactly one of the fields is given.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shape {
    /// A field of a container, a pod or an object has, or lacks, a value.
    pub field: Option<FieldShape>,
    /// A setting of a component has, or lacks, a value.
    pub setting: Option<SettingShape>,
    /// An RBAC rule grants something.
    pub grants: Option<GrantsShape>,
}

/// `check: {field: {path: …, is: …, starts-with: …}}`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FieldShape {
    /// Where it may stand, one path or several. Keys from the view's root, joined by dots; `[]` is each item of a list,
    /// `[a.b/c]` a key with dots in it, `**` any number of levels.
    #[serde(deserialize_with = "one_or_many")]
    pub path: List<Text>,
    /// The value that fails, one or several.
    #[serde(default, deserialize_with = "one_or_many")]
    pub is: List<Literal>,
    /// A string that begins so fails too.
    #[serde(default, deserialize_with = "one_or_many")]
    pub starts_with: List<Text>,
}

/// A list, or the only item of one.
fn one_or_many<'de, D, T>(deserializer: D) -> Result<List<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Clone,
{
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        Many(Vec<T>),
        One(T),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(items) => items.into(),
        OneOrMany::One(item) => vec![item].into(),
    })
}

/// `check: {setting: {id: …, fails-when: …, value: …}}`, on the effective value of a component's setting.
///
/// What is written is judged in every form. What is left out is judged by what the carrier and the program do by themselves, and
/// not at all where that is not known: in a part of a configuration, or over a carrier whose defaults are not in the tables.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SettingShape {
    /// Name of the component's flag, without dashes; the path of a field that has no flag.
    pub id: Text,
    /// What fails.
    pub fails_when: FailsWhen,
    /// The values that are compared: any of them.
    #[serde(default, deserialize_with = "one_or_many")]
    pub value: List<Text>,
    /// Settings that take this one's place when one is set; `name=value` where only that value, or an item, does.
    #[serde(default, deserialize_with = "one_or_many")]
    pub unless: List<Text>,
    /// Settings that must all be set for this one to matter; `name=value` where it must be that value.
    #[serde(default, deserialize_with = "one_or_many")]
    pub when: List<Text>,
    /// Whether a setting that is left out is judged, too.
    #[serde(default)]
    pub absence: Absence,
    /// Severity of a setting that is left out, where it differs.
    #[serde(default)]
    pub absent_severity: Option<Severity>,
    /// The first minor version that it holds for.
    #[serde(default)]
    pub since: Option<u8>,
    /// The last minor version that it holds for.
    #[serde(default)]
    pub until: Option<u8>,
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
    /// One of its items begins with one of the values.
    StartsWith,
    /// It is above 0 and below the value: 0 is no limit.
    Below,
    /// It is above the value.
    Above,
    /// It is 0 or less.
    NotPositive,
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
                Ok(Literal::Str(v.to_owned().into()))
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
