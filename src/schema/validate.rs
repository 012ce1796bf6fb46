//! An object against its type: unknown fields, missing ones, values of another type or form.

use super::pattern::Patterns;
use super::table::{ApiKind, ApiLifecycle, FIRST, Field, Leaf, ReadingProgram, Type};
use super::{SchemaProblem, constraints, metadata};
use crate::component::is_config;
use crate::component::{ComponentKind, minor, path_of};
use crate::finding::{Quotes, Releases};
use crate::ids;
use crate::kube::{Completeness, Gvk, Object, is_variable};
use crate::text::nearest;
use crate::yaml::{Node, NodeKind, NodeSpan, items};
use std::borrow::Cow;

/// Whether Kubernetes has a kind of that name, in whatever group.
pub fn is_kind(name: &str) -> bool {
    ApiKind::served().any(|kind| kind.kind == name)
}

/// What the tables know of an object's kind, looked up once.
#[derive(Clone, Copy)]
pub struct Known<'d> {
    /// The object.
    pub object: Object<'d>,
    /// A custom resource of a well-known project has one, too.
    kind: Option<&'static ApiKind>,
    pub(super) life: Option<&'static ApiLifecycle>,
}

impl<'d> Known<'d> {
    /// Looks an object's kind up; a file that its name tells may leave out the version.
    pub fn of(object: Object<'d>) -> Self {
        let Gvk {
            group,
            version,
            kind,
        } = object.gvk;
        Self {
            object,
            kind: kind_of(object.gvk),
            life: ApiLifecycle::of(group, version, kind),
        }
    }

    /// The kind, if every cluster has it, or a program reads it.
    pub(super) fn kind(self) -> Option<&'static ApiKind> {
        self.kind.filter(|kind| !kind.custom)
    }

    /// Whether Kubernetes itself has the kind in some release that the tables know, unless it is what defines custom ones.
    pub fn is_builtin(self) -> bool {
        let known = self.kind().is_some() || self.life.is_some();
        known && self.object.gvk.group != "apiextensions.k8s.io"
    }

    /// Whether some target release is older than the tables and may have the kind: for that one, nobody checks its fields.
    pub fn is_older(self, targets: Releases) -> bool {
        let known = match self.kind() {
            Some(kind) => kind.is_first() && kind.reader.is_none(),
            None => self.life.is_some(),
        };
        known && !targets.before(FIRST).is_empty()
    }
}

fn kind_of(gvk: Gvk<'_>) -> Option<&'static ApiKind> {
    match gvk.version {
        "" => ApiKind::only(gvk.group, gvk.kind),
        version => ApiKind::of(gvk.group, version, gvk.kind),
    }
}

/// Checks a custom resource by what its project has published; `None` where the tables do not have that version of it.
pub fn validate_published(
    known: Known<'_>,
    targets: Releases,
    completeness: Completeness,
) -> Option<Vec<SchemaProblem<'_>>> {
    let kind = known.kind.filter(|kind| kind.custom)?;
    let mut check = Validator::new(Some(kind), targets, completeness);
    check.object(known.object.node, kind.ty()?);
    Some(check.problems)
}

