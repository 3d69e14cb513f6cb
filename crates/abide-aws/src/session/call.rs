//! One call: how it is written in its service's protocol, and how the answer is read.

use std::borrow::Cow;

use http::{Method, Request, Response, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::AwsError;
use crate::answer;
use crate::service::{Protocol, Service, service};

/// Unreserved in RFC 3986; signatures count on exactly that.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// As much of a message as is repeated.
const SAID: usize = 300;

/// A call that only reads.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) service: &'static Service,
    /// The operation, or the path.
    operation: Cow<'a, str>,
    parameters: Vec<(String, Value)>,
}

impl<'a> Call<'a> {
    /// An operation of a service that has operations, or a path of one that has paths.
    pub(crate) fn new(
        name: &str,
        operation: impl Into<Cow<'a, str>>,
        parameters: Vec<(String, Value)>,
    ) -> Result<Self, AwsError> {
        Ok(Self {
            service: service(name)?,
            operation: operation.into(),
            parameters,
        })
    }

    pub(crate) fn query(name: &str, operation: &'a str) -> Result<Self, AwsError> {
        Self::new(name, operation, Vec::new())
    }

    /// Sets a parameter, or sets it anew.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        match self.parameters.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.parameters.push((name.to_owned(), value)),
        }
    }

    /// `ec2 DescribeVolumes`, for messages.
    pub(crate) fn name(&self) -> String {
        let operation = match self.service.protocol {
            Protocol::Query | Protocol::Json => self.operation.to_string(),
            Protocol::RestJson | Protocol::RestXml => format!("GET {}", self.operation),
        };
        format!("{} {operation}", self.service.host)
    }

    pub(crate) fn unreadable(&self, region: &str, reason: impl Into<String>) -> AwsError {
        AwsError::Unreadable {
            call: self.name(),
            region: region.to_owned(),
            reason: reason.into(),
        }
    }

    /// The request, not signed.
    pub(crate) fn request(&self, url: &str) -> Result<Request<Vec<u8>>, String> {
        let built = match self.service.protocol {
            Protocol::Query => {
                let mut form = format!(
                    "Action={}&Version={}",
                    encoded(&self.operation),
                    self.service.version
                );
                for (name, value) in &self.parameters {
                    for (name, text) in listed(name, value) {
                        form.push_str(&format!("&{}={}", encoded(&name), encoded(&text)));
                    }
                }
                Request::builder()
                    .method(Method::POST)
                    .uri(format!("{url}/"))
                    .header(
                        header::CONTENT_TYPE,
                        "application/x-www-form-urlencoded; charset=utf-8",
                    )
                    .body(form.into_bytes())
            }
            Protocol::Json => {
                let body: Map<String, Value> = self.parameters.iter().cloned().collect();
                Request::builder()
                    .method(Method::POST)
                    .uri(format!("{url}/"))
                    .header(
                        header::CONTENT_TYPE,
                        format!("application/x-amz-json-{}", self.service.version),
                    )
                    .header(
                        "x-amz-target",
                        format!("{}.{}", self.service.target, self.operation),
                    )
                    .body(json!(body).to_string().into_bytes())
            }
            Protocol::RestJson | Protocol::RestXml => Request::builder()
                .method(Method::GET)
                .uri(format!("{url}{}{}", self.operation, self.query_text()))
                .body(Vec::new()),
        };
        built.map_err(|error| error.to_string())
    }

    fn query_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.parameters {
            let start = match text.is_empty() && !self.operation.contains('?') {
                true => '?',
                false => '&',
            };
            let value = answer::text(value).unwrap_or_default();
            text.push_str(&format!("{start}{}={}", encoded(name), encoded(&value)));
        }
        text
    }

    /// Reads the answer: what it holds, or the error.
    pub(crate) fn read(&self, answer: &Response<Vec<u8>>, region: &str) -> Result<Value, AwsError> {
        let status = answer.status();
        let text = String::from_utf8_lossy(answer.body());
        let is_xml = matches!(self.service.protocol, Protocol::Query | Protocol::RestXml);
        let value = match is_xml {
            true => answer::xml(&text),
            false if text.trim().is_empty() => Ok(Value::Object(Map::new())),
            false => serde_json::from_str(&text).map_err(|error| error.to_string()),
        };
        if !status.is_success() {
            let header = answer.headers().get("x-amzn-errortype");
            let header = header.and_then(|value| value.to_str().ok());
            return Err(self.refused(region, status.as_u16(), header, value.ok().as_ref()));
        }
        let value = match (value, text.trim().is_empty()) {
            (Ok(value), _) => value,
            (Err(_), true) => Value::Object(Map::new()),
            (Err(reason), false) => return Err(self.unreadable(region, reason)),
        };
        Ok(unwrapped(value))
    }

    fn refused(
        &self,
        region: &str,
        status: u16,
        header: Option<&str>,
        value: Option<&Value>,
    ) -> AwsError {
        let first = |paths: &[&str]| {
            let value = value?;
            paths.iter().find_map(|path| answer::text_at(value, path))
        };
        let code = header
            .map(str::to_owned)
            .or_else(|| first(&["__type", "code", "Error.Code", "Errors.Error.Code", "Code"]))
            .unwrap_or_else(|| format!("HTTP {status}"));
        // com.amazonaws.x#Name:http://…
        let code = code.split(':').next().unwrap_or_default();
        let code = code.rsplit('#').next().unwrap_or_default();
        let message = first(&[
            "message",
            "Message",
            "Error.Message",
            "Errors.Error.Message",
        ]);
        AwsError::Refused {
            call: self.name(),
            region: region.to_owned(),
            status,
            code: code.to_owned(),
            message: message
                .unwrap_or_else(|| "no reason was given".to_owned())
                .chars()
                .take(SAID)
                .collect(),
        }
    }
}

/// A query answer holds its result in `…Result`.
fn unwrapped(value: Value) -> Value {
    match value {
        Value::Object(mut map) => {
            let result = map.keys().find(|key| key.ends_with("Result")).cloned();
            match result.and_then(|key| map.remove(&key)) {
                Some(result @ Value::Object(_)) => result,
                _ => Value::Object(map),
            }
        }
        value => value,
    }
}

/// Lists are numbered in a form: `Owner.1`.
fn listed(name: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Array(list) => list
            .iter()
            .enumerate()
            .filter_map(|(at, value)| Some((format!("{name}.{}", at + 1), answer::text(value)?)))
            .collect(),
        value => answer::text(value)
            .map(|text| (name.to_owned(), text))
            .into_iter()
            .collect(),
    }
}

/// A text as part of a form, a query or a path.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}
