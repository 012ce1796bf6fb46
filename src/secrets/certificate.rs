//! Certificates (X.509, RFC 5280) and the private keys that stand beside them, as far as rules judge them.

use crate::text::base64;
use crate::yaml::Node;
use der::asn1::{AnyRef, BitStringRef, GeneralizedTime, ObjectIdentifier, UtcTime};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};
use memchr::memmem;
use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

/// Signatures with a digest for which collisions are made.
const WEAK_SIGNATURES: [(ObjectIdentifier, &str); 6] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.2"), "MD2"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4"), "MD5"),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"),
        "SHA-1",
    ),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"), "SHA-1"),
    (ObjectIdentifier::new_unwrap("1.2.840.10040.4.3"), "SHA-1"),
    (ObjectIdentifier::new_unwrap("1.3.14.3.2.29"), "SHA-1"),
];

/// `-----BEGIN CERT`, and that in base64.
const BEGIN: [&str; 2] = ["-----BEGIN CERT", "LS0tLS1CRUdJTiBDRVJU"];

/// A block between `-----BEGIN` and `-----END` lines (RFC 7468).
#[derive(Debug)]
pub struct Pem<'t> {
    /// Its first line, in bytes of the text.
    pub first_line: Range<usize>,
    label: &'t str,
    der: Vec<u8>,
}

/// A public key; one of a private key, too.
#[derive(Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// The modulus, without leading zeros.
    Rsa(Vec<u8>),
    /// A point of a curve, not compressed.
    Ec(Vec<u8>),
    /// Any other.
    Other,
}

/// Whom a certificate names: to Kubernetes, a user and its groups.
#[derive(Debug, Default)]
pub struct CertificateSubject {
    /// The common name; may be empty.
    pub common_name: String,
    /// The organizations.
    pub organizations: Vec<String>,
}

impl CertificateSubject {
    fn of(name: AnyRef<'_>) -> Self {
        let mut subject = Self::default();
        for (kind, text) in attributes(name) {
            match kind {
                COMMON_NAME => subject.common_name = text,
                ORGANIZATION => subject.organizations.push(text),
                _ => {}
            }
        }
        subject
    }
}

/// A certificate.
#[derive(Debug)]
pub struct Certificate {
    /// Whom it names.
    pub subject: CertificateSubject,
    /// From when it holds, since 1970.
    pub not_before: Duration,
    /// Until when it holds, since 1970.
    pub not_after: Duration,
    /// Its key.
    pub key: PublicKey,
    /// The weak digest that its signature is made of, where somebody checks that: nobody does of a root.
    pub weak_signature: Option<&'static str>,
}

impl Certificate {
    /// Whether it holds at a moment.
    pub fn holds(&self, now: Duration) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

impl PublicKey {
    /// Its strength, and the least that is safe (NIST SP 800-57), in bits, where it falls below.
    pub fn weakness(&self) -> Option<(&'static str, usize, usize)> {
        let (name, bits, least) = match self {
            Self::Rsa(modulus) => {
                let zeros = modulus.first().map_or(0, |b| b.leading_zeros() as usize);
                ("RSA", modulus.len() * 8 - zeros, 2048)
            }
            // `04`, and two coordinates.
            Self::Ec(point) => ("EC", point.len().saturating_sub(1) / 2 * 8, 224),
            Self::Other => return None,
        };
        (bits < least).then_some((name, bits, least))
    }

    /// Whether a private key is certainly not of this public one.
    pub fn differs(&self, private: &Self) -> bool {
        *self != Self::Other && *private != Self::Other && self != private
    }
}

impl<'t> Pem<'t> {
    /// The blocks of a text whose content is base64.
    pub fn of(text: &'t str) -> impl Iterator<Item = Self> {
        const BEGIN: &str = "-----BEGIN ";
        let starts = memmem::find_iter(text.as_bytes(), BEGIN.as_bytes());
        starts.filter_map(move |start| {
            let (label, rest) = text.get(start + BEGIN.len()..)?.split_once("-----")?;
            let (body, _) = rest.split_once("-----END ")?;
            let end = start + BEGIN.len() + label.len() + "-----".len();
            Some(Self {
                first_line: start..end,
                label,
                der: base64(body)?,
            })
        })
    }

    /// Whether it says that it is a certificate, and its content may be one: not what stands for one in a documentation.
    pub fn is_certificate(&self) -> bool {
        self.label == "CERTIFICATE" && self.der.first() == Some(&0x30) && self.der.len() > 100
    }

