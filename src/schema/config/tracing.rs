//! Where the API server and the kubelet send their traces (component-base/tracing).

use super::is_open;
use crate::go_value::parse_url;
use crate::schema::validator::Validator;
use crate::yaml::Node;

pub(in crate::schema) fn endpoint<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some((node, text)) = map
        .field("endpoint")
        .and_then(|node| Some((node, node.as_str()?)))
    else {
        return;
    };
    let parsed = if text.contains("//") {
        parse_url(text).map(|url| url.scheme.to_lowercase())
    } else {
        parse_url(&format!("dns://{text}")).map(|_| "dns".to_owned())
    };
    let known = |scheme: &String| matches!(&**scheme, "dns" | "unix" | "unix-abstract");
    let fits = parsed.as_ref().is_some_and(known) || is_open(node);
    v.form(
        fits,
        node,
        "endpoint",
        "a host and port, or a `dns`, `unix` or `unix-abstract` address",
    );
}
