//! Secrets in texts of any syntax: dotenv, scripts, units, YAML in a scalar, comments. Found line by line, by a name and what stands
//! behind it; in doubt a piece is one.

use super::name::{is_nearly_secret, is_public, is_secret};
use crate::text::{Span, logical_lines};
use std::ops::Range;

/// Whether some piece may be found: most scalars are one word.
pub(super) fn may_hold_pieces(text: &str) -> bool {
    text.len() > 3
        && text
            .bytes()
            .any(|b| matches!(b, b':' | b'=' | b' ' | b'\n' | b'\t' | b'@'))
}

/// What must not be shown of a text: what stands behind names of credentials, in URLs and in headers.
pub(super) fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // What is indented more than this belongs to a credential's name above.
    let mut under: Option<usize> = None;
    for (start, line) in logical_lines(text, &['\n', '\r']) {
        let body = line.trim_end();
        let indent = body.len() - body.trim_start().len();
        if body.trim_start().is_empty() {
            continue;
        }
        if let Some(base) = under {
            let item = body.trim_start().starts_with('-') && indent == base;
            if indent > base || item {
                found.push(start + indent..start + body.len());
                continue;
            }
        }
        under = None;
        if body.contains("chpasswd") && body.contains('|') {
            found.push(start..start + body.len());
            continue;
        }
        let before = found.len();
        if assignments(body, &mut found) {
            under = Some(indent);
        }
        urls(body, &mut found);
        found.iter_mut().skip(before).for_each(|piece| {
            piece.start += start;
            piece.end += start;
        });
    }
    found
}

/// What stands around a name or a value.
const QUOTES: [char; 4] = ['"', '\'', '\\', '`'];

/// Schemes of HTTP that a credential follows.
const SCHEMES: [&str; 2] = ["bearer", "basic"];

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Values behind names of credentials; whether the lines below, if they are indented, are one, too.
fn assignments(line: &str, found: &mut Vec<Range<usize>>) -> bool {
    let mut at = 0;
    while let Some(name) = next_name(line, at) {
        at = name.end;
        let text = line.get(name.clone()).unwrap_or_default();
        // Most words are names of nothing.
        let sign = line.get(at..).unwrap_or_default();
        let sign = sign.trim_start_matches(QUOTES).trim_start();
        if !(text.starts_with('-') || sign.starts_with([':', '='])) {
            if SCHEMES
                .iter()
                .any(|scheme| text.eq_ignore_ascii_case(scheme))
            {
                found.extend(header(line, at));
            }
            continue;
        }
        let login = matches!(text, "-u" | "--user");
        if !(is_secret(text) || login || is_header(text)) {
            continue;
        }
        let first = line.get(..name.start).unwrap_or_default();
        let first = first.trim_start_matches([' ', '\t', '-', '"', '\'', '{', '#']);
        let first = matches!(first.trim_end(), "" | "export" | "set" | "ENV" | "env");
        let value = match behind(line, name, first) {
            Behind::Nothing => continue,
            Behind::NextLine => return !is_header(text),
            Behind::Value(value) => value,
        };
        let shown = line.get(value.clone()).unwrap_or_default();
        at = value.end.max(at);
        // `-u` is many things, and of curl a user with the password.
        if !is_public(shown) && (!login || shown.contains(':')) {
            found.push(value);
        }
    }
    false
}

/// Names that are headers of HTTP, and other things elsewhere.
fn is_header(name: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie"]
        .iter()
        .any(|header| name.eq_ignore_ascii_case(header))
}

fn next_name(line: &str, from: usize) -> Option<Range<usize>> {
    let rest = line.get(from..)?;
    let start = from + rest.find(is_name)?;
    let rest = line.get(start..)?;
    let len = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    Some(start..start + len)
}

/// What stands behind a name.
enum Behind {
    /// It is no name of anything.
    Nothing,
    /// Its value begins on the next line.
    NextLine,
    Value(Range<usize>),
}

fn behind(line: &str, name: Range<usize>, first: bool) -> Behind {
    value_behind(line, name, first).unwrap_or(Behind::Nothing)
}

/// `None` if it is no name.
fn value_behind(line: &str, name: Range<usize>, first: bool) -> Option<Behind> {
    let flag = line
        .get(name.clone())
        .is_some_and(|name| name.starts_with('-'));
    let rest = line.get(name.end..)?;
    let sign = rest.trim_start_matches(QUOTES).trim_start();
    let gap = sign.len() < rest.len();
    let value = sign
        .strip_prefix([':', '='])
        .map(|value| value.trim_start_matches(['=', '>', ':']));
    let value = match value {
        Some(value) => value,
        // `[--password, x]` and `--password x`.
        None if flag && sign.starts_with(',') => sign.get(1..)?,
        None if flag && gap => sign,
        None => return None,
    };
    let colon = sign.starts_with(':');
    // `"NAME=a value"`.
    let before = line.get(..name.start)?.chars().next_back();
    let around = before.filter(|c| !colon && matches!(c, '"' | '\''));
    // The tag of an image.
    if colon && line.get(..name.start)?.ends_with('/') {
        return None;
    }
    let value = value.trim_start_matches(|c: char| c.is_whitespace() || (c == '\\' && !colon));
    let start = line.len() - value.len();
    if colon && (value.is_empty() || value.starts_with(['|', '>'])) {
        return Some(Behind::NextLine);
    }
    let open = value.trim_start_matches('\\');
    let skip = value.len() - open.len();
    let quoted = open.chars().next().filter(|c| matches!(c, '"' | '\''));
    let end = if let Some(quote) = quoted {
        let inside = open.get(1..)?;
        let mut escaped = false;
        let close = inside.char_indices().find(|(_, c)| {
            let ends = *c == quote && (!escaped || skip > 0);
            escaped = *c == '\\' && !escaped;
            ends
        });
        let close = close.map_or(inside.len(), |(at, _)| at);
        return Some(Behind::Value(start + skip + 1..start + skip + 1 + close));
    } else if let Some(quote) = around {
        value.find(quote).unwrap_or(value.len())
    } else if colon || (first && !flag) {
        value.len()
    } else {
        let ends = |c: char| {
            c.is_whitespace() || QUOTES.contains(&c) || matches!(c, ',' | ';' | '&' | '|' | ')')
        };
        value.find(ends).unwrap_or(value.len())
    };
    let kept = value.get(..end)?.trim_end_matches([',', '}', ']']);
    Some(Behind::Value(start..start + kept.len()))
}

