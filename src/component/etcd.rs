//! etcd's own configuration file: YAML without a kind, whose keys are called like its flags.

use super::form::Form;
use super::{ComponentKind, Instance, InstanceContext, anchor, setting};
use crate::kube::{Completeness, Object};
use crate::yaml::Node;

const GROUP: &str = "etcd.io";

/// etcd's own configuration file.
pub static FORM: Form = Form {
    name: "etcd",
    file_groups: &[GROUP],
    may_be_in: |text| text.has_two_of(&KEYS),
    recognize,
    instances,
    distribution: "file",
    is_own_file: true,
    is_transparent: true,
    ..Form::EMPTY
};

/// Keys of the file: two of them tell that it is one.
const KEYS: [&str; 6] = [
    "listen-client-urls",
    "listen-peer-urls",
    "initial-cluster",
    "client-transport-security",
    "peer-transport-security",
    "data-dir",
];

fn recognize<'d>(root: Node<'d>, _path: &str) -> Option<Object<'d>> {
    let mut keys = KEYS.into_iter().filter(|key| root.field(key).is_some());
    keys.nth(1)
        .map(|_| Object::named(root, GROUP, "Configuration"))
}

fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let component = ComponentKind::Etcd;
    vec![Instance {
        component,
        form: &FORM,
        completeness: Completeness::Complete,
        object,
        releases: around.releases(component, None),
        settings: setting::fields(component.name(), component, object.node),
        anchor: anchor(object, &[]),
    }]
}
