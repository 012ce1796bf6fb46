//! What Kubernetes' validation asks beyond types, as `schemas/kubernetes/rules/` has it: ranges, forms, one of several fields.

use super::cross_field::{amount, missing, own_key};
use super::table::{Constraint, ConstraintKind, Syntax, Type};
use super::validator::{Validator, is_unset, named};
use super::{duration, format, forms};
use crate::go_value::parse_quantity;
use crate::ids;
use crate::kube::{is_replaced, is_templated};
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::borrow::Cow;
use std::collections::HashMap;

/// Checks a map of a type by the type's rules.
pub(super) fn check<'d>(validator: &mut Validator<'d>, map: Node<'d>, ty: &'static Type) {
    for rule in ty.of_whole {
        validator.of_releases(rule.releases(), |v| of_whole(v, map, ty, rule));
    }
    if ty.has_rules_of_fields() {
        for (key, value) in map.entries() {
            of_field(validator, key, value, ty);
        }
    }
}

/// Checks a value by the rules about its field alone.
pub(super) fn of_field<'d>(
    validator: &mut Validator<'d>,
    key: Node<'d>,
    value: Node<'d>,
    ty: &'static Type,
) {
    let rules = ty.rules_of(key.text().unwrap_or_default());
    if value.is_null() {
        return duration::of_null(validator, value, rules);
    }
    if rules.is_empty() {
        return;
    }
    let nothing = counts_for_nothing(ty, key.text().unwrap_or_default(), value);
    let program = validator.program().is_some();
    for rule in rules {
        if nothing && !(program && judges_nothing(&rule.check)) {
            continue;
        }
        validator.of_releases(rule.releases(), |v| of_value(v, value, rule, &rule.check));
    }
}

/// Whether a value is none to the server, which then has its default, or what a row about the field's absence says.
fn counts_for_nothing(ty: &'static Type, name: &str, value: Node<'_>) -> bool {
    let number = || matches!(value.kind(), NodeKind::Int | NodeKind::Float);
    let Some(field) = ty.field(name).first() else {
        return false;
    };
    match value.kind() {
        NodeKind::Str => is_unset(field, value),
        _ => number() && !field.default().is_empty() && is_unset(field, value),
    }
}

/// Whether a rule about a file of a program, whose pointers are not known, judges a text that is empty.
fn judges_nothing(check: &ConstraintKind) -> bool {
    !matches!(
        check,
        ConstraintKind::OneOf(_)
            | ConstraintKind::Syntax(
                Syntax::Label
                    | Syntax::Label1035
                    | Syntax::PathSegment
                    | Syntax::PortName
                    | Syntax::Qualified
                    | Syntax::Subdomain
                    | Syntax::WildcardHost
            )
    )
}

fn of_whole<'d>(
    validator: &mut Validator<'d>,
    map: Node<'d>,
    ty: &'static Type,
    rule: &'static Constraint,
) {
    match &rule.check {
        ConstraintKind::Exactly(fields) => one_of(validator, map, ty, fields, true, true),
        ConstraintKind::AtMost(fields) => one_of(validator, map, ty, fields, false, true),
        ConstraintKind::AtLeast(fields) => one_of(validator, map, ty, fields, true, false),
        ConstraintKind::Filled => filled(validator, map, ty, rule),
        ConstraintKind::CrossField(index) => validator.cross_field(*index, map),
        _ => {}
    }
}

fn filled<'d>(validator: &mut Validator<'d>, map: Node<'d>, ty: &'static Type, rule: &Constraint) {
    let value = map.get(rule.field);
    let node_span: NodeSpan<'d> = match value {
        // The published schema tells of those that it requires.
        _ if value.is_none_or(Node::is_null)
            && ty
                .field(rule.field)
                .iter()
                .any(|f| !f.required().is_empty()) =>
        {
            return;
        }
        None => map.lacking(),
        Some(value) if is_empty(value) => match value.key_node() {
            Some(key) => key.into(),
            None => value.into(),
        },
        Some(_) => return,
    };
    let what = if value.is_some() { "empty" } else { "missing" };
    let message = format!(
        "`{}` is {what}: {} rejects {} without it",
        rule.field,
        validator.reader(),
        named(ty)
    );
    let help = Some(format!("write a value for `{}`", rule.field));
    validator
        .add(ids::schema::MISSING_FIELD, node_span, message, help)
        .missing = value.is_none_or(Node::is_null);
}

