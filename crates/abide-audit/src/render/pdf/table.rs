//! Tables that go on from page to page, with their heads.

use krilla::tagging::{TableHeaderScope, Tag};

use super::MARGIN;
use super::flow::Flow;
use super::fonts::Family;
use super::ink;
use super::text::{self, Line, Look, Piece};
use super::tree::NodeId;
use crate::document::{Align, ColumnKind, Table};
use crate::render::words;

/// Sizes of text, from the one that reads best to what still can be read; the first in which no
/// word of a table is broken.
const SIZES: [f32; 4] = [7.5, 6.8, 6.1, 5.5];

/// Sizes that follow from the size of the text.
#[derive(Clone, Copy)]
struct Measure {
    size: f32,
    leading: f32,
    pad_x: f32,
    pad_y: f32,
}

impl Measure {
    fn of(size: f32) -> Self {
        Self {
            size,
            leading: size * 1.32,
            pad_x: size * 0.47,
            pad_y: size * 0.37,
        }
    }
}

/// The cells of a row, not yet in lines.
type Cells = Vec<Vec<Piece>>;

/// A row in lines: for each column its lines.
struct Row {
    cells: Vec<Vec<Line>>,
    lines: usize,
}

/// How a table stands on its pages.
struct Grid<'a> {
    table: &'a Table,
    measure: Measure,
    /// Where columns start and how wide they are, without padding.
    columns: Vec<(f32, f32)>,
    width: f32,
    head: Row,
}

/// Whether a table needs a turned page.
pub(super) fn is_wide(table: &Table) -> bool {
    let widths = table.columns.iter().map(|column| comfortable(column.kind));
    widths.sum::<f32>() > Flow::width_if(false) * 1.12
}

/// A width at which a column of a kind reads well.
fn comfortable(kind: ColumnKind) -> f32 {
    match kind {
        ColumnKind::Text => 110.0,
        ColumnKind::Code => 100.0,
        ColumnKind::Time => 52.0,
        ColumnKind::Date => 50.0,
        ColumnKind::Word => 56.0,
        ColumnKind::Number => 42.0,
    }
}

impl Flow {
    pub(super) fn table(&mut self, table: &Table, parent: NodeId) {
        self.need(70.0);
        self.space(6.0);
        let caption = self.prose(&table.caption, Look::new(Family::Bold, 9.0));
        if table.rows.is_empty() {
            self.paragraph(&[caption], Tag::P, parent);
            let look = Look::new(Family::Sans, 8.5).ink(ink::MUTED);
            let empty = if table.empty.is_empty() {
                "None."
            } else {
                &table.empty
            };
            let empty = self.prose(empty, look);
            self.paragraph(&[empty], Tag::P, parent);
        } else {
            let node = self.node(parent, Tag::Table);
            self.paragraph(&[caption], Tag::Caption, node);
            self.y += 3.0;
            self.grid(table, node);
        }
        if let Some(note) = &table.note {
            let note = self.prose(note, Look::new(Family::Sans, 8.0).ink(ink::MUTED));
            self.y += 3.0;
            self.paragraph(&[note], Tag::P, parent);
        }
        self.space(10.0);
    }

    fn grid(&mut self, table: &Table, node: NodeId) {
        let (measure, cells, columns) = self.fitting(table);
        let bold = Look::new(Family::Bold, measure.size);
        let titles = table.columns.iter();
        let titles = titles.map(|column| vec![self.prose(&column.title, bold)]);
        let titles: Vec<_> = titles.collect();
        let head = self.row(&titles, &columns);
        let grid = Grid {
            table,
            measure,
            width: self.width(),
            columns,
            head,
        };
        let thead = self.node(node, Tag::THead);
        self.need(grid.head.height(measure) + measure.leading * 2.0);
        self.head(&grid, Some(thead));
        let tbody = self.node(node, Tag::TBody);
        for row in cells {
            let row = self.row(&row, &grid.columns);
            self.body_row(&grid, &row, tbody, false);
        }
        if let Some(total) = &table.total {
            let total = total.iter().map(|cell| {
                let mut pieces = self.cell(cell, bold, "");
                for piece in &mut pieces {
                    piece.look.ink = ink::TEXT;
                }
                pieces
            });
            let row = self.row(&total.collect::<Vec<_>>(), &grid.columns);
            let foot = self.node(node, Tag::TFoot);
            self.body_row(&grid, &row, foot, true);
        }
    }

