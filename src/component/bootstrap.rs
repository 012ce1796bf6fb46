//! What a machine gets when it is made: files that are written to it, and commands that it runs.

use super::form::Form;
use crate::kube::Object;
use crate::yaml::{Node, items};

/// A file that is written to a machine.
#[derive(Clone, Copy)]
pub struct File<'d> {
    /// Its entry.
    pub entry: Node<'d>,
    /// Its path there; may be empty.
    pub path: &'d str,
    /// What it holds, where that is written here.
    pub content: Option<Node<'d>>,
    /// Its permissions.
    pub mode: Option<Node<'d>>,
    /// Its owner.
    pub owner: Option<Node<'d>>,
}

impl<'d> File<'d> {
    /// The entries of a list.
    pub(super) fn all(list: Option<Node<'d>>, mode: &str) -> Vec<Self> {
        items(list).map(|entry| Self::of(entry, mode)).collect()
    }

    /// An entry, whose permissions are called `mode`.
    pub(super) fn of(entry: Node<'d>, mode: &str) -> Self {
        let path = entry.field("path").and_then(Node::as_str);
        Self {
            entry,
            path: path.unwrap_or_default(),
            content: entry.field("content"),
            mode: entry.field(mode),
            owner: entry.field("owner"),
        }
    }
}

/// The files that an object writes to a machine.
pub fn files(object: Object<'_>) -> Vec<File<'_>> {
    Form::of(object.gvk).map_or_else(Vec::new, |form| (form.files)(object))
}

/// The commands that it runs there: a text each, or a list of words.
pub fn commands(object: Object<'_>) -> Vec<Node<'_>> {
    Form::of(object.gvk).map_or_else(Vec::new, |form| (form.commands)(object))
}
