//! The grammar of CEL, and its macros: the tree that cel-go's checker gets.

use super::lex::{Kind, Token, tokens};
use super::{Environment, Problem};
use std::ops::Range;

/// Expressions within expressions that cel-go's parser goes through.
const MAX_NESTING: usize = 250;

/// Nodes above each other that are still judged.
const MAX_DEPTH: u32 = 120;

/// The variable of a loop that goes through nothing.
pub(super) const UNUSED: &str = "#unused";

/// A node, by its number.
pub(super) type Id = usize;

/// A value in the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A loop, which a macro stands for.
#[derive(Debug)]
pub(super) struct Loop<'t> {
    pub(super) range: Id,
    pub(super) names: Vec<&'t str>,
    pub(super) result_name: &'t str,
    pub(super) init: Id,
    pub(super) step: Id,
    pub(super) result: Id,
}

#[derive(Debug)]
pub(super) enum Expr<'t> {
    Literal(Literal),
    /// A name; whether a dot before it says that no loop's variable is meant.
    Name(&'t str, bool),
    Select {
        of: Id,
        field: &'t str,
        /// `has(of.field)`
        test: bool,
        /// `of.?field`
        optional: bool,
    },
    Call {
        of: Option<Id>,
        name: &'t str,
        args: Vec<Id>,
    },
    /// Items, and whether each is optional.
    List(Vec<(Id, bool)>),
    Map(Vec<(Id, Id, bool)>),
    Message {
        name: String,
        fields: Vec<(&'t str, Id, bool)>,
    },
    Loop(Loop<'t>),
}

#[derive(Debug)]
pub(super) struct Node<'t> {
    pub(super) expr: Expr<'t>,
    /// Where a problem of it is shown.
    pub(super) span: Range<usize>,
    depth: u32,
}

#[derive(Debug, Default)]
pub(super) struct Tree<'t> {
    pub(super) nodes: Vec<Node<'t>>,
    pub(super) root: Id,
}

impl Loop<'_> {
    /// Whether it gives a value a name, and goes through nothing.
    pub(super) fn is_binding(&self) -> bool {
        self.names == [UNUSED]
    }
}

impl<'t> Tree<'t> {
    pub(super) fn node(&self, id: Id) -> Option<&Node<'t>> {
        self.nodes.get(id)
    }

    pub(super) fn expr(&self, id: Id) -> Option<&Expr<'t>> {
        self.node(id).map(|node| &node.expr)
    }

    pub(super) fn span(&self, id: Id) -> Range<usize> {
        self.node(id).map_or(0..0, |node| node.span.clone())
    }

    /// Whether it is too deep to be walked.
    pub(super) fn is_deep(&self) -> bool {
        self.nodes.iter().any(|node| node.depth > MAX_DEPTH)
    }

    pub(super) fn add(&mut self, expr: Expr<'t>, span: Range<usize>) -> Id {
        let depth = |id: &Id| self.node(*id).map_or(0, |node| node.depth);
        let below = match &expr {
            Expr::Literal(_) | Expr::Name(..) => 0,
            Expr::Select { of, .. } => depth(of),
            Expr::Call { of, args, .. } => args.iter().chain(of).map(depth).max().unwrap_or(0),
            Expr::List(items) => items.iter().map(|(id, _)| depth(id)).max().unwrap_or(0),
            Expr::Map(pairs) => {
                let deeper = |(key, value, _): &(Id, Id, bool)| depth(key).max(depth(value));
                pairs.iter().map(deeper).max().unwrap_or(0)
            }
            Expr::Message { fields, .. } => {
                fields.iter().map(|(_, id, _)| depth(id)).max().unwrap_or(0)
            }
            Expr::Loop(each) => [each.range, each.init, each.step, each.result]
                .iter()
                .map(depth)
                .max()
                .unwrap_or(0),
        };
        self.nodes.push(Node {
            expr,
            span,
            depth: below + 1,
        });
        self.nodes.len() - 1
    }

    pub(super) fn call(
        &mut self,
        of: Option<Id>,
        name: &'t str,
        args: Vec<Id>,
        span: &Range<usize>,
    ) -> Id {
        self.add(Expr::Call { of, name, args }, span.clone())
    }
}

