//! Rules of validation between the fields of volumes, devices, quotas and limits (pkg/apis/core, storage and resource validation of
//! Kubernetes).

use super::cross_field::{amount, conflict, key_of, missing, text};
use super::format;
use super::validator::Validator;
use crate::ids;
use crate::kube::is_replaced;
use crate::yaml::Node;
use std::collections::HashSet;

pub(super) fn limit_range<'d>(v: &mut Validator<'d>, item: Node<'d>) {
    const ORDER: [(&str, &str); 6] = [
        ("min", "max"),
        ("min", "default"),
        ("min", "defaultRequest"),
        ("defaultRequest", "default"),
        ("defaultRequest", "max"),
        ("default", "max"),
    ];
    of_limit_type(v, item);
    for (low, high) in ORDER {
        for (name, value) in item.field(low).into_iter().flat_map(Node::entries) {
            let resource = name.text().unwrap_or_default();
            let above = item.at(&[high, resource]);
            let amounts = amount(value).zip(above.and_then(amount));
            if let Some(above) = above.filter(|_| amounts.is_some_and(|(low, high)| low > high)) {
                // A default is within the limits, not the other way round.
                let (at, message) = if low == "min" && high != "max" {
                    (
                        above,
                        format!("`{high}` of {resource} is below its `{low}`"),
                    )
                } else {
                    (
                        value,
                        format!("`{low}` of {resource} is above its `{high}`"),
                    )
                };
                conflict(v, at, message);
                return;
            }
        }
    }
}

fn access_modes<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const ALONE: &str = "ReadWriteOncePod";
    let alone = map.list("accessModes").any(|m| m.as_str() == Some(ALONE));
    if alone && map.list("accessModes").count() > 1 {
        conflict(
            v,
            key_of(map, "accessModes"),
            "`ReadWriteOncePod` cannot stand beside other modes",
        );
    }
}

/// What a quota counts is whole, and what its scopes leave out cannot be limited.
pub(super) fn quota<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    const OBJECTS: [&str; 9] = [
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    ];
    let hard = spec.field("hard");
    let scopes: Vec<&str> = spec.list("scopes").filter_map(Node::as_str).collect();
    for (name, value) in hard.into_iter().flat_map(Node::entries) {
        let resource = name.text().unwrap_or_default();
        let counts = resource.starts_with("count/") || OBJECTS.contains(&resource);
        let amount = amount(value);
        if counts && amount.is_some_and(|amount| amount.fract() != 0.0) {
            v.add(
                ids::schema::RANGE,
                value,
                format!("`{resource}` is a number of objects: it must be whole"),
                None,
            );
        }
    }
    let named = |name: &str| hard.is_some_and(|hard| hard.field(name).is_some());
    let of_pods = hard
        .into_iter()
        .flat_map(Node::entries)
        .any(|(name, _)| name.text() != Some("pods"));
    if scopes.contains(&"BestEffort") && of_pods {
        conflict(
            v,
            key_of(spec, "scopes"),
            "pods of the scope BestEffort ask for nothing: only `pods` can be limited",
        );
    }
    for (a, b) in [
        ("BestEffort", "NotBestEffort"),
        ("Terminating", "NotTerminating"),
    ] {
        if scopes.contains(&a) && scopes.contains(&b) {
            conflict(
                v,
                key_of(spec, "scopes"),
                format!("`{a}` and `{b}` exclude each other"),
            );
        }
    }
    let mut of_objects = OBJECTS.iter().filter(|name| **name != "pods");
    let object = of_objects.find(|name| named(name));
    if let Some(object) = object.filter(|_| {
        !scopes.is_empty()
            && !scopes.contains(&"BestEffort")
            && !scopes.contains(&"VolumeAttributesClass")
    }) {
        conflict(
            v,
            key_of(spec, "scopes"),
            format!("scopes are about pods, and `{object}` is not"),
        );
    }
}

/// All devices have no number.
pub(super) fn device_request<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let all = text(map, "allocationMode") == Some("All");
    let count = map
        .field("count")
        .filter(|n| n.as_int().is_some_and(|n| n != 0));
    if let Some(count) = count.filter(|_| all) {
        conflict(v, count, "`allocationMode: All` takes no `count`");
    }
}

