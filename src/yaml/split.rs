//! Text → chunks, exactly where kubectl's reader splits documents.
//!
//! The rule (k8s.io/apimachinery, util/yaml, `YAMLReader`): a line that begins with `---` separates if
//! nothing but blanks or a comment follows, even inside a block scalar; anything else behind the dashes is
//! rejected. Input that begins with `{` is a stream of JSON objects, and YAML from where it is not.

use crate::text::Span;
use memchr::memmem;
use serde::de::IgnoredAny;

/// How a chunk is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.1 as kubectl understands it.
    Yaml,
    /// One object of a JSON stream, which is known to be JSON.
    Json,
    /// What stands in a JSON stream and is no JSON.
    NotJson,
    /// A systemd unit or an environment file.
    Unit,
    /// A file of arguments.
    Arguments,
    /// Keys and certificates.
    Pem,
}

/// One document's text, a span of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where it stands in the file.
    pub span: Span,
    /// How it is read.
    pub format: Format,
    /// The separator before it, where kubectl would reject that.
    pub text_after_separator: Option<Span>,
}

/// The chunks of a text in order; they never overlap.
pub type Split = Vec<Chunk>;

/// Splits a text of at most `u32::MAX` bytes.
pub fn split(text: &str) -> Split {
    let mut chunks = Vec::new();
    if !text.trim_start().starts_with('{') {
        yaml_documents(text, 0, &mut chunks);
        return chunks;
    }
    let read = json_values(text, &mut chunks);
    let rest = text.get(read..).unwrap_or_default();
    if rest.bytes().all(|b| b.is_ascii_whitespace()) {
        return chunks;
    }
    match behind_blanks(rest) {
        // Behind one object a stream may go on in YAML, behind two it is JSON for good (`YAMLOrJSONDecoder`).
        Some(blanks) if chunks.len() < 2 => yaml_documents(text, read + blanks, &mut chunks),
        _ if chunks.is_empty() => yaml_documents(text, 0, &mut chunks),
        _ => chunks.push(Chunk {
            span: Span::of(read..text.len()),
            format: Format::NotJson,
            text_after_separator: None,
        }),
    }
    chunks
}

/// A text that is one chunk.
pub fn whole(text: &str, format: Format) -> Split {
    vec![Chunk {
        span: Span::of(0..text.len()),
        format,
        text_after_separator: None,
    }]
}

/// The documents of a text from a byte on.
fn yaml_documents(text: &str, mut start: usize, chunks: &mut Split) {
    let mut text_after_separator = None;
    let mut push = |start: usize, end: usize, text_after_separator: Option<Span>| {
        let body = text.get(start..end).unwrap_or_default();
        let bom = if body.starts_with('\u{FEFF}') {
            '\u{FEFF}'.len_utf8()
        } else {
            0
        };
        // A tab alone on its line is an error.
        let blank = |b| matches!(b, b' ' | b'\n' | b'\r');
        if text_after_separator.is_some() || !body.bytes().all(blank) {
            chunks.push(Chunk {
                span: Span::of(start + bom..end),
                format: Format::Yaml,
                text_after_separator,
            });
        }
    };
    let from = start;
    let read = text.get(from..).unwrap_or_default();
    let mut first = false;
    let at_start = read.starts_with("---").then_some(from);
    let others = memmem::find_iter(read.as_bytes(), b"\n---").map(|at| from + at + 1);
    for line in at_start.into_iter().chain(others) {
        let behind = line + 3;
        let end = memchr::memchr(b'\n', text.as_bytes().get(behind..).unwrap_or_default())
            .map_or(text.len(), |n| behind + n);
        let written = text.get(behind..end).unwrap_or_default();
        let written = written.strip_suffix('\r').unwrap_or(written);
        let rest = written.trim();
        let plain = rest.is_empty() || rest.starts_with('#');
        // Where it ends no document, a separator is the first line of the next one.
        first = start == line && text_after_separator.is_none() && !first;
        if first && plain && (is_read(written) || matters(text, end)) {
            continue;
        }
        push(start, line, text_after_separator);
        text_after_separator = (!plain).then(|| Span::of(line..behind));
        start = if plain {
            (end + 1).min(text.len())
        } else {
            behind
        };
    }
    push(start, text.len(), text_after_separator);
}

/// Whether what stands behind `---` matters to the parser, if it comes to read it: a character that ends the line or is rejected, or
/// a sign without a blank before it, which is no comment.
fn is_read(behind: &str) -> bool {
    let matters = |c: char| {
        c != '\t' && c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FFFE}' | '\u{FFFF}')
    };
    behind.starts_with('#') || behind.contains(matters)
}

/// Whether it matters that `---` stands on the line before: a byte order mark no longer begins the text, and behind nothing but comments
/// `...`, a directive, or a marker that only the parser sees ends the document.
fn matters(text: &str, end: usize) -> bool {
    let rest = text.get(end + 1..).unwrap_or_default();
    let mut lines = rest.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
    let content = lines.find(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    let ends = |line: &str| line.starts_with("...") || line.starts_with("---");
    content.is_some_and(|line| ends(line) || line.starts_with(['%', '\u{FEFF}']))
}

/// The values of JSON that a text begins with; where the last of them ends.
fn json_values(text: &str, chunks: &mut Split) -> usize {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut read = 0;
    while let Some(Ok(_)) = values.next() {
        let end = values.byte_offset();
        let value = text.get(read..end).unwrap_or_default();
        let blanks = value.len() - value.trim_start().len();
        chunks.push(Chunk {
            span: Span::of(read + blanks..end),
            format: Format::Json,
            text_after_separator: None,
        });
        read = end;
    }
    read
}

/// Blanks that kubectl's reader skips before it goes on in YAML: up to the end of the line. It gives up where fewer than four bytes
/// are left.
fn behind_blanks(text: &str) -> Option<usize> {
    for (at, c) in text.char_indices() {
        if text.len() - at < 4 {
            return None;
        }
        if c == '\n' {
            return Some(at + 1);
        }
        if !c.is_whitespace() {
            return Some(at);
        }
    }
    None
}

/// The template that Helm made a document from: it says so in a comment before the first line of content. The path begins with the
/// chart's name, which need not be its folder's; the line of a rendered document is no line of the template.
pub fn helm_source(chunk: &str) -> Option<&str> {
    let lines = chunk
        .lines()
        .map(str::trim)
        .take_while(|line| line.is_empty() || line.starts_with('#'));
    let source = lines
        .filter_map(|line| line.strip_prefix("# Source: "))
        .last()?;
    is_template_path(source).then_some(source)
}

/// Whether Helm may have written a path: `CHART/templates/…` or `CHART/crds/…`, where a chart lies in `charts/` of another. An address where
/// somebody copied the file from looks otherwise.
fn is_template_path(path: &str) -> bool {
    let mut parts = path.split('/');
    let name = |part: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !part.is_empty() && part.bytes().all(plain)
    };
    loop {
        if !parts.next().is_some_and(name) {
            return false;
        }
        match parts.next() {
            Some("templates" | "crds") => return parts.next().is_some_and(|rest| !rest.is_empty()),
            Some("charts") => {}
            _ => return false,
        }
    }
}
