//! The HTTP client: one for credentials and for calls.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use http::{Request, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

/// A listing of a thousand things is far below.
const MOST: u64 = 64 << 20;

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(60);

/// Sends requests; follows nothing and keeps no cookies.
#[derive(Clone, Debug)]
pub(crate) struct Client(Agent);

impl Client {
    /// `bundle`: certificates to trust instead of the public ones.
    pub(crate) fn new(bundle: Option<&Path>) -> Result<Self, String> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(WHOLE))
            .user_agent(concat!("abide/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = bundle {
            let roots = RootCerts::new_with_certs(&certificates(path)?);
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        Ok(Self(Agent::new_with_config(config.build())))
    }

    /// Sends one request; any status is an answer.
    pub(crate) fn send(
        &self,
        request: Request<Vec<u8>>,
        connect: Option<Duration>,
        whole: Option<Duration>,
    ) -> Result<Response<Vec<u8>>, ureq::Error> {
        let configured = self
            .0
            .configure_request(request)
            .timeout_connect(Some(connect.unwrap_or(CONNECT)))
            .timeout_global(Some(whole.unwrap_or(WHOLE)))
            .build();
        let (parts, body) = self.0.run(configured)?.into_parts();
        Ok(Response::from_parts(parts, bytes(body)?))
    }
}

fn bytes(mut body: Body) -> Result<Vec<u8>, ureq::Error> {
    let mut bytes = Vec::new();
    let mut reader = body.as_reader().take(MOST);
    reader.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let shown = path.display();
    let pem = fs::read(path).map_err(|error| format!("AWS_CA_BUNDLE {shown}: {error}"))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(format!("AWS_CA_BUNDLE {shown}: {error}")),
        }
    }
    match found.is_empty() {
        true => Err(format!("AWS_CA_BUNDLE {shown} holds no certificate")),
        false => Ok(found),
    }
}
