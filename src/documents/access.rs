//! Who may do what in a set: roles, bindings, accounts, and the pods that run as them.

use super::paths::{folder, nearest};
use super::{Analysed, DocumentFacts, DocumentSet, Fact, SavedSpan};
use crate::component::is_system_pod;
use crate::finding::Finding;
use crate::kube::{Completeness, Object, PodSpec, PolicyRule, RoleRef, Subject, is_known};
use crate::text::FileId;
use crate::yaml::{Node, NodeSpan, items};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// A Role or ClusterRole.
#[derive(Clone, Debug)]
pub struct RoleFacts {
    /// Its file.
    pub file: FileId,
    /// Its namespace, where that is known.
    pub namespace: Option<String>,
    /// The item by which it grants everything.
    pub everything: Option<SavedSpan>,
    /// Whether nothing of what it names is in a namespace.
    pub outside: bool,
    /// What everybody sees who has it, where it only reads.
    pub exposure: Option<Exposure>,
    /// What is found of its rules.
    pub dangers: Vec<Finding>,
    /// Sorted.
    labels: Vec<(String, String)>,
    /// Labels of the roles whose rules it takes in, instead of its own.
    takes: Vec<Vec<(String, String)>>,
}

/// What a role shows that only reads, and no Secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Objects that it names.
    Named,
    /// All objects of some kinds.
    Kinds,
}

/// A RoleBinding or ClusterRoleBinding.
#[derive(Clone, Debug)]
pub struct BindingFacts {
    /// Its namespace, where that is known.
    pub namespace: Option<String>,
    /// Whether it is a ClusterRoleBinding.
    pub cluster_wide: bool,
    /// `Role` or `ClusterRole`.
    pub role_kind: String,
    /// Name of the role.
    pub role: String,
    /// Where the role's name is written.
    pub at: SavedSpan,
    /// Whom it names, for a message.
    pub who: String,
    /// The service accounts that have it.
    pub holders: Vec<Holder>,
}

/// Service accounts that a binding names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// One.
    Account {
        /// Its namespace, where that is known.
        namespace: Option<String>,
        /// Its name.
        name: String,
    },
    /// All of a namespace.
    AllOf(String),
    /// All.
    All,
}

/// A ServiceAccount.
#[derive(Clone, Debug)]
pub struct AccountFacts {
    /// Its namespace, where that is known.
    pub namespace: Option<String>,
    /// Whether its token is mounted where a pod does not say.
    pub automount: Option<bool>,
    /// Where that is written, else its name.
    pub at: SavedSpan,
}

/// A pod, or what makes pods.
#[derive(Clone, Debug)]
pub struct PodFacts {
    /// Its namespace, where that is known.
    pub namespace: Option<String>,
    /// The account that it names.
    pub account: Option<String>,
    /// Where, or where that is missing.
    pub at: SavedSpan,
    /// Whether it says that the token is mounted, and where.
    pub automount: Option<(bool, SavedSpan)>,
    /// Whether it mounts a token of its own making.
    pub projects_token: bool,
    /// The RuntimeClass that it names.
    pub runtime_class: Option<String>,
}

/// The name of the account of a pod that names none.
const DEFAULT: &str = "default";

/// More objects of one name than this are somebody's collection: which of them is meant cannot be known, nor looked for in time.
const MAX_OBJECTS_OF_ONE_NAME: usize = 100;

fn named<'d>(node: Node<'d>, field: &str) -> Option<&'d str> {
    node.field(field)?.as_str().filter(|text| !text.is_empty())
}

/// What set rules ask of roles, bindings, accounts and pods.
pub(super) fn facts(analysed: &Analysed<'_, '_>) -> Vec<Fact> {
    fact(analysed).into_iter().collect()
}

fn fact(analysed: &Analysed<'_, '_>) -> Option<Fact> {
    let object = analysed.object;
    if analysed.completeness == Completeness::Partial {
        return None;
    }
    let namespace = || object.namespace().map(str::to_owned);
    Some(match (object.gvk.group, object.gvk.kind) {
        (_, "Role" | "ClusterRole") => Fact::Role(role(object, namespace(), analysed.dangers)),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            Fact::Binding(binding(object, namespace())?)
        }
        ("", "ServiceAccount") => Fact::Account(account(object, namespace())?),
        _ => Fact::Pod(pod(PodSpec::of(object)?, namespace())?),
    })
}

