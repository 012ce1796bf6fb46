//! What etcd asks of several settings at once, on its command line or in its file (server/embed's `Config.Validate`, `setupLogging` and
//! what it reads when it starts; etcdmain).

use super::api_server::{given, switched_on};
use super::value::{refuse, refuse_setting};
use crate::check::Cx;
use crate::component::{Instance, forms};
use crate::go_value::{parse_bool, parse_duration, parse_int, parse_uint};
use crate::kube::{Completeness, is_unresolved};

pub(super) fn check(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let file = instance.last("config-file");
    if file.is_some_and(|s| s.spelling.starts_with("--")) {
        return;
    }
    bootstrap(instance, cx);
    times(instance, cx);
    retention(instance, cx);
    logs(instance, cx);
    tls(instance, cx);
    gates(instance, cx);
    if switched_on(instance, "enable-distributed-tracing").is_some()
        && let Some(rate) = given(instance, "distributed-tracing-sampling-rate")
        && parse_int(&rate.value).is_some_and(|rate| !(0..=1_000_000).contains(&rate))
    {
        refuse_setting(instance, cx, rate, "must be from 0 to 1000000");
    }
}

/// Only one of the ways to find the other members.
fn bootstrap(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const WAYS: [&str; 4] = [
        "initial-cluster",
        "discovery",
        "discovery-srv",
        "discovery-endpoints",
    ];
    let mut ways = WAYS.iter().filter_map(|name| given(instance, name));
    if let (Some(one), Some(other)) = (ways.next(), ways.next()) {
        let what = format!("and `{}` exclude each other", one.spelling);
        refuse_setting(instance, cx, other, &what);
    }
    let pair = ["discovery-token", "discovery-endpoints"];
    if let Some((setting, other)) = instance.half(pair) {
        refuse_setting(instance, cx, setting, &format!("needs `--{other}`"));
    }
    // The default of what is advertised goes with that of what it listens on. A unit may have variables elsewhere.
    let is_whole =
        *instance.form == forms::STATIC_POD && instance.completeness == Completeness::Complete;
    if let Some(listens) = given(instance, "listen-client-urls").filter(|_| is_whole)
        && instance.last("advertise-client-urls").is_none()
    {
        refuse_setting(instance, cx, listens, "needs `--advertise-client-urls`");
    }
}

/// An election takes several heartbeats.
fn times(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let names @ [election, beat] = ["election-timeout", "heartbeat-interval"];
    let [Some(longest), Some(shortest)] =
        names.map(|name| parse_uint(instance.effective(name)?.value))
    else {
        return;
    };
    let written = given(instance, election).or_else(|| given(instance, beat));
    let zero = [(election, longest), (beat, shortest)];
    let zero = zero.into_iter().find(|(_, time)| *time == 0);
    if let Some(setting) = zero.and_then(|(name, _)| given(instance, name)) {
        refuse_setting(instance, cx, setting, "must be greater than 0");
    } else if let Some(written) = written.filter(|_| shortest.saturating_mul(5) > longest) {
        let what = format!("`--{election}` must be at least five times `--{beat}`");
        refuse(instance, cx, written.node_span(), &what);
    } else if let Some(written) = given(instance, election).filter(|_| longest > 50_000) {
        refuse_setting(instance, cx, written, "must be 50000 at most");
    }
}

/// A number of revisions or hours, or a duration.
fn retention(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(kept) = given(instance, "auto-compaction-retention") else {
        return;
    };
    let number = parse_int(&kept.value).is_some_and(|number| number >= 0);
    if !number && parse_duration(&kept.value).is_none() {
        let what = "must be a number, or a duration with its unit, such as 1h";
        refuse_setting(instance, cx, kept, what);
    }
}

fn logs(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(outputs) = instance.list("log-outputs") else {
        return;
    };
    let mut names: Vec<&str> = outputs.items.iter().map(|(name, _)| *name).collect();
    names.dedup();
    let Some(setting) = given(instance, "log-outputs") else {
        return;
    };
    let is_stream = |name: &&&str| matches!(**name, "default" | "stdout" | "stderr");
    let files = names.len() - names.iter().filter(is_stream).count();
    if names.len() > 1 && names.contains(&"default") {
        refuse_setting(instance, cx, setting, "has `default` with others");
    } else if names.len() > 1 && names.contains(&"systemd/journal") {
        refuse_setting(instance, cx, setting, "has `systemd/journal` with others");
    } else if switched_on(instance, "enable-log-rotation").is_some()
        && (files > 1 || files == 0 && names.len() == 1)
    {
        let what = "is to have one file, since `--enable-log-rotation` is on";
        refuse_setting(instance, cx, setting, what);
    }
}

fn tls(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let [least, most] = ["tls-min-version", "tls-max-version"].map(|name| instance.effective(name));
    let version = |text: &str| match text {
        "TLS1.2" => Some(2),
        "TLS1.3" => Some(3),
        _ => None,
    };
    if let (Some(least), Some(most)) = (&least, &most)
        && version(least.value) > version(most.value)
        && version(most.value).is_some()
        && let Some(written) = given(instance, "tls-max-version")
    {
        let what = format!("is older than `--tls-min-version` ({})", least.value);
        refuse_setting(instance, cx, written, &what);
    }
    if let Some(suites) = given(instance, "cipher-suites")
        && least.is_some_and(|least| least.value == "TLS1.3")
    {
        let what = "has no effect on TLS 1.3, and `--tls-min-version` is TLS1.3";
        refuse_setting(instance, cx, suites, what);
    }
    for pair in [
        ["client-cert-file", "client-key-file"],
        ["peer-client-cert-file", "peer-client-key-file"],
    ] {
        let half = instance.half(pair);
        if let Some((setting, other)) = half.filter(|(s, _)| !is_unresolved(&s.value)) {
            refuse_setting(instance, cx, setting, &format!("needs `--{other}`"));
        }
    }
}

/// Checkpoints of leases are kept only where they are made.
fn gates(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let mut written = super::gates(instance);
    let persists = written.find(|(name, value, _)| {
        *name == "LeaseCheckpointPersist" && parse_bool(value) == Some(true)
    });
    let made = super::gates(instance).any(|(name, value, _)| {
        matches!(name, "LeaseCheckpoint" | "AllAlpha") && parse_bool(value) == Some(true)
    });
    if let Some((.., at)) = persists.filter(|_| !made) {
        let what = "feature gate LeaseCheckpointPersist needs LeaseCheckpoint, which is off";
        refuse(instance, cx, at, what);
    }
    let [persist, make] = ["-persist", ""].map(|end| {
        switched_on(
            instance,
            &format!("experimental-enable-lease-checkpoint{end}"),
        )
    });
    if let Some(persist) = persist.filter(|_| make.is_none()) {
        let what = "needs `--experimental-enable-lease-checkpoint`";
        refuse_setting(instance, cx, persist, what);
    }
}