fn is_empty(value: Node<'_>) -> bool {
    match value.kind() {
        NodeKind::Null => true,
        NodeKind::Str => value.text() == Some(""),
        NodeKind::Seq | NodeKind::Map => value.is_empty(),
        _ => false,
    }
}

/// Of these fields one at least, or one at most, or both.
fn one_of<'d>(
    validator: &mut Validator<'d>,
    map: Node<'d>,
    ty: &'static Type,
    fields: &'static [&'static str],
    least: bool,
    most: bool,
) {
    let mut given = map.entries().filter(|(key, value)| {
        let unset = |name| ty.field(name).iter().any(|field| is_unset(field, *value));
        key.text().is_some_and(|k| fields.contains(&k) && !unset(k)) && !value.is_null()
    });
    let names = || -> String {
        let shown = fields.iter().filter(|f| {
            fields.len() <= 8
                || [
                    "configMap",
                    "secret",
                    "emptyDir",
                    "hostPath",
                    "nfs",
                    "csi",
                    "local",
                ]
                .contains(f)
        });
        let quoted: Vec<String> = shown.map(|f| format!("`{f}`")).collect();
        quoted.join(", ")
    };
    match (given.next(), given.next()) {
        (None, _) if least => {
            let message = format!(
                "{} needs one of {}: the API server rejects it without",
                named(ty),
                names()
            );
            // One that is there with nothing is where something belongs.
            let null = fields.iter().find_map(|field| map.pair(field));
            let at = null.map_or_else(|| map.lacking(), |(key, _)| key.into());
            missing(validator, at, message);
        }
        (Some((first, _)), Some((second, _))) if most => {
            let message = format!(
                "`{}` and `{}` exclude each other: {} has one of {}",
                first.text().unwrap_or_default(),
                second.text().unwrap_or_default(),
                named(ty),
                names()
            );
            validator.add(ids::schema::CONFLICT, second, message, None);
        }
        _ => {}
    }
}

fn of_value<'d>(
    validator: &mut Validator<'d>,
    value: Node<'d>,
    rule: &Constraint,
    check: &ConstraintKind,
) {
    if value.kind() == NodeKind::Seq {
        match check {
            ConstraintKind::Unique(keys) => {
                let ty = validator.ty();
                let item = ty.and_then(|ty| ty.field(rule.field).first()?.ty());
                let default = |key: &str| {
                    let field = item?.field(key).first()?;
                    Some(field.default()).filter(|default| !default.is_empty())
                };
                return unique(validator, value, keys, default);
            }
            ConstraintKind::NotEmpty if value.is_empty() => {}
            ConstraintKind::NotEmpty => return,
            ConstraintKind::MaxItems(_) => {}
            _ => {
                return value
                    .items()
                    .for_each(|item| of_value(validator, item, rule, check));
            }
        }
    }
    // An item that is null is empty.
    let text = value
        .text()
        .filter(|_| !value.is_null())
        .unwrap_or_default();
    if is_replaced(text) {
        return;
    }
    let name = rule.field;
    match check {
        ConstraintKind::Range(low, high) => {
            let number = value.as_int().or_else(|| value.is_null().then_some(0));
            if let Some(number) = number.filter(|n| !(*low..=*high).contains(n)) {
                let expected = match (*low, *high) {
                    (low, high) if high >= i64::from(i32::MAX) => format!("{low} or more"),
                    (low, high) => format!("from {low} to {high}"),
                };
                let mode = *high == 511 && text == number.to_string();
                let help = mode.then(|| {
                    format!("file modes are octal when they begin with 0: write 0{text}, or {} in decimal", octal(text))
                });
                let message = format!("`{name}` must be {expected}, and this is {number}");
                validator.add(ids::schema::RANGE, value, message, help);
            }
        }
        ConstraintKind::OneOf(values) => {
            let string = matches!(value.kind(), NodeKind::Str | NodeKind::Null);
            let known = !string || values.contains(&text);
            if !known && !validator.is_told(name, text) {
                validator.not_one_of(value, name, values);
            }
        }
        ConstraintKind::NotEmpty => {
            if is_empty(value) {
                let message = format!("`{name}` is empty: leave it out or give it a value");
                validator.add(ids::schema::MISSING_FIELD, own_key(value), message, None);
            }
        }
        ConstraintKind::MaxItems(most) => at_most(validator, value, name, *most, "items"),
        ConstraintKind::MaxBytes(most) => at_most(validator, value, name, *most, "bytes"),
        ConstraintKind::SyntaxOrEmpty(_) if text.is_empty() => {}
        ConstraintKind::Syntax(form) | ConstraintKind::SyntaxOrEmpty(form) => {
            of_form(validator, value, name, *form);
        }
        ConstraintKind::Duration(low, high) => duration::check(validator, value, name, *low, *high),
        ConstraintKind::NotNull
        | ConstraintKind::Unique(_)
        | ConstraintKind::Filled
        | ConstraintKind::Something
        | ConstraintKind::CrossField(_)
        | ConstraintKind::Exactly(_)
        | ConstraintKind::AtMost(_)
        | ConstraintKind::AtLeast(_) => {}
    }
}

