//! Talos: its machine configuration, its other documents, and its secrets.

use crate::check::Cx;
use crate::kube::{Object, is_unresolved};
use crate::secrets::detect::{
    CredentialKind, NameHint, encoded, hits, is_credential, stands_for_another,
};
use crate::yaml::Node;

/// The fields with secrets of the cluster.
const SECRETS: [&[&str]; 19] = [
    &["machine", "token"],
    &["machine", "ca", "key"],
    &["cluster", "secret"],
    &["cluster", "token"],
    &["cluster", "ca", "key"],
    &["cluster", "aggregatorCA", "key"],
    &["cluster", "serviceAccount", "key"],
    &["cluster", "etcd", "ca", "key"],
    &["cluster", "aescbcEncryptionSecret"],
    &["cluster", "secretboxEncryptionSecret"],
    &["secrets", "bootstraptoken"],
    &["secrets", "secretboxencryptionsecret"],
    &["trustdinfo", "token"],
    &["certs", "etcd", "key"],
    &["certs", "k8s", "key"],
    &["certs", "k8sserviceaccount", "key"],
    &["certs", "os", "key"],
    &["issuingCA", "key"],
    &["issuer", "privateKey"],
];

/// Whether a text is a key or a token, and no placeholder for one.
fn is_secret(node: &Node<'_>) -> bool {
    let text = node.as_str().unwrap_or_default();
    let key = encoded(text) == Some(CredentialKind::PrivateKey)
        || hits(text)
            .iter()
            .any(|h| h.what == CredentialKind::PrivateKey);
    // The placeholder of Talos' own tools; and a key that is none.
    let other = text.to_ascii_lowercase().contains("redact") || text.starts_with("LS0tLS1");
    key || !other && is_credential(NameHint::Token, text)
}

pub(super) fn secrets_committed(object: Object<'_>, cx: &mut Cx<'_>) {
    let contexts = object
        .node
        .field("contexts")
        .into_iter()
        .flat_map(Node::entries);
    let logins = contexts.filter_map(|(_, context)| context.field("key"));
    let own = SECRETS.iter().filter_map(|path| object.node.at(path));
    let found: Vec<_> = own.chain(logins).filter(is_secret).collect();
    let [first, others @ ..] = found.as_slice() else {
        return;
    };
    let more = match others.len() {
        0 => String::new(),
        1 => " and 1 more".to_owned(),
        n => format!(" and {n} more"),
    };
    let name = first.key_node().and_then(Node::key).unwrap_or_default();
    let message = format!(
        "secrets of the cluster are in plain text (`{name}`{more}), so anyone who reads this file can become its administrator"
    );
    let draft = cx.report(*first, message).secret();
    others
        .iter()
        .take(20)
        .fold(draft, |draft, node| draft.related(*node, ""));
}

/// Arguments that Talos sets and that cannot be changed.
const DENIED: [(&str, &[&str]); 3] = [
    (
        "apiServer",
        &[
            "authorization-config",
            "client-ca-file",
            "encryption-provider-config",
            "etcd-cafile",
            "etcd-certfile",
            "etcd-keyfile",
            "etcd-servers",
            "kubelet-client-certificate",
            "kubelet-client-key",
            "proxy-client-cert-file",
            "proxy-client-key-file",
            "requestheader-client-ca-file",
            "service-account-key-file",
            "service-account-signing-key-file",
            "tls-cert-file",
            "tls-private-key-file",
        ],
    ),
    (
        "controllerManager",
        &[
            "authentication-kubeconfig",
            "authorization-kubeconfig",
            "cluster-signing-cert-file",
            "cluster-signing-key-file",
            "root-ca-file",
            "service-account-private-key-file",
        ],
    ),
    (
        "scheduler",
        &[
            "authentication-kubeconfig",
            "authorization-kubeconfig",
            "config",
            "kubeconfig",
        ],
    ),
];

pub(super) fn denied_extra_arg(object: Object<'_>, cx: &mut Cx<'_>) {
    const DOCUMENTS: [&str; 3] = [
        "KubeAPIServerConfig",
        "KubeControllerManagerConfig",
        "KubeSchedulerConfig",
    ];
    for ((section, denied), document) in DENIED.into_iter().zip(DOCUMENTS) {
        let own = object.gvk.kind == document;
        let arguments = if own {
            object.node.field("extraArgs")
        } else {
            object.node.at(&["cluster", section, "extraArgs"])
        };
        for (key, _) in arguments.into_iter().flat_map(Node::entries) {
            let name = key.text().unwrap_or_default();
            let elsewhere = match name {
                _ if !own || section != "apiServer" => None,
                "authentication-config" | "anonymous-auth" => Some("KubeAuthenticationConfig"),
                _ if name.starts_with("oidc-") => Some("KubeAuthenticationConfig"),
                _ if name.starts_with("authorization-") => Some("KubeAuthorizerConfig"),
                _ => None,
            };
            if let Some(kind) = elsewhere {
                cx.report(
                    key,
                    format!("Talos rejects `{name}` here, because it belongs in a document of kind `{kind}`"),
                )
                .help(format!("Add a document of kind `{kind}`."));
            } else if denied.contains(&name) {
                cx.report(key, format!("Talos sets `{name}` and rejects another value, so the component fails to start"));
            }
        }
    }
}

pub(super) fn disk_encryption_static_key(object: Object<'_>, cx: &mut Cx<'_>) {
    let disks = object
        .node
        .at(&["machine", "systemDiskEncryption"])
        .into_iter()
        .flat_map(Node::entries);
    let disks = disks
        .map(|(_, disk)| disk)
        .chain(object.node.field("encryption"));
    for key in disks.flat_map(|disk| disk.list("keys")) {
        let passphrase = key.at(&["static", "passphrase"]);
        if let Some(passphrase) = passphrase.filter(|p| {
            p.text()
                .is_some_and(|t| !is_unresolved(t) && !stands_for_another(t))
        }) {
            cx.report(passphrase, "the disk passphrase is committed, so anyone who has the disk and this file can decrypt it").secret();
        }
    }
}
