//! Whether everything was scanned that was to be.

use crate::document::{Block, Cell, ColumnKind, NoticeKind, Section, Table};
use crate::model::AuditReport;

use super::{list, maybe, maybe_code, maybe_time, notice, number, page, paragraph, table};

pub(super) fn section(report: &AuditReport) -> Section {
    let hours = report.cover.max_gap_hours;
    let mut blocks = vec![paragraph(&format!(
        "Due scans are those that were announced to the store. A result stands until the next whole scan, at most {hours} hours. \
         A partial scan has no results; scans of pull requests judge proposals and are counted apart."
    ))];
    if report
        .completeness
        .iter()
        .all(|target| target.slots.due == 0)
    {
        blocks.push(notice(
            NoticeKind::Note,
            "No scan was announced as due in the period: that scans were made is shown by the gaps alone.",
        ));
    }
    blocks.extend([
        Block::Table(targets(report)),
        Block::Table(gaps(report)),
        Block::Table(missed(report)),
        Block::Table(partial(report)),
        Block::Table(unchecked(report)),
    ]);
    page("completeness", "Completeness", blocks)
}

fn targets(report: &AuditReport) -> Table {
    let rows = report.completeness.iter().map(|target| {
        let slots = target.slots;
        let mut row = vec![Cell::Text(target.name.clone()), list(&target.kinds)];
        row.extend(
            [
                slots.due,
                slots.ran,
                slots.failed,
                slots.missed,
                slots.unanswered,
            ]
            .map(number),
        );
        row.extend([target.complete, target.partial, target.proposals].map(number));
        row.extend([
            maybe_time(target.first_ever),
            maybe_time(target.first),
            maybe_time(target.last),
            Cell::Days(target.largest_gap),
            number(target.resources),
            number(target.evaluated),
        ]);
        row
    });
    table(
        "targets",
        "Targets in scope: due and made scans, the longest time between whole ones, resources",
        &[
            ("target", "Target", ColumnKind::Text),
            ("kinds", "Scanned as", ColumnKind::Word),
            ("due", "Due", ColumnKind::Number),
            ("ran", "Ran", ColumnKind::Number),
            ("failed", "Failed", ColumnKind::Number),
            ("missed", "Missed", ColumnKind::Number),
            ("unanswered", "Unanswered", ColumnKind::Number),
            ("whole", "Whole scans", ColumnKind::Number),
            ("partial", "Partial scans", ColumnKind::Number),
            ("pull_requests", "Of pull requests", ColumnKind::Number),
            ("first_ever", "First ever", ColumnKind::Time),
            ("first", "First", ColumnKind::Time),
            ("last", "Last", ColumnKind::Time),
            ("largest_gap", "Largest gap", ColumnKind::Number),
            ("resources", "Resources in the last", ColumnKind::Number),
            ("evaluated", "Of these evaluated", ColumnKind::Number),
        ],
        rows.collect(),
        "Nothing was ever recorded.",
    )
}

fn gaps(report: &AuditReport) -> Table {
    let rows = report.completeness.iter().flat_map(|target| {
        let gaps = target.gaps.iter();
        gaps.map(|gap| {
            vec![
                Cell::Text(target.name.clone()),
                Cell::Time(gap.from.0),
                Cell::Time(gap.to.0),
                Cell::Days(gap.to.0 - gap.from.0),
            ]
        })
    });
    table(
        "gaps",
        "Times without a whole scan that are longer than a result stands",
        &[
            ("target", "Target", ColumnKind::Text),
            ("from", "From", ColumnKind::Time),
            ("to", "To", ColumnKind::Time),
            ("days", "Length", ColumnKind::Number),
        ],
        rows.collect(),
        "There is none.",
    )
}

fn missed(report: &AuditReport) -> Table {
    let rows = report.completeness.iter().flat_map(|target| {
        let missed = target.missed.iter();
        missed.map(|slot| {
            vec![
                Cell::Text(target.name.clone()),
                Cell::Time(slot.due.0),
                Cell::Text(slot.state.clone()),
                maybe(slot.reason.as_ref()),
            ]
        })
    });
    table(
        "missed-scans",
        "Due scans that failed, were missed or got no answer",
        &[
            ("target", "Target", ColumnKind::Text),
            ("due", "Due", ColumnKind::Time),
            ("state", "State", ColumnKind::Word),
            ("reason", "Reason", ColumnKind::Text),
        ],
        rows.collect(),
        "Every due scan ran.",
    )
}

fn partial(report: &AuditReport) -> Table {
    let rows = report.completeness.iter().flat_map(|target| {
        let scans = target.partial_scans.iter();
        scans.map(|scan| {
            vec![
                Cell::Text(target.name.clone()),
                Cell::Integer(scan.scan),
                Cell::Time(scan.at.0),
                maybe_code(scan.commit.as_ref()),
                number(scan.errors),
                maybe_time(scan.answered),
            ]
        })
    });
    table(
        "partial-scans",
        "Scans that could not judge everything; they count as no scan",
        &[
            ("target", "Target", ColumnKind::Text),
            ("scan", "Scan", ColumnKind::Number),
            ("at", "Made", ColumnKind::Time),
            ("commit", "Commit", ColumnKind::Code),
            ("errors", "Errors", ColumnKind::Number),
            ("answered", "Next whole scan in time", ColumnKind::Time),
        ],
        rows.collect(),
        "Every scan was whole.",
    )
}

fn unchecked(report: &AuditReport) -> Table {
    let rows = report.completeness.iter().flat_map(|target| {
        let types = target.unchecked_types.iter();
        types.map(|(name, count)| {
            vec![
                Cell::Text(target.name.clone()),
                Cell::Code(name.clone()),
                number(*count),
            ]
        })
    });
    table(
        "unchecked-types",
        "Types of resources in the last scan that no policy knows",
        &[
            ("target", "Target", ColumnKind::Text),
            ("type", "Type", ColumnKind::Code),
            ("resources", "Resources", ColumnKind::Number),
        ],
        rows.collect(),
        "A policy knows every type.",
    )
}
