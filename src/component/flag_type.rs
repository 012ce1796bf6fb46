//! Types of flags (pflag's, and the programs' own), and which texts each takes.

use crate::go_value::{
    parse_bool, parse_duration, parse_int, parse_quantity, parse_uint, split_host_port,
};
use std::net::IpAddr;

/// The type of a flag, which decides what it takes, and what it means where it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagType {
    /// true or false; a flag alone is true.
    Bool,
    /// `--version`, which ends the program.
    Version,
    /// An integer of so many bits.
    Int(u8),
    /// One without a sign.
    Uint,
    /// The verbosity of the log: decimal digits.
    Level,
    /// A number of so many bits.
    Float(u8),
    /// Of Go: `1h30m`.
    Duration,
    /// Any text.
    Text,
    /// A row of a table with commas, whose fields may be in quotes.
    Slice,
    /// Texts as they are; each flag adds one.
    Array,
    /// Integers between commas.
    IntSlice,
    /// An address.
    Ip,
    /// An address, whose numbers may begin with zeros.
    SloppyIp,
    /// The same, perhaps with a port.
    IpPort,
    /// A certificate and its key, perhaps with the domains that they serve.
    CertKey,
    /// `30000-32767`, `30000+100` or one port.
    PortRange,
    /// `1.5Gi`
    Quantity,
    /// Verbosity by file: `gc*=1,main=2`.
    Pattern,
    /// `key=value:effect`
    Taints,
    /// `0:memory=1Gi;1:memory=2Gi`
    ReservedMemory,
    /// Names, perhaps with values.
    Configuration,
    /// `name=value` between commas.
    Map,
    /// One `name=value`.
    Pair,
    /// `name<value` between commas.
    LessMap,
    /// `name=true` between commas.
    BoolMap,
    /// `name:value` between commas.
    ColonMap,
    /// Feature gates, perhaps behind the name of a component.
    Gates,
    /// `name=value`, whose values may have commas.
    TextMap,
    /// Of a release that no longer tells: not a boolean, and not a list.
    Other,
    /// The same, one that appends.
    List,
}

impl FlagType {
    /// Whether it appends what it is given again; otherwise the last one counts.
    pub fn appends(self) -> bool {
        use FlagType::{
            Array, BoolMap, CertKey, ColonMap, Configuration, Gates, IntSlice, LessMap, List, Map,
            Pair, ReservedMemory, Slice, TextMap,
        };
        matches!(
            self,
            Array
                | BoolMap
                | CertKey
                | ColonMap
                | Configuration
                | Gates
                | IntSlice
                | LessMap
                | List
                | Map
                | Pair
                | ReservedMemory
                | Slice
                | TextMap
        )
    }

