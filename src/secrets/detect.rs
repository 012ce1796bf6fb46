//! What a credential looks like: by its own format, or by its name and what stands behind it.

use crate::kube::{REPLACE_ME, Resolution};
use crate::text::base64;
use aho_corasick::packed;
use memchr::memmem;
use std::ops::Range;
use std::sync::LazyLock;

/// How a text is known to be a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A token of this kind.
    Token(&'static str),
    /// A private key in PEM.
    PrivateKey,
    /// User and password in a URL.
    Url,
    /// Its name says so.
    NameHint,
}

/// A piece of a text that is a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its bytes.
    pub at: Range<usize>,
    /// How it is known.
    pub what: CredentialKind,
}

/// Prefix, least length of what follows, and whether that is letters and digits only; what it is.
const TOKENS: [(&str, usize, bool, &str); 33] = [
    ("ghp_", 36, true, "a GitHub token"),
    ("gho_", 36, true, "a GitHub token"),
    ("ghu_", 36, true, "a GitHub token"),
    ("ghs_", 36, true, "a GitHub token"),
    ("ghr_", 36, true, "a GitHub token"),
    ("github_pat_", 36, false, "a GitHub token"),
    ("glpat-", 20, false, "a GitLab token"),
    ("gldt-", 20, false, "a GitLab token"),
    ("glrt-", 20, false, "a GitLab token"),
    ("xoxb-", 20, false, "a Slack token"),
    ("xoxp-", 20, false, "a Slack token"),
    ("xoxa-", 20, false, "a Slack token"),
    ("xoxr-", 20, false, "a Slack token"),
    ("xoxs-", 20, false, "a Slack token"),
    ("xapp-", 20, false, "a Slack token"),
    ("AIza", 35, false, "a Google API key"),
    ("sk_live_", 16, true, "a Stripe key"),
    ("rk_live_", 16, true, "a Stripe key"),
    ("npm_", 36, true, "an npm token"),
    ("pypi-AgE", 50, false, "a PyPI token"),
    ("SG.", 60, false, "a SendGrid key"),
    ("AGE-SECRET-KEY-1", 58, true, "an age secret key"),
    ("hvs.", 24, false, "a Vault token"),
    ("hvb.", 24, false, "a Vault token"),
    ("dckr_pat_", 20, false, "a Docker Hub token"),
    ("sk-ant-", 40, false, "an Anthropic key"),
    ("sk-proj-", 40, false, "an OpenAI key"),
    ("dapi", 32, true, "a Databricks token"),
    ("hf_", 34, true, "a Hugging Face token"),
    ("AKIA", 16, true, "an AWS access key"),
    ("ASIA", 16, true, "an AWS access key"),
    ("dop_v1_", 64, true, "a DigitalOcean token"),
    ("shpat_", 32, true, "a Shopify token"),
];

/// Whether a text may hold a credential of a known format, told at the speed of memory: most texts cannot, and their scalars need not
/// be searched.
pub fn may_hold_credential(text: &str) -> bool {
    static MARKS: LazyLock<Option<packed::Searcher>> = LazyLock::new(|| {
        let others = ["eyJ", PEM, PEM_IN_BASE64].into_iter().chain(ACCOUNT_KEYS);
        packed::Searcher::new(TOKENS.iter().map(|(prefix, ..)| *prefix).chain(others))
    });
    // A machine without the instructions for it searches all scalars.
    text.as_bytes().contains(&b'@')
        || MARKS
            .as_ref()
            .is_none_or(|marks| marks.find(text).is_some())
}

/// How key material in PEM begins.
const PEM: &str = "-----BEGIN ";

/// The same in base64, as a kubeconfig holds it.
pub(super) const PEM_IN_BASE64: &str = "LS0tLS1CRUdJTi";

/// A shorter word is no token.
const TOKEN_LENGTH: usize = 20;

/// All pieces of a text that are credentials by their own format. Every scalar is asked: most are too short to be any.
pub fn hits(text: &str) -> Vec<Hit> {
    let mut found = Vec::new();
    if text.starts_with("ENC[") {
        return found;
    }
    if text.len() >= TOKEN_LENGTH {
        private_keys(text, &mut found);
        tokens(text, &mut found);
    }
    if text.as_bytes().contains(&b'@') {
        urls(text, &mut found);
    }
    if text.len() >= ACCOUNT_KEY_LENGTH {
        account_keys(text, &mut found);
    }
    found
}

