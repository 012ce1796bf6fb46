//! What patches and transformers write into objects before an API server gets them: what an object lacks may come from there.

use crate::finding::{Gap, ObjectRef};
use crate::kube::Object;
use crate::text::FileId;
use crate::yaml::{Document, Limits, Node, NodeKind, Provenance, parse, split};
use std::collections::HashMap;
use std::sync::Arc;

/// Keys that are kept of one kustomization: more are nobody's patches.
const MAX_KEYS: usize = 5_000;

/// Which objects a patch is for; what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    group: Option<String>,
    kind: Option<String>,
    name: Option<String>,
}

impl Target {
    /// Of the `target` of a patch. Names are regular expressions, of which only plain ones are told apart.
    pub(super) fn of(target: Node<'_>) -> Self {
        let plain = |text: &&str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let text = |key: &str| target.field(key).and_then(Node::as_str);
        Self {
            group: text("group").map(str::to_owned),
            kind: text("kind").filter(plain).map(str::to_owned),
            name: text("name").filter(plain).map(str::to_owned),
        }
    }

    /// Of what a patch says that it is.
    fn of_patch(patch: Node<'_>) -> Option<Self> {
        let object = Object::of(patch)?;
        Some(Self {
            group: Some(object.gvk.group.to_owned()),
            kind: Some(object.gvk.kind.to_owned()),
            name: object.name().map(str::to_owned),
        })
    }

    fn of_kind(kind: &str) -> Self {
        Self {
            kind: Some(kind.to_owned()),
            ..Self::default()
        }
    }

    fn fits(&self, object: &ObjectRef) -> bool {
        let is = |wanted: &Option<String>, given: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| given == Some(wanted))
        };
        let group = object
            .api_version
            .split_once('/')
            .map_or("", |(group, _)| group);
        is(&self.group, Some(group))
            && is(&self.kind, Some(&object.kind))
            && is(&self.name, object.name.as_deref())
    }
}

/// A key that a map gets.
#[derive(Clone, Debug)]
struct Entry {
    target: Arc<Target>,
    /// Names of the list items on the way to the map.
    names: Vec<String>,
    key: String,
}

impl Entry {
    fn is_for(&self, object: &ObjectRef, gap: &Gap) -> bool {
        let same = |(a, b): (&String, &String)| a == b || a == Gap::ANY || b == Gap::ANY;
        self.names.iter().zip(&gap.names).all(same) && self.target.fits(object)
    }
}

/// Keys that maps of objects get, by the way to each map.
#[derive(Clone, Debug, Default)]
pub struct Additions {
    by_way: HashMap<String, Vec<Entry>>,
    count: usize,
}

impl Additions {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether a map of an object gets something that it lacks, or something in that, which is `told` of.
    pub fn fill(&self, object: &ObjectRef, gap: &Gap, told: impl Fn(&str) -> bool) -> bool {
        self.by_way.iter().any(|(way, entries)| {
            let within = way.strip_prefix(&gap.way);
            // A key of the map itself, or what lies below one that the map lacks.
            let key = within.and_then(|rest| match rest.strip_prefix('\n') {
                Some(below) => below.split('\n').next().map(Some),
                None => rest.is_empty().then_some(None),
            });
            key.is_some_and(|below| {
                let lacks = |key: &str| !gap.keys.iter().any(|known| known == key);
                below.is_none_or(lacks)
                    && entries.iter().any(|entry| {
                        (below.is_some() || lacks(&entry.key))
                            && entry.is_for(object, gap)
                            && told(&entry.key)
                    })
            })
        })
    }

    /// Whether a map of an object gets a key.
    pub fn set(&self, object: &ObjectRef, map: &[&str], key: &str) -> bool {
        let gap = Gap {
            way: map
                .iter()
                .fold(String::new(), |way, step| way + "\n" + step),
            ..Gap::default()
        };
        self.entries(object, &gap).any(|entry| entry.key == key)
    }

