//! Frameworks and their editions. A new framework is a data file in `frameworks/`, a variant, and its [`Spec`].

use std::fmt;
use std::str::FromStr;

use crate::error::ControlError;
use crate::suggest::nearest;
use crate::text::serde_as_text;

/// A set of numbered requirements a company can be held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framework {
    /// The AICPA's Trust Services Criteria, which a SOC 2 report is written against.
    Soc2,
    /// The Payment Card Industry Data Security Standard.
    PciDss,
    /// The CIS Amazon Web Services Foundations Benchmark.
    CisAws,
}

/// What is fixed about a framework and needed before its catalogue is read.
pub(crate) struct Spec {
    slug: &'static str,
    title: &'static str,
    /// The start of a short id.
    label: &'static str,
    /// What the framework calls one of its controls.
    noun: &'static str,
    /// Oldest first; the last one is current. An index into this list is part of an id's order, so new ones go to the end.
    versions: &'static [&'static str],
    /// The letters a number may start with, in the order of the standard.
    pub(crate) series: &'static [&'static str],
    /// Whether a number may be narrowed to a point of focus, `CC6.1:encryption`.
    pub(crate) points_of_focus: bool,
    /// Whether its controls are technical settings that a test can show to be met.
    pub(crate) testable: bool,
    example: &'static str,
    /// The catalogue file.
    pub(crate) data: &'static str,
}

static SOC2: Spec = Spec {
    slug: "soc2",
    title: "SOC 2 Trust Services Criteria",
    label: "SOC2",
    noun: "criterion",
    versions: &["2017"],
    series: &["CC", "A", "C", "PI", "P"],
    points_of_focus: true,
    testable: false,
    example: "CC6.1",
    data: include_str!("../../../frameworks/soc2.tsv"),
};

static PCI_DSS: Spec = Spec {
    slug: "pci-dss",
    title: "PCI DSS",
    label: "PCI-DSS",
    noun: "requirement",
    versions: &["3.2.1", "4.0.1"],
    series: &["", "A"],
    points_of_focus: false,
    testable: false,
    example: "1.3.1",
    data: include_str!("../../../frameworks/pci-dss.tsv"),
};

static CIS_AWS: Spec = Spec {
    slug: "cis-aws",
    title: "CIS AWS Foundations Benchmark",
    label: "CIS",
    noun: "recommendation",
    versions: &[
        "1.4.0", "1.5.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0", "6.0.0", "7.0.0",
    ],
    series: &[""],
    points_of_focus: false,
    testable: true,
    example: "6.3",
    data: include_str!("../../../frameworks/cis-aws.tsv"),
};

impl Framework {
    /// Every framework, in the order reports list them.
    pub const ALL: [Self; 3] = [Self::Soc2, Self::PciDss, Self::CisAws];

    pub(crate) fn spec(self) -> &'static Spec {
        match self {
            Self::Soc2 => &SOC2,
            Self::PciDss => &PCI_DSS,
            Self::CisAws => &CIS_AWS,
        }
    }

    /// The name used in ids and on the command line: `soc2`, `pci-dss`, `cis-aws`.
    #[must_use]
    pub fn slug(self) -> &'static str {
        self.spec().slug
    }

    /// The name for readers, without edition: `PCI DSS`.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.spec().title
    }

    /// The start of a short id: `SOC2`, `PCI-DSS`, `CIS`.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.spec().label
    }

    /// What the framework calls one of its controls: criterion, requirement or recommendation.
    #[must_use]
    pub fn noun(self) -> &'static str {
        self.spec().noun
    }

    pub(crate) fn example(self) -> &'static str {
        self.spec().example
    }

    /// Every known edition, oldest first.
    pub fn editions(self) -> impl DoubleEndedIterator<Item = Edition> + ExactSizeIterator {
        let count = u8::try_from(self.spec().versions.len()).unwrap_or(u8::MAX);
        (0..count).map(move |index| Edition {
            framework: self,
            index,
        })
    }

    /// The newest known edition, which the catalogue describes.
    #[must_use]
    pub fn current_edition(self) -> Edition {
        let fallback = Edition {
            framework: self,
            index: 0,
        };
        self.editions().next_back().unwrap_or(fallback)
    }

    /// The edition with this version, such as `4.0.1`.
    ///
    /// # Errors
    /// [`ControlError::UnknownEdition`] if the framework has no such edition.
    pub fn edition(self, version: &str) -> Result<Edition, ControlError> {
        let found = self.editions().find(|edition| edition.version() == version);
        found.ok_or_else(|| ControlError::UnknownEdition {
            framework: self,
            version: version.to_owned(),
            suggestions: nearest(version, self.editions().rev().map(Edition::version)),
        })
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.slug())
    }
}

impl FromStr for Framework {
    type Err = ControlError;

    /// Takes the slug or the start of a short id, in any case: `cis-aws`, `CIS`.
    fn from_str(text: &str) -> Result<Self, ControlError> {
        let named =
            |f: &Self| text.eq_ignore_ascii_case(f.slug()) || text.eq_ignore_ascii_case(f.label());
        Self::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| unknown_framework(text))
    }
}

fn unknown_framework(text: &str) -> ControlError {
    ControlError::UnknownFramework {
        text: text.to_owned(),
        suggestions: nearest(text, Framework::ALL.iter().map(|f| f.slug())),
    }
}

/// One published version of a framework. Ordered by framework, then by age, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edition {
    framework: Framework,
    index: u8,
}

impl Edition {
    /// The framework this is an edition of.
    #[must_use]
    pub fn framework(self) -> Framework {
        self.framework
    }

    /// The version as published: `2017`, `4.0.1`, `7.0.0`.
    #[must_use]
    pub fn version(self) -> &'static str {
        self.framework
            .spec()
            .versions
            .get(usize::from(self.index))
            .copied()
            .unwrap_or_default()
    }

    /// Whether this is the newest known edition.
    #[must_use]
    pub fn is_current(self) -> bool {
        self == self.framework.current_edition()
    }

    /// The name for readers: `PCI DSS 4.0.1`.
    #[must_use]
    pub fn title(self) -> String {
        format!("{} {}", self.framework.title(), self.version())
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.framework.slug(), self.version())
    }
}

impl fmt::Debug for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Edition {
    type Err = ControlError;

    /// Takes the canonical text, `pci-dss-4.0.1`.
    fn from_str(text: &str) -> Result<Self, ControlError> {
        for framework in Framework::ALL {
            match text.strip_prefix(framework.slug()) {
                Some("") => {
                    return Err(ControlError::MissingEdition {
                        text: text.to_owned(),
                        framework,
                    });
                }
                Some(rest) => {
                    if let Some(version) = rest.strip_prefix('-') {
                        return framework.edition(version);
                    }
                }
                None => {}
            }
        }
        // `pci-4.0.1`: the name is what is wrong, the version is not.
        let name = text
            .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
            .trim_end_matches('-');
        Err(unknown_framework(if name.is_empty() { text } else { name }))
    }
}

serde_as_text!(Framework, "a framework, such as `pci-dss`");
serde_as_text!(
    Edition,
    "an edition of a framework, such as `pci-dss-4.0.1`"
);
