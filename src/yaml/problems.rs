//! What is wrong with a document that could be read, or where reading stopped.

use super::parse::ReaderProblem;
use super::scan::{BREAKS, ScanError};
use super::tree::{Document, Node, NodeKind, Style};
use crate::ids;
use crate::text::{NO_UTF8, Span, one_line};
use std::borrow::Cow;
use std::collections::HashMap;

/// The first character that kubectl rejects anywhere, comments included.
pub(super) fn control_character(text: &str) -> Option<ReaderProblem> {
    let bytes = text.as_bytes();
    let at = bytes
        .iter()
        .position(|b| (*b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || *b == 0x7F);
    let c1 = if text.is_ascii() {
        None
    } else {
        text.find(|c: char| matches!(c, '\u{80}'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}'))
    };
    let at = at.into_iter().chain(c1).min()?;
    let c = text.get(at..)?.chars().next()?;
    Some(ReaderProblem {
        rule: ids::yaml::CONTROL_CHARACTER,
        span: Span::of(at..at + c.len_utf8()),
        message: if c == NO_UTF8 {
            "these bytes are not UTF-8, so kubectl rejects the document".to_owned()
        } else {
            format!(
                "the document contains control character U+{:04X}, so kubectl rejects it",
                u32::from(c)
            )
        },
        help: None,
        related: None,
    })
}

/// An invisible character, or one that reverses the text direction, in a value that is compared or run as it is. Joiners are left out:
/// scripts and emoji need them.
pub(super) fn invisible_character(node: Node<'_>) -> Option<ReaderProblem> {
    const EXACT: [&str; 8] = [
        "apiVersion",
        "args",
        "command",
        "image",
        "key",
        "kind",
        "name",
        "namespace",
    ];
    let text = node.document().text;
    let written = node.span().text(text);
    if node.kind() != NodeKind::Str || node.is_alias() || written.is_ascii() {
        return None;
    }
    let at = written.find(|c| matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'))?;
    let item = node.parent().filter(|p| p.kind() == NodeKind::Seq);
    let key = node.key_node().or_else(|| item?.key_node())?;
    if !EXACT.contains(&key.text()?) {
        return None;
    }
    let at = node.span().start as usize + at;
    let c = text.get(at..)?.chars().next()?;
    Some(ReaderProblem {
        rule: ids::yaml::INVISIBLE_CHARACTER,
        span: Span::of(at..at + c.len_utf8()),
        message: format!(
            "this value contains invisible character U+{:04X}, so it differs from the text that is displayed",
            u32::from(c)
        ),
        help: Some("Delete the invisible character.".to_owned()),
        related: None,
    })
}

/// A decimal integer that no 64 bits hold, so that it was read as a float, and is another number as one. Limits such as 2^63 are not.
fn is_too_long(node: Node<'_>) -> bool {
    let digits = node
        .text()
        .unwrap_or_default()
        .trim_start_matches(['+', '-']);
    // 08 is a float, too.
    node.kind() == NodeKind::Float
        && digits.trim_start_matches('0').len() >= 19
        && digits.bytes().all(|b| b.is_ascii_digit())
        && digits.parse().map_or(true, |n: u128| !is_double(n))
}

/// Whether a double holds an integer as it is: its digits lie within 53 bits.
fn is_double(n: u128) -> bool {
    n == 0 || u128::BITS - n.leading_zeros() - n.trailing_zeros() <= f64::MANTISSA_DIGITS
}

/// The first line of a document that cannot be read because of it.
pub(super) fn directive(text: &str) -> ReaderProblem {
    let line = text.split(BREAKS).next().unwrap_or_default();
    ReaderProblem {
        rule: ids::yaml::DIRECTIVE,
        span: Span::of(0..line.len()),
        message: "this document begins with a directive, so kubectl rejects it".to_owned(),
        help: None,
        related: None,
    }
}

pub(super) fn syntax(stop: &ScanError, text: &str) -> ReaderProblem {
    let at = stop.reported_at.min(text.len());
    let rest = text.get(at..).unwrap_or_default();
    let width = rest
        .chars()
        .next()
        .filter(|c| !BREAKS.contains(c))
        .map_or(0, char::len_utf8);
    // At the end of a line there is nothing to point at: point at what stands before.
    let span = if width == 0 {
        let before = text.get(..at).unwrap_or_default().trim_end();
        let last = before.chars().next_back().map_or(0, char::len_utf8);
        Span::of(before.len() - last..before.len())
    } else {
        Span::of(at..at + width)
    };
    ReaderProblem {
        rule: ids::yaml::SYNTAX,
        span,
        message: stop.message.to_string(),
        help: Some(stop.help.to_owned()),
        related: None,
    }
}

/// Repeated, unusable and merged keys; values that JSON has not.
pub(super) fn check_maps(document: &Document<'_>, problems: &mut Vec<ReaderProblem>) {
    let mut merging = Vec::new();
    let mut templates = Vec::new();
    let mut keys: Vec<(Cow<'_, str>, Node<'_>)> = Vec::new();
    for node in document.nodes() {
        if node.is_alias() {
            continue;
        }
        match node.kind() {
            NodeKind::NotJson
                if node.key_node().is_some()
                    || node.parent().is_some_and(|p| p.kind() == NodeKind::Seq) =>
            {
                problems.push(ReaderProblem {
                    rule: ids::yaml::NOT_JSON,
                    span: node.span(),
                    message: "JSON has no such number, so kubectl rejects the document".to_owned(),
                    help: Some("Quote the value, or write a finite number.".to_owned()),
                    related: None,
                });
            }
            NodeKind::Float if is_too_long(node) => problems.push(ReaderProblem {
                rule: ids::yaml::NOT_JSON,
                span: node.span(),
                message: format!(
                    "this number has more than 64 bits, so it arrives as {}",
                    node.to_json()
                ),
                help: Some("Quote the value if it is a string.".to_owned()),
                related: None,
            }),
            NodeKind::Map => {
                keys.clear();
                for (key, value) in node.pairs() {
                    if key.is_merge() {
                        merging.push(node);
                        problems.extend(check_merge(value));
                    } else if let Some(text) = key.key() {
                        keys.push((text, key));
                    } else if is_template(key) {
                        templates.push(key);
                    } else {
                        problems.push(invalid_key(key));
                    }
                }
                repeated(&mut keys, problems);
            }
            _ => {}
        }
    }
    drop(keys);
    problems.extend(unquoted_templates(&templates));
    merging.dedup();
    problems.extend(merging.into_iter().flat_map(merge_order));
}

fn repeated(keys: &mut [(Cow<'_, str>, Node<'_>)], problems: &mut Vec<ReaderProblem>) {
    let mut report = |first: &Node<'_>, again: &(Cow<'_, str>, Node<'_>)| {
        let shown = one_line(again.0.chars().take(80).collect());
        problems.push(ReaderProblem {
            rule: ids::yaml::DUPLICATE_KEY,
            span: again.1.span(),
            message: format!(
                "key `{shown}` is set twice, so kubectl keeps this value and drops the earlier one"
            ),
            help: None,
            related: Some((first.span(), "first set here")),
        });
    };
    // Most maps have a handful of keys: comparing is cheaper than sorting them.
    if keys.len() <= 8 {
        for (i, pair) in keys.iter().enumerate() {
            if let Some((_, first)) = keys.iter().take(i).find(|(k, _)| *k == pair.0) {
                report(first, pair);
            }
        }
        return;
    }
    keys.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.id().cmp(&b.1.id())));
    for group in keys.chunk_by(|a, b| a.0 == b.0) {
        if let [(_, first), rest @ ..] = group {
            rest.iter().for_each(|again| report(first, again));
        }
    }
}

