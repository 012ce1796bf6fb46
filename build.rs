//! `policies/` → one static table. Emits rows, no logic and no modules: rustfmt, clippy and go-to-definition see all code.
//!
//! serde_yaml reads the policies here because this program cannot use the reader of the crate that it builds.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a build program reads files and stops at a mistake in a policy"
)]

#[path = "src/model.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "the library uses what this program does not"
)]
mod model;

use model::{
    BindingShape, Condition, Example, FailsWhen, FieldShape, GrantsShape, Identity, Literal,
    NEWEST_RELEASE, Named, OLDEST_RELEASE, Parameter, Path, Pattern, Policy, Presence, PssLevel,
    Related, SettingShape, Severity, Shape, Step, SubsumeBy,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::{env, fs, path};

fn main() {
    println!("cargo::rerun-if-changed=policies");
    println!("cargo::rerun-if-changed=src/model.rs");
    let mut rows = String::new();
    let mut constants = BTreeMap::<String, String>::new();
    let walk = walkdir::WalkDir::new("policies").sort_by_file_name();
    let files = walk.into_iter().map(|e| e.expect("policies/ is readable"));
    let files = files.filter(|e| e.path().extension().is_some_and(|e| e == "yaml"));
    let mut policies: Vec<Policy> = files.map(|e| read(e.path())).collect();
    name_families(&mut policies);
    for policy in &policies {
        let (category, constant) = constant(policy);
        constants.entry(category).or_default().push_str(&constant);
        let _ = writeln!(rows, "    ({}, {}),", row(policy), check(policy));
    }
    let table = format!(
        "pub(crate) static RULES: [(Policy, Check); {}] = [\n{rows}];\n",
        policies.len()
    );
    write("rules.rs", &table);
    let modules = constants.iter().map(|(category, constants)| {
        format!("/// Rules of the category `{category}`.\npub mod {category} {{\n{constants}}}\n")
    });
    write("ids.rs", &modules.collect::<String>());
    write("components.rs", &component_tables());
    write("schemas.rs", &schema_tables());
    write("resources.rs", &resource_table());
    write("cel.rs", &cel_tables());
}

/// Writes the ids of a family, `rbac/*`, into what a policy subsumes: each rule of the category about a grant of resources by their
/// names, but for those that are worse, and for those that subsume this one.
fn name_families(policies: &mut [Policy]) {
    let grants_by_name = |p: &Policy| {
        let shapes = p.check.iter().filter_map(|shape| shape.grants.as_deref());
        let mut resources = shapes.flat_map(|g| g.resources.iter()).peekable();
        resources.peek().is_some() && resources.all(|resource| resource != "*")
    };
    let all = policies.to_vec();
    for policy in policies {
        let family = |id: &str| id.strip_suffix('*').map(str::to_owned);
        let families: Vec<String> = policy.subsumes.iter().filter_map(|id| family(id)).collect();
        if families.is_empty() {
            continue;
        }
        let hidden = all.iter().filter(|other| {
            families
                .iter()
                .any(|family| other.id.starts_with(family.as_str()))
                && grants_by_name(other)
                && other.severity >= policy.severity
                && !other.subsumes.contains(&policy.id)
        });
        let named = policy.subsumes.iter().filter(|id| family(id).is_none());
        let ids: BTreeSet<_> = named.chain(hidden.map(|p| &p.id)).cloned().collect();
        policy.subsumes = ids.into_iter().collect::<Vec<_>>().into();
    }
}

/// The module and the constant that name a rule in the code.
fn constant(policy: &Policy) -> (String, String) {
    let id = &policy.id;
    let (category, name) = id.split_once('/').expect("category/name");
    let name = name.replace('-', "_").to_uppercase();
    let constant = format!(
        "    /// {}\n    pub const {name}: &str = {id:?};\n",
        policy.title
    );
    (category.replace('-', "_"), constant)
}

fn write(name: &str, text: &str) {
    let out = path::Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join(name);
    fs::write(out, text).expect("OUT_DIR is writable");
}

/// Rows of a table under `schemas/`.
fn table(path: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

/// The rows of all tables of a folder, in the order of their names.
fn tables_of(folder: &str) -> Vec<Vec<String>> {
    let walk = walkdir::WalkDir::new(folder).sort_by_file_name();
    let files = walk.into_iter().filter_map(Result::ok);
    let files = files.filter(|e| e.path().extension().is_some_and(|e| e == "tsv"));
    files
        .flat_map(|e| table(&e.path().to_string_lossy()))
        .collect()
}

/// `schemas/kubernetes/*.tsv` as static tables, sorted by what they are looked up by.
fn schema_tables() -> String {
    println!("cargo::rerun-if-changed=schemas/kubernetes");
    println!("cargo::rerun-if-changed=schemas/programs");
    let tables = |names: &[&str]| -> Vec<Vec<String>> {
        let mut rows: Vec<_> = names
            .iter()
            .flat_map(|name| table(&format!("schemas/{name}.tsv")))
            .collect();
        rows.sort();
        rows
    };
    let mut rows = tables(&[
        "kubernetes/types",
        "kubernetes/file-types",
        "programs/types",
        "programs/custom-types",
    ]);
    let mut checks = tables_of("schemas/kubernetes/rules");
    checks.extend(tables_of("schemas/programs/rules"));
    // What the published schema requires, and the server does not.
    for optional in checks.extract_if(.., |check| check[2] == "optional") {
        let of = |r: &&mut Vec<String>| r[1] == optional[1] && is_type(&r[0], &optional[0]);
        rows.iter_mut().filter(of).for_each(|r| r[4].clear());
    }
    let zeros: BTreeMap<(String, String), (String, String)> =
        table("schemas/kubernetes/zero-values.tsv")
            .into_iter()
            .map(|r| {
                let [ty, field, means, default] =
                    <[String; 4]>::try_from(r).expect("zero-values: four columns");
                ((ty, field), (means, default))
            })
            .collect();
    // Custom resources have their own rules, whatever their types are called.
    let custom = tables(&["programs/custom-types"]);
    let mut names: Vec<&str> = rows.iter().map(|r| r[0].as_str()).collect();
    names.dedup();
    let place = |name: &str| {
        names
            .binary_search(&name)
            .unwrap_or_else(|_| panic!("{name}: no such type"))
    };
    let leaf = |code: &str| match code {
        "s" => "Str".to_owned(),
        "b" => "Bool".to_owned(),
        "n" => "Number".to_owned(),
        "i" => "Int32".to_owned(),
        "l" => "Int64".to_owned(),
        "B" => "Bytes".to_owned(),
        "a" => "Any".to_owned(),
        "o" => "Object".to_owned(),
        "q" => "Quantity".to_owned(),
        "x" => "IntOrString".to_owned(),
        "t" => "Time".to_owned(),
        "m" => "MicroTime".to_owned(),
        "d" => "Duration".to_owned(),
        name => format!("Type({})", place(name)),
    };
    let checks = one_field_each(checks);
    for check in &checks {
        let known = |n: &&str| is_type(n, &check[0]);
        assert!(names.iter().any(known), "rules: no type {}", check[0]);
    }
    let cross_field = cross_field_checks(&checks);
    let required = |span: &str| match span {
        "" => "ReleaseRange::NONE".to_owned(),
        span => range(span),
    };
    let keys: BTreeSet<&str> = rows.iter().map(|r| r[1].as_str()).collect();
    let keys: String = keys.into_iter().collect();
    let start = |key: &str| keys.find(key).expect("all keys are in it");
    let lists: BTreeSet<&str> = rows.iter().map(|r| r[5].as_str()).chain([""]).collect();
    let lists: Vec<&str> = lists.into_iter().collect();
    let defaults: BTreeSet<&str> = zeros
        .values()
        .map(|(_, default)| default.as_str())
        .chain([""])
        .collect();
    let defaults: Vec<&str> = defaults.into_iter().collect();
    let list = |values: &str| lists.binary_search(&values).expect("all lists are in it");
    let types = names.iter().map(|name| {
        let mut own: Vec<_> = rows.iter().filter(|r| r[0] == *name).collect();
        own.sort_by_key(|r| (r[1].len(), &r[1]));
        let fields = own.iter().map(|r| {
            let code = r[2].trim_start_matches(['[', '{']);
            // Two bits each, the outermost lowest.
            let layers = r[2][..r[2].len() - code.len()].bytes().rev();
            let around = layers.fold(0, |around, layer| around << 2 | if layer == b'[' { 1 } else { 2 });
            let zero = zeros.get(&(r[0].clone(), r[1].clone()));
            let (means, default) = zero.map_or(("", ""), |(means, default)| (means.as_str(), default.as_str()));
            format!(
                "Field {{ start: {}, length: {}, around: Around({around}), leaf: Leaf::{}, releases: {}, required: {}, values: {}, is_pointer: {}, default: {} }}",
                start(&r[1]), r[1].len(), leaf(code), range(&r[3]), required(&r[4]), list(&r[5]), means == "pointer", defaults.binary_search(&default).expect("all defaults are in it")
            )
        });
        let fields: Vec<String> = fields.collect();
        let required = own.iter().enumerate().filter(|(_, r)| !r[4].is_empty());
        let required: Vec<usize> = required.map(|(at, _)| at).collect();
        // What by-value maps lack when they are left out; metadata and status lack nothing.
        let structs = own.iter().enumerate().filter(|(_, r)| {
            let zero = zeros.get(&(r[0].clone(), r[1].clone()));
            zero.is_some_and(|(means, _)| means == "struct") && !matches!(r[1].as_str(), "metadata" | "status")
        });
        let structs: Vec<usize> = structs.map(|(at, _)| at).collect();
        let custom = custom.iter().any(|r| r[0] == *name);
        let mut rules: Vec<_> = checks.iter().filter(|r| !custom && is_type(name, &r[0])).collect();
        rules.sort_by_key(|r| (r[1].len(), &r[1]));
        let (of_whole, of_fields): (Vec<_>, Vec<_>) =
            rules.into_iter().partition(|r| r[1].is_empty() || r[2] == "filled");
        let [of_whole, of_fields] = [of_whole, of_fields].map(|rules| {
            let rules = rules.iter().map(|r| {
                let argument = r.get(3).map_or("", String::as_str);
                let releases = range(r.get(4).map_or("-", String::as_str));
                format!("Constraint {{ field: {:?}, check: ConstraintKind::{}, releases: {releases} }}", r[1], rule(&r[2], argument, &cross_field))
            });
            rules.collect::<Vec<_>>().join(", ")
        });
        let fields = fields.join(", ");
        format!("Type {{ name: {name:?}, fields: &[{fields}], required: &{required:?}, structs: &{structs:?}, of_whole: &[{of_whole}], of_fields: &[{of_fields}] }}")
    });
    let readers = table("schemas/programs/readers.tsv");
    let kinds = tables(&[
        "kubernetes/kinds",
        "kubernetes/file-kinds",
        "programs/kinds",
        "programs/custom-kinds",
    ]);
    let custom = tables(&["programs/custom-kinds"]);
    let objects = table("schemas/kubernetes/objects.tsv");
    let resources = table("schemas/kubernetes/resources.tsv");
    let kinds = kinds.iter().map(|r| {
        let object = objects.iter().find(|o| o[0] == r[0] && o[1] == r[2]);
        let [name, generation, finalizers] =
            [(2, "subdomain"), (3, "set"), (4, "any")].map(|(at, other)| object.map_or(other, |o| o[at].as_str()));
        let namespaced = resources.iter().any(|row| row[0] == r[0] && row[2] == r[2] && row[3] == "namespaced");
        let reader = readers
            .iter()
            .find(|row| row[0] == r[0] && (row[1] == "*" || row[1] == r[2]));
        let reader = reader.map(|row| {
            format!(
                "ReadingProgram {{ name: {:?}, refuses: {}, any_case: {} }}",
                row[2],
                row[3] == "refused",
                row[4] == "any"
            )
        });
        format!(
            "ApiKind {{ group: {:?}, version: {:?}, kind: {:?}, ty: {}, releases: {}, off: {}, reader: {}, custom: {}, name: NameForm::{}, keeps_generation: {}, any_finalizer: {}, namespaced: {namespaced} }}",
            r[0],
            r[1],
            r[2],
            place(&r[3]),
            range(&r[4]),
            r.get(5).is_some_and(|state| state == "off"),
            reader.map_or("None".to_owned(), |reader| format!("Some({reader})")),
            custom.contains(r),
            camel_case(name),
            generation == "kept",
            finalizers == "any"
        )
    });
    let mut lives = table("schemas/kubernetes/api-lifecycle.tsv");
    lives.sort();
    let lives = lives.iter().map(|r| {
        format!(
            "ApiLifecycle {{ group: {:?}, version: {:?}, kind: {:?}, deprecated: {}, removed: {}, replacement: {:?} }}",
            r[0], r[1], r[2], r[3], r[4], r[5]
        )
    });
    let table = |name: &str, row: &str, rows: Vec<String>| {
        format!(
            "pub(super) static {name}: [{row}; {}] = [\n    {},\n];\n",
            rows.len(),
            rows.join(",\n    ")
        )
    };
    let values = lists.iter().map(|list| {
        let values = list.split('|').filter(|v| !v.is_empty());
        let values: Vec<&str> = values.map(|v| v.trim_matches('"')).collect();
        format!("&{values:?}")
    });
    [
        format!("pub(super) static NAMES: &str = {keys:?};\n"),
        table("VALUES", "&[&str]", values.collect()),
        table(
            "DEFAULTS",
            "&str",
            defaults.iter().map(|d| format!("{d:?}")).collect(),
        ),
        table("TYPES", "Type", types.collect()),
        table("KINDS", "ApiKind", kinds.collect()),
        table("API_LIFECYCLES", "ApiLifecycle", lives.collect()),
    ]
    .concat()
}

/// Rows of rules that name several fields, as a row for each.
fn one_field_each(rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let each = |row: Vec<String>| {
        let fields: Vec<String> = row[1].split(' ').map(str::to_owned).collect();
        fields.into_iter().map(move |field| {
            let mut own = row.clone();
            own[1] = field;
            own
        })
    };
    rows.into_iter().flat_map(each).collect()
}

/// The functions that the tables of rules name, in the order of the registry.
fn cross_field_checks(checks: &[Vec<String>]) -> Vec<&str> {
    let named = checks.iter().filter(|r| r[2] == "cross-field");
    let functions: BTreeSet<&str> = named.map(|r| r[3].as_str()).collect();
    let functions: Vec<&str> = functions.into_iter().collect();
    let registry = format!(
        "pub(super) static CROSS_FIELD_CHECKS: [CrossFieldCheck; {}] = [\n    {},\n];\n",
        functions.len(),
        functions.join(",\n    ")
    );
    write("cross_field.rs", &registry);
    functions
}

/// What RBAC can name, sorted by group and name.
fn resource_table() -> String {
    let mut rows = table("schemas/kubernetes/resources.tsv");
    rows.sort();
    let rows: Vec<String> = rows
        .iter()
        .map(|r| {
            let verbs: Vec<&str> = r[4].split(' ').collect();
            format!(
                "Resource {{ group: {:?}, name: {:?}, kind: {:?}, namespaced: {}, verbs: &{verbs:?}, gone: {} }}",
                r[0],
                r[1],
                r[2],
                r[3] == "namespaced",
                r[5]
            )
        })
        .collect();
    format!(
        "static RESOURCES: [Resource; {}] = [\n    {},\n];\n",
        rows.len(),
        rows.join(",\n    ")
    )
}

/// Whether a type goes by a name that may leave out the first parts of its own.
fn is_type(full: &str, name: &str) -> bool {
    full.strip_suffix(name)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The releases of `33-`, `-34` or `26-30`: what is open reaches to the oldest or the newest of the tables.
fn range(span: &str) -> String {
    let (since, until) = span
        .split_once('-')
        .unwrap_or_else(|| panic!("schemas: `{span}` is no range of releases"));
    let minor = |text: &str, open: u8| match text {
        "" => open,
        text => text.parse().expect("schemas: minor versions"),
    };
    let (since, until) = (minor(since, OLDEST_RELEASE), minor(until, NEWEST_RELEASE));
    format!("ReleaseRange::new({since}, {until})")
}

/// `DISTRIBUTION_DEFAULT` and `count-or-percent` as the name of a type or variant.
fn camel_case(name: &str) -> String {
    let words = name.split(['_', '-']);
    words
        .map(|w| w[..1].to_uppercase() + &w[1..].to_lowercase())
        .collect()
}

/// A bound such as `1ms` or `300s`; `-` is none.
fn nanoseconds(bound: &str) -> Option<i64> {
    let unit = bound.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = &bound[..bound.len() - unit.len()];
    let unit = match unit {
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "-" => return None,
        other => panic!("rules: no unit {other}"),
    };
    Some(number.parse::<i64>().expect("rules: durations") * unit)
}

/// A check of the tables of rules; `cross_field` are the functions of the registry.
fn rule(check: &str, argument: &str, cross_field: &[&str]) -> String {
    let words: Vec<&str> = argument
        .split([' ', ','])
        .filter(|w| !w.is_empty())
        .map(|w| w.trim_matches('"'))
        .collect();
    match check {
        "range" => format!("Range({}, {})", words[0], words[1]),
        "enum" => format!("OneOf(&{words:?})"),
        "filled" => "Filled".to_owned(),
        "something" => "Something".to_owned(),
        "cross-field" => {
            let index = cross_field.binary_search(&argument);
            format!("CrossField({})", index.expect("all functions are in it"))
        }
        "not-empty" => "NotEmpty".to_owned(),
        "max-items" => format!("MaxItems({})", words[0]),
        "max-bytes" => format!("MaxBytes({})", words[0]),
        "not-null" => "NotNull".to_owned(),
        "duration" => format!(
            "Duration({}, {})",
            nanoseconds(words[0]).unwrap_or(i64::MIN),
            nanoseconds(words[1]).unwrap_or(i64::MAX)
        ),
        "exactly" => format!("Exactly(&{words:?})"),
        "at-most" => format!("AtMost(&{words:?})"),
        "at-least" => format!("AtLeast(&{words:?})"),
        "unique" => format!("Unique(&{words:?})"),
        "unique-values" => "Unique(&[])".to_owned(),
        "form" => format!("Syntax(Syntax::{})", camel_case(argument)),
        "form-or-empty" => format!("SyntaxOrEmpty(Syntax::{})", camel_case(argument)),
        other => panic!("rules: no check {other}"),
    }
}

/// `schemas/components/*.tsv` as static tables, each sorted by its first columns so that a look-up is a binary search.
fn component_tables() -> String {
    println!("cargo::rerun-if-changed=schemas/components");
    let mut out = String::new();
    let mut emit = |name: &str, files: &[&str], row: &dyn Fn(&[&str]) -> String| {
        let mut rows: Vec<String> = Vec::new();
        for file in files {
            let path = path::Path::new("schemas/components").join(file);
            let text =
                fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let lines = text.lines().filter(|l| !l.starts_with('#'));
            rows.extend(lines.map(|line| row(&line.split('\t').collect::<Vec<_>>())));
        }
        rows.sort();
        let _ = writeln!(
            out,
            "pub(super) static {name}: [{}; {}] = [\n    {},\n];",
            camel_case(name),
            rows.len(),
            rows.join(",\n    ")
        );
    };
    emit("FLAG", &["flags.tsv"], &|c| {
        format!(
            "Flag {{ component: {:?}, name: {:?}, since: {}, until: {}, ty: FlagType::{}, default: {:?}, deprecated: {} }}",
            c[0],
            c[1],
            c[2],
            c[3],
            flag_type(c[4]),
            c[5],
            c[6] == "deprecated"
        )
    });
    let own = fs::read_to_string("schemas/components/flag-rules.tsv").expect("flag-rules.tsv");
    let own: Vec<Vec<String>> = own
        .lines()
        .filter(|l| !l.starts_with('#'))
        .map(|l| l.split('\t').map(str::to_owned).collect())
        .collect();
    let mut rules: Vec<String> = own
        .iter()
        .chain(&field_rules(&own))
        .map(|c| {
            let releases = c.get(4).map_or("", |r| r.as_str());
            let (since, until) = releases.split_once('-').unwrap_or(("", ""));
            let bound = |text: &str, open: u8| text.parse().unwrap_or(open);
            format!(
                "FlagRule {{ component: {:?}, flag: {:?}, check: {}, since: {}, until: {} }}",
                c[0],
                c[1],
                flag_check(&c[2], &c[3]),
                bound(since, 0),
                bound(until, 63)
            )
        })
        .collect();
    rules.sort();
    emit("GATE_NEEDS", &["feature-gate-dependencies.tsv"], &|c| {
        let needs: Vec<&str> = c[1].split(' ').collect();
        format!("GateNeeds {{ name: {:?}, needs: &{needs:?} }}", c[0])
    });
    emit("GATE", &["feature-gates.tsv"], &|c| {
        format!(
            "Gate {{ name: {:?}, since: {}, until: {}, stage: {:?}, on: {}, locked: {} }}",
            c[0],
            c[1],
            c[2],
            c[3],
            c[4] == "true",
            c[5] == "locked"
        )
    });
    emit("PLUGIN", &["admission-plugins.tsv"], &|c| {
        format!(
            "Plugin {{ name: {:?}, since: {}, until: {} }}",
            c[0], c[1], c[2]
        )
    });
    emit("SCHEDULER_PLUGIN", &["scheduler-plugins.tsv"], &|c| {
        format!(
            "SchedulerPlugin {{ name: {:?}, since: {}, until: {}, points: {:?} }}",
            c[0], c[1], c[2], c[3]
        )
    });
    emit("REMOVED", &["removed.tsv"], &|c| {
        format!(
            "Removed {{ what: {:?}, name: {:?}, since: {}, instead: {:?} }}",
            c[0], c[1], c[2], c[3]
        )
    });
    emit("NAME", &["k3s-flags.tsv"], &|c| {
        format!("Name {{ name: {:?} }}", c[0])
    });
    emit("SUITE", &["cipher-suites.tsv"], &|c| {
        format!("Suite {{ name: {:?}, kind: {:?} }}", c[0], c[1])
    });
    emit(
        "DISTRIBUTION_DEFAULT",
        &["distribution-defaults.tsv", "file-defaults.tsv"],
        &|c| {
            format!(
                "DistributionDefault {{ distribution: {:?}, component: {:?}, setting: {:?}, since: {}, until: {}, value: {:?} }}",
                c[0], c[1], c[2], c[3], c[4], c[5]
            )
        },
    );
    emit("FIELD_MAPPING", &["fields.tsv"], &|c| {
        format!(
            "FieldMapping {{ form: {:?}, path: {:?}, component: {:?}, setting: {:?} }}",
            c[0], c[1], c[2], c[3]
        )
    });
    let _ = writeln!(
        out,
        "pub(super) static FLAG_RULE: [FlagRule; {}] = [\n    {},\n];",
        rules.len(),
        rules.join(",\n    ")
    );
    out
}

/// The variant of `FlagType` for what a program calls the type of a flag.
fn flag_type(name: &str) -> &str {
    match name {
        "bool" => "Bool",
        "version" => "Version",
        "int" | "int64" => "Int(64)",
        "int32" => "Int(32)",
        "uint" => "Uint",
        "Level" => "Level",
        "float32" => "Float(32)",
        "float64" => "Float(64)",
        "duration" => "Duration",
        "string" => "Text",
        "stringSlice" => "Slice",
        "stringArray" => "Array",
        "int32Slice" => "IntSlice",
        "ip" => "Ip",
        "sloppyIP" => "SloppyIp",
        "namedCertKey" => "CertKey",
        "portRange" => "PortRange",
        "quantity" => "Quantity",
        "pattern=N,..." => "Pattern",
        "[]v1.Taint" => "Taints",
        "reserved-memory" => "ReservedMemory",
        "configurationMap" => "Configuration",
        "mapStringString" => "Map",
        "pair" => "Pair",
        "lessThanMap" => "LessMap",
        "mapStringBool" => "BoolMap",
        "colonSeparatedMultimapStringString" => "ColonMap",
        "featureGates" => "Gates",
        "stringToString" => "TextMap",
        "list" => "List",
        "other" => "Other",
        other => panic!("flags.tsv: no type {other}"),
    }
}

/// What is checked of the value of a flag.
fn flag_check(check: &str, argument: &str) -> String {
    match check {
        "range" => {
            let (low, high) = argument.split_once(' ').expect("range: two numbers");
            format!("FlagCheck::Range({low:?}, {high:?})")
        }
        "enum" => format!("FlagCheck::OneOf({argument:?})"),
        "items" => format!("FlagCheck::Items({argument:?})"),
        "form" => format!("FlagCheck::Form({argument:?})"),
        other => panic!("flag-rules.tsv: no check {other}"),
    }
}

/// Rules about fields of files as rules about the flags that set the same, where those have none of their own.
fn field_rules(own: &[Vec<String>]) -> Vec<Vec<String>> {
    let rows = |path: &str| -> Vec<Vec<String>> {
        println!("cargo::rerun-if-changed={path}");
        let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let lines = text.lines().filter(|l| !l.starts_with('#'));
        lines
            .map(|l| l.split('\t').map(str::to_owned).collect())
            .collect()
    };
    let fields = rows("schemas/components/fields.tsv");
    let mut found = Vec::new();
    for component in ["kubelet", "kube-proxy"] {
        for rule in rows(&format!("schemas/programs/rules/{component}.tsv")) {
            let path = match rule[0].split_once('/') {
                Some((_, path)) => format!("{}.{}", path.replace('/', "."), rule[1]),
                None => rule[1].clone(),
            };
            let mut known = fields
                .iter()
                .filter(|f| f[0] == component && f[2] == component);
            let flag = known.find(|f| f[1] == path || f[1] == format!("{path}[]"));
            let Some(flag) = flag.filter(|_| matches!(&*rule[2], "range" | "enum")) else {
                continue;
            };
            if own.iter().any(|o| o[0] == component && o[1] == flag[3]) {
                continue;
            }
            let words = rule[3].replace(' ', ",");
            let argument = if rule[2] == "enum" {
                words
            } else {
                rule[3].clone()
            };
            found.push(
                [component, &flag[3], &rule[2], &argument, ""]
                    .map(str::to_owned)
                    .into(),
            );
        }
    }
    found
}

/// `schemas/cel/*.tsv` as static tables, in the order of the files, which are sorted by what they are looked up by.
fn cel_tables() -> String {
    println!("cargo::rerun-if-changed=schemas/cel");
    let emit = |name: &str, row: &str, file: &str, print: &dyn Fn(&[String]) -> String| {
        let rows = table(&format!("schemas/cel/{file}.tsv"));
        let sorted = rows.windows(2).all(|pair| pair[0][0] <= pair[1][0]);
        assert!(
            sorted,
            "schemas/cel/{file}.tsv is sorted by its first column"
        );
        let printed: String = rows.iter().map(|row| print(row) + ",\n").collect();
        format!("static {name}: [{row}; {}] = [\n{printed}];\n", rows.len())
    };
    let functions = emit("FUNCTIONS", "Function", "functions", &|c| {
        let since = if c[1].is_empty() { "0" } else { &c[1] };
        format!(
            "Function {{ name: {:?}, since: {since}, member: {}, args: {:?}, result: {:?} }}",
            c[0],
            c[2] == "member",
            c[3],
            c[4]
        )
    });
    let fields = emit("OBJECT_FIELDS", "ObjectField", "objects", &|c| {
        format!(
            "ObjectField {{ object: {:?}, name: {:?}, ty: {:?} }}",
            c[0], c[1], c[2]
        )
    });
    functions + &fields
}

fn read(path: &path::Path) -> Policy {
    let fail = |what: &dyn std::fmt::Display| -> ! { panic!("{}: {what}", path.display()) };
    let text = fs::read_to_string(path).unwrap_or_else(|e| fail(&e));
    let mut policy: Policy = serde_yaml::from_str(&text).unwrap_or_else(|e| fail(&e));
    let relative = path
        .strip_prefix("policies")
        .expect("under policies/")
        .with_extension("");
    policy.id = relative
        .iter()
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
        .into();
    for shape in policy.check.iter() {
        if let Some(what) = mistake(&policy, shape) {
            fail(&what);
        }
    }
    if policy.check.is_empty() && policy.message.is_some() {
        fail(&"`message` belongs to a shape; a function writes its own");
    }
    if policy.applies.is_empty() {
        fail(&"`applies` is empty");
    }
    policy
}

/// What is wrong with a shape.
fn mistake(policy: &Policy, shape: &Shape) -> Option<String> {
    let given = [
        shape.field.is_some(),
        shape.setting.is_some(),
        shape.grants.is_some(),
        shape.binding.is_some(),
    ];
    if given.iter().filter(|g| **g).count() != 1 {
        return Some("`check` needs exactly one shape".to_owned());
    }
    if let Some(what) = misplaced(policy, shape) {
        return Some(what);
    }
    let field = shape.field.as_deref();
    if let Some(what) = field.and_then(|f| field_mistake(f, &policy.parameters)) {
        return Some(what);
    }
    if let Some(field) = field
        && (tests(field) == 0 || field.path.is_empty())
    {
        return Some("`field` needs a `path`, and what fails there".to_owned());
    }
    let binding = shape.binding.as_deref();
    if let Some(name) = binding.and_then(|b| undeclared(b.unless_roles.iter(), &policy.parameters))
    {
        return Some(format!("no parameter {name}"));
    }
    match shape.message.as_ref().or(policy.message.as_ref()) {
        None => Some("a shape needs a `message`".to_owned()),
        Some(message) => unknown_placeholder(message, shape, policy.applies[0].contains('/'))
            .map(|p| format!("unknown placeholder {{{p}}} in the message")),
    }
}

/// What of a shape does not go with what the policy applies to, so that it would never fail.
fn misplaced(policy: &Policy, shape: &Shape) -> Option<String> {
    let all = |wanted: &dyn Fn(&str) -> bool| policy.applies.iter().all(|name| wanted(name));
    let is_object = |name: &str| name.contains('/') || name == "Object";
    let is_view = |name: &str| is_object(name) || matches!(name, "Container" | "Pod");
    let is_component = |name: &str| !is_view(name) && name.starts_with(|c: char| c.is_lowercase());
    let fits = match shape {
        Shape { field: Some(_), .. } => all(&is_view),
        Shape {
            binding: Some(_), ..
        } => all(&is_object),
        Shape {
            setting: Some(setting),
            ..
        } => all(&is_component) || all(&is_object) && setting.fails_when == FailsWhen::Is,
        _ => all(&|name| name == "PolicyRule"),
    };
    if !fits {
        return Some("no such check of what the policy applies to".to_owned());
    }
    let listed = |kind: &str| {
        let mut names = policy.applies.iter().map(|name| name.rsplit('/').next());
        names.any(|name| name == Some(kind))
    };
    let views = all(&|name| matches!(name, "Container" | "Pod" | "Object" | "PolicyRule"));
    let kind = shape.kinds.iter().find(|kind| !views && !listed(kind));
    kind.map(|kind| format!("`kinds` has {kind}, which the policy does not apply to"))
}

/// How many tests a field names.
fn tests(field: &FieldShape) -> usize {
    let lists = field.is.len() + field.is_not.len() + field.matches.len();
    let numbers = [field.above, field.below, field.at_most];
    let numbers = numbers.iter().flatten().count() + field.value.len();
    let others = [field.url.is_some(), field.repeated.is_some()];
    lists + field.matches_not.len() + numbers + others.iter().filter(|o| **o).count()
}

/// What is wrong with a field, or with those that it depends on.
fn field_mistake(field: &FieldShape, parameters: &[Parameter]) -> Option<String> {
    let literals = field.is.iter().chain(field.is_not.iter());
    let steps = field
        .path
        .iter()
        .chain(field.each.iter())
        .flat_map(|path| path.0.iter());
    let keys = steps.filter_map(|step| match step {
        Step::Parameter(name) => Some(name),
        _ => None,
    });
    let keys: Vec<Literal> = keys.cloned().map(Literal::Parameter).collect();
    if let Some(name) = undeclared(literals.chain(&keys), parameters) {
        return Some(format!("no parameter {name}"));
    }
    let depends = || field.when.iter().chain(field.unless.iter());
    let told = |c: &FieldShape| {
        c.section.is_some() || c.lacks_at.is_some() || c.related.is_some() || !c.values.is_empty()
    };
    if depends().any(|c| c.path.is_empty() || told(c)) {
        return Some("`when` and `unless` have paths and tests, and report nothing".to_owned());
    }
    depends().find_map(|c| field_mistake(c, parameters))
}

/// The name of a parameter that the policy does not have.
fn undeclared<'l>(
    mut literals: impl Iterator<Item = &'l Literal>,
    parameters: &[Parameter],
) -> Option<&'l str> {
    literals.find_map(|literal| match literal {
        Literal::Parameter(name) if !parameters.iter().any(|p| p.name == *name) => Some(&**name),
        _ => None,
    })
}

/// A placeholder that a shape cannot fill in; it would otherwise be seen by users only.
fn unknown_placeholder(message: &str, shape: &Shape, of_objects: bool) -> Option<String> {
    let known: &[&str] = match shape {
        Shape {
            setting: Some(_), ..
        } if of_objects => &["setting", "value"],
        Shape {
            setting: Some(_), ..
        } => &["setting", "value", "state", "component", "host"],
        Shape {
            grants: Some(_), ..
        } => &["name", "kind", "verb", "resource"],
        Shape {
            binding: Some(_), ..
        } => &["name", "kind", "role", "star"],
        _ => &["name", "kind", "container", "value", "key"],
    };
    let own = shape.field.iter().flat_map(|f| f.values.iter());
    let own: Vec<&str> = own.map(|(name, _)| name.as_ref()).collect();
    let names = message.split('{').skip(1);
    let mut names = names.map(|part| part.split('}').next().unwrap_or_default());
    // Those of another setting.
    let other = |name: &str| {
        let prefix = name.split_once(':').map(|(prefix, _)| prefix);
        shape.setting.is_some() && !of_objects && matches!(prefix, Some("setting" | "value"))
    };
    let unknown = names.find(|name| !(known.contains(name) || own.contains(name) || other(name)));
    unknown.map(str::to_owned)
}

/// `applies` and `check` decide the variant; a function is found by the policy's path.
fn check(policy: &Policy) -> String {
    let applies = policy.applies[0].as_ref();
    if !policy.check.is_empty() {
        return "Check::Data".to_owned();
    }
    let variant = match applies {
        "Reader" => return "Check::Reader".to_owned(),
        "Container" | "Pod" | "PolicyRule" | "Object" | "Set" => applies,
        kind if kind.contains('/') => "Object",
        _ => "Component",
    };
    let (category, name) = policy
        .id
        .split_once('/')
        .unwrap_or_else(|| panic!("{}: a policy lies in a folder", policy.id));
    let function = format!(
        "crate::rules::{}::{}",
        category.replace('-', "_"),
        name.replace('-', "_")
    );
    if variant == "Component" && policy.applies.iter().any(|a| a == "Set") {
        return format!("Check::ComponentAndSet({function}, {function}_in_set)");
    }
    format!("Check::{variant}({function})")
}

fn row(p: &Policy) -> String {
    let standards = format!(
        "Standards {{ pss: {}, cis: {}, nsa: {} }}",
        option(p.standards.pss, |l| format!(
            "PssLevel::{}",
            match l {
                PssLevel::Baseline => "Baseline",
                PssLevel::Restricted => "Restricted",
            }
        )),
        option(p.standards.cis.as_deref(), text),
        p.standards.nsa
    );
    let parameters = list(&p.parameters, |x| {
        format!(
            "Parameter {{ name: {}, about: {}, default: {} }}",
            text(&x.name),
            text(&x.about),
            texts(&x.default)
        )
    });
    let fields = [
        ("id", text(&p.id)),
        ("title", text(&p.title)),
        ("severity", severity(p.severity)),
        ("default", p.default.to_string()),
        ("preview", p.preview.to_string()),
        ("opt_in", p.opt_in.to_string()),
        ("applies", texts(&p.applies)),
        ("skip_system_pods", p.skip_system_pods.to_string()),
        ("skip_namespaced_roles", p.skip_namespaced_roles.to_string()),
        ("standards", standards),
        ("subsumes", texts(&p.subsumes)),
        (
            "subsume_by",
            match p.subsume_by {
                SubsumeBy::Scope => "SubsumeBy::Scope".to_owned(),
                SubsumeBy::Node => "SubsumeBy::Node".to_owned(),
            },
        ),
        ("rationale", text(p.rationale.trim())),
        ("remediation", text(p.remediation.trim())),
        ("references", texts(&p.references)),
        ("peers", texts(&p.peers)),
        ("parameters", parameters),
        ("formerly", texts(&p.formerly)),
        ("check", list(&p.check, shape)),
        ("message", option(p.message.as_deref(), text)),
        (
            "identity",
            match p.identity {
                Identity::Value => "Identity::Value".to_owned(),
                Identity::Place => "Identity::Place".to_owned(),
            },
        ),
        (
            "examples",
            format!(
                "Examples {{ fails: {}, passes: {} }}",
                list(&p.examples.fails, example),
                list(&p.examples.passes, example)
            ),
        ),
    ];
    let fields: Vec<String> = fields
        .into_iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    format!("Policy {{ {} }}", fields.join(", "))
}

fn shape(s: &Shape) -> String {
    format!(
        "Shape {{ field: {}, setting: {}, grants: {}, binding: {}, message: {}, severity: {}, help: {}, kinds: {}, strict: {}, since: {:?}, until: {:?} }}",
        option(s.field.as_deref(), |s| held(&field(s))),
        option(s.setting.as_deref(), |s| held(&setting(s))),
        option(s.grants.as_deref(), |s| held(&grants(s))),
        option(s.binding.as_deref(), |s| held(&binding(s))),
        option(s.message.as_deref(), text),
        option(s.severity, severity),
        option(s.help.as_deref(), text),
        texts(&s.kinds),
        s.strict,
        s.since,
        s.until
    )
}

fn field(f: &FieldShape) -> String {
    let [is, is_not] = [&f.is, &f.is_not].map(|l| list(l, literal));
    let [matches, matches_not] = [&f.matches, &f.matches_not].map(|l| list(l, pattern));
    let [each, paths] = [&f.each, &f.path].map(|l| list(l, path));
    let [when, unless] = [&f.when, &f.unless].map(|l| list(l, field));
    let values = list(&f.values, |(name, at)| {
        format!("({}, {})", text(name), path(at))
    });
    let related = option(f.related.as_ref(), |r: &Related| {
        format!(
            "Related {{ path: {}, text: {}, at: Point::{:?} }}",
            path(&r.path),
            text(&r.text),
            r.at
        )
    });
    // A condition without a test asks whether the field is there.
    let value = match tests(f) {
        0 => &[Presence::Present],
        _ => &*f.value,
    };
    format!(
        "FieldShape {{ section: {}, each: {each}, path: {paths}, is: {is}, is_not: {is_not}, matches: {matches}, matches_not: {matches_not}, above: {:?}, below: {:?}, at_most: {:?}, url: {}, repeated: {}, value: {}, when: {when}, unless: {unless}, at: Point::{:?}, lacks_at: {}, whole: {}, related: {related}, values: {values} }}",
        option(f.section, |s| format!("Section::{s:?}")),
        f.above,
        f.below,
        f.at_most,
        option(f.url, |kind| format!("UrlKind::{kind:?}")),
        option(f.repeated.as_deref(), text),
        list(value, |v| format!("Presence::{v:?}")),
        f.at,
        option(f.lacks_at.as_ref(), path),
        f.whole
    )
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Bool(b) => format!("Literal::Bool({b})"),
        Literal::Int(i) => format!("Literal::Int({i})"),
        Literal::Str(t) => format!("Literal::Str({})", text(t)),
        Literal::Parameter(name) => format!("Literal::Parameter({})", text(name)),
    }
}

