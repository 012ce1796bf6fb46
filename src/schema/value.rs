//! A value against the shape of its field: lists, maps, scalars and their forms.

use super::format::{is_base64, is_time, quantity_meant};
use super::table::{Around, Field, Layer, Leaf, Type};
use super::validator::Validator;
use crate::go_value::{parse_duration, parse_quantity};
use crate::ids;
use crate::kube::is_replaced;
use crate::yaml::{Node, NodeKind};

impl<'d> Validator<'d> {
    pub(super) fn value(
        &mut self,
        node: Node<'d>,
        field: &'static Field,
        around: Around,
        name: &str,
    ) {
        if node.is_null() || node.is_unquoted_template() {
            return;
        }
        if let Some((Layer::List, rest)) = around.split() {
            if node.kind() != NodeKind::Seq {
                self.wrong(node, name, "a list");
                return;
            }
            for item in node.items() {
                if item.is_null() {
                    self.null_item(item, field, rest, name);
                }
                self.value(item, field, rest, name);
            }
            return;
        }
        if let Some((Layer::Map, rest)) = around.split() {
            if node.kind() != NodeKind::Map {
                self.wrong(node, name, "a map");
                return;
            }
            for (key, value) in node.entries() {
                let name = key.key().unwrap_or_default();
                self.value(value, field, rest, &name);
            }
            return;
        }
        self.leaf(node, field, name);
    }

    /// An item that is null is an empty one to the server.
    fn null_item(&mut self, item: Node<'d>, field: &'static Field, around: Around, name: &str) {
        let owner = name == "ownerReferences" && self.types.len() > 2;
        if !around.is_nothing() || self.is_unvalidated() || owner {
            return;
        }
        if field.ty().is_some_and(Type::needs_something) {
            let message = format!("an item of `{name}` is empty: it needs its fields");
            self.add(ids::schema::MISSING_FIELD, item, message, None);
        }
        let values = field.values();
        if !values.is_empty() && !values.contains(&"") {
            self.not_one_of(item, name, values);
        }
    }

    fn leaf(&mut self, node: Node<'d>, field: &'static Field, name: &str) {
        let kind = node.kind();
        let text = node.text().unwrap_or_default();
        let open = || kind == NodeKind::Str && is_replaced(text);
        let int = || node.as_int();
        let int32 = || int().is_some_and(|i| i32::try_from(i).is_ok());
        match field.leaf {
            Leaf::Any => self.embedded(node),
            Leaf::Object => self.expect(kind == NodeKind::Map, node, name, "a map"),
            Leaf::Type(index) => match Type::at(index) {
                // Walked by `structural.rs`, which knows what stands where.
                Some(ty) if kind == NodeKind::Map && ty.name.ends_with("v1.JSONSchemaProps") => {}
                Some(ty) if kind == NodeKind::Map => self.object(node, ty),
                _ => self.wrong(node, name, "a map"),
            },
            Leaf::Str => {
                self.expect(kind == NodeKind::Str, node, name, "a string");
                // An item that is empty is none of them; a field that is empty is not set unless it is a pointer.
                let empty = text.is_empty() && node.key_node().is_some();
                let unset = empty && (!field.is_pointer || self.takes_empty(name));
                let values = field.values();
                let known = values.is_empty() || values.contains(&text) || unset;
                if kind == NodeKind::Str && !known && !open() && !self.is_unvalidated() {
                    self.not_one_of(node, name, values);
                }
            }
            _ if open() => {}
            Leaf::Bool => self.expect(kind == NodeKind::Bool, node, name, "true or false"),
            Leaf::Number => {
                self.expect(
                    matches!(kind, NodeKind::Int | NodeKind::Float),
                    node,
                    name,
                    "a number",
                );
            }
            Leaf::Int32 => {
                self.expect(int32(), node, name, "an integer of 32 bits");
            }
            Leaf::Int64 => self.expect(int().is_some(), node, name, "an integer"),
            Leaf::IntOrString => {
                let fits = kind == NodeKind::Str || int32();
                self.expect(fits, node, name, "an integer or a string");
            }
            Leaf::Quantity => match kind {
                NodeKind::Int | NodeKind::Float => {}
                NodeKind::Str if parse_quantity(text).is_some() => {}
                NodeKind::Str => {
                    let problem = self.refused(node, name, "a quantity such as `500m` or `1.5Gi`");
                    let meant = quantity_meant(text);
                    problem.help = meant.map(|meant| format!("Did you mean `{meant}`?"));
                }
                _ => self.wrong(node, name, "a quantity"),
            },
            Leaf::Bytes => match kind {
                NodeKind::Str => self.form(is_base64(text), node, name, "base64"),
                // A list of numbers becomes bytes.
                NodeKind::Seq => {}
                _ => self.wrong(node, name, "a string"),
            },
            Leaf::Time => self.string(node, name, "a time such as `2026-01-31T10:00:00Z`", |t| {
                is_time(t, false)
            }),
            Leaf::Duration => self.string(
                node,
                name,
                "a duration with its unit, such as `30s` or `1h30m`",
                |text| parse_duration(text).is_some(),
            ),
            Leaf::MicroTime => {
                self.string(
                    node,
                    name,
                    "a time such as `2026-01-31T10:00:00.000000Z`",
                    |t| is_time(t, true),
                );
            }
        }
    }

    fn string(&mut self, node: Node<'d>, name: &str, what: &str, fits: impl Fn(&str) -> bool) {
        match node.as_str() {
            Some(text) => self.form(fits(text), node, name, what),
            None => self.wrong(node, name, what),
        }
    }
}
