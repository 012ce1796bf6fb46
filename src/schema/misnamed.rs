//! Files that components read whose `apiVersion` or `kind` is missing, empty, no string, or none that a component knows: they are told
//! by what is left, and nobody reads them.

use super::table::{ApiKind, ReadingProgram};
use crate::component::is_config;
use crate::kube::is_replaced;
use crate::text::nearest;
use crate::yaml::{Node, NodeKind, NodeSpan, items};

/// Kinds of components' groups that the tables do not have: records that components write, and what older releases read.
const OTHER_KINDS: [(&str, &str); 12] = [
    ("audit.k8s.io", "Event"),
    ("audit.k8s.io", "EventList"),
    ("kubeadm.k8s.io", "ClusterStatus"),
    ("kubeadm.k8s.io", "MasterConfiguration"),
    ("kubeadm.k8s.io", "NodeConfiguration"),
    ("kubelet.config.k8s.io", "ImagePullIntent"),
    ("kubelet.config.k8s.io", "ImagePulledRecord"),
    ("kubelet.config.k8s.io", "SerializedNodeConfigSource"),
    ("apiserver.k8s.io", "EncryptionConfiguration"),
    ("apiserver.config.k8s.io", "WebhookAdmission"),
    ("kubescheduler.config.k8s.io", "NodeLabelArgs"),
    (
        "kubescheduler.config.k8s.io",
        "NodeResourcesLeastAllocatedArgs",
    ),
];

const NOT_TEXT: &str =
    "`apiVersion` and `kind` of a kubeconfig file must be strings: kubectl rejects the file";

/// A file that no component takes for its own.
pub struct Misnamed<'d> {
    /// The wrong value, or what lacks it.
    pub at: NodeSpan<'d>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// One of the two fields that say what a file is.
enum Written<'d> {
    Text(Node<'d>, &'d str),
    /// Missing, null or empty.
    Nothing(NodeSpan<'d>),
    /// Another type.
    Other(NodeSpan<'d>),
    /// A template.
    Open,
}

fn written<'d>(root: Node<'d>, key: &str) -> Written<'d> {
    let Some(value) = root.get(key) else {
        return Written::Nothing(root.lacking());
    };
    let key_span = || value.key_node().map_or(value.into(), NodeSpan::from);
    match value.kind() {
        _ if value.is_unquoted_template() || value.as_str().is_some_and(is_replaced) => {
            Written::Open
        }
        NodeKind::Null => Written::Nothing(key_span()),
        NodeKind::Str => match value.as_str().unwrap_or_default() {
            "" => Written::Nothing(key_span()),
            text => Written::Text(value, text),
        },
        NodeKind::Seq | NodeKind::Map => Written::Other(key_span()),
        _ => Written::Other(value.into()),
    }
}

