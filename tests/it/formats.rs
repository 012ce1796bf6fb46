//! Formats that other programs read.
#![expect(clippy::disallowed_methods, reason = "tests read the documentation")]

use crate::cli::kubevet;
use crate::support::check_one;
use kubevet::engine::NoteKind;
use kubevet::model::Profile;
use kubevet::output::{FORMATS, RenderOptions};
use kubevet::text::{SpanSet, line_hashes};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn print(format: &str, text: &str) -> String {
    let report = check_one(text, Profile::Default);
    let (_, writer) = FORMATS.iter().find(|(name, _)| *name == format).unwrap();
    let mut out = Vec::new();
    writer(
        &report,
        RenderOptions {
            color: false,
            width: 80,
        },
        &mut out,
    )
    .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn hashes_of_lines_are_those_of_the_upload_action() {
    let hashes = |text| {
        line_hashes(text, false, SpanSet::EMPTY)
            .into_iter()
            .map(|(_, hash)| hash)
            .collect::<Vec<_>>()
    };
    // Known answers of github/codeql-action.
    assert_eq!(hashes(""), ["c129715d7a2bc9a3:1"]);
    assert_eq!(
        hashes(" a\nb\n  \t\tc\n d"),
        [
            "271789c17abda88f:1",
            "54703d4cd895b18:1",
            "180aee12dab6264:1",
            "a23a3dc5e078b07b:1"
        ]
    );
    assert_eq!(hashes(" a\r\nb\r  \t\tc\n d"), hashes(" a\nb\n  \t\tc\n d"));
    assert_eq!(
        hashes("x\n".repeat(102).as_str())
            .iter()
            .filter(|h| h.ends_with(":2"))
            .count(),
        1
    );
}

const PODS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: \"a%:,\\nb{{x}}\"}\nspec:\n  containers: [{name: a, image: \"a:1\", securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}}]\n  hostPID: true\n  hostIPC: true # kubevet: ignore[pod/host-ipc] a reason\n";

#[test]
fn sarif_is_what_code_scanning_takes() {
    let sarif: Value = serde_json::from_str(&print("sarif", PODS)).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for field in ["id", "name"] {
            assert!(
                rule[field]
                    .as_str()
                    .is_some_and(|t| !t.is_empty() && t.len() <= 255)
            );
        }
        for field in ["shortDescription", "fullDescription", "help"] {
            assert!(
                rule[field]["text"]
                    .as_str()
                    .is_some_and(|t| !t.is_empty() && t.len() <= 1024)
            );
        }
        assert!(
            rule["properties"]["security-severity"]
                .as_str()
                .unwrap()
                .parse::<f64>()
                .is_ok()
        );
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 20);
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert_eq!(
            region["startLine"], region["endLine"],
            "an annotation needs one line"
        );
        assert!(region["endColumn"].as_u64() > region["startColumn"].as_u64());
        assert!(
            result["partialFingerprints"]["primaryLocationLineHash"]
                .as_str()
                .unwrap()
                .contains(':')
        );
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
    }
    assert!(results[0].get("suppressions").is_none());
    assert_eq!(results[1]["suppressions"][0]["justification"], "a reason");
}

#[test]
fn github_commands_are_escaped_and_the_worst_come_first() {
    let out = print("github", PODS);
    assert!(out.starts_with("::error file=example.yaml,line=6,endLine=6,col=12,endColumn=16,title=pod/host-pid (high)::example.yaml:6:12: "), "{out}");
    assert!(
        out.contains("a%25:,\\nb{{x}}") && out.lines().count() == 1,
        "{out}"
    );
    let many = format!(
        "{}---\n",
        PODS.replace(" # kubevet: ignore[pod/host-ipc] a reason", "")
    )
    .repeat(11)
        + "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - {name: a, image: a, securityContext: {privileged: true}}\n";
    let out = print("github", &many);
    assert!(
        out.lines()
            .next()
            .unwrap()
            .contains("pod/privileged-container (critical)")
    );
    assert_eq!(
        out.lines().filter(|l| l.starts_with("::error ")).count(),
        10
    );
    let plain: Vec<&str> = out.lines().skip_while(|l| l.starts_with("::")).collect();
    assert!(
        plain[0].contains("13 errors more are not annotated"),
        "{out}"
    );
    assert_eq!(plain.len(), 1 + 13, "the others are plain lines: {out}");
    assert!(
        plain[1].starts_with("example.yaml:39:12: error[pod/host-ipc] "),
        "{out}"
    );
}

#[test]
fn notes_have_documented_names() {
    let page = std::fs::read_to_string("docs/json.md").unwrap();
    let names: BTreeSet<&str> = NoteKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), NoteKind::ALL.len());
    for name in names {
        assert!(page.contains(&format!("\n| `{name}` | ")), "{name}");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
    }
    let arguments = ["check", "--output-format", "json", "-"];
    let (out, ..) = kubevet(Path::new("."), &arguments, b"# apiVersion, kind\na: [\n");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["notes"][0]["name"], "not-yaml");
    // As programs that read version 1 know it.
    assert_eq!(json["notes"][0]["kind"], "NotYaml");
}