/// The same of a value in base64, which has no pieces.
pub fn encoded(text: &str) -> Option<CredentialKind> {
    if text.len() < 16 {
        return None;
    }
    let decoded = String::from_utf8(base64(text)?).ok()?;
    hits(&decoded).first().map(|hit| hit.what)
}

/// The keys of Azure's accounts are 64 bytes in base64, those of its buses 32.
const ACCOUNT_KEY_LENGTH: usize = 40;

/// What such keys are called in connection strings.
const ACCOUNT_KEYS: [&str; 2] = ["AccountKey=", "SharedAccessKey="];

/// Keys in the connection strings of Azure's services.
fn account_keys(text: &str, found: &mut Vec<Hit>) {
    static NAMES: LazyLock<[memmem::Finder<'static>; 2]> =
        LazyLock::new(|| ACCOUNT_KEYS.map(memmem::Finder::new));
    for name in NAMES.iter() {
        for at in name.find_iter(text.as_bytes()) {
            let start = at + name.needle().len();
            let rest = text.get(start..).unwrap_or_default();
            let ends = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='));
            let key = rest.split(ends).next().unwrap_or_default();
            if key.len() >= ACCOUNT_KEY_LENGTH && is_varied(key) {
                found.push(Hit {
                    at: start..start + key.len(),
                    what: CredentialKind::Token("the key of an Azure account"),
                });
            }
        }
    }
}

fn tokens(text: &str, found: &mut Vec<Hit>) {
    let ends = |b: &u8| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let mut next = 0;
    for word in text.as_bytes().split(ends) {
        let start = next;
        next += word.len() + 1;
        if word.len() < TOKEN_LENGTH {
            continue;
        }
        let word = text.get(start..start + word.len()).unwrap_or_default();
        let word = word.trim_end_matches('.');
        let kind = TOKENS
            .iter()
            .filter(|(prefix, ..)| prefix.as_bytes().first() == word.as_bytes().first())
            .find_map(|(prefix, least, plain, kind)| {
                let body = word.strip_prefix(prefix)?;
                let exact =
                    !matches!(*prefix, "AKIA" | "ASIA" | "dapi" | "AIza") || body.len() == *least;
                let fits = body.len() >= *least
                    && exact
                    && (!plain || body.bytes().all(|b| b.is_ascii_alphanumeric()));
                let upper = !matches!(*prefix, "AKIA" | "ASIA")
                    || body
                        .bytes()
                        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                (fits && upper && is_varied(body)).then_some(*kind)
            })
            .or_else(|| is_jwt(word).then_some("a JSON Web Token"));
        if let Some(kind) = kind {
            found.push(Hit {
                at: start..start + word.len(),
                what: CredentialKind::Token(kind),
            });
        }
    }
}

/// Not an example that somebody typed.
fn is_varied(body: &str) -> bool {
    let mut seen = [false; 256];
    body.bytes().for_each(|b| {
        if let Some(seen) = seen.get_mut(usize::from(b)) {
            *seen = true;
        }
    });
    let upper = body.to_ascii_uppercase();
    seen.iter().filter(|s| **s).count() >= 7
        && ![
            "EXAMPLE",
            "XXXX",
            "PLACEHOLDER",
            "REDACTED",
            "CHANGEME",
            "YOUR",
        ]
        .iter()
        .any(|word| upper.contains(word))
}

/// Three parts, of which the first two are JSON objects.
fn is_jwt(word: &str) -> bool {
    claims(word).is_some()
}

/// What a JSON Web Token says, of whatever it is that it is shown to.
pub fn claims(token: &str) -> Option<serde_json::Value> {
    let token = token.trim();
    if !token.starts_with("eyJ") {
        return None;
    }
    let mut parts = token.split('.');
    let (head, body, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let json = |part: &str| {
        let mut text = part.replace('-', "+").replace('_', "/");
        text.extend(std::iter::repeat_n('=', (4 - text.len() % 4) % 4));
        let bytes = base64(&text).filter(|b| b.starts_with(b"{\""))?;
        serde_json::from_slice::<serde_json::Value>(&bytes).ok()
    };
    if !body.starts_with("eyJ") || signature.len() < 16 || parts.next().is_some() {
        return None;
    }
    json(head)?;
    json(body)
}

/// The service account that a token of Kubernetes is of, `namespace/name`; the token may be in base64.
pub fn service_account(token: &str) -> Option<String> {
    let decoded = || claims(&String::from_utf8(base64(token)?).ok()?);
    let claims = claims(token).or_else(decoded)?;
    let subject = claims.get("sub")?.as_str()?;
    let account = subject.strip_prefix("system:serviceaccount:")?;
    Some(account.replacen(':', "/", 1))
}

fn private_keys(text: &str, found: &mut Vec<Hit>) {
    static FINDER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(PEM));
    let mut from = 0;
    while let Some(start) = text
        .as_bytes()
        .get(from..)
        .and_then(|t| FINDER.find(t))
        .map(|n| from + n)
    {
        from = start + PEM.len();
        let rest = text.get(from..).unwrap_or_default();
        let Some((label, body)) = rest.split_once("-----") else {
            return;
        };
        if !(label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK"))
            || label.contains("ENCRYPTED")
            || label.len() > 40
        {
            continue;
        }
        let end = body.find("-----").unwrap_or(body.len());
        let inside = body.get(..end).unwrap_or_default();
        // A JSON text has its line feeds as `\n`; a header alone is documentation.
        let digits: String = inside.replace("\\n", "").split_whitespace().collect();
        let plausible = digits.len() >= 32
            && digits.bytes().all(|b| {
                b.is_ascii_alphanumeric()
                    || matches!(
                        b,
                        b'+' | b'/' | b'=' | b':' | b',' | b'-' | b'.' | b'(' | b')'
                    )
            });
        if !plausible
            || inside.contains("ENCRYPTED")
            || !is_varied(digits.get(..32).unwrap_or_default())
        {
            continue;
        }
        let close = body
            .get(end..)
            .and_then(|b| b.strip_prefix("-----END "))
            .and_then(|b| Some(b.find("-----")? + 5 + 9));
        let end = rest.len() - body.len() + end + close.unwrap_or(0);
        found.push(Hit {
            at: start..from + end,
            what: CredentialKind::PrivateKey,
        });
        from += end;
    }
}

fn urls(text: &str, found: &mut Vec<Hit>) {
    let mut end = 0;
    for (colon, _) in text.match_indices("://") {
        if colon < end {
            continue;
        }
        let scheme = text.get(..colon).unwrap_or_default();
        let scheme = scheme.len()
            - scheme
                .trim_end_matches(|c: char| {
                    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
                })
                .len();
        let rest = text.get(colon + 3..).unwrap_or_default();
        let authority = rest
            .split(|c: char| {
                c.is_whitespace()
                    || matches!(
                        c,
                        '/' | '?' | '#' | '"' | '\'' | '<' | '>' | '`' | '\\' | ',' | '|'
                    )
            })
            .next()
            .unwrap_or_default();
        let Some((user, host)) = authority.rsplit_once('@') else {
            continue;
        };
        let Some((user, password)) = user.split_once(':') else {
            continue;
        };
        if scheme == 0 || stands_for_another(password) || is_example(user, password, host) {
            continue;
        }
        // All of the URL, so that every rule about it means the same place.
        let ends =
            |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\' | '|');
        let whole = rest.find(ends).unwrap_or(rest.len());
        end = colon + 3 + whole;
        found.push(Hit {
            at: colon - scheme..end,
            what: CredentialKind::Url,
        });
    }
}

fn is_example(user: &str, password: &str, host: &str) -> bool {
    // A proxy to a database listens there; what anybody would try first says that it is somebody's own machine.
    const LOCAL: [&str; 2] = ["localhost", "127.0.0.1"];
    const GUESSED: [&str; 9] = [
        "pass", "password", "secret", "postgres", "root", "admin", "guest", "test", "dev",
    ];
    let host = host.split(':').next().unwrap_or_default();
    let word = |w: &str, words: &[&str]| words.contains(&w.to_ascii_lowercase().as_str());
    let local = word(host, &LOCAL) && (word(password, &GUESSED) || password == user);
    local
        || word(
            host,
            &["host", "hostname", "example.com", "example.org", ""],
        )
        || (word(user, &["user", "username", "usr", "login"])
            && word(
                password,
                &["pass", "password", "pwd", "passwd", "secret", "token"],
            ))
}

/// Whether a value that may be a secret is filled in later, or masked. A dollar sign within may be a letter of a password.
pub fn is_filled_in(value: &str) -> bool {
    match Resolution::of(value) {
        Resolution::Literal => false,
        Resolution::Variable => is_variable(value.trim()),
        _ => true,
    }
}

/// `$X` or `$X$`, and nothing beside it.
fn is_variable(text: &str) -> bool {
    let name = text.strip_prefix('$');
    name.is_some_and(|name| {
        let name = name.strip_suffix('$').unwrap_or(name);
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// Whether a value is filled in later, or is a reference: then it is nothing to hide.
pub fn stands_for_another(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    value.is_empty()
        || is_filled_in(value)
        || value.starts_with(['$', '<', '[', '{', '@', '%', '*'])
        || value.ends_with(['>', '%'])
        || (lower.starts_with("your") && lower.len() < 24)
        || [
            "arn:",
            "secretref:",
            "secret:",
            "env:",
            "file:",
            "projects/",
            "ssm:",
            "keyvault:",
            "ref:",
            "sm://",
            "kms:",
        ]
        .iter()
        .any(|start| lower.starts_with(start))
        || REPLACE_ME
            .iter()
            .chain(&["your-", "your_", "xxxx", "****", "insert-", "insert_"])
            .any(|word| lower.contains(word))
}

/// What kind of credential a name announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameHint {
    /// Any word may be one.
    Password,
    /// Nobody remembers it: it has letters and digits.
    Token,
    /// A key of whatever, which may be public, or the name of a field: it must be as long and as random as a secret one.
    Key,
}

/// Whether something of this name is a credential itself, and not its file, name, address or lifetime.
pub fn named(name: &str) -> Option<NameHint> {
    const PASSWORD: [&str; 8] = [
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "pass",
        "passcode",
        "requirepass",
        "masterauth",
    ];
    const TOKEN: [&str; 6] = [
        "secret",
        "token",
        "apikey",
        "credential",
        "credentials",
        "secretkey",
    ];
    const KEYS: [&str; 9] = [
        "api",
        "access",
        "private",
        "secret",
        "encryption",
        "signing",
        "master",
        "auth",
        "hmac",
    ];
    const OPEN_KEYS: [&str; 10] = [
        "public",
        "pub",
        "host",
        "primary",
        "foreign",
        "partition",
        "sort",
        "cache",
        "object",
        "site",
    ];
    const BEHIND: [&str; 20] = [
        "value",
        "prod",
        "production",
        "dev",
        "staging",
        "stage",
        "test",
        "default",
        "base64",
        "b64",
        "plain",
        "main",
        "primary",
        "secondary",
        "old",
        "new",
        "root",
        "admin",
        "raw",
        "key",
    ];
    // The shell's own; and what is no secret though it is called so.
    if matches!(name, "PWD" | "OLDPWD") || name.ends_with("cluster-token") {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let mut before = None;
    let mut found = None;
    for whole in words(name, &lower) {
        let word = whole.trim_end_matches(|c: char| c.is_ascii_digit());
        let before = before.replace(whole);
        let joined = word.strip_suffix("key").is_some_and(|w| KEYS.contains(&w));
        if PASSWORD.contains(&word) || (word.ends_with("password") && word.len() <= 20) {
            found = Some(NameHint::Password);
        } else if TOKEN.contains(&word)
            || joined
            || (word == "key" && before.is_some_and(|b| KEYS.contains(&b)))
        {
            found = found.or(Some(NameHint::Token));
        } else if word == "key" && before.is_some_and(|b| !OPEN_KEYS.contains(&b)) {
            found = found.or(Some(NameHint::Key));
        } else if found.is_some() && !word.is_empty() && !BEHIND.contains(&word) {
            found = None;
        }
    }
    found
}

/// Words of a name, of which `lower` is the same in lower case: `dbPassword`, `DB_PASSWORD` and `db.password` have the same.
pub fn words<'l>(name: &str, lower: &'l str) -> impl Iterator<Item = &'l str> {
    let bytes = name.as_bytes();
    let continues = |pair: &&[u8]| match pair {
        [last, next] => {
            next.is_ascii_alphanumeric()
                && !(last.is_ascii_lowercase() && next.is_ascii_uppercase())
        }
        _ => false,
    };
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(from..)?;
        let start = from + rest.iter().position(u8::is_ascii_alphanumeric)?;
        let rest = bytes.get(start..)?.windows(2);
        from = start + 1 + rest.take_while(continues).count();
        lower.get(start..from)
    })
}

/// Whether a value under such a name is the credential: no reference, path, file, address, boolean, number or name.
pub fn is_credential(named: NameHint, value: &str) -> bool {
    const WORDS: [&str; 17] = [
        "none",
        "null",
        "nil",
        "disabled",
        "enabled",
        "default",
        "auto",
        "required",
        "optional",
        "always",
        "never",
        "basic",
        "bearer",
        "string",
        "undefined",
        "unset",
        "secret",
    ];
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    if value.len() < 2
        || stands_for_another(value)
        || value.parse::<f64>().is_ok()
        || ["true", "false", "yes", "no", "on", "off"].contains(&lower.as_str())
        || value.contains(char::is_whitespace)
        || value.contains("://")
        || is_path(value)
    {
        return false;
    }
    let digits = value.bytes().any(|b| b.is_ascii_digit());
    let letters = value.bytes().any(|b| b.is_ascii_alphabetic());
    // `db-credentials`, `app.token`: what a Secret or its key is called.
    let is_name = value
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_'))
        && value.contains(['-', '.', '_'])
        && words(value, &lower).any(|w| {
            [
                "secret",
                "secrets",
                "token",
                "password",
                "passwd",
                "credential",
                "credentials",
                "creds",
                "key",
                "auth",
                "config",
                "tls",
                "cert",
            ]
            .contains(&w)
        });
    match named {
        _ if is_name => false,
        NameHint::Password => !WORDS.iter().take(15).any(|w| *w == lower),
        NameHint::Key => {
            let upper = value.bytes().any(|b| b.is_ascii_uppercase());
            let lower = value.bytes().any(|b| b.is_ascii_lowercase());
            let word =
                |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_');
            value.len() >= ACCOUNT_KEY_LENGTH && digits && upper && lower && value.bytes().all(word)
        }
        NameHint::Token => {
            value.len() >= 8
                && ((digits && letters)
                    || value.len() >= 24 && value.bytes().any(|b| b.is_ascii_uppercase()))
        }
    }
}

/// Whether a text is an Authorization header's value, or the header.
pub fn is_authorization(text: &str) -> bool {
    let text = text.trim();
    let value = text.split_once(':').filter(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.ends_with("authorization") && !name.contains(' ')
    });
    let value = value.map_or(text, |(_, value)| value.trim());
    let Some((scheme, token)) = value.split_once(' ') else {
        return false;
    };
    ["bearer", "basic"].contains(&scheme.to_ascii_lowercase().as_str())
        && token.len() >= 8
        && !token.contains(char::is_whitespace)
        && token.bytes().any(|b| b.is_ascii_digit())
        && !stands_for_another(token)
}

