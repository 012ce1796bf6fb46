//! `--schema-location`: where the JSON Schemas of custom resources lie, and which of them a run needs.

use crate::discover::{self, FileCandidate};
use crate::engine::NoteKind;
use crate::schema::UserSchema;
use crate::text::decode;
use std::path::{Path, PathBuf};

/// A schema that is larger is somebody's mistake.
const MAX_SCHEMA_BYTES: u64 = 16 << 20;

/// Variables of a path, as other validators have them.
const VARIABLES: [&str; 5] = [
    ".Group",
    ".ResourceKind",
    ".ResourceAPIVersion",
    ".KindSuffix",
    ".NormalizedKubernetesVersion",
];

/// Where schemas lie.
pub(super) struct Location {
    form: SchemaLayout,
    /// What a link, or a name that becomes part of a path, must not lead out of: the root if the location lies in it, else its folder.
    bound: PathBuf,
}

enum SchemaLayout {
    /// A folder, `group/kind_version.json` in it, as catalogues of definitions have it.
    Folder(PathBuf),
    /// A path with `{{.Group}}`, `{{.ResourceKind}}` and `{{.ResourceAPIVersion}}`.
    Template(String),
    /// One schema, for the kinds that it names itself or by its file's name.
    File(PathBuf, Vec<[String; 3]>),
}

impl Location {
    /// Of what the command line names: anywhere.
    pub(super) fn named(written: &str, root: &Path) -> Result<Self, String> {
        Self::of(written, Path::new(""), root, false)
    }

    /// Of what a configuration names: within the root.
    pub(super) fn configured(written: &str, root: &Path) -> Result<Self, String> {
        Self::of(written, root, root, true)
    }

    /// Of what a user writes, seen from a folder; why not, where nothing is there.
    fn of(written: &str, folder: &Path, root: &Path, configured: bool) -> Result<Self, String> {
        if ["http://", "https://"]
            .iter()
            .any(|s| written.starts_with(s))
        {
            return Err(format!(
                "{written}: kubevet works offline; download the schemas and pass their folder"
            ));
        }
        let path = folder.join(written);
        let fixed = fixed_part(&path);
        if !discover::is_there(&fixed) {
            let display_path = discover::display_path(&path);
            return Err(format!("{display_path}: there is no such file or folder"));
        }
        let inside = discover::lies_in(&fixed, root);
        if configured && !inside {
            return Err(format!(
                "{written}: schema-locations in kubevet.yaml must be inside the root; pass others with --schema-location"
            ));
        }
        let form = Self::form(written, &path)?;
        let bound = match &form {
            _ if inside => root.to_path_buf(),
            SchemaLayout::File(path, _) => path.clone(),
            SchemaLayout::Folder(_) | SchemaLayout::Template(_) => fixed,
        };
        Ok(Self { form, bound })
    }

    fn form(written: &str, path: &Path) -> Result<SchemaLayout, String> {
        if written.contains("{{") {
            let names = written
                .split("{{")
                .skip(1)
                .map(|rest| rest.split("}}").next());
            let names = names.flatten().map(str::trim);
            if let Some(unknown) = names.into_iter().find(|name| !VARIABLES.contains(name)) {
                let known = VARIABLES.join(", ");
                return Err(format!(
                    "{written}: unknown variable {unknown}; known are {known}"
                ));
            }
            return Ok(SchemaLayout::Template(path.to_string_lossy().into_owned()));
        }
        if path.is_dir() {
            return Ok(SchemaLayout::Folder(path.to_path_buf()));
        }
        let text = read(path)?;
        let mut kinds = UserSchema::kinds(&text);
        if kinds.is_empty() {
            kinds.extend(by_name(path));
        }
        if kinds.is_empty() {
            return Err(format!(
                "{}: the kind of this schema is unknown; add `x-kubernetes-group-version-kind` or name the file group/kind_version.json",
                discover::display_path(path)
            ));
        }
        Ok(SchemaLayout::File(path.to_path_buf(), kinds))
    }

