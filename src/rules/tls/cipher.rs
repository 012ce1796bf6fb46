//! Cipher suites of components.

use crate::check::Cx;
use crate::component::{Instance, Setting, Suite, forms};
use crate::kube::is_unresolved;
use crate::model::Severity;
use crate::text::nearest;
use crate::yaml::{Node, NodeSpan};

/// The configured suites with their positions.
fn suites<'a, 'd>(instance: &'a Instance<'d>) -> Vec<(&'a str, NodeSpan<'d>)> {
    let ours = |s: &&Setting<'_>| matches!(s.name.as_ref(), "tls-cipher-suites" | "cipher-suites");
    let written = instance.settings.iter().filter(ours);
    written
        .flat_map(Setting::items)
        .filter(|(suite, _)| !is_unresolved(suite))
        .collect()
}

/// A suite that Go considers insecure, or one without authenticated encryption.
pub(in crate::rules) fn cipher_suites_insecure(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let name = instance.component.name();
    for (suite, node_span) in suites(instance) {
        if Suite::of(suite).is_some_and(|s| s.kind == "insecure") {
            let message = format!(
                "{name} offers the weak cipher suite `{suite}`, so clients can negotiate it"
            );
            cx.report(node_span, message);
        } else if suite.ends_with("_CBC_SHA") {
            let message = format!(
                "{name} offers `{suite}`, which has no authenticated encryption, so clients can negotiate it"
            );
            cx.report(node_span, message).severity(Severity::Low);
        }
    }
}

/// A suite that the component does not know.
pub(in crate::rules) fn cipher_suites_unknown(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (suite, node_span) in suites(instance) {
        if Suite::of(suite).is_some() {
            continue;
        }
        let name = instance.component.name();
        let message = format!("{name} does not know cipher suite `{suite}`, so it fails to start");
        let draft = cx.report(node_span, message);
        let go = format!("TLS_{}", suite.replace('-', "_"));
        if let Some(near) = nearest(&go, Suite::all().iter().map(|s| s.name)) {
            draft.help(format!("Did you mean `{near}`?"));
        }
    }
}

fn is_tls13_only(instance: &Instance<'_>) -> bool {
    let least = instance.effective("tls-min-version");
    least.is_none_or(|v| matches!(v.value, "VersionTLS13" | "TLS1.3"))
}

/// A list without a suite that HTTP/2 requires.
pub(in crate::rules) fn cipher_suites_missing_http2(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let suites = suites(instance);
    let wanted = |(suite, _): &(&str, NodeSpan<'_>)| {
        suite.starts_with("TLS_ECDHE_") && suite.ends_with("_WITH_AES_128_GCM_SHA256")
    };
    let known = suites.iter().any(|(suite, _)| Suite::of(suite).is_some());
    let off = instance.is_on("disable-http2-serving") == Some(true);
    if !known || off || is_tls13_only(instance) || suites.iter().any(wanted) {
        return;
    }
    if let Some((_, node_span)) = suites.first() {
        let message = "the list has no `AES_128_GCM_SHA256` suite, which HTTP/2 requires, so the server fails to start";
        cx.report(*node_span, message);
    }
}

/// Suites for a type of key that kubeadm does not create.
pub(in crate::rules) fn cipher_key_type_mismatch(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let root = instance.object.node;
    let config = if *instance.form == forms::KUBEADM {
        Some(root)
    } else if *instance.form == forms::CLUSTER_API {
        let mut nodes = root.within();
        nodes.find_map(|node| node.get("clusterConfiguration"))
    } else {
        None
    };
    let Some(config) = config else { return };
    let algorithm = config.field("encryptionAlgorithm");
    let algorithm = algorithm.map_or(Some("RSA-2048"), Node::as_str);
    let Some(algorithm) = algorithm.filter(|a| !is_unresolved(a)) else {
        return;
    };
    let suites = suites(instance);
    let all = |kind: &str| suites.iter().all(|(suite, _)| suite.starts_with(kind));
    let (asked, made) = if algorithm.starts_with("RSA") && all("TLS_ECDHE_ECDSA_") {
        ("ECDSA", "RSA")
    } else if algorithm.starts_with("ECDSA") && (all("TLS_ECDHE_RSA_") || all("TLS_RSA_")) {
        ("RSA", "ECDSA")
    } else {
        return;
    };
    if let Some((_, node_span)) = suites.first() {
        let name = instance.component.name();
        cx.report(*node_span, format!("all suites are for {asked} keys, but kubeadm creates {made} keys, so TLS 1.2 clients cannot connect to {name}"));
    }
}

/// Unknown curves, or a list without the curves that clients support.
pub(in crate::rules) fn curve_preferences(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // Go's numbers: P-256, P-384, P-521, X25519, and the three with ML-KEM.
    const KNOWN: [&str; 7] = ["23", "24", "25", "29", "4587", "4588", "4589"];
    const COMMON: [&str; 3] = ["23", "29", "4588"];
    let Some(setting) = instance.last("tls-curve-preferences") else {
        return;
    };
    let items: Vec<_> = setting.items().collect();
    if items.is_empty() || items.iter().any(|(item, _)| is_unresolved(item)) {
        return;
    }
    let name = instance.component.name();
    for (item, node_span) in items.iter().filter(|(item, _)| !KNOWN.contains(item)) {
        cx.report(
            *node_span,
            format!("{name} does not know curve `{item}`, so it fails to start"),
        );
    }
    if !items.iter().any(|(item, _)| COMMON.contains(item)) {
        cx.report(
            setting.node_span(),
            format!("{name} offers neither X25519 nor P-256, so TLS handshakes with common clients fail or are slow"),
        );
    }
}
