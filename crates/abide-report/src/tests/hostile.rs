//! Whatever text a scan holds, no format lets it out.

use abide_core::finding::{Finding, Outcome};
use abide_core::scan::Scan;
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value;

use crate::escape::is_hidden;
use crate::sample::{self, HOSTILE, show};
use crate::{Format, ReportOptions};

/// Anything, and what is meant to break out.
fn text() -> impl Strategy<Value = String> {
    let parts = prop::collection::vec(
        prop::sample::select(vec![
            "::error::x",
            "\n",
            "\r\n",
            " ",
            "##[error]",
            "`",
            "```",
            "~~~",
            "<b>",
            "</details>",
            "</sub>",
            "<!--",
            "-->",
            "]]>",
            "\u{1b}[2J",
            "\u{9b}",
            "\u{202e}",
            "\u{200b}",
            "\u{0}",
            "=1",
            "+",
            "-",
            "@a",
            ",",
            "\"",
            "'",
            "%0A",
            "[x](http://a.b)",
            "![x](y)",
            "http://a.b",
            "|",
            "# h",
            "- ",
            "1. ",
            "*",
            "_",
            "\\",
            "&lt;",
            "\t",
            "{0}",
            "<http://a.b>",
            "$x$",
            "é",
        ]),
        0..24,
    );
    prop_oneof![
        any::<String>(),
        parts.prop_map(|parts| parts.concat()),
        Just(HOSTILE.to_owned())
    ]
}

/// A scan with the text in every place, and each kind of finding.
fn scan(text: &str) -> Scan {
    let hostile = |outcome| Finding {
        outcome,
        waits_for: vec![text.to_owned(); 2],
        ..sample::hostile(text)
    };
    let excepted = Finding {
        exception: Some(sample::exception(text)),
        ..hostile(Outcome::Fail)
    };
    let known = Finding {
        in_baseline: true,
        ..hostile(Outcome::Fail)
    };
    let mut findings = vec![excepted, known];
    for outcome in [
        Outcome::Fail,
        Outcome::Unknown,
        Outcome::Error,
        Outcome::Pass,
    ] {
        findings.push(hostile(outcome));
    }
    // Enough places of one policy to be folded.
    for at in 0..6 {
        let mut more = hostile(Outcome::Fail);
        more.message = format!("{text}{at}");
        findings.push(more);
    }
    let mut scan = sample::of(findings);
    scan.inputs.push(scan.inputs[0].clone());
    scan.inputs[0].name = text.to_owned();
    scan.diagnostics[0].message = text.to_owned();
    scan.unchecked_types.insert(text.to_owned(), 3);
    let policy = &mut scan.policies[0];
    policy.title = text.to_owned();
    policy.why = text.to_owned();
    policy.references = vec![text.to_owned()];
    policy.labels = vec![text.to_owned()];
    scan
}

fn options() -> ReportOptions {
    ReportOptions {
        all_results: true,
        sarif_include_excepted: true,
        ..ReportOptions::default()
    }
}

/// Lines a runner could take for commands.
fn is_command(line: &str) -> bool {
    line.trim_start().starts_with("::") || line.contains("##[")
}

