//! Lets the real provider read what was found: import blocks in a scratch folder, and a plan.

use std::collections::BTreeMap;
use std::fs;

use abide_aws::unmanaged::{Import, scratch};
use abide_connect::{Cancel, ConnectError, Planning, Step, Tool, import, plan};
use abide_core::inventory::Inventory;
use abide_core::source::{self, Input, LoadOptions, RedactionKey, Wanted};
use anyhow::Context;

use crate::commands::drift::look::environment;
use crate::config::Target;
use crate::terminal;

/// Plans that are tried before the rest counts as unreadable.
const TRIES: usize = 40;

/// How to read.
pub(super) struct Reading<'a> {
    /// Whose program, provider version and credentials are used.
    pub(super) target: &'a Target,
    pub(super) region: &'a str,
    pub(super) path_style: bool,
    pub(super) key: RedactionKey,
    pub(super) cancel: &'a Cancel,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Read {
    /// What the provider read; usually one.
    pub(super) inventories: Vec<Inventory>,
    /// By place: why something could not be read.
    pub(super) failed: BTreeMap<usize, String>,
}

impl Reading<'_> {
    /// Reads all; one that cannot be read does not stop the others.
    pub(super) fn all(&self, imports: &[Import]) -> anyhow::Result<Read> {
        let environment = environment(self.target);
        let tool = Tool::find(self.target.table.terraform.as_deref(), &environment)?;
        let mut read = Read::default();
        // Parts that wait to be read.
        let mut parts: Vec<Vec<usize>> = vec![(0..imports.len()).collect()];
        let mut tries = 0;
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            tries += 1;
            let answer = match tries > TRIES {
                true => Err(ConnectError::Failed {
                    tool: tool.flavour.as_str(),
                    step: Step::Plan,
                    code: None,
                    output: "too many of the others cannot be read either".to_owned(),
                }),
                false => {
                    let chosen: Vec<&Import> = part.iter().map(|at| &imports[*at]).collect();
                    self.plan(&tool, &environment, &chosen)?
                }
            };
            match answer {
                Ok(found) => read.inventories.push(found),
                Err(ConnectError::Failed {
                    step: Step::Plan,
                    output,
                    ..
                }) if tries <= TRIES => {
                    let named = named(&output, &part, imports);
                    match (named.is_empty(), part.len()) {
                        (true, 1) => {
                            read.failed.insert(part[0], reason(&output));
                        }
                        // Nobody is to blame by name: halves tell.
                        (true, number) => {
                            let (one, other) = part.split_at(number / 2);
                            parts.extend([other.to_vec(), one.to_vec()]);
                        }
                        (false, _) => {
                            let rest = part.iter().copied().filter(|at| !named.contains_key(at));
                            parts.push(rest.collect());
                            read.failed.extend(named);
                        }
                    }
                }
                Err(ConnectError::Cancelled) => return Err(ConnectError::Cancelled.into()),
                Err(error) => {
                    let text = error.to_string();
                    read.failed
                        .extend(part.iter().map(|at| (*at, text.clone())));
                }
            }
        }
        Ok(read)
    }

    /// One plan; the outer error is ours.
    fn plan(
        &self,
        tool: &Tool,
        environment: &abide_connect::Environment,
        imports: &[&Import],
    ) -> anyhow::Result<Result<Inventory, ConnectError>> {
        let folder = tempfile::Builder::new()
            .prefix("abide-import-")
            .tempdir()
            .context("making a folder for import blocks")?;
        let text = scratch(imports, self.region, self.path_style);
        fs::write(folder.path().join("main.tf"), text).context("writing import blocks")?;
        // The provider's version is the target's.
        let lock = self.target.directory.join(".terraform.lock.hcl");
        if lock.exists() {
            fs::copy(&lock, folder.path().join(".terraform.lock.hcl"))
                .with_context(|| format!("copying {}", lock.display()))?;
        }
        let bar = terminal::spinner(format!("reading {} resources", imports.len()));
        let progress = |line: &str| bar.set_message(terminal::visible(line));
        let planning = Planning {
            tool,
            directory: folder.path(),
            data: &folder.path().join(".terraform"),
            workspace: None,
            var_files: &[],
            backend: &[],
            refresh: true,
            environment,
            limit: self.target.timeout,
            cancel: self.cancel,
        };
        let generated = folder.path().join("generated.tf");
        let mut planned = import(&planning, &generated, &progress);
        // What Terraform generates may contradict itself. Only what was read counts, so what says
        // nothing is left out.
        if let (
            Err(ConnectError::Failed {
                step: Step::Plan, ..
            }),
            Ok(text),
        ) = (&planned, fs::read_to_string(&generated))
        {
            fs::write(&generated, without_empty(&text)).context("writing what was generated")?;
            planned = plan(&planning, &progress);
        }
        bar.finish_and_clear();
        let planned = match planned {
            Ok(planned) => planned,
            Err(error) => return Ok(Err(error)),
        };
        let options = LoadOptions {
            wanted: Wanted::everything(),
            key: self.key.clone(),
        };
        let sides = source::snapshots(&Input::File(planned.json), &options)?;
        Ok(Ok(sides.found))
    }
}

