//! Signs the requests that this server makes of others.

use super::{ALGORITHM, Request, Signature, TERMINATOR, canonical, hex};
use crate::{Millis, calendar::basic_format};
use aws_lc_rs::digest;

/// Who signs, and for which service. It has no Debug, because it holds a secret.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// The id of the access key.
    pub access_key: &'a str,
    /// Its secret.
    pub secret: &'a [u8],
    /// The region.
    pub region: &'a str,
    /// The service's signing name.
    pub service: &'a str,
}

impl Signer<'_> {
    /// The headers that make a request a signed one. All its headers are signed, of which `host` is one.
    pub fn headers(&self, request: &Request<'_>, now: Millis) -> [(&'static str, String); 2] {
        let signed_at = now.div_euclid(1_000);
        let time = basic_format(signed_at);
        let mut headers = request.headers.clone();
        headers.push(("x-amz-date", time.as_bytes()));
        let mut signed_headers: Vec<String> = headers.iter().map(|(name, _)| (*name).to_owned()).collect();
        signed_headers.sort_unstable();
        signed_headers.dedup();
        let payload = hex(digest::digest(&digest::SHA256, request.body).as_ref());
        let canonical =
            canonical::request(&Request { headers, ..*request }, &signed_headers, false, &payload)
                .expect("the signed headers are the request's own");
        let signature = Signature {
            access_key: self.access_key.to_owned(),
            session_token: None,
            date: time.get(..8).unwrap_or_default().to_owned(),
            region: self.region.to_owned(),
            service: self.service.to_owned(),
            terminator: TERMINATOR.to_owned(),
            signed_headers,
            hex: String::new(),
            signed_at,
            is_presigned: false,
            ttl_seconds: None,
        };
        let hex = signature.expected(self.secret, &canonical);
        let Signature { access_key, date, region, service, signed_headers, .. } = signature;
        let authorization = format!(
            "{ALGORITHM} Credential={access_key}/{date}/{region}/{service}/{TERMINATOR}, SignedHeaders={}, \
             Signature={hex}",
            signed_headers.join(";")
        );
        [("x-amz-date", time), ("authorization", authorization)]
    }
}

/// A text as one segment of a path: everything but letters, digits and `-._~` is encoded.
pub fn path_segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    canonical::encode_into(&mut out, text.as_bytes(), false);
    out
}
