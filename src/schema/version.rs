//! Whether the target releases serve an object's kind and version.

use super::misnamed::misnamed;
use super::problem::SchemaProblem;
use super::table::{ApiKind, ApiLifecycle};
use super::validate::Known;
use crate::finding::Releases;
use crate::ids;
use crate::text::nearest;
use crate::yaml::Node;

/// Groups of Kubernetes' own whose kinds are custom resources all the same.
const CUSTOM: [&str; 11] = [
    "gateway.networking.k8s.io",
    "snapshot.storage.k8s.io",
    "groupsnapshot.storage.k8s.io",
    "metrics.k8s.io",
    "custom.metrics.k8s.io",
    "external.metrics.k8s.io",
    "policy.networking.k8s.io",
    "multicluster.k8s.io",
    "autoscaling.k8s.io",
    "node.k8s.io.crd",
    "scheduling.sigs.k8s.io",
];

/// What is wrong with an object's version and kind; a finding about them is the only one that its schema has.
pub fn versions<'d>(known: Known<'d>, targets: Releases) -> Option<SchemaProblem<'d>> {
    let object = known.object;
    let (group, version, kind) = (object.gvk.group, object.gvk.version, object.gvk.kind);
    // Configuration files are read by their programs, not by an API server.
    let read = known.kind().is_some_and(|kind| kind.reader.is_some());
    // The first name of EncryptionConfiguration, which kube-apiserver still reads.
    let old_file = object.gvk.is("", "EncryptionConfig");
    if read || old_file || crate::component::is_config(group) || misnamed(object.node).is_some() {
        return None;
    }
    let of_group = || ApiKind::of_group(group).filter(|k| k.reader.is_none() && !k.custom);
    let api_version = object.node.get("apiVersion")?;
    let name = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    let problem = |rule, node_span: Node<'d>, message, help, releases| {
        Some(SchemaProblem {
            help,
            ..SchemaProblem::new(rule, node_span, message, releases)
        })
    };
    let written = api_version.text().unwrap_or_default();
    let misspelt = || {
        let (message, help) = misspelt(written, kind)?;
        let rule = ids::api::UNKNOWN_BUILTIN;
        problem(rule, api_version, message, Some(help), targets)
    };
    // `/v1` is no other way to write `v1`.
    if let Some(problem) = written.starts_with('/').then(misspelt).flatten() {
        return Some(problem);
    }
    let off = |kind: &ApiKind| {
        let newest = targets.and(Releases::only(Releases::NEWEST));
        kind.off && !newest.is_empty()
    };
    if let Some(life) = known.life.filter(|life| {
        let gone = life.removed != 255 && !targets.from(life.removed).is_empty();
        gone || !known.kind().is_some_and(off)
    }) {
        let gone = targets.from(life.removed);
        if life.removed != 255 && !gone.is_empty() {
            let message = format!(
                "{name} {kind} is no longer served since Kubernetes 1.{}: the API server refuses this object",
                life.removed
            );
            return problem(
                ids::api::REMOVED_VERSION,
                api_version,
                message,
                Some(instead(life)),
                gone,
            );
        }
        let old = targets.from(life.deprecated);
        if life.deprecated != 255 && !old.is_empty() {
            let end = match life.removed {
                255 => ": the API server warns of it, and it is developed no further".to_owned(),
                minor => format!(" and goes away in Kubernetes 1.{minor}"),
            };
            let message = format!(
                "{name} {kind} is deprecated since Kubernetes 1.{}{end}",
                life.deprecated
            );
            return problem(
                ids::api::DEPRECATED_VERSION,
                api_version,
                message,
                Some(instead(life)),
                old,
            );
        }
        return None;
    }
    let whole = known;
    if let Some(known) = known.kind() {
        // What the first release of the tables has, earlier ones may have, too.
        let judged = if known.is_first() {
            targets.from(Releases::OLDEST)
        } else {
            targets
        };
        let without = judged.without(known.releases());
        if !without.is_empty() {
            let first = known.releases().names().next().unwrap_or_default();
            let message = format!(
                "{name} {kind} exists from Kubernetes {first} on: the target release does not have it"
            );
            return problem(
                ids::api::NOT_YET_AVAILABLE,
                api_version,
                message,
                None,
                without,
            );
        }
        let help = "switch it on with `--runtime-config` (and its feature gate), or use a version that is served".to_owned();
        return off_by_default(whole, targets, api_version, Some(help));
    }
    if let Some(problem) = misspelt() {
        return Some(problem);
    }
    let ours = group.is_empty() || of_group().next().is_some() || ApiLifecycle::knows(group);
    // The group of a custom resource has a dot; one without that has a kind of Kubernetes is a slip.
    let slip = !group.is_empty() && !group.contains('.') || group == "kubernetes.io";
    let misnamed = slip && ApiKind::served().any(|k| k.kind == kind);
    // Of the core group, only kinds of Kubernetes' own are certain to be slips; v1 has kubectl's own file, too.
    let builtin = || ApiKind::served().any(|k| k.kind == kind) && object.metadata("name").is_some();
    let other_core = group.is_empty() && (kind == "Config" || version != "v1" && !builtin());
    // Below the first release of the tables nothing is known for certain.
    let unknown = targets.before(Releases::OLDEST) == targets;
    if !(ours || misnamed) || other_core || CUSTOM.contains(&group) || unknown {
        return None;
    }
    let same_kind: Vec<String> = ApiKind::served()
        .filter(|k| k.kind == kind && !k.releases().and(targets).is_empty())
        .map(|k| {
            if k.group.is_empty() {
                k.version.to_owned()
            } else {
                format!("{}/{}", k.group, k.version)
            }
        })
        .collect();
    if let Some(right) = same_kind.first().filter(|_| !is_generic(kind)) {
        let message = format!("{name} has no kind {kind}: the API server refuses this object");
        let help = Some(format!("write `apiVersion: {right}`"));
        return problem(
            ids::api::UNKNOWN_BUILTIN,
            api_version,
            message,
            help,
            targets,
        );
    }
    let kinds = of_group().filter(|k| k.version == version).map(|k| k.kind);
    let near = nearest(kind, kinds);
    let message = format!("{name} has no kind {kind}: the API server refuses this object");
    let help = near.map(|near| format!("Did you mean `{near}`?"));
    let at = object.node.get("kind")?;
    problem(ids::api::UNKNOWN_BUILTIN, at, message, help, targets)
}

