use super::*;

#[test]
fn a_status_decides_whether_it_is_worth_another_try() {
    assert_eq!(judge(202, None, ""), Outcome::Delivered);
    for status in [408, 425, 429, 500, 503] {
        assert!(
            matches!(judge(status, None, ""), Outcome::Later { .. }),
            "{status}"
        );
    }
    for status in [301, 401, 403, 404, 410] {
        assert!(
            matches!(judge(status, None, ""), Outcome::Refused(_)),
            "{status}"
        );
    }
    let unfit = judge(400, None, "invalid_blocks");
    assert_eq!(
        unfit,
        Outcome::Unfit("the service answered 400: invalid_blocks".to_owned())
    );
}

#[test]
fn reads_seconds_and_dates() {
    let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
    assert_eq!(retry_after("30", now), Some(Duration::from_secs(30)));
    let date = retry_after("Sun, 01 Mar 2026 10:02:00 GMT", now);
    assert_eq!(date, Some(Duration::from_secs(120)));
    assert_eq!(
        retry_after("Sun, 01 Mar 2026 09:00:00 GMT", now),
        Some(Duration::ZERO)
    );
    assert_eq!(retry_after("soon", now), None);
}

#[test]
fn pieces_of_an_address_are_secret_too() {
    let found = pieces("smtps://me:hunter22@mail.example:465/");
    assert_eq!(found, ["me:hunter22", "hunter22"]);
    assert_eq!(
        pieces("https://hooks.slack.com/services/T/B/x"),
        ["services/T/B/x"]
    );
}
