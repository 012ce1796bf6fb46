//! What a stranger's pull request may bring along to keep a manifest from being looked at, or to have something else read.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests are about files and what the program does with them"
)]

use crate::hostile::{POD, Ran, TempFolder};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

const PRIVILEGED: &str = "pod/privileged-container";

/// Where `POD` has its finding.
fn at(file: &str) -> String {
    format!("{file}:8:37")
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

impl Ran {
    #[track_caller]
    fn assert_silent(&self, about: &str) -> &Self {
        assert!(!self.out.contains(about), "{about} in {self:?}");
        self
    }
}

/// The real git is the truth about its index.
#[track_caller]
fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command.args([
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.com",
        "-c",
        "protocol.file.allow=always",
    ]);
    let out = command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(out.status.success(), "git {arguments:?}: {out:?}");
}

/// A repository whose ignore files name some of what it tracks, and some of what it does not.
fn with_ignored(init: &[&str]) -> TempFolder {
    let folder = TempFolder::new();
    fs::remove_dir(folder.path(".git")).unwrap();
    git(&folder.path(""), &[&["init", "-q"], init].concat());
    folder.write(".gitignore", "deploy/\n/locked.yaml\n");
    folder.write(".git/info/exclude", "*.local.yaml\n");
    folder.write("ok/.gitignore", "hidden*\n!hidden-not.yaml\n");
    for name in TRACKED.iter().chain(&UNTRACKED) {
        folder.write(name, POD);
    }
    // Enough for names that share their beginnings, and are long.
    for i in 0..50 {
        folder.write(format!("deploy/{}/{i}.yaml", "x".repeat(200)), "a: 1\n");
    }
    git(&folder.path(""), &["add", "."]);
    let long = format!("deploy/{}", "x".repeat(200));
    let forced = [&["add", "-f", &long], &TRACKED[..]].concat();
    git(&folder.path(""), &forced);
    git(&folder.path(""), &["commit", "-q", "-m", "x"]);
    folder
}

const TRACKED: [&str; 5] = [
    "deploy/a/b/evil.yaml",
    "locked.yaml",
    "ok/hidden.yaml",
    "ok/x.local.yaml",
    "ok/hidden-not.yaml",
];

const UNTRACKED: [&str; 4] = [
    "deploy/a/b/own.yaml",
    "deploy/own/x.yaml",
    "ok/hidden-2.yaml",
    "y.local.yaml",
];

#[track_caller]
fn assert_tracked_are_read(folder: &TempFolder, within: &str) {
    let ran = folder.check([if within.is_empty() { "." } else { within }]);
    let prefix = if within.is_empty() {
        String::new()
    } else {
        format!("{within}/")
    };
    for name in TRACKED {
        ran.assert_finding(&at(&format!("{prefix}{name}")), PRIVILEGED);
    }
    for name in UNTRACKED {
        ran.assert_silent(name);
    }
    assert!(!ran.err.contains("skipped"), "{ran:?}");
}

#[test]
fn what_git_tracks_is_read_whatever_ignores_it() {
    let folder = with_ignored(&[]);
    assert_tracked_are_read(&folder, "");
    folder
        .check(["."])
        .assert_note("not checked: 3 files and 1 folder ignored by git");
    // From below, and as the summary of a program tells it.
    folder
        .check(["deploy"])
        .assert_finding(&at("deploy/a/b/evil.yaml"), PRIVILEGED);
    let json: Value = serde_json::from_str(&folder.check_in("json", ["."]).out).unwrap();
    assert_eq!(json["left_out"]["ignored_files"], 3);
    assert_eq!(json["left_out"]["ignored_folders"], 1);
    // Every form of the index.
    let root = folder.path("");
    let forms: [&[&str]; 5] = [
        &["update-index", "--index-version", "4"],
        &[
            "update-index",
            "--index-version",
            "3",
            "--skip-worktree",
            "ok/.gitignore",
        ],
        &["update-index", "--untracked-cache"],
        &["update-index", "--split-index"],
        &["add", "-f", "locked.yaml"],
    ];
    for form in forms {
        if form[0] == "add" {
            // In a split index it takes the place of an entry of the other file.
            folder.write("locked.yaml", POD.replace("name: p", "name: q"));
        }
        git(&root, form);
        assert_tracked_are_read(&folder, "");
    }
    // A work tree has its index elsewhere, and so has a submodule.
    git(&root, &["worktree", "add", "-q", "tree"]);
    for name in UNTRACKED {
        folder.write(format!("tree/{name}"), POD);
    }
    assert_tracked_are_read(&folder, "tree");
    let outer = TempFolder::new();
    fs::remove_dir(outer.path(".git")).unwrap();
    git(&outer.path(""), &["init", "-q"]);
    git(
        &outer.path(""),
        &["submodule", "--quiet", "add", root.to_str().unwrap(), "sub"],
    );
    outer.write("sub/deploy/own/x.yaml", POD);
    let ran = outer.check(["."]);
    ran.assert_finding(&at("sub/deploy/a/b/evil.yaml"), PRIVILEGED)
        .assert_silent("own");
    outer.write(".gitignore", "sub\n");
    outer
        .check(["."])
        .assert_finding(&at("sub/deploy/a/b/evil.yaml"), PRIVILEGED);
}

