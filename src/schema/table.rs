//! API types of Kubernetes, release by release: static tables, made of `schemas/kubernetes/*.tsv` by `build.rs`.

use crate::finding::{ReleaseRange, Releases};
use crate::text::last_part;

/// What a value is, below the lists and maps around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Str,
    Bool,
    Number,
    Int32,
    Int64,
    /// Base64.
    Bytes,
    /// Anything.
    Any,
    /// A map of anything.
    Object,
    Quantity,
    IntOrString,
    Time,
    MicroTime,
    /// Of Go: `1h30m`.
    Duration,
    /// A type with fields: its place among the types.
    Type(u16),
}

/// The lists and maps of names around a value, from the outside: two bits each, which is what a table of thousands needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Around(u8);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    List,
    Map,
}

impl Around {
    /// The outermost, and what is within.
    pub(super) fn split(self) -> Option<(Layer, Self)> {
        let within = Self(self.0 >> 2);
        match self.0 & 3 {
            1 => Some((Layer::List, within)),
            2 => Some((Layer::Map, within)),
            _ => None,
        }
    }

    /// Whether the value stands by itself.
    pub(super) fn is_nothing(self) -> bool {
        self.0 == 0
    }
}

/// A field of a type, for the releases that have it so. There are thousands, so that it is small and holds no pointer.
#[derive(Debug)]
pub struct Field {
    /// Where its key begins in `NAMES`, in bytes, and how long it is.
    start: u16,
    length: u8,
    /// `[` for a list and `{` for a map of names, from the outside.
    pub(super) around: Around,
    pub(super) leaf: Leaf,
    releases: ReleaseRange,
    required: ReleaseRange,
    /// Place in `VALUES` of those that it may have, where they are few.
    values: u16,
    /// Whether what is empty is something else than what is absent: to Go it is a pointer.
    pub(super) is_pointer: bool,
    /// Place in `DEFAULTS` of what the server fills in.
    default: u16,
}

/// A type with fields.
#[derive(Debug)]
pub struct Type {
    /// Its full name: `api.core.v1.Container`.
    pub name: &'static str,
    /// By the length of the name, then by name: most comparisons are of lengths.
    pub fields: &'static [Field],
    /// Places of the fields that some release requires.
    required: &'static [u16],
    /// Places of the maps that are empty ones where they are absent.
    structs: &'static [u16],
    /// About the whole: several fields, or one that must be there.
    pub(super) of_whole: &'static [Constraint],
    /// About a field alone; by field as `fields` are.
    of_fields: &'static [Constraint],
}

/// A rule about a field of a type, or about the whole.
#[derive(Debug)]
pub(super) struct Constraint {
    /// Empty where it is about several.
    pub(super) field: &'static str,
    pub(super) check: ConstraintKind,
    releases: ReleaseRange,
}

/// What is checked.
#[derive(Debug)]
pub(super) enum ConstraintKind {
    /// An integer from one to the other.
    Range(i64, i64),
    /// One of these values; of a list each item.
    OneOf(&'static [&'static str]),
    /// It must be there, and not be empty.
    Filled,
    /// Without any of its fields it is rejected.
    Something,
    /// It may be left out, but not be empty.
    NotEmpty,
    /// A list or a map that has no more items.
    MaxItems(usize),
    /// Text that has no more bytes; of a list each item.
    MaxBytes(usize),
    /// It may be left out, but not be null: its reader takes that for a text.
    NotNull,
    /// A duration from one to the other, in nanoseconds.
    Duration(i64, i64),
    /// A form of text; of a list each item.
    Syntax(Syntax),
    /// The same, or `""` of a pointer.
    SyntaxOrEmpty(Syntax),
    /// One of these fields, and no other.
    Exactly(&'static [&'static str]),
    /// Not two of these fields.
    AtMost(&'static [&'static str]),
    /// One of these fields at least.
    AtLeast(&'static [&'static str]),
    /// A check between several fields: its number in the registry.
    CrossField(u8),
    /// No two items of a list are the same in these fields; with none, as a whole.
    Unique(&'static [&'static str]),
}

/// Forms of text, see `format.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    AbsolutePath,
    Annotations,
    ApiVersion,
    CanonicalCidr,
    Cidr,
    ClusterIp,
    ContainerResource,
    CountOrPercent,
    Cron,
    CsiDriver,
    DataKey,
    DeviceAttribute,
    DomainPath,
    EndpointIp,
    EnvName,
    ExtendedResource,
    FilePath,
    HeaderName,
    IngressHost,
    InnerPath,
    Ip,
    Iqn,
    Label,
    Label1035,
    LabelValue,
    Labels,
    NoDots,
    NoSlash,
    NotNegative,
    PathSegment,
    PoolName,
    Port,
    PortName,
    Positive,
    PositiveOrPercent,
    PublicIp,
    Qualified,
    QualifiedAnyCase,
    Resources,
    SearchDomain,
    SignerName,
    Sysctl,
    Subdomain,
    TargetPort,
    TimeZone,
    WebhookName,
    WebhookPath,
    WebhookUrl,
    WildcardHost,
    WindowsUser,
}

