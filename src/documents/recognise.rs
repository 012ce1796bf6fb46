//! Which documents are Kubernetes' business, and which texts hide further documents.

use super::kustomize;
use crate::component::form::{FileName, NestedText, OwnFormat, Unparsed};
use crate::component::{Form, forms, is_config, kinds_without_version};
use crate::kube::{Completeness, Gvk, Object};
use crate::yaml::{self, Document, Format, Node, NodeKind, Split, Style};
use memchr::memmem;
use std::collections::HashSet;

/// How a file is read, by its name; `None` for one that is none of ours.
pub fn format_of(path: &str) -> Option<Format> {
    let file = FileName::of(path);
    if file.is("yaml") || file.is("yml") || file.is("json") || file.name == "Kustomization" {
        return Some(Format::Yaml);
    }
    forms::ALL.iter().find_map(|form| (form.format)(&file))
}

/// What a format tells of all documents in it, if one form has it alone.
fn own_format(format: Format) -> Option<&'static OwnFormat> {
    if matches!(format, Format::Yaml | Format::Json | Format::NotJson) {
        return None;
    }
    let mut formats = forms::ALL.iter().flat_map(|form| form.formats);
    formats.find(|own| own.format == format)
}

/// The chunks of a file.
pub fn chunks(path: &str, text: &str) -> Split {
    match format_of(path) {
        Some(format) if own_format(format).is_some() => yaml::whole(text, format),
        _ => yaml::split(text),
    }
}

/// Whether the text may hold a document of ours; where not, it need not be parsed.
pub fn may_contain_manifest(path: &str, text: &str) -> bool {
    let unparsed = Unparsed { path, text };
    if let Some(own) = format_of(path).and_then(own_format) {
        return own.words.iter().any(|word| unparsed.has(word));
    }
    let start = text.trim_start();
    let of_form = |form: &&Form| (form.may_be_in)(&unparsed) || form.begins(start);
    unparsed.has_two_of(&["apiVersion", "kind", "metadata"])
        || forms::ALL.iter().any(of_form)
        || super::paths::name(path) == CHART
        || kustomize::Repository::is_kustomization(super::paths::name(path))
        || may_spell(text)
}

/// Whether escapes or tags may make words of a text that it does not show: `"\x6bind"`, a line that is continued, `!!binary`.
pub(super) fn may_spell(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr3_iter(b'\\', b'!', b'%', bytes).any(|at| match bytes.get(at..) {
        Some([b'\\', next, ..]) => matches!(next, b'x' | b'u' | b'U' | b'\n' | b'\r' | 0x80..),
        Some([b'!', next, ..]) => matches!(next, b'!' | b'<'),
        Some(rest) => rest.starts_with(b"%TAG"),
        None => false,
    })
}

/// Whether a text that cannot be parsed was meant as a document of ours: both keys at the start of a line, or as JSON keys.
pub fn looks_like_manifest(text: &str) -> bool {
    ["apiVersion", "kind"].into_iter().all(|key| {
        memmem::find_iter(text.as_bytes(), key.as_bytes()).any(|at| {
            let (before, after) = (
                text.get(..at).unwrap_or_default(),
                text.get(at + key.len()..).unwrap_or_default(),
            );
            let json = before.ends_with('"')
                && after.starts_with('"')
                && after
                    .get(1..)
                    .is_some_and(|a| a.trim_start().starts_with(':'));
            let line = (before.is_empty() || before.ends_with(['\n', '\r', '\u{FEFF}']))
                && after.trim_start_matches([' ', '\t']).starts_with(':');
            json || line
        })
    })
}

/// What Helm calls the file about a chart.
const CHART: &str = "Chart.yaml";

/// A configuration that has no kind, told by what stands in it and where its file lies.
fn kindless<'d>(root: Node<'d>, format: Format, path: &str) -> Option<Object<'d>> {
    if let Some(OwnFormat { gvk, .. }) = own_format(format) {
        return Some(Object::named(root, gvk.0, gvk.1));
    }
    let name = super::paths::name(path);
    let map = root.kind() == NodeKind::Map;
    if map && kustomize::Repository::is_kustomization(name) {
        let (group, kind) = ("kustomize.config.k8s.io", "Kustomization");
        return Some(Object::named(root, group, kind));
    }
    if map && name == CHART {
        let version = root.get("apiVersion")?.as_str()?;
        let (group, kind) = ("", "Chart");
        let gvk = Gvk {
            group,
            version,
            kind,
        };
        return Some(Object { node: root, gvk });
    }
    // A patch of kind's may leave out the apiVersion.
    if let Some(written) = root.get("kind") {
        let written = written.as_str()?;
        let (group, kind) = kinds_without_version().find(|(_, kind)| *kind == written)?;
        return Some(Object::named(root, group, kind));
    }
    forms::ALL
        .iter()
        .find_map(|form| (form.recognize)(root, path))
}