#[test]
fn index_of_sha_256_is_read() {
    assert_tracked_are_read(&with_ignored(&["--object-format=sha256"]), "");
}

/// Whoever cannot be asked what is tracked has not said that nothing is.
#[test]
fn index_that_cannot_be_read_is_told_and_hides_nothing() {
    let folder = TempFolder::with(POD);
    folder.write(".gitignore", "x.yaml\n");
    let index = folder.path(".git/index");
    let mark = folder.path(".git");
    let lies: [&[u8]; 5] = [
        b"",
        b"DIRC\0\0\0\x02\xff\xff\xff\xff",
        b"DIRC\0\0\0\x09\0\0\0\0aaaaaaaaaaaaaaaaaaaa",
        b"DIRC\0\0\0\x02\0\0\0\0LINK\xff\xff\xff\xffaaaaaaaaaaaaaaaaaaaa",
        b"DIRC\0\0\0\x02\0\0\0\0link\0\0\0\x14aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb",
    ];
    let assert_told = || {
        let ran = folder.check(["."]);
        ran.assert_code(1).assert_finding(&at("x.yaml"), PRIVILEGED);
        ran.assert_note("ignore files are not obeyed");
        folder.check(["--strict", "."]).assert_code(2);
    };
    for lie in lies {
        folder.write(".git/index", lie);
        assert_told();
    }
    fs::remove_file(&index).unwrap();
    // None yet: nothing is tracked.
    folder
        .check(["."])
        .assert_code(0)
        .assert_note("1 file ignored by git");
    symlink("/dev/zero", &index).unwrap();
    assert_told();
    fs::remove_file(&index).unwrap();
    fifo(&index);
    assert_told();
    fs::remove_dir_all(&mark).unwrap();
    fs::create_dir(folder.path("empty")).unwrap();
    for text in [
        "",
        "gitdir: nowhere",
        "gitdir: /proc/self",
        "gitdir: empty",
        "gitdir: .git",
    ] {
        folder.write(".git", text);
        assert_told();
    }
    fs::remove_file(&mark).unwrap();
    fifo(&mark);
    assert_told();
    fs::remove_file(&mark).unwrap();
    symlink("/dev/zero", &mark).unwrap();
    assert_told();
}

#[test]
fn configuration_below_the_root_decides_nothing() {
    let folder = TempFolder::new();
    folder.write("deploy/evil.yaml", POD);
    folder.write(
        "deploy/kubevet.yaml",
        "exclude: ['evil*']\nignore: [pod/privileged-container]\n",
    );
    folder.write("deploy/.kubevet.yaml", "exclude: ['*']\n");
    for path in [".", "deploy", "deploy/evil.yaml"] {
        folder
            .check([path])
            .assert_code(1)
            .assert_finding(&at("deploy/evil.yaml"), PRIVILEGED);
    }
    folder.check(["."]).assert_note("not used: 2 kubevet.yamls");
    // From below, by a file and through a pipe.
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubevet"));
    command.args(["check", "--output-format", "compact", "-", "evil.yaml"]);
    let out = command
        .current_dir(folder.path("deploy"))
        .stdin(fs::File::open(folder.path("deploy/evil.yaml")).unwrap())
        .output()
        .unwrap();
    let out = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.matches(PRIVILEGED).count(), 2, "{out}");
}

