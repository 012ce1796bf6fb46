//! YAML as kubectl reads it: text → chunks → an arena tree with exact spans. Layer 1.
//!
//! `scan.rs` and `events.rs` read as kubectl does; `fast.rs` spares them most of the work.

mod builder;
mod comments;
mod edit;
mod events;
mod fast;
mod json;
mod parse;
mod place;
mod problems;
pub mod scalar;
mod scan;
mod split;
mod tree;
mod unit;

pub use parse::{KeyFilter, Limits, Parsed, ReaderProblem, has_template_lines, parse, parse_part};
pub use place::{
    Located, Mapping, Outer, Provenance, Rendered, Segment, SpanMap, Stack, Trail, decode_scalar,
};
pub use split::{Chunk, Format, Split, helm_source, split, whole};
pub use tree::{Comment, Document, Node, NodeId, NodeKind, NodeSpan, Style, items};
