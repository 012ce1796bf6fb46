//! Settings of k3s and RKE2 in a configuration file, from Rancher, k3d or a systemd unit.

use crate::check::Cx;
use crate::component::{K3S, RKE2, Setting, k3s_flags, own_settings};
use crate::kube::address::{Url, is_loopback};
use crate::kube::{Object, is_unresolved};
use crate::model::Severity;
use crate::secrets::detect::{CredentialKind, hits, stands_for_another};
use crate::text::nearest;
use crate::yaml::NodeKind;

/// Where these settings are written.
fn settings<'d>(
    object: Object<'d>,
    names: &'static [&'static str],
) -> impl Iterator<Item = Setting<'d>> {
    own_settings(object)
        .into_iter()
        .filter(move |s| names.contains(&&*s.name))
}

fn is_true(setting: &Setting<'_>) -> bool {
    setting.value == "true"
}

/// Bits of a file's mode as k3s reads it: octal digits, of a number that YAML may have read before.
fn mode(setting: &Setting<'_>) -> Option<u32> {
    let text = match (setting.node().kind(), setting.node().as_int()) {
        (NodeKind::Int, Some(number)) => number.to_string(),
        _ => setting.value.to_string(),
    };
    u32::from_str_radix(&text, 8).ok().filter(|m| *m <= 0o7777)
}

pub(super) fn write_kubeconfig_mode(object: Object<'_>, cx: &mut Cx<'_>) {
    for setting in settings(object, &["write-kubeconfig-mode"]) {
        let Some(mode) = mode(&setting).filter(|mode| mode & 0o066 != 0) else {
            continue;
        };
        let read_as = if setting.node().kind() == NodeKind::Int && setting.value.starts_with('0') {
            format!(" (YAML reads `{}` as the number {mode:o})", setting.value)
        } else {
            String::new()
        };
        let message = |who, bits| {
            let verbs = match bits {
                0o4 => "read",
                0o2 => "change",
                _ => "read and change",
            };
            format!(
                "{who} on the node can {verbs} the admin kubeconfig, because its mode is `{mode:04o}`{read_as}"
            )
        };
        if mode & 0o006 != 0 {
            cx.report(setting.node_span(), message("every user", mode & 0o6));
        } else {
            cx.report(setting.node_span(), message("a group", mode >> 3 & 0o6))
                .severity(Severity::Low);
        }
    }
}

pub(super) fn token_committed(object: Object<'_>, cx: &mut Cx<'_>) {
    for setting in settings(
        object,
        &["token", "agent-token", "vpn-auth", "cluster-secret"],
    ) {
        let secret = match &*setting.name {
            "vpn-auth" => setting
                .value
                .split(',')
                .find_map(|part| part.trim().strip_prefix("joinKey=")),
            _ => Some(&*setting.value),
        };
        if secret.is_none_or(|s| is_unresolved(s) || stands_for_another(s)) {
            continue;
        }
        let can = match &*setting.name {
            "agent-token" => "add nodes and read the Secrets of their pods",
            "vpn-auth" => "join the VPN of the cluster",
            _ => "join the cluster as a server and read its CA keys and all Secrets",
        };
        cx.report(
            setting.scalar(),
            format!(
                "`{}` is committed, so anyone who reads this file can {can}",
                setting.spelling
            ),
        )
        .secret();
    }
}

pub(super) fn datastore_endpoint_plaintext(object: Object<'_>, cx: &mut Cx<'_>) {
    for setting in settings(object, &["datastore-endpoint"]) {
        let value = &*setting.value;
        // `mysql://user:password@tcp(host:3306)/db` is no URL.
        let login = value
            .split_once("://")
            .and_then(|(_, rest)| rest.rsplit_once('@'));
        let password = login.and_then(|(login, _)| login.split_once(':'));
        let known = hits(value)
            .iter()
            .any(|hit| hit.what == CredentialKind::Url);
        if known || password.is_some_and(|(_, p)| !stands_for_another(p)) {
            cx.report(
                setting.scalar(),
                format!(
                    "`{}` contains the password of the datastore, so anyone who reads this file can read every Secret",
                    setting.spelling
                ),
            )
            .secret();
        } else if value.contains("sslmode=disable")
            && !Url::parse(value).is_some_and(|u| is_loopback(u.host))
        {
            cx.report(
                setting.scalar(),
                "`sslmode=disable` disables TLS, so every Secret is sent to the database in plain text",
            )
            .secret();
        } else {
            let plain = setting
                .items()
                .find(|(item, _)| Url::parse(item).is_some_and(|u| u.is_plain()));
            if let Some((item, node_span)) = plain {
                cx.report(
                    node_span,
                    format!(
                        "`{item}` uses plain HTTP, so every Secret is sent to etcd in plain text"
                    ),
                );
            }
        }
    }
}

pub(super) fn profile_cis_missing(object: Object<'_>, cx: &mut Cx<'_>) {
    const SERVER: [&str; 6] = [
        "tls-san",
        "cni",
        "cluster-cidr",
        "write-kubeconfig-mode",
        "kube-apiserver-arg",
        "etcd-snapshot-schedule-cron",
    ];
    let has = |name: &str| own_settings(object).iter().any(|s| s.name == name);
    if object.gvk.is(K3S, RKE2) && SERVER.into_iter().any(has) && !has("profile") {
        cx.missing(object.node.lacking(), "`profile` is not set, so RKE2 does not check kernel settings, isolate etcd or add NetworkPolicies");
    }
}

pub(super) fn etcd_s3_credentials(object: Object<'_>, cx: &mut Cx<'_>) {
    for setting in settings(object, &["etcd-s3-secret-key"]) {
        if !is_unresolved(&setting.value) && !stands_for_another(&setting.value) {
            cx.report(
                setting.scalar(),
                "the key of the snapshot bucket is committed, so anyone who reads this file can read every Secret in it",
            )
            .secret();
        }
    }
    for setting in
        settings(object, &["etcd-s3-skip-ssl-verify", "etcd-s3-insecure"]).filter(is_true)
    {
        let how = if setting.name == "etcd-s3-insecure" {
            "in plain text"
        } else {
            "to an unverified server"
        };
        cx.report(
            setting.node_span(),
            format!(
                "`{}` is true, so snapshots with every Secret are sent {how}",
                setting.spelling
            ),
        );
    }
}

pub(super) fn unknown_key(object: Object<'_>, cx: &mut Cx<'_>) {
    if object.gvk.group != K3S {
        return;
    }
    for (key, _) in object.node.entries() {
        let written = key.text().unwrap_or_default();
        let name = written.trim_end_matches('+');
        if k3s_flags().any(|flag| flag == name) {
            continue;
        }
        // A name that is near no flag can be one of another release.
        let dashed = name.to_ascii_lowercase().replace('_', "-");
        let near = nearest(&dashed, k3s_flags());
        if let Some(near) = near.filter(|near| near.len() > 4 && is_near(&dashed, near)) {
            cx.report(
                key,
                format!(
                    "k3s has no setting `{name}`, so it ignores the value and only logs a warning"
                ),
            )
            .help(format!("Did you mean `{near}`?"));
        }
    }
}

/// Whether two names differ in two letters at most.
fn is_near(a: &str, b: &str) -> bool {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let same_end = a
        .chars()
        .rev()
        .zip(b.chars().rev())
        .take_while(|(a, b)| a == b)
        .count();
    same + same_end + 2 >= a.len().max(b.len())
}
