//! `abide pr comment`: what a scan found, told to a pull request.

mod place;
mod words;

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use abide_core::gate::Verdict;
use abide_forge::comment::{Conversation, Draft, Outcome, Stamp, Untouched, upsert};
use abide_forge::environment::Environment;
use abide_forge::github::{Annotation, CheckRun, Conclusion, Level};
use abide_forge::{ForgeError, Suggestion};
use abide_report::github::Remark;
use abide_report::{Format, Report, Resolved, Results, known_before, markdown};
use anyhow::{Context, bail};

use self::place::{Found, Request};
use super::forge::NoToken;
use crate::cli::{Fallback, PrCommand, PrCommentArgs};
use crate::{ci, output, terminal};

pub(crate) fn run(command: &PrCommand) -> anyhow::Result<u8> {
    match command {
        PrCommand::Comment(args) => comment(args),
    }
}

fn comment(args: &PrCommentArgs) -> anyhow::Result<u8> {
    let mut results = Results::read(&args.results.display().to_string(), &read(&args.results)?)?;
    let fixed = match &args.against {
        Some(path) => {
            let base = known_before(&path.display().to_string(), &read(path)?)?;
            Some(results.compare(&base))
        }
        None => None,
    };
    let environment = match place::find(args)? {
        Found::There(environment) => environment,
        Found::NoPullRequest(_) if args.dry_run => Environment::outside(place::kind(args)),
        Found::NoPullRequest(forge) => {
            terminal::say(&[format!(
                "this {forge} job runs for no pull request; there is nothing to comment on"
            )])?;
            return Ok(0);
        }
    };
    let report = results.report(ci::permalink_base(&ci::variable));
    let telling = Telling {
        args,
        environment: &environment,
        results: &results,
        report: &report,
        fixed: fixed.as_deref(),
    };
    if args.dry_run {
        output::print_text(&telling.draft()?.body())?;
        return Ok(0);
    }
    match telling.tell() {
        Ok(()) => Ok(0),
        Err(error) => telling.fall_back(error),
    }
}

/// What is to be told, and where.
struct Telling<'t> {
    args: &'t PrCommentArgs,
    environment: &'t Environment,
    results: &'t Results,
    report: &'t Report<'t>,
    fixed: Option<&'t [Resolved]>,
}

