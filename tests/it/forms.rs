//! Each form of cluster configuration has all of its parts: its file, its rows in the tables, and its clusters.
#![expect(clippy::disallowed_methods, reason = "tests read the repository")]

use kubevet::component::forms;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The first column of a table of `schemas/components`.
fn first_column(table: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(format!("schemas/components/{table}.tsv")).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| row.split('\t').next().unwrap().to_owned())
        .collect()
}

/// What the cases of a form and kind print: of `testdata/clusters/FORM` and of `testdata/clusters/FORM-VARIANT`.
fn printed(form: &str, kind: &str) -> Vec<String> {
    let folders = fs::read_dir("testdata/clusters").unwrap();
    let names = folders.map(|f| f.unwrap().file_name().into_string().unwrap());
    let own = names.filter(|name| form_of(name) == Some(form));
    own.filter_map(|name| {
        let case = Path::new("testdata/clusters").join(name).join(kind);
        fs::read_to_string(case.join("expected")).ok()
    })
    .collect()
}

/// The form that a folder of clusters belongs to.
fn form_of(folder: &str) -> Option<&'static str> {
    let mut names = forms::ALL.iter().map(|form| form.name);
    names.find(|name| {
        folder
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

#[test]
fn every_form_has_its_file_and_is_listed_once() {
    let mut with_form = BTreeSet::new();
    for entry in fs::read_dir("src/component").unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        if text.contains("static FORM: Form") {
            let stem = path.file_stem().unwrap().to_str().unwrap();
            with_form.insert(stem.replace('_', "-"));
        }
    }
    let listed: Vec<_> = forms::ALL.iter().map(|form| form.name.to_owned()).collect();
    let unique: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), unique.len(), "a form is listed twice");
    assert_eq!(unique, with_form, "named like its file");
}

#[test]
fn every_form_has_three_clusters() {
    for form in forms::ALL {
        let name = form.name;
        let [hardened, broken, stock] =
            ["hardened", "broken", "stock"].map(|kind| printed(name, kind));
        let silent = |out: &String| out.starts_with("--- stderr") && out.ends_with("exit 0\n");
        assert!(!hardened.is_empty(), "{name} has no hardened cluster");
        assert!(hardened.iter().all(silent), "{name}: hardened is silent");
        assert!(!broken.is_empty(), "{name} has no broken cluster");
        assert!(!broken.iter().any(silent), "{name}: broken is not silent");
        assert!(!stock.is_empty(), "{name} has no stock cluster");
    }
    for folder in fs::read_dir("testdata/clusters").unwrap() {
        let folder = folder.unwrap().file_name().into_string().unwrap();
        assert!(form_of(&folder).is_some(), "{folder} belongs to no form");
    }
}

#[test]
fn every_form_has_its_rows_and_every_row_a_form() {
    let mut defaults = first_column("distribution-defaults");
    defaults.extend(first_column("file-defaults"));
    // What the program does that nothing is said to.
    defaults.remove("");
    let named: BTreeSet<_> = forms::ALL
        .iter()
        .map(|form| form.distribution.to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(defaults, named);
    let programs = ["etcd", "kube-proxy", "kube-scheduler", "kubelet"];
    for name in first_column("fields") {
        let known = named.contains(&name) || programs.contains(&name.as_str()) || name == "tracing";
        assert!(known, "fields.tsv: {name} is no form");
    }
}
