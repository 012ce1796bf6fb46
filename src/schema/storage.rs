//! Rules of validation between the fields of volumes, their classes and drivers (pkg/apis/core and storage validation of Kubernetes).

use super::cross_field::{conflict, judged, key_of, missing, own_key, set, text};
use super::format;
use super::validator::Validator;
use crate::ids;
use crate::kube::{is_known, is_replaced};
use crate::yaml::{Node, NodeKind};
use std::collections::{BTreeMap, BTreeSet, HashSet};

fn access_modes<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const ALONE: &str = "ReadWriteOncePod";
    let mut modes = map.list("accessModes").filter_map(Node::as_str);
    let alone = modes.clone().any(|mode| mode == ALONE);
    if alone && modes.any(|mode| mode != ALONE) {
        conflict(
            v,
            key_of(map, "accessModes"),
            "`ReadWriteOncePod` cannot be combined with other modes",
        );
    }
}

/// Parameters have names, and are not too large (`validateParameters` of pkg/apis/storage/validation).
fn parameters<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const MAX_BYTES: usize = 256 * 1024;
    let mut bytes = 0;
    for (key, value) in map.entries() {
        let length = |node: Node<'_>| node.text().map_or(0, str::len);
        bytes += length(key) + length(value);
        if key.text() == Some("") {
            let message = "a parameter needs a name".to_owned();
            v.add(ids::schema::MISSING_FIELD, key, message, None);
        }
    }
    if bytes > MAX_BYTES {
        let message =
            format!("the parameters have {bytes} bytes, and {MAX_BYTES} at most are taken");
        v.add(ids::schema::RANGE, own_key(map), message, None);
    }
}

/// A class, whose topologies are not the same.
pub(super) fn storage_class<'d>(v: &mut Validator<'d>, class: Node<'d>) {
    if let Some(map) = class.field("parameters") {
        parameters(v, map);
    }
    let mut seen: Vec<BTreeMap<&str, BTreeSet<&str>>> = Vec::new();
    for term in class.list("allowedTopologies") {
        let expressions = term.list("matchLabelExpressions").map(|expression| {
            let key = text(expression, "key").unwrap_or_default();
            let values = expression.list("values").filter_map(Node::as_str);
            (key, values.collect())
        });
        let expressions: BTreeMap<_, _> = expressions.collect();
        let at = key_of(term, "matchLabelExpressions");
        if expressions.is_empty() {
            missing(
                v,
                at,
                "`matchLabelExpressions` is empty: a topology needs them",
            );
        } else if seen.contains(&expressions) {
            let message = "this topology is listed twice".to_owned();
            v.add(ids::schema::DUPLICATE_ITEM, at, message, None);
        } else {
            seen.push(expressions);
        }
    }
}

/// A driver gets a token for each audience once, and says where only when it gets some.
pub(super) fn csi_driver<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let mut audiences = HashSet::new();
    for request in spec.list("tokenRequests") {
        let audience = request.field("audience");
        let name = audience.and_then(Node::text).unwrap_or_default();
        if audience.is_none_or(is_known) && !audiences.insert(name) {
            let message = format!("the audience `{name}` is listed twice");
            let at = audience.map_or_else(|| request.lacking(), Into::into);
            v.add(ids::schema::DUPLICATE_ITEM, at, message, None);
        }
    }
    if spec.field("serviceAccountTokenInSecrets").is_some()
        && spec.list("tokenRequests").next().is_none()
    {
        let at = key_of(spec, "serviceAccountTokenInSecrets");
        conflict(
            v,
            at,
            "`serviceAccountTokenInSecrets` needs `tokenRequests`",
        );
    }
}

/// The Secrets of a CSI volume have a name and a namespace.
pub(super) fn csi_secrets<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for key in [
        "controllerExpandSecretRef",
        "controllerPublishSecretRef",
        "nodeExpandSecretRef",
        "nodePublishSecretRef",
    ] {
        let Some(secret) = map.field(key) else {
            continue;
        };
        secret_parts(v, secret);
        for (key, fits) in [
            ("name", format::is_subdomain as fn(&str) -> bool),
            ("namespace", format::is_label),
        ] {
            if let Some((at, written)) = judged(secret, key) {
                v.form(
                    fits(written),
                    at,
                    key,
                    "lower-case letters, digits and dashes",
                );
            }
        }
    }
}

