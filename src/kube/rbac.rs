//! Rules of Roles and ClusterRoles, and what they grant.

use super::Object;
use crate::yaml::Node;

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
        rules
            .into_iter()
            .flat_map(Node::items)
            .map(move |node| Self { node, role })
    }

    /// Items of one of its lists.
    pub fn list(self, field: &str) -> impl Iterator<Item = Node<'d>> + Clone {
        self.node.field(field).into_iter().flat_map(Node::items)
    }

    /// The item of `field` that grants `wanted`, as the RBAC authoriser matches: `*` grants all, a resource `*/sub` grants that
    /// subresource of all. (kubernetes/pkg/apis/rbac/v1, `ResourceMatches` and its neighbours.)
    pub fn granting(self, field: &str, wanted: &str) -> Option<Node<'d>> {
        let matches = |item: &str| match field {
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
        };
        self.list(field)
            .find(|item| item.as_str().is_some_and(matches))
    }

    /// Whether every API group that it names is somebody's own: no group of Kubernetes, no `*`.
    pub fn has_own_groups_only(self) -> bool {
        let own = |g: Node<'_>| {
            g.as_str().is_some_and(|g| {
                g.contains('.') && !g.ends_with(".k8s.io") && !g.ends_with(".kubernetes.io")
            })
        };
        self.list("apiGroups").next().is_some() && self.list("apiGroups").all(own)
    }

    /// Whether the role is one of Kubernetes' own: `system:…`, or bootstrapped.
    pub fn is_of_system(self) -> bool {
        self.role.name().is_some_and(|n| n.starts_with("system:"))
            || self.role.label("kubernetes.io/bootstrapping") == Some("rbac-defaults")
    }
}
