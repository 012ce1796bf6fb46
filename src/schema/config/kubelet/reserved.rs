//! What is reserved for the system and Kubernetes, and when pods are evicted: maps of names to amounts.

use super::given;
use crate::component::kubelet_values::{self as values, RESERVABLE, SIGNALS};
use crate::ids;
use crate::kube::{is_known, is_templated};
use crate::schema::cross_field::{conflict, own_key};
use crate::schema::validator::Validator;
use crate::yaml::{Node, NodeKind};

/// What an amount must be where it is not.
type MustBe = fn(&str) -> Option<&'static str>;

/// Each map with the names that it may have, and the check of its amounts.
const MAPS: [(&str, &[&str], MustBe); 7] = [
    ("systemReserved", &RESERVABLE, values::reserved),
    ("kubeReserved", &RESERVABLE, values::reserved),
    ("qosReserved", &["memory"], values::qos_reserved),
    ("evictionHard", &SIGNALS, values::threshold),
    ("evictionSoft", &SIGNALS, values::threshold),
    ("evictionSoftGracePeriod", &SIGNALS, values::grace_period),
    ("evictionMinimumReclaim", &SIGNALS, values::minimum_reclaim),
];

pub(super) fn check<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for (name, names, must_be) in MAPS {
        let Some(amounts) = map.field(name) else {
            continue;
        };
        // A set of CPUs stands for their amount.
        let counted = name.ends_with("Reserved") && given(map, "reservedSystemCPUs");
        for (key, amount) in amounts.entries() {
            let text = key.text().unwrap_or_default();
            if !names.contains(&text) {
                unknown(v, key, name, names);
            } else if !(counted && text == "cpu") {
                of_amount(v, amount, text, must_be);
            }
        }
    }
    grace_periods(v, map);
}

fn unknown<'d>(v: &mut Validator<'d>, key: Node<'d>, name: &str, names: &[&str]) {
    let text = key.text().unwrap_or_default();
    if !is_templated(text) && !key.is_unquoted_template() {
        let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let message = format!(
            "`{name}` cannot contain `{text}`; the kubelet supports {}",
            all.join(", ")
        );
        let help = v.meant(text, names.iter().copied());
        v.add(ids::schema::ENUM, key, message, help);
    }
}

fn of_amount<'d>(v: &mut Validator<'d>, amount: Node<'d>, name: &str, must_be: MustBe) {
    let wrong = match amount.kind() {
        NodeKind::Null => must_be(""),
        NodeKind::Str if is_known(amount) => amount.as_str().and_then(must_be),
        _ => None,
    };
    if let Some(what) = wrong {
        v.refused(amount, name, what);
    }
}

/// A soft threshold without the time for which it must be crossed.
fn grace_periods<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some(soft) = map.field("evictionSoft") else {
        return;
    };
    let pair = map.pair("evictionSoftGracePeriod");
    if pair.is_none() && v.is_fragment() {
        return;
    }
    let periods = pair.map(|(_, periods)| periods);
    for (key, threshold) in soft.entries() {
        let signal = key.text().unwrap_or_default();
        let counts =
            SIGNALS.contains(&signal) && !threshold.as_str().is_some_and(values::is_no_threshold);
        if counts && periods.is_none_or(|periods| periods.pair(signal).is_none()) {
            let message = format!(
                "`{signal}` of `evictionSoft` requires a time in `evictionSoftGracePeriod`, so the kubelet fails to start"
            );
            // Where there are no times at all, that is what is wrong.
            let empty = periods.filter(|periods| periods.is_empty());
            return conflict(v, empty.map_or(key, own_key), message);
        }
    }
}
