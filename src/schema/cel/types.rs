//! Types of CEL: what can stand for what, by the rules of cel-go's checker.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

include!(concat!(env!("OUT_DIR"), "/cel.rs"));

/// An overload of a function.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// The release of the base environment that has it first.
    pub(super) since: u8,
    pub(super) member: bool,
    pub(super) args: &'static str,
    result: &'static str,
}

/// A field of an object that Kubernetes gives to expressions.
struct ObjectField {
    object: &'static str,
    name: &'static str,
    ty: &'static str,
}

/// The overloads of a function; none if there is no such function.
pub(super) fn overloads(
    name: &str,
    release: u8,
) -> impl Iterator<Item = &'static Function> + Clone {
    let from = FUNCTIONS.partition_point(|f| f.name < name);
    let all = FUNCTIONS.get(from..).unwrap_or_default().iter();
    let name = name.to_owned();
    all.take_while(move |f| f.name == name)
        .filter(move |f| f.since <= release)
}

/// The names of functions, once for each overload.
pub(super) fn function_names(release: u8) -> impl Iterator<Item = &'static str> + Clone {
    let all = FUNCTIONS.iter().filter(move |f| f.since <= release);
    let names = all.map(|f| f.name);
    names.filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
}

impl Function {
    /// The types of its arguments and of its result, in which `$A` is a type of its own for each call.
    pub(super) fn signature(&self, new: &mut u32) -> (Vec<Type>, Type) {
        let mut names = HashMap::new();
        let mut parameter = |name: &'static str| {
            let next = *new;
            *names.entry(name).or_insert_with(|| {
                *new += 1;
                next
            })
        };
        let args = self.args.split(' ').filter(|arg| !arg.is_empty());
        let args = args.map(|arg| Type::parse(arg, &mut parameter)).collect();
        (args, Type::parse(self.result, &mut parameter))
    }
}

/// The type of a field of an object that the tables know.
pub(super) fn object_field(object: &str, name: &str) -> Option<Type> {
    let row = OBJECT_FIELDS
        .iter()
        .find(|f| f.object == object && f.name == name)?;
    Some(Type::read(row.ty))
}

/// The names of an object's fields.
pub(super) fn object_fields(object: &str) -> impl Iterator<Item = &'static str> + Clone {
    let first = OBJECT_FIELDS.partition_point(|f| f.object < object);
    let from = OBJECT_FIELDS.get(first..).unwrap_or_default();
    let object = object.to_owned();
    let of = from.iter().take_while(move |f| f.object == object);
    of.map(|f| f.name)
}

