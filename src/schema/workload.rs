//! Rules of validation between the fields of what makes pods (pkg/apis/apps, batch and autoscaling validation of Kubernetes).

use super::cross_field::{amount, conflict, key_of, missing, own_key, set, text};
use super::format::{is_label, is_label_value};
use super::pod::container_names;
use super::validator::Validator;
use crate::ids;
use crate::kube::{is_known, is_replaced, is_templated, may_hold_more};
use crate::yaml::{Node, NodeKind, NodeSpan, items};

pub(super) fn requirement<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let values = map.pair("values");
    let some = values.is_some_and(|(_, list)| !list.is_empty());
    match text(map, "operator") {
        Some(operator @ ("In" | "NotIn")) if !some => {
            let at = values.map_or_else(|| map.lacking(), |(key, _)| key.into());
            v.add(
                ids::schema::MISSING_FIELD,
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

/// The same of a node's labels, of which some are compared as numbers.
pub(super) fn node_requirement<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    requirement(v, map);
    let values = map.list("values").count();
    if matches!(text(map, "operator"), Some("Gt" | "Lt")) && values != 1 {
        let at = key_of(map, "values");
        missing(v, at, "`operator: Gt` and `Lt` need one value");
    }
    let of_fields =
        map.parent().and_then(Node::key_node).and_then(Node::text) == Some("matchFields");
    for value in map
        .list("values")
        .filter(|_| !of_fields && v.all_from(34))
        .collect::<Vec<_>>()
    {
        let written = value.as_str().unwrap_or_default();
        let fits = is_templated(written) || is_label_value(written);
        v.form(
            fits,
            value,
            "values",
            "a label's value: at most 63 letters, digits, `-`, `_` and `.`",
        );
    }
}

/// The only field by which nodes are selected is their name.
pub(super) fn node_fields<'d>(v: &mut Validator<'d>, term: Node<'d>) {
    for field in term.list("matchFields") {
        if let Some(key) = field
            .field("key")
            .filter(|k| k.as_str() != Some("metadata.name"))
        {
            v.not_one_of(key, "key", &["metadata.name"]);
        }
        if let Some(operator) = field.field("operator")
            && !matches!(operator.as_str(), Some("In" | "NotIn"))
        {
            v.not_one_of(operator, "operator", &["In", "NotIn"]);
        }
        if field.list("values").count() != 1 {
            missing(
                v,
                key_of(field, "values"),
                "a field of a node is compared with one value",
            );
        }
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
    if may_hold_more(template) {
        return;
    }
    for (key, value) in wanted.into_iter().flat_map(Node::entries) {
        let (Some(key_text), Some(wanted)) = (key.text(), value.text()) else {
            continue;
        };
        let templated = is_templated(wanted) || is_templated(key_text);
        let label = labels.and_then(|l| l.field(key_text));
        let templated = templated || label.is_some_and(|label| !is_known(label));
        let given = label.and_then(Node::text);
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
            let at = label.map_or_else(|| template.lacking(), NodeSpan::from);
            let help = Some("give the template the labels of the selector".to_owned());
            v.add(ids::schema::REFERENCE, at, message, help).related =
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
    if may_hold_more(lacking) {
        return;
    }
    for asked in items(spec.at(&["selector", "matchExpressions"])) {
        let Some(key) = text(asked, "key").filter(|key| !is_templated(key)) else {
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
        if !fits && label.is_none_or(is_known) {
            let message = format!(
                "the selector's expression about `{key}` does not fit the template's labels"
            );
            let at = label.map_or_else(|| lacking.lacking(), NodeSpan::from);
            let help = Some("give the template the labels of the selector".to_owned());
            v.add(ids::schema::REFERENCE, at, message, help).related =
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
            ids::schema::MISSING_FIELD,
            own_key(at),
            "an empty selector selects nothing: the API server rejects it".to_owned(),
            None,
        );
    }
}

/// Claims that a StatefulSet makes for each pod are volumes by their names.
fn claim_templates<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    for claim in spec.list("volumeClaimTemplates") {
        if v.all_before(32) {
            return;
        }
        let name = claim.at(&["metadata", "name"]);
        if let Some(name) = name.filter(|name| is_known(*name)) {
            let written = name.as_str().unwrap_or_default();
            let fits = written.is_empty() || is_label(written);
            let what = "the name of a volume: lower-case letters, digits and dashes";
            v.form(fits, name, "metadata.name", what);
        }
        if name.is_none_or(|name| name.text() == Some("")) {
            let at = claim.field("metadata").unwrap_or(claim);
            let message = "`metadata.name` is missing: the claim is the volume of that name";
            missing(v, at.lacking(), message);
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
            own_key(deadline),
            "`activeDeadlineSeconds` ends pods that are to run for ever",
        );
    }
}

pub(super) fn deployment<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    workload(v, spec);
    let number = |key: &str| spec.field(key).and_then(Node::as_int);
    let ready = number("minReadySeconds").unwrap_or(0);
    let progress = number("progressDeadlineSeconds");
    if progress.is_none() && ready >= 600 {
        let message =
            "`progressDeadlineSeconds`, 600 where it is not given, must be above `minReadySeconds`";
        conflict(v, key_of(spec, "minReadySeconds"), message);
    }
    if let Some(progress) = progress.filter(|p| *p > 0 && *p <= ready) {
        let message = format!(
            "`progressDeadlineSeconds` must be above `minReadySeconds`: {progress} and {ready}"
        );
        conflict(v, key_of(spec, "progressDeadlineSeconds"), message);
    }
}

pub(super) fn strategy<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let rolling = map.pair("rollingUpdate").filter(|(_, r)| !r.is_null());
    let kind = text(map, "type").filter(|kind| !kind.is_empty());
    let kind = kind.unwrap_or("RollingUpdate");
    if let Some((key, _)) = rolling.filter(|_| kind != "RollingUpdate" && !is_templated(kind)) {
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

/// What a revision keeps is an object (`ValidateControllerRevisionCreate`).
pub(super) fn revision<'d>(v: &mut Validator<'d>, object: Node<'d>) {
    let data = object.field("data").filter(|_| v.all_from(37));
    if let Some(text) = data.filter(|data| data.kind() != NodeKind::Map) {
        v.wrong(text, "data", "a map");
    }
}

pub(super) fn replication_controller<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let labels = spec.at(&["template", "metadata", "labels"]);
    let empty = |map: Option<Node<'_>>| map.is_none_or(Node::is_empty);
    if empty(spec.field("selector")) && empty(labels) && spec.field("template").is_some() {
        let message = "`selector` is missing: the template has no labels to select by";
        missing(v, key_of(spec, "selector"), message);
    }
    selects(v, spec.field("selector"), spec);
    always(v, spec);
}

/// Labels that the server writes into the template of a Job, unless others are there (`validateGeneratedSelector`).
fn job_labels<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    const OF_NAME: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
    const OF_UID: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];
    let labels = spec.at(&["template", "metadata", "labels"]);
    let label = |key: &&str| labels.and_then(|labels| labels.pair(key));
    if let Some((key, _)) = OF_UID.iter().find_map(label) {
        let message = "the server writes this label itself, and rejects any other value";
        conflict(v, key, message);
    }
    let Some(name) = v.root_name().filter(|name| !is_replaced(name)) else {
        return;
    };
    let other = |value: &Node<'_>| is_known(*value) && value.as_str() != Some(name);
    let mut given = OF_NAME.iter().filter_map(label).map(|(_, value)| value);
    if let Some(value) = given.rfind(other) {
        let message = format!("this label must be the Job's name, `{name}`");
        conflict(v, value, message);
    }
}

