//! `[drift]`: when targets are looked at, if they do not say it themselves.

use std::path::PathBuf;
use std::time::Duration;

use abide_watch::{Schedule, Watched, offset};
use anyhow::bail;
use serde::Deserialize;
use toml::Spanned;

use super::targets::duration;
use super::{Config, Target};

/// `[drift]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DriftTable {
    /// A cron expression for all targets without their own.
    pub(crate) schedule: Option<Spanned<String>>,
    /// Its time zone.
    pub(crate) time_zone: Option<Spanned<String>>,
    /// Targets begin up to so much later, each always the same.
    pub(crate) jitter: Option<Spanned<String>>,
    /// Whether what was missed is made up for.
    pub(crate) catch_up: Option<bool>,
    /// Where is kept what was told.
    pub(crate) memory: Option<PathBuf>,
    /// Routes of targets without their own.
    pub(crate) notify: Option<Vec<Spanned<String>>>,
}

/// The usual place of what is remembered, beside `abide.toml`.
const MEMORY: &str = ".abide/watch.json";

impl Config {
    /// When these targets are looked at. Without names, those that have no schedule are left out.
    pub(crate) fn watched(&self, targets: &[Target], named: bool) -> anyhow::Result<Vec<Watched>> {
        let jitter = self.jitter()?;
        let mut watched = Vec::new();
        for target in targets {
            match self.schedule(target)? {
                Some(schedule) => watched.push(Watched {
                    target: target.name.clone(),
                    schedule,
                    offset: offset(&target.name, jitter),
                    routes: self.route_names(target)?,
                }),
                None if named => bail!(
                    "target `{}` has no schedule: write one into abide.toml, e.g.\n  [targets.{}]\n  schedule = \"0 */4 * * *\"",
                    target.name,
                    target.name
                ),
                None => {}
            }
        }
        if watched.is_empty() {
            bail!(
                "no target has a schedule: write one into abide.toml, e.g.\n  [drift]\n  schedule = \"0 */4 * * *\"\n  time_zone = \"Europe/Berlin\""
            );
        }
        Ok(watched)
    }

    /// Where is kept what was told.
    pub(crate) fn memory(&self, flag: Option<&PathBuf>) -> PathBuf {
        match (flag, &self.file.drift.memory) {
            (Some(path), _) => path.clone(),
            (None, Some(path)) => self.resolve(path),
            (None, None) => self.resolve(MEMORY.as_ref()),
        }
    }

    /// Whether what was missed is made up for.
    pub(crate) fn catches_up(&self) -> bool {
        self.file.drift.catch_up.unwrap_or(true)
    }

    fn schedule(&self, target: &Target) -> anyhow::Result<Option<Schedule>> {
        let drift = &self.file.drift;
        let Some(text) = target.table.schedule.as_ref().or(drift.schedule.as_ref()) else {
            return Ok(None);
        };
        let zone = target.table.time_zone.as_ref().or(drift.time_zone.as_ref());
        let parsed = Schedule::parse(text.get_ref(), zone.map(|zone| zone.get_ref().as_str()));
        parsed.map(Some).map_err(|error| {
            let is_zone = matches!(error, abide_watch::ScheduleError::Zone(_));
            let span = match zone {
                Some(zone) if is_zone => zone.span(),
                _ => text.span(),
            };
            self.error(span, format!("target `{}`: {error}", target.name))
        })
    }

    fn jitter(&self) -> anyhow::Result<Duration> {
        let Some(text) = &self.file.drift.jitter else {
            return Ok(Duration::ZERO);
        };
        duration(text.get_ref()).ok_or_else(|| {
            let message = format!(
                "drift.jitter `{}`: expected a time such as 90s or 10m",
                text.get_ref()
            );
            self.error(text.span(), message)
        })
    }
}
