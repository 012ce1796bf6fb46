//! `json`: one versioned document with everything; `jsonl`: one open finding a line. Described in docs/json.md.

use super::{RenderOptions, sanitize};
use crate::engine::{Note, Report, ResolvedFinding};
use crate::finding::{Label, ObjectRef, State};
use crate::text::Position;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

/// Changes when a field is renamed, removed or means something else; a new field changes nothing.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct JsonReport<'r> {
    version: u32,
    tool: Tool,
    summary: crate::engine::Counts,
    left_out: &'r crate::engine::LeftOut,
    findings: Vec<Record<'r>>,
    notes: Vec<NoteRecord<'r>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Record<'r> {
    #[serde(flatten)]
    place: JsonPlace<'r>,
    exact: bool,
    rule: &'r str,
    severity: &'static str,
    message: Cow<'r, str>,
    help: &'r str,
    object: Option<&'r ObjectRef>,
    path: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    releases: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rendered_from: Option<&'r str>,
    fingerprint: &'r str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed_by: Option<JsonPlace<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subsumed_by: Option<&'r str>,
}

/// Lines and columns from 1, columns in code points, the end exclusive; bytes from 0 in the file.
#[derive(Serialize)]
struct JsonPlace<'r> {
    file: &'r str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    start_byte: u32,
    end_byte: u32,
}

#[derive(Serialize)]
struct Related<'r> {
    #[serde(flatten)]
    place: JsonPlace<'r>,
    message: &'r str,
}

#[derive(Serialize)]
struct NoteRecord<'r> {
    name: &'static str,
    /// The name as version 1 has spelt it from the beginning: `NotYaml`.
    kind: String,
    about: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    message: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'r str,
}

pub(super) fn write(report: &Report, _: RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    let document = JsonReport {
        version: VERSION,
        tool: Tool {
            name: "kubevet",
            version: env!("CARGO_PKG_VERSION"),
        },
        summary: report.counts,
        left_out: &report.left_out,
        findings: report
            .findings
            .iter()
            .filter_map(|f| record(report, f))
            .collect(),
        notes: report.notes.iter().map(note).collect(),
    };
    let text = serde_json::to_string_pretty(&document)?;
    writeln!(out, "{}", escape(&text))
}

pub(super) fn write_lines(
    report: &Report,
    _: RenderOptions,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for record in report
        .findings
        .iter()
        .filter(|f| f.state == State::Open)
        .filter_map(|f| record(report, f))
    {
        writeln!(out, "{}", escape(&serde_json::to_string(&record)?))?;
    }
    Ok(())
}

fn record<'r>(report: &'r Report, finding: &'r ResolvedFinding) -> Option<Record<'r>> {
    let (state, suppressed_by, reason, subsumed_by) = match &finding.state {
        State::Open => ("open", None, None, None),
        State::Suppressed { by, reason } => {
            ("suppressed", place(report, by), reason.as_deref(), None)
        }
        State::Subsumed { by } => ("subsumed", None, None, Some(by.as_ref())),
    };
    let related = finding
        .related()
        .filter_map(|l| {
            Some(Related {
                place: place(report, l)?,
                message: &l.text,
            })
        })
        .collect();
    Some(Record {
        place: place(report, &finding.primary)?,
        exact: finding.exact,
        rule: &finding.rule,
        severity: finding.severity.name(),
        message: finding.full_message(),
        help: &finding.help,
        object: finding.object.as_ref(),
        path: &finding.path,
        releases: finding.releases.map(|r| r.names().collect()),
        related,
        rendered_from: finding.rendered_from.as_ref().map(|r| r.template.as_str()),
        fingerprint: &finding.fingerprint,
        state,
        suppressed_by,
        reason,
        subsumed_by,
    })
}

fn place<'r>(report: &'r Report, label: &Label) -> Option<JsonPlace<'r>> {
    let source = report.sources.get(label.at.file)?;
    let (Position { line, column }, end) = source.range(label.at.span);
    let bom = source.encoding.bom_len();
    Some(JsonPlace {
        file: &source.display_path,
        line,
        column,
        end_line: end.line,
        end_column: end.column,
        start_byte: label.at.span.start + bom,
        end_byte: label.at.span.end + bom,
    })
}

fn note(note: &Note) -> NoteRecord<'_> {
    NoteRecord {
        name: note.what.name(),
        kind: pascal_case(note.what.name()),
        about: &note.about,
        line: (note.line > 0).then_some(note.line),
        message: note.what.reason(1),
        detail: &note.detail,
    }
}

/// `not-yaml` as `NotYaml`.
fn pascal_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

/// Harmful characters that JSON allows in strings, escaped; they occur nowhere else.
pub(super) fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && sanitize::is_harmful(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units)
                .iter()
                .for_each(|unit| _ = write!(out, "\\u{unit:04x}"));
        } else {
            out.push(c);
        }
    }
    // What CI runners obey anywhere in a line.
    out.replace("##", "#\\u0023")
}
