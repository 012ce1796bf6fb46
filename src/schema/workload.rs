//! Rules of validation between the fields of what makes pods (pkg/apis/apps, batch and autoscaling validation of Kubernetes).

use super::between::{conflict, key_of, text};
use super::validate::Validator;
use crate::yaml::{Node, Spot, items};

pub(super) fn requirement<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let values = map.pair("values");
    let some = values.is_some_and(|(_, list)| !list.is_empty());
    match text(map, "operator") {
        Some(operator @ ("In" | "NotIn")) if !some => {
            let at = values.map_or_else(|| map.lacking(), |(key, _)| key.into());
            v.add(
                "schema/missing-field",
                at,
                format!("`operator: {operator}` needs `values`"),
                None,
            );
        }
        Some(operator @ ("Exists" | "DoesNotExist")) if some => {
            conflict(
                v,
                key_of(map, "values"),
                format!("`operator: {operator}` takes no values"),
            );
        }
        _ => {}
    }
}

/// A selector whose labels are not those of the template.
fn selects<'d>(v: &mut Validator<'d>, wanted: Option<Node<'d>>, spec: Node<'d>) {
    let Some(template) = spec.field("template") else {
        return;
    };
    let metadata = template.field("metadata");
    let labels = metadata.and_then(|m| m.field("labels"));
    let template = labels.or(metadata).unwrap_or(template);
    for (key, value) in wanted.into_iter().flat_map(Node::entries) {
        let (Some(key_text), Some(wanted)) = (key.text(), value.text()) else {
            continue;
        };
        let templated = wanted.contains("{{") || key_text.contains("{{");
        let given = labels.and_then(|l| l.field(key_text)).and_then(Node::text);
        if !templated && given != Some(wanted) {
            let message = match given {
                Some(given) => format!(
                    "the selector asks for {key_text}={wanted}, and the template has {key_text}={given}"
                ),
                None => format!(
                    "the selector asks for {key_text}={wanted}, and the template has no such label"
                ),
            };
            let label = labels.and_then(|l| l.field(key_text));
            let at = label.map_or_else(|| template.lacking(), Spot::from);
            let help = Some("give the template the labels of the selector".to_owned());
            v.add("schema/reference", at, message, help).related =
                Some((value.into(), "the selector"));
        }
    }
}

/// The same of its expressions.
fn selects_by_expressions<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let Some(template) = spec.field("template") else {
        return;
    };
    let metadata = template.field("metadata");
    let labels = metadata.and_then(|m| m.field("labels"));
    let lacking = labels.or(metadata).unwrap_or(template);
    for asked in items(spec.at(&["selector", "matchExpressions"])) {
        let Some(key) = text(asked, "key").filter(|key| !key.contains("{{")) else {
            continue;
        };
        let label = labels.and_then(|l| l.field(key));
        let given = label.and_then(Node::text);
        let among = || asked.list("values").any(|value| value.text() == given);
        let fits = match text(asked, "operator") {
            Some("In") => given.is_some() && among(),
            Some("NotIn") => given.is_none() || !among(),
            Some("Exists") => given.is_some(),
            Some("DoesNotExist") => given.is_none(),
            _ => true,
        };
        if !fits && !given.is_some_and(|given| given.contains("{{")) {
            let message = format!(
                "the selector's expression about `{key}` does not fit the template's labels"
            );
            let at = label.map_or_else(|| lacking.lacking(), Spot::from);
            let help = Some("give the template the labels of the selector".to_owned());
            v.add("schema/reference", at, message, help).related =
                Some((asked.into(), "the selector"));
        }
    }
}

pub(super) fn workload<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    if !v.is_fragment() {
        selects(v, spec.at(&["selector", "matchLabels"]), spec);
        selects_by_expressions(v, spec);
    }
    always(v, spec);
    let selector = spec.field("selector").filter(|s| {
        let empty = |key| s.field(key).is_none_or(Node::is_empty);
        empty("matchLabels") && empty("matchExpressions")
    });
    if let Some(selector) = selector {
        let at = selector.field("matchLabels").unwrap_or(selector);
        v.add(
            "schema/missing-field",
            at.key_node().unwrap_or(at),
            "an empty selector selects nothing: the API server refuses it".to_owned(),
            None,
        );
    }
}

/// Claims that a StatefulSet makes for each pod are volumes by their names.
fn claim_templates<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    for claim in spec.list("volumeClaimTemplates") {
        let name = claim.at(&["metadata", "name"]);
        if name.is_none_or(|name| name.text() == Some("")) && !v.all_before(32) {
            let at = claim.field("metadata").unwrap_or(claim);
            let message = "`metadata.name` is missing: the claim is the volume of that name";
            v.add(
                "schema/missing-field",
                at.lacking(),
                message.to_owned(),
                None,
            )
            .missing = true;
        }
    }
}

/// What keeps pods running cannot let them end.
fn always<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let policy = spec.at(&["template", "spec", "restartPolicy"]);
    if let Some(policy) = policy.filter(|p| matches!(p.as_str(), Some("Never" | "OnFailure"))) {
        v.not_one_of(policy, "restartPolicy", &["Always"]);
    }
    if let Some(deadline) = spec.at(&["template", "spec", "activeDeadlineSeconds"]) {
        conflict(
            v,
            deadline.key_node().unwrap_or(deadline),
            "`activeDeadlineSeconds` ends pods that are to run for ever",
        );
    }
}

