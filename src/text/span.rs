//! Byte ranges and edits of a text.

use super::FileId;
use std::ops::Range;

/// A half-open range of bytes of one text. Offsets are `u32`: no text may reach 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte; never below `start`.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`; an `end` below `start` is lifted to it.
    pub const fn new(start: u32, end: u32) -> Self {
        Self {
            start,
            end: if end < start { start } else { end },
        }
    }

    /// The empty span at `at`.
    pub const fn empty(at: u32) -> Self {
        Self { start: at, end: at }
    }

    /// A span of `usize` offsets; what does not fit is cut at `u32::MAX`.
    pub fn of(range: Range<usize>) -> Self {
        Self::new(clamp(range.start), clamp(range.end))
    }

    /// Length in bytes.
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether it holds no byte.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The same span, `by` bytes further on.
    #[must_use]
    pub const fn shift(self, by: u32) -> Self {
        Self {
            start: self.start.saturating_add(by),
            end: self.end.saturating_add(by),
        }
    }

    /// Whether every byte of `other` lies in this span.
    pub const fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two share a byte, or touch where one of them is empty.
    pub const fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// As a range of `usize`.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text under the span; empty where the span is out of bounds or splits a character.
    pub fn text(self, source: &str) -> &str {
        source.get(self.range()).unwrap_or_default()
    }
}

/// Bytes of one text that have something in common: spans in order, none of which touches the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanSet(Vec<Span>);

impl FromIterator<Span> for SpanSet {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut sorted: Vec<Span> = spans.into_iter().filter(|s| !s.is_empty()).collect();
        sorted.sort_unstable();
        let mut merged: Vec<Span> = Vec::new();
        for span in sorted {
            match merged.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => merged.push(span),
            }
        }
        Self(merged)
    }
}

impl SpanSet {
    /// None at all.
    pub const EMPTY: &'static Self = &Self(Vec::new());

    /// The spans, in order.
    pub fn iter(&self) -> impl Iterator<Item = Span> {
        self.0.iter().copied()
    }

    /// Whether it holds all bytes of a span; of an empty one, the byte behind it.
    pub fn holds(&self, span: Span) -> bool {
        self.behind(span.start)
            .is_some_and(|own| own.contains(span))
    }

    /// Whether it shares a byte with a span; an empty one is asked for the byte behind it.
    pub fn touches(&self, span: Span) -> bool {
        self.behind(span.start)
            .is_some_and(|own| own.start < span.end.max(span.start + 1))
    }

    /// The first span that ends behind a byte.
    fn behind(&self, at: u32) -> Option<Span> {
        let next = self.0.partition_point(|span| span.end <= at);
        self.0.get(next).copied()
    }
}

/// `usize` to `u32`, cut at the maximum.
pub(crate) fn clamp(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Replaces the bytes under `span` by `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// An edit of a file's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEdit {
    /// The file.
    pub file: FileId,
    /// The edit.
    pub edit: Edit,
}

/// Applies edits to `source`. Edits are taken in order of their start; one that overlaps an earlier
/// one, or is out of bounds, is left out, so that the result is always well formed.
pub fn apply(source: &str, edits: &[Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|e| (e.span.start, e.span.end));
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    for edit in sorted {
        let Range { start, end } = edit.span.range();
        if start < at {
            continue;
        }
        let (Some(before), Some(_)) = (source.get(at..start), source.get(start..end)) else {
            continue;
        };
        out.push_str(before);
        out.push_str(&edit.text);
        at = end;
    }
    out.push_str(source.get(at..).unwrap_or_default());
    out
}
