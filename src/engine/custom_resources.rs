//! Custom resources against the definitions of the repository. Only when all files are read is it known who belongs to whom: then the
//! documents of both are read once more, and nobody else pays for it.

use super::analyse::report_problem;
use super::{FileReport, Note, NoteKind, RuleSet};
use crate::check::{Findings, RuleContext};
use crate::documents::{self, CustomFacts, Fact, Repository, ancestors};
use crate::ids;
use crate::kube::Object;
use crate::schema::{self, Definition, MAX_PROBLEMS, Patterns, SchemaProblem, UserSchema};
use crate::text::{FileId, SourceFile, Span};
use crate::yaml::{Document, KeyFilter, Limits, Node, Provenance, Rendered, parse, parse_part};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// A custom resource or a definition, and where it is.
#[derive(Clone, Copy)]
struct Kept<'a> {
    facts: &'a CustomFacts,
    rendered_from: Option<&'a Arc<Rendered>>,
    file: FileId,
    source: &'a SourceFile,
    chunk: u32,
}

/// The rule that says of a custom resource that nothing defines it, where the user wants that.
const MISSING: &str = ids::schema::MISSING_DEFINITION;

/// What a definition calls its rules in CEL.
const RULES: &str = "x-kubernetes-validations";

/// The definitions of a kind.
#[derive(Default)]
struct Definitions<'a> {
    /// By the length of their text and the text: of equal ones the first stands for all.
    known: BTreeMap<(usize, &'a str), Kept<'a>>,
    /// Those that have a copy in a folder or file, or below it; of too many one too many.
    within: HashMap<&'a str, Vec<Kept<'a>>>,
    /// Whether one has rules in CEL.
    has_rules: bool,
}

/// Definitions that are equally near are compared up to this many; of more, nobody knows which is meant.
const MAX_EQUAL_DEFINITIONS: usize = 8;

impl<'a> Definitions<'a> {
    fn add(&mut self, definition: Kept<'a>) {
        let text = definition.text();
        let one = *self.known.entry((text.len(), text)).or_insert_with(|| {
            self.has_rules |= text.contains(RULES);
            definition
        });
        for folder in ancestors(&definition.source.path) {
            let here = self.within.entry(folder).or_default();
            if here.len() <= MAX_EQUAL_DEFINITIONS && !here.iter().any(|known| known.is(&one)) {
                here.push(one);
            }
        }
    }

    /// Those that share most of their path with a file; none where they are too many.
    fn nearest(&self, path: &str) -> &[Kept<'a>] {
        let near = ancestors(path).find_map(|folder| self.within.get(folder));
        let few = near.filter(|near| near.len() <= MAX_EQUAL_DEFINITIONS);
        few.map(Vec::as_slice).unwrap_or_default()
    }
}

/// Checks the custom resources of the files that are reported; those that nobody defines become notes.
pub(super) fn findings(
    files: &[Arc<FileReport>],
    rules: &RuleSet<'_>,
    repository: &Repository,
    found: &mut Findings,
    notes: &mut Vec<Note>,
) {
    let kept = kept(files);
    let mut definitions: HashMap<_, Definitions<'_>> = HashMap::new();
    // In lower case, for those who write a kind otherwise.
    let mut kinds_of: HashMap<(&str, String), &str> = HashMap::new();
    for (_, definition) in kept.iter().filter(|(_, k)| k.facts.defines) {
        let (group, kind) = definition.key();
        let known = kinds_of.entry((group, kind.to_lowercase())).or_insert(kind);
        *known = (*known).min(kind);
        definitions
            .entry((group, kind))
            .or_default()
            .add(*definition);
    }
    let mut undefined: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    // Told once a kind, as what nobody defines.
    let mut expressions: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let demanded = rules.get(MISSING).is_some();
    let mut pairs = Vec::new();
    let resources = kept.iter().filter(|(_, k)| !k.facts.defines);
    for (_, resource) in resources.filter(|(reported, _)| *reported) {
        let known = definitions.get(&resource.key());
        let published = resource.facts.published.as_ref();
        let near = known.map(|known| known.nearest(&resource.source.path));
        let near = near.unwrap_or_default();
        // A copy for tests, often cut down, says nothing of the cluster that other files are for.
        let for_tests = !near.is_empty() && near.iter().all(|d| d.is_for_tests_only(resource));
        let known = known.filter(|_| !(for_tests && published.is_some()));
        let near = if known.is_some() { near } else { &[] };
        let CustomFacts {
            group,
            version,
            kind,
            ..
        } = resource.facts;
        // What the repository defines itself is the truth about it.
        let published = published.filter(|_| known.is_none());
        let meant = || {
            let kinds = schema::singulars(kind).into_iter();
            let meant = kinds.filter_map(|kind| kinds_of.get(&(group.as_str(), kind)));
            meant.min().copied()
        };
        let unknown = known.is_none() && published.is_none();
        let by = if let Some(given) = rules.given(group, version, kind) {
            By::UserSchema(given)
        } else if let Some(kind) = unknown.then(meant).flatten() {
            By::Other(kind)
        } else if !near.is_empty() {
            if known.is_some_and(|known| known.has_rules) {
                *expressions.entry(resource.key()).or_default() += 1;
            }
            By::Definitions(near)
        } else if let Some(findings) = published {
            let before = found.list.len();
            found.list.extend(findings.iter().cloned());
            resource.marks(found, before);
            continue;
        } else if demanded {
            By::Nothing
        } else {
            *undefined.entry(resource.key()).or_default() += 1;
            continue;
        };
        pairs.push((*resource, by));
    }
    let kinds = [
        (NoteKind::Undefined, undefined),
        (NoteKind::Expressions, expressions),
    ];
    for (what, kinds) in kinds.into_iter().filter(|_| rules.notes_undefined) {
        notes.extend(of_kinds(what, kinds));
    }
    check(&pairs, rules, repository, found, notes);
}

