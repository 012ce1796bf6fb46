//! Rules of validation between the fields of data, roles, requests and classes (pkg/apis/*/validation of Kubernetes).

use super::cross_field::{conflict, judged, key_of, missing, text};
use super::format;
use super::validator::Validator;
use crate::ids;
use crate::kube::{is_known, is_replaced, is_templated};
use crate::text::base64;
use crate::yaml::{Node, NodeKind};
use std::collections::HashSet;

/// Keys of data, and what a Secret's type demands.
pub(super) fn data<'d>(v: &mut Validator<'d>, object: Node<'d>) {
    let text_data = object.field("data");
    for field in ["data", "binaryData"] {
        for (key, _) in object.field(field).into_iter().flat_map(Node::entries) {
            let Some(name) = key.key() else { continue };
            let fits = format::is_data_key(&name) || is_templated(&name);
            v.form(
                fits,
                key,
                field,
                "a map whose keys are letters, digits, `-`, `_` and `.`",
            );
            if field == "binaryData" && text_data.is_some_and(|data| data.get(&name).is_some()) {
                let message = format!("`{name}` is a key of `data` and of `binaryData`");
                v.add(ids::schema::DUPLICATE_ITEM, key, message, None);
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
            .is_none_or(|name| format::is_data_key(&name) || is_templated(&name));
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
        let node_span = at.map_or_else(|| key_of(object, "type"), Node::lacking);
        let message = format!("a Secret of this type needs the key `{lacking}`");
        missing(v, node_span, message);
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
        Some(written) if is_templated(written) => return,
        // What is no base64 is another finding.
        Some(written) => match base64(written) {
            Some(bytes) => serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
            None => return,
        },
        // A list of numbers becomes bytes.
        None => at.kind() != NodeKind::Seq,
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
    missing(v, lacking, message);
}

pub(super) fn api_service<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let written = |key: &str| text(spec, key).unwrap_or_default();
    if written("group").is_empty() && !matches!(written("version"), "" | "v1") && !v.is_fragment() {
        let message = "`group` is missing: only v1 has none";
        missing(v, key_of(spec, "group"), message);
    }
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
    let bundle = spec
        .pair("caBundle")
        .filter(|(_, bundle)| bundle.text().is_some_and(|text| !text.is_empty()));
    if let Some((key, _)) = bundle.filter(|_| spec.field("service").is_none() && !v.is_fragment()) {
        conflict(v, key, "`caBundle` needs a `service`");
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
        let Some(level) = label.filter(|n| n.as_str().is_some_and(|t| !is_replaced(t))) else {
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
        let fits = numbered || written == "latest" || is_replaced(written);
        v.form(
            fits,
            version,
            &key,
            "`latest`, or a minor version such as `v1.34`",
        );
    }
}

/// What is asked to be signed is a request.
pub(super) fn signing_request<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    if let Some(request) = spec.field("request") {
        let written = request.as_str().unwrap_or_default();
        let bytes = (!is_replaced(written)).then(|| base64(written)).flatten();
        let begins = |bytes: &Vec<u8>| {
            let text = String::from_utf8_lossy(bytes);
            text.contains("-----BEGIN CERTIFICATE REQUEST-----")
                || text.contains("-----BEGIN NEW CERTIFICATE REQUEST-----")
        };
        let fits = bytes.as_ref().is_none_or(begins);
        v.form(
            fits,
            request,
            "request",
            "the base64 of a certificate request in PEM",
        );
    }
    let legacy = |n: &Node<'_>| n.as_str() == Some("kubernetes.io/legacy-unknown");
    if let Some(signer) = spec.field("signerName").filter(legacy) {
        conflict(
            v,
            signer,
            "no signer handles `kubernetes.io/legacy-unknown` any more",
        );
    }
}

/// A rule of a role is about resources, which have groups, or about paths.
pub(super) fn policy_rule<'d>(v: &mut Validator<'d>, rule: Node<'d>) {
    let some = |key: &str| rule.field(key).is_some_and(|list| !list.is_empty());
    if some("nonResourceURLs") {
        let both = ["resources", "apiGroups", "resourceNames"]
            .into_iter()
            .find(|key| some(key));
        if let Some(key) = both {
            conflict(
                v,
                key_of(rule, key),
                format!("a rule about paths has no `{key}`: make it two rules"),
            );
        }
        return;
    }
    if v.is_fragment() {
        return;
    }
    let lacking: Vec<&str> = ["apiGroups", "resources"]
        .into_iter()
        .filter(|key| !some(key))
        .collect();
    if let Some(first) = lacking.first().filter(|_| rule.field("verbs").is_some()) {
        let null = rule.pair(first).map(|(key, _)| key.into());
        let node_span = null.unwrap_or_else(|| rule.lacking());
        let (are, them) = if lacking.len() > 1 {
            ("are", "them")
        } else {
            ("is", "it")
        };
        let message = format!(
            "`{}` {are} missing: a rule about no path needs {them}",
            lacking.join("` and `")
        );
        missing(v, node_span, message);
    }
}

