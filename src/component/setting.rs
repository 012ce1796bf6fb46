//! One setting as it is written.

use super::{ComponentKind, tables};
use crate::kube::is_placeholder;
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
    pub(super) name_spot: NodeSpan<'d>,
}

impl<'d> Setting<'d> {
    /// A flag whose value is a node of its own.
    pub(super) fn of_pair(name: Node<'d>, value: Node<'d>) -> Option<Self> {
        let flag = name.text()?;
        let bare = flag.trim_start_matches('-');
        Some(Self {
            name: bare.into(),
            spelling: format!("--{bare}").into(),
            value: value.text()?.into(),
            node: value,
            at: Some(0),
            name_spot: name.into(),
        })
    }

    /// The value's place; of an empty one what there is of it.
    pub fn spot(&self) -> NodeSpan<'d> {
        match (self.value.is_empty(), self.node.text()) {
            (false, _) => self.part(0, self.value.len()),
            (true, Some("")) => self.node.into(),
            (true, _) => self.name_spot,
        }
    }

    /// The whole scalar where the value is all of it, so that rules about values in general mean the same place.
    pub fn scalar(&self) -> NodeSpan<'d> {
        if self.node.text() == Some(&*self.value) {
            self.node.into()
        } else {
            self.spot()
        }
    }

    /// The name's place.
    pub fn name_spot(&self) -> NodeSpan<'d> {
        self.name_spot
    }

    /// Items of a list, each with its place.
    pub fn items(&self) -> impl Iterator<Item = (&str, NodeSpan<'d>)> {
        let mut from = 0;
        let items = self.value.split(',').map(move |item| {
            let blanks = item.len() - item.trim_start().len();
            let spot = self.part(from + blanks, from + blanks + item.trim().len());
            from += item.len() + 1;
            (item.trim(), spot)
        });
        items.filter(|(item, _)| !item.is_empty())
    }

    /// The bytes `from..to` of its value, as a place.
    pub fn part(&self, from: usize, to: usize) -> NodeSpan<'d> {
        match self.at {
            Some(at) => self.node.part(at + from, at + to),
            // A flag that stands alone, perhaps among others.
            None if self.name_spot.node.id() == self.node.id() => self.name_spot,
            None => self.node.into(),
        }
    }

    /// The node that holds the value.
    pub fn node(&self) -> Node<'d> {
        self.node
    }
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
            value: format!("{}={}", key.key()?, value.text()?).into(),
            node: value,
            at: None,
            name_spot: key.into(),
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
        Some(Setting {
            name,
            spelling: path.to_owned().into(),
            value: value.text()?.into(),
            node: value,
            at: Some(0),
            name_spot: key.into(),
        })
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

/// Whether a value is filled in later: a template, a variable of a shell or of Kubernetes, a reference to a secret manager.
pub fn is_open(value: &str) -> bool {
    let pattern = value.bytes().all(|b| matches!(b, b'*' | b'.'));
    is_placeholder(value) && !pattern
        || value.contains("$(")
        || value.contains("{%")
        || value
            .as_bytes()
            .windows(2)
            .any(|w| matches!(w, [b'$', c] if c.is_ascii_alphabetic() || *c == b'_'))
}

/// Whether Go's strconv reads it as a boolean.
pub fn is_boolean(value: &str) -> bool {
    is_true(value) || matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False")
}

/// Whether Go's strconv reads it as `true`.
pub fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

/// A number, or a duration as Go writes it in seconds: `90`, `1h30m`, `500ms`, `8Gi` is none.
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return number.is_finite().then_some(number);
    }
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let unit = match rest.get(..end)? {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += amount * unit;
        rest = rest.get(end..)?;
    }
    (!text.is_empty()).then_some(sign * seconds)
}
