//! The state of one validation: the object's kind, the target releases, the types around the value at hand, and the problems so far.
//! What walks an object (`walk.rs`, `value.rs`) and each check reports here.

use super::pattern::Patterns;
use super::problem::SchemaProblem;
use super::table::{ApiKind, ConstraintKind, Field, ReadingProgram, Type};
use crate::finding::{Quotes, Releases};
use crate::ids;
use crate::kube::{Completeness, may_become_anything};
use crate::text::nearest;
use crate::yaml::{Node, NodeKind, NodeSpan, items};
use std::borrow::Cow;

/// Problems of one object that are looked for.
pub const MAX_PROBLEMS: usize = 10_000;

/// A check of a map by rules that are about several of its fields.
pub(super) type CrossFieldCheck = for<'d> fn(&mut Validator<'d>, Node<'d>);

pub(super) struct Validator<'d> {
    /// None where a definition of a custom resource tells.
    pub(super) kind: Option<&'static ApiKind>,
    pub(super) targets: Releases,
    fragment: bool,
    /// Whether what is at hand is the status, which an API server drops before it validates what it is given.
    pub(super) in_status: bool,
    /// By their number in the table.
    cross_field_checks: &'static [CrossFieldCheck],
    /// The types around, the outermost first, each with its map: where a misplaced field may belong.
    pub(super) types: Vec<(Node<'d>, &'static Type)>,
    /// Of the schemas of custom resources.
    pub(super) patterns: Patterns,
    pub(super) problems: Vec<SchemaProblem<'d>>,
}

