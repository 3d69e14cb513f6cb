//! `abide exception import`: what other tools are told to pass over, as exceptions to approve.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use abide_core::diagnostic::{Level, Place};
use abide_core::scan::Scan;
use abide_core::source::LoadOptions;
use abide_hcl::is_native_source;
use anyhow::{Context, bail};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::skip::{Found, Skip};
use super::sources::{Tree, shown};
use super::write::{self, Entry};
use super::{comments, files};
use crate::cli::{Cli, ImportArgs, SourceArgs};
use crate::config::Config;
use crate::pipeline::{self, Chosen, Job, Standing, Timings};
use crate::{output, terminal};

pub(crate) fn run(cli: &Cli, args: &ImportArgs) -> anyhow::Result<u8> {
    if let Some(path) = args.output.as_ref().filter(|path| has_entries(path)) {
        bail!(
            "{} is there already, perhaps with approved exceptions: name a new file and copy what is wanted",
            path.display()
        );
    }
    let config = Config::load(cli)?;
    let chosen = pipeline::choose(&config, &args.policy)?;
    let mut found = Found::default();
    let source = config.source(&args.source)?;
    let roots = read(&chosen, args, &source, &mut found)?;
    let job = Job {
        inputs: &roots,
        source: &source,
        standing: Standing::excepted(&config, None)?,
        all_results: false,
        fixes: None,
        now: args.now,
    };
    let scan = pipeline::scan(&chosen, &job, &mut Timings::default())?;
    let entries = entries(&chosen, &scan, &mut found);
    let text = write::file(&entries);
    match &args.output {
        Some(path) => output::write_text(&text, path)?,
        None => output::print_text(&text)?,
    }
    report(&scan, found, entries.len())?;
    Ok(0)
}

/// Whether something would be lost. An empty list, as `abide init` writes it, is nothing.
fn has_entries(path: &Path) -> bool {
    let is_nothing = |line: &str| line.is_empty() || line == "[]" || line.starts_with('#');
    let text = fs::read_to_string(path);
    path.exists() && !text.is_ok_and(|text| text.lines().all(|line| is_nothing(line.trim())))
}

/// Reads all files; gives the root modules they are about.
fn read(
    chosen: &Chosen,
    args: &ImportArgs,
    source: &SourceArgs,
    found: &mut Found,
) -> anyhow::Result<Vec<PathBuf>> {
    let options = LoadOptions {
        wanted: chosen.set.wanted().clone(),
        key: pipeline::redaction_key()?,
    };
    let mut roots = BTreeSet::new();
    let mut all = BTreeSet::new();
    for path in &args.paths {
        fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
        let dir = match path.parent() {
            _ if path.is_dir() => path.as_path(),
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let tree = Tree::of(dir)?;
        roots.extend(tree.roots(source, &options));
        match path.is_dir() {
            true => all.extend(tree.files),
            false => {
                all.insert(path.clone());
            }
        }
    }
    if roots.is_empty() {
        bail!(
            "there is no Terraform source here: exceptions are for resources, so name the directory that holds them"
        );
    }
    for path in &all {
        read_file(path, found)?;
    }
    Ok(roots.into_iter().collect())
}

fn read_file(path: &Path, found: &mut Found) -> anyhow::Result<()> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let file = shown(dir, path);
    match files::reader(&name) {
        Some(read) => read(&file, &text, found),
        None if is_native_source(&name) => comments::read(&file, &text, found),
        None => bail!(
            "{} is no file this reads: expected .tf, .trivyignore, .trivyignore.yaml, .checkov.baseline or .snyk",
            path.display()
        ),
    }
    Ok(())
}

/// The exceptions for what really fails where something is passed over.
fn entries(chosen: &Chosen, scan: &Scan, found: &mut Found) -> Vec<Entry> {
    let today = TimeZone::UTC.to_datetime(scan.at).date();
    let mut out: BTreeMap<(String, String), Entry> = BTreeMap::new();
    for skip in std::mem::take(&mut found.skips) {
        if let Err(why) = add(chosen, scan, &skip, today, &mut out) {
            found.problem(&skip.place, format!("{}: {why}", skip.rule));
        }
    }
    out.into_values().collect()
}

fn add(
    chosen: &Chosen,
    scan: &Scan,
    skip: &Skip,
    today: Date,
    out: &mut BTreeMap<(String, String), Entry>,
) -> Result<(), String> {
    let policies = chosen.names.find(&skip.rule);
    if policies.is_empty() {
        return Err("no policy has this id or alias".to_owned());
    }
    if let Some(day) = skip.expires.filter(|day| *day < today) {
        return Err(format!("it held until {day} and is over"));
    }
    let mut needed = false;
    for finding in &scan.findings {
        let policy = &scan.policy_of(finding).id;
        if !policies.contains(policy) || !skip.target.covers(finding) {
            continue;
        }
        needed = true;
        if finding.exception.is_some() {
            continue;
        }
        let resource = finding.resource_address.as_str().to_owned();
        out.entry((policy.clone(), resource.clone()))
            .or_insert_with(|| Entry {
                id: format!("IMPORT-{}", finding.fingerprint),
                policy: policy.clone(),
                resource,
                reason: skip.reason.clone(),
                expires: skip.expires,
                rule: skip.rule.clone(),
                place: skip.place.clone(),
            });
    }
    match needed {
        true => Ok(()),
        false => Err(format!(
            "nothing there fails {}: no exception is needed",
            policies.join(" or ")
        )),
    }
}

fn report(scan: &Scan, mut found: Found, written: usize) -> anyhow::Result<()> {
    let errors = scan.diagnostics.iter().filter(|d| d.level == Level::Error);
    let mut lines: Vec<String> = errors.map(ToString::to_string).collect();
    found.problems.sort();
    found.problems.dedup();
    let said = |(place, why): &(Place, String)| {
        format!("{}:{}: not imported: {why}", place.file, place.line)
    };
    lines.extend(found.problems.iter().map(said));
    lines.push(format!(
        "exceptions to be approved: {written}; not imported: {}",
        found.problems.len()
    ));
    terminal::say(&lines)?;
    Ok(())
}
