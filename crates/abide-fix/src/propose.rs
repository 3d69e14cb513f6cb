//! Where a step of a fix is written: the attribute, what feeds it, a new block, a companion.

use abide_core::attribute::{AttributePath, Step as PathStep};
use abide_core::engine::ROOT;
use abide_core::finding::Finding;
use abide_hcl::{FeedKind, FileId, Layout, Loaded, Location, SourceFile};

use crate::insert;
use crate::snippet::Step;
use crate::text::Splice;

/// Edits of one file.
pub(crate) struct Proposal {
    pub(crate) file: String,
    pub(crate) splices: Vec<Splice>,
}

/// Why nothing is proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("its block is not in this directory")]
    NotHere,
    #[error("{0} has JSON syntax, which is not edited")]
    Json(String),
    #[error("{0} belongs to a downloaded module, which is not edited")]
    Downloaded(String),
    #[error("{0} could not be edited at this place")]
    Place(String),
}

pub(crate) fn propose(
    loaded: &Loaded,
    finding: &Finding,
    step: &Step,
) -> Result<Proposal, Refusal> {
    let address = finding.resource_address.as_str();
    match step {
        Step::Beside { hcl } => beside(loaded, address, hcl),
        Step::Set {
            address: other,
            path,
            value,
        } => {
            let path = match other {
                None => with_positions(path, finding.attribute.as_ref()),
                Some(_) => path.clone(),
            };
            set(loaded, other.as_deref().unwrap_or(address), &path, value)
        }
    }
}

/// A snippet names blocks, the finding also which of them.
fn with_positions(path: &AttributePath, found: Option<&AttributePath>) -> AttributePath {
    let Some(found) = found else {
        return path.clone();
    };
    let mut out = AttributePath::default();
    let mut theirs = found.0.iter().peekable();
    for step in &path.0 {
        out.0.push(step.clone());
        if theirs.next_if_eq(&step).is_none() {
            theirs = [].iter().peekable();
        }
        if let Some(index) = theirs.next_if(|step| matches!(step, PathStep::Index(_))) {
            out.0.push(index.clone());
        }
    }
    if let Some(PathStep::Index(_)) = out.0.last() {
        out.0.pop();
    }
    out
}

pub(crate) fn set(
    loaded: &Loaded,
    address: &str,
    path: &AttributePath,
    value: &str,
) -> Result<Proposal, Refusal> {
    let trace = loaded
        .origins
        .trace(address, path)
        .ok_or(Refusal::NotHere)?;
    let layout = loaded
        .origins
        .layout(address, path)
        .ok_or(Refusal::NotHere)?;
    if trace.attribute.is_none() {
        return add(loaded, &layout, path, value);
    }
    match trace.fed_by.last() {
        None => replace(loaded, trace.place, value),
        // A module is not changed for one of its callers: the call says what it wants.
        Some(feed) if feed.kind == FeedKind::Default => {
            let variable = variable_of(loaded, feed.attribute);
            match (loaded.origins.call_layout(address), variable) {
                (Some(call), Some(name)) => {
                    let file = editable(loaded, call.file)?;
                    let splices = insert::attribute(&file.text, &call, &name, value);
                    made(file, splices)
                }
                _ => replace(loaded, feed.place, value),
            }
        }
        Some(feed) => replace(loaded, feed.place, value),
    }
}

/// The variable whose default stands at a place: the last one declared before it.
fn variable_of(loaded: &Loaded, default: Location) -> Option<String> {
    let text = &loaded.sources.file(default.file)?.text;
    let before = text.get(..default.span.start as usize)?;
    let (_, after) = before.rsplit_once("variable")?;
    let name = after.trim_start().trim_start_matches('"');
    let end = name.find(|c: char| c != '_' && c != '-' && !c.is_alphanumeric())?;
    name.get(..end).map(ToOwned::to_owned)
}

/// Writes an attribute that nobody wrote, with the blocks around it that are missing.
fn add(
    loaded: &Loaded,
    layout: &Layout,
    path: &AttributePath,
    value: &str,
) -> Result<Proposal, Refusal> {
    let file = editable(loaded, layout.file)?;
    let names: Vec<&str> = path
        .0
        .iter()
        .skip(layout.steps)
        .filter_map(|step| match step {
            PathStep::Name(name) => Some(name.as_str()),
            PathStep::Index(_) => None,
        })
        .collect();
    let splices = match names.split_last() {
        None => None,
        Some((name, [])) => insert::attribute(&file.text, layout, name, value),
        Some((name, blocks)) => {
            let mut hcl = String::new();
            for (depth, block) in blocks.iter().enumerate() {
                hcl.push_str(&format!("{}{block} {{\n", "  ".repeat(depth)));
            }
            hcl.push_str(&format!("{}{name} = {value}\n", "  ".repeat(blocks.len())));
            for depth in (0..blocks.len()).rev() {
                hcl.push_str(&format!("{}}}\n", "  ".repeat(depth)));
            }
            insert::block(&file.text, layout, &hcl)
        }
    };
    made(file, splices)
}

