//! The walk through a folder, and what git ignores in it.
//!
//! The matching is the `ignore` crate's; the reading is ours. Its walker opens whatever is called `.gitignore`, and waits for
//! ever where that is a FIFO, or reads without end where it is a link to a device.

#![expect(clippy::disallowed_methods, reason = "this is where the disk is read")]

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Larger ignore files are nobody's.
const LARGEST: u64 = 1 << 20;

/// What a walk finds, and what it cannot enter.
type Entries = Vec<Result<walkdir::DirEntry, walkdir::Error>>;

/// Ignore rules that are in force, from the root down to a folder.
struct Rules {
    stack: Vec<Gitignore>,
    /// How many of them stand above the folder that is walked.
    above: usize,
    /// Ignore files that are no regular files, or too large.
    unreadable: Vec<PathBuf>,
}

/// Everything below a folder that git does not ignore, hidden folders included, `.git` not; and ignore files that are not obeyed.
pub(super) fn walk(folder: &Path, root: &Path) -> (Entries, Vec<PathBuf>) {
    let mut rules = Rules {
        stack: Vec::new(),
        above: 0,
        unreadable: Vec::new(),
    };
    rules.push(root, ".git/info/exclude");
    // Ignore files above the root say nothing about it, and are not read.
    let between: Vec<&Path> = folder
        .ancestors()
        .skip(1)
        .take_while(|f| f.starts_with(root))
        .collect();
    between
        .into_iter()
        .rev()
        .for_each(|f| rules.push(f, ".gitignore"));
    rules.above = rules.stack.len();
    let walk = WalkDir::new(folder).into_iter();
    let entries = walk.filter_entry(|entry| rules.admit(entry)).collect();
    (entries, rules.unreadable)
}

impl Rules {
    /// Adds the rules of a folder; none where the file is missing or not to be trusted.
    fn push(&mut self, folder: &Path, name: &str) {
        let path = folder.join(name);
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
        self.stack.truncate(self.above + entry.depth());
        let folder = entry.file_type().is_dir();
        if entry.depth() > 0 {
            if entry.file_name() == ".git" {
                return false;
            }
            // The nearest rules come first.
            let rules = self.stack.iter().rev().filter(|rules| !rules.is_empty());
            let mut verdicts = rules.map(|rules| rules.matched(entry.path(), folder));
            if let Some(Match::Ignore(_)) = verdicts.find(|m| !m.is_none()) {
                return false;
            }
        }
        if folder {
            self.push(entry.path(), ".gitignore");
        }
        true
    }
}
