//! Listing an account, and judging what no state holds by the same engine as everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use abide_aws::unmanaged::{
    Companions, Imports, Looking, Unmanaged, beside, companions as ask, kinds, look,
};
use abide_core::finding::{Finding, Outcome};
use abide_core::policy::{CompiledPolicy, Node, PolicySet, Question};
use abide_core::scan::Scan;
use abide_rego::Asking;
use abide_report::{UnmanagedFound, UnmanagedIgnore, UnmanagedKind, UnmanagedResource, UnseenKind};
use jiff::tz::TimeZone;

use super::Work;
use super::accounts::Account;
use super::read::Reading;
use crate::{pipeline, terminal};

/// What was found in an account, as it is worked on.
pub(super) struct Found {
    pub(super) shown: UnmanagedFound,
    listed: Vec<Unmanaged>,
    /// By place: what was asked for beside it.
    companions: Vec<Companions>,
    /// By place: its place among the imports; nothing if it is ignored.
    places: BTreeMap<usize, usize>,
}

type Steps = Vec<(String, Duration)>;

/// Lists, and applies the ignore list.
pub(super) fn list(
    work: &Work<'_>,
    account: &Account<'_>,
    regions: &[String],
    steps: &mut Steps,
) -> anyhow::Result<Found> {
    let begun = Instant::now();
    let bar = terminal::spinner(format!("account {}: listing", account.id));
    let looked = look(
        &Looking {
            session: &account.session,
            account: &account.id,
            regions,
            types: &work.args.types,
            held: work.held,
            jobs: usize::from(work.args.jobs),
        },
        &|line| bar.set_message(format!("account {}: {line}", account.id)),
    );
    bar.finish_and_clear();
    let looked = looked?;
    steps.push(("list".to_owned(), begun.elapsed()));
    let mut shown = UnmanagedFound {
        own: looked.own,
        ..UnmanagedFound::default()
    };
    for (type_name, counts) in &looked.counts {
        let kind = kinds()?.iter().find(|kind| kind.name == *type_name);
        shown.kinds.push(UnmanagedKind {
            type_name: type_name.clone(),
            what: kind.map(|kind| kind.what.clone()).unwrap_or_default(),
            listed: counts.listed,
            held: counts.held,
            own: counts.own,
            children: counts.children,
        });
    }
    shown.not_looked = looked.not_looked.into_iter().map(unseen).collect();
    shown.resources = looked
        .unmanaged
        .iter()
        .map(|found| UnmanagedResource {
            type_name: found.type_name.clone(),
            id: found.id.clone(),
            region: found.region.clone(),
            address: String::new(),
            children: found.children.clone(),
            findings: Vec::new(),
            undecided: Vec::new(),
            unread: None,
            ignored: None,
        })
        .collect();
    ignore(work, &account.id, &mut shown);
    Ok(Found {
        shown,
        listed: looked.unmanaged,
        companions: Vec::new(),
        places: BTreeMap::new(),
    })
}

fn unseen(not: abide_aws::unmanaged::NotLooked) -> UnseenKind {
    UnseenKind {
        type_name: not.type_name,
        region: not.region,
        id: not.id,
        reason: not.reason.to_string(),
    }
}

/// An entry holds through its last day; one that is over is told.
fn ignore(work: &Work<'_>, account: &str, shown: &mut UnmanagedFound) {
    let today = TimeZone::UTC.to_datetime(work.at).date();
    for entry in work.ignored {
        let fits = |resource: &&mut UnmanagedResource| {
            entry.fits(account, &resource.type_name, &resource.id)
        };
        let mut fitting = shown.resources.iter_mut().filter(fits).peekable();
        if fitting.peek().is_some() && entry.expires < today {
            shown.remarks.push(format!(
                "unmanaged.ignore of {} {} ({}) ended on {}",
                entry.type_name, entry.id, entry.owner, entry.expires
            ));
            continue;
        }
        for resource in fitting {
            resource.ignored = Some(UnmanagedIgnore {
                owner: entry.owner.clone(),
                reason: entry.reason.clone(),
                expires: entry.expires.to_string(),
            });
        }
    }
}

/// Asks what is configured beside each, and names all that is to be imported.
pub(super) fn companions(
    work: &Work<'_>,
    account: &Account<'_>,
    regions: &[String],
    found: &mut Found,
    imports: &mut Imports,
) -> anyhow::Result<()> {
    let asks = work.args.evaluate || work.args.out_imports.is_some();
    let region = regions.first().map_or("us-east-1", String::as_str);
    for (place, listed) in found.listed.iter().enumerate() {
        let resource = &mut found.shown.resources[place];
        let beside = match asks && resource.ignored.is_none() {
            true => ask(&account.session, listed, region)?,
            false => Companions::default(),
        };
        if resource.ignored.is_none() {
            let at = imports.add(listed, &beside);
            resource.address = imports.all[at].address();
            found.places.insert(place, at);
        }
        let not = beside.not_looked.iter().cloned().map(unseen);
        found.shown.not_looked.extend(not);
        found.companions.push(beside);
    }
    Ok(())
}

