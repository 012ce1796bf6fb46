//! Where a document stands: spans of a document → spans of the file, also for a document inside a scalar of
//! another document.

use super::tree::{Document, Node, NodeKind, Style};
use crate::text::{FileId, Span};
use std::sync::Arc;

/// Where the text of a document stands.
#[derive(Clone, Debug)]
pub enum Provenance {
    /// A chunk of a file.
    Chunk {
        /// The file.
        file: FileId,
        /// Byte offset of the chunk in it.
        base: u32,
    },
    /// The decoded text of a scalar, through however many scalars around it.
    Nested {
        /// The file.
        file: FileId,
        /// Decoded text → text of the file.
        map: SpanMap,
    },
}

/// Runs of a decoded text and where they came from; sorted, without gaps inside the text.
#[derive(Clone, Debug)]
pub struct SpanMap(Arc<[Segment]>);

/// One run of a decoded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Bytes of the decoded text.
    pub inner: Span,
    /// Bytes of the text that it was decoded from.
    pub outer: Span,
    /// How the two belong together.
    pub mapping: Mapping,
}

/// How a run of a decoded text belongs to the text that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// The text is the same: each inner byte has its own outer byte.
    Verbatim,
    /// All of it came from all of that, with no places in between: an escape, a folded line break.
    Opaque,
    /// It came from a part of that which cannot be told.
    Unknown,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    /// The file.
    pub file: FileId,
    /// Bytes of its text.
    pub span: Span,
    /// Whether the span is the value itself, and not a larger whole that holds it.
    pub exact: bool,
}

impl SpanMap {
    /// The map of a part of the inner text, counted from that part's start.
    #[must_use]
    pub fn window(&self, part: Span) -> SpanMap {
        let first = self.0.partition_point(|p| p.inner.end <= part.start);
        let inside = self
            .0
            .iter()
            .skip(first)
            .take_while(|p| p.inner.start < part.end);
        let pieces = inside.map(|p| {
            let shared = Span::new(p.inner.start.max(part.start), p.inner.end.min(part.end));
            let inner = Span::new(shared.start - part.start, shared.end - part.start);
            Segment {
                inner,
                ..p.cut(shared)
            }
        });
        SpanMap(pieces.collect())
    }

    /// The outer span of an inner one, and whether it is exact.
    pub fn outer(&self, inner: Span) -> (Span, bool) {
        if inner.is_empty() {
            return self.point(inner.start);
        }
        let Some(first) = self.piece_at(inner.start) else {
            return (Span::default(), false);
        };
        let start = first.out(inner.start);
        let last = self.piece_at(inner.end - 1).unwrap_or(first);
        let end = last.out(inner.end);
        (
            Span::new(start.start, end.end),
            first.splits(inner.start) && last.splits(inner.end),
        )
    }

    /// Where a place between two bytes came from: behind what comes before it, or the whole that it lies in.
    fn point(&self, at: u32) -> (Span, bool) {
        let before = self.0.partition_point(|p| p.inner.end <= at);
        let behind = before.checked_sub(1).and_then(|i| self.0.get(i));
        match (behind, self.0.get(before)) {
            (Some(piece), _) if piece.inner.end == at => (
                Span::empty(piece.outer.end),
                piece.mapping != Mapping::Unknown,
            ),
            (_, Some(piece)) if piece.inner.start >= at => (
                Span::empty(piece.outer.start),
                piece.mapping != Mapping::Unknown,
            ),
            (_, Some(piece)) => (piece.out(at), piece.mapping == Mapping::Verbatim),
            (Some(piece), None) => (Span::empty(piece.outer.end), false),
            (None, None) => (Span::default(), false),
        }
    }

    /// The piece that holds the byte; behind the end the last one.
    fn piece_at(&self, at: u32) -> Option<Segment> {
        let next = self.0.partition_point(|p| p.inner.start <= at);
        self.0.get(next.saturating_sub(1)).copied()
    }
}

impl Segment {
    fn out(self, at: u32) -> Span {
        if self.mapping == Mapping::Verbatim {
            let moved = self.outer.start + at.saturating_sub(self.inner.start);
            Span::empty(moved.min(self.outer.end))
        } else if at >= self.inner.end {
            Span::empty(self.outer.end)
        } else {
            self.outer
        }
    }

    /// Whether the map is exact at this offset of the piece.
    fn splits(self, at: u32) -> bool {
        match self.mapping {
            Mapping::Verbatim => true,
            Mapping::Opaque => at == self.inner.start || at == self.inner.end,
            Mapping::Unknown => false,
        }
    }

