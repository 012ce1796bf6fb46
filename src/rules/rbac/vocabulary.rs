//! Groups, resources and verbs that an API server knows. It accepts others silently, and they grant nothing.

use super::quoted;
use crate::check::Cx;
use crate::kube::resource::{Resource, VERBS, is_builtin_group, is_common_verb, is_verb};
use crate::kube::{PolicyRule, is_unresolved};
use crate::text::nearest;
use crate::yaml::Node;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// The groups of a rule if all are built in; resources and verbs of other groups are not known.
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
                "the name of the core group is empty",
                "Write the core group as `\"\"`.".to_owned(),
            ),
            _ if written.contains('/') => (
                "a group has no version",
                format!("Write the group as `{group}`."),
            ),
            _ => ("custom groups contain a dot", String::new()),
        };
        let role = quoted(rule.role);
        let message =
            format!("`{written}` is not an API group ({why}), so {role} grants nothing with it");
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
        let message = format!("`{name}` is not a resource {of}, so {role} grants nothing with it");
        let draft = cx.report(item, message);
        if let Some(help) = meant(name, &groups) {
            draft.help(help);
        }
    }
}

/// Whether it can be the name of an API group: a domain, or one of Kubernetes' own short names.
fn is_group(name: &str) -> bool {
    let domain = name.contains('.') && !name.contains('/');
    name == "*" || domain || is_unresolved(name) || is_builtin_group(name)
}

/// A hint for a resource that these groups do not have.
fn meant(name: &str, groups: &[&str]) -> Option<String> {
    let in_group = |r: &&Resource| groups.contains(&r.group);
    let elsewhere = |r: &Resource| match r.group {
        "" => format!("Grant `{}` in the core group, `apiGroups: [\"\"]`.", r.name),
        group => format!("Grant `{}` in the API group `{group}`.", r.name),
    };
    if let Some(other) = Resource::named(name).next() {
        return Some(elsewhere(other));
    }
    if let Some((owner, sub)) = name.split_once('/')
        && groups.iter().any(|g| Resource::find(g, owner).is_some())
    {
        return Some(format!(
            "Delete this entry; `{owner}` has no subresource `{sub}`."
        ));
    }
    let mut named: Vec<_> = Resource::like(name).collect();
    named.sort_by_key(|r| !in_group(r));
    match named.first() {
        Some(r) if in_group(r) => Some(format!(
            "Write `{}`; resource names are plural and lowercase.",
            r.name
        )),
        Some(r) => Some(elsewhere(r)),
        None => {
            let known = groups
                .iter()
                .flat_map(|g| Resource::of_group(g))
                .map(|r| r.name);
            nearest(name, known).map(|near| format!("Did you mean `{near}`?"))
        }
    }
}

pub(in crate::rules) fn unknown_verb(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    // Another rule reports these where they have no effect.
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
            format!("these subresources cannot be deleted, so {role} grants nothing with `{verb}`")
        } else if is_common_verb(verb) || asked(verb) {
            continue;
        } else if is_verb(verb) {
            format!("these resources have no verb `{verb}`, so {role} grants nothing with it")
        } else {
            format!("the API server has no verb `{verb}`, so {role} grants nothing with it")
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

/// Whether the rule names only subresources that exist as long as their object.
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

/// A hint for a word that is not a verb.
fn instead(verb: &str) -> Option<String> {
    let lower = verb.to_lowercase();
    Some(match lower.as_str() {
        _ if lower != verb && is_verb(&lower) => {
            format!("Write `{lower}`; verbs are lowercase.")
        }
        "read" | "view" | "describe" => "Write `get`, `list` and `watch`.".to_owned(),
        "edit" | "write" | "modify" | "change" | "apply" => {
            "Write `create`, `update` and `patch`.".to_owned()
        }
        "remove" => "Write the verb as `delete`.".to_owned(),
        "exec" | "attach" | "portforward" => {
            format!("Grant `create` on the subresource `pods/{lower}`.")
        }
        "logs" | "log" => "Grant `get` on the subresource `pods/log`.".to_owned(),
        "scale" => "Grant `update` and `patch` on the subresource `deployments/scale`.".to_owned(),
        _ => {
            let near = nearest(&lower, VERBS.into_iter())?;
            format!("Did you mean the verb `{near}`?")
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
                let message = format!(
                    "API group `{group}` was removed in Kubernetes 1.{gone}, so the rule grants nothing with it"
                );
                cx.report_for(cx.targets().from(gone), item, message);
            }
        }
    }
    for item in rule.list("resources") {
        let name = item.as_str().unwrap_or_default();
        let found = groups.iter().filter_map(|g| Resource::find(g, name));
        if let Some(gone) = found.map(|r| r.gone).max().filter(|gone| *gone != u8::MAX) {
            let message = format!(
                "resource `{name}` was removed in Kubernetes 1.{gone}, so the rule grants nothing with it"
            );
            cx.report_for(cx.targets().from(gone), item, message);
        }
    }
}
