//! Credentials in plain text, and stores that are open to many users.

use crate::check::Cx;
use crate::kube::{Container, Object};
use crate::model::Severity;
use crate::secrets::detect::CredentialKind;
use crate::secrets::locate::{self, ExposedSecret};
use crate::yaml::{Node, NodeKind};

/// Reports the kind of credential, never its value.
fn report_all(
    exposed_secrets: Vec<ExposedSecret<'_>>,
    cx: &mut Cx<'_>,
    message: impl Fn(&ExposedSecret<'_>) -> String,
) {
    for exposed in exposed_secrets {
        cx.report(exposed.at, message(&exposed)).secret();
    }
}

fn what(exposed: &ExposedSecret<'_>) -> String {
    match exposed.what {
        CredentialKind::Token(kind) => kind.to_owned(),
        CredentialKind::PrivateKey => "a private key".to_owned(),
        CredentialKind::Url => "a password in a URL".to_owned(),
        CredentialKind::NameHint => format!("the value of `{}`", exposed.name),
    }
}

pub(in crate::rules) fn plaintext_env(container: Container<'_>, cx: &mut Cx<'_>) {
    let name = container.name();
    report_all(locate::env(container), cx, |exposed| match exposed.what {
        CredentialKind::NameHint => format!(
            "container \"{name}\" has the value of `{}` in plain text, so anyone who can get pods can read it",
            exposed.name
        ),
        _ => format!(
            "`{}` of container \"{name}\" contains {}, so anyone who can get pods can read it",
            exposed.name,
            what(exposed)
        ),
    });
}

pub(in crate::rules) fn secret_in_args(container: Container<'_>, cx: &mut Cx<'_>) {
    let name = container.name();
    report_all(locate::arguments(container), cx, |exposed| {
        format!(
            "the command line of container \"{name}\" contains {}, which every process list shows",
            what(exposed)
        )
    });
}

pub(in crate::rules) fn configmap_sensitive(object: Object<'_>, cx: &mut Cx<'_>) {
    report_all(locate::config_map(object), cx, |exposed| {
        format!(
            "this ConfigMap contains {}, and users who cannot read Secrets can read it",
            what(exposed)
        )
    });
}

/// Reports each credential of a known format for which `message` has a text.
fn tell_known(cx: &mut Cx<'_>, message: impl Fn(CredentialKind) -> Option<String>) {
    for (at, what) in cx.exposed_secrets() {
        if let Some(message) = message(what) {
            cx.report(at, message).secret();
        }
    }
}

pub(in crate::rules) fn known_token_format(_: Object<'_>, cx: &mut Cx<'_>) {
    tell_known(cx, |what| match what {
        CredentialKind::Token(kind) => Some(format!(
            "this is {kind}, which anyone who reads this file can use"
        )),
        _ => None,
    });
}

pub(in crate::rules) fn private_key(_: Object<'_>, cx: &mut Cx<'_>) {
    const MESSAGE: &str =
        "a private key is committed, so anyone who reads this file can impersonate its owner";
    tell_known(cx, |what| {
        (what == CredentialKind::PrivateKey).then(|| MESSAGE.to_owned())
    });
}

pub(in crate::rules) fn credentials_in_url(object: Object<'_>, cx: &mut Cx<'_>) {
    // The whole value of a Secret is one: secrets/secret-committed.
    if !object.gvk.is("", "Secret") {
        tell_known(cx, |what| {
            (what == CredentialKind::Url).then(|| {
                "this URL contains a password, which appears wherever the URL is logged".to_owned()
            })
        });
    }
}

pub(in crate::rules) fn in_annotation(object: Object<'_>, cx: &mut Cx<'_>) {
    report_all(locate::annotations(object), cx, |exposed| {
        match exposed.what {
            CredentialKind::NameHint => format!(
                "`{}` contains a copy of the Secret with its values",
                exposed.name
            ),
            _ => format!(
                "`{}` contains {}, and users who cannot read Secrets can read annotations",
                exposed.name,
                what(exposed)
            ),
        }
    });
}

pub(in crate::rules) fn kustomize_literal(object: Object<'_>, cx: &mut Cx<'_>) {
    report_all(locate::literals(object), cx, |exposed| {
        format!(
            "the value of `{}` is committed as a literal, so anyone who reads this file has it",
            exposed.name
        )
    });
}

pub(in crate::rules) fn helm_values(object: Object<'_>, cx: &mut Cx<'_>) {
    report_all(locate::chart_values(object), cx, |exposed| {
        format!(
            "the chart receives the value of `{}` in plain text, so anyone who reads this file has it",
            exposed.name
        )
    });
}

pub(in crate::rules) fn store_inline_credential(object: Object<'_>, cx: &mut Cx<'_>) {
    report_all(locate::store(object), cx, |_| {
        "the store contains this value in plain text, so anyone who reads this file has it"
            .to_owned()
    });
}

pub(in crate::rules) fn sealed_secret_template_data(object: Object<'_>, cx: &mut Cx<'_>) {
    report_all(locate::sealed_template(object), cx, |exposed| {
        format!(
            "`{}` is in plain text in the template, so it is not sealed and anyone who reads this file has it",
            exposed.name
        )
    });
}

pub(in crate::rules) fn external_secret_broad_generator(object: Object<'_>, cx: &mut Cx<'_>) {
    let spec = object.node.field("spec");
    let selectors = ["namespaceSelector", "namespaceSelectors"]
        .into_iter()
        .filter_map(|f| spec?.field(f));
    let selectors = selectors.flat_map(|s| {
        if s.kind() == NodeKind::Seq {
            s.items().collect()
        } else {
            vec![s]
        }
    });
    for selector in selectors.filter(|s| s.kind() == NodeKind::Map) {
        let all = ["matchLabels", "matchExpressions"]
            .iter()
            .all(|f| selector.field(f).is_none_or(Node::is_empty));
        if all {
            let at = if selector.is_empty() {
                selector.into()
            } else {
                selector.lacking()
            };
            cx.report(
                at,
                "an empty selector matches every namespace, so all of them receive the Secret",
            );
        }
    }
    for name in [
        "reflector.v1.k8s.emberstack.com/reflection-allowed-namespaces",
        "replicator.v1.mittwald.de/replicate-to",
        "kubed.appscode.com/sync",
    ] {
        let value = object.metadata("annotations").and_then(|a| a.field(name));
        if let Some(value) = value.filter(|v| matches!(v.text(), Some("" | ".*" | "*"))) {
            cx.report(
                value,
                format!("`{name}` copies this Secret to every namespace"),
            );
        }
    }
}

pub(in crate::rules) fn default_mode_world_readable(
    pod: crate::kube::PodSpec<'_>,
    cx: &mut Cx<'_>,
) {
    for volume in pod.volumes() {
        let secret = volume.field("secret");
        let projected = volume
            .field("projected")
            .filter(|p| p.list("sources").any(|s| s.field("secret").is_some()));
        let Some(source) = secret.or(projected) else {
            continue;
        };
        let items = source.list("items").filter_map(|i| i.field("mode"));
        for mode in source.field("defaultMode").into_iter().chain(items) {
            let Some(bits) = mode.as_int() else { continue };
            let name = volume
                .field("name")
                .and_then(Node::as_str)
                .unwrap_or("without a name");
            // Decimal digits that were meant as octal.
            if matches!(bits, 400 | 440 | 444 | 600 | 640 | 644 | 660) {
                cx.report(mode, format!("mode `{bits}` of volume \"{name}\" is decimal and sets `{bits:04o}`, because octal needs a leading 0"))
                    .severity(Severity::Medium)
                    .help(format!("Write the mode as `0{bits}`."));
            } else if bits & 0o4 != 0 {
                cx.report(
                    mode,
                    format!("mode `{bits:04o}` lets every user in the container read the Secret in volume \"{name}\""),
                );
            }
        }
    }
}
