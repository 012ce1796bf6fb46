//! Conditions of kube-apiserver on several flags.

use super::form::range;
use super::value::{is_gate_on, refuse, refuse_setting};
use crate::check::Cx;
use crate::component::{Instance, Setting};
use crate::go_value::{parse_bool, parse_int};
use crate::kube::is_unresolved;
use std::net::IpAddr;

pub(super) fn check(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    required(instance, cx);
    audit(instance, cx, &LOG);
    audit(instance, cx, &WEBHOOK);
    authorization(instance, cx);
    oidc(instance, cx);
    network(instance, cx);
    super::manager::election(instance, cx, "coordinated-leadership", 1.0);
    gated(instance, cx);
    excluding(instance, cx);
    super::manager::logging(instance, cx);
}

/// A flag with a value that is neither empty nor filled in later.
pub(super) fn given<'a, 'd>(instance: &'a Instance<'d>, name: &str) -> Option<&'a Setting<'d>> {
    let setting = instance.last(name)?;
    (!setting.value.is_empty() && !is_unresolved(&setting.value)).then_some(setting)
}

/// A boolean flag that is set to true.
pub(super) fn switched_on<'a, 'd>(
    instance: &'a Instance<'d>,
    name: &str,
) -> Option<&'a Setting<'d>> {
    given(instance, name).filter(|s| parse_bool(&s.value) == Some(true))
}

/// Flags without which the server fails to start. A command line that lacks several of them is an extract.
fn required(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const NAMES: [&str; 4] = [
        "etcd-servers",
        "service-account-issuer",
        "service-account-key-file",
        "service-account-signing-key-file",
    ];
    let signs_outside = instance.last("service-account-signing-endpoint").is_some();
    let lacking = NAMES.into_iter().filter(|name| {
        // An empty issuer is rejected by its form, and an empty file name as a missing file.
        let written = instance.last(name).is_some();
        let told = written && !matches!(*name, "etcd-servers" | "service-account-signing-key-file");
        let outside = signs_outside && name.ends_with("key-file");
        instance.is_set(name) == Some(false) && !told && !outside
    });
    let lacking: Vec<_> = lacking.collect();
    if let [name] = lacking.as_slice() {
        let at = instance
            .last(name)
            .map_or(instance.anchor, Setting::node_span);
        refuse(instance, cx, at, &format!("`--{name}` is missing"));
    }
}

/// A backend for audit events.
struct Backend {
    /// The flag that switches it on.
    on: &'static str,
    prefix: &'static str,
    /// What batches are by default.
    mode: &'static str,
    throttled: bool,
}

const LOG: Backend = Backend {
    on: "audit-log-path",
    prefix: "audit-log",
    mode: "blocking",
    throttled: false,
};
const WEBHOOK: Backend = Backend {
    on: "audit-webhook-config-file",
    prefix: "audit-webhook",
    mode: "batch",
    throttled: true,
};

