//! The ranges of addresses that kubeadm gives pods and services.

use crate::kube::is_unresolved;
use crate::schema::cross_field::conflict;
use crate::schema::format::without_leading_zeros;
use crate::schema::validator::Validator;
use crate::yaml::Node;
use std::net::IpAddr;

/// A range of addresses.
#[derive(Clone, Copy)]
struct Range {
    is_v6: bool,
    /// Bits of the network, and of an address.
    ones: u8,
    bits: u8,
}

impl Range {
    /// As Go's older functions read it: numbers may begin with zeros.
    fn parse(text: &str) -> Option<Self> {
        let (address, ones) = text.split_once('/')?;
        let digits = !ones.is_empty() && ones.bytes().all(|b| b.is_ascii_digit());
        let ones = ones.parse::<u8>().ok().filter(|_| digits)?;
        let address: IpAddr = without_leading_zeros(address).parse().ok()?;
        let bits = if address.is_ipv6() { 128 } else { 32 };
        // An address of IPv4 in one of IPv6 counts for what it is.
        let is_v6 = address.to_canonical().is_ipv6();
        (ones <= bits).then_some(Self { is_v6, ones, bits })
    }

    /// Bits that tell the addresses within apart.
    fn host_bits(self) -> u8 {
        self.bits.saturating_sub(self.ones)
    }

    /// Go counts no addresses in the largest ranges.
    fn has_too_few(self) -> bool {
        self.host_bits() < 4 || self.host_bits() >= self.bits - 1
    }
}

/// One range, or one of each family; none where something is wrong with them, which is told.
fn ranges<'d>(v: &mut Validator<'d>, node: Node<'d>, key: &str, least: u8) -> Vec<Range> {
    let text = node.as_str().unwrap_or_default();
    if text.is_empty() || is_unresolved(text) {
        return Vec::new();
    }
    let Some(ranges) = text
        .split(',')
        .map(Range::parse)
        .collect::<Option<Vec<_>>>()
    else {
        let what = "a CIDR such as `10.244.0.0/16`, or two separated by a comma without a space";
        v.refused(node, key, what);
        return Vec::new();
    };
    if let [one, other, rest @ ..] = ranges.as_slice()
        && (one.is_v6 == other.is_v6 || !rest.is_empty())
    {
        let what = "one CIDR, or an IPv4 and an IPv6 CIDR";
        v.refused(node, key, what);
        return Vec::new();
    }
    if ranges.iter().any(|range| range.has_too_few()) {
        let message = format!("`{key}` is too small; kubeadm requires at least {least} addresses");
        conflict(v, node, message);
        return Vec::new();
    }
    ranges
}

/// Up to 2^20 addresses, all of which etcd keeps in one object.
pub(super) fn of_services<'d>(v: &mut Validator<'d>, networking: Node<'d>) {
    let Some(node) = networking.field("serviceSubnet") else {
        return;
    };
    let ranges = ranges(v, node, "serviceSubnet", 10);
    if let Some(large) = ranges.iter().find(|range| range.host_bits() > 20) {
        let least = large.bits - 20;
        let message = format!(
            "`serviceSubnet` has /{}, which is too large; kubeadm requires /{least} or a longer prefix",
            large.ones
        );
        conflict(v, node, message);
    }
}

/// Each node gets a part of the range of the pods: there must be one at least, and 2^16 at most. How large a part is, the cluster's
/// arguments say, where they are known.
pub(super) fn of_pods<'d>(v: &mut Validator<'d>, networking: Node<'d>, cluster: Option<Node<'d>>) {
    let Some(node) = networking.field("podSubnet") else {
        return;
    };
    let ranges = ranges(v, node, "podSubnet", 14);
    let Some(cluster) = cluster.filter(|_| !v.is_fragment()) else {
        return;
    };
    let arguments = cluster.at(&["controllerManager", "extraArgs"]);
    if argument(arguments, "allocate-node-cidrs") == Some("false") {
        return;
    }
    for range in ranges {
        let (name, default) = if range.is_v6 {
            ("node-cidr-mask-size-ipv6", 64)
        } else {
            ("node-cidr-mask-size-ipv4", 24)
        };
        let written = argument(arguments, name).filter(|text| !text.is_empty());
        if written.is_some_and(is_unresolved) {
            continue;
        }
        let of_nodes = written.map_or(Some(default), |text| text.parse::<i64>().ok());
        let ones = i64::from(range.ones);
        let why = match of_nodes {
            None => format!("`{name}` of the controller manager is not a number"),
            Some(mask) if ones > mask => {
                format!("/{ones} is smaller than the /{mask} of each node (`{name}`)")
            }
            Some(mask) if mask - ones > 16 => {
                format!("/{ones} contains more than 65536 node subnets of /{mask} (`{name}`)")
            }
            Some(_) => continue,
        };
        conflict(
            v,
            node,
            format!("kubeadm rejects `podSubnet`, because {why}"),
        );
        return;
    }
}

/// The value of an argument, in a list of names and values or in a map; of several the last counts.
fn argument<'d>(arguments: Option<Node<'d>>, name: &str) -> Option<&'d str> {
    let arguments = arguments?;
    let named = |item: &Node<'d>| item.field("name").and_then(Node::as_str) == Some(name);
    let listed = arguments.items().filter(named).last();
    let value = listed.and_then(|item| item.field("value"));
    value.or_else(|| arguments.field(name))?.as_str()
}
