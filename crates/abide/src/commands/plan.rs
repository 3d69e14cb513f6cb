//! `abide plan`

use std::io::{self, BufWriter, Write};

use anyhow::Context;

use crate::cli::{Cli, PlanArgs};
use crate::config::Config;
use crate::{offline, output};

pub(crate) fn run(cli: &Cli, args: &PlanArgs) -> anyhow::Result<u8> {
    let config = Config::load(cli)?;
    let root = config.root(&args.root)?;
    let plan = offline::plan(&args.dir, &root, &args.offline, &offline::interruptible()?)?;
    match &args.out {
        Some(path) => {
            let bytes = serde_json::to_vec(&plan.json).context("writing the plan")?;
            output::write_private(&bytes, path)?;
        }
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            serde_json::to_writer(&mut out, &plan.json).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
            out.flush()?;
        }
    }
    if args.timings {
        let mut err = io::stderr().lock();
        for (step, took) in &plan.steps {
            writeln!(err, "{step:>9} {:>9.3} ms", took.as_secs_f64() * 1000.0)?;
        }
    }
    Ok(0)
}