/// A kind of object.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, in a generated table"
)]
pub struct ApiKind {
    /// API group; the core group is `""`.
    pub group: &'static str,
    /// Version in that group.
    pub version: &'static str,
    /// Kind.
    pub kind: &'static str,
    ty: u16,
    releases: ReleaseRange,
    /// Whether the newest release serves it only when asked to.
    pub off: bool,
    /// The program that reads it from a file; none where an API server is given it.
    pub reader: Option<ReadingProgram>,
    /// Whether it is a custom resource, which a cluster has in whatever release of its definition.
    pub custom: bool,
    pub(super) name: NameForm,
    /// Whether a generation that is given counts; other kinds get one anew.
    pub(super) keeps_generation: bool,
    /// Whether finalizers need no domain.
    pub(super) any_finalizer: bool,
    /// Whether its objects are in namespaces.
    pub(super) namespaced: bool,
}

/// The form of the names of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameForm {
    ApiService,
    CronJob,
    Definition,
    Ip,
    Job,
    Label,
    PathSegment,
    Service,
    Subdomain,
    TrustBundle,
}

/// A program that reads a kind from a file.
#[derive(Clone, Copy, Debug)]
pub struct ReadingProgram {
    /// What to call it: `the kubelet`.
    pub name: &'static str,
    /// Whether it rejects a field that it does not know; otherwise it goes on without it.
    pub refuses: bool,
    /// Whether upper and lower case of a key are the same to it.
    pub(super) any_case: bool,
}

/// A version of a kind with its life.
#[derive(Debug)]
pub struct ApiLifecycle {
    /// API group.
    pub group: &'static str,
    /// Version in that group.
    pub version: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Minor version that calls it deprecated; 255 for never.
    pub deprecated: u8,
    /// Minor version that no longer serves it; 255 for never.
    pub removed: u8,
    /// `group/version` to use instead; empty where there is none.
    pub replacement: &'static str,
}

mod generated {
    #![expect(
        clippy::unreadable_literal,
        reason = "nobody reads what build.rs writes"
    )]
    use super::{
        ApiKind, ApiLifecycle, Around, Constraint, ConstraintKind, Field, Leaf, NameForm,
        ReadingProgram, ReleaseRange, Syntax, Type,
    };

    include!(concat!(env!("OUT_DIR"), "/schemas.rs"));
}
use generated::{API_LIFECYCLES, DEFAULTS, KINDS, NAMES, TYPES, VALUES};

/// The rows of a name in a table that is sorted by the length of its names, then by name.
fn rows<'t, T>(table: &'t [T], name: &str, of: impl Fn(&T) -> &str) -> &'t [T] {
    let start = table.partition_point(|row| (of(row).len(), of(row)) < (name.len(), name));
    let rest = table.get(start..).unwrap_or_default();
    let rows = rest.iter().take_while(|row| of(row) == name).count();
    rest.get(..rows).unwrap_or_default()
}

impl Constraint {
    /// The releases that check it.
    pub(super) fn releases(&self) -> Releases {
        self.releases.set()
    }
}

impl Field {
    /// Its key.
    pub fn name(&self) -> &'static str {
        str::from_utf8(self.key()).unwrap_or_default()
    }

    fn length(&self) -> usize {
        usize::from(self.length)
    }

    fn key(&self) -> &'static [u8] {
        let start = usize::from(self.start);
        let key = NAMES.as_bytes().get(start..start + self.length());
        key.unwrap_or_default()
    }

    /// The values that its published schema lists, where they are few.
    pub(super) fn values(&self) -> &'static [&'static str] {
        VALUES
            .get(usize::from(self.values))
            .copied()
            .unwrap_or_default()
    }

    /// What the server fills in where nothing is given; empty if nothing.
    pub(super) fn default(&self) -> &'static str {
        DEFAULTS
            .get(usize::from(self.default))
            .copied()
            .unwrap_or_default()
    }

    /// The releases that have it so.
    pub fn releases(&self) -> Releases {
        self.releases.set()
    }

    /// Whether some release rejects an object without it.
    pub(super) fn is_required(&self) -> bool {
        !self.required().is_empty()
    }

    /// The releases that reject an object without it.
    pub fn required(&self) -> Releases {
        self.required.set()
    }

    /// The type that it holds, or its items do.
    pub fn ty(&self) -> Option<&'static Type> {
        match self.leaf {
            Leaf::Type(index) => Type::at(index),
            _ => None,
        }
    }

    /// What it holds, in words: `[]string`.
    pub fn shape(&self) -> String {
        let layers = std::iter::successors(self.around.split(), |(_, within)| within.split());
        let around: String = layers
            .map(|(layer, _)| match layer {
                Layer::List => "[]",
                Layer::Map => "map of ",
            })
            .collect();
        let leaf = match self.leaf {
            Leaf::Str => "string",
            Leaf::Bool => "boolean",
            Leaf::Number => "number",
            Leaf::Int32 => "int32",
            Leaf::Int64 => "int64",
            Leaf::Bytes => "base64",
            Leaf::Any => "any",
            Leaf::Object => "object",
            Leaf::Quantity => "quantity",
            Leaf::IntOrString => "integer or string",
            Leaf::Time | Leaf::MicroTime => "time",
            Leaf::Duration => "duration",
            Leaf::Type(_) => {
                let own = self
                    .ty()
                    .map(Type::short)
                    .filter(|name| !name.contains('/'));
                own.unwrap_or("object")
            }
        };
        around + leaf
    }
}

