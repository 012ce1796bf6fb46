//! Whether a value is what it says, or something else takes its place before anybody reads it.

use crate::yaml::{Node, Style};
use memchr::{memchr_iter, memchr2, memmem};

/// What a text in a value's place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// What it says is what arrives.
    Literal,
    /// A template, or a variable in brackets: `{{ x }}`, `{% x %}`, `${X}`, `$(X)`, `{X}`, `<x>`, `%%X%%`, `__X__`.
    Template,
    /// It has a variable as shells and Talos write it, `$X`; in a password, that may be a dollar sign.
    Variable,
    /// A word that somebody is to replace, such as `changeme`; as a name, it may be meant.
    Placeholder,
    /// Where a secret manager has the value, or the value encrypted.
    Reference,
    /// `***`, `xxxx`: it hides the value from readers, and would arrive as it is.
    Masked,
}

/// What begins a reference into a secret manager, or an encrypted value.
const REFERENCES: [&str; 10] = [
    "op://",
    "ENC[",
    "vault:",
    "ref+",
    "AVP:",
    "awssm:",
    "gcpsm:",
    "age-encryption.org",
    "!vault",
    "sops:",
];

const PLACEHOLDERS: [&str; 11] = [
    "changeme",
    "change-me",
    "change_me",
    "replaceme",
    "replace-me",
    "replace_me",
    "placeholder",
    "todo",
    "fixme",
    "redacted",
    "dummy",
];

impl Resolution {
    /// What a text is.
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        if let Some(found) = bracketed(text).or_else(|| variable(text)) {
            return found;
        }
        if REFERENCES.iter().any(|start| text.starts_with(start)) {
            return Self::Reference;
        }
        if is_masked(text) {
            return Self::Masked;
        }
        if PLACEHOLDERS
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
        {
            return Self::Placeholder;
        }
        Self::Literal
    }
}

/// Whether nobody can judge a value here: it is filled in later, or masked.
pub fn is_unresolved(text: &str) -> bool {
    Resolution::of(text) != Resolution::Literal
}

/// Whether another value takes a text's place before an API server gets it; a mask would arrive as it is.
pub fn is_replaced(text: &str) -> bool {
    !matches!(
        Resolution::of(text),
        Resolution::Literal | Resolution::Masked
    )
}

/// Whether a text cannot be meant as the name of something: words such as `todo` can.
pub fn is_templated(text: &str) -> bool {
    matches!(
        Resolution::of(text),
        Resolution::Template | Resolution::Variable | Resolution::Reference
    )
}

/// Whether a node's value is the one that is written: neither filled in later nor masked.
pub fn is_known(node: Node<'_>) -> bool {
    !node.is_unquoted_template() && !node.as_str().is_some_and(is_unresolved)
}

/// Whether a node is rendered to a value of whatever type: a template without quotes, be it text to YAML or a map in a map.
pub fn may_become_anything(node: Node<'_>) -> bool {
    let plain = || node.style() == Style::Plain && node.as_str().is_some_and(is_templated);
    node.is_unquoted_template() || plain()
}

/// Brackets that a tool replaces with all between them.
fn bracketed(text: &str) -> Option<Resolution> {
    let inner = |start: &str, end: &str| text.strip_prefix(start)?.strip_suffix(end);
    let whole = match text.as_bytes().first()? {
        b'<' => inner("<", ">").is_some_and(|word| !word.contains(['<', '\n'])),
        b'{' => inner("{", "}").is_some_and(is_word),
        b'%' => inner("%%", "%%").is_some(),
        b'_' => inner("__", "__").is_some_and(|word| !word.is_empty()),
        _ => false,
    };
    let bytes = text.as_bytes();
    let has = |mark: &str| memmem::find(bytes, mark.as_bytes()).is_some();
    // Most texts have neither byte.
    let within = memchr2(b'{', b'$', bytes).is_some()
        && (["{{", "{%", "${"].into_iter().any(has) || has("$(") && is_one_line(text));
    (whole || within).then_some(Resolution::Template)
}

/// A dollar sign before a name.
fn variable(text: &str) -> Option<Resolution> {
    let named = |at: usize| {
        let next = text.as_bytes().get(at + 1);
        next.is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
    };
    let found = memchr_iter(b'$', text.as_bytes()).any(named) && is_one_line(text);
    found.then_some(Resolution::Variable)
}

/// A text of several lines is a script or a file: its variables are its own.
fn is_one_line(text: &str) -> bool {
    !text.contains('\n')
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// One or two such letters may be a wildcard, a folder, or a name.
fn is_masked(text: &str) -> bool {
    let mask = |b: u8| matches!(b, b'*' | b'x' | b'X' | b'.');
    text.len() > 2 && text.bytes().all(mask)
}

#[cfg(test)]
mod tests {
    use super::Resolution::{Literal, Masked, Placeholder, Reference, Template, Variable};
    use super::*;

    #[test]
    fn texts_say_what_they_are() {
        for (text, expected) in [
            ("{{ .Values.name }}", Template),
            ("a-{{x}}-b", Template),
            ("{% if x %}", Template),
            ("${X}", Template),
            ("https://${HOST:-h}:1", Template),
            ("$(X)", Template),
            ("/a/$(X)/b", Template),
            ("{name}", Template),
            ("{PORT}", Template),
            ("<your-domain>", Template),
            ("%%X%%", Template),
            ("__X__", Template),
            (" ${X}\n", Template),
            ("$X", Variable),
            ("$X$", Variable),
            ("https://$HOST:1", Variable),
            ("pa$sword", Variable),
            ("CHANGEME", Placeholder),
            ("todo", Placeholder),
            ("op://vault/item", Reference),
            ("ENC[AES256_GCM,data:x]", Reference),
            ("ref+vault://x", Reference),
            ("***", Masked),
            ("xxxx", Masked),
            ("", Literal),
            ("_", Literal),
            ("__", Literal),
            ("--", Literal),
            ("*", Literal),
            ("x", Literal),
            (".", Literal),
            ("..", Literal),
            ("{}", Literal),
            ("{\"a\": 1}", Literal),
            ("<a>b</a>", Literal),
            ("<", Literal),
            ("todo-app", Literal),
            ("$", Literal),
            ("^a$|^b$", Literal),
            ("$1", Literal),
            ("100%", Literal),
            ("x=$(date)\necho $x", Literal),
        ] {
            assert_eq!(Resolution::of(text), expected, "{text:?}");
        }
    }
}
