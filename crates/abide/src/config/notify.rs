//! `[notify.NAME]`: who hears of drift. Addresses and keys come from the environment.

use std::collections::BTreeSet;
use std::env;

use abide_core::drift::Class;
use abide_notify::{Email, Filter, PagerDuty, Route, RouteError, Service, Slack, Teams, Webhook};
use abide_policy::Severity;
use anyhow::{anyhow, bail};
use serde::Deserialize;
use toml::Spanned;

use super::{Config, Target, nearest};

/// A route.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotifyTable {
    /// The service.
    kind: Spanned<Kind>,
    /// The name of the variable that holds the address.
    url_env: Option<Spanned<String>>,
    /// The name of the variable that holds the signing secret or the routing key.
    secret_env: Option<Spanned<String>>,
    /// Broken policies of this severity and worse.
    severity: Option<Severity>,
    /// Classes it hears of.
    classes: Option<Vec<Spanned<String>>>,
    /// Whether it hears of targets that cannot be looked at.
    failures: Option<bool>,
    /// Who writes the mail.
    from: Option<Spanned<String>>,
    /// Who gets it.
    to: Option<Vec<String>>,
    /// Where the PagerDuty account is.
    region: Option<Spanned<Region>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Slack,
    Teams,
    Webhook,
    Email,
    PagerDuty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Region {
    Us,
    Eu,
}

impl Config {
    /// A route by its name, ready to send.
    pub(crate) fn route(&self, name: &str) -> anyhow::Result<Route> {
        let Some(table) = self.file.notify.get(name) else {
            bail!("there is no route `{name}`{}", self.routes_there_are(name));
        };
        self.check_keys(name, table)?;
        let place = |error: RouteError| {
            let message = format!("notify.{name}: {error}");
            self.error(table.kind.span(), message)
        };
        let service = match table.kind.get_ref() {
            Kind::Slack => Service::Slack(Slack::new(&self.url(name, table)?).map_err(place)?),
            Kind::Teams => Service::Teams(Teams::new(&self.url(name, table)?).map_err(place)?),
            Kind::Webhook => {
                let secret = self.secret(name, table, "the signing secret")?;
                Service::Webhook(Webhook::new(&self.url(name, table)?, &secret).map_err(place)?)
            }
            Kind::Email => {
                let from = table.from.as_ref().map_or("", |from| from.get_ref());
                let to = table.to.clone().unwrap_or_default();
                Service::Email(Email::new(&self.url(name, table)?, from, &to).map_err(place)?)
            }
            Kind::PagerDuty => {
                let url = match (&table.url_env, table.region.as_ref().map(Spanned::get_ref)) {
                    (Some(_), _) => self.url(name, table)?,
                    (None, Some(Region::Eu)) => PagerDuty::EU.to_owned(),
                    (None, Some(Region::Us) | None) => PagerDuty::US.to_owned(),
                };
                let key = self.secret(name, table, "the routing key")?;
                Service::PagerDuty(PagerDuty::new(&url, &key).map_err(place)?)
            }
        };
        Ok(Route {
            name: name.to_owned(),
            filter: self.filter(name, table)?,
            service,
        })
    }

    /// The routes of targets, each once.
    pub(crate) fn routes(&self, targets: &[Target]) -> anyhow::Result<Vec<Route>> {
        let mut names = BTreeSet::new();
        for target in targets {
            names.extend(self.route_names(target)?);
        }
        names.iter().map(|name| self.route(name)).collect()
    }

    /// The names of a target's routes: its own, else those of `[drift]`.
    pub(crate) fn route_names(&self, target: &Target) -> anyhow::Result<Vec<String>> {
        let lists = [&target.table.notify, &self.file.drift.notify];
        let Some(list) = lists.into_iter().flatten().next() else {
            return Ok(Vec::new());
        };
        let names = list.iter().map(|name| {
            let text = name.get_ref();
            match self.file.notify.contains_key(text) {
                true => Ok(text.clone()),
                false => {
                    let message =
                        format!("there is no route `{text}`{}", self.routes_there_are(text));
                    Err(self.error(name.span(), message))
                }
            }
        });
        names.collect()
    }

