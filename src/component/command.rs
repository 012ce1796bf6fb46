//! Command lines: the words of a list or of a shell script, and the flags among them as pflag reads them.

use super::{ComponentKind, Flag, FlagType, Setting};
use crate::kube::is_unresolved;
use crate::text::last_part;
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
    last_part(path, b'/')
}

/// Flags of a command line.
pub(super) struct Flags<'d> {
    /// In their order.
    pub(super) settings: Vec<Setting<'d>>,
    /// Whether a word is filled in later, which may be any further flags.
    pub(super) open: bool,
}

/// `--flag=value`, `--flag value` and `--flag`: a boolean takes its value with `=` only, others take the next word, whatever it is. `-v` is
/// `--v`. etcd's flags may have one dash.
pub(super) fn flags<'d>(component: Option<ComponentKind>, words: &[Word<'d>]) -> Flags<'d> {
    let mut found = Flags {
        settings: Vec::new(),
        open: false,
    };
    let of_go = component == Some(ComponentKind::Etcd);
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let two = word.text.strip_prefix("--");
        let one = word.text.strip_prefix('-');
        let flag = match (two, one) {
            (Some(flag), _) => Some(flag),
            (None, Some(flag)) if of_go || component.is_none() => {
                Some(flag).filter(|f| of_go || f.starts_with('v'))
            }
            (None, Some(flag)) => Some(flag).filter(|f| f.starts_with('v')),
            (None, None) => None,
        };
        let Some(flag) = flag.filter(|f| !f.is_empty() && !f.starts_with('=')) else {
            // Dots stand for what a document leaves out.
            found.open |= is_unresolved(&word.text) || matches!(&*word.text, "..." | "…");
            found.stray(component, word);
            if word.text == "--" {
                for word in words.by_ref() {
                    found.stray(component, word);
                }
            }
            continue;
        };
        let dashes = word.text.len() - flag.len();
        let attached = shorthand_value(component, two.is_none(), flag);
        if let Some((name, value)) = attached.or_else(|| flag.split_once('=')) {
            let sign = flag.len() - value.len();
            found.settings.push(Setting {
                name: normalized(component, name),
                spelling: format!("--{name}").into(),
                value: value.to_owned().into(),
                node: word.node,
                at: word.rest_at(dashes + sign),
                name_span: word.node_span(dashes + name.len()),
            });
            continue;
        }
        let name = normalized(component, flag);
        let known = component.and_then(|c| Flag::of(c, &name).first());
        let value = match known.map(|f| f.ty) {
            Some(FlagType::Bool | FlagType::Version) => None,
            Some(_) if !of_go => words.next(),
            _ => words.next_if(|next| !next.text.starts_with('-')),
        };
        let (value, node, at) = match value {
            Some(value) => (value.text.clone(), value.node, value.rest_at(0)),
            None => ("true".into(), word.node, None),
        };
        found.settings.push(Setting {
            name,
            spelling: format!("--{flag}").into(),
            value,
            node,
            at,
            name_span: word.node_span(word.text.len()),
        });
    }
    found
}

/// The programs of Kubernetes take `_` for `-`.
fn normalized(component: Option<ComponentKind>, name: &str) -> Cow<'static, str> {
    match component {
        None | Some(ComponentKind::Etcd) => name.to_owned().into(),
        Some(_) => name.replace('_', "-").into(),
    }
}

/// The value right behind the one letter of a flag: `-v2`.
fn shorthand_value(
    component: Option<ComponentKind>,
    one_dash: bool,
    flag: &str,
) -> Option<(&str, &str)> {
    let short = one_dash && !matches!(component, None | Some(ComponentKind::Etcd));
    let (name, value) = flag.split_at_checked(1).filter(|_| short)?;
    let value = value.strip_prefix('=').unwrap_or(value);
    (!value.is_empty()).then_some((name, value))
}

impl<'d> Flags<'d> {
    /// Keeps a word that is no flag, if it is a scalar of its own: in a script others may be the shell's. Only the kubelet minds an empty one.
    fn stray(&mut self, component: Option<ComponentKind>, word: &Word<'d>) {
        let own = word.node.text() == Some(&*word.text) && component.is_some();
        let empty = word.text.is_empty() && component != Some(ComponentKind::Kubelet);
        if own
            && !empty
            && !matches!(&*word.text, "--" | "-h" | "..." | "…")
            && !is_unresolved(&word.text)
        {
            let setting = Setting::stray(word.node, word.text.clone());
            self.settings.push(setting);
        }
    }
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
