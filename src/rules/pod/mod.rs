//! Pods and containers.

mod account;
mod standards;

pub(super) use account::*;
pub(super) use standards::*;

use crate::check::Cx;
use crate::finding::{Applicability, Fix};
use crate::kube::{Container, PodSpec, is_known};
use crate::model::Severity;
use crate::yaml::{Node, items};
use std::collections::HashSet;

/// From this release on a user namespace makes root acceptable (pod-security-admission, check_runAsNonRoot).
const USER_NAMESPACES_RELAX: u8 = 35;

pub(super) fn run_as_root_allowed(container: Container<'_>, cx: &mut Cx<'_>) {
    if container.pod.is_windows() || !container.may_be_root() {
        return;
    }
    let holds = holds_unless_own_users(container.pod, cx);
    let name = container.name();
    let explicit = container
        .effective_security("runAsNonRoot")
        .or_else(|| container.effective_security("runAsUser"));
    match explicit {
        Some(value) => {
            let key = value.key_node().and_then(Node::key).unwrap_or_default();
            let written = value.text().unwrap_or_default();
            cx.report_for(holds, value, format!("container \"{name}\" can run as root, because `{key}` is `{written}`"))
        }
        None => cx.missing_for(
            holds,
            container.lacks_security(),
            format!("container \"{name}\" can run as root, because neither it nor its pod sets `runAsNonRoot` or `runAsUser`"),
        ),
    };
}

pub(super) fn run_as_non_root_not_enforced(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let holds = holds_unless_own_users(pod, cx);
    let is_false = |node: &Node<'_>| node.as_bool() == Some(false);
    let of_pod = pod.node.at(&["securityContext", "runAsNonRoot"]);
    if let Some(node) = of_pod.filter(is_false) {
        cx.report_for(
            holds,
            node,
            "the pod sets `runAsNonRoot: false`, which the restricted level rejects even if its containers set `true`",
        );
    }
    for container in pod.containers() {
        let name = container.name();
        let own = container.security("runAsNonRoot");
        if let Some(own) = own.filter(is_false) {
            cx.report_for(
                holds,
                own,
                format!("container \"{name}\" sets `runAsNonRoot: false`, which the restricted level rejects"),
            );
        } else if own.is_none() && of_pod.is_none() {
            let message = format!(
                "neither container \"{name}\" nor its pod sets `runAsNonRoot: true`, which the restricted level requires"
            );
            cx.missing_for(holds, container.lacks_security(), message);
        }
    }
}

/// Reports a container that allows privilege escalation, and one that disables it without effect because of another setting.
pub(super) fn privilege_escalation_explicit(container: Container<'_>, cx: &mut Cx<'_>) {
    let Some(value) = container.security("allowPrivilegeEscalation") else {
        return;
    };
    let name = container.name();
    let admin = || {
        added(container)
            .find(|item| capability(*item).is_some_and(|c| c == "SYS_ADMIN" || c == "ALL"))
    };
    let cause = || {
        if container.is_privileged() {
            container.security("privileged")
        } else {
            admin()
        }
    };
    if value.as_bool() == Some(true) {
        cx.report(value, format!("container \"{name}\" sets `allowPrivilegeEscalation: true`, so its processes can gain privileges through setuid programs"))
            .fix(|| cause().is_none().then(|| refuse_escalation(value))?);
    } else if let Some(cause) = cause() {
        cx.report(value, format!("`false` does not restrict container \"{name}\", because it already has all privileges through another setting")).related(cause, "through this setting");
    }
}

fn refuse_escalation(value: Node<'_>) -> Option<Fix> {
    Some(Fix {
        title: "Set `allowPrivilegeEscalation: false`",
        applicability: Applicability::Safe,
        edits: vec![value.document().replace(value, "false")?],
    })
}

/// A capability as the kernel names it: upper case, without `CAP_`.
fn capability(item: Node<'_>) -> Option<String> {
    let name = item.as_str()?.to_ascii_uppercase();
    Some(name.strip_prefix("CAP_").map(str::to_owned).unwrap_or(name))
}

