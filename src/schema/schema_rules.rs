//! `x-kubernetes-validations` of a custom resource's schema: rules in CEL about `self`, whose type the schema tells (the model of
//! k8s.io/apiserver/pkg/cel/common).

use super::cel::{Environment, Type};
use super::cross_field::{conflict, set, text};
use super::expressions::{self, release_of_objects};
use super::schema_sizes::{self as sizes, Described};
use super::validator::Validator;
use crate::ids;
use crate::yaml::{Node, NodeKind};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// What a rule may cost, at worst (apiextensions validation).
const MAX_COST: u64 = 10_000_000;

/// The same of all rules of a version.
const MAX_TOTAL_COST: u64 = 100_000_000;

/// Checks the rules of a schema that is structural, and of those within it.
pub(super) fn check<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    // A fragment lacks fields that its rules may be about.
    if v.is_fragment() {
        return;
    }
    let place = Place {
        is_resource: true,
        is_correlated: true,
        count: Some(1),
    };
    let before = v.problems.len();
    let mut total = 0;
    walk(v, root, place, &mut total);
    if total > MAX_TOTAL_COST && v.problems.len() == before {
        let message = format!(
            "the rules in CEL of this schema can cost {} together, so that the API server rejects them: limit lists, maps and strings with `maxItems`, `maxProperties` and `maxLength`",
            excess(total, MAX_TOTAL_COST)
        );
        v.add(
            ids::schema::RANGE,
            root.key_node().unwrap_or(root),
            message,
            None,
        );
    }
}

/// `3 times what is allowed`
fn excess(cost: u64, limit: u64) -> String {
    match cost / limit {
        0 | 1 => "more than is allowed".to_owned(),
        times if times > 100 => "more than 100 times what is allowed".to_owned(),
        times => format!("{times} times what is allowed"),
    }
}

/// Where a schema stands.
#[derive(Clone, Copy)]
struct Place {
    /// Whether it describes a whole object, which has `apiVersion`, `kind` and `metadata`.
    is_resource: bool,
    /// Whether the server knows which value of the stored object its value replaces.
    is_correlated: bool,
    /// How many values there may be, where lists and maps around have limits.
    count: Option<u64>,
}

fn walk<'d>(v: &mut Validator<'d>, schema: Node<'d>, place: Place, total: &mut u64) {
    let list = schema.field("x-kubernetes-validations");
    if let Some(list) = list.filter(|list| !list.is_empty()) {
        rules(v, schema, list, place, total);
    }
    let most = match text(schema, "type") {
        Some("array") => sizes::limit(schema, "maxItems"),
        Some("object") if schema.field("additionalProperties").is_some() => {
            sizes::limit(schema, "maxProperties")
        }
        _ => Some(1),
    };
    let of = |child: Node<'d>, is_correlated: bool| Place {
        is_resource: sizes::is_resource(child),
        is_correlated: place.is_correlated && is_correlated,
        count: place
            .count
            .zip(most)
            .map(|(n, most)| n.saturating_mul(most)),
    };
    let is_atomic = text(schema, "x-kubernetes-map-type") == Some("atomic");
    let properties = schema.field("properties");
    for (_, property) in properties.into_iter().flat_map(Node::entries) {
        walk(v, property, of(property, !is_atomic), total);
    }
    if let Some(items) = schema.field("items") {
        let is_keyed = text(schema, "x-kubernetes-list-type") == Some("map");
        walk(v, items, of(items, is_keyed), total);
    }
    if let Some(values) = schema.field("additionalProperties") {
        walk(v, values, of(values, true), total);
    }
}

