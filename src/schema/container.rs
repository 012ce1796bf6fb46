//! Rules of validation between the fields of a container (pkg/apis/core/validation of Kubernetes).

use super::cross_field::{amount, conflict, key_of, missing, own_key, set, text};
use super::format::is_qualified;
use super::validator::Validator;
use crate::go_value::parse_quantity;
use crate::ids;
use crate::kube::{is_replaced, is_templated, may_hold_more};
use crate::yaml::{Node, NodeKind, items};
use std::collections::HashSet;

pub(super) fn container<'d>(v: &mut Validator<'d>, container: Node<'d>) {
    for probe in ["livenessProbe", "startupProbe"] {
        let threshold = container.at(&[probe, "successThreshold"]);
        if let Some(threshold) = threshold.filter(|t| t.as_int().is_some_and(|n| n > 1)) {
            v.add(
                ids::schema::RANGE,
                threshold,
                format!("`successThreshold` of `{probe}` must be 1"),
                None,
            );
        }
    }
    if let Some(grace) = container.at(&["readinessProbe", "terminationGracePeriodSeconds"]) {
        conflict(
            v,
            own_key(grace),
            "a readiness probe ends no container: it has no `terminationGracePeriodSeconds`",
        );
    }
    let mut seen: HashSet<&str> = HashSet::new();
    for name in container.list("ports").filter_map(|p| p.field("name")) {
        let text = name.text().unwrap_or_default();
        if !text.is_empty() && !seen.insert(text) {
            v.add(
                ids::schema::DUPLICATE_ITEM,
                name,
                format!("two ports of the container are called `{text}`"),
                None,
            );
        }
    }
    mounts_and_devices(v, container);
    let privileged = container
        .at(&["securityContext", "privileged"])
        .and_then(Node::as_bool)
        == Some(true);
    for mount in container.list("volumeMounts") {
        if let Some(both) = mount
            .field("mountPropagation")
            .filter(|m| m.as_str() == Some("Bidirectional") && !privileged)
        {
            conflict(v, both, "`Bidirectional` needs a privileged container");
        }
    }
}

/// A volume is mounted or used as a device, and each has its own path.
fn mounts_and_devices<'d>(v: &mut Validator<'d>, container: Node<'d>) {
    for (mount_key, device_key) in [("name", "name"), ("mountPath", "devicePath")] {
        let devices = container.list("volumeDevices");
        let devices: HashSet<&str> = devices.filter_map(|d| text(d, device_key)).collect();
        let mounts = container
            .list("volumeMounts")
            .filter_map(|m| m.field(mount_key));
        for mount in mounts.filter(|_| !devices.is_empty()) {
            let written = mount.as_str().unwrap_or_default();
            if !written.is_empty() && devices.contains(written) {
                conflict(v, mount, format!("`{written}` is in `volumeDevices`, too"));
            }
        }
    }
}

pub(super) fn security_context<'d>(v: &mut Validator<'d>, context: Node<'d>) {
    let escalation = context.field("allowPrivilegeEscalation");
    let off = escalation.filter(|e| e.as_bool() == Some(false));
    if let Some(off) = off {
        let privileged = set(context, "privileged").is_some();
        let added = items(context.at(&["capabilities", "add"]));
        let admin = added.filter_map(Node::as_str).any(|c| c == "CAP_SYS_ADMIN");
        if privileged || admin {
            let with = if privileged {
                "`privileged: true`"
            } else {
                "CAP_SYS_ADMIN"
            };
            conflict(
                v,
                off,
                format!("`allowPrivilegeEscalation: false` and {with} exclude each other"),
            );
        }
    }
    for profile in ["seccompProfile", "appArmorProfile"] {
        let Some(profile) = context.field(profile) else {
            continue;
        };
        let local = text(profile, "type") == Some("Localhost");
        if local && profile.field("localhostProfile").is_none() {
            v.add(
                ids::schema::MISSING_FIELD,
                profile.lacking(),
                "`type: Localhost` needs `localhostProfile`".to_owned(),
                None,
            );
        }
    }
}

/// Rules of when to start a container again go with a policy.
pub(super) fn restart_rules<'d>(v: &mut Validator<'d>, container: Node<'d>) {
    let rules = container.list("restartPolicyRules").count();
    let at = || key_of(container, "restartPolicyRules");
    if rules > 0 && container.field("restartPolicy").is_none() {
        missing(
            v,
            at(),
            "`restartPolicy` is missing: `restartPolicyRules` need it",
        );
    }
    if rules > 20 {
        let message = "`restartPolicyRules` must have at most 20 items".to_owned();
        v.add(ids::schema::RANGE, at(), message, None);
    }
}

/// Requests above limits; what cannot be overcommitted must be the same.
pub(super) fn resources<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let (requests, limits) = (map.field("requests"), map.field("limits"));
    let of_container = v.is_within("Container") && !v.is_fragment();
    let open = limits.is_some_and(|l| l.kind() != NodeKind::Map || may_hold_more(l));
    let may_lack = !of_container || open || may_hold_more(map);
    for (name, request) in requests.into_iter().flat_map(Node::entries) {
        let resource = name.text().unwrap_or_default();
        // A limit that is null is 0.
        let limit = limits.and_then(|l| l.get(resource));
        let most = limit.and_then(|l| if l.is_null() { Some(0.0) } else { amount(l) });
        let asked = if request.is_null() {
            Some(0.0)
        } else {
            amount(request)
        };
        if limit.is_none() && !may_lack && !may_be_overcommitted(resource) {
            let message = format!("{resource} cannot be overcommitted: its limit is missing");
            missing(v, limits.map_or(name, own_key), message);
            continue;
        }
        let amounts = asked.zip(most);
        let Some((asked, most)) = amounts else {
            continue;
        };
        if asked > most {
            let message = format!(
                "the request for {resource} is above its limit: {} and {}",
                request.text().unwrap_or_default(),
                limit
                    .and_then(Node::text)
                    .filter(|t| !t.is_empty())
                    .unwrap_or("0")
            );
            conflict(v, request, message);
        } else if asked < most && !may_be_overcommitted(resource) {
            conflict(
                v,
                request,
                format!(
                    "request and limit of {resource} must be the same: it cannot be overcommitted"
                ),
            );
        }
    }
}

