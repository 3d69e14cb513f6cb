//! The examples of every built-in policy: documentation that is tested.

use abide_core::engine;
use abide_core::policy;
use abide_hcl::examples;

#[test]
fn every_example_of_the_library_is_right() {
    let (mut ran, mut wrong) = (0, Vec::new());
    for mut policy in policy::builtin() {
        policy::complete(&mut policy);
        for example in &policy.docs.examples {
            ran += 1;
            if let Err(disagreement) =
                examples::run(&policy, example, &|inventory, set, options| {
                    engine::evaluate(inventory, set, options, 0).findings
                })
                .unwrap()
            {
                wrong.push(format!(
                    "{} {:?}: {disagreement:?}",
                    policy.id, example.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ran > 400, "{ran}");
}
