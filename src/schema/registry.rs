//! The checks between fields, as `rules.tsv` names them: a function that is missing does not compile.

use super::validator::CrossFieldCheck;
use super::{
    admission, config_files, container, definition, network, objects, pod, storage, workload,
};

include!(concat!(env!("OUT_DIR"), "/cross_field.rs"));
