//! One chunk → one document. Never fails: what is wrong comes back as problems.

use super::events::{Event, Events, Parser, Tag};
use super::json::Json;
use super::scalar::{self, Resolved};
use super::scan::{BREAKS, ScanError};
use super::tree::{Comment, Document, Holds, LargeMaps, Node, NodeData, NodeId, NodeKind, Style};
use super::{Format, Provenance, fast, unit};
use crate::ids;
use crate::text::{NO_UTF8, Span, one_line};
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// What a document may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of nesting, aliases followed. kubectl's own limit is 10,000; no object comes near 255.
    pub depth: usize,
    /// Nodes of one document, 28 bytes each.
    pub nodes: usize,
    /// Whether simple documents take the fast path. The outcome is the same: off to compare only.
    pub fast: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 255,
            nodes: 16_000_000,
            fast: true,
        }
    }
}

/// Something that the reader found: a finding of the policy `rule` once the document is known to be ours.
#[derive(Clone, Debug)]
pub struct ReaderProblem {
    /// Id of a policy with `applies: [Reader]`.
    pub rule: &'static str,
    /// Where, in the chunk.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that depends on the place.
    pub help: Option<String>,
    /// A second place that explains the first.
    pub related: Option<(Span, &'static str)>,
}

impl ReaderProblem {
    /// Whether kubectl, or kubevet, reads nothing of the document for it; the others only change or drop something.
    pub fn is_refusal(&self) -> bool {
        match self.rule {
            // What arrives as another number does arrive.
            ids::yaml::NOT_JSON => !self.message.contains("arrives as"),
            ids::yaml::SYNTAX
            | ids::yaml::ALIAS_LIMIT
            | ids::yaml::INVALID_KEY
            | ids::yaml::CONTROL_CHARACTER
            | ids::yaml::DIRECTIVE
            | ids::yaml::TOO_DEEP
            | "yaml/too-large" => true,
            _ => false,
        }
    }
}

/// Outcome of reading a chunk.
#[derive(Debug)]
pub struct Parsed<'t> {
    /// The document; `None` if the chunk holds none, or none that kubectl would accept.
    pub document: Option<Document<'t>>,
    /// What is wrong with it, in the order found.
    pub problems: Vec<ReaderProblem>,
    /// Whether it stops being YAML at a template's mark, so that rendering it is what makes it YAML.
    pub template: bool,
    /// Whether the fast path read it.
    pub fast: bool,
}

/// What is asked for of a large document: below each map called `under`, what these keys have. Of the value of another key, collections
/// may be read as null.
#[derive(Debug)]
pub struct KeyFilter<'p> {
    /// Key of the maps whose keys are names.
    pub under: &'p str,
    /// The names that matter.
    pub keys: HashSet<&'p str>,
}

/// Reads a part of a document that was read before and was right: a document without comments.
pub fn parse_part<'t>(
    text: &'t str,
    place: Provenance,
    format: Format,
    part: &KeyFilter<'_>,
) -> Option<Document<'t>> {
    let limits = Limits::default();
    let mut builder = Builder::new(text, limits);
    if fast::read(text, format, Some(part), &mut builder).is_none() {
        return parse(text, place, format, limits).document;
    }
    let Built { nodes, owned, .. } = builder.built(Ok(()));
    Some(document(text, place, format, (nodes, owned)))
}

/// A document whose comments nobody has looked for.
fn document(
    text: &str,
    place: Provenance,
    format: Format,
    (nodes, owned): (Vec<NodeData>, Vec<Box<str>>),
) -> Document<'_> {
    Document {
        text,
        place,
        format,
        nodes,
        owned,
        comments: Vec::new(),
        large: LargeMaps::default(),
    }
}

