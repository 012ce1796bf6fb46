//! Who may do what: roles, bindings and service accounts. What a rule grants is nearly always a shape.

mod bound;
mod vocabulary;

pub(super) use bound::*;
pub(super) use vocabulary::*;

use crate::check::Cx;
use crate::kube::{Object, PolicyRule, RoleRef, Subject, is_bootstrap_role};
use crate::model::{Severity, Text};
use crate::secrets::certificate::{Pem, pem};
use crate::secrets::locate::Pieces;
use crate::yaml::Node;

const RBAC: &str = "rbac.authorization.k8s.io";

fn name(object: Object<'_>) -> &str {
    object.name().unwrap_or("without a name")
}

/// `ClusterRole "editor"`.
fn quoted(object: Object<'_>) -> String {
    format!("{} \"{}\"", object.gvk.kind, name(object))
}

fn holds(list: &[Text], name: &str) -> bool {
    list.iter().any(|item| item == name)
}

pub(super) fn impersonate(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    // Users and groups live in the core group, what else there is of an identity in authentication.k8s.io; only service accounts
    // are namespaced.
    const CORE: [&str; 3] = ["serviceaccounts", "users", "groups"];
    const IDENTITY: &str = "authentication.k8s.io";
    if !rule.is_of_user() {
        return;
    }
    let cluster = rule.role.gvk.kind == "ClusterRole";
    let core = rule
        .granting("apiGroups", "")
        .and_then(|_| rule.granting_one_of("resources", if cluster { &CORE } else { &CORE[..1] }));
    let extra = rule.granting("apiGroups", IDENTITY).and_then(|_| {
        rule.list("resources").find(|item| {
            item.as_str().is_some_and(|r| {
                cluster && (matches!(r, "*" | "uids") || r.split('/').next() == Some("userextras"))
            })
        })
    });
    let whole = rule.granting("verbs", "impersonate");
    // Since 1.36 there are verbs for a part of it, on resources of one group.
    let part = || {
        rule.granting("apiGroups", IDENTITY)?;
        rule.list("verbs")
            .find(|verb| verb.as_str().is_some_and(|v| v.starts_with("impersonate:")))
    };
    let (verb, resource, holds) = match (whole, core.or(extra)) {
        (Some(verb), Some(resource)) => (verb, resource, cx.targets()),
        _ => match (part(), rule.list("resources").next()) {
            (Some(verb), Some(resource)) => (verb, resource, cx.targets().from(36)),
            _ => return,
        },
    };
    let written = resource.text().unwrap_or_default();
    let text = format!(
        "{} acts as any of `{written}` that the rule reaches, with all that they may do",
        quoted(rule.role)
    );
    let draft = cx
        .report_for(holds, verb, text)
        .related(resource, "with this");
    if verb.as_str() == Some("impersonate:associated-node") {
        draft.severity(Severity::Low);
    } else if rule.is_limited() {
        draft.severity(Severity::Medium);
    }
}

pub(super) fn csr_approve(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    const GROUP: &str = "certificates.k8s.io";
    let (Some(item), Some(_), Some(verb)) = (
        rule.granting("resources", "certificatesigningrequests/approval"),
        rule.granting("apiGroups", GROUP),
        rule.granting_one_of("verbs", &["update", "patch"]),
    ) else {
        return;
    };
    if !rule.is_of_user() || rule.is_limited() || rule.role.gvk.kind != "ClusterRole" {
        return;
    }
    let (written, verb) = (
        item.text().unwrap_or_default(),
        verb.text().unwrap_or_default(),
    );
    let role = quoted(rule.role);
    let approves = format!("{role} approves certificates: `{verb}` on `{written}`");
    // The API server asks for both; who has the other half in another role is not seen here.
    let signer = PolicyRule::of(rule.role).find_map(|other| {
        other.granting("apiGroups", GROUP)?;
        other.granting("resources", "signers")?;
        other.granting("verbs", "approve")
    });
    if let Some(signer) = signer {
        let message =
            format!("{approves}, and may for a signer: it makes a client certificate for any name");
        cx.report(item, message)
            .severity(Severity::Critical)
            .related(signer, "with this");
    } else {
        let message = format!(
            "{approves}, with the right to a signer, makes a client certificate for any name"
        );
        cx.report(item, message);
    }
}

