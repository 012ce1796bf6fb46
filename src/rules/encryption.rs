//! Encryption of etcd: which provider writes what, and whether its keys are fit and secret.

use crate::check::Cx;
use crate::component::encryption::{Verdict, verdict};
use crate::kube::{Object, is_unresolved};
use crate::text::base64;
use crate::yaml::{Node, NodeKind};
use std::collections::HashMap;

const PROVIDERS: [&str; 5] = ["aesgcm", "aescbc", "secretbox", "identity", "kms"];

/// The entries of a configuration.
fn entries(config: Object<'_>) -> impl Iterator<Item = Node<'_>> {
    config.node.list("resources")
}

/// The items of an entry's `providers`.
fn providers(entry: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    entry.list("providers")
}

/// A provider's name key and what it says.
fn provider(item: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    PROVIDERS.into_iter().find_map(|name| item.pair(name))
}

/// Keys of all providers: the provider's name and the key's map.
fn keys(config: Object<'_>) -> Vec<(&str, Node<'_>)> {
    let items = entries(config).flat_map(providers).filter_map(provider);
    items
        .flat_map(|(name, content)| {
            let keys = content.list("keys");
            keys.map(move |key| (name.text().unwrap_or_default(), key))
        })
        .collect()
}

/// A key's text, where it is written and not filled in later.
fn written(key: Node<'_>) -> Option<(Node<'_>, &str)> {
    let secret = key.field("secret")?;
    let text = secret.as_str()?.trim();
    let open = is_unresolved(text) || text.contains("BASE64") || text.contains("BASE 64");
    (!open && !text.is_empty()).then_some((secret, text))
}

pub(super) fn identity_first(config: Object<'_>, cx: &mut Cx<'_>) {
    if let Some(Verdict::Identity(key)) = verdict(config) {
        cx.report(key, "Secrets are written to etcd in plain text: the first provider is `identity`, which encrypts nothing");
    }
}

pub(super) fn secrets_not_covered(config: Object<'_>, cx: &mut Cx<'_>) {
    if let Some(Verdict::NotCovered(node_span)) = verdict(config) {
        cx.missing(
            node_span,
            "Secrets are stored in plain text: no entry of this configuration covers them",
        );
    }
}

/// The key management providers.
fn kms(config: Object<'_>) -> impl Iterator<Item = (Node<'_>, Node<'_>)> {
    entries(config)
        .flat_map(providers)
        .filter_map(|item| item.pair("kms"))
}

fn is_v2(kms: Node<'_>) -> bool {
    kms.field("apiVersion").and_then(Node::as_str) == Some("v2")
}

pub(super) fn kms_name_invalid(config: Object<'_>, cx: &mut Cx<'_>) {
    let mut seen: HashMap<&str, Node<'_>> = HashMap::new();
    for (_, content) in kms(config) {
        let Some((node, name)) = content.field("name").and_then(|n| Some((n, n.text()?))) else {
            continue;
        };
        if name.contains(':') {
            cx.report(
                node,
                format!(
                    "the name {name} of a KMS provider holds a colon: the API server does not start"
                ),
            );
        } else if let Some(before) = seen.get(name).filter(|_| is_v2(content)) {
            cx.report(
                node,
                format!("two KMS providers are called {name}: the API server does not start"),
            )
            .related(*before, "the first");
        }
        seen.entry(name).or_insert(node);
    }
}

pub(super) fn plaintext_key_committed(config: Object<'_>, cx: &mut Cx<'_>) {
    // SOPS encrypts the values of a file that has its key.
    if config.node.field("sops").is_some() {
        return;
    }
    for (provider, key) in keys(config) {
        let decoded = written(key).and_then(|(node, text)| Some((node, base64(text)?)));
        if let Some((node, bytes)) = decoded
            && matches!(bytes.len(), 16 | 24 | 32)
        {
            cx.report(node, format!("the {provider} key that encrypts etcd stands here in plain text: who reads the repository reads every Secret"))
                .secret();
        }
    }
}

/// Keys that anybody guesses: text, one byte, a sequence.
pub(super) fn well_known_key(config: Object<'_>, cx: &mut Cx<'_>) {
    for (provider, key) in keys(config) {
        let Some((node, bytes)) = written(key).and_then(|(n, text)| Some((n, base64(text)?)))
        else {
            continue;
        };
        let text = bytes
            .iter()
            .all(|b| (b' '..=b'~').contains(b) || *b == b'\n');
        let same = bytes.windows(2).all(|w| matches!(w, [a, b] if a == b));
        let counting = bytes
            .windows(2)
            .all(|w| matches!(w, [a, b] if *b == a.wrapping_add(1)));
        if bytes.len() >= 8 && (text || same || counting) {
            cx.report(node, format!("the {provider} key is no random bytes, but text or a pattern: it can be guessed"))
                .secret();
        }
    }
}

pub(super) fn key_length(config: Object<'_>, cx: &mut Cx<'_>) {
    for (provider, key) in keys(config) {
        let Some((node, text)) = written(key) else {
            continue;
        };
        let Some(bytes) = base64(text) else { continue };
        let fits = match provider {
            "secretbox" => bytes.len() == 32,
            _ => matches!(bytes.len(), 16 | 24 | 32),
        };
        if !fits {
            let wanted = if provider == "secretbox" {
                "32"
            } else {
                "16, 24 or 32"
            };
            let message = format!(
                "this {provider} key has {} bytes, and {wanted} are needed: the API server does not start",
                bytes.len()
            );
            let draft = cx.report(node, message).secret();
            if bytes.last() == Some(&b'\n') {
                draft.help("the last byte is a line feed: make the key with `head -c 32 /dev/urandom | base64`");
            }
        }
    }
}

pub(super) fn key_not_base64(config: Object<'_>, cx: &mut Cx<'_>) {
    for (provider, key) in keys(config) {
        if let Some((node, _)) = written(key).filter(|(_, text)| base64(text).is_none()) {
            cx.report(
                node,
                format!("this {provider} key is not base64: the API server does not start"),
            )
            .secret();
        }
    }
}

pub(super) fn same_key_reused(config: Object<'_>, cx: &mut Cx<'_>) {
    let mut seen: HashMap<&str, (&str, Node<'_>)> = HashMap::new();
    for (provider, key) in keys(config) {
        let Some((node, text)) = written(key) else {
            continue;
        };
        match seen.get(text) {
            Some((other, before)) if *other != provider => {
                cx.report(node, format!("the same key serves {other} and {provider}: a weakness of one opens the other"))
                    .secret()
                    .related(*before, "the same key");
            }
            Some(_) => {}
            None => {
                seen.insert(text, (provider, node));
            }
        }
    }
}

pub(super) fn provider_invalid(config: Object<'_>, cx: &mut Cx<'_>) {
    for item in entries(config).flat_map(providers) {
        if item.kind() != NodeKind::Map {
            continue;
        }
        let named: Vec<_> = PROVIDERS.iter().filter(|n| item.get(n).is_some()).collect();
        let message = match named.as_slice() {
            [_] => continue,
            [] => "this item names no provider that Kubernetes has: the API server does not start"
                .to_owned(),
            [one, other, ..] => format!(
                "this item names {one} and {other}, and only one is allowed: the API server does not start"
            ),
        };
        cx.report(item.lacking(), message);
    }
}

/// A resource that an entry before covers already, which alone decides.
pub(super) fn resource_overlap(config: Object<'_>, cx: &mut Cx<'_>) {
    // By name, with the order in which they are written. Within one list it is an error, which validation tells.
    let mut seen: HashMap<&str, (usize, usize, Node<'_>)> = HashMap::new();
    let resources = entries(config)
        .enumerate()
        .flat_map(|(entry, config)| config.list("resources").map(move |node| (entry, node)));
    for (entry, node) in resources {
        let Some(name) = node.as_str() else { continue };
        let group = name.split_once('.').map_or("", |(_, group)| group);
        let of_group = format!("*.{group}");
        let covering = [name, "*.*", &of_group].into_iter();
        let found = covering.filter_map(|name| seen.get_key_value(name));
        let found = found.filter(|(_, (_, of, _))| *of != entry);
        if let Some((before, (.., first))) = found.min_by_key(|(_, (order, ..))| *order) {
            cx.report(
                node,
                format!("`{name}` is covered by `{before}` already, which alone decides"),
            )
            .related(*first, "this one decides");
        } else {
            let order = seen.len();
            seen.entry(name).or_insert((order, entry, node));
        }
    }
}

pub(super) fn resource_invalid(config: Object<'_>, cx: &mut Cx<'_>) {
    const REFUSED: [&str; 3] = [
        "apiserveripinfo",
        "serviceipallocations",
        "servicenodeportallocations",
    ];
    for entry in entries(config) {
        for node in entry.list("resources") {
            let Some(name) = node.as_str().filter(|n| !is_unresolved(n)) else {
                continue;
            };
            let group = name.split_once('.').map_or("", |(_, group)| group);
            let why = if name.to_lowercase() != name {
                "has capitals: write the plural, as in `secrets`"
            } else if name == "*" || group == "*" && name != "*.*" {
                "has a wildcard where none is allowed: write `*.` for the core group, `*.*` for all"
            } else if REFUSED.contains(&name) || matches!(group, "extensions" | "events.k8s.io") {
                "cannot be encrypted by this name"
            } else {
                continue;
            };
            cx.report(
                node,
                format!("`{name}` {why}: the API server does not start"),
            );
        }
    }
}
