//! The ids of all rules, a module for each category: a misspelt id does not compile. Layer 0, made by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/ids.rs"));
