//! Which files a run reads, and their bytes. Layer 9; with `cli` the only place that touches the disk.

#![expect(clippy::disallowed_methods, reason = "this is where the disk is read")]

mod git;
mod walk;

use crate::documents::{self, Repository};
use crate::engine::{Note, NoteKind};
use git::Repositories;
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What to look at.
pub struct Options {
    /// Files and folders as the user names them; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// Nothing outside of it is read; else it is found, see `root_of`.
    pub root: Option<PathBuf>,
    /// Paths from the root, or names, that are left out.
    pub exclude: GlobSet,
    /// What standard input is called.
    pub stdin_name: String,
}

/// A file that is to be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileCandidate {
    /// Path from the root, with `/`.
    pub path: String,
    /// As it is shown: like the user named it.
    pub display_path: String,
    /// Where it is; `None` for standard input.
    pub disk: Option<PathBuf>,
    /// Whether it was named itself, not found in a folder.
    pub named: bool,
}

/// The configuration lies in the root under one of these names.
pub const CONFIGURATIONS: [&str; 2] = ["kubevet.yaml", ".kubevet.yaml"];

/// What there is to read.
#[derive(Default)]
pub struct FoundFiles {
    /// By path, each once.
    pub files: Vec<FileCandidate>,
    /// What is left out.
    pub notes: Vec<Note>,
    /// The root.
    pub root: PathBuf,
    /// Whether something that was named cannot be read.
    pub failed: bool,
    /// Whether the root itself was named, so that every file of it is among `files`.
    pub complete: bool,
    /// Whether files beside those that were named may be read: the root is a repository, not a folder of anything.
    pub beside: bool,
    /// Files that would have been read, and folders, that git ignores.
    pub ignored: [usize; 2],
    /// What was named, as paths from the root.
    named: Vec<String>,
    /// All files of the root, once they are asked for.
    of_root: OnceLock<Vec<FileCandidate>>,
}

impl FoundFiles {
    /// Whether a folder of the root, or something in it, was named.
    pub fn is_named(&self, folder: &str) -> bool {
        let in_folder = |path: &str| {
            path.strip_prefix(folder)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.named.iter().any(|path| in_folder(path))
    }

    /// All files of the root, whatever was named and excluded.
    fn of_root(&self) -> &[FileCandidate] {
        self.of_root.get_or_init(|| files_of(self, &[""]))
    }
}

/// All files of some folders of the root, whatever was named and excluded.
fn files_of(found: &FoundFiles, folders: &[&str]) -> Vec<FileCandidate> {
    let options = Options {
        paths: folders.iter().map(|f| found.root.join(f)).collect(),
        root: Some(found.root.clone()),
        exclude: GlobSet::empty(),
        stdin_name: String::new(),
    };
    discover(&options).files
}

/// Builds the globs of `--exclude`; a pattern without `/` matches a name at any depth.
pub fn globs(patterns: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(glob(pattern)?);
    }
    set.build()
}

/// One of these globs.
pub fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    let pattern = pattern.trim_end_matches('/').trim_start_matches("./");
    let anchored = if pattern.contains('/') {
        pattern.to_owned()
    } else {
        format!("**/{pattern}")
    };
    GlobBuilder::new(&anchored).literal_separator(true).build()
}

/// Whether globs match a path, or a folder above it.
pub fn matches(globs: &GlobSet, path: &str) -> bool {
    !globs.is_empty() && with_folders(path).any(|p| globs.is_match(p))
}

/// Which globs match a path, or a folder above it.
pub fn matching(globs: &GlobSet, path: &str) -> impl Iterator<Item = usize> {
    with_folders(path).flat_map(|p| globs.matches(p))
}

/// A path, and the folders above it.
fn with_folders(path: &str) -> impl Iterator<Item = &str> {
    let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
    [path].into_iter().chain(above)
}

/// A path as people see it: from the working directory, where it lies below.
pub fn display_path(disk: &Path) -> String {
    seen_from(&std::env::current_dir().unwrap_or_default(), disk)
}

fn seen_from(here: &Path, disk: &Path) -> String {
    slashed(disk.strip_prefix(here).unwrap_or(disk))
}