    /// The cells in the largest size in which the columns find room.
    fn fitting(&self, table: &Table) -> (Measure, Vec<Cells>, Vec<(f32, f32)>) {
        let mut sizes = SIZES.into_iter().peekable();
        loop {
            let size = sizes.next().unwrap_or(SIZES[0]);
            let measure = Measure::of(size);
            let look = Look::new(Family::Sans, size);
            let rows = table.rows.iter().map(|row| {
                let cells = row.iter().map(|one| self.cell(one, look, words::NOTHING));
                cells.collect()
            });
            let rows: Vec<Cells> = rows.collect();
            let wants = self.wants(table, &rows, measure);
            let room = self.width() - wants.len() as f32 * measure.pad_x * 2.0;
            let least: f32 = wants.iter().map(|(least, _)| least).sum();
            if least <= room || sizes.peek().is_none() {
                let mut x = MARGIN;
                let columns = share(&wants, room).into_iter().map(|width| {
                    let start = x + measure.pad_x;
                    x = start + width + measure.pad_x;
                    (start, width)
                });
                return (measure, rows, columns.collect());
            }
        }
    }

    /// For each column the width of its words and of its lines.
    fn wants(&self, table: &Table, rows: &[Cells], measure: Measure) -> Vec<(f32, f32)> {
        let bold = Look::new(Family::Bold, measure.size);
        let mut wants: Vec<(f32, f32)> = Vec::new();
        for (at, column) in table.columns.iter().enumerate() {
            let title = [self.prose(&column.title, bold)];
            let (_, mut least) = text::extent(&self.fonts, &title);
            let mut most = least;
            for cell in rows.iter().filter_map(|row| row.get(at)) {
                let (line, word) = text::extent(&self.fonts, cell);
                most = most.max(line);
                least = least.max(word);
            }
            // Long addresses may be broken; columns of short words may not.
            let cap = comfortable(column.kind) * measure.size / SIZES[0] - measure.pad_x * 2.0;
            let cap = match column.kind {
                ColumnKind::Text | ColumnKind::Code => cap,
                _ => cap.max(measure.size * 9.0),
            };
            wants.push((least.min(cap).max(8.0), most.max(8.0)));
        }
        wants
    }

    fn row(&self, cells: &[Vec<Piece>], columns: &[(f32, f32)]) -> Row {
        let cells: Vec<Vec<Line>> = cells
            .iter()
            .zip(columns)
            .map(|(cell, (_, width))| text::wrap(&self.fonts, cell, *width))
            .collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
        Row { cells, lines }
    }

    /// The head; on later pages it is decoration, read out once.
    fn head(&mut self, grid: &Grid<'_>, thead: Option<NodeId>) {
        let (y, height) = (self.y, grid.head.height(grid.measure));
        self.rect((MARGIN, y, grid.width, height), ink::PANEL);
        let tr = thead.map(|thead| self.node(thead, Tag::TR));
        for at in 0..grid.columns.len() {
            let th = tr.map(|tr| self.node(tr, Tag::TH(TableHeaderScope::Column)));
            self.lines_of(grid, &grid.head, at, 0..grid.head.lines, th);
        }
        self.y = y + height;
        let y = self.y;
        self.rule(MARGIN, y, grid.width, ink::MUTED, 0.8);
    }

    /// A row that stays together, unless it is longer than half a page.
    fn body_row(&mut self, grid: &Grid<'_>, row: &Row, parent: NodeId, is_total: bool) {
        let Measure { leading, pad_y, .. } = grid.measure;
        let whole = self.whole() - grid.head.height(grid.measure);
        let height = row.height(grid.measure);
        if self.left() < height && height < whole / 2.0 {
            self.next_page(grid);
        }
        let tr = self.node(parent, Tag::TR);
        let nodes: Vec<NodeId> = (0..row.cells.len())
            .map(|at| match at {
                0 => self.node(tr, Tag::TH(TableHeaderScope::Row)),
                _ => self.node(tr, Tag::TD),
            })
            .collect();
        if is_total {
            let y = self.y;
            self.rule(MARGIN, y, grid.width, ink::MUTED, 0.8);
        }
        let mut from = 0;
        while from < row.lines {
            let room = ((self.left() - pad_y * 2.0) / leading).floor();
            let fits = if room < 1.0 { 0 } else { room as usize };
            if fits == 0 {
                self.next_page(grid);
                // A page on which nothing fits below its head takes a line all the same.
            }
            let to = (from + fits.max(1)).min(row.lines);
            for (at, node) in nodes.iter().enumerate() {
                self.lines_of(grid, row, at, from..to, Some(*node));
            }
            self.y += (to - from) as f32 * leading + pad_y * 2.0;
            let y = self.y;
            self.rule(MARGIN, y, grid.width, ink::LINE, 0.5);
            from = to;
            if from < row.lines {
                self.next_page(grid);
            }
        }
    }

