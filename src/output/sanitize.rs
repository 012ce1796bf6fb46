//! Text of the input, made harmless for terminals and CI logs.

use crate::text::is_invisible;
use std::borrow::Cow;

/// Whether a character may not reach a terminal: C0, DEL, C1, line and paragraph separators, bidirectional controls, invisible ones.
pub(super) fn is_harmful(c: char) -> bool {
    if matches!(c, ' '..='~') {
        return false;
    }
    c.is_control()
        || is_invisible(c)
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFB}')
}

/// The text on one line: harmful characters as escapes, and no `##[` or `##vso[`, which CI runners obey anywhere in a
/// line.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) && !text.contains("##") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_harmful(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.replace("##[", "## [")
        .replace("##vso[", "## vso[")
        .into()
}

/// Several lines of our own that quote the input: each harmless, and none a command.
#[cfg(feature = "cli")]
pub(crate) fn sanitize_lines(text: &str) -> String {
    text.lines().fold(String::new(), |out, line| {
        let line = sanitize(line);
        let command = line.trim_start().starts_with("::");
        out + if command { "| " } else { "" } + &line + "\n"
    })
}

/// A path at the start of a line, where `::` would be a command to GitHub's runner.
pub(super) fn sanitize_path(path: &str) -> Cow<'_, str> {
    match sanitize(path) {
        path if path.trim_start().starts_with("::") || path.trim_start().starts_with("##") => {
            format!("./{path}").into()
        }
        path => path,
    }
}
