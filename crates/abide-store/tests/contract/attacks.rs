//! Attacks on the ledger that do not need the suite of both databases.

use abide_ledger::entry::{Entry, Kind};
use abide_ledger::note::{Checkpoint, SecretKey};
use abide_ledger::tree::Frontier;
use abide_ledger::verify::{Broken, Log, verify_proof};
use abide_store::Store;
use serde_json::json;

use crate::{T0, key, record_all};

fn store(folder: &tempfile::TempDir) -> Store {
    let url = folder.path().join("abide.db").display().to_string();
    let mut store = Store::open(&url).expect("open");
    record_all(&mut store);
    store
}

/// A log of these entries, signed by a key.
fn signed(texts: Vec<String>, key: &SecretKey) -> Log {
    let mut tree = Frontier::default();
    for (seq, text) in (0..).zip(&texts) {
        let text = text.clone();
        tree.push(Entry { seq, text }.leaf());
    }
    let checkpoint = Checkpoint {
        origin: key.public().name().to_owned(),
        size: tree.size(),
        root: tree.root(),
    };
    Log {
        entries: texts.into_iter().map(|text| (text, None)).collect(),
        checkpoints: vec![checkpoint.sign(key)],
    }
}

/// One scan that an auditor drew, altered, with the proof of the true one or of another.
#[test]
fn a_forged_sample_has_no_proof() {
    let folder = tempfile::tempdir().expect("folder");
    let mut store = store(&folder);
    let (text, proof) = store.prove("acme", 3).expect("proof");
    let good = Entry {
        seq: 3,
        text: text.clone(),
    };
    verify_proof(&good, &proof, key().public()).expect("good");
    let forged = Entry {
        seq: 3,
        text: text.replace("\"fail\":1", "\"fail\":0"),
    };
    assert_ne!(forged.text, text);
    assert_eq!(
        verify_proof(&forged, &proof, key().public()),
        Err(Broken::Changed { at: 3 })
    );
    let (_, other) = store.prove("acme", 4).expect("proof");
    assert!(verify_proof(&good, &other, key().public()).is_err());
    let mut moved = proof.clone();
    moved.index = 2;
    assert!(verify_proof(&good, &moved, key().public()).is_err());
    let thief = SecretKey::from_seed("abide/acme", &[66; 32]);
    let own = signed(vec![forged.text.clone()], &thief);
    let mut alone = proof;
    (alone.index, alone.path) = (0, Vec::new());
    alone.checkpoint = own.checkpoints[0].clone();
    assert!(matches!(
        verify_proof(&forged, &alone, key().public()),
        Err(Broken::Note { .. })
    ));
}

/// Entries of an earlier time after later ones, signed with the real key.
#[test]
fn time_does_not_run_backwards() {
    let entry = |seq: u64, at: i64| Entry::new(seq, Kind::ConfigChanged, at, json!({})).text;
    let log = signed(
        vec![entry(0, T0), entry(1, T0 + 5), entry(2, T0 + 4)],
        &key(),
    );
    assert_eq!(
        log.verify(key().public(), &[]),
        Err(Broken::ClockBack { at: 2 })
    );
}

/// Who has the database but not the key puts a key of his own in force.
#[test]
fn a_key_cannot_be_put_in_force_by_others() {
    let thief = SecretKey::from_seed("abide/acme", &[66; 32]);
    let bodies = [
        json!({"from": key().public().to_string(), "to": thief.public().to_string()}),
        abide_ledger::rotation::body(1, &thief, thief.public()),
    ];
    for body in bodies {
        let first = Entry::new(0, Kind::ConfigChanged, T0, json!({})).text;
        let taken = Entry::new(1, Kind::KeyRotated, T0, body).text;
        let log = signed(vec![first, taken], &thief);
        assert_eq!(
            log.verify(key().public(), &[]),
            Err(Broken::Rotation { at: 1 })
        );
    }
}

/// Two logs of one key are told apart by what was anchored.
#[test]
fn another_log_of_the_same_key_does_not_pass() {
    let folder = tempfile::tempdir().expect("folder");
    let log = store(&folder).log("acme").expect("log").log;
    let other = signed(
        vec![Entry::new(0, Kind::ConfigChanged, T0, json!({})).text],
        &key(),
    );
    other.verify(key().public(), &[]).expect("good by itself");
    assert!(other.verify(key().public(), &log.checkpoints).is_err());
    assert_eq!(
        log.verify(key().public(), &other.checkpoints),
        Err(Broken::Rewritten { size: 1, first: 0 })
    );
}
