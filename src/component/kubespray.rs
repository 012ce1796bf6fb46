//! kubespray: variables of an inventory, by the table of those that are known. What is not there stands in another file.

use super::{ComponentKind, ConfigSource, Instance, InstanceContext, Setting, setting, version};
use crate::kube::Completeness;
use crate::kube::Object;

pub(super) fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let minor = version(object.node.field("kube_version"));
    let instance = |component: ComponentKind| {
        let mut settings = setting::fields("kubespray", component, object.node);
        // Only what the table knows is this component's.
        settings.retain(|s| s.name != s.spelling);
        if component == ComponentKind::ApiServer {
            settings.extend(token_file(object));
        }
        let anchor = settings.first()?.name_spot;
        Some(Instance {
            component,
            form: ConfigSource::Kubespray,
            completeness: Completeness::Partial,
            object,
            releases: around.releases(component, minor),
            settings,
            anchor,
        })
    };
    ComponentKind::ALL
        .into_iter()
        .filter_map(instance)
        .collect()
}

/// A switch: kubespray writes the file of tokens itself.
fn token_file(object: Object<'_>) -> Option<Setting<'_>> {
    let (name, on) = object.node.pair("kube_token_auth")?;
    let setting = Setting::of_pair(name, on).filter(|_| on.as_bool() == Some(true))?;
    Some(Setting {
        name: "token-auth-file".into(),
        spelling: "kube_token_auth".into(),
        value: "known_tokens.csv".into(),
        at: None,
        ..setting
    })
}