    fn routes_there_are(&self, name: &str) -> String {
        let known: Vec<&str> = self.file.notify.keys().map(String::as_str).collect();
        match known.as_slice() {
            [] => format!(
                ": write one into abide.toml, e.g.\n  [notify.{name}]\n  kind = \"slack\"\n  url_env = \"SLACK_WEBHOOK_URL\""
            ),
            known => format!(
                "; abide.toml has {}{}",
                known.join(", "),
                nearest(name, known.iter().copied())
            ),
        }
    }

    /// Keys that mean nothing for the service are slips.
    fn check_keys(&self, name: &str, table: &NotifyTable) -> anyhow::Result<()> {
        let kind = *table.kind.get_ref();
        let is = |kinds: &[Kind]| kinds.contains(&kind);
        let span = |key: &Option<Spanned<String>>| key.as_ref().map(Spanned::span);
        for (key, span, fits) in [
            (
                "secret_env",
                span(&table.secret_env),
                is(&[Kind::Webhook, Kind::PagerDuty]),
            ),
            ("from", span(&table.from), is(&[Kind::Email])),
            (
                "to",
                table.to.as_ref().map(|_| table.kind.span()),
                is(&[Kind::Email]),
            ),
            (
                "region",
                table.region.as_ref().map(Spanned::span),
                is(&[Kind::PagerDuty]),
            ),
        ] {
            if let (Some(span), false) = (span, fits) {
                let message = format!("notify.{name}.{key} means nothing for this kind of route");
                return Err(self.error(span, message));
            }
        }
        Ok(())
    }

    fn url(&self, name: &str, table: &NotifyTable) -> anyhow::Result<String> {
        self.variable(name, table, ("url_env", &table.url_env), "the address")
    }

    fn secret(&self, name: &str, table: &NotifyTable, what: &str) -> anyhow::Result<String> {
        self.variable(name, table, ("secret_env", &table.secret_env), what)
    }

    /// What a variable holds; its value is never part of a message.
    fn variable(
        &self,
        name: &str,
        table: &NotifyTable,
        (key, variable): (&str, &Option<Spanned<String>>),
        what: &str,
    ) -> anyhow::Result<String> {
        let Some(variable) = variable else {
            let message = format!(
                "notify.{name} needs {key}: the name of the environment variable that holds {what}"
            );
            return Err(self.error(table.kind.span(), message));
        };
        let value = env::var(variable.get_ref()).unwrap_or_default();
        match value.trim() {
            "" => {
                let message = format!(
                    "notify.{name}: the environment variable {} is not set; it is to hold {what}",
                    variable.get_ref()
                );
                Err(self.error(variable.span(), message))
            }
            _ => Ok(value),
        }
    }

    fn filter(&self, name: &str, table: &NotifyTable) -> anyhow::Result<Filter> {
        let known = || Class::ALL.into_iter().map(Class::as_str);
        let mut classes = BTreeSet::new();
        for class in table.classes.iter().flatten() {
            let text = class.get_ref();
            if !known().any(|known| known == text) {
                let message = anyhow!(
                    "notify.{name}: there is no class `{text}`: expected some of {}{}",
                    known().collect::<Vec<_>>().join(", "),
                    nearest(text, known())
                );
                return Err(self.error(class.span(), message));
            }
            classes.insert(text.clone());
        }
        if table.classes.is_none() {
            let violations = Class::ALL.into_iter().filter(|class| class.is_violation());
            classes.extend(violations.map(|class| class.as_str().to_owned()));
        }
        Ok(Filter {
            severity: table.severity.unwrap_or(Severity::Low),
            classes,
            failures: table.failures.unwrap_or(true),
        })
    }
}
