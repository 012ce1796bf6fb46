//! Rules of validation between the fields of admission policies and webhooks (pkg/apis/admissionregistration validation of
//! Kubernetes). Expressions in CEL are not compiled: only what cannot be one is found.

use super::cross_field::{conflict, judged, key_of, missing, own_key, text};
use super::format::{is_label_1035, is_label_value, is_subdomain};
use super::validator::Validator;
use crate::ids;
use crate::kube::{is_known, is_replaced};
use crate::yaml::{Node, NodeKind};
use std::collections::HashSet;

/// Words that are no names in CEL.
const RESERVED: [&str; 18] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "return",
    "true",
    "while",
];

fn is_identifier(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    starts && plain && !RESERVED.contains(&name)
}

/// An expression without its comments and what its strings hold; `None` where a string does not end.
fn bare(expression: &str) -> Option<String> {
    let mut out = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some(c) = rest.chars().next() {
        let raw = out.ends_with(['r', 'R']);
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '"' | '\'' => {
                let triple = [c, c, c].iter().collect::<String>();
                let quote = if rest.starts_with(&triple) {
                    triple
                } else {
                    c.to_string()
                };
                let mut within = rest.get(quote.len()..)?;
                while !within.starts_with(&quote) {
                    let mut chars = within.chars();
                    if chars.next()? == '\\' && !raw {
                        chars.next()?;
                    }
                    within = chars.as_str();
                }
                out.push_str("''");
                rest = within.get(quote.len()..)?;
            }
            '/' if after.starts_with('/') => {
                out.push(' ');
                rest = rest
                    .find('\n')
                    .and_then(|end| rest.get(end..))
                    .unwrap_or_default();
            }
            _ => {
                out.push(c);
                rest = after;
            }
        }
    }
    Some(out)
}

/// Whether a text cannot be an expression: brackets or quotes without their partner, or an operator without a side.
fn is_broken(expression: &str) -> bool {
    const SIDES: [char; 15] = [
        '.', '=', '<', '>', '&', '|', '+', '-', '*', '/', '%', '!', '?', ':', ',',
    ];
    let Some(bare) = bare(expression) else {
        return true;
    };
    let mut open = Vec::new();
    for c in bare.chars() {
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' => {
                let partner = open.pop();
                let fits = matches!(
                    (partner, c),
                    (Some('('), ')') | (Some('['), ']') | (Some('{'), '}')
                );
                if !fits {
                    return true;
                }
            }
            _ => {}
        }
    }
    !open.is_empty() || bare.trim_end().ends_with(SIDES)
}

/// An expression in CEL that cannot be one.
pub(super) fn expression<'d>(v: &mut Validator<'d>, node: Node<'d>) {
    let written = node.as_str().unwrap_or_default();
    let name = node.key_node().and_then(Node::text).unwrap_or("expression");
    if is_replaced(written) || written.is_empty() {
        return;
    }
    if written.trim().is_empty() {
        v.add(
            ids::schema::MISSING_FIELD,
            node,
            format!("`{name}` is blank"),
            None,
        );
        return;
    }
    v.form(
        !is_broken(written),
        node,
        name,
        "an expression in CEL with both sides of each operator, quote and bracket",
    );
}

/// Expressions in the items of a list.
fn expressions<'d>(v: &mut Validator<'d>, map: Node<'d>, list: &str, key: &str) {
    for node in map.list(list).filter_map(|item| item.field(key)) {
        expression(v, node);
    }
}

