//! `primaryLocationLineHash`: how GitHub knows an alert again when lines move.
//!
//! The algorithm is that of github/codeql-action (`src/fingerprints.ts`): for
//! each line a rolling hash over the 100 UTF-16 units from its start on,
//! without blanks and tabs, any line break as LF; then `:` and how often that
//! hash has come up in the file. If ours differed, the upload would warn.

use std::collections::HashMap;

const BLOCK: usize = 100;
const BASE: u64 = 37;
const END_OF_FILE: u16 = u16::MAX;

/// The hashes of all lines of a file, in order.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut hasher = Hasher::new();
    for unit in text.encode_utf16() {
        hasher.take(unit);
    }
    hasher.take(END_OF_FILE);
    for _ in 0..BLOCK {
        hasher.put_out();
        hasher.roll(0);
    }
    hasher.lines
}

struct Hasher {
    window: [u16; BLOCK],
    /// Whether a line starts at that place of the window.
    starts: [bool; BLOCK],
    at: usize,
    hash: u64,
    /// `BASE` to the power of `BLOCK`: the weight of what leaves the window.
    oldest: u64,
    line_start: bool,
    after_return: bool,
    seen: HashMap<u64, usize>,
    lines: Vec<String>,
}

impl Hasher {
    fn new() -> Self {
        Self {
            window: [0; BLOCK],
            starts: [false; BLOCK],
            at: 0,
            hash: 0,
            oldest: (0..BLOCK).fold(1, |power: u64, _| power.wrapping_mul(BASE)),
            line_start: true,
            after_return: false,
            seen: HashMap::new(),
            lines: Vec::new(),
        }
    }

    fn take(&mut self, mut unit: u16) {
        let [space, tab, feed, carriage] = [b' ', b'\t', b'\n', b'\r'].map(u16::from);
        let after_return = std::mem::take(&mut self.after_return);
        if unit == space || unit == tab || (after_return && unit == feed) {
            return;
        }
        if unit == carriage {
            unit = feed;
            self.after_return = true;
        }
        self.put_out();
        if std::mem::take(&mut self.line_start) {
            self.starts[self.at] = true;
        }
        self.line_start = unit == feed;
        self.roll(unit);
    }

    /// Gives the hash of the line whose start is about to leave the window.
    fn put_out(&mut self) {
        if std::mem::take(&mut self.starts[self.at]) {
            let seen = self.seen.entry(self.hash).or_default();
            *seen += 1;
            self.lines.push(format!("{:x}:{seen}", self.hash));
        }
    }

    fn roll(&mut self, unit: u16) {
        let leaves = std::mem::replace(&mut self.window[self.at], unit);
        self.hash = self
            .hash
            .wrapping_mul(BASE)
            .wrapping_add(unit.into())
            .wrapping_sub(self.oldest.wrapping_mul(leaves.into()));
        self.at = (self.at + 1) % BLOCK;
    }
}

#[cfg(test)]
mod tests {
    use super::lines;

    /// Vectors of github/codeql-action (`src/fingerprints.test.ts`).
    #[test]
    fn agrees_with_github() {
        assert_eq!(lines(""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(
            lines(" a\nb\n  \t\tc\n d"),
            [
                "271789c17abda88f:1",
                "54703d4cd895b18:1",
                "180aee12dab6264:1",
                "a23a3dc5e078b07b:1"
            ]
        );
        assert_eq!(
            lines(" a l p h a \r\n\tbeta\r\nalpha\r\n"),
            [
                "8d07ce75f7b3af45:1",
                "ca140c3f893ffa65:1",
                "26f09ff008857193:1",
                "c129715d7a2bc9a3:1"
            ]
        );
    }

    #[test]
    fn equal_lines_are_counted() {
        let text = "x\n".repeat(300);
        let hashes = lines(&text);
        assert_eq!(hashes.len(), 301);
        let (first, second) = (hashes[0].split(':').next(), hashes[1].split(':').next());
        assert_eq!(first, second);
        assert!(hashes[1].ends_with(":2"));
    }
}
