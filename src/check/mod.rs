//! What a check is, and how it speaks. Which checks exist is `rules/`'s business. Layer 6.

mod shapes;

use crate::component::Instance;
use crate::documents::{DocumentFacts, DocumentSet, Repository, SavedSpan};
use crate::finding::{Finding, Fix, Gap, Label, Quotes, Releases, fingerprint};
use crate::kube::{
    Completeness, Container, Object, PodSpec, PolicyRule, may_become_anything, may_hold_more,
};
use crate::model::{Identity, Policy, Severity, Text};
use crate::secrets::detect::CredentialKind;
use crate::secrets::locate::ExposedSecrets;
use crate::text::{STDIN, Span, clipped};
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::collections::HashMap;
use std::time::Duration;

pub(crate) use shapes::{component, container, object, pod, policy_rule};

/// How a rule looks at documents.
pub(crate) enum Check {
    /// Each container of each pod.
    Container(fn(Container<'_>, &mut Cx<'_>)),
    /// Each pod, or kind that makes Pods.
    Pod(fn(PodSpec<'_>, &mut Cx<'_>)),
    /// Each object of its kinds.
    Object(fn(Object<'_>, &mut Cx<'_>)),
    /// Each rule of a Role or ClusterRole.
    PolicyRule(fn(PolicyRule<'_>, &mut Cx<'_>)),
    /// Each instance of a component.
    Component(fn(&Instance<'_>, &mut Cx<'_>)),
    /// Each set of documents that are applied together.
    Set(fn(&DocumentSet<'_>, &mut Cx<'_>)),
    /// Each instance of a component, and each set: what its own document shows, and what takes another.
    ComponentAndSet(
        fn(&Instance<'_>, &mut Cx<'_>),
        fn(&DocumentSet<'_>, &mut Cx<'_>),
    ),
    /// The policy's shape.
    Data,
    /// The reader or the engine itself finds it.
    Reader,
}

/// What a rule may ask, and where its findings go.
pub(crate) struct Cx<'a> {
    policy: &'a Policy,
    context: RuleContext<'a>,
    scope: u32,
    out: &'a mut Findings,
}

/// Parameters that the user gives, by rule and name.
pub type Overrides = HashMap<String, HashMap<String, Vec<Text>>>;

/// Findings of one rule that are kept of a chunk, and of a file. More help nobody, and would cost memory without bound.
pub(crate) const MAX_FINDINGS_PER_RULE: usize = 1000;

/// Letters of a help, and of what is said of another place: they quote values of the input, too.
const MAX_CHARS: usize = 2_000;

/// The findings of one chunk.
#[derive(Default)]
pub(crate) struct Findings {
    /// In the order of the rules.
    pub(crate) list: Vec<Finding>,
    counts: HashMap<Text, usize>,
}

impl Findings {
    /// Counts a finding of a rule; whether it is to be kept.
    pub(crate) fn room(&mut self, rule: &Text) -> bool {
        let seen = match self.counts.get_mut(rule) {
            Some(seen) => seen,
            None => self.counts.entry(rule.clone()).or_default(),
        };
        *seen += 1;
        *seen <= MAX_FINDINGS_PER_RULE
    }

    /// How many findings of each rule were not kept.
    pub(crate) fn over(&self) -> Vec<(Text, usize)> {
        let over = self
            .counts
            .iter()
            .filter(|(_, n)| **n > MAX_FINDINGS_PER_RULE);
        let mut over: Vec<_> = over
            .map(|(rule, n)| (rule.clone(), n - MAX_FINDINGS_PER_RULE))
            .collect();
        over.sort();
        over
    }
}

/// The parameters of a policy, with what the user gives instead of their defaults.
#[derive(Clone, Copy)]
struct Parameters<'a> {
    policy: &'a Policy,
    given: &'a Overrides,
}

impl<'a> Parameters<'a> {
    fn get(self, name: &str) -> &'a [Text] {
        let given = self.given.get(self.policy.id.as_ref());
        if let Some(given) = given.and_then(|of_rule| of_rule.get(name)) {
            return given;
        }
        let mut declared = self.policy.parameters.iter();
        declared
            .find(|p| p.name == name)
            .map_or(&[], |p| &*p.default)
    }
}

