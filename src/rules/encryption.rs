//! Encryption at rest: which provider writes a resource, and whether its keys are valid and secret.

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

/// The key that names a provider, and its configuration.
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

/// The text of a key, unless it is filled in later.
fn written(key: Node<'_>) -> Option<(Node<'_>, &str)> {
    let secret = key.field("secret")?;
    let text = secret.as_str()?.trim();
    let open = is_unresolved(text) || text.contains("BASE64") || text.contains("BASE 64");
    (!open && !text.is_empty()).then_some((secret, text))
}

pub(super) fn identity_first(config: Object<'_>, cx: &mut Cx<'_>) {
    if let Some(Verdict::Identity(key)) = verdict(config) {
        cx.report(key, "the first provider is `identity`, which does not encrypt, so Secrets are written to etcd in plain text");
    }
}

pub(super) fn secrets_not_covered(config: Object<'_>, cx: &mut Cx<'_>) {
    if let Some(Verdict::NotCovered(node_span)) = verdict(config) {
        cx.missing(
            node_span,
            "no entry of this configuration covers Secrets, so they are stored in plain text",
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
                    "KMS provider name `{name}` contains a colon, so the API server fails to start"
                ),
            );
        } else if let Some(before) = seen.get(name).filter(|_| is_v2(content)) {
            cx.report(
                node,
                format!(
                    "another KMS provider is also named `{name}`, so the API server fails to start"
                ),
            )
            .related(*before, "first provider with this name");
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
            cx.report(node, format!("the `{provider}` key is in plain text, so anyone who can read this file can decrypt the Secrets in etcd"))
                .secret();
        }
    }
}

/// Keys that are easy to guess: text, one repeated byte, a sequence.
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
            cx.report(node, format!("the `{provider}` key is text or a pattern instead of random bytes, so it can be guessed"))
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
                "the `{provider}` key has {} bytes but must have {wanted}, so the API server fails to start",
                bytes.len()
            );
            let draft = cx.report(node, message).secret();
            if bytes.last() == Some(&b'\n') {
                draft.help("The key ends with a line feed. Generate it with `head -c 32 /dev/urandom | base64`.");
            }
        }
    }
}

pub(super) fn key_not_base64(config: Object<'_>, cx: &mut Cx<'_>) {
    for (provider, key) in keys(config) {
        if let Some((node, _)) = written(key).filter(|(_, text)| base64(text).is_none()) {
            cx.report(
                node,
                format!(
                    "the `{provider}` key is not valid base64, so the API server fails to start"
                ),
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
                cx.report(node, format!("`{other}` and `{provider}` use the same key, so a weakness of one algorithm exposes the data of both"))
                    .secret()
                    .related(*before, "same key");
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
            [] => "this item names no provider that Kubernetes supports, so the API server fails to start"
                .to_owned(),
            [one, other, ..] => format!(
                "this item names both `{one}` and `{other}`; each item must name one provider, so the API server fails to start"
            ),
        };
        cx.report(item.lacking(), message);
    }
}

/// A resource that an earlier entry covers: that one decides how it is written.
pub(super) fn resource_overlap(config: Object<'_>, cx: &mut Cx<'_>) {
    // By name, with their order. Duplicates within one list are reported by validation.
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
            let result = if before == &name {
                "so this entry is used only to read it"
            } else {
                "so the API server fails to start"
            };
            cx.report(
                node,
                format!("an earlier entry covers `{name}` with `{before}`, {result}"),
            )
            .related(*first, "first entry that covers it");
        } else {
            let order = seen.len();
            seen.entry(name).or_insert((order, entry, node));
        }
    }
}

pub(super) fn resource_invalid(config: Object<'_>, cx: &mut Cx<'_>) {
    const UNSUPPORTED: [&str; 3] = [
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
                "contains capital letters"
            } else if name == "*" || group == "*" && name != "*.*" {
                "is not a valid wildcard (`*.` is the core group, `*.*` is all resources)"
            } else if UNSUPPORTED.contains(&name) || matches!(group, "extensions" | "events.k8s.io")
            {
                "is not a resource that can be encrypted"
            } else {
                continue;
            };
            cx.report(
                node,
                format!("`{name}` {why}, so the API server fails to start"),
            );
        }
    }
}
