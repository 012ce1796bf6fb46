//! Quantities (`resource.Quantity` of apimachinery): a decimal number with a suffix of powers of two or ten, or an exponent.

/// What a text is as the quantity of a field, about: to compare with zero and with others.
pub fn parse_quantity(text: &str) -> Option<f64> {
    // The decoder of fields cuts blanks off, but for those that JSON has as escapes.
    let blank = |c: char| c.is_whitespace() && c >= ' ' && !matches!(c, '\u{2028}' | '\u{2029}');
    let text = text.trim_matches(blank);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at_checked(end)?;
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if text.is_empty() || number.len() - digits > 1 {
        return None;
    }
    let (base, exponent) = scale(suffix)?;
    // A suffix alone is zero.
    let number: f64 = if digits == 0 {
        0.0
    } else {
        number.parse().ok()?
    };
    let value = smallest_up(number * f64::powi(base, exponent));
    // Zero has no other power, and Go counts powers of two up to 63 bits.
    let value = match base {
        _ if number == 0.0 => 0.0,
        1024.0 => value.min(9_223_372_036_854_775_807.0),
        _ => value,
    };
    Some(if text.starts_with('-') { -value } else { value })
}

/// Base and exponent that a suffix stands for.
fn scale(suffix: &str) -> Option<(f64, i32)> {
    Some(match suffix {
        "" => (1000.0, 0),
        "n" => (1000.0, -3),
        "u" => (1000.0, -2),
        "m" => (1000.0, -1),
        "k" => (1000.0, 1),
        "M" => (1000.0, 2),
        "G" => (1000.0, 3),
        "T" => (1000.0, 4),
        "P" => (1000.0, 5),
        "E" => (1000.0, 6),
        "Ki" => (1024.0, 1),
        "Mi" => (1024.0, 2),
        "Gi" => (1024.0, 3),
        "Ti" => (1024.0, 4),
        "Pi" => (1024.0, 5),
        "Ei" => (1024.0, 6),
        _ => {
            let written = suffix.strip_prefix(['e', 'E'])?;
            let exponent: i64 = written.parse().ok()?;
            let bound = |n: i64| i32::try_from(n.clamp(-400, 400)).unwrap_or_default();
            (10.0, bound(exponent))
        }
    })
}

/// What is less than a billionth, the finest that there is, is rounded up to it.
fn smallest_up(value: f64) -> f64 {
    if value > 0.0 && value < 1e-3 {
        // Nearly whole is whole: this is no exact arithmetic.
        value.mul_add(1e9, -1e-6).ceil().max(1.0) / 1e9
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_those_of_apimachinery() {
        for (text, go) in super::super::verdicts(include_str!("../../testdata/go/quantities.json"))
        {
            let expected: Option<f64> = go.as_str().map(|go| go.parse().unwrap());
            let same = match (parse_quantity(&text), expected) {
                (Some(ours), Some(go)) => {
                    ours.total_cmp(&go).is_eq() || (ours - go).abs() <= go.abs() * 1e-9
                }
                (ours, go) => ours.is_none() && go.is_none(),
            };
            assert!(
                same,
                "{text:?} is {expected:?}, not {:?}",
                parse_quantity(&text)
            );
        }
    }
}
