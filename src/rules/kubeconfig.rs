//! kubeconfig files: how they verify the API server, and which credentials they contain.

use crate::check::Cx;
use crate::go_value::Url;
use crate::kube::Object;
use crate::secrets::certificate::{Pem, pem};
use crate::secrets::detect::{
    CredentialKind, NameHint, claims, encoded, is_credential, named, service_account,
    stands_for_another,
};
use crate::yaml::Node;

/// Entries of a list of the kubeconfig, each with its name.
fn entries<'d>(
    config: Object<'d>,
    list: &str,
    field: &'static str,
) -> impl Iterator<Item = (&'d str, Node<'d>)> {
    let items = config.node.list(list);
    items.filter_map(move |item| {
        let name = item.field("name").and_then(Node::text);
        Some((name.unwrap_or("without a name"), item.field(field)?))
    })
}

fn clusters(config: Object<'_>) -> impl Iterator<Item = (&str, Node<'_>)> {
    entries(config, "clusters", "cluster")
}

fn users(config: Object<'_>) -> impl Iterator<Item = (&str, Node<'_>)> {
    entries(config, "users", "user")
}

/// User names that installers give to the administrator.
fn is_admin(name: &str) -> bool {
    [
        "kubernetes-admin",
        "kubernetes-super-admin",
        "admin",
        "default",
        "system:admin",
        "cluster-admin",
    ]
    .iter()
    .any(|admin| {
        name == *admin
            || name
                .strip_prefix(admin)
                .is_some_and(|rest| rest.starts_with('@'))
    })
}

pub(super) fn embedded_client_key(config: Object<'_>, cx: &mut Cx<'_>) {
    for (name, user) in users(config) {
        let Some(key) = user.field("client-key-data") else {
            continue;
        };
        if key.as_str().and_then(encoded) == Some(CredentialKind::PrivateKey) {
            let what = if is_admin(name) {
                " (usually the cluster administrator)"
            } else {
                ""
            };
            cx.report(key, format!("the private key of user \"{name}\"{what} is in plain text, so anyone who can read this file can act as that user"))
                .secret();
        }
    }
}

pub(super) fn system_masters_certificate(config: Object<'_>, cx: &mut Cx<'_>) {
    for (name, user) in users(config) {
        let Some(shown) = user.field("client-certificate-data") else {
            continue;
        };
        let text = shown.as_str().and_then(pem).unwrap_or_default();
        let Some(certificate) = Pem::of(&text).find_map(|block| block.certificate()) else {
            continue;
        };
        let over = cx.now().is_some_and(|now| certificate.not_after < now);
        let groups = &certificate.subject.organizations;
        if !over && groups.iter().any(|group| group == "system:masters") {
            cx.report(shown, format!("user \"{name}\" is in the group `system:masters`, so RBAC does not limit it and its certificate cannot be revoked"));
        }
    }
}

pub(super) fn embedded_token(config: Object<'_>, cx: &mut Cx<'_>) {
    for (name, user) in users(config) {
        let Some((token, text)) = user.field("token").and_then(|n| Some((n, n.as_str()?))) else {
            continue;
        };
        let known = claims(text);
        if known.is_none() && !is_credential(NameHint::Token, text) {
            continue;
        }
        let ends = known.is_none_or(|claims| claims.get("exp").is_some());
        let account = service_account(text).map(|account| {
            let end = if ends { "" } else { ", never expires" };
            format!(" (service account {account}{end})")
        });
        let account = account.unwrap_or_default();
        cx.report(
            token,
            format!(
                "the token of user \"{name}\"{account} is in plain text, so anyone who can read this file can act as that user"
            ),
        )
        .secret();
    }
}

pub(super) fn basic_auth(config: Object<'_>, cx: &mut Cx<'_>) {
    for (name, user) in users(config) {
        let password = user
            .field("password")
            .filter(|p| p.text().is_some_and(|t| !stands_for_another(t)));
        if let Some(password) = password {
            cx.report(password, format!("the password of user \"{name}\" is in plain text; API servers reject passwords since 1.19, but it can be valid elsewhere"))
                .secret();
        }
    }
}

pub(super) fn exec_plugin_relative(config: Object<'_>, cx: &mut Cx<'_>) {
    for (name, user) in users(config) {
        let Some(exec) = user.field("exec") else {
            continue;
        };
        let command = exec.field("command").and_then(|n| Some((n, n.as_str()?)));
        if let Some((node, text)) =
            command.filter(|(_, t)| t.contains(['/', '\\']) && !is_absolute(t))
        {
            cx.report(node, format!("user \"{name}\" runs `{text}` from the folder of this file, so anyone who can write there can run code as the user"));
        }
        for variable in exec.list("env") {
            let (Some(key), Some(value)) = (
                variable.field("name").and_then(Node::text),
                variable.field("value"),
            ) else {
                continue;
            };
            if named(key).is_some_and(|n| is_credential(n, value.text().unwrap_or_default())) {
                cx.report(
                    value,
                    format!("`{key}` of the exec plugin of user \"{name}\" is in plain text, so anyone who can read this file can use it"),
                )
                .secret();
            }
        }
    }
}

fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '~', '$']) || path.get(1..3) == Some(":\\")
}

pub(super) fn proxy_url_plain(config: Object<'_>, cx: &mut Cx<'_>) {
    for (name, cluster) in clusters(config) {
        let Some((node, text)) = cluster
            .field("proxy-url")
            .and_then(|n| Some((n, n.as_str()?)))
        else {
            continue;
        };
        let password = Url::parse(text).and_then(|url| url.password);
        if password.is_some_and(|p| !stands_for_another(p)) {
            cx.report(
                node,
                format!("the proxy password of cluster \"{name}\" is in plain text, so anyone who can read this file can use the proxy"),
            )
            .secret();
        }
    }
}
