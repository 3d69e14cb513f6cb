//! What every format must keep, whatever is in a scan.

use crate::sample::{self, show};
use crate::{Format, ReportOptions};

#[test]
fn human() {
    insta::assert_snapshot!(show(
        &sample::scan(),
        Format::Human,
        ReportOptions::default()
    ));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(show(
        &sample::scan(),
        Format::Markdown,
        ReportOptions::default()
    ));
}

#[test]
fn json() {
    insta::assert_snapshot!(show(
        &sample::scan(),
        Format::Json,
        ReportOptions::default()
    ));
}
