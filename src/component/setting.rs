//! One setting as it is written.

use super::{ComponentKind, tables};
use crate::go_value::{parse_int, parse_seconds};
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::borrow::Cow;

/// One setting as it is written.
#[derive(Clone, Debug)]
pub struct Setting<'d> {
    /// The flag without dashes, or the path of a field that has no flag.
    pub name: Cow<'d, str>,
    /// What it is called where it stands: `--anonymous-auth`, `authentication.anonymous.enabled`.
    pub spelling: Cow<'d, str>,
    /// Its text; `true` for a flag that stands alone.
    pub value: Cow<'d, str>,
    pub(super) node: Node<'d>,
    /// Where the value begins in the node's text; `None` where the text is not the value's.
    pub(super) at: Option<usize>,
    /// The name's place.
    pub(super) name_span: NodeSpan<'d>,
}

impl<'d> Setting<'d> {
    /// A flag whose value is a node of its own.
    pub(super) fn of_pair(name: Node<'d>, value: Node<'d>) -> Option<Self> {
        let flag = name.text()?;
        let bare = flag.trim_start_matches('-');
        Self::of_scalar(bare.into(), format!("--{bare}").into(), name, value)
    }

    /// A setting whose value is a scalar, below its key.
    fn of_scalar(
        name: Cow<'d, str>,
        spelling: Cow<'d, str>,
        key: Node<'d>,
        scalar: Node<'d>,
    ) -> Option<Self> {
        let value = value_of(scalar)?;
        Some(Self {
            name,
            spelling,
            at: (scalar.text() == Some(&*value)).then_some(0),
            value,
            node: scalar,
            name_span: key.into(),
        })
    }

    /// The value's place; of an empty one what there is of it.
    pub fn node_span(&self) -> NodeSpan<'d> {
        match (self.value.is_empty(), self.node.text()) {
            (false, _) => self.part(0, self.value.len()),
            (true, Some("")) => self.node.into(),
            (true, _) => self.name_span,
        }
    }

    /// The whole scalar where the value is all of it, so that rules about values in general mean the same place.
    pub fn scalar(&self) -> NodeSpan<'d> {
        if self.node.text() == Some(&*self.value) {
            self.node.into()
        } else {
            self.node_span()
        }
    }

    /// The name's place.
    pub fn name_span(&self) -> NodeSpan<'d> {
        self.name_span
    }

    /// Items of a list, each with its place.
    pub fn items(&self) -> impl Iterator<Item = (&str, NodeSpan<'d>)> {
        let mut from = 0;
        let items = self.value.split(',').map(move |item| {
            let blanks = item.len() - item.trim_start().len();
            let node_span = self.part(from + blanks, from + blanks + item.trim().len());
            from += item.len() + 1;
            (item.trim(), node_span)
        });
        items.filter(|(item, _)| !item.is_empty())
    }

    /// The bytes `from..to` of its value, as a place.
    pub fn part(&self, from: usize, to: usize) -> NodeSpan<'d> {
        match self.at {
            Some(at) => self.node.part(at + from, at + to),
            // A flag that stands alone, perhaps among others.
            None if self.name_span.node.id() == self.node.id() => self.name_span,
            None => self.node.into(),
        }
    }

    /// Whether it is a flag without a value, at the end of the command line or alone by its type.
    pub fn is_alone(&self) -> bool {
        self.at.is_none() && self.name_span.node.id() == self.node.id()
    }

    /// A word of a command line that is no flag.
    pub(super) fn stray(node: Node<'d>, text: Cow<'d, str>) -> Self {
        Self {
            name: "".into(),
            spelling: "".into(),
            value: text,
            node,
            at: Some(0),
            name_span: node.into(),
        }
    }

    /// Whether it is one.
    pub fn is_stray(&self) -> bool {
        self.name.is_empty() && self.spelling.is_empty()
    }

    /// The node that holds the value.
    pub fn node(&self) -> Node<'d> {
        self.node
    }
}