/// What is wrong with the name of a component's file; none where it is right, or the file is not known to be a component's. A version of
/// a kind that its reader does not know is another matter (`component-config/api-version-removed`).
pub fn misnamed(root: Node<'_>) -> Option<Misnamed<'_>> {
    if root.kind() != NodeKind::Map {
        return None;
    }
    match (written(root, "apiVersion"), written(root, "kind")) {
        (Written::Text(at, version), Written::Text(kind_at, kind)) => {
            let group = version.split_once('/').map_or("", |(group, _)| group);
            if group.is_empty() && (version == "v1") != (kind == "Config") {
                let wrong = if kind == "Config" { at } else { kind_at };
                let message =
                    "kubectl reads `apiVersion: v1` and `kind: Config` only, and rejects the file";
                if let Some(found) = kubeconfig(root, wrong.into(), message) {
                    return Some(found);
                }
            }
            let unversioned = version.ends_with('/');
            if is_config(group) && !unversioned {
                wrong_kind(group, kind, kind_at, at)
            } else {
                // What other projects call the same has a domain of theirs.
                let slip = |meant: &&ApiKind| {
                    is_slip(group, meant.group) || unversioned && group == meant.group
                };
                let meant = meant_by(root, kind).filter(slip)?;
                let message = format!("`{version}` has no kind {kind}");
                Some(refused(at.into(), &message, meant))
            }
        }
        (Written::Nothing(at), Written::Text(_, kind)) => {
            let message = "`apiVersion` is missing or empty";
            let meant = meant_by(root, kind)?;
            // It is decoded into what it is to be.
            (meant.kind != "TracingConfiguration").then(|| refused(at, message, meant))
        }
        (Written::Other(at), Written::Text(_, kind)) => {
            let message = "`apiVersion` must be a string";
            meant_by(root, kind)
                .map(|meant| refused(at, message, meant))
                .or_else(|| (kind == "Config").then(|| kubeconfig(root, at, NOT_TEXT))?)
        }
        (Written::Text(_, version), Written::Nothing(at)) => without_kind(root, version, at, true),
        (Written::Text(_, version), Written::Other(at)) => without_kind(root, version, at, false)
            .or_else(|| (version == "v1").then(|| kubeconfig(root, at, NOT_TEXT))?),
        (Written::Nothing(at), Written::Nothing(_)) if is_audit_policy(root) => {
            let message = "`apiVersion` and `kind` are missing";
            let meant = of_group("audit.k8s.io").next()?;
            Some(refused(at, message, meant))
        }
        _ => None,
    }
}

/// Whether a group can only be a slip: none, the first part of the right one, one of Kubernetes', or nearly the right one.
fn is_slip(group: &str, meant: &str) -> bool {
    let end = group.len().checked_sub(".k8s.io".len());
    let domain = end.and_then(|end| group.get(end..));
    let own = || domain.is_some_and(|domain| domain.eq_ignore_ascii_case(".k8s.io"));
    let first = || meant.split('.').next() == Some(group);
    let near = || nearest(group, [meant].into_iter()).is_some();
    group != meant && (group.is_empty() || own() || first() || near())
}

/// The kinds of a group that are read from files, the newest version last.
fn of_group(group: &str) -> impl Iterator<Item = &'static ApiKind> {
    ApiKind::of_group(group).filter(|kind| kind.reader.is_some())
}

fn refused<'d>(at: NodeSpan<'d>, message: &str, meant: &ApiKind) -> Misnamed<'d> {
    let reader = meant.reader.map_or("its reader", |reader| reader.name);
    Misnamed {
        at,
        message: format!("{message}: {reader} rejects the file"),
        help: format!(
            "Write `apiVersion: {}/{}` and `kind: {}`.",
            meant.group, meant.version, meant.kind
        ),
    }
}

/// A kind that a component's group does not have.
fn wrong_kind<'d>(
    group: &str,
    kind: &str,
    kind_at: Node<'d>,
    version_at: Node<'d>,
) -> Option<Misnamed<'d>> {
    let kinds = || of_group(group);
    let reader = kinds().find_map(|kind| kind.reader)?;
    if kinds().any(|known| known.kind == kind) || OTHER_KINDS.contains(&(group, kind)) {
        return None;
    }
    let message = format!("`{group}` has no kind {kind}");
    if let Some(meant) = by_name(kind) {
        return Some(refused(version_at.into(), &message, meant));
    }
    Some(Misnamed {
        at: kind_at.into(),
        message: format!("{message}: {} rejects the file", reader.name),
        help: kind_help(group, nearest(kind, kinds().map(|known| known.kind))),
    })
}

fn kind_help(group: &str, near: Option<&str>) -> String {
    let mut kinds: Vec<&str> = of_group(group)
        .map(|kind| kind.kind)
        .filter(|kind| !kind.ends_with("Args"))
        .collect();
    kinds.dedup();
    let only = kinds.first().copied().filter(|_| kinds.len() == 1);
    match near.or(only) {
        Some(near) => format!("Write `kind: {near}`."),
        None => format!("Write one of its kinds: `{}`.", kinds.join("`, `")),
    }
}

