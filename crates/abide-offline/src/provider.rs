//! Answers the calls of the plugin protocol for one provider.

use std::sync::{Arc, Mutex, PoisonError};

use prost::Message;
use rmpv::Value;
use serde_json::Value as Json;

use crate::announce;
use crate::cloud::Cloud;
use crate::data;
use crate::fill::{Filler, all_tags};
use crate::invent;
use crate::normal;
use crate::schema::{Address, Block, ProviderSchema, Schema};
use crate::value::{decode, encode, get, is_unknown, set, shaped, to_json};
use crate::wire::{self, Diagnostic};

/// A provider that is served.
pub struct Provider {
    address: Address,
    schema: ProviderSchema,
    cloud: Option<Arc<dyn Cloud>>,
}

/// One connection. Terraform opens one for each `provider` block, so what is configured on it
/// holds for the resources of that block.
pub(crate) struct Session {
    provider: Arc<Provider>,
    configured: Mutex<Configured>,
}

/// What the configuration says of the provider as a whole.
#[derive(Default)]
struct Configured {
    region: Option<String>,
    /// Nil if there are none.
    default_tags: Option<Value>,
}

/// Why a call was not answered.
pub(crate) enum Refusal {
    /// There is no such call here; Terraform does without.
    Unimplemented,
    /// The request is broken.
    Invalid(String),
}

type Answer = Result<Vec<u8>, Refusal>;

impl Provider {
    /// A provider that plans and does nothing else.
    #[must_use]
    pub fn new(address: Address, schema: ProviderSchema) -> Self {
        Self {
            address,
            schema,
            cloud: None,
        }
    }

    /// A whole provider, whose objects live in a cloud that a test looks after.
    #[must_use]
    pub fn with_cloud(mut self, cloud: Arc<dyn Cloud>) -> Self {
        self.cloud = Some(cloud);
        self
    }

    /// Which provider it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }
}

impl Session {
    pub(crate) fn new(provider: Arc<Provider>) -> Self {
        Self {
            provider,
            configured: Mutex::default(),
        }
    }

    /// Answers one call: its name and its message.
    pub(crate) fn answer(&self, call: &str, body: &[u8]) -> Answer {
        match call {
            "GetProviderSchema" => Ok(announce::response(&self.provider.schema).encode_to_vec()),
            "ValidateProviderConfig"
            | "ValidateResourceConfig"
            | "ValidateDataResourceConfig"
            | "ValidateEphemeralResourceConfig"
            | "StopProvider" => Ok(Vec::new()),
            "ConfigureProvider" => self.configure(body),
            "UpgradeResourceState" => self.upgrade(body),
            "ReadResource" => self.read(body),
            "PlanResourceChange" => self.plan(body),
            "ApplyResourceChange" => self.apply(body),
            "ImportResourceState" => self.import(body),
            "ReadDataSource" => self.read_data(body),
            _ => Err(Refusal::Unimplemented),
        }
    }

    fn configure(&self, body: &[u8]) -> Answer {
        let request: wire::ConfigureRequest = read_message(body)?;
        let config = read_value(request.config.as_ref())?;
        let region = get(&config, "region").and_then(Value::as_str);
        let tags = match get(&config, "default_tags") {
            Some(Value::Array(list)) => list.first().and_then(|block| get(block, "tags")),
            Some(value) if is_unknown(value) => Some(value),
            _ => None,
        };
        let tags = tags.cloned().unwrap_or(Value::Nil);
        *self.configured() = Configured {
            region: region.map(str::to_owned),
            default_tags: Some(tags),
        };
        Ok(Vec::new())
    }

    fn configured(&self) -> std::sync::MutexGuard<'_, Configured> {
        // Nothing is left half done when a thread ends.
        self.configured
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn upgrade(&self, body: &[u8]) -> Answer {
        let request: wire::UpgradeRequest = read_message(body)?;
        let block = self.resource(&request.type_name)?;
        let text = request
            .raw_state
            .map(|state| state.json)
            .unwrap_or_default();
        let json: Json = serde_json::from_slice(&text)
            .map_err(|error| Refusal::Invalid(format!("the state cannot be read: {error}")))?;
        Ok(state(Ok(shaped(&block.block, &json))))
    }

