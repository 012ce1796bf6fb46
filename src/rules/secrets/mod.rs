//! Secrets in manifests.

use crate::check::Cx;
use crate::kube::{Object, is_placeholder};
use crate::yaml::{Node, base64};

pub(super) fn secret_committed(secret: Object<'_>, cx: &mut Cx<'_>) {
    if secret.node.get("sops").is_some() {
        return;
    }
    let public = cx.param("public-keys");
    let name = secret.name().unwrap_or("without a name");
    for (field, encoded) in [("data", true), ("stringData", false)] {
        for (key, value) in secret.node.field(field).into_iter().flat_map(Node::entries) {
            let Some(key) = key.key().filter(|key| !public.iter().any(|p| p == key)) else {
                continue;
            };
            if value.text().is_some_and(|text| holds_secret(text, encoded)) {
                let how = if encoded {
                    "for everyone to read: base64 hides nothing"
                } else {
                    "in plain text"
                };
                cx.report(
                    value,
                    format!("Secret \"{name}\" holds the value of `{key}` {how}"),
                )
                .secret();
            }
        }
    }
}

/// Whether a value is something that nobody may read.
fn holds_secret(text: &str, encoded: bool) -> bool {
    if text.trim().is_empty() || is_placeholder(text) {
        return false;
    }
    let decoded = base64(text)
        .filter(|_| encoded)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let plain = decoded.as_deref().unwrap_or(text).trim();
    let certificate =
        plain.starts_with("-----BEGIN CERTIFICATE-----") && !plain.contains("PRIVATE KEY-----");
    !(plain.is_empty() || plain == "{}" || certificate || is_placeholder(plain))
}
