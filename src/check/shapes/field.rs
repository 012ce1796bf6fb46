//! A field of a container, a pod or an object has, or lacks, a value.

use super::{Draft, NAMELESS, Parameters, Run, View, fits_any, is};
use crate::component::kubeadm_parts::{KubeadmSection, Which};
use crate::component::number;
use crate::kube::address::{Url, is_loopback, is_private};
use crate::kube::is_unresolved;
use crate::model::{FieldShape, Literal, Path, Point, Presence, Section, Step, UrlKind};
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

pub(super) fn run(run: &mut Run<'_, '_>, field: &FieldShape, view: View<'_>) {
    let Some(section) = field.section else {
        return each_holder(field, view, view.root, &mut |holder| {
            judge(run, field, view, holder);
        });
    };
    let wanted = match section {
        Section::Any => None,
        Section::Cluster => Some(Which::Cluster),
        Section::Init => Some(Which::Init),
        Section::Join => Some(Which::Join),
    };
    for section in KubeadmSection::of(view.object) {
        if wanted.is_none_or(|which| which == section.which) {
            each_holder(field, view, section.node, &mut |holder| {
                judge(run, field, view, holder);
            });
        }
    }
}

/// What a field looks at one by one.
fn each_holder<'d>(
    field: &FieldShape,
    view: View<'d>,
    from: Node<'d>,
    visit: &mut dyn FnMut(Node<'d>),
) {
    if field.each.is_empty() {
        visit(from);
    }
    for path in field.each.iter() {
        walk(view, from, &path.0, visit);
    }
}

fn judge<'d>(run: &mut Run<'_, '_>, field: &FieldShape, view: View<'d>, holder: Node<'d>) {
    let counts = OnceCell::new();
    let counts = || *counts.get_or_init(|| matters(field, view, holder));
    let mut texts: Option<HashMap<_, _>> = None;
    let mut absent = true;
    for path in field.path.iter() {
        walk(view, holder, &path.0, &mut |node| {
            absent = false;
            let earlier = field.repeated.as_ref().and_then(|text| {
                let first = *texts
                    .get_or_insert_default()
                    .entry(node.text()?)
                    .or_insert(node);
                (first.id() != node.id()).then_some((first, text))
            });
            if (earlier.is_some() || fails(field, view, node)) && counts() {
                let at = point(node, field.at);
                let draft = report(run, field, view, holder, Some(node), at);
                if let Some((first, text)) = earlier {
                    draft.related(first, &**text);
                }
            }
        });
    }
    if absent && may_lack(field, holder) && counts() {
        let place = field.lacks_at.as_ref();
        let place = place.and_then(|path| first(view, holder, path));
        let at = match (place, field.path.first()) {
            (Some(place), _) => point(place, field.at),
            (None, path) => lacking(holder, path),
        };
        report(run, field, view, holder, None, at);
    }
}

fn report<'c, 'd>(
    run: &'c mut Run<'_, '_>,
    field: &FieldShape,
    view: View<'d>,
    holder: Node<'d>,
    node: Option<Node<'d>>,
    at: NodeSpan<'d>,
) -> Draft<'c> {
    let holds = run.releases();
    let value = |name: &str| -> Option<Cow<'d, str>> {
        if let Some((_, path)) = field.values.iter().find(|(own, _)| own == name) {
            let text = first(view, holder, path).and_then(Node::text);
            return Some(text.unwrap_or(NAMELESS).into());
        }
        Some(match name {
            "name" => view.object.name().unwrap_or(NAMELESS).into(),
            "kind" => view.object.gvk.kind.into(),
            "container" => view.container.into(),
            "value" => node?.text()?.into(),
            "key" => node?.key_node()?.key()?,
            _ => return None,
        })
    };
    let draft = run.report(at, holds, field.whole || node.is_none(), value);
    let related = field.related.iter();
    let related = related.filter_map(|r| Some((first(view, holder, &r.path)?, r)));
    related.fold(draft, |draft, (node, related)| {
        draft.related(point(node, related.at), &*related.text)
    })
}

/// What of a node is pointed at.
fn point(node: Node<'_>, point: Point) -> NodeSpan<'_> {
    match point {
        Point::Value => node.into(),
        Point::Key => node.key_node().unwrap_or(node).into(),
        Point::Head => node.lacking(),
    }
}

/// What lacks a field: the innermost of what should hold it that is there.
fn lacking<'d>(holder: Node<'d>, path: Option<&Path>) -> NodeSpan<'d> {
    let mut at = holder;
    for step in path.iter().flat_map(|path| path.0.iter()) {
        match step {
            Step::Key(key) => match at.field(key) {
                Some(inner) => at = inner,
                None => break,
            },
            _ => break,
        }
    }
    at.lacking()
}

/// An item of a list that is null is one without any field.
fn may_lack(field: &FieldShape, holder: Node<'_>) -> bool {
    let item = || holder.parent().is_some_and(|p| p.kind() == NodeKind::Seq);
    let collection = matches!(holder.kind(), NodeKind::Map | NodeKind::Seq);
    field.value.contains(&Presence::Absent) && (collection || holder.is_null() && item())
}

