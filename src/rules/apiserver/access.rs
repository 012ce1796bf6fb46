//! Who is let in, who is asked what they may do, and which keys and certificates that rests on.

use super::{may_lack_nodes, named};
use crate::check::Cx;
use crate::component::{ComponentKind, Instance, Origin};
use crate::documents::{ConfigFileFacts, DocumentSet, folder};
use crate::go_value::parse_bool;
use crate::kube::address::Url;
use crate::kube::is_unresolved;
use crate::model::Severity;
use std::collections::HashMap;

/// Who a node is asked by.
pub(in crate::rules) fn authorization_mode_node(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let explicit = instance.last("authorization-mode");
    let replaced = instance.is_set("authorization-config") == Some(true);
    let Some(setting) = explicit.filter(|_| !replaced && !may_lack_nodes(instance)) else {
        return;
    };
    let modes = instance.list("authorization-mode");
    if modes.is_some_and(|modes| modes.items.iter().all(|(mode, _)| *mode != "Node")) {
        let message = format!(
            "the API server does not ask the Node authoriser: {} lists others only",
            setting.spelling
        );
        cx.report(setting.node_span(), message);
    }
}

/// Files and flags that configure the same thing exclude each other.
fn configured_twice(
    instance: &Instance<'_>,
    file: &str,
    other: impl Fn(&str) -> bool,
    cx: &mut Cx<'_>,
) {
    let given = instance.settings.iter().find(|s| other(&s.name));
    let file = instance.last(file).filter(|s| !s.value.is_empty());
    if let (Some(setting), Some(file)) = (given, file) {
        let message = format!(
            "`{}` and `{}` exclude each other: the API server does not start",
            setting.spelling, file.spelling
        );
        cx.report(setting.node_span(), message)
            .related(file.node_span(), "configured here, too");
    }
}

/// Modes and webhooks belong into the file then.
pub(in crate::rules) fn authorization_flags_conflict(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let flag =
        |name: &str| name == "authorization-mode" || name.starts_with("authorization-webhook-");
    configured_twice(instance, "authorization-config", flag, cx);
}

/// Issuers belong into the file then.
pub(in crate::rules) fn oidc_flags_with_authentication_config(
    instance: &Instance<'_>,
    cx: &mut Cx<'_>,
) {
    let flag = |name: &str| name.starts_with("oidc-");
    configured_twice(instance, "authentication-config", flag, cx);
}

/// A webhook that is asked in the version of old.
fn asked_in_v1beta1(
    instance: &Instance<'_>,
    file: &str,
    version: &str,
    what: &str,
    cx: &mut Cx<'_>,
) {
    let old = instance.effective(version).filter(|v| v.value == "v1beta1");
    let Some(old) = old else { return };
    let spelling = instance.spelling(version);
    let message = format!("{what} is asked in the version v1beta1: set `{spelling}` to v1");
    match instance.last(file).filter(|s| !s.value.is_empty()) {
        Some(file) => {
            cx.report(file.node_span(), message);
        }
        // A configuration file names the webhook beside its version.
        None if !spelling.starts_with("--") => {
            cx.report(old.node_span, message);
        }
        None => {}
    }
}

/// The webhook that tokens are shown.
pub(in crate::rules) fn webhook_token_authn_v1beta1(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    asked_in_v1beta1(
        instance,
        "authentication-token-webhook-config-file",
        "authentication-token-webhook-version",
        "the token webhook",
        cx,
    );
}

/// The webhook that is asked who may do what.
pub(in crate::rules) fn authorization_webhook_v1beta1(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    asked_in_v1beta1(
        instance,
        "authorization-webhook-config-file",
        "authorization-webhook-version",
        "the authorization webhook",
        cx,
    );
}

/// An issuer that clients outside of the cluster cannot look up: the API server then serves no discovery document.
pub(in crate::rules) fn service_account_issuer_not_https(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (issuer, node_span) in named(instance, &["service-account-issuer"]) {
        let Some(url) = Url::parse(issuer) else {
            continue;
        };
        let why = match url.scheme {
            "https" if issuer.contains(['?', '#']) => "a query or fragment",
            "http" => "no TLS",
            _ => continue,
        };
        let message = format!(
            "the issuer of service account tokens, {issuer}, has {why}: nobody outside can look up the keys that verify them"
        );
        cx.report(node_span, message);
    }
}

/// One key for two things: who gets hold of it can do both.
pub(in crate::rules) fn service_account_key_equals_tls_key(
    instance: &Instance<'_>,
    cx: &mut Cx<'_>,
) {
    let what = "tokens of service accounts are signed with the key of the API server's certificate";
    let signing = [
        "service-account-signing-key-file",
        "service-account-key-file",
    ];
    for name in signing {
        if same_file(instance, name, "tls-private-key-file", what, cx) {
            return;
        }
    }
}

