//! Where a document stands: spans of a document → spans of files, also for a document inside a scalar of
//! another document, and for one that was put together from several files.

use super::tree::{Document, Node, NodeKind, Style};
use crate::text::{FileId, FileSpan, Span};
use std::sync::Arc;

/// Where the text of a document stands, and what it was rendered from.
#[derive(Clone, Debug)]
pub struct Provenance {
    text: TextOrigin,
    /// The template that the document was rendered from, where its text says so.
    pub rendered_from: Option<Arc<Rendered>>,
    /// Whether the files hold their texts byte by byte, so that they can be edited in place.
    pub editable: bool,
}

#[derive(Clone, Debug)]
enum TextOrigin {
    /// Bytes of a file, from `base` on.
    Chunk { file: FileId, base: u32 },
    /// Runs of text, each from its own place; `file` holds the first of them.
    Mapped { file: FileId, map: SpanMap<Stack> },
}

/// What a document of a chart's output was rendered from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The template, as Helm names it.
    pub template: String,
    /// When Helm applies it by itself, where it is a hook: `pre-install`, `test`.
    pub hook: Option<String>,
}

impl Rendered {
    /// A few words for people.
    pub(crate) fn description(&self) -> String {
        let template = &self.template;
        match self.hook.as_deref() {
            None => format!("rendered from {template}"),
            Some(hook) if hook.contains("test") => {
                format!("rendered from {template}, which `helm test` runs")
            }
            Some(hook) => format!("rendered from {template}, a hook: {hook}"),
        }
    }
}

/// Runs of a text and where they came from: another document's text, or files. Sorted, without gaps inside the text.
#[derive(Clone, Debug)]
pub struct SpanMap<O = Span> {
    segments: Arc<[Segment<O>]>,
    /// The segments that do not go on in the text of the one before them, by number; a map within one file has none.
    breaks: Arc<[usize]>,
}

/// One run of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<O = Span> {
    /// Bytes of the text.
    pub inner: Span,
    /// Where they came from.
    pub outer: O,
    /// How the two belong together.
    pub mapping: Mapping,
}

/// How a run of a text belongs to the text that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// The text is the same: each inner byte has its own outer byte.
    Verbatim,
    /// All of it came from all of that, with no places in between: an escape, a folded line break.
    Opaque,
    /// It came from a part of that which cannot be told.
    Unknown,
}

/// Where a run came from, innermost first: the value, the template that inserts it, the template that includes that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The bytes themselves.
    pub primary: FileSpan,
    /// The places that led to them.
    pub trail: Trail,
}

/// Places that led to another one; nearly always none.
pub type Trail = Option<Arc<[FileSpan]>>;

impl From<FileSpan> for Stack {
    fn from(primary: FileSpan) -> Self {
        let trail = None;
        Self { primary, trail }
    }
}

/// Bytes of a text that others came from.
pub trait Outer: Clone {
    /// The bytes.
    fn span(&self) -> Span;
    /// Other bytes of the same text.
    #[must_use]
    fn with(&self, span: Span) -> Self;
    /// Whether both are of one text.
    fn shares_text(&self, other: &Self) -> bool;
}

impl Outer for Span {
    fn span(&self) -> Span {
        *self
    }

    fn with(&self, span: Span) -> Self {
        span
    }

    fn shares_text(&self, _: &Self) -> bool {
        true
    }
}

impl Outer for Stack {
    fn span(&self) -> Span {
        self.primary.span
    }

    fn with(&self, span: Span) -> Self {
        let file = self.primary.file;
        Self {
            primary: FileSpan { file, span },
            trail: self.trail.clone(),
        }
    }

    fn shares_text(&self, other: &Self) -> bool {
        self.primary.file == other.primary.file && self.trail == other.trail
    }
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Bytes of the file's text.
    pub primary: FileSpan,
    /// The places that led there.
    pub trail: Trail,
    /// Whether the span is the value itself, and not a larger whole that holds it, or a part of it.
    pub exact: bool,
}

impl From<FileSpan> for Located {
    fn from(primary: FileSpan) -> Self {
        Self {
            primary,
            trail: None,
            exact: true,
        }
    }
}

impl From<Located> for FileSpan {
    fn from(located: Located) -> Self {
        located.primary
    }
}

