//! The command line. Layer 10: the only part that knows arguments, threads and exit codes.

mod args;
mod check;
mod explain;
mod schema;
mod schemas;
mod settings;

use crate::engine::Registry;
use crate::model::Policy;
use crate::output;
use args::{Command, RulesFormat};
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

pub use args::help;

/// No finding at or above `--fail-on`.
const CLEAN: u8 = 0;
/// Findings.
const FINDINGS: u8 = 1;
/// The work could not be done.
const FAILED: u8 = 2;

/// Runs the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match args::parse(arguments) {
        Ok(command) => command,
        Err(e) => {
            let text = e.render().to_string();
            if !e.use_stderr() {
                return ExitCode::from(say(&text));
            }
            // It quotes the arguments, which may be names of files.
            let _ = io::stderr().write_all(output::sanitize_lines(&text).as_bytes());
            return ExitCode::from(FAILED);
        }
    };
    let code = match command {
        Command::Check(args) => check::run(&args),
        Command::Explain { rule } => explain::run(&rule),
        Command::Schema(asked) => schema::run(&asked),
        Command::Rules {
            output_format,
            profile,
        } => {
            let registry = Registry::default();
            let asked = |p: &&Policy| profile.is_none_or(|profile| p.is_in(profile));
            let rules = || registry.policies().filter(asked);
            match output_format {
                RulesFormat::Table => say(&output::rules_table(
                    rules().collect::<Vec<_>>().into_iter(),
                )),
                RulesFormat::Json => say(&output::rules_json(rules())),
            }
        }
    };
    ExitCode::from(code)
}

/// Writes to stdout. A reader that has gone away is no error.
fn say(text: &str) -> u8 {
    match io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write: {e}"));
            FAILED
        }
        _ => CLEAN,
    }
}

/// Writes to stderr, where a failure leaves nobody to tell.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "kubevet: {}", output::sanitize(text));
}