pub(crate) fn replace(loaded: &Loaded, place: Location, value: &str) -> Result<Proposal, Refusal> {
    let file = editable(loaded, place.file)?;
    let range = place.span.range();
    let mut new = value.to_owned();
    // The end marker of a heredoc keeps its line break.
    if file
        .text
        .get(range.clone())
        .is_some_and(|old| old.ends_with('\n'))
    {
        new.push_str(crate::text::newline(&file.text));
    }
    made(file, Some(vec![Splice::new(range, new)]))
}

/// A resource after the block, one for each instance of it.
fn beside(loaded: &Loaded, address: &str, hcl: &str) -> Result<Proposal, Refusal> {
    let Some(layout) = loaded.origins.layout(address, &AttributePath::default()) else {
        return for_account(loaded, hcl);
    };
    let file = editable(loaded, layout.file)?;
    let parts = labels(&file.text, &layout).ok_or(Refusal::NotHere)?;
    let mut hcl = renamed(loaded, address, hcl, &parts.1);
    let reference = format!("{}.{}", parts.0, parts.1);
    for (meta, key) in [("for_each", "each.key"), ("count", "count.index")] {
        let Some(attribute) = layout.attribute(meta) else {
            continue;
        };
        let value = file.text.get(attribute.value.range()).unwrap_or_default();
        hcl = hcl.replace(&format!("{reference}."), &format!("{reference}[{key}]."));
        hcl = hcl.replacen("{\n", &format!("{{\n  {meta} = {value}\n\n"), 1);
    }
    let splices = insert::beside(&file.text, layout.block.end as usize, &hcl);
    made(file, Some(splices))
}

/// A resource about the whole account stands at the end of the root module's `main.tf`,
/// or of its first file.
fn for_account(loaded: &Loaded, hcl: &str) -> Result<Proposal, Refusal> {
    let own =
        |file: &&SourceFile| !file.name.contains('/') && abide_hcl::is_native_source(&file.name);
    let mut files = loaded.sources.files().map(|(_, file)| file).filter(own);
    let first = files.next().ok_or(Refusal::NotHere)?;
    let file = std::iter::once(first)
        .chain(files)
        .find(|file| file.name == "main.tf")
        .unwrap_or(first);
    let end = file.text.trim_end().len();
    let hcl = renamed(loaded, ROOT, hcl, "main");
    made(file, Some(insert::beside(&file.text, end, &hcl)))
}

/// Type and name in a block's header.
fn labels(text: &str, layout: &Layout) -> Option<(String, String)> {
    let header = text.get(layout.header.range())?;
    let mut words = header
        .split(|c: char| c.is_whitespace() || c == '"')
        .filter(|word| !word.is_empty())
        .skip(1);
    Some((words.next()?.to_owned(), words.next()?.to_owned()))
}

/// The resource under a name that no other of its type has in the module of `beside`.
fn renamed(loaded: &Loaded, beside: &str, hcl: &str, wanted: &str) -> String {
    let mut words = hcl.splitn(5, '"');
    let (_, Some(kind), _, Some(_), Some(body)) = (
        words.next(),
        words.next(),
        words.next(),
        words.next(),
        words.next(),
    ) else {
        return hcl.to_owned();
    };
    let taken = |name: &str| loaded.origins.declares(beside, kind, name);
    let mut name = wanted.to_owned();
    let mut number = 2_u32;
    while taken(&name) {
        name = format!("{wanted}_{number}");
        number += 1;
    }
    format!("resource \"{kind}\" \"{name}\"{body}")
}

pub(crate) fn editable(loaded: &Loaded, id: FileId) -> Result<&SourceFile, Refusal> {
    let file = loaded.sources.file(id).ok_or(Refusal::NotHere)?;
    if file.name.ends_with(".json") {
        return Err(Refusal::Json(file.name.clone()));
    }
    if file.name.split('/').any(|part| part == ".terraform") {
        return Err(Refusal::Downloaded(file.name.clone()));
    }
    Ok(file)
}

pub(crate) fn made(file: &SourceFile, splices: Option<Vec<Splice>>) -> Result<Proposal, Refusal> {
    let place = || Refusal::Place(file.name.clone());
    Ok(Proposal {
        file: file.name.clone(),
        splices: splices.ok_or_else(place)?,
    })
}
