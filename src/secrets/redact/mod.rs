//! Where secrets stand, so that no writer ever shows them. Independent of which rules run, and of whether a document is well formed: a
//! name that is misspelt, a kind that is missing or a list in place of a map hides no less. In doubt it is a secret.

mod name;
mod text;

pub use text::{mentions_secret, unread_secret_lines};

use crate::component::Form;
use crate::kube::Object;
use crate::secrets::locate::{ExposedSecrets, Pieces, exposed_secrets};
use crate::text::last_part;
use crate::text::{Span, SpanSet};
use crate::yaml::{Document, Node, NodeId, NodeKind};
use memchr::{memchr_iter, memmem};
use name::{is_about, is_near, is_nearly_secret, is_public, is_secret};
use std::collections::{HashMap, HashSet};
use text::{may_hold_pieces, pieces};

const KEY_BLOCK: &[u8] = b"PRIVATE KEY-----";

/// More pieces of one scalar than this, and all of it is hidden.
const MAX_HIDDEN_SPANS: usize = 200;

/// Spans of the document that no output may show: all of a Secret's values, keys of an encryption configuration, private keys, what
/// stands under a name of a credential or behind one in a text, and whatever else looks like one.
pub fn secret_spans(
    document: &Document<'_>,
    objects: &[Object<'_>],
    known: &[ExposedSecrets],
) -> SpanSet {
    let mut found = Finder {
        spans: Vec::new(),
        keys: HashMap::new(),
        names: HashMap::new(),
        hidden: HashSet::new(),
        keys_are_secret: objects.iter().any(has_secret_keys),
        kubeconfig: is_kubeconfig(document.root()),
    };
    for (object, known) in objects.iter().zip(known) {
        let exposed_secrets = exposed_secrets(*object, known).into_iter();
        found
            .spans
            .extend(exposed_secrets.map(|exposed| exposed.at.span));
    }
    for node in document.nodes().filter(|n| !n.is_alias()) {
        match node.kind() {
            NodeKind::Map => found.map(node),
            NodeKind::Seq => found.list(node),
            NodeKind::Str => found.scalar(node),
            _ => {}
        }
    }
    found.comments(document.text);
    found.spans.into_iter().collect()
}

/// Whether an object is of a form whose files call a private key `key`.
fn has_secret_keys(object: &Object<'_>) -> bool {
    let form = Form::of(object.gvk).filter(|form| form.keys_are_secret);
    form.is_some_and(|form| form.file_groups.contains(&object.gvk.group))
}

/// The files that hold users of clusters; one that is half broken, too.
fn is_kubeconfig(root: Node<'_>) -> bool {
    let has = |key: &str| root.field(key).is_some();
    root.field("kind").is_some_and(|kind| is(kind, "Config"))
        || has("users") && (has("clusters") || has("contexts"))
}

fn is(node: Node<'_>, word: &str) -> bool {
    node.text()
        .is_some_and(|text| text.eq_ignore_ascii_case(word))
}

fn any_is(node: Node<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| is(node, word))
}

/// What a key says of what stands under it, also where it is misspelt.
#[derive(Clone, Copy, PartialEq)]
enum Means {
    Nothing,
    Credential,
    ApiVersion,
    NodeKind,
    Type,
    Metadata,
    Data,
    StringData,
    /// Provider of an encryption configuration, with its keys.
    Cipher,
    Generator,
    User,
    Header,
    Key,
    Certificate,
    Content,
    Name,
    Value,
}

impl Means {
    fn of(key: &str) -> Self {
        let lower = key.to_ascii_lowercase();
        let near = |words: &[&str]| words.iter().any(|word| is_near(&lower, word));
        match lower.as_str() {
            "apiversion" => Self::ApiVersion,
            "metadata" => Self::Metadata,
            "user" => Self::User,
            "authorization" | "cookie" => Self::Header,
            "key" | "kye" | "ky" => Self::Key,
            "crt" | "cert" | "certificate" => Self::Certificate,
            "content" => Self::Content,
            "name" | "variable" | "env" | "field" => Self::Name,
            _ if near(&["kind"]) => Self::NodeKind,
            _ if near(&["type"]) => Self::Type,
            _ if near(&["data"]) => Self::Data,
            _ if near(&["stringdata"]) => Self::StringData,
            _ if near(&["name"]) => Self::Name,
            _ if near(&["value", "values"]) || lower.len() == 5 && lower.starts_with("val") => {
                Self::Value
            }
            _ if near(&["aescbc", "aesgcm", "secretbox"]) => Self::Cipher,
            _ if near(&["secretgenerator"]) => Self::Generator,
            _ if is_nearly_secret(key.trim_end_matches('+')) => Self::Credential,
            _ => Self::Nothing,
        }
    }
}