/// Checks an object of a kind that the tables have, for the target releases that serve it. What stands elsewhere is not missed in a
/// fragment. Which release reads a file is not known unless it says so, or `asked`: then fields that some release has are right.
pub fn validate(
    known: Known<'_>,
    targets: Releases,
    completeness: Completeness,
    asked: bool,
) -> Vec<SchemaProblem<'_>> {
    let object = known.object;
    let Some(kind) = known.kind() else {
        return Vec::new();
    };
    let own = object.node.field("kubernetesVersion");
    let own = own.and_then(|v| minor(v.text()?)).map(Releases::only);
    let (having, certain) = match (kind.reader, own) {
        (None, _) => (targets, true),
        (Some(_), Some(own)) => (own, true),
        (Some(_), None) if asked => (targets, true),
        (Some(_), None) => (kind.releases(), false),
    };
    let having = having.and(kind.releases());
    let Some(ty) = kind.ty().filter(|_| !having.is_empty()) else {
        return Vec::new();
    };
    let mut check = Validator::new(Some(kind), having, completeness);
    check.object(object.node, ty);
    if kind.reader.is_none() {
        metadata::check(&mut check, object, kind);
        return check.problems;
    }
    let mut problems = check.problems;
    problems.retain(|problem| certain || problem.rule != ids::schema::FIELD_NOT_IN_RELEASE);
    for problem in &mut problems {
        problem.releases = targets;
        if is_config(kind.group) {
            problem.rule = match problem.rule {
                ids::schema::UNKNOWN_FIELD => ids::component_config::UNKNOWN_FIELD,
                ids::schema::FIELD_NOT_IN_RELEASE => ids::schema::FIELD_NOT_IN_RELEASE,
                _ => ids::component_config::INVALID_VALUE,
            };
        }
    }
    problems
}

/// Problems of one object that are looked for.
pub const CROWDED: usize = 10_000;

pub(super) struct Validator<'d> {
    /// None where a definition of a custom resource tells.
    kind: Option<&'static ApiKind>,
    targets: Releases,
    fragment: bool,
    /// The types around, the outermost first, each with its map: where a misplaced field may belong.
    types: Vec<(Node<'d>, &'static Type)>,
    /// Of the schemas of custom resources.
    pub(super) patterns: Patterns,
    pub(super) problems: Vec<SchemaProblem<'d>>,
}