fn added(container: Container<'_>) -> impl Iterator<Item = Node<'_>> {
    items(
        container
            .node
            .at(&["securityContext", "capabilities", "add"]),
    )
}

/// The capabilities that Docker gives a container by default; containerd and CRI-O give the same or fewer.
const DEFAULT_CAPABILITIES: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Whether a container drops every default capability by name.
fn drops_every_default(container: Container<'_>) -> bool {
    let Some(list) = container
        .security("capabilities")
        .and_then(|c| c.field("drop"))
    else {
        return false;
    };
    let dropped: HashSet<String> = list.items().filter_map(capability).collect();
    DEFAULT_CAPABILITIES
        .iter()
        .all(|name| dropped.contains(*name))
}

/// The power that a capability gives to a container, as the end of a sentence.
fn power(capability: &str, container: Container<'_>) -> &'static str {
    let shares = |field| container.pod.node.field(field).and_then(Node::as_bool) == Some(true);
    match capability {
        "ALL" => "can take over the node",
        "SYS_ADMIN" => "can mount the node's disks and take over the node",
        "SYS_MODULE" => "can load kernel modules and take over the node",
        "BPF" => "can load eBPF programs into the kernel of the node",
        "SYS_RAWIO" => "can read and write the memory of the machine and take over the node",
        "DAC_READ_SEARCH" => "can read every file on the node's disks through file handles",
        "SYS_PTRACE" if shares("hostPID") => "can read and change every process of the node",
        "SYS_PTRACE" => "can read and change all processes that it sees",
        "SYS_BOOT" => "can load another kernel and restart the node with it",
        "NET_ADMIN" if shares("hostNetwork") => {
            "can change addresses, routes and packet filters of the node"
        }
        "NET_ADMIN" => "can change addresses, routes and packet filters of its pod",
        "PERFMON" => "can observe the kernel and every process of the node",
        "MAC_ADMIN" | "MAC_OVERRIDE" => "can change or override mandatory access control",
        "SYSLOG" => "can read the kernel log with addresses that kernel exploits need",
        "LINUX_IMMUTABLE" => "can make files that no other user can change or delete",
        "SETPCAP" => "can change the capabilities that its processes pass on",
        _ => "has more access to the node",
    }
}

pub(super) fn dangerous_capability(container: Container<'_>, cx: &mut Cx<'_>) {
    const WORST: [&str; 5] = ["ALL", "SYS_ADMIN", "SYS_MODULE", "BPF", "SYS_RAWIO"];
    const NAMESPACED: [&str; 2] = ["NET_ADMIN", "SYS_PTRACE"];
    let dangerous = cx.param("dangerous");
    for item in added(container) {
        let Some(name) = capability(item).filter(|name| dangerous.iter().any(|d| d == name)) else {
            continue;
        };
        let severity = if WORST.contains(&name.as_str()) {
            Severity::Critical
        } else if NAMESPACED.contains(&name.as_str()) && container.pod.has_own_users() {
            Severity::Low
        } else {
            Severity::High
        };
        let what = if name == "ALL" {
            "all capabilities".to_owned()
        } else {
            format!("capability `{name}`")
        };
        let message = format!(
            "container \"{}\" adds {what}, so it {}",
            container.name(),
            power(&name, container)
        );
        cx.report(item, message).severity(severity);
    }
}

/// The standard hardening: how a container without each setting is described, and what to write.
const HARDENING: [(&str, &str); 4] = [
    ("can run as root", "`runAsNonRoot: true`"),
    ("can gain privileges", "`allowPrivilegeEscalation: false`"),
    (
        "keeps default capabilities",
        "`capabilities: {drop: [ALL]}`",
    ),
    (
        "has no seccomp profile",
        "`seccompProfile: {type: RuntimeDefault}`",
    ),
];

pub(super) fn container_not_hardened(container: Container<'_>, cx: &mut Cx<'_>) {
    if container.is_privileged() {
        return;
    }
    let windows = container.pod.is_windows();
    if windows && windows_user_is_ordinary(container) {
        return;
    }
    let own_users =
        container.pod.has_own_users() && cx.targets().before(USER_NAMESPACES_RELAX).is_empty();
    let escalates = container.may_escalate();
    let drops = container
        .node
        .at(&["securityContext", "capabilities", "drop"]);
    let drops_all = drops.is_some_and(|list| {
        list.items()
            .any(|i| !is_known(i) || capability(i).as_deref() == Some("ALL"))
    }) || drops_every_default(container);
    let seccomp = container
        .effective_security("seccompProfile")
        .and_then(|p| p.field("type"))
        .is_some()
        || seccomp_by_annotation(container) && cx.targets().from(SECCOMP_FIELDS_ALONE).is_empty();
    let confined = ["seLinuxOptions", "appArmorProfile"]
        .into_iter()
        .any(|f| container.effective_security(f).is_some());
    // An explicit root user is another rule's finding.
    let user = container.effective_security("runAsUser");
    let says_root = !windows && user.and_then(Node::as_int) == Some(0);
    let missing = [
        container.may_be_root() && !own_users && !says_root,
        escalates && !windows,
        !drops_all && !windows,
        !seccomp && !windows,
    ];
    let [root, gains, ..] = missing;
    let unconfined = !windows && !seccomp && !confined && drops.is_none();
    if !(root || gains || unconfined) {
        return;
    }
    let (mut lacks, mut writes) = (Vec::new(), Vec::new());
    for ((lack, write), _) in HARDENING
        .into_iter()
        .zip(missing)
        .filter(|(_, missing)| *missing)
    {
        lacks.push(lack);
        writes.push(if windows {
            "`windowsOptions: {runAsUserName: ContainerUser}`"
        } else {
            write
        });
    }
    let message = format!(
        "container \"{}\" is not hardened: it {}",
        container.name(),
        listed(&lacks)
    );
    cx.missing(container.lacks_security(), message)
        .help(format!(
            "Set {} in the securityContext of the container.",
            listed(&writes)
        ));
}

fn windows_user_is_ordinary(container: Container<'_>) -> bool {
    let user = container
        .effective_security("windowsOptions")
        .and_then(|o| o.field("runAsUserName")?.as_str());
    user.is_some_and(|u| !u.eq_ignore_ascii_case("ContainerAdministrator"))
        || !container.may_be_root()
}

/// `a, b and c`
fn listed(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
