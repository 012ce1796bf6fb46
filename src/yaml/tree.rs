//! The arena tree of one document, and the view of it that every rule holds.

use super::{Format, Provenance, scalar};
use crate::text::Span;
use scalar::Resolved;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// Index of a node in its document; a parent's is below its children's.
pub type NodeId = u32;

/// What a node is to kubectl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// `null`, `~`, or a value left out.
    Null,
    /// A boolean, in any of its spellings.
    Bool,
    /// A 64-bit integer.
    Int,
    /// Any other number.
    Float,
    /// `.inf`, `.nan`: kubectl rejects the document.
    NotJson,
    /// A string.
    Str,
    /// A list.
    Seq,
    /// A map.
    Map,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A collection in block style.
    Block,
    /// A collection in brackets.
    Flow,
}

/// What a node's `data` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Scalar whose value is the text under the span, without quotes.
    Slice,
    /// Scalar whose value is `owned[data]`.
    Owned,
    /// Collection of `data` items or pairs.
    Count,
    /// Alias of node `data`.
    Alias,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct NodeData {
    pub(super) span: Span,
    pub(super) parent: NodeId,
    /// One past the last node of the subtree.
    pub(super) end: NodeId,
    pub(super) data: u32,
    /// Which child of its parent it is, keys and values counted alike.
    pub(super) index: u32,
    pub(super) kind: NodeKind,
    pub(super) style: Style,
    pub(super) holds: Holds,
    /// Of a map: has a merge key; of a string: is one, where it is a key.
    pub(super) merges: bool,
}

impl NodeData {
    /// The text within the quotes of a scalar that is as it is written.
    fn content(&self) -> Span {
        match (self.holds, self.style) {
            (Holds::Slice, Style::Single | Style::Double) => {
                Span::new(self.span.start + 1, self.span.end.saturating_sub(1))
            }
            _ => self.span,
        }
    }
}

/// A comment that holds `kubevet:`; others are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From `#` to the end of the line, in the document.
    pub span: Span,
}

/// One document: an arena of nodes over a borrowed text. It is never without a root.
#[derive(Debug)]
pub struct Document<'t> {
    /// The text that all spans of the nodes count in.
    pub text: &'t str,
    /// Where that text stands.
    pub provenance: Provenance,
    /// How it was read.
    pub format: Format,
    pub(super) nodes: Vec<NodeData>,
    pub(super) owned: Vec<Box<str>>,
    pub(super) comments: Vec<Comment>,
    pub(super) large: LargeMaps,
}

/// Pairs of a map and items of a list that has more than this are looked up in a table.
const INDEXED_ABOVE: usize = 256;

/// The large maps and lists that somebody has looked into, so that many looks into many pairs take no long time.
#[derive(Debug, Default)]
pub(super) struct LargeMaps(RefCell<HashMap<NodeId, Vec<Row>>>);

/// A pair of a map: the hash of its key, its key, its value; of a list the hash of an item's text, and twice the item. Sorted.
type Row = (u64, NodeId, NodeId);

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key.as_bytes());
    hasher.finish()
}

impl Document<'_> {
    /// The root node.
    pub fn root(&self) -> Node<'_> {
        Node { doc: self, id: 0 }
    }

    /// Comments that hold `kubevet:`, in order.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// All nodes in the order of their text.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..crate::text::Span::of(0..self.nodes.len()).end).map(|id| Node { doc: self, id })
    }

    /// Whether values are left out before a comment that computes them (ytt): `name: #@ data.values.name`.
    pub fn has_computed_values(&self) -> bool {
        memchr::memmem::find(self.text.as_bytes(), b"#@").is_some()
            && self.nodes().any(Node::is_computed_by_comment)
    }

    /// The first node that begins at or behind `offset`.
    pub fn node_from(&self, offset: u32) -> Option<Node<'_>> {
        let id = self.nodes.partition_point(|n| n.span.start < offset);
        (id < self.nodes.len()).then(|| self.node(crate::text::Span::of(0..id).end))
    }

    /// The last node that begins at or before `offset`.
    pub fn node_before(&self, offset: u32) -> Option<Node<'_>> {
        let id = self.nodes.partition_point(|n| n.span.start <= offset);
        id.checked_sub(1)
            .map(|id| self.node(crate::text::Span::of(0..id).end))
    }

    /// The node of an id of this document.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node { doc: self, id }
    }
}