impl<'d> Validator<'d> {
    pub(super) fn new(
        kind: Option<&'static ApiKind>,
        targets: Releases,
        completeness: Completeness,
    ) -> Self {
        Self {
            kind,
            targets,
            fragment: completeness == Completeness::Partial,
            types: Vec::new(),
            patterns: Patterns::default(),
            problems: Vec::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        rule: &'static str,
        spot: impl Into<NodeSpan<'d>>,
        message: String,
        help: Option<String>,
    ) -> &mut SchemaProblem<'d> {
        self.problems.push(SchemaProblem {
            rule,
            spot: spot.into(),
            message,
            help,
            related: None,
            missing: false,
            tolerated: false,
            quotes: Quotes::Message,
            releases: self.targets,
        });
        let last = self.problems.len() - 1;
        // Just pushed.
        #[expect(
            clippy::indexing_slicing,
            reason = "the last of a list that is not empty"
        )]
        &mut self.problems[last]
    }

    pub(super) fn object(&mut self, map: Node<'d>, ty: &'static Type) {
        self.types.push((map, ty));
        let mut unknown = false;
        for (key, value) in map.entries() {
            unknown |= self.entry(key, value, ty);
        }
        // What is misspelt is no longer missing when it is right.
        for field in ty.required().filter(|_| !unknown) {
            let required = field.required().and(self.targets);
            if !required.is_empty() && map.field(field.name()).is_none() && !is_lenient(ty, field) {
                let message = format!(
                    "`{}` is missing: {} cannot be without it",
                    field.name(),
                    named(ty)
                );
                let help = Some(format!("add `{}:`", field.name()));
                let null = map.pair(field.name()).map(|(key, _)| key.into());
                let spot = null.unwrap_or_else(|| map.lacking());
                let problem = self.add(ids::schema::MISSING_FIELD, spot, message, help);
                problem.missing = true;
                problem.releases = required;
            }
        }
        if !unknown && self.types.len() == 1 && !self.fragment {
            self.without_spec(map, ty);
        }
        if !unknown && !self.is_unvalidated() {
            constraints::check(self, map, ty);
        }
        self.types.pop();
    }

    /// What a `spec` that is left out lacks: to the server it is an empty one.
    fn without_spec(&mut self, map: Node<'d>, ty: &'static Type) {
        let rows = ty.field("spec").iter();
        let needed = rows.filter(|f| !f.is_required() || is_lenient(ty, f));
        let needed = needed.filter_map(Field::ty).any(|spec| {
            spec.needs_something() || matches!(spec.short(), "ServiceSpec" | "IngressSpec")
        });
        if needed && map.field("spec").is_none() {
            let null = map.pair("spec").map(|(key, _)| key.into());
            let spot = null.unwrap_or_else(|| map.lacking());
            let message = format!("`spec` is missing: {} cannot be without it", named(ty));
            self.add(
                ids::schema::MISSING_FIELD,
                spot,
                message,
                Some("add `spec:`".to_owned()),
            )
            .missing = true;
        }
    }

    /// Checks a key and its value; whether the type has no such field.
    fn entry(&mut self, key: Node<'d>, value: Node<'d>, ty: &'static Type) -> bool {
        // These direct a strategic merge, `sops` is SOPS' own: neither reaches a server.
        let directive = |k: &str| is_directive(k) || k == "sops" && self.types.len() == 1;
        let Some(name) = key.key().filter(|k| !directive(k)) else {
            return false;
        };
        let rows = self.rows(ty, &name);
        let known = rows
            .iter()
            .find(|f| !f.releases().and(self.targets).is_empty());
        match known {
            Some(field) => {
                self.not_in_all(key, ty, rows);
                self.value(value, field, field.around, &name);
            }
            None if rows.is_empty() => {
                self.unknown(key, &name, ty);
                return true;
            }
            None => self.not_in_all(key, ty, rows),
        }
        false
    }

    /// The same, for a map that something else walks.
    pub(super) fn field_of(
        &mut self,
        map: Node<'d>,
        ty: &'static Type,
        key: Node<'d>,
        value: Node<'d>,
    ) {
        self.types.push((map, ty));
        self.entry(key, value, ty);
        constraints::of_field(self, key, value, ty);
        self.types.pop();
    }

    /// The rows of a field, as the program that reads it compares keys.
    fn rows(&self, ty: &'static Type, name: &str) -> &'static [Field] {
        let rows = ty.field(name);
        if rows.is_empty() && self.program().is_some_and(|reader| reader.any_case) {
            let mut fields = ty.fields.iter();
            let same = fields.find(|field| field.name().eq_ignore_ascii_case(name));
            return same.map_or(rows, |field| ty.field(field.name()));
        }
        rows
    }

    /// The program that reads the file; none where an API server is given the object.
    fn program(&self) -> Option<ReadingProgram> {
        self.kind?.reader
    }

    /// Whether a program reads it from a file.
    pub(super) fn is_of_file(&self) -> bool {
        self.program().is_some()
    }

    /// Who is given the object.
    pub(super) fn reader(&self) -> &'static str {
        self.program()
            .map_or("the API server", |reader| reader.name)
    }

    /// Whether the map at hand is in the template of a StatefulSet, which was not validated up to 1.31.
    pub(super) fn is_unvalidated(&self) -> bool {
        let set = |(_, ty): &(Node<'_>, &Type)| ty.short() == "StatefulSetSpec";
        self.all_before(32) && self.types.iter().rev().skip(1).any(set)
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
    pub(super) fn claim_names(&self) -> Vec<&'d str> {
        let set = self
            .types
            .iter()
            .find(|(_, ty)| ty.short() == "StatefulSetSpec");
        let claims = set.and_then(|(map, _)| map.field("volumeClaimTemplates"));
        items(claims)
            .filter_map(|c| c.at(&["metadata", "name"])?.as_str())
            .collect()
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
        let help = self.meant(text, values);
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
        Some(format!("did you mean `{near}`?"))
    }

    /// Whether so much is wrong that nobody looks for more.
    pub(super) fn is_crowded(&self) -> bool {
        self.problems.len() >= CROWDED
    }

    /// A field that some of the target releases do not have.
    fn not_in_all(&mut self, key: Node<'d>, ty: &'static Type, rows: &[Field]) {
        let having: Releases = rows.iter().map(Field::releases).collect();
        let without = self.targets.without(having);
        if without.is_empty() {
            return;
        }
        let names: Vec<String> = having.names().collect();
        let span = match (names.first(), names.last()) {
            (Some(first), Some(last)) if *last == format!("1.{}", Releases::NEWEST) => {
                format!("from Kubernetes {first} on")
            }
            (Some(first), Some(last)) => format!("in Kubernetes {first} to {last} only"),
            _ => String::new(),
        };
        let field = key.text().unwrap_or_default();
        let message = format!("`{field}` of {} exists {span}", named(ty));
        let problem = self.add(ids::schema::FIELD_NOT_IN_RELEASE, key, message, None);
        problem.releases = without;
    }

    fn unknown(&mut self, key: Node<'d>, name: &str, ty: &'static Type) {
        if is_variable(name) {
            return;
        }
        let custom = self.kind.is_some_and(|kind| kind.custom);
        let fate = match self.program() {
            None if custom => {
                "unless its release is newer than this table, it is dropped or refused".to_owned()
            }
            None => "the API server refuses it, or drops it without a word".to_owned(),
            Some(reader) if reader.refuses => format!("{} refuses the file", reader.name),
            Some(reader) => format!(
                "{} goes on without it, and what it was to set keeps its default",
                reader.name
            ),
        };
        let message = format!("{} has no field `{name}`: {fate}", named(ty));
        let help = self.belongs(name, ty);
        let severe = !custom && self.program().is_none_or(|reader| reader.refuses);
        self.add(ids::schema::UNKNOWN_FIELD, key, message, help)
            .tolerated = !severe;
    }

    /// Where a field was meant to stand: where an older version had it, a name that is near, a map around, or a map within.
    fn belongs(&self, name: &str, ty: &'static Type) -> Option<String> {
        let fields = |ty: &'static Type| ty.fields.iter().map(Field::name);
        if let Some((.., now)) = MOVED.iter().find(|m| (m.0, m.1) == (ty.short(), name)) {
            return Some(format!("write {now}"));
        }
        if let Some(near) = ty
            .fields
            .iter()
            .map(Field::name)
            .find(|f| f.eq_ignore_ascii_case(name))
        {
            return Some(format!("write `{near}`"));
        }
        let around = self.types.iter().rev().skip(1);
        if let Some((map, outer)) = around.clone().find(|(_, t)| !t.field(name).is_empty()) {
            let of = match map.key_node().and_then(Node::text) {
                Some(key) => format!("`{key}`"),
                None => named(outer),
            };
            return Some(format!("it is a field of {of}: indent it less"));
        }
        let within = ty.fields.iter().find(|f| match f.leaf {
            Leaf::Type(index) if f.around.is_nothing() => {
                Type::at(index).is_some_and(|inner| !inner.field(name).is_empty())
            }
            _ => false,
        });
        if let Some(within) = within.filter(|_| !matches!(name, "name" | "namespace" | "kind")) {
            return Some(format!("it belongs under `{}:`", within.name()));
        }
        // A flag's name.
        let of_flag = || path_of("kubelet", ComponentKind::Kubelet, name);
        let kubelet = self
            .kind
            .is_some_and(|kind| kind.kind == "KubeletConfiguration");
        if let Some(path) = kubelet.then(of_flag).flatten() {
            return Some(format!("that is the flag: write `{path}`"));
        }
        let near = nearest(name, fields(ty)).filter(|near| near.len().abs_diff(name.len()) <= 3);
        near.map(|near| format!("did you mean `{near}`?"))
    }

    /// A map with a kind of its own within a file: the configuration of a plugin. The scheduler's may leave that to the plugin's name.
    pub(super) fn embedded(&mut self, map: Node<'d>) {
        let outer = self.kind.filter(|kind| kind.reader.is_some());
        let Some(outer) = outer.filter(|_| map.kind() == NodeKind::Map) else {
            return;
        };
        let around = self.types.last().map(|(map, _)| *map);
        let plugin = around.and_then(|map| map.field("name")?.as_str());
        let inner = match Object::of(map) {
            Some(object) => kind_of(object.gvk).filter(|kind| kind.reader.is_some()),
            None => plugin
                .and_then(|name| ApiKind::of(outer.group, outer.version, &format!("{name}Args"))),
        };
        if let Some((kind, ty)) = inner.and_then(|kind| Some((kind, kind.ty()?))) {
            self.kind = Some(kind);
            self.object(map, ty);
            self.kind = Some(outer);
        }
    }
}

