//! Every policy's examples: exactly the marked spans, nothing else of that rule; what passes is silent.

use crate::support::{check_example, place, policies};
use kubevet::model::{Example, Policy};
use kubevet::policy::{Expected, expected};
use std::collections::HashSet;

fn found(policy: &Policy, example: &Example) -> Vec<Expected> {
    let report = check_example(example);
    assert!(!report.panicked);
    let of_rule = report
        .findings
        .iter()
        .filter(|f| f.rule == policy.id && matches!(f.state, kubevet::finding::State::Open));
    let mut found: Vec<_> = of_rule
        .map(|f| {
            let (file, line, text) = place(&report, f);
            let inexact = if f.exact { "" } else { " (not exact)" };
            Expected {
                file: file.into(),
                line,
                text: format!("{text}{inexact}"),
                message: f.message.clone(),
                help: f.help.to_string(),
                severity: f.severity.name().into(),
            }
        })
        .collect();
    found.sort();
    found
}

#[test]
fn examples_fail_where_they_are_marked_and_nowhere_else() {
    let mut wrong = Vec::new();
    for policy in policies() {
        for example in policy.examples.fails.iter() {
            let mut marks = expected(example);
            marks.sort();
            let found = found(policy, example);
            let same = marks.len() == found.len()
                && marks.iter().zip(&found).all(|(m, f)| {
                    (&m.file, m.line, &m.text) == (&f.file, f.line, &f.text)
                        && f.message.contains(&m.message)
                        && f.help.contains(&m.help)
                        && (m.severity.is_empty() || m.severity == f.severity)
                });
            if !same || marks.is_empty() {
                wrong.push(format!(
                    "{}\n  expected {marks:#?}\n  found {found:#?}",
                    policy.id
                ));
            }
        }
        for example in policy.examples.passes.iter() {
            let found = found(policy, example);
            if !found.is_empty() {
                wrong.push(format!(
                    "{}: must pass\n{}\n  found {found:#?}",
                    policy.id, example.files[0].1
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn policies_are_complete_and_their_ids_known() {
    let ids: HashSet<&str> = policies().map(|p| p.id.as_ref()).collect();
    assert_eq!(ids.len(), policies().count());
    for policy in policies() {
        // The newest release has everything; a defect cannot be shown on purpose, src/engine/analyse.rs makes one; a configuration is no document: testdata/cases has some.
        let shown = [
            "kubevet/panic",
            "api/not-yet-available",
            "kubevet/config-unknown-key",
            "kubevet/config-invalid-value",
        ]
        .contains(&policy.id.as_ref())
            || !(policy.examples.fails.is_empty() || policy.examples.passes.is_empty());
        assert!(
            shown,
            "{}: needs an example that fails and one that passes",
            policy.id
        );
        for text in [&policy.title, &policy.rationale, &policy.remediation] {
            assert!(
                !text.trim().is_empty() && !text.contains('\t'),
                "{}: {text:?}",
                policy.id
            );
        }
        assert!(
            policy.title.chars().count() <= 72,
            "{}: title is too long",
            policy.id
        );
        for id in policy.subsumes.iter() {
            assert!(
                ids.contains(id.as_ref()),
                "{}: subsumes unknown {id}",
                policy.id
            );
        }
        for id in policy.formerly.iter() {
            assert!(
                !ids.contains(id.as_ref()),
                "{}: formerly {id}, which is another rule",
                policy.id
            );
        }
    }
}
