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

/// A quantity that Go holds as a whole number (`AsInt64`): with a fraction, or with too many digits, it holds another kind of number,
/// even where that is whole.
pub fn parse_int_quantity(text: &str) -> Option<i64> {
    parse_quantity(text)?;
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, suffix) = unsigned.split_at_checked(end.unwrap_or(unsigned.len()))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = whole.trim_start_matches('0').len().max(1) + fraction.len();
    let (base, exponent) = scale(suffix)?;
    let amount: i64 = match (whole, fraction) {
        ("", "") => 0,
        _ => format!("{whole}{fraction}").parse().ok()?,
    };
    let power = match base {
        // About how many decimal digits the power has count, too.
        1024.0 if fraction.is_empty() && digits + usize::try_from(exponent).ok()? * 3 <= 14 => {
            1024_i64.checked_pow(u32::try_from(exponent).ok()?)?
        }
        1024.0 => return None,
        _ if digits > 18 => return None,
        _ => {
            let exponent = match base {
                1000.0 => exponent * 3,
                _ => exponent,
            };
            let exponent = usize::try_from(exponent).ok()?;
            let places = exponent.checked_sub(fraction.len())?;
            10_i64.checked_pow(u32::try_from(places).ok()?)?
        }
    };
    let amount = amount.checked_mul(power)?;
    Some(if text.starts_with('-') {
        -amount
    } else {
        amount
    })
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
    fn whole_quantities_are_those_that_go_holds_so() {
        let whole = [
            ("10Mi", 10_485_760),
            ("-1k", -1000),
            ("1.5G", 1_500_000_000),
            ("0", 0),
            ("007", 7),
            ("1e3", 1000),
        ];
        for (text, amount) in whole {
            assert_eq!(parse_int_quantity(text), Some(amount), "{text:?}");
        }
        for other in [
            "1.5Gi",
            "1.0",
            "1000m",
            "100000Gi",
            "1GB",
            "",
            "9999999999999999999",
            "1.5",
        ] {
            assert_eq!(parse_int_quantity(other), None, "{other:?}");
        }
    }

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
