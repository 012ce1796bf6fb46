//! Audit policies: what is recorded. The first rule that matches a request decides.

use crate::check::Cx;
use crate::kube::Object;
use crate::yaml::Node;

fn rules(policy: Object<'_>) -> impl Iterator<Item = Node<'_>> {
    policy.node.list("rules")
}

fn level(rule: Node<'_>) -> &str {
    let level = rule.field("level").and_then(Node::as_str);
    level.unwrap_or_default()
}

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

/// The rule that decides about a resource of a group, whoever does what to it.
fn deciding<'d>(policy: Object<'d>, group: &str, resource: &str) -> Option<Node<'d>> {
    let any = |rule: Node<'d>, key: &str| rule.field(key).is_none_or(Node::is_empty);
    rules(policy).find(|rule| {
        let everybody = ["users", "userGroups", "verbs", "namespaces"]
            .into_iter()
            .all(|key| any(*rule, key));
        let matches = |entry: Node<'d>| {
            let of_group = entry.field("group").and_then(Node::as_str).unwrap_or("") == group;
            let names = entry.list("resources");
            let mut names = names.filter_map(Node::as_str).peekable();
            of_group && (names.peek().is_none() || names.any(|n| n == resource || n == "*"))
        };
        let resources = rule.field("resources").filter(|l| !l.is_empty());
        everybody
            && any(*rule, "nonResourceURLs")
            && resources.is_none_or(|list| list.items().any(matches))
    })
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
            "nothing is recorded: every request ends at a rule of level None",
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
        cx.missing(last.lacking(), "requests that no rule names are not recorded: the policy does not end with a rule for all of them");
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
                wide.group == entry.group
                    && holds_all(&wide.kinds, &entry.kinds)
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
            cx.report(scope.rule.lacking(), "this rule is never reached: a rule before it decides about every request that it names")
                .related(decides.rule.lacking(), "this one decides");
        }
    }
}

pub(super) fn secret_bodies_logged(policy: Object<'_>, cx: &mut Cx<'_>) {
    for (resource, what) in [
        ("secrets", "Secrets"),
        ("serviceaccounts/token", "tokens of service accounts"),
    ] {
        let Some(rule) = deciding(policy, "", resource) else {
            continue;
        };
        if let Some(at) = rule
            .field("level")
            .filter(|_| level(rule).starts_with("Request"))
        {
            cx.report(
                at,
                format!(
                    "the audit log holds {what}: requests for them are recorded with their bodies"
                ),
            );
            return;
        }
    }
}

/// Reports the rule that keeps one of these from being recorded.
fn unrecorded(policy: Object<'_>, resources: &[(&str, &str)], what: &str, cx: &mut Cx<'_>) {
    for (group, resource) in resources {
        let rule = deciding(policy, group, resource).filter(|r| !is_unconditional(*r));
        if let Some(at) = rule
            .filter(|r| level(*r) == "None")
            .and_then(|r| r.field("level"))
        {
            cx.report(
                at,
                format!("{what} is not recorded: this rule decides about `{resource}`"),
            );
            return;
        }
    }
}

pub(super) fn secrets_not_audited(policy: Object<'_>, cx: &mut Cx<'_>) {
    unrecorded(
        policy,
        &[("", "secrets")],
        "who reads and changes Secrets",
        cx,
    );
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
    unrecorded(policy, &shells, "who enters containers and nodes", cx);
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
    unrecorded(policy, &rights, "who changes rights", cx);
}

pub(super) fn workload_changes_not_audited(policy: Object<'_>, cx: &mut Cx<'_>) {
    let workloads = [("", "pods"), ("apps", "deployments")];
    unrecorded(policy, &workloads, "who changes workloads", cx);
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
            "each request is recorded twice: `omitStages` does not have RequestReceived",
        );
    }
}
