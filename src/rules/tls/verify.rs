//! Clients that do not verify the server.

use crate::check::Cx;
use crate::go_value::parse_bool;
use crate::kube::{Container, Object};
use crate::secrets::detect::stands_for_another;
use crate::text::last_part;
use crate::yaml::{Node, NodeSpan};

/// `clientConfig` of every webhook of an object.
fn client_configs(object: Object<'_>) -> Vec<Node<'_>> {
    let webhooks = object.node.list("webhooks");
    let own = webhooks.filter_map(|w| w.field("clientConfig"));
    own.chain(
        object
            .node
            .at(&["spec", "conversion", "webhook", "clientConfig"]),
    )
    .collect()
}

pub(in crate::rules) fn webhook_url_not_https(object: Object<'_>, cx: &mut Cx<'_>) {
    for node in client_configs(object)
        .into_iter()
        .filter_map(|c| c.field("url"))
    {
        let Some(url) = node
            .as_str()
            .filter(|u| !u.is_empty() && !u.starts_with(['{', '$', '<']))
        else {
            continue;
        };
        let rest = url.strip_prefix("https://");
        let user = rest.is_some_and(|r| {
            r.split('/')
                .next()
                .is_some_and(|authority| authority.contains('@'))
        });
        let what = match rest {
            None => "does not use https",
            Some(_) if user => "contains user information",
            Some(rest) if rest.contains(['?', '#']) => "contains a query or fragment",
            Some(_) => continue,
        };
        cx.report(
            node,
            format!("the webhook URL {what}, so the API server rejects it"),
        )
        .secret();
    }
}

/// Flags with this meaning in any program.
const FLAGS: [&str; 12] = [
    "--insecure-skip-tls-verify",
    "--insecure-skip-verify",
    "--kubelet-insecure-tls",
    "--skip-tls-verify",
    "--tls-skip-verify",
    "--no-check-certificate",
    "--skip-verify-tls",
    "--insecure-registry-skip-verify",
    "--registry-insecure-skip-tls-verify",
    "--no-verify-ssl",
    "--ssl-no-verify",
    "--ignore-certificate-errors",
];

/// Variables that disable verification, with the values that do.
const VARIABLES: [(&str, &[&str]); 11] = [
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]),
    ("PYTHONHTTPSVERIFY", &["0"]),
    ("GIT_SSL_NO_VERIFY", &["1", "true"]),
    ("VAULT_SKIP_VERIFY", &["1", "true"]),
    ("VAULT_SKIP_TLS_VERIFY", &["1", "true"]),
    ("CONSUL_HTTP_SSL_VERIFY", &["0", "false"]),
    ("NOMAD_SKIP_VERIFY", &["1", "true"]),
    ("KUBERNETES_TRUST_CERTIFICATES", &["true"]),
    ("SSL_VERIFY", &["0", "false"]),
    ("INSECURE_SKIP_VERIFY", &["1", "true"]),
    ("NODE_NO_VERIFY_TLS", &["1", "true"]),
];

pub(in crate::rules) fn verification_disabled_in_args(container: Container<'_>, cx: &mut Cx<'_>) {
    let name = container.name();
    let message = |what: &str| {
        format!(
            "container \"{name}\" sets `{what}` and accepts any certificate, so an attacker can intercept its traffic"
        )
    };
    let mut program = "";
    let items = ["command", "args"]
        .into_iter()
        .flat_map(|f| container.node.list(f));
    for item in items {
        let Some(text) = item.as_str() else { continue };
        let lines = text.lines().filter(|l| !l.trim_start().starts_with('#'));
        for (i, command) in lines.flat_map(|l| l.split([';', '|', '&'])).enumerate() {
            // The first can continue the item before: `[curl, -k]`.
            if i > 0 {
                program = "";
            }
            for word in command
                .split([' ', '\t', '"', '\'', '`', '(', ')'])
                .filter(|w| !w.is_empty())
            {
                let base = last_part(word, b'/');
                if matches!(base, "curl" | "argocd") {
                    program = base;
                }
                let (flag, value) = word.split_once('=').unwrap_or((word, "true"));
                let of_program = match program {
                    "curl" => flag == "--insecure" || is_short_k(word),
                    "argocd" => flag == "--insecure",
                    _ => false,
                };
                if (FLAGS.contains(&flag) || of_program) && parse_bool(value) == Some(true) {
                    let from = word.as_ptr() as usize - text.as_ptr() as usize;
                    let node_span: NodeSpan<'_> = if word.len() == text.len() {
                        item.into()
                    } else {
                        item.part(from, from + word.len())
                    };
                    cx.report(node_span, message(word));
                }
            }
        }
    }
    for item in container.node.list("env") {
        let (Some(variable), Some(value)) =
            (item.field("name").and_then(Node::text), item.field("value"))
        else {
            continue;
        };
        let off = |(name, values): &(&str, &[&str])| {
            *name == variable
                && value
                    .text()
                    .is_some_and(|t| values.contains(&t.to_ascii_lowercase().as_str()))
        };
        if VARIABLES.iter().any(off) {
            cx.report(value, message(variable));
        }
    }
}

/// `-k`, alone or among curl's other short flags without values.
fn is_short_k(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|flags| {
        flags.contains('k')
            && flags.len() <= 5
            && flags.bytes().all(|b| {
                matches!(
                    b,
                    b'k' | b's' | b'S' | b'L' | b'f' | b'v' | b'g' | b'i' | b'I'
                )
            })
    })
}

/// Options that disable TLS in a connection string.
const PLAIN: [&str; 9] = [
    "sslmode=disable",
    "sslMode=DISABLED",
    "ssl=false",
    "useSSL=false",
    "tls=skip-verify",
    "tls=false",
    "sslverify=0",
    "ssl_mode=disable",
    "encrypt=false",
];

pub(in crate::rules) fn database_url_without_tls(object: Object<'_>, cx: &mut Cx<'_>) {
    let pod = crate::kube::PodSpec::of(object);
    let values: Vec<Node<'_>> = match (object.gvk.kind, pod) {
        (_, Some(pod)) => pod
            .containers()
            .flat_map(|c| {
                let env = c.node.list("env").filter_map(|e| e.field("value"));
                let args = ["command", "args"]
                    .into_iter()
                    .flat_map(move |f| c.node.list(f));
                env.chain(args)
            })
            .collect(),
        _ => object
            .node
            .field("data")
            .into_iter()
            .flat_map(Node::entries)
            .map(|(_, v)| v)
            .collect(),
    };
    for value in values {
        let Some(text) = value
            .as_str()
            .filter(|t| !stands_for_another(t) || t.contains("://"))
        else {
            continue;
        };
        for (option, at) in PLAIN.iter().filter_map(|o| Some((o, text.find(o)?))) {
            // A whole option, as in `?sslmode=disable&…`.
            let whole = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-');
            let before = text
                .get(..at)
                .and_then(|t| t.chars().next_back())
                .is_none_or(whole);
            let after = text
                .get(at + option.len()..)
                .and_then(|t| t.chars().next())
                .is_none_or(whole);
            if before && after {
                cx.report(value.part(at, at + option.len()), format!("`{option}` disables encryption or verification, so an attacker in the network path can read the password"));
            }
        }
    }
}