    /// What a text that it rejects must be instead.
    pub fn misfit(self, text: &str) -> Option<&'static str> {
        let (fits, what) = match self {
            Self::Version => (
                text == "raw" || text.starts_with('v') || parse_bool(text).is_some(),
                "true, false or raw",
            ),
            // What stands in a text is the program's own business, and that of older releases is not known.
            Self::Text
            | Self::Array
            | Self::Configuration
            | Self::Gates
            | Self::Other
            | Self::List => return None,
            Self::Bool => (parse_bool(text).is_some(), "true or false"),
            Self::Int(bits) => (
                fits_bits(parse_int(text), bits),
                if bits == 32 {
                    "an integer of 32 bits"
                } else {
                    "an integer"
                },
            ),
            Self::Uint => (
                parse_uint(text).is_some(),
                "an integer that is not negative",
            ),
            Self::Level => (is_level(text), "an integer from 0 to 2147483647"),
            Self::Float(bits) => (is_float(text, bits), "a number"),
            Self::Duration if parse_int(text).is_some() && parse_duration(text).is_none() => {
                (false, "a duration with its unit, such as 30s")
            }
            Self::Duration => (
                parse_duration(text).is_some(),
                "a duration, such as 30s or 1h30m",
            ),
            Self::Slice => (
                text.is_empty() || fields(text).is_some(),
                "a list separated by commas, with each item quoted or unquoted as a whole",
            ),
            Self::IntSlice => (
                text.split(',').all(|n| fits_bits(parse_int(n), 32)),
                "integers separated by commas",
            ),
            Self::Ip => (
                text.trim().is_empty() || text.trim().parse::<IpAddr>().is_ok(),
                "an IP address",
            ),
            Self::SloppyIp => (
                text.is_empty() || without_zeros(text).parse::<IpAddr>().is_ok(),
                "an IP address",
            ),
            Self::IpPort => (
                text.is_empty() || is_ip_port(text),
                "an IP address with an optional port, such as 0.0.0.0:10256",
            ),
            Self::CertKey => (
                is_cert_key(text),
                "a certificate file and a key file separated by a comma",
            ),
            Self::PortRange => (is_port_range(text), "a range of ports such as 30000-32767"),
            Self::Quantity => (
                parse_quantity(text).is_some(),
                "a quantity such as 512, 2Ki or 1M",
            ),
            Self::Pattern => (is_pattern(text), "pairs such as gc*=1, separated by commas"),
            Self::Taints => (are_taints(text), "taints such as key=value:NoSchedule"),
            Self::ReservedMemory => (
                text.is_empty() || text.split(';').all(is_reservation),
                "memory by NUMA node, such as 0:memory=1Gi",
            ),
            Self::Map => (
                pairs(text).all(|pair| pair.contains('=')),
                "name=value, with commas between them",
            ),
            Self::Pair => (text.contains('='), "name=value"),
            Self::LessMap => (
                pairs(text).all(|pair| pair.contains('<')),
                "name<value, with commas between them",
            ),
            Self::ColonMap => (
                pairs(text).all(|pair| pair.contains(':')),
                "name:value, with commas between them",
            ),
            Self::BoolMap => {
                let fits = |pair: &str| {
                    let value = pair.split_once('=').map(|(_, value)| value.trim());
                    value.and_then(parse_bool).is_some()
                };
                (pairs(text).all(fits), "name=true, with commas between them")
            }
            Self::TextMap => (is_text_map(text), "name=value, with commas between them"),
        };
        (!fits).then_some(what)
    }
}

/// What stands between commas, and is not empty.
fn pairs(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(|pair| !pair.is_empty())
}

fn fits_bits(number: Option<i64>, bits: u8) -> bool {
    number.is_some_and(|n| bits == 64 || i32::try_from(n).is_ok())
}

fn is_level(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits && text.parse::<i32>().is_ok()
}

/// A number as `strconv.ParseFloat` reads it: of what has no end only the words.
fn is_float(text: &str, bits: u8) -> bool {
    let bare = text.trim_start_matches(['+', '-']);
    let hex = bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0X"));
    if let Some(hex) = hex {
        let parts = hex.split_once(['p', 'P']);
        let digits = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | '_');
        return parts.is_some_and(|(m, e)| m.chars().all(digits) && e.parse::<i16>().is_ok());
    }
    let word = bare.starts_with(|c: char| c.is_ascii_alphabetic());
    // Underscores between digits count for nothing.
    let between = text.contains('_') && !text.starts_with('_') && !text.ends_with('_');
    let plain = if between {
        text.replace('_', "")
    } else {
        text.to_owned()
    };
    let finite = match bits {
        32 => plain.parse::<f32>().map(f32::is_finite),
        _ => plain.parse::<f64>().map(f64::is_finite),
    };
    finite.is_ok_and(|finite| finite || word)
}

/// The fields of one row of a table with commas, as `encoding/csv` reads it: a field in quotes is quoted as a whole.
pub(super) fn fields(text: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            let end = rest.find(',').unwrap_or(rest.len());
            let field = rest.get(..end)?;
            if field.contains('"') {
                return None;
            }
            found.push(field.to_owned());
            match rest.get(end + 1..) {
                Some(behind) => rest = behind,
                None => return Some(found),
            }
            continue;
        };
        let mut field = String::new();
        let mut behind = quoted;
        loop {
            let end = behind.find('"')?;
            field.push_str(behind.get(..end)?);
            behind = behind.get(end + 1..)?;
            match behind.strip_prefix('"') {
                Some(more) => {
                    field.push('"');
                    behind = more;
                }
                None => break,
            }
        }
        found.push(field);
        if behind.is_empty() {
            return Some(found);
        }
        rest = behind.strip_prefix(',')?;
    }
}

