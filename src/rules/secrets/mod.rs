//! Secrets in manifests.

mod plain;

pub(super) use plain::*;

use crate::check::Cx;
use crate::kube::{Object, is_templated};
use crate::model::{Severity, Text};
use crate::secrets::detect::{
    NameHint, assignments, hits, is_authorization, is_credential, is_filled_in, named,
    stands_for_another, words,
};
use crate::secrets::locate;
use crate::text::base64;
use crate::yaml::Node;

pub(super) fn secret_committed(secret: Object<'_>, cx: &mut Cx<'_>) {
    if secret.node.get("sops").is_some() {
        return;
    }
    let public = cx.param("public-keys");
    let name = secret.name().unwrap_or("without a name");
    // Output of Helm in a pipe is not committed.
    let rendered = secret.node.document().provenance.rendered_from.is_some();
    let generated = rendered && cx.is_stdin();
    for (field, in_base64) in [("data", true), ("stringData", false)] {
        for (key, value) in secret.node.field(field).into_iter().flat_map(Node::entries) {
            let Some(key) = key.key().filter(|key| !is_public(key, public)) else {
                continue;
            };
            let text = value.text().unwrap_or_default();
            let decoded = base64(text)
                .filter(|_| in_base64)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let plain = decoded.as_deref().unwrap_or(text).trim();
            if is_nothing(text) || is_nothing(plain) {
                continue;
            }
            let how = if decoded.is_some() {
                "in base64, which is not encryption"
            } else {
                "in plain text, which anyone with this file can read"
            };
            let message = format!("Secret \"{name}\" contains the value of `{key}` {how}");
            if is_harmless_file(plain) || is_plain_address(plain) || names_a_fact(&key) {
                cx.report(value, message + "; nothing in it looks like a credential")
                    .severity(Severity::Low)
                    .help("Use a ConfigMap if the value is not confidential; otherwise encrypt this file with SOPS or use a SealedSecret.")
                    .secret();
            } else if generated {
                cx.report(value, message + "; a chart generated it, so it is exposed only if this output is committed")
                    .severity(Severity::Low)
                    .secret();
            } else {
                cx.report(value, message).secret();
            }
        }
    }
}

/// Whether a key is one of those with public values, or ends with it as with a word: `smtp-username`.
fn is_public(key: &str, public: &[Text]) -> bool {
    let key = key.to_ascii_lowercase();
    public.iter().any(|public| {
        key.strip_suffix(&**public)
            .is_some_and(|before| before.is_empty() || before.ends_with(['-', '_', '.']))
    })
}

/// Whether a key says that its value is an address or a name, and so no credential.
fn names_a_fact(key: &str) -> bool {
    const FACTS: [&str; 16] = [
        "database", "dbname", "db", "host", "hostname", "port", "region", "bucket", "endpoint",
        "schema", "issuer", "tenant", "audience", "realm", "scope", "scopes",
    ];
    let lower = key.to_ascii_lowercase();
    let last = words(key, &lower).last();
    last.is_some_and(|word| FACTS.contains(&word))
}

/// Whether a value is a URL without a credential: no user, no query, and no part that looks like a token.
fn is_plain_address(plain: &str) -> bool {
    let Some((scheme, rest)) = plain.split_once("://") else {
        return false;
    };
    let random = |part: &str| is_credential(NameHint::Token, part);
    scheme
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-'))
        && !rest.contains(['@', '?', '#', ';', '\n', ' '])
        && !rest.split('/').skip(1).any(random)
}

/// Whether a value is a public key, or the public keys of hosts.
fn is_public_key(plain: &str) -> bool {
    const KINDS: [&str; 5] = [
        "ssh-ed25519 AAAA",
        "ssh-rsa AAAA",
        "ssh-dss AAAA",
        "ecdsa-sha2-nistp",
        "sk-",
    ];
    let is_pem = plain.starts_with("-----BEGIN PUBLIC KEY-----")
        || plain.starts_with("-----BEGIN RSA PUBLIC KEY-----");
    let is_key = |line: &str| {
        line.starts_with('#')
            || KINDS
                .iter()
                .any(|kind| line.starts_with(kind) || line.contains(&format!(" {kind}")))
    };
    let mut lines = plain.lines().map(str::trim).filter(|line| !line.is_empty());
    is_pem && !plain.contains("PRIVATE KEY-----")
        || lines.clone().next().is_some() && lines.all(is_key)
}

/// Whether a value is not confidential: empty, filled in later, a certificate, or a plain fact.
fn is_nothing(plain: &str) -> bool {
    let plain = plain.trim();
    let certificate =
        plain.starts_with("-----BEGIN CERTIFICATE-----") && !plain.contains("PRIVATE KEY-----");
    let blank = plain
        .split_once('<')
        .is_some_and(|(_, rest)| rest.contains('>') && !rest.contains('\n'));
    let short_number = plain.len() <= 5 && plain.bytes().all(|b| b.is_ascii_digit());
    plain.is_empty()
        || is_filled_in(plain)
        || certificate
        || is_public_key(plain)
        || blank
        || short_number
        || is_time(plain)
        || matches!(plain, "{}" | "true" | "false")
}

