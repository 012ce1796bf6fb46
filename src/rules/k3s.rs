//! k3s and RKE2: what they themselves are told, in a configuration file, by Rancher, by k3d or by a unit.

use crate::check::Cx;
use crate::component::{K3S, RKE2, Setting, k3s_flags, own_settings};
use crate::kube::address::{Url, is_loopback};
use crate::kube::{Object, is_unresolved};
use crate::model::Severity;
use crate::secrets::detect::{CredentialKind, hits, stands_for_another};
use crate::text::nearest;
use crate::yaml::NodeKind;

/// The writings of one of these settings.
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
            format!(" (YAML reads {} as the number {mode:o})", setting.value)
        } else {
            String::new()
        };
        let message = |who| {
            format!(
                "{who} of the node can read or change the administrator's kubeconfig: its mode is {mode:04o}{read_as}"
            )
        };
        if mode & 0o006 != 0 {
            cx.report(setting.node_span(), message("every user"));
        } else {
            cx.report(setting.node_span(), message("a group"))
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
        let may = match &*setting.name {
            "agent-token" => "add nodes to the cluster, and read what their pods may read",
            "vpn-auth" => "join the cluster's VPN",
            _ => "join the cluster, as a server too, and read its CA keys and all Secrets",
        };
        cx.report(
            setting.scalar(),
            format!(
                "`{}` is committed: whoever reads it can {may}",
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
                    "`{}` holds the password of the datastore, which holds every Secret",
                    setting.spelling
                ),
            )
            .secret();
        } else if value.contains("sslmode=disable")
            && !Url::parse(value).is_some_and(|u| is_loopback(u.host))
        {
            cx.report(
                setting.scalar(),
                "every Secret goes to the database in plain text: TLS is off",
            )
            .secret();
        } else {
            let plain = setting
                .items()
                .find(|(item, _)| Url::parse(item).is_some_and(|u| u.is_plain()));
            if let Some((item, node_span)) = plain {
                cx.report(
                    node_span,
                    format!("every Secret goes to etcd in plain text: {item} is http"),
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
        cx.missing(object.node.lacking(), "RKE2 checks neither kernel settings nor etcd's user, and makes no network policies: `profile` is not set");
    }
}

pub(super) fn etcd_s3_credentials(object: Object<'_>, cx: &mut Cx<'_>) {
    for setting in settings(object, &["etcd-s3-secret-key"]) {
        if !is_unresolved(&setting.value) && !stands_for_another(&setting.value) {
            cx.report(
                setting.scalar(),
                "the key of the snapshots' bucket is committed: each snapshot holds every Secret",
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
            "to whoever answers"
        };
        cx.report(
            setting.node_span(),
            format!(
                "snapshots with every Secret go to the bucket {how}: `{}` is on",
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
        // What is near no flag may be one of another release.
        let dashed = name.to_ascii_lowercase().replace('_', "-");
        let near = nearest(&dashed, k3s_flags());
        if let Some(near) = near.filter(|near| near.len() > 4 && is_near(&dashed, near)) {
            cx.report(
                key,
                format!("there is no setting `{name}`: it is left out with a line in the log"),
            )
            .help(format!("did you mean `{near}`?"));
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
