//! The `abide` command: flags, wiring, exit codes. What a test would want to
//! call lives in the libraries.

mod ci;
mod cli;
mod commands;
mod config;
mod decisions;
mod keyring;
mod ledger_key;
mod load;
mod offline;
mod output;
mod pipeline;
mod recording;
mod remedy;
mod staged;
mod terminal;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

/// A plan becomes very many small values; this allocator takes a fifth off a
/// large scan (see `benches/README.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Could not do the job: usage, unreadable or refused input, internal error.
const EXIT_ERROR: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => ExitCode::from(code),
        // Whoever reads us has seen enough (`abide … | head`).
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(EXIT_ERROR)
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<u8> {
    match &cli.command {
        Command::Init(args) => commands::init::run(args),
        Command::Scan(args) => commands::scan::run(cli, args),
        Command::Explain(args) => commands::explain::run(cli, args),
        Command::Fix(args) => commands::fix::run(cli, args),
        Command::Drift(args) => commands::drift::run(cli, args),
        Command::Notify(command) => commands::notify::run(cli, command),
        Command::Plan(args) => commands::plan::run(cli, args),
        #[cfg(feature = "aws")]
        Command::Unmanaged(args) => commands::unmanaged::run(cli, args),
        Command::Lsp(args) => commands::lsp::run(cli, args),
        Command::Pr(command) => commands::pr::run(command),
        Command::Policy(command) => commands::policy::run(cli, command),
        Command::Baseline(command) => commands::baseline::run(cli, command),
        Command::Exception(command) => commands::exception::run(cli, command),
        Command::Evidence(command) => commands::evidence::run(command),
        Command::Report(args) => commands::report::run(args),
        Command::Trends(args) => commands::trends::run(args),
        Command::Store(command) => commands::store::run(command),
        Command::Config(command) => commands::config::run(cli, command),
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Errors name paths and texts of inputs, so control characters are shown, not sent.
fn report(error: &anyhow::Error) {
    let mut text = String::from("error: ");
    for (at, cause) in error.chain().enumerate() {
        let cause = terminal::visible(&cause.to_string());
        // Many messages hold their cause already.
        if at > 0 && text.contains(&cause) {
            continue;
        }
        if at > 0 {
            text.push_str("\n  caused by: ");
        }
        text.push_str(&cause);
    }
    // Nothing can be done when standard error is gone.
    let _ = writeln!(io::stderr(), "{text}");
}
