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
        let guarded = j.field("userValidationRules").is_some_and(|rules| {
            rules
                .within()
                .any(|n| n.text().is_some_and(|t| t.contains("system:")))
        });
        let prefix = mapping.get("prefix")?;
        let empty = mapping.field("claim").is_some() && prefix.text() == Some("");
        (empty && !guarded).then_some(prefix)
    })
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
