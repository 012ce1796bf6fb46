//! The controls of the Pod Security Standards, each exactly as the admission controller has it in each version of the standard
//! (k8s.io/pod-security-admission, policy/check_*.go).

use super::{USER_NAMESPACES_RELAX, added};
use crate::check::Cx;
use crate::finding::Releases;
use crate::kube::{Container, PodSpec, is_known};
use crate::model::Severity;
use crate::yaml::{Node, NodeSpan, items};

/// Restricted controls exempt Windows pods from 1.25 on.
const WINDOWS_EXEMPT: u8 = 25;

/// Targets for which a control of `since` holds for this pod, where Windows pods are exempt from 1.25 on.
fn holds_unless_windows(pod: PodSpec<'_>, cx: &Cx<'_>, since: u8) -> Releases {
    let holds = cx.targets().from(since);
    if pod.is_windows() {
        holds.before(WINDOWS_EXEMPT)
    } else {
        holds
    }
}

/// Targets for which a control holds that user namespaces relax from 1.35 on.
pub(super) fn holds_unless_own_users(pod: PodSpec<'_>, cx: &Cx<'_>) -> Releases {
    if pod.has_own_users() {
        cx.targets().before(USER_NAMESPACES_RELAX)
    } else {
        cx.targets()
    }
}

/// The security contexts of a pod, each with what it belongs to: the pod's own and those of all containers.
fn contexts(pod: PodSpec<'_>) -> impl Iterator<Item = (String, Node<'_>)> {
    let own = own_context(pod).map(|context| ("the pod".to_owned(), context));
    let of_containers = pod
        .containers()
        .filter_map(|c| Some((quoted(c), c.node.field("securityContext")?)));
    own.into_iter().chain(of_containers)
}

fn own_context(pod: PodSpec<'_>) -> Option<Node<'_>> {
    pod.node.field("securityContext")
}

/// Whether every container overrides a value of the pod's own security context. Pod Security checks it nevertheless.
fn is_overridden<'d>(pod: PodSpec<'d>, context: Node<'d>, field: &str) -> bool {
    let value = |node: Node<'d>| {
        let node = node.field("type").unwrap_or(node);
        (node.as_int(), node.text())
    };
    let given = context.field(field).map(value);
    let differs = |own: Node<'d>| match (value(own), given) {
        ((Some(own), _), Some((Some(given), _))) => own != given,
        ((_, own), Some((_, given))) => own != given,
        _ => false,
    };
    own_context(pod) == Some(context)
        && pod.containers().next().is_some()
        && pod
            .containers()
            .all(|c| c.security(field).is_some_and(differs))
}

/// Reports a value of the pod that every container overrides: with a lower severity, since nothing runs with it.
fn overridden(value: Node<'_>, holds: Releases, written: &str, cx: &mut Cx<'_>) {
    let message = format!(
        "every container overrides `{written}` of the pod, but Pod Security still rejects the pod"
    );
    cx.report_for(holds, value, message)
        .severity(Severity::Low)
        .help("Remove the value from the securityContext of the pod.");
}

fn quoted(container: Container<'_>) -> String {
    format!("container \"{}\"", container.name())
}

/// Reports a missing setting of a container: at its insufficient value, or where it would be added.
fn insufficient<'d>(
    container: Container<'d>,
    value: Option<Node<'d>>,
    holds: Releases,
    message: String,
    cx: &mut Cx<'_>,
) {
    match value {
        Some(value) => cx.report_for(holds, value, message),
        None => cx.missing_for(holds, container.lacks_security(), message),
    };
}

/// Whether the pod has no network of its own.
fn shares_network(pod: PodSpec<'_>) -> bool {
    pod.node.field("hostNetwork").and_then(Node::as_bool) == Some(true)
}

