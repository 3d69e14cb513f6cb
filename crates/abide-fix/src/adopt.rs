//! Writes what is really there into the source: attribute by attribute, until the source says so.
//!
//! Whether that is right is not proven here: only a plan shows it.

use abide_core::attribute::{AttributePath, Step};
use abide_core::value::{Object, Value};
use abide_hcl::{FeedKind, LoadError, Loaded, Location};

use crate::insert;
use crate::literal::{self, NotWritable};
use crate::propose::{self, Proposal, Refusal};
use crate::remove;
use crate::text::{self, Splice};
use crate::{FileFix, Load, Texts, changes, text_of};

/// An attribute of a resource, and what it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Want {
    /// The resource.
    pub address: String,
    /// The attribute, or the kind of block.
    pub attribute: String,
    /// Its value; `None` if it is not set.
    pub value: Option<Value>,
}

/// Why the source cannot be made to say it.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// The directory cannot be read, before or after an edit.
    #[error("{0}")]
    Load(#[from] LoadError),
    /// There is no place for it.
    #[error("{address}: {attribute}: {why}")]
    Place {
        /// The resource.
        address: String,
        /// The attribute.
        attribute: String,
        /// What is in the way.
        why: String,
    },
}

/// More edits than this for one attribute lead nowhere.
const MAX_EDITS: usize = 64;

/// The files with all of it written.
///
/// # Errors
/// If something cannot be written; then nothing is.
pub fn adopt(load: Load<'_>, wants: &[Want]) -> Result<Vec<FileFix>, AdoptError> {
    let original = load(&Texts::new())?;
    let mut texts = Texts::new();
    for want in wants {
        let place = |why: String| AdoptError::Place {
            address: want.address.clone(),
            attribute: want.attribute.clone(),
            why,
        };
        for edits in 0.. {
            let loaded = load(&texts)?;
            let Some(proposal) = next(&loaded, want).map_err(|error| place(error.to_string()))?
            else {
                break;
            };
            let before = text_of(&loaded, &proposal.file).unwrap_or_default();
            let after = text::apply(&before, proposal.splices)
                .filter(|after| *after != before && edits < MAX_EDITS)
                .ok_or_else(|| place(format!("{} could not be edited here", proposal.file)))?;
            texts.insert(proposal.file, after);
        }
    }
    Ok(changes(&original, texts))
}

/// Why there is no edit.
#[derive(Debug, thiserror::Error)]
enum Why {
    #[error(transparent)]
    Refusal(#[from] Refusal),
    #[error(transparent)]
    Value(#[from] NotWritable),
    #[error("its blocks are made by a `dynamic` block, which is not edited")]
    Dynamic,
    #[error("a part of it is computed by an expression, which is not edited")]
    Computed,
}

/// The next edit that makes the source say it more; `None` if it does.
fn next(loaded: &Loaded, want: &Want) -> Result<Option<Proposal>, Why> {
    let Some((_, resource)) = loaded.inventory.find(&want.address) else {
        return Err(Refusal::NotHere.into());
    };
    let path = AttributePath::default().name(&want.attribute);
    let now = resource.values.get(&want.attribute);
    if now == want.value.as_ref() {
        return Ok(None);
    }
    let at = At {
        loaded,
        address: &want.address,
        path: &path,
    };
    let as_blocks = |value: Option<&Value>| value.is_some_and(literal::is_blocks);
    if as_blocks(now) || as_blocks(want.value.as_ref()) {
        let list =
            |value: Option<&Value>| value.and_then(Value::as_list).unwrap_or_default().to_vec();
        if at.is_blocks() {
            return at.blocks(&list(now), &list(want.value.as_ref()));
        }
    }
    match (now, &want.value) {
        (Some(Value::Object(now)), Some(Value::Object(wanted))) => at.entries(now, wanted),
        (_, Some(wanted)) => at.set(wanted).map(Some),
        (_, None) => at.unset().map(Some),
    }
}

/// Where something is written.
struct At<'a> {
    loaded: &'a Loaded,
    address: &'a str,
    path: &'a AttributePath,
}

impl At<'_> {
    fn text(&self, place: Location) -> &str {
        let file = self.loaded.sources.file(place.file);
        let text = file.map_or("", |file| &file.text);
        text.get(place.span.range()).unwrap_or_default()
    }

    /// Whether it is written as blocks, or would be.
    fn is_blocks(&self) -> bool {
        let trace = self.loaded.origins.trace(self.address, self.path);
        trace.is_some_and(|trace| trace.attribute.is_none())
    }

