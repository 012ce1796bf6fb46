//! kubeadm's ClusterConfiguration, InitConfiguration and JoinConfiguration: extra arguments over kubeadm's own, a map up to v1beta3,
//! a list of name and value since v1beta4. Cluster API and kind have the same structures inside of theirs.

use super::form::Form;
use super::{ComponentKind, Instance, InstanceContext, Setting, anchor, kind, networks, version};
use crate::finding::Releases;
use crate::kube::{Completeness, Object};
use crate::yaml::Node;

const GROUP: &str = "kubeadm.k8s.io";

/// kubeadm's ClusterConfiguration, InitConfiguration and JoinConfiguration.
pub static FORM: Form = Form {
    name: "kubeadm",
    file_groups: &[GROUP],
    kinds_without_version: &[
        (GROUP, "ClusterConfiguration"),
        (GROUP, "InitConfiguration"),
        (GROUP, "JoinConfiguration"),
    ],
    instances,
    distribution: "kubeadm",
    is_transparent: true,
    ..Form::EMPTY
};

/// How an object carries kubeadm's structures.
#[derive(Clone, Copy)]
pub(super) struct Carrier<'d> {
    pub(super) object: Object<'d>,
    pub(super) form: &'static Form,
    pub(super) completeness: Completeness,
    /// The releases of Kubernetes.
    pub(super) releases: Releases,
}

fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let minor = version(object.node.field("kubernetesVersion"));
    let distribution = Carrier {
        object,
        form: if around.path == kind::PATCHES {
            &kind::FORM
        } else {
            &FORM
        },
        completeness: Completeness::Complete,
        releases: around.releases(ComponentKind::ApiServer, minor),
    };
    match object.gvk.kind {
        "ClusterConfiguration" => cluster(distribution, object.node),
        "InitConfiguration" | "JoinConfiguration" => registration(distribution, object.node)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// The control plane of a ClusterConfiguration.
pub(super) fn cluster<'d>(distribution: Carrier<'d>, config: Node<'d>) -> Vec<Instance<'d>> {
    const SECTIONS: [(&[&str], ComponentKind); 4] = [
        (&["apiServer"], ComponentKind::ApiServer),
        (&["controllerManager"], ComponentKind::ControllerManager),
        (&["scheduler"], ComponentKind::Scheduler),
        (&["etcd", "local"], ComponentKind::Etcd),
    ];
    let external = config.at(&["etcd", "external"]);
    let instance = |(path, component): (&[&str], ComponentKind)| {
        let section = config.at(path);
        // etcd may be somebody else's.
        if component == ComponentKind::Etcd && section.is_none() {
            return None;
        }
        let arguments = section.and_then(|s| s.field("extraArgs"));
        let releases = if component == ComponentKind::Etcd {
            component.releases()
        } else {
            distribution.releases
        };
        let whole = (config != distribution.object.node).then_some(config);
        let mut instance = Instance {
            component,
            form: distribution.form,
            completeness: distribution.completeness,
            object: distribution.object,
            releases,
            settings: Vec::new(),
            anchor: anchor(distribution.object, &[arguments, section, whole]),
        };
        if component == ComponentKind::ApiServer {
            instance
                .settings
                .extend(external.into_iter().flat_map(external_etcd));
        }
        let networking = config.field("networking").filter(|_| {
            matches!(
                component,
                ComponentKind::ApiServer | ComponentKind::ControllerManager
            )
        });
        let ranges = ["podSubnet", "serviceSubnet"].map(|key| networking?.pair(key));
        instance.settings.extend(networks(ranges));
        let data = section.and_then(|s| field(s, "dataDir", s.field("dataDir")?, "data-dir"));
        instance
            .settings
            .extend(data.filter(|_| component == ComponentKind::Etcd));
        instance.arguments(arguments);
        Some(instance)
    };
    SECTIONS.into_iter().filter_map(instance).collect()
}

/// How the API server reaches an etcd that is not kubeadm's: what is left out is not set.
fn external_etcd(external: Node<'_>) -> Vec<Setting<'_>> {
    let endpoints = external.pair("endpoints");
    let servers = endpoints
        .into_iter()
        .flat_map(|(_, list)| list.items())
        .filter_map(|item| field(external, "endpoints", item, "etcd-servers"));
    let files = [
        ("caFile", "etcd-cafile"),
        ("certFile", "etcd-certfile"),
        ("keyFile", "etcd-keyfile"),
    ];
    let files = files.into_iter().map(|(key, flag)| {
        let value = external.field(key);
        value
            .and_then(|value| field(external, key, value, flag))
            .unwrap_or_else(|| Setting {
                name: flag.into(),
                spelling: key.into(),
                value: "".into(),
                node: external,
                at: None,
                name_span: external.lacking(),
            })
    });
    servers.chain(files).collect()
}

/// A field of a structure that has the effect of a flag.
pub(super) fn field<'d>(
    map: Node<'d>,
    key: &'d str,
    value: Node<'d>,
    flag: &'static str,
) -> Option<Setting<'d>> {
    Some(Setting {
        name: flag.into(),
        spelling: key.into(),
        value: value.text()?.into(),
        node: value,
        at: Some(0),
        name_span: map.pair(key).map_or(value, |(key, _)| key).into(),
    })
}

/// The kubelet of an InitConfiguration or JoinConfiguration.
pub(super) fn registration<'d>(
    distribution: Carrier<'d>,
    config: Node<'d>,
) -> Option<Instance<'d>> {
    let registration = config.field("nodeRegistration")?;
    let arguments = registration.field("kubeletExtraArgs")?;
    let mut instance = Instance {
        component: ComponentKind::Kubelet,
        form: distribution.form,
        // kubeadm's KubeletConfiguration stands elsewhere.
        completeness: Completeness::Partial,
        object: distribution.object,
        releases: distribution.releases,
        settings: Vec::new(),
        anchor: arguments.lacking(),
    };
    instance.arguments(Some(arguments));
    Some(instance)
}
