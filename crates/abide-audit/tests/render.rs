//! What the formats look like, and that nobody's names come alive in them.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod common;

use std::collections::BTreeSet;

use abide_audit::document::*;
use abide_audit::render::{self, RenderError};
use common::{DIGEST, EMOJI, FORMULA, PIPES, SCRIPT, TURNED, sample};
use pulldown_cmark::{Event, Options, Parser, Tag};

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn markdown() {
    insta::assert_snapshot!(text(render::markdown::render(&sample()).unwrap()));
}

#[test]
fn csv() {
    insta::assert_snapshot!(text(render::csv::render(&sample()).unwrap()));
}

#[test]
fn a_document_is_plain_data() {
    let document = sample();
    let json = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<Document>(&json).unwrap(), document);
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let document = sample();
    for render in [
        render::markdown::render,
        render::html::render,
        render::csv::render,
        #[cfg(feature = "xlsx")]
        render::xlsx::render,
        #[cfg(feature = "pdf")]
        render::pdf::render,
    ] {
        let first = render(&document).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert!(first == render(&document).unwrap());
    }
}

/// What of a Markdown text is markup: HTML, addresses of links, cells of each table row.
fn markup(markdown: &str) -> (BTreeSet<String>, BTreeSet<String>, BTreeSet<String>) {
    let (mut html, mut links, mut rows) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut columns = 0;
    let mut cells = 0;
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM;
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Html(tag) | Event::InlineHtml(tag) => {
                html.insert(tag.trim().to_owned());
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.insert(dest_url.into_string());
            }
            Event::Start(Tag::Table(aligns)) => columns = aligns.len(),
            Event::Start(Tag::TableRow | Tag::TableHead) => cells = 0,
            Event::Start(Tag::TableCell) => cells += 1,
            Event::End(end) if format!("{end:?}").starts_with("TableRow") && cells != columns => {
                rows.insert(format!("{cells} of {columns}"));
            }
            _ => {}
        }
    }
    (html, links, rows)
}

#[test]
fn markdown_is_inert() {
    let page = text(render::markdown::render(&sample()).unwrap());
    let (html, links, rows) = markup(&page);
    let ours = |tag: &String| {
        let known = [
            "</a>",
            "<details><summary>The numbers</summary>",
            "</details>",
        ];
        tag.starts_with("<a name=\"s-")
            || known.contains(&&**tag)
            || ["<code>", "</code>", "<br>"].contains(&&**tag)
    };
    let foreign: Vec<&String> = html.iter().filter(|tag| !ours(tag)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    let away: Vec<&String> = links
        .iter()
        .filter(|link| !link.starts_with("#s-"))
        .collect();
    assert_eq!(
        away,
        ["https://git.example/payments/pull/417?tab=files&x=1"]
    );
    assert!(rows.is_empty(), "{rows:?}");
    assert!(!page.contains("@everyone"));
}

#[test]
fn csv_is_a_line_for_each_row_and_no_formula() {
    let bytes = render::csv::render(&sample()).unwrap();
    let lines = bytes.split(|byte| *byte == b'\n').count() - 1;
    let mut reader = ::csv::Reader::from_reader(&*bytes);
    assert_eq!(reader.headers().unwrap().iter().next(), Some("number"));
    let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), lines), (40, 41));
    for cell in rows.iter().flat_map(|row| row.iter()) {
        let number = cell.parse::<f64>().is_ok();
        assert!(number || !cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
    let cells: Vec<&str> = rows.iter().flat_map(|row| row.iter()).collect();
    assert!(cells.contains(&&*format!("'{FORMULA}")));
    assert!(cells.contains(&"2026-01-02T09:15:33Z"));
}

#[test]
fn csv_names_the_tables_there_are() {
    let document = Document {
        csv_table: Some("devations".to_owned()),
        ..sample()
    };
    let error = render::csv::render(&document).unwrap_err();
    assert!(matches!(error, RenderError::NoTable { .. }));
    assert!(
        error
            .to_string()
            .ends_with("it has: verdicts, missed, deviations, exceptions")
    );
}

/// The tags of a page in order, and its text; `<` stands only before tags.
fn tags(html: &str) -> (Vec<String>, String) {
    let (mut tags, mut words) = (Vec::new(), String::new());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        words.push_str(before);
        let (tag, after) = after.split_once('>').expect("a tag ends");
        tags.push(tag.to_owned());
        rest = after;
        let raw = ["style", "script"].into_iter().find(|name| tag == *name);
        if let Some(name) = raw {
            let end = rest.find(&format!("</{name}>")).unwrap();
            rest = &rest[end..];
        }
    }
    (tags, words + rest)
}

