//! Which files are near to which, in the tree of folders. Paths are relative to the root, with `/`.

/// The folder that a file lies in: what lies in one folder is one cluster's.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
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
