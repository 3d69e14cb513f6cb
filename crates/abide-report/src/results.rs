//! Reads the JSON contract back: whoever comments on a scan has only the file it wrote.
//!
//! What the file does not hold (the text of sources, policies without findings) is not there
//! afterwards; nothing that a comment shows needs it.

use std::collections::{BTreeMap, HashMap};

use abide_core::address::ResourceAddress;
use abide_core::baseline::{Baseline, BaselineError};
use abide_core::diagnostic::{Diagnostic, Level, Place};
use abide_core::finding::{AppliedException, Fact, Finding, Location, Outcome, Related, Snippet};
use abide_core::gate::{Gate, Verdict};
use abide_core::remedy::{Fix, Remedy};
use abide_core::request::Request;
use abide_core::rollout::Stage;
use abide_core::scan::{Scan, ScanInput, ScanPolicy, Summary};
use abide_policy::Severity;
use jiff::Timestamp;
use serde::Deserialize;

use crate::{Report, ReportOptions, SCHEMA_VERSION};

/// Why a file of results cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// It is not what `abide scan --format json` writes.
    #[error(
        "{file}: not the results of a scan ({reason}); write them with `abide scan --output {file}`"
    )]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// It is neither results nor a baseline.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
}

/// The results of a scan, read from its JSON.
#[derive(Debug)]
pub struct Results {
    scan: Scan,
    verdict: Verdict,
    gate: Gate,
}

impl Results {
    /// Reads what `abide scan --format json` wrote.
    ///
    /// # Errors
    /// If the text is something else, or of a version that is not known.
    pub fn read(file: &str, text: &str) -> Result<Self, ResultsError> {
        let bad = |reason: String| ResultsError::Malformed {
            file: file.to_owned(),
            reason,
        };
        let document: Document = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
        if document.schema_version != SCHEMA_VERSION {
            return Err(bad(format!(
                "schema_version is `{}`, expected `{SCHEMA_VERSION}`",
                document.schema_version.escape_debug()
            )));
        }
        document.into_results().map_err(bad)
    }

    /// The scan, as far as the file holds it.
    #[must_use]
    pub fn scan(&self) -> &Scan {
        &self.scan
    }

    /// The verdict: that of the file, or judged again after [`Results::compare`].
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What the verdict is judged by.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// Marks what was known before, and judges again; what is no longer found comes back as
    /// policy and resource.
    pub fn compare(&mut self, base: &Baseline) -> Vec<Resolved> {
        base.add_to(&mut self.scan);
        self.verdict = self.gate.judge(&self.scan);
        let gone = base.gone_in(&self.scan).into_iter();
        gone.map(|entry| Resolved {
            policy: entry.policy.clone(),
            resource: entry.resource.clone(),
        })
        .collect()
    }

    /// A report on them, with the gate they were judged by.
    #[must_use]
    pub fn report(&self, permalink_base: Option<String>) -> Report<'_> {
        let options = ReportOptions {
            gate: self.gate,
            permalink_base,
            ..ReportOptions::default()
        };
        Report::new(&self.scan, self.verdict, options)
    }
}

/// A finding that is no longer there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Its policy.
    pub policy: String,
    /// Its resource.
    pub resource: String,
}

/// Reads what was known before: the results of another scan, or a baseline file.
///
/// # Errors
/// If the text is neither.
pub fn known_before(file: &str, text: &str) -> Result<Baseline, ResultsError> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(rename = "schema_version")]
        _version: String,
    }
    match serde_json::from_str::<Head>(text) {
        Ok(_) => Ok(Baseline::default().of(&Results::read(file, text)?.scan)),
        Err(_) => Ok(Baseline::read(file, text)?),
    }
}

#[derive(Deserialize)]
struct Document {
    schema_version: String,
    tool: Tool,
    scanned_at: Timestamp,
    inputs: Vec<Input>,
    verdict: String,
    /// Older files do not say.
    gate: Option<Gate>,
    summary: Summary,
    diagnostics: Vec<Remark>,
    unchecked_types: BTreeMap<String, usize>,
    results: Vec<Row>,
}

#[derive(Deserialize)]
struct Tool {
    version: String,
}

#[derive(Deserialize)]
struct Input {
    name: String,
    kind: String,
    terraform_version: Option<String>,
    resources: usize,
}

#[derive(Deserialize)]
struct Remark {
    level: String,
    message: String,
    place: Option<Place>,
}

#[derive(Deserialize)]
struct Row {
    policy_id: String,
    title: String,
    resource_address: String,
    resource_type: String,
    outcome: Outcome,
    severity: Severity,
    message: String,
    remediation: String,
    controls: Vec<String>,
    attribute: Option<String>,
    found: Option<String>,
    expected: Option<String>,
    facts: Vec<serde_json::Map<String, serde_json::Value>>,
    fix: Vec<Snippet>,
    waits_for: Vec<String>,
    fingerprint: String,
    previous_fingerprint: Option<String>,
    location: Option<Location>,
    related: Vec<Related>,
    calls: Vec<Related>,
    proven_fix: Option<Fix>,
    no_fix: Option<String>,
    exception: Option<AppliedException>,
    requested: Option<Request>,
    in_baseline: bool,
    rollout: Stage,
    input: String,
}

