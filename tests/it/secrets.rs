//! No output shows a secret or depends on one. Each text holds CANARY, NUMBER and BASE64 where a secret stands, by name, by kind or by
//! what is misspelt for one; it is checked twice, with different secrets of the same shape.

use crate::support;
use kubevet::finding::Releases;
use kubevet::model::Profile;
use kubevet::output::{FORMATS, RenderOptions, summary};

/// Two of the same shape for each word.
const CANARIES: [(&str, [&str; 2]); 3] = [
    (
        "BASE64",
        ["cTdSa1Z3OU5tMlB2VDRiZA==", "ejNKdFhiOEhoNkR5UThrbA=="],
    ),
    ("NUMBER", ["58203917", "69317245"]),
    ("CANARY", ["q7RkVw9Nm2PvT4bd", "z3JtXb8Hh6DyQ8kl"]),
];

fn filled(text: &str, twin: usize) -> String {
    let fill = |text: String, (word, values): &(&str, [&str; 2])| text.replace(word, values[twin]);
    CANARIES.iter().fold(text.to_owned(), fill)
}

/// What all writers print of a text, by format.
fn printed(path: &str, text: &str, profile: Profile) -> Vec<(&'static str, String)> {
    let report = support::check(&[(path, text)], profile, Releases::only(Releases::NEWEST));
    let look = RenderOptions {
        color: false,
        width: 100,
    };
    let of_format = FORMATS.iter().map(|(name, write)| {
        let mut out = Vec::new();
        write(&report, look, &mut out).unwrap();
        (*name, String::from_utf8(out).unwrap())
    });
    of_format
        .chain([("summary", summary(&report, 1))])
        .collect()
}

#[track_caller]
fn assert_hidden(path: &str, text: &str) {
    let mut seen = false;
    for profile in [Profile::Default, Profile::All] {
        let outputs = printed(path, &filled(text, 0), profile);
        let twins = printed(path, &filled(text, 1), profile);
        for ((format, out), (_, twin)) in outputs.iter().zip(&twins) {
            for (_, [canary, _]) in CANARIES {
                for from in 0..=canary.len() - 8 {
                    let part = &canary[from..from + 8];
                    assert!(
                        !out.contains(part),
                        "{format} shows {part} of\n{text}\n{out}"
                    );
                }
            }
            assert_eq!(out, twin, "{format} depends on the secret of\n{text}");
            seen |= *format == "compact" && !out.is_empty();
        }
    }
    assert!(seen, "nothing is found in\n{text}");
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, odd: 1}\n";

#[test]
fn behind_any_number_of_pieces() {
    let users: String = (0..20).fold(String::new(), |users, i| {
        users + &format!("    - {{name: u{i}, user: {{token: abcdefgh{i}}}}}\n")
    });
    let config = format!("    apiVersion: v1\n    kind: Config\n    users:\n{users}");
    let rest = "    clusters: [{name: c, cluster: {server: 'http://h'}}]\n    # CANARY\n    current-context: CANARY\n";
    assert_hidden(
        "x.yaml",
        &format!("{SECRET}stringData:\n  config: |\n{config}{rest}"),
    );
}

#[test]
fn in_every_scalar_of_a_secret() {
    let config = "    apiVersion: v1\n    kind: Config\n    current-context: CANARY\n    CANARY: 1\n    clusters: [{name: CANARY, cluster: {server: 'http://CANARY', insecure-skip-tls-verify: true}}]\n    users: [{name: CANARY, user: {token: CANARY, as: CANARY, password: NUMBER}}]\n    contexts: [{name: CANARY, context: {cluster: CANARY, user: x}}]\n";
    let kubeadm = "    apiVersion: kubeadm.k8s.io/v1beta3\n    kind: ClusterConfiguration\n    clusterName: CANARY\n    CANARY: CANARY\n    kubernetesVersion: CANARY\n    apiServer: {extraArgs: {anonymous-auth: 'true', authorization-mode: CANARY}}\n    ---\n    apiVersion: apiserver.config.k8s.io/v1\n    kind: EncryptionConfiguration\n    resources: [{resources: [CANARY], providers: [{identity: {}}, {aescbc: {keys: [{name: CANARY, secret: BASE64}]}}]}]\n    ---\n    a: [CANARY\n";
    for values in [
        "stringData: {a: CANARY, b: NUMBER, c: [CANARY], d: {e: CANARY}}\ndata: {f: BASE64, g: CANARY, h: NUMBER}\nimmutable: NUMBER\n",
        "stringData: CANARY\ndata: [CANARY]\n",
        &format!("stringData:\n  config: |\n{config}"),
        &format!("stringData:\n  kubeadm: |\n{kubeadm}"),
        "stringData:\n  # kubevet: ignore[yaml/not-a-string] CANARY\n  a: NUMBER\n",
    ] {
        assert_hidden("x.yaml", &format!("{SECRET}{values}"));
    }
}

