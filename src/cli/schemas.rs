//! `--schema-location`: where the JSON Schemas of custom resources lie, and which of them a run needs.

use crate::discover::{self, Candidate};
use crate::schema::Given;
use crate::text::decode;
use std::path::{Path, PathBuf};

/// A schema that is larger is somebody's mistake.
const MOST: u64 = 16 << 20;

/// Where schemas lie.
pub(super) enum Location {
    /// A folder, `group/kind_version.json` in it, as catalogues of definitions have it.
    Folder(PathBuf),
    /// A path with `{{.Group}}`, `{{.ResourceKind}}` and `{{.ResourceAPIVersion}}`.
    Template(String),
    /// One schema, for the kinds that it names itself or by its file's name.
    File(PathBuf, Vec<[String; 3]>),
}

impl Location {
    /// Of what a user writes; why not, where nothing is there.
    pub(super) fn of(written: &str, root: &Path) -> Result<Self, String> {
        if ["http://", "https://"]
            .iter()
            .any(|s| written.starts_with(s))
        {
            return Err(format!(
                "{written}: kubevet reads no network; give it the folder of a copy"
            ));
        }
        if written.contains("{{") {
            let path = root.join(written);
            return Ok(Self::Template(path.to_string_lossy().into_owned()));
        }
        let path = root.join(written);
        if path.is_dir() {
            return Ok(Self::Folder(path));
        }
        let text = read(&path)?;
        let mut kinds = Given::kinds(&text);
        if kinds.is_empty() {
            kinds.extend(by_name(&path));
        }
        if kinds.is_empty() {
            return Err(format!(
                "{}: neither `x-kubernetes-group-version-kind` nor the file's name (group/kind_version.json) tells whose schema it is",
                discover::shown(&path)
            ));
        }
        Ok(Self::File(path, kinds))
    }

    /// The file that may hold the schema of a kind.
    fn candidates(&self, group: &str, version: &str, kind: &str) -> Vec<PathBuf> {
        let lower = kind.to_lowercase();
        match self {
            Self::Folder(folder) => {
                let first = group.split('.').next().unwrap_or(group);
                vec![
                    folder.join(group).join(format!("{lower}_{version}.json")),
                    folder.join(format!("{lower}_{version}.json")),
                    folder.join(format!("{lower}-{first}-{version}.json")),
                ]
            }
            Self::Template(path) => vec![filled(path, group, version, &lower)],
            Self::File(path, kinds) => {
                let same = |[g, v, k]: &&[String; 3]| {
                    g == group && v == version && k.eq_ignore_ascii_case(kind)
                };
                kinds
                    .iter()
                    .find(same)
                    .map(|_| path.clone())
                    .into_iter()
                    .collect()
            }
        }
    }
}

/// A path whose variables are filled in, with blanks in their braces or without.
fn filled(path: &str, group: &str, version: &str, kind: &str) -> PathBuf {
    let first = group.split('.').next().unwrap_or(group);
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            break;
        };
        match name.trim() {
            ".Group" => out.push_str(group),
            ".ResourceKind" => out.push_str(kind),
            ".ResourceAPIVersion" => out.push_str(version),
            ".KindSuffix" => out.extend(["-", first, "-", version]),
            _ => {}
        }
        rest = behind;
    }
    out.push_str(rest);
    PathBuf::from(out)
}

/// `group/kind_version.json`
fn by_name(path: &Path) -> Option<[String; 3]> {
    let (kind, version) = path.file_stem()?.to_str()?.split_once('_')?;
    let group = path.parent()?.file_name()?.to_str()?;
    Some([group.to_owned(), version.to_owned(), kind.to_owned()])
}

fn read(path: &Path) -> Result<String, String> {
    let shown = discover::shown(path);
    let file = Candidate {
        path: shown.clone(),
        shown,
        disk: Some(path.to_owned()),
        named: true,
    };
    match discover::read(&file, MOST) {
        Ok(bytes) => Ok(decode(bytes).text),
        Err((what, why)) => Err(format!("{}: {} {why}", file.shown, what.reason(1))),
    }
}

/// The schema of a kind in the first location that has one.
pub(super) fn find(
    locations: &[Location],
    group: &str,
    version: &str,
    kind: &str,
) -> Option<Result<Given, String>> {
    let paths = locations
        .iter()
        .flat_map(|location| location.candidates(group, version, kind));
    let path = paths.into_iter().find(|path| path.is_file())?;
    let compiled = read(&path).and_then(|text| {
        Given::compile(&text).map_err(|why| format!("{}: {why}", discover::shown(&path)))
    });
    Some(compiled)
}
