//! The API server: settings that contradict each other, and plugins that a release does not have.

use crate::check::Cx;
use crate::finding::Releases;
use crate::kube::component::{Instance, Plugin, Setting};
use crate::text::nearest;

/// Plugins that are gone, with the first release without them (release notes of Kubernetes).
const GONE: [(&str, u8, &str); 8] = [
    ("PodSecurityPolicy", 25, "use Pod Security admission"),
    ("SecurityContextDeny", 30, "use Pod Security admission"),
    (
        "PersistentVolumeLabel",
        31,
        "the cloud controller labels volumes",
    ),
    ("DenyEscalatingExec", 21, "use Pod Security admission"),
    ("DenyExecOnPrivileged", 21, "use Pod Security admission"),
    ("PodPreset", 20, "use a mutating admission policy"),
    ("Initializers", 14, "use a mutating webhook"),
    ("GenericAdmissionWebhook", 10, "use a validating webhook"),
];

const PLUGIN_FLAGS: [&str; 3] = [
    "enable-admission-plugins",
    "disable-admission-plugins",
    "admission-control",
];

/// The written values of the flags that list plugins.
fn plugin_lists<'a, 'd>(instance: &'a Instance<'d>) -> impl Iterator<Item = &'a Setting<'d>> {
    let ours = |s: &&Setting<'_>| PLUGIN_FLAGS.contains(&s.name.as_ref());
    instance.settings.iter().filter(ours)
}

/// A plugin that the release does not have: the API server does not start.
pub(super) fn etcd_cafile(server: &Instance<'_>, cx: &mut Cx<'_>) {
    let servers = server.last("etcd-servers");
    let sockets = servers.is_some_and(|s| s.items().all(|(item, _)| item.starts_with("unix")));
    let reached = server.is_set("etcd-servers") == Some(true);
    if reached && !sockets && server.is_set("etcd-cafile") == Some(false) {
        let setting = server.spelling("etcd-cafile");
        let message = format!(
            "the API server does not verify the certificate of etcd: `{setting}` is not set"
        );
        cx.setting(server, "etcd-cafile", message);
    }
}

pub(super) fn admission_plugin_removed(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (item, spot) in plugin_lists(instance).flat_map(Setting::items) {
        let gone = GONE.iter().find(|(name, ..)| *name == item);
        let Some((_, since, instead)) = gone else {
            continue;
        };
        if instance.releases.before(*since).is_empty() {
            let message = format!(
                "admission plugin {item} is gone since Kubernetes 1.{since}: the API server does not start"
            );
            cx.report(spot, message)
                .help(format!("remove it; {instead}"));
        }
    }
}

/// A plugin that no release has.
pub(super) fn admission_plugin_unknown(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (item, spot) in plugin_lists(instance).flat_map(Setting::items) {
        let rows = Plugin::of(item);
        let gone = GONE.iter().any(|(name, ..)| *name == item);
        let having = rows
            .iter()
            .fold(Releases::NONE, |all, row| all.with(row.releases()));
        if gone || !having.and(instance.releases).is_empty() || super::is_open(item) {
            continue;
        }
        let message = format!("there is no admission plugin {item}: the API server does not start");
        let draft = cx.report(spot, message);
        if let Some(near) = nearest(item, Plugin::all().iter().map(|p| p.name)) {
            draft.help(format!("did you mean `{near}`?"));
        }
    }
}

/// A plugin that does nothing, or keeps the API server from starting, without a configuration.
pub(super) fn admission_plugin_needs_config(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if instance.is_set("admission-control-config-file") != Some(false) {
        return;
    }
    let needing = ["ImagePolicyWebhook", "EventRateLimit"];
    for (item, spot) in plugin_lists(instance).flat_map(Setting::items) {
        if needing.contains(&item) {
            let message = format!(
                "admission plugin {item} needs a configuration: `--admission-control-config-file` is not set"
            );
            cx.missing(spot, message);
        }
    }
}

/// The flags that service account tokens need all come together.
pub(super) fn service_account_issuer_missing(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for name in ["service-account-issuer", "service-account-signing-key-file"] {
        if instance.is_set(name) == Some(false) {
            let message = format!(
                "`{}` is not set: the API server does not start without it",
                instance.spelling(name)
            );
            cx.missing(instance.anchor, message);
            return;
        }
    }
}

/// One key for two things: who gets hold of it can do both.
pub(super) fn service_account_key_equals_tls_key(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    same_file(
        instance,
        "service-account-signing-key-file",
        "tls-private-key-file",
        "tokens of service accounts are signed with the key of the API server's certificate",
        cx,
    );
}

/// Any client certificate may then say who it is in a header.
pub(super) fn requestheader_ca_shared(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    same_file(
        instance,
        "requestheader-client-ca-file",
        "client-ca-file",
        "any client certificate of the cluster may name another user in a header: both authorities are the same file",
        cx,
    );
}