/// `2026-01-31T10:00:00Z`
fn is_time(text: &str) -> bool {
    let mask = b"0000-00-00T00:00:00";
    text.len() <= 35
        && text.len() >= mask.len()
        && mask.iter().zip(text.bytes()).all(|(m, b)| match m {
            b'0' => b.is_ascii_digit(),
            _ => *m == b,
        })
}

/// Whether a file of settings has no known credential: such files are often kept in a Secret all the same.
fn is_harmless_file(plain: &str) -> bool {
    let credential = |(name, value, _): (&str, &str, _)| {
        named(name).is_some_and(|hint| hint != NameHint::Key) && !stands_for_another(value)
            || is_credential(NameHint::Token, value)
            || is_authorization(value)
    };
    plain.contains('\n')
        && assignments(plain).next().is_some()
        && hits(plain).is_empty()
        && !assignments(plain).any(credential)
}

fn type_of(secret: Object<'_>) -> Option<(Node<'_>, &str)> {
    let node = secret.node.field("type")?;
    Some((node, node.as_str()?))
}

/// A value of `data`, decoded, or of `stringData`; `None` where it is filled in later, or encrypted.
fn value<'d>(secret: Object<'d>, key: &str) -> Option<(Node<'d>, String)> {
    let plain = secret.node.at(&["stringData", key]);
    let node = plain.or_else(|| secret.node.at(&["data", key]))?;
    let text = node.text().filter(|t| !is_filled_in(t))?;
    if plain.is_some() {
        return Some((node, text.to_owned()));
    }
    let bytes = base64(text)?;
    Some((node, String::from_utf8_lossy(&bytes).into_owned()))
}

pub(super) fn docker_config(secret: Object<'_>, cx: &mut Cx<'_>) {
    let key = match type_of(secret) {
        Some((_, "kubernetes.io/dockerconfigjson")) => ".dockerconfigjson",
        Some((_, "kubernetes.io/dockercfg")) => ".dockercfg",
        _ => return,
    };
    let Some((node, text)) = value(secret, key) else {
        return;
    };
    let Ok(config) = serde_json::from_str::<serde_json::Value>(&text) else {
        return;
    };
    let registries = config.get("auths").unwrap_or(&config);
    let mut logins = registries
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, login)| {
            ["auth", "password", "identitytoken"].iter().any(|field| {
                login
                    .get(field)
                    .and_then(|v| v.as_str())
                    .is_some_and(|v| !stands_for_another(v))
            })
        });
    if let Some((registry, _)) = logins.next() {
        cx.report(
            node,
            format!("anyone who reads this file can log in to registry `{registry}`"),
        )
        .secret();
    }
}

pub(super) fn bootstrap_token(secret: Object<'_>, cx: &mut Cx<'_>) {
    if type_of(secret).is_none_or(|(_, kind)| kind != "bootstrap.kubernetes.io/token") {
        return;
    }
    if let Some((node, text)) = value(secret, "token-secret")
        && !stands_for_another(&text)
    {
        let lasting = value(secret, "expiration").is_none();
        let how = if lasting {
            ", and the token never expires"
        } else {
            ""
        };
        cx.report(
            node,
            format!("anyone who reads this file can join a node to the cluster{how}"),
        )
        .secret();
    }
}

pub(super) fn argocd_repository_credential(secret: Object<'_>, cx: &mut Cx<'_>) {
    let kind = match secret.label("argocd.argoproj.io/secret-type") {
        Some("repository" | "repo-creds") => "repository",
        Some("cluster") => "cluster",
        _ => return,
    };
    if secret.node.get("sops").is_some() {
        return;
    }
    for key in [
        "password",
        "sshPrivateKey",
        "bearerToken",
        "githubAppPrivateKey",
        "tlsClientCertKey",
        "config",
    ] {
        let Some((node, text)) = value(secret, key) else {
            continue;
        };
        let holds = if key == "config" {
            ["bearerToken", "password", "keyData"]
                .iter()
                .any(|word| text.contains(&format!("\"{word}\"")))
                && !is_templated(&text)
        } else {
            !stands_for_another(&text)
        };
        if holds {
            cx.report(
                node,
                format!("`{key}` lets anyone who reads this file access the {kind} as Argo CD"),
            )
            .secret();
        }
    }
}

pub(super) fn invalid_base64(object: Object<'_>, cx: &mut Cx<'_>) {
    let field = if object.gvk.kind == "Secret" {
        "data"
    } else {
        "binaryData"
    };
    if object.node.get("sops").is_some() {
        return;
    }
    for (key, value) in object.node.field(field).into_iter().flat_map(Node::entries) {
        let Some(text) = value.text().filter(|t| !is_unfinished(t)) else {
            continue;
        };
        // The API server's decoder skips line feeds, nothing else.
        let blanks = text.trim_end_matches(['\n', '\r']).contains([' ', '\t']);
        if !value.is_null() && (blanks || base64(text).is_none()) {
            let key = key.key().unwrap_or_default();
            cx.report(
                value,
                format!(
                    "the value of `{key}` is not valid base64, so the API server rejects the object"
                ),
            )
            .secret();
        }
    }
}

