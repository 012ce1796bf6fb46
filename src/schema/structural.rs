//! That the schema of a custom resource is structural, and what the API server rejects in it besides. The expressions in
//! `x-kubernetes-validations`: `schema_rules.rs`.

use super::cross_field::{conflict, judged, key_of, missing, own_key, set, text};
use super::custom_resources::MAX_KEYS;
use super::table::Type;
use super::validator::Validator;
use super::{custom_resources, pattern, schema_rules};
use crate::ids;
use crate::kube::{is_templated, is_unresolved};
use crate::yaml::{Node, NodeKind, NodeSpan};

/// Checks the schema of a version, whose type that is; whether the version has the subresource `status`.
pub(super) fn check<'d>(
    v: &mut Validator<'d>,
    root: Node<'d>,
    ty: &'static Type,
    has_status: bool,
) {
    let before = v.problems.len();
    let mut walk = Walk {
        v,
        ty,
        has_status,
        has_rules: false,
        lenient: false,
    };
    walk.schema(root, Position::Root, None);
    // The types of their expressions are those of the schema, if it has no mistakes.
    if walk.has_rules && v.problems.len() == before {
        schema_rules::check(v, root);
    }
}

/// Where a schema stands: it must be structural, or may only restrict what another one describes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    Root,
    Inner,
    /// Within `allOf`, `anyOf`, `oneOf` or `not`.
    Nested,
}

/// One walk over the schema of a version.
struct Walk<'v, 'd> {
    v: &'v mut Validator<'d>,
    ty: &'static Type,
    has_status: bool,
    /// Whether a rule in CEL was met.
    has_rules: bool,
    /// Whether the server takes unknown keys here.
    lenient: bool,
}

/// What is read of a schema on the way.
#[derive(Default)]
struct SchemaTraits<'d> {
    kind: Option<&'d str>,
    items: bool,
    int_or_string: bool,
    preserve: Option<Node<'d>>,
    embedded: Option<Node<'d>>,
    unknown: bool,
}

/// Keywords of JSON Schema that have fields, and that no API server takes.
const UNSUPPORTED: [&str; 7] = [
    "$ref",
    "$schema",
    "additionalItems",
    "definitions",
    "dependencies",
    "id",
    "patternProperties",
];

/// What describes a value, and cannot stand where a value is only restricted.
const DESCRIBES: [&str; 11] = [
    "default",
    "description",
    "nullable",
    "title",
    "type",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
];

/// What the root cannot have beside a status of its own: the schema of the status is taken out of it.
const NOT_BESIDE_STATUS: [&str; 10] = [
    "allOf",
    "anyOf",
    "default",
    "enum",
    "maxProperties",
    "minProperties",
    "not",
    "oneOf",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-map-type",
];

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// Whether the server sees a value at all: null, an empty one and `false` are left out.
fn is_given(value: Node<'_>) -> bool {
    match value.kind() {
        NodeKind::Null => false,
        NodeKind::Bool => value.as_bool() == Some(true),
        NodeKind::Str => value.text() != Some(""),
        NodeKind::Seq | NodeKind::Map => !value.is_empty(),
        _ => true,
    }
}