impl SpanMap {
    /// The outer span of an inner one, and whether it is exact.
    pub fn outer(&self, inner: Span) -> (Span, bool) {
        self.find(inner).unwrap_or_default()
    }
}

impl<O: Outer> SpanMap<O> {
    /// A map of segments that are sorted by their inner side.
    pub fn new(segments: Vec<Segment<O>>) -> Self {
        let pairs = segments.iter().zip(segments.iter().skip(1));
        let goes_on = |before: &Segment<O>, next: &Segment<O>| {
            let (from, to) = (before.outer.span(), next.outer.span());
            before.outer.shares_text(&next.outer) && from.start <= to.start && from.end <= to.end
        };
        let breaks = (1..).zip(pairs).filter(|(_, (a, b))| !goes_on(a, b));
        Self {
            breaks: breaks.map(|(at, _)| at).collect(),
            segments: segments.into(),
        }
    }

    /// The map of a part of the inner text, counted from that part's start.
    #[must_use]
    pub fn window(&self, part: Span) -> Self {
        let first = self.segments.partition_point(|p| p.inner.end <= part.start);
        let inside = self
            .segments
            .iter()
            .skip(first)
            .take_while(|p| p.inner.start < part.end);
        let segments = inside.map(|p| {
            let shared = Span::new(p.inner.start.max(part.start), p.inner.end.min(part.end));
            let inner = Span::new(shared.start - part.start, shared.end - part.start);
            Segment {
                inner,
                ..p.cut(shared)
            }
        });
        Self::new(segments.collect())
    }

    /// Where an inner span came from, and whether that is exact; of one that came from several places, where it begins.
    fn find(&self, inner: Span) -> Option<(O, bool)> {
        if inner.is_empty() {
            return self.point(inner.start);
        }
        let (first_at, first) = self.segment_at(inner.start)?;
        let (last_at, last) = self.segment_at(inner.end - 1)?;
        let start = first.out(inner.start).start;
        let next_break = self.breaks.partition_point(|at| *at <= first_at);
        match self.breaks.get(next_break) {
            Some(end) if *end <= last_at => {
                let last = self.segments.get(end - 1).unwrap_or(first);
                let span = Span::new(start, last.outer.span().end);
                Some((first.outer.with(span), false))
            }
            _ => {
                let span = Span::new(start, last.out(inner.end).end);
                let exact = first.splits(inner.start) && last.splits(inner.end);
                Some((first.outer.with(span), exact))
            }
        }
    }

    /// Where a place between two bytes came from: behind what comes before it, or the whole that it lies in.
    fn point(&self, at: u32) -> Option<(O, bool)> {
        let before = self.segments.partition_point(|p| p.inner.end <= at);
        let behind = before.checked_sub(1).and_then(|i| self.segments.get(i));
        let (segment, span, exact) = match (behind, self.segments.get(before)) {
            (Some(segment), _) if segment.inner.end == at => {
                let end = Span::empty(segment.outer.span().end);
                (segment, end, segment.mapping != Mapping::Unknown)
            }
            (_, Some(segment)) if segment.inner.start >= at => {
                let start = Span::empty(segment.outer.span().start);
                (segment, start, segment.mapping != Mapping::Unknown)
            }
            (_, Some(segment)) => {
                let exact = segment.mapping == Mapping::Verbatim;
                (segment, segment.out(at), exact)
            }
            (Some(segment), None) => (segment, Span::empty(segment.outer.span().end), false),
            (None, None) => return None,
        };
        Some((segment.outer.with(span), exact))
    }

    /// The segment that holds the byte, and its number; behind the end the last one.
    fn segment_at(&self, at: u32) -> Option<(usize, &Segment<O>)> {
        let next = self.segments.partition_point(|p| p.inner.start <= at);
        let number = next.saturating_sub(1);
        Some((number, self.segments.get(number)?))
    }

