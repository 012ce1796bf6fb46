//! The engine as a whole: secrets stay secret, output is the same whatever the order.
#![expect(clippy::disallowed_methods, reason = "tests read files")]

use crate::cli::kubevet;
use crate::support::{analyse_all, check, check_one, place, policies, rules, source};
use kubevet::documents::Repository;
use kubevet::engine::{Report, finish};
use kubevet::finding::{Finding, Releases, State};
use kubevet::model::Profile;
use kubevet::output::{FORMATS, RenderOptions};
use kubevet::text::{FileId, FileSpan, Span};
use kubevet::yaml::Located;
use std::path::Path;

/// What must be found nowhere.
const CANARY: &str = "kanarienvogel7";
/// The same in base64.
const CANARY64: &str = "a2FuYXJpZW52b2dlbDc=";

/// Every place where a secret may stand, next to something that is found.
const SECRETS: &[&str] = &[
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  password: a2FuYXJpZW52b2dlbDc=\nstringData:\n  other: kanarienvogel7\n  block: |\n    first\n    kanarienvogel7\n",
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"stringData\":{\"a\":\"kanarienvogel7\"}}\nstringData: {a: x, a: y}\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: &s {a: kanarienvogel7}\ndata: *s\n",
    "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: Secret\n    metadata: {name: s}\n    stringData: {a: \"kanarien\\x76ogel7\", b: kanarienvogel7}\n",
    "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"stringData\": {\"a\": \"kanarienvogel7\"}}",
    "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n  - resources: [secrets]\n    providers:\n      - identity: {}\n      - aescbc:\n          keys:\n            - {name: k, secret: a2FuYXJpZW52b2dlbDc=}\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  enc.yaml: |\n    apiVersion: apiserver.config.k8s.io/v1\n    kind: EncryptionConfiguration\n    resources:\n      - resources: [secrets]\n        providers:\n          - identity: {}\n          - aescbc: {keys: [{name: k, secret: a2FuYXJpZW52b2dlbDc=}]}\n",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: a\n      image: a\n      args: [--user=me, --password=kanarienvogel7, --token, kanarienvogel7]\n      env: [{name: DB_PASSWORD, value: kanarienvogel7}]\n      securityContext: {privileged: true}\n",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - image: a\n      name: a\n      command: [sh, -c, \"run --password kanarienvogel7\"]\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: x\n  a: |\n    -----BEGIN RSA PRIVATE KEY-----\n    kanarienvogel7\n    -----END RSA PRIVATE KEY-----\n",
    // Found by its format, by its name or by its place, wherever it stands.
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  api-token: kanarienvogel7\n  run.sh: |\n    set -e\n    DB_PASSWORD=kanarienvogel7 x\n    export PW_TOKEN='kanarienvogel7'\n    curl https://me:kanarienvogel7@a.example.net/\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: \"\\x67lpat-kanarienvogel7AbCdEfGh1\"\n  b: glpat-kanarienvogel7AbCdEfGh1\n",
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  annotations:\n    a: glpat-kanarienvogel7AbCdEfGh1\n    b: ftp://me:kanarienvogel7@a.example.net\nspec: {type: NodePort, externalIPs: [1.2.3.4]}\n",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: a\n      image: a\n      env: [{name: URL, value: \"redis://:kanarienvogel7@a/0\"}, {name: X, value: glpat-kanarienvogel7AbCdEfGh1}, {name: H, value: Bearer kanarienvogel7}]\n      args: [-H, \"Authorization: Bearer kanarienvogel7\"]\n      command: [sh, -c, \"mysql -uroot -pkanarienvogel7 x && curl -u me:kanarienvogel7 https://a.example.net\"]\n      securityContext: {privileged: true}\n",
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nsecretGenerator:\n  - name: a\n    literals: [password=kanarienvogel7]\n",
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\nspec: {values: {auth: {password: kanarienvogel7}, env: [{name: DB_PASSWORD, value: kanarienvogel7}]}}\n",
    "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: a}\nspec: {provider: {fake: {data: [{key: a, value: kanarienvogel7}]}}}\n",
    "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a}\nspec: {template: {data: {a: kanarienvogel7}}}\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: kanarienvogel7}\nsops: {version: 3.9.0}\n",
    "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: a}\nwebhooks: [{clientConfig: {url: \"https://me:kanarienvogel7@a.example.net\"}}]\n",
    // Configuration of clusters and machines, in every form.
    "apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: \"http://a\", proxy-url: \"http://me:kanarienvogel7@p\"}}]\nusers:\n  - name: a\n    user:\n      token: kanarienvogel7\n      password: kanarienvogel7\n      client-key-data: a2FuYXJpZW52b2dlbDc=\n      exec: {command: ./a, env: [{name: A_PASSWORD, value: kanarienvogel7}]}\n      auth-provider: {name: gcp, config: {access-token: kanarienvogel7, id-token: kanarienvogel7}}\n",
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nbootstrapTokens: [{token: kanarienvogel7, ttl: \"0\"}]\ncertificateKey: kanarienvogel7\n",
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ndiscovery: {bootstrapToken: {token: kanarienvogel7}, tlsBootstrapToken: kanarienvogel7}\ncontrolPlane: {certificateKey: kanarienvogel7}\n",
    "apiVersion: controlplane.cluster.x-k8s.io/v1beta1\nkind: KubeadmControlPlane\nmetadata: {name: a}\nspec:\n  version: v1.20.0\n  kubeadmConfigSpec:\n    initConfiguration: {bootstrapTokens: [{token: kanarienvogel7, ttl: \"0\"}]}\n    files: [{path: /etc/kubernetes/a.key, content: \"-----BEGIN PRIVATE KEY-----\\nkanarienvogel7\\n-----END PRIVATE KEY-----\"}]\n",
    "version: v1alpha1\nmachine:\n  token: kanarienvogel7\n  ca: {crt: a, key: a2FuYXJpZW52b2dlbDc=}\n  features: {rbac: false}\n  registries: {config: {a: {auth: {password: kanarienvogel7, auth: kanarienvogel7, identityToken: kanarienvogel7}}}}\n  systemDiskEncryption: {state: {keys: [{static: {passphrase: kanarienvogel7}}]}}\ncluster:\n  secret: kanarienvogel7\n  aescbcEncryptionSecret: kanarienvogel7\n  serviceAccount: {key: a2FuYXJpZW52b2dlbDc=}\n",
    "apiVersion: v1alpha1\nkind: KubeServiceAccountConfig\nissuer: {privateKey: a2FuYXJpZW52b2dlbDc=}\n---\napiVersion: v1alpha1\nkind: KubeAPIServerConfig\nextraArgs: {oidc-client-id: a}\n---\napiVersion: v1alpha1\nkind: KubeEtcdEncryptionConfig\nconfig: {resources: [{resources: [secrets], providers: [{identity: {}}, {aescbc: {keys: [{name: a, secret: a2FuYXJpZW52b2dlbDc=}]}}]}]}\n",
    "context: a\ncontexts:\n  a: {crt: a, key: a2FuYXJpZW52b2dlbDc=}\n---\napiVersion: v1\nkind: Pod\nspec: {hostPID: true}\n",
    "token: kanarienvogel7\nagent-token: kanarienvogel7\ntls-san: [a]\nwrite-kubeconfig-mode: \"0644\"\ndatastore-endpoint: mysql://me:kanarienvogel7@tcp(a)/b\netcd-s3-secret-key: kanarienvogel7\nvpn-auth: name=a,joinKey=kanarienvogel7\n",
    "apiVersion: k0s.k0sproject.io/v1beta1\nkind: ClusterConfig\nspec: {storage: {type: kine, kine: {dataSource: \"mysql://me:kanarienvogel7@tcp(a)/b\"}}}\n",
    "name: a\nlisten-client-urls: http://10.0.0.1:2379\ndata-dir: /tmp\ndiscovery-password: kanarienvogel7\ndiscovery-user: me:kanarienvogel7\n",
    "apiVersion: k3d.io/v1alpha5\nkind: Simple\ntoken: kanarienvogel7\nkubeAPI: {hostIP: 0.0.0.0}\n",
    "#cloud-config\nwrite_files:\n  - path: /etc/rancher/k3s/config.yaml\n    content: |\n      token: kanarienvogel7\n      write-kubeconfig-mode: \"0644\"\n",
    // Not YAML, so that nothing is known but the text.
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  a: kanarienvogel7\n  b: \"open\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  a: |\n      kanarienvogel7\n   kanarienvogel7\n  b: : c\n",
    // Beside a document that has a finding in the lines around.
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  b: kanarienvogel7\n---\napiVersion: v1\nkind: Pod\nspec: {hostPID: true}\n",
];

/// The same in files that are read by their names.
const FILES: &[(&str, &str)] = &[
    (
        "etc/systemd/system/k3s.service",
        "[Service]\nEnvironment=\"K3S_TOKEN=kanarienvogel7\" K3S_DATASTORE_ENDPOINT=mysql://me:kanarienvogel7@tcp(a)/b\nExecStart=/usr/local/bin/k3s server --token kanarienvogel7 --agent-token=kanarienvogel7 --write-kubeconfig-mode 644\n",
    ),
    (
        "etc/systemd/system/k3s.service.env",
        "K3S_TOKEN='kanarienvogel7'\nK3S_KUBECONFIG_MODE=644\n",
    ),
    (
        "etc/etcd.env",
        "ETCD_DISCOVERY_PASSWORD=kanarienvogel7\nETCD_DISCOVERY_USER=\"me:kanarienvogel7\"\nETCD_AUTO_TLS=true\n",
    ),
    (
        "etc/rancher/k3s/registries.yaml",
        "configs:\n  a.example.org:\n    auth: {username: a, password: kanarienvogel7, auth: kanarienvogel7}\n    tls: {insecure_skip_verify: true}\n",
    ),
    (
        "inventory/group_vars/all.yml",
        "kube_oidc_client_secret: kanarienvogel7\nkubeconfig_localhost: true\n",
    ),
    (
        "secrets.yaml",
        "cluster: {id: a, secret: a2FuYXJpZW52b2dlbDc=}\nsecrets: {bootstraptoken: kanarienvogel7}\ntrustdinfo: {token: kanarienvogel7}\ncerts: {os: {key: a2FuYXJpZW52b2dlbDc=}}\n",
    ),
];

#[test]
fn secrets_appear_in_no_format() {
    let texts = SECRETS.iter().map(|text| ("example.yaml", *text));
    for (path, text) in texts.chain(FILES.iter().copied()) {
        let targets = Releases::only(Releases::NEWEST);
        let report = check(&[(path, text)], Profile::All, targets);
        assert!(
            report.findings.iter().any(|f| f.state == State::Open),
            "finds nothing, so it shows nothing:\n{text}"
        );
        for (name, writer) in FORMATS {
            for width in [40, 80, 120, 4000] {
                let mut out = Vec::new();
                writer(
                    &report,
                    RenderOptions {
                        color: false,
                        width,
                    },
                    &mut out,
                )
                .unwrap();
                let out = String::from_utf8(out).unwrap();
                assert!(
                    !out.contains(CANARY) && !out.contains(CANARY64),
                    "{name} shows it:\n{text}\n{out}"
                );
            }
        }
    }
}

#[test]
fn a_secret_value_does_not_change_the_fingerprint() {
    let secret = |value: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{password: {value}}}\n"
        )
    };
    let print = |text: &str| {
        check_one(text, Profile::Default).findings[0]
            .fingerprint
            .clone()
    };
    assert_eq!(print(&secret("hunter2")), print(&secret("hunter3")));
}

