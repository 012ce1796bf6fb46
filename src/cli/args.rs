//! Arguments, and what they are called in `--help`.

use crate::finding::Releases;
use crate::model::{Profile, Severity};
use crate::text::STDIN;
use clap::builder::PossibleValue;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Checks Kubernetes manifests and cluster configuration, offline.
#[derive(Parser)]
#[command(
    name = "kubevet",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check files and folders
    Check(CheckArgs),
    /// Explain a rule: why it matters and how to fix it
    Explain {
        /// Rule id such as pod/privileged-container, a part of an id or title, or another linter's id
        rule: String,
    },
    /// List all rules; `-` marks rules that are not in the default profile
    Rules {
        /// Output format
        #[arg(long, value_enum, default_value = "table")]
        output_format: RulesFormat,
        /// List only the rules of this profile
        #[arg(long, value_enum)]
        profile: Option<Profile>,
    },
    /// Show Kubernetes kinds and their fields
    #[command(subcommand, disable_help_subcommand = true)]
    Schema(Schema),
}

#[derive(Subcommand)]
pub(super) enum Schema {
    /// List the kinds
    List {
        #[command(flatten)]
        how: SchemaOutput,
    },
    /// Show the fields of a kind or of one of its fields
    Show {
        /// Kind and field, such as Deployment.spec.template, after an optional API version (apps/v1)
        #[arg(value_name = "[VERSION] KIND[.FIELD]", required = true, num_args = 1..=2)]
        name: Vec<String>,
        #[command(flatten)]
        how: SchemaOutput,
    },
}

#[derive(Args)]
pub(super) struct SchemaOutput {
    #[arg(long, value_name = "V", value_parser = release, help = target_release())]
    pub(super) kubernetes_version: Vec<u8>,
    /// table or json
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "table",
        hide_possible_values = true
    )]
    pub(super) output_format: RulesFormat,
}

#[derive(Args)]
#[command(after_help = "Exit status: 0 no findings, 1 findings, 2 kubevet could not do its work.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch")]
pub(super) struct CheckArgs {
    /// Files and folders to check; `-` reads standard input [default: .]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Output format: graphical, compact, json, jsonl, github or sarif
    #[arg(long, value_name = "FORMAT", hide_possible_values = true, value_parser = format_names())]
    pub(super) output_format: Option<String>,
    /// Rules to run: default, baseline, restricted, cis, nsa or all
    #[arg(long, value_enum, value_name = "NAME", hide_possible_values = true)]
    pub(super) profile: Option<Profile>,
    #[arg(long, value_name = "V", value_parser = release, help = target_release())]
    pub(super) kubernetes_version: Vec<u8>,
    /// Minimum severity that fails the run
    #[arg(long, value_name = "LEVEL", value_parser = severity, default_value = "low")]
    pub(super) fail_on: Severity,
    /// Exit with status 2 if anything was skipped
    #[arg(long)]
    pub(super) strict: bool,
    /// For custom resources without a definition: ignore, note or error
    #[arg(
        long,
        value_enum,
        default_value = "note",
        value_name = "HOW",
        hide_possible_values = true
    )]
    pub(super) missing_schemas: MissingSchemas,
    /// JSON Schemas of custom resources: a file, a folder with group/kind_version.json, or a path
    /// with {{.Group}}, {{.ResourceKind}} and {{.ResourceAPIVersion}}; repeatable
    #[arg(long, value_name = "PATH")]
    pub(super) schema_location: Vec<String>,
    /// Do not check paths that match; repeatable
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,
    /// Do not read files outside this folder [default: nearest folder with .git]
    #[arg(long, value_name = "FOLDER")]
    pub(super) root: Option<PathBuf>,
    /// Skip files that are larger, and report them as skipped
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "100MB")]
    pub(super) max_file_size: u64,
    /// File name to show for standard input
    #[arg(long, value_name = "NAME", default_value = STDIN)]
    pub(super) stdin_filename: String,
    /// Use this configuration file instead of kubevet.yaml; its paths are relative to the root
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub(super) config: Option<PathBuf>,
    /// Do not read kubevet.yaml
    #[arg(long)]
    pub(super) no_config: bool,
    /// Ignore suppression comments and annotations
    #[arg(long)]
    pub(super) no_inline_ignores: bool,
    /// Color output: auto, always or never
    #[arg(
        long,
        value_enum,
        default_value = "auto",
        value_name = "WHEN",
        hide_possible_values = true
    )]
    pub(super) color: Color,
    /// Do not print the summary
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Number of threads, up to four per processor [default: one per processor]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<usize>,
    /// Walk and read, but check nothing: what scripts/bench.py compares with
    #[arg(long, hide = true)]
    pub(super) only_read: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum RulesFormat {
    Table,
    Json,
}

/// What is said of custom resources without a definition.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MissingSchemas {
    Ignore,
    Note,
    Error,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

impl ValueEnum for Profile {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    Cli::try_parse_from(arguments).map(|cli| cli.command)
}

/// The help of the program, or of one of its commands (`schema show`), as it is without a terminal.
pub fn help(command: Option<&str>) -> String {
    let mut cli = Cli::command();
    cli.build();
    let mut words = command.unwrap_or_default().split_whitespace();
    let found = words.try_fold(&mut cli, |cli, name| cli.find_subcommand_mut(name));
    found
        .map(|c| c.render_help().to_string())
        .unwrap_or_default()
}

fn target_release() -> String {
    let newest = Releases::NEWEST;
    format!("Target release, such as 1.34; repeatable [default: 1.{newest}]")
}

fn format_names() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(crate::output::FORMATS.iter().map(|(name, _)| *name))
}

fn release(text: &str) -> Result<u8, String> {
    crate::config::release(text)
        .ok_or_else(|| format!("a release from 1.0 to 1.{} is expected", Releases::NEWEST))
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL
        .into_iter()
        .find(|s| s.name() == text)
        .ok_or_else(|| "critical, high, medium, low or info is expected".to_owned())
}

fn size(text: &str) -> Result<u64, String> {
    let wrong = || "a size such as 500kB, 100MB or 1GB is expected".to_owned();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    let size = number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(factor))
        .ok_or_else(wrong)?;
    // Spans are u32.
    Ok(size.min(u64::from(u32::MAX) - 1))
}
