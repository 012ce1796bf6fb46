//! Command lines: the words of a list or of a shell script, and the flags among them as pflag reads them.

use super::{ComponentKind, Flag, Setting};
use crate::kube::is_unresolved;
use crate::yaml::{Node, NodeSpan};
use std::borrow::Cow;

/// A word of a command line: its text, the scalar that holds it, and where it begins in the scalar's text.
#[derive(Clone, Debug)]
pub(super) struct Word<'d> {
    pub(super) text: Cow<'d, str>,
    pub(super) node: Node<'d>,
    pub(super) at: usize,
}

impl<'d> Word<'d> {
    /// A scalar that is one word.
    pub(super) fn of(node: Node<'d>) -> Option<Self> {
        Some(Self {
            text: node.text()?.into(),
            node,
            at: 0,
        })
    }

    /// Its first bytes; all of its scalar where quotes within make them stand elsewhere.
    fn node_span(&self, len: usize) -> NodeSpan<'d> {
        let start = self.text.get(..len);
        match self.raw(self.at).zip(start) {
            Some((raw, start)) if raw.starts_with(start) => self.node.part(self.at, self.at + len),
            _ => self.node.into(),
        }
    }

    /// Where what follows its first bytes stands in the scalar, in quotes of its own or not.
    fn rest_at(&self, len: usize) -> Option<usize> {
        let rest = self.text.get(len..)?;
        let at = self.at + len;
        let stands = |at: &usize| self.raw(*at).is_some_and(|raw| raw.starts_with(rest));
        [at, at + 1].into_iter().find(stands)
    }

    fn raw(&self, at: usize) -> Option<&'d str> {
        self.node.text()?.get(at..)
    }
}

/// The last part of a path.
pub(super) fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Flags of a command line.
pub(super) struct Flags<'d> {
    /// In their order.
    pub(super) settings: Vec<Setting<'d>>,
    /// Whether a word is filled in later, which may be any further flags.
    pub(super) open: bool,
}

/// `--flag=value`, `--flag value` and `--flag`: a boolean takes its value with `=` only. etcd's flags may have one dash.
pub(super) fn flags<'d>(component: Option<ComponentKind>, words: &[Word<'d>]) -> Flags<'d> {
    let mut found = Flags {
        settings: Vec::new(),
        open: false,
    };
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let one_dash = component == Some(ComponentKind::Etcd) || word.text.starts_with("-v");
        let flag = word.text.strip_prefix("--").or_else(|| {
            word.text
                .strip_prefix('-')
                .filter(|_| one_dash && !word.text.starts_with("--"))
        });
        let Some(flag) = flag.filter(|f| !f.is_empty()) else {
            found.open |= is_unresolved(&word.text);
            continue;
        };
        let dashes = word.text.len() - flag.len();
        if let Some((name, value)) = flag.split_once('=') {
            found.settings.push(Setting {
                name: name.to_owned().into(),
                spelling: format!("--{name}").into(),
                value: value.to_owned().into(),
                node: word.node,
                at: word.rest_at(dashes + name.len() + 1),
                name_span: word.node_span(dashes + name.len()),
            });
            continue;
        }
        let boolean = component
            .and_then(|c| Flag::of(c, flag).first())
            .is_some_and(|f| f.boolean);
        let value = if boolean {
            None
        } else {
            words.next_if(|next| !next.text.starts_with('-'))
        };
        let (value, node, at) = match value {
            Some(value) => (value.text.clone(), value.node, value.rest_at(0)),
            None => ("true".into(), word.node, None),
        };
        found.settings.push(Setting {
            name: flag.to_owned().into(),
            spelling: format!("--{flag}").into(),
            value,
            node,
            at,
            name_span: word.node_span(word.text.len()),
        });
    }
    found
}

/// The words of a shell script's last simple command, from `from` on in the scalar's text.
pub(super) fn shell_words(script: Node<'_>, from: usize) -> Vec<Word<'_>> {
    let text = script
        .text()
        .and_then(|t| t.get(from..))
        .unwrap_or_default();
    let mut words = Vec::new();
    let mut word: Option<(usize, String)> = None;
    let mut quote = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                // A quoted word begins behind its quote, so that offsets of plain values stay right.
                word.get_or_insert((at + 1, String::new()));
                quote = Some(c);
            }
            (None | Some('"'), '\\') => match chars.next() {
                Some((_, '\n' | '\r')) | None => {}
                Some((_, next)) => word.get_or_insert((at + 1, String::new())).1.push(next),
            },
            (None, ' ' | '\t' | '\n' | '\r') => words.extend(word.take()),
            (None, ';' | '|' | '&') => {
                word = None;
                words.clear();
            }
            (_, c) => word.get_or_insert((at, String::new())).1.push(c),
        }
    }
    words.extend(word);
    let words = words.into_iter().map(|(at, text)| Word {
        text: text.into(),
        node: script,
        at: from + at,
    });
    words.collect()
}

/// The component among the words, the first one that is a program's name, and what follows it.
pub(super) fn component<'a, 'd>(words: &'a [Word<'d>]) -> Option<(ComponentKind, &'a [Word<'d>])> {
    let named = |w: &Word<'_>| {
        // A flag's value may be called like a program: `--data-dir=/var/lib/etcd`.
        let program = Some(basename(&w.text)).filter(|_| !w.text.starts_with('-'));
        program.and_then(ComponentKind::named)
    };
    let start = words.iter().position(|w| named(w).is_some())?;
    let component = named(words.get(start)?)?;
    Some((component, words.get(start + 1..).unwrap_or_default()))
}
