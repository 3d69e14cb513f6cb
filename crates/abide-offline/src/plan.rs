//! One plan of one directory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use abide_connect::{Cancel, ConnectError, Environment, Flavour, Planning, Tool};
use serde_json::Value as Json;

use crate::clean;
use crate::configuration::{Configuration, MANIFEST, locked};
use crate::schema::{Attribute, Library, Missing, ProviderSchema, Schema, Type};
use crate::tree::{DEFER, Tree};
use crate::{Address, OfflineError, Provider, Server};

/// What is planned, and how.
pub struct Offline<'a> {
    /// Who plans.
    pub tool: &'a Tool,
    /// The root module.
    pub directory: &'a Path,
    /// The workspace; `None` for `default`.
    pub workspace: Option<&'a str>,
    /// Files of variables.
    pub var_files: &'a [PathBuf],
    /// Values of variables, which win over those of files.
    pub variables: &'a [(String, String)],
    /// What terraform may see of our environment; credentials of clouds are taken out.
    pub environment: &'a Environment,
    /// Where schemas are.
    pub library: &'a Library,
    /// For all steps together.
    pub limit: Duration,
    /// To stop early.
    pub cancel: &'a Cancel,
}

/// A plan, and what to know about it.
#[derive(Debug)]
pub struct OfflinePlan {
    /// As `terraform show -json` prints it, without what was added to get it.
    pub json: Json,
    /// What a person should know.
    pub notes: Vec<String>,
    /// How long each step took.
    pub steps: Vec<(String, Duration)>,
}

impl Offline<'_> {
    /// Plans: the user's terraform evaluates, we answer as its providers.
    ///
    /// # Errors
    /// If a provider's schema is nowhere to be had, or terraform finds an error; its own words are passed on.
    pub fn plan(&self, progress: &(dyn Fn(&str) + Sync)) -> Result<OfflinePlan, OfflineError> {
        let begun = Instant::now();
        let source = self
            .directory
            .canonicalize()
            .ok()
            .filter(|dir| dir.is_dir())
            .ok_or_else(|| ConnectError::NoDirectory(self.directory.display().to_string()))?;
        let tree = Tree::new(&source)?;
        let manifest = source.join(".terraform").join(MANIFEST);
        let mut configuration = Configuration::read(&source, &manifest, self.tool.flavour)?;
        if configuration.modules.values().all(|module| module.is_empty) {
            return Err(OfflineError::NoSource(self.directory.display().to_string()));
        }
        tree.lay(&configuration)?;
        let mut environment = self.environment(&tree)?;
        let var_files = self.var_files()?;
        let data = tree.data();
        if !configuration.absent.is_empty() {
            configuration = self.fetch(&tree, &source, &environment, &configuration, progress)?;
        }
        let mut notes = Vec::new();
        let server = self.serve(&source, &configuration, &mut notes)?;
        environment.set("TF_REATTACH_PROVIDERS", server.reattach());
        let prepared = begun.elapsed();
        let planned = abide_connect::plan_with_variables(
            &self.planning(&tree, &data, &var_files, &environment),
            self.variables,
            progress,
        )
        .map_err(|error| self.in_their_words(error, &tree, &source))?;
        let read = Instant::now();
        let text = fs::read(&planned.json).map_err(|source| OfflineError::Io {
            what: "reading the plan".to_owned(),
            source,
        })?;
        let mut json: Json =
            serde_json::from_slice(&text).map_err(|error| OfflineError::Plan(error.to_string()))?;
        clean::plan(&mut json);
        notes.extend(left_out(&configuration));
        let mut steps = vec![("prepare".to_owned(), prepared)];
        let taken = planned.steps.iter();
        steps.extend(taken.map(|(step, time)| (step.as_str().to_owned(), *time)));
        steps.push(("clean".to_owned(), read.elapsed()));
        Ok(OfflinePlan { json, notes, steps })
    }

    fn planning<'p>(
        &'p self,
        tree: &'p Tree,
        data: &'p Path,
        var_files: &'p [PathBuf],
        environment: &'p Environment,
    ) -> Planning<'p> {
        Planning {
            tool: self.tool,
            directory: tree.root(),
            data,
            workspace: self.workspace,
            var_files,
            backend: &[],
            refresh: true,
            environment,
            limit: self.limit,
            cancel: self.cancel,
        }
    }

    fn environment(&self, tree: &Tree) -> Result<Environment, OfflineError> {
        let mut environment = self.environment.clone();
        // Nobody needs credentials of a cloud here.
        environment.remove_all("AWS_");
        for name in ["TF_PLUGIN_CACHE_DIR", "TERRAFORM_CONFIG"] {
            environment.remove(name);
        }
        environment.set("TF_CLI_CONFIG_FILE", tree.settings()?);
        Ok(environment)
    }

    /// Absolute: terraform works in another folder than we.
    fn var_files(&self) -> Result<Vec<PathBuf>, OfflineError> {
        let files = self.var_files.iter();
        let absolute = files.map(|file| {
            file.canonicalize().map_err(|source| OfflineError::Io {
                what: format!("reading {}", file.display()),
                source,
            })
        });
        absolute.collect()
    }

    /// Lets terraform fetch the modules that are not there, and looks at them too.
    fn fetch(
        &self,
        tree: &Tree,
        source: &Path,
        environment: &Environment,
        before: &Configuration,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Configuration, OfflineError> {
        let data = tree.data();
        let outcome = abide_connect::init(&self.planning(tree, &data, &[], environment), progress);
        // It may also have failed at providers, which are not served yet.
        let found = Configuration::read(source, &data.join(MANIFEST), self.tool.flavour)?;
        if let (Some((name, from)), Err(error)) = (found.absent.first(), outcome) {
            return Err(match error {
                ConnectError::Failed { output, .. } => OfflineError::Module {
                    name: name.clone(),
                    from: from.clone(),
                    output: plain(&output, tree, source),
                },
                other => other.into(),
            });
        }
        if found.modules.len() > before.modules.len() {
            tree.lay(&found)?;
        }
        Ok(found)
    }

    fn serve(
        &self,
        source: &Path,
        configuration: &Configuration,
        notes: &mut Vec<String>,
    ) -> Result<Server, OfflineError> {
        let locked = locked(source);
        self.library.keep(&locked)?;
        let host = match self.tool.flavour {
            Flavour::Terraform => "registry.terraform.io",
            Flavour::OpenTofu => "registry.opentofu.org",
        };
        let mut providers = Vec::new();
        let mut missing = Vec::new();
        for (address, used) in &configuration.providers {
            let version = locked.get(address).map(String::as_str);
            let Some(found) = self.library.find(address, version, &used.types)? else {
                missing.push(Missing {
                    address: address.clone(),
                    needed_by: used.needed_by.clone(),
                });
                continue;
            };
            if let (Some(instead), Some(wanted)) = (found.instead, version) {
                notes.push(format!(
                    "the schema of {address} {instead} is used for {wanted}; for an exact one run `terraform providers schema -json > schema.json` once and name it with --schema"
                ));
            }
            let schema = deferring(found.schema);
            let provider = Provider::new(address.clone(), schema);
            providers.push((address.full(host), Arc::new(provider)));
        }
        match missing.is_empty() {
            true => Server::start(providers),
            false => Err(OfflineError::NoSchema(missing)),
        }
    }

    /// Terraform's own diagnostics, with the user's paths.
    fn in_their_words(&self, error: ConnectError, tree: &Tree, source: &Path) -> OfflineError {
        match error {
            ConnectError::Failed { step, output, .. } => OfflineError::Refused {
                tool: self.tool.flavour.as_str(),
                step: step.as_str(),
                hint: hint(&output),
                output: plain(&output, tree, source),
            },
            other => other.into(),
        }
    }
}