    /// A segment whose outer side is this map's inner side, carried through.
    fn compose(&self, segment: Segment) -> Vec<Segment<O>> {
        if segment.mapping != Mapping::Verbatim {
            let found = self.find(segment.outer).into_iter();
            let carried = found.map(|(outer, exact)| Segment {
                inner: segment.inner,
                outer,
                mapping: if exact {
                    segment.mapping
                } else {
                    Mapping::Unknown
                },
            });
            return carried.collect();
        }
        let first = self
            .segments
            .partition_point(|p| p.inner.end <= segment.outer.start);
        let overlapping = self
            .segments
            .iter()
            .skip(first)
            .take_while(|p| p.inner.start < segment.outer.end);
        overlapping
            .map(|p| {
                let shared = Span::new(
                    p.inner.start.max(segment.outer.start),
                    p.inner.end.min(segment.outer.end),
                );
                let inner = Span::new(
                    segment.inner.start + (shared.start - segment.outer.start),
                    segment.inner.start + (shared.end - segment.outer.start),
                );
                Segment {
                    inner,
                    ..p.cut(shared)
                }
            })
            .collect()
    }
}

impl<O: Outer> Segment<O> {
    fn out(&self, at: u32) -> Span {
        let outer = self.outer.span();
        if self.mapping == Mapping::Verbatim {
            let moved = outer.start + at.saturating_sub(self.inner.start);
            Span::empty(moved.min(outer.end))
        } else if at >= self.inner.end {
            Span::empty(outer.end)
        } else {
            outer
        }
    }

    /// Whether the map is exact at this offset of the segment.
    fn splits(&self, at: u32) -> bool {
        match self.mapping {
            Mapping::Verbatim => true,
            Mapping::Opaque => at == self.inner.start || at == self.inner.end,
            Mapping::Unknown => false,
        }
    }

    /// The segment for a part of its inner side.
    fn cut(&self, inner: Span) -> Self {
        let (outer, mapping) = match self.mapping {
            Mapping::Verbatim => {
                let span = Span::new(self.out(inner.start).start, self.out(inner.end).end);
                (self.outer.with(span), Mapping::Verbatim)
            }
            mapping if inner == self.inner => (self.outer.clone(), mapping),
            _ => (self.outer.clone(), Mapping::Unknown),
        };
        Segment {
            inner,
            outer,
            mapping,
        }
    }
}

impl Provenance {
    /// Of a chunk of a file, from a byte on.
    pub const fn chunk(file: FileId, base: u32) -> Self {
        Self {
            text: TextOrigin::Chunk { file, base },
            rendered_from: None,
            editable: false,
        }
    }

    /// Of a text that was put together from several places, the first of them in `file`.
    pub const fn mapped(file: FileId, map: SpanMap<Stack>) -> Self {
        Self {
            text: TextOrigin::Mapped { file, map },
            rendered_from: None,
            editable: false,
        }
    }

    /// The same, of a text that was rendered.
    #[must_use]
    pub fn rendered(self, rendered_from: Option<Arc<Rendered>>) -> Self {
        Self {
            rendered_from,
            ..self
        }
    }

    /// The file that holds its beginning.
    pub fn file(&self) -> FileId {
        match self.text {
            TextOrigin::Chunk { file, .. } | TextOrigin::Mapped { file, .. } => file,
        }
    }

    /// A span of the document as a span of the file that it came from.
    pub fn locate(&self, span: Span) -> Located {
        match &self.text {
            TextOrigin::Chunk { file, base } => FileSpan {
                file: *file,
                span: span.shift(*base),
            }
            .into(),
            TextOrigin::Mapped { file, map } => {
                let start = FileSpan {
                    file: *file,
                    span: Span::default(),
                };
                let found = map.find(span);
                let (Stack { primary, trail }, exact) =
                    found.unwrap_or_else(|| (start.into(), false));
                Located {
                    primary,
                    trail,
                    exact,
                }
            }
        }
    }

    /// Whether it is a part of a file as it is.
    pub(super) fn is_chunk(&self) -> bool {
        matches!(self.text, TextOrigin::Chunk { .. })
    }

    /// The bytes of a file that a span of the document stands for, if they are the same and can be edited.
    pub(super) fn verbatim(&self, span: Span) -> Option<FileSpan> {
        if !self.editable {
            return None;
        }
        if let TextOrigin::Mapped { map, .. } = &self.text {
            let (_, segment) = map.segment_at(span.start)?;
            if segment.mapping != Mapping::Verbatim || !segment.inner.contains(span) {
                return None;
            }
        }
        Some(self.locate(span).primary)
    }

