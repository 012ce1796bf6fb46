//! Configuration files of the components, whatever component reads them.

use crate::check::Cx;
use crate::finding::Releases;
use crate::kube::Object;
use crate::kube::component::{ComponentKind, Form, Instance, is_open, minor};
use crate::model::Severity;

/// Which releases read which versions: group, kind or nothing for all of the group, version, first and last release.
fn versions<'p>(cx: &Cx<'p>, object: Object<'_>) -> Vec<(&'p str, Releases)> {
    let rows = cx.param("versions").iter();
    rows.filter_map(|row| {
        let mut words = row.split_whitespace();
        let (group, kind, version) = (words.next()?, words.next()?, words.next()?);
        let mut bound = || words.next()?.parse::<u8>().ok();
        let (since, until) = (bound()?, bound()?);
        let releases = Releases::between(since, until);
        let ours = group == object.gvk.group && (kind == "*" || kind == object.gvk.kind);
        ours.then_some((version, releases))
    })
    .collect()
}

/// A version of a configuration file that its reader does not know.
pub(super) fn api_version_removed(object: Object<'_>, cx: &mut Cx<'_>) {
    let known = versions(cx, object);
    let written = object.node.field("kubernetesVersion");
    let own = written.and_then(|v| minor(v.text()?)).map(Releases::only);
    let asked = own.unwrap_or_else(|| cx.targets());
    let (kind, version) = (object.gvk.kind, object.gvk.version);
    let at = object.node.field("apiVersion");
    let Some(at) = at.filter(|_| !known.is_empty() && !version.is_empty()) else {
        return;
    };
    let row = known.iter().find(|(name, _)| *name == version);
    let reading = row.map_or(Releases::NONE, |(_, releases)| *releases);
    if !reading.and(asked).is_empty() {
        return;
    }
    let last = reading.before(Releases::NEWEST + 1).names().last();
    let (message, severity) = match last {
        None => (
            format!("no release reads {version} of {kind}"),
            Severity::High,
        ),
        // Which release reads it is not known where the file does not tell, and some of them do.
        Some(_) if own.is_none() && !reading.from(25).is_empty() && !cx.is_strict() => return,
        Some(last) if own.is_none() && !reading.from(25).is_empty() => (
            format!("{version} of {kind} is read up to Kubernetes {last} only"),
            Severity::Low,
        ),
        Some(_) => (
            format!("this release does not read {version} of {kind}"),
            Severity::High,
        ),
    };
    let newest = known.iter().rev().find(|(_, r)| !r.and(asked).is_empty());
    let draft = cx.report(at, message).severity(severity);
    if let Some((name, _)) = newest {
        draft.help(format!("write `{}/{name}`", object.gvk.group));
    }
}

/// A value that the component does not take from its own file.
pub(super) fn invalid_value(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // etcd's file has numbers where its flags have durations.
    if instance.form != Form::File || instance.component == ComponentKind::Etcd {
        return;
    }
    for setting in instance.settings.iter().filter(|s| !is_open(&s.value)) {
        if let Some(why) = instance.refusal(&setting.name, &setting.value) {
            let name = instance.component.name();
            let message = format!("{name} does not start: `{}` {why}", setting.shown);
            cx.report(setting.spot(), message);
        }
    }
}