#[test]
fn in_what_is_nearly_a_secret() {
    let values =
        "stringDta: {a: CANARY}\nstringData: {a: CANARY}\ndata: {a: BASE64}\nother: [CANARY]\n";
    for kind in [
        "Secrt",
        "secret",
        "\"S\\u0065cret\"",
        "!!binary U2VjcmV0",
        "SecretList",
    ] {
        let text = format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: s, odd: 1}}\n{values}");
        assert_hidden("x.yaml", &text);
    }
    for text in [
        "apiVersion: v1\nmetadata: {name: s}\ntype: Opaque\ndata: {a: CANARY}\n",
        "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: s, odd: 1}\n  stringData: {a: [CANARY]}\n",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  stringData: {a: CANARY}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, odd: &x CANARY}\nstringData: {a: *x}\n",
        "apiVersion: v1\nkind: List\nitems:\n- &b {apiVersion: v1, kind: ConfigMap, odd: 1, data: {a: CANARY}}\n- {<<: *b, kind: Secret}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, odd: 1}\n...\nstringData:\n  a: CANARY\n",
        "apiVersion: v1\nkind: \"S\\x65cret\"\nmetadata: {name: s}\nstringData:\n  a: CANARY\n b: [\n",
    ] {
        assert_hidden("x.yaml", text);
    }
}

#[test]
fn in_files_of_clusters() {
    for (path, text) in [
        (
            "x.yaml",
            "apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user:\n    client-key-data: CANARY\n   client-certificate-data: x\n",
        ),
        (
            "x.yaml",
            "apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user: {tokn: CANARY, odd: CANARY, password: NUMBER}\n",
        ),
        (
            "x.yaml",
            "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n  - identity: {}\n  - aescbc: {keys: CANARY}\n  - secretbox: {keys: [{name: l, secrt: CANARY}]}\n",
        ),
        (
            "etc/rancher/k3s/config.yaml",
            "write-kubeconfig-mode: '0644'\ntoken: CANARY\ndatastore-endpoint: mysql://u:CANARY@tcp(h:3306)/x\nkube-apiserver-arg: [anonymous-auth=true]\n",
        ),
        (
            "etc/systemd/system/k3s.service.env",
            "INSTALL_K3S_EXEC=\"server --token CANARY --kube-apiserver-arg=anonymous-auth=true\"\nK3S_TOKEN=abcdefghijklmnop1\n",
        ),
        (
            "user-data.yaml",
            "#cloud-config\nchpasswd: {list: 'root:CANARY'}\nwrite_files:\n- path: /etc/rancher/k3s/config.yaml\n  content: |\n    write-kubeconfig-mode: '0644'\n    token: CANARY\nruncmd: [\"k3s server --token CANARY\", [x, --password, CANARY], 'echo root:CANARY | chpasswd']\n",
        ),
        (
            "inventory/group_vars/all.yml",
            "kube_api_anonymous_auth: true\nkubeadm_certificate_key: CANARY\nansible_become_pass: CANARY\nkube_encrypt_secret_data: false\nkubelet_authorization_mode_webhook: false\n",
        ),
        (
            "x.yaml",
            "version: v1alpha1\nmachine: {type: controlplane, token: CANARY, ca: {crt: x, key: CANARY}, features: {rbac: false}}\ncluster: {secret: CANARY, aescbcEncryptionSecret: CANARY, secrt: CANARY}\n",
        ),
    ] {
        assert_hidden(path, text);
    }
}

