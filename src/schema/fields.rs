//! Rules of validation between the fields of one type, which no table tells (pkg/apis/*/validation of Kubernetes).

use super::format::{self, quantity};
use super::table::Type;
use super::validate::Validator;
use crate::kube::is_variable;
use crate::yaml::{Kind, Node, Spot, items};
use std::collections::HashSet;

/// Checks a map of a type by the rules that are about several of its fields.
pub(super) fn check<'d>(v: &mut Validator<'d>, map: Node<'d>, ty: &'static Type) {
    match ty.short() {
        "PodSpec" => {
            pod(v, map);
            super::pod::check(v, map);
        }
        "Pod" | "PodTemplateSpec" => super::pod::annotations(v, map),
        "ResourceFieldSelector" => super::pod::resource_field(v, map),
        "Container" => container(v, map),
        "SecurityContext" => security_context(v, map),
        "ResourceRequirements" => resources(v, map),
        "Toleration" => toleration(v, map),
        "LabelSelectorRequirement" | "NodeSelectorRequirement" => requirement(v, map),
        "DeploymentSpec" => deployment(v, map),
        "ReplicaSetSpec" | "DaemonSetSpec" => workload(v, map),
        "StatefulSetSpec" => {
            workload(v, map);
            super::pod::claim_templates(v, map);
        }
        "ReplicationControllerSpec" => {
            selects(v, map.field("selector"), map);
            always(v, map);
        }
        "DeploymentStrategy" | "StatefulSetUpdateStrategy" | "DaemonSetUpdateStrategy" => {
            strategy(v, map);
        }
        "JobSpec" => job(v, map),
        "HorizontalPodAutoscalerSpec" => autoscaler(v, map),
        "ServiceSpec" => {
            service(v, map);
            super::pod::service(v, map);
        }
        "NetworkPolicyPort" => network_port(v, map),
        "LimitRangeItem" => limit_range(v, map),
        "ConfigMap" | "Secret" => {
            data(v, map, ty.short());
            super::pairs::docker_config(v, map);
            super::pod::secret(v, map);
        }
        "APIServiceSpec" => api_service(v, map),
        "RoleRef" => role_ref(v, map),
        "HTTPIngressPath" => ingress_path(v, map),
        "Namespace" => pod_security_labels(v, map),
        _ => super::pairs::check(v, map, ty),
    }
}

pub(super) fn text<'d>(map: Node<'d>, key: &str) -> Option<&'d str> {
    map.field(key)?.as_str()
}

pub(super) fn conflict<'d>(
    v: &mut Validator<'d>,
    at: impl Into<Spot<'d>>,
    message: impl Into<String>,
) {
    v.add("schema/conflict", at, message.into(), None);
}

pub(super) fn key_of<'d>(map: Node<'d>, key: &str) -> Spot<'d> {
    map.pair(key)
        .map_or_else(|| map.lacking(), |(key, _)| key.into())
}

/// Names of volumes and what mounts them, names of containers, what is for one kind of container only.
fn pod<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let list = |key: &str| -> Vec<Node<'d>> { spec.list(key).collect() };
    let (init, main) = (list("initContainers"), list("containers"));
    let mut names: HashSet<&str> = list("volumes")
        .iter()
        .filter_map(|n| text(*n, "name"))
        .collect();
    // A StatefulSet's claims are volumes, too.
    names.extend(v.claim_names());
    for container in init.iter().chain(&main) {
        for (field, what) in [("volumeMounts", "mounts"), ("volumeDevices", "uses")] {
            for mount in container.list(field) {
                let Some(name) = mount.field("name") else {
                    continue;
                };
                let volume = name.as_str().unwrap_or_default();
                let known = v.is_fragment() || names.contains(volume);
                if !volume.is_empty() && !volume.contains("{{") && !known {
                    let message = format!(
                        "this container {what} `{volume}`, and the pod has no volume of that name"
                    );
                    v.add("schema/reference", name, message, None);
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
            v.add("schema/duplicate-item", name, message, None);
        }
    }
    // Before 1.33, an API server drops `hostUsers` by default.
    if v.all_from(33) && spec.field("hostUsers").and_then(Node::as_bool) == Some(false) {
        let shared = ["hostPID", "hostIPC"].into_iter();
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
    let on = |key: &str| spec.field(key).and_then(Node::as_bool) == Some(true);
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
                "schema/missing-field",
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
            "`ephemeralContainers` are added to a pod that runs: the API server refuses them in a manifest",
        );
    }
}

