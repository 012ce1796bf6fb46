//! JSON Schemas that a user gives for custom resources.
//!
//! The jsonschema crate validates a copy of the resource as JSON; each of its errors is led back to the node by its path. It reads
//! nothing beyond the schema's own text: a reference to another file or to the network is an error.

use super::problem::SchemaProblem;
use super::{cost, pattern};
use crate::finding::{Quotes, Releases};
use crate::ids;
use crate::kube::{Object, is_replaced, may_become_anything};
use crate::yaml::{Node, NodeKind, NodeSpan};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// A schema that is ready to validate.
#[derive(Debug)]
pub struct UserSchema {
    validator: Validator,
    schema: Value,
}

/// Schemas that a reference may stand for in all, each as often as it is referred to: more is a trap that validates for hours.
const MAX_REFERENCED_SCHEMAS: usize = 200_000;

/// Levels of a schema, references among them.
const DEEPEST: usize = 400;

/// Steps that a pattern may go back, where it asks for what cannot be matched in linear time.
const BACKTRACKING: usize = 100_000;

/// Bytes that a compiled pattern may take.
const PATTERN: usize = 4 << 20;

/// Steps that a resource may take, one for each schema that is asked about a value: of more than these nobody waits for the end.
const STEPS: usize = 3_000_000;

/// Steps whose errors may be held until alternatives are judged; each takes a kilobyte and more.
const HELD: usize = 40_000;

impl UserSchema {
    /// Whether this build can read schemas.
    pub const SUPPORTED: bool = true;

    /// Of the text of a schema; why not, where it is none. `room` is the bytes that patterns of the schemas of a run may still take.
    pub fn compile(text: &str, room: &mut usize) -> Result<Self, String> {
        let schema: Value = serde_json::from_str(text).map_err(|e| format!("is no JSON: {e}"))?;
        if expanded(&schema, &schema, &mut HashMap::new(), 0) > MAX_REFERENCED_SCHEMAS {
            return Err("has references that multiply beyond what can be validated".to_owned());
        }
        let mut patterns = HashSet::new();
        collect(&schema, &mut patterns);
        let mut sizes = patterns
            .into_iter()
            .map(|pattern| pattern::size(pattern, PATTERN.min(*room)));
        let size = sizes.try_fold(0, |sum: usize, size| {
            let sum = sum + size?;
            (sum <= *room).then_some(sum)
        });
        drop(sizes);
        let size = size.ok_or(
            "has patterns that take too much memory: write shorter counts such as `{1,60}`, or no classes of Unicode such as `\\p{L}`",
        )?;
        *room -= size;
        let options = || {
            jsonschema::options()
                .offline()
                .should_validate_formats(true)
                .should_ignore_unknown_formats(true)
        };
        let linear = options()
            .with_pattern_options(PatternOptions::regex().size_limit(PATTERN))
            .build(&schema);
        let built = linear.or_else(|_| {
            let patterns = PatternOptions::fancy_regex()
                .backtrack_limit(BACKTRACKING)
                .size_limit(PATTERN);
            options().with_pattern_options(patterns).build(&schema)
        });
        match built {
            Ok(validator) => Ok(Self { validator, schema }),
            Err(e) if matches!(e.kind(), ValidationErrorKind::Referencing(_)) => {
                let text = e.to_string();
                let target = text.split('\'').nth(1).unwrap_or(&text);
                Err(format!(
                    "refers to {}, and kubevet reads nothing beyond this file: write what it refers to into it",
                    short(target)
                ))
            }
            Err(e) => Err(format!("is no JSON Schema: {}", short(&e.to_string()))),
        }
    }

    /// The kinds that a schema says it is of: group, version and kind of `x-kubernetes-group-version-kind`.
    pub fn kinds(text: &str) -> Vec<[String; 3]> {
        let schema: Value = serde_json::from_str(text).unwrap_or_default();
        let named = schema.get("x-kubernetes-group-version-kind");
        let items = named.and_then(Value::as_array).into_iter().flatten();
        let text = |item: &Value, key| item.get(key)?.as_str().map(str::to_owned);
        items
            .filter_map(|item| {
                let group = text(item, "group")?;
                Some([group, text(item, "version")?, text(item, "kind")?])
            })
            .collect()
    }

