//! SARIF 2.1.0 as GitHub code scanning takes it.

use super::{RenderOptions, level, rule_page, sanitize};
use crate::engine::{Report, ResolvedFinding};
use crate::finding::{Label, State};
use crate::model::{Policy, Severity};
use crate::text::{FileId, SourceFile};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::io;

pub(super) fn write(report: &Report, _: RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
    // A finding that another one implies is no alert of its own.
    let shown: Vec<&ResolvedFinding> = report
        .findings
        .iter()
        .filter(|f| !matches!(f.state, State::Subsumed { .. }))
        .collect();
    let found: HashSet<&str> = shown.iter().map(|f| f.rule.as_ref()).collect();
    let rules: Vec<&Policy> = report
        .registry
        .policies()
        .filter(|p| found.contains(p.id.as_ref()))
        .collect();
    let index: HashMap<&str, usize> = rules
        .iter()
        .enumerate()
        .map(|(i, p)| (p.id.as_ref(), i))
        .collect();
    let mut hashes = HashMap::new();
    let mut results = shown
        .iter()
        .filter_map(|f| result(report, f, &index, &mut hashes))
        .peekable();
    let driver = json!({
        "name": "kubevet",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules.iter().map(|p| rule(p)).collect::<Vec<_>>(),
    });
    let run = json!({
        "tool": { "driver": driver },
        "automationDetails": { "id": "kubevet/" },
        "columnKind": "unicodeCodePoints",
        "results": results.peek().map_or_else(|| json!([]), |_| json!([RESULTS])),
    });
    let document = json!({ "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run] });
    let text = format!("{document:#}");
    let (before, after) = text
        .split_once(&format!("\"{RESULTS}\""))
        .unwrap_or((&text, ""));
    write!(out, "{}", super::json::escape(before))?;
    // One by one: all at once they take twenty times as much memory as their text.
    let indent = before.rsplit('\n').next().unwrap_or_default();
    let mut between = String::new();
    for result in results {
        let text = format!("{result:#}").replace('\n', &format!("\n{indent}"));
        write!(out, "{between}{}", super::json::escape(&text))?;
        between = format!(",\n{indent}");
    }
    writeln!(out, "{}", super::json::escape(after))
}

/// What stands in the document where the results are to be written.
const RESULTS: &str = "results are written here";

fn rule(policy: &Policy) -> Value {
    let mut tags = vec!["security".to_owned(), "kubernetes".to_owned()];
    tags.extend(policy.id.split('/').next().map(str::to_owned));
    json!({
        "id": policy.id,
        "name": policy.id,
        "shortDescription": { "text": policy.title },
        "fullDescription": { "text": cut(&policy.rationale) },
        "help": { "text": cut(&policy.remediation), "markdown": rule_page(policy) },
        "defaultConfiguration": { "level": sarif_level(policy.severity) },
        "properties": {
            "tags": tags,
            "precision": if policy.preview { "medium" } else { "high" },
            "security-severity": score(policy.severity),
        },
    })
}

/// GitHub takes 1,024 characters.
fn cut(text: &str) -> String {
    text.chars().take(1000).collect()
}

fn sarif_level(severity: Severity) -> &'static str {
    match level(severity) {
        "notice" => "note",
        level => level,
    }
}

/// The middle of GitHub's bands.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "1.0",
    }
}

type Hashes = HashMap<FileId, HashMap<u32, String>>;

fn result(
    report: &Report,
    finding: &ResolvedFinding,
    index: &HashMap<&str, usize>,
    hashes: &mut Hashes,
) -> Option<Value> {
    let source = report.sources.get(finding.primary.at.file)?;
    let line = source.range(finding.primary.at.span).0.line;
    let mut fingerprints = json!({ "kubevet/v1": finding.fingerprint });
    // The hash of a weak password gives it away to whoever tries; the upload action fills in its own.
    if !finding.secret {
        let of_file = hashes.entry(finding.primary.at.file).or_insert_with(|| {
            let secrets = report.secrets.of(finding.primary.at.file);
            source.line_hashes(secrets).into_iter().collect()
        });
        if let Some(hash) = of_file.get(&line) {
            set(&mut fingerprints, "primaryLocationLineHash", json!(hash));
        }
    }
    let related = finding.related().enumerate().filter_map(|(i, label)| {
        let mut location = location(report, label)?;
        let text = if label.text.is_empty() {
            "see here"
        } else {
            &label.text
        };
        set(&mut location, "id", json!(i + 1));
        set(&mut location, "message", json!({ "text": sanitize(text) }));
        Some(location)
    });
    let related: Vec<Value> = related.collect();
    // GitHub shows related places that the message links to.
    let links = (1..=related.len()).fold(String::new(), |text, i| {
        text + &format!(" [See here]({i}).")
    });
    let text = format!(
        "{}. {}.{links}",
        sanitize(&finding.full_message()),
        sanitize(&finding.help)
    );
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": index.get(finding.rule.as_ref())?,
        "level": sarif_level(finding.severity),
        "message": { "text": text },
        "locations": [location(report, &finding.primary)?],
        "partialFingerprints": fingerprints,
        "properties": { "severity": finding.severity.name() },
    });
    if !related.is_empty() {
        set(&mut result, "relatedLocations", json!(related));
    }
    if let State::Suppressed { reason, .. } = &finding.state {
        let why = reason.as_deref().map_or("".into(), sanitize);
        set(
            &mut result,
            "suppressions",
            json!([{ "kind": "inSource", "justification": why }]),
        );
    }
    Some(result)
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

fn location(report: &Report, label: &Label) -> Option<Value> {
    let source = report.sources.get(label.at.file)?;
    let (start, end) = source.range(label.at.span);
    // An annotation appears only if all of its lines are in the change: one line.
    let end_column = if end.line == start.line {
        end.column
    } else {
        start.column + 1
    };
    Some(json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(source) },
            "region": {
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": start.line,
                "endColumn": end_column.max(start.column + 1),
            },
        },
    }))
}

/// The path from the root, percent-encoded (RFC 3986).
fn uri(source: &SourceFile) -> String {
    source.path.bytes().fold(String::new(), |uri, b| match b {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            uri + char::from(b).encode_utf8(&mut [0; 4])
        }
        _ => uri + &format!("%{b:02X}"),
    })
}
