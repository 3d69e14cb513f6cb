//! The comment, whatever people, bots and schedulers do.

use abide_forge::comment::{Comment, Conversation, Draft, Me, Outcome, Stamp, Untouched, upsert};
use abide_forge::{ForgeError, github};
use proptest::prelude::*;

use crate::mock::github::{ACTIONS, Fault, GitHub};
use crate::mock::server::Response;
use crate::{Still, draft, pull_request};

const OTHER: &str = "acme-abide[bot]";

/// Comments of a run name.
fn of_run(github: &GitHub, run: &str) -> Vec<String> {
    let state = github.state();
    let bodies = state.comments.iter().map(|comment| comment.body.clone());
    bodies
        .filter(|body| Stamp::of(body).is_some_and(|stamp| stamp.run == run))
        .collect()
}

/// Something that happens on a pull request.
#[derive(Clone, Debug)]
enum Event {
    /// The run of the last push but so many ends, with its attempt, as one bot or the other.
    Run {
        back: u64,
        attempt: u64,
        other: bool,
    },
    /// Somebody changes the text of our comment.
    Edit,
    /// Somebody takes the hidden line away.
    Unstamp,
    /// Somebody makes the hidden line say that it is of the future.
    Forge,
    /// Somebody deletes our comment.
    Delete,
    /// Somebody writes about us, quoting.
    Talk,
    /// Another job reports under its own run name.
    OtherRun,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0u64..4, 1u64..3, any::<bool>()).prop_map(|(back, attempt, other)| Event::Run { back, attempt, other }),
        1 => Just(Event::Edit),
        1 => Just(Event::Unstamp),
        1 => Just(Event::Forge),
        1 => Just(Event::Delete),
        1 => Just(Event::Talk),
        1 => Just(Event::OtherRun),
    ]
}

/// Every third push has nothing to say.
fn says(push: u64, attempt: u64) -> Draft {
    let quiet = push.is_multiple_of(3);
    let text = match quiet {
        true => format!("All resolved at {push}.{attempt}"),
        false => format!("❌ {push} violations, attempt {attempt}"),
    };
    draft("default", push, attempt, &text, quiet)
}

