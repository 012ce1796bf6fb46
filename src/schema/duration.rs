//! Durations in files of components: their bounds, and null, which is one to a field that is no pointer.

use super::table::{Constraint, ConstraintKind};
use super::validator::Validator;
use crate::go_value::parse_duration;
use crate::ids;
use crate::yaml::Node;

/// A null, which a reader of durations takes for a text without any.
pub(super) fn of_null<'d>(v: &mut Validator<'d>, value: Node<'d>, rules: &'static [Constraint]) {
    let refused = |rule: &&Constraint| matches!(rule.check, ConstraintKind::NotNull);
    if let Some(rule) = rules.iter().find(refused) {
        v.of_releases(rule.releases(), |v| {
            v.wrong(
                value,
                rule.field,
                "a duration such as `30s`, or be left out",
            );
        });
    }
}

/// A duration from one to the other, in nanoseconds. What is none is the type's to tell.
pub(super) fn check<'d>(v: &mut Validator<'d>, value: Node<'d>, name: &str, low: i64, high: i64) {
    let time = value.as_str().and_then(parse_duration);
    if time.is_some_and(|time| !(low..=high).contains(&time)) {
        let expected = match (low, high) {
            (0, i64::MAX) => "not be negative".to_owned(),
            (low, i64::MAX) => format!("be {} or more", shown(low)),
            (low, high) => format!("be from {} to {}", shown(low), shown(high)),
        };
        let text = value.text().unwrap_or_default();
        let message = format!("`{name}` must {expected}, and this is {text}");
        v.add(ids::schema::RANGE, value, message, None);
    }
}

/// A bound in seconds, or in thousandths of one.
fn shown(nanoseconds: i64) -> String {
    match nanoseconds % 1_000_000_000 {
        0 => format!("{}s", nanoseconds / 1_000_000_000),
        _ => format!("{}ms", nanoseconds / 1_000_000),
    }
}
