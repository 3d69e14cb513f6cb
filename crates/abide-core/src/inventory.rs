//! All resource instances of one input, with values, provenance and the module tree.
//!
//! Loaders build an [`Inventory`] through [`InventoryBuilder`]; everything to
//! the right of loading only reads it. Nothing here knows whether the input was
//! a plan, a state or HCL.

use rustc_hash::FxHashMap as HashMap;
use std::sync::Arc;

use crate::address::{InstanceKey, Mode, ModuleStep, ResourceAddress};
use crate::config::{ConfigModule, ConfigResource, Configuration, ModuleCall};
use crate::diagnostic::Diagnostic;
use crate::value::Object;

/// Index of a resource in [`Inventory::resources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(pub u32);

/// Index of a module instance in [`Inventory::modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

impl ModuleId {
    /// The root module, always the first.
    pub const ROOT: Self = Self(0);
}

/// What Terraform would do to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It is in the state and stays as it is; also every instance of a state file.
    NoOp,
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is destroyed and made again, in either order.
    Replace,
    /// A data source that is read during apply.
    Read,
    /// It is destroyed.
    Delete,
    /// It stays in the cloud and leaves the state.
    Forget,
}

impl Action {
    /// Whether the instance exists after apply.
    #[must_use]
    pub fn exists_after(self) -> bool {
        !matches!(self, Self::Delete | Self::Forget)
    }

    /// Whether the instance gets a new identity, so that nobody can know its `id` yet.
    #[must_use]
    pub fn is_new(self) -> bool {
        matches!(self, Self::Create | Self::Replace)
    }

    /// Terraform's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoOp => "no-op",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Read => "read",
            Self::Delete => "delete",
            Self::Forget => "forget",
        }
    }
}

/// One instance of a resource or data source.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its address.
    pub address: ResourceAddress,
    /// The module instance it is in.
    pub module: ModuleId,
    /// Managed or data.
    pub mode: Mode,
    /// Its type.
    pub type_name: Arc<str>,
    /// The name of its block.
    pub name: Arc<str>,
    /// Which instance of the block.
    pub key: Option<InstanceKey>,
    /// What happens to it.
    pub action: Action,
    /// Its values after apply. Attributes no policy reads may be left out
    /// (see [`crate::source::Wanted`]).
    pub values: Object,
    /// Its block in the configuration, when the input has one.
    pub config: Option<u32>,
    /// Its provider configuration (index into [`Inventory::providers`]).
    pub provider: u32,
    /// Where it was before a `moved` block.
    pub previous_address: Option<ResourceAddress>,
    /// Whether it is taken over by an `import` block.
    pub importing: bool,
}

/// One instance of a module.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its address, empty for the root.
    pub address: Arc<str>,
    /// The module instance whose call made it; `None` for the root.
    pub parent: Option<ModuleId>,
    /// Which instance of the call.
    pub key: Option<InstanceKey>,
    /// Its place in the configuration (index into [`Configuration::modules`]).
    pub config: Option<u32>,
}

/// A provider configuration that resources use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provider {
    /// The key resources name it by, e.g. `aws.west` or `module.a:aws`.
    pub key: Arc<str>,
    /// Its source address, e.g. `registry.terraform.io/hashicorp/aws`.
    pub full_name: String,
    /// The alias, if it is not the default configuration.
    pub alias: Option<String>,
    /// The version constraint of the configuration.
    pub version_constraint: Option<String>,
    /// The region, when it is written as a constant.
    pub region: Option<String>,
    /// The account, from `allowed_account_ids` or the role that is assumed.
    pub account: Option<String>,
    /// Tags given to every resource.
    pub default_tags: Object,
}

/// A resource that was found changed outside Terraform. It is kept apart from
/// [`Inventory::resources`]: drift is reality against the last state, not what apply does.
#[derive(Clone, Debug)]
pub struct ResourceDrift {
    /// Its address.
    pub address: ResourceAddress,
    /// Address of its module instance; `None` for the root.
    pub module: Option<Arc<str>>,
    /// Its type.
    pub type_name: Arc<str>,
    /// The name of its block.
    pub name: Arc<str>,
    /// Which instance of the block.
    pub key: Option<InstanceKey>,
    /// What happened to it: update or delete.
    pub action: Action,
    /// Values the state held.
    pub before: Object,
    /// Values that were found.
    pub after: Object,
}

/// The result of a `check` block or a condition, as the plan has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its address, e.g. `check.health`.
    pub address: String,
    /// `pass`, `fail`, `error` or `unknown`.
    pub status: String,
    /// Messages of failed conditions.
    pub problems: Vec<String>,
}