    /// The provenance of a document whose text `map` brings back to a document of this one.
    #[must_use]
    pub fn nest(&self, map: &SpanMap) -> Provenance {
        let segments = map.segments.iter();
        let segments: Vec<Segment<Stack>> = match &self.text {
            TextOrigin::Chunk { file, base } => {
                let shifted = segments.map(|p| Segment {
                    inner: p.inner,
                    outer: Stack::from(FileSpan {
                        file: *file,
                        span: p.outer.shift(*base),
                    }),
                    mapping: p.mapping,
                });
                shifted.collect()
            }
            TextOrigin::Mapped { map: outer, .. } => {
                segments.flat_map(|p| outer.compose(*p)).collect()
            }
        };
        let first = segments.first().map(|p| p.outer.primary.file);
        let map = SpanMap::new(segments);
        Provenance {
            text: TextOrigin::Mapped {
                file: first.unwrap_or(self.file()),
                map,
            },
            rendered_from: self.rendered_from.clone(),
            editable: self.editable,
        }
    }
}

impl Document<'_> {
    /// A span of this document as a span of the file.
    pub fn locate(&self, span: Span) -> Located {
        self.provenance.locate(span)
    }
}

/// How the value of a string came from its text: offsets of `Node::text` → offsets of the document. `None` for what
/// is no string. Where the way cannot be followed, the whole scalar is one segment: never wrong, only not exact.
pub fn decode_scalar(node: Node<'_>) -> Option<SpanMap> {
    let node = node.target();
    let value = node.text().filter(|_| node.kind() == NodeKind::Str)?;
    let span = node.span();
    let content = node.content();
    if content.text(node.document().text).as_ptr() == value.as_ptr() {
        // The value is the text itself.
        let (inner, mapping) = (Span::of(0..value.len()), Mapping::Verbatim);
        if !inner.is_empty() {
            let outer = content;
            return Some(SpanMap::new(vec![Segment {
                inner,
                outer,
                mapping,
            }]));
        }
    }
    let raw = span.text(node.document().text);
    let mut out = Decoder {
        text: String::with_capacity(value.len()),
        segments: Vec::new(),
        base: span.start,
    };
    let inner = || raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    match node.style() {
        Style::Plain => out.flow(raw, 0, Style::Plain),
        Style::Single => out.flow(inner(), 1, Style::Single),
        Style::Double => out.flow(inner(), 1, Style::Double),
        Style::Literal | Style::Folded => out.block(raw, value),
        Style::Block | Style::Flow => return None,
    }
    if out.text != value {
        let whole = Segment {
            inner: Span::of(0..value.len()),
            outer: span,
            mapping: Mapping::Opaque,
        };
        return Some(SpanMap::new(vec![whole]));
    }
    if out.segments.is_empty() {
        // An empty value still has a place.
        let (inner, outer) = (Span::empty(0), Span::empty(span.end));
        out.segments.push(Segment {
            inner,
            outer,
            mapping: Mapping::Opaque,
        });
    }
    Some(SpanMap::new(out.segments))
}

/// Decodes a scalar a second time, this time keeping track of where each byte came from.
struct Decoder {
    text: String,
    segments: Vec<Segment>,
    base: u32,
}

/// A line of a scalar: its offset in the scalar's text and its bytes without the line break.
type Line<'a> = (usize, &'a str);

fn lines(raw: &str) -> Vec<Line<'_>> {
    let bytes = raw.as_bytes();
    let mut found = Vec::new();
    let mut start = 0;
    for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
        if at < start {
            continue;
        }
        found.push((start, raw.get(start..at).unwrap_or_default()));
        let crlf = bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) == Some(&b'\n');
        start = at + 1 + usize::from(crlf);
    }
    found.push((start, raw.get(start..).unwrap_or_default()));
    found
}

impl Decoder {
    /// Text that stands at `at` as it is.
    fn copy(&mut self, text: &str, at: usize) {
        if text.is_empty() {
            return;
        }
        let inner = Span::of(self.text.len()..self.text.len() + text.len());
        let outer = Span::of(at..at + text.len()).shift(self.base);
        self.text.push_str(text);
        match self.segments.last_mut() {
            Some(last) if last.mapping == Mapping::Verbatim && last.outer.end == outer.start => {
                last.inner.end = inner.end;
                last.outer.end = outer.end;
            }
            _ => self.segments.push(Segment {
                inner,
                outer,
                mapping: Mapping::Verbatim,
            }),
        }
    }

