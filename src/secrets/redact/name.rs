//! Names that announce a credential. For masks, so in doubt it is one; what a rule reports, `credential::named` decides.

use crate::secrets::detect::words;

/// Words that are a credential by themselves.
const WORDS: [&str; 30] = [
    "password",
    "passwords",
    "passwd",
    "pwd",
    "pw",
    "passphrase",
    "pass",
    "passcode",
    "secret",
    "secrets",
    "token",
    "tokens",
    "credential",
    "credentials",
    "creds",
    "psk",
    "jwt",
    "auth",
    "auths",
    "masterauth",
    "requirepass",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "sharedkey",
];

/// Words that make a key a secret one.
const KEYS: [&str; 17] = [
    "api",
    "access",
    "private",
    "secret",
    "encryption",
    "signing",
    "master",
    "auth",
    "hmac",
    "client",
    "certificate",
    "ssh",
    "shared",
    "account",
    "storage",
    "license",
    "bootstrap",
];

/// Words behind a credential's name that make it something about one: where it lies, what it is called, how long it lives.
const ABOUT: [&str; 74] = [
    "file",
    "files",
    "filename",
    "path",
    "paths",
    "dir",
    "directory",
    "folder",
    "name",
    "names",
    "ref",
    "refs",
    "reference",
    "namespace",
    "id",
    "ids",
    "ttl",
    "expiry",
    "expiration",
    "expires",
    "expire",
    "seconds",
    "minutes",
    "hours",
    "days",
    "duration",
    "age",
    "length",
    "enabled",
    "enable",
    "disabled",
    "mode",
    "type",
    "kind",
    "url",
    "uri",
    "urls",
    "endpoint",
    "host",
    "port",
    "policy",
    "class",
    "provider",
    "version",
    "size",
    "count",
    "limit",
    "interval",
    "timeout",
    "period",
    "rotation",
    "algorithm",
    "format",
    "store",
    "stores",
    "manager",
    "review",
    "reviews",
    "engine",
    "mount",
    "volume",
    "audience",
    "issuer",
    "selector",
    "label",
    "annotation",
    "required",
    "optional",
    "config",
    "cache",
    "webhook",
    "generator",
    "template",
    "ca",
];

/// Words before it that do the same.
const BEFORE: [&str; 11] = [
    "anonymous",
    "automount",
    "disable",
    "enable",
    "max",
    "min",
    "pull",
    "require",
    "rotate",
    "skip",
    "use",
];

/// Parts of which every such name has one, without their first letter: most names have none, and are looked at no further.
fn stems(first: u8) -> &'static [&'static str] {
    match first.to_ascii_lowercase() {
        b'a' => &["uth"],
        b'c' => &["red", "tl"],
        b'd' => &["atas", "iscovery"],
        b'j' => &["wt"],
        b'k' => &["ey"],
        b'p' => &["ass", "w", "sk"],
        b's' => &["ecret"],
        b't' => &["oken"],
        _ => &[],
    }
}

fn holds_stem(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.iter().enumerate().any(|(at, first)| {
        stems(*first).iter().any(|rest| {
            let found = bytes.get(at + 1..at + 1 + rest.len());
            found.is_some_and(|found| found.eq_ignore_ascii_case(rest.as_bytes()))
        })
    })
}

/// Names that are none of these words, or though they end like something about one.
const LOGINS: [&str; 10] = [
    "etcdctl-user",
    "bootstraptoken",
    "certificatekey",
    "datasource",
    "datastore-endpoint",
    "discovery-user",
    "identity-token",
    "secret-id",
    "vpn-auth",
    "plain-text-passwd",
];

/// Whether what stands under a name is a credential.
pub(super) fn is_secret(name: &str) -> bool {
    if !holds_stem(name) {
        return false;
    }
    let login = |l: &&str| {
        let end = name.len().checked_sub(l.len());
        end.and_then(|end| name.get(end..))
            .is_some_and(|end| same(end, l))
    };
    LOGINS.iter().any(login) || is_one(name, is_word)
}

/// The same, and whether the name is misspelt for one.
pub(super) fn is_nearly_secret(name: &str) -> bool {
    const KNOWN: [&str; 7] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "credential",
        "credentials",
    ];
    let misspelt = |word: &str, _: Option<&str>| KNOWN.iter().any(|known| is_near(word, known));
    is_secret(name) || (name.len() >= 4 && is_one(name, misspelt))
}

/// Whether some word of the name is one, and none says that it is only about one.
fn is_one(name: &str, is_word: impl Fn(&str, Option<&str>) -> bool) -> bool {
    // The shell's own; and what only tells clusters apart.
    if matches!(name, "PWD" | "OLDPWD") || name.ends_with("cluster-token") {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    let trimmed = words(name, &lower).map(|w| w.trim_end_matches(|c: char| c.is_ascii_digit()));
    let words: Vec<&str> = trimmed.collect();
    let at = |i: usize| words.get(i).copied();
    let last = (0..words.len())
        .rev()
        .find(|i| at(*i).is_some_and(|word| is_word(word, i.checked_sub(1).and_then(at))));
    last.is_some_and(|last| {
        // `auth-tls-verify-client` is how, and `proxy-auth` is what.
        if at(last).is_some_and(|word| word.starts_with("auth")) && last + 1 < words.len() {
            return false;
        }
        let mut behind = words.iter().skip(last + 1);
        let mut before = words.iter().take(last);
        !behind.any(|w| ABOUT.contains(w)) && !before.any(|w| BEFORE.contains(w))
    })
}

fn is_word(word: &str, before: Option<&str>) -> bool {
    const ENDS: [&str; 6] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "apikey",
    ];
    WORDS.contains(&word)
        || word.starts_with("password")
        || ENDS.iter().any(|end| word.ends_with(end))
        || (word == "key" && before.is_some_and(|b| KEYS.contains(&b)))
}

