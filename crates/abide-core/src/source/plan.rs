//! Plans: `terraform show -json PLANFILE`, of Terraform or OpenTofu.
//!
//! Values come from `resource_changes[].change` (`after` with `after_unknown`
//! laid over it), because `planned_values` leaves unknown values out. Their
//! provenance comes from `configuration`. States arrive here too, since a
//! file's kind is only known after its keys; [`super::state`] reads those.

use serde::Deserialize;

use super::change::Change;
use super::detect::{NotAnInventory, guess_object};
use super::redact::Redactor;
use super::sections::{Handler, SectionError, Walker, Want};
use super::values;
use super::{Input, LoadError, LoadOptions, Snapshots, plan_config, settle, state};
use crate::config::Configuration;
use crate::diagnostic::{Diagnostic, Level};
use crate::inventory::{
    Action, Check, Inventory, InventoryBuilder, NewResource, ResourceDrift, SourceKind,
};
use crate::value::{Object, Value};

/// Loads a plan or a state.
pub(super) fn load(input: &Input, options: &LoadOptions) -> Result<Inventory, LoadError> {
    let loader = read(input, options)?;
    if loader.is_plan() {
        let (inventory, _) = loader
            .finish_plan()
            .map_err(|e| e.in_input(&input.name()))?;
        return Ok(inventory);
    }
    Ok(loader.finish_state())
}

/// Loads both sides of a plan: what is wanted, and what was found.
pub(super) fn snapshots(input: &Input, options: &LoadOptions) -> Result<Snapshots, LoadError> {
    let name = input.name();
    let mut loader = read(input, options)?;
    if !loader.is_plan() {
        return Err(LoadError::NotAnInventory {
            input: name,
            what: NotAnInventory::NotAPlan,
        });
    }
    let has_code = loader.has("resource_changes");
    let mut builder = InventoryBuilder::new(SourceKind::State, &name);
    let mut prior = state::Values::prior(&mut builder, options, &mut loader.redactor);
    let open = input.open().map_err(|source| LoadError::Read {
        input: name.clone(),
        source,
    });
    Walker::new(open?)
        .walk(&mut prior)
        .and_then(|()| prior.finish())
        .map_err(|error| error.in_input(&name))?;
    let mut found = builder.finish(Configuration::default());
    let (desired, redactor) = loader.finish_plan().map_err(|e| e.in_input(&name))?;
    redactor.sweep(&mut found);
    found
        .terraform_version
        .clone_from(&desired.terraform_version);
    Ok(Snapshots {
        desired,
        found,
        has_code,
    })
}

fn read<'o>(input: &Input, options: &'o LoadOptions) -> Result<Loader<'o>, LoadError> {
    let name = input.name();
    let open = || {
        input.open().map_err(|source| LoadError::Read {
            input: name.clone(),
            source,
        })
    };
    let mut loader = Loader::new(&name, options);
    Walker::new(open()?)
        .walk(&mut loader)
        .map_err(|error| error.in_input(&name))?;
    loader
        .check_versions()
        .map_err(|what| LoadError::NotAnInventory {
            input: name.clone(),
            what,
        })?;
    if loader.is_plan() && !loader.has("resource_changes") && loader.has("planned_values") {
        // Old versions leave the list out when nothing changes, and a
        // refresh-only plan has none.
        let mut second = state::Values::new(&mut loader.builder, options, &mut loader.redactor);
        Walker::new(open()?)
            .walk(&mut second)
            .and_then(|()| second.finish())
            .map_err(|error| error.in_input(&name))?;
    }
    Ok(loader)
}

/// What stops a walk, before the input's name is known.
pub(super) enum WalkError {
    Sections(SectionError),
    Shape {
        section: String,
        at: u64,
        reason: String,
    },
}

impl From<SectionError> for WalkError {
    fn from(error: SectionError) -> Self {
        Self::Sections(error)
    }
}

impl WalkError {
    /// An error of a section; serde's text never quotes string values of ours
    /// because every field that may hold one accepts any value.
    pub(super) fn shape(section: &str, at: u64, error: &serde_json::Error) -> Self {
        let reason = match error.classify() {
            serde_json::error::Category::Data => describe(error),
            _ => format!("broken JSON at column {}", error.column()),
        };
        Self::Shape {
            section: section.to_owned(),
            at,
            reason,
        }
    }