/// What all rules of one object share.
#[derive(Clone, Copy)]
pub(crate) struct RuleContext<'a> {
    /// The object; `None` for a set.
    pub(crate) object: Option<Object<'a>>,
    /// The path of its file from the root; empty for a set.
    pub(crate) path: &'a str,
    /// How much of itself it shows.
    pub(crate) completeness: Completeness,
    /// The releases that are asked about.
    pub(crate) targets: Releases,
    /// Whether a standard is asked about, and not what a team switches on today: any profile but `default`.
    pub(crate) strict: bool,
    /// The releases that the user asks about; `None` where they are only the default.
    pub(crate) pinned: Option<Releases>,
    /// What the other files say.
    pub(crate) repository: &'a Repository,
    /// What the user gives rules instead of their parameters' defaults.
    pub(crate) parameters: &'a Overrides,
    /// Whether findings are to get their fixes.
    pub(crate) fixes: bool,
    /// What time it is, since 1970; `None` where nobody tells.
    pub(crate) now: Option<Duration>,
    /// Parts that have a scope of their own, containers and volumes: where each stands in its document, in that order, and its scope.
    pub(crate) parts: &'a [(Span, u32)],
    /// Credentials in the object, once a rule has asked.
    pub(crate) exposed_secrets: Option<&'a ExposedSecrets>,
}

impl<'a> Cx<'a> {
    /// For one rule and one thing that it looks at; `scope` numbers that thing in its chunk.
    pub(crate) fn new(
        policy: &'a Policy,
        context: RuleContext<'a>,
        scope: u32,
        out: &'a mut Findings,
    ) -> Self {
        Self {
            policy,
            context,
            scope,
            out,
        }
    }

    /// The releases that are asked about.
    pub(crate) fn targets(&self) -> Releases {
        self.context.targets
    }

    /// Whether a standard is asked about, and not what a team switches on today.
    pub(crate) fn is_strict(&self) -> bool {
        self.context.strict
    }

    /// The releases that the user asks about; `None` where they are only the default.
    pub(crate) fn pinned(&self) -> Option<Releases> {
        self.context.pinned
    }

    /// Whether only a part of the object is there: a patch.
    pub(crate) fn is_fragment(&self) -> bool {
        self.context.completeness == Completeness::Partial
    }

    /// Whether a kustomization or skaffold sets the tag or digest of an image of this file.
    pub(crate) fn is_set_elsewhere(&self, image: &str) -> bool {
        self.context.repository.sets_image(self.context.path, image)
    }

