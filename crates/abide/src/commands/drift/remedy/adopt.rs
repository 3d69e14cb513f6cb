//! Taking drift into the code: edits, proven by a plan and by the policies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use abide_core::drift::{Drifted, Kind};
use abide_core::source::{LoadOptions, Wanted};
use abide_fix::{FileFix, Texts, Want};
use abide_remedy::adopt::check;
use abide_schema::{Member, ProviderSchema};
use anyhow::{Context, anyhow, bail};

use super::case::{Case, Seen};
use super::overlay::{Overlay, common};
use super::{choose, describe, pull};
use crate::cli::{RemedyArgs, RootArgs};
use crate::commands::fix::{show, write};
use crate::config::Config;
use crate::pipeline::Standing;
use crate::{load, output, terminal};

pub(super) fn run(
    config: &Config,
    case: &Case,
    args: &RemedyArgs,
    addresses: &[&String],
) -> anyhow::Result<u8> {
    let standing = Standing::excepted(config, args.exceptions.as_deref())?;
    let seen = case.look()?;
    let chosen = choose(&seen, addresses)?;
    refuse_violations(case, &seen, &chosen, &standing)?;
    let wants: Vec<Want> = chosen
        .iter()
        .map(|drifted| wants(&seen, drifted))
        .collect::<anyhow::Result<Vec<_>>>()?
        .concat();
    let source = Source::new(case)?;
    let files = source.adopt(&wants)?;
    if files.is_empty() {
        bail!("the source says it already: apply it, and the state will know");
    }
    let proof = case.look_in(source.edited(&files)?.directory())?;
    prove(case, &seen, &proof, &wants, &standing)?;
    let names: Vec<String> = chosen.iter().map(|d| d.address.to_string()).collect();
    let title = format!("Adopt {} in {}", describe::named(&names), case.target.name);
    let mut text = format!(
        "# {title}\n\nThe source now says what is there. A plan of it was made: these resources are left as they are, \
         nothing else changes, and no policy breaks. The state learns of it when this is applied.\n\n"
    );
    text.push_str(&describe::drift(case, &chosen, seen.drift.looked_at)?);
    hand_over(case, args, &source, &files, (&title, &text))
}

/// Prints the difference, writes it, or opens a pull request with it.
pub(super) fn hand_over(
    case: &Case,
    args: &RemedyArgs,
    source: &Source,
    files: &[FileFix],
    (title, text): (&str, &str),
) -> anyhow::Result<u8> {
    if args.pr {
        let all: String = files.iter().map(|file| file.after.as_str()).collect();
        let digest = abide_connect::PlanDigest::of(all.as_bytes()).to_string();
        let branch = pull::branch("adopt", &case.target.name, &digest);
        for file in files {
            pull::refuse_uncommitted(&source.path(file))?;
        }
        let edits = files
            .iter()
            .map(|file| (source.path(file), file.after.clone()));
        let edits: Vec<(PathBuf, String)> = edits.collect();
        let request = pull::Request {
            directory: &case.target.directory,
            place: &args.place,
            title,
            text,
        };
        pull::open(&request, &branch, &edits)?;
        return Ok(0);
    }
    if args.write {
        write::all(&source.directory, files, args.allow_dirty)?;
        let written = files
            .iter()
            .map(|file| source.path(file).display().to_string());
        let written: Vec<String> = written.collect();
        terminal::say(&[format!("written: {}", written.join(", "))])?;
        return Ok(0);
    }
    let mut diff = String::new();
    for file in files {
        diff.push_str(&show::diff(&source.shown(file), file));
    }
    output::print_text(&diff)?;
    let proven =
        "proven by a plan: nothing else changes; --write writes it, --pr opens a pull request";
    terminal::say(&[proven.to_owned()])?;
    Ok(0)
}

/// What breaks a policy is adopted only if somebody allowed it.
fn refuse_violations(
    case: &Case,
    seen: &Seen,
    chosen: &[&Drifted],
    standing: &Standing,
) -> anyhow::Result<()> {
    let broken = case.broken(&seen.sides.desired, &seen.sides.found, standing);
    for drifted in chosen.iter().filter(|drifted| drifted.class.is_violation()) {
        let own = broken
            .iter()
            .filter(|f| f.resource_address == drifted.address);
        let kept = drifted
            .verdicts
            .iter()
            .filter_map(|verdict| verdict.finding.as_ref());
        let mut shown: Vec<String> = own.map(|finding| case.shown(finding)).collect();
        if shown.is_empty() && standing.exceptions.is_none() {
            // The code lets it be, so that it fails on both sides.
            shown = kept.map(|finding| case.shown(finding)).collect();
        }
        if !shown.is_empty() {
            bail!(
                "{}: what breaks a policy is not adopted without an approved exception: revert it (--revert), or ask for one (abide exception request)\n  {}",
                drifted.address,
                shown.join("\n  ")
            );
        }
    }
    Ok(())
}

/// What the code has to say of a resource.
fn wants(seen: &Seen, drifted: &Drifted) -> anyhow::Result<Vec<Want>> {
    let address = drifted.address.to_string();
    let found = seen.sides.found.find(&address);
    let (Some((_, found)), false) = (found, drifted.kind == Kind::Deleted) else {
        bail!(
            "{address} is gone: take its block out of the code by hand, or revert it (--revert), which makes it anew"
        );
    };
    let names: BTreeSet<&str> = drifted
        .changes
        .iter()
        .map(|change| change.attribute())
        .collect();
    let block = ProviderSchema::aws().resource(&drifted.resource_type);
    let settable = |name: &&&str| match block.and_then(|block| block.member(name)) {
        Some(Member::Attribute(attribute)) => attribute.optional || attribute.required,
        Some(Member::Block(_)) | None => true,
    };
    // `tags_all` follows `tags` and `default_tags`.
    let settable = names
        .iter()
        .filter(settable)
        .filter(|name| **name != "tags_all");
    let wants: Vec<Want> = settable
        .map(|name| Want {
            address: address.clone(),
            attribute: (*name).to_owned(),
            value: found.values.get(name).cloned(),
        })
        .collect();
    if wants.is_empty() {
        let names: Vec<&str> = names.into_iter().collect();
        bail!(
            "{address}: no code can say what changed ({})",
            names.join(", ")
        );
    }
    Ok(wants)
}

