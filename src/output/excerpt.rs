//! The only way from a writer to source text: a few lines around a label, cut to a width, secrets and harmful characters masked.

use super::sanitize::is_harmful;
use crate::engine::Report;
use crate::finding::Label;
use crate::text::{FileId, SourceFile, Span, SpanSet};

/// Lines shown before and after a label.
const CONTEXT: u32 = 2;

/// Some lines of a file, and where the labels are in their text.
#[derive(Debug)]
pub(super) struct Excerpt {
    /// The file as it is shown.
    pub(super) file: FileId,
    /// 0-based number of the first line.
    pub(super) first_line: u32,
    /// The lines, each with its line feed.
    pub(super) text: String,
    /// The labels' indices and their bytes in `text`.
    pub(super) labels: Vec<(usize, std::ops::Range<usize>)>,
}

/// Excerpts that show the labels: one for those that stand near each other, in the order of their first label.
/// Lines are cut to `width` characters.
pub(super) fn excerpts(report: &Report, labels: &[&Label], width: usize) -> Vec<Excerpt> {
    let mut found: Vec<(FileId, u32, u32, Vec<usize>)> = Vec::new();
    for (index, label) in labels.iter().enumerate() {
        let Some(source) = report.sources.get(label.at.file) else {
            continue;
        };
        let line = source.lines().line_of(label.at.span.start);
        let near = found.iter_mut().find(|(file, first, last, _)| {
            *file == label.at.file && line + 2 * CONTEXT >= *first && line <= *last + 2 * CONTEXT
        });
        match near {
            Some((_, first, last, labels)) => {
                *first = line.min(*first);
                *last = line.max(*last);
                labels.push(index);
            }
            None => found.push((label.at.file, line, line, vec![index])),
        }
    }
    let excerpt = |(file, first, last, indices): (FileId, u32, u32, Vec<usize>)| {
        let source = report.sources.get(file)?;
        let secrets = report.secrets.of(file);
        let spans: Vec<(usize, Span)> = indices
            .iter()
            .filter_map(|i| Some((*i, labels.get(*i)?.at.span)))
            .collect();
        // Behind the last line feed there is no line to show.
        let end = source
            .lines()
            .count()
            .saturating_sub(if source.text.ends_with(['\n', '\r']) {
                2
            } else {
                1
            });
        let lines = first.saturating_sub(CONTEXT)..=(last + CONTEXT).min(end).max(last);
        Some(build(source, file, lines, secrets, &spans, width))
    };
    found.into_iter().filter_map(excerpt).collect()
}

fn build(
    source: &SourceFile,
    file: FileId,
    lines: std::ops::RangeInclusive<u32>,
    secrets: &SpanSet,
    spans: &[(usize, Span)],
    width: usize,
) -> Excerpt {
    let mut excerpt = Excerpt {
        file,
        first_line: *lines.start(),
        text: String::new(),
        labels: Vec::new(),
    };
    for line in lines {
        let whole = source.lines().line_span(line, &source.text);
        let here: Vec<(usize, Span)> = spans
            .iter()
            .copied()
            .filter(|(_, s)| source.lines().line_of(s.start) == line)
            .collect();
        let shown = cut(
            &source.text,
            whole,
            here.first().map(|(_, s)| s.start),
            width,
        );
        if shown.start > whole.start {
            excerpt.text.push('…');
        }
        let base = excerpt.text.len();
        // Masking may change the length of a character, so each label's ends are found on the way.
        let mut ends: Vec<(usize, Option<usize>, Option<usize>)> =
            here.iter().map(|(i, _)| (*i, None, None)).collect();
        for (at, c) in shown.text(&source.text).char_indices() {
            let at = shown.start + Span::of(0..at).end;
            mark(&mut ends, &here, at, excerpt.text.len());
            excerpt.text.push(masked(c, at, secrets));
        }
        mark(&mut ends, &here, shown.end, excerpt.text.len());
        let end_of_line = excerpt.text.len();
        defuse(&mut excerpt.text, base);
        for (index, start, end) in ends {
            let start = start.unwrap_or(base);
            excerpt
                .labels
                .push((index, start..end.unwrap_or(end_of_line).max(start)));
        }
        if shown.end < whole.end {
            excerpt.text.push('…');
        }
        excerpt.text.push('\n');
    }
    excerpt
}

/// Breaks `##[` and `##vso[`, which CI runners obey anywhere in a line, without moving a byte.
fn defuse(text: &mut String, from: usize) {
    let line = text.get(from..).unwrap_or_default();
    if line.contains("##[") || line.contains("##vso[") {
        let broken = line.replace("##[", "##(").replace("##vso[", "##vso(");
        text.truncate(from);
        text.push_str(&broken);
    }
}

fn mark(
    ends: &mut [(usize, Option<usize>, Option<usize>)],
    here: &[(usize, Span)],
    at: u32,
    out: usize,
) {
    for ((_, start, end), (_, span)) in ends.iter_mut().zip(here) {
        if at >= span.start && start.is_none() {
            *start = Some(out);
        }
        if at >= span.end && end.is_none() {
            *end = Some(out);
        }
    }
}

/// The part of a long line that is shown: around the label, or its beginning.
fn cut(text: &str, line: Span, label: Option<u32>, width: usize) -> Span {
    if line.len() as usize <= width {
        return line;
    }
    let boundary = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    // A label near the start needs no cut there.
    let near = label.is_none_or(|at| ((at - line.start) as usize) < width / 2);
    let from = if near {
        line.start
    } else {
        label.map_or(line.start, |at| {
            at.saturating_sub(Span::of(0..width / 4).end)
        })
    };
    let start = boundary(from as usize);
    let end = boundary((start + width).min(line.end as usize));
    Span::of(start..end)
}

fn masked(c: char, at: u32, secrets: &SpanSet) -> char {
    if secrets.holds(Span::empty(at)) && !c.is_whitespace() {
        '*'
    } else if c == '\t' {
        '\t'
    } else if is_harmful(c) {
        '\u{FFFD}'
    } else {
        c
    }
}