/// Reads the text of one chunk that stands at `place`.
pub fn parse(text: &str, place: Provenance, format: Format, limits: Limits) -> Parsed<'_> {
    if matches!(format, Format::Unit | Format::Arguments | Format::Pem) {
        let mut builder = Builder::new(text, limits);
        let end = unit::read(text, format, &mut builder);
        return parsed(builder.built(end), text, place, format, true);
    }
    if format == Format::NotJson {
        return not_json(text);
    }
    if limits.fast {
        let mut builder = Builder::new(text, limits);
        if fast::read(text, format, None, &mut builder).is_some() {
            return parsed(builder.built(Ok(())), text, place, format, true);
        }
    }
    let builder = Builder::new(text, limits);
    let built = if format == Format::Json {
        builder.run(&mut Json::new(text))
    } else {
        builder.run(&mut Parser::new(text))
    };
    parsed(built, text, place, format, false)
}

/// Text in a stream of JSON that is none.
fn not_json(text: &str) -> Parsed<'static> {
    let why = serde_json::from_str::<IgnoredAny>(text).err();
    let at = why.map_or(0, |error| {
        let before: usize = text
            .split_inclusive('\n')
            .take(error.line() - 1)
            .map(str::len)
            .sum();
        before + error.column().saturating_sub(1)
    });
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let stop = ScanError::new(
        at,
        "this is no JSON: behind two objects of JSON kubectl reads nothing else",
        "correct it, or write the objects as YAML documents with `---` between them",
    );
    Parsed {
        document: None,
        problems: vec![syntax(&stop, text)],
        template: false,
        fast: false,
    }
}

/// Whether the text at a place is a template's with control lines: its line holds a mark of one, it stands between two of them, or
/// right behind one that was read as a collection in brackets. Braces in values alone are a mistake, and no template.
fn stops_at_template(text: &str, at: usize, flow: Span) -> bool {
    let (before, behind) = text.split_at_checked(at).unwrap_or((text, ""));
    let control = |line: &str| {
        let line = line.trim_start();
        line.starts_with("{{") || line.starts_with("{%")
    };
    if !text.split(BREAKS).any(control) {
        return false;
    }
    let line = before.rfind(BREAKS).map_or(0, |n| n + 1);
    let end = at + behind.find(BREAKS).unwrap_or(behind.len());
    let line = text.get(line..end).unwrap_or_default();
    let open = before.rfind("{{").and_then(|n| before.get(n..));
    ["{{", "{%"].iter().any(|mark| line.contains(mark))
        || open.is_some_and(|open| !open.contains("}}"))
        || flow.text(text).starts_with("{{")
            && text
                .get(flow.end as usize..at)
                .is_some_and(|between| between.trim().is_empty())
}

fn parsed(built: Built, text: &str, place: Provenance, format: Format, fast: bool) -> Parsed<'_> {
    let Built {
        nodes,
        owned,
        mut problems,
        flow,
        end,
    } = built;
    // The fast path reads no text that has one.
    if format == Format::Yaml && !fast {
        problems.extend(control_character(text));
    }
    let mut template = false;
    match end {
        Ok(()) if !nodes.is_empty() => {}
        Ok(()) | Err(Failure::ReaderProblem) => {
            return Parsed {
                document: None,
                problems,
                template,
                fast,
            };
        }
        Err(Failure::ScanError(stop)) => {
            template = stops_at_template(text, stop.at, flow);
            // A character that is refused is the cause of what else cannot be read.
            if problems
                .iter()
                .all(|p| p.rule != ids::yaml::CONTROL_CHARACTER)
            {
                problems.push(if format == Format::Yaml && text.starts_with('%') {
                    directive(text)
                } else {
                    syntax(&stop, text)
                });
            }
            return Parsed {
                document: None,
                problems,
                template,
                fast,
            };
        }
    }
    let mut document = document(text, place, format, (nodes, owned));
    document.comments = comments(&document);
    // Elsewhere a setting that is repeated is no mistake.
    if matches!(format, Format::Yaml | Format::Json) {
        check_maps(&document, &mut problems);
        if !text.is_ascii() {
            problems.extend(document.nodes().filter_map(invisible_character));
        }
    }
    Parsed {
        document: Some(document),
        problems,
        template,
        fast,
    }
}

