//! Text → tokens, exactly where kubectl's reader (go.yaml.in/yaml/v2 2.4.4, which follows libyaml) finds them.
//!
//! What that reader takes and rejects differs from every edition of the YAML specification, and a document that kubectl takes and
//! kubevet does not would not be checked. So the rules here are that reader's own: a key may be found out only behind its text,
//! within a line and 1,024 characters; NEL, LS and PS break lines; `-`, `?` and `:` mean more inside of brackets.

mod name;
mod scalar;

use super::tree::Style;
use crate::text::Span;
use std::borrow::Cow;
use std::collections::VecDeque;

/// What ends a line for kubectl's reader; in JSON only the first two can stand outside of strings.
pub(super) const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// How many characters behind its beginning the colon of a key may stand.
const KEY_LENGTH: usize = 1024;

/// Why the reader stopped.
#[derive(Debug)]
pub(super) struct ScanError {
    /// Byte offset in the chunk.
    pub(super) at: usize,
    /// What it is shown at, where that stands before: a bracket that was opened.
    pub(super) reported_at: usize,
    /// What is wrong.
    pub(super) message: Cow<'static, str>,
    /// What to write instead.
    pub(super) help: &'static str,
}

impl ScanError {
    pub(super) fn new(
        at: usize,
        message: impl Into<Cow<'static, str>>,
        help: &'static str,
    ) -> Self {
        Self {
            at,
            reported_at: at,
            message: message.into(),
            help,
        }
    }

    /// A line that should be a key and is none, or stands where no key may.
    pub(super) fn misplaced(at: usize) -> Self {
        Self::new(
            at,
            "this line does not match the lines above, where a `key:` with their indentation is expected",
            "Indent the line like the lines around it.",
        )
    }

    /// Something between two items in brackets.
    pub(super) fn between(at: usize) -> Self {
        Self::new(
            at,
            "a bracket is not closed, or a comma is missing",
            "Close the bracket, or quote the text that contains it.",
        )
    }

    /// A bracket that is not closed before a line that does not belong to it.
    pub(super) fn unclosed(at: usize, bracket: usize) -> Self {
        let message = "this bracket is not closed, or a comma is missing before the next line";
        Self {
            reported_at: bracket,
            ..Self::new(
                at,
                message,
                "Close the bracket, or quote the text that contains it.",
            )
        }
    }

    fn tab(at: usize) -> Self {
        Self::new(
            at,
            "a tab cannot indent YAML",
            "Indent the line with spaces.",
        )
    }
}

