//! Numbers to be drawn.

use abide_policy::Severity;
use serde::{Deserialize, Serialize};

use super::Verdict;

/// A picture of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Unique in the document; lower-case letters, digits and `-`.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// What is to be seen in it, in a sentence, for those who cannot see it.
    pub summary: String,
    /// The numbers.
    pub data: ChartData,
}

/// The numbers of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartData {
    /// Values over time: posture.
    Lines {
        /// What the values are.
        unit: Unit,
        /// Where the points are, rising.
        times: Vec<i64>,
        /// A line each.
        series: Vec<Series>,
    },
    /// Values of a few things: open by severity, time to fix.
    Bars {
        /// What the values are.
        unit: Unit,
        /// A group of bars each.
        categories: Vec<String>,
        /// A bar in each group.
        series: Vec<Series>,
        /// One on top of the other, instead of side by side.
        stacked: bool,
    },
    /// Verdicts of controls by month.
    HeatMap {
        /// The months.
        columns: Vec<String>,
        /// The controls.
        rows: Vec<HeatRow>,
    },
    /// What was in force when: exceptions, versions of policies.
    Spans {
        /// Where the axis starts.
        from: i64,
        /// Where it ends.
        to: i64,
        /// A line each.
        rows: Vec<SpanRow>,
    },
}

/// What the values of a chart are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// How many.
    Count,
    /// 0 to 100.
    Percent,
    /// Days.
    Days,
}

/// Values of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What they are of.
    pub name: String,
    /// Their colour.
    pub tone: Tone,
    /// As many as there are times or categories. None: not measured, drawn as a gap.
    pub values: Vec<Option<f64>>,
}

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Neither good nor bad; numbers tell several apart.
    Plain(u8),
    /// The colour of a verdict.
    Verdict(Verdict),
    /// The colour of a severity.
    Severity(Severity),
}

/// A control in a heat map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeatRow {
    /// The control.
    pub label: String,
    /// One for each column.
    pub cells: Vec<HeatCell>,
}

/// A control in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeatCell {
    /// The worst that happened.
    pub verdict: Verdict,
    /// How many deviations; None if counting makes no sense.
    pub count: Option<u64>,
}

/// A line of [`ChartData::Spans`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanRow {
    /// What was in force.
    pub label: String,
    /// When; both ends are cut to the axis.
    pub spans: Vec<TimeSpan>,
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSpan {
    /// Its first moment.
    pub from: i64,
    /// The moment after its last; None: still so.
    pub to: Option<i64>,
    /// Its colour.
    pub tone: Tone,
}
