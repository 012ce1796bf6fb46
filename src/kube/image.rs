//! Image references: `[registry[:port]/]path[:tag][@digest]`.

/// A reference taken apart; nothing is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// Registry and path, without tag and digest.
    pub name: &'a str,
    /// The tag.
    pub tag: Option<&'a str>,
    /// The digest, `sha256:…`.
    pub digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Takes a reference apart. The colon of a registry's port is no tag: only one behind the last slash is.
    pub fn parse(text: &'a str) -> Self {
        let text = text.trim();
        let (name, digest) = text
            .split_once('@')
            .map_or((text, None), |(name, digest)| (name, Some(digest)));
        let path = name.rfind('/').map_or(0, |slash| slash + 1);
        match name.get(path..).and_then(|last| last.split_once(':')) {
            Some((last, tag)) => Self {
                name: name.get(..path + last.len()).unwrap_or(name),
                tag: Some(tag),
                digest,
            },
            None => Self {
                name,
                tag: None,
                digest,
            },
        }
    }
}
