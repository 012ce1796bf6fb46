//! Rules of validation and of admission between the fields of a pod (pkg/apis/core/validation of Kubernetes).

use super::container::amounts;
use super::cross_field::{amount, conflict, judged, key_of, missing, own_key, set, text};
use super::format::{is_label, is_label_value, is_subdomain};
use super::pod_ports;
use super::validator::Validator;
use crate::ids;
use crate::kube::{is_known, is_templated, may_hold_more};
use crate::yaml::{Node, items};
use std::collections::HashSet;

/// Names of volumes and what mounts them, names of containers, what is for one kind of container only.
fn volumes_and_names<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let list = |key: &str| -> Vec<Node<'d>> { spec.list(key).collect() };
    let (init, main) = (list("initContainers"), list("containers"));
    let volumes = list("volumes").into_iter();
    // A StatefulSet's claims are volumes, too.
    let volumes = volumes.filter_map(|volume| volume.field("name"));
    let volumes: Vec<Node<'d>> = volumes.chain(v.claim_names()).collect();
    let of_claim = |volume: &Node<'_>| {
        let claim = ["persistentVolumeClaim", "ephemeral"];
        claim.iter().any(|source| volume.field(source).is_some())
    };
    let files = spec.list("volumes").filter(|volume| !of_claim(volume));
    let files: HashSet<&str> = files.filter_map(|volume| text(volume, "name")).collect();
    let files: HashSet<&str> = if v.claim_names().is_empty() {
        files
    } else {
        HashSet::new()
    };
    let unknown = v.is_fragment()
        || volumes.iter().any(|name| !is_known(*name))
        || spec.field("volumes").is_some_and(may_hold_more);
    let names: HashSet<&str> = volumes.iter().filter_map(|name| name.as_str()).collect();
    for container in init.iter().chain(&main) {
        for (field, what) in [("volumeMounts", "mounts"), ("volumeDevices", "uses")] {
            for mount in container.list(field) {
                let Some(name) = mount.field("name") else {
                    continue;
                };
                let volume = name.as_str().unwrap_or_default();
                let other = field == "volumeDevices" && files.contains(volume);
                if other && !v.is_fragment() {
                    let message = "only a claim can be used as a device";
                    conflict(v, name, message);
                }
                let known = unknown || names.contains(volume);
                if !volume.is_empty() && !is_templated(volume) && !known {
                    let message = format!(
                        "this container {what} `{volume}`, and the pod has no volume of that name"
                    );
                    v.add(ids::schema::REFERENCE, name, message, None);
                }
            }
        }
    }
    let taken: HashSet<&str> = main.iter().filter_map(|c| text(*c, "name")).collect();
    for name in init.iter().filter_map(|c| c.field("name")) {
        if name.as_str().is_some_and(|n| taken.contains(n)) {
            let message = format!(
                "an init container and a container are both called `{}`",
                name.text().unwrap_or_default()
            );
            v.add(ids::schema::DUPLICATE_ITEM, name, message, None);
        }
    }
    // Before 1.33, an API server drops `hostUsers` by default.
    if v.all_from(33) && spec.field("hostUsers").and_then(Node::as_bool) == Some(false) {
        let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter();
        let mut shared = shared.filter_map(|field| spec.field(field));
        if let Some(shared) = shared.find(|n| n.as_bool() == Some(true)) {
            let message =
                "a pod with users of its own (`hostUsers: false`) cannot share this with the node";
            conflict(v, shared, message);
        }
    }
    for container in &init {
        let sidecar = text(*container, "restartPolicy") == Some("Always");
        for probe in [
            "livenessProbe",
            "readinessProbe",
            "startupProbe",
            "lifecycle",
        ] {
            if let Some((key, _)) = container
                .pair(probe)
                .filter(|(_, p)| !sidecar && !p.is_null())
            {
                conflict(
                    v,
                    key,
                    format!("an init container that is no sidecar cannot have `{probe}`"),
                );
            }
        }
    }
    let on = |key: &str| set(spec, key).is_some();
    if on("hostPID") && on("shareProcessNamespace") {
        conflict(
            v,
            key_of(spec, "shareProcessNamespace"),
            "`hostPID` and `shareProcessNamespace` exclude each other",
        );
    }
    if text(spec, "dnsPolicy") == Some("None") {
        let servers = spec.at(&["dnsConfig", "nameservers"]);
        if servers.is_none_or(Node::is_empty) {
            let at = key_of(spec, "dnsPolicy");
            v.add(
                ids::schema::MISSING_FIELD,
                at,
                "`dnsPolicy: None` needs `dnsConfig` with a name server".to_owned(),
                None,
            );
        }
    }
    if let Some((key, _)) = spec
        .pair("ephemeralContainers")
        .filter(|(_, l)| !l.is_empty())
    {
        conflict(
            v,
            key,
            "`ephemeralContainers` are added to a pod that runs: the API server rejects them in a manifest",
        );
    }
}

