//! Fills what a plan's configuration does not say: what a local value refers to, and
//! which output of a module is meant.

use std::collections::BTreeSet;

use crate::config::{Body, ConfigModule, Configuration, Expression, Reference, Subject};

/// Replaces expressions of the plan that cannot be followed by those of the source.
/// Blocks in `other` (indexes into the plan's blocks) are another version there and
/// stay as they are.
#[expect(
    clippy::iter_over_hash_type,
    reason = "every pair is looked at by itself"
)]
pub(super) fn refine(plan: &mut Configuration, source: &Configuration, other: &BTreeSet<u32>) {
    let mut pairs = vec![(0, 0)];
    while let Some((ours, theirs)) = pairs.pop() {
        let Some(written) = source.modules.get(theirs as usize) else {
            continue;
        };
        let Some(planned) = plan.modules.get_mut(ours as usize) else {
            continue;
        };
        module(planned, written);
        pairs.extend(
            planned
                .children
                .iter()
                .filter_map(|(name, ours)| Some((*ours, *written.children.get(name)?))),
        );
        for (block, ours) in &planned.resources {
            let Some(theirs) = written.resources.get(block) else {
                continue;
            };
            let planned = plan.resources.get_mut(*ours as usize);
            let written = source.resources.get(*theirs as usize);
            if let (Some(planned), Some(written)) = (planned, written)
                && !other.contains(ours)
            {
                body(&mut planned.body, &written.body);
                repetition(&mut planned.repetition, written.repetition.as_ref());
            }
        }
    }
}

#[expect(
    clippy::iter_over_hash_type,
    reason = "every pair is looked at by itself"
)]
fn module(planned: &mut ConfigModule, written: &ConfigModule) {
    for (name, planned) in &mut planned.outputs {
        if let Some(written) = written.outputs.get(name) {
            expression(planned, written);
        }
    }
    if let (Some(planned), Some(written)) = (&mut planned.call, &written.call) {
        for (name, planned) in &mut planned.arguments {
            if let Some(written) = written.arguments.get(name) {
                expression(planned, written);
            }
        }
        repetition(&mut planned.repetition, written.repetition.as_ref());
    }
}

fn repetition(planned: &mut Option<Expression>, written: Option<&Expression>) {
    if let (Some(planned), Some(written)) = (planned, written) {
        expression(planned, written);
    }
}

fn body(planned: &mut Body, written: &Body) {
    for (name, planned) in &mut planned.0 {
        if let Some(written) = written.get(name) {
            expression(planned, written);
        }
    }
}

fn expression(planned: &mut Expression, written: &Expression) {
    match (&mut *planned, written) {
        (Expression::References(known), Expression::References(news))
            if known.iter().any(is_vague) && says_more(known, news) =>
        {
            known.clone_from(news);
        }
        // A local value that is a constant.
        (Expression::References(known), Expression::Constant) if known.iter().all(is_local) => {
            *planned = Expression::Constant;
        }
        (Expression::Blocks(planned), Expression::Blocks(written))
            if planned.len() == written.len() =>
        {
            for (planned, written) in planned.iter_mut().zip(written) {
                body(planned, written);
            }
        }
        _ => {}
    }
}

/// Whether the list names all that the plan's names, and nothing that cannot be followed.
fn says_more(planned: &[Reference], written: &[Reference]) -> bool {
    !written.iter().any(is_vague)
        && planned
            .iter()
            .filter(|reference| !is_local(reference))
            .all(|reference| written.iter().any(|other| is_same(reference, other)))
}

/// Whether one may be what Terraform made of the other: it drops what follows an index
/// that is computed.
fn is_same(planned: &Reference, written: &Reference) -> bool {
    match (&planned.subject, &written.subject) {
        (
            Subject::Module {
                name, output: None, ..
            },
            Subject::Module { name: other, .. },
        ) => name == other,
        (planned_subject, subject) => {
            planned_subject == subject
                && (written.rest.starts_with(planned.rest.as_str())
                    || planned.rest.starts_with(written.rest.as_str()))
        }
    }
}

fn is_local(reference: &Reference) -> bool {
    matches!(reference.subject, Subject::Local(_))
}

fn is_vague(reference: &Reference) -> bool {
    matches!(
        reference.subject,
        Subject::Local(_) | Subject::Module { output: None, .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Expression {
        let list = Reference::parse_list(texts.iter().copied(), &mut |text| text.into());
        Expression::References(list)
    }

    fn refined(planned: &[&str], written: &Expression) -> Expression {
        let mut planned = list(planned);
        expression(&mut planned, written);
        planned
    }

    fn shown(expression: &Expression) -> Vec<String> {
        let references = expression.references();
        references.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_local_becomes_what_it_refers_to() {
        let found = refined(&["local.key"], &list(&["aws_kms_key.k.arn"]));
        assert_eq!(shown(&found), ["aws_kms_key.k.arn"]);
        let found = refined(&["local.name"], &Expression::Constant);
        assert!(matches!(found, Expression::Constant));
    }

    #[test]
    fn what_else_the_plan_names_must_be_there() {
        let planned = ["local.key", "aws_kms_key.other.arn"];
        let found = refined(&planned, &list(&["aws_kms_key.k.arn"]));
        assert_eq!(shown(&found), planned);
        let found = refined(&planned, &Expression::Constant);
        assert_eq!(shown(&found), planned);
    }

    #[test]
    fn a_source_that_knows_no_more_changes_nothing() {
        let found = refined(&["local.key"], &list(&["local.other"]));
        assert_eq!(shown(&found), ["local.key"]);
        let found = refined(&["aws_kms_key.a.arn"], &list(&["aws_kms_key.b.arn"]));
        assert_eq!(shown(&found), ["aws_kms_key.a.arn"]);
    }

    #[test]
    fn a_dropped_output_comes_back() {
        let written = list(&["module.keys.arn", "each.key"]);
        let found = refined(&["module.keys", "each.key"], &written);
        assert_eq!(shown(&found), ["module.keys.arn", "each.key"]);
    }
}