impl Type {
    /// The type at a place of the table.
    pub(super) fn at(index: u16) -> Option<&'static Self> {
        TYPES.get(usize::from(index))
    }

    /// The fields that some release requires.
    pub(super) fn required(&self) -> impl Iterator<Item = &'static Field> {
        let fields = self.fields;
        self.required
            .iter()
            .filter_map(|at| fields.get(usize::from(*at)))
    }

    /// The rows of a field; several where it changed between releases.
    pub fn field(&self, name: &str) -> &'static [Field] {
        let length = name.len();
        let start = self.fields.partition_point(|f| f.length() < length);
        let rest = self.fields.get(start..).unwrap_or_default();
        let mut as_long = rest.iter().take_while(|f| f.length() == length);
        let start = as_long.position(|f| f.key() == name.as_bytes());
        let rest = start.and_then(|start| rest.get(start..));
        let rest = rest.unwrap_or_default();
        // The same name begins at the same place.
        let first = rest.first().map(|f| f.start);
        let rows = rest
            .iter()
            .take_while(|f| Some(f.start) == first && f.length() == length);
        rest.get(..rows.count()).unwrap_or_default()
    }

    /// Whether a field alone has some rule.
    pub(super) fn has_rules_of_fields(&self) -> bool {
        !self.of_fields.is_empty()
    }

    /// The rules about a field alone.
    pub(super) fn rules_of(&self, field: &str) -> &'static [Constraint] {
        rows(self.of_fields, field, |rule| rule.field)
    }

    /// The values that a field of it may have, where they are few.
    pub fn values(&self, field: &Field) -> &'static [&'static str] {
        let told = self.rules_of(field.name()).iter();
        let mut told = told.filter_map(|rule| match rule.check {
            ConstraintKind::OneOf(values) => Some(values),
            _ => None,
        });
        let listed = field.values();
        if listed.is_empty() {
            told.next().unwrap_or_default()
        } else {
            listed
        }
    }

    /// The integers that a field of it may be, from the first to the last.
    pub fn range(&self, field: &Field) -> Option<(i64, i64)> {
        let mut rules = self.rules_of(field.name()).iter();
        rules.find_map(|rule| match rule.check {
            ConstraintKind::Range(first, last) => Some((first, last)),
            _ => None,
        })
    }

    /// The releases that reject an object without a field of it.
    pub fn needs(&self, field: &Field) -> Releases {
        if self.is_filled(field.name()) {
            field.releases()
        } else {
            field.required()
        }
    }

    /// The maps that are empty ones where they are absent.
    pub(super) fn structs(&self) -> impl Iterator<Item = &'static Field> {
        let fields = self.fields;
        self.structs
            .iter()
            .filter_map(|at| fields.get(usize::from(*at)))
    }

    /// Whether some rule asks for a field.
    pub(super) fn is_filled(&self, field: &str) -> bool {
        self.of_whole
            .iter()
            .any(|rule| rule.field == field && matches!(rule.check, ConstraintKind::Filled))
    }

    /// Whether an object without any of its fields is rejected.
    pub(super) fn needs_something(&self) -> bool {
        let asks = |rule: &Constraint| match rule.check {
            ConstraintKind::Filled
            | ConstraintKind::Something
            | ConstraintKind::Exactly(_)
            | ConstraintKind::AtLeast(_) => rule.releases.has(Releases::NEWEST),
            _ => false,
        };
        let required = || self.required().any(|field| !self.is_lenient(field));
        let within = || {
            let mut types = self.structs().filter_map(Field::ty);
            types.any(Self::needs_something)
        };
        self.of_whole.iter().any(asks) || required() || within()
    }

    /// Fields that the published schema calls required, and that the server does without (asked of real servers).
    pub(super) fn is_lenient(&self, field: &Field) -> bool {
        // What is left out is false, 0 or empty to the server, and valid so.
        let zero = || {
            let integer = matches!(field.leaf, Leaf::Int32 | Leaf::Int64);
            let range = || self.range(field).is_none_or(|(low, _)| low <= 0);
            integer && !field.is_pointer && range()
        };
        let empty = || {
            let held = self.structs().any(|held| std::ptr::eq(held, field));
            held && field.ty().is_some_and(|ty| !ty.needs_something())
        };
        field.leaf == Leaf::Bool
            || zero()
            || empty()
            || !field.default().is_empty()
            || matches!(
                (self.short(), field.name()),
                ("HTTPHeader" | "Sysctl", "value")
                    | ("StatefulSetSpec", "serviceName")
                    | ("PodFailurePolicy", "rules")
                    | ("ScaleIOVolumeSource", "secretRef")
                    | ("JSONSchemaProps", _)
                    | ("CSIDriver" | "CSINode", "spec")
                    | ("CSINodeSpec", "drivers")
            )
            || field.name() == "status"
            || self.short().ends_with("Status")
            || self.short().ends_with("List")
    }

    /// Its name without the package: `Container`; of a map in a file, behind its kind and the path: `Cluster/nodes`.
    pub fn short(&self) -> &'static str {
        last_part(self.name, b'.')
    }
}

