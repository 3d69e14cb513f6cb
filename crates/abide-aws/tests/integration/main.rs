//! Against the fake AWS that everybody uses (moto), and against a stub where that does not answer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod calls;
mod live_account;
mod moto;
mod stub;
mod trail;

use abide_aws::Session;

/// A session with made-up keys that asks `url` for everything.
fn session(url: &str, more: &[(&str, &str)]) -> Session {
    let given = [
        ("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST"),
        ("AWS_SECRET_ACCESS_KEY", "very-secret-key"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", url),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let all = given.iter().chain(more);
    let variables: Vec<(String, String)> = all
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Session::new(&variables)
        .unwrap()
        .with_patience(std::time::Duration::from_millis(2))
}
