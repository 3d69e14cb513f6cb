//! One target, and what was seen of it.

use std::fs;
use std::path::{Path, PathBuf};

use abide_connect::{Cancel, Environment, Planned, Planning, Tool, import, plan, plan_only};
use abide_core::drift::Drift;
use abide_core::engine::{self, AccountMode, Options};
use abide_core::exception;
use abide_core::finding::{Finding, Outcome};
use abide_core::inventory::Inventory;
use abide_core::scan::Scan;
use abide_core::source::Snapshots;
use abide_remedy::Plan;
use anyhow::{Context, bail};
use jiff::Timestamp;

use super::super::look::{self, Looking};
use super::super::{interruptible, named};
use crate::cli::PolicyArgs;
use crate::config::{Config, Target};
use crate::pipeline::{self, Chosen, Standing};
use crate::terminal;

/// A target that is to be remedied.
pub(super) struct Case {
    pub(super) target: Target,
    pub(super) chosen: Chosen,
    key: abide_core::source::RedactionKey,
    applied: bool,
    tool: Tool,
    data: PathBuf,
    environment: Environment,
    cancel: Cancel,
}

/// A plan, and what it says.
pub(super) struct Seen {
    pub(super) planned: Planned,
    pub(super) plan: Plan,
    pub(super) sides: Snapshots,
    pub(super) drift: Drift,
}

impl Case {
    pub(super) fn new(
        config: &Config,
        name: &str,
        policy: &PolicyArgs,
        applied: bool,
        profile: Option<&str>,
    ) -> anyhow::Result<Self> {
        let known = config.targets()?;
        if known.is_empty() {
            bail!("there is no target: write [targets.{name}] into abide.toml");
        }
        let mut target = named(&known, name)?;
        if let Some(profile) = profile {
            target.table.profile = Some(profile.to_owned());
        }
        let environment = look::environment(&target);
        let tool = Tool::find(target.table.terraform.as_deref(), &environment)?;
        Ok(Self {
            chosen: pipeline::choose(config, policy)?,
            key: pipeline::redaction_key()?,
            applied: applied || target.table.applied == Some(true),
            tool,
            data: look::data(&target),
            environment,
            cancel: interruptible()?,
            target,
        })
    }

    /// Everything the target holds.
    pub(super) fn look(&self) -> anyhow::Result<Seen> {
        let planned = self.with(&self.target.directory, |planning, progress| {
            plan(planning, progress)
        })?;
        self.seen(planned)
    }

    /// These addresses alone.
    pub(super) fn look_at(&self, addresses: &[String]) -> anyhow::Result<Seen> {
        let planned = self.with(&self.target.directory, |planning, progress| {
            plan_only(planning, addresses, progress)
        })?;
        self.seen(planned)
    }

    /// The same source, edited, in another directory.
    pub(super) fn look_in(&self, directory: &Path) -> anyhow::Result<Seen> {
        let planned = self.with(directory, |planning, progress| plan(planning, progress))?;
        self.seen(planned)
    }

    /// The same, with configuration generated for what `import` blocks name.
    pub(super) fn generate_in(&self, directory: &Path, file: &Path) -> anyhow::Result<()> {
        self.with(directory, |planning, progress| {
            import(planning, file, progress)
        })?;
        Ok(())
    }

    /// Runs a part of `abide-connect` on the target, its progress shown.
    pub(super) fn with<T>(
        &self,
        directory: &Path,
        work: impl FnOnce(
            &Planning<'_>,
            &(dyn Fn(&str) + Sync),
        ) -> Result<T, abide_connect::ConnectError>,
    ) -> anyhow::Result<T> {
        let bar = terminal::spinner(format!("{}: starting", self.target.name));
        let planning = Planning {
            tool: &self.tool,
            directory,
            data: &self.data,
            workspace: self.target.table.workspace.as_deref(),
            var_files: &self.target.var_files,
            backend: &self.target.table.backend_config,
            refresh: true,
            environment: &self.environment,
            limit: self.target.timeout,
            cancel: &self.cancel,
        };
        let answer = work(&planning, &|line| {
            bar.set_message(format!("{}: {}", self.target.name, terminal::visible(line)));
        });
        bar.finish_and_clear();
        Ok(answer?)
    }

    fn seen(&self, planned: Planned) -> anyhow::Result<Seen> {
        let looking = Looking {
            chosen: &self.chosen,
            key: self.key.clone(),
            applied: self.applied,
            // Remedies ask of exceptions themselves.
            standing: &Standing::default(),
            at: Timestamp::now(),
        };
        let sides = looking.sides(&planned.json, self.target.account.as_deref())?;
        let json = fs::read(&planned.json).context("reading the plan")?;
        Ok(Seen {
            plan: Plan::read(&json)?,
            drift: looking.classify(&sides, self.applied),
            sides,
            planned,
        })
    }

    pub(super) fn key(&self) -> abide_core::source::RedactionKey {
        self.key.clone()
    }

    pub(super) fn tool(&self) -> String {
        format!("{} {}", self.tool.flavour.as_str(), self.tool.version)
    }

    /// Violations of `after` that are none of `before` and that no exception covers.
    pub(super) fn broken(
        &self,
        before: &Inventory,
        after: &Inventory,
        standing: &Standing,
    ) -> Vec<Finding> {
        let options = Options {
            account: AccountMode::Off,
            all_results: standing.needs_passes(),
        };
        let judged =
            |inventory: &Inventory| engine::evaluate(inventory, &self.chosen.set, options, 0);
        let old = judged(before).findings;
        let fails = |finding: &Finding| {
            let same = |old: &&Finding| {
                old.policy == finding.policy && old.resource_address == finding.resource_address
            };
            let was = old.iter().find(same);
            was.is_some_and(|old| old.outcome == Outcome::Fail)
        };
        let at = Timestamp::now();
        let parts = vec![(after, judged(after))];
        let mut scan = Scan::assemble(at, env!("CARGO_PKG_VERSION"), &self.chosen.set, parts);
        if let Some(set) = &standing.exceptions {
            exception::apply(set, &mut scan, &self.chosen.known, &self.chosen.rules);
        }
        scan.findings
            .retain(|finding| finding.is_violation() && !fails(finding));
        scan.findings
    }

    /// `POL-0001 aws_x.y: what is wrong`
    pub(super) fn shown(&self, finding: &Finding) -> String {
        let policy = self.chosen.set.policies.get(finding.policy as usize);
        let id = policy.map_or("", |compiled| compiled.policy.id.as_str());
        format!("{id} {}: {}", finding.resource_address, finding.message)
    }
}
