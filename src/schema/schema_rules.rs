//! `x-kubernetes-validations` of a custom resource's schema: rules in CEL about `self`, whose type the schema tells (the model of
//! k8s.io/apiserver/pkg/cel/common).

use super::cel::{Environment, Type, is_reserved};
use super::cross_field::{conflict, set, text};
use super::expressions::{self, release_of_objects};
use super::validator::Validator;
use crate::ids;
use crate::yaml::{Node, NodeKind};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Checks the rules of a schema that is structural, and of those within it.
pub(super) fn check<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    // A fragment lacks fields that its rules may be about.
    if !v.is_fragment() {
        let place = Place {
            is_resource: true,
            is_correlated: true,
        };
        walk(v, root, place);
    }
}

/// Where a schema stands.
#[derive(Clone, Copy)]
struct Place {
    /// Whether it describes a whole object, which has `apiVersion`, `kind` and `metadata`.
    is_resource: bool,
    /// Whether the server knows which value of the stored object its value replaces.
    is_correlated: bool,
}

fn walk<'d>(v: &mut Validator<'d>, schema: Node<'d>, place: Place) {
    if let Some(list) = schema
        .field("x-kubernetes-validations")
        .filter(|l| !l.is_empty())
    {
        rules(v, schema, list, place);
    }
    let of = |child: Node<'d>, is_correlated: bool| Place {
        is_resource: set(child, "x-kubernetes-embedded-resource").is_some(),
        is_correlated: place.is_correlated && is_correlated,
    };
    let is_atomic = text(schema, "x-kubernetes-map-type") == Some("atomic");
    for (_, property) in schema
        .field("properties")
        .into_iter()
        .flat_map(Node::entries)
    {
        walk(v, property, of(property, !is_atomic));
    }
    if let Some(items) = schema.field("items") {
        let is_keyed = text(schema, "x-kubernetes-list-type") == Some("map");
        walk(v, items, of(items, is_keyed));
    }
    if let Some(values) = schema.field("additionalProperties") {
        walk(v, values, of(values, true));
    }
}

fn rules<'d>(v: &mut Validator<'d>, schema: Node<'d>, list: Node<'d>, place: Place) {
    let types = SchemaTypes::default();
    let Some(this) = types.of(schema, place.is_resource) else {
        let message = "the schema does not tell the type of the value, so that the API server cannot compile rules about it";
        conflict(v, list.key_node().unwrap_or(list), message);
        return;
    };
    let release = release_of_objects(v);
    let fields = |object: u32, name: &str| types.field(object, name);
    for rule in list.items() {
        let optional = rule.field("optionalOldSelf");
        let old = match optional.and_then(Node::as_bool) {
            Some(true) => Type::Optional(Rc::new(this.clone())),
            _ => this.clone(),
        };
        let mut environment = Environment::new(release, &[]);
        environment.variables = vec![("self", this.clone()), ("oldSelf", old)];
        environment.fields = &fields;
        let Some(node) = rule.field("rule") else {
            continue;
        };
        let Some(compiled) = expressions::compiled(v, node, &environment, &[Type::Bool]) else {
            continue;
        };
        if let Some(node) = rule.field("messageExpression") {
            expressions::expression(v, node, &environment, &[Type::Text]);
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
                "`optionalOldSelf` is for rules that use `oldSelf`: the API server refuses it here";
            conflict(v, optional, message);
        }
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
        let child = |schema: Node<'d>| {
            let is_resource = set(schema, "x-kubernetes-embedded-resource").is_some();
            self.of(schema, is_resource)
        };
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
        if is_resource && !is_complete(schema) {
            match name {
                "apiVersion" | "kind" => return Some(Type::Text),
                "metadata" => return Some(Type::Object("metadata")),
                _ => {}
            }
        }
        let properties = schema.field("properties")?;
        let mut names = properties.entries();
        let (_, property) = match properties.get(name) {
            Some(property) if escaped(name).as_deref() == Some(name) => (property, property),
            _ => names.find(|(key, _)| {
                let key = key.key().unwrap_or_default();
                // A reserved word may be written as it is since 1.31.
                escaped(&key).as_deref() == Some(name) || key == name && is_reserved(name)
            })?,
        };
        let is_resource = set(property, "x-kubernetes-embedded-resource").is_some();
        self.of(property, is_resource)
    }
}

/// Whether the schema of a whole object describes what each object has, so that nothing is put in its place.
fn is_complete(schema: Node<'_>) -> bool {
    let is = |path: &[&str], kind: &str| schema.at(path).and_then(Node::text) == Some(kind);
    let name = |name: &str| {
        is(
            &["properties", "metadata", "properties", name, "type"],
            "string",
        )
    };
    is(&["properties", "kind", "type"], "string")
        && is(&["properties", "apiVersion", "type"], "string")
        && is(&["properties", "metadata", "type"], "object")
        && name("name")
        && name("generateName")
}

/// The name of a property as an expression writes it; `None` where it cannot be written.
fn escaped(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if is_reserved(name) {
        return Some(format!("__{name}__"));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    if !name.chars().all(allowed) {
        return None;
    }
    let name = name
        .replace("__", "__underscores__")
        .replace('.', "__dot__");
    Some(name.replace('-', "__dash__").replace('/', "__slash__"))
}
