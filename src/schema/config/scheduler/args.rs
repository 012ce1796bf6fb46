//! Arguments of plugins: the built-in `…Args` of the scheduler.

use super::{fits_label, go_text, list, place};
use crate::ids;
use crate::kube::is_unresolved;
use crate::schema::cross_field::{conflict, key_of, missing};
use crate::schema::format::is_qualified;
use crate::schema::validator::Validator;
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::collections::HashSet;

/// An integer to Go: what is not there, or null, is the default.
fn go_int(map: Node<'_>, key: &str, default: i64) -> Option<i64> {
    map.field(key).map_or(Some(default), Node::as_int)
}

fn out_of_range<'d>(v: &mut Validator<'d>, at: impl Into<NodeSpan<'d>>, message: &str) {
    v.add(ids::schema::RANGE, at, message.to_owned(), None);
}

/// The name of a label, which a resource's or a topology's is, too.
fn label_name<'d>(v: &mut Validator<'d>, node: Node<'d>, field: &str) {
    let text = node.text().filter(|_| !node.is_null()).unwrap_or_default();
    if !is_unresolved(text) && !is_qualified(text) {
        let what =
            "a name of letters, digits, `-`, `_` and `.`, optionally after a domain and a slash";
        v.refused(node, field, what);
    }
}

/// How many nodes are looked at for victims.
pub(in crate::schema) fn preemption<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const SHARE: &str = "minCandidateNodesPercentage";
    const NUMBER: &str = "minCandidateNodesAbsolute";
    if go_int(map, SHARE, 10) == Some(0) && go_int(map, NUMBER, 100) == Some(0) {
        let message = format!("`{SHARE}` and `{NUMBER}` cannot both be 0");
        conflict(v, place(map, SHARE), message);
    }
}

/// Constraints that pods get that have none.
pub(in crate::schema) fn topology_spread<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const ACTIONS: [&str; 2] = ["DoNotSchedule", "ScheduleAnyway"];
    let constraints = list(map, "defaultConstraints");
    let system = go_text(map, "defaultingType").is_some_and(|t| matches!(t, "" | "System"));
    if system && !constraints.is_empty() && !v.is_fragment() {
        let message = "`defaultConstraints` require `defaultingType: List`; the scheduler rejects them with the default `System`";
        let at = match map.field("defaultingType") {
            Some(ty) if ty.text() != Some("") => ty.into(),
            _ => key_of(map, "defaultConstraints"),
        };
        conflict(v, at, message);
    }
    let mut seen = HashSet::new();
    for constraint in constraints {
        if go_int(constraint, "maxSkew", 0).is_some_and(|skew| skew <= 0) {
            out_of_range(
                v,
                place(constraint, "maxSkew"),
                "`maxSkew` must be greater than 0",
            );
        }
        let (key, action) = (
            go_text(constraint, "topologyKey"),
            go_text(constraint, "whenUnsatisfiable"),
        );
        if key == Some("") {
            missing(
                v,
                place(constraint, "topologyKey"),
                "`topologyKey` is missing",
            );
        } else if let Some(node) = constraint.field("topologyKey") {
            label_name(v, node, "topologyKey");
        }
        match (action, constraint.field("whenUnsatisfiable")) {
            (Some(""), _) => {
                let at = place(constraint, "whenUnsatisfiable");
                missing(v, at, "`whenUnsatisfiable` is missing");
            }
            (Some(action), Some(node)) if !ACTIONS.contains(&action) => {
                v.not_one_of(node, "whenUnsatisfiable", &ACTIONS);
            }
            _ => {}
        }
        if constraint.field("labelSelector").is_some() {
            let message = "a default constraint cannot have `labelSelector`, because the scheduler derives it from the owner of the pod";
            conflict(v, key_of(constraint, "labelSelector"), message);
        }
        let pair = key.zip(action);
        if pair.is_some_and(|pair| !seen.insert(pair)) {
            let message = "two constraints have the same `topologyKey` and `whenUnsatisfiable`";
            let at = place(constraint, "topologyKey");
            v.add(ids::schema::DUPLICATE_ITEM, at, message.to_owned(), None);
        }
    }
}

