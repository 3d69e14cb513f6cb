//! The form and the order of a control's number.

use std::cmp::Ordering;

use crate::Framework;

/// Whether `number` has the form of the framework's numbers: series letters, then two or more numbers without leading zeros between
/// dots, then possibly a point of focus.
pub(crate) fn is_well_formed(framework: Framework, number: &str) -> bool {
    let spec = framework.spec();
    let (number, focus) = match number.split_once(':') {
        Some((number, focus)) => (number, Some(focus)),
        None => (number, None),
    };
    if focus.is_some_and(|focus| !spec.points_of_focus || !is_label(focus)) {
        return false;
    }
    let (series, digits) = split_series(number);
    spec.series.contains(&series) && digits.contains('.') && digits.split('.').all(is_part)
}

/// The order of the standard: its series, then each number by value, so that 1.2 comes before 1.10.
pub(crate) fn compare(framework: Framework, a: &str, b: &str) -> Ordering {
    let rank = |series| {
        framework
            .spec()
            .series
            .iter()
            .position(|known| *known == series)
    };
    let ((series_a, a), (series_b, b)) = (split_series(a), split_series(b));
    rank(series_a)
        .cmp(&rank(series_b))
        .then_with(|| natural(a.as_bytes(), b.as_bytes()))
}

fn split_series(number: &str) -> (&str, &str) {
    let letters = number.bytes().take_while(u8::is_ascii_uppercase).count();
    number.split_at_checked(letters).unwrap_or(("", number))
}

fn is_part(part: &str) -> bool {
    (1..=4).contains(&part.len())
        && part.bytes().all(|b| b.is_ascii_digit())
        && (part == "0" || !part.starts_with('0'))
}

fn is_label(label: &str) -> bool {
    label.starts_with(|c: char| c.is_ascii_lowercase())
        && label
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Compares byte by byte, but runs of digits by their value. Runs have no leading zeros, so the longer one is the larger.
fn natural(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let (run_a, run_b) = (digits(a), digits(b));
        let order = run_a.len().cmp(&run_b.len()).then_with(|| run_a.cmp(run_b));
        if order.is_ne() && !run_a.is_empty() && !run_b.is_empty() {
            return order;
        }
        match (a.split_first(), b.split_first()) {
            (Some((x, rest_a)), Some((y, rest_b))) if x == y => (a, b) = (rest_a, rest_b),
            (x, y) => return x.map(|(x, _)| x).cmp(&y.map(|(y, _)| y)),
        }
    }
}

fn digits(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_form_of_their_framework() {
        for good in ["CC6.1", "A1.2", "PI1.5", "P6.7", "CC6.1:key-protection"] {
            assert!(is_well_formed(Framework::Soc2, good), "{good}");
        }
        for bad in [
            "",
            "6.1",
            "cc6.1",
            "CC6",
            "CC6.",
            "CC.1",
            "CC06.1",
            "XX6.1",
            "CC6.1:",
            "CC6.1:Key",
            "CC6.1:-a",
            "CC6.1 ",
            "CC6.１",
        ] {
            assert!(!is_well_formed(Framework::Soc2, bad), "{bad}");
        }
        for (good, bad) in [
            ("9.5.1.2.1", "9.5.1:x"),
            ("A1.1.4", "B1.1.4"),
            ("12.10", "12"),
            ("3.4", "99999.1"),
        ] {
            assert!(is_well_formed(Framework::PciDss, good), "{good}");
            assert!(!is_well_formed(Framework::PciDss, bad), "{bad}");
        }
        assert!(
            is_well_formed(Framework::CisAws, "2.1.1")
                && !is_well_formed(Framework::CisAws, "A1.1")
        );
    }

    #[test]
    fn numbers_sort_by_value_in_the_order_of_the_standard() {
        for sorted in [
            &[
                "1.1", "1.2", "1.2.1", "1.2.10", "1.3", "1.10", "2.1", "10.1", "A1.1.1", "A3.5.1",
            ][..],
            &[
                "CC1.1",
                "CC6.1",
                "CC6.1:encryption",
                "CC6.1:key-protection",
                "CC6.2",
                "CC9.2",
                "A1.1",
                "C1.1",
                "PI1.1",
                "P1.1",
            ][..],
        ] {
            let framework = if sorted[0] == "1.1" {
                Framework::PciDss
            } else {
                Framework::Soc2
            };
            for (i, a) in sorted.iter().enumerate() {
                for (j, b) in sorted.iter().enumerate() {
                    assert_eq!(compare(framework, a, b), i.cmp(&j), "{a} {b}");
                }
            }
        }
    }
}
