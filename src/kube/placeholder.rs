//! Values that a tool fills in later.

/// Whether a value is filled in before it reaches the cluster, so that it stands for a value that nobody can judge here: a
/// template, a variable, a reference into a secret manager, or an encrypted value.
pub fn is_placeholder(value: &str) -> bool {
    let masked = |b: u8| matches!(b, b'*' | b'x' | b'X' | b'.');
    let value = value.trim();
    is_variable(value) || !value.is_empty() && value.bytes().all(masked)
}

/// The same, but for what only hides a value from readers, such as `***`: an API server would be given it as it stands.
pub fn is_variable(value: &str) -> bool {
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
    const WORDS: [&str; 11] = [
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
    let value = value.trim();
    let braces = memchr::memchr(b'{', value.as_bytes()).is_some();
    let between = |start: &str, end: &str| value.starts_with(start) && value.ends_with(end);
    braces && (value.contains("{{") || value.contains("${"))
        || between("$(", ")")
        || between("<", ">")
        || between("%%", "%%")
        || between("__", "__")
        || STARTS.iter().any(|s| value.starts_with(s))
        || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}
