//! A fast reader of the simple YAML that manifests are written in, and of JSON.
//!
//! It drives the `Builder` to what the events of `events.rs` would make of the text, several times faster, or it gives up:
//! every function returns `None` as soon as the text holds something that it does not know (anchors, tags, `? ` keys,
//! markers, tabs, CRLF, …) or that might be an error. It never says what is wrong; the full reader then reads the chunk again.

use super::Format;
use super::KeyFilter;
use super::builder::Builder;
use super::events::Tag;
use super::tree::Style;
use crate::text::Span;
use memchr::{memchr, memchr2, memchr3};

/// Bytes of a key. YAML allows 1,024 characters up to the colon; nothing near the limit is decided here.
const MAX_KEY: usize = 1000;

/// Bytes that are looked at in one step of the search for control characters, so that the compiler may vectorise it.
const STEP: usize = 1024;

/// Reads the one document of a chunk into `builder`, or the part of it that is asked for; `None` where it gives up, and the builder
/// is of no more use.
pub(super) fn read(
    text: &str,
    format: Format,
    part: Option<&KeyFilter<'_>>,
    builder: &mut Builder<'_>,
) -> Option<()> {
    if !printable(text) {
        return None;
    }
    let fast = Fast {
        text,
        bytes: text.as_bytes(),
        format,
        part,
        tabs: memchr(b'\t', text.as_bytes()).is_some(),
        at: 0,
        line: 0,
        levels: Vec::new(),
        flows: Vec::new(),
        awaits: Some(Depth::Completeness),
        buffer: String::new(),
        builder,
    };
    fast.document()
}

/// Whether no character is special to YAML without being seen: controls, CR, NEL, LS, PS, byte order marks.
fn printable(text: &str) -> bool {
    let odd = |b: u8| (b < 0x20 && b != b'\n' && b != b'\t') || b == 0x7F;
    let odd_in = |bytes: &[u8]| bytes.iter().fold(false, |found, b| found | odd(*b));
    let special = |c: char| {
        matches!(
            c,
            '\u{80}'..='\u{9F}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}'
        )
    };
    !text.as_bytes().chunks(STEP).any(odd_in) && (text.is_ascii() || !text.contains(special))
}

/// How much of a block collection is read.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    Completeness,
    /// Its keys are names of which only some are asked for; see `KeyFilter`.
    Names,
    /// No collection in it.
    Flat,
}

/// A block collection that is still open.
struct OpenCollection {
    indent: usize,
    list: bool,
    depth: Depth,
}

/// A scalar that was read, with its quotes.
struct Token {
    start: usize,
    end: usize,
    style: Style,
    /// Its value is in the buffer, not in the text.
    buffered: bool,
}

impl Token {
    fn plain(start: usize, end: usize) -> Self {
        let (style, buffered) = (Style::Plain, false);
        Self {
            start,
            end,
            style,
            buffered,
        }
    }
}

/// The characters of flow collections, which end plain scalars in them.
fn is_flow(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}

/// What ends a plain scalar on its line.
#[derive(Clone, Copy, PartialEq)]
enum ScalarEnd {
    Colon,
    Comment,
    Break,
}

/// What may come next in a flow collection.
#[derive(Clone, Copy, PartialEq)]
enum Flow {
    /// An item, a key, or the closing bracket.
    Entry,
    /// The value of a key.
    Value,
    /// A comma, or the closing bracket.
    Behind,
}

struct Fast<'t, 'b, 'd> {
    text: &'t str,
    bytes: &'t [u8],
    format: Format,
    part: Option<&'t KeyFilter<'t>>,
    /// The text has tabs somewhere.
    tabs: bool,
    at: usize,
    /// Where the line begins that a block node is read from.
    line: usize,
    levels: Vec<OpenCollection>,
    /// Open flow collections: whether each is a map.
    flows: Vec<bool>,
    /// The document, or the last key or dash, has no node yet.
    awaits: Option<Depth>,
    buffer: String,
    builder: &'b mut Builder<'d>,
}

