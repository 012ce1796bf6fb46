//! What the engine asks: whether an object of a built-in kind, a file or a custom resource is valid.

use super::config::kubeadm;
use super::custom_resources::{self, Definition};
use super::metadata;
use super::pattern::Patterns;
use super::problem::SchemaProblem;
use super::registry::CROSS_FIELD_CHECKS;
use super::table::{ApiKind, ApiLifecycle, ReadingProgram};
use super::validator::Validator;
use crate::component::kubeadm_parts::{KubeadmSection, Which};
use crate::component::{is_config, minor, pieces};
use crate::finding::Releases;
use crate::ids;
use crate::kube::{Completeness, Gvk, Object};
use crate::text::Span;
use crate::yaml::Node;
use std::collections::HashSet;

/// Whether Kubernetes has a kind of that name, in whatever group.
pub fn is_kind(name: &str) -> bool {
    ApiKind::served().any(|kind| kind.kind == name)
}

/// Whether Kubernetes has kinds of that `group/version`.
pub fn is_api_version(name: &str) -> bool {
    ApiKind::served().any(|kind| kind.is_version(name))
}

/// What the tables know of an object's kind, looked up once.
#[derive(Clone, Copy)]
pub struct Known<'d> {
    /// The object.
    pub object: Object<'d>,
    /// A custom resource of a well-known project has one, too.
    kind: Option<&'static ApiKind>,
    pub(super) life: Option<&'static ApiLifecycle>,
}

impl<'d> Known<'d> {
    /// Looks an object's kind up; a file that its name tells may leave out the version.
    pub fn of(object: Object<'d>) -> Self {
        let Gvk {
            group,
            version,
            kind,
        } = object.gvk;
        Self {
            object,
            kind: ApiKind::find(group, version, kind),
            life: ApiLifecycle::of(group, version, kind),
        }
    }

    /// The kind, if every cluster has it, or a program reads it.
    pub(super) fn kind(self) -> Option<&'static ApiKind> {
        self.kind.filter(|kind| !kind.custom)
    }

    /// Whether Kubernetes itself has the kind in some release that the tables know, unless it is what defines custom ones.
    pub fn is_builtin(self) -> bool {
        let known = self.kind().is_some() || self.life.is_some();
        known && self.object.gvk.group != "apiextensions.k8s.io"
    }

    /// Whether some target release is older than the tables and may have the kind: for that one, nobody checks its fields.
    pub fn is_older(self, targets: Releases) -> bool {
        let known = match self.kind() {
            Some(kind) => kind.is_first() && kind.reader.is_none(),
            None => self.life.is_some(),
        };
        known && !targets.before(Releases::OLDEST).is_empty()
    }
}

/// Checks a custom resource by what its project has published; `None` where the tables do not have that version of it.
pub fn validate_published(
    known: Known<'_>,
    targets: Releases,
    completeness: Completeness,
) -> Option<Vec<SchemaProblem<'_>>> {
    let kind = known.kind.filter(|kind| kind.custom)?;
    let mut check = Validator::new(Some(kind), targets, completeness, &CROSS_FIELD_CHECKS);
    check.object(known.object.node, kind.ty()?);
    Some(check.problems)
}

/// Checks an object of a kind that the tables have, for the target releases that serve it. What stands elsewhere is not missed in a
/// fragment. Which release reads a file is not known unless it says so, or `asked`: then fields that some release has are right. What a
/// file of kubeadm's says of its release counts only unless the user names one (`pinned`), which then is kubeadm's.
pub fn validate(
    known: Known<'_>,
    targets: Releases,
    completeness: Completeness,
    asked: bool,
    pinned: bool,
) -> Vec<SchemaProblem<'_>> {
    let object = known.object;
    let Some(kind) = known.kind() else {
        return Vec::new();
    };
    let own = object.node.field("kubernetesVersion");
    let own = own.and_then(|v| minor(v.text()?)).map(Releases::only);
    let kubeadm = pinned && kind.group == kubeadm::GROUP;
    let (having, certain) = match (kind.reader, own) {
        (None, _) => (targets, true),
        (Some(_), Some(own)) if !kubeadm => (own, true),
        (Some(_), _) if asked || kubeadm => (targets, true),
        (Some(_), _) => (kind.releases(), false),
    };
    let having = having.and(kind.releases());
    let Some(ty) = kind.ty().filter(|_| !having.is_empty()) else {
        return Vec::new();
    };
    let mut check = Validator::new(Some(kind), having, completeness, &CROSS_FIELD_CHECKS);
    check.object(object.node, ty);
    if kind.reader.is_none() {
        metadata::check(&mut check, object, kind);
        said_once(&mut check.problems);
        return check.problems;
    }
    if kubeadm {
        kubeadm::skew(&mut check, object.node);
    }
    let mut problems = check.problems;
    problems.retain(|problem| certain || problem.rule != ids::schema::FIELD_NOT_IN_RELEASE);
    for problem in &mut problems {
        problem.releases = targets;
        if is_config(kind.group) || is_of_core(kind) {
            problem.rule = match problem.rule {
                ids::schema::UNKNOWN_FIELD => ids::component_config::UNKNOWN_FIELD,
                ids::schema::FIELD_NOT_IN_RELEASE => ids::schema::FIELD_NOT_IN_RELEASE,
                own if !own.starts_with("schema/") => own,
                _ => refusal(kind),
            };
        }
    }
    problems
}

