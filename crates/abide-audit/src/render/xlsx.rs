//! A workbook: a sheet about the report, one for each table, one for the numbers of each chart.
//!
//! Cells are typed: numbers, shares, times and days can be counted with. Text is written as
//! text, which is never taken for a formula, and what looks like one keeps its quote when it is
//! edited.

use std::collections::BTreeSet;

use abide_report::escape::{csv_cell, lines, visible};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
    XlsxError,
};

use super::{RenderError, Result, check, scene, words};
use crate::document::{Block, Cell, ColumnKind, Document, Fact, Table, Verdict};

/// A cell holds so many characters.
const CHARACTERS: usize = 32_767;
/// A sheet holds so many rows.
const ROWS: usize = 1_048_576;
/// The name of a sheet has so many characters.
const NAME: usize = 31;

/// The whole workbook.
///
/// # Errors
/// If the document does not fit together, a table is longer than a sheet, or the writer refuses.
pub fn render(document: &Document) -> Result<Vec<u8>> {
    check(document)?;
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(document)?);
    let looks = Looks::new();
    let mut names = BTreeSet::new();
    let mut tables: Vec<(String, Table)> = Vec::new();
    let about = sheet_name("report", &mut names);
    for (_, section) in document.each_section() {
        for block in &section.blocks {
            match block {
                Block::Table(table) => {
                    tables.push((sheet_name(&table.id, &mut names), table.clone()));
                }
                Block::Chart(chart) => {
                    let name = sheet_name(&format!("chart-{}", chart.id), &mut names);
                    tables.push((name, scene::data::table(chart)));
                }
                _ => {}
            }
        }
    }
    let sheet = workbook.add_worksheet();
    sheet.set_name(&about).map_err(refused)?;
    cover(sheet, document, &tables, &looks).map_err(refused)?;
    for (name, table) in &tables {
        if table.rows.len() >= ROWS {
            return Err(RenderError::TooLong {
                table: table.id.clone(),
                rows: table.rows.len(),
            });
        }
        let sheet = workbook.add_worksheet();
        sheet.set_name(name).map_err(refused)?;
        fill(sheet, table, &looks).map_err(refused)?;
    }
    workbook.save_to_buffer().map_err(refused)
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn refused(error: XlsxError) -> RenderError {
    RenderError::Writer {
        format: "XLSX",
        reason: error.to_string(),
    }
}

/// The date of the file is that of the report.
fn properties(document: &Document) -> Result<DocProperties> {
    let at = Timestamp::from_millisecond(document.made_at).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = TimeZone::UTC.to_datetime(at);
    let small = |value: i8| value.unsigned_abs();
    let date =
        ExcelDateTime::from_ymd(at.year().unsigned_abs(), small(at.month()), small(at.day()))
            .and_then(|date| {
                date.and_hms(
                    small(at.hour()).into(),
                    small(at.minute()),
                    f64::from(at.second()),
                )
            })
            .map_err(refused)?;
    Ok(DocProperties::new()
        .set_title(text(&document.title))
        .set_subject(text(&document.subtitle))
        .set_author(text(&document.made_by))
        .set_comment(format!("{}: {}", words::DIGEST, text(&document.digest)))
        .set_creation_datetime(&date))
}

/// A name no other sheet has, of characters that names of sheets may have.
fn sheet_name(id: &str, taken: &mut BTreeSet<String>) -> String {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ' | '.');
    let plain: String = id
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .take(NAME)
        .collect();
    let plain = if plain.trim().is_empty() {
        "table".to_owned()
    } else {
        plain
    };
    let mut name = plain.clone();
    let mut number = 2;
    // Excel does not tell capitals apart.
    while !taken.insert(name.to_lowercase()) {
        let end = format!(" {number}");
        let head: String = plain.chars().take(NAME - end.len()).collect();
        name = format!("{head}{end}");
        number += 1;
    }
    name
}

/// How cells look.
struct Looks {
    title: Format,
    head: Format,
    text: Format,
    quoted: Format,
    integer: Format,
    percent: Format,
    days: Format,
    time: Format,
    date: Format,
    note: Format,
}

