//! Short ids: `SOC2-CC6.1`, `PCI-DSS-1.3.1`, `CIS-6.3`, with or without an edition (`CIS-1.5.0-5.2`).

use crate::catalogue::Catalogue;
use crate::control::Control;
use crate::error::ControlError;
use crate::framework::{Edition, Framework};
use crate::id::ControlId;

/// Short ids that came from an older numbering, and which.
static SHORT_IDS: &str = include_str!("../../../frameworks/short-ids.tsv");

/// The controls that a text means; none if it means none, or not one thing. [`Catalogue::lookup`] is the same and says why.
///
/// A short id without an edition is read in this order: the numbering recorded for it in `frameworks/short-ids.tsv`; the current edition;
/// older editions, if all that have the number mean the same by it.
#[must_use]
pub fn resolve_alias(text: &str) -> Vec<&'static Control> {
    Catalogue::builtin().lookup(text).unwrap_or_default()
}

/// Resolves a short id; `None` if the text is not one.
pub(crate) fn resolve<'a>(
    catalogue: &'a Catalogue,
    text: &str,
) -> Option<Result<Vec<&'a Control>, ControlError>> {
    let (framework, rest) = split_label(text)?;
    if let Some((edition, number)) = split_edition(framework, rest) {
        return Some(ControlId::new(edition, number).and_then(|id| catalogue.require(&id)));
    }
    Some(unversioned(catalogue, text, framework, rest))
}

fn unversioned<'a>(
    catalogue: &'a Catalogue,
    text: &str,
    framework: Framework,
    number: &str,
) -> Result<Vec<&'a Control>, ControlError> {
    let current = framework.current_edition();
    let id = ControlId::new(recorded_edition(text).unwrap_or(current), number)?;
    let found = catalogue.resolve(&id);
    if !found.is_empty() {
        return Ok(found);
    }
    let mut meanings: Vec<(ControlId, Vec<&Control>)> = Vec::new();
    for edition in framework
        .editions()
        .rev()
        .filter(|edition| *edition != id.edition())
    {
        let old = ControlId::new(edition, number)?;
        let found = catalogue.resolve(&old);
        if !found.is_empty() && meanings.iter().all(|(_, other)| *other != found) {
            meanings.push((old, found));
        }
    }
    match (meanings.len(), meanings.pop()) {
        (1, Some((_, found))) => Ok(found),
        (_, Some(last)) => {
            let meanings = meanings
                .iter()
                .chain([&last])
                .map(|(id, _)| id.to_string())
                .collect();
            Err(ControlError::Ambiguous {
                text: text.to_owned(),
                meanings,
            })
        }
        (_, None) => catalogue.require(&id),
    }
}

/// Canonical ids that a text without a colon may stand for: a short id in any case, or a bare number.
pub(crate) fn suggestions(text: &str) -> Vec<String> {
    let catalogue = Catalogue::builtin();
    let text = text.to_ascii_uppercase();
    let found = resolve(catalogue, &text)
        .and_then(Result::ok)
        .unwrap_or_else(|| {
            let bare = |framework: Framework| {
                catalogue.get(&ControlId::new(framework.current_edition(), &text).ok()?)
            };
            Framework::ALL.into_iter().filter_map(bare).collect()
        });
    found.iter().map(|control| control.id.to_string()).collect()
}

/// See [`ControlId::short_label`].
pub(crate) fn short_label(id: &ControlId) -> String {
    let (label, edition, number) = (id.framework().label(), id.edition(), id.number());
    let plain = format!("{label}-{number}");
    let meant = recorded_edition(&plain).unwrap_or_else(|| id.framework().current_edition());
    if meant == edition {
        plain
    } else {
        format!("{label}-{}-{number}", edition.version())
    }
}

/// The numbering that `short-ids.tsv` records for a short id.
fn recorded_edition(short_id: &str) -> Option<Edition> {
    let row = SHORT_IDS
        .lines()
        .find_map(|line| line.strip_prefix(short_id)?.strip_prefix('\t'))?;
    row.split('\t').next()?.parse().ok()
}

fn split_label(text: &str) -> Option<(Framework, &str)> {
    Framework::ALL.into_iter().find_map(|framework| {
        Some((
            framework,
            text.strip_prefix(framework.label())?.strip_prefix('-')?,
        ))
    })
}

/// Splits `1.5.0-5.2`, if it starts with a known edition.
fn split_edition(framework: Framework, rest: &str) -> Option<(Edition, &str)> {
    let (version, number) = rest.split_once(['-', ':'])?;
    Some((framework.edition(version).ok()?, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_short_id_leads_to_controls() {
        let rows: Vec<&str> = SHORT_IDS
            .lines()
            .skip_while(|line| line.starts_with('#'))
            .skip(1)
            .collect();
        assert_eq!(rows.len(), 7);
        for row in rows {
            let cells: Vec<&str> = row.split('\t').collect();
            let [short_id, numbering, meaning] = cells[..] else {
                panic!("{row}")
            };
            let edition: Edition = numbering.parse().unwrap();
            assert_eq!(recorded_edition(short_id), Some(edition), "{short_id}");
            let (framework, number) = split_label(short_id).unwrap();
            assert_eq!(framework, edition.framework(), "{short_id}");
            let found = Catalogue::builtin().resolve(&ControlId::new(edition, number).unwrap());
            assert_eq!(resolve_alias(short_id), found, "{short_id}");
            assert!(!found.is_empty() && !meaning.is_empty(), "{short_id}");
        }
    }
}
