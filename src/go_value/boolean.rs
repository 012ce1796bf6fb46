//! Booleans (`strconv.ParseBool`), which flags and annotations are.

/// The boolean that a text is: twelve spellings, and no others.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_those_of_go() {
        for (text, go) in super::super::verdicts(include_str!("../../testdata/go/booleans.json")) {
            assert_eq!(parse_bool(&text), go.as_bool(), "{text:?}");
        }
    }
}