    fn entries<'s>(
        &'s self,
        object: &'s ObjectRef,
        gap: &'s Gap,
    ) -> impl Iterator<Item = &'s Entry> + 's {
        let of_way = self.by_way.get(&gap.way).into_iter().flatten();
        of_way.filter(move |entry| entry.is_for(object, gap))
    }

    fn add(&mut self, target: &Arc<Target>, way: &str, names: &[String], key: &str) {
        if self.count < MAX_KEYS {
            self.count += 1;
            let entry = Entry {
                target: target.clone(),
                names: names.to_vec(),
                key: key.to_owned(),
            };
            self.by_way.entry(way.to_owned()).or_default().push(entry);
        }
    }

    /// Takes in the patches that a kustomization, or Flux' own, has in it; `file` gets the paths of others and what each is for.
    pub(super) fn add_patches<'d>(
        &mut self,
        root: Node<'d>,
        mut file: impl FnMut(&'d str, Option<Target>),
    ) {
        for list in ["patches", "patchesStrategicMerge", "patchesJson6902"] {
            for item in root.list(list) {
                let target = item.field("target").map(Target::of);
                let inline = item.field("patch").and_then(Node::as_str);
                let text = item.as_str().filter(|text| text.contains('\n'));
                if let Some(text) = inline.or(text) {
                    self.add_patch(text, target.as_ref());
                } else if let Some(path) = item.as_str().or_else(|| item.field("path")?.as_str()) {
                    file(path, target);
                }
            }
        }
    }

    /// Takes in the text of a patch: objects, or a list of operations.
    pub fn add_patch(&mut self, text: &str, target: Option<&Target>) {
        for chunk in split(text) {
            let provenance = Provenance::chunk(FileId(0), chunk.span.start);
            let parsed = parse(
                chunk.span.text(text),
                provenance,
                chunk.format,
                Limits::default(),
            );
            if let Some(document) = &parsed.document {
                self.add_document(document, target);
            }
        }
    }

    fn add_document(&mut self, document: &Document<'_>, target: Option<&Target>) {
        let root = document.root();
        match (root.kind(), target) {
            (NodeKind::Seq, Some(target)) => {
                let target = Arc::new(target.clone());
                root.items()
                    .for_each(|operation| self.add_operation(operation, &target));
            }
            (NodeKind::Map, _) => {
                let of_patch = || Target::of_patch(root);
                if let Some(target) = target.cloned().or_else(of_patch) {
                    self.add_map(root, &Arc::new(target), "", &mut Vec::new());
                }
            }
            _ => {}
        }
    }

    fn add_map(&mut self, map: Node<'_>, target: &Arc<Target>, way: &str, names: &mut Vec<String>) {
        for (key, value) in map.entries() {
            let Some(key) = key.key().filter(|_| self.count < MAX_KEYS) else {
                continue;
            };
            self.add(target, way, names, &key);
            self.add_value(value, target, &format!("{way}\n{key}"), names);
        }
    }

    fn add_value(
        &mut self,
        value: Node<'_>,
        target: &Arc<Target>,
        way: &str,
        names: &mut Vec<String>,
    ) {
        match value.kind() {
            NodeKind::Map => self.add_map(value, target, way, names),
            NodeKind::Seq => {
                let way = format!("{way}{}", Gap::ITEM);
                for item in value.items().filter(|item| item.kind() == NodeKind::Map) {
                    names.push(Gap::name_of(item));
                    self.add_map(item, target, &way, names);
                    names.pop();
                }
            }
            _ => {}
        }
    }

    /// An operation of a JSON patch.
    fn add_operation(&mut self, operation: Node<'_>, target: &Arc<Target>) {
        let text = |key: &str| operation.field(key).and_then(Node::as_str);
        let (Some("add" | "replace"), Some(path)) = (text("op"), text("path")) else {
            return;
        };
        let mut steps: Vec<String> = path
            .split('/')
            .skip(1)
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect();
        let is_index = |step: &str| step == "-" || step.bytes().all(|b| b.is_ascii_digit());
        let last = steps.pop().unwrap_or_default();
        let (mut way, mut names) = (String::new(), Vec::new());
        for step in steps {
            if is_index(&step) {
                way += Gap::ITEM;
                names.push(Gap::ANY.to_owned());
            } else {
                way = format!("{way}\n{step}");
            }
        }
        if is_index(&last) {
            way += Gap::ITEM;
            names.push(Gap::ANY.to_owned());
        } else {
            self.add(target, &way, &names, &last);
            way = format!("{way}\n{last}");
        }
        if let Some(value) = operation.field("value") {
            self.add_value(value, target, &way, &mut names);
        }
    }

    /// The namespace that a kustomization writes into the ServiceAccounts that bindings name. (kustomize, api/filters/namespace.)
    pub(super) fn add_namespace_of_subjects(&mut self) {
        let way = format!("\nsubjects{}", Gap::ITEM);
        for kind in ["ClusterRoleBinding", "RoleBinding"] {
            let target = Arc::new(Target::of_kind(kind));
            self.add(&target, &way, &[Gap::ANY.to_owned()], "namespace");
        }
    }

    /// Labels that a kustomization writes; `commonLabels` and `includeSelectors` make selectors, too. (kustomize, commonlabels.go.)
    pub(super) fn add_labels(&mut self, pairs: Node<'_>, selectors: bool, templates: bool) {
        let names: Vec<String> = pairs
            .entries()
            .filter_map(|(key, _)| Some(key.key()?.into_owned()))
            .collect();
        let any = Arc::new(Target::default());
        self.add_all(&any, "\nmetadata", "labels", &names);
        if selectors || templates {
            self.add(&any, "\nspec\ntemplate", &[], "metadata");
            self.add_all(&any, "\nspec\ntemplate\nmetadata", "labels", &names);
        }
        if selectors {
            for kind in ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"] {
                let target = Arc::new(Target::of_kind(kind));
                self.add(&target, "\nspec", &[], "selector");
                self.add_all(&target, "\nspec\nselector", "matchLabels", &names);
            }
            for kind in ["Service", "ReplicationController"] {
                let target = Arc::new(Target::of_kind(kind));
                self.add_all(&target, "\nspec", "selector", &names);
            }
        }
    }

    fn add_all(&mut self, target: &Arc<Target>, way: &str, map: &str, keys: &[String]) {
        self.add(target, way, &[], map);
        let within = format!("{way}\n{map}");
        keys.iter()
            .for_each(|key| self.add(target, &within, &[], key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(of: &str, keys: &[&str]) -> Gap {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        let way = of
            .split('/')
            .skip(1)
            .fold(String::new(), |way, step| match step {
                "[]" => way + Gap::ITEM,
                step => format!("{way}\n{step}"),
            });
        let names = vec!["web".to_owned(); of.matches("[]").count()];
        Gap { way, names, keys }
    }

    #[test]
    fn patches_add_what_their_objects_lack() {
        let object = ObjectRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: None,
            name: Some("web".to_owned()),
        };
        let of_kind = |kind: &str| Target::of_kind(kind);
        let merge = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, resources: {}}]}}}";
        let other = merge.replace("name: web,", "name: other,");
        let operations =
            "- {op: add, path: /spec/template/spec/containers/0/resources, value: {limits: {}}}";
        let container = "/spec/template/spec/containers/[]";
        let told = |key: &str| matches!(key, "resources" | "limits");
        for (patch, target, at, keys, filled) in [
            (merge, None, container, &["name"][..], true),
            (merge, None, container, &["name", "resources"], false),
            (merge, None, "/spec", &["template"], false),
            (&other, None, container, &["name"], false),
            (
                operations,
                Some(of_kind("Deployment")),
                container,
                &["name"],
                true,
            ),
            (
                operations,
                Some(of_kind("DaemonSet")),
                container,
                &["name"],
                false,
            ),
            (operations, None, container, &["name"], false),
        ] {
            let mut additions = Additions::default();
            additions.add_patch(patch, target.as_ref());
            assert_eq!(
                additions.fill(&object, &gap(at, keys), told),
                filled,
                "{patch} {at} {keys:?}"
            );
        }
    }
}
