//! The yardstick of `scripts/bench`: reads a plan and parses it with serde into
//! plain structs, and does nothing else. What a program costs above this is
//! its own doing.

use std::collections::HashMap;
use std::io::Write;

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Plan<'a> {
    #[serde(borrow, default)]
    resource_changes: Vec<ResourceChange<'a>>,
    #[serde(borrow, default)]
    configuration: Configuration<'a>,
}

#[derive(Deserialize)]
struct ResourceChange<'a> {
    address: String,
    #[serde(rename = "type")]
    type_name: String,
    #[serde(borrow)]
    change: Change<'a>,
}

#[derive(Deserialize)]
struct Change<'a> {
    actions: Vec<String>,
    #[serde(borrow)]
    after: Option<&'a RawValue>,
    #[serde(borrow)]
    after_unknown: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Configuration<'a> {
    #[serde(borrow, default)]
    root_module: Module<'a>,
}

#[derive(Default, Deserialize)]
struct Module<'a> {
    #[serde(borrow, default)]
    resources: Vec<Resource<'a>>,
    #[serde(borrow, default)]
    module_calls: HashMap<String, Call<'a>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow, default)]
    module: Module<'a>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    address: String,
    #[serde(borrow)]
    expressions: Option<&'a RawValue>,
}

impl Module<'_> {
    /// Resources, and bytes of what was parsed, so that nothing is optimised away.
    fn size(&self) -> (usize, usize) {
        let own = self.resources.iter().map(|resource| {
            let text = resource.expressions.map_or(0, |raw| raw.get().len());
            (1, resource.address.len() + text)
        });
        let called = self.module_calls.values().map(|call| call.module.size());
        own.chain(called)
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or("usage: abide-bench PLAN")?;
    let bytes = std::fs::read(path)?;
    let plan: Plan<'_> = serde_json::from_slice(&bytes)?;
    let values: usize = plan
        .resource_changes
        .iter()
        .map(|resource| {
            let change = &resource.change;
            let raw = |value: Option<&RawValue>| value.map_or(0, |raw| raw.get().len());
            resource.address.len()
                + resource.type_name.len()
                + change.actions.len()
                + raw(change.after)
                + raw(change.after_unknown)
        })
        .sum();
    let (blocks, expressions) = plan.configuration.root_module.size();
    writeln!(
        std::io::stdout(),
        "{} changes ({values} bytes), {blocks} blocks ({expressions} bytes)",
        plan.resource_changes.len()
    )?;
    Ok(())
}
