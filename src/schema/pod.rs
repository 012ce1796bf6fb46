//! Rules of validation and of admission between the fields of a pod (pkg/apis/core/validation of Kubernetes).

use super::fields::{conflict, key_of, text};
use super::format::quantity;
use super::validate::Validator;
use crate::yaml::{Node, items};

/// Containers of a pod, those that init it first.
fn containers(spec: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    spec.list("initContainers").chain(spec.list("containers"))
}

pub(super) fn check<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    dns(v, spec);
    operating_system(v, spec);
    host_process(v, spec);
    sysctls(v, spec);
    init_restart(v, spec);
    claims(v, spec);
    pod_level(v, spec);
    for container in containers(spec) {
        amounts(v, container);
    }
    for volume in spec.list("volumes") {
        let projected = volume.at(&["projected", "sources"]);
        let sources = items(projected).filter_map(|source| source.field("downwardAPI"));
        for api in volume.field("downwardAPI").into_iter().chain(sources) {
            of_files(v, api);
        }
    }
    if v.is_part_of("Pod", 1) {
        admission(v, spec);
    }
}

fn dns<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let config = spec.field("dnsConfig");
    for (key, most) in [("nameservers", 3), ("searches", 32)] {
        let list = config.and_then(|config| config.field(key));
        let count = items(list).count();
        if let Some(list) = list.filter(|_| count > most) {
            let message = format!("`{key}` has {count} items, and a resolver takes {most} at most");
            v.add(
                "schema/range",
                list.key_node().unwrap_or(list),
                message,
                None,
            );
        }
    }
    let searches = config.and_then(|config| config.field("searches"));
    for search in items(searches).filter(|s| s.as_str() == Some(".")) {
        // Up to 1.33 the root was no domain.
        let fits = !v.all_before(32);
        v.form(fits, search, "searches", "a domain");
    }
}

/// What one operating system has and the other has not.
fn operating_system<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    const OF_POD: [&str; 4] = ["hostPID", "hostIPC", "hostUsers", "shareProcessNamespace"];
    const OF_CONTEXT: [&str; 15] = [
        "allowPrivilegeEscalation",
        "appArmorProfile",
        "capabilities",
        "fsGroup",
        "fsGroupChangePolicy",
        "privileged",
        "procMount",
        "readOnlyRootFilesystem",
        "runAsGroup",
        "runAsUser",
        "seLinuxOptions",
        "seccompProfile",
        "supplementalGroups",
        "supplementalGroupsPolicy",
        "sysctls",
    ];
    let Some(name) = spec.at(&["os", "name"]).and_then(Node::as_str) else {
        return;
    };
    let contexts = containers(spec).chain([spec]);
    let contexts = contexts.filter_map(|part| part.field("securityContext"));
    let (of_contexts, of_pod): (&[&str], &[&str]) = match name {
        "linux" => (&["windowsOptions"], &[]),
        "windows" => (&OF_CONTEXT, &OF_POD),
        _ => return,
    };
    let of_contexts = contexts.map(|context| (context, of_contexts));
    for (map, fields) in of_contexts.chain([(spec, of_pod)]) {
        for field in fields {
            let given = map.pair(field).filter(|(_, value)| !value.is_null());
            if let Some((key, _)) = given {
                conflict(
                    v,
                    key,
                    format!("a pod with `os: {{name: {name}}}` cannot have `{field}`"),
                );
            }
        }
    }
}

/// A Windows container that is a process of its node uses the node's network.
fn host_process<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    const PATH: [&str; 3] = ["securityContext", "windowsOptions", "hostProcess"];
    let shared = spec.field("hostNetwork").and_then(Node::as_bool) == Some(true);
    let mut asked = containers(spec)
        .chain([spec])
        .filter_map(|part| part.at(&PATH));
    if let Some(asked) = asked.find(|node| node.as_bool() == Some(true) && !shared) {
        conflict(v, asked, "`hostProcess: true` needs `hostNetwork: true`");
    }
}

/// Kernel parameters of a namespace that the pod shares with its node.
fn sysctls<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let on = |key: &str| spec.field(key).and_then(Node::as_bool) == Some(true);
    for sysctl in items(spec.at(&["securityContext", "sysctls"])) {
        let Some(name) = sysctl.field("name") else {
            continue;
        };
        let dotted = name.as_str().unwrap_or_default().replace('/', ".");
        let of_ipc = ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."];
        let shared = if dotted.starts_with("net.") && on("hostNetwork") {
            "hostNetwork"
        } else if of_ipc.iter().any(|start| dotted.starts_with(start)) && on("hostIPC") {
            "hostIPC"
        } else {
            continue;
        };
        conflict(
            v,
            name,
            format!("with `{shared}: true` this would change the node's own `{dotted}`"),
        );
    }
}

