//! What the compiler finds out of constants alone: patterns, durations, times, and conversions that cannot succeed.

use super::Problem;
use super::parse::{Expr, Id, Literal, Tree};
use crate::go_value::parse_duration;
use crate::schema::{format, pattern};

/// A value that is known before the expression runs.
#[derive(Clone)]
enum Value {
    Literal(Literal),
    Time(i64),
    /// One whose text or number is not reckoned.
    Other,
}

/// The first problem in constants.
pub(super) fn check(tree: &Tree<'_>) -> Result<(), Problem> {
    // A node stands behind those that it is made of.
    let mut values: Vec<Option<Value>> = Vec::with_capacity(tree.nodes.len());
    for node in &tree.nodes {
        let value = match &node.expr {
            Expr::Literal(literal) => Some(Value::Literal(literal.clone())),
            Expr::Call { of, name, args } => {
                patterns(tree, name, args, of.is_some())?;
                index(tree, name, args)?;
                match args.as_slice() {
                    [arg] if of.is_none() => {
                        let given = values.get(*arg).cloned().flatten();
                        let given = given.filter(|_| is_conversion(name));
                        given.map(|v| convert(tree, name, *arg, v)).transpose()?
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        values.push(value);
    }
    Ok(())
}

/// The index of what is not known before has a type that some index has.
fn index(tree: &Tree<'_>, name: &str, args: &[Id]) -> Result<(), Problem> {
    let &[_, index] = args else {
        return Ok(());
    };
    let is_none = match tree.expr(index) {
        Some(Expr::Literal(literal)) => matches!(literal, Literal::Bytes(_) | Literal::Null),
        Some(Expr::List(items)) => items.is_empty(),
        Some(Expr::Map(pairs)) => pairs.is_empty(),
        _ => false,
    };
    if is_none && matches!(name, "_[_]" | "_[?_]") {
        let message = "this is no index: a list has integers, a map keys";
        return Err(Problem::new(tree.span(index), message));
    }
    Ok(())
}

fn is_conversion(name: &str) -> bool {
    matches!(
        name,
        "bool" | "bytes" | "double" | "duration" | "dyn" | "int" | "string" | "timestamp" | "uint"
    )
}

fn patterns(tree: &Tree<'_>, name: &str, args: &[Id], member: bool) -> Result<(), Problem> {
    let checked = match (name, member) {
        ("matches", _) => args,
        ("find" | "findAll", true) => args.get(..1).unwrap_or_default(),
        _ => &[],
    };
    // The validator of `matches(text, pattern)` reads the text as a pattern, too.
    for arg in checked.iter().take(2) {
        if let Some(Expr::Literal(Literal::Text(pattern))) = tree.expr(*arg)
            && let Some(why) = pattern::problem(pattern)
        {
            let message =
                format!("the regular expression is not valid in RE2, the syntax of Go: {why}");
            return Err(Problem::new(tree.span(*arg), message));
        }
    }
    Ok(())
}

/// A constant in another type.
fn convert(tree: &Tree<'_>, name: &str, arg: Id, value: Value) -> Result<Value, Problem> {
    use Literal::{Bool, Bytes, Double, Int, Null, Text, Uint};
    let literal = match value {
        Value::Literal(literal) => literal,
        Value::Time(seconds) if name == "int" => return Ok(Value::Literal(Int(seconds))),
        other => return Ok(other),
    };
    let converted = match (name, literal) {
        ("dyn", literal) => Some(Value::Literal(literal)),
        ("bool", Text(text)) => match text.as_str() {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(Value::Literal(Bool(true))),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(Value::Literal(Bool(false))),
            _ => None,
        },
        ("bytes", Text(text)) => Some(Value::Literal(Bytes(text.into_bytes()))),
        ("double", Text(text)) => is_double(&text).then_some(Value::Other),
        ("duration", Text(text)) => parse_duration(&text).map(|_| Value::Other),
        ("int", Text(text)) => text.parse().ok().map(|n| Value::Literal(Int(n))),
        ("int", Uint(n)) => i64::try_from(n).ok().map(|n| Value::Literal(Int(n))),
        ("int", Double(n)) => (n.abs() < 9.3e18).then_some(Value::Other),
        ("string", Bytes(bytes)) => String::from_utf8(bytes)
            .ok()
            .map(|t| Value::Literal(Text(t))),
        ("string", Int(n)) => Some(Value::Literal(Text(n.to_string()))),
        ("string", Uint(n)) => Some(Value::Literal(Text(n.to_string()))),
        ("string", Bool(b)) => Some(Value::Literal(Text(b.to_string()))),
        (_, Null) | ("double", Int(_) | Uint(_)) | ("string", Double(_)) => Some(Value::Other),
        ("timestamp", Text(text)) => format::is_time(&text, false).then_some(Value::Other),
        ("timestamp", Int(n)) => {
            let possible = -62_135_596_800..=253_402_300_799;
            possible.contains(&n).then_some(Value::Time(n))
        }
        ("uint", Text(text)) => {
            let number = text.parse().ok().filter(|_| !text.starts_with('+'));
            number.map(|n| Value::Literal(Uint(n)))
        }
        ("uint", Int(n)) => u64::try_from(n).ok().map(|n| Value::Literal(Uint(n))),
        ("uint", Double(n)) => (0.0..1.85e19).contains(&n).then_some(Value::Other),
        (_, same) => Some(Value::Literal(same)),
    };
    converted.ok_or_else(|| {
        let message = match name {
            "duration" => "this is no duration such as `1h30m`".to_owned(),
            "timestamp" => "this is no time such as `2026-01-31T12:00:00Z`".to_owned(),
            "string" => "these bytes are no valid UTF-8".to_owned(),
            _ => format!("`{name}` cannot convert this value"),
        };
        Problem::new(tree.span(arg), message)
    })
}

/// A number as Go reads it; of hexadecimal ones nothing is said.
fn is_double(text: &str) -> bool {
    if let Ok(n) = text.parse::<f64>() {
        return n.is_finite() || !text.contains(|c: char| c.is_ascii_digit());
    }
    let digits = text.trim_start_matches(['+', '-']);
    digits.starts_with("0x") || digits.starts_with("0X")
}
