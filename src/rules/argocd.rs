//! Argo CD: access to its server.

use crate::check::Cx;
use crate::go_value::parse_bool;
use crate::kube::{Container, Object, PodSpec};
use crate::text::last_part;
use crate::yaml::Node;

/// The flag of argocd-server, and the same setting in the ConfigMap and in the environment.
const FLAG: &str = "--disable-auth";
const KEY: &str = "server.disable.auth";
const VARIABLE: &str = "ARGOCD_SERVER_DISABLE_AUTH";

pub(super) fn server_authentication_disabled(object: Object<'_>, cx: &mut Cx<'_>) {
    if object.gvk.kind == "ConfigMap" {
        let value = object.node.at(&["data", KEY]);
        let value = value.filter(|_| object.name() == Some("argocd-cmd-params-cm"));
        report(value.filter(|v| is_on(*v)), cx);
        return;
    }
    let pod = PodSpec::of(object);
    let containers = pod.into_iter().flat_map(PodSpec::containers);
    for container in containers.filter(|c| is_server(*c)) {
        let on = |word: &str| match word.strip_prefix(FLAG) {
            Some("") => true,
            Some(value) => value.strip_prefix('=').and_then(parse_bool) == Some(true),
            None => false,
        };
        report(words(container).rfind(|w| w.as_str().is_some_and(on)), cx);
        let variable =
            |item: &Node<'_>| item.field("name").and_then(Node::as_str) == Some(VARIABLE);
        let value = container.node.list("env").find(variable);
        let value = value.and_then(|item| item.field("value"));
        report(value.filter(|v| is_on(*v)), cx);
    }
}

fn report(at: Option<Node<'_>>, cx: &mut Cx<'_>) {
    if let Some(at) = at {
        cx.report(at, "authentication of argocd-server is disabled, so any client that can reach it acts as an administrator");
    }
}

fn is_on(value: Node<'_>) -> bool {
    value.text().and_then(parse_bool) == Some(true)
}

/// Command and arguments.
fn words<'d>(container: Container<'d>) -> impl DoubleEndedIterator<Item = Node<'d>> {
    let lists = ["command", "args"].into_iter();
    let words: Vec<Node<'d>> = lists.flat_map(|list| container.node.list(list)).collect();
    words.into_iter()
}

fn is_server(container: Container<'_>) -> bool {
    let program = |word: Node<'_>| {
        let name = word.as_str().map(|text| last_part(text, b'/'));
        name == Some("argocd-server")
    };
    container.name() == "argocd-server" || words(container).any(program)
}
