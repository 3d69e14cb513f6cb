//! JSON for files that people also look at: one result a line, nothing that moves a cursor.
//!
//! The outer levels are broken into lines, so that `grep`, `diff` and `less` work on a hundred
//! thousand results; inside a result everything is compact. Hidden characters are written as
//! `\u202e`: the value is the same for a parser, and harmless for a terminal.

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::escape::is_hidden;

/// Writes a value, broken into lines down to `depth` levels, and a final line break.
pub(crate) fn write(value: &impl Serialize, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let formatter = Lines {
        broken: depth,
        depth: 0,
        filled: false,
    };
    // A result is some hundred small writes; these must not each go through a pointer.
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")?;
    out.flush()
}

struct Lines {
    /// Levels that are broken into lines.
    broken: usize,
    depth: usize,
    /// Whether the innermost value that was just closed or filled has a member.
    filled: bool,
}

impl Lines {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        let broken = self.filled && self.depth <= self.broken;
        self.depth -= 1;
        if broken {
            self.line(out)?;
        }
        self.filled = true;
        out.write_all(bracket)
    }

    fn member<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        match self.depth <= self.broken {
            true => self.line(out),
            false => Ok(()),
        }
    }

    fn line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b" "))
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.member(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.member(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(match self.depth <= self.broken {
            true => b": ",
            false => b":",
        })
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Not `all`, which stops early and so goes byte by byte.
        if fragment.bytes().fold(0, u8::max) < 0x7f {
            return out.write_all(fragment.as_bytes());
        }
        let mut plain = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_hidden(*c)) {
            out.write_all(fragment.get(plain..at).unwrap_or("").as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            plain = at + c.len_utf8();
        }
        out.write_all(fragment.get(plain..).unwrap_or("").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn text(value: &Value, depth: usize) -> String {
        let mut out = Vec::new();
        super::write(value, depth, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn outer_levels_are_lines() {
        let value = json!({"a": [], "b": [{"c": [1, 2]}, {"d": {}}], "e": {}});
        assert_eq!(
            text(&value, 2),
            "{\n \"a\": [],\n \"b\": [\n  {\"c\":[1,2]},\n  {\"d\":{}}\n ],\n \"e\": {}\n}\n"
        );
    }

    proptest! {
        #[test]
        fn the_value_is_kept_and_nothing_hidden_is_printed(key in any::<String>(), value in any::<String>()) {
            let value = json!({key: [value, "\u{202e}\u{e0041}\u{9b}"]});
            let printed = text(&value, 1);
            prop_assert!(printed.chars().all(|c| c == '\n' || !crate::escape::is_hidden(c)));
            prop_assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), value);
        }
    }
}