impl<'d> Validator<'d> {
    pub(super) fn new(
        kind: Option<&'static ApiKind>,
        targets: Releases,
        completeness: Completeness,
        cross_field_checks: &'static [CrossFieldCheck],
    ) -> Self {
        Self {
            kind,
            targets,
            fragment: completeness == Completeness::Partial,
            in_status: false,
            cross_field_checks,
            types: Vec::new(),
            patterns: Patterns::default(),
            problems: Vec::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        rule: &'static str,
        node_span: impl Into<NodeSpan<'d>>,
        message: String,
        help: Option<String>,
    ) -> &mut SchemaProblem<'d> {
        self.problems.push(SchemaProblem {
            help,
            ..SchemaProblem::new(rule, node_span, message, self.targets)
        });
        let last = self.problems.len() - 1;
        // Just pushed.
        #[expect(
            clippy::indexing_slicing,
            reason = "the last of a list that is not empty"
        )]
        &mut self.problems[last]
    }

    /// The program that reads the file; none where an API server is given the object.
    pub(super) fn program(&self) -> Option<ReadingProgram> {
        self.kind?.reader
    }

    /// Who is given the object.
    pub(super) fn reader(&self) -> &'static str {
        self.program()
            .map_or("the API server", |reader| reader.name)
    }

    /// Whether the map at hand is in the status, or in the template of a StatefulSet, which was not validated up to 1.31.
    pub(super) fn is_unvalidated(&self) -> bool {
        if self.in_status || self.is_dropped() {
            return true;
        }
        let set = |(_, ty): &(Node<'_>, &Type)| ty.short() == "StatefulSetSpec";
        self.all_before(32) && self.types.iter().rev().skip(1).any(set)
    }

    /// Whether nobody looks at the map at hand: an owner in the metadata of a template, the selector of a metric, what a claim cannot
    /// be filled from, which the server drops, and a claim in whose place a StatefulSet puts its own.
    pub(super) fn is_dropped(&self) -> bool {
        let Some((map, ty)) = self.types.last() else {
            return false;
        };
        let text = |key: &str| map.field(key).and_then(Node::text).unwrap_or_default();
        let of_claim = || self.is_within("PersistentVolumeClaimSpec");
        match ty.short() {
            "OwnerReference" => self.types.len() > 3,
            "LabelSelectorRequirement" => self
                .types
                .iter()
                .rev()
                .nth(2)
                .is_some_and(|(_, ty)| ty.short() == "MetricIdentifier"),
            "TypedLocalObjectReference" => {
                let source = (text("apiGroup"), text("kind"));
                let taken = matches!(
                    source,
                    ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot")
                );
                !taken && of_claim()
            }
            "TypedObjectReference" => !text("namespace").is_empty() && of_claim(),
            "PersistentVolumeClaimVolumeSource" => self.is_claimed(),
            _ => false,
        }
    }

    /// Checks what only some releases check, if some of the targets are among them.
    pub(super) fn of_releases(&mut self, releases: Releases, check: impl FnOnce(&mut Self)) {
        let targets = self.targets;
        self.targets = targets.and(releases);
        if !self.targets.is_empty() {
            check(self);
        }
        self.targets = targets;
    }

    /// Whether the object shows a part of itself.
    pub(super) fn is_fragment(&self) -> bool {
        self.fragment
    }

    /// Names of the claims that a StatefulSet around makes for each pod.
    pub(super) fn claim_names(&self) -> Vec<Node<'d>> {
        let set = self
            .types
            .iter()
            .find(|(_, ty)| ty.short() == "StatefulSetSpec");
        let claims = set.and_then(|(map, _)| map.field("volumeClaimTemplates"));
        items(claims)
            .filter_map(|c| c.at(&["metadata", "name"]))
            .collect()
    }

    /// Whether a StatefulSet puts its own claim in the place of the volume around.
    fn is_claimed(&self) -> bool {
        let volume = self.types.iter().rev().nth(1);
        let name = volume.and_then(|(map, _)| map.field("name")?.as_str());
        let same = |claim: &Node<'_>| claim.as_str() == name;
        name.is_some() && self.claim_names().iter().any(same)
    }

    /// Checks the map at hand between its fields.
    pub(super) fn cross_field(&mut self, index: u8, map: Node<'d>) {
        if let Some(check) = self.cross_field_checks.get(usize::from(index)) {
            check(self, map);
        }
    }

    /// The type of the map at hand.
    pub(super) fn ty(&self) -> Option<&'static Type> {
        self.types.last().map(|(_, ty)| *ty)
    }

    /// Whether all targets are of a release or a later one.
    pub(super) fn all_from(&self, minor: u8) -> bool {
        self.targets.before(minor).is_empty()
    }

    /// Whether all targets are older than a release.
    pub(super) fn all_before(&self, minor: u8) -> bool {
        self.targets.from(minor).is_empty()
    }

    /// Whether the map at hand stands right below the whole of such an object, `depth` maps down.
    pub(super) fn is_part_of(&self, kind: &str, depth: usize) -> bool {
        let root = self.types.first();
        self.types.len() == depth + 1 && root.is_some_and(|(_, ty)| ty.short() == kind)
    }

    /// Whether the map at hand is one of a type's, right below it.
    pub(super) fn is_within(&self, name: &str) -> bool {
        let above = self.types.iter().rev().nth(1);
        above.is_some_and(|(_, ty)| ty.short() == name)
    }

    /// The type of the map around the one at hand.
    pub(super) fn within_type(&self) -> Option<&'static str> {
        self.types.iter().rev().nth(1).map(|(_, ty)| ty.short())
    }

    /// The kind of the object.
    pub(super) fn root_kind(&self) -> Option<&'static str> {
        self.types.first().map(|(_, ty)| ty.short())
    }

    /// The name of the object.
    pub(super) fn root_name(&self) -> Option<&'d str> {
        self.types.first()?.0.at(&["metadata", "name"])?.as_str()
    }

    /// Whether the map at hand is a quota's.
    pub(super) fn is_quota(&self) -> bool {
        self.types
            .last()
            .is_some_and(|(_, ty)| ty.short() == "ResourceQuotaSpec")
    }

    /// Whether the published schema lists the values of a field of the type at hand, without this one: then that was told.
    pub(super) fn is_told(&self, name: &str, value: &str) -> bool {
        let ty = self.types.last().map(|(_, ty)| *ty);
        let lacks = |f: &Field| !f.values().is_empty() && !f.values().contains(&value);
        ty.is_some_and(|ty| ty.field(name).iter().any(lacks))
    }

    /// Whether a rule lists `""` among the values of a field, which the published schema does not.
    pub(super) fn takes_empty(&self, name: &str) -> bool {
        let rules = self.ty().map_or(&[][..], |ty| ty.rules_of(name));
        let lists = |check: &ConstraintKind| matches!(check, ConstraintKind::OneOf(values) if values.contains(&""));
        rules.iter().any(|rule| lists(&rule.check))
    }

    pub(super) fn not_one_of(&mut self, node: Node<'d>, name: &str, values: &[&str]) {
        self.not_among(node, name, values.iter().copied());
    }

    /// The same, of what may be very many.
    pub(super) fn not_among<'v>(
        &mut self,
        node: Node<'d>,
        name: &str,
        values: impl Iterator<Item = &'v str> + Clone,
    ) {
        let text = node.text().unwrap_or_default();
        let shown = short(text);
        let message = format!("`{name}` cannot be `{shown}`: {}", list(values.clone()));
        let all = list_all(values.clone()).map(|all| format!("use {all}"));
        let help = self.meant(text, values).or(all);
        self.add(ids::schema::ENUM, node, message, help);
    }

    /// What may be meant by a word, while somebody reads it: of so many problems only the first are shown.
    pub(super) fn meant<'v>(
        &self,
        word: &str,
        words: impl Iterator<Item = &'v str>,
    ) -> Option<String> {
        const READ: usize = 1_000;
        let near = nearest(word, words.take_while(|_| self.problems.len() < READ))?;
        Some(format!("Did you mean `{near}`?"))
    }

    /// Whether so much is wrong that nobody looks for more.
    pub(super) fn is_crowded(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }

    pub(super) fn expect(&mut self, fits: bool, node: Node<'d>, name: &str, what: &str) {
        if !fits {
            self.wrong(node, name, what);
        }
    }

    pub(super) fn form(&mut self, fits: bool, node: Node<'d>, name: &str, what: &str) {
        if !fits {
            self.refused(node, name, what);
        }
    }

    pub(super) fn refused(
        &mut self,
        node: Node<'d>,
        name: &str,
        what: &str,
    ) -> &mut SchemaProblem<'d> {
        let reader = self.reader();
        let message = format!("`{name}` must be {what}: {reader} rejects this value");
        let problem = self.add(ids::schema::FORMAT, node, message, None);
        problem.quotes = Quotes::Help;
        problem
    }

    pub(super) fn wrong(&mut self, node: Node<'d>, name: &str, what: &str) {
        if may_become_anything(node) {
            return;
        }
        let is = match node.kind() {
            NodeKind::Null => "nothing",
            NodeKind::Bool => "a boolean",
            NodeKind::Int | NodeKind::Float | NodeKind::NotJson => "a number",
            NodeKind::Str => "a string",
            NodeKind::Seq => "a list",
            NodeKind::Map => "a map",
        };
        let of_list = node.parent().is_some_and(|p| p.kind() == NodeKind::Seq);
        let reader = self.reader();
        let message = if of_list {
            format!("this item of `{name}` is {is}, and must be {what}: {reader} rejects it")
        } else {
            format!("`{name}` must be {what}, and this is {is}: {reader} rejects it")
        };
        let text = node.text().unwrap_or_default();
        let number = what.starts_with("an integer") && text.parse::<i64>().is_ok();
        let boolean = what == "true or false" && matches!(text, "true" | "false");
        let help = match node.kind() {
            NodeKind::Bool | NodeKind::Int | NodeKind::Float if what == "a string" => {
                Some(format!("quote it: \"{text}\""))
            }
            NodeKind::Str if of_list && name == "patches" && what == "a map" => {
                Some(format!("write `path: {text}`"))
            }
            NodeKind::Str if number || boolean => Some(format!("write it without quotes: {text}")),
            _ => None,
        };
        // A collection is pointed at by its key.
        let node_span = match node.kind() {
            NodeKind::Seq | NodeKind::Map => node.lacking(),
            _ => node.into(),
        };
        self.add(ids::schema::TYPE, node_span, message, help).quotes = Quotes::Help;
    }
}

