//! One chunk → what it says, located in its file; the tree is gone afterwards.

use super::RuleSet;
use super::conceal::conceal;
use super::finish::MAX_FACTS_PER_FILE;
use super::registry::Rule;
use super::suppress::{Suppression, ignores};
use super::{NoteKind, secret_spans, subsume, suppress};
use crate::check::{self, Check, Cx, Findings, RuleContext};
use crate::component::{self, Instance, InstanceContext, is_system_pod};
use crate::documents::{self, Analysed, DocumentContext, DocumentFacts, Repository};
use crate::finding::{Applicability, Finding, Fix, Label, Quotes, State, fingerprint};
use crate::ids;
use crate::kube::{Completeness, Object, PodSpec, PolicyRule, may_become_anything};
use crate::model::{Severity, Text};
use crate::schema;
use crate::secrets::{self, locate::ExposedSecrets};
use crate::text::{Encoding, FileId, FileSpan, FileSpanSet, Span, SpanSet, one_line};
use crate::yaml::{
    self, Chunk, Document, Format, Limits, Node, NodeKind, NodeSpan, Parsed, Provenance,
    ReaderProblem, Rendered, decode_scalar, parse,
};
use std::borrow::Cow;
use std::cell::LazyCell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

/// Documents inside of documents inside of documents: more than anybody writes.
pub(super) const MAX_NESTING: usize = 4;

/// A file whose chunks are analysed.
pub struct Input<'t> {
    /// Its number.
    pub file: FileId,
    /// Its path from the root.
    pub path: &'t str,
    /// Its text.
    pub text: &'t str,
    /// How the file was written; UTF-8 unless the caller says otherwise.
    pub encoding: Encoding,
    /// Rules that the configuration switches off for it.
    pub off: &'t [DisabledRule],
    /// What is asked of the whole text: once, however many chunks it has.
    ours: OnceLock<bool>,
    of_kubeadm: OnceLock<bool>,
    of_template: OnceLock<bool>,
}

impl<'t> Input<'t> {
    /// A file with its number, its path from the root and its text, and the rules that are off for it.
    pub fn new(file: FileId, path: &'t str, text: &'t str, off: &'t [DisabledRule]) -> Self {
        Self {
            file,
            path,
            text,
            encoding: Encoding::Utf8,
            off,
            ours: OnceLock::new(),
            of_kubeadm: OnceLock::new(),
            of_template: OnceLock::new(),
        }
    }

    fn looks_like_manifest(&self) -> bool {
        *self
            .ours
            .get_or_init(|| documents::looks_like_manifest(self.text))
    }

    /// Whether all of it is a template, since some of its lines control one.
    fn is_template(&self) -> bool {
        *self
            .of_template
            .get_or_init(|| yaml::has_template_lines(self.text))
    }

    /// Whether some of its documents may be kubeadm's.
    fn names_kubeadm(&self) -> bool {
        let named = || self.text.contains("kubeadm.k8s.io");
        *self.of_kubeadm.get_or_init(named)
    }
}

/// A rule that is switched off for a file.
#[derive(Clone, Debug)]
pub struct DisabledRule {
    /// The rule.
    pub rule: String,
    /// Where that is written.
    pub by: Label,
    /// Why.
    pub reason: Option<String>,
}

/// What a chunk says. Its places are those of files: of its own, or of those that it was put together from.
#[derive(Default)]
pub struct ChunkReport {
    /// Findings in the order of the rules.
    pub findings: Vec<Finding>,
    /// Why something of it was not checked: the reason and where it begins.
    pub notes: Vec<(NoteKind, FileSpan)>,
    /// What no output may show, where that was looked for.
    pub secrets: Vec<FileSpan>,
    /// Where the chunk begins, if its secrets were looked for.
    pub(crate) searched: Option<u32>,
    /// What set rules need.
    pub facts: Vec<DocumentFacts>,
    /// Its suppressions of set rules' findings.
    pub(crate) ignores: Vec<Suppression>,
    /// How many findings of a rule were not kept.
    pub(crate) over: Vec<(Text, usize)>,
    /// Kubernetes objects in it.
    pub objects: usize,
    /// Whether a defect of kubevet cut it short.
    pub panicked: bool,
}

