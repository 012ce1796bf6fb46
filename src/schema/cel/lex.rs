//! Tokens of CEL, as the grammar of cel-go has them.

use super::Problem;
use std::ops::Range;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A name that is no word of the grammar.
    Name,
    /// A name in backticks.
    Escaped,
    Int,
    Uint,
    Double,
    Text(String),
    Bytes(Vec<u8>),
    /// A sign, or a word of the grammar.
    Sign(&'static str),
    End,
}

/// A piece of the text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

/// The longer before the shorter.
const SIGNS: [&str; 25] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!",
    "?", ":", "+", "*", "/", "%", "`",
];

const WORDS: [&str; 4] = ["in", "true", "false", "null"];

/// All tokens of a text, the end last.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len()
            - rest
                .trim_start_matches([' ', '\t', '\r', '\n', '\x0c'])
                .len();
        if blank > 0 {
            at += blank;
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else {
            let (kind, len) = token(rest).map_err(|problem| problem.behind(at))?;
            out.push(Token {
                kind,
                span: at..at + len,
            });
            at += len;
        }
    }
    // A missing end is shown at the last character.
    let end = text.trim_end();
    let last = end.char_indices().next_back().map_or(0, |(at, _)| at);
    out.push(Token {
        kind: Kind::End,
        span: last..end.len(),
    });
    Ok(out)
}

fn token(rest: &str) -> Result<(Kind, usize), Problem> {
    if let Some(found) = text_literal(rest) {
        return found;
    }
    let first = rest.bytes().next().unwrap_or_default();
    let after_dot = rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if first.is_ascii_digit() || first == b'.' && after_dot {
        return Ok(number(rest));
    }
    let word = |s: &str| s.len() - s.trim_start_matches(is_of_name).len();
    if first.is_ascii_alphabetic() || first == b'_' {
        let len = word(rest);
        let name = rest.get(..len).unwrap_or_default();
        let kind = WORDS.iter().find(|w| **w == name);
        return Ok((kind.map_or(Kind::Name, |w| Kind::Sign(w)), len));
    }
    if first == b'`' {
        let inner = rest.get(1..).unwrap_or_default();
        let allowed = |c: char| is_of_name(c) || matches!(c, '.' | '-' | '/' | ' ');
        let len = inner.len() - inner.trim_start_matches(allowed).len();
        if len > 0 && inner.as_bytes().get(len) == Some(&b'`') {
            return Ok((Kind::Escaped, len + 2));
        }
        return Err(Problem::new(0..1, "a name in backticks does not end"));
    }
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Kind::Sign(sign), sign.len()));
    }
    let c = rest.chars().next().unwrap_or_default();
    let message = format!("`{}` is no character of CEL", c.escape_debug());
    Err(Problem::new(0..c.len_utf8(), message))
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn number(rest: &str) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let run = |from: usize, of: fn(&u8) -> bool| {
        let tail = bytes.get(from..).unwrap_or_default();
        tail.iter().take_while(|b| of(b)).count()
    };
    let unsigned = |len: usize| match bytes.get(len) {
        Some(b'u' | b'U') => (Kind::Uint, len + 1),
        _ => (Kind::Int, len),
    };
    let hex = run(2, u8::is_ascii_hexdigit);
    if rest.starts_with("0x") && hex > 0 {
        return unsigned(2 + hex);
    }
    let whole = run(0, u8::is_ascii_digit);
    let fraction = if bytes.get(whole) == Some(&b'.') {
        run(whole + 1, u8::is_ascii_digit)
    } else {
        0
    };
    let mut len = whole + if fraction > 0 { fraction + 1 } else { 0 };
    let mut is_double = fraction > 0;
    if matches!(bytes.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
        let exponent = run(len + 1 + sign, u8::is_ascii_digit);
        if exponent > 0 {
            len += 1 + sign + exponent;
            is_double = true;
        }
    }
    if is_double {
        (Kind::Double, len)
    } else {
        unsigned(len)
    }
}

/// A string or bytes, if one begins here.
fn text_literal(rest: &str) -> Option<Result<(Kind, usize), Problem>> {
    let prefix = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (is_bytes, is_raw) = match rest.get(..prefix)? {
        "" => (false, false),
        "b" | "B" => (true, false),
        "r" | "R" => (false, true),
        "br" | "bR" | "Br" | "BR" => (true, true),
        _ => return None,
    };
    let quoted = rest.get(prefix..)?;
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .iter()
        .find(|quote| quoted.starts_with(**quote))?;
    let body = quoted.get(quote.len()..)?;
    Some(match content(body, quote, is_raw, is_bytes) {
        Ok((content, end)) => {
            let len = prefix + quote.len() + end + quote.len();
            let kind = if is_bytes {
                Ok(Kind::Bytes(content))
            } else {
                String::from_utf8(content).map(Kind::Text)
            };
            kind.map(|kind| (kind, len))
                .map_err(|_| Problem::new(0..len, "a string is no valid UTF-8"))
        }
        Err(problem) => Err(problem.behind(prefix + quote.len())),
    })
}

/// What a literal holds, and where its closing quote stands.
fn content(
    body: &str,
    quote: &str,
    is_raw: bool,
    is_bytes: bool,
) -> Result<(Vec<u8>, usize), Problem> {
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        let rest = body.get(at..).unwrap_or_default();
        if rest.starts_with(quote) {
            return Ok((out, at));
        }
        match rest.chars().next() {
            Some('\n' | '\r') if quote.len() == 1 => break,
            None => break,
            Some('\\') if !is_raw => {
                let len = escape(rest, is_bytes, &mut out).ok_or_else(|| {
                    let len = rest.chars().take(2).map(char::len_utf8).sum::<usize>();
                    Problem::new(at..at + len, "CEL does not know this escape sequence")
                })?;
                at += len;
            }
            Some(c) => {
                out.extend_from_slice(rest.get(..c.len_utf8()).unwrap_or_default().as_bytes());
                at += c.len_utf8();
            }
        }
    }
    Err(Problem::new(0..at, "a string does not end"))
}

/// Reads an escape sequence: its length in the text; `None` where it is none.
fn escape(rest: &str, is_bytes: bool, out: &mut Vec<u8>) -> Option<usize> {
    let kind = *rest.as_bytes().get(1)?;
    let digits = |from: usize, len: usize, radix: u32| {
        let text = rest.get(from..from + len)?;
        let all = text.chars().all(|c| c.is_digit(radix));
        all.then(|| u32::from_str_radix(text, radix).ok())?
    };
    let (value, len) = match kind {
        b'a' => (7, 2),
        b'b' => (8, 2),
        b'f' => (12, 2),
        b'n' => (10, 2),
        b'r' => (13, 2),
        b't' => (9, 2),
        b'v' => (11, 2),
        b'\\' | b'\'' | b'"' | b'`' | b'?' => (u32::from(kind), 2),
        b'x' | b'X' => (digits(2, 2, 16)?, 4),
        b'u' if !is_bytes => (digits(2, 4, 16)?, 6),
        b'U' if !is_bytes => (digits(2, 8, 16)?, 10),
        b'0'..=b'3' => (digits(1, 3, 8)?, 4),
        _ => return None,
    };
    if is_bytes {
        out.push(u8::try_from(value).ok()?);
    } else {
        let c = char::from_u32(value)?;
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(len)
}
