//! `abide report`

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use abide_audit::Request;
use abide_audit::formats::{Format, render};
use abide_audit::model::AuditReport;
use abide_audit::pack::{Draw, Files, add_manifest, samples};
use abide_store::{AuditData, Store};
use anyhow::{Context, bail};
use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::cli::ReportArgs;
use crate::{output, recording};

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<u8> {
    let (from, to) = period(args)?;
    let request = Request {
        framework: args.framework,
        tenant: args.period.store.tenant.clone(),
        targets: args.period.target.clone(),
        from: from.as_millisecond(),
        to: to.as_millisecond(),
        as_of: args.at.map(Timestamp::as_millisecond),
        max_gap_days: args.period.max_gap,
    };
    let mut store = recording::open_existing(&args.period.store)?;
    let (report, data) = AuditReport::read(&mut store, &request)?;
    match &args.pack {
        Some(folder) => pack(args, &mut store, &report, &data, &request, folder)?,
        None => write(args, &report)?,
    }
    Ok(0)
}

/// The period that was asked for, else the last full quarter before now, or before `--at`.
fn period(args: &ReportArgs) -> anyhow::Result<(Timestamp, Timestamp)> {
    let now = Timestamp::now();
    let (Some(from), Some(to)) = (args.period.from, args.period.to) else {
        return last_quarter(args.at.unwrap_or(now));
    };
    checked(from, to, now)
}

/// A period must have a length and be over.
pub(super) fn checked(
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
) -> anyhow::Result<(Timestamp, Timestamp)> {
    if from >= to {
        bail!("the period is empty: --from {from} is not before --to {to}");
    }
    if to > now {
        bail!("the period is not over yet: --to {to} lies after now, {now}; choose an earlier end");
    }
    Ok((from, to))
}

fn last_quarter(at: Timestamp) -> anyhow::Result<(Timestamp, Timestamp)> {
    let day = TimeZone::UTC.to_datetime(at).date();
    let end = date(day.year(), (day.month() - 1) / 3 * 3 + 1, 1);
    let begin = end.checked_sub(3.months())?;
    let midnight = |day: jiff::civil::Date| {
        let start = day.to_zoned_datetime(TimeZone::UTC)?;
        Ok::<_, jiff::Error>(start.timestamp())
    };
    Ok((midnight(begin)?, midnight(end)?))
}

fn write(args: &ReportArgs, report: &AuditReport) -> anyhow::Result<()> {
    let bytes = render(report, args.format)?;
    match &args.output {
        Some(path) => output::write_bytes(&bytes, path),
        None if !args.format.is_text() && io::stdout().is_terminal() => {
            bail!("{} is not for a terminal: add --output FILE", args.format)
        }
        None => Ok(io::stdout().lock().write_all(&bytes)?),
    }
}

fn pack(
    args: &ReportArgs,
    store: &mut Store,
    report: &AuditReport,
    data: &AuditData,
    request: &Request,
    folder: &Path,
) -> anyhow::Result<()> {
    if folder.exists() {
        bail!("{} exists already: name a new folder", folder.display());
    }
    let draw = Draw {
        seed: args.sample_seed.clone().unwrap_or_default(),
        size: match args.sample_seed {
            Some(_) => usize::try_from(args.sample_size)?,
            None => 0,
        },
    };
    let mut files: Files = samples(store, data, request, &draw)?;
    for format in Format::ALL {
        files.insert(format.file().to_owned(), render(report, format)?);
    }
    add_manifest(&mut files);
    for (name, bytes) in &files {
        let path = folder.join(name);
        let context = || format!("cannot write {}", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(context)?;
        }
        fs::write(&path, bytes).with_context(context)?;
    }
    output::print_text(&format!(
        "wrote {0}; check it with `python3 {0}/verify.py`",
        folder.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quarter_before() {
        let of = |at: &str| {
            let (from, to) = last_quarter(at.parse().unwrap()).unwrap();
            (from.to_string(), to.to_string())
        };
        let quarter =
            |from: &str, to: &str| (format!("{from}T00:00:00Z"), format!("{to}T00:00:00Z"));
        assert_eq!(
            of("2026-02-10T12:00:00Z"),
            quarter("2025-10-01", "2026-01-01")
        );
        assert_eq!(
            of("2026-04-01T00:00:00Z"),
            quarter("2026-01-01", "2026-04-01")
        );
        assert_eq!(
            of("2026-12-31T23:59:59Z"),
            quarter("2026-07-01", "2026-10-01")
        );
    }
}
