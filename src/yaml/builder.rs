//! Events → tree: kinds of scalars, anchors and aliases, limits.

use super::events::{Event, Events, Tag};
use super::parse::{Limits, ReaderProblem};
use super::scalar::{self, Resolved};
use super::scan::{BREAKS, ScanError};
use super::tree::{Holds, NodeData, NodeId, NodeKind, Style};
use crate::ids;
use crate::text::{Span, base64};
use std::collections::HashMap;

pub(super) enum Failure {
    /// The reader stopped.
    Scan(ScanError),
    /// Refused, or too much to read; the problem is in the list.
    Refused,
}

pub(super) struct Built {
    pub(super) nodes: Vec<NodeData>,
    pub(super) owned: Vec<Box<str>>,
    pub(super) problems: Vec<ReaderProblem>,
    /// The last collection in brackets that was closed.
    pub(super) flow: Span,
    pub(super) end: Result<(), Failure>,
}

/// A collection that is still open.
struct Open {
    id: NodeId,
    flow: bool,
    anchor: usize,
    children: u32,
    /// Levels below it, aliases followed.
    height: usize,
    /// Nodes in it, aliases followed.
    size: u64,
}

#[derive(Clone, Copy)]
struct Anchored {
    node: NodeId,
    height: usize,
    size: u64,
    open: bool,
}

/// Makes the tree from events.
pub(super) struct Builder<'t> {
    text: &'t str,
    limits: Limits,
    nodes: Vec<NodeData>,
    owned: Vec<Box<str>>,
    problems: Vec<ReaderProblem>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    /// One past the last token: where to look for what follows it.
    last: u32,
    /// The last collection in brackets that was closed.
    flow: Span,
    /// Nodes that kubectl decodes so far, and how many of them through aliases.
    decoded: u64,
    aliased: u64,
}

impl<'t> Builder<'t> {
    /// Remembers what an anchor names, if there is one: a scalar, or a collection that is still open.
    fn anchor(&mut self, anchor: usize, node: NodeId, open: bool) {
        if anchor > 0 {
            let named = Anchored {
                node,
                height: 0,
                size: u64::from(!open),
                open,
            };
            self.anchors.insert(anchor, named);
        }
    }

    pub(super) fn new(text: &'t str, limits: Limits) -> Self {
        Self {
            text,
            limits,
            nodes: Vec::with_capacity(text.len() / 24),
            owned: Vec::new(),
            problems: Vec::new(),
            stack: Vec::new(),
            anchors: HashMap::new(),
            last: 0,
            flow: Span::empty(0),
            decoded: 0,
            aliased: 0,
        }
    }

    pub(super) fn run(mut self, events: &mut impl Events<'t>) -> Built {
        let end = self.read(events);
        self.built(end)
    }

    pub(super) fn built(self, end: Result<(), Failure>) -> Built {
        Built {
            nodes: self.nodes,
            owned: self.owned,
            problems: self.problems,
            flow: self.flow,
            end,
        }
    }

    fn read(&mut self, events: &mut impl Events<'t>) -> Result<(), Failure> {
        loop {
            let (event, span) = events.next().map_err(Failure::Scan)?;
            match event {
                Event::Scalar {
                    value,
                    style,
                    tag,
                    anchor,
                } => self.scalar(&value, style, &tag, anchor, span)?,
                Event::Start { map, flow, anchor } => self.start(map, flow, anchor, span)?,
                Event::End => self.end(span),
                Event::Alias(anchor) => self.alias(anchor, span)?,
                Event::DocumentEnd => {
                    self.dropped(span.end as usize);
                    return Ok(());
                }
                Event::StreamEnd => return Ok(()),
            }
        }
    }

    fn problem(&mut self, rule: &'static str, span: Span, message: String) {
        self.problems.push(ReaderProblem {
            rule,
            span,
            message,
            help: None,
            related: None,
        });
    }

