//! Changes of a document as changes of the files that it came from. A change that could touch anything else is none.

use super::tree::{Document, Node, NodeKind, Style};
use crate::text::{Edit, FileEdit, Span};
use std::collections::HashMap;

impl Document<'_> {
    /// The change of a file that replaces bytes of this document: none unless they stand in one file just so.
    pub fn edit(&self, span: Span, text: &str) -> Option<FileEdit> {
        let at = self.provenance.verbatim(span)?;
        // The scalar, or template, around it may read anything else otherwise.
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/');
        let fits = self.provenance.is_chunk() || text.bytes().all(plain);
        fits.then(|| FileEdit {
            file: at.file,
            edit: Edit {
                span: at.span,
                text: text.to_owned(),
            },
        })
    }

    /// Gives a value another text.
    pub fn replace(&self, value: Node<'_>, text: &str) -> Option<FileEdit> {
        let from = value.key_node()?.span().end;
        let before = Span::new(from, value.span().start).text(self.text);
        // An alias may stand for it elsewhere.
        (!before.contains(MARKS)).then(|| self.edit(value.span(), text))?
    }

    /// Takes a pair out of a map, with the lines that are its own; of a flow map one that another pair follows.
    pub fn remove_pair(&self, key: Node<'_>) -> Option<FileEdit> {
        let value = key.next_sibling()?;
        let span = match key.parent()?.style() {
            Style::Flow => Span::new(key.span().start, value.next_sibling()?.span().start),
            _ => self.lines_of(key.span().start, value.span().end)?,
        };
        // An alias may stand for a part of it elsewhere, and a mark before the next key is that one's.
        let alone = !span.text(self.text).contains(MARKS);
        alone.then(|| self.edit(span, ""))?
    }

    /// The lines from a place to another, if nothing else stands on them but a comment.
    fn lines_of(&self, start: u32, end: u32) -> Option<Span> {
        let before = self.text.get(..start as usize)?;
        let behind = self.text.get(end as usize..)?;
        let line = before.rfind('\n').map_or(0, |n| n + 1);
        let rest = behind.find('\n').map_or(behind.len(), |n| n + 1);
        let tail = behind.get(..rest)?.trim();
        let alone = before.get(line..)?.bytes().all(|b| b == b' ')
            && (tail.is_empty() || tail.starts_with('#') && !tail.contains(BREAKS));
        alone.then(|| Span::of(line..end as usize + rest))
    }

    /// Of each key that a later one of its map drops, the dropped key, by where the later one begins.
    pub fn dropped_keys(&self) -> HashMap<u32, Node<'_>> {
        let mut dropped = HashMap::new();
        let maps = self.nodes().filter(|n| n.kind() == NodeKind::Map);
        for map in maps.filter(|map| !map.is_alias()) {
            let mut known = HashMap::new();
            let keys = map.pairs().map(|(key, _)| key).filter(|k| !k.is_merge());
            for (key, text) in keys.filter_map(|key| Some((key, key.key()?))) {
                if let Some(earlier) = known.insert(text, key) {
                    dropped.insert(key.span().start, earlier);
                }
            }
        }
        dropped
    }
}

/// What breaks a line for YAML beside a line feed.
const BREAKS: [char; 4] = ['\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// What begins an anchor or a tag.
const MARKS: [char; 2] = ['&', '!'];
