//! Laid-out pages as a file.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use krilla::action::{Action, LinkAction};
use krilla::annotation::{Annotation, LinkAnnotation};
use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::{Destination, XyzDestination};
use krilla::error::KrillaError;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag};
use krilla::text::{GlyphId, KrillaGlyph};
use krilla::{SerializeSettings, annotation::Target as LinkTarget};

use super::flow::{Flow, Link, Mile, Shape, Sheet, Target};
use super::fonts::{Family, Fonts};
use super::ink::{self, Rgb};
use super::text::Look;
use super::tree::Slot;
use super::{MARGIN, blocks, refused};
use crate::document::Document;
use crate::render::{Result, words};

/// Writes the pages; `front` of them come before the body.
pub(super) fn draw(mut flow: Flow, front: usize, document: &Document) -> Result<Vec<u8>> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| refused(format!("{error:?}")))?;
    let mut pdf = krilla::Document::new_with(SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    });
    let pages = std::mem::take(&mut flow.pages);
    let frame = Frame::new(&flow.fonts, document, pages.len());
    let places = Places {
        miles: &flow.miles,
        front,
    };
    let mut drawn: Vec<(Slot, Identifier)> = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        let settings = PageSettings::from_wh(page.width, page.height)
            .ok_or_else(|| refused("a page without a size"))?;
        let mut out = pdf.start_page_with(settings);
        let mut surface = out.surface();
        let mut pen = Pen {
            surface: &mut surface,
            fonts: &flow.fonts,
        };
        pen.items(page, &mut drawn);
        frame.draw(&mut pen, page, number);
        surface.finish();
        for link in &page.links {
            if let Some(annotation) = places.annotation(link) {
                drawn.push((link.slot, out.add_tagged_annotation(annotation)));
            }
        }
        out.finish();
    }
    pdf.set_outline(places.outline());
    pdf.set_metadata(metadata(document));
    let mut tree = flow.tree;
    for (slot, identifier) in drawn {
        tree.fill(slot, identifier);
    }
    pdf.set_tag_tree(tree.finish(front));
    pdf.finish().map_err(|error| match error {
        KrillaError::Validation(errors) => refused(format!("{errors:?}")),
        other => refused(other),
    })
}

fn metadata(document: &Document) -> Metadata {
    let legible = |text: &str| blocks::clipped(text);
    let metadata = Metadata::new()
        .title(blocks::titled(&document.title))
        .description(legible(&document.subtitle))
        .keywords(vec![format!(
            "{}: {}",
            words::DIGEST,
            legible(&document.digest)
        )])
        .creator(legible(&document.made_by))
        .producer(legible(&document.made_by))
        .language("en".to_owned())
        .document_id(legible(&document.digest));
    let made_at = Timestamp::from_millisecond(document.made_at).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = TimeZone::UTC.to_datetime(made_at);
    let small = |value: i8| value.unsigned_abs();
    metadata.creation_date(
        DateTime::new(at.year().unsigned_abs())
            .month(small(at.month()))
            .day(small(at.day()))
            .hour(small(at.hour()))
            .minute(small(at.minute()))
            .second(small(at.second()))
            .utc_offset_hour(0)
            .utc_offset_minute(0),
    )
}

/// Where sections are.
struct Places<'a> {
    miles: &'a [Mile],
    front: usize,
}