/// What is kept of the files, in their order, and whether each is reported.
fn kept(files: &[Arc<FileReport>]) -> Vec<(bool, Kept<'_>)> {
    let mut kept = Vec::new();
    for file in files {
        for facts in &file.said.facts {
            if let Fact::Custom(custom) = &facts.fact {
                let one = Kept {
                    facts: custom,
                    rendered_from: facts.rendered_from.as_ref(),
                    file: file.id,
                    source: &file.source,
                    chunk: facts.chunk,
                };
                kept.push((file.reported, one));
            }
        }
    }
    kept
}

impl<'a> Kept<'a> {
    fn key(&self) -> (&'a str, &'a str) {
        (&self.facts.group, &self.facts.kind)
    }

    fn place(&self) -> At {
        (self.file, self.chunk, self.facts.span.start)
    }

    /// Says of the findings from a place of the list on what it was rendered from.
    fn marks(&self, found: &mut Findings, from: usize) {
        let new = found.list.get_mut(from..).unwrap_or_default();
        new.iter_mut()
            .for_each(|f| f.rendered_from = self.rendered_from.cloned());
    }

    /// Whether it lies among the data of tests, and another does not lie among the same.
    fn is_for_tests_only(&self, other: &Self) -> bool {
        let folder = documents::test_folder(&self.source.path);
        folder.is_some() && folder != documents::test_folder(&other.source.path)
    }

    /// Whether it is the same one as another.
    fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.facts, other.facts)
    }

    fn text(&self) -> &'a str {
        let span = self.facts.span;
        let (start, end) = (self.chunk + span.start, self.chunk + span.end);
        Span::new(start, end).text(&self.source.text)
    }
}

/// What a resource is judged by.
enum By<'a> {
    /// The schema that the user gives.
    UserSchema(&'a UserSchema),
    /// The definitions that it may be of.
    Definitions(&'a [Kept<'a>]),
    /// Nothing, and that is to be told.
    Nothing,
    /// That another kind is defined, which was meant.
    Other(&'a str),
}

impl<'a> By<'a> {
    fn definitions(&self) -> &'a [Kept<'a>] {
        match self {
            By::Definitions(definitions) => definitions,
            _ => &[],
        }
    }
}

type Pair<'a> = (Kept<'a>, By<'a>);