fn role(object: Object<'_>, namespace: Option<String>, dangers: &[Finding]) -> RoleFacts {
    let rules = || PolicyRule::of(object);
    let selectors = object.node.at(&["aggregationRule", "clusterRoleSelectors"]);
    let selectors = items(selectors);
    let mut role = RoleFacts {
        file: object.node.document().provenance.file(),
        namespace,
        everything: None,
        outside: false,
        exposure: None,
        dangers: Vec::new(),
        labels: {
            let mut labels = texts(object.metadata("labels"));
            labels.sort_unstable();
            labels
        },
        takes: selectors.map(|s| texts(s.field("matchLabels"))).collect(),
    };
    role.takes.retain(|labels| !labels.is_empty());
    // The cluster overwrites what stands beside an aggregation.
    if object.node.field("aggregationRule").is_none() {
        role.everything = rules()
            .find_map(PolicyRule::grants_everything)
            .map(SavedSpan::of);
        role.outside =
            rules().next().is_some() && rules().all(|rule| rule.outside_of_namespaces().is_some());
        role.exposure = rules()
            .next()
            .filter(|_| rules().all(PolicyRule::is_harmless_reading))
            .map(|_| {
                if rules().all(PolicyRule::is_limited) {
                    Exposure::Named
                } else {
                    Exposure::Kinds
                }
            });
        role.dangers = dangers.to_vec();
    }
    role
}

/// The texts of a map.
fn texts(map: Option<Node<'_>>) -> Vec<(String, String)> {
    let entries = map.into_iter().flat_map(Node::entries);
    let text = |n: Node<'_>| n.text().map(str::to_owned);
    entries
        .filter_map(|(key, value)| Some((text(key)?, text(value)?)))
        .collect()
}

fn binding(object: Object<'_>, namespace: Option<String>) -> Option<BindingFacts> {
    let role = RoleRef::of(object)?;
    let cluster_wide = object.gvk.kind == "ClusterRoleBinding";
    let subjects: Vec<Subject<'_>> = Subject::of(object).collect();
    let holder = |subject: &Subject<'_>| {
        let namespace = match named(subject.node, "namespace") {
            Some(written) => Some(written.to_owned()),
            None => namespace.clone().filter(|_| !cluster_wide),
        };
        let account = |namespace, name: &str| Holder::Account {
            namespace,
            name: name.to_owned(),
        };
        let of_account = subject.name.strip_prefix("system:serviceaccount:");
        let of_all = subject.name.strip_prefix("system:serviceaccounts:");
        match subject.kind {
            "ServiceAccount" => Some(account(namespace, subject.name)),
            "User" => {
                let (namespace, name) = of_account?.split_once(':')?;
                Some(account(Some(namespace.to_owned()), name))
            }
            "Group"
                if matches!(
                    subject.name,
                    "system:serviceaccounts" | "system:authenticated"
                ) =>
            {
                Some(Holder::All)
            }
            "Group" => of_all.map(|namespace| Holder::AllOf(namespace.to_owned())),
            _ => None,
        }
    };
    let who = match subjects.as_slice() {
        [] => "nobody".to_owned(),
        [only] => format!("{} \"{}\"", only.kind, only.name),
        [first, rest @ ..] => format!("{} \"{}\" and {} more", first.kind, first.name, rest.len()),
    };
    Some(BindingFacts {
        holders: subjects.iter().filter_map(holder).collect(),
        namespace: namespace.filter(|_| !cluster_wide),
        cluster_wide,
        role_kind: role.kind.to_owned(),
        role: role.name.to_owned(),
        at: SavedSpan::of(role.at),
        who,
    })
}

fn account(object: Object<'_>, namespace: Option<String>) -> Option<AccountFacts> {
    let switch = object.node.field("automountServiceAccountToken");
    Some(AccountFacts {
        namespace,
        automount: switch.and_then(is_on),
        at: SavedSpan::of(switch.or_else(|| object.metadata("name"))?),
    })
}

