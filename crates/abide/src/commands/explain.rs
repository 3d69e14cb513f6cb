//! `abide explain`

use std::fmt::Write as _;
use std::path::Path;

use abide_core::engine::{self, ROOT, Shape, Trace, Tri};
use abide_core::policy::{self, PolicySet};
use abide_core::source::LoadOptions;
use abide_policy::{Policy, PolicyBody};
use anyhow::bail;

use crate::cli::{Cli, ExplainArgs, SourceArgs};
use crate::config::Config;
use crate::{output, pipeline, terminal};

pub(crate) fn run(cli: &Cli, args: &ExplainArgs) -> anyhow::Result<u8> {
    let config = Config::load(cli)?;
    let policies = pipeline::all_policies(&config, &args.policies)?;
    let mut policy = find(&policies, &args.policy)?.clone();
    policy::complete(&mut policy);
    let text = match (&args.address, &args.plan) {
        (Some(address), Some(plan)) => {
            let set = PolicySet::compile(vec![policy], &settings_for(&config, args)?)?;
            judgement(&set, plan, &config.source(&args.source)?, address)?
        }
        _ => describe(&policy),
    };
    output::print_text(&terminal::visible(&text))?;
    Ok(0)
}

/// The settings of the one policy: those of others would name unknown policies.
fn settings_for(config: &Config, args: &ExplainArgs) -> anyhow::Result<policy::PolicySettings> {
    pipeline::settings(config, &args.policies)
}

/// A policy by its id, or by its id elsewhere.
pub(crate) fn find<'p>(policies: &'p [Policy], name: &str) -> anyhow::Result<&'p Policy> {
    if let Some(policy) = policies
        .iter()
        .find(|policy| policy.id.eq_ignore_ascii_case(name))
    {
        return Ok(policy);
    }
    let known_elsewhere: Vec<&Policy> = policies
        .iter()
        .filter(|policy| {
            let lists = policy.docs.aliases.by_tool();
            let mut aliases = lists.into_iter().flat_map(|(_, aliases)| aliases);
            aliases.any(|alias| alias.eq_ignore_ascii_case(name))
        })
        .collect();
    match known_elsewhere.as_slice() {
        [only] => Ok(only),
        [] => {
            let nearest = policies
                .iter()
                .map(|policy| (strsim::damerau_levenshtein(&policy.id, name), &policy.id))
                .min();
            match nearest.filter(|(distance, _)| *distance <= 2) {
                Some((_, id)) => bail!("unknown policy `{name}`; did you mean `{id}`?"),
                None => bail!("unknown policy `{name}`; `abide policy list` shows all"),
            }
        }
        many => bail!(
            "`{name}` is several policies here: {}",
            many.iter()
                .map(|policy| policy.id.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

/// What a policy demands and why.
pub(super) fn describe(policy: &Policy) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} {}\n", policy.id, policy.title);
    let _ = writeln!(out, "severity   {}", policy.severity);
    let _ = writeln!(out, "kind       {}", policy.kind.as_str());
    let types = if policy.resource_types.is_empty() {
        &policy.related_types
    } else {
        &policy.resource_types
    };
    let _ = writeln!(out, "resources  {}", types.join(", "));
    if !policy.docs.labels.is_empty() {
        let _ = writeln!(out, "labels     {}", policy.docs.labels.join(", "));
    }
    controls(policy, &mut out);
    let _ = writeln!(out, "\nWhy\n\n{}", indent(&policy.docs.why));
    if let PolicyBody::Rules(rules) = &policy.body {
        for rule in rules {
            if let Some(remediation) = &rule.advice.remediation {
                let place = if rules.len() > 1 {
                    format!("What to do ({})", rule.resource_types.join(", "))
                } else {
                    "What to do".to_owned()
                };
                let _ = writeln!(
                    out,
                    "\n{place}\n\n{}",
                    indent(&with_defaults(policy, remediation))
                );
            }
        }
    }
    if !policy.parameters.is_empty() {
        let _ = writeln!(out, "\nParameters\n");
        for parameter in &policy.parameters {
            let _ = writeln!(
                out,
                "  {} = {}  ({})",
                parameter.name, parameter.default, parameter.description
            );
        }
    }
    for example in &policy.docs.examples {
        let _ = writeln!(
            out,
            "\nExample: {} ({})\n\n{}",
            example.name,
            example.expect.as_str(),
            indent(&example.hcl)
        );
    }
    references(policy, &mut out);
    out
}

fn controls(policy: &Policy, out: &mut String) {
    let catalogue = abide_controls::Catalogue::builtin();
    for (at, id) in policy.controls.iter().enumerate() {
        let title = catalogue
            .get(id)
            .map(|control| control.title)
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "{:10} {id} {title}",
            if at == 0 { "controls" } else { "" }
        );
    }
}

