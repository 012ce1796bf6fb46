//! What git tracks, by its index: what an ignore file names although it is tracked is part of the repository all the same.
//!
//! The index is read, no program is run: `git` would obey a configuration that a stranger may have written. Its format is git's
//! `gitformat-index`; a crate for it brings object databases and memory maps along.

#![expect(clippy::disallowed_methods, reason = "this is where the disk is read")]

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// An index that is larger, or whose names are, is nobody's: a repository of a million files has 100 MB.
const MAX_INDEX_BYTES: u64 = 256 << 20;

/// Longer files that say where git's folder lies are nobody's.
const LONGEST_LINK: u64 = 8 << 10;

/// Bytes of an entry before its hash.
const BEFORE_HASH: usize = 40;

/// Length of the hashes of SHA-1 and SHA-256.
const HASHES: [usize; 2] = [20, 32];

/// Whether a folder is a repository's, or one of its work trees or submodules.
pub(super) fn is_repository(folder: &Path) -> bool {
    fs::symlink_metadata(folder.join(".git")).is_ok()
}

/// The repository that a path lies in.
pub(super) fn repository_of(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| is_repository(folder))
}

/// The file that names what one clone ignores.
pub(super) fn exclude_file(repository: &Path) -> Option<PathBuf> {
    let folder = git_folder(repository).ok()?;
    // Work trees share it.
    let shared = small_file(&folder.join("commondir")).map(|text| folder.join(text.trim_end()));
    Some(shared.unwrap_or(folder).join("info/exclude"))
}

/// Where git keeps a repository: `.git`, or the folder that a file of that name leads to.
fn git_folder(repository: &Path) -> Result<PathBuf, String> {
    let mark = repository.join(".git");
    if mark.is_dir() {
        return Ok(mark);
    }
    let text = small_file(&mark).ok_or("neither a folder nor a file that leads to one")?;
    let folder = text.strip_prefix("gitdir:").ok_or("not a file of git's")?;
    let folder = repository.join(folder.trim());
    // A folder of anything has no index either, and would tell that nothing is tracked.
    let found = small_file(&folder.join("HEAD")).map(|_| folder);
    found.ok_or_else(|| "it leads to no folder of git's".to_owned())
}

fn small_file(path: &Path) -> Option<String> {
    let bytes = regular_file(path, LONGEST_LINK).ok()??;
    String::from_utf8(bytes).ok()
}

/// The bytes of a file; `None` where there is none. A link may lead to a device, so none is followed.
fn regular_file(path: &Path, most: u64) -> Result<Option<Vec<u8>>, String> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(None);
    };
    if !found.is_file() {
        return Err("no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|e| e.to_string())?;
    let read = file.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|e| e.to_string())?;
    if bytes.len() as u64 > most {
        return Err("too large".to_owned());
    }
    Ok(Some(bytes))
}

/// The repositories of a run, each read when something in it would be left out.
#[derive(Default)]
pub(super) struct Repositories {
    known: HashMap<PathBuf, Option<Tracked>>,
    /// Those whose index cannot be read, and why.
    pub(super) unreadable: Vec<(PathBuf, String)>,
}

impl Repositories {
    /// Whether git tracks a file, or something in a folder. What cannot be known counts as tracked: it may be part of the repository.
    pub(super) fn track(&mut self, path: &Path) -> bool {
        // What a submodule tracks, the repository around it does not know, and the other way round.
        let mut found = false;
        for folder in path.ancestors().skip(1) {
            let Some(tracked) = self.index_of(folder) else {
                continue;
            };
            let name = name_of(path.strip_prefix(folder).unwrap_or(path));
            // A submodule is one name for the repository around it: what is in it, the nearer one tells.
            if tracked.holds(&name) || !found && tracked.holds_above(&name) {
                return true;
            }
            found = true;
        }
        // Where there is no repository, nobody has said what ignore files are for.
        !found
    }