/// A node: 16 bytes, copied freely. An alias is looked through by everything but `span`.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    doc: &'d Document<'d>,
    id: NodeId,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.kind(), self.span().text(self.doc.text))
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.doc, other.doc) && self.id == other.id
    }
}

const MISSING: NodeData = NodeData {
    span: Span::empty(0),
    parent: 0,
    end: 0,
    data: 0,
    index: 0,
    kind: NodeKind::Null,
    style: Style::Plain,
    holds: Holds::Count,
    merges: false,
};

impl<'d> Node<'d> {
    fn own(self) -> &'d NodeData {
        self.doc.nodes.get(self.id as usize).unwrap_or(&MISSING)
    }

    /// The node that an alias stands for; itself otherwise.
    #[must_use]
    pub fn target(self) -> Self {
        match self.own() {
            NodeData {
                holds: Holds::Alias,
                data,
                ..
            } => Self {
                doc: self.doc,
                id: *data,
            },
            _ => self,
        }
    }

    fn data(self) -> &'d NodeData {
        self.target().own()
    }

    /// The document that holds it.
    pub fn document(self) -> &'d Document<'d> {
        self.doc
    }

    /// Its index in the document.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// What it is.
    pub fn kind(self) -> NodeKind {
        self.data().kind
    }

    /// How it is written.
    pub fn style(self) -> Style {
        self.data().style
    }

    /// Whether it is written as an alias, `*name`.
    pub fn is_alias(self) -> bool {
        self.own().holds == Holds::Alias
    }

    /// Whether it is `{{ x }}` without quotes: a map whose key is a map.
    pub fn is_unquoted_template(self) -> bool {
        let key = self.pairs().next().map(|(key, _)| key);
        key.is_some_and(|key| key.kind() == NodeKind::Map && key.style() == Style::Flow)
    }

    fn is_computed_by_comment(self) -> bool {
        let span = self.span();
        let behind = || self.doc.text.get(span.end as usize..).unwrap_or_default();
        span.is_empty() && behind().trim_start_matches([' ', '\t']).starts_with("#@")
    }

    /// Where it stands in the document's text: a scalar with its quotes or block header, a collection from its
    /// first to its last child or bracket, an alias with its `*`. A value left out is an empty span behind the colon.
    pub fn span(self) -> Span {
        self.own().span
    }

    /// The span of the value's text without quotes.
    pub fn content(self) -> Span {
        self.own().content()
    }

    /// Text of a scalar as kubectl's parser sees it, whatever its kind; `None` for collections.
    pub fn text(self) -> Option<&'d str> {
        let data = self.data();
        match data.holds {
            Holds::Slice => Some(self.target().content().text(self.doc.text)),
            Holds::Owned => self.doc.owned.get(data.data as usize).map(AsRef::as_ref),
            Holds::Count | Holds::Alias => None,
        }
    }

    /// Whether the text of a scalar is the document's own, without escapes, folds or indents that were taken out.
    pub fn is_verbatim(self) -> bool {
        self.data().holds == Holds::Slice
    }

    /// The string that it is; `None` for everything else, numbers and booleans too.
    pub fn as_str(self) -> Option<&'d str> {
        if self.kind() == NodeKind::Str {
            self.text()
        } else {
            None
        }
    }

    /// The boolean that it is, in any spelling.
    pub fn as_bool(self) -> Option<bool> {
        match self.resolved() {
            Resolved::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// The integer that it is; a float without fraction counts, as it does for the API server.
    pub fn as_int(self) -> Option<i64> {
        match self.resolved() {
            Resolved::Int(i) => Some(i),
            #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
            Resolved::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Some(f as i64),
            _ => None,
        }
    }

    fn resolved(self) -> Resolved {
        match self.kind() {
            NodeKind::Bool | NodeKind::Int | NodeKind::Float | NodeKind::NotJson => {
                scalar::resolve(self.text().unwrap_or_default())
            }
            NodeKind::Null => Resolved::Null,
            NodeKind::Str | NodeKind::Seq | NodeKind::Map => Resolved::Str,
        }
    }

    /// Whether it is null or left out.
    pub fn is_null(self) -> bool {
        self.kind() == NodeKind::Null
    }

    /// Number of items or pairs as written; 0 for a scalar.
    pub fn len(self) -> usize {
        let data = self.data();
        if data.holds == Holds::Count {
            data.data as usize
        } else {
            0
        }
    }

    /// Whether it has no items.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Items of a list; none for anything else.
    pub fn items(self) -> impl Iterator<Item = Node<'d>> + Clone {
        let seq = self.target();
        let kind = seq.own().kind;
        seq.children().filter(move |_| kind == NodeKind::Seq)
    }

    /// The items of a field that is a list; none for anything else.
    pub fn list(self, name: &str) -> impl Iterator<Item = Node<'d>> + Clone {
        items(self.field(name))
    }

    fn children(self) -> Children<'d> {
        let NodeData { end, holds, .. } = *self.own();
        Children {
            doc: self.doc,
            next: self.id + 1,
            end: if holds == Holds::Count { end } else { self.id },
        }
    }

    /// Pairs of a map as written, merge keys and repeated keys included; none for anything else.
    pub fn pairs(self) -> impl Iterator<Item = (Node<'d>, Node<'d>)> + Clone {
        let map = self.target();
        let kind = map.own().kind;
        let mut children = map.children();
        std::iter::from_fn(move || {
            if kind == NodeKind::Map {
                Some((children.next()?, children.next()?))
            } else {
                None
            }
        })
    }

    /// Pairs of a map as kubectl has them: merge keys in their order, the last of equal keys.
    pub fn entries(self) -> impl Iterator<Item = (Node<'d>, Node<'d>)> + Clone {
        let merged = self.data().merges.then(|| self.merged());
        let written = merged.is_none().then(|| self.pairs());
        let written = written.into_iter().flatten();
        written.chain(merged.into_iter().flatten())
    }

    /// The pairs of a map with merge keys.
    fn merged(self) -> Vec<(Node<'d>, Node<'d>)> {
        let mut found: Vec<(Node<'d>, Node<'d>)> = Vec::new();
        let mut places: HashMap<Cow<'d, str>, usize> = HashMap::new();
        let mut put = |pair: (Node<'d>, Node<'d>)| {
            let Some(key) = pair.0.key() else { return };
            let place = *places.entry(key).or_insert(found.len());
            match found.get_mut(place) {
                Some(old) => *old = pair,
                None => found.push(pair),
            }
        };
        for (key, value) in self.pairs() {
            if key.is_merge() {
                // Within a list of maps the first wins, so the last is put first.
                let maps: Vec<_> = if value.kind() == NodeKind::Seq {
                    value.items().collect()
                } else {
                    vec![value]
                };
                maps.into_iter()
                    .rev()
                    .flat_map(Node::entries)
                    .for_each(&mut put);
            } else {
                put((key, value));
            }
        }
        found
    }

    /// Whether it is a `<<` that merges.
    pub fn is_merge(self) -> bool {
        self.own().kind == NodeKind::Str && self.own().merges
    }

    /// The JSON key that it becomes as a key; `None` where kubectl rejects it.
    pub fn key(self) -> Option<Cow<'d, str>> {
        match self.kind() {
            NodeKind::Str => self.text().map(Cow::Borrowed),
            NodeKind::Seq | NodeKind::Map | NodeKind::Null => None,
            _ => scalar::key(self.resolved(), self.text()?),
        }
    }

    #[inline]
    fn is_key(self, name: &str) -> bool {
        let own = self.own();
        if own.kind != NodeKind::Str || own.holds != Holds::Slice {
            return self.is_rare_key(name);
        }
        // Nearly all keys are told by their length, without a look at the text.
        let content = own.content();
        content.end.saturating_sub(content.start) as usize == name.len()
            && self.doc.text.as_bytes().get(content.range()) == Some(name.as_bytes())
    }

    /// The same of a key that is no string, or not as it is written.
    fn is_rare_key(self, name: &str) -> bool {
        match self.kind() {
            NodeKind::Str => self.text() == Some(name),
            NodeKind::Seq | NodeKind::Map | NodeKind::Null => false,
            _ => self.key().is_some_and(|k| k == name),
        }
    }

    /// The value of a key, as kubectl reads it: the last of equal keys, merge keys in their order.
    pub fn get(self, name: &str) -> Option<Node<'d>> {
        self.pair(name).map(|(_, value)| value)
    }

    /// Key and value; see `get`.
    pub fn pair(self, name: &str) -> Option<(Node<'d>, Node<'d>)> {
        let map = self.target();
        let own = map.own();
        if own.kind != NodeKind::Map {
            return None;
        }
        if own.data as usize > INDEXED_ABOVE {
            return map.pair_of_large(name);
        }
        if own.merges {
            return map.pair_with_merges(name);
        }
        // The loop that runs most of all: over the arena itself.
        let node = |id| Self { doc: self.doc, id };
        let end_of = |id: NodeId| self.doc.nodes.get(id as usize).map_or(own.end, |n| n.end);
        let mut found = None;
        let mut key = map.id + 1;
        while key < own.end {
            let value = end_of(key);
            if node(key).is_key(name) {
                found = Some((node(key), node(value)));
            }
            key = end_of(value);
        }
        found
    }

    fn pair_with_merges(self, name: &str) -> Option<(Node<'d>, Node<'d>)> {
        let mut found = None;
        for (key, value) in self.pairs() {
            if key.is_merge() {
                let merged = match value.kind() {
                    NodeKind::Seq => value.items().find_map(|m| m.pair(name)),
                    _ => value.pair(name),
                };
                found = merged.or(found);
            } else if key.is_key(name) {
                found = Some((key, value));
            }
        }
        found
    }

    fn pair_of_large(self, name: &str) -> Option<(Node<'d>, Node<'d>)> {
        let map = self.target();
        let node = |id| Self { doc: self.doc, id };
        let mut tables = self.doc.large.0.borrow_mut();
        let rows = tables.entry(map.id).or_insert_with(|| {
            let pairs = map.entries();
            let mut rows: Vec<Row> = pairs
                .filter_map(|(key, value)| Some((hash(&key.key()?), key.id, value.id)))
                .collect();
            rows.sort_unstable();
            rows
        });
        let wanted = hash(name);
        let start = rows.partition_point(|row| row.0 < wanted);
        let same = rows.iter().skip(start).take_while(|row| row.0 == wanted);
        let (_, key, value) = same.filter(|row| node(row.1).is_key(name)).last()?;
        Some((node(*key), node(*value)))
    }

    /// Whether a list has an item with a text.
    pub fn has_item(self, text: &str) -> bool {
        let list = self.target();
        if self.len() <= INDEXED_ABOVE {
            return list.items().any(|item| item.text() == Some(text));
        }
        let mut tables = self.doc.large.0.borrow_mut();
        let rows = tables.entry(list.id).or_insert_with(|| {
            let texts = list
                .items()
                .filter_map(|item| Some((item.id, item.text()?)));
            let mut rows: Vec<Row> = texts.map(|(id, text)| (hash(text), id, id)).collect();
            rows.sort_unstable();
            rows
        });
        let wanted = hash(text);
        let start = rows.partition_point(|row| row.0 < wanted);
        let mut same = rows.iter().skip(start).take_while(|row| row.0 == wanted);
        let node = |id| Self { doc: self.doc, id };
        same.any(|row| node(row.1).text() == Some(text))
    }

    /// Like `get`, but a null value counts as absent, as it does for the API server.
    pub fn field(self, name: &str) -> Option<Node<'d>> {
        self.get(name).filter(|n| !n.is_null())
    }

    /// `field` along several keys.
    pub fn at(self, path: &[&str]) -> Option<Node<'d>> {
        path.iter().try_fold(self, |node, key| node.field(key))
    }

    /// It and all nodes below it, in the order of the text; keys too. What an alias stands for is no part of it.
    pub fn within(self) -> impl Iterator<Item = Node<'d>> {
        let end = self.own().end.max(self.id + 1);
        (self.id..end).map(move |id| Node { doc: self.doc, id })
    }

    /// The node that begins behind its subtree.
    pub fn next(self) -> Option<Node<'d>> {
        let end = self.own().end.max(self.id + 1);
        ((end as usize) < self.doc.nodes.len()).then_some(Node {
            doc: self.doc,
            id: end,
        })
    }

    /// The node that holds it; `None` for the root.
    pub fn parent(self) -> Option<Node<'d>> {
        (self.id > 0).then(|| Node {
            doc: self.doc,
            id: self.own().parent,
        })
    }

    /// What follows it in its map or list: of a key its value, of a value the next key.
    pub(super) fn next_sibling(self) -> Option<Self> {
        let id = self.own().end;
        let next = self.doc.nodes.get(id as usize)?;
        (next.parent == self.own().parent).then_some(Self { doc: self.doc, id })
    }

    /// The key that it is the value of.
    pub fn key_node(self) -> Option<Node<'d>> {
        let parent = self.parent().filter(|p| p.own().kind == NodeKind::Map)?;
        if self.own().index.is_multiple_of(2) {
            return None;
        }
        // The key's subtree ends right before the value.
        let mut key = Self {
            doc: self.doc,
            id: self.id.checked_sub(1)?,
        };
        while key.own().parent != parent.id {
            key = key.parent()?;
        }
        Some(key)
    }

    /// Where to point when this map lacks something: its key with the colon, `name:`, else its first key or item.
    pub fn head(self) -> Span {
        let key = match self.key_node() {
            Some(key) => key,
            None => match self.pairs().next() {
                Some((key, _)) => key,
                None => return self.span(),
            },
        };
        let span = key.span();
        let behind = self.doc.text.get(span.end as usize..).unwrap_or_default();
        let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
        if behind.as_bytes().get(blanks) == Some(&b':') {
            Span::new(
                span.start,
                span.end + crate::text::Span::of(0..blanks + 1).end,
            )
        } else {
            span
        }
    }

    /// Its JSON pointer (RFC 6901) in the document; list items by index.
    pub fn path(self) -> String {
        let mut steps = Vec::new();
        let mut node = self;
        while let Some(parent) = node.parent() {
            steps.push(match parent.own().kind {
                NodeKind::Seq => node.own().index.to_string(),
                _ => match node.key_node().and_then(Node::key) {
                    Some(key) => key.replace('~', "~0").replace('/', "~1"),
                    // A key itself: the path of its value.
                    None => node
                        .key()
                        .unwrap_or_default()
                        .replace('~', "~0")
                        .replace('/', "~1"),
                },
            });
            node = parent;
        }
        steps
            .iter()
            .rev()
            .fold(String::new(), |path, step| path + "/" + step)
    }

    /// What kubectl makes of it, as JSON.
    pub fn to_json(self) -> serde_json::Value {
        use serde_json::Value;
        match self.kind() {
            NodeKind::Null => Value::Null,
            NodeKind::Bool => Value::Bool(self.as_bool() == Some(true)),
            NodeKind::Int | NodeKind::Float | NodeKind::NotJson => {
                scalar::json_number(self.resolved()).map_or(Value::Null, Value::Number)
            }
            NodeKind::Str => Value::String(self.text().unwrap_or_default().to_owned()),
            NodeKind::Seq => Value::Array(self.items().map(Node::to_json).collect()),
            NodeKind::Map => Value::Object(
                self.entries()
                    .filter_map(|(k, v)| Some((k.key()?.into_owned(), v.to_json())))
                    .collect(),
            ),
        }
    }
}

