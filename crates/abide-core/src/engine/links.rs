//! Which resources refer to which, worked out once for each relation that policies ask for.

use rustc_hash::FxHashMap as HashMap;

use abide_policy::PathStep;

use crate::address::Mode;
use crate::attribute::{AttributePath, Step};
use crate::config::{Written, written};
use crate::inventory::{Action, Inventory, Resource, ResourceId};
use crate::policy::LinkSpec;
use crate::provenance;
use crate::value::{SecretDigest, Value};

/// Attributes by whose value others refer to a resource.
pub(crate) const IDENTITIES: [&str; 9] = [
    "id",
    "arn",
    "name",
    "bucket",
    "key_id",
    "identifier",
    "cluster_identifier",
    "alias",
    "function_name",
];

/// One relation, both ways.
#[derive(Debug, Default)]
pub(super) struct LinkTable {
    /// From a resource to those it refers to.
    forward: HashMap<ResourceId, Vec<Link>>,
    /// From a resource to those that refer to it.
    backward: HashMap<ResourceId, Vec<Link>>,
    /// Resources that refer to something the input does not show.
    open: Vec<ResourceId>,
    /// Those of `open`, for looking one up.
    is_open: rustc_hash::FxHashSet<ResourceId>,
}

/// One end of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) resource: ResourceId,
    /// Whether it is so, or only may be.
    pub(super) certain: bool,
}

impl LinkTable {
    /// Resources that `resource` refers to.
    pub(super) fn targets(&self, resource: ResourceId) -> &[Link] {
        self.forward.get(&resource).map_or(&[], Vec::as_slice)
    }

    /// Resources that refer to `resource`.
    pub(super) fn referrers(&self, resource: ResourceId) -> &[Link] {
        self.backward.get(&resource).map_or(&[], Vec::as_slice)
    }

    /// Resources whose reference cannot be followed: they may refer to any new resource.
    pub(super) fn open(&self) -> &[ResourceId] {
        &self.open
    }

    /// Whether the reference of `resource` cannot be followed.
    pub(super) fn is_open(&self, resource: ResourceId) -> bool {
        self.is_open.contains(&resource)
    }

    fn add(&mut self, from: ResourceId, to: ResourceId, certain: bool) {
        let put = |list: &mut Vec<Link>, resource| match list
            .iter_mut()
            .find(|link| link.resource == resource)
        {
            Some(known) => known.certain |= certain,
            None => list.push(Link { resource, certain }),
        };
        put(self.forward.entry(from).or_default(), to);
        put(self.backward.entry(to).or_default(), from);
    }

    /// Works a relation out.
    pub(super) fn build(inventory: &Inventory, spec: &LinkSpec) -> Self {
        let mut table = Self::default();
        let from: Vec<ResourceId> = of_types(inventory, &spec.from);
        if from.is_empty() {
            return table;
        }
        let identities = identities(inventory, &spec.to);
        for id in from {
            let resource = inventory.resource(id);
            let mut references = Vec::new();
            values(&spec.by, resource, &mut references);
            for (value, path) in references {
                table.link(inventory, spec, &identities, id, resource, value, &path);
            }
        }
        table
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step of `build`, with its context"
    )]
    fn link(
        &mut self,
        inventory: &Inventory,
        spec: &LinkSpec,
        identities: &HashMap<&str, Vec<ResourceId>>,
        id: ResourceId,
        resource: &Resource,
        value: &Value,
        path: &AttributePath,
    ) {
        match value {
            Value::String(text) => {
                for target in identities.get(text.as_str()).into_iter().flatten() {
                    if may_share_names(inventory, resource, inventory.resource(*target), text)
                        && *target != id
                    {
                        self.add(id, *target, true);
                    }
                }
            }
            // Equal digests are equal names, though nobody may know them.
            Value::Redacted(digest) => {
                for target in
                    same_secret(inventory, &spec.to, *digest).filter(|target| *target != id)
                {
                    self.add(id, target, true);
                }
            }
            Value::Unknown => self.follow(inventory, spec, id, resource, path),
            _ => {}
        }
    }

    /// A value that is not known yet: what does its expression refer to?
    fn follow(
        &mut self,
        inventory: &Inventory,
        spec: &LinkSpec,
        id: ResourceId,
        resource: &Resource,
        path: &AttributePath,
    ) {
        let expression = inventory
            .config_of(resource)
            .map(|config| written(&config.body, &path.0));
        let Some(Written::By(expression)) = expression else {
            self.set_open(id);
            return;
        };
        let origin = provenance::of_resource(inventory, resource, expression);
        let targets: Vec<_> = origin
            .targets
            .iter()
            .filter(|target| {
                let target = inventory.resource(target.resource);
                spec.to.iter().any(|name| **name == *target.type_name)
            })
            .collect();
        // An attribute that holds one value comes from one resource: two certain
        // targets mean a condition between them.
        let is_list = matches!(path.0.last(), Some(Step::Index(_)))
            || matches!(resource.values.get(first_name(path)), Some(Value::List(_)));
        let ambiguous = !is_list && targets.iter().filter(|target| target.certain).count() > 1;
        for target in &targets {
            self.add(id, target.resource, target.certain && !ambiguous);
        }
        let other = origin.targets.len() > targets.len();
        if origin.opaque && targets.is_empty()
            || (other && targets.is_empty() && through_data(inventory, &origin))
        {
            self.set_open(id);
        }
    }

    fn set_open(&mut self, id: ResourceId) {
        if self.is_open.insert(id) {
            self.open.push(id);
        }
    }
}

