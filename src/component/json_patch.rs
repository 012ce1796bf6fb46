//! JSON patches: those of a ClusterClass and of kind that set extra arguments of kubeadm's, or a field of a configuration file.

use super::form::Form;
use super::{
    ComponentKind, Instance, InstanceContext, Setting, cluster_api, kind, kinds_without_version,
    setting,
};
use crate::kube::Object;
use crate::yaml::{Node, NodeKind, items};

/// An operation that sets something.
struct Operation<'d> {
    /// The keys of its path.
    keys: Vec<String>,
    path: Node<'d>,
    value: Node<'d>,
}

/// The operations of a patch that set something written here.
fn operations(patch: Node<'_>) -> impl Iterator<Item = Operation<'_>> {
    patch.items().filter_map(|item| {
        let path = item.field("path")?;
        let keys = path.as_str()?.strip_prefix('/')?.split('/');
        let sets = matches!(item.field("op")?.as_str(), Some("add" | "replace"));
        let value = item.field("value").filter(|_| sets)?;
        Some(Operation {
            keys: keys
                .map(|k| k.replace("~1", "/").replace("~0", "~"))
                .collect(),
            path,
            value,
        })
    })
}

/// The patches of a ClusterClass: what stands below kubeadm's structures in its templates.
fn of_class(class: Object<'_>) -> Vec<Operation<'_>> {
    let patches = items(class.node.at(&["spec", "patches"]));
    let definitions = patches.flat_map(|p| p.list("definitions"));
    let lists = definitions.filter_map(|d| d.field("jsonPatches"));
    lists
        .flat_map(operations)
        .filter_map(|mut operation| {
            let template = ["spec", "template", "spec"];
            let below = operation.keys.get(template.len()..)?.to_vec();
            let of_template = operation.keys.iter().zip(template).all(|(k, t)| k == t);
            operation.keys = below;
            if operation
                .keys
                .first()
                .is_some_and(|k| k == "kubeadmConfigSpec")
            {
                operation.keys.remove(0);
            }
            of_template.then_some(operation)
        })
        .collect()
}

/// The components that a ClusterClass patches.
pub(super) fn class<'d>(class: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let operations = of_class(class).into_iter();
    operations
        .flat_map(|o| of_kubeadm(class, &cluster_api::FORM, &o, around))
        .collect()
}

/// The components that a patch of kind's touches: of the document that its kind names.
pub(super) fn kind<'d>(patch: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let structure = match patch.gvk.kind {
        "ClusterConfiguration" => "clusterConfiguration",
        "InitConfiguration" => "initConfiguration",
        "JoinConfiguration" => "joinConfiguration",
        "KubeletConfiguration" => return files(patch, ComponentKind::Kubelet, around),
        "KubeProxyConfiguration" => return files(patch, ComponentKind::KubeProxy, around),
        _ => return Vec::new(),
    };
    let below = operations(patch.node).map(|mut operation| {
        operation.keys.insert(0, structure.to_owned());
        operation
    });
    below
        .flat_map(|o| of_kubeadm(patch, &kind::FORM, &o, around))
        .collect()
}

fn files<'d>(
    patch: Object<'d>,
    component: ComponentKind,
    around: InstanceContext<'_>,
) -> Vec<Instance<'d>> {
    let mut settings = Vec::new();
    for operation in operations(patch.node) {
        let path = operation.keys.join(".");
        let Operation {
            path: key, value, ..
        } = operation;
        setting::place(
            component.name(),
            component,
            &path,
            (key, value),
            &mut settings,
        );
    }
    Instance::partial(component, &kind::FORM, patch, settings, around)
        .into_iter()
        .collect()
}

/// Where kubeadm's structures keep extra arguments.
const ARGUMENTS: [(&[&str], ComponentKind); 6] = [
    (
        &["clusterConfiguration", "apiServer", "extraArgs"],
        ComponentKind::ApiServer,
    ),
    (
        &["clusterConfiguration", "controllerManager", "extraArgs"],
        ComponentKind::ControllerManager,
    ),
    (
        &["clusterConfiguration", "scheduler", "extraArgs"],
        ComponentKind::Scheduler,
    ),
    (
        &["clusterConfiguration", "etcd", "local", "extraArgs"],
        ComponentKind::Etcd,
    ),
    (
        &["initConfiguration", "nodeRegistration", "kubeletExtraArgs"],
        ComponentKind::Kubelet,
    ),
    (
        &["joinConfiguration", "nodeRegistration", "kubeletExtraArgs"],
        ComponentKind::Kubelet,
    ),
];

/// The components whose extra arguments an operation sets: all of them, or one.
fn of_kubeadm<'d>(
    object: Object<'d>,
    form: &'static Form,
    operation: &Operation<'d>,
    around: InstanceContext<'_>,
) -> Vec<Instance<'d>> {
    let of_target = |(target, component): (&[&str], ComponentKind)| {
        let shared = operation.keys.iter().zip(target).all(|(k, t)| k == t);
        let settings = match (
            target.get(operation.keys.len()..),
            operation.keys.get(target.len()..),
        ) {
            _ if !shared => return None,
            (Some(below), _) => setting::arguments(operation.value.at(below)?),
            (None, Some([name])) => vec![argument(name, operation)?],
            _ => return None,
        };
        Instance::partial(component, form, object, settings, around)
    };
    ARGUMENTS.into_iter().filter_map(of_target).collect()
}

/// One argument: an item of a list, or the value of a key.
fn argument<'d>(name: &str, operation: &Operation<'d>) -> Option<Setting<'d>> {
    if operation.value.kind() == NodeKind::Map {
        let item = operation.value;
        return Setting::of_pair(item.field("name")?, item.field("value")?);
    }
    Some(Setting {
        name: name.to_owned().into(),
        spelling: format!("--{name}").into(),
        value: operation.value.text()?.into(),
        node: operation.value,
        at: Some(0),
        name_span: operation.path.into(),
    })
}

/// The entries of files that a ClusterClass adds.
pub(super) fn files_of(class: Object<'_>) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    for Operation { keys, value, .. } in of_class(class) {
        match keys
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .as_slice()
        {
            ["files"] => found.extend(value.items()),
            ["files", _] => found.push(value),
            _ => {}
        }
    }
    found
}

/// The group of lists of operations in a document of kind's.
pub(super) const GROUP: &str = "json-patch.kind.x-k8s.io";

/// A list of operations as an object: its kind is that of the document that it patches.
pub(super) fn named<'d>(root: Node<'d>, of: &str) -> Option<Object<'d>> {
    let (_, kind) = kinds_without_version().find(|(_, kind)| *kind == of)?;
    let patch = root.kind() == NodeKind::Seq && operations(root).next().is_some();
    patch.then(|| Object::named(root, GROUP, kind))
}
