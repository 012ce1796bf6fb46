//! Machines: their bootstrap data, their units, and the registries that they trust.

use crate::check::Cx;
use crate::component::bootstrap::{File, commands, files};
use crate::component::{Form, Instance, forms, kubelet_unit, registries, unit_settings};
use crate::kube::address::{Url, is_private};
use crate::kube::{Object, is_unresolved};
use crate::model::Severity;
use crate::secrets::detect::{CredentialKind, is_credential, named, stands_for_another};
use crate::yaml::{Node, NodeKind, items};

pub(super) fn bootstrap_inline_secret_content(object: Object<'_>, cx: &mut Cx<'_>) {
    let written = files(object).into_iter().filter_map(|f| f.content);
    let nodes: Vec<_> = written.chain(commands(object)).collect();
    if nodes.is_empty() {
        return;
    }
    for (at, what) in cx.exposed_secrets() {
        if !nodes.iter().any(|node| node.span().contains(at.span)) {
            continue;
        }
        let what = match what {
            CredentialKind::Token(kind) => kind,
            CredentialKind::PrivateKey => "a private key",
            CredentialKind::Url => "a password in a URL",
            CredentialKind::NameHint => continue,
        };
        cx.report(at, format!("the user data of the machine contains {what}, which its pods can read from the cloud metadata service"))
            .secret();
    }
}

/// The permissions of a file as bits: octal digits in a string, or a number that YAML reads as octal.
fn bits(mode: Node<'_>) -> Option<u32> {
    let text = mode.text()?.trim();
    let octal = text.strip_prefix("0o").unwrap_or(text);
    match mode.as_int() {
        Some(number) if octal.starts_with('0') => u32::try_from(number).ok(),
        _ => u32::from_str_radix(octal, 8).ok(),
    }
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, end)| end)
}

/// Whether only root must read a file: by its content, or by its name if the content is stored elsewhere.
fn is_secret(file: &File<'_>) -> bool {
    let text = file.content.and_then(Node::as_str).unwrap_or_default();
    let config = text.contains("kind: Config")
        && ["client-key-data:", "token:", "password:"]
            .iter()
            .any(|k| text.contains(k));
    text.contains("PRIVATE KEY-----")
        || text.contains("kind: EncryptionConfig")
        || config
        || extension(file.path) == "key"
        || file.content.is_none()
            && (file.path.contains("encryption") || file.path.ends_with("kubeconfig"))
}

pub(super) fn bootstrap_file_permissions(object: Object<'_>, cx: &mut Cx<'_>) {
    const FOLDERS: [&str; 4] = [
        "/etc/kubernetes",
        "/var/lib/etcd",
        "/var/lib/kubelet",
        "/etc/rancher",
    ];
    let private = Form::of(object.gvk).is_some_and(|form| form.files_are_private);
    for file in files(object) {
        let ours = FOLDERS.iter().any(|f| {
            file.path
                .strip_prefix(f)
                .is_some_and(|rest| rest.starts_with('/'))
        });
        let secret = is_secret(&file);
        if !ours || !(secret || cx.is_strict()) {
            continue;
        }
        let public = ["crt", "pem", "pub"].contains(&extension(file.path)) && !secret;
        let most = if public { 0o644 } else { 0o600 };
        let path = file.path;
        match file.mode.map(|node| (node, bits(node))) {
            Some((node, Some(bits))) if bits & 0o7777 & !most != 0 => {
                cx.report(node, format!("`{path}` has mode {bits:04o}, so other users can access it; {most:04o} is sufficient"));
            }
            None if secret && !private => {
                cx.missing(file.entry.lacking(), format!("`{path}` has no `permissions`, so its mode is 0644 and every user of the machine can read it"));
            }
            _ => {}
        }
        let owner = file.owner.filter(|o| {
            o.as_str().is_some_and(|o| {
                !is_unresolved(o) && !matches!(o, "root" | "root:root" | "etcd:etcd")
            })
        });
        if let Some(owner) = owner {
            let who = owner.text().unwrap_or_default();
            cx.report(
                owner,
                format!("`{path}` belongs to `{who}`, so this user can change it"),
            );
        }
    }
}

pub(super) fn bootstrap_curl_pipe_shell(object: Object<'_>, cx: &mut Cx<'_>) {
    for command in commands(object) {
        let text = match command.kind() {
            NodeKind::Seq => command
                .items()
                .filter_map(Node::text)
                .collect::<Vec<_>>()
                .join(" "),
            _ => command.text().unwrap_or_default().to_owned(),
        };
        let fetches = text.contains("curl ") || text.contains("wget ");
        let piped = ["| sh", "|sh", "| bash", "|bash", "| sudo", "<(curl"]
            .iter()
            .any(|p| text.contains(p));
        let how = if fetches && text.contains("http://") {
            "downloads code over HTTP, so an attacker on the network path can replace it"
        } else if fetches && piped {
            "runs a script from the internet without verifying it, so its server controls the machine"
        } else {
            continue;
        };
        cx.report(command, format!("every new machine {how}"));
    }
}