pub(super) fn job<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    job_policies(v, spec);
    let pod = spec.at(&["template", "spec"]);
    let pod = pod.filter(|pod| pod.kind() == NodeKind::Map);
    match pod.and_then(|p| p.field("restartPolicy")) {
        Some(policy) if policy.as_str() == Some("Always") => {
            v.not_one_of(policy, "restartPolicy", &["OnFailure", "Never"]);
        }
        Some(policy) if policy.as_str() != Some("") => {}
        _ => {
            if let Some(pod) = pod {
                let message =
                    "`restartPolicy` is missing: a Job's pods need `OnFailure` or `Never`";
                missing(v, key_of(pod, "restartPolicy"), message);
            }
        }
    }
    let manual = set(spec, "manualSelector").is_some();
    if manual {
        selects(v, spec.at(&["selector", "matchLabels"]), spec);
    } else if let Some((key, _)) = spec.pair("selector").filter(|(_, s)| !s.is_null()) {
        let message = "the API server makes the selector of a Job, and rejects one that is given without `manualSelector: true`";
        let help = "remove it, and the labels `controller-uid` and `job-name` of the template";
        v.add(
            ids::schema::CONFLICT,
            key,
            message.to_owned(),
            Some(help.to_owned()),
        );
    } else if v.is_part_of("Job", 1) {
        job_labels(v, spec);
    }
}

/// What is scaled is of an API group, but for ReplicationControllers.
fn scale_target<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let Some(target) = spec.field("scaleTargetRef").filter(|_| v.all_from(34)) else {
        return;
    };
    let core = text(target, "kind") == Some("ReplicationController");
    let written = text(target, "apiVersion").unwrap_or_default();
    if written.is_empty() && !core {
        let message = "`apiVersion` is missing: what is scaled is of an API group";
        missing(v, key_of(target, "apiVersion"), message);
    } else if let Some(version) = target.field("apiVersion")
        && !is_templated(written)
    {
        let group = written.split_once('/').map_or("", |(group, _)| group);
        let fits = (core || !group.is_empty()) && written.matches('/').count() < 2;
        v.form(fits, version, "apiVersion", "an API group and its version");
    }
}

