//! All forms of cluster configuration. Of two that claim an object, or know a name, the first has it.

use super::Form;

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
pub static ALL: [&Form; 17] = [
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