fn rules<'d>(
    v: &mut Validator<'d>,
    schema: Node<'d>,
    list: Node<'d>,
    place: Place,
    total: &mut u64,
) {
    let types = SchemaTypes::default();
    let Some(this) = types.of(schema, place.is_resource) else {
        let message = "the schema does not declare the type of the value, so that the API server cannot compile rules about it";
        conflict(v, list.key_node().unwrap_or(list), message);
        return;
    };
    let release = release_of_objects(v);
    let fields = |object: u32, name: &str| types.field(object, name);
    let root = Described::Schema(schema, place.is_resource);
    let sizes = |path: &[&str]| sizes::at(root, path);
    let count = place.count.unwrap_or_else(|| sizes::most_of(root));
    for rule in list.items() {
        let optional = rule.field("optionalOldSelf");
        let old = match optional.and_then(Node::as_bool) {
            Some(true) => Type::Optional(Rc::new(this.clone())),
            _ => this.clone(),
        };
        let mut environment = Environment::new(release, &[]);
        environment.variables = vec![("self", this.clone()), ("oldSelf", old)];
        environment.fields = &fields;
        environment.sizes = Some(&sizes);
        let Some(node) = rule.field("rule") else {
            continue;
        };
        let Some(compiled) = expressions::compiled(v, node, &environment, &[Type::Bool]) else {
            continue;
        };
        let cost = compiled.cost.unwrap_or(0).saturating_mul(count);
        costs(v, node, cost, total);
        if let Some(node) = rule.field("messageExpression") {
            let message = expressions::compiled(v, node, &environment, &[Type::Text]);
            costs(v, node, message.and_then(|m| m.cost).unwrap_or(0), total);
        }
        if compiled.ty == Type::Error {
            continue;
        }
        if compiled.uses_old_self && !place.is_correlated {
            let message = "`oldSelf` cannot be used within a list or a map that the API server replaces as a whole: it does not know which value was there before";
            v.add(ids::schema::FORMAT, node, message.to_owned(), None);
        }
        if let Some(optional) = optional.filter(|o| !compiled.uses_old_self && !o.is_null()) {
            let message =
                "`optionalOldSelf` is for rules that use `oldSelf`: the API server rejects it here";
            conflict(v, optional, message);
        }
    }
}

/// Adds the cost of an expression, which has a limit of its own.
fn costs<'d>(v: &mut Validator<'d>, node: Node<'d>, cost: u64, total: &mut u64) {
    *total = total.saturating_add(cost);
    if cost > MAX_COST {
        let message = format!(
            "this expression can cost {}, so that the API server rejects it: limit what it goes through, and the lists and maps around it, with `maxItems`, `maxProperties` and `maxLength`",
            excess(cost, MAX_COST)
        );
        v.add(ids::schema::RANGE, node, message, None);
    }
}

/// Types of what a schema describes. Objects are numbered.
#[derive(Default)]
struct SchemaTypes<'d> {
    objects: RefCell<Vec<Object<'d>>>,
}

/// An object of a schema.
struct Object<'d> {
    schema: Node<'d>,
    is_resource: bool,
    /// Fields that were asked for: asked again, their types are the same.
    fields: HashMap<String, Option<Type>>,
}

impl<'d> SchemaTypes<'d> {
    fn object(&self, schema: Node<'d>, is_resource: bool) -> Type {
        let mut objects = self.objects.borrow_mut();
        objects.push(Object {
            schema,
            is_resource,
            fields: HashMap::new(),
        });
        Type::Schema(u32::try_from(objects.len() - 1).unwrap_or(u32::MAX))
    }

    /// The type of what a schema describes, if expressions see it.
    fn of(&self, schema: Node<'d>, is_resource: bool) -> Option<Type> {
        if set(schema, "x-kubernetes-int-or-string").is_some() {
            return Some(Type::Dyn);
        }
        let child = |schema: Node<'d>| self.of(schema, sizes::is_resource(schema));
        Some(match text(schema, "type")? {
            "array" => Type::list(child(schema.field("items")?)?),
            "object" => match schema.field("additionalProperties") {
                Some(values) if values.kind() == NodeKind::Map => {
                    Type::map(Type::Text, child(values)?)
                }
                _ => self.object(schema, is_resource),
            },
            "string" => match text(schema, "format") {
                Some("byte") => Type::Bytes,
                Some("duration") => Type::Duration,
                Some("date" | "date-time") => Type::Timestamp,
                _ => Type::Text,
            },
            "boolean" => Type::Bool,
            "number" => Type::Double,
            "integer" => Type::Int,
            _ => return None,
        })
    }

    fn field(&self, object: u32, name: &str) -> Option<Type> {
        let number = usize::try_from(object).ok()?;
        let (schema, is_resource) = {
            let objects = self.objects.borrow();
            let object = objects.get(number)?;
            if let Some(known) = object.fields.get(name) {
                return known.clone();
            }
            (object.schema, object.is_resource)
        };
        let ty = self.new_field(schema, is_resource, name);
        let mut objects = self.objects.borrow_mut();
        let object = objects.get_mut(number)?;
        object.fields.insert(name.to_owned(), ty.clone());
        ty
    }

    fn new_field(&self, schema: Node<'d>, is_resource: bool, name: &str) -> Option<Type> {
        if is_resource && !sizes::is_complete(schema) {
            match name {
                "apiVersion" | "kind" => return Some(Type::Text),
                "metadata" => return Some(Type::Object("metadata")),
                _ => {}
            }
        }
        let property = sizes::property(schema, name)?;
        self.of(property, sizes::is_resource(property))
    }
}
