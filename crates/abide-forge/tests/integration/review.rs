//! Suggestions in reviews.

use abide_forge::{Suggested, Suggestion};

use crate::mock::github::{Fault, GitHub};
use crate::{Still, pull_request};

const PATCH: &str =
    "@@ -1,2 +1,4 @@\n resource \"aws_s3_bucket\" \"a\" {\n+  acl = \"public-read\"\n+  # note\n }";

fn suggestion(line: u32, end_line: u32, replacement: &str) -> Suggestion {
    Suggestion {
        path: "main.tf".to_owned(),
        line,
        end_line,
        replacement: replacement.to_owned(),
        why: "**POL-0001**: public".to_owned(),
        about: "POL-0001 aws_s3_bucket.a".to_owned(),
    }
}

fn github() -> GitHub {
    let github = GitHub::start();
    github.state().files = vec![
        ("main.tf".to_owned(), PATCH.to_owned()),
        ("logo.png".to_owned(), String::new()),
    ];
    github
}

#[test]
fn a_suggestion_is_made_once_and_taken_back_when_it_is_done() {
    let github = github();
    let request = pull_request(&github, &Still::default());
    let suggest = |all: &[Suggestion]| {
        let head = github.state().head.clone();
        request.suggest("default", &head, all).unwrap()
    };
    let all = [
        suggestion(2, 3, "  acl = \"private\""),
        suggestion(40, 40, "far away"),
    ];
    let first = suggest(&all);
    assert_eq!(
        first,
        Suggested {
            made: 1,
            outside: 1,
            ..Suggested::default()
        }
    );
    {
        let state = github.state();
        assert_eq!(state.review_comments.len(), 1);
        let comment = &state.review_comments[0];
        assert_eq!(comment.line, 3);
        assert!(
            comment
                .body
                .contains("```suggestion\n  acl = \"private\"\n```"),
            "{}",
            comment.body
        );
    }
    // A push moves it by a line: nothing is repeated.
    github.state().head = "head1".to_owned();
    github.state().files[0].1 =
        format!("@@ -1,2 +1,5 @@\n+#\n{}", PATCH.split_once('\n').unwrap().1);
    let again = suggest(&[suggestion(3, 4, "  acl = \"private\"")]);
    assert_eq!(
        again,
        Suggested {
            repeated: 1,
            ..Suggested::default()
        }
    );
    assert_eq!(github.state().count("pulls/create-review"), 1);
    // It is done.
    let done = suggest(&[]);
    assert_eq!(
        done,
        Suggested {
            withdrawn: 1,
            ..Suggested::default()
        }
    );
    assert!(github.state().review_comments.is_empty());
    github.assert_clean();
}

#[test]
fn what_people_answered_to_is_kept() {
    let github = github();
    let request = pull_request(&github, &Still::default());
    request
        .suggest("default", "head0", &[suggestion(2, 2, "x")])
        .unwrap();
    {
        let mut state = github.state();
        let mut answer = state.review_comments[0].clone();
        answer.reply_to = Some(answer.id);
        answer.id = 99;
        answer.login = "kenji".to_owned();
        answer.body = "why?".to_owned();
        state.review_comments.push(answer);
    }
    assert_eq!(
        request.suggest("default", "head0", &[]).unwrap().withdrawn,
        0
    );
    assert_eq!(github.state().review_comments.len(), 2);
    github.assert_clean();
}

#[test]
fn nothing_is_suggested_on_another_commit_than_the_proven_one() {
    let github = github();
    github.state().head = "head1".to_owned();
    let request = pull_request(&github, &Still::default());
    let done = request
        .suggest("default", "head0", &[suggestion(2, 2, "x")])
        .unwrap();
    assert_eq!(done, Suggested::default());
    assert_eq!(github.state().count("pulls/create-review"), 0);
    github.assert_clean();
}

#[test]
fn a_review_whose_answer_is_lost_is_not_made_twice() {
    for fault in [Fault::Lost, Fault::BadGateway] {
        let github = github();
        let request = pull_request(&github, &Still::default());
        github
            .state()
            .faults
            .push_back(("pulls/create-review", fault));
        let done = request
            .suggest("default", "head0", &[suggestion(2, 2, "x")])
            .unwrap();
        assert_eq!(
            done,
            Suggested {
                made: 1,
                ..Suggested::default()
            }
        );
        assert_eq!(github.state().review_comments.len(), 1);
        github.assert_clean();
    }
}
