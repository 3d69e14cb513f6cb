//! Any text as a policy file. One that is accepted must compile, or be refused
//! with a message, and then judge a plan.
#![no_main]

use abide_core::policy::{PolicySet, PolicySettings};
use libfuzzer_sys::fuzz_target;

const PLAN: &[u8] = include_bytes!("../../examples/payments/plan.json");

fuzz_target!(|text: &str| {
    match abide_policy::read("fuzz.yaml", text) {
        Err(errors) => {
            assert!(!errors.0.is_empty(), "refused without a reason");
            for error in errors.0 {
                let _ = error.to_string();
            }
        }
        Ok(policy) => match PolicySet::compile(vec![policy], &PolicySettings::default()) {
            Err(error) => {
                let _ = error.to_string();
            }
            Ok(set) => {
                assert!(
                    abide_fuzz::run(PLAN, set.wanted().clone(), &set).is_some(),
                    "the example plan was refused"
                );
            }
        },
    }
});
