//! The roles that every API server makes when it starts. (kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy.)

use super::Object;

/// What the API server writes on them.
const LABEL: &str = "kubernetes.io/bootstrapping";

/// ClusterRoles that are bound to people as they are.
const FOR_USERS: [&str; 4] = ["admin", "cluster-admin", "edit", "view"];

/// ClusterRoles called `system:` and this, sorted; the last releases to make some of them are old.
const CLUSTER_ROLES: [&str; 31] = [
    "aggregate-to-admin",
    "aggregate-to-edit",
    "aggregate-to-view",
    "auth-delegator",
    "aws-cloud-provider",
    "basic-user",
    "certificates.k8s.io:certificatesigningrequests:nodeclient",
    "certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    "certificates.k8s.io:kube-apiserver-client-approver",
    "certificates.k8s.io:kube-apiserver-client-kubelet-approver",
    "certificates.k8s.io:kubelet-serving-approver",
    "certificates.k8s.io:legacy-unknown-approver",
    "cluster-trust-bundle-discovery",
    "csi-external-attacher",
    "csi-external-provisioner",
    "discovery",
    "heapster",
    "kube-aggregator",
    "kube-controller-manager",
    "kube-dns",
    "kube-scheduler",
    "kubelet-api-admin",
    "monitoring",
    "node",
    "node-bootstrapper",
    "node-problem-detector",
    "node-proxier",
    "persistent-volume-provisioner",
    "public-info-viewer",
    "service-account-issuer-discovery",
    "volume-scheduler",
];

/// ClusterRoles called `system:controller:` and this, sorted.
const CONTROLLERS: [&str; 41] = [
    "attachdetach-controller",
    "certificate-controller",
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemon-set-controller",
    "deployment-controller",
    "device-taint-eviction-controller",
    "disruption-controller",
    "endpoint-controller",
    "endpointslice-controller",
    "endpointslicemirroring-controller",
    "ephemeral-volume-controller",
    "expand-controller",
    "generic-garbage-collector",
    "horizontal-pod-autoscaler",
    "job-controller",
    "kube-apiserver-serving-clustertrustbundle-publisher",
    "legacy-service-account-token-cleaner",
    "namespace-controller",
    "node-controller",
    "persistent-volume-binder",
    "pod-garbage-collector",
    "podcertificaterequestcleaner",
    "pv-protection-controller",
    "pvc-protection-controller",
    "replicaset-controller",
    "replication-controller",
    "resource-claim-controller",
    "resourcequota-controller",
    "root-ca-cert-publisher",
    "route-controller",
    "selinux-warning-controller",
    "service-account-controller",
    "service-cidrs-controller",
    "service-controller",
    "statefulset-controller",
    "storage-version-migrator-controller",
    "ttl-after-finished-controller",
    "ttl-controller",
    "validatingadmissionpolicy-status-controller",
    "volumeattributesclass-protection-controller",
];

/// Roles and their namespaces, sorted.
const ROLES: [(&str, &str); 7] = [
    ("kube-public", "system:controller:bootstrap-signer"),
    ("kube-system", "extension-apiserver-authentication-reader"),
    (
        "kube-system",
        "system::leader-locking-kube-controller-manager",
    ),
    ("kube-system", "system::leader-locking-kube-scheduler"),
    ("kube-system", "system:controller:bootstrap-signer"),
    ("kube-system", "system:controller:cloud-provider"),
    ("kube-system", "system:controller:token-cleaner"),
];

/// Whether a role is one of the API server's own. Anybody may call a role `system:…` and copy the label, so only its own names count; those
/// without `system:` only with the label, since people write roles called `admin` or `view` of their own.
pub fn is_bootstrap_role(role: Object<'_>) -> bool {
    let name = role.name().unwrap_or_default();
    if role.gvk.kind == "Role" {
        let namespace = role.namespace().unwrap_or_default();
        return ROLES.binary_search(&(namespace, name)).is_ok();
    }
    match name.strip_prefix("system:") {
        Some(system) => match system.strip_prefix("controller:") {
            Some(controller) => CONTROLLERS.binary_search(&controller).is_ok(),
            None => CLUSTER_ROLES.binary_search(&system).is_ok(),
        },
        None => FOR_USERS.contains(&name) && role.label(LABEL) == Some("rbac-defaults"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted() {
        assert!(CLUSTER_ROLES.is_sorted() && CONTROLLERS.is_sorted() && ROLES.is_sorted());
    }
}
