//! GitHub flavoured Markdown. Names and reasons are inert: no markup, link or mention of theirs
//! comes alive, in tables neither.

use std::fmt::Write as _;

use abide_report::escape::{lines, markdown, markdown_code, markdown_fence, visible};

use super::{Result, check, scene, words};
use crate::document::{
    Align, Block, Cell, Chart, Document, Fact, Inline, NoticeKind, Section, Span, Table, Verdict,
};

/// The whole text.
///
/// # Errors
/// If the document does not fit together.
pub fn render(document: &Document) -> Result<Vec<u8>> {
    check(document)?;
    let mut out = format!("# {}\n\n", markdown(&document.title));
    if !document.subtitle.is_empty() {
        put(&mut out, &markdown(&document.subtitle));
    }
    facts(&mut out, &document.facts);
    let digest = markdown_code(&document.digest);
    put(&mut out, &format!("{}: {digest}", words::DIGEST));
    let made_by = markdown(&document.made_by);
    let made_at = words::time(document.made_at);
    put(&mut out, &format!("Made by {made_by} at {made_at}."));
    contents(&mut out, document);
    for one in &document.sections {
        section(&mut out, one, 0);
    }
    let text = out.trim_end();
    Ok(format!("{text}\n").into_bytes())
}

/// A block and the empty line after it.
fn put(out: &mut String, text: &str) {
    out.push_str(text);
    out.push_str("\n\n");
}

fn contents(out: &mut String, document: &Document) {
    for (depth, section) in document.each_section().filter(|(depth, _)| *depth < 2) {
        let verdict = section
            .verdict
            .map(|verdict| format!(" — {}", badge(verdict)));
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{}- [{}](#{}){}",
            "  ".repeat(depth),
            markdown(&section.title),
            anchor(&section.id),
            verdict.unwrap_or_default()
        );
    }
    out.push('\n');
}

/// A name for links of letters that no Markdown changes.
fn anchor(id: &str) -> String {
    let mut out = "s-".to_owned();
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' => out.push(char::from(byte)),
            other => drop(write!(out, ".{other:02x}")),
        }
    }
    out
}

fn section(out: &mut String, one: &Section, depth: usize) {
    put(out, &format!("<a name=\"{}\"></a>", anchor(&one.id)));
    let hashes = "#".repeat((depth + 2).min(6));
    let verdict = one.verdict.map(|verdict| format!(" — {}", badge(verdict)));
    let title = markdown(&one.title);
    put(
        out,
        &format!("{hashes} {title}{}", verdict.unwrap_or_default()),
    );
    for block in &one.blocks {
        self::block(out, block);
    }
    for part in &one.sections {
        section(out, part, depth + 1);
    }
}

fn badge(verdict: Verdict) -> String {
    format!("{} {}", sign(verdict), words::verdict(verdict))
}

fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Fail => "❌",
        Verdict::Excepted => "🔶",
        Verdict::Unknown | Verdict::Incomplete => "⚠️",
        Verdict::NotApplicable => "➖",
        Verdict::NotScanned | Verdict::NotTested => "⬜",
    }
}

fn block(out: &mut String, block: &Block) {
    match block {
        Block::Paragraph(text) => put(out, &line(&inline(text))),
        Block::Facts(list) => facts(out, list),
        Block::Table(table) => self::table(out, table),
        Block::Chart(chart) => self::chart(out, chart),
        Block::List { ordered, items } => {
            for (number, item) in (1..).zip(items) {
                let _ = match ordered {
                    true => writeln!(out, "{number}. {}", line(&inline(item))),
                    false => writeln!(out, "- {}", line(&inline(item))),
                };
            }
            out.push('\n');
        }
        Block::Notice { kind, text } => {
            let kind = match kind {
                NoticeKind::Note => "NOTE",
                NoticeKind::Warning => "WARNING",
                NoticeKind::Problem => "CAUTION",
            };
            put(out, &format!("> [!{kind}]\n> {}", line(&inline(text))));
        }
        Block::Code(text) => {
            let fence = markdown_fence(text);
            let text: Vec<_> = lines(text).collect();
            put(out, &format!("{fence}text\n{}\n{fence}", text.join("\n")));
        }
    }
}

