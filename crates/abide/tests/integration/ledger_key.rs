//! The ledger's key in the keyring of the system.

use std::fs;

use crate::evidence::{abide, ok, text};

const PLAN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/payments/plan.json"
);

/// A container may forbid its programs the kernel's keyring; then that must be said, and nothing
/// recorded.
#[test]
fn a_key_in_the_keyring_is_made_once_and_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let name = format!("keyring:test-{}", std::process::id());
    let record = [
        "scan",
        PLAN,
        "--exit-zero",
        "--record",
        "--ledger-key",
        &name,
    ];
    let first = abide(here, &record);
    let said = text(&first);
    if !first.status.success() {
        assert_eq!(first.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("the ledger's key {name}")), "{said}");
        assert!(said.contains("NOT recorded"), "{said}");
        assert!(said.contains("the kernel's keyring refuses"), "{said}");
        return;
    }
    assert!(
        said.contains(&format!("made the ledger's key {name}")),
        "{said}"
    );
    let again = abide(here, &record);
    ok(&again);
    assert!(
        !text(&again).contains("made the ledger's key"),
        "{}",
        text(&again)
    );
    assert!(!here.join(".abide/ledger.key").exists());
    ok(&abide(here, &["evidence", "verify"]));

    // Another key cannot go on with the ledger, until this one hands it over.
    let other = abide(here, &["scan", PLAN, "--exit-zero", "--record"]);
    assert_eq!(other.status.code(), Some(2), "{}", text(&other));
    let next = here.join("next.key").display().to_string();
    let rotated = abide(
        here,
        &[
            "evidence",
            "rotate",
            "--ledger-key",
            &name,
            "--new-key",
            &next,
        ],
    );
    ok(&rotated);
    ok(&abide(
        here,
        &[
            "scan",
            PLAN,
            "--exit-zero",
            "--record",
            "--ledger-key",
            &next,
        ],
    ));
    ok(&abide(here, &["evidence", "verify"]));
    assert!(fs::read_to_string(&next).unwrap().len() > 40);
}
