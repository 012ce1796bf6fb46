//! Transport encryption of what enters the cluster.

use crate::check::Cx;
use crate::kube::Object;

pub(super) fn ingress_without_tls(ingress: Object<'_>, cx: &mut Cx<'_>) {
    let ended_outside = cx
        .param("tls-annotations")
        .iter()
        .any(|name| ingress.annotation(name).is_some());
    let Some(spec) = ingress.node.field("spec").filter(|_| !ended_outside) else {
        return;
    };
    let name = ingress.name().unwrap_or("without a name");
    match spec.get("tls") {
        Some(tls) if tls.is_null() => cx.report(
            tls.lacking(),
            format!("Ingress \"{name}\" has an empty `tls`: its traffic is not encrypted"),
        ),
        Some(tls) if tls.is_empty() => cx.report(
            tls,
            format!("Ingress \"{name}\" has an empty `tls`: its traffic is not encrypted"),
        ),
        Some(_) => return,
        None => cx.missing(
            spec.lacking(),
            format!("Ingress \"{name}\" has no `tls`: its traffic is not encrypted"),
        ),
    };
}