/// The start of a line, where `-`, `+`, `#`, `=` and `1.` would begin something.
fn line(text: &str) -> String {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.len() < text.len() && digits.starts_with(['.', ')']);
    match text.chars().next() {
        Some('-' | '+' | '#' | '=' | ':') => format!("\\{text}"),
        _ if numbered => {
            let (number, rest) = text
                .split_at_checked(text.len() - digits.len())
                .unwrap_or(("", text));
            format!("{number}\\{rest}")
        }
        _ => text.to_owned(),
    }
}

fn inline(text: &Inline) -> String {
    let spans = text.0.iter().map(|span| match span {
        Span::Text(text) => {
            let (before, after) = (
                text.starts_with(char::is_whitespace),
                text.ends_with(char::is_whitespace) && !text.trim().is_empty(),
            );
            let space = |yes| if yes { " " } else { "" };
            format!("{}{}{}", space(before), markdown(text), space(after))
        }
        Span::Strong(text) => format!("**{}**", markdown(text)),
        Span::Code(text) => markdown_code(text),
        Span::Verdict(verdict) => badge(*verdict),
        Span::Link { text, section } => format!("[{}](#{})", markdown(text), anchor(section)),
    });
    let text: String = spans.collect();
    text.trim().to_owned()
}

fn facts(out: &mut String, facts: &[Fact]) {
    if facts.is_empty() {
        return;
    }
    out.push_str("| | |\n|:--|:--|\n");
    for fact in facts {
        let _ = writeln!(out, "| {} | {} |", markdown(&fact.name), cell(&fact.value));
    }
    out.push('\n');
}

fn table(out: &mut String, table: &Table) {
    put(out, &format!("**{}**", markdown(&table.caption)));
    match table.rows.is_empty() {
        true => {
            let empty = if table.empty.is_empty() {
                "None."
            } else {
                &table.empty
            };
            put(out, &line(&markdown(empty)));
        }
        false => rows(out, table),
    }
    if let Some(note) = &table.note {
        put(out, &line(&markdown(note)));
    }
}

fn rows(out: &mut String, table: &Table) {
    let heads = table.columns.iter().map(|column| match &*column.title {
        "" => " ".to_owned(),
        title => markdown(title),
    });
    row(out, heads);
    let aligns = table.columns.iter().map(|column| match column.align {
        Align::Left => ":--".to_owned(),
        Align::Center => ":-:".to_owned(),
        Align::Right => "--:".to_owned(),
    });
    row(out, aligns);
    for one in &table.rows {
        row(out, one.iter().map(cell));
    }
    if let Some(total) = &table.total {
        row(
            out,
            total.iter().map(|one| match one {
                Cell::Empty => String::new(),
                one => format!("**{}**", cell(one)),
            }),
        );
    }
    out.push('\n');
}

fn row(out: &mut String, cells: impl Iterator<Item = String>) {
    out.push('|');
    for cell in cells {
        let _ = write!(out, " {cell} |");
    }
    out.push('\n');
}

/// A value in a table, where `|` ends a cell even in a code span.
fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Code(text) if text.contains('|') => {
            let text = markdown(&visible(text)).replace("\\|", "&#124;");
            format!("<code>{text}</code>")
        }
        Cell::Code(text) => markdown_code(text),
        Cell::List(values) => {
            let values: Vec<String> = values.iter().map(|value| markdown(value)).collect();
            values.join("<br>")
        }
        Cell::Verdict(verdict) => format!("{} {}", sign(*verdict), verdict.as_str()),
        Cell::Url(url) if words::is_web(url) => format!("<{}>", url.replace('|', "%7C")),
        Cell::Link { text, section } => format!("[{}](#{})", markdown(text), anchor(section)),
        other => markdown(&words::plain(other)),
    }
}

/// Markdown has no pictures of its own: the numbers, folded away.
fn chart(out: &mut String, chart: &Chart) {
    put(out, &format!("**{}**", markdown(&chart.title)));
    put(out, &line(&markdown(&chart.summary)));
    let numbers = scene::data::table(chart);
    if !numbers.rows.is_empty() {
        put(out, "<details><summary>The numbers</summary>");
        rows(out, &numbers);
        put(out, "</details>");
    }
}
