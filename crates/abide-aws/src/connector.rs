//! Lets the credential chain of `aws-config` use our HTTP client.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::http::Client;

/// Gives connectors with the time limits that the chain asks for: the address of an instance's
/// metadata is waited for only shortly.
#[derive(Debug)]
pub(crate) struct Connecting(pub(crate) Client);

impl HttpClient for Connecting {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            client: self.0.clone(),
            connect: settings.connect_timeout(),
            read: settings.read_timeout(),
        })
    }
}

#[derive(Debug)]
struct Connector {
    client: Client,
    connect: Option<Duration>,
    read: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // The chain has a thread of its own: waiting here holds up nobody.
        HttpConnectorFuture::ready(self.answer(request))
    }
}

impl Connector {
    fn answer(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request
            .try_into_http1x()
            .map_err(|error| ConnectorError::user(error.into()))?
            .map(|body| body.bytes().unwrap_or_default().to_vec());
        let answer = self
            .client
            .send(request, self.connect, self.read.or(self.connect))
            .map_err(|error| match error {
                ureq::Error::Timeout(_) => ConnectorError::timeout(error.into()),
                _ => ConnectorError::io(error.into()),
            })?;
        HttpResponse::try_from(answer.map(SdkBody::from))
            .map_err(|error| ConnectorError::other(error.into(), None))
    }
}