/// Checks one chunk of a file.
pub fn analyse(
    input: &Input<'_>,
    chunk: &Chunk,
    rules: &RuleSet<'_>,
    repository: &Repository,
) -> ChunkReport {
    // A defect of one rule on one document must not cost the rest of the run.
    let checked = catch_unwind(AssertUnwindSafe(|| {
        let mut analysis = Analysis {
            input,
            rules,
            repository,
            report: ChunkReport::default(),
            found: Findings::default(),
            scope: 0,
        };
        analysis.chunk(chunk);
        analysis.finish(chunk)
    }));
    checked.unwrap_or_else(|_| panicked(input, chunk, rules))
}

fn panicked(input: &Input<'_>, chunk: &Chunk, rules: &RuleSet<'_>) -> ChunkReport {
    let message = "an internal error of kubevet stopped the check of this document";
    let at = Provenance::chunk(input.file, chunk.span.start).locate(Span::empty(0));
    let finding = |policy| Finding::new(policy, at.clone(), message.to_owned(), message);
    let findings = rules
        .get(ids::kubevet::PANIC)
        .map(finding)
        .into_iter()
        .collect();
    // Nothing is known of its secrets, so nothing of it is shown.
    ChunkReport {
        findings,
        secrets: vec![FileSpan {
            file: input.file,
            span: chunk.span,
        }],
        searched: Some(chunk.span.start),
        panicked: true,
        ..ChunkReport::default()
    }
}

struct Analysis<'a> {
    input: &'a Input<'a>,
    rules: &'a RuleSet<'a>,
    repository: &'a Repository,
    report: ChunkReport,
    found: Findings,
    /// Numbers what rules look at.
    scope: u32,
}