/// Finds the files of a run.
pub fn discover(options: &Options) -> FoundFiles {
    let mut search = Search {
        options,
        files: BTreeMap::new(),
        notes: Vec::new(),
        failed: false,
        repositories: Repositories::default(),
        ignored: [0, 0],
    };
    let arguments: Vec<(PathBuf, io::Result<PathBuf>)> =
        options.paths.iter().map(|p| (p.clone(), real(p))).collect();
    let on_disk = || arguments.iter().filter(|(given, _)| !is_stream(given));
    let mut roots = on_disk()
        .filter_map(|(_, real)| real.as_ref().ok())
        .map(|real| root_of(real))
        .peekable();
    let root = match &options.root {
        Some(root) => fs::canonicalize(root).unwrap_or_else(|_| root.clone()),
        // What comes through a pipe belongs to where one is.
        None if roots.peek().is_none() => {
            fs::canonicalize(".").map_or_else(|_| PathBuf::new(), |here| root_of(&here))
        }
        None => roots.reduce(|a, b| common(&a, &b)).unwrap_or_default(),
    };
    let complete = on_disk().any(|(_, real)| real.as_ref().is_ok_and(|r| *r == root));
    let known = options.root.is_some() || git::is_repository(&root);
    let beside = !complete && known && on_disk().next().is_some();
    let reals = on_disk().filter_map(|(_, real)| real.as_ref().ok());
    let named = reals
        .filter_map(|real| Some(slashed(real.strip_prefix(&root).ok()?)))
        .collect();
    for (given, real) in arguments {
        if is_stream(&given) {
            search.stream(&given);
            continue;
        }
        match real {
            Ok(real) if !real.starts_with(&root) => {
                search.note(NoteKind::OutsideRoot, &given, String::new(), true);
            }
            Ok(real) => search.argument(&given, &real, &root),
            Err(e) => search.note(NoteKind::Unreadable, &given, e.to_string(), true),
        }
    }
    search.untold_indices();
    FoundFiles {
        files: search.files.into_values().collect(),
        notes: search.notes,
        root,
        failed: search.failed,
        complete,
        beside,
        ignored: search.ignored,
        named,
        of_root: OnceLock::new(),
    }
}

/// Whether there is something of this name, be it a link that leads nowhere.
pub fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether a path leads into a folder and not out of it again, by links or otherwise; nor into git's own, which holds credentials.
pub fn lies_in(path: &Path, folder: &Path) -> bool {
    let real = |path| fs::canonicalize(path).ok();
    let inside = real(path).zip(real(folder)).and_then(|(path, folder)| {
        let inside = path.strip_prefix(folder).ok()?;
        Some(inside.components().all(|part| part.as_os_str() != ".git"))
    });
    inside == Some(true)
}

/// Standard input, or what a shell makes of `<(…)`.
fn is_stream(path: &Path) -> bool {
    path == Path::new("-")
        || path == Path::new("/dev/stdin")
        || path.starts_with("/dev/fd")
        || path.starts_with("/proc/self/fd")
}

/// An absolute path without `..`; a link in the last place stays.
fn real(path: &Path) -> io::Result<PathBuf> {
    let is_link = fs::symlink_metadata(path)?.is_symlink();
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if is_link && !path.is_dir() => {
            let parent = if parent.as_os_str().is_empty() {
                Path::new(".")
            } else {
                parent
            };
            Ok(fs::canonicalize(parent)?.join(name))
        }
        _ => fs::canonicalize(path),
    }
}

/// The repository, else the nearest folder upward that holds a configuration, else the folder itself. A configuration in a folder of a
/// repository makes no root: a stranger may have put it there.
fn root_of(real: &Path) -> PathBuf {
    let folder = if real.is_dir() {
        real
    } else {
        real.parent().unwrap_or(real)
    };
    let configured = |folder: &&Path| {
        let mut names = CONFIGURATIONS.iter();
        names.any(|name| is_there(&folder.join(name)))
    };
    git::repository_of(folder)
        .or_else(|| folder.ancestors().find(configured))
        .unwrap_or(folder)
        .to_path_buf()
}

fn common(a: &Path, b: &Path) -> PathBuf {
    a.components()
        .zip(b.components())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a)
        .collect()
}

/// A path with `/`; bytes that are no UTF-8 become U+FFFD.
fn slashed(path: &Path) -> String {
    path.to_string_lossy()
        .replace(std::path::MAIN_SEPARATOR, "/")
}

struct Search<'a> {
    options: &'a Options,
    /// By path; names that differ only in bytes that are no UTF-8 are different files.
    files: BTreeMap<(String, Option<PathBuf>), FileCandidate>,
    notes: Vec<Note>,
    failed: bool,
    repositories: Repositories,
    ignored: [usize; 2],
}

