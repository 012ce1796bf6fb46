//! What kustomizations, charts and skaffold say about the other files of a repository.

use super::Object;
use crate::text::FileId;
use crate::yaml::{Document, Limits, Node, Place, items, parse, split};
use std::collections::HashSet;

/// What one file cannot know about itself. Paths are relative to the root, with `/`.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    patches: HashSet<String>,
    images: HashSet<String>,
    charts: HashSet<String>,
    /// Files, and folders, that kustomizations give a namespace.
    namespaced: HashSet<String>,
}

impl Repository {
    /// Whether this file name is a kustomization's.
    pub fn is_kustomization(name: &str) -> bool {
        matches!(
            name,
            "kustomization.yaml" | "kustomization.yml" | "Kustomization"
        )
    }

    /// Takes in the kustomization at `path`.
    pub fn add_kustomization(&mut self, path: &str, text: &str) {
        let folder = super::folder(path);
        each_document(text, |document| {
            for patch in patch_paths(document) {
                self.patches.extend(join(folder, patch));
            }
            self.add_images(document.root().field("images"), "name");
            if document.root().field("namespace").is_some() {
                let lists = ["resources", "bases", "components"];
                let items = lists.into_iter().flat_map(|l| document.root().list(l));
                let paths = items.filter_map(Node::as_str);
                self.namespaced
                    .extend(paths.filter_map(|path| join(folder, path)));
            }
        });
    }

    /// Takes in a skaffold configuration: it builds images and writes their tags into the manifests that it deploys.
    pub fn add_skaffold(&mut self, text: &str) {
        each_document(text, |document| {
            self.add_images(document.root().at(&["build", "artifacts"]), "image");
        });
    }

    fn add_images(&mut self, list: Option<Node<'_>>, field: &str) {
        let names = items(list).filter_map(|i| i.field(field)?.as_str());
        self.images.extend(names.map(str::to_owned));
    }

    /// Takes in a folder that holds a Chart.yaml.
    pub fn add_chart(&mut self, folder: &str) {
        self.charts.insert(folder.to_owned());
    }

    /// Whether a kustomization names this file as a patch: then it is no object of its own.
    pub fn is_patch(&self, path: &str) -> bool {
        self.patches.contains(path)
    }

    /// Whether a kustomization gives what this file holds a namespace.
    pub fn gives_namespace(&self, path: &str) -> bool {
        let folder = super::folder(path);
        self.namespaced.contains(path) || self.namespaced.contains(folder)
    }

    /// Whether a kustomization or skaffold sets the tag or digest of this image.
    pub fn sets_image(&self, name: &str) -> bool {
        self.images.contains(name)
    }

    /// The chart whose `templates/` hold this file.
    pub fn chart_of<'p>(&self, path: &'p str) -> Option<&'p str> {
        let begins = |at: &usize| {
            path.get(..*at)
                .is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let folders = path
            .match_indices("templates/")
            .map(|(at, _)| at)
            .filter(begins);
        folders
            .filter_map(|at| path.get(..at))
            .map(|folder| folder.trim_end_matches('/'))
            .filter(|folder| self.charts.contains(*folder))
            .last()
    }
}

fn each_document(text: &str, mut run: impl FnMut(&Document<'_>)) {
    for chunk in split(text) {
        let place = Place::Chunk {
            file: FileId(0),
            base: chunk.span.start,
        };
        if let Some(document) = parse(
            chunk.span.text(text),
            place,
            chunk.format,
            Limits::default(),
        )
        .document
        {
            run(&document);
        }
    }
}

/// Files that a kustomization names as patches; inline patches are no paths.
fn patch_paths<'d>(document: &'d Document<'d>) -> Vec<&'d str> {
    let root = document.root();
    // Patches are named by an object with `path`, or (patchesStrategicMerge) by the path itself.
    let lists = [
        "patches",
        "patchesJson6902",
        "replacements",
        "patchesStrategicMerge",
    ];
    let items = lists.into_iter().flat_map(|list| root.list(list));
    items
        .filter_map(|item| item.as_str().or_else(|| item.field("path")?.as_str()))
        .filter(|path| !path.contains('\n'))
        .collect()
}

/// `path` seen from `folder`; `None` where it leaves the root.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether an object carries a strategic merge directive, so that it is a patch wherever it lies.
pub(super) fn has_patch_directive(object: Object<'_>) -> bool {
    let root = object.node;
    root.get("$patch").is_some()
        || root
            .field("spec")
            .is_some_and(|spec| spec.get("$patch").is_some())
}
