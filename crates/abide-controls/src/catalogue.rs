//! The catalogue: reading the data files, and finding controls in them.

use std::sync::LazyLock;

use crate::alias;
use crate::control::{Control, Decidable, Extent, Level};
use crate::error::ControlError;
use crate::framework::Framework;
use crate::id::ControlId;

/// Every known control, in the order of the standards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Sorted by id.
    controls: Vec<Control>,
}

/// A line of a data file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("frameworks/{framework}.tsv:{line}: {problem}")]
pub struct CatalogueError {
    /// Which file.
    pub framework: Framework,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl Catalogue {
    /// The embedded catalogue. It is read on first use; the tests prove that it can be.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Catalogue> =
            LazyLock::new(|| Catalogue::parse().unwrap_or_default());
        &BUILTIN
    }

    /// Reads the embedded data files; [`Catalogue::builtin`] does so only once.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn parse() -> Result<Self, CatalogueError> {
        let mut controls = Vec::with_capacity(512);
        for framework in Framework::ALL {
            parse_file(framework, framework.spec().data, &mut controls)?;
        }
        controls.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { controls })
    }

    /// All controls.
    pub fn iter(&self) -> std::slice::Iter<'_, Control> {
        self.controls.iter()
    }

    /// The controls of one framework: those that its current edition retired first, then the current ones in the order of the standard.
    #[must_use]
    pub fn framework(&self, framework: Framework) -> &[Control] {
        let start = self
            .controls
            .partition_point(|c| c.id.framework() < framework);
        let end = self
            .controls
            .partition_point(|c| c.id.framework() <= framework);
        self.controls.get(start..end).unwrap_or_default()
    }

    /// The control with exactly this id. An id of another edition finds nothing here, see [`Catalogue::resolve`].
    #[must_use]
    pub fn get(&self, id: &ControlId) -> Option<&Control> {
        let index = self.controls.binary_search_by(|c| c.id.cmp(id)).ok()?;
        self.controls.get(index)
    }

    /// The controls that `id` means: itself if it is in the catalogue, else those that had this number in its edition. None if unknown.
    #[must_use]
    pub fn resolve(&self, id: &ControlId) -> Vec<&Control> {
        if let Some(control) = self.get(id) {
            return vec![control];
        }
        let had_it = |c: &&Control| {
            c.numbers_in(id.edition())
                .is_some_and(|numbers| numbers.contains(&id.number()))
        };
        self.framework(id.framework())
            .iter()
            .filter(had_it)
            .collect()
    }

    /// The controls that `id` means, at least one.
    ///
    /// # Errors
    /// [`ControlError::UnknownControl`] with what may have been meant.
    pub fn require(&self, id: &ControlId) -> Result<Vec<&Control>, ControlError> {
        let found = self.resolve(id);
        if found.is_empty() {
            return Err(ControlError::UnknownControl {
                id: id.clone(),
                suggestions: self.near(id),
            });
        }
        Ok(found)
    }

    /// The controls that a text means, at least one: a canonical id of any known edition, or a short id such as `SOC2-CC6.1`,
    /// `CIS-5.2` or `PCI-DSS-3.2.1-3.4`.
    ///
    /// # Errors
    /// What is wrong with the text, and what may have been meant.
    pub fn lookup(&self, text: &str) -> Result<Vec<&Control>, ControlError> {
        match alias::resolve(self, text) {
            Some(found) => found,
            None => self.require(&text.parse()?),
        }
    }

    /// Known ids near to one that does not exist: those below it, else the ones with the most leading parts in common.
    fn near(&self, id: &ControlId) -> Vec<String> {
        const AT_MOST: usize = 3;
        let current = id.framework().current_edition();
        let known = || {
            self.framework(id.framework())
                .iter()
                .filter(|c| c.id.edition() == current)
                .map(|c| &c.id)
        };
        let mut stem = id.number();
        loop {
            let below = |other: &&ControlId| {
                other
                    .number()
                    .strip_prefix(stem)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':']))
            };
            let mut found: Vec<&ControlId> = known().filter(below).collect();
            if !found.is_empty() {
                // The nearest by spelling first where there are too many.
                found.sort_by_key(|other| strsim::damerau_levenshtein(other.number(), id.number()));
                found.truncate(AT_MOST);
                return found.iter().map(ToString::to_string).collect();
            }
            let Some((shorter, _)) = stem.rsplit_once(['.', ':']) else {
                return Vec::new();
            };
            stem = shorter;
        }
    }
}

