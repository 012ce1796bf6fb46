//! Groups, resources and verbs that an API server knows. What it does not know grants nothing, and nobody is told.

use super::quoted;
use crate::check::Cx;
use crate::kube::resource::{Resource, VERBS, is_builtin_group, is_common_verb, is_verb};
use crate::kube::{PolicyRule, is_unresolved};
use crate::text::nearest;
use crate::yaml::Node;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// The groups of a rule, where Kubernetes has them all: others may know what it does not.
fn builtin_groups(rule: PolicyRule<'_>) -> Vec<&str> {
    let groups = rule.list("apiGroups").map(Node::as_str);
    let known = groups.map(|g| g.filter(|g| is_builtin_group(g)));
    let known = known.collect::<Option<BTreeSet<_>>>().unwrap_or_default();
    known.into_iter().collect()
}

/// `the core API group`, `the API group \`apps\``.
fn of_groups(groups: &[&str]) -> String {
    match groups {
        [""] => "of the core API group".to_owned(),
        [group] => format!("of the API group `{group}`"),
        _ => "of any API group that the rule names".to_owned(),
    }
}

pub(in crate::rules) fn unknown_resource(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    if !rule.is_of_user() {
        return;
    }
    for item in rule.list("apiGroups") {
        let Some(written) = item.as_str().filter(|g| !is_group(g)) else {
            continue;
        };
        let group = written.split('/').next().unwrap_or(written);
        let (why, help) = match group {
            "v1" | "core" => (
                "the core group has the empty name",
                "write `\"\"`".to_owned(),
            ),
            _ if written.contains('/') => ("a group has no version", format!("write `{group}`")),
            _ => ("one that is not Kubernetes' own has a dot", String::new()),
        };
        let role = quoted(rule.role);
        let message = format!("`{written}` is no API group, {why}: {role} grants nothing by it");
        let draft = cx.report(item, message);
        if !help.is_empty() {
            draft.help(help);
        }
    }
    let groups = builtin_groups(rule);
    if groups.is_empty() {
        return;
    }
    for item in rule.list("resources") {
        let Some(name) = item
            .as_str()
            .filter(|n| !n.contains('*') && !is_unresolved(n))
        else {
            continue;
        };
        let known = groups.iter().any(|g| Resource::find(g, name).is_some());
        if known || cx.param("known").iter().any(|k| k == name) {
            continue;
        }
        let (role, of) = (quoted(rule.role), of_groups(&groups));
        let message = format!("`{name}` is no resource {of}: {role} grants nothing by it");
        let draft = cx.report(item, message);
        if let Some(help) = meant(name, &groups) {
            draft.help(help);
        }
    }
}

/// Whether it can be the name of an API group: a domain, but for Kubernetes' own old ones.
fn is_group(name: &str) -> bool {
    let domain = name.contains('.') && !name.contains('/');
    name == "*" || domain || is_unresolved(name) || is_builtin_group(name)
}

/// What somebody meant who wrote a resource that these groups do not have.
fn meant(name: &str, groups: &[&str]) -> Option<String> {
    let in_group = |r: &&Resource| groups.contains(&r.group);
    let elsewhere = |r: &Resource| match r.group {
        "" => format!("`{}` is a resource of the core group, `\"\"`", r.name),
        group => format!("`{}` is a resource of `{group}`", r.name),
    };
    if let Some(other) = Resource::named(name).next() {
        return Some(elsewhere(other));
    }
    if let Some((owner, sub)) = name.split_once('/')
        && groups.iter().any(|g| Resource::find(g, owner).is_some())
    {
        return Some(format!("{owner} have no subresource `{sub}`: leave it out"));
    }
    let mut named: Vec<_> = Resource::like(name).collect();
    named.sort_by_key(|r| !in_group(r));
    match named.first() {
        Some(r) if in_group(r) => Some(format!(
            "resources are plural and in lower case: write `{}`",
            r.name
        )),
        Some(r) => Some(elsewhere(r)),
        None => {
            let known = groups
                .iter()
                .flat_map(|g| Resource::of_group(g))
                .map(|r| r.name);
            nearest(name, known).map(|near| format!("write `{near}`"))
        }
    }
}