    /// Text that the bytes `from..to` stand for.
    fn stand_for(&mut self, text: &str, from: usize, to: usize) {
        if text.is_empty() {
            return;
        }
        let inner = Span::of(self.text.len()..self.text.len() + text.len());
        self.text.push_str(text);
        self.segments.push(Segment {
            inner,
            outer: Span::of(from..to).shift(self.base),
            mapping: Mapping::Opaque,
        });
    }

    /// Plain and quoted scalars: lines are folded, quotes and escapes replaced.
    fn flow(&mut self, raw: &str, offset: usize, style: Style) {
        const BLANKS: [char; 2] = [' ', '\t'];
        let lines = lines(raw);
        let last = lines.len() - 1;
        let (mut behind, mut empty, mut joined) = (offset, 0_usize, false);
        for (k, &(start, line)) in lines.iter().enumerate() {
            let mut from = start;
            let mut content = line;
            if k > 0 {
                content = line.trim_start_matches(BLANKS);
                from += line.len() - content.len();
            }
            if k < last {
                content = trim_end(content, style);
                if k > 0 && content.is_empty() {
                    empty += 1;
                    continue;
                }
            }
            if k > 0 {
                let breaks = match (empty, joined) {
                    (0, true) => String::new(),
                    (0, false) => " ".to_owned(),
                    (n, _) => "\n".repeat(n),
                };
                self.stand_for(&breaks, behind, offset + from);
            }
            empty = 0;
            joined = match style {
                Style::Single => self.single(content, offset + from),
                Style::Double => self.double(content, offset + from),
                _ => {
                    self.copy(content, offset + from);
                    false
                }
            };
            behind = offset + from + content.len();
        }
    }

    fn single(&mut self, line: &str, at: usize) -> bool {
        let mut rest = line;
        while let Some(quote) = rest.find("''") {
            let here = at + line.len() - rest.len();
            self.copy(rest.get(..quote).unwrap_or_default(), here);
            self.stand_for("'", here + quote, here + quote + 2);
            rest = rest.get(quote + 2..).unwrap_or_default();
        }
        self.copy(rest, at + line.len() - rest.len());
        false
    }

    /// Whether the line ends in a backslash, so that the break behind it is none.
    fn double(&mut self, line: &str, at: usize) -> bool {
        let mut rest = line;
        while let Some(slash) = rest.find('\\') {
            let here = at + line.len() - rest.len();
            self.copy(rest.get(..slash).unwrap_or_default(), here);
            let escape = rest.get(slash..).unwrap_or_default();
            if escape.len() == 1 {
                return true;
            }
            let (text, len) = unescape(escape);
            self.stand_for(&text, here + slash, here + slash + len);
            rest = rest.get(slash + len..).unwrap_or_default();
        }
        self.copy(rest, at + line.len() - rest.len());
        false
    }

    /// Block scalars: finds each line of the text in the value, which the reader has already made.
    fn block(&mut self, raw: &str, value: &str) {
        let lines = lines(raw);
        let content = lines.get(1..).unwrap_or_default();
        let Some(indent) = block_indent(content, value) else {
            return;
        };
        let mut behind = content.first().map_or(raw.len(), |(at, _)| *at);
        for &(start, line) in content {
            let text = line.get(indent..).unwrap_or_default();
            if text.is_empty() {
                continue;
            }
            let rest = value.get(self.text.len()..).unwrap_or_default();
            // Between two lines the value has one blank, or line breaks: the fewest that let this line follow.
            let breaks = rest
                .bytes()
                .take_while(|b| matches!(b, b'\n' | b' '))
                .count();
            let Some(skip) =
                (0..=breaks).find(|n| rest.get(*n..).is_some_and(|r| r.starts_with(text)))
            else {
                return;
            };
            self.stand_for(rest.get(..skip).unwrap_or_default(), behind, start + indent);
            self.copy(text, start + indent);
            behind = start + line.len();
        }
        let tail = value.get(self.text.len()..).unwrap_or_default();
        if tail.bytes().all(|b| b == b'\n') {
            self.stand_for(tail, behind, raw.len().max(behind));
        }
    }
}

