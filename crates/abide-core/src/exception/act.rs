//! Who did something to an exception, and how that is known.

use jiff::Timestamp;

use crate::diagnostic::Place;

/// Something a person did: asked, approved, refused, took back, reviewed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Act {
    /// Who.
    pub name: String,
    /// When; older files do not say.
    pub at: Option<Timestamp>,
    /// How the name is known.
    pub identity: Identity,
    /// Why.
    pub reason: Option<String>,
    /// What an approver approved: [`super::Exception::digest`] at that time.
    pub digest: Option<String>,
    /// Where it is written.
    pub place: Place,
}

/// How a name is known; the strongest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    /// A claim of the token a CI system gave the job.
    Oidc,
    /// A variable of a CI system.
    Ci,
    /// The configured author of git, who is an owner of the file by CODEOWNERS.
    Codeowners,
    /// The configured author of git.
    Git,
    /// Typed by hand.
    Flag,
    /// Not recorded: written in the file by hand.
    #[default]
    File,
}

impl Identity {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Oidc,
        Self::Ci,
        Self::Codeowners,
        Self::Git,
        Self::Flag,
        Self::File,
    ];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Ci => "ci",
            Self::Codeowners => "codeowners",
            Self::Git => "git",
            Self::Flag => "flag",
            Self::File => "file",
        }
    }
}

/// Whether two names may be one person. `Ana@Example.com`, `@ana` and `ana` may be: a login
/// and the address it begins are taken for the same, so that doubt refuses an approval.
#[must_use]
pub fn same_person(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(bare);
    let is_start = |login: &str, address: &str| {
        !login.contains('@') && address.split('@').next().map(untagged) == Some(login)
    };
    one == other || is_start(&one, &other) || is_start(&other, &one)
}

/// A name without its form: `Ana <Ana@example.com>` and `@ana`.
fn bare(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let address = name
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.strip_suffix('>'));
    let name = address.unwrap_or(&name).trim_start_matches('@');
    // GitHub hides addresses as `12345+ana@users.noreply.github.com`.
    match name.strip_suffix("@users.noreply.github.com") {
        Some(login) => login
            .split_once('+')
            .map_or(login, |(_, login)| login)
            .to_owned(),
        None => name.to_owned(),
    }
}

fn untagged(local: &str) -> &str {
    local.split('+').next().unwrap_or(local)
}

/// Whether a name is a machine's: machines never approve.
#[must_use]
pub fn is_bot(name: &str) -> bool {
    const BOTS: [&str; 6] = [
        "github-actions",
        "dependabot",
        "renovate",
        "renovate-bot",
        "gitlab-bot",
        "web-flow",
    ];
    let name = bare(name);
    let login = name.split('@').next().unwrap_or(&name);
    login.ends_with("[bot]") || BOTS.contains(&login)
}