/// A list, a map or a text that may be too long.
fn at_most<'d>(validator: &mut Validator<'d>, value: Node<'d>, name: &str, most: usize, of: &str) {
    let count = match value.kind() {
        NodeKind::Seq => value.items().count(),
        NodeKind::Map => value.entries().count(),
        _ => value.text().map_or(0, str::len),
    };
    if count > most {
        let message = format!("`{name}` must have at most {most} {of}, and this has {count}");
        let at = match value.kind() {
            NodeKind::Seq | NodeKind::Map => own_key(value),
            _ => value,
        };
        validator.add(ids::schema::RANGE, at, message, None);
    }
}

/// What a mode that was meant as octal is in decimal.
fn octal(text: &str) -> String {
    i64::from_str_radix(text, 8).map_or_else(|_| "its value".to_owned(), |n| n.to_string())
}

/// Items that are the same in all of the keys that tell them apart, the first of which each has. What is left out is its default.
pub(super) fn unique<'d, 's>(
    validator: &mut Validator<'d>,
    list: Node<'d>,
    keys: &[&str],
    default: impl Fn(&str) -> Option<&'s str>,
) {
    let mut seen: HashMap<Vec<&str>, Node<'d>> = HashMap::new();
    for item in list.items() {
        let values = keys
            .iter()
            .enumerate()
            .map(|(at, key)| match item.field(key) {
                Some(value) => value.text(),
                None if at == 0 => None,
                None => Some(default(key).unwrap_or_default()),
            });
        let Some(mut values) = values.collect::<Option<Vec<&str>>>() else {
            continue;
        };
        if keys.is_empty() {
            values.extend(item.text());
        }
        if values.iter().all(|v| v.is_empty() || is_replaced(v)) {
            continue;
        }
        let item_key = keys.first().and_then(|key| item.field(key)).unwrap_or(item);
        if let Some(first) = seen.get(&values) {
            let given = keys.iter().zip(&values).filter(|(_, v)| !v.is_empty());
            let names: Vec<&str> = given.map(|(key, _)| *key).collect();
            values.retain(|value| !value.is_empty());
            let message = format!(
                "{}`{}` is listed twice: {} rejects the second",
                names.join(" and ") + if names.is_empty() { "" } else { " " },
                values.join("` and `"),
                validator.reader()
            );
            let at = *first;
            validator
                .add(ids::schema::DUPLICATE_ITEM, item_key, message, None)
                .related = Some((at.into(), "the first"));
        } else {
            seen.insert(values, item_key);
        }
    }
}