/// An address without the zeros that its numbers begin with.
fn without_zeros(text: &str) -> String {
    let number = |n: &str| match n.trim_start_matches('0') {
        "" if !n.is_empty() => "0".to_owned(),
        number => number.to_owned(),
    };
    if text.contains(':') {
        return text.to_owned();
    }
    text.split('.').map(number).collect::<Vec<_>>().join(".")
}

fn is_ip_port(text: &str) -> bool {
    let is_ip = |text: &str| without_zeros(text).parse::<IpAddr>().is_ok();
    let port = |port: &str| parse_uint(port).is_some_and(|port| port <= 65535);
    is_ip(text) || split_host_port(text).is_some_and(|(ip, p)| is_ip(ip) && port(p))
}

/// `certificate,key` or `certificate,key:domain,domain`.
fn is_cert_key(text: &str) -> bool {
    let (files, names) = match text.split_once(':') {
        Some((files, names)) => (files, Some(names)),
        None => (text, None),
    };
    files.matches(',').count() == 1 && names.is_none_or(|names| !names.is_empty())
}

fn is_port_range(text: &str) -> bool {
    let text = text.trim();
    let number = |text: &str| text.parse::<i64>().ok();
    let ends = match (text.find('-'), text.find('+')) {
        _ if text.is_empty() => return true,
        (None, None) => number(text).map(|port| (port, port)),
        (Some(_), Some(_)) => None,
        _ => text.split_once(['-', '+']).and_then(|(low, high)| {
            let (low, high) = (number(low)?, number(high)?);
            Some((low, if text.contains('+') { low + high } else { high }))
        }),
    };
    ends.is_some_and(|(low, high)| low <= high && high <= 65535)
}

fn is_pattern(text: &str) -> bool {
    pairs(text).all(|pair| {
        let parts = pair.split_once('=');
        parts.is_some_and(|(file, level)| !file.is_empty() && is_level(level) && !level.is_empty())
    })
}

/// A reservation of memory of one NUMA node.
fn is_reservation(text: &str) -> bool {
    let Some((node, limits)) = text.split_once(':') else {
        return false;
    };
    node.parse::<i64>().is_ok()
        && !limits.contains(':')
        && limits.split(',').all(|limit| {
            limit.split_once('=').is_some_and(|(kind, amount)| {
                (kind == "memory" || kind.starts_with("hugepages-"))
                    && !amount.contains('=')
                    && parse_quantity(amount).is_some()
            })
        })
}

fn are_taints(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let mut seen = Vec::new();
    text.split(',').all(|taint| {
        // One that is to be taken away.
        let bare = taint.strip_suffix('-');
        let Some((pair, effect)) = bare.unwrap_or(taint).split_once(':') else {
            return bare.is_some_and(is_qualified);
        };
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let known = matches!(effect, "NoSchedule" | "PreferNoSchedule" | "NoExecute");
        let fits = known && is_qualified(key) && is_label_value(value);
        let first = !seen.contains(&(key, effect));
        seen.push((key, effect));
        fits && (first || bare.is_some())
    })
}

/// A name, perhaps behind a domain and a slash.
pub fn is_qualified(text: &str) -> bool {
    let (domain, name) = match text.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, text),
    };
    let lower = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let label = |part: &str| ends_well(part) && part.bytes().all(lower);
    let domain_fits = domain.is_none_or(|d| d.len() <= 253 && d.split('.').all(label));
    domain_fits && !name.is_empty() && is_label_value(name)
}

/// A label's value.
pub fn is_label_value(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.is_empty() || text.len() <= 63 && ends_well(text) && text.bytes().all(inner)
}

fn ends_well(text: &str) -> bool {
    let letter = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    letter(text.as_bytes().first()) && letter(text.as_bytes().last())
}

/// One pair as it is, several as a row of a table.
fn is_text_map(text: &str) -> bool {
    match text.matches('=').count() {
        0 => false,
        1 => text.trim_matches('"').contains('='),
        _ => fields(text).is_some_and(|pairs| pairs.iter().all(|pair| pair.contains('='))),
    }
}