/// That the newest release serves a kind only where it is told to.
fn off_by_default<'d>(
    known: Known<'d>,
    targets: Releases,
    api_version: Node<'d>,
    help: Option<String>,
) -> Option<SchemaProblem<'d>> {
    let newest = targets.and(Releases::only(Releases::NEWEST));
    known.kind().filter(|kind| kind.off && !newest.is_empty())?;
    let message = format!(
        "an API server does not serve {} {} unless it is told to: this object is refused by default",
        api_version.text().unwrap_or_default(),
        known.object.gvk.kind
    );
    Some(SchemaProblem {
        help,
        ..SchemaProblem::new(ids::api::OFF_BY_DEFAULT, api_version, message, newest)
    })
}

/// An apiVersion that no API can have, of a kind that Kubernetes has: what is wrong, and what to write.
fn misspelt(api_version: &str, kind: &str) -> Option<(String, String)> {
    let known = |name: &str| ApiKind::served().find(|k| k.kind == name && !is_generic(name));
    let named = |kind: &ApiKind| match kind.group {
        "" => kind.version.to_owned(),
        group => format!("{group}/{}", kind.version),
    };
    let refuses = format!("{api_version} has no kind {kind}: the API server refuses this object");
    let mut swapped = ApiKind::served().filter(|k| k.kind == api_version);
    if let Some(swapped) = swapped.find(|known| known.is_version(kind)) {
        let help = format!(
            "write `apiVersion: {}` and `kind: {api_version}`",
            named(swapped)
        );
        return Some((refuses, help));
    }
    let builtin = known(kind)?;
    let help = || format!("write `apiVersion: {}`", named(builtin));
    let empty_part = api_version.starts_with('/') || api_version.ends_with('/');
    let other_case = || {
        let mut all = ApiKind::served().filter(|k| k.kind == kind);
        all.any(|k| api_version.eq_ignore_ascii_case(&named(k)))
    };
    // Nobody can serve a group of these domains: they are for documentation.
    let reserved = ["example.com/", "example.org/", "example.net/"];
    let example = reserved
        .iter()
        .any(|domain| api_version.starts_with(domain));
    (empty_part || example || other_case()).then(|| (refuses, help()))
}

/// What to write instead of a version that is or will be gone.
fn instead(life: &ApiLifecycle) -> String {
    if let Some(other) = life.replacement.strip_prefix("(none: ") {
        let other = other.trim_end_matches(')');
        return format!("remove it: {other} took its place");
    }
    match life.replacement.split_once(' ') {
        None => "remove it: nothing took its place".to_owned(),
        Some((version, kind)) if kind == life.kind => {
            format!("write `apiVersion: {version}`, and see what else changed between the two")
        }
        Some((version, kind)) => {
            format!("write `kind: {kind}` with `apiVersion: {version}`: its fields are others")
        }
    }
}

/// Kinds that every group has.
fn is_generic(kind: &str) -> bool {
    matches!(kind, "DeleteOptions" | "WatchEvent" | "Status" | "Scale")
}
