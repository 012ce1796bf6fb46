//! Rules of validation between the fields of data, quotas, volumes and roles (pkg/apis/*/validation of Kubernetes).

use super::between::{conflict, key_of, text};
use super::format::{self, quantity};
use super::validate::Validator;
use crate::kube::is_variable;
use crate::yaml::{Kind, Node, base64};

/// Keys of data, and what a Secret's type demands.
pub(super) fn data<'d>(v: &mut Validator<'d>, object: Node<'d>) {
    let text_data = object.field("data");
    for field in ["data", "binaryData"] {
        for (key, _) in object.field(field).into_iter().flat_map(Node::entries) {
            let Some(name) = key.key() else { continue };
            let fits = format::is_data_key(&name) || name.contains("{{");
            v.form(
                fits,
                key,
                field,
                "a map whose keys are letters, digits, `-`, `_` and `.`",
            );
            if field == "binaryData" && text_data.is_some_and(|data| data.get(&name).is_some()) {
                let message = format!("`{name}` is a key of `data` and of `binaryData`");
                v.add("schema/duplicate-item", key, message, None);
            }
        }
    }
    for (key, _) in object
        .field("stringData")
        .into_iter()
        .flat_map(Node::entries)
    {
        let fits = key
            .key()
            .is_none_or(|name| format::is_data_key(&name) || name.contains("{{"));
        v.form(
            fits,
            key,
            "stringData",
            "a map whose keys are letters, digits, `-`, `_` and `.`",
        );
    }
}

/// Keys that a type of Secret demands.
fn keys_of_type<'d>(v: &mut Validator<'d>, object: Node<'d>) {
    let wanted: &[&str] = match text(object, "type") {
        Some("kubernetes.io/tls") => &["tls.crt", "tls.key"],
        Some("kubernetes.io/dockerconfigjson") => &[".dockerconfigjson"],
        Some("kubernetes.io/dockercfg") => &[".dockercfg"],
        Some("kubernetes.io/ssh-auth") => &["ssh-privatekey"],
        _ => return,
    };
    let has = |key: &str| {
        ["data", "stringData"]
            .iter()
            .any(|f| object.at(&[f, key]).is_some())
    };
    if let Some(lacking) = wanted.iter().find(|key| !has(key)) {
        let at = object.field("data").or_else(|| object.field("stringData"));
        let spot = at.map_or_else(|| key_of(object, "type"), Node::lacking);
        let message = format!("a Secret of this type needs the key `{lacking}`");
        v.add("schema/missing-field", spot, message, None).missing = true;
    }
}

/// Data of a Secret of a type that says what they hold.
fn docker_config<'d>(v: &mut Validator<'d>, secret: Node<'d>) {
    let key = match text(secret, "type") {
        Some("kubernetes.io/dockerconfigjson") => ".dockerconfigjson",
        Some("kubernetes.io/dockercfg") => ".dockercfg",
        _ => return,
    };
    let Some(at) = secret.at(&["data", key]) else {
        return;
    };
    let fits = match at.as_str() {
        Some(written) if written.contains("{{") || written.contains("${") => return,
        // What is no base64 is another finding.
        Some(written) => match base64(written) {
            Some(bytes) => serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
            None => return,
        },
        // A list of numbers becomes bytes.
        None => at.kind() != Kind::Seq,
    };
    v.form(fits, at, key, "the base64 of JSON");
}

/// What the type of a Secret demands beside its keys.
pub(super) fn secret<'d>(v: &mut Validator<'d>, secret: Node<'d>) {
    data(v, secret);
    keys_of_type(v, secret);
    docker_config(v, secret);
    let has = |key: &str| {
        ["data", "stringData"]
            .iter()
            .any(|field| secret.at(&[field, key]).is_some())
    };
    let at = secret.field("data").or_else(|| secret.field("stringData"));
    let (lacking, what) = match text(secret, "type") {
        Some("kubernetes.io/basic-auth") if !has("username") && !has("password") => (
            at.map_or_else(|| key_of(secret, "type"), Node::lacking),
            "the key `username` or `password`",
        ),
        Some("kubernetes.io/service-account-token") => {
            let annotations = secret.at(&["metadata", "annotations"]);
            let name = annotations.and_then(|a| a.field("kubernetes.io/service-account.name"));
            if name.is_some() {
                return;
            }
            let metadata = annotations.or_else(|| secret.field("metadata"));
            (
                metadata.map_or_else(|| key_of(secret, "type"), Node::lacking),
                "the annotation `kubernetes.io/service-account.name`",
            )
        }
        _ => return,
    };
    let message = format!("a Secret of this type needs {what}");
    v.add("schema/missing-field", lacking, message, None)
        .missing = true;
}