#[test]
fn a_finding_is_the_same_one_when_lines_move() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: true\n  containers:\n    - {name: b, image: b}\n";
    let moved = pod.replace(
        "  containers:\n",
        "  # more\n\n  containers:\n    - {name: a, image: \"a:1\"}\n",
    );
    let prints = |text: &str| {
        let report = check_one(text, Profile::Default);
        let mut prints: Vec<_> = report
            .findings
            .iter()
            .filter(|f| !f.message.contains("\"a\""))
            .map(|f| f.fingerprint.clone())
            .collect();
        prints.sort();
        prints
    };
    assert_eq!(prints(pod), prints(&moved));
    assert_eq!(prints(pod).len(), 3);
}

#[test]
fn output_is_the_same_for_every_number_of_threads_and_order_of_arguments() {
    let folder = Path::new("testdata/demo");
    for (format, _) in FORMATS {
        let run = |more: &[&str]| {
            let mut arguments = vec!["check", "--output-format", format, "--color", "never"];
            arguments.extend(more);
            kubevet(folder, &arguments, b"")
        };
        let one = run(&["--threads", "1", "apps", "clusters", "infrastructure"]);
        assert!(one.0.lines().count() > 10);
        for threads in ["2", "8"] {
            assert_eq!(
                one,
                run(&[
                    "--threads",
                    threads,
                    "infrastructure",
                    "apps",
                    "clusters",
                    "clusters/prod"
                ]),
                "{format}"
            );
        }
    }
}

