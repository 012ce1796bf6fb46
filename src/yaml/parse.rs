//! One chunk → one document. Never fails: what is wrong comes back as problems.

use super::builder::{Builder, Built, Failure};
use super::comments::comments;
use super::events::Parser;
use super::json::Json;
use super::problems::{check_maps, control_character, directive, invisible_character, syntax};
use super::scan::{BREAKS, ScanError};
use super::tree::{Document, LargeMaps, NodeData};
use super::{Format, Provenance, fast, unit};
use crate::ids;
use crate::text::Span;
use serde::de::IgnoredAny;
use std::collections::HashSet;

/// What a document may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of nesting, aliases followed. kubectl's own limit is 10,000; no object comes near 255.
    pub depth: usize,
    /// Nodes of one document, 28 bytes each.
    pub nodes: usize,
    /// Whether simple documents take the fast path. The outcome is the same: off to compare only.
    pub fast: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 255,
            nodes: 16_000_000,
            fast: true,
        }
    }
}

/// Something that the reader found: a finding of the policy `rule` once the document is known to be ours.
#[derive(Clone, Debug)]
pub struct ReaderProblem {
    /// Id of a policy with `applies: [Reader]`.
    pub rule: &'static str,
    /// Where, in the chunk.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that depends on the place.
    pub help: Option<String>,
    /// A second place that explains the first.
    pub related: Option<(Span, &'static str)>,
}

impl ReaderProblem {
    /// Whether kubectl, or kubevet, reads nothing of the document for it; the others only change or drop something.
    pub fn is_refusal(&self) -> bool {
        match self.rule {
            // What arrives as another number does arrive.
            ids::yaml::NOT_JSON => !self.message.contains("arrives as"),
            ids::yaml::SYNTAX
            | ids::yaml::ALIAS_LIMIT
            | ids::yaml::INVALID_KEY
            | ids::yaml::CONTROL_CHARACTER
            | ids::yaml::DIRECTIVE
            | ids::yaml::TOO_DEEP
            | "yaml/too-large" => true,
            _ => false,
        }
    }
}

/// Outcome of reading a chunk.
#[derive(Debug)]
pub struct Parsed<'t> {
    /// The document; `None` if the chunk holds none, or none that kubectl would accept.
    pub document: Option<Document<'t>>,
    /// What is wrong with it, in the order found.
    pub problems: Vec<ReaderProblem>,
    /// Whether it stops being YAML at a template's mark: where it has template lines, rendering it is what makes it YAML.
    pub template: bool,
    /// Whether the fast path read it.
    pub fast: bool,
}

/// What is asked for of a large document: below each map called `under`, what these keys have. Of the value of another key, collections
/// may be read as null.
#[derive(Debug)]
pub struct KeyFilter<'p> {
    /// Key of the maps whose keys are names.
    pub under: &'p str,
    /// The names that matter.
    pub keys: HashSet<&'p str>,
}

/// Reads a part of a document that was read before and was right: a document without comments.
pub fn parse_part<'t>(
    text: &'t str,
    provenance: Provenance,
    format: Format,
    part: &KeyFilter<'_>,
) -> Option<Document<'t>> {
    let limits = Limits::default();
    let mut builder = Builder::new(text, limits);
    if fast::read(text, format, Some(part), &mut builder).is_none() {
        return parse(text, provenance, format, limits).document;
    }
    let Built { nodes, owned, .. } = builder.built(Ok(()));
    Some(document(text, provenance, format, (nodes, owned)))
}

/// A document whose comments nobody has looked for.
fn document(
    text: &str,
    provenance: Provenance,
    format: Format,
    (nodes, owned): (Vec<NodeData>, Vec<Box<str>>),
) -> Document<'_> {
    Document {
        text,
        provenance,
        format,
        nodes,
        owned,
        comments: Vec::new(),
        large: LargeMaps::default(),
    }
}

