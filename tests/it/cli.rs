//! What a user sees: testdata/cases/NAME, and testdata/clusters/FORM/{hardened,broken,stock} for each form of a cluster's configuration, holds `cmd` (the arguments), perhaps `stdin` and files, and `expected` (stdout, stderr and
//! exit status). `UPDATE=1 cargo test` writes `expected` anew; its difference is then what the change does to users.
#![expect(clippy::disallowed_methods, reason = "tests read their cases")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs the built program in a folder.
pub(crate) fn kubevet(
    folder: &Path,
    arguments: &[&str],
    stdin: &[u8],
) -> (String, String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kubevet"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read has closed its end: no concern of the case.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

/// The summary with `N rules` in place of their number, which grows with each new one.
fn without_number_of_rules(text: &str) -> String {
    let Some((before, behind)) = text.split_once(" with ") else {
        return text.to_owned();
    };
    let number = behind.bytes().take_while(u8::is_ascii_digit).count();
    match behind.get(number..) {
        Some(rest) if number > 0 && rest.starts_with(" rules") => format!("{before} with N{rest}"),
        _ => format!("{before} with {}", without_number_of_rules(behind)),
    }
}

#[test]
fn cases_print_what_they_printed() {
    let mut wrong = Vec::new();
    let folders = |of: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(of).unwrap();
        entries.map(|e| e.unwrap().path()).collect()
    };
    let mut cases = folders(Path::new("testdata/cases"));
    cases.extend(
        folders(Path::new("testdata/clusters"))
            .iter()
            .flat_map(|form| folders(form)),
    );
    cases.sort();
    assert!(cases.len() > 50);
    for case in cases {
        let cmd = fs::read_to_string(case.join("cmd")).unwrap();
        let arguments: Vec<&str> = cmd.split_whitespace().collect();
        let stdin = fs::read(case.join("stdin")).unwrap_or_default();
        let (out, err, code) = kubevet(&case, &arguments, &stdin);
        let err = without_number_of_rules(&err);
        let found = format!("{out}--- stderr\n{err}--- exit {}\n", code.unwrap_or(-1));
        let path = case.join("expected");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &found).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if found != expected {
            wrong.push(format!(
                "{}:\n--- expected\n{expected}\n--- found\n{found}",
                case.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
