//! What it takes to validate a value by a JSON Schema, reckoned before it is done: of alternatives that refer back to themselves, the
//! validator tries all in all at each level, and holds what is wrong with each.

use crate::text::last_part;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::ptr::from_ref;

/// What a schema takes for a value.
#[derive(Clone, Copy, Default)]
pub(super) struct Cost {
    /// Schemas that are asked.
    pub(super) steps: usize,
    /// Of these, those whose errors are held until the alternatives around them are judged.
    pub(super) held: usize,
    /// Schemas that are asked if each is asked once about each value.
    pub(super) asked: usize,
    /// How deep the validator calls itself.
    depth: usize,
}

/// Steps of the reckoning itself, which asks each schema once about each value.
const MAX_STEPS: usize = 1_000_000;

/// How deep the validator may call itself: a document has 255 levels at most, and what is deeper takes more stack than a thread may have.
const DEEPEST: usize = 1_000;

/// The cost of a schema for a value; `None` where it is beyond all bounds.
pub(super) fn of(schema: &Value, value: &Value) -> Option<Cost> {
    let mut reckoning = Reckoning {
        root: schema,
        named: HashMap::new(),
        known: HashMap::new(),
        left: MAX_STEPS,
    };
    reckoning.names(schema);
    let mut cost = reckoning.schema(schema, schema, value, 0)?;
    cost.asked = MAX_STEPS - reckoning.left;
    Some(cost)
}

/// A schema and a value, by where they are.
type Pair = (*const Value, *const Value);

struct Reckoning<'s> {
    root: &'s Value,
    /// Parts of the schema that have a name of their own, by it: of identifiers, what stands behind the last slash.
    named: HashMap<&'s str, Vec<&'s Value>>,
    /// What is referred to, with its value; nothing while it is being reckoned.
    known: HashMap<Pair, Cost>,
    left: usize,
}

impl Cost {
    fn add(&mut self, part: Self) {
        self.steps = self.steps.saturating_add(part.steps);
        self.held = self.held.saturating_add(part.held);
        self.depth = self.depth.max(part.depth + 1);
    }

    fn times(self, n: usize) -> Self {
        Self {
            steps: self.steps.saturating_mul(n),
            held: self.held.saturating_mul(n),
            ..self
        }
    }

    fn of_steps(steps: usize) -> Self {
        Self {
            steps,
            ..Self::default()
        }
    }
}

impl<'s> Reckoning<'s> {
    fn names(&mut self, part: &'s Value) {
        match part {
            Value::Object(map) => {
                for key in ["$id", "id", "$anchor", "$dynamicAnchor"] {
                    let name = map.get(key).and_then(Value::as_str).map(last);
                    let name = name.filter(|name| !name.is_empty());
                    if let Some(name) = name {
                        self.named.entry(name).or_default().push(part);
                    }
                }
                map.values().for_each(|value| self.names(value));
            }
            Value::Array(items) => items.iter().for_each(|item| self.names(item)),
            _ => {}
        }
    }

    /// A schema of a resource (`base`: the root, or what has an identifier of its own) for a value.
    fn schema(
        &mut self,
        schema: &'s Value,
        base: &'s Value,
        value: &Value,
        depth: usize,
    ) -> Option<Cost> {
        self.left = self.left.checked_sub(1)?;
        let mut cost = Cost::of_steps(1);
        let Value::Object(keywords) = schema else {
            return Some(cost);
        };
        if depth > DEEPEST {
            return None;
        }
        let identified = ["$id", "id"]
            .iter()
            .filter_map(|key| keywords.get(*key)?.as_str());
        let own = identified.into_iter().any(|id| !id.starts_with('#'));
        let base = if own { schema } else { base };
        let mut here = Cost::default();
        for (keyword, part) in keywords {
            let (of_value, of_parts) = self.keyword(keyword, part, base, value, depth + 1)?;
            here.add(of_value);
            cost.add(of_parts);
        }
        // What is not evaluated is known once everything beside it is asked again.
        let again = keywords.keys().any(|key| key.starts_with("unevaluated"));
        cost.add(here.times(if again { 3 } else { 1 }));
        Some(cost)
    }

