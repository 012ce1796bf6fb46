//! A Kubernetes object: a map with `apiVersion` and `kind`.

use crate::finding::ObjectRef;
use crate::text::clipped;
use crate::yaml::Node;

/// Group, version and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gvk<'d> {
    /// API group; the core group is `""`.
    pub group: &'d str,
    /// Version in that group.
    pub version: &'d str,
    /// Kind.
    pub kind: &'d str,
}

impl<'d> Gvk<'d> {
    /// From `apiVersion` and `kind` as they are written.
    pub fn new(api_version: &'d str, kind: &'d str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            group,
            version,
            kind,
        }
    }

    /// Whether it is that kind of that group, in any version.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

/// A Kubernetes object.
#[derive(Clone, Copy)]
pub struct Object<'d> {
    /// The map.
    pub node: Node<'d>,
    /// Its group, version and kind.
    pub gvk: Gvk<'d>,
}

impl<'d> Object<'d> {
    /// The map as an object; `None` without `apiVersion` and `kind`, which empty ones are to kubectl.
    pub fn of(node: Node<'d>) -> Option<Self> {
        let api_version = node.get("apiVersion")?.as_str()?;
        let kind = node.get("kind")?.as_str()?;
        (!api_version.is_empty() && !kind.is_empty()).then_some(Self {
            node,
            gvk: Gvk::new(api_version, kind),
        })
    }

    /// A map without a kind, by what it is.
    pub fn named(node: Node<'d>, group: &'static str, kind: &'static str) -> Self {
        let version = "";
        let gvk = Gvk {
            group,
            version,
            kind,
        };
        Self { node, gvk }
    }

    /// A field of `metadata`.
    pub fn metadata(self, field: &str) -> Option<Node<'d>> {
        self.node.at(&["metadata", field])
    }

    /// `metadata.name`, where it is a string.
    pub fn name(self) -> Option<&'d str> {
        self.metadata("name")?.as_str()
    }

    /// `metadata.namespace`, where it is a string.
    pub fn namespace(self) -> Option<&'d str> {
        self.metadata("namespace")?.as_str()
    }

    /// An annotation's text.
    pub fn annotation(self, name: &str) -> Option<&'d str> {
        self.metadata("annotations")?.field(name)?.text()
    }

    /// A label's text.
    pub fn label(self, name: &str) -> Option<&'d str> {
        self.metadata("labels")?.field(name)?.text()
    }

    /// What to call it in a finding.
    pub fn reference(self) -> ObjectRef {
        let Gvk {
            group,
            version,
            kind,
        } = self.gvk;
        ObjectRef {
            api_version: if group.is_empty() || version.is_empty() {
                format!("{group}{version}")
            } else {
                format!("{group}/{version}")
            },
            kind: short(kind),
            namespace: self.namespace().map(short),
            name: self.name().map(short),
        }
    }
}

/// A name as every finding holds it: no API server takes a tenth of this length.
fn short(name: &str) -> String {
    const MAX_NAME_BYTES: usize = 4_000;
    clipped(name.to_owned(), MAX_NAME_BYTES)
}
