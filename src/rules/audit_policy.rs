//! Audit policies: what is recorded. The first rule that matches a request decides.

use crate::check::Cx;
use crate::kube::Object;
use crate::kube::resource::VERBS;
use crate::yaml::Node;

fn rules(policy: Object<'_>) -> impl Iterator<Item = Node<'_>> {
    policy.node.list("rules")
}

fn level(rule: Node<'_>) -> &str {
    let level = rule.field("level").and_then(Node::as_str);
    level.unwrap_or_default()
}

/// Verbs that change something.
const CHANGES: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

/// Verbs of requests that open a connection: over WebSockets they are GETs.
const CONNECTS: [&str; 2] = ["create", "get"];

/// Whether a rule is about every request.
fn is_unconditional(rule: Node<'_>) -> bool {
    const CONDITIONS: [&str; 6] = [
        "users",
        "userGroups",
        "verbs",
        "resources",
        "namespaces",
        "nonResourceURLs",
    ];
    let given = |key: &&str| rule.field(key).is_some_and(|list| !list.is_empty());
    !CONDITIONS.iter().any(given)
}

/// Whether an item of a rule's `resources` names a resource, or a subresource. (apiserver/pkg/audit/policy, `ruleMatchesResource`.)
fn names_resource(item: &str, resource: &str) -> bool {
    let (kind, part) = resource.split_once('/').unwrap_or((resource, ""));
    item == "*"
        || item == resource
        || !part.is_empty() && item.strip_prefix("*/") == Some(part)
        || item.strip_suffix("/*") == Some(kind)
}

/// Whether requests for a resource of a group may match a rule.
fn matches_resource(rule: Node<'_>, group: &str, resource: &str) -> bool {
    let matches = |entry: Node<'_>| {
        let of = entry.field("group").and_then(Node::as_str).unwrap_or("");
        let names = entry.list("resources");
        let mut names = names.filter_map(Node::as_str).peekable();
        (of == group || of == "*")
            && (names.peek().is_none() || names.any(|item| names_resource(item, resource)))
    };
    let resources = rule.field("resources").filter(|l| !l.is_empty());
    let urls = rule.field("nonResourceURLs").filter(|l| !l.is_empty());
    match resources {
        Some(list) => list.items().any(matches),
        None => urls.is_none() || rule.list("namespaces").next().is_some(),
    }
}

/// Whether a rule decides for everybody, everywhere, whatever the object is called.
fn is_for_everybody(rule: Node<'_>) -> bool {
    let named = |entry: Node<'_>| entry.list("resourceNames").next().is_some();
    let conditions = ["users", "userGroups", "namespaces"];
    !conditions
        .into_iter()
        .any(|key| rule.list(key).next().is_some())
        && !rule.list("resources").any(named)
}

/// The rules that requests for a resource of a group may end at, each with those of these verbs that it decides about.
fn deciding<'d, 'v>(
    policy: Object<'d>,
    group: &str,
    resource: &str,
    verbs: &[&'v str],
) -> Vec<(Node<'d>, Vec<&'v str>)> {
    let mut open = verbs.to_vec();
    let mut found = Vec::new();
    for rule in rules(policy).filter(|rule| matches_resource(*rule, group, resource)) {
        let any = rule.list("verbs").next().is_none();
        let is_of_rule =
            |verb: &&str| any || rule.list("verbs").any(|item| item.as_str() == Some(verb));
        let decides: Vec<_> = open.iter().copied().filter(is_of_rule).collect();
        if is_for_everybody(rule) {
            open.retain(|verb| !is_of_rule(verb));
        }
        if !decides.is_empty() {
            found.push((rule, decides));
        }
    }
    found
}

pub(super) fn logs_nothing(policy: Object<'_>, cx: &mut Cx<'_>) {
    let mut all = rules(policy).peekable();
    let Some(first) = all.peek().copied() else {
        return;
    };
    let silent = is_unconditional(first) && level(first) == "None";
    if (silent || all.all(|rule| level(rule) == "None"))
        && let Some(at) = first.field("level")
    {
        cx.report(
            at,
            "every request matches a rule of level `None`, so nothing is recorded",
        );
    }
}

pub(super) fn no_catch_all(policy: Object<'_>, cx: &mut Cx<'_>) {
    let Some(last) = rules(policy).last() else {
        return;
    };
    if rules(policy).all(|rule| level(rule) == "None") {
        return;
    }
    if !rules(policy).any(is_unconditional) {
        cx.missing(last.lacking(), "requests that match no rule are not recorded, because the policy does not end with a catch-all rule");
    }
}

/// Whether what one list is about holds all that another is about; an empty one is about everything.
fn holds_all(wide: &[&str], narrow: &[&str]) -> bool {
    wide.is_empty() || !narrow.is_empty() && narrow.iter().all(|item| wide.contains(item))
}

/// The requests that a rule names, each list empty where it names none.
struct Scope<'d> {
    rule: Node<'d>,
    /// Users, groups, verbs and namespaces.
    lists: [Vec<&'d str>; 4],
    urls: Vec<&'d str>,
    resources: Vec<Resources<'d>>,
}

/// Resources of one group.
struct Resources<'d> {
    group: &'d str,
    kinds: Vec<&'d str>,
    names: Vec<&'d str>,
}

