//! `[exceptions]`: the rules exceptions are held to, and where their file is.
//!
//! Limits can be made narrower, not wider.

use std::path::{Path, PathBuf};

use abide_core::exception::Rules;
use abide_policy::Severity;
use toml::Spanned;

use super::Config;
use super::file::SeverityTable;

/// Where exceptions are if nothing says otherwise.
const USUAL: &str = ".abide/exceptions.yaml";

impl SeverityTable {
    pub(super) fn get(&self, severity: Severity) -> &Option<Spanned<i64>> {
        match severity {
            Severity::Critical => &self.critical,
            Severity::High => &self.high,
            Severity::Medium => &self.medium,
            Severity::Low => &self.low,
        }
    }
}

impl Config {
    /// The rules.
    pub(crate) fn rules(&self) -> anyhow::Result<Rules> {
        let table = &self.file.exceptions;
        let mut rules = Rules {
            allow_unapproved: table.allow_unapproved == Some(true),
            require_requester: table.require_requester == Some(true),
            approvers: table.approvers.clone().unwrap_or_default(),
            ..Rules::default()
        };
        for severity in Severity::ALL {
            let days = rules.max_days.get_mut(severity);
            let name = format!("max_days.{severity}");
            self.number(
                &name,
                table.max_days.get(severity),
                1,
                i64::from(*days),
                days,
            )?;
            let needed = rules.approvals.get_mut(severity);
            let name = format!("approvals.{severity}");
            let fewest = i64::try_from(*needed).unwrap_or(1);
            self.number(&name, table.approvals.get(severity), fewest, 9, needed)?;
        }
        self.number("renewals", &table.renewals, 0, 2, &mut rules.renewals)?;
        let hours = &mut rules.break_glass_hours;
        self.number(
            "break_glass_hours",
            &table.break_glass_hours,
            1,
            i64::from(*hours),
            hours,
        )?;
        self.number("warn_days", &table.warn_days, 0, 180, &mut rules.warn_days)?;
        Ok(rules)
    }

    /// Takes a setting that is within its bounds.
    fn number<T: TryFrom<i64>>(
        &self,
        name: &str,
        value: &Option<Spanned<i64>>,
        least: i64,
        most: i64,
        slot: &mut T,
    ) -> anyhow::Result<()> {
        let Some(value) = value else {
            return Ok(());
        };
        let number = *value.get_ref();
        match T::try_from(number) {
            Ok(taken) if (least..=most).contains(&number) => *slot = taken,
            _ => {
                let message = format!(
                    "exceptions.{name}: expected a number from {least} to {most}, found {number}: the rules can be made stricter, not weaker"
                );
                return Err(self.error(value.span(), message));
            }
        }
        Ok(())
    }

    /// The file of exceptions the configuration names.
    pub(crate) fn exceptions_file(&self) -> Option<PathBuf> {
        let file = self.file.exceptions.file.as_ref();
        file.map(|path| self.resolve(path))
    }

    /// Where it is if nothing names it; nowhere with `--no-config`.
    pub(crate) fn usual_exceptions_file(&self) -> Option<PathBuf> {
        (!self.is_off).then(|| self.resolve(Path::new(USUAL)))
    }
}