impl<'d> Walk<'_, 'd> {
    /// Checks a schema. `outer` is the structural one that a nested one restricts: the server compares them at the root only.
    fn schema(&mut self, schema: Node<'d>, place: Position, outer: Option<Node<'d>>) {
        if schema.kind() != NodeKind::Map {
            return;
        }
        let nested = place == Position::Nested;
        let outer = match place {
            Position::Nested => outer,
            Position::Root => Some(schema),
            Position::Inner => None,
        };
        let mut has = SchemaTraits::default();
        for (key, value) in schema.entries() {
            let Some(name) = key.key() else {
                continue;
            };
            // Nearly all keys are one of these, and right.
            let common = !nested
                && match &*name {
                    "description" | "format" if value.kind() == NodeKind::Str => continue,
                    "type" => value.kind() == NodeKind::Str,
                    "properties" | "items" | "additionalProperties" => {
                        value.kind() == NodeKind::Map
                    }
                    _ => false,
                };
            if !common {
                let before = self.v.problems.len();
                self.v.field_of(schema, self.ty, key, value);
                self.forgive(before);
            }
            if value.is_null() {
                continue;
            }
            let refused = (!common || place == Position::Root)
                .then(|| self.refused(&name, value, place))
                .flatten();
            if let Some(why) = refused {
                conflict(self.v, key, format!("`{name}` {why}"));
                continue;
            }
            match &*name {
                "description" | "format" => {}
                "type" => {
                    has.kind = value.text().filter(|kind| !kind.is_empty());
                    self.known(value);
                }
                "properties" => self.properties(value, place, outer),
                "items" => {
                    has.items = true;
                    self.items(key, value, place, outer);
                }
                "additionalProperties" => self.additional(key, value, schema, place),
                "allOf" | "anyOf" | "oneOf" if !is_int_or_string(value) => {
                    for item in value.items() {
                        self.schema(item, Position::Nested, outer);
                    }
                }
                "not" => self.schema(value, Position::Nested, outer),
                "pattern" => self.pattern(value),
                "default" => {
                    let mut path = vec!["schema".to_owned(), "default".to_owned()];
                    custom_resources::value_of(self.v, value, schema, &mut path);
                }
                "x-kubernetes-list-type" => self.list_type(schema, value),
                "x-kubernetes-list-map-keys" => self.map_keys(schema, value),
                "x-kubernetes-map-type" => self.has_type(schema, "object", &name),
                "x-kubernetes-validations" => {
                    self.has_rules = true;
                    value.items().for_each(|r| rule(self.v, r));
                }
                "x-kubernetes-int-or-string" => has.int_or_string = is_given(value),
                "x-kubernetes-preserve-unknown-fields" => has.preserve = Some(value),
                "x-kubernetes-embedded-resource" => {
                    has.embedded = Some(value).filter(|v| is_given(*v));
                }
                _ => has.unknown |= self.ty.field(&name).is_empty(),
            }
        }
        if !nested {
            self.structural(schema, place, &has);
        }
    }

    /// Why a keyword cannot stand at a place, if it cannot.
    fn refused(&self, name: &str, value: Node<'d>, place: Position) -> Option<&'static str> {
        let given = is_given(value) || matches!(name, "default" | "additionalItems");
        let why = match name {
            "uniqueItems" => "is not supported: write `x-kubernetes-list-type: set`",
            "x-kubernetes-preserve-unknown-fields" if value.as_bool() == Some(false) => {
                return Some("is true or not there: remove it");
            }
            _ if place == Position::Nested && DESCRIBES.contains(&name) => {
                "cannot stand within `allOf`, `anyOf`, `oneOf` or `not`: they only restrict what the schema around them describes"
            }
            _ if place == Position::Root
                && self.has_status
                && NOT_BESIDE_STATUS.contains(&name) =>
            {
                "cannot stand at the root of a schema whose version has the subresource `status`: move it into `spec`"
            }
            _ if UNSUPPORTED.contains(&name) => {
                "is not supported in a schema of custom resources: write the schema itself"
            }
            _ => return None,
        };
        given.then_some(why)
    }

    fn known(&mut self, value: Node<'d>) {
        let text = value.as_str().unwrap_or_default();
        if !text.is_empty() && !TYPES.contains(&text) && !is_unresolved(text) {
            self.v.not_one_of(value, "type", &TYPES);
        }
    }

    fn pattern(&mut self, value: Node<'d>) {
        let text = value.as_str().filter(|text| !is_templated(text));
        if let Some(problem) = text.and_then(pattern::problem) {
            let message =
                format!("`pattern` is no regular expression of the API server: {problem}");
            let help = "write it for RE2, the syntax of Go".to_owned();
            self.v.add(ids::schema::FORMAT, value, message, Some(help));
        }
    }

    fn properties(&mut self, properties: Node<'d>, place: Position, outer: Option<Node<'d>>) {
        for (key, schema) in properties.entries() {
            if !matches!(schema.kind(), NodeKind::Map | NodeKind::Null) {
                let name = key.text().unwrap_or_default();
                self.v.wrong(schema, name, "a map");
            }
            if place != Position::Nested {
                self.schema(schema, Position::Inner, None);
                if schema.is_null() {
                    untyped(self.v, key);
                }
                continue;
            }
            let Some(name) = key.key() else { continue };
            if name == "metadata" {
                let message = "`metadata` cannot stand within `allOf`, `anyOf`, `oneOf` or `not`";
                conflict(self.v, key, message);
                continue;
            }
            let described = outer.and_then(|outer| outer.field("properties")?.get(&name));
            if described.is_some() || outer.is_none() {
                self.schema(schema, place, described);
            } else {
                let message = format!(
                    "`{name}` is restricted here, and described nowhere: `properties` next to `allOf`, `anyOf`, `oneOf` or `not` must have it"
                );
                missing(self.v, key, message).help = Some("describe it there with its type".into());
            }
        }
    }

    fn additional(&mut self, key: Node<'d>, value: Node<'d>, schema: Node<'d>, place: Position) {
        let fields = schema.field("properties").is_some_and(|p| !p.is_empty());
        let all = value.as_bool() == Some(true);
        let message = match place {
            Position::Root => {
                "`additionalProperties` cannot stand at the root: an object has the fields of its `properties`"
            }
            Position::Nested if value.kind() == NodeKind::Map => {
                "`additionalProperties` cannot stand within `allOf`, `anyOf`, `oneOf` or `not`"
            }
            Position::Inner if fields && !all => {
                "`properties` and `additionalProperties` exclude each other: fields that are known, or a map of any keys"
            }
            _ => "",
        };
        if !message.is_empty() {
            conflict(self.v, key, message);
        }
        if !matches!(
            value.kind(),
            NodeKind::Map | NodeKind::Bool | NodeKind::Null
        ) {
            self.v.wrong(value, "additionalProperties", "a map");
        }
        if place != Position::Nested {
            self.described(value);
        }
    }

    /// What the server does not know below `items` and `additionalProperties` it drops silently, however strict.
    fn forgive(&mut self, before: usize) {
        let found = self.v.problems.iter_mut().skip(before);
        for problem in found.filter(|_| self.lenient) {
            problem.tolerated |= problem.rule == ids::schema::UNKNOWN_FIELD;
        }
    }

    /// A schema at a place where the tables know of none, since something else may stand there too.
    fn described(&mut self, schema: Node<'d>) {
        if schema.kind() == NodeKind::Map {
            let before = std::mem::replace(&mut self.lenient, true);
            self.schema(schema, Position::Inner, None);
            self.lenient = before;
        }
    }

    fn items(&mut self, key: Node<'d>, value: Node<'d>, place: Position, outer: Option<Node<'d>>) {
        match value.kind() {
            NodeKind::Seq if !value.is_empty() => {
                conflict(
                    self.v,
                    key,
                    "`items` is one schema for all items, not a list of schemas",
                );
            }
            NodeKind::Map if place == Position::Nested => {
                let outer = outer.and_then(|o| o.field("items"));
                self.schema(value, place, outer);
            }
            NodeKind::Map => self.described(value),
            _ => self.v.wrong(value, "items", "a map"),
        }
    }

    /// Types, and what needs which.
    fn structural(&mut self, schema: Node<'d>, place: Position, has: &SchemaTraits<'d>) {
        if has.embedded.is_some() {
            self.has_type(schema, "object", "x-kubernetes-embedded-resource");
        } else if !(has.kind.is_some()
            || has.int_or_string
            || has.preserve.is_some()
            || has.unknown)
        {
            untyped(self.v, schema.lacking());
        }
        let array = has.kind == Some("array") && place != Position::Root;
        if array && !has.items && !has.unknown {
            let message = "`items` is missing: an array has items of one schema";
            missing(self.v, schema.lacking(), message).help = Some("add `items: {type: …}`".into());
        }
        let other = has.preserve.or(has.embedded);
        if let Some(other) = other.filter(|_| has.int_or_string) {
            let message = "an integer or a string (`x-kubernetes-int-or-string`) has no fields: remove one of the two";
            conflict(self.v, own_key(other), message);
        }
        if has.embedded.is_some() {
            self.embedded(schema, has.preserve.is_some());
        }
        if place == Position::Root {
            self.root(schema);
        }
        if place == Position::Root || has.embedded.is_some() {
            self.object_fields(schema);
        }
    }

    fn embedded(&mut self, schema: Node<'d>, preserves: bool) {
        if !preserves && schema.field("properties").is_none_or(Node::is_empty) {
            let message = "`properties` is missing: nothing would be left of the embedded resource";
            let help = "add `x-kubernetes-preserve-unknown-fields: true`";
            missing(self.v, schema.lacking(), message).help = Some(help.into());
        }
        if let Some(additional) = schema.field("additionalProperties") {
            let at = own_key(additional);
            conflict(
                self.v,
                at,
                "an embedded resource is no map of any keys: remove `additionalProperties`",
            );
        }
    }

    fn root(&mut self, schema: Node<'d>) {
        if let Some((at, _)) =
            judged(schema, "type").filter(|(_, kind)| *kind != "object" && TYPES.contains(kind))
        {
            conflict(
                self.v,
                at,
                "a custom resource is an object: write `type: object` at the root",
            );
        }
        if let Some(nullable) = set(schema, "nullable") {
            let at = own_key(nullable);
            conflict(self.v, at, "the root of a schema cannot be `nullable`");
        }
        let Some(metadata) = schema.at(&["properties", "metadata"]) else {
            return;
        };
        let of_fields = |value: Node<'d>| {
            let mut keys = value.entries().filter_map(|(key, _)| key.key());
            keys.all(|key| matches!(&*key, "name" | "generateName"))
        };
        let extra = metadata
            .entries()
            .any(|(key, value)| match key.key().as_deref() {
                Some("properties") => !of_fields(value),
                Some("type" | "default") | None => false,
                Some(name) => is_given(value) && !self.ty.field(name).is_empty(),
            });
        if extra {
            let at = own_key(metadata);
            let message = "`metadata` is known to the API server: a schema restricts nothing but its `name` and `generateName`";
            let help = Some("write `metadata: {type: object}`".to_owned());
            self.v
                .add(ids::schema::CONFLICT, at, message.to_owned(), help);
        }
    }

    /// Fields that each object has.
    fn object_fields(&mut self, schema: Node<'d>) {
        for (name, kind) in [
            ("apiVersion", "string"),
            ("kind", "string"),
            ("metadata", "object"),
        ] {
            let ty = schema.at(&["properties", name, "type"]);
            if let Some(ty) =
                ty.filter(|ty| ty.text().is_some_and(|t| t != kind && TYPES.contains(&t)))
            {
                conflict(
                    self.v,
                    ty,
                    format!("`{name}` of an object is always of `type: {kind}`"),
                );
            }
        }
    }

    /// That a schema has the type which something in it is for.
    fn has_type(&mut self, schema: Node<'d>, wanted: &str, of: &str) {
        match schema.field("type") {
            Some(ty) if ty.text().is_some_and(|t| t != wanted && TYPES.contains(&t)) => {
                conflict(self.v, ty, format!("`{of}` is for `type: {wanted}`"));
            }
            Some(_) => {}
            None => {
                let message = format!("`type` is missing: `{of}` is for `type: {wanted}`");
                missing(self.v, schema.lacking(), message).help =
                    Some(format!("add `type: {wanted}`"));
            }
        }
    }

    fn list_type(&mut self, schema: Node<'d>, list: Node<'d>) {
        self.has_type(schema, "array", "x-kubernetes-list-type");
        let kind = list.text().unwrap_or_default();
        let keyed = schema.list("x-kubernetes-list-map-keys").next().is_some();
        match kind {
            "atomic" | "set" if keyed => {
                let message = "`x-kubernetes-list-map-keys` is for `x-kubernetes-list-type: map`";
                conflict(self.v, list, message);
            }
            "map" if !keyed => {
                let message = "`x-kubernetes-list-map-keys` is missing: a list of type map identifies its items by them";
                let help = "add `x-kubernetes-list-map-keys: [name]`";
                missing(self.v, schema.lacking(), message).help = Some(help.into());
            }
            _ => {}
        }
        let Some(items) = schema.field("items").filter(|i| i.kind() == NodeKind::Map) else {
            return;
        };
        if let Some(nullable) = set(items, "nullable").filter(|_| kind != "atomic") {
            let message = format!("items of a list of type {kind} cannot be `nullable`");
            conflict(self.v, own_key(nullable), message);
        }
        if kind == "set" {
            self.set(items);
        }
        let other = |t: &Node<'_>| {
            t.text()
                .is_some_and(|t| t != "object" && TYPES.contains(&t))
        };
        if let Some(ty) = items.field("type").filter(|t| kind == "map" && other(t)) {
            conflict(
                self.v,
                ty,
                "items of a list of type map are of `type: object`",
            );
        }
    }

    /// That items of a set are compared as a whole.
    fn set(&mut self, items: Node<'d>) {
        let (name, fits): (_, fn(Option<&str>) -> bool) = match text(items, "type") {
            Some("array") => ("x-kubernetes-list-type", |t| {
                t.is_none_or(|t| t == "atomic")
            }),
            Some("object") => ("x-kubernetes-map-type", |t| t == Some("atomic")),
            _ => return,
        };
        if !fits(text(items, name)) {
            let message = format!(
                "items of a list of type set are compared as a whole: write `{name}: atomic` in `items`"
            );
            conflict(self.v, key_of(items, name), message);
        }
    }

    /// The properties by which items are told apart.
    fn map_keys(&mut self, schema: Node<'d>, keys: Node<'d>) {
        if schema.field("x-kubernetes-list-type").is_none() && !keys.is_empty() {
            let message = "`x-kubernetes-list-type` is missing: keys are for lists of type map";
            let help = "add `x-kubernetes-list-type: map`";
            missing(self.v, schema.lacking(), message).help = Some(help.into());
        }
        let items = schema.field("items");
        let Some(items) = items.filter(|i| text(*i, "type") == Some("object")) else {
            return;
        };
        for key in keys.items().take(MAX_KEYS) {
            let Some(name) = key.as_str() else { continue };
            let property = items.field("properties").and_then(|p| p.field(name));
            if let Some(property) = property {
                self.map_key(items, property, name);
            } else {
                let message =
                    format!("`{name}` is no property of the items: it cannot identify them");
                conflict(self.v, key, message);
            }
        }
    }

    fn map_key(&mut self, items: Node<'d>, property: Node<'d>, name: &str) {
        let required = items.list("required").any(|r| r.as_str() == Some(name));
        if !required && property.get("default").is_none() {
            let message = format!(
                "`{name}` is optional but identifies the items; give it a default or add it to `required`"
            );
            let help = format!("add `required: [{name}]` to `items`");
            missing(self.v, property.lacking(), message).help = Some(help);
        }
        let apart = "it identifies the items";
        if let Some(nullable) = set(property, "nullable") {
            let message = format!("`{name}` cannot be `nullable`: {apart}");
            conflict(self.v, own_key(nullable), message);
        }
        let ty = property.field("type");
        if let Some(ty) = ty.filter(|t| matches!(t.text(), Some("array" | "object"))) {
            conflict(self.v, ty, format!("`{name}` must be a scalar: {apart}"));
        }
    }
}