fn without_kind<'d>(
    root: Node<'d>,
    version: &str,
    at: NodeSpan<'d>,
    at_nothing: bool,
) -> Option<Misnamed<'d>> {
    let what = if at_nothing {
        "`kind` is missing or empty"
    } else {
        "`kind` must be a string"
    };
    let group = version.split_once('/')?.0;
    // An audit policy is decoded into what it is to be.
    if !is_config(group) || group == "audit.k8s.io" && at_nothing {
        return None;
    }
    let reader: ReadingProgram = of_group(group).find_map(|kind| kind.reader)?;
    // What the file holds may tell its kind.
    let fits = |kind: &&ApiKind| {
        let fields = || root.entries().filter_map(|(key, _)| key.text());
        kind.ty()
            .is_some_and(|ty| fields().all(|name| name == "kind" || !ty.field(name).is_empty()))
    };
    let mut fitting = of_group(group).filter(fits).map(|kind| kind.kind);
    let near = fitting.next();
    let near = near.filter(|near| fitting.all(|other| other == *near));
    if at_nothing && near == Some("TracingConfiguration") {
        return None;
    }
    Some(Misnamed {
        at,
        message: format!("{what}: {} rejects the file", reader.name),
        help: kind_help(group, near),
    })
}

/// The kind of a component's file that a word can only mean, or that the file's fields show it to mean.
fn meant_by(root: Node<'_>, kind: &str) -> Option<&'static ApiKind> {
    let group = match kind {
        "Policy" => is_audit_policy(root).then_some("audit.k8s.io")?,
        "Configuration" => is_rate_limit(root).then_some("eventratelimit.admission.k8s.io")?,
        _ => return by_name(kind),
    };
    of_group(group).last()
}

/// The newest version of a kind that one component's group alone has.
fn by_name(kind: &str) -> Option<&'static ApiKind> {
    let distinct = kind.ends_with("Configuration") && kind != "Configuration"
        || kind == "CredentialProviderConfig";
    let mut same = ApiKind::all()
        .iter()
        .filter(|known| known.kind == kind && known.reader.is_some() && is_config(known.group));
    distinct.then(|| same.next_back())?
}

/// Rules that each have a level of the audit log, and nothing that a policy has not.
fn is_audit_policy(root: Node<'_>) -> bool {
    const FIELDS: [&str; 6] = [
        "apiVersion",
        "kind",
        "metadata",
        "omitManagedFields",
        "omitStages",
        "rules",
    ];
    const LEVELS: [&str; 4] = ["None", "Metadata", "Request", "RequestResponse"];
    let level = |rule: Node<'_>| {
        let level = rule.field("level").and_then(Node::as_str);
        level.is_some_and(|level| LEVELS.contains(&level))
    };
    let known = |key: Node<'_>| key.text().is_some_and(|key| FIELDS.contains(&key));
    let mut rules = root.list("rules").peekable();
    rules.peek().is_some() && rules.all(level) && root.entries().all(|(key, _)| known(key))
}

/// Limits that each have a type of the event rate limit.
fn is_rate_limit(root: Node<'_>) -> bool {
    const TYPES: [&str; 4] = ["Server", "Namespace", "User", "SourceAndObject"];
    let typed = |limit: Node<'_>| {
        let kind = limit.field("type").and_then(Node::as_str);
        kind.is_some_and(|kind| TYPES.contains(&kind))
    };
    let mut limits = items(root.field("limits")).peekable();
    limits.peek().is_some() && limits.all(typed)
}

/// A kubeconfig file, by its lists: it may leave out both, but what is there must be text.
fn kubeconfig<'d>(root: Node<'d>, at: NodeSpan<'d>, message: &str) -> Option<Misnamed<'d>> {
    let lists = ["clusters", "contexts", "users"];
    let is = lists.iter().all(|key| root.field(key).is_some());
    is.then(|| Misnamed {
        at,
        message: message.to_owned(),
        help: "Write `apiVersion: v1` and `kind: Config`.".to_owned(),
    })
}
