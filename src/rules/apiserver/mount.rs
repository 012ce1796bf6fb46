//! Files that a flag names and that are not mounted into the pod.

use crate::check::Cx;
use crate::component::{Instance, Setting, forms, mount_of, mounts};
use crate::kube::{Completeness, is_unresolved};
use crate::yaml::Node;

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

/// Folders that kubeadm mounts by default if they exist.
const BY_KUBEADM: [&str; 6] = [
    "/etc/ca-certificates/",
    "/etc/kubernetes/pki/",
    "/etc/pki/",
    "/etc/ssl/certs/",
    "/usr/local/share/ca-certificates/",
    "/usr/share/ca-certificates/",
];

/// Folders that kops mounts, in addition to those of the audit policy and the audit log (nodeup/pkg/model, `buildPod`); earlier
/// releases mount all of the first.
const BY_KOPS: [&str; 6] = [
    "/srv/kubernetes/",
    "/srv/sshproxy/",
    "/etc/ssl/",
    "/etc/pki/",
    "/usr/share/",
    "/etc/kubernetes/authn.config",
];

/// A file of the node that the pod cannot read because it is not mounted.
pub(in crate::rules) fn config_file_not_mounted(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let by_kubeadm = [&forms::KUBEADM, &forms::CLUSTER_API, &forms::KIND];
    let of_kubeadm = by_kubeadm.contains(&instance.form);
    if *instance.form == forms::KOPS {
        return not_mounted_by_kops(instance, cx);
    }
    // Other tools mount the files that they know, or run no pod.
    if !of_kubeadm && *instance.form != forms::STATIC_POD {
        return;
    }
    for name in READ {
        if let Some(file) = instance.last(name) {
            let impact = "the API server fails to start";
            not_mounted(instance, file, of_kubeadm, impact, cx);
        }
    }
    // Without a policy the log stays empty.
    let recorded = instance.is_set("audit-policy-file") != Some(false);
    let Some(log) = instance.last("audit-log-path").filter(|_| recorded) else {
        return;
    };
    let impact = "the audit log is deleted with the container";
    not_mounted(instance, log, of_kubeadm, impact, cx);
    let mount = mounts(log.node()).and_then(|(list, _)| mount_of(list, &log.value));
    let read_only = mount.and_then(|(mount, _)| mount.field("readOnly"));
    if let Some(flag) = read_only.filter(|flag| flag.as_bool() == Some(true)) {
        let message = format!(
            "`{}` is mounted read-only, so the API server cannot write the audit log",
            log.value
        );
        cx.report(log.node_span(), message)
            .related(flag, "read-only here");
    }
}

fn not_mounted_by_kops(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let folder = |name: &str| {
        let (folder, _) = instance.last(name)?.value.rsplit_once('/')?;
        Some(format!("{folder}/"))
    };
    let of_audit = ["audit-policy-file", "audit-log-path"].map(folder);
    for file in READ.iter().filter_map(|name| instance.last(name)) {
        let path = file.value.as_ref();
        let below = |folder: &str| path.starts_with(folder);
        let mounted =
            BY_KOPS.into_iter().any(below) || of_audit.iter().flatten().any(|folder| below(folder));
        if path.starts_with('/') && !is_unresolved(path) && !mounted {
            let message = format!(
                "kops does not mount `{path}` into the API server pod, so the API server fails to start"
            );
            cx.report(file.node_span(), message);
        }
    }
}

/// Reports a file that is not mounted into the pod.
fn not_mounted(
    instance: &Instance<'_>,
    file: &Setting<'_>,
    of_kubeadm: bool,
    impact: &str,
    cx: &mut Cx<'_>,
) {
    let path = file.value.as_ref();
    let by_kubeadm = of_kubeadm
        && (BY_KUBEADM.iter().any(|folder| path.starts_with(folder))
            || certificates(file.node()).is_some_and(|folder| path.starts_with(folder)));
    if !path.starts_with('/') || is_unresolved(path) || by_kubeadm {
        return;
    }
    let message = format!("`{path}` is not mounted into the API server pod, so {impact}");
    match mounts(file.node()) {
        Some((list, _)) if mount_of(list, path).is_none() => {
            let key = list.key_node().unwrap_or(list);
            cx.report(file.node_span(), message)
                .related(key, "no entry of this list mounts the file");
        }
        // Without own mounts kubeadm has its defaults only; elsewhere nothing is known.
        None if of_kubeadm && instance.completeness == Completeness::Complete => {
            cx.report(file.node_span(), message);
        }
        _ => {}
    }
}

/// The folder of kubeadm's certificates, if it is set.
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
