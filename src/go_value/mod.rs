//! Values as Go's own packages read them, and so the programs of Kubernetes. Layer 0.
//!
//! `testdata/go` holds what Go itself says of some 2,500 texts; each reader is tested on its table.

mod boolean;
mod duration;
mod host_port;
mod integer;
mod quantity;
mod url;

pub use boolean::parse_bool;
pub use duration::{parse_duration, parse_seconds};
pub use host_port::split_host_port;
pub use integer::{parse_int, parse_uint};
pub use quantity::{parse_int_quantity, parse_quantity};
pub use url::{GoUrl, Url, parse_url, scheme_and_path};

/// What Go says of each text in a table: its value, or null where it rejects the text.
#[cfg(test)]
fn verdicts(table: &str) -> Vec<(String, serde_json::Value)> {
    serde_json::from_str(table).unwrap()
}
