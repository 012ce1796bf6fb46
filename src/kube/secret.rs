//! Where secrets stand, so that no writer ever shows them. Independent of which rules run.

use super::component::{CLOUD_INIT, ETCD, K3S, KUBESPRAY, TALOS, UNIT, unit_settings};
use super::credential::named;
use super::leak::{Leaks, leaks};
use super::{Object, PodSpec};
use crate::text::Span;
use crate::yaml::{Document, Kind, Node, Style};
use memchr::memmem;

const KEY_BLOCK: &[u8] = b"PRIVATE KEY-----";

/// Spans of the document that no output may show: values of Secrets, keys of an EncryptionConfiguration, private key
/// blocks, environment values and arguments that are named like a credential, and whatever else looks like one.
pub fn secret_spans(document: &Document<'_>, objects: &[Object<'_>], known: &[Leaks]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mentions = |word: &[u8]| memmem::find(document.text.as_bytes(), word).is_some();
    if mentions(b"ecret") || mentions(b"ECRET") {
        document
            .nodes()
            .filter(|n| says_secret(*n))
            .for_each(|n| secret(n, &mut spans));
    }
    for (object, known) in objects.iter().zip(known) {
        let leaks = leaks(*object, known).into_iter();
        spans.extend(leaks.map(|leak| leak.at.span));
        let gvk = object.gvk;
        if gvk.is("apiserver.config.k8s.io", "EncryptionConfiguration")
            || gvk.is("", "EncryptionConfig")
        {
            encryption_keys(object.node, &mut spans);
        }
        if has_credentials(gvk.group, gvk.version, gvk.kind) {
            credentials(
                object.node,
                gvk.group == TALOS || gvk.version == "v1alpha1",
                &mut spans,
            );
        }
        let of_unit = unit_settings(*object).into_iter();
        let of_unit = of_unit.filter(|s| named(&s.name).is_some() || is_login(&s.name));
        spans.extend(of_unit.map(|s| s.spot().span));
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

/// Whether a map says that it is a Secret, in any of its `kind` keys: one given twice, or glued to the next document, still is.
fn says_secret(map: Node<'_>) -> bool {
    map.kind() == Kind::Map
        && !map.is_alias()
        && map
            .pairs()
            .any(|(key, value)| is(key, "kind") && is(value, "secret"))
}

fn is(node: Node<'_>, word: &str) -> bool {
    node.text()
        .is_some_and(|text| text.eq_ignore_ascii_case(word))
}

/// Hides the values of a Secret, however often a key is given, with the comments between them; and its annotations, where
/// `kubectl apply` leaves a copy of the whole.
fn secret(map: Node<'_>, spans: &mut Vec<Span>) {
    for (key, value) in map.pairs() {
        if is(key, "data") || is(key, "stringData") {
            hide_values(key, value, spans);
        } else if is(key, "metadata") {
            let annotations = value.pairs().filter(|(key, _)| is(*key, "annotations"));
            annotations.for_each(|(key, value)| hide_values(key, value, spans));
        } else if key.is_merge() {
            hide_values(key, value, spans);
        }
    }
}

/// Everything behind a key but the keys below it.
fn hide_values(key: Node<'_>, value: Node<'_>, spans: &mut Vec<Span>) {
    let document = value.document();
    let target = value.target();
    let mut at = if value.is_alias() {
        target.span().start
    } else {
        value.head().end.max(key.span().end)
    };
    // Comments behind the last value belong to it as far as the next node.
    let end = target
        .next()
        .map_or(Span::of(0..document.text.len()).end, |next| {
            next.span().start
        });
    for (key, value) in target.pairs() {
        spans.push(Span::new(at, key.span().start));
        at = value.head().end.max(key.span().end);
    }
    spans.push(Span::new(at, end.max(at)));
}

fn encryption_keys(config: Node<'_>, spans: &mut Vec<Span>) {
    let providers = config.list("resources").flat_map(|r| r.list("providers"));
    for provider in providers.flat_map(Node::entries) {
        let keys = provider.1.list("keys");
        let secrets = keys
            .flat_map(Node::pairs)
            .filter(|(key, _)| is(*key, "secret"));
        spans.extend(secrets.map(|(_, value)| value.target().span()));
    }
}

/// Whether objects of a kind configure machines and clusters, where a credential stands under a name that says so.
fn has_credentials(group: &str, version: &str, kind: &str) -> bool {
    const GROUPS: [&str; 15] = [
        "bootstrap.cluster.x-k8s.io",
        "controlplane.cluster.x-k8s.io",
        "k0s.k0sproject.io",
        "k0sctl.k0sproject.io",
        "k3d.io",
        "kops.k8s.io",
        "kubeadm.k8s.io",
        "provisioning.cattle.io",
        CLOUD_INIT,
        ETCD,
        K3S,
        KUBESPRAY,
        TALOS,
        UNIT,
        "kops",
    ];
    GROUPS.contains(&group) || group.is_empty() && (kind == "Config" || version == "v1alpha1")
}

/// Names of credentials that are no words for one; of variables, how they end.
fn is_login(name: &str) -> bool {
    const NAMES: [&str; 6] = [
        "auth",
        "bootstraptoken",
        "certificatekey",
        "client-key-data",
        "datasource",
        "identity-token",
    ];
    const ENDS: [&str; 3] = ["datastore-endpoint", "discovery-user", "vpn-auth"];
    let name = name.to_ascii_lowercase().replace('_', "-");
    NAMES.contains(&&*name) || ENDS.iter().any(|end| name.ends_with(end))
}

/// Hides what stands under a credential's name, whatever it is: shown it need not be, even where no rule is sure. Talos calls keys
/// `key`.
fn credentials(root: Node<'_>, talos: bool, spans: &mut Vec<Span>) {
    let scalars = root
        .within()
        .filter(|n| !matches!(n.kind(), Kind::Map | Kind::Seq | Kind::Null));
    for node in scalars {
        let item = node.parent().filter(|p| p.kind() == Kind::Seq);
        let Some(key) = item.unwrap_or(node).key_node().and_then(Node::key) else {
            continue;
        };
        // `name: A_PASSWORD` beside `value: …`.
        let beside = node.parent().filter(|_| key == "value");
        let beside = beside.and_then(|p| p.field("name")).and_then(Node::text);
        let name = beside.unwrap_or(key.trim_end_matches('+'));
        let secret = named(name).is_some()
            || is_login(name)
            || name == "passphrase"
            || talos && matches!(name, "key" | "privateKey" | "secret" | "Authorization");
        if secret && node.as_bool().is_none() {
            spans.push(node.target().span());
        }
    }
}

fn container(container: Node<'_>, spans: &mut Vec<Span>) {
    for env in container.list("env") {
        let all = |name: &'static str| {
            env.pairs()
                .filter(move |(key, _)| is(*key, name))
                .map(|(_, value)| value)
        };
        if all("name").any(|name| name.text().is_some_and(hides_by_name)) {
            spans.extend(all("value").map(|value| value.target().span()));
        }
    }
    let arguments = ["command", "args"]
        .into_iter()
        .flat_map(|f| container.list(f));
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
    for line in text.split_inclusive(['\n', '\r']) {
        let body = line.trim_end();
        if !is_harmless(body) {
            let from = body.find(':').map_or(0, |colon| colon + 1);
            let blanks = body
                .get(from..)
                .map_or(0, |rest| rest.len() - rest.trim_start().len());
            spans.push(Span::of(at + from + blanks..at + body.len()));
        }
        at += line.len();
    }
    spans
}

/// Lines that tell what a document is, and nothing of what is in it.
fn is_harmless(line: &str) -> bool {
    let word = |rest: &str| {
        rest.trim()
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'-'))
    };
    line.trim().is_empty()
        || line == "metadata:"
        || ["apiVersion:", "kind:"]
            .iter()
            .any(|key| line.strip_prefix(key).is_some_and(word))
}