pub(in crate::rules) fn host_port(container: Container<'_>, cx: &mut Cx<'_>) {
    // Every port is a port of the node then, which pod/host-network reports.
    if shares_network(container.pod) && !cx.is_strict() {
        return;
    }
    let ports = container.node.list("ports");
    for port in ports.filter_map(|p| p.field("hostPort")) {
        if let Some(number) = port.as_int().filter(|n| *n != 0) {
            cx.report(port, format!("{} uses host port `{number}`, so it is open on the node's address and only one such pod fits on a node", quoted(container)));
        }
    }
}

pub(in crate::rules) fn windows_host_process(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    for (who, context) in contexts(pod) {
        let value = context
            .at(&["windowsOptions", "hostProcess"])
            .filter(|v| v.as_bool() == Some(true));
        if let Some(value) = value {
            cx.report(
                value,
                format!("{who} sets `hostProcess: true`, so it runs directly on the Windows node"),
            );
        }
    }
}

pub(in crate::rules) fn run_as_root_user(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let holds = holds_unless_own_users(pod, cx).from(23);
    for (who, context) in contexts(pod) {
        if let Some(user) = context.field("runAsUser").filter(|u| u.as_int() == Some(0)) {
            if is_overridden(pod, context, "runAsUser") {
                overridden(user, holds, "runAsUser: 0", cx);
                continue;
            }
            let refused = context
                .field("runAsNonRoot")
                .or_else(|| pod.node.at(&["securityContext", "runAsNonRoot"]));
            let message = if refused.and_then(Node::as_bool) == Some(true) {
                format!("{who} sets `runAsUser: 0` and `runAsNonRoot: true`, so it fails to start")
            } else {
                format!("{who} sets `runAsUser: 0`, so it runs as root")
            };
            cx.report_for(holds, user, message);
        }
    }
}

pub(in crate::rules) fn privilege_escalation_allowed(container: Container<'_>, cx: &mut Cx<'_>) {
    if container.may_escalate() {
        let value = container.security("allowPrivilegeEscalation");
        let holds = holds_unless_windows(container.pod, cx, 8);
        insufficient(
            container,
            value,
            holds,
            format!(
                "{} does not set `allowPrivilegeEscalation: false`, so its processes can gain privileges",
                quoted(container)
            ),
            cx,
        );
    }
}

pub(in crate::rules) fn capabilities_not_dropped(container: Container<'_>, cx: &mut Cx<'_>) {
    let capabilities = container.security("capabilities");
    let drop = capabilities.and_then(|c| c.field("drop"));
    let fits = |item: Node<'_>| item.as_str() == Some("ALL") || !is_known(item);
    if drop.is_some_and(|list| list.items().any(fits)) {
        return;
    }
    let holds = holds_unless_windows(container.pod, cx, 22);
    let lower = drop.and_then(|list| {
        list.items()
            .find(|i| i.as_str().is_some_and(|s| s.eq_ignore_ascii_case("all")))
    });
    let message = match lower.and_then(Node::as_str) {
        Some(written) => format!(
            "{} drops `{written}`, but Pod Security requires `ALL` in upper case",
            quoted(container)
        ),
        None if super::drops_every_default(container) => format!(
            "{} drops each default capability by name, but the restricted level requires `ALL`",
            quoted(container)
        ),
        None => format!(
            "{} does not drop `ALL`, so it keeps the default capabilities",
            quoted(container)
        ),
    };
    let at = lower
        .or(drop)
        .map(NodeSpan::from)
        .or_else(|| capabilities.map(Node::lacking));
    match at {
        Some(at) => cx.report_for(holds, at, message),
        None => cx.missing_for(holds, container.lacks_security(), message),
    };
}

pub(in crate::rules) fn capability_not_in_restricted_set(
    container: Container<'_>,
    cx: &mut Cx<'_>,
) {
    let holds = holds_unless_windows(container.pod, cx, 22);
    let allowed = cx.param("allowed");
    for item in added(container).filter(|i| {
        !i.as_str()
            .is_some_and(|name| allowed.iter().any(|a| a == name))
    }) {
        let name = item.text().unwrap_or_default();
        cx.report_for(
            holds,
            item,
            format!(
                "{} adds capability `{name}`; the restricted level allows only `NET_BIND_SERVICE`",
                quoted(container)
            ),
        );
    }
}