struct Finder<'d> {
    spans: Vec<Span>,
    /// What keys mean: a document has few, and many nodes.
    keys: HashMap<&'d str, Means>,
    /// Which names are a credential's.
    names: HashMap<&'d str, bool>,
    /// What is hidden already, with all that its aliases stand for.
    hidden: HashSet<NodeId>,
    /// Whether what is called `key` is a private one.
    keys_are_secret: bool,
    kubeconfig: bool,
}

impl<'d> Finder<'d> {
    fn names_secret(&mut self, name: &'d str) -> bool {
        let known = self.names.entry(name);
        *known.or_insert_with(|| is_nearly_secret(name))
    }

    fn means(&mut self, key: Node<'d>) -> Means {
        let Some(text) = key.text() else {
            return Means::Nothing;
        };
        let known = self.keys.entry(text);
        *known.or_insert_with(|| Means::of(text))
    }

    fn map(&mut self, map: Node<'d>) {
        let mut says = MapTraits::default();
        for (key, value) in map.pairs() {
            let means = self.means(key);
            says.add(key, value, means);
            match means {
                Means::Credential => self.named(value),
                Means::Cipher => self.all_but(value, &["name"]),
                Means::Generator => self.all_but(value, GENERATED),
                Means::User if self.kubeconfig && value.kind() == NodeKind::Map => {
                    self.all_but(value, KUBECONFIG_USER);
                }
                Means::Header if value.kind() == NodeKind::Str => self.hide(value),
                _ => {}
            }
        }
        if says.list {
            let lists = map
                .pairs()
                .filter(|(_, value)| value.kind() == NodeKind::Seq);
            lists
                .flat_map(|(_, list)| list.items())
                .for_each(|item| self.secret(item, true));
        }
        if says.list || says.is_secret(map) {
            self.secret(
                map,
                says.metadata && (says.secret || says.list || !says.known),
            );
        }
        if says.names.iter().any(|name| self.names_secret(name)) {
            let values = map.pairs().filter(|(key, _)| {
                self.keys.get(key.text().unwrap_or_default()) == Some(&Means::Value)
            });
            let values: Vec<_> = values.collect();
            values.into_iter().for_each(|(_, value)| self.named(value));
        }
        if let Some(key) = says.key
            && (self.keys_are_secret || says.certificate)
        {
            self.named(key);
        }
        if let Some(content) = says.content {
            // What cloud-init writes in base64, or to a file that is called like a credential.
            let field = |name| map.field(name).and_then(Node::text);
            let file = field("path").map(|path| last_part(path, b'/'));
            if field("encoding").is_some() || file.is_some_and(is_secret) {
                self.hide(content);
            }
        }
    }

    /// Hides what stands under a credential's name. Of a map, what lies deeper has names of its own.
    fn named(&mut self, value: Node<'d>) {
        match value.kind() {
            NodeKind::Map => {
                for (key, value) in value.pairs() {
                    let about = key.text().is_some_and(is_about);
                    if !about && !matches!(value.kind(), NodeKind::Map) {
                        self.named(value);
                    }
                }
            }
            NodeKind::Seq => {
                let scalars = value.items().filter(|n| n.text().is_some());
                scalars.for_each(|item| self.named(item));
            }
            _ => {
                if value.text().is_some_and(|text| !is_public(text)) {
                    self.hide(value);
                }
            }
        }
    }

