//! Offline plans of the fixtures against what the real provider printed for them.

use std::fs;

use serde_json::Value as Json;

use crate::compare;
use crate::support::{fixtures, plan};

mod real_terraform {
    use super::*;

    #[test]
    fn what_both_plans_know_is_equal() {
        let mut names: Vec<_> = fs::read_dir(fixtures())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let only = std::env::var("ABIDE_CASE").ok();
        for name in names.iter().filter(|name| only.as_ref().is_none_or(|only| only == *name)) {
            let directory = fixtures().join(name);
            let real: Json = serde_json::from_slice(&fs::read(directory.join("plan.json")).unwrap()).unwrap();
            match plan(&directory) {
                Err(error) => println!("{name}: {error}"),
                Ok(planned) => {
                    let found = compare::plans(&planned.json, &real);
                    let steps: u128 = planned.steps.iter().map(|(_, time)| time.as_millis()).sum();
                    println!("{name}: {} equal, {} unknown, {steps} ms {:?}\n   early {:?}\n   unset {:?}\n   DIFFERENT {:#?}", found.equal, found.unknown, planned.steps, found.early, found.unset, found.different);
                }
            }
        }
    }
}
