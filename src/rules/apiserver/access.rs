//! Authentication, authorization, and the keys and certificates that they rely on.

use super::{may_lack_nodes, named};
use crate::check::Cx;
use crate::component::{ComponentKind, Instance, Origin};
use crate::documents::{ConfigFileFacts, DocumentSet, folder};
use crate::go_value::parse_bool;
use crate::kube::address::Url;
use crate::kube::is_unresolved;
use crate::model::Severity;
use std::collections::HashMap;

/// Whether the Node authorizer is in the list.
pub(in crate::rules) fn authorization_mode_node(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let explicit = instance.last("authorization-mode");
    let replaced = instance.is_set("authorization-config") == Some(true);
    let Some(setting) = explicit.filter(|_| !replaced && !may_lack_nodes(instance)) else {
        return;
    };
    let modes = instance.list("authorization-mode");
    if modes.is_some_and(|modes| modes.items.iter().all(|(mode, _)| *mode != "Node")) {
        let message = format!(
            "`{}` does not list `Node`, so kubelets are not limited to the objects of their own node",
            setting.spelling
        );
        cx.report(setting.node_span(), message);
    }
}

/// Reports a flag that cannot be combined with a configuration file.
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
            "`{}` cannot be combined with `{}`, so the API server fails to start",
            setting.spelling, file.spelling
        );
        cx.report(setting.node_span(), message)
            .related(file.node_span(), "also configured here");
    }
}

/// Modes and webhooks are defined in the file then.
pub(in crate::rules) fn authorization_flags_conflict(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let flag =
        |name: &str| name == "authorization-mode" || name.starts_with("authorization-webhook-");
    configured_twice(instance, "authorization-config", flag, cx);
}

/// Issuers are defined in the file then.
pub(in crate::rules) fn oidc_flags_with_authentication_config(
    instance: &Instance<'_>,
    cx: &mut Cx<'_>,
) {
    let flag = |name: &str| name.starts_with("oidc-");
    configured_twice(instance, "authentication-config", flag, cx);
}

/// Reports a webhook that is called with a deprecated review version.
fn called_with_v1beta1(
    instance: &Instance<'_>,
    file: &str,
    version: &str,
    review: &str,
    cx: &mut Cx<'_>,
) {
    let old = instance.effective(version).filter(|v| v.value == "v1beta1");
    let Some(old) = old else { return };
    let spelling = instance.spelling(version);
    let message = format!(
        "`{spelling}` is not `v1`, so the API server calls the webhook with deprecated {review} v1beta1"
    );
    match instance.last(file).filter(|s| !s.value.is_empty()) {
        Some(file) => {
            cx.report(file.node_span(), message);
        }
        // A configuration file names the webhook next to its version.
        None if !spelling.starts_with("--") => {
            cx.report(old.node_span, message);
        }
        None => {}
    }
}

/// The webhook that verifies tokens.
pub(in crate::rules) fn webhook_token_authn_v1beta1(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    called_with_v1beta1(
        instance,
        "authentication-token-webhook-config-file",
        "authentication-token-webhook-version",
        "TokenReview",
        cx,
    );
}

/// The webhook that authorizes requests.
pub(in crate::rules) fn authorization_webhook_v1beta1(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    called_with_v1beta1(
        instance,
        "authorization-webhook-config-file",
        "authorization-webhook-version",
        "SubjectAccessReview",
        cx,
    );
}

/// An issuer for which the API server serves no discovery document.
pub(in crate::rules) fn service_account_issuer_not_https(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (issuer, node_span) in named(instance, &["service-account-issuer"]) {
        let Some(url) = Url::parse(issuer) else {
            continue;
        };
        let why = match url.scheme {
            "https" if issuer.contains(['?', '#']) => "has a query or fragment",
            "http" => "does not use HTTPS",
            _ => continue,
        };
        let message = format!(
            "token issuer `{issuer}` {why}, so the API server serves no discovery document and other systems cannot verify tokens"
        );
        cx.report(node_span, message);
    }
}

/// One key for two purposes: an attacker who obtains it can use both.
pub(in crate::rules) fn service_account_key_equals_tls_key(
    instance: &Instance<'_>,
    cx: &mut Cx<'_>,
) {
    let impact = "an attacker who obtains the TLS key can sign ServiceAccount tokens";
    let signing = [
        "service-account-signing-key-file",
        "service-account-key-file",
    ];
    for name in signing {
        if same_file(instance, name, "tls-private-key-file", impact, cx) {
            return;
        }
    }
}