    /// `--password`, and then the password.
    fn list(&mut self, list: Node<'d>) {
        let mut waits = false;
        for item in list.items() {
            let text = item.text().unwrap_or_default();
            let flag = text.starts_with('-') && !text.contains(['=', ' ']);
            if std::mem::replace(&mut waits, flag && self.names_secret(text)) && !flag {
                self.named(item);
            }
        }
    }

    fn scalar(&mut self, node: Node<'d>) {
        let Some(text) = node.text().filter(|text| may_hold_pieces(text)) else {
            return;
        };
        if memmem::find(text.as_bytes(), KEY_BLOCK).is_some() || holds_secret(text) {
            self.hide(node);
            return;
        }
        let found = pieces(text);
        if found.len() > MAX_HIDDEN_SPANS {
            self.hide(node);
        } else if !found.is_empty() {
            let of_node = Pieces::of(node);
            let spans = found.into_iter().map(|piece| of_node.at(piece).span);
            self.spans.extend(spans);
        }
    }

    /// What people leave in comments.
    fn comments(&mut self, text: &str) {
        let mut at = 0;
        for hash in memchr_iter(b'#', text.as_bytes()) {
            if hash < at {
                continue;
            }
            let rest = text.get(hash..).unwrap_or_default();
            let line = rest.split(['\n', '\r']).next().unwrap_or_default();
            at = hash + line.len();
            let found = pieces(line).into_iter();
            self.spans
                .extend(found.map(|p| Span::of(hash + p.start..hash + p.end)));
        }
    }

    /// Hides a value, and what its aliases stand for, wherever in the document that is.
    fn hide(&mut self, value: Node<'d>) {
        let mut waiting = vec![value];
        while let Some(node) = waiting.pop() {
            let node = node.target();
            if self.hidden.insert(node.id()) {
                self.spans.push(node.span());
                waiting.extend(node.within().filter(|n| n.is_alias()));
            }
        }
    }

    /// Hides all scalars but those under some keys.
    fn all_but(&mut self, value: Node<'d>, open: &[&str]) {
        let scalars = value.target().within();
        for node in
            scalars.filter(|n| !matches!(n.kind(), NodeKind::Map | NodeKind::Seq | NodeKind::Null))
        {
            let item = node.parent().filter(|p| p.kind() == NodeKind::Seq);
            let key = item.unwrap_or(node).key_node();
            let is_key = node.key_node().is_none() && item.is_none() && node != value.target();
            if !is_key && !key.is_some_and(|key| any_is(key, open)) && node.as_bool().is_none() {
                self.hide(node);
            }
        }
    }

    /// Hides the values of a Secret, however often a key is given or how it is spelt, with the comments between them; and its
    /// annotations, where `kubectl apply` leaves a copy of the whole. What only refers to a Secret is not all hidden.
    fn secret(&mut self, map: Node<'d>, whole: bool) {
        const OPEN: [&str; 4] = ["apiVersion", "kind", "metadata", "type"];
        const METADATA: [&str; 11] = [
            "creationTimestamp",
            "finalizers",
            "generateName",
            "generation",
            "labels",
            "managedFields",
            "name",
            "namespace",
            "ownerReferences",
            "resourceVersion",
            "uid",
        ];
        for (key, value) in map.pairs() {
            let scalar = !matches!(value.kind(), NodeKind::Map | NodeKind::Seq);
            if is(key, "metadata") && !scalar {
                if !whole {
                    continue;
                }
                let odd = value.pairs().filter(|(key, _)| !any_is(*key, &METADATA));
                odd.for_each(|(key, value)| self.values(key, value));
            } else if key.is_merge()
                || matches!(self.means(key), Means::Data | Means::StringData)
                || whole && value.as_bool().is_none() && !(any_is(key, &OPEN) && scalar)
            {
                self.values(key, value);
            }
        }
    }