    fn next_page(&mut self, grid: &Grid<'_>) {
        self.new_page();
        self.head(grid, None);
    }

    /// Some lines of a cell, at the current place.
    fn lines_of(
        &mut self,
        grid: &Grid<'_>,
        row: &Row,
        at: usize,
        range: std::ops::Range<usize>,
        node: Option<NodeId>,
    ) {
        let (Some(lines), Some((x, width))) = (row.cells.get(at), grid.columns.get(at)) else {
            return;
        };
        let align = grid
            .table
            .columns
            .get(at)
            .map_or(Align::Left, |one| one.align);
        let lines = lines.iter().take(range.end).skip(range.start);
        for (n, line) in lines.enumerate() {
            let spare = (width - line.width).max(0.0);
            let x = match align {
                Align::Left => *x,
                Align::Center => x + spare / 2.0,
                Align::Right => x + spare,
            };
            let Measure {
                size,
                leading,
                pad_y,
                ..
            } = grid.measure;
            let baseline = self.y + pad_y + n as f32 * leading + size * 1.02;
            self.line(line.clone(), x, baseline, node);
        }
    }
}

impl Row {
    fn height(&self, measure: Measure) -> f32 {
        self.lines as f32 * measure.leading + measure.pad_y * 2.0
    }
}

/// Widths for columns that need and would like so much, together `room`.
fn share(wants: &[(f32, f32)], room: f32) -> Vec<f32> {
    let least: f32 = wants.iter().map(|(least, _)| least).sum();
    if least >= room {
        return wants
            .iter()
            .map(|(want, _)| want * room / least.max(1.0))
            .collect();
    }
    // A column that would like very much gets not more than the others together.
    let more = |(least, most): &(f32, f32)| (most - least).min(room).max(0.0).sqrt() * 10.0;
    let wish: f32 = wants.iter().map(more).sum();
    let mut widths: Vec<f32> = wants.iter().map(|(least, _)| *least).collect();
    let mut spare = room - least;
    // Those that need less than their part leave it to the others.
    for _ in 0..8 {
        let open = wants
            .iter()
            .zip(&widths)
            .filter(|((_, most), width)| most - **width > 0.1);
        let total: f32 = open.map(|(want, _)| more(want)).sum();
        if total <= 0.0 || spare <= 0.1 || wish <= 0.0 {
            break;
        }
        let mut used = 0.0;
        for (want, width) in wants.iter().zip(&mut widths) {
            let lacks = want.1 - *width;
            if lacks > 0.1 {
                let part = (spare * more(want) / total).min(lacks);
                *width += part;
                used += part;
            }
        }
        spare -= used;
    }
    // What nobody needs is spread, so that the table fills its width.
    let sum: f32 = widths.iter().sum();
    let extra = (room - sum).max(0.0) / widths.len().max(1) as f32;
    widths.iter().map(|width| width + extra).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fill_the_room_and_none_is_starved() {
        for (wants, room) in [
            (vec![(20.0, 30.0), (50.0, 2000.0), (50.0, 400.0)], 500.0),
            (vec![(20.0, 20.0), (20.0, 20.0)], 500.0),
            (vec![(300.0, 900.0), (300.0, 900.0)], 500.0),
        ] {
            let widths = share(&wants, room);
            let sum: f32 = widths.iter().sum();
            assert!((sum - room).abs() < 1.0, "{widths:?}");
            assert!(widths.iter().all(|width| *width >= 20.0), "{widths:?}");
        }
    }
}