/// A path or a file: its pieces are words or numbers, not both at once as in base64.
fn is_path(value: &str) -> bool {
    const FILES: [&str; 16] = [
        ".txt", ".pem", ".json", ".yaml", ".yml", ".key", ".crt", ".conf", ".cfg", ".env", ".p12",
        ".jks", ".toml", ".ini", ".pub", ".cert",
    ];
    let wordy = |piece: &str| {
        piece.bytes().all(|b| b.is_ascii_lowercase())
            || piece.bytes().all(|b| b.is_ascii_uppercase())
            || piece.bytes().all(|b| b.is_ascii_digit())
            || piece.len() <= 4
    };
    value.starts_with(['/', '~', '.'])
        || value.get(1..3) == Some(":\\")
        || FILES.iter().any(|end| value.ends_with(end))
        || (value.contains('/')
            && !value.ends_with('=')
            && value.split(['/', '-', '_', '.', ':']).all(wordy))
}

/// `name = value` in a text of lines: dotenv, properties, INI, YAML, JSON. The range is that of the value.
pub fn assignments(text: &str) -> impl Iterator<Item = (&str, &str, Range<usize>)> {
    let mut at = 0;
    let lines = text.split_inclusive('\n').flat_map(move |line| {
        let start = at;
        at += line.len();
        pieces(line).map(move |from| (line.get(from..).unwrap_or_default(), start + from))
    });
    lines.filter_map(|(piece, start)| {
        let (name, value) = assignment(piece)?;
        let text = piece.get(value.clone()).unwrap_or_default();
        Some((name, text, start + value.start..start + value.end))
    })
}

