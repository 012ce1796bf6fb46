//! Text as bytes, spans and lines. Layer 0: knows nothing of YAML or Kubernetes.

mod decode;
mod line_hash;
mod lines;
mod nearest;
mod one_line;
mod source;
mod span;

pub use decode::{Decoded, Encoding, NO_UTF8, decode};
pub use line_hash::line_hashes;
pub use lines::{LineIndex, Position};
pub use nearest::nearest;
pub use one_line::{clipped, one_line};
pub use source::{FileId, SourceFile, SourceMap};
pub use span::{Edit, Span, apply};

/// Whether a bidirectional control or a zero-width character: invisible, and able to make text
/// look other than it reads (Unicode Technical Report 36).
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{1D173}'..='\u{1D17A}' | '\u{FEFF}' | '\u{061C}')
}
