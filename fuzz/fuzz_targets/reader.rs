//! Bytes → text → chunks → trees: nothing is lost, every span cuts its text, and the views of a tree agree.
#![no_main]

use kubevet::text::{Decoded, Encoding, FileId, Span, decode};
use kubevet::yaml::{
    Chunk, Document, KeyFilter, Node, NodeKind, Parsed, Provenance, ReaderProblem, parse_part,
    split,
};
use kubevet_fuzz::{assert_span, read, read_slowly};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Documents of more nodes are only walked: the other checks cost the square of their number.
const SMALL: usize = 2_000;

/// The same limit for what a document grows to through its aliases.
const GROWN: u64 = 20_000;

/// Paths and keys that are looked at in one document or map.
const SAMPLES: usize = 64;

fuzz_target!(|data: &[u8]| {
    let decoded = decode(data.to_vec());
    check_decoded(data, &decoded);
    let text = decoded.text.as_str();
    let chunks = split(text);
    check_chunks(text, &chunks);
    for chunk in &chunks {
        let parsed = read(text, chunk);
        check_parsed(chunk.span.text(text), &parsed);
        if parsed.fast {
            check_same(&parsed, &read_slowly(text, chunk));
            check_part(text, chunk, &parsed);
        }
    }
});

/// A part of a document that is right is the same but for values that are null, and the whole where all keys are asked for.
fn check_part(text: &str, chunk: &Chunk, parsed: &Parsed<'_>) {
    let Some(document) = parsed
        .document
        .as_ref()
        .filter(|_| parsed.problems.is_empty())
    else {
        return;
    };
    if document.nodes().count() > SMALL {
        return;
    }
    let keys: Vec<_> = document
        .nodes()
        .flat_map(Node::pairs)
        .filter_map(|(key, value)| Some((key.text()?, value.kind())))
        .collect();
    let whole = document.root().to_json();
    let part = |under, keys| {
        let place = Provenance::chunk(FileId(0), 0);
        let part = KeyFilter { under, keys };
        let found = parse_part(chunk.span.text(text), place, chunk.format, &part);
        found.expect("it was read before").root().to_json()
    };
    let maps = keys.iter().filter(|(_, kind)| *kind == NodeKind::Map);
    for (under, _) in maps.take(4) {
        assert_eq!(
            part(under, keys.iter().map(|(key, _)| *key).collect()),
            whole
        );
        let some = keys.iter().step_by(2).map(|(key, _)| *key);
        check_left(&part(under, some.collect()), &whole);
    }
}

fn check_left(part: &Value, whole: &Value) {
    match (part, whole) {
        (Value::Null, _) => {}
        (Value::Object(part), Value::Object(whole)) => {
            assert!(part.keys().eq(whole.keys()));
            for (part, whole) in part.values().zip(whole.values()) {
                check_left(part, whole);
            }
        }
        (Value::Array(part), Value::Array(whole)) => {
            assert_eq!(part.len(), whole.len());
            for (part, whole) in part.iter().zip(whole) {
                check_left(part, whole);
            }
        }
        _ => assert_eq!(part, whole),
    }
}