impl<'d> Scope<'d> {
    fn of(rule: Node<'d>) -> Self {
        let texts = |node: Node<'d>, key| node.list(key).filter_map(Node::as_str).collect();
        let resources = rule.list("resources").map(|entry| Resources {
            group: entry.field("group").and_then(Node::text).unwrap_or(""),
            kinds: texts(entry, "resources"),
            names: texts(entry, "resourceNames"),
        });
        Self {
            rule,
            lists: ["users", "userGroups", "verbs", "namespaces"].map(|key| texts(rule, key)),
            urls: texts(rule, "nonResourceURLs"),
            resources: resources.collect(),
        }
    }

    /// Whether it holds every request of another.
    fn covers(&self, narrow: &Self) -> bool {
        let resource = |entry: &Resources<'_>| {
            self.resources.iter().any(|wide| {
                let named = |kind: &&str| wide.kinds.iter().any(|item| names_resource(item, kind));
                let kinds = !entry.kinds.is_empty() && entry.kinds.iter().all(named);
                (wide.group == entry.group || wide.group == "*")
                    && (wide.kinds.is_empty() || kinds)
                    && holds_all(&wide.names, &entry.names)
            })
        };
        let some = !narrow.resources.is_empty() && narrow.resources.iter().all(resource);
        // A rule about resources says nothing of URLs, and the other way round.
        let urls = self.resources.is_empty() || narrow.urls.is_empty();
        let mut lists = self.lists.iter().zip(&narrow.lists);
        lists.all(|(wide, narrow)| holds_all(wide, narrow))
            && holds_all(&self.urls, &narrow.urls)
            && (self.resources.is_empty() || some)
            && urls
    }
}

pub(super) fn unreachable_rule(policy: Object<'_>, cx: &mut Cx<'_>) {
    // Each rule is compared with so many before it: nobody writes more.
    const MAX_EARLIER_RULES: usize = 1000;
    let all: Vec<Scope<'_>> = rules(policy).map(Scope::of).collect();
    for (at, scope) in all.iter().enumerate() {
        let mut before = all.iter().take(at.min(MAX_EARLIER_RULES));
        if let Some(decides) = before.find(|before| before.covers(scope)) {
            cx.report(
                scope.rule.lacking(),
                "this rule is never reached, because an earlier rule matches all of its requests",
            )
            .related(decides.rule.lacking(), "this rule decides");
        }
    }
}

/// What holds secrets in its bodies: group and resource, what to call it, and the verbs whose request and whose response do.
const SECRET_BODIES: [(&str, &str, &str, Verbs, Verbs); 3] = [
    ("", "secrets", "Secrets", WRITES, &["get", "list", "watch"]),
    (
        "",
        "serviceaccounts/token",
        "ServiceAccount tokens",
        &[],
        &["create"],
    ),
    (
        "authentication.k8s.io",
        "tokenreviews",
        "bearer tokens of TokenReviews",
        &["create"],
        &[],
    ),
];

