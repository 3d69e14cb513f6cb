//! From a plan's sides to classes.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, changes};
use super::noise::{self, Around, Noise};
use super::{Class, Drift, Drifted, Kind, Suspicion, Verdicts};
use crate::address::{Mode, ResourceAddress};
use crate::engine::{self, AccountMode, Options};
use crate::finding::{Finding, Outcome};
use crate::inventory::{Action, Inventory, ResourceDrift};
use crate::policy::PolicySet;
use crate::source::Snapshots;
use crate::value::Object;

/// What is known of the code the plan was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// It is what was applied last: whatever differs from it was changed outside.
    Applied,
    /// It may be ahead of what was applied.
    MayBeAhead,
}

/// More changed resources than this are not tried one by one for which of them broke another.
const MAX_CAUSES: usize = 40;

/// Fewer deletions than this are no wave.
const WAVE: usize = 5;

/// Says what each difference between the sides means.
#[must_use]
pub fn classify(sides: &Snapshots, set: &PolicySet, code: Code) -> Drift {
    let found = &sides.found;
    let changed: Vec<Changed> = sides
        .desired
        .drift
        .iter()
        .map(|drift| Changed::of(drift, found))
        .collect();
    let undone: Vec<ResourceDrift> = changed.iter().map(Changed::without_noise).collect();
    let last = found.with_drift_undone(&undone);
    let verdicts = Sides {
        last: judge(&last, set),
        found: judge(found, set),
        desired: match sides.has_code {
            true => judge(&sides.desired, set),
            false => Judged::new(),
        },
    };
    let mut all = Sorter {
        sides,
        set,
        code,
        verdicts,
        drift: Drift {
            looked_at: found.managed_count(),
            suspicion: suspicion(&sides.desired.drift, &last, found),
            ..Drift::default()
        },
    };
    let mut told = BTreeSet::new();
    for changed in changed {
        // What is noise here may still differ from the code.
        if changed.is_real() {
            told.insert(changed.drift.address.clone());
        }
        all.changed(changed);
    }
    all.affected(&mut told, &undone);
    all.differing(&told);
    let mut drift = all.drift;
    drift
        .resources
        .sort_by(|a, b| (a.class, &a.address).cmp(&(b.class, &b.address)));
    drift.noise.sort_by(|a, b| a.0.cmp(&b.0));
    drift
}

/// Longer texts name nothing.
const SHORT: usize = 256;

fn texts(values: &Object) -> BTreeMap<String, String> {
    let texts = values.iter().filter_map(|(name, value)| {
        let text = value.as_str().filter(|text| text.len() <= SHORT)?;
        Some((name.to_owned(), text.to_owned()))
    });
    texts.collect()
}

fn suspicion(drift: &[ResourceDrift], last: &Inventory, found: &Inventory) -> Option<Suspicion> {
    let gone: Vec<&ResourceDrift> = drift
        .iter()
        .filter(|d| d.action == Action::Delete)
        .collect();
    let (deleted, of) = (gone.len(), last.managed_count());
    let wave = deleted > WAVE && deleted * 10 > of * 3;
    (wave || is_place_empty(&gone, found)).then_some(Suspicion { deleted, of })
}

/// Whether several resources are gone from one region of an account, and nothing is left there: what has
/// no region, such as a bucket, is seen with the credentials of any.
fn is_place_empty(gone: &[&ResourceDrift], found: &Inventory) -> bool {
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for drift in gone {
        if let Some(place) = place(&drift.before) {
            *places.entry(place).or_default() += 1;
        }
    }
    for resource in &found.resources {
        if let Some(place) = place(&resource.values) {
            places.remove(&place);
        }
    }
    places.values().any(|deleted| *deleted > 1)
}

/// Region and account of a resource, by its ARN: `arn:aws:ec2:eu-west-1:111122223333:…`
fn place(values: &Object) -> Option<(&str, &str)> {
    let arn = values.get("arn")?.as_str()?.strip_prefix("arn:")?;
    let mut parts = arn.split(':').skip(2);
    let place = (parts.next()?, parts.next()?);
    (!place.0.is_empty() && !place.1.is_empty()).then_some(place)
}

/// An entry of the plan's drift, its noise told apart.
struct Changed<'a> {
    drift: &'a ResourceDrift,
    changes: Vec<Change>,
    noise: Vec<(Change, Noise)>,
}

impl<'a> Changed<'a> {
    fn of(drift: &'a ResourceDrift, found: &Inventory) -> Self {
        let mut this = Self {
            drift,
            changes: Vec::new(),
            noise: Vec::new(),
        };
        if drift.action == Action::Delete {
            return this;
        }
        let around = Around {
            type_name: &drift.type_name,
            before: &drift.before,
            after: &drift.after,
            found,
        };
        for change in changes(&drift.before, &drift.after) {
            match noise::of(&change, &around) {
                Some(noise) => this.noise.push((change, noise)),
                None => this.changes.push(change),
            }
        }
        this
    }

