//! The five verdicts by scan and by resource-days, with pictures.

use abide_policy::Severity;

use crate::document::{
    Block, Cell, Chart, ChartData, ColumnKind, HeatCell, HeatRow, Section, Series, Tone, Unit,
    Verdict,
};
use crate::model::{AuditReport, Closed, ControlResult, PosturePoint};
use crate::verdict::{Counts, DayCounts};

use super::{columns, controls, number, page, paragraph, shown, table};

pub(super) fn section_id() -> &'static str {
    "results"
}

pub(super) fn section(report: &AuditReport) -> Section {
    let mut blocks = vec![
        paragraph(
            "Each evaluation has one of five outcomes: pass, fail, excepted, not applicable, unknown (or error). \
             By scan counts every evaluation of every whole scan; by resource-days counts each day of each resource \
             once, by the worst that happened to it on that day. Days without a scan that is recent enough are not scanned.",
        ),
        Block::Table(by_scan(report)),
        Block::Table(by_day(report)),
    ];
    blocks.extend(charts(report).into_iter().map(Block::Chart));
    blocks.push(Block::Table(not_covered(report)));
    section_of(blocks)
}

fn section_of(blocks: Vec<Block>) -> Section {
    page(section_id(), "Results", blocks)
}

fn head(control: &ControlResult) -> [Cell; 2] {
    [
        Cell::Link {
            text: control.label.clone(),
            section: controls::id(control),
        },
        Cell::Verdict(shown(control.verdict)),
    ]
}

fn by_scan(report: &AuditReport) -> crate::document::Table {
    let cells = |counts: &Counts| {
        [
            counts.pass,
            counts.fail,
            counts.excepted,
            counts.undecided(),
            counts.not_applicable,
            counts.evaluated() + counts.not_applicable,
        ]
        .map(number)
    };
    let rows = report.controls.iter().map(|control| {
        let mut row: Vec<Cell> = head(control).into();
        row.push(number(control.scans));
        row.extend(cells(&control.evaluations));
        row
    });
    table(
        "verdicts-by-scan",
        "Evaluations by control and outcome, in all whole scans",
        &[
            ("control", "Control", ColumnKind::Code),
            ("verdict", "Verdict", ColumnKind::Word),
            ("scans", "Scans", ColumnKind::Number),
            ("pass", "Pass", ColumnKind::Number),
            ("fail", "Fail", ColumnKind::Number),
            ("excepted", "Excepted", ColumnKind::Number),
            ("unknown", "Unknown or error", ColumnKind::Number),
            ("not_applicable", "Not applicable", ColumnKind::Number),
            ("all", "All", ColumnKind::Number),
        ],
        rows.collect(),
        "No control was tested.",
    )
}

fn by_day(report: &AuditReport) -> crate::document::Table {
    let rows = report.controls.iter().map(|control| {
        let days: &DayCounts = &control.resource_days;
        let mut row: Vec<Cell> = head(control).into();
        row.push(number(control.resources));
        row.extend(
            [
                days.pass,
                days.fail,
                days.excepted,
                days.unknown,
                days.not_applicable,
                days.not_scanned,
                days.total(),
            ]
            .map(number),
        );
        row
    });
    table(
        "verdicts-by-resource-days",
        "Resource-days by control and outcome",
        &[
            ("control", "Control", ColumnKind::Code),
            ("verdict", "Verdict", ColumnKind::Word),
            ("resources", "Resources evaluated", ColumnKind::Number),
            ("pass", "Pass", ColumnKind::Number),
            ("fail", "Fail", ColumnKind::Number),
            ("excepted", "Excepted", ColumnKind::Number),
            ("unknown", "Unknown or error", ColumnKind::Number),
            ("not_applicable", "Not applicable", ColumnKind::Number),
            ("not_scanned", "Not scanned", ColumnKind::Number),
            ("all", "All", ColumnKind::Number),
        ],
        rows.collect(),
        "No control was tested.",
    )
}

fn not_covered(report: &AuditReport) -> crate::document::Table {
    let rows = report.not_covered.iter().map(|control| {
        vec![
            Cell::Code(control.id.clone()),
            Cell::Text(control.title.clone()),
            Cell::Text(control.claim.to_string()),
            Cell::Text(control.reason.clone()),
        ]
    });
    crate::document::Table {
        columns: columns(&[
            ("control", "Control", ColumnKind::Code),
            ("title", "What it asks for", ColumnKind::Text),
            ("claim", "Infrastructure code could show", ColumnKind::Word),
            ("reason", "Why it is not here", ColumnKind::Text),
        ]),
        rows: rows.collect(),
        ..table(
            "controls-not-covered",
            "Controls that no policy in force spoke for; nothing is said of them",
            &[],
            Vec::new(),
            "Every control of the framework had a policy in force.",
        )
    }
}

#[allow(clippy::cast_precision_loss)] // counts of evaluations are far below 2^53
fn value(count: u64) -> Option<f64> {
    Some(count as f64)
}