/// Parameters have names.
pub(super) fn storage_class<'d>(v: &mut Validator<'d>, class: Node<'d>) {
    let parameters = class
        .field("parameters")
        .into_iter()
        .flat_map(Node::entries);
    for (key, _) in parameters.filter(|(key, _)| key.text() == Some("")) {
        v.add(
            ids::schema::MISSING_FIELD,
            key,
            "a parameter needs a name".to_owned(),
            None,
        );
    }
}

pub(super) fn volume<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    access_modes(v, spec);
    if spec.field("local").is_some() && spec.field("nodeAffinity").is_none() {
        let message = "`nodeAffinity` is missing: a local volume is on one node";
        missing(v, spec.lacking(), message);
    }
    let path = spec.at(&["hostPath", "path"]).and_then(Node::as_str);
    let root =
        path.is_some_and(|p| p.starts_with('/') && p.split('/').all(|s| matches!(s, "" | ".")));
    for (name, _) in spec.field("capacity").into_iter().flat_map(Node::entries) {
        if name
            .text()
            .is_some_and(|n| n != "storage" && !is_replaced(n))
        {
            v.not_one_of(name, "capacity", &["storage"]);
        }
    }
    let policy = spec.field("persistentVolumeReclaimPolicy");
    if let Some(policy) = policy.filter(|p| root && p.as_str() == Some("Recycle")) {
        conflict(v, policy, "to recycle `/` of a node would empty it");
    }
}

pub(super) fn volume_claim<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    access_modes(v, spec);
    let requests = spec.at(&["resources", "requests"]);
    if let Some(requests) = requests.filter(|r| r.field("storage").is_none() && !v.is_fragment()) {
        let message = "`storage` is missing: a claim asks for an amount of it";
        missing(v, requests.lacking(), message);
    }
    let (source, reference) = (spec.field("dataSource"), spec.field("dataSourceRef"));
    for source in source.into_iter().chain(reference) {
        let core = text(source, "apiGroup").is_none_or(str::is_empty);
        let other = |n: &Node<'_>| {
            n.as_str()
                .is_some_and(|k| !matches!(k, "" | "PersistentVolumeClaim") && !is_replaced(k))
        };
        if let Some(kind) = source.field("kind").filter(|n| core && other(n)) {
            v.not_one_of(kind, "kind", &["PersistentVolumeClaim"]);
        }
    }
    if let (Some(source), Some(reference)) = (source, reference) {
        let same = |key: &str| {
            let value = |map: Node<'d>| map.field(key).and_then(Node::text).unwrap_or_default();
            value(source) == value(reference)
        };
        if !["apiGroup", "kind", "name"].into_iter().all(same) {
            conflict(
                v,
                key_of(spec, "dataSourceRef"),
                "`dataSource` and `dataSourceRef` must name the same",
            );
        }
    }
}

