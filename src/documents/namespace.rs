//! What keeps privileged Pods out of Namespaces: their labels, the API server's default, or an engine for policies.

use super::{Analysed, Fact, NamespaceFacts, SavedSpan};
use crate::kube::{Completeness, Object, is_placeholder};
use crate::yaml::{Node, NodeSpan, items};

/// The label that asks for a level of the Pod Security Standards.
pub const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// What the rule about missing labels needs to know of an object. What a fragment lacks stands elsewhere.
pub(super) fn facts(analysed: &Analysed<'_, '_>) -> Vec<Fact> {
    fact(analysed.object, analysed.completeness)
        .into_iter()
        .collect()
}

fn fact(object: Object<'_>, completeness: Completeness) -> Option<Fact> {
    if guards_pods(object) {
        return Some(Fact::PodGuard);
    }
    let at = lacks_level(object).filter(|_| completeness != Completeness::Partial)?;
    let facts = NamespaceFacts {
        name: object.name().unwrap_or("without a name").to_owned(),
        at: SavedSpan::of(at),
    };
    Some(Fact::Namespace(facts))
}

/// Where a Namespace lacks the label that keeps privileged Pods out.
fn lacks_level(object: Object<'_>) -> Option<NodeSpan<'_>> {
    if !object.gvk.is("", "Namespace") || object.label(ENFORCE).is_some() {
        return None;
    }
    let labels = object.metadata("labels").filter(|l| !l.is_empty());
    labels
        .map(Node::lacking)
        .or_else(|| object.metadata("name").map(NodeSpan::from))
}

/// Whether an object keeps privileged Pods out of every Namespace: the default of the admission plugin, or a policy of Kyverno or
/// Gatekeeper about the security of Pods.
fn guards_pods(object: Object<'_>) -> bool {
    let spec = |path| object.node.at(path);
    match (object.gvk.group, object.gvk.kind) {
        (_, "PodSecurityConfiguration") => has_default(object.node),
        (_, "AdmissionConfiguration") => {
            let plugins = items(spec(&["plugins"]));
            let mut configurations = plugins.filter_map(|p| p.field("configuration"));
            configurations.any(has_default)
        }
        ("kyverno.io", "ClusterPolicy") => {
            let rules = items(spec(&["spec", "rules"]));
            let validates = |rule: Node<'_>| rule.at(&["validate", "podSecurity"]).is_some();
            let enforces = |node: Option<Node<'_>>| {
                node.and_then(Node::as_str)
                    .is_some_and(|action| action.eq_ignore_ascii_case("enforce"))
            };
            let all = enforces(spec(&["spec", "validationFailureAction"]));
            { rules }.any(|rule| {
                validates(rule) && (all || enforces(rule.at(&["validate", "failureAction"])))
            })
        }
        ("constraints.gatekeeper.sh", kind) => {
            let action = spec(&["spec", "enforcementAction"]).and_then(Node::as_str);
            kind.starts_with("K8sPSPPrivilegedContainer") && matches!(action, None | Some("deny"))
        }
        _ => false,
    }
}

/// Whether a configuration of the admission plugin has a level that keeps privileged Pods out.
fn has_default(configuration: Node<'_>) -> bool {
    let level = configuration.at(&["defaults", "enforce"]);
    level
        .and_then(Node::as_str)
        .is_some_and(|level| matches!(level, "baseline" | "restricted") || is_placeholder(level))
}