impl Search<'_> {
    fn note(&mut self, what: NoteKind, display_path: &Path, detail: String, failed: bool) {
        self.notes.push(Note {
            what,
            about: slashed(display_path),
            line: 0,
            detail,
        });
        self.failed |= failed;
    }

    fn excluded(&self, path: &str) -> bool {
        matches(&self.options.exclude, path)
    }

    fn add(&mut self, candidate: FileCandidate) {
        if !self.excluded(&candidate.path) {
            let key = (candidate.path.clone(), candidate.disk.clone());
            self.files.entry(key).or_insert(candidate);
        }
    }

    fn stream(&mut self, given: &Path) {
        let disk = (given != Path::new("-")).then(|| given.to_path_buf());
        let name = self.options.stdin_name.clone();
        self.add(FileCandidate {
            path: name.clone(),
            display_path: name,
            disk,
            named: true,
        });
    }

    fn argument(&mut self, given: &Path, real: &Path, root: &Path) {
        let display_path = |rest: &Path| {
            slashed(&given.join(rest))
                .trim_start_matches("./")
                .to_owned()
        };
        if real.is_dir() {
            self.folder(real, root, &display_path);
            return;
        }
        if fs::symlink_metadata(real).is_ok_and(|m| m.is_symlink()) {
            match fs::canonicalize(real) {
                Ok(target) if lies_in(&target, root) => {}
                Ok(_) => {
                    return self.note(
                        NoteKind::OutsideRoot,
                        given,
                        "a link that leaves the root".to_owned(),
                        false,
                    );
                }
                Err(e) => return self.note(NoteKind::Unreadable, given, e.to_string(), true),
            }
        }
        let path = slashed(real.strip_prefix(root).unwrap_or(real));
        let display_path = slashed(given).trim_start_matches("./").to_owned();
        self.add(FileCandidate {
            path,
            display_path,
            disk: Some(real.to_path_buf()),
            named: true,
        });
    }

    fn folder(&mut self, folder: &Path, root: &Path, display_path: &dyn Fn(&Path) -> String) {
        let walked = walk::walk(folder, root, &mut self.repositories);
        let counted = self.ignored.iter_mut().zip(walked.ignored);
        counted.for_each(|(all, here)| *all += here);
        for entry in walked.entries {
            match entry {
                Ok(entry) => self.entry(&entry, folder, root, display_path),
                Err(e) => self.walk_error(&e, folder, display_path),
            }
        }
        for ignore_file in walked.unreadable {
            let about = display_path(ignore_file.strip_prefix(folder).unwrap_or(&ignore_file));
            let detail = "an ignore file that is not obeyed".to_owned();
            self.notes.push(Note {
                what: NoteKind::NotAFile,
                about,
                line: 0,
                detail,
            });
        }
        self.notes.sort();
    }

    fn entry(
        &mut self,
        entry: &walkdir::DirEntry,
        folder: &Path,
        root: &Path,
        display_path: &dyn Fn(&Path) -> String,
    ) {
        let kind = entry.file_type();
        if kind.is_dir() {
            return;
        }
        let disk = entry.path();
        let linked_folder = kind.is_symlink() && disk.is_dir();
        if !(documents::format_of(&slashed(disk)).is_some() || linked_folder) {
            return;
        }
        let path = slashed(disk.strip_prefix(root).unwrap_or(disk));
        let display_path = display_path(disk.strip_prefix(folder).unwrap_or(disk));
        if self.excluded(&path) {
            return;
        }
        if kind.is_file() {
            self.add(FileCandidate {
                path,
                display_path,
                disk: Some(disk.to_path_buf()),
                named: false,
            });
        } else {
            let what = if kind.is_symlink() {
                NoteKind::Link
            } else {
                NoteKind::NotAFile
            };
            self.notes.push(Note {
                what,
                about: display_path,
                line: 0,
                detail: String::new(),
            });
        }
    }

    /// Says which repositories' ignore files are not obeyed.
    fn untold_indices(&mut self) {
        for (mark, why) in std::mem::take(&mut self.repositories.unreadable) {
            let detail = format!("git's index: {why}; so ignore files are not obeyed");
            self.notes.push(Note {
                what: NoteKind::Unreadable,
                about: display_path(&mark),
                line: 0,
                detail,
            });
        }
    }

    fn walk_error(
        &mut self,
        error: &walkdir::Error,
        folder: &Path,
        display_path: &dyn Fn(&Path) -> String,
    ) {
        let path = error.path().unwrap_or(folder);
        let about = display_path(path.strip_prefix(folder).unwrap_or(path));
        let about = about.trim_end_matches('/').to_owned();
        let detail = error
            .io_error()
            .map_or_else(|| error.to_string(), ToString::to_string);
        // What was named itself must be readable.
        self.failed |= error.depth() == 0;
        self.notes.push(Note {
            what: NoteKind::Unreadable,
            about,
            line: 0,
            detail,
        });
    }
}

