//! Where secrets stand, so that no writer ever shows them. Independent of which rules run.

use super::{Object, PodSpec};
use crate::text::Span;
use crate::yaml::{Document, Kind, Node, Style};
use memchr::memmem;

const KEY_BLOCK: &[u8] = b"PRIVATE KEY-----";

/// Spans of the document that no output may show: values of Secrets, keys of an EncryptionConfiguration, private key
/// blocks, environment values and arguments that are named like a credential.
pub fn secret_spans(document: &Document<'_>, objects: &[Object<'_>]) -> Vec<Span> {
    let mut spans = Vec::new();
    for object in objects {
        match (object.gvk.group, object.gvk.kind) {
            ("", "Secret") => {
                let maps = ["data", "stringData"]
                    .into_iter()
                    .filter_map(|field| object.node.get(field));
                spans.extend(maps.flat_map(values));
                // A copy of the whole object, made by `kubectl apply`.
                spans.extend(object.metadata("annotations").into_iter().flat_map(values));
            }
            ("apiserver.config.k8s.io", "EncryptionConfiguration") | ("", "EncryptionConfig") => {
                encryption_keys(object.node, &mut spans);
            }
            _ => {}
        }
        if let Some(pod) = PodSpec::of(*object) {
            pod.containers().for_each(|c| container(c.node, &mut spans));
        }
    }
    if memmem::find(document.text.as_bytes(), KEY_BLOCK).is_some() {
        let holds = |n: &Node<'_>| {
            n.text()
                .is_some_and(|t| memmem::find(t.as_bytes(), KEY_BLOCK).is_some())
        };
        spans.extend(document.nodes().filter(holds).map(Node::span));
    }
    spans
}

/// All scalars below a map or list.
fn values(node: Node<'_>) -> Vec<Span> {
    match node.kind() {
        Kind::Map => node
            .entries()
            .into_iter()
            .flat_map(|(_, value)| values(value))
            .collect(),
        Kind::Seq => node.items().flat_map(values).collect(),
        _ => vec![node.target().span()],
    }
}

fn encryption_keys(config: Node<'_>, spans: &mut Vec<Span>) {
    let providers = config
        .field("resources")
        .into_iter()
        .flat_map(Node::items)
        .filter_map(|r| r.field("providers"))
        .flat_map(Node::items);
    for provider in providers.flat_map(Node::entries) {
        let keys = provider.1.field("keys").into_iter().flat_map(Node::items);
        spans.extend(
            keys.filter_map(|k| k.get("secret"))
                .map(|s| s.target().span()),
        );
    }
}

fn container(container: Node<'_>, spans: &mut Vec<Span>) {
    for env in container.field("env").into_iter().flat_map(Node::items) {
        let named = env
            .field("name")
            .and_then(Node::text)
            .is_some_and(hides_by_name);
        spans.extend(
            env.field("value")
                .filter(|_| named)
                .map(|v| v.target().span()),
        );
    }
    let arguments = ["command", "args"]
        .into_iter()
        .filter_map(|f| container.field(f))
        .flat_map(Node::items);
    let mut flag = false;
    for argument in arguments {
        let text = argument.text().unwrap_or_default();
        let named = text
            .split(['=', ' '])
            .any(|word| word.starts_with('-') && hides_by_name(word));
        // `--password`, `value`: the next item; `sh -c` scripts are hidden whole.
        if flag
            || (named
                && (text.contains('=') || argument.style() != Style::Plain || text.contains(' ')))
        {
            spans.push(argument.target().span());
        }
        flag = named && !text.contains('=');
    }
}

/// Whether something of this name usually holds a credential.
pub fn hides_by_name(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "secret",
        "token",
        "apikey",
        "accesskey",
        "privatekey",
        "credential",
        "credentials",
        "auth",
    ];
    let lower = name.to_ascii_lowercase();
    let words = || lower.split(|c: char| !c.is_ascii_alphanumeric());
    let joined = lower.replace(['-', '_', '.'], "");
    words().any(|w| WORDS.contains(&w))
        || [
            "password",
            "passwd",
            "apikey",
            "accesskey",
            "privatekey",
            "secretkey",
        ]
        .iter()
        .any(|w| joined.contains(w))
}

/// What must not be shown of a text that could not be parsed: behind each colon, and lines without one, where the text
/// mentions a Secret, a key or a password.
pub fn unread_secret_lines(text: &str) -> Vec<Span> {
    let lower = text.to_ascii_lowercase();
    if !["secret", "private key", "passw", "token"]
        .iter()
        .any(|word| lower.contains(word))
    {
        return Vec::new();
    }
    let mut spans = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end();
        let from = body.find(':').map_or(0, |colon| colon + 1);
        let shown = ["apiVersion:", "kind:", "name:", "metadata:", "type:"]
            .iter()
            .any(|key| body.trim_start().trim_start_matches("- ").starts_with(key));
        let blank = body.get(from..).unwrap_or_default().trim().is_empty();
        if !shown && !blank {
            let start = from
                + body
                    .get(from..)
                    .map_or(0, |b| b.len() - b.trim_start().len());
            spans.push(Span::of(at + start..at + body.len()));
        }
        at += line.len();
    }
    spans
}