pub(super) enum Failure {
    /// The reader stopped.
    ScanError(ScanError),
    /// Refused, or too much to read; the problem is in the list.
    ReaderProblem,
}

struct Built {
    nodes: Vec<NodeData>,
    owned: Vec<Box<str>>,
    problems: Vec<ReaderProblem>,
    /// The last collection in brackets that was closed.
    flow: Span,
    end: Result<(), Failure>,
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
    fn new(text: &'t str, limits: Limits) -> Self {
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

    fn run(mut self, events: &mut impl Events<'t>) -> Built {
        let end = self.read(events);
        self.built(end)
    }

    fn built(self, end: Result<(), Failure>) -> Built {
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
            let (event, span) = events.next().map_err(Failure::ScanError)?;
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

    /// Text behind the document of a chunk, which ended at a byte: kubectl drops it without a word.
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
                "kubectl drops this text: it reads one document between two `---` lines".to_owned(),
            );
        }
    }

    /// Whether a collection may be opened here without coming near the limit of nesting.
    pub(super) fn has_room(&self) -> bool {
        self.stack.len() + 1 < self.limits.depth
    }

    fn too_much(&mut self, rule: &'static str, at: Span, message: &str) -> Failure {
        self.problem(rule, at, message.to_owned());
        Failure::ReaderProblem
    }

    fn push(&mut self, node: NodeData, size: u64, height: usize) -> Result<NodeId, Failure> {
        if self.nodes.len() >= self.limits.nodes {
            return Err(self.too_much(
                ids::yaml::TOO_DEEP,
                node.span,
                "the document has more values than kubevet reads: nothing of it was checked",
            ));
        }
        if self.stack.len() + height > self.limits.depth {
            return Err(self.too_much(
                ids::yaml::TOO_DEEP,
                node.span,
                "here the document is nested deeper than kubevet reads: nothing of it was checked",
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
                return Err(Failure::ReaderProblem);
            }
        };
        let inner = match style {
            Style::Single | Style::Double => Span::new(span.start + 1, span.end.saturating_sub(1)),
            _ => span,
        };
        let value = replaced.as_deref().unwrap_or(value);
        let (holds, data) = if inner.text(self.text) == value {
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
        if anchor > 0 {
            self.anchors.insert(
                anchor,
                Anchored {
                    node: id,
                    height: 0,
                    size: 1,
                    open: false,
                },
            );
        }
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
        if anchor > 0 {
            self.anchors.insert(
                anchor,
                Anchored {
                    node: id,
                    height: 0,
                    size: 0,
                    open: true,
                },
            );
        }
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
                "this alias names no anchor".to_owned(),
            );
            return Err(Failure::ReaderProblem);
        };
        if target.open {
            self.problem(
                ids::yaml::ALIAS_LIMIT,
                span,
                "this alias stands inside of what it stands for: the value would contain itself"
                    .to_owned(),
            );
            return Err(Failure::ReaderProblem);
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
                "with this alias the document grows to {} values: kubectl refuses it as excessive aliasing",
                self.decoded
            );
            self.problem(ids::yaml::ALIAS_LIMIT, span, message);
            return Err(Failure::ReaderProblem);
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
                None => Err("`!!binary` is not base64".to_owned()),
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

/// Standard base64 (RFC 4648, section 4), blanks allowed; `None` where it is not that.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let padding = digits.iter().rev().take_while(|b| **b == b'=').count();
    if !digits.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let body = digits.get(..digits.len() - padding)?;
    let mut out = Vec::with_capacity(body.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for &b in body {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 0xFF).unwrap_or_default());
        }
    }
    Some(out)
}

