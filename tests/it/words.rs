//! The voice of all texts that a rule shows: lengths, form, and words that a platform engineer would stumble over.

use crate::support::{check_example, policies};
use kubevet::model::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// Words that Kubernetes' documentation does not use, or uses for something else, each with what to write instead.
const WORDS: &[(&str, &str)] = &[
    ("whoever", "anyone who"),
    ("whatever", "name what is meant"),
    ("beside", "next to, in addition to, with"),
    ("stands", "is set, is"),
    ("lies", "is stored, is"),
    ("gone", "removed in"),
    ("he", "they"),
    ("his", "their"),
    ("him", "them"),
    ("himself", "themselves"),
    ("everybody", "everyone, all users"),
    ("anybody", "anyone"),
    ("somebody", "a user, an attacker"),
    ("nobody", "no user, no one"),
    ("refuse", "reject"),
    ("refuses", "rejects"),
    ("refused", "rejected"),
    ("rights", "permissions"),
    ("judged", "checked"),
    ("judges", "checks"),
    ("obey", "follow"),
    ("obeys", "follows"),
    ("meanwhile", "in the meantime"),
    ("by itself", "on its own, automatically"),
    ("by themselves", "on their own, automatically"),
    ("of old", "previous"),
    ("but for", "except"),
    ("of others", "other"),
    ("is to be", "must be"),
    ("are to be", "must be"),
    ("does not start", "fails to start"),
    ("do not start", "fail to start"),
    ("not taken", "rejected"),
    ("looked at", "checked"),
    ("looks at", "checks"),
    ("is asked", "is called"),
    ("are asked", "are called"),
    ("says it all", "replaces"),
    ("without a word", "silently"),
    ("in force", "active"),
    ("switched off", "disabled"),
    ("switches off", "disables"),
    ("switched on", "enabled"),
    ("switches on", "enables"),
    ("that counts", "is used"),
    ("the like", "name them"),
    ("and so on", "name them"),
    ("and its like", "name them"),
];

/// A text without what it quotes: code in backticks, and names in double quotes.
fn prose(text: &str) -> String {
    let code = text.split('`').step_by(2).collect::<Vec<_>>().join("``");
    code.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

/// Words of the list, and sentences that begin with a relative clause.
fn wrong_words(text: &str) -> Vec<String> {
    let prose = prose(text);
    let words: Vec<&str> = prose
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|w| !w.is_empty())
        .collect();
    let lower = format!(" {} ", words.join(" ").to_lowercase());
    let listed = WORDS
        .iter()
        .filter(|(word, _)| lower.contains(&format!(" {word} ")))
        .map(|(word, instead)| format!("`{word}` (write: {instead})"));
    let begins = prose
        .split(['.', ':', '!', '?', ';'])
        .filter_map(|sentence| {
            let first = sentence.split_whitespace().next()?;
            ["Who", "Whoever", "What", "who", "whoever", "what"]
                .contains(&first)
                .then(|| format!("a clause begins with `{first}` (name the actor or the thing)"))
        });
    let found = listed.chain(begins);
    found.map(|fault| format!("{fault}: {text}")).collect()
}

fn sentences(text: &str) -> usize {
    let ends = |w: &str| w.ends_with(['.', '!', '?']) || w.ends_with(".)");
    text.split_whitespace().filter(|w| ends(w)).count()
}

/// Programs whose names begin with a small letter, at the start of a sentence too.
const PROGRAMS: &[&str] = &["etcd", "kube", "k0s", "k3s", "kops"];

fn is_capital(text: &str) -> bool {
    text.starts_with(|c: char| c.is_uppercase() || c == '`' || c == '"')
        || PROGRAMS.iter().any(|name| text.starts_with(name))
}

/// What is wrong with the texts of a policy file.
fn faults(policy: &Policy) -> Vec<String> {
    let mut faults = Vec::new();
    let (title, rationale) = (policy.title.trim(), policy.rationale.trim());
    if title.chars().count() > 60 || title.ends_with('.') {
        faults.push(format!(
            "title is longer than 60 characters or ends with a period: {title}"
        ));
    }
    if prose(title).split_whitespace().any(|w| w == "may") {
        faults.push(format!(
            "title: `may` is for permission; write can or might: {title}"
        ));
    }
    if sentences(rationale) < 2 {
        faults.push(format!(
            "rationale has less than two sentences: {rationale}"
        ));
    }
    if rationale.chars().count() < 80 {
        faults.push(format!(
            "rationale is shorter than 80 characters: {rationale}"
        ));
    }
    if !is_capital(rationale) {
        faults.push(format!("rationale begins with a small letter: {rationale}"));
    }
    faults.extend(help_faults(policy.remediation.trim()));
    for text in [title, rationale, policy.remediation.trim()] {
        faults.extend(wrong_words(text));
    }
    faults
}

/// Shorter than ``Add `name:`.`` no help says what to do.
const LEAST_HELP: usize = 10;

fn help_faults(help: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !is_capital(help) || !help.ends_with(['.', '?']) {
        faults.push(format!("help needs a capital and a period: {help}"));
    }
    if help.chars().count() < LEAST_HELP {
        faults.push(format!("help is too short to act on: {help}"));
    }
    faults.extend(wrong_words(help));
    faults
}

fn message_faults(message: &str) -> Vec<String> {
    let mut faults = Vec::new();
    // Names and values of the example count, too: real ones are no shorter.
    if message.chars().count() > 160 || message.ends_with('.') {
        faults.push(format!(
            "message is longer than 160 characters or ends with a period: {message}"
        ));
    }
    if prose(message).split_whitespace().any(|w| w == "may") {
        faults.push(format!(
            "message: `may` is for permission; write can or might: {message}"
        ));
    }
    faults.extend(wrong_words(message));
    faults
}

#[test]
fn texts_of_policies_are_plain_english() {
    let wrong: Vec<String> = policies()
        .flat_map(|p| faults(p).into_iter().map(move |f| format!("{}: {f}", p.id)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn messages_and_helps_are_plain_english() {
    let mut wrong = BTreeSet::new();
    for policy in policies() {
        for example in policy.examples.fails.iter() {
            let report = check_example(example);
            for finding in report.findings.iter().filter(|f| f.rule == policy.id) {
                let help = Some(finding.help.as_ref()).filter(|help| *help != policy.remediation);
                let faults = message_faults(&finding.message);
                let faults = faults
                    .into_iter()
                    .chain(help.map(help_faults).into_iter().flatten());
                wrong.extend(faults.map(|f| format!("{}: {f}", policy.id)));
            }
        }
    }
    let wrong: Vec<_> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_two_rules_share_a_title() {
    let mut ids = BTreeMap::<&str, Vec<&str>>::new();
    for policy in policies() {
        ids.entry(&policy.title).or_default().push(&policy.id);
    }
    ids.retain(|_, ids| ids.len() > 1);
    assert!(ids.is_empty(), "{ids:#?}");
}
