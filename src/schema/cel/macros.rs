//! Macros of CEL: the loops and presence tests that cel-go's parser makes of them.

use super::Problem;
use super::parse::{Expr, Id, Literal, Loop, Parser, UNUSED};
use std::ops::Range;

/// The variable in which a loop collects its result.
const RESULT: &str = "@result";

impl<'t> Parser<'t> {
    /// What a macro stands for; `None` where a function is meant.
    pub(super) fn macro_call(
        &mut self,
        of: Option<Id>,
        name: &'t str,
        args: &[Id],
        span: &Range<usize>,
    ) -> Result<Option<Id>, Problem> {
        let Some(of) = of else {
            return match (name, args) {
                ("has", [arg]) => self.presence(*arg).map(Some),
                _ => Ok(None),
            };
        };
        let two = self.release >= 32;
        let cel = matches!(self.tree.expr(of), Some(Expr::Name("cel", false)));
        let variables = match (name, args.len()) {
            ("all" | "exists" | "exists_one" | "filter" | "map", 2) | ("map", 3) => 1,
            ("all" | "exists" | "exists_one" | "existsOne", 3)
            | ("transformList" | "transformMap" | "transformMapEntry", 3 | 4)
                if two =>
            {
                2
            }
            ("optMap" | "optFlatMap", 2) if self.release >= 28 => 1,
            ("sortBy", 2) if self.release >= 34 => 1,
            ("bind", 3) if self.bind && cel => 1,
            _ => return Ok(None),
        };
        let (names, body) = args.split_at_checked(variables).unwrap_or_default();
        let names = self.loop_names(names)?;
        let (condition, value) = match body {
            [condition, value] => (Some(*condition), *value),
            [value] => (None, *value),
            _ => return Ok(None),
        };
        let id = match name {
            "bind" => {
                let init = condition.unwrap_or(value);
                self.binding(&names, init, value, span)
            }
            "optMap" | "optFlatMap" => self.optional_map(of, &names, value, name == "optMap", span),
            "sortBy" => {
                let mapped = self.macro_loop(of, "map", names, None, value, span);
                self.tree
                    .call(Some(of), "@sortByAssociatedKeys", vec![mapped], span)
            }
            _ => self.macro_loop(of, name, names, condition, value, span),
        };
        Ok(Some(id))
    }

    /// `has(object.field)`
    fn presence(&mut self, arg: Id) -> Result<Id, Problem> {
        let span = self.tree.span(arg);
        match self.tree.expr(arg) {
            Some(&Expr::Select {
                of,
                field,
                optional: false,
                ..
            }) => {
                let expr = Expr::Select {
                    of,
                    field,
                    test: true,
                    optional: false,
                };
                Ok(self.tree.add(expr, span))
            }
            _ => Err(Problem::new(
                span,
                "`has` takes the field of an object: `has(object.field)`",
            )),
        }
    }

    fn loop_names(&self, ids: &[Id]) -> Result<Vec<&'t str>, Problem> {
        let mut names = Vec::new();
        for id in ids {
            let span = self.tree.span(*id);
            match self.tree.expr(*id) {
                Some(Expr::Name("__result__", _)) => {
                    return Err(Problem::new(span, "`__result__` is the macro's own"));
                }
                Some(Expr::Name(name, _)) if names.contains(name) => {
                    return Err(Problem::new(span, format!("`{name}` is there twice")));
                }
                Some(Expr::Name(name, _)) => names.push(*name),
                _ => {
                    let message = "the macro wants the name of a variable here";
                    return Err(Problem::new(span, message));
                }
            }
        }
        Ok(names)
    }

    fn literal_node(&mut self, literal: Literal, span: &Range<usize>) -> Id {
        self.tree.add(Expr::Literal(literal), span.clone())
    }

    fn result_name(&mut self, span: &Range<usize>) -> Id {
        self.tree.add(Expr::Name(RESULT, false), span.clone())
    }

    /// A loop that collects something in `@result`.
    fn macro_loop(
        &mut self,
        range: Id,
        name: &str,
        names: Vec<&'t str>,
        condition: Option<Id>,
        value: Id,
        span: &Range<usize>,
    ) -> Id {
        let one = |p: &mut Self| p.literal_node(Literal::Int(1), span);
        let own = self.result_name(span);
        let mut result = own;
        let first = names.first().copied().unwrap_or_default();
        let (init, step) = match name {
            "all" | "exists" => {
                let init = self.literal_node(Literal::Bool(name == "all"), span);
                let operator = if name == "all" { "_&&_" } else { "_||_" };
                (init, self.tree.call(None, operator, vec![own, value], span))
            }
            "exists_one" | "existsOne" => {
                let init = self.literal_node(Literal::Int(0), span);
                let counted = one(self);
                let more = self.tree.call(None, "_+_", vec![own, counted], span);
                let counted = one(self);
                result = self.tree.call(None, "_==_", vec![own, counted], span);
                (
                    init,
                    self.tree.call(None, "_?_:_", vec![value, more, own], span),
                )
            }
            "transformMap" | "transformMapEntry" => {
                let init = self.tree.add(Expr::Map(Vec::new()), span.clone());
                let args = if name == "transformMap" {
                    let key = self.tree.add(Expr::Name(first, false), span.clone());
                    vec![own, key, value]
                } else {
                    vec![own, value]
                };
                (init, self.tree.call(None, "cel.@mapInsert", args, span))
            }
            _ => {
                let init = self.tree.add(Expr::List(Vec::new()), span.clone());
                let item = if name == "filter" {
                    self.tree.add(Expr::Name(first, false), span.clone())
                } else {
                    value
                };
                let item = self.tree.add(Expr::List(vec![(item, false)]), span.clone());
                (init, self.tree.call(None, "_+_", vec![own, item], span))
            }
        };
        let condition = if name == "filter" {
            Some(value)
        } else {
            condition
        };
        let step = match condition {
            Some(condition) => self
                .tree
                .call(None, "_?_:_", vec![condition, step, own], span),
            None => step,
        };
        let each = Loop {
            range,
            names,
            result_name: RESULT,
            init,
            step,
            result,
        };
        self.tree.add(Expr::Loop(each), span.clone())
    }

    /// A variable: the loop over nothing that begins with its value.
    fn binding(&mut self, names: &[&'t str], init: Id, value: Id, span: &Range<usize>) -> Id {
        let name = names.first().copied().unwrap_or_default();
        let range = self.tree.add(Expr::List(Vec::new()), span.clone());
        let step = self.tree.add(Expr::Name(name, false), span.clone());
        let each = Loop {
            range,
            names: vec![UNUSED],
            result_name: name,
            init,
            step,
            result: value,
        };
        self.tree.add(Expr::Loop(each), span.clone())
    }

    /// `of.hasValue() ? optional.of(value with the name bound) : optional.none()`
    fn optional_map(
        &mut self,
        of: Id,
        names: &[&'t str],
        value: Id,
        wrap: bool,
        span: &Range<usize>,
    ) -> Id {
        let has = self.tree.call(Some(of), "hasValue", Vec::new(), span);
        let init = self.tree.call(Some(of), "value", Vec::new(), span);
        let mut mapped = self.binding(names, init, value, span);
        if wrap {
            mapped = self.tree.call(None, "optional.of", vec![mapped], span);
        }
        let none = self.tree.call(None, "optional.none", Vec::new(), span);
        self.tree.call(None, "_?_:_", vec![has, mapped, none], span)
    }
}