/// Whether a value of a field counts for nothing: null, and where Go has no pointer, what is empty.
pub(super) fn is_unset(field: &Field, value: Node<'_>) -> bool {
    value.is_null() || !field.is_pointer && is_zero(value)
}

/// Whether a value is what Go has where nothing is written: null, `""`, 0, false, an empty list or map.
pub(super) fn is_zero(value: Node<'_>) -> bool {
    match value.kind() {
        NodeKind::Null => true,
        NodeKind::Bool => value.as_bool() == Some(false),
        NodeKind::Int | NodeKind::Float => value.as_int() == Some(0),
        NodeKind::Str => value.text() == Some(""),
        NodeKind::Seq | NodeKind::Map => value.is_empty(),
        NodeKind::NotJson => false,
    }
}

/// `a Container`, `an EnvVar`; of a map in a file, `` `nodes` of a Cluster ``
pub(super) fn named(ty: &Type) -> String {
    match ty.short().split_once('/') {
        Some((kind, path)) => format!("`{}` of {}", path.replace('/', "."), with_article(kind)),
        None => with_article(ty.short()),
    }
}

/// `an Ingress`
pub(super) fn with_article(name: &str) -> String {
    let vowel = name.starts_with(['A', 'E', 'I', 'O'])
        || name.starts_with("HTTP")
        || name.starts_with("Up");
    format!("{} {name}", if vowel { "an" } else { "a" })
}

/// `one of a, b and c`; of many the first, as many as a message has room for.
fn list<'v>(values: impl Iterator<Item = &'v str> + Clone) -> String {
    const ROOM: usize = 90;
    let values = values.filter(|v| !v.is_empty());
    let mut length = 0;
    let quoted = values.clone().map(|v| format!("`{}`", short(v)));
    let quoted = quoted.take_while(|v| {
        length += v.len() + 2;
        length <= ROOM
    });
    let quoted: Vec<String> = quoted.collect();
    match (quoted.as_slice(), values.skip(quoted.len()).count()) {
        ([only], 0) => format!("only {only} is allowed"),
        (many, 0) => format!("one of {} is expected", many.join(", ")),
        (many, more) => format!("one of {} and {more} more is expected", many.join(", ")),
    }
}

/// All of some values, where they are more than a message has room for and no more than can be read.
fn list_all<'v>(values: impl Iterator<Item = &'v str> + Clone) -> Option<String> {
    const MAX_LISTED: usize = 20;
    let quoted = values
        .filter(|v| !v.is_empty())
        .map(|v| format!("`{}`", short(v)));
    let quoted: Vec<String> = quoted.take(MAX_LISTED + 1).collect();
    (1..=MAX_LISTED)
        .contains(&quoted.len())
        .then(|| format!("one of {}", quoted.join(", ")))
}

/// A text of a schema, for messages.
pub(super) fn short(text: &str) -> Cow<'_, str> {
    const MAX_CHARS: usize = 200;
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}