/// Whom a binding names.
pub(super) fn subjects<'d>(v: &mut Validator<'d>, binding: Node<'d>) {
    let wide = v.root_kind() == Some("ClusterRoleBinding");
    if let Some(kind) = binding
        .at(&["roleRef", "kind"])
        .filter(|n| wide && n.as_str() == Some("Role"))
    {
        v.not_one_of(kind, "kind", &["ClusterRole"]);
    }
    for subject in binding.list("subjects") {
        let kind = text(subject, "kind").unwrap_or_default();
        let group = subject
            .field("apiGroup")
            .filter(|n| n.as_str().is_some_and(|t| !t.is_empty()));
        let other = |g: &Node<'_>| !g.as_str().is_some_and(|g| g == RBAC || is_replaced(g));
        let of_person = matches!(kind, "User" | "Group");
        if let Some(group) = group.filter(|group| of_person && other(group)) {
            v.not_one_of(group, "apiGroup", &[RBAC]);
        }
        if kind != "ServiceAccount" {
            continue;
        }
        let namespace = subject.field("namespace").filter(|n| n.text() != Some(""));
        if namespace.is_none() && wide && !v.is_fragment() {
            let message = "`namespace` is missing: a ClusterRoleBinding has none that could be meant, and the API server rejects it";
            v.add(
                ids::rbac::SUBJECT_NAMESPACE_MISSING,
                key_of(subject, "namespace"),
                message.to_owned(),
                None,
            )
            .missing = true;
        }
        if let Some(name) = subject.field("name") {
            let written = name.as_str().unwrap_or_default();
            let fits = written.is_empty() || is_replaced(written) || format::is_subdomain(written);
            v.form(
                fits,
                name,
                "name",
                "the name of a ServiceAccount: lower-case letters, digits, `-` and `.`",
            );
        }
        if let Some(group) = group {
            v.not_one_of(group, "apiGroup", &[""]);
        }
    }
}

/// The group of RBAC.
const RBAC: &str = "rbac.authorization.k8s.io";

/// Roles of a namespace are about what is in it.
pub(super) fn role<'d>(v: &mut Validator<'d>, role: Node<'d>) {
    if v.root_kind() != Some("Role") {
        return;
    }
    for rule in role.list("rules") {
        if let Some((key, _)) = rule
            .pair("nonResourceURLs")
            .filter(|(_, list)| !list.is_empty())
        {
            conflict(
                v,
                key,
                "a Role is of a namespace, and paths are not: write a ClusterRole",
            );
        }
    }
}

/// What is above a billion is Kubernetes' own.
pub(super) fn priority_class<'d>(v: &mut Validator<'d>, class: Node<'d>) {
    let name = v.root_name().unwrap_or_default();
    let own = match name {
        "system-node-critical" => Some(2_000_001_000),
        "system-cluster-critical" => Some(2_000_000_000),
        _ => None,
    };
    let Some(value) = class.field("value") else {
        return;
    };
    let number = value.as_int();
    if let Some(own) = own {
        if number.is_some_and(|n| n != own) {
            conflict(
                v,
                value,
                format!("`{name}` is Kubernetes' own, and worth {own}"),
            );
        }
    } else if name.starts_with("system-") {
        let at = class.at(&["metadata", "name"]).unwrap_or(class);
        conflict(v, at, "names that begin with `system-` are Kubernetes' own");
    } else if number.is_some_and(|n| n > 1_000_000_000) {
        let message = "`value` must be 1000000000 at most: above are Kubernetes' own classes";
        v.add(ids::schema::RANGE, value, message.to_owned(), None);
    }
}