fn container<'d>(v: &mut Validator<'d>, container: Node<'d>) {
    for probe in ["livenessProbe", "startupProbe"] {
        let threshold = container.at(&[probe, "successThreshold"]);
        if let Some(threshold) = threshold.filter(|t| t.as_int().is_some_and(|n| n > 1)) {
            v.add(
                "schema/range",
                threshold,
                format!("`successThreshold` of `{probe}` must be 1"),
                None,
            );
        }
    }
    if let Some(grace) = container.at(&["readinessProbe", "terminationGracePeriodSeconds"]) {
        conflict(
            v,
            grace.key_node().unwrap_or(grace),
            "a readiness probe ends no container: it has no `terminationGracePeriodSeconds`",
        );
    }
    let mut seen: HashSet<&str> = HashSet::new();
    for name in container.list("ports").filter_map(|p| p.field("name")) {
        let text = name.text().unwrap_or_default();
        if !text.is_empty() && !seen.insert(text) {
            v.add(
                "schema/duplicate-item",
                name,
                format!("two ports of the container are called `{text}`"),
                None,
            );
        }
    }
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

fn security_context<'d>(v: &mut Validator<'d>, context: Node<'d>) {
    let escalation = context.field("allowPrivilegeEscalation");
    let off = escalation.filter(|e| e.as_bool() == Some(false));
    if let Some(off) = off {
        let privileged = context.field("privileged").and_then(Node::as_bool) == Some(true);
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
                "schema/missing-field",
                profile.lacking(),
                "`type: Localhost` needs `localhostProfile`".to_owned(),
                None,
            );
        }
    }
}

/// Requests above limits; what cannot be overcommitted must be the same.
fn resources<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let (requests, limits) = (map.field("requests"), map.field("limits"));
    for (name, request) in requests.into_iter().flat_map(Node::entries) {
        let resource = name.text().unwrap_or_default();
        let limit = limits.and_then(|l| l.field(resource));
        let amounts = request
            .text()
            .and_then(quantity)
            .zip(limit.and_then(Node::text).and_then(quantity));
        let Some((asked, most)) = amounts else {
            continue;
        };
        if asked > most {
            let message = format!(
                "the request for {resource} is above its limit: {} and {}",
                request.text().unwrap_or_default(),
                limit.and_then(Node::text).unwrap_or_default()
            );
            conflict(v, request, message);
        } else if asked < most && resource.contains('/') {
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

fn toleration<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let exists = text(map, "operator") == Some("Exists");
    if let Some(value) = map
        .field("value")
        .filter(|n| exists && n.text() != Some(""))
    {
        conflict(v, value, "`operator: Exists` takes no value");
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

fn requirement<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let values = map.pair("values");
    let some = values.is_some_and(|(_, list)| !list.is_empty());
    match text(map, "operator") {
        Some(operator @ ("In" | "NotIn")) if !some => {
            let at = values.map_or_else(|| map.lacking(), |(key, _)| key.into());
            v.add(
                "schema/missing-field",
                at,
                format!("`operator: {operator}` needs `values`"),
                None,
            );
        }
        Some(operator @ ("Exists" | "DoesNotExist")) if some => {
            conflict(
                v,
                key_of(map, "values"),
                format!("`operator: {operator}` takes no values"),
            );
        }
        _ => {}
    }
}

/// A selector whose labels are not those of the template.
fn selects<'d>(v: &mut Validator<'d>, wanted: Option<Node<'d>>, spec: Node<'d>) {
    let Some(template) = spec.field("template") else {
        return;
    };
    let metadata = template.field("metadata");
    let labels = metadata.and_then(|m| m.field("labels"));
    let template = labels.or(metadata).unwrap_or(template);
    for (key, value) in wanted.into_iter().flat_map(Node::entries) {
        let (Some(key_text), Some(wanted)) = (key.text(), value.text()) else {
            continue;
        };
        let templated = wanted.contains("{{") || key_text.contains("{{");
        let given = labels.and_then(|l| l.field(key_text)).and_then(Node::text);
        if !templated && given != Some(wanted) {
            let message = match given {
                Some(given) => format!(
                    "the selector asks for {key_text}={wanted}, and the template has {key_text}={given}"
                ),
                None => format!(
                    "the selector asks for {key_text}={wanted}, and the template has no such label"
                ),
            };
            let label = labels.and_then(|l| l.field(key_text));
            let at = label.map_or_else(|| template.lacking(), Spot::from);
            let help = Some("give the template the labels of the selector".to_owned());
            v.add("schema/reference", at, message, help).related =
                Some((value.into(), "the selector"));
        }
    }
}

/// The same of its expressions.
fn selects_by_expressions<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let Some(template) = spec.field("template") else {
        return;
    };
    let metadata = template.field("metadata");
    let labels = metadata.and_then(|m| m.field("labels"));
    let lacking = labels.or(metadata).unwrap_or(template);
    for asked in items(spec.at(&["selector", "matchExpressions"])) {
        let Some(key) = text(asked, "key").filter(|key| !key.contains("{{")) else {
            continue;
        };
        let label = labels.and_then(|l| l.field(key));
        let given = label.and_then(Node::text);
        let among = || asked.list("values").any(|value| value.text() == given);
        let fits = match text(asked, "operator") {
            Some("In") => given.is_some() && among(),
            Some("NotIn") => given.is_none() || !among(),
            Some("Exists") => given.is_some(),
            Some("DoesNotExist") => given.is_none(),
            _ => true,
        };
        if !fits && !given.is_some_and(|given| given.contains("{{")) {
            let message = format!(
                "the selector's expression about `{key}` does not fit the template's labels"
            );
            let at = label.map_or_else(|| lacking.lacking(), Spot::from);
            let help = Some("give the template the labels of the selector".to_owned());
            v.add("schema/reference", at, message, help).related =
                Some((asked.into(), "the selector"));
        }
    }
}