    pub(super) fn not_utf8(section: &str, at: u64) -> Self {
        Self::Shape {
            section: section.to_owned(),
            at,
            reason: "the text is not UTF-8".to_owned(),
        }
    }

    fn in_input(self, input: &str) -> LoadError {
        let input = input.to_owned();
        match self {
            Self::Sections(source) => LoadError::Sections { input, source },
            Self::Shape {
                section,
                at,
                reason,
            } => LoadError::Shape {
                input,
                section,
                at,
                reason,
            },
        }
    }
}

/// serde's reason without the value it met: `invalid type: string "hunter2"` would leak one.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once(": ") {
        Some((kind @ ("invalid type" | "invalid value"), rest)) => {
            let expected = rest
                .rsplit_once(", expected ")
                .map_or("something else", |(_, expected)| expected);
            format!("{kind}, expected {expected}")
        }
        _ => text,
    }
}

struct Loader<'o> {
    builder: InventoryBuilder,
    options: &'o LoadOptions,
    keys: Vec<String>,
    format_version: Option<String>,
    state_version: Option<u64>,
    errored: bool,
    complete: bool,
    deferred: usize,
    configuration: plan_config::Read,
    redactor: Redactor,
    /// Values of the root's variables.
    variables: Object,
}

impl<'o> Loader<'o> {
    fn new(name: &str, options: &'o LoadOptions) -> Self {
        Self {
            builder: InventoryBuilder::new(SourceKind::Plan, name),
            options,
            keys: Vec::new(),
            format_version: None,
            state_version: None,
            errored: false,
            complete: true,
            deferred: 0,
            configuration: plan_config::Read::default(),
            redactor: Redactor::new(options.key.clone()),
            variables: Object::default(),
        }
    }

    fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known == key)
    }

    fn is_plan(&self) -> bool {
        [
            "resource_changes",
            "planned_values",
            "configuration",
            "resource_drift",
            "output_changes",
            "errored",
            "relevant_attributes",
        ]
        .iter()
        .any(|key| self.has(key))
    }

    fn check_versions(&self) -> Result<(), NotAnInventory> {
        if let Some(version) = self.state_version {
            return match version {
                4 => Ok(()),
                other => Err(NotAnInventory::Version {
                    what: "state file",
                    found: other.to_string(),
                    supported: "version 4, which Terraform 0.12 and later write; `terraform state pull` with a current Terraform upgrades it",
                }),
            };
        }
        let Some(format) = &self.format_version else {
            // Cut down to what somebody needed; still a plan.
            let is_cut_plan = self.has("resource_changes")
                || (self.has("planned_values") && self.has("configuration"));
            return if is_cut_plan && !self.has("plan_format_version") {
                Ok(())
            } else {
                Err(guess_object(&self.keys))
            };
        };
        let major = format.split('.').next().unwrap_or_default();
        if matches!(major, "0" | "1") {
            return Ok(());
        }
        let what = if self.is_plan() { "plan" } else { "state" };
        let found = format.escape_debug().take(20).collect();
        Err(NotAnInventory::Version {
            what,
            found,
            supported: "format_version 0.x and 1.x",
        })
    }

    /// The inventory, and what takes out its secrets wherever else they stand.
    fn finish_plan(mut self) -> Result<(Inventory, Redactor), WalkError> {
        if !self.has("configuration") {
            self.warn(
                "no-configuration",
                "the plan has no `configuration`: what unknown values come from cannot be told",
            );
        }
        if self.format_version.is_none() {
            self.warn(
                "no-format-version",
                "the plan has no `format_version`, as if it had been cut down: parts may be missing",
            );
        }
        if self.errored {
            let message = "Terraform reports that planning failed (`errored`): resources may be missing. Fix the errors and plan again";
            self.builder.inventory().diagnostics.push(Diagnostic::new(
                Level::Error,
                "plan-errored",
                message,
            ));
        }
        if !self.complete {
            self.warn("plan-incomplete", "the plan is not complete (`-target` or deferred changes): resources may be missing");
        }
        if self.deferred > 0 {
            let message = format!(
                "{} changes are deferred to a later plan and are not judged",
                self.deferred
            );
            self.warn("plan-deferred", &message);
        }
        self.learn_variables();
        let configuration = self.configuration.finish(&mut self.builder);
        let mut inventory = self.builder.finish(configuration);
        settle::unknowns(&mut inventory);
        self.redactor.sweep(&mut inventory);
        Ok((inventory, self.redactor))
    }

    fn finish_state(mut self) -> Inventory {
        self.builder.inventory().kind = SourceKind::State;
        let mut inventory = self.builder.finish(Configuration::default());
        self.redactor.sweep(&mut inventory);
        inventory
    }

    fn warn(&mut self, code: &'static str, message: &str) {
        self.builder
            .inventory()
            .diagnostics
            .push(Diagnostic::new(Level::Warning, code, message));
    }
}

