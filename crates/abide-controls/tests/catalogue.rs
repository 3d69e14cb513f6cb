//! The data files: that they can be read, agree with each other and with what is known about the standards.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashSet;

use abide_controls::{
    Catalogue, Claim, Control, ControlId, Decidable, Edition, Extent, Framework, Level,
    resolve_alias,
};

fn edition(text: &str) -> Edition {
    text.parse().unwrap()
}

fn control(text: &str) -> &'static Control {
    Catalogue::builtin().get(&text.parse().unwrap()).unwrap()
}

fn ids(controls: &[&Control]) -> Vec<String> {
    controls.iter().map(|c| c.id.to_string()).collect()
}

/// Every number that some control is recorded to have in `edition`.
fn numbers_of(edition: Edition) -> Vec<&'static str> {
    Catalogue::builtin()
        .framework(edition.framework())
        .iter()
        .filter_map(|c| c.numbers_in(edition))
        .flatten()
        .collect()
}

#[test]
fn every_row_is_read() {
    let catalogue = Catalogue::parse().unwrap();
    assert_eq!(&catalogue, Catalogue::builtin());
    assert_eq!(catalogue.iter().count(), 461);
    let sizes = Framework::ALL.map(|framework| catalogue.framework(framework).len());
    assert_eq!(sizes, [105, 280, 76]);
    let criteria = catalogue
        .framework(Framework::Soc2)
        .iter()
        .filter(|c| c.level == Level::Criterion)
        .count();
    assert_eq!(criteria, 61);
}

#[test]
fn ids_are_unique_and_found() {
    let mut seen = HashSet::new();
    for control in Catalogue::builtin() {
        assert!(seen.insert(&control.id), "{} is there twice", control.id);
        assert_eq!(Catalogue::builtin().get(&control.id), Some(control));
        assert_eq!(Catalogue::builtin().resolve(&control.id), [control]);
        assert_eq!(
            control.is_retired(),
            control.level == Level::Retired,
            "{}",
            control.id
        );
    }
}

#[test]
fn what_can_be_shown_is_counted() {
    let count = |framework, decidable, extent: Option<Extent>| {
        let current = |c: &&Control| !c.is_retired() && c.level != Level::PointOfFocus;
        let matches =
            |c: &&Control| c.decidable == decidable && (extent == c.extent || extent.is_none());
        Catalogue::builtin()
            .framework(framework)
            .iter()
            .filter(current)
            .filter(matches)
            .count()
    };
    for (framework, [plan, full, account, process]) in [
        (Framework::Soc2, [25, 4, 0, 36]),
        (Framework::PciDss, [97, 47, 26, 157]),
        (Framework::CisAws, [61, 34, 8, 1]),
    ] {
        assert_eq!(count(framework, Decidable::Plan, None), plan, "{framework}");
        assert_eq!(
            count(framework, Decidable::Plan, Some(Extent::Full)),
            full,
            "{framework}"
        );
        assert_eq!(
            count(framework, Decidable::Account, None),
            account,
            "{framework}"
        );
        assert_eq!(
            count(framework, Decidable::Process, None),
            process,
            "{framework}"
        );
    }
}

#[test]
fn every_point_of_focus_belongs_to_a_criterion() {
    for point in Catalogue::builtin()
        .iter()
        .filter(|c| c.level == Level::PointOfFocus)
    {
        let (criterion, _) = point.id.number().split_once(':').unwrap();
        let criterion = ControlId::new(point.id.edition(), criterion).unwrap();
        assert!(
            Catalogue::builtin().get(&criterion).is_some(),
            "{}",
            point.id
        );
    }
}

#[test]
fn numbers_of_every_edition_lead_to_controls() {
    for edition in Framework::ALL.into_iter().flat_map(Framework::editions) {
        let numbers = numbers_of(edition);
        assert!(!numbers.is_empty(), "{edition}");
        for number in numbers {
            let id = ControlId::new(edition, number).unwrap();
            let found = Catalogue::builtin().require(&id).unwrap();
            assert!(
                found
                    .iter()
                    .all(|c| c.numbers_in(edition).unwrap().contains(&number)),
                "{id}"
            );
        }
    }
}