pub(super) fn autoscaler<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    scale_target(v, spec);
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
        v.add(ids::schema::RANGE, none, message, None);
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
                ids::schema::MISSING_FIELD,
                key_of(metric, "type"),
                format!("a metric of type {kind} needs `{field}`"),
                None,
            );
        }
    }
}

/// Exit codes in their order, each once; 0 is no failure.
pub(super) fn exit_codes<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let values: Vec<Node<'d>> = map.list("values").collect();
    let list = map.field("values");
    let pairs = values.iter().zip(values.iter().skip(1));
    let mut falling = false;
    for (before, after) in pairs {
        let (Some(a), Some(b)) = (before.as_int(), after.as_int()) else {
            continue;
        };
        if a == b {
            v.add(
                ids::schema::DUPLICATE_ITEM,
                *after,
                format!("exit code {b} is listed twice"),
                None,
            );
        }
        falling |= a > b;
    }
    if let Some(list) = list.filter(|_| falling) {
        let message = "`values` must be in ascending order".to_owned();
        v.add(ids::schema::RANGE, own_key(list), message, None);
    }
    let zero = values.iter().find(|n| n.as_int() == Some(0) || n.is_null());
    if let Some(zero) = zero.filter(|_| text(map, "operator") == Some("In")) {
        v.add(
            ids::schema::RANGE,
            *zero,
            "0 is no failure: `In` cannot have it".to_owned(),
            None,
        );
    }
}

/// How a Job ends before its pods have: by their failures, or by enough of them.
fn job_policies<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let pod = spec.at(&["template", "spec"]);
    let failure = spec.field("podFailurePolicy");
    if let Some(policy) = pod.and_then(|p| p.field("restartPolicy"))
        && failure.is_some()
        && policy.as_str() == Some("OnFailure")
    {
        conflict(v, policy, "`podFailurePolicy` needs `restartPolicy: Never`");
    }
    let rules = || items(failure.and_then(|f| f.field("rules")));
    let known = pod.map(container_names).unwrap_or_default();
    for rule in rules() {
        let Some(name) = rule.at(&["onExitCodes", "containerName"]) else {
            continue;
        };
        let written = name.as_str().unwrap_or_default();
        if !written.is_empty()
            && !is_templated(written)
            && !known.contains(written)
            && !v.is_fragment()
        {
            v.add(
                ids::schema::REFERENCE,
                name,
                format!("the pods of this Job have no container `{written}`"),
                None,
            );
        }
    }
    let per_index = spec.field("backoffLimitPerIndex").is_some();
    let index = |rule: &Node<'_>| text(*rule, "action") == Some("FailIndex");
    if let Some(rule) = rules().find(|rule| index(rule) && !per_index) {
        conflict(
            v,
            key_of(rule, "action"),
            "`FailIndex` needs `backoffLimitPerIndex`",
        );
    }
    let replacement = spec.field("podReplacementPolicy");
    let other = |n: &Node<'_>| n.as_str() == Some("TerminatingOrFailed");
    if let Some(replacement) = replacement.filter(|n| failure.is_some() && other(n)) {
        conflict(
            v,
            replacement,
            "with `podFailurePolicy` only `Failed` pods are replaced",
        );
    }
    let completions = spec.field("completions").and_then(Node::as_int);
    if let Some((key, value)) = spec.pair("maxFailedIndexes").filter(|(_, n)| !n.is_null()) {
        if !per_index {
            conflict(v, key, "`maxFailedIndexes` needs `backoffLimitPerIndex`");
        }
        if value
            .as_int()
            .zip(completions)
            .is_some_and(|(most, all)| most > all)
        {
            conflict(v, value, "`maxFailedIndexes` is above `completions`");
        }
    }
    let indexed = text(spec, "completionMode") == Some("Indexed");
    let many = |n: &Node<'_>| n.as_int().is_some_and(|n| n > 100_000);
    if let Some(parallel) = spec.field("parallelism").filter(|n| indexed && many(n)) {
        v.add(
            ids::schema::RANGE,
            parallel,
            "an Indexed Job runs 100000 pods at once at most".to_owned(),
            None,
        );
    }
    for field in ["successPolicy", "backoffLimitPerIndex"] {
        let given = spec.pair(field).filter(|(_, value)| !value.is_null());
        if let Some((key, _)) = given.filter(|_| !indexed) {
            conflict(v, key, format!("`{field}` needs `completionMode: Indexed`"));
        }
    }
    if indexed && spec.field("completions").is_none() && !v.is_fragment() {
        let message = "`completions` is missing: `completionMode: Indexed` needs it";
        missing(v, spec.lacking(), message);
    }
    for rule in items(spec.at(&["successPolicy", "rules"])) {
        let count = rule.field("succeededCount");
        let over = |n: &Node<'_>| n.as_int().zip(completions).is_some_and(|(n, all)| n > all);
        if let Some(count) = count.filter(over) {
            v.add(
                ids::schema::RANGE,
                count,
                "`succeededCount` is above `completions`".to_owned(),
                None,
            );
        }
        let Some(indexes) = rule.field("succeededIndexes") else {
            continue;
        };
        let written = indexes.as_str().unwrap_or_default();
        let named = indexes_of(written);
        let beyond = named.and_then(|(_, last)| completions.filter(|all| i64::from(last) >= *all));
        if let Some(all) = beyond {
            let message =
                format!("`succeededIndexes` has an index beyond those of {all} completions");
            v.add(ids::schema::RANGE, indexes, message, None);
        }
        let more = |n: &Node<'_>| n.as_int().zip(named).is_some_and(|(n, (many, _))| n > many);
        if let Some(count) = rule.field("succeededCount").filter(more) {
            let message = "`succeededCount` is above the number of `succeededIndexes`".to_owned();
            v.add(ids::schema::RANGE, count, message, None);
        }
        v.form(
            is_templated(written) || named.is_some(),
            indexes,
            "succeededIndexes",
            "indexes such as `0,2-5` in their order",
        );
    }
}