/// Keys that direct a strategic merge.
fn is_directive(key: &str) -> bool {
    const STARTS: [&str; 4] = [
        "$patch",
        "$retainKeys",
        "$setElementOrder/",
        "$deleteFromPrimitiveList/",
    ];
    key.starts_with('$') && STARTS.iter().any(|start| key.starts_with(start))
}

/// Fields of versions that are gone, by type, and what stands for them now.
const MOVED: [(&str, &str, &str); 11] = [
    (
        "CustomResourceDefinitionSpec",
        "additionalPrinterColumns",
        "it in each item of `versions`",
    ),
    (
        "CustomResourceDefinitionSpec",
        "subresources",
        "it in each item of `versions`",
    ),
    (
        "CustomResourceDefinitionSpec",
        "validation",
        "its `openAPIV3Schema` under `schema` of each item of `versions`",
    ),
    (
        "CustomResourceDefinitionSpec",
        "version",
        "an item of `versions` with that name",
    ),
    (
        "HorizontalPodAutoscalerSpec",
        "targetCPUUtilizationPercentage",
        "an item of `metrics`: {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: …}}}",
    ),
    (
        "IngressBackend",
        "serviceName",
        "`service: {name: …, port: {number: …}}`",
    ),
    (
        "IngressBackend",
        "servicePort",
        "`service: {name: …, port: {number: …}}`",
    ),
    ("IngressSpec", "backend", "`defaultBackend`"),
    (
        "ResourceMetricSource",
        "targetAverageUtilization",
        "`target: {type: Utilization, averageUtilization: …}`",
    ),
    (
        "ResourceMetricSource",
        "targetAverageValue",
        "`target: {type: AverageValue, averageValue: …}`",
    ),
    (
        "PodsMetricSource",
        "targetAverageValue",
        "`target: {type: AverageValue, averageValue: …}`",
    ),
];

