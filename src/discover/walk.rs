//! The walk through a folder, and what git ignores in it.
//!
//! The matching is the `ignore` crate's; the reading is ours. Its walker opens whatever is called `.gitignore`, and waits for
//! ever where that is a FIFO, or reads without end where it is a link to a device.

#![expect(clippy::disallowed_methods, reason = "this is where the disk is read")]

use super::git::{self, Repositories};
use super::slashed;
use crate::documents;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Larger ignore files are nobody's.
const LARGEST: u64 = 1 << 20;

/// What a walk finds, what it cannot enter, and what it leaves out.
pub(super) struct Walked {
    pub(super) entries: Vec<Result<walkdir::DirEntry, walkdir::Error>>,
    /// Ignore files that are no regular files, or too large.
    pub(super) unreadable: Vec<PathBuf>,
    /// Files that kubevet would read, and folders, that git ignores.
    pub(super) ignored: [usize; 2],
}

/// Ignore rules that are in force, from the root down to a folder.
struct Rules<'r> {
    stack: Vec<Gitignore>,
    /// How many of them stand above the folder that is walked.
    above: usize,
    /// How deep the ignored folder lies that the walk is in: for the sake of what git tracks there, and of nothing else.
    within: Option<usize>,
    repositories: &'r mut Repositories,
    unreadable: Vec<PathBuf>,
    ignored: [usize; 2],
}

/// Everything below a folder that git does not ignore, or tracks all the same; hidden folders included, `.git` not.
pub(super) fn walk(folder: &Path, root: &Path, repositories: &mut Repositories) -> Walked {
    let mut rules = Rules {
        stack: Vec::new(),
        above: 0,
        within: None,
        repositories,
        unreadable: Vec::new(),
        ignored: [0, 0],
    };
    if let Some(exclude) = git::exclude_file(root) {
        rules.push(root, exclude);
    }
    // Ignore files above the root say nothing about it, and are not read.
    let between: Vec<&Path> = folder
        .ancestors()
        .skip(1)
        .take_while(|f| f.starts_with(root))
        .collect();
    between
        .into_iter()
        .rev()
        .for_each(|f| rules.push(f, f.join(".gitignore")));
    rules.above = rules.stack.len();
    let walk = WalkDir::new(folder).into_iter();
    let entries = walk.filter_entry(|entry| rules.admit(entry)).collect();
    Walked {
        entries,
        unreadable: rules.unreadable,
        ignored: rules.ignored,
    }
}

impl Rules<'_> {
    /// Adds the rules of a file, for a folder; none where the file is missing or not to be trusted.
    fn push(&mut self, folder: &Path, path: PathBuf) {
        let mut builder = GitignoreBuilder::new(folder);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() && found.len() <= LARGEST => {
                let mut bytes = Vec::new();
                let read = fs::File::open(&path)
                    .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes));
                for line in String::from_utf8_lossy(&bytes)
                    .lines()
                    .filter(|_| read.is_ok())
                {
                    // A line that is no pattern is none for git, too.
                    let _ = builder.add_line(None, line);
                }
                self.stack
                    .push(builder.build().unwrap_or_else(|_| Gitignore::empty()));
                return;
            }
            Ok(_) => self.unreadable.push(path),
            Err(_) => {}
        }
        self.stack.push(Gitignore::empty());
    }

    /// Whether to look at an entry; takes in the rules of a folder on the way into it.
    fn admit(&mut self, entry: &walkdir::DirEntry) -> bool {
        let depth = entry.depth();
        self.stack.truncate(self.above + depth);
        self.within = self.within.filter(|within| depth > *within);
        let folder = entry.file_type().is_dir();
        if depth > 0 {
            if entry.file_name() == ".git" {
                return false;
            }
            if self.ignores(entry.path(), folder) {
                if !self.repositories.track(entry.path()) {
                    self.leave_out(entry.path(), folder);
                    return false;
                }
                if folder && self.within.is_none() {
                    self.within = Some(depth);
                }
            }
        }
        if folder {
            self.push(entry.path(), entry.path().join(".gitignore"));
        }
        true
    }

    /// Whether ignore files name it. In a folder that they name, none can take anything back in.
    fn ignores(&self, path: &Path, folder: bool) -> bool {
        // The nearest rules come first.
        let rules = self.stack.iter().rev().filter(|rules| !rules.is_empty());
        let mut verdicts = rules.map(|rules| rules.matched(path, folder));
        self.within.is_some() || matches!(verdicts.find(|m| !m.is_none()), Some(Match::Ignore(_)))
    }

    fn leave_out(&mut self, path: &Path, folder: bool) {
        let [files, folders] = &mut self.ignored;
        if folder {
            *folders += 1;
        } else if documents::format_of(&slashed(path)).is_some() {
            *files += 1;
        }
    }
}