    /// What a keyword takes: for the value itself, and for its parts.
    fn keyword(
        &mut self,
        keyword: &str,
        part: &'s Value,
        base: &'s Value,
        value: &Value,
        depth: usize,
    ) -> Option<(Cost, Cost)> {
        let (mut here, mut below) = (Cost::default(), Cost::default());
        match (keyword, part) {
            ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(target)) => {
                for (found, base) in self.targets(target, base) {
                    here.add(self.referred(found, base, value, depth)?);
                }
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                for schema in schemas {
                    let mut one = self.schema(schema, base, value, depth)?;
                    if keyword != "allOf" {
                        one.held = one.steps;
                    }
                    here.add(one);
                }
            }
            ("not" | "if" | "then" | "else", schema) => {
                here.add(self.schema(schema, base, value, depth)?);
            }
            ("dependentSchemas" | "dependencies", Value::Object(schemas)) => {
                let given = schemas.iter().filter(|(key, _)| value.get(key).is_some());
                for (_, schema) in given {
                    here.add(self.schema(schema, base, value, depth)?);
                }
                here.add(Cost::of_steps(schemas.len()));
            }
            ("required" | "enum" | "dependentRequired", list) => {
                let count = list.as_array().map_or(1, Vec::len);
                here.add(Cost::of_steps(count));
            }
            _ => match value {
                Value::Object(fields) => {
                    below = self.fields(keyword, part, base, fields, depth)?;
                }
                Value::Array(items) => below = self.items(keyword, part, base, items, depth)?,
                _ => {}
            },
        }
        Some((here, below))
    }

    fn fields(
        &mut self,
        keyword: &str,
        part: &'s Value,
        base: &'s Value,
        fields: &Map<String, Value>,
        depth: usize,
    ) -> Option<Cost> {
        let mut cost = Cost::default();
        match (keyword, part) {
            ("properties", Value::Object(schemas)) => {
                cost.add(Cost::of_steps(schemas.len() / 8));
                for (name, value) in fields {
                    if let Some(schema) = schemas.get(name) {
                        cost.add(self.schema(schema, base, value, depth)?);
                    }
                }
            }
            ("patternProperties", Value::Object(schemas)) => {
                for (schema, value) in schemas
                    .values()
                    .flat_map(|s| fields.values().map(move |v| (s, v)))
                {
                    cost.add(self.schema(schema, base, value, depth)?);
                }
            }
            ("additionalProperties" | "unevaluatedProperties", schema) => {
                for value in fields.values() {
                    cost.add(self.schema(schema, base, value, depth)?);
                }
            }
            ("propertyNames", schema) => {
                let one = self.schema(schema, base, &Value::Null, depth)?;
                cost.add(one.times(fields.len()));
            }
            _ => {}
        }
        Some(cost)
    }

    fn items(
        &mut self,
        keyword: &str,
        part: &'s Value,
        base: &'s Value,
        items: &[Value],
        depth: usize,
    ) -> Option<Cost> {
        let mut cost = Cost::default();
        match (keyword, part) {
            ("items" | "prefixItems", Value::Array(schemas)) => {
                for (schema, item) in schemas.iter().zip(items) {
                    cost.add(self.schema(schema, base, item, depth)?);
                }
            }
            ("items" | "additionalItems" | "unevaluatedItems" | "contains", schema) => {
                for item in items {
                    cost.add(self.schema(schema, base, item, depth)?);
                }
            }
            _ => {}
        }
        Some(cost)
    }

    fn referred(
        &mut self,
        schema: &'s Value,
        base: &'s Value,
        value: &Value,
        depth: usize,
    ) -> Option<Cost> {
        let pair = (from_ref(schema), from_ref(value));
        if let Some(known) = self.known.get(&pair) {
            return (depth + known.depth <= DEEPEST).then_some(*known);
        }
        // What comes back to itself with the same value is asked no further.
        self.known.insert(pair, Cost::default());
        let cost = self.schema(schema, base, value, depth)?;
        self.known.insert(pair, cost);
        Some(cost)
    }

    /// What a reference may mean, each with the resource that it belongs to.
    fn targets(&self, reference: &str, base: &'s Value) -> Vec<(&'s Value, &'s Value)> {
        let (resource, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let resources: Vec<&'s Value> = match last(resource) {
            "" if fragment.is_empty() || fragment.starts_with('/') => vec![base],
            "" => vec![self.root],
            name => self.named.get(name).cloned().unwrap_or_default(),
        };
        if !fragment.is_empty() && !fragment.starts_with('/') {
            let named = self.named.get(fragment).into_iter().flatten();
            return named.map(|part| (*part, base)).collect();
        }
        let pointer = decoded(fragment);
        let found = resources.into_iter();
        found
            .filter_map(|resource| Some((resource.pointer(&pointer)?, resource)))
            .collect()
    }
}

/// What stands behind the last slash of an identifier, or behind its `#`.
fn last(id: &str) -> &str {
    let id = id.trim_end_matches('#');
    let id = id.strip_prefix('#').unwrap_or(id);
    last_part(id, b'/')
}

/// A pointer in a reference, whose letters may be written as `%41`.
fn decoded(pointer: &str) -> String {
    let mut parts = pointer.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part
            .get(..2)
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        if let (Some(code), Some(rest)) = (code, part.get(2..)) {
            bytes.push(code);
            bytes.extend(rest.as_bytes());
        } else {
            bytes.push(b'%');
            bytes.extend(part.as_bytes());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::of;
    use serde_json::{Value, json};

    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }))
    }

    fn steps(schema: &Value, value: &Value) -> Option<usize> {
        of(schema, value).map(|cost| cost.steps)
    }

    #[test]
    fn alternatives_that_refer_back_double_with_each_level() {
        for reference in ["#/$defs/n", "#n", "tree#/$defs/n", "#/$defs/%6e"] {
            for keyword in ["anyOf", "oneOf", "allOf"] {
                let way = || json!({ "properties": { "a": { "$ref": reference } } });
                let schema = json!({
                    "$id": "https://example.com/tree",
                    "$defs": { "n": { "$anchor": "n", keyword: [way(), way()] } },
                    "$ref": reference,
                });
                let few = steps(&schema, &nested(10)).unwrap();
                let many = steps(&schema, &nested(20)).unwrap();
                assert!(many > few * 500, "{keyword} {reference}: {few} {many}");
                assert!(steps(&schema, &nested(70)).unwrap() > 1 << 60);
            }
        }
    }

    #[test]
    fn what_is_linear_stays_so() {
        let schema = json!({
            "$defs": { "n": { "properties": { "a": { "$ref": "#/$defs/n" } }, "anyOf": [{ "type": "object" }, { "type": "integer" }] } },
            "$ref": "#/$defs/n",
        });
        let few = steps(&schema, &nested(40)).unwrap();
        let many = steps(&schema, &nested(80)).unwrap();
        assert!(many < few * 3, "{few} {many}");
    }

    #[test]
    fn a_schema_may_come_back_to_itself() {
        let schema = json!({ "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "allOf": [{ "$ref": "#/$defs/a" }] } }, "$ref": "#/$defs/a" });
        assert!(steps(&schema, &nested(3)).unwrap() < 20);
    }
}
