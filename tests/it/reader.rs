//! The reader against kubectl's own answers, and properties of its spans.

use kubevet::text::{FileId, decode};
use kubevet::yaml::{
    Chunk, Format, Kind, Limits, Note, Parsed, Place, decode_scalar, parse, split,
};
use serde_json::Value;
use std::fs;

/// Problems that make kubectl refuse a document; the others only change or drop something.
const REFUSED: [&str; 6] = [
    "yaml/syntax",
    "yaml/alias-limit",
    "yaml/invalid-key",
    "yaml/not-json",
    "yaml/control-character",
    "yaml/directive",
];

fn read<'t>(text: &'t str, chunk: &Chunk) -> Parsed<'t> {
    let place = Place::Chunk {
        file: FileId(0),
        base: chunk.span.start,
    };
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
        let refused = parsed.problems.iter().any(|p| REFUSED.contains(&p.rule));
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
        for chunk in split(&decoded.text) {
            let parsed = read(&decoded.text, &chunk);
            if chunk.glued.is_some() {
                // kubectl has not yet handed on the document before the separator, and stops.
                documents.pop();
            }
            refused |=
                chunk.glued.is_some() || parsed.problems.iter().any(|p| REFUSED.contains(&p.rule));
            if refused {
                break;
            }
            let Some(document) = parsed.document else {
                continue;
            };
            let root = document.root();
            match root.kind() {
                Kind::Null => continue,
                Kind::Map if root.get("kind").is_some() => {}
                _ => {
                    refused = true;
                    break;
                }
            }
            match root.get("items") {
                Some(items) => documents.extend(items.items().map(|i| i.to_json())),
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
fn deep_nesting_is_a_note_and_not_a_crash() {
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
        assert_eq!(parsed.note, Some(Note::TooDeep));
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
