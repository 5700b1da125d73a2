//! The address of a PostgreSQL server: its URL, and the TLS that `sslmode` asks for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rules::hosts::is_loopback;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Error;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads a URL as libpq would, `sslmode` and `sslrootcert` included. Where it says no `sslmode`, the server must prove
/// itself, unless it is on this machine.
pub(super) fn parse(url: &str) -> Result<(Config, MakeRustlsConnect), Error> {
    let (mut config, address) = read(url)?;
    let otherwise = if is_near(&config) { Mode::Prefer } else { Mode::VerifyFull };
    let mode = address.mode.unwrap_or(otherwise);
    let verified = mode == Mode::VerifyFull || address.roots.is_some();
    config.ssl_mode(match mode {
        Mode::Disable => SslMode::Disable,
        Mode::Prefer => SslMode::Prefer,
        Mode::Require | Mode::VerifyFull => SslMode::Require,
    });
    config.connect_timeout(CONNECT_TIMEOUT);
    config.keepalives_idle(Duration::from_secs(30));
    if config.get_application_name().is_none() {
        config.application_name("cognate");
    }
    let tls = if verified { verified_tls(address.roots.as_deref())? } else { unverified_tls()? };
    Ok((config, MakeRustlsConnect::new(tls)))
}

/// Whether the server that a URL names is on this machine: by its socket, or on loopback.
pub fn is_postgres_near(url: &str) -> bool {
    read(url).is_ok_and(|(config, _)| is_near(&config))
}

/// Whether a URL leaves it to us how the connection is protected, and its server is on another machine.
pub(super) fn is_verified_by_default(url: &str) -> bool {
    read(url).is_ok_and(|(config, address)| address.mode.is_none() && !is_near(&config))
}

fn is_near(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(|address| address.to_canonical().is_loopback());
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => is_loopback(name),
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

fn read(url: &str) -> Result<(Config, Address), Error> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(open_error("a PostgreSQL address begins with postgres://"));
    }
    let address = Address::split(url)?;
    // The cause is left out where it would quote the address, which holds a password.
    let config = address.url.parse().map_err(|_| open_error("the PostgreSQL address cannot be read"))?;
    Ok((config, address))
}

#[derive(Debug, PartialEq)]
enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyFull,
}

/// A URL without the parameters that tokio-postgres does not know.
struct Address {
    url: String,
    mode: Option<Mode>,
    roots: Option<PathBuf>,
}

impl Address {
    fn split(url: &str) -> Result<Address, Error> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut address = Address { url: base.to_owned(), mode: None, roots: None };
        let mut separator = '?';
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", mode)) => address.mode = Some(Mode::named(mode)?),
                Some(("sslrootcert", path)) => address.roots = Some(percent_decoded(path)?.into()),
                _ => {
                    address.url.push(separator);
                    address.url.push_str(pair);
                    separator = '&';
                }
            }
        }
        Ok(address)
    }
}

impl Mode {
    fn named(name: &str) -> Result<Mode, Error> {
        match name {
            "disable" => Ok(Mode::Disable),
            "prefer" => Ok(Mode::Prefer),
            "require" => Ok(Mode::Require),
            "verify-full" => Ok(Mode::VerifyFull),
            _ => Err(open_error("sslmode is one of disable, prefer, require and verify-full")),
        }
    }
}

fn percent_decoded(text: &str) -> Result<String, Error> {
    let wrong = || open_error("sslrootcert is not a path");
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or_else(wrong)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

fn verified_tls(file: Option<&Path>) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let wrong = |error| open_error(format!("sslrootcert {}: {error}", file.display()));
            for certificate in CertificateDer::pem_file_iter(file).map_err(wrong)? {
                roots.add(certificate.map_err(wrong)?).map_err(|error| open_error(error.to_string()))?;
            }
        }
        None => {
            // A system's store may hold a few certificates that rustls does not take; the others serve.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(open_error("no root certificate to verify PostgreSQL's own against"));
    }
    Ok(versions()?.with_root_certificates(roots).with_no_client_auth())
}

fn unverified_tls() -> Result<ClientConfig, Error> {
    let verifier = Arc::new(AnyCertificate(Arc::new(aws_lc_rs::default_provider())));
    Ok(versions()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn versions() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    builder.with_safe_default_protocol_versions().map_err(|error| open_error(error.to_string()))
}

fn open_error(text: impl Into<String>) -> Error {
    Error::Open(text.into())
}

/// `prefer` and `require` hide the traffic from who listens and prove nothing about the server, as in libpq.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_loses_what_only_libpq_knows() {
        let url =
            "postgres://u:p@h:1/d?sslmode=verify-full&options=-csearch_path%3Dx&sslrootcert=%2Fa%20b.pem";
        let address = Address::split(url).unwrap();
        assert_eq!(address.url, "postgres://u:p@h:1/d?options=-csearch_path%3Dx");
        assert_eq!(address.mode, Some(Mode::VerifyFull));
        assert_eq!(address.roots, Some(PathBuf::from("/a b.pem")));
        assert_eq!(Address::split("postgres://h/d").unwrap().mode, None);
    }

    #[test]
    fn only_a_server_on_this_machine_is_spoken_to_in_clear_unasked() {
        for (url, ssl, by_default) in [
            ("postgres://h/d", SslMode::Require, true),
            ("postgres://u:p@localhost.example.com/d", SslMode::Require, true),
            ("postgres://u:p@10.0.0.1,127.0.0.1/d", SslMode::Require, true),
            ("postgres://u:p@localhost/d?hostaddr=10.0.0.1", SslMode::Require, true),
            ("postgres://localhost:x@h/d", SslMode::Require, true),
            ("postgres://h/d?sslmode=require", SslMode::Require, false),
            ("postgres://h/d?sslmode=prefer", SslMode::Prefer, false),
            ("postgres://h/d?sslmode=disable", SslMode::Disable, false),
            ("postgres://u:p@localhost/d", SslMode::Prefer, false),
            ("postgres://u:p@127.0.0.1:5499/d", SslMode::Prefer, false),
            ("postgres://u:p@[::1]/d", SslMode::Prefer, false),
            ("postgres:///d?host=/run/postgresql", SslMode::Prefer, false),
            ("postgres://localhost/d?sslmode=verify-full", SslMode::Require, false),
        ] {
            assert_eq!(is_verified_by_default(url), by_default, "{url}");
            // Where there are no root certificates, none can be verified; what is asked for stands anyway.
            if let Ok((config, _)) = parse(url) {
                assert_eq!(config.get_ssl_mode(), ssl, "{url}");
            }
        }
    }

    #[test]
    fn a_wrong_address_is_refused_without_its_password() {
        for url in [
            "mysql://u:hunter2@h/d",
            "postgres://u:hunter2@h/d?sslmode=verify-ca",
            "postgres://u:hunter2@h:port/d",
            "postgres://u:hunter2@h/d?hunter2=1",
            "postgres://u:hunter2@h/d?sslmode=verify-full&sslrootcert=/nowhere.pem",
            "postgres://u:hunter2@h/d?sslrootcert=%2",
        ] {
            let error = parse(url).err().expect(url);
            assert!(matches!(error, Error::Open(_)), "{url}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
