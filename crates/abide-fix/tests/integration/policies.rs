//! Every policy with a fix mends its own failing examples.

use abide_core::engine::AccountMode;
use abide_core::policy::PolicySettings;
use abide_policy::Expectation;

/// Examples whose fix is a person's decision, with the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[(
    "POL-0015",
    "There is no policy",
    "the new policy names the bucket's ARN, which is known only after apply, so it is unknown",
)];

#[test]
fn failing_examples_are_fixed() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for mut policy in abide_core::policy::builtin() {
        abide_core::policy::complete(&mut policy);
        for example in &policy.docs.examples {
            if example.expect != Expectation::Fail {
                continue;
            }
            let mut settings = PolicySettings::default();
            settings.parameters.insert(
                policy.id.clone(),
                example.parameters.iter().cloned().collect(),
            );
            let account = if example.baseline {
                AccountMode::Baseline
            } else {
                AccountMode::Auto
            };
            let fixes = crate::fix_with(
                &[("example.tf", &example.hcl)],
                vec![policy.clone()],
                &settings,
                account,
            );
            tried += usize::from(!fixes.fixed.is_empty());
            for left in &fixes.left {
                let excepted = EXCEPTIONS
                    .iter()
                    .any(|(id, name, _)| *id == policy.id && *name == example.name);
                if !left.finding.fix.is_empty() && !excepted {
                    wrong.push(format!(
                        "{} {:?}: {}\n  fix: {:?}",
                        policy.id, example.name, left.why, left.finding.fix
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 40, "only {tried} examples were fixed");
}