impl Analysis<'_> {
    fn finish(mut self, chunk: &Chunk) -> ChunkReport {
        if self.rules.only_facts {
            return ChunkReport {
                facts: self.report.facts,
                ..ChunkReport::default()
            };
        }
        if self.rules.subsumes {
            subsume::apply(&mut self.found.list, self.rules);
        }
        if self.rules.applies_suppressions {
            self.report.ignores = suppress::apply(
                &mut self.found,
                std::mem::take(&mut self.report.ignores),
                self.rules,
            );
        }
        for finding in &mut self.found.list {
            configure(finding, self.input.off, self.rules);
        }
        if !self.found.list.is_empty() {
            let Input {
                file, path, text, ..
            } = self.input;
            self.report.secrets = secret_spans::of_chunk(*file, path, text, chunk);
            self.report.searched = Some(chunk.span.start);
            let secrets: FileSpanSet = self.report.secrets.iter().copied().collect();
            conceal(&mut self.found.list, &secrets, self.rules);
        }
        self.report.over = self.found.over();
        self.report.findings = self.found.list;
        self.report
    }

    fn chunk(&mut self, chunk: &Chunk) {
        let text = chunk.span.text(self.input.text);
        let rendered_from = yaml::helm_source(text).map(|template| {
            Arc::new(Rendered {
                template: template.to_owned(),
                hook: None,
            })
        });
        let file = self.input.file;
        let mut provenance = Provenance::chunk(file, chunk.span.start).rendered(rendered_from);
        provenance.editable = self.input.encoding.is_verbatim();
        if chunk.text_after_separator.is_some() && self.input.looks_like_manifest() {
            // The dashes stand right before the chunk.
            let whole = Provenance::chunk(file, 0).rendered(provenance.rendered_from.clone());
            self.reader_finding(
                ids::yaml::GLUED_SEPARATOR,
                &whole,
                chunk.text_after_separator.unwrap_or_default(),
                "text follows this `---` on the same line, so kubectl rejects the file from here",
                None,
            );
        }
        let within = DocumentContext {
            path: self.input.path,
            completeness: Completeness::Complete,
            counts: true,
            depth: 0,
        };
        if documents::may_contain_manifest(within.path, text) {
            self.document(
                text,
                &provenance,
                chunk.format,
                chunk.text_after_separator.is_some(),
                within,
            );
        } else {
            self.non_object(text, &provenance, chunk);
        }
        for facts in &mut self.report.facts {
            facts.chunk = chunk.span.start;
        }
    }

    /// Adds a finding of the reader, if its rule is enabled.
    fn reader_finding(
        &mut self,
        rule: &str,
        provenance: &Provenance,
        span: Span,
        message: &str,
        object: Option<Object<'_>>,
    ) -> Option<&mut Finding> {
        let policy = self.rules.get(rule)?;
        let object = object.map(Object::reference);
        let at = provenance.locate(span);
        let fingerprint = fingerprint(&policy.id, object.as_ref(), "", message);
        let finding = Finding {
            object,
            rendered_from: provenance.rendered_from.clone(),
            ..Finding::with_fingerprint(policy, at, message.to_owned(), fingerprint)
        };
        if !self.found.room(&policy.id) {
            return None;
        }
        self.found.list.push(finding);
        self.found.list.last_mut()
    }

    /// A document that is not an object in a file with objects: kubectl rejects a scalar or a list.
    fn non_object(&mut self, text: &str, provenance: &Provenance, chunk: &Chunk) {
        // A tab alone on its line is no blank to kubectl.
        let blank =
            |line: &str| line.trim_matches(' ').is_empty() || line.trim_start().starts_with('#');
        let skipped = match chunk.format {
            Format::Json => true,
            Format::NotJson => false,
            _ => text.lines().all(blank),
        };
        if skipped || !self.input.looks_like_manifest() {
            return;
        }
        let mut parsed = parse(text, provenance.clone(), chunk.format, Limits::default());
        parsed.template = parsed.template && self.input.is_template();
        let Some(document) = &parsed.document else {
            return self.unread(
                text,
                provenance,
                &parsed,
                chunk.text_after_separator.is_some(),
                0,
            );
        };
        let root = document.root();
        let before = self.input.text.get(..chunk.span.start as usize);
        let behind_json = before.is_some_and(|text| text.trim_end().ends_with('}'));
        match root.kind() {
            NodeKind::Null => return,
            // Somebody's values in front of the objects, say, unless it goes on where JSON ended.
            NodeKind::Map if !behind_json => return,
            _ => {}
        }
        let line = root.span().text(text).lines().next().map_or(0, str::len);
        let span = Span::new(root.span().start, root.span().start + Span::of(0..line).end);
        self.reader_finding(
            ids::yaml::NOT_AN_OBJECT,
            &document.provenance,
            span,
            "this document is not an object, so kubectl rejects it and the file",
            None,
        );
    }

    fn document(
        &mut self,
        text: &str,
        provenance: &Provenance,
        format: Format,
        text_after_separator: bool,
        mut within: DocumentContext<'_>,
    ) {
        let depth = within.depth;
        let mut parsed = parse(text, provenance.clone(), format, Limits::default());
        let Some(mut document) = parsed.document.take() else {
            // The text of a nested document may be written with escapes.
            parsed.template = parsed.template
                && (self.input.is_template() || depth > 0 && yaml::has_template_lines(text));
            self.unread(text, provenance, &parsed, text_after_separator, depth);
            return;
        };
        let refused = |p: &ReaderProblem| p.rule == ids::yaml::INVALID_KEY;
        if parsed.problems.iter().any(refused)
            && self.input.is_template()
            && document.nodes().any(Node::is_unquoted_template)
        {
            self.note(NoteKind::Template, provenance);
            return;
        }
        if depth == 0 {
            tell_hook(&mut document);
        }
        let objects = documents::objects(&document, within.path);
        // A comment can say that a missing part is computed, as it can suppress a finding.
        if self.rules.applies_suppressions && !objects.is_empty() && document.has_computed_values()
        {
            within.completeness = Completeness::Partial;
            self.note(NoteKind::Template, provenance);
        }
        let root = Object::of(document.root());
        let ours = root.or_else(|| objects.first().copied());
        if ours.is_none() && depth == 0 && documents::looks_like_manifest(text) {
            // The object is not what kubectl reads of the document: it stands behind the end, or below a template.
            parsed.template =
                parsed.problems.iter().all(|p| {
                    p.rule == ids::yaml::INVALID_KEY || p.rule == ids::yaml::DROPPED_DOCUMENT
                }) && document.root().kind() == NodeKind::Map;
            self.unread(text, provenance, &parsed, text_after_separator, depth);
        }
        if !(within.counts || ours.is_some_and(documents::counts_when_nested)) {
            return;
        }
        if root.is_some() {
            let wanted = self.rules.fixes && !text_after_separator;
            let duplicates = |p: &ReaderProblem| p.rule == ids::yaml::DUPLICATE_KEY;
            let dropped = wanted && parsed.problems.iter().any(duplicates);
            let dropped = dropped.then(|| document.dropped_keys());
            for problem in parsed.problems {
                let finding = self.problem(&problem, &document.provenance, root);
                let earlier = dropped.as_ref().filter(|_| duplicates(&problem));
                let earlier = earlier.and_then(|d| d.get(&problem.span.start));
                if let Some((finding, earlier)) = finding.zip(earlier) {
                    finding.fix = remove_dropped(&document, *earlier);
                }
            }
        }
        if depth == 0 {
            self.report.objects += objects.len();
            if objects.is_empty() {
                self.incomplete(&document);
            }
            self.misnamed(&document, within.completeness);
        }
        let exposed_secrets: Vec<ExposedSecrets> =
            objects.iter().map(|_| ExposedSecrets::default()).collect();
        // Asked for by few objects.
        let secrets =
            LazyCell::new(|| secrets::secret_spans(&document, &objects, &exposed_secrets));
        for (object, exposed_secrets) in objects.iter().zip(&exposed_secrets) {
            self.object(*object, within, exposed_secrets, &secrets);
        }
        let ignores = ignores(&document, &objects, self.rules.registry);
        self.report.ignores.extend(ignores);
    }

    /// An object that lacks only its kind or version, so that kubectl rejects it.
    fn incomplete(&mut self, document: &Document<'_>) {
        let root = document.root();
        let text = |key: &str| root.field(key)?.as_str().filter(|text| !text.is_empty());
        let lacking = match (text("apiVersion"), text("kind")) {
            (Some(_), None) => "kind",
            (None, Some(kind)) if schema::is_kind(kind) => "apiVersion",
            _ => return,
        };
        let named = root.at(&["metadata", "name"]).is_some();
        if !named || self.repository.is_partial(self.input.path) {
            return;
        }
        let written = root.field(lacking);
        if let Some(value) = written.filter(|value| value.text() != Some("")) {
            self.no_string(document, lacking, value, text("apiVersion"));
            return;
        }
        let misspelt = root
            .pairs()
            .map(|(key, _)| key)
            .find(|key| key.text().is_some_and(|k| k.eq_ignore_ascii_case(lacking)));
        let node_span = misspelt.map_or_else(|| root.lacking(), NodeSpan::from);
        let node_span = written
            .and_then(Node::key_node)
            .map_or(node_span, NodeSpan::from);
        let found = self.reader_finding(
            ids::schema::MISSING_FIELD,
            &document.provenance,
            node_span.span,
            &format!("`{lacking}` is missing, so kubectl rejects this object"),
            None,
        );
        if let Some(finding) = found.filter(|_| misspelt.is_some()) {
            finding.help = format!("Keys are case-sensitive; write `{lacking}`.").into();
        }
    }

    /// An apiVersion or a kind that is no string, of an object that Kubernetes would have.
    fn no_string(
        &mut self,
        document: &Document<'_>,
        key: &str,
        value: Node<'_>,
        api_version: Option<&str>,
    ) {
        let builtin = api_version.is_none_or(schema::is_api_version);
        if !builtin || may_become_anything(value) {
            return;
        }
        let at = match value.kind() {
            NodeKind::Seq | NodeKind::Map => value.lacking(),
            _ => value.into(),
        };
        let message = format!("`{key}` must be a string, so kubectl rejects this object");
        self.reader_finding(
            ids::schema::TYPE,
            &document.provenance,
            at.span,
            &message,
            None,
        );
    }

    /// A file of a component that lacks its version or kind, or has an unknown one. A scalar can contain a patch.
    fn misnamed(&mut self, document: &Document<'_>, completeness: Completeness) {
        if completeness == Completeness::Partial || self.repository.is_partial(self.input.path) {
            return;
        }
        let Some(misnamed) = schema::misnamed(document.root()) else {
            return;
        };
        let found = self.reader_finding(
            ids::component_config::INVALID_VALUE,
            &document.provenance,
            misnamed.at.span,
            &misnamed.message,
            None,
        );
        if let Some(finding) = found {
            finding.help = misnamed.help.into();
        }
    }

    /// A chunk that kubectl cannot read: a finding if it was meant as an object or is in a file with one, else a note.
    fn unread(
        &mut self,
        text: &str,
        provenance: &Provenance,
        parsed: &Parsed<'_>,
        text_after_separator: bool,
        depth: usize,
    ) {
        let Some(first) = parsed.problems.first() else {
            return;
        };
        let config = depth > 0
            && ["kubeadm.k8s.io/", ".config.k8s.io/"]
                .iter()
                .any(|group| text.contains(group));
        let ours = config
            || depth == 0
                && (documents::looks_like_manifest(text) || self.input.looks_like_manifest());
        let what = match first.rule {
            ids::yaml::TOO_DEEP => NoteKind::TooDeep,
            _ if parsed.template => NoteKind::Template,
            _ => NoteKind::NotYaml,
        };
        if ours && what != NoteKind::Template {
            if !text_after_separator {
                parsed
                    .problems
                    .iter()
                    .for_each(|p| _ = self.problem(p, provenance, None));
            }
        } else if depth == 0 || config {
            self.note(what, provenance);
        }
    }

    /// That a document was not checked, or not all of it.
    fn note(&mut self, what: NoteKind, provenance: &Provenance) {
        let start = provenance.locate(Span::empty(0)).primary;
        self.report.notes.push((what, start));
    }

    fn problem(
        &mut self,
        problem: &ReaderProblem,
        provenance: &Provenance,
        object: Option<Object<'_>>,
    ) -> Option<&mut Finding> {
        let ReaderProblem {
            rule,
            span,
            message,
            ..
        } = problem;
        let message = &in_words_of_reader(problem, message, object);
        let finding = self.reader_finding(rule, provenance, *span, message, object)?;
        if !matches!(problem.rule, ids::yaml::DUPLICATE_KEY | ids::yaml::NOT_JSON) {
            finding.quotes = Quotes::Nothing;
        }
        if let Some(help) = &problem.help {
            finding.help = help.clone().into();
        }
        if let Some((span, text)) = problem.related {
            finding
                .related
                .push(Label::new(provenance.locate(span), text));
        }
        Some(finding)
    }

    fn object(
        &mut self,
        object: Object<'_>,
        within: DocumentContext<'_>,
        exposed_secrets: &ExposedSecrets,
        secrets: &LazyCell<SpanSet, impl FnOnce() -> SpanSet>,
    ) {
        // Not by the object itself: `$patch` does not make a patch of an object that is applied as it is.
        let path = self.input.path;
        let completeness = if self.repository.is_partial(path) || component::is_drop_in(path) {
            Completeness::Partial
        } else {
            within.completeness
        };
        if within.counts || documents::counts_when_nested(object) {
            let (instances, dangers) = self.rules(object, completeness, within, exposed_secrets);
            let read = component::is_config(object.gvk.group);
            let judged = (within.depth == 0 || read) && self.rules.needs_schemas();
            let known = judged.then(|| schema::Known::of(object));
            if let Some(known) = known.filter(|_| !self.rules.only_facts) {
                self.schema(known, completeness);
            }
            let custom = known.filter(|known| !read && !known.is_builtin());
            let (rules, context) = (self.rules, self.context(object, completeness));
            let published = custom.map(|known| {
                move || {
                    let judged = !rules.only_facts;
                    judged.then(|| published(known, context, rules)).flatten()
                }
            });
            let analysed = Analysed {
                object,
                completeness,
                within,
                instances: &instances,
                dangers: self.found.list.get(dangers).unwrap_or_default(),
                published: published.as_ref().map(|published| published as _),
            };
            if rules.needs_sets() {
                // One more than a file may have, so that it is seen to have more.
                let room = (MAX_FACTS_PER_FILE + 1).saturating_sub(self.report.facts.len());
                let facts = DocumentFacts::of(&analysed).take(room);
                self.report.facts.extend(facts);
            }
        }
        if within.depth >= MAX_NESTING {
            return;
        }
        for (scalar, within) in documents::nested_texts(object, within.depth) {
            let Some(text) = scalar.as_str() else {
                continue;
            };
            let patch = within.completeness == Completeness::Partial;
            let ours = |text| patch || documents::may_contain_manifest(within.path, text);
            if !ours(text) {
                continue;
            }
            let Some(map) = decode_scalar(scalar) else {
                continue;
            };
            let before = (self.found.list.len(), self.report.facts.len());
            for chunk in documents::chunks(within.path, text) {
                let inner = chunk.span.text(text);
                if ours(inner) {
                    let provenance = scalar.document().provenance.nest(&map.window(chunk.span));
                    let text_after_separator = chunk.text_after_separator.is_some();
                    self.document(
                        inner,
                        &provenance,
                        chunk.format,
                        text_after_separator,
                        within,
                    );
                }
            }
            if secrets.holds(scalar.target().span()) {
                self.bury(object, scalar, before);
            }
        }
    }

    /// What was found in a scalar that is all secret is told of the object around it: names and keys in it are a part of the secret.
    fn bury(&mut self, object: Object<'_>, scalar: Node<'_>, before: (usize, usize)) {
        let (findings, facts) = before;
        let (around, path) = (object.reference(), scalar.path());
        for finding in self.found.list.iter_mut().skip(findings) {
            finding.object = Some(around.clone());
            finding.path.clone_from(&path);
            (finding.secret, finding.quotes) = (false, Quotes::Message);
        }
        for facts in self.report.facts.iter_mut().skip(facts) {
            facts.object = Some(around.clone());
        }
    }

    /// What an API server, or the program that reads the file, would reject: the version first, since a wrong one says nothing about the rest.
    fn schema(&mut self, known: schema::Known<'_>, completeness: Completeness) {
        let object = known.object;
        let targets = self.rules.targets;
        if known.is_older(targets) {
            let at = object.node.document().locate(object.node.span()).primary;
            self.report.notes.push((NoteKind::Untyped, at));
        }
        let strict = self.rules.context(self.repository).strict;
        let pinned = self.rules.asked.is_some();
        let problems = match schema::versions(known, targets) {
            Some(problem) if problem.rule != ids::api::DEPRECATED_VERSION => vec![problem],
            of_version => {
                let mut found = schema::validate(known, targets, completeness, strict, pinned);
                found.extend(schema::validate_carried(object, targets));
                found.extend(of_version);
                found
            }
        };
        let context = self.context(object, completeness);
        for problem in problems {
            self.scope += 1;
            report_problem(problem, context, self.rules, self.scope, &mut self.found);
        }
    }

    /// What rules are told of an object.
    fn context<'o>(&self, object: Object<'o>, completeness: Completeness) -> RuleContext<'o>
    where
        Self: 'o,
    {
        RuleContext {
            object: Some(object),
            path: self.input.path,
            completeness,
            ..self.rules.context(self.repository)
        }
    }

    /// Asks the rules. What it returns, facts are read from: the components that the object configures, and which findings are about
    /// the rules of a role.
    fn rules<'o>(
        &mut self,
        object: Object<'o>,
        completeness: Completeness,
        within: DocumentContext<'_>,
        exposed_secrets: &ExposedSecrets,
    ) -> (Vec<Instance<'o>>, Range<usize>) {
        let rules = self.rules;
        let context = RuleContext {
            exposed_secrets: Some(exposed_secrets),
            ..self.context(object, completeness)
        };
        let namespaced = matches!(object.gvk.kind, "Role" | "RoleBinding");
        let asked =
            |rule: &&Rule<'_>| !(rules.subsumes && namespaced && rule.0.skip_namespaced_roles);
        let of_kind = rules.of_kind(object.gvk.group, object.gvk.kind);
        self.each(
            rules.objects.iter().chain(of_kind.iter()).filter(asked),
            context,
            |(policy, check), cx| match check {
                Check::Object(run) => run(object, cx),
                _ => check::object(policy, object, cx),
            },
        );
        if let Some(pod) = PodSpec::of(object) {
            self.pod(pod, context);
        }
        let before = self.found.list.len();
        for rule in PolicyRule::of(object) {
            self.each(
                rules.policy_rules.iter().filter(asked),
                context,
                |(policy, check), cx| match check {
                    Check::PolicyRule(run) => run(rule, cx),
                    _ => check::policy_rule(policy, rule, cx),
                },
            );
        }
        let dangers = before..self.found.list.len();
        let around = InstanceContext {
            path: within.path,
            asked: rules.asked,
            beside_kubeadm: object.gvk.group == "kubelet.config.k8s.io"
                && self.input.names_kubeadm(),
        };
        let mut instances = Instance::of(object, around);
        for instance in &mut instances {
            if completeness == Completeness::Partial {
                instance.completeness = Completeness::Partial;
            }
            self.each(
                rules.of_component(instance.component),
                context,
                |(policy, check), cx| match check {
                    Check::Component(run) | Check::ComponentAndSet(run, _) => run(instance, cx),
                    _ => check::component(policy, instance, cx),
                },
            );
        }
        (instances, dangers)
    }

    fn pod(&mut self, pod: PodSpec<'_>, context: RuleContext<'_>) {
        let rules = self.rules;
        let spared = rules.subsumes && is_system_pod(pod);
        let asked = |rule: &&Rule<'_>| !(spared && rule.0.skip_system_pods);
        // Each container's rules get the number that its place in this list has.
        let containers = pod.containers().map(|c| c.node.span());
        let mut parts: Vec<(Span, u32)> = containers
            .chain(pod.volumes().map(Node::span))
            .zip(self.scope + 1..)
            .collect();
        let last = parts.last().map_or(self.scope, |(_, scope)| *scope);
        parts.sort_unstable_by_key(|(span, _)| span.start);
        let context = RuleContext {
            parts: &parts,
            ..context
        };
        for container in pod.containers() {
            self.each(
                rules.containers.iter().filter(asked),
                context,
                |(policy, check), cx| match check {
                    Check::Container(run) => run(container, cx),
                    _ => check::container(policy, container, cx),
                },
            );
        }
        self.scope = last;
        self.each(
            rules.pods.iter().filter(asked),
            context,
            |(policy, check), cx| match check {
                Check::Pod(run) => run(pod, cx),
                _ => check::pod(policy, pod, cx),
            },
        );
    }

    /// Runs rules over one thing that they look at.
    fn each<'r>(
        &mut self,
        rules: impl IntoIterator<Item = &'r Rule<'r>>,
        context: RuleContext<'_>,
        run: impl Fn(Rule<'_>, &mut Cx<'_>),
    ) {
        self.scope += 1;
        for rule in rules {
            run(
                rule,
                &mut Cx::new(&rule.0, context, self.scope, &mut self.found),
            );
        }
    }
}