pub(in crate::rules) fn unknown_verb(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    // Where they mean nothing, another rule says it.
    const ELSEWHERE: [&str; 3] = ["bind", "escalate", "impersonate"];
    const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];
    let on_urls = rule.list("nonResourceURLs").next().is_some();
    let groups = builtin_groups(rule);
    if !rule.is_of_user() || groups.is_empty() && !on_urls {
        return;
    }
    let (named, only_fixed_parts) = (OnceCell::new(), OnceCell::new());
    let asked = |verb: &str| {
        let named = named.get_or_init(|| self::named(rule, &groups));
        named.iter().any(|resource| resource.knows(verb))
    };
    let only_fixed_parts =
        || *only_fixed_parts.get_or_init(|| self::only_fixed_parts(rule, &groups));
    for item in rule.list("verbs") {
        let Some(verb) = item.as_str().filter(|v| *v != "*" && !is_unresolved(v)) else {
            continue;
        };
        let skipped = ELSEWHERE.contains(&verb)
            || on_urls && (METHODS.contains(&verb) || is_common_verb(verb))
            || cx.param("known").iter().any(|k| k == verb);
        let role = quoted(rule.role);
        let message = if skipped {
            continue;
        } else if matches!(verb, "delete" | "deletecollection") && only_fixed_parts() {
            format!("nobody can delete these subresources: {role} grants nothing by `{verb}`")
        } else if is_common_verb(verb) || asked(verb) {
            continue;
        } else if is_verb(verb) {
            format!("`{verb}` is no verb of these resources: {role} grants nothing by it")
        } else {
            format!("`{verb}` is no verb that an API server asks for: {role} grants nothing by it")
        };
        let draft = cx.report(item, message);
        if let Some(help) = instead(verb) {
            draft.help(help);
        }
    }
}

/// The resources that a rule names and an API server knows, each once.
fn named<'d>(rule: PolicyRule<'d>, groups: &[&'d str]) -> Vec<&'static Resource> {
    let items = rule.list("resources").filter_map(Node::as_str);
    let items: BTreeSet<&str> = items.collect();
    let granted = |group| {
        let all = Resource::of_group(group);
        all.filter(|r| rule.granting("resources", r.name).is_some())
    };
    let written = |group| {
        items
            .iter()
            .filter_map(move |name| Resource::find(group, name))
    };
    let of_groups = groups.iter().flat_map(|g| granted(g).chain(written(g)));
    let found = of_groups.chain(Resource::find("*", "*"));
    let by_name: BTreeMap<_, _> = found.map(|r| ((r.group, r.name), r)).collect();
    by_name.into_values().collect()
}

/// Whether all that the rule names are subresources that are there as long as their object is.
fn only_fixed_parts(rule: PolicyRule<'_>, groups: &[&str]) -> bool {
    rule.list("resources").all(|item| {
        let name = item.as_str().unwrap_or_default();
        let mut found = groups
            .iter()
            .filter_map(|g| Resource::find(g, name))
            .peekable();
        name.contains('/') && found.peek().is_some() && found.all(|r| !r.knows("delete"))
    }) && rule.list("resources").next().is_some()
}

/// What somebody meant who wrote a verb that is none.
fn instead(verb: &str) -> Option<String> {
    let lower = verb.to_lowercase();
    Some(match lower.as_str() {
        _ if lower != verb && is_verb(&lower) => {
            format!("verbs are in lower case: write `{lower}`")
        }
        "read" | "view" | "describe" => "write `get`, `list` and `watch`".to_owned(),
        "edit" | "write" | "modify" | "change" | "apply" => {
            "write `create`, `update` and `patch`".to_owned()
        }
        "remove" => "write `delete`".to_owned(),
        "exec" | "attach" | "portforward" => {
            format!("that is a subresource: grant `create` on `pods/{lower}`")
        }
        "logs" | "log" => "that is a subresource: grant `get` on `pods/log`".to_owned(),
        "scale" => {
            "that is a subresource: grant `update` and `patch` on `deployments/scale`".to_owned()
        }
        _ => {
            let near = nearest(&lower, VERBS.into_iter())?;
            format!("Did you mean `{near}`?")
        }
    })
}

pub(in crate::rules) fn removed_api_group(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    if !rule.is_of_user() {
        return;
    }
    let mut groups = Vec::new();
    for item in rule.list("apiGroups") {
        let Some(group) = item.as_str().filter(|g| is_builtin_group(g)) else {
            continue;
        };
        let gone = Resource::of_group(group).map(|r| r.gone).max();
        match gone.filter(|gone| *gone != u8::MAX) {
            None => groups.push(group),
            Some(gone) => {
                let message = format!("the API group `{group}` is gone since 1.{gone}");
                cx.report_for(cx.targets().from(gone), item, message);
            }
        }
    }
    for item in rule.list("resources") {
        let name = item.as_str().unwrap_or_default();
        let found = groups.iter().filter_map(|g| Resource::find(g, name));
        if let Some(gone) = found.map(|r| r.gone).max().filter(|gone| *gone != u8::MAX) {
            let message = format!("`{name}` is gone since 1.{gone}");
            cx.report_for(cx.targets().from(gone), item, message);
        }
    }
}