/// The rule about what the reader of a kind of file rejects: of some it is one of their own.
fn refusal(kind: &ApiKind) -> &'static str {
    match kind.kind {
        "Policy" => ids::audit_policy::INVALID,
        "AuthorizationConfiguration" => ids::authorization::INVALID,
        _ => ids::component_config::INVALID_VALUE,
    }
}

/// Whether a kind of the core group is a file of a component or of kubectl.
fn is_of_core(kind: &ApiKind) -> bool {
    kind.group.is_empty() && matches!(kind.kind, "Config" | "EncryptionConfig")
}

/// The program that reads objects of a kind from a file, and whether it rejects what it does not know.
pub fn reader(object: Object<'_>) -> Option<ReadingProgram> {
    Known::of(object).kind()?.reader
}

/// Of what two checks say about one value in the same words, the first counts.
fn said_once(problems: &mut Vec<SchemaProblem<'_>>) {
    if problems.len() < 2 {
        return;
    }
    let headline = |p: &SchemaProblem<'_>| {
        let end = p.message.find(':').unwrap_or(p.message.len());
        let span = p.node_span.span;
        let text = p.message.get(..end).unwrap_or_default().to_owned();
        (p.rule, p.node_span.node.id(), span.start, span.end, text)
    };
    let mut seen = HashSet::new();
    problems.retain(|problem| seen.insert(headline(problem)));
}

/// Checks the pieces of programs' own files that an object hands on. What a piece leaves out is filled in later.
pub fn validate_carried(object: Object<'_>, targets: Releases) -> Vec<SchemaProblem<'_>> {
    let mut problems = for_kubeadm(object, targets);
    for piece in pieces(object) {
        let part = Completeness::Partial;
        let mut found = validate(Known::of(piece.object), targets, part, false, false);
        let dropped = ids::component_config::UNKNOWN_FIELD;
        found.retain(|problem| piece.strict || problem.rule != dropped);
        problems.append(&mut found);
    }
    problems
}

/// What an object of Cluster API, or one of kind's patches without a version, tells kubeadm. Types are not those of one version; values go
/// to kubeadm as they are, and fields of such a patch that no version has are dropped.
fn for_kubeadm(object: Object<'_>, targets: Releases) -> Vec<SchemaProblem<'_>> {
    let is_patch = object.gvk.group == kubeadm::GROUP;
    if is_patch && !object.gvk.version.is_empty() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for section in KubeadmSection::of(object) {
        let name = match section.which {
            Which::Cluster => "ClusterConfiguration",
            Which::Init => "InitConfiguration",
            Which::Join => "JoinConfiguration",
        };
        let newest = match section.has_lists() {
            Some(true) => "v1beta4",
            _ => "v1beta3",
        };
        let mut found = piece_problems(section.node, newest, name);
        if is_patch {
            let older = ["v1beta2", "v1beta4", "v1"];
            let others = older.map(|version| unknown_fields(section.node, version, name));
            found.retain(|problem| {
                problem.rule != ids::schema::UNKNOWN_FIELD
                    || others.iter().all(|at| at.contains(&problem.node_span.span))
            });
        } else {
            found.retain(|problem| problem.rule != ids::schema::UNKNOWN_FIELD);
        }
        problems.append(&mut found);
    }
    for problem in &mut problems {
        problem.releases = targets;
        problem.rule = match problem.rule {
            ids::schema::UNKNOWN_FIELD => ids::component_config::UNKNOWN_FIELD,
            _ => ids::component_config::INVALID_VALUE,
        };
    }
    problems
}

/// What is wrong with fields and values of a piece of kubeadm's file, as a version of it has them.
fn piece_problems<'d>(node: Node<'d>, version: &str, name: &str) -> Vec<SchemaProblem<'d>> {
    const RULES: [&str; 5] = [
        ids::schema::CONFLICT,
        ids::schema::ENUM,
        ids::schema::FORMAT,
        ids::schema::RANGE,
        ids::schema::UNKNOWN_FIELD,
    ];
    let kind = ApiKind::find(kubeadm::GROUP, version, name);
    let Some((kind, ty)) = kind.and_then(|kind| Some((kind, kind.ty()?))) else {
        return Vec::new();
    };
    let part = Completeness::Partial;
    let mut check = Validator::new(Some(kind), kind.releases(), part, &CROSS_FIELD_CHECKS);
    check.object(node, ty);
    check
        .problems
        .retain(|problem| RULES.contains(&problem.rule));
    check.problems
}

/// Where a piece has fields that a version of kubeadm's file does not have.
fn unknown_fields(node: Node<'_>, version: &str, name: &str) -> HashSet<Span> {
    let problems = piece_problems(node, version, name).into_iter();
    let unknown = problems.filter(|problem| problem.rule == ids::schema::UNKNOWN_FIELD);
    unknown.map(|problem| problem.node_span.span).collect()
}

/// Checks a custom resource by its definition; whether some text was not held against its pattern, since that takes too long.
pub fn validate_custom<'d>(
    resource: Object<'d>,
    definition: &Definition<'_>,
    targets: Releases,
    completeness: Completeness,
    patterns: &mut Patterns,
) -> (Vec<SchemaProblem<'d>>, bool) {
    let mut check = Validator::new(None, targets, completeness, &CROSS_FIELD_CHECKS);
    // What is compiled serves all resources.
    check.patterns = std::mem::take(patterns);
    custom_resources::check(&mut check, resource, definition);
    *patterns = check.patterns;
    (check.problems, std::mem::take(&mut patterns.gave_up))
}
