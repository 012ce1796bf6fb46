//! Authentication with tokens (pkg/apis/apiserver/validation).

use super::{filled_text, is_open, lacks};
use crate::go_value::parse_url;
use crate::ids;
use crate::schema::constraints::unique;
use crate::schema::cross_field::duplicate;
use crate::schema::cross_field::{conflict, key_of, missing, own_key};
use crate::schema::format::is_subdomain;
use crate::schema::validator::Validator;
use crate::yaml::{Node, items};
use std::collections::HashMap;

const MAX_ISSUERS: usize = 64;

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    let issuers = || root.list("jwt").filter_map(|jwt| jwt.field("issuer"));
    if let Some(jwt) = root.list("jwt").nth(MAX_ISSUERS) {
        conflict(
            v,
            jwt.lacking(),
            format!("the API server accepts at most {MAX_ISSUERS} issuers"),
        );
    }
    for key in ["url", "discoveryURL"] {
        repeated(v, issuers().filter_map(|issuer| issuer.field(key)), key);
    }
    let Some(anonymous) = root.field("anonymous") else {
        return;
    };
    let enabled = anonymous.field("enabled");
    let conditions = anonymous
        .field("conditions")
        .is_some_and(|list| !list.is_empty());
    if conditions && enabled.is_none() {
        missing(
            v,
            anonymous.lacking(),
            "`enabled` is missing, but `conditions` require `enabled: true`",
        );
    } else if conditions && enabled.and_then(Node::as_bool) == Some(false) {
        conflict(
            v,
            key_of(anonymous, "conditions"),
            "`conditions` require `enabled: true`, so the API server rejects the file",
        );
    }
}

/// Texts of which no two may be the same.
fn repeated<'d>(v: &mut Validator<'d>, nodes: impl Iterator<Item = Node<'d>>, name: &str) {
    let mut seen: HashMap<&str, Node<'d>> = HashMap::new();
    for node in nodes.filter(|node| !is_open(*node)) {
        let Some(text) = node.as_str().filter(|text| !text.is_empty()) else {
            continue;
        };
        if let Some(first) = seen.insert(text, node) {
            let message =
                format!("`{name}` `{text}` is used twice, so the API server rejects the file");
            duplicate(v, node, first, message);
        }
    }
}

pub(in crate::schema) fn issuer<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let url = filled_text(map, "url");
    if let Some((node, text)) = url {
        address(v, node, text, "url");
        if text == "https://kubernetes.default.svc.cluster.local" {
            conflict(
                v,
                node,
                "this is the ServiceAccount issuer of the cluster itself, so the API server rejects it here",
            );
        }
    }
    if let Some((node, text)) = filled_text(map, "discoveryURL") {
        address(v, node, text, "discoveryURL");
        if url.is_some_and(|(_, url)| url.trim_end_matches('/') == text.trim_end_matches('/')) {
            conflict(
                v,
                node,
                "`discoveryURL` must differ from `url`; the API server rejects the file",
            );
        }
    }
    let audiences: Vec<Node<'d>> = map.list("audiences").collect();
    for node in &audiences {
        if node.is_null() || node.text() == Some("") {
            v.add(
                ids::schema::MISSING_FIELD,
                *node,
                "an audience is empty, so the API server rejects the file".to_owned(),
                None,
            );
        }
    }
    if let Some(list) = map.field("audiences") {
        unique(v, list, &[], |_| None);
    }
    match map
        .field("audienceMatchPolicy")
        .filter(|p| p.text() != Some(""))
    {
        None if audiences.len() > 1 => {
            let at = map
                .pair("audienceMatchPolicy")
                .map_or_else(|| key_of(map, "audiences"), |(key, _)| key.into());
            missing(
                v,
                at,
                "several audiences require `audienceMatchPolicy: MatchAny`, so the API server rejects the file",
            );
        }
        Some(node) if node.text() != Some("MatchAny") && !is_open(node) => {
            v.not_one_of(node, "audienceMatchPolicy", &["MatchAny"]);
        }
        _ => {}
    }
    if let Some((node, pem)) = filled_text(map, "certificateAuthority") {
        let fits = pem.contains("-----BEGIN CERTIFICATE-----");
        v.form(
            fits,
            node,
            "certificateAuthority",
            "PEM certificates, not a file path",
        );
    }
}