    /// The piece for a part of its inner side.
    fn cut(self, inner: Span) -> Segment {
        match self.mapping {
            Mapping::Verbatim => Segment {
                inner,
                outer: Span::new(self.out(inner.start).start, self.out(inner.end).end),
                ..self
            },
            _ if inner == self.inner => self,
            _ => Segment {
                inner,
                mapping: Mapping::Unknown,
                ..self
            },
        }
    }
}

impl Provenance {
    /// The file that holds it.
    pub fn file(&self) -> FileId {
        match self {
            Self::Chunk { file, .. } | Self::Nested { file, .. } => *file,
        }
    }

    /// A span of the document as a span of the file.
    pub fn locate(&self, span: Span) -> Located {
        match self {
            Self::Chunk { file, base } => Located {
                file: *file,
                span: span.shift(*base),
                exact: true,
            },
            Self::Nested { file, map } => {
                let (span, exact) = map.outer(span);
                Located {
                    file: *file,
                    span,
                    exact,
                }
            }
        }
    }

    /// The place of a document whose text `map` brings back to a document at this place.
    #[must_use]
    pub fn nest(&self, map: &SpanMap) -> Provenance {
        let pieces = match self {
            Self::Chunk { base, .. } => map
                .0
                .iter()
                .map(|p| Segment {
                    outer: p.outer.shift(*base),
                    ..*p
                })
                .collect(),
            Self::Nested { map: outer, .. } => {
                map.0.iter().flat_map(|p| outer.compose(*p)).collect()
            }
        };
        Provenance::Nested {
            file: self.file(),
            map: SpanMap(pieces),
        }
    }
}

impl SpanMap {
    /// A piece whose outer side is this map's inner side, carried through.
    fn compose(&self, piece: Segment) -> Vec<Segment> {
        if piece.mapping != Mapping::Verbatim {
            let (outer, exact) = self.outer(piece.outer);
            let mapping = if exact {
                piece.mapping
            } else {
                Mapping::Unknown
            };
            return vec![Segment {
                outer,
                mapping,
                ..piece
            }];
        }
        let first = self.0.partition_point(|p| p.inner.end <= piece.outer.start);
        let overlapping = self
            .0
            .iter()
            .skip(first)
            .take_while(|p| p.inner.start < piece.outer.end);
        overlapping
            .map(|p| {
                let shared = Span::new(
                    p.inner.start.max(piece.outer.start),
                    p.inner.end.min(piece.outer.end),
                );
                let inner = Span::new(
                    piece.inner.start + (shared.start - piece.outer.start),
                    piece.inner.start + (shared.end - piece.outer.start),
                );
                Segment {
                    inner,
                    ..p.cut(shared)
                }
            })
            .collect()
    }
}

impl Document<'_> {
    /// A span of this document as a span of the file.
    pub fn locate(&self, span: Span) -> Located {
        self.place.locate(span)
    }
}

/// How the value of a string came from its text: offsets of `Node::text` → offsets of the document. `None` for what
/// is no string. Where the way cannot be followed, the whole scalar is one piece: never wrong, only not exact.
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
            return Some(SpanMap(Arc::new([Segment {
                inner,
                outer,
                mapping,
            }])));
        }
    }
    let raw = span.text(node.document().text);
    let mut out = Decoder {
        text: String::with_capacity(value.len()),
        pieces: Vec::new(),
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
        return Some(SpanMap(Arc::new([whole])));
    }
    if out.pieces.is_empty() {
        // An empty value still has a place.
        let (inner, outer) = (Span::empty(0), Span::empty(span.end));
        out.pieces.push(Segment {
            inner,
            outer,
            mapping: Mapping::Opaque,
        });
    }
    Some(SpanMap(out.pieces.into()))
}

/// Decodes a scalar a second time, this time keeping track of where each byte came from.
struct Decoder {
    text: String,
    pieces: Vec<Segment>,
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
        match self.pieces.last_mut() {
            Some(last) if last.mapping == Mapping::Verbatim && last.outer.end == outer.start => {
                last.inner.end = inner.end;
                last.outer.end = outer.end;
            }
            _ => self.pieces.push(Segment {
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
        self.pieces.push(Segment {
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
    // A surrogate pair of JSON.
    let low = escape
        .get(len..len + 2)
        .filter(|u| *u == "\\u")
        .and_then(|_| hex(len + 2))
        .unwrap_or_default();
    let high = unit.wrapping_sub(0xD800);
    let c = (high < 0x400 && (0xDC00..0xE000).contains(&low))
        .then(|| char::from_u32(0x10000 + (high << 10) + (low - 0xDC00)))
        .flatten();
    (
        c.unwrap_or(char::REPLACEMENT_CHARACTER).to_string(),
        len * 2,
    )
}
