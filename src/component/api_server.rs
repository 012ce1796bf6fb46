//! Files that the API server reads beside its flags, as far as they set what a flag sets.

use super::form::{ConfigFileKind, Form};
use super::{ComponentKind, Instance, InstanceContext, Setting, anchor, kubeadm, setting};
use crate::kube::{Completeness, Object};
use crate::yaml::{Node, items};

const GROUP: &str = "apiserver.config.k8s.io";
const OLD_GROUP: &str = "apiserver.k8s.io";
const AUDIT: &str = "audit.k8s.io";

/// Files that the API server reads beside its flags.
pub static FORM: Form = Form {
    name: "api-server",
    file_groups: &[
        GROUP,
        OLD_GROUP,
        AUDIT,
        "pod-security.admission.config.k8s.io",
        "eventratelimit.admission.k8s.io",
        "podtolerationrestriction.admission.k8s.io",
        "resourcequota.admission.k8s.io",
    ],
    object_groups: &[""],
    claims: |gvk| !gvk.group.is_empty() || gvk.kind == "EncryptionConfig",
    instances,
    config_files: &[
        file(
            GROUP,
            "EncryptionConfiguration",
            "encryption-provider-config",
        ),
        file("", "EncryptionConfig", "encryption-provider-config"),
        file(AUDIT, "Policy", "audit-policy-file"),
        file(
            GROUP,
            "AdmissionConfiguration",
            "admission-control-config-file",
        ),
        file(
            OLD_GROUP,
            "AdmissionConfiguration",
            "admission-control-config-file",
        ),
        file(
            GROUP,
            "AuthenticationConfiguration",
            "authentication-config",
        ),
        file(GROUP, "AuthorizationConfiguration", "authorization-config"),
        file(GROUP, "TracingConfiguration", "tracing-config-file"),
        file(
            OLD_GROUP,
            "EgressSelectorConfiguration",
            "egress-selector-config-file",
        ),
    ],
    is_own_file: true,
    ..Form::EMPTY
};

const fn file(group: &'static str, kind: &'static str, flag: &'static str) -> ConfigFileKind {
    ConfigFileKind {
        group,
        kind,
        component: ComponentKind::ApiServer,
        flag,
    }
}

fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
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
        form: &FORM,
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
