//! What validation refuses, and where: `testdata/validation/*.yaml`. A line that ends with `#! rule [text]` has one finding of that rule
//! there, under whose span the text is (`[…]` may be left out); no other line has any. `#! release 1.30` at the top names the release.
#![expect(clippy::disallowed_methods, reason = "tests read their cases")]

use crate::support::{check, place};
use kubevet::finding::{Releases, State};
use kubevet::model::Profile;
use std::collections::BTreeSet;
use std::fs;

/// A line, the rule that finds something there, and the text under its span.
type Mark = (u32, String, Option<String>);

fn is_validation(rule: &str) -> bool {
    const OWN: [&str; 4] = [
        "audit-policy/invalid",
        "authorization/invalid",
        "encryption/resource-overlap",
        "rbac/subject-namespace-missing",
    ];
    rule.starts_with("schema/") || rule.starts_with("component-config/") || OWN.contains(&rule)
}

/// The marks of a text.
fn marks(text: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let Some((_, mark)) = content.split_once("#! ") else {
            continue;
        };
        let (rule, text) = match mark.split_once(" [") {
            Some((rule, text)) => (rule, text.trim_end().strip_suffix(']')),
            None => (mark.trim_end(), None),
        };
        if is_validation(rule) {
            marks.push((line, rule.to_owned(), text.map(str::to_owned)));
        }
    }
    marks
}

#[test]
fn validation_refuses_what_the_cases_mark_and_nothing_else() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for entry in fs::read_dir("testdata/validation").unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let release = text.strip_prefix("#! release 1.");
        let release = release.map_or(Releases::NEWEST, |rest| {
            rest.lines().next().unwrap().parse().unwrap()
        });
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let report = check(&[(&name, &text)], Profile::All, Releases::only(release));
        let mut expected = marks(&text);
        cases += expected.len();
        let mut seen = BTreeSet::new();
        for finding in &report.findings {
            if finding.state != State::Open || !is_validation(&finding.rule) {
                continue;
            }
            let (_, line, under) = place(&report, finding);
            if !seen.insert((line, finding.rule.to_string())) {
                continue;
            }
            let fits = |(at, rule, text): &Mark| {
                let text = text.as_ref().is_none_or(|text| text == under);
                *at == line && *rule == *finding.rule && text
            };
            match expected.iter().position(fits) {
                Some(at) => {
                    expected.remove(at);
                }
                None => wrong.push(format!(
                    "{name}:{line}: {} at `{under}`: {}",
                    finding.rule, finding.message
                )),
            }
        }
        for (line, rule, text) in expected {
            wrong.push(format!("{name}:{line}: no {rule} {text:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases > 0);
}