impl Looks {
    fn new() -> Self {
        let base = || Format::new().set_align(FormatAlign::Top);
        Self {
            title: Format::new().set_bold().set_font_size(16),
            head: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Top)
                .set_background_color(Color::RGB(0x00F1_F3F5))
                .set_border_bottom(FormatBorder::Thin),
            text: base().set_text_wrap(),
            quoted: base().set_text_wrap().set_quote_prefix(),
            integer: base().set_num_format("#,##0"),
            percent: base().set_num_format("0.00%"),
            days: base().set_num_format("0.00"),
            time: base().set_num_format("yyyy-mm-dd hh:mm:ss\"Z\""),
            date: base().set_num_format("yyyy-mm-dd"),
            note: Format::new()
                .set_italic()
                .set_font_color(Color::RGB(0x0057_606A)),
        }
    }

    fn decimal(places: u8) -> Format {
        let zeros = "0".repeat(places.into());
        let point = if places > 0 { "." } else { "" };
        Format::new()
            .set_align(FormatAlign::Top)
            .set_num_format(format!("#,##0{point}{zeros}"))
    }

    fn verdict(verdict: Verdict) -> Format {
        let (paper, ink) = match verdict {
            Verdict::Pass => (0x00E3_F3E8, 0x0014_592F),
            Verdict::Fail => (0x00FB_E6E4, 0x0096_190F),
            Verdict::Excepted => (0x00FD_F1CF, 0x0068_4A00),
            Verdict::Unknown | Verdict::Incomplete => (0x00EF_E7FA, 0x0057_2E94),
            Verdict::NotApplicable | Verdict::NotScanned | Verdict::NotTested => {
                (0x00EC_EFF2, 0x0041_4A53)
            }
        };
        Format::new()
            .set_align(FormatAlign::Top)
            .set_background_color(Color::RGB(paper))
            .set_font_color(Color::RGB(ink))
    }
}

type Written = std::result::Result<(), XlsxError>;

fn cover(
    sheet: &mut Worksheet,
    document: &Document,
    tables: &[(String, Table)],
    looks: &Looks,
) -> Written {
    sheet.set_column_width(0, 28)?;
    sheet.set_column_width(1, 90)?;
    sheet.write_string_with_format(0, 0, text(&document.title), &looks.title)?;
    sheet.write_string_with_format(1, 0, text(&document.subtitle), &looks.note)?;
    let made = [
        Fact::new(words::DIGEST, Cell::Code(document.digest.clone())),
        Fact::new("Made by", Cell::Text(document.made_by.clone())),
        Fact::new("Made at (UTC)", Cell::Time(document.made_at)),
    ];
    let mut row = 3;
    for fact in document.facts.iter().chain(&made) {
        put_text(sheet, row, 0, &fact.name, looks)?;
        put(sheet, row, 1, &fact.value, looks)?;
        row += 1;
    }
    row += 1;
    sheet.write_string_with_format(row, 0, "Sheet", &looks.head)?;
    sheet.write_string_with_format(row, 1, "What it holds", &looks.head)?;
    for (name, table) in tables {
        row += 1;
        put_text(sheet, row, 0, name, looks)?;
        let note = table.note.as_deref().unwrap_or_default();
        let what = match note.is_empty() {
            true => table.caption.clone(),
            false => format!("{}. {note}", table.caption.trim_end_matches('.')),
        };
        put_text(sheet, row, 1, &what, looks)?;
    }
    Ok(())
}

fn fill(sheet: &mut Worksheet, table: &Table, looks: &Looks) -> Written {
    sheet.set_freeze_panes(1, 0)?;
    for (column, at) in table.columns.iter().zip(0_u16..) {
        let mut cells = table.rows.iter().filter_map(|row| row.get(usize::from(at)));
        // Where words say the unit, numbers of a spreadsheet do not.
        let title = match column.kind {
            ColumnKind::Time => format!("{} (UTC)", column.title),
            _ if cells.any(|cell| matches!(cell, Cell::Days(_))) => {
                format!("{} (days)", column.title)
            }
            _ => column.title.clone(),
        };
        sheet.write_string_with_format(0, at, text(&title), &looks.head)?;
        sheet.set_column_width(at, width(table, usize::from(at), column.kind))?;
    }
    let mut at = 0;
    for row in &table.rows {
        at += 1;
        for (cell, column) in row.iter().zip(0_u16..) {
            put(sheet, at, column, cell, looks)?;
        }
    }
    let columns = u16::try_from(table.columns.len()).unwrap_or(u16::MAX);
    if let Some(last) = columns.checked_sub(1) {
        sheet.autofilter(0, 0, at.max(1), last)?;
    }
    if table.rows.is_empty() {
        let empty = if table.empty.is_empty() {
            "None."
        } else {
            &table.empty
        };
        sheet.write_string_with_format(1, 0, text(empty), &looks.note)?;
    }
    // Below an empty row, so that filters and sums leave it out.
    if let Some(total) = &table.total {
        for (cell, column) in total.iter().zip(0_u16..) {
            put(sheet, at + 2, column, cell, looks)?;
        }
    }
    sheet.set_landscape();
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_print_fit_to_pages(1, 0);
    Ok(())
}