/// The message of a reader problem in a file that another program than kubectl reads: what it does with a repeated key.
fn in_words_of_reader<'m>(
    problem: &ReaderProblem,
    message: &'m str,
    object: Option<Object<'_>>,
) -> Cow<'m, str> {
    let key =
        (problem.rule == ids::yaml::DUPLICATE_KEY).then(|| message.split_once(", so kubectl "));
    match (key.flatten(), object.and_then(schema::reader)) {
        (Some((key, _)), Some(reader)) if reader.refuses => {
            format!("{key}, so {} rejects the file", reader.name).into()
        }
        (Some((key, fate)), Some(reader)) => format!("{key}, so {} {fate}", reader.name).into(),
        _ => message.into(),
    }
}

/// What the definition that a custom resource's project has published says is wrong with it; `None` where there is none.
fn published(
    known: schema::Known<'_>,
    context: RuleContext<'_>,
    rules: &RuleSet<'_>,
) -> Option<Vec<Finding>> {
    let problems = schema::validate_published(known, rules.targets, context.completeness)?;
    let mut found = Findings::default();
    for problem in problems {
        report_problem(problem, context, rules, 0, &mut found);
    }
    Some(found.list)
}

/// Leaves the one of two equal keys that is used.
fn remove_dropped(document: &Document<'_>, earlier: Node<'_>) -> Option<Fix> {
    Some(Fix {
        title: "Remove the earlier of the two, which kubectl drops",
        applicability: Applicability::Unsafe,
        edits: vec![document.remove_pair(earlier)?],
    })
}

