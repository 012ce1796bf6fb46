//! Other distributions: kubespray, Cluster API, OpenShift, EKS.

use crate::check::Cx;
use crate::component::minor;
use crate::documents::{DocumentSet, Fact, MachineFacts, MachinePart};
use crate::kube::Object;
use crate::kube::address::is_everywhere;
use crate::model::Severity;
use crate::secrets::detect::{is_credential, named};
use crate::yaml::{Node, NodeKind, items};
use std::collections::HashMap;

pub(super) fn kubespray_inline_credentials(variables: Object<'_>, cx: &mut Cx<'_>) {
    for node in variables
        .node
        .within()
        .filter(|n| n.kind() == NodeKind::Str && !n.is_alias())
    {
        let name = node.key_node().and_then(Node::key).unwrap_or_default();
        let text = node.as_str().unwrap_or_default();
        // A hash of a vault has lines; a lookup of Ansible is in braces.
        if named(&name).is_some_and(|n| is_credential(n, text)) {
            cx.report(
                node,
                format!("the value of `{name}` is committed in plain text, so anyone who reads this file can use it"),
            )
            .secret();
        }
    }
}

pub(super) fn capi_kcp_version_skew(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let parts = |part: MachinePart| {
        set.facts
            .iter()
            .filter_map(move |(_, facts)| match &facts.fact {
                Fact::Machines(machines) if machines.part == part => Some((*facts, machines)),
                _ => None,
            })
    };
    // By name; `None` if two have that name.
    let only = |part| {
        let mut named: HashMap<&str, Option<&MachineFacts>> = HashMap::new();
        for (_, machines) in parts(part) {
            let known = named.entry(&machines.name);
            known
                .and_modify(|one| *one = None)
                .or_insert(Some(machines));
        }
        named
    };
    let (clusters, planes) = (only(MachinePart::Cluster), only(MachinePart::ControlPlane));
    let plane = |cluster: &str| -> Option<&MachineFacts> {
        let cluster = (*clusters.get(cluster)?).filter(|c| !c.refers.is_empty())?;
        *planes.get(cluster.refers.as_str())?
    };
    for (facts, workers) in parts(MachinePart::Workers).filter(|(_, w)| w.minor > 0) {
        let Some(plane) = plane(&workers.refers).filter(|p| p.minor > 0) else {
            continue;
        };
        let (of_workers, of_plane) = (workers.minor, plane.minor);
        let problem = if of_workers > of_plane {
            "a kubelet must not be newer than the API server"
        } else if of_workers + 3 < of_plane {
            "a kubelet can be at most three minor releases older"
        } else {
            continue;
        };
        let message = format!(
            "these machines run 1.{of_workers} but the control plane runs 1.{of_plane}; {problem}"
        );
        cx.report_fact(facts, &workers.at, message)
            .related_fact(&plane.at.label);
    }
}

/// Whether an EKS cluster is of a release that always encrypts, with a key of AWS.
fn encrypts_itself(version: Option<Node<'_>>) -> bool {
    version
        .and_then(|n| minor(n.text()?))
        .is_none_or(|minor| minor >= 28)
}

pub(super) fn eks_secrets_encryption(cluster: Object<'_>, cx: &mut Cx<'_>) {
    let eksctl = cluster.gvk.group == "eksctl.io";
    let (key, version, place) = if eksctl {
        (
            cluster.node.at(&["secretsEncryption", "keyARN"]),
            cluster.node.at(&["metadata", "version"]),
            cluster.node.get("kind"),
        )
    } else {
        (
            cluster.node.at(&["spec", "encryptionConfig", "provider"]),
            cluster.node.at(&["spec", "version"]),
            cluster.node.field("spec"),
        )
    };
    let own = encrypts_itself(version);
    if key.is_some() || own && !cx.is_strict() {
        return;
    }
    let message = if own {
        "Secrets are encrypted with a key of AWS, which you cannot revoke or audit"
    } else {
        "Secrets are not encrypted with a KMS key, so a copy of etcd shows them in plain text"
    };
    let at = place.unwrap_or(cluster.node).lacking();
    let draft = cx.missing(at, message);
    if own {
        draft.severity(Severity::Low);
    }
}

pub(super) fn eks_endpoint_public(cluster: Object<'_>, cx: &mut Cx<'_>) {
    let message = "the API server is reachable from the internet, so a stolen credential is enough for an attack";
    let vpc = cluster.node.field("vpc");
    let spec = cluster.node.at(&["spec", "endpointAccess"]);
    let ranges = vpc
        .and_then(|v| v.field("publicAccessCIDRs"))
        .or_else(|| spec?.field("publicCIDRs"));
    let public = vpc
        .and_then(|v| v.at(&["clusterEndpoints", "publicAccess"]))
        .or_else(|| spec?.field("public"));
    if public.is_some_and(|p| p.as_bool() == Some(false)) {
        return;
    }
    if let Some(range) = items(ranges).find(|r| r.as_str().is_some_and(is_everywhere)) {
        cx.report(range, message);
    } else if items(ranges).next().is_some() {
    } else if let Some(public) = public {
        cx.report(public, message);
    } else if cx.is_strict() {
        let place = vpc
            .or_else(|| cluster.node.get("kind"))
            .unwrap_or(cluster.node);
        cx.missing(place.lacking(), message);
    }
}