/// Fields that the published schema calls required, and that the server does without (asked of real servers).
fn is_lenient(ty: &Type, field: &Field) -> bool {
    // What is left out is false, 0 or empty to the server, and valid so.
    let zero = field.leaf == Leaf::Bool;
    zero || matches!(
        (ty.short(), field.name()),
        ("NetworkPolicySpec", "podSelector")
            | ("PriorityClass", "value")
            | ("JSONSchemaProps", _)
            | ("CSIDriver" | "CSINode", "spec")
            | ("CSINodeSpec", "drivers")
    ) || field.name() == "status"
        || ty.short().ends_with("Status")
        || ty.short().ends_with("List")
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
    let vowel = name.starts_with(['A', 'E', 'I', 'O']) || name.starts_with("HTTP");
    format!("{} {name}", if vowel { "an" } else { "a" })
}

/// `one of a, b and c`; of many the first.
fn list<'v>(values: impl Iterator<Item = &'v str> + Clone) -> String {
    const MAX_LISTED: usize = 20;
    let quoted = values
        .clone()
        .take(MAX_LISTED)
        .map(|v| format!("`{}`", short(v)));
    let quoted: Vec<String> = quoted.collect();
    match (quoted.as_slice(), values.skip(MAX_LISTED).count()) {
        ([only], _) => format!("only {only} is allowed"),
        (many, 0) => format!("one of {} is expected", many.join(", ")),
        (many, more) => format!("one of {} and {more} more is expected", many.join(", ")),
    }
}

/// A text of a schema, for messages.
pub(super) fn short(text: &str) -> Cow<'_, str> {
    const MAX_CHARS: usize = 200;
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}
