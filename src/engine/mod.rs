//! Chunks in, a report out. Pure: no disk, no clock, no environment, no threads; the caller brings them. Layer 6.

mod analyse;
mod conceal;
mod custom;
mod finish;
mod links;
mod note;
mod ruleset;
mod secrets;
mod subsume;
mod suppress;

pub use crate::check::Overrides;
pub use analyse::{ChunkReport, Input, Off, analyse};
pub use finish::{Counts, FileReport, Report, finish};
pub use note::{LeftOut, Note, What};
pub use ruleset::{RuleSet, policies};
pub use suppress::nearest;
