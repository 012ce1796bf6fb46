//! A custom resource against the schema of its CustomResourceDefinition: tree against tree, so that nothing is compiled. Structural
//! schemas (apiextensions.k8s.io/v1); the CEL rules in them are left to the API server.

use super::constraints::unique;
use super::problem::SchemaProblem;
use super::table::ApiKind;
use super::validator::{Validator, short, with_article};
use super::{cross_field, format};
use crate::finding::Releases;
use crate::ids;
use crate::kube::{Object, is_templated, is_unresolved};
use crate::text::nearest;
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::collections::HashMap;

/// What a definition says of its versions, looked up once for all of its resources.
pub struct Definition<'c> {
    /// The first of each name, and whether one of that name is served.
    versions: HashMap<&'c str, (Node<'c>, bool)>,
    /// The names of those that are served, as far as somebody may have meant one.
    served: Vec<&'c str>,
    /// Whether a name is filled in later.
    open: bool,
}

impl<'c> Definition<'c> {
    /// Of a CustomResourceDefinition.
    pub fn of(definition: Object<'c>) -> Self {
        const MEANT: usize = 100;
        let mut known = Self {
            versions: HashMap::new(),
            served: Vec::new(),
            open: false,
        };
        let spec = definition.node.field("spec");
        for version in spec.into_iter().flat_map(|s| s.list("versions")) {
            let name = version.field("name").and_then(Node::text);
            let Some(name) = name else { continue };
            let (_, served) = known.versions.entry(name).or_insert((version, false));
            if version.field("served").and_then(Node::as_bool) == Some(true) {
                *served = true;
                known.open |= is_templated(name);
                if known.served.len() < MEANT {
                    known.served.push(name);
                }
            }
        }
        known
    }
}

/// Checks a custom resource by its definition.
pub(super) fn check<'d>(
    check: &mut Validator<'d>,
    resource: Object<'d>,
    definition: &Definition<'_>,
) {
    let asked = resource.gvk.version;
    let version = definition.versions.get(asked);
    if !definition.open && !version.is_some_and(|(_, served)| *served) {
        let kind = resource.gvk.kind;
        let at = resource.node.get("apiVersion").unwrap_or(resource.node);
        let message = format!(
            "the CustomResourceDefinition of {kind} does not serve `{asked}`, so the API server rejects this object"
        );
        let names = || definition.served.iter().copied();
        let near = nearest(asked, names()).or(names().next());
        let help = near.map(|near| format!("Write `apiVersion: {}/{near}`.", resource.gvk.group));
        check.add(ids::api::VERSION_NOT_SERVED_BY_CRD, at, message, help);
        return;
    }
    let schema = version.and_then(|(v, _)| v.at(&["schema", "openAPIV3Schema"]));
    if let Some(schema) = schema {
        root(check, resource, schema, &mut Vec::new());
    }
}

/// That nothing defines a custom resource.
pub fn undefined(resource: Object<'_>, targets: Releases) -> SchemaProblem<'_> {
    let kind = resource.gvk.kind;
    let message = format!(
        "no CustomResourceDefinition of {kind} was found here, so its fields are not checked"
    );
    of_kind(resource, targets, ids::schema::MISSING_DEFINITION, message)
}

/// What may be meant by a kind that is in the plural, or in other letters: its resource's name, which is no kind. In lower case.
pub fn singulars(kind: &str) -> Vec<String> {
    let kind = kind.to_lowercase();
    let endings = [("s", ""), ("es", ""), ("ies", "y")].into_iter();
    let singular =
        endings.filter_map(|(plural, one)| Some(format!("{}{one}", kind.strip_suffix(plural)?)));
    let mut all: Vec<String> = singular.collect();
    all.push(kind);
    all
}

/// That another kind is defined, and was meant.
pub fn misspelt<'d>(resource: Object<'d>, meant: &str, targets: Releases) -> SchemaProblem<'d> {
    let (kind, group) = (resource.gvk.kind, resource.gvk.group);
    let message = format!("`{group}` has no kind {kind}: the API server rejects this object");
    SchemaProblem {
        help: Some(format!("write `kind: {meant}`")),
        ..of_kind(resource, targets, ids::schema::UNKNOWN_KIND, message)
    }
}