/// A form of text, or of the names and values of a map.
fn of_form<'d>(validator: &mut Validator<'d>, value: Node<'d>, name: &str, form: Syntax) {
    // An item that is null is empty.
    let text = value
        .text()
        .filter(|_| !value.is_null())
        .unwrap_or_default();
    let string = matches!(value.kind(), NodeKind::Str | NodeKind::Null);
    let strict_env = validator.all_before(32);
    // Up to 1.35 leading zeros were taken (feature gate StrictIPCIDRValidation).
    let takes_zeros = !validator.all_from(36);
    let (fits, what): (bool, &str) = match form {
        Syntax::Labels => return labels(validator, value, name),
        Syntax::Annotations => {
            for (key, _) in value.entries() {
                let known = key
                    .text()
                    .is_none_or(|k| is_replaced(k) || format::is_qualified(&k.to_lowercase()));
                validator.form(
                    known,
                    key,
                    name,
                    "a map whose keys are names, perhaps behind a domain and a slash",
                );
            }
            return;
        }
        Syntax::Resources => return resources(validator, value, name),
        Syntax::Positive => return positive(validator, value),
        Syntax::CountOrPercent | Syntax::PositiveOrPercent => {
            let least = i64::from(form == Syntax::PositiveOrPercent);
            match value.as_int() {
                Some(number) if !string => {
                    if number < least {
                        let message =
                            format!("`{name}` must be {least} or more, and this is {number}");
                        validator.add(ids::schema::RANGE, value, message, None);
                    }
                    return;
                }
                _ => {
                    let over = text.strip_suffix('%').and_then(|d| d.parse::<u32>().ok());
                    if name != "maxSurge" && over.is_some_and(|n| n > 100) {
                        let message = format!("`{name}` is at most 100%");
                        validator.add(ids::schema::RANGE, value, message, None);
                        return;
                    }
                    (
                        !string || format::is_percent(text),
                        "a number or a percentage such as `25%`",
                    )
                }
            }
        }
        Syntax::NotNegative => {
            let below = match value.as_int() {
                Some(number) => number < 0,
                None => parse_quantity(text).is_some_and(|q| q < 0.0),
            };
            if below {
                validator.add(
                    ids::schema::RANGE,
                    value,
                    format!("`{name}` must not be negative"),
                    None,
                );
            }
            return;
        }
        Syntax::TargetPort if text.is_empty() || !string && value.as_int() == Some(0) => return,
        Syntax::Port | Syntax::TargetPort => match value.as_int().filter(|_| !string) {
            Some(number) => {
                if !(1..=65535).contains(&number) {
                    let message = format!("`{name}` must be from 1 to 65535, and this is {number}");
                    validator.add(ids::schema::RANGE, value, message, None);
                }
                return;
            }
            None => (
                !string || format::is_port_name(text),
                "a number, or the name of a port: up to 15 lower-case letters, digits and dashes, one letter at least",
            ),
        },
        _ if !string => return,
        Syntax::AbsolutePath => (text.starts_with('/'), "an absolute path"),
        Syntax::Cidr => (
            format::is_cidr(&address(text.trim(), takes_zeros)),
            "a range of addresses such as `10.0.0.0/8`",
        ),
        Syntax::ClusterIp => (
            text.is_empty() || text == "None" || format::is_ip(&address(text, takes_zeros)),
            "an IP address, or `None`",
        ),
        Syntax::Cron => (
            format::is_cron(text),
            "a schedule of five fields such as `30 2 * * 1-5`, or an alias such as `@daily`",
        ),
        Syntax::CsiDriver => (
            text.len() <= 63 && format::is_subdomain(&text.to_lowercase()),
            "the name of a driver: a domain of up to 63 characters",
        ),
        Syntax::DataKey => (
            format::is_data_key(text),
            "letters, digits, `-`, `_` and `.`",
        ),
        Syntax::EndpointIp | Syntax::PublicIp => (
            forms::is_reachable(&address(text, takes_zeros)),
            "an IP address that others reach: not loopback, link-local or multicast",
        ),
        Syntax::EnvName => (
            format::is_env_name(text, strict_env),
            "the name of an environment variable",
        ),
        Syntax::HeaderName => (is_header(text), "the name of an HTTP header"),
        Syntax::InnerPath => (format::is_inner_path(text), "a relative path without `..`"),
        Syntax::Ip => (format::is_ip(&address(text, takes_zeros)), "an IP address"),
        Syntax::Label => (
            format::is_label(text),
            "lower-case letters, digits and dashes, at most 63, a letter or digit at both ends",
        ),
        Syntax::Label1035 => (
            format::is_label_1035(text),
            "lower-case letters, digits and dashes, at most 63, that begin with a letter",
        ),
        Syntax::LabelValue => (
            format::is_label_value(text),
            "a label's value: at most 63 letters, digits, `-`, `_` and `.`",
        ),
        Syntax::ContainerResource => (
            format::is_container_resource(text),
            "`cpu`, `memory`, `ephemeral-storage` or a name with a domain",
        ),
        Syntax::SearchDomain => (format::is_search_domain(text), "a domain"),
        Syntax::Sysctl => (
            format::is_sysctl(text),
            "the name of a kernel parameter: lower-case words joined by dots or slashes",
        ),
        Syntax::FilePath => (
            format::is_inner_path(text) && !text.starts_with(".."),
            "a relative path without `..`",
        ),
        Syntax::NoSlash => (!text.contains('/'), "a name without `/`"),
        Syntax::WindowsUser => (
            text.is_empty() || format::is_windows_user(text),
            "a user of Windows, perhaps behind a domain and a backslash",
        ),
        Syntax::NoDots => (format::has_no_dots(text), "a path without `..`"),
        Syntax::PortName => (
            format::is_port_name(text),
            "at most 15 lower-case letters, digits and dashes, one letter at least",
        ),
        Syntax::PathSegment => (
            format::is_path_segment(text),
            "a name without `/` and `%`, and not `.` or `..`",
        ),
        Syntax::Qualified => (
            format::is_qualified(text),
            "a name of letters, digits, `-`, `_` and `.`, perhaps behind a domain and a slash",
        ),
        Syntax::Subdomain => (
            format::is_subdomain(text),
            "lower-case letters, digits, `-` and `.`, a letter or digit at both ends of each part",
        ),
        Syntax::TimeZone => (
            is_zone(text),
            "a time zone of the tz database such as `Europe/Paris`",
        ),
        Syntax::WildcardHost => (
            format::is_wildcard_host(text),
            "a domain, whose first part can be `*`",
        ),
        other => match forms::of_text(other, text) {
            Some(of_text) => of_text,
            None => return,
        },
    };
    validator.form(fits, value, name, what);
}