/// The flags of a disabled backend are not validated.
fn audit(instance: &Instance<'_>, cx: &mut Cx<'_>, backend: &Backend) {
    if instance.is_set(backend.on) != Some(true) {
        return;
    }
    let flag = |name: &str| given(instance, &format!("{}-{name}", backend.prefix));
    let mut wrong = |setting: Option<&Setting<'_>>, fits: bool, what: &str| {
        if let Some(setting) = setting.filter(|_| !fits) {
            refuse_setting(instance, cx, setting, what);
        }
    };
    let one_of = |setting: Option<&Setting<'_>>, known: &[&str]| {
        setting.is_none_or(|s| known.contains(&&*s.value))
    };
    let (mode, format, version) = (flag("mode"), flag("format"), flag("version"));
    let modes = ["batch", "blocking", "blocking-strict"];
    wrong(
        mode,
        one_of(mode, &modes),
        "must be one of batch, blocking, blocking-strict",
    );
    wrong(
        format,
        one_of(format, &["legacy", "json"]),
        "must be one of legacy, json",
    );
    // Removed versions have a rule of their own.
    let removed = ["v1", "v1beta1", "v1alpha1"].map(|v| format!("audit.k8s.io/{v}"));
    let known: Vec<&str> = removed.iter().map(String::as_str).collect();
    wrong(
        version,
        one_of(version, &known),
        "must be `audit.k8s.io/v1`",
    );
    let number = |name: &str, default: f64| {
        let setting = flag(name);
        let written = setting.map(|s| match parse_int(&s.value) {
            #[expect(clippy::cast_precision_loss, reason = "to compare with limits")]
            Some(n) => Some(n as f64),
            None => s.value.parse().ok(),
        });
        (setting, written.unwrap_or(Some(default)).unwrap_or(1.0))
    };
    for name in ["maxage", "maxbackup", "maxsize"] {
        let (setting, number) = number(name, 0.0);
        wrong(setting, number >= 0.0, "must not be negative");
    }
    let (size, event) = number("truncate-max-event-size", 102_400.0);
    wrong(size, event > 0.0, "must be greater than 0");
    let (batch, most) = number("truncate-max-batch-size", 10_485_760.0);
    let fits = most >= event || event <= 0.0;
    let what = "must be at least the size of an event (`truncate-max-event-size`)";
    wrong(batch.or(size), fits, what);
    if mode.map_or(backend.mode, |s| &*s.value) != "batch" {
        return;
    }
    let throttle = flag("batch-throttle-enable").map(|s| parse_bool(&s.value));
    let throttled = throttle.map_or(backend.throttled, |on| on == Some(true));
    for name in ["buffer-size", "max-size", "throttle-qps", "throttle-burst"] {
        let of_throttle = name.starts_with("throttle");
        if of_throttle && !throttled {
            continue;
        }
        let default = if of_throttle && !backend.throttled {
            0.0
        } else {
            1.0
        };
        let (setting, number) = number(&format!("batch-{name}"), default);
        let at = setting.or_else(|| flag("batch-throttle-enable").filter(|_| of_throttle));
        let what = if setting.is_some() {
            "must be greater than 0".to_owned()
        } else {
            format!(
                "requires `--{}-batch-{name}` greater than 0",
                backend.prefix
            )
        };
        wrong(at, number > 0.0, &what);
    }
}

fn authorization(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const FILES: [(&str, &str); 2] = [
        ("ABAC", "authorization-policy-file"),
        ("Webhook", "authorization-webhook-config-file"),
    ];
    // The file has rules of its own.
    if instance.is_set("authorization-config") != Some(false) {
        return;
    }
    let Some(modes) = instance.list("authorization-mode") else {
        return;
    };
    for (mode, file) in FILES {
        let item = modes.items.iter().find(|(item, _)| *item == mode);
        match (item, instance.is_set(file)) {
            (Some((_, at)), Some(false)) => {
                let what = format!("authorization mode {mode} requires `--{file}`");
                refuse(instance, cx, *at, &what);
            }
            (None, Some(true)) => {
                let at = instance
                    .last(file)
                    .map_or(instance.anchor, Setting::node_span);
                let what = format!("`--{file}` requires authorization mode {mode}");
                refuse(instance, cx, at, &what);
            }
            _ => {}
        }
    }
    for (mode, node_span, _) in modes.repetitions().filter(|(.., again)| *again) {
        let what = format!("authorization mode {mode} is listed twice");
        refuse(instance, cx, node_span, &what);
    }
}

/// Any of its flags needs the issuer and the client.
fn oidc(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if instance.is_set("authentication-config") != Some(false) {
        return;
    }
    let settings = instance.settings.iter();
    let Some(first) = settings.rev().find(|s| s.name.starts_with("oidc-")) else {
        return;
    };
    for name in ["oidc-issuer-url", "oidc-client-id"] {
        if instance.is_set(name) == Some(false) {
            refuse_setting(instance, cx, first, &format!("requires `--{name}`"));
        }
    }
}

