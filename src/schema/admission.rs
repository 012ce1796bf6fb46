//! Rules of validation between the fields of admission policies, webhooks and flow control (pkg/apis/admissionregistration and
//! flowcontrol validation of Kubernetes). Expressions in CEL are not compiled: only what cannot be one is found.

use super::between::{conflict, key_of, text};
use super::validate::Validator;
use crate::kube::is_variable;
use crate::yaml::Node;

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

/// Whether a text cannot be an expression: brackets or quotes without their partner, or an operator without a side.
fn is_broken(expression: &str) -> bool {
    let mut open = Vec::new();
    let mut chars = expression.chars().peekable();
    let mut last = ' ';
    while let Some(c) = chars.next() {
        match c {
            '"' | '\'' => {
                let raw = last == 'r' || last == 'R';
                loop {
                    match chars.next() {
                        None => return true,
                        Some('\\') if !raw => {
                            chars.next();
                        }
                        Some(end) if end == c => break,
                        Some(_) => {}
                    }
                }
            }
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
            '/' if chars.peek() == Some(&'/') => while chars.next_if(|c| *c != '\n').is_some() {},
            _ => {}
        }
        if !c.is_whitespace() {
            last = c;
        }
    }
    let dangling = matches!(
        last,
        '.' | '=' | '<' | '>' | '&' | '|' | '+' | '-' | '*' | '/' | '%' | '!' | '?' | ':' | ','
    );
    !open.is_empty() || dangling
}

/// An expression in CEL that cannot be one.
pub(super) fn expression<'d>(v: &mut Validator<'d>, node: Node<'d>) {
    let written = node.as_str().unwrap_or_default();
    // A triple-quoted text has its own ways.
    if written.trim().is_empty() || written.contains("\"\"\"") || is_variable(written) {
        return;
    }
    let name = node.key_node().and_then(Node::text).unwrap_or("expression");
    v.form(
        !is_broken(written),
        node,
        name,
        "an expression in CEL with both sides of each operator, quote and bracket",
    );
}

pub(super) fn policy<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let variables: Vec<Node<'d>> = spec
        .list("variables")
        .filter_map(|v| v.field("name"))
        .collect();
    for (at, name) in variables.iter().enumerate() {
        let written = name.as_str().unwrap_or_default();
        let fits = written.is_empty() || is_identifier(written) || is_variable(written);
        v.form(
            fits,
            *name,
            "name",
            "an identifier of CEL: letters, digits and `_`, no reserved word",
        );
        let before = variables.get(..at).unwrap_or_default();
        if before.iter().any(|other| other.text() == name.text()) {
            v.add(
                "schema/duplicate-item",
                *name,
                format!("variable `{written}` is given twice"),
                None,
            );
        }
    }
    let conditions = spec
        .list("matchConditions")
        .filter_map(|c| c.field("expression"));
    let validations = spec.list("validations").flat_map(|c| {
        ["expression", "messageExpression"]
            .into_iter()
            .filter_map(move |key| c.field(key))
    });
    let values = spec.list("variables").filter_map(|c| c.field("expression"));
    let parameters = spec.field("paramKind").is_some();
    for node in conditions.chain(validations).chain(values) {
        expression(v, node);
        of_names(v, node, &variables, parameters);
    }
    for validation in spec.list("validations") {
        let lines = |m: &Node<'_>| m.as_str().is_some_and(|m| m.trim().contains(['\n', '\r']));
        if let Some(message) = validation.field("message").filter(lines) {
            let key = message.key_node().unwrap_or(message);
            conflict(
                v,
                key,
                "`message` must be one line: write `messageExpression` for more",
            );
        }
    }
}

/// Names that an expression uses and the policy does not have.
fn of_names<'d>(v: &mut Validator<'d>, node: Node<'d>, variables: &[Node<'d>], parameters: bool) {
    let written = node.as_str().unwrap_or_default();
    let named = |name: &str| variables.iter().any(|v| v.text() == Some(name));
    for (at, start) in written.match_indices("variables.") {
        let before = written.get(..at).unwrap_or_default();
        let rest = written.get(at + start.len()..).unwrap_or_default();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let whole = !before
            .ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '"' | '\''));
        if whole && !name.is_empty() && !named(name) && !v.is_fragment() {
            let message = format!("the policy has no variable `{name}`");
            v.add("schema/reference", node, message, None);
            return;
        }
    }
    if let Some(at) = written
        .find("params.")
        .filter(|_| !parameters && !v.is_fragment())
    {
        let before = written.get(..at).unwrap_or_default();
        if !before
            .ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '"' | '\''))
        {
            let message = "the policy has no `paramKind`, so that there are no `params`".to_owned();
            v.add("schema/reference", node, message, None);
        }
    }
}

/// A `*` says all, and stands alone.
fn star_alone<'d>(v: &mut Validator<'d>, map: Node<'d>, key: &str) {
    let star = map.list(key).any(|item| item.as_str() == Some("*"));
    if star && map.list(key).count() > 1 {
        conflict(
            v,
            key_of(map, key),
            format!("`*` says all of `{key}`, and stands alone"),
        );
    }
}

