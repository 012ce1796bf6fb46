//! What RBAC can name: the resources of Kubernetes' own API groups, up to 1.37.

/// A resource, or a subresource of one.
#[derive(Debug)]
pub struct Resource {
    /// API group; the core group is `""`.
    pub group: &'static str,
    /// `pods`, `pods/log`.
    pub name: &'static str,
    /// The kind of its objects; empty where there are none.
    pub kind: &'static str,
    /// Whether a request for it stands in a namespace.
    pub namespaced: bool,
    verbs: &'static [&'static str],
    /// The first minor version without it; 255 where the newest has it.
    pub gone: u8,
}

include!(concat!(env!("OUT_DIR"), "/resources.rs"));

/// Verbs of most resources. Kubernetes asks for no other verb but of the resources that have it.
pub const VERBS: [&str; 8] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
];

impl Resource {
    /// The resource of that name in a group.
    pub fn find(group: &str, name: &str) -> Option<&'static Self> {
        let found = |name: &str| {
            let at = RESOURCES.binary_search_by(|r| (r.group, r.name).cmp(&(group, name)));
            at.ok().and_then(|at| RESOURCES.get(at))
        };
        found(name).or_else(|| match name.split_once('/')? {
            // Whoever sets an owner that blocks its deletion must be able to update this, of any resource.
            (owner, "finalizers") => found(owner),
            // Attributes of a user have any name.
            (attributes, _) => found(&format!("{attributes}/*")),
        })
    }

    /// The resources whose kind or name this is, but for capitals.
    pub fn like(word: &str) -> impl Iterator<Item = &'static Self> {
        let same = |known: &str| known.eq_ignore_ascii_case(word);
        let alike = move |r: &&Self| !r.is_gone() && (same(r.kind) || same(r.name));
        RESOURCES.iter().filter(alike)
    }

    /// All resources of that name that the newest release has, whatever their group.
    pub fn named(name: &str) -> impl Iterator<Item = &'static Self> {
        RESOURCES
            .iter()
            .filter(move |r| r.name == name && !r.is_gone())
    }

    /// The resources of a group.
    pub fn of_group(group: &str) -> impl Iterator<Item = &'static Self> {
        let start = RESOURCES.partition_point(|r| r.group < group);
        let rest = RESOURCES.get(start..).unwrap_or_default();
        rest.iter().take_while(move |r| r.group == group)
    }

    /// Whether the newest release does not have it any more.
    pub fn is_gone(&self) -> bool {
        self.gone != u8::MAX
    }

    /// Whether an API server may ask for this verb on it.
    pub fn knows(&self, verb: &str) -> bool {
        allows(self.verbs, verb)
    }
}

fn allows(verbs: &[&str], verb: &str) -> bool {
    verbs.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => verb.starts_with(start),
        None => *known == verb,
    })
}

/// Whether Kubernetes itself has an API group, or had it. Others under k8s.io are those of add-ons: metrics adapters, gateways, snapshots.
pub fn is_builtin_group(group: &str) -> bool {
    group != "*" && Resource::of_group(group).next().is_some()
}

/// Whether a verb is one of every resource, so that it does not say by itself what is granted.
pub fn is_common_verb(verb: &str) -> bool {
    VERBS.contains(&verb)
}

/// Whether a verb is one of some resource, or of all of them.
pub fn is_verb(verb: &str) -> bool {
    is_common_verb(verb) || RESOURCES.iter().any(|r| allows(r.verbs, verb))
}