fn charts(report: &AuditReport) -> Vec<Chart> {
    let mut charts = Vec::new();
    if !report.posture.is_empty() {
        charts.push(posture(report));
        charts.extend(report.posture.last().map(open_by_severity));
    }
    charts.extend(time_to_fix(report));
    if !report.controls.is_empty() {
        charts.push(heat_map(report));
    }
    charts
}

fn posture(report: &AuditReport) -> Chart {
    let points = &report.posture;
    let line = |name: &str, verdict: Verdict, of: &dyn Fn(&Counts) -> u64| Series {
        name: name.to_owned(),
        tone: Tone::Verdict(verdict),
        values: points
            .iter()
            .map(|point| value(of(&point.counts)))
            .collect(),
    };
    let worst = points.iter().map(|point| point.counts.fail).max();
    Chart {
        id: "posture".to_owned(),
        title: "Posture over time".to_owned(),
        summary: format!(
            "Evaluations that failed, were excepted or unknown at the last scan of each day; at most {} failed.",
            worst.unwrap_or(0)
        ),
        data: ChartData::Lines {
            unit: Unit::Count,
            times: points.iter().map(|point| point.at.0).collect(),
            series: vec![
                line("fail", Verdict::Fail, &|counts| counts.fail),
                line("excepted", Verdict::Excepted, &|counts| counts.excepted),
                line("unknown", Verdict::Unknown, &Counts::undecided),
            ],
        },
    }
}

fn open_by_severity(last: &PosturePoint) -> Chart {
    let open = last.open;
    let values = open.iter().map(|count| value(*count)).collect();
    Chart {
        id: "open-by-severity".to_owned(),
        title: "Open at the end, by severity".to_owned(),
        summary: format!(
            "{} violations were open at the last scan of the period.",
            open.iter().sum::<u64>()
        ),
        data: ChartData::Bars {
            unit: Unit::Count,
            categories: Severity::ALL.map(|one| one.as_str().to_owned()).into(),
            series: vec![Series {
                name: "open".to_owned(),
                tone: Tone::Verdict(Verdict::Fail),
                values,
            }],
            stacked: false,
        },
    }
}

/// Only what was really fixed.
fn time_to_fix(report: &AuditReport) -> Option<Chart> {
    let fixed = |severity: Severity| {
        let of = report.deviations.iter();
        let of = of.filter(|one| one.severity == severity && one.closed_as == Some(Closed::Fixed));
        let mut times: Vec<i64> = of.map(|one| one.open_ms).collect();
        times.sort_unstable();
        times
    };
    let all = Severity::ALL.map(fixed);
    let count: usize = all.iter().map(Vec::len).sum();
    let of_days = |per_hundred: usize| {
        let values = all.iter().map(|times| {
            #[allow(clippy::cast_precision_loss)] // 2^53 ms are 285 000 years
            crate::trends::percentile(times, per_hundred)
                .map(|ms| ms as f64 / crate::days::DAY as f64)
        });
        values.collect()
    };
    (count > 0).then(|| Chart {
        id: "time-to-fix".to_owned(),
        title: "Time to fix, by severity".to_owned(),
        summary: format!("Median and 90th percentile of {count} violations that were fixed."),
        data: ChartData::Bars {
            unit: Unit::Days,
            categories: Severity::ALL.map(|one| one.as_str().to_owned()).into(),
            series: vec![
                Series {
                    name: "median".to_owned(),
                    tone: Tone::Plain(0),
                    values: of_days(50),
                },
                Series {
                    name: "90th percentile".to_owned(),
                    tone: Tone::Plain(1),
                    values: of_days(90),
                },
            ],
            stacked: false,
        },
    })
}

fn heat_map(report: &AuditReport) -> Chart {
    let months = report.controls.first().map(|control| {
        let months = control.months.iter();
        months.map(|month| month.month.clone()).collect()
    });
    let rows = report.controls.iter().map(|control| HeatRow {
        label: control.label.clone(),
        cells: control
            .months
            .iter()
            .map(|month| heat(&month.resource_days))
            .collect(),
    });
    let rows: Vec<HeatRow> = rows.collect();
    let red = rows.iter().filter(|row| {
        let mut cells = row.cells.iter();
        cells.any(|cell| cell.verdict == Verdict::Fail)
    });
    Chart {
        id: "controls-by-month".to_owned(),
        title: "Controls by month".to_owned(),
        summary: format!(
            "The worst of each control in each month, with its resource-days in violation; {} of {} controls had some.",
            red.count(),
            rows.len()
        ),
        data: ChartData::HeatMap {
            columns: months.unwrap_or_default(),
            rows,
        },
    }
}

/// The worst that days of resources came to; not scanned is worse than a pass.
fn heat(days: &DayCounts) -> HeatCell {
    let verdict = [
        (days.fail, Verdict::Fail),
        (days.unknown, Verdict::Unknown),
        (days.not_scanned, Verdict::NotScanned),
        (days.excepted, Verdict::Excepted),
        (days.pass, Verdict::Pass),
        (days.not_applicable, Verdict::NotApplicable),
    ];
    let worst = verdict.iter().find(|(count, _)| *count > 0);
    HeatCell {
        verdict: worst.map_or(Verdict::NotScanned, |(_, verdict)| *verdict),
        count: (days.fail > 0).then_some(days.fail),
    }
}