/// `procMount`, where it is not the default.
fn proc_mount(container: Container<'_>) -> Option<Node<'_>> {
    container
        .security("procMount")
        .filter(|v| is_known(*v) && v.as_str().is_some_and(|m| m != "Default" && !m.is_empty()))
}

pub(in crate::rules) fn proc_mount_unmasked(container: Container<'_>, cx: &mut Cx<'_>) {
    let holds = holds_unless_own_users(container.pod, cx);
    if let Some(value) = proc_mount(container) {
        let written = value.text().unwrap_or_default();
        cx.report_for(
            holds,
            value,
            format!(
                "{} sets `procMount: {written}`, so it sees parts of `/proc` that the runtime normally hides",
                quoted(container)
            ),
        );
    }
}

pub(in crate::rules) fn proc_mount_unmasked_user_namespace(
    container: Container<'_>,
    cx: &mut Cx<'_>,
) {
    let holds = cx.targets().from(USER_NAMESPACES_RELAX);
    if let Some(value) = proc_mount(container).filter(|_| container.pod.has_own_users()) {
        let written = value.text().unwrap_or_default();
        cx.report_for(holds, value, format!("{} sets `procMount: {written}`, which the restricted level rejects even in a user namespace", quoted(container)));
    }
}

/// Annotations of a pod whose name begins so, with what follows.
fn annotations<'d>(
    pod: PodSpec<'d>,
    prefix: &'static str,
) -> impl Iterator<Item = (String, Node<'d>)> {
    let all = pod.annotations().into_iter().flat_map(Node::entries);
    all.filter_map(move |(key, value)| Some((key.key()?.strip_prefix(prefix)?.to_owned(), value)))
}

/// Since 1.19 fields set the seccomp profile, before that annotations.
const SECCOMP_FIELDS: u8 = 19;

pub(in crate::rules) fn seccomp_unconfined(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let (fields, old) = (
        cx.targets().from(SECCOMP_FIELDS),
        cx.targets().before(SECCOMP_FIELDS),
    );
    for (who, context) in contexts(pod) {
        let profile = context.at(&["seccompProfile", "type"]);
        let confines = |t: Node<'_>| matches!(t.as_str(), Some("RuntimeDefault" | "Localhost"));
        if let Some(value) = profile.filter(|t| !confines(*t) && is_known(*t)) {
            if is_overridden(pod, context, "seccompProfile") {
                overridden(value, fields, "seccompProfile: {type: Unconfined}", cx);
                continue;
            }
            cx.report_for(
                fields,
                value,
                format!("{who} disables seccomp, so it can use every system call of the kernel"),
            );
        }
    }
    for prefix in [
        "seccomp.security.alpha.kubernetes.io/pod",
        "container.seccomp.security.alpha.kubernetes.io/",
    ] {
        for (_, value) in annotations(pod, prefix) {
            let text = value.text().unwrap_or_default();
            if !(matches!(text, "runtime/default" | "docker/default")
                || text.starts_with("localhost/"))
            {
                cx.report_for(old, value, "this annotation disables seccomp, so containers can use every system call of the kernel");
            }
        }
    }
}

/// From this release on the API server does not copy annotations into the fields of a new pod.
pub(super) const SECCOMP_FIELDS_ALONE: u8 = 27;

/// Whether an annotation gives a container a seccomp profile, in releases that still read it.
pub(super) fn seccomp_by_annotation(container: Container<'_>) -> bool {
    let Some(annotations) = container.pod.annotations() else {
        return false;
    };
    let own = format!(
        "container.seccomp.security.alpha.kubernetes.io/{}",
        container.name()
    );
    let of = |key: &str| annotations.field(key).and_then(Node::text);
    of(&own)
        .or_else(|| of("seccomp.security.alpha.kubernetes.io/pod"))
        .is_some_and(|text| !text.is_empty())
}