/// Containers of a pod, those that init it first.
fn containers(spec: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    spec.list("initContainers").chain(spec.list("containers"))
}

/// What the containers of a pod are called.
pub(super) fn container_names(spec: Node<'_>) -> HashSet<&str> {
    containers(spec).filter_map(|c| text(c, "name")).collect()
}

pub(super) fn check<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    volumes_and_names(v, spec);
    dns(v, spec);
    operating_system(v, spec);
    host_process(v, spec);
    sysctls(v, spec);
    init_restart(v, spec);
    claims(v, spec);
    pod_level(v, spec);
    pod_limits(v, spec);
    resizes(v, spec);
    pod_ports::check(v, spec);
    users(v, spec);
    sleeps(v, spec);
    names(v, spec);
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
        gated(v, spec);
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
            v.add(ids::schema::RANGE, own_key(list), message, None);
        }
    }
    let searches = config.and_then(|config| config.field("searches"));
    for search in items(searches).filter(|s| s.as_str() == Some(".")) {
        // Up to 1.31 the root was no domain.
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
    let shared = set(spec, "hostNetwork").is_some();
    let mut asked = containers(spec)
        .chain([spec])
        .filter_map(|part| part.at(&PATH));
    if let Some(asked) = asked.find(|node| node.as_bool() == Some(true) && !shared) {
        conflict(v, asked, "`hostProcess: true` needs `hostNetwork: true`");
    }
    let of_pod = spec.at(&PATH).and_then(Node::as_bool);
    let others = containers(spec).filter_map(|c| c.at(&PATH));
    let mut others = others.filter(|own| own.as_bool() != of_pod && of_pod.is_some());
    if let Some(other) = others.next() {
        let message = "`hostProcess` must be the same in the pod and its containers";
        conflict(v, other, message);
    }
}

/// What needs users of the pod's own.
fn users<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let own = spec.field("hostUsers").and_then(Node::as_bool) == Some(false);
    let masks = containers(spec).filter_map(|c| c.at(&["securityContext", "procMount"]));
    let mut unmasked = masks.filter(|mask| mask.as_str() == Some("Unmasked"));
    if let Some(unmasked) = unmasked.find(|_| !own && v.all_from(33)) {
        conflict(
            v,
            unmasked,
            "`procMount: Unmasked` needs `hostUsers: false`",
        );
    }
}

/// A container sleeps no longer than it has to end.
fn sleeps<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let grace = spec.field("terminationGracePeriodSeconds");
    let grace = grace.and_then(Node::as_int).unwrap_or(30);
    for container in containers(spec) {
        for hook in ["postStart", "preStop"] {
            let seconds = container.at(&["lifecycle", hook, "sleep", "seconds"]);
            let outside = |n: &Node<'_>| n.as_int().is_some_and(|n| n < 0 || n > grace);
            if let Some(seconds) = seconds.filter(outside) {
                let message =
                    format!("`seconds` must be from 0 to `terminationGracePeriodSeconds`, {grace}");
                v.add(ids::schema::RANGE, seconds, message, None);
            }
        }
    }
}

