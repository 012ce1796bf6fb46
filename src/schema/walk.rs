//! An object against its type: unknown fields, missing ones, and each value by the shape of its field.

use super::constraints;
use super::table::{ApiKind, Field, Leaf, Type};
use super::validator::{Validator, is_unset, named};
use crate::component::{ComponentKind, path_of};
use crate::finding::Releases;
use crate::ids;
use crate::kube::{Gvk, Object, Resolution};
use crate::text::nearest;
use crate::yaml::{Node, NodeKind};

impl<'d> Validator<'d> {
    pub(super) fn object(&mut self, map: Node<'d>, ty: &'static Type) {
        self.types.push((map, ty));
        let mut unknown = false;
        for (key, value) in map.entries() {
            unknown |= self.entry(key, value, ty);
        }
        // What is misspelt is no longer missing when it is right.
        if !unknown && !self.in_status && !self.is_dropped() {
            self.lacks(map, ty);
        }
        if !unknown && !self.is_unvalidated() {
            constraints::check(self, map, ty);
        }
        self.types.pop();
    }

    /// What a map lacks: what the published schema requires, and what an absent map would lack, which is an empty one to the server.
    fn lacks(&mut self, map: Node<'d>, ty: &'static Type) {
        for field in ty.required() {
            let releases = field.required().and(self.targets);
            if !releases.is_empty() && !ty.is_lenient(field) {
                self.lacks_field(map, ty, field, releases);
            }
        }
        for field in ty.structs() {
            let releases = field.releases().and(self.targets);
            let told = field.is_required() && !ty.is_lenient(field);
            if !told && !releases.is_empty() && field.ty().is_some_and(Type::needs_something) {
                self.lacks_field(map, ty, field, releases);
            }
        }
    }

    fn lacks_field(
        &mut self,
        map: Node<'d>,
        ty: &'static Type,
        field: &'static Field,
        releases: Releases,
    ) {
        let name = field.name();
        let pair = map.pair(name).filter(|(key, _)| key.key().is_some());
        let empty = |value: Node<'_>| {
            matches!(value.kind(), NodeKind::Str | NodeKind::Seq) && is_unset(field, value)
        };
        let what = match pair {
            None => "missing",
            Some((_, value)) if value.is_null() => "missing",
            Some((_, value)) if empty(value) && !ty.is_filled(name) => "empty",
            Some(_) => return,
        };
        let message = format!("`{name}` is {what}: {} cannot be without it", named(ty));
        let help = Some(match what {
            "empty" => format!("write a value for `{name}`"),
            _ => format!("add `{name}:`"),
        });
        let node_span = pair.map_or_else(|| map.lacking(), |(key, _)| key.into());
        let problem = self.add(ids::schema::MISSING_FIELD, node_span, message, help);
        problem.missing = what == "missing";
        problem.releases = releases;
    }

    /// Checks a key and its value; whether the type has no such field.
    fn entry(&mut self, key: Node<'d>, value: Node<'d>, ty: &'static Type) -> bool {
        // These direct a strategic merge, `sops` is SOPS' own: neither reaches a server.
        let top = self.types.len() == 1;
        // What a patch of a program's file is matched by: kind writes it into each document of kubeadm's configuration.
        let named = top && self.is_fragment() && self.program().is_some();
        let directive = |k: &str| is_directive(k) || k == "sops" && top || k == "metadata" && named;
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
                let claim = || ty.short() == "PersistentVolumeClaim";
                let whole = name == "status" && (self.types.len() == 1 || claim());
                let status = whole && self.program().is_none() && !self.in_status;
                self.in_status |= status;
                self.value(value, field, field.around, &name);
                self.in_status &= !status;
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
        // `$schema` is a name like others.
        if Resolution::of(name) == Resolution::Template {
            return;
        }
        let custom = self.kind.is_some_and(|kind| kind.custom);
        let fate = match self.program() {
            None if custom => {
                "unless its release is newer than this table, it is dropped or rejected".to_owned()
            }
            None => "the API server rejects or silently drops it".to_owned(),
            Some(reader) if reader.refuses => format!("{} rejects the file", reader.name),
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
        near.map(|near| format!("Did you mean `{near}`?"))
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
            Some(object) => {
                let Gvk {
                    group,
                    version,
                    kind,
                } = object.gvk;
                ApiKind::find(group, version, kind).filter(|kind| kind.reader.is_some())
            }
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
