//! Annotations of pods that the API server reads (`ValidatePodSpecificAnnotations` of pkg/apis/core/validation).

use super::cross_field::text;
use super::format;
use super::pod::container_names;
use super::validator::Validator;
use crate::ids;
use crate::kube::{is_known, is_templated, may_hold_more};
use crate::yaml::Node;

const APPARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Checks the annotations of a pod, or of the template of pods.
pub(super) fn check<'d>(v: &mut Validator<'d>, pod: Node<'d>) {
    let (Some(spec), false) = (pod.field("spec"), v.is_fragment()) else {
        return;
    };
    let annotations = pod.at(&["metadata", "annotations"]).into_iter();
    for (key, value) in annotations.flat_map(Node::entries) {
        let name = key.text().unwrap_or_default();
        if let Some(container) = name.strip_prefix(APPARMOR) {
            of_container(v, key, container, spec);
        }
        let Some(written) = value.as_str().filter(|_| is_known(value)) else {
            continue;
        };
        if let Some((fits, what)) = of_value(name, written) {
            v.form(fits, value, name, what);
        }
        let placed = || text(spec, "nodeName").is_some_and(|node| !node.is_empty());
        if name == "kubernetes.io/config.mirror" && !placed() {
            let what = "on a pod with `nodeName`: it marks the mirror of a static pod";
            v.form(false, key, name, what);
        }
    }
}

/// A profile is for a container that the pod has.
fn of_container<'d>(v: &mut Validator<'d>, key: Node<'d>, name: &str, spec: Node<'d>) {
    let open = is_templated(name) || spec.field("containers").is_some_and(may_hold_more);
    if !open && !container_names(spec).contains(name) {
        let message = format!("the pod has no container `{name}`");
        v.add(ids::schema::REFERENCE, key, message, None);
    }
}

/// Whether an annotation has a value that it can have, and which those are.
fn of_value(name: &str, value: &str) -> Option<(bool, &'static str)> {
    if name == SECCOMP_OF_POD || name.starts_with(SECCOMP) {
        let local = |path: &str| path.is_empty() || format::is_inner_path(path);
        let known = matches!(value, "runtime/default" | "docker/default" | "unconfined");
        let fits = known || value.strip_prefix("localhost/").is_some_and(local);
        return Some((
            fits,
            "`runtime/default`, `unconfined` or `localhost/` and a path",
        ));
    }
    if name.starts_with(APPARMOR) {
        let known = matches!(value, "" | "runtime/default" | "unconfined");
        let fits = known || value.starts_with("localhost/");
        return Some((
            fits,
            "`runtime/default`, `unconfined` or `localhost/` and a profile",
        ));
    }
    if name == "controller.kubernetes.io/pod-deletion-cost" {
        let digits = value == "0"
            || value.starts_with('-')
            || value.starts_with(|c: char| matches!(c, '1'..='9'));
        let fits = digits && value.parse::<i32>().is_ok();
        return Some((fits, "an integer of 32 bits"));
    }
    None
}
