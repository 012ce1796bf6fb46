//! Expressions in CEL of API objects and of files: which variables each place gives them, and of which type their result must be.

use super::cel::{Compiled, Environment, Type, compile};
use super::validator::Validator;
use crate::finding::Releases;
use crate::ids;
use crate::kube::is_replaced;
use crate::yaml::Node;

/// Variables of an expression about a request to the API server.
const REQUEST: [(&str, &str); 4] = [
    ("object", "dyn"),
    ("oldObject", "dyn"),
    ("namespaceObject", "kubernetes.Namespace"),
    ("request", "kubernetes.AdmissionRequest"),
];

/// The same, where the user's rights may be asked for.
const REQUEST_AND_AUTHORIZER: [(&str, &str); 6] = [
    ("object", "dyn"),
    ("oldObject", "dyn"),
    ("namespaceObject", "kubernetes.Namespace"),
    ("request", "kubernetes.AdmissionRequest"),
    ("authorizer", "kubernetes.authorization.Authorizer"),
    (
        "authorizer.requestResource",
        "kubernetes.authorization.ResourceCheck",
    ),
];

/// The newest release of the base environment that new expressions are compiled in: the one before, so that they can be read after a
/// rollback. Up to 1.27 there was one environment.
pub(super) fn release_of_objects(v: &Validator<'_>) -> u8 {
    let newest = newest(v.targets);
    if newest > 28 { newest - 1 } else { 27 }
}

/// The newest of the releases that kubevet knows.
fn newest(targets: Releases) -> u8 {
    let from = |minor: &u8| !targets.and(Releases::only(*minor)).is_empty();
    let mut known = (Releases::OLDEST..=Releases::NEWEST).rev();
    known.find(from).unwrap_or(Releases::NEWEST)
}

/// Checks an expression and the type of its result. `wanted` is empty where any will do.
pub(super) fn expression<'d>(
    v: &mut Validator<'d>,
    node: Node<'d>,
    environment: &Environment<'_>,
    wanted: &[Type],
) {
    compiled(v, node, environment, wanted);
}

/// The same; what the compiler makes of it, unless it rejects it or it is not to be judged.
pub(super) fn compiled<'d>(
    v: &mut Validator<'d>,
    node: Node<'d>,
    environment: &Environment<'_>,
    wanted: &[Type],
) -> Option<Compiled> {
    let name = node.key_node().and_then(Node::text).unwrap_or("expression");
    let text = node.as_str().filter(|text| !text.is_empty())?;
    if text.trim().is_empty() {
        let message = format!("`{name}` is blank: write an expression");
        v.add(ids::schema::MISSING_FIELD, node, message, None);
        return None;
    }
    if is_replaced(text) {
        return None;
    }
    let (rule, at, why) = match compile(text, environment) {
        Ok(Compiled { ty, .. })
            if ty != Type::Error && !wanted.is_empty() && !wanted.contains(&ty) =>
        {
            let wanted: Vec<String> = wanted.iter().map(Type::to_string).collect();
            let why = format!("its result is {ty}, and must be {}", wanted.join(" or "));
            (ids::schema::CONFLICT, node.into(), why)
        }
        Ok(compiled) => return Some(compiled),
        Err(problem) => {
            let rule = if problem.is_reference {
                ids::schema::REFERENCE
            } else {
                ids::schema::FORMAT
            };
            let at = node.part(problem.span.start, problem.span.end);
            (rule, at, problem.message)
        }
    };
    let reader = v.reader();
    let message = format!("`{name}` does not compile, so that {reader} rejects it: {why}");
    v.add(rule, at, message, None);
    None
}

