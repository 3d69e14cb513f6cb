use super::*;

#[test]
fn secrets_are_never_shown() {
    let slack = Slack::new("https://hooks.slack.com/services/T0/B0/secret").unwrap();
    let hook = Webhook::new("https://example.com/x", "a-secret-that-is-long-enough").unwrap();
    let pager = PagerDuty::new(PagerDuty::US, "0123456789abcdef0123456789abcdef").unwrap();
    let email = Email::new(
        "smtps://me:hunter22@mail.example",
        "a@b.example",
        &["c@d.example".to_owned()],
    );
    let shown = format!("{slack:?} {hook:?} {pager:?} {:?}", email.unwrap());
    for secret in ["secret", "0123456789abcdef", "hunter22"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn what_is_no_address_or_would_go_in_the_clear_is_refused() {
    assert!(matches!(
        Slack::new("hooks.slack.com"),
        Err(RouteError::Address(..))
    ));
    assert!(matches!(
        Slack::new("http://hooks.slack.com/x"),
        Err(RouteError::Clear(_))
    ));
    assert!(Slack::new("http://127.0.0.1:8080/x").is_ok());
    // A host that only looks like this machine.
    assert!(Slack::new("http://127.0.0.1.example.com/x").is_err());
    assert!(Slack::new("http://localhost@example.com/x").is_err());
    assert!(Webhook::new("http://hook.internal/x", "0123456789012345678901234").is_ok());
    assert_eq!(
        Webhook::new("https://a.example", "short").unwrap_err(),
        RouteError::ShortSecret(5)
    );
    assert_eq!(
        Webhook::new("https://a.example", "whsec_???").unwrap_err(),
        RouteError::SecretForm
    );
    assert_eq!(
        PagerDuty::new(PagerDuty::EU, "x").unwrap_err(),
        RouteError::RoutingKey(1)
    );
    let to = ["c@d.example".to_owned()];
    let clear = Email::new("smtp://me:pw@mail.example", "a@b.example", &to);
    assert_eq!(clear.unwrap_err(), RouteError::ClearPassword);
    assert!(
        Email::new(
            "smtp://me:pw@mail.example:587?tls=required",
            "a@b.example",
            &to
        )
        .is_ok()
    );
    assert!(Email::new("smtp://mail.example:25", "a@b.example", &to).is_ok());
    assert_eq!(
        Email::new("smtp://mail.example", "a@b.example", &[]).unwrap_err(),
        RouteError::NoRecipient
    );
    assert!(matches!(
        Email::new("smtp://mail.example", "nobody", &to),
        Err(RouteError::Mailbox(..))
    ));
}