/// The text without the codes that colours are made of.
fn without_colours(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap();
        assert!(
            code.starts_with('[') && code.chars().skip(1).all(|c| c.is_ascii_digit() || c == ';')
        );
        out.push_str(rest);
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_terminal_only_gets_text(text in text(), width in prop::option::of(20usize..200)) {
        let scan = scan(&text);
        let plain = ReportOptions { width, ..options() };
        let coloured = ReportOptions { color: true, ..plain.clone() };
        let plain = show(&scan, Format::Human, plain);
        prop_assert!(plain.chars().all(|c| c == '\n' || !is_hidden(c)));
        prop_assert!(!plain.lines().any(is_command), "{}", plain);
        prop_assert_eq!(without_colours(&show(&scan, Format::Human, coloured)), plain);
    }

    #[test]
    fn only_our_commands_reach_the_runner(text in text()) {
        let out = show(&scan(&text), Format::Github, options());
        prop_assert!(out.chars().all(|c| c == '\n' || !is_hidden(c)));
        let commands = out.lines().filter(|line| is_command(line)).count();
        let ours = ["::error title=POL-", "::warning title=POL-", "::notice title=POL-"];
        let first = out.lines().take_while(|line| ours.iter().any(|head| line.starts_with(head)));
        prop_assert_eq!(first.count(), commands);
        prop_assert!(commands <= 30);
    }

    #[test]
    fn markdown_is_our_markup_only(text in text()) {
        let out = show(&scan(&text), Format::Markdown, options());
        prop_assert!(out.len() <= 60_000);
        // A suggestion has the tabs of the file.
        prop_assert!(out.chars().all(|c| matches!(c, '\n' | '\t') || !is_hidden(c)));
        prop_assert!(out.starts_with("## Policy Scan Results\n\n"));
        let mut last = String::new();
        for event in Parser::new_ext(&out, Options::all()) {
            match event {
                Event::Html(html) | Event::InlineHtml(html) => {
                    last = html.trim().to_owned();
                    let ours = ["<details><summary>", "</details>", "<sub>", "</sub>"];
                    prop_assert!(ours.iter().any(|tag| last.starts_with(tag)), "{}", last);
                    prop_assert!(last.matches('<').count() <= 4, "{}", last);
                }
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::FootnoteDefinition(_))
                | Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_)
                | Event::Rule => prop_assert!(false, "{out}"),
                _ => {}
            }
        }
        // Nothing has swallowed the end.
        prop_assert_eq!(last, "</sub>");
    }

    #[test]
    fn machines_read_back_what_went_in(text in text()) {
        let scan = scan(&text);
        for format in [Format::Json, Format::Sarif, Format::Gitlab] {
            let out = show(&scan, format, options());
            prop_assert!(out.chars().all(|c| c == '\n' || !is_hidden(c)));
            let value: Value = serde_json::from_str(&out).unwrap();
            if format == Format::Json {
                let results = value["results"].as_array().unwrap();
                prop_assert_eq!(results.len(), scan.findings.len());
                prop_assert_eq!(results[0]["message"].as_str(), Some(text.as_str()));
                prop_assert_eq!(results[0]["resource_address"].as_str(), Some(text.as_str()));
            }
        }
    }

    #[test]
    fn a_spreadsheet_only_gets_text(text in text()) {
        let scan = scan(&text);
        let out = show(&scan, Format::Csv, options());
        prop_assert_eq!(out.matches("\r\n").count(), scan.findings.len() + 1);
        let mut rows = 0;
        for row in ::csv::Reader::from_reader(out.as_bytes()).records() {
            let row = row.unwrap();
            rows += 1;
            prop_assert_eq!(row.len(), crate::csv::COLUMNS.len());
            for cell in &row {
                prop_assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']));
                prop_assert!(!cell.chars().any(is_hidden));
            }
        }
        prop_assert_eq!(rows, scan.findings.len());
    }

    #[test]
    fn xml_stays_well_formed(text in text()) {
        let scan = scan(&text);
        let out = show(&scan, Format::Junit, options());
        prop_assert!(out.chars().all(|c| c == '\n' || !is_hidden(c)));
        let mut reader = quick_xml::Reader::from_str(&out);
        let mut cases = 0;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                    cases += usize::from(tag.name().as_ref() == b"testcase");
                    for attribute in tag.attributes() {
                        attribute.unwrap();
                    }
                }
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        prop_assert_eq!(cases, scan.findings.len());
    }
}

#[test]
fn a_huge_name_is_shortened() {
    let scan = scan(&"`\u{202e}<a>".repeat(40_000));
    assert!(show(&scan, Format::Markdown, options()).len() <= 60_000);
    assert!(show(&scan, Format::Human, options()).len() < 400_000);
}
