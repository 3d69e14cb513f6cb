//! Control ids as text: parsing, order, and what is said about a wrong one.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;

use abide_controls::{Catalogue, ControlId, Edition, Framework};
use proptest::prelude::*;

fn id(text: &str) -> ControlId {
    text.parse().unwrap()
}

fn error(text: &str) -> String {
    text.parse::<ControlId>().unwrap_err().to_string()
}

#[test]
fn a_framework_is_known_by_its_name_and_its_label() {
    for (text, expected) in [
        ("soc2", Framework::Soc2),
        ("SOC2", Framework::Soc2),
        ("pci-dss", Framework::PciDss),
        ("cis-aws", Framework::CisAws),
        ("cis", Framework::CisAws),
    ] {
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }
    for framework in Framework::ALL {
        assert_eq!(framework.to_string().parse(), Ok(framework));
        assert!(framework.current_edition().is_current());
        assert_eq!(
            framework.editions().next_back(),
            Some(framework.current_edition())
        );
    }
    let unknown = |text: &str| text.parse::<Framework>().unwrap_err().to_string();
    assert_eq!(
        unknown("pci"),
        "unknown framework `pci` (known: `soc2`, `pci-dss` and `cis-aws`), did you mean `pci-dss`?"
    );
    assert!(unknown("soc-2").contains("did you mean `soc2`?"));
    assert_eq!(
        unknown("hipaa"),
        "unknown framework `hipaa` (known: `soc2`, `pci-dss` and `cis-aws`)"
    );
}

#[test]
fn an_id_has_its_parts() {
    let control = id("soc2-2017:CC6.1:key-protection");
    assert_eq!(
        (
            control.framework(),
            control.edition().version(),
            control.number()
        ),
        (Framework::Soc2, "2017", "CC6.1:key-protection")
    );
    assert_eq!(id("pci-dss-4.0.1:1.3.1").edition().title(), "PCI DSS 4.0.1");
    assert_eq!(
        "cis-aws-7.0.0".parse::<Edition>().map(|e| e.to_string()),
        Ok("cis-aws-7.0.0".to_owned())
    );
}

#[test]
fn a_wrong_id_is_explained() {
    for (text, expected) in [
        (
            "",
            "`` is not a control id: expected `<framework>-<edition>:<number>`, as in `pci-dss-4.0.1:1.3.1`",
        ),
        (
            "CC6.1",
            "as in `pci-dss-4.0.1:1.3.1`, did you mean `soc2-2017:CC6.1`?",
        ),
        ("SOC2-CC6.1", "did you mean `soc2-2017:CC6.1`?"),
        (
            "PCI-DSS-3.4",
            "did you mean `pci-dss-4.0.1:3.5.1` or `pci-dss-4.0.1:3.5.1.2`?",
        ),
        ("1.3.1", "did you mean `pci-dss-4.0.1:1.3.1`?"),
        (
            "2.1.1",
            "did you mean `pci-dss-4.0.1:2.1.1` or `cis-aws-7.0.0:2.1.1`?",
        ),
        ("soc2-cc6.1", "did you mean `soc2-2017:CC6.1`?"),
        ("pci-dss-4.0.1-1.3.1", "did you mean `pci-dss-4.0.1:1.3.1`?"),
        (
            "cis-aws:6.3",
            "`cis-aws` names no edition of cis-aws: numbers change between editions; the current one is `cis-aws-7.0.0`",
        ),
        (
            "cis-aws-7.0:6.3",
            "unknown edition `7.0` of cis-aws (known: `1.4.0`, `1.5.0`, `2.0.0`, `3.0.0`, `4.0.0`, `5.0.0`, `6.0.0` and `7.0.0`), did you mean `7.0.0`?",
        ),
        (
            "pci-4.0.1:1.3.1",
            "unknown framework `pci` (known: `soc2`, `pci-dss` and `cis-aws`), did you mean `pci-dss`?",
        ),
        ("iso-27001:5.1", "unknown framework `iso` (known:"),
        (
            "soc2-2017:cc6.1",
            "`cc6.1` is not the number of a soc2 criterion, which looks like `CC6.1`, did you mean `CC6.1`?",
        ),
        (
            "soc2-2017:CC6.1:",
            "`CC6.1:` is not the number of a soc2 criterion",
        ),
        (
            "cis-aws-7.0.0:6.03",
            "`6.03` is not the number of a cis-aws recommendation, which looks like `6.3`",
        ),
        (
            "pci-dss-4.0.1:1.3.1\u{1b}[31m",
            "`1.3.1\\u{1b}[31m` is not the number of a pci-dss requirement",
        ),
    ] {
        let error = error(text);
        assert!(
            error.contains(expected),
            "{error}\nshould contain\n{expected}"
        );
    }
    assert!(error(&"x".repeat(100_000)).len() < 300);
}

