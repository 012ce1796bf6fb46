//! Formats of strings, as the API server's own packages read them.

use crate::yaml::base64;

/// A quantity (apimachinery/pkg/api/resource): a decimal number with a suffix of two's or ten's powers, or an exponent.
pub(super) fn is_quantity(text: &str) -> bool {
    let text = text.trim_start();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let number_fits = digits > 0 && number.len() - digits <= 1;
    let known = matches!(
        suffix,
        "" | "n"
            | "u"
            | "m"
            | "k"
            | "M"
            | "G"
            | "T"
            | "P"
            | "E"
            | "Ki"
            | "Mi"
            | "Gi"
            | "Ti"
            | "Pi"
            | "Ei"
    );
    let exponent = || {
        let digits = suffix.strip_prefix(['e', 'E'])?;
        let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
        Some(!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    number_fits && (known || exponent() == Some(true))
}

/// RFC 3339, as Go's time package reads it; `micros` asks for exactly six digits of a second (metav1.MicroTime).
pub(super) fn is_time(text: &str, micros: bool) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| {
        bytes
            .get(from..to)
            .filter(|d| d.iter().all(u8::is_ascii_digit))
            .and_then(|_| text.get(from..to)?.parse::<u32>().ok())
    };
    let parts = [
        digits(0, 4),
        digits(5, 7),
        digits(8, 10),
        digits(11, 13),
        digits(14, 16),
        digits(17, 19),
    ];
    let [
        Some(year),
        Some(month),
        Some(day),
        Some(hour),
        Some(minute),
        Some(second),
    ] = parts
    else {
        return false;
    };
    let signs = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if signs.iter().any(|(at, sign)| bytes.get(*at) != Some(sign))
        || !(1..=12).contains(&month)
        || !(1..=days).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return false;
    }
    let mut rest = text.get(19..).unwrap_or_default();
    let mut fraction = 0;
    if let Some(behind) = rest.strip_prefix('.') {
        fraction = behind.bytes().take_while(u8::is_ascii_digit).count();
        if fraction == 0 {
            return false;
        }
        rest = behind.get(fraction..).unwrap_or_default();
    }
    let zone = rest == "Z"
        || rest.len() == 6
            && rest.starts_with(['+', '-'])
            && rest.get(3..4) == Some(":")
            && rest.bytes().filter(u8::is_ascii_digit).count() == 4;
    zone && (!micros || fraction == 6)
}

/// Base64 with padding; line breaks may stand anywhere.
pub(super) fn is_base64(text: &str) -> bool {
    let compact: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    compact.len().is_multiple_of(4) && base64(&compact).is_some()
}