/// Before restart rules, an init container was a sidecar or had no policy.
fn init_restart<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let policies = spec
        .list("initContainers")
        .filter_map(|c| c.field("restartPolicy"));
    for policy in policies {
        let other = policy
            .as_str()
            .is_some_and(|p| !p.is_empty() && p != "Always");
        if other && v.all_before(34) {
            v.not_one_of(policy, "restartPolicy", &["Always"]);
        }
    }
}

/// Claims that containers use, and the pod does not have.
fn claims<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    if v.is_fragment() {
        return;
    }
    let has = |name: &str| {
        spec.list("resourceClaims")
            .any(|claim| text(claim, "name") == Some(name))
    };
    for container in containers(spec) {
        for claim in items(container.at(&["resources", "claims"])) {
            let Some(name) = claim.field("name") else {
                continue;
            };
            let written = name.as_str().unwrap_or_default();
            if !written.is_empty() && !written.contains("{{") && !has(written) {
                let message = format!("the pod has no resource claim `{written}`");
                v.add("schema/reference", name, message, None);
            }
        }
    }
}

/// Requests of the whole pod against those of its containers.
fn pod_level<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let requests = spec.at(&["resources", "requests"]);
    for (name, value) in requests.into_iter().flat_map(Node::entries) {
        let resource = name.text().unwrap_or_default();
        let asked = |container: Node<'_>| {
            let request = container.at(&["resources", "requests", resource]);
            let request = request.or_else(|| container.at(&["resources", "limits", resource]));
            request
                .and_then(Node::text)
                .and_then(quantity)
                .unwrap_or(0.0)
        };
        let sum: f64 = spec.list("containers").map(asked).sum();
        let whole = value.text().and_then(quantity);
        if let Some(whole) = whole.filter(|whole| *whole < sum) {
            let message = format!(
                "the pod asks for less {resource} than its containers together: {} and {sum}",
                value.text().map_or(whole.to_string(), str::to_owned),
            );
            conflict(v, value, message);
        }
    }
}

/// Amounts that come in whole units, and huge pages, which come with something else.
fn amounts<'d>(v: &mut Validator<'d>, container: Node<'d>) {
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
        let amount = value.text().and_then(quantity);
        if extended(resource) && amount.is_some_and(|amount| amount.fract() != 0.0) {
            let message = format!("`{resource}` comes in whole units");
            v.add("schema/range", value, message, None);
        }
    }
    let named =
        |start: &str| amounts().any(|(name, _)| name.text().is_some_and(|n| n.starts_with(start)));
    if named("hugepages-") && !named("cpu") && !named("memory") {
        let key = resources.key_node().unwrap_or(resources);
        conflict(
            v,
            key,
            "huge pages need an amount of `cpu` or `memory` beside them",
        );
    }
}

/// Files that tell of a container's resources name the container.
fn of_files<'d>(v: &mut Validator<'d>, api: Node<'d>) {
    let references = api
        .list("items")
        .filter_map(|item| item.field("resourceFieldRef"));
    for reference in references {
        if text(reference, "containerName").is_none_or(str::is_empty) {
            let message = "`containerName` is missing: a volume is of no container".to_owned();
            v.add("schema/missing-field", reference.lacking(), message, None)
                .missing = true;
        }
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
    if !(resource.is_empty() || huge || resource.contains("{{") || KNOWN.contains(&resource)) {
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
    let amount = divisor.text().and_then(quantity);
    let known = |unit: &&str| quantity(unit) == amount;
    let fits = amount.is_none_or(|amount| amount == 0.0) || units.iter().any(known);
    v.form(
        fits,
        divisor,
        "divisor",
        &format!("one unit: {}", units.join(", ")),
    );
}

/// What admission plugins refuse that are on by default.
fn admission<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let none = |key: &str| {
        spec.field(key)
            .is_none_or(|n| n.is_null() || n.text() == Some(""))
    };
    if let Some((key, _)) = spec
        .pair("overhead")
        .filter(|(_, map)| !map.is_empty() && none("runtimeClassName"))
    {
        conflict(
            v,
            key,
            "`overhead` comes from a RuntimeClass: a pod without `runtimeClassName` is refused with it",
        );
    }
    // Kubernetes' own classes, and none; what others are worth is not known here.
    let priority = match text(spec, "priorityClassName") {
        Some("system-node-critical") => 2_000_001_000,
        Some("system-cluster-critical") => 2_000_000_000,
        None | Some("") => 0,
        Some(_) => return,
    };
    if let Some(given) = spec
        .field("priority")
        .filter(|n| n.as_int().is_some_and(|n| n != priority))
    {
        let message = format!("the class of this pod is worth {priority}: leave `priority` out");
        conflict(v, given, message);
    }
    if let Some(policy) = spec
        .field("preemptionPolicy")
        .filter(|n| n.as_str() == Some("Never"))
    {
        conflict(
            v,
            policy,
            "the pod's priority class preempts others: leave `preemptionPolicy` out",
        );
    }
}

