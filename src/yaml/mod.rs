//! YAML as kubectl reads it: text → chunks → an arena tree with exact spans. Layer 1.
//!
//! `scan.rs` and `events.rs` read as kubectl does; `fast.rs` spares them most of the work.

mod events;
mod fast;
mod json;
mod parse;
mod place;
pub mod scalar;
mod scan;
mod split;
mod tree;
mod unit;

pub(crate) use parse::base64;
pub use parse::{Limits, Parsed, Part, Problem, parse, parse_part};
pub use place::{Fit, Located, Piece, Place, SpanMap, decode_scalar};
pub use split::{Chunk, Format, Split, helm_source, split, whole};
pub use tree::{Comment, Document, Kind, Node, NodeId, Spot, Style, items};
