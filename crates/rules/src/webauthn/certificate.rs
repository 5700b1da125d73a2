//! Certificates of attestation keys: what WebAuthn §8.2.1 demands of them, read from DER (X.690) as X.509 (RFC 5280
//! §4.1) has it. Who issued one, and how long it is good, is not asked.

use super::cose_key::Algorithm;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};

/// A certificate takes no more.
const CERTIFICATE_BYTES_MAX: usize = 8_192;
/// Extensions of a certificate, and parts of a name.
const CERTIFICATE_PARTS_MAX: usize = 32;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const DER_TRUE: &[u8] = &[0xff];

/// 2.5.29.19
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// 1.3.6.1.4.1.45724.1.1.4, id-fido-gen-ce-aaguid
const AAGUID: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xe5, 0x1c, 0x01, 0x01, 0x04];
/// 2.5.4.6, 2.5.4.10, 2.5.4.11 and 2.5.4.3
const COUNTRY: &[u8] = &[0x55, 0x04, 0x06];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
const UNIT: &[u8] = &[0x55, 0x04, 0x0b];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The certificate of an attestation key that is as it must be.
pub struct Certificate<'a> {
    /// The key, a SubjectPublicKeyInfo.
    key: &'a [u8],
    /// The model of authenticator that it is for, where it says so.
    pub aaguid: Option<[u8; 16]>,
}

impl<'a> Certificate<'a> {
    /// Reads one; none if it is not as it must be.
    pub fn read(bytes: &'a [u8]) -> Option<Certificate<'a>> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return None;
        }
        let mut certificate = Der(Der(bytes).only(SEQUENCE)?);
        let mut body = Der(certificate.next(SEQUENCE)?);
        // X.509 version 3, whose number is 2.
        if Der(body.next(VERSION)?).only(INTEGER)? != [2] {
            return None;
        }
        body.next(INTEGER)?;
        body.next(SEQUENCE)?;
        body.next(SEQUENCE)?;
        body.next(SEQUENCE)?;
        check_subject(body.next(SEQUENCE)?)?;
        let key = body.next_whole(SEQUENCE)?;
        let aaguid = extensions(Der(Der(body.next(EXTENSIONS)?).only(SEQUENCE)?))?;
        Some(Certificate { key, aaguid })
    }

    /// Whether its key has signed a message by this algorithm.
    pub fn has_signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match algorithm {
            Algorithm::Es256 => &ECDSA_P256_SHA256_ASN1,
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::EdDsa => &ED25519,
        };
        UnparsedPublicKey::new(algorithm, self.key).verify(message, signature).is_ok()
    }
}

/// Country, maker, the unit `Authenticator Attestation`, and a name.
fn check_subject(bytes: &[u8]) -> Option<()> {
    let mut names = Der(bytes);
    let mut found: Vec<(&[u8], &[u8])> = Vec::new();
    while !names.0.is_empty() {
        let mut set = Der(names.next(SET)?);
        while !set.0.is_empty() {
            let mut name = Der(set.next(SEQUENCE)?);
            let kind = name.next(OBJECT_IDENTIFIER)?;
            let (tag, value) = name.any()?;
            if found.len() == CERTIFICATE_PARTS_MAX || !name.0.is_empty() {
                return None;
            }
            if matches!(tag, UTF8_STRING | PRINTABLE_STRING) {
                found.push((kind, value));
            }
        }
    }
    let has = |kind: &[u8], is_right: &dyn Fn(&[u8]) -> bool| {
        found.iter().any(|(name, value)| *name == kind && is_right(value))
    };
    let is_right = has(COUNTRY, &|value| value.len() == 2 && value.iter().all(u8::is_ascii_alphabetic))
        && has(ORGANIZATION, &|value| !value.is_empty())
        && has(UNIT, &|value| value == b"Authenticator Attestation")
        && has(COMMON_NAME, &|value| !value.is_empty());
    is_right.then_some(())
}

/// The model that the extensions name, if they are as they must be: no authority's, and the model not critical.
fn extensions(mut list: Der<'_>) -> Option<Option<[u8; 16]>> {
    let mut seen: Vec<&[u8]> = Vec::new();
    let (mut is_leaf, mut aaguid) = (false, None);
    while !list.0.is_empty() {
        let mut extension = Der(list.next(SEQUENCE)?);
        let kind = extension.next(OBJECT_IDENTIFIER)?;
        let is_critical = extension.next_if(BOOLEAN)?.is_some_and(|value| value == DER_TRUE);
        let value = extension.only(OCTET_STRING)?;
        if seen.contains(&kind) || seen.len() == CERTIFICATE_PARTS_MAX {
            return None;
        }
        seen.push(kind);
        if kind == BASIC_CONSTRAINTS {
            let mut constraints = Der(Der(value).only(SEQUENCE)?);
            is_leaf = constraints.next_if(BOOLEAN)?.is_none_or(|value| value != DER_TRUE);
        } else if kind == AAGUID {
            aaguid = Some(Der(value).only(OCTET_STRING)?.try_into().ok().filter(|_| !is_critical)?);
        }
    }
    is_leaf.then_some(aaguid)
}

/// Values one behind the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next value's tag, how long its head is, and how long all of it is.
    fn head(&self) -> Option<(u8, usize, usize)> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (head, length) = match first {
            0..=0x7f => (2, usize::from(first)),
            0x81 => (3, usize::from(*rest.first()?)),
            0x82 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
            _ => return None,
        };
        // X.690 §10.1: the shortest form.
        let is_shortest = match head {
            3 => length > 0x7f,
            4 => length > 0xff,
            _ => true,
        };
        let whole = head + length;
        (is_shortest && whole <= self.0.len()).then_some((tag, head, whole))
    }

    /// The next value with its tag and head.
    fn next_whole(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, _, whole) = self.head()?;
        let (value, rest) = self.0.split_at_checked(whole).filter(|_| found == tag)?;
        self.0 = rest;
        Some(value)
    }

    /// The next value, whatever it is.
    fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, head, _) = self.head()?;
        let value = self.next_whole(tag)?;
        Some((tag, value.get(head..)?))
    }

    /// The next value, which has this tag.
    fn next(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, _, _) = self.head()?;
        if found == tag { self.any().map(|(_, value)| value) } else { None }
    }

    /// The next value if it has this tag; the outer none is for what cannot be read.
    fn next_if(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.0.first() == Some(&tag) { self.next(tag).map(Some) } else { Some(None) }
    }

    /// The value that is all there is, and has this tag.
    fn only(mut self, tag: u8) -> Option<&'a [u8]> {
        let value = self.next(tag)?;
        self.0.is_empty().then_some(value)
    }
}
