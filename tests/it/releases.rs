//! What holds for some releases only: each rule on both sides of the release where it begins or ends.
#![expect(clippy::disallowed_methods, reason = "tests read the tables")]

use crate::support::check;
use kubevet::finding::{Releases, State};
use kubevet::model::Profile;

/// Rules that find something in a text, for one release.
fn found(text: &str, minor: u8) -> Vec<String> {
    let report = check(&[("x.yaml", text)], Profile::All, Releases::only(minor));
    let open = report.findings.iter().filter(|f| f.state == State::Open);
    open.map(|f| f.rule.to_string()).collect()
}

/// Where a rule holds.
#[derive(Clone, Copy, Debug)]
enum Holds {
    /// From that release on.
    From(u8),
    /// Before that release.
    Before(u8),
}
use Holds::{Before, From};

/// Fails unless each rule finds something in its text on one side of its boundary and nothing on the other; says all that are wrong.
/// `MINOR` in a text is the release.
#[track_caller]
fn assert_boundaries(rows: impl IntoIterator<Item = (String, Holds, String)>) {
    let mut wrong = Vec::new();
    for (rule, holds, text) in rows {
        let (minor, after) = match holds {
            From(minor) => (minor, true),
            Before(minor) => (minor, false),
        };
        for (minor, expected) in [(minor - 1, !after), (minor, after)] {
            let text = text.replace("MINOR", &minor.to_string());
            let found = found(&text, minor);
            if found.contains(&rule) != expected {
                wrong.push(format!(
                    "{rule} {holds:?}: at 1.{minor} {found:?} in\n{text}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A pod with more fields, and one container with more of its own.
fn pod(fields: &str, container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  {fields}\n  containers:\n    - {{name: web, image: 'registry.example.com/web:1.0.0'{container}}}\n"
    )
}

#[test]
fn pod_security_is_that_of_the_release() {
    let users = "hostUsers: false";
    let rows = [
        (
            "run-as-root-user",
            From(23),
            "securityContext: {runAsUser: 0}",
            "",
        ),
        (
            "privilege-escalation-allowed",
            From(8),
            "hostIPC: false",
            "",
        ),
        ("capabilities-not-dropped", From(22), "hostIPC: false", ""),
        ("seccomp-profile-missing", From(19), "hostIPC: false", ""),
        (
            "seccomp-unconfined",
            From(19),
            "securityContext: {seccompProfile: {type: Unconfined}}",
            "",
        ),
        (
            "probe-or-hook-host",
            From(34),
            "hostIPC: false",
            ", livenessProbe: {tcpSocket: {port: 1, host: 10.0.0.1}}",
        ),
        (
            "selinux-options-forbidden",
            Before(31),
            "securityContext: {seLinuxOptions: {type: container_engine_t}}",
            "",
        ),
        (
            "unsafe-sysctl",
            Before(27),
            "securityContext: {sysctls: [{name: net.ipv4.ip_local_reserved_ports, value: '1'}]}",
            "",
        ),
        (
            "unsafe-sysctl",
            Before(29),
            "securityContext: {sysctls: [{name: net.ipv4.tcp_keepalive_time, value: '1'}]}",
            "",
        ),
        (
            "unsafe-sysctl",
            Before(32),
            "securityContext: {sysctls: [{name: net.ipv4.tcp_rmem, value: '1'}]}",
            "",
        ),
        (
            "unsafe-sysctl",
            Before(37),
            "securityContext: {sysctls: [{name: net.ipv4.tcp_notsent_lowat, value: '1'}]}",
            "",
        ),
        // Users of its own make harmless what they contain, since 1.35.
        (
            "run-as-root-user",
            Before(35),
            "hostUsers: false\n  securityContext: {runAsUser: 0}",
            "",
        ),
        ("run-as-non-root-not-enforced", Before(35), users, ""),
        (
            "proc-mount-unmasked",
            Before(35),
            users,
            ", securityContext: {procMount: Unmasked}",
        ),
        (
            "proc-mount-unmasked-user-namespace",
            From(35),
            users,
            ", securityContext: {procMount: Unmasked}",
        ),
        // A pod of Windows has no such thing, which restricted knows since 1.25.
        (
            "privilege-escalation-allowed",
            Before(25),
            "os: {name: windows}",
            "",
        ),
        (
            "capabilities-not-dropped",
            Before(25),
            "os: {name: windows}",
            "",
        ),
        (
            "seccomp-profile-missing",
            Before(25),
            "os: {name: windows}",
            "",
        ),
    ];
    assert_boundaries(rows.map(|(rule, holds, fields, container)| {
        (format!("pod/{rule}"), holds, pod(fields, container))
    }));
}

#[test]
fn rights_are_those_of_the_release() {
    let role = |groups: &str, resources: &str, verbs: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: r}}\nrules:\n  - {{apiGroups: ['{groups}'], resources: ['{resources}'], verbs: ['{verbs}']}}\n"
        )
    };
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, annotations: {kubernetes.io/enforce-mountable-secrets: 'true'}}\n";
    let rows = [
        (
            "rbac/enforce-mountable-secrets",
            From(32),
            account.to_owned(),
        ),
        ("rbac/pods-exec", Before(35), role("", "pods/exec", "get")),
        (
            "rbac/pods-attach",
            Before(35),
            role("", "pods/attach", "get"),
        ),
        (
            "rbac/pods-portforward",
            Before(35),
            role("", "pods/portforward", "get"),
        ),
        (
            "rbac/impersonate",
            From(36),
            role("authentication.k8s.io", "users", "impersonate:user-info"),
        ),
        (
            "rbac/removed-api-group",
            From(22),
            role("extensions", "ingresses", "get"),
        ),
        (
            "rbac/removed-api-group",
            From(25),
            role("policy", "podsecuritypolicies", "use"),
        ),
    ];
    assert_boundaries(rows.map(|(rule, holds, text)| (rule.to_owned(), holds, text)));
}

