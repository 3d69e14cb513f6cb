//! YAML as a tree with positions.
//!
//! Scalars keep their text: what `7`, `no` or `010` mean is decided where they
//! are used, so an account id never loses its leading zero. Anchors and aliases
//! are refused; policies have no use for them, and alias bombs then cannot be.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use crate::error::Position;

/// Deeper nesting is no policy.
const MAX_DEPTH: usize = 64;

#[derive(Debug)]
/// A node of the tree.
pub struct Node {
    /// Where it starts.
    pub at: Position,
    /// What it is.
    pub kind: Kind,
}

#[derive(Debug)]
/// What a node is.
pub enum Kind {
    /// A single value; `quoted` tells `"7"` from `7`.
    Scalar {
        /// Its text.
        text: String,
        /// Whether it is in quotes, or a block of text.
        quoted: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<(Key, Node)>),
}

#[derive(Debug)]
/// A key of a mapping.
pub struct Key {
    /// Where it is.
    pub at: Position,
    /// The key.
    pub name: String,
}

impl Node {
    /// What the node is, for messages.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar {
                text,
                quoted: false,
            } if text.is_empty() || text == "~" || text == "null" => "nothing",
            Kind::Scalar { .. } => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.describe() == "nothing"
    }
}

/// Where something is wrong, and what.
pub type Fail = (Position, String);

/// Parses one YAML document; JSON is YAML.
///
/// # Errors
/// Where and why it is none.
pub fn parse(text: &str) -> Result<Node, Fail> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
    };
    let mut document = None;
    loop {
        let (event, at) = reader.next()?;
        match event {
            Event::StreamEnd => break,
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            _ if document.is_some() => {
                return Err((at, "a second document: a file holds one policy".to_owned()));
            }
            event => document = Some(reader.node(event, at, 0)?),
        }
    }
    document.ok_or_else(|| {
        (
            Position { line: 1, column: 1 },
            "the file is empty: expected a policy".to_owned(),
        )
    })
}

struct Reader<'i> {
    parser: Parser<'i, saphyr_parser::StrInput<'i>>,
}

impl<'i> Reader<'i> {
    fn next(&mut self) -> Result<(Event<'i>, Position), Fail> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, position(&span.start))),
            Some(Err(error)) => Err((
                position(error.marker()),
                format!("not YAML: {}", error.info()),
            )),
            None => Ok((Event::StreamEnd, Position::default())),
        }
    }

    fn node(&mut self, event: Event<'i>, at: Position, depth: usize) -> Result<Node, Fail> {
        if depth > MAX_DEPTH {
            return Err((at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let kind = match event {
            Event::Scalar(text, style, anchor, _) => {
                refuse_anchor(anchor, at)?;
                Kind::Scalar {
                    text: text.into_owned(),
                    quoted: style != ScalarStyle::Plain,
                }
            }
            Event::SequenceStart(anchor, _) => {
                refuse_anchor(anchor, at)?;
                self.list(depth)?
            }
            Event::MappingStart(anchor, _) => {
                refuse_anchor(anchor, at)?;
                self.map(depth)?
            }
            Event::Alias(_) => {
                return Err((
                    at,
                    "aliases (`*name`) are not read here: write the value".to_owned(),
                ));
            }
            _ => return Err((at, "not YAML: a value is missing".to_owned())),
        };
        Ok(Node { at, kind })
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Fail> {
        let mut list = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Kind::List(list));
            }
            list.push(self.node(event, at, depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Kind, Fail> {
        let mut map: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Kind::Map(map));
            }
            let Kind::Scalar { text: name, .. } = self.node(event, at, depth + 1)?.kind else {
                return Err((at, "a key must be a single word".to_owned()));
            };
            if let Some((first, _)) = map.iter().find(|(key, _)| key.name == name) {
                return Err((
                    at,
                    format!("`{name}` is given twice, first in line {}", first.at.line),
                ));
            }
            let (event, value_at) = self.next()?;
            let value = self.node(event, value_at, depth + 1)?;
            map.push((Key { at, name }, value));
        }
    }
}

fn refuse_anchor(anchor: usize, at: Position) -> Result<(), Fail> {
    if anchor == 0 {
        Ok(())
    } else {
        Err((at, "anchors (`&name`) are not read here".to_owned()))
    }
}

fn position(marker: &Marker) -> Position {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Position {
        line: number(marker.line()),
        column: number(marker.col() + 1),
    }
}