/// The Secret of a volume has a name and a namespace.
pub(super) fn whole_secret<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some(secret) = map.field("secretRef") {
        secret_parts(v, secret);
    }
}

fn secret_parts<'d>(v: &mut Validator<'d>, secret: Node<'d>) {
    for key in ["name", "namespace"] {
        let lacks = secret.field(key).is_none_or(|n| n.text() == Some(""));
        if lacks && !v.is_fragment() {
            let message =
                format!("`{key}` is missing: a Secret for a volume has a name and a namespace");
            missing(v, key_of(secret, key), message);
            return;
        }
    }
}

/// CHAP needs a Secret, and the name of the volume and the portal become the name of an interface.
pub(super) fn iscsi<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let secret = map.field("secretRef");
    let chap = ["chapAuthDiscovery", "chapAuthSession"];
    if let Some(flag) = chap.into_iter().find_map(|key| set(map, key))
        && secret.is_none()
    {
        let key = own_key(flag).text().unwrap_or_default();
        missing(
            v,
            key_of(map, "secretRef"),
            format!("`secretRef` is missing: `{key}` needs it"),
        );
    }
    if let Some(secret) = secret.filter(|s| text(*s, "name").is_none_or(str::is_empty)) {
        missing(
            v,
            key_of(secret, "name"),
            "`name` is missing: it is that of the Secret",
        );
    }
    let name = v.root_name().unwrap_or_default();
    if let Some((portal, written)) = judged(map, "targetPortal")
        && map.field("initiatorName").is_some()
        && name.len() + 1 + written.len() > 64
    {
        let message = "with `initiatorName`, the name of the volume and `targetPortal` must have at most 63 bytes";
        conflict(v, portal, message);
    }
}

/// Options of a driver: those of Kubernetes' domains are its own.
pub(super) fn flex_options<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for (key, _) in map.field("options").into_iter().flat_map(Node::entries) {
        let name = key.text().unwrap_or_default();
        let domain = name.split('/').next().unwrap_or_default();
        let domain = format!(".{}", domain.to_lowercase());
        let own = domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io");
        v.form(
            !own,
            key,
            "options",
            "a map whose keys are not of Kubernetes' own domains",
        );
    }
}

pub(super) fn volume<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    access_modes(v, spec);
    volume_sources(v, spec);
    if v.within_type() == Some("VolumeAttachmentSource") {
        inline_volume(v, spec);
        return;
    }
    let class = spec.pair("volumeAttributesClassName");
    if let Some((key, _)) = class.filter(|(_, class)| !class.is_null())
        && spec.field("csi").is_none()
        && !v.is_fragment()
        && v.all_from(34)
    {
        conflict(
            v,
            key,
            "`volumeAttributesClassName` is for volumes with `csi`",
        );
    }
    if spec.at(&["capacity", "storage"]).is_none() && !v.is_fragment() {
        let capacity = spec.field("capacity");
        let null = capacity.filter(|c| c.pair("storage").is_some());
        let at = match (null, capacity.filter(|c| c.kind() == NodeKind::Map)) {
            (Some(capacity), _) => key_of(capacity, "storage"),
            (None, Some(capacity)) if !capacity.is_empty() => capacity.lacking(),
            _ => key_of(spec, "capacity"),
        };
        missing(
            v,
            at,
            "`capacity` needs `storage`: it says how large the volume is",
        );
    }
    if spec.field("local").is_some() && spec.field("nodeAffinity").is_none() {
        let message = "`nodeAffinity` is missing: a local volume is on one node";
        missing(v, spec.lacking(), message);
    }
    let path = spec.at(&["hostPath", "path"]).and_then(Node::as_str);
    let root =
        path.is_some_and(|p| p.starts_with('/') && p.split('/').all(|s| matches!(s, "" | ".")));
    for (name, _) in spec.field("capacity").into_iter().flat_map(Node::entries) {
        if name
            .text()
            .is_some_and(|n| n != "storage" && !is_replaced(n))
        {
            v.not_one_of(name, "capacity", &["storage"]);
        }
    }
    let policy = spec.field("persistentVolumeReclaimPolicy");
    if let Some(policy) = policy.filter(|p| root && p.as_str() == Some("Recycle")) {
        conflict(v, policy, "to recycle `/` of a node would empty it");
    }
}

