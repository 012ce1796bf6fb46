//! Text → chunks, exactly where kubectl's reader splits documents.
//!
//! The rule (k8s.io/apimachinery, util/yaml, `YAMLReader`): a line that begins with `---` separates if
//! nothing but blanks or a comment follows, even inside a block scalar; anything else behind the dashes is
//! refused. Input that begins with `{` is a stream of JSON objects, and YAML where it is not.

use crate::text::Span;
use memchr::memmem;

/// How a chunk is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML 1.1 as kubectl understands it.
    Yaml,
    /// One object of a JSON stream.
    Json,
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
    /// The separator before it, where kubectl would refuse that.
    pub glued: Option<Span>,
}

/// The chunks of a text in order; they never overlap.
pub type Split = Vec<Chunk>;

/// Splits a text of at most `u32::MAX` bytes.
pub fn split(text: &str) -> Split {
    json_objects(text).unwrap_or_else(|| yaml_documents(text))
}

/// A text that is one chunk.
pub fn whole(text: &str, format: Format) -> Split {
    vec![Chunk {
        span: Span::of(0..text.len()),
        format,
        glued: None,
    }]
}

fn yaml_documents(text: &str) -> Split {
    let mut chunks = Vec::new();
    let mut start = 0;
    let mut glued = None;
    let mut push = |start: usize, end: usize, glued: Option<Span>| {
        let body = text.get(start..end).unwrap_or_default();
        let bom = if body.starts_with('\u{FEFF}') {
            '\u{FEFF}'.len_utf8()
        } else {
            0
        };
        if glued.is_some() || body.bytes().any(|b| !b.is_ascii_whitespace()) {
            chunks.push(Chunk {
                span: Span::of(start + bom..end),
                format: Format::Yaml,
                glued,
            });
        }
    };
    let first = text.starts_with("---").then_some(0);
    let others = memmem::find_iter(text.as_bytes(), b"\n---").map(|at| at + 1);
    for line in first.into_iter().chain(others) {
        let behind = line + 3;
        let end = memchr::memchr(b'\n', text.as_bytes().get(behind..).unwrap_or_default())
            .map_or(text.len(), |n| behind + n);
        let rest = text.get(behind..end).unwrap_or_default().trim();
        push(start, line, glued);
        let plain = rest.is_empty() || rest.starts_with('#');
        glued = (!plain).then(|| Span::of(line..behind));
        start = if plain {
            (end + 1).min(text.len())
        } else {
            behind
        };
    }
    push(start, text.len(), glued);
    chunks
}

/// The objects of a JSON stream; `None` where the text is none.
fn json_objects(text: &str) -> Option<Split> {
    let bytes = text.as_bytes();
    let mut chunks = Vec::new();
    let mut at = skip_blanks(bytes, 0);
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    while at < bytes.len() {
        let end = json_object_end(bytes, at)?;
        chunks.push(Chunk {
            span: Span::of(at..end),
            format: Format::Json,
            glued: None,
        });
        at = skip_blanks(bytes, end);
    }
    Some(chunks)
}

fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter()
        .position(|b| !b.is_ascii_whitespace())
        .map_or(bytes.len(), |n| from + n)
}

/// One past the brace that closes the object at `start`.
fn json_object_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start) != Some(&b'{') {
        return None;
    }
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match *bytes.get(at)? {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => at = json_string_end(bytes, at + 1)?,
            // Not JSON outside of strings: leave it to YAML.
            b'#' | b'\'' | b'&' | b'*' | b'|' | b'>' => return None,
            _ => {}
        }
        at += 1;
    }
}

/// The quote that closes a string whose content begins at `at`.
fn json_string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
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
    source
        .contains("/templates/")
        .then_some(source)
        .or_else(|| source.contains("/crds/").then_some(source))
}