impl Places<'_> {
    fn of(&self, mile: &Mile) -> XyzDestination {
        let point = Point::from_xy(0.0, (mile.y - 8.0).max(0.0));
        XyzDestination::new(self.front + mile.page, point)
    }

    fn annotation(&self, link: &Link) -> Option<Annotation> {
        let target = match &link.target {
            Target::Section(id) => {
                let mile = self.miles.iter().find(|mile| mile.id == *id)?;
                LinkTarget::Destination(Destination::Xyz(self.of(mile)))
            }
            Target::Web(url) => LinkTarget::Action(Action::Link(LinkAction::new(url.clone()))),
        };
        let (x, y, width, height) = link.place;
        let place = Rect::from_xywh(x, y, width, height)?;
        let alt = blocks::clipped(&link.text);
        let alt = if alt.is_empty() {
            "link".to_owned()
        } else {
            alt
        };
        Some(Annotation::new_link(
            LinkAnnotation::new(place, target),
            Some(alt),
        ))
    }

    fn outline(&self) -> Outline {
        let mut outline = Outline::new();
        let mut rest = self.miles;
        while let Some((node, after)) = self.bookmark(rest, 0) {
            outline.push_child(node);
            rest = after;
        }
        outline
    }

    /// The first section with its parts, and those after them.
    fn bookmark<'b>(&self, miles: &'b [Mile], depth: usize) -> Option<(OutlineNode, &'b [Mile])> {
        let (first, mut rest) = miles
            .split_first()
            .filter(|(first, _)| first.depth >= depth)?;
        let mut node = OutlineNode::new(blocks::clipped(&first.title), self.of(first));
        while let Some((part, after)) = self.bookmark(rest, depth + 1) {
            node.push_child(part);
            rest = after;
        }
        Some((node, rest))
    }
}

/// Draws one page.
struct Pen<'a, 'b> {
    surface: &'a mut Surface<'b>,
    fonts: &'a Fonts,
}

impl Pen<'_, '_> {
    fn items(&mut self, page: &Sheet, drawn: &mut Vec<(Slot, Identifier)>) {
        for group in page.items.chunk_by(|a, b| a.slot == b.slot) {
            let slot = group.first().and_then(|item| item.slot);
            match slot {
                Some(slot) => {
                    let texts = group
                        .iter()
                        .all(|item| matches!(item.shape, Shape::Text { .. }));
                    let tag = match texts {
                        true => ContentTag::Span(SpanTag::empty()),
                        false => ContentTag::Other,
                    };
                    drawn.push((slot, self.surface.start_tagged(tag)));
                }
                None => self.artifact(ArtifactType::Layout),
            }
            for item in group {
                self.shape(&item.shape);
            }
            self.surface.end_tagged();
        }
    }

    fn artifact(&mut self, kind: ArtifactType) {
        let tag = ContentTag::Artifact(Artifact::with_kind(kind));
        self.surface.start_tagged(tag);
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Text { x, y, look, text } => self.text(*x, *y, *look, text),
            Shape::Rect {
                x,
                y,
                width,
                height,
                ink,
                hollow,
            } => {
                let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) else {
                    return;
                };
                match hollow {
                    false => self.fill(*ink),
                    true => self.stroke(*ink, 0.6, &[2.5, 2.0]),
                }
                let mut path = PathBuilder::new();
                path.push_rect(rect);
                self.finish(path);
            }
            Shape::Line {
                points,
                ink,
                width,
                dash,
            } => {
                let lengths: Vec<f32> = dash.lengths().iter().map(|length| length * 0.6).collect();
                self.stroke(*ink, *width, &lengths);
                let mut path = PathBuilder::new();
                for (at, (x, y)) in points.iter().enumerate() {
                    match at {
                        0 => path.move_to(*x, *y),
                        _ => path.line_to(*x, *y),
                    }
                }
                self.finish(path);
            }
            Shape::Dot { x, y, radius, ink } => {
                self.fill(*ink);
                self.finish(circle(*x, *y, *radius));
            }
        }
    }

    fn finish(&mut self, path: PathBuilder) {
        if let Some(path) = path.finish() {
            self.surface.draw_path(&path);
        }
    }

    fn fill(&mut self, Rgb(red, green, blue): Rgb) {
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(Fill {
            paint: rgb::Color::new(red, green, blue).into(),
            opacity: NormalizedF32::ONE,
            rule: FillRule::default(),
        }));
    }

    fn stroke(&mut self, Rgb(red, green, blue): Rgb, width: f32, dash: &[f32]) {
        self.surface.set_fill(None);
        self.surface.set_stroke(Some(Stroke {
            paint: rgb::Color::new(red, green, blue).into(),
            width,
            dash: (!dash.is_empty()).then(|| StrokeDash {
                array: dash.to_vec(),
                offset: 0.0,
            }),
            ..Stroke::default()
        }));
    }

    /// Legible text, font by font.
    fn text(&mut self, x: f32, y: f32, look: Look, text: &str) {
        self.fill(look.ink);
        let mut x = x;
        let chars: Vec<_> = text
            .char_indices()
            .filter_map(|(at, c)| Some((at, c, self.fonts.glyph(look.family, c)?)))
            .collect();
        for group in chars.chunk_by(|a, b| a.2.face == b.2.face) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else {
                continue;
            };
            let (start, end) = (first.0, last.0 + last.1.len_utf8());
            let glyphs: Vec<KrillaGlyph> = group
                .iter()
                .map(|(at, c, glyph)| {
                    let range = at - start..at - start + c.len_utf8();
                    let id = GlyphId::new(glyph.id);
                    KrillaGlyph::new(id, glyph.advance, 0.0, 0.0, 0.0, range, None)
                })
                .collect();
            let (Some(font), Some(part)) = (self.fonts.font(first.2.face), text.get(start..end))
            else {
                continue;
            };
            let at = Point::from_xy(x, y);
            self.surface
                .draw_glyphs(at, &glyphs, font.clone(), part, look.size, false);
            x += group.iter().map(|(_, _, glyph)| glyph.advance).sum::<f32>() * look.size;
        }
    }
}

