//! Configuration files of all components.

use crate::check::Cx;
use crate::component::{KIND_PATCHES, kinds_without_version, minor};
use crate::finding::Releases;
use crate::kube::{Object, is_unresolved};
use crate::model::Severity;
use crate::yaml::{Node, items};

/// The releases that support each version: group, kind or `*` for the whole group, version, first and last release.
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

/// A version of a configuration file that its component does not support.
pub(super) fn api_version_removed(object: Object<'_>, cx: &mut Cx<'_>) {
    let known = versions(cx, object);
    let written = object.node.field("kubernetesVersion");
    let own = written
        .and_then(|v| minor(v.as_str()?))
        .filter(|_| cx.pinned().is_none())
        .map(Releases::only);
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
    // Neither the file nor the user names a release, and some releases support the version.
    let unsure = own.is_none() && cx.pinned().is_none() && !reading.from(25).is_empty();
    let last = reading.before(Releases::NEWEST + 1).names().last();
    let supported = !reading.and(Releases::SUPPORTED).is_empty();
    let (message, severity) = match last {
        None => (
            format!("no Kubernetes release supports version `{version}` of {kind}"),
            Severity::High,
        ),
        Some(_) if unsure && supported && !cx.is_strict() => return,
        Some(last) if unsure => (
            format!("version `{version}` of {kind} is supported up to Kubernetes {last} only"),
            if supported {
                Severity::Low
            } else {
                Severity::High
            },
        ),
        Some(_) => (
            format!(
                "this Kubernetes release does not support version `{version}` of {kind}, so the component fails to read the file"
            ),
            Severity::High,
        ),
    };
    let newest = known.iter().rev().find(|(_, r)| !r.and(asked).is_empty());
    let draft = cx.report(at, message).severity(severity);
    if let Some((name, _)) = newest {
        draft.help(format!("Use `apiVersion: {}/{name}`.", object.gvk.group));
    }
}

/// The value of the first `kind` at the beginning of a line, or of JSON, with where it begins.
fn kind_in(text: &str) -> Option<(usize, &str)> {
    let at = text.match_indices("kind").find_map(|(at, word)| {
        let before = text.get(..at).unwrap_or_default();
        let json = before.ends_with('"');
        let starts = before.is_empty() || before.ends_with('\n') || json;
        let rest = text.get(at + word.len() + usize::from(json)..)?;
        let value = rest.trim_start_matches([' ', '\t']).strip_prefix(':')?;
        starts.then_some(text.len() - value.len())
    })?;
    let line = text.get(at..)?.lines().next()?;
    let value = line.split([',', '}', '#']).next()?;
    let value = value.trim_matches([' ', '\t', '"', '\'']);
    Some((at + line.find(value)?, value))
}

/// The first line with content.
fn first_line(text: &str) -> Option<(usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').find_map(|line| {
        let start = at;
        at += line.len();
        let content = line.split(" #").next().unwrap_or(line).trim();
        let says = !content.is_empty() && !content.starts_with('#') && content != "---";
        says.then(|| (start + line.find(content).unwrap_or_default(), content))
    })
}

/// A kubeadm patch of kind, or a configuration in a ConfigMap of kubeadm, that its reader ignores.
pub(super) fn nested_document_broken(object: Object<'_>, cx: &mut Cx<'_>) {
    let is_patched = |kind: &str| kinds_without_version().any(|(_, known)| known == kind);
    let root = object.node;
    let patches = object.gvk.kind == "Cluster";
    let texts: Vec<Node<'_>> = if patches {
        let nodes = root.list("nodes").map(|node| node.field(KIND_PATCHES));
        let lists = [root.field(KIND_PATCHES)].into_iter().chain(nodes);
        lists.flat_map(items).collect()
    } else {
        let key = match object.name() {
            Some("kubeadm-config") => "ClusterConfiguration",
            Some("kube-proxy") => "config.conf",
            Some(name) if name.starts_with("kubelet-config") => "kubelet",
            _ => return,
        };
        root.at(&["data", key]).into_iter().collect()
    };
    for node in texts {
        let text = node.as_str().unwrap_or_default();
        if is_unresolved(text) {
            continue;
        }
        match (kind_in(text), first_line(text)) {
            (Some((at, kind)), _) if patches && !is_patched(kind) => {
                let message = format!(
                    "kubeadm does not generate `{kind}`, so kind silently ignores this patch"
                );
                cx.report(node.part(at, at + kind.len()), message);
            }
            (None, Some((at, line))) => {
                let message = if patches {
                    "this patch has no `kind`, so it has no effect"
                } else {
                    "this document has no `kind`, so it is ignored"
                };
                cx.report(node.part(at, at + line.len()), message);
            }
            _ => {}
        }
    }
}
