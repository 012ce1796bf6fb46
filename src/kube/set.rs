//! Sets: what is applied together. A rule about several objects sees one set, never the whole repository.

use super::Facts;

/// The facts of one set, each with the path of its file from the root.
#[derive(Debug)]
pub struct Set<'a> {
    /// In the order of their files.
    pub facts: Vec<(&'a str, &'a Facts)>,
}

/// The set that a file belongs to: a folder, as a path from the root. A repository without such folders is one set.
pub fn set_of(path: &str) -> &str {
    // What these hold is one cluster or environment each.
    const PARENTS: [&str; 5] = ["clusters", "environments", "envs", "overlays", "stages"];
    const NAMES: [&str; 9] = [
        "dev",
        "development",
        "test",
        "qa",
        "staging",
        "stage",
        "preprod",
        "prod",
        "production",
    ];
    let mut set = "";
    let mut start = 0;
    let mut parent = "";
    for (slash, _) in path.match_indices('/') {
        let name = path.get(start..slash).unwrap_or_default();
        if NAMES.contains(&name) || PARENTS.contains(&parent) {
            set = path.get(..slash).unwrap_or_default();
        }
        parent = name;
        start = slash + 1;
    }
    set
}