pub(super) fn deployment<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    workload(v, spec);
    let number = |key: &str| spec.field(key).and_then(Node::as_int);
    let ready = number("minReadySeconds").unwrap_or(0);
    let progress = number("progressDeadlineSeconds");
    if let Some(progress) = progress.filter(|p| *p > 0 && *p <= ready) {
        let message = format!(
            "`progressDeadlineSeconds` must be above `minReadySeconds`: {progress} and {ready}"
        );
        conflict(v, key_of(spec, "progressDeadlineSeconds"), message);
    }
}

pub(super) fn strategy<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let rolling = map.pair("rollingUpdate").filter(|(_, r)| !r.is_null());
    let kind = text(map, "type").unwrap_or("RollingUpdate");
    if let Some((key, _)) = rolling.filter(|_| kind != "RollingUpdate") {
        conflict(
            v,
            key,
            format!("`rollingUpdate` and `type: {kind}` exclude each other"),
        );
    }
    let zero = |key: &str| {
        let value = rolling.and_then(|(_, r)| r.field(key));
        value.is_some_and(|n| n.as_int() == Some(0) || n.as_str() == Some("0%"))
    };
    if zero("maxSurge") && zero("maxUnavailable") {
        let at = rolling.and_then(|(_, r)| r.pair("maxUnavailable"));
        if let Some((key, _)) = at {
            conflict(
                v,
                key,
                "`maxSurge` and `maxUnavailable` are both 0: nothing could ever be replaced",
            );
        }
    }
}

/// Whether a number or percentage is given and not zero.
fn is_some_of(node: Option<Node<'_>>) -> bool {
    node.and_then(Node::text)
        .is_some_and(|t| !matches!(t, "0" | "0%"))
}

pub(super) fn rolling_update<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let surge = map.field("maxSurge");
    if is_some_of(surge) && is_some_of(map.field("maxUnavailable")) {
        let at = surge.unwrap_or(map);
        conflict(
            v,
            at,
            "`maxSurge` and `maxUnavailable` exclude each other in a DaemonSet: one of them must be 0",
        );
    }
}

/// A StatefulSet, and the claims that it makes for each pod.
pub(super) fn stateful_set<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    workload(v, spec);
    claim_templates(v, spec);
}

pub(super) fn replication_controller<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    selects(v, spec.field("selector"), spec);
    always(v, spec);
}

pub(super) fn job<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let pod = spec.at(&["template", "spec"]);
    match pod.and_then(|p| p.field("restartPolicy")) {
        Some(policy) if policy.as_str() == Some("Always") => {
            v.not_one_of(policy, "restartPolicy", &["OnFailure", "Never"]);
        }
        Some(_) => {}
        None => {
            if let Some(pod) = pod {
                let message =
                    "`restartPolicy` is missing: a Job's pods need `OnFailure` or `Never`"
                        .to_owned();
                v.add("schema/missing-field", pod.lacking(), message, None)
                    .missing = true;
            }
        }
    }
    let manual = spec.field("manualSelector").and_then(Node::as_bool) == Some(true);
    if manual {
        selects(v, spec.at(&["selector", "matchLabels"]), spec);
    } else if let Some((key, _)) = spec.pair("selector").filter(|(_, s)| !s.is_null()) {
        let message = "the API server makes the selector of a Job, and refuses one that is given without `manualSelector: true`";
        let help = "remove it, and the labels `controller-uid` and `job-name` of the template";
        v.add(
            "schema/conflict",
            key,
            message.to_owned(),
            Some(help.to_owned()),
        );
    }
}

pub(super) fn autoscaler<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let number = |key: &str| spec.field(key).and_then(Node::as_int);
    if let (Some(least), Some(most)) = (number("minReplicas"), number("maxReplicas"))
        && least > most
        && most > 0
    {
        conflict(
            v,
            key_of(spec, "maxReplicas"),
            format!("`maxReplicas` is below `minReplicas`: {most} and {least}"),
        );
    }
    let outside = |m: Node<'_>| matches!(text(m, "type"), Some("External" | "Object"));
    let scales_to_zero = spec.list("metrics").any(outside);
    let none = spec.field("minReplicas").filter(|n| n.as_int() == Some(0));
    if let Some(none) = none.filter(|_| !scales_to_zero || !v.all_from(36)) {
        let message = "`minReplicas: 0` needs a metric of type External or Object".to_owned();
        v.add("schema/range", none, message, None);
    }
    for metric in spec.list("metrics") {
        let Some(kind) = text(metric, "type") else {
            continue;
        };
        let mut field = kind.to_owned();
        if let Some(first) = field.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        if metric.field(&field).is_none()
            && matches!(
                kind,
                "Object" | "Pods" | "Resource" | "ContainerResource" | "External"
            )
        {
            v.add(
                "schema/missing-field",
                key_of(metric, "type"),
                format!("a metric of type {kind} needs `{field}`"),
                None,
            );
        }
    }
}
