//! `abide policy list`

use std::collections::BTreeSet;

use abide_core::policy::{PolicySettings, services};
use abide_core::rollout::Stage;
use abide_policy::{Policy, PolicyKind, Profile};
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::{Cli, ListArgs, ListFormat};
use crate::config::Config;
use crate::{output, pipeline, terminal};

/// A policy in the list's JSON; the contract is in `docs/json.md`.
#[derive(Serialize)]
struct Row<'p> {
    id: &'p str,
    title: &'p str,
    severity: abide_policy::Severity,
    kind: PolicyKind,
    profile: Profile,
    enabled: bool,
    rollout: Stage,
    rollout_steps: Vec<RolloutStep>,
    services: BTreeSet<&'p str>,
    resource_types: &'p [String],
    controls: Vec<String>,
    labels: &'p [String],
    parameters: serde_json::Map<String, serde_json::Value>,
    aliases: &'p abide_policy::Aliases,
}

/// A step of a rollout.
#[derive(Serialize)]
struct RolloutStep {
    from: String,
    mode: Stage,
}

pub(crate) fn run(cli: &Cli, args: &ListArgs) -> anyhow::Result<u8> {
    let config = Config::load(cli)?;
    let settings = pipeline::settings(&config, &args.policy)?;
    let all = pipeline::all_policies(&config, &args.policy)?;
    let chosen = pipeline::select(&config, &args.policy, all.clone(), &settings)?;
    let on: BTreeSet<String> = chosen.iter().map(|policy| policy.id.clone()).collect();
    // JSON lists everything and says what is on; the table lists what is on.
    let everything = args.all || args.format == ListFormat::Json;
    let mut listed =
        if everything && args.policy.select.is_empty() && args.policy.framework.is_empty() {
            all
        } else {
            chosen
        };
    listed.sort_by(|a, b| a.id.cmp(&b.id));
    for policy in &mut listed {
        if let Some(severity) = settings.severity.get(&policy.id) {
            policy.severity = *severity;
        }
    }
    let now = args.now.unwrap_or_else(Timestamp::now);
    let text = match args.format {
        ListFormat::Json => serde_json::to_string_pretty(
            &listed
                .iter()
                .map(|policy| row(policy, &on, &settings, now))
                .collect::<Vec<_>>(),
        )?,
        ListFormat::Human => table(&listed, &on),
    };
    output::print_text(&terminal::visible(&text))?;
    Ok(0)
}

fn row<'p>(
    policy: &'p Policy,
    on: &BTreeSet<String>,
    settings: &PolicySettings,
    now: Timestamp,
) -> Row<'p> {
    let rollout = settings.rollout_of(&policy.id);
    let steps = rollout.steps().iter().map(|step| RolloutStep {
        from: step.from.to_string(),
        mode: step.mode,
    });
    Row {
        id: &policy.id,
        title: &policy.title,
        severity: policy.severity,
        kind: policy.kind,
        profile: policy.profile,
        enabled: on.contains(&policy.id),
        rollout: rollout.at(now),
        rollout_steps: steps.collect(),
        services: services(policy),
        resource_types: &policy.resource_types,
        controls: policy.controls.iter().map(ToString::to_string).collect(),
        labels: &policy.docs.labels,
        parameters: policy
            .parameters
            .iter()
            .map(|parameter| (parameter.name.clone(), parameter.default.to_string().into()))
            .collect(),
        aliases: &policy.docs.aliases,
    }
}

fn table(policies: &[Policy], on: &BTreeSet<String>) -> String {
    let wide = |get: fn(&Policy) -> usize| policies.iter().map(get).max().unwrap_or(0);
    let (ids, severities) = (wide(|p| p.id.len()), wide(|p| p.severity.as_str().len()));
    let mut text = String::new();
    for policy in policies {
        let off = if on.contains(&policy.id) {
            ""
        } else {
            " (off)"
        };
        let service = services(policy).into_iter().collect::<Vec<_>>().join(",");
        text.push_str(&format!(
            "{:ids$}  {:severities$}  {service:14}  {}{off}\n",
            policy.id, policy.severity, policy.title
        ));
    }
    text.push_str(&format!("\n{} policies\n", policies.len()));
    text
}
