//! Text → events, for a text that is known to be JSON (`split.rs` asks that first): Go's reader of JSON takes keys of any length,
//! its own escapes and any letter in a string, where the reader of YAML does not.

use super::events::{Event, Events, Tag};
use super::scan::ScanError;
use super::tree::Style;
use crate::text::Span;
use std::borrow::Cow;

/// JSON as a source of events.
pub(super) struct Json<'t> {
    text: &'t str,
    at: usize,
    /// Brackets that are open.
    open: usize,
    begun: bool,
}

impl<'t> Json<'t> {
    /// Reads one object.
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            open: 0,
            begun: false,
        }
    }

    fn event(&self, start: usize, event: Event<'t>) -> (Event<'t>, Span) {
        (event, Span::of(start..self.at))
    }

    fn string(&mut self) -> Cow<'t, str> {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let bytes = rest.as_bytes();
        let mut end = 0;
        let mut escapes = false;
        while let Some(n) = memchr::memchr2(b'"', b'\\', bytes.get(end..).unwrap_or_default()) {
            end += n;
            if bytes.get(end) == Some(&b'"') {
                break;
            }
            escapes = true;
            end += 2;
        }
        self.at += end + 2;
        let text = rest.get(..end).unwrap_or_default();
        if escapes {
            unescaped(text).into()
        } else {
            text.into()
        }
    }
}

/// The text of a string; half of a surrogate pair becomes U+FFFD, as in Go.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let code = |text: &str| u32::from_str_radix(text.get(1..5)?, 16).ok();
        let mut length = 1;
        out.push(match behind.as_bytes().first() {
            Some(b'b') => '\x08',
            Some(b'f') => '\x0C',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                length = 5;
                let first = code(behind).unwrap_or_default();
                let second = behind.get(5..).and_then(|b| b.strip_prefix('\\'));
                let second = second.filter(|b| b.starts_with('u')).and_then(code);
                match (first, second) {
                    (0xD800..0xDC00, Some(low @ 0xDC00..0xE000)) => {
                        length = 11;
                        let code = 0x10000 + ((first - 0xD800) << 10) + (low - 0xDC00);
                        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                    }
                    _ => char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER),
                }
            }
            Some(byte) => char::from(*byte),
            None => break,
        });
        rest = behind.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

impl<'t> Events<'t> for Json<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), ScanError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if self.begun && self.open == 0 {
            return Ok(self.event(self.at, Event::DocumentEnd));
        }
        // The commas and colons of JSON say nothing that the order does not.
        let mark = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | ':');
        let Some(skipped) = rest.find(|c| !mark(c)) else {
            return Ok(self.event(self.at, Event::StreamEnd));
        };
        self.at += skipped;
        self.begun = true;
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let (value, style) = match rest.as_bytes().first() {
            Some(bracket @ (b'{' | b'[')) => {
                self.at += 1;
                self.open += 1;
                let (map, flow, anchor) = (*bracket == b'{', true, 0);
                return Ok(self.event(start, Event::Start { map, flow, anchor }));
            }
            Some(b'}' | b']') => {
                self.at += 1;
                self.open = self.open.saturating_sub(1);
                return Ok(self.event(start, Event::End));
            }
            Some(b'"') => (self.string(), Style::Double),
            _ => {
                let ends = |c: char| mark(c) || matches!(c, '}' | ']' | '{' | '[' | '"');
                let length = rest.find(ends).unwrap_or(rest.len());
                self.at += length;
                (rest.get(..length).unwrap_or_default().into(), Style::Plain)
            }
        };
        // A number that is too large is rejected, and not a text.
        let large = style == Style::Plain && value.parse().is_ok_and(f64::is_infinite);
        let tag = if large { Tag::Core("float") } else { Tag::None };
        let anchor = 0;
        let event = Event::Scalar {
            value,
            style,
            tag,
            anchor,
        };
        Ok(self.event(start, event))
    }
}