    /// Text after the document of a chunk, which ended at a byte: kubectl ignores it silently.
    fn dropped(&mut self, end: usize) {
        let mut rest = self.text.get(end..).unwrap_or_default();
        loop {
            rest = rest.trim_start_matches(|c: char| {
                BREAKS.contains(&c) || matches!(c, ' ' | '\t' | '\u{FEFF}')
            });
            let marker = ["...", "---"].iter().find_map(|m| rest.strip_prefix(m));
            if rest.starts_with('#') {
                rest = rest
                    .find(BREAKS)
                    .and_then(|n| rest.get(n..))
                    .unwrap_or_default();
            } else if let Some(behind) = marker {
                rest = behind;
            } else {
                break;
            }
        }
        let line = rest.split(BREAKS).next().unwrap_or_default().trim_end();
        if !line.is_empty() {
            let start = self.text.len() - rest.len();
            self.problem(
                ids::yaml::DROPPED_DOCUMENT,
                Span::of(start..start + line.len()),
                "kubectl ignores this text, because it reads one document between two `---` lines"
                    .to_owned(),
            );
        }
    }

    /// Whether a collection may be opened here without coming near the limit of nesting.
    pub(super) fn has_room(&self) -> bool {
        self.stack.len() + 1 < self.limits.depth
    }

    fn too_much(&mut self, rule: &'static str, at: Span, message: &str) -> Failure {
        self.problem(rule, at, message.to_owned());
        Failure::Refused
    }

    fn push(&mut self, node: NodeData, size: u64, height: usize) -> Result<NodeId, Failure> {
        if self.nodes.len() >= self.limits.nodes {
            return Err(self.too_much(
                ids::yaml::TOO_DEEP,
                node.span,
                "the document has more values than kubevet reads, so none of it was checked",
            ));
        }
        if self.stack.len() + height > self.limits.depth {
            return Err(self.too_much(
                ids::yaml::TOO_DEEP,
                node.span,
                "the document is nested deeper here than kubevet reads, so none of it was checked",
            ));
        }
        let id = Span::of(0..self.nodes.len()).end;
        self.decoded = self.decoded.saturating_add(size);
        let index = self.stack.last().map_or(0, |open| open.children);
        if let Some(open) = self.stack.last_mut() {
            open.children += 1;
            open.size = open.size.saturating_add(size);
            open.height = open.height.max(height + 1);
        }
        self.nodes.push(NodeData {
            parent: self.stack.last().map_or(0, |open| open.id),
            end: id + 1,
            index,
            ..node
        });
        Ok(id)
    }

    pub(super) fn scalar(
        &mut self,
        value: &str,
        style: Style,
        tag: &Tag,
        anchor: usize,
        span: Span,
    ) -> Result<(), Failure> {
        let span = match style {
            Style::Literal | Style::Folded => self.block_scalar(span),
            _ if span.is_empty() && !matches!(style, Style::Single | Style::Double) => {
                Span::empty(self.behind_colon())
            }
            _ => span,
        };
        let (kind, replaced) = match meaning(value, style, tag) {
            Ok(found) => found,
            Err(message) => {
                self.problem(ids::yaml::SYNTAX, span, message);
                return Err(Failure::Refused);
            }
        };
        let inner = match style {
            Style::Single | Style::Double => Span::new(span.start + 1, span.end.saturating_sub(1)),
            _ => span,
        };
        let value = replaced.as_deref().unwrap_or(value);
        let text = inner.text(self.text);
        // What was not replaced is the text itself, and is not compared.
        let (holds, data) = if std::ptr::eq(text, value) || text == value {
            (Holds::Slice, 0)
        } else {
            self.owned.push(value.into());
            (Holds::Owned, Span::of(0..self.owned.len() - 1).end)
        };
        let merges = value == "<<" && is_merge(style, tag);
        let id = self.push(
            NodeData {
                span,
                parent: 0,
                end: 0,
                data,
                kind,
                style,
                holds,
                index: 0,
                merges,
            },
            1,
            0,
        )?;
        self.anchor(anchor, id, false);
        if merges
            && let Some(map) = self
                .stack
                .last()
                .and_then(|open| self.nodes.get_mut(open.id as usize))
        {
            map.merges = true;
        }
        self.last = self.last.max(span.end);
        Ok(())
    }