/// Names that go by another field where that one is empty.
fn names<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let own = text(spec, "serviceAccountName").is_some_and(|name| !name.is_empty());
    if let Some(account) = spec.field("serviceAccount").filter(|_| !own) {
        let name = account.as_str().unwrap_or_default();
        let fits = name.is_empty() || is_templated(name) || is_subdomain(name);
        v.form(
            fits,
            account,
            "serviceAccount",
            "the name of a ServiceAccount",
        );
    }
    if let Some(name) = spec.field("hostnameOverride") {
        if name.text().is_some_and(|name| name.len() > 64) {
            let message = "`hostnameOverride` must have at most 64 characters".to_owned();
            v.add(ids::schema::RANGE, name, message, None);
        }
        if set(spec, "hostNetwork").is_some() || set(spec, "setHostnameAsFQDN").is_some() {
            conflict(
                v,
                own_key(name),
                "`hostnameOverride` excludes `hostNetwork` and `setHostnameAsFQDN`",
            );
        }
    }
}

/// Kernel parameters of a namespace that the pod shares with its node.
fn sysctls<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let on = |key: &str| set(spec, key).is_some();
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
    if v.is_fragment() || spec.field("resourceClaims").is_some_and(may_hold_more) {
        return;
    }
    let names = spec.list("resourceClaims");
    let names: HashSet<&str> = names.filter_map(|claim| text(claim, "name")).collect();
    for container in containers(spec) {
        for claim in items(container.at(&["resources", "claims"])) {
            let Some(name) = claim.field("name") else {
                continue;
            };
            let written = name.as_str().unwrap_or_default();
            if !written.is_empty() && !is_templated(written) && !names.contains(written) {
                let message = format!("the pod has no resource claim `{written}`");
                v.add(ids::schema::REFERENCE, name, message, None);
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
            request.and_then(amount).unwrap_or(0.0)
        };
        let sum: f64 = spec.list("containers").map(asked).sum();
        let whole = amount(value);
        if whole.is_some_and(|whole| whole < sum) {
            let sum = if sum.fract() == 0.0 {
                format!("{sum}")
            } else {
                format!("{:.0}m", sum * 1000.0)
            };
            let message = format!(
                "the pod asks for less {resource} than its containers together: {} and {sum}",
                value.text().unwrap_or_default(),
            );
            conflict(v, value, message);
        }
    }
}

/// Limits of containers against those of the whole pod (`validatePodResourceConsistency`).
fn pod_limits<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let Some(limits) = spec.at(&["resources", "limits"]) else {
        return;
    };
    for container in spec.list("containers") {
        let of_container = container.at(&["resources", "limits"]);
        for (name, value) in of_container.into_iter().flat_map(Node::entries) {
            let resource = name.text().unwrap_or_default();
            let most = limits.field(resource).and_then(amount);
            if amount(value)
                .zip(most)
                .is_some_and(|(own, most)| own > most)
            {
                let message = format!("this limit of {resource} is above that of the whole pod");
                conflict(v, value, message);
            }
        }
    }
}

/// What is done to a container that gets other resources, in a pod whose containers never start again (`validateResizePolicy`).
fn resizes<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    if text(spec, "restartPolicy") != Some("Never") || !v.all_from(33) {
        return;
    }
    for policy in containers(spec).flat_map(|container| container.list("resizePolicy")) {
        if let Some(restart) = policy.field("restartPolicy")
            && restart.as_str() == Some("RestartContainer")
        {
            let message =
                "`RestartContainer` and the pod's `restartPolicy: Never` exclude each other";
            conflict(v, restart, message);
        }
    }
}

/// Files that tell of a container's resources name the container.
fn of_files<'d>(v: &mut Validator<'d>, api: Node<'d>) {
    let references = api
        .list("items")
        .filter_map(|item| item.field("resourceFieldRef"));
    for reference in references {
        if text(reference, "containerName").is_none_or(str::is_empty) {
            let message = "`containerName` is missing: a volume is of no container";
            missing(v, reference.lacking(), message);
        }
    }
}

