//! Credentials, region and endpoints of one target, and the calls made with them.

mod call;
mod sign;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_types::os_shim_internal::Env;
use aws_types::service_config::ServiceConfigKey;
use jiff::Timestamp;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::answer;
use crate::connector::Connecting;
use crate::http::Client;
use crate::service::Service;
use crate::{AwsError, endpoint};

pub(crate) use call::{Call, encoded};

/// Who we are to AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// 12 digits.
    pub account: String,
    /// The user or role.
    pub arn: String,
}

/// Credentials are had anew so long before they end.
const EARLY: Duration = Duration::from_secs(120);

/// Signed calls with the credentials that an environment gives.
///
/// Neither this nor anything it says in an error shows a credential.
pub struct Session {
    runtime: Runtime,
    config: SdkConfig,
    client: Client,
    ignore_endpoints: bool,
    /// Those of now: the chain may have to ask others for them.
    held: Mutex<Option<Credentials>>,
    /// The wait before a call is tried again the first time; it doubles.
    patience: Duration,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("region", &self.region().ok())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session for these variables, which stand for the whole environment. Everything AWS tools
    /// know is tried: keys, profiles (also those that assume roles, log in by SSO or run a
    /// program), web identity, and the roles of containers and instances.
    ///
    /// # Errors
    /// If the file of AWS_CA_BUNDLE cannot be read. Missing credentials show when they are needed.
    pub fn new(variables: &[(String, String)]) -> Result<Self, AwsError> {
        let of = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| name == wanted);
            found
                .map(|(_, value)| value.as_str())
                .filter(|v| !v.is_empty())
        };
        let client =
            Client::new(of("AWS_CA_BUNDLE").map(Path::new)).map_err(AwsError::Credentials)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| AwsError::Credentials(error.to_string()))?;
        let pairs: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let loader: ConfigLoader = aws_config::defaults(BehaviorVersion::latest())
            .env(Env::from_slice(&pairs))
            .http_client(Connecting(client.clone()));
        let config = runtime.block_on(loader.load());
        let ignore_endpoints = of("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"));
        Ok(Self {
            runtime,
            config,
            client,
            ignore_endpoints,
            held: Mutex::default(),
            patience: Duration::from_millis(400),
        })
    }

    /// Another wait before the first repetition.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The region of environment or profile.
    ///
    /// # Errors
    /// If none is set.
    pub fn region(&self) -> Result<String, AwsError> {
        let region = self.config.region().map(Region::to_string);
        region.ok_or(AwsError::NoRegion)
    }

    /// Whether S3 is asked somewhere else than at AWS, where buckets need not have names of hosts.
    ///
    /// # Errors
    /// If the table is wrong.
    pub fn has_own_s3(&self) -> Result<bool, AwsError> {
        let service = crate::service::service("s3")?;
        Ok(!self.url(service, "eu-west-1").contains(".amazonaws.com"))
    }

    /// Asks AWS whose credentials these are.
    ///
    /// # Errors
    /// If there are none, or AWS does not take them.
    pub fn identity(&self) -> Result<Identity, AwsError> {
        let region = self.region().unwrap_or_else(|_| "us-east-1".to_owned());
        let call = Call::query("sts", "GetCallerIdentity")?;
        let answer = self.ask(&call, &region)?;
        match (
            answer::text_at(&answer, "Account"),
            answer::text_at(&answer, "Arn"),
        ) {
            (Some(account), Some(arn)) => Ok(Identity { account, arn }),
            _ => Err(call.unreadable(&region, "it names no account")),
        }
    }

    /// The regions that are enabled in the account.
    ///
    /// # Errors
    /// If AWS does not say.
    pub fn regions(&self) -> Result<Vec<String>, AwsError> {
        let region = self.region().unwrap_or_else(|_| "us-east-1".to_owned());
        let answer = self.ask(&Call::query("ec2", "DescribeRegions")?, &region)?;
        let names = answer::at(&answer, "regionInfo.item.regionName");
        let mut names: Vec<String> = names.into_iter().filter_map(answer::text).collect();
        names.sort();
        Ok(names)
    }

    /// Makes a call, again if AWS asks for patience.
    pub(crate) fn ask(&self, call: &Call<'_>, region: &str) -> Result<Value, AwsError> {
        self.ask_paced(call, region, &|| {})
    }

    /// The same; `pace` waits before every request.
    pub(crate) fn ask_paced(
        &self,
        call: &Call<'_>,
        region: &str,
        pace: &dyn Fn(),
    ) -> Result<Value, AwsError> {
        const TRIES: u32 = 6;
        let mut tries = 1;
        loop {
            pace();
            match self.once(call, region) {
                Err(error) if error.is_passing() && tries < TRIES => {
                    std::thread::sleep(self.patience * 2_u32.pow(tries - 1) + self.jitter());
                    tries += 1;
                }
                answer => return answer,
            }
        }
    }

    /// Up to half of the patience, so that those who wait do not come back together.
    fn jitter(&self) -> Duration {
        let nanoseconds = Timestamp::now().subsec_nanosecond().unsigned_abs();
        self.patience / 2 * (nanoseconds / 1_000 % 100) / 100
    }

    fn once(&self, call: &Call<'_>, region: &str) -> Result<Value, AwsError> {
        let region = match call.service.global {
            true => endpoint::global_region(region),
            false => region,
        };
        let url = self.url(call.service, region);
        let mut request = call.request(&url).map_err(|reason| {
            AwsError::Table(format!("{} in {region}: {reason} in {url}", call.name()))
        })?;
        sign::sign(&mut request, call.service, region, self.credentials()?).map_err(|reason| {
            AwsError::Table(format!(
                "{} in {region}: cannot sign: {reason}",
                call.name()
            ))
        })?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        let answer = self.client.send(request, None, None);
        let answer = answer.map_err(|error| AwsError::Unreachable {
            call: call.name(),
            region: region.to_owned(),
            host,
            reason: error.to_string(),
        })?;
        call.read(&answer, region)
    }

    fn url(&self, service: &Service, region: &str) -> String {
        let configured = || {
            let key = ServiceConfigKey::builder()
                .service_id(&service.id)
                .env("AWS_ENDPOINT_URL")
                .profile("endpoint_url")
                .build()
                .ok()?;
            let of_service = self.config.service_config();
            of_service
                .and_then(|config| config.load_config(key))
                .or_else(|| self.config.endpoint_url().map(str::to_owned))
        };
        match self.ignore_endpoints {
            true => None,
            false => configured(),
        }
        .unwrap_or_else(|| endpoint::url(service, region))
        .trim_end_matches('/')
        .to_owned()
    }

    fn credentials(&self) -> Result<Credentials, AwsError> {
        let Some(provider) = self.config.credentials_provider() else {
            return Err(AwsError::Credentials("none are configured".to_owned()));
        };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let soon = SystemTime::now() + EARLY;
        let is_good = |known: &Credentials| known.expiry().is_none_or(|expiry| expiry > soon);
        if let Some(known) = held.as_ref().filter(|known| is_good(known)) {
            return Ok(known.clone());
        }
        let provided = self.runtime.block_on(provider.provide_credentials());
        let provided = provided.map_err(|error| AwsError::Credentials(chain(&error)))?;
        *held = Some(provided.clone());
        Ok(provided)
    }
}

/// An error with what it comes from; none of them holds a credential.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