fn setting(s: &SettingShape) -> String {
    let [unless, when] = [&s.unless, &s.when].map(|l| list(l, condition));
    let (id, value) = (texts(&s.id), list(&s.value, pattern));
    format!(
        "SettingShape {{ id: {id}, fails_when: FailsWhen::{:?}, value: {value}, unless: {unless}, when: {when}, lacks_at: {}, absence: Absence::{:?}, absent_severity: {} }}",
        s.fails_when,
        option(s.lacks_at.as_deref(), text),
        s.absence,
        option(s.absent_severity, severity)
    )
}

fn grants(g: &GrantsShape) -> String {
    let [groups, resources, verbs] = [&g.groups, &g.resources, &g.verbs].map(|l| texts(l));
    let [urls, roles, names] = [&g.urls, &g.roles, &g.names].map(|l| texts(l));
    format!(
        "GrantsShape {{ groups: {groups}, resources: {resources}, named: {}, verbs: {verbs}, urls: {urls}, roles: {roles}, names: {names}, limited: {}, own_groups: {}, alone: {} }}",
        g.named,
        option(g.limited, severity),
        option(g.own_groups, severity),
        g.alone
    )
}

fn binding(b: &BindingShape) -> String {
    let named = |n: &Named| {
        format!(
            "Named {{ kind: {}, name: {} }}",
            text(&n.kind),
            pattern(&n.name)
        )
    };
    let [roles, subjects] = [&b.roles, &b.subjects].map(|l| list(l, named));
    format!(
        "BindingShape {{ roles: {roles}, unless_roles: {}, subjects: {subjects}, unless_default: {} }}",
        list(&b.unless_roles, literal),
        b.unless_default
    )
}

