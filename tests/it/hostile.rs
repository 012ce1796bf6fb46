//! Input that is broken, odd or meant to do harm, and what a user notices when the program meets it. What all of it has in common
//! is asserted of every run, see `assert_harmless`. scripts/hostile.py runs what is too heavy for here.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests are about files and what the program does with them"
)]

use kubevet::output;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// No run needs a second of it; one that hangs must not take the whole test run with it.
const LIMIT: Duration = Duration::from_secs(60);

/// Every format that the program has, so that a new one is attacked by itself.
fn formats() -> impl Iterator<Item = &'static str> {
    output::FORMATS.iter().map(|(name, _)| *name)
}

/// A document with a finding at line 8, column 37.
pub(crate) const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
    - name: app
      image: registry.example.com/app:1.0.0
      securityContext: {privileged: true}
";

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n";

/// Bidirectional controls and characters of no width, as Unicode Technical Report 36 has them.
const INVISIBLE: [char; 14] = [
    '\u{61C}', '\u{200B}', '\u{200D}', '\u{200E}', '\u{200F}', '\u{202A}', '\u{202C}', '\u{202E}',
    '\u{2060}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{FEFF}',
];

/// A folder that is gone after the test. It is marked as a repository, so that its root is known wherever it lies.
pub(crate) struct TempFolder(PathBuf);