fn play(github: &GitHub, push: u64, event: &Event) {
    let request = pull_request(github, &Still::default());
    match event {
        Event::Run {
            back,
            attempt,
            other,
        } => {
            let push = push.saturating_sub(*back).max(1);
            github.state().login = if *other { OTHER } else { ACTIONS }.to_owned();
            upsert(&request, &says(push, *attempt)).unwrap();
        }
        Event::OtherRun => {
            let other = draft("network", push, 1, "another job", false);
            upsert(&request, &other).unwrap();
        }
        Event::Talk => {
            let quoted = of_run(github, "default").pop().unwrap_or_default();
            let quoted: String = quoted.lines().map(|line| format!("> {line}\n")).collect();
            github
                .state()
                .say("kenji", &format!("{quoted}\nWhat about this?"));
            github
                .state()
                .say("lint[bot]", "## Policy Scan Results\n\nof another program");
        }
        Event::Edit | Event::Unstamp | Event::Forge | Event::Delete => {
            let mut state = github.state();
            // The bot of Actions is known by its name where the hidden line is gone.
            let at = state.comments.iter().position(|c| {
                c.login == ACTIONS && Stamp::of(&c.body).is_some_and(|s| s.run == "default")
            });
            let Some(at) = at else { return };
            let comment = &mut state.comments[at];
            match event {
                Event::Edit => comment.body.push_str("\nfixed it myself"),
                Event::Unstamp => {
                    let (_, text) = comment.body.split_once('\n').unwrap();
                    comment.body = format!("see below\r\n{text}");
                }
                Event::Forge => comment.body = comment.body.replace("ci=1", "ci=9"),
                _ => {
                    state.comments.remove(at);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Twenty pushes; runs end late and in any order, are run again, by two bots; people edit,
    /// delete and quote. When the run of the last push has ended, and whatever late runs end
    /// after it, there is one comment, and it is that run's.
    #[test]
    fn twenty_pushes_leave_one_right_comment(
        pushes in proptest::collection::vec(proptest::collection::vec(event(), 0..4), 19),
        late in proptest::collection::vec((1u64..4, 1u64..3), 0..3),
    ) {
        let github = GitHub::start();
        for (push, events) in (1u64..).zip(&pushes) {
            github.state().head = format!("head{push}");
            events.iter().for_each(|event| play(&github, push, event));
        }
        github.state().head = "head20".to_owned();
        play(&github, 20, &Event::Run { back: 0, attempt: 1, other: false });
        for (back, attempt) in late {
            play(&github, 20, &Event::Run { back, attempt, other: false });
        }
        prop_assert_eq!(of_run(&github, "default"), [says(20, 1).body()]);
        prop_assert!(of_run(&github, "network").len() <= 1);
        let talked = pushes.iter().flatten().filter(|e| matches!(e, Event::Talk)).count();
        let state = github.state();
        prop_assert_eq!(state.comments.iter().filter(|c| c.login == "kenji").count(), talked);
        prop_assert_eq!(state.comments.iter().filter(|c| c.login == "lint[bot]").count(), talked);
        // Nothing stamped or titled is left of ours beside them.
        let ours = state.comments.iter().filter(|c| [ACTIONS, OTHER].contains(&c.login.as_str()));
        prop_assert!(ours.count() <= 2);
        drop(state);
        github.assert_clean();
    }
}

#[test]
fn it_is_silent_until_there_is_something_and_says_when_all_is_resolved() {
    let github = GitHub::start();
    let request = pull_request(&github, &Still::default());
    let push = |number: u64, text: &str, quiet: bool| {
        github.state().head = format!("head{number}");
        upsert(&request, &draft("default", number, 1, text, quiet)).unwrap()
    };
    assert_eq!(
        push(1, "nothing", true),
        Outcome::Untouched(Untouched::Silent)
    );
    assert!(github.state().comments.is_empty());
    assert!(matches!(push(2, "1 violation", false), Outcome::Created(_)));
    assert!(matches!(push(3, "All resolved", true), Outcome::Updated(_)));
    assert!(github.state().comments[0].body.contains("All resolved"));
    // Once more: nothing is written.
    let before = github.state().count("issues/update-comment");
    assert_eq!(
        push(3, "All resolved", true),
        Outcome::Untouched(Untouched::Same)
    );
    assert_eq!(github.state().count("issues/update-comment"), before);
    assert_eq!(github.state().comments.len(), 1);
    github.assert_clean();
}

#[test]
fn the_comment_is_found_on_any_page() {
    let github = GitHub::start();
    let request = pull_request(&github, &Still::default());
    github.state().page = 10;
    for number in 0..35 {
        github.state().say("kenji", &format!("remark {number}"));
    }
    upsert(&request, &draft("default", 0, 1, "one", false)).unwrap();
    for number in 0..35 {
        github
            .state()
            .say("", &format!("later remark {number}, of a deleted account"));
    }
    upsert(&request, &draft("default", 0, 2, "two", false)).unwrap();
    assert_eq!(of_run(&github, "default").len(), 1);
    assert!(of_run(&github, "default")[0].contains("two"));
    github.assert_clean();
}

#[test]
fn a_lost_answer_to_the_creation_leaves_one_comment() {
    for fault in [Fault::Lost, Fault::BadGateway] {
        let github = GitHub::start();
        let request = pull_request(&github, &Still::default());
        github
            .state()
            .faults
            .push_back(("issues/create-comment", fault));
        upsert(&request, &draft("default", 0, 1, "one", false)).unwrap();
        assert_eq!(of_run(&github, "default").len(), 1);
        assert_eq!(github.state().count("issues/create-comment"), 2);
        github.assert_clean();
    }
}

#[test]
fn a_comment_deleted_while_we_write_is_written_anew() {
    let github = GitHub::start();
    let request = pull_request(&github, &Still::default());
    upsert(&request, &draft("default", 0, 1, "one", false)).unwrap();
    let gone = Response::new(404, serde_json::json!({"message": "Not Found"}));
    github
        .state()
        .faults
        .push_back(("issues/update-comment", Fault::Answer(gone)));
    upsert(&request, &draft("default", 0, 2, "two", false)).unwrap();
    assert_eq!(of_run(&github, "default").len(), 1);
    github.assert_clean();
}

#[test]
fn a_fork_is_told_from_other_refusals() {
    let github = GitHub::start();
    github.state().read_only = true;
    let request = pull_request(&github, &Still::default());
    let error = upsert(&request, &draft("default", 0, 1, "one", false)).unwrap_err();
    assert!(error.is_denied(), "{error}");
    let said = error.to_string();
    assert!(
        said.contains("Resource not accessible by integration"),
        "{said}"
    );
    assert!(
        said.contains("POST /api/v3/repos/acme/infra/issues/12/comments")
            || said.contains("POST /repos/acme/infra/issues/12/comments"),
        "{said}"
    );
    github.assert_clean();
}

#[test]
fn a_user_s_token_knows_itself() {
    let github = GitHub::start();
    github.state().user = Some("kenji".to_owned());
    github.state().login = "kenji".to_owned();
    let bot = draft("default", 0, 9, "of the bot", false).body();
    github.state().say(ACTIONS, &bot);
    let request = pull_request(&github, &Still::default());
    assert_eq!(request.me().unwrap(), Me::Login("kenji".to_owned()));
    upsert(&request, &draft("default", 0, 1, "one", false)).unwrap();
    let state = github.state();
    assert_eq!(state.comments[0].body, bot, "somebody else's is left alone");
    assert_eq!(state.comments[1].login, "kenji");
}

/// Lets something happen before a call of this number.
struct Interrupted<'c> {
    inner: &'c github::PullRequest,
    left: std::cell::Cell<u32>,
    event: &'c dyn Fn(),
}

impl Interrupted<'_> {
    fn tick(&self) {
        if self.left.get() == 0 {
            (self.event)();
        }
        self.left.set(self.left.get().wrapping_sub(1));
    }
}

impl Conversation for Interrupted<'_> {
    fn me(&self) -> Result<Me, ForgeError> {
        self.tick();
        self.inner.me()
    }
    fn head(&self) -> Result<Option<String>, ForgeError> {
        self.tick();
        self.inner.head()
    }
    fn comments(&self) -> Result<Vec<Comment>, ForgeError> {
        self.tick();
        self.inner.comments()
    }
    fn create(&self, body: &str) -> Result<Comment, ForgeError> {
        self.tick();
        self.inner.create(body)
    }
    fn update(&self, id: u64, body: &str) -> Result<Comment, ForgeError> {
        self.tick();
        self.inner.update(id, body)
    }
    fn delete(&self, id: u64) -> Result<(), ForgeError> {
        self.tick();
        self.inner.delete(id)
    }
}

/// An older run is stopped before any of its calls, the newer one runs, the older goes on.
#[test]
fn two_runs_at_once_leave_the_newer_one_s_comment() {
    for with_comment in [false, true] {
        for number in 0..7 {
            let github = GitHub::start();
            let request = pull_request(&github, &Still::default());
            if with_comment {
                upsert(&request, &draft("default", 0, 1, "zero", false)).unwrap();
            }
            github.state().head = "head2".to_owned();
            let newer = draft("default", 2, 1, "newer", false);
            let ran = std::cell::Cell::new(false);
            let older = Interrupted {
                inner: &request,
                left: number.into(),
                event: &|| {
                    upsert(&request, &newer).unwrap();
                    ran.set(true);
                },
            };
            upsert(&older, &draft("default", 1, 1, "older", false)).unwrap();
            if !ran.get() {
                upsert(&request, &newer).unwrap();
            }
            assert_eq!(
                of_run(&github, "default"),
                [newer.body()],
                "before call {number}"
            );
            github.assert_clean();
        }
    }
}

/// Two runs on one commit, both creating: one comment is left, the later attempt's.
#[test]
fn two_runs_of_one_commit_settle() {
    for number in 0..7 {
        let github = GitHub::start();
        let request = pull_request(&github, &Still::default());
        let (first, second) = (
            draft("default", 0, 1, "first", false),
            draft("default", 0, 2, "second", false),
        );
        let ran = std::cell::Cell::new(false);
        let older = Interrupted {
            inner: &request,
            left: number.into(),
            event: &|| {
                upsert(&request, &second).unwrap();
                ran.set(true);
            },
        };
        upsert(&older, &first).unwrap();
        if !ran.get() {
            upsert(&request, &second).unwrap();
        }
        assert_eq!(
            of_run(&github, "default"),
            [second.body()],
            "before call {number}"
        );
        github.assert_clean();
    }
}
