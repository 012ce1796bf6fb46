//! `"…".format([…])`: whether the values are of the types that the clauses take.

use super::Problem;
use super::parse::{Expr, Id, Literal, Tree};
use super::types::Type;

/// Nodes that belong to a call of `format`, whose list holds values of several types.
pub(super) fn arguments(tree: &Tree<'_>) -> Vec<bool> {
    let mut marked: Vec<bool> = vec![false; tree.nodes.len()];
    let mut open: Vec<Id> = Vec::new();
    for node in &tree.nodes {
        if let Expr::Call { of, name, args } = &node.expr
            && *name == "format"
        {
            open.extend(args.iter().chain(of).copied());
        }
    }
    while let Some(id) = open.pop() {
        match marked.get_mut(id) {
            Some(mark) if !*mark => *mark = true,
            _ => continue,
        }
        match tree.expr(id) {
            Some(Expr::Select { of, .. }) => open.push(*of),
            Some(Expr::Call { of, args, .. }) => open.extend(args.iter().chain(of)),
            Some(Expr::List(items)) => open.extend(items.iter().map(|(id, _)| *id)),
            Some(Expr::Map(pairs)) => open.extend(pairs.iter().flat_map(|(k, v, _)| [*k, *v])),
            Some(Expr::Message { fields, .. }) => open.extend(fields.iter().map(|(_, id, _)| *id)),
            Some(Expr::Loop(each)) => open.extend([each.range, each.init, each.step, each.result]),
            Some(Expr::Literal(_) | Expr::Name(..)) | None => {}
        }
    }
    marked
}

/// The first call whose clauses and values do not fit.
pub(super) fn check(tree: &Tree<'_>, types: &[Type]) -> Result<(), Problem> {
    for node in &tree.nodes {
        let Expr::Call {
            of: Some(of),
            name: "format",
            args,
        } = &node.expr
        else {
            continue;
        };
        let (Some(Expr::Literal(Literal::Text(text))), [list]) = (tree.expr(*of), args.as_slice())
        else {
            continue;
        };
        if let Some(Expr::List(items)) = tree.expr(*list) {
            let items: Vec<Id> = items.iter().map(|(id, _)| *id).collect();
            let span = tree.span(*of);
            let used = clauses(tree, types, text, &items).map_err(|(id, message)| {
                Problem::new(id.map_or(span.clone(), |id| tree.span(id)), message)
            })?;
            if let Some(more) = items.get(used) {
                let message = format!("`format` gets {} values for {used} clauses", items.len());
                return Err(Problem::new(tree.span(*more), message));
            }
        }
    }
    Ok(())
}

/// How many values the clauses of a text take, or what is wrong: of a value, or of the text.
fn clauses(
    tree: &Tree<'_>,
    types: &[Type],
    text: &str,
    items: &[Id],
) -> Result<usize, (Option<Id>, String)> {
    let mut used = 0;
    let mut parts = text.split('%');
    parts.next();
    while let Some(part) = parts.next() {
        if part.is_empty()
            && let Some(_) = parts.next()
        {
            continue;
        }
        let mut clause = part;
        if let Some(after) = part.strip_prefix('.') {
            clause = after.trim_start_matches(|c: char| c.is_ascii_digit());
            if clause.len() == after.len() {
                return Err((None, "a precision is a number: `%.2f`".to_owned()));
            }
        }
        let Some(kind) = clause.chars().next() else {
            return Err((
                None,
                "a clause does not end: write `%%` for the sign itself".to_owned(),
            ));
        };
        let Some(item) = items.get(used) else {
            let message = format!("`format` gets {} values for more clauses", items.len());
            return Err((None, message));
        };
        used += 1;
        if !matches!(kind, 's' | 'd' | 'f' | 'e' | 'b' | 'x' | 'X' | 'o') {
            return Err((None, format!("there is no clause `%{kind}`")));
        }
        misfit(tree, types, kind, *item)?;
    }
    Ok(used)
}

/// The value that a clause does not take.
fn misfit(tree: &Tree<'_>, types: &[Type], kind: char, id: Id) -> Result<(), (Option<Id>, String)> {
    let ty = types.get(id).unwrap_or(&Type::Error);
    let fits = match ty {
        Type::Dyn | Type::Error => true,
        Type::Int | Type::Uint => !matches!(kind, 'f' | 'e'),
        Type::Double => matches!(kind, 's' | 'f' | 'e'),
        Type::Text => matches!(kind, 's' | 'f' | 'e' | 'x' | 'X'),
        Type::Bool => matches!(kind, 's' | 'b'),
        Type::Timestamp | Type::Duration | Type::Null => matches!(kind, 's'),
        Type::Bytes => matches!(kind, 's' | 'x' | 'X'),
        Type::List(_) | Type::Map(_) | Type::Of(_) => kind == 's',
        _ => false,
    };
    if !fits {
        return Err((
            Some(id),
            format!("`%{kind}` does not take a value of type {ty}"),
        ));
    }
    if kind != 's' {
        return Ok(());
    }
    match tree.expr(id) {
        Some(Expr::List(items)) => items
            .iter()
            .try_for_each(|(item, _)| misfit(tree, types, kind, *item)),
        Some(Expr::Map(pairs)) => pairs.iter().try_for_each(|(key, value, _)| {
            misfit(tree, types, kind, *key)?;
            misfit(tree, types, kind, *value)
        }),
        _ => Ok(()),
    }
}