pub(super) fn api_service<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let insecure = spec
        .pair("insecureSkipTLSVerify")
        .filter(|(_, n)| n.as_bool() == Some(true));
    let bundle = spec.field("caBundle").is_some();
    if let Some((key, _)) = insecure {
        if bundle {
            conflict(
                v,
                key,
                "`insecureSkipTLSVerify` and `caBundle` exclude each other",
            );
        } else if spec.field("service").is_none() {
            conflict(v, key, "`insecureSkipTLSVerify` needs a `service`");
        }
    }
}

pub(super) fn role_ref<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some(kind) = map
        .field("kind")
        .filter(|k| !matches!(k.as_str(), Some("Role" | "ClusterRole") | None))
    {
        v.not_one_of(kind, "kind", &["Role", "ClusterRole"]);
    }
}

/// Levels of Pod Security that do not exist.
pub(super) fn pod_security_labels<'d>(v: &mut Validator<'d>, object: Node<'d>) {
    let labels = object.at(&["metadata", "labels"]);
    for mode in ["enforce", "audit", "warn"] {
        let label = labels.and_then(|l| l.field(&format!("pod-security.kubernetes.io/{mode}")));
        let Some(level) = label.filter(|n| {
            n.as_str()
                .is_some_and(|t| !t.contains("{{") && !t.contains("${"))
        }) else {
            continue;
        };
        if !matches!(
            level.as_str(),
            Some("privileged" | "baseline" | "restricted")
        ) {
            v.not_one_of(
                level,
                &format!("pod-security.kubernetes.io/{mode}"),
                &["privileged", "baseline", "restricted"],
            );
        }
    }
    for mode in ["enforce", "audit", "warn"] {
        let key = format!("pod-security.kubernetes.io/{mode}-version");
        let Some(version) = labels.and_then(|l| l.field(&key)) else {
            continue;
        };
        let written = version.as_str().unwrap_or_default();
        let minor = written.strip_prefix("v1.");
        let numbered =
            minor.is_some_and(|m| !m.is_empty() && m.bytes().all(|b| b.is_ascii_digit()));
        let fits = numbered || written == "latest" || is_variable(written);
        v.form(
            fits,
            version,
            &key,
            "`latest`, or a minor version such as `v1.34`",
        );
    }
}

pub(super) fn limit_range<'d>(v: &mut Validator<'d>, item: Node<'d>) {
    const ORDER: [(&str, &str); 6] = [
        ("min", "max"),
        ("min", "default"),
        ("min", "defaultRequest"),
        ("defaultRequest", "default"),
        ("defaultRequest", "max"),
        ("default", "max"),
    ];
    for (low, high) in ORDER {
        for (name, value) in item.field(low).into_iter().flat_map(Node::entries) {
            let resource = name.text().unwrap_or_default();
            let above = item.at(&[high, resource]);
            let amounts = value
                .text()
                .and_then(quantity)
                .zip(above.and_then(Node::text).and_then(quantity));
            if amounts.is_some_and(|(low, high)| low > high) {
                conflict(
                    v,
                    value,
                    format!("`{low}` of {resource} is above its `{high}`"),
                );
                return;
            }
        }
    }
}

pub(super) fn access_modes<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const ALONE: &str = "ReadWriteOncePod";
    let alone = map.list("accessModes").any(|m| m.as_str() == Some(ALONE));
    if alone && map.list("accessModes").count() > 1 {
        conflict(
            v,
            key_of(map, "accessModes"),
            "`ReadWriteOncePod` cannot stand beside other modes",
        );
    }
}
