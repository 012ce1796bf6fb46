//! What kube-proxy asks of several flags at once (pkg/proxy/apis/config/validation, cmd/kube-proxy/app). Flags of another mode than its
//! own are not looked at, and none but those of the log is beside a configuration file.

use super::api_server::given;
use super::form::range;
use super::value::{is_gate_on, refuse, refuse_setting};
use crate::check::Cx;
use crate::component::Instance;
use crate::go_value::parse_seconds;

pub(super) fn check(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    super::manager::logging(instance, cx);
    if instance.last("config").is_some() {
        return;
    }
    if let Some(port) = given(instance, "metrics-port").filter(|s| s.value == "0") {
        refuse_setting(
            instance,
            cx,
            port,
            "must not be 0; set `--metrics-bind-address`",
        );
    }
    local(instance, cx);
    let Some(mode) = instance.effective("proxy-mode") else {
        return;
    };
    if mode.value == "ipvs" {
        if is_gate_on(instance, "KubeProxyIPVS") == Some(false) {
            let what = "mode ipvs needs feature gate KubeProxyIPVS";
            refuse(instance, cx, mode.node_span, what);
        }
        ipvs(instance, cx);
        periods(instance, cx, "ipvs");
    } else {
        periods(instance, cx, "iptables");
    }
}

/// How it tells which traffic is of the node's own pods.
fn local(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(mode) = instance.effective("detect-local-mode") else {
        return;
    };
    let interface = match mode.value {
        "BridgeInterface" => "pod-bridge-interface",
        "InterfaceNamePrefix" => "pod-interface-name-prefix",
        "" | "ClusterCIDR" => return ranges_of_pods(instance, cx),
        _ => return,
    };
    if instance.is_set(interface) == Some(false) {
        let what = format!("local mode {} needs `--{interface}`", mode.value);
        refuse(instance, cx, mode.node_span, &what);
    }
}

/// One range, or one of each family.
fn ranges_of_pods(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let ranges = instance.last("cluster-cidr");
    let Some(ranges) = ranges.filter(|s| !crate::kube::is_unresolved(&s.value)) else {
        return;
    };
    let parsed: Option<Vec<_>> = ranges.value.split(',').map(range).collect();
    let fits = match parsed.as_deref() {
        Some([_]) => true,
        Some([(one, _), (other, _)]) => one.is_ipv4() != other.is_ipv4(),
        _ => false,
    };
    if !fits {
        refuse_setting(
            instance,
            cx,
            ranges,
            "must be a range of addresses such as 10.244.0.0/16, or one of each family",
        );
    }
}

fn ipvs(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for name in [
        "ipvs-tcp-timeout",
        "ipvs-tcpfin-timeout",
        "ipvs-udp-timeout",
    ] {
        let setting = given(instance, name);
        let negative = setting.filter(|s| parse_seconds(&s.value).is_some_and(|time| time < 0.0));
        if let Some(setting) = negative {
            refuse_setting(instance, cx, setting, "must not be negative");
        }
    }
    let excluded = instance.list("ipvs-exclude-cidrs");
    for (item, at) in excluded.into_iter().flat_map(|list| list.items) {
        if range(item).is_none() {
            let what = format!("`{item}` of `--ipvs-exclude-cidrs` is no range of addresses");
            refuse(instance, cx, at, &what);
        }
    }
}

/// How often rules are written, at most and at least.
fn periods(instance: &Instance<'_>, cx: &mut Cx<'_>, mode: &str) {
    let names = ["sync-period", "min-sync-period"].map(|name| format!("{mode}-{name}"));
    let [most, least] = &names;
    let [Some(longest), Some(shortest)] =
        [most, least].map(|name| parse_seconds(instance.effective(name)?.value))
    else {
        return;
    };
    let (name, what) = if longest <= 0.0 {
        (most, "must be greater than 0".to_owned())
    } else if shortest < 0.0 {
        (least, "must not be negative".to_owned())
    } else if shortest > longest {
        (least, format!("must not be longer than `--{most}`"))
    } else {
        return;
    };
    if let Some(setting) = given(instance, name).or_else(|| given(instance, most)) {
        let what = format!("`--{name}` {what}");
        refuse(instance, cx, setting.node_span(), &what);
    }
}
