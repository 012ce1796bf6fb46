//! Documents that must agree with each other.

use crate::check::Cx;
use crate::component::{ComponentKind, Origin};
use crate::documents::{ConfigFileFacts, DocumentFacts, DocumentSet, Fact, SetSetting, folder};
use crate::go_value::{Url, parse_bool};
use crate::text::last_part;
use std::collections::{HashMap, HashSet};

pub(super) fn encryption_config_ineffective(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    for link in set.links(ComponentKind::ApiServer, "encryption-provider-config") {
        let ConfigFileFacts::Encryption(Some(plain)) = &link.file.says else {
            continue;
        };
        let setting = link.from.setting;
        let message = format!(
            "`{}` does not encrypt Secrets, so the API server stores them in plain text",
            setting.value
        );
        cx.report_fact(link.from.facts, &setting.at, message)
            .related_fact(plain);
    }
}

fn port(url: &str) -> Option<&str> {
    let port = Url::parse(url)?.port;
    (!port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())).then_some(port)
}

/// The API server connects to etcd in plain text although it serves TLS, or the other way around.
pub(super) fn etcd_scheme_mismatch(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let scheme = |url: &str| Url::parse(url).map(|url| url.scheme.to_ascii_lowercase());
    let mut listens = HashMap::new();
    for etcd in set.settings(ComponentKind::Etcd, "listen-client-urls") {
        let url = etcd.setting.value.as_str();
        let of_port = listens.entry((folder(etcd.path), port(url)));
        let (_, schemes) = of_port.or_insert((etcd, HashSet::new()));
        schemes.insert(scheme(url));
    }
    for server in set.settings(ComponentKind::ApiServer, "etcd-servers") {
        let asked = server.setting.value.as_str();
        let at = port(asked).map(|port| (folder(server.path), Some(port)));
        let same = at.and_then(|at| listens.get(&at));
        if let Some((etcd, _)) = same.filter(|(_, schemes)| !schemes.contains(&scheme(asked))) {
            let message = format!(
                "the API server connects to etcd at `{asked}`, but etcd listens at `{}`, so every connection fails",
                etcd.setting.value
            );
            cx.report_fact(server.facts, &server.setting.at, message)
                .related_fact(&etcd.setting.at.label);
        }
    }
}

