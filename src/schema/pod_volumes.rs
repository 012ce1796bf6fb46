//! Rules of validation about the sources of a pod's volumes (pkg/apis/core/validation of Kubernetes).

use super::cross_field::duplicate;
use super::cross_field::{conflict, key_of, missing, set, text};
use super::validator::Validator;
use crate::ids;
use crate::kube::is_replaced;
use crate::yaml::Node;
use std::collections::HashMap;

/// A path to a Fibre Channel volume by its target names the unit, too.
pub(super) fn fibre_channel<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if map.list("targetWWNs").next().is_none() {
        return;
    }
    match map.field("lun") {
        None => {
            missing(v, map.lacking(), "`lun` is missing: `targetWWNs` need it");
        }
        Some(lun) if lun.as_int().is_some_and(|n| !(0..=255).contains(&n)) => {
            let message = "`lun` must be from 0 to 255".to_owned();
            v.add(ids::schema::RANGE, lun, message, None);
        }
        Some(_) => {}
    }
}

/// A target that asks who is there needs a Secret; its name and the volume's are one.
pub(super) fn iscsi<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let chap = ["chapAuthDiscovery", "chapAuthSession"];
    let asked = chap.into_iter().find(|key| set(map, key).is_some());
    if let Some(key) = asked.filter(|_| map.field("secretRef").is_none()) {
        let message = format!("`secretRef` is missing: `{key}` needs it");
        missing(v, key_of(map, "secretRef"), message);
    }
    let name = map.parent().and_then(|volume| text(volume, "name"));
    if let Some(portal) = map.field("targetPortal")
        && map.field("initiatorName").is_some()
        && name.unwrap_or_default().len() + 1 + portal.text().map_or(0, str::len) > 64
    {
        let message = "with `initiatorName`, the name of the volume and `targetPortal` must have at most 63 bytes";
        conflict(v, portal, message);
    }
}

/// Servers of Quobyte are pairs of a host and a port.
pub(super) fn quobyte<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some(registry) = map.field("registry") {
        let text = registry.as_str().unwrap_or_default();
        let pair = |server: &str| match server.rsplit_once(':') {
            Some((host, _)) => !host.contains(':') || host.starts_with('[') && host.ends_with(']'),
            None => false,
        };
        let fits = text.is_empty() || is_replaced(text) || text.split(',').all(pair);
        v.form(fits, registry, "registry", "pairs of a host and a port");
    }
    if let Some(tenant) = map
        .field("tenant")
        .filter(|t| t.text().is_some_and(|t| t.len() > 64))
    {
        let message = "`tenant` must have at most 64 characters".to_owned();
        v.add(ids::schema::RANGE, tenant, message, None);
    }
}

/// The address of a disk goes with its kind.
pub(super) fn azure_disk<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some(address) = map.field("diskURI") else {
        return;
    };
    let uri = address.as_str().unwrap_or_default();
    if uri.is_empty() || is_replaced(uri) {
        return;
    }
    let managed = text(map, "kind") == Some("Managed");
    let start = if managed {
        "/subscriptions/"
    } else {
        "https://"
    };
    if !uri.starts_with(start) {
        conflict(
            v,
            address,
            format!("the address of a disk of this `kind` begins with `{start}`"),
        );
    }
}

/// A reference to a Secret that names none.
pub(super) fn secret_reference<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for key in ["secretRef", "nodePublishSecretRef"] {
        let Some(reference) = map.field(key) else {
            continue;
        };
        if text(reference, "name").is_none_or(str::is_empty) {
            let name = reference.pair("name");
            let at = name.map_or_else(|| reference.lacking(), |(key, _)| key.into());
            missing(v, at, format!("`name` is missing: `{key}` needs it"));
        }
    }
}

/// Files of a projected volume, each of which has its own path.
pub(super) fn projected<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let mut seen: HashMap<&str, Node<'d>> = HashMap::new();
    let mut paths = Vec::new();
    for source in map.list("sources") {
        for kind in ["secret", "configMap", "downwardAPI"] {
            let items = source.field(kind).into_iter().flat_map(|s| s.list("items"));
            paths.extend(items.filter_map(|item| item.field("path")));
        }
        let trust = source.field("clusterTrustBundle");
        paths.extend(trust.and_then(|bundle| bundle.field("path")));
        let certificate = source.field("podCertificate");
        for key in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
            paths.extend(certificate.and_then(|c| c.field(key)));
        }
    }
    for path in paths {
        let text = path.as_str().unwrap_or_default();
        if text.is_empty() || is_replaced(text) {
            continue;
        }
        if let Some(first) = seen.insert(text, path) {
            let message = format!("two files of this volume have the path `{text}`");
            duplicate(v, path, first, message);
        }
    }
}
