//! What the targets share: reading as the engine reads, and the checks that every span must pass.

use kubevet::text::{FileId, Span};
use kubevet::yaml::{Chunk, Limits, Parsed, Provenance, parse};

/// Characters that break a line for kubectl's YAML reader.
pub const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Reads a chunk of a text as the engine does.
pub fn read<'t>(text: &'t str, chunk: &Chunk) -> Parsed<'t> {
    read_within(text, chunk, Limits::default())
}

/// Reads a chunk without the fast path.
pub fn read_slowly<'t>(text: &'t str, chunk: &Chunk) -> Parsed<'t> {
    let fast = false;
    read_within(
        text,
        chunk,
        Limits {
            fast,
            ..Limits::default()
        },
    )
}

fn read_within<'t>(text: &'t str, chunk: &Chunk, limits: Limits) -> Parsed<'t> {
    let place = Provenance::chunk(FileId(0), chunk.span.start);
    parse(chunk.span.text(text), place, chunk.format, limits)
}

/// A span must lie in its text and split no character: whoever slices by it would lose the text without a word.
#[track_caller]
pub fn assert_span(span: Span, text: &str, what: &str) {
    assert!(
        text.get(span.range()).is_some(),
        "{what}: {span:?} does not cut a text of {} bytes",
        text.len()
    );
}
