//! kops.

use crate::check::Cx;
use crate::kube::Object;

pub(super) fn admission_plugins_override(cluster: Object<'_>, cx: &mut Cx<'_>) {
    let Some(server) = cluster.node.at(&["spec", "kubeAPIServer"]) else {
        return;
    };
    for name in ["enableAdmissionPlugins", "admissionControl"] {
        if let Some((key, _)) = server.pair(name) {
            cx.report(key, format!("kops writes its own list of admission plugins: what stands under `{name}` has no effect"));
        }
    }
}