pub(in crate::rules) fn seccomp_profile_missing(container: Container<'_>, cx: &mut Cx<'_>) {
    let mut holds = holds_unless_windows(container.pod, cx, SECCOMP_FIELDS);
    if seccomp_by_annotation(container) {
        holds = holds.and(cx.targets().from(SECCOMP_FIELDS_ALONE));
    }
    if container
        .effective_security("seccompProfile")
        .and_then(|p| p.field("type"))
        .is_none()
    {
        let message = format!(
            "neither {} nor its pod sets a seccomp profile, so the container runs unconfined by default",
            quoted(container)
        );
        cx.missing_for(holds, container.lacks_security(), message);
    }
}

pub(in crate::rules) fn apparmor_unconfined(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    for (who, context) in contexts(pod) {
        let profile = context.at(&["appArmorProfile", "type"]);
        if let Some(value) =
            profile.filter(|t| !matches!(t.as_str(), Some("RuntimeDefault" | "Localhost")))
        {
            if is_overridden(pod, context, "appArmorProfile") {
                let targets = cx.targets();
                overridden(value, targets, "appArmorProfile: {type: Unconfined}", cx);
                continue;
            }
            cx.report(value, format!("{who} disables AppArmor, so no profile blocks mounts and writes to `/proc` and `/sys`"));
        }
    }
    for (container, value) in annotations(pod, "container.apparmor.security.beta.kubernetes.io/") {
        let text = value.text().unwrap_or_default();
        if !(matches!(text, "" | "runtime/default") || text.starts_with("localhost/")) {
            cx.report(
                value,
                format!("this annotation disables AppArmor for container \"{container}\", so no profile restricts it"),
            );
        }
    }
}

pub(in crate::rules) fn selinux_options_forbidden(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    for (who, context) in contexts(pod) {
        let Some(options) = context.field("seLinuxOptions") else {
            continue;
        };
        if let Some(kind) = options.field("type") {
            let text = kind.text().unwrap_or_default();
            let holds = match text {
                "" | "container_t" | "container_init_t" | "container_kvm_t" => Releases::NONE,
                "container_engine_t" => cx.targets().before(31),
                _ => cx.targets(),
            };
            let unconfined = matches!(text, "spc_t" | "unconfined_t");
            let why = if unconfined {
                "which SELinux does not confine"
            } else {
                "which can allow more than the type for containers"
            };
            let message = format!("{who} sets the SELinux type `{text}`, {why}");
            let draft = cx.report_for(holds, kind, message);
            if unconfined {
                draft.severity(Severity::Critical);
            }
        }
        for field in ["user", "role"] {
            if let Some(value) = options.field(field).filter(|v| v.text() != Some("")) {
                cx.report(
                    value,
                    format!("{who} sets an SELinux {field}, which can allow more than the default for containers"),
                );
            }
        }
    }
}

