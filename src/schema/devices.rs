//! Rules of validation between the fields of devices, slices of them and claims to them (pkg/apis/resource validation of Kubernetes).

use super::cross_field::{amount, conflict, judged, key_of, missing, own_key, text};
use super::format;
use super::validator::Validator;
use crate::ids;
use crate::kube::{is_known, is_replaced};
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::collections::HashSet;

/// All devices have no number.
pub(super) fn request<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let all = text(map, "allocationMode") == Some("All");
    let count = map
        .field("count")
        .filter(|n| n.as_int().is_some_and(|n| n != 0));
    if let Some(count) = count.filter(|_| all) {
        conflict(v, count, "`allocationMode: All` takes no `count`");
    }
}

/// Requests, and what refers to them by name.
pub(super) fn claim<'d>(v: &mut Validator<'d>, map: Node<'d>) {
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
                let message = "`count` must be above zero".to_owned();
                v.add(ids::schema::RANGE, count, message, None);
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
            let at = first_of(constraint, &["matchAttribute", "distinctAttribute"]);
            missing(v, at, message);
        }
    }
    configurations(v, map);
}

/// What drivers are told.
pub(super) fn configurations<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for config in map.list("config") {
        let Some(opaque) = config.field("opaque") else {
            let message = "`opaque` is missing; it holds the parameters for the driver";
            missing(v, key_of(config, "opaque"), message);
            continue;
        };
        let parameters = opaque.field("parameters");
        if let Some(other) = parameters.filter(|p| p.kind() != NodeKind::Map) {
            v.wrong(other, "parameters", "a map");
        }
    }
}

/// A toleration that asks for a key only compares with no value.
pub(super) fn toleration<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some((value, written)) = judged(map, "value") else {
        return;
    };
    if text(map, "operator") == Some("Exists") {
        conflict(v, value, "`operator: Exists` takes no `value`");
    } else {
        let what = "at most 63 letters, digits, `-`, `_` and `.`";
        v.form(format::is_label_value(written), value, "value", what);
    }
}

/// The first key of some that a map has, be it with nothing; the map's own place where it has none.
fn first_of<'d>(map: Node<'d>, keys: &[&str]) -> NodeSpan<'d> {
    let first = keys.iter().find_map(|key| map.pair(key));
    first.map_or_else(|| map.lacking(), |(key, _)| key.into())
}

/// Fields that say on which nodes devices are, those that are set; what is set to nothing is told.
fn places<'d>(v: &mut Validator<'d>, map: Node<'d>, keys: &[&str]) -> Vec<Node<'d>> {
    let mut given = Vec::new();
    for (key, value) in map.entries() {
        let name = key.text().unwrap_or_default();
        if !keys.contains(&name) || value.is_null() {
            continue;
        }
        if value.as_bool() == Some(false) || value.text() == Some("") {
            let message = format!("`{name}` must be true or a name, or be left out");
            conflict(v, value, message);
        } else {
            given.push(key);
        }
    }
    given
}

/// That devices are in one way on nodes.
fn one_place<'d>(v: &mut Validator<'d>, map: Node<'d>, keys: &[&str]) {
    let given = places(v, map, keys);
    let names = keys.join("`, `");
    match given.as_slice() {
        [] if !v.is_fragment() => {
            let message = format!("one of `{names}` is needed: on which nodes the devices are");
            missing(v, first_of(map, keys), message);
        }
        [_, second, ..] => {
            conflict(v, *second, format!("`{names}` exclude each other"));
        }
        _ => {}
    }
}

