//! What the states of the targets hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::list::Item;
use super::rules::{self, Rules};
use super::table::{Kind, kinds};
use crate::AwsError;
use crate::answer;

/// The resources of the states, as far as they are needed to know them again.
#[derive(Debug, Default)]
pub struct Held {
    by_type: BTreeMap<String, Vec<Entry>>,
    rules: Rules,
    /// By account, where it is known.
    regions: BTreeSet<(Option<String>, String)>,
    count: usize,
}

#[derive(Debug)]
struct Entry {
    /// Values by attribute.
    values: Vec<(String, String)>,
    region: Option<String>,
    account: Option<String>,
}

/// A state, or a plan, in Terraform's JSON.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow)]
    values: Option<Values<'a>>,
    #[serde(borrow)]
    prior_state: Option<Prior<'a>>,
}

#[derive(Deserialize)]
struct Prior<'a> {
    #[serde(borrow)]
    values: Option<Values<'a>>,
}

#[derive(Deserialize)]
struct Values<'a> {
    #[serde(borrow)]
    root_module: Option<Module<'a>>,
}

#[derive(Deserialize)]
struct Module<'a> {
    #[serde(borrow, default)]
    resources: Vec<Resource<'a>>,
    #[serde(borrow, default)]
    child_modules: Vec<Module<'a>>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    mode: String,
    #[serde(rename = "type")]
    type_name: String,
    #[serde(borrow)]
    values: Option<&'a RawValue>,
}

impl Held {
    /// Takes in a state as `terraform show -json` prints it, or the state before a plan. `account`
    /// is that of the target, for what has no ARN to name it.
    ///
    /// # Errors
    /// If it is neither.
    pub fn add(&mut self, json: &str, account: Option<&str>) -> Result<(), AwsError> {
        let broken = |error: serde_json::Error| {
            AwsError::Table(format!(
                "the state is not what `terraform show -json` prints: {error}"
            ))
        };
        let shown: Shown<'_> = serde_json::from_str(json).map_err(broken)?;
        let values = shown
            .values
            .or(shown.prior_state.and_then(|prior| prior.values));
        let wanted = Wanted::new()?;
        let mut modules: Vec<Module<'_>> = values
            .and_then(|values| values.root_module)
            .into_iter()
            .collect();
        while let Some(module) = modules.pop() {
            for resource in module.resources {
                if resource.mode == "managed" && resource.type_name.starts_with("aws_") {
                    self.resource(&resource, &wanted, account).map_err(broken)?;
                }
            }
            modules.extend(module.child_modules);
        }
        Ok(())
    }

    /// The regions of what is held in an account.
    #[must_use]
    pub fn regions(&self, account: &str) -> BTreeSet<&str> {
        let places = self.regions.iter().filter(|(of, _)| {
            let of = of.as_deref();
            of.is_none_or(|of| of == account)
        });
        places.map(|(_, region)| region.as_str()).collect()
    }

    /// How many resources of AWS the states hold.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    fn resource(
        &mut self,
        resource: &Resource<'_>,
        wanted: &Wanted,
        account: Option<&str>,
    ) -> Result<(), serde_json::Error> {
        self.count += 1;
        let Some(raw) = resource.values else {
            return Ok(());
        };
        let values: Map<String, Value> = serde_json::from_str(raw.get())?;
        let arn = values.get("arn").and_then(Value::as_str);
        let mut parts = arn.into_iter().flat_map(|arn| arn.split(':')).skip(3);
        let region = parts.next().filter(|part| !part.is_empty());
        let named = parts.next().filter(|part| is_account(part));
        let account = named.or(account);
        let place = region.map(|region| (account.map(str::to_owned), region.to_owned()));
        self.regions.extend(place);
        if rules::is_read(&resource.type_name) {
            self.rules.add(&resource.type_name, &values);
        }
        let Some(attributes) = wanted.of(&resource.type_name) else {
            return Ok(());
        };
        let kept = attributes.iter().filter_map(|attribute| {
            let text = values.get(*attribute).and_then(answer::text)?;
            Some(((*attribute).to_owned(), text))
        });
        let entry = Entry {
            values: kept.collect(),
            region: region.map(str::to_owned),
            account: account.map(str::to_owned),
        };
        let entries = self.by_type.entry(resource.type_name.clone()).or_default();
        entries.push(entry);
        Ok(())
    }

    /// Whether a state holds it.
    pub(super) fn holds(&self, item: &Item, account: &str) -> bool {
        self.has(item.kind, &item.keys, item.region.as_deref(), account) || self.rules.cover(item)
    }

    /// Whether a state holds one of a kind that one of these values tells.
    pub(super) fn has(
        &self,
        kind: &Kind,
        keys: &[String],
        region: Option<&str>,
        account: &str,
    ) -> bool {
        let own = ["id", "arn"]
            .into_iter()
            .chain(kind.held.iter().map(String::as_str));
        let own: Vec<&str> = own.collect();
        let fits = |type_name: &str, attributes: &[&str]| {
            self.by_type
                .get(type_name)
                .into_iter()
                .flatten()
                .any(|entry| {
                    entry
                        .account
                        .as_deref()
                        .is_none_or(|known| known == account)
                        && match (&entry.region, region) {
                            (Some(known), Some(region)) => known == region,
                            _ => true,
                        }
                        && entry.values.iter().any(|(attribute, value)| {
                            attributes.contains(&attribute.as_str()) && keys.contains(value)
                        })
                })
        };
        fits(&kind.name, &own)
            || kind.same.iter().any(|same| match same.split_once('.') {
                Some((type_name, attribute)) => fits(type_name, &["id", "arn", attribute]),
                None => fits(same, &own),
            })
    }
}

/// AWS's own policies have `aws` there.
fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Which attributes of which types are kept.
struct Wanted(BTreeMap<&'static str, Vec<&'static str>>);

impl Wanted {
    fn new() -> Result<Self, AwsError> {
        let mut of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for kind in kinds()? {
            let held: Vec<&str> = kind.held.iter().map(String::as_str).collect();
            of.entry(&kind.name).or_default().extend(&held);
            for same in &kind.same {
                match same.split_once('.') {
                    Some((name, attribute)) => of.entry(name).or_default().push(attribute),
                    None => of.entry(same).or_default().extend(&held),
                }
            }
        }
        for attributes in of.values_mut() {
            attributes.extend(["id", "arn"]);
            attributes.sort_unstable();
            attributes.dedup();
        }
        Ok(Self(of))
    }

    fn of(&self, type_name: &str) -> Option<&[&'static str]> {
        self.0.get(type_name).map(Vec::as_slice)
    }
}