fn assert_well_formed(html: &str) -> Vec<String> {
    let (tags, words) = tags(html);
    assert!(!words.contains('>'));
    let mut open: Vec<&str> = Vec::new();
    for tag in &tags {
        let name = tag.split([' ', '\n']).next().unwrap();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{tag}"),
            None if tag.ends_with('/') || ["!doctype", "meta", "br"].contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    tags
}

#[test]
fn html_holds_only_our_markup() {
    let page = text(render::html::render(&sample()).unwrap());
    let tags = assert_well_formed(&page);
    let names: BTreeSet<&str> = tags
        .iter()
        .map(|tag| {
            tag.split([' ', '\n'])
                .next()
                .unwrap()
                .trim_start_matches('/')
        })
        .collect();
    let known = "!doctype a body br caption circle code dd desc details div dl dt figcaption figure \
                 footer h1 h2 h3 head header html li main meta nav ol p polyline pre rect script \
                 section small span strong style summary svg table tbody td text tfoot th thead time \
                 title tr ul";
    let known: BTreeSet<&str> = known.split_whitespace().collect();
    let foreign: Vec<_> = names.difference(&known).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert_eq!(tags.iter().filter(|tag| *tag == "script").count(), 1);
    let attributes: String = tags.join("\n");
    for never in [" on", " style=", " src=", "javascript:", "@import", "url("] {
        assert!(!attributes.contains(never), "{never}");
    }
    let addresses = |needle: &str| attributes.matches(needle).count();
    assert_eq!(addresses("href=\"http"), 1);
    assert_eq!(
        addresses("href=\"https://git.example/payments/pull/417?tab=files&amp;x=1\""),
        1
    );
    // All links within the page lead somewhere, and no name stands twice.
    let values = |name: &str| -> Vec<String> {
        let before = format!(" {name}=\"");
        let parts = attributes.split(&before).skip(1);
        parts
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect()
    };
    let ids = values("id");
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len());
    for link in values("href")
        .iter()
        .filter_map(|link| link.strip_prefix('#'))
    {
        assert!(ids.contains(&link.to_owned()), "{link}");
    }
    for label in values("aria-labelledby")
        .iter()
        .flat_map(|label| label.split(' '))
    {
        assert!(ids.contains(&label.to_owned()), "{label}");
    }
}

#[test]
fn html_lets_only_its_own_script_and_style_in() {
    use sha2::Digest as _;
    let page = text(render::html::render(&sample()).unwrap());
    let policy = page
        .split("content=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(policy.starts_with("default-src 'none'; base-uri 'none'; form-action 'none';"));
    for name in ["style", "script"] {
        let content = page.split(&format!("<{name}>")).nth(1).unwrap();
        let content = content.split(&format!("</{name}>")).next().unwrap();
        let digest = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            sha2::Sha256::digest(content),
        );
        assert!(
            policy.contains(&format!("{name}-src 'sha256-{digest}'")),
            "{name}"
        );
        assert!(!content.contains("://"), "{name}");
    }
    assert!(page.contains(&format!("content: \"SHA-256 {DIGEST}\"")));
}