/// Where the devices of a slice are, and each of them.
pub(super) fn slice<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    const PLACES: [&str; 4] = [
        "nodeName",
        "nodeSelector",
        "allNodes",
        "perDeviceNodeSelection",
    ];
    one_place(v, spec, &PLACES);
    let terms = spec
        .field("nodeSelector")
        .and_then(|s| s.field("nodeSelectorTerms"));
    if let Some(terms) = terms.filter(|terms| terms.items().count() > 1) {
        conflict(
            v,
            own_key(terms),
            "the nodes of a slice are chosen by one term",
        );
    }
    if let Some((key, _)) = spec
        .pair("sharedCounters")
        .filter(|(_, list)| !list.is_null())
        && spec.field("devices").is_some()
    {
        let message = "`devices` and `sharedCounters` exclude each other: make it two slices";
        conflict(v, key, message);
    }
    let each = spec.field("perDeviceNodeSelection").and_then(Node::as_bool) == Some(true);
    let devices = || spec.list("devices");
    let list = |device: Node<'d>, key: &str| device.list(key).next().is_some();
    let advanced = devices().any(|d| list(d, "taints") || list(d, "consumesCounters"));
    let most = if advanced { 64 } else { 128 };
    let count = devices().count();
    if count > most {
        let message =
            format!("a slice must have at most {most} such devices, and this has {count}");
        v.add(ids::schema::RANGE, key_of(spec, "devices"), message, None);
    }
    for device in devices().filter(|device| device.kind() == NodeKind::Map) {
        self::device(v, device, each);
    }
    let skipped = |name: &str| {
        let mut list = spec.list("skipNodeOperations");
        list.any(|item| item.as_str() == Some(name))
    };
    if skipped("NodePrepareResources") && !skipped("NodeUnprepareResources") && !skipped("*") {
        let message = "`NodePrepareResources` cannot be skipped without `NodeUnprepareResources`";
        conflict(v, key_of(spec, "skipNodeOperations"), message);
    }
}

fn device<'d>(v: &mut Validator<'d>, device: Node<'d>, each: bool) {
    const PLACES: [&str; 3] = ["nodeName", "nodeSelector", "allNodes"];
    if each {
        one_place(v, device, &PLACES);
    } else if let Some(key) = PLACES.into_iter().find(|key| device.field(key).is_some()) {
        let message =
            format!("`{key}` of a device needs `perDeviceNodeSelection: true` of the slice");
        conflict(v, key_of(device, key), message);
    }
    let entries = |key: &str| device.field(key).into_iter().flat_map(Node::entries);
    let count = entries("attributes").chain(entries("capacity")).count();
    if count > 32 {
        let message = format!(
            "a device must have at most 32 attributes and capacities, and this has {count}"
        );
        v.add(ids::schema::RANGE, device.lacking(), message, None);
    }
    for (name, attribute) in entries("attributes") {
        if attribute.is_null() {
            let name = name.text().unwrap_or_default();
            missing(
                v,
                own_key(attribute),
                format!("the attribute `{name}` has no value"),
            );
        }
    }
    let shared = device
        .field("allowMultipleAllocations")
        .and_then(Node::as_bool)
        == Some(true);
    for (_, capacity) in entries("capacity") {
        let Some(policy) = capacity.field("requestPolicy") else {
            continue;
        };
        if shared {
            let most = capacity.field("value").and_then(amount).unwrap_or_default();
            request_policy(v, policy, most);
        } else {
            let message = "`requestPolicy` needs `allowMultipleAllocations: true` of the device";
            conflict(v, own_key(policy), message);
        }
    }
    binding_conditions(v, device);
}

fn binding_conditions<'d>(v: &mut Validator<'d>, device: Node<'d>) {
    const SUCCESS: &str = "bindingConditions";
    const FAILURE: &str = "bindingFailureConditions";
    for (one, other) in [(SUCCESS, FAILURE), (FAILURE, SUCCESS)] {
        if device.list(one).next().is_some() && device.list(other).next().is_none() {
            let message = format!("`{other}` is missing: `{one}` needs it");
            missing(v, key_of(device, other), message);
        }
    }
    let conditions: HashSet<&str> = device.list(SUCCESS).filter_map(Node::text).collect();
    for failure in device.list(FAILURE) {
        if failure.text().is_some_and(|text| conditions.contains(text)) && is_known(failure) {
            conflict(v, failure, "a condition means success or failure, not both");
        }
    }
}

/// How much of a device's capacity one claim may take.
fn request_policy<'d>(v: &mut Validator<'d>, policy: Node<'d>, most: f64) {
    let values: Vec<Node<'d>> = policy.list("validValues").collect();
    let range = policy.field("validRange");
    if let Some(range) = range.filter(|_| !values.is_empty()) {
        conflict(
            v,
            own_key(range),
            "`validValues` and `validRange` exclude each other",
        );
        return;
    }
    if values.is_empty() && range.is_none() {
        return;
    }
    let Some(default) = policy.field("default") else {
        let message = "`default` is missing: what a claim takes that says nothing";
        missing(v, key_of(policy, "default"), message);
        return;
    };
    let Some(usual) = amount(default) else { return };
    if let Some(range) = range {
        valid_range(v, range, default, usual, most);
        return;
    }
    let mut before = None;
    let mut found = false;
    for value in values {
        let Some(number) = amount(value) else { return };
        if number > most {
            conflict(v, value, "this is above the capacity's `value`");
        } else if before.is_some_and(|before| before > number) {
            conflict(v, value, "`validValues` must be in ascending order");
        } else if before.is_some_and(|before| same(before, number)) {
            let message = "this value is listed twice".to_owned();
            v.add(ids::schema::DUPLICATE_ITEM, value, message, None);
        }
        found |= same(number, usual);
        before = Some(number);
    }
    if !found {
        conflict(
            v,
            key_of(policy, "validValues"),
            "`default` must be one of `validValues`",
        );
    }
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < f64::EPSILON * one.abs().max(1.0)
}

