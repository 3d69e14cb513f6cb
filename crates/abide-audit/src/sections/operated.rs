//! The control as it was operated: every version of every policy in force, and the changes.

use crate::document::{Block, Cell, ColumnKind, Section};
use crate::model::AuditReport;

use super::{code, list, maybe, maybe_code, number, page, paragraph, table};

pub(super) fn section(report: &AuditReport) -> Section {
    let policies = report.policies.iter().map(|policy| {
        vec![
            Cell::Code(policy.id.clone()),
            Cell::Text(policy.title.clone()),
            policy
                .severity
                .parse()
                .map_or_else(|_| policy.severity.clone().into(), Cell::Severity),
            Cell::Text(policy.rollout.clone()),
            list(&policy.controls),
            Cell::Time(policy.from.0),
            Cell::Time(policy.to.0),
            number(policy.scans),
            code(&policy.digest),
        ]
    });
    let policies = table(
        "policies-in-force",
        "Versions of policies with their first and last scan in the period",
        &[
            ("policy", "Policy", ColumnKind::Code),
            ("title", "Title", ColumnKind::Text),
            ("severity", "Severity", ColumnKind::Word),
            ("rollout", "Rollout", ColumnKind::Word),
            ("controls", "Controls", ColumnKind::Code),
            ("from", "First scan", ColumnKind::Time),
            ("to", "Last scan", ColumnKind::Time),
            ("scans", "Scans", ColumnKind::Number),
            ("digest", "SHA-256", ColumnKind::Code),
        ],
        policies.collect(),
        "No policy of the framework was in force in a whole scan.",
    );
    let changes = report.policy_changes.iter().map(|change| {
        vec![
            Cell::Time(change.at.0),
            Cell::Text(change.target.clone()),
            Cell::Integer(change.scan),
            list(&change.added),
            list(&change.removed),
            list(&change.changed),
            list(&change.editions),
            maybe_code(change.commit.as_ref()),
            maybe(change.actor.as_ref()),
            code(&change.pack),
        ]
    });
    let changes = table(
        "policy-changes",
        "Changes of policies and framework editions, by the first scan that used them",
        &[
            ("at", "First used", ColumnKind::Time),
            ("target", "Target", ColumnKind::Text),
            ("scan", "Scan", ColumnKind::Number),
            ("added", "Added", ColumnKind::Code),
            ("removed", "Removed", ColumnKind::Code),
            ("changed", "Changed", ColumnKind::Code),
            ("editions", "Editions now", ColumnKind::Code),
            ("commit", "Commit", ColumnKind::Code),
            ("actor", "Run by", ColumnKind::Text),
            ("pack", "Digest of the set", ColumnKind::Code),
        ],
        changes.collect(),
        "The policies did not change in the period.",
    );
    page(
        "operated",
        "Control as operated",
        vec![
            paragraph(
                "A version is the text of a policy as scans used it, known by its SHA-256. Who wrote and approved it is in \
                 the history of the repository it comes from; the store knows the commit of the scan that used it first.",
            ),
            Block::Table(policies),
            Block::Table(changes),
        ],
    )
}