#[test]
fn what_a_configuration_leaves_out_is_counted() {
    let folder = TempFolder::with(POD);
    folder.write("a/x.yaml", POD);
    let said = |text: &str, says: &str| {
        folder.write("kubevet.yaml", text);
        folder
            .check(["."])
            .assert_note(&format!("kubevet.yaml: {says}\n"));
    };
    said("exclude: [a]\n", "1 file excluded");
    said(
        "ignore: [pod/privileged-container, pod/host-pid]\n",
        "2 rules ignored",
    );
    said(
        "ignore: [{rule: pod/privileged-container, paths: [a]}]\n",
        "1 finding suppressed",
    );
    said(
        "severity: {pod/privileged-container: info}\n",
        "2 findings lowered",
    );
    said("kubernetes-version: '1.30'\n", "release chosen");
    said(
        "parameters: {image/latest-tag: {floating-tags: [x]}}\n",
        "1 parameter set",
    );
    folder.write("kubevet.yaml", "profile: nsa\n");
    let ran = folder.check(["."]);
    assert!(
        ran.err.contains("kubevet.yaml: ") && ran.err.contains(" rules ignored"),
        "{ran:?}"
    );
    // What takes nothing away is not worth a line.
    folder.write(
        "kubevet.yaml",
        "select: [pod/run-as-root-allowed]\nseverity: {pod/privileged-container: critical}\n",
    );
    let ran = folder.check(["."]);
    assert!(!ran.err.contains("kubevet.yaml"), "{ran:?}");
}

#[test]
fn configuration_of_a_trusted_place() {
    let folder = TempFolder::new();
    folder.write("repo/.git/HEAD", "");
    folder.write("repo/a/x.yaml", POD);
    folder.write("repo/b/x.yaml", POD);
    folder.write("repo/kubevet.yaml", "exclude: ['*']\n");
    folder.write("trusted.yaml", "exclude: [b]\n");
    let ran = folder.check(["--config", "trusted.yaml", "repo"]);
    ran.assert_finding(&at("repo/a/x.yaml"), PRIVILEGED)
        .assert_silent("repo/b");
    ran.assert_note("trusted.yaml: 1 file excluded");
    folder
        .check(["--config", "trusted.yaml", "--no-config", "repo"])
        .assert_code(2);
    folder
        .check(["--config", "absent.yaml", "repo"])
        .assert_code(2)
        .assert_note("absent.yaml");
    folder.write("trusted.yaml", "exlude: [b]\n");
    folder
        .check(["--config", "trusted.yaml", "repo"])
        .assert_code(2)
        .assert_finding("trusted.yaml:1:1", "config-unknown-key");
}

#[test]
fn configuration_that_leads_out_of_the_root_is_refused() {
    let folder = TempFolder::new();
    let canary = "Zq7xKw9Wm2PvT4bd";
    folder.write("secret.txt", format!("{canary}: {canary}\n"));
    folder.write("repo/.git/config", format!("[{canary}]\n"));
    folder.write("repo/x.yaml", POD);
    let config = folder.path("repo/kubevet.yaml");
    let targets = [
        "../secret.txt",
        ".git/config",
        "/proc/self/environ",
        "/dev/zero",
        "nowhere",
        "kubevet.yaml",
        "/proc/kmsg",
    ];
    for target in targets {
        symlink(target, &config).unwrap();
        for format in ["graphical", "json", "compact"] {
            let ran = folder.check_in(format, ["repo"]);
            ran.assert_code(2).assert_note("kubevet.yaml");
            assert!(
                !ran.out.contains(canary) && !ran.err.contains(canary),
                "{ran:?}"
            );
        }
        fs::remove_file(&config).unwrap();
    }
    // Within the root it may be one, since whoever reads the repository reads it anyway.
    folder.write(
        "repo/etc/config.yaml",
        "ignore: [pod/privileged-container]\n",
    );
    symlink("etc/config.yaml", &config).unwrap();
    folder.check(["repo"]).assert_silent(PRIVILEGED);
}

const WIDGET: &str = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {}\n";

