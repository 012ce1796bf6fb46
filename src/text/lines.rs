//! Byte offsets ↔ lines and columns.

use super::{Span, span::clamp};

/// A place as people count: lines and columns from 1, columns in code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// 1-based line.
    pub line: u32,
    /// 1-based column in Unicode code points.
    pub column: u32,
}

/// Where the lines of a text begin. A line ends at LF, CRLF or a lone CR, as YAML has it.
#[derive(Clone, Debug, Default)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// Code points before each block of `BLOCK` bytes; empty for ASCII, where bytes are code points. Keeps a column of a line of
    /// many megabytes cheap.
    blocks: Vec<u32>,
}

const BLOCK: usize = 4096;

/// Code points that begin in these bytes.
fn code_points(bytes: &[u8]) -> u32 {
    clamp(bytes.iter().filter(|b| **b & 0xC0 != 0x80).count())
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
            let mut before = 0;
            for block in bytes.chunks(BLOCK) {
                blocks.push(before);
                before += code_points(block);
            }
        }
        Self { starts, blocks }
    }

    /// Code points before a byte offset.
    fn points_before(&self, offset: usize, text: &str) -> u32 {
        let Some(last) = self.blocks.len().checked_sub(1) else {
            return clamp(offset);
        };
        // The end of a text of whole blocks belongs to the last one.
        let block = (offset / BLOCK).min(last);
        let rest = text.as_bytes().get(block * BLOCK..offset);
        self.blocks.get(block).copied().unwrap_or_default() + code_points(rest.unwrap_or_default())
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
        let line = self.line_of(offset);
        let start = self.starts.get(line as usize).copied().unwrap_or_default();
        let mut end = (offset as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let column = self
            .points_before(end, text)
            .saturating_sub(self.points_before(start as usize, text))
            + 1;
        Position {
            line: line + 1,
            column,
        }
    }

    /// The byte offset of a 1-based line and column, if the text has it; the inverse of `position`.
    pub fn offset(&self, at: Position, text: &str) -> Option<u32> {
        let start = *self.starts.get((at.line as usize).checked_sub(1)?)? as usize;
        let rest = text.get(start..)?;
        let mut chars = rest.char_indices().map(|(i, _)| i).chain([rest.len()]);
        chars
            .nth((at.column as usize).checked_sub(1)?)
            .map(|i| clamp(start + i))
    }
}
