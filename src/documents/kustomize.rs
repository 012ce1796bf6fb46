//! What kustomizations, charts and skaffold say about the other files of a repository.

use super::paths::{ancestors, folder};
use crate::text::FileId;
use crate::yaml::{Document, Limits, Node, Provenance, items, parse, split};
use std::collections::{HashMap, HashSet};

/// Kustomizations that are asked about one file at most. What a further one sets is not known, which silences nothing.
const MAX_KUSTOMIZATIONS: usize = 256;

/// What one file cannot know about itself. Paths are relative to the root, with `/`.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    kustomizations: Vec<Kustomization>,
    /// By the folder of each.
    by_folder: HashMap<String, Vec<usize>>,
    /// By the files, and the folders of others, that each builds.
    by_resource: HashMap<String, Vec<usize>>,
    patches: HashSet<String>,
    charts: HashSet<String>,
    /// Images that skaffold builds, by the folder of its configuration.
    built: HashMap<String, HashSet<String>>,
}

/// What a kustomization does to all that it builds.
#[derive(Clone, Debug)]
struct Kustomization {
    folder: String,
    /// Folders of components, which work on what this one builds.
    components: Vec<String>,
    images: HashSet<String>,
    gives_namespace: bool,
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
        let folder = folder(path);
        let paths = |root: Node<'_>, list| -> Vec<String> {
            let items = root.list(list).filter_map(Node::as_str);
            items.filter_map(|path| join(folder, path)).collect()
        };
        each_document(text, |document| {
            let root = document.root();
            let api = root.field("apiVersion").and_then(Node::as_str);
            if api.is_some_and(|api| !api.starts_with("kustomize.config.k8s.io/")) {
                return;
            }
            let number = self.kustomizations.len();
            self.by_folder
                .entry(folder.to_owned())
                .or_default()
                .push(number);
            for resource in ["resources", "bases"]
                .map(|list| paths(root, list))
                .concat()
            {
                self.by_resource.entry(resource).or_default().push(number);
            }
            if builds_something(root) {
                let patches = patch_paths(document);
                self.patches
                    .extend(patches.filter_map(|path| join(folder, path)));
            }
            let sets = |image: &Node<'_>| {
                let tag = image.field("newTag").and_then(Node::text);
                image.field("digest").is_some() || tag.is_some_and(|tag| tag != "latest")
            };
            let images = root.list("images").filter(sets);
            self.kustomizations.push(Kustomization {
                folder: folder.to_owned(),
                components: paths(root, "components"),
                images: names(images, "name"),
                gives_namespace: root.field("namespace").is_some(),
            });
        });
    }

    /// Takes in the skaffold configuration at `path`: it builds images and writes their tags into the manifests that it deploys.
    pub fn add_skaffold(&mut self, path: &str, text: &str) {
        each_document(text, |document| {
            let artifacts = items(document.root().at(&["build", "artifacts"]));
            let folder = folder(path).to_owned();
            let built = self.built.entry(folder).or_default();
            built.extend(names(artifacts, "image"));
        });
    }

    /// Takes in a folder that holds a Chart.yaml.
    pub fn add_chart(&mut self, folder: &str) {
        self.charts.insert(folder.to_owned());
    }

    /// Whether a kustomization names this file as a patch, and none builds it: then it is no object of its own.
    pub fn is_patch(&self, path: &str) -> bool {
        self.patches.contains(path) && !self.by_resource.contains_key(path)
    }

    /// Whether a kustomization gives what this file holds a namespace.
    pub fn gives_namespace(&self, path: &str) -> bool {
        self.working_on(path).iter().any(|k| k.gives_namespace)
    }

    /// Whether a kustomization or skaffold sets the tag or digest of this image in this file.
    pub fn sets_image(&self, path: &str, name: &str) -> bool {
        let mut built = ancestors(path).filter_map(|folder| self.built.get(folder));
        built.any(|images| images.contains(name))
            || self
                .working_on(path)
                .iter()
                .any(|k| k.images.contains(name))
    }

    /// The kustomizations that build what this file holds, those that build what they build, and the components of each.
    fn working_on(&self, path: &str) -> Vec<&Kustomization> {
        let named = |at: &str| {
            let numbers = self.by_resource.get(at).into_iter().flatten();
            numbers.copied().take(MAX_KUSTOMIZATIONS).collect()
        };
        let above = self.reached(named(path), |k| named(&k.folder));
        let of_components = |k: &Kustomization| {
            let folders = k.components.iter();
            let numbers = folders.filter_map(|folder| self.by_folder.get(folder));
            numbers
                .flatten()
                .copied()
                .take(MAX_KUSTOMIZATIONS)
                .collect()
        };
        let all = self.reached(above, of_components).into_iter();
        all.filter_map(|number| self.kustomizations.get(number))
            .collect()
    }

    /// The numbers of kustomizations that lead on from some, each once.
    fn reached(
        &self,
        mut open: Vec<usize>,
        next: impl Fn(&Kustomization) -> Vec<usize>,
    ) -> Vec<usize> {
        let mut reached: Vec<usize> = Vec::new();
        let mut seen = HashSet::new();
        while let Some(number) = open.pop().filter(|_| reached.len() < MAX_KUSTOMIZATIONS) {
            if seen.insert(number) {
                reached.push(number);
                open.extend(
                    self.kustomizations
                        .get(number)
                        .map(&next)
                        .into_iter()
                        .flatten(),
                );
            }
        }
        reached
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

fn names<'d>(list: impl Iterator<Item = Node<'d>>, field: &str) -> HashSet<String> {
    let names = list.filter_map(|item| item.field(field)?.as_str());
    names.map(str::to_owned).collect()
}

/// Whether there is something that patches can be for: a component patches what others build.
fn builds_something(root: Node<'_>) -> bool {
    const LISTS: [&str; 8] = [
        "resources",
        "bases",
        "components",
        "generators",
        "configMapGenerator",
        "secretGenerator",
        "helmCharts",
        "helmChartInflationGenerator",
    ];
    let component = root.field("kind").and_then(Node::as_str) == Some("Component");
    component
        || LISTS
            .into_iter()
            .any(|list| root.list(list).next().is_some())
}

fn each_document(text: &str, mut run: impl FnMut(&Document<'_>)) {
    for chunk in split(text) {
        let place = Provenance::chunk(FileId(0), chunk.span.start);
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

/// Files that a kustomization names as patches of objects; inline patches are no paths, and a file of operations is no object.
fn patch_paths<'d>(document: &'d Document<'d>) -> impl Iterator<Item = &'d str> {
    let root = document.root();
    // Patches are named by an object with `path`, or (patchesStrategicMerge) by the path itself.
    let lists = ["patches", "patchesStrategicMerge"].into_iter();
    let items = lists.flat_map(move |list| root.list(list));
    items
        .filter_map(|item| item.as_str().or_else(|| item.field("path")?.as_str()))
        .filter(|path| !path.contains('\n'))
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