#[test]
fn html_digest_of_a_liar_stays_out_of_the_style() {
    let document = Document {
        digest: "\"}</style><script>alert(1)</script>".to_owned(),
        ..sample()
    };
    let page = text(render::html::render(&document).unwrap());
    assert_well_formed(&page);
    assert!(page.contains("content: \"SHA-256 \";"));
}

#[test]
fn html_section() {
    let page = text(render::html::render(&sample()).unwrap());
    let part = |from: &str| {
        let start = page.find(&format!("aria-labelledby=\"{from}\"")).unwrap();
        let rest = &page[start..];
        &rest[..rest.find("</section>").unwrap()]
    };
    insta::assert_snapshot!(format!("{}\n{}", part("s-completeness"), part("s-cc6-6")));
}

#[test]
fn all_rows_are_there() {
    let document = common::large(1_000);
    let html = text(render::html::render(&document).unwrap());
    let markdown = text(render::markdown::render(&document).unwrap());
    for number in 1..=1_000 {
        let cell = format!(
            "data-v=\"{number}\">{}",
            if number == 1_000 { "1,000" } else { "" }
        );
        assert!(html.contains(&cell), "{number}");
    }
    assert!(html.contains("<small>1,000 rows</small>"));
    assert!(markdown.matches("\n| ").count() > 1_000);
}

#[cfg(feature = "xlsx")]
mod xlsx {
    use super::*;
    use calamine::{Data, Reader as _, Xlsx};

    fn workbook() -> Xlsx<std::io::Cursor<Vec<u8>>> {
        Xlsx::new(std::io::Cursor::new(
            render::xlsx::render(&sample()).unwrap(),
        ))
        .unwrap()
    }

    #[test]
    fn a_sheet_for_each_table() {
        let names = workbook().sheet_names();
        assert_eq!(
            names,
            [
                "report",
                "verdicts",
                "missed",
                "chart-posture",
                "chart-open",
                "chart-fix",
                "chart-weekly",
                "chart-controls",
                "deviations",
                "chart-in-force",
                "exceptions"
            ]
        );
    }

    #[test]
    fn cells_are_typed_and_none_is_a_formula() {
        let mut book = workbook();
        for name in book.sheet_names() {
            assert!(book.worksheet_formula(&name).unwrap().is_empty(), "{name}");
        }
        let sheet = book.worksheet_range("deviations").unwrap();
        assert_eq!(sheet.height(), 41);
        let row = sheet.rows().nth(10).unwrap();
        assert_eq!(row[0], Data::Float(10.0));
        assert_eq!(row[4], Data::String(FORMULA.to_owned()));
        let Data::DateTime(at) = &row[5] else {
            panic!("{:?}", row[5])
        };
        // 2026-01-10T09:15:33Z
        assert!((at.as_f64() - 46_032.385_798_6).abs() < 1e-6, "{at:?}");
        let sheet = book.worksheet_range("verdicts").unwrap();
        let share = sheet.get_value((1, 2)).unwrap();
        assert_eq!(*share, Data::Float(81_900.0 / 82_900.0));
        assert_eq!(sheet.get_value((8, 1)), Some(&Data::Float(82_900.0)));
    }

    #[test]
    fn a_text_that_looks_like_a_formula_keeps_its_quote() {
        let styles = {
            let bytes = render::xlsx::render(&sample()).unwrap();
            let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
            std::io::read_to_string(zip.by_name("xl/styles.xml").unwrap()).unwrap()
        };
        assert!(styles.contains("quotePrefix=\"1\""));
    }
}

#[cfg(feature = "pdf")]
mod pdf {
    use super::*;

    fn pages(bytes: &[u8]) -> Vec<String> {
        let file = lopdf::Document::load_mem(bytes).unwrap();
        let numbers: Vec<u32> = file.get_pages().keys().copied().collect();
        numbers
            .iter()
            .map(|number| file.extract_text(&[*number]).unwrap().replace('\n', ""))
            .collect()
    }

