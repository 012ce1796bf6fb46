//! The API server: settings that contradict each other, and plugins that a release does not have.

use crate::check::Cx;
use crate::component::{
    ComponentKind, Instance, Origin, Plugin, Removed, Setting, forms, mount_of, mounts, number,
};
use crate::documents::{ConfigFileFacts, DocumentSet, folder};
use crate::finding::Releases;
use crate::go_value::parse_bool;
use crate::kube::image::Reference;
use crate::kube::{
    Completeness,
    address::{Url, is_any, is_loopback, is_public},
};
use crate::kube::{Object, is_unresolved};
use crate::model::Severity;
use crate::text::nearest;
use crate::yaml::{Node, NodeSpan};
use std::collections::{HashMap, HashSet};

const ENABLED: &str = "enable-admission-plugins";
const DISABLED: &str = "disable-admission-plugins";
/// The flag of old that lists all plugins.
const CONTROL: &str = "admission-control";

/// The plugins that flags name, each with its place.
fn named<'a, 'd>(
    instance: &'a Instance<'d>,
    flags: &'a [&str],
) -> impl Iterator<Item = (&'a str, NodeSpan<'d>)> {
    let ours = move |s: &&Setting<'_>| flags.contains(&s.name.as_ref());
    let settings = instance.settings.iter().filter(ours);
    settings.flat_map(Setting::items)
}

/// The first release without a plugin that is gone.
fn gone_since(plugin: &str) -> Option<u8> {
    let long = Removed::of("plugin", plugin);
    long.map(|gone| gone.since)
        .or_else(|| Plugin::gone_since(plugin))
}

/// A plugin that the release no longer has: the API server does not start.
pub(super) fn admission_plugin_removed(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (item, spot) in named(instance, &[ENABLED, DISABLED, CONTROL]) {
        let Some(since) = gone_since(item) else {
            continue;
        };
        if instance.releases.before(since).is_empty() {
            let message = format!(
                "admission plugin {item} is gone since Kubernetes 1.{since}: the API server does not start"
            );
            let draft = cx.report(spot, message);
            if let Some(gone) = Removed::of("plugin", item) {
                draft.help(format!("remove it; {}", gone.instead));
            }
        }
    }
}

/// A plugin that the release does not have, and none before it had.
pub(super) fn admission_plugin_unknown(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // Before the first release of the table there were others.
    if instance.releases.from(25).is_empty() || !is_stock(instance) {
        return;
    }
    for (item, spot) in named(instance, &[ENABLED, DISABLED, CONTROL]) {
        let rows = Plugin::of(item);
        let having: Releases = rows.iter().map(Plugin::releases).collect();
        let known = !having.and(instance.releases).is_empty() || gone_since(item).is_some();
        if known || is_unresolved(item) {
            continue;
        }
        if rows.is_empty() {
            let message =
                format!("there is no admission plugin {item}: the API server does not start");
            let draft = cx.report(spot, message);
            if let Some(near) = nearest(item, Plugin::all().iter().map(|p| p.name)) {
                draft.help(format!("did you mean `{near}`?"));
            }
        } else {
            let message = format!(
                "this release does not have the admission plugin {item} yet: the API server does not start"
            );
            cx.report(spot, message).help("remove it, or upgrade");
        }
    }
}

/// Whether it runs Kubernetes' own program: who builds another may add plugins.
fn is_stock(instance: &Instance<'_>) -> bool {
    let mut above = instance.settings.first().map(Setting::node);
    while let Some(node) = above {
        if let Some(image) = node.field("image").and_then(Node::as_str) {
            let name = Reference::parse(image).name;
            let name = name.rsplit('/').next().unwrap_or(name);
            return name.starts_with("kube-apiserver") || is_unresolved(image);
        }
        above = node.parent();
    }
    true
}

/// A plugin that keeps the API server from starting without a configuration.
pub(super) fn admission_plugin_needs_config(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if instance.is_set("admission-control-config-file") != Some(false) {
        return;
    }
    for (item, spot) in named(instance, &[ENABLED, CONTROL]) {
        if needs_config(item) {
            let message = format!(
                "admission plugin {item} needs a configuration: `--admission-control-config-file` is not set, and the API server does not start"
            );
            cx.missing(spot, message);
        }
    }
}