/// What kind of input an inventory came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// `terraform show -json` of a plan.
    Plan,
    /// `terraform show -json` of a state, or a state file.
    State,
    /// A directory of HCL.
    Hcl,
}

impl SourceKind {
    /// The word used in messages and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::State => "state",
            Self::Hcl => "configuration",
        }
    }
}

/// Everything one input says.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// Where it came from.
    pub kind: SourceKind,
    /// The name of the input for people: a path, or `-`.
    pub input: String,
    /// Instances that exist after apply, and data sources, ordered by address.
    pub resources: Vec<Resource>,
    /// Module instances; the first is the root.
    pub modules: Vec<Module>,
    /// The configuration, empty for a state.
    pub configuration: Configuration,
    /// Provider configurations.
    pub providers: Vec<Provider>,
    /// Changes made outside Terraform.
    pub drift: Vec<ResourceDrift>,
    /// Results of `check` blocks.
    pub checks: Vec<Check>,
    /// Values of the root module's variables; secret ones are left out.
    pub variables: Object,
    /// The Terraform version that wrote the input.
    pub terraform_version: Option<String>,
    /// What was odd about the input.
    pub diagnostics: Vec<Diagnostic>,
    /// Resources by type, in order.
    by_type: HashMap<Arc<str>, Vec<ResourceId>>,
    /// Instances by module and configuration block.
    by_block: HashMap<(ModuleId, u32), Vec<ResourceId>>,
    /// Module instances by parent and call name.
    by_call: HashMap<ModuleId, Vec<Call>>,
}

impl Inventory {
    /// The resource behind an id.
    #[must_use]
    pub fn resource(&self, id: ResourceId) -> &Resource {
        &self.resources[id.0 as usize]
    }

    /// The module behind an id.
    #[must_use]
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize]
    }

    /// The provider configuration of a resource.
    #[must_use]
    pub fn provider_of(&self, resource: &Resource) -> Option<&Provider> {
        self.providers.get(resource.provider as usize)
    }

    /// Every instance with its id.
    pub fn ids(&self) -> impl Iterator<Item = (ResourceId, &Resource)> {
        (0u32..).map(ResourceId).zip(&self.resources)
    }

    /// Instances of a type, managed and data, ordered by address.
    #[must_use]
    pub fn of_type(&self, type_name: &str) -> &[ResourceId] {
        self.by_type.get(type_name).map_or(&[], Vec::as_slice)
    }

    /// The types that occur among managed resources, in order, with their counts.
    #[must_use]
    pub fn type_counts(&self) -> Vec<(&str, usize)> {
        let mut counts: Vec<_> = self
            .by_type
            .iter()
            .map(|(name, ids)| {
                (
                    &**name,
                    ids.iter()
                        .filter(|id| self.resource(**id).mode == Mode::Managed)
                        .count(),
                )
            })
            .filter(|(_, count)| *count > 0)
            .collect();
        counts.sort_unstable();
        counts
    }

    /// Instances of a configuration block inside one module instance.
    #[must_use]
    pub fn instances(&self, module: ModuleId, config: u32) -> &[ResourceId] {
        self.by_block
            .get(&(module, config))
            .map_or(&[], Vec::as_slice)
    }

    /// Instances of a module call inside one module instance.
    #[must_use]
    pub fn module_instances(&self, parent: ModuleId, call: &str) -> &[ModuleId] {
        let calls = self.by_call.get(&parent).map_or(&[][..], Vec::as_slice);
        let found = calls.iter().find(|(name, _)| **name == *call);
        found.map_or(&[], |(_, instances)| instances.as_slice())
    }

    /// The managed resource with an address.
    #[must_use]
    pub fn find(&self, address: &str) -> Option<(ResourceId, &Resource)> {
        let at = self
            .resources
            .binary_search_by(|r| r.address.as_str().cmp(address))
            .ok()?;
        Some((ResourceId(u32::try_from(at).ok()?), &self.resources[at]))
    }

    /// The configuration block of a resource.
    #[must_use]
    pub fn config_of(&self, resource: &Resource) -> Option<&ConfigResource> {
        self.configuration.resources.get(resource.config? as usize)
    }

    /// The configuration of a module instance.
    #[must_use]
    pub fn config_module(&self, module: ModuleId) -> Option<&ConfigModule> {
        self.configuration
            .modules
            .get(self.module(module).config? as usize)
    }

    /// The call that made a module instance.
    #[must_use]
    pub fn call_of(&self, module: ModuleId) -> Option<&ModuleCall> {
        self.config_module(module)?.call.as_ref()
    }

    /// The same before changes were made outside Terraform: of a state that was read anew,
    /// the one that was stored.
    #[must_use]
    pub fn with_drift_undone(&self, drift: &[ResourceDrift]) -> Self {
        let mut builder = InventoryBuilder::new(self.kind, &self.input);
        let drifted: HashMap<&str, &ResourceDrift> =
            drift.iter().map(|d| (d.address.as_str(), d)).collect();
        for resource in &self.resources {
            let undone = drifted.get(resource.address.as_str());
            let values = undone.map_or(&resource.values, |d| &d.before);
            builder.add(NewResource {
                address: resource.address.as_str(),
                module: Some(&self.module(resource.module).address),
                mode: resource.mode,
                type_name: &resource.type_name,
                name: &resource.name,
                key: resource.key.clone(),
                action: resource.action,
                values: values.clone(),
                previous_address: None,
                importing: false,
            });
        }
        let gone = drift.iter().filter(|d| d.action == Action::Delete);
        for drift in gone.filter(|d| self.find(d.address.as_str()).is_none()) {
            builder.add(NewResource {
                address: drift.address.as_str(),
                module: drift.module.as_deref(),
                mode: Mode::Managed,
                type_name: &drift.type_name,
                name: &drift.name,
                key: drift.key.clone(),
                action: Action::NoOp,
                values: drift.before.clone(),
                previous_address: None,
                importing: false,
            });
        }
        builder.finish(Configuration::default())
    }

    /// How many managed instances are judged.
    #[must_use]
    pub fn managed_count(&self) -> usize {
        self.resources
            .iter()
            .filter(|r| r.mode == Mode::Managed)
            .count()
    }
}

