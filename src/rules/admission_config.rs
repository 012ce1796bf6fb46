//! AdmissionConfiguration and the configurations of its plugins, inside of it or in files of their own.

use crate::check::Cx;
use crate::component::minor;
use crate::kube::{Object, is_unresolved};
use crate::model::Severity;
use crate::yaml::Node;

/// The configurations of a plugin in an object: its own document, or an entry of an AdmissionConfiguration.
fn configurations<'d>(object: Object<'d>, kind: &str, plugin: &str) -> Vec<Node<'d>> {
    if object.gvk.kind == kind {
        return vec![object.node];
    }
    let plugins = object.node.list("plugins");
    let of_plugin = plugins.filter(|p| p.field("name").and_then(Node::as_str) == Some(plugin));
    of_plugin.filter_map(|p| p.field("configuration")).collect()
}

fn pod_security(object: Object<'_>) -> Vec<Node<'_>> {
    configurations(object, "PodSecurityConfiguration", "PodSecurity")
}

/// `warn` or `audit` reports less than `enforce` rejects.
pub(super) fn pod_security_default_audit_warn_weaker(object: Object<'_>, cx: &mut Cx<'_>) {
    let rank = |level: &str| {
        ["privileged", "baseline", "restricted"]
            .iter()
            .position(|l| *l == level)
    };
    for config in pod_security(object) {
        let Some(defaults) = config.field("defaults") else {
            continue;
        };
        let level = |mode: &str| match defaults.field(mode) {
            Some(node) => rank(node.text().unwrap_or_default()),
            None => Some(0),
        };
        let Some(enforce) = level("enforce") else {
            continue;
        };
        let weaker = |mode: &&str| level(mode).is_some_and(|l| l < enforce);
        let weaker: Vec<&str> = ["audit", "warn"].into_iter().filter(weaker).collect();
        let at = weaker.iter().find_map(|mode| defaults.field(mode));
        if weaker.is_empty() {
            continue;
        }
        let message = format!(
            "{} of Pod Security is weaker than `enforce`, so a Deployment whose pods are rejected is accepted without a warning",
            weaker
                .iter()
                .map(|m| format!("`{m}`"))
                .collect::<Vec<_>>()
                .join(" and ")
        );
        match at {
            Some(node) => cx.report(node, message),
            None => cx.missing(defaults.lacking(), message),
        };
    }
}

pub(super) fn pod_security_version_pinned_old(object: Object<'_>, cx: &mut Cx<'_>) {
    for config in pod_security(object) {
        let defaults = config.field("defaults");
        for mode in ["enforce-version", "audit-version", "warn-version"] {
            let Some(node) = defaults.and_then(|d| d.field(mode)) else {
                continue;
            };
            let text = node.text().unwrap_or_default();
            let Some(pinned) = minor(text) else { continue };
            if cx.targets().before(pinned.saturating_add(4)).is_empty() {
                cx.report(node, format!("pods are checked against the standard of Kubernetes {text}; checks that later releases added do not apply"));
            }
        }
    }
}

fn event_rate_limit(object: Object<'_>) -> Vec<Node<'_>> {
    configurations(object, "Configuration", "EventRateLimit")
}

pub(super) fn event_rate_limit_limit_invalid(object: Object<'_>, cx: &mut Cx<'_>) {
    const TYPES: [&str; 4] = ["Server", "Namespace", "User", "SourceAndObject"];
    for limit in event_rate_limit(object)
        .into_iter()
        .flat_map(|c| c.list("limits"))
    {
        let number = |key: &str| limit.field(key).and_then(|n| Some((n, n.as_int()?)));
        if let Some(kind) = limit.field("type")
            && !TYPES.contains(&kind.text().unwrap_or_default())
            && !is_unresolved(kind.text().unwrap_or_default())
        {
            cx.report(
                kind,
                format!(
                    "a limit has one of the types {}; the API server fails to start",
                    TYPES.join(", ")
                ),
            );
        }
        for key in ["qps", "burst"] {
            if let Some((node, _)) = number(key).filter(|(_, n)| *n <= 0) {
                cx.report(
                    node,
                    format!("`{key}` must be greater than 0; the API server fails to start"),
                );
            }
        }
        if let (Some((_, qps)), Some((node, burst))) = (number("qps"), number("burst"))
            && burst > 0
            && burst < qps
        {
            cx.report(node, format!("`burst` ({burst}) is lower than `qps` ({qps}), so the configured rate is never reached"))
                .severity(Severity::Info);
        }
    }
}
