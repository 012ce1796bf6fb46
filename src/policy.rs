//! Policies as they are used: which a profile asks, and the examples with their `#!` marks. Layer 3.

use crate::model::{Example, Policy, Profile, PssLevel, Severity};

impl Policy {
    /// Whether a profile asks this rule.
    pub fn is_in(&self, profile: Profile) -> bool {
        // What the reader finds makes every other answer doubtful, so every profile has it.
        if self.applies.iter().any(|a| a == "Reader") && self.default {
            return true;
        }
        match profile {
            Profile::Default => self.default && !self.preview && !self.opt_in,
            Profile::Baseline => self.standards.pss == Some(PssLevel::Baseline),
            Profile::Restricted => self.standards.pss.is_some(),
            Profile::Cis => self.standards.cis.is_some() && !self.opt_in,
            Profile::Nsa => self.standards.nsa && !self.opt_in,
            Profile::All => !self.opt_in,
        }
    }

    /// Names of the standards that ask for it, for people.
    pub fn standards(&self) -> Vec<String> {
        let pss = self.standards.pss.map(|level| match level {
            PssLevel::Baseline => "Pod Security Standards: baseline".to_owned(),
            PssLevel::Restricted => "Pod Security Standards: restricted".to_owned(),
        });
        let cis = self
            .standards
            .cis
            .as_ref()
            .map(|item| format!("CIS Kubernetes benchmark {item}"));
        let nsa = self
            .standards
            .nsa
            .then(|| "NSA/CISA Kubernetes hardening guidance".to_owned());
        pss.into_iter().chain(cis).chain(nsa).collect()
    }
}

/// What an example says must be found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    /// The file.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// Text under the span.
    pub text: String,
    /// A piece of the message.
    pub message: String,
    /// A piece of the help; empty where the example does not say.
    pub help: String,
    /// The severity; empty where the example does not say.
    pub severity: String,
}

/// The marks of an example: comments `#! [text under the span] severity: piece of the message => piece of the help`, in which severity
/// and help may be left out, and those beside the text.
pub fn expected(example: &Example) -> Vec<Expected> {
    let mut found = Vec::new();
    for (file, text) in example.files.iter() {
        for (line, content) in (1..).zip(text.lines()) {
            for mark in content.split("#! ").skip(1) {
                let Some((under, message)) = mark
                    .trim_start()
                    .strip_prefix('[')
                    .and_then(|m| m.split_once("] "))
                else {
                    continue;
                };
                let (message, help) = message.split_once(" => ").unwrap_or((message, ""));
                let (severity, message) = message
                    .split_once(": ")
                    .filter(|(word, _)| Severity::ALL.iter().any(|s| s.name() == *word))
                    .unwrap_or(("", message));
                found.push(Expected {
                    file: file.to_string(),
                    line,
                    text: under.to_owned(),
                    message: message.trim().to_owned(),
                    help: help.trim().to_owned(),
                    severity: severity.to_owned(),
                });
            }
        }
    }
    let first = example
        .files
        .first()
        .map(|(file, _)| file.to_string())
        .unwrap_or_default();
    found.extend(example.marks.iter().map(|m| Expected {
        file: if m.file.is_empty() {
            first.clone()
        } else {
            m.file.to_string()
        },
        line: m.line,
        text: m.text.to_string(),
        message: m.message.to_string(),
        help: String::new(),
        severity: String::new(),
    }));
    found
}