/// Whether a switch is on; what nobody knows yet is not.
fn is_on(switch: Node<'_>) -> Option<bool> {
    let unknown = (!is_known(switch)).then_some(false);
    switch.as_bool().or(unknown)
}

fn pod(pod: PodSpec<'_>, namespace: Option<String>) -> Option<PodFacts> {
    // Nobody mounts a token into a pod that the kubelet makes by itself.
    if is_system_pod(pod) {
        return None;
    }
    let account = ["serviceAccountName", "serviceAccount"]
        .into_iter()
        .find_map(|field| {
            pod.node
                .field(field)
                .filter(|_| named(pod.node, field).is_some())
        });
    let at: NodeSpan<'_> = match (account, pod.node.pair("containers")) {
        (Some(account), _) => account.into(),
        (None, Some((key, _))) => key.into(),
        (None, None) => pod.node.lacking(),
    };
    let switch = pod.node.field("automountServiceAccountToken");
    let sources = pod
        .volumes()
        .filter_map(|v| v.at(&["projected", "sources"]));
    let mut sources = sources.flat_map(Node::items);
    Some(PodFacts {
        namespace,
        account: account.and_then(Node::as_str).map(str::to_owned),
        at: SavedSpan::of(at),
        automount: switch.and_then(|s| Some((is_on(s)?, SavedSpan::of(s)))),
        projects_token: sources.any(|s| s.field("serviceAccountToken").is_some()),
        runtime_class: named(pod.node, "runtimeClassName").map(str::to_owned),
    })
}

/// A fact of a kind, with the path of its file.
#[derive(Debug)]
pub struct Of<'a, T> {
    /// The path from the root.
    pub path: &'a str,
    /// The facts.
    pub facts: &'a DocumentFacts,
    /// What they say.
    pub fact: &'a T,
}

impl<T> Clone for Of<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Of<'_, T> {}

impl<T> PartialEq for Of<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.facts, other.facts)
    }
}

impl<T> Of<'_, T> {
    /// `Deployment "web"`.
    pub fn quoted(&self) -> String {
        let object = self.facts.object.as_ref();
        let kind = object.map_or("object", |o| &o.kind);
        let name = object.and_then(|o| o.name.as_deref());
        format!("{kind} \"{}\"", name.unwrap_or("without a name"))
    }
}

/// Objects by name and namespace; a namespace that is not known may be any.
#[derive(Debug)]
struct ByName<'a, T> {
    by_both: HashMap<(&'a str, Option<&'a str>), Vec<T>>,
    by_name: HashMap<&'a str, Vec<T>>,
}

impl<'a, T: Copy> ByName<'a, T> {
    fn new() -> Self {
        Self {
            by_both: HashMap::new(),
            by_name: HashMap::new(),
        }
    }

    fn add(&mut self, name: &'a str, namespace: Option<&'a str>, item: T) {
        self.by_both
            .entry((name, namespace))
            .or_default()
            .push(item);
        self.by_name.entry(name).or_default().push(item);
    }

    /// All that may be meant; none where they are too many.
    fn all(&self, name: &'a str, namespace: Option<&'a str>) -> Vec<T> {
        let lists = match namespace {
            Some(_) => [namespace, None].map(|namespace| self.by_both.get(&(name, namespace))),
            None => [self.by_name.get(name), None],
        };
        let few = lists
            .into_iter()
            .flatten()
            .filter(|list| list.len() <= MAX_OBJECTS_OF_ONE_NAME);
        few.flatten().copied().collect()
    }

    /// The same; those that are known to be in the namespace alone, where there are any.
    fn find(&self, name: &'a str, namespace: Option<&'a str>) -> Vec<T> {
        let certain = namespace.and_then(|_| self.by_both.get(&(name, namespace)));
        match certain.filter(|list| list.len() <= MAX_OBJECTS_OF_ONE_NAME) {
            Some(list) => list.clone(),
            None => self.all(name, namespace),
        }
    }
}