fn of_kind<'d>(
    resource: Object<'d>,
    releases: Releases,
    rule: &'static str,
    message: String,
) -> SchemaProblem<'d> {
    let at = resource.node.get("kind").unwrap_or(resource.node);
    SchemaProblem::new(rule, at, message, releases)
}

/// The names on the way to a value, for messages.
pub(super) type Path = Vec<String>;

fn root<'d>(check: &mut Validator<'d>, resource: Object<'d>, schema: Node<'_>, path: &mut Path) {
    path.push(resource.gvk.kind.to_owned());
    if let Some(metadata) = resource.node.field("metadata") {
        let own = ApiKind::of("", "v1", "ConfigMap").and_then(ApiKind::ty);
        let field = own.and_then(|ty| ty.field("metadata").first());
        if let Some(field) = field {
            check.value(metadata, field, field.around, "metadata");
        }
    }
    let name = resource.metadata("name");
    let judged = |n: &Node<'_>| n.as_str().is_some_and(|text| !is_unresolved(text));
    if let Some(name) = name.filter(judged) {
        let text = name.as_str().unwrap_or_default();
        let fits = format::is_subdomain(text) || !text.contains(char::is_alphanumeric);
        let what = "lower-case letters, digits, `-` and `.`, with a letter or digit at both ends";
        check.form(fits, name, "metadata.name", what);
    }
    map(check, resource.node, schema, path, true, false);
    path.pop();
}

/// Keeps fields that a schema does not name: of a map its own, of a list those of its items. (apiextensions-apiserver, pruning.)
const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";

/// Whether a schema lets a map have any fields.
fn takes_any_field(schema: Node<'_>) -> bool {
    let preserves = schema.field(PRESERVE);
    preserves.and_then(Node::as_bool) == Some(true)
        || schema.field("type").is_none() && schema.field("properties").is_none()
}

fn map<'d>(
    check: &mut Validator<'d>,
    node: Node<'d>,
    schema: Node<'_>,
    path: &mut Path,
    object: bool,
    preserved: bool,
) {
    let properties = schema.field("properties");
    let additional = schema.field("additionalProperties");
    let object = object
        || schema
            .field("x-kubernetes-embedded-resource")
            .and_then(Node::as_bool)
            == Some(true);
    let known = |name: &str| properties.and_then(|properties| properties.field(name));
    let mut unknown = 0;
    for (key, value) in node.entries() {
        let Some(name) = key.key() else { continue };
        let own = object && matches!(&*name, "apiVersion" | "kind" | "metadata");
        // `$patch` and the like direct kustomize, `sops` is SOPS' own: neither reaches a server.
        if own || name.starts_with('$') || name == "sops" && path.len() == 1 {
            continue;
        }
        let of_field = known(&name);
        let of_rest = additional.filter(|a| a.kind() == NodeKind::Map);
        if let Some(of_value) = of_field.or(of_rest) {
            path.push(name.into_owned());
            value_of(check, value, of_value, path);
            path.pop();
        } else if additional.is_none_or(|a| a.as_bool() == Some(false))
            && !preserved
            && !takes_any_field(schema)
        {
            unknown += 1;
            // Of so many, none is a slip of the pen.
            let meant = properties.filter(|_| unknown <= SLIPS);
            unknown_field(check, key, &name, meant, path);
        }
    }
    // What is misspelt is no longer missing when it is right.
    let required = schema.list("required").filter_map(Node::as_str);
    for name in required.filter(|_| unknown == 0) {
        if check.is_crowded() {
            return;
        }
        let is = known(name);
        let defaulted = is.is_some_and(|p| p.get("default").is_some());
        let nullable = is.and_then(|p| p.field("nullable")).and_then(Node::as_bool) == Some(true);
        let given = node.get(name);
        if given.is_none_or(|value| value.is_null() && !nullable) && !defaulted {
            let message = format!("`{name}` is missing: {} cannot be without it", shown(path));
            let help = Some(format!("add `{name}:`"));
            let null = given.and_then(Node::key_node);
            let node_span = null.map_or_else(|| node.lacking(), NodeSpan::from);
            let problem = check.add(ids::schema::MISSING_FIELD, node_span, message, help);
            problem.missing = true;
        }
    }
}