impl TempFolder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "kubevet-hostile-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(folder.path(".git")).unwrap();
        folder
    }

    /// With one file, `x.yaml`.
    pub(crate) fn with(content: impl AsRef<[u8]>) -> Self {
        let folder = Self::new();
        folder.write("x.yaml", content);
        folder
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs `kubevet check` in the folder; its output is compact.
    #[track_caller]
    pub(crate) fn check(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        self.check_in("compact", arguments)
    }

    #[track_caller]
    pub(crate) fn check_in(
        &self,
        format: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Ran {
        let mut command = kubevet(&self.0, format);
        command.args(arguments);
        let ran = run(command, b"", LIMIT);
        ran.assert_harmless(format);
        ran
    }

    #[track_caller]
    pub(crate) fn check_stdin(&self, arguments: &[&str], stdin: &[u8]) -> Ran {
        let mut command = kubevet(&self.0, "compact");
        command.args(arguments);
        let ran = run(command, stdin, LIMIT);
        ran.assert_harmless("compact");
        ran
    }

    /// The finding about the privileged container of `x.yaml`, as JSON tells it.
    fn privileged(&self) -> Value {
        let ran = self.check_in("json", ["x.yaml"]);
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        let findings = json["findings"].as_array().unwrap().iter();
        let mut found = findings.filter(|f| f["rule"] == "pod/privileged-container");
        found.next().expect("it is found").clone()
    }

    /// All that lies in the folder: names, contents and when they were changed.
    fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
        let entries = walkdir::WalkDir::new(&self.0).sort_by_file_name();
        let entries = entries.into_iter().map(Result::unwrap);
        entries
            .map(|e| {
                let changed = e.metadata().unwrap().modified().unwrap();
                let content = fs::read(e.path()).unwrap_or_default();
                (e.into_path(), content, changed)
            })
            .collect()
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        if fs::remove_dir_all(&self.0).is_err() {
            // A test that failed has left something locked.
            let _ = Command::new("chmod")
                .args(["-R", "u+rwx"])
                .arg(&self.0)
                .status();
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// `kubevet check` in a folder.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubevet"));
    command.current_dir(folder).arg("check");
    command
}

/// The same in a format, without colours.
fn kubevet(folder: &Path, format: &str) -> Command {
    let mut command = program(folder);
    command.args(["--color", "never", "--output-format", format]);
    command
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ran {
    code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command to its end, or fails when it has taken longer than `limit`.
fn run(mut command: Command, stdin: &[u8], limit: Duration) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |from: &mut dyn Read| {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).expect("output is UTF-8")
    };
    thread::scope(|scope| {
        // A program that ends without reading has closed its end: no concern of the test.
        scope.spawn(move || input.write_all(stdin));
        let out = scope.spawn(move || read(&mut stdout));
        let err = scope.spawn(move || read(&mut stderr));
        let code = wait(&mut child, limit);
        let (out, err) = (out.join().unwrap(), err.join().unwrap());
        Ran { code, out, err }
    })
}

fn wait(child: &mut Child, limit: Duration) -> i32 {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().expect("it ended by itself");
        }
        if start.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("still running after {limit:?}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Characters that make a terminal do something, or text look other than it is.
fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n')
        || INVISIBLE.contains(&c)
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}')
}

/// Whether a line is a whole annotation, and nothing of its text one more property or command.
fn is_annotation(line: &str) -> bool {
    const NAMES: [&str; 6] = ["file", "line", "endLine", "col", "endColumn", "title"];
    let level = ["error", "warning", "notice"]
        .into_iter()
        .find_map(|level| {
            line.strip_prefix("::")?
                .strip_prefix(level)?
                .strip_prefix(' ')
        });
    let Some((properties, _)) = level.and_then(|rest| rest.split_once("::")) else {
        return false;
    };
    let names: Vec<&str> = properties
        .split(',')
        .map(|p| p.split_once('=').map_or("", |(name, _)| name))
        .collect();
    let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    names.iter().all(|name| NAMES.contains(name))
        && names.len() == distinct.len()
        && !properties.contains(':')
        && !line.contains("##[")
}

impl Ran {
    /// Whatever the input: no terminal and no CI runner obeys it, and no defect shows.
    #[track_caller]
    fn assert_harmless(&self, format: &str) {
        for output in [&self.out, &self.err] {
            let harmful = output.char_indices().find(|(_, c)| is_harmful(*c));
            assert!(harmful.is_none(), "{harmful:?} in {output:?}");
            // GitHub's runner takes off blanks before it looks for the first, and looks for the other anywhere.
            let mut commands = output
                .lines()
                .filter(|l| l.trim_start().starts_with("::") || l.contains("##["));
            let ours = |l: &&str| format == "github" && is_annotation(l);
            let command = commands.find(|l| !ours(l));
            assert!(command.is_none(), "{command:?}");
        }
        assert!((0..=2).contains(&self.code), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        assert!(!self.out.contains("kubevet/panic"), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// A line of compact output that begins and goes on like this.
    #[track_caller]
    pub(crate) fn assert_finding(&self, place: &str, rule: &str) -> &Self {
        let line = |l: &str| l.starts_with(&format!("{place}: ")) && l.contains(rule);
        assert!(
            self.out.lines().any(line),
            "no {rule} at {place} in {self:?}"
        );
        self
    }

    #[track_caller]
    fn assert_said(&self, text: &str) -> &Self {
        assert!(self.out.contains(text), "no {text:?} in {self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn assert_note(&self, text: &str) -> &Self {
        assert!(self.err.contains(text), "no {text:?} in {:?}", self.err);
        self
    }
}

fn concat<T>(of: impl IntoIterator<Item = T>, text: impl Fn(T) -> String) -> String {
    of.into_iter().map(text).collect()
}

/// Fails unless the file's container is found where it is, in every format.
#[track_caller]
fn assert_pod_found(content: &[u8], line: u32, column: u32) {
    let folder = TempFolder::with(content);
    let place = format!("x.yaml:{line}:{column}");
    let ran = folder.check(["x.yaml"]);
    ran.assert_code(1)
        .assert_finding(&place, "pod/privileged-container");
    ran.assert_note("checked 1 object in 1 file");
    let graphical = folder.check_in("graphical", ["x.yaml"]);
    let shown = format!("{line} │       securityContext: {{privileged: true}}");
    assert!(graphical.out.contains(&shown), "{}", graphical.out);
    let finding = folder.privileged();
    assert_eq!(
        (finding["line"].as_u64(), finding["column"].as_u64()),
        (Some(line.into()), Some(column.into()))
    );
}

/// Fails unless a run over the file says that it holds nothing, and takes that for a failure only if it is told to.
#[track_caller]
fn assert_nothing_to_check(content: &[u8]) {
    let folder = TempFolder::with(content);
    let ran = folder.check(["x.yaml"]);
    ran.assert_code(0).assert_note("found nothing to check");
    assert_eq!(ran.out, "");
    folder.check(["--strict", "x.yaml"]).assert_code(2);
    // What lies beside it is not lost.
    folder.write("pod.yaml", POD);
    folder
        .check(["."])
        .assert_code(1)
        .assert_finding("pod.yaml:8:37", "pod/privileged-container");
}

#[test]
fn empty_file() {
    assert_nothing_to_check(b"");
}

#[test]
fn file_of_comments() {
    assert_nothing_to_check(b"# apiVersion: v1\n# kind: Pod\n---\n# and no more\n");
}

#[test]
fn file_of_separators_and_blanks() {
    assert_nothing_to_check(b"---\n--- # x\n \t\r\n\n---");
}

#[test]
fn crlf() {
    assert_pod_found(POD.replace('\n', "\r\n").as_bytes(), 8, 37);
}

#[test]
fn lone_cr() {
    assert_pod_found(POD.replace('\n', "\r").as_bytes(), 8, 37);
}

#[test]
fn byte_order_mark() {
    assert_pod_found(format!("\u{FEFF}{POD}").as_bytes(), 8, 37);
}

#[test]
fn utf16() {
    for unit in [u16::to_le_bytes, u16::to_be_bytes] {
        let text = format!("\u{FEFF}# é\n{POD}# end");
        let mut bytes: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
        assert_pod_found(&bytes, 9, 37);
        // Cut in the middle of a character.
        bytes.push(b'#');
        assert_pod_found(&bytes, 9, 37);
    }
}

#[test]
fn invalid_utf8() {
    let bytes = [b"# \xFF\xC3\n", POD.as_bytes(), b"  x: \xF0\x9F\n"].concat();
    assert_pod_found(&bytes, 9, 37);
}

/// Bytes of the file under the first finding, by the offsets that JSON tells.
#[test]
fn byte_offsets_are_those_of_the_file() {
    for text in [
        POD.to_owned(),
        POD.replace('\n', "\r\n"),
        POD.replace('\n', "\r"),
        format!("\u{FEFF}# é\n{POD}"),
    ] {
        let finding = TempFolder::with(&text).privileged();
        let offset = |field: &str| usize::try_from(finding[field].as_u64().unwrap()).unwrap();
        assert_eq!(
            &text[offset("start_byte")..offset("end_byte")],
            "true",
            "{text:?}"
        );
    }
}

/// All characters that kubectl refuses, and those that deceive.
fn evil_characters() -> impl Iterator<Item = char> {
    let controls = ('\0'..='\u{9F}').filter(|c| c.is_control() && !"\t\n\r\u{85}".contains(*c));
    controls
        .chain(INVISIBLE)
        .chain(['\u{85}', '\u{2028}', '\u{2029}'])
}

#[test]
fn raw_control_characters() {
    // Each in a document of its own, in a name, a value and a comment, beside something that makes an excerpt show it.
    let documents = evil_characters().flat_map(|c| {
        [
            POD.replace("app\n", &format!("app{c}[31mred\n")),
            POD.replace("name: p", &format!("name: p{c}")),
            POD.replace(
                "true}",
                &format!("true, seLinuxOptions: {{user: 'a{c}b'}}}}"),
            ),
            POD.replace("true}", &format!("true}} # a{c}]0;title")),
            POD.replace("metadata", &format!("a{c}b: 1\na{c}b: 2\nmetadata")),
        ]
    });
    let text = documents.collect::<Vec<_>>().join("---\n") + "---\n" + POD;
    let folder = TempFolder::with(&text);
    for format in formats() {
        folder.check_in(format, ["x.yaml"]).assert_code(1);
    }
    let ran = folder.check(["x.yaml"]);
    assert!(ran.out.contains("yaml/control-character"), "{}", ran.out);
    // The document behind all of them is still checked.
    let place = format!("x.yaml:{}:37", text.lines().count());
    ran.assert_finding(&place, "pod/privileged-container");
}

#[test]
fn escaped_control_characters() {
    let escapes = concat(evil_characters(), |c| format!("\\u{:04x}", u32::from(c)));
    let evil = format!("\"\\e[31m\\e]0;x\\a\\x9b2J{escapes}\"");
    let text = POD
        .replace("name: app", &format!("name: {evil}"))
        .replace("name: p}", &format!("name: {evil}, namespace: {evil}}}"))
        .replace("spec:", &format!("{evil}: 1\n{evil}: 2\nspec:"));
    let folder = TempFolder::with(text);
    for format in formats() {
        let ran = folder.check_in(format, ["x.yaml"]);
        ran.assert_code(1);
        let escape = if format.starts_with("json") {
            r"\u001b[31m"
        } else {
            r"\u{1b}[31m"
        };
        assert!(ran.out.contains(escape), "{}", ran.out);
    }
    folder
        .check(["x.yaml"])
        .assert_finding("x.yaml:10:37", "pod/privileged-container")
        .assert_finding("x.yaml:5:1", "yaml/duplicate-key");
}

/// Everything but `ESC [ … m`.
fn without_colors(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        let (parameters, rest) = part.split_once('m').expect("a sequence ends");
        assert!(
            parameters.chars().all(|c| c.is_ascii_digit() || c == ';'),
            "{parameters:?}"
        );
        plain.push_str(rest);
    }
    plain
}

#[test]
fn color_is_the_only_control_sequence() {
    let evil = "\"\\e]0;title\\a\\e[2J\\x9b\\u202e\"";
    let text = POD.replace("name: app", &format!("name: {evil}"))
        + "---\n"
        + &POD.replace("true}", "true} # \u{1b}[2J\u{9b}\u{202e}\u{7f}");
    let folder = TempFolder::with(text);
    let mut command = program(&folder.0);
    command.args([
        "--color",
        "always",
        "--output-format",
        "graphical",
        "x.yaml",
    ]);
    let ran = run(command, b"", LIMIT);
    assert!(ran.out.contains("\u{1b}["), "{:?}", ran.out);
    let plain = Ran {
        out: without_colors(&ran.out),
        ..ran
    };
    plain.assert_code(1).assert_harmless("graphical");
    assert!(
        plain.out.contains(r"\u{1b}]0;title\u{7}\u{1b}[2J"),
        "{}",
        plain.out
    );
}

#[test]
fn invisible_characters_of_lesser_fame() {
    // Format characters of no width (general category Cf) outside of the blocks that everybody thinks of.
    let evil = ['\u{AD}', '\u{180E}', '\u{206A}', '\u{206F}', '\u{1D173}'];
    let name: String = evil.iter().collect();
    let text = POD.replace("name: app", &format!("name: 'app{name}' # {name}"));
    let folder = TempFolder::with(text.replace("true}", &format!("true}} # {name}")));
    for format in formats() {
        let ran = folder.check_in(format, ["x.yaml"]);
        ran.assert_code(1);
        let shown: Vec<char> = ran.out.chars().filter(|c| evil.contains(c)).collect();
        assert!(shown.is_empty(), "{format}: {shown:?}");
    }
}

#[test]
fn bidirectional_text() {
    // The "trojan source": what is read as a comment is none, and the other way round.
    let text = POD.replace(
        "true}",
        "true} # \u{202e}}eslaf :degelivirp{\u{2066} \u{2069}",
    ) + "---\n"
        + &POD.replace("name: app", "name: \"\u{202e}ppa\u{2066}\"");
    let folder = TempFolder::with(text);
    for format in formats() {
        folder.check_in(format, ["x.yaml"]).assert_code(1);
    }
    let ran = folder.check(["x.yaml"]);
    ran.assert_finding("x.yaml:8:37", "pod/privileged-container");
    ran.assert_finding("x.yaml:17:37", r"\u{202e}ppa\u{2066}");
}

#[test]
fn commands_to_ci_runners_in_names() {
    for command in [
        "::error::x",
        "::stop-commands::x",
        "##[error]x",
        "###[error]x",
    ] {
        let evil = format!("\"\\n{command}\\r\\n{command}\\u2028{command}\"");
        let text = POD
            .replace("name: app", &format!("name: {evil}"))
            .replace("name: p}", &format!("name: {evil}}}"))
            .replace("spec:", &format!("{evil}: 1\n{evil}: 2\nspec:"))
            + &format!("# kubevet: ignore[{command}] {command}\n---\n")
            + &POD.replace("app\n", &format!("|-\n\n        a\n        {command}\n"));
        let folder = TempFolder::with(text);
        for format in formats() {
            let ran = folder.check_in(format, ["x.yaml"]);
            ran.assert_code(1);
            let what = command.trim_start_matches('#');
            assert!(ran.out.contains(what), "{format} {command}: {}", ran.out);
        }
    }
}

#[test]
fn commands_to_ci_runners_in_what_an_excerpt_shows() {
    let comment = "##[error]x\n::error::x\n  ::error::x\n";
    let lines = comment.lines().map(|l| format!("# {l}\n"));
    let text = POD.to_owned() + &lines.collect::<String>();
    let folder = TempFolder::with(text);
    folder.check_in("graphical", ["x.yaml"]).assert_code(1);
}

#[test]
fn commands_to_ci_runners_in_arguments() {
    // As a shell hands on the names that a pattern matches.
    let folder = TempFolder::with(POD);
    for command in ["::error::x", "##[error]x"] {
        for argument in [
            format!("\n{command}.yaml"),
            format!("{command}/\u{1b}[31m"),
            format!("--{command}"),
            format!("--x\n{command}\u{1b}[31m\n.yaml"),
            format!("--exclude={{\n{command}"),
            format!("--fail-on=\n{command}"),
        ] {
            folder.check([&argument]).assert_code(2);
        }
        let name = format!("--stdin-filename=a\n{command}");
        let ran = folder.check_stdin(&[&name, "-"], POD.as_bytes());
        ran.assert_code(1);
    }
    let ran = folder.check_stdin(&["--stdin-filename=::error::x", "-"], POD.as_bytes());
    ran.assert_code(1);
}

#[test]
fn larger_than_the_limit() {
    let folder = TempFolder::with(POD);
    folder.write("large.yaml", POD.to_owned() + &"#".repeat(1000));
    let limited = ["--max-file-size", "1kB"];
    let note = "1 file is larger than --max-file-size (large.yaml";
    let ran = folder.check(limited.iter().chain(&["large.yaml"]));
    ran.assert_code(0).assert_note(note);
    let ran = folder.check(limited.iter().chain(&["--strict", "large.yaml"]));
    ran.assert_code(2).assert_note(note);
    let ran = folder.check(limited.iter().chain(&["."]));
    ran.assert_code(1).assert_note(note);
    ran.assert_finding("x.yaml:8:37", "pod/privileged-container");
    assert!(!ran.out.contains("large.yaml"), "{}", ran.out);
    let large = fs::read(folder.path("large.yaml")).unwrap();
    let ran = folder.check_stdin(&["--max-file-size", "1kB", "-"], &large);
    ran.assert_code(0)
        .assert_note("1 file is larger than --max-file-size (<stdin>");
}

#[test]
fn many_documents() {
    let small = format!("{CONFIG_MAP}---\n").repeat(18_899);
    let text = small + &format!("{POD}---\n").repeat(1_101);
    let ran = TempFolder::with(text).check(["x.yaml"]);
    ran.assert_code(1)
        .assert_note("checked 20000 objects in 1 file")
        .assert_note("1101 findings, 1000 shown");
    let lines = ran.out.lines();
    let lines = lines.filter(|l| l.contains("pod/privileged-container"));
    assert_eq!(lines.count(), 1000);
}

/// A pod with its finding silenced.
fn silenced(line_break: &str) -> String {
    POD.replace(
        "true}",
        "true} # kubevet: ignore[pod/privileged-container] it is a driver",
    )
    .replace('\n', line_break)
}

#[test]
fn suppression_with_crlf() {
    for line_break in ["\n", "\r\n", "\r"] {
        let folder = TempFolder::with(silenced(line_break));
        let ran = folder.check(["x.yaml"]);
        ran.assert_code(0).assert_note("1 suppressed");
        let finding = folder.privileged();
        assert_eq!(finding["reason"], "it is a driver");
    }
}

#[test]
fn more_suppressions_than_findings_are_kept() {
    let all = format!("{}---\n", silenced("\n")).repeat(1_100);
    let ran = TempFolder::with(&all).check(["x.yaml"]);
    ran.assert_code(0);
    assert_eq!(ran.out, "", "no suppression is called unused");
    let ran = TempFolder::with(all + POD).check(["x.yaml"]);
    ran.assert_code(1)
        .assert_finding("x.yaml:9908:37", "pod/privileged-container");
}

/// Fails unless the first document is a finding, and the one behind it is checked.
#[track_caller]
fn assert_next_is_checked(first: &str) {
    let folder = TempFolder::with(format!("{CONFIG_MAP}{first}\n---\n{POD}"));
    let line = 3 + first.lines().count() + 1 + 8;
    let ran = folder.check(["x.yaml"]);
    ran.assert_code(1);
    assert!(ran.out.contains("yaml/too-deep"), "{}", ran.out);
    ran.assert_finding(&format!("x.yaml:{line}:37"), "pod/privileged-container");
}

#[test]
fn nested_a_hundred_thousand_times() {
    const DEPTH: usize = 100_000;
    for open in ["[", "- ", "{a: ", "? ", "[{a: ", "{\"a\": ["] {
        let prefix = if open.starts_with(['-', '?']) {
            "data:\n  "
        } else {
            "data: "
        };
        let text = format!("{prefix}{}", open.repeat(DEPTH));
        assert_next_is_checked(&text);
    }
    let closed = format!("data: {}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    assert_next_is_checked(&closed);
    let json = format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"data\": {}{}}}",
        "[".repeat(DEPTH),
        "]".repeat(DEPTH)
    );
    let ran = TempFolder::with(json).check(["x.yaml"]);
    ran.assert_code(1);
    assert!(ran.out.contains("yaml/too-deep"), "{}", ran.out);
}

/// Fails unless the first document is refused with that finding, and the one behind it is checked.
#[track_caller]
fn assert_refused(first: &str, place: &str, rule: &str) {
    let text = format!("{CONFIG_MAP}{first}---\n{POD}");
    let line = text.lines().count();
    let ran = TempFolder::with(text).check(["x.yaml"]);
    ran.assert_code(1).assert_finding(place, rule);
    ran.assert_finding(&format!("x.yaml:{line}:37"), "pod/privileged-container");
}

#[test]
fn alias_bomb() {
    let bomb = concat(1..20, |i| {
        let aliases = vec![format!("*a{}", i - 1); 10].join(", ");
        format!("a{i}: &a{i} [{aliases}]\n")
    });
    let bomb = format!("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{bomb}");
    assert_refused(&bomb, "x.yaml:7:20", "yaml/alias-limit");
}

#[test]
fn alias_of_itself() {
    assert_refused("data: &d\n  a: *d\n", "x.yaml:5:6", "yaml/alias-limit");
    assert_refused("data: &d\n  <<: *d\n", "x.yaml:5:7", "yaml/alias-limit");
}

#[test]
fn chain_of_aliases() {
    let chain = concat(1..20_000, |i| format!("\na{i}: &a{i} [*a{}]", i - 1));
    let chain = format!("a0: &a0 [x]{chain}");
    assert_next_is_checked(&chain);
}

#[test]
fn many_comment_lines_behind_a_key() {
    let text = POD.replace("spec:\n", &format!("spec:\n{}", "  # x\n".repeat(200)));
    assert_pod_found(text.as_bytes(), 208, 37);
    // Where comments are looked at.
    let text = text.replace("# x\n", "# kubevet: nothing\n");
    assert_pod_found(text.as_bytes(), 208, 37);
}

#[test]
fn line_of_a_megabyte() {
    for filler in ["x", "é", "\u{202e}"] {
        let filler = filler.repeat(1_000_000);
        let text = format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {{\"name\": \"p\", \"annotations\": {{\"a\": \"{filler}\"}}}}, \
             \"spec\": {{\"containers\": [{{\"name\": \"app\", \"image\": \"registry.example.com/app:1.0.0\", \
             \"securityContext\": {{\"privileged\": true}}}}]}}}}"
        );
        let before = &text[..text.find("true").unwrap()];
        let column = before.chars().count() + 1;
        let folder = TempFolder::with(&text);
        let ran = folder.check(["x.yaml"]);
        ran.assert_code(1)
            .assert_finding(&format!("x.yaml:1:{column}"), "pod/privileged-container");
        assert!(ran.out.len() < 1000, "{} bytes", ran.out.len());
        let ran = folder.check_in("graphical", ["x.yaml"]);
        assert!(
            ran.out.contains(&format!("x.yaml:1:{column}]")),
            "{}",
            ran.out
        );
        assert!(ran.out.contains("{\"privileged\": true}"), "{}", ran.out);
        assert!(ran.out.len() < 2000, "{} bytes", ran.out.len());
        let widest = ran.out.lines().map(|l| l.chars().count()).max().unwrap();
        assert!(widest <= 80, "{widest} columns");
    }
}

#[test]
fn much_of_the_same_in_one_document() {
    // Each must cost no more than the one before it: the square of these takes longer than a run may.
    let keys = |n| concat(0..n, |i| format!("  k{i}: v\n"));
    let suppressions = concat(0..5_000, |i| {
        format!("  k{i}: v # kubevet: ignore[a/{i}]\n")
    });
    let merging = format!("x: &x {{y: z}}\n{SECRET}");
    let encryption =
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
    let provider = "- {resources: [secrets], providers: [{identity: {}}]}\n";
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.b.c}\nspec:\n  \
         group: b.c\n  scope: Cluster\n  names: {kind: A, plural: a}\n  versions:\n  - name: v1\n    served: true\n    \
         schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n";
    let properties = |with| concat(0..30_000, |i| format!("            k{i}: {with}\n"));
    let (described, restricted) = (properties("{type: string}"), properties("{minLength: 1}"));
    for text in [
        format!("{SECRET}{}", keys(20_000)),
        format!("{SECRET}{}", "  k: v\n".repeat(20_000)),
        format!("{SECRET}{suppressions}"),
        format!("{merging}{}{}", keys(2_000), "  <<: *x\n".repeat(2_000)),
        format!("{encryption}{}", provider.repeat(5_000)),
        format!("{definition}{described}        anyOf:\n        - properties:\n{restricted}"),
        POD.to_owned() + &"    - {name: a, image: a}\n".repeat(5_000),
    ] {
        let ran = TempFolder::with(text).check(["x.yaml"]);
        ran.assert_code(1).assert_note("checked 1 object");
    }
}

#[test]
fn file_that_is_not_there() {
    let folder = TempFolder::with(POD);
    let ran = folder.check(["no.yaml", "x.yaml"]);
    ran.assert_code(2).assert_note("could not be read (no.yaml");
    ran.assert_finding("x.yaml:8:37", "pod/privileged-container");
    folder.check(["no/no.yaml"]).assert_code(2);
    // A file where a folder is expected.
    folder.check(["x.yaml/x.yaml"]).assert_code(2);
}

#[test]
fn empty_folder() {
    let folder = TempFolder::new();
    let ran = folder.check(["."]);
    ran.assert_code(0).assert_note("found nothing to check");
    assert_eq!(ran.out, "");
    folder.check(["--strict", "."]).assert_code(2);
}

#[test]
fn folder_that_is_named_like_a_file() {
    let folder = TempFolder::new();
    folder.write("x.yaml/y.yaml", POD);
    for path in [".", "x.yaml"] {
        let ran = folder.check([path]);
        ran.assert_code(1)
            .assert_finding("x.yaml/y.yaml:8:37", "pod/privileged-container");
    }
}

#[test]
fn names_that_are_odd() {
    let folder = TempFolder::new();
    let long = "n".repeat(250) + ".yaml";
    let names = [
        "a b.yaml",
        " .yaml",
        "[a].yaml",
        "{a,b}.yaml",
        "!x.yaml",
        "#x.yaml",
        "$HOME.yaml",
        "%0A::error::x.yaml",
        "'.yaml",
        "x.yaml.yaml",
        "X.YAML",
        "é🦀.yml",
        "~/x.yaml",
        "...yaml",
        "-",
        "-.yaml",
        long.as_str(),
    ];
    for name in names {
        folder.write(name, POD);
    }
    let ran = folder.check(["."]);
    ran.assert_code(1);
    for name in names.into_iter().filter(|n| *n != "-") {
        ran.assert_finding(&format!("{name}:8:37"), "pod/privileged-container");
        let named = folder.check(["--", name]);
        named
            .assert_code(1)
            .assert_finding(&format!("{name}:8:37"), "pod/privileged-container");
    }
    // Standard input goes by that name, the file does not.
    folder.check(["--", "-"]).assert_code(0);
    folder.check(["--", "./-"]).assert_code(1);
}

#[test]
fn name_that_begins_with_a_dash() {
    let folder = TempFolder::new();
    folder.write("-x.yaml", POD);
    for arguments in [["--", "-x.yaml"], ["--", "."]] {
        let ran = folder.check(arguments);
        ran.assert_code(1)
            .assert_finding("-x.yaml:8:37", "pod/privileged-container");
    }
    folder.check(["-x.yaml"]).assert_code(2);
}

#[test]
fn broken_document_beside_good_ones() {
    let broken = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n   labels: {}\n";
    let folder = TempFolder::with(format!("{POD}---\n{broken}---\n{POD}"));
    folder.write("broken.yaml", broken);
    folder.write("not-ours.yaml", "- hosts: all\n   x: y\n");
    folder.write("y.yaml", POD);
    let ran = folder.check(["."]);
    ran.assert_code(1)
        .assert_finding("broken.yaml:5:10", "yaml/syntax")
        .assert_finding("x.yaml:8:37", "pod/privileged-container")
        .assert_finding("x.yaml:14:10", "yaml/syntax")
        .assert_finding("x.yaml:23:37", "pod/privileged-container")
        .assert_finding("y.yaml:8:37", "pod/privileged-container");
    assert!(!ran.out.contains("not-ours"), "{}", ran.out);
}

#[test]
fn two_documents_glued() {
    let flow = "{apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {hostPID: true}}\n";
    // Where the second begins, and what is said there. The third is always whole.
    for (glue, place, rule) in [
        ("--- ", "x.yaml:9:1", "yaml/glued-separator"),
        ("---", "x.yaml:9:1", "yaml/glued-separator"),
        ("...\n", "x.yaml:10:1", "yaml/dropped-document"),
    ] {
        let text = format!("{POD}{glue}{flow}---\n{POD}");
        let last = text.lines().count();
        let ran = TempFolder::with(text).check(["x.yaml"]);
        ran.assert_code(1)
            .assert_finding("x.yaml:8:37", "pod/privileged-container")
            .assert_finding(place, rule)
            .assert_finding(&format!("x.yaml:{last}:37"), "pod/privileged-container");
    }
    // No separator at all.
    let ran = TempFolder::with(format!("{POD}{POD}---\n{POD}")).check(["x.yaml"]);
    ran.assert_code(1)
        .assert_finding("x.yaml:9:1", "yaml/duplicate-key")
        .assert_finding("x.yaml:16:37", "pod/privileged-container")
        .assert_finding("x.yaml:25:37", "pod/privileged-container");
    // kubectl reads JSON objects one after the other, whatever stands between them.
    let json = r#"{"apiVersion": "v1", "kind": "Pod", "spec": {"hostPID": true}}"#;
    let ran = TempFolder::with(format!("{json}{json}\n{json}")).check(["x.yaml"]);
    ran.assert_code(1)
        .assert_note("checked 3 objects")
        .assert_finding("x.yaml:1:57", "pod/host-pid")
        .assert_finding("x.yaml:1:119", "pod/host-pid")
        .assert_finding("x.yaml:2:57", "pod/host-pid");
}

const PASSWORD: &str = "hunter2-correct-horse";

/// Fails if the password of any of these texts is shown; `PASSWORD` stands in them for itself.
#[track_caller]
fn assert_not_shown(texts: &[(&str, String)]) {
    let mut shown = Vec::new();
    for (name, text) in texts {
        let text = text.replace("PASSWORD", PASSWORD);
        let folder = TempFolder::with(text);
        for format in formats() {
            let ran = folder.check_in(format, ["x.yaml"]);
            ran.assert_code(1);
            for line in ran.out.lines().chain(ran.err.lines()) {
                if line.contains(PASSWORD) {
                    shown.push(format!("{name}, {format}: {line}"));
                }
            }
        }
    }
    assert!(shown.is_empty(), "\n{}", shown.join("\n"));
}

#[test]
fn password_in_a_secret_that_is_no_yaml() {
    let open = format!("{SECRET}  password: \"PASSWORD\n");
    assert_not_shown(&[
        ("double quote", open.clone()),
        ("single quote", open.replace('"', "'")),
        ("bracket", open.replace('"', "[")),
        ("CRLF", open.replace('\n', "\r\n")),
        ("byte order mark", format!("\u{FEFF}{open}")),
        ("a neighbour", format!("{open}---\n{POD}")),
        ("second line", open.replace("\"P", "\"x\n    P")),
        ("block", open.replace("\"P", "|\n    P") + "   x: 'y\n"),
        ("tab", open.replace("  password: \"", "\tpassword: ")),
        ("alias", open.replace('"', "*")),
        ("not base64", open.replace('"', "!!binary !")),
        ("control character", open.replace('"', "\u{1}")),
        (
            "JSON",
            r#"{"apiVersion": "v1", "kind": "Secret", "stringData": {"password": "PASSWORD"}, x}"#
                .to_owned(),
        ),
    ]);
}

#[test]
fn password_in_a_secret_that_is_no_yaml_with_lone_cr() {
    let open = format!("{SECRET}  password: \"PASSWORD\n");
    assert_not_shown(&[
        ("all", open.replace('\n', "\r")),
        (
            "behind a comment",
            format!("# x\n{}", open.replace('\n', "\r")),
        ),
    ]);
}

#[test]
fn password_in_a_secret_that_is_no_yaml_behind_a_key_that_is_shown() {
    let head = "apiVersion: v1\nkind: Secret\n";
    assert_not_shown(&[
        (
            "metadata",
            format!("{head}metadata: {{name: s, stringData: {{password: PASSWORD}}\n"),
        ),
        (
            "type",
            format!("{head}type: Opaque, stringData: {{password: PASSWORD}}\n"),
        ),
        (
            "name in a value",
            format!("{SECRET}  account: |\n    name: PASSWORD\n  b: \"open\n"),
        ),
    ]);
}

#[test]
fn password_in_a_secret_that_says_something_twice() {
    assert_not_shown(&[
        (
            "stringData",
            format!("{SECRET}  password: PASSWORD\nstringData:\n  a: b\n"),
        ),
        (
            "kind",
            format!("{SECRET}  password: PASSWORD\nkind: ConfigMap\n"),
        ),
        ("no separator", format!("{SECRET}  password: PASSWORD\n{POD}")),
        (
            "an environment variable",
            POD.to_owned()
                + "      env:\n        - name: PASSWORD_X\n          value: PASSWORD\n          value: x\n"
                    .replace("PASSWORD_X", "DB_PASSWD")
                    .as_str(),
        ),
    ]);
}

#[test]
fn password_in_a_secret_that_was_not_read() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {hostPID: true}}\n";
    let deep = "[".repeat(300) + &"]".repeat(300);
    // Short enough to be shown around what is found.
    let secret = "apiVersion: v1\nkind: Secret\nstringData: {password: PASSWORD}\n";
    assert_not_shown(&[
        ("behind an end mark", format!("{CONFIG_MAP}...\n{secret}")),
        ("behind a separator", format!("{CONFIG_MAP}--- {secret}")),
        (
            "rest of it behind a separator",
            format!("{SECRET}  a: b\n--- {{password: PASSWORD}}\n"),
        ),
        (
            "too deep, beside a finding",
            format!("{SECRET}  a: {deep}\n  password: PASSWORD\n---\n{pod}"),
        ),
    ]);
}

#[test]
fn standard_input() {
    let folder = TempFolder::new();
    let ran = folder.check_stdin(&["-"], POD.as_bytes());
    ran.assert_code(1)
        .assert_finding("<stdin>:8:37", "pod/privileged-container");
    let ran = folder.check_stdin(&["--stdin-filename", "a/b.yaml", "-"], POD.as_bytes());
    ran.assert_code(1)
        .assert_finding("a/b.yaml:8:37", "pod/privileged-container");
    let ran = folder.check_stdin(&["-"], b"");
    ran.assert_code(0).assert_note("found nothing to check");
    // Twice is once, and it goes with files.
    folder.write("x.yaml", POD);
    let ran = folder.check_stdin(&["-", "x.yaml", "-"], POD.as_bytes());
    ran.assert_code(1)
        .assert_note("checked 2 objects in 2 files");
    // More than a pipe holds, of something that is refused at its beginning.
    let large = "#".repeat(1_000_000);
    let ran = folder.check_stdin(&["--max-file-size", "1kB", "-"], large.as_bytes());
    ran.assert_code(0).assert_note("larger than");
}

/// A folder whose findings are more than a pipe holds.
fn much_output() -> TempFolder {
    TempFolder::with(format!("{POD}---\n").repeat(800))
}

#[test]
fn broken_pipe() {
    let folder = much_output();
    for format in formats() {
        let mut command = kubevet(&folder.0, format);
        command.arg("x.yaml").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        let code = wait(&mut child, LIMIT);
        let mut err = String::new();
        child.stderr.unwrap().read_to_string(&mut err).unwrap();
        assert!([0, 1].contains(&code), "{format}: {code} {err}");
        assert!(!err.contains("panicked"), "{format}: {err}");
        assert!(!err.contains("cannot write"), "{format}: {err}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn full_device() {
    let much = much_output();
    let little = TempFolder::with(POD);
    for (folder, format) in formats().flat_map(|f| [(&much, f), (&little, f)]) {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = kubevet(&folder.0, format);
        command.arg("x.yaml").stdin(Stdio::null());
        command.stdout(full).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let code = wait(&mut child, LIMIT);
        let mut err = String::new();
        child.stderr.unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(code, 2, "{format}: {err}");
        assert!(err.contains("cannot write"), "{format}: {err}");
    }
}

#[test]
fn files_that_vanish() {
    let folder = TempFolder::with(POD);
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for i in 0..20 {
                    folder.write(format!("a{i}.yaml"), POD);
                    folder.write(format!("sub{i}/a.yaml"), POD);
                }
                for i in 0..20 {
                    let _ = fs::remove_file(folder.path(format!("a{i}.yaml")));
                    let _ = fs::remove_dir_all(folder.path(format!("sub{i}")));
                }
            }
        });
        let runs = scope.spawn(|| {
            for _ in 0..30 {
                let ran = folder.check(["."]);
                ran.assert_finding("x.yaml:8:37", "pod/privileged-container");
            }
        });
        // Whatever has gone wrong, the other thread must learn of the end.
        let result = runs.join();
        done.store(true, Ordering::Relaxed);
        result.unwrap();
    });
}

