//! The type of each node of an expression, by the rules of cel-go's checker.

use super::parse::{Expr, Id, Literal, Loop, Tree};
use super::types::{
    Function, Substitutions, Type, function_names, most_general, object_field, object_fields,
    overloads,
};
use super::{Compiled, Environment, Problem, constant, cost, format};
use crate::text::nearest;
use std::collections::HashMap;
use std::rc::Rc;

/// Types that an expression may name.
const TYPE_NAMES: [(&str, u8, Type); 14] = [
    ("bool", 0, Type::Bool),
    ("bytes", 0, Type::Bytes),
    ("double", 0, Type::Double),
    ("google.protobuf.Duration", 0, Type::Duration),
    ("google.protobuf.Timestamp", 0, Type::Timestamp),
    ("int", 0, Type::Int),
    ("list", 0, Type::Dyn),
    ("map", 0, Type::Dyn),
    ("null_type", 0, Type::Null),
    ("string", 0, Type::Text),
    ("type", 0, Type::Dyn),
    ("uint", 0, Type::Uint),
    ("optional_type", 28, Type::Dyn),
    ("net.IP", 30, Type::Opaque("net.IP")),
];

/// What the compiler makes of a tree, or the first problem.
pub(super) fn check(tree: &Tree<'_>, environment: &Environment<'_>) -> Result<Compiled, Problem> {
    let mut checker = Checker {
        tree,
        environment,
        types: vec![None; tree.nodes.len()],
        locals: Vec::new(),
        known: Substitutions::default(),
        parameters: 0,
        unknown: false,
        uses_old_self: false,
        chosen: HashMap::new(),
    };
    checker.check(tree.root)?;
    let mut types = Vec::with_capacity(tree.nodes.len());
    for ty in &checker.types {
        types.push(match ty {
            Some(ty) => checker.known.apply(ty, true),
            None => Type::Error,
        });
    }
    let mut compiled = Compiled {
        ty: Type::Error,
        uses_old_self: checker.uses_old_self,
        cost: None,
    };
    if checker.known.gave_up() || checker.unknown {
        return Ok(compiled);
    }
    literals(tree, &types)?;
    format::check(tree, &types)?;
    constant::check(tree)?;
    if let Some(ty) = types.get(tree.root) {
        compiled.ty = ty.clone();
    }
    if let Some(sizes) = environment.sizes {
        let checked = Checked {
            tree,
            types,
            chosen: checker.chosen,
        };
        compiled.cost = cost::cost(&checked, sizes);
    }
    Ok(compiled)
}

/// What was found of a tree.
pub(super) struct Checked<'c, 't> {
    pub(super) tree: &'c Tree<'t>,
    pub(super) types: Vec<Type>,
    /// The overloads that each call may mean.
    chosen: HashMap<Id, Vec<&'static Function>>,
}

impl Checked<'_, '_> {
    pub(super) fn overloads(&self, call: Id) -> &[&'static Function] {
        self.chosen.get(&call).map_or(&[], Vec::as_slice)
    }

    /// Whether what stands before the name of a call is part of the name.
    pub(super) fn is_namespace(&self, call: Id) -> bool {
        self.overloads(call).first().is_some_and(|f| !f.member)
    }
}

