//! Check runs.

use abide_forge::github::{Annotation, CheckRun, Conclusion, Level};

use crate::mock::github::GitHub;
use crate::{Still, pull_request};

fn run(annotations: usize) -> CheckRun {
    let annotation = |number: usize| Annotation {
        path: "main.tf".to_owned(),
        start_line: u32::try_from(number).unwrap() + 1,
        end_line: u32::try_from(number).unwrap() + 1,
        level: if number == 0 {
            Level::Failure
        } else {
            Level::Warning
        },
        title: "t".repeat(300),
        message: format!("message {number} {}", "ä".repeat(40_000)),
    };
    CheckRun {
        name: "abide".to_owned(),
        head: "head0".to_owned(),
        details_url: Some("https://github.com/acme/infra/actions/runs/1".to_owned()),
        conclusion: Conclusion::Failure,
        title: "3 violations".to_owned(),
        summary: "s".repeat(70_000),
        annotations: (0..annotations).map(annotation).collect(),
    }
}

#[test]
fn annotations_go_up_fifty_at_a_time() {
    for (number, calls, shown) in [
        (0, 0, 0),
        (1, 0, 1),
        (50, 0, 50),
        (51, 1, 51),
        (120, 2, 120),
        (600, 9, 500),
    ] {
        let github = GitHub::start();
        let posted = pull_request(&github, &Still::default())
            .check(&run(number))
            .unwrap();
        assert_eq!((posted.annotations, posted.left), (shown, number - shown));
        let state = github.state();
        assert_eq!(state.count("checks/create"), 1);
        assert_eq!(state.count("checks/update"), calls, "{number}");
        let check = &state.checks[0];
        assert_eq!(check["conclusion"], "failure");
        let all = check["output"]["annotations"].as_array().unwrap();
        assert_eq!(all.len(), shown);
        // In order, each once.
        let lines: Vec<u64> = all
            .iter()
            .map(|a| a["start_line"].as_u64().unwrap())
            .collect();
        assert_eq!(lines, (1..=shown as u64).collect::<Vec<_>>());
        if number > 500 {
            assert!(
                check["output"]["summary"]
                    .as_str()
                    .unwrap()
                    .ends_with("100 more are not annotated.")
            );
        }
        drop(state);
        github.assert_clean();
    }
}

#[test]
fn a_batch_of_unknown_fate_is_not_sent_twice() {
    let github = GitHub::start();
    let lost = crate::mock::github::Fault::BadGateway;
    github.state().faults.push_back(("checks/update", lost));
    pull_request(&github, &Still::default())
        .check(&run(60))
        .unwrap_err();
    let all = github.state().checks[0]["output"]["annotations"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(all, 60);
    github.assert_clean();
}
