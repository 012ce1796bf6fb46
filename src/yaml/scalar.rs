//! What kubectl makes of a plain scalar: YAML 1.1's resolver as sigs.k8s.io/yaml has it.
//!
//! Measured value by value against kubectl 1.37.1 (testdata/kubectl/scalars.json); serde's and YAML 1.2's
//! ideas differ on 83 of 207.

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
    /// Another number; an integer beyond `i64` loses precision, as in kubectl.
    Float(f64),
    /// `.inf` or `.nan`: JSON has none, so kubectl refuses the document.
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
        b'+' | b'-' | b'0'..=b'9' => match word(text) {
            Resolved::Str => number(text),
            found => found,
        },
        _ => Resolved::Str,
    }
}

fn word(text: &str) -> Resolved {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            Resolved::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            Resolved::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF"
        | ".nan" | ".NaN" | ".NAN" => Resolved::NotJson,
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

/// Go's `ParseInt` and `ParseUint` with base 0.
fn integer(plain: &str) -> Option<Resolved> {
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, plain.get(1..)?),
        b'+' => (false, plain.get(1..)?),
        _ => (false, plain),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Resolved::Int);
    }
    // Go reads what only fits an unsigned integer as one; JSON's decoder then makes it a float.
    #[expect(
        clippy::cast_precision_loss,
        reason = "kubectl loses the same precision"
    )]
    Some(i64::try_from(magnitude).map_or(Resolved::Float(magnitude as f64), Resolved::Int))
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

/// `2001-12-14` and longer forms, which kubectl keeps as text.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8
        && bytes
            .get(..4)
            .is_some_and(|year| year.iter().all(u8::is_ascii_digit))
        && bytes.get(4) == Some(&b'-')
}

/// The JSON key that a resolved scalar becomes; `None` where JSON can have none.
pub fn key(resolved: Resolved, text: &str) -> Option<Cow<'_, str>> {
    match resolved {
        Resolved::Str => Some(text.into()),
        Resolved::Bool(true) => Some("true".into()),
        Resolved::Bool(false) => Some("false".into()),
        Resolved::Int(i) => Some(i.to_string().into()),
        Resolved::NotJson => Some(text.trim_start_matches('+').to_ascii_lowercase().into()),
        Resolved::Float(f) if f.abs() < 1e9 => Some(f.to_string().into()),
        // An integer beyond 64 signed bits as a key is refused.
        Resolved::Float(_) if text.bytes().all(|b| b.is_ascii_digit()) => None,
        Resolved::Float(f) => Some(format!("{f:e}").into()),
        Resolved::Null => None,
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
        _ => None,
    }
}
