//! kubeadm's structures, in its own documents and inside of Cluster API's objects.

use crate::kube::Object;
use crate::yaml::Node;

/// Which of kubeadm's structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// ClusterConfiguration
    Cluster,
    /// InitConfiguration
    Init,
    /// JoinConfiguration
    Join,
}

/// One of kubeadm's structures.
#[derive(Clone, Copy)]
pub struct KubeadmSection<'d> {
    /// Which.
    pub which: Which,
    /// Its map.
    pub node: Node<'d>,
    /// The object that holds it.
    pub object: Object<'d>,
}

/// What an object of Cluster API tells kubeadm.
pub fn carried(object: Object<'_>) -> Option<Node<'_>> {
    let spec = object.node.field("spec")?;
    match object.gvk.kind {
        "KubeadmControlPlane" => spec.field("kubeadmConfigSpec"),
        "KubeadmControlPlaneTemplate" => spec.at(&["template", "spec", "kubeadmConfigSpec"]),
        "KubeadmConfig" => Some(spec),
        "KubeadmConfigTemplate" => spec.at(&["template", "spec"]),
        _ => None,
    }
}

impl<'d> KubeadmSection<'d> {
    /// The structures that an object is, or holds.
    pub fn of(object: Object<'d>) -> Vec<Self> {
        const KEYS: [(&str, Which); 3] = [
            ("clusterConfiguration", Which::Cluster),
            ("initConfiguration", Which::Init),
            ("joinConfiguration", Which::Join),
        ];
        let part = |which, node| Self {
            which,
            node,
            object,
        };
        if object.gvk.group == "kubeadm.k8s.io" {
            let which = match object.gvk.kind {
                "ClusterConfiguration" => Which::Cluster,
                "InitConfiguration" => Which::Init,
                "JoinConfiguration" => Which::Join,
                _ => return Vec::new(),
            };
            return vec![part(which, object.node)];
        }
        let Some(config) = carried(object) else {
            return Vec::new();
        };
        let held = KEYS
            .into_iter()
            .filter_map(|(key, which)| Some(part(which, config.field(key)?)));
        held.collect()
    }

    /// Whether Cluster API holds it, which fills in what is only known when a machine is made.
    pub fn is_carried(&self) -> bool {
        self.object.gvk.group != "kubeadm.k8s.io"
    }

    /// Whether arguments are a list of name and value, and not a map; `None` where the version does not tell.
    pub fn has_lists(&self) -> Option<bool> {
        match (self.is_carried(), self.object.gvk.version) {
            (_, "") => None,
            (_, version) if version.starts_with("v1alpha") => Some(false),
            (true, version) => Some(version != "v1beta1"),
            (false, version) => Some(!matches!(version, "v1beta1" | "v1beta2" | "v1beta3")),
        }
    }

    /// The keys and values of all extra arguments.
    pub fn arguments(&self) -> Vec<(Node<'d>, Node<'d>)> {
        const COMPONENTS: [&[&str]; 4] = [
            &["apiServer"],
            &["controllerManager"],
            &["scheduler"],
            &["etcd", "local"],
        ];
        match self.which {
            Which::Cluster => {
                let sections = COMPONENTS.iter().filter_map(|path| self.node.at(path));
                sections.filter_map(|s| s.pair("extraArgs")).collect()
            }
            Which::Init | Which::Join => {
                let registration = self.node.field("nodeRegistration");
                registration
                    .and_then(|r| r.pair("kubeletExtraArgs"))
                    .into_iter()
                    .collect()
            }
        }
    }

    /// The names and values of extra arguments, in either shape.
    pub fn each_argument(&self) -> impl Iterator<Item = (Node<'d>, Node<'d>)> {
        let items = |list: Node<'d>| {
            let pair = |item: Node<'d>| Some((item.field("name")?, item.field("value")?));
            list.items().filter_map(pair).chain(list.entries())
        };
        self.arguments()
            .into_iter()
            .flat_map(move |(_, args)| items(args).collect::<Vec<_>>())
    }
}