/// One slip of the pen apart, in long words two letters of one place.
pub(super) fn is_near(word: &str, known: &str) -> bool {
    let (a, b) = (word.as_bytes(), known.as_bytes());
    let most = if known.len() >= 8 { 2 } else { 1 };
    if a.len().abs_diff(b.len()) > most {
        return false;
    }
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (
        a.get(start..).unwrap_or_default(),
        b.get(start..).unwrap_or_default(),
    );
    let ends = a.iter().rev().zip(b.iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    let (a, b) = (
        a.get(..a.len() - end).unwrap_or_default(),
        b.get(..b.len() - end).unwrap_or_default(),
    );
    let swapped = matches!((a, b), ([a, b], [c, d]) if a == d && b == c);
    swapped || (a.len() <= most && b.len() <= most)
}

fn same(a: &str, b: &str) -> bool {
    let fold = |b: u8| {
        if b == b'_' {
            b'-'
        } else {
            b.to_ascii_lowercase()
        }
    };
    a.len() == b.len() && a.bytes().map(fold).eq(b.bytes())
}

/// Whether a field tells about a credential that stands elsewhere, or how it is made.
pub(super) fn is_about(name: &str) -> bool {
    const WORDS: [&str; 9] = [
        "encoding", "group", "items", "key", "method", "server", "user", "username", "usages",
    ];
    let lower = name.to_ascii_lowercase();
    let last = words(name, &lower).last();
    last.is_some_and(|word| ABOUT.contains(&word) || WORDS.contains(&word))
}

/// Whether a value is none although it stands under such a name: nothing, a switch, a path, or a variable that is set elsewhere.
pub(super) fn is_public(value: &str) -> bool {
    // Switches, what a token is asked of, and etcd's sorts of tokens.
    const WORDS: [&str; 13] = [
        "true", "false", "null", "~", "yes", "no", "on", "off", "none", "optional", "required",
        "simple", "jwt",
    ];
    let value = value.trim().trim_matches(['"', '\'']);
    let variable = value
        .strip_prefix("$(")
        .and_then(|v| v.strip_suffix(')'))
        .or_else(|| value.strip_prefix("${").and_then(|v| v.strip_suffix('}')));
    let named = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    value.is_empty()
        || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
        || value.starts_with("jwt,")
        || value.starts_with("sign-method=")
        || variable.is_some_and(named)
        || is_path(value)
        || value.split(',').all(is_host)
}

/// The address of a server, without a user, a path or a query.
fn is_host(value: &str) -> bool {
    let host = value.split_once("://").map(|(_, host)| host);
    host.is_some_and(|host| {
        let host = host.trim_end_matches('/').bytes();
        let mut host = host
            .map(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-' | b'[' | b']'));
        host.all(|fits| fits)
    })
}

/// An absolute path of words: base64 may begin with a slash, too.
fn is_path(value: &str) -> bool {
    let wordy = |piece: &str| {
        piece.len() <= 3
            || piece.bytes().skip(1).all(|b| b.is_ascii_lowercase())
            || piece.bytes().all(|b| b.is_ascii_digit())
    };
    value.starts_with('/')
        && value.bytes().filter(|b| *b == b'/').count() >= 2
        && value.split(['/', '-', '_', '.']).all(wordy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_credentials_are_known() {
        for name in [
            "password",
            "DB_PASSWORD",
            "PGPASSWORD",
            "smtp.pass",
            "--token",
            "client-key-data",
            "clientSecret",
            "apiKey",
            "secretboxEncryptionSecret",
            "K3S_DATASTORE_ENDPOINT",
            "kubeadm_certificate_key",
            "ansible_become_pass",
            "chpasswd",
            "vault_secret_id",
            "PASSWORD_1",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["pasword", "DB_PASSWRD", "secrt", "tokne", "credentails"] {
            assert!(is_nearly_secret(name) && !is_secret(name), "{name}");
        }
    }

    #[test]
    fn what_is_only_about_a_credential_is_none() {
        for name in [
            "tls-private-key-file",
            "--service-account-key-file",
            "DB_PASSWORD_FILE",
            "secretName",
            "imagePullSecrets",
            "automountServiceAccountToken",
            "--anonymous-auth",
            "authorization-mode",
            "initial-cluster-token",
            "token-ttl",
            "AWS_ACCESS_KEY_ID",
            "keyboard",
            "compass",
            "sector",
            "name",
            "broken",
        ] {
            assert!(!is_nearly_secret(name), "{name}");
        }
    }

    #[test]
    fn a_path_is_shown_and_base64_is_not() {
        for value in ["/etc/kubernetes/pki/sa.key", "true", "$(DB_PASSWORD)", ""] {
            assert!(is_public(value), "{value}");
        }
        for value in [
            "/9j/4AAQSkZJRgABAQ/Kd",
            "/hunter2",
            "${PW:-hunter2}",
            "4839",
        ] {
            assert!(!is_public(value), "{value}");
        }
    }
}