/// What a token is.
#[derive(Debug)]
pub(super) enum TokenKind<'t> {
    StreamEnd,
    /// `%YAML`, with major and minor version.
    Version(u8, u8),
    /// `%TAG`, with handle and prefix.
    TagPrefix(&'t str, String),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    /// A comma.
    FlowEntry,
    /// A dash.
    BlockEntry,
    Key,
    Value,
    Alias(&'t str),
    Anchor(&'t str),
    /// Handle and suffix; without a handle the suffix is all of the tag.
    Tag(&'t str, String),
    Scalar(Cow<'t, str>, Style),
}

/// A piece of the text that means something. Marks that the text does not show (`Key` before a simple key) are empty.
#[derive(Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: TokenKind<'t>,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token<'_> {
    pub(super) fn span(&self) -> Span {
        Span::of(self.start..self.end)
    }
}

/// A place in the text: bytes, and characters since the beginning and since the line's.
#[derive(Clone, Copy, Default)]
struct Mark {
    at: usize,
    index: usize,
    line: usize,
    column: usize,
}

/// A token that turns out to be a key if a colon follows it in time.
#[derive(Clone, Copy)]
struct SimpleKey {
    possible: bool,
    /// It stands where nothing but a key may.
    required: bool,
    /// Number of its token.
    token: usize,
    mark: Mark,
}

/// Gives tokens one by one.
pub(super) struct Scanner<'t> {
    text: &'t str,
    mark: Mark,
    queue: VecDeque<Token<'t>>,
    /// Tokens that were handed out.
    taken: usize,
    /// Column of the block collection that is open; none is -1.
    indent: isize,
    indents: Vec<isize>,
    /// Brackets that are open.
    flow: usize,
    /// One for the block context and each bracket that is open; numbers of tokens ascend.
    keys: Vec<SimpleKey>,
    key_allowed: bool,
    ended: bool,
}

/// The folded line breaks and blanks of a scalar that is read line by line.
#[derive(Default)]
struct Folding {
    blanks: String,
    first_break: String,
    more_breaks: String,
    /// Whether a line break was read since the last character.
    broken: bool,
}

impl Folding {
    /// Joins what was read before the next character.
    fn join(&mut self, value: &mut String) {
        if self.broken {
            if self.first_break.starts_with('\n') {
                if self.more_breaks.is_empty() {
                    value.push(' ');
                }
            } else {
                value.push_str(&self.first_break);
            }
            value.push_str(&self.more_breaks);
        } else {
            value.push_str(&self.blanks);
        }
        self.clear();
    }

    fn clear(&mut self) {
        self.blanks.clear();
        self.first_break.clear();
        self.more_breaks.clear();
        self.broken = false;
    }
}

impl<'t> Scanner<'t> {
    /// Reads one chunk.
    pub(super) fn new(text: &'t str) -> Self {
        let block = SimpleKey {
            possible: false,
            required: false,
            token: 0,
            mark: Mark::default(),
        };
        Self {
            text,
            mark: Mark::default(),
            queue: VecDeque::new(),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            flow: 0,
            keys: vec![block],
            key_allowed: true,
            ended: false,
        }
    }

    /// The next token; the last is `StreamEnd` for ever.
    pub(super) fn peek(&mut self) -> Result<&Token<'t>, ScanError> {
        while self.needs_more()? {
            self.fetch()?;
        }
        let end = || {
            ScanError::new(
                self.mark.at,
                "the file ends in the middle of a value",
                "Complete the value that begins here.",
            )
        };
        self.queue.front().ok_or_else(end)
    }

    /// Takes the token that `peek` showed.
    pub(super) fn take(&mut self) -> Option<Token<'t>> {
        let last = matches!(self.queue.front()?.kind, TokenKind::StreamEnd);
        if last {
            let at = self.mark.at;
            return Some(Token {
                kind: TokenKind::StreamEnd,
                start: at,
                end: at,
            });
        }
        self.taken += 1;
        self.queue.pop_front()
    }

    /// Whether the first token may yet turn out to be a key, or there is none.
    fn needs_more(&mut self) -> Result<bool, ScanError> {
        if self.queue.is_empty() {
            return Ok(!self.ended);
        }
        let mut at = self.keys.partition_point(|key| key.token < self.taken);
        while let Some(key) = self.keys.get(at)
            && key.token == self.taken
        {
            if key.possible {
                return self.is_valid(at);
            }
            at += 1;
        }
        Ok(false)
    }

    fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    /// A byte behind the cursor; 0 at the end of the text.
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes()
            .get(self.mark.at + ahead)
            .copied()
            .unwrap_or_default()
    }

    fn at_end(&self) -> bool {
        self.mark.at >= self.text.len()
    }

    /// Bytes of the line break that stands so far ahead.
    fn line_break(&self, ahead: usize) -> Option<usize> {
        let rest = self.bytes().get(self.mark.at + ahead..)?;
        match rest {
            [b'\r', b'\n', ..] | [0xC2, 0x85, ..] => Some(2),
            [b'\r' | b'\n', ..] => Some(1),
            [0xE2, 0x80, 0xA8 | 0xA9, ..] => Some(3),
            _ => None,
        }
    }

    fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    fn is_break_or_end(&self, ahead: usize) -> bool {
        self.mark.at + ahead >= self.text.len() || self.line_break(ahead).is_some()
    }

    fn is_blank_or_end(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.is_break_or_end(ahead)
    }

    /// Goes behind a character.
    fn skip(&mut self) {
        self.mark.at += match self.byte(0) {
            0..0x80 => 1,
            0x80..0xE0 => 2,
            0xE0..0xF0 => 3,
            0xF0.. => 4,
        };
        self.mark.index += 1;
        self.mark.column += 1;
    }

    fn skip_ascii(&mut self, count: usize) {
        self.mark.at += count;
        self.mark.index += count;
        self.mark.column += count;
    }

    /// Goes behind a line break, if one stands here, and adds what it is read as.
    fn skip_break(&mut self, into: Option<&mut String>) {
        let Some(width) = self.line_break(0) else {
            return;
        };
        let written = self.slice(self.mark.at, self.mark.at + width);
        if let Some(into) = into {
            into.push_str(if width == 3 { written } else { "\n" });
        }
        self.mark.at += width;
        self.mark.index += written.chars().count();
        self.mark.line += 1;
        self.mark.column = 0;
    }

    /// Goes to the next line of a block scalar: kubectl ends the last line of a file, too.
    fn end_line(&mut self, into: Option<&mut String>) {
        if self.at_end() && self.mark.column > 0 {
            self.mark.line += 1;
            self.mark.column = 0;
            if let Some(into) = into {
                into.push('\n');
            }
            return;
        }
        self.skip_break(into);
    }

    fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip_ascii(1);
        }
    }

    fn skip_comment(&mut self) {
        if self.byte(0) == b'#' {
            while !self.is_break_or_end(0) {
                self.skip();
            }
        }
    }

    fn push(&mut self, kind: TokenKind<'t>, start: Mark) {
        self.queue.push_back(Token {
            kind,
            start: start.at,
            end: self.mark.at,
        });
    }

    fn fetch(&mut self) -> Result<(), ScanError> {
        self.skip_to_token();
        self.unroll(self.mark.column.cast_signed());
        if self.at_end() {
            return self.stream_end();
        }
        let byte = self.byte(0);
        if self.mark.column == 0 {
            if byte == b'%' {
                return self.directive();
            }
            if self.is_marker() {
                return self.marker();
            }
        }
        let apart = self.is_blank_or_end(1);
        let in_flow = self.flow > 0;
        match byte {
            b'[' => self.flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.flow_start(TokenKind::FlowMappingStart),
            b']' => self.flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.flow_end(TokenKind::FlowMappingEnd),
            b',' => self.flow_entry(),
            b'-' if apart => self.block_entry(),
            b'?' if in_flow || apart => self.key(),
            b':' if in_flow || apart => self.value(),
            b'*' | b'&' => self.anchor(byte == b'*'),
            b'!' => self.tag(),
            b'|' if !in_flow => self.block_scalar(Style::Literal),
            b'>' if !in_flow => self.block_scalar(Style::Folded),
            b'\'' => self.quoted(Style::Single),
            b'"' => self.quoted(Style::Double),
            _ if self.begins_plain(byte) => self.plain(),
            b'\t' => Err(ScanError::tab(self.mark.at)),
            _ => {
                let rest = self.text.get(self.mark.at..).unwrap_or_default();
                let first = rest.chars().next().unwrap_or_default();
                Err(ScanError::new(
                    self.mark.at,
                    format!("`{}` cannot begin a value", first.escape_debug()),
                    "Quote the whole value.",
                ))
            }
        }
    }

    fn begins_plain(&self, byte: u8) -> bool {
        match byte {
            b'-' => !self.is_blank(1),
            b'?' | b':' => self.flow == 0 && !self.is_blank_or_end(1),
            b' ' | b'\t' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|'
            | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' => false,
            _ => self.line_break(0).is_none(),
        }
    }

    /// Whether `---` or `...` stands here, which at the beginning of a line ends what is open.
    fn is_marker(&self) -> bool {
        let rest = self.bytes().get(self.mark.at..).unwrap_or_default();
        (rest.starts_with(b"---") || rest.starts_with(b"...")) && self.is_blank_or_end(3)
    }

    /// Skips blanks, comments and line breaks. A tab may stand where no key may, and in brackets.
    fn skip_to_token(&mut self) {
        loop {
            while self.byte(0) == b' '
                || self.byte(0) == b'\t' && (self.flow > 0 || !self.key_allowed)
            {
                self.skip_ascii(1);
            }
            self.skip_comment();
            if self.line_break(0).is_none() {
                return;
            }
            self.skip_break(None);
            if self.flow == 0 {
                self.key_allowed = true;
            }
        }
    }

    // --- keys and indentation

    fn is_valid(&mut self, at: usize) -> Result<bool, ScanError> {
        let now = self.mark;
        let Some(key) = self.keys.get_mut(at).filter(|key| key.possible) else {
            return Ok(false);
        };
        if key.mark.line < now.line || key.mark.index + KEY_LENGTH < now.index {
            if key.required {
                return Err(ScanError::misplaced(key.mark.at));
            }
            key.possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn save_key(&mut self) -> Result<(), ScanError> {
        if !self.key_allowed {
            return Ok(());
        }
        self.remove_key()?;
        let key = SimpleKey {
            possible: true,
            required: self.flow == 0 && self.indent == self.mark.column.cast_signed(),
            token: self.taken + self.queue.len(),
            mark: self.mark,
        };
        if let Some(last) = self.keys.last_mut() {
            *last = key;
        }
        Ok(())
    }

    fn remove_key(&mut self) -> Result<(), ScanError> {
        if let Some(key) = self.keys.last_mut()
            && key.possible
        {
            if key.required {
                return Err(ScanError::misplaced(key.mark.at));
            }
            key.possible = false;
        }
        Ok(())
    }

    /// Opens a block collection, if this column is deeper than the one that is open.
    fn roll(&mut self, mark: Mark, token: Option<usize>, kind: TokenKind<'t>) {
        let column = mark.column.cast_signed();
        if self.flow > 0 || self.indent >= column {
            return;
        }
        self.indents.push(self.indent);
        self.indent = column;
        self.insert(kind, mark, token.unwrap_or(self.taken + self.queue.len()));
    }

    /// Puts a token without text before the one with a number.
    fn insert(&mut self, kind: TokenKind<'t>, mark: Mark, token: usize) {
        let place = token.saturating_sub(self.taken).min(self.queue.len());
        let (start, end) = (mark.at, mark.at);
        self.queue.insert(place, Token { kind, start, end });
    }

    /// Closes the block collections that are deeper than a column.
    fn unroll(&mut self, column: isize) {
        while self.flow == 0 && self.indent > column {
            self.push(TokenKind::BlockEnd, self.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    // --- indicators

    fn stream_end(&mut self) -> Result<(), ScanError> {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        self.ended = true;
        self.push(TokenKind::StreamEnd, self.mark);
        Ok(())
    }

    fn marker(&mut self) -> Result<(), ScanError> {
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let start = self.mark;
        let kind = if self.byte(0) == b'-' {
            TokenKind::DocumentStart
        } else {
            TokenKind::DocumentEnd
        };
        self.skip_ascii(3);
        self.push(kind, start);
        Ok(())
    }

    fn indicator(&mut self, kind: TokenKind<'t>) {
        let start = self.mark;
        self.skip_ascii(1);
        self.push(kind, start);
    }

    fn flow_start(&mut self, kind: TokenKind<'t>) -> Result<(), ScanError> {
        self.save_key()?;
        self.keys.push(SimpleKey {
            possible: false,
            required: false,
            token: self.taken + self.queue.len(),
            mark: self.mark,
        });
        self.flow += 1;
        self.key_allowed = true;
        self.indicator(kind);
        Ok(())
    }

    fn flow_end(&mut self, kind: TokenKind<'t>) -> Result<(), ScanError> {
        self.remove_key()?;
        if self.flow > 0 {
            self.flow -= 1;
            self.keys.pop();
        }
        self.key_allowed = false;
        self.indicator(kind);
        Ok(())
    }

    fn flow_entry(&mut self) -> Result<(), ScanError> {
        self.remove_key()?;
        self.key_allowed = true;
        self.indicator(TokenKind::FlowEntry);
        Ok(())
    }

    fn block_entry(&mut self) -> Result<(), ScanError> {
        if self.flow == 0 {
            if !self.key_allowed {
                return Err(ScanError::new(
                    self.mark.at,
                    "a list item cannot begin here",
                    "Begin the list on a line of its own.",
                ));
            }
            self.roll(self.mark, None, TokenKind::BlockSequenceStart);
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.indicator(TokenKind::BlockEntry);
        Ok(())
    }

    /// `? `, before a key that is no simple one.
    fn key(&mut self) -> Result<(), ScanError> {
        self.complex(TokenKind::Key)
    }

    fn value(&mut self) -> Result<(), ScanError> {
        let last = self.keys.len().saturating_sub(1);
        if !self.is_valid(last)? {
            return self.complex(TokenKind::Value);
        }
        if let Some(key) = self.keys.get_mut(last) {
            key.possible = false;
            let SimpleKey { token, mark, .. } = *key;
            self.insert(TokenKind::Key, mark, token);
            self.roll(mark, Some(token), TokenKind::BlockMappingStart);
        }
        self.key_allowed = false;
        self.indicator(TokenKind::Value);
        Ok(())
    }

    /// A `?`, or a `:` that no simple key stands before.
    fn complex(&mut self, kind: TokenKind<'t>) -> Result<(), ScanError> {
        if self.flow == 0 {
            if !self.key_allowed {
                return Err(ScanError::new(
                    self.mark.at,
                    "a `key: value` cannot begin here",
                    "Align this line with the one above, or quote a value that contains `: `.",
                ));
            }
            self.roll(self.mark, None, TokenKind::BlockMappingStart);
        }
        if matches!(kind, TokenKind::Key) {
            self.remove_key()?;
        }
        self.key_allowed = self.flow == 0;
        self.indicator(kind);
        Ok(())
    }
}