/// A volume is of one kind. The server does not compare `flexVolume` with those that it looks at before.
fn volume_sources<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    const BEFORE_FLEX: [&str; 12] = [
        "awsElasticBlockStore",
        "cephfs",
        "cinder",
        "fc",
        "flocker",
        "gcePersistentDisk",
        "glusterfs",
        "hostPath",
        "iscsi",
        "nfs",
        "quobyte",
        "rbd",
    ];
    const BEHIND_FLEX: [&str; 9] = [
        "azureDisk",
        "azureFile",
        "csi",
        "local",
        "photonPersistentDisk",
        "portworxVolume",
        "scaleIO",
        "storageos",
        "vsphereVolume",
    ];
    let among = |names: &[&str], key: &str| names.contains(&key);
    let mut given = spec.entries().filter(|(key, value)| {
        let key = key.text().unwrap_or_default();
        !value.is_null()
            && (among(&BEFORE_FLEX, key) || among(&BEHIND_FLEX, key) || key == "flexVolume")
    });
    let (Some((first, _)), Some((second, _))) = (given.next(), given.next()) else {
        return;
    };
    let (one, other) = (
        first.text().unwrap_or_default(),
        second.text().unwrap_or_default(),
    );
    let both = [one, other];
    if !(both.contains(&"flexVolume") && both.iter().any(|key| among(&BEFORE_FLEX, key))) {
        let message =
            format!("`{one}` and `{other}` exclude each other: a PersistentVolume is of one kind");
        conflict(v, second, message);
    }
}

/// A volume within an attachment is one of CSI, and has what that needs only.
fn inline_volume<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    for key in ["capacity", "claimRef", "nodeAffinity", "storageClassName"] {
        let given = spec.pair(key).filter(|(_, value)| {
            !(value.is_null() || value.text() == Some("") || key == "capacity" && value.is_empty())
        });
        if let Some((at, _)) = given {
            conflict(
                v,
                at,
                format!("a volume within an attachment has no `{key}`"),
            );
        }
    }
    for (key, only) in [
        ("persistentVolumeReclaimPolicy", "Retain"),
        ("volumeMode", "Filesystem"),
    ] {
        if let Some((at, _)) = judged(spec, key).filter(|(_, text)| *text != only) {
            v.not_one_of(at, key, &[only]);
        }
    }
    if spec.field("csi").is_none() {
        missing(
            v,
            key_of(spec, "csi"),
            "`csi` is missing: a volume within an attachment is of it",
        );
    }
}

pub(super) fn volume_claim<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    access_modes(v, spec);
    let resources = spec.field("resources").filter(|r| !r.is_empty());
    let requests = resources.and_then(|r| r.field("requests"));
    let amount = requests.and_then(|r| r.field("storage"));
    if let Some(resources) = resources.filter(|_| amount.is_none() && !v.is_fragment()) {
        let message = "`storage` is missing: a claim asks for an amount of it";
        let at = requests.map_or_else(|| key_of(resources, "requests"), Node::lacking);
        missing(v, at, message);
    }
    // A claim that something else is to fill by the old field is filled by nothing.
    let fills = |source: &Node<'_>| {
        let source = (
            text(*source, "apiGroup").unwrap_or_default(),
            text(*source, "kind").unwrap_or_default(),
        );
        let snapshot = ("snapshot.storage.k8s.io", "VolumeSnapshot");
        source == ("", "PersistentVolumeClaim") || source == snapshot
    };
    let source = spec.field("dataSource").filter(fills);
    let reference = spec.field("dataSourceRef");
    let reference = reference.filter(|r| text(*r, "namespace").is_none_or(str::is_empty));
    if let Some(source) = reference {
        let core = text(source, "apiGroup").is_none_or(str::is_empty);
        let other = |n: &Node<'_>| {
            n.as_str()
                .is_some_and(|k| !matches!(k, "" | "PersistentVolumeClaim") && !is_replaced(k))
        };
        if let Some(kind) = source.field("kind").filter(|n| core && other(n)) {
            v.not_one_of(kind, "kind", &["PersistentVolumeClaim"]);
        }
    }
    if let (Some(source), Some(reference)) = (source, reference) {
        let same = |key: &str| {
            let value = |map: Node<'d>| map.field(key).and_then(Node::text).unwrap_or_default();
            value(source) == value(reference)
        };
        if !["apiGroup", "kind", "name"].into_iter().all(same) {
            conflict(
                v,
                key_of(spec, "dataSourceRef"),
                "`dataSource` and `dataSourceRef` must name the same",
            );
        }
    }
}