/// A pod that waits is on no node yet (`ValidatePodCreate`).
fn gated<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let waits = spec.list("schedulingGates").next().is_some();
    if let Some((node, _)) = judged(spec, "nodeName").filter(|_| waits && v.all_from(27)) {
        conflict(
            v,
            node,
            "`nodeName` and `schedulingGates` exclude each other",
        );
    }
}

/// What admission plugins reject that are on by default.
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
            "`overhead` comes from a RuntimeClass: a pod without `runtimeClassName` is rejected with it",
        );
    }
    let references = spec
        .list("volumes")
        .filter_map(|volume| volume.field("image"));
    for image in references.filter(|i| text(*i, "reference").is_none_or(str::is_empty)) {
        let at = image
            .pair("reference")
            .map_or_else(|| image.lacking(), |(key, _)| key.into());
        missing(
            v,
            at,
            "`reference` is missing: the volume is made of an image",
        );
    }
    for image in containers(spec).filter_map(|c| c.field("image")) {
        let text = image.as_str().unwrap_or_default();
        v.form(
            text.trim() == text,
            image,
            "image",
            "an image without blanks around it",
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

/// What a pod calls itself; a StatefulSet calls its pods itself.
pub(super) fn host_names<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    if v.root_kind() == Some("StatefulSet") {
        return;
    }
    for key in ["hostname", "subdomain"] {
        if let Some((node, name)) = judged(spec, key) {
            let what =
                "lower-case letters, digits and dashes, at most 63, a letter or digit at both ends";
            v.form(is_label(name), node, key, what);
        }
    }
}

pub(super) fn toleration<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let exists = text(map, "operator") == Some("Exists");
    if let Some(value) = map
        .field("value")
        .filter(|n| exists && n.text() != Some(""))
    {
        conflict(v, value, "`operator: Exists` takes no value");
    }
    let equal = matches!(text(map, "operator"), None | Some("" | "Equal"));
    if let Some((value, written)) = judged(map, "value").filter(|_| equal) {
        let what = "the value of a label: at most 63 letters, digits, `-`, `_` and `.`";
        v.form(is_label_value(written), value, "value", what);
    }
    if map.field("key").is_none_or(|k| k.text() == Some("")) && !exists {
        conflict(
            v,
            key_of(map, "operator"),
            "a toleration without key needs `operator: Exists`",
        );
    }
    if map.field("tolerationSeconds").is_some() && text(map, "effect") != Some("NoExecute") {
        conflict(
            v,
            key_of(map, "tolerationSeconds"),
            "`tolerationSeconds` needs `effect: NoExecute`",
        );
    }
}

/// Keys of labels that are added to a selector, which there must be, and which must not have them already.
pub(super) fn label_keys<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let keys = ["matchLabelKeys", "mismatchLabelKeys"];
    let keys: Vec<Node<'d>> = keys.iter().flat_map(|key| map.list(key)).collect();
    let Some(first) = keys.first() else { return };
    let Some(selector) = map.field("labelSelector") else {
        let at = own_key(first.parent().unwrap_or(*first));
        conflict(
            v,
            at,
            "keys of labels need a `labelSelector`, to which they are added",
        );
        return;
    };
    let mut seen: HashSet<&str> = HashSet::new();
    for key in keys {
        let text = key.as_str().unwrap_or_default();
        let labels = selector.field("matchLabels");
        let asked = selector
            .list("matchExpressions")
            .filter_map(|e| e.field("key"));
        let known = labels.is_some_and(|l| l.get(text).is_some())
            || asked.into_iter().any(|key| key.as_str() == Some(text));
        if !text.is_empty() && (known || !seen.insert(text)) {
            conflict(
                v,
                key,
                format!("the label `{text}` is in the selector already"),
            );
        }
    }
}

pub(super) fn spread<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if v.all_from(34) {
        label_keys(v, map);
    }
    let anyway = text(map, "whenUnsatisfiable") == Some("ScheduleAnyway");
    if let Some(domains) = map.field("minDomains").filter(|_| anyway) {
        conflict(
            v,
            domains,
            "`minDomains` is for `whenUnsatisfiable: DoNotSchedule` only",
        );
    }
}
