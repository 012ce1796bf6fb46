//! What was not checked, and why: never silent, never a finding.

/// A note about one file or document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Why.
    pub what: NoteKind,
    /// The file as it is shown, or the chart.
    pub about: String,
    /// 1-based line where it begins; 0 for a whole file.
    pub line: u32,
    /// More words, such as the system's message.
    pub detail: String,
}

/// Why something was not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// Could not be read: permissions, vanished, an error of the disk.
    Unreadable,
    /// Larger than `--max-file-size`.
    TooLarge,
    /// A FIFO, socket or device.
    NotAFile,
    /// A symbolic link that leaves the root, or leads to what is checked anyway.
    Link,
    /// Outside of the root.
    OutsideRoot,
    /// A chart's template that holds `{{`.
    ChartTemplate,
    /// Some other template, not YAML before it is rendered.
    Template,
    /// Not YAML, and not Kubernetes' business.
    NotYaml,
    /// Nested too deep, or too many values in one document.
    TooDeep,
    /// More objects in one file than rules about several of them are told of.
    Crowded,
    /// A custom resource without a definition in the repository.
    Undefined,
    /// A custom resource whose definition has rules in CEL.
    Expressions,
    /// A custom resource that was not held against its schema, or not all of it, since that takes too long.
    Costly,
    /// An object whose type in a target release is not known.
    Untyped,
    /// More findings of one rule in one file than are kept.
    Capped,
}

impl NoteKind {
    /// All of them.
    pub const ALL: [Self; Self::Capped as usize + 1] = [
        Self::Unreadable,
        Self::TooLarge,
        Self::NotAFile,
        Self::Link,
        Self::OutsideRoot,
        Self::ChartTemplate,
        Self::Template,
        Self::NotYaml,
        Self::TooDeep,
        Self::Crowded,
        Self::Undefined,
        Self::Expressions,
        Self::Costly,
        Self::Untyped,
        Self::Capped,
    ];

    /// Its name, as docs/json.md lists it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too-large",
            Self::NotAFile => "not-a-file",
            Self::Link => "link",
            Self::OutsideRoot => "outside-root",
            Self::ChartTemplate => "chart-template",
            Self::Template => "template",
            Self::NotYaml => "not-yaml",
            Self::TooDeep => "too-deep",
            Self::Crowded => "crowded",
            Self::Undefined => "undefined",
            Self::Expressions => "expressions",
            Self::Costly => "costly",
            Self::Untyped => "untyped",
            Self::Capped => "capped",
        }
    }

    /// The reason, for `n` things of it.
    pub fn reason(self, n: usize) -> &'static str {
        match (self, n == 1) {
            (Self::Unreadable, true) => "file could not be read",
            (Self::Unreadable, false) => "files could not be read",
            (Self::TooLarge, true) => "file is larger than --max-file-size",
            (Self::TooLarge, false) => "files are larger than --max-file-size",
            (Self::NotAFile, true) => "path is not a regular file",
            (Self::NotAFile, false) => "paths are not regular files",
            (Self::Link, true) => "symbolic link was not followed",
            (Self::Link, false) => "symbolic links were not followed",
            (Self::OutsideRoot, true) => "path is outside the root",
            (Self::OutsideRoot, false) => "paths are outside the root",
            (Self::ChartTemplate, true) => {
                "chart has templates; render them: `helm template … | kubevet check -`"
            }
            (Self::ChartTemplate, false) => {
                "charts have templates; render them: `helm template … | kubevet check -`"
            }
            (Self::Template, true) => "document is a template; render it first",
            (Self::Template, false) => "documents are templates; render them first",
            (Self::NotYaml, true) => "document is not valid YAML and does not look like Kubernetes",
            (Self::NotYaml, false) => {
                "documents are not valid YAML and do not look like Kubernetes"
            }
            (Self::TooDeep, true) => "document is nested too deep or too large to check",
            (Self::TooDeep, false) => "documents are nested too deep or too large to check",
            (Self::Crowded, true) => "file has too many objects for rules that compare objects",
            (Self::Crowded, false) => "files have too many objects for rules that compare objects",
            (Self::Undefined, true) => {
                "custom resource kind has no CustomResourceDefinition here; its fields were not checked"
            }
            (Self::Undefined, false) => {
                "custom resource kinds have no CustomResourceDefinition here; their fields were not checked"
            }
            (Self::Expressions, true) => {
                "custom resource kind has CEL rules, which were not evaluated"
            }
            (Self::Expressions, false) => {
                "custom resource kinds have CEL rules, which were not evaluated"
            }
            (Self::Costly, true) => {
                "custom resource kind was not fully checked; its schema needs too much time or memory"
            }
            (Self::Costly, false) => {
                "custom resource kinds were not fully checked; their schemas need too much time or memory"
            }
            (Self::Untyped, true) => {
                "object was not checked against its type in a target release; types are known for 1.25 and later"
            }
            (Self::Untyped, false) => {
                "objects were not checked against their types in a target release; types are known for 1.25 and later"
            }
            (Self::Capped, true) => "rule has more findings in one file than are listed",
            (Self::Capped, false) => "rules have more findings in one file than are listed",
        }
    }
}

/// What git, or a configuration that a stranger may have changed, leaves out of a run: told by the summary, no note.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// Files that would have been read, but git ignores them and tracks none of them.
    pub ignored_files: usize,
    /// Folders of the same.
    pub ignored_folders: usize,
    /// The configuration, as it is shown; empty without one.
    pub configuration: String,
    /// Files that it excludes.
    pub excluded_files: usize,
    /// Rules that would be asked without it.
    pub rules: usize,
    /// Findings that it silences.
    pub silenced: usize,
    /// Findings that are milder by it.
    pub lowered: usize,
    /// Parameters of rules that it sets.
    pub parameters: usize,
    /// Schemas, or places of such, that it gives custom resources.
    pub schemas: usize,
    /// Whether it says which releases are meant.
    pub releases: bool,
    /// Files called like a configuration that are none, since they do not lie in the root.
    pub other_configurations: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Releases;

    #[test]
    fn the_first_release_whose_types_are_known_is_named() {
        let oldest = format!("for 1.{} and later", Releases::OLDEST);
        for n in [1, 2] {
            assert!(NoteKind::Untyped.reason(n).ends_with(&oldest));
        }
    }
}