fn workload<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    if !v.is_fragment() {
        selects(v, spec.at(&["selector", "matchLabels"]), spec);
        selects_by_expressions(v, spec);
    }
    always(v, spec);
    let selector = spec.field("selector").filter(|s| {
        let empty = |key| s.field(key).is_none_or(Node::is_empty);
        empty("matchLabels") && empty("matchExpressions")
    });
    if let Some(selector) = selector {
        let at = selector.field("matchLabels").unwrap_or(selector);
        v.add(
            "schema/missing-field",
            at.key_node().unwrap_or(at),
            "an empty selector selects nothing: the API server refuses it".to_owned(),
            None,
        );
    }
}

/// What keeps pods running cannot let them end.
fn always<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let policy = spec.at(&["template", "spec", "restartPolicy"]);
    if let Some(policy) = policy.filter(|p| matches!(p.as_str(), Some("Never" | "OnFailure"))) {
        v.not_one_of(policy, "restartPolicy", &["Always"]);
    }
    if let Some(deadline) = spec.at(&["template", "spec", "activeDeadlineSeconds"]) {
        conflict(
            v,
            deadline.key_node().unwrap_or(deadline),
            "`activeDeadlineSeconds` ends pods that are to run for ever",
        );
    }
}

fn deployment<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    workload(v, spec);
    let number = |key: &str| spec.field(key).and_then(Node::as_int);
    let ready = number("minReadySeconds").unwrap_or(0);
    let progress = number("progressDeadlineSeconds");
    if let Some(progress) = progress.filter(|p| *p > 0 && *p <= ready) {
        let message = format!(
            "`progressDeadlineSeconds` must be above `minReadySeconds`: {progress} and {ready}"
        );
        conflict(v, key_of(spec, "progressDeadlineSeconds"), message);
    }
}

