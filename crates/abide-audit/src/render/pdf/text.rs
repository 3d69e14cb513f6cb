//! Text in lines of a width.

use abide_policy::Severity;

use super::flow::Target;
use super::fonts::{Family, Fonts};
use super::ink::{self, Rgb};
use crate::document::Verdict;

/// Text of one look; all characters are legible.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) look: Look,
    pub(super) link: Option<Target>,
    pub(super) mark: Option<Mark>,
}

/// How text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) family: Family,
    pub(super) size: f32,
    pub(super) ink: Rgb,
}

/// A sign drawn before a word, which is then not broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Verdict(Verdict),
    Severity(Severity),
}

/// A line.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) runs: Vec<Run>,
    pub(super) width: f32,
}

/// A part of a line, of one look.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) x: f32,
    pub(super) width: f32,
    pub(super) piece: Piece,
}

impl Look {
    pub(super) fn new(family: Family, size: f32) -> Self {
        Self {
            family,
            size,
            ink: ink::TEXT,
        }
    }

    pub(super) fn ink(self, ink: Rgb) -> Self {
        Self { ink, ..self }
    }
}

impl Mark {
    /// The room its sign takes before the word, and around both.
    pub(super) fn room(self, size: f32) -> (f32, f32) {
        match self {
            Self::Verdict(_) => (size * 1.45, size * 0.5),
            Self::Severity(_) => (size * 1.05, 0.0),
        }
    }
}

/// A character, or a marked word as a whole, and where it comes from.
#[derive(Clone, Copy)]
struct Unit {
    c: char,
    advance: f32,
    piece: usize,
}

/// Breaks at spaces and `\n`; words that are wider than a line after `/`, `.` and the like, or
/// anywhere. At least one line.
pub(super) fn wrap(fonts: &Fonts, pieces: &[Piece], width: f32) -> Vec<Line> {
    let units = units(fonts, pieces);
    let mut lines = Vec::new();
    let mut start = 0;
    while start < units.len() {
        let (end, next) = line_end(&units, start, width);
        lines.push(line(pieces, units.get(start..end).unwrap_or_default()));
        start = next;
    }
    if lines.is_empty() {
        lines.push(Line::default());
    }
    lines
}

/// How wide the text is on one line, and its widest word.
pub(super) fn extent(fonts: &Fonts, pieces: &[Piece]) -> (f32, f32) {
    let (mut widest_line, mut widest_word) = (0.0_f32, 0.0_f32);
    let (mut line, mut word) = (0.0, 0.0);
    for unit in units(fonts, pieces) {
        match unit.c {
            '\n' => (line, word) = (0.0, 0.0),
            ' ' => {
                line += unit.advance;
                word = 0.0;
            }
            _ => {
                line += unit.advance;
                word += unit.advance;
            }
        }
        widest_line = widest_line.max(line);
        widest_word = widest_word.max(word);
    }
    (widest_line, widest_word)
}

fn units(fonts: &Fonts, pieces: &[Piece]) -> Vec<Unit> {
    let mut units = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let Look { family, size, .. } = piece.look;
        if let Some(mark) = piece.mark {
            let (before, around) = mark.room(size);
            units.push(Unit {
                c: '\u{fffc}',
                advance: before + around * 2.0 + fonts.width(family, size, &piece.text),
                piece: at,
            });
            continue;
        }
        units.extend(piece.text.chars().map(|c| {
            Unit {
                c,
                advance: fonts
                    .glyph(family, c)
                    .map_or(0.0, |glyph| glyph.advance * size),
                piece: at,
            }
        }));
    }
    units
}

/// Where the line that starts at `start` ends, and where the next one starts.
fn line_end(units: &[Unit], start: usize, width: f32) -> (usize, usize) {
    let mut x = 0.0;
    let (mut space, mut sign) = (None, None);
    for (at, unit) in units.iter().enumerate().skip(start) {
        if unit.c == '\n' {
            return (at, at + 1);
        }
        x += unit.advance;
        if x > width + 0.01 && unit.c != ' ' && at > start {
            return match (space, sign) {
                (Some(space), _) => (space, space + 1),
                (None, Some(sign)) => (sign, sign),
                (None, None) => (at, at),
            };
        }
        match unit.c {
            ' ' => space = Some(at),
            '/' | '.' | ':' | '-' | '_' | ',' | ';' | '=' | '?' | '&' | '@' | ')' | ']' | '}'
            | '>' => {
                sign = Some(at + 1);
            }
            _ => {}
        }
    }
    (units.len(), units.len())
}

fn line(pieces: &[Piece], units: &[Unit]) -> Line {
    let mut line = Line::default();
    let mut x = 0.0;
    for group in units.chunk_by(|a, b| a.piece == b.piece) {
        let Some(piece) = group.first().and_then(|unit| pieces.get(unit.piece)) else {
            continue;
        };
        let width = group.iter().map(|unit| unit.advance).sum();
        let text = match piece.mark {
            Some(_) => piece.text.clone(),
            None => group.iter().map(|unit| unit.c).collect(),
        };
        line.runs.push(Run {
            x,
            width,
            piece: Piece {
                text,
                ..piece.clone()
            },
        });
        x += width;
    }
    line.width = x;
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str, width: f32) -> Vec<String> {
        let fonts = Fonts::load().unwrap();
        let piece = Piece {
            text: text.to_owned(),
            look: Look::new(Family::Mono, 10.0), // 6 points a character
            link: None,
            mark: None,
        };
        let lines = wrap(&fonts, &[piece], width);
        for line in &lines {
            assert!(line.width <= width + 6.1, "{line:?}");
        }
        lines
            .iter()
            .map(|line| line.runs.iter().map(|run| &*run.piece.text).collect())
            .collect()
    }

    #[test]
    fn lines_break_at_spaces_then_at_signs_then_anywhere() {
        assert_eq!(broken("one two three", 48.0), ["one two", "three"]);
        assert_eq!(broken("aws_vpc.main", 48.0), ["aws_vpc.", "main"]);
        assert_eq!(broken("abcdefghijkl", 48.0), ["abcdefgh", "ijkl"]);
        assert_eq!(broken("a\nb", 48.0), ["a", "b"]);
        assert_eq!(broken("", 48.0), [""]);
        assert_eq!(broken("x 0.0.0.0/0", 60.0), ["x", "0.0.0.0/0"]);
    }

    #[test]
    fn no_character_is_lost() {
        let text = "a b  c_d/e".repeat(40);
        for width in [6.0, 7.0, 30.0, 100.0] {
            let kept: String = broken(&text, width).concat();
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            assert_eq!(letters(&kept), letters(&text));
        }
    }
}
