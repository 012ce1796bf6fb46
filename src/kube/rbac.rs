//! Rules of Roles and ClusterRoles, and what they grant.

use super::Object;
use crate::yaml::{Node, items};

/// The API groups of Kubernetes itself, up to 1.37. Others under k8s.io are those of add-ons: metrics adapters, gateways, snapshots.
const BUILT_IN_GROUPS: [&str; 25] = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "lifecycle.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// One item of a role's `rules`.
#[derive(Clone, Copy)]
pub struct PolicyRule<'d> {
    /// The item.
    pub node: Node<'d>,
    /// The Role or ClusterRole.
    pub role: Object<'d>,
}

impl<'d> PolicyRule<'d> {
    /// The rules of a Role or ClusterRole; none of anything else.
    pub fn of(role: Object<'d>) -> impl Iterator<Item = Self> {
        let ours = role.gvk.group == "rbac.authorization.k8s.io"
            && matches!(role.gvk.kind, "Role" | "ClusterRole");
        let rules = ours.then(|| role.node.field("rules")).flatten();
        items(rules).map(move |node| Self { node, role })
    }

    /// Items of one of its lists.
    pub fn list(self, field: &str) -> impl Iterator<Item = Node<'d>> + Clone {
        self.node.list(field)
    }

    /// The item of `field` that grants `wanted`, as the RBAC authoriser matches: `*` grants all, a resource `*/sub` grants that
    /// subresource of all. (kubernetes/pkg/apis/rbac/v1, `ResourceMatches` and its neighbours.)
    pub fn granting(self, field: &str, wanted: &str) -> Option<Node<'d>> {
        self.granting_one_of(field, &[wanted])
    }

    /// The first item of `field` that grants one of `wanted`.
    pub fn granting_one_of(self, field: &str, wanted: &[impl AsRef<str>]) -> Option<Node<'d>> {
        let grants = |item: &str| wanted.iter().any(|w| matches(field, item, w.as_ref()));
        self.list(field)
            .find(|item| item.as_str().is_some_and(grants))
    }

    /// Whether every API group that it names is somebody's own: no group of Kubernetes, no `*`.
    pub fn has_own_groups_only(self) -> bool {
        let own = |g: Node<'_>| {
            g.as_str()
                .is_some_and(|g| g != "*" && !BUILT_IN_GROUPS.contains(&g))
        };
        self.list("apiGroups").next().is_some() && self.list("apiGroups").all(own)
    }

    /// Whether the role is one of Kubernetes' own: `system:…`, or bootstrapped.
    pub fn is_of_system(self) -> bool {
        self.role.name().is_some_and(|n| n.starts_with("system:"))
            || self.role.label("kubernetes.io/bootstrapping") == Some("rbac-defaults")
    }
}

fn matches(field: &str, item: &str, wanted: &str) -> bool {
    match field {
        "resources" => {
            let subresource = wanted.split_once('/').map(|(_, sub)| sub);
            item == "*"
                || item == wanted
                || subresource.is_some_and(|s| item.strip_prefix("*/") == Some(s))
        }
        "nonResourceURLs" => {
            item == wanted
                || item
                    .strip_suffix('*')
                    .is_some_and(|prefix| wanted.starts_with(prefix))
        }
        _ => item == "*" || item == wanted,
    }
}

/// Whom a RoleBinding or ClusterRoleBinding names.
#[derive(Clone, Copy)]
pub struct Subject<'d> {
    /// The item of `subjects`.
    pub node: Node<'d>,
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: &'d str,
    /// Its name.
    pub name: &'d str,
    /// Where the name is written.
    pub at: Node<'d>,
}

impl<'d> Subject<'d> {
    /// The subjects of a binding that have kind and name.
    pub fn of(binding: Object<'d>) -> impl Iterator<Item = Self> {
        binding.node.list("subjects").filter_map(|node| {
            let at = node.field("name")?;
            Some(Self {
                node,
                kind: node.field("kind")?.as_str()?,
                name: at.as_str()?,
                at,
            })
        })
    }
}

/// The role that a binding gives.
#[derive(Clone, Copy)]
pub struct RoleRef<'d> {
    /// `Role` or `ClusterRole`.
    pub kind: &'d str,
    /// Its name.
    pub name: &'d str,
    /// Where the name is written.
    pub at: Node<'d>,
}

impl<'d> RoleRef<'d> {
    /// Of a RoleBinding or ClusterRoleBinding.
    pub fn of(binding: Object<'d>) -> Option<Self> {
        let at = binding.node.at(&["roleRef", "name"])?;
        Some(Self {
            kind: binding.node.at(&["roleRef", "kind"])?.as_str()?,
            name: at.as_str()?,
            at,
        })
    }
}
