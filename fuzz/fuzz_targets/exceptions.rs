//! Any text as a file of exceptions: read, judged and changed.
#![no_main]

use abide_core::exception::{self, Act, Exception, ExceptionSet, Rules, State};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(set) = ExceptionSet::read("fuzz.yaml", text) else {
        return;
    };
    let now = Timestamp::UNIX_EPOCH;
    let grants = set.judge(&[], &Rules::default());
    assert_eq!(grants.len(), set.list.len());
    for grant in &grants {
        // There are no policies, so nothing can cover anything.
        assert!(grant.state(now) != State::Active);
        let _ = (grant.why_void(now), grant.is_review_due(now), grant.exception.digest());
    }
    let act = Act {
        name: "ana".to_owned(),
        ..Act::default()
    };
    let new = Exception {
        id: "new".to_owned(),
        requester: Some(act.clone()),
        ..Exception::default()
    };
    if let Ok(added) = exception::add_entry("fuzz.yaml", text, &new) {
        let read = ExceptionSet::read("fuzz.yaml", &added).expect("what was written is read");
        assert_eq!(read.list.len(), set.list.len() + 1);
    }
    if let Some(first) = set.list.first() {
        let _ = exception::add_field("fuzz.yaml", text, &first.id, "approvers", &act);
    }
});
