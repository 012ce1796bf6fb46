//! Custom resources against the definitions of the repository. Only when all files are read is it known who belongs to whom: then the
//! documents of both are read once more, and nobody else pays for it.

use super::analyse::tell;
use super::{FileReport, Note, RuleSet, What};
use crate::check::{About, Cx, Found};
use crate::kube::{self, Body, CustomFacts, Object, Repository};
use crate::schema::{self, Problem};
use crate::text::{FileId, SourceFile, SourceMap};
use crate::yaml::{Document, Limits, Place, parse};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A custom resource or a definition, and where it is.
#[derive(Clone, Copy)]
struct Kept<'a> {
    facts: &'a CustomFacts,
    file: FileId,
    source: &'a SourceFile,
    chunk: u32,
}

/// The rule that says of a custom resource that nothing defines it, where the user wants that.
const MISSING: &str = "schema/missing-definition";

/// Definitions that are equally near are compared up to this many; of more, nobody knows which is meant.
const MANY: usize = 8;

/// Checks the custom resources of the files that are reported; those that nobody defines become notes.
pub(super) fn findings(
    files: &[(FileId, FileReport)],
    sources: &SourceMap,
    rules: &RuleSet,
    found: &mut Found,
    notes: &mut Vec<Note>,
) {
    let kept = kept(files, sources);
    let key = |k: &Kept<'_>| (k.facts.group.clone(), k.facts.kind.clone());
    let mut definitions: HashMap<_, Vec<Kept<'_>>> = HashMap::new();
    for definition in kept.iter().filter(|(_, k)| k.facts.defines) {
        let of_kind = definitions.entry(key(&definition.1)).or_default();
        of_kind.push(definition.1);
    }
    let mut undefined: BTreeMap<(String, String), usize> = BTreeMap::new();
    let demanded = rules.get(MISSING).is_some();
    let mut pairs = Vec::new();
    for (reported, resource) in kept.iter().filter(|(_, k)| !k.facts.defines) {
        match definitions.get(&key(resource)) {
            Some(known) => pairs.push((*resource, Some(nearest(known, &resource.source.path)))),
            None if *reported && demanded => pairs.push((*resource, None)),
            None if *reported => *undefined.entry(key(resource)).or_default() += 1,
            None => {}
        }
    }
    let worth_it = undefined.into_iter().filter(|_| rules.notes_undefined);
    notes.extend(worth_it.map(|((group, kind), n)| Note {
        what: What::Undefined,
        about: format!("{kind}.{group}"),
        line: 0,
        detail: format!("{n}"),
    }));
    check(&pairs, rules, found);
}

/// What is kept of the files, in their order, and whether each is reported.
fn kept<'a>(files: &'a [(FileId, FileReport)], sources: &'a SourceMap) -> Vec<(bool, Kept<'a>)> {
    let mut kept = Vec::new();
    for (id, report) in files {
        let Some(source) = sources.get(*id) else {
            continue;
        };
        for facts in report.facts() {
            if let Body::Custom(custom) = &facts.body {
                let one = Kept {
                    facts: custom,
                    file: *id,
                    source,
                    chunk: facts.chunk,
                };
                kept.push((report.reported, one));
            }
        }
    }
    kept
}

/// Those that share most of their path with a file; none where they are too many.
fn nearest<'a>(known: &[Kept<'a>], path: &str) -> Vec<Kept<'a>> {
    let shared = |other: &str| {
        let parts = path.split('/').zip(other.split('/'));
        (parts.take_while(|(a, b)| a == b).count(), other == path)
    };
    let best = known.iter().map(|k| shared(&k.source.path)).max();
    let near = known
        .iter()
        .filter(|k| Some(shared(&k.source.path)) == best);
    let near: Vec<_> = near.copied().collect();
    if near.len() > MANY { Vec::new() } else { near }
}

/// A resource and the definitions that it may be of; `None` where there is none at all.
type Pair<'a> = (Kept<'a>, Option<Vec<Kept<'a>>>);

fn check(pairs: &[Pair<'_>], rules: &RuleSet, found: &mut Found) {
    let both = pairs
        .iter()
        .flat_map(|(r, ds)| std::iter::once(r).chain(ds.iter().flatten()));
    let wanted: BTreeSet<(FileId, u32)> = both.clone().map(|k| (k.file, k.chunk)).collect();
    let by_place: HashMap<_, _> = both.map(|k| ((k.file, k.chunk), *k)).collect();
    let documents: HashMap<_, _> = wanted
        .into_iter()
        .filter_map(|place| Some((place, document(by_place.get(&place)?)?)))
        .collect();
    let object = |k: &Kept<'_>| -> Option<Object<'_>> {
        let document = documents.get(&(k.file, k.chunk))?;
        let objects = kube::objects(document, &k.source.path).into_iter();
        let mut own = objects.filter(|o| o.node.span().start == k.facts.start);
        own.next()
    };
    let repository = Repository::default();
    for (scope, (resource, definitions)) in (0..).zip(pairs) {
        let Some(of_resource) = object(resource) else {
            continue;
        };
        let judged = definitions.iter().flatten().filter_map(|d| {
            let whole = resource.facts.whole;
            Some(schema::validate_custom(
                of_resource,
                object(d)?,
                rules.targets,
                whole,
            ))
        });
        let problems = match definitions {
            Some(_) => agreed(judged.collect()),
            None => vec![schema::undefined(of_resource, rules.targets)],
        };
        for problem in problems {
            let Some(policy) = rules.get(problem.rule) else {
                continue;
            };
            let about = About {
                object: Some(of_resource),
                path: &resource.source.path,
                whole: resource.facts.whole,
                ..rules.about(&repository)
            };
            tell(problem, Cx::new(policy, about, scope, found));
        }
    }
}

/// What all definitions that may be meant agree on.
fn agreed(mut judged: Vec<Vec<Problem<'_>>>) -> Vec<Problem<'_>> {
    let Some(mut first) = judged.pop() else {
        return Vec::new();
    };
    let same = |a: &Problem<'_>, b: &Problem<'_>| {
        (a.rule, a.spot.span, &a.message) == (b.rule, b.spot.span, &b.message)
    };
    first.retain(|p| judged.iter().all(|other| other.iter().any(|q| same(p, q))));
    first
}

/// The document of a chunk, read again.
fn document<'a>(kept: &Kept<'a>) -> Option<Document<'a>> {
    let text: &str = &kept.source.text;
    let chunks = kube::chunks(&kept.source.path, text);
    let chunk = chunks.iter().find(|c| c.span.start == kept.chunk)?;
    let place = Place::Chunk {
        file: kept.file,
        base: chunk.span.start,
    };
    parse(
        chunk.span.text(text),
        place,
        chunk.format,
        Limits::default(),
    )
    .document
}
