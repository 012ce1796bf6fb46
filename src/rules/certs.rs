//! Certificates, keys and tokens of the cluster.

use crate::check::Cx;
use crate::kube::{Object, is_unresolved};
use crate::model::Severity;
use crate::secrets::certificate::{
    Certificate, Pem, PublicKey, holds_certificates, key_beside, pem,
};
use crate::secrets::detect::{CredentialKind, service_account};
use crate::secrets::locate::Pieces;
use crate::text::base64;
use crate::yaml::{Node, NodeKind};
use der::DateTime;
use std::borrow::Cow;
use std::time::Duration;

pub(super) fn service_account_token_committed(_: Object<'_>, cx: &mut Cx<'_>) {
    let exposed_secrets = cx.exposed_secrets();
    for (at, _) in exposed_secrets.filter(|(_, what)| matches!(what, CredentialKind::Token(_))) {
        let text = at.span.text(at.node.document().text);
        if let Some(account) = service_account(text) {
            cx.report(at, format!("a token of ServiceAccount {account} is committed, so anyone who can read this file can act as it"))
                .secret();
        }
    }
}

/// More certificates than this are a CA bundle of a distribution, which keeps old roots on purpose.
const BUNDLE: usize = 8;

pub(super) fn embedded_certificate_expired_or_weak(object: Object<'_>, cx: &mut Cx<'_>) {
    without_pem(object, cx);
    // A CustomResourceDefinition is long, and has one field for them.
    let within = match object.gvk.kind {
        "CustomResourceDefinition" => object.node.at(&["spec", "conversion"]),
        _ => Some(object.node),
    };
    let Some(within) = within.filter(|node| holds_certificates(*node)) else {
        return;
    };
    let scalars = within
        .within()
        .filter(|node| node.kind() == NodeKind::Str && !node.is_alias());
    for node in scalars {
        let Some(text) = pem(node.text().unwrap_or_default()) else {
            continue;
        };
        let pieces = Pieces::of(node);
        let blocks: Vec<_> = Pem::of(&text).filter(Pem::is_certificate).collect();
        let bundle = blocks.len() > BUNDLE;
        // For a Secret, tls/private-key-mismatch reports it.
        let mut key = key_beside(node).filter(|_| !object.gvk.is("", "Secret"));
        // A list of roots works as long as one of them is valid, and keeps old ones next to new ones. A serving certificate does not.
        let is_shown = key.is_some()
            || node
                .key_node()
                .and_then(Node::key)
                .is_some_and(|k| k == "tls.crt");
        let serves = |now| {
            blocks
                .iter()
                .filter_map(Pem::certificate)
                .any(|c| c.holds(now))
        };
        let now = cx
            .now()
            .filter(|now| bundle || blocks.len() < 2 || is_shown || !serves(*now));
        for block in blocks.iter().filter(|_| !bundle) {
            let at = match text {
                Cow::Borrowed(_) => pieces.at(block.first_line.clone()),
                Cow::Owned(_) => node.into(),
            };
            // The first certificate belongs to the key; the following ones have signed it.
            let (problem, severity) = match block.certificate() {
                Some(certificate) => problems(&certificate, key.take(), now),
                None => unreadable(),
            };
            if let Some(problem) = problem {
                cx.report(at, problem).severity(severity);
            }
        }
    }
}

/// The API server checks only that a TLS Secret has its keys; ingress controllers need a certificate and a private key in PEM.
fn without_pem(object: Object<'_>, cx: &mut Cx<'_>) {
    let tls = object.node.field("type").and_then(Node::as_str) == Some("kubernetes.io/tls");
    if !tls || !object.gvk.is("", "Secret") {
        return;
    }
    for (key, what) in [("tls.crt", "certificate"), ("tls.key", "private key")] {
        let written = object.node.at(&["stringData", key]);
        let encoded = object.node.at(&["data", key]).filter(|_| written.is_none());
        let plain = written.and_then(Node::as_str).map(str::to_owned);
        let decoded = encoded
            .and_then(Node::as_str)
            .filter(|text| !is_unresolved(text));
        let decoded = decoded.and_then(|text| String::from_utf8(base64(text)?).ok());
        let Some((node, text)) = written.or(encoded).zip(plain.or(decoded)) else {
            continue;
        };
        if !text.trim().is_empty() && !is_unresolved(&text) && !text.contains("-----BEGIN ") {
            let message = format!(
                "`{key}` is not a {what} in PEM format, so ingress controllers ignore this Secret and servers fail to start with it"
            );
            cx.report(node, message).secret();
        }
    }
}

fn unreadable() -> (Option<String>, Severity) {
    let message =
        "the certificate cannot be parsed because it is truncated or damaged, so clients reject it";
    (Some(message.to_owned()), Severity::Medium)
}

/// What is wrong with a certificate.
fn problems(
    certificate: &Certificate,
    key: Option<(Node<'_>, PublicKey)>,
    now: Option<Duration>,
) -> (Option<String>, Severity) {
    let mut problems = Vec::new();
    let mut severity = Severity::Medium;
    if let Some((at, _)) = key.filter(|(_, key)| certificate.key.differs(key)) {
        severity = Severity::High;
        let name = at.key_node().and_then(Node::key).unwrap_or_default();
        problems.push(format!(
            "does not match the private key in `{name}`, so the server fails to start"
        ));
    }
    if let Some((kind, bits, least)) = certificate.key.weakness() {
        let key = format!("has an {kind} key of {bits} bits, below the minimum of {least}");
        problems.push(key);
    }
    if let Some(digest) = certificate.weak_signature {
        problems.push(format!("is signed with the broken algorithm {digest}"));
    }
    if now.is_some_and(|now| now > certificate.not_after) {
        problems.push(format!(
            "expired on {}, so clients reject it",
            day(certificate.not_after)
        ));
    } else if now.is_some_and(|now| now < certificate.not_before) {
        problems.push(format!(
            "is valid only from {}, so clients reject it until then",
            day(certificate.not_before)
        ));
    }
    let name = match certificate.subject.common_name.as_str() {
        "" => String::new(),
        name => format!(" of \"{name}\""),
    };
    let message = format!("the certificate{name} {}", problems.join("; it "));
    ((!problems.is_empty()).then_some(message), severity)
}

fn day(since_1970: Duration) -> String {
    DateTime::from_unix_duration(since_1970).map_or_else(
        |_| "an unknown day".to_owned(),
        |day| format!("{}-{:02}-{:02}", day.year(), day.month(), day.day()),
    )
}