/// The expressions of an admission policy, whose variables each may use those before it.
pub(super) fn policy<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let release = release_of_objects(v);
    let part = v.is_fragment();
    let parameters = part || spec.field("paramKind").is_some();
    let with = |variables: &[(&'static str, &'static str)]| {
        let mut environment = Environment::new(release, variables);
        if parameters {
            environment.variables.push(("params", Type::Dyn));
        }
        environment
    };
    let mut environment = with(&REQUEST_AND_AUTHORIZER);
    for condition in spec.list("matchConditions") {
        if let Some(node) = condition.field("expression") {
            expression(v, node, &environment, &[Type::Bool]);
        }
    }
    let composed = |environment: &mut Environment<'d>| {
        if part {
            // Variables may be in what the fragment is laid over.
            environment.variables.push(("variables", Type::Dyn));
        } else if spec.list("variables").next().is_some() {
            let ty = Type::read("kubernetes.variables");
            environment.variables.push(("variables", ty));
        }
    };
    composed(&mut environment);
    for variable in spec.list("variables") {
        let node = variable.field("expression");
        let compiled = node.and_then(|node| compiled(v, node, &environment, &[]));
        if let Some(name) = variable.field("name").and_then(Node::text) {
            let ty = compiled.map_or(Type::Dyn, |compiled| compiled.ty.of_variable());
            environment.composed.insert(name, ty);
        }
    }
    for validation in spec.list("validations") {
        if let Some(node) = validation.field("expression") {
            expression(v, node, &environment, &[Type::Bool]);
        }
    }
    for annotation in spec.list("auditAnnotations") {
        if let Some(node) = annotation.field("valueExpression") {
            expression(v, node, &environment, &[Type::Text, Type::Null]);
        }
    }
    environment.patches = true;
    for mutation in spec.list("mutations") {
        for (key, wanted) in [
            ("jsonPatch", Type::list(Type::read("JSONPatch"))),
            ("applyConfiguration", Type::patch("Object")),
        ] {
            if let Some(node) = mutation.at(&[key, "expression"]) {
                expression(v, node, &environment, &[wanted]);
            }
        }
    }
    let mut messages = with(&REQUEST);
    composed(&mut messages);
    messages.composed = std::mem::take(&mut environment.composed);
    for validation in spec.list("validations") {
        if let Some(node) = validation.field("messageExpression") {
            expression(v, node, &messages, &[Type::Text]);
        }
    }
}

/// The conditions of a webhook.
pub(super) fn webhook<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let mut conditions = map.list("matchConditions").peekable();
    if conditions.peek().is_none() {
        return;
    }
    let environment = Environment::new(release_of_objects(v), &REQUEST_AND_AUTHORIZER);
    for node in conditions.filter_map(|condition| condition.field("expression")) {
        expression(v, node, &environment, &[Type::Bool]);
    }
}

/// Which devices are chosen.
pub(super) fn device<'d>(v: &mut Validator<'d>, node: Node<'d>) {
    let device = [("device", "kubernetes.DRADevice")];
    let mut environment = Environment::new(release_of_objects(v), &device);
    environment.bind = true;
    expression(v, node, &environment, &[Type::Bool]);
}

/// The claims of a token, and the user that they make.
pub(super) fn authentication<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    let release = newest(v.targets);
    for jwt in root.list("jwt") {
        let mut environment = Environment::new(release, &[("claims", "map(string,any)")]);
        for rule in jwt.list("claimValidationRules") {
            if let Some(node) = rule.field("expression") {
                expression(v, node, &environment, &[Type::Bool]);
            }
        }
        for name in ["username", "groups", "uid"] {
            if let Some(node) = jwt.at(&["claimMappings", name, "expression"]) {
                expression(v, node, &environment, &[]);
            }
        }
        let mappings = jwt.field("claimMappings");
        for extra in mappings.into_iter().flat_map(|m| m.list("extra")) {
            if let Some(node) = extra.field("valueExpression") {
                expression(v, node, &environment, &[]);
            }
        }
        environment.variables = vec![("user", Type::read("kubernetes.UserInfo"))];
        for rule in jwt.list("userValidationRules") {
            if let Some(node) = rule.field("expression") {
                expression(v, node, &environment, &[Type::Bool]);
            }
        }
    }
}

/// Which requests a webhook is asked about.
pub(super) fn authorization<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    let request = [("request", "kubernetes.SubjectAccessReviewSpec")];
    let environment = Environment::new(newest(v.targets), &request);
    for webhook in root.list("authorizers").filter_map(|a| a.field("webhook")) {
        for condition in webhook.list("matchConditions") {
            if let Some(node) = condition.field("expression") {
                expression(v, node, &environment, &[Type::Bool]);
            }
        }
    }
}
