//! Findings in a report's format, with a proven edit for each that has one.

use abide_core::finding::Finding;
use abide_core::gate::{Gate, OnUnknown};
use abide_core::remedy::Remedy;
use abide_policy::Severity;
use abide_report::{Format, Report, ReportOptions};
use anyhow::bail;

use crate::cli::{FixArgs, SourceArgs};
use crate::pipeline::{self, Chosen, Job, Standing, Timings};
use crate::{ci, output};

pub(super) fn print(args: &FixArgs, chosen: &Chosen, format: Format) -> anyhow::Result<u8> {
    if args.write {
        bail!(
            "`--write` goes with `--format human` or `json`: a report of edits is of the files as they are"
        );
    }
    let source = SourceArgs {
        source: args.plan.as_ref().map(|_| args.dir().to_owned()),
        root: args.root.clone(),
        ..SourceArgs::default()
    };
    let input = args.plan.as_deref().unwrap_or(args.dir()).to_owned();
    let job = Job {
        inputs: &[input],
        source: &source,
        standing: Standing::default(),
        all_results: false,
        fixes: Some(usize::MAX),
        now: None,
    };
    let scan = pipeline::scan(chosen, &job, &mut Timings::default())?;
    let gate = Gate {
        fail_on: Some(Severity::Low),
        on_unknown: OnUnknown::Ignore,
        allow_empty: true,
    };
    let verdict = gate.judge(&scan);
    let options = ReportOptions {
        gate,
        permalink_base: ci::permalink_base(&ci::variable),
        ..ReportOptions::default()
    };
    output::print(format, &Report::new(&scan, verdict, options))?;
    let has_fix = |finding: &Finding| finding.remedy.as_ref().and_then(Remedy::fix).is_some();
    Ok(match (scan.violations().all(has_fix), scan.is_complete()) {
        (false, _) => 1,
        (true, false) => 2,
        (true, true) => 0,
    })
}
