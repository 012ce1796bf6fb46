//! All integration tests: one binary, so that it links once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod cli;
mod context;
mod edges;
mod engine;
mod fixes;
mod formats;
mod forms;
mod hostile;
mod links;
mod policies;
mod reader;
mod releases;
mod secrets;
mod support;
mod tidy;
#[cfg(unix)]
mod trust;
mod validation;
mod words;
