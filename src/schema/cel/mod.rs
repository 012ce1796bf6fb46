//! Expressions in CEL: whether the compiler of Kubernetes takes one, and of which type its result is.
//!
//! A text becomes tokens (`lex`), a tree in which macros are loops already (`parse`), and each node of the tree gets a type (`check`), by
//! the functions and the objects that `schemas/cel` lists. What the compiler finds out of constants alone is looked for last (`constant`,
//! `format`). The judge is cel-go 0.29 in the environments of k8s.io/apiserver; where an expression is too deep or too large to be
//! judged, nothing is said of it.

mod check;
mod constant;
mod cost;
mod format;
mod lex;
mod macros;
mod parse;
mod types;

#[cfg(test)]
mod tests;

pub(super) use types::Type;

use std::collections::HashMap;
use std::ops::Range;

/// Characters that an expression may have (cel-go's parser).
const MAX_CHARS: usize = 100_000;

/// What the compiler rejects, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    /// Bytes of the expression.
    pub(super) span: Range<usize>,
    /// What is wrong, as a clause: ``there is no `foo` here``.
    pub(super) message: String,
    /// Whether it names a variable or the parameters of its policy, which has none.
    pub(super) is_reference: bool,
}

impl Problem {
    fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            is_reference: false,
        }
    }

    fn reference_if(self, is_reference: bool) -> Self {
        Self {
            is_reference,
            ..self
        }
    }

    /// The same in a text that has so many bytes before.
    fn behind(self, at: usize) -> Self {
        Self {
            span: self.span.start + at..self.span.end + at,
            ..self
        }
    }
}

/// Fields of an object whose type a schema tells, which the environment numbers.
pub(super) type SchemaFields<'e> = &'e dyn Fn(u32, &str) -> Option<Type>;

/// Whether a name is a word that CEL keeps for itself.
pub(super) fn is_reserved(name: &str) -> bool {
    parse::RESERVED.contains(&name)
}

/// How large the value at a path of the schema may be.
pub(super) type SchemaSizes<'e> = &'e dyn Fn(&[&str]) -> Option<u64>;

/// What an expression may use.
pub(super) struct Environment<'e> {
    /// The newest release of Kubernetes' base environment whose functions there are.
    pub(super) release: u8,
    /// Variables and their types; a name may have dots.
    pub(super) variables: Vec<(&'static str, Type)>,
    /// The fields of `variables`.
    pub(super) composed: HashMap<&'e str, Type>,
    /// The fields of objects that a schema describes.
    pub(super) fields: SchemaFields<'e>,
    /// The sizes of what a schema describes, if the cost is to be reckoned.
    pub(super) sizes: Option<SchemaSizes<'e>>,
    /// Whether there are `Object` and `JSONPatch`.
    pub(super) patches: bool,
    /// Whether there is `cel.bind`.
    pub(super) bind: bool,
}

impl Environment<'_> {
    pub(super) fn new(release: u8, variables: &[(&'static str, &'static str)]) -> Self {
        let of = |(name, ty): &(&'static str, &'static str)| (*name, Type::read(ty));
        Self {
            release,
            variables: variables.iter().map(of).collect(),
            composed: HashMap::new(),
            fields: &|_, _| None,
            sizes: None,
            patches: false,
            bind: false,
        }
    }
}

/// What the compiler takes.
pub(super) struct Compiled {
    /// The type of its result; [`Type::Error`] where that is not known.
    pub(super) ty: Type,
    pub(super) uses_old_self: bool,
    /// The most that it may cost, where that is asked for and known.
    pub(super) cost: Option<u64>,
}

/// What the compiler makes of an expression, or why it rejects it.
pub(super) fn compile(text: &str, environment: &Environment<'_>) -> Result<Compiled, Problem> {
    if text.len() > MAX_CHARS && text.chars().nth(MAX_CHARS).is_some() {
        let message = format!("an expression has at most {MAX_CHARS} characters");
        return Err(Problem::new(0..text.len(), message));
    }
    let tree = parse::parse(text, environment)?;
    if tree.is_deep() {
        return Ok(Compiled {
            ty: Type::Error,
            uses_old_self: false,
            cost: None,
        });
    }
    check::check(&tree, environment)
}
