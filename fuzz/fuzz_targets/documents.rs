//! Text → documents: the chunks of `split`, read one by one, say what kubectl's own way of splitting says, line by line into a buffer.
#![no_main]

use kubevet::text::{FileId, decode};
use kubevet::yaml::{Format, Limits, NodeKind, Provenance, ReaderProblem, parse, split};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let decoded = decode(data.to_vec());
    let text = decoded.text.as_str();
    // What begins as JSON is read in another way. Of `\r\r\n` kubectl's line reader takes one sign away, so that two breaks become one, and
    // it ends the last line, whatever break of YAML stands there.
    let odd = text.contains("\r\r\n") || text.ends_with(['\r', '\u{85}', '\u{2028}', '\u{2029}']);
    if !text.trim_start().starts_with('{') && !odd {
        assert_eq!(of_chunks(text), of_lines(text));
    }
});

/// The documents up to the first that kubectl refuses, and whether there is one.
type Documents = (Vec<Value>, bool);

fn of_chunks(text: &str) -> Documents {
    let mut documents = Vec::new();
    let mut end = 0;
    for chunk in split(text) {
        if let Some(separator) = chunk.text_after_separator {
            // kubectl has not yet handed on a document that this separator ends.
            if separator.start == end {
                documents.pop();
            }
            return (without_null(documents), true);
        }
        end = chunk.span.end;
        match read(chunk.span.text(text)) {
            Some(value) => documents.push(value),
            None => return (without_null(documents), true),
        }
    }
    (without_null(documents), false)
}

/// Documents without a value are skipped.
fn without_null(documents: Vec<Value>) -> Vec<Value> {
    documents.into_iter().filter(|d| !d.is_null()).collect()
}

/// As k8s.io/apimachinery's `YAMLReader` does it: a line that begins with `---` ends what is in the buffer, or begins it.
fn of_lines(text: &str) -> Documents {
    let mut documents = Vec::new();
    let mut buffer = String::new();
    let mut lines: Vec<String> = text
        .split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => line.strip_suffix('\r').unwrap_or(line).to_owned() + "\n",
            None => line.to_owned() + "\n",
        })
        .collect();
    lines.push("---\n".to_owned());
    for line in lines {
        if let Some(behind) = line.strip_prefix("---") {
            let behind = behind.trim();
            if !behind.is_empty() && !behind.starts_with('#') {
                return (without_null(documents), true);
            }
            if !buffer.is_empty() {
                let document = std::mem::take(&mut buffer);
                // The reader of each document skips a byte order mark.
                match read(document.strip_prefix('\u{FEFF}').unwrap_or(&document)) {
                    Some(value) => documents.push(value),
                    None => return (without_null(documents), true),
                }
                continue;
            }
        }
        buffer += &line;
    }
    (without_null(documents), false)
}

/// The value of a document; `None` where kubectl refuses it.
fn read(text: &str) -> Option<Value> {
    let place = Provenance::chunk(FileId(0), 0);
    let parsed = parse(text, place, Format::Yaml, Limits::default());
    if parsed.problems.iter().any(ReaderProblem::is_refusal) {
        return None;
    }
    let Some(document) = parsed.document else {
        return Some(Value::Null);
    };
    let aliases = document.nodes().any(|n| n.is_alias());
    match document.root().kind() {
        NodeKind::Null => Some(Value::Null),
        // They may grow beyond all bounds.
        _ if aliases => Some(Value::Bool(true)),
        _ => Some(document.root().to_json()),
    }
}
