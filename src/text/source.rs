//! Files by number, so that a label costs 12 bytes and not a path.

use super::{Encoding, LineIndex, Position, Span, SpanSet};
use std::sync::{Arc, OnceLock};

/// Number of a file of this run. Opaque: order between files is made by their paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A file of this run. Its text is kept only while a finding points into it.
#[derive(Debug)]
pub struct SourceFile {
    /// Path from the root, with `/`; not UTF-8 in the file system: shown with U+FFFD.
    pub path: String,
    /// Path as the user gave it, for output.
    pub display_path: String,
    /// The text without a byte order mark; empty where nothing points into it.
    pub text: Arc<str>,
    /// How the file was written.
    pub encoding: Encoding,
    lines: OnceLock<LineIndex>,
}

impl SourceFile {
    /// A file with its text.
    pub fn new(path: String, display_path: String, text: Arc<str>, encoding: Encoding) -> Self {
        Self {
            path,
            display_path,
            text,
            encoding,
            lines: OnceLock::new(),
        }
    }

    /// First and last position of a span; the last is one past its last character.
    pub fn range(&self, span: Span) -> (Position, Position) {
        (
            self.lines().position(span.start, &self.text),
            self.lines().position(span.end, &self.text),
        )
    }

    /// GitHub's hash of each line, by its 1-based number, but for those that reach into what must not be shown.
    pub fn line_hashes(&self, secrets: &SpanSet) -> Vec<(u32, String)> {
        super::line_hashes(&self.text, self.encoding == Encoding::Utf8Bom, secrets)
    }

    /// Where its lines begin; made at the first call.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.text))
    }
}

/// All files that a report may name.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file and numbers it.
    pub fn add(&mut self, file: SourceFile) -> FileId {
        self.files.push(file);
        FileId(super::span::clamp(self.files.len() - 1))
    }

    /// The file of that number.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// All files in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(i, f)| (FileId(super::span::clamp(i)), f))
    }
}
