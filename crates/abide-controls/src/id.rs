//! Control ids.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;

use crate::alias;
use crate::error::ControlError;
use crate::framework::{Edition, Framework};
use crate::number;
use crate::text::serde_as_text;

/// The name of one control: framework, edition and number, written `pci-dss-4.0.1:1.3.1`.
///
/// An id is well formed by construction; whether its edition has that number is asked of the [catalogue](crate::Catalogue). Ids order by
/// framework, edition and then number as the standard does (1.2 before 1.10). Cloning one does not allocate for numbers of up to 24 bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ControlId {
    edition: Edition,
    number: CompactString,
}

impl ControlId {
    /// Names a control of `edition` by its number.
    ///
    /// # Errors
    /// [`ControlError::MalformedNumber`] if the number does not have the form of the framework's numbers.
    pub fn new(edition: Edition, number: &str) -> Result<Self, ControlError> {
        let framework = edition.framework();
        if number::is_well_formed(framework, number) {
            return Ok(Self {
                edition,
                number: CompactString::new(number),
            });
        }
        let upper = number.trim().to_ascii_uppercase();
        let suggestions = if number::is_well_formed(framework, &upper) {
            vec![upper]
        } else {
            Vec::new()
        };
        Err(ControlError::MalformedNumber {
            framework,
            number: number.to_owned(),
            suggestions,
        })
    }

    /// The framework.
    #[must_use]
    pub fn framework(&self) -> Framework {
        self.edition.framework()
    }

    /// The edition.
    #[must_use]
    pub fn edition(&self) -> Edition {
        self.edition
    }

    /// The number within the edition: `CC6.1`, `1.3.1`.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The label for reports: `SOC2-CC6.1`, `PCI-DSS-1.3.1`, `CIS-6.3`.
    ///
    /// [`resolve_alias`](crate::resolve_alias) leads back from it to this control and no other. Where the plain label would not, it
    /// carries the edition: in reports of long standing `CIS-5.2` is a control of 1.5.0, so that of today is `CIS-7.0.0-5.2`.
    #[must_use]
    pub fn short_label(&self) -> String {
        alias::short_label(self)
    }
}

impl fmt::Display for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.edition, self.number)
    }
}

impl fmt::Debug for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Ord for ControlId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.edition
            .cmp(&other.edition)
            .then_with(|| number::compare(self.framework(), &self.number, &other.number))
    }
}

impl PartialOrd for ControlId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for ControlId {
    type Err = ControlError;

    /// Takes the canonical text only; [`Catalogue::lookup`](crate::Catalogue::lookup) also takes short ids.
    fn from_str(text: &str) -> Result<Self, ControlError> {
        let Some((edition, number)) = text.split_once(':') else {
            return Err(ControlError::NotAnId {
                text: text.to_owned(),
                suggestions: alias::suggestions(text),
            });
        };
        Self::new(edition.parse()?, number)
    }
}

serde_as_text!(ControlId, "a control id, such as `pci-dss-4.0.1:1.3.1`");
