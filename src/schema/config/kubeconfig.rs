//! A kubeconfig (client-go's tools/clientcmd, `ConfirmUsable`): of its contexts only the current one must be whole.

use crate::go_value::Url;
use crate::kube::is_known;
use crate::schema::cross_field::{conflict, key_of, missing, own_key, text};
use crate::schema::validator::Validator;
use crate::yaml::{Node, NodeSpan, items};

/// The three ways in which a plugin may ask the user.
const MODES: [&str; 3] = ["Never", "IfAvailable", "Always"];

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if v.is_fragment() {
        return;
    }
    let Some(current) = map
        .field("current-context")
        .filter(|node| node.as_str() != Some(""))
    else {
        let at = key_of(map, "current-context");
        let message = "`current-context` is missing: kubectl reaches no cluster by this file";
        missing(v, at, message);
        return;
    };
    let Some(name) = current.as_str().filter(|_| is_known(current)) else {
        return;
    };
    let Some(item) = named(map, "contexts", name) else {
        match nameless(map, "contexts") {
            Some(at) => {
                let message =
                    format!("a context has no `name`, and `current-context` asks for `{name}`");
                missing(v, at, message);
            }
            None => {
                let message = format!(
                    "no context is called `{name}`: kubectl reaches no cluster by this file"
                );
                conflict(v, current, message);
            }
        }
        return;
    };
    let Some(context) = item.field("context") else {
        let message = "`context` is missing: kubectl has no cluster to ask";
        missing(v, key_of(item, "context"), message);
        return;
    };
    cluster(v, map, context);
    let user = text(context, "user").unwrap_or_default();
    // Whom the file does not have is nobody.
    if let Some(user) = named(map, "users", user).and_then(|item| item.field("user")) {
        credentials(v, user);
    }
}

/// The entry of a list that has a name.
fn named<'d>(map: Node<'d>, list: &str, name: &str) -> Option<Node<'d>> {
    map.list(list)
        .find(|item| text(*item, "name").unwrap_or_default() == name)
}

/// Where a name is missing in a list.
fn nameless<'d>(map: Node<'d>, list: &str) -> Option<NodeSpan<'d>> {
    let item = map.list(list).find(|item| !is_given(*item, "name"))?;
    Some(key_of(item, "name"))
}

/// The cluster of the current context.
fn cluster<'d>(v: &mut Validator<'d>, map: Node<'d>, context: Node<'d>) {
    let name = context.field("cluster");
    if name.is_some_and(|name| !is_known(name)) {
        return;
    }
    let called = name.and_then(Node::as_str).unwrap_or_default();
    let Some(item) = named(map, "clusters", called) else {
        let message = format!(
            "the current context asks for the cluster `{called}`, which the file does not have"
        );
        let at = match (map.field("clusters"), nameless(map, "clusters"), name) {
            (None, ..) => key_of(map, "clusters"),
            (_, Some(at), _) => at,
            (.., Some(name)) => name.into(),
            _ => key_of(context, "cluster"),
        };
        conflict(v, at, message);
        return;
    };
    let Some(cluster) = item.field("cluster") else {
        missing(
            v,
            key_of(item, "cluster"),
            "`cluster` is missing: kubectl has no server to ask",
        );
        return;
    };
    if text(cluster, "server").is_none_or(str::is_empty) {
        let at = key_of(cluster, "server");
        missing(v, at, "`server` is missing: kubectl has no server to ask");
    }
    if let Some(node) = cluster.field("proxy-url").filter(|node| is_known(*node)) {
        let written = node.as_str().unwrap_or_default();
        let url = Url::parse(written);
        let fits = url.is_some_and(|url| {
            ["http", "https", "socks5"]
                .iter()
                .any(|s| url.scheme.eq_ignore_ascii_case(s))
        });
        v.form(
            fits || written.is_empty(),
            node,
            "proxy-url",
            "a URL with http, https or socks5",
        );
    }
    either(v, cluster, "certificate-authority");
}

/// A file, or its content under the same key with `-data`.
fn either<'d>(v: &mut Validator<'d>, map: Node<'d>, key: &str) {
    let data = format!("{key}-data");
    let given = [key, &data].map(|key| map.field(key).filter(|_| is_given(map, key)));
    if let [Some(file), Some(content)] = given {
        let later = if file.span().start > content.span().start {
            file
        } else {
            content
        };
        let message = format!("`{key}` and `{data}` exclude each other");
        conflict(v, own_key(later), message);
    }
}

fn is_given(map: Node<'_>, key: &str) -> bool {
    text(map, key).is_some_and(|text| !text.is_empty())
}

/// Who the current context says to be.
fn credentials<'d>(v: &mut Validator<'d>, user: Node<'d>) {
    let has = |key: &str| is_given(user, key);
    let certificate = has("client-certificate") || has("client-certificate-data");
    if certificate {
        either(v, user, "client-certificate");
        either(v, user, "client-key");
        if !has("client-key") && !has("client-key-data") {
            missing(
                v,
                user.lacking(),
                "a client certificate needs `client-key` or `client-key-data`",
            );
        }
    }
    let basic = ["username", "password"].into_iter().find(|key| has(key));
    if let Some(basic) = basic.filter(|_| has("token")) {
        conflict(
            v,
            key_of(user, basic),
            "a user has a `token`, or a name and a password: kubectl takes only one of them",
        );
    }
    let others = ["as-uid", "as-groups", "as-user-extra"];
    let others = others.into_iter().filter_map(|key| user.field(key));
    let mut others = others
        .filter(|node| node.as_str() != Some("") && (node.as_str().is_some() || !node.is_empty()));
    if let Some(other) = others.next().filter(|_| !has("as")) {
        conflict(
            v,
            own_key(other),
            "whose groups these are is missing: `as` has the name of the user to act for",
        );
    }
    if let Some(exec) = user.field("exec") {
        plugin(v, user, exec);
    }
}

/// The program that gets the credentials.
fn plugin<'d>(v: &mut Validator<'d>, user: Node<'d>, exec: Node<'d>) {
    if let Some(provider) = user.field("auth-provider") {
        conflict(
            v,
            own_key(provider),
            "`exec` and `auth-provider` exclude each other",
        );
    }
    for key in ["command", "apiVersion"] {
        if exec.field(key).is_none_or(|node| node.as_str() == Some("")) {
            missing(
                v,
                key_of(exec, key),
                format!("`{key}` of the plugin is missing"),
            );
        }
    }
    for variable in items(exec.field("env")) {
        if text(variable, "name").is_none_or(str::is_empty) {
            missing(
                v,
                key_of(variable, "name"),
                "`name` of the variable is missing",
            );
        }
    }
    let version = text(exec, "apiVersion").unwrap_or_default();
    let old = ["v1beta1", "v1alpha1"]
        .iter()
        .any(|v| version.strip_prefix("client.authentication.k8s.io/") == Some(v));
    match exec.field("interactiveMode") {
        Some(mode) if !is_known(mode) => {}
        Some(mode) if mode.as_str().is_some_and(|m| !m.is_empty()) => {
            if mode.as_str().is_some_and(|m| !MODES.contains(&m)) {
                v.not_one_of(mode, "interactiveMode", &MODES);
            }
        }
        _ if old => {}
        _ => {
            let at = key_of(exec, "interactiveMode");
            missing(
                v,
                at,
                "`interactiveMode` is missing: this version of the plugin's interface needs Never, IfAvailable or Always",
            );
        }
    }
}
