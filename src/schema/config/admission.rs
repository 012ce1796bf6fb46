//! Configurations of the API server's admission plugins, each read by its plugin.

use super::is_open;
use crate::ids;
use crate::kube::is_unresolved;
use crate::schema::cross_field::{conflict, missing};
use crate::schema::format::{is_label, is_subdomain};
use crate::schema::validator::Validator;
use crate::yaml::{Node, NodeKind};
use std::collections::HashSet;

/// Plugins, and the versions and kinds of their configurations that they read.
const READ: [(&str, &[(&str, &str)]); 8] = [
    (
        "EventRateLimit",
        &[("eventratelimit.admission.k8s.io/v1alpha1", "Configuration")],
    ),
    (
        "MutatingAdmissionPolicy",
        &[(
            "apiserver.config.k8s.io/v1",
            "MutatingAdmissionPolicyConfiguration",
        )],
    ),
    ("MutatingAdmissionWebhook", WEBHOOK),
    (
        "PodSecurity",
        &[
            (
                "pod-security.admission.config.k8s.io/v1",
                "PodSecurityConfiguration",
            ),
            (
                "pod-security.admission.config.k8s.io/v1beta1",
                "PodSecurityConfiguration",
            ),
            (
                "pod-security.admission.config.k8s.io/v1alpha1",
                "PodSecurityConfiguration",
            ),
        ],
    ),
    (
        "PodTolerationRestriction",
        &[(
            "podtolerationrestriction.admission.k8s.io/v1alpha1",
            "Configuration",
        )],
    ),
    (
        "ResourceQuota",
        &[
            ("apiserver.config.k8s.io/v1", "ResourceQuotaConfiguration"),
            ("resourcequota.admission.k8s.io/v1beta1", "Configuration"),
            ("resourcequota.admission.k8s.io/v1alpha1", "Configuration"),
        ],
    ),
    (
        "ValidatingAdmissionPolicy",
        &[(
            "apiserver.config.k8s.io/v1",
            "ValidatingAdmissionPolicyConfiguration",
        )],
    ),
    ("ValidatingAdmissionWebhook", WEBHOOK),
];

const WEBHOOK: &[(&str, &str)] = &[
    (
        "apiserver.config.k8s.io/v1",
        "WebhookAdmissionConfiguration",
    ),
    ("apiserver.config.k8s.io/v1alpha1", "WebhookAdmission"),
];

pub(in crate::schema) fn plugin<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let name = map.field("name").and_then(Node::text).unwrap_or_default();
    let Some(configuration) = map.field("configuration") else {
        return;
    };
    if is_open(configuration) {
        return;
    }
    if name == "ImagePolicyWebhook" {
        return image_policy(v, configuration);
    }
    let Some((_, read)) = READ.iter().find(|(plugin, _)| *plugin == name) else {
        return;
    };
    if configuration.kind() != NodeKind::Map {
        return v.wrong(configuration, "configuration", "a map");
    }
    let help = || {
        read.first()
            .map(|(version, kind)| format!("Write `apiVersion: {version}` and `kind: {kind}`."))
    };
    let mut written = ["", ""];
    for (key, place) in ["apiVersion", "kind"].into_iter().zip(&mut written) {
        match configuration.field(key) {
            Some(node) if is_open(node) => return,
            Some(node) => match node.as_str() {
                Some("") => {
                    return no_name(
                        v,
                        node.key_node().map_or(node.into(), Into::into),
                        key,
                        help(),
                    );
                }
                Some(text) => *place = text,
                None => return v.wrong(node, key, "a string"),
            },
            None => {
                let null = configuration.pair(key).map(|(key, _)| key.into());
                return no_name(
                    v,
                    null.unwrap_or_else(|| configuration.lacking()),
                    key,
                    help(),
                );
            }
        }
    }
    let [version, kind] = written;
    if read.contains(&(version, kind)) {
        return;
    }
    let key = if read.iter().any(|(_, known)| *known == kind) {
        "apiVersion"
    } else {
        "kind"
    };
    if let Some(node) = configuration.field(key) {
        let message = format!(
            "{name} does not support {kind} of `{version}`, so the API server rejects the file"
        );
        v.add(ids::schema::ENUM, node, message, help());
    }
}

fn no_name<'d>(
    v: &mut Validator<'d>,
    at: crate::yaml::NodeSpan<'d>,
    key: &str,
    help: Option<String>,
) {
    let message = format!(
        "`{key}` of the plugin configuration is missing or empty, so the API server rejects the file"
    );
    missing(v, at, message).help = help;
}