/// How many indexes `0,2-5` names, and the last of them; `None` where it is none such.
fn indexes_of(text: &str) -> Option<(i64, u32)> {
    let mut last: Option<u32> = None;
    let mut many = 0;
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (from.parse::<u32>().ok()?, to.parse::<u32>().ok()?);
        let rising = last.is_none_or(|last| from > last);
        if !rising || from > to || from == to && part.contains('-') {
            return None;
        }
        many += i64::from(to - from) + 1;
        last = Some(to);
    }
    Some((many, last?))
}

/// The zone of a CronJob stands in its own field.
pub(super) fn cron_job<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let schedule = spec.field("schedule");
    let zoned = |n: &Node<'_>| n.as_str().is_some_and(|t| t.contains("TZ="));
    if let Some(schedule) = schedule.filter(zoned) {
        conflict(
            v,
            schedule,
            "a schedule has no time zone: write it into `timeZone`",
        );
    }
    let manual = spec.at(&["jobTemplate", "spec", "manualSelector"]);
    if let Some(manual) = manual.filter(|n| n.as_bool() == Some(true)) {
        conflict(
            v,
            manual,
            "the Jobs of a CronJob have selectors of their own",
        );
    }
}

/// What a metric is asked to be: the kind of metric says in which fields, whatever the target's type is.
pub(super) fn metric_target<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let (fields, alone): (&[&str], bool) = match v.within_type() {
        Some("ResourceMetricSource" | "ContainerResourceMetricSource") => {
            (&["averageUtilization", "averageValue"], true)
        }
        Some("PodsMetricSource") => (&["averageValue"], false),
        Some("ExternalMetricSource") => (&["value", "averageValue"], true),
        Some("ObjectMetricSource") => (&["value", "averageValue"], false),
        _ => return,
    };
    let given: Vec<&str> = fields
        .iter()
        .copied()
        .filter(|f| map.field(f).is_some())
        .collect();
    match given.as_slice() {
        [] => {
            let message = format!(
                "`{}` is missing: this target needs it",
                fields.join("` or `")
            );
            missing(v, map.lacking(), message);
        }
        [first, second] if alone => {
            conflict(
                v,
                key_of(map, second),
                format!("`{first}` and `{second}` exclude each other"),
            );
        }
        _ => {}
    }
    for field in ["value", "averageValue"] {
        let wrong = |n: &Node<'_>| amount(*n).is_some_and(|amount| amount <= 0.0);
        if let Some(value) = map.field(field).filter(wrong) {
            v.add(
                ids::schema::RANGE,
                value,
                format!("`{field}` must be above zero"),
                None,
            );
        }
    }
}

/// A metric has the source that its type names, and no other.
pub(super) fn metric<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const SOURCES: [(&str, &str); 5] = [
        ("ContainerResource", "containerResource"),
        ("External", "external"),
        ("Object", "object"),
        ("Pods", "pods"),
        ("Resource", "resource"),
    ];
    let kind = text(map, "type").unwrap_or_default();
    if !SOURCES.iter().any(|(name, _)| *name == kind) {
        return;
    }
    let other = SOURCES
        .iter()
        .find(|(name, field)| *name != kind && map.field(field).is_some());
    if let Some((_, field)) = other {
        conflict(
            v,
            key_of(map, field),
            format!("a metric of type {kind} has no `{field}`"),
        );
    }
}