/// Any certificate of that authority may then say in a header who its owner is.
pub(in crate::rules) fn requestheader_ca_shared(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let others = [
        ("client-ca-file", "any client certificate of the cluster"),
        ("etcd-cafile", "any certificate of etcd"),
    ];
    for (name, whose) in others {
        let what = format!(
            "{whose} may name another user in a header: both authorities are the same file"
        );
        if same_file(instance, "requestheader-client-ca-file", name, &what, cx) {
            return;
        }
    }
}

/// Reports the first setting where it names the file of the second.
fn same_file(instance: &Instance<'_>, one: &str, other: &str, what: &str, cx: &mut Cx<'_>) -> bool {
    let (Some(first), Some(second)) = (instance.last(one), instance.effective(other)) else {
        return false;
    };
    let path = clean(&first.value);
    if path.is_empty() || is_unresolved(&first.value) || path != clean(second.value) {
        return false;
    }
    let draft = cx.report(first.node_span(), format!("{what}, {}", first.value));
    if second.origin == Origin::Explicit {
        draft.related(second.node_span, "the same file");
    }
    true
}

/// A path in the way that the system reads it.
fn clean(path: &str) -> Vec<&str> {
    path.split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect()
}

/// Requests without credentials are let in.
pub(in crate::rules) fn anonymous_auth(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const NAME: &str = "anonymous-auth";
    let Some(value) = instance
        .effective(NAME)
        .filter(|_| instance.is_on(NAME) == Some(true))
    else {
        return;
    };
    let setting = instance.spelling(NAME);
    let what = "the API server accepts requests without credentials";
    if value.origin == Origin::Explicit {
        let message = format!("{what}: `{setting}` is set to {}", value.value);
        cx.report(value.node_span, message);
    } else if cx.is_strict() && instance.is_set("authentication-config") == Some(false) {
        let message = format!(
            "{what}: `{setting}` is not set, and defaults to {}",
            value.value
        );
        cx.missing(value.node_span, message).severity(Severity::Low);
    }
}

/// The same where a file could say something else, and does not.
pub(in crate::rules) fn anonymous_auth_in_set(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    if !cx.is_strict() {
        return;
    }
    for link in set.links(ComponentKind::ApiServer, "authentication-config") {
        let silent = matches!(link.file.says, ConfigFileFacts::Authentication(None));
        let mut values = link.from.facts.settings("anonymous-auth");
        let default =
            values.find(|s| s.origin != Origin::Explicit && parse_bool(&s.value) == Some(true));
        if let Some(value) = default.filter(|_| silent) {
            let message = format!(
                "the API server accepts requests without credentials: `--anonymous-auth` is not set, and {} does not speak of them",
                link.from.setting.value
            );
            cx.report_fact(link.from.facts, &value.at, message)
                .severity(Severity::Low)
                .related_fact(&link.file.at.label);
        }
    }
}

/// A flag and a file that both say whether requests without credentials are let in: the API server does not start.
pub(in crate::rules) fn anonymous_auth_set_twice(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    for link in set.links(ComponentKind::ApiServer, "authentication-config") {
        let ConfigFileFacts::Authentication(Some(anonymous)) = &link.file.says else {
            continue;
        };
        let mut values = link.from.facts.settings("anonymous-auth");
        if let Some(flag) = values.find(|s| s.origin == Origin::Explicit) {
            let message = format!(
                "`--anonymous-auth` and `anonymous` of {} exclude each other: the API server does not start",
                link.from.setting.value
            );
            cx.report_fact(link.from.facts, &flag.at, message)
                .related_fact(&anonymous.at);
        }
    }
}

/// The API server does not ask who signed the certificates of kubelets.
pub(in crate::rules) fn kubelet_certificate_authority(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const NAME: &str = "kubelet-certificate-authority";
    // Kubelets sign their own unless they are told otherwise.
    if cx.is_strict() && instance.is_set(NAME) == Some(false) {
        let setting = instance.spelling(NAME);
        let message = format!(
            "the API server does not verify the certificates of kubelets: `{setting}` is not set"
        );
        cx.setting(instance, NAME, message);
    }
}

/// The same where kubelets are told otherwise.
pub(in crate::rules) fn kubelet_certificate_authority_in_set(
    set: &DocumentSet<'_>,
    cx: &mut Cx<'_>,
) {
    if cx.is_strict() {
        return;
    }
    // What lies in one folder is one cluster's.
    let mut signed = HashMap::new();
    for kubelet in set.settings(ComponentKind::Kubelet, "rotate-server-certificates") {
        if parse_bool(&kubelet.setting.value) == Some(true) {
            signed.entry(folder(kubelet.path)).or_insert(kubelet);
        }
    }
    let server_settings = set.settings(ComponentKind::ApiServer, "kubelet-certificate-authority");
    for server in server_settings.filter(|s| s.setting.value.is_empty()) {
        if let Some(kubelet) = signed.get(folder(server.path)) {
            let message = "the API server does not verify the certificates of kubelets, although the cluster signs them: `--kubelet-certificate-authority` is not set";
            cx.report_fact(server.facts, &server.setting.at, message)
                .related_fact(&kubelet.setting.at.label);
        }
    }
}
