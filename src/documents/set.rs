//! Sets: what is applied together. A rule about several objects sees one set, never the whole repository.

use super::access::Access;
use super::paths::nearest;
use super::{ConfigFile, DocumentFacts, Fact, SettingFact};
use crate::component::ComponentKind;
use std::cell::OnceCell;
use std::collections::HashMap;

/// The facts of one set, each with the path of its file from the root.
#[derive(Debug)]
pub struct DocumentSet<'a> {
    /// In the order of their files.
    pub facts: Vec<(&'a str, &'a DocumentFacts)>,
    access: OnceCell<Access<'a>>,
}

/// A setting of a component of a set.
#[derive(Clone, Copy, Debug)]
pub struct SetSetting<'a> {
    /// The path of its file from the root.
    pub path: &'a str,
    /// The component's facts.
    pub facts: &'a DocumentFacts,
    /// The setting.
    pub setting: &'a SettingFact,
}

/// A setting that names a file, and that file.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// What names it.
    pub from: SetSetting<'a>,
    /// The file's facts.
    pub facts: &'a DocumentFacts,
    /// The file.
    pub file: &'a ConfigFile,
}

/// A configuration file of a set.
#[derive(Clone, Copy)]
struct NamedFile<'a> {
    path: &'a str,
    facts: &'a DocumentFacts,
    file: &'a ConfigFile,
}

/// Configuration files by their last name: of one chunk, and of the set.
type FilesByName<'a> = HashMap<(Option<(&'a str, u32)>, &'a str), Vec<NamedFile<'a>>>;

/// More files of one name than this are somebody's collection: which of them is meant cannot be known, nor looked for in time.
const MAX_FILES_OF_ONE_NAME: usize = 100;

impl<'a> DocumentSet<'a> {
    /// Of the facts of its files.
    pub fn new(facts: Vec<(&'a str, &'a DocumentFacts)>) -> Self {
        Self {
            facts,
            access: OnceCell::new(),
        }
    }

    /// Who may do what in it.
    pub fn access(&self) -> &Access<'a> {
        self.access.get_or_init(|| Access::of(self))
    }

    /// A setting of all instances of a component where it is known; empty where it is one that rules miss.
    pub fn settings<'s>(
        &'s self,
        component: ComponentKind,
        name: &'s str,
    ) -> impl Iterator<Item = SetSetting<'a>> + 's {
        let of_component = move |(path, facts): &(&'a str, &'a DocumentFacts)| match &facts.fact {
            Fact::Component(c) if c.component == component => Some((*path, *facts, &c.settings)),
            _ => None,
        };
        self.facts
            .iter()
            .filter_map(of_component)
            .flat_map(move |(path, facts, settings)| {
                let named = settings.iter().filter(move |s| s.name == name);
                named.map(move |setting| SetSetting {
                    path,
                    facts,
                    setting,
                })
            })
    }

    /// The files that a flag of a component names, where it is certain which file of the set is meant: by the whole path, else by
    /// as much of its end as possible, the name at least; the nearest file of several. A file that is written to the same machine
    /// comes first.
    pub fn links(&self, component: ComponentKind, flag: &str) -> Vec<Link<'a>> {
        let mut named = self.settings(component, flag).peekable();
        if named.peek().is_none() {
            return Vec::new();
        }
        let files = self.config_files(component, flag);
        named
            .filter_map(|from| {
                let NamedFile { facts, file, .. } = meant(from, &files)?;
                Some(Link { from, facts, file })
            })
            .collect()
    }

    fn config_files(&self, component: ComponentKind, flag: &str) -> FilesByName<'a> {
        let mut files: FilesByName<'a> = HashMap::new();
        for (path, facts) in &self.facts {
            let Fact::ConfigFile(file) = &facts.fact else {
                continue;
            };
            if file.component != component || file.flag != flag {
                continue;
            }
            let candidate = NamedFile { path, facts, file };
            let name = parts(candidate.known_as()).next_back();
            for chunk in [Some((*path, facts.chunk)), None] {
                let key = (chunk, name.unwrap_or_default());
                files.entry(key).or_default().push(candidate);
            }
        }
        files
    }
}

impl<'a> NamedFile<'a> {
    /// Its path on a machine, else in the repository.
    fn known_as(self) -> &'a str {
        self.file.path.as_deref().unwrap_or(self.path)
    }
}

/// The file that a setting means; `None` where there is none, or more than one may be meant.
fn meant<'a>(from: SetSetting<'a>, files: &FilesByName<'a>) -> Option<NamedFile<'a>> {
    let names = from.setting.names.as_ref()?;
    let name = parts(&names.path).next_back()?;
    let beside = files.get(&(Some((from.path, from.facts.chunk)), name));
    let candidates = match beside {
        None if names.own => return None,
        None => files.get(&(None, name))?,
        Some(beside) => beside,
    };
    if candidates.len() > MAX_FILES_OF_ONE_NAME {
        return None;
    }
    // How much of the ends of both paths is the same.
    let likeness = |c: &NamedFile<'_>| {
        let both = parts(c.known_as()).rev().zip(parts(&names.path).rev());
        both.take_while(|(a, b)| a == b).count()
    };
    let most = candidates.iter().map(likeness).max()?;
    let alike = candidates.iter().filter(|c| likeness(c) == most).copied();
    match nearest(alike.collect(), |c| c.path, from.path)[..] {
        [only] => Some(only),
        _ => None,
    }
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !matches!(*part, "" | "."))
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
