//! Byte offsets ↔ lines and columns.

use super::{Span, span::clamp};

/// A place as people count: lines and columns from 1, columns in code points unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// 1-based line.
    pub line: u32,
    /// 1-based column.
    pub column: u32,
}

/// What a column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of UTF-8.
    Byte,
    /// Units of UTF-16, as editors count.
    Utf16,
    /// Code points.
    CodePoint,
}

impl Unit {
    fn len(self, c: char) -> usize {
        match self {
            Self::Byte => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
            Self::CodePoint => 1,
        }
    }
}

/// Where the lines of a text begin. A line ends at LF, CRLF or a lone CR, as YAML has it.
#[derive(Clone, Debug, Default)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// What is before each block of `BLOCK` bytes; empty for ASCII, where all units are bytes. Keeps a column of a line of many
    /// megabytes cheap.
    blocks: Vec<Counts>,
}

const BLOCK: usize = 4096;

/// What begins in some bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    code_points: u32,
    /// Code points that UTF-16 writes as two units.
    pairs: u32,
}

impl Counts {
    fn of(bytes: &[u8]) -> Self {
        let count = |begins: fn(u8) -> bool| clamp(bytes.iter().filter(|b| begins(**b)).count());
        Self {
            code_points: count(|b| b & 0xC0 != 0x80),
            pairs: count(|b| b >= 0xF0),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            code_points: self.code_points + other.code_points,
            pairs: self.pairs + other.pairs,
        }
    }
}

impl LineIndex {
    /// Reads the text once.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            let crlf = bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) == Some(&b'\n');
            if !crlf {
                starts.push(clamp(at + 1));
            }
        }
        let mut blocks = Vec::new();
        if !text.is_ascii() {
            let mut before = Counts::default();
            for block in bytes.chunks(BLOCK) {
                blocks.push(before);
                before = before.and(Counts::of(block));
            }
        }
        Self { starts, blocks }
    }

    /// Units before a byte offset.
    fn units_before(&self, offset: usize, text: &str, unit: Unit) -> u32 {
        let Some(last) = self
            .blocks
            .len()
            .checked_sub(1)
            .filter(|_| unit != Unit::Byte)
        else {
            return clamp(offset);
        };
        // The end of a text of whole blocks belongs to the last one.
        let block = (offset / BLOCK).min(last);
        let rest = text.as_bytes().get(block * BLOCK..offset);
        let before = self.blocks.get(block).copied().unwrap_or_default();
        let counts = before.and(Counts::of(rest.unwrap_or_default()));
        match unit {
            Unit::Utf16 => counts.code_points + counts.pairs,
            _ => counts.code_points,
        }
    }

    /// Number of lines; an empty text has one.
    pub fn count(&self) -> u32 {
        clamp(self.starts.len())
    }

    /// The 0-based line that holds `offset`.
    pub fn line_of(&self, offset: u32) -> u32 {
        clamp(
            self.starts
                .partition_point(|&s| s <= offset)
                .saturating_sub(1),
        )
    }

    /// The bytes of a 0-based line without its line break; empty behind the last line.
    pub fn line_span(&self, line: u32, text: &str) -> Span {
        let line = line as usize;
        let end_of_text = clamp(text.len());
        let Some(&start) = self.starts.get(line) else {
            return Span::empty(end_of_text);
        };
        let end = self.starts.get(line + 1).copied().unwrap_or(end_of_text);
        let body = Span::new(start, end)
            .text(text)
            .trim_end_matches(['\n', '\r']);
        Span::new(start, start + clamp(body.len()))
    }

    /// Line and column of a byte offset. An offset inside a character counts as its start.
    pub fn position(&self, offset: u32, text: &str) -> Position {
        self.position_in(Unit::CodePoint, offset, text)
    }

    /// The same with a column in other units.
    pub fn position_in(&self, unit: Unit, offset: u32, text: &str) -> Position {
        let line = self.line_of(offset);
        let start = self.starts.get(line as usize).copied().unwrap_or_default();
        let mut end = (offset as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let column = self
            .units_before(end, text, unit)
            .saturating_sub(self.units_before(start as usize, text, unit))
            + 1;
        Position {
            line: line + 1,
            column,
        }
    }

    /// The byte offset of a 1-based line and column, if the text has it; the inverse of `position`.
    pub fn offset(&self, at: Position, text: &str) -> Option<u32> {
        self.offset_in(Unit::CodePoint, at, text)
    }

    /// The same of a column in other units; none inside of a character.
    pub fn offset_in(&self, unit: Unit, at: Position, text: &str) -> Option<u32> {
        let start = *self.starts.get((at.line as usize).checked_sub(1)?)? as usize;
        let mut left = (at.column as usize).checked_sub(1)?;
        let rest = text.get(start..)?;
        for (i, c) in rest.char_indices() {
            if left == 0 {
                return Some(clamp(start + i));
            }
            left = left.checked_sub(unit.len(c))?;
        }
        (left == 0).then(|| clamp(text.len()))
    }
}
