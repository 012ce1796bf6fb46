//! Texts of the input in messages.

/// Names and values of the input may hold line breaks; a message shows them, as `\n`.
pub fn one_line(message: String) -> String {
    let breaks = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    if message.contains(breaks) {
        let shown = message.chars().map(|c| match c {
            c if breaks.contains(&c) => c.escape_default().to_string(),
            c => c.to_string(),
        });
        shown.collect()
    } else {
        message
    }
}
