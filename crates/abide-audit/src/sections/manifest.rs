//! What is not asserted, and how to check what is.

use crate::build::shell_word;
use crate::document::{Block, Cell, Fact, Section};
use crate::model::AuditReport;

use super::{code, page, paragraph};

pub(super) fn limits(report: &AuditReport) -> Section {
    let rules = [
        "FAIL: a violation stood in the period that no exception covered, also if it was fixed later.",
        "NOT TESTED: no policy of the control was in force, no whole scan was made, nothing was evaluated, or infrastructure code shows nothing about the control.",
        "INCOMPLETE: nothing failed, but an evaluation was unknown or in error, a scan was too long away, due and missed, or partial and not followed by a whole one in time, or a policy of the control was not always in force.",
        "EXCEPTED: nothing else stands in the way, but exceptions covered violations.",
        "PASS: something was evaluated, all of it passed, and the evidence has no hole.",
    ];
    let items = |texts: &mut dyn Iterator<Item = String>| Block::List {
        ordered: false,
        items: texts.map(Into::into).collect(),
    };
    page(
        "limits",
        "Method and limits",
        vec![
            paragraph("The verdict of a control is the first of these that fits:"),
            items(&mut rules.iter().map(|rule| (*rule).to_owned())),
            paragraph("What is not asserted:"),
            items(&mut report.limits.iter().cloned()),
        ],
    )
}

pub(super) fn verification(report: &AuditReport, digest: &str) -> Section {
    let cover = &report.cover;
    let targets = cover.targets.iter().filter(|_| cover.chosen);
    let targets = targets.map(|name| format!(" --target {}", shell_word(name)));
    let again = format!(
        "abide report {} --tenant {}{} --from {} --to {} --at {} --max-gap {} --format json | sha256sum",
        cover.framework,
        shell_word(&cover.tenant),
        targets.collect::<String>(),
        cover.from,
        cover.to,
        cover.as_of,
        cover.max_gap_hours / 24
    );
    page(
        "verification",
        "Manifest and verification",
        vec![
            Block::Facts(vec![
                Fact::new("SHA-256 of the report as JSON", code(digest)),
                Fact::new("Entries of the ledger", Cell::Integer(cover.ledger_size)),
                Fact::new("Root of the ledger", code(&cover.ledger_root)),
            ]),
            paragraph(
                "The signed checkpoint binds every scan of this report. Compare it with one that was kept outside; the store and \
                 every scan in it are checked by the first command, the report is made again by the second. `abide evidence \
                 export` writes a folder that verifies with Python and openssl alone. Folders of samples, with their own manifest, \
                 are written by `abide report --pack`.",
            ),
            Block::Code(cover.checkpoint.clone()),
            Block::Code(format!("{}\n{again}", cover.verify)),
        ],
    )
}
