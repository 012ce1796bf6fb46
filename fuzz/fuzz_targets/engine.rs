//! A file through the whole engine and every writer: no panic, spans that cut their text, output that harms no terminal or log.
#![no_main]

use kubevet::documents::Repository;
use kubevet::engine::{
    FileAnalysis, Input, Registry, Report, ResolvedFinding, RuleSet, analyse, finish,
};
use kubevet::finding::{Finding, Label, Releases, State};
use kubevet::model::Profile;
use kubevet::output::{FORMATS, RenderOptions, Writer};
use kubevet::text::{Decoded, FileIds, SourceFile, decode, is_invisible};
use kubevet_fuzz::assert_span;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::path::Path;
use std::sync::LazyLock;

/// What a file is depends on its name, too: the length of the text picks one, most often a manifest.
const PATHS: [&str; 8] = [
    "example.yaml",
    "example.yaml",
    "example.yaml",
    "etc/rancher/k3s/config.yaml",
    "inventory/group_vars/all.yml",
    "kubelet.service",
    "etc/default/kubelet",
    "args/kube-apiserver",
];

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::default);

/// Made once: the fuzzer runs the target hundreds of times a second.
static RULES: LazyLock<[RuleSet<'_>; 2]> = LazyLock::new(|| {
    [Profile::All, Profile::Default].map(|profile| {
        let mut rules = RuleSet::new(&REGISTRY, profile, Releases::only(Releases::NEWEST));
        rules.now = Some(std::time::Duration::from_secs(1_767_225_600));
        rules
    })
});

fuzz_target!(|data: &[u8]| {
    let decoded = decode(data.to_vec());
    for rules in RULES.iter() {
        let report = check(&decoded, rules);
        check_report(&report);
        FORMATS
            .iter()
            .for_each(|(name, writer)| check_output(name, &write(*writer, &report)));
    }
});

/// Runs the engine over a text as the command does over a file.
fn check(decoded: &Decoded, rules: &RuleSet<'_>) -> Report {
    let Decoded { text, encoding } = decoded;
    let mut repository = Repository::default();
    // The same text a second time, as what a kustomization says about the file.
    repository.add("kustomization.yaml", || text.clone());
    let mut ids = FileIds::default();
    let file = ids.of(Path::new(&name(text)));
    let source = SourceFile::new(name(text), name(text), text.as_str().into(), *encoding);
    let mut analysis = FileAnalysis::default();
    let path = PATHS[text.len() % PATHS.len()];
    let input = Input::new(file, path, text, &[]);
    for chunk in kubevet::documents::chunks(path, text) {
        analysis.add(analyse(&input, &chunk, rules, &repository));
    }
    let report = analysis.report(file, source, Vec::new(), true);
    finish(&[report], Vec::new(), rules, &repository, true)
}

/// A name for the file: people may give it any, so the text's beginning stands in for the most hostile.
fn name(text: &str) -> String {
    text.chars().take(40).collect()
}

fn check_report(report: &Report) {
    assert!(!report.panicked, "the engine panicked");
    report
        .findings
        .iter()
        .for_each(|f| check_finding(report, f));
    for (file, secrets) in report.secrets.iter() {
        let source = report.sources.get(file).expect("a file of the report");
        secrets
            .iter()
            .for_each(|span| assert_span(span, &source.text, "secret"));
    }
}

fn check_finding(report: &Report, finding: &ResolvedFinding) {
    assert!(
        !finding.message.contains(['\n', '\r']),
        "a message is one line: {finding:?}"
    );
    check_label(report, &finding.primary, finding);
    finding
        .related()
        .for_each(|l| check_label(report, l, finding));
    if let State::Suppressed { by, .. } = &finding.state {
        check_label(report, by, finding);
    }
}

fn check_label(report: &Report, label: &Label, finding: &Finding) {
    let source = report
        .sources
        .get(label.at.file)
        .expect("a file of the report");
    assert_span(label.at.span, &source.text, &finding.rule);
}

fn write(writer: Writer, report: &Report) -> String {
    let mut out = Vec::new();
    writer(
        report,
        RenderOptions {
            color: false,
            width: 80,
        },
        &mut out,
    )
    .expect("memory takes what is written");
    String::from_utf8(out).expect("writers write UTF-8")
}

fn check_output(name: &str, out: &str) {
    assert!(
        !out.contains(is_harmful),
        "{name}: a terminal obeys {:?}",
        out.matches(is_harmful).collect::<Vec<_>>()
    );
    // What CI runners take for a command wherever it stands in a line.
    assert!(
        !out.contains("##[") && !out.contains("##vso["),
        "{name}: a runner obeys {out:?}"
    );
    match name {
        "compact" => out.split('\n').for_each(check_line),
        "json" | "sarif" => check_json(out),
        "jsonl" => out.lines().for_each(check_json),
        "github" => out.lines().for_each(check_command),
        _ => {}
    }
}

/// What a terminal, or a person who reads it, would take for something else.
fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n') || is_invisible(c)
}

/// `::` begins a command of GitHub's runner, also behind blanks.
fn check_line(line: &str) {
    assert!(
        !line.trim_start().starts_with("::"),
        "a runner obeys {line:?}"
    );
}

/// Commands of ours only, and no property but ours: nothing in the input may add one.
fn check_command(line: &str) {
    const KNOWN: [&str; 6] = ["file", "line", "endLine", "col", "endColumn", "title"];
    let level = ["::error ", "::warning ", "::notice "]
        .into_iter()
        .find_map(|l| line.strip_prefix(l));
    let Some((properties, _)) = level.and_then(|rest| rest.split_once("::")) else {
        assert!(
            line.starts_with("kubevet: "),
            "no command of ours: {line:?}"
        );
        return;
    };
    let known = |p: &str| {
        p.split_once('=')
            .is_some_and(|(name, _)| KNOWN.contains(&name))
    };
    assert!(
        properties.split(',').all(known),
        "not our properties: {line:?}"
    );
}

fn check_json(text: &str) {
    let parsed: Result<Value, _> = serde_json::from_str(text);
    assert!(parsed.is_ok(), "{parsed:?}: {text}");
}