/// By how much the lines of a block scalar are indented: what the first line that is not empty lacks in the value.
fn block_indent(content: &[Line<'_>], value: &str) -> Option<usize> {
    let first = value.split('\n').find(|l| !l.trim().is_empty())?;
    content.iter().find_map(|(_, line)| {
        // In a folded scalar the value goes on behind the line.
        let bare = line.trim_start_matches(' ');
        let spaces = first.len() - first.trim_start_matches(' ').len();
        (!bare.trim().is_empty()).then(|| (line.len() - bare.len()).saturating_sub(spaces))
    })
}

/// Without blanks at the end, but an escaped one stays.
fn trim_end(line: &str, style: Style) -> &str {
    let trimmed = line.trim_end_matches([' ', '\t']);
    let slashes = trimmed.len() - trimmed.trim_end_matches('\\').len();
    if style == Style::Double && slashes % 2 == 1 && trimmed.len() < line.len() {
        return line.get(..trimmed.len() + 1).unwrap_or(trimmed);
    }
    trimmed
}

/// What an escape of a double-quoted scalar stands for, and its length.
fn unescape(escape: &str) -> (String, usize) {
    let Some(sign) = escape.chars().nth(1) else {
        return (String::new(), escape.len());
    };
    let simple = match sign {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{B}',
        'f' => '\u{C}',
        'r' => '\r',
        'e' => '\u{1B}',
        'N' => '\u{85}',
        '_' => '\u{A0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        'x' => return code(escape, 2),
        'u' => return code(escape, 4),
        'U' => return code(escape, 8),
        other => other,
    };
    (simple.to_string(), 1 + sign.len_utf8())
}

fn code(escape: &str, digits: usize) -> (String, usize) {
    let hex = |from: usize| {
        escape
            .get(from..from + digits)
            .and_then(|h| u32::from_str_radix(h, 16).ok())
    };
    let len = 2 + digits;
    let Some(unit) = hex(2) else {
        return (String::new(), escape.len().min(len));
    };
    if let Some(c) = char::from_u32(unit) {
        return (c.to_string(), len);
    }
    // A surrogate pair of JSON; half of one stands for itself.
    let low = escape
        .get(len..len + 2)
        .filter(|u| *u == "\\u")
        .and_then(|_| hex(len + 2))
        .unwrap_or_default();
    let high = unit.wrapping_sub(0xD800);
    let pair = (high < 0x400 && (0xDC00..0xE000).contains(&low))
        .then(|| char::from_u32(0x10000 + (high << 10) + (low - 0xDC00)));
    match pair.flatten() {
        Some(c) => (c.to_string(), len * 2),
        None => (char::REPLACEMENT_CHARACTER.to_string(), len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Format, Limits, parse};

    #[test]
    fn half_a_surrogate_pair_takes_no_byte_behind_it() {
        for (json, inner, outer) in [
            (r#"{"v": "\ud800"}"#, Span::new(0, 3), r"\ud800"),
            (r#"{"v": "\udc00 behind it"}"#, Span::new(4, 10), "behind"),
            (
                r#"{"v": "\ud83d\ude00 behind it"}"#,
                Span::new(5, 11),
                "behind",
            ),
        ] {
            let place = Provenance::chunk(FileId(0), 0);
            let parsed = parse(json, place, Format::Json, Limits::default());
            let document = parsed.document.unwrap();
            let map = decode_scalar(document.root().field("v").unwrap()).unwrap();
            assert_eq!(map.outer(inner).0.text(json), outer, "{json}");
        }
    }

    const TEMPLATE: &str =
        "a: {{ x }}\nb: v{{ x }}-{{ y }}\nnested: |\n  k: {{ y }}\n  \"q\": 'w{{ x }}'\n";
    const VALUES: &str = "x: one\ny: two\n";

    const fn of_template(span: Span) -> FileSpan {
        FileSpan {
            file: FileId(1),
            span,
        }
    }

    fn of_values(text: &str) -> FileSpan {
        let start = VALUES.find(text).unwrap();
        FileSpan {
            file: FileId(2),
            span: Span::of(start..start + text.len()),
        }
    }

    /// The template with the values filled in; the action that inserts a value is its trail.
    fn render() -> (String, Provenance) {
        let (mut text, mut segments, mut at) = (String::new(), Vec::new(), 0);
        let mut push = |part: &str, outer: Stack| {
            let inner = Span::of(text.len()..text.len() + part.len());
            text.push_str(part);
            segments.push(Segment {
                inner,
                outer,
                mapping: Mapping::Verbatim,
            });
        };
        for (start, action) in TEMPLATE
            .match_indices("{{ x }}")
            .chain(TEMPLATE.match_indices("{{ y }}"))
            .collect::<std::collections::BTreeMap<_, _>>()
        {
            push(
                &TEMPLATE[at..start],
                of_template(Span::of(at..start)).into(),
            );
            at = start + action.len();
            let value = if action == "{{ x }}" { "one" } else { "two" };
            let stack = Stack {
                primary: of_values(value),
                trail: Some([of_template(Span::of(start..at))].into()),
            };
            push(value, stack);
        }
        push(
            &TEMPLATE[at..],
            of_template(Span::of(at..TEMPLATE.len())).into(),
        );
        (text, Provenance::mapped(FileId(1), SpanMap::new(segments)))
    }

    fn locate(node: Node<'_>) -> Located {
        node.document().locate(node.span())
    }

    fn text(at: FileSpan) -> &'static str {
        let file = if at.file == FileId(1) {
            TEMPLATE
        } else {
            VALUES
        };
        at.span.text(file)
    }

    #[test]
    fn a_document_from_two_files_leads_back_to_both() {
        let (rendered, place) = render();
        let parsed = parse(&rendered, place, Format::Yaml, Limits::default());
        let document = parsed.document.unwrap();
        let root = document.root();

        let value = locate(root.field("a").unwrap());
        assert_eq!((value.primary, value.exact), (of_values("one"), true));
        let trail = value.trail.unwrap();
        assert_eq!(
            trail.iter().map(|at| text(*at)).collect::<Vec<_>>(),
            ["{{ x }}"]
        );

        let key = locate(root.pairs().next().unwrap().0);
        assert_eq!((text(key.primary), key.exact, key.trail), ("a", true, None));

        // What comes from both files is found where it begins.
        let mixed = locate(root.field("b").unwrap());
        assert_eq!((text(mixed.primary), mixed.primary.file), ("v", FileId(1)));
        assert!(!mixed.exact);
        let from_value = document.locate(Span::new(11, 14));
        assert_eq!(text(from_value.primary), "one");
        // From the one value to the other, with the template's text between them.
        let around = document.locate(Span::new(11, 18));
        assert_eq!((around.primary, around.exact), (of_values("one"), false));
    }

    #[test]
    fn a_document_within_one_from_two_files_does_so_too() {
        let (rendered, place) = render();
        let parsed = parse(&rendered, place, Format::Yaml, Limits::default());
        let document = parsed.document.unwrap();
        let scalar = document.root().field("nested").unwrap();
        let inner = scalar.as_str().unwrap();
        let place = document.provenance.nest(&decode_scalar(scalar).unwrap());
        let parsed = parse(inner, place, Format::Yaml, Limits::default());
        let nested = parsed.document.unwrap();

        let value = locate(nested.root().field("k").unwrap());
        assert_eq!((value.primary, value.exact), (of_values("two"), true));
        assert!(value.trail.is_some());
        let key = locate(nested.root().pairs().nth(1).unwrap().0);
        assert_eq!((text(key.primary), key.exact), ("\"q\"", true));
        let mixed = locate(nested.root().field("q").unwrap());
        assert_eq!((text(mixed.primary), mixed.exact), ("'w", false));

        // One level deeper: in the quoted scalar.
        let quoted = nested.root().field("q").unwrap();
        let deeper = nested.provenance.nest(&decode_scalar(quoted).unwrap());
        assert_eq!(deeper.file(), FileId(1));
        let one = deeper.locate(Span::new(1, 4));
        assert_eq!((one.primary, one.exact), (of_values("one"), true));
        assert_eq!(text(deeper.locate(Span::new(0, 1)).primary), "w");
    }
}
