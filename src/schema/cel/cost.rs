//! The most that an expression may cost, as cel-go and Kubernetes reckon it before it runs (checker/cost.go, pkg/cel/library/cost.go).
//! Only the upper bound is reckoned. Of an expression with a function whose cost is not known here, nothing is said.

use super::SchemaSizes;
use super::check::Checked;
use super::parse::{Expr, Id, Literal, Loop};
use super::types::{Function, Type};
use std::collections::HashMap;

/// Of a walk over a text.
const TRAVERSAL: f64 = 0.1;

/// Of a character of a pattern.
const PATTERN: f64 = 0.25;

/// Nodes that are walked: macros use some of them twice.
const MAX_STEPS: usize = 100_000;

/// How large the keys and values of a list or a map are.
#[derive(Clone, Copy)]
struct Entries {
    is_list: bool,
    key: u64,
    value: u64,
}

impl Entries {
    fn union(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        let (a, b) = (a?, b?);
        Some(Self {
            is_list: a.is_list,
            key: a.key.max(b.key),
            value: a.value.max(b.value),
        })
    }
}

/// A variable of a loop.
struct Local<'t> {
    name: &'t str,
    path: Vec<&'t str>,
    size: Option<u64>,
    entries: Option<Entries>,
}

/// What a call costs besides its arguments, and the size of its result.
type CallCost = (u64, Option<u64>);

/// The cost of an expression; `None` where it is not known.
pub(super) fn cost(checked: &Checked<'_, '_>, sizes: SchemaSizes<'_>) -> Option<u64> {
    let mut coster = Coster {
        checked,
        schema: sizes,
        sizes: HashMap::new(),
        entries: HashMap::new(),
        paths: HashMap::new(),
        locals: Vec::new(),
        steps: 0,
    };
    coster.cost(checked.tree.root)
}

struct Coster<'c, 't> {
    checked: &'c Checked<'c, 't>,
    schema: SchemaSizes<'c>,
    sizes: HashMap<Id, u64>,
    entries: HashMap<Id, Entries>,
    /// Where in the schema a value comes from.
    paths: HashMap<Id, Vec<&'t str>>,
    locals: Vec<Local<'t>>,
    steps: usize,
}

fn times(size: u64, factor: f64) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "as the server reckons; a number that is too large becomes the largest"
    )]
    {
        (size as f64 * factor).ceil() as u64
    }
}

