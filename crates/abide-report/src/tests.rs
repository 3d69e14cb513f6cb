//! What every format must keep, whatever is in a scan.

mod growth;
mod hostile;
mod results;
mod schemas;
mod texts;

use crate::sample::{self, show};
use crate::{Format, Report, ReportOptions, github};

fn shown(format: Format) -> String {
    show(&sample::scan(), format, ReportOptions::default())
}

#[test]
fn human() {
    insta::assert_snapshot!(shown(Format::Human));
}

#[test]
fn human_narrow_and_coloured() {
    let options = ReportOptions {
        color: true,
        width: Some(60),
        ..ReportOptions::default()
    };
    let text = show(&sample::scan(), Format::Human, options);
    insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(shown(Format::Markdown));
}

#[test]
fn github() {
    let text = shown(Format::Github);
    let commands: Vec<&str> = text.lines().take_while(|l| l.starts_with("::")).collect();
    insta::assert_snapshot!(commands.join("\n"));
    assert!(text.ends_with(&shown(Format::Human)));
}

#[test]
fn github_outputs() {
    let scan = sample::scan();
    let options = ReportOptions::default();
    let report = Report::new(&scan, options.gate.judge(&scan), options);
    insta::assert_snapshot!(github::outputs(&report));
    assert!(github::step_summary(&report).starts_with("## Policy Scan Results\n\n"));
}

#[test]
fn json() {
    insta::assert_snapshot!(shown(Format::Json));
}

#[test]
fn sarif() {
    insta::assert_snapshot!(shown(Format::Sarif));
}

#[test]
fn junit() {
    insta::assert_snapshot!(shown(Format::Junit));
}

#[test]
fn gitlab() {
    insta::assert_snapshot!(shown(Format::Gitlab));
}

#[test]
fn csv() {
    insta::assert_snapshot!(shown(Format::Csv));
}
