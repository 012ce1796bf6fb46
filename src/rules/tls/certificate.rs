//! Certificates that cert-manager requests, and those of Secrets.

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
        let text = node.as_str()?;
        Some((node, text, parse_duration(text)? / SECOND))
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
    let Some((node, duration, valid)) = field("duration") else {
        return;
    };
    if valid / 3600 > limit {
        cx.report(
            node,
            format!(
                "this {kind} is valid for {} days, so an attacker can use a stolen key for that long",
                valid / 86_400
            ),
        );
    }
    if let Some((renew, before, _)) = field("renewBefore").filter(|(.., s)| *s >= valid) {
        cx.report(renew, format!("`renewBefore` ({before}) is not shorter than `duration` ({duration}), so cert-manager rejects the Certificate"))
            .related(node, "`duration` is set here");
    }
}

pub(in crate::rules) fn private_key_mismatch(secret: Object<'_>, cx: &mut Cx<'_>) {
    let maps = ["data", "stringData"].map(|field| secret.node.field(field));
    for (key, value) in maps.into_iter().flatten().flat_map(Node::entries) {
        let Some((at, private)) = key_beside(value) else {
            continue;
        };
        let text = value.as_str().and_then(pem).unwrap_or_default();
        // The first certificate belongs to the key; the following ones are its issuers.
        let first = Pem::of(&text).find(Pem::is_certificate);
        if let Some(certificate) = first.and_then(|block| block.certificate())
            && certificate.key.differs(&private)
        {
            let name = key.key().unwrap_or_default();
            let message = format!(
                "this key does not match the certificate in `{name}`, so a server cannot use them together"
            );
            cx.report(at, message)
                .related(value, "the certificate")
                .secret();
        }
    }
}