/// What only Unix has: permissions, links, pipes, and names of any bytes.
#[cfg(unix)]
mod on_unix {
    use super::{CONFIG_MAP, Command, POD, TempFolder, formats, fs, kubevet, run};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::time::Duration;
    #[cfg(target_os = "linux")]
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn make_fifo(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn file_without_permission() {
        let folder = TempFolder::with(POD);
        folder.write("locked.yaml", POD);
        set_mode(&folder.path("locked.yaml"), 0);
        let ran = folder.check(["."]);
        ran.assert_code(1)
            .assert_finding("x.yaml:8:37", "pod/privileged-container");
        if fs::read(folder.path("locked.yaml")).is_ok() {
            // Root reads everything, and so does the program.
            ran.assert_finding("locked.yaml:8:37", "pod/privileged-container");
            return;
        }
        ran.assert_note("1 file could not be read (locked.yaml: Permission denied");
        folder.check(["--strict", "."]).assert_code(2);
        let ran = folder.check(["locked.yaml"]);
        ran.assert_code(2).assert_note("could not be read");
    }

    #[test]
    fn folder_without_permission() {
        let folder = TempFolder::with(POD);
        folder.write("locked/y.yaml", POD);
        set_mode(&folder.path("locked"), 0);
        let root = fs::read_dir(folder.path("locked")).is_ok();
        let ran = folder.check(["."]);
        let strict = folder.check(["--strict", "."]);
        let named = folder.check(["locked"]);
        set_mode(&folder.path("locked"), 0o755);
        ran.assert_code(1)
            .assert_finding("x.yaml:8:37", "pod/privileged-container");
        if root {
            ran.assert_finding("locked/y.yaml:8:37", "pod/privileged-container");
            return;
        }
        // As the user knows it, not where it lies on this machine.
        ran.assert_note("could not be read (locked: Permission denied");
        strict.assert_code(2);
        named
            .assert_code(2)
            .assert_note("could not be read (locked: Permission denied");
    }

    #[test]
    fn nothing_is_written() {
        let folder = TempFolder::with(POD);
        folder.write("sub/y.yaml", CONFIG_MAP);
        set_mode(&folder.path("sub"), 0o555);
        set_mode(&folder.0, 0o555);
        let before = folder.snapshot();
        let codes: Vec<i32> = formats()
            .map(|format| folder.check_in(format, ["."]).code)
            .collect();
        let after = folder.snapshot();
        set_mode(&folder.0, 0o755);
        set_mode(&folder.path("sub"), 0o755);
        assert!(codes.iter().all(|code| *code == 1), "{codes:?}");
        assert_eq!(before, after);
    }

    #[test]
    fn links_that_lead_round() {
        let folder = TempFolder::with(POD);
        folder.write("sub/y.yaml", POD);
        symlink("..", folder.path("sub/up")).unwrap();
        symlink("self.yaml", folder.path("self.yaml")).unwrap();
        symlink("b.yaml", folder.path("a.yaml")).unwrap();
        symlink("a.yaml", folder.path("b.yaml")).unwrap();
        symlink("nowhere.yaml", folder.path("dangling.yaml")).unwrap();
        let ran = folder.check(["."]);
        ran.assert_code(1)
            .assert_note("symbolic links were not followed")
            .assert_note("checked 2 objects in 2 files");
        let ran = folder.check(["sub/up"]);
        ran.assert_code(1).assert_note("checked 2 objects");
    }

    #[test]
    fn links_that_lead_nowhere_when_named() {
        let folder = TempFolder::with(POD);
        symlink("self.yaml", folder.path("self.yaml")).unwrap();
        symlink("nowhere.yaml", folder.path("dangling.yaml")).unwrap();
        for name in ["self.yaml", "dangling.yaml"] {
            // As any other name behind which there is no file.
            let ran = folder.check([name]);
            ran.assert_code(2).assert_note("could not be read");
        }
    }

    #[test]
    fn link_out_of_the_root() {
        let outside = TempFolder::with(POD);
        let folder = TempFolder::with(CONFIG_MAP);
        symlink(outside.path("x.yaml"), folder.path("link.yaml")).unwrap();
        symlink(&outside.0, folder.path("linked")).unwrap();
        let ran = folder.check(["."]);
        ran.assert_code(0)
            .assert_note("2 symbolic links were not followed (link.yaml, linked)")
            .assert_note("checked 1 object in 1 file");
        folder.check(["--strict", "."]).assert_code(2);
        let ran = folder.check(["link.yaml"]);
        ran.assert_note("outside the root (link.yaml");
        assert_eq!(ran.out, "");
        folder.check(["--strict", "link.yaml"]).assert_code(2);
        // Not even through a folder, where the root is told.
        for path in ["linked", "linked/x.yaml"] {
            let ran = folder.check(["--root", ".", path]);
            ran.assert_code(2).assert_note("outside the root");
            assert_eq!(ran.out, "");
        }
    }

    #[test]
    fn link_inside_of_the_root() {
        let folder = TempFolder::with(POD);
        symlink("x.yaml", folder.path("link.yaml")).unwrap();
        // It leads to what is checked anyway.
        let ran = folder.check(["."]);
        ran.assert_code(1)
            .assert_note("1 symbolic link was not followed (link.yaml)")
            .assert_note("checked 1 object in 1 file");
        let ran = folder.check(["link.yaml"]);
        ran.assert_code(1)
            .assert_finding("link.yaml:8:37", "pod/privileged-container");
    }

    #[test]
    fn pipe_instead_of_a_file() {
        let folder = TempFolder::with(POD);
        make_fifo(&folder.path("fifo.yaml"));
        let note = "1 path is not a regular file (fifo.yaml)";
        let ran = folder.check(["."]);
        ran.assert_code(1)
            .assert_note(note)
            .assert_finding("x.yaml:8:37", "pod/privileged-container");
        folder.check(["fifo.yaml"]).assert_note(note);
        folder.check(["--strict", "fifo.yaml"]).assert_code(2);
    }

    #[test]
    fn pipe_under_the_names_that_are_looked_for() {
        for name in [
            "kustomization.yaml",
            "Chart.yaml",
            "kubevet.yaml",
            ".kubevet.yaml",
            "a/kustomization.yaml",
        ] {
            let folder = TempFolder::new();
            folder.write("a/x.yaml", POD);
            make_fifo(&folder.path(name));
            for path in [".", "a/x.yaml"] {
                let ran = folder.check([path]);
                // Without its configuration the tool does not know what is asked for, and says so.
                if name.ends_with("kubevet.yaml") {
                    ran.assert_code(2).assert_note("is not a regular file");
                } else {
                    ran.assert_code(1)
                        .assert_finding("a/x.yaml:8:37", "pod/privileged-container");
                }
            }
        }
    }

    #[test]
    fn pipe_as_ignore_file() {
        // A repository can hold such a thing, as a link: to /dev/zero it would not end either, and take all memory.
        for (name, path) in [
            (".gitignore", "."),
            ("a/.gitignore", "."),
            (".git/info/exclude", "."),
            (".gitignore", "a"),
        ] {
            let folder = TempFolder::new();
            folder.write("a/x.yaml", POD);
            fs::create_dir(folder.path(".git/info")).unwrap();
            make_fifo(&folder.path("fifo"));
            symlink(folder.path("fifo"), folder.path(name)).unwrap();
            let mut command = kubevet(&folder.0, "compact");
            command.arg(path);
            let ran = run(command, b"", Duration::from_secs(10));
            ran.assert_code(1)
                .assert_finding("a/x.yaml:8:37", "pod/privileged-container");
        }
    }

    #[test]
    fn names_that_are_commands() {
        let folder = TempFolder::new();
        for name in [
            "::error file=x::.yaml",
            "  ::error::x.yaml",
            "new\n::error::x.yaml",
            "new\r\n##[error]x.yaml",
            "##[error]x.yaml",
            "::group::x/y.yaml",
            "\u{1b}[31m\u{9b}.yaml",
            "\u{202e}lmay.yaml",
            "\u{feff}::error::x.yaml",
            "back\\slash.yaml",
            "\t.yaml",
            "a:1:2: error[x] y.yaml",
        ] {
            folder.write(name, POD);
            for format in formats() {
                folder.check_in(format, ["--", name]).assert_code(1);
            }
        }
        // Not ours, but a note names it.
        make_fifo(&folder.path("pipe\n::error::x\u{1b}.yaml"));
        for format in formats() {
            folder.check_in(format, ["."]).assert_code(1);
        }
        folder
            .check(["."])
            .assert_note("checked 12 objects in 12 files")
            .assert_note(r"pipe\n::error::x\u{1b}.yaml")
            .assert_finding("./::error file=x::.yaml:8:37", "error[")
            .assert_finding(r"new\n::error::x.yaml:8:37", "error[");
    }

    // Other systems refuse such names.
    #[test]
    #[cfg(target_os = "linux")]
    fn name_that_is_not_utf8() {
        let folder = TempFolder::new();
        let name = OsStr::from_bytes(b"x\xff.yaml");
        folder.write(name, POD);
        for path in [OsStr::new("."), name] {
            let ran = folder.check([path]);
            ran.assert_code(1)
                .assert_finding("x\u{fffd}.yaml:8:37", "pod/privileged-container");
            for format in formats() {
                folder.check_in(format, [path]).assert_code(1);
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn names_that_differ_only_in_what_is_not_utf8() {
        let folder = TempFolder::new();
        for name in [b"x\xfe.yaml", b"x\xff.yaml"] {
            folder.write(OsStr::from_bytes(name), POD);
        }
        let ran = folder.check(["."]);
        ran.assert_code(1)
            .assert_note("checked 2 objects in 2 files");
    }
}

/// Schemas that a user gives come from somewhere, too.
#[test]
fn schemas_that_do_not_end() {
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {}\n";
    let chain = |n: usize, link: fn(usize) -> String| {
        let links = concat(0..n, |i| format!("\"a{i}\": {}, ", link(i + 1)));
        format!("{{\"$ref\": \"#/$defs/a0\", \"$defs\": {{{links}\"a{n}\": {{}}}}}}")
    };
    let twice = |i| {
        format!("{{\"allOf\": [{{\"$ref\": \"#/$defs/a{i}\"}}, {{\"$ref\": \"#/$defs/a{i}\"}}]}}")
    };
    let once = |i| format!("{{\"$ref\": \"#/$defs/a{i}\"}}");
    for (schema, status) in [
        (chain(40, twice), 2),
        (chain(20_000, once), 2),
        ("{\"$ref\": \"#\"}".to_owned(), 0),
        ("{\"pattern\": \"(a*)*b\"}".to_owned(), 0),
        ("[".repeat(100_000), 2),
    ] {
        let folder = TempFolder::with(widget);
        folder.write("schemas/example.com/widget_v1.json", schema);
        let ran = folder.check(["--schema-location", "schemas", "x.yaml"]);
        assert_eq!(ran.code, status, "{}", ran.err);
    }
}

/// A resource nested in itself, and a schema whose alternatives each refer back to it.
fn alternatives(keyword: &str, depth: usize, leaf: &str) -> Ran {
    let widget = format!(
        "apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: a}}\nspec: {}{leaf}{}\n",
        "{a: ".repeat(depth),
        "}".repeat(depth)
    );
    let way = |required| {
        let down = "\"properties\": {\"a\": {\"$ref\": \"#/$defs/n\"}}";
        format!("{{{down}, \"required\": [\"{required}\"]}}")
    };
    let schema = format!(
        "{{\"$defs\": {{\"n\": {{\"{keyword}\": [{}, {}]}}}}, \"properties\": {{\"spec\": {{\"$ref\": \"#/$defs/n\"}}}}}}",
        way("x"),
        way("y")
    );
    let folder = TempFolder::with(widget);
    folder.write("schemas/example.com/widget_v1.json", schema);
    folder.check(["--schema-location", "schemas", "x.yaml"])
}

#[test]
fn alternatives_of_a_schema_that_refer_back_to_it() {
    for keyword in ["anyOf", "oneOf"] {
        let ran = alternatives(keyword, 3, "1");
        ran.assert_said(&format!("fit the schema's `{keyword}`"));
        let ran = alternatives(keyword, 14, "1");
        ran.assert_finding(
            "x.yaml:2:7",
            "does not fit the schema: where cannot be said",
        );
        for depth in [24, 200] {
            let ran = alternatives(keyword, depth, "1");
            ran.assert_code(0)
                .assert_note("its schema needs too much time or memory");
        }
    }
    alternatives("allOf", 16, "1").assert_said("does not fit the schema: where cannot be said");
    alternatives("allOf", 200, "1").assert_note("its schema needs too much time or memory");
}

#[test]
fn a_schema_that_goes_deeper_than_a_stack() {
    let links = concat(0..300, |i| {
        format!("\"d{i}\": {{\"$ref\": \"#/$defs/d{}\"}}, ", i + 1)
    });
    let schema = format!(
        "{{\"$defs\": {{{links}\"d300\": {{\"properties\": {{\"a\": {{\"$ref\": \"#/$defs/d0\"}}}}}}}}, \"properties\": {{\"spec\": {{\"$ref\": \"#/$defs/d0\"}}}}}}"
    );
    let widget = format!(
        "apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: a}}\nspec: {}1{}\n",
        "{a: ".repeat(100),
        "}".repeat(100)
    );
    let folder = TempFolder::with(widget);
    folder.write("schemas/example.com/widget_v1.json", schema);
    let ran = folder.check(["--schema-location", "schemas", "x.yaml"]);
    ran.assert_note("its schema needs too much time or memory");
}

#[test]
fn patterns_that_take_much_memory() {
    let name = |i| format!("b{i}");
    let pattern = |i| format!("^[\\\\p{{L}}\\\\p{{N}}]{{1,60}}{i}$");
    let values = concat(0..200, |i| format!("{}: aa1, ", name(i)));
    let widget = format!(
        "apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: a}}\nspec: {{{values}}}\n"
    );
    let properties = concat(0..200, |i| {
        format!(
            "\"{}\": {{\"type\": \"string\", \"pattern\": \"{}\"}}, ",
            name(i),
            pattern(i)
        )
    });
    let schema = format!(
        "{{\"type\": \"object\", \"properties\": {{\"spec\": {{\"type\": \"object\", \"properties\": {{{properties}\"z\": {{\"type\": \"string\"}}}}}}}}}}"
    );
    let folder = TempFolder::with(&widget);
    folder.write("schemas/example.com/widget_v1.json", &schema);
    let ran = folder.check(["--schema-location", "schemas", "x.yaml"]);
    ran.assert_code(2)
        .assert_note("patterns that take too much memory");

    let definition = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: widgets.example.com}}\nspec:\n  group: example.com\n  \
         scope: Cluster\n  names: {{kind: Widget, plural: widgets}}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {{\"openAPIV3Schema\": {schema}}}\n---\n"
    );
    let ran = TempFolder::with(definition + &widget).check(["x.yaml"]);
    ran.assert_note("its schema needs too much time or memory");
}

#[test]
fn what_a_definition_lists_is_not_listed_with_each_value() {
    let many = |letter: &str| concat(0..2_000, |i| format!("{letter}{i}, "));
    let definition = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: as.b.c}}\nspec:\n  group: b.c\n  scope: Cluster\n  \
         names: {{kind: A, plural: as}}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, properties: \
         {{a: {{type: array, items: {{type: string, enum: [{}]}}}}, b: {{type: string, pattern: '^{}$'}}}}}}}}}}\n---\napiVersion: b.c/v1\nkind: A\nmetadata: {{name: a}}\nspec: {{b: zz top, a: [{}]}}\n",
        many("e"),
        "y".repeat(1_000),
        many("x")
    );
    let ran = TempFolder::with(definition).check(["x.yaml"]);
    ran.assert_said(" more is expected")
        .assert_said("text that matches `^yyy");
    assert!(ran.out.len() < 1_500_000, "{} bytes", ran.out.len());
}

