//! From a component to the files that it names, and what is known of them.

use crate::support::facts;
use kubevet::component::{ComponentKind, Origin};
use kubevet::documents::{ConfigFileFacts, DocumentFacts, DocumentSet};

/// The set of some files.
fn set<'a>(files: &'a [(&'a str, Vec<DocumentFacts>)]) -> DocumentSet<'a> {
    let facts = files
        .iter()
        .flat_map(|(path, facts)| facts.iter().map(|f| (*path, f)));
    DocumentSet::new(facts.collect())
}

fn analysed<'a>(files: &[(&'a str, &str)]) -> Vec<(&'a str, Vec<DocumentFacts>)> {
    let one = |(path, text): &(&'a str, &str)| (*path, facts(path, text));
    files.iter().map(one).collect()
}

fn unit(program: &str, flag: &str) -> String {
    format!("[Service]\nExecStart=/usr/bin/{program} --{flag}=/etc/kubernetes/side.yaml\n")
}

#[test]
fn every_flag_that_names_a_side_file_finds_it() {
    let server = "kube-apiserver";
    let kinds = [
        (
            server,
            "encryption-provider-config",
            "apiserver.config.k8s.io/v1",
            "EncryptionConfiguration",
        ),
        (
            server,
            "encryption-provider-config",
            "v1",
            "EncryptionConfig",
        ),
        (server, "audit-policy-file", "audit.k8s.io/v1", "Policy"),
        (
            server,
            "admission-control-config-file",
            "apiserver.config.k8s.io/v1",
            "AdmissionConfiguration",
        ),
        (
            server,
            "admission-control-config-file",
            "apiserver.k8s.io/v1alpha1",
            "AdmissionConfiguration",
        ),
        (
            server,
            "authentication-config",
            "apiserver.config.k8s.io/v1",
            "AuthenticationConfiguration",
        ),
        (
            server,
            "authorization-config",
            "apiserver.config.k8s.io/v1beta1",
            "AuthorizationConfiguration",
        ),
        (
            server,
            "tracing-config-file",
            "apiserver.config.k8s.io/v1",
            "TracingConfiguration",
        ),
        (
            server,
            "egress-selector-config-file",
            "apiserver.k8s.io/v1beta1",
            "EgressSelectorConfiguration",
        ),
        (
            "kubelet",
            "config",
            "kubelet.config.k8s.io/v1beta1",
            "KubeletConfiguration",
        ),
        (
            "kube-scheduler",
            "config",
            "kubescheduler.config.k8s.io/v1",
            "KubeSchedulerConfiguration",
        ),
        (
            "kube-proxy",
            "config",
            "kubeproxy.config.k8s.io/v1alpha1",
            "KubeProxyConfiguration",
        ),
    ];
    let all = kinds.map(|(_, _, version, kind)| format!("apiVersion: {version}\nkind: {kind}\n"));
    for (i, (program, flag, _, kind)) in kinds.into_iter().enumerate() {
        let component = ComponentKind::named(program).unwrap();
        let unit = unit(program, flag);
        // Of all kinds under that name only its own is meant.
        let of_kind = |(at, text): (usize, &String)| {
            let same = kinds[at].1 == flag && kinds[at].0 == program;
            (!same || at == i).then(|| text.clone())
        };
        let documents: Vec<String> = all.iter().enumerate().filter_map(of_kind).collect();
        let side = documents.join("---\n");
        let files = analysed(&[("node.service", &unit), ("side.yaml", &side)]);
        let links = set(&files).links(component, flag);
        assert_eq!(links.len(), 1, "--{flag} to {kind}");
        let file = links[0].facts.object.as_ref().unwrap();
        assert_eq!(file.kind, kind, "--{flag}");
        assert_eq!(links[0].from.path, "node.service");
        assert_eq!(links[0].from.setting.value, "/etc/kubernetes/side.yaml");
        let at = &links[0].file.at.label;
        assert_eq!(at.at.span.text(&side), kind, "the place is the kind");
    }
}

#[test]
fn a_link_tells_what_both_ends_say() {
    let server = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n  - {name: authentication-config, value: /etc/kubernetes/authn.yaml}\n  - {name: authorization-config, value: /etc/kubernetes/authz.yaml}\n  - {name: admission-control-config-file, value: /etc/kubernetes/admission.yaml}\n  - {name: enable-admission-plugins, value: 'NodeRestriction,EventRateLimit'}\n";
    let authn = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\nanonymous:\n  enabled: true\n  conditions: [{path: /livez}]\n";
    let authz = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers: [{type: Node, name: node}, {type: RBAC, name: rbac}]\n";
    let admission = "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins: [{name: PodSecurity, path: podsecurity.yaml}]\n";
    let files = analysed(&[
        ("kubeadm.yaml", server),
        ("authn.yaml", authn),
        ("authz.yaml", authz),
        ("admission.yaml", admission),
    ]);
    let set = set(&files);
    let says = |flag: &str| {
        let links = set.links(ComponentKind::ApiServer, flag);
        assert_eq!(links.len(), 1, "{flag}");
        links[0].file.says.clone()
    };
    let ConfigFileFacts::Authentication(Some(anonymous)) = says("authentication-config") else {
        panic!("it speaks of anonymous requests");
    };
    assert_eq!((anonymous.enabled, anonymous.limited), (Some(true), true));
    assert_eq!(anonymous.at.at.span.text(authn), "anonymous");
    assert!(
        matches!(says("authorization-config"), ConfigFileFacts::Authorization(t) if t == ["Node", "RBAC"])
    );
    assert!(
        matches!(says("admission-control-config-file"), ConfigFileFacts::Admission(p) if p == ["PodSecurity"])
    );

    let values = |name| -> Vec<_> {
        let settings = set.settings(ComponentKind::ApiServer, name);
        settings
            .map(|s| (s.setting.value.as_str(), s.setting.origin))
            .collect()
    };
    let explicit = Origin::Explicit;
    assert_eq!(
        values("enable-admission-plugins"),
        [("NodeRestriction", explicit), ("EventRateLimit", explicit)]
    );
    assert_eq!(values("anonymous-auth"), [("true", Origin::BinaryDefault)]);
    let missing = [("", Origin::BinaryDefault)];
    assert_eq!(values("audit-policy-file"), missing, "nothing is named");
}

#[test]
fn a_collection_of_files_of_one_name_is_no_link() {
    let unit = unit("kubelet", "config");
    let paths: Vec<String> = (0..101).map(|i| format!("{i}/side.yaml")).collect();
    let kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    for (count, links) in [(100, 1), (101, 0)] {
        let sides = paths.iter().take(count).map(|p| (p.as_str(), kubelet));
        let unit = [("7/node.service", unit.as_str())];
        let files = analysed(&unit.into_iter().chain(sides).collect::<Vec<_>>());
        let found = set(&files).links(ComponentKind::Kubelet, "config").len();
        assert_eq!(found, links, "{count} files");
    }
}

#[test]
fn of_equally_named_files_the_nearest_is_meant() {
    let unit = unit("kubelet", "config");
    let kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    let cases: [(&str, &[&str], Option<&str>); 5] = [
        (
            "a/node.service",
            &["a/side.yaml", "b/side.yaml"],
            Some("a/side.yaml"),
        ),
        (
            "a/b/node.service",
            &["a/side.yaml", "side.yaml"],
            Some("a/side.yaml"),
        ),
        (
            "a/b/node.service",
            &["a/c/side.yaml", "b/side.yaml"],
            Some("a/c/side.yaml"),
        ),
        // At the top, too, a file beside it is nearer than one in a folder.
        (
            "node.service",
            &["side.yaml", "a/side.yaml"],
            Some("side.yaml"),
        ),
        ("node.service", &["b/side.yaml", "a/side.yaml"], None),
    ];
    for (from, sides, expected) in cases {
        let sides = sides.iter().map(|path| (*path, kubelet));
        let all: Vec<_> = [(from, unit.as_str())].into_iter().chain(sides).collect();
        let files = analysed(&all);
        let links = set(&files).links(ComponentKind::Kubelet, "config");
        let holds = |facts: &[DocumentFacts]| {
            let mut facts = facts.iter();
            facts.any(|f| links.iter().any(|link| std::ptr::eq(link.facts, f)))
        };
        let found = files.iter().find(|(_, facts)| holds(facts));
        assert_eq!(found.map(|(path, _)| *path), expected, "{from}");
    }
}