/// The same with a configuration that does not speak of the plugin.
pub(super) fn admission_plugin_needs_config_in_set(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    // Of each file, which of the plugins that need a configuration it has.
    let mut known = HashMap::new();
    for link in set.links(ComponentKind::ApiServer, "admission-control-config-file") {
        let ConfigFileFacts::Admission(configured) = &link.file.says else {
            continue;
        };
        let configured = known
            .entry(std::ptr::from_ref(link.file))
            .or_insert_with(|| {
                let needed = configured.iter().map(String::as_str);
                needed.filter(|c| needs_config(c)).collect::<HashSet<_>>()
            });
        for plugin in link.from.facts.settings(ENABLED) {
            let name = plugin.value.as_str();
            if needs_config(name) && !configured.contains(name) {
                let message = format!(
                    "admission plugin {name} needs a configuration: {} has none for it, and the API server does not start",
                    link.from.setting.value
                );
                cx.report_fact(link.from.facts, &plugin.at, message)
                    .related_fact(&link.file.at.label);
            }
        }
    }
}

fn needs_config(plugin: &str) -> bool {
    matches!(plugin, "ImagePolicyWebhook" | "EventRateLimit")
}

/// A plugin that is switched on and off: the API server does not start.
pub(super) fn admission_plugin_conflict(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // kops works both lists out by itself.
    let enabled = instance.list(ENABLED);
    let Some(enabled) = enabled.filter(|_| *instance.form != forms::KOPS) else {
        return;
    };
    // The first of each name.
    let on: HashMap<_, _> = enabled.items.iter().rev().copied().collect();
    for (item, spot) in named(instance, &[DISABLED]) {
        let Some(on) = on.get(item) else {
            continue;
        };
        if enabled.origin == Origin::Explicit {
            let message = format!(
                "admission plugin {item} is both enabled and disabled: the API server does not start"
            );
            cx.report(spot, message).related(*on, "enabled here");
        } else {
            let message = format!(
                "admission plugin {item} is disabled, and {} enables it: the API server does not start",
                instance.form.distribution
            );
            cx.report(spot, message);
        }
    }
}

/// A plugin that is off unless a list names it.
fn lacking(instance: &Instance<'_>, plugin: &str, what: &str, cx: &mut Cx<'_>) {
    let list = match instance.last(CONTROL) {
        Some(_) => CONTROL,
        None => ENABLED,
    };
    let Some(plugins) = instance.list(list) else {
        return;
    };
    if plugins.items.iter().all(|(name, _)| *name != plugin) {
        let list_name = instance.spelling(list);
        let message = format!("{what}: `{list_name}` does not list {plugin}");
        cx.setting(instance, list, message);
    }
}

/// What kubelets may change is their own alone.
pub(super) fn admission_node_restriction(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const PLUGIN: &str = "NodeRestriction";
    if may_lack_nodes(instance) {
        return;
    }
    let what = "a kubelet may change Nodes and pods that are not its own";
    let off = named(instance, &[DISABLED]).find(|(name, _)| *name == PLUGIN);
    match off {
        Some((_, spot)) => {
            let list = instance.spelling(DISABLED);
            cx.report(spot, format!("{what}: `{list}` switches {PLUGIN} off"));
        }
        None => lacking(instance, PLUGIN, what, cx),
    }
}

/// An image that is on the node is everybody's.
pub(super) fn admission_always_pull_images(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // Since 1.35 the kubelet itself asks for credentials (feature gate KubeletEnsureSecretPulledImages).
    if !instance.releases.before(35).is_empty() {
        let what = "a pod may use a private image that another one has pulled";
        lacking(instance, "AlwaysPullImages", what, cx);
    }
}

/// Whether it may be a control plane without nodes (Karmada, vcluster, kcp): a pod template, and no word of kubelets.
fn may_lack_nodes(instance: &Instance<'_>) -> bool {
    let of_kubelets = |s: &Setting<'_>| s.name.starts_with("kubelet-");
    *instance.form == forms::STATIC_POD
        && instance.object.gvk.kind != "Pod"
        && !instance.settings.iter().any(of_kubelets)
}