fn references(policy: &Policy, out: &mut String) {
    let lists = policy.docs.aliases.by_tool();
    let named: Vec<_> = lists.iter().filter(|(_, ids)| !ids.is_empty()).collect();
    if !named.is_empty() {
        let _ = writeln!(out, "\nElsewhere\n");
        for (tool, ids) in named {
            let _ = writeln!(out, "  {tool}: {}", ids.join(", "));
        }
    }
    if !policy.docs.references.is_empty() {
        let _ = writeln!(out, "\nRead more\n");
        for url in &policy.docs.references {
            let _ = writeln!(out, "  {url}");
        }
    }
}

fn with_defaults(policy: &Policy, text: &str) -> String {
    policy
        .parameters
        .iter()
        .fold(text.to_owned(), |text, parameter| {
            text.replace(
                &format!("{{{}}}", parameter.name),
                &parameter.default.to_string(),
            )
        })
}

fn indent(text: &str) -> String {
    text.trim_end()
        .lines()
        .map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("  {line}")
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn judgement(
    set: &PolicySet,
    plan: &Path,
    source: &SourceArgs,
    address: &str,
) -> anyhow::Result<String> {
    let options = LoadOptions {
        wanted: set.wanted().clone(),
        key: pipeline::redaction_key()?,
    };
    let loaded = pipeline::load_one(plan, source, &options)?;
    let inventory = loaded.inventory();
    let resource = match inventory.find(address) {
        Some((id, _)) => Some(id),
        None if address == ROOT => None,
        None => {
            let nearest = inventory
                .resources
                .iter()
                .map(|r| {
                    (
                        strsim::damerau_levenshtein(r.address.as_str(), address),
                        r.address.as_str(),
                    )
                })
                .min();
            match nearest.filter(|(distance, _)| *distance <= 5) {
                Some((_, near)) => bail!(
                    "{} has no `{address}`; did you mean `{near}`?",
                    plan.display()
                ),
                None => bail!("{} has no `{address}`", plan.display()),
            }
        }
    };
    let policy = &set.policies[0].policy;
    let Some((outcome, trace)) = engine::explain(inventory, set, 0, resource) else {
        bail!(
            "{} does not judge {address}: it is about {}",
            policy.id,
            policy.resource_types.join(", ")
        );
    };
    let mut out = format!(
        "{} {}\n{address}: {}\n\n",
        policy.id,
        policy.title,
        outcome.as_str()
    );
    tree(&trace, "", true, &mut out);
    Ok(out)
}

/// Prints a check tree; the parts that decide are marked.
fn tree(trace: &Trace<'_>, prefix: &str, decides: bool, out: &mut String) {
    let answer = match trace.answer {
        Tri::True => "true",
        Tri::False => "false",
        Tri::Unknown => "unknown",
    };
    let mark = if decides { "*" } else { " " };
    let _ = write!(out, "{mark} {prefix}{} = {answer}", trace.label);
    if let (Some(attribute), Shape::Leaf) = (&trace.attribute, trace.shape) {
        let _ = write!(
            out,
            "  [{attribute} is {}]",
            trace.found.as_deref().unwrap_or("not set")
        );
    }
    if !trace.waits_for.is_empty() {
        let waits_for: Vec<String> = trace.waits_for.iter().map(ToString::to_string).collect();
        let _ = write!(out, "  (waits for {})", waits_for.join(", "));
    }
    out.push('\n');
    let reasons = trace.reasons();
    for child in &trace.children {
        let child_decides = decides && reasons.iter().any(|reason| std::ptr::eq(*reason, child));
        tree(child, &format!("{prefix}  "), child_decides, out);
    }
}