/// A module call inside one module instance: its name and its instances.
type Call = (Arc<str>, Vec<ModuleId>);

/// Collects what a loader finds and puts it in order.
#[derive(Debug)]
pub struct InventoryBuilder {
    inventory: Inventory,
    module_ids: HashMap<Arc<str>, ModuleId>,
    provider_ids: HashMap<Arc<str>, u32>,
    names: HashMap<Arc<str>, ()>,
}

/// A resource as a loader hands it over.
#[derive(Clone, Debug)]
pub struct NewResource<'a> {
    /// Its address as Terraform prints it.
    pub address: &'a str,
    /// Address of its module instance; `None` for the root.
    pub module: Option<&'a str>,
    /// Managed or data.
    pub mode: Mode,
    /// Its type.
    pub type_name: &'a str,
    /// The name of its block.
    pub name: &'a str,
    /// Which instance of the block.
    pub key: Option<InstanceKey>,
    /// What happens to it.
    pub action: Action,
    /// Its values.
    pub values: Object,
    /// Address before a move.
    pub previous_address: Option<&'a str>,
    /// Whether it is imported.
    pub importing: bool,
}

impl InventoryBuilder {
    /// An empty inventory of an input.
    #[must_use]
    pub fn new(kind: SourceKind, input: &str) -> Self {
        let root = Module {
            address: "".into(),
            parent: None,
            key: None,
            config: None,
        };
        Self {
            inventory: Inventory {
                kind,
                input: input.to_owned(),
                resources: Vec::new(),
                modules: vec![root],
                configuration: Configuration::default(),
                providers: vec![Provider::default()],
                drift: Vec::new(),
                checks: Vec::new(),
                variables: Object::default(),
                terraform_version: None,
                diagnostics: Vec::new(),
                by_type: HashMap::default(),
                by_block: HashMap::default(),
                by_call: HashMap::default(),
            },
            module_ids: [("".into(), ModuleId::ROOT)].into_iter().collect(),
            provider_ids: HashMap::default(),
            names: HashMap::default(),
        }
    }

    /// The inventory so far, for the parts a loader sets directly.
    pub fn inventory(&mut self) -> &mut Inventory {
        &mut self.inventory
    }

    /// Shares equal texts; type and block names repeat thousands of times.
    pub fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some((known, ())) = self.names.get_key_value(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.names.insert(new.clone(), ());
        new
    }

    /// Adds a resource; order does not matter.
    pub fn add(&mut self, new: NewResource<'_>) {
        let module = self.module_at(new.module.unwrap_or(""));
        let mut values = new.values;
        values.shrink();
        let resource = Resource {
            address: ResourceAddress::from_terraform(new.address),
            module,
            mode: new.mode,
            type_name: self.intern(new.type_name),
            name: self.intern(new.name),
            key: new.key,
            action: new.action,
            values,
            config: None,
            provider: 0,
            previous_address: new.previous_address.map(ResourceAddress::from_terraform),
            importing: new.importing,
        };
        self.inventory.resources.push(resource);
    }

