//! Where something begins and where it ends: thresholds and limits at exactly their value, what comes first of several, names with
//! the characters that a format has for itself.

use crate::hostile::{POD, TempFolder};
use crate::support::{check_one, place};
use kubevet::finding::State;
use kubevet::model::{Profile, Severity};
use kubevet::text::{Span, SpanSet};
use serde_json::Value;

fn json(folder: &TempFolder, format: &str, path: &str) -> Value {
    serde_json::from_str(&folder.check_in(format, [path]).out).unwrap()
}

#[test]
fn a_run_fails_from_its_threshold_on() {
    let folder = TempFolder::with(POD);
    for severity in Severity::ALL {
        let name = severity.name();
        folder.write(
            "kubevet.yaml",
            format!("select: [pod/privileged-container]\nprofile: baseline\nseverity: {{pod/privileged-container: {name}}}\n"),
        );
        for threshold in Severity::ALL {
            let arguments = ["--fail-on", threshold.name(), "x.yaml"];
            let ran = folder.check(arguments);
            ran.assert_finding("x.yaml:8:37", "pod/privileged-container");
            ran.assert_code(i32::from(severity <= threshold));
        }
        // All but info.
        let ran = folder.check(["x.yaml"]);
        ran.assert_code(i32::from(severity != Severity::Info));
    }
}

#[test]
fn a_file_of_exactly_the_limit_is_read() {
    let folder = TempFolder::with(POD);
    let limit = |bytes: usize| ["--max-file-size".to_owned(), bytes.to_string()];
    for name in ["x.yaml", "-"] {
        let check = |bytes: usize| {
            let arguments: Vec<String> =
                limit(bytes).into_iter().chain([name.to_owned()]).collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            folder.check_stdin(&arguments, POD.as_bytes())
        };
        check(POD.len())
            .assert_code(1)
            .assert_note("checked 1 object");
        check(POD.len() - 1)
            .assert_code(0)
            .assert_note("1 file is larger than --max-file-size");
    }
}

#[test]
fn what_is_not_kept_is_counted() {
    let silenced = POD.replace("true}", "true} # kubevet: ignore[pod/privileged-container]");
    let folder = TempFolder::with(format!("{silenced}---\n").repeat(1_100));
    let report = json(&folder, "json", "x.yaml");
    assert_eq!(report["summary"]["suppressed"], 1_100);
    folder.check(["x.yaml"]).assert_note("1100 suppressed");
    // Findings that another one implies, beyond what is kept of either.
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: 1}\n---\n";
    let subsumed = |documents: usize| {
        let folder = TempFolder::with(map.repeat(documents));
        json(&folder, "json", "x.yaml")["summary"]["subsumed"]
            .as_u64()
            .unwrap()
    };
    assert!(subsumed(1) > 0);
    assert_eq!(subsumed(1_100), 1_100 * subsumed(1));
}

/// What a file may be called.
const ODD_NAMES: [(&str, &str, &str); 6] = [
    ("a,b.yaml", "a%2Cb.yaml", "a%2Cb.yaml"),
    ("a:b::c.yaml", "a%3Ab%3A%3Ac.yaml", "a%3Ab%3A%3Ac.yaml"),
    ("a%2Cb.yaml", "a%252Cb.yaml", "a%252Cb.yaml"),
    ("a b#?[c].yaml", "a b#?[c].yaml", "a%20b%23%3F%5Bc%5D.yaml"),
    ("d é/x.yaml", "d é/x.yaml", "d%20%C3%A9/x.yaml"),
    (
        "a=1,line=2.yaml",
        "a=1%2Cline=2.yaml",
        "a%3D1%2Cline%3D2.yaml",
    ),
];

#[test]
fn names_are_escaped_as_each_format_asks() {
    let folder = TempFolder::new();
    for (name, property, uri) in ODD_NAMES {
        folder.write(name, POD);
        let ran = folder.check_in("github", [name]);
        let begin = format!(
            "::error file={property},line=8,endLine=8,col=37,endColumn=41,title=pod/privileged-container (critical)::"
        );
        assert!(ran.out.starts_with(&begin), "{}", ran.out);
        let sarif = json(&folder, "sarif", name);
        let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], uri);
    }
}

