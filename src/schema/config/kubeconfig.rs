//! Access to clusters, as kubectl reads it: lists by name, and what the current context names (client-go/tools/clientcmd).

use super::{empty, filled_text, is_open, lacks, later_key};
use crate::go_value::parse_url;
use crate::schema::cross_field::duplicate;
use crate::schema::cross_field::{conflict, key_of, missing, own_key};
use crate::schema::validator::Validator;
use crate::yaml::{Node, NodeKind};
use std::collections::HashMap;

const MODES: [&str; 3] = ["Never", "IfAvailable", "Always"];

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    // Without a context kubectl asks a server of localhost, or what its flags name. Files that are put together, say with
    // KUBECONFIG, may leave parts to others.
    let [clusters, users, contexts] =
        ["clusters", "users", "contexts"].map(|key| by_name(v, root, key));
    if v.is_fragment() {
        return;
    }
    let Some((at, current)) = filled_text(root, "current-context") else {
        if root
            .field("current-context")
            .is_none_or(|node| node.text() == Some(""))
        {
            let at = root
                .pair("current-context")
                .map_or_else(|| root.lacking(), |(key, _)| key.into());
            missing(
                v,
                at,
                "`current-context` is missing, so kubectl has no cluster unless a flag names one",
            );
        }
        return;
    };
    let Some(context) = contexts.get(current) else {
        return names_nothing(v, root, "contexts", at);
    };
    let context = context.field("context");
    if let Some(user) = context.and_then(|c| users.get(c.field("user")?.text()?))
        && let Some(user) = user.field("user")
    {
        of_user(v, user);
    }
    let Some((at, name)) = context.and_then(|c| filled_text(c, "cluster")) else {
        if let Some(context) = context
            && context
                .field("cluster")
                .is_none_or(|node| node.text() == Some(""))
        {
            lacks(v, context, "cluster");
        } else if context.is_none()
            && let Some(entry) = contexts.get(current)
        {
            lacks(v, *entry, "context");
        }
        return;
    };
    match clusters.get(name).copied() {
        Some(entry) => match entry.field("cluster") {
            Some(cluster) => of_cluster(v, cluster),
            None => lacks(v, entry, "cluster"),
        },
        None => names_nothing(v, root, "clusters", at),
    }
}

/// That a name names no entry of a list: at the list or the entry that lacks what it is to hold, else at the name.
fn names_nothing<'d>(v: &mut Validator<'d>, root: Node<'d>, list: &str, at: Node<'d>) {
    let name = at.text().unwrap_or_default();
    let message = format!("`{list}` has no entry `{name}`, so kubectl rejects the file");
    let unnamed = root.list(list).find(|entry| empty(*entry, "name"));
    if let Some(entry) = unnamed {
        lacks(v, entry, "name");
    } else if root.field(list).is_none_or(Node::is_empty) {
        let at = root
            .pair(list)
            .map_or_else(|| root.lacking(), |(key, _)| key.into());
        missing(v, at, message);
    } else {
        conflict(v, at, message);
    }
}

/// The entries of a list by their names, of which each is given once.
fn by_name<'d>(v: &mut Validator<'d>, root: Node<'d>, key: &str) -> HashMap<&'d str, Node<'d>> {
    let mut seen: HashMap<&'d str, Node<'d>> = HashMap::new();
    for entry in root.list(key) {
        let name = entry.field("name");
        if name.is_some_and(|name| is_open(name) || name.kind() != NodeKind::Str) {
            continue;
        }
        let text = name.and_then(Node::text).unwrap_or_default();
        if let Some(first) = seen.get(text) {
            let first = *first;
            let message =
                format!("`name` `{text}` is used twice in `{key}`, so kubectl rejects the file");
            let at = name.unwrap_or(entry);
            duplicate(v, at, first.lacking(), message);
        } else {
            seen.insert(text, entry);
        }
    }
    seen
}

fn of_cluster<'d>(v: &mut Validator<'d>, cluster: Node<'d>) {
    if empty(cluster, "server") {
        lacks(v, cluster, "server");
    }
    if let Some((node, text)) = filled_text(cluster, "proxy-url") {
        let known = |scheme: &str| {
            ["http", "https", "socks5"]
                .iter()
                .any(|s| scheme.eq_ignore_ascii_case(s))
        };
        let fits = parse_url(text).is_some_and(|url| known(url.scheme));
        v.form(fits, node, "proxy-url", "an http, https or socks5 URL");
    }
    twice(v, cluster, "certificate-authority");
}

/// A file and its content, of which one may be given.
fn twice<'d>(v: &mut Validator<'d>, map: Node<'d>, key: &str) {
    let data = format!("{key}-data");
    if filled_text(map, key).is_some() && filled_text(map, &data).is_some() {
        conflict(
            v,
            later_key(map, key, &data),
            format!("`{key}` and `{data}` cannot both be set, so kubectl rejects the file"),
        );
    }
}

fn of_user<'d>(v: &mut Validator<'d>, user: Node<'d>) {
    let filled = |key: &str| filled_text(user, key);
    let basic = filled("username").or_else(|| filled("password"));
    if let Some((node, _)) = basic.filter(|_| filled("token").is_some()) {
        conflict(
            v,
            own_key(node),
            "a token and a password cannot both be set, so kubectl rejects the user",
        );
    }
    if filled("client-certificate")
        .or_else(|| filled("client-certificate-data"))
        .is_some()
    {
        twice(v, user, "client-certificate");
        twice(v, user, "client-key");
        if filled("client-key")
            .or_else(|| filled("client-key-data"))
            .is_none()
        {
            lacks(v, user, "client-key");
        }
    }
    if let Some(exec) = user.field("exec") {
        if user.field("auth-provider").is_some() {
            conflict(
                v,
                key_of(user, "auth-provider"),
                "`auth-provider` and `exec` cannot both be set, so kubectl rejects the user",
            );
        }
        of_plugin(v, exec);
    }
    let asked = ["as-uid", "as-groups", "as-user-extra"].into_iter();
    let asked = asked.filter_map(|key| user.pair(key)).find(|(_, value)| {
        let empty = value.is_null()
            || matches!(value.kind(), NodeKind::Seq | NodeKind::Map) && value.is_empty();
        !empty && value.text() != Some("")
    });
    if let Some((key, _)) = asked.filter(|_| empty(user, "as")) {
        conflict(
            v,
            key,
            "`as-groups`, `as-uid` and `as-user-extra` require `as`, so kubectl rejects the user",
        );
    }
}

fn of_plugin<'d>(v: &mut Validator<'d>, exec: Node<'d>) {
    for key in ["command", "apiVersion"]
        .into_iter()
        .filter(|key| empty(exec, key))
    {
        lacks(v, exec, key);
    }
    for variable in exec.list("env").filter(|variable| empty(*variable, "name")) {
        lacks(v, variable, "name");
    }
    let version = exec.field("apiVersion");
    let old = |text: &str| {
        matches!(
            text,
            "client.authentication.k8s.io/v1beta1" | "client.authentication.k8s.io/v1alpha1"
        )
    };
    let has_default = version.is_some_and(|node| is_open(node) || node.text().is_some_and(old));
    match exec
        .field("interactiveMode")
        .filter(|node| node.text() != Some(""))
    {
        None if !has_default => lacks(v, exec, "interactiveMode"),
        Some(node) if !MODES.contains(&node.text().unwrap_or_default()) && !is_open(node) => {
            v.not_one_of(node, "interactiveMode", &MODES);
        }
        _ => {}
    }
}
