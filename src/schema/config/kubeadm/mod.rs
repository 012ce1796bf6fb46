//! kubeadm's files (cmd/kubeadm/app/apis/kubeadm/validation, and what cmd/kubeadm/app/util/config makes of values before).

mod form;
mod network;

use crate::component::minor;
use crate::kube::is_unresolved;
use crate::schema::cross_field::{conflict, key_of, missing, set};
use crate::schema::validator::Validator;
use crate::yaml::{Node, NodeKind, items};
use form::Form;

/// The API group of kubeadm's files.
pub(in crate::schema) const GROUP: &str = "kubeadm.k8s.io";

/// Checks a text, or each of a list. A text that is empty has its default; an item has none, and null is an empty one.
fn form<'d>(v: &mut Validator<'d>, map: Node<'d>, key: &str, (fits, what): Form) {
    let Some(value) = map.field(key) else { return };
    let mut judge = |node: Node<'d>, text: &str| {
        if !fits(text) && !is_unresolved(text) {
            v.refused(node, key, what);
        }
    };
    match value.kind() {
        NodeKind::Seq => value.items().for_each(|item| match item.kind() {
            NodeKind::Null => judge(item, ""),
            _ => item.as_str().into_iter().for_each(|text| judge(item, text)),
        }),
        _ => value
            .as_str()
            .filter(|text| !text.is_empty())
            .into_iter()
            .for_each(|text| judge(value, text)),
    }
}

pub(in crate::schema) fn cluster<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "kubernetesVersion", form::RELEASE);
    form(v, map, "controlPlaneEndpoint", form::ENDPOINT);
    form(v, map, "certificatesDir", form::ABSOLUTE_PATH);
    form(v, map, "imageRepository", form::REPOSITORY);
    if let Some(networking) = map.field("networking") {
        form(v, networking, "dnsDomain", form::DOMAIN);
        network::of_services(v, networking);
        network::of_pods(v, networking, Some(map));
    }
}

/// kubeadm makes control planes of its own release and of the one before.
pub(in crate::schema) fn skew<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let version = map.field("kubernetesVersion");
    let Some((node, text)) = version.and_then(|node| Some((node, node.as_str()?))) else {
        return;
    };
    let Some(minor) = minor(text).filter(|_| (form::RELEASE.0)(text)) else {
        return;
    };
    let before_first = text.contains(".0-") && v.all_from(minor + 1);
    if before_first || v.all_from(minor.saturating_add(2)) {
        let newest = v.targets.names().last().unwrap_or_default();
        let message = format!(
            "kubeadm {newest} supports its own release and the previous one, so it rejects {text}"
        );
        conflict(v, node, message);
    }
}

pub(in crate::schema) fn server<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "certSANs", form::SERVER_NAME);
}

pub(in crate::schema) fn image<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "imageRepository", form::REPOSITORY);
}

pub(in crate::schema) fn local_etcd<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    image(v, map);
    form(v, map, "dataDir", form::ABSOLUTE_PATH);
    form(v, map, "serverCertSANs", form::CERTIFICATE_NAME);
    form(v, map, "peerCertSANs", form::CERTIFICATE_NAME);
}

pub(in crate::schema) fn external_etcd<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let files = ["caFile", "certFile", "keyFile"];
    for file in files {
        form(v, map, file, form::ABSOLUTE_PATH);
    }
    let given = |key: &str| {
        map.field(key)
            .and_then(Node::as_str)
            .is_some_and(|t| !t.is_empty())
    };
    let url = if files.into_iter().any(given) {
        form::HTTPS_URL
    } else {
        form::URL
    };
    form(v, map, "endpoints", url);
    form(v, map, "httpEndpoints", form::URL);
    if v.is_fragment() {
        return;
    }
    match files.map(given) {
        [_, true, false] => lacks(v, map, "certFile", "keyFile"),
        [_, false, true] => lacks(v, map, "keyFile", "certFile"),
        [false, true, true] => lacks(v, map, "certFile", "caFile"),
        _ => {}
    }
}

/// One field that another needs.
fn lacks<'d>(v: &mut Validator<'d>, map: Node<'d>, given: &str, needed: &str) {
    let at = match map.pair(needed) {
        Some((key, _)) => key.into(),
        None => key_of(map, given),
    };
    conflict(
        v,
        at,
        format!("`{given}` requires `{needed}`, so kubeadm rejects the file"),
    );
}