pub(super) fn systemd_kubelet_no_config_file(kubelet: &Instance<'_>, cx: &mut Cx<'_>) {
    let file = ["config", "config-dir"]
        .iter()
        .all(|s| kubelet.is_set(s) == Some(false));
    if *kubelet.form != forms::UNIT || !file {
        return;
    }
    let open = [
        ("anonymous-auth", "true"),
        ("authorization-mode", "AlwaysAllow"),
        ("read-only-port", "10255"),
    ];
    let left: Vec<_> = open
        .iter()
        .filter(|(name, value)| {
            kubelet.last(name).is_none()
                && kubelet.effective(name).is_some_and(|e| e.value == *value)
        })
        .map(|(name, value)| format!("`--{name}={value}`"))
        .collect();
    if !left.is_empty() {
        let left = left.join(", ");
        cx.missing(
            kubelet.anchor,
            format!("the kubelet has no config file, so insecure flag defaults apply: {left}"),
        );
    }
}

pub(super) fn systemd_secret_in_environment(object: Object<'_>, cx: &mut Cx<'_>) {
    for setting in unit_settings(object) {
        if named(&setting.name).is_some_and(|n| is_credential(n, &setting.value)) {
            let who = if setting.spelling.starts_with('-') {
                "every user can read it in the process list"
            } else {
                "every user can read it with `systemctl show`"
            };
            cx.report(
                setting.scalar(),
                format!(
                    "the unit contains the value of `{}`, so {who}",
                    setting.spelling
                ),
            )
            .secret();
        }
    }
}

pub(super) fn registry_insecure(object: Object<'_>, cx: &mut Cx<'_>) {
    const SKIP: [&str; 3] = ["insecure_skip_verify", "insecureSkipVerify", "skip_verify"];
    const LOGIN: [&str; 5] = [
        "password",
        "auth",
        "identity_token",
        "identityToken",
        "token",
    ];
    for root in registries(object) {
        for node in root.within().filter(|n| {
            !n.is_alias() && !matches!(n.kind(), NodeKind::Map | NodeKind::Seq | NodeKind::Null)
        }) {
            let text = node.text().unwrap_or_default();
            let key = node.key_node().and_then(Node::key).unwrap_or_default();
            if let Some(url) = Url::parse(text).filter(Url::is_plain) {
                let draft = cx.report(node, format!("images are pulled from `{text}` over HTTP, so an attacker on the network path can replace them"));
                if is_private(url.host) {
                    draft.severity(Severity::Low);
                }
            } else if SKIP.contains(&&*key) && node.as_bool() == Some(true) {
                cx.report(
                    node,
                    "the registry's certificate is not verified, so an attacker on the network path can replace images",
                );
            } else if LOGIN.contains(&&*key) && !stands_for_another(text) {
                cx.report(node, format!("the file contains the registry's `{key}`, so anyone who can read it can use the registry"))
                    .severity(Severity::High)
                    .secret();
            }
        }
    }
    // kind passes on parts of containerd's own configuration.
    let patches = object
        .node
        .field("containerdConfigPatches")
        .filter(|_| object.gvk.group == "kind.x-k8s.io");
    for patch in items(patches) {
        let text = patch.text().unwrap_or_default();
        for (at, _) in text.match_indices("http://") {
            let url = text
                .get(at..)
                .and_then(|t| t.split(['"', '\'', ' ', '\n']).next())
                .unwrap_or_default();
            if Url::parse(url).is_some_and(|u| u.is_plain() && !is_private(u.host)) {
                cx.report(patch.part(at, at + url.len()), format!("images are pulled from `{url}` over HTTP, so an attacker on the network path can replace them"));
            }
        }
        for (at, word) in text.match_indices("insecure_skip_verify = true") {
            cx.report(
                patch.part(at, at + word.len()),
                "the registry's certificate is not verified, so an attacker on the network path can replace images",
            );
        }
    }
}

pub(super) fn systemd_kubelet_unsandboxed(object: Object<'_>, cx: &mut Cx<'_>) {
    const OPTIONS: [&str; 6] = [
        "Protect",
        "Restrict",
        "NoNewPrivileges",
        "PrivateTmp",
        "SystemCall",
        "CapabilityBoundingSet",
    ];
    let Some((key, section)) = kubelet_unit(object) else {
        return;
    };
    let keys = section.pairs().filter_map(|(key, _)| key.text());
    let restricted = |key: &str| OPTIONS.iter().any(|option| key.starts_with(option));
    if !keys.into_iter().any(restricted) {
        cx.report(key, "the kubelet unit has no sandboxing option, so a compromised kubelet has full access to the node");
    }
}