/// Whether what a field depends on is so.
fn matters<'d>(field: &FieldShape, view: View<'d>, holder: Node<'d>) -> bool {
    let is_so = |condition: &FieldShape| satisfied(condition, view, holder);
    field.when.iter().all(is_so) && !field.unless.iter().any(is_so)
}

fn satisfied<'d>(condition: &FieldShape, view: View<'d>, from: Node<'d>) -> bool {
    let mut so = false;
    each_holder(condition, view, from, &mut |holder| {
        let (mut absent, mut failed) = (true, false);
        for path in condition.path.iter() {
            walk(view, holder, &path.0, &mut |node| {
                absent = false;
                failed = failed || fails(condition, view, node);
            });
        }
        let failed = failed || absent && may_lack(condition, holder);
        so = so || failed && matters(condition, view, holder);
    });
    so
}

/// The first value at a path.
fn first<'d>(view: View<'d>, from: Node<'d>, path: &Path) -> Option<Node<'d>> {
    let mut found = None;
    walk(view, from, &path.0, &mut |node| {
        found.get_or_insert(node);
    });
    found
}

/// The values at a path: see `Path`.
fn walk<'d>(view: View<'d>, node: Node<'d>, steps: &[Step], visit: &mut dyn FnMut(Node<'d>)) {
    let Some((step, rest)) = steps.split_first() else {
        return visit(node);
    };
    let mut on = |node| walk(view, node, rest, visit);
    match step {
        Step::Root => on(view.object.node),
        Step::Key(key) => node.field(key).into_iter().for_each(on),
        Step::Items => node.items().for_each(on),
        Step::Index(index) => node.items().nth(*index).into_iter().for_each(on),
        Step::Named(field, value) => {
            let named = |item: &Node<'d>| item.field(field).and_then(Node::text) == Some(value);
            node.items().filter(named).for_each(on);
        }
        Step::Parameter(name) => {
            let keys = view.parameters.get(name).iter();
            keys.filter_map(|key| node.field(key)).for_each(on);
        }
        Step::Values => node.entries().for_each(|(_, value)| on(value)),
        Step::Within => {
            let holds = |n: &Node<'d>| {
                !n.is_alias()
                    && (rest.is_empty() || matches!(n.kind(), NodeKind::Map | NodeKind::Seq))
            };
            node.within().filter(holds).for_each(on);
        }
    }
}

/// Whether a value is one of those that fail.
fn fails(field: &FieldShape, view: View<'_>, node: Node<'_>) -> bool {
    let (text, parameters) = (node.text(), view.parameters);
    field.is.iter().any(|literal| is(parameters, literal, node))
        || !field.matches.is_empty() && text.is_some_and(|t| fits_any(&field.matches, t))
        || is_none_of(parameters, field, node)
        || has_limit(field) && text.and_then(number).is_some_and(|n| exceeds(field, n))
        || field
            .url
            .is_some_and(|kind| node.as_str().is_some_and(|t| leads_to(kind, t)))
        || field.value.iter().any(|presence| has(*presence, node))
}

fn is_none_of(parameters: Parameters<'_>, field: &FieldShape, node: Node<'_>) -> bool {
    if field.is_not.is_empty() && field.matches_not.is_empty() {
        return false;
    }
    let known = |text: &str| {
        field.is_not.iter().any(|literal| match literal {
            Literal::Str(s) => text == s,
            other => is(parameters, other, node),
        }) || fits_any(&field.matches_not, text)
    };
    node.text()
        .is_some_and(|text| !node.is_null() && !known(text) && !is_unresolved(text))
}

fn has_limit(field: &FieldShape) -> bool {
    field.above.is_some() || field.below.is_some() || field.at_most.is_some()
}

fn exceeds(field: &FieldShape, number: f64) -> bool {
    field.above.is_some_and(|limit| number > limit)
        || field.below.is_some_and(|limit| number < limit)
        || field.at_most.is_some_and(|limit| number <= limit)
}

fn leads_to(kind: UrlKind, text: &str) -> bool {
    let url = || Url::parse(text).filter(|_| !is_unresolved(text));
    match kind {
        UrlKind::Plain => url().is_some_and(|url| url.is_plain()),
        UrlKind::Loopback => url().is_some_and(|url| is_loopback(url.host)),
        UrlKind::Private => url().is_some_and(|url| url.scheme == "https" && is_private(url.host)),
    }
}

fn has(presence: Presence, node: Node<'_>) -> bool {
    let empty = match node.kind() {
        NodeKind::Map | NodeKind::Seq => node.is_empty(),
        _ => node.text() == Some(""),
    };
    match presence {
        Presence::Absent => node.is_null(),
        Presence::Empty => empty && !node.is_null(),
        Presence::Present => !node.is_null(),
        Presence::Filled => !empty && !node.is_null(),
    }
}