/// What the type of a limit takes.
fn of_limit_type<'d>(v: &mut Validator<'d>, item: Node<'d>) {
    const TYPES: [&str; 3] = ["Container", "Pod", "PersistentVolumeClaim"];
    let kind = text(item, "type").unwrap_or_default();
    // Other programs have types of their own.
    let other = kind.contains('/') && format::is_qualified(kind) || is_replaced(kind);
    let known = kind.is_empty() || other || TYPES.contains(&kind);
    if let Some(at) = item.field("type").filter(|_| !known) {
        v.not_one_of(at, "type", &TYPES);
    }
    if matches!(kind, "Pod" | "Container") {
        for key in [
            "max",
            "min",
            "default",
            "defaultRequest",
            "maxLimitRequestRatio",
        ] {
            for (name, _) in item.field(key).into_iter().flat_map(Node::entries) {
                let resource = name.text().unwrap_or_default();
                let known = matches!(resource, "cpu" | "memory" | "ephemeral-storage")
                    || resource.contains('/')
                    || resource.starts_with("hugepages-")
                    || is_replaced(resource);
                v.form(known, name, key, "a map whose keys are `cpu`, `memory`, `ephemeral-storage` or names with a domain");
            }
        }
    }
    for (name, value) in item
        .field("defaultRequest")
        .into_iter()
        .flat_map(Node::entries)
    {
        let resource = name.text().unwrap_or_default();
        let default = item.at(&["default", resource]).and_then(amount);
        let differs = default.is_some_and(|default| amount(value) != Some(default));
        if resource.starts_with("hugepages-") && differs {
            conflict(
                v,
                value,
                format!(
                    "request and limit of {resource} must be the same: it cannot be overcommitted"
                ),
            );
        }
    }
    if kind == "Pod" {
        for key in ["default", "defaultRequest"] {
            if let Some((key_node, _)) = item.pair(key).filter(|(_, map)| !map.is_empty()) {
                conflict(v, key_node, format!("limits of type Pod have no `{key}`"));
            }
        }
    }
    let stored = |key: &str| item.at(&[key, "storage"]).is_some();
    if kind == "PersistentVolumeClaim" && !stored("min") && !stored("max") {
        let message =
            "limits of type PersistentVolumeClaim need `min` or `max` of `storage`".to_owned();
        let at = item.field("type").and_then(Node::key_node).unwrap_or(item);
        v.add(ids::schema::MISSING_FIELD, at, message, None);
    }
    let ratios = item
        .field("maxLimitRequestRatio")
        .into_iter()
        .flat_map(Node::entries);
    for (name, value) in ratios {
        let resource = name.text().unwrap_or_default();
        let bound = |key: &str| item.at(&[key, resource]).and_then(amount);
        let Some(ratio) = amount(value) else {
            continue;
        };
        let most = bound("max").zip(bound("min")).map(|(max, min)| max / min);
        if ratio < 1.0 {
            conflict(v, value, "a ratio of limit to request is 1 at least");
        } else if most.is_some_and(|most| ratio > most * (1.0 + 1e-9)) {
            conflict(
                v,
                value,
                format!("the ratio of {resource} is above that of `max` to `min`"),
            );
        }
    }
}

/// A scope, and what it is compared with.
pub(super) fn scope<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const ALONE: [&str; 5] = [
        "BestEffort",
        "CrossNamespacePodAffinity",
        "NotBestEffort",
        "NotTerminating",
        "Terminating",
    ];
    let some = map.list("values").next().is_some();
    match text(map, "operator") {
        Some("In" | "NotIn") if !some => {
            let message = "`values` is missing: the operator compares with them";
            missing(v, map.lacking(), message);
        }
        Some("Exists" | "DoesNotExist") if some => {
            conflict(
                v,
                key_of(map, "values"),
                "this operator compares with nothing",
            );
        }
        _ => {}
    }
    let alone = text(map, "scopeName").is_some_and(|scope| ALONE.contains(&scope));
    if let Some(operator) = map
        .field("operator")
        .filter(|o| alone && matches!(o.as_str(), Some("In" | "NotIn" | "DoesNotExist")))
    {
        conflict(v, operator, "this scope is there or not: write `Exists`");
    }
}

/// Requests, and what refers to them by name.
pub(super) fn device_claim<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let mut names: HashSet<String> = HashSet::new();
    for request in map.list("requests") {
        let name = text(request, "name").unwrap_or_default();
        names.insert(name.to_owned());
        let of_request = request
            .list("firstAvailable")
            .filter_map(|sub| text(sub, "name"));
        names.extend(of_request.map(|sub| format!("{name}/{sub}")));
        let exactly = request.field("exactly");
        let count = exactly.into_iter().chain(request.list("firstAvailable"));
        for count in count.filter_map(|r| r.field("count")) {
            if count.as_int().is_some_and(|n| n < 0) {
                v.add(
                    ids::schema::RANGE,
                    count,
                    "`count` must be above zero".to_owned(),
                    None,
                );
            }
        }
    }
    for list in ["constraints", "config"] {
        for part in map.list(list) {
            for request in part.list("requests") {
                let written = request.as_str().unwrap_or_default();
                if !names.contains(written) && !is_replaced(written) && !v.is_fragment() {
                    let message = format!("the claim has no request `{written}`");
                    v.add(ids::schema::REFERENCE, request, message, None);
                }
            }
        }
    }
    for constraint in map.list("constraints") {
        if constraint.field("matchAttribute").is_none()
            && constraint.field("distinctAttribute").is_none()
        {
            let message = "`matchAttribute` is missing: a constraint is about one";
            missing(v, constraint.lacking(), message);
        }
    }
    for config in map.list("config").filter(|c| c.field("opaque").is_none()) {
        let message = "`opaque` is missing: it is what a driver is told";
        missing(v, config.lacking(), message);
    }
}
