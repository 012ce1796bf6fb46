//! The rule reference: the same text for `kubevet explain` and for docs/rules.

use crate::component::{ComponentKind, defaults};
use crate::finding::Releases;
use crate::model::{Policy, Profile};
use crate::policy::expected;
use std::fmt::Write as _;

fn profiles(policy: &Policy) -> String {
    Profile::ALL
        .into_iter()
        .filter(|profile| policy.is_in(*profile))
        .map(Profile::name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A rule's page in Markdown.
pub fn rule_page(policy: &Policy) -> String {
    let mut out = format!("# {}\n\n{}\n\n", policy.id, policy.title);
    let standards = policy.standards();
    let _ = writeln!(out, "- severity: {}", policy.severity.name());
    let _ = writeln!(out, "- profiles: {}", profiles(policy));
    let _ = writeln!(out, "- looks at: {}", policy.applies.join(", "));
    if !standards.is_empty() {
        let _ = writeln!(out, "- standards: {}", standards.join("; "));
    }
    if !policy.subsumes.is_empty() {
        let _ = writeln!(
            out,
            "- says it all: hides findings of {} at the same place in the profile `default`",
            policy.subsumes.join(", ")
        );
    }
    let _ = writeln!(
        out,
        "\n## Why\n\n{}\n\n## What to write instead\n\n{}",
        policy.rationale, policy.remediation
    );
    setting_defaults(policy, &mut out);
    if !policy.parameters.is_empty() {
        let _ = writeln!(out, "\n## Parameters\n");
        for parameter in policy.parameters.iter() {
            let _ = writeln!(
                out,
                "- `{}`: {}. Default: {}",
                parameter.name,
                parameter.about,
                parameter.default.join(", ")
            );
        }
    }
    for (title, examples) in [
        ("Fails", &policy.examples.fails),
        ("Passes", &policy.examples.passes),
    ] {
        if !examples.is_empty() {
            let _ = writeln!(out, "\n## {title}");
        }
        for example in examples.iter() {
            let marks = expected(example);
            if let Some(minor) = example.release {
                let _ = writeln!(out, "\nIn Kubernetes 1.{minor}:");
            }
            for (path, text) in example.files.iter() {
                if example.files.len() > 1 {
                    let _ = writeln!(out, "\n`{path}`");
                }
                let _ = writeln!(out, "\n```yaml\n{}```", plain(text));
            }
            for mark in marks {
                let line = if example.files.len() > 1 {
                    format!("{}:{}", mark.file, mark.line)
                } else {
                    format!("line {}", mark.line)
                };
                let _ = writeln!(
                    out,
                    "\n{line}, `{}`: … {} …",
                    mark.text
                        .escape_default()
                        .to_string()
                        .replace("\\\"", "\"")
                        .replace("\\'", "'"),
                    mark.message
                );
            }
        }
    }
    if !policy.peers.is_empty() {
        let _ = writeln!(out, "\n## In other tools\n\n{}", policy.peers.join(", "));
    }
    if !policy.references.is_empty() {
        let _ = writeln!(out, "\n## Read more\n");
        policy
            .references
            .iter()
            .for_each(|url| _ = writeln!(out, "- <{url}>"));
    }
    out
}

/// What the setting of a rule is where nobody writes it, for each component, distribution and span of releases.
fn setting_defaults(policy: &Policy, out: &mut String) {
    let settings = policy.check.iter().filter_map(|c| c.setting.as_deref());
    let Some(id) = settings.flat_map(|s| s.id.iter()).next() else {
        return;
    };
    let components = policy.applies.iter();
    let mut lines = Vec::new();
    for component in components.filter_map(|name| ComponentKind::named(name)) {
        let mut rows: Vec<(&str, Releases, &str)> = Vec::new();
        for (distribution, releases, value) in defaults(component, id) {
            let same = rows
                .iter_mut()
                .find(|(c, _, v)| (*c, *v) == (distribution, value));
            match same {
                Some((_, held, _)) => *held = held.with(releases),
                None => rows.push((distribution, releases, value)),
            }
        }
        for (distribution, releases, value) in rows.into_iter().filter(|(_, r, _)| !r.is_empty()) {
            let by = match distribution {
                "" => format!("{} itself", component.name()),
                "file" => format!("{}'s configuration file", component.name()),
                distribution => format!("{} by {distribution}", component.name()),
            };
            let value = match value {
                "" => "not set".to_owned(),
                "?" => "set, to what depends on the cluster".to_owned(),
                value => format!("`{value}`"),
            };
            lines.push(format!("- {by}{}: {value}", span(component, releases)));
        }
    }
    if !lines.is_empty() {
        let _ = writeln!(
            out,
            "\n## Where `{}` is not written\n\n{}",
            id,
            lines.join("\n")
        );
    }
}

/// Which of a component's releases these are; nothing for all of them. etcd counts its own.
fn span(component: ComponentKind, releases: Releases) -> String {
    let all = component.releases();
    if releases == all {
        return String::new();
    }
    let mut names = releases.names().map(|name| match component {
        ComponentKind::Etcd => name.replacen("1.", "3.", 1),
        _ => name,
    });
    let (first, last) = (names.next(), names.last());
    match (first, last) {
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        (Some(only), None) => format!(", {only}"),
        (None, _) => String::new(),
    }
}

/// An example without its marks, harmful characters escaped.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let shown = line.split("#! ").next().unwrap_or(line).trim_end();
        out.push_str(&super::sanitize(shown));
        out.push('\n');
    }
    out
}

