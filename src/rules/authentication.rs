//! AuthenticationConfiguration: who is let in, and by what name.

use crate::check::Cx;
use crate::kube::{Object, is_placeholder};
use crate::yaml::{Node, items};

fn issuers(config: Object<'_>) -> impl Iterator<Item = Node<'_>> {
    config.node.list("jwt")
}

/// Paths that health checks and clients without credentials need.
pub(super) fn anonymous_condition_broad(config: Object<'_>, cx: &mut Cx<'_>) {
    const NEEDED: [&str; 6] = [
        "/healthz",
        "/livez",
        "/readyz",
        "/version",
        "/.well-known/openid-configuration",
        "/openid/v1/jwks",
    ];
    let conditions = config.node.at(&["anonymous", "conditions"]);
    for path in items(conditions).filter_map(|c| c.field("path")) {
        let text = path.text().unwrap_or_default();
        let needed = NEEDED.iter().any(|n| {
            text.strip_prefix(n)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if !needed && !is_placeholder(text) {
            cx.report(
                path,
                format!(
                    "anybody may ask for {text} without credentials: more than health checks need"
                ),
            );
        }
    }
}

pub(super) fn anonymous_conditions_without_enabled(config: Object<'_>, cx: &mut Cx<'_>) {
    let anonymous = config.node.field("anonymous");
    let off = anonymous
        .and_then(|a| a.field("enabled"))
        .and_then(Node::as_bool)
        == Some(false);
    let conditions = anonymous.and_then(|a| a.pair("conditions"));
    if let Some((key, _)) = conditions.filter(|(_, list)| off && !list.is_empty()) {
        cx.report(
            key,
            "conditions of what is switched off: the API server does not start",
        );
    }
}

pub(super) fn jwt_issuer_not_https(config: Object<'_>, cx: &mut Cx<'_>) {
    for url in issuers(config).filter_map(|j| j.at(&["issuer", "url"])) {
        let text = url.text().unwrap_or_default();
        if !text.starts_with("https://") && !is_placeholder(text) {
            cx.report(
                url,
                format!("the issuer {text} is not reached by https: the API server does not start"),
            );
        }
    }
}

pub(super) fn jwt_issuer_duplicate(config: Object<'_>, cx: &mut Cx<'_>) {
    let mut seen: Vec<Node<'_>> = Vec::new();
    for url in issuers(config).filter_map(|j| j.at(&["issuer", "url"])) {
        match seen.iter().find(|before| before.text() == url.text()) {
            Some(before) => {
                cx.report(
                    url,
                    "two entries have this issuer: the API server does not start",
                )
                .related(*before, "the first");
            }
            None => seen.push(url),
        }
    }
}

pub(super) fn jwt_audience_missing(config: Object<'_>, cx: &mut Cx<'_>) {
    for issuer in issuers(config).filter_map(|j| j.field("issuer")) {
        let audiences = issuer.pair("audiences");
        let count = audiences.map_or(0, |(_, list)| list.len());
        if count == 0 {
            let message = "no audience is asked for: tokens that the issuer made for others would count, and the API server does not start";
            match audiences {
                Some((key, _)) => cx.report(key, message),
                None => cx.missing(issuer.lacking(), message),
            };
        } else if let Some((key, _)) = audiences
            && count > 1
            && issuer.field("audienceMatchPolicy").is_none()
        {
            cx.report(key, "several audiences need `audienceMatchPolicy: MatchAny`: the API server does not start");
        }
    }
}

/// An empty prefix of a claim.
fn empty_prefix<'d>(config: Object<'d>, claim: &str) -> impl Iterator<Item = Node<'d>> {
    let claim = claim.to_owned();
    issuers(config).filter_map(move |j| {
        let mapping = j.at(&["claimMappings", &claim])?;
        let prefix = mapping.get("prefix")?;
        let empty = mapping.field("claim").is_some() && prefix.text() == Some("");
        (empty && !is_guarded(j)).then_some(prefix)
    })
}

/// Whether rules of an entry speak of names that begin with `system:`.
fn is_guarded(jwt: Node<'_>) -> bool {
    let rules = ["userValidationRules", "claimValidationRules"];
    let mut rules = rules.iter().filter_map(|key| jwt.field(key));
    rules.any(|list| {
        let mut texts = list.within().filter_map(Node::text);
        texts.any(|t| t.contains("system:"))
    })
}

/// Names that an expression makes, where nothing keeps it from making the cluster's own.
pub(super) fn jwt_no_system_guard(config: Object<'_>, cx: &mut Cx<'_>) {
    for jwt in issuers(config).filter(|j| !is_guarded(*j)) {
        for claim in ["username", "groups"] {
            let Some(expression) = jwt.at(&["claimMappings", claim, "expression"]) else {
                continue;
            };
            let text = expression.text().unwrap_or_default();
            // A text in front of the claim is a prefix.
            let prefixed = text.replace(' ', "").replace('"', "'").contains("'+");
            if !prefixed && !text.is_empty() && !is_placeholder(text) {
                cx.report(expression, format!("the {claim} that this makes may begin with `system:`, and no rule refuses that: who sets the claim is the cluster's own user or group"));
            }
        }
    }
}

/// An issuer of everybody's tokens.
pub(super) fn jwt_multi_tenant_issuer_without_claim_rule(config: Object<'_>, cx: &mut Cx<'_>) {
    let shared = cx.param("issuers");
    for jwt in issuers(config) {
        let ruled = ["claimValidationRules", "userValidationRules"]
            .iter()
            .any(|key| jwt.field(key).is_some_and(|list| !list.is_empty()));
        let Some(url) = jwt.at(&["issuer", "url"]).filter(|_| !ruled) else {
            continue;
        };
        let text = url.text().unwrap_or_default().trim_end_matches('/');
        if shared.iter().any(|s| text == s) {
            cx.report(url, format!("{text} gives tokens to anybody who has an account there, and no rule tells yours from theirs: all of them are let in"));
        }
    }
}

pub(super) fn jwt_audience_generic(config: Object<'_>, cx: &mut Cx<'_>) {
    let generic = cx.param("audiences");
    for issuer in issuers(config).filter_map(|j| j.field("issuer")) {
        let url = issuer.field("url").and_then(Node::text);
        for audience in issuer.list("audiences") {
            let text = audience.text().unwrap_or_default();
            if generic.iter().any(|g| text == g) || url == Some(text) {
                cx.report(audience, format!("{text} is the audience of other systems too: a token that was made for one of them is taken here"));
            }
        }
    }
}

pub(super) fn jwt_username_prefix_empty(config: Object<'_>, cx: &mut Cx<'_>) {
    for prefix in empty_prefix(config, "username") {
        cx.report(prefix, "names of the issuer count as they are: one may be that of another issuer's user, or begin with `system:`");
    }
}

pub(super) fn jwt_groups_prefix_empty(config: Object<'_>, cx: &mut Cx<'_>) {
    for prefix in empty_prefix(config, "groups") {
        cx.report(prefix, "groups of the issuer count as they are: who is put into `system:masters` there is administrator here");
    }
}

pub(super) fn jwt_email_unverified(config: Object<'_>, cx: &mut Cx<'_>) {
    for jwt in issuers(config) {
        let verified = jwt
            .within()
            .any(|n| n.text().is_some_and(|t| t.contains("email_verified")));
        let expression = jwt.at(&["claimMappings", "username", "expression"]);
        let uses = |e: &Node<'_>| e.text().is_some_and(|t| t.contains("claims.email"));
        if let Some(expression) = expression.filter(|e| !verified && uses(e)) {
            cx.report(expression, "users are named by an address that the issuer may not have verified: the API server does not start");
        }
    }
}
