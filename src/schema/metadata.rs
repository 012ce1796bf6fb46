//! Metadata of objects: each kind has its own form of names.

use super::cross_field::{amount, conflict, missing, own_key, text};
use super::format;
use super::table::{ApiKind, NameForm};
use super::validator::{Validator, is_zero};
use crate::ids;
use crate::kube::{Object, is_replaced, is_templated};
use crate::yaml::{Node, NodeSpan};

/// What all annotations of an object may have together, in bytes.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// Finalizers of Kubernetes' own, which have no domain.
const FINALIZERS: [&str; 3] = ["kubernetes", ORPHAN, FOREGROUND];
const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// Kinds that are questions or answers, not objects that are kept: they need no name.
fn is_kept(kind: &ApiKind) -> bool {
    const PASSING: [&str; 9] = [
        "Eviction",
        "Binding",
        "Status",
        "WatchEvent",
        "TokenRequest",
        "Scale",
        "APIGroup",
        "APIVersions",
        "APIResource",
    ];
    let ends = ["Review", "List", "Options"];
    !ends.iter().any(|end| kind.kind.ends_with(end)) && !PASSING.contains(&kind.kind)
}

/// Checks the metadata of an object.
pub(super) fn check<'d>(v: &mut Validator<'d>, object: Object<'d>, kind: &ApiKind) {
    if !is_kept(kind) {
        return;
    }
    name(v, object, kind);
    let Some(metadata) = object.node.field("metadata") else {
        return;
    };
    if let Some(namespace) = judged(metadata, "namespace").filter(|_| kind.namespaced) {
        let fits = namespace.as_str().is_none_or(format::is_label);
        v.form(fits, namespace, "metadata.namespace", LABEL);
    }
    let generation = metadata.field("generation");
    if let Some(generation) = generation.filter(|g| kind.keeps_generation && is_negative(*g)) {
        let message = "`generation` must not be negative".to_owned();
        v.add(ids::schema::RANGE, generation, message, None);
    }
    finalizers(v, metadata, kind);
    owners(v, metadata);
    annotations(v, metadata);
}

/// A field of text that can be judged.
fn judged<'d>(metadata: Node<'d>, key: &str) -> Option<Node<'d>> {
    let value = metadata.field(key)?;
    let text = value.as_str()?;
    (!text.is_empty() && !is_replaced(text)).then_some(value)
}

fn is_negative(number: Node<'_>) -> bool {
    amount(number).is_some_and(|n| n < 0.0)
}

fn name<'d>(v: &mut Validator<'d>, object: Object<'d>, kind: &ApiKind) {
    let prefix = object.metadata("generateName");
    if let Some(text) = prefix.and_then(Node::as_str).filter(|t| !is_replaced(t))
        && let Some(prefix) = prefix
        && !text.is_empty()
    {
        let (fits, what) = form(&without_dash(text), object, kind, v);
        let fits = fits || kind.name == NameForm::PathSegment && matches!(text, "." | "..");
        v.form(fits, prefix, "metadata.generateName", &what);
    }
    let given = object.metadata("name").filter(|n| !n.is_null());
    let Some(name) = given.filter(|n| n.text() != Some("")) else {
        // The server makes up the name of a LimitRange.
        if kind.kind != "LimitRange" {
            unnamed(v, object);
        }
        return;
    };
    let Some(text) = name.as_str() else { return };
    // Patches may be called `_` and the like, and get their names from their targets; a Namespace from the kustomization.
    let named_later = v.is_fragment() || kind.kind == "Namespace";
    let stands_in = named_later && !text.contains(|c: char| c.is_alphanumeric());
    if stands_in || is_replaced(text) {
        return;
    }
    let (fits, what) = form(text, object, kind, v);
    if !fits && kind.name == NameForm::ApiService {
        conflict(v, name, format!("`metadata.name` must be {what}"));
        return;
    }
    v.form(fits, name, "metadata.name", &what);
}

/// The beginning of a name may end with a dash.
fn without_dash(prefix: &str) -> String {
    match prefix.strip_suffix('-') {
        Some(start) if prefix.len() > 1 => format!("{start}a"),
        _ => prefix.to_owned(),
    }
}

fn unnamed<'d>(validator: &mut Validator<'d>, object: Object<'d>) {
    let generated = object.metadata("generateName").and_then(Node::text);
    if generated.is_some_and(|prefix| !prefix.is_empty()) {
        return;
    }
    let metadata = object.node.get("metadata");
    let node_span: NodeSpan<'d> = match (object.metadata("name"), metadata) {
        (Some(empty), _) => own_key(empty).into(),
        (None, Some(metadata)) => match object.node.at(&["metadata"]).and_then(|m| m.get("name")) {
            Some(null) => own_key(null).into(),
            None => metadata.lacking(),
        },
        (None, None) => object
            .node
            .get("kind")
            .map_or_else(|| object.node.lacking(), Node::lacking),
    };
    let message = format!(
        "this {} has no `metadata.name`: the API server rejects it",
        object.gvk.kind
    );
    missing(validator, node_span, message).help = Some("give it a name".to_owned());
}

const SUBDOMAIN: &str =
    "lower-case letters, digits, `-` and `.`, a letter or digit at both ends of each part";
const LABEL: &str =
    "lower-case letters, digits and dashes, at most 63, a letter or digit at both ends";

