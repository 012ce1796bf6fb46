//! kops: fields named like the flags, over what kops sets by itself.

use super::bootstrap::File;
use super::form::Form;
use super::{
    ComponentKind, Flag, Instance, InstanceContext, Setting, of_networks, setting, version,
};
use crate::kube::{Completeness, Object};
use std::borrow::Cow;

/// kops' Cluster and InstanceGroup.
pub static FORM: Form = Form {
    name: "kops",
    object_groups: &["kops.k8s.io", "kops"],
    instances,
    files: |object| File::all(object.node.at(&["spec", "fileAssets"]), "mode"),
    files_are_private: true,
    registries: |object| {
        let mirrors = object.node.at(&["spec", "containerd", "registryMirrors"]);
        let of_cluster = mirrors.filter(|_| object.gvk.is("kops.k8s.io", "Cluster"));
        of_cluster.into_iter().collect()
    },
    distribution: "kops",
    appended_lists: &["enable-admission-plugins"],
    ..Form::EMPTY
};

fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    const SECTIONS: [(&str, ComponentKind); 7] = [
        ("kubeAPIServer", ComponentKind::ApiServer),
        ("kubeControllerManager", ComponentKind::ControllerManager),
        ("kubeScheduler", ComponentKind::Scheduler),
        ("kubelet", ComponentKind::Kubelet),
        ("masterKubelet", ComponentKind::Kubelet),
        ("controlPlaneKubelet", ComponentKind::Kubelet),
        ("kubeProxy", ComponentKind::KubeProxy),
    ];
    let Some(spec) = object.node.field("spec") else {
        return Vec::new();
    };
    if !matches!(object.gvk.kind, "Cluster" | "InstanceGroup") {
        return Vec::new();
    }
    let minor = version(spec.field("kubernetesVersion"));
    let sections = SECTIONS
        .into_iter()
        .filter_map(|(key, component)| Some((spec.field(key)?, component)));
    let instance = |(section, component)| {
        let mut settings = setting::fields(FORM.distribution, component, section);
        // kops sets these whatever is written.
        let forced =
            |s: &Setting<'_>| matches!(&*s.spelling, "anonymousAuth" | "enableAdmissionPlugins");
        settings.retain(|s| component != ComponentKind::ApiServer || !forced(s));
        for setting in &mut settings {
            flag(component, setting);
        }
        Instance {
            component,
            form: &FORM,
            completeness: Completeness::Partial,
            object,
            releases: around.releases(component, minor),
            settings,
            anchor: crate::yaml::Node::lacking(section),
        }
    };
    let mut found: Vec<Instance<'d>> = sections.map(instance).collect();
    let ranges = ["podCIDR", "serviceClusterIPRange"].map(|key| spec.pair(key));
    found.extend(of_networks(object, &FORM, ranges, around));
    // The API server of a Cluster is there whether or not it is spoken of.
    if object.gvk.kind == "Cluster" {
        // kops makes the configuration of a Secret of its own.
        let encryption = spec.pair("encryptionConfig");
        let encryption = encryption.filter(|(_, on)| on.as_bool() == Some(true));
        let encryption = encryption.and_then(|(name, on)| {
            Some(Setting {
                name: "encryption-provider-config".into(),
                spelling: "encryptionConfig".into(),
                ..Setting::of_pair(name, on)?
            })
        });
        let server = |i: &&mut Instance<'d>| i.component == ComponentKind::ApiServer;
        match found.iter_mut().find(server) {
            Some(server) => {
                server.completeness = Completeness::Complete;
                server.settings.extend(encryption);
            }
            None => found.push(Instance {
                component: ComponentKind::ApiServer,
                form: &FORM,
                completeness: Completeness::Complete,
                object,
                releases: around.releases(ComponentKind::ApiServer, minor),
                settings: encryption.into_iter().collect(),
                anchor: spec.lacking(),
            }),
        }
    }
    found
}

/// A field that the table does not name is called like its flag, in camel case.
fn flag(component: ComponentKind, setting: &mut Setting<'_>) {
    if !Flag::of(component, &setting.name).is_empty() {
        return;
    }
    let mut flag = String::with_capacity(setting.name.len() + 8);
    let mut before = None;
    for c in setting.name.chars() {
        if c.is_ascii_uppercase() {
            // An acronym is one word.
            if before.is_some_and(|b: char| !b.is_ascii_uppercase()) {
                flag.push('-');
            }
            flag.push(c.to_ascii_lowercase());
        } else {
            flag.push(c);
        }
        before = Some(c);
    }
    if !Flag::of(component, &flag).is_empty() {
        setting.name = Cow::Owned(flag);
    }
}
