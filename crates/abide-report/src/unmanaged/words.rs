//! Sentences about unmanaged resources that the formats share.

use abide_core::finding::Finding;

use super::{UnmanagedFound, UnmanagedReport, UnmanagedResource, UnseenKind};
use crate::words::count;

/// Where something is.
pub(super) fn place(region: Option<&str>) -> &str {
    region.unwrap_or("no region")
}

/// `aws_s3_bucket by-hand (eu-west-1)`
pub(super) fn subject(resource: &UnmanagedResource) -> String {
    let place = place(resource.region.as_deref());
    format!(
        "{} {} ({place}) is in no state",
        resource.type_name, resource.id
    )
}

/// What belongs to it: `with 1 aws_ebs_volume, 1 aws_network_interface`.
pub(super) fn children(resource: &UnmanagedResource) -> Option<String> {
    let mut names: Vec<&str> = resource
        .children
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    let groups: Vec<String> = names
        .chunk_by(|a, b| a == b)
        .map(|group| format!("{} {}", group.len(), group[0]))
        .collect();
    (!groups.is_empty()).then(|| groups.join(", "))
}

/// A violation in a line.
pub(super) fn finding(report: &UnmanagedReport, finding: &Finding) -> String {
    let id = report
        .policies
        .get(finding.policy as usize)
        .map_or("?", |policy| &policy.id);
    let excepted = match &finding.exception {
        Some(exception) => format!(
            " (excepted by {} until {})",
            exception.id, exception.expires
        ),
        None => String::new(),
    };
    format!(
        "{id} ({}): {}{excepted}",
        finding.severity,
        finding.message.trim()
    )
}

/// The controls that violations give evidence for.
pub(super) fn controls(report: &UnmanagedReport, resource: &UnmanagedResource) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for finding in resource.violations() {
        let policy = report.policies.get(finding.policy as usize);
        for label in policy.map(crate::words::control_labels).unwrap_or_default() {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
    labels
}

/// What could not be looked at, and why.
pub(super) fn unseen(unseen: &UnseenKind) -> String {
    let which = match &unseen.id {
        Some(id) => format!("{} {id}", unseen.type_name),
        None => unseen.type_name.clone(),
    };
    let place = place(unseen.region.as_deref());
    format!("{which} ({place}): {}", unseen.reason)
}

/// A line of numbers for an account.
pub(super) fn summary(found: &UnmanagedFound) -> String {
    let sum = |of: fn(&super::UnmanagedKind) -> usize| found.kinds.iter().map(of).sum::<usize>();
    let ignored = found
        .resources
        .iter()
        .filter(|r| r.ignored.is_some())
        .count();
    let mut parts = vec![
        format!("{} unmanaged", found.resources.len() - ignored),
        format!("{} in states", sum(|kind| kind.held)),
        format!("{} of AWS itself", sum(|kind| kind.own)),
        format!("{} part of others", sum(|kind| kind.children)),
    ];
    if ignored > 0 {
        parts.push(format!("{ignored} ignored"));
    }
    if !found.not_looked.is_empty() {
        parts.push(format!(
            "{} NOT LOOKED AT",
            count(found.not_looked.len(), "listing")
        ));
    }
    format!(
        "{} of {} listed: {}",
        count(sum(|kind| kind.listed), "resource"),
        count(found.kinds.len(), "type"),
        parts.join(", ")
    )
}