pub(super) fn configmaps_write_kube_system(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    let there = rule.role.gvk.kind == "ClusterRole" || rule.role.namespace() == Some("kube-system");
    let named = rule.list("resourceNames").filter_map(Node::as_str);
    let meant = !rule.is_limited() || { named }.any(|n| holds(cx.param("names"), n));
    let (Some(item), Some(_), Some(verb)) = (
        rule.granting("resources", "configmaps"),
        rule.granting("apiGroups", ""),
        rule.granting_one_of("verbs", &["update", "patch"]),
    ) else {
        return;
    };
    if rule.is_of_user() && there && meant {
        let verb = verb.text().unwrap_or_default();
        cx.report(item, format!("{} may `{verb}` ConfigMaps of kube-system: they configure DNS, kube-proxy and the like for the whole cluster", quoted(rule.role)));
    }
}

/// The `*` of a list, where the rule grants something by it and is not limited to names.
fn wildcard<'d>(rule: PolicyRule<'d>, field: &str) -> Option<Node<'d>> {
    let has = |field| rule.list(field).next().is_some();
    let grants = rule.is_of_user() && !rule.is_limited() && has("resources") && has("verbs");
    let star = |item: &Node<'_>| item.as_str() == Some("*");
    rule.list(field).find(star).filter(|_| grants)
}

pub(super) fn wildcard_verbs(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    let Some(star) = wildcard(rule, "verbs") else {
        return;
    };
    let on = |group, resources: &[&str]| {
        rule.granting("apiGroups", group).is_some()
            && rule.granting_one_of("resources", resources).is_some()
    };
    let roles = on(RBAC, &["roles", "clusterroles"]);
    let identities = on("", &["serviceaccounts", "users", "groups"]);
    let among = match (roles, identities) {
        (true, true) => "`escalate`, `bind`, `impersonate`",
        (true, false) => "`escalate`, `bind`",
        (false, true) => "`impersonate`",
        (false, false) => "`deletecollection`",
    };
    let role = quoted(rule.role);
    let message = format!(
        "{role} grants every verb on these resources, {among} and those of later releases too"
    );
    let draft = cx.report(star, message);
    if rule.has_own_groups_only() {
        draft.severity(Severity::Info);
    }
}

pub(super) fn wildcard_subresource(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    if !rule.is_of_user() || rule.is_limited() || rule.has_own_groups_only() {
        return;
    }
    for item in rule.list("resources") {
        let sub = item.as_str().and_then(|r| r.strip_prefix("*/"));
        if let Some(sub) = sub.filter(|sub| holds(cx.param("subresources"), sub)) {
            let role = quoted(rule.role);
            cx.report(item, format!("{role} grants the subresource `{sub}` of every resource, those that are not meant too"));
        }
    }
}

pub(super) fn invalid_resource_wildcard(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    for item in rule.list("resources") {
        let Some(resource) = item.as_str().filter(|r| r.contains('*') && *r != "*") else {
            continue;
        };
        let known = resource
            .strip_prefix("*/")
            .is_some_and(|sub| !sub.is_empty() && !sub.contains('*'));
        if !known {
            cx.report(item, format!("`{resource}` matches no resource: RBAC knows `*` alone and `*/` before a subresource, so {} does not grant this", quoted(rule.role)));
        }
    }
}

pub(super) fn wildcard_resource_names(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    for item in rule.list("resourceNames") {
        let Some(pattern) = item.as_str().filter(|name| name.contains('*')) else {
            continue;
        };
        // Signers are asked about by domain, as `example.com/*`.
        if !(pattern.ends_with("/*") && rule.granting("resources", "signers").is_some()) {
            cx.report(item, format!("names are compared letter by letter: no object has that name, so {} grants nothing by `{pattern}`", quoted(rule.role)));
        }
    }
}

pub(super) fn resource_names_ineffective(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    if !rule.is_limited() {
        return;
    }
    let top_level = |r: Node<'_>| r.as_str().is_some_and(|r| !r.contains('/'));
    let creates = rule.list("resources").any(top_level);
    for verb in rule.list("verbs") {
        let text = match verb.as_str() {
            Some(v @ "create") if creates => v,
            Some(v @ "deletecollection") => v,
            _ => continue,
        };
        cx.report(verb, format!("{} never grants `{text}` here: the request has no name that `resourceNames` could hold", quoted(rule.role)));
    }
}

