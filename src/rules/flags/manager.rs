//! Conditions of kube-controller-manager and kube-scheduler on several flags, and those of all components on flags of logs.

use super::api_server::{given, switched_on};
use super::value::{is_gate_on, refuse, refuse_setting};
use crate::check::Cx;
use crate::component::{ComponentKind, Instance, Setting};
use crate::go_value::{parse_quantity, parse_seconds};

pub(super) fn check(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const SIGNERS: [&str; 4] = [
        "cluster-signing-kubelet-serving",
        "cluster-signing-kubelet-client",
        "cluster-signing-kube-apiserver-client",
        "cluster-signing-legacy-unknown",
    ];
    let files = |signer: &str| ["cert-file", "key-file"].map(|file| format!("{signer}-{file}"));
    let of_all = files("cluster-signing");
    let of_all = of_all.iter().find_map(|name| given(instance, name));
    for signer in SIGNERS {
        let names = files(signer);
        let [cert, key] = [0, 1].map(|at| names.get(at).and_then(|name| given(instance, name)));
        if let (Some(one), None) | (None, Some(one)) = (cert, key) {
            let other = if cert.is_some() { "key" } else { "cert" };
            refuse_setting(
                instance,
                cx,
                one,
                &format!("requires `--{signer}-{other}-file`"),
            );
        } else if let (Some(one), Some(all)) = (cert, of_all) {
            let what = format!(
                "`{}` and `{}` cannot be combined",
                one.spelling, all.spelling
            );
            refuse(instance, cx, one.node_span(), &what);
        }
    }
    if instance.is_on("leader-elect") == Some(true) {
        lock(instance, cx);
    }
    logging(instance, cx);
}

pub(super) fn scheduler(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    logging(instance, cx);
}

/// Leader election that stops the program after it has validated its flags (client-go's `resourcelock.New` and `NewLeaderElector`).
pub(in crate::rules) fn leader_election_invalid(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if instance.is_on("leader-elect") != Some(true) {
        return;
    }
    // The controller manager validates this one with its flags.
    if instance.component == ComponentKind::Scheduler {
        lock(instance, cx);
    }
    election(instance, cx, "leader-elect", 1.2);
}

/// The lock of a leader is a Lease.
fn lock(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let lock = given(instance, "leader-elect-resource-lock");
    if let Some(lock) = lock.filter(|s| s.value != "leases") {
        refuse_setting(instance, cx, lock, "must be leases");
    }
}

/// Times of an election: each above zero, and longer than the next; the time to renew by more than `jitter`.
pub(super) fn election(instance: &Instance<'_>, cx: &mut Cx<'_>, prefix: &str, jitter: f64) {
    const PAIRS: [[&str; 2]; 2] = [
        ["lease-duration", "renew-deadline"],
        ["renew-deadline", "retry-period"],
    ];
    let time = |name: &str| parse_seconds(instance.effective(name)?.value);
    for (pair, factor) in PAIRS.into_iter().zip([1.0, jitter]) {
        let names = pair.map(|name| format!("{prefix}-{name}"));
        let [long, short] = &names;
        let written = [short, long].map(|name| given(instance, name));
        let below = written.into_iter().flatten();
        let mut below = below.filter(|s| parse_seconds(&s.value).is_some_and(|time| time <= 0.0));
        if let Some(setting) = below.next_back() {
            refuse_setting(instance, cx, setting, "must be greater than 0");
            return;
        }
        if let (Some(long_time), Some(short_time)) = (time(long), time(short))
            && let Some(at) = written.into_iter().rev().flatten().next()
            && long_time <= short_time * factor
        {
            let times = if factor > 1.0 {
                format!("{factor} times ")
            } else {
                String::new()
            };
            let what = format!("`--{long}` must be longer than {times}`--{short}`");
            refuse(instance, cx, at.node_span(), &what);
        }
    }
}

/// Logs and metrics, which all components have.
pub(super) fn logging(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let mut refused = |setting: &Setting<'_>, what: &str| {
        refuse_setting(instance, cx, setting, what);
    };
    let json = given(instance, "logging-format").filter(|s| s.value != "text");
    if let Some(by_file) = given(instance, "vmodule").filter(|_| json.is_some()) {
        refused(by_file, "requires `--logging-format=text`");
    }
    let alpha = is_gate_on(instance, "LoggingAlphaOptions");
    for format in ["text", "json"] {
        let split = switched_on(instance, &format!("log-{format}-split-stream"));
        let buffer = given(instance, &format!("log-{format}-info-buffer-size"))
            .filter(|s| parse_quantity(&s.value).is_some_and(|size| size != 0.0));
        for setting in [split, buffer].into_iter().flatten() {
            if alpha == Some(false) {
                refused(setting, "requires feature gate `LoggingAlphaOptions`");
            }
        }
    }
    let labels = given(instance, "allow-metric-labels");
    let file = given(instance, "allow-metric-labels-manifest");
    if let Some(labels) = labels.filter(|_| file.is_some()) {
        refused(
            labels,
            "and `--allow-metric-labels-manifest` cannot be combined",
        );
    }
    let shown = given(instance, "show-hidden-metrics-for-version");
    let own: Vec<String> = instance.releases.names().collect();
    let before = match own.as_slice() {
        [own] => own
            .strip_prefix("1.")
            .and_then(|own| own.parse::<u8>().ok()),
        _ => None,
    };
    if let Some((shown, own)) = shown.zip(before) {
        let before = format!("1.{}", own.saturating_sub(1));
        if shown.value != before {
            refused(shown, &format!("must be `{before}`, the previous release"));
        }
    }
}