/// Lets the provider read them, and asks the policies.
pub(super) fn judge(
    work: &Work<'_>,
    account: &Account<'_>,
    regions: &[String],
    found: &mut Found,
    imports: &Imports,
    steps: &mut Steps,
) -> anyhow::Result<()> {
    let Some(target) = account.targets.first() else {
        return Ok(());
    };
    let begun = Instant::now();
    let read = Reading {
        target,
        region: regions.first().map_or("us-east-1", String::as_str),
        path_style: account.session.has_own_s3()?,
        key: pipeline::redaction_key()?,
        cancel: work.cancel,
    }
    .all(&imports.all)?;
    steps.push(("read".to_owned(), begun.elapsed()));
    let begun = Instant::now();
    // Whose picture an import belongs to.
    let owner = |at: usize| imports.all[at].of.unwrap_or(at);
    let resource_of = |at: usize| {
        let mut places = found.places.iter();
        places
            .find(|(_, import)| **import == owner(at))
            .map(|(place, _)| *place)
    };
    let mut missing: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for (at, reason) in &read.failed {
        let Some(place) = resource_of(*at) else {
            continue;
        };
        let import = &imports.all[*at];
        missing.entry(place).or_default().insert(&import.type_name);
        let text = format!("{}: {reason}", import.address());
        found.shown.resources[place].unread.get_or_insert(text);
    }
    for (place, beside) in found.companions.iter().enumerate() {
        let failed = beside.not_looked.iter().map(|not| not.type_name.as_str());
        missing.entry(place).or_default().extend(failed);
    }
    let by_address: BTreeMap<String, usize> = imports
        .all
        .iter()
        .enumerate()
        .filter_map(|(at, import)| Some((import.address(), resource_of(at)?)))
        .collect();
    let unjudged: BTreeSet<&str> = kinds()?
        .iter()
        .filter(|kind| kind.unjudged)
        .map(|kind| kind.name.as_str())
        .collect();
    for finding in findings(work, &read.inventories) {
        if unjudged.contains(&*finding.resource_type) {
            continue;
        }
        let Some(place) = by_address.get(finding.resource_address.as_str()) else {
            continue;
        };
        let policy = work.chosen.set.policies.get(finding.policy as usize);
        let type_name = &found.shown.resources[*place].type_name;
        let mut known: BTreeSet<&str> = beside(type_name)?.into_iter().collect();
        known.insert(type_name);
        for name in missing.get(place).into_iter().flatten() {
            known.remove(name);
        }
        let is_known = policy.is_some_and(|policy| {
            reads(&work.chosen.set, policy, finding.policy, &finding).is_subset(&known)
        });
        let resource = &mut found.shown.resources[*place];
        match (finding.outcome, is_known) {
            (Outcome::Fail, true) => resource.findings.push(finding),
            (Outcome::Fail | Outcome::Unknown | Outcome::Error, _) => {
                let id = policy.map(|policy| policy.policy.id.clone());
                resource.undecided.extend(id);
            }
            _ => {}
        }
    }
    for resource in &mut found.shown.resources {
        resource.undecided.sort();
        resource.undecided.dedup();
    }
    steps.push(("judge".to_owned(), begun.elapsed()));
    Ok(())
}

/// All findings, exceptions applied.
fn findings(work: &Work<'_>, inventories: &[abide_core::inventory::Inventory]) -> Vec<Finding> {
    let mut prints = Vec::new();
    let parts = (0u32..).zip(inventories).map(|(input, inventory)| {
        let asking = Asking {
            input,
            all_results: work.standing.needs_passes(),
        };
        let found = pipeline::evaluate(work.chosen, inventory, None, asking, &mut prints);
        (inventory, found)
    });
    let mut scan = Scan::assemble(
        work.at,
        env!("CARGO_PKG_VERSION"),
        &work.chosen.set,
        parts.collect(),
    );
    pipeline::except(work.chosen, &mut scan, work.standing);
    scan.findings
}

/// The types of other resources that a policy asks for when it judges this one.
fn reads<'p>(
    set: &'p PolicySet,
    policy: &'p CompiledPolicy,
    index: u32,
    finding: &Finding,
) -> BTreeSet<&'p str> {
    let mut types = BTreeSet::new();
    let rules = set.rules_for(&finding.resource_type).iter();
    for (_, rule) in rules.filter(|(at, _)| *at == index) {
        if let Some(rule) = policy.rules.get(*rule as usize) {
            let nodes = rule.when.iter().chain([&rule.check]);
            nodes.for_each(|node| asked(node, &mut types));
        }
    }
    types
}

fn asked<'p>(node: &'p Node, types: &mut BTreeSet<&'p str>) {
    match &node.question {
        Question::All(nodes) | Question::Any(nodes) => {
            nodes.iter().for_each(|node| asked(node, types));
        }
        Question::Not(node) => asked(node, types),
        Question::Linked {
            types: named,
            matches,
            ..
        }
        | Question::Exists {
            types: named,
            matches,
            ..
        } => {
            types.extend(named.iter().map(String::as_str));
            matches.iter().for_each(|node| asked(node, types));
        }
        Question::Quantified {
            filter, matches, ..
        } => {
            let nodes = filter.iter().chain(matches);
            nodes.for_each(|node| asked(node, types));
        }
        Question::Follow { matches, .. } => {
            matches.iter().for_each(|node| asked(node, types));
        }
        Question::Statements { matches, .. } | Question::Json { matches, .. } => {
            asked(matches, types);
        }
        _ => {}
    }
}
