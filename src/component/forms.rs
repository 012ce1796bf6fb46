//! All forms of cluster configuration. Of two that claim an object, or know a name, the first has it.

use super::Form;
use std::sync::LazyLock;

pub use super::api_server::FORM as API_SERVER;
pub use super::cloud_init::FORM as CLOUD_INIT;
pub use super::cluster_api::FORM as CLUSTER_API;
pub use super::component_file::FORM as COMPONENT_FILE;
pub use super::etcd::FORM as ETCD;
pub use super::k0s::FORM as K0S;
pub use super::k3s::FORM as K3S;
pub use super::kind::FORM as KIND;
pub use super::kops::FORM as KOPS;
pub use super::kubeadm::FORM as KUBEADM;
pub use super::kubeconfig::FORM as KUBECONFIG;
pub use super::kubespray::FORM as KUBESPRAY;
pub use super::pem::FORM as PEM;
pub use super::rke2::FORM as RKE2;
pub use super::static_pod::FORM as STATIC_POD;
pub use super::talos::FORM as TALOS;
pub use super::unit::FORM as UNIT;

/// Every form, each once.
pub static ALL: &[&Form] = &[
    &TALOS,
    &API_SERVER,
    &STATIC_POD,
    &KUBECONFIG,
    &PEM,
    &UNIT,
    &KUBEADM,
    &COMPONENT_FILE,
    &CLUSTER_API,
    &KIND,
    &CLOUD_INIT,
    &ETCD,
    &RKE2,
    &K3S,
    &K0S,
    &KOPS,
    &KUBESPRAY,
];

/// An API group of a form.
pub(super) struct Group {
    name: &'static str,
    /// The form.
    pub(super) form: &'static Form,
    /// Whether programs read its documents as files.
    pub(super) is_of_files: bool,
}

/// The groups of all forms, by length and name; equal ones in the order of their forms. Every object is looked up several times.
static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let of_form = |form: &&'static Form| {
        let form = *form;
        let group = move |is_of_files| {
            move |name: &&'static str| Group {
                name,
                form,
                is_of_files,
            }
        };
        let files = form.file_groups.iter().map(group(true));
        files.chain(form.object_groups.iter().map(group(false)))
    };
    let mut groups: Vec<Group> = ALL.iter().flat_map(of_form).collect();
    groups.sort_by_key(|group| (group.name.len(), group.name));
    groups
});

/// The forms that have a group.
pub(super) fn with_group(name: &str) -> impl Iterator<Item = &'static Group> {
    let key = (name.len(), name);
    let start = GROUPS.partition_point(|group| (group.name.len(), group.name) < key);
    let groups = GROUPS.get(start..).unwrap_or_default().iter();
    groups.take_while(move |group| group.name == name)
}
