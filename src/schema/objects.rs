//! Rules of validation between the fields of data, quotas, volumes and roles (pkg/apis/*/validation of Kubernetes).

use super::between::{amount, conflict, key_of, text};
use super::format;
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
    of_limit_type(v, item);
    for (low, high) in ORDER {
        for (name, value) in item.field(low).into_iter().flat_map(Node::entries) {
            let resource = name.text().unwrap_or_default();
            let above = item.at(&[high, resource]);
            let amounts = amount(value).zip(above.and_then(amount));
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

fn access_modes<'d>(v: &mut Validator<'d>, map: Node<'d>) {
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

/// What a quota counts is whole, and what its scopes leave out cannot be limited.
pub(super) fn quota<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let hard = spec.field("hard");
    let scopes: Vec<&str> = spec.list("scopes").filter_map(Node::as_str).collect();
    for (name, value) in hard.into_iter().flat_map(Node::entries) {
        let resource = name.text().unwrap_or_default();
        let counts = resource.starts_with("count/")
            || matches!(
                resource,
                "pods"
                    | "services"
                    | "replicationcontrollers"
                    | "resourcequotas"
                    | "secrets"
                    | "configmaps"
                    | "persistentvolumeclaims"
                    | "services.nodeports"
                    | "services.loadbalancers"
            );
        let amount = amount(value);
        if counts && amount.is_some_and(|amount| amount.fract() != 0.0) {
            v.add(
                "schema/range",
                value,
                format!("`{resource}` is a number of objects: it must be whole"),
                None,
            );
        }
    }
    let named = |name: &str| hard.is_some_and(|hard| hard.field(name).is_some());
    let of_pods = hard
        .into_iter()
        .flat_map(Node::entries)
        .any(|(name, _)| name.text() != Some("pods"));
    if scopes.contains(&"BestEffort") && of_pods {
        conflict(
            v,
            key_of(spec, "scopes"),
            "pods of the scope BestEffort ask for nothing: only `pods` can be limited",
        );
    }
    for (a, b) in [
        ("BestEffort", "NotBestEffort"),
        ("Terminating", "NotTerminating"),
    ] {
        if scopes.contains(&a) && scopes.contains(&b) {
            conflict(
                v,
                key_of(spec, "scopes"),
                format!("`{a}` and `{b}` exclude each other"),
            );
        }
    }
    let of_objects = [
        "services",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
    ];
    let object = of_objects.iter().find(|name| named(name));
    if let Some(object) = object.filter(|_| {
        !scopes.is_empty()
            && !scopes.contains(&"BestEffort")
            && !scopes.contains(&"VolumeAttributesClass")
    }) {
        conflict(
            v,
            key_of(spec, "scopes"),
            format!("scopes are about pods, and `{object}` is not"),
        );
    }
}

/// All devices have no number.
pub(super) fn device_request<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let all = text(map, "allocationMode") == Some("All");
    let count = map
        .field("count")
        .filter(|n| n.as_int().is_some_and(|n| n != 0));
    if let Some(count) = count.filter(|_| all) {
        conflict(v, count, "`allocationMode: All` takes no `count`");
    }
}

/// Parameters have names.
pub(super) fn storage_class<'d>(v: &mut Validator<'d>, class: Node<'d>) {
    let parameters = class
        .field("parameters")
        .into_iter()
        .flat_map(Node::entries);
    for (key, _) in parameters.filter(|(key, _)| key.text() == Some("")) {
        v.add(
            "schema/missing-field",
            key,
            "a parameter needs a name".to_owned(),
            None,
        );
    }
}

