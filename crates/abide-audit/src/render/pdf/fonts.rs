//! The fonts in the file and which characters they have.

use std::borrow::Cow;
use std::fmt::Write as _;

use krilla::text::Font;
use rustc_hash::FxHashMap;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};

use super::refused;
use crate::render::Result;

/// What text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Sans,
    Bold,
    Mono,
}

/// A glyph of one of the fonts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glyph {
    /// Which of [`Fonts::font`].
    pub(super) face: usize,
    pub(super) id: u32,
    /// Its width, of text of size 1.
    pub(super) advance: f32,
}

/// The fonts: three families, and one with signs that helps all of them out.
pub(super) struct Fonts {
    faces: [Face; 4],
}

struct Face {
    font: Font,
    glyphs: FxHashMap<char, (u32, f32)>,
}

const SIGNS: usize = 3;

impl Fonts {
    pub(super) fn load() -> Result<Self> {
        Ok(Self {
            faces: [
                face(include_bytes!("../../../fonts/sans-regular.ttf"))?,
                face(include_bytes!("../../../fonts/sans-bold.ttf"))?,
                face(include_bytes!("../../../fonts/mono-regular.ttf"))?,
                face(include_bytes!("../../../fonts/signs.ttf"))?,
            ],
        })
    }

    pub(super) fn font(&self, face: usize) -> Option<&Font> {
        self.faces.get(face).map(|face| &face.font)
    }

    /// The glyph of a character, if any font has one.
    pub(super) fn glyph(&self, family: Family, c: char) -> Option<Glyph> {
        let face = match family {
            Family::Sans => 0,
            Family::Bold => 1,
            Family::Mono => 2,
        };
        let of = |face: usize, c: char| {
            let (id, advance) = *self.faces.get(face)?.glyphs.get(&c)?;
            Some(Glyph { face, id, advance })
        };
        of(face, c).or_else(|| of(SIGNS, plainer(c)))
    }

    /// The text with everything written out that no font has.
    pub(super) fn legible<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = |c: char| self.glyph(Family::Mono, c).is_some();
        if text.chars().all(known) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len() + 16);
        for c in text.chars() {
            match known(c) {
                true => out.push(c),
                // Writing to a string cannot fail.
                false => drop(write!(out, "\\u{{{:x}}}", u32::from(c))),
            }
        }
        Cow::Owned(out)
    }

    /// How wide legible text is.
    pub(super) fn width(&self, family: Family, size: f32, text: &str) -> f32 {
        let glyphs = text.chars().filter_map(|c| self.glyph(family, c));
        glyphs.map(|glyph| glyph.advance).sum::<f32>() * size
    }
}

/// The sign that stands for a coloured one.
fn plainer(c: char) -> char {
    match c {
        '✅' => '✔',
        '❌' => '✖',
        c => c,
    }
}

fn face(bytes: &'static [u8]) -> Result<Face> {
    let font = FontRef::new(bytes).map_err(refused)?;
    let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    let mut glyphs = FxHashMap::default();
    for (code, id) in font.charmap().mappings() {
        if let (Some(c), Some(advance)) = (char::from_u32(code), metrics.advance_width(id)) {
            glyphs.insert(c, (id.to_u32(), advance));
        }
    }
    let font = Font::new(bytes.into(), 0).ok_or_else(|| refused("a built-in font is damaged"))?;
    Ok(Face { font, glyphs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_the_same_characters() {
        let fonts = Fonts::load().unwrap();
        for c in fonts.faces.iter().flat_map(|face| face.glyphs.keys()) {
            for family in [Family::Sans, Family::Bold, Family::Mono] {
                assert!(fonts.glyph(family, *c).is_some(), "{c:?} {family:?}");
            }
        }
    }

    #[test]
    fn what_no_font_has_is_written_out() {
        let fonts = Fonts::load().unwrap();
        assert_eq!(fonts.legible("Ünï ✅ → ≤ ł Ж"), "Ünï ✅ → ≤ ł Ж");
        assert_eq!(fonts.legible("a日🚀"), "a\\u{65e5}\\u{1f680}");
    }
}