/// Comments that hold `kubevet:`. They are looked up in the text, since the tree tells what is no comment: the parser would
/// hand over every comment, at the price of memory for each.
fn comments(document: &Document<'_>) -> Vec<Comment> {
    let text = document.text;
    let mut found: Vec<Comment> = Vec::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), b"kubevet:") {
        let start = text
            .get(..at)
            .and_then(|t| t.rmatch_indices(BREAKS).next())
            .map_or(0, |(n, line_break)| n + line_break.len());
        let end = text
            .get(at..)
            .and_then(|t| t.find(BREAKS))
            .map_or(text.len(), |n| at + n);
        if found
            .last()
            .is_some_and(|last| last.span.end as usize >= at)
        {
            continue;
        }
        let line = text.get(start..at).unwrap_or_default();
        let begins = |i: &usize| {
            line.get(..*i)
                .is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
        };
        let mut signs = line
            .match_indices('#')
            .map(|(i, _)| i)
            .filter(begins)
            .map(|i| start + i);
        found.extend(
            signs
                .find(|sign| !in_scalar(document, *sign))
                .map(|sign| Comment {
                    span: Span::of(sign..end),
                }),
        );
    }
    found
}

/// Whether a byte belongs to a scalar, and not to the space between nodes or to the header of a block scalar.
fn in_scalar(document: &Document<'_>, at: usize) -> bool {
    let at = Span::of(at..at).start;
    let Some(node) = document.node_before(at) else {
        return false;
    };
    let span = node.span();
    let block = matches!(node.style(), Style::Literal | Style::Folded) && !node.is_alias();
    let header = block
        && !Span::new(span.start, at)
            .text(document.text)
            .contains(['\n', '\r']);
    node.text().is_some() && span.end > at && !header
}