fn condition(c: &Condition) -> String {
    format!(
        "Condition {{ setting: {}, value: {}, negated: {} }}",
        text(&c.setting),
        option(c.value.as_ref(), pattern),
        c.negated
    )
}

fn pattern(p: &Pattern) -> String {
    format!("Pattern({})", texts(&p.0))
}

fn path(p: &Path) -> String {
    let steps = list(&p.0, |step| match step {
        Step::Root => "Step::Root".to_owned(),
        Step::Key(key) => format!("Step::Key({})", text(key)),
        Step::Items => "Step::Items".to_owned(),
        Step::Index(index) => format!("Step::Index({index})"),
        Step::Named(field, value) => format!("Step::Named({}, {})", text(field), text(value)),
        Step::Parameter(name) => format!("Step::Parameter({})", text(name)),
        Step::Values => "Step::Values".to_owned(),
        Step::Within => "Step::Within".to_owned(),
    });
    format!("Path({steps})")
}

fn example(e: &Example) -> String {
    let files = list(&e.files, |(path, body)| {
        format!("({}, {})", text(path), text(body))
    });
    let marks = list(&e.marks, |m| {
        format!(
            "Mark {{ file: {}, line: {}, text: {}, message: {} }}",
            text(&m.file),
            m.line,
            text(&m.text),
            text(&m.message)
        )
    });
    format!(
        "Example {{ release: {:?}, files: {files}, marks: {marks} }}",
        e.release
    )
}

fn severity(s: Severity) -> String {
    format!("Severity::{s:?}")
}

fn text(t: impl AsRef<str>) -> String {
    format!("Cow::Borrowed({:?})", t.as_ref())
}

fn texts(list_: &[model::Text]) -> String {
    list(list_, |t| text(t))
}

fn list<T>(items: &[T], one: impl Fn(&T) -> String) -> String {
    let items: Vec<String> = items.iter().map(one).collect();
    format!("Cow::Borrowed(&[{}])", items.join(", "))
}

fn held(value: &str) -> String {
    format!("Held::Static(&{value})")
}

fn option<T>(value: Option<T>, one: impl Fn(T) -> String) -> String {
    value.map_or("None".to_owned(), |v| format!("Some({})", one(v)))
}
