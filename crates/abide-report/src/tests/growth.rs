//! Fifty thousand findings: bounded text for people, all of it for machines, in linear time.

use std::time::{Duration, Instant};

use abide_core::finding::Outcome;

use crate::sample::{self, finding, show};
use crate::{Format, ReportOptions};

const MANY: usize = 50_000;

#[test]
fn fifty_thousand_findings() {
    let findings = (0..MANY).map(|at| {
        let address = format!("module.m{}.aws_db_instance.d{at}[\"k\"]", at % 97);
        finding(
            (at % 4) as u32,
            &address,
            Outcome::Fail,
            &format!("Retention is {} days", at % 7),
        )
    });
    let scan = sample::of(findings.collect());
    for format in Format::ALL {
        let start = Instant::now();
        let text = show(&scan, format, ReportOptions::default());
        // Some seconds in a debug build; quadratic growth would take hours.
        assert!(start.elapsed() < Duration::from_secs(120), "{format}");
        match format {
            Format::Human | Format::Github => {
                assert!(text.len() < 50_000, "{format}: {}", text.len())
            }
            Format::Markdown => {
                assert!(text.len() <= 60_000);
                assert!(text.contains("more findings**, not shown here"));
            }
            Format::Json => assert_eq!(text.matches("\n  {\"policy_id\"").count(), MANY),
            Format::Csv => assert_eq!(text.lines().count(), MANY + 1),
            Format::Junit => assert_eq!(text.matches("<testcase ").count(), MANY),
            Format::Gitlab => assert_eq!(text.matches("\"check_name\"").count(), MANY),
            Format::Sarif => {
                assert_eq!(text.matches("\"ruleIndex\"").count(), 25_000);
                assert!(text.contains("25000 results left out"));
            }
        }
    }
}

#[test]
fn instances_of_a_block_are_one_entry() {
    let findings = (0..MANY).map(|at| finding(0, &format!("aws_x.x[{at}]"), Outcome::Fail, "no"));
    let scan = sample::of(findings.collect());
    let text = show(&scan, Format::Human, ReportOptions::default());
    assert!(text.contains("--> aws_x.x (50000 instances)"), "{text}");
    assert!(
        text.contains("instances: aws_x.x[0], aws_x.x[1], aws_x.x[2] and 49997 more"),
        "{text}"
    );
    assert!(text.lines().count() < 30);
}