    /// A string that is the text under its span, whatever that is.
    pub(super) fn literal(&mut self, span: Span) -> Result<(), Failure> {
        let node = NodeData {
            span,
            parent: 0,
            end: 0,
            data: 0,
            kind: NodeKind::Str,
            style: Style::Plain,
            holds: Holds::Slice,
            index: 0,
            merges: false,
        };
        self.push(node, 1, 0)?;
        self.last = self.last.max(span.end);
        Ok(())
    }

    pub(super) fn start(
        &mut self,
        map: bool,
        flow: bool,
        anchor: usize,
        span: Span,
    ) -> Result<(), Failure> {
        let kind = if map { NodeKind::Map } else { NodeKind::Seq };
        let style = if flow { Style::Flow } else { Style::Block };
        let id = self.push(
            NodeData {
                span,
                parent: 0,
                end: 0,
                data: 0,
                kind,
                style,
                holds: Holds::Count,
                index: 0,
                merges: false,
            },
            0,
            0,
        )?;
        self.anchor(anchor, id, true);
        self.decoded = self.decoded.saturating_add(1);
        self.stack.push(Open {
            id,
            flow,
            anchor,
            children: 0,
            height: 0,
            size: 1,
        });
        if flow {
            self.last = self.last.max(span.end);
        }
        Ok(())
    }