pub(in crate::schema) fn init<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "certificateKey", form::CERTIFICATE_KEY);
}

/// What kind hands on to kubeadm.
pub(in crate::schema) fn kind_networking<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    network::of_services(v, map);
    network::of_pods(v, map, None);
}

/// `localAPIEndpoint`
pub(in crate::schema) fn endpoint<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "advertiseAddress", form::ADDRESS);
}

pub(in crate::schema) fn registration<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "name", form::NODE_NAME);
    form(v, map, "criSocket", form::SOCKET);
    preflight(v, map);
}

/// `all` says everything that `ignorePreflightErrors` can.
pub(in crate::schema) fn preflight<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let names = || {
        items(map.field("ignorePreflightErrors")).filter_map(|item| Some((item, item.as_str()?)))
    };
    let is_all = |text: &str| text.eq_ignore_ascii_case("all");
    let Some((all, _)) = names().find(|(_, text)| is_all(text)) else {
        return;
    };
    if names().any(|(_, text)| !text.is_empty() && !is_all(text)) {
        conflict(
            v,
            all,
            "`all` covers every check and cannot be combined with other names; kubeadm rejects the list",
        );
    }
}

pub(in crate::schema) fn bootstrap_token<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    // None is made anew where the field is null, and not where it is empty.
    if let Some(token) = map.field("token").filter(|node| node.as_str() == Some("")) {
        v.refused(token, "token", form::TOKEN.1);
    }
    form(v, map, "token", form::TOKEN);
    form(v, map, "groups", form::TOKEN_GROUP);
    let usages = map.field("usages").filter(|list| !list.is_empty());
    let may_authenticate = usages.is_none_or(|list| {
        let authenticates = |text: &str| text == "authentication" || is_unresolved(text);
        list.items()
            .any(|usage| usage.as_str().is_none_or(authenticates))
    });
    if !may_authenticate {
        let at = if map.field("groups").is_some() {
            "groups"
        } else {
            "usages"
        };
        conflict(
            v,
            key_of(map, at),
            "a token with groups requires `authentication` in `usages`, and kubeadm adds its default group if none is set",
        );
    }
    if map.field("expires").is_some() {
        conflict(
            v,
            key_of(map, "expires"),
            "`expires` and `ttl` cannot both be set, and `ttl` defaults to 24h; use `ttl`",
        );
    }
}

pub(in crate::schema) fn join<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "caCertPath", form::CA_PATH);
    if map.field("discovery").is_none() {
        let message = "`discovery` is missing, so kubeadm does not know which cluster to join; set `bootstrapToken` or `file` in it";
        missing(v, key_of(map, "discovery"), message);
    }
}

/// A node that becomes part of the control plane.
pub(in crate::schema) fn join_control_plane<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "certificateKey", form::CERTIFICATE_KEY);
}

pub(in crate::schema) fn discovery<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "tlsBootstrapToken", form::TOKEN);
    if let Some(file) = map.field("file") {
        form(v, file, "kubeConfigPath", form::DISCOVERY_FILE);
    }
}

pub(in crate::schema) fn discovery_token<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "token", form::TOKEN);
    form(v, map, "apiServerEndpoint", form::HOST_AND_PORT);
    let hashes = map
        .field("caCertHashes")
        .is_some_and(|list| !list.is_empty());
    let is_open = |node: Node<'_>| node.as_str().is_some_and(is_unresolved);
    let skips = set(map, "unsafeSkipCAVerification").is_some()
        || map.field("unsafeSkipCAVerification").is_some_and(is_open);
    if !hashes && !skips {
        let message = "`caCertHashes` is missing, so kubeadm cannot verify the CA and joins only with `unsafeSkipCAVerification: true`";
        missing(v, key_of(map, "caCertHashes"), message);
    }
}

pub(in crate::schema) fn reset<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "criSocket", form::SOCKET);
    form(v, map, "certificatesDir", form::ABSOLUTE_PATH);
    preflight(v, map);
}

/// The patches of an upgrade.
pub(in crate::schema) fn patches<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    form(v, map, "directory", form::ABSOLUTE_PATH);
}