fn untyped<'d>(v: &mut Validator<'d>, at: impl Into<NodeSpan<'d>>) {
    let message = "`type` is missing: each value that a schema describes has one";
    let help =
        "add `type:`, or `x-kubernetes-preserve-unknown-fields: true` where any value is allowed";
    missing(v, at, message).help = Some(help.into());
}

/// `[{type: integer}, {type: string}]`, which every tool writes beside `x-kubernetes-int-or-string`, and which is let pass.
fn is_int_or_string(any: Node<'_>) -> bool {
    let one = |item: Node<'_>, kind: &str| item.len() == 1 && text(item, "type") == Some(kind);
    let mut items = any.items();
    let first = items.next().is_some_and(|item| one(item, "integer"));
    first && items.next().is_some_and(|item| one(item, "string")) && items.next().is_none()
}

/// A rule of `x-kubernetes-validations`, but for its expressions.
fn rule<'d>(v: &mut Validator<'d>, rule: Node<'d>) {
    let trimmed = |key: &str| text(rule, key).unwrap_or_default().trim();
    let breaks = |text: &str| text.contains(['\n', '\r']);
    for key in ["rule", "messageExpression"] {
        let Some(value) = rule.field(key) else {
            continue;
        };
        let empty = |t: &str| t.trim().is_empty() && (key == "rule" || !t.is_empty());
        if value.as_str().is_some_and(empty) {
            let message = format!("`{key}` is empty: it is an expression");
            missing(v, own_key(value), message).help = Some("write one, or remove it".into());
        }
    }
    if let Some((message, text)) = judged(rule, "message") {
        let fits = !text.trim().is_empty() && !breaks(text.trim());
        v.form(fits, message, "message", "one line of text");
    } else if breaks(trimmed("rule")) {
        let message =
            "`message` is missing: a rule of several lines is not shown to the user, and needs one";
        missing(v, rule.lacking(), message).help = Some("add `message:`".into());
    }
    if let Some((path, text)) = judged(rule, "fieldPath") {
        let fits = !text.trim().is_empty() && !breaks(text);
        v.form(
            fits,
            path,
            "fieldPath",
            "a path of the schema, such as `.spec.size`",
        );
    }
}
