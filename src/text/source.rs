//! Files by number, so that a label costs 12 bytes and not a path.

use super::{Encoding, LineIndex, Position, Span, SpanSet};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Number of a file. Opaque: order between files is made by their paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

impl FileId {
    /// The configuration of a run.
    pub const CONFIGURATION: Self = Self(0);
}

/// Bytes of a file's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileSpan {
    /// The file.
    pub file: FileId,
    /// The bytes.
    pub span: Span,
}

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
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<Option<Arc<SourceFile>>>,
}

impl FromIterator<(FileId, Arc<SourceFile>)> for SourceMap {
    fn from_iter<I: IntoIterator<Item = (FileId, Arc<SourceFile>)>>(sources: I) -> Self {
        let mut files = Vec::new();
        for (FileId(id), source) in sources {
            let id = id as usize;
            if files.len() <= id {
                files.resize(id + 1, None);
            }
            if let Some(place) = files.get_mut(id) {
                *place = Some(source);
            }
        }
        Self { files }
    }
}

impl SourceMap {
    /// The file of that number.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)?.as_deref()
    }
}

/// Numbers files: a path keeps its number while this lives, whatever becomes of the file.
#[derive(Debug, Default)]
pub struct FileIds(HashMap<PathBuf, FileId>);

impl FileIds {
    /// The number of the file at a path.
    pub fn of(&mut self, path: &Path) -> FileId {
        if let Some(known) = self.0.get(path) {
            return *known;
        }
        // Behind that of the configuration.
        let next = FileId(super::span::clamp(self.0.len() + 1));
        self.0.insert(path.to_path_buf(), next);
        next
    }
}

/// Bytes of files that have something in common.
#[derive(Clone, Debug, Default)]
pub struct FileSpanSet(BTreeMap<FileId, SpanSet>);

impl FromIterator<FileSpan> for FileSpanSet {
    fn from_iter<I: IntoIterator<Item = FileSpan>>(spans: I) -> Self {
        let mut by_file: BTreeMap<FileId, Vec<Span>> = BTreeMap::new();
        for FileSpan { file, span } in spans {
            by_file.entry(file).or_default().push(span);
        }
        let by_file = by_file.into_iter();
        Self(
            by_file
                .map(|(file, spans)| (file, spans.into_iter().collect()))
                .collect(),
        )
    }
}

impl FileSpanSet {
    /// Those of one file.
    pub fn of(&self, file: FileId) -> &SpanSet {
        self.0.get(&file).unwrap_or(SpanSet::EMPTY)
    }

    /// Whether it shares a byte with a span; an empty one is asked for the byte behind it.
    pub fn touches(&self, at: FileSpan) -> bool {
        self.of(at.file).touches(at.span)
    }

    /// The spans of each file.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SpanSet)> {
        self.0.iter().map(|(file, spans)| (*file, spans))
    }
}