pub(super) fn rule_incomplete(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    let has = |field: &str| rule.list(field).next().is_some();
    let (resources, urls) = (has("resources"), has("nonResourceURLs"));
    // A list that an alias or a template fills is not seen here as empty, but as something else than a list.
    let unreadable = ["verbs", "resources", "nonResourceURLs", "apiGroups"]
        .iter()
        .filter_map(|f| rule.node.field(f))
        .any(|n| n.text().is_some() && !n.is_null());
    let why = if unreadable {
        return;
    } else if !has("verbs") {
        "a rule has no `verbs`"
    } else if resources && urls {
        "a rule has both `resources` and `nonResourceURLs`"
    } else if !resources && !urls {
        "a rule has neither `resources` nor `nonResourceURLs`"
    } else if resources && !has("apiGroups") {
        "a rule has `resources` but no `apiGroups`"
    } else {
        return;
    };
    let text = format!("{why}: the API server refuses {}", quoted(rule.role));
    cx.missing(rule.node.lacking(), text);
}

pub(super) fn ineffective_bind_verb(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    const ROLES: &[&str] = &["*", "roles", "clusterroles"];
    const IDENTITIES: &[&str] = &[
        "*",
        "users",
        "groups",
        "serviceaccounts",
        "uids",
        "userextras",
    ];
    // Groups of others may give the verbs a meaning of their own.
    let foreign = |group: Node<'_>| {
        let group = group.as_str().unwrap_or("*");
        group == "*" || (group.contains('.') && !group.ends_with(".k8s.io"))
    };
    if rule.list("apiGroups").any(foreign) || rule.list("resources").next().is_none() {
        return;
    }
    for verb in rule.list("verbs") {
        let (text, means) = match verb.as_str() {
            Some(v @ ("bind" | "escalate")) => (v, ROLES),
            Some(v @ "impersonate") => (v, IDENTITIES),
            _ => continue,
        };
        let mut resources = rule.list("resources").filter_map(Node::as_str);
        if !resources.any(|r| means.contains(&r.split('/').next().unwrap_or(r))) {
            cx.report(
                verb,
                format!(
                    "{} grants nothing by `{text}` here: the API server asks for it on {} only",
                    quoted(rule.role),
                    if text == "impersonate" {
                        "identities"
                    } else {
                        "roles and cluster roles"
                    }
                ),
            );
        }
    }
}

pub(super) fn role_grants_cluster_scoped(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    let item = rule.outside_of_namespaces();
    if let Some(item) = item.filter(|_| rule.role.gvk.kind == "Role") {
        let text = item.text().unwrap_or_default();
        cx.report(item, format!("`{text}` in a Role grants nothing: it belongs to no namespace, and {} reaches nothing else", quoted(rule.role)));
    }
}

pub(super) fn aggregates_to_default_role(role: Object<'_>, cx: &mut Cx<'_>) {
    const WRITE: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];
    let label = "rbac.authorization.k8s.io/aggregate-to-view";
    let Some(at) = role.metadata("labels").and_then(|l| l.field(label)) else {
        return;
    };
    if is_bootstrap_role(role) || at.text() != Some("true") {
        return;
    }
    for rule in PolicyRule::of(role) {
        let secrets = rule
            .granting("resources", "secrets")
            .filter(|_| rule.granting("apiGroups", "").is_some());
        let Some(item) = rule.granting_one_of("verbs", &WRITE).or(secrets) else {
            continue;
        };
        let what = item.text().unwrap_or_default();
        cx.report(
            at,
            format!("{} gives `{what}` to everybody who may view", quoted(role)),
        )
        .related(item, "this is more than viewing");
        return;
    }
}

/// The binding that Kubernetes makes itself: known by what it says, not by its name alone.
fn is_default_of_masters(binding: Object<'_>) -> bool {
    binding.name() == Some("cluster-admin")
        && RoleRef::of(binding).is_some_and(|role| role.name == "cluster-admin")
        && Subject::of(binding).all(|s| s.kind == "Group" && s.name == "system:masters")
}

pub(super) fn cluster_admin_binding(binding: Object<'_>, cx: &mut Cx<'_>) {
    let Some(role) = RoleRef::of(binding)
        .filter(|role| role.kind == "ClusterRole" && role.name == "cluster-admin")
        .filter(|_| !is_default_of_masters(binding))
    else {
        return;
    };
    let who = Subject::of(binding)
        .next()
        .map_or_else(String::new, |s| format!(" {} \"{}\"", s.kind, s.name));
    let binding = quoted(binding);
    if binding.starts_with("ClusterRoleBinding") {
        cx.report(
            role.at,
            format!("{binding} gives{who} everything in the whole cluster"),
        );
    } else {
        cx.report(role.at, format!("{binding} gives{who} everything in its namespace, its Secrets, roles and quotas too"))
            .severity(Severity::High);
    }
}

