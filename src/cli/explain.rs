//! `kubevet explain`: the page of a rule, or the rules that are meant.

use super::{FAILED, complain, say};
use crate::engine::Registry;
use crate::model::Policy;
use crate::output;
use crate::text::nearest;

/// Rules that are listed: of more than these nobody finds their own.
const MAX_LISTED: usize = 20;

/// Shows the rule with that id. If there is none, shows the only rule that the search finds, or lists all that it finds.
pub(super) fn run(asked: &str) -> u8 {
    let registry = &Registry::default();
    if let Some(policy) = registry.policy(asked) {
        return say(&output::explain(policy));
    }
    let none = format!("there is no rule `{}`", output::sanitize(asked));
    match search(registry, asked).as_slice() {
        [] => guess(registry, asked, &none),
        [only] => say(&output::explain(only)),
        several => {
            complain(&format!("{none}; {} rules match:", several.len()));
            list(several)
        }
    }
}

/// What a misspelt name is nearest to.
fn guess(registry: &Registry, asked: &str, none: &str) -> u8 {
    if let Some(near) = registry.nearest(asked) {
        return refuse(&format!("{none}; did you mean `{near}`?"));
    }
    match search(registry, &spelling(registry, asked)).as_slice() {
        [] => refuse(none),
        [only] => refuse(&format!("{none}; did you mean `{}`?", only.id)),
        several => {
            list(several);
            refuse(&format!("{none}; did you mean one of these rules?"))
        }
    }
}

fn refuse(why: &str) -> u8 {
    complain(&format!("{why} (all rules: `kubevet rules`)"));
    FAILED
}

fn list(rules: &[&Policy]) -> u8 {
    let shown = rules.iter().copied().take(MAX_LISTED);
    let more = match rules.len().saturating_sub(MAX_LISTED) {
        0 => String::new(),
        more => format!("  and {more} more\n"),
    };
    say(&(output::rules_table(shown) + &more))
}

/// The rules that another tool calls so; if there are none, those that hold the text in their id, title or another tool's id; if there
/// are none, those that hold each of its words there.
fn search<'r>(registry: &'r Registry, asked: &str) -> Vec<&'r Policy> {
    let asked = asked.trim().to_lowercase();
    let of_peer =
        |peer: &str| peer == asked || peer.split_once(':').is_some_and(|(_, id)| id == asked);
    let holds = |p: &Policy, word: &str| texts(p).any(|t| t.to_lowercase().contains(word));
    let ways: [&dyn Fn(&Policy) -> bool; 3] = [
        &|p| p.peers.iter().any(|peer| of_peer(&peer.to_lowercase())),
        &|p| holds(p, &asked),
        &|p| words(&asked).all(|word| holds(p, word)),
    ];
    if words(&asked).next().is_none() {
        return Vec::new();
    }
    let mut found = ways
        .iter()
        .map(|way| registry.policies().filter(|p| way(p)).collect::<Vec<_>>());
    found.find(|rules| !rules.is_empty()).unwrap_or_default()
}

/// What a rule is found by.
fn texts(policy: &Policy) -> impl Iterator<Item = &str> {
    let ids = [policy.id.as_ref(), policy.title.as_ref()];
    ids.into_iter()
        .chain(policy.peers.iter().map(AsRef::as_ref))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// The words, each that no rule's id holds as the nearest that one does.
fn spelling(registry: &Registry, asked: &str) -> String {
    let asked = asked.to_lowercase();
    let known = registry.policies().flat_map(|p| words(&p.id));
    let known: std::collections::BTreeSet<&str> = known.collect();
    let near = |word| nearest(word, known.iter().copied()).unwrap_or(word);
    let spelt = words(&asked).map(|word| {
        if known.contains(word) {
            word
        } else {
            near(word)
        }
    });
    spelt.collect::<Vec<_>>().join(" ")
}