fn strategy<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let rolling = map.pair("rollingUpdate").filter(|(_, r)| !r.is_null());
    let kind = text(map, "type").unwrap_or("RollingUpdate");
    if let Some((key, _)) = rolling.filter(|_| kind != "RollingUpdate") {
        conflict(
            v,
            key,
            format!("`rollingUpdate` and `type: {kind}` exclude each other"),
        );
    }
    let zero = |key: &str| {
        let value = rolling.and_then(|(_, r)| r.field(key));
        value.is_some_and(|n| n.as_int() == Some(0) || n.as_str() == Some("0%"))
    };
    if zero("maxSurge") && zero("maxUnavailable") {
        let at = rolling.and_then(|(_, r)| r.pair("maxUnavailable"));
        if let Some((key, _)) = at {
            conflict(
                v,
                key,
                "`maxSurge` and `maxUnavailable` are both 0: nothing could ever be replaced",
            );
        }
    }
}

fn job<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let pod = spec.at(&["template", "spec"]);
    match pod.and_then(|p| p.field("restartPolicy")) {
        Some(policy) if policy.as_str() == Some("Always") => {
            v.not_one_of(policy, "restartPolicy", &["OnFailure", "Never"]);
        }
        Some(_) => {}
        None => {
            if let Some(pod) = pod {
                let message =
                    "`restartPolicy` is missing: a Job's pods need `OnFailure` or `Never`"
                        .to_owned();
                v.add("schema/missing-field", pod.lacking(), message, None)
                    .missing = true;
            }
        }
    }
    let manual = spec.field("manualSelector").and_then(Node::as_bool) == Some(true);
    if manual {
        selects(v, spec.at(&["selector", "matchLabels"]), spec);
    } else if let Some((key, _)) = spec.pair("selector").filter(|(_, s)| !s.is_null()) {
        let message = "the API server makes the selector of a Job, and refuses one that is given without `manualSelector: true`";
        let help = "remove it, and the labels `controller-uid` and `job-name` of the template";
        v.add(
            "schema/conflict",
            key,
            message.to_owned(),
            Some(help.to_owned()),
        );
    }
}

fn autoscaler<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let number = |key: &str| spec.field(key).and_then(Node::as_int);
    if let (Some(least), Some(most)) = (number("minReplicas"), number("maxReplicas"))
        && least > most
        && most > 0
    {
        conflict(
            v,
            key_of(spec, "maxReplicas"),
            format!("`maxReplicas` is below `minReplicas`: {most} and {least}"),
        );
    }
    let outside = |m: Node<'_>| matches!(text(m, "type"), Some("External" | "Object"));
    let scales_to_zero = spec.list("metrics").any(outside);
    let none = spec.field("minReplicas").filter(|n| n.as_int() == Some(0));
    if let Some(none) = none.filter(|_| !scales_to_zero || !v.all_from(36)) {
        let message = "`minReplicas: 0` needs a metric of type External or Object".to_owned();
        v.add("schema/range", none, message, None);
    }
    for metric in spec.list("metrics") {
        let Some(kind) = text(metric, "type") else {
            continue;
        };
        let mut field = kind.to_owned();
        if let Some(first) = field.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        if metric.field(&field).is_none()
            && matches!(
                kind,
                "Object" | "Pods" | "Resource" | "ContainerResource" | "External"
            )
        {
            v.add(
                "schema/missing-field",
                key_of(metric, "type"),
                format!("a metric of type {kind} needs `{field}`"),
                None,
            );
        }
    }
}

