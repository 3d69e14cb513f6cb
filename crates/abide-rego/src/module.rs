//! What the text of a module tells: the rules it declares, and their annotations.

use std::sync::LazyLock;

use abide_controls::{Catalogue, ControlId};
use abide_policy::yaml::{Kind, Node, parse};
use abide_policy::{Position, Severity};
use regex::Regex;

use crate::Complaint;

/// The names that conftest asks: `deny`, `deny_open_ports`, `warn_…`, `violation_…`. A head with
/// `(` is a function, which nobody can ask.
static HEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?m)^(?:default\s+)?((deny|warn|violation)(?:_[A-Za-z0-9_]+)?)\b[ \t]*(\()?").ok()
});

/// A rule that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its name.
    pub(crate) name: String,
    /// Whether its answers are mild.
    pub(crate) is_warning: bool,
}

/// The rules a module declares that can be asked, in the order of the text.
pub(crate) fn heads(text: &str) -> Vec<Head> {
    let mut heads: Vec<Head> = Vec::new();
    let captures = HEAD.as_ref().map(|head| head.captures_iter(text));
    for capture in captures.into_iter().flatten() {
        let head = Head {
            name: capture[1].to_owned(),
            is_warning: &capture[2] == "warn",
        };
        if capture.get(3).is_none() && !heads.contains(&head) {
            heads.push(head);
        }
    }
    heads
}

/// What a `# METADATA` block says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Annotations {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) severity: Option<Severity>,
    pub(crate) controls: Vec<ControlId>,
    /// Ids of controls in somebody's own numbering.
    pub(crate) labels: Vec<String>,
    pub(crate) references: Vec<String>,
}

impl Annotations {
    /// Fills what is not said here from a wider scope.
    fn or(mut self, wider: &Self) -> Self {
        self.title = self.title.or_else(|| wider.title.clone());
        self.description = self.description.or_else(|| wider.description.clone());
        self.severity = self.severity.or(wider.severity);
        for (own, wide) in [
            (&mut self.labels, &wider.labels),
            (&mut self.references, &wider.references),
        ] {
            if own.is_empty() {
                own.clone_from(wide);
            }
        }
        if self.controls.is_empty() {
            self.controls.clone_from(&wider.controls);
        }
        self
    }
}

/// What a block is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Package,
    Rule(String),
    Other,
}

/// All annotations of a module.
#[derive(Debug, Default)]
pub(crate) struct Metadata(Vec<(Target, Annotations)>);

impl Metadata {
    /// Reads the blocks of a module.
    pub(crate) fn read(text: &str) -> Result<Self, Complaint> {
        let lines: Vec<&str> = text.lines().collect();
        let mut blocks = Vec::new();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            at += 1;
            let Some("METADATA") = line.strip_prefix('#').map(str::trim) else {
                continue;
            };
            let start = at;
            // Most people write a blank after the mark; YAML needs the same one everywhere.
            let comments = lines[start..]
                .iter()
                .map_while(|line| line.strip_prefix('#'));
            let block: String = comments.map(|line| format!("{line}\n")).collect();
            at += block.lines().count();
            let rest = lines[at..].iter();
            let next = rest
                .map(|line| line.trim_end())
                .find(|line| !line.is_empty() && !line.starts_with('#'));
            let first_line = u32::try_from(start).unwrap_or(u32::MAX);
            let (scope, annotations) =
                annotations(&block).map_err(|complaint| complaint.moved(first_line))?;
            blocks.push((
                target(next.unwrap_or_default(), scope.as_deref()),
                annotations,
            ));
        }
        Ok(Self(blocks))
    }

    /// What is said of a rule: by a block of its own, else by the package's.
    pub(crate) fn of(&self, rule: &str) -> Annotations {
        let about = |wanted: &Target| {
            let mut blocks = self.0.iter();
            blocks
                .find(|(target, _)| target == wanted)
                .map(|(_, said)| said.clone())
        };
        let own = about(&Target::Rule(rule.to_owned())).unwrap_or_default();
        own.or(&about(&Target::Package).unwrap_or_default())
    }
}

fn target(line: &str, scope: Option<&str>) -> Target {
    let is_package = line.starts_with("package ");
    match scope {
        Some("package" | "subpackages") => Target::Package,
        None if is_package => Target::Package,
        _ => match heads(line).into_iter().next() {
            Some(head) => Target::Rule(head.name),
            None => Target::Other,
        },
    }
}