/// Who a node is asked by.
pub(super) fn authorization_mode_node(instance: &Instance<'_>, cx: &mut Cx<'_>) {
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
        cx.report(setting.spot(), message);
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
        cx.report(setting.spot(), message)
            .related(file.spot(), "configured here, too");
    }
}

/// Modes and webhooks belong into the file then.
pub(super) fn authorization_flags_conflict(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let flag =
        |name: &str| name == "authorization-mode" || name.starts_with("authorization-webhook-");
    configured_twice(instance, "authorization-config", flag, cx);
}

/// Issuers belong into the file then.
pub(super) fn oidc_flags_with_authentication_config(instance: &Instance<'_>, cx: &mut Cx<'_>) {
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
            cx.report(file.spot(), message);
        }
        // A configuration file names the webhook beside its version.
        None if !spelling.starts_with("--") => {
            cx.report(old.spot, message);
        }
        None => {}
    }
}

/// The webhook that tokens are shown.
pub(super) fn webhook_token_authn_v1beta1(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    asked_in_v1beta1(
        instance,
        "authentication-token-webhook-config-file",
        "authentication-token-webhook-version",
        "the token webhook",
        cx,
    );
}

/// The webhook that is asked who may do what.
pub(super) fn authorization_webhook_v1beta1(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    asked_in_v1beta1(
        instance,
        "authorization-webhook-config-file",
        "authorization-webhook-version",
        "the authorization webhook",
        cx,
    );
}

/// The flags that service account tokens need all come together.
pub(super) fn service_account_issuer_missing(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let signed_elsewhere = instance.is_set("service-account-signing-endpoint") != Some(false);
    for name in ["service-account-issuer", "service-account-signing-key-file"] {
        let needless = signed_elsewhere && name == "service-account-signing-key-file";
        if !needless && instance.is_set(name) == Some(false) {
            let message = format!(
                "`{}` is not set: the API server does not start without it",
                instance.spelling(name)
            );
            cx.missing(instance.anchor, message);
            return;
        }
    }
}

/// An issuer that clients outside of the cluster cannot look up: the API server then serves no discovery document.
pub(super) fn service_account_issuer_not_https(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (issuer, spot) in named(instance, &["service-account-issuer"]) {
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
        cx.report(spot, message);
    }
}

