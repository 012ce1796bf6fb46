//! Suppression by comment and by annotation.

use super::{Registry, RuleSet};
use crate::check::Findings;
use crate::finding::{Finding, Label, State};
use crate::ids;
use crate::kube::Object;
use crate::model::{Policy, Text};
use crate::text::{FileId, FileSpan, Span};
use crate::yaml::{Document, Node, NodeKind};

/// One id that a comment or annotation suppresses.
#[derive(Clone, Debug)]
pub(crate) struct Suppression {
    /// The rule as it is written; empty where the comment names none.
    id: String,
    /// The rule, if there is one of that id: as it is called today.
    rule: Option<Text>,
    /// Whether that rule needs to see several documents together.
    of_sets: bool,
    /// Why.
    reason: Option<String>,
    /// Where the findings begin that it suppresses.
    covers: FileSpan,
    /// The comment.
    by: Label,
    /// Whether its own document had a finding that it suppresses.
    used: bool,
}

/// The suppressions of a document.
pub(super) fn ignores(
    document: &Document<'_>,
    objects: &[Object<'_>],
    registry: &Registry,
) -> Vec<Suppression> {
    let mut reader = Reader {
        document,
        registry,
        found: Vec::new(),
    };
    for comment in document.comments() {
        let Some((_, directive)) = comment.span.text(document.text).split_once("kubevet:") else {
            continue;
        };
        let covers = covered(document, comment.span);
        reader.add(directive.trim(), comment.span, covers);
    }
    for object in objects {
        let annotation = object
            .metadata("annotations")
            .and_then(|a| a.get("kubevet/ignore"));
        let Some((node, text)) = annotation.and_then(|n| Some((n, n.as_str()?))) else {
            continue;
        };
        for line in text
            .split(['\n', ';'])
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let (id, reason) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let directive = format!("ignore[{id}] {reason}");
            reader.add(&directive, node.span(), object.node.span());
        }
    }
    reader.found
}

/// Collects the suppressions of a document.
struct Reader<'a> {
    document: &'a Document<'a>,
    registry: &'a Registry,
    found: Vec<Suppression>,
}

impl Reader<'_> {
    /// `ignore[id, id] reason`
    fn add(&mut self, directive: &str, at: Span, covers: Span) {
        let Some(rest) = directive.strip_prefix("ignore") else {
            return;
        };
        let (ids, reason) = rest
            .trim_start()
            .strip_prefix('[')
            .and_then(|r| r.split_once(']'))
            .unwrap_or(("", ""));
        let by = Label::new(self.document.locate(at), "");
        let reason = Some(reason.trim())
            .filter(|r| !r.is_empty())
            .map(str::to_owned);
        let covers = self.document.locate(covers).primary;
        for id in ids.split(',').map(str::trim) {
            let policy = self.registry.policy(id);
            self.found.push(Suppression {
                id: id.to_owned(),
                rule: policy.map(|p| p.id.clone()),
                of_sets: policy.is_some_and(|p| p.applies.iter().any(|a| a == "Set")),
                reason: reason.clone(),
                covers,
                by: by.clone(),
                used: false,
            });
        }
    }
}

/// What a comment covers: after content, what begins on its line; on a line of its own, the field, list item or document that
/// begins next.
fn covered(document: &Document<'_>, comment: Span) -> Span {
    let before = document
        .text
        .get(..comment.start as usize)
        .unwrap_or_default();
    let line = before.rfind(['\n', '\r']).map_or(0, |n| n + 1);
    if before.get(line..).is_some_and(|b| !b.trim().is_empty()) {
        return Span::of(line..before.len());
    }
    let Some(node) = document.node_from(comment.end) else {
        return Span::empty(comment.end);
    };
    let holder = node.parent().map(Node::kind);
    match (node.kind(), holder) {
        // Before the first key: the document.
        (_, None) => Span::new(node.span().start, Span::of(0..document.text.len()).end),
        // The value of a key begins here: its first field or item.
        (NodeKind::Map, Some(NodeKind::Map)) => node
            .pairs()
            .next()
            .map_or(node.span(), |(key, value)| field(key, value)),
        (NodeKind::Seq, Some(NodeKind::Map)) => node.items().next().map_or(node.span(), Node::span),
        // A key.
        (_, Some(NodeKind::Map)) => {
            let pair = node
                .parent()
                .and_then(|map| map.pairs().find(|(key, _)| *key == node));
            pair.map_or(node.span(), |(key, value)| field(key, value))
        }
        _ => node.span(),
    }
}

fn field(key: Node<'_>, value: Node<'_>) -> Span {
    Span::new(key.span().start, value.span().end.max(key.span().end))
}