pub(super) fn cross_namespace_subject(binding: Object<'_>, cx: &mut Cx<'_>) {
    let here = binding
        .namespace()
        .filter(|_| binding.gvk.kind == "RoleBinding");
    for subject in Subject::of(binding).filter(|s| s.kind == "ServiceAccount") {
        let there = subject.node.field("namespace");
        if let (Some(here), Some(at), Some(there)) = (here, there, there.and_then(Node::as_str))
            && here != there
        {
            cx.report(
                at,
                format!(
                    "{} gives permissions in \"{here}\" to \"{}\" of the namespace \"{there}\"",
                    quoted(binding),
                    subject.name
                ),
            );
        }
    }
}

pub(super) fn aws_auth_masters(map: Object<'_>, cx: &mut Cx<'_>) {
    const MASTERS: &str = "system:masters";
    if map.name() != Some("aws-auth") || map.namespace().is_some_and(|n| n != "kube-system") {
        return;
    }
    let data = map.node.field("data");
    let lists = ["mapRoles", "mapUsers", "mapAccounts"];
    for list in lists.into_iter().filter_map(|name| data?.field(name)) {
        let text = list.text().unwrap_or_default();
        let pieces = Pieces::of(list);
        for (at, _) in text.match_indices(MASTERS) {
            let line = text.get(..at).and_then(|t| t.rsplit('\n').next());
            if !line.unwrap_or_default().contains('#') {
                cx.report(pieces.at(at..at + MASTERS.len()), "whoever takes on this identity of IAM may do everything in the cluster, whatever RBAC says");
            }
        }
    }
}

pub(super) fn csr_privileged_identity(request: Object<'_>, cx: &mut Cx<'_>) {
    const YEAR: i64 = 366 * 24 * 60 * 60;
    let spec = request.node.field("spec");
    let field = |name: &str| spec.and_then(|spec| spec.field(name));
    let signer = field("signerName").and_then(Node::as_str);
    let Some(at) =
        field("request").filter(|_| signer == Some("kubernetes.io/kube-apiserver-client"))
    else {
        return;
    };
    let text = at.as_str().and_then(pem).unwrap_or_default();
    let subject = Pem::of(&text).find_map(|block| block.requested());
    let subject = subject.unwrap_or_default();
    let user = subject.common_name.as_str();
    let who = if subject.organizations.iter().any(|o| o == "system:masters") {
        "the group system:masters".to_owned()
    } else if user.starts_with("system:") || user == "kubernetes-admin" {
        format!("the user {user}")
    } else {
        if let Some((at, seconds)) = field("expirationSeconds").and_then(|n| Some((n, n.as_int()?)))
            && seconds > YEAR
        {
            let days = seconds / (24 * 60 * 60);
            let message =
                format!("the certificate of \"{user}\" cannot be taken back for {days} days");
            cx.report(at, message).severity(Severity::Medium);
        }
        return;
    };
    cx.report(
        at,
        format!(
            "{} asks for a certificate of {who}: who gets it rules the cluster",
            quoted(request)
        ),
    );
}

pub(super) fn self_provisioner_binding(binding: Object<'_>, cx: &mut Cx<'_>) {
    let role = RoleRef::of(binding).filter(|role| role.name == "self-provisioner");
    let everybody = |s: Subject<'_>| s.name == "system:authenticated:oauth";
    if let Some(role) = role.filter(|_| Subject::of(binding).any(everybody)) {
        let message = format!(
            "{} lets everybody who logs in make projects",
            quoted(binding)
        );
        cx.report(role.at, message);
    }
}

pub(super) fn dashboard_role_subject(binding: Object<'_>, cx: &mut Cx<'_>) {
    const DASHBOARD: &str = "kubernetes-dashboard";
    if RoleRef::of(binding).is_none_or(|role| role.name != DASHBOARD) {
        return;
    }
    for subject in Subject::of(binding).filter(|s| !s.name.starts_with(DASHBOARD)) {
        let (kind, name) = (subject.kind, subject.name);
        cx.report(
            subject.at,
            format!("{kind} \"{name}\" has the role of the dashboard"),
        );
    }
}