impl<'t> Coster<'_, 't> {
    fn ty(&self, id: Id) -> &Type {
        self.checked.types.get(id).unwrap_or(&Type::Error)
    }

    fn local(&self, name: &str) -> Option<&Local<'t>> {
        self.locals.iter().rev().find(|local| local.name == name)
    }

    fn path(&self, id: Id) -> Vec<&'t str> {
        if let Some(Expr::Name(name, _)) = self.checked.tree.expr(id)
            && let Some(local) = self.local(name)
        {
            return local.path.clone();
        }
        self.paths.get(&id).cloned().unwrap_or_default()
    }

    fn size(&mut self, id: Id) -> Option<u64> {
        if let Some(size) = self.sizes.get(&id) {
            return Some(*size);
        }
        let checked = self.checked;
        let count = |n: usize| u64::try_from(n).ok();
        match checked.tree.expr(id)? {
            Expr::Literal(Literal::Text(text)) => return count(text.chars().count()),
            Expr::Literal(Literal::Bytes(bytes)) => return count(bytes.len()),
            Expr::Literal(_) => return Some(1),
            Expr::List(items) => return count(items.len()),
            Expr::Map(pairs) => return count(pairs.len()),
            _ => {}
        }
        if let Some(size) = self.size_at(&self.path(id)) {
            self.sizes.insert(id, size);
            return Some(size);
        }
        if is_scalar(self.ty(id)) {
            return Some(1);
        }
        match checked.tree.expr(id)? {
            Expr::Name(name, _) => self.local(name)?.size,
            _ => None,
        }
    }

    fn size_at(&self, path: &[&str]) -> Option<u64> {
        let (_, rest) = path.split_first()?;
        (self.schema)(rest)
    }

    fn size_or_unknown(&mut self, id: Id) -> u64 {
        self.size(id).unwrap_or(u64::MAX)
    }

    fn entries(&self, id: Id) -> Option<Entries> {
        if let Some(entries) = self.entries.get(&id) {
            return Some(*entries);
        }
        match self.checked.tree.expr(id)? {
            Expr::Name(name, _) => self.local(name)?.entries,
            _ => None,
        }
    }

    fn cost(&mut self, id: Id) -> Option<u64> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return None;
        }
        let checked = self.checked;
        Some(match checked.tree.expr(id)? {
            Expr::Literal(_) => 0,
            Expr::Name(name, _) => {
                let path = match self.local(name) {
                    Some(local) => local.path.clone(),
                    None => vec![*name],
                };
                self.paths.insert(id, path);
                1
            }
            Expr::Select {
                of,
                field,
                test,
                optional,
            } => {
                let below = self.cost(*of)?;
                if *test {
                    return Some(below);
                }
                if *optional {
                    if let Some(size) = self.size(id) {
                        self.sizes.insert(id, size);
                    }
                    return Some(below.saturating_add(1));
                }
                let has_cost = match self.ty(*of) {
                    Type::Map(_) | Type::Schema(_) | Type::Object(_) => 1,
                    Type::Patch(_) | Type::Opaque(_) => return None,
                    _ => 0,
                };
                let mut path = self.path(*of);
                path.push(field);
                self.paths.insert(id, path);
                below.saturating_add(has_cost)
            }
            Expr::Call { of, name, args } => self.call(id, *of, name, args)?,
            Expr::List(items) => {
                let (mut sum, mut value) = (10_u64, 0);
                for (item, _) in items {
                    sum = sum.saturating_add(self.cost(*item)?);
                    value = value.max(self.size_or_unknown(*item));
                }
                let entries = Entries {
                    is_list: true,
                    key: 1,
                    value,
                };
                self.entries.insert(id, entries);
                sum
            }
            Expr::Map(pairs) => {
                let (mut sum, mut largest_key, mut largest) = (30_u64, 0, 0);
                for (key, value, _) in pairs {
                    sum = sum.saturating_add(self.cost(*key)?);
                    sum = sum.saturating_add(self.cost(*value)?);
                    largest_key = self.size_or_unknown(*key).max(largest_key);
                    largest = self.size_or_unknown(*value).max(largest);
                }
                let entries = Entries {
                    is_list: false,
                    key: largest_key,
                    value: largest,
                };
                self.entries.insert(id, entries);
                sum
            }
            Expr::Message { .. } => return None,
            Expr::Loop(each) => self.each(id, each)?,
        })
    }

    fn each(&mut self, id: Id, each: &Loop<'t>) -> Option<u64> {
        let mut sum = self.cost(each.range)?;
        sum = sum.saturating_add(self.cost(each.init)?);
        let outer = self.locals.len();
        let local = Local {
            name: each.result_name,
            path: self.path(each.init),
            size: self.size(each.init),
            entries: self.entries(each.init),
        };
        self.locals.push(local);
        if each.is_binding() {
            sum = sum.saturating_add(self.cost(each.result)?);
            self.locals.truncate(outer);
            if let Some(size) = self.size(each.result) {
                self.sizes.insert(id, size);
            }
            if let Some(entries) = self.entries(each.result) {
                self.entries.insert(id, entries);
            }
            return Some(sum);
        }
        let entries = self.entries(each.range);
        let is_list = match (entries, self.ty(each.range)) {
            (Some(entries), _) => entries.is_list,
            (None, ty) => matches!(ty, Type::List(_)),
        };
        let (keys, values) = if is_list {
            ("@indices", "@items")
        } else {
            ("@keys", "@values")
        };
        let (key, value) = (entries.map(|e| e.key), entries.map(|e| e.value));
        let of = |name: &'t str, step: &'static str, size| (name, step, size);
        let variables = match each.names.as_slice() {
            [one] if is_list => vec![of(one, values, value)],
            [one] => vec![of(one, keys, key)],
            [one, two] => vec![of(one, keys, key), of(two, values, value)],
            _ => return None,
        };
        for (name, step, size) in variables {
            let mut path = self.path(each.range);
            path.push(step);
            self.locals.push(Local {
                name,
                path,
                size,
                entries: None,
            });
        }
        // What the macro asks before each step.
        let condition: u64 = match self.checked.tree.expr(each.step)? {
            Expr::Call { name: "_&&_", .. } => 2,
            Expr::Call { name: "_||_", .. } => 3,
            _ => 0,
        };
        let step = self.cost(each.step)?;
        self.locals.truncate(outer + 1);
        sum = sum.saturating_add(self.cost(each.result)?);
        self.locals.truncate(outer);
        let count = self.size_or_unknown(each.range);
        sum = sum.saturating_add(count.saturating_mul(step.saturating_add(condition)));
        if let Expr::Literal(_) = self.checked.tree.expr(each.init)? {
            self.sizes.insert(id, 1);
        } else {
            self.sizes.insert(id, count);
            if let Some(entries) = self.entries(each.step) {
                self.entries.insert(id, entries);
            }
        }
        Some(sum)
    }

    fn call(&mut self, id: Id, of: Option<Id>, name: &'t str, args: &[Id]) -> Option<u64> {
        let mut sum = 0_u64;
        let mut costs = Vec::with_capacity(args.len());
        for arg in args {
            let cost = self.cost(*arg)?;
            costs.push(cost);
            sum = sum.saturating_add(cost);
        }
        if name == "dyn" && of.is_none() {
            let arg = *args.first()?;
            if let Some(size) = self.size(arg) {
                self.sizes.insert(id, size);
            }
            if let Some(entries) = self.entries(arg) {
                self.entries.insert(id, entries);
            }
            return Some(sum.saturating_add(1));
        }
        if let Some(of) = of.filter(|_| !self.checked.is_namespace(id)) {
            sum = sum.saturating_add(self.cost(of)?);
        }
        if matches!(name, "_&&_" | "_||_") {
            self.sizes.insert(id, 1);
            return Some(sum);
        }
        if name == "_?_:_" {
            let &[_, then, other] = args else { return None };
            let size = self.size_or_unknown(then).max(self.size_or_unknown(other));
            self.sizes.insert(id, size);
            if let Some(entries) = Entries::union(self.entries(then), self.entries(other)) {
                self.entries.insert(id, entries);
            }
            let &[condition, then, other] = costs.as_slice() else {
                return None;
            };
            return Some(condition.saturating_add(then.max(other)));
        }
        let (mut largest, mut size) = (0, None);
        let checked = self.checked;
        for function in checked.overloads(id) {
            let (own, result) = self.function(id, function, of, args)?;
            largest = own.max(largest);
            if let Some(result) = result {
                size = Some(result.max(size.unwrap_or(0)));
            }
            if function.name == "_[_]" {
                let list = *args.first()?;
                size = self.entries(list).map(|entries| entries.value);
                let mut path = self.path(list);
                match function.args {
                    "list($A) int" => path.push("@items"),
                    "map($A,$B) $A" => path.push("@values"),
                    _ => return None,
                }
                self.paths.insert(id, path);
            }
            if size.is_none() {
                size = self.size(id);
            }
        }
        if let Some(size) = size {
            self.sizes.insert(id, size);
        }
        Some(sum.saturating_add(largest))
    }

    /// The size of the items of a list.
    fn item(&self, list: Id) -> Option<(Type, u64)> {
        let item = match self.ty(list) {
            Type::List(item) => (**item).clone(),
            _ => return None,
        };
        let mut path = self.path(list);
        // What a loop collects has no place in the schema.
        let own = path.is_empty();
        path.push("@items");
        let size = if own { None } else { self.size_at(&path) };
        Some((item, size.unwrap_or(u64::MAX)))
    }

    fn function(
        &mut self,
        id: Id,
        function: &Function,
        of: Option<Id>,
        args: &[Id],
    ) -> Option<CallCost> {
        let first = args.first().copied();
        let walk = |size: u64| times(size, TRAVERSAL);
        Some(match (function.name, of, first) {
            ("isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf", Some(of), _) => {
                let size = self.size_or_unknown(of);
                match self.item(of) {
                    Some((Type::Text | Type::Bytes, item)) => {
                        (size.saturating_mul(walk(item).saturating_add(1)), None)
                    }
                    Some(_) => (size, None),
                    None => (walk(size), None),
                }
            }
            ("url", _, Some(arg)) => {
                let size = self.size_or_unknown(arg);
                (walk(size), Some(size))
            }
            ("lowerAscii" | "upperAscii" | "substring" | "trim", Some(of), _) => {
                let size = self.size_or_unknown(of);
                (walk(size), Some(size))
            }
            ("split", Some(of), _) => {
                let size = self.size_or_unknown(of);
                let most = args.get(1).and_then(|arg| self.checked.tree.expr(*arg));
                let most = match most {
                    None => size,
                    Some(Expr::Literal(Literal::Int(n))) => u64::try_from(*n).ok()?,
                    Some(_) => return None,
                };
                (times(size, 2.0 * TRAVERSAL), Some(most))
            }
            ("join", Some(of), _) => {
                let count = self.size_or_unknown(of);
                let mut size = count.saturating_mul(self.item(of)?.1);
                if let Some(separator) = first {
                    let each = self.size_or_unknown(separator);
                    size = size.saturating_add(each.saturating_mul(count.saturating_sub(1)));
                }
                (walk(size), Some(size))
            }
            ("find" | "findAll", Some(of), Some(pattern)) => {
                let size = self.size_or_unknown(of);
                let pattern = times(self.size_or_unknown(pattern), PATTERN);
                let cost = walk(size.saturating_add(1)).saturating_mul(pattern);
                (cost, Some(size))
            }
            ("ip", Some(_), None) => (1, None),
            (
                "cidr" | "isIP" | "isCIDR" | "ip" | "quantity" | "isQuantity" | "semver"
                | "isSemver",
                None,
                Some(arg),
            ) => (walk(self.size_or_unknown(arg)), None),
            ("ip.isCanonical", _, Some(arg)) => {
                (times(self.size_or_unknown(arg), 2.0 * TRAVERSAL), None)
            }
            ("validate", Some(_), Some(arg)) => (
                times(walk(self.size_or_unknown(arg)), 128.0 * PATTERN),
                None,
            ),
            ("containsIP" | "containsCIDR", Some(_), Some(arg)) => {
                let own = if function.name == "containsIP" { 4 } else { 7 };
                let parsed = if function.args.ends_with("string") {
                    walk(self.size_or_unknown(arg))
                } else {
                    0
                };
                (parsed.saturating_add(own), None)
            }
            (name, ..) if is_cheap(name) => (1, None),
            ("bytes", _, Some(arg)) if function.args == "string" => {
                let size = self.size_or_unknown(arg);
                (walk(size), Some(size.wrapping_mul(4)))
            }
            ("string", _, Some(arg)) if function.args == "bytes" => {
                let size = self.size_or_unknown(arg);
                (walk(size), Some(size))
            }
            ("startsWith" | "endsWith", _, Some(arg)) => (walk(self.size_or_unknown(arg)), None),
            ("format", Some(of), _) => (walk(self.size_or_unknown(of)), None),
            ("@in", _, _) if function.args.ends_with("list($A)") => {
                (self.size_or_unknown(*args.get(1)?), None)
            }
            ("matches", ..) => {
                let (text, pattern) = match of {
                    Some(of) => (of, first?),
                    None => (first?, *args.get(1)?),
                };
                let text = walk(self.size_or_unknown(text).saturating_add(1));
                let pattern = times(self.size_or_unknown(pattern), PATTERN);
                (text.saturating_mul(pattern), None)
            }
            ("contains", Some(of), Some(arg)) => {
                let text = walk(self.size_or_unknown(of));
                (text.saturating_mul(walk(self.size_or_unknown(arg))), None)
            }
            ("_+_", _, Some(left)) if !is_of_scalars(function.args) => {
                let right = *args.get(1)?;
                let size = self.size_or_unknown(left);
                let size = size.saturating_add(self.size_or_unknown(right));
                if let Some(entries) = Entries::union(self.entries(left), self.entries(right)) {
                    self.entries.insert(id, entries);
                }
                let is_list = function.args.starts_with("list");
                (if is_list { 1 } else { walk(size) }, Some(size))
            }
            ("_==_" | "_!=_", _, Some(left)) => {
                let right = *args.get(1)?;
                // Of objects that functions make, each kind has a cost of its own.
                if let Type::Opaque(_) | Type::Object(_) = self.ty(left) {
                    return None;
                }
                let size = self.size_or_unknown(left).min(self.size_or_unknown(right));
                (walk(size), None)
            }
            ("_<_" | "_<=_" | "_>_" | "_>=_", _, Some(left)) if !is_of_scalars(function.args) => {
                let right = *args.get(1)?;
                let size = self.size_or_unknown(left).min(self.size_or_unknown(right));
                (walk(size), None)
            }
            (name, ..) if is_plain(name) => (1, None),
            _ => return None,
        })
    }
}

