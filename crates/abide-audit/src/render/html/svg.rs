//! Scenes as SVG. Colours are classes of the style, so that they follow light and dark.

use std::fmt::Write as _;

use abide_policy::Severity;

use super::{Page, escape};
use crate::document::{Tone, Verdict};
use crate::render::scene::{Anchor, Dash, Ink, Scene, Shape, WIDTH};

impl Page {
    /// A drawing with its name and description; `id` is safe and unique.
    pub(super) fn svg(&mut self, scene: &Scene, id: &str, title: &str, summary: &str) {
        self.raw(&format!(
            "<svg viewBox=\"0 0 {WIDTH} {:.1}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\n\
             <title id=\"{id}-t\">",
            scene.height
        ));
        self.text(title);
        self.raw(&format!("</title><desc id=\"{id}-d\">"));
        self.text(summary);
        self.raw("</desc>\n");
        for shape in &scene.shapes {
            draw(&mut self.out, shape);
        }
        self.raw("</svg>\n");
    }
}

fn draw(out: &mut String, shape: &Shape) {
    // Writing to a string cannot fail.
    let _ = match shape {
        Shape::Rect {
            x,
            y,
            width,
            height,
            ink,
            hollow,
            title,
        } => {
            let class = match hollow {
                true => format!("hollow s-{}", name(*ink)),
                false => format!("f-{}", name(*ink)),
            };
            let _ = write!(
                out,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
                 rx=\"2\" class=\"{class}\">"
            );
            if let Some(title) = title {
                out.push_str("<title>");
                escape(out, title);
                out.push_str("</title>");
            }
            writeln!(out, "</rect>")
        }
        Shape::Line {
            points,
            ink,
            width,
            dash,
        } => {
            let _ = write!(out, "<polyline class=\"s-{}\"", name(*ink));
            if *dash != Dash::Solid {
                let lengths = dash.lengths().iter().map(ToString::to_string);
                let lengths: Vec<String> = lengths.collect();
                let _ = write!(out, " stroke-dasharray=\"{}\"", lengths.join(" "));
            }
            let _ = write!(out, " stroke-width=\"{width}\" points=\"");
            for (x, y) in points {
                let _ = write!(out, "{x:.1},{y:.1} ");
            }
            writeln!(out, "\"/>")
        }
        Shape::Dot { x, y, radius, ink } => writeln!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" class=\"f-{}\"/>",
            name(*ink)
        ),
        Shape::Text {
            x,
            y,
            anchor,
            ink,
            bold,
            text,
        } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let class = if *bold { " bold" } else { "" };
            let ink = name(*ink);
            let _ = write!(
                out,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"f-{ink}{class}\"{anchor}>"
            );
            escape(out, text);
            writeln!(out, "</text>")
        }
    };
}

/// The class of a colour.
fn name(ink: Ink) -> String {
    match ink {
        Ink::Text => "text".to_owned(),
        Ink::Muted => "muted".to_owned(),
        Ink::Grid => "grid".to_owned(),
        Ink::Gap => "gap".to_owned(),
        Ink::Tone(tone) => tone_name(tone),
        Ink::On(tone) => format!("on-{}", tone_name(tone)),
    }
}

fn tone_name(tone: Tone) -> String {
    match tone {
        Tone::Plain(number) => format!("plain{}", number % 4),
        Tone::Verdict(verdict) => match verdict {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Excepted => "excepted",
            Verdict::Unknown | Verdict::Incomplete => "unknown",
            Verdict::NotApplicable => "na",
            Verdict::NotScanned | Verdict::NotTested => "none",
        }
        .to_owned(),
        Tone::Severity(severity) => match severity {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
        }
        .to_owned(),
    }
}
