//! What reports offer: for each finding an edit of the source as it is, proven alone.
//!
//! [`crate::fix`] proves edits on top of each other, because all of them are written. Of what
//! a report offers people take what they like, so each edit is proven without the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use abide_core::finding::{Finding, Location, Outcome};
use abide_core::locate::Locator as _;
use abide_core::remedy::{Edit, Fix, Remedy};
use abide_hcl::{LoadError, Loaded};

use crate::prove::{self, Refused, State};
use crate::suggest::suggestions;
use crate::text::Splice;
use crate::{FileFix, Judge, Load, PLAN_ONLY, Target, Texts};
use crate::{changes, edited, steps, text, text_of, work};

/// What can be offered.
#[derive(Debug, Default)]
pub struct Offers {
    /// What mends each finding that was asked for.
    pub remedies: BTreeMap<Target, Remedy>,
    /// How many findings were not looked at.
    pub left: usize,
    /// The files that the edits are of, secrets starred.
    pub sources: BTreeMap<String, Arc<str>>,
}

/// An edit that is not proven yet.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Draft {
    /// At places of one file.
    Splices(String, Vec<Splice>),
    /// In several steps.
    Texts(Texts),
}

/// Looks for the edits of findings, of those in front first. Instances of a block have one
/// edit; `most` of them are proven, each costs a load.
///
/// # Errors
/// If the directory cannot be loaded as it is.
pub fn offers(
    load: Load<'_>,
    judge: Judge<'_>,
    targets: &[Target],
    most: usize,
) -> Result<Offers, LoadError> {
    let mut offers = Offers::default();
    if targets.is_empty() {
        return Ok(offers);
    }
    let original = State::new(load, judge, Texts::new())?;
    let mut order: Vec<Vec<&Finding>> = Vec::new();
    let mut drafts: BTreeMap<Draft, usize> = BTreeMap::new();
    for target in targets {
        let finding = original.of(target).filter(|f| f.outcome == Outcome::Fail);
        let drafted = match finding {
            None => Err(PLAN_ONLY.to_owned()),
            Some(finding) => draft(load, &original, finding, order.len() < most)
                .map(|draft| draft.map(|draft| (finding, draft))),
        };
        match drafted {
            Err(why) => offers.refuse(target.clone(), why),
            Ok(Some((finding, draft))) => match drafts.get(&draft) {
                Some(at) => order[*at].push(finding),
                None if order.len() < most => {
                    drafts.insert(draft, order.len());
                    order.push(vec![finding]);
                }
                None => offers.left += 1,
            },
            Ok(None) => offers.left += 1,
        }
    }
    for (draft, at) in drafts {
        offers.prove(load, judge, &original, draft, &order[at]);
    }
    Ok(offers)
}

/// The edit of a finding; `None` if it would cost too much to find it.
///
/// # Errors
/// Why there is none.
fn draft(
    load: Load<'_>,
    state: &State,
    finding: &Finding,
    may_load: bool,
) -> Result<Option<Draft>, String> {
    if let Some(proposal) = work::proposal(state, finding)? {
        return Ok(Some(Draft::Splices(proposal.file, proposal.splices)));
    }
    if !may_load {
        return Ok(None);
    }
    let steps = steps(state, finding)?;
    edited(load, state, finding, &steps).map(|texts| Some(Draft::Texts(texts)))
}

impl Offers {
    fn refuse(&mut self, target: Target, why: String) {
        self.remedies.insert(target, Remedy::ByHand { why });
    }

    /// Asks the engine about one edit, and remembers what comes of it.
    fn prove(
        &mut self,
        load: Load<'_>,
        judge: Judge<'_>,
        original: &State,
        draft: Draft,
        findings: &[&Finding],
    ) {
        let texts = match draft {
            Draft::Texts(texts) => Some(texts),
            Draft::Splices(file, splices) => text_of(&original.loaded, &file)
                .and_then(|old| text::apply(&old, splices))
                .map(|new| Texts::from([(file, new)])),
        };
        let next = texts
            .ok_or_else(|| "the source could not be edited at this place".to_owned())
            .and_then(|texts| State::new(load, judge, texts).map_err(|e| e.to_string()));
        let next = match next {
            Ok(next) => next,
            Err(why) => {
                for finding in findings {
                    self.refuse(prove::target(finding), why.clone());
                }
                return;
            }
        };
        let mut findings = findings.to_vec();
        let mut checked = prove::check(original, &next, &findings);
        // Instances differ: what passes by the edit has it, the others do without.
        if let Err(Refused::Stay(stay)) = checked {
            findings.retain(|finding| !stay.contains_key(&prove::target(finding)));
            for (target, why) in stay {
                self.refuse(target, why);
            }
            checked = prove::check(original, &next, &findings);
        }
        let made = match checked {
            Ok(()) => self.fix(&original.loaded, next),
            Err(refused) => Err(refused.into_why()),
        };
        for finding in findings {
            match &made {
                Ok(fix) => {
                    let remedy = Remedy::Proven(fix.clone());
                    self.remedies.insert(prove::target(finding), remedy);
                }
                Err(why) => self.refuse(prove::target(finding), why.clone()),
            }
        }
    }

    /// # Errors
    /// If the edit repeats a secret, which nothing that is printed may show.
    fn fix(&mut self, original: &Loaded, next: State) -> Result<Fix, String> {
        let files = changes(original, next.texts);
        let hides = |text: &str| next.loaded.has_secret(text);
        let mut all = files.iter().flat_map(|file| &file.edits);
        if all.any(|edit| hides(&edit.replacement)) {
            return Err(
                "its edit repeats a secret of the source and is not shown; `abide fix --write` makes it"
                    .to_owned(),
            );
        }
        let lines: Option<Vec<_>> = files.iter().map(|f| suggestions(f, &hides)).collect();
        for file in &files {
            if let Some(text) = original.text(&file.name) {
                self.sources.insert(file.name.clone(), text);
            }
        }
        Ok(Fix {
            edits: files.iter().flat_map(located).collect(),
            suggestions: lines.unwrap_or_default().concat(),
        })
    }
}

fn located(file: &FileFix) -> impl Iterator<Item = Edit> {
    file.edits.iter().map(|edit| Edit {
        location: Location {
            file: file.name.clone(),
            line: edit.start.line,
            column: edit.start.column,
            end_line: edit.end.line,
            end_column: edit.end.column,
        },
        replacement: edit.replacement.clone(),
    })
}
