//! kubeadm's configuration: what it rejects, what it weakens, and which secrets it contains.

use crate::check::Cx;
use crate::component::kubeadm_parts::{KubeadmSection, Which};
use crate::component::{Gate, Instance, Origin, forms, minor, number};
use crate::documents::{DocumentSet, Fact, SavedSpan};
use crate::finding::Releases;
use crate::kube::image::Reference;
use crate::kube::{Object, PodSpec, is_unresolved};
use crate::model::Severity;
use crate::yaml::{Node, NodeKind, items};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

fn parts(object: Object<'_>, which: Which) -> impl Iterator<Item = KubeadmSection<'_>> {
    KubeadmSection::of(object)
        .into_iter()
        .filter(move |p| p.which == which)
}

pub(super) fn extra_args_not_string(object: Object<'_>, cx: &mut Cx<'_>) {
    for (name, value) in KubeadmSection::of(object)
        .iter()
        .flat_map(KubeadmSection::each_argument)
    {
        let kind = match value.kind() {
            NodeKind::Bool => "a boolean",
            NodeKind::Int | NodeKind::Float | NodeKind::NotJson => "a number",
            NodeKind::Seq => "a list",
            NodeKind::Map => "a map",
            NodeKind::Null | NodeKind::Str => continue,
        };
        let name = name.text().unwrap_or_default();
        let text = value.text().unwrap_or("text");
        cx.report(
            value,
            format!("`{name}` must be a string but is {kind}, so the configuration is rejected"),
        )
        .help(format!("Put the value in quotes: `\"{text}\"`."));
    }
}

pub(super) fn extra_args_leading_dashes(object: Object<'_>, cx: &mut Cx<'_>) {
    for (name, _) in KubeadmSection::of(object)
        .iter()
        .flat_map(KubeadmSection::each_argument)
    {
        let text = name.text().unwrap_or_default();
        let bare = text
            .trim_start_matches('-')
            .split('=')
            .next()
            .unwrap_or_default();
        if bare != text && !is_unresolved(text) {
            cx.report(name, format!("kubeadm adds `--` and `=` to the name, so the component gets `--{text}=…` and fails to start"))
                .help(format!("Use the flag name `{bare}`."));
        }
    }
}

pub(super) fn extra_args_shape(object: Object<'_>, cx: &mut Cx<'_>) {
    for part in KubeadmSection::of(object) {
        let version = object.gvk.version;
        for (key, value) in part.arguments() {
            let name = key.text().unwrap_or_default();
            let (is, wants) = match (part.has_lists(), value.kind()) {
                (Some(true), NodeKind::Map) => ("a map", "a list of `name` and `value`"),
                (Some(false), NodeKind::Seq) => ("a list", "a map of names to values"),
                _ => continue,
            };
            cx.report(
                value.lacking(),
                format!("`{name}` is {is}, but `{version}` requires {wants}, so the configuration is rejected"),
            );
        }
    }
}

/// A duration, in hours.
fn hours(node: Node<'_>) -> Option<f64> {
    number(node.text()?).map(|seconds| seconds / 3600.0)
}

pub(super) fn bootstrap_token_never_expires(object: Object<'_>, cx: &mut Cx<'_>) {
    let tokens = parts(object, Which::Init).flat_map(|p| p.node.list("bootstrapTokens"));
    for token in tokens.filter(|t| t.field("expires").is_none()) {
        let Some((ttl, hours)) = ["ttl", "ttlSeconds"]
            .iter()
            .filter_map(|f| token.field(f))
            .find_map(|n| Some((n, hours(n)?)))
        else {
            continue;
        };
        if hours <= 0.0 {
            cx.report(ttl, "the bootstrap token never expires, so anyone who gets it can add a node and read the Secrets of its pods");
        } else if hours > 24.0 {
            cx.report(
                ttl,
                format!(
                    "the bootstrap token is valid for {} hours, so anyone who gets it can add a node during that time",
                    hours.round()
                ),
            )
            .severity(Severity::Medium);
        }
    }
}

/// `abcdef.0123456789abcdef`, the token of kubeadm's documentation.
fn is_sample(token: &str) -> bool {
    token == "abcdef.0123456789abcdef"
}

fn is_token(text: &str) -> bool {
    let plain = |part: &str, len| {
        part.len() == len
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    text.split_once('.')
        .is_some_and(|(id, secret)| plain(id, 6) && plain(secret, 16))
}

pub(super) fn bootstrap_token_committed(object: Object<'_>, cx: &mut Cx<'_>) {
    const DISCOVERY: [&[&str]; 2] = [
        &["discovery", "bootstrapToken", "token"],
        &["discovery", "tlsBootstrapToken"],
    ];
    let made = parts(object, Which::Init)
        .flat_map(|p| p.node.list("bootstrapTokens"))
        .filter_map(|t| t.field("token"));
    let used = parts(object, Which::Join)
        .flat_map(|p| DISCOVERY.iter().filter_map(move |path| p.node.at(path)));
    for token in made.chain(used) {
        let text = token.text().unwrap_or_default();
        if is_sample(text) {
            cx.report(token, "the bootstrap token is the example of the kubeadm documentation, so anyone can add a node while it is valid")
                .severity(Severity::Medium)
                .secret();
        } else if is_token(text) {
            cx.report(
                token,
                "a bootstrap token is in plain text, so anyone who can read this file can add a node while it is valid",
            )
            .secret();
        }
    }
}

pub(super) fn certificate_key_committed(object: Object<'_>, cx: &mut Cx<'_>) {
    let keys = KubeadmSection::of(object)
        .into_iter()
        .filter_map(|p| match p.which {
            Which::Cluster => None,
            Which::Init => p.node.field("certificateKey"),
            Which::Join => p.node.at(&["controlPlane", "certificateKey"]),
        });
    for key in keys {
        let text = key.text().unwrap_or_default();
        if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            cx.report(key, "the certificate key is in plain text, so for two hours after an upload it can decrypt the CA keys of the cluster")
                .secret();
        }
    }
}

pub(super) fn unsafe_skip_ca_verification(object: Object<'_>, cx: &mut Cx<'_>) {
    let message = "the cluster CA is not verified, so the node joins any cluster whose API server knows the bootstrap token";
    for part in parts(object, Which::Join) {
        let Some(token) = part
            .node
            .at(&["discovery", "bootstrapToken"])
            .filter(|t| t.kind() == NodeKind::Map)
        else {
            continue;
        };
        // Without hashes and without this setting, kubeadm does not join.
        let skip = token.field("unsafeSkipCAVerification");
        if let Some(skip) = skip.filter(|s| s.as_bool() == Some(true)) {
            cx.report(skip, message);
        }
    }
}

pub(super) fn ignore_preflight_errors_all(object: Object<'_>, cx: &mut Cx<'_>) {
    // Patches are mostly those of kind, which ignores all preflight errors.
    if cx.is_fragment() {
        return;
    }
    let lists = KubeadmSection::of(object)
        .into_iter()
        .map(|p| p.node.at(&["nodeRegistration", "ignorePreflightErrors"]));
    for item in lists
        .flat_map(items)
        .filter(|i| i.text().is_some_and(|t| t.eq_ignore_ascii_case("all")))
    {
        cx.report(item, "all preflight errors are ignored, so kubeadm continues with wrong versions, used ports or old cluster files");
    }
}

pub(super) fn certificate_validity_long(object: Object<'_>, cx: &mut Cx<'_>) {
    const FIELDS: [(&str, f64, &str); 2] = [
        ("certificateValidityPeriod", 8760.0, "certificates"),
        ("caCertificateValidityPeriod", 87600.0, "CA certificates"),
    ];
    for part in parts(object, Which::Cluster) {
        for (field, most, what) in FIELDS {
            let days = part.node.field(&format!("{field}Days"));
            let days = days.and_then(|n| Some((n, number(n.text()?)? * 24.0)));
            let period = part.node.field(field).and_then(|n| Some((n, hours(n)?)));
            for (node, hours) in days.into_iter().chain(period).filter(|(_, h)| *h > most) {
                let (is, usual) = ((hours / 24.0).round(), most / 24.0);
                cx.report(node, format!("{what} are valid for {is} days instead of {usual}, so a stolen key stays usable for that long"));
            }
        }
    }
}

pub(super) fn image_repository_plain_http(object: Object<'_>, cx: &mut Cx<'_>) {
    const PATHS: [&[&str]; 3] = [
        &["imageRepository"],
        &["dns", "imageRepository"],
        &["etcd", "local", "imageRepository"],
    ];
    for part in parts(object, Which::Cluster) {
        for node in PATHS.iter().filter_map(|path| part.node.at(path)) {
            let text = node.text().unwrap_or_default();
            if let Some((scheme @ ("http" | "https"), rest)) = text.split_once("://") {
                cx.report(
                    node,
                    format!(
                        "an image name cannot contain `{scheme}://`, so no image can be pulled"
                    ),
                )
                .help(format!("Remove the scheme: `{rest}`."));
            }
        }
    }
}

pub(super) fn kubelet_config_ineffective(kubelet: &Instance<'_>, cx: &mut Cx<'_>) {
    if *kubelet.form == forms::KUBEADM
        && kubelet.object.gvk.kind == "KubeletConfiguration"
        && let Some(setting) = kubelet
            .last("rotate-certificates")
            .filter(|s| s.value == "false")
    {
        cx.report(
            setting.node_span(),
            format!(
                "kubeadm always sets `{}` to `true`, so this value has no effect",
                setting.spelling
            ),
        );
    }
}

/// kubeadm accepts one document of each kind in a file.
pub(super) fn kind_twice(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let documents = || {
        set.facts
            .iter()
            .filter_map(|(path, facts)| match &facts.fact {
                Fact::KubeadmDocument(at) if facts.rendered_from.is_none() => {
                    Some((*path, facts.object.as_ref()?, *facts, at))
                }
                _ => None,
            })
    };
    let of_kubeadm: HashSet<&str> = documents()
        .filter(|(_, object, ..)| object.api_version.starts_with("kubeadm.k8s.io/"))
        .map(|(path, ..)| path)
        .collect();
    let mut seen = HashMap::new();
    for (path, object, facts, at) in documents().filter(|(path, ..)| of_kubeadm.contains(path)) {
        let kind = object.kind.as_str();
        match seen.entry((path, kind)) {
            Entry::Vacant(first) => {
                first.insert(at);
            }
            Entry::Occupied(first) => {
                let message =
                    format!("this file already contains a `{kind}`, so kubeadm rejects the file");
                let first: &SavedSpan = first.get();
                cx.report_fact(facts, at, message)
                    .related_fact(&first.label);
            }
        }
    }
}

pub(super) fn host_path_extra_volume_writable(object: Object<'_>, cx: &mut Cx<'_>) {
    const FOLDERS: [&str; 12] = [
        "",
        "/etc",
        "/etc/kubernetes",
        "/etc/kubernetes/pki",
        "/etc/kubernetes/manifests",
        "/var",
        "/var/lib",
        "/var/lib/kubelet",
        "/var/lib/etcd",
        "/root",
        "/home",
        "/usr",
    ];
    const SOCKETS: [&str; 4] = [
        "docker.sock",
        "containerd.sock",
        "crio.sock",
        "cri-dockerd.sock",
    ];
    for part in parts(object, Which::Cluster) {
        for component in ["apiServer", "controllerManager", "scheduler"] {
            for volume in items(part.node.at(&[component, "extraVolumes"])) {
                let Some((node, path)) = volume
                    .field("hostPath")
                    .and_then(|n| Some((n, n.as_str()?)))
                else {
                    continue;
                };
                let read_only = volume.field("readOnly").and_then(Node::as_bool) == Some(true);
                if SOCKETS.iter().any(|s| path.ends_with(s)) {
                    cx.report(node, format!("`{component}` mounts the runtime socket `{path}`, so an attacker who compromises it is root on the node"));
                } else if !read_only
                    && path.starts_with('/')
                    && FOLDERS.contains(&path.trim_end_matches('/'))
                {
                    cx.report(node, format!("`{component}` can write to `{path}` of the node, so an attacker who compromises it can take over the node"));
                }
            }
        }
    }
}

/// kubeadm's own feature gates: the first release that has it, and the first that no longer does.
const GATES: [(&str, u8, u8); 8] = [
    ("ControlPlaneKubeletLocalMode", 31, 36),
    ("EtcdLearnerMode", 27, 33),
    ("NodeLocalCRISocket", 32, 37),
    ("PublicKeysECDSA", 0, 37),
    ("RootlessControlPlane", 0, 64),
    ("UnversionedKubeletConfigMap", 0, 26),
    ("UpgradeAddonsBeforeControlPlane", 28, 31),
    ("WaitForAllControlPlaneComponents", 30, 35),
];

pub(super) fn feature_gate_unknown(object: Object<'_>, cx: &mut Cx<'_>) {
    for part in parts(object, Which::Cluster) {
        let version = part
            .node
            .field("kubernetesVersion")
            .or_else(|| object.node.at(&["spec", "version"]));
        let written = version.and_then(|n| minor(n.text()?)).map(Releases::only);
        let asked = cx.pinned().or(written);
        for (key, _) in part
            .node
            .field("featureGates")
            .into_iter()
            .flat_map(Node::entries)
        {
            let name = key.text().unwrap_or_default();
            let Some((_, since, gone)) = GATES.iter().find(|(gate, ..)| *gate == name) else {
                let help = if Gate::of(name).is_empty() {
                    "Check the spelling of the feature gate.".to_owned()
                } else {
                    format!(
                        "Set `{name}` as `feature-gates` in the `extraArgs` of a component, because it is not a kubeadm feature gate."
                    )
                };
                cx.report(
                    key,
                    format!(
                        "kubeadm has no feature gate `{name}`, so it rejects the configuration"
                    ),
                )
                .help(help);
                continue;
            };
            let Some(asked) = asked else { continue };
            let release = asked.names().last().unwrap_or_default();
            if asked.before(*gone).is_empty() {
                cx.report(key, format!("kubeadm removed the feature gate `{name}` in 1.{gone}, so kubeadm {release} rejects the configuration"));
            } else if asked.from(*since).is_empty() {
                cx.report(key, format!("kubeadm added the feature gate `{name}` in 1.{since}, so kubeadm {release} rejects the configuration"));
            }
        }
    }
}

fn tag(image: Node<'_>) -> Option<&str> {
    Reference::parse(image.as_str()?).tag
}

/// The Kubernetes release of an object, and where it is set.
fn release(object: Object<'_>) -> Option<(Node<'_>, &str)> {
    let path: &[&str] = match (object.gvk.group, object.gvk.kind) {
        ("kubeadm.k8s.io", _) => &["kubernetesVersion"],
        ("cluster.x-k8s.io", _) => &["spec", "topology", "version"],
        ("controlplane.cluster.x-k8s.io", _) => &["spec", "version"],
        ("kops.k8s.io" | "provisioning.cattle.io", _) => &["spec", "kubernetesVersion"],
        ("k0sctl.k0sproject.io", _) => &["spec", "k0s", "version"],
        ("kubespray.io", _) => &["kube_version"],
        ("talos.dev", _) => {
            let image = ["apiServer", "kubelet"].iter().zip(["cluster", "machine"]);
            let image = image.map(|(program, of)| object.node.at(&[of, program, "image"]));
            let image = image.flatten().next()?;
            return Some((image, tag(image)?));
        }
        _ => {
            let images = PodSpec::of(object)?
                .containers()
                .filter_map(|c| c.node.field("image"));
            return images
                .filter(|i| {
                    i.as_str()
                        .is_some_and(|i| Reference::parse(i).name.ends_with("kube-apiserver"))
                })
                .find_map(|i| Some((i, tag(i)?)));
        }
    };
    let node = object.node.at(path)?;
    Some((node, node.text()?))
}

pub(super) fn kubernetes_version_eol(object: Object<'_>, cx: &mut Cx<'_>) {
    let Some((node, text)) = release(object) else {
        return;
    };
    let newest = Releases::NEWEST;
    if ["stable", "latest"]
        .iter()
        .any(|label| text.starts_with(label))
        && cx.is_strict()
    {
        cx.report(
            node,
            format!(
                "`{text}` points to the newest release, so the version of the cluster is not fixed"
            ),
        )
        .severity(Severity::Info);
    } else if let Some(minor) = minor(text).filter(|minor| *minor + 3 < newest) {
        cx.report(node, format!("Kubernetes 1.{minor} receives no more security fixes; only the three newest releases up to 1.{newest} do"));
    }
}

/// An address range: its first address and the length of its prefix.
fn range(text: &str) -> Option<(IpAddr, u8)> {
    let (address, len) = text.trim().split_once('/')?;
    Some((address.parse().ok()?, len.parse().ok()?))
}

/// Whether one of the ranges holds the other's first address.
fn overlap(one: &str, other: &str) -> bool {
    let (Some((a, a_len)), Some((b, b_len))) = (range(one), range(other)) else {
        return false;
    };
    let len = u32::from(a_len.min(b_len));
    let shared = match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        _ => return false,
    };
    shared >= len
}

pub(super) fn network_overlap(manager: &Instance<'_>, cx: &mut Cx<'_>) {
    let both = ["cluster-cidr", "service-cluster-ip-range"].map(|name| manager.list(name));
    let [Some(pods), Some(services)] = both else {
        return;
    };
    for (service, at) in &services.items {
        for (pod, pod_at) in pods.items.iter().filter(|(pod, _)| overlap(pod, service)) {
            let message = format!(
                "Pod range `{pod}` and Service range `{service}` overlap, so a Pod can get the address of a Service"
            );
            let explicit = |origin| origin == Origin::Explicit;
            if !explicit(services.origin) {
                if explicit(pods.origin) {
                    cx.report(*pod_at, message);
                }
                continue;
            }
            let draft = cx.report(*at, message);
            if explicit(pods.origin) {
                draft.related(*pod_at, "Pod range");
            }
        }
    }
}
