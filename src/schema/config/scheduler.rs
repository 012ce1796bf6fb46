//! The scheduler's file (pkg/scheduler/apis/config/validation).

use super::ordered;
use crate::schema::validator::Validator;
use crate::yaml::Node;

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let initial = ("podInitialBackoffSeconds", 1.0);
    ordered(v, map, initial, ("podMaxBackoffSeconds", 10.0), false);
}