/// Whether a node may promise more of a resource than it has (`IsOvercommitAllowed` of pkg/apis/core/v1/helper).
fn may_be_overcommitted(resource: &str) -> bool {
    let native = !resource.contains('/') || resource.contains("kubernetes.io/");
    native && !resource.starts_with("hugepages-") || is_templated(resource)
}

/// Amounts that come in whole units, and huge pages, which come with something else.
pub(super) fn amounts<'d>(v: &mut Validator<'d>, container: Node<'d>) {
    let Some(resources) = container.field("resources") else {
        return;
    };
    let maps = || {
        ["limits", "requests"]
            .into_iter()
            .filter_map(|key| resources.field(key))
    };
    let amounts = || maps().flat_map(Node::entries);
    let extended = |name: &str| {
        name.split_once('/')
            .is_some_and(|(domain, _)| domain != "kubernetes.io")
    };
    for (name, value) in amounts() {
        let resource = name.text().unwrap_or_default();
        let amount = amount(value);
        if extended(resource) && amount.is_some_and(|amount| amount.fract() != 0.0) {
            let message = format!("`{resource}` comes in whole units");
            v.add(ids::schema::RANGE, value, message, None);
        }
    }
    let named =
        |start: &str| amounts().any(|(name, _)| name.text().is_some_and(|n| n.starts_with(start)));
    if named("hugepages-") && !named("cpu") && !named("memory") {
        let key = own_key(resources);
        conflict(
            v,
            key,
            "huge pages require a `cpu` or `memory` request as well",
        );
    }
}

pub(super) fn mount<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let recursive = map.field("recursiveReadOnly");
    let asked = |n: &Node<'_>| matches!(n.as_str(), Some("Enabled" | "IfPossible"));
    let read_only = set(map, "readOnly").is_some();
    if let Some(recursive) = recursive.filter(|n| asked(n) && !read_only) {
        conflict(
            v,
            recursive,
            "`recursiveReadOnly` is for mounts with `readOnly: true`",
        );
    }
}

pub(super) fn profile<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let kind = text(map, "type").unwrap_or_default();
    let profile = text(map, "localhostProfile");
    let seccomp = v.ty().is_some_and(|ty| ty.short() == "SeccompProfile");
    let nothing = profile.is_none_or(|profile| profile.is_empty() && !seccomp);
    if kind != "Localhost" && profile.is_some() && !is_templated(kind) {
        let message = "`localhostProfile` is for `type: Localhost` only";
        conflict(v, key_of(map, "localhostProfile"), message);
    }
    if kind == "Localhost" && nothing {
        let message = "`localhostProfile` is missing: it names the profile of `type: Localhost`";
        missing(v, key_of(map, "localhostProfile"), message);
    }
}

pub(super) fn field_path<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const OF_POD: [&str; 3] = ["metadata.name", "metadata.namespace", "metadata.uid"];
    const OF_ENV: [&str; 6] = [
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    const MAPS: [&str; 2] = ["metadata.annotations", "metadata.labels"];
    let Some(at) = map.field("fieldPath") else {
        return;
    };
    let Some(path) = at.as_str().filter(|p| !p.is_empty() && !is_replaced(p)) else {
        return;
    };
    let of_env = v.is_within("EnvVarSource");
    let subscript = |map: &str| {
        let key = path.strip_prefix(map)?.strip_prefix("['")?;
        key.strip_suffix("']")
    };
    let key = subscript(MAPS[0]).map(str::to_lowercase);
    if let Some(key) = key.or_else(|| subscript(MAPS[1]).map(str::to_owned)) {
        let what = "a field, whose key in brackets is a name, perhaps behind a domain and a slash";
        v.form(is_qualified(&key), at, "fieldPath", what);
        return;
    }
    let others: &[&str] = if of_env { &OF_ENV } else { &MAPS };
    if !OF_POD.contains(&path) && !others.contains(&path) {
        let known: Vec<&str> = OF_POD.iter().chain(others).copied().collect();
        v.not_one_of(at, "fieldPath", &known);
    }
}

/// A resource that a variable or a file tells, and its unit.
pub(super) fn resource_field<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const KNOWN: [&str; 6] = [
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.ephemeral-storage",
    ];
    let Some(at) = map.field("resource") else {
        return;
    };
    let resource = at.as_str().unwrap_or_default();
    let huge =
        resource.starts_with("limits.hugepages-") || resource.starts_with("requests.hugepages-");
    if !(resource.is_empty() || huge || is_templated(resource) || KNOWN.contains(&resource)) {
        v.not_one_of(at, "resource", &KNOWN);
        return;
    }
    let Some(divisor) = map.field("divisor") else {
        return;
    };
    let units: &[&str] = if matches!(resource, "limits.cpu" | "requests.cpu") {
        &["1m", "1"]
    } else {
        &[
            "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
        ]
    };
    let amount = amount(divisor);
    let known = |unit: &&str| parse_quantity(unit) == amount;
    let fits = amount.is_none_or(|amount| amount == 0.0) || units.iter().any(known);
    v.form(
        fits,
        divisor,
        "divisor",
        &format!("one unit: {}", units.join(", ")),
    );
}