fn address<'d>(v: &mut Validator<'d>, node: Node<'d>, text: &str, name: &str) {
    let fits = parse_url(text).is_some_and(|url| {
        url.scheme.eq_ignore_ascii_case("https")
            && !url.has_user
            && url.query.is_empty()
            && url.fragment.is_empty()
    });
    v.form(
        fits,
        node,
        name,
        "an https URL without user, query and fragment",
    );
}

pub(in crate::schema) fn rules<'d>(v: &mut Validator<'d>, jwt: Node<'d>) {
    let is_set = |rule: Node<'_>, key: &str| {
        filled_text(rule, key).is_some() || rule.field(key).is_some_and(is_open)
    };
    for rule in jwt.list("claimValidationRules") {
        match (is_set(rule, "claim"), is_set(rule, "expression")) {
            (true, true) => conflict(
                v,
                key_of(rule, "expression"),
                "`claim` and `expression` cannot both be set",
            ),
            (false, false) => lacks(v, rule, "claim` or `expression"),
            (true, false) if is_set(rule, "message") => conflict(
                v,
                key_of(rule, "message"),
                "`message` is allowed only with `expression`",
            ),
            (false, true) if is_set(rule, "requiredValue") => {
                conflict(
                    v,
                    key_of(rule, "requiredValue"),
                    "`requiredValue` is allowed only with `claim`",
                );
            }
            _ => {}
        }
    }
    let of = |list: &'static str, key: &'static str| {
        items(jwt.field(list)).filter_map(move |rule| rule.field(key))
    };
    repeated(v, of("claimValidationRules", "claim"), "claim");
    repeated(v, of("claimValidationRules", "expression"), "expression");
    repeated(v, of("userValidationRules", "expression"), "expression");
}

pub(in crate::schema) fn mappings<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for name in ["username", "groups", "uid"] {
        let node = map.field(name);
        let part = |key: &str| {
            node.and_then(|node| node.field(key))
                .filter(|part| part.text() != Some(""))
        };
        match (part("claim"), part("expression")) {
            (Some(_), Some(expression)) => {
                conflict(
                    v,
                    own_key(expression),
                    "`claim` and `expression` cannot both be set",
                );
            }
            (None, None) if name == "username" => {
                let at = match (node, map.pair(name)) {
                    (Some(node), _) => node.lacking(),
                    (None, Some((key, _))) => key.into(),
                    (None, None) => map.lacking(),
                };
                missing(
                    v,
                    at,
                    "`username` requires `claim` or `expression`, so the API server rejects the file",
                );
            }
            (None, Some(_)) => {
                if let Some(prefix) = node.and_then(|node| node.field("prefix")) {
                    conflict(
                        v,
                        own_key(prefix),
                        "`prefix` is allowed only with `claim`; add it to the expression instead",
                    );
                }
            }
            (Some(_), None) if name != "uid" => {
                let Some(node) = node.filter(|node| node.field("prefix").is_none()) else {
                    continue;
                };
                let at = node
                    .pair("prefix")
                    .map_or_else(|| node.lacking(), |(key, _)| key.into());
                let message = "`prefix` is missing, so the API server rejects `claim`; use `prefix: \"\"` for no prefix";
                missing(v, at, message);
            }
            _ => {}
        }
    }
    let mut seen: HashMap<&str, Node<'d>> = HashMap::new();
    for extra in map.list("extra") {
        let Some((node, key)) = filled_text(extra, "key") else {
            continue;
        };
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        let of = |owner: &str| {
            domain
                .strip_suffix(owner)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if of("kubernetes.io") || of("k8s.io") {
            conflict(
                v,
                node,
                "the domains k8s.io and kubernetes.io are reserved for Kubernetes; use another domain",
            );
        }
        let fits = is_path_of_domain(key) && key.to_lowercase() == key;
        v.form(
            fits,
            node,
            "key",
            "a lower-case domain and name, separated by a slash",
        );
        if let Some(first) = seen.insert(key, node) {
            let message =
                format!("`key` `{key}` is used twice, so the API server rejects the file");
            duplicate(v, node, first, message);
        }
    }
}

/// A domain, a slash and a path.
fn is_path_of_domain(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
    text.split_once('/').is_some_and(|(domain, path)| {
        is_subdomain(domain) && !path.is_empty() && path.bytes().all(fits)
    })
}