    fn is_real(&self) -> bool {
        self.drift.action == Action::Delete || !self.changes.is_empty()
    }

    /// The entry as if noise had been there before: no verdict may come of it.
    fn without_noise(&self) -> ResourceDrift {
        let mut drift = self.drift.clone();
        let real: BTreeSet<&str> = self.changes.iter().map(Change::attribute).collect();
        for (change, _) in &self.noise {
            let name = change.attribute();
            if real.contains(name) {
                continue;
            }
            match drift.after.get(name).cloned() {
                Some(value) => drift.before.insert(name, value),
                None => drop(drift.before.remove(name)),
            }
        }
        drift
    }
}

type Judged = BTreeMap<(u32, ResourceAddress), Finding>;

struct Sides {
    last: Judged,
    found: Judged,
    desired: Judged,
}

fn judge(inventory: &Inventory, set: &PolicySet) -> Judged {
    let options = Options {
        account: AccountMode::Off,
        all_results: true,
    };
    let findings = engine::evaluate(inventory, set, options, 0).findings;
    findings
        .into_iter()
        .map(|finding| ((finding.policy, finding.resource_address.clone()), finding))
        .collect()
}

struct Sorter<'a> {
    sides: &'a Snapshots,
    set: &'a PolicySet,
    code: Code,
    verdicts: Sides,
    drift: Drift,
}