impl ApiKind {
    /// The kind of that group, version and name.
    pub fn of(group: &str, version: &str, kind: &str) -> Option<&'static Self> {
        let key = (group, version, kind);
        let at = KINDS.partition_point(|k| (k.group, k.version, k.kind) < key);
        KINDS
            .get(at)
            .filter(|k| (k.group, k.version, k.kind) == key)
    }

    /// Whether this is the `group/version` of it.
    pub(super) fn is_version(&self, api_version: &str) -> bool {
        match api_version.split_once('/') {
            Some((group, version)) => (group, version) == (self.group, self.version),
            None => self.group.is_empty() && api_version == self.version,
        }
    }

    /// All of a group.
    pub(super) fn of_group(group: &str) -> impl Iterator<Item = &'static Self> {
        let start = KINDS.partition_point(|k| k.group < group);
        let rest = KINDS.get(start..).unwrap_or_default();
        let len = rest.partition_point(|k| k.group == group);
        rest.get(..len).unwrap_or_default().iter()
    }

    /// The same; of a file that leaves out the version, the only one that its kind has.
    pub(super) fn find(group: &str, version: &str, kind: &str) -> Option<&'static Self> {
        match version {
            "" => Self::only(group, kind),
            version => Self::of(group, version, kind),
        }
    }

    /// The only version of a kind that a program reads from a file.
    fn only(group: &str, kind: &str) -> Option<&'static Self> {
        let mut same = Self::all()
            .iter()
            .filter(|k| k.group == group && k.kind == kind && k.reader.is_some());
        let first = same.next();
        first.filter(|_| same.next().is_none())
    }

    /// All of them.
    pub fn all() -> &'static [Self] {
        &KINDS
    }

    /// Those that every API server is given.
    pub fn served() -> impl Iterator<Item = &'static Self> {
        KINDS
            .iter()
            .filter(|kind| kind.reader.is_none() && !kind.custom)
    }

    /// Its type.
    pub fn ty(&self) -> Option<&'static Type> {
        Type::at(self.ty)
    }

    /// The releases that have it.
    pub fn releases(&self) -> Releases {
        self.releases.set()
    }

    /// Whether the first release of the tables has it: earlier ones may have it, too.
    pub fn is_first(&self) -> bool {
        self.releases.has(Releases::OLDEST)
    }
}

impl ApiLifecycle {
    /// Whether some kind of a group has one.
    pub(super) fn knows(group: &str) -> bool {
        let at = API_LIFECYCLES.partition_point(|life| life.group < group);
        API_LIFECYCLES
            .get(at)
            .is_some_and(|life| life.group == group)
    }

    /// The life of that version of a kind.
    pub fn of(group: &str, version: &str, kind: &str) -> Option<&'static Self> {
        let key = (group, version, kind);
        let at = API_LIFECYCLES.partition_point(|k| (k.group, k.version, k.kind) < key);
        API_LIFECYCLES
            .get(at)
            .filter(|k| (k.group, k.version, k.kind) == key)
    }

    /// All of them.
    pub fn all() -> &'static [Self] {
        &API_LIFECYCLES
    }
}
