//! Rules of Roles and ClusterRoles, and what they grant.

use super::Object;
use super::bootstrap_roles::is_bootstrap_role;
use super::resource::{Resource, is_builtin_group};
use crate::yaml::{Node, items};

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
        let own = |g: Node<'_>| g.as_str().is_some_and(|g| g != "*" && !is_builtin_group(g));
        self.list("apiGroups").next().is_some() && self.list("apiGroups").all(own)
    }

    /// What the rule names first, where nothing that it names is in a namespace, so that it means nothing within one.
    pub fn outside_of_namespaces(self) -> Option<Node<'d>> {
        let Some(first) = self.list("resources").next() else {
            return self.list("nonResourceURLs").next();
        };
        let groups: Vec<&str> = self.list("apiGroups").filter_map(Node::as_str).collect();
        let known = |g: &&str| *g == "*" || is_builtin_group(g);
        let outside = |item: Node<'d>| {
            let name = item.as_str().unwrap_or_default();
            let found: Vec<_> = if groups.contains(&"*") {
                Resource::named(name).collect()
            } else {
                let found = groups.iter().filter_map(|g| Resource::find(g, name));
                found.collect()
            };
            name != "*" && !found.is_empty() && found.iter().all(|r| !r.namespaced)
        };
        (groups.iter().all(known) && self.list("resources").all(outside)).then_some(first)
    }

    /// The item of its verbs by which it grants everything: all of them, or those that are commonly written instead.
    pub fn grants_everything(self) -> Option<Node<'d>> {
        const WRITTEN: [&str; 7] = [
            "get", "list", "watch", "create", "update", "patch", "delete",
        ];
        let star = |field: &str| self.list(field).find(|item| item.as_str() == Some("*"));
        let written = |verb: &&str| self.list("verbs").any(|item| item.as_str() == Some(verb));
        let first = || {
            self.list("verbs")
                .next()
                .filter(|_| WRITTEN.iter().all(written))
        };
        star("apiGroups")
            .and(star("resources"))
            .filter(|_| !self.is_limited())?;
        star("verbs").or_else(first)
    }

    /// Whether it only reads, and neither Secrets nor what it does not name.
    pub fn is_harmless_reading(self) -> bool {
        let reads = |verb: Node<'_>| matches!(verb.as_str(), Some("get" | "list" | "watch"));
        let named = |item: Node<'_>| {
            let text = item.as_str().unwrap_or("*");
            !text.contains('*') && !text.contains('/') && text != "secrets"
        };
        self.list("verbs").all(reads)
            && ["resources", "apiGroups"]
                .into_iter()
                .all(|field| self.list(field).all(named))
            && self.list("nonResourceURLs").next().is_none()
    }

    /// Whether it holds for some names only.
    pub fn is_limited(self) -> bool {
        self.list("resourceNames").next().is_some()
    }

    /// Whether the role is somebody's own, and not one that every API server makes.
    pub fn is_of_user(self) -> bool {
        !is_bootstrap_role(self.role)
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