/// Whether the plugin of the arguments at hand runs in its profile; only then they are looked at.
fn runs(v: &Validator<'_>, name: &str) -> bool {
    let profile = v
        .types
        .iter()
        .find(|(_, ty)| ty.short().ends_with("/profiles"));
    let Some(plugins) = profile.and_then(|(profile, _)| profile.field("plugins")) else {
        return true;
    };
    let has = |set: Node<'_>, list: &str, all: bool| {
        let mut names = set
            .list(list)
            .filter_map(|item| item.field("name")?.as_str());
        names.any(|own| own == name || all && own == "*")
    };
    let off = plugins
        .field("multiPoint")
        .is_some_and(|set| has(set, "disabled", true));
    !off || plugins.entries().any(|(_, set)| has(set, "enabled", false))
}

/// Which resources are looked at, and how nodes are compared.
pub(in crate::schema) fn resources_fit<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const RATIO: &str = "requestedToCapacityRatio";
    if !runs(v, "NodeResourcesFit") {
        return;
    }
    for key in ["ignoredResources", "ignoredResourceGroups"] {
        for item in map.list(key) {
            let slash = key.ends_with("Groups") && item.text().is_some_and(|t| t.contains('/'));
            if slash {
                v.refused(item, key, "the name of a group, without a slash");
            } else {
                label_name(v, item, key);
            }
        }
    }
    let Some(strategy) = map.field("scoringStrategy") else {
        return;
    };
    for resource in strategy.list("resources") {
        let weight = resource.field("weight").and_then(Node::as_int);
        if weight.is_some_and(|weight| !(0..=100).contains(&weight)) {
            let at = place(resource, "weight");
            out_of_range(v, at, "`weight` must be from 1 to 100");
        }
    }
    let ratio = strategy.field(RATIO);
    match (go_text(strategy, "type"), ratio) {
        (Some(""), _) if !v.is_fragment() => {
            let message = "`type` is missing, which `scoringStrategy` requires";
            missing(v, place(strategy, "type"), message);
        }
        (Some("RequestedToCapacityRatio"), None) if !v.is_fragment() => {
            let message = format!("`type: RequestedToCapacityRatio` requires `{RATIO}`");
            missing(v, place(strategy, "type"), message);
        }
        (Some("RequestedToCapacityRatio"), Some(ratio)) => shape(v, ratio, true),
        (Some("LeastAllocated" | "MostAllocated"), Some(_)) => {
            let message = format!("`{RATIO}` requires `type: RequestedToCapacityRatio`");
            conflict(v, place(strategy, "type"), message);
        }
        _ => {}
    }
}

/// Points of a function from how much of a node is used to its score.
fn shape<'d>(v: &mut Validator<'d>, map: Node<'d>, is_needed: bool) {
    let points = list(map, "shape");
    if points.is_empty() && is_needed && !v.is_fragment() {
        missing(
            v,
            key_of(map, "shape"),
            "`shape` requires at least one point",
        );
    }
    let utilization = |point: &Node<'d>| go_int(*point, "utilization", 0);
    let mut sorted = true;
    for (at, point) in points.iter().enumerate() {
        let used = utilization(point);
        let before = at.checked_sub(1).and_then(|at| points.get(at));
        let before = before.and_then(utilization);
        if used.is_some_and(|used| !(0..=100).contains(&used)) {
            let message = "`utilization` must be from 0 to 100";
            out_of_range(v, place(*point, "utilization"), message);
        } else if sorted
            && before
                .zip(used)
                .is_some_and(|(before, used)| before >= used)
        {
            sorted = false;
            let message = "points must be sorted, so `utilization` must be greater than that of the previous point";
            conflict(v, place(*point, "utilization"), message);
        }
        if go_int(*point, "score", 0).is_some_and(|score| !(0..=10).contains(&score)) {
            let message = "`score` must be from 0 to 10";
            out_of_range(v, place(*point, "score"), message);
        }
    }
}

/// The scores of nodes whose storage is used more or less.
pub(in crate::schema) fn volume_binding<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    shape(v, map, false);
}

