//! The request, typed.

use jiff::Timestamp;
use serde::Deserialize;

use super::Refusal;
use crate::secret::Token;

/// When in a run a task is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before the plan: there is source only.
    PrePlan,
    /// After the plan: there is a plan.
    PostPlan,
    /// Before the apply: there is a plan.
    PreApply,
    /// After the apply.
    PostApply,
}

/// What a failed result does to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// It is shown.
    Advisory,
    /// It stops the run.
    Mandatory,
}

/// A run that waits for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTask {
    /// The result that is asked for, `taskrs-…`.
    pub id: String,
    /// When in the run.
    pub stage: Stage,
    /// What a failure does.
    pub enforcement: Enforcement,
    /// The token for the callback and the plan; it lives as long as the task.
    pub token: Token,
    /// Where the result goes.
    pub callback_url: String,
    /// Where the plan is, from the plan on.
    pub plan_url: Option<String>,
    /// Where the source is.
    pub configuration_url: Option<String>,
    /// Whether the run can only plan.
    pub is_speculative: bool,
    /// Whether outcomes are shown.
    pub takes_outcomes: bool,
    /// The organization.
    pub organization: String,
    /// The workspace.
    pub workspace: String,
    /// The folder of the root module in the repository.
    pub working_directory: Option<String>,
    /// The run, `run-…`.
    pub run_id: String,
    /// Where people see the run.
    pub run_url: Option<String>,
    /// When the run was made.
    pub run_created_at: Timestamp,
    /// Who made it.
    pub run_created_by: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// Where the commit is to be seen.
    pub commit_url: Option<String>,
    /// Where the pull request is.
    pub pull_request_url: Option<String>,
}

#[derive(Deserialize)]
struct Head {
    payload_version: u32,
    access_token: Option<String>,
    stage: Option<String>,
    task_result_enforcement_level: Option<String>,
}

impl Head {
    /// The test call has a stage, a level or a token of its own, or no token.
    fn is_test(&self) -> bool {
        let is = |text: &Option<String>, word: &str| text.as_deref() == Some(word);
        is(&self.stage, "test")
            || is(&self.task_result_enforcement_level, "test")
            || is(&self.access_token, "test-token")
            || self.access_token.is_none()
    }
}

#[derive(Deserialize)]
struct Payload {
    access_token: String,
    stage: Stage,
    #[serde(default)]
    capabilities: Capabilities,
    configuration_version_download_url: Option<String>,
    #[serde(default)]
    is_speculative: bool,
    organization_name: String,
    plan_json_api_url: Option<String>,
    run_app_url: Option<String>,
    run_created_at: Timestamp,
    run_created_by: Option<String>,
    run_id: String,
    task_result_callback_url: String,
    task_result_enforcement_level: Enforcement,
    task_result_id: String,
    vcs_branch: Option<String>,
    vcs_commit_url: Option<String>,
    vcs_pull_request_url: Option<String>,
    workspace_name: String,
    workspace_working_directory: Option<String>,
}

#[derive(Default, Deserialize)]
struct Capabilities {
    #[serde(default)]
    outcomes: bool,
}

/// Reads a body; `None` for the test call.
pub(super) fn read(body: &[u8]) -> Result<Option<RunTask>, Refusal> {
    let bad = |error: serde_json::Error| {
        // What is wrong, without pieces of the body: it holds a token.
        Refusal::Body(format!("line {}, column {}", error.line(), error.column()))
    };
    let head: Head = serde_json::from_slice(body).map_err(bad)?;
    if head.payload_version != 1 {
        return Err(Refusal::Body(format!(
            "payload_version is {}, expected 1",
            head.payload_version
        )));
    }
    if head.is_test() {
        return Ok(None);
    }
    let payload: Payload = serde_json::from_slice(body).map_err(bad)?;
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(Some(RunTask {
        id: payload.task_result_id,
        stage: payload.stage,
        enforcement: payload.task_result_enforcement_level,
        token: Token::new(&payload.access_token)
            .map_err(|error| Refusal::Body(format!("access_token: {error}")))?,
        callback_url: payload.task_result_callback_url,
        plan_url: filled(payload.plan_json_api_url),
        configuration_url: filled(payload.configuration_version_download_url),
        is_speculative: payload.is_speculative,
        takes_outcomes: payload.capabilities.outcomes,
        organization: payload.organization_name,
        workspace: payload.workspace_name,
        working_directory: filled(payload.workspace_working_directory),
        run_id: payload.run_id,
        run_url: filled(payload.run_app_url),
        run_created_at: payload.run_created_at,
        run_created_by: filled(payload.run_created_by),
        branch: filled(payload.vcs_branch),
        commit_url: filled(payload.vcs_commit_url),
        pull_request_url: filled(payload.vcs_pull_request_url),
    }))
}

/// The token goes to the addresses of the request: they must be Terraform's.
pub(super) fn check_addresses(task: &RunTask, hosts: &[&str]) -> Result<(), Refusal> {
    let named = [
        ("task_result_callback_url", Some(&task.callback_url)),
        ("plan_json_api_url", task.plan_url.as_ref()),
        (
            "configuration_version_download_url",
            task.configuration_url.as_ref(),
        ),
    ];
    for (field, url) in named {
        let Some(url) = url else { continue };
        if !is_at(url, hosts) {
            return Err(Refusal::Address {
                field,
                expected: hosts.join(", "),
            });
        }
    }
    Ok(())
}

fn is_at(url: &str, hosts: &[&str]) -> bool {
    let Ok(uri) = url.parse::<ureq::http::Uri>() else {
        return false;
    };
    let authority = uri.authority().map(|authority| authority.as_str());
    uri.scheme_str() == Some("https")
        && authority.is_some_and(|authority| hosts.contains(&authority))
}
