//! Tokens → events, by the grammar of kubectl's reader (see `scan.rs`). Nothing here recurses: what is open is on a stack.

use super::scan::{BREAKS, ScanError, Scanner, Token, TokenKind};
use super::tree::Style;
use crate::text::Span;
use std::borrow::Cow;
use std::collections::HashMap;

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

/// One event of a reader.
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
    DocumentEnd,
    /// There is no document.
    StreamEnd,
}

/// A source of the events of one document.
pub(super) trait Events<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), ScanError>;
}

/// What is expected next.
#[derive(Clone, Copy)]
enum State {
    DocumentStart,
    DocumentEnd,
    BlockEntry,
    /// An item of a list that stands at the indentation of its key.
    IndentlessEntry,
    BlockKey,
    BlockValue,
    FlowEntry {
        first: bool,
    },
    /// `[key: value]`, a map of one pair.
    PairKey,
    PairValue,
    PairEnd,
    FlowKey {
        first: bool,
    },
    FlowValue,
    /// The value of a key without a colon.
    FlowEmptyValue,
}

/// kubectl's reader as a source of events.
pub(super) struct Parser<'t> {
    scanner: Scanner<'t>,
    state: State,
    /// What comes behind the nodes that are open.
    states: Vec<State>,
    /// Prefixes that `%TAG` gives to handles.
    prefixes: HashMap<&'t str, String>,
    /// Numbers of the anchors by name; a name that is given again gets another.
    anchors: HashMap<&'t str, usize>,
    last_anchor: usize,
    /// Where the brackets stand that are open.
    brackets: Vec<usize>,
    text: &'t str,
    /// One past the last token that was taken.
    behind: usize,
}

/// Anchor and tag of a node.
struct Properties {
    anchor: usize,
    tag: Tag,
    found: bool,
}