/// Resources that are to be used alike.
pub(in crate::schema) fn balanced<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let mut seen = HashSet::new();
    for resource in map.list("resources") {
        if go_int(resource, "weight", 1).is_some_and(|weight| !matches!(weight, 0 | 1)) {
            out_of_range(v, place(resource, "weight"), "`weight` must be 1");
        }
        let name = go_text(resource, "name");
        if name.is_some_and(|name| !seen.insert(name)) {
            let message =
                "the resource is listed twice, so the scheduler rejects the file".to_owned();
            v.add(
                ids::schema::DUPLICATE_ITEM,
                place(resource, "name"),
                message,
                None,
            );
        }
    }
}

/// The affinity that all pods of the profile get.
pub(in crate::schema) fn node_affinity<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some(added) = map.field("addedAffinity") else {
        return;
    };
    let required = added.field("requiredDuringSchedulingIgnoredDuringExecution");
    for selector in required
        .into_iter()
        .flat_map(|r| r.list("nodeSelectorTerms"))
    {
        term(v, selector);
    }
    for preferred in added.list("preferredDuringSchedulingIgnoredDuringExecution") {
        // A weight of zero is no preference, and nobody reads it.
        if go_int(preferred, "weight", 0) != Some(0)
            && let Some(preference) = preferred.field("preference")
        {
            term(v, preference);
        }
    }
}

fn term<'d>(v: &mut Validator<'d>, term: Node<'d>) {
    for expression in term.list("matchExpressions") {
        label_expression(v, expression);
    }
    for expression in term.list("matchFields") {
        field_expression(v, expression);
    }
}

/// The operator, where it is one of these; what is said otherwise.
fn operator<'d>(v: &mut Validator<'d>, expression: Node<'d>, known: &[&str]) -> Option<&'d str> {
    let operator = go_text(expression, "operator")?;
    if known.contains(&operator) {
        return Some(operator);
    }
    match expression
        .field("operator")
        .filter(|_| !operator.is_empty())
    {
        Some(node) => v.not_one_of(node, "operator", known),
        None => {
            missing(v, place(expression, "operator"), "`operator` is missing");
        }
    }
    None
}

fn label_expression<'d>(v: &mut Validator<'d>, expression: Node<'d>) {
    const OPERATORS: [&str; 6] = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];
    let Some(operator) = operator(v, expression, &OPERATORS) else {
        return;
    };
    match (go_text(expression, "key"), expression.field("key")) {
        (Some(""), _) => {
            missing(v, place(expression, "key"), "`key` is missing");
        }
        (Some(_), Some(key)) => label_name(v, key, "key"),
        _ => {}
    }
    let values = list(expression, "values");
    let at_values = || key_of(expression, "values");
    let number = |node: &&Node<'_>| {
        let text = node.text().unwrap_or_default();
        !is_unresolved(text) && text.parse::<i64>().is_err()
    };
    match operator {
        "In" | "NotIn" if values.is_empty() => {
            let message = format!("`{operator}` requires `values`");
            missing(v, at_values(), message);
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            conflict(
                v,
                place(expression, "operator"),
                format!("`{operator}` cannot have `values`"),
            );
        }
        "Gt" | "Lt" if values.len() != 1 => {
            let message = format!("`{operator}` requires one integer value");
            conflict(v, place(expression, "operator"), message);
        }
        "Gt" | "Lt" => {
            if let Some(value) = values.iter().find(number) {
                v.refused(*value, "values", "an integer");
            }
        }
        _ => {}
    }
    for value in values.into_iter().filter(|value| !fits_label(*value)) {
        let what = "a label value of at most 63 letters, digits, `-`, `_` and `.`";
        v.refused(value, "values", what);
    }
}

fn field_expression<'d>(v: &mut Validator<'d>, expression: Node<'d>) {
    if operator(v, expression, &["In", "NotIn"]).is_none() {
        return;
    }
    let values = expression.field("values");
    if values.is_none_or(|values| values.kind() == NodeKind::Seq && values.items().count() != 1) {
        conflict(
            v,
            key_of(expression, "values"),
            "a field requires one value",
        );
    }
}
