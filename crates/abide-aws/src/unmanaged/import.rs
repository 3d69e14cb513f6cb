//! `import` blocks: how a provider reads what is there, and how people adopt it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Companions, Unmanaged};

/// One thing to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Terraform's type.
    pub type_name: String,
    /// Its name in the configuration, made of the id.
    pub label: String,
    /// What it is imported by.
    pub id: String,
    /// Where; `None` if it has no region.
    pub region: Option<String>,
    /// For a companion, the place of what it belongs to in [`Imports::all`].
    pub of: Option<usize>,
}

impl Import {
    /// `aws_s3_bucket.logs`
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}.{}", self.type_name, self.label)
    }
}

/// Things to import, with names that are unlike each other.
#[derive(Clone, Debug, Default)]
pub struct Imports {
    /// Each with what belongs to it right behind.
    pub all: Vec<Import>,
    taken: BTreeSet<(String, String)>,
}

impl Imports {
    /// Adds one with what belongs to it; gives its place.
    pub fn add(&mut self, found: &Unmanaged, companions: &Companions) -> usize {
        let place = self.all.len();
        let name = label(&found.id);
        let mut add = |type_name: &str, id: &str, of: Option<usize>| {
            let label = self.free(type_name, &name);
            self.all.push(Import {
                type_name: type_name.to_owned(),
                label,
                id: id.to_owned(),
                region: found.region.clone(),
                of,
            });
        };
        add(&found.type_name, &found.id, None);
        for (type_name, id) in &companions.found {
            add(type_name, id, Some(place));
        }
        place
    }

    fn free(&mut self, type_name: &str, label: &str) -> String {
        let mut free = label.to_owned();
        let mut number = 1;
        while !self.taken.insert((type_name.to_owned(), free.clone())) {
            number += 1;
            free = format!("{label}_{number}");
        }
        free
    }

    /// The regions, in order.
    #[must_use]
    pub fn regions(&self) -> BTreeSet<&str> {
        let regions = self.all.iter().map(|import| import.region.as_deref());
        regions.flatten().collect()
    }

    /// The blocks, for people: each region's together.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut regions: Vec<Option<&str>> = vec![None];
        regions.extend(self.regions().into_iter().map(Some));
        for region in regions {
            let here = self
                .all
                .iter()
                .filter(|import| import.region.as_deref() == region);
            let mut here = here.peekable();
            if here.peek().is_none() {
                continue;
            }
            if !text.is_empty() {
                text.push('\n');
            }
            let _ = match region {
                Some(region) => writeln!(text, "# {region}"),
                None => writeln!(text, "# without a region"),
            };
            for import in here {
                text.push('\n');
                text.push_str(&block(import, None));
            }
        }
        text
    }
}

/// A root module in which the provider reads these: a provider configuration for each region, and
/// the blocks.
#[must_use]
pub fn scratch(imports: &[&Import], region: &str, path_style: bool) -> String {
    let mut text = String::from(
        "terraform {\n  required_providers {\n    aws = {\n      source = \"hashicorp/aws\"\n    }\n  }\n}\n",
    );
    let style = match path_style {
        true => "  s3_use_path_style = true\n",
        false => "",
    };
    let _ = write!(
        text,
        "\nprovider \"aws\" {{\n  region = {}\n{style}}}\n",
        quoted(region)
    );
    let others = imports.iter().filter_map(|import| import.region.as_deref());
    let others: BTreeSet<&str> = others.filter(|other| *other != region).collect();
    for other in &others {
        let _ = write!(
            text,
            "\nprovider \"aws\" {{\n  alias = \"{}\"\n  region = {}\n{style}}}\n",
            label(other),
            quoted(other)
        );
    }
    for import in imports {
        let other = import.region.as_deref().filter(|other| *other != region);
        text.push('\n');
        text.push_str(&block(import, other.map(label).as_deref()));
    }
    text
}

/// One block; `provider` if it is not the default one.
fn block(import: &Import, provider: Option<&str>) -> String {
    let provider = match provider {
        Some(alias) => format!("  provider = aws.{alias}\n"),
        None => String::new(),
    };
    format!(
        "import {{\n  to = {}\n  id = {}\n{provider}}}\n",
        import.address(),
        quoted(&import.id)
    )
}

/// A name for something: of an ARN or a URL the last part.
fn label(id: &str) -> String {
    let part = match id.starts_with("arn:") || id.starts_with("http") {
        true => id
            .rsplit(['/', ':'])
            .find(|part| !part.is_empty())
            .unwrap_or(id),
        false => id,
    };
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
        _ => '_',
    };
    let text: String = part.chars().map(plain).collect();
    let text = text.trim_matches('_');
    match text.chars().next() {
        None => "found".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("_{text}"),
        Some(_) => text.to_owned(),
    }
}

/// A text of HCL, in which nothing is evaluated.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => quoted.extend([c, c]),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(type_name: &str, id: &str, region: Option<&str>) -> Unmanaged {
        Unmanaged {
            type_name: type_name.to_owned(),
            id: id.to_owned(),
            region: region.map(str::to_owned),
            children: Vec::new(),
        }
    }

    #[test]
    fn names_are_names_and_differ() {
        let mut imports = Imports::default();
        let none = Companions::default();
        for id in [
            "a.b",
            "a-b",
            "9",
            "arn:aws:sns:eu-west-1:1:Top",
            "ü",
            "https://q/1/jobs",
        ] {
            imports.add(&found("t", id, None), &none);
        }
        let labels: Vec<&str> = imports.all.iter().map(|i| i.label.as_str()).collect();
        assert_eq!(labels, ["a_b", "a_b_2", "_9", "top", "found", "jobs"]);
    }

    #[test]
    fn other_regions_have_a_provider_of_their_own() {
        let mut imports = Imports::default();
        for (id, region) in [
            ("a", Some("eu-west-1")),
            ("b", Some("us-east-1")),
            ("c", None),
        ] {
            imports.add(&found("aws_sqs_queue", id, region), &Companions::default());
        }
        let all: Vec<&Import> = imports.all.iter().collect();
        let text = scratch(&all, "eu-west-1", true);
        assert_eq!(
            text.matches("provider = aws.us_east_1").count(),
            1,
            "{text}"
        );
        assert_eq!(text.matches("s3_use_path_style = true").count(), 2);
        assert!(!scratch(&all, "eu-west-1", false).contains("path_style"));
    }

    #[test]
    fn a_hostile_id_stays_a_text() {
        let mut imports = Imports::default();
        let id = "x\"\n}\n${file(\"/etc/passwd\")} %{ if true }";
        imports.add(
            &found("aws_sqs_queue", id, Some("eu-west-1")),
            &Companions::default(),
        );
        let text = imports.text();
        assert!(
            text.contains(r#"id = "x\"\n}\n$${file(\"/etc/passwd\")} %%{ if true }""#),
            "{text}"
        );
        assert_eq!(text.lines().count(), 6);
    }
}