    fn index_of(&mut self, folder: &Path) -> Option<&Tracked> {
        if !self.known.contains_key(folder) {
            let index = is_repository(folder).then(|| {
                Tracked::of(folder).unwrap_or_else(|why| {
                    self.unreadable.push((folder.join(".git"), why));
                    Tracked::everything()
                })
            });
            self.known.insert(folder.to_path_buf(), index);
        }
        self.known.get(folder)?.as_ref()
    }
}

/// A path as git writes it. In lower case: where names differ in case only, some disks hold one file for both.
fn name_of(path: &Path) -> Vec<u8> {
    let mut name = path.as_os_str().as_encoded_bytes().to_vec();
    if std::path::MAIN_SEPARATOR != '/' {
        name.iter_mut()
            .filter(|b| **b == b'\\')
            .for_each(|b| *b = b'/');
    }
    name.make_ascii_lowercase();
    name
}

/// Names of an index, sorted.
#[derive(Debug, Default)]
struct Tracked {
    everything: bool,
    /// All names, one behind the other.
    text: Vec<u8>,
    /// Where each begins and ends.
    names: Vec<(u32, u32)>,
}

impl Tracked {
    fn everything() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// The index of a repository; one that has none yet tracks nothing.
    fn of(repository: &Path) -> Result<Self, String> {
        let folder = git_folder(repository)?;
        let Some(bytes) = regular_file(&folder.join("index"), MAX_INDEX_BYTES)? else {
            return Ok(Self::default());
        };
        let shared = |name: &str| regular_file(&folder.join(name), MAX_INDEX_BYTES);
        Self::parse(&bytes, shared)
    }

    /// Reads an index. One that is split names the file that holds the rest of it; what it takes out of that counts as well.
    fn parse(
        bytes: &[u8],
        shared: impl Fn(&str) -> Result<Option<Vec<u8>>, String>,
    ) -> Result<Self, String> {
        let mut tracked = Self::default();
        let base = tracked.add(bytes)?;
        if !base.is_empty() {
            let bytes = shared(&base)?.ok_or_else(|| format!("{base} is not here"))?;
            tracked.add(&bytes)?;
        }
        tracked.sort();
        Ok(tracked)
    }

    /// Adds the names of an index, and returns the name of the one that it is based on; empty without one.
    fn add(&mut self, bytes: &[u8]) -> Result<String, String> {
        let (text, names) = (self.text.len(), self.names.len());
        // Which hash it is made with stands in a configuration: only one of them makes sense of the entries.
        for hash in HASHES {
            self.text.truncate(text);
            self.names.truncate(names);
            if let Some(base) = self.entries(bytes, hash) {
                return Ok(base);
            }
        }
        Err("not an index that kubevet can read".to_owned())
    }

    fn entries(&mut self, bytes: &[u8], hash: usize) -> Option<String> {
        let body = bytes.get(..bytes.len().checked_sub(hash)?)?;
        let mut rest = body.strip_prefix(b"DIRC")?;
        let version = number(&mut rest)?;
        let count = number(&mut rest)?;
        if !(2..=4).contains(&version) {
            return None;
        }
        let mut previous = Vec::new();
        for _ in 0..count {
            let entry = rest;
            take(&mut rest, BEFORE_HASH + hash)?;
            let flags = take(&mut rest, 2)?;
            let extended = version >= 3 && flags.first()? & 0x40 != 0;
            take(&mut rest, if extended { 2 } else { 0 })?;
            if version == 4 {
                let kept = previous.len().checked_sub(varint(&mut rest)?)?;
                previous.truncate(kept);
                previous.extend_from_slice(name(&mut rest)?);
            } else {
                previous.clear();
                previous.extend_from_slice(name(&mut rest)?);
                // One NUL at least, which is taken, and as many as bring it to a multiple of eight.
                let used = entry.len() - rest.len();
                let padding = take(&mut rest, used.next_multiple_of(8) - used)?;
                if padding.iter().any(|b| *b != 0) {
                    return None;
                }
            }
            let length = usize::from(u16::from_be_bytes(flags.try_into().ok()?) & 0xFFF);
            // A name of 4095 bytes or more says so; an entry that takes the place of another one has none.
            let in_place = version == 4 && length == 0;
            if length < 0xFFF && length != previous.len() && !in_place {
                return None;
            }
            self.push(&previous)?;
        }
        base(rest, hash)
    }

