//! Rules between the fields of files that components read (the programs' own validation packages), a module for each program.

pub(super) mod kube_proxy;
pub(super) mod kubeadm;
pub(super) mod kubelet;
pub(super) mod scheduler;

use super::cross_field::conflict;
use super::validator::Validator;
use crate::component::number;
use crate::yaml::Node;

/// One amount that is not to be above another, or is to be below it; each with what it is where nobody writes it. Durations count as
/// seconds. In a fragment both must be written.
fn ordered<'d>(
    v: &mut Validator<'d>,
    map: Node<'d>,
    (lower, lower_default): (&str, f64),
    (upper, upper_default): (&str, f64),
    strictly: bool,
) {
    let written = |key: &str| map.field(key).filter(|node| !node.is_null());
    let (low, high) = (written(lower), written(upper));
    let Some(at) = low.or(high) else { return };
    if v.is_fragment() && (low.is_none() || high.is_none()) {
        return;
    }
    let amount = |node: Option<Node<'_>>, default: f64| {
        node.map_or(Some(default), |node| node.text().and_then(number))
    };
    let amounts = amount(low, lower_default).zip(amount(high, upper_default));
    let wrong = |(low, high): (f64, f64)| low > high || strictly && low >= high;
    if amounts.is_some_and(wrong) {
        let than = if strictly { "less than" } else { "at most" };
        let default = |node: Option<Node<'_>>| if node.is_none() { ", by default" } else { "" };
        let message = format!(
            "`{lower}` must be {than} `{upper}`: {}{} and {}{}",
            low.and_then(Node::text)
                .map_or(lower_default.to_string(), str::to_owned),
            default(low),
            high.and_then(Node::text)
                .map_or(upper_default.to_string(), str::to_owned),
            default(high),
        );
        conflict(v, at, message);
    }
}
