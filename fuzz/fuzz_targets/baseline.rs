//! Any text as a baseline. What is read must come back the same when written.
#![no_main]

use abide_core::baseline::Baseline;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Baseline::read("fuzz", text) {
        Ok(baseline) => {
            let written = baseline.write();
            let again = Baseline::read("fuzz", &written).expect("what was written can be read");
            assert_eq!(again, baseline);
            assert_eq!(again.write(), written);
        }
        Err(error) => {
            let _ = error.to_string();
        }
    }
});
