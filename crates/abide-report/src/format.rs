//! The names of the formats.

use std::fmt;
use std::str::FromStr;

/// How to show a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Text for a terminal.
    Human,
    /// Markdown for a comment.
    Markdown,
    /// Workflow commands and text for a GitHub Actions log.
    Github,
    /// The versioned JSON contract.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// GitLab code quality JSON.
    Gitlab,
    /// Comma-separated values.
    Csv,
}

impl Format {
    /// Every format, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Human,
        Self::Markdown,
        Self::Github,
        Self::Json,
        Self::Sarif,
        Self::Junit,
        Self::Gitlab,
        Self::Csv,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Markdown => "markdown",
            Self::Github => "github",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Gitlab => "gitlab",
            Self::Csv => "csv",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| UnknownFormat {
                text: text.to_owned(),
                meant: meant(text),
            })
    }
}

/// The format that was probably meant: another word for it, or a slip of the hand.
fn meant(text: &str) -> Option<Format> {
    let text = text.to_ascii_lowercase();
    match text.as_str() {
        "text" | "terminal" | "table" | "pretty" | "full" => return Some(Format::Human),
        "md" => return Some(Format::Markdown),
        "xml" => return Some(Format::Junit),
        "codequality" | "code-quality" => return Some(Format::Gitlab),
        _ => {}
    }
    // Nothing far longer than a name is a slip, and comparing it would only take time.
    let near = |format: &Format| strsim::damerau_levenshtein(&text, format.as_str());
    Some(Format::ALL)
        .filter(|_| text.len() <= 16)?
        .into_iter()
        .min_by_key(near)
        .filter(|format| near(format) <= 1 + format.as_str().len() / 4)
}

/// The name is no format's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat {
    text: String,
    meant: Option<Format>,
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a format", self.text.escape_debug())?;
        if let Some(meant) = self.meant {
            return write!(f, ": did you mean `{meant}`?");
        }
        f.write_str(": expected ")?;
        for (at, format) in Format::ALL.iter().enumerate() {
            f.write_str(match at {
                0 => "",
                _ if at + 1 == Format::ALL.len() => " or ",
                _ => ", ",
            })?;
            write!(f, "{format}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownFormat {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_formats() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
    }

    #[test]
    fn says_what_was_meant() {
        let message = |text: &str| text.parse::<Format>().unwrap_err().to_string();
        assert_eq!(
            message("sariff"),
            "`sariff` is not a format: did you mean `sarif`?"
        );
        assert_eq!(
            message("JSON"),
            "`JSON` is not a format: did you mean `json`?"
        );
        assert_eq!(
            message("text"),
            "`text` is not a format: did you mean `human`?"
        );
        assert_eq!(
            message("protobuf"),
            "`protobuf` is not a format: expected human, markdown, github, json, sarif, junit, gitlab or csv"
        );
    }
}
