//! Values back to their text: maps of scalars, documents inside of scalars, lines and columns.
#![no_main]

use kubevet::text::{FileId, LineIndex, Span, decode};
use kubevet::yaml::{
    Chunk, Document, Format, Limits, Located, Node, NodeKind, Provenance, SpanMap, Style,
    decode_scalar, parse, split,
};
use kubevet_fuzz::{BREAKS, assert_span, read};
use libfuzzer_sys::fuzz_target;

/// Strings that are looked at in one document.
const STRINGS: usize = 64;
/// Of those, the ones that are read as documents themselves.
const NESTED: usize = 4;
/// Documents inside of documents.
const DEPTH: usize = 2;
/// Ends of the ranges that are looked at in one string: their number squared is the work.
const ENDS: usize = 10;
/// A key is looked for in no more than 1024 characters.
const LONGEST_KEY: usize = 1000;
/// Places that are looked at in one text: each character of a shorter one.
const PLACES: usize = 256;
/// What `LineIndex` counts at once: a private number of it, so mistakes hide around its multiples.
const BLOCK: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let text = decode(data.to_vec()).text;
    check_lines(&text, text.len() / PLACES + 1);
    check_lines(&across_a_block(&text), BLOCK);
    for chunk in split(&text) {
        if let Some(document) = read(&text, &chunk).document {
            check_document(&document, &text, 0);
        }
    }
});

fn check_document(document: &Document<'_>, file: &str, depth: usize) {
    let strings = document
        .nodes()
        .filter(|n| n.kind() == NodeKind::Str && !n.is_alias());
    let mut nested = 0;
    for node in strings.take(STRINGS) {
        let value = node.as_str().expect("a string has a text");
        let map = decode_scalar(node).expect("a string has a map");
        for range in ranges(value) {
            check_range(node, value, &map, range);
        }
        check_again(node);
        if nested < NESTED && depth < DEPTH && node.style() != Style::Plain && value.len() > 2 {
            nested += 1;
            split(value)
                .iter()
                .for_each(|chunk| check_nested(node, value, &map, chunk, file, depth));
        }
    }
}

/// Some ranges of a text, each at character boundaries: empty ones, the whole, and parts.
fn ranges(text: &str) -> Vec<Span> {
    let bounds: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let mut ends: Vec<usize> = bounds
        .iter()
        .copied()
        .step_by(bounds.len() / ENDS + 1)
        .collect();
    ends.push(text.len());
    let from = |(i, start): (usize, &usize)| {
        ends.iter()
            .skip(i)
            .map(|end| Span::of(*start..*end))
            .collect::<Vec<_>>()
    };
    ends.iter().enumerate().flat_map(from).collect()
}

/// A part of a value must come from a part of its scalar, and where the map says so from this very text.
fn check_range(node: Node<'_>, value: &str, map: &SpanMap, inner: Span) {
    let text = node.document().text;
    let (outer, exact) = map.outer(inner);
    assert_span(outer, text, "outer span");
    assert!(
        node.span().contains(outer),
        "{node:?} at {:?}: {inner:?} comes from {outer:?}",
        node.span()
    );
    // A block scalar of nothing but blanks is no more than its header.
    let header = matches!(node.style(), Style::Literal | Style::Folded) && outer == node.span();
    if exact && !header && !is_replaced(outer.text(text)) && !may_be_base64(text) {
        assert_same(outer.text(text), inner.text(value), node);
    }
}

/// Whether a text may stand for another: a quote, an escape, a folded line.
fn is_replaced(text: &str) -> bool {
    text.contains(['\\', '"', '\'']) || text.contains(BREAKS)
}

/// Whether a `!!binary`, in any of the ways to write a tag, may have changed a value as a whole.
fn may_be_base64(text: &str) -> bool {
    text.contains('!') && (text.contains("binary") || text.contains('%'))
}

/// A block scalar's span ends before its last line break, so the line feeds that end its value have no text of their own.
#[track_caller]
fn assert_same(outer: &str, inner: &str, node: Node<'_>) {
    let inner = if outer.len() < inner.len() {
        inner.trim_end_matches('\n')
    } else {
        inner
    };
    assert_eq!(outer, inner, "said to be exact in {node:?}");
}

