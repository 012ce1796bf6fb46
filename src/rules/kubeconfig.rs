//! kubeconfigs: whom they trust, and whom they make of whoever reads them.

use crate::check::Cx;
use crate::component::is_open;
use crate::kube::Object;
use crate::kube::address::{Url, is_loopback, is_private};
use crate::model::Severity;
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

fn server(cluster: Node<'_>) -> Option<(Node<'_>, Url<'_>)> {
    let node = cluster.field("server")?;
    let text = node.as_str().filter(|t| !is_open(t))?;
    Some((node, Url::parse(text)?))
}

pub(super) fn insecure_skip_tls_verify(config: Object<'_>, cx: &mut Cx<'_>) {
    for (name, cluster) in clusters(config) {
        let Some(skip) = cluster
            .field("insecure-skip-tls-verify")
            .filter(|s| s.as_bool() == Some(true))
        else {
            continue;
        };
        let draft = cx.report(skip, format!("whoever answers as cluster \"{name}\" gets the credentials that are sent there: its certificate is not verified"));
        if server(cluster).is_some_and(|(_, url)| is_loopback(url.host)) {
            draft.severity(Severity::Medium);
        }
    }
}

pub(super) fn plaintext_server(config: Object<'_>, cx: &mut Cx<'_>) {
    for (name, cluster) in clusters(config) {
        if let Some((node, _)) = server(cluster).filter(|(_, url)| url.is_plain()) {
            cx.report(node, format!("everything between here and cluster \"{name}\" can be read and changed on the way: its address is http"));
        }
    }
}

pub(super) fn ca_missing(config: Object<'_>, cx: &mut Cx<'_>) {
    const TRUST: [&str; 3] = [
        "certificate-authority",
        "certificate-authority-data",
        "insecure-skip-tls-verify",
    ];
    for (name, cluster) in clusters(config) {
        let private =
            server(cluster).is_some_and(|(_, url)| url.scheme == "https" && is_private(url.host));
        if private && TRUST.iter().all(|field| cluster.field(field).is_none()) {
            cx.missing(cluster.lacking(), format!("no CA is given for cluster \"{name}\", and no public authority certifies its address"));
        }
    }
}

/// Users that every cluster's installer calls its administrator.
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
                ", which is usually the administrator of the whole cluster"
            } else {
                ""
            };
            cx.report(key, format!("the private key of user \"{name}\" is committed: whoever reads it is that user{what}, until the certificate ends"))
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
            cx.report(shown, format!("user \"{name}\" is of the group system:masters: no RBAC rule limits it, and its certificate cannot be revoked"));
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
            let end = if ends { "" } else { ", and never ends" };
            format!(" (it is of service account {account}{end})")
        });
        let account = account.unwrap_or_default();
        cx.report(
            token,
            format!(
                "a token of user \"{name}\" is committed{account}: whoever reads it is that user"
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
            cx.report(password, format!("the password of user \"{name}\" is committed; API servers take none since 1.19, so that it opens something else"))
                .secret();
        }
    }
}

pub(super) fn impersonation(config: Object<'_>, cx: &mut Cx<'_>) {
    for (name, user) in users(config) {
        let groups = user.list("as-groups");
        let all = groups.filter(|g| g.as_str() == Some("system:masters"));
        let admin = user
            .field("as")
            .filter(|u| matches!(u.as_str(), Some("system:admin" | "kubernetes-super-admin")));
        for who in all.chain(admin) {
            let text = who.text().unwrap_or_default();
            cx.report(who, format!("each request of user \"{name}\" is made as {text}, past all of RBAC: a slip of the hand is one of an administrator"));
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
            cx.report(node, format!("user \"{name}\" runs {text} from wherever this file lies: whoever writes there runs code here"));
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
                    format!("the value of `{key}` for the plugin of user \"{name}\" is committed"),
                )
                .secret();
            }
        }
    }
}

fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '~', '$']) || path.get(1..3) == Some(":\\")
}

pub(super) fn auth_provider_removed(config: Object<'_>, cx: &mut Cx<'_>) {
    for (user, node) in users(config) {
        let Some(name) = node.at(&["auth-provider", "name"]) else {
            continue;
        };
        let plugin = match name.as_str() {
            Some("gcp") => "gke-gcloud-auth-plugin",
            Some("azure") => "kubelogin",
            Some("openstack") => "client-keystone-auth",
            _ => continue,
        };
        let provider = name.text().unwrap_or_default();
        cx.report(
            name,
            format!("kubectl has no provider `{provider}` any more: user \"{user}\" cannot log in"),
        )
        .help(format!("use `exec` with {plugin}"));
    }
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
                format!("the password of the proxy before cluster \"{name}\" is committed"),
            )
            .secret();
        }
    }
}

pub(super) fn absolute_home_path(config: Object<'_>, cx: &mut Cx<'_>) {
    let of_clusters = clusters(config).filter_map(|(_, c)| c.field("certificate-authority"));
    let of_users = users(config).flat_map(|(_, u)| {
        ["client-certificate", "client-key", "tokenFile"]
            .into_iter()
            .filter_map(move |f| u.field(f))
    });
    for node in of_clusters.chain(of_users) {
        let path = node.as_str().unwrap_or_default();
        if ["/home/", "/Users/", "C:\\Users\\", "/root/"]
            .iter()
            .any(|home| path.starts_with(home))
        {
            cx.report(
                node,
                format!("{path} is on one machine only: nobody else can use this file"),
            );
        }
    }
}