/// Reports the first setting where it names the file of the second.
fn same_file(instance: &Instance<'_>, one: &str, other: &str, what: &str, cx: &mut Cx<'_>) {
    let (Some(first), Some(second)) = (instance.last(one), instance.last(other)) else {
        return;
    };
    if first.value == second.value && !first.value.is_empty() && !super::is_open(&first.value) {
        cx.report(first.spot(), format!("{what}, {}", first.value))
            .related(second.spot(), "the same file");
    }
}

/// Front proxies are told apart by the names of their certificates.
pub(super) fn requestheader_allowed_names_empty(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(authority) = instance.last("requestheader-client-ca-file") else {
        return;
    };
    if instance.is_set("requestheader-allowed-names") == Some(false) {
        let message = "every certificate of this authority may name any user in a header: `--requestheader-allowed-names` is not set";
        cx.report(authority.spot(), message);
    }
}

/// The audit log grows until the disk is full.
pub(super) fn audit_log_rotation_disabled(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let path = instance.last("audit-log-path").filter(|s| s.value != "-");
    if path.is_none() {
        return;
    }
    let since_36 = instance.releases.before(36).is_empty();
    let size = instance.last("audit-log-maxsize");
    if let Some(size) = size.filter(|s| s.value == "0" && since_36) {
        let message =
            "since Kubernetes 1.36 a size of 0 switches rotation off: the audit log fills the disk";
        cx.report(size.spot(), message);
        return;
    }
    let unset = |name| instance.is_set(name) == Some(false);
    let before_36 = instance.releases.from(36).is_empty();
    if before_36 && unset("audit-log-maxage") && unset("audit-log-maxbackup") {
        let message = "files of the audit log are never removed: neither `--audit-log-maxage` nor `--audit-log-maxbackup` is set";
        cx.missing(instance.anchor, message);
    }
}

/// Node ports over ports of the system or of the cluster itself.
pub(super) fn service_node_port_range(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(setting) = instance.last("service-node-port-range") else {
        return;
    };
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let ends = match setting.value.split_once('-') {
        Some((low, high)) => number(low).zip(number(high)),
        None => setting
            .value
            .split_once('+')
            .and_then(|(base, size)| number(base).zip(number(size)))
            .map(|(base, size)| (base, base.saturating_add(size))),
    };
    let Some((low, high)) = ends else { return };
    let taken = [
        (2379, "etcd"),
        (6443, "the API server"),
        (10250, "the kubelet"),
    ];
    let over = taken.iter().find(|(port, _)| (low..=high).contains(port));
    if let Some((port, whose)) = over {
        let message = format!(
            "node ports {} hold {port}, the port of {whose}",
            setting.value
        );
        cx.report(setting.spot(), message);
    } else if low < 1024 {
        let message = format!(
            "node ports {} hold ports of the system: a Service can take the place of one of the node's own",
            setting.value
        );
        cx.report(setting.spot(), message);
    }
}

/// A certificate and its key: both are needed, and one without the other is of no use.
fn pair(instance: &Instance<'_>, certificate: &str, key: &str, without: &str, cx: &mut Cx<'_>) {
    let set = [certificate, key].map(|name| instance.is_set(name));
    let (given, lacking) = match set {
        [Some(false), Some(false)] => {
            let setting = instance.spelling(certificate);
            let spot = instance
                .last(certificate)
                .map_or(instance.anchor, Setting::spot);
            cx.missing(spot, format!("{without}: `{setting}` is not set"));
            return;
        }
        [Some(true), Some(false)] => (certificate, key),
        [Some(false), Some(true)] => (key, certificate),
        _ => return,
    };
    if let Some(given) = instance.last(given) {
        let lacking = instance.spelling(lacking);
        cx.missing(
            given.spot(),
            format!("{without}: `{lacking}` is not set beside it"),
        );
    }
}

/// The API server's own certificate.
pub(super) fn tls_cert_and_key(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let without = "the API server signs its own certificate, which no client can verify";
    pair(
        instance,
        "tls-cert-file",
        "tls-private-key-file",
        without,
        cx,
    );
}

/// The certificate that it shows kubelets.
pub(super) fn kubelet_client_certificate(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let without = "the API server shows kubelets no certificate";
    pair(
        instance,
        "kubelet-client-certificate",
        "kubelet-client-key",
        without,
        cx,
    );
}

/// The certificate that it shows etcd.
pub(super) fn etcd_client_certificate(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let tls = instance
        .list("etcd-servers")
        .is_some_and(|l| l.items.iter().any(|(url, _)| url.starts_with("https")));
    let half = ["etcd-certfile", "etcd-keyfile"]
        .into_iter()
        .any(|name| instance.last(name).is_some_and(|s| !s.value.is_empty()));
    if tls || half {
        let without = "the API server shows etcd no client certificate";
        pair(instance, "etcd-certfile", "etcd-keyfile", without, cx);
    }
}