/// What a program is given of a scalar: YAML's own spellings of booleans, such as `yes`, reach none.
fn value_of(scalar: Node<'_>) -> Option<Cow<'_, str>> {
    Some(match scalar.as_bool() {
        Some(true) => "true".into(),
        Some(false) => "false".into(),
        None => scalar.text()?.into(),
    })
}

/// Extra arguments: a map of names to values (whose lists are repeated flags), or a list of `name` and `value`.
pub(super) fn arguments(node: Node<'_>) -> Vec<Setting<'_>> {
    let pairs: Vec<(Node<'_>, Node<'_>)> = match node.kind() {
        NodeKind::Map => node.entries().collect(),
        _ => node
            .items()
            .filter_map(|item| Some((item.field("name")?, item.field("value")?)))
            .collect(),
    };
    let mut found = Vec::new();
    for (name, value) in pairs {
        match value.kind() {
            NodeKind::Seq => found.extend(value.items().filter_map(|v| Setting::of_pair(name, v))),
            _ => found.extend(Setting::of_pair(name, value)),
        }
    }
    found
}

/// A map of names to values as one list setting, `name=value` for each: feature gates, reserved resources ...
pub(super) fn named<'d>(
    map: Node<'d>,
    spelling: &str,
    name: &'static str,
) -> impl Iterator<Item = Setting<'d>> {
    let spelling = spelling.to_owned();
    map.entries().filter_map(move |(key, value)| {
        Some(Setting {
            name: name.into(),
            spelling: spelling.clone().into(),
            value: format!("{}={}", key.key()?, value_of(value)?).into(),
            node: value,
            at: None,
            name_span: key.into(),
        })
    })
}

/// Settings of a configuration file: every value, by what `schemas/components/fields.tsv` says that its path sets in the form, else
/// by its path.
pub(super) fn fields<'d>(form: &str, component: ComponentKind, root: Node<'d>) -> Vec<Setting<'d>> {
    let mut found = Vec::new();
    walk(form, component, root, "", &mut found);
    found
}

fn walk<'d>(
    form: &str,
    component: ComponentKind,
    map: Node<'d>,
    above: &str,
    found: &mut Vec<Setting<'d>>,
) {
    for (key, value) in map.entries() {
        let Some(text) = key.key() else { continue };
        let path = if above.is_empty() {
            text.into_owned()
        } else {
            format!("{above}.{text}")
        };
        place(form, component, &path, (key, value), found);
    }
}

/// What the value at a path of a configuration file sets.
pub(super) fn place<'d>(
    form: &str,
    component: ComponentKind,
    path: &str,
    (key, value): (Node<'d>, Node<'d>),
    found: &mut Vec<Setting<'d>>,
) {
    let name_of = |path: &str| {
        let rows = tables::field(form, path).iter();
        rows.clone()
            .find(|f| f.component == component.name())
            .map(|f| f.setting)
    };
    let setting = |name: Cow<'d, str>, value: Node<'d>| {
        Setting::of_scalar(name, path.to_owned().into(), key, value)
    };
    match value.kind() {
        NodeKind::Null => {}
        NodeKind::Map => match name_of(&format!("{path}{{}}")) {
            Some(name) => found.extend(named(value, path, name)),
            None => walk(form, component, value, path, found),
        },
        NodeKind::Seq => {
            let name = name_of(&format!("{path}[]")).map_or(path.to_owned().into(), Cow::Borrowed);
            found.extend(value.items().filter_map(|item| setting(name.clone(), item)));
        }
        _ => {
            let name = name_of(path).map_or(path.to_owned().into(), Cow::Borrowed);
            found.extend(setting(name, value));
        }
    }
}

/// A number of a setting: an integer as flags read it, or one with a fraction.
pub(super) fn plain_number(text: &str) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "to compare with limits")]
    let integer = parse_int(text).map(|n| n as f64);
    integer.or_else(|| text.parse().ok().filter(|n: &f64| n.is_finite()))
}

/// The same, or a duration in seconds, for what may be either: `90`, `1h30m`, `500ms`.
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    plain_number(text).or_else(|| parse_seconds(text))
}