    fn set(&self, value: &Value) -> Result<Proposal, Why> {
        let text = self.indented(&self.expression(value)?);
        Ok(propose::set(self.loaded, self.address, self.path, &text)?)
    }

    /// A JSON document is written as people write one, unless it stands there as a text.
    fn expression(&self, value: &Value) -> Result<String, Why> {
        let document = value
            .as_str()
            .filter(|text| text.trim_start().starts_with('{'));
        let document = document.and_then(abide_core::source::value_of_json);
        Ok(match document {
            Some(document) => format!("jsonencode({})", literal::value(&document)?),
            None => literal::value(value)?,
        })
    }

    /// Further lines stand as deep as the line they begin on.
    fn indented(&self, value: &str) -> String {
        let trace = self.loaded.origins.trace(self.address, self.path);
        let Some(trace) = trace.filter(|_| value.contains('\n')) else {
            return value.to_owned();
        };
        let place = trace.fed_by.last().map_or(trace.place, |feed| feed.place);
        let Some(file) = self.loaded.sources.file(place.file) else {
            return value.to_owned();
        };
        let start = place.span.start as usize;
        let own = text::indentation(&file.text, start);
        // Where nobody wrote it, the place is the block's header.
        let deeper = if trace.attribute.is_some() { "" } else { "  " };
        value.replace('\n', &format!("{}{own}{deeper}", text::newline(&file.text)))
    }

    /// Takes the attribute out, or says `null` where it goes through something else.
    fn unset(&self) -> Result<Proposal, Why> {
        let trace = self
            .loaded
            .origins
            .trace(self.address, self.path)
            .ok_or(Refusal::NotHere)?;
        match trace.attribute {
            Some(whole) if trace.fed_by.is_empty() => self.without(whole),
            Some(_) => Ok(propose::set(self.loaded, self.address, self.path, "null")?),
            None => Err(Refusal::NotHere.into()),
        }
    }

    /// The text without something that has its lines for itself, or without it alone.
    fn without(&self, whole: Location) -> Result<Proposal, Why> {
        let file = propose::editable(self.loaded, whole.file)?;
        let cut = remove::cut(&file.text, whole.span.range());
        Ok(Proposal {
            file: file.name.clone(),
            splices: vec![Splice::new(cut, "")],
        })
    }

    /// One entry of a map that differs.
    fn entries(&self, now: &Object, wanted: &Object) -> Result<Option<Proposal>, Why> {
        let mut differing = wanted
            .iter()
            .filter(|(name, value)| now.get(name) != Some(value));
        if let Some((name, value)) = differing.next() {
            let path = self.path.name(name);
            let at = At {
                path: &path,
                ..*self
            };
            let trace = self.loaded.origins.trace(self.address, &path);
            let is_written = trace.is_some_and(|trace| trace.exact && trace.attribute.is_some());
            return match (now.get(name), is_written) {
                (Some(_), true) => at.set(value).map(Some),
                (Some(_), false) => self.set(&Value::Object(wanted.clone())).map(Some),
                (None, _) => self.entry(name, value, wanted).map(Some),
            };
        }
        let Some((gone, _)) = now.iter().find(|(name, _)| wanted.get(name).is_none()) else {
            return Ok(None);
        };
        let path = self.path.name(gone);
        let trace = self.loaded.origins.trace(self.address, &path);
        match trace.and_then(|trace| trace.attribute.filter(|_| trace.exact)) {
            Some(whole) => self.without(whole).map(Some),
            None => self.set(&Value::Object(wanted.clone())).map(Some),
        }
    }

    /// A new entry in the map as it is written; around an expression, by `merge`.
    fn entry(&self, name: &str, value: &Value, wanted: &Object) -> Result<Proposal, Why> {
        let trace = self
            .loaded
            .origins
            .trace(self.address, self.path)
            .ok_or(Refusal::NotHere)?;
        let feed = trace.fed_by.last();
        let shared = feed.is_some_and(|feed| feed.kind == FeedKind::Default);
        let place = feed.map_or(trace.place, |feed| feed.place);
        let old = self.text(place).to_owned();
        if trace.attribute.is_none() || shared {
            return self.set(&Value::Object(wanted.clone()));
        }
        let entry = format!("{} = {}", literal::key(name), self.expression(value)?);
        let new = match old.strip_prefix('{') {
            Some(_) if old.contains('\n') => {
                let file = propose::editable(self.loaded, place.file)?;
                return remove::multi_line(file, place, &entry).ok_or(Why::Computed);
            }
            Some(inner) => {
                let inner = inner.strip_suffix('}').ok_or(Why::Computed)?.trim();
                match inner.trim_end_matches(',') {
                    "" => format!("{{ {entry} }}"),
                    inner => format!("{{ {inner}, {entry} }}"),
                }
            }
            None => format!("merge({old}, {{ {entry} }})"),
        };
        Ok(propose::replace(self.loaded, place, &new)?)
    }

