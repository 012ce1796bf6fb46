//! kube-proxy.

use crate::check::Cx;
use crate::kube::component::{Instance, is_open};

/// Metrics are served to other machines.
pub(super) fn metrics_bind_address(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(setting) = instance.last("metrics-bind-address") else {
        return;
    };
    let value = setting.value.as_ref();
    let local = ["127.", "localhost", "[::1]", "::1"];
    if value.is_empty() || is_open(value) || local.iter().any(|l| value.starts_with(l)) {
        return;
    }
    let message = format!(
        "kube-proxy serves its metrics to other machines without authentication: `{}` is {value}",
        setting.shown
    );
    cx.report(setting.spot(), message);
}