/// SARIF has the places of JSON, but for those of several lines, of which it has one character.
#[test]
fn places_of_sarif_are_those_of_json() {
    let folder = TempFolder::new();
    folder.write("a.yaml", POD);
    folder.write(
        "b.yaml",
        POD.replace("image: ", "# é\u{1F600}\n      image: é\u{1F600}"),
    );
    folder.write(
        "c.yaml",
        POD.replace(
            "image:",
            "imagePullPolicy: \"Al\n                                                            ways\"\n      image:",
        ),
    );
    let report = json(&folder, "json", ".");
    let sarif = json(&folder, "sarif", ".");
    let open = report["findings"].as_array().unwrap().iter();
    let mut expected = Vec::new();
    let mut several = 0;
    for finding in open.filter(|f| f["state"] == "open") {
        let [line, column, end_line, end_column] =
            ["line", "column", "end_line", "end_column"].map(|f| finding[f].as_u64().unwrap());
        several += u32::from(line != end_line);
        let end = if line == end_line && end_column > column {
            end_column
        } else {
            column + 1
        };
        expected.push([line, column, line, end]);
    }
    let results = sarif["runs"][0]["results"].as_array().unwrap().iter();
    let found: Vec<[u64; 4]> = results
        .map(|result| {
            let region = &result["locations"][0]["physicalLocation"]["region"];
            ["startLine", "startColumn", "endLine", "endColumn"]
                .map(|field| region[field].as_u64().unwrap())
        })
        .collect();
    assert_eq!(found, expected);
    assert_eq!(found[0], [8, 37, 8, 41]);
    assert!(several > 0, "no finding of several lines");
}

#[test]
fn spans_of_a_set_are_found_wherever_they_are() {
    // Every set of bytes out of 10, against a list of bytes.
    for bits in 0_u32..1 << 10 {
        let set: SpanSet = (0..10)
            .filter(|at| bits >> at & 1 == 1)
            .map(|at| Span::of(at..at + 1))
            .collect();
        let has = |at: usize| at < 10 && bits >> at & 1 == 1;
        for start in 0..10 {
            for end in start..=10 {
                let span = Span::of(start..end);
                let mut bytes = start..end.max(start + 1);
                assert_eq!(set.holds(span), bytes.clone().all(has), "{bits:b} {span:?}");
                assert_eq!(set.touches(span), bytes.any(has), "{bits:b} {span:?}");
            }
        }
    }
}

#[test]
fn every_secret_of_a_line_is_masked_and_nothing_else() {
    let names: Vec<String> = (0..9).map(|i| format!("A{i}_PASSWORD")).collect();
    let values = |of: &dyn Fn(usize) -> String| {
        let items = names.iter().enumerate();
        let items = items.map(|(i, name)| format!("{{name: {name}, value: {}}}", of(i)));
        items.collect::<Vec<_>>().join(", ")
    };
    let line = |values: &str| {
        format!(
            "    - {{name: app, env: [{values}], securityContext: {{privileged: true}}, image: 'r.example.com/a:1.0.0'}}"
        )
    };
    let written = line(&values(&|i| format!("q{i}Rk7Vw9Nm2Pv")));
    let masked = line(&values(&|_| "*".repeat("q0Rk7Vw9Nm2Pv".len())));
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n{written}\n"
    );
    let report = check_one(&text, Profile::Default);
    let (_, graphical) = kubevet::output::FORMATS[0];
    let mut out = Vec::new();
    let look = kubevet::output::RenderOptions {
        color: false,
        width: 4_000,
    };
    graphical(&report, look, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains(&masked), "{out}");
}

/// A certificate (RFC 5280) with an EC key, in base64, that holds from 2024 to 2099.
const CERTIFICATE: &str = "MIIBGTCBwQIUe8olLHzDYr3Fciu0aFE2kph5zPEwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEZ29vZDAgFw0yNDAxMDEwMDAwMDBaGA8yMDk5MDEwMTAwMDAwMFowDzENMAsGA1UEAwwEZ29vZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEckz65yRNNF4yNQf6+Oei9KbvlWnZPw4ff07V07mAYI3tDC3W/h0AZeEzj800URwEDvkzkC50wHaRVV0ExfSjkwCgYIKoZIzj0EAwIDRwAwRAIgRjUzMxxvU7oefmPPZ+tvO/ECxBUG84h99SJxHnraE8oCIAPb5spHz6Q0o/d8QcRAgzuyZLOizQGuxNzUQuHkFpMA";