/// A type of CEL.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::schema) enum Type {
    /// Anything; what it is shows when the expression runs.
    Dyn,
    /// The same, as `google.protobuf.Any`: a loop over it is an error.
    Any,
    /// Of what is wrong already, or not known here.
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Duration,
    Timestamp,
    List(Rc<Type>),
    Map(Rc<(Type, Type)>),
    Optional(Rc<Type>),
    /// The type of a type.
    Of(Rc<Type>),
    /// One without parameters that functions make.
    Opaque(&'static str),
    /// An object that the tables know.
    Object(&'static str),
    /// An object that a schema describes.
    Schema(u32),
    /// `Object.spec…` of a mutation.
    Patch(Rc<str>),
    /// One that is yet to be found out.
    Parameter(u32),
}

impl Type {
    /// A type as the tables write it.
    pub(in crate::schema) fn read(text: &'static str) -> Self {
        Self::parse(text, &mut |_| 0)
    }

    pub(in crate::schema) fn list(of: Self) -> Self {
        Self::List(Rc::new(of))
    }

    pub(in crate::schema) fn map(key: Self, value: Self) -> Self {
        Self::Map(Rc::new((key, value)))
    }

    /// The type of an object that a mutation makes.
    pub(in crate::schema) fn patch(name: &str) -> Self {
        Self::Patch(name.into())
    }

    /// What an admission policy makes of the type of a variable: of an object or an optional nothing more is known.
    pub(in crate::schema) fn of_variable(&self) -> Self {
        match self {
            Self::List(item) => Self::list(item.of_variable()),
            Self::Map(pair) => Self::map(pair.0.of_variable(), pair.1.of_variable()),
            Self::Optional(_) | Self::Of(_) | Self::Parameter(_) | Self::Error => Self::Dyn,
            _ if self.is_object() => Self::Dyn,
            _ => self.clone(),
        }
    }

    fn parse(text: &'static str, parameter: &mut impl FnMut(&'static str) -> u32) -> Self {
        if let Some(name) = text.strip_prefix('$') {
            return Self::Parameter(parameter(name));
        }
        let of = |name: &str| {
            let inner = text.strip_prefix(name)?.strip_prefix('(')?;
            inner.strip_suffix(')')
        };
        if let Some((key, value)) = of("map").and_then(|inner| inner.split_once(',')) {
            let key = Self::parse(key, parameter);
            return Self::map(key, Self::parse(value, parameter));
        }
        if let Some(inner) = of("list") {
            return Self::list(Self::parse(inner, parameter));
        }
        if let Some(inner) = of("optional") {
            return Self::Optional(Rc::new(Self::parse(inner, parameter)));
        }
        if let Some(inner) = of("type") {
            return Self::Of(Rc::new(Self::parse(inner, parameter)));
        }
        match text {
            "dyn" => Self::Dyn,
            "any" => Self::Any,
            "null" => Self::Null,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "uint" => Self::Uint,
            "double" => Self::Double,
            "string" => Self::Text,
            "bytes" => Self::Bytes,
            "duration" => Self::Duration,
            "timestamp" => Self::Timestamp,
            // Its fields are the variables of the policy.
            "kubernetes.variables" => Self::Object(text),
            _ if object_fields(text).next().is_some() => Self::Object(text),
            _ => Self::Opaque(text),
        }
    }

    pub(super) fn is_dyn(&self) -> bool {
        matches!(self, Self::Dyn | Self::Any)
    }

    pub(super) fn is_dyn_or_error(&self) -> bool {
        self.is_dyn() || matches!(self, Self::Error)
    }

    /// What has fields or is made by functions only.
    fn is_object(&self) -> bool {
        matches!(
            self,
            Self::Opaque(_) | Self::Object(_) | Self::Schema(_) | Self::Patch(_)
        )
    }

    /// What `null` may stand for.
    fn is_nullable(&self) -> bool {
        self.is_object()
            || matches!(
                self,
                Self::Null | Self::Duration | Self::Timestamp | Self::Optional(_)
            )
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(item) => write!(f, "list({item})"),
            Self::Map(pair) => write!(f, "map({}, {})", pair.0, pair.1),
            Self::Optional(of) => write!(f, "optional({of})"),
            Self::Of(of) => write!(f, "type({of})"),
            Self::Opaque(name) | Self::Object(name) => f.write_str(name),
            Self::Patch(name) => f.write_str(name),
            Self::Schema(_) => f.write_str("object"),
            Self::Dyn | Self::Any | Self::Parameter(_) => f.write_str("dyn"),
            Self::Error => f.write_str("unknown"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::Text => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Duration => f.write_str("duration"),
            Self::Timestamp => f.write_str("timestamp"),
        }
    }
}

/// What the types that were to be found out are.
#[derive(Default)]
pub(super) struct Substitutions {
    found: HashMap<u32, Type>,
    /// What each was before, so that a failed attempt leaves nothing behind.
    undo: Vec<(u32, Option<Type>)>,
    /// Steps that were taken.
    steps: usize,
}

/// Steps for one expression; of one that takes more nothing is said.
const MAX_STEPS: usize = 1_000_000;

impl Substitutions {
    /// Whether so much was done that nothing more is said.
    pub(super) fn gave_up(&self) -> bool {
        self.steps > MAX_STEPS
    }

    fn step(&mut self) -> bool {
        self.steps += 1;
        self.gave_up()
    }

    fn set(&mut self, parameter: u32, ty: Type) {
        let before = self.found.insert(parameter, ty);
        self.undo.push((parameter, before));
    }