/// Profiles for containers that the pod does not have.
pub(super) fn annotations<'d>(v: &mut Validator<'d>, pod: Node<'d>) {
    const START: &str = "container.apparmor.security.beta.kubernetes.io/";
    let (Some(spec), false) = (pod.field("spec"), v.is_fragment()) else {
        return;
    };
    let annotations = pod.at(&["metadata", "annotations"]);
    for (key, _) in annotations.into_iter().flat_map(Node::entries) {
        let Some(name) = key.text().and_then(|key| key.strip_prefix(START)) else {
            continue;
        };
        let known = |container: Node<'_>| text(container, "name") == Some(name);
        if !name.contains("{{") && !containers(spec).any(known) {
            let message = format!("the pod has no container `{name}`");
            v.add("schema/reference", key, message, None);
        }
    }
}

/// What the type of a Secret demands beside its keys.
pub(super) fn secret<'d>(v: &mut Validator<'d>, secret: Node<'d>) {
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

/// A port of the nodes outside of the range that an API server has by default.
fn allocated<'d>(v: &mut Validator<'d>, port: Node<'d>) {
    let number = port.as_int().filter(|n| (1..=65535).contains(n));
    if let Some(number) = number.filter(|n| !(30000..=32767).contains(n)) {
        let message = format!(
            "node port {number} is outside of 30000 to 32767, which an API server has by default"
        );
        let help = Some("take one of that range, or leave it out".to_owned());
        v.add("schema/range", port, message, help).mild = true;
    }
}

/// Claims that a StatefulSet makes for each pod are volumes by their names.
pub(super) fn claim_templates<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    for claim in spec.list("volumeClaimTemplates") {
        let name = claim.at(&["metadata", "name"]);
        if name.is_none_or(|name| name.text() == Some("")) && !v.all_before(32) {
            let at = claim.field("metadata").unwrap_or(claim);
            let message = "`metadata.name` is missing: the claim is the volume of that name";
            v.add(
                "schema/missing-field",
                at.lacking(),
                message.to_owned(),
                None,
            )
            .missing = true;
        }
    }
}

/// What a Service says twice, differently.
pub(super) fn service<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let mut taken: Vec<(i64, &str, Node<'d>)> = Vec::new();
    for port in spec.list("ports") {
        let Some(node_port) = port.field("nodePort") else {
            continue;
        };
        let Some(number) = node_port.as_int().filter(|n| *n != 0) else {
            continue;
        };
        allocated(v, node_port);
        let protocol = text(port, "protocol").unwrap_or("TCP");
        if let Some((.., first)) = taken
            .iter()
            .find(|(n, p, _)| (*n, *p) == (number, protocol))
        {
            let first = *first;
            let message = format!("node port {number} is given twice");
            v.add("schema/duplicate-item", node_port, message, None)
                .related = Some((first.into(), "the first"));
        }
        taken.push((number, protocol, node_port));
    }
    if let Some(port) = spec.field("healthCheckNodePort") {
        allocated(v, port);
    }
    let first = spec.list("clusterIPs").next();
    let single = spec.field("clusterIP").filter(|n| n.text() != Some(""));
    if let (Some(single), Some(first)) = (single, first)
        && single.text() != first.text()
    {
        let message = "the first of `clusterIPs` must be the same as `clusterIP`";
        conflict(
            v,
            first
                .parent()
                .map_or(first, |list| list.key_node().unwrap_or(list)),
            message,
        );
    }
    if text(spec, "type") == Some("ExternalName") {
        let none = |n: &Node<'_>| n.text() == Some("None");
        if let Some(single) = single.filter(none) {
            conflict(
                v,
                single,
                "a Service of type ExternalName has no cluster IP",
            );
        }
    }
    for range in spec.list("loadBalancerSourceRanges") {
        let written = range.as_str().unwrap_or_default().trim();
        if v.all_from(35) && super::pairs::has_host_bits(written) == Some(true) {
            let message =
                format!("`{written}` has bits behind its prefix: write the network's own address");
            v.add("schema/range", range, message, None);
        }
    }
}
