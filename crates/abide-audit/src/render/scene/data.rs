//! The numbers of a chart as a table, for those who cannot see it or want to count.

use crate::document::{Cell, Chart, ChartData, Column, ColumnKind, Series, Table, Tone, Unit};
use crate::render::words;

/// All numbers of the chart.
pub(crate) fn table(chart: &Chart) -> Table {
    let (columns, rows) = match &chart.data {
        ChartData::Lines {
            unit,
            times,
            series,
        } => {
            let heads = times.iter().map(|time| Cell::Time(*time));
            let first = Column::new("time", "Time", ColumnKind::Time);
            (columns(first, series), by_place(*unit, heads, series))
        }
        ChartData::Bars {
            unit,
            categories,
            series,
            ..
        } => {
            let heads = categories.iter().map(|name| Cell::Text(name.clone()));
            let first = Column::new("category", "Category", ColumnKind::Text);
            (columns(first, series), by_place(*unit, heads, series))
        }
        ChartData::HeatMap { columns, rows } => {
            let months = columns.iter().zip(1..).map(|(name, n)| {
                Column::new(format!("column_{n}"), name.clone(), ColumnKind::Word)
            });
            let first = Column::new("row", "Name", ColumnKind::Text);
            let rows = rows.iter().map(|row| {
                let cells = row.cells.iter().map(|cell| match cell.count {
                    Some(count @ 1..) => Cell::Text(format!("{} ({count})", cell.verdict.as_str())),
                    _ => Cell::Verdict(cell.verdict),
                });
                [Cell::Text(row.label.clone())]
                    .into_iter()
                    .chain(cells)
                    .collect()
            });
            ([first].into_iter().chain(months).collect(), rows.collect())
        }
        ChartData::Spans { rows, .. } => {
            let columns = vec![
                Column::new("row", "Name", ColumnKind::Text),
                Column::new("from", "From", ColumnKind::Time),
                Column::new("to", "To", ColumnKind::Time),
                Column::new("kind", "Kind", ColumnKind::Word),
            ];
            let rows = rows.iter().flat_map(|row| {
                row.spans.iter().map(|span| {
                    let to = span
                        .to
                        .map_or(Cell::Text("still in force".to_owned()), Cell::Time);
                    vec![
                        Cell::Text(row.label.clone()),
                        Cell::Time(span.from),
                        to,
                        tone(span.tone),
                    ]
                })
            });
            (columns, rows.collect())
        }
    };
    Table {
        id: chart.id.clone(),
        caption: chart.title.clone(),
        columns,
        rows,
        note: Some(chart.summary.clone()).filter(|text| !text.is_empty()),
        empty: "Nothing was measured.".to_owned(),
        ..Table::default()
    }
}

fn tone(tone: Tone) -> Cell {
    match tone {
        Tone::Plain(_) => Cell::Empty,
        Tone::Verdict(verdict) => Cell::Verdict(verdict),
        Tone::Severity(severity) => Cell::Severity(severity),
    }
}

fn columns(first: Column, series: &[Series]) -> Vec<Column> {
    let others = series
        .iter()
        .zip(1..)
        .map(|(one, n)| Column::new(format!("series_{n}"), one.name.clone(), ColumnKind::Number));
    [first].into_iter().chain(others).collect()
}

fn by_place(unit: Unit, heads: impl Iterator<Item = Cell>, series: &[Series]) -> Vec<Vec<Cell>> {
    let rows = heads.enumerate().map(|(at, head)| {
        let values = series.iter().map(|one| match one.values.get(at) {
            Some(Some(value)) => number(*value, unit),
            _ => Cell::Text("not measured".to_owned()),
        });
        [head].into_iter().chain(values).collect()
    });
    rows.collect()
}

/// A typed number where it is one; hundredths are exact enough for a chart.
#[allow(clippy::cast_possible_truncation)] // checked to be in range
fn number(value: f64, unit: Unit) -> Cell {
    let hundredths = (value * 100.0).round();
    if !hundredths.is_finite() || hundredths.abs() > 9e15 {
        return Cell::Text(words::number(value, unit));
    }
    let hundredths = hundredths as i64;
    match (unit, hundredths % 100) {
        (Unit::Count, 0) => Cell::Integer(hundredths / 100),
        (Unit::Days, _) => Cell::Days((value * 86_400_000.0) as i64),
        _ => Cell::Decimal {
            value: hundredths,
            places: 2,
        },
    }
}
