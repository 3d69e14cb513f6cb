use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn desk(ids: &[(&str, &str)]) -> Desk {
    let mut desk = Desk::new("seed".to_owned());
    for (route, id) in ids {
        desk.post(route, Message::test((*id).to_owned(), at(0)), at(0));
    }
    desk
}

fn ids(letters: &[&Letter]) -> Vec<String> {
    letters
        .iter()
        .map(|letter| letter.message.id.clone())
        .collect()
}

fn later(seconds: Option<u64>) -> Outcome {
    Outcome::Later {
        after: seconds.map(Duration::from_secs),
        why: "busy".to_owned(),
    }
}

#[test]
fn a_route_gets_its_letters_in_order_whatever_other_routes_do() {
    let mut desk = desk(&[("a", "1"), ("a", "2"), ("b", "3")]);
    assert_eq!(ids(&desk.due(at(0))), ["1", "3"]);
    assert!(matches!(
        desk.settle("1", 1, &later(None), at(0)),
        Settled::Waits(_)
    ));
    assert_eq!(ids(&desk.due(at(1))), ["3"]);
    assert_eq!(
        desk.settle("3", 1, &Outcome::Delivered, at(1)),
        Settled::Done
    );
    assert_eq!(ids(&desk.due(at(60))), ["1"]);
    desk.settle("1", 1, &Outcome::Delivered, at(60));
    assert_eq!(ids(&desk.due(at(60))), ["2"]);
    assert_eq!(desk.delivered, 2);
}

#[test]
fn pauses_grow_and_keep_to_what_is_asked() {
    let mut desk = desk(&[("a", "1")]);
    let mut now = at(0);
    let mut pauses = Vec::new();
    for _ in 0..12 {
        let Settled::Waits(next) = desk.settle("1", 1, &later(None), now) else {
            panic!("given up")
        };
        pauses.push(next.duration_since(now).as_secs());
        now = next;
    }
    assert!((10..=12).contains(&pauses[0]), "{pauses:?}");
    assert!(pauses.windows(2).take(8).all(|w| w[1] > w[0]), "{pauses:?}");
    assert!(pauses.iter().all(|p| *p <= 3600 * 6 / 5), "{pauses:?}");
    let Settled::Waits(next) = desk.settle("1", 1, &later(Some(9000)), now) else {
        panic!("given up")
    };
    assert_eq!(next.duration_since(now).as_secs(), 9000);
}

#[test]
fn gives_up_what_cannot_be_delivered_and_says_so() {
    let mut desk = desk(&[("a", "1"), ("a", "2")]);
    let unfit = Outcome::Unfit("invalid_blocks".to_owned());
    assert!(matches!(
        desk.settle("1", 1, &unfit, at(0)),
        Settled::Waits(_)
    ));
    assert!(matches!(
        desk.settle("1", 1, &unfit, at(1)),
        Settled::Waits(_)
    ));
    let last = desk.settle("1", 1, &unfit, at(2));
    assert_eq!(last, Settled::GivenUp("invalid_blocks".to_owned()));
    // A route that is wrong has three days to be mended.
    let refused = Outcome::Refused("no_service".to_owned());
    assert!(matches!(
        desk.settle("2", 1, &refused, at(71 * 3600)),
        Settled::Waits(_)
    ));
    assert!(matches!(
        desk.settle("2", 1, &refused, at(72 * 3600)),
        Settled::GivenUp(_)
    ));
    assert_eq!((desk.given_up, desk.letters().len()), (2, 0));
}

#[test]
fn parts_are_sent_one_after_the_other() {
    let mut desk = desk(&[("a", "1")]);
    assert_eq!(
        desk.settle("1", 2, &Outcome::Delivered, at(0)),
        Settled::More
    );
    let text = serde_json::to_string(&desk).unwrap();
    let mut desk: Desk = serde_json::from_str(&text).unwrap();
    assert_eq!(desk.letters()[0].sent, 1);
    assert_eq!(
        desk.settle("1", 2, &Outcome::Delivered, at(0)),
        Settled::Done
    );
    assert_eq!(
        desk.settle("1", 2, &Outcome::Delivered, at(0)),
        Settled::Unknown
    );
}

#[test]
fn letters_of_routes_that_are_gone_are_named_and_thrown_away() {
    let mut desk = desk(&[("a", "1"), ("b", "2")]);
    let gone = desk.drop_letters(|route| route == "a");
    assert_eq!(gone[0].message.id, "2");
    assert_eq!((desk.letters().len(), desk.given_up), (1, 1));
}
