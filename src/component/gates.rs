//! Whether a feature gate is on, and those that are on without what they need.

use super::tables::{Gate, gate_needs};
use crate::finding::Releases;

/// The first release whose components end where a feature gate is on without those that it needs.
const NEEDS_SINCE: u8 = 35;

/// Whether a feature gate is on in all of these releases that have it; `set` tells how a gate is set, if it is. `None` where that cannot be
/// told.
pub fn is_gate_on(
    name: &str,
    set: impl Fn(&str) -> Option<bool>,
    releases: Releases,
) -> Option<bool> {
    if let Some(on) = set(name) {
        return Some(on);
    }
    let rows = Gate::of(name).iter();
    let rows = rows.filter(|gate| !gate.releases().and(releases).is_empty());
    let mut states = rows.map(|gate| match gate.stage {
        "alpha" => set("AllAlpha").unwrap_or(gate.on),
        "beta" => set("AllBeta").unwrap_or(gate.on),
        _ => gate.on,
    });
    let on = states.next()?;
    states.all(|state| state == on).then_some(on)
}

/// Feature gates that are on while another that they need is off, each with that.
pub fn unmet_gates(
    set: impl Fn(&str) -> Option<bool>,
    releases: Releases,
) -> Vec<(&'static str, &'static str)> {
    if releases.is_empty() || !releases.before(NEEDS_SINCE).is_empty() {
        return Vec::new();
    }
    let is = |name, on| is_gate_on(name, &set, releases) == Some(on);
    let rows = gate_needs().iter().filter(|gate| is(gate.name, true));
    let pairs = rows.flat_map(|gate| gate.needs.iter().map(|need| (gate.name, *need)));
    pairs.filter(|(_, need)| is(need, false)).collect()
}