/// Reads the text of one chunk that stands at `provenance`.
pub fn parse(text: &str, provenance: Provenance, format: Format, limits: Limits) -> Parsed<'_> {
    if matches!(format, Format::Unit | Format::Arguments | Format::Pem) {
        let mut builder = Builder::new(text, limits);
        let end = unit::read(text, format, &mut builder);
        return parsed(builder.built(end), text, provenance, format, true);
    }
    if format == Format::NotJson {
        return not_json(text);
    }
    if limits.fast {
        let mut builder = Builder::new(text, limits);
        if fast::read(text, format, None, &mut builder).is_some() {
            return parsed(builder.built(Ok(())), text, provenance, format, true);
        }
    }
    let builder = Builder::new(text, limits);
    let built = if format == Format::Json {
        builder.run(&mut Json::new(text))
    } else {
        builder.run(&mut Parser::new(text))
    };
    parsed(built, text, provenance, format, false)
}

/// Text in a stream of JSON that is none.
fn not_json(text: &str) -> Parsed<'static> {
    let why = serde_json::from_str::<IgnoredAny>(text).err();
    let at = why.map_or(0, |error| {
        let before: usize = text
            .split_inclusive('\n')
            .take(error.line() - 1)
            .map(str::len)
            .sum();
        before + error.column().saturating_sub(1)
    });
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let stop = ScanError::new(
        at,
        "this is not JSON, and after two JSON objects kubectl accepts nothing else",
        "Correct it, or write the objects as YAML documents with `---` between them.",
    );
    Parsed {
        document: None,
        problems: vec![syntax(&stop, text)],
        template: false,
        fast: false,
    }
}

/// Whether a text has lines that control a template: `{{ if x }}`, `{% for x in y %}`. Braces in values alone may be a mistake.
pub fn has_template_lines(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'{', bytes).any(|at| {
        let before = text.get(..at).unwrap_or_default();
        let before = before.trim_end_matches(|c: char| c.is_whitespace() && !BREAKS.contains(&c));
        matches!(bytes.get(at + 1), Some(b'{' | b'%'))
            && (before.is_empty() || before.ends_with(BREAKS))
    })
}

/// Whether the text at a place is a template's: its line holds a mark of one, it stands between two of them, or right behind one that
/// was read as a collection in brackets.
fn stops_at_template(text: &str, at: usize, flow: Span) -> bool {
    let (before, behind) = text.split_at_checked(at).unwrap_or((text, ""));
    let line = before.rfind(BREAKS).map_or(0, |n| n + 1);
    let end = at + behind.find(BREAKS).unwrap_or(behind.len());
    let line = text.get(line..end).unwrap_or_default();
    let open = before.rfind("{{").and_then(|n| before.get(n..));
    ["{{", "{%"].iter().any(|mark| line.contains(mark))
        || open.is_some_and(|open| !open.contains("}}"))
        || flow.text(text).starts_with("{{")
            && text
                .get(flow.end as usize..at)
                .is_some_and(|between| between.trim().is_empty())
}

fn parsed(
    built: Built,
    text: &str,
    provenance: Provenance,
    format: Format,
    fast: bool,
) -> Parsed<'_> {
    let Built {
        nodes,
        owned,
        mut problems,
        flow,
        end,
    } = built;
    // The fast path reads no text that has one.
    if format == Format::Yaml && !fast {
        problems.extend(control_character(text));
    }
    let mut template = false;
    match end {
        Ok(()) if !nodes.is_empty() => {}
        Ok(()) | Err(Failure::Refused) => {
            return Parsed {
                document: None,
                problems,
                template,
                fast,
            };
        }
        Err(Failure::Scan(stop)) => {
            template = stops_at_template(text, stop.at, flow);
            // A character that is rejected is the cause of what else cannot be read.
            if problems
                .iter()
                .all(|p| p.rule != ids::yaml::CONTROL_CHARACTER)
            {
                problems.push(if format == Format::Yaml && text.starts_with('%') {
                    directive(text)
                } else {
                    syntax(&stop, text)
                });
            }
            return Parsed {
                document: None,
                problems,
                template,
                fast,
            };
        }
    }
    let mut document = document(text, provenance, format, (nodes, owned));
    document.comments = comments(&document);
    // Elsewhere a setting that is repeated is no mistake.
    if matches!(format, Format::Yaml | Format::Json) {
        check_maps(&document, &mut problems);
        if !text.is_ascii() {
            problems.extend(document.nodes().filter_map(invisible_character));
        }
    }
    Parsed {
        document: Some(document),
        problems,
        template,
        fast,
    }
}
