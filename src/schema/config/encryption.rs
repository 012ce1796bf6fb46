//! Encryption of what is stored in etcd (pkg/apis/apiserver/validation, pkg/server/options/encryptionconfig).

use super::{is_open, judged_items};
use crate::go_value::{parse_seconds, parse_url};
use crate::ids;
use crate::kube::is_unresolved;
use crate::schema::cross_field::conflict;
use crate::schema::format::is_base64;
use crate::schema::validator::Validator;
use crate::text::base64;
use crate::yaml::{Node, NodeKind};
use std::collections::HashMap;

const PROVIDERS: [&str; 5] = ["aesgcm", "aescbc", "secretbox", "identity", "kms"];

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    for entry in root.list("resources") {
        for item in entry.list("providers") {
            provider(v, item);
        }
        overlaps(v, entry);
    }
}

/// Resources of one list that are the same, or of which a wildcard holds another.
fn overlaps<'d>(v: &mut Validator<'d>, entry: Node<'d>) {
    let mut seen = Seen::default();
    for (node, name) in judged_items(entry, "resources") {
        let Some((before, wide)) = seen.overlapping(name) else {
            seen.add(node, name);
            continue;
        };
        let (at, message) = if wide != name && wide.starts_with('*') {
            (
                before,
                format!(
                    "`{wide}` overlaps `{name}` of the same list, so the API server rejects the file"
                ),
            )
        } else {
            (
                node,
                format!(
                    "`{name}` overlaps `{wide}` of the same list, so the API server rejects the file"
                ),
            )
        };
        v.add(ids::encryption::RESOURCE_OVERLAP, at, message, None);
        return;
    }
}

/// The resources of a list up to the first that overlaps: none of these holds another.
#[derive(Default)]
struct Seen<'d> {
    first: Option<(Node<'d>, &'d str)>,
    /// The first of each group.
    groups: HashMap<&'d str, (Node<'d>, &'d str)>,
    /// By resource and group.
    resources: HashMap<(&'d str, &'d str), (Node<'d>, &'d str)>,
}

impl<'d> Seen<'d> {
    fn add(&mut self, node: Node<'d>, name: &'d str) {
        let (resource, group) = parts(name);
        self.first.get_or_insert((node, name));
        self.groups.entry(group).or_insert((node, name));
        self.resources.insert((resource, group), (node, name));
    }

    /// The first that is the same as a resource, holds it, or is held by it.
    fn overlapping(&self, name: &str) -> Option<(Node<'d>, &'d str)> {
        let of = |key: (&str, &str)| self.resources.get(&key).copied();
        let (resource, group) = parts(name);
        match (resource, group) {
            ("*", "*") => self.first,
            // One wildcard for all is alone in what was seen.
            ("*", _) => of(("*", "*")).or_else(|| self.groups.get(group).copied()),
            _ => of(("*", "*"))
                .or_else(|| of((resource, group)))
                .or_else(|| of(("*", group))),
        }
    }
}

/// Resource and group of a name.
fn parts(name: &str) -> (&str, &str) {
    name.split_once('.').unwrap_or((name, ""))
}

fn provider<'d>(v: &mut Validator<'d>, item: Node<'d>) {
    if !matches!(item.kind(), NodeKind::Map | NodeKind::Null) {
        return;
    }
    if let Some(identity) = item.field("identity").filter(|node| !is_open(*node)) {
        v.expect(
            identity.kind() == NodeKind::Map,
            identity,
            "identity",
            "a map",
        );
        if let Some((key, _)) = identity.entries().next() {
            let message = "`identity` has no fields, so the API server rejects the file".to_owned();
            v.add(
                ids::schema::UNKNOWN_FIELD,
                key,
                message,
                Some("Write `identity: {}`.".to_owned()),
            );
        }
    }
    let mut named = PROVIDERS.iter().filter(|name| item.field(name).is_some());
    let message = match (named.next(), named.next()) {
        (Some(_), None) => return,
        (None, _) => {
            "this item has no provider that Kubernetes supports, so the API server rejects the file"
                .to_owned()
        }
        (Some(one), Some(other)) => format!(
            "this item has `{one}` and `{other}`, but only one is allowed; the API server rejects the file"
        ),
    };
    conflict(v, item.lacking(), message);
}

pub(in crate::schema) fn aes_key<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    key(v, map, &[16, 24, 32], "16, 24 or 32");
}

pub(in crate::schema) fn secretbox_key<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    key(v, map, &[32], "32");
}

/// A key, of which no message says anything but its length.
fn key<'d>(v: &mut Validator<'d>, map: Node<'d>, lengths: &[usize], needed: &str) {
    let Some((node, text)) = map
        .field("secret")
        .and_then(|node| Some((node, node.as_str()?)))
    else {
        return;
    };
    let open = is_unresolved(text) || text.contains("BASE64") || text.contains("BASE 64");
    if text.is_empty() || open {
        return;
    }
    let length = base64(text)
        .filter(|_| is_base64(text))
        .map(|bytes| bytes.len());
    let message = match length {
        None => "`secret` must be base64 with padding; the API server rejects this key".to_owned(),
        Some(length) if lengths.contains(&length) => return,
        Some(length) => {
            format!("this key has {length} bytes instead of {needed}, so the API server rejects it")
        }
    };
    v.add(ids::schema::FORMAT, node, message, None);
}

pub(in crate::schema) fn kms<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some((node, text)) = map
        .field("endpoint")
        .and_then(|node| Some((node, node.as_str()?)))
    {
        let unix = |scheme: &str| scheme.eq_ignore_ascii_case("unix");
        let fits =
            text.is_empty() || is_open(node) || parse_url(text).is_some_and(|url| unix(url.scheme));
        v.form(
            fits,
            node,
            "endpoint",
            "a Unix socket such as `unix:///var/run/kms.sock`",
        );
    }
    if let Some(node) = map.field("timeout")
        && node
            .text()
            .and_then(parse_seconds)
            .is_some_and(|seconds| seconds <= 0.0)
    {
        v.add(
            ids::schema::RANGE,
            node,
            "`timeout` must be greater than 0; the API server rejects the file".to_owned(),
            None,
        );
    }
}