/// Whether a name has its kind's form, and what that is.
fn form(name: &str, object: Object<'_>, kind: &ApiKind, v: &Validator<'_>) -> (bool, String) {
    let shorter = |most: usize| {
        let fits = name.len() <= most && format::is_subdomain(name);
        (fits, format!("at most {most} {SUBDOMAIN}"))
    };
    let subdomain = || (format::is_subdomain(name), SUBDOMAIN.to_owned());
    let path = |path: &[&str]| object.node.at(path).and_then(Node::text);
    let wanted = |first: Option<&str>, second: Option<&str>| {
        let given = first
            .zip(second)
            .filter(|(a, b)| !a.is_empty() && !b.is_empty());
        given.map(|(first, second)| format!("{first}.{second}"))
    };
    match kind.name {
        NameForm::PathSegment => (
            format::is_path_segment(name),
            "a name without `/` and `%`, and not `.` or `..`".to_owned(),
        ),
        // Up to 1.35 it could not begin with a digit.
        NameForm::Service if v.all_before(36) => (
            format::is_label_1035(name),
            "lower-case letters, digits and dashes, at most 63, that begin with a letter"
                .to_owned(),
        ),
        NameForm::Label | NameForm::Service => (format::is_label(name), LABEL.to_owned()),
        NameForm::CronJob => shorter(52),
        NameForm::Job => {
            let indexed = path(&["spec", "completionMode"]) == Some("Indexed");
            if indexed {
                (format::is_label(name), LABEL.to_owned())
            } else {
                shorter(63)
            }
        }
        NameForm::Definition => {
            match wanted(path(&["spec", "names", "plural"]), path(&["spec", "group"])) {
                Some(wanted) if name != wanted => {
                    (false, format!("`{wanted}`: the plural name and the group"))
                }
                _ => subdomain(),
            }
        }
        NameForm::ApiService => {
            let group = path(&["spec", "group"]).or_else(|| (!v.is_fragment()).then_some(""));
            let version = path(&["spec", "version"]).filter(|version| !version.is_empty());
            match version.zip(group) {
                Some((version, group)) => {
                    let wanted = format!("{version}.{group}");
                    (
                        name == wanted,
                        format!("`{wanted}`: the version and the group"),
                    )
                }
                None => (true, String::new()),
            }
        }
        NameForm::Ip => (format::is_ip(name), "an IP address".to_owned()),
        NameForm::TrustBundle => {
            let signer = path(&["spec", "signerName"]).filter(|s| !s.is_empty());
            match signer.map(|signer| signer.replace('/', ":") + ":") {
                Some(start) => {
                    let rest = name.strip_prefix(&start);
                    let fits = is_templated(&start) || rest.is_some_and(format::is_subdomain);
                    (fits, format!("`{start}` and a name: its signer's bundle"))
                }
                None => subdomain(),
            }
        }
        NameForm::Subdomain => subdomain(),
    }
}

fn finalizers<'d>(v: &mut Validator<'d>, metadata: Node<'d>, kind: &ApiKind) {
    let mut waits: Option<&str> = None;
    for item in metadata.list("finalizers") {
        finalizer(v, item, kind.any_finalizer);
        let text = item.as_str().unwrap_or_default();
        if matches!(text, ORPHAN | FOREGROUND) {
            if waits.is_some_and(|other| other != text) {
                let message = format!("`{ORPHAN}` and `{FOREGROUND}` exclude each other");
                conflict(v, item, message);
            }
            waits = Some(text);
        }
    }
}

/// `validateFinalizerName`: it has a domain, unless it is Kubernetes' own or the kind takes any.
fn finalizer<'d>(v: &mut Validator<'d>, item: Node<'d>, any: bool) {
    let text = item.as_str().unwrap_or_default();
    let known = any || text.contains('/') || FINALIZERS.contains(&text);
    let fits = known && format::is_qualified(text) || is_replaced(text);
    v.form(fits, item, "finalizers", "a domain, a slash and a name");
}

/// What a Namespace waits for before its contents are gone (`ValidateNamespace`).
pub(super) fn of_namespace<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    for item in spec.list("finalizers") {
        finalizer(v, item, false);
    }
}

/// What owns the object; one of them at most controls it.
fn owners<'d>(v: &mut Validator<'d>, metadata: Node<'d>) {
    let mut controlled = false;
    for owner in metadata.list("ownerReferences") {
        if let Some(version) = judged(owner, "apiVersion") {
            let written = version.as_str().unwrap_or_default();
            let mut parts = written.split('/').skip(1);
            let fits = parts.next().is_none_or(|v| !v.is_empty()) && parts.next().is_none();
            v.form(fits, version, "apiVersion", "a group and a version");
            if written == "v1" && text(owner, "kind") == Some("Event") {
                conflict(v, version, "an Event cannot own anything");
            }
        }
        let controller = owner.field("controller").and_then(Node::as_bool) == Some(true);
        if controller && controlled {
            let message = "one owner at most can be the controller";
            conflict(v, owner.lacking(), message);
        }
        controlled |= controller;
    }
}

fn annotations<'d>(v: &mut Validator<'d>, metadata: Node<'d>) {
    let Some(annotations) = metadata.field("annotations") else {
        return;
    };
    let length = |node: Node<'_>| node.text().map_or(0, str::len);
    let total: usize = annotations
        .entries()
        .map(|(key, value)| length(key) + length(value))
        .sum();
    if total > MAX_ANNOTATIONS {
        let message =
            format!("the annotations have {total} bytes, and {MAX_ANNOTATIONS} at most are taken");
        v.add(ids::schema::RANGE, own_key(annotations), message, None);
    }
}

/// The metadata of the claims that a template makes: labels and annotations (`ValidateTemplateObjectMeta`).
pub(super) fn of_claims<'d>(v: &mut Validator<'d>, template: Node<'d>) {
    for (key, value) in template
        .field("metadata")
        .into_iter()
        .flat_map(Node::entries)
    {
        let name = key.text().unwrap_or_default();
        if !matches!(name, "labels" | "annotations") && !is_zero(value) {
            let message = format!("claims of a template have no `{name}` of their own");
            conflict(v, key, message);
        }
    }
}