#[derive(Clone)]
struct Children<'d> {
    doc: &'d Document<'d>,
    next: NodeId,
    end: NodeId,
}

impl<'d> Iterator for Children<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        if self.next >= self.end {
            return None;
        }
        let node = Node {
            doc: self.doc,
            id: self.next,
        };
        self.next = node.own().end.max(self.next + 1);
        Some(node)
    }
}

/// The items of what may be a list; none for anything else.
pub fn items(list: Option<Node<'_>>) -> impl Iterator<Item = Node<'_>> + Clone {
    list.into_iter().flat_map(Node::items)
}

/// A place in a document that a finding may point at: a node, or a piece of one.
#[derive(Clone, Copy, Debug)]
pub struct NodeSpan<'d> {
    /// The node that it belongs to.
    pub node: Node<'d>,
    /// Bytes of the node's document.
    pub span: Span,
}

impl<'d> From<Node<'d>> for NodeSpan<'d> {
    fn from(node: Node<'d>) -> Self {
        Self {
            node,
            span: node.span(),
        }
    }
}

impl<'d> Node<'d> {
    /// The place to point at when this node lacks something: see `head`.
    pub fn lacking(self) -> NodeSpan<'d> {
        NodeSpan {
            node: self,
            span: self.head(),
        }
    }

    /// The bytes `from..to` of its text, as a place.
    pub fn part(self, from: usize, to: usize) -> NodeSpan<'d> {
        let node = self.target();
        let span = match super::decode_scalar(node) {
            Some(map) => map.outer(Span::of(from..to)).0,
            None => node.span(),
        };
        NodeSpan { node, span }
    }
}
