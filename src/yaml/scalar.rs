//! What kubectl makes of a plain scalar: YAML 1.1's resolver as sigs.k8s.io/yaml has it.
//!
//! Measured value by value against kubectl 1.37.1 (testdata/kubectl/scalars.json); serde's and YAML 1.2's
//! ideas differ on 83 of 207.

use crate::go_value::{parse_int, parse_uint};
use std::borrow::Cow;

/// The meaning of a scalar's text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resolved {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean in one of its eleven spellings each.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// An integer that fits 64 bits without a sign only: a value loses precision in kubectl, a key is rejected.
    Unsigned(u64),
    /// Another number.
    Float(f64),
    /// `.inf` or `.nan`: JSON has none, so kubectl rejects the document.
    NotJson,
    /// Anything else.
    Str,
}

/// Resolves the text of an untagged plain scalar.
pub fn resolve(text: &str) -> Resolved {
    let Some(first) = text.bytes().next() else {
        return Resolved::Null;
    };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => match word(text) {
            Resolved::Str => text
                .parse()
                .ok()
                .filter(|f: &f64| f.is_finite() && is_float(text))
                .map_or(Resolved::Str, Resolved::Float),
            found => found,
        },
        b'0'..=b'9' => number(text),
        b'+' | b'-' => match word(text) {
            Resolved::Str => number(text),
            found => found,
        },
        _ => Resolved::Str,
    }
}

/// A word that is no string: told by its first letter, so that other words are compared with few.
fn word(text: &str) -> Resolved {
    const LONGEST: usize = "false".len();
    if text.len() > LONGEST {
        return Resolved::Str;
    }
    let first = text.bytes().next().unwrap_or_default();
    let is = |spellings: &[&str]| spellings.contains(&text);
    match first {
        b'y' | b'Y' if is(&["y", "Y", "yes", "Yes", "YES"]) => Resolved::Bool(true),
        b't' | b'T' if is(&["true", "True", "TRUE"]) => Resolved::Bool(true),
        b'o' | b'O' if is(&["on", "On", "ON"]) => Resolved::Bool(true),
        b'o' | b'O' if is(&["off", "Off", "OFF"]) => Resolved::Bool(false),
        b'f' | b'F' if is(&["false", "False", "FALSE"]) => Resolved::Bool(false),
        b'n' | b'N' if is(&["n", "N", "no", "No", "NO"]) => Resolved::Bool(false),
        b'~' if text.len() == 1 => Resolved::Null,
        b'n' | b'N' if is(&["null", "Null", "NULL"]) => Resolved::Null,
        b'+' | b'-' if is(&["+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"]) => {
            Resolved::NotJson
        }
        b'.' if is(&[".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"]) => Resolved::NotJson,
        _ => Resolved::Str,
    }
}

fn number(text: &str) -> Resolved {
    if is_timestamp(text) {
        return Resolved::Str;
    }
    let plain: Cow<'_, str> = if text.contains('_') {
        text.replace('_', "").into()
    } else {
        text.into()
    };
    if let Some(int) = integer(&plain) {
        return int;
    }
    if is_float(&plain) {
        return plain
            .parse()
            .ok()
            .filter(|f: &f64| f.is_finite())
            .map_or(Resolved::Str, Resolved::Float);
    }
    Resolved::Str
}

fn integer(plain: &str) -> Option<Resolved> {
    let unsigned = || parse_uint(plain).map(Resolved::Unsigned);
    parse_int(plain).map(Resolved::Int).or_else(unsigned)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let digits = |b: &[u8]| b.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut rest = text.as_bytes();
    if let [b'-' | b'+', tail @ ..] = rest {
        rest = tail;
    }
    let whole = digits(rest);
    rest = rest.get(whole..).unwrap_or_default();
    if let [b'.', tail @ ..] = rest {
        let fraction = digits(tail);
        if whole + fraction == 0 {
            return false;
        }
        rest = tail.get(fraction..).unwrap_or_default();
    } else if whole == 0 {
        return false;
    }
    if let [b'e' | b'E', tail @ ..] = rest {
        let tail = if let [b'-' | b'+', t @ ..] = tail {
            t
        } else {
            tail
        };
        let exponent = digits(tail);
        return exponent > 0 && exponent == tail.len();
    }
    rest.is_empty()
}

