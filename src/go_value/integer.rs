//! Integers (`strconv.ParseInt` and `ParseUint` with base 0), which flags and YAML have: the prefix tells the base.

/// The integer of 64 bits that a text is.
pub fn parse_int(text: &str) -> Option<i64> {
    let (negative, magnitude) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let magnitude = parse_uint(magnitude)?;
    if negative {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// The integer of 64 bits without a sign that a text is.
pub fn parse_uint(text: &str) -> Option<u64> {
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, text.get(2..)?),
        [b'0', b'o' | b'O', _, ..] => (8, text.get(2..)?),
        [b'0', b'b' | b'B', _, ..] => (2, text.get(2..)?),
        [b'0', _, ..] => (8, text.get(1..)?),
        _ => (10, text),
    };
    // A prefix counts as a digit for the underscore behind it. Rust would take a sign here.
    let mut after_digit = radix != 10;
    for byte in digits.bytes() {
        if !(byte.is_ascii_alphanumeric() || byte == b'_' && after_digit) {
            return None;
        }
        after_digit = byte != b'_';
    }
    if digits.is_empty() || !after_digit {
        return None;
    }
    if digits.contains('_') {
        return u64::from_str_radix(&digits.replace('_', ""), radix).ok();
    }
    u64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_those_of_go() {
        for (text, go) in super::super::verdicts(include_str!("../../testdata/go/integers.json")) {
            assert_eq!(parse_int(&text), go.as_i64(), "{text:?}");
        }
    }

    #[test]
    fn an_integer_without_a_sign_has_a_bit_more() {
        assert_eq!(parse_uint("18446744073709551615"), Some(u64::MAX));
        for other in ["18446744073709551616", "+1", "-1", ""] {
            assert_eq!(parse_uint(other), None, "{other:?}");
        }
    }
}
