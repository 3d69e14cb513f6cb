//! A report as data: what it says, not how it looks.
//!
//! All text is raw. Names of resources, reasons and messages come from other people; only
//! the renderers escape them, each for its format. A document holds no clock and no chance:
//! the same document always gives the same bytes.
//!
//! Times are milliseconds since 1970-01-01T00:00Z and shown in UTC.

mod chart;

pub use abide_policy::Severity;
pub use chart::{Chart, ChartData, HeatCell, HeatRow, Series, SpanRow, TimeSpan, Tone, Unit};
use serde::{Deserialize, Serialize};

/// A whole report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// As on the cover: "SOC 2, CC6.1".
    pub title: String,
    /// Below it: the period and the target.
    pub subtitle: String,
    /// SHA-256 of the report's data, in hexadecimal; it stands on every page.
    pub digest: String,
    /// The program and its version, "abide 0.1.0".
    pub made_by: String,
    /// When the report was made; also the date in the properties of files.
    pub made_at: i64,
    /// The cover: scope, period, size and root of the ledger, the command that verifies.
    pub facts: Vec<Fact>,
    /// What follows, in order.
    pub sections: Vec<Section>,
    /// The [`Table::id`] that CSV exports; the first table if it names none.
    pub csv_table: Option<String>,
}

/// A part with a heading, listed in the contents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Unique in the document; lower-case letters, digits and `-`. Links go here.
    pub id: String,
    /// The heading.
    pub title: String,
    /// Shown beside the heading: "CC6.1 — ✅ PASS".
    pub verdict: Option<Verdict>,
    /// Whether it starts a page of its own, where there are pages.
    pub new_page: bool,
    /// What it says.
    pub blocks: Vec<Block>,
    /// Parts of it, one level down; they follow its blocks.
    pub sections: Vec<Section>,
}

/// Something between two headings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Running text.
    Paragraph(Inline),
    /// Names with their values.
    Facts(Vec<Fact>),
    /// Rows and columns.
    Table(Table),
    /// A picture of numbers.
    Chart(Chart),
    /// Items, numbered or not.
    List {
        /// Whether the items are numbered.
        ordered: bool,
        /// The items.
        items: Vec<Inline>,
    },
    /// A sentence that must not be overlooked.
    Notice {
        /// How bad it is.
        kind: NoticeKind,
        /// What it says.
        text: Inline,
    },
    /// A command or a file, kept as it is.
    Code(String),
}

/// How bad a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Good to know.
    Note,
    /// Limits what the report can say: a gap, a partial scan, an unknown.
    Warning,
    /// Something is wrong: the ledger does not verify, a control failed.
    Problem,
}

/// Text with words set apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Inline(pub Vec<Span>);

/// A run of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// Words.
    Text(String),
    /// Words that matter more.
    Strong(String),
    /// An address, a command, a digest.
    Code(String),
    /// A verdict as its sign and word.
    Verdict(Verdict),
    /// A way to another section.
    Link {
        /// What is shown.
        text: String,
        /// [`Section::id`].
        section: String,
    },
}

/// A name with its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// What it is worth.
    pub value: Cell,
}

/// Rows and columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Unique in the document, at most 31 characters; lower-case letters, digits and `-`.
    /// The name of its sheet.
    pub id: String,
    /// What the rows are.
    pub caption: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; each has a cell for every column.
    pub rows: Vec<Vec<Cell>>,
    /// A last row, set apart: sums. A cell for every column.
    pub total: Option<Vec<Cell>>,
    /// How the rows were found, what they do not show.
    pub note: Option<String>,
    /// Said instead of the rows if there are none: "No deviation in the period."
    pub empty: String,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name for machines, in the head of a CSV file: `first_seen`.
    pub key: String,
    /// Its name for people.
    pub title: String,
    /// What its cells are; the cells decide how they are shown, this how much room they get.
    pub kind: ColumnKind,
    /// To which side they go.
    pub align: Align,
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Words; may be long.
    Text,
    /// Addresses, ids, digests; may be long and without spaces.
    Code,
    /// Numbers of any kind, percentages and durations.
    Number,
    /// Points in time.
    Time,
    /// Days.
    Date,
    /// One word of few: verdicts, severities, yes and no.
    Word,
}