#[test]
fn cis_editions_have_as_many_recommendations_as_were_published() {
    let published = [
        ("1.4.0", 58),
        ("1.5.0", 63),
        ("2.0.0", 64),
        ("3.0.0", 62),
        ("4.0.0", 64),
        ("5.0.0", 63),
        ("6.0.0", 63),
        ("7.0.0", 70),
    ];
    for (version, count) in published {
        let edition = Framework::CisAws.edition(version).unwrap();
        let numbers = numbers_of(edition);
        assert_eq!(numbers.len(), count, "{edition}");
        assert_eq!(
            numbers.iter().collect::<HashSet<_>>().len(),
            count,
            "{edition}: a number leads to two controls"
        );
        // Nothing is left unsaid: each control is recorded as present or absent in each edition.
        assert!(
            Catalogue::builtin()
                .framework(Framework::CisAws)
                .iter()
                .all(|c| c.numbers_in(edition).is_some()),
            "{edition}"
        );
    }
}

#[test]
fn a_number_is_followed_through_the_editions() {
    let admin_ports = control("cis-aws-7.0.0:6.3");
    for (version, number) in [
        ("7.0.0", "6.3"),
        ("6.0.0", "6.3"),
        ("5.0.0", "5.3"),
        ("4.0.0", "5.3"),
        ("3.0.0", "5.2"),
        ("1.4.0", "5.2"),
    ] {
        assert_eq!(
            admin_ports.numbers_in(edition(&format!("cis-aws-{version}"))),
            Some(vec![number])
        );
    }
    let pci = edition("pci-dss-3.2.1");
    assert_eq!(
        control("pci-dss-4.0.1:2.2.4").numbers_in(pci),
        Some(vec!["2.2.2", "2.2.5"])
    );
    assert_eq!(
        control("pci-dss-4.0.1:6.4.3").numbers_in(pci),
        Some(vec![]),
        "new in 4.0"
    );
    assert_eq!(
        control("pci-dss-4.0.1:1.1.1").numbers_in(pci),
        None,
        "not recorded"
    );
    assert_eq!(admin_ports.numbers_in(pci), None);
}

#[test]
fn a_superseded_control_names_its_successor() {
    let pairs: Vec<_> = Catalogue::builtin()
        .iter()
        .filter_map(|c| Some((c, c.superseded_by.as_ref()?)))
        .collect();
    assert_eq!(pairs.len(), 3);
    for (control, successor) in pairs {
        assert!(
            Catalogue::builtin()
                .get(successor)
                .is_some_and(|c| c.superseded_by.is_none()),
            "{}",
            control.id
        );
    }
}

#[test]
fn only_a_technical_benchmark_is_ever_met() {
    for control in Catalogue::builtin() {
        let sentence = control.claim_sentence();
        assert!(
            !["comply", "complie", "compliant"]
                .iter()
                .any(|word| sentence.contains(word)),
            "{sentence}"
        );
        if control.id.framework() != Framework::CisAws {
            assert!(
                !control.claim().to_string().starts_with("met") && !sentence.contains(" is met"),
                "{sentence}"
            );
            assert_ne!(control.claim(), Claim::Meets, "{}", control.id);
        }
        assert_eq!(
            control.claim() == Claim::ShowsNothing,
            control.decidable != Decidable::Plan,
            "{}",
            control.id
        );
    }
    assert_eq!(
        control("pci-dss-4.0.1:1.3.1").claim_sentence(),
        "Infrastructure code can support PCI DSS 4.0.1 requirement 1.3.1: inbound traffic to cardholder environment limited."
    );
    assert_eq!(
        control("cis-aws-7.0.0:6.3").claim_sentence(),
        "Infrastructure code can show that CIS AWS Foundations Benchmark 7.0.0 recommendation 6.3 is met: security groups closed to admin ports, IPv4."
    );
}