/// Keeps with a rendered document when Helm applies it by itself.
fn tell_hook(document: &mut Document<'_>) {
    if document.provenance.rendered_from.is_none() {
        return;
    }
    let object = Object::of(document.root());
    let hook = object.and_then(|object| object.annotation("helm.sh/hook"));
    let hook = hook.map(|hook| one_line(hook.to_owned()));
    if let Some(rendered) = &mut document.provenance.rendered_from {
        Arc::make_mut(rendered).hook = hook;
    }
}

/// Makes a finding of a problem with an object's shape. What a fragment lacks may stand elsewhere.
pub(super) fn report_problem(
    problem: schema::SchemaProblem<'_>,
    context: RuleContext<'_>,
    rules: &RuleSet<'_>,
    scope: u32,
    found: &mut Findings,
) {
    let Some(policy) = rules.get(problem.rule) else {
        return;
    };
    let mut cx = Cx::new(policy, context, scope, found);
    let draft = if problem.missing {
        cx.missing_for(problem.releases, problem.node_span, problem.message)
    } else {
        cx.report_for(problem.releases, problem.node_span, problem.message)
    };
    let mut draft = draft.quotes(problem.quotes);
    if problem.tolerated {
        draft = draft.severity(Severity::Medium);
    }
    if let Some((at, text)) = problem.related {
        draft = draft.related(at, text);
    }
    if let Some(help) = problem.help {
        draft.help(sentence(&help));
    }
}

