//! kubeadm ClusterConfiguration: extra arguments over kubeadm's own. A map up to v1beta3, a list of name and value since v1beta4.

use super::{ComponentKind, Form, Instance, Setting};
use crate::kube::Object;
use crate::yaml::{Kind, Node};

pub(super) fn instances(object: Object<'_>) -> Vec<Instance<'_>> {
    const SECTIONS: [(&[&str], ComponentKind); 4] = [
        (&["apiServer"], ComponentKind::ApiServer),
        (&["controllerManager"], ComponentKind::ControllerManager),
        (&["scheduler"], ComponentKind::Scheduler),
        (&["etcd", "local"], ComponentKind::Etcd),
    ];
    let instance = |(path, component): (&[&str], ComponentKind)| {
        let section = object.node.at(path);
        // etcd may be somebody else's.
        if component == ComponentKind::Etcd && section.is_none() {
            return None;
        }
        let arguments = section.and_then(|s| s.field("extraArgs"));
        // Where the setting would be written: extraArgs, else the section, else the kind.
        let anchor = arguments
            .or(section)
            .or_else(|| object.node.get("kind"))
            .unwrap_or(object.node)
            .lacking();
        Some(Instance {
            component,
            form: Form::Kubeadm,
            object,
            settings: arguments.map(settings).unwrap_or_default(),
            anchor,
        })
    };
    SECTIONS.into_iter().filter_map(instance).collect()
}

fn settings(arguments: Node<'_>) -> Vec<Setting<'_>> {
    let pairs: Vec<(Node<'_>, Node<'_>)> = match arguments.kind() {
        Kind::Map => arguments.entries(),
        _ => arguments
            .items()
            .filter_map(|item| Some((item.field("name")?, item.field("value")?)))
            .collect(),
    };
    pairs
        .into_iter()
        .filter_map(|(name, value)| setting(name, value))
        .collect()
}

fn setting<'d>(name: Node<'d>, value: Node<'d>) -> Option<Setting<'d>> {
    Some(Setting {
        name: name.text()?.into(),
        value: value.text()?.into(),
        node: value,
        at: Some(0),
    })
}