    fn push(&mut self, name: &[u8]) -> Option<()> {
        // A folder that is not checked out ends with a slash.
        let name = name.strip_suffix(b"/").unwrap_or(name);
        let start = self.text.len();
        let end = start.checked_add(name.len())?;
        if end as u64 > MAX_INDEX_BYTES {
            return None;
        }
        if !name.is_empty() {
            self.text.extend_from_slice(name);
            let place = (u32::try_from(start).ok()?, u32::try_from(end).ok()?);
            self.names.push(place);
        }
        Some(())
    }

    fn sort(&mut self) {
        self.text.make_ascii_lowercase();
        let text = &self.text;
        self.names
            .sort_unstable_by(|a, b| slice(text, *a).cmp(slice(text, *b)));
    }

    /// Whether it holds a folder above a path as one: a submodule, or what is not checked out.
    fn holds_above(&self, path: &[u8]) -> bool {
        let slashes = memchr::memchr_iter(b'/', path);
        let mut above = slashes.filter_map(|at| path.get(..at));
        above.any(|folder| self.at(folder) == Some(folder))
    }

    /// Whether it holds a path, or something below it.
    fn holds(&self, path: &[u8]) -> bool {
        let below = [path, b"/"].concat();
        self.everything
            || self.at(path) == Some(path)
            || self.at(&below).is_some_and(|name| name.starts_with(&below))
    }

    /// The first name that is not less.
    fn at(&self, wanted: &[u8]) -> Option<&[u8]> {
        let text = &self.text;
        let first = self.names.partition_point(|n| slice(text, *n) < wanted);
        Some(slice(text, *self.names.get(first)?))
    }
}

fn slice(text: &[u8], (start, end): (u32, u32)) -> &[u8] {
    text.get(start as usize..end as usize).unwrap_or_default()
}

/// The name of the index that this one is based on, by its extensions, which must fill it to its end; empty without one.
fn base(mut rest: &[u8], hash: usize) -> Option<String> {
    let mut base = String::new();
    while !rest.is_empty() {
        let kind = take(&mut rest, 4)?;
        let length = usize::try_from(number(&mut rest)?).ok()?;
        let content = take(&mut rest, length)?;
        match kind {
            b"link" => {
                let of = content.get(..hash)?;
                if of.iter().any(|b| *b != 0) {
                    let digits = of.iter().map(|b| format!("{b:02x}"));
                    base = format!("sharedindex.{}", digits.collect::<String>());
                }
            }
            b"sdir" => {}
            // What begins in capitals may be skipped.
            _ if kind.first()?.is_ascii_uppercase() => {}
            _ => return None,
        }
    }
    Some(base)
}

fn take<'b>(rest: &mut &'b [u8], n: usize) -> Option<&'b [u8]> {
    let (taken, behind) = rest.split_at_checked(n)?;
    *rest = behind;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(take(rest, 4)?.try_into().ok()?))
}

/// Up to a NUL, which is taken as well.
fn name<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let end = memchr::memchr(0, rest)?;
    let name = take(rest, end)?;
    take(rest, 1)?;
    Some(name)
}

/// A number of variable length, as in pack files.
fn varint(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0_usize;
    loop {
        let byte = *take(rest, 1)?.first()?;
        value = value
            .checked_mul(128)?
            .checked_add(usize::from(byte & 127))?;
        if byte & 128 == 0 {
            return Some(value);
        }
        value = value.checked_add(1)?;
    }
}