/// The tree of a text.
pub(super) fn parse<'t>(text: &'t str, environment: &Environment<'_>) -> Result<Tree<'t>, Problem> {
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        at: 0,
        nesting: 0,
        tree: Tree::default(),
        release: environment.release,
        bind: environment.bind,
    };
    let root = parser.expr()?;
    if parser.kind() != &Kind::End {
        return Err(parser.unexpected("the end of the expression"));
    }
    parser.tree.root = root;
    Ok(parser.tree)
}

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    nesting: usize,
    pub(super) tree: Tree<'t>,
    pub(super) release: u8,
    pub(super) bind: bool,
}

/// Words that are no names of variables and functions.
pub(super) const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// Operators between two sides: how strongly they bind, and the function that each stands for.
fn operator(sign: &str) -> Option<(u8, &'static str)> {
    Some(match sign {
        "||" => (1, "_||_"),
        "&&" => (2, "_&&_"),
        "<" => (3, "_<_"),
        "<=" => (3, "_<=_"),
        ">" => (3, "_>_"),
        ">=" => (3, "_>=_"),
        "==" => (3, "_==_"),
        "!=" => (3, "_!=_"),
        "in" => (3, "@in"),
        "+" => (4, "_+_"),
        "-" => (4, "_-_"),
        "*" => (5, "_*_"),
        "/" => (5, "_/_"),
        "%" => (5, "_%_"),
        _ => return None,
    })
}

impl<'t> Parser<'t> {
    fn kind(&self) -> &Kind {
        self.tokens.get(self.at).map_or(&Kind::End, |t| &t.kind)
    }

    fn kind_at(&self, at: usize) -> &Kind {
        self.tokens.get(at).map_or(&Kind::End, |t| &t.kind)
    }

    fn span(&self) -> Range<usize> {
        let end = self.text.len();
        self.tokens
            .get(self.at)
            .map_or(end..end, |t| t.span.clone())
    }