/// A data source that is read later may give out anything.
fn through_data(inventory: &Inventory, origin: &provenance::Origin) -> bool {
    origin.targets.iter().any(|target| {
        let target = inventory.resource(target.resource);
        target.mode == Mode::Data && target.action == Action::Read
    })
}

fn first_name(path: &AttributePath) -> &str {
    match path.0.first() {
        Some(Step::Name(name)) => name,
        _ => "",
    }
}

fn of_types(inventory: &Inventory, types: &[String]) -> Vec<ResourceId> {
    types
        .iter()
        .flat_map(|name| inventory.of_type(name))
        .copied()
        .filter(|id| inventory.resource(*id).mode == Mode::Managed)
        .collect()
}

/// Known names, ids and arns of the resources that can be referred to.
fn identities<'i>(inventory: &'i Inventory, types: &[String]) -> HashMap<&'i str, Vec<ResourceId>> {
    let mut map: HashMap<&str, Vec<ResourceId>> = HashMap::default();
    for id in of_types(inventory, types) {
        let values = &inventory.resource(id).values;
        for attribute in IDENTITIES {
            if let Some(Value::String(text)) = values.get(attribute)
                && !text.is_empty()
            {
                let ids = map.entry(text.as_str()).or_default();
                if ids.last() != Some(&id) {
                    ids.push(id);
                }
            }
        }
    }
    map
}

/// Resources one of whose names is this secret. Secret names are rare, so they
/// have no index.
fn same_secret(
    inventory: &Inventory,
    types: &[String],
    digest: SecretDigest,
) -> impl Iterator<Item = ResourceId> {
    of_types(inventory, types).into_iter().filter(move |id| {
        let values = &inventory.resource(*id).values;
        IDENTITIES
            .iter()
            .any(|name| values.get(name) == Some(&Value::Redacted(digest)))
    })
}

/// Names are unique within an account and a region, arns and bucket names everywhere.
fn may_share_names(inventory: &Inventory, a: &Resource, b: &Resource, text: &str) -> bool {
    if text.starts_with("arn:") || &*b.type_name == "aws_s3_bucket" || a.provider == b.provider {
        return true;
    }
    match (inventory.provider_of(a), inventory.provider_of(b)) {
        (Some(a), Some(b)) => a.region == b.region && a.account == b.account && a.region.is_some(),
        _ => true,
    }
}

/// The values at a path, lists spread out, each with where it stands.
fn values<'r>(
    steps: &[PathStep],
    resource: &'r Resource,
    out: &mut Vec<(&'r Value, AttributePath)>,
) {
    let [PathStep::Name(name), rest @ ..] = steps else {
        return;
    };
    if let Some(value) = resource.values.get(name) {
        spread(value, rest, AttributePath::default().name(name), out);
    }
}

fn spread<'r>(
    value: &'r Value,
    steps: &[PathStep],
    path: AttributePath,
    out: &mut Vec<(&'r Value, AttributePath)>,
) {
    match (value, steps) {
        (Value::List(list), [PathStep::Each, rest @ ..]) | (Value::List(list), rest) => {
            for (index, value) in list.iter().enumerate() {
                spread(value, rest, path.index(index), out);
            }
        }
        (Value::Object(object), [PathStep::Name(name), rest @ ..]) => {
            if let Some(value) = object.get(name) {
                spread(value, rest, path.name(name), out);
            }
        }
        (value, _) => out.push((value, path)),
    }
}