    #[test]
    fn every_page_has_its_number_and_the_digest() {
        let pages = pages(&render::pdf::render(&sample()).unwrap());
        assert_eq!(pages.len(), 10);
        for (page, number) in pages.iter().zip(1..) {
            assert!(page.contains(DIGEST), "{number}: {page}");
            assert!(page.contains(&format!("Page {number} of 10")), "{number}");
        }
    }

    #[test]
    fn the_contents_tell_the_truth() {
        let bytes = render::pdf::render(&sample()).unwrap();
        let pages = pages(&bytes);
        let (_, contents) = pages[0].split_once("Contents").unwrap();
        let contents: String = contents.split_whitespace().collect();
        let file = lopdf::Document::load_mem(&bytes).unwrap();
        for entry in file.get_toc().unwrap().toc {
            assert!(
                pages[entry.page - 1].contains(&entry.title),
                "{}",
                entry.title
            );
            let verdict = ["PASS", "FAIL", "UNKNOWN", ""].into_iter().find(|verdict| {
                let title: String = entry.title.split_whitespace().collect();
                contents.contains(&format!("{title}{verdict}{}", entry.page))
            });
            assert!(verdict.is_some(), "{}: {contents}", entry.title);
        }
    }

    #[test]
    fn it_is_tagged_and_has_bookmarks() {
        let bytes = render::pdf::render(&sample()).unwrap();
        let file = lopdf::Document::load_mem(&bytes).unwrap();
        let catalog = file.catalog().unwrap();
        assert!(catalog.has(b"StructTreeRoot"));
        assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), b"en");
        let toc = file.get_toc().unwrap();
        let titles: Vec<(&str, usize)> = toc
            .toc
            .iter()
            .map(|entry| (&*entry.title, entry.page))
            .collect();
        assert_eq!(titles.len(), 9);
        assert_eq!(titles[0], ("Summary by control", 2));
        assert_eq!(titles[8].1, 10);
        let metadata = file
            .get_object(catalog.get(b"Metadata").unwrap().as_reference().unwrap())
            .unwrap();
        let metadata = metadata.as_stream().unwrap();
        let xmp = String::from_utf8_lossy(&metadata.content).into_owned();
        assert!(
            xmp.contains("<pdfaid:part>2</pdfaid:part>") || xmp.contains("pdfaid:part=\"2\""),
            "{xmp}"
        );
        assert!(xmp.contains("pdfuaid:part"));
    }

    #[test]
    fn nothing_is_left_out() {
        let pages = pages(&render::pdf::render(&sample()).unwrap()).concat();
        let squeezed: String = pages.chars().filter(|c| !c.is_whitespace()).collect();
        let has = |text: &str| {
            let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            squeezed.contains(&text)
        };
        assert!(has(SCRIPT) && has(FORMULA) && has(PIPES));
        // What the fonts do not have is written out; signs stay themselves.
        assert!(has(r"invoice\u{202e}gpj.exe\u{200b}\u{feff}"), "{TURNED}");
        assert!(
            has(r"\u{1f680}") && has(r"\u{65e5}\u{672c}\u{8a9e}") && has("→"),
            "{EMOJI}"
        );
        assert!(has(&common::long_address()[..90]));
        let rows = pages.matches("Port ").count();
        assert!(rows > 30, "{rows}");
    }

    #[test]
    fn a_row_longer_than_a_page_goes_on() {
        let word = "endless_";
        let table = Table {
            id: "long".to_owned(),
            caption: "Long".to_owned(),
            columns: vec![
                Column::new("a", "A", ColumnKind::Code),
                Column::new("b", "B", ColumnKind::Number),
            ],
            rows: vec![vec![Cell::Code(word.repeat(9_000)), Cell::Integer(1)]],
            ..Table::default()
        };
        let document = Document {
            sections: vec![Section {
                blocks: vec![Block::Table(table), Block::Code("x\n".repeat(300))],
                ..Section::new("one", "One")
            }],
            ..Document::default()
        };
        let pages = pages(&render::pdf::render(&document).unwrap());
        assert!(pages.len() > 5, "{}", pages.len());
        let text: String = pages
            .concat()
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        assert_eq!(text.matches(word).count(), 9_000);
    }

    #[test]
    fn an_empty_document_is_a_page_or_two() {
        assert!(pages(&render::pdf::render(&Document::default()).unwrap()).len() <= 2);
    }
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    fn document(text: &str, number: i64) -> Document {
        let mut document = sample();
        document.title = text.to_owned();
        document.subtitle = text.to_owned();
        document.facts = vec![Fact::new(text, Cell::Url(text.to_owned()))];
        let inline = Inline(vec![
            Span::Text(text.to_owned()),
            Span::Code(text.to_owned()),
            Span::Strong(text.to_owned()),
            Span::Link {
                text: text.to_owned(),
                section: "odd".to_owned(),
            },
        ]);
        document.sections.truncate(1);
        document.sections[0] = Section {
            blocks: vec![
                Block::Paragraph(inline.clone()),
                Block::Notice {
                    kind: NoticeKind::Note,
                    text: inline,
                },
                Block::Code(text.to_owned()),
                Block::Table(Table {
                    id: text.to_owned(),
                    caption: text.to_owned(),
                    columns: vec![
                        Column::new(text, text, ColumnKind::Text),
                        Column::new(text, text, ColumnKind::Code),
                        Column::new(text, text, ColumnKind::Number),
                    ],
                    rows: vec![
                        vec![
                            Cell::Text(text.to_owned()),
                            Cell::Code(text.to_owned()),
                            Cell::Days(number),
                        ],
                        vec![
                            Cell::List(vec![text.to_owned(); 2]),
                            Cell::Time(number),
                            Cell::Integer(number),
                        ],
                    ],
                    ..Table::default()
                }),
                Block::Chart(Chart {
                    id: text.to_owned(),
                    title: text.to_owned(),
                    summary: text.to_owned(),
                    data: ChartData::Lines {
                        unit: Unit::Days,
                        times: vec![number, number.saturating_add(1), i64::MAX],
                        series: vec![Series {
                            name: text.to_owned(),
                            tone: Tone::Plain(u8::MAX),
                            values: vec![Some(f64::MAX), Some(f64::NAN), Some(-1.0)],
                        }],
                    },
                }),
            ],
            ..Section::new("odd", text)
        };
        document.csv_table = None;
        document
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_breaks_a_format(text in "[<>&\"'`|\\[\\]()*_#=+@!\\-\\\\ \n\r\t\u{0}\u{1b}\u{202e}\u{feff}\u{fffe}\u{e000}é日🚀✅a-c0-9]{0,60}", number in any::<i64>()) {
            let document = document(&text, number);
            let html = super::text(render::html::render(&document).unwrap());
            assert_well_formed(&html);
            let (tags, links, rows) = markup(&super::text(render::markdown::render(&document).unwrap()));
            prop_assert!(tags.iter().all(|tag| ["<a name", "</a>", "<details>", "</details>", "<code>", "</code>", "<br>"].iter().any(|ours| tag.starts_with(ours))), "{tags:?}");
            prop_assert!(links.iter().all(|link| link.starts_with("#s-") || link.starts_with("https://")), "{links:?}");
            prop_assert!(rows.is_empty(), "{rows:?}");
            let csv = render::csv::render(&document).unwrap();
            prop_assert_eq!(::csv::Reader::from_reader(&*csv).records().count(), 2);
            #[cfg(feature = "xlsx")]
            render::xlsx::render(&document).unwrap();
            #[cfg(feature = "pdf")]
            render::pdf::render(&document).unwrap();
        }
    }
}
