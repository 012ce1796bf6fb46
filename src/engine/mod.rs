//! Chunks in, a report out. Pure: no disk, no clock, no environment, no threads; the caller brings them. Layer 8.

mod analyse;
mod conceal;
mod custom_resources;
mod exposure;
mod finish;
mod links;
mod note;
mod registry;
mod ruleset;
mod secret_spans;
mod subsume;
mod suppress;
mod texts;

pub use crate::check::Overrides;
pub use analyse::{ChunkReport, DisabledRule, Input, analyse};
pub use finish::{Counts, FileAnalysis, FileReport, Report, ResolvedFinding, finish};
pub use note::{LeftOut, Note, NoteKind};
pub use registry::Registry;
pub use ruleset::RuleSet;
pub use texts::{analyse_texts, check_text};