    /// One block that differs, is new or is gone.
    fn blocks(&self, now: &[Value], wanted: &[Value]) -> Result<Option<Proposal>, Why> {
        let mut new: Vec<&Value> = wanted.iter().collect();
        let mut gone = Vec::new();
        for (index, block) in now.iter().enumerate() {
            match new.iter().position(|wanted| says_same(block, wanted)) {
                Some(at) => drop(new.remove(at)),
                None => gone.push((index, block)),
            }
        }
        match (gone.first(), new.first()) {
            (None, None) => Ok(None),
            (Some((index, now)), Some(wanted)) => self.block(*index, now, wanted),
            (Some((index, _)), None) => {
                let trace = self.block_trace(*index)?;
                self.without(trace).map(Some)
            }
            (None, Some(wanted)) => {
                if !now.is_empty() {
                    self.block_trace(0)?;
                }
                self.add_block(wanted).map(Some)
            }
        }
    }

    fn block_trace(&self, index: usize) -> Result<Location, Why> {
        let path = self.path.index(index);
        let trace = self.loaded.origins.trace(self.address, &path);
        let trace = trace.ok_or(Refusal::NotHere)?;
        match self.text(trace.header).starts_with("dynamic") {
            true => Err(Why::Dynamic),
            false => Ok(trace.block),
        }
    }

    /// Changes the first attribute in which a block differs.
    fn block(&self, index: usize, now: &Value, wanted: &Value) -> Result<Option<Proposal>, Why> {
        self.block_trace(index)?;
        let (Value::Object(now), Value::Object(wanted)) = (now, wanted) else {
            return Err(Why::Computed);
        };
        let none = Value::Null;
        let names = wanted.iter().chain(now.iter()).map(|(name, _)| name);
        for name in names {
            let value = wanted.get(name).unwrap_or(&none);
            let current = now.get(name).unwrap_or(&none);
            if says_same(current, value) {
                continue;
            }
            let path = self.path.index(index).name(name);
            let at = At {
                path: &path,
                ..*self
            };
            if literal::is_blocks(value) || literal::is_blocks(current) {
                let list = |value: &Value| value.as_list().unwrap_or_default().to_vec();
                return at.blocks(&list(current), &list(value));
            }
            return match literal::says_nothing(value) {
                true if now.get(name).is_some() => at.unset().map(Some),
                _ => at.set(value).map(Some),
            };
        }
        Ok(None)
    }

    fn add_block(&self, wanted: &Value) -> Result<Proposal, Why> {
        let Value::Object(body) = wanted else {
            return Err(Why::Computed);
        };
        let Some(Step::Name(kind)) = self.path.0.last() else {
            return Err(Why::Computed);
        };
        let mut around = self.path.clone();
        around.0.pop();
        let layout = self
            .loaded
            .origins
            .layout(self.address, &around)
            .ok_or(Refusal::NotHere)?;
        let file = propose::editable(self.loaded, layout.file)?;
        let hcl = literal::block(kind, body)?;
        let splices = insert::block(&file.text, &layout, &hcl);
        Ok(propose::made(file, splices)?)
    }
}

/// Whether a block of the source says what a block of the cloud does: what it leaves out may
/// have any value that says nothing, and what it cannot say before apply may have any.
fn says_same(source: &Value, cloud: &Value) -> bool {
    match (source, cloud) {
        (Value::Unknown, _) => true,
        (Value::Object(source), Value::Object(cloud)) => {
            let none = Value::Null;
            let written = source
                .iter()
                .all(|(name, value)| says_same(value, cloud.get(name).unwrap_or(&none)));
            let left_out = cloud.iter().filter(|(name, _)| source.get(name).is_none());
            written && left_out.map(|(_, value)| value).all(literal::says_nothing)
        }
        (Value::List(source), Value::List(cloud)) => {
            let mut left: Vec<&Value> = cloud.iter().collect();
            source.len() == cloud.len()
                && source.iter().all(|value| {
                    let at = left.iter().position(|other| says_same(value, other));
                    at.map(|at| left.swap_remove(at)).is_some()
                })
        }
        (source, cloud) => {
            source == cloud || (literal::says_nothing(source) && literal::says_nothing(cloud))
        }
    }
}