/// The roles, bindings, accounts and pods of a set.
#[derive(Debug)]
pub struct Access<'a> {
    /// Its bindings.
    pub bindings: Vec<Of<'a, BindingFacts>>,
    /// Its pods.
    pub pods: Vec<Of<'a, PodFacts>>,
    /// Its accounts.
    pub accounts: Vec<Of<'a, AccountFacts>>,
    by_account: ByName<'a, Of<'a, AccountFacts>>,
    roles: ByName<'a, Of<'a, RoleFacts>>,
    cluster_roles: ByName<'a, Of<'a, RoleFacts>>,
    by_label: HashMap<(&'a str, &'a str), Vec<Of<'a, RoleFacts>>>,
    holders: ByName<'a, (Of<'a, BindingFacts>, Option<&'a str>)>,
    /// Bindings of groups of accounts: of those of a namespace, and of all.
    groups: HashMap<Option<&'a str>, Vec<Placed<'a>>>,
    granting: RefCell<HashMap<*const DocumentFacts, Rc<[Of<'a, RoleFacts>]>>>,
}

impl<'a> Access<'a> {
    pub(super) fn of(set: &DocumentSet<'a>) -> Self {
        let mut access = Self {
            bindings: Vec::new(),
            pods: Vec::new(),
            accounts: Vec::new(),
            by_account: ByName::new(),
            roles: ByName::new(),
            cluster_roles: ByName::new(),
            by_label: HashMap::new(),
            holders: ByName::new(),
            groups: HashMap::new(),
            granting: RefCell::default(),
        };
        for (path, facts) in &set.facts {
            access.add(path, facts);
        }
        access
    }