/// An Event in the form of `events.k8s.io`, which core Events with `eventTime` have, too.
pub(super) fn event<'d>(v: &mut Validator<'d>, event: Node<'d>) {
    let new = v.ty().is_some_and(|ty| ty.name.contains(".events."));
    let (regarding, controller, note) = if new {
        ("regarding", "reportingController", "note")
    } else {
        ("involvedObject", "reportingComponent", "message")
    };
    let own = event
        .at(&["metadata", "namespace"])
        .filter(|n| is_known(*n));
    let own = own.and_then(Node::text).unwrap_or_default();
    let object = event.field(regarding);
    let other = object.and_then(|object| object.field("namespace"));
    let other = other.filter(|n| n.text() != Some(""));
    let timed = event.field("eventTime").is_some();
    let fits = match other {
        _ if own.is_empty() => true,
        Some(namespace) => timed || !is_known(namespace) || namespace.text() == Some(own),
        None => own == "default" || timed && own == "kube-system",
    };
    if !fits {
        let at = other.map_or_else(|| object.unwrap_or(event).lacking(), Into::into);
        let message = format!("`namespace` of the object must be that of the Event: `{own}`");
        conflict(v, at, message);
    }
    if timed {
        let lengths = [
            (controller, 0),
            ("reportingInstance", 128),
            ("action", 128),
            ("reason", 128),
            (note, 1024),
        ];
        for (key, most) in lengths {
            let value = event.field(key).filter(|n| n.text() != Some(""));
            match value.and_then(Node::text) {
                None if key != note && !v.is_fragment() => {
                    let message = format!("`{key}` is missing: an Event with `eventTime` has one");
                    missing(v, key_of(event, key), message);
                }
                Some(text) if most > 0 && text.len() > most => {
                    let message = format!(
                        "`{key}` must have at most {most} bytes, and this has {}",
                        text.len()
                    );
                    v.add(ids::schema::RANGE, value.unwrap_or(event), message, None);
                }
                _ => {}
            }
        }
        if let Some((at, name)) = judged(event, controller) {
            let what =
                "a name of letters, digits, `-`, `_` and `.`, perhaps behind a domain and a slash";
            v.form(format::is_qualified(name), at, controller, what);
        }
    }
    if new {
        strict_event(v, event);
    }
}

/// What only the newer kind of Events asks.
fn strict_event<'d>(v: &mut Validator<'d>, event: Node<'d>) {
    const TYPES: [&str; 2] = ["Normal", "Warning"];
    match event.field("type").filter(|n| n.text() != Some("")) {
        Some(kind) if is_known(kind) && kind.as_str().is_some_and(|t| !TYPES.contains(&t)) => {
            v.not_one_of(kind, "type", &TYPES);
        }
        Some(_) => {}
        None => {
            missing(
                v,
                key_of(event, "type"),
                "`type` is missing: write `Normal` or `Warning`",
            );
        }
    }
    if let Some(series) = event.field("series")
        && let Some(count) = series.field("count")
        && count.as_int().is_some_and(|n| n < 2)
    {
        let message = "`count` of a series must be 2 or more".to_owned();
        v.add(ids::schema::RANGE, count, message, None);
    }
    for key in [
        "deprecatedCount",
        "deprecatedFirstTimestamp",
        "deprecatedLastTimestamp",
        "deprecatedSource",
    ] {
        let empty = |n: &Node<'_>| {
            n.is_null() || n.as_int() == Some(0) || n.is_empty() && n.kind() == NodeKind::Map
        };
        if let Some((at, _)) = event.pair(key).filter(|(_, value)| !empty(value)) {
            conflict(
                v,
                at,
                format!("`{key}` is for what the API server converts: leave it out"),
            );
        }
    }
    if event.field("eventTime").is_none() {
        missing(
            v,
            key_of(event, "eventTime"),
            "`eventTime` is missing: an Event has one",
        );
    }
}

/// Certificates in PEM, each once, and nothing else.
pub(super) fn trust_bundle<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let Some((at, bundle)) = judged(spec, "trustBundle") else {
        return;
    };
    let mut seen = HashSet::new();
    let mut blocks = bundle.split("-----BEGIN ").skip(1);
    let fits = blocks.all(|block| {
        let (kind, rest) = block.split_once("-----").unwrap_or_default();
        let (body, _) = rest.split_once("-----END ").unwrap_or_default();
        let body: String = body.split_whitespace().collect();
        // A certificate is a sequence of ASN.1.
        let sequence = base64(&body).is_some_and(|bytes| bytes.first() == Some(&0x30));
        kind == "CERTIFICATE" && sequence && seen.insert(body)
    });
    let fits = fits && !seen.is_empty();
    v.form(
        fits,
        at,
        "trustBundle",
        "certificates in PEM, each of them once",
    );
}

/// What a pod's certificate is asked with: names of annotations have a domain, and Kubernetes' own signers sign for a day at most.
pub(super) fn pod_certificate<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    const DAY: i64 = 86_400;
    let annotations = spec.field("unverifiedUserAnnotations");
    for (key, _) in annotations.into_iter().flat_map(Node::entries) {
        let fits = key.text().is_none_or(|name| {
            name.contains('/') && format::is_qualified(&name.to_lowercase()) || is_replaced(name)
        });
        let what = "a map whose keys are a domain, a slash and a name";
        v.form(fits, key, "unverifiedUserAnnotations", what);
    }
    let domain = text(spec, "signerName").and_then(|name| name.split('/').next());
    let own = domain.is_some_and(|d| d == "kubernetes.io" || d.ends_with(".kubernetes.io"));
    let long = |n: &Node<'_>| n.as_int().is_some_and(|n| n > DAY);
    if let Some(seconds) = spec
        .field("maxExpirationSeconds")
        .filter(|n| own && long(n))
    {
        let message = "signers of Kubernetes sign for 86400 seconds at most".to_owned();
        v.add(ids::schema::RANGE, seconds, message, None);
    }
}