/// Sysctls that are namespaced and harmless, with the version of the standard that added each.
const SAFE_SYSCTLS: [(&str, u8); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

/// A sysctl as the kubelet reads it: if a slash comes first, slashes separate, and dots are part of a name.
fn with_dots(name: &str) -> String {
    match name.find(['.', '/']) {
        Some(at) if name.as_bytes().get(at) == Some(&b'/') => name
            .chars()
            .map(|c| match c {
                '/' => '.',
                '.' => '/',
                c => c,
            })
            .collect(),
        _ => name.to_owned(),
    }
}

pub(in crate::rules) fn unsafe_sysctl(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let sysctls = items(pod.node.at(&["securityContext", "sysctls"]));
    for name in sysctls.filter_map(|s| s.field("name")) {
        let text = name.text().unwrap_or_default();
        let is_safe = |name: &str| SAFE_SYSCTLS.iter().find(|(safe, _)| *safe == name);
        let holds = is_safe(text).map_or(cx.targets(), |(_, since)| cx.targets().before(*since));
        let dotted = with_dots(text);
        if is_safe(text).is_none() && is_safe(&dotted).is_some() {
            let message = format!(
                "sysctl `{text}` is the safe `{dotted}`, but Pod Security compares names literally and rejects the pod"
            );
            cx.report(name, message)
                .severity(Severity::Low)
                .help(format!("Write the name as `{dotted}`."));
            continue;
        }
        cx.report_for(
            holds,
            name,
            format!(
                "sysctl `{text}` is not in the safe set, so it can affect other pods or the node"
            ),
        );
    }
}

pub(in crate::rules) fn probe_or_hook_host(container: Container<'_>, cx: &mut Cx<'_>) {
    const HANDLERS: [&[&str]; 5] = [
        &["livenessProbe"],
        &["readinessProbe"],
        &["startupProbe"],
        &["lifecycle", "postStart"],
        &["lifecycle", "preStop"],
    ];
    let holds = cx.targets().from(34);
    let shares_network = shares_network(container.pod);
    for handler in HANDLERS
        .into_iter()
        .filter_map(|path| container.node.at(path))
    {
        for action in ["httpGet", "tcpSocket"] {
            let host = handler
                .at(&[action, "host"])
                .and_then(|h| Some((h, h.text().filter(|t| !t.is_empty())?)));
            let Some((node, host)) = host else { continue };
            let own = is_loopback(host);
            // On the node's network the loopback address is also the pod's; the standard forbids it nevertheless.
            if own && shares_network && !cx.is_strict() {
                continue;
            }
            let whose = match (own, shares_network) {
                (true, true) => "which the baseline level of Pod Security rejects",
                (true, false) => "so the kubelet calls the node itself and not the pod",
                (false, _) => "so the kubelet calls this host from the node's network",
            };
            let message = format!("{} sets the host `{host}`, {whose}", quoted(container));
            cx.report_for(holds, node, message);
        }
    }
}

/// Whether a host is the calling machine.
fn is_loopback(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|a| a.is_loopback())
}

pub(in crate::rules) fn root_group(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let severity = |cx: &Cx<'_>| {
        if pod.has_own_users() && cx.targets().before(USER_NAMESPACES_RELAX).is_empty() {
            Severity::Info
        } else {
            Severity::Low
        }
    };
    // A group of the pod that every container replaces has no effect.
    let replaced = pod.containers().next().is_some()
        && pod.containers().all(|c| c.security("runAsGroup").is_some());
    for (who, context) in contexts(pod) {
        let of_pod = context.parent() == Some(pod.node);
        let single = ["runAsGroup", "fsGroup"]
            .into_iter()
            .filter(|f| !(of_pod && replaced && *f == "runAsGroup"))
            .filter_map(|f| context.field(f));
        let list = context.list("supplementalGroups");
        for group in single.chain(list).filter(|g| g.as_int() == Some(0)) {
            let severity = severity(cx);
            cx.report(group, format!("{who} belongs to group 0, so it can change files that are writable for the root group")).severity(severity);
        }
    }
}

pub(in crate::rules) fn host_path_volume(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let mut mounts = None;
    for volume in pod.volumes() {
        let Some((key, source)) = volume
            .pair("hostPath")
            .filter(|(_, source)| !source.is_null())
        else {
            continue;
        };
        let name = volume
            .field("name")
            .and_then(Node::as_str)
            .unwrap_or_default();
        let path = source
            .field("path")
            .and_then(Node::text)
            .unwrap_or_default();
        let mut draft = cx.report(
            key,
            format!("volume \"{name}\" gives the pod access to `{path}` on the node"),
        );
        let mounts = mounts.get_or_insert_with(|| pod.mounts());
        for (_, mount) in mounts.of(name).iter().take(3) {
            draft = draft.related(mount.field("mountPath").unwrap_or(*mount), "mounted here");
        }
    }
}
