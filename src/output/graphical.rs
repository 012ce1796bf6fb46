//! miette's picture of each finding, for people at a terminal.

use super::excerpt::{Excerpt, excerpts};
use super::sanitize::sanitize_path;
use super::{RenderOptions, sanitize};
use crate::engine::{Report, ResolvedFinding};
use crate::finding::{Label, State};
use crate::model::Severity;
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};
use std::fmt;
use std::io;

/// Labels of one finding that are drawn; miette's time grows with their square.
const LABELS: usize = 5;
/// Columns that line numbers and the frame take.
const MARGIN: usize = 12;

pub(super) fn write(
    report: &Report,
    look: RenderOptions,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let theme = if look.color {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(look.width)
        .with_links(false)
        .with_context_lines(2)
        .with_word_separator(textwrap::WordSeparator::AsciiSpace)
        // A flag or a name in two halves can neither be searched for nor copied.
        .with_word_splitter(textwrap::WordSplitter::NoHyphenation);
    let mut text = String::new();
    for finding in report.findings.iter().filter(|f| f.state == State::Open) {
        let picture = Picture::new(report, finding, look.width);
        text.clear();
        handler
            .render_report(&mut text, &picture)
            .map_err(io::Error::other)?;
        out.write_all(text.trim_start_matches('\n').as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// One finding as miette sees it. Its source is a few lines put together; offsets count in those.
#[derive(Debug)]
struct Picture {
    code: String,
    message: String,
    help: String,
    severity: miette::Severity,
    labels: Vec<LabeledSpan>,
    source: Lines,
}

#[derive(Debug)]
struct Lines {
    /// The excerpts, the file's name, and where each begins in the offsets that miette sees.
    windows: Vec<(usize, String, Excerpt)>,
    /// 0-based column of the finding itself.
    column: usize,
    primary: usize,
}

impl Picture {
    fn new(report: &Report, finding: &ResolvedFinding, width: usize) -> Self {
        let labels: Vec<&Label> = [&finding.primary]
            .into_iter()
            .chain(finding.related())
            .take(LABELS)
            .collect();
        let mut windows = Vec::new();
        let mut spans = Vec::new();
        let (mut start, mut primary) = (0, 0);
        for excerpt in excerpts(report, &labels, width.saturating_sub(MARGIN)) {
            let name = report
                .sources
                .get(excerpt.file)
                .map(|s| sanitize_path(&s.display_path).into_owned())
                .unwrap_or_default();
            for (index, range) in &excerpt.labels {
                let (offset, len) = (start + range.start, range.len());
                let text = labels
                    .get(*index)
                    .map(|l| sanitize(&l.text).into_owned())
                    .filter(|t| !t.is_empty());
                if *index == 0 {
                    primary = offset;
                    spans.push(LabeledSpan::new_primary_with_span(text, (offset, len)));
                } else {
                    spans.push(LabeledSpan::new_with_span(text, (offset, len)));
                }
            }
            let len = excerpt.text.len();
            windows.push((start, name, excerpt));
            start += len;
        }
        let column = report.sources.get(finding.primary.at.file).map_or(0, |s| {
            s.range(finding.primary.at.span).0.column as usize - 1
        });
        Self {
            code: format!("{} ({})", finding.rule, finding.severity.name()),
            message: sanitize(&finding.full_message()).into_owned(),
            help: sanitize(&finding.help).into_owned(),
            severity: match finding.severity {
                Severity::Critical | Severity::High => miette::Severity::Error,
                Severity::Medium => miette::Severity::Warning,
                Severity::Low | Severity::Info => miette::Severity::Advice,
            },
            labels: spans,
            source: Lines {
                windows,
                column,
                primary,
            },
        }
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Picture {}

impl Diagnostic for Picture {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

impl SourceCode for Lines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let holds = |(start, _, excerpt): &&(usize, String, Excerpt)| {
            span.offset() >= *start && span.offset() + span.len() <= start + excerpt.text.len()
        };
        let (start, name, excerpt) = self
            .windows
            .iter()
            .find(holds)
            .ok_or(MietteError::OutOfBounds)?;
        let local = SourceSpan::new((span.offset() - start).into(), span.len());
        let contents = excerpt.text.read_span(&local, before, after)?;
        let offset = start + contents.span().offset();
        // The line may be cut, and miette counts bytes: the true column is known.
        let column = if span.offset() == self.primary {
            self.column
        } else {
            contents.column()
        };
        let line = excerpt.first_line as usize + contents.line();
        let data = excerpt
            .text
            .as_bytes()
            .get(contents.span().offset()..contents.span().offset() + contents.span().len())
            .unwrap_or_default();
        let display_path = SourceSpan::new(offset.into(), contents.span().len());
        Ok(Box::new(MietteSpanContents::new_named(
            name.clone(),
            data,
            display_path,
            line,
            column,
            contents.line_count(),
        )))
    }
}