#[test]
fn an_unknown_control_is_explained() {
    let unknown = |text: &str| {
        Catalogue::builtin()
            .require(&id(text))
            .unwrap_err()
            .to_string()
    };
    for (text, expected) in [
        (
            "pci-dss-4.0.1:3.4",
            "PCI DSS 4.0.1 has no requirement `3.4`, did you mean `pci-dss-4.0.1:3.4.1` or `pci-dss-4.0.1:3.4.2`?",
        ),
        (
            "pci-dss-4.0.1:1.3.9",
            "did you mean `pci-dss-4.0.1:1.3.1`, `pci-dss-4.0.1:1.3.2` or `pci-dss-4.0.1:1.3.3`?",
        ),
        ("soc2-2017:CC6.1:encrypt", "`soc2-2017:CC6.1:encryption`"),
        (
            "cis-aws-7.0.0:99.1",
            "CIS AWS Foundations Benchmark 7.0.0 has no recommendation `99.1`",
        ),
    ] {
        let error = unknown(text);
        assert!(
            error.contains(expected),
            "{error}\nshould contain\n{expected}"
        );
    }
}

#[test]
fn ids_sort_as_the_standards_do() {
    let texts = [
        "soc2-2017:CC6.1",
        "soc2-2017:CC6.1:encryption",
        "soc2-2017:CC6.2",
        "soc2-2017:A1.1",
        "pci-dss-3.2.1:3.4",
        "pci-dss-4.0.1:1.2.5",
        "pci-dss-4.0.1:1.2.8",
        "pci-dss-4.0.1:10.2.1",
        "pci-dss-4.0.1:A1.1.1",
        "cis-aws-1.5.0:5.2",
        "cis-aws-7.0.0:2.2",
        "cis-aws-7.0.0:2.10",
    ];
    let sorted: BTreeSet<ControlId> = texts.iter().map(|text| id(text)).collect();
    assert!(sorted.iter().map(ToString::to_string).eq(texts));
}

#[test]
fn serde_uses_the_text() {
    let control = id("cis-aws-7.0.0:6.3");
    let json = serde_json::to_string(&control).unwrap();
    assert_eq!(json, "\"cis-aws-7.0.0:6.3\"");
    assert_eq!(serde_json::from_str::<ControlId>(&json).unwrap(), control);
    assert_eq!(
        serde_json::to_string(&(control.framework(), control.edition())).unwrap(),
        "[\"cis-aws\",\"cis-aws-7.0.0\"]"
    );
    let error = serde_json::from_str::<ControlId>("\"cis-aws:6.3\"")
        .unwrap_err()
        .to_string();
    assert!(error.contains("names no edition"), "{error}");
    assert!(
        serde_json::from_str::<ControlId>("63")
            .unwrap_err()
            .to_string()
            .contains("a control id, such as")
    );
}

fn any_id() -> impl Strategy<Value = String> {
    let edition = prop::sample::select(
        Framework::ALL
            .into_iter()
            .flat_map(Framework::editions)
            .collect::<Vec<_>>(),
    );
    (
        edition,
        prop::collection::vec(0u16..=9999, 2..6),
        0usize..5,
        prop::option::of("[a-z][a-z0-9-]{0,30}"),
    )
        .prop_map(|(edition, parts, series, focus)| {
            let series = match edition.framework() {
                Framework::Soc2 => ["CC", "A", "C", "PI", "P"][series],
                Framework::PciDss => ["", "A"][series % 2],
                Framework::CisAws => "",
            };
            let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
            let focus = focus
                .filter(|_| edition.framework() == Framework::Soc2)
                .map(|focus| format!(":{focus}"));
            format!(
                "{edition}:{series}{}{}",
                parts.join("."),
                focus.unwrap_or_default()
            )
        })
}

proptest! {
    #[test]
    fn well_formed_text_comes_back_the_same(text in any_id()) {
        let id: ControlId = text.parse().unwrap();
        prop_assert_eq!(id.to_string(), text);
        prop_assert_eq!(ControlId::new(id.edition(), id.number()).unwrap(), id);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,40}") {
        if let Ok(id) = text.parse::<ControlId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn order_is_total_and_agrees_with_equality(a in any_id(), b in any_id(), c in any_id()) {
        let (a, b, c) = (id(&a), id(&b), id(&c));
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b).is_eq(), a == b);
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
    }
}
