//! Files that the API server reads beside its flags, as far as they set what a flag sets.

use super::{
    ComponentKind, ConfigSource, Instance, InstanceContext, Setting, anchor, kubeadm, setting,
};
use crate::kube::Completeness;
use crate::kube::Object;
use crate::yaml::{Node, items};

pub(super) fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let component = ComponentKind::ApiServer;
    let root = object.node;
    let settings = match object.gvk.kind {
        "AuthenticationConfiguration" => anonymous(root).into_iter().collect(),
        "AuthorizationConfiguration" => authorizers(root.field("authorizers")),
        "TracingConfiguration" => setting::fields("tracing", component, root),
        _ => Vec::new(),
    };
    if settings.is_empty() {
        return Vec::new();
    }
    vec![Instance {
        component,
        form: ConfigSource::File,
        completeness: Completeness::Partial,
        object,
        releases: around.releases(component, None),
        settings,
        anchor: anchor(object, &[]),
    }]
}

/// Whether requests without credentials are let in, where that is not a matter of paths.
fn anonymous(root: Node<'_>) -> Option<Setting<'_>> {
    let anonymous = root.field("anonymous")?;
    let conditions = anonymous.field("conditions");
    if conditions.is_some_and(|list| list.items().next().is_some()) {
        return None;
    }
    field(anonymous, "enabled", "anonymous.enabled", "anonymous-auth")
}

/// Each authorizer is a mode; a webhook has a version, too.
pub(super) fn authorizers(list: Option<Node<'_>>) -> Vec<Setting<'_>> {
    items(list).flat_map(authorizer).collect()
}

/// One authorizer.
pub(super) fn authorizer(entry: Node<'_>) -> Vec<Setting<'_>> {
    let mode = field(entry, "type", "authorizers[].type", "authorization-mode");
    let version = entry.field("webhook").and_then(|webhook| {
        let spelling = "authorizers[].webhook.subjectAccessReviewVersion";
        let flag = "authorization-webhook-version";
        field(webhook, "subjectAccessReviewVersion", spelling, flag)
    });
    mode.into_iter().chain(version).collect()
}

/// A field that sets what a flag sets.
fn field<'d>(
    map: Node<'d>,
    key: &'d str,
    spelling: &'static str,
    flag: &'static str,
) -> Option<Setting<'d>> {
    Some(Setting {
        spelling: spelling.into(),
        ..kubeadm::field(map, key, map.field(key)?, flag)?
    })
}
