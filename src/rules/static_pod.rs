//! Static pods of the control plane.

use crate::check::Cx;
use crate::component::{ComponentKind, Instance, forms};
use crate::documents::{DocumentSet, folder};
use crate::kube::{Container, PodSpec};
use crate::yaml::Node;
use std::collections::HashMap;

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

/// The HTTP probes of a container.
fn probes(container: Container<'_>) -> impl Iterator<Item = Node<'_>> {
    let http = |name: &&str| container.node.at(&[name, "httpGet"]);
    PROBES
        .iter()
        .filter_map(http)
        .collect::<Vec<_>>()
        .into_iter()
}

pub(super) fn liveness_http(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // Up to 1.23 they have ports without TLS.
    let name = instance.component.name();
    let Some(container) = instance
        .container()
        .filter(|_| instance.releases.before(24).is_empty())
    else {
        return;
    };
    let secure = instance.effective("secure-port").map(|e| e.value);
    for probe in probes(container) {
        let port = probe.field("port");
        let gone = port.filter(|p| {
            let text = p.text();
            matches!(text, Some("8080" | "10251" | "10252"))
                && secure.is_some_and(|s| text != Some(s))
        });
        let plain = probe
            .field("scheme")
            .is_none_or(|s| s.text() == Some("HTTP"));
        if let Some(port) = gone {
            cx.report(port, format!("{name} no longer serves plain HTTP on this port, so the probe always fails and the kubelet restarts it again and again"));
        } else if plain && port.is_some_and(|p| p.text() == secure) {
            let at = probe.field("scheme").unwrap_or(probe);
            cx.report(at, format!("{name} serves only HTTPS on this port, so the probe always fails and the kubelet restarts it again and again"));
        }
    }
}

pub(super) fn probe_needs_anonymous(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let flag = instance.last("anonymous-auth");
    let off = flag.filter(|_| instance.is_on("anonymous-auth") == Some(false));
    // A file can allow anonymous requests for health checks only.
    let file = instance.is_set("authentication-config") != Some(false);
    let (Some(flag), Some(container)) = (off.filter(|_| !file), instance.container()) else {
        return;
    };
    let named = |probe: Node<'_>| {
        let mut headers = probe
            .list("httpHeaders")
            .filter_map(|h| h.field("name")?.text());
        headers.any(|h| h.eq_ignore_ascii_case("authorization"))
    };
    let secure = instance.effective("secure-port").map(|e| e.value);
    let asks = |probe: &Node<'_>| {
        !named(*probe) && probe.field("port").is_some_and(|p| p.text() == secure)
    };
    if let Some(probe) = probes(container).find(asks) {
        cx.report(flag.node_span(), "anonymous requests are disabled, so the kubelet's probe is rejected and the kubelet keeps restarting the API server")
            .related(probe, "this probe sends no credentials");
    }
}

/// Keys of the cluster that a component of the control plane can change.
pub(super) fn hostpath_pki_writable(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // kubeadm mounts the certificates of etcd writable.
    let reads = matches!(
        instance.component,
        ComponentKind::ApiServer | ComponentKind::ControllerManager | ComponentKind::Scheduler
    );
    let (Some(container), Some(pod)) = (
        instance.container().filter(|_| reads),
        PodSpec::of(instance.object),
    ) else {
        return;
    };
    for mount in container.node.list("volumeMounts") {
        let name = mount.field("name").and_then(Node::text);
        let mut volumes = pod.volumes();
        let volume = volumes.find(|v| v.field("name").and_then(Node::text) == name);
        let path = volume
            .and_then(|v| v.at(&["hostPath", "path"])?.text())
            .unwrap_or_default();
        let below = path.strip_prefix("/etc/kubernetes/").unwrap_or_default();
        let keys = below == "pki"
            || below.starts_with("pki/")
            || below.rsplit_once('.').is_some_and(|(_, end)| end == "conf");
        let writable = mount.field("readOnly").and_then(Node::as_bool) != Some(true);
        if let Some(at) = mount.field("mountPath").filter(|_| keys && writable) {
            cx.report(at, format!("{} can write to `{path}` but only needs to read it, so an attacker who compromises it can replace cluster keys", instance.component.name()));
        }
    }
}

/// A pod of the control plane outside kube-system. Hosted control planes are excluded: they have a namespace for each cluster.
pub(super) fn namespace_or_name(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let object = instance.object;
    let other = object.namespace().filter(|name| *name != "kube-system");
    let at = object.metadata("namespace");
    let is_pod = *instance.form == forms::STATIC_POD && object.gvk.kind == "Pod";
    if let Some((name, at)) = other.zip(at).filter(|_| is_pod) {
        let component = instance.component.name();
        cx.report(
            at,
            format!("{component} runs in namespace `{name}`, so tools that expect it in `kube-system` do not find it"),
        );
    }
}

/// Compares controller managers and schedulers with the API server in the same folder.
pub(super) fn version_skew(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let pods = || {
        set.facts.iter().filter_map(|(path, facts)| {
            let component = facts.component()?;
            let (minor, at) = component.version.as_ref()?;
            Some((*path, *facts, component.component, *minor, at))
        })
    };
    let is_server = |component| component == ComponentKind::ApiServer;
    // The first of each folder; several of different versions are several clusters.
    let mut servers = HashMap::new();
    for (path, .., minor, at) in pods().filter(|(_, _, c, ..)| is_server(*c)) {
        let entry = servers.entry(folder(path));
        let (first, _, same) = entry.or_insert((minor, at, true));
        *same &= *first == minor;
    }
    for (path, facts, component, minor, at) in pods().filter(|(_, _, c, ..)| !is_server(*c)) {
        if !matches!(
            component,
            ComponentKind::ControllerManager | ComponentKind::Scheduler
        ) {
            continue;
        }
        let Some((server, of_server, true)) = servers.get(folder(path)) else {
            continue;
        };
        let name = component.name();
        let message = if minor > *server {
            format!(
                "{name} 1.{minor} is newer than the API server of version 1.{server}, which is not supported"
            )
        } else if minor + 1 < *server {
            format!(
                "{name} 1.{minor} is more than one minor version older than the API server of version 1.{server}, which is not supported"
            )
        } else {
            continue;
        };
        cx.report_fact(facts, at, message)
            .related_fact(&of_server.label);
    }
}
