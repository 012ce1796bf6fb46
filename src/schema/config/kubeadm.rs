//! kubeadm's files (cmd/kubeadm/app/apis/kubeadm/validation).

use crate::kube::is_unresolved;
use crate::schema::validator::Validator;
use crate::yaml::Node;

/// `abcdef.0123456789abcdef`
pub(in crate::schema) fn bootstrap_token<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some(node) = map.field("token") else {
        return;
    };
    let written = node.as_str().unwrap_or_default();
    let plain = |part: &str, len| {
        part.len() == len
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
    };
    let fits = written
        .split_once('.')
        .is_some_and(|(id, secret)| plain(id, 6) && plain(secret, 16));
    let open = is_unresolved(written);
    v.form(
        fits || open || written.is_empty(),
        node,
        "token",
        "6 and 16 lower-case letters and digits with a dot between them",
    );
}