impl Document {
    fn into_results(self) -> Result<Results, String> {
        let gate = self.gate.unwrap_or(ReportOptions::default().gate);
        let verdict = verdict(&self.verdict)?;
        let inputs = self.inputs.into_iter().map(Input::into_input);
        let inputs: Vec<ScanInput> = inputs.collect::<Result<_, _>>()?;
        let mut policies = Policies::default();
        let findings: Vec<Finding> = self
            .results
            .into_iter()
            .enumerate()
            .map(|(at, row)| {
                let policy = policies.index(&row);
                row.into_finding(policy, &inputs)
                    .map_err(|reason| format!("result {at}: {reason}"))
            })
            .collect::<Result<_, _>>()?;
        let diagnostics = self.diagnostics.into_iter().map(Remark::into_diagnostic);
        let scan = Scan {
            at: self.scanned_at,
            tool_version: self.tool.version.into(),
            inputs,
            policies: policies.list,
            summary: self.summary,
            findings,
            unchecked_types: self.unchecked_types,
            diagnostics: diagnostics.collect::<Result<_, _>>()?,
            sources: BTreeMap::new(),
        };
        Ok(Results {
            scan,
            verdict,
            gate,
        })
    }
}

/// The policies that have findings, in the order they are met.
#[derive(Default)]
struct Policies {
    list: Vec<ScanPolicy>,
    index: HashMap<String, u32>,
}

impl Policies {
    fn index(&mut self, row: &Row) -> u32 {
        if let Some(at) = self.index.get(&row.policy_id) {
            return *at;
        }
        let at = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.index.insert(row.policy_id.clone(), at);
        let (mut controls, mut labels) = (Vec::new(), Vec::new());
        for name in &row.controls {
            match name.parse() {
                Ok(control) => controls.push(control),
                Err(_) => labels.push(name.clone()),
            }
        }
        self.list.push(ScanPolicy {
            id: row.policy_id.clone(),
            title: row.title.clone(),
            severity: row.severity,
            rollout: row.rollout,
            controls,
            why: String::new(),
            // Every result has its own, that of the policy filled in.
            remediation: String::new(),
            references: Vec::new(),
            labels,
        });
        at
    }
}

impl Input {
    fn into_input(self) -> Result<ScanInput, String> {
        let kinds = ["plan", "state", "configuration"];
        let kind = kinds.into_iter().find(|known| *known == self.kind);
        Ok(ScanInput {
            name: self.name,
            kind: kind.ok_or_else(|| format!("`{}` is no kind of input", self.kind))?,
            terraform_version: self.terraform_version,
            resources: self.resources,
        })
    }
}

impl Remark {
    fn into_diagnostic(self) -> Result<Diagnostic, String> {
        let levels = [Level::Note, Level::Warning, Level::Error];
        let level = levels.into_iter().find(|l| l.as_str() == self.level);
        Ok(Diagnostic {
            level: level.ok_or_else(|| format!("`{}` is no level", self.level))?,
            // The file has it; nobody who reads one shows it.
            code: "recorded",
            message: self.message,
            place: self.place,
        })
    }
}

impl Row {
    fn into_finding(self, policy: u32, inputs: &[ScanInput]) -> Result<Finding, String> {
        let input = inputs.iter().position(|input| input.name == self.input);
        let address = &self.resource_address;
        let address = match &*self.resource_type {
            "account" => ResourceAddress::from_terraform(address),
            _ => ResourceAddress::parse(address).map_err(|e| e.to_string())?,
        };
        let attribute = self.attribute.as_deref().map(str::parse).transpose();
        let remedy = match (self.proven_fix, self.no_fix) {
            (Some(fix), _) => Some(Remedy::Proven(fix)),
            (None, Some(why)) => Some(Remedy::ByHand { why }),
            (None, None) => None,
        };
        let previous = self.previous_fingerprint.as_deref().map(str::parse);
        Ok(Finding {
            policy,
            input: u32::try_from(input.unwrap_or_default()).unwrap_or_default(),
            resource_address: address,
            resource_type: self.resource_type.into(),
            outcome: self.outcome,
            severity: self.severity,
            message: self.message,
            remediation: self.remediation,
            fix: self.fix,
            attribute: attribute
                .map_err(|e: abide_core::attribute::AttributePathError| e.to_string())?,
            found: self.found,
            expected: self.expected,
            facts: self.facts.into_iter().map(fact).collect(),
            waits_for: self.waits_for,
            fingerprint: self.fingerprint.parse()?,
            previous_fingerprint: previous.transpose()?,
            location: self.location,
            related: self.related,
            calls: self.calls,
            remedy,
            exception: self.exception,
            requested: self.requested,
            in_baseline: self.in_baseline,
            rollout: self.rollout,
        })
    }
}

fn fact(fields: serde_json::Map<String, serde_json::Value>) -> Fact {
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let fields = fields.into_iter();
    Fact(fields.map(|(name, value)| (name, text(value))).collect())
}

fn verdict(word: &str) -> Result<Verdict, String> {
    let all = [
        Verdict::Passed,
        Verdict::Failed,
        Verdict::Incomplete,
        Verdict::NothingEvaluated,
    ];
    let found = all.into_iter().find(|verdict| verdict.as_str() == word);
    found.ok_or_else(|| format!("`{}` is no verdict", word.escape_debug()))
}