/// To which side text goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// Text.
    #[default]
    Left,
    /// Signs.
    Center,
    /// Numbers.
    Right,
}

/// A value, typed so that a spreadsheet can count with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Nothing to say; shown as a dash, empty in CSV and XLSX.
    #[default]
    Empty,
    /// Words.
    Text(String),
    /// An address, an id, a digest: shown exactly.
    Code(String),
    /// Several values, one below the other.
    List(Vec<String>),
    /// A count.
    Integer(i64),
    /// `value` / 10^`places`, shown with all its places.
    Decimal {
        /// The number without its point.
        value: i64,
        /// Digits behind the point.
        places: u8,
    },
    /// `part` of `whole`, shown as a percentage; a dash if `whole` is 0.
    Percent {
        /// So many…
        part: u64,
        /// …of so many.
        whole: u64,
    },
    /// A point in time.
    Time(i64),
    /// The day of a point in time.
    Date(i64),
    /// A duration in milliseconds; days in CSV and XLSX, "12.3 d" or "4 h 10 min" elsewhere.
    Days(i64),
    /// Yes or no.
    Bool(bool),
    /// What an evaluation came to.
    Verdict(Verdict),
    /// How bad a violation is.
    Severity(Severity),
    /// A page elsewhere: a pull request, a ticket. Only `https://` becomes a link.
    Url(String),
    /// A way to another section.
    Link {
        /// What is shown.
        text: String,
        /// [`Section::id`].
        section: String,
    },
}

/// What evaluations came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The policy was followed.
    Pass,
    /// It was not.
    Fail,
    /// It was not, and an approved exception covered that.
    Excepted,
    /// It could not be told, or the evaluation failed; never a pass.
    Unknown,
    /// The policy does not concern the resource.
    NotApplicable,
    /// Nobody looked: no scan was made; never a pass.
    NotScanned,
    /// Of a control: nothing failed, but the evidence has a hole; never a pass.
    Incomplete,
    /// Of a control: nothing was evaluated; never a pass.
    NotTested,
}

impl Document {
    /// All sections and their parts, as they are read.
    pub fn each_section(&self) -> impl Iterator<Item = (usize, &Section)> {
        let mut waiting: Vec<(usize, &Section)> =
            self.sections.iter().rev().map(|one| (0, one)).collect();
        std::iter::from_fn(move || {
            let (depth, section) = waiting.pop()?;
            waiting.extend(section.sections.iter().rev().map(|one| (depth + 1, one)));
            Some((depth, section))
        })
    }

    /// All tables, as they are read.
    pub fn each_table(&self) -> impl Iterator<Item = &Table> {
        let blocks = self.each_section().flat_map(|(_, section)| &section.blocks);
        blocks.filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    }
}

impl Section {
    /// An empty part.
    #[must_use]
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            ..Self::default()
        }
    }
}

impl Fact {
    /// A name with its value.
    #[must_use]
    pub fn new(name: impl Into<String>, value: Cell) -> Self {
        Self {
            name: name.into(),
            value,
        }
    }
}

impl Column {
    /// A column; numbers go to the right.
    #[must_use]
    pub fn new(key: impl Into<String>, title: impl Into<String>, kind: ColumnKind) -> Self {
        let align = match kind {
            ColumnKind::Number => Align::Right,
            _ => Align::Left,
        };
        Self {
            key: key.into(),
            title: title.into(),
            kind,
            align,
        }
    }
}

impl Verdict {
    /// Those of evaluations, in the order in which tables count them.
    pub const ALL: [Self; 6] = [
        Self::Pass,
        Self::Fail,
        Self::Excepted,
        Self::Unknown,
        Self::NotApplicable,
        Self::NotScanned,
    ];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Excepted => "excepted",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not applicable",
            Self::NotScanned => "not scanned",
            Self::Incomplete => "incomplete",
            Self::NotTested => "not tested",
        }
    }
}

impl From<&str> for Inline {
    fn from(text: &str) -> Self {
        Self(vec![Span::Text(text.to_owned())])
    }
}

impl From<String> for Inline {
    fn from(text: String) -> Self {
        Self(vec![Span::Text(text)])
    }
}

impl From<Vec<Span>> for Inline {
    fn from(spans: Vec<Span>) -> Self {
        Self(spans)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
