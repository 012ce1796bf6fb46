//! The parser crate behind our own small event: the only file that names it.

use super::tree::Style;
use crate::text::Span;
use granit_parser::{
    ErrorKind, Event as Raw, Options, Parser, ScalarStyle, ScanError, StrInput, StructureStyle,
};
use std::borrow::Cow;

/// What kubectl's decoder makes of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// No tag: a plain scalar is resolved by its text.
    None,
    /// `!!str` and the like, by its suffix.
    Core(&'static str),
    /// A tag of somebody's own: a scalar is a string.
    Local,
    /// `!`: a scalar is a string, but a `<<` still merges.
    NonSpecific,
}

/// One event of the reader.
#[derive(Debug)]
pub(super) enum Event<'t> {
    Scalar {
        value: Cow<'t, str>,
        style: Style,
        tag: Tag,
        anchor: usize,
    },
    Start {
        map: bool,
        flow: bool,
        anchor: usize,
    },
    End,
    Alias(usize),
    DocumentStart,
    DocumentEnd,
    StreamEnd,
}

/// Why the reader stopped.
#[derive(Debug)]
pub(super) struct Stop {
    /// Byte offset in the chunk.
    pub(super) at: u32,
    pub(super) reason: Reason,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Nested deeper than the limit.
    TooDeep,
    /// A tab where indentation is expected; allowed by kubectl inside a flow collection.
    Tab,
    /// Not YAML: what is wrong, and what to write instead.
    Syntax(String, &'static str),
}

/// A source of events; `None` behind the end.
pub(super) trait Events<'t> {
    fn next(&mut self) -> Option<Result<(Event<'t>, Span), Stop>>;
}

/// granit-parser as a source of events.
pub(super) struct Granit<'t>(Parser<'t, StrInput<'t>>);

impl<'t> Granit<'t> {
    /// Reads one chunk.
    pub(super) fn new(text: &'t str, json: bool, depth: usize) -> Self {
        let mut options = Options::default();
        options.flow_nesting_limit = depth;
        options.block_nesting_limit = depth;
        if json {
            // JSON has no limit to the length of keys; everything up to this one is held while it may be one.
            options.simple_key_max_lookahead = 1 << 14;
        }
        Self(Parser::new_from_str_with_options(text, options))
    }
}

impl<'t> Events<'t> for Granit<'t> {
    fn next(&mut self) -> Option<Result<(Event<'t>, Span), Stop>> {
        loop {
            let (raw, span) = match self.0.next_event()? {
                Ok(next) => next,
                Err(e) => return Some(Err(stop(&e))),
            };
            let span = Span::of(span.byte_range().unwrap_or_default());
            let event = match raw {
                Raw::Scalar(value, style, anchor, t) => Event::Scalar {
                    value,
                    style: style_of(style),
                    tag: tag(t.as_deref()),
                    anchor,
                },
                Raw::SequenceStart(style, anchor, _) => Event::Start {
                    map: false,
                    flow: style == StructureStyle::Flow,
                    anchor,
                },
                Raw::MappingStart(style, anchor, _) => Event::Start {
                    map: true,
                    flow: style == StructureStyle::Flow,
                    anchor,
                },
                Raw::SequenceEnd | Raw::MappingEnd => Event::End,
                Raw::Alias(anchor) => Event::Alias(anchor),
                Raw::DocumentStart(..) => Event::DocumentStart,
                Raw::DocumentEnd => Event::DocumentEnd,
                Raw::StreamEnd => Event::StreamEnd,
                _ => continue,
            };
            return Some(Ok((event, span)));
        }
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

fn tag(tag: Option<&granit_parser::Tag>) -> Tag {
    const CORE: [&str; 8] = [
        "str",
        "int",
        "float",
        "bool",
        "null",
        "binary",
        "timestamp",
        "merge",
    ];
    let Some(tag) = tag else { return Tag::None };
    let core = tag.handle() == "tag:yaml.org,2002:";
    let known = CORE.into_iter().find(|c| core && *c == tag.suffix());
    let bare = tag.handle().is_empty() && tag.suffix() == "!";
    let other = if bare { Tag::NonSpecific } else { Tag::Local };
    known.map_or(other, Tag::Core)
}

fn stop(e: &ScanError) -> Stop {
    let at = crate::text::Span::of(0..e.marker().byte_offset().unwrap_or_default()).end;
    let syntax = |what: &str, instead: &'static str| Reason::Syntax(what.to_owned(), instead);
    let reason = match e.kind() {
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabInIndentation => Reason::Tab,
        ErrorKind::UnclosedQuotedScalar => syntax(
            "this quote is never closed",
            "close it, or double a quote inside single quotes",
        ),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => syntax(
            "a `key: value` cannot begin here",
            "check the indentation of this line against the one above, or quote a value that holds `: `",
        ),
        ErrorKind::UnknownAnchor => syntax(
            "this alias names an anchor that the document does not define before it",
            "define the anchor earlier in the same document: anchors do not reach across `---`",
        ),
        ErrorKind::UnexpectedCharacter { character } => Reason::Syntax(
            format!("`{}` cannot begin a value", character.escape_debug()),
            "quote the value",
        ),
        ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator => syntax(
            "a bracket is not closed, or a comma is missing",
            "close it, or quote the text that holds it",
        ),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation
        | ErrorKind::SimpleKeyExpected => syntax(
            "this line does not fit the lines above it: a `key:` of their indentation is expected",
            "indent it like its neighbours",
        ),
        ErrorKind::RecursionLimitExceeded => Reason::TooDeep,
        // The crate's own words, without the place that the span already tells.
        _ => {
            let text = e.to_string();
            Reason::Syntax(
                text.split(" at char ").next().unwrap_or(&text).to_owned(),
                "correct the YAML",
            )
        }
    };
    Stop { at, reason }
}
