//! AuthenticationConfiguration: which tokens are accepted, and which names their users get.

use crate::check::Cx;
use crate::kube::{Object, is_unresolved};
use crate::yaml::Node;

fn issuers(config: Object<'_>) -> impl Iterator<Item = Node<'_>> {
    config.node.list("jwt")
}

/// Whether validation rules of an entry mention names that begin with `system:`.
fn is_guarded(jwt: Node<'_>) -> bool {
    let rules = ["userValidationRules", "claimValidationRules"];
    let mut rules = rules.iter().filter_map(|key| jwt.field(key));
    rules.any(|list| {
        let mut texts = list.within().filter_map(Node::text);
        texts.any(|t| t.contains("system:"))
    })
}

/// Expressions that can produce names with the reserved prefix.
pub(super) fn jwt_no_system_guard(config: Object<'_>, cx: &mut Cx<'_>) {
    for jwt in issuers(config).filter(|j| !is_guarded(*j)) {
        for claim in ["username", "groups"] {
            let Some(expression) = jwt.at(&["claimMappings", claim, "expression"]) else {
                continue;
            };
            let text = expression.text().unwrap_or_default();
            // A text before the claim is a prefix.
            let prefixed = text.replace(' ', "").replace('"', "'").contains("'+");
            if !prefixed && !text.is_empty() && !is_unresolved(text) {
                cx.report(expression, format!("the `{claim}` expression can produce names that begin with `system:`, so users of the issuer can get permissions of the cluster itself"));
            }
        }
    }
}

/// A public issuer that signs tokens for all of its customers.
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
            cx.report(url, format!("anyone with an account at `{text}` can authenticate, because no claim rule restricts the organization"));
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
                cx.report(audience, format!("other systems also use audience `{text}`, so their tokens are accepted here"));
            }
        }
    }
}

/// An issuer whose keys are fetched without TLS. The scheme is not case-sensitive.
pub(super) fn jwt_issuer_not_https(config: Object<'_>, cx: &mut Cx<'_>) {
    for url in issuers(config).filter_map(|jwt| jwt.at(&["issuer", "url"])) {
        let text = url.as_str().unwrap_or_default();
        let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
        if !text.is_empty() && !scheme.eq_ignore_ascii_case("https") && !is_unresolved(text) {
            cx.report(
                url,
                format!(
                    "issuer URL `{text}` does not use `https`, so the API server fails to start"
                ),
            );
        }
    }
}

/// Whether an expression reads a claim.
fn reads(expression: Node<'_>, claim: &str) -> bool {
    let text = expression.text().unwrap_or_default();
    text.match_indices(claim).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let behind = text.get(at + claim.len()..).unwrap_or_default();
        let ends = !behind.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        ends && before
            .trim_end_matches(['.', '?', '[', '"', '\''])
            .ends_with("claims")
    })
}

/// User names from an email address, without an expression that checks its verification.
pub(super) fn jwt_email_unverified(config: Object<'_>, cx: &mut Cx<'_>) {
    for jwt in issuers(config) {
        let Some(username) = jwt.at(&["claimMappings", "username", "expression"]) else {
            continue;
        };
        let mappings = jwt.field("claimMappings");
        let extra = mappings.into_iter().flat_map(|m| m.list("extra"));
        let extra = extra.filter_map(|extra| extra.field("valueExpression"));
        let rules = jwt.list("claimValidationRules");
        let rules = rules.filter_map(|rule| rule.field("expression"));
        let mut asked = [username].into_iter().chain(extra).chain(rules);
        if reads(username, "email") && !asked.any(|node| reads(node, "email_verified")) {
            cx.report(username, "the user name is an email address and no expression checks `claims.email_verified`, so the API server fails to start");
        }
    }
}