    /// The certificate; `None` where it cannot be read.
    pub fn certificate(&self) -> Option<Certificate> {
        let mut whole = inside(AnyRef::from_der(&self.der).ok()?)?;
        let mut tbs = inside(next(&mut whole)?)?;
        let mut first = next(&mut tbs)?;
        // The version, which the first certificates do not have; then the serial number.
        if first.tag() != Tag::Integer {
            first = next(&mut tbs)?;
        }
        (first.tag() == Tag::Integer).then_some(())?;
        let algorithm = object_id(&mut inside(next(&mut tbs)?)?)?;
        let issuer = next(&mut tbs)?;
        let mut validity = inside(next(&mut tbs)?)?;
        let subject = next(&mut tbs)?;
        let weak = WEAK_SIGNATURES.iter().find(|(id, _)| *id == algorithm);
        Some(Certificate {
            subject: CertificateSubject::of(subject),
            not_before: time(next(&mut validity)?)?,
            not_after: time(next(&mut validity)?)?,
            key: public_key(next(&mut tbs)?)?,
            weak_signature: weak.filter(|_| issuer != subject).map(|(_, name)| *name),
        })
    }

    /// Whom a request for a certificate (RFC 2986) is to name; `None` where it cannot be read.
    pub fn requested(&self) -> Option<CertificateSubject> {
        self.label.ends_with("CERTIFICATE REQUEST").then_some(())?;
        let mut info = inside(next(&mut inside(AnyRef::from_der(&self.der).ok()?)?)?)?;
        next(&mut info)?;
        Some(CertificateSubject::of(next(&mut info)?))
    }

    /// The public half of a private key; `Other` where it does not say, `None` where it is no private key.
    pub fn private_key(&self) -> Option<PublicKey> {
        let whole = AnyRef::from_der(&self.der).ok()?;
        match self.label {
            "RSA PRIVATE KEY" => rsa_private(whole),
            "EC PRIVATE KEY" => ec_private(whole),
            "PRIVATE KEY" => {
                let mut fields = inside(whole)?;
                next(&mut fields)?;
                let algorithm = object_id(&mut inside(next(&mut fields)?)?)?;
                let key = AnyRef::from_der(next(&mut fields)?.value()).ok()?;
                match algorithm {
                    RSA => rsa_private(key),
                    EC => ec_private(key),
                    _ => Some(PublicKey::Other),
                }
            }
            label if label.ends_with("PRIVATE KEY") => Some(PublicKey::Other),
            _ => None,
        }
    }
}

/// Whether certificates may stand below a node: its text holds the beginning of one.
pub fn holds_certificates(node: Node<'_>) -> bool {
    let text = node.span().text(node.document().text).as_bytes();
    BEGIN
        .iter()
        .any(|begin| memmem::find(text, begin.as_bytes()).is_some())
}

/// A text that holds PEM, or what a base64 of one holds.
pub fn pem(text: &str) -> Option<Cow<'_, str>> {
    if text.trim_start().starts_with("LS0tLS1CRUdJTi") {
        return String::from_utf8(base64(text)?).ok().map(Cow::Owned);
    }
    text.contains("-----BEGIN ").then_some(Cow::Borrowed(text))
}

/// The private key that stands beside a certificate, and its public half.
pub fn key_beside(node: Node<'_>) -> Option<(Node<'_>, PublicKey)> {
    const PAIRS: [(&str, &str); 6] = [
        ("certificate-data", "key-data"),
        ("certificate", "key"),
        ("cert.pem", "key.pem"),
        (".pem", "-key.pem"),
        ("crt", "key"),
        ("cert", "key"),
    ];
    let name = node.key_node()?.key()?;
    let key_name = PAIRS
        .iter()
        .find_map(|(end, key)| Some(format!("{}{key}", name.strip_suffix(end)?)))?;
    let at = node.parent()?.field(&key_name)?;
    let text = pem(at.as_str()?)?;
    let key = Pem::of(&text).find_map(|block| block.private_key())?;
    Some((at, key))
}

fn next<'d>(fields: &mut SliceReader<'d>) -> Option<AnyRef<'d>> {
    AnyRef::decode(fields).ok()
}

