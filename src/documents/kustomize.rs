//! What kustomizations, charts and skaffold say about the other files of a repository.

use super::additions::{Additions, Target};
use super::flux::FluxFacts;
use super::paths::{ancestors, folder};
use crate::finding::{Gap, ObjectRef};
use crate::text::{FileId, last_part};
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
    flux: Vec<FluxFacts>,
    /// Files that tests compare objects with.
    asserted: HashSet<String>,
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
    /// What it writes into what it builds.
    additions: Additions,
    /// Files of patches that are still to be read, and what each is for.
    patch_files: Vec<(String, Option<Target>)>,
}

impl Repository {
    /// Whether this file name is a kustomization's.
    pub fn is_kustomization(name: &str) -> bool {
        matches!(
            name,
            "kustomization.yaml" | "kustomization.yml" | "Kustomization"
        )
    }

    /// Takes in a file that says something about others, which its name tells; others are not read.
    pub fn add(&mut self, path: &str, text: impl FnOnce() -> String) {
        match last_part(path, b'/') {
            name if Self::is_kustomization(name) => self.add_kustomization(path, &text()),
            "skaffold.yaml" | "skaffold.yml" => self.add_skaffold(path, &text()),
            "Chart.yaml" | "Chart.yml" => self.add_chart(folder(path)),
            "chainsaw-test.yaml" | "chainsaw-test.yml" => self.add_chainsaw(path, &text()),
            _ => {}
        }
    }

