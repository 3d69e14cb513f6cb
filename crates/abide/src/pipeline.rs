//! The straight line, wired: choose policies, load inputs, evaluate, except, compare with the baseline.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use abide_core::baseline::Baseline;
use abide_core::diagnostic::{Diagnostic, Level};
use abide_core::drift;
use abide_core::engine::{self, AccountMode, Evaluations, Options};
use abide_core::exception::{self, ExceptionSet, Rules};
use abide_core::finding::Outcome;
use abide_core::inventory::Inventory;
use abide_core::locate::{self, Locator};
use abide_core::policy::{self, PolicyNames, PolicySet, PolicySettings, Selection};
use abide_core::request;
use abide_core::scan::Scan;
use abide_core::source::{self, Hashed, Input, LoadOptions, RedactionKey};
use abide_policy::{Policy, Severity};
use abide_rego::{Asking, Folder};
use anyhow::{Context, anyhow, bail};
use jiff::Timestamp;
use toml::Spanned;

use crate::cli::{Account, PolicyArgs, SourceArgs};
use crate::config::{self, AccountSetting, Config};
use crate::load::Loaded;
use crate::remedy;
use crate::terminal;

/// The policies of a run.
pub(crate) struct Chosen {
    /// Every policy there is, with its severity under the configuration: what
    /// an exception may name.
    pub(crate) known: Vec<(String, Severity)>,
    /// All their names.
    pub(crate) names: PolicyNames,
    /// Those in force.
    pub(crate) set: PolicySet,
    /// When account policies apply.
    pub(crate) account: AccountMode,
    /// What exceptions are held to.
    pub(crate) rules: Rules,
    /// Folders of Rego, whose rules are policies of the set too.
    rego: Vec<Folder>,
}

/// Chooses and compiles policies from flags and configuration.
pub(crate) fn choose(config: &Config, args: &PolicyArgs) -> anyhow::Result<Chosen> {
    let settings = settings(config, args)?;
    let all = all_policies(config, args)?;
    let known = severities(&all, &settings);
    let names = PolicyNames::of(&all);
    let chosen = select(config, args, all, &settings)?;
    let set = PolicySet::compile(chosen, &settings)
        .map_err(|error| config.compile_error(error, &settings))?;
    let account = match (args.account, config.file.scan.account) {
        (Some(Account::Auto), _) | (None, Some(AccountSetting::Auto) | None) => AccountMode::Auto,
        (Some(Account::Off), _) | (None, Some(AccountSetting::Off)) => AccountMode::Off,
        (Some(Account::Baseline), _) | (None, Some(AccountSetting::Baseline)) => {
            AccountMode::Baseline
        }
    };
    Ok(Chosen {
        known,
        names,
        set,
        account,
        rules: config.rules()?,
        rego: rego_folders(config, args)?,
    })
}

/// Every policy with its severity, overrides applied.
pub(crate) fn severities(all: &[Policy], settings: &PolicySettings) -> Vec<(String, Severity)> {
    let of = |policy: &Policy| {
        let changed = settings.severity.get(&policy.id).copied();
        (policy.id.clone(), changed.unwrap_or(policy.severity))
    };
    // An exception may accept drift, too.
    let drift = (drift::scan::POLICY.to_owned(), drift::scan::SEVERITY);
    all.iter().map(of).chain([drift]).collect()
}

/// Overrides from the configuration and from `--set`.
pub(crate) fn settings(config: &Config, args: &PolicyArgs) -> anyhow::Result<PolicySettings> {
    let mut settings = config.settings()?;
    for text in &args.set {
        config::set(text, &mut settings)?;
    }
    Ok(settings)
}

/// Built-in policies and the user's own.
pub(crate) fn all_policies(config: &Config, args: &PolicyArgs) -> anyhow::Result<Vec<Policy>> {
    let with_builtin = !args.no_builtin && config.file.scan.builtin != Some(false);
    let mut all = if with_builtin {
        policy::builtin()
    } else {
        Vec::new()
    };
    let rego = rego_folders(config, args)?;
    all.extend(rego.iter().flat_map(Folder::policies));
    for folder in policy_folders(config, args) {
        // A folder of Rego alone holds no policy files, and is fine.
        if !Folder::is_rego(&folder) {
            all.extend(policy::load_dir(&folder)?);
            continue;
        }
        match policy::load_mixed_dir(&folder) {
            Err(policy::LibraryError::Empty { .. }) => {}
            loaded => all.extend(loaded?),
        }
    }
    abide_rego::check_bodies(&all)?;
    Ok(all)
}