/// One key for two things: who gets hold of it can do both.
pub(super) fn service_account_key_equals_tls_key(instance: &Instance<'_>, cx: &mut Cx<'_>) {
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
pub(super) fn requestheader_ca_shared(instance: &Instance<'_>, cx: &mut Cx<'_>) {
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
    let draft = cx.report(first.spot(), format!("{what}, {}", first.value));
    if second.origin == Origin::Explicit {
        draft.related(second.spot, "the same file");
    }
    true
}

/// A path in the way that the system reads it.
fn clean(path: &str) -> Vec<&str> {
    path.split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect()
}

/// Front proxies are told apart by the names of their certificates.
pub(super) fn requestheader_allowed_names_empty(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(authority) = instance.last("requestheader-client-ca-file") else {
        return;
    };
    let names = "requestheader-allowed-names";
    if !authority.value.is_empty() && instance.is_set(names) == Some(false) {
        let empty = instance.last(names).map(Setting::spot);
        let message = format!(
            "every certificate of {} may name any user in a header: `--{names}` is not set",
            authority.value
        );
        cx.report(empty.unwrap_or(authority.spot()), message);
    }
}

/// What is to be written down needs a policy that says so.
pub(super) fn audit_log_without_policy(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if instance.is_set("audit-policy-file") != Some(false) {
        return;
    }
    let places = [
        ("audit-log-path", "stays empty"),
        ("audit-webhook-config-file", "sends nothing"),
    ];
    for (name, what) in places {
        if let Some(place) = instance.last(name).filter(|s| !s.value.is_empty()) {
            let message = format!(
                "the audit log {} {what}: no `--audit-policy-file` says what to record",
                place.value
            );
            cx.report(place.spot(), message);
            return;
        }
    }
}

/// The audit log grows until the disk is full.
pub(super) fn audit_log_rotation_disabled(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let path = instance.last("audit-log-path");
    let Some(path) = path.filter(|s| !matches!(s.value.as_ref(), "-" | "")) else {
        return;
    };
    // Without a policy it stays empty.
    if instance.is_set("audit-policy-file") == Some(false) {
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
    let unlimited = |name| number(instance.effective(name)?.value).map(|n| n <= 0.0);
    let before_36 = instance.releases.from(36).is_empty();
    let limits = ["audit-log-maxage", "audit-log-maxbackup"].map(unlimited);
    if before_36 && limits == [Some(true); 2] {
        let message = "files of the audit log are never removed: neither `--audit-log-maxage` nor `--audit-log-maxbackup` limits them";
        cx.report(path.spot(), message);
    }
}

/// The version in which events are written or sent.
pub(super) fn audit_log_version_removed(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for name in ["audit-log-version", "audit-webhook-version"] {
        let old = |s: &&Setting<'_>| {
            matches!(
                s.value.as_ref(),
                "audit.k8s.io/v1alpha1" | "audit.k8s.io/v1beta1"
            )
        };
        let gone = instance.releases.before(24).is_empty();
        if let Some(version) = instance.last(name).filter(|s| gone && old(s)) {
            let message = format!(
                "{} is gone since 1.24: the API server does not start",
                version.value
            );
            cx.report(version.spot(), message);
        }
    }
}

/// Batches that are full, or come too fast, are thrown away.
pub(super) fn audit_events_may_be_dropped(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let log = instance.last("audit-log-mode");
    if let Some(mode) = log.filter(|mode| mode.value == "batch") {
        cx.report(
            mode.spot(),
            "audit events are dropped when more come than the log takes: it is written in batches",
        );
        return;
    }
    let alone = instance.is_set("audit-webhook-config-file") == Some(true)
        && instance.is_set("audit-log-path") == Some(false);
    let mode = instance.last("audit-webhook-mode");
    let throttled = instance.is_on("audit-webhook-batch-throttle-enable") == Some(true);
    if let Some(mode) = mode.filter(|mode| alone && throttled && mode.value == "batch") {
        let message = "audit events are dropped when more come than the webhook is sent, and no log keeps them: it is sent throttled batches";
        cx.report(mode.spot(), message);
    }
}

/// A flag of old that opened a door: what it does where it is still there, that it is gone elsewhere.
fn of_old(setting: &Setting<'_>, instance: &Instance<'_>, gone: u8, what: &str, cx: &mut Cx<'_>) {
    let (last, flag) = (gone - 1, &setting.spelling);
    if instance.releases.from(gone).is_empty() {
        cx.report(setting.spot(), what);
    } else {
        let message = format!(
            "up to Kubernetes 1.{last} {what}; since then the API server does not start with `{flag}`"
        );
        cx.report(setting.spot(), message);
    }
}

/// Passwords that never change.
pub(super) fn basic_auth_file(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let file = instance.last("basic-auth-file");
    if let Some(file) = file.filter(|f| !f.value.is_empty()) {
        let what = format!(
            "the API server takes passwords from {}, where they stand in plain text",
            file.value
        );
        of_old(file, instance, 19, &what, cx);
    }
}

/// A port that asks nobody who he is.
pub(super) fn insecure_port(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let what = |port: &str| {
        format!("the API server serves port {port} without TLS, and lets everybody do everything")
    };
    match instance.last("insecure-port") {
        Some(port) if matches!(port.value.as_ref(), "0" | "") || is_unresolved(&port.value) => {}
        Some(port) => of_old(port, instance, 20, &what(&port.value), cx),
        // kubeadm switched it off.
        None => {
            let raw = [&forms::STATIC_POD, &forms::UNIT].contains(&instance.form);
            let whole = instance.completeness == Completeness::Complete;
            if raw && whole && instance.releases.from(20).is_empty() {
                let message = format!("{}: `--insecure-port` is not set", what("8080"));
                cx.missing(instance.anchor, message);
            }
        }
    }
}

/// Where that port is served.
pub(super) fn insecure_bind_address(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let port = instance.last("insecure-port");
    let closed =
        instance.releases.from(20).is_empty() && port.is_some_and(|port| port.value == "0");
    let address = ["insecure-bind-address", "address"]
        .into_iter()
        .find_map(|name| instance.last(name));
    let address = address.filter(|a| !a.value.is_empty() && !closed);
    if let Some(address) = address {
        let what = format!(
            "the API server serves {} without TLS, and lets everybody do everything",
            address.value
        );
        of_old(address, instance, 20, &what, cx);
    }
}

/// An address of the internet.
pub(super) fn bind_address_public(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let address = instance.last("bind-address");
    if let Some(address) = address.filter(|a| is_public(&a.value)) {
        let message = format!(
            "the API server listens at {}, a public address",
            address.value
        );
        cx.report(address.spot(), message);
    }
}

/// Origins whose web pages may call the API server, as regular expressions.
pub(super) fn cors_allowed_origins(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (pattern, spot) in named(instance, &["cors-allowed-origins"]) {
        if is_unresolved(pattern) {
            continue;
        }
        // What is asked of it since 1.27 (apiserver's validateCorsAllowedOriginList).
        let pinned = ["^", "//"].iter().any(|p| pattern.contains(p))
            && ["$", ":"].iter().any(|p| pattern.contains(p));
        let refused = if !pinned && instance.releases.before(27).is_empty() {
            ", and the API server does not start with a pattern that is not bound to both ends of the host"
        } else {
            ""
        };
        if matches_any_host(pattern) {
            let message =
                format!("`{pattern}` lets web pages of any origin call the API server{refused}");
            cx.report(spot, message);
        } else if !pinned {
            let message = format!(
                "`{pattern}` also fits hosts that only hold that name: their web pages may call the API server{refused}"
            );
            cx.report(spot, message);
        }
    }
}

/// Whether nothing but a scheme is asked for.
fn matches_any_host(pattern: &str) -> bool {
    let host = pattern.rsplit("//").next().unwrap_or(pattern);
    let host = host.trim_matches(['^', '$', '(', ')', '/', '|', ':']);
    matches!(host, ".*" | ".+" | "*" | "")
}

/// Requests that hold a connection for long, or are given no time at all.
pub(super) fn request_timeout(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(timeout) = instance.last("request-timeout") else {
        return;
    };
    let Some(seconds) = number(&timeout.value) else {
        return;
    };
    let message = if seconds > 300.0 {
        format!(
            "a request may take {}: few slow clients can hold the API server",
            timeout.value
        )
    } else if seconds <= 0.0 {
        format!(
            "requests are given no time: `{}` is {}",
            timeout.spelling, timeout.value
        )
    } else {
        return;
    };
    cx.report(timeout.spot(), message);
}

/// All alpha APIs at once; one by one where a standard is asked about.
pub(super) fn alpha_apis_enabled(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (item, spot) in named(instance, &["runtime-config"]) {
        let (api, on) = item.split_once('=').unwrap_or((item, ""));
        if !on.is_empty() && parse_bool(on) != Some(true) {
            continue;
        }
        let version = api.rsplit('/').next().unwrap_or(api);
        if matches!(api, "api/all" | "api/alpha") {
            cx.report(spot, format!("all alpha APIs are served: {api} is on"));
        } else if cx.is_strict() && version.starts_with('v') && version.contains("alpha") {
            cx.report(spot, format!("the alpha API {api} is served"))
                .severity(Severity::Low);
        }
    }
}

/// From level 8 on bodies are logged.
pub(super) fn log_verbosity(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let chatty = |level: &str| number(level).is_some_and(|n| n >= 8.0);
    let component = instance.component.name();
    let what = format!("bodies of requests, Secrets among them, get into the logs of {component}");
    if let Some(level) = instance.last("v").filter(|s| chatty(&s.value)) {
        let message = format!("{what}: `{}` is set to {}", level.spelling, level.value);
        cx.report(level.spot(), message);
    }
    for (item, spot) in named(instance, &["vmodule"]) {
        if item.split_once('=').is_some_and(|(_, level)| chatty(level)) {
            cx.report(spot, format!("{what}: `--vmodule` has {item}"));
        }
    }
}

/// etcd without TLS, for all objects or for some of their own.
pub(super) fn etcd_servers_plaintext(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (url, spot) in named(instance, &["etcd-servers"]) {
        if url.starts_with("http://") {
            cx.report(
                spot,
                format!("the API server reaches etcd without TLS: {url}"),
            );
        }
    }
    // `/events#http://10.0.0.1:2379;https://10.0.0.2:2379`
    for (item, spot) in named(instance, &["etcd-servers-overrides"]) {
        if let Some((resource, urls)) = item.split_once('#')
            && urls.split(';').any(|url| url.starts_with("http://"))
        {
            let message = format!("the API server reaches etcd without TLS for {resource}: {urls}");
            cx.report(spot, message);
        }
    }
}

/// Traces hold names of objects and users, and are sent without TLS.
pub(super) fn tracing_plaintext_remote_collector(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(endpoint) = instance.last("tracing.endpoint") else {
        return;
    };
    let text = endpoint.value.as_ref();
    let address = format!("grpc://{text}");
    let local = text.is_empty()
        || text.starts_with("unix")
        || is_unresolved(text)
        || Url::parse(&address).is_none_or(|url| is_loopback(url.host) || is_any(url.host));
    if !local {
        let message = format!(
            "{} sends traces to {text} without TLS: who listens on the way sees them",
            instance.component.name()
        );
        cx.report(endpoint.spot(), message);
    }
}

/// Connections to nodes and webhooks go through a proxy that others can listen to.
pub(super) fn egress_selector_insecure_transport(config: Object<'_>, cx: &mut Cx<'_>) {
    let selections = config.node.field("egressSelections").into_iter();
    for selection in selections.flat_map(Node::items) {
        let name = selection.field("name").and_then(Node::as_str);
        let name = name.unwrap_or("without a name");
        let Some(tcp) = selection.at(&["connection", "transport", "tcp"]) else {
            continue;
        };
        let Some(url) = tcp.field("url") else {
            continue;
        };
        let text = url.as_str().unwrap_or_default();
        if Url::parse(text).is_some_and(|parsed| parsed.is_plain()) {
            let message =
                format!("what the API server sends to \"{name}\" goes through {text} without TLS");
            cx.report(url, message);
        } else if text.starts_with("https://") && tcp.field("tlsConfig").is_none() {
            let message =
                format!("{text} of \"{name}\" has no `tlsConfig`: the API server does not start");
            cx.missing(url, message);
        }
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
        (2380, "etcd"),
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

/// Whether etcd has a certificate that could be verified.
fn reaches_etcd_by_tls(instance: &Instance<'_>) -> bool {
    let servers = instance.list("etcd-servers");
    servers.is_some_and(|l| l.items.iter().any(|(url, _)| url.starts_with("https")))
}

/// Whose certificate etcd must show.
pub(super) fn etcd_cafile(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if reaches_etcd_by_tls(instance) && instance.is_set("etcd-cafile") == Some(false) {
        let setting = instance.spelling("etcd-cafile");
        let message = format!(
            "the API server does not verify the certificate of etcd: `{setting}` is not set"
        );
        cx.setting(instance, "etcd-cafile", message);
    }
}

/// The certificate that it shows etcd.
pub(super) fn etcd_client_certificate(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let half = ["etcd-certfile", "etcd-keyfile"]
        .into_iter()
        .any(|name| instance.last(name).is_some_and(|s| !s.value.is_empty()));
    if reaches_etcd_by_tls(instance) || half {
        let without = "the API server shows etcd no client certificate";
        pair(instance, "etcd-certfile", "etcd-keyfile", without, cx);
    }
}

/// Requests without credentials are let in.
pub(super) fn anonymous_auth(instance: &Instance<'_>, cx: &mut Cx<'_>) {
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
        cx.report(value.spot, message);
    } else if cx.is_strict() && instance.is_set("authentication-config") == Some(false) {
        let message = format!(
            "{what}: `{setting}` is not set, and defaults to {}",
            value.value
        );
        cx.missing(value.spot, message).severity(Severity::Low);
    }
}

/// The same where a file could say something else, and does not.
pub(super) fn anonymous_auth_in_set(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
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
pub(super) fn anonymous_auth_set_twice(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
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
pub(super) fn kubelet_certificate_authority(instance: &Instance<'_>, cx: &mut Cx<'_>) {
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
pub(super) fn kubelet_certificate_authority_in_set(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
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

/// Files that the API server reads when it starts.
const READ: [&str; 10] = [
    "admission-control-config-file",
    "audit-policy-file",
    "audit-webhook-config-file",
    "authentication-config",
    "authentication-token-webhook-config-file",
    "authorization-config",
    "authorization-webhook-config-file",
    "egress-selector-config-file",
    "encryption-provider-config",
    "tracing-config-file",
];

/// Folders that kubeadm mounts by itself, where the machine has them.
const BY_KUBEADM: [&str; 6] = [
    "/etc/ca-certificates/",
    "/etc/kubernetes/pki/",
    "/etc/pki/",
    "/etc/ssl/certs/",
    "/usr/local/share/ca-certificates/",
    "/usr/share/ca-certificates/",
];

/// A file of the machine is none of the pod's before it is mounted.
pub(super) fn config_file_not_mounted(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let by_kubeadm = [&forms::KUBEADM, &forms::CLUSTER_API, &forms::KIND];
    let of_kubeadm = by_kubeadm.contains(&instance.form);
    // The others mount what they know of, or run no pod.
    if !of_kubeadm && *instance.form != forms::STATIC_POD {
        return;
    }
    for name in READ {
        if let Some(file) = instance.last(name) {
            let lost = "the API server does not find it, and does not start";
            not_mounted(instance, file, of_kubeadm, lost, cx);
        }
    }
    // Without a policy it stays empty.
    let recorded = instance.is_set("audit-policy-file") != Some(false);
    let Some(log) = instance.last("audit-log-path").filter(|_| recorded) else {
        return;
    };
    let lost = "the audit log is lost with the container";
    not_mounted(instance, log, of_kubeadm, lost, cx);
    let mount = mounts(log.node()).and_then(|(list, _)| mount_of(list, &log.value));
    let read_only = mount.and_then(|(mount, _)| mount.field("readOnly"));
    if let Some(flag) = read_only.filter(|flag| flag.as_bool() == Some(true)) {
        let message = format!(
            "the audit log cannot be written: {} is mounted read-only",
            log.value
        );
        cx.report(log.spot(), message).related(flag, "here");
    }
}

/// Reports a file that no mount brings into the pod.
fn not_mounted(
    instance: &Instance<'_>,
    file: &Setting<'_>,
    of_kubeadm: bool,
    lost: &str,
    cx: &mut Cx<'_>,
) {
    let path = file.value.as_ref();
    let by_kubeadm = of_kubeadm
        && (BY_KUBEADM.iter().any(|folder| path.starts_with(folder))
            || certificates(file.node()).is_some_and(|folder| path.starts_with(folder)));
    if !path.starts_with('/') || is_unresolved(path) || by_kubeadm {
        return;
    }
    let message = format!("{path} is not mounted into the pod of the API server: {lost}");
    match mounts(file.node()) {
        Some((list, _)) if mount_of(list, path).is_none() => {
            let key = list.key_node().unwrap_or(list);
            cx.report(file.spot(), message)
                .related(key, "none of these mounts it");
        }
        // Without a word of mounts kubeadm has its own only; elsewhere nothing is known.
        None if of_kubeadm && instance.completeness == Completeness::Complete => {
            cx.report(file.spot(), message);
        }
        _ => {}
    }
}

/// Where kubeadm keeps certificates, if that is said.
fn certificates(setting: Node<'_>) -> Option<&str> {
    let mut above = setting.parent();
    while let Some(map) = above {
        if let Some(folder) = map.field("certificatesDir") {
            return folder.as_str();
        }
        above = map.parent();
    }
    None
}
