//! How large what a schema describes may be, as far as a request to the API server has room for it: what expressions about it may cost
//! hangs on that (k8s.io/apiserver/pkg/cel/common/schemas.go).

use super::cel::is_reserved;
use super::cross_field::{set, text};
use crate::yaml::{Node, NodeKind};

/// Bytes of the largest request.
const MAX_REQUEST: u64 = 3 * 1024 * 1024;

/// What stands at a path of a schema.
#[derive(Clone, Copy)]
pub(super) enum Described<'d> {
    /// What a schema describes, and whether that is a whole object.
    Schema(Node<'d>, bool),
    /// The metadata of a whole object.
    Metadata(Option<Node<'d>>),
    /// A text of so many bytes.
    Text(u64),
    /// The key of a map.
    Key,
}

/// Whether a schema describes a whole object within another one.
pub(super) fn is_resource(schema: Node<'_>) -> bool {
    set(schema, "x-kubernetes-embedded-resource").is_some()
}

/// A limit that a schema sets.
pub(super) fn limit(schema: Node<'_>, key: &str) -> Option<u64> {
    let limit = schema.field(key)?.as_int()?;
    Some(u64::try_from(limit).unwrap_or(0))
}

/// The size of the value at a path; `None` where the schema does not tell.
pub(super) fn at(root: Described<'_>, path: &[&str]) -> Option<u64> {
    let mut described = root;
    for step in path {
        described = described.step(step)?;
    }
    Some(described.size())
}

/// How many such values fit into a request.
pub(super) fn most_of(described: Described<'_>) -> u64 {
    MAX_REQUEST / (described.least() + 1)
}

impl<'d> Described<'d> {
    fn of(schema: Node<'d>) -> Self {
        Self::Schema(schema, is_resource(schema))
    }

    fn step(self, name: &str) -> Option<Self> {
        let (schema, is_resource) = match self {
            Self::Schema(schema, is_resource) => (schema, is_resource),
            Self::Metadata(metadata) => {
                let most = match name {
                    "name" => 253,
                    "generateName" => 252,
                    _ => return None,
                };
                let own = metadata.and_then(|m| limit(m.at(&["properties", name])?, "maxLength"));
                return Some(Self::Text(own.unwrap_or(most).min(most) * 4));
            }
            Self::Text(_) | Self::Key => return None,
        };
        if set(schema, "x-kubernetes-int-or-string").is_some() {
            return None;
        }
        let kind = text(schema, "type")?;
        let values = schema.field("additionalProperties");
        let values = values.filter(|v| kind == "object" && v.kind() == NodeKind::Map);
        match name {
            "@items" | "@values" if kind == "array" => Some(Self::of(schema.field("items")?)),
            "@items" | "@values" => values.map(Self::of),
            "@keys" => values.map(|_| Self::Key),
            _ if kind != "object" || values.is_some() => None,
            "apiVersion" | "kind" if is_resource && !is_complete(schema) => {
                Some(Self::Text(MAX_REQUEST - 2))
            }
            "metadata" if is_resource && !is_complete(schema) => {
                Some(Self::Metadata(schema.at(&["properties", "metadata"])))
            }
            _ => property(schema, name).map(Self::of),
        }
    }

    /// The most elements that it may have.
    fn size(self) -> u64 {
        let schema = match self {
            Self::Schema(schema, _) => schema,
            Self::Text(most) => return most,
            Self::Metadata(_) | Self::Key => return 0,
        };
        let letters = limit(schema, "maxLength");
        if set(schema, "x-kubernetes-int-or-string").is_some() {
            return letters.map_or(MAX_REQUEST - 2, |n| n.saturating_mul(4));
        }
        let least = |child: Option<Node<'d>>| child.map_or(0, |child| Self::of(child).least());
        match text(schema, "type").unwrap_or_default() {
            "array" => limit(schema, "maxItems")
                .unwrap_or_else(|| (MAX_REQUEST - 2) / (least(schema.field("items")) + 1)),
            "object" => match schema.field("additionalProperties") {
                Some(values) if values.kind() == NodeKind::Map => limit(schema, "maxProperties")
                    .unwrap_or_else(|| (MAX_REQUEST - 2) / (least(Some(values)) + 6)),
                _ => 0,
            },
            "string" => match (text(schema, "format"), letters) {
                (Some("duration" | "date-time"), _) => 32,
                (Some("date"), _) => 12,
                (Some("byte"), Some(letters)) => letters,
                (_, Some(letters)) => letters.saturating_mul(4),
                (Some("byte"), None) => MAX_REQUEST - 2,
                (_, None) => {
                    let words = schema.list("enum").filter_map(Node::as_str);
                    let longest = words
                        .map(|word| u64::try_from(word.len()).unwrap_or(0))
                        .max();
                    longest.unwrap_or(MAX_REQUEST - 2)
                }
            },
            _ => 0,
        }
    }

    /// The fewest bytes of its JSON.
    fn least(self) -> u64 {
        let (schema, is_resource) = match self {
            Self::Schema(schema, is_resource) => (schema, is_resource),
            Self::Metadata(_) | Self::Text(_) | Self::Key => return 2,
        };
        if set(schema, "x-kubernetes-int-or-string").is_some() {
            return 1;
        }
        match text(schema, "type").unwrap_or_default() {
            "object" => {
                let has_values = schema.field("additionalProperties");
                if has_values.is_some_and(|values| values.kind() == NodeKind::Map) {
                    return 2;
                }
                let mut sum = 2;
                for name in schema.list("required").filter_map(Node::as_str) {
                    let child = schema.at(&["properties", name]);
                    let given = child.is_some_and(|child| child.get("default").is_some());
                    let child = child.map(Self::of).or_else(|| {
                        let of_each = matches!(name, "apiVersion" | "kind" | "metadata");
                        (is_resource && of_each).then_some(Self::Key)
                    });
                    if let Some(child) = child.filter(|_| !given) {
                        sum += u64::try_from(name.len()).unwrap_or(0) + child.least() + 4;
                    }
                }
                sum
            }
            "string" => match text(schema, "format") {
                Some("duration") => 3,
                Some("date") => 12,
                Some("date-time") => 21,
                _ => 2,
            },
            "boolean" => 4,
            "number" | "integer" => 1,
            _ => 2,
        }
    }
}

/// The schema of a property, by its name in an expression.
pub(super) fn property<'d>(schema: Node<'d>, name: &str) -> Option<Node<'d>> {
    let properties = schema.field("properties")?;
    if escaped(name).as_deref() == Some(name)
        && let Some(property) = properties.get(name)
    {
        return Some(property);
    }
    let found = properties.entries().find(|(key, _)| {
        let key = key.key().unwrap_or_default();
        // A reserved word may be written as it is since 1.31.
        escaped(&key).as_deref() == Some(name) || key == name && is_reserved(name)
    });
    found.map(|(_, property)| property)
}

/// Whether the schema of a whole object describes what each object has, so that nothing is put in its place.
pub(super) fn is_complete(schema: Node<'_>) -> bool {
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