/// Where in the file the walk is.
#[derive(Clone, Copy, Debug)]
enum Section {
    /// At the top level; the key tells the rest.
    Top,
    /// In `configuration`.
    Configuration(plan_config::Part),
}

impl Handler for Loader<'_> {
    type Error = WalkError;

    type Section = Section;

    fn want(&mut self, inside: Option<Section>, key: &str) -> Want<Section> {
        if let Some(Section::Configuration(part)) = inside {
            return plan_config::want(part, key, &mut self.configuration)
                .map(Section::Configuration);
        }
        if self.keys.len() < 64 {
            self.keys.push(key.to_owned());
        }
        match key {
            "configuration" => Want::Members(Section::Configuration(plan_config::Part::Whole)),
            "resource_changes" | "resource_drift" | "deferred_changes" | "checks" | "resources" => {
                Want::Elements(Section::Top)
            }
            "format_version" | "terraform_version" | "version" | "errored" | "complete"
            | "values" | "variables" | "output_changes" => Want::Whole(Section::Top),
            _ => Want::Skip,
        }
    }

    fn take(&mut self, section: Section, key: &str, json: &[u8], at: u64) -> Result<(), WalkError> {
        let text = std::str::from_utf8(json).map_err(|_| WalkError::not_utf8(key, at))?;
        if let Section::Configuration(part) = section {
            let mut reader = plan_config::Reader {
                wanted: &self.options.wanted,
                builder: &mut self.builder,
                read: &mut self.configuration,
            };
            return reader
                .take(part, key, text)
                .map_err(|error| WalkError::shape("configuration", at, &error));
        }
        let shape = |error: serde_json::Error| WalkError::shape(key, at, &error);
        match key {
            "resource_changes" => self.change(text).map_err(shape)?,
            "resource_drift" => self.drift(text).map_err(shape)?,
            "deferred_changes" => self.deferred += 1,
            "variables" => {
                if let Ok(Value::Object(variables)) = values::whole(text) {
                    self.variables = variables;
                }
            }
            "output_changes" => self.learn_outputs(text),
            "checks" => self.check(text),
            "values" => state::shown(text, &mut self.builder, self.options, &mut self.redactor)
                .map_err(shape)?,
            "resources" => {
                state::file_resource(text, &mut self.builder, self.options, &mut self.redactor)
                    .map_err(shape)?
            }
            "format_version" => {
                self.format_version = Some(serde_json::from_str(text).map_err(shape)?)
            }
            // Not `"4"`: other programs' files have a `version` too.
            "version" => self.state_version = serde_json::from_str(text).ok(),
            "terraform_version" => {
                self.builder.inventory().terraform_version = serde_json::from_str(text).ok()
            }
            "errored" => self.errored = text == "true",
            "complete" => self.complete = text != "false",
            _ => {}
        }
        Ok(())
    }
}

