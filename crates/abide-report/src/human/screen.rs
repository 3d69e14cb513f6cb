//! Lines of a terminal: tones, gutters and wrapping. The only place that writes ANSI codes.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::escape::is_command;

/// Narrower than this, wrapping makes text harder to read, not easier.
const NARROWEST: usize = 40;

/// What a text stands for; its colour if there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing special.
    Plain,
    /// Fails the run.
    Error,
    /// Does not.
    Warning,
    /// Good to know.
    Note,
    /// Passed, or to be added.
    Good,
    /// The frame around the text.
    Gutter,
}

impl Tone {
    fn style(self) -> Style {
        let bold = |color: AnsiColor| color.on_default().bold();
        match self {
            Self::Plain => Style::new(),
            Self::Error => bold(AnsiColor::Red),
            Self::Warning => bold(AnsiColor::Yellow),
            Self::Note => bold(AnsiColor::Cyan),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Gutter => bold(AnsiColor::Blue),
        }
    }
}

/// Where the text goes. Everything given to it is on one line and without hidden characters
/// (see [`crate::escape`]).
///
/// A wrapped line that begins with `::` would be a command to a CI runner, which looks past
/// the indentation; its first character is written out.
pub(crate) struct Screen<'w> {
    out: &'w mut dyn Write,
    color: bool,
    width: Option<usize>,
}

impl<'w> Screen<'w> {
    pub(crate) fn new(out: &'w mut dyn Write, color: bool, width: Option<usize>) -> Self {
        Self {
            out,
            color,
            width: width.map(|width| width.max(NARROWEST)),
        }
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// `label: text`, the label in its tone.
    pub(crate) fn headline(&mut self, tone: Tone, label: &str, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return self.wrapped(tone, "", "  ", label);
        }
        self.labelled("", (tone, label), "    ", text)
    }

    /// `  --> text`.
    pub(crate) fn place(&mut self, text: &str) -> io::Result<()> {
        self.paint(Tone::Gutter, "  -->")?;
        writeln!(self.out, " {text}")
    }

    /// Lines that are drawn already.
    pub(crate) fn drawn(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.blank()
    }

    /// `   = name: text`.
    pub(crate) fn note(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.paint(Tone::Gutter, "   =")?;
        self.labelled("   = ", (Tone::Plain, name), "     ", text)
    }

    /// `   | text`, or the bare gutter.
    pub(crate) fn frame(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            self.paint(Tone::Gutter, "   |")?;
            return self.blank();
        }
        self.wrapped(Tone::Plain, "   | ", "   |           ", text)
    }

    /// `   | + line`, never wrapped: it is to be copied.
    pub(crate) fn addition(&mut self, line: &str) -> io::Result<()> {
        self.paint(Tone::Gutter, "   |")?;
        self.out.write_all(b" ")?;
        self.paint(Tone::Good, format!("+ {line}").trim_end())?;
        self.blank()
    }

    /// A text in lines, each after its gutter.
    pub(crate) fn wrapped(
        &mut self,
        tone: Tone,
        first: &str,
        next: &str,
        text: &str,
    ) -> io::Result<()> {
        let mut gutter = first;
        for line in self.split(text, first.chars().count(), next.chars().count()) {
            self.paint(Tone::Gutter, gutter)?;
            self.guarded(tone, gutter, line)?;
            self.blank()?;
            gutter = next;
        }
        Ok(())
    }

    /// A label that is already behind a gutter or at the start of the line, and its text.
    fn labelled(
        &mut self,
        before: &str,
        (tone, label): (Tone, &str),
        next: &str,
        text: &str,
    ) -> io::Result<()> {
        if !before.is_empty() {
            self.out.write_all(b" ")?;
        }
        self.paint(tone, label)?;
        self.out.write_all(b": ")?;
        let used = before.chars().count() + label.chars().count() + 2;
        for (at, line) in self
            .split(text, used, next.chars().count())
            .into_iter()
            .enumerate()
        {
            if at == 0 {
                writeln!(self.out, "{line}")?;
            } else {
                self.out.write_all(next.as_bytes())?;
                self.guarded(Tone::Plain, next, line)?;
                self.blank()?;
            }
        }
        Ok(())
    }

    fn guarded(&mut self, tone: Tone, gutter: &str, line: &str) -> io::Result<()> {
        if gutter.trim().is_empty() && is_command(line) {
            self.out.write_all(b"\\u{3a}")?;
            let rest = line.trim_start().strip_prefix(':').unwrap_or("");
            return self.paint(tone, rest);
        }
        self.paint(tone, line)
    }

    fn paint(&mut self, tone: Tone, text: &str) -> io::Result<()> {
        let style = tone.style();
        if self.color && style != Style::new() && !text.trim().is_empty() {
            return write!(self.out, "{style}{text}{style:#}");
        }
        self.out.write_all(text.as_bytes())
    }

    /// The lines of a text; the first has `first` columns taken, the others `next`. Words are
    /// never broken: an address must stay one that can be copied.
    fn split<'t>(&self, text: &'t str, first: usize, next: usize) -> Vec<&'t str> {
        let Some(width) = self.width else {
            return vec![text];
        };
        let (mut lines, mut start, mut end) = (Vec::new(), 0, 0);
        let mut used = first;
        for (at, word) in words(text) {
            let length = word.chars().count();
            if used + length > width && end > start {
                lines.push(text.get(start..end).unwrap_or(""));
                start = at;
                used = next;
            }
            used += length + 1;
            end = at + word.len();
        }
        lines.push(text.get(start..).unwrap_or(""));
        lines
    }
}

/// The words of a text with their positions.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(' ').filter_map(move |word| {
        let start = at;
        at += word.len() + 1;
        (!word.is_empty()).then_some((start, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(width: usize, write: impl Fn(&mut Screen<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Screen::new(&mut out, false, Some(width)));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn wraps_between_words() {
        let text = screen(40, |screen| {
            screen
                .note("help", "one two three four five six seven eight nine ten")
                .unwrap();
        });
        assert_eq!(
            text,
            "   = help: one two three four five six\n     seven eight nine ten\n"
        );
    }

    #[test]
    fn a_wrapped_word_is_no_command() {
        let text = screen(40, |screen| {
            screen
                .headline(
                    Tone::Error,
                    "error",
                    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ::error::x",
                )
                .unwrap();
        });
        assert_eq!(text.lines().nth(1), Some(r"    \u{3a}:error::x"));
    }
}