/// What is asked to be signed is a request.
pub(super) fn signing_request<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    if let Some(request) = spec.field("request") {
        let written = request.as_str().unwrap_or_default();
        let bytes = (!is_variable(written)).then(|| base64(written)).flatten();
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
            "nobody signs for `kubernetes.io/legacy-unknown` any more",
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
        let spot = null.unwrap_or_else(|| rule.lacking());
        let (are, them) = if lacking.len() > 1 {
            ("are", "them")
        } else {
            ("is", "it")
        };
        let message = format!(
            "`{}` {are} missing: a rule about no path needs {them}",
            lacking.join("` and `")
        );
        v.add("schema/missing-field", spot, message, None).missing = true;
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
        let other = |g: &Node<'_>| !g.as_str().is_some_and(|g| g == RBAC || is_variable(g));
        let of_person = matches!(kind, "User" | "Group");
        if let Some(group) = group.filter(|group| of_person && other(group)) {
            v.not_one_of(group, "apiGroup", &[RBAC]);
        }
        if kind != "ServiceAccount" {
            continue;
        }
        if let Some(name) = subject.field("name") {
            let written = name.as_str().unwrap_or_default();
            let fits = written.is_empty() || is_variable(written) || format::is_subdomain(written);
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

pub(super) fn volume<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    access_modes(v, spec);
    if spec.field("local").is_some() && spec.field("nodeAffinity").is_none() {
        let message = "`nodeAffinity` is missing: a local volume is on one node".to_owned();
        v.add("schema/missing-field", spec.lacking(), message, None)
            .missing = true;
    }
    let path = spec.at(&["hostPath", "path"]).and_then(Node::as_str);
    let root =
        path.is_some_and(|p| p.starts_with('/') && p.split('/').all(|s| matches!(s, "" | ".")));
    for (name, _) in spec.field("capacity").into_iter().flat_map(Node::entries) {
        if name
            .text()
            .is_some_and(|n| n != "storage" && !is_variable(n))
        {
            v.not_one_of(name, "capacity", &["storage"]);
        }
    }
    let policy = spec.field("persistentVolumeReclaimPolicy");
    if let Some(policy) = policy.filter(|p| root && p.as_str() == Some("Recycle")) {
        conflict(v, policy, "to recycle `/` of a node would empty it");
    }
}

pub(super) fn volume_claim<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    access_modes(v, spec);
    let requests = spec.at(&["resources", "requests"]);
    if let Some(requests) = requests.filter(|r| r.field("storage").is_none() && !v.is_fragment()) {
        let message = "`storage` is missing: a claim asks for an amount of it".to_owned();
        v.add("schema/missing-field", requests.lacking(), message, None)
            .missing = true;
    }
    let (source, reference) = (spec.field("dataSource"), spec.field("dataSourceRef"));
    for source in source.into_iter().chain(reference) {
        let core = text(source, "apiGroup").is_none_or(str::is_empty);
        let other = |n: &Node<'_>| {
            n.as_str()
                .is_some_and(|k| !matches!(k, "" | "PersistentVolumeClaim") && !is_variable(k))
        };
        if let Some(kind) = source.field("kind").filter(|n| core && other(n)) {
            v.not_one_of(kind, "kind", &["PersistentVolumeClaim"]);
        }
    }
    if let (Some(source), Some(reference)) = (source, reference) {
        let same = |key: &str| {
            let value = |map: Node<'d>| map.field(key).and_then(Node::text).unwrap_or_default();
            value(source) == value(reference)
        };
        if !["apiGroup", "kind", "name"].into_iter().all(same) {
            conflict(
                v,
                key_of(spec, "dataSourceRef"),
                "`dataSource` and `dataSourceRef` must name the same",
            );
        }
    }
}