/// Keys of a list that are looked at; nobody has more.
pub(super) const MAX_KEYS: usize = 16;

/// Unknown fields of a map that are compared with those that it may have.
const SLIPS: usize = 20;

/// `Certificate`, `spec.acme of Issuer`.
fn shown(path: &Path) -> String {
    match path.as_slice() {
        [kind] => with_article(kind),
        [kind, fields @ ..] => format!("`{}` of {}", fields.join("."), with_article(kind)),
        [] => "it".to_owned(),
    }
}

fn unknown_field<'d>(
    check: &mut Validator<'d>,
    key: Node<'d>,
    name: &str,
    properties: Option<Node<'_>>,
    path: &Path,
) {
    if is_unresolved(name) {
        return;
    }
    let names = properties.into_iter().flat_map(Node::entries);
    let help = check.meant(name, names.filter_map(|(key, _)| key.text()));
    let message = format!(
        "{} has no field `{name}`: the API server rejects or silently drops it",
        shown(path)
    );
    check.add(ids::schema::UNKNOWN_FIELD, key, message, help);
}

pub(super) fn value_of<'d>(
    check: &mut Validator<'d>,
    node: Node<'d>,
    schema: Node<'_>,
    path: &mut Path,
) {
    value_within(check, node, schema, path, false);
}

/// A value; of an item of a list that keeps what it does not know, `preserved`.
fn value_within<'d>(
    check: &mut Validator<'d>,
    node: Node<'d>,
    schema: Node<'_>,
    path: &mut Path,
    preserved: bool,
) {
    let text = node.text().unwrap_or_default();
    let kind = node.kind();
    let collection = matches!(cross_field::text(schema, "type"), Some("object" | "array"));
    // A word such as `x` stands for text only.
    let word = || text.chars().all(char::is_alphanumeric);
    let open = kind == NodeKind::Str && is_unresolved(text) && !(collection && word());
    // Null is dropped where it is not allowed, or replaced by the default.
    if node.is_null() || open || node.is_unquoted_template() || check.is_crowded() {
        return;
    }
    let name = path.last().cloned().unwrap_or_default();
    let flag = |name: &str| schema.field(name).and_then(Node::as_bool) == Some(true);
    if flag("x-kubernetes-int-or-string") {
        let fits = kind == NodeKind::Str || is_integer(node);
        check.expect(fits, node, &name, "an integer or a string");
        pattern(check, node, schema, &name);
        return;
    }
    let (fits, what) = match schema.field("type").and_then(Node::as_str) {
        Some("object") => (kind == NodeKind::Map, "a map"),
        Some("array") => (kind == NodeKind::Seq, "a list"),
        Some("string") => (kind == NodeKind::Str, "a string"),
        Some("integer") => (is_integer(node), "an integer"),
        Some("number") => (matches!(kind, NodeKind::Int | NodeKind::Float), "a number"),
        Some("boolean") => (kind == NodeKind::Bool, "true or false"),
        _ => (true, ""),
    };
    if !fits {
        match node.pairs().next() {
            // To the API server, a map has fields first, and then a type.
            Some((key, _)) if what == "a list" => key_of_list(check, key, &name),
            _ => check.wrong(node, &name, what),
        }
        return;
    }
    match kind {
        NodeKind::Map => map(check, node, schema, path, false, preserved),
        NodeKind::Seq => {
            let preserved = preserved || flag(PRESERVE);
            list(check, node, schema, path, &name, preserved);
        }
        _ => scalar(check, node, schema, &name),
    }
}

fn key_of_list<'d>(check: &mut Validator<'d>, key: Node<'d>, name: &str) {
    let Some(field) = key.key().filter(|k| !is_unresolved(k)) else {
        return;
    };
    let message =
        format!("`{name}` is a list, and has no field `{field}`: the API server rejects it");
    let help = Some("begin each item with `- `".to_owned());
    check.add(ids::schema::UNKNOWN_FIELD, key, message, help);
}

/// Whether JSON has it as an integer: `3.0` and `1e3` are.
fn is_integer(node: Node<'_>) -> bool {
    let number = || node.text().and_then(|text| text.parse::<f64>().ok());
    match node.kind() {
        NodeKind::Int => true,
        NodeKind::Float => number().is_some_and(|n| n.fract() == 0.0),
        _ => false,
    }
}