    /// What kustomizations and the like say about the files.
    pub(crate) fn repository(&self) -> &'a Repository {
        self.context.repository
    }

    /// What time it is, since 1970; `None` where nobody tells.
    pub(crate) fn now(&self) -> Option<Duration> {
        self.context.now
    }

    /// Credentials of a known format anywhere in the object.
    pub(crate) fn exposed_secrets(
        &self,
    ) -> impl Iterator<Item = (NodeSpan<'a>, CredentialKind)> + use<'a> {
        let known = self.context.object.zip(self.context.exposed_secrets);
        known
            .into_iter()
            .flat_map(|(object, exposed_secrets)| exposed_secrets.of(object))
    }

    /// Whether the document was piped in, so that it may be in no repository.
    pub(crate) fn is_stdin(&self) -> bool {
        self.context.path == STDIN
    }

    /// A parameter of the policy. One that the policy does not declare is empty, and fails the policy's own examples.
    pub(crate) fn param(&self, name: &str) -> &'a [Text] {
        self.parameters().get(name)
    }

    /// The parameters of the policy.
    fn parameters(&self) -> Parameters<'a> {
        Parameters {
            policy: self.policy,
            given: self.context.parameters,
        }
    }

    /// The scope of a place: what a pod's rule says of a container or volume is about that part.
    fn scope_of(&self, span: Span) -> u32 {
        let parts = self.context.parts;
        let behind = parts.partition_point(|(part, _)| part.start <= span.start);
        let part = behind.checked_sub(1).and_then(|at| parts.get(at));
        let part = part.filter(|(part, _)| part.contains(span));
        part.map_or(self.scope, |(_, scope)| *scope)
    }

    /// A finding about one part that is written in another, such as the mount of a volume.
    pub(crate) fn report_about<'d>(
        &mut self,
        part: Node<'_>,
        at: impl Into<NodeSpan<'d>>,
        message: impl Into<String>,
    ) -> Draft<'_> {
        let scope = self.scope_of(part.span());
        self.report(at, message).with(|f| f.scope = scope)
    }

    /// A finding about something that is written.
    pub(crate) fn report<'d>(
        &mut self,
        at: impl Into<NodeSpan<'d>>,
        message: impl Into<String>,
    ) -> Draft<'_> {
        let NodeSpan { node, span } = at.into();
        // What it is nobody knows before it is rendered, nor what it lacks.
        let lacking = || span != node.span() && span == node.head();
        let unknown = node.is_unquoted_template() || may_become_anything(node) && lacking();
        if unknown || !self.out.room(&self.policy.id) {
            return Draft::none();
        }
        let located = node.document().locate(span);
        let object = self.context.object.map(Object::reference);
        let value = match node.kind() {
            _ if self.policy.identity == Identity::Place => "",
            NodeKind::Seq | NodeKind::Map => "",
            _ => span.text(node.document().text),
        };
        let fingerprint = fingerprint(&self.policy.id, object.as_ref(), &stable_path(node), value);
        let scope = self.scope_of(span);
        let path = node.path();
        self.push(Finding {
            path,
            object,
            scope,
            rendered_from: node.document().provenance.rendered_from.clone(),
            ..Finding::with_fingerprint(self.policy, located, message.into(), fingerprint)
        })
    }

    /// A finding about something that is not written. Says nothing about a fragment: there, what is missing stands elsewhere.
    pub(crate) fn missing<'d>(
        &mut self,
        at: impl Into<NodeSpan<'d>>,
        message: impl Into<String>,
    ) -> Draft<'_> {
        let at = at.into();
        match self.gap(at) {
            Ok(gap) => self.report(at, message).with(|f| f.gap = gap),
            Err(Elsewhere) => Draft::none(),
        }
    }

    /// The map that lacks something at a place, unless the rest of the object may have it.
    fn gap(&self, at: NodeSpan<'_>) -> Result<Option<Box<Gap>>, Elsewhere> {
        // A key that is filled in later may be the one.
        let is_map = |node: &Node<'_>| node.kind() == NodeKind::Map;
        let map = Some(at.node).filter(is_map);
        let map = map.or_else(|| at.node.parent().filter(is_map));
        if self.context.completeness == Completeness::Partial || map.is_some_and(may_hold_more) {
            return Err(Elsewhere);
        }
        let Some(object) = self.context.object else {
            return Ok(None);
        };
        Ok(Some(Box::new(Gap::of(object.node, at.node))))
    }

    /// A finding about a component's setting: at its value, or where it is missing.
    pub(crate) fn setting(
        &mut self,
        instance: &Instance<'_>,
        name: &str,
        message: impl Into<String>,
    ) -> Draft<'_> {
        match instance.last(name) {
            Some(setting) => self.report(setting.node_span(), message),
            None => self.missing(instance.anchor, message),
        }
    }

    /// A finding that holds for these releases: none where they are none, marked where they are not all targets.
    pub(crate) fn report_for<'d>(
        &mut self,
        holds: Releases,
        at: impl Into<NodeSpan<'d>>,
        message: impl Into<String>,
    ) -> Draft<'_> {
        let targets = self.context.targets;
        if holds.is_empty() {
            return Draft::none();
        }
        let draft = self.report(at, message);
        if holds == targets {
            draft
        } else {
            draft.only(holds)
        }
    }

    /// The same about something that is not written.
    pub(crate) fn missing_for<'d>(
        &mut self,
        holds: Releases,
        at: impl Into<NodeSpan<'d>>,
        message: impl Into<String>,
    ) -> Draft<'_> {
        let at = at.into();
        match self.gap(at) {
            Ok(gap) => self.report_for(holds, at, message).with(|f| f.gap = gap),
            Err(Elsewhere) => Draft::none(),
        }
    }

    /// A finding of a set rule, at a place that a fact kept.
    pub(crate) fn report_fact(
        &mut self,
        facts: &DocumentFacts,
        at: &SavedSpan,
        message: impl Into<String>,
    ) -> Draft<'_> {
        if !self.out.room(&self.policy.id) {
            return Draft::none();
        }
        let fingerprint = fingerprint(&self.policy.id, facts.object.as_ref(), &at.path, "");
        self.push(Finding {
            exact: at.exact,
            path: at.path.clone(),
            object: facts.object.clone(),
            rendered_from: facts.rendered_from.clone(),
            ..Finding::with_fingerprint(self.policy, at.label.at, message.into(), fingerprint)
        })
    }

    fn push(&mut self, finding: Finding) -> Draft<'_> {
        self.out.list.push(finding);
        Draft {
            finding: self.out.list.last_mut(),
            fixes: self.context.fixes,
        }
    }
}