/// A value that a tool encodes later.
fn is_unfinished(text: &str) -> bool {
    is_filled_in(text) || text.contains(['<', '$', '{', '%'])
}

pub(super) fn double_encoded(secret: Object<'_>, cx: &mut Cx<'_>) {
    for (key, value) in secret
        .node
        .field("data")
        .into_iter()
        .flat_map(Node::entries)
    {
        let once = value
            .text()
            .and_then(base64)
            .and_then(|b| String::from_utf8(b).ok());
        let Some(once) = once.filter(|t| t.trim().len() >= 12 && t.trim().ends_with('=')) else {
            continue;
        };
        let printable = |bytes: &Vec<u8>| {
            bytes
                .iter()
                .all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
        };
        if base64(&once).as_ref().is_some_and(printable) {
            let key = key.key().unwrap_or_default();
            cx.report(
                value,
                format!(
                    "the value of `{key}` is base64 of base64, so programs receive it still encoded"
                ),
            )
            .secret();
        }
    }
}

pub(super) fn trailing_newline(secret: Object<'_>, cx: &mut Cx<'_>) {
    for (key, value) in secret
        .node
        .field("data")
        .into_iter()
        .flat_map(Node::entries)
    {
        let Some(key) = key.key() else { continue };
        let user = matches!(&*key, "user" | "username" | "USER" | "USERNAME");
        let bytes = value
            .text()
            .filter(|t| !is_unfinished(t))
            .and_then(base64)
            .unwrap_or_default();
        let Some(line) = bytes.strip_suffix(b"\n") else {
            continue;
        };
        if (user || named(&key).is_some()) && !line.is_empty() && !line.contains(&b'\n') {
            cx.report(value, format!("the value of `{key}` ends with a newline, which becomes part of the credential, so logins can fail"))
                .secret();
        }
    }
}

pub(super) fn type_missing_keys(secret: Object<'_>, cx: &mut Cx<'_>) {
    let Some((node, kind)) = type_of(secret) else {
        return;
    };
    let has = |key: &&&str| {
        ["data", "stringData"]
            .iter()
            .any(|f| secret.node.at(&[f]).is_some_and(|d| d.get(key).is_some()))
    };
    let needed: &[&str] = match kind {
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        "bootstrap.kubernetes.io/token" => &["token-id", "token-secret"],
        "kubernetes.io/basic-auth" if ["username", "password"].iter().any(|k| has(&k)) => return,
        "kubernetes.io/basic-auth" => &["username", "password"],
        _ => return,
    };
    let lacking: Vec<_> = needed
        .iter()
        .filter(|key| !has(key))
        .map(|key| format!("`{key}`"))
        .collect();
    if let ("kubernetes.io/dockerconfigjson" | "kubernetes.io/dockercfg", [key]) = (kind, needed)
        && let Some((_, text)) = value(secret, key)
        && !is_unfinished(text.trim_start_matches('{'))
        && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).is_err()
    {
        cx.report(
            node,
            format!(
                "type `{kind}` requires JSON in `{key}`, so the API server rejects this Secret"
            ),
        );
    }
    if lacking.is_empty() {
        return;
    }
    let word = if kind == "kubernetes.io/basic-auth" {
        " or "
    } else {
        " and "
    };
    // The API server does not validate bootstrap tokens.
    let effect = if kind == "bootstrap.kubernetes.io/token" {
        "so the token does not work"
    } else {
        "so the API server rejects this Secret"
    };
    cx.missing(
        node,
        format!("type `{kind}` requires {}, {effect}", lacking.join(word)),
    );
}

pub(super) fn data_and_stringdata_overlap(secret: Object<'_>, cx: &mut Cx<'_>) {
    let Some(data) = secret.node.field("data") else {
        return;
    };
    for (key, _) in secret
        .node
        .field("stringData")
        .into_iter()
        .flat_map(Node::entries)
    {
        if let Some((other, _)) = key.key().and_then(|k| data.pair(&k)) {
            let name = key.key().unwrap_or_default();
            cx.report(
                key,
                format!("`{name}` is also set in `data`, and this value silently overrides it"),
            )
            .related(other, "this value is never used");
        }
    }
}

pub(super) fn sops_partially_encrypted(object: Object<'_>, cx: &mut Cx<'_>) {
    for exposed in locate::sops_in_the_clear(object) {
        let name = exposed.name;
        cx.report(
            exposed.at,
            format!("SOPS did not encrypt `{name}`, so anyone who reads this file has its value"),
        )
        .secret();
    }
}
