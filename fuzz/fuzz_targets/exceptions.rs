//! Any text as a file of exceptions.
#![no_main]

use abide_core::exception::ExceptionSet;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let strict = ExceptionSet::read("fuzz.yaml", text, false);
    let lenient = ExceptionSet::read("fuzz.yaml", text, true);
    match (strict, lenient) {
        (Ok(strict), Ok(lenient)) => {
            // Asking for less never takes an exception away.
            assert!(strict.list.len() <= lenient.list.len());
            for exception in &lenient.list {
                assert!(!exception.policy.is_empty() && !exception.resource.is_empty());
                let _ = exception.expires.includes(Timestamp::UNIX_EPOCH);
                let _ = exception.expires.day();
            }
            let _ = format!("{:?}", strict.void);
        }
        (Err(strict), Err(lenient)) => assert_eq!(strict.to_string(), lenient.to_string()),
        _ => panic!("the two readings disagree about the file"),
    }
});