impl<'a> IntoIterator for &'a Catalogue {
    type Item = &'a Control;
    type IntoIter = std::slice::Iter<'a, Control>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

const COLUMNS: &str =
    "control\tlevel\tdecidable\textent\tsuperseded_by\tother_editions\ttitle\treason";

fn parse_file(
    framework: Framework,
    text: &'static str,
    controls: &mut Vec<Control>,
) -> Result<(), CatalogueError> {
    let mut rows = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.starts_with('#'));
    let problem = |line, problem| CatalogueError {
        framework,
        line,
        problem,
    };
    match rows.next() {
        Some((_, COLUMNS)) => {}
        Some((line, _)) => return Err(problem(line, format!("expected the columns {COLUMNS:?}"))),
        None => return Err(problem(1, "no columns".to_owned())),
    }
    for (line, row) in rows {
        let control = parse_row(row).map_err(|what| problem(line, what))?;
        if control.id.framework() != framework {
            return Err(problem(
                line,
                format!("{} is of another framework", control.id),
            ));
        }
        controls.push(control);
    }
    Ok(())
}

fn parse_row(row: &'static str) -> Result<Control, String> {
    let mut cells = row.split('\t');
    let mut cell = |name: &str| cells.next().ok_or_else(|| format!("no column {name}"));
    let id: ControlId = cell("control")?
        .parse()
        .map_err(|e: ControlError| e.to_string())?;
    let level = named(&Level::NAMES, cell("level")?)?;
    let decidable = named(&Decidable::NAMES, cell("decidable")?)?;
    let extent = match cell("extent")? {
        "" => None,
        name => Some(named(&Extent::NAMES, name)?),
    };
    if extent.is_some() != (decidable == Decidable::Plan) {
        return Err("an extent goes with `plan`, and only with it".to_owned());
    }
    let superseded_by = match cell("superseded_by")? {
        "" => None,
        number => Some(ControlId::new(id.edition(), number).map_err(|e| e.to_string())?),
    };
    let other_editions = cell("other_editions")?;
    let (title, reason) = (cell("title")?, cell("reason")?);
    if title.is_empty() || reason.is_empty() || cells.next().is_some() {
        return Err("expected a title and a reason as the last two columns".to_owned());
    }
    Ok(Control {
        id,
        title,
        decidable,
        extent,
        reason,
        level,
        superseded_by,
        other_editions,
    })
}

fn named<T: Copy>(names: &[(&'static str, T)], text: &str) -> Result<T, String> {
    let found = names.iter().find(|(name, _)| *name == text);
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| format!("unknown word {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &'static str) -> Result<Vec<Control>, String> {
        let mut controls = Vec::new();
        parse_file(Framework::CisAws, text, &mut controls).map_err(|e| e.to_string())?;
        Ok(controls)
    }

    macro_rules! file {
        ($row:literal) => {
            concat!("# a comment\ncontrol\tlevel\tdecidable\textent\tsuperseded_by\tother_editions\ttitle\treason\n", $row, "\n")
        };
    }

    #[test]
    fn a_bad_line_is_named() {
        let good = parse(file!(
            "cis-aws-7.0.0:6.3\tlevel-1-automated\tplan\tfull\t\t5.0.0=5.3\ttitle\treason"
        ));
        assert_eq!(good.map(|controls| controls.len()), Ok(1));
        for (text, expected) in [
            ("", "frameworks/cis-aws.tsv:1: no columns"),
            (
                "control\tlevel\n",
                "frameworks/cis-aws.tsv:1: expected the columns",
            ),
            (
                file!("cis-aws-7.0.0:6.3\tlevel-1-automated"),
                "cis-aws.tsv:3: no column decidable",
            ),
            (
                file!("cis-aws-7.1.0:6.3\tretired\tplan\tfull\t\t\tt\tr"),
                "unknown edition `7.1.0` of cis-aws",
            ),
            (
                file!("pci-dss-4.0.1:6.3\trequirement\tplan\tfull\t\t\tt\tr"),
                "pci-dss-4.0.1:6.3 is of another framework",
            ),
            (
                file!("cis-aws-7.0.0:6.3\tlevel-3\tplan\tfull\t\t\tt\tr"),
                "unknown word \"level-3\"",
            ),
            (
                file!("cis-aws-7.0.0:6.3\tretired\tplan\t\t\t\tt\tr"),
                "an extent goes with `plan`",
            ),
            (
                file!("cis-aws-7.0.0:6.3\tretired\tprocess\tfull\t\t\tt\tr"),
                "an extent goes with `plan`",
            ),
            (
                file!("cis-aws-7.0.0:6.3\tretired\tprocess\t\t\t\tt\t"),
                "expected a title and a reason",
            ),
            (
                file!("cis-aws-7.0.0:6.3\tretired\tprocess\t\t\t\tt\tr\tx"),
                "expected a title and a reason",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(
                error.contains(expected),
                "{error:?} should contain {expected:?}"
            );
        }
    }
}