/// The tests' clock stands at the beginning of 2026. Go's crypto/x509 takes both ends of a certificate's time as part of it.
#[test]
fn a_certificate_holds_up_to_its_last_second() {
    // In base64: `240101000000Z` and `20990101000000Z`, then both as they would be for other times.
    const BEGIN: &str = "NDAxMDEwMDAwMDBa";
    const END: &str = "MDk5MDEwMTAwMDAwMFow";
    for (old, new, says) in [
        (BEGIN, BEGIN, None),
        (END, "MDI2MDEwMTAwMDAwMFow", None),
        (END, "MDI1MTIzMTIzNTk1OVow", Some("expired on 2025-12-31")),
        (BEGIN, "NjAxMDEwMDAwMDBa", None),
        (
            BEGIN,
            "NjAxMDEwMDAwMDFa",
            Some("is valid only from 2026-01-01"),
        ),
    ] {
        assert_eq!(CERTIFICATE.matches(old).count(), 1);
        let body = CERTIFICATE.replace(old, new);
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{ca.crt: \"-----BEGIN CERTIFICATE-----\\n{body}\\n-----END CERTIFICATE-----\"}}\n"
        );
        let report = check_one(&text, Profile::All);
        let found = report.findings.iter();
        let found: Vec<&str> = found
            .filter(|f| f.rule == "certs/embedded-certificate-expired-or-weak")
            .map(|f| f.message.as_str())
            .collect();
        match (says, found.as_slice()) {
            (None, []) => {}
            (Some(says), [only]) => assert!(only.contains(says), "{only}"),
            _ => panic!("{new}: {found:?}"),
        }
    }
}

/// Documents with suppressions, each with the lines whose finding is still open.
#[test]
fn a_suppression_covers_what_it_is_about_and_no_more() {
    let containers = |first: &str, behind: &str| {
        format!(
            "spec:\n  containers:\n{first}    - {{name: a, image: 'r/a:1', securityContext: {{privileged: true}}}}{behind}\n    - {{name: b, image: 'r/b:1', securityContext: {{privileged: true}}}}\n"
        )
    };
    let comment = "# kubevet: ignore[pod/privileged-container] reason";
    for (head, spec, rule, open) in [
        (
            "",
            containers("", ""),
            "pod/privileged-container",
            vec![6, 7],
        ),
        (
            "",
            containers("", &format!(" {comment}")),
            "pod/privileged-container",
            vec![7],
        ),
        (
            "",
            containers(&format!("    {comment}\n"), ""),
            "pod/privileged-container",
            vec![8],
        ),
        // Another rule, though it is at the same place.
        (
            "",
            containers("", " # kubevet: ignore[pod/host-pid]"),
            "pod/privileged-container",
            vec![6, 7],
        ),
        // Several of an annotation.
        (
            ", annotations: {kubevet/ignore: 'pod/host-ipc a; pod/privileged-container b'}",
            containers("", ""),
            "pod/privileged-container",
            vec![],
        ),
        (
            ", annotations: {kubevet/ignore: pod/host-pid}",
            "spec: {hostPID: true, hostIPC: true}\n".to_owned(),
            "pod/host-ipc",
            vec![4],
        ),
        // Both ends of a field in one line.
        (
            "",
            "spec: {hostPID: true, hostIPC: true} # kubevet: ignore[pod/host-pid]\n".to_owned(),
            "pod/host-ipc",
            vec![4],
        ),
    ] {
        let text = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p{head}}}\n{spec}");
        let report = check_one(&text, Profile::Default);
        let of_rule = report.findings.iter().filter(|f| f.rule == rule);
        let lines: Vec<u32> = of_rule
            .filter(|f| f.state == State::Open)
            .map(|f| place(&report, f).1)
            .collect();
        assert_eq!(lines, open, "{rule} in\n{text}");
    }
}

/// The state of each finding of a rule, with its line.
fn states(text: &str, profile: Profile, rule: &str) -> Vec<(u32, bool)> {
    let report = check_one(text, profile);
    let of_rule = report.findings.iter().filter(|f| f.rule == rule);
    of_rule
        .map(|f| (place(&report, f).1, f.state == State::Open))
        .collect()
}