/// The API server verifies certificates that kubelets have signed themselves.
pub(super) fn kubelet_ca_vs_self_signed(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    // Whether one of a folder gets its certificate signed, and the first that has none of its own.
    let mut kubelets: HashMap<&str, (bool, Option<SetSetting<'_>>)> = HashMap::new();
    for kubelet in set.settings(ComponentKind::Kubelet, "rotate-server-certificates") {
        let (signed, first) = kubelets.entry(folder(kubelet.path)).or_default();
        *signed |= parse_bool(&kubelet.setting.value) == Some(true);
        if first.is_none() && kubelet.facts.settings("tls-cert-file").next().is_none() {
            *first = Some(kubelet);
        }
    }
    let servers = set.settings(ComponentKind::ApiServer, "kubelet-certificate-authority");
    for server in
        servers.filter(|s| s.setting.origin == Origin::Explicit && !s.setting.value.is_empty())
    {
        if let Some((false, Some(kubelet))) = kubelets.get(folder(server.path)) {
            let message = format!(
                "the API server verifies kubelets with `{}`, but the kubelet signs its own certificate, so logs and exec fail",
                server.setting.value
            );
            cx.report_fact(server.facts, &server.setting.at, message)
                .related_fact(&kubelet.setting.at.label);
        }
    }
}

/// The name of a key file without the part that marks its half.
fn pair(path: &str) -> &str {
    let name = last_part(path, b'/');
    let halves = ["-key.pem", "-pub.pem", ".key", ".pub", ".pem", ".crt"];
    halves
        .iter()
        .find_map(|half| name.strip_suffix(half))
        .unwrap_or(name)
}

/// The key that signs service account tokens is none of those that verify them.
pub(super) fn service_account_issuer_mismatch(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let signers = set.settings(
        ComponentKind::ControllerManager,
        "service-account-private-key-file",
    );
    let mut checkers = HashMap::new();
    for checker in set.settings(ComponentKind::ApiServer, "service-account-key-file") {
        let beside = checkers.entry(folder(checker.path));
        let (_, pairs) = beside.or_insert((checker, HashSet::new()));
        pairs.insert(pair(&checker.setting.value));
    }
    for signer in signers.filter(|s| s.setting.origin == Origin::Explicit) {
        let beside = checkers.get(folder(signer.path));
        let key = signer.setting.value.as_str();
        if let Some((checker, _)) = beside.filter(|(_, pairs)| !pairs.contains(pair(key))) {
            let name = |path: &str| last_part(path, b'/').to_owned();
            let message = format!(
                "tokens are signed with `{}`, but the API server verifies them with `{}`",
                name(key),
                name(&checker.setting.value)
            );
            cx.report_fact(signer.facts, &signer.setting.at, message)
                .related_fact(&checker.setting.at.label);
        }
    }
}

/// A gate that another component of the cluster has the other way around than the API server.
pub(super) fn feature_gate_mismatch(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    fn gate(item: &str) -> &str {
        item.split('=').next().unwrap_or(item)
    }
    // The first API server that sets a gate, and whether it is the only one.
    let mut servers = HashMap::new();
    for server in set.settings(ComponentKind::ApiServer, "feature-gates") {
        let key = (folder(server.path), gate(&server.setting.value));
        let known = servers.entry(key).and_modify(|(_, alone)| *alone = false);
        known.or_insert((server, true));
    }
    let others = [
        ComponentKind::ControllerManager,
        ComponentKind::Scheduler,
        ComponentKind::Kubelet,
    ];
    for component in others {
        for other in set.settings(component, "feature-gates") {
            let key = (folder(other.path), gate(&other.setting.value));
            let Some((server, true)) = servers.get(&key) else {
                continue;
            };
            let (ours, theirs) = (&other.setting.value, &server.setting.value);
            if ours != theirs {
                let name = component.name();
                let message = format!(
                    "{name} sets `{ours}`, but kube-apiserver sets `{theirs}`, so the feature works only in part"
                );
                cx.report_fact(other.facts, &other.setting.at, message)
                    .related_fact(&server.setting.at.label);
            }
        }
    }
}

/// A file for the API server that the only one there does not name.
pub(super) fn config_document_unused(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let is_server = |facts: &DocumentFacts| matches!(&facts.fact, Fact::Component(c) if c.component == ComponentKind::ApiServer);
    let mut servers = set.facts.iter().filter(|(_, facts)| is_server(facts));
    let (Some((server_path, server)), None) = (servers.next(), servers.next()) else {
        return;
    };
    let settings = server.component().into_iter().flat_map(|c| &c.settings);
    // The first of each name.
    let lacking = settings.filter(|s| s.value.is_empty()).rev();
    let lacking: HashMap<_, _> = lacking.map(|s| (s.name, s)).collect();
    for (path, facts) in &set.facts {
        let Fact::ConfigFile(file) = &facts.fact else {
            continue;
        };
        let near =
            folder(path) == folder(server_path) || folder(folder(path)) == folder(server_path);
        let spelling = path.split('/').any(|part| {
            part.starts_with("example") || part.starts_with("doc") || part.starts_with("test")
        });
        if !near || spelling || file.path.is_some() || file.component != ComponentKind::ApiServer {
            continue;
        }
        if let Some(lacking) = lacking.get(file.flag) {
            let message = format!(
                "the API server does not read this file, because `--{}` is not set",
                file.flag
            );
            cx.report_fact(facts, &file.at, message)
                .related_fact(&lacking.at.label);
        }
    }
}