/// A clause as a sentence: with a capital and a period.
fn sentence(clause: &str) -> String {
    let mut rest = clause.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    let end = if clause.ends_with(['.', '?', '…']) {
        ""
    } else {
        "."
    };
    first.into_iter().chain(rest).chain(end.chars()).collect()
}

/// Gives a finding the severity and the silence that the configuration asks for.
pub(super) fn configure(finding: &mut Finding, off: &[DisabledRule], rules: &RuleSet<'_>) {
    if let Some(severity) = rules.severities.get(finding.rule.as_ref()) {
        finding.severity = *severity;
    }
    if let Some(off) = off.iter().find(|off| off.rule == finding.rule) {
        finding.state = State::Suppressed {
            by: off.by.clone(),
            reason: off.reason.clone(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Registry;
    use crate::finding::Releases;
    use crate::model::Profile;

    fn panics(_: Object<'_>, _: &mut Cx<'_>) {
        panic!("on purpose");
    }

    #[test]
    fn a_defect_of_one_rule_is_a_finding_and_costs_only_its_document() {
        let registry = Registry::default();
        let policy = registry.policy(ids::tls::INGRESS_WITHOUT_TLS);
        let policy = policy.unwrap().clone();
        let registry = Registry::with(vec![(policy, Check::Object(panics))]);
        let newest = Releases::only(Releases::NEWEST);
        let rules = RuleSet::new(&registry, Profile::Default, newest);
        let text = "apiVersion: networking.k8s.io/v1\nkind: Ingress\n---\napiVersion: v1\nkind: Pod\nspec: {hostPID: true}\n";
        let input = Input::new(FileId(0), "a.yaml", text, &[]);
        let analysed: Vec<_> = yaml::split(text)
            .iter()
            .map(|chunk| analyse(&input, chunk, &rules, &Repository::default()))
            .collect();
        assert!(analysed[0].panicked);
        assert_eq!(analysed[0].findings[0].rule, ids::kubevet::PANIC);
        assert_eq!(
            analysed[0].secrets,
            [FileSpan {
                file: FileId(0),
                span: Span::new(0, 47)
            }],
            "nothing of the document is shown"
        );
        assert!(
            analysed[1]
                .findings
                .iter()
                .any(|f| f.rule == ids::pod::HOST_PID)
        );
    }
}
