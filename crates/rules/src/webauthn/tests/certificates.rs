//! Certificates of attestation keys, written in DER: good ones, and each with one thing wrong.

use super::soft_authenticator::Key;
use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    signature::KeyPair as _,
};

#[derive(Clone, Debug)]
pub struct Template {
    pub key: Vec<u8>,
    pub aaguid: Option<[u8; 16]>,
    pub aaguid_is_critical: bool,
    pub aaguid_bytes: usize,
    pub version: Option<u8>,
    pub country: Option<&'static str>,
    pub organization: Option<&'static str>,
    pub unit: Option<&'static str>,
    pub name: Option<&'static str>,
    /// The content of the basic constraints.
    pub constraints: Option<Vec<u8>>,
    pub has_extensions: bool,
    pub repeats: bool,
}

impl Template {
    pub fn of(key: &Key, aaguid: [u8; 16]) -> Template {
        let key: PublicKeyX509Der<'_> = match key {
            Key::Es256(key) => key.public_key().as_der().unwrap(),
            Key::Rs256(key) => key.public_key().as_der().unwrap(),
            Key::EdDsa(key) => key.public_key().as_der().unwrap(),
        };
        Template {
            key: key.as_ref().to_vec(),
            aaguid: Some(aaguid),
            aaguid_is_critical: false,
            aaguid_bytes: 16,
            version: Some(2),
            country: Some("SE"),
            organization: Some("Maker AB"),
            unit: Some("Authenticator Attestation"),
            name: Some("Maker U2F EE Serial 1"),
            constraints: Some(Vec::new()),
            has_extensions: true,
            repeats: false,
        }
    }

    /// The same with one thing wrong each.
    pub fn spoiled(&self) -> Vec<Template> {
        let good = || self.clone();
        vec![
            Template { version: None, ..good() },
            Template { version: Some(1), ..good() },
            Template { country: None, ..good() },
            Template { country: Some("Sweden"), ..good() },
            Template { country: Some("46"), ..good() },
            Template { organization: None, ..good() },
            Template { organization: Some(""), ..good() },
            Template { unit: None, ..good() },
            Template { unit: Some("authenticator attestation"), ..good() },
            Template { name: None, ..good() },
            Template { constraints: None, ..good() },
            Template { constraints: Some(tlv(0x01, &[0xff])), ..good() },
            Template { has_extensions: false, ..good() },
            Template { aaguid_is_critical: true, ..good() },
            Template { aaguid_bytes: 15, ..good() },
            Template { repeats: true, ..good() },
        ]
    }

    pub fn der(&self) -> Vec<u8> {
        let algorithm = sequence(&[oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02])]);
        let name = |kind: u8, text: Option<&str>| {
            text.map_or(Vec::new(), |text| {
                tlv(0x31, &sequence(&[oid(&[0x55, 0x04, kind]), tlv(0x0c, text.as_bytes())]))
            })
        };
        let subject = sequence(&[
            name(6, self.country),
            name(10, self.organization),
            name(11, self.unit),
            name(3, self.name),
        ]);
        let version = self.version.map_or(Vec::new(), |version| tlv(0xa0, &tlv(0x02, &[version])));
        let time = tlv(0x17, b"260101000000Z");
        let body = sequence(&[
            version,
            tlv(0x02, &[1]),
            algorithm.clone(),
            sequence(&[name(3, Some("Maker Root"))]),
            sequence(&[time.clone(), time]),
            subject,
            self.key.clone(),
            if self.has_extensions { tlv(0xa3, &self.extensions()) } else { Vec::new() },
        ]);
        sequence(&[body, algorithm, tlv(0x03, &[0, 1, 2, 3])])
    }

    fn extensions(&self) -> Vec<u8> {
        let mut list = Vec::new();
        if let Some(constraints) = &self.constraints {
            let value = tlv(0x04, &sequence(std::slice::from_ref(constraints)));
            list.push(sequence(&[oid(&[0x55, 0x1d, 0x13]), tlv(0x01, &[0xff]), value]));
        }
        if let Some(aaguid) = &self.aaguid {
            let id = oid(&[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xe5, 0x1c, 0x01, 0x01, 0x04]);
            let critical = if self.aaguid_is_critical { tlv(0x01, &[0xff]) } else { Vec::new() };
            let value = tlv(0x04, &tlv(0x04, &aaguid[..self.aaguid_bytes]));
            list.push(sequence(&[id, critical, value]));
        }
        if self.repeats {
            list.extend(list.first().cloned());
        }
        sequence(&list)
    }
}

fn oid(bytes: &[u8]) -> Vec<u8> {
    tlv(0x06, bytes)
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content.to_vec()].concat()
}
