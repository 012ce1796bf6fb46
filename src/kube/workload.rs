//! Pods and their containers, wherever a kind keeps them.

use super::{Object, is_known};
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::collections::HashMap;

/// A pod's specification, of a Pod or of a kind that makes Pods.
#[derive(Clone, Copy)]
pub struct PodSpec<'d> {
    /// The `spec` map.
    pub node: Node<'d>,
    /// The object that holds it.
    pub object: Object<'d>,
}

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// In `containers`.
    Main,
    /// In `initContainers`.
    Init,
    /// In `initContainers` with `restartPolicy: Always`.
    Sidecar,
    /// In `ephemeralContainers`.
    Ephemeral,
}

/// A container, with the pod that it inherits from.
#[derive(Clone, Copy)]
pub struct Container<'d> {
    /// The item of the list.
    pub node: Node<'d>,
    /// Its pod.
    pub pod: PodSpec<'d>,
    /// What it is for.
    pub role: Role,
}

/// What containers mount, by volume.
pub struct Mounts<'d>(HashMap<&'d str, Vec<(Container<'d>, Node<'d>)>>);

impl<'d> Mounts<'d> {
    /// The mounts of a volume, with their containers.
    pub fn of(&self, volume: &str) -> &[(Container<'d>, Node<'d>)] {
        self.0.get(volume).map(Vec::as_slice).unwrap_or_default()
    }
}

impl<'d> PodSpec<'d> {
    /// The pod that an object is or makes.
    pub fn of(object: Object<'d>) -> Option<Self> {
        const TEMPLATE: &[&str] = &["spec", "template", "spec"];
        let path: &[&str] = match (object.gvk.group, object.gvk.kind) {
            ("", "Pod") => &["spec"],
            ("", "PodTemplate") => &["template", "spec"],
            ("", "ReplicationController")
            | ("apps" | "extensions", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet")
            | ("batch", "Job") => TEMPLATE,
            ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template", "spec"],
            _ => return None,
        };
        // A list or a word in its place is rejected, and no pod comes of it.
        let node = object.node.at(path)?;
        (node.kind() == NodeKind::Map).then_some(Self { node, object })
    }

    /// All containers: ordinary, init, sidecar and ephemeral ones.
    pub fn containers(self) -> impl Iterator<Item = Container<'d>> {
        const LISTS: [(&str, Role); 3] = [
            ("initContainers", Role::Init),
            ("containers", Role::Main),
            ("ephemeralContainers", Role::Ephemeral),
        ];
        LISTS
            .into_iter()
            .filter_map(move |(list, role)| Some((self.node.field(list)?, role)))
            .flat_map(move |(list, role)| {
                list.items().map(move |node| {
                    let restarts =
                        node.field("restartPolicy").and_then(Node::as_str) == Some("Always");
                    let role = if role == Role::Init && restarts {
                        Role::Sidecar
                    } else {
                        role
                    };
                    Container {
                        node,
                        pod: self,
                        role,
                    }
                })
            })
    }

    /// Its volumes.
    pub fn volumes(self) -> impl Iterator<Item = Node<'d>> {
        self.node.list("volumes")
    }

    /// The mounts of all containers, to be asked by volume.
    pub fn mounts(self) -> Mounts<'d> {
        let mut mounts: HashMap<_, Vec<_>> = HashMap::new();
        for container in self.containers() {
            for mount in container.node.list("volumeMounts") {
                if let Some(volume) = mount.field("name").and_then(Node::as_str) {
                    mounts.entry(volume).or_default().push((container, mount));
                }
            }
        }
        Mounts(mounts)
    }

    /// The annotations of the pod itself: those of the template, where a template makes it.
    pub fn annotations(self) -> Option<Node<'d>> {
        self.node.parent()?.at(&["metadata", "annotations"])
    }

    /// Whether it says that it runs on Windows.
    pub fn is_windows(self) -> bool {
        self.node.at(&["os", "name"]).and_then(Node::as_str) == Some("windows")
    }

    /// Whether it says that it has a user namespace of its own.
    pub fn has_own_users(self) -> bool {
        self.node.field("hostUsers").and_then(Node::as_bool) == Some(false)
    }
}

impl<'d> Container<'d> {
    /// Its name; empty where it has none.
    pub fn name(self) -> &'d str {
        self.node
            .field("name")
            .and_then(Node::as_str)
            .unwrap_or_default()
    }

    /// A field of its own `securityContext`.
    pub fn security(self, field: &str) -> Option<Node<'d>> {
        self.node.at(&["securityContext", field])
    }

    /// A field of `securityContext`: the container's, else the pod's.
    pub fn effective_security(self, field: &str) -> Option<Node<'d>> {
        self.security(field)
            .or_else(|| self.pod.node.at(&["securityContext", field]))
    }

    /// Where to point when its `securityContext` lacks something: that key, else the container's name, else the container.
    pub fn lacks_security(self) -> NodeSpan<'d> {
        match (self.node.get("securityContext"), self.node.field("name")) {
            (Some(context), _) => context.lacking(),
            (None, Some(name)) => name.into(),
            (None, None) => self.node.lacking(),
        }
    }

    /// Whether its processes may gain more privileges than it has.
    pub fn may_escalate(self) -> bool {
        let value = self.security("allowPrivilegeEscalation");
        value.is_none_or(|v| v.as_bool() != Some(false) && is_known(v))
    }

    /// Whether it runs privileged, which voids every other restriction.
    pub fn is_privileged(self) -> bool {
        self.security("privileged").and_then(Node::as_bool) == Some(true)
    }

    /// Whether its image may start it as root: neither `runAsNonRoot: true` nor a user above 0 is in force.
    pub fn may_be_root(self) -> bool {
        let non_root = self.effective_security("runAsNonRoot");
        let user = self.effective_security("runAsUser");
        let unknown = [non_root, user].into_iter().flatten().any(|n| !is_known(n));
        let refused = non_root.and_then(Node::as_bool) == Some(true);
        !unknown && !refused && user.and_then(Node::as_int).is_none_or(|u| u == 0)
    }
}