    /// What is wrong with a custom resource; `None` where it takes too long to tell.
    pub fn check<'d>(
        &self,
        object: Object<'d>,
        targets: Releases,
    ) -> Option<Vec<SchemaProblem<'d>>> {
        let value = object.node.to_json();
        let cost = cost::of(&self.schema, &value).filter(|cost| cost.steps <= STEPS)?;
        let mut found = Vec::new();
        // Asked more than once, a schema tells the same errors as often.
        if cost.held <= HELD && cost.steps <= HELD.max(cost.asked * 4) {
            for error in self.validator.iter_errors(&value) {
                problems(&error, object.node, targets, &mut found);
            }
        } else if !self.validator.is_valid(&value) {
            // What errors there are takes too much memory to find out.
            let at = object.node.get("kind").unwrap_or(object.node);
            let message = format!(
                "this {} does not fit the schema: where cannot be said, since it is nested through alternatives (`anyOf`, `oneOf`) of the schema that refer back to themselves",
                short(object.gvk.kind)
            );
            found.push(SchemaProblem {
                quotes: Quotes::Nothing,
                ..SchemaProblem::new(ids::schema::CONFLICT, at, message, targets)
            });
        }
        Some(found)
    }
}

/// The patterns in a schema, and what may be one.
fn collect<'s>(part: &'s Value, patterns: &mut HashSet<&'s str>) {
    match part {
        Value::Object(map) => {
            patterns.extend(map.get("pattern").and_then(Value::as_str));
            let of_fields = map.get("patternProperties").and_then(Value::as_object);
            patterns.extend(of_fields.into_iter().flatten().map(|(key, _)| key.as_str()));
            map.values().for_each(|value| collect(value, patterns));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, patterns)),
        _ => {}
    }
}

/// How many schemas a part of a schema stands for, with all that it refers to; what refers to itself counts once.
fn expanded<'s>(
    root: &'s Value,
    part: &'s Value,
    known: &mut HashMap<&'s str, usize>,
    depth: usize,
) -> usize {
    if depth > DEEPEST {
        return MAX_REFERENCED_SCHEMAS + 1;
    }
    let depth = depth + 1;
    let mut all: usize = 1;
    match part {
        Value::Object(map) => {
            if let Some(target) = map.get("$ref").and_then(Value::as_str) {
                if !known.contains_key(target) {
                    known.insert(target, 0);
                    let found = target.strip_prefix('#').and_then(|p| root.pointer(p));
                    let count = found.map_or(0, |found| expanded(root, found, known, depth));
                    known.insert(target, count);
                }
                let of_target = known.get(target).copied().unwrap_or_default();
                all = all.saturating_add(of_target);
            }
            // What is only defined counts where it is referred to.
            let own = map
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "definitions" | "$defs"));
            for (_, value) in own {
                all = all.saturating_add(expanded(root, value, known, depth));
            }
        }
        Value::Array(items) => {
            for item in items {
                all = all.saturating_add(expanded(root, item, known, depth));
            }
        }
        _ => {}
    }
    all
}

/// The node at a JSON pointer.
fn node_at<'d>(root: Node<'d>, pointer: &str) -> Option<Node<'d>> {
    pointer.split('/').skip(1).try_fold(root, |node, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match node.kind() {
            NodeKind::Seq => node.items().nth(step.parse().ok()?),
            _ => node.get(&step),
        }
    })
}

