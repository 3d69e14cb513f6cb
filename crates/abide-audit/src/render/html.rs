//! One HTML file that loads nothing: styles, charts and a script for sorting and filtering are
//! in it, and a Content-Security-Policy with their digests lets nothing else in.
//!
//! The script is the same in every report and reads only the text of cells. Without it, and on
//! paper, every row is there.

mod svg;
mod table;

use std::fmt::Write as _;

use abide_report::escape::{lines, prose, visible};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::{Result, check, scene, words};
use crate::document::{Block, Cell, Chart, Document, Fact, Inline, Section, Span, Verdict};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/table.js");

/// The whole file.
///
/// # Errors
/// If the document does not fit together.
pub fn render(document: &Document) -> Result<Vec<u8>> {
    check(document)?;
    let mut page = Page::default();
    page.whole(document);
    Ok(page.out.into_bytes())
}

/// The text of a page so far. Everything that is not ours enters through [`Page::text`],
/// [`Page::code`] or [`Page::name`].
#[derive(Default)]
struct Page {
    out: String,
}

impl Page {
    /// Markup of ours.
    fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// Words of anybody.
    fn text(&mut self, text: &str) {
        escape(&mut self.out, &prose(text));
    }

    /// Exact text of anybody.
    fn code(&mut self, text: &str) {
        escape(&mut self.out, &visible(text));
    }