impl Loader<'_> {
    fn change(&mut self, text: &str) -> serde_json::Result<()> {
        let change = Change::read(text)?;
        // A deposed object is the old half of a replacement; it is always destroyed.
        if change.deposed || !change.action.exists_after() {
            return Ok(());
        }
        let values = self.values(
            &change,
            change.after,
            change.after_unknown,
            change.after_sensitive,
        )?;
        self.builder.add(NewResource {
            address: &change.address,
            module: change.module_address.as_deref(),
            mode: change.mode,
            type_name: &change.type_name,
            name: &change.name,
            key: change.index,
            action: change.action,
            values,
            previous_address: change.previous_address.as_deref(),
            importing: change.importing,
        });
        Ok(())
    }

    fn drift(&mut self, text: &str) -> serde_json::Result<()> {
        let change = Change::read(text)?;
        // A refresh-only plan also lists what only moved, as a no-op.
        if change.deposed || change.action == Action::NoOp {
            return Ok(());
        }
        let before = self.values(&change, change.before, None, change.before_sensitive)?;
        let after = self.values(&change, change.after, None, change.after_sensitive)?;
        let type_name = self.builder.intern(&change.type_name);
        let address = crate::address::ResourceAddress::from_terraform(&change.address);
        let name = self.builder.intern(&change.name);
        self.builder.inventory().drift.push(ResourceDrift {
            address,
            module: change.module_address.as_deref().map(Into::into),
            type_name,
            name,
            key: change.index.clone(),
            action: change.action,
            before,
            after,
        });
        Ok(())
    }

    /// The wanted values on one side of a change, without secrets.
    fn values(
        &mut self,
        change: &Change<'_>,
        values: Option<&str>,
        unknown: Option<&str>,
        sensitive: Option<&str>,
    ) -> serde_json::Result<Object> {
        let (mode, type_name) = (change.mode, &change.type_name);
        state::learn(values, mode, type_name, sensitive, &mut self.redactor);
        let Some(wanted) = self.options.wanted.of(type_name) else {
            return Ok(Object::default());
        };
        let mut object =
            values.map_or(Ok(Object::default()), |json| values::object(json, wanted))?;
        if let Some(json) = unknown
            && mentions_true(json)
        {
            values::mark_unknown(&mut object, values::object(json, wanted)?);
        }
        state::redact(
            &mut object,
            mode,
            type_name,
            sensitive,
            wanted,
            &mut self.redactor,
        )?;
        Ok(object)
    }

    /// Remembers the values of sensitive outputs.
    fn learn_outputs(&mut self, text: &str) {
        let Ok(Value::Object(outputs)) = values::whole(text) else {
            return;
        };
        for change in outputs.iter().filter_map(|(_, change)| change.as_object()) {
            for side in ["before", "after"] {
                let marks = change.get(&format!("{side}_sensitive"));
                if let (Some(value), Some(marks)) = (change.get(side), marks) {
                    self.redactor.learn(value, marks);
                }
            }
        }
    }

    /// Remembers the values of sensitive variables, once it is known which they are.
    fn learn_variables(&mut self) {
        for name in &self.configuration.secret_variables {
            let variable = self.variables.get(name).and_then(Value::as_object);
            if let Some(value) = variable.and_then(|variable| variable.get("value")) {
                self.redactor.learn(value, &Value::Bool(true));
            }
        }
        let secret = &self.configuration.secret_variables;
        self.builder.inventory().variables = self
            .variables
            .iter()
            .filter(|(name, _)| secret.iter().all(|secret| secret != name))
            .filter_map(|(name, variable)| {
                Some((name, variable.as_object()?.get("value")?.clone()))
            })
            .collect();
    }

    /// Checks are for information; one of another shape is passed over.
    fn check(&mut self, text: &str) {
        #[derive(Deserialize)]
        struct RawCheck {
            address: RawAddress,
            status: String,
            #[serde(default)]
            instances: Vec<RawInstance>,
        }
        #[derive(Deserialize)]
        struct RawAddress {
            to_display: String,
        }
        #[derive(Deserialize)]
        struct RawInstance {
            #[serde(default)]
            problems: Vec<RawProblem>,
        }
        #[derive(Deserialize)]
        struct RawProblem {
            message: Option<String>,
        }
        if let Ok(raw) = serde_json::from_str::<RawCheck>(text) {
            let problems = raw
                .instances
                .into_iter()
                .flat_map(|i| i.problems)
                .filter_map(|p| p.message)
                .collect();
            let check = Check {
                address: raw.address.to_display,
                status: raw.status,
                problems,
            };
            self.builder.inventory().checks.push(check);
        }
    }
}

/// Whether a tree of marks can hold a `true`. A name that contains the word
/// only costs a needless look.
pub(super) fn mentions_true(json: &str) -> bool {
    memchr::memmem::find(json.as_bytes(), b"true").is_some()
}