/// Four curves, near enough to a circle.
fn circle(x: f32, y: f32, radius: f32) -> PathBuilder {
    let bend = radius * 0.552_3;
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.cubic_to(x + radius, y + bend, x + bend, y + radius, x, y + radius);
    path.cubic_to(x - bend, y + radius, x - radius, y + bend, x - radius, y);
    path.cubic_to(x - radius, y - bend, x - bend, y - radius, x, y - radius);
    path.cubic_to(x + bend, y - radius, x + radius, y - bend, x + radius, y);
    path.close();
    path
}

/// What stands on every page: the title above, digest and number below.
struct Frame {
    title: String,
    digest: String,
    pages: usize,
}

impl Frame {
    fn new(fonts: &Fonts, document: &Document, pages: usize) -> Self {
        let legible = |text: &str| fonts.legible(&blocks::clipped(text)).into_owned();
        Self {
            title: legible(&format!("{}, {}", document.title, document.subtitle)),
            digest: legible(&format!("{}: {}", words::DIGEST, document.digest)),
            pages,
        }
    }

    fn draw(&self, pen: &mut Pen<'_, '_>, page: &Sheet, at: usize) {
        let sans = Look::new(Family::Sans, 7.5).ink(ink::MUTED);
        let room = page.width - MARGIN * 2.0;
        if at > 0 {
            pen.artifact(ArtifactType::Header);
            let title = fitting(pen.fonts, &self.title, sans, room);
            pen.text(MARGIN, 34.0, sans, &title);
            pen.surface.end_tagged();
        }
        pen.artifact(ArtifactType::Footer);
        let y = page.height - 28.0;
        pen.stroke(ink::LINE, 0.6, &[]);
        let mut path = PathBuilder::new();
        path.move_to(MARGIN, y - 11.0);
        path.line_to(page.width - MARGIN, y - 11.0);
        pen.finish(path);
        let number = format!("Page {} of {}", at + 1, self.pages);
        let width = pen.fonts.width(sans.family, sans.size, &number);
        pen.text(page.width - MARGIN - width, y, sans, &number);
        let small = Look::new(Family::Sans, 6.6).ink(ink::MUTED);
        let digest = fitting(pen.fonts, &self.digest, small, room - width - 12.0);
        pen.text(MARGIN, y, small, &digest);
        pen.surface.end_tagged();
    }
}

/// The text, cut to a width.
fn fitting(fonts: &Fonts, text: &str, look: Look, width: f32) -> String {
    if fonts.width(look.family, look.size, text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut x = look.size;
    for c in text.chars() {
        x += fonts
            .glyph(look.family, c)
            .map_or(0.0, |glyph| glyph.advance * look.size);
        if x > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}