    /// A name for links, made so that different ids stay different.
    fn name(&mut self, kind: &str, id: &str) {
        self.out.push_str(kind);
        for byte in id.bytes() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' => self.out.push(char::from(byte)),
                // Writing to a string cannot fail.
                other => drop(write!(self.out, "_{other:02x}")),
            }
        }
    }

    fn whole(&mut self, document: &Document) {
        let style = format!("{STYLE}{}", page_foot(document));
        self.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        self.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
        self.raw("base-uri 'none'; form-action 'none'; style-src 'sha256-");
        self.raw(&digest(&style));
        self.raw("'; script-src 'sha256-");
        self.raw(&digest(SCRIPT));
        self.raw("'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
        self.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        self.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
        self.text(&document.title);
        self.raw("</title>\n<style>");
        self.raw(&style);
        self.raw("</style>\n</head>\n<body>\n");
        self.raw("<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
        self.cover(document);
        self.raw("<div class=\"body\">\n");
        self.contents(document);
        self.raw("<main id=\"main\">\n");
        for section in &document.sections {
            self.section(section, 0);
        }
        self.raw("</main>\n</div>\n<footer>");
        self.foot(document);
        self.raw("</footer>\n<script>");
        self.raw(SCRIPT);
        self.raw("</script>\n</body>\n</html>\n");
    }

    fn cover(&mut self, document: &Document) {
        self.raw("<header>\n<h1>");
        self.text(&document.title);
        self.raw("</h1>\n");
        if !document.subtitle.is_empty() {
            self.raw("<p class=\"subtitle\">");
            self.text(&document.subtitle);
            self.raw("</p>\n");
        }
        self.facts(&document.facts);
        self.raw("<p class=\"digest\">");
        self.raw(words::DIGEST);
        self.raw(": <code>");
        self.code(&document.digest);
        self.raw("</code></p>\n</header>\n");
    }

    fn foot(&mut self, document: &Document) {
        self.raw("<p>Made by ");
        self.text(&document.made_by);
        self.raw(" at ");
        self.time(document.made_at);
        self.raw(". ");
        self.raw(words::DIGEST);
        self.raw(": <code>");
        self.code(&document.digest);
        self.raw("</code>.</p>");
    }

    fn contents(&mut self, document: &Document) {
        self.raw("<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">Contents</h2>\n");
        self.entries(&document.sections, 0);
        self.raw("</nav>\n");
    }

    fn entries(&mut self, sections: &[Section], depth: usize) {
        if sections.is_empty() || depth > 1 {
            return;
        }
        self.raw("<ol>\n");
        for section in sections {
            self.raw("<li><a href=\"#");
            self.name("s-", &section.id);
            self.raw("\">");
            self.text(&section.title);
            self.raw("</a>");
            if let Some(verdict) = section.verdict {
                self.raw(" ");
                self.verdict(verdict, words::verdict(verdict));
            }
            self.entries(&section.sections, depth + 1);
            self.raw("</li>\n");
        }
        self.raw("</ol>\n");
    }

    fn section(&mut self, section: &Section, depth: usize) {
        // A turned page is for the whole section, so that its heading is not left behind.
        let wide = section.blocks.iter().any(|block| match block {
            Block::Table(table) => table::is_wide(table),
            _ => false,
        });
        self.raw(match (section.new_page, wide) {
            (true, true) => "<section class=\"new-page wide\" aria-labelledby=\"",
            (true, false) => "<section class=\"new-page\" aria-labelledby=\"",
            (false, true) => "<section class=\"wide\" aria-labelledby=\"",
            (false, false) => "<section aria-labelledby=\"",
        });
        self.name("s-", &section.id);
        let level = (depth + 2).min(6);
        self.raw(&format!("\">\n<h{level} id=\""));
        self.name("s-", &section.id);
        self.raw("\">");
        self.text(&section.title);
        if let Some(verdict) = section.verdict {
            self.raw(" <span class=\"dash\">—</span> ");
            self.verdict(verdict, words::verdict(verdict));
        }
        self.raw(&format!("</h{level}>\n"));
        for block in &section.blocks {
            self.block(block);
        }
        for part in &section.sections {
            self.section(part, depth + 1);
        }
        self.raw("</section>\n");
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Paragraph(text) => self.wrapped("p", text),
            Block::Facts(facts) => self.facts(facts),
            Block::Table(table) => self.table(table, "t-"),
            Block::Chart(chart) => self.chart(chart),
            Block::List { ordered, items } => {
                let tag = if *ordered { "ol" } else { "ul" };
                self.raw(&format!("<{tag}>\n"));
                for item in items {
                    self.wrapped("li", item);
                }
                self.raw(&format!("</{tag}>\n"));
            }
            Block::Notice { kind, text } => {
                let word = words::notice(*kind);
                let class = word.to_lowercase();
                self.raw(&format!(
                    "<p class=\"notice {class}\" role=\"note\"><strong>{word}:</strong> "
                ));
                self.inline(text);
                self.raw("</p>\n");
            }
            Block::Code(text) => {
                self.raw("<pre tabindex=\"0\"><code>");
                for line in lines(text) {
                    escape(&mut self.out, &line);
                    self.raw("\n");
                }
                self.raw("</code></pre>\n");
            }
        }
    }

    fn wrapped(&mut self, tag: &str, text: &Inline) {
        self.raw(&format!("<{tag}>"));
        self.inline(text);
        self.raw(&format!("</{tag}>\n"));
    }

    fn inline(&mut self, text: &Inline) {
        for span in &text.0 {
            match span {
                Span::Text(text) => spaced(self, text, Self::text),
                Span::Strong(text) => {
                    self.raw("<strong>");
                    self.text(text);
                    self.raw("</strong>");
                }
                Span::Code(text) => {
                    self.raw("<code>");
                    self.code(text);
                    self.raw("</code>");
                }
                Span::Verdict(verdict) => self.verdict(*verdict, words::verdict(*verdict)),
                Span::Link { text, section } => self.link(text, section),
            }
        }
    }

    fn link(&mut self, text: &str, section: &str) {
        self.raw("<a href=\"#");
        self.name("s-", section);
        self.raw("\">");
        self.text(text);
        self.raw("</a>");
    }

    fn facts(&mut self, facts: &[Fact]) {
        if facts.is_empty() {
            return;
        }
        self.raw("<dl>\n");
        for fact in facts {
            self.raw("<div><dt>");
            self.text(&fact.name);
            self.raw("</dt><dd>");
            self.cell(&fact.value);
            self.raw("</dd></div>\n");
        }
        self.raw("</dl>\n");
    }

    fn cell(&mut self, cell: &Cell) {
        match cell {
            Cell::Text(text) => self.text(text),
            Cell::Code(text) => {
                self.raw("<code>");
                self.code(text);
                self.raw("</code>");
            }
            Cell::List(values) => {
                for (at, value) in values.iter().enumerate() {
                    self.raw(if at > 0 { "<br>" } else { "" });
                    self.text(value);
                }
            }
            Cell::Time(ms) => self.time(*ms),
            Cell::Verdict(verdict) => self.verdict(*verdict, verdict.as_str()),
            Cell::Severity(severity) => {
                let word = severity.as_str();
                self.raw(&format!("<span class=\"severity {word}\">{word}</span>"));
            }
            Cell::Url(url) if words::is_web(url) => {
                self.raw("<a rel=\"noreferrer noopener\" href=\"");
                self.code(url);
                self.raw("\">");
                self.code(url);
                self.raw("</a>");
            }
            Cell::Url(url) => self.code(url),
            Cell::Link { text, section } => self.link(text, section),
            Cell::Empty
            | Cell::Integer(_)
            | Cell::Decimal { .. }
            | Cell::Percent { .. }
            | Cell::Date(_)
            | Cell::Days(_)
            | Cell::Bool(_) => self.text(&words::plain(cell)),
        }
    }

    fn time(&mut self, ms: i64) {
        let iso = words::iso(ms);
        self.raw(&format!(
            "<time datetime=\"{iso}\">{}</time>",
            words::time(ms)
        ));
    }

    fn verdict(&mut self, verdict: Verdict, word: &str) {
        let (class, sign) = match verdict {
            Verdict::Pass => ("pass", "✓"),
            Verdict::Fail => ("fail", "✗"),
            Verdict::Excepted => ("excepted", "!"),
            Verdict::Unknown | Verdict::Incomplete => ("unknown", "?"),
            Verdict::NotApplicable => ("na", "–"),
            Verdict::NotScanned | Verdict::NotTested => ("none", "○"),
        };
        self.raw(&format!(
            "<span class=\"verdict {class}\"><span aria-hidden=\"true\">{sign}</span> {word}</span>"
        ));
    }

    fn chart(&mut self, chart: &Chart) {
        self.raw("<figure>\n<figcaption>");
        self.text(&chart.title);
        self.raw("</figcaption>\n");
        for (at, scene) in scene::scenes(chart, usize::MAX).iter().enumerate() {
            self.raw("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"");
            self.text(&chart.title);
            self.raw("\">\n");
            let mut id = Self::default();
            id.name("c-", &format!("{}-{at}", chart.id));
            self.svg(scene, &id.out, &chart.title, &chart.summary);
            self.raw("</div>\n");
        }
        if !chart.summary.is_empty() {
            self.raw("<p class=\"summary\">");
            self.text(&chart.summary);
            self.raw("</p>\n");
        }
        self.raw("<details><summary>The numbers</summary>\n");
        let mut numbers = scene::data::table(chart);
        numbers.note = None;
        self.table(&numbers, "d-");
        self.raw("</details>\n</figure>\n");
    }
}

/// Words between other spans keep the spaces at their ends, which [`prose`] drops.
fn spaced(page: &mut Page, text: &str, write: fn(&mut Page, &str)) {
    if text.starts_with(char::is_whitespace) {
        page.raw(" ");
    }
    write(page, text);
    if text.ends_with(char::is_whitespace) && !text.trim().is_empty() {
        page.raw(" ");
    }
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

/// Digest and page numbers at the foot of printed pages; only a real digest gets into a style.
fn page_foot(document: &Document) -> String {
    let digest = match document.digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => document.digest.as_str(),
        false => "",
    };
    format!(
        "@page {{ @bottom-left {{ content: \"SHA-256 {digest}\"; font: 7pt monospace; color: #555; }} \
         @bottom-right {{ content: \"Page \" counter(page) \" of \" counter(pages); \
         font: 8pt sans-serif; color: #555; }} }}\n"
    )
}