    fn read(&self, body: &[u8]) -> Answer {
        let request: wire::ReadRequest = read_message(body)?;
        let block = self.resource(&request.type_name)?;
        let current = read_value(request.value.as_ref())?;
        let Some(cloud) = &self.provider.cloud else {
            // Nothing can have changed where nothing is looked at.
            return Ok(state(Ok(current)));
        };
        let id = get(&current, "id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let found = cloud.read(&request.type_name, id);
        Ok(state(found.map(|found| match found {
            Some(json) => shaped(&block.block, &json),
            None => Value::Nil,
        })))
    }

    fn plan(&self, body: &[u8]) -> Answer {
        let request: wire::ChangeRequest = read_message(body)?;
        let block = self.resource(&request.type_name)?;
        let prior = read_value(request.prior.as_ref())?;
        let mut planned = read_value(request.proposed.as_ref())?;
        if prior.is_nil() && !planned.is_nil() {
            let filler = Filler {
                type_name: &request.type_name,
                is_aws: self.provider.address.is_aws(),
            };
            filler.create(&block.block, &mut planned);
            self.tag(&block.block, &mut planned);
            if self.provider.address.is_aws() {
                normal::rewrite(&request.type_name, &block.block, &mut planned);
            }
        }
        let response = wire::PlanResponse {
            planned: encode(&planned),
            diagnostics: Vec::new(),
            legacy_type_system: true,
        };
        Ok(response.encode_to_vec())
    }

    /// The AWS provider merges its default tags while planning.
    fn tag(&self, block: &Block, planned: &mut Value) {
        let both = ["tags", "tags_all"].map(|name| block.attributes.contains_key(name));
        if !self.provider.address.is_aws() || both != [true, true] {
            return;
        }
        let own = get(planned, "tags").unwrap_or(&Value::Nil);
        let all = all_tags(self.configured().default_tags.as_ref(), own);
        set(planned, "tags_all", all);
    }

    fn apply(&self, body: &[u8]) -> Answer {
        let request: wire::ChangeRequest = read_message(body)?;
        let block = self.resource(&request.type_name)?;
        let prior = read_value(request.prior.as_ref())?;
        let planned = read_value(request.proposed.as_ref())?;
        let done = self.apply_to_cloud(&request.type_name, block, &prior, planned);
        let (value, diagnostics) = split(done);
        let response = wire::ApplyResponse {
            state: encode(&value),
            diagnostics,
            legacy_type_system: true,
        };
        Ok(response.encode_to_vec())
    }

    fn apply_to_cloud(
        &self,
        type_name: &str,
        schema: &Schema,
        prior: &Value,
        mut planned: Value,
    ) -> Result<Value, String> {
        let cloud = self.provider.cloud.as_ref().ok_or(
            "a provider that abide serves for `abide plan` only plans, it applies nothing",
        )?;
        let id = get(prior, "id").and_then(Value::as_str);
        if planned.is_nil() {
            cloud.delete(type_name, id.unwrap_or_default())?;
            return Ok(planned);
        }
        let id = id.map_or_else(|| invent::id(type_name, &planned), str::to_owned);
        invent::fill(&schema.block, &mut planned, type_name, &id);
        cloud.write(type_name, &id, &to_json(&planned))?;
        Ok(planned)
    }

    fn import(&self, body: &[u8]) -> Answer {
        let request: wire::ImportRequest = read_message(body)?;
        let block = self.resource(&request.type_name)?;
        let cloud = self.provider.cloud.as_ref();
        let found = match cloud.map(|cloud| cloud.read(&request.type_name, &request.id)) {
            Some(Ok(Some(json))) => Ok(shaped(&block.block, &json)),
            Some(Ok(None)) => Err(format!("there is no {} {}", request.type_name, request.id)),
            Some(Err(error)) => Err(error),
            None => Err("nothing can be imported offline".to_owned()),
        };
        let (value, diagnostics) = split(found);
        let imported = match diagnostics.is_empty() {
            true => vec![wire::Imported {
                type_name: request.type_name,
                state: encode(&value),
            }],
            false => Vec::new(),
        };
        let response = wire::ImportResponse {
            imported,
            diagnostics,
        };
        Ok(response.encode_to_vec())
    }

    fn read_data(&self, body: &[u8]) -> Answer {
        let request: wire::ReadRequest = read_message(body)?;
        let schema = self.provider.schema.data_sources.get(&request.type_name);
        let schema = schema.ok_or_else(|| no_type(&request.type_name))?;
        let config = read_value(request.value.as_ref())?;
        let region = self.configured().region.clone();
        let read = data::read(
            &request.type_name,
            &schema.block,
            &config,
            region.as_deref(),
        );
        Ok(state(read))
    }

    fn resource(&self, type_name: &str) -> Result<&Schema, Refusal> {
        let found = self.provider.schema.resources.get(type_name);
        found.ok_or_else(|| no_type(type_name))
    }
}

fn no_type(type_name: &str) -> Refusal {
    Refusal::Invalid(format!("there is no {type_name} in what is served"))
}

fn read_message<M: Message + Default>(body: &[u8]) -> Result<M, Refusal> {
    M::decode(body).map_err(|error| Refusal::Invalid(error.to_string()))
}

fn read_value(value: Option<&wire::DynamicValue>) -> Result<Value, Refusal> {
    decode(value).map_err(Refusal::Invalid)
}

fn split(outcome: Result<Value, String>) -> (Value, Vec<Diagnostic>) {
    match outcome {
        Ok(value) => (value, Vec::new()),
        Err(reason) => {
            let error = Diagnostic::error("Not possible offline", reason);
            (Value::Nil, vec![error])
        }
    }
}

fn state(outcome: Result<Value, String>) -> Vec<u8> {
    let (value, diagnostics) = split(outcome);
    let response = wire::StateResponse {
        state: encode(&value),
        diagnostics,
    };
    response.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::{Library, Types};

    const CALLS: [&str; 8] = [
        "GetProviderSchema",
        "ConfigureProvider",
        "UpgradeResourceState",
        "ReadResource",
        "PlanResourceChange",
        "ApplyResourceChange",
        "ImportResourceState",
        "ReadDataSource",
    ];

    fn session() -> Session {
        let types = Types {
            resources: ["aws_instance".to_owned()].into(),
            data_sources: ["aws_iam_policy_document".to_owned()].into(),
            ..Types::default()
        };
        let address = Address::implied("aws");
        let library = Library::new(&[], None).unwrap();
        let found = library.find(&address, None, &types).unwrap().unwrap();
        Session::new(Arc::new(Provider::new(address, found.schema)))
    }

    fn request(type_name: &str, second: Vec<u8>, third: Vec<u8>) -> Vec<u8> {
        let value = |msgpack| {
            Some(wire::DynamicValue {
                msgpack,
                json: Vec::new(),
            })
        };
        wire::ChangeRequest {
            type_name: type_name.to_owned(),
            prior: value(second),
            proposed: value(third),
            config: None,
        }
        .encode_to_vec()
    }

    #[test]
    fn without_a_cloud_nothing_is_applied_or_imported() {
        let session = session();
        let object = vec![0x80];
        let Ok(answer) = session.answer(
            "ApplyResourceChange",
            &request("aws_instance", Vec::new(), object),
        ) else {
            panic!("refused");
        };
        let answer = wire::ApplyResponse::decode(answer.as_slice()).unwrap();
        assert!(answer.diagnostics[0].detail.contains("applies nothing"));
        let Ok(answer) = session.answer(
            "ImportResourceState",
            &request("aws_instance", b"i-1".to_vec(), Vec::new()),
        ) else {
            panic!("refused");
        };
        let answer = wire::ImportResponse::decode(answer.as_slice()).unwrap();
        assert_eq!(answer.diagnostics.len(), 1);
    }

    proptest! {
        #[test]
        fn broken_requests_are_refused(call in 0..CALLS.len(), body in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = session().answer(CALLS[call], &body);
        }

        #[test]
        fn odd_values_are_planned_or_refused(
            call in 3..CALLS.len(),
            second in prop::collection::vec(any::<u8>(), 0..60),
            third in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            for type_name in ["aws_instance", "aws_iam_policy_document", "x"] {
                let _ = session().answer(CALLS[call], &request(type_name, second.clone(), third.clone()));
            }
        }
    }
}