/// ImagePolicyWebhook has a file without a kind. Its times are numbers: seconds, and milliseconds.
fn image_policy<'d>(v: &mut Validator<'d>, configuration: Node<'d>) {
    if configuration.kind() != NodeKind::Map {
        return v.wrong(configuration, "configuration", "a map");
    }
    let Some(policy) = configuration.field("imagePolicy") else {
        return;
    };
    if policy.kind() != NodeKind::Map {
        return v.wrong(policy, "imagePolicy", "a map");
    }
    for (key, most) in [
        ("allowTTL", 1_800),
        ("denyTTL", 1_800),
        ("retryBackoff", 300_000),
    ] {
        let Some(node) = policy.field(key).filter(|node| !is_open(*node)) else {
            continue;
        };
        match node.as_int().filter(|_| node.kind() == NodeKind::Int) {
            None => v.wrong(node, key, "an integer"),
            Some(number) if (-1..=most).contains(&number) => {}
            Some(number) => {
                let message = format!(
                    "`{key}` must be from 1 to {most}, 0 for the default or -1 for none, but is {number}"
                );
                v.add(ids::schema::RANGE, node, message, None);
            }
        }
    }
    if let Some(node) = policy
        .field("defaultAllow")
        .filter(|node| node.kind() != NodeKind::Bool && !is_open(*node))
    {
        v.wrong(node, "defaultAllow", "true or false");
    }
    if let Some(node) = policy
        .field("kubeConfigFile")
        .filter(|node| node.kind() != NodeKind::Str && !is_open(*node))
    {
        v.wrong(node, "kubeConfigFile", "a string");
    }
}

pub(in crate::schema) fn pod_security_defaults<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];
    for (key, node) in map.entries() {
        let (name, text) = (
            key.text().unwrap_or_default(),
            node.as_str().unwrap_or_default(),
        );
        if text.is_empty() || is_unresolved(text) {
            continue;
        }
        match name {
            "enforce" | "audit" | "warn" if !LEVELS.contains(&text) => {
                v.not_one_of(node, name, &LEVELS);
            }
            "enforce-version" | "audit-version" | "warn-version" => {
                let fits = text == "latest" || text.strip_prefix("v1.").is_some_and(is_minor);
                v.form(fits, node, name, "`latest` or a version such as `v1.37`");
            }
            _ => {}
        }
    }
}

fn is_minor(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0')) && text.parse::<i64>().is_ok()
}

pub(in crate::schema) fn pod_security_exemptions<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let any: fn(&str) -> bool = |text| !text.is_empty();
    for (key, fits, what) in [
        ("usernames", any, "the name of a user"),
        (
            "runtimeClasses",
            is_subdomain as fn(&str) -> bool,
            "lower-case letters, digits, `-` and `.`",
        ),
        (
            "namespaces",
            is_label,
            "lower-case letters, digits and dashes, at most 63",
        ),
    ] {
        let mut seen: HashSet<&str> = HashSet::new();
        for node in map.list(key).filter(|node| !is_open(*node)) {
            let text = match node.kind() {
                NodeKind::Null => "",
                NodeKind::Str => node.text().unwrap_or_default(),
                _ => continue,
            };
            if !fits(text) {
                v.refused(node, key, what);
            } else if !seen.insert(text) {
                let message =
                    format!("`{text}` is listed twice, so the API server rejects the file");
                v.add(ids::schema::DUPLICATE_ITEM, node, message, None);
            }
        }
    }
}

pub(in crate::schema) fn event_rate_limit<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const TYPES: [&str; 4] = ["Server", "Namespace", "User", "SourceAndObject"];
    if let Some(node) = map.field("type")
        && !is_open(node)
        && node.text() != Some("")
        && !TYPES.contains(&node.text().unwrap_or_default())
    {
        v.not_one_of(node, "type", &TYPES);
    }
    for key in ["qps", "burst"] {
        match map.field(key) {
            Some(node) if node.as_int().is_some_and(|number| number <= 0) => {
                v.add(
                    ids::schema::RANGE,
                    node,
                    format!("`{key}` must be greater than 0; the API server rejects the file"),
                    None,
                );
            }
            _ => {}
        }
    }
    let size = map
        .field("cacheSize")
        .filter(|node| node.as_int().is_some_and(|n| n < 0));
    let of_server = map.field("type").and_then(Node::text) == Some("Server");
    if let Some(node) = size.filter(|_| !of_server) {
        conflict(
            v,
            node,
            "`cacheSize` must not be negative; the API server rejects the file",
        );
    }
}