/// The owner of any certificate of that CA can then name a user in a header.
pub(in crate::rules) fn requestheader_ca_shared(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let others = [
        ("client-ca-file", "any client certificate"),
        ("etcd-cafile", "any etcd certificate"),
    ];
    for (name, whose) in others {
        let impact = format!("the owner of {whose} can impersonate any user");
        if same_file(instance, "requestheader-client-ca-file", name, &impact, cx) {
            return;
        }
    }
}

/// Reports the first setting where it names the file of the second.
fn same_file(
    instance: &Instance<'_>,
    one: &str,
    other: &str,
    impact: &str,
    cx: &mut Cx<'_>,
) -> bool {
    let (Some(first), Some(second)) = (instance.last(one), instance.effective(other)) else {
        return false;
    };
    let path = clean(&first.value);
    if path.is_empty() || is_unresolved(&first.value) || path != clean(second.value) {
        return false;
    }
    let (path, other) = (&first.value, instance.spelling(other));
    let message = format!("`{path}` is also the file of `{other}`, so {impact}");
    let draft = cx.report(first.node_span(), message);
    if second.origin == Origin::Explicit {
        draft.related(second.node_span, "the same file");
    }
    true
}

/// The parts of a path, as the system resolves them.
fn clean(path: &str) -> Vec<&str> {
    path.split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect()
}

/// Requests without credentials are accepted.
pub(in crate::rules) fn anonymous_auth(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const NAME: &str = "anonymous-auth";
    let Some(value) = instance
        .effective(NAME)
        .filter(|_| instance.is_on(NAME) == Some(true))
    else {
        return;
    };
    let setting = instance.spelling(NAME);
    if value.origin == Origin::Explicit {
        let message = format!(
            "`{setting}` is set to `{}`, so the API server accepts requests without credentials",
            value.value
        );
        cx.report(value.node_span, message);
    } else if cx.is_strict() && instance.is_set("authentication-config") == Some(false) {
        let message = format!(
            "`{setting}` is not set and defaults to `{}`, so the API server accepts requests without credentials",
            value.value
        );
        cx.missing(value.node_span, message).severity(Severity::Low);
    }
}

/// The same where a configuration file could disable it and does not.
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
                "neither `--anonymous-auth` nor `anonymous` in `{}` is set, so the API server accepts requests without credentials",
                link.from.setting.value
            );
            cx.report_fact(link.from.facts, &value.at, message)
                .severity(Severity::Low)
                .related_fact(&link.file.at.label);
        }
    }
}

/// A flag and a file that both configure anonymous authentication: the API server fails to start.
pub(in crate::rules) fn anonymous_auth_set_twice(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    for link in set.links(ComponentKind::ApiServer, "authentication-config") {
        let ConfigFileFacts::Authentication(Some(anonymous)) = &link.file.says else {
            continue;
        };
        let mut values = link.from.facts.settings("anonymous-auth");
        if let Some(flag) = values.find(|s| s.origin == Origin::Explicit) {
            let message = format!(
                "`--anonymous-auth` cannot be combined with `anonymous` in `{}`, so the API server fails to start",
                link.from.setting.value
            );
            cx.report_fact(link.from.facts, &flag.at, message)
                .related_fact(&anonymous.at);
        }
    }
}

/// The API server does not verify the certificates of kubelets.
pub(in crate::rules) fn kubelet_certificate_authority(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const NAME: &str = "kubelet-certificate-authority";
    // Kubelets use self-signed certificates by default.
    if cx.is_strict() && instance.is_set(NAME) == Some(false) {
        let setting = instance.spelling(NAME);
        let message = format!(
            "`{setting}` is not set, so the API server does not verify the certificates of kubelets"
        );
        cx.setting(instance, NAME, message);
    }
}

/// The same where kubelets request certificates from the cluster CA.
pub(in crate::rules) fn kubelet_certificate_authority_in_set(
    set: &DocumentSet<'_>,
    cx: &mut Cx<'_>,
) {
    if cx.is_strict() {
        return;
    }
    // Files of one folder belong to one cluster.
    let mut signed = HashMap::new();
    for kubelet in set.settings(ComponentKind::Kubelet, "rotate-server-certificates") {
        if parse_bool(&kubelet.setting.value) == Some(true) {
            signed.entry(folder(kubelet.path)).or_insert(kubelet);
        }
    }
    let server_settings = set.settings(ComponentKind::ApiServer, "kubelet-certificate-authority");
    for server in server_settings.filter(|s| s.setting.value.is_empty()) {
        if let Some(kubelet) = signed.get(folder(server.path)) {
            let message = "`--kubelet-certificate-authority` is not set, so the API server does not verify kubelet certificates although the cluster CA signs them";
            cx.report_fact(server.facts, &server.setting.at, message)
                .related_fact(&kubelet.setting.at.label);
        }
    }
}