    /// The module instance with an address, made on first sight together with those around it.
    pub fn module_at(&mut self, address: &str) -> ModuleId {
        if let Some(id) = self.module_ids.get(address) {
            return *id;
        }
        let Ok(steps) = crate::address::parse_module(address) else {
            // Only a malformed plan gets here; its resources count as the root's.
            return ModuleId::ROOT;
        };
        let mut parent = ModuleId::ROOT;
        let mut text = String::new();
        for step in steps {
            parent = self.child_module(parent, &mut text, step);
        }
        parent
    }

    fn child_module(&mut self, parent: ModuleId, text: &mut String, step: ModuleStep) -> ModuleId {
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str("module.");
        text.push_str(&step.name);
        if let Some(key) = &step.key {
            text.push_str(&key.to_string());
        }
        if let Some(id) = self.module_ids.get(text.as_str()) {
            return *id;
        }
        let id = ModuleId(u32::try_from(self.inventory.modules.len()).unwrap_or(u32::MAX));
        let address: Arc<str> = text.as_str().into();
        self.inventory.modules.push(Module {
            address: address.clone(),
            parent: Some(parent),
            key: step.key,
            config: None,
        });
        let call = self.intern(&step.name);
        let calls = self.inventory.by_call.entry(parent).or_default();
        match calls.iter_mut().find(|(name, _)| *name == call) {
            Some((_, instances)) => instances.push(id),
            None => calls.push((call, vec![id])),
        }
        self.module_ids.insert(address, id);
        id
    }

    /// Registers a provider configuration under its key.
    pub fn add_provider(&mut self, provider: Provider) {
        let id = u32::try_from(self.inventory.providers.len()).unwrap_or(0);
        self.provider_ids.insert(provider.key.clone(), id);
        self.inventory.providers.push(provider);
    }

    /// Sorts resources, ties them to the configuration and builds the indexes.
    #[must_use]
    pub fn finish(mut self, configuration: Configuration) -> Inventory {
        self.inventory
            .resources
            .sort_unstable_by(|a, b| a.address.cmp(&b.address));
        // A deposed object has the address of the object that replaces it; the
        // loader leaves it out, so equal addresses only come from broken input.
        self.inventory
            .resources
            .dedup_by(|a, b| a.address == b.address);
        self.inventory.configuration = configuration;
        self.tie_modules();
        self.tie_resources();
        self.inventory
    }

    fn tie_modules(&mut self) {
        let inventory = &mut self.inventory;
        if !inventory.configuration.modules.is_empty() {
            inventory.modules[0].config = Some(0);
        }
        // Parents come before children, so one pass is enough.
        for at in 1..inventory.modules.len() {
            let module = &inventory.modules[at];
            let config = module.parent.and_then(|parent| {
                let parent = inventory.modules[parent.0 as usize].config?;
                let call = last_call(&module.address)?;
                inventory.configuration.modules[parent as usize]
                    .children
                    .get(call)
                    .copied()
            });
            inventory.modules[at].config = config;
        }
    }

    fn tie_resources(&mut self) {
        let inventory = &mut self.inventory;
        for at in 0..inventory.resources.len() {
            let id = ResourceId(u32::try_from(at).unwrap_or(u32::MAX));
            let resource = &inventory.resources[at];
            inventory
                .by_type
                .entry(resource.type_name.clone())
                .or_default()
                .push(id);
            let Some(module) = inventory.modules[resource.module.0 as usize].config else {
                continue;
            };
            let block = (
                resource.mode,
                resource.type_name.clone(),
                resource.name.clone(),
            );
            let Some(config) = inventory.configuration.modules[module as usize]
                .resources
                .get(&block)
                .copied()
            else {
                continue;
            };
            inventory
                .by_block
                .entry((resource.module, config))
                .or_default()
                .push(id);
            let key = &inventory.configuration.resources[config as usize].provider;
            let provider = self.provider_ids.get(key).copied().unwrap_or(0);
            let resource = &mut inventory.resources[at];
            resource.config = Some(config);
            resource.provider = provider;
        }
    }
}

/// The name of the last call in a module instance address.
fn last_call(address: &str) -> Option<&str> {
    // Keys may hold dots, so walk from the start rather than split at the last dot.
    let mut rest = address;
    loop {
        rest = rest.strip_prefix("module.")?;
        let len = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(len);
        let (_, after) = crate::address::read_key(after).ok()?;
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None => return Some(name),
        }
    }
}