impl Fast<'_, '_, '_> {
    fn document(mut self) -> Option<()> {
        while self.next_line()? {
            self.block_line()?;
        }
        if self.awaits.is_some() && self.levels.is_empty() {
            // Nothing but comments.
            return None;
        }
        self.left_out()?;
        while self.levels.pop().is_some() {
            self.builder.end(Span::empty(0));
        }
        Some(())
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Whether a token's indicator ends before `at`; a tab is left to the full reader.
    fn blank(&self, at: usize) -> bool {
        matches!(self.byte(at), None | Some(b' ' | b'\n'))
    }

    fn behind_spaces(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|b| **b == b' ').count()
    }

    fn end_of_line(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        memchr(b'\n', rest).map_or(self.bytes.len(), |n| from + n)
    }

    /// Goes from the beginning of a line to the next text that is no comment; false at the end.
    fn next_line(&mut self) -> Option<bool> {
        loop {
            self.line = self.at;
            self.at = self.behind_spaces(self.at);
            match self.byte(self.at) {
                None => return Some(false),
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.at = (self.end_of_line(self.at) + 1).min(self.bytes.len()),
                Some(b'\t') => return None,
                Some(_) => return Some(true),
            }
        }
    }

    /// Ends the line, on which nothing but a comment may follow. Whether that is so, else the cursor is at what follows.
    fn line_ends(&mut self) -> bool {
        let at = self.behind_spaces(self.at);
        let comment = self.byte(at) == Some(b'#') && at > self.at;
        let ends = comment || matches!(self.byte(at), None | Some(b'\n'));
        self.at = if ends {
            (self.end_of_line(at) + 1).min(self.bytes.len())
        } else {
            at
        };
        ends
    }

    /// Reads what a line begins with: the node that is awaited, or the next entry of a collection that is open.
    fn block_line(&mut self) -> Option<()> {
        let column = self.at - self.line;
        let rest = self.bytes.get(self.at..)?;
        if column == 0 && (rest.starts_with(b"---") || rest.starts_with(b"...")) {
            return None;
        }
        let dash = self.dash();
        let hangs = match self.levels.last() {
            // A list may stand at the indentation of its key.
            Some(top) => column > top.indent || (column == top.indent && dash && !top.list),
            None => true,
        };
        if self.awaits.is_some() && hangs {
            return self.node();
        }
        self.left_out()?;
        loop {
            let top = self.levels.last()?;
            if top.indent < column || (top.indent == column && dash && !top.list) {
                return None;
            }
            if top.indent == column && top.list == dash {
                break;
            }
            self.levels.pop();
            self.builder.end(Span::empty(0));
        }
        if !dash {
            let token = self.key()?;
            return self.pair(&token);
        }
        if self.behind_dash() {
            return self.node();
        }
        Some(())
    }

    fn dash(&self) -> bool {
        self.byte(self.at) == Some(b'-') && self.blank(self.at + 1)
    }

    /// Goes behind a dash; whether its item begins on the same line.
    fn behind_dash(&mut self) -> bool {
        self.at += 1;
        self.awaits = Some(Depth::Completeness);
        !self.line_ends()
    }

    /// The value that a key or a dash was left without.
    fn left_out(&mut self) -> Option<()> {
        if self.awaits.take().is_some() {
            let (span, none) = (Span::empty(0), Tag::None);
            return self.builder.scalar("", Style::Plain, &none, 0, span).ok();
        }
        Some(())
    }

    fn start(&mut self, map: bool, flow: bool) -> Option<()> {
        self.awaits = None;
        let span = Span::of(self.at..self.at + usize::from(flow));
        if !self.builder.has_room() {
            return None;
        }
        self.builder.start(map, flow, 0, span).ok()
    }

    fn open(&mut self, list: bool, column: usize) -> Option<()> {
        let depth = self.awaits.unwrap_or(Depth::Completeness);
        self.levels.push(OpenCollection {
            indent: column,
            list,
            depth,
        });
        self.start(!list, false)
    }

    /// A node of a block collection at the cursor; only here may a collection begin.
    fn node(&mut self) -> Option<()> {
        while self.dash() {
            self.open(true, self.at - self.line)?;
            if !self.behind_dash() {
                return Some(());
            }
        }
        self.value(true)
    }

    /// A key that stands for itself.
    fn key(&mut self) -> Option<Token> {
        let (token, stop) = self.token()?;
        (stop == ScalarEnd::Colon).then_some(token)
    }

    /// A scalar in quotes, or the first line of a plain one, and what the cursor is at then.
    fn token(&mut self) -> Option<(Token, ScalarEnd)> {
        match self.byte(self.at)? {
            quote @ (b'"' | b'\'') => Some((self.quoted(quote)?, self.colon_behind_quotes())),
            _ => self.plain_line(),
        }
    }

    /// What follows quotes: a colon at the cursor, or not.
    fn colon_behind_quotes(&self) -> ScalarEnd {
        if self.byte(self.at) == Some(b':') && self.blank(self.at + 1) {
            ScalarEnd::Colon
        } else {
            ScalarEnd::Break
        }
    }

    /// A key, with the cursor at its colon, and its value.
    fn pair(&mut self, key: &Token) -> Option<()> {
        self.emit_key(key)?;
        self.at += 1;
        self.awaits = Some(Depth::Completeness);
        if self.line_ends() {
            if let Some(part) = self.part {
                self.leave_out(key, part)?;
            }
            return Some(());
        }
        self.value(false)
    }

    /// Leaves out of a key's value what is not asked for.
    fn leave_out(&mut self, key: &Token, part: &KeyFilter<'_>) -> Option<()> {
        let name = self.text.get(key.start..key.end)?;
        let OpenCollection { indent, depth, .. } = *self.levels.last()?;
        let plain = key.style == Style::Plain;
        match depth {
            Depth::Completeness if name == part.under => self.awaits = Some(Depth::Names),
            Depth::Names if plain && !part.keys.contains(name) => self.awaits = Some(Depth::Flat),
            Depth::Completeness | Depth::Names => {}
            Depth::Flat => self.go_behind_deeper(indent),
        }
        Some(())
    }

    /// Goes behind the lines that are indented deeper.
    fn go_behind_deeper(&mut self, indent: usize) {
        loop {
            let text = self.behind_spaces(self.at);
            match self.byte(text) {
                Some(b'\n' | b'#') => {}
                Some(_) if text - self.at > indent => {}
                _ => return,
            }
            self.at = (self.end_of_line(text) + 1).min(self.bytes.len());
        }
    }

    fn emit_key(&mut self, key: &Token) -> Option<()> {
        let text = self.bytes.get(key.start..self.at)?;
        if text.len() > MAX_KEY || memchr(b'\n', text).is_some() {
            return None;
        }
        self.emit(key)
    }

    fn emit(&mut self, token: &Token) -> Option<()> {
        self.awaits = None;
        let quote = usize::from(matches!(token.style, Style::Single | Style::Double));
        let value = if token.buffered {
            &self.buffer
        } else {
            self.text.get(token.start + quote..token.end - quote)?
        };
        // Perhaps a number that is too large.
        let exponent = self.format == Format::Json
            && token.style == Style::Plain
            && value.starts_with(|c: char| c == '-' || c.is_ascii_digit())
            && value.contains(['e', 'E']);
        if exponent {
            return None;
        }
        let span = Span::of(token.start..token.end);
        self.builder
            .scalar(value, token.style, &Tag::None, 0, span)
            .ok()
    }

    /// A value, or where `map` allows it a map that begins with the key at the cursor.
    fn value(&mut self, map: bool) -> Option<()> {
        let column = self.at - self.line;
        let start = self.at;
        match self.byte(self.at)? {
            b'|' => return self.block_scalar(Style::Literal),
            b'>' => return self.block_scalar(Style::Folded),
            b'[' | b'{' => {
                self.flow()?;
                return self.line_ends().then_some(());
            }
            _ => {}
        }
        let (token, stop) = self.token()?;
        if stop == ScalarEnd::Colon {
            let behind = std::mem::replace(&mut self.at, start);
            map.then(|| self.open(false, column))??;
            self.at = behind;
            return self.pair(&token);
        }
        let token = if token.style == Style::Plain {
            self.plain_lines(token, stop)?
        } else {
            token
        };
        // A scalar alone is no manifest.
        self.levels.last()?;
        self.emit(&token)?;
        self.line_ends().then_some(())
    }

    /// Gives up where no plain scalar may begin, outside of flow collections.
    fn begins_plain(&self, at: usize) -> Option<()> {
        let begins = match self.byte(at)? {
            b'-' | b'?' | b':' => !self.blank(at + 1),
            byte => memchr(byte, b",[]{}#&*!|>'\"%@`\t").is_none(),
        };
        begins.then_some(())
    }

    /// The first line of a plain scalar, with the cursor then at what ends it.
    fn plain_line(&mut self) -> Option<(Token, ScalarEnd)> {
        self.begins_plain(self.at)?;
        let start = self.at;
        let (end, stop) = self.plain_text()?;
        Some((Token::plain(start, end), stop))
    }

    /// Goes to what ends the plain text of a line; where the text itself ends.
    fn plain_text(&mut self) -> Option<(usize, ScalarEnd)> {
        let start = self.at;
        let stop = loop {
            let rest = self.bytes.get(self.at..)?;
            self.at += memchr3(b':', b'#', b'\n', rest).unwrap_or(rest.len());
            match self.byte(self.at) {
                Some(b':') if self.blank(self.at + 1) => break ScalarEnd::Colon,
                Some(b'#') if self.byte(self.at - 1) == Some(b' ') => break ScalarEnd::Comment,
                Some(b':' | b'#') => self.at += 1,
                _ => break ScalarEnd::Break,
            }
        };
        let end = self.trimmed(start)?;
        if stop == ScalarEnd::Comment {
            // The blank before it says that it is one.
            self.at -= 1;
        }
        Some((end, stop))
    }

    /// The end of the text between `start` and the cursor without blanks; none of it may be a tab.
    fn trimmed(&self, start: usize) -> Option<usize> {
        let text = self.bytes.get(start..self.at)?;
        if self.tabs && memchr(b'\t', text).is_some() {
            return None;
        }
        Some(start + text.trim_ascii_end().len())
    }

    /// Adds the lines that continue a plain scalar: those that are indented deeper than what it belongs to.
    fn plain_lines(&mut self, mut token: Token, mut stop: ScalarEnd) -> Option<Token> {
        let indent = self.levels.last()?.indent;
        while stop == ScalarEnd::Break {
            let (breaks, line, next) = self.behind_breaks(self.at);
            if matches!(self.byte(next), None | Some(b'#')) || next - line <= indent {
                break;
            }
            if matches!(self.byte(next), Some(b'-' | b'?' | b':')) && self.blank(next + 1) {
                return None;
            }
            if !token.buffered {
                token.buffered = true;
                self.buffer.clear();
                self.buffer.push_str(self.text.get(token.start..token.end)?);
            }
            self.fold(breaks);
            self.at = next;
            (token.end, stop) = self.plain_text()?;
            self.buffer.push_str(self.text.get(next..token.end)?);
            if stop == ScalarEnd::Colon {
                return None;
            }
        }
        Some(token)
    }

    /// How many line breaks begin at `at`, blanks left out of account; the beginning of the line behind, and of its text.
    fn behind_breaks(&self, mut at: usize) -> (usize, usize, usize) {
        let (mut breaks, mut line) = (0, at);
        while self.byte(at) == Some(b'\n') {
            breaks += 1;
            line = at + 1;
            at = self.behind_spaces(line);
        }
        (breaks, line, at)
    }

    /// One break is a blank, more are one less.
    fn fold(&mut self, breaks: usize) {
        if breaks == 1 {
            self.buffer.push(' ');
        } else {
            self.breaks(breaks.saturating_sub(1));
        }
    }

    fn breaks(&mut self, count: usize) {
        self.buffer.extend(std::iter::repeat_n('\n', count));
    }

    /// A scalar in quotes, with the cursor then behind it.
    fn quoted(&mut self, quote: u8) -> Option<Token> {
        let start = self.at;
        let single = quote == b'\'';
        self.buffer.clear();
        let (mut buffered, mut lines) = (false, false);
        let mut at = start + 1;
        // Where the text begins that is not in the buffer.
        let mut rest = at;
        loop {
            let tail = self.bytes.get(at..)?;
            at += if single {
                memchr2(b'\'', b'\n', tail)?
            } else {
                memchr3(b'"', b'\\', b'\n', tail)?
            };
            let (found, next) = (self.byte(at)?, self.byte(at + 1));
            if found == quote && !(single && next == Some(quote)) {
                break;
            }
            buffered = true;
            let piece = self.text.get(rest..at)?;
            if found == b'\n' || next == Some(b'\n') && found == b'\\' {
                lines = true;
                let escaped = found == b'\\';
                self.buffer.push_str(if escaped {
                    piece
                } else {
                    piece.trim_end_matches(' ')
                });
                let (breaks, line, text) = self.behind_breaks(at + usize::from(escaped));
                if escaped {
                    self.breaks(breaks - 1);
                } else {
                    self.fold(breaks);
                }
                // At the beginning of a line a marker would end the document.
                at = (text > line).then_some(text)?;
            } else {
                self.buffer.push_str(piece);
                at = if single {
                    self.buffer.push('\'');
                    at + 2
                } else {
                    self.escape(at + 1)?
                };
            }
            rest = at;
        }
        if buffered {
            self.buffer.push_str(self.text.get(rest..at)?);
        }
        // Tabs at the ends of lines are left to the full reader.
        if lines && self.tabs && memchr(b'\t', self.bytes.get(start..at)?).is_some() {
            return None;
        }
        self.at = at + 1;
        let style = if single { Style::Single } else { Style::Double };
        Some(Token {
            start,
            end: self.at,
            style,
            buffered,
        })
    }

    /// Adds the character that a backslash before `at` stands for; where the text goes on.
    fn escape(&mut self, at: usize) -> Option<usize> {
        let c = match self.byte(at)? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            c @ (b'"' | b'\\' | b' ') => char::from(c),
            // JSON's own.
            b'/' if self.format == Format::Json => '/',
            b'u' => {
                let digits = self.text.get(at + 1..at + 5)?;
                // `from_str_radix` takes a sign. Surrogates are no characters.
                let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
                let code = hex.then(|| u32::from_str_radix(digits, 16).ok())??;
                self.buffer.push(char::from_u32(code)?);
                return Some(at + 5);
            }
            _ => return None,
        };
        self.buffer.push(c);
        Some(at + 1)
    }

    /// `|` and `>` without a given indentation, and not without content.
    fn block_scalar(&mut self, style: Style) -> Option<()> {
        let indent = self.levels.last()?.indent;
        let header = self.at;
        let chomp = self.byte(self.at + 1);
        self.at += if matches!(chomp, Some(b'-' | b'+')) {
            2
        } else {
            1
        };
        if !self.line_ends() {
            return None;
        }
        let (mut breaks, mut line, mut widest) = (0, self.at, 0);
        let start = loop {
            let text = self.behind_spaces(line);
            match self.byte(text)? {
                b'\n' => (breaks, widest, line) = (breaks + 1, widest.max(text - line), text + 1),
                b'\t' => return None,
                _ => break text,
            }
        };
        let column = start - line;
        if column <= indent || column < widest {
            return None;
        }
        self.buffer.clear();
        let (mut first, mut was_blank) = (true, false);
        loop {
            let from = line + column;
            let end = self.end_of_line(from);
            let is_blank = matches!(self.byte(from), Some(b' ' | b'\t'));
            if style == Style::Folded && !first && !was_blank && !is_blank {
                self.fold(breaks + 1);
            } else {
                self.breaks(breaks + usize::from(!first));
            }
            self.buffer.push_str(self.text.get(from..end)?);
            (first, was_blank) = (false, is_blank);
            (breaks, line) = self.empty_lines(end, column)?;
            let width = self.behind_spaces(line) - line;
            if width < column || line >= self.bytes.len() {
                break;
            }
        }
        match chomp {
            Some(b'-') => {}
            Some(b'+') => self.breaks(breaks + 1),
            _ => self.breaks(1),
        }
        self.at = line;
        let (start, end, buffered) = (header, line, true);
        self.emit(&Token {
            start,
            end,
            style,
            buffered,
        })
    }

    /// Skips the lines behind the break at `end` that hold at most `column` blanks; how many, and where the next begins.
    fn empty_lines(&self, end: usize, column: usize) -> Option<(usize, usize)> {
        let (mut breaks, mut line) = (0, (end + 1).min(self.bytes.len()));
        loop {
            let text = self.behind_spaces(line).min(line + column);
            match self.byte(text) {
                Some(b'\n') => (breaks, line) = (breaks + 1, text + 1),
                // Blanks at the very end.
                None if text > line => return None,
                _ => return Some((breaks, line)),
            }
        }
    }

    /// A flow collection, with the cursor then behind it.
    fn flow(&mut self) -> Option<()> {
        let mut next = Flow::Value;
        loop {
            self.flow_space()?;
            let byte = self.byte(self.at)?;
            let map = self.flows.last() == Some(&true);
            let keyed = map && next == Flow::Entry;
            next = match (byte, next) {
                (b'[' | b'{', Flow::Entry | Flow::Value) if !keyed => {
                    self.flows.push(byte == b'{');
                    self.start(byte == b'{', true)?;
                    self.at += 1;
                    Flow::Entry
                }
                (b']' | b'}', Flow::Entry | Flow::Behind) if (byte == b'}') == map => {
                    self.flows.pop();
                    self.builder.end(Span::of(self.at..self.at + 1));
                    self.at += 1;
                    if self.flows.is_empty() {
                        return Some(());
                    }
                    Flow::Behind
                }
                (b',', Flow::Behind) => {
                    self.at += 1;
                    Flow::Entry
                }
                (_, Flow::Entry | Flow::Value) => {
                    let token = self.flow_scalar(byte)?;
                    if keyed {
                        self.flow_key(&token)?;
                        Flow::Value
                    } else {
                        self.emit(&token)?;
                        Flow::Behind
                    }
                }
                _ => return None,
            };
        }
    }

    /// Skips blanks, line breaks and comments inside of a flow collection.
    fn flow_space(&mut self) -> Option<()> {
        loop {
            let before = self.at.checked_sub(1).and_then(|at| self.byte(at));
            match self.byte(self.at)? {
                b' ' | b'\n' => self.at += 1,
                // Outside of blocks a tab is a blank.
                b'\t' if self.levels.is_empty() => self.at += 1,
                b'#' if matches!(before, Some(b' ' | b'\n')) => self.at = self.end_of_line(self.at),
                // Perhaps a marker or a directive.
                b'-' | b'.' | b'%' if matches!(before, None | Some(b'\n')) => return None,
                _ => return Some(()),
            }
        }
    }

    fn flow_scalar(&mut self, first: u8) -> Option<Token> {
        let second = self.byte(self.at + 1)?;
        match first {
            b'"' | b'\'' => return self.quoted(first),
            b'?' | b':' => return None,
            b'-' if is_flow(second) => return None,
            _ => self.begins_plain(self.at)?,
        }
        let start = self.at;
        loop {
            let byte = self.byte(self.at)?;
            let next = self.byte(self.at + 1)?;
            let colon = byte == b':' && matches!(next, b' ' | b'\n');
            if byte == b'?' {
                return None;
            }
            let comment = byte == b'#' && self.byte(self.at - 1) == Some(b' ');
            if byte == b'\n' || is_flow(byte) || colon || comment {
                break;
            }
            self.at += 1;
        }
        Some(Token::plain(start, self.trimmed(start)?))
    }

    /// The key of a flow map, and its colon; behind quotes a value may follow at once.
    fn flow_key(&mut self, key: &Token) -> Option<()> {
        if key.style != Style::Plain {
            self.at = self.behind_spaces(self.at);
        }
        let colon = self.byte(self.at) == Some(b':');
        if !colon || (key.style == Style::Plain && !self.blank(self.at + 1)) {
            return None;
        }
        self.emit_key(key)?;
        self.at += 1;
        Some(())
    }
}