/// The proof: a plan of the edited source, and the policies on what it wants.
fn prove(
    case: &Case,
    seen: &Seen,
    proof: &Seen,
    wants: &[Want],
    standing: &Standing,
) -> anyhow::Result<()> {
    let mut adopted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for want in wants {
        let names = adopted.entry(want.address.clone()).or_default();
        names.insert(want.attribute.clone());
        if want.attribute == "tags" {
            names.insert("tags_all".to_owned());
        }
    }
    check(&seen.plan, &proof.plan, &adopted).map_err(|refused| {
        let reasons: Vec<String> = refused.iter().map(ToString::to_string).collect();
        anyhow!("the edit is not taken:\n  {}", reasons.join("\n  "))
    })?;
    no_policy_breaks(case, seen, proof, standing)
}

pub(super) fn no_policy_breaks(
    case: &Case,
    seen: &Seen,
    proof: &Seen,
    standing: &Standing,
) -> anyhow::Result<()> {
    let broken = case.broken(&seen.sides.desired, &proof.sides.desired, standing);
    if broken.is_empty() {
        return Ok(());
    }
    let broken: Vec<String> = broken.iter().map(|finding| case.shown(finding)).collect();
    bail!(
        "the edit is not taken, because policies would fail that no approved exception covers:\n  {}",
        broken.join("\n  ")
    )
}

/// The source of a target.
pub(super) struct Source {
    pub(super) directory: PathBuf,
    /// All that it refers to by relative paths.
    root: PathBuf,
    roots: RootArgs,
    loading: LoadOptions,
    variables: Vec<(String, String)>,
}

impl Source {
    pub(super) fn new(case: &Case) -> anyhow::Result<Self> {
        let target = &case.target;
        let directory = target.directory.canonicalize();
        let directory = directory.with_context(|| target.directory.display().to_string())?;
        let table = &target.table;
        let variables = table.environment.iter();
        let variables = variables.filter(|(name, _)| name.starts_with("TF_VAR_"));
        let mut source = Self {
            root: load::repository(&directory).unwrap_or_else(|| directory.clone()),
            roots: RootArgs {
                var_file: target.var_files.clone(),
                workspace: table.workspace.clone(),
                ..RootArgs::default()
            },
            loading: LoadOptions {
                wanted: Wanted::everything(),
                key: case.key(),
            },
            variables: variables.map(|(n, v)| (n.clone(), v.clone())).collect(),
            directory,
        };
        let loaded = source.load(&Texts::new())?;
        let files = loaded
            .sources
            .files()
            .filter_map(|(_, file)| file.path.parent());
        let all = files.chain([source.root.as_path(), source.directory.as_path()]);
        source.root = common(all).unwrap_or_else(|| source.root.clone());
        Ok(source)
    }

    fn load(&self, texts: &Texts) -> Result<abide_hcl::Loaded, abide_hcl::LoadError> {
        let mut options = load::editing_options(&self.directory, &self.roots, &self.loading);
        options.environment.extend(self.variables.iter().cloned());
        let paths = texts.iter();
        options.overlay = paths
            .map(|(name, text)| (self.directory.join(name), text.clone()))
            .collect();
        abide_hcl::load_dir(&self.directory, &options)
    }

    fn adopt(&self, wants: &[Want]) -> anyhow::Result<Vec<FileFix>> {
        let load = |texts: &Texts| self.load(texts);
        Ok(abide_fix::adopt(&load, wants)?)
    }

    /// A tree in which these files are edited.
    pub(super) fn edited(&self, files: &[FileFix]) -> anyhow::Result<Overlay> {
        let texts = files
            .iter()
            .map(|file| (self.path(file), file.after.clone()));
        Overlay::new(&self.root, &self.directory, &texts.collect())
    }

    /// A tree with these texts in place of files.
    pub(super) fn tree(&self, texts: &BTreeMap<PathBuf, String>) -> anyhow::Result<Overlay> {
        Overlay::new(&self.root, &self.directory, texts)
    }

    /// Name and text of the file that new blocks of the root module go to.
    pub(super) fn main_file(&self) -> anyhow::Result<(String, String)> {
        let loaded = self.load(&Texts::new())?;
        let own = |name: &str| !name.contains('/') && abide_hcl::is_native_source(name);
        let files = loaded.sources.files().map(|(_, file)| file);
        let mut files: Vec<_> = files.filter(|file| own(&file.name)).collect();
        files.sort_by_key(|file| (file.name != "main.tf", file.name.clone()));
        let first = files
            .first()
            .context("the root module has no .tf file of its own")?;
        Ok((first.name.clone(), first.text.to_string()))
    }

    /// Where a file is.
    pub(super) fn path(&self, file: &FileFix) -> PathBuf {
        let path = self.directory.join(&file.name);
        path.canonicalize().unwrap_or(path)
    }

    /// Its name for people: from where the command runs, if it is below.
    fn shown(&self, file: &FileFix) -> String {
        let path = self.path(file);
        let here = std::env::current_dir().and_then(|here| here.canonicalize());
        let below = here
            .ok()
            .and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
        below.unwrap_or(path).display().to_string()
    }
}
