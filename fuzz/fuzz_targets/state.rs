//! Any bytes as a state, from `terraform show -json` or as stored.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| abide_fuzz::scan(bytes));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    abide_fuzz::mutate_json(data, size, max_size, seed)
});