/// Literals of lists and maps hold values of one type, but for what is given to `format`.
fn literals(tree: &Tree<'_>, types: &[Type]) -> Result<(), Problem> {
    let exempt = format::arguments(tree);
    let of = |id: &Id, optional: bool| match types.get(*id) {
        Some(Type::Optional(of)) if optional => (**of).clone(),
        Some(ty) => ty.clone(),
        None => Type::Error,
    };
    let differ = |first: &Type, id: &Id, ty: &Type| {
        if first == ty || *first == Type::Error || *ty == Type::Error {
            return Ok(());
        }
        let message = format!("this is of type {ty}, but the items before it are of type {first}");
        Err(Problem::new(tree.span(*id), message))
    };
    for (id, node) in tree.nodes.iter().enumerate() {
        let used = types.get(id).is_some_and(|ty| *ty != Type::Error);
        if !used || exempt.get(id).copied().unwrap_or_default() {
            continue;
        }
        match &node.expr {
            Expr::List(items) => {
                let Some((first, optional)) = items.first() else {
                    continue;
                };
                let first = of(first, *optional);
                for (item, optional) in items {
                    differ(&first, item, &of(item, *optional))?;
                }
            }
            Expr::Map(pairs) => {
                let Some((key, value, optional)) = pairs.first() else {
                    continue;
                };
                let (first_key, first) = (of(key, false), of(value, *optional));
                for (key, value, optional) in pairs {
                    differ(&first_key, key, &of(key, false))?;
                    differ(&first, value, &of(value, *optional))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

struct Checker<'t, 'e> {
    tree: &'e Tree<'t>,
    environment: &'e Environment<'e>,
    types: Vec<Option<Type>>,
    /// Variables of loops, the innermost last.
    locals: Vec<(&'t str, Type)>,
    known: Substitutions,
    /// How many types were to be found out so far.
    parameters: u32,
    /// Whether something was met that only the compiler knows.
    unknown: bool,
    uses_old_self: bool,
    /// The overloads that each call may mean, where the cost is to be reckoned.
    chosen: HashMap<Id, Vec<&'static Function>>,
}

impl<'t> Checker<'t, '_> {
    fn parameter(&mut self) -> Type {
        self.parameters += 1;
        Type::Parameter(self.parameters - 1)
    }

    /// The type of a node, as it was found.
    fn type_of(&self, id: Id) -> Type {
        let ty = self.types.get(id).and_then(Option::as_ref);
        ty.cloned().unwrap_or(Type::Error)
    }

    /// The same, with what is known by now.
    fn known_type_of(&mut self, id: Id) -> Type {
        let ty = self.type_of(id);
        self.known.apply(&ty, false)
    }

    fn problem<T>(&self, id: Id, message: String) -> Result<T, Problem> {
        Err(Problem::new(self.tree.span(id), message))
    }

    fn check(&mut self, id: Id) -> Result<(), Problem> {
        // Macros use a node twice.
        if self.types.get(id).is_none_or(Option::is_some) || self.known.gave_up() {
            return Ok(());
        }
        let tree = self.tree;
        let Some(expr) = tree.expr(id) else {
            return Ok(());
        };
        let ty = match expr {
            Expr::Literal(literal) => match literal {
                Literal::Null => Type::Null,
                Literal::Bool(_) => Type::Bool,
                Literal::Int(_) => Type::Int,
                Literal::Uint(_) => Type::Uint,
                Literal::Double(_) => Type::Double,
                Literal::Text(_) => Type::Text,
                Literal::Bytes(_) => Type::Bytes,
            },
            Expr::Name(name, global) => match self.name(name, *global) {
                Some(ty) => ty,
                None => return self.undeclared(id, name),
            },
            Expr::Select {
                of,
                field,
                test,
                optional,
            } => self.select(id, *of, field, *test, *optional)?,
            Expr::Call { of, name, args } => self.call(id, *of, name, args)?,
            Expr::List(items) => self.list(items)?,
            Expr::Map(pairs) => self.map(pairs)?,
            Expr::Message { name, fields } => self.message(id, name, fields)?,
            Expr::Loop(each) => self.each(each)?,
        };
        if let Some(place) = self.types.get_mut(id) {
            *place = Some(ty);
        }
        Ok(())
    }

    fn local(&self, name: &str) -> Option<&Type> {
        let found = self.locals.iter().rev().find(|(local, _)| *local == name);
        found.map(|(_, ty)| ty)
    }

    fn name(&mut self, name: &str, global: bool) -> Option<Type> {
        if let Some(ty) = self.local(name).filter(|_| !global) {
            return Some(ty.clone());
        }
        self.uses_old_self |= name == "oldSelf";
        self.global(name)
    }

    /// A variable of the environment, or a type.
    fn global(&self, name: &str) -> Option<Type> {
        let mut variables = self.environment.variables.iter();
        if let Some((_, ty)) = variables.find(|(variable, _)| *variable == name) {
            return Some(ty.clone());
        }
        let release = self.environment.release;
        let named = |(of, since, _): &&(&str, u8, Type)| *of == name && *since <= release;
        if let Some((_, _, ty)) = TYPE_NAMES.iter().find(named) {
            return Some(Type::Of(Rc::new(ty.clone())));
        }
        let cidr = name == "net.CIDR" && release >= 30;
        cidr.then(|| Type::Of(Rc::new(Type::Opaque("net.CIDR"))))
    }

    fn undeclared<T>(&mut self, id: Id, name: &str) -> Result<T, Problem> {
        let locals = self.locals.iter().map(|(local, _)| *local);
        let variables = self.environment.variables.iter().map(|(name, _)| *name);
        let known = locals
            .chain(variables)
            .filter(|known| !known.starts_with(['@', '#']));
        let near = nearest(name, known).map(str::to_owned);
        let message = format!("`{name}` is not declared here{}", meant(near.as_deref()));
        let problem = self.problem(id, message);
        problem.map_err(|problem| problem.reference_if(name == "params"))
    }

    /// `a.b.c` as one name, where only names are selected.
    fn qualified(&self, id: Id) -> Option<(String, &'t str, bool)> {
        let tree = self.tree;
        let mut parts = Vec::new();
        let mut at = id;
        loop {
            match tree.expr(at)? {
                Expr::Name(name, global) => {
                    parts.push(*name);
                    parts.reverse();
                    return Some((parts.join("."), name, *global));
                }
                Expr::Select {
                    of,
                    field,
                    test: false,
                    optional: false,
                } => {
                    parts.push(*field);
                    at = *of;
                }
                _ => return None,
            }
        }
    }

    fn select(
        &mut self,
        id: Id,
        of: Id,
        field: &'t str,
        test: bool,
        optional: bool,
    ) -> Result<Type, Problem> {
        if !test
            && !optional
            && let Some((name, first, global)) = self.qualified(id)
            && (global || self.local(first).is_none())
        {
            if let Some(ty) = self.global(&name) {
                return Ok(ty);
            }
            // Messages of protobuf, and constants of theirs, which nobody writes: the compiler knows them.
            if name.starts_with("google.protobuf.") {
                self.unknown = true;
                return Ok(Type::Error);
            }
        }
        self.check(of)?;
        let object = self.known_type_of(of);
        let (object, is_optional) = match object {
            Type::Optional(of) => ((*of).clone(), true),
            other => (other, false),
        };
        let found = match &object {
            Type::Map(pair) => pair.1.clone(),
            Type::Object(_) | Type::Schema(_) | Type::Patch(_) => self.field(id, &object, field)?,
            Type::Parameter(_) => {
                self.known
                    .assignable(std::iter::once((&Type::Dyn, &object)));
                Type::Dyn
            }
            other if other.is_dyn_or_error() => Type::Dyn,
            other => {
                let message = format!("a value of type {other} has no fields, so no `{field}`");
                return self.problem(id, message);
            }
        };
        if test {
            return Ok(Type::Bool);
        }
        Ok(if is_optional || optional {
            Type::Optional(Rc::new(found))
        } else {
            found
        })
    }

    fn field(&self, id: Id, object: &Type, field: &str) -> Result<Type, Problem> {
        let found = match object {
            Type::Object("kubernetes.variables") => self.environment.composed.get(field).cloned(),
            Type::Object(name) => object_field(name, field),
            Type::Schema(number) => (self.environment.fields)(*number, field),
            _ => Some(Type::Dyn),
        };
        if let Some(ty) = found {
            return Ok(ty);
        }
        let near = match object {
            Type::Object("kubernetes.variables") => {
                nearest(field, self.environment.composed.keys().copied())
            }
            Type::Object(name) => nearest(field, object_fields(name)),
            _ => None,
        };
        let message = match object {
            Type::Object("kubernetes.variables") => {
                format!(
                    "there is no variable `{field}` before this expression{}",
                    meant(near)
                )
            }
            Type::Object(name) => {
                let name = name.trim_start_matches("kubernetes.");
                format!("{name} has no field `{field}`{}", meant(near))
            }
            _ => format!("the schema has no field `{field}` here"),
        };
        let variable = *object == Type::Object("kubernetes.variables");
        let problem = self.problem(id, message);
        problem.map_err(|problem| problem.reference_if(variable))
    }

    fn call(
        &mut self,
        id: Id,
        of: Option<Id>,
        name: &'t str,
        args: &[Id],
    ) -> Result<Type, Problem> {
        for arg in args {
            self.check(*arg)?;
        }
        let release = self.environment.release;
        if let Some(of) = of {
            // A function whose name has dots, or one of what stands before it.
            if let Some((prefix, ..)) = self.qualified(of) {
                let full = format!("{prefix}.{name}");
                let is_function = overloads(&full, release).next().is_some();
                if is_function && (!full.starts_with("jsonpatch.") || self.environment.patches) {
                    return self.overload(id, &full, None, args);
                }
            }
            self.check(of)?;
        }
        if overloads(name, release).next().is_none() {
            let near = nearest(name, function_names(release));
            let message = match overloads(name, u8::MAX).next() {
                Some(later) => format!(
                    "there is no function `{name}` before Kubernetes 1.{}",
                    later.since + 1
                ),
                None => format!("there is no function `{name}`{}", meant(near)),
            };
            return self.problem(id, message);
        }
        self.overload(id, name, of, args)
    }

    fn overload(
        &mut self,
        id: Id,
        name: &str,
        of: Option<Id>,
        args: &[Id],
    ) -> Result<Type, Problem> {
        let ids = of.iter().chain(args);
        let given: Vec<Type> = ids.map(|id| self.type_of(*id)).collect();
        if matches!(name, "_&&_" | "_||_") {
            for (arg, ty) in args.iter().zip(&given) {
                if !self.known.assignable(std::iter::once((ty, &Type::Bool))) {
                    let ty = self.known.apply(ty, true);
                    let sign = name.trim_matches('_');
                    let message = format!("`{sign}` takes booleans, and this is of type {ty}");
                    return self.problem(*arg, message);
                }
            }
            return Ok(Type::Bool);
        }
        let mut result: Option<Type> = None;
        for function in overloads(name, self.environment.release) {
            if function.member != of.is_some() {
                continue;
            }
            let (wanted, made) = function.signature(&mut self.parameters);
            if wanted.len() != given.len() || !self.known.assignable(given.iter().zip(&wanted)) {
                continue;
            }
            if self.environment.sizes.is_some() {
                self.chosen.entry(id).or_default().push(function);
            }
            let made = self.known.apply(&made, false);
            result = Some(match result {
                None => made,
                Some(before) if before.is_dyn() || before == made => before,
                Some(_) => Type::Dyn,
            });
        }
        if let Some(ty) = result {
            return Ok(ty);
        }
        let shown = given
            .iter()
            .map(|ty| self.known.apply(ty, true).to_string());
        let shown: Vec<String> = shown.collect();
        self.problem(id, no_overload(name, of.is_some(), &shown))
    }

    /// The type of one more item beside others.
    fn join(&mut self, before: Option<Type>, ty: Type) -> Type {
        let Some(before) = before else { return ty };
        if self.known.assignable(std::iter::once((&before, &ty))) {
            most_general(&before, &ty)
        } else {
            Type::Dyn
        }
    }

    /// The type of what is there if it is there.
    fn unwrap_optional(&mut self, id: Id, optional: bool) -> Result<Type, Problem> {
        let ty = self.type_of(id);
        match ty {
            _ if !optional => Ok(ty),
            Type::Optional(of) => Ok((*of).clone()),
            ty if ty.is_dyn() => {
                // The compiler of 1.37 itself crashes on it.
                self.unknown = true;
                Ok(ty)
            }
            ty => {
                let message = format!("`?` takes an optional, and this is of type {ty}");
                self.problem(id, message)
            }
        }
    }

    fn list(&mut self, items: &[(Id, bool)]) -> Result<Type, Problem> {
        let mut joined = None;
        for (item, optional) in items {
            self.check(*item)?;
            let ty = self.unwrap_optional(*item, *optional)?;
            joined = Some(self.join(joined, ty));
        }
        Ok(Type::list(match joined {
            Some(ty) => ty,
            None => self.parameter(),
        }))
    }

    fn map(&mut self, pairs: &[(Id, Id, bool)]) -> Result<Type, Problem> {
        let (mut keys, mut values) = (None, None);
        for (key, value, optional) in pairs {
            self.check(*key)?;
            let ty = self.type_of(*key);
            keys = Some(self.join(keys, ty));
            self.check(*value)?;
            let ty = self.unwrap_optional(*value, *optional)?;
            values = Some(self.join(values, ty));
        }
        Ok(if let (Some(keys), Some(values)) = (keys, values) {
            Type::map(keys, values)
        } else {
            let keys = self.parameter();
            Type::map(keys, self.parameter())
        })
    }

    fn message(
        &mut self,
        id: Id,
        name: &str,
        fields: &[(&'t str, Id, bool)],
    ) -> Result<Type, Problem> {
        let is_patch = name == "Object" || name.starts_with("Object.");
        let object = match name {
            _ if is_patch && self.environment.patches => Type::Patch(name.into()),
            "JSONPatch" if self.environment.patches => Type::Object("JSONPatch"),
            _ if name.starts_with("google.protobuf.") || name.starts_with("kubernetes.") => {
                // Objects that cannot be of use, but are known to the compiler.
                self.unknown = true;
                Type::Error
            }
            _ if self.global(name).is_some() => {
                let message = format!("no object can be made of the type `{name}`");
                return self.problem(id, message);
            }
            _ => return self.undeclared(id, name),
        };
        for (field, value, optional) in fields {
            self.check(*value)?;
            let ty = self.unwrap_optional(*value, *optional)?;
            if object == Type::Error {
                continue;
            }
            let wanted = self.field(*value, &object, field)?;
            if !self.known.assignable(std::iter::once((&wanted, &ty))) {
                let ty = self.known.apply(&ty, true);
                let message = format!("`{field}` is of type {wanted}, and this of type {ty}");
                return self.problem(*value, message);
            }
        }
        Ok(object)
    }

    fn each(&mut self, each: &Loop<'t>) -> Result<Type, Problem> {
        self.check(each.range)?;
        self.check(each.init)?;
        let range = self.known_type_of(each.range);
        let result_type = self.type_of(each.init);
        let (first, second) = match &range {
            Type::List(item) => (Type::Int, (**item).clone()),
            Type::Map(pair) => pair.as_ref().clone(),
            Type::Dyn | Type::Error | Type::Parameter(_) => {
                self.known.assignable(std::iter::once((&Type::Dyn, &range)));
                (Type::Dyn, Type::Dyn)
            }
            other => {
                let message = format!(
                    "a list or a map is expected before the macro, and this is of type {other}"
                );
                return self.problem(each.range, message);
            }
        };
        let outer = self.locals.len();
        self.locals.push((each.result_name, result_type.clone()));
        match each.names.as_slice() {
            [one] => {
                let is_list = matches!(range, Type::List(_));
                self.locals
                    .push((one, if is_list { second } else { first }));
            }
            [one, two] => {
                self.locals.push((one, first));
                self.locals.push((two, second));
            }
            _ => {}
        }
        self.check(each.step)?;
        let step = self.type_of(each.step);
        if !self
            .known
            .assignable(std::iter::once((&result_type, &step)))
        {
            let (wanted, ty) = (
                self.known.apply(&result_type, true),
                self.known.apply(&step, true),
            );
            let message = format!("the macro collects {wanted}, and this is of type {ty}");
            return self.problem(each.step, message);
        }
        self.locals.truncate(outer + 1);
        self.check(each.result)?;
        self.locals.truncate(outer);
        Ok(self.known_type_of(each.result))
    }
}

/// `: did you mean …?`
fn meant(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// That a function does not take such arguments.
fn no_overload(name: &str, member: bool, given: &[String]) -> String {
    if name == "_?_:_" {
        return format!(
            "`? :` takes a boolean and two values of one type, and here are {}",
            given.join(", ")
        );
    }
    let sign = name.trim_matches(['_', '@']);
    match (given, member) {
        (given, false) if name.starts_with(['_', '@', '!', '-']) => {
            let sign = sign.trim_end_matches('_');
            let sign = if sign.starts_with('[') { "[]" } else { sign };
            format!("`{sign}` is not defined for {}", given.join(" and "))
        }
        ([of, rest @ ..], true) => {
            format!("there is no `{name}({})` of type {of}", rest.join(", "))
        }
        _ => format!("there is no `{name}({})`", given.join(", ")),
    }
}
