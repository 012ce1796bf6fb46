//! Roles, bindings and service accounts. Most checks of what a rule grants are shapes in the policies.

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
    // Users and groups are in the core group, other parts of an identity in authentication.k8s.io; only service accounts are
    // namespaced.
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
    // Since 1.36 there are verbs for constrained impersonation, on resources of one group.
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
        "{} can `{}` `{written}`, so it can act as the identities that the rule covers",
        quoted(rule.role),
        verb.text().unwrap_or_default()
    );
    let draft = cx
        .report_for(holds, verb, text)
        .related(resource, "together with this");
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
    let approves = format!("{role} can `{verb}` `{written}`");
    // The API server checks both; the other half can be in another role, which is not visible here.
    let signer = PolicyRule::of(rule.role).find_map(|other| {
        other.granting("apiGroups", GROUP)?;
        other.granting("resources", "signers")?;
        other.granting("verbs", "approve")
    });
    if let Some(signer) = signer {
        let message = format!(
            "{approves} and approve for a signer, so it can issue a client certificate for any user"
        );
        cx.report(item, message)
            .severity(Severity::Critical)
            .related(signer, "together with this");
    } else {
        let message = format!(
            "{approves}; with `approve` on a signer it can issue a client certificate for any user"
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
        cx.report(item, format!("{} can `{verb}` ConfigMaps in kube-system, so it can change the configuration of DNS and kube-proxy", quoted(rule.role)));
    }
}

/// The `*` of a list, if the rule grants something with it and is not limited to names.
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
        "{role} grants every verb on these resources, including {among} and verbs of later releases"
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
            cx.report(item, format!("{role} grants the subresource `{sub}` of every resource, including resources that are probably not intended"));
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
            cx.report(item, format!("`{resource}` matches no resource, so {} grants nothing with it; RBAC supports only `*` and `*/subresource`", quoted(rule.role)));
        }
    }
}

pub(super) fn wildcard_resource_names(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    for item in rule.list("resourceNames") {
        let Some(pattern) = item.as_str().filter(|name| name.contains('*')) else {
            continue;
        };
        // For signers the API server also checks the name of the domain, as `example.com/*`.
        if !(pattern.ends_with("/*") && rule.granting("resources", "signers").is_some()) {
            cx.report(item, format!("`{pattern}` is compared literally and matches no object name, so {} grants nothing with it", quoted(rule.role)));
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
        cx.report(verb, format!("`{text}` requests have no object name that `resourceNames` could match, so {} never grants the verb", quoted(rule.role)));
    }
}

pub(super) fn rule_incomplete(rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    let has = |field: &str| rule.list(field).next().is_some();
    let (resources, urls) = (has("resources"), has("nonResourceURLs"));
    // A list that an alias or a template fills is not an empty list here, but another type of value.
    let unreadable = ["verbs", "resources", "nonResourceURLs", "apiGroups"]
        .iter()
        .filter_map(|f| rule.node.field(f))
        .any(|n| n.text().is_some() && !n.is_null());
    let why = if unreadable {
        return;
    } else if !has("verbs") {
        "this rule has no `verbs`"
    } else if resources && urls {
        "this rule has both `resources` and `nonResourceURLs`"
    } else if !resources && !urls {
        "this rule has neither `resources` nor `nonResourceURLs`"
    } else if resources && !has("apiGroups") {
        "this rule has `resources` but no `apiGroups`"
    } else {
        return;
    };
    let text = format!("{why}, so the API server rejects {}", quoted(rule.role));
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
    // Other groups can give the verbs a meaning of their own.
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
                    "{} grants nothing with `{text}` here, because the API server checks it on {} only",
                    quoted(rule.role),
                    if text == "impersonate" {
                        "identities such as `users` and `groups`"
                    } else {
                        "`roles` and `clusterroles`"
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
        cx.report(
            item,
            format!(
                "`{text}` does not belong to a namespace, so {} cannot grant it",
                quoted(rule.role)
            ),
        );
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
            format!(
                "{} adds `{what}` to the role `view`, so every user with `view` has it",
                quoted(role)
            ),
        )
        .related(item, "this exceeds read-only access");
        return;
    }
}

/// Whether Kubernetes itself creates the binding: recognized by its content, not by its name alone.
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
            format!("{binding} grants{who} `cluster-admin`, which is full control of the cluster"),
        );
    } else {
        cx.report(role.at, format!("{binding} grants{who} `cluster-admin`, which is full control of its namespace including Secrets and roles"))
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
                    "{} grants permissions in namespace \"{here}\" to service account \"{}\" of namespace \"{there}\"",
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
                cx.report(pieces.at(at..at + MASTERS.len()), "this IAM identity is a member of `system:masters`, so it has full access and RBAC cannot restrict it");
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
        "the group `system:masters`".to_owned()
    } else if user.starts_with("system:") || user == "kubernetes-admin" {
        format!("the user `{user}`")
    } else {
        if let Some((at, seconds)) = field("expirationSeconds").and_then(|n| Some((n, n.as_int()?)))
            && seconds > YEAR
        {
            let days = seconds / (24 * 60 * 60);
            let message = format!(
                "the certificate of \"{user}\" is requested for {days} days and cannot be revoked"
            );
            cx.report(at, message)
                .severity(Severity::Medium)
                .help("Set `expirationSeconds` to 31622400 (366 days) or less.");
        }
        return;
    };
    cx.report(
        at,
        format!(
            "{} requests a certificate for {who}, so its holder has privileged access",
            quoted(request)
        ),
    );
}

pub(super) fn self_provisioner_binding(binding: Object<'_>, cx: &mut Cx<'_>) {
    let role = RoleRef::of(binding).filter(|role| role.name == "self-provisioner");
    let everybody = |s: Subject<'_>| s.name == "system:authenticated:oauth";
    if let Some(role) = role.filter(|_| Subject::of(binding).any(everybody)) {
        let message = format!(
            "{} lets every user who logs in create projects and administer them",
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
            format!("{kind} \"{name}\" has the role `kubernetes-dashboard`, which is meant for the dashboard only"),
        );
    }
}