/// The fast path makes the tree that the full reader makes.
fn check_same(fast: &Parsed<'_>, slow: &Parsed<'_>) {
    let nodes = |parsed: &Parsed<'_>| -> Vec<_> {
        let document = parsed.document.iter();
        document
            .flat_map(|d| {
                d.nodes()
                    .map(|n| {
                        (
                            n.kind(),
                            n.style(),
                            n.span(),
                            n.text().map(str::to_owned),
                            n.parent().map(Node::id),
                        )
                    })
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    assert_eq!(nodes(fast), nodes(slow));
    assert_eq!(fast.problems.len(), slow.problems.len());
}

/// Edits of a file in place rest on this: offsets of the text are offsets of the file behind its mark.
fn check_decoded(data: &[u8], decoded: &Decoded) {
    if decoded.encoding.is_verbatim() {
        assert_eq!(
            data.get(decoded.encoding.bom_len() as usize..),
            Some(decoded.text.as_bytes())
        );
    }
    assert_eq!(
        decoded.encoding.bom_len() > 0,
        decoded.encoding == Encoding::Utf8Bom
    );
}

fn check_chunks(text: &str, chunks: &[Chunk]) {
    let mut end = 0;
    for chunk in chunks {
        assert_span(chunk.span, text, "chunk");
        assert!(end <= chunk.span.start, "chunks overlap: {chunks:?}");
        check_gap(Span::new(end, chunk.span.start).text(text));
        if let Some(text_after_separator) = chunk.text_after_separator {
            assert_eq!(text_after_separator.text(text), "---");
            assert!(
                end <= text_after_separator.start && text_after_separator.end <= chunk.span.start,
                "not before its chunk: {chunk:?}"
            );
        }
        end = chunk.span.end;
    }
    check_gap(
        text.get(end as usize..)
            .expect("the last chunk ends in the text"),
    );
}

/// Only separators and blanks may stand outside of the chunks; anything else would never be checked.
fn check_gap(gap: &str) {
    for line in gap.split('\n') {
        let line = line.trim_start_matches(|c: char| c == '\u{FEFF}' || c.is_whitespace());
        assert!(
            line.is_empty() || line.starts_with("---"),
            "in no chunk: {line:?}"
        );
    }
}

fn check_parsed(text: &str, parsed: &Parsed<'_>) {
    parsed.problems.iter().for_each(|p| check_problem(text, p));
    let Some(document) = &parsed.document else {
        return;
    };
    assert_eq!(document.text, text);
    document.nodes().for_each(check_node);
    for comment in document.comments() {
        assert_span(comment.span, text, "comment");
        assert!(
            comment.span.text(text).starts_with('#'),
            "no comment: {comment:?}"
        );
    }
    let count = document.nodes().count();
    assert!(count > 0, "a document without a root");
    if count < SMALL {
        check_views(document, parsed.problems.is_empty());
    }
}

fn check_problem(text: &str, problem: &ReaderProblem) {
    assert_span(problem.span, text, problem.rule);
    if let Some((span, _)) = problem.related {
        assert_span(span, text, problem.rule);
    }
    assert!(
        !problem.message.contains('\n'),
        "a message is one line: {problem:?}"
    );
}

fn check_node(node: Node<'_>) {
    let text = node.document().text;
    assert_span(node.span(), text, "span");
    assert_span(node.head(), text, "head");
    assert_span(node.content(), text, "content");
    assert!(
        node.span().contains(node.content()),
        "{node:?}: content outside of the span"
    );
    let scalar = !matches!(node.kind(), NodeKind::Seq | NodeKind::Map);
    assert_eq!(node.text().is_some(), scalar, "{node:?}: text");
    if let Some(parent) = node.parent() {
        assert!(parent.id() < node.id(), "{node:?}: above its parent");
        assert!(
            parent.span().contains(node.span()),
            "{node:?} at {:?} outside of its parent at {:?}",
            node.span(),
            parent.span()
        );
    }
}

/// What rules see of a document: JSON, entries, values by key, paths.
fn check_views(document: &Document<'_>, sound: bool) {
    let grown = grown(document);
    if grown > GROWN {
        return;
    }
    let json = document.root().to_json();
    assert!(
        values(&json) <= grown,
        "more values than nodes, aliases followed"
    );
    document
        .nodes()
        .filter(|n| n.kind() == NodeKind::Map)
        .take(SAMPLES)
        .for_each(check_entries);
    // With a key given twice or merged, a path leads to what kubectl keeps and not to every node.
    if sound && !document.nodes().any(Node::is_merge) {
        let step = document.nodes().count() / SAMPLES + 1;
        document
            .nodes()
            .step_by(step)
            .for_each(|n| check_path(n, &json));
    }
}

/// Nodes of a document with its aliases followed.
fn grown(document: &Document<'_>) -> u64 {
    let mut sizes = vec![0; document.nodes().count()];
    measure(document.root(), &mut sizes)
}

/// Nodes at and below a node; `sizes` remembers them by id, so that an alias costs one look.
fn measure(node: Node<'_>, sizes: &mut [u64]) -> u64 {
    let mut size = 1_u64;
    if node.is_alias() {
        size = sizes
            .get(node.target().id() as usize)
            .copied()
            .unwrap_or_default();
    } else {
        for item in node.items() {
            size = size.saturating_add(measure(item, sizes));
        }
        for (key, value) in node.pairs() {
            size = size
                .saturating_add(measure(key, sizes))
                .saturating_add(measure(value, sizes));
        }
    }
    if let Some(known) = sizes.get_mut(node.id() as usize) {
        *known = size;
    }
    size
}

fn values(json: &Value) -> u64 {
    match json {
        Value::Array(items) => 1 + items.iter().map(values).sum::<u64>(),
        Value::Object(fields) => 1 + fields.values().map(values).sum::<u64>(),
        _ => 1,
    }
}

/// Two ways to a value, `entries` and `get`, must lead to the same node.
fn check_entries(map: Node<'_>) {
    let entries: Vec<_> = map.entries().collect();
    for (key, _) in entries.iter().take(SAMPLES) {
        let Some(name) = key.key() else { continue };
        let last = entries
            .iter()
            .rev()
            .find(|(k, _)| k.key().as_ref() == Some(&name));
        assert_eq!(
            map.get(&name).map(Node::id),
            last.map(|(_, v)| v.id()),
            "{map:?}: {name:?}"
        );
    }
}

/// A node's path must lead to its value in the JSON of the whole; a key's path is that of its value.
fn check_path(node: Node<'_>, json: &Value) {
    let path = node.path();
    let found = json.pointer(&path);
    let in_map = node.parent().is_some_and(|p| p.kind() == NodeKind::Map);
    if in_map && node.key_node().is_none() {
        assert!(
            found.is_some(),
            "{path:?} of the key {node:?} leads nowhere"
        );
    } else {
        assert_eq!(found, Some(&node.to_json()), "{path:?} of {node:?}");
    }
}