/// What a webhook is asked about.
pub(super) fn webhook<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for node in map
        .list("matchConditions")
        .filter_map(|c| c.field("expression"))
    {
        expression(v, node);
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
    let resources: Vec<&str> = map.list("resources").filter_map(Node::as_str).collect();
    let many = resources.len() > 1;
    // `*/*` says all, `*` all but what is below, `pods/*` all below.
    let over = |resource: &&str| match resource.split_once('/') {
        Some(("*", "*")) => many,
        Some((kind, "*")) => resources.iter().any(|r| {
            r != resource
                && r.strip_prefix(kind)
                    .is_some_and(|rest| rest.starts_with('/'))
        }),
        Some(("*", sub)) => resources
            .iter()
            .any(|r| r != resource && r.split_once('/').is_some_and(|(_, s)| s == sub)),
        _ => false,
    };
    let plain = resources.contains(&"*") && resources.iter().any(|r| *r != "*" && !r.contains('/'));
    if resources.iter().any(over) || plain {
        conflict(
            v,
            key_of(map, "resources"),
            "one of `resources` says what another says already",
        );
    }
}

/// Whom a flow schema is about: each kind of subject has its own field.
pub(super) fn flow_rules<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const FIELDS: [(&str, &str); 3] = [
        ("User", "user"),
        ("Group", "group"),
        ("ServiceAccount", "serviceAccount"),
    ];
    for subject in map.list("subjects") {
        let kind = text(subject, "kind").unwrap_or_default();
        let Some((_, wanted)) = FIELDS.iter().find(|(k, _)| *k == kind) else {
            if let Some(node) = subject.field("kind").filter(|_| !kind.is_empty()) {
                v.not_one_of(node, "kind", &FIELDS.map(|(kind, _)| kind));
            }
            continue;
        };
        if subject.field(wanted).is_none() {
            let message = format!("`{wanted}` is missing: it names the subject of kind {kind}");
            v.add("schema/missing-field", subject.lacking(), message, None)
                .missing = true;
        } else if let Some((_, other)) = FIELDS
            .iter()
            .find(|(_, f)| f != wanted && subject.field(f).is_some())
        {
            conflict(
                v,
                key_of(subject, other),
                format!("a subject of kind {kind} has no `{other}`"),
            );
        }
    }
    let rules = |key: &str| map.list(key).next().is_some();
    if !rules("resourceRules") && !rules("nonResourceRules") {
        let message =
            "neither `resourceRules` nor `nonResourceRules` are there: one is needed".to_owned();
        v.add("schema/missing-field", map.lacking(), message, None)
            .missing = true;
    }
}

pub(super) fn flow_rule<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const VERBS: [&str; 9] = [
        "*",
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
    ];
    // What is no resource takes methods of HTTP, too.
    let of_resources = map.field("nonResourceURLs").is_none();
    for key in [
        "verbs",
        "apiGroups",
        "resources",
        "namespaces",
        "nonResourceURLs",
    ] {
        star_alone(v, map, key);
    }
    for verb in map.list("verbs").filter(|_| of_resources) {
        if verb.as_str().is_some_and(|t| {
            !VERBS.contains(&t) && t != "proxy" && t != "connect" && !is_variable(t)
        }) {
            v.not_one_of(verb, "verbs", &VERBS);
        }
    }
    for url in map.list("nonResourceURLs") {
        let written = url.as_str().unwrap_or_default();
        let fits = written == "*"
            || written.starts_with('/') && !written.contains("//") && !written.contains(' ');
        v.form(fits, url, "nonResourceURLs", "an absolute path, or `*`");
    }
    let wide = map.field("clusterScope").and_then(Node::as_bool) == Some(true);
    if of_resources && !wide && map.list("namespaces").next().is_none() {
        let message =
            "`namespaces` is missing: without `clusterScope: true` the rule matches nothing"
                .to_owned();
        v.add("schema/missing-field", map.lacking(), message, None)
            .missing = true;
    }
}

pub(super) fn priority_level<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    // Kubernetes' own exempt level is named so.
    let own = v.root_name() == Some("exempt");
    let kind = text(spec, "type").unwrap_or_default();
    if let Some(at) = spec.field("type").filter(|_| kind == "Exempt" && !own) {
        conflict(v, at, "only the priority level `exempt` may be exempt");
    }
    let wanted = if kind == "Exempt" {
        "exempt"
    } else {
        "limited"
    };
    let other = if kind == "Exempt" {
        "limited"
    } else {
        "exempt"
    };
    let given = spec.pair(other).filter(|(_, value)| !value.is_null());
    if let Some((key, _)) = given.filter(|_| !kind.is_empty() && (kind != "Exempt" || own)) {
        conflict(
            v,
            key,
            format!("a priority level of type {kind} has no `{other}`"),
        );
    }
    if kind == "Limited" && spec.field(wanted).is_none() {
        let message = "`limited` is missing: the type is Limited".to_owned();
        v.add("schema/missing-field", spec.lacking(), message, None)
            .missing = true;
    }
}

pub(super) fn limit_response<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let queuing = map.pair("queuing").filter(|(_, value)| !value.is_null());
    match (text(map, "type"), queuing) {
        (Some("Reject"), Some((key, _))) => conflict(
            v,
            key,
            "what is rejected is not queued: leave `queuing` out",
        ),
        (Some("Queue"), None) => {
            let message = "`queuing` is missing: the type is Queue".to_owned();
            v.add("schema/missing-field", map.lacking(), message, None)
                .missing = true;
        }
        _ => {}
    }
    let number = |key: &str| queuing.and_then(|(_, q)| q.field(key)?.as_int());
    if let (Some(hand), Some(queues)) = (number("handSize"), number("queues"))
        && hand > queues
        && let Some((_, map)) = queuing
    {
        conflict(
            v,
            key_of(map, "handSize"),
            format!("`handSize` is above `queues`: {hand} and {queues}"),
        );
    }
}
