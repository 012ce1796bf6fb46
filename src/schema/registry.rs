//! The checks between fields, as the tables of rules name them: a function that is missing does not compile.

use super::validator::CrossFieldCheck;
use super::{
    admission, config, container, definition, devices, expressions, flow_control, metadata,
    network, objects, pod, pod_annotations, pod_volumes, quota, storage, workload,
};

include!(concat!(env!("OUT_DIR"), "/cross_field.rs"));
