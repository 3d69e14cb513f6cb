//! Says of violations what mends them: edits of their source, proven.

use abide_core::diagnostic::{Diagnostic, Level};
use abide_core::finding::Finding;
use abide_core::inventory::Inventory;
use abide_core::scan::Scan;
use abide_core::source::{LoadOptions, RedactionKey};
use abide_fix::{Target, Texts};

use crate::commands::fix;
use crate::load::{Loaded, Source};
use crate::pipeline::{Chosen, Job};
use crate::terminal;

/// Proves edits for the violations of every input whose source is at hand, `most` for each.
pub(crate) fn attach(
    chosen: &Chosen,
    scan: &mut Scan,
    loaded: &[Loaded],
    job: &Job<'_>,
    key: &RedactionKey,
    most: usize,
) {
    let options = LoadOptions {
        wanted: chosen.set.wanted().clone(),
        key: key.clone(),
    };
    for (input, loaded) in (0u32..).zip(loaded) {
        if let Some(source) = loaded.source() {
            let bar = terminal::spinner("proving fixes".to_owned());
            one(chosen, scan, input, source, job, &options, most);
            bar.finish_and_clear();
        }
    }
}

fn one(
    chosen: &Chosen,
    scan: &mut Scan,
    input: u32,
    source: &Source,
    job: &Job<'_>,
    options: &LoadOptions,
    most: usize,
) {
    let targets = targets(scan, input);
    let load = |texts: &Texts| source.reload(&job.source.root, options, texts);
    let judge = |inventory: &Inventory| fix::judge(inventory, chosen);
    let offers = match abide_fix::offers(&load, &judge, &targets, most) {
        Ok(offers) => offers,
        // It was loaded a moment ago: somebody is at work there.
        Err(error) => {
            let message = format!("no fixes are offered: {error}");
            let remark = Diagnostic::new(Level::Warning, "fixes-failed", message);
            return scan.diagnostics.push(remark);
        }
    };
    for finding in &mut scan.findings {
        if finding.input == input && finding.is_violation() {
            finding.remedy = offers.remedies.get(&target(finding)).cloned();
        }
    }
    for (name, text) in offers.sources {
        scan.sources.entry(name).or_insert(text);
    }
    if offers.left > 0 {
        let message = format!(
            "{} more findings may have a fix: `--fixes` proves {most} edits, `--fixes=N` another number; `abide fix` makes all at once",
            offers.left
        );
        scan.diagnostics
            .push(Diagnostic::new(Level::Note, "fixes-cut", message));
    }
}

/// Violations, those first that people have to deal with.
fn targets(scan: &Scan, input: u32) -> Vec<Target> {
    let here = |finding: &&Finding| finding.input == input && finding.is_violation();
    let mut findings: Vec<&Finding> = scan.findings.iter().filter(here).collect();
    findings.sort_by_key(|finding| !finding.is_new_violation());
    findings.into_iter().map(target).collect()
}

fn target(finding: &Finding) -> Target {
    let address = finding.resource_address.as_str().to_owned();
    (finding.policy, address)
}