fn service<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let kind = text(spec, "type").unwrap_or("ClusterIP");
    let external = kind == "ExternalName";
    let headless = text(spec, "clusterIP") == Some("None");
    let name = spec.field("externalName").filter(|n| n.text() != Some(""));
    if external && name.is_none() {
        let at = key_of(spec, "externalName");
        v.add(
            "schema/missing-field",
            at,
            "a Service of type ExternalName needs `externalName`".to_owned(),
            None,
        );
    }
    let ports: Vec<Node<'d>> = spec.list("ports").collect();
    if ports.is_empty() && !external && !headless {
        let at = key_of(spec, "ports");
        v.add(
            "schema/missing-field",
            at,
            "a Service without `ports` reaches nothing: the API server refuses it".to_owned(),
            None,
        )
        .missing = true;
    }
    for port in ports.iter().filter(|_| ports.len() > 1) {
        if port.field("name").is_none_or(|n| n.text() == Some("")) {
            v.add(
                "schema/missing-field",
                port.lacking(),
                "each of several ports needs a `name`".to_owned(),
                None,
            )
            .missing = true;
        }
    }
    let balanced = kind == "LoadBalancer";
    let outside = balanced || kind == "NodePort";
    for node_port in ports.iter().filter_map(|p| p.field("nodePort")) {
        if !outside && node_port.as_int().is_some_and(|n| n != 0) {
            conflict(
                v,
                node_port,
                format!("a Service of type {kind} has no node port"),
            );
        }
    }
    for key in [
        "loadBalancerSourceRanges",
        "loadBalancerClass",
        "allocateLoadBalancerNodePorts",
    ] {
        let given = spec
            .pair(key)
            .filter(|(_, n)| !(n.is_null() || n.kind() == Kind::Seq && n.is_empty()));
        if let Some((key_node, _)) = given.filter(|_| !balanced) {
            conflict(
                v,
                key_node,
                format!("`{key}` is for Services of type LoadBalancer"),
            );
        }
    }
    if let Some(policy) = spec
        .field("externalTrafficPolicy")
        .filter(|p| !outside && p.text() != Some("") && spec.field("externalIPs").is_none())
    {
        conflict(
            v,
            policy.key_node().unwrap_or(policy),
            "`externalTrafficPolicy` is for Services that are reached from outside",
        );
    }
    if headless && outside {
        conflict(
            v,
            key_of(spec, "clusterIP"),
            format!("a Service of type {kind} cannot be headless"),
        );
    }
    let health = spec
        .pair("healthCheckNodePort")
        .filter(|(_, n)| n.as_int().is_some_and(|n| n != 0));
    if let Some((key, _)) = health.filter(|_| text(spec, "externalTrafficPolicy") != Some("Local"))
    {
        conflict(
            v,
            key,
            "`healthCheckNodePort` needs `externalTrafficPolicy: Local`",
        );
    }
}

fn network_port<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some(end) = map.field("endPort") else {
        return;
    };
    match map.field("port") {
        Some(port) if port.kind() == Kind::Str => {
            conflict(v, end, "`endPort` needs a port that is a number");
        }
        Some(port) if port.as_int() > end.as_int() => conflict(v, end, "`endPort` is below `port`"),
        Some(_) => {}
        None => conflict(v, end, "`endPort` needs `port`"),
    }
}

fn limit_range<'d>(v: &mut Validator<'d>, item: Node<'d>) {
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

/// Keys of data, and what a Secret's type demands.
fn data<'d>(v: &mut Validator<'d>, object: Node<'d>, kind: &str) {
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
    if kind != "Secret" {
        return;
    }
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

fn api_service<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
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

fn is_url_path(text: &str) -> bool {
    let bad = ["//", "/./", "/../", "%2f", "%2F"];
    text.starts_with('/')
        && !bad.iter().any(|b| text.contains(b))
        && !text.ends_with("/..")
        && !text.ends_with("/.")
}

fn ingress_path<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let exact = matches!(text(map, "pathType"), Some("Exact" | "Prefix"));
    let path = text(map, "path").unwrap_or_default();
    let fits = path.contains("{{")
        || if exact {
            is_url_path(path)
        } else {
            path.is_empty() || path.starts_with('/')
        };
    match map.field("path") {
        Some(at) => v.form(
            fits,
            at,
            "path",
            "an absolute path without `//`, `/./` and `/../`",
        ),
        None if exact => {
            let message = "`path` is missing: this `pathType` needs one".to_owned();
            v.add("schema/missing-field", map.lacking(), message, None)
                .missing = true;
        }
        None => {}
    }
}

fn role_ref<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some(kind) = map
        .field("kind")
        .filter(|k| !matches!(k.as_str(), Some("Role" | "ClusterRole") | None))
    {
        v.not_one_of(kind, "kind", &["Role", "ClusterRole"]);
    }
}

/// Levels of Pod Security that do not exist.
fn pod_security_labels<'d>(v: &mut Validator<'d>, object: Node<'d>) {
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