/// Marks the findings that suppressions cover; for each suppression, whether it covers one.
fn mark<'s>(findings: &mut [Finding], ignores: impl Iterator<Item = &'s Suppression>) -> Vec<bool> {
    let mut order: Vec<(Text, FileId, u32, usize)> = findings
        .iter()
        .enumerate()
        .map(|(i, f)| {
            let FileSpan { file, span } = f.primary.at;
            (f.rule.clone(), file, span.start, i)
        })
        .collect();
    order.sort_unstable();
    let used = |ignore: &Suppression| {
        let Some(ignored) = &ignore.rule else {
            return false;
        };
        let FileSpan { file, span } = ignore.covers;
        let from = order.partition_point(|(rule, of, start, _)| {
            (rule, *of, *start) < (ignored, file, span.start)
        });
        let end = span.end.max(span.start + 1);
        let covered = order
            .iter()
            .skip(from)
            .take_while(|(rule, of, start, _)| rule == ignored && *of == file && *start < end);
        let mut any = false;
        for (.., i) in covered {
            any = true;
            if let Some(finding) = findings.get_mut(*i).filter(|f| f.state == State::Open) {
                finding.state = State::Suppressed {
                    by: ignore.by.clone(),
                    reason: ignore.reason.clone(),
                };
            }
        }
        any
    };
    ignores.map(used).collect()
}

/// Applies the suppressions of one chunk and reports unused ones; returns those that wait for the set rules.
pub(super) fn apply(
    found: &mut Findings,
    ignores: Vec<Suppression>,
    rules: &RuleSet<'_>,
) -> Vec<Suppression> {
    let used = mark(&mut found.list, ignores.iter());
    let over = found.over();
    let mut waiting = Vec::new();
    for (ignore, used) in ignores.into_iter().zip(used) {
        match &ignore.rule {
            None => add_about(found, rules, ids::kubevet::UNKNOWN_IGNORE, |policy| {
                unknown(policy, &ignore, rules.registry)
            }),
            Some(_) if ignore.of_sets => {
                waiting.push(Suppression { used, ..ignore });
            }
            // If a rule did not run, or has too many findings to keep, its suppression can be used.
            Some(rule)
                if used
                    || rules.get(rule).is_none()
                    || over.iter().any(|(full, _)| full == rule) => {}
            Some(_) => add_about(found, rules, ids::kubevet::UNUSED_IGNORE, |policy| {
                unused(policy, &ignore)
            }),
        }
    }
    waiting
}

/// The same for the findings of set rules. A suppression proves to be unused only where every file was seen.
pub(super) fn apply_to_sets<'s>(
    findings: &mut Vec<Finding>,
    ignores: impl Iterator<Item = &'s Suppression> + Clone,
    rules: &RuleSet<'_>,
    complete: bool,
) {
    let used = mark(findings, ignores.clone());
    for (ignore, used) in ignores.zip(used) {
        let ran = ignore.rule.as_ref().is_some_and(|r| rules.get(r).is_some());
        let policy = rules
            .get(ids::kubevet::UNUSED_IGNORE)
            .filter(|_| complete && ran && !used && !ignore.used);
        findings.extend(policy.map(|p| unused(p, ignore)));
    }
}

fn add_about(
    found: &mut Findings,
    rules: &RuleSet<'_>,
    rule: &str,
    finding: impl FnOnce(&Policy) -> Finding,
) {
    if let Some(policy) = rules.get(rule)
        && found.room(&policy.id)
    {
        found.list.push(finding(policy));
    }
}

fn unused(policy: &Policy, ignore: &Suppression) -> Finding {
    let message = format!("unused suppression: `{}` reports nothing here", ignore.id);
    about(policy, ignore, message, policy.remediation.clone())
}

fn unknown(policy: &Policy, ignore: &Suppression, registry: &Registry) -> Finding {
    if ignore.id.is_empty() {
        return about(
            policy,
            ignore,
            "this suppression names no rule, so it has no effect".to_owned(),
            "Write `# kubevet: ignore[category/rule] reason`.".into(),
        );
    }
    let help = registry.nearest(&ignore.id).map_or_else(
        || policy.remediation.clone(),
        |near| format!("Did you mean `{near}`?").into(),
    );
    let shown: String = ignore.id.chars().take(80).collect();
    about(
        policy,
        ignore,
        format!("rule `{shown}` does not exist, so this suppression has no effect"),
        help,
    )
}

fn about(policy: &Policy, ignore: &Suppression, message: String, help: Text) -> Finding {
    Finding {
        help,
        ..Finding::new(policy, ignore.by.at, message, &ignore.id)
    }
}
