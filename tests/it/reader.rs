//! The reader against kubectl's own answers, and properties of its spans.
#![expect(clippy::disallowed_methods, reason = "tests read files")]

use kubevet::text::{FileId, LineIndex, Position, Span, Unit, decode};
use kubevet::yaml::{
    Chunk, Format, Limits, NodeKind, Parsed, Provenance, ReaderProblem, decode_scalar, parse, split,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

fn read<'t>(text: &'t str, chunk: &Chunk) -> Parsed<'t> {
    let place = Provenance::chunk(FileId(0), chunk.span.start);
    parse(
        chunk.span.text(text),
        place,
        chunk.format,
        Limits::default(),
    )
}

/// Numbers as Go prints them differ from serde's only in form.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn fixture(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(format!("testdata/kubectl/{name}")).unwrap()).unwrap()
}

#[test]
fn plain_scalars_mean_what_they_mean_to_kubectl() {
    let scalars = fixture("scalars.json");
    let scalars = scalars.as_array().unwrap();
    assert_eq!(scalars.len(), 207);
    let mut wrong = Vec::new();
    for pair in scalars {
        let (written, expected) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        let text = format!("v: {written}\n");
        let parsed = read(&text, &split(&text)[0]);
        let refused = parsed.problems.iter().any(ReaderProblem::is_refusal);
        let found = if refused {
            None
        } else {
            parsed
                .document
                .map(|d| d.root().get("v").unwrap().to_json())
        };
        let right = match (&found, expected.strip_prefix("ERR")) {
            (None, Some(_)) => true,
            (Some(found), None) => same(found, &serde_json::from_str(expected).unwrap()),
            _ => false,
        };
        if !right {
            wrong.push(format!("{written:?}: kubectl {expected}, we {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn documents_are_what_they_are_to_kubectl() {
    let mut wrong = Vec::new();
    for (name, case) in fixture("structure.json").as_object().unwrap() {
        let decoded = decode(case["text"].as_str().unwrap().as_bytes().to_vec());
        let mut documents = Vec::new();
        let mut refused = false;
        let mut before = None;
        for chunk in split(&decoded.text) {
            let parsed = read(&decoded.text, &chunk);
            if chunk.text_after_separator.is_some() && before == Some(Format::Yaml) {
                // kubectl has not yet handed on the document before the separator, and stops.
                documents.pop();
            }
            before = Some(chunk.format);
            refused |= chunk.text_after_separator.is_some()
                || parsed.problems.iter().any(ReaderProblem::is_refusal);
            if refused {
                break;
            }
            let Some(document) = parsed.document else {
                continue;
            };
            let root = document.root();
            match root.kind() {
                NodeKind::Null => continue,
                NodeKind::Map if root.get("kind").is_some() => {}
                _ => {
                    refused = true;
                    break;
                }
            }
            match root.get("items") {
                Some(items) => documents.extend(items.items().map(kubevet::yaml::Node::to_json)),
                None => documents.push(root.to_json()),
            }
        }
        let nothing = case["error"]
            .as_str()
            .unwrap()
            .contains("no objects passed");
        let expected = case["documents"].as_array().unwrap();
        let agrees = refused != case["error"].as_str().unwrap().is_empty() || nothing;
        if !agrees
            || documents.len() != expected.len()
            || !documents.iter().zip(expected).all(|(a, b)| same(a, b))
        {
            wrong.push(format!(
                "{name}: kubectl {} {expected:?}\n   we refused={refused} {documents:?}",
                case["error"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn utf16_and_invalid_bytes_are_read() {
    let text = "v: é\n";
    for bom in [[0xFF, 0xFE], [0xFE, 0xFF]] {
        let unit = |u: u16| {
            if bom[0] == 0xFF {
                u.to_le_bytes()
            } else {
                u.to_be_bytes()
            }
        };
        let bytes: Vec<u8> = bom
            .into_iter()
            .chain(text.encode_utf16().flat_map(unit))
            .collect();
        assert_eq!(decode(bytes).text, text);
    }
    assert_eq!(
        decode(b"v: \xFF\xFE\n".to_vec()).text,
        "v: \u{FFFD}\u{FFFD}\n"
    );
    assert_eq!(decode(b"\xEF\xBB\xBFv: 1\n".to_vec()).text, "v: 1\n");
}

#[test]
fn deep_nesting_is_a_finding_and_not_a_crash() {
    let chain: String = (1..200_000).fold("a0: &a0 [x]\n".to_owned(), |text, i| {
        text + &format!("a{i}: &a{i} [*a{}]\n", i - 1)
    });
    for text in [
        format!("v: {}{}\n", "[".repeat(100_000), "]".repeat(100_000)),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        chain,
    ] {
        let parsed = read(&text, &split(&text)[0]);
        assert!(parsed.document.is_none());
        assert_eq!(parsed.problems[0].rule, "yaml/too-deep");
    }
}

/// Text, then where in it each string value must be found: inner text → text of the file under its span.
#[track_caller]
fn maps(text: &str, inner: &str, outer: &str) {
    let parsed = read(text, &split(text)[0]);
    let document = parsed.document.expect("readable");
    let value = document.root().get("v").unwrap();
    let map = decode_scalar(value).unwrap();
    let decoded = value.text().unwrap();
    let at = decoded
        .find(inner)
        .unwrap_or_else(|| panic!("{inner:?} not in {decoded:?}"));
    let (span, exact) = map.outer(kubevet::text::Span::of(at..at + inner.len()));
    assert!(exact, "not exact: {decoded:?}");
    assert_eq!(span.text(text), outer, "in {decoded:?}");
}

#[test]
fn values_inside_of_scalars_keep_their_place() {
    maps("v: --flag=value\n", "value", "value");
    maps("v: '--flag=it''s'\n", "it's", "it''s");
    maps("v: \"--flag=a\\tb\"\n", "a\tb", "a\\tb");
    maps("v: \"\\u00e9--flag=x\"\n", "x", "x");
    // An escape is taken whole, at either end.
    maps("v: \"--flag=a\\t\"\n", "=a\t", "=a\\t");
    maps("v: \"--flag\\tb\"\n", "\tb", "\\tb");
    maps("v: |\n  one\n  two three\n", "three", "three");
    maps("v: |2-\n    one\n   two\n", "two", "two");
    maps("v: |\r\n  one\r\n  two\r\n", "two", "two");
    maps(
        "v: >\n  one\n  two\n\n  three\n   four\n  five\n",
        "five",
        "five",
    );
    maps("v: >-\n\n  one\n  two\n", "one two", "one\n  two");
    maps("v: one\n  two\n\n  three\n", "three", "three");
    maps(
        "v: \"one\\\n  two  \n\n  three\"\n",
        "onetwo\nthree",
        "one\\\n  two  \n\n  three",
    );
    maps("v: 'one\n  two'\n", "two", "two");
    maps("v: &a !!str |+\n  one\n\n\nw: 1\n", "one", "one");
}

#[test]
fn json_objects_of_one_line_are_read_each() {
    let text = "{\"a\": 1}{\"b\": \"}\\\"{\"}\n{\"c\": 3}";
    let chunks = split(text);
    assert_eq!(chunks.len(), 3);
    assert!(chunks.iter().all(|c| c.format == Format::Json));
    assert_eq!(chunks[1].span.text(text), "{\"b\": \"}\\\"{\"}");
}

/// Texts of the repository that hold documents: examples, the demo and the cases.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = crate::support::policies()
        .flat_map(|p| p.examples.fails.iter().chain(p.examples.passes.iter()))
        .flat_map(|e| e.files.iter())
        .filter(|(path, _)| kubevet::documents::format_of(path) == Some(Format::Yaml))
        .map(|(_, text)| text.to_string())
        .collect();
    let walk = walkdir::WalkDir::new("testdata")
        .into_iter()
        .map(Result::unwrap);
    let files = walk.filter(|e| e.path().extension().is_some_and(|e| e == "yaml"));
    texts.extend(
        files
            .filter_map(|f| fs::read(f.path()).ok())
            .map(|bytes| decode(bytes).text),
    );
    texts
}

/// Every scalar's text, read again by itself, is the scalar; every span lies in the text on character boundaries.
#[track_caller]
fn spans_hold(text: &str) -> usize {
    let mut scalars = 0;
    for chunk in split(text) {
        let body = chunk.span.text(text);
        let Some(document) = read(text, &chunk).document else {
            continue;
        };
        for node in document.nodes() {
            for span in [node.span(), node.head(), node.content()] {
                assert!(body.get(span.range()).is_some(), "{span:?} of {node:?}");
            }
            let (Some(value), false) = (node.text(), node.is_alias()) else {
                continue;
            };
            let written = node.span().text(body);
            if written.is_empty() {
                assert!(node.is_null() || value.is_empty());
                continue;
            }
            // A block scalar and folded lines carry their indentation with them.
            let column = body[..node.span().start as usize]
                .rfind(['\n', '\r'])
                .map_or(0, |n| n + 1);
            let indent = " ".repeat(node.span().start as usize - column);
            let again = format!("- x\n-\n{indent}  {written}\n");
            let chunk = Chunk {
                span: kubevet::text::Span::of(0..again.len()),
                format: chunk.format,
                text_after_separator: None,
            };
            let parsed = read(&again, &chunk);
            let Some(reread) = &parsed.document else {
                panic!("{written:?}: {:?}", parsed.problems)
            };
            let reread = reread.root().items().nth(1).unwrap();
            // The line break at the end of a block scalar is no part of its span.
            assert_eq!(
                reread.text().map(str::trim_end),
                Some(value.trim_end()),
                "{written:?}"
            );
            scalars += 1;
        }
    }
    scalars
}

#[test]
fn spans_of_scalars_read_again_are_the_scalars() {
    let scalars: usize = texts().iter().map(|text| spans_hold(text)).sum();
    assert!(scalars > 2000, "only {scalars} scalars");
}

#[test]
fn spans_hold_in_the_corpus_where_there_is_one() {
    let corpus = std::path::Path::new("../shared/corpus");
    let mut scalars = 0;
    for entry in walkdir::WalkDir::new(corpus)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
    {
        let yaml = entry.path().extension().is_some_and(|e| e == "yaml");
        // Every seventh file or so: 10,000 scalars and more, in a second.
        if yaml
            && entry.path().as_os_str().len() % 7 == 0
            && entry.metadata().is_ok_and(|m| m.len() < 200_000)
        {
            let text = decode(fs::read(entry.path()).unwrap()).text;
            scalars += spans_hold(&text);
        }
    }
    assert!(
        scalars > 10_000 || !corpus.exists(),
        "only {scalars} scalars"
    );
}

/// serde_yaml as an independent witness of structure: kinds, keys and lengths, and the text of quoted and block scalars.
#[track_caller]
fn agrees(node: kubevet::yaml::Node<'_>, witness: &serde_yaml::Value) {
    use serde_yaml::Value;
    match (node.kind(), witness) {
        (NodeKind::Map, Value::Mapping(map)) => {
            assert_eq!(node.len(), map.len(), "{node:?}");
            for ((key, value), (wkey, wvalue)) in node.pairs().zip(map) {
                agrees(key, wkey);
                agrees(value, wvalue);
            }
        }
        (NodeKind::Seq, Value::Sequence(items)) => {
            assert_eq!(node.len(), items.len(), "{node:?}");
            node.items().zip(items).for_each(|(n, w)| agrees(n, w));
        }
        (NodeKind::Map | NodeKind::Seq, _) | (_, Value::Mapping(_) | Value::Sequence(_)) => {
            panic!("{node:?} is {witness:?}")
        }
        // What plain scalars mean is kubectl's business.
        _ if node.style() == kubevet::yaml::Style::Plain => {}
        _ => assert_eq!(node.text(), witness.as_str()),
    }
}

#[test]
fn structure_is_what_serde_yaml_sees() {
    let mut compared = 0;
    for text in texts() {
        for chunk in split(&text) {
            let parsed = read(&text, &chunk);
            // It refuses repeated keys and does not merge.
            if !parsed.problems.is_empty() || text.contains("<<") {
                continue;
            }
            let (Some(document), Ok(witness)) = (
                parsed.document,
                serde_yaml::from_str::<serde_yaml::Value>(chunk.span.text(&text)),
            ) else {
                continue;
            };
            if !matches!(witness, serde_yaml::Value::Tagged(_)) {
                agrees(document.root(), &witness);
                compared += 1;
            }
        }
    }
    assert!(compared > 60, "only {compared} documents compared");
}

mod properties {
    use super::read;
    use kubevet::text::{Edit, LineIndex, Span, apply};
    use kubevet::yaml::{Chunk, Format};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_column_leads_back_to_its_offset(text in "[a-zé𝄞\\t \\n\\r]{0,200}") {
            let lines = LineIndex::new(&text);
            for (at, c) in text.char_indices() {
                // Inside of CRLF there is no place.
                if c == '\n' && text[..at].ends_with('\r') {
                    continue;
                }
                let at = u32::try_from(at).unwrap();
                prop_assert_eq!(lines.offset(lines.position(at, &text), &text), Some(at));
            }
        }

        #[test]
        fn edits_change_nothing_else(text in "[a-z]{1,40}", start in 0usize..40, len in 0usize..10, new in "[A-Z]{0,5}") {
            let start = start.min(text.len());
            let end = (start + len).min(text.len());
            let out = apply(&text, &[Edit { span: Span::of(start..end), text: new.clone() }]);
            prop_assert_eq!(out, format!("{}{new}{}", &text[..start], &text[end..]));
        }

        #[test]
        fn any_text_is_read_without_harm(text in "([a-z:#&*!|>'\"%@`{}\\[\\], \\-?\\n\\t\\\\]|<<|é|\\r){0,120}") {
            let chunk = Chunk { span: Span::of(0..text.len()), format: Format::Yaml, text_after_separator: None };
            let parsed = read(&text, &chunk);
            for problem in &parsed.problems {
                prop_assert!(text.get(problem.span.range()).is_some(), "{:?}", problem);
            }
            if let Some(document) = &parsed.document {
                for node in document.nodes() {
                    prop_assert!(text.get(node.span().range()).is_some());
                    prop_assert!(text.get(node.head().range()).is_some());
                }
            }
        }
    }
}

#[test]
fn spans_of_documents_with_rare_line_breaks_split_no_character() {
    for text in [
        "%YA\u{2028}a: x\n",
        "a:\u{85}  b\u{2029}c: |\n x\u{2028}\n",
        "- \u{2028}'\u{85}",
    ] {
        let parsed = read(text, &split(text)[0]);
        let spans = parsed.problems.iter().map(|p| p.span);
        let nodes = parsed
            .document
            .iter()
            .flat_map(|d| d.nodes().map(kubevet::yaml::Node::span).collect::<Vec<_>>());
        for span in spans.chain(nodes) {
            assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
        }
    }
}

#[test]
fn the_end_of_a_text_of_whole_blocks_has_its_column() {
    let text = "é".repeat(4096);
    let lines = kubevet::text::LineIndex::new(&text);
    for (offset, column) in [(0, 1), (4096, 2049), (8190, 4096), (8192, 4097)] {
        assert_eq!(lines.position(offset, &text).column, column);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(24))]

    /// Columns in every unit lead back to the byte that they were made of, on both sides of the index's blocks, too.
    #[test]
    fn columns_are_counted_both_ways(text in "[a\n\ré\u{1D11E}\u{FFFF}]{0,30}", before in 4060_usize..4100) {
        let text = "x".repeat(before) + "\né" + &text;
        let lines = LineIndex::new(&text);
        for (at, _) in text.char_indices().chain([(text.len(), ' ')]).skip(before) {
            let at = Span::of(0..at).end;
            for unit in [Unit::Byte, Unit::Utf16, Unit::CodePoint] {
                let position = lines.position_in(unit, at, &text);
                proptest::prop_assert_eq!(lines.offset_in(unit, position, &text), Some(at));
                let start = lines.line_span(position.line - 1, &text).start;
                let line = Span::new(start, at).text(&text);
                let units = match unit {
                    Unit::Byte => line.len(),
                    Unit::Utf16 => line.encode_utf16().count(),
                    Unit::CodePoint => line.chars().count(),
                };
                proptest::prop_assert_eq!(position.column as usize, units + 1);
            }
        }
        // No place inside of a pair of units.
        let clef = LineIndex::new("\u{1D11E}");
        let inside = Position { line: 1, column: 2 };
        proptest::prop_assert_eq!(clef.offset_in(Unit::Utf16, inside, "\u{1D11E}"), None);
    }
}

#[test]
fn only_comments_are_comments() {
    let text = "a: 'x # kubevet: no'\nb: x#kubevet:no\nc: | # kubevet: header\n  # kubevet: no\nd: \"\n  # kubevet: no\" # kubevet: behind\n# kubevet: own # kubevet: same\n# other\ne: [1, # kubevet: flow\n 2]\n";
    let parsed = read(text, &split(text)[0]);
    let document = parsed.document.unwrap();
    let found: Vec<&str> = document
        .comments()
        .iter()
        .map(|c| c.span.text(text))
        .collect();
    assert_eq!(
        found,
        [
            "# kubevet: header",
            "# kubevet: behind",
            "# kubevet: own # kubevet: same",
            "# kubevet: flow"
        ]
    );
}

/// Pairs of a large map are looked up in a table: the last of equal keys counts, and what is merged.
#[test]
fn large_maps_are_looked_up_like_small_ones() {
    let lines = |from: usize, value: &str| -> String {
        let keys = (from..from + 400).map(|i| format!("  k{i}: {value}{i}\n"));
        keys.collect()
    };
    let text = format!(
        "base: &base\n{}own:\n  <<: *base\n{}  k700: last\n  1: one\n",
        lines(0, "b"),
        lines(300, "o")
    );
    let chunks = split(&text);
    let document = read(&text, &chunks[0]).document.unwrap();
    let own = document.root().get("own").unwrap();
    let value = |key: &str| own.get(key).and_then(kubevet::yaml::Node::text);
    assert_eq!(value("k0"), Some("b0"));
    assert_eq!(value("k350"), Some("o350"));
    assert_eq!(value("k699"), Some("o699"));
    assert_eq!(value("k700"), Some("last"));
    assert_eq!(value("1"), Some("one"));
    assert_eq!(value("k701"), None);
    assert_eq!(value("<<"), None);
    for (key, node) in own.entries() {
        assert_eq!(own.get(&key.key().unwrap()), Some(node));
    }
}

/// The fast path against the full reader: what it does not leave to that must be the same in every node.
mod fast {
    use super::texts;
    use kubevet::text::{FileId, decode};
    use kubevet::yaml::{
        Chunk, Document, Format, KeyFilter, Limits, Parsed, Provenance, parse, parse_part, split,
    };
    use proptest::prelude::*;
    use std::fs;

    fn read<'t>(text: &'t str, chunk: &Chunk, fast: bool) -> Parsed<'t> {
        let place = Provenance::chunk(FileId(0), 0);
        let limits = Limits {
            fast,
            ..Limits::default()
        };
        parse(text, place, chunk.format, limits)
    }

    /// One line for each node, with everything that a rule may see of it.
    fn nodes(document: &Document<'_>) -> impl Iterator<Item = impl PartialEq + std::fmt::Debug> {
        document.nodes().map(|n| {
            (
                (n.kind(), n.style(), n.span(), n.content(), n.head()),
                (n.text(), n.is_alias(), n.is_merge(), n.len()),
                (
                    n.parent().map(kubevet::yaml::Node::id),
                    n.key_node().map(kubevet::yaml::Node::id),
                ),
            )
        })
    }

    /// Whether the fast path reads a chunk; then it reads what the full reader reads.
    #[track_caller]
    fn same(text: &str, chunk: &Chunk) -> bool {
        let body = chunk.span.text(text);
        let found = read(body, chunk, true);
        if !found.fast {
            return false;
        }
        let expected = read(body, chunk, false);
        assert!(!expected.fast);
        assert_eq!(
            format!("{:?}", found.problems),
            format!("{:?}", expected.problems),
            "{body}"
        );
        let (Some(found), Some(expected)) = (&found.document, &expected.document) else {
            panic!("the full reader reads no document: {body:?}");
        };
        let differs = nodes(found).zip(nodes(expected)).find(|(a, b)| a != b);
        assert!(differs.is_none(), "{differs:#?} in\n{body}");
        assert_eq!(found.nodes().count(), expected.nodes().count(), "{body}");
        // Small enough to be compared in everything that is private, too.
        if body.len() < 1000 {
            assert_eq!(format!("{found:?}"), format!("{expected:?}"));
        }
        true
    }

    const DEFINITION: &str = r#"schema:
  properties:
    apple:
      description: |
        properties:
          no key of any schema
      properties:
        core:
          type: string
          enum:
            - a
        # A comment
  # at any indentation
        "quoted":
          type: string
    properties:
      type: object
      properties: {a: {type: string}, core: {}}
      required:
      - core
    pear:
      properties:
        - apple:
            core: not a schema
      items: "a text
        over: lines"
    plum: {type: string}
  type: object
"#;

    /// What is left out of a part is below names that nobody asked for, and everything else is the same.
    #[test]
    fn part_is_the_same_but_for_what_nobody_asked_for() {
        let read = |keys: &[&'static str]| {
            let place = Provenance::chunk(FileId(0), 0);
            let part = KeyFilter {
                under: "properties",
                keys: keys.iter().copied().collect(),
            };
            let found = parse_part(DEFINITION, place, Format::Yaml, &part);
            found.unwrap().root().to_json()
        };
        let whole: serde_json::Value = serde_yaml::from_str(DEFINITION).unwrap();
        assert_eq!(read(&["apple", "core", "properties", "pear"]), whole);
        let mut left = whole;
        let names = &mut left["schema"]["properties"];
        names["pear"]["properties"] = serde_json::Value::Null;
        assert_eq!(read(&["apple", "core", "properties"]), left);
        let names = &mut left["schema"]["properties"];
        names["apple"]["properties"]["core"]["enum"] = serde_json::Value::Null;
        assert_eq!(read(&["apple", "properties"]), left);
        let names = &mut left["schema"]["properties"];
        names["apple"]["properties"] = serde_json::Value::Null;
        assert_eq!(read(&[]), left);
    }

    /// Chunks and bytes, of all and of those that the fast path reads.
    #[derive(Debug, Default)]
    struct Share {
        chunks: [usize; 2],
        bytes: [usize; 2],
    }

    impl Share {
        fn add(&mut self, text: &str) {
            for chunk in split(text) {
                let fast = same(text, &chunk);
                let body = chunk.span.text(text);
                if body.contains("apiVersion") && body.contains("kind") {
                    for i in 0..=usize::from(fast) {
                        self.chunks[i] += 1;
                        self.bytes[i] += body.len();
                    }
                }
            }
        }
    }

    #[test]
    fn texts_of_the_repository_are_the_same() {
        let mut share = Share::default();
        texts().iter().for_each(|text| share.add(text));
        assert!(share.bytes[1] * 10 > share.bytes[0] * 8, "{share:?}");
    }

    #[test]
    fn texts_near_the_limits_are_the_same() {
        // Nesting of 255, keys of 1,024 characters: the fast path gives up a little earlier.
        for n in (240..250).chain(256..262) {
            let maps = (0..n).fold(String::new(), |text, i| text + &" ".repeat(i) + "a:\n");
            let texts = [
                format!("a: {}{}\n", "[".repeat(n), "]".repeat(n)),
                "{\"a\":".repeat(n) + "1" + &"}".repeat(n),
                "- ".repeat(n) + "a\n",
                format!("{maps}{}- b\n", " ".repeat(n - 1)),
                format!("{}: b\n", "a".repeat(n * 4)),
                format!("- [{{\"{}\": b}}]\n", "é".repeat(n * 2)),
            ];
            for text in texts {
                let fast = same(&text, &split(&text)[0]);
                assert_eq!(fast, n < 250, "{n}: {text}");
            }
        }
    }

    #[test]
    fn the_corpus_is_the_same_where_there_is_one() {
        let mut share = Share::default();
        for entry in walkdir::WalkDir::new("../shared/corpus")
            .into_iter()
            .filter_map(Result::ok)
        {
            let known = entry
                .path()
                .extension()
                .is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
            if known && entry.file_type().is_file() {
                share.add(&decode(fs::read(entry.path()).unwrap()).text);
            }
        }
        assert!(share.bytes[1] * 10 >= share.bytes[0] * 9, "{share:?}");
    }

    /// A change of a text: where, what kind of change, and what is put there.
    fn change() -> impl Strategy<Value = (prop::sample::Index, u8, usize)> {
        (any::<prop::sample::Index>(), 0..8_u8, 0..PIECES.len())
    }

    /// Pieces that matter to YAML.
    const PIECES: [&str; 64] = [
        " ", "  ", "\n", "\n\n", ":", ": ", ":\n", "- ", "-", "\n- ", "#", " #", " # c\n", "'",
        "''", "\"", "\\", "\\\"", "\\n", "\\u00e9", "\\x41", "\\\n", "|", "|\n", " |-\n", " >\n",
        ">+\n", " |+\n", "|2\n", "[", "]", "{", "}", ",", ", ", "[]", "{}", "[a, b]", "{a: b}",
        "? ", "?", "&a ", "*a", "!", "!!str ", "%", "@", "`", "\t", "\r\n", "\r", "---\n", "...\n",
        "<<: ", "~", "null", "é", "\u{85}", "\u{2028}", "\u{3000}", "\u{7f}", "a", "a: b\n",
        "\n  ",
    ];

    fn floor(text: &str, mut at: usize) -> usize {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    fn changed(mut text: String, at: prop::sample::Index, kind: u8, piece: usize) -> String {
        let place = floor(&text, at.index(text.len() + 1));
        let line = text[..place].rfind('\n').map_or(0, |n| n + 1);
        let next = text[place..]
            .find('\n')
            .map_or(text.len(), |n| place + n + 1);
        match kind {
            // Lines are deleted, repeated, swapped with the next, indented more or less.
            0 => text.replace_range(line..next, ""),
            1 => {
                let again = text[line..next].to_owned();
                text.insert_str(line, &again);
            }
            2 => {
                let after = text[next..].find('\n').map_or(text.len(), |n| next + n + 1);
                let swapped = text[next..after].to_owned() + &text[line..next];
                text.replace_range(line..after, &swapped);
            }
            3 => text.insert_str(line, &" ".repeat(piece % 5)),
            4 => {
                let blanks = text[line..].bytes().take_while(|b| *b == b' ').count();
                text.replace_range(line..line + blanks.min(piece % 5), "");
            }
            5 => {
                let end = floor(&text, (place + 1 + piece % 4).min(text.len()));
                text.replace_range(place..end.max(place), "");
            }
            _ => text.insert_str(place, PIECES[piece]),
        }
        text
    }

    /// Chunks to begin with: of the repository, of the corpus where there is one, and one of everything.
    fn seeds() -> &'static [String] {
        static SEEDS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
        SEEDS.get_or_init(|| {
            let corpus = walkdir::WalkDir::new("../shared/corpus").sort_by_file_name();
            let files = corpus.into_iter().filter_map(Result::ok).filter(|e| {
                e.path()
                    .extension()
                    .is_some_and(|e| e == "yaml" || e == "json")
                    && e.metadata().is_ok_and(|m| m.len() < 4000)
            });
            let read = files
                .step_by(5)
                .map(|e| decode(fs::read(e.path()).unwrap()).text);
            let mut seeds: Vec<String> = texts()
                .into_iter()
                .chain(read)
                .flat_map(|text| {
                    split(&text)
                        .iter()
                        .map(|c| c.span.text(&text).to_owned())
                        .collect::<Vec<_>>()
                })
                .filter(|text| text.len() < 1500)
                .collect();
            // A tenth of all cases.
            let rich = seeds.len() / 10;
            seeds.extend(std::iter::repeat_n(RICH.to_owned(), rich));
            seeds
        })
    }

    /// Everything that the fast path knows.
    const RICH: &str = "\
# comment
a: b  # c
b:
- x
-  - y
   -
   - k: v
     l: |

       one
         two

       three


- \"q\\\"\\u00e9 \\\\\": 'it''s'
  m: \"fold
    ed\\
    on

    more \"
c: plain
  text # c

d: >-
  a
  b

   c
  d
e: {a: [1, 2,], \"b\":3, 'c' : {}} # c
f: [
  x y, # c
  \"z\"
]
'g': |+
    k

h:
  i:
  j: http://x:80/#a
  -k: :8
";

    proptest! {
        #[test]
        fn changed_texts_are_the_same(seed in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..6)) {
            let mut text = seed.get(seeds()).clone();
            for (at, kind, piece) in changes {
                text = changed(text, at, kind, piece);
            }
            for chunk in split(&text) {
                same(&text, &chunk);
            }
        }

        #[test]
        fn small_texts_are_the_same(text in "([a-c]|[a-c]: |[a-c]:\n|[\n]|\n {0,4}|\n {0,4}- |- |[:#|>'\"{}\\[\\], \\-?\\\\]| #|\\||\\|-\n){1,24}") {
            for chunk in split(&text) {
                same(&text, &chunk);
            }
        }
    }
}

#[test]
fn a_problem_is_one_line_whatever_the_keys() {
    let text = "{\"a\\nb\": 1, \"a\\nb\": 2}";
    let place = Provenance::chunk(FileId(0), 0);
    let problems = parse(text, place, Format::Json, Limits::default()).problems;
    let messages: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        messages,
        ["key `a\\nb` is set twice, so kubectl keeps this value and drops the earlier one"]
    );
}

/// What a key is looked up as is what the map holds under it: of merged maps the first, of equal keys the last.
#[test]
fn keys_are_looked_up_as_the_map_has_them() {
    let fixture = fixture("structure.json");
    let kubectl = fixture.as_object().unwrap().values();
    let kubectl = kubectl.map(|case| case["text"].as_str().unwrap().to_owned());
    let mut merged = 0;
    for text in kubectl.chain(texts()) {
        for chunk in split(&text) {
            let Some(document) = read(&text, &chunk).document else {
                continue;
            };
            for map in document.nodes().filter(|n| n.kind() == NodeKind::Map) {
                merged += u32::from(map.pairs().any(|(key, _)| key.is_merge()));
                let entries = map
                    .entries()
                    .filter_map(|(key, value)| Some((key.key()?, value.id())));
                let last: BTreeMap<_, _> = entries.collect();
                for (name, value) in last {
                    let found = map.get(&name).map(kubevet::yaml::Node::id);
                    assert_eq!(found, Some(value), "{name} of\n{text}");
                }
            }
        }
    }
    assert!(merged > 10, "{merged}");
    let text = "a: &a {k: 1, a: 1}\nb: &b {k: 2, b: 2}\nv:\n  <<: [*a, *b]\n";
    let parsed = read(text, &split(text)[0]);
    let document = parsed.document.unwrap();
    let map = document.root().get("v").unwrap();
    let value = |key: &str| map.get(key).and_then(kubevet::yaml::Node::as_int);
    assert_eq!(["k", "a", "b"].map(value), [Some(1), Some(1), Some(2)]);
}