/// The objects of a document, items of a List one by one. Items of a typed list may leave their kind to the list.
pub fn objects<'d>(document: &'d Document<'d>, path: &str) -> Vec<Object<'d>> {
    let root = document.root();
    let Some(object) = Object::of(root) else {
        let found = kindless(root, document.format, path);
        return found.into_iter().flat_map(with_embedded).collect();
    };
    let Some(kind) = object.gvk.kind.strip_suffix("List") else {
        return with_embedded(object);
    };
    match object.node.get("items") {
        Some(items) if items.kind() == NodeKind::Seq => {
            let typed = |node| {
                (!kind.is_empty()).then_some(Object {
                    node,
                    gvk: Gvk { kind, ..object.gvk },
                })
            };
            items
                .items()
                .filter_map(|item| Object::of(item).or_else(|| typed(item)))
                .collect()
        }
        _ => vec![object],
    }
}

/// An object and the objects that stand in it as maps.
fn with_embedded(object: Object<'_>) -> Vec<Object<'_>> {
    let mut found = vec![object];
    if let Some(form) = Form::of(object.gvk) {
        found.extend((form.embedded)(object));
    }
    found
}

/// Where a document stands that is looked at.
#[derive(Clone, Copy)]
pub struct DocumentContext<'d> {
    /// Path of the file that holds it; of a nested one the file that its scalar becomes, or its key.
    pub path: &'d str,
    /// How much of itself it shows.
    pub completeness: Completeness,
    /// Whether all objects in it count, and not only configurations: what is written to a node, not somebody's data.
    pub counts: bool,
    /// Through how many scalars.
    pub depth: usize,
}

/// The scalars of an object that hold documents: values of a ConfigMap and of a Secret's `stringData`, what its form nests, files that
/// it writes to machines, and texts that their first line tells.
pub fn nested_texts(object: Object<'_>, depth: usize) -> Vec<(Node<'_>, DocumentContext<'_>)> {
    let data = match (object.gvk.group, object.gvk.kind) {
        ("", "ConfigMap") => object.node.field("data"),
        ("", "Secret") => object.node.field("stringData"),
        _ => None,
    };
    let values = data.into_iter().flat_map(Node::entries);
    let values = values.map(|(key, value)| {
        let key = key.text().unwrap_or_default();
        NestedText::complete(key, value)
    });
    let form = Form::of(object.gvk);
    let of_form = form.map_or_else(Vec::new, |form| (form.texts)(object));
    let written = form.map_or_else(Vec::new, |form| (form.files)(object));
    let written = written.into_iter();
    let written = written.filter_map(|f| Some(NestedText::complete(f.path, f.content?)));
    let told = told_by_first_line(object).into_iter();
    let told = told.map(|node| NestedText::complete("user-data", node));
    let counts = !(object.gvk.is("", "ConfigMap") || object.gvk.is("", "Secret"));
    let mut seen = HashSet::new();
    values
        .chain(of_form)
        .chain(written)
        .chain(told)
        .filter(|text| text.node.style() != Style::Plain && text.node.as_str().is_some())
        // Keys are seen where they are written.
        .filter(|text| format_of(text.path) != Some(Format::Pem))
        .filter(|text| seen.insert(text.node.id()))
        .map(|text| {
            let within = DocumentContext {
                path: text.path,
                completeness: text.completeness,
                counts,
                depth: depth + 1,
            };
            (text.node, within)
        })
        .collect()
}

/// Scalars that begin as documents of a form do: user data of a virtual machine, of a machine pool, of a Secret ...
fn told_by_first_line(object: Object<'_>) -> Vec<Node<'_>> {
    let text = object.node.span().text(object.node.document().text);
    let mut lines = forms::ALL.iter().filter_map(|form| form.first_line);
    let named = lines.any(|line| memmem::find(text.as_bytes(), line.as_bytes()).is_some());
    if !named && !may_spell(text) {
        return Vec::new();
    }
    let told = |text: &str| forms::ALL.iter().any(|form| form.begins(text));
    let scalars = object.node.within().filter(|n| !n.is_alias());
    scalars.filter(|n| n.as_str().is_some_and(told)).collect()
}

/// Documents inside of a scalar that are more than somebody's data.
pub fn counts_when_nested(object: Object<'_>) -> bool {
    is_config(object.gvk.group)
        || object.gvk.group.is_empty()
            && matches!(object.gvk.kind, "ConfigMap" | "Secret" | "List" | "Config")
}
