//! How well the control worked, how long things are kept, and who worked it.

use crate::document::{Block, Cell, ColumnKind, Fact, Section};
use crate::model::AuditReport;

use super::{drift, list, maybe, maybe_time, number, page, paragraph, table};

pub(super) fn health(report: &AuditReport) -> Section {
    let health = &report.health;
    let named = |id: &str, caption: &str, counts: &[(String, u64)], empty: &str| {
        let rows = counts.iter();
        let rows = rows.map(|(policy, count)| vec![Cell::Code(policy.clone()), number(*count)]);
        Block::Table(table(
            id,
            caption,
            &[
                ("policy", "Policy", ColumnKind::Code),
                ("evaluations", "Evaluations", ColumnKind::Number),
            ],
            rows.collect(),
            empty,
        ))
    };
    let late = health.late.iter().map(|scan| {
        vec![
            Cell::Text(scan.target.clone()),
            Cell::Integer(scan.scan),
            Cell::Time(scan.at.0),
            Cell::Time(scan.recorded_at.0),
            Cell::Days(scan.recorded_at.0 - scan.at.0),
        ]
    });
    let tools = health.tools.iter().map(|tool| {
        vec![
            Cell::Text(tool.version.clone()),
            Cell::Time(tool.from.0),
            Cell::Time(tool.to.0),
            number(tool.scans),
        ]
    });
    let blocks = vec![
        Block::Facts(vec![
            Fact::new("Scans, whole or not", number(health.scans)),
            Fact::new("Scans without results", number(health.partial)),
        ]),
        named(
            "errors",
            "Policies with evaluations that failed",
            &health.errored,
            "No evaluation failed.",
        ),
        named(
            "unknowns",
            "Policies with evaluations that could not tell",
            &health.unknown,
            "Every evaluation could tell.",
        ),
        Block::Table(table(
            "late-records",
            "Scans recorded more than an hour after they were made",
            &[
                ("target", "Target", ColumnKind::Text),
                ("scan", "Scan", ColumnKind::Number),
                ("at", "Made", ColumnKind::Time),
                ("recorded_at", "Recorded", ColumnKind::Time),
                ("delay", "Delay", ColumnKind::Number),
            ],
            late.collect(),
            "None.",
        )),
        Block::Table(table(
            "tools",
            "Versions of the program",
            &[
                ("version", "Version", ColumnKind::Text),
                ("from", "First scan", ColumnKind::Time),
                ("to", "Last scan", ColumnKind::Time),
                ("scans", "Scans", ColumnKind::Number),
            ],
            tools.collect(),
            "No scan was made.",
        )),
        paragraph(
            "Whether alerts were delivered and how long it took to restore a failed scanner is not recorded.",
        ),
    ];
    page("health", "Health of the control", blocks)
}

pub(super) fn retention(report: &AuditReport) -> Section {
    let retention = &report.retention;
    let blocks = vec![
        Block::Facts(vec![
            Fact::new("Oldest scan of the targets", maybe_time(retention.oldest)),
            Fact::new("Scans of the targets, ever", Cell::Integer(retention.scans)),
            Fact::new(
                "Entries of the ledger",
                Cell::Integer(retention.ledger_entries),
            ),
            Fact::new("Signed checkpoints", Cell::Integer(retention.checkpoints)),
        ]),
        paragraph(
            "Scans, versions of policies, entries of the ledger and checkpoints can be added to the store, not changed or deleted: \
             triggers refuse it, and a change past them does not verify. A history that was rewritten and signed again with the \
             real key is found only with a checkpoint that was kept elsewhere.",
        ),
        Block::Table(table(
            "pruned",
            "History that was moved out of the store",
            &drift::HEADS,
            drift::rows(&retention.pruned),
            "Nothing was moved.",
        )),
    ];
    page("retention", "Retention", blocks)
}

pub(super) fn access(report: &AuditReport) -> Section {
    let access = &report.access;
    let actors = access.actors.iter().map(|actor| {
        vec![
            maybe(actor.name.as_ref()),
            number(actor.scans),
            Cell::Time(actor.first.0),
            Cell::Time(actor.last.0),
        ]
    });
    let blocks = vec![
        Block::Table(table(
            "actors",
            "Who ran the scans",
            &[
                ("actor", "Who", ColumnKind::Text),
                ("scans", "Scans", ColumnKind::Number),
                ("first", "First", ColumnKind::Time),
                ("last", "Last", ColumnKind::Time),
            ],
            actors.collect(),
            "Nobody ran a scan.",
        )),
        Block::Table(table(
            "administration",
            "Changes of keys, access and settings in the ledger",
            &drift::HEADS,
            drift::rows(&access.events),
            "None was recorded.",
        )),
        Block::Facts(vec![
            Fact::new(
                "Exceptions approved by who asked for them",
                list_or_none(&access.self_approved),
            ),
            Fact::new(
                "Exceptions whose requester is not recorded",
                list_or_none(&access.requester_unknown),
            ),
        ]),
        paragraph(
            "Who may change policies, exceptions and schedules is decided by the code host; its settings are not recorded here.",
        ),
    ];
    page("access", "Access", blocks)
}

fn list_or_none(ids: &[String]) -> Cell {
    if ids.is_empty() {
        return Cell::Text("none".to_owned());
    }
    list(ids)
}