#[test]
fn a_finding_hides_others_at_its_value_only() {
    // `yaml/not-a-string` says it of a key, and nobody of another field.
    let text =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: 1\nimmutable: 'yes'\n";
    let found = states(text, Profile::Default, "schema/type");
    assert_eq!(found, [(5, false), (6, true)]);
}

#[test]
fn a_finding_hides_others_of_its_own_rule_only() {
    let text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules:\n- {apiGroups: [''], resources: [secrets], verbs: [get]}\n- {apiGroups: ['*'], resources: ['*'], verbs: ['*']}\n";
    let rule = "rbac/secrets-read-cluster-wide";
    assert_eq!(
        states(text, Profile::Default, rule),
        [(5, true), (6, false)]
    );
}

#[test]
fn only_the_default_profile_hides() {
    let text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules:\n- {apiGroups: ['*'], resources: ['*'], verbs: ['*']}\n";
    let rule = "rbac/secrets-read-cluster-wide";
    assert_eq!(states(text, Profile::Default, rule), [(5, false)]);
    assert_eq!(states(text, Profile::All, rule), [(5, true)]);
}

#[test]
fn numbers_are_taken_up_to_both_ends_of_their_range() {
    let pod = |field: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers: [{{name: a, image: 'a:1', {field}}}]\n"
        )
    };
    let service = |field: &str| {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{{field}}}\n")
    };
    let mut wrong = Vec::new();
    for (text, fits) in [
        (pod("ports: [{containerPort: 0}]"), false),
        (pod("ports: [{containerPort: 1}]"), true),
        (pod("ports: [{containerPort: 65535}]"), true),
        (pod("ports: [{containerPort: 65536}]"), false),
        (pod("ports: [{containerPort: 1, hostPort: 65535}]"), true),
        (pod("ports: [{containerPort: 1, hostPort: 65536}]"), false),
        (pod("livenessProbe: {tcpSocket: {port: 65535}}"), true),
        (pod("livenessProbe: {tcpSocket: {port: 65536}}"), false),
        (pod("livenessProbe: {tcpSocket: {port: 0}}"), false),
        (service("ports: [{port: 65535, targetPort: 1}]"), true),
        (service("ports: [{port: 65536, targetPort: 1}]"), false),
        (service("ports: [{port: 1, targetPort: 65536}]"), false),
        (service("ports: [{port: 1, targetPort: 65535}]"), true),
        (
            service(
                "type: LoadBalancer, ports: [{port: 1}], loadBalancerSourceRanges: [10.0.0.0/8]",
            ),
            true,
        ),
        (
            service(
                "type: LoadBalancer, ports: [{port: 1}], loadBalancerSourceRanges: [10.1.0.0/15]",
            ),
            false,
        ),
        (
            service(
                "type: LoadBalancer, ports: [{port: 1}], loadBalancerSourceRanges: [10.0.0.0/32]",
            ),
            true,
        ),
        (
            service(
                "type: LoadBalancer, ports: [{port: 1}], loadBalancerSourceRanges: [10.0.0.1/31]",
            ),
            false,
        ),
    ] {
        let report = check_one(&text, Profile::All);
        if report.findings.iter().any(|f| f.rule == "schema/range") == fits {
            wrong.push(format!("fits={fits}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn times_are_days_of_the_calendar() {
    let mut wrong = Vec::new();
    for (time, fits) in [
        ("2025-11-30T23:59:59Z", true),
        ("2025-11-31T00:00:00Z", false),
        ("2025-12-31T00:00:00+01:00", true),
        ("2025-04-31T00:00:00Z", false),
        ("2024-02-29T00:00:00Z", true),
        ("2025-02-29T00:00:00Z", false),
        ("2000-02-29T00:00:00Z", true),
        ("1900-02-29T00:00:00Z", false),
        ("2025-13-01T00:00:00Z", false),
        ("2025-01-00T00:00:00Z", false),
        ("2025-01-01T24:00:00Z", false),
    ] {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, creationTimestamp: '{time}'}}\n"
        );
        let report = check_one(&text, Profile::All);
        if report.findings.iter().any(|f| f.rule == "schema/format") == fits {
            wrong.push(time);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
