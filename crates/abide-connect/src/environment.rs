//! What of our environment the program may see.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Names that are passed on, whole or, with `*`, by their beginning.
const PASSED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "XDG_*",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    // How Terraform is set up; what a person sets for one run (TF_CLI_ARGS, TF_LOG) is not passed.
    "TF_CLI_CONFIG_FILE",
    "TF_PLUGIN_CACHE_DIR",
    "TF_TOKEN_*",
    "TF_VAR_*",
    "TF_REATTACH_PROVIDERS",
    "TF_DISABLE_PLUGIN_TLS",
    "TERRAFORM_CONFIG",
    // Credentials, for the provider and the backend.
    "AWS_*",
    "GIT_SSH_COMMAND",
    "SSH_AUTH_SOCK",
    "SYSTEMROOT",
    "USERPROFILE",
    "APPDATA",
];

/// The environment of the program.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// What may be passed of these variables.
    pub fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut passed = Self(
            variables
                .into_iter()
                .filter(|(name, _)| is_passed(name))
                .collect(),
        );
        passed.set("TF_IN_AUTOMATION", "1");
        passed.set("TF_INPUT", "0");
        passed.set("CHECKPOINT_DISABLE", "1");
        passed
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }

    /// Takes a variable out.
    pub fn remove(&mut self, name: impl AsRef<OsStr>) {
        self.0.remove(name.as_ref());
    }

    /// Takes all variables out whose names begin so.
    pub fn remove_all(&mut self, start: &str) {
        self.0
            .retain(|name, _| !name.to_str().is_some_and(|name| name.starts_with(start)));
    }

    /// What it passes.
    pub fn iter(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter()
    }
}

fn is_passed(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    PASSED.iter().any(|known| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *known == name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_of_variables_goes_as_one() {
        let given = [("AWS_PROFILE", "prod"), ("AWSX", "1"), ("PATH", "/bin")];
        let given = given.map(|(name, value)| (name.into(), value.into()));
        let mut environment = Environment::of(given);
        environment.remove_all("AWS_");
        let names: Vec<_> = environment.iter().map(|(name, _)| name).collect();
        assert!(!names.iter().any(|name| *name == "AWS_PROFILE"));
        assert!(names.iter().any(|name| *name == "PATH"));
    }

    #[test]
    fn only_what_is_listed_is_passed() {
        let given = [
            ("PATH", "/bin"),
            ("AWS_PROFILE", "prod"),
            ("TF_VAR_env", "prod"),
            ("TF_CLI_ARGS_plan", "-destroy"),
            ("DATABASE_URL", "postgres://secret"),
            ("GITHUB_TOKEN", "secret"),
        ];
        let given = given.map(|(name, value)| (name.into(), value.into()));
        let passed = Environment::of(given);
        let names: Vec<_> = passed
            .iter()
            .map(|(name, _)| name.to_str().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "AWS_PROFILE",
                "CHECKPOINT_DISABLE",
                "PATH",
                "TF_INPUT",
                "TF_IN_AUTOMATION",
                "TF_VAR_env"
            ]
        );
    }
}
