//! Rules about the repository itself, kept by code.
#![expect(clippy::disallowed_methods, reason = "tests read the repository")]

use crate::support::{REGISTRY, policies};
use kubevet::output::{cis_index, rule_page, rules_index};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module, layer, and the modules that it may use: always of a lower layer. ARCHITECTURE.md shows the same table.
const LAYERS: &[(&str, u8, &[&str])] = &[
    ("go_value", 0, &[]),
    ("ids", 0, &[]),
    ("model", 0, &[]),
    ("text", 0, &[]),
    ("yaml", 1, &["go_value", "ids", "text"]),
    ("finding", 2, &["model", "text", "yaml"]),
    ("kube", 3, &["finding", "go_value", "text", "yaml"]),
    ("policy", 3, &["model"]),
    (
        "component",
        4,
        &["finding", "go_value", "kube", "text", "yaml"],
    ),
    (
        "schema",
        5,
        &[
            "component",
            "finding",
            "go_value",
            "ids",
            "kube",
            "text",
            "yaml",
        ],
    ),
    ("secrets", 5, &["component", "kube", "text", "yaml"]),
    (
        "documents",
        5,
        &["component", "finding", "kube", "text", "yaml"],
    ),
    (
        "check",
        6,
        &[
            "component",
            "documents",
            "finding",
            "go_value",
            "kube",
            "model",
            "secrets",
            "text",
            "yaml",
        ],
    ),
    (
        "rules",
        7,
        &[
            "check",
            "component",
            "documents",
            "finding",
            "go_value",
            "kube",
            "model",
            "secrets",
            "text",
            "yaml",
        ],
    ),
    (
        "engine",
        8,
        &[
            "check",
            "component",
            "documents",
            "finding",
            "ids",
            "kube",
            "model",
            "rules",
            "schema",
            "secrets",
            "text",
            "yaml",
        ],
    ),
    (
        "config",
        9,
        &["engine", "finding", "ids", "model", "text", "yaml"],
    ),
    ("discover", 9, &["documents", "engine", "text"]),
    (
        "output",
        9,
        &[
            "component",
            "engine",
            "finding",
            "kube",
            "model",
            "policy",
            "text",
        ],
    ),
    (
        "cli",
        10,
        &[
            "component",
            "config",
            "discover",
            "documents",
            "engine",
            "finding",
            "ids",
            "kube",
            "model",
            "output",
            "schema",
            "text",
            "yaml",
        ],
    ),
];

fn sources(folder: &str, extension: &str) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap);
    walk.map(walkdir::DirEntry::into_path)
        .filter(|p| p.extension().is_some_and(|e| e == extension))
        .collect()
}

fn module(path: &Path) -> String {
    path.components()
        .nth(1)
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .trim_end_matches(".rs")
        .to_owned()
}