impl Sorter<'_> {
    /// What the policies say of a resource where the sides differ.
    fn verdicts(&self, address: &ResourceAddress) -> Vec<Verdicts> {
        let outcome = |side: &Judged, policy: u32| {
            let finding = side.get(&(policy, address.clone()));
            finding.map_or(Outcome::NotApplicable, |finding| finding.outcome)
        };
        let policies = u32::try_from(self.set.policies.len()).unwrap_or(u32::MAX);
        (0..policies)
            .map(|policy| Verdicts {
                policy,
                last: outcome(&self.verdicts.last, policy),
                found: outcome(&self.verdicts.found, policy),
                desired: match self.sides.has_code {
                    true => outcome(&self.verdicts.desired, policy),
                    false => Outcome::Unknown,
                },
                finding: self
                    .verdicts
                    .found
                    .get(&(policy, address.clone()))
                    .filter(|finding| finding.outcome == Outcome::Fail)
                    .cloned(),
            })
            .filter(|v| v.last != v.found || (self.sides.has_code && v.found != v.desired))
            .collect()
    }

    /// What the verdicts make of a resource; `None` if they say nothing.
    fn class(&self, verdicts: &[Verdicts], address: &ResourceAddress) -> Option<Class> {
        // Without code nobody can say that it would stay.
        let planned = !self.sides.has_code || self.is_planned(address);
        let mut worst = None;
        for v in verdicts {
            let class = match (v.last, v.found, v.desired) {
                (Outcome::Fail, Outcome::Fail, Outcome::Pass) if self.code == Code::Applied => {
                    Class::Violating
                }
                (Outcome::Fail, Outcome::Fail, _) => continue,
                (_, Outcome::Fail, Outcome::Fail) => Class::ViolatingKept,
                (_, Outcome::Fail, _) if planned => Class::Violating,
                // Its own plan changes nothing, but another resource's may.
                (_, Outcome::Fail, Outcome::Pass) => Class::Violating,
                (_, Outcome::Fail, _) => Class::ViolatingKept,
                (Outcome::Fail, Outcome::Pass, Outcome::Fail) => Class::Improving,
                _ => continue,
            };
            worst = Some(worst.map_or(class, |worst: Class| worst.min(class)));
        }
        worst
    }

    /// Whether applying the code does anything to the resource.
    fn is_planned(&self, address: &ResourceAddress) -> bool {
        let wanted = self.sides.desired.find(address.as_str());
        wanted.is_some_and(|(_, r)| !matches!(r.action, Action::NoOp | Action::Read))
    }

    fn reads(&self, type_name: &str, attribute: &str) -> bool {
        let wanted = self.set.wanted().of(type_name);
        wanted.is_some_and(|wanted| wanted.wants(attribute))
    }

    fn changed(&mut self, changed: Changed<'_>) {
        let is_real = changed.is_real();
        let Changed {
            drift,
            changes,
            noise,
        } = changed;
        let deleted = drift.action == Action::Delete;
        if !is_real {
            if !noise.is_empty() {
                self.drift.noise.push((drift.address.clone(), noise));
            }
            return;
        }
        let verdicts = self.verdicts(&drift.address);
        let is_read = match deleted {
            true => self.set.wanted().of(&drift.type_name).is_some(),
            false => changes
                .iter()
                .any(|change| self.reads(&drift.type_name, change.attribute())),
        };
        let class = self
            .class(&verdicts, &drift.address)
            .unwrap_or(match is_read {
                true => Class::Sensitive,
                false => Class::Harmless,
            });
        self.drift.resources.push(Drifted {
            address: drift.address.clone(),
            resource_type: drift.type_name.clone(),
            class,
            kind: match deleted {
                true => Kind::Deleted,
                false => Kind::Changed,
            },
            ignored: self.ignored(drift, &changes),
            changes,
            noise,
            verdicts,
            caused_by: Vec::new(),
            location: None,
            accepted: None,
            since: None,
            texts: texts(&drift.before),
            who: None,
        });
    }

    /// Changed attributes that are the same in the code as they were found.
    fn ignored(&self, drift: &ResourceDrift, changes: &[Change]) -> Vec<String> {
        let wanted = self.sides.desired.find(drift.address.as_str());
        let Some((_, wanted)) = wanted.filter(|_| self.sides.has_code) else {
            return Vec::new();
        };
        let names: BTreeSet<&str> = changes.iter().map(Change::attribute).collect();
        names
            .into_iter()
            .filter(|name| wanted.values.get(name) == drift.after.get(name))
            .map(str::to_owned)
            .collect()
    }

    /// Resources that did not change themselves, but whose verdict did.
    fn affected(&mut self, told: &mut BTreeSet<ResourceAddress>, undone: &[ResourceDrift]) {
        let mut addresses: BTreeSet<&ResourceAddress> = BTreeSet::new();
        for (key, finding) in &self.verdicts.found {
            let before = self.verdicts.last.get(key).map(|f| f.outcome);
            let flips = finding.outcome != before.unwrap_or(Outcome::NotApplicable);
            if flips && !told.contains(&key.1) {
                addresses.insert(&key.1);
            }
        }
        let addresses: Vec<ResourceAddress> = addresses.into_iter().cloned().collect();
        for address in addresses {
            let verdicts = self.verdicts(&address);
            let Some(class) = self.class(&verdicts, &address) else {
                continue;
            };
            let Some((_, resource)) = self.sides.found.find(address.as_str()) else {
                continue;
            };
            let item = Drifted {
                resource_type: resource.type_name.clone(),
                class,
                kind: Kind::Affected,
                changes: Vec::new(),
                noise: Vec::new(),
                caused_by: self.causes(&address, &verdicts, undone),
                location: None,
                accepted: None,
                since: None,
                verdicts,
                ignored: Vec::new(),
                texts: texts(&resource.values),
                who: None,
                address: address.clone(),
            };
            told.insert(address);
            self.drift.resources.push(item);
        }
    }

    /// The changes without which the verdict would be what it was, tried one by one.
    fn causes(
        &self,
        address: &ResourceAddress,
        verdicts: &[Verdicts],
        undone: &[ResourceDrift],
    ) -> Vec<ResourceAddress> {
        let flipped = verdicts.iter().find(|v| v.last != v.found);
        let (Some(flipped), true) = (flipped, undone.len() <= MAX_CAUSES) else {
            return Vec::new();
        };
        let is_cause = |drift: &&ResourceDrift| {
            let without = self
                .sides
                .found
                .with_drift_undone(std::slice::from_ref(*drift));
            let Some((id, _)) = without.find(address.as_str()) else {
                return false;
            };
            let policy = flipped.policy as usize;
            let answer = engine::explain(&without, self.set, policy, Some(id));
            answer.is_some_and(|(outcome, _)| outcome == flipped.last)
        };
        let causes = undone.iter().filter(is_cause);
        causes.map(|drift| drift.address.clone()).collect()
    }

    /// Resources the code wants otherwise without that anybody changed them since the last state.
    fn differing(&mut self, told: &BTreeSet<ResourceAddress>) {
        for wanted in &self.sides.desired.resources {
            let acts = !matches!(wanted.action, Action::NoOp | Action::Read);
            if wanted.mode != Mode::Managed || !acts || told.contains(&wanted.address) {
                continue;
            }
            let found = self.sides.found.find(wanted.address.as_str());
            let verdicts = self.verdicts(&wanted.address);
            let class = match self.code {
                Code::Applied => self
                    .class(&verdicts, &wanted.address)
                    .unwrap_or(Class::Absorbed),
                Code::MayBeAhead => Class::Pending,
            };
            let differs = |change: &Change| {
                !matches!(change.after, Some(crate::value::Value::Unknown))
                    && wanted.values.get(change.attribute()).is_some()
            };
            let changes = found.map_or_else(Vec::new, |(_, found)| {
                let mut list = changes(&found.values, &wanted.values);
                list.retain(differs);
                list
            });
            self.drift.resources.push(Drifted {
                address: wanted.address.clone(),
                resource_type: wanted.type_name.clone(),
                class,
                kind: Kind::Differs,
                changes,
                noise: Vec::new(),
                verdicts,
                caused_by: Vec::new(),
                location: None,
                accepted: None,
                since: None,
                ignored: Vec::new(),
                texts: texts(&wanted.values),
                who: None,
            });
        }
    }
}