#[test]
fn schemas_of_a_configuration_lie_in_the_root() {
    let folder = TempFolder::new();
    let canary = "Zq7xKw9Wm2PvT4bd";
    let schema = format!("{{\"properties\": {{\"spec\": {{\"const\": \"{canary}\"}}}}}}");
    folder.write("out/example.com/widget_v1.json", &schema);
    folder.write("repo/.git/HEAD", "");
    folder.write("repo/x.yaml", WIDGET);
    let above = fs::canonicalize(folder.path("")).unwrap();
    let above = above.to_str().unwrap();
    symlink("../out", folder.path("repo/linked")).unwrap();
    fs::create_dir_all(folder.path("repo/s/example.com")).unwrap();
    symlink(
        "../../../out/example.com/widget_v1.json",
        folder.path("repo/s/example.com/widget_v1.json"),
    )
    .unwrap();
    fs::create_dir_all(folder.path("repo/t")).unwrap();
    symlink("../../out/example.com", folder.path("repo/t/example.com")).unwrap();
    fs::create_dir_all(folder.path("repo/.git/s/example.com")).unwrap();
    folder.write("repo/.git/s/example.com/widget_v1.json", &schema);
    let places = [
        "../out".to_owned(),
        format!("{above}/out"),
        "linked".to_owned(),
        "s".to_owned(),
        "t".to_owned(),
        ".git/s".to_owned(),
        "s/../../out".to_owned(),
        "../out/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json".to_owned(),
        "s/{{.Group}}/../../../out/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
            .to_owned(),
        "../out/example.com/widget_v1.json".to_owned(),
        "/proc/self/fd/0".to_owned(),
        "/dev/zero".to_owned(),
        "absent".to_owned(),
    ];
    for place in places {
        folder.write(
            "repo/kubevet.yaml",
            format!("schema-locations: ['{place}']\n"),
        );
        let ran = folder.check(["repo"]);
        assert!(ran.err.contains("kubevet: "), "{place}: {ran:?}");
        ran.assert_code(2);
        assert!(
            !ran.out.contains(canary) && !ran.err.contains(canary),
            "{place}: {ran:?}"
        );
    }
    // The command line may name any place; what lies there must not lead out of it again.
    folder
        .check(["--no-config", "--schema-location", "out", "repo"])
        .assert_finding("repo/x.yaml:4:1", "schema/enum");
    folder.write("far/README", "");
    symlink("../out/example.com", folder.path("far/example.com")).unwrap();
    let ran = folder.check(["--no-config", "--schema-location", "far", "repo"]);
    ran.assert_code(2)
        .assert_note("is not read as a schema")
        .assert_silent(canary);
}

/// Group, version and kind of a stranger's resource become parts of a path.
#[test]
fn a_kind_is_no_path() {
    let folder = TempFolder::new();
    let canary = "Zq7xKw9Wm2PvT4bd";
    let schema = format!("{{\"properties\": {{\"spec\": {{\"const\": \"{canary}\"}}}}}}");
    folder.write("out/example.com/widget_v1.json", &schema);
    folder.write("schemas/README", "");
    let above = fs::canonicalize(folder.path("")).unwrap();
    let above = above.to_str().unwrap();
    let names = [
        ("example.com/v1", "../out/example.com/widget"),
        ("example.com/v1", &format!("{above}/out/example.com/widget")),
        ("example.com/../../out/example.com/v1", "Widget"),
        ("../v1", "out/example.com/widget"),
        ("../out/v1", "example.com/widget"),
        ("example.com/v1.json/../x", "Widget"),
        ("example.com/v1", "%2e%2e/out/example.com/widget"),
        ("example.com/v1", "..\\\\out\\\\example.com\\\\widget"),
        ("example.com/v1", "{{.Group}}"),
        ("example.com/v1", "widget\\0"),
    ];
    for (api_version, kind) in names {
        let text = format!(
            "apiVersion: \"{api_version}\"\nkind: \"{kind}\"\nmetadata: {{name: w}}\nspec: {{}}\n"
        );
        folder.write("x.yaml", text);
        for place in [
            "schemas",
            "schemas/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json",
            "schemas/{{.ResourceKind}}{{.KindSuffix}}.json",
        ] {
            let ran = folder.check(["--no-config", "--schema-location", place, "x.yaml"]);
            assert!(
                !ran.out.contains(canary) && !ran.err.contains(canary),
                "{kind}: {ran:?}"
            );
        }
    }
}

/// A folder of scratch files, or a home folder, is nobody's repository.
#[test]
fn outside_of_a_repository_only_what_is_named_is_read() {
    let folder = TempFolder::new();
    fs::remove_dir(folder.path(".git")).unwrap();
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: all}\nrules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]\n";
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: all}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all}\nsubjects: [{kind: Group, apiGroup: rbac.authorization.k8s.io, name: devs}]\n";
    folder.write("role.yaml", role);
    folder.write("bindings/b.yaml", binding);
    folder.write(
        "kustomization.yaml",
        "resources: [x.yaml]\nimages: [{name: web, newTag: '1'}]\n",
    );
    folder.write("x.yaml", POD);
    let alone = folder.check_in("json", ["role.yaml"]);
    assert!(!alone.out.contains("bindings/b.yaml"), "{}", alone.out);
    // In a repository the role's finding names the binding.
    fs::create_dir(folder.path(".git")).unwrap();
    let beside = folder.check_in("json", ["role.yaml"]);
    assert!(beside.out.contains("bindings/b.yaml"), "{}", beside.out);
    fs::remove_dir(folder.path(".git")).unwrap();
    // A folder that is named is the root, and git ignores nothing where there is no git.
    folder.write("sub/.gitignore", "y.yaml\n");
    folder.write("sub/y.yaml", POD);
    folder
        .check(["sub"])
        .assert_finding(&at("sub/y.yaml"), PRIVILEGED)
        .assert_note("in 1 file with");
}