pub(super) fn policy<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let names = spec.list("variables").filter_map(|v| v.field("name"));
    let variables: Vec<Node<'d>> = names.collect();
    for name in &variables {
        let written = name.as_str().unwrap_or_default();
        let fits = written.is_empty() || is_identifier(written) || is_replaced(written);
        v.form(
            fits,
            *name,
            "name",
            "an identifier of CEL: letters, digits and `_`, no reserved word",
        );
    }
    let variables = variables.iter().filter_map(|name| name.text()).collect();
    let parameters = spec.field("paramKind").is_some();
    for (list, key) in [
        ("matchConditions", "expression"),
        ("validations", "expression"),
        ("validations", "messageExpression"),
        ("variables", "expression"),
    ] {
        for node in spec.list(list).filter_map(|item| item.field(key)) {
            expression(v, node);
            of_names(v, node, &variables, parameters);
        }
    }
    expressions(v, spec, "auditAnnotations", "valueExpression");
    for mutation in spec.list("mutations") {
        for key in ["jsonPatch", "applyConfiguration"] {
            if let Some(node) = mutation.at(&[key, "expression"]) {
                expression(v, node);
            }
        }
    }
    param_kind(v, spec);
    let rules = spec.field("matchConstraints").filter(|_| !v.is_fragment());
    if let Some(constraints) = rules.filter(|c| c.list("resourceRules").next().is_none()) {
        let message = "`resourceRules` is missing: a policy is about some resources";
        missing(v, key_of(constraints, "resourceRules"), message);
    }
    if v.root_kind() == Some("MutatingAdmissionPolicy") {
        no_deletions(v, rules);
    }
    for annotation in spec.list("auditAnnotations") {
        if let Some((key, name)) = judged(annotation, "key") {
            let fits = is_label_value(name);
            v.form(
                fits,
                key,
                "key",
                "at most 63 letters, digits, `-`, `_` and `.`",
            );
        }
    }
    for validation in spec.list("validations") {
        let blank = |m: &Node<'_>| {
            m.as_str()
                .is_some_and(|m| !m.is_empty() && m.trim().is_empty())
        };
        if let Some(message) = validation.field("message").filter(blank) {
            v.add(
                ids::schema::MISSING_FIELD,
                message,
                "`message` is blank".to_owned(),
                None,
            );
        }
        let lines = |m: &Node<'_>| m.as_str().is_some_and(|m| m.trim().contains(['\n', '\r']));
        if let Some(message) = validation.field("message").filter(lines) {
            let key = own_key(message);
            conflict(
                v,
                key,
                "`message` must be one line: write `messageExpression` for more",
            );
        }
    }
}

/// What is deleted cannot be changed.
fn no_deletions<'d>(v: &mut Validator<'d>, constraints: Option<Node<'d>>) {
    let rules = constraints
        .into_iter()
        .flat_map(|c| c.list("resourceRules"));
    let operations = rules.flat_map(|rule| rule.list("operations"));
    for operation in operations.filter(|o| o.as_str() == Some("DELETE")) {
        v.not_one_of(
            operation,
            "operations",
            &["*", "CONNECT", "CREATE", "UPDATE"],
        );
    }
}

/// The kind of a policy's parameters.
fn param_kind<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let Some(param) = spec.field("paramKind") else {
        return;
    };
    if let Some((at, written)) = judged(param, "apiVersion") {
        let (group, version) = written.split_once('/').unwrap_or(("", written));
        let fits = (group.is_empty() || is_subdomain(group)) && is_label_1035(version);
        let what = "a group and a version, or the version of the core group";
        v.form(fits, at, "apiVersion", what);
    }
    if let Some((at, kind)) = judged(param, "kind") {
        let fits = is_label_1035(&kind.to_ascii_lowercase());
        v.form(
            fits,
            at,
            "kind",
            "letters, digits and dashes, at most 63, that begin with a letter",
        );
    }
}

/// Names that an expression uses and the policy does not have.
fn of_names<'d>(
    v: &mut Validator<'d>,
    node: Node<'d>,
    variables: &HashSet<&str>,
    parameters: bool,
) {
    let written = node.as_str().unwrap_or_default();
    let Some(bare) = bare(written).filter(|_| !v.is_fragment() && !is_replaced(written)) else {
        return;
    };
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    // Whether a macro gives the name another meaning: `all(params, …)`.
    let bound = |name: &str| {
        let mut places = bare.match_indices(name);
        places.any(|(at, _)| {
            let rest = bare.get(at + name.len()..).unwrap_or_default();
            let before = bare.get(..at).unwrap_or_default().trim_end();
            rest.trim_start().starts_with(',') && before.ends_with(['(', ','])
        })
    };
    let uses = |name: &str| {
        let start = format!("{name}.");
        let places: Vec<usize> = bare
            .match_indices(&start)
            .map(|(at, _)| at)
            .filter(|at| {
                let before = bare.get(..*at).unwrap_or_default();
                !before.ends_with(|c: char| in_name(c) || c == '.')
            })
            .collect();
        places
    };
    for at in uses("variables")
        .into_iter()
        .filter(|_| !bound("variables"))
    {
        let rest = bare.get(at + "variables.".len()..).unwrap_or_default();
        let end = rest.find(|c: char| !in_name(c)).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        if !name.is_empty() && !variables.contains(name) {
            let message = format!("the policy has no variable `{name}`");
            v.add(ids::schema::REFERENCE, node, message, None);
            return;
        }
    }
    if !parameters && !bound("params") && !uses("params").is_empty() {
        let message = "the policy has no `paramKind`, so that there are no `params`".to_owned();
        v.add(ids::schema::REFERENCE, node, message, None);
    }
}