    fn add(&mut self, path: &'a str, facts: &'a DocumentFacts) {
        let object = facts.object.as_ref();
        let name = object.and_then(|o| o.name.as_deref()).unwrap_or_default();
        match &facts.fact {
            Fact::Role(fact) => {
                let is_role = object.is_some_and(|o| o.kind == "Role");
                let index = if is_role {
                    &mut self.roles
                } else {
                    &mut self.cluster_roles
                };
                let namespace = fact.namespace.as_deref().filter(|_| is_role);
                let of = Of { path, facts, fact };
                index.add(name, namespace, of);
                for (key, value) in fact.labels.iter().filter(|_| !is_role) {
                    self.by_label.entry((key, value)).or_default().push(of);
                }
            }
            Fact::Account(fact) => {
                let of = Of { path, facts, fact };
                self.accounts.push(of);
                self.by_account.add(name, fact.namespace.as_deref(), of);
            }
            Fact::Pod(fact) => self.pods.push(Of { path, facts, fact }),
            Fact::Binding(fact) => {
                let of = Of { path, facts, fact };
                self.bindings.push(of);
                for holder in &fact.holders {
                    match holder {
                        Holder::Account { namespace, name } => {
                            let namespace = namespace.as_deref();
                            self.holders.add(name, namespace, (of, namespace));
                        }
                        Holder::AllOf(namespace) => {
                            let of_namespace = self.groups.entry(Some(namespace));
                            of_namespace.or_default().push((self.bindings.len(), of));
                        }
                        Holder::All => {
                            let of_all = self.groups.entry(None);
                            of_all.or_default().push((self.bindings.len(), of));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// The roles that a binding may mean: one, but where several of the same name are as near.
    pub fn roles_of(&self, binding: Of<'a, BindingFacts>) -> Vec<Of<'a, RoleFacts>> {
        let BindingFacts {
            namespace,
            role_kind,
            role,
            ..
        } = binding.fact;
        let found = match role_kind.as_str() {
            "ClusterRole" => self.cluster_roles.find(role, None),
            "Role" => self.roles.find(role, namespace.as_deref()),
            _ => Vec::new(),
        };
        nearest(found, |role| role.path, binding.path)
    }

    /// Those whose rules count: of a role that aggregates others, these. Many bindings may give it.
    pub fn granting(&self, role: Of<'a, RoleFacts>) -> Rc<[Of<'a, RoleFacts>]> {
        let mut known = self.granting.borrow_mut();
        let of_role = known.entry(std::ptr::from_ref(role.facts));
        Rc::clone(of_role.or_insert_with(|| self.taken_in(role).into()))
    }

    fn taken_in(&self, role: Of<'a, RoleFacts>) -> Vec<Of<'a, RoleFacts>> {
        if role.fact.takes.is_empty() {
            return vec![role];
        }
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for labels in &role.fact.takes {
            let Some((key, value)) = labels.first() else {
                continue;
            };
            let others = self.by_label.get(&(key.as_str(), value.as_str()));
            let few = others.filter(|others| others.len() <= MAX_OBJECTS_OF_ONE_NAME);
            for other in few.into_iter().flatten() {
                let has = |label| other.fact.labels.binary_search(label).is_ok();
                if labels.iter().all(has) && seen.insert(std::ptr::from_ref(other.facts)) {
                    found.push(*other);
                }
            }
        }
        found
    }

    /// Whether an account of that name is there, in whatever namespace.
    pub fn has_account(&self, name: &'a str) -> bool {
        self.by_account.by_name.contains_key(name)
    }

    /// The accounts that a pod may run as: one, but where several of the same name are as near.
    pub fn accounts_of(&self, pod: Of<'a, PodFacts>) -> Vec<Of<'a, AccountFacts>> {
        let (name, namespace) = (account_of(pod), pod.fact.namespace.as_deref());
        let mut found = self.by_account.find(name, namespace);
        // Every namespace has an account of this name.
        if name == DEFAULT {
            let here = |a: &Of<'a, AccountFacts>| folder(a.path) == folder(pod.path);
            found.retain(|a| a.fact.namespace.as_deref() == namespace || here(a));
        }
        nearest(found, |account| account.path, pod.path)
    }

    /// The bindings that name the account of a pod.
    pub fn bindings_of(&self, pod: Of<'a, PodFacts>) -> Vec<Of<'a, BindingFacts>> {
        let (name, namespace) = (account_of(pod), pod.fact.namespace.as_deref());
        let mine = self.accounts_of(pod);
        let means = |binding: Of<'a, BindingFacts>, theirs: Option<&'a str>| {
            if namespace.is_some() && theirs.is_some() || name == DEFAULT && namespace != theirs {
                return namespace == theirs;
            }
            // One of both is not known: the same object, or at least the same place, must be meant.
            let accounts = self.by_account.find(name, theirs);
            match nearest(accounts, |account| account.path, binding.path)[..] {
                [] => mine.is_empty() && folder(pod.path) == folder(binding.path),
                [their] => mine.contains(&their),
                _ => false,
            }
        };
        let named = self.holders.all(name, namespace).into_iter();
        named
            .filter(|(b, theirs)| means(*b, *theirs))
            .map(|(b, _)| b)
            .collect()
    }

    /// The bindings that name a group of accounts: all, or those of a namespace.
    pub fn bindings_of_group(&self, namespace: Option<&'a str>) -> &[Placed<'a>] {
        let bindings = self.groups.get(&namespace);
        bindings.map(Vec::as_slice).unwrap_or_default()
    }

    /// The first binding that names a group of the account of a pod.
    pub fn group_binding_of(&self, pod: Of<'a, PodFacts>) -> Option<Of<'a, BindingFacts>> {
        let groups = groups_of(pod).into_iter();
        let first = groups.filter_map(|group| self.bindings_of_group(group).first());
        let first = first.min_by_key(|(place, _)| *place);
        first.map(|(_, binding)| *binding)
    }

    /// Whether the token of its account is mounted into a pod: by its own word, else by the account's.
    pub fn mounts_token(&self, pod: Of<'a, PodFacts>) -> bool {
        match &pod.fact.automount {
            Some((mounted, _)) => *mounted,
            None => self
                .accounts_of(pod)
                .iter()
                .all(|a| a.fact.automount != Some(false)),
        }
    }
}

/// A binding, and its place among all.
pub type Placed<'a> = (usize, Of<'a, BindingFacts>);

/// The groups of accounts that the account of a pod is in: those of a namespace, and all.
pub fn groups_of(pod: Of<'_, PodFacts>) -> Vec<Option<&str>> {
    let namespace = pod.fact.namespace.as_deref();
    let of_namespace = Some(namespace).filter(Option::is_some);
    of_namespace.into_iter().chain([None]).collect()
}

/// The account that a pod runs as.
pub fn account_of(pod: Of<'_, PodFacts>) -> &str {
    pod.fact.account.as_deref().unwrap_or(DEFAULT)
}