/// Folders named by flags, else those of the configuration.
fn policy_folders(config: &Config, args: &PolicyArgs) -> Vec<PathBuf> {
    if !args.policies.is_empty() {
        return args.policies.clone();
    }
    let listed = config.file.scan.policies.iter().flatten();
    listed.map(|path| config.resolve(path)).collect()
}

fn rego_folders(config: &Config, args: &PolicyArgs) -> anyhow::Result<Vec<Folder>> {
    let folders = policy_folders(config, args);
    let rego = folders.iter().filter(|folder| Folder::is_rego(folder));
    let mut loaded = rego
        .map(|folder| Folder::load(folder))
        .collect::<Result<Vec<_>, _>>()?;
    abide_rego::name_apart(&mut loaded)?;
    Ok(loaded)
}

/// Keeps the policies that flags and configuration select.
pub(crate) fn select(
    config: &Config,
    args: &PolicyArgs,
    all: Vec<Policy>,
    settings: &PolicySettings,
) -> anyhow::Result<Vec<Policy>> {
    let scan = &config.file.scan;
    let lists = [
        scan.select.as_ref().filter(|_| args.select.is_empty()),
        scan.ignore.as_ref().filter(|_| args.ignore.is_empty()),
    ];
    selection(config, args)?
        .apply(all, settings)
        .map_err(|error| config.selection_error(error, &lists))
}

/// What flags and configuration select; a flag replaces the file's list.
fn selection(config: &Config, args: &PolicyArgs) -> anyhow::Result<Selection> {
    let scan = &config.file.scan;
    let either = |flag: &Vec<_>, file: Option<&Vec<Spanned<String>>>| {
        if flag.is_empty() {
            Config::selectors(file)
        } else {
            flag.clone()
        }
    };
    Ok(Selection {
        strict: args.strict || scan.strict == Some(true),
        frameworks: if args.framework.is_empty() {
            config.frameworks()?
        } else {
            args.framework.clone()
        },
        select: either(&args.select, scan.select.as_ref()),
        ignore: either(&args.ignore, scan.ignore.as_ref()),
    })
}

/// What a scan is of.
pub(crate) struct Job<'a> {
    pub(crate) inputs: &'a [PathBuf],
    pub(crate) source: &'a SourceArgs,
    pub(crate) standing: Standing,
    pub(crate) all_results: bool,
    /// How many edits to prove, if any.
    pub(crate) fixes: Option<usize>,
    pub(crate) now: Option<Timestamp>,
}

/// What lets findings stand.
#[derive(Default)]
pub(crate) struct Standing {
    pub(crate) exceptions: Option<ExceptionSet>,
    pub(crate) baseline: Option<Baseline>,
}

impl Standing {
    /// Reads the files that are named, else those of the configuration. They have a few
    /// lines and come first: a slip in them should not cost a long load.
    pub(crate) fn read(
        config: &Config,
        exceptions: Option<&Path>,
        baseline: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let configured = config.file.scan.baseline.as_ref();
        let configured = configured.map(|path| config.resolve(path));
        let baseline = baseline.map(Path::to_owned).or(configured);
        Ok(Self {
            baseline: baseline.as_deref().map(read_baseline).transpose()?,
            ..Self::excepted(config, exceptions)?
        })
    }

    /// Whether a scan must hold what passed too.
    pub(crate) fn needs_passes(&self) -> bool {
        let set = self.exceptions.as_ref();
        set.is_some_and(ExceptionSet::needs_passes)
    }

    /// The same without a baseline.
    pub(crate) fn excepted(config: &Config, exceptions: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self {
            exceptions: self::exceptions(config, exceptions)?,
            baseline: None,
        })
    }
}