impl Telling<'_> {
    fn draft(&self) -> anyhow::Result<Draft> {
        let quiet = words::is_quiet(self.results);
        let lead = words::lead(self.results, self.fixed, quiet);
        let frame = markdown::Frame {
            name: &self.args.run_name,
            lead: &lead,
            all: self.environment.run_url.as_deref(),
        };
        let text = markdown::comment(self.report, &frame);
        let foot = words::foot(self.environment);
        Ok(Draft::new(self.stamp(), &format!("{text}{foot}"), quiet)?)
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            run: self.run().to_owned(),
            head: self.environment.head.clone(),
            ci: self.environment.ci,
            at: self.results.scan().at,
        }
    }

    /// The run name for stamps; comments of the only run need no name.
    fn run(&self) -> &str {
        match self.args.run_name.as_str() {
            "" => "default",
            name => name,
        }
    }

    fn tell(&self) -> anyhow::Result<()> {
        let draft = self.draft()?;
        let request = place::connect(self.args, self.environment)?;
        let conversation: &dyn Conversation = match &request {
            Request::GitHub(request) => request,
            Request::GitLab(request) => request,
        };
        let outcome = upsert(conversation, &draft)?;
        report_outcome(&outcome)?;
        if outcome == Outcome::Untouched(Untouched::Outdated) {
            return Ok(());
        }
        if self.args.suggest {
            self.suggest(&request)?;
        }
        if self.args.check {
            self.check(&request)?;
        }
        Ok(())
    }

    fn suggest(&self, request: &Request) -> anyhow::Result<()> {
        let Some(head) = &self.environment.head else {
            bail!("--suggest needs the commit that was scanned: name it with --commit");
        };
        if place::checked_out().is_some_and(|commit| commit != *head) {
            terminal::say(&[
                "no suggestions: what is checked out is not the commit of the pull request's branch but, as is usual, its merge with the target, where lines may differ; check out `ref: ${{ github.event.pull_request.head.sha }}`".to_owned(),
            ])?;
            return Ok(());
        }
        let all = markdown::inline(self.report).into_iter();
        let all: Vec<Suggestion> = all
            .map(|inline| Suggestion {
                path: inline.file,
                line: inline.line,
                end_line: inline.end_line,
                replacement: inline.text,
                why: inline.why,
                about: inline.about,
            })
            .collect();
        let done = match request {
            Request::GitHub(request) => request.suggest(self.run(), head, &all),
            Request::GitLab(request) => request.suggest(self.run(), head, &all),
        }?;
        let mut said = format!("{} suggested, {} already there", done.made, done.repeated);
        for (number, what) in [
            (done.outside, "at lines the pull request does not show"),
            (done.left, "left out for their number"),
            (done.withdrawn, "taken back"),
        ] {
            if number > 0 {
                said.push_str(&format!(", {number} {what}"));
            }
        }
        terminal::say(&[said])?;
        Ok(())
    }

    fn check(&self, request: &Request) -> anyhow::Result<()> {
        let Request::GitHub(request) = request else {
            bail!(
                "--check is for GitHub; GitLab shows `abide scan --output gitlab=FILE` as code quality"
            );
        };
        let Some(head) = &self.environment.head else {
            bail!("--check needs the commit that was scanned: name it with --commit");
        };
        let frame = markdown::Frame {
            name: &self.args.run_name,
            all: self.environment.run_url.as_deref(),
            ..markdown::Frame::default()
        };
        let name = match self.args.run_name.as_str() {
            "" => "abide".to_owned(),
            name => format!("abide: {name}"),
        };
        let remarks = abide_report::github::remarks(self.report);
        let posted = request.check(&CheckRun {
            name,
            head: head.clone(),
            details_url: self.environment.run_url.clone(),
            conclusion: conclusion(self.results.verdict()),
            title: words::title(self.results),
            summary: markdown::comment(self.report, &frame),
            annotations: remarks.iter().filter_map(annotation).collect(),
        })?;
        terminal::say(&[format!(
            "check run with {} annotations: {}",
            posted.annotations,
            posted.url.unwrap_or_default()
        )])?;
        Ok(())
    }

    /// A token that may only read is no failure: who opened the pull request cannot change it.
    fn fall_back(&self, error: anyhow::Error) -> anyhow::Result<u8> {
        let denied = error
            .downcast_ref::<ForgeError>()
            .is_some_and(ForgeError::is_denied)
            || (self.environment.is_fork && error.is::<NoToken>());
        if !denied || self.args.fallback == Fallback::Fail {
            return Err(error);
        }
        let forge = self.environment.kind.as_str();
        let place = match self.args.fallback {
            Fallback::Summary => "the results follow instead",
            _ => "the results are in the scan's output",
        };
        terminal::say(&[format!(
            "{error}; of a fork's pull request it may only read. {forge} gets no comment, {place}"
        )])?;
        if self.args.fallback == Fallback::Summary {
            match ci::variable("GITHUB_ACTIONS") {
                Some(_) => {
                    output::print(Format::Github, self.report)?;
                    let summary = abide_report::github::step_summary(self.report);
                    output::append("GITHUB_STEP_SUMMARY", &summary)?;
                }
                None => output::print(Format::Markdown, self.report)?,
            }
        }
        output::append("GITHUB_OUTPUT", "comment=denied\n")?;
        Ok(0)
    }
}

fn report_outcome(outcome: &Outcome) -> anyhow::Result<()> {
    let (word, said, url) = match outcome {
        Outcome::Created(url) => ("created", "comment written", url.as_str()),
        Outcome::Updated(url) => ("updated", "comment brought up to date", url.as_str()),
        Outcome::Untouched(Untouched::Silent) => ("silent", "nothing to say, no comment", ""),
        Outcome::Untouched(Untouched::Same) => ("same", "the comment is up to date", ""),
        Outcome::Untouched(Untouched::Newer) => (
            "newer",
            "the comment is of a newer run; it is left alone",
            "",
        ),
        Outcome::Untouched(Untouched::Outdated) => (
            "outdated",
            "the pull request has moved on to another commit, whose own run reports; nothing is written",
            "",
        ),
    };
    terminal::say(&[match url {
        "" => said.to_owned(),
        url => format!("{said}: {url}"),
    }])?;
    let one_line = url.lines().next().unwrap_or_default();
    output::append(
        "GITHUB_OUTPUT",
        &format!("comment={word}\ncomment_url={one_line}\n"),
    )
}

fn conclusion(verdict: Verdict) -> Conclusion {
    match verdict {
        Verdict::Passed => Conclusion::Success,
        Verdict::Failed => Conclusion::Failure,
        Verdict::Incomplete | Verdict::NothingEvaluated => Conclusion::Neutral,
    }
}

/// An annotation needs a line.
fn annotation(remark: &Remark<'_>) -> Option<Annotation> {
    let place = remark.place?;
    Some(Annotation {
        path: place.file.clone(),
        start_line: place.line,
        end_line: place.end_line,
        level: match remark.level {
            abide_report::github::Level::Error => Level::Failure,
            abide_report::github::Level::Warning => Level::Warning,
            abide_report::github::Level::Notice => Level::Notice,
        },
        title: remark.title.clone(),
        message: remark.message.clone(),
    })
}

fn read(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        return Ok(text);
    }
    fs::read_to_string(path).with_context(|| {
        format!(
            "cannot read {}: expected the results of a scan, `abide scan plan.json --output {}`",
            path.display(),
            path.display()
        )
    })
}
