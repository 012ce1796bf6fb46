//! Where an object holds a credential that anybody may read. Rules report these places, and no writer shows them: both ask here.

use super::detect::{
    CredentialKind, PEM_IN_BASE64, assignments, encoded, hits, is_authorization, is_credential,
    may_hold_credential, named, stands_for_another,
};
use crate::kube::{Container, Object, PodSpec};
use crate::text::Span;
use crate::text::last_part;
use crate::yaml::{Node, NodeId, NodeKind, NodeSpan, SpanMap, decode_scalar, items};
use std::cell::OnceCell;
use std::ops::Range;

/// A credential in plain sight.
#[derive(Clone)]
pub struct ExposedSecret<'d> {
    /// The value, or the piece of it.
    pub at: NodeSpan<'d>,
    /// How it is known.
    pub what: CredentialKind,
    /// The name that it stands under; may be empty.
    pub name: String,
}

impl<'d> ExposedSecret<'d> {
    fn named(at: impl Into<NodeSpan<'d>>, name: &str) -> Self {
        Self {
            at: at.into(),
            what: CredentialKind::NameHint,
            name: name.to_owned(),
        }
    }
}

/// More pieces of one scalar help nobody, and would cost time without bound.
const MAX_SECRETS_PER_SCALAR: usize = 1000;

/// A scalar whose pieces are wanted: the way back to its text is found once.
pub struct Pieces<'d> {
    node: Node<'d>,
    map: OnceCell<Option<SpanMap>>,
}

impl<'d> Pieces<'d> {
    /// Of a scalar.
    pub fn of(node: Node<'d>) -> Self {
        Self {
            node,
            map: OnceCell::new(),
        }
    }

    /// A piece; the scalar itself where that is all of it, so that two rules mean the same place.
    pub fn at(&self, piece: Range<usize>) -> NodeSpan<'d> {
        let text = self.node.text().unwrap_or_default();
        let blank = text.len() - text.trim().len();
        if piece.len() + blank >= text.len() {
            return self.node.into();
        }
        let node = self.node.target();
        match self.map.get_or_init(|| decode_scalar(node)) {
            Some(map) => NodeSpan {
                node,
                span: map.outer(Span::of(piece)).0,
            },
            None => self.node.into(),
        }
    }
}

/// Credentials of a known format in a scalar.
fn formats<'d>(node: Node<'d>, name: &str, out: &mut Vec<ExposedSecret<'d>>) {
    let text = node.text().unwrap_or_default();
    let pieces = Pieces::of(node);
    out.extend(
        hits(text)
            .into_iter()
            .take(MAX_SECRETS_PER_SCALAR)
            .map(|hit| ExposedSecret {
                at: pieces.at(hit.at),
                what: hit.what,
                name: name.to_owned(),
            }),
    );
    // Base64 of `-----BEGIN `: key material of a kubeconfig and the like.
    if text.trim_start().starts_with(PEM_IN_BASE64)
        && let Some(what) = encoded(text)
    {
        out.push(ExposedSecret {
            at: node.into(),
            what,
            name: name.to_owned(),
        });
    }
}

/// Whether somebody else's tool has encrypted its values, so that they only look like something.
fn is_sealed(object: Object<'_>) -> bool {
    matches!(object.gvk.kind, "SealedSecret" | "CustomResourceDefinition")
}

/// What is found `anywhere` in one object: looked for when the first rule asks, and kept for the next.
#[derive(Default)]
pub struct ExposedSecrets(OnceCell<Vec<(NodeId, Span, CredentialKind)>>);

impl ExposedSecrets {
    /// The places, always of the same object.
    pub fn of<'d>(
        &'d self,
        object: Object<'d>,
    ) -> impl Iterator<Item = (NodeSpan<'d>, CredentialKind)> {
        let known = self.0.get_or_init(|| {
            let exposed_secrets = anywhere(object).into_iter();
            exposed_secrets
                .map(|l| (l.at.node.id(), l.at.span, l.what))
                .collect()
        });
        let document = object.node.document();
        known.iter().map(move |(id, span, what)| {
            let node = document.node(*id);
            (NodeSpan { node, span: *span }, *what)
        })
    }
}