type Verbs = &'static [&'static str];

const WRITES: Verbs = &["create", "update", "patch"];

pub(super) fn secret_bodies_logged(policy: Object<'_>, cx: &mut Cx<'_>) {
    for (group, resource, what, request, response) in SECRET_BODIES {
        let all = [request, response].concat();
        let leaks = |(rule, verbs): &(Node<'_>, Vec<&str>)| match level(*rule) {
            "RequestResponse" => true,
            "Request" => verbs.iter().any(|verb| request.contains(verb)),
            _ => false,
        };
        let found = deciding(policy, group, resource, &all);
        let found = found.iter().find(|decision| leaks(decision));
        if let Some(at) = found.and_then(|(rule, _)| rule.field("level")) {
            cx.report(
                at,
                format!("this rule records request bodies, so the audit log contains {what}"),
            );
            return;
        }
    }
}

/// Reports the rule that keeps one of these from being recorded. What a rule is about that names only some users is left out on purpose.
fn unrecorded(
    policy: Object<'_>,
    resources: &[(&str, &str)],
    verbs: &[&str],
    what: &str,
    cx: &mut Cx<'_>,
) {
    for (group, resource) in resources {
        let silent = |(rule, _): &(Node<'_>, Vec<&str>)| {
            level(*rule) == "None" && is_for_everybody(*rule) && !is_unconditional(*rule)
        };
        let found = deciding(policy, group, resource, verbs)
            .into_iter()
            .find(silent);
        let Some((rule, decides)) = found else {
            continue;
        };
        if let Some(at) = rule.field("level") {
            let of = match rule.list("verbs").next() {
                Some(_) => format!("`{}` of `{resource}`", decides.join("`, `")),
                None => format!("`{resource}`"),
            };
            cx.report(
                at,
                format!("this rule of level `None` matches {of}, so {what} is not recorded"),
            );
            return;
        }
    }
}

pub(super) fn secrets_not_audited(policy: Object<'_>, cx: &mut Cx<'_>) {
    let what = "access to Secrets";
    unrecorded(policy, &[("", "secrets")], &VERBS, what, cx);
}

pub(super) fn exec_not_audited(policy: Object<'_>, cx: &mut Cx<'_>) {
    let shells = [
        ("", "pods/exec"),
        ("", "pods/attach"),
        ("", "pods/portforward"),
        ("", "pods/proxy"),
        ("", "services/proxy"),
        ("", "nodes/proxy"),
        ("", "pods/ephemeralcontainers"),
    ];
    unrecorded(
        policy,
        &shells,
        &CONNECTS,
        "access to containers and nodes",
        cx,
    );
}

pub(super) fn rbac_not_audited(policy: Object<'_>, cx: &mut Cx<'_>) {
    let rights = [
        ("rbac.authorization.k8s.io", "clusterrolebindings"),
        ("rbac.authorization.k8s.io", "rolebindings"),
        (
            "admissionregistration.k8s.io",
            "validatingwebhookconfigurations",
        ),
        ("certificates.k8s.io", "certificatesigningrequests"),
    ];
    unrecorded(policy, &rights, &CHANGES, "a change of permissions", cx);
}

pub(super) fn workload_changes_not_audited(policy: Object<'_>, cx: &mut Cx<'_>) {
    let workloads = [("", "pods"), ("apps", "deployments")];
    unrecorded(policy, &workloads, &CHANGES, "a change of workloads", cx);
}

pub(super) fn request_received_kept(policy: Object<'_>, cx: &mut Cx<'_>) {
    let omits = |node: Node<'_>| {
        let mut stages = node.list("omitStages").filter_map(Node::as_str);
        stages.any(|stage| stage == "RequestReceived")
    };
    let recording = |rule: &Node<'_>| level(*rule) != "None";
    if let Some((key, _)) = policy.node.pair("rules")
        && !omits(policy.node)
        && rules(policy).filter(recording).any(|rule| !omits(rule))
    {
        cx.report(
            key,
            "each request is recorded twice, because `omitStages` does not contain `RequestReceived`",
        );
    }
}