fn list<'d>(
    check: &mut Validator<'d>,
    node: Node<'d>,
    schema: Node<'_>,
    path: &mut Path,
    name: &str,
    preserved: bool,
) {
    within(
        check,
        node,
        schema,
        name,
        node.len(),
        ["minItems", "maxItems"],
        "items",
    );
    if let Some(items) = schema.field("items").filter(|i| i.kind() == NodeKind::Map) {
        for item in node.items() {
            value_within(check, item, items, path, preserved);
        }
    }
    match cross_field::text(schema, "x-kubernetes-list-type") {
        Some("set") => unique(check, node, &[], |_| None),
        Some("map") => {
            let keys = schema.list("x-kubernetes-list-map-keys");
            let keys: Vec<&str> = keys.filter_map(Node::as_str).take(MAX_KEYS).collect();
            let default = |key: &str| schema.at(&["items", "properties", key, "default"])?.text();
            unique(check, node, &keys, default);
        }
        _ => {}
    }
}

/// A count between two limits of a schema.
fn within<'d>(
    check: &mut Validator<'d>,
    node: Node<'d>,
    schema: Node<'_>,
    name: &str,
    count: usize,
    limits: [&str; 2],
    of: &str,
) {
    let [least, most] = limits.map(|limit| {
        let limit = schema.field(limit).and_then(Node::as_int);
        limit.and_then(|n| usize::try_from(n).ok())
    });
    let bound = match (least, most) {
        (Some(least), _) if count < least => format!("at least {least}"),
        (_, Some(most)) if count > most => format!("at most {most}"),
        _ => return,
    };
    let message = format!("`{name}` must have {bound} {of}, and this has {count}");
    check.add(ids::schema::RANGE, node, message, None);
}

/// A string against the regular expression of a schema.
fn pattern<'d>(check: &mut Validator<'d>, node: Node<'d>, schema: Node<'_>, name: &str) {
    let of_schema = schema.field("pattern").and_then(Node::as_str);
    if let Some((pattern, text)) = of_schema.zip(node.as_str())
        && check.patterns.matches(pattern, text) == Some(false)
    {
        let what = format!("text that matches `{}`", short(pattern));
        check.form(false, node, name, &what);
    }
}

fn scalar<'d>(check: &mut Validator<'d>, node: Node<'d>, schema: Node<'_>, name: &str) {
    let text = node.text().unwrap_or_default();
    let values = || schema.list("enum").filter_map(Node::text);
    let allowed = schema.field("enum").filter(|_| values().next().is_some());
    if allowed.is_some_and(|allowed| !allowed.has_item(text)) {
        check.not_among(node, name, values());
        return;
    }
    if node.kind() == NodeKind::Str {
        let count = text.chars().count();
        within(
            check,
            node,
            schema,
            name,
            count,
            ["minLength", "maxLength"],
            "characters",
        );
        pattern(check, node, schema, name);
        match schema.field("format").and_then(Node::as_str) {
            Some("date-time") => check.form(
                format::is_time(text, false) || format::is_time(text, true),
                node,
                name,
                "a time such as `2026-01-31T10:00:00Z`",
            ),
            Some("byte") => check.form(format::is_base64(text), node, name, "base64"),
            _ => {}
        }
        return;
    }
    let Some(number) = node.as_int() else { return };
    let limit = |field: &str| schema.field(field).and_then(Node::as_int);
    let exclusive = |field: &str| schema.field(field).and_then(Node::as_bool) == Some(true);
    let least =
        limit("minimum").map(|n| n.saturating_add(i64::from(exclusive("exclusiveMinimum"))));
    let most = limit("maximum").map(|n| n.saturating_sub(i64::from(exclusive("exclusiveMaximum"))));
    let expected = match (least, most) {
        (Some(least), _) if number < least => format!("{least} or more"),
        (_, Some(most)) if number > most => format!("{most} or less"),
        _ => return,
    };
    let message = format!("`{name}` must be {expected}, and this is {number}");
    check.add(ids::schema::RANGE, node, message, None);
}
