//! What a rule says about a place. Layer 2.

use crate::model::{NEWEST_RELEASE, OLDEST_RELEASE, Policy, Severity, Text};
use crate::text::{FileEdit, FileSpan, one_line};
use crate::yaml::{Located, Node, NodeKind, Rendered};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::sync::Arc;

/// Id of a rule, `category/name`.
pub type RuleId = Text;

/// A set of Kubernetes releases 1.0 to 1.63.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Releases(u64);

impl FromIterator<Releases> for Releases {
    fn from_iter<I: IntoIterator<Item = Self>>(sets: I) -> Self {
        sets.into_iter().fold(Self::NONE, Self::with)
    }
}

impl Releases {
    /// Minor version of the oldest release whose types, flags and feature gates kubevet knows.
    pub const OLDEST: u8 = OLDEST_RELEASE;

    /// Minor version of the newest release that kubevet knows.
    pub const NEWEST: u8 = NEWEST_RELEASE;

    /// The releases for which Kubernetes still makes patches: the newest three.
    pub const SUPPORTED: Self = Self::between(Self::NEWEST - 2, Self::NEWEST);

    /// No release.
    pub const NONE: Self = Self(0);

    /// Every release.
    pub const ALL: Self = Self(u64::MAX);

    /// One release, `1.minor`.
    pub const fn only(minor: u8) -> Self {
        Self(1 << if minor > 63 { 63 } else { minor })
    }

    /// The releases from `1.since` to `1.until`; 63 is all that are to come.
    pub const fn between(since: u8, until: u8) -> Self {
        let from = Self::ALL.from(since);
        if until >= 63 {
            from
        } else {
            from.before(until + 1)
        }
    }

    /// The releases before `1.minor`.
    #[must_use]
    pub const fn before(self, minor: u8) -> Self {
        Self(self.0 & (Self::only(minor).0 - 1))
    }

    /// The releases from `1.minor` on.
    #[must_use]
    pub const fn from(self, minor: u8) -> Self {
        Self(self.0 & !(Self::only(minor).0 - 1))
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both sets hold.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What the other set does not hold.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether more than half of them are `1.since` or later.
    pub const fn are_mostly_from(self, since: u8) -> bool {
        self.from(since).0.count_ones() > self.before(since).0.count_ones()
    }

    /// Whether it holds none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Names in ascending order: `1.25`.
    pub fn names(self) -> impl Iterator<Item = String> {
        (0..64_u32)
            .filter(move |m| self.0 >> m & 1 == 1)
            .map(|m| format!("1.{m}"))
    }
}

/// Releases that follow one another, both ends among them: for tables of thousands, two bytes where a set takes eight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseRange {
    since: u8,
    until: u8,
}

impl ReleaseRange {
    /// No release.
    pub const NONE: Self = Self::new(1, 0);

    /// The releases from `1.since` to `1.until`.
    pub const fn new(since: u8, until: u8) -> Self {
        Self { since, until }
    }

    /// The same as a set: asked for each field of each object.
    pub const fn set(self) -> Releases {
        Releases((u64::MAX << (self.since & 63)) & (u64::MAX >> (63 - (self.until & 63))))
    }

    /// Whether a release is among them.
    pub const fn has(self, minor: u8) -> bool {
        self.since <= minor && minor <= self.until
    }
}

/// A place in a file, and what to say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub at: FileSpan,
    /// What to say of it; may be empty.
    pub text: String,
}

impl Label {
    /// A label at a place.
    pub fn new(at: impl Into<FileSpan>, text: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            text: text.into(),
        }
    }
}

/// The Kubernetes object that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct ObjectRef {
    /// `group/version`, or `version` in the core group.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace, where it is written.
    pub namespace: Option<String>,
    /// Name, where it is written.
    pub name: Option<String>,
}

/// A map of an object that lacks something: others may write that before the object is applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// The keys that lead to the map from the object's root, each behind a line feed; items of lists are `ITEM`.
    pub way: String,
    /// The names of these items.
    pub names: Vec<String>,
    /// The keys that the map has.
    pub keys: Vec<String>,
}

impl Gap {
    /// An item of a list.
    pub const ITEM: &str = "\n[]";
    /// The name of an item that has none: it may be any.
    pub const ANY: &str = "*";
    /// Keys of a map that are looked at.
    const MAX_KEYS: usize = 64;

    /// Of a place that lacks something: a map, or what stands in one. `root` is the object.
    pub fn of(root: Node<'_>, at: Node<'_>) -> Self {
        let map = match at.kind() {
            NodeKind::Map => at,
            _ => at.parent().unwrap_or(at),
        };
        let has = map.entries().filter(|(_, value)| !value.is_null());
        let keys = has.filter_map(|(key, _)| Some(key.key()?.into_owned()));
        let mut gap = Self {
            keys: keys.take(Self::MAX_KEYS).collect(),
            ..Self::default()
        };
        let mut steps = Vec::new();
        let mut node = map;
        while let Some(parent) = node.parent().filter(|_| node != root) {
            if let Some(key) = node.key_node().and_then(Node::key) {
                steps.push(format!("\n{key}"));
            } else {
                steps.push(Self::ITEM.to_owned());
                gap.names.push(Self::name_of(node));
            }
            node = parent;
        }
        gap.names.reverse();
        gap.way = steps.into_iter().rev().collect();
        gap
    }

    /// The name of an item of a list.
    pub fn name_of(item: Node<'_>) -> String {
        let name = item.field("name").and_then(Node::text);
        name.unwrap_or(Self::ANY).to_owned()
    }
}