    /// Takes in the kustomization at `path`.
    fn add_kustomization(&mut self, path: &str, text: &str) {
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
            let mut additions = Additions::default();
            let mut patch_files = Vec::new();
            additions.add_patches(root, |path, target| {
                patch_files.extend(join(folder, path).map(|path| (path, target)));
            });
            add_labels(root, &mut additions);
            if root.field("namespace").is_some() {
                additions.add_namespace_of_subjects();
            }
            self.kustomizations.push(Kustomization {
                folder: folder.to_owned(),
                components: paths(root, "components"),
                images: names(images, "name"),
                gives_namespace: root.field("namespace").is_some(),
                additions,
                patch_files,
            });
        });
    }

    /// The files of patches that kustomizations name, each once.
    pub fn patch_files(&self) -> HashSet<&str> {
        let named = self.kustomizations.iter().flat_map(|k| &k.patch_files);
        named.map(|(path, _)| path.as_str()).collect()
    }

    /// Takes in the text of a file of patches.
    pub fn add_patch_file(&mut self, path: &str, text: &str) {
        for kustomization in &mut self.kustomizations {
            let named = kustomization
                .patch_files
                .iter()
                .filter(|(file, _)| file == path);
            for (_, target) in named {
                kustomization.additions.add_patch(text, target.as_ref());
            }
        }
    }

    /// Takes in what a Kustomization of Flux writes into the objects of a folder.
    pub fn add_flux(&mut self, flux: FluxFacts) {
        self.flux.push(flux);
    }

    /// What is written into the objects of a file.
    fn additions(&self, path: &str) -> Vec<&Additions> {
        let below = |flux: &&FluxFacts| ancestors(path).any(|folder| folder == flux.folder);
        let of_flux = self.flux.iter().filter(below).map(|flux| &flux.additions);
        let kustomized = !self.kustomizations.is_empty();
        let above = kustomized.then(|| self.working_on(path));
        let of_kustomize = above.into_iter().flatten().map(|k| &k.additions);
        of_flux
            .chain(of_kustomize)
            .filter(|a| !a.is_empty())
            .collect()
    }

    /// Whether something that is `told` of is written into a map of an object of this file that lacks it.
    pub fn fills(
        &self,
        path: &str,
        object: &ObjectRef,
        gap: &Gap,
        told: impl Fn(&str) -> bool,
    ) -> bool {
        self.additions(path)
            .iter()
            .any(|a| a.fill(object, gap, &told))
    }

    /// Whether a map of an object of this file gets a key.
    pub fn sets_key(&self, path: &str, object: &ObjectRef, map: &[&str], key: &str) -> bool {
        self.additions(path).iter().any(|a| a.set(object, map, key))
    }

    /// Whether anything is written into objects at all.
    pub fn writes(&self) -> bool {
        !(self.flux.is_empty() && self.kustomizations.is_empty())
    }

    /// Takes in the skaffold configuration at `path`: it builds images and writes their tags into the manifests that it deploys.
    fn add_skaffold(&mut self, path: &str, text: &str) {
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

    /// Whether what a file holds is no object of its own, but a part of one: a patch that a kustomization names and none builds, one
    /// that lies unused beside a kustomization, one for kubeadm, or what a test compares with.
    pub fn is_partial(&self, path: &str) -> bool {
        if self.by_resource.contains_key(path) {
            return false;
        }
        self.patches.contains(path)
            || self.asserted.contains(path)
            || is_kubeadm_patch(path)
            || is_kuttl_assertion(path)
            || is_called_patch(path)
                && ancestors(path).any(|folder| self.by_folder.contains_key(folder))
    }

    /// Takes in the Chainsaw test at `path`: which files it compares objects with, or patches them with.
    fn add_chainsaw(&mut self, path: &str, text: &str) {
        let folder = folder(path);
        each_document(text, |document| {
            let operations = document.nodes().filter(|node| {
                let name = node.key_node().and_then(Node::as_str);
                matches!(name, Some("assert" | "error" | "patch"))
            });
            let files = operations.filter_map(|node| node.field("file")?.as_str());
            self.asserted
                .extend(files.filter_map(|file| join(folder, file)));
        });
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

/// Name and folder of a file.
fn name_and_folder(path: &str) -> (&str, &str) {
    let folder = folder(path);
    (last_part(path, b'/'), last_part(folder, b'/'))
}

/// Whether a file is one of kubeadm's patches, `TARGET[SUFFIX][+PATCHTYPE].EXTENSION`, in a folder of patches unless the type says it all.
fn is_kubeadm_patch(path: &str) -> bool {
    const TARGETS: [&str; 6] = [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "etcd",
        "kubeletconfiguration",
        "corednsdeployment",
    ];
    let (name, folder) = name_and_folder(path);
    let Some((stem, "yaml" | "json")) = name.rsplit_once('.') else {
        return false;
    };
    let (target, kind) = stem.split_once('+').unwrap_or((stem, ""));
    let typed = matches!(kind, "strategic" | "merge" | "json");
    TARGETS.iter().any(|known| target.starts_with(known))
        && (typed || kind.is_empty() && folder.contains("patches"))
}

/// Whether a file is what kuttl compares a step's objects with: `00-assert.yaml`, `00-errors.yaml`.
fn is_kuttl_assertion(path: &str) -> bool {
    let (name, _) = name_and_folder(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.split_once('-').is_some_and(|(step, what)| {
        let numbered = !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit());
        numbered && matches!(what.split('-').next(), Some("assert" | "errors" | "error"))
    })
}

/// Whether a file is called a patch, as those are that scaffolded projects keep for later.
fn is_called_patch(path: &str) -> bool {
    let (name, folder) = name_and_folder(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let ends = ["_patch", "-patch"];
    let starts = ["patch_", "patch-"];
    folder == "patches"
        || stem == "patch"
        || ends.into_iter().any(|end| stem.ends_with(end))
        || starts.into_iter().any(|start| stem.starts_with(start))
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

/// Takes in the labels that a kustomization writes.
fn add_labels(root: Node<'_>, additions: &mut Additions) {
    let mut add = |pairs: Option<Node<'_>>, selectors, templates| {
        if let Some(pairs) = pairs {
            additions.add_labels(pairs, selectors, templates);
        }
    };
    add(root.field("commonLabels"), true, true);
    for item in root.list("labels") {
        let on = |key: &str| item.field(key).and_then(Node::as_bool) == Some(true);
        add(
            item.field("pairs"),
            on("includeSelectors"),
            on("includeTemplates"),
        );
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
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
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
