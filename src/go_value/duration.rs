//! Durations (`time.ParseDuration`): numbers with their units, such as `1h30m`.

/// What a duration can be at most, and one nanosecond more: below zero that is one, too.
const LIMIT: u64 = 1 << 63;

/// A duration in nanoseconds.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (amount, behind) = amount(rest)?;
        total = total.checked_add(amount).filter(|sum| *sum <= LIMIT)?;
        rest = behind;
    }
    if negative {
        return 0_i64.checked_sub_unsigned(total);
    }
    i64::try_from(total).ok()
}

/// The same in seconds.
pub fn parse_seconds(text: &str) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "to compare with limits")]
    parse_duration(text).map(|nanoseconds| nanoseconds as f64 / 1e9)
}

/// The first number with its unit, in nanoseconds, and what follows.
fn amount(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(behind) => split_digits(behind),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit());
    let (unit, rest) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
    let unit: u64 = match unit {
        "ns" => 1,
        // The sign of micro, and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let whole = whole.checked_mul(unit)?;
    let total = whole.checked_add(part_of(unit, fraction))?;
    (total <= LIMIT).then_some((total, rest))
}

/// The digits that a text begins with, and the rest of it.
fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or(("", text))
}

/// A fraction of a unit. Digits that 63 bits cannot hold do not count, and what is less than a nanosecond is dropped.
fn part_of(unit: u64, digits: &str) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0);
    for digit in digits.bytes() {
        let next = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(u64::from(digit - b'0')));
        let Some(next) = next.filter(|next| *next <= LIMIT) else {
            break;
        };
        value = next;
        scale *= 10.0;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "as Go does; less than a unit"
    )]
    {
        (value as f64 * (unit as f64 / scale)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, go) in super::super::verdicts(include_str!("../../testdata/go/durations.json")) {
            assert_eq!(parse_duration(&text), go.as_i64(), "{text:?}");
        }
    }
}