/// Reads a file of at most `max` bytes.
pub fn read(candidate: &FileCandidate, max: u64) -> Result<Vec<u8>, (NoteKind, String)> {
    let fail = |e: io::Error| (NoteKind::Unreadable, e.to_string());
    let Some(disk) = &candidate.disk else {
        return limited(io::stdin().lock(), 0, max);
    };
    if is_stream(disk) {
        return limited(fs::File::open(disk).map_err(fail)?, 0, max);
    }
    // Asked before opening: opening a FIFO waits for somebody to write.
    let metadata = fs::metadata(disk).map_err(fail)?;
    if !metadata.is_file() {
        return Err((NoteKind::NotAFile, String::new()));
    }
    if metadata.len() > max {
        return Err((NoteKind::TooLarge, format!("{} bytes", metadata.len())));
    }
    limited(fs::File::open(disk).map_err(fail)?, metadata.len(), max)
}

fn limited(from: impl Read, expected: u64, max: u64) -> Result<Vec<u8>, (NoteKind, String)> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default() + 1);
    from.take(max + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| (NoteKind::Unreadable, e.to_string()))?;
    if bytes.len() as u64 > max {
        return Err((NoteKind::TooLarge, format!("more than {max} bytes")));
    }
    Ok(bytes)
}

/// What the kustomizations and charts around the files say about them. For a whole folder they are among the files; for files
/// that are named, the folders above them tell whether there are any.
pub fn repository(found: &FoundFiles, max: u64) -> Repository {
    let mut repository = Repository::default();
    let mut kustomized = false;
    for file in &found.files {
        repository.add(&file.path, || text_of(file, max));
    }
    if !found.beside {
        add_patch_files(&mut repository, found, max);
        return repository;
    }
    for folder in folders_above(found) {
        let has = |name: &str| is_there(&found.root.join(&folder).join(name));
        if has("Chart.yaml") {
            repository.add_chart(&folder);
        }
        kustomized |= ["kustomization.yaml", "kustomization.yml", "Kustomization"]
            .into_iter()
            .any(has);
    }
    if kustomized {
        let of_root = found.of_root().iter();
        of_root
            .filter(|file| Repository::is_kustomization(documents::name(&file.path)))
            .for_each(|file| repository.add(&file.path, || text_of(file, max)));
    }
    add_patch_files(&mut repository, found, max);
    repository
}

/// Reads the files of patches that kustomizations name.
fn add_patch_files(repository: &mut Repository, found: &FoundFiles, max: u64) {
    let named = repository.patch_files();
    let named: Vec<String> = named.into_iter().map(str::to_owned).collect();
    for path in named {
        let disk = found.root.join(&path);
        if lies_in(&disk, &found.root) {
            let file = FileCandidate {
                display_path: path.clone(),
                path,
                disk: Some(disk),
                named: false,
            };
            repository.add_patch_file(&file.path, &text_of(&file, max));
        }
    }
}

/// The text of a file, empty where it cannot be read: that is noted when its turn comes.
fn text_of(file: &FileCandidate, max: u64) -> String {
    let bytes = file.disk.as_ref().map(|_| read(file, max));
    bytes
        .and_then(Result::ok)
        .map(|bytes| crate::text::decode(bytes).text)
        .unwrap_or_default()
}

/// The folders above the files, from the root down, each once.
fn folders_above(found: &FoundFiles) -> Vec<String> {
    let mut folders = vec![String::new()];
    for file in found.files.iter().filter(|f| f.disk.is_some()) {
        folders.extend(
            file.path
                .match_indices('/')
                .filter_map(|(at, _)| file.path.get(..at))
                .map(str::to_owned),
        );
    }
    folders.sort();
    folders.dedup();
    folders
}

/// The files of sets that were not named: a set rule must see them too. Their own findings are not asked for.
pub fn context(found: &FoundFiles, sets: &[&str]) -> Vec<FileCandidate> {
    // The set without a folder is all of the root: what lies in the folders of other sets, too.
    let (whole, folders): (Vec<&str>, Vec<&str>) = sets.iter().partition(|set| set.is_empty());
    let mut files = files_of(found, &folders);
    if !whole.is_empty() {
        files.extend_from_slice(found.of_root());
        files.sort();
        files.dedup();
    }
    let named: HashSet<&str> = found.files.iter().map(|f| f.path.as_str()).collect();
    let here = std::env::current_dir().unwrap_or_default();
    let beside = files
        .into_iter()
        .filter(|f| !named.contains(f.path.as_str()));
    beside
        .map(|file| FileCandidate {
            display_path: file
                .disk
                .as_deref()
                .map_or_else(String::new, |disk| seen_from(&here, disk)),
            ..file
        })
        .collect()
}
