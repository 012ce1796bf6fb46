//! Rules of validation between the fields of quotas and limits (pkg/apis/core validation of Kubernetes).

use super::cross_field::{amount, conflict, key_of, missing, text};
use super::format;
use super::validator::Validator;
use crate::ids;
use crate::kube::is_replaced;
use crate::yaml::{Node, items};

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
            let above = item.field(high).and_then(|map| map.pair(resource));
            let above = above.map(|(_, value)| value);
            let amounts = quantity(value).zip(above.and_then(quantity));
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
    quota_scopes(v, spec);
    let hard = spec.field("hard");
    for (name, value) in hard.into_iter().flat_map(Node::entries) {
        let resource = name.text().unwrap_or_default();
        let counts = is_extended(resource) || OBJECTS.contains(&resource);
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
}

/// Whether a resource is of others than Kubernetes: a number of devices, say.
fn is_extended(resource: &str) -> bool {
    resource.contains('/')
        && !resource.contains("kubernetes.io/")
        && !resource.starts_with("requests.")
}

/// What the scopes of a quota are about, and which exclude each other.
fn quota_scopes<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    const OF_PODS: [&str; 7] = [
        "cpu",
        "limits.cpu",
        "limits.memory",
        "memory",
        "pods",
        "requests.cpu",
        "requests.memory",
    ];
    let hard = || spec.field("hard").into_iter().flat_map(Node::entries);
    let plain = spec.list("scopes");
    let selector = spec.field("scopeSelector");
    let chosen = items(selector.and_then(|s| s.field("matchExpressions")));
    let chosen = chosen.filter_map(|expression| expression.field("scopeName"));
    for scopes in [plain.collect::<Vec<_>>(), chosen.collect()] {
        let has = |name: &str| scopes.iter().any(|scope| scope.as_str() == Some(name));
        for (one, other) in [
            ("BestEffort", "NotBestEffort"),
            ("Terminating", "NotTerminating"),
        ] {
            if let Some(at) = scopes.last().filter(|_| has(one) && has(other)) {
                conflict(v, *at, format!("`{one}` and `{other}` exclude each other"));
            }
        }
        for scope in scopes {
            let covered: &[&str] = match scope.as_str() {
                Some("BestEffort") => &["pods"],
                Some("VolumeAttributesClass") => &["persistentvolumeclaims", "requests.storage"],
                Some(
                    "Terminating"
                    | "NotTerminating"
                    | "NotBestEffort"
                    | "PriorityClass"
                    | "CrossNamespacePodAffinity",
                ) => &OF_PODS,
                _ => continue,
            };
            let other = |name: &str| {
                let standard =
                    format::QUOTA_RESOURCES.contains(&name) || name.contains("hugepages-");
                standard && !name.contains('/') && !covered.contains(&name)
            };
            let mut names = hard().filter_map(|(name, _)| name.text());
            if let Some(name) = names.find(|name| other(name)) {
                let scope_name = scope.as_str().unwrap_or_default();
                let message = format!(
                    "the scope {scope_name} is not about `{name}`: make it a quota of its own"
                );
                conflict(v, scope, message);
                return;
            }
        }
    }
}

/// Whether a resource has a domain of Kubernetes.
fn is_own(resource: &str) -> bool {
    resource.contains("kubernetes.io/") && format::is_qualified(resource)
}

/// An amount; null is none of it.
fn quantity(node: Node<'_>) -> Option<f64> {
    if node.is_null() {
        return Some(0.0);
    }
    amount(node)
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
    let of_pods = matches!(kind, "Pod" | "Container");
    let what = if of_pods {
        "a map whose keys are `cpu`, `memory`, `ephemeral-storage` or names with a domain"
    } else {
        "a map whose keys are resources that Kubernetes knows or names with a domain"
    };
    let known = |resource: &str| match resource {
        "cpu" | "memory" | "ephemeral-storage" if of_pods => true,
        _ if of_pods => {
            resource.starts_with("hugepages-")
                || is_own(resource)
                || format::is_extended_resource(resource)
        }
        _ => resource == "storage" || format::is_quota_resource(resource),
    };
    for key in [
        "max",
        "min",
        "default",
        "defaultRequest",
        "maxLimitRequestRatio",
    ] {
        for (name, _) in item.field(key).into_iter().flat_map(Node::entries) {
            let resource = name.text().unwrap_or_default();
            v.form(known(resource) || is_replaced(resource), name, key, what);
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
        let fixed = resource.starts_with("hugepages-")
            || resource.contains('/') && !resource.contains("kubernetes.io/");
        if fixed && differs {
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
            missing(v, key_of(map, "values"), message);
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