/// Whether the arguments of an operator have a size that does not count.
fn is_of_scalars(args: &str) -> bool {
    !matches!(args, "string string" | "bytes bytes" | "list($A) list($A)")
}

fn is_scalar(ty: &Type) -> bool {
    match ty {
        Type::Bool | Type::Double | Type::Duration | Type::Int | Type::Timestamp | Type::Uint => {
            true
        }
        Type::Optional(of) => is_scalar(of),
        _ => false,
    }
}

/// Functions of Kubernetes that cost one.
fn is_cheap(name: &str) -> bool {
    matches!(
        name,
        "masked"
            | "prefixLength"
            | "family"
            | "isUnspecified"
            | "isLoopback"
            | "format.named"
            | "isLinkLocalMulticast"
            | "isLinkLocalUnicast"
            | "isGlobalUnicast"
            | "sign"
            | "asInteger"
            | "isInteger"
            | "asApproximateFloat"
            | "isGreaterThan"
            | "isLessThan"
            | "compareTo"
            | "add"
            | "sub"
            | "major"
            | "minor"
            | "patch"
            | "getScheme"
            | "getHostname"
            | "getHost"
            | "getPort"
            | "getEscapedPath"
            | "getQuery"
    )
}

/// Functions of CEL itself that cost one.
fn is_plain(name: &str) -> bool {
    let operator = name.starts_with(['_', '!', '-', '@']) && name != "@sortByAssociatedKeys";
    let time = name.starts_with("get");
    let optional = name.starts_with("optional.");
    operator
        || time
        || optional
        || matches!(
            name,
            "size"
                | "type"
                | "int"
                | "uint"
                | "double"
                | "string"
                | "bool"
                | "bytes"
                | "duration"
                | "timestamp"
                | "hasValue"
                | "value"
                | "or"
                | "orValue"
                | "isURL"
                | "charAt"
        )
}