/// Users with passwords in URLs, and in addresses of databases as Go writes them.
fn urls(line: &str, found: &mut Vec<Range<usize>>) {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
    for (at, sign) in line.match_indices("://") {
        let start = at + sign.len();
        let rest = line.get(start..).unwrap_or_default();
        let token = rest.split(ends).next().unwrap_or_default();
        let host = token.split(['/', '?', '#']).next().unwrap_or_default();
        // A password may hold a slash, though it should not.
        let port = host.rsplit(':').next().unwrap_or_default();
        let odd = host.contains(':') && !port.bytes().all(|b| b.is_ascii_digit() || b == b']');
        let whole = if odd { token } else { host };
        let login = host.rfind('@').or_else(|| whole.rfind('@'));
        if let Some(login) = login
            && let Some(user) = token.get(..login)
            && (user.contains(':') || user.len() >= 8)
        {
            let password = user.find(':').map_or(0, |colon| colon + 1);
            found.push(start + password..start + login);
        }
    }
    let dsn = ["@tcp(", "@unix("].into_iter();
    for (at, _) in dsn.flat_map(|end| line.match_indices(end)) {
        let before = line.get(..at).unwrap_or_default();
        let start = before.rfind(ends).map_or(0, |at| at + 1);
        found.push(start..at);
    }
}

/// The credential that follows a scheme of HTTP, and no plain word.
fn header(line: &str, at: usize) -> Option<Range<usize>> {
    let rest = line.get(at..)?;
    let token = rest.trim_start_matches([' ', '\t']);
    let start = line.len() - token.len();
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | '\\');
    let token = token.split(ends).next()?;
    let word = token
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_punctuation());
    (start > at && token.len() >= 8 && !word).then_some(start..start + token.len())
}

/// Whether a text that cannot be parsed may hold a secret: it names one, or spells words in a way that only a parser reads.
pub fn mentions_secret(text: &str) -> bool {
    const WORDS: [&str; 7] = [
        "stringData",
        "PRIVATE KEY",
        "Opaque",
        "!!binary",
        "\\x",
        "\\u",
        "-data:",
    ];
    WORDS.iter().any(|word| text.contains(word))
        || text.contains("data:") && !text.contains("ConfigMap")
        || text.split(|c| !is_name(c)).any(is_nearly_secret)
}

/// What must not be shown of a text that could not be parsed: behind each colon, and lines without one.
pub fn unread_secret_lines(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let body = line.trim_end();
        if !is_harmless(body) {
            let from = body.find(':').map_or(0, |colon| colon + 1);
            let blanks = body
                .get(from..)
                .map_or(0, |rest| rest.len() - rest.trim_start().len());
            spans.push(Span::of(at + from + blanks..at + body.len()));
        }
        at += line.len();
    }
    spans
}

/// Lines that tell what a document is, and nothing of what is in it.
fn is_harmless(line: &str) -> bool {
    let word = |rest: &str| {
        rest.trim()
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'-'))
    };
    line.trim().is_empty()
        || line == "metadata:"
        || ["apiVersion:", "kind:"]
            .iter()
            .any(|key| line.strip_prefix(key).is_some_and(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_behind_names_are_found_in_every_syntax() {
        for text in [
            "password: hunter2",
            "\"password\": \"hunter2\", \"a\": 1",
            "{\\\"password\\\":\\\"hunter2\\\"}",
            "export DB_PASSWORD=hunter2",
            "PASSWORD = 'hunter2'",
            "server --token hunter2 --x y",
            "server --token=hunter2",
            "server --token \\\n  hunter2",
            "[x, --password, hunter2]",
            "curl -u admin:hunter2 https://a",
            "curl -H 'Authorization: hunter2'",
            "Authorization: Bearer hunter2-token",
            "postgres://a:hunter2@db/x",
            "a:hunter2@tcp(db:3306)/x",
            "echo root:hunter2 | chpasswd",
            "secret:\n  - hunter2",
            "password: |\n  hunter2\n",
            "# token: hunter2",
        ] {
            let found = pieces(text);
            let at = text.find("hunter2").unwrap();
            assert!(
                found.iter().any(|p| p.start <= at && p.end >= at + 7),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        for text in [
            "--tls-private-key-file=/etc/kubernetes/pki/apiserver.key",
            "--anonymous-auth=true --authorization-mode=Node,RBAC",
            "image: registry.example/token:1.2@sha256:abc",
            "authorization:\n  mode: Webhook",
            "basic authentication is off",
            "docker://example.com/a@sha256:123",
            "tar -u x",
        ] {
            assert!(pieces(text).is_empty(), "{text}: {:?}", pieces(text));
        }
    }
}