/// The first character that kubectl's reader refuses anywhere, comments included.
fn control_character(text: &str) -> Option<ReaderProblem> {
    let bytes = text.as_bytes();
    let at = bytes
        .iter()
        .position(|b| (*b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || *b == 0x7F);
    let c1 = if text.is_ascii() {
        None
    } else {
        text.find(|c: char| matches!(c, '\u{80}'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}'))
    };
    let at = at.into_iter().chain(c1).min()?;
    let c = text.get(at..)?.chars().next()?;
    Some(ReaderProblem {
        rule: ids::yaml::CONTROL_CHARACTER,
        span: Span::of(at..at + c.len_utf8()),
        message: if c == NO_UTF8 {
            "these bytes are no UTF-8: kubectl refuses the document".to_owned()
        } else {
            format!(
                "control character U+{:04X}: kubectl refuses the document",
                u32::from(c)
            )
        },
        help: None,
        related: None,
    })
}

/// A character that nobody sees, or that turns the text around, in what is compared or run letter by letter. Joiners are left out:
/// scripts and emoji need them.
fn invisible_character(node: Node<'_>) -> Option<ReaderProblem> {
    const EXACT: [&str; 8] = [
        "apiVersion",
        "args",
        "command",
        "image",
        "key",
        "kind",
        "name",
        "namespace",
    ];
    let text = node.document().text;
    let written = node.span().text(text);
    if node.kind() != NodeKind::Str || node.is_alias() || written.is_ascii() {
        return None;
    }
    let at = written.find(|c| matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'))?;
    let item = node.parent().filter(|p| p.kind() == NodeKind::Seq);
    let key = node.key_node().or_else(|| item?.key_node())?;
    if !EXACT.contains(&key.text()?) {
        return None;
    }
    let at = node.span().start as usize + at;
    let c = text.get(at..)?.chars().next()?;
    Some(ReaderProblem {
        rule: ids::yaml::INVISIBLE_CHARACTER,
        span: Span::of(at..at + c.len_utf8()),
        message: format!(
            "invisible character U+{:04X}: this is another text than it looks",
            u32::from(c)
        ),
        help: Some("remove the character".to_owned()),
        related: None,
    })
}

/// A decimal integer that no 64 bits hold, so that it was read as a float, and is another number as one. Limits such as 2^63 are not.
fn is_too_long(node: Node<'_>) -> bool {
    let digits = node
        .text()
        .unwrap_or_default()
        .trim_start_matches(['+', '-']);
    // 08 is a float, too.
    node.kind() == NodeKind::Float
        && digits.trim_start_matches('0').len() >= 19
        && digits.bytes().all(|b| b.is_ascii_digit())
        && digits.parse().map_or(true, |n: u128| !is_double(n))
}

/// Whether a double holds an integer as it is: its digits lie within 53 bits.
fn is_double(n: u128) -> bool {
    n == 0 || u128::BITS - n.leading_zeros() - n.trailing_zeros() <= f64::MANTISSA_DIGITS
}

/// The first line of a document that cannot be read because of it.
fn directive(text: &str) -> ReaderProblem {
    let line = text.split(BREAKS).next().unwrap_or_default();
    ReaderProblem {
        rule: ids::yaml::DIRECTIVE,
        span: Span::of(0..line.len()),
        message: "kubectl refuses a document that begins with a directive".to_owned(),
        help: None,
        related: None,
    }
}

fn syntax(stop: &ScanError, text: &str) -> ReaderProblem {
    let at = stop.reported_at.min(text.len());
    let rest = text.get(at..).unwrap_or_default();
    let width = rest
        .chars()
        .next()
        .filter(|c| !BREAKS.contains(c))
        .map_or(0, char::len_utf8);
    // At the end of a line there is nothing to point at: point at what stands before.
    let span = if width == 0 {
        let before = text.get(..at).unwrap_or_default().trim_end();
        let last = before.chars().next_back().map_or(0, char::len_utf8);
        Span::of(before.len() - last..before.len())
    } else {
        Span::of(at..at + width)
    };
    ReaderProblem {
        rule: ids::yaml::SYNTAX,
        span,
        message: stop.message.to_string(),
        help: Some(stop.help.to_owned()),
        related: None,
    }
}

/// Repeated, unusable and merged keys; values that JSON has not.
fn check_maps(document: &Document<'_>, problems: &mut Vec<ReaderProblem>) {
    let mut merging = Vec::new();
    let mut templates = Vec::new();
    let mut keys: Vec<(Cow<'_, str>, Node<'_>)> = Vec::new();
    for node in document.nodes() {
        if node.is_alias() {
            continue;
        }
        match node.kind() {
            NodeKind::NotJson
                if node.key_node().is_some()
                    || node.parent().is_some_and(|p| p.kind() == NodeKind::Seq) =>
            {
                problems.push(ReaderProblem {
                    rule: ids::yaml::NOT_JSON,
                    span: node.span(),
                    message: "JSON has no such number: kubectl refuses the document".to_owned(),
                    help: Some("quote it, or write a finite number".to_owned()),
                    related: None,
                });
            }
            NodeKind::Float if is_too_long(node) => problems.push(ReaderProblem {
                rule: ids::yaml::NOT_JSON,
                span: node.span(),
                message: format!(
                    "this number has more than 64 bits: it arrives as {}",
                    node.to_json()
                ),
                help: Some("quote it where a text is meant".to_owned()),
                related: None,
            }),
            NodeKind::Map => {
                keys.clear();
                for (key, value) in node.pairs() {
                    if key.is_merge() {
                        merging.push(node);
                        problems.extend(check_merge(value));
                    } else if let Some(text) = key.key() {
                        keys.push((text, key));
                    } else if is_template(key) {
                        templates.push(key);
                    } else {
                        problems.push(invalid_key(key));
                    }
                }
                repeated(&mut keys, problems);
            }
            _ => {}
        }
    }
    drop(keys);
    problems.extend(unquoted_templates(&templates));
    merging.dedup();
    problems.extend(merging.into_iter().flat_map(merge_order));
}

fn repeated(keys: &mut [(Cow<'_, str>, Node<'_>)], problems: &mut Vec<ReaderProblem>) {
    let mut report = |first: &Node<'_>, again: &(Cow<'_, str>, Node<'_>)| {
        let shown = one_line(again.0.chars().take(80).collect());
        problems.push(ReaderProblem {
            rule: ids::yaml::DUPLICATE_KEY,
            span: again.1.span(),
            message: format!(
                "key `{shown}` is given twice: kubectl keeps this one and drops the earlier"
            ),
            help: None,
            related: Some((first.span(), "given here first")),
        });
    };
    // Most maps have a handful of keys: comparing is cheaper than sorting them.
    if keys.len() <= 8 {
        for (i, pair) in keys.iter().enumerate() {
            if let Some((_, first)) = keys.iter().take(i).find(|(k, _)| *k == pair.0) {
                report(first, pair);
            }
        }
        return;
    }
    keys.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.id().cmp(&b.1.id())));
    for group in keys.chunk_by(|a, b| a.0 == b.0) {
        if let [(_, first), rest @ ..] = group {
            rest.iter().for_each(|again| report(first, again));
        }
    }
}