fn valid_range<'d>(
    v: &mut Validator<'d>,
    range: Node<'d>,
    default: Node<'d>,
    usual: f64,
    most: f64,
) {
    let bound = |key: &str| {
        range
            .field(key)
            .and_then(|node| Some((node, amount(node)?)))
    };
    let Some((low, least)) = bound("min") else {
        if range.field("min").is_none() {
            missing(
                v,
                key_of(range, "min"),
                "`min` is missing: a range begins with it",
            );
        }
        return;
    };
    if least > most {
        conflict(v, low, "`min` is above the capacity's `value`");
    }
    if usual < least {
        conflict(v, default, "`default` is below `min`");
    }
    if let Some((high, number)) = bound("max") {
        if number < least {
            conflict(v, high, "`max` is below `min`");
        } else if number > most {
            conflict(v, high, "`max` is above the capacity's `value`");
        } else if usual > number {
            conflict(v, default, "`default` is above `max`");
        }
    }
    let Some((at, step)) = bound("step") else {
        return;
    };
    let steps = |number: f64| {
        let rest = (number - least) % step;
        same(rest, 0.0)
    };
    if step <= 0.0 {
        v.add(
            ids::schema::RANGE,
            at,
            "`step` must be above zero".to_owned(),
            None,
        );
    } else if least + step > most {
        conflict(
            v,
            at,
            "one `step` from `min` is above the capacity's `value`",
        );
    } else if !steps(usual) || !bound("max").is_none_or(|(_, number)| steps(number)) {
        conflict(v, at, "`default` and `max` must be whole steps from `min`");
    }
}

/// The value of an attribute: of one type.
pub(super) fn attribute<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const TYPES: [&str; 8] = [
        "bool", "bools", "int", "ints", "string", "strings", "version", "versions",
    ];
    let mut given = map
        .entries()
        .filter(|(key, value)| !value.is_null() && key.text().is_some_and(|k| TYPES.contains(&k)));
    match (given.next(), given.next()) {
        (None, _) => {
            let message = "an attribute needs one of `bool`, `int`, `string` and `version`, or a list of them";
            missing(v, map.lacking(), message);
        }
        (_, Some((second, _))) => conflict(v, second, "an attribute has one value"),
        (Some((key, value)), None) => {
            let name = key.text().unwrap_or_default();
            if value.kind() == NodeKind::Seq && value.is_empty() {
                missing(
                    v,
                    key,
                    format!("`{name}` is empty: an attribute needs a value"),
                );
            }
            let version = name.starts_with("version");
            let texts = value
                .items()
                .chain(Some(value).filter(|n| n.kind() == NodeKind::Str));
            for at in texts.filter(|at| version && is_known(*at)) {
                let fits = at.as_str().is_none_or(format::is_semver);
                v.form(fits, at, name, "a version such as `1.2.3` (semver.org)");
            }
        }
    }
}

/// Counters have names.
pub(super) fn counters<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for (key, _) in map.field("counters").into_iter().flat_map(Node::entries) {
        let fits = key
            .text()
            .is_none_or(|k| format::is_label(k) || is_replaced(k));
        v.form(
            fits,
            key,
            "counters",
            "a map whose keys are lower-case letters, digits and dashes",
        );
    }
}

/// Names of attributes and capacities.
pub(super) fn names<'d>(v: &mut Validator<'d>, device: Node<'d>) {
    for list in ["attributes", "capacity"] {
        for (key, _) in device.field(list).into_iter().flat_map(Node::entries) {
            let fits = key
                .text()
                .is_none_or(|k| format::is_device_name(k) || is_replaced(k));
            let what = "a map whose keys are identifiers of at most 32 letters, digits and `_`, perhaps behind a domain and a slash";
            v.form(fits, key, list, what);
        }
    }
}