#[test]
fn fields_and_their_values_are_those_of_the_release() {
    let service = |spec: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{ports: [{{port: 1}}], {spec}}}\n"
        )
    };
    let stateful = |spec: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: s}}\nspec:\n  serviceName: s\n  selector: {{matchLabels: {{a: b}}}}\n  {spec}\n  template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: c, image: c}}]}}}}\n"
        )
    };
    let scaler = |target: &str, spec: &str| {
        format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: h}}\nspec: {{maxReplicas: 2, scaleTargetRef: {{kind: Deployment, name: w{target}}}{spec}}}\n"
        )
    };
    let rows = [
        // What a release does not have yet, or no longer.
        (
            "field-not-in-release",
            From(31),
            pod(
                "resourceClaims: [{name: g, source: {resourceClaimTemplateName: g}}]",
                "",
            ),
        ),
        (
            "field-not-in-release",
            Before(31),
            pod(
                "resourceClaims: [{name: g, resourceClaimTemplateName: g}]",
                "",
            ),
        ),
        (
            "field-not-in-release",
            Before(28),
            pod(
                "hostIPC: false",
                ", resizePolicy: [], restartPolicy: Always",
            ),
        ),
        // Addresses with leading zeros.
        ("format", From(36), service("clusterIP: 010.0.0.1")),
        ("format", From(36), service("externalIPs: [010.0.0.1]")),
        (
            "format",
            From(36),
            service("type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.00/8]"),
        ),
        (
            "format",
            From(36),
            pod(
                "hostAliases: [{ip: '::ffff:10.0.00.1', hostnames: [a]}]",
                "",
            ),
        ),
        (
            "range",
            From(36),
            service("type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.1/8]"),
        ),
        // Names of variables.
        (
            "format",
            Before(32),
            pod("hostIPC: false", ", env: [{name: 'a/b', value: x}]"),
        ),
        (
            "conflict",
            From(33),
            pod("hostUsers: false\n  hostPID: true", ""),
        ),
        (
            "range",
            From(35),
            stateful("updateStrategy: {rollingUpdate: {maxUnavailable: 0}}"),
        ),
        ("missing-field", From(34), scaler(", apiVersion: ''", "")),
        (
            "range",
            Before(36),
            scaler(
                "",
                ", minReplicas: 0, metrics: [{type: External, external: {metric: {name: m}, target: {type: Value, value: 1}}}]",
            ),
        ),
    ];
    assert_boundaries(rows.map(|(rule, holds, text)| (format!("schema/{rule}"), holds, text)));
}

/// Whatever a release takes of leading zeros, it takes no words.
#[test]
fn addresses_are_such_in_every_release() {
    for minor in [30, 35, 36, 37] {
        for ip in [
            "banana",
            "10.0.0",
            "10.0.0.256",
            "10.0..1",
            "fe80::1::2",
            "010.0.0.0.1",
        ] {
            let text = pod(
                &format!("hostAliases: [{{ip: '{ip}', hostnames: [a]}}]"),
                "",
            );
            let found = found(&text, minor);
            assert!(
                found.iter().any(|rule| rule == "schema/format"),
                "{ip} at 1.{minor}"
            );
        }
    }
}

