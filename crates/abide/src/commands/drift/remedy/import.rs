//! Taking over what no state holds: an `import` block and its configuration, proven by a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use abide_fix::FileFix;
use abide_remedy::adopt::check_import;
use anyhow::{anyhow, bail};

use super::adopt::{Source, hand_over, no_policy_breaks};
use super::case::Case;
use super::describe;
use super::overlay::Overlay;
use crate::cli::RemedyArgs;
use crate::config::Config;
use crate::pipeline::Standing;

/// `aws_s3_bucket.found=northbank-uploads`
pub(super) fn is_one(text: &str) -> bool {
    split(text).is_some()
}

/// Address and import id. An `=` in a key of the address is none.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut inside = false;
    let at = text.find(|c| {
        inside ^= c == '"';
        c == '=' && !inside
    })?;
    let (address, id) = text.split_at(at);
    Some((address, id.strip_prefix('=')?))
}

pub(super) fn run(
    config: &Config,
    case: &Case,
    args: &RemedyArgs,
    imports: &[&String],
) -> anyhow::Result<u8> {
    let standing = Standing::excepted(config, args.exceptions.as_deref())?;
    let mut blocks = String::new();
    let mut addresses = BTreeSet::new();
    for (address, id) in imports.iter().filter_map(|text| split(text)) {
        if !is_plain(address) || id.is_empty() {
            bail!(
                "{address}={id}: expected TYPE.NAME=ID of a resource in the root module, e.g. aws_s3_bucket.found=northbank-uploads"
            );
        }
        blocks.push_str(&format!(
            "\nimport {{\n  to = {address}\n  id = {}\n}}\n",
            abide_fix::quoted(id)
        ));
        addresses.insert(address.to_owned());
    }
    let seen = case.look()?;
    if let Some(known) = addresses
        .iter()
        .find(|a| seen.sides.found.find(a).is_some())
    {
        bail!("{known} is in the state already; name another address");
    }
    let source = Source::new(case)?;
    let (name, before) = source.main_file()?;
    let with_blocks = format!("{}\n{blocks}", before.trim_end());
    let first = source.tree(&BTreeMap::from([(
        source.directory.join(&name),
        with_blocks.clone(),
    )]))?;
    let generated = generate(case, &first)?;
    let file = FileFix {
        after: format!("{with_blocks}\n{generated}"),
        name,
        before,
        edits: Vec::new(),
    };
    let files = [file];
    let proof = case.look_in(source.edited(&files)?.directory())?;
    check_import(&seen.plan, &proof.plan, &addresses).map_err(|refused| {
        let reasons: Vec<String> = refused.iter().map(ToString::to_string).collect();
        anyhow!("the import is not taken:\n  {}", reasons.join("\n  "))
    })?;
    no_policy_breaks(case, &seen, &proof, &standing)?;
    let names: Vec<String> = addresses.into_iter().collect();
    let title = format!("Import {} in {}", describe::named(&names), case.target.name);
    let list: String = names
        .iter()
        .map(|name| format!("- {}\n", describe::code(name)))
        .collect();
    let text = format!(
        "# {title}\n\nThese resources are there, and no state holds them. A plan of the source with their `import` blocks was made: \
         it takes them over, changes nothing but tags, and no policy breaks.\n\n{list}"
    );
    hand_over(case, args, &source, &files, (&title, &text))
}

/// The configuration that Terraform writes for the blocks, without what says nothing.
fn generate(case: &Case, tree: &Overlay) -> anyhow::Result<String> {
    let file: PathBuf = tree.directory().join("abide_generated.tf");
    // What it generates may contradict itself until it is cleaned; the text is there then.
    let planned = case.generate_in(tree.directory(), &file);
    let text = match (fs::read_to_string(&file), planned) {
        (Ok(text), _) => text,
        (Err(_), Err(error)) => return Err(error),
        (Err(_), Ok(())) => {
            bail!("terraform generated no configuration: is its block in the source already?")
        }
    };
    abide_fix::without_empty(&text)
        .ok_or_else(|| anyhow!("what terraform generated cannot be read:\n{text}"))
}

fn is_plain(address: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    address
        .split_once('.')
        .is_some_and(|(kind, name)| plain(kind) && plain(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equals_sign_in_a_key_is_none() {
        assert_eq!(
            split("aws_s3_bucket.a=b=c"),
            Some(("aws_s3_bucket.a", "b=c"))
        );
        assert_eq!(split("aws_s3_bucket.a[\"x=y\"]"), None);
        assert!(is_plain("aws_s3_bucket.a") && !is_plain("module.a.b") && !is_plain("a.b }"));
    }
}