#[test]
fn a_name_of_a_megabyte_is_not_repeated() {
    let containers = concat(0..300, |i| format!("{{name: c{i}, image: 'a:latest'}}, "));
    let name = "n".repeat(1_000_000);
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{containers}]}}\n"
    );
    let ran = TempFolder::with(pod).check_in("json", ["x.yaml"]);
    assert!(ran.out.len() < 20_000_000, "{} bytes", ran.out.len());
}

#[test]
fn more_threads_than_anybody_has() {
    let ran = TempFolder::with(POD).check(["--threads", "99999", "x.yaml"]);
    ran.assert_code(1);
}

#[test]
fn a_resource_with_many_fields_that_its_definition_does_not_have() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: as.b.c}\nspec:\n  \
         group: b.c\n  scope: Cluster\n  names: {kind: A, plural: as}\n  versions:\n  - name: v1\n    served: true\n    \
         storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n";
    let properties = concat(0..30_000, |i| {
        format!("            k{i}: {{type: string}}\n")
    });
    let resource = "---\napiVersion: b.c/v1\nkind: A\nmetadata: {name: a}\n";
    let fields = concat(0..30_000, |i| format!("q{i}: x\n"));
    let ran =
        TempFolder::with(format!("{definition}{properties}{resource}{fields}")).check(["x.yaml"]);
    ran.assert_note("checked 2 objects");
}