fn problems<'d>(
    error: &ValidationError<'_>,
    root: Node<'d>,
    targets: Releases,
    found: &mut Vec<SchemaProblem<'d>>,
) {
    let Some(node) = node_at(root, error.instance_path().as_str()) else {
        return;
    };
    // To an API server null is what is not there; what a tool fills in later is not judged.
    if node.is_null() || node.as_str().is_some_and(is_replaced) || may_become_anything(node) {
        return;
    }
    let name = node.key_node().and_then(Node::key).unwrap_or_default();
    let name = if name.is_empty() { "this" } else { &name };
    let mut add = |rule, node_span: NodeSpan<'d>, message: String| {
        found.push(SchemaProblem {
            missing: rule == ids::schema::MISSING_FIELD,
            ..SchemaProblem::new(rule, node_span, message, targets)
        });
    };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let meta = |key: &str| {
                node.id() == root.id() && matches!(key, "apiVersion" | "kind" | "metadata" | "sops")
            };
            for key in unexpected
                .iter()
                .filter(|key| !meta(key) && !key.starts_with('$'))
            {
                if let Some((at, _)) = node.pair(key) {
                    let message = format!("the schema has no field `{key}` here");
                    add(ids::schema::UNKNOWN_FIELD, at.into(), message);
                }
            }
        }
        ValidationErrorKind::Required { property } => {
            let lacking = property.as_str().unwrap_or_default();
            let message = format!("`{lacking}` is missing: the schema requires it here");
            add(ids::schema::MISSING_FIELD, node.lacking(), message);
        }
        kind => {
            let (rule, what) = demand(kind);
            // One of several forms: a part that is filled in later may be what decides.
            let open = |part: Node<'_>| part.as_str().is_some_and(is_replaced);
            if rule == ids::schema::CONFLICT && node.within().any(open) {
                return;
            }
            let node_span: NodeSpan<'d> = match node.kind() {
                NodeKind::Map | NodeKind::Seq => node.lacking(),
                _ => node.into(),
            };
            let message = format!("`{name}` must {what}, as the schema has it");
            add(rule, node_span, message);
        }
    }
}

/// What a keyword demands of a value, and the rule that tells of it.
fn demand(kind: &ValidationErrorKind) -> (&'static str, String) {
    use ValidationErrorKind as Keyword;
    match kind {
        Keyword::Type { kind } => {
            let wanted: Vec<String> = match kind {
                TypeKind::Single(one) => vec![one.to_string()],
                TypeKind::Multiple(many) => many.iter().map(|one| one.to_string()).collect(),
            };
            (
                ids::schema::TYPE,
                format!("be of type {}", wanted.join(" or ")),
            )
        }
        Keyword::Enum { options } => {
            let known = options.as_array().into_iter().flatten();
            let known: Vec<String> = known.take(12).map(shown).collect();
            (ids::schema::ENUM, format!("be one of {}", known.join(", ")))
        }
        Keyword::Constant { expected_value } => {
            (ids::schema::ENUM, format!("be {}", shown(expected_value)))
        }
        Keyword::Pattern { pattern } => (
            ids::schema::FORMAT,
            format!("match the pattern `{}`", short(pattern)),
        ),
        Keyword::Format { format } => (
            ids::schema::FORMAT,
            format!("have the format {}", short(format)),
        ),
        Keyword::Maximum { limit } => (ids::schema::RANGE, format!("be {limit} at most")),
        Keyword::Minimum { limit } => (ids::schema::RANGE, format!("be {limit} at least")),
        Keyword::ExclusiveMaximum { limit } => (ids::schema::RANGE, format!("be below {limit}")),
        Keyword::ExclusiveMinimum { limit } => (ids::schema::RANGE, format!("be above {limit}")),
        Keyword::MinLength { limit } => (
            ids::schema::RANGE,
            format!("have {limit} characters at least"),
        ),
        Keyword::MaxLength { limit } => (
            ids::schema::RANGE,
            format!("have {limit} characters at most"),
        ),
        Keyword::MinItems { limit } | Keyword::MinProperties { limit } => {
            (ids::schema::RANGE, format!("have {limit} items at least"))
        }
        Keyword::MaxItems { limit } | Keyword::MaxProperties { limit } => {
            (ids::schema::RANGE, format!("have {limit} items at most"))
        }
        Keyword::UniqueItems => (ids::schema::DUPLICATE_ITEM, "have no item twice".to_owned()),
        other => (
            ids::schema::CONFLICT,
            format!("fit the schema's `{}`", short(other.keyword())),
        ),
    }
}

/// A value of the schema, for a message.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", short(text)),
        other => short(&other.to_string()),
    }
}

/// A piece of the schema's text: on one line, and not without end.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