    /// Whether each of the types may stand for the other of its pair; if so, that is remembered.
    pub(super) fn assignable<'a>(
        &mut self,
        pairs: impl Iterator<Item = (&'a Type, &'a Type)>,
    ) -> bool {
        self.undo.clear();
        for (a, b) in pairs {
            if !self.unify(a, b) {
                for (parameter, before) in std::mem::take(&mut self.undo).into_iter().rev() {
                    match before {
                        Some(ty) => self.found.insert(parameter, ty),
                        None => self.found.remove(&parameter),
                    };
                }
                return false;
            }
        }
        true
    }

    fn unify(&mut self, a: &Type, b: &Type) -> bool {
        if self.step() {
            return true;
        }
        if let Type::Parameter(parameter) = b {
            match self.substitute_for(*parameter, a) {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => {}
            }
        }
        if let Type::Parameter(parameter) = a {
            return self.substitute_for(*parameter, b).0;
        }
        if a.is_dyn_or_error() || b.is_dyn_or_error() {
            return true;
        }
        match (a, b) {
            (Type::Null, other) | (other, Type::Null) => other.is_nullable(),
            (Type::Of(_), Type::Of(_)) => true,
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => {
                self.unify(a, b)
            }
            (Type::Map(a), Type::Map(b)) => self.unify(&a.0, &b.0) && self.unify(&a.1, &b.1),
            _ => a == b,
        }
    }

    /// Whether a type may be what a parameter stands for, and whether that was known.
    fn substitute_for(&mut self, parameter: u32, ty: &Type) -> (bool, bool) {
        if *ty == Type::Parameter(parameter) {
            return (true, true);
        }
        if let Some(known) = self.found.get(&parameter).cloned() {
            if *ty == known {
                return (true, true);
            }
            if !self.unify(ty, &known) {
                return (false, true);
            }
            let general = if is_less_specific(ty, &known) {
                ty.clone()
            } else {
                known
            };
            if !self.refers(&general, parameter) {
                self.set(parameter, general);
            }
            return (true, true);
        }
        if self.refers(ty, parameter) {
            return (false, false);
        }
        self.set(parameter, ty.clone());
        (true, false)
    }

    /// Whether a parameter is within a type.
    fn refers(&mut self, ty: &Type, parameter: u32) -> bool {
        if self.step() {
            return true;
        }
        match ty {
            Type::Parameter(p) if *p == parameter => true,
            Type::Parameter(p) => match self.found.get(p).cloned() {
                Some(known) => self.refers(&known, parameter),
                None => false,
            },
            Type::List(of) | Type::Optional(of) | Type::Of(of) => self.refers(of, parameter),
            Type::Map(pair) => self.refers(&pair.0, parameter) || self.refers(&pair.1, parameter),
            _ => false,
        }
    }

    /// A type with what is known of its parameters; the others become `dyn` at the end.
    pub(super) fn apply(&mut self, ty: &Type, at_the_end: bool) -> Type {
        if self.step() {
            return Type::Error;
        }
        match ty {
            Type::Parameter(p) => match self.found.get(p).cloned() {
                Some(known) => self.apply(&known, at_the_end),
                None if at_the_end => Type::Dyn,
                None => ty.clone(),
            },
            Type::List(of) => Type::list(self.apply(of, at_the_end)),
            Type::Optional(of) => Type::Optional(Rc::new(self.apply(of, at_the_end))),
            Type::Of(of) => Type::Of(Rc::new(self.apply(of, at_the_end))),
            Type::Map(pair) => {
                let key = self.apply(&pair.0, at_the_end);
                Type::map(key, self.apply(&pair.1, at_the_end))
            }
            _ => ty.clone(),
        }
    }
}

/// The more general of two types.
pub(super) fn most_general(a: &Type, b: &Type) -> Type {
    if is_less_specific(a, b) { a } else { b }.clone()
}

fn is_less_specific(a: &Type, b: &Type) -> bool {
    if a.is_dyn() || matches!(a, Type::Parameter(_)) {
        return true;
    }
    if b.is_dyn() || matches!(b, Type::Parameter(_)) {
        return false;
    }
    match (a, b) {
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => {
            is_less_specific(a, b)
        }
        (Type::Map(a), Type::Map(b)) => {
            is_less_specific(&a.0, &b.0) && is_less_specific(&a.1, &b.1)
        }
        (Type::Of(_), Type::Of(_)) => true,
        _ => a == b,
    }
}