/// Wide enough for most of a column.
fn width(table: &Table, at: usize, kind: ColumnKind) -> f64 {
    let (least, most) = match kind {
        ColumnKind::Text | ColumnKind::Code => (10, 60),
        ColumnKind::Time => (20, 20),
        ColumnKind::Date => (12, 12),
        ColumnKind::Number => (10, 18),
        ColumnKind::Word => (10, 18),
    };
    let title = table
        .columns
        .get(at)
        .map_or(0, |column| column.title.chars().count() + 3);
    let cells = table.rows.iter().filter_map(|row| row.get(at));
    let widest = cells
        .map(|cell| words::plain(cell).chars().count() + 2)
        .max();
    let width = widest.unwrap_or(0).max(title).clamp(least, most);
    u32::try_from(width).map_or(60.0, f64::from)
}

#[allow(clippy::cast_precision_loss)] // what a spreadsheet counts with
fn put(sheet: &mut Worksheet, row: u32, column: u16, cell: &Cell, looks: &Looks) -> Written {
    match cell {
        Cell::Empty | Cell::Percent { whole: 0, .. } => Ok(()),
        Cell::Text(text) | Cell::Code(text) | Cell::Url(text) | Cell::Link { text, .. } => {
            put_text(sheet, row, column, text, looks)
        }
        Cell::List(values) => put_text(sheet, row, column, &values.join("\n"), looks),
        Cell::Integer(value) => number(sheet, row, column, *value as f64, &looks.integer),
        Cell::Decimal { value, places } => {
            let value = *value as f64 / 10_f64.powi(i32::from(*places));
            number(sheet, row, column, value, &Looks::decimal(*places))
        }
        Cell::Percent { part, whole } => {
            let share = *part as f64 / *whole as f64;
            number(sheet, row, column, share, &looks.percent)
        }
        Cell::Time(ms) => time(sheet, row, column, *ms, &looks.time, words::time),
        Cell::Date(ms) => {
            let midnight = ms.div_euclid(86_400_000).saturating_mul(86_400_000);
            time(sheet, row, column, midnight, &looks.date, words::date)
        }
        Cell::Days(ms) => number(sheet, row, column, words::days_number(*ms), &looks.days),
        Cell::Bool(value) => sheet
            .write_boolean_with_format(row, column, *value, &looks.text)
            .map(drop),
        Cell::Verdict(verdict) => sheet
            .write_string_with_format(row, column, verdict.as_str(), &Looks::verdict(*verdict))
            .map(drop),
        Cell::Severity(severity) => sheet
            .write_string_with_format(row, column, severity.as_str(), &looks.text)
            .map(drop),
    }
}

fn number(sheet: &mut Worksheet, row: u32, column: u16, value: f64, look: &Format) -> Written {
    sheet
        .write_number_with_format(row, column, value, look)
        .map(drop)
}

/// Days since the last day of 1899, as spreadsheets count; earlier times are text.
fn time(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    ms: i64,
    look: &Format,
    words: fn(i64) -> String,
) -> Written {
    const EPOCH: f64 = 25_569.0;
    let days = EPOCH + words::days_number(ms);
    match (61.0..2_958_466.0).contains(&days) {
        true => number(sheet, row, column, days, look),
        false => sheet.write_string(row, column, words(ms)).map(drop),
    }
}

/// Text as text; what a spreadsheet would take for a formula once it is edited keeps a quote.
fn put_text(sheet: &mut Worksheet, row: u32, column: u16, raw: &str, looks: &Looks) -> Written {
    let look = match csv_cell(raw).starts_with('\'') {
        true => &looks.quoted,
        false => &looks.text,
    };
    sheet
        .write_string_with_format(row, column, text(raw), look)
        .map(drop)
}

/// Lines with everything unseen written out, of a length a cell can hold.
fn text(raw: &str) -> String {
    let text = match raw.contains('\n') {
        true => lines(raw).collect::<Vec<_>>().join("\n"),
        false => visible(raw).into_owned(),
    };
    if text.chars().count() <= CHARACTERS {
        return text;
    }
    let end = " … (cut, a cell holds no more; CSV has all of it)";
    let head: String = text
        .chars()
        .take(CHARACTERS - end.chars().count())
        .collect();
    head + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sheets_are_unique_and_allowed() {
        let mut taken = BTreeSet::new();
        let long = "x".repeat(40);
        assert_eq!(sheet_name("a/b:c", &mut taken), "a_b_c");
        assert_eq!(sheet_name("A_B_C", &mut taken), "A_B_C 2");
        assert_eq!(sheet_name(&long, &mut taken).len(), 31);
        assert_eq!(
            sheet_name(&long, &mut taken),
            format!("{} 2", "x".repeat(29))
        );
        assert_eq!(sheet_name("", &mut taken), "table");
    }

    #[test]
    fn what_is_too_long_says_so() {
        let long = text(&"ä".repeat(40_000));
        assert_eq!(long.chars().count(), CHARACTERS);
        assert!(long.ends_with("CSV has all of it)"));
    }
}
