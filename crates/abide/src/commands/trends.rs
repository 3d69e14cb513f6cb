//! `abide trends`

use std::fmt::Write as _;

use abide_audit::DAY;
use abide_audit::trends::{Trends, TrendsRequest};
use jiff::Timestamp;

use crate::cli::{TrendsArgs, TrendsFormat};
use crate::{output, recording, terminal};

/// 26 weeks.
const DEFAULT_LENGTH: i64 = 26 * 7 * DAY;

pub(crate) fn run(args: &TrendsArgs) -> anyhow::Result<u8> {
    let mut store = recording::open_existing(&args.period.store)?;
    let tenant = args.period.store.tenant.clone();
    let (from, to) = match (args.period.from, args.period.to) {
        (Some(from), Some(to)) => {
            let (from, to) = super::report::checked(from, to, Timestamp::now())?;
            (from.as_millisecond(), to.as_millisecond())
        }
        _ => {
            let to = store.last_recorded(&tenant)? + 1;
            (to - DEFAULT_LENGTH, to)
        }
    };
    let request = TrendsRequest {
        tenant,
        targets: args.period.target.clone(),
        from,
        to,
        max_gap_days: args.period.max_gap,
    };
    let trends = Trends::read(&mut store, &request)?;
    let text = match args.format {
        TrendsFormat::Human => human(&trends),
        TrendsFormat::Json => format!("{}\n", serde_json::to_string_pretty(&trends)?),
        TrendsFormat::Prometheus => trends.prometheus(),
    };
    match &args.output {
        Some(path) => output::write_text(&text, path)?,
        None => output::print_text(&text)?,
    }
    Ok(0)
}

/// Writing to a string cannot fail.
fn human(trends: &Trends) -> String {
    let mut out = format!("{} to {}\n\n", trends.from, trends.to);
    out.push_str("Time to fix     fixed     median       90 %\n");
    for one in &trends.time_to_fix {
        let _ = writeln!(
            out,
            "  {:<10} {:>8} {:>10} {:>10}",
            one.severity.as_str(),
            one.fixed,
            duration(one.median_ms),
            duration(one.p90_ms)
        );
    }
    let requests = &trends.pull_requests;
    let _ = writeln!(
        out,
        "\nPull requests brought {} violations; {} ({}) were fixed in the same one, median {}",
        requests.brought,
        requests.fixed_in_same,
        share(requests.fixed_in_same, requests.brought),
        duration(requests.median_ms)
    );
    out.push_str("\nOpen by age        7 d    30 d    90 d   older\n");
    for one in &trends.open {
        let _ = write!(out, "  {:<10}", one.severity.as_str());
        for (_, count) in one.ages() {
            let _ = write!(out, " {count:>7}");
        }
        out.push('\n');
    }
    out.push_str("\nWeek of         opened   fixed   ended otherwise\n");
    for week in &trends.weeks {
        let _ = writeln!(
            out,
            "  {:<12} {:>7} {:>7} {:>7}",
            week.from, week.opened, week.fixed, week.ended
        );
    }
    let exceptions = &trends.exceptions;
    let _ = writeln!(
        out,
        "\nExceptions in force: {}, of which {} end within 14 days; {} covered something in the period",
        exceptions.in_force.len(),
        exceptions.expiring.len(),
        exceptions.in_period
    );
    out.push_str("\nCoverage\n");
    for one in &trends.coverage {
        let last = one.last.map_or_else(
            || "no whole scan in the period".to_owned(),
            |at| at.to_string(),
        );
        let _ = writeln!(
            out,
            "  {}: {} of {} resources evaluated, {} types that no policy knows, {last}",
            terminal::visible(&one.target),
            one.evaluated,
            one.resources,
            one.unchecked_types
        );
    }
    out
}

fn duration(ms: Option<i64>) -> String {
    let Some(ms) = ms else {
        return "-".to_owned();
    };
    match ms / 60_000 {
        minutes if minutes < 60 => format!("{minutes} min"),
        minutes if minutes < 48 * 60 => format!("{} h", minutes / 60),
        minutes => format!("{} d", minutes / (24 * 60)),
    }
}

fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_owned(),
        whole => format!("{} %", part * 100 / whole),
    }
}