fn check_merge(value: Node<'_>) -> Option<ReaderProblem> {
    let good = match value.kind() {
        NodeKind::Map => true,
        NodeKind::Seq => value.items().all(|item| item.kind() == NodeKind::Map),
        _ => false,
    };
    (!good).then(|| ReaderProblem {
        rule: ids::yaml::SYNTAX,
        span: value.span(),
        message: "a merge key `<<` requires a map or a list of maps".to_owned(),
        help: None,
        related: None,
    })
}

/// `{{ x }}` without quotes: a map as the key of a map.
fn is_template(key: Node<'_>) -> bool {
    key.kind() == NodeKind::Map && key.style() == Style::Flow
}

/// One problem for all templates of a document, because they have one cause.
fn unquoted_templates(keys: &[Node<'_>]) -> Option<ReaderProblem> {
    let [first, more @ ..] = keys else {
        return None;
    };
    let more = if more.is_empty() {
        String::new()
    } else {
        format!(" ({} more in this document)", more.len())
    };
    Some(ReaderProblem {
        rule: ids::yaml::INVALID_KEY,
        span: first.span(),
        message: format!(
            "YAML reads an unquoted template as a map in a map, so kubectl rejects it{more}"
        ),
        help: Some("Quote the template, or render it first.".to_owned()),
        related: None,
    })
}

fn invalid_key(key: Node<'_>) -> ReaderProblem {
    let (message, help) = match key.kind() {
        NodeKind::Map | NodeKind::Seq => (
            "a map or a list cannot be a key in JSON, so kubectl rejects the document",
            "Use a string as the key.",
        ),
        NodeKind::Null => (
            "null cannot be a key in JSON, so kubectl rejects the document",
            "Quote the key, or give it a name.",
        ),
        _ => (
            "kubectl cannot convert this number to a key, so it rejects the document",
            "Quote the key, so that it is a string.",
        ),
    };
    ReaderProblem {
        rule: ids::yaml::INVALID_KEY,
        span: key.span(),
        message: message.to_owned(),
        help: Some(help.to_owned()),
        related: None,
    }
}

/// Whether two values are one and the same, so that it does not matter which wins. Maps and lists are not compared: they may be large.
fn is_same_scalar(a: Node<'_>, b: Node<'_>) -> bool {
    a.kind() == b.kind() && a.text().is_some() && a.text() == b.text()
}

/// Keys before a merge key that overrides them.
fn merge_order(map: Node<'_>) -> Vec<ReaderProblem> {
    let mut seen: HashMap<Cow<'_, str>, (Node<'_>, Node<'_>)> = HashMap::new();
    let mut overridden: HashMap<Cow<'_, str>, (Node<'_>, Node<'_>)> = HashMap::new();
    for (key, value) in map.pairs() {
        if !key.is_merge() {
            if let Some(name) = key.key() {
                // Written again after the merge key, it overrides the merged value.
                overridden.remove(&name);
                seen.insert(name, (key, value));
            }
            continue;
        }
        let maps: Vec<_> = if value.kind() == NodeKind::Seq {
            value.items().collect()
        } else {
            vec![value]
        };
        for (merged, theirs) in maps.into_iter().flat_map(Node::entries) {
            let own = merged.key().and_then(|k| seen.remove_entry(&k));
            if let Some((name, (own, ours))) = own
                && !is_same_scalar(ours, theirs)
            {
                overridden.insert(name, (own, key));
            }
        }
    }
    let mut overridden: Vec<_> = overridden.into_values().collect();
    overridden.sort_by_key(|(own, _)| own.id());
    let problem = |(own, merge): (Node<'_>, Node<'_>)| {
        ReaderProblem {
        rule: ids::yaml::MERGE_ORDER,
        span: own.span(),
        message:
            "the merge key below overrides this key, because kubectl applies both in the order of the file"
                .to_owned(),
        help: Some("Move `<<` before this key.".to_owned()),
        related: Some((merge.span(), "merged here")),
    }
    };
    overridden.into_iter().map(problem).collect()
}