fn network(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let service = given(instance, "service-cluster-ip-range");
    let first = service.and_then(|s| range(s.value.split(',').next()?));
    let reconciles = instance.effective("endpoint-reconciler-type");
    let address = given(instance, "advertise-address");
    let own = address.and_then(|s| s.value.trim().parse::<IpAddr>().ok());
    let own = own.filter(|ip| !ip.is_unspecified());
    if let (Some((range, _)), Some(own), Some(address)) = (first, own, address)
        && range.is_ipv4() != own.is_ipv4()
        && reconciles.is_none_or(|e| e.value != "none")
    {
        refuse_setting(
            instance,
            cx,
            address,
            "and the first Service IP range must be of the same IP family",
        );
    }
    let port = given(instance, "kubernetes-service-node-port");
    let number = port.and_then(|s| parse_int(&s.value)).unwrap_or_default();
    if let Some(port) = port.filter(|_| !(0..=65535).contains(&number)) {
        refuse_setting(instance, cx, port, "must be a port from 0 to 65535");
    } else if let Some(port) = port.filter(|_| number > 0) {
        let ports = instance.effective("service-node-port-range");
        let ends = ports.and_then(|e| {
            let (low, high) = e.value.split_once('-').unwrap_or((e.value, e.value));
            Some((low.trim().parse().ok()?, high.trim().parse().ok()?))
        });
        if ends.is_some_and(|(low, high): (i64, i64)| !(low..=high).contains(&number)) {
            refuse_setting(instance, cx, port, "is not in `--service-node-port-range`");
        }
    }
}

/// Flags that are there for a feature only.
fn gated(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const GATED: [(&str, &str); 5] = [
        ("peer-advertise-ip", "UnknownVersionInteroperabilityProxy"),
        ("peer-advertise-port", "UnknownVersionInteroperabilityProxy"),
        ("peer-ca-file", "UnknownVersionInteroperabilityProxy"),
        ("requestheader-uid-headers", "RemoteRequestHeaderUID"),
        (
            "service-account-signing-endpoint",
            "ExternalServiceAccountTokenSigner",
        ),
    ];
    for (name, gate) in GATED {
        let setting = given(instance, name);
        if let Some(setting) = setting.filter(|_| is_gate_on(instance, gate) == Some(false)) {
            refuse_setting(
                instance,
                cx,
                setting,
                &format!("requires feature gate `{gate}`"),
            );
        }
    }
    let acts_as = given(instance, "emulated-version");
    for name in [
        "emulation-forward-compatible",
        "runtime-config-emulation-forward-compatible",
    ] {
        if let Some(on) = switched_on(instance, name)
            && acts_as.is_none_or(|s| {
                instance
                    .releases
                    .names()
                    .any(|own| s.value.ends_with(&*own))
            })
        {
            refuse_setting(instance, cx, on, "requires an older `--emulated-version`");
        }
    }
}

/// Flags of which one makes the other wrong.
fn excluding(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let mut refused = |setting: &Setting<'_>, other: &str| {
        refuse_setting(
            instance,
            cx,
            setting,
            &format!("and `{other}` cannot be combined"),
        );
    };
    if let Some(old) = instance.last("admission-control") {
        for name in ["enable-admission-plugins", "disable-admission-plugins"] {
            if instance.last(name).is_some() {
                refused(old, &format!("--{name}"));
                break;
            }
        }
    }
    if let Some(outside) = given(instance, "service-account-signing-endpoint") {
        for name in [
            "service-account-signing-key-file",
            "service-account-key-file",
        ] {
            if given(instance, name).is_some() {
                refused(outside, &format!("--{name}"));
                break;
            }
        }
    }
    let fair = instance.effective("enable-priority-and-fairness");
    let fair = fair.is_some_and(|e| parse_bool(e.value) == Some(true));
    if let Some(list) = instance.list("runtime-config").filter(|_| fair) {
        // The first of them decides.
        for key in ["flowcontrol.apiserver.k8s.io/v1", "api/ga", "api/all"] {
            let entry = |value: &str| {
                let text = format!("{key}={value}");
                list.items.iter().find(|(item, _)| *item == text)
            };
            if let Some((_, at)) = entry("false") {
                let what = format!("`{key}=false` requires `--enable-priority-and-fairness=false`");
                super::value::refuse(instance, cx, *at, &what);
                break;
            }
            if entry("true").is_some() {
                break;
            }
        }
    }
}
