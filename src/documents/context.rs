//! Which other files a set rule must see to judge some: told by words, so that no other file of a repository is parsed.

use super::recognise::may_spell;
use super::{DocumentFacts, Fact, may_contain_manifest};
use memchr::memmem::Finder;
use std::collections::BTreeSet;

/// In the names of all kinds of roles and bindings.
const ROLES: &str = "Role";

/// The kind of accounts.
const ACCOUNTS: &str = "ServiceAccount";

/// What keeps privileged Pods out of Namespaces.
const POD_GUARDS: [&str; 4] = [
    "PodSecurityConfiguration",
    "AdmissionConfiguration",
    "ClusterPolicy",
    "K8sPSPPrivilegedContainer",
];

/// What Cluster API makes machines of.
const MACHINES: [&str; 4] = [
    "cluster.x-k8s.io",
    "KubeadmControlPlane",
    "MachineDeployment",
    "MachinePool",
];

/// Tells the texts that may hold facts which set rules ask for, judging the facts of some files.
#[derive(Default)]
pub struct ContextFilter {
    /// Facts about components have too many forms to be told by words.
    everything: bool,
    /// A text that holds one of these may matter.
    words: BTreeSet<&'static str>,
    /// API groups of custom resources, whose definitions matter.
    groups: BTreeSet<String>,
    /// Two words that a text must hold both of; the empty one is in every text.
    finders: Vec<[Finder<'static>; 2]>,
}

impl ContextFilter {
    /// For the facts of the files that are reported.
    pub fn of<'f>(facts: impl Iterator<Item = &'f DocumentFacts>) -> Self {
        let mut filter = Self::default();
        // Flux writes into whatever it applies.
        filter.words.insert("kustomize.toolkit.fluxcd.io");
        facts.for_each(|facts| filter.ask(&facts.fact));
        let words = filter.words.iter().map(|word| [*word, ""].map(Finder::new));
        let definitions = filter.groups.iter().map(|group| {
            [
                Finder::new("CustomResourceDefinition"),
                Finder::new(group).into_owned(),
            ]
        });
        filter.finders = words.chain(definitions).collect();
        filter
    }

    /// Takes in what rules ask of other files about a fact. That of which nothing is asked is judged alone, or explains others.
    fn ask(&mut self, fact: &Fact) {
        match fact {
            Fact::Component(_) | Fact::ConfigFile(_) => self.everything = true,
            Fact::Machines(_) => self.words.extend(MACHINES),
            Fact::Custom(custom) if !custom.defines => {
                self.groups.insert(custom.group.clone());
            }
            Fact::Role(_) => _ = self.words.insert(ROLES),
            Fact::Binding(_) | Fact::Pod(_) => self.words.extend([ROLES, ACCOUNTS]),
            Fact::Namespace(_) => self.words.extend(POD_GUARDS),
            Fact::Custom(_)
            | Fact::KubeadmDocument(_)
            | Fact::Account(_)
            | Fact::Flux(_)
            | Fact::PodGuard => {}
        }
    }

    /// Whether a text may hold such a fact; where not, it need not be parsed.
    pub fn may_be_in(&self, path: &str, text: &str) -> bool {
        let holds = |words: &[Finder<'_>; 2]| {
            let mut words = words.iter();
            words.all(|word| word.find(text.as_bytes()).is_some())
        };
        (self.everything || self.finders.iter().any(holds) || may_spell(text))
            && may_contain_manifest(path, text)
    }
}