#[test]
fn in_workloads_and_what_makes_them() {
    for container in [
        "args: --password=CANARY",
        "args: [--password, CANARY]",
        "args: [-c, \"x --api-key CANARY; curl -H 'Authorization: Bearer CANARY'\"]",
        "env: [{name: PGPASSWORD, valeu: CANARY}]",
        "env: [{name: URL, value: 'redis://:CANARY@h/0'}, {name: A_TOKEN, value: NUMBER}]",
        "env: {DB_PASSWORD: CANARY}",
    ] {
        assert_hidden(
            "x.yaml",
            &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  # token: CANARY\n  containers:\n  - name: a\n    image: a:latest\n    {container}\n"
            ),
        );
    }
    for generator in [
        "secretGenerator: [{name: a, literals: [k=CANARY]}]",
        "secretGeneratr: [{name: a, literals: {k: CANARY}}]",
        "secretGenerator: [{name: a, literals: CANARY}]",
    ] {
        let head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nodd: 1\n";
        assert_hidden("kustomization.yaml", &format!("{head}{generator}\n"));
    }
    assert_hidden(
        "x.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec:\n  odd: 1\n  source:\n    repoURL: 'https://u:CANARY@h/x'\n    helm:\n      values: |\n        a: {password: CANARY}\n        token: CANARY\n",
    );
}

#[test]
fn in_custom_resources_and_what_their_definitions_say() {
    let resource = |spec: &str| {
        format!("apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: w}}\nspec: {spec}\n")
    };
    for (spec, properties) in [
        (
            "{password: CANARY}",
            "{password: {type: string, enum: [a, b]}}",
        ),
        (
            "{password: NUMBER}",
            "{password: {type: integer, maximum: 3}}",
        ),
        ("{apiKey: NUMBER}", "{apiKey: {type: string}}"),
        (
            "{pasword: CANARY}",
            "{pasword: {type: string, pattern: '^a$'}}",
        ),
    ] {
        let definition = format!(
            "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: widgets.example.com}}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {{kind: Widget, plural: widgets}}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, properties: {properties}}}}}}}}}\n"
        );
        assert_hidden("x.yaml", &(resource(spec) + &definition));
    }
    assert_hidden(
        "x.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {password: NUMBER}\n",
    );
}

#[test]
fn and_what_is_none_is_shown() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver, namespace: kube-system}\nspec:\n  containers:\n  - name: kube-apiserver\n    image: a:latest\n    command:\n    - kube-apiserver\n    - --anonymous-auth=true\n    - --tls-private-key-file=/etc/kubernetes/pki/apiserver.key\n    - --token-auth-file=/etc/kubernetes/tokens.csv\n";
    let outputs = printed("x.yaml", text, Profile::All);
    let (_, graphical) = outputs
        .iter()
        .find(|(name, _)| *name == "graphical")
        .unwrap();
    for line in text.lines().skip(8) {
        assert!(
            graphical.contains(line.trim()),
            "{line} is hidden in\n{graphical}"
        );
    }
}

/// Default-ignorable letters, which are shown as nothing, in names and values.
#[test]
fn letters_that_nobody_sees_are_escaped() {
    let unseen = "\u{AD}\u{34F}\u{115F}\u{1160}\u{17B4}\u{17B5}\u{180B}\u{180F}\u{200B}\u{2065}\u{3164}\u{FE00}\u{FE0F}\u{FFA0}\u{FFF0}\u{1BCA0}\u{E0001}\u{E0100}\u{E01EF}";
    for letter in unseen.chars() {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: 'p{letter}q'}}\nspec:\n  hostPID: true\n  k{letter}: 1\n  containers:\n  - {{name: 'a{letter}b', image: 'r.example/a{letter}:latest'}}\n"
        );
        for (format, out) in printed("x.yaml", &text, Profile::All) {
            assert!(!out.contains(letter), "{format} shows {letter:?}");
        }
    }
}