/// What the type of a limit takes.
fn of_limit_type<'d>(v: &mut Validator<'d>, item: Node<'d>) {
    const TYPES: [&str; 3] = ["Container", "Pod", "PersistentVolumeClaim"];
    let kind = text(item, "type").unwrap_or_default();
    // Other programs have types of their own.
    let other = kind.contains('/') && format::is_qualified(kind) || is_variable(kind);
    let known = kind.is_empty() || other || TYPES.contains(&kind);
    if let Some(at) = item.field("type").filter(|_| !known) {
        v.not_one_of(at, "type", &TYPES);
    }
    if matches!(kind, "Pod" | "Container") {
        for key in [
            "max",
            "min",
            "default",
            "defaultRequest",
            "maxLimitRequestRatio",
        ] {
            for (name, _) in item.field(key).into_iter().flat_map(Node::entries) {
                let resource = name.text().unwrap_or_default();
                let known = matches!(resource, "cpu" | "memory" | "ephemeral-storage")
                    || resource.contains('/')
                    || resource.starts_with("hugepages-")
                    || is_variable(resource);
                v.form(known, name, key, "a map whose keys are `cpu`, `memory`, `ephemeral-storage` or names with a domain");
            }
        }
    }
    for (name, value) in item
        .field("defaultRequest")
        .into_iter()
        .flat_map(Node::entries)
    {
        let resource = name.text().unwrap_or_default();
        let default = item.at(&["default", resource]).and_then(amount);
        let differs = default.is_some_and(|default| amount(value) != Some(default));
        if resource.starts_with("hugepages-") && differs {
            conflict(
                v,
                value,
                format!(
                    "request and limit of {resource} must be the same: it cannot be overcommitted"
                ),
            );
        }
    }
    if kind == "Pod" {
        for key in ["default", "defaultRequest"] {
            if let Some((key_node, _)) = item.pair(key).filter(|(_, map)| !map.is_empty()) {
                conflict(v, key_node, format!("limits of type Pod have no `{key}`"));
            }
        }
    }
    let stored = |key: &str| item.at(&[key, "storage"]).is_some();
    if kind == "PersistentVolumeClaim" && !stored("min") && !stored("max") {
        let message =
            "limits of type PersistentVolumeClaim need `min` or `max` of `storage`".to_owned();
        let at = item.field("type").and_then(Node::key_node).unwrap_or(item);
        v.add("schema/missing-field", at, message, None);
    }
    let ratios = item
        .field("maxLimitRequestRatio")
        .into_iter()
        .flat_map(Node::entries);
    for (name, value) in ratios {
        let resource = name.text().unwrap_or_default();
        let bound = |key: &str| item.at(&[key, resource]).and_then(amount);
        let Some(ratio) = amount(value) else {
            continue;
        };
        let most = bound("max").zip(bound("min")).map(|(max, min)| max / min);
        if ratio < 1.0 {
            conflict(v, value, "a ratio of limit to request is 1 at least");
        } else if most.is_some_and(|most| ratio > most * (1.0 + 1e-9)) {
            conflict(
                v,
                value,
                format!("the ratio of {resource} is above that of `max` to `min`"),
            );
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
        v.add("schema/range", value, message.to_owned(), None);
    }
}

/// A scope, and what it is compared with.
pub(super) fn scope<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const ALONE: [&str; 5] = [
        "BestEffort",
        "CrossNamespacePodAffinity",
        "NotBestEffort",
        "NotTerminating",
        "Terminating",
    ];
    let some = map.list("values").next().is_some();
    match text(map, "operator") {
        Some("In" | "NotIn") if !some => {
            let message = "`values` is missing: the operator compares with them".to_owned();
            v.add("schema/missing-field", map.lacking(), message, None)
                .missing = true;
        }
        Some("Exists" | "DoesNotExist") if some => {
            conflict(
                v,
                key_of(map, "values"),
                "this operator compares with nothing",
            );
        }
        _ => {}
    }
    let alone = text(map, "scopeName").is_some_and(|scope| ALONE.contains(&scope));
    if let Some(operator) = map
        .field("operator")
        .filter(|o| alone && matches!(o.as_str(), Some("In" | "NotIn" | "DoesNotExist")))
    {
        conflict(v, operator, "this scope is there or not: write `Exists`");
    }
}

/// Requests, and what refers to them by name.
pub(super) fn device_claim<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let mut names: Vec<String> = Vec::new();
    for request in map.list("requests") {
        let name = text(request, "name").unwrap_or_default();
        names.push(name.to_owned());
        let of_request = request
            .list("firstAvailable")
            .filter_map(|sub| text(sub, "name"));
        names.extend(of_request.map(|sub| format!("{name}/{sub}")));
        let exactly = request.field("exactly");
        let count = exactly.into_iter().chain(request.list("firstAvailable"));
        for count in count.filter_map(|r| r.field("count")) {
            if count.as_int().is_some_and(|n| n < 0) {
                v.add(
                    "schema/range",
                    count,
                    "`count` must be above zero".to_owned(),
                    None,
                );
            }
        }
    }
    for list in ["constraints", "config"] {
        for part in map.list(list) {
            for request in part.list("requests") {
                let written = request.as_str().unwrap_or_default();
                if !names.iter().any(|name| name == written)
                    && !is_variable(written)
                    && !v.is_fragment()
                {
                    let message = format!("the claim has no request `{written}`");
                    v.add("schema/reference", request, message, None);
                }
            }
        }
    }
    for constraint in map.list("constraints") {
        if constraint.field("matchAttribute").is_none()
            && constraint.field("distinctAttribute").is_none()
        {
            let message = "`matchAttribute` is missing: a constraint is about one".to_owned();
            v.add("schema/missing-field", constraint.lacking(), message, None)
                .missing = true;
        }
    }
    for config in map.list("config").filter(|c| c.field("opaque").is_none()) {
        let message = "`opaque` is missing: it is what a driver is told".to_owned();
        v.add("schema/missing-field", config.lacking(), message, None)
            .missing = true;
    }
}
