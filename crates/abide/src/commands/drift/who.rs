//! `--who`: whose doing drift is, by CloudTrail.

use std::collections::BTreeSet;
use std::time::SystemTime;

use abide_aws::Pace;
use abide_aws::trail::{APART, Certainty as Sure, Changed, Event, Trail, Who as Answer};
use abide_connect::Cancel;
use abide_core::drift::{Act, Certainty, Class, Drift, Drifted, Kind, Who};
use abide_report::DriftTarget;
use jiff::{SignedDuration, Timestamp};

use crate::commands::aws::session;
use crate::config::Target;
use crate::terminal;

/// As far as CloudTrail remembers.
const DAYS: i64 = 90;

/// Asks for all targets. Those of one account and region share the pace that AWS allows.
pub(super) fn ask(
    wanted: &[Target],
    mut looked: Vec<DriftTarget>,
    since: Option<Timestamp>,
    cancel: &Cancel,
) -> Vec<DriftTarget> {
    let pace = Pace::new(APART);
    std::thread::scope(|scope| {
        for (target, found) in wanted.iter().zip(&mut looked) {
            if let Ok(drift) = &mut found.outcome {
                let pace = &pace;
                scope.spawn(move || self::target(target, drift, since, pace, cancel));
            }
        }
    });
    looked
}

fn target(
    target: &Target,
    drift: &mut Drift,
    since: Option<Timestamp>,
    pace: &Pace,
    cancel: &Cancel,
) {
    let asked = worth(drift);
    if asked.is_empty() {
        return;
    }
    let (account, session) = match session(target) {
        Ok(found) => found,
        Err(error) => {
            for place in asked {
                drift.resources[place].who = Some(Err(format!("{error:#}")));
            }
            return;
        }
    };
    let until = Timestamp::now();
    let oldest = until.checked_sub(SignedDuration::from_hours(DAYS * 24));
    let from = since.or_else(|| written(target)).or(oldest.ok());
    let trail = Trail::new(&session, &account, pace);
    let bar = terminal::spinner(format!("{}: asking CloudTrail", target.name));
    for place in asked {
        if cancel.is_cancelled() {
            break;
        }
        let item = &mut drift.resources[place];
        let found = trail.who(&changed(item), from.unwrap_or(until), until);
        item.who = Some(found.map(answer).map_err(|error| error.to_string()));
    }
    bar.finish_and_clear();
}

/// The places of those that are asked for: what breaks, mends or concerns policies, and what
/// changed for others to do so.
fn worth(drift: &Drift) -> Vec<usize> {
    let is_worth = |item: &Drifted| {
        item.class.is_violation() || matches!(item.class, Class::Improving | Class::Sensitive)
    };
    let causes: BTreeSet<&str> = drift
        .resources
        .iter()
        .filter(|item| is_worth(item))
        .flat_map(|item| item.caused_by.iter().map(|address| address.as_str()))
        .collect();
    let items = drift.resources.iter().enumerate();
    items
        // What only differs from the code, or is judged otherwise, nobody changed.
        .filter(|(_, item)| matches!(item.kind, Kind::Changed | Kind::Deleted))
        .filter(|(_, item)| is_worth(item) || causes.contains(item.address.as_str()))
        .map(|(place, _)| place)
        .collect()
}

fn changed(item: &Drifted) -> Changed {
    let attributes: BTreeSet<&str> = item
        .changes
        .iter()
        .map(|change| change.attribute())
        .collect();
    Changed {
        type_name: item.resource_type.to_string(),
        values: item.texts.clone(),
        attributes: attributes.into_iter().map(str::to_owned).collect(),
        is_gone: item.kind == Kind::Deleted,
    }
}

/// When the state was written last, if it is a file: what was changed before is in it.
fn written(target: &Target) -> Option<Timestamp> {
    let file = match target.table.workspace.as_deref() {
        None | Some("default") => target.directory.join("terraform.tfstate"),
        Some(name) => target
            .directory
            .join("terraform.tfstate.d")
            .join(name)
            .join("terraform.tfstate"),
    };
    let at: SystemTime = file.metadata().ok()?.modified().ok()?;
    at.try_into().ok()
}

fn answer(answer: Answer) -> Who {
    Who {
        certainty: match answer.certainty {
            Sure::Unique => Certainty::Unique,
            Sure::Likely => Certainty::Likely,
            Sure::Possible => Certainty::Possible,
            Sure::Nobody => Certainty::Nobody,
        },
        acts: answer.events.into_iter().map(act).collect(),
        from: answer.from,
        until: answer.until,
        remarks: answer.remarks,
    }
}

fn act(event: Event) -> Act {
    Act {
        event_id: event.id,
        at: event.at,
        event: event.name,
        identity: event.identity,
        session: event.session,
        source_ip: event.source_ip,
        user_agent: event.user_agent,
        by_terraform: event.by_terraform,
    }
}