/// `kubevet explain`: a rule's page, for a terminal.
pub fn explain(policy: &Policy) -> String {
    let page = rule_page(policy);
    let mut out = String::new();
    let mut code = false;
    for line in page.lines() {
        if line.starts_with("```") {
            code = !code;
            continue;
        }
        let indent = if code { "    " } else { "" };
        let shown = if code {
            line
        } else {
            line.trim_start_matches('#').trim_start()
        };
        let _ = writeln!(out, "{indent}{shown}");
    }
    out
}

/// `docs/rules/README.md`.
pub fn rules_index<'p>(policies: impl Iterator<Item = &'p Policy>) -> String {
    let mut out = String::from(
        "# Rules\n\nGenerated from `policies/`.\n\n| rule | severity | profiles | what is wrong |\n|---|---|---|---|\n",
    );
    for p in policies {
        let _ = writeln!(
            out,
            "| [{0}]({0}.md) | {1} | {2} | {3} |",
            p.id,
            p.severity.name(),
            profiles(p),
            p.title
        );
    }
    let _ = writeln!(
        out,
        "\nPod Security is judged for releases 1.0 to 1.{}.",
        Releases::NEWEST
    );
    out
}

/// Which rule answers which item of the CIS Kubernetes benchmark, and which items no file can answer.
pub fn cis_index<'p>(policies: impl Iterator<Item = &'p Policy>) -> String {
    let number =
        |item: &str| -> Vec<u32> { item.split('.').map(|n| n.parse().unwrap_or(0)).collect() };
    let of_item = |p: &'p Policy| Some((number(p.standards.cis.as_deref()?), p));
    let mut items: Vec<_> = policies.filter_map(of_item).collect();
    items.sort_by(|a, b| (&a.0, &a.1.id).cmp(&(&b.0, &b.1.id)));
    let mut out = String::from(
        "# CIS Kubernetes benchmark 1.12\n\nGenerated from `policies/`: the rules of the profile `cis`.\n\n| item | rule | what is wrong |\n|---|---|---|\n",
    );
    for (_, p) in items {
        let item = p.standards.cis.as_deref().unwrap_or_default();
        let _ = writeln!(out, "| {item} | [{0}](rules/{0}.md) | {1} |", p.id, p.title);
    }
    out.push_str(
        "\nItems that no file of a repository can answer: 1.1 and 4.1 (owners and permissions of files on the host), 3 where it asks what an\norganisation does, 5 where it asks for judgement.\n\n\
         Advice of the benchmark that is reported differently: 1.2.1 on a kubeadm cluster (`--anonymous-auth=false` makes its own probes\nfail: limit anonymous requests in an AuthenticationConfiguration); a log path without an audit policy records nothing, so that\n1.2.16 alone is no audit; `--client-cert-auth=\"true\"` with quotes inside of the item is another value.\n",
    );
    out
}

/// `kubevet rules`: a line a rule.
pub fn rules_table<'p>(policies: impl Iterator<Item = &'p Policy> + Clone) -> String {
    let width = policies
        .clone()
        .map(|p| p.id.len())
        .max()
        .unwrap_or_default();
    policies.fold(String::new(), |text, p| {
        let mark = if p.is_in(Profile::Default) { ' ' } else { '-' };
        text + &format!(
            "{mark} {:width$}  {:8}  {}\n",
            p.id,
            p.severity.name(),
            p.title
        )
    })
}

/// `kubevet rules --output-format json`.
pub fn rules_json<'p>(policies: impl Iterator<Item = &'p Policy>) -> String {
    let rules: Vec<serde_json::Value> = policies
        .map(|p| {
            serde_json::json!({
                "id": p.id, "title": p.title, "severity": p.severity.name(), "profiles": profiles(p), "applies": p.applies,
                "standards": p.standards(), "peers": p.peers, "rationale": p.rationale, "remediation": p.remediation, "references": p.references,
            })
        })
        .collect();
    format!(
        "{:#}\n",
        serde_json::json!({ "version": 1, "rules": rules })
    )
}