/// A scalar of one line must mean the same where it stands alone: as a key if it is one, since only a key can be `-` or end in `:`.
fn check_again(node: Node<'_>) {
    let slice = node.span().text(node.document().text);
    let flow = matches!(node.style(), Style::Plain | Style::Single | Style::Double);
    // A tag alone may be a key.
    if !flow
        || slice.is_empty()
        || slice.contains(BREAKS)
        || slice.len() > LONGEST_KEY
        || may_be_base64(node.document().text)
    {
        return;
    }
    let key = node.parent().is_some_and(|p| p.kind() == NodeKind::Map) && node.key_node().is_none();
    let within_brackets = node.parent().is_some_and(|p| p.style() == Style::Flow)
        || node.document().format == Format::Json;
    let format = node.document().format;
    // Indented: at the start of a line `...` would end the document.
    let text = match (key, within_brackets) {
        (true, _) if format == Format::Json => format!("{{{slice}: 0}}"),
        (false, _) if format == Format::Json => format!("{{\"v\": [{slice}]}}"),
        (true, true) => format!("{{{slice}: v}}"),
        (true, false) => format!(" {slice}: v"),
        // More is a value within brackets than outside.
        (false, true) => format!("v: [{slice}]"),
        (false, false) => format!("v: {slice}"),
    };
    let place = Provenance::chunk(FileId(0), 0);
    let again = parse(&text, place, format, Limits::default());
    let pair = again
        .document
        .as_ref()
        .and_then(|d| d.root().pairs().next());
    let same = pair.and_then(|(k, v)| match (key, within_brackets) {
        (true, _) => Some(k),
        (false, true) => v.items().next(),
        (false, false) => Some(v),
    });
    assert_eq!(
        same.map(|n| (n.style(), n.text())),
        Some((node.style(), node.text())),
        "{text:?}"
    );
}

/// A document inside of a scalar: each of its nodes must be found in that scalar's text in the file.
fn check_nested(
    node: Node<'_>,
    value: &str,
    map: &SpanMap,
    chunk: &Chunk,
    file: &str,
    depth: usize,
) {
    let text = chunk.span.text(value);
    let place = node.document().provenance.nest(&map.window(chunk.span));
    for part in ranges(text).into_iter().filter(|r| !r.is_empty()) {
        check_steps(node, map, part.shift(chunk.span.start), place.locate(part));
    }
    let Some(document) = parse(text, place, chunk.format, Limits::default()).document else {
        return;
    };
    let around = node.document().locate(node.span()).primary.span;
    for inner in document.nodes() {
        let found = document.locate(inner.span());
        assert_span(found.primary.span, file, "nested span");
        assert!(
            around.contains(found.primary.span),
            "{inner:?} at {:?} outside of its scalar at {around:?}",
            found.primary.span
        );
        if found.exact && !is_replaced(found.primary.span.text(file)) && !may_be_base64(file) {
            assert_same(
                found.primary.span.text(file),
                inner.span().text(text),
                inner,
            );
        }
    }
    check_document(&document, file, depth + 1);
}

/// Two steps at once, out of a nested document into the file, must lead where the two lead, and be no more exact.
fn check_steps(node: Node<'_>, map: &SpanMap, part: Span, found: Located) {
    let (outer, exact) = map.outer(part);
    let step = node.document().locate(outer);
    assert_eq!(found.primary, step.primary, "{part:?} of {node:?}");
    assert!(
        !found.exact || (exact && step.exact),
        "{part:?} of {node:?} is exact in the file, but not on the way"
    );
}

/// The text moved so that its middle stands where a block of the line index ends, and that it ends where one ends.
fn across_a_block(text: &str) -> String {
    let before = BLOCK.saturating_sub(text.len() / 2);
    let after = (BLOCK - (before + text.len()) % BLOCK) % BLOCK;
    // Short lines, so that looking for a column stays cheap.
    let blanks = |n: usize| {
        (1..=n)
            .map(|i| if i % 64 == 0 { '\n' } else { ' ' })
            .collect::<String>()
    };
    blanks(before) + text + &blanks(after)
}

/// Character boundaries of a text, one in `step`, and all of those near the ends of blocks.
fn places(text: &str, step: usize) -> Vec<usize> {
    let near = |at: usize| at % BLOCK <= 4 || at % BLOCK >= BLOCK - 4;
    // Between the two characters of a line break no line begins and none ends: nobody points there.
    let inside = |at: usize| at > 0 && text.as_bytes().get(at - 1..=at) == Some(b"\r\n");
    (0..=text.len())
        .filter(|at| at % step == 0 || near(*at))
        .filter(|at| text.is_char_boundary(*at) && !inside(*at))
        .collect()
}

/// Lines and columns must lead back to the byte that they were made of.
fn check_lines(text: &str, step: usize) {
    let lines = LineIndex::new(text);
    let mut last = None;
    for at in places(text, step) {
        let at = Span::of(at..at).start;
        let position = lines.position(at, text);
        assert!(
            position.line >= 1 && position.line <= lines.count() && position.column >= 1,
            "{position:?}"
        );
        assert_eq!(
            lines.offset(position, text),
            Some(at),
            "{position:?} in {} bytes",
            text.len()
        );
        assert!(last < Some(position), "{last:?}, then {position:?}");
        last = Some(position);
    }
    for line in 0..lines.count() {
        let span = lines.line_span(line, text);
        assert_span(span, text, "line");
        assert!(
            !span.text(text).contains(['\n', '\r']),
            "line {line} holds a line break"
        );
    }
}
