//! Which files are near to which, in the tree of folders. Paths are relative to the root, with `/`.

use crate::text::last_part;

/// The name of a file.
pub fn name(path: &str) -> &str {
    last_part(path, b'/')
}

/// The folder that a file lies in: what lies in one folder is one cluster's.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folder of tests or of their data that a file lies in, the outermost one: what lies there is applied to no real cluster. One called
/// `test` may be an environment, where it lies among others.
pub fn test_folder(path: &str) -> Option<&str> {
    const ENVIRONMENTS: [&str; 6] = [
        "clusters",
        "environments",
        "envs",
        "overlays",
        "stages",
        "apps",
    ];
    const NAMES: [&str; 15] = [
        "__fixtures__",
        "__tests__",
        "e2e",
        "fixture",
        "fixtures",
        "golden",
        "mocks",
        "test-data",
        "test_data",
        "testdata",
        "testing",
        "tests",
        "unittest",
        "unittests",
        "test",
    ];
    let mut start = 0;
    let mut parent = "";
    for (slash, _) in path.match_indices('/') {
        let name = path.get(start..slash).unwrap_or_default();
        let environment = name == "test" && ENVIRONMENTS.contains(&parent);
        if NAMES.contains(&name) && !environment {
            return path.get(..slash);
        }
        parent = name;
        start = slash + 1;
    }
    None
}

/// A path, and the folders that it lies in, up to the root.
pub fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let folders = path
        .rmatch_indices('/')
        .filter_map(|(end, _)| path.get(..end));
    std::iter::once(path).chain(folders).chain([""])
}

/// Those whose files share most of their folders with another file, and of these what stands in that file itself.
pub(super) fn nearest<'p, T>(
    candidates: Vec<T>,
    path_of: impl Fn(&T) -> &'p str,
    to: &str,
) -> Vec<T> {
    let nearness = |candidate: &T| {
        let path = path_of(candidate);
        let folders = folder(path).split('/').zip(folder(to).split('/'));
        (folders.take_while(|(a, b)| a == b).count(), path == to)
    };
    let most = candidates.iter().map(nearness).max();
    let near = candidates.into_iter();
    near.filter(|c| Some(nearness(c)) == most).collect()
}
