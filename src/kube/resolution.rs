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

/// Words that ask to be replaced, also within a text that is not the name of something.
pub const REPLACE_ME: [&str; 8] = [
    "changeme",
    "change-me",
    "change_me",
    "replaceme",
    "replace-me",
    "replace_me",
    "placeholder",
    "redacted",
];

/// Words that do so only where nothing else stands.
const REPLACE_ME_ALONE: [&str; 3] = ["todo", "fixme", "dummy"];

/// Most texts are longer.
const LONGEST_PLACEHOLDER: usize = "placeholder".len();

impl Resolution {
    /// What a text is.
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        if let Some(found) = bracketed(text).or_else(|| marked(text)) {
            return found;
        }
        if is_reference(text) {
            return Self::Reference;
        }
        if is_masked(text) {
            return Self::Masked;
        }
        let is = |word: &&str| text.eq_ignore_ascii_case(word);
        let mut words = REPLACE_ME.iter().chain(&REPLACE_ME_ALONE);
        if text.len() <= LONGEST_PLACEHOLDER && words.any(is) {
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

/// Whether a map or a list may hold more than it shows, since a key or an item is filled in later.
pub fn may_hold_more(node: Node<'_>) -> bool {
    let is_open = |node: Node<'_>| {
        let template = |text| Resolution::of(text) == Resolution::Template;
        node.is_unquoted_template() || node.text().is_some_and(template)
    };
    node.entries().any(|(key, _)| is_open(key)) || node.items().any(is_open)
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
    whole.then_some(Resolution::Template)
}

/// Brackets and dollar signs within a text. Most texts have neither.
fn marked(text: &str) -> Option<Resolution> {
    let bytes = text.as_bytes();
    memchr2(b'{', b'$', bytes)?;
    let has = |mark: &str| memmem::find(bytes, mark.as_bytes()).is_some();
    let named = |at: usize| {
        let next = bytes.get(at + 1);
        next.is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
    };
    if ["{{", "{%", "${"].into_iter().any(has) || has("$(") && is_one_line(text) {
        return Some(Resolution::Template);
    }
    let variable = memchr_iter(b'$', bytes).any(named) && is_one_line(text);
    variable.then_some(Resolution::Variable)
}

/// A text of several lines is a script or a file: its variables are its own.
fn is_one_line(text: &str) -> bool {
    !text.contains('\n')
}

/// Whether a text refers to a value in a secret manager, or is an encrypted value. Asked of nearly every scalar: hence the first byte.
fn is_reference(text: &str) -> bool {
    let starts: &[&str] = match text.as_bytes().first() {
        Some(b'!') => &["!vault"],
        Some(b'A') => &["AVP:"],
        Some(b'E') => &["ENC["],
        Some(b'a') => &["age-encryption.org", "awssm:"],
        Some(b'g') => &["gcpsm:"],
        // An import path that ko builds an image of.
        Some(b'k') => &["ko://"],
        Some(b'o') => &["op://"],
        Some(b'r') => &["ref+"],
        Some(b's') => &["sops:"],
        Some(b'v') => &["vault:"],
        _ => &[],
    };
    starts.iter().any(|start| text.starts_with(start))
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// What `flux build` prints in place of a value that SOPS encrypted.
const FLUX_MASKS: [&str; 2] = ["**SOPS**", "{\"mask\":\"**SOPS**\"}"];

/// One or two such letters may be a wildcard, a folder, or a name.
fn is_masked(text: &str) -> bool {
    let mask = |b: u8| matches!(b, b'*' | b'x' | b'X' | b'.');
    text.len() > 2 && text.bytes().all(mask) || FLUX_MASKS.contains(&text)
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
            ("**SOPS**", Masked),
            ("{\"mask\":\"**SOPS**\"}", Masked),
            ("ko://example.com/cmd", Reference),
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
