//! What is particular to one form of cluster configuration, as one value: nobody else knows a form by its name.

use super::bootstrap::File;
use super::command::Word;
use super::{ComponentKind, Instance, InstanceContext, Setting, forms};
use crate::kube::{Completeness, Gvk, Object};
use crate::text::last_part;
use crate::yaml::{Format, Node};
use memchr::memmem;

/// A form of cluster configuration. Each is a static in a file of its own; what a form does not have, `Form::EMPTY` says.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and any of them may hold"
)]
pub struct Form {
    /// Its name: that of its file, and of its clusters under `testdata/clusters`.
    pub name: &'static str,

    // How its documents are told apart.
    /// Groups of files that programs read; their documents count inside of scalars, too.
    pub file_groups: &'static [&'static str],
    /// Groups of objects that an API server or another tool takes.
    pub object_groups: &'static [&'static str],
    /// Which objects of these groups are its own. The first form that claims an object has it.
    pub claims: fn(Gvk<'_>) -> bool,
    /// Groups and kinds of its documents that may leave out `apiVersion`, as the patches of kind may.
    pub kinds_without_version: &'static [(&'static str, &'static str)],
    /// How a file is read, by its name, that is not called like YAML.
    pub format: fn(&FileName<'_>) -> Option<Format>,
    /// Formats that only it has.
    pub formats: &'static [OwnFormat],
    /// Whether a text may hold a document of its without a kind; where no form says so, it need not be parsed.
    pub may_be_in: fn(&Unparsed<'_>) -> bool,
    /// The first line of its documents, whatever scalar they are in.
    pub first_line: Option<&'static str>,
    /// A document without a kind, by what it holds and the path of its file.
    pub recognize: for<'d> fn(Node<'d>, &str) -> Option<Object<'d>>,

    // What its documents hold.
    /// The components that an object configures, with their settings.
    pub instances: for<'d> fn(Object<'d>, InstanceContext<'_>) -> Vec<Instance<'d>>,
    /// The settings of the distribution itself, called like the flags of k3s.
    pub own_settings: for<'d> fn(Object<'d>) -> Vec<Setting<'d>>,
    /// The programs of the distribution, which take their components' arguments within their own.
    pub programs: &'static [&'static str],
    /// The components that the arguments of such a program configure.
    pub(super) of_command:
        for<'d> fn(Object<'d>, &[Word<'d>], InstanceContext<'_>) -> Vec<Instance<'d>>,
    /// The objects that stand in an object as maps.
    pub embedded: for<'d> fn(Object<'d>) -> Vec<Object<'d>>,
    /// The pieces of a program's own file that an object hands on, without the rest of it.
    pub pieces: for<'d> fn(Object<'d>) -> Vec<Piece<'d>>,
    /// The scalars of an object that hold documents, beside the files that it writes.
    pub texts: for<'d> fn(Object<'d>) -> Vec<NestedText<'d>>,
    /// The files that an object writes to a machine.
    pub files: for<'d> fn(Object<'d>) -> Vec<File<'d>>,
    /// Whether such a file is root's alone where nothing is said of permissions: cloud-init's are 0644.
    pub files_are_private: bool,
    /// The commands that it runs there: a text each, or a list of words.
    pub commands: for<'d> fn(Object<'d>) -> Vec<Node<'d>>,
    /// What it tells a container runtime of registries.
    pub registries: for<'d> fn(Object<'d>) -> Vec<Node<'d>>,
    /// Its documents that a flag of a component names.
    pub config_files: &'static [ConfigFileKind],
    /// Whether a `key` in the documents of its file groups is a private key.
    pub keys_are_secret: bool,

    // What holds where its documents are silent.
    /// The distribution, as its rows are called in `distribution-defaults.tsv`, `file-defaults.tsv` and `fields.tsv`; empty where it has none.
    pub distribution: &'static str,
    /// Whether it is a component's own file, whose rows in `fields.tsv` are called like the component.
    pub is_own_file: bool,
    /// Whether what it does not set has the program's own default: known of those whose source was read.
    pub is_transparent: bool,
    /// List settings whose own items stand before those that are written, instead of being replaced.
    pub appended_lists: &'static [&'static str],
}

/// A format that one form has alone: its name tells what a document is.
pub struct OwnFormat {
    /// The format.
    pub format: Format,
    /// The group and kind of its documents.
    pub gvk: (&'static str, &'static str),
    /// Without one of these words a text is none of a cluster's.
    pub words: &'static [&'static str],
}