/// Where an assignment may begin in a line: at its start, and of JSON in one line at each further key.
fn pieces(line: &str) -> impl Iterator<Item = usize> {
    let json = memchr::memchr2_iter(b'{', b',', line.as_bytes()).filter_map(|at| {
        let rest = line.get(at + 1..)?;
        let key = rest.trim_start().strip_prefix('"')?;
        let (_, behind) = key.split_once('"')?;
        behind.trim_start().starts_with(':').then_some(at + 1)
    });
    // What stands before the first brace of a line is its own start.
    let own = line.trim_start().starts_with('{');
    (!own).then_some(0).into_iter().chain(json)
}

fn assignment(line: &str) -> Option<(&str, Range<usize>)> {
    let body = line.trim_start();
    let body = body.strip_prefix("- ").unwrap_or(body).trim_start();
    let body = body.strip_prefix("export ").unwrap_or(body).trim_start();
    let body = body.strip_prefix(['"', '\'']).unwrap_or(body);
    let end = body.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))?;
    let (name, rest) = body.split_at(end);
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start();
    let value = rest.strip_prefix(['=', ':']).filter(|_| !name.is_empty())?;
    let offset = line.len() - value.trim_start().len();
    let value = value.trim();
    let quoted = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (skip, length) = if let Some(quote) = quoted {
        (1, value.get(1..)?.find(quote)?)
    } else {
        let value = value.split(" #").next().unwrap_or_default();
        (0, value.trim_end().trim_end_matches([',', ';']).len())
    };
    let value = line.get(offset + skip..offset + skip + length)?;
    // What is called or looked up is code.
    let code = quoted.is_none() && value.contains(['(', ')', '[', ']', '{', '}', '"', '\'']);
    (!value.is_empty() && !code).then_some((name, offset + skip..offset + skip + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_name_are_told_by_case_and_by_signs() {
        for (name, found) in [
            ("dbPassword", "db password"),
            ("DB_PASSWORD", "db password"),
            ("db.password", "db password"),
            ("--token", "token"),
            ("épasswordÄKey", "password key"),
            ("APIKey2", "apikey2"),
            ("é", ""),
            ("", ""),
        ] {
            let lower = name.to_ascii_lowercase();
            let words: Vec<&str> = words(name, &lower).collect();
            assert_eq!(words.join(" "), found, "{name}");
        }
    }

    #[test]
    fn names_announce_what_is_behind_them() {
        for name in [
            "DB_PASSWORD",
            "dbPassword",
            "API_TOKEN",
            "SECRET_KEY",
            "smtp.pass",
            "PASSWORD_1",
            "apiKey",
            "--password",
            "AWS_SECRET_ACCESS_KEY",
        ] {
            assert!(named(name).is_some(), "{name}");
        }
        assert_eq!(named("AZURE_BATCH_KEY"), Some(NameHint::Key));
        for name in [
            "DB_PASSWORD_FILE",
            "SECRET_NAME",
            "TOKEN_EXPIRY_SECONDS",
            "KEYBOARD",
            "MONKEY",
            "PWD",
            "MAX_TOKENS",
            "KEYCLOAK_URL",
            "bypass",
            "compass",
            "banking_secretKey_ref",
            "PASSWORD_LENGTH",
            "AWS_ACCESS_KEY_ID",
            "PUBLIC_KEY",
            "key",
            "--initial-cluster-token",
        ] {
            assert!(named(name).is_none(), "{name}");
        }
    }

    #[test]
    fn values_are_told_from_references() {
        for value in [
            "hunter2",
            "9mRk-Tq2vLx7_wZn",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzKEY",
        ] {
            assert!(is_credential(NameHint::Password, value), "{value}");
        }
        for value in [
            "/run/secrets/x",
            "${PW}",
            "$(PW)",
            "{{ .pw }}",
            "vault:secret/data/x#y",
            "op://a/b",
            "changeme",
            "true",
            "3600",
            "db-credentials",
            "pw.txt",
            "projects/1/secrets/x/versions/latest",
            "https://a/b",
            "<password>",
        ] {
            assert!(!is_credential(NameHint::Password, value), "{value}");
        }
    }

    #[test]
    fn assignments_of_every_syntax_have_the_range_of_their_value() {
        for (line, name) in [
            ("A_PASSWORD=v1x\n", "A_PASSWORD"),
            ("  \"password\": \"v1x\",\n", "password"),
            ("password: 'v1x'", "password"),
            ("export TOKEN=\"v1x\"", "TOKEN"),
            ("- token: v1x # why", "token"),
        ] {
            let (found, value, at) = assignments(line).next().unwrap();
            assert_eq!((found, value, &line[at]), (name, "v1x", "v1x"));
        }
        let line = "  \"db\": {\"user\": \"app\", \"password\": \"v1x\"},\n";
        let names: Vec<_> = assignments(line).map(|(name, ..)| name).collect();
        assert_eq!(names, ["user", "password"]);
        assert_eq!(
            assignments("const secretKey = process.env.KEY;\n# password=x\npassword = read(x)\n")
                .count(),
            0
        );
    }
}
