//! TLS to PostgreSQL, by what the URL says: `sslmode` and `sslrootcert` mean what they mean to libpq,
//! except that a root certificate is never looked at by halves: with one, the name is checked too.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::StoreError;

/// A URL for the driver, and how to encrypt.
pub(super) struct Secured {
    pub(super) url: String,
    pub(super) tls: MakeRustlsConnect,
}

fn refused(what: &str) -> StoreError {
    StoreError::Unreachable(format!("PostgreSQL: {what}"))
}

/// Takes out of a URL what the driver does not know.
pub(super) fn of(url: &str) -> Result<Secured, StoreError> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut root, mut rest) = ("prefer", None, Vec::new());
    for part in query.split('&').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("sslmode", value)) => mode = value,
            Some(("sslrootcert", value)) => {
                let path = percent_decode_str(value).decode_utf8();
                root = Some(path.map_err(|_| refused("sslrootcert is no UTF-8"))?);
            }
            _ => rest.push(part.to_owned()),
        }
    }
    let config = match (mode, &root) {
        ("verify-full" | "require" | "prefer", Some(path)) => verified(path)?,
        ("verify-full", None) => {
            return Err(refused(
                "sslmode=verify-full needs sslrootcert=FILE, the certificate that the server's is signed with",
            ));
        }
        ("disable" | "prefer" | "require", _) => unverified()?,
        _ => {
            return Err(refused(
                "sslmode must be disable, prefer, require or verify-full",
            ));
        }
    };
    // To name a certificate is to want it checked.
    let mode = match (mode, &root) {
        ("disable", _) => "disable",
        ("prefer", None) => "prefer",
        _ => "require",
    };
    rest.push(format!("sslmode={mode}"));
    Ok(Secured {
        url: format!("{base}?{}", rest.join("&")),
        tls: MakeRustlsConnect::new(config),
    })
}

fn builder() -> Result<
    (
        Arc<CryptoProvider>,
        rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>,
    ),
    StoreError,
> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&format!("TLS: {error}")))?;
    Ok((provider, builder))
}

fn verified(path: &str) -> Result<ClientConfig, StoreError> {
    let wrong = |error: &dyn std::fmt::Display| refused(&format!("sslrootcert {path}: {error}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"no certificate in PEM is in it"));
    }
    let (_, builder) = builder()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn unverified() -> Result<ClientConfig, StoreError> {
    let (provider, builder) = builder()?;
    let anyone = Arc::new(Anyone(provider));
    let builder = builder.dangerous().with_custom_certificate_verifier(anyone);
    Ok(builder.with_no_client_auth())
}

/// Encrypts with whoever answers: what `prefer` and `require` ask for, against listeners only.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