/// Credentials of a known format anywhere in an object: of a Secret also those in base64, and always whole values.
fn anywhere(object: Object<'_>) -> Vec<ExposedSecret<'_>> {
    let mut out = Vec::new();
    if is_sealed(object) {
        return out;
    }
    let secret = object.gvk.is("", "Secret");
    let sops = object.node.get("sops");
    let in_sops = |node: &Node<'_>| sops.is_some_and(|s| s.span().contains(node.span()));
    let text = object.node.span().text(object.node.document().text);
    let all = may_hold_credential(text);
    let scalars = object
        .node
        .within()
        .filter(|n| n.kind() == NodeKind::Str && !n.is_alias())
        .filter(|n| all || !n.is_verbatim());
    for node in scalars.filter(|n| !in_sops(n)) {
        let before = out.len();
        formats(node, "", &mut out);
        if secret {
            out.truncate(before + 1);
            out.iter_mut()
                .skip(before)
                .for_each(|exposed| exposed.at = node.into());
        }
    }
    if secret {
        for (key, value) in object
            .node
            .field("data")
            .into_iter()
            .flat_map(Node::entries)
        {
            let text = value.text().unwrap_or_default();
            if !text.trim_start().starts_with(PEM_IN_BASE64)
                && hits(text).is_empty()
                && let Some(what) = encoded(text)
            {
                out.push(ExposedSecret {
                    at: value.into(),
                    what,
                    name: key.key().unwrap_or_default().into_owned(),
                });
            }
        }
    }
    out
}

/// Credentials in annotations and labels; and the copy of a Secret that `kubectl apply` leaves there.
pub fn annotations(object: Object<'_>) -> Vec<ExposedSecret<'_>> {
    const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
    let mut out = Vec::new();
    if is_sealed(object) {
        return out;
    }
    let pod = PodSpec::of(object).and_then(PodSpec::annotations);
    let maps = [
        object.metadata("annotations"),
        object.metadata("labels"),
        pod,
    ];
    let own = maps
        .into_iter()
        .flatten()
        .filter(|m| !m.is_alias())
        .map(|m| (m.id(), m));
    let maps: std::collections::BTreeMap<_, _> = own.collect();
    for (key, value) in maps.into_values().flat_map(Node::entries) {
        let name = key.key().unwrap_or_default();
        let text = value.text().unwrap_or_default();
        let copy = name == APPLIED
            && text.contains("\"kind\":\"Secret\"")
            && ["\"data\":{\"", "\"stringData\":{\""]
                .iter()
                .any(|d| text.contains(d))
            && !text.contains("ENC[");
        if copy {
            out.push(ExposedSecret::named(value, &name));
        } else {
            formats(value, &name, &mut out);
        }
    }
    out
}

/// Environment values of a container.
pub fn env(container: Container<'_>) -> Vec<ExposedSecret<'_>> {
    let mut out = Vec::new();
    for item in container.node.list("env") {
        let (Some(name), Some(value)) =
            (item.field("name").and_then(Node::text), item.field("value"))
        else {
            continue;
        };
        let before = out.len();
        formats(value, name, &mut out);
        let text = value.as_str().unwrap_or_default();
        let credential =
            || named(name).is_some_and(|n| is_credential(n, text)) || is_authorization(text);
        if out.len() == before && credential() {
            out.push(ExposedSecret::named(value, name));
        }
    }
    out
}

/// Command and arguments of a container.
pub fn arguments(container: Container<'_>) -> Vec<ExposedSecret<'_>> {
    let mut out = Vec::new();
    let mut flag: Option<&str> = None;
    let items = ["command", "args"]
        .into_iter()
        .flat_map(|f| container.node.list(f));
    for item in items {
        let text = item.text().unwrap_or_default();
        let before = out.len();
        formats(item, "", &mut out);
        if out.len() > before {
            flag = None;
            continue;
        }
        let is = |name: &str, value: &str| named(name).is_some_and(|n| is_credential(n, value));
        let waiting = flag.take();
        if is_authorization(text) {
            out.push(ExposedSecret::named(item, "Authorization"));
        } else if let Some(name) = waiting.filter(|n| is(n, text) && !text.starts_with('-')) {
            out.push(ExposedSecret::named(item, name));
        } else if !text.trim().contains(char::is_whitespace) {
            match text.split_once('=') {
                // `--flag=value`, and `NAME=value` for env(1).
                Some((name, value)) if is(name, value.trim_matches(['"', '\''])) => {
                    out.push(ExposedSecret::named(item, name));
                }
                None if text.starts_with('-') => flag = Some(text),
                _ => {}
            }
        } else {
            script(item, text, &mut out);
        }
    }
    out
}

/// Credentials in a command line, or a script of several.
fn script<'d>(item: Node<'d>, text: &str, out: &mut Vec<ExposedSecret<'d>>) {
    let pieces = Pieces::of(item);
    for line in text.lines().filter(|l| !l.trim_start().starts_with('#')) {
        let start = line.as_ptr() as usize - text.as_ptr() as usize;
        let mut program = "";
        let mut flag: Option<&str> = None;
        for word in line.split([' ', '\t', ';']) {
            let bare = word.trim_matches(['"', '\'', '`']);
            let is = |name: &str, value: &str| named(name).is_some_and(|n| is_credential(n, value));
            let from = start + (bare.as_ptr() as usize - line.as_ptr() as usize);
            let node_span = || pieces.at(from..from + bare.len());
            let waiting = flag.take();
            if let Some(name) = waiting.filter(|n| !bare.starts_with('-') && is(n, bare)) {
                out.push(ExposedSecret::named(node_span(), name));
            } else if waiting == Some("-u") && program == "curl" {
                if bare
                    .split_once(':')
                    .is_some_and(|(_, pw)| pw.len() > 2 && !stands_for_another(pw))
                {
                    out.push(ExposedSecret::named(node_span(), "-u"));
                }
            } else if let Some((name, value)) = bare.split_once('=') {
                let value = value.trim_matches(['"', '\'']);
                if is(name, value) && !value.contains(['(', ')', '|']) {
                    out.push(ExposedSecret::named(node_span(), name));
                }
            } else if program.starts_with("mysql")
                && bare.starts_with("-p")
                && bare.len() > 5
                && !stands_for_another(bare.trim_start_matches("-p").trim_matches(['"', '\'']))
            {
                out.push(ExposedSecret::named(node_span(), "-p"));
            } else if bare.starts_with('-') {
                flag = Some(bare);
            }
            let name = last_part(bare, b'/');
            if matches!(name, "curl" | "mysql" | "mysqldump" | "mysqladmin") {
                program = name;
            }
        }
    }
}

/// Values of a ConfigMap, and what its files assign.
pub fn config_map(object: Object<'_>) -> Vec<ExposedSecret<'_>> {
    let mut out = Vec::new();
    for (key, value) in object
        .node
        .field("data")
        .into_iter()
        .flat_map(Node::entries)
    {
        let (Some(key), Some(text)) = (key.key(), value.as_str()) else {
            continue;
        };
        let before = out.len();
        formats(value, &key, &mut out);
        let one_line = !text.trim_end().contains('\n');
        if one_line && named(&key).is_some_and(|n| is_credential(n, text)) {
            if out.len() == before {
                out.push(ExposedSecret::named(value, &key));
            }
            continue;
        }
        if is_code(&key) {
            continue;
        }
        let taken: Vec<_> = out.iter().skip(before).map(|l| l.at.span).collect();
        let pieces = Pieces::of(value);
        let assigned = assignments(text)
            .filter(|(name, text, _)| named(name).is_some_and(|n| is_credential(n, text)));
        for (name, _, at) in assigned.take(MAX_SECRETS_PER_SCALAR) {
            let node_span = pieces.at(at);
            if !taken.iter().any(|t| t.overlaps(node_span.span)) {
                out.push(ExposedSecret::named(node_span, name));
            }
        }
    }
    for (key, value) in object
        .node
        .field("binaryData")
        .into_iter()
        .flat_map(Node::entries)
    {
        if let Some(what) = value.as_str().and_then(encoded) {
            out.push(ExposedSecret {
                at: value.into(),
                what,
                name: key.key().unwrap_or_default().into_owned(),
            });
        }
    }
    out
}

/// Programs and pages name passwords in all sorts of ways.
fn is_code(file: &str) -> bool {
    [
        ".py", ".js", ".ts", ".go", ".rb", ".lua", ".java", ".html", ".css", ".md", ".sql",
        ".rego", ".php", ".tmpl", ".tpl",
    ]
    .iter()
    .any(|end| file.ends_with(end))
}

/// Literals of a kustomization's `secretGenerator`.
pub fn literals(object: Object<'_>) -> Vec<ExposedSecret<'_>> {
    let generators = object.node.list("secretGenerator");
    let literals = generators.flat_map(|g| g.list("literals"));
    literals
        .filter_map(|item| {
            let (name, value) = item.as_str()?.split_once('=')?;
            let value = value.trim_matches(['"', '\'']);
            let public = matches!(
                name,
                "username" | "user" | "ca.crt" | "url" | "host" | "port"
            );
            (!stands_for_another(value) && !public).then(|| ExposedSecret::named(item, name))
        })
        .collect()
}

/// Values for a chart, of a HelmRelease or an Argo CD Application.
pub fn chart_values(object: Object<'_>) -> Vec<ExposedSecret<'_>> {
    const SOURCE: &[&[&str]] = &[
        &["spec", "values"],
        &["spec", "source", "helm", "valuesObject"],
        &["spec", "source", "helm", "parameters"],
    ];
    let mut out = Vec::new();
    for values in SOURCE.iter().filter_map(|path| object.node.at(path)) {
        for node in values.within().filter(|n| !n.is_alias()) {
            if node.kind() == NodeKind::Map
                && let (Some(name), Some(value)) = (
                    node.field("name").and_then(Node::as_str),
                    node.field("value"),
                )
            {
                // A parameter, or an environment variable.
                let last = last_part(name, b'.');
                if named(last).is_some_and(|n| is_value(last, n, value)) {
                    out.push(ExposedSecret::named(value, name));
                }
            }
            let Some(name) = node.key_node().and_then(Node::key) else {
                continue;
            };
            let reference = ["existing", "ref", "name"]
                .iter()
                .any(|w| name.to_ascii_lowercase().contains(w));
            if !reference && named(&name).is_some_and(|n| is_value(&name, n, node)) {
                out.push(ExposedSecret::named(node, &name));
            }
        }
    }
    out
}

/// `passwordKey` and `secretKey: password` say under which key of a Secret something is.
fn is_value(name: &str, kind: super::detect::NameHint, value: Node<'_>) -> bool {
    let text = value.as_str().unwrap_or_default();
    let key = name.to_ascii_lowercase().ends_with("key") && named(text).is_some();
    !key && is_credential(kind, text)
}

/// Credentials that a SecretStore itself holds.
pub fn store(object: Object<'_>) -> Vec<ExposedSecret<'_>> {
    let data = object.node.at(&["spec", "provider", "fake", "data"]);
    let fakes = items(data).filter_map(|d| d.field("value"));
    fakes
        .filter(|v| v.text().is_some_and(|t| !stands_for_another(t)))
        .map(|v| ExposedSecret::named(v, "fake"))
        .collect()
}

/// Plain values beside a SealedSecret's sealed ones.
pub fn sealed_template(object: Object<'_>) -> Vec<ExposedSecret<'_>> {
    let maps = [
        &["spec", "template", "data"][..],
        &["spec", "template", "stringData"],
    ];
    let maps = maps.into_iter().filter_map(|path| object.node.at(path));
    maps.flat_map(Node::entries)
        .filter_map(|(key, value)| {
            let name = key.key()?;
            // What the template computes names no value; the rest of it may be a file around one.
            let literal = value.text().is_some_and(|t| !stands_for_another(t));
            literal.then(|| ExposedSecret::named(value, &name))
        })
        .collect()
}

/// What SOPS should have encrypted and has not. Which leaves it encrypts is told by its own block; where it does not tell, all are.
pub fn sops_in_the_clear(object: Object<'_>) -> Vec<ExposedSecret<'_>> {
    let mut out = Vec::new();
    let Some(sops) = object
        .node
        .field("sops")
        .filter(|s| s.kind() == NodeKind::Map)
    else {
        return out;
    };
    let text = |name: &str| sops.field(name).and_then(Node::as_str);
    let encrypted = text("encrypted_regex");
    // Only what people write is understood: names, with anchors, as alternatives.
    let names = |regex: &str| -> Option<Vec<String>> {
        let names: Vec<_> = regex
            .trim_start_matches("(?i)")
            .trim_matches(['^', '$', '(', ')'])
            .split('|')
            .map(|n| n.trim_matches(['^', '$', '(', ')']).to_owned())
            .collect();
        names
            .iter()
            .all(|n| n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
            .then_some(names)
    };
    let wanted = match encrypted {
        Some(regex) => match names(regex) {
            Some(names) => names,
            None => vec!["data".to_owned(), "stringData".to_owned()],
        },
        None if text("unencrypted_regex").is_some() || text("encrypted_suffix").is_some() => {
            return out;
        }
        None => vec!["data".to_owned(), "stringData".to_owned()],
    };
    let suffix = text("unencrypted_suffix").unwrap_or("_unencrypted");
    for (key, value) in object.node.entries() {
        let Some(top) = key
            .key()
            .filter(|k| k != "sops" && wanted.iter().any(|w| w == k))
        else {
            continue;
        };
        for leaf in value
            .within()
            .filter(|n| !matches!(n.kind(), NodeKind::Map | NodeKind::Seq | NodeKind::Null))
        {
            let is_value = leaf.key_node().is_some()
                || leaf.parent().is_some_and(|p| p.kind() == NodeKind::Seq);
            let open = leaf
                .text()
                .is_some_and(|t| !t.is_empty() && !t.starts_with("ENC["));
            let name = leaf
                .key_node()
                .and_then(Node::key)
                .unwrap_or_else(|| top.clone());
            if is_value && open && !name.ends_with(suffix) {
                out.push(ExposedSecret::named(leaf, &name));
            }
        }
    }
    out
}

/// All of them, for those who must not show them.
pub fn exposed_secrets<'d>(
    object: Object<'d>,
    known: &'d ExposedSecrets,
) -> Vec<ExposedSecret<'d>> {
    let of_format = known.of(object).map(|(at, what)| ExposedSecret {
        at,
        what,
        name: String::new(),
    });
    let mut out: Vec<_> = of_format.collect();
    out.extend(annotations(object));
    out.extend(sops_in_the_clear(object));
    match object.gvk.kind {
        "ConfigMap" => out.extend(config_map(object)),
        "Kustomization" | "Component" => out.extend(literals(object)),
        "HelmRelease" | "Application" => out.extend(chart_values(object)),
        "SecretStore" | "ClusterSecretStore" => out.extend(store(object)),
        "SealedSecret" => out.extend(sealed_template(object)),
        _ => {}
    }
    for container in PodSpec::of(object)
        .into_iter()
        .flat_map(PodSpec::containers)
    {
        out.extend(env(container));
        out.extend(arguments(container));
    }
    out
}