/// A `*` says all, and stands alone.
pub(super) fn star_alone<'d>(v: &mut Validator<'d>, map: Node<'d>, key: &str) {
    let star = map.list(key).any(|item| item.as_str() == Some("*"));
    if star && map.list(key).count() > 1 {
        conflict(
            v,
            key_of(map, key),
            format!("`*` says all of `{key}`, and stands alone"),
        );
    }
}

/// What is done to objects: of one kind.
pub(super) fn mutation<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let (wanted, other) = match text(map, "patchType") {
        Some("JSONPatch") => ("jsonPatch", "applyConfiguration"),
        Some("ApplyConfiguration") => ("applyConfiguration", "jsonPatch"),
        _ => return,
    };
    if map.field(wanted).is_none() {
        let message = format!("`{wanted}` is missing: `patchType` asks for it");
        missing(v, key_of(map, wanted), message);
        if map.field(other).is_some() {
            conflict(
                v,
                key_of(map, other),
                format!("`{other}` is of the other `patchType`"),
            );
        }
    }
}

/// What becomes of what a policy finds.
pub(super) fn binding<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let has = |word: &str| {
        let mut actions = spec.list("validationActions");
        actions.any(|action| action.as_str() == Some(word))
    };
    if has("Deny") && has("Warn") {
        conflict(
            v,
            key_of(spec, "validationActions"),
            "what is denied needs no warning: `Deny` and `Warn` exclude each other",
        );
    }
}

/// What a webhook is asked about, and in which form.
pub(super) fn webhook<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    expressions(v, map, "matchConditions", "expression");
    review_versions(v, map.field("admissionReviewVersions"));
}

/// The forms of a review that a webhook understands: one at least that the API server knows, too.
pub(super) fn review_versions<'d>(v: &mut Validator<'d>, versions: Option<Node<'d>>) {
    let known = |version: Node<'d>| {
        let text = version.text().unwrap_or_default();
        matches!(text, "v1" | "v1beta1") || !is_known(version)
    };
    let Some(versions) = versions.filter(|list| !list.is_empty()) else {
        return;
    };
    if versions.kind() == NodeKind::Seq && !versions.items().any(known) {
        let name = versions.key_node().and_then(Node::text).unwrap_or_default();
        let message = format!("`{name}` has none that the API server knows: write `[v1]`");
        v.add(ids::schema::ENUM, own_key(versions), message, None);
    }
}

/// Which devices are chosen.
pub(super) fn selector<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some(node) = map.field("expression") {
        expression(v, node);
    }
}

/// What webhooks and policies match.
pub(super) fn operations<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for key in ["operations", "apiGroups", "apiVersions"] {
        star_alone(v, map, key);
    }
    // In the order of the list, as the server compares: what a wildcard before has said already.
    let (mut all_below, mut of_all) = (HashSet::new(), HashSet::new());
    let (mut everything, mut all, mut plain) = (false, false, false);
    let resources: Vec<Node<'d>> = map.list("resources").collect();
    for resource in &resources {
        let written = resource.as_str().unwrap_or_default();
        if written.is_empty() {
            v.add(
                ids::schema::MISSING_FIELD,
                *resource,
                "a resource needs a name".to_owned(),
                None,
            );
        }
        everything |= written == "*/*";
        all |= written == "*";
        let Some((kind, below)) = written.split_once('/') else {
            plain = written != "*";
            continue;
        };
        if all_below.contains(kind) || of_all.contains(below) {
            conflict(
                v,
                *resource,
                format!("`{written}` is said by a wildcard before it"),
            );
        }
        if below == "*" {
            all_below.insert(kind);
        }
        if kind == "*" {
            of_all.insert(below);
        }
    }
    if everything && resources.len() > 1 || all && plain {
        conflict(
            v,
            key_of(map, "resources"),
            "one of `resources` says what another says already",
        );
    }
}
