//! kubespray: variables of an inventory, by the table of those that are known. What is not there stands in another file.

use super::form::Form;
use super::{ComponentKind, Instance, InstanceContext, Setting, setting, tables, version};
use crate::kube::{Completeness, Object};
use crate::yaml::Node;

const GROUP: &str = "kubespray.io";

/// Variables of kubespray's inventory.
pub static FORM: Form = Form {
    name: "kubespray",
    object_groups: &[GROUP],
    may_be_in: |text| in_inventory(text.path),
    recognize: |root, path| {
        (in_inventory(path) && has_variable(root)).then(|| Object::named(root, GROUP, "Variables"))
    },
    instances,
    registries: |object| {
        let keys = ["containerd_registries_mirrors", "containerd_registry_auth"];
        keys.iter().filter_map(|k| object.node.field(k)).collect()
    },
    distribution: "kubespray",
    ..Form::EMPTY
};

fn in_inventory(path: &str) -> bool {
    path.contains("group_vars/") || path.contains("host_vars/")
}

/// Whether a map holds a variable of kubespray.
fn has_variable(root: Node<'_>) -> bool {
    const STARTS: [&str; 4] = ["kube_", "kubelet_", "kubeconfig_", "containerd_registr"];
    let known = |(key, _): (Node<'_>, Node<'_>)| {
        let name = key.text().unwrap_or_default();
        STARTS.iter().any(|s| name.starts_with(s))
            || ["", "[]"].iter().any(|suffix| {
                !tables::field(FORM.distribution, &format!("{name}{suffix}")).is_empty()
            })
    };
    root.pairs().any(known)
}

fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let minor = version(object.node.field("kube_version"));
    let instance = |component: ComponentKind| {
        let mut settings = setting::fields(FORM.distribution, component, object.node);
        // Only what the table knows is this component's.
        settings.retain(|s| s.name != s.spelling);
        if component == ComponentKind::ApiServer {
            settings.extend(token_file(object));
        }
        let anchor = settings.first()?.name_span;
        Some(Instance {
            component,
            form: &FORM,
            completeness: Completeness::Partial,
            object,
            releases: around.releases(component, minor),
            settings,
            anchor,
        })
    };
    ComponentKind::ALL
        .into_iter()
        .filter_map(instance)
        .collect()
}

/// A switch: kubespray writes the file of tokens itself.
fn token_file(object: Object<'_>) -> Option<Setting<'_>> {
    let (name, on) = object.node.pair("kube_token_auth")?;
    let setting = Setting::of_pair(name, on).filter(|_| on.as_bool() == Some(true))?;
    Some(Setting {
        name: "token-auth-file".into(),
        spelling: "kube_token_auth".into(),
        value: "known_tokens.csv".into(),
        at: None,
        ..setting
    })
}