/// A kind of configuration file that a flag of a component names.
pub struct ConfigFileKind {
    /// Its API group.
    pub group: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// Who reads it.
    pub component: ComponentKind,
    /// The flag that names it, without dashes.
    pub flag: &'static str,
}

/// A piece of a program's own file.
pub struct Piece<'d> {
    /// The map, as if it were the file.
    pub object: Object<'d>,
    /// Whether a field that the file does not have is rejected; otherwise it is dropped.
    pub strict: bool,
}

impl<'d> Piece<'d> {
    /// Of the kubelet's file.
    pub(super) fn of_kubelet(node: Node<'d>, strict: bool) -> Self {
        Self {
            object: Object::named(node, "kubelet.config.k8s.io", "KubeletConfiguration"),
            strict,
        }
    }
}

/// A scalar that holds documents.
pub struct NestedText<'d> {
    /// The path of the file that it becomes, or its key; may be empty.
    pub path: &'d str,
    /// The scalar.
    pub node: Node<'d>,
    /// How much of themselves its documents show.
    pub completeness: Completeness,
}

impl<'d> NestedText<'d> {
    /// A text that shows all of its documents.
    pub fn complete(path: &'d str, node: Node<'d>) -> Self {
        Self {
            path,
            node,
            completeness: Completeness::Complete,
        }
    }
}

/// The name of a file and of the folders that it lies in.
pub struct FileName<'p> {
    /// All of its folders.
    pub folder: &'p str,
    /// The innermost folder.
    pub parent: &'p str,
    /// Its own name.
    pub name: &'p str,
    extension: &'p str,
}

impl<'p> FileName<'p> {
    /// Of a path with `/`.
    pub fn of(path: &'p str) -> Self {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Self {
            folder,
            parent: last_part(folder, b'/'),
            name,
            extension: name.rsplit_once('.').map_or("", |(_, e)| e),
        }
    }

    /// Whether its extension is this one, in any case.
    pub fn is(&self, extension: &str) -> bool {
        self.extension.eq_ignore_ascii_case(extension)
    }
}

/// A text that is not parsed yet.
pub struct Unparsed<'t> {
    /// The path of its file.
    pub path: &'t str,
    /// The text.
    pub text: &'t str,
}

impl Unparsed<'_> {
    /// Whether a word is in it.
    pub fn has(&self, word: &str) -> bool {
        memmem::find(self.text.as_bytes(), word.as_bytes()).is_some()
    }

    /// Whether several of these words are in it.
    pub fn has_two_of(&self, words: &[&str]) -> bool {
        words.iter().filter(|word| self.has(word)).nth(1).is_some()
    }
}

impl Form {
    pub(super) const EMPTY: Self = Self {
        name: "",
        file_groups: &[],
        object_groups: &[],
        claims: |_| true,
        kinds_without_version: &[],
        format: |_| None,
        formats: &[],
        may_be_in: |_| false,
        first_line: None,
        recognize: |_, _| None,
        instances: |_, _| Vec::new(),
        own_settings: |_| Vec::new(),
        programs: &[],
        of_command: |_, _, _| Vec::new(),
        embedded: |_| Vec::new(),
        pieces: |_| Vec::new(),
        texts: |_| Vec::new(),
        files: |_| Vec::new(),
        files_are_private: false,
        commands: |_| Vec::new(),
        registries: |_| Vec::new(),
        config_files: &[],
        keys_are_secret: false,
        distribution: "",
        is_own_file: false,
        is_transparent: false,
        appended_lists: &[],
    };

    /// The form that an object is written in.
    pub fn of(gvk: Gvk<'_>) -> Option<&'static Self> {
        let mut forms = forms::with_group(gvk.group).map(|group| group.form);
        forms.find(|form| (form.claims)(gvk))
    }

    /// What its rows for a component are called in `fields.tsv`.
    pub(super) fn field_rows(&self, component: ComponentKind) -> &'static str {
        if self.is_own_file {
            component.name()
        } else {
            self.distribution
        }
    }

    /// Whether a text begins with its first line.
    pub fn begins(&self, text: &str) -> bool {
        self.first_line.is_some_and(|line| text.starts_with(line))
    }
}

/// A form is one static.
impl PartialEq for Form {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}