fn check(
    pairs: &[Pair<'_>],
    rules: &RuleSet<'_>,
    repository: &Repository,
    found: &mut Findings,
    notes: &mut Vec<Note>,
) {
    let resources = Documents::of(pairs.iter().map(|(resource, _)| resource), None);
    let objects = resources.objects();
    // A definition is long, and its resources use little of it.
    let part = KeyFilter {
        under: "properties",
        keys: resources.keys(),
    };
    let definitions = pairs.iter().flat_map(|(_, by)| by.definitions());
    let definitions = Documents::of(definitions, Some(&part));
    let defining = definitions.objects();
    let defining: HashMap<_, _> = defining
        .into_iter()
        .map(|(place, object)| (place, Definition::of(object)))
        .collect();
    let mut patterns = Patterns::default();
    let mut costly: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (scope, (resource, by)) in (0..).zip(pairs) {
        let Some(of_resource) = objects.get(&resource.place()).copied() else {
            continue;
        };
        let mut complete = true;
        let completeness = resource.facts.completeness;
        let problems = match by {
            By::UserSchema(given) => {
                let judged = given.check(of_resource, rules.targets);
                complete &= judged.is_some();
                judged.unwrap_or_default()
            }
            By::Definitions(of_kind) => {
                let read = of_kind.iter().filter_map(|d| defining.get(&d.place()));
                let judged = read.map(|definition| {
                    let (problems, gave_up) = schema::validate_custom(
                        of_resource,
                        definition,
                        rules.targets,
                        completeness,
                        &mut patterns,
                    );
                    complete &= !gave_up && problems.len() < MAX_PROBLEMS;
                    problems
                });
                agreed(judged.collect())
            }
            By::Other(kind) => vec![schema::misspelt(of_resource, kind, rules.targets)],
            By::Nothing => vec![schema::undefined(of_resource, rules.targets)],
        };
        if !complete {
            *costly.entry(resource.key()).or_default() += 1;
        }
        let context = RuleContext {
            object: Some(of_resource),
            path: &resource.source.path,
            completeness,
            ..rules.context(repository)
        };
        let before = found.list.len();
        for problem in problems {
            report_problem(problem, context, rules, scope, found);
        }
        resource.marks(found, before);
    }
    notes.extend(of_kinds(NoteKind::Costly, costly));
}

/// A note for each kind, with how many of it.
fn of_kinds(what: NoteKind, kinds: BTreeMap<(&str, &str), usize>) -> impl Iterator<Item = Note> {
    kinds.into_iter().map(move |((group, kind), n)| Note {
        what,
        about: format!("{kind}.{group}"),
        line: 0,
        detail: format!("{n}"),
    })
}

/// What all definitions that may be meant agree on.
fn agreed(mut judged: Vec<Vec<SchemaProblem<'_>>>) -> Vec<SchemaProblem<'_>> {
    let Some(mut first) = judged.pop() else {
        return Vec::new();
    };
    for other in &judged {
        let same: HashSet<_> = other.iter().map(told).collect();
        first.retain(|problem| same.contains(&told(problem)));
    }
    first
}

/// What a problem says, and where.
fn told<'p>(problem: &'p SchemaProblem<'_>) -> (&'static str, Span, &'p str) {
    (problem.rule, problem.node_span.span, &problem.message)
}

/// Documents that are read again, by file and chunk.
struct Documents<'a>(HashMap<(FileId, u32), (&'a str, Document<'a>)>);

/// A document: its file and chunk, and the file's path.
type Read<'a> = ((FileId, u32), (&'a str, Document<'a>));

/// A file, a chunk of it, and where an object begins in that.
type At = (FileId, u32, u32);

impl<'a> Documents<'a> {
    /// Those that hold some objects, or a part of them.
    fn of<'k>(kept: impl Iterator<Item = &'k Kept<'a>>, part: Option<&KeyFilter<'_>>) -> Self
    where
        'a: 'k,
    {
        let mut wanted: BTreeMap<FileId, (&SourceFile, BTreeSet<u32>)> = BTreeMap::new();
        for one in kept {
            let of_file = wanted.entry(one.file);
            let (_, chunks) = of_file.or_insert((one.source, BTreeSet::new()));
            chunks.insert(one.chunk);
        }
        let of_file = |(file, (source, chunks))| documents(file, source, &chunks, part);
        Self(wanted.into_iter().flat_map(of_file).collect())
    }

    /// The objects in them, each by where it is.
    fn objects(&self) -> HashMap<At, Object<'_>> {
        let documents = self.0.iter();
        let objects = documents.flat_map(|((file, chunk), (path, document))| {
            let objects = documents::objects(document, path).into_iter().rev();
            objects.map(|object| ((*file, *chunk, object.node.span().start), object))
        });
        objects.collect()
    }

    /// All keys in them.
    fn keys(&self) -> HashSet<&str> {
        let documents = self.0.values().map(|(_, document)| document);
        let nodes = documents.flat_map(Document::nodes);
        let keys = nodes.flat_map(Node::pairs).map(|(key, _)| key);
        keys.filter_map(Node::text).collect()
    }
}

/// The documents of some chunks of a file.
fn documents<'a>(
    file: FileId,
    source: &'a SourceFile,
    wanted: &BTreeSet<u32>,
    part: Option<&KeyFilter<'_>>,
) -> Vec<Read<'a>> {
    let text: &str = &source.text;
    let chunks = documents::chunks(&source.path, text).into_iter();
    let chunks = chunks.filter(|chunk| wanted.contains(&chunk.span.start));
    let read = chunks.filter_map(|chunk| {
        let base = chunk.span.start;
        let inner = chunk.span.text(text);
        let place = Provenance::chunk(file, base);
        let document = match part {
            Some(part) => parse_part(inner, place, chunk.format, part),
            None => parse(inner, place, chunk.format, Limits::default()).document,
        };
        Some(((file, base), (source.path.as_str(), document?)))
    });
    read.collect()
}
