//! Text as bytes, spans and lines. Layer 0: knows nothing of YAML or Kubernetes.

mod base64;
mod decode;
mod line_hash;
mod lines;
mod logical_lines;
mod nearest;
mod one_line;
mod source;
mod span;

pub(crate) use base64::base64;
pub use decode::{Decoded, Encoding, NO_UTF8, decode};
pub use line_hash::line_hashes;
pub use lines::{LineIndex, Position, Unit};
pub(crate) use logical_lines::logical_lines;
pub use nearest::nearest;
pub use one_line::{clipped, one_line};
pub use source::{FileId, FileIds, FileSpan, FileSpanSet, SourceFile, SourceMap};
pub use span::{Edit, FileEdit, Span, SpanSet, apply};

/// The path of what is read from standard input, unless the user gives it one.
pub const STDIN: &str = "<stdin>";

/// What stands behind the last such byte, an ASCII one; all of the text if it has none.
pub fn last_part(text: &str, separator: u8) -> &str {
    let at = text.bytes().rposition(|byte| byte == separator);
    at.and_then(|at| text.get(at + 1..)).unwrap_or(text)
}

/// Whether a character is shown as nothing (Unicode's property Default_Ignorable_Code_Point, bidirectional controls among them):
/// it makes text look other than it reads (Unicode Technical Report 36).
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}
