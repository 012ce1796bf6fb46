//! Texts of the input in messages.

/// Letters of a message. Names and values of the input may be of any length, and nobody reads more.
const MAX_CHARS: usize = 2_000;

/// The beginning of a text that is longer than `most` letters.
pub fn clipped(text: String, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text,
    }
}

/// Names and values of the input may hold line breaks; a message shows them, as `\n`. What is too long is cut.
pub fn one_line(message: String) -> String {
    let message = clipped(message, MAX_CHARS);
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
