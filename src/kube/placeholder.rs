//! Values that a tool fills in later.

/// Whether a value is filled in before it reaches the cluster, so that it stands for a value that nobody can judge here: a
/// template, a variable, a reference into a secret manager, or an encrypted value.
pub fn is_placeholder(value: &str) -> bool {
    const STARTS: [&str; 10] = [
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
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    value.contains("{{")
        || value.contains("${")
        || (value.starts_with("$(") && value.ends_with(')'))
        || (value.starts_with('<') && value.ends_with('>'))
        || (value.starts_with("%%") && value.ends_with("%%"))
        || (value.starts_with("__") && value.ends_with("__"))
        || STARTS.iter().any(|s| value.starts_with(s))
        || matches!(
            lower.as_str(),
            "changeme"
                | "change-me"
                | "change_me"
                | "replaceme"
                | "replace-me"
                | "replace_me"
                | "placeholder"
                | "todo"
                | "fixme"
                | "redacted"
                | "dummy"
        )
        || (!value.is_empty()
            && value
                .bytes()
                .all(|b| matches!(b, b'*' | b'x' | b'X' | b'.')))
}
