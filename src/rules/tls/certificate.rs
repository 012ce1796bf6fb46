//! Certificates that cert-manager asks for, and those of Secrets.

use crate::check::Cx;
use crate::go_value::parse_duration;
use crate::kube::Object;
use crate::secrets::certificate::{Pem, key_beside, pem};
use crate::yaml::Node;

/// Nanoseconds.
const SECOND: i64 = 1_000_000_000;

pub(in crate::rules) fn certificate_long_lived(certificate: Object<'_>, cx: &mut Cx<'_>) {
    let hours = |name: &str| {
        cx.param(name)
            .first()
            .and_then(|h| h.parse::<i64>().ok())
            .unwrap_or(i64::MAX)
    };
    let (leaf, ca) = (hours("max-hours"), hours("max-hours-of-a-ca"));
    let field = |name: &str| {
        let node = certificate.node.at(&["spec", name])?;
        Some((node, parse_duration(node.as_str()?)? / SECOND))
    };
    let is_ca = certificate
        .node
        .at(&["spec", "isCA"])
        .and_then(Node::as_bool)
        == Some(true);
    let (limit, kind) = if is_ca {
        (ca, "CA certificate")
    } else {
        (leaf, "certificate")
    };
    let Some((node, valid)) = field("duration") else {
        return;
    };
    if valid / 3600 > limit {
        cx.report(
            node,
            format!(
                "this {kind} is valid for {} days: a stolen key is of use that long",
                valid / 86_400
            ),
        );
    }
    if let Some((renew, before)) = field("renewBefore").filter(|(_, before)| *before >= valid) {
        cx.report(renew, format!("it is to be renewed {before} s before its end, which is before it begins: cert-manager refuses it"))
            .related(node, "the certificate is valid this long");
    }
}

pub(in crate::rules) fn private_key_mismatch(secret: Object<'_>, cx: &mut Cx<'_>) {
    let maps = ["data", "stringData"].map(|field| secret.node.field(field));
    for (key, value) in maps.into_iter().flatten().flat_map(Node::entries) {
        let Some((at, private)) = key_beside(value) else {
            continue;
        };
        let text = value.as_str().and_then(pem).unwrap_or_default();
        // The first one is that of the key; those behind it have signed it.
        let first = Pem::of(&text).find(Pem::is_certificate);
        if let Some(certificate) = first.and_then(|block| block.certificate())
            && certificate.key.differs(&private)
        {
            let name = key.key().unwrap_or_default();
            let message = format!(
                "this is not the key of the certificate in `{name}`: a server does not start with both"
            );
            cx.report(at, message)
                .related(value, "the certificate")
                .secret();
        }
    }
}