/// What every writer makes of a report.
fn written(report: &Report) -> String {
    let look = RenderOptions {
        color: false,
        width: 80,
    };
    let mut out = Vec::new();
    for (_, writer) in FORMATS {
        writer(report, look, &mut out).unwrap();
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn reports_are_brought_together_again_after_one_was_replaced() {
    let newest = Releases::only(Releases::NEWEST);
    let mut replaced = 0;
    for profile in [Profile::Default, Profile::All] {
        let rules = rules(profile, newest);
        let written = |reports: &[_]| {
            written(&finish(
                reports,
                Vec::new(),
                &rules,
                &Repository::default(),
                true,
            ))
        };
        let examples = policies().flat_map(|p| p.examples.fails.iter());
        for example in examples.filter(|example| example.files.len() > 1) {
            let files = example.files.iter();
            let files: Vec<(&str, &str)> = files.map(|(path, text)| (&**path, &**text)).collect();
            let mut reports = analyse_all(&files, &rules);
            let first = written(&reports);
            assert_eq!(first, written(&reports), "{files:?}");
            for at in 0..files.len() {
                let mut changed = files.clone();
                let text = files[at].1.replacen("name: ", "name: other-", 1) + "\n# more\n";
                changed[at].1 = &text;
                let fresh = analyse_all(&changed, &rules);
                let before = std::mem::replace(&mut reports[at], fresh[at].clone());
                assert_eq!(written(&reports), written(&fresh), "{changed:?}");
                reports[at] = before;
                replaced += 1;
            }
            assert_eq!(first, written(&reports), "{files:?}");
        }
    }
    assert!(replaced > 100, "{replaced}");
}

#[test]
fn the_places_that_led_to_a_finding_explain_it() {
    let at = |file, start| FileSpan {
        file: FileId(file),
        span: Span::new(start, start + 3),
    };
    let located = Located {
        primary: at(2, 3),
        trail: Some([at(1, 7), at(3, 0)].into()),
        exact: true,
    };
    let policy = policies().next().unwrap();
    let finding = Finding::new(policy, located, "a".to_owned(), "");
    assert_eq!(finding.primary.at, at(2, 3));
    let related: Vec<FileSpan> = finding.related.iter().map(|label| label.at).collect();
    assert_eq!(related, [at(1, 7), at(3, 0)]);
}

#[test]
fn a_named_file_is_judged_with_its_set() {
    // The two ends lie in two files; each is named alone, as pre-commit does.
    let folder = Path::new("testdata/demo");
    let (out, _, code) = kubevet(
        folder,
        &[
            "check",
            "--output-format",
            "compact",
            "clusters/prod/manifests/kube-apiserver.yaml",
        ],
        b"",
    );
    assert!(
        out.contains("consistency/encryption-config-ineffective"),
        "{out}"
    );
    assert!(
        out.lines()
            .all(|l| l.starts_with("clusters/prod/manifests/kube-apiserver.yaml:")),
        "only named files are reported on: {out}"
    );
    assert_eq!(code, Some(1));
}

#[test]
fn documents_within_documents_keep_their_exact_place() {
    let text = std::fs::read_to_string("testdata/cases/nested/repo/bundle.yaml").unwrap();
    let report = check(
        &[("bundle.yaml", &text)],
        Profile::Default,
        Releases::only(Releases::NEWEST),
    );
    let always = report
        .findings
        .iter()
        .filter(|f| f.rule == "apiserver/authorization-always-allow");
    let found: Vec<_> = always
        .map(|f| {
            (
                place(&report, f).1,
                place(&report, f).2,
                source(&report, f.primary.at.file)
                    .range(f.primary.at.span)
                    .0
                    .column,
            )
        })
        .collect();
    let column = |line: usize| {
        text.lines()
            .nth(line - 1)
            .unwrap()
            .chars()
            .collect::<String>()
            .find("AlwaysAllow")
            .unwrap()
    };
    // Line 17 has one character of two bytes before the value.
    assert_eq!(
        found[0],
        (17, "AlwaysAllow", u32::try_from(column(17)).unwrap())
    );
    assert_eq!(
        found[1],
        (21, "AlwaysAllow", u32::try_from(column(21)).unwrap() + 1)
    );
    assert_eq!(
        found[2],
        (22, "AlwaysAllow", u32::try_from(column(22)).unwrap() + 1)
    );
    assert_eq!(found.len(), 3);
}

#[test]
fn a_message_is_one_line_whatever_the_names() {
    let text =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: \"p\\nq\\u2028r\"}\nspec: {hostPID: true}\n";
    let report = check_one(text, Profile::All);
    assert!(!report.findings.is_empty());
    for finding in &report.findings {
        let broken = finding.message.contains(['\n', '\u{2028}']);
        assert!(!broken, "{:?}", finding.message);
    }
}

#[test]
fn what_a_release_does_not_have_yet_names_the_releases() {
    let text = "apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: more}\nspec: {cidrs: [10.97.0.0/16]}\n";
    let targets = Releases::only(30).with(Releases::only(34));
    let report = check(&[("a.yaml", text)], Profile::Default, targets);
    let finding = &report.findings[0];
    assert_eq!(finding.rule, "api/not-yet-available");
    assert_eq!(place(&report, finding).2, "networking.k8s.io/v1");
    let releases: Vec<String> = finding.releases.unwrap().names().collect();
    assert_eq!(releases, ["1.30"]);
}

/// A certificate (RFC 5280) with an EC key, in base64.
const CERTIFICATE: &str = "MIIBGTCBwQIUe8olLHzDYr3Fciu0aFE2kph5zPEwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEZ29vZDAgFw0yNDAxMDEwMDAwMDBaGA8yMDk5MDEwMTAwMDAwMFowDzENMAsGA1UEAwwEZ29vZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEckz65yRNNF4yNQf6+Oei9KbvlWnZPw4ff07V07mAYI3tDC3W/h0AZeEzj800URwEDvkzkC50wHaRVV0ExfSjkwCgYIKoZIzj0EAwIDRwAwRAIgRjUzMxxvU7oefmPPZ+tvO/ECxBUG84h99SJxHnraE8oCIAPb5spHz6Q0o/d8QcRAgzuyZLOizQGuxNzUQuHkFpMA";

#[test]
fn a_certificate_with_a_wrong_byte_does_no_harm() {
    for at in (0..CERTIFICATE.len()).step_by(3) {
        for digit in ["A", "/"] {
            let mut body = CERTIFICATE.to_owned();
            body.replace_range(at..=at, digit);
            let pem = format!("-----BEGIN CERTIFICATE-----\\n{body}\\n-----END CERTIFICATE-----");
            let text = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{ca.crt: \"{pem}\"}}\n"
            );
            let report = check_one(&text, Profile::All);
            let rules = report.findings.iter().map(|f| f.rule.as_ref());
            let known = [
                "certs/embedded-certificate-expired-or-weak",
                "kubevet/panic",
            ];
            let found: Vec<&str> = rules.filter(|r| known.contains(r)).collect();
            assert!(!found.contains(&"kubevet/panic"), "byte {at} as {digit}");
            assert!(found.len() <= 1, "byte {at} as {digit}: {found:?}");
        }
    }
}