/// The table's own columns are `group version kind deprecated removed replacement`.
#[test]
fn versions_of_apis_end_where_the_table_says() {
    let table = std::fs::read_to_string("schemas/kubernetes/api-lifecycle.tsv").unwrap();
    let (mut rows, mut wrong) = (0, Vec::new());
    for row in table.lines().filter(|l| !l.starts_with('#')) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (group, version, kind) = (columns[0], columns[1], columns[2]);
        // Programs read these from files, each its own versions.
        if group.contains(".config.") || ["kubeadm.k8s.io", "audit.k8s.io"].contains(&group) {
            continue;
        }
        let minor = |column: usize| columns[column].parse().ok().filter(|m| *m < 255);
        let (deprecated, removed): (Option<u8>, Option<u8>) = (minor(3), minor(4));
        let slash = if group.is_empty() { "" } else { "/" };
        let text =
            format!("apiVersion: {group}{slash}{version}\nkind: {kind}\nmetadata: {{name: x}}\n");
        let expected = |release: u8| {
            if removed.is_some_and(|minor| release >= minor) {
                Some("api/removed-version")
            } else if deprecated.is_some_and(|minor| release >= minor) {
                Some("api/deprecated-version")
            } else {
                None
            }
        };
        for boundary in deprecated.into_iter().chain(removed) {
            rows += 1;
            for release in [boundary - 1, boundary] {
                let found = found(&text, release);
                let said = ["api/removed-version", "api/deprecated-version"];
                let said: Vec<&str> = said
                    .into_iter()
                    .filter(|s| found.iter().any(|f| f == s))
                    .collect();
                let expected = Vec::from_iter(expected(release));
                // What is refused by default is not called deprecated as well.
                let off = found.iter().any(|f| f == "api/off-by-default");
                if said != expected && !(off && said.is_empty()) {
                    wrong.push(format!(
                        "{expected:?}, not {said:?}, at 1.{release}: {text}"
                    ));
                }
            }
        }
    }
    assert!(rows > 200);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn versions_of_apis_begin_where_the_table_says() {
    // What was there before 1.25 is judged for no older release.
    let rows = [
        ("networking.k8s.io/v1", "ServiceCIDR", 33),
        ("resource.k8s.io/v1", "DeviceClass", 34),
        ("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", 29),
        (
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicy",
            30,
        ),
    ];
    assert_boundaries(rows.map(|(version, kind, first)| {
        let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n");
        ("api/not-yet-available".to_owned(), Before(first), text)
    }));
}

/// A static pod of a component with a flag, of whatever release is asked about.
fn static_pod(component: &str, flag: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {component}, namespace: kube-system}}\nspec:\n  containers:\n    - name: {component}\n      image: registry.example.com/{component}:v1.MINOR.0\n      command: [{component}, {flag}]\n"
    )
}

#[test]
fn settings_of_components_are_those_of_the_release() {
    let api = |flag| static_pod("kube-apiserver", flag);
    let kms = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: [{resources: [secrets], providers: [{kms: {apiVersion: v1, name: k, endpoint: 'unix:///a'}}]}]\n";
    let rows = [
        ("encryption/kms-v1", From(29), kms.to_owned()),
        (
            "kubelet/streaming-connection-idle-timeout",
            Before(34),
            static_pod("kubelet", "--streaming-connection-idle-timeout=0s"),
        ),
        (
            "apiserver/kubelet-https-false",
            Before(19),
            api("--kubelet-https=false"),
        ),
        (
            "flags/removed-flag",
            From(26),
            api("--identity-lease-duration-seconds=1"),
        ),
        ("flags/removed-flag", From(33), api("--cloud-provider=a")),
        ("flags/removed-flag", From(24), api("--port=0")),
        ("flags/deprecated-flag", From(29), api("--cloud-provider=a")),
        (
            "flags/deprecated-flag",
            Before(33),
            api("--cloud-provider=a"),
        ),
        (
            "flags/flag-too-new",
            Before(29),
            api("--authentication-config=/a"),
        ),
        (
            "flags/feature-gate-unknown",
            From(31),
            api("--feature-gates=APIPriorityAndFairness=true"),
        ),
        (
            "flags/feature-gate-unknown",
            From(33),
            api("--feature-gates=SidecarContainers=false"),
        ),
        (
            "flags/feature-gate-unknown",
            Before(28),
            api("--feature-gates=SidecarContainers=true"),
        ),
        (
            "flags/feature-gate-redundant",
            From(29),
            api("--feature-gates=SidecarContainers=true"),
        ),
        (
            "flags/insecure-feature-gate",
            From(29),
            api("--feature-gates=KMSv1=true"),
        ),
        (
            "flags/insecure-feature-gate",
            Before(34),
            api("--feature-gates=AnonymousAuthConfigurableEndpoints=false"),
        ),
        (
            "apiserver/admission-plugin-removed",
            From(25),
            api("--enable-admission-plugins=PodSecurityPolicy"),
        ),
        (
            "apiserver/admission-plugin-removed",
            From(30),
            api("--enable-admission-plugins=SecurityContextDeny"),
        ),
        (
            "apiserver/admission-always-pull-images",
            Before(35),
            api("--enable-admission-plugins=NodeRestriction"),
        ),
        (
            "apiserver/audit-log-version-removed",
            From(24),
            api("--audit-log-version=audit.k8s.io/v1beta1"),
        ),
        // What is left out is what the release does by itself.
        (
            "apiserver/audit-log-rotation-disabled",
            From(36),
            api(
                "--audit-policy-file=/b, --audit-log-path=/a, --audit-log-maxage=30, --audit-log-maxsize=0",
            ),
        ),
        (
            "apiserver/audit-log-rotation-disabled",
            Before(36),
            api("--audit-policy-file=/b, --audit-log-path=/a"),
        ),
        (
            "apiserver/insecure-port",
            Before(20),
            api("--secure-port=6443"),
        ),
    ];
    assert_boundaries(rows.map(|(rule, holds, text)| (rule.to_owned(), holds, text)));
}
