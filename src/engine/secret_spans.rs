//! Where secrets stand in a text that something is shown of. They are looked for only there: most documents have no finding, and to
//! look for all that may be a secret costs more than any rule.

use super::analyse::MAX_NESTING;
use super::finish::FileReport;
use crate::documents::{self, DocumentContext};
use crate::finding::Label;
use crate::ids;
use crate::kube::Completeness;
use crate::secrets::{self, locate::ExposedSecrets};
use crate::text::{FileId, FileSpan, FileSpanSet, Span, SpanSet};
use crate::yaml::{Chunk, Format, Limits, Provenance, decode_scalar, parse};
use std::collections::HashMap;
use std::sync::Arc;

/// Lines around a finding that a writer may show.
const LINES: usize = 6;

/// Characters behind a finding that a writer may hash.
const LETTERS: usize = 128;

/// What no output may show of a chunk.
pub(super) fn of_chunk(file: FileId, path: &str, text: &str, chunk: &Chunk) -> Vec<FileSpan> {
    let mut search = Search {
        file,
        spans: Vec::new(),
    };
    let provenance = Provenance::chunk(file, chunk.span.start);
    let text = chunk.span.text(text);
    if documents::may_contain_manifest(path, text) {
        search.document(text, &provenance, chunk.format, path, 0);
    } else {
        search.unread(text, &provenance);
    }
    search.spans
}

/// What no output may show of files, as far as labels point into them.
pub(super) fn of_files<'l>(
    files: &[Arc<FileReport>],
    labels: impl Iterator<Item = &'l Label>,
) -> FileSpanSet {
    let mut by_file: HashMap<FileId, Vec<Span>> = HashMap::new();
    for Label { at, .. } in labels {
        by_file.entry(at.file).or_default().push(at.span);
    }
    let mut secrets = Vec::new();
    for file in files {
        secrets.extend(&file.said.secrets);
        let Some(labels) = by_file.get_mut(&file.id) else {
            continue;
        };
        let source = &*file.source;
        let searched = &file.said.searched;
        let mut chunks = documents::chunks(&source.path, &source.text);
        chunks.retain(|chunk| searched.binary_search(&chunk.span.start).is_err());
        if !chunks.is_empty() {
            let shown = around(&source.text, labels);
            chunks.retain(|chunk| shown.touches(chunk.span));
            let found = chunks.iter();
            secrets.extend(found.flat_map(|c| of_chunk(file.id, &source.path, &source.text, c)));
        }
    }
    secrets.into_iter().collect()
}

/// What of a text may be shown or hashed for labels.
fn around(text: &str, labels: &mut Vec<Span>) -> SpanSet {
    labels.sort_unstable_by_key(|label| label.start);
    let bytes = text.as_bytes();
    let mut line = Span::empty(0);
    let mut regions = Vec::new();
    for label in labels {
        // Most labels share their lines.
        if line.contains(*label) && !line.is_empty() {
            continue;
        }
        let before = bytes.get(..label.start as usize).unwrap_or_default();
        let mut breaks = memchr::memrchr_iter(b'\n', before);
        let start = breaks.next().map_or(0, |n| n + 1);
        let first = breaks.nth(LINES).unwrap_or_default();
        let behind = bytes.get(label.end as usize..).unwrap_or_default();
        let rest = memchr::memchr(b'\n', behind).unwrap_or(behind.len());
        let end = label.end as usize + rest;
        line = Span::of(start..end);
        let (mut lines, mut letters) = (0, 0);
        let behind = text.get(end..).unwrap_or_default();
        let len = behind.find(|c: char| {
            lines += usize::from(c == '\n');
            letters += usize::from(!c.is_whitespace());
            lines > LINES && letters >= LETTERS
        });
        regions.push(Span::of(first..end + len.unwrap_or(behind.len())));
    }
    regions.into_iter().collect()
}

struct Search {
    file: FileId,
    spans: Vec<FileSpan>,
}

impl Search {
    fn document(
        &mut self,
        text: &str,
        provenance: &Provenance,
        format: Format,
        path: &str,
        depth: usize,
    ) {
        let parsed = parse(text, provenance.clone(), format, Limits::default());
        let dropped = parsed.problems.iter();
        let mut dropped = dropped.filter(|p| p.rule == ids::yaml::DROPPED_DOCUMENT);
        // What the text behind the end of a document is may be told before it.
        if let Some(dropped) = dropped.next()
            && secrets::mentions_secret(text)
        {
            let rest = Span::new(dropped.span.start, Span::of(0..text.len()).end);
            let provenance =
                Provenance::chunk(self.file, provenance.locate(rest).primary.span.start);
            self.lines(rest.text(text), &provenance);
        }
        let Some(document) = parsed.document else {
            return self.unread(text, provenance);
        };
        let objects = documents::objects(&document, path);
        if objects.is_empty() && depth == 0 && documents::looks_like_manifest(text) {
            self.unread(text, provenance);
        }
        let exposed_secrets: Vec<ExposedSecrets> =
            objects.iter().map(|_| ExposedSecrets::default()).collect();
        let secrets = secrets::secret_spans(&document, &objects, &exposed_secrets);
        let located = secrets.iter().map(|s| document.locate(s).primary);
        self.spans.extend(located);
        if depth >= MAX_NESTING {
            return;
        }
        let nested = objects
            .iter()
            .flat_map(|o| documents::nested_texts(*o, depth));
        for (
            scalar,
            DocumentContext {
                path, completeness, ..
            },
        ) in nested
        {
            let text = scalar.as_str().unwrap_or_default();
            let ours = |text| {
                completeness == Completeness::Partial || documents::may_contain_manifest(path, text)
            };
            let Some(map) = ours(text).then(|| decode_scalar(scalar)).flatten() else {
                continue;
            };
            for chunk in documents::chunks(path, text) {
                let provenance = scalar.document().provenance.nest(&map.window(chunk.span));
                self.document(
                    chunk.span.text(text),
                    &provenance,
                    chunk.format,
                    path,
                    depth + 1,
                );
            }
        }
    }

    /// A text whose structure is not known.
    fn unread(&mut self, text: &str, provenance: &Provenance) {
        if secrets::mentions_secret(text) {
            self.lines(text, provenance);
        }
    }

    fn lines(&mut self, text: &str, provenance: &Provenance) {
        let spans = secrets::unread_secret_lines(text).into_iter();
        self.spans
            .extend(spans.map(|s| provenance.locate(s).primary));
    }
}