/// Reads one block: its scope, and what it says.
fn annotations(block: &str) -> Result<(Option<String>, Annotations), Complaint> {
    let mut out = Annotations::default();
    if block.trim().is_empty() {
        return Ok((None, out));
    }
    let root = parse(block).map_err(|(at, why)| Complaint {
        at,
        reason: format!("METADATA is not YAML: {why}"),
    })?;
    let mut scope = None;
    for (name, node) in fields(&root) {
        match name {
            "scope" => scope = text(node),
            "title" => out.title = text(node),
            "description" => out.description = text(node),
            "related_resources" => {
                let links = items(node).filter_map(|item| {
                    let mut of = fields(item);
                    text(item).or_else(|| {
                        of.find(|(name, _)| *name == "ref")
                            .and_then(|(_, node)| text(node))
                    })
                });
                out.references = links.collect();
            }
            "custom" => custom(node, &mut out)?,
            _ => {}
        }
    }
    Ok((scope, out))
}

fn custom(node: &Node, out: &mut Annotations) -> Result<(), Complaint> {
    for (name, node) in fields(node) {
        match name {
            "severity" => {
                let word = text(node).unwrap_or_default();
                let severity = word.to_ascii_lowercase().parse().map_err(|why| Complaint {
                    at: node.at,
                    reason: format!("custom.severity: {why}"),
                })?;
                out.severity = Some(severity);
            }
            "controls" => {
                for item in items(node) {
                    control(item, out)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// `soc2-2017:CC6.1` is one of ours and must exist; anything else is a label.
fn control(node: &Node, out: &mut Annotations) -> Result<(), Complaint> {
    let Some(id) = text(node) else {
        return Ok(());
    };
    if !id.contains(':') {
        out.labels.push(id);
        return Ok(());
    }
    let wrong = |why: String| Complaint {
        at: node.at,
        reason: format!("custom.controls: {why}"),
    };
    let control: ControlId = id.parse().map_err(|error| wrong(format!("{error}")))?;
    Catalogue::builtin()
        .require(&control)
        .map_err(|error| wrong(error.to_string()))?;
    out.controls.push(control);
    Ok(())
}

fn fields(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let map = match &node.kind {
        Kind::Map(map) => map.as_slice(),
        _ => &[],
    };
    map.iter().map(|(key, node)| (key.name.as_str(), node))
}

fn items(node: &Node) -> impl Iterator<Item = &Node> {
    match &node.kind {
        Kind::List(list) => list.iter(),
        _ => std::slice::from_ref(node).iter(),
    }
}

fn text(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Scalar { text, .. } if !node.is_nothing() => Some(text.trim().to_owned()),
        _ => None,
    }
}

impl Complaint {
    /// The same further down, and one column to the right: behind the `#`.
    fn moved(self, lines: u32) -> Self {
        Self {
            at: Position {
                line: self.at.line.saturating_add(lines),
                column: self.at.column.saturating_add(1),
            },
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_by_the_names_conftest_asks() {
        let text = "package main\n\ndeny contains m if true\ndeny_open_ports[m] {\n}\nwarn_old = 1\nviolation[m] {\n}\ndeny_reason(x) := x\n\tdeny_inner\ndenying = 1\n";
        let names: Vec<String> = heads(text).into_iter().map(|head| head.name).collect();
        assert_eq!(names, ["deny", "deny_open_ports", "warn_old", "violation"]);
    }

    #[test]
    fn annotations_of_rules_and_packages() {
        let text = "# METADATA\n# title: All\n# custom:\n#   severity: low\npackage main\n\n# METADATA\n# title: Open ports\n# description: They let people in.\n# related_resources:\n# - ref: https://example.com/a\n# - https://example.com/b\n# custom:\n#   severity: CRITICAL\n#   controls: [soc2-2017:CC6.6, NET-1]\ndeny_ports contains m if true\n\ndeny contains m if true\n";
        let metadata = Metadata::read(text).unwrap();
        let ports = metadata.of("deny_ports");
        assert_eq!(ports.title.as_deref(), Some("Open ports"));
        assert_eq!(ports.severity, Some(Severity::Critical));
        assert_eq!(ports.controls[0].to_string(), "soc2-2017:CC6.6");
        assert_eq!(ports.labels, ["NET-1"]);
        assert_eq!(ports.references.len(), 2);
        let deny = metadata.of("deny");
        assert_eq!(
            (deny.title.as_deref(), deny.severity),
            (Some("All"), Some(Severity::Low))
        );
    }

    #[test]
    fn wrong_annotations_are_at_their_line() {
        for (line, words) in [
            ("custom: {severity: huge}", "custom.severity"),
            (
                "custom: {controls: [\"soc2-2017:CC99.9\"]}",
                "custom.controls",
            ),
            ("title: [", "not YAML"),
        ] {
            let text = format!("package main\n\n# METADATA\n# {line}\ndeny contains m if true\n");
            let complaint = Metadata::read(&text).unwrap_err();
            assert!(complaint.at.line >= 4, "{complaint}");
            assert!(complaint.reason.contains(words), "{complaint}");
        }
    }
}