fn labels<'d>(validator: &mut Validator<'d>, map: Node<'d>, name: &str) {
    // The server does not look at the labels of a CronJob's template.
    if validator.is_within("JobTemplateSpec") || validator.is_within("MetricIdentifier") {
        return;
    }
    for (key, value) in map.entries() {
        let fits = key
            .text()
            .is_none_or(|k| is_replaced(k) || format::is_qualified(k));
        validator.form(
            fits,
            key,
            name,
            "a map whose keys are names, perhaps behind a domain and a slash",
        );
        let text = value.as_str().unwrap_or_default();
        let open = is_replaced(text);
        let fits = open || format::is_label_value(text);
        validator.form(
            fits,
            value,
            name,
            "a map whose values have at most 63 letters, digits, `-`, `_` and `.`",
        );
    }
}

/// Amounts by resource: none is negative, and what Kubernetes does not know has a domain.
fn resources<'d>(validator: &mut Validator<'d>, map: Node<'d>, name: &str) {
    const KNOWN: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
    for (key, value) in map.entries() {
        let resource = key.text().unwrap_or_default();
        let quota = validator.is_quota();
        let known = KNOWN.contains(&resource)
            || resource.starts_with("hugepages-")
            || resource.contains('/') && !quota
            || is_templated(resource)
            || quota && format::is_quota_resource(resource);
        let what =
            "a map whose keys are `cpu`, `memory`, `ephemeral-storage` or names with a domain";
        validator.form(known || map.key_node().is_none(), key, name, what);
        let text = value.text().unwrap_or_default();
        if parse_quantity(text).is_some_and(|q| q < 0.0) {
            validator.add(
                ids::schema::RANGE,
                value,
                format!("`{resource}` must not be negative"),
                None,
            );
        }
    }
}

/// Amounts that must be above zero.
fn positive<'d>(validator: &mut Validator<'d>, map: Node<'d>) {
    for (key, value) in map.entries() {
        if amount(value).is_some_and(|q| q <= 0.0) {
            let resource = key.text().unwrap_or_default();
            let message = format!("`{resource}` must be above zero");
            validator.add(ids::schema::RANGE, value, message, None);
        }
    }
}

/// An address as a release reads it that takes leading zeros, or as it is written.
fn address(text: &str, takes_zeros: bool) -> Cow<'_, str> {
    if takes_zeros {
        format::without_leading_zeros(text).into()
    } else {
        text.into()
    }
}

fn is_header(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Time zones by name, one a line.
const ZONES: &str = include_str!("../../schemas/kubernetes/time-zones.tsv");

/// `validateTimeZone` of pkg/apis/batch/validation. A machine may have each zone with and without leap seconds, too.
fn is_zone(text: &str) -> bool {
    let name = ["posix/", "right/"]
        .iter()
        .find_map(|p| text.strip_prefix(p));
    let name = name.unwrap_or(text);
    ZONES.lines().any(|zone| zone == name)
}