    /// Everything behind a key but the keys below it.
    fn values(&mut self, key: Node<'d>, value: Node<'d>) {
        let document = value.document();
        let target = value.target();
        let mut at = if value.is_alias() {
            target.span().start
        } else {
            value.head().end.max(key.span().end)
        };
        // Comments behind the last value belong to it as far as the next node.
        let end = target
            .next()
            .map_or(Span::of(0..document.text.len()).end, |next| {
                next.span().start
            });
        for (key, value) in target.pairs() {
            self.spans.push(Span::new(at, key.span().start));
            at = value.head().end.max(key.span().end);
            // What looks like a key without a value is the value of somebody who forgot the key.
            let behind = document
                .text
                .get(key.span().end as usize..)
                .unwrap_or_default();
            if value.span().is_empty() && !behind.trim_start().starts_with(':') {
                self.spans.push(key.span());
            }
        }
        self.spans.push(Span::new(at, end.max(at)));
        target
            .within()
            .filter(|n| n.is_alias())
            .for_each(|alias| self.hide(alias));
    }
}

/// What the keys of a map say together.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each key says something else, and any of them may be there"
)]
struct MapTraits<'d> {
    /// That it is a Secret, in any of its `kind` keys: one given twice, or glued to the next document, still is.
    secret: bool,
    /// That it is a list of them.
    list: bool,
    /// That it is of some other kind.
    known: bool,
    /// That it has the type of a Secret.
    of_type: bool,
    api_version: bool,
    metadata: bool,
    data: bool,
    string_data: bool,
    merges: bool,
    certificate: bool,
    key: Option<Node<'d>>,
    content: Option<Node<'d>>,
    names: Vec<&'d str>,
}

impl<'d> MapTraits<'d> {
    fn add(&mut self, key: Node<'d>, value: Node<'d>, means: Means) {
        let text = value.text().unwrap_or_default();
        match means {
            Means::ApiVersion => self.api_version = true,
            Means::Metadata => self.metadata = true,
            Means::NodeKind => self.kind(text),
            Means::Type => self.of_type |= is_type_of_secret(text),
            Means::Data => self.data = true,
            Means::StringData => self.string_data = true,
            Means::Certificate => self.certificate = true,
            Means::Key => {
                self.key = Some(value);
                self.names.push(text);
            }
            Means::Content => self.content = Some(value),
            Means::Name => self.names.push(text),
            _ => self.merges |= key.is_merge(),
        }
    }

    fn kind(&mut self, kind: &str) {
        self.secret |= is_kind_of_secret(kind, "secret");
        self.list |= is_kind_of_secret(kind, "secretlist");
        self.known |= !matches!(kind, "" | "v1" | "Opaque");
    }

    /// Whether it is one, or lacks so much of one that nobody can tell.
    fn is_secret(&mut self, map: Node<'_>) -> bool {
        if self.merges
            && let Some(kind) = map.get("kind").and_then(Node::text)
        {
            self.kind(kind);
        }
        let unknown = !self.known && self.api_version;
        self.secret || self.string_data || self.data && (self.of_type || unknown)
    }
}

/// What is no secret in a kustomization's `secretGenerator`.
const GENERATED: &[&str] = &[
    "behavior",
    "env",
    "envs",
    "files",
    "name",
    "namespace",
    "options",
    "type",
];

/// What is no secret of a kubeconfig's user.
const KUBECONFIG_USER: &[&str] = &[
    "apiVersion",
    "args",
    "as",
    "as-groups",
    "as-uid",
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "command",
    "interactiveMode",
    "name",
    "provideClusterInfo",
    "tokenFile",
    "username",
];

fn is_kind_of_secret(kind: &str, known: &str) -> bool {
    is_near(&kind.to_ascii_lowercase(), known)
}

fn is_type_of_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let known = [
        "kubernetes.io/",
        "bootstrap.kubernetes.io/",
        "helm.sh/release",
    ];
    is_near(&text, "opaque") || known.iter().any(|start| text.starts_with(start))
}

/// Whether a text holds the manifest of a Secret, in YAML or JSON.
fn holds_secret(text: &str) -> bool {
    let kind = |at: usize| {
        let rest = text.get(at + 4..).unwrap_or_default();
        let rest = rest.trim_start_matches(['"', '\'', '\\', ' ', ':']);
        rest.get(..6)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("secret"))
    };
    memmem::find(text.as_bytes(), b"stringData").is_some()
        || memmem::find_iter(text.as_bytes(), b"kind").any(kind)
            && memmem::find(text.as_bytes(), b"data").is_some()
}