    pub(super) fn end(&mut self, span: Span) {
        let Some(open) = self.stack.pop() else { return };
        let end = Span::of(0..self.nodes.len()).end;
        let first = self.nodes.get(open.id as usize + 1).map(|n| n.span.start);
        let last = self.last;
        if let Some(node) = self.nodes.get_mut(open.id as usize) {
            node.end = end;
            node.data = if node.kind == NodeKind::Map {
                open.children / 2
            } else {
                open.children
            };
            if open.flow {
                node.span.end = span.end;
                self.flow = node.span;
            } else {
                node.span = Span::new(first.unwrap_or(node.span.start), last);
            }
        }
        if open.flow {
            self.last = self.last.max(span.end);
        }
        if let Some(outer) = self.stack.last_mut() {
            // The node itself was counted when it was pushed with size 0.
            outer.size = outer.size.saturating_add(open.size);
            outer.height = outer.height.max(open.height + 1);
        }
        if open.anchor > 0 {
            self.anchors.insert(
                open.anchor,
                Anchored {
                    node: open.id,
                    height: open.height,
                    size: open.size,
                    open: false,
                },
            );
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Failure> {
        let Some(target) = self.anchors.get(&anchor).copied() else {
            self.problem(
                ids::yaml::SYNTAX,
                span,
                "this alias names an anchor that does not exist".to_owned(),
            );
            return Err(Failure::Refused);
        };
        if target.open {
            self.problem(
                ids::yaml::ALIAS_LIMIT,
                span,
                "this alias is inside its own anchor, so the value contains itself and kubectl rejects it"
                    .to_owned(),
            );
            return Err(Failure::Refused);
        }
        self.aliased = self.aliased.saturating_add(target.size);
        let kind = self
            .nodes
            .get(target.node as usize)
            .map_or(NodeKind::Null, |n| n.kind);
        let size = target.size.saturating_add(1);
        let node = NodeData {
            span,
            parent: 0,
            end: 0,
            data: target.node,
            kind,
            style: Style::Plain,
            holds: Holds::Alias,
            index: 0,
            merges: false,
        };
        self.push(node, size, target.height)?;
        if excessive(self.decoded, self.aliased) {
            let message = format!(
                "with this alias the document grows to {} values, so kubectl rejects it as excessive aliasing",
                self.decoded
            );
            self.problem(ids::yaml::ALIAS_LIMIT, span, message);
            return Err(Failure::Refused);
        }
        self.last = self.last.max(span.end);
        Ok(())
    }

    /// Behind the colon or dash that the empty value belongs to.
    fn behind_colon(&self) -> u32 {
        let last = self.last as usize;
        let rest = self.text.get(last..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        match rest.as_bytes().get(blanks) {
            Some(b':') => self.last + Span::of(0..blanks + 1).end,
            _ => self.last,
        }
    }

    /// A block scalar up to the end of its last line that holds something; blanks at its end are content.
    fn block_scalar(&self, span: Span) -> Span {
        let body = span.text(self.text);
        let held = body.trim_end().len();
        let blanks = body
            .get(held..)
            .and_then(|rest| rest.find(BREAKS))
            .unwrap_or_default();
        Span::new(span.start, span.start + Span::of(0..held + blanks).end)
    }
}

/// go-yaml's rule: above 1,000 decoded values the share that comes through aliases may be 99 %, from
/// 400,000 values on less, and 10 % from 4,000,000 on.
fn excessive(decoded: u64, aliased: u64) -> bool {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    if aliased <= 100 || decoded <= 1000 {
        return false;
    }
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let (decoded, aliased) = (decoded as f64, aliased as f64);
    let allowed = if decoded <= LOW {
        0.99
    } else if decoded >= HIGH {
        0.10
    } else {
        0.99 - 0.89 * (decoded - LOW) / (HIGH - LOW)
    };
    aliased / decoded > allowed
}

/// Whether kubectl's decoder takes a `<<` that is written so for the key that merges.
fn is_merge(style: Style, tag: &Tag) -> bool {
    match tag {
        Tag::None => style == Style::Plain,
        Tag::NonSpecific => true,
        Tag::Core(core) => *core == "merge",
        Tag::Local => false,
    }
}

/// Kind of a scalar, and its value where the tag changes it.
fn meaning(value: &str, style: Style, tag: &Tag) -> Result<(NodeKind, Option<String>), String> {
    let kind = |resolved| match resolved {
        Resolved::Null => NodeKind::Null,
        Resolved::Bool(_) => NodeKind::Bool,
        Resolved::Int(_) => NodeKind::Int,
        Resolved::Unsigned(_) | Resolved::Float(_) => NodeKind::Float,
        Resolved::NotJson => NodeKind::NotJson,
        Resolved::Str => NodeKind::Str,
    };
    let core = match tag {
        Tag::None if style == Style::Plain => return Ok((kind(scalar::resolve(value)), None)),
        Tag::None | Tag::NonSpecific | Tag::Local | Tag::Core("str" | "merge") => {
            return Ok((NodeKind::Str, None));
        }
        Tag::Core("timestamp") if scalar::is_timestamp(value) => return Ok((NodeKind::Str, None)),
        Tag::Core("binary") => {
            // Go's decoder takes line breaks, and no other blanks.
            return match base64(value).filter(|_| !value.contains([' ', '\t'])) {
                Some(bytes) => Ok((
                    NodeKind::Str,
                    Some(String::from_utf8_lossy(&bytes).into_owned()),
                )),
                None => Err("the value of `!!binary` is not valid base64".to_owned()),
            };
        }
        Tag::Core(core) => *core,
    };
    let resolved = scalar::resolve(value);
    let found = kind(resolved);
    if matches!(resolved, Resolved::Unsigned(_)) {
        return match core {
            "int" => Ok((found, None)),
            _ => Err(format!("the value cannot be read as `!!{core}`")),
        };
    }
    match (core, found) {
        ("float", NodeKind::Int | NodeKind::Float | NodeKind::NotJson)
        | ("int", NodeKind::Int)
        | ("bool", NodeKind::Bool)
        | ("null", NodeKind::Null) => Ok((found, None)),
        _ => Err(format!("the value cannot be read as `!!{core}`")),
    }
}