fn check_merge(value: Node<'_>) -> Option<ReaderProblem> {
    let good = match value.kind() {
        NodeKind::Map => true,
        NodeKind::Seq => value.items().all(|item| item.kind() == NodeKind::Map),
        _ => false,
    };
    (!good).then(|| ReaderProblem {
        rule: ids::yaml::SYNTAX,
        span: value.span(),
        message: "a merge key needs a map, or a list of maps".to_owned(),
        help: None,
        related: None,
    })
}

/// `{{ x }}` without quotes: a map as the key of a map.
fn is_template(key: Node<'_>) -> bool {
    key.kind() == NodeKind::Map && key.style() == Style::Flow
}

/// One problem, whatever number of templates the document has: they have one cause.
fn unquoted_templates(keys: &[Node<'_>]) -> Option<ReaderProblem> {
    let [first, more @ ..] = keys else {
        return None;
    };
    let more = if more.is_empty() {
        String::new()
    } else {
        format!(" ({} more in this document)", more.len())
    };
    Some(ReaderProblem {
        rule: ids::yaml::INVALID_KEY,
        span: first.span(),
        message: format!("an unquoted template is a map as key of a map: kubectl refuses it{more}"),
        help: Some("quote the template, or render it first".to_owned()),
        related: None,
    })
}

fn invalid_key(key: Node<'_>) -> ReaderProblem {
    let (message, help) = match key.kind() {
        NodeKind::Map | NodeKind::Seq => (
            "a map or a list cannot be a key in JSON",
            "use a string as key",
        ),
        NodeKind::Null => (
            "null cannot be a key in JSON",
            "quote the key, or give it a name",
        ),
        _ => (
            "kubectl cannot turn this number into a key",
            "quote the key",
        ),
    };
    ReaderProblem {
        rule: ids::yaml::INVALID_KEY,
        span: key.span(),
        message: message.to_owned(),
        help: Some(help.to_owned()),
        related: None,
    }
}

/// Keys that stand before a merge key which overrides them.
fn merge_order(map: Node<'_>) -> Vec<ReaderProblem> {
    let mut seen: HashMap<Cow<'_, str>, Node<'_>> = HashMap::new();
    let mut overridden: HashMap<Cow<'_, str>, (Node<'_>, Node<'_>)> = HashMap::new();
    for (key, value) in map.pairs() {
        if !key.is_merge() {
            if let Some(name) = key.key() {
                // Written again behind the merge key, it wins after all.
                overridden.remove(&name);
                seen.insert(name, key);
            }
            continue;
        }
        let maps: Vec<_> = if value.kind() == NodeKind::Seq {
            value.items().collect()
        } else {
            vec![value]
        };
        for (merged, _) in maps.into_iter().flat_map(Node::entries) {
            if let Some((name, own)) = merged.key().and_then(|k| seen.remove_entry(&k)) {
                overridden.insert(name, (own, key));
            }
        }
    }
    let mut overridden: Vec<_> = overridden.into_values().collect();
    overridden.sort_by_key(|(own, _)| own.id());
    let problem = |(own, merge): (Node<'_>, Node<'_>)| ReaderProblem {
        rule: ids::yaml::MERGE_ORDER,
        span: own.span(),
        message:
            "the merge key further down overrides this key: kubectl applies both in their order"
                .to_owned(),
        help: Some("write `<<` first".to_owned()),
        related: Some((merge.span(), "merged here")),
    };
    overridden.into_iter().map(problem).collect()
}