#[test]
fn short_ids_of_long_standing_keep_their_meaning() {
    for (short_id, expected) in [
        ("SOC2-CC6.1", &["soc2-2017:CC6.1"][..]),
        ("SOC2-CC6.6", &["soc2-2017:CC6.6"]),
        ("SOC2-CC7.2", &["soc2-2017:CC7.2"]),
        ("SOC2-A1.2", &["soc2-2017:A1.2"]),
        (
            "PCI-DSS-3.4",
            &["pci-dss-4.0.1:3.5.1", "pci-dss-4.0.1:3.5.1.2"],
        ),
        (
            "PCI-DSS-1.3",
            &[
                "pci-dss-4.0.1:1.3.1",
                "pci-dss-4.0.1:1.4.1",
                "pci-dss-4.0.1:1.4.2",
            ],
        ),
        ("PCI-DSS-12.10", &["pci-dss-4.0.1:12.10.1"]),
        ("PCI-DSS-10.1", &["pci-dss-4.0.1:10.2.1"]),
        ("PCI-DSS-2.2", &["pci-dss-4.0.1:2.2.1"]),
        ("CIS-2.1.1", &["cis-aws-1.5.0:2.1.1"]),
        ("CIS-5.2", &["cis-aws-7.0.0:6.3"]),
        ("CIS-3.1", &["cis-aws-7.0.0:4.1"]),
    ] {
        assert_eq!(ids(&resolve_alias(short_id)), expected, "{short_id}");
    }
}

#[test]
fn a_short_label_leads_back_to_its_control() {
    for control in Catalogue::builtin() {
        assert_eq!(
            resolve_alias(&control.short_label()),
            [control],
            "{}",
            control.short_label()
        );
    }
    for (id, label) in [
        ("soc2-2017:CC6.1", "SOC2-CC6.1"),
        ("soc2-2017:CC6.1:encryption", "SOC2-CC6.1:encryption"),
        ("pci-dss-4.0.1:1.3.1", "PCI-DSS-1.3.1"),
        ("cis-aws-7.0.0:6.3", "CIS-6.3"),
        ("cis-aws-7.0.0:5.2", "CIS-7.0.0-5.2"),
        ("cis-aws-1.5.0:2.1.1", "CIS-2.1.1"),
        ("cis-aws-1.5.0:1.11", "CIS-1.5.0-1.11"),
    ] {
        assert_eq!(control(id).short_label(), label);
    }
}

#[test]
fn lookup_takes_what_people_write() {
    let lookup = |text: &str| {
        Catalogue::builtin()
            .lookup(text)
            .map(|found| ids(&found))
            .map_err(|e| e.to_string())
    };
    for (text, expected) in [
        ("cis-aws-7.0.0:6.3", "cis-aws-7.0.0:6.3"),
        ("cis-aws-3.0.0:5.2", "cis-aws-7.0.0:6.3"),
        ("CIS-3.0.0-5.2", "cis-aws-7.0.0:6.3"),
        ("CIS-7.0.0:5.2", "cis-aws-7.0.0:5.2"),
        ("PCI-DSS-3.2.1-10.5.5", "pci-dss-4.0.1:10.3.4"),
        ("PCI-DSS-3.2.1", "pci-dss-4.0.1:3.2.1"),
        ("cis-aws-6.0.0:2.10", "cis-aws-1.5.0:1.11"),
    ] {
        assert_eq!(lookup(text), Ok(vec![expected.to_owned()]), "{text}");
    }
    assert_eq!(
        lookup("CIS-2.2.1").unwrap_err(),
        "`CIS-2.2.1` means something else in each of `cis-aws-5.0.0:2.2.1` and `cis-aws-3.0.0:2.2.1`: name the edition"
    );
    for text in [
        "SOC2-CC99.1",
        "SOC2-",
        "CIS",
        "HIPAA-164",
        "cis-aws-6.0.0:99.9",
        "",
    ] {
        assert!(lookup(text).is_err(), "{text}");
        assert!(resolve_alias(text).is_empty(), "{text}");
    }
    assert!(
        lookup("PCI-DSS-3.6.9")
            .unwrap_err()
            .contains("did you mean `pci-dss-4.0.1:3.6.1`")
    );
}

#[cfg(not(debug_assertions))]
#[test]
fn the_catalogue_is_read_in_no_time() {
    let read = || {
        let start = std::time::Instant::now();
        assert!(Catalogue::parse().is_ok());
        start.elapsed()
    };
    let best = (0..200).map(|_| read()).min().unwrap();
    println!("{best:?}");
    assert!(best.as_micros() < 300, "{best:?}");
}