/// Whether a finding counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It counts.
    Open,
    /// A comment or an annotation asks for silence.
    Suppressed {
        /// The comment.
        by: Label,
        /// Its reason, if it gives one.
        reason: Option<String>,
    },
    /// A more specific finding says it already.
    Subsumed {
        /// That finding's rule.
        by: RuleId,
    },
}

/// What of a finding may hold the value that it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quotes {
    /// The message, and the help.
    #[default]
    Message,
    /// The help alone.
    Help,
    /// Neither.
    Nothing,
}

/// A change of files that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an instruction.
    pub title: &'static str,
    /// Who decides about it.
    pub applicability: Applicability,
    /// The edits: all of them, or none.
    pub edits: Vec<FileEdit>,
}

/// Who decides whether a fix is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applicability {
    /// Nobody needs to: it does what the rule asks for and nothing else.
    Safe,
    /// Somebody must look at it: it may change what the document means.
    Unsafe,
    /// It shows the way, and is never applied.
    DisplayOnly,
}

/// What a rule says about a place.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, for this very object. One line. Writers print `full_message`.
    pub message: String,
    /// What to write instead: the policy's own remediation, unless the rule knows better.
    pub help: Text,
    /// Where.
    pub primary: Label,
    /// Whether `primary` is the value itself, and not a larger whole that holds it.
    pub exact: bool,
    /// Other places that explain it.
    pub related: Vec<Label>,
    /// The object.
    pub object: Option<ObjectRef>,
    /// JSON pointer (RFC 6901) of the value in its document.
    pub path: String,
    /// The target releases that it holds for, where it does not hold for all.
    pub releases: Option<Releases>,
    /// Whether the value under it must not be shown or hashed; then the message and the help hold nothing of it.
    pub secret: bool,
    /// How to mend it, where a run asks for fixes and the rule has one.
    pub fix: Option<Fix>,
    /// What of it may hold the value, and cannot stay where that is a secret.
    pub(crate) quotes: Quotes,
    /// What the document was rendered from, where Helm says so.
    pub rendered_from: Option<Arc<Rendered>>,
    /// Says that it is the same finding although the text moved; 32 hexadecimal digits.
    pub fingerprint: String,
    /// Where something is missing, in which map: somebody may write it there.
    pub(crate) gap: Option<Box<Gap>>,
    /// Whether it counts.
    pub state: State,
    /// Number of what it is about within its chunk: the container, the RBAC rule, the object. For subsumption.
    pub(crate) scope: u32,
}

impl Finding {
    /// A finding of a policy about no object; `value` is what makes it this one.
    pub fn new(policy: &Policy, at: impl Into<Located>, message: String, value: &str) -> Self {
        let fingerprint = fingerprint(&policy.id, None, "", value);
        Self::with_fingerprint(policy, at, message, fingerprint)
    }

    /// A finding of a policy, as severe as the policy says and with its remediation as help. The places that led to its own one are
    /// related to it.
    pub(crate) fn with_fingerprint(
        policy: &Policy,
        at: impl Into<Located>,
        message: String,
        fingerprint: String,
    ) -> Self {
        let Located {
            primary,
            trail,
            exact,
        } = at.into();
        let trail = trail.iter().flat_map(|trail| trail.iter());
        Self {
            rule: policy.id.clone(),
            severity: policy.severity,
            fingerprint,
            message: one_line(message),
            help: policy.remediation.clone(),
            primary: Label::new(primary, ""),
            exact,
            related: trail.map(|at| Label::new(*at, "")).collect(),
            object: None,
            path: String::new(),
            releases: None,
            secret: false,
            fix: None,
            quotes: Quotes::Message,
            rendered_from: None,
            gap: None,
            state: State::Open,
            scope: 0,
        }
    }

    /// Its own place, and where its silence is written.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &Label> {
        let by = match &self.state {
            State::Suppressed { by, .. } => Some(by),
            _ => None,
        };
        [&self.primary].into_iter().chain(by)
    }

    /// The message, and what the document was rendered from; nothing of that where the message was taken back (`engine/conceal.rs`).
    pub fn full_message(&self) -> Cow<'_, str> {
        let concealed = self.secret && self.quotes == Quotes::Message;
        match &self.rendered_from {
            Some(rendered) if !concealed => {
                Cow::Owned(format!("{} ({})", self.message, rendered.description()))
            }
            _ => Cow::Borrowed(&self.message),
        }
    }
}

/// First 16 bytes of SHA-256 over what makes a finding itself, as hexadecimal digits. No line, no path of a file, no ordinal.
pub fn fingerprint(rule: &str, object: Option<&ObjectRef>, path: &str, value: &str) -> String {
    let mut hash = Sha256::new();
    let object = object.map(|o| {
        [
            Some(o.api_version.as_str()),
            Some(&o.kind),
            o.namespace.as_deref(),
            o.name.as_deref(),
        ]
    });
    let parts = [Some(rule)]
        .into_iter()
        .chain(object.unwrap_or_default())
        .chain([Some(path), Some(value)]);
    for part in parts {
        let part = part.unwrap_or_default();
        // Length first, so that no two lists of parts read the same.
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let digits = hash.finalize().into_iter().take(16);
    let digits = digits.flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{ReleaseRange, Releases};

    #[test]
    fn ranges_are_the_sets_between_their_ends() {
        for since in 0..64 {
            for until in since..64 {
                let range = ReleaseRange::new(since, until);
                assert_eq!(range.set(), Releases::between(since, until));
                assert!(range.has(since) && range.has(until) && !range.has(until + 1));
            }
        }
        assert!(ReleaseRange::NONE.set().is_empty());
    }
}
