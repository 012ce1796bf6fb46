//! Secrets: which values are credentials, where they are, and what no output may show. Layer 5.

pub mod certificate;
pub mod detect;
pub mod locate;
mod redact;

pub use redact::{mentions_secret, secret_spans, unread_secret_lines};
