//! Makes the embedded provider schema, see the documentation of the library.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::process::ExitCode;

const USAGE: &str = "\
usage: abide-schema-gen <schema.json> <provider-version> <out.bin>

  <schema.json>       output of `terraform providers schema -json`, of one provider
  <provider-version>  what `terraform version` says about that provider, such as 5.100.0
  <out.bin>           file to write
";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [json, version, out] = arguments.as_slice() else {
        return fail(USAGE);
    };
    match run(json, version, out) {
        Ok(size) => {
            // Nobody to tell if this fails: the file is written.
            let _ = writeln!(io::stdout(), "{}: {size} bytes", out.display());
            ExitCode::SUCCESS
        }
        Err(message) => fail(&format!("abide-schema-gen: {message}\n")),
    }
}

fn run(json: &OsString, version: &OsString, out: &OsString) -> Result<usize, String> {
    let version = version.to_str().ok_or("the version is not UTF-8")?;
    if !version.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(format!("{version:?} is not a version such as 5.100.0"));
    }
    let input = File::open(json).map_err(|error| format!("{}: {error}", json.display()))?;
    let bytes = abide_schema::generate(input, version)
        .map_err(|error| format!("{}: {error}", json.display()))?;
    fs::write(out, &bytes).map_err(|error| format!("{}: {error}", out.display()))?;
    Ok(bytes.len())
}

fn fail(message: &str) -> ExitCode {
    let _ = write!(io::stderr(), "{message}");
    ExitCode::from(2)
}