#[test]
fn modules_use_lower_layers_only() {
    for (name, layer, uses) in LAYERS {
        for used in *uses {
            let (_, below, _) = LAYERS.iter().find(|(n, ..)| n == used).unwrap();
            assert!(
                below < layer,
                "{name} (layer {layer}) may not use {used} (layer {below})"
            );
        }
    }
    let mut wrong = Vec::new();
    for path in sources("src", "rs") {
        let module = module(&path);
        let Some((_, _, uses)) = LAYERS.iter().find(|(name, ..)| *name == module) else {
            assert!(
                ["lib", "main"].contains(&module.as_str()),
                "{module} has no layer"
            );
            continue;
        };
        for part in fs::read_to_string(&path).unwrap().split("crate::").skip(1) {
            let used: String = part
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if used != module && !uses.contains(&used.as_str()) {
                wrong.push(format!("{}: uses {used}", path.display()));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A module of `schema` uses only those that `src/schema/mod.rs` declares above it.
#[test]
fn schema_modules_use_those_above_them_only() {
    let declared = fs::read_to_string("src/schema/mod.rs").unwrap();
    let order: Vec<&str> = declared
        .lines()
        .filter_map(|l| l.strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    let mut wrong = Vec::new();
    for (at, name) in order.iter().enumerate() {
        let folder = format!("src/schema/{name}");
        let files = if Path::new(&folder).is_dir() {
            sources(&folder, "rs")
        } else {
            vec![format!("{folder}.rs").into()]
        };
        let read = |path: PathBuf| fs::read_to_string(path).unwrap();
        let text: String = files.into_iter().map(read).collect();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let code = code.replace("crate::schema::", "super::");
        for part in code.split("super::").skip(1) {
            // One path, or a list of them in braces.
            let end = part.find(if part.starts_with('{') { '}' } else { ':' });
            let names = part[..end.unwrap_or(0)].split(|c: char| !c.is_alphanumeric() && c != '_');
            let below = names.filter(|used| order[at..].contains(used));
            wrong.extend(below.map(|used| format!("{name} uses {used}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_are_named_by_constants() {
    let ids: BTreeSet<String> = policies().map(|p| format!("\"{}\"", p.id)).collect();
    for path in sources("src", "rs") {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
        for line in code {
            let literal = ids.iter().find(|id| line.contains(id.as_str()));
            assert!(
                literal.is_none(),
                "{}: {} is a constant of `ids`",
                path.display(),
                literal.unwrap()
            );
        }
    }
}

#[test]
fn crates_are_named_where_they_belong() {
    let only = [
        ("miette", "src/output/graphical.rs"),
        ("clap", "src/cli/"),
        ("ignore::", "src/discover/walk.rs"),
        ("rayon", "src/cli/"),
    ];
    for path in sources("src", "rs") {
        let shown = path.display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        // Comments may speak of them.
        let code: String = text
            .lines()
            .filter(|l| !l.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        for (name, home) in only {
            assert!(
                !code.contains(&format!("use {name}")) || shown.starts_with(home),
                "{shown} names {name}"
            );
        }
        if shown.starts_with("src/output/") && !shown.ends_with("excerpt.rs") {
            assert!(
                !code.contains("source.text"),
                "{shown} reaches source text past the excerpt"
            );
        }
    }
}

/// Compares a generated file with what is written; `UPDATE=1` writes it.
fn current(path: &str, text: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap_or_default() == text,
        "{path} is out of date: run `UPDATE=1 cargo test`"
    );
}

#[test]
fn generated_documents_are_current() {
    let mut pages = BTreeSet::new();
    for policy in policies() {
        let path = format!("docs/rules/{}.md", policy.id);
        current(&path, &rule_page(policy));
        pages.insert(PathBuf::from(path));
    }
    current("docs/rules/README.md", &rules_index(policies()));
    current("docs/cis.md", &cis_index(policies()));
    current(
        "schemas/kubevet.schema.json",
        &kubevet::config::json_schema(&REGISTRY),
    );
    for path in sources("docs/rules", "md") {
        assert!(
            pages.contains(&path) || path.ends_with("rules/README.md"),
            "{} belongs to no policy",
            path.display()
        );
    }
    let help = [
        None,
        Some("check"),
        Some("explain"),
        Some("rules"),
        Some("schema list"),
        Some("schema show"),
    ]
    .map(|c| format!("```text\n{}```\n", kubevet::cli::help(c)));
    current(
        "docs/cli.md",
        &format!(
            "# The command line\n\nGenerated from the program's own help.\n\n{}",
            help.join("\n")
        ),
    );
}

#[test]
fn the_changelog_has_a_place_for_what_comes() {
    let changelog = fs::read_to_string("CHANGELOG.md").unwrap();
    assert!(changelog.lines().any(|l| l == "## [Unreleased]"));
}

/// The packages that each package of the lock file depends on.
fn lock() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string("Cargo.lock").unwrap();
    let mut packages = BTreeMap::new();
    for block in text.split("[[package]]").skip(1) {
        let name = block
            .lines()
            .find_map(|l| l.strip_prefix("name = "))
            .unwrap()
            .trim_matches('"')
            .to_owned();
        let listed = block
            .split("dependencies = [")
            .nth(1)
            .unwrap_or_default()
            .split(']')
            .next()
            .unwrap_or_default();
        let dependencies = listed
            .lines()
            .filter_map(|l| l.trim().trim_matches(['"', ',']).split(' ').next())
            .filter(|d| !d.is_empty());
        packages.insert(name, dependencies.map(str::to_owned).collect());
    }
    packages
}

#[test]
fn nothing_can_reach_a_network() {
    const BANNED: [&str; 14] = [
        "reqwest",
        "hyper",
        "ureq",
        "curl",
        "isahc",
        "rustls",
        "openssl",
        "native-tls",
        "tokio",
        "async-std",
        "smol",
        "mio",
        "socket2",
        "h2",
    ];
    for name in lock().keys() {
        assert!(
            !BANNED.contains(&name.as_str()),
            "{name} is in the lock file"
        );
    }
}

#[test]
fn serde_yaml_is_no_part_of_the_program() {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let normal = manifest
        .split("\n[dependencies]")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    let packages = lock();
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut next: Vec<&str> = normal
        .lines()
        .filter_map(|l| l.split_once(" = "))
        .map(|(name, _)| name)
        .filter(|n| !n.starts_with('#'))
        .collect();
    assert!(next.contains(&"memchr"));
    while let Some(name) = next.pop() {
        if reached.insert(name) {
            next.extend(packages.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    assert!(
        !reached.contains("serde_yaml"),
        "the normal dependencies reach serde_yaml"
    );
    assert!(
        packages["kubevet"].iter().any(|d| d == "serde_yaml"),
        "the test looks at the right lock file"
    );
}

/// The hooks' files are those that kubevet reads in a folder; of keys and certificates all, since it says nothing of others.
#[test]
fn hooks_get_the_files_that_are_read() {
    let hooks = fs::read_to_string(".pre-commit-hooks.yaml").unwrap();
    let hooks: serde_yaml::Value = serde_yaml::from_str(&hooks).unwrap();
    let hooks = hooks.as_sequence().unwrap();
    let patterns: Vec<&str> = hooks.iter().map(|h| h["files"].as_str().unwrap()).collect();
    assert!(patterns.iter().all(|p| *p == patterns[0]));
    let pattern = regex_automata::nfa::thompson::pikevm::PikeVM::new(patterns[0]).unwrap();
    let mut cache = pattern.create_cache();
    let names = [
        "x.yaml",
        "x.YML",
        "x.json",
        ".yaml",
        "x.yaml.txt",
        "yaml",
        "x.conf",
        "x.env",
        "config",
        "x.kubeconfig",
        "kubeconfig",
        "my-kubeconfig",
        "Kustomization",
        "kustomization",
        "admin.conf",
        "super-admin.conf",
        "controller-manager.conf",
        "scheduler.conf",
        "kubelet.conf",
        "bootstrap-kubelet.conf",
        "x-admin.conf",
        "etcd.conf",
        "etcd.env",
        "kubelet.env",
        "kubeadm-flags.env",
        "k3s.service.env",
        "k3s.service",
        "x.Service",
        "10-kubeadm.conf",
        "x.CONF",
        "kubelet",
        "kube-apiserver",
        "etcd",
        "k3s",
        "rke2",
        "k3s-agent",
        "etcd.txt",
        "README.md",
        "sa.key",
        "ca.crt",
        "apiserver.pem",
    ];
    let folders = [
        "",
        "a/",
        ".kube/",
        "a/.kube/",
        "x.kube/",
        "kubelet.conf.d/",
        "xkubelet.conf.d/",
        "etc/kubelet.conf.d/",
        "kubelet.service.d/",
        "etc/systemd/system/k3s.service.d/",
        ".service.d/",
        "default/",
        "etc/default/",
        "etc/sysconfig/",
        "args/",
        "var/args/",
        "xargs/",
        "etc/kubernetes/pki/",
    ];
    for folder in folders {
        for name in names {
            let path = format!("{folder}{name}");
            let keys = [".key", ".crt", ".pem"].iter().any(|e| name.ends_with(e));
            let read = keys || kubevet::documents::format_of(&path).is_some();
            assert_eq!(pattern.is_match(&mut cache, &path), read, "{path}");
        }
    }
}