impl<'t> Parser<'t> {
    /// Reads one chunk.
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            scanner: Scanner::new(text),
            state: State::DocumentStart,
            states: Vec::new(),
            prefixes: HashMap::new(),
            anchors: HashMap::new(),
            last_anchor: 0,
            brackets: Vec::new(),
            text,
            behind: 0,
        }
    }

    /// Whether the next token is what the pattern says.
    fn next_is(&mut self, wanted: impl FnOnce(&TokenKind<'t>) -> bool) -> Result<bool, ScanError> {
        Ok(wanted(&self.scanner.peek()?.kind))
    }

    fn take(&mut self) -> Option<Token<'t>> {
        let token = self.scanner.take()?;
        self.behind = token.end;
        Some(token)
    }

    /// Takes the next token, if it is what the pattern says.
    fn take_if(
        &mut self,
        wanted: impl FnOnce(&TokenKind<'t>) -> bool,
    ) -> Result<Option<Token<'t>>, ScanError> {
        Ok(if self.next_is(wanted)? {
            self.take()
        } else {
            None
        })
    }

    fn start_of_next(&mut self) -> Result<usize, ScanError> {
        Ok(self.scanner.peek()?.start)
    }

    fn pop(&mut self) {
        self.state = self.states.pop().unwrap_or(State::DocumentEnd);
    }

    /// A value that was left out.
    fn empty(at: usize) -> (Event<'t>, Span) {
        Self::empty_with(0, Tag::None, at)
    }

    fn empty_with(anchor: usize, tag: Tag, at: usize) -> (Event<'t>, Span) {
        let event = Event::Scalar {
            value: Cow::Borrowed(""),
            style: Style::Plain,
            tag,
            anchor,
        };
        (event, Span::of(at..at))
    }

    /// A value that is left out behind the last token, while the state goes on.
    fn left_out(&mut self, next: State) -> (Event<'t>, Span) {
        self.state = next;
        Self::empty(self.behind)
    }

    /// A node, with what is expected behind it.
    fn node_before(
        &mut self,
        next: State,
        block: bool,
        indentless: bool,
    ) -> Result<(Event<'t>, Span), ScanError> {
        self.states.push(next);
        self.node(block, indentless)
    }

    /// The end of a collection whose last token was taken.
    fn end(&mut self, span: Span) -> (Event<'t>, Span) {
        self.pop();
        (Event::End, span)
    }

    fn document_start(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        let directives = self.directives()?;
        if self
            .take_if(|t| matches!(t, TokenKind::DocumentStart))?
            .is_some()
        {
            self.states.push(State::DocumentEnd);
            return self.document_content();
        }
        if directives {
            return Err(ScanError::new(
                self.start_of_next()?,
                "`---` is missing after a directive",
                "Delete the line that begins with `%`.",
            ));
        }
        if self.next_is(|t| matches!(t, TokenKind::StreamEnd))? {
            return Ok((Event::StreamEnd, Span::of(self.behind..self.behind)));
        }
        self.node_before(State::DocumentEnd, true, false)
    }

    /// Whether there are any.
    fn directives(&mut self) -> Result<bool, ScanError> {
        let mut version = false;
        let mut found = false;
        while let Some(token) =
            self.take_if(|t| matches!(t, TokenKind::Version(..) | TokenKind::TagPrefix(..)))?
        {
            found = true;
            let refused = match token.kind {
                TokenKind::Version(major, minor) => {
                    (major, minor) != (1, 1) || std::mem::replace(&mut version, true)
                }
                TokenKind::TagPrefix(handle, prefix) => {
                    self.prefixes.insert(handle, prefix).is_some()
                }
                _ => false,
            };
            if refused {
                return Err(ScanError::new(
                    token.start,
                    "kubectl rejects this directive, because it accepts only YAML 1.1 and each directive once",
                    "Delete the line of the directive.",
                ));
            }
        }
        Ok(found)
    }

    fn document_content(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        let none = self.next_is(|t| {
            matches!(
                t,
                TokenKind::Version(..)
                    | TokenKind::TagPrefix(..)
                    | TokenKind::DocumentStart
                    | TokenKind::DocumentEnd
                    | TokenKind::StreamEnd
            )
        })?;
        if none {
            let at = self.start_of_next()?;
            self.pop();
            return Ok(Self::empty(at));
        }
        self.node(true, false)
    }

    /// The end of the document: whatever follows, kubectl does not look at it, once its first token could be read.
    fn document_end(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        self.scanner.peek()?;
        self.state = State::DocumentEnd;
        Ok((Event::DocumentEnd, Span::of(self.behind..self.behind)))
    }

    fn properties(&mut self) -> Result<Properties, ScanError> {
        let mut found = Properties {
            anchor: 0,
            tag: Tag::None,
            found: false,
        };
        let (mut anchored, mut tagged) = (false, false);
        while let Some(token) = self.take_if(|t| match t {
            TokenKind::Anchor(_) => !anchored,
            TokenKind::Tag(..) => !tagged,
            _ => false,
        })? {
            found.found = true;
            match token.kind {
                TokenKind::Anchor(name) => {
                    anchored = true;
                    self.last_anchor += 1;
                    found.anchor = self.last_anchor;
                    self.anchors.insert(name, found.anchor);
                }
                TokenKind::Tag(handle, suffix) => {
                    tagged = true;
                    found.tag = self.tag(handle, &suffix).ok_or_else(|| {
                        ScanError::new(
                            token.start,
                            "no `%TAG` directive defines the prefix of this tag",
                            "Write the complete tag, or delete it.",
                        )
                    })?;
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// What a tag means; `None` where its handle is not defined.
    fn tag(&self, handle: &str, suffix: &str) -> Option<Tag> {
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
        let prefix = match (self.prefixes.get(handle), handle) {
            (Some(prefix), _) => prefix,
            (None, "" | "!") => handle,
            (None, "!!") => "tag:yaml.org,2002:",
            _ => return None,
        };
        let tag = [prefix, suffix].concat();
        if tag == "!" {
            return Some(Tag::NonSpecific);
        }
        let core = tag.strip_prefix("tag:yaml.org,2002:");
        let core = CORE.into_iter().find(|known| core == Some(known));
        Some(core.map_or(Tag::Local, Tag::Core))
    }

    fn node(&mut self, block: bool, indentless: bool) -> Result<(Event<'t>, Span), ScanError> {
        if let Some(token) = self.take_if(|t| matches!(t, TokenKind::Alias(_)))? {
            self.pop();
            let span = token.span();
            let TokenKind::Alias(name) = token.kind else {
                return Ok((Event::Alias(0), span));
            };
            let anchor = self.anchors.get(name).ok_or_else(|| {
                ScanError::new(
                    token.start,
                    "this alias names an anchor that is not defined before it in the document",
                    "Define the anchor earlier in the same document, because anchors end at `---`.",
                )
            })?;
            return Ok((Event::Alias(*anchor), span));
        }
        let Properties { anchor, tag, found } = self.properties()?;
        let token = self.scanner.peek()?;
        let (start, span) = (token.start, token.span());
        let (map, flow, next) = match &token.kind {
            TokenKind::BlockEntry if indentless => (false, false, State::IndentlessEntry),
            TokenKind::FlowSequenceStart => (false, true, State::FlowEntry { first: true }),
            TokenKind::FlowMappingStart => (true, true, State::FlowKey { first: true }),
            TokenKind::BlockSequenceStart if block => (false, false, State::BlockEntry),
            TokenKind::BlockMappingStart if block => (true, false, State::BlockKey),
            TokenKind::Scalar(..) => {
                self.pop();
                if let Some(Token {
                    kind: TokenKind::Scalar(value, style),
                    ..
                }) = self.take()
                {
                    let event = Event::Scalar {
                        value,
                        style,
                        tag,
                        anchor,
                    };
                    return Ok((event, span));
                }
                return Ok(Self::empty(start));
            }
            _ if found => {
                self.pop();
                return Ok(Self::empty_with(anchor, tag, start));
            }
            _ => return Err(self.no_value(start)),
        };
        if flow {
            self.brackets.push(start);
        }
        if !matches!(next, State::IndentlessEntry) {
            self.take();
        }
        self.state = next;
        Ok((Event::Start { map, flow, anchor }, span))
    }

    fn no_value(&mut self, at: usize) -> ScanError {
        if self.brackets.is_empty() {
            ScanError::misplaced(at)
        } else {
            self.unclosed(at)
        }
    }

    /// What stands at a place where a bracket should be closed: where it begins its line, the bracket is what is wrong.
    fn unclosed(&self, at: usize) -> ScanError {
        let before = self.text.get(..at).unwrap_or_default();
        let before = before.trim_end_matches([' ', '\t']);
        let begins = at >= self.text.len() || before.ends_with(BREAKS);
        match self.brackets.last() {
            Some(bracket) if begins => ScanError::unclosed(at, *bracket),
            _ => ScanError::between(at),
        }
    }

    fn block_entry(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        if self
            .take_if(|t| matches!(t, TokenKind::BlockEntry))?
            .is_some()
        {
            let none =
                self.next_is(|t| matches!(t, TokenKind::BlockEntry | TokenKind::BlockEnd))?;
            if none {
                return Ok(self.left_out(State::BlockEntry));
            }
            return self.node_before(State::BlockEntry, true, false);
        }
        self.block_end()
    }

    /// The end of a block collection; anything else is out of place.
    fn block_end(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        match self.take_if(|t| matches!(t, TokenKind::BlockEnd))? {
            Some(token) => Ok(self.end(token.span())),
            None => Err(ScanError::misplaced(self.start_of_next()?)),
        }
    }

    fn indentless_entry(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        if self
            .take_if(|t| matches!(t, TokenKind::BlockEntry))?
            .is_none()
        {
            return Ok(self.end(Span::of(self.behind..self.behind)));
        }
        let none = self.next_is(|t| {
            matches!(
                t,
                TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd
            )
        })?;
        if none {
            return Ok(self.left_out(State::IndentlessEntry));
        }
        self.node_before(State::IndentlessEntry, true, false)
    }

    /// A key or value of a block map behind its mark.
    fn block_part(&mut self, next: State) -> Result<(Event<'t>, Span), ScanError> {
        let none =
            self.next_is(|t| matches!(t, TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd))?;
        if none {
            return Ok(self.left_out(next));
        }
        self.node_before(next, true, true)
    }

    fn block_key(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        if self.take_if(|t| matches!(t, TokenKind::Key))?.is_some() {
            return self.block_part(State::BlockValue);
        }
        self.block_end()
    }

    fn block_value(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        if self.take_if(|t| matches!(t, TokenKind::Value))?.is_some() {
            return self.block_part(State::BlockKey);
        }
        Ok(self.left_out(State::BlockKey))
    }

    /// Takes the comma between two items, but before the first.
    fn comma(&mut self, first: bool) -> Result<(), ScanError> {
        if first
            || self
                .take_if(|t| matches!(t, TokenKind::FlowEntry))?
                .is_some()
        {
            return Ok(());
        }
        let at = self.start_of_next()?;
        Err(self.unclosed(at))
    }

    fn flow_entry(&mut self, first: bool) -> Result<(Event<'t>, Span), ScanError> {
        let ends = |t: &TokenKind<'_>| matches!(t, TokenKind::FlowSequenceEnd);
        if !self.next_is(ends)? {
            self.comma(first)?;
            if let Some(key) = self.take_if(|t| matches!(t, TokenKind::Key))? {
                self.state = State::PairKey;
                let event = Event::Start {
                    map: true,
                    flow: true,
                    anchor: 0,
                };
                return Ok((event, Span::of(key.start..key.start)));
            }
            if !self.next_is(ends)? {
                return self.node_before(State::FlowEntry { first: false }, false, false);
            }
        }
        self.brackets.pop();
        let span = self.take().map_or_else(Span::default, |end| end.span());
        Ok(self.end(span))
    }

    /// A key or value in brackets, if there is one before the next mark.
    fn flow_part(
        &mut self,
        next: State,
        ends: impl FnOnce(&TokenKind<'t>) -> bool,
    ) -> Result<(Event<'t>, Span), ScanError> {
        if self.next_is(ends)? {
            return Ok(self.left_out(next));
        }
        self.node_before(next, false, false)
    }

    fn pair_key(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        let ends = |t: &TokenKind<'t>| {
            matches!(
                t,
                TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd
            )
        };
        if self.next_is(ends)? {
            // kubectl's reader takes the mark for the key that is missing.
            self.take();
            return Ok(self.left_out(State::PairValue));
        }
        self.node_before(State::PairValue, false, false)
    }

    fn pair_value(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        if self.take_if(|t| matches!(t, TokenKind::Value))?.is_none() {
            return Ok(self.left_out(State::PairEnd));
        }
        self.flow_part(State::PairEnd, |t| {
            matches!(t, TokenKind::FlowEntry | TokenKind::FlowSequenceEnd)
        })
    }

    fn flow_key(&mut self, first: bool) -> Result<(Event<'t>, Span), ScanError> {
        let ends = |t: &TokenKind<'_>| matches!(t, TokenKind::FlowMappingEnd);
        if !self.next_is(ends)? {
            self.comma(first)?;
            if self.take_if(|t| matches!(t, TokenKind::Key))?.is_some() {
                return self.flow_part(State::FlowValue, |t| {
                    matches!(
                        t,
                        TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd
                    )
                });
            }
            if !self.next_is(ends)? {
                return self.node_before(State::FlowEmptyValue, false, false);
            }
        }
        self.brackets.pop();
        let span = self.take().map_or_else(Span::default, |end| end.span());
        Ok(self.end(span))
    }

    fn flow_value(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        let next = State::FlowKey { first: false };
        if self.take_if(|t| matches!(t, TokenKind::Value))?.is_none() {
            return Ok(self.left_out(next));
        }
        self.flow_part(next, |t| {
            matches!(t, TokenKind::FlowEntry | TokenKind::FlowMappingEnd)
        })
    }
}

impl<'t> Events<'t> for Parser<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        match self.state {
            State::DocumentStart => self.document_start(),
            State::DocumentEnd => self.document_end(),
            State::BlockEntry => self.block_entry(),
            State::IndentlessEntry => self.indentless_entry(),
            State::BlockKey => self.block_key(),
            State::BlockValue => self.block_value(),
            State::FlowEntry { first } => self.flow_entry(first),
            State::PairKey => self.pair_key(),
            State::PairValue => self.pair_value(),
            State::PairEnd => {
                self.state = State::FlowEntry { first: false };
                Ok((Event::End, Span::of(self.behind..self.behind)))
            }
            State::FlowKey { first } => self.flow_key(first),
            State::FlowValue => self.flow_value(),
            State::FlowEmptyValue => Ok(self.left_out(State::FlowKey { first: false })),
        }
    }
}