    fn slice(&self, span: &Range<usize>) -> &'t str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.kind(), Kind::Sign(s) if *s == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self, wanted: &str) -> Problem {
        let span = self.span();
        if self.kind() == &Kind::End {
            let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
            let span = before.map_or(span, |token| token.span.clone());
            return Problem::new(span, format!("it ends where {wanted} is expected"));
        }
        let shown: String = self.slice(&span).chars().take(40).collect();
        Problem::new(span, format!("`{shown}` where {wanted} is expected"))
    }

    fn expect(&mut self, sign: &str) -> Result<(), Problem> {
        if self.eat(sign) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{sign}`")))
    }

    fn expr(&mut self) -> Result<Id, Problem> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(Problem::new(self.span(), "it is nested too deeply"));
        }
        let mut found = self.binary(1)?;
        let span = self.span();
        if self.eat("?") {
            let then = self.binary(1)?;
            self.expect(":")?;
            let other = self.expr()?;
            found = self
                .tree
                .call(None, "_?_:_", vec![found, then, other], &span);
        }
        self.nesting -= 1;
        Ok(found)
    }

    /// Operators that bind at least so strongly, from the left to the right.
    fn binary(&mut self, least: u8) -> Result<Id, Problem> {
        let mut left = self.unary()?;
        while let &Kind::Sign(sign) = self.kind() {
            let Some((strength, name)) = operator(sign).filter(|(s, _)| *s >= least) else {
                break;
            };
            let span = self.span();
            let mut sides = vec![left];
            while self.eat(sign) {
                sides.push(self.binary(strength + 1)?);
                // Of `&&` and `||` there may be hundreds in a row, which are one node.
                if strength > 2 {
                    break;
                }
            }
            left = self.tree.call(None, name, sides, &span);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Id, Problem> {
        let span = self.span();
        let sign = match self.kind() {
            Kind::Sign(sign @ ("!" | "-")) => *sign,
            _ => return self.member(),
        };
        let mut count = 0;
        // A minus right before a number is part of it.
        let of_number =
            |p: &Self| sign == "-" && matches!(p.kind_at(p.at + 1), Kind::Int | Kind::Double);
        while self.is(sign) && !of_number(self) {
            self.at += 1;
            count += 1;
        }
        let value = self.member()?;
        if count % 2 == 0 {
            return Ok(value);
        }
        let name = if sign == "!" { "!_" } else { "-_" };
        Ok(self.tree.call(None, name, vec![value], &span))
    }

    fn member(&mut self) -> Result<Id, Problem> {
        let mut of = self.primary()?;
        loop {
            let span = self.span();
            if self.eat(".") {
                let optional = self.optional();
                let name_span = self.span();
                let (name, may_be_called) = self.field_name()?;
                if may_be_called && !optional && self.eat("(") {
                    let args = self.list_of(")")?;
                    of = self.call(Some(of), name, args, &name_span)?;
                } else {
                    let expr = Expr::Select {
                        of,
                        field: name,
                        test: false,
                        optional,
                    };
                    of = self.tree.add(expr, name_span);
                }
            } else if self.eat("[") {
                let name = if self.optional() { "_[?_]" } else { "_[_]" };
                let index = self.expr()?;
                self.expect("]")?;
                of = self.tree.call(None, name, vec![of, index], &span);
            } else {
                return Ok(of);
            }
        }
    }

    /// The `?` of what may be absent.
    fn optional(&mut self) -> bool {
        self.release >= 28 && self.eat("?")
    }

    /// A name behind a dot, and whether a function may be called so.
    fn field_name(&mut self) -> Result<(&'t str, bool), Problem> {
        let name = self.slice(&self.span());
        let found = match self.kind() {
            Kind::Name => (name, true),
            Kind::Escaped => (name.trim_matches('`'), false),
            _ => return Err(self.unexpected("a name")),
        };
        self.at += 1;
        Ok(found)
    }

    /// Expressions up to a closing bracket.
    fn list_of(&mut self, close: &'static str) -> Result<Vec<Id>, Problem> {
        let mut found = Vec::new();
        if self.eat(close) {
            return Ok(found);
        }
        loop {
            found.push(self.expr()?);
            if !self.eat(",") {
                self.expect(close)?;
                return Ok(found);
            }
        }
    }

    /// Entries up to a closing bracket, which a comma may follow.
    fn entries<T>(
        &mut self,
        close: &'static str,
        mut entry: impl FnMut(&mut Self, bool) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut found = Vec::new();
        while !self.is(close) && !self.is(",") {
            let optional = self.optional();
            found.push(entry(self, optional)?);
            if !self.eat(",") {
                self.expect(close)?;
                return Ok(found);
            }
            if self.eat(close) {
                return Ok(found);
            }
            if self.is(",") {
                return Err(self.unexpected("an expression"));
            }
        }
        self.eat(",");
        self.expect(close)?;
        Ok(found)
    }

    fn primary(&mut self) -> Result<Id, Problem> {
        let span = self.span();
        if self.eat("(") {
            let found = self.expr()?;
            self.expect(")")?;
            return Ok(found);
        }
        if self.eat("[") {
            let items = self.entries("]", |p, optional| Ok((p.expr()?, optional)))?;
            return Ok(self.tree.add(Expr::List(items), span));
        }
        if self.eat("{") {
            let pairs = self.entries("}", |p, optional| {
                let key = p.expr()?;
                p.expect(":")?;
                Ok((key, p.expr()?, optional))
            })?;
            return Ok(self.tree.add(Expr::Map(pairs), span));
        }
        if let Some(literal) = self.literal()? {
            let span = span.start..self.end();
            return Ok(self.tree.add(Expr::Literal(literal), span));
        }
        let global = self.eat(".");
        if self.kind() != &Kind::Name {
            return Err(self.unexpected("an expression"));
        }
        if let Some(message) = self.message()? {
            return Ok(message);
        }
        let span = self.span();
        let name = self.slice(&span);
        if RESERVED.contains(&name) {
            let message = format!("`{name}` is a reserved word, and no name");
            return Err(Problem::new(span, message));
        }
        self.at += 1;
        if self.eat("(") {
            let args = self.list_of(")")?;
            if global {
                return Ok(self.tree.call(None, name, args, &span));
            }
            return self.call(None, name, args, &span);
        }
        Ok(self.tree.add(Expr::Name(name, global), span))
    }

    /// Where the token before ends.
    fn end(&self) -> usize {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.map_or(0, |t| t.span.end)
    }

    /// `Name.of.message{field: value}`, if it is one.
    fn message(&mut self) -> Result<Option<Id>, Problem> {
        let span = self.span();
        let mut last = self.at;
        while self.kind_at(last + 1) == &Kind::Sign(".") && self.kind_at(last + 2) == &Kind::Name {
            last += 2;
        }
        if self.kind_at(last + 1) != &Kind::Sign("{") {
            return Ok(None);
        }
        let parts = self.tokens.get(self.at..=last).unwrap_or_default();
        let parts = parts.iter().map(|token| self.slice(&token.span));
        let name: String = parts.collect();
        self.at = last + 2;
        let fields = self.entries("}", |p, optional| {
            let (field, _) = p.field_name()?;
            p.expect(":")?;
            Ok((field, p.expr()?, optional))
        })?;
        Ok(Some(self.tree.add(Expr::Message { name, fields }, span)))
    }

    fn literal(&mut self) -> Result<Option<Literal>, Problem> {
        let minus = self.is("-");
        if minus {
            self.at += 1;
        }
        let token = self.span();
        let text = self.slice(&token);
        let wrong = |what: &str| {
            Err(Problem::new(
                token.clone(),
                format!("`{text}` is no {what}"),
            ))
        };
        let found = match self.kind() {
            Kind::Int => {
                let (digits, radix) = match text.strip_prefix("0x") {
                    Some(digits) => (digits, 16),
                    None => (text, 10),
                };
                let sign = if minus { "-" } else { "" };
                match i64::from_str_radix(&format!("{sign}{digits}"), radix) {
                    Ok(value) => Literal::Int(value),
                    Err(_) => return wrong("integer of 64 bits"),
                }
            }
            Kind::Double => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => {
                    Literal::Double(if minus { -value } else { value })
                }
                _ => return wrong("number of 64 bits"),
            },
            _ if minus => {
                self.at -= 1;
                return Ok(None);
            }
            Kind::Uint => {
                let digits = text.trim_end_matches(['u', 'U']);
                let value = match digits.strip_prefix("0x") {
                    Some(digits) => u64::from_str_radix(digits, 16),
                    None => digits.parse(),
                };
                match value {
                    Ok(value) => Literal::Uint(value),
                    Err(_) => return wrong("unsigned integer of 64 bits"),
                }
            }
            Kind::Text(value) => Literal::Text(value.clone()),
            Kind::Bytes(value) => Literal::Bytes(value.clone()),
            Kind::Sign("true") => Literal::Bool(true),
            Kind::Sign("false") => Literal::Bool(false),
            Kind::Sign("null") => Literal::Null,
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(found))
    }

    fn call(
        &mut self,
        of: Option<Id>,
        name: &'t str,
        args: Vec<Id>,
        span: &Range<usize>,
    ) -> Result<Id, Problem> {
        if let Some(found) = self.macro_call(of, name, &args, span)? {
            return Ok(found);
        }
        Ok(self.tree.call(of, name, args, span))
    }
}
