//! Whether a document fits together, asked once by every renderer.

use std::collections::BTreeSet;

use super::{RenderError, Result};
use crate::document::{
    Block, Cell, Chart, ChartData, Document, Fact, Inline, Section, Span, Table,
};

/// Whether the document fits together: rows have a cell for each column, ids are unique, links
/// lead somewhere, charts have as many values as places for them.
///
/// # Errors
/// The first thing that does not fit.
pub fn check(document: &Document) -> Result<()> {
    let mut ids = Ids::default();
    for (_, section) in document.each_section() {
        ids.section(&section.id)?;
    }
    facts(&document.facts, &ids)?;
    for (_, section) in document.each_section() {
        blocks(section, &mut ids)?;
    }
    Ok(())
}

#[derive(Default)]
struct Ids {
    sections: BTreeSet<String>,
    tables: BTreeSet<String>,
    charts: BTreeSet<String>,
}

impl Ids {
    fn section(&mut self, id: &str) -> Result<()> {
        unique(&mut self.sections, "section", id)
    }

    fn link(&self, section: &str) -> Result<()> {
        match self.sections.contains(section) {
            true => Ok(()),
            false => Err(RenderError::Link {
                section: section.to_owned(),
            }),
        }
    }
}

fn unique(seen: &mut BTreeSet<String>, what: &'static str, id: &str) -> Result<()> {
    match seen.insert(id.to_owned()) {
        true => Ok(()),
        false => Err(RenderError::Twice {
            what,
            id: id.to_owned(),
        }),
    }
}

fn blocks(section: &Section, ids: &mut Ids) -> Result<()> {
    for block in &section.blocks {
        match block {
            Block::Paragraph(text) | Block::Notice { text, .. } => inline(text, ids)?,
            Block::List { items, .. } => items.iter().try_for_each(|item| inline(item, ids))?,
            Block::Facts(list) => facts(list, ids)?,
            Block::Table(table) => {
                unique(&mut ids.tables, "table", &table.id)?;
                self::table(table, ids)?;
            }
            Block::Chart(chart) => {
                unique(&mut ids.charts, "chart", &chart.id)?;
                self::chart(chart)?;
            }
            Block::Code(_) => {}
        }
    }
    Ok(())
}

fn inline(text: &Inline, ids: &Ids) -> Result<()> {
    text.0.iter().try_for_each(|span| match span {
        Span::Link { section, .. } => ids.link(section),
        _ => Ok(()),
    })
}

fn facts(facts: &[Fact], ids: &Ids) -> Result<()> {
    facts.iter().try_for_each(|fact| cell(&fact.value, ids))
}

fn cell(cell: &Cell, ids: &Ids) -> Result<()> {
    match cell {
        Cell::Link { section, .. } => ids.link(section),
        _ => Ok(()),
    }
}

fn table(table: &Table, ids: &Ids) -> Result<()> {
    let rows = table.rows.iter().zip(1..);
    for (row, number) in rows.chain(table.total.iter().map(|total| (total, 0))) {
        if row.len() != table.columns.len() {
            return Err(RenderError::Row {
                table: table.id.clone(),
                row: number,
                found: row.len(),
                expected: table.columns.len(),
            });
        }
        row.iter().try_for_each(|one| cell(one, ids))?;
    }
    Ok(())
}

fn chart(chart: &Chart) -> Result<()> {
    let same = |series: &str, found: usize, expected: usize| match found == expected {
        true => Ok(()),
        false => Err(RenderError::Values {
            chart: chart.id.clone(),
            series: series.to_owned(),
            found,
            expected,
        }),
    };
    let (places, series) = match &chart.data {
        ChartData::Lines { times, series, .. } => (times.len(), series),
        ChartData::Bars {
            categories, series, ..
        } => (categories.len(), series),
        ChartData::HeatMap { columns, rows } => {
            let mut rows = rows.iter();
            return rows.try_for_each(|row| same(&row.label, row.cells.len(), columns.len()));
        }
        ChartData::Spans { .. } => return Ok(()),
    };
    let mut series = series.iter();
    series.try_for_each(|one| same(&one.name, one.values.len(), places))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Column, ColumnKind};

    fn with(blocks: Vec<Block>) -> Document {
        Document {
            sections: vec![Section {
                blocks,
                ..Section::new("one", "One")
            }],
            ..Document::default()
        }
    }

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let table = Table {
            id: "t".to_owned(),
            columns: vec![Column::new("a", "A", ColumnKind::Text)],
            rows: vec![vec![Cell::Empty], vec![]],
            ..Table::default()
        };
        let error = check(&with(vec![Block::Table(table)])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "table \"t\", row 2: 0 cells, expected 1, one for each column"
        );
    }

    #[test]
    fn ids_are_unique_and_links_lead_somewhere() {
        let table = || Block::Table(Table::default());
        let error = check(&with(vec![table(), table()])).unwrap_err();
        assert!(matches!(error, RenderError::Twice { what: "table", .. }));
        let link = |section: &str| {
            Block::Paragraph(Inline(vec![Span::Link {
                text: "there".to_owned(),
                section: section.to_owned(),
            }]))
        };
        assert!(check(&with(vec![link("one")])).is_ok());
        assert!(matches!(
            check(&with(vec![link("two")])),
            Err(RenderError::Link { .. })
        ));
    }
}