/// How long each step took.
#[derive(Default)]
pub(crate) struct Timings(pub(crate) Vec<(&'static str, Duration)>);

impl Timings {
    pub(crate) fn time<T>(&mut self, step: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.0.push((step, start.elapsed()));
        result
    }
}

/// Runs the line up to the scan.
pub(crate) fn scan(chosen: &Chosen, job: &Job<'_>, timings: &mut Timings) -> anyhow::Result<Scan> {
    let key = redaction_key()?;
    let (scan, _) = run(chosen, job, &Reading { key, hash: false }, timings)?;
    Ok(scan)
}

/// How inputs are read.
pub(crate) struct Reading {
    /// Key of the digests that replace secrets.
    pub(crate) key: RedactionKey,
    /// Whether to take the inputs' own digests on the way.
    pub(crate) hash: bool,
}

/// SHA-256 of each input, in hexadecimal; empty for directories.
pub(crate) type Digests = Vec<String>;

/// The same with a key that is given, and the inputs' digests.
pub(crate) fn run(
    chosen: &Chosen,
    job: &Job<'_>,
    reading: &Reading,
    timings: &mut Timings,
) -> anyhow::Result<(Scan, Digests)> {
    if job.inputs.iter().filter(|path| is_stdin(path)).count() > 1 {
        bail!("`-` is named twice, but standard input can be read only once");
    }
    let inputs: Vec<Input> = job
        .inputs
        .iter()
        .map(|path| match job.source.plans.get(path) {
            Some(plan) => Ok(Input::Memory {
                name: path.display().to_string(),
                bytes: plan.to_vec(),
            }),
            None => input(path, reading.hash),
        })
        .collect::<anyhow::Result<_>>()?;
    let loaded = timings.time("load", || load(chosen, job.source, &inputs, &reading.key))?;
    let inventories: Vec<&Inventory> = loaded.iter().map(Loaded::inventory).collect();
    let plans = timings.time("raw plan", || plans(chosen, &inputs, &reading.key))?;
    let digests = digests(&inputs)?;
    let mut prints = Vec::new();
    // A compensating control has to be seen to pass.
    let needs_passes = job.standing.needs_passes();
    let mut scan = timings.time("evaluate", || {
        let parts = (0u32..).zip(inventories).map(|(number, inventory)| {
            let asking = Asking {
                input: number,
                all_results: job.all_results || needs_passes,
            };
            let plan = plans.get(number as usize).and_then(Option::as_ref);
            let found = evaluate(chosen, inventory, plan, asking, &mut prints);
            (inventory, found)
        });
        Scan::assemble(
            job.now.unwrap_or_else(Timestamp::now),
            env!("CARGO_PKG_VERSION"),
            &chosen.set,
            parts.collect(),
        )
    });
    terminal::say(&prints)?;
    for (input, plan) in scan.inputs.iter().zip(&plans) {
        if plan.is_none() {
            let message = format!(
                "folders of Rego judge plans; {} is a directory and was not shown to them",
                input.name
            );
            scan.diagnostics
                .push(Diagnostic::new(Level::Warning, "rego-needs-plan", message));
        }
    }
    let locators: Vec<_> = loaded.iter().map(Loaded::locator).collect();
    timings.time("locate", || locate(chosen, &mut scan, &locators));
    timings.time("except", || except(chosen, &mut scan, &job.standing));
    if needs_passes && !job.all_results {
        keep_findings(&mut scan);
    }
    if let Some(most) = job.fixes {
        timings.time("fixes", || {
            remedy::attach(chosen, &mut scan, &loaded, job, &reading.key, most)
        });
    }
    // The process ends soon; taking a large inventory apart costs time for nothing.
    std::mem::forget(loaded);
    Ok((scan, digests))
}

fn digests(inputs: &[Input]) -> anyhow::Result<Digests> {
    let digests = inputs
        .iter()
        .map(|input| Ok(input.sha256()?.unwrap_or_default()));
    digests.collect()
}

/// Drops what only `--all-results` lists.
pub(crate) fn keep_findings(scan: &mut Scan) {
    scan.findings
        .retain(|finding| !matches!(finding.outcome, Outcome::Pass | Outcome::NotApplicable));
}

/// Says where findings are written, and for which somebody asks an exception.
pub(crate) fn locate(chosen: &Chosen, scan: &mut Scan, locators: &[Option<&dyn Locator>]) {
    locate::locate(scan, locators);
    request::attach(scan, locators, &chosen.names, &chosen.rules);
}

/// Marks findings that may stand.
pub(crate) fn except(chosen: &Chosen, scan: &mut Scan, standing: &Standing) {
    if let Some(set) = &standing.exceptions {
        exception::apply(set, scan, &chosen.known, &chosen.rules);
    }
    if let Some(baseline) = &standing.baseline {
        baseline.apply(scan);
    }
}

/// The whole plans; only folders of Rego need them.
fn plans(
    chosen: &Chosen,
    inputs: &[Input],
    key: &RedactionKey,
) -> anyhow::Result<Vec<Option<serde_json::Value>>> {
    if chosen.rego.is_empty() {
        return Ok(Vec::new());
    }
    let plans = inputs.iter().map(|input| match input {
        // There is no plan of it; `scan` says so.
        Input::File(path) if path.is_dir() => Ok(None),
        input => Ok(Some(source::raw(input, key)?)),
    });
    plans.collect()
}

/// Asks every engine about one input; folders of Rego only if there is a plan.
pub(crate) fn evaluate(
    chosen: &Chosen,
    inventory: &Inventory,
    plan: Option<&serde_json::Value>,
    asking: Asking,
    prints: &mut Vec<String>,
) -> Evaluations {
    let options = Options {
        account: chosen.account,
        all_results: asking.all_results,
    };
    let set = &chosen.set;
    let mut all = engine::evaluate(inventory, set, options, asking.input);
    all.absorb(abide_rego::evaluate_bodies(inventory, set, asking, prints));
    for (folder, plan) in chosen.rego.iter().zip(plan.into_iter().cycle()) {
        all.absorb(folder.evaluate(inventory, plan, set, asking, prints));
    }
    all
}

fn load(
    chosen: &Chosen,
    args: &SourceArgs,
    inputs: &[Input],
    key: &RedactionKey,
) -> anyhow::Result<Vec<Loaded>> {
    let options = LoadOptions {
        wanted: chosen.set.wanted().clone(),
        key: key.clone(),
    };
    inputs
        .iter()
        .map(|input| crate::load::load(input, args, &options))
        .collect()
}

/// Loads one input; `-` is standard input.
pub(crate) fn load_one(
    path: &Path,
    args: &SourceArgs,
    options: &LoadOptions,
) -> anyhow::Result<Loaded> {
    crate::load::load(&input(path, false)?, args, options)
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn input(path: &Path, hash: bool) -> anyhow::Result<Input> {
    if !is_stdin(path) {
        let path = path.to_owned();
        return Ok(match hash && !path.is_dir() {
            true => Input::Hashed(Hashed::new(path)),
            false => Input::File(path),
        });
    }
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .context("cannot read standard input")?;
    Ok(Input::Memory {
        name: "-".to_owned(),
        bytes,
    })
}

/// A fresh key: digests of secrets mean nothing outside this run.
pub(crate) fn redaction_key() -> anyhow::Result<RedactionKey> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    Ok(RedactionKey::new(bytes))
}

/// The exceptions of a file, else of the configuration, else of the usual file if it is there.
fn exceptions(config: &Config, path: Option<&Path>) -> anyhow::Result<Option<ExceptionSet>> {
    let named = path.map(Path::to_owned).or(config.exceptions_file());
    match named {
        Some(path) => Ok(Some(read_exceptions(&path)?)),
        None => {
            let usual = config.usual_exceptions_file();
            let usual = usual.filter(|path| path.exists());
            usual.as_deref().map(read_exceptions).transpose()
        }
    }
}

/// Reads a file of exceptions.
pub(crate) fn read_exceptions(path: &Path) -> anyhow::Result<ExceptionSet> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read exceptions {}", path.display()))?;
    Ok(ExceptionSet::read(&path.display().to_string(), &text)?)
}

/// Reads a baseline file.
pub(crate) fn read_baseline(path: &Path) -> anyhow::Result<Baseline> {
    let text = fs::read_to_string(path).with_context(|| {
        format!(
            "cannot read baseline {}; make one with `abide baseline create`",
            path.display()
        )
    })?;
    Ok(Baseline::read(&path.display().to_string(), &text)?)
}