/// Adds the argument by which data sources and ephemeral resources wait.
fn deferring(mut schema: ProviderSchema) -> ProviderSchema {
    let add = |schemas: &mut BTreeMap<String, Schema>| {
        for schema in schemas.values_mut() {
            let attribute = Attribute {
                ty: Some(Type::String),
                optional: true,
                ..Attribute::default()
            };
            schema.block.attributes.insert(DEFER.to_owned(), attribute);
        }
    };
    add(&mut schema.data_sources);
    add(&mut schema.ephemerals);
    schema
}

/// The errors of what terraform says, without the plan before them and without the scratch folder.
fn plain(output: &str, tree: &Tree, source: &Path) -> String {
    let begins = ["Error: ", "Warning: "];
    let said: Vec<&str> = output
        .lines()
        .skip_while(|line| !begins.iter().any(|begin| line.starts_with(begin)))
        .collect();
    let said = match said.is_empty() {
        true => output.to_owned(),
        false => said.join("\n"),
    };
    said.replace(&*tree.root().to_string_lossy(), &source.to_string_lossy())
        .replace(&*tree.prefix().to_string_lossy(), "")
}

/// What to do about an error that is ours to explain.
fn hint(output: &str) -> &'static str {
    let says = |text: &str| output.contains(text);
    if says("No value for required variable") {
        "\nGive the variable with --var or --var-file."
    } else if says("Invalid count argument") || says("Invalid for_each argument") {
        "\nThe number of instances depends on something that only the cloud knows, here a data source or a new resource. A plan with credentials is needed, or `abide scan DIR`, which goes on without."
    } else if says("Unsupported argument")
        || says("Invalid resource type")
        || says("Invalid data source")
        || says("Unsupported block type")
        || says("Unsupported attribute")
    {
        "\nIf your provider's version knows it, run once where it is installed: `terraform providers schema -json > schema.json`, then `abide plan --schema schema.json`."
    } else if says("Call to unknown function") {
        "\nFunctions of providers are not served offline."
    } else {
        ""
    }
}

fn left_out(configuration: &Configuration) -> Vec<String> {
    let mut notes = Vec::new();
    let modules = configuration.modules.values();
    let imports: usize = modules
        .flat_map(|module| module.imports.values())
        .map(Vec::len)
        .sum();
    if imports > 0 {
        notes.push(format!(
            "{imports} import block{} left out: what exists cannot be read offline, so it is planned as new",
            if imports == 1 { " is" } else { "s are" }
        ));
    }
    let modules = configuration.modules.values();
    let types: BTreeSet<&str> = modules
        .flat_map(|module| &module.deferred)
        .map(|(_, type_name, _)| type_name.as_str())
        .collect();
    if !types.is_empty() {
        notes.push(format!(
            "not read, so unknown: data of {}",
            types.into_iter().collect::<Vec<_>>().join(", ")
        ));
    }
    notes
}

/// What each missing provider needs, for a message.
pub(crate) fn missing_text(missing: &[Missing]) -> String {
    let lines: Vec<String> = missing
        .iter()
        .map(|one| {
            let Address { namespace, .. } = &one.address;
            let kind = match namespace.as_str() {
                "hashicorp" => "",
                _ => "third-party ",
            };
            format!(
                "  {kind}provider {}, needed by {}",
                one.address, one.needed_by
            )
        })
        .collect();
    lines.join("\n")
}