/// Whether go-yaml reads a date or a point in time, which kubectl keeps as text.
pub fn is_timestamp(text: &str) -> bool {
    let date = || {
        let (year, rest) = digits(text, 4, 4)?;
        let (month, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
        let (day, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
        is_day(year, month, day).then_some(rest)
    };
    date().is_some_and(|rest| rest.is_empty() || is_time(rest))
}

/// A number of so many digits, and what follows them.
fn digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let length = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    let (digits, rest) = text.split_at_checked(length)?;
    (length >= least).then(|| Some((digits.parse().ok()?, rest)))?
}

fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// `T15:04:05.9+01:00`, or ` 15:04:05.9` without a zone.
fn is_time(text: &str) -> bool {
    let zoned = text.starts_with(['T', 't']);
    let rest = if zoned {
        text.get(1..).unwrap_or_default()
    } else {
        text.trim_start_matches(' ')
    };
    if rest.len() == text.len() {
        return false;
    }
    let clock = || {
        let (hour, rest) = digits(rest, 1, 2)?;
        let (minute, rest) = digits(rest.strip_prefix(':')?, 1, 2)?;
        let (second, rest) = digits(rest.strip_prefix(':')?, 1, 2)?;
        (hour < 24 && minute < 60 && second < 60).then_some(rest)
    };
    let Some(rest) = clock() else {
        return false;
    };
    let fraction = rest.strip_prefix(['.', ',']).unwrap_or_default();
    let behind = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = if behind.len() < fraction.len() {
        behind
    } else {
        rest
    };
    if !zoned {
        return rest.is_empty();
    }
    let zone = || {
        let (hour, rest) = digits(rest.strip_prefix(['+', '-'])?, 2, 2)?;
        let (minute, rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
        Some(hour <= 24 && minute <= 60 && rest.is_empty())
    };
    rest == "Z" || zone() == Some(true)
}

/// The JSON key that a resolved scalar becomes; `None` where JSON can have none.
pub fn key(resolved: Resolved, text: &str) -> Option<Cow<'_, str>> {
    match resolved {
        Resolved::Str => Some(text.into()),
        Resolved::Bool(true) => Some("true".into()),
        Resolved::Bool(false) => Some("false".into()),
        Resolved::Int(i) => Some(i.to_string().into()),
        Resolved::NotJson => Some(text.trim_start_matches('+').to_ascii_lowercase().into()),
        Resolved::Float(f) => Some(float_key(f).into()),
        Resolved::Unsigned(_) | Resolved::Null => None,
    }
}

/// A float as key: in single precision, as sigs.k8s.io/yaml writes it, and with an exponent where Go's `%g` has one.
fn float_key(f: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "as kubectl does")]
    let f = f as f32;
    if f.is_infinite() {
        return if f > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let written = format!("{f:e}");
    match written.split_once('e') {
        Some((digits, exponent)) => match exponent.parse() {
            Ok(-4..=5) | Err(_) => f.to_string(),
            Ok(exponent) => {
                let sign = if exponent < 0 { '-' } else { '+' };
                format!("{digits}e{sign}{:02}", i32::abs(exponent))
            }
        },
        None => f.to_string(),
    }
}

/// A number as JSON; integers up to 64 bits stay integers.
pub fn json_number(resolved: Resolved) -> Option<serde_json::Number> {
    match resolved {
        Resolved::Int(i) => Some(i.into()),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within the range that is asked for"
        )]
        Resolved::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Some((f as i64).into()),
        Resolved::Float(f) => serde_json::Number::from_f64(f),
        // JSON's decoder makes it a float.
        #[expect(clippy::cast_precision_loss, reason = "as kubectl does")]
        Resolved::Unsigned(u) => serde_json::Number::from_f64(u as f64),
        _ => None,
    }
}
