//! Comments that speak to kubevet.

use super::scan::BREAKS;
use super::tree::{Comment, Document, Style};
use crate::text::Span;

/// Comments that hold `kubevet:`. They are looked up in the text, since the tree tells what is no comment: the parser would
/// hand over every comment, at the price of memory for each.
pub(super) fn comments(document: &Document<'_>) -> Vec<Comment> {
    let text = document.text;
    let mut found: Vec<Comment> = Vec::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), b"kubevet:") {
        let start = text
            .get(..at)
            .and_then(|t| t.rmatch_indices(BREAKS).next())
            .map_or(0, |(n, line_break)| n + line_break.len());
        let end = text
            .get(at..)
            .and_then(|t| t.find(BREAKS))
            .map_or(text.len(), |n| at + n);
        if found
            .last()
            .is_some_and(|last| last.span.end as usize >= at)
        {
            continue;
        }
        let line = text.get(start..at).unwrap_or_default();
        let begins = |i: &usize| {
            line.get(..*i)
                .is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
        };
        let mut signs = line
            .match_indices('#')
            .map(|(i, _)| i)
            .filter(begins)
            .map(|i| start + i);
        found.extend(
            signs
                .find(|sign| !in_scalar(document, *sign))
                .map(|sign| Comment {
                    span: Span::of(sign..end),
                }),
        );
    }
    found
}

/// Whether a byte belongs to a scalar, and not to the space between nodes or to the header of a block scalar.
fn in_scalar(document: &Document<'_>, at: usize) -> bool {
    let at = Span::of(at..at).start;
    let Some(node) = document.node_before(at) else {
        return false;
    };
    let span = node.span();
    let block = matches!(node.style(), Style::Literal | Style::Folded) && !node.is_alias();
    let header = block
        && !Span::new(span.start, at)
            .text(document.text)
            .contains(['\n', '\r']);
    node.text().is_some() && span.end > at && !header
}