/// What is missing here is somewhere else.
struct Elsewhere;

/// A finding that is still being written.
pub(crate) struct Draft<'a> {
    /// None where the finding is not kept.
    finding: Option<&'a mut Finding>,
    /// Whether the run asks for fixes.
    fixes: bool,
}

impl Draft<'_> {
    const fn none() -> Self {
        Self {
            finding: None,
            fixes: false,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Finding)) -> Self {
        if let Some(finding) = &mut self.finding {
            change(finding);
        }
        self
    }

    /// Another severity than the policy's.
    pub(crate) fn severity(self, severity: Severity) -> Self {
        self.with(|f| f.severity = severity)
    }

    /// Of what went in `1.since`, which an instance may still have.
    pub(crate) fn if_gone(self, instance: &Instance<'_>, since: u8) -> Self {
        if instance.may_be_before(since) {
            self.severity(Severity::Medium)
        } else {
            self
        }
    }

    /// A better help than the policy's remediation.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        self.with(|f| f.help = clipped(help.into(), MAX_CHARS).into())
    }

    /// Another place that explains it.
    pub(crate) fn related<'d>(self, at: impl Into<NodeSpan<'d>>, text: impl Into<String>) -> Self {
        self.with(|f| {
            let NodeSpan { node, span } = at.into();
            let located = node.document().locate(span);
            f.related
                .push(Label::new(located, clipped(text.into(), MAX_CHARS)));
        })
    }

    /// How to mend it; asked only where the run wants fixes.
    pub(crate) fn fix(self, make: impl FnOnce() -> Option<Fix>) -> Self {
        let fixes = self.fixes;
        self.with(|f| f.fix = fixes.then(make).flatten())
    }

    /// Another place that a fact kept.
    pub(crate) fn related_fact(self, at: &Label) -> Self {
        self.with(|f| f.related.push(at.clone()))
    }

    /// The value under it must not be shown or hashed; the message and the help hold nothing of it.
    pub(crate) fn secret(self) -> Self {
        self.with(|f| {
            f.secret = true;
            f.quotes = Quotes::Nothing;
            f.fingerprint = fingerprint(&f.rule, f.object.as_ref(), &f.path, "");
        })
    }

    /// What of it may hold the value.
    pub(crate) fn quotes(self, quotes: Quotes) -> Self {
        self.with(|f| f.quotes = quotes)
    }

    /// It holds for these of the target releases only.
    pub(crate) fn only(self, releases: Releases) -> Self {
        self.with(|f| f.releases = Some(releases))
    }
}

/// The path of a node that stays when items are added before it: list items by their name, else `*`.
fn stable_path(node: Node<'_>) -> String {
    let mut steps = Vec::new();
    let mut current = node;
    while let Some(parent) = current.parent() {
        steps.push(if parent.kind() == NodeKind::Seq {
            match current
                .field("name")
                .and_then(Node::text)
                .or_else(|| current.text())
            {
                Some(name) => format!("[{}]", name.split('=').next().unwrap_or(name)),
                None => "*".to_owned(),
            }
        } else {
            current
                .key_node()
                .unwrap_or(current)
                .key()
                .unwrap_or_default()
                .into_owned()
        });
        current = parent;
    }
    steps
        .iter()
        .rev()
        .fold(String::new(), |path, step| path + "/" + step)
}