/// The fields of a sequence or set.
fn inside(value: AnyRef<'_>) -> Option<SliceReader<'_>> {
    matches!(value.tag(), Tag::Sequence | Tag::Set).then_some(())?;
    SliceReader::new(value.value()).ok()
}

fn object_id(fields: &mut SliceReader<'_>) -> Option<ObjectIdentifier> {
    ObjectIdentifier::decode(fields).ok()
}

fn time(value: AnyRef<'_>) -> Option<Duration> {
    match value.tag() {
        Tag::UtcTime => Some(value.decode_as::<UtcTime>().ok()?.to_unix_duration()),
        Tag::GeneralizedTime => Some(
            value
                .decode_as::<GeneralizedTime>()
                .ok()?
                .to_unix_duration(),
        ),
        _ => None,
    }
}

/// One attribute after the other of a name; what cannot be read ends it.
fn attributes(name: AnyRef<'_>) -> impl Iterator<Item = (ObjectIdentifier, String)> {
    let mut parts = inside(name);
    std::iter::from_fn(move || {
        let mut part = inside(next(&mut inside(next(parts.as_mut()?)?)?)?)?;
        let kind = object_id(&mut part)?;
        let text = String::from_utf8_lossy(next(&mut part)?.value());
        Some((kind, text.into_owned()))
    })
}

fn public_key(info: AnyRef<'_>) -> Option<PublicKey> {
    let mut fields = inside(info)?;
    let algorithm = object_id(&mut inside(next(&mut fields)?)?)?;
    let bits = BitStringRef::decode(&mut fields).ok()?.as_bytes()?;
    Some(match algorithm {
        RSA => PublicKey::Rsa(unsigned(&mut inside(AnyRef::from_der(bits).ok()?)?)?),
        EC => point(bits),
        _ => PublicKey::Other,
    })
}

/// A point as it is compared; a compressed one is not.
fn point(bytes: &[u8]) -> PublicKey {
    match bytes.first() {
        Some(4) => PublicKey::Ec(bytes.to_vec()),
        _ => PublicKey::Other,
    }
}

fn unsigned(fields: &mut SliceReader<'_>) -> Option<Vec<u8>> {
    let value = next(fields).filter(|v| v.tag() == Tag::Integer)?.value();
    let zeros = value.iter().take_while(|b| **b == 0).count();
    value.get(zeros..).map(<[u8]>::to_vec)
}

/// PKCS #1 (RFC 8017): version, modulus ...
fn rsa_private(key: AnyRef<'_>) -> Option<PublicKey> {
    let mut fields = inside(key)?;
    next(&mut fields)?;
    Some(PublicKey::Rsa(unsigned(&mut fields)?))
}

/// SEC 1 (RFC 5915): version, key, parameters `[0]`, public key `[1]`; the last two may be left out.
fn ec_private(key: AnyRef<'_>) -> Option<PublicKey> {
    let mut fields = inside(key)?;
    next(&mut fields)?;
    next(&mut fields)?;
    while !fields.is_finished() {
        let field = next(&mut fields)?;
        if matches!(field.tag(), Tag::ContextSpecific { number, .. } if number == TagNumber(1)) {
            let bits = BitStringRef::from_der(field.value()).ok()?;
            return Some(point(bits.as_bytes()?));
        }
    }
    Some(PublicKey::Other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An Ed25519 root.
    const ROOT: &str = "MIIBMjCB5aADAgECAhQBJEYenA+qQOtvU3ElKNpSOfPHgDAFBgMrZXAwDzENMAsGA1UEAwwEcm9vdDAeFw0yNjExMjYyMTM1NDhaFw00NjAxMjUyMTM1NDhaMA8xDTALBgNVBAMMBHJvb3QwKjAFBgMrZXADIQDkB6M64FeTd+FHFBxjF2eN8J8N7OncTE9/rbyijHmIi6NTMFEwHQYDVR0OBBYEFFYlFW5JKnE1A3b/48F0MjRNfPEdMB8GA1UdIwQYMBaAFFYlFW5JKnE1A3b/48F0MjRNfPEdMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAoMXNNmF8DAxSHXRbRH55Zilzc/QAu+wrFVXA1ng4vrU43NteUd+LJA2ITGzc14z3zFcek/TKT3nQXchCKMxdDA==";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Bytes of a real certificate that are changed, taken out and doubled: any answer, but no panic and nothing out of thin air.
        #[test]
        fn damaged_certificates_do_no_harm(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..8),
            cut in any::<prop::sample::Index>(),
            label in prop::sample::select(&["CERTIFICATE", "CERTIFICATE REQUEST", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"][..]),
        ) {
            let mut der = base64(ROOT).unwrap();
            let untouched = changes.is_empty();
            for (at, byte, how) in changes {
                let at = at.index(der.len());
                match how {
                    0 => der[at] = byte,
                    1 => { der.remove(at); }
                    _ => der.insert(at, byte),
                }
            }
            let whole = Pem { first_line: 0..0, label, der: der.clone() };
            prop_assert!(!untouched || whole.certificate().is_some_and(|c| c.subject.common_name == "root"));
            der.truncate(cut.index(der.len()));
            for block in [whole, Pem { first_line: 0..0, label, der }] {
                // A byte that is no UTF-8 becomes three.
                let most = block.der.len() * 3;
                prop_assert!(block.certificate().is_none_or(|c| c.subject.common_name.len() <= most));
                prop_assert!(block.requested().is_none_or(|s| s.common_name.len() <= most));
                let key = block.private_key().and_then(|k| k.weakness().map(|(_, bits, _)| bits));
                prop_assert!(key.is_none_or(|bits| bits <= most * 8));
            }
        }
    }
}