/// Generated configuration without attributes that are nothing, zero or empty; objects in lists
/// must be whole and stay.
fn without_empty(text: &str) -> String {
    let mut kept = String::new();
    let mut objects = 0_usize;
    for line in text.lines() {
        let trimmed = line.trim();
        let opens = trimmed.matches(['{', '[']).count();
        let closes = trimmed.matches(['}', ']']).count();
        let value = trimmed.split_once(" = ").map(|(_, value)| value.trim());
        let is_empty = matches!(value, Some("null" | "0" | "[]" | "{}" | "\"\""));
        if objects == 0 && is_empty {
            continue;
        }
        let begins = objects > 0 || (value.is_some() && opens > closes);
        if begins {
            objects = (objects + opens).saturating_sub(closes);
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// Those that an error names: `with aws_instance.x,` or `resource "aws_instance" "x"`.
fn named(output: &str, part: &[usize], imports: &[Import]) -> BTreeMap<usize, String> {
    let mut found = BTreeMap::new();
    for error in errors(output) {
        for at in part {
            let import = &imports[*at];
            let header = format!("resource \"{}\" \"{}\"", import.type_name, import.label);
            let with = format!("with {}", import.address());
            if error.contains(&header) || mentions(error, &with) {
                found.entry(*at).or_insert_with(|| reason(error));
            }
        }
    }
    found
}

/// Terraform's errors one by one.
fn errors(output: &str) -> Vec<&str> {
    // The part of the plan that was made names them too.
    let output = output
        .split("Terraform planned the following")
        .next()
        .unwrap_or_default();
    let mut starts: Vec<usize> = output.match_indices("Error: ").map(|(at, _)| at).collect();
    starts.push(output.len());
    let pairs = starts.windows(2);
    pairs
        .filter_map(|pair| output.get(pair[0]..pair[1]))
        .collect()
}

/// Whether an address stands in a text as a whole word.
fn mentions(text: &str, address: &str) -> bool {
    text.match_indices(address).any(|(at, _)| {
        let after = text
            .get(at + address.len()..)
            .and_then(|rest| rest.chars().next());
        !after.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
    })
}

/// The error in a line.
fn reason(output: &str) -> String {
    let lines = output
        .lines()
        .map(|line| line.trim_matches(|c: char| c.is_whitespace() || "│╷╵".contains(c)))
        .filter(|line| !line.is_empty());
    let text: Vec<&str> = lines.take(6).collect();
    text.join(" ")
        .trim_start_matches("Error: ")
        .chars()
        .take(400)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(type_name: &str, label: &str) -> Import {
        Import {
            type_name: type_name.to_owned(),
            label: label.to_owned(),
            id: "x".to_owned(),
            region: None,
            of: None,
        }
    }

    #[test]
    fn what_says_nothing_is_left_out_and_objects_stay_whole() {
        let text = "resource \"aws_instance\" \"a\" {\n  a = null\n  b = [{\n    c = 0\n    d = []\n  }]\n  e = \"x\"\n  root {\n    f = 0\n    g = 1\n  }\n  h = 0\n}\n";
        assert_eq!(
            without_empty(text),
            "resource \"aws_instance\" \"a\" {\n  b = [{\n    c = 0\n    d = []\n  }]\n  e = \"x\"\n  root {\n    g = 1\n  }\n}\n"
        );
    }

    #[test]
    fn errors_name_who_is_to_blame() {
        let imports = [
            import("aws_instance", "a"),
            import("aws_instance", "a_2"),
            import("aws_vpc", "a"),
        ];
        let output = "│ Error: Conflicting configuration arguments\n│ \n│   with aws_instance.a_2,\n│   on generated.tf line 3:\n│ \"x\": conflicts with y\n╵\nError: Cannot import\n  with aws_vpc.a\nTerraform planned the following actions:\n  # aws_instance.a will be imported\n";
        let found = named(output, &[0, 1, 2], &imports);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [1, 2]);
        assert!(
            found[&1].starts_with("Conflicting configuration arguments with aws_instance.a_2,")
        );
        assert!(found[&2].starts_with("Cannot import"));
        assert!(super::named("Error: no credentials", &[0, 1], &imports).is_empty());
    }
}
