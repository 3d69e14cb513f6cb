//! What standard output and standard error are, and what may be sent there.

use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::Color;

/// Whether to colour standard output. A flag wins over the environment.
pub(crate) fn use_color(flag: Color) -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    match flag {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto if set("FORCE_COLOR") || set("CLICOLOR_FORCE") => true,
        Color::Auto => {
            io::stdout().is_terminal()
                && env::var_os("TERM").is_none_or(|term| term != "dumb")
                && env::var_os("CLICOLOR").is_none_or(|value| value != "0")
        }
    }
}

/// Columns of the terminal; none if standard output is something else.
pub(crate) fn width() -> Option<usize> {
    terminal_size::terminal_size()
        .filter(|_| io::stdout().is_terminal())
        .map(|(width, _)| usize::from(width.0))
}

/// A sign of life on long work, in a terminal only.
pub(crate) fn spinner(message: String) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(message);
    bar.enable_steady_tick(Duration::from_millis(150));
    bar
}

/// Writes lines to standard error: each stays one line, whatever it holds.
pub(crate) fn say(lines: &[String]) -> io::Result<()> {
    let mut err = io::stderr().lock();
    for line in lines {
        let line = visible(line).replace('\n', "\\n");
        writeln!(err, "{line}")?;
    }
    Ok(())
}

/// A text with its control and direction characters spelled out.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let steers = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if steers || (c.is_control() && c != '\n') {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}