    /// The file that may hold the schema of a kind.
    fn candidates(&self, wanted: [&str; 3], release: &str) -> Vec<PathBuf> {
        let [group, version, kind] = wanted;
        let lower = kind.to_lowercase();
        match &self.form {
            SchemaLayout::Folder(folder) => {
                let first = group.split('.').next().unwrap_or(group);
                vec![
                    folder.join(group).join(format!("{lower}_{version}.json")),
                    folder.join(format!("{lower}_{version}.json")),
                    folder.join(format!("{lower}-{first}-{version}.json")),
                ]
            }
            SchemaLayout::Template(path) => vec![filled(path, [group, version, &lower], release)],
            SchemaLayout::File(path, kinds) => {
                let same = |[g, v, k]: &&[String; 3]| {
                    // A name has the first part of a group only.
                    let of_group = g == group || group.split('.').next() == Some(g);
                    of_group && v == version && k.eq_ignore_ascii_case(kind)
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

/// What of a path stands before its first variable: a folder, or all of it.
fn fixed_part(path: &Path) -> PathBuf {
    let is_variable =
        |part: &std::path::Component<'_>| part.as_os_str().to_string_lossy().contains("{{");
    let fixed: PathBuf = path
        .components()
        .take_while(|part| !is_variable(part))
        .collect();
    if fixed.as_os_str().is_empty() {
        return PathBuf::from(".");
    }
    fixed
}

/// Whether these are names as an API server takes them, so that each can only be the name of a file, never a path to one.
fn are_names([group, version, kind]: [&str; 3]) -> bool {
    let is_name = |text: &str, also: &str, longest: usize| {
        let mut chars = text.chars();
        (1..=longest).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && chars.all(|c| c.is_ascii_alphanumeric() || also.contains(c))
    };
    is_name(group, "-.", 253)
        && !group.contains("..")
        && is_name(version, "-", 63)
        && is_name(kind, "-", 63)
}

/// A path whose variables are filled in, with blanks in their braces or without.
fn filled(path: &str, [group, version, kind]: [&str; 3], release: &str) -> PathBuf {
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
            ".NormalizedKubernetesVersion" => out.push_str(release),
            _ => {}
        }
        rest = behind;
    }
    out.push_str(rest);
    PathBuf::from(out)
}

/// `group/kind_version.json`, or `kind-group-version.json` with the first part of the group.
fn by_name(path: &Path) -> Option<[String; 3]> {
    let name = path.file_stem()?.to_str()?;
    if let Some((kind, version)) = name.split_once('_') {
        let group = path.parent()?.file_name()?.to_str()?;
        return Some([group, version, kind].map(str::to_owned));
    }
    let (rest, version) = name.rsplit_once('-')?;
    let (kind, group) = rest.split_once('-')?;
    Some([group, version, kind].map(str::to_owned))
}

fn read(path: &Path) -> Result<String, String> {
    let display_path = discover::display_path(path);
    let file = FileCandidate {
        path: display_path.clone(),
        display_path,
        disk: Some(path.to_owned()),
        named: true,
    };
    match discover::read(&file, MAX_SCHEMA_BYTES) {
        Ok(bytes) => Ok(decode(bytes).text),
        Err((NoteKind::TooLarge, _)) => Err(format!("{}: larger than 16 MB", file.display_path)),
        Err((what, why)) => Err(format!("{}: {}: {why}", file.display_path, what.reason(1))),
    }
}

/// The schema of a kind in the first location that has one.
pub(super) fn find(
    locations: &[Location],
    wanted: [&str; 3],
    release: &str,
    room: &mut usize,
) -> Option<Result<UserSchema, String>> {
    let paths = locations.iter().flat_map(|location| {
        let paths = location.candidates(wanted, release).into_iter();
        paths.map(|path| (path, &location.bound))
    });
    let mut paths = paths.filter(|_| are_names(wanted));
    let is_one = |path: &Path| discover::is_there(path) && !path.is_dir();
    let (path, bound) = paths.find(|(path, _)| is_one(path))?;
    let compile = |text: String| {
        UserSchema::compile(&text, room)
            .map_err(|why| format!("{}: {why}", discover::display_path(&path)))
    };
    if !discover::lies_in(&path, bound) {
        let (path, bound) = (discover::display_path(&path), discover::display_path(bound));
        return Some(Err(format!(
            "{path}: a link that is broken or leaves {bound} is not read as a schema"
        )));
    }
    Some(read(&path).and_then(compile))
}
