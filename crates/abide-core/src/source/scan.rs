//! Finds where a JSON value ends, 64 bytes at a time.
//!
//! Most of a plan is of no interest. Its end is found by counting the brackets
//! outside strings; nothing of it is parsed, so it is not checked either.

use wide::i8x16;

const BLOCK: usize = 64;

/// Finds the end of one JSON value, over any number of slices.
#[derive(Default)]
pub(super) struct Scan {
    kind: Kind,
    depth: u64,
    in_string: bool,
    /// The next byte is escaped by a backslash before it.
    escape: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[default]
    Unseen,
    /// Ends at its closing quote.
    Text,
    /// Ends at its closing bracket.
    Brackets,
    /// A number or a word; ends before a delimiter.
    Bare,
}

impl Scan {
    /// Whether the value is complete if the input ends here.
    pub(super) fn may_end(&self) -> bool {
        self.kind == Kind::Bare
    }

    /// Length of the value's rest, if it ends in `bytes`.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        let first = *bytes.first()?;
        if self.kind == Kind::Unseen {
            self.kind = match first {
                b'"' => Kind::Text,
                b'{' | b'[' => Kind::Brackets,
                _ => Kind::Bare,
            };
        }
        if self.kind == Kind::Bare {
            return bytes
                .iter()
                .position(|b| matches!(b, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n'));
        }
        let (blocks, tail) = bytes.as_chunks::<BLOCK>();
        for (number, block) in blocks.iter().enumerate() {
            if let Some(end) = self.block(block, BLOCK) {
                return Some(number * BLOCK + end);
            }
        }
        if tail.is_empty() {
            return None;
        }
        let mut padded = [0; BLOCK];
        padded[..tail.len()].copy_from_slice(tail);
        self.block(&padded, tail.len())
            .map(|end| blocks.len() * BLOCK + end)
    }

    /// Takes the first `len` bytes of a block; the others are zero.
    fn block(&mut self, block: &[u8; BLOCK], len: usize) -> Option<usize> {
        let masks = Masks::of(block);
        let quote = masks.quote & !self.escaped(masks.backslash, len);
        let was_in_string = self.in_string;
        let inside = prefix_xor(quote) ^ if was_in_string { u64::MAX } else { 0 };
        self.in_string = inside >> 63 == 1;
        if self.kind == Kind::Text {
            // The first quote opens it, unless an earlier block did.
            let closing = if was_in_string {
                quote
            } else {
                quote & quote.wrapping_sub(1)
            };
            return (closing != 0).then(|| closing.trailing_zeros() as usize + 1);
        }
        let mut brackets = (masks.open | masks.close) & !inside;
        while brackets != 0 {
            let at = brackets.trailing_zeros();
            if masks.open >> at & 1 == 1 {
                self.depth += 1;
            } else {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Some(at as usize + 1);
                }
            }
            brackets &= brackets - 1;
        }
        None
    }

    /// The bytes that a backslash escapes. Of a run of backslashes every other
    /// one is escaped itself; adding the runs' starts to the runs carries to
    /// the bit behind each, whose parity tells (Langdale and Lemire, Parsing
    /// Gigabytes of JSON per Second, section 3.1.1).
    fn escaped(&mut self, backslash: u64, len: usize) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let before = u64::from(self.escape);
        if backslash == 0 {
            self.escape = false;
            return before;
        }
        let backslash = backslash & !before;
        let follows = backslash << 1 | before;
        let odd_starts = backslash & !EVEN & !follows;
        let (even_runs, carry) = odd_starts.overflowing_add(backslash);
        let escaped = (EVEN ^ (even_runs << 1)) & follows;
        self.escape = if len < BLOCK {
            escaped >> len & 1 == 1
        } else {
            carry
        };
        escaped
    }
}

/// Where the structural bytes of a block are, one bit a byte.
struct Masks {
    quote: u64,
    backslash: u64,
    open: u64,
    close: u64,
}

impl Masks {
    fn of(block: &[u8; BLOCK]) -> Self {
        let mut masks = Self {
            quote: 0,
            backslash: 0,
            open: 0,
            close: 0,
        };
        let (lanes, _) = block.as_chunks::<16>();
        for (lane, chunk) in lanes.iter().enumerate() {
            let bytes = i8x16::from(chunk.map(u8::cast_signed));
            // `[` and `]` differ from `{` and `}` in bit 5 alone.
            let folded = bytes | i8x16::splat(0x20);
            let shift = lane * 16;
            let mask = |bytes: i8x16, byte: u8| {
                u64::from(bytes.simd_eq(i8x16::splat(byte.cast_signed())).to_bitmask() & 0xffff)
                    << shift
            };
            masks.quote |= mask(bytes, b'"');
            masks.backslash |= mask(bytes, b'\\');
            masks.open |= mask(folded, b'{');
            masks.close |= mask(folded, b'}');
        }
        masks
    }
}

/// Bit `i` of the result is the parity of bits `0..=i`: set from each opening
/// quote up to, not including, its closing quote.
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same by single bytes.
    fn plain(text: &[u8]) -> Option<usize> {
        let (mut depth, mut in_string, mut escape) = (0, false, false);
        for (at, byte) in text.iter().enumerate() {
            match byte {
                _ if escape => escape = false,
                b'\\' => escape = true,
                b'"' => {
                    in_string = !in_string;
                    if !in_string && depth == 0 {
                        return Some(at + 1);
                    }
                }
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }

    proptest! {
        #[test]
        fn agrees_with_single_bytes(
            start in prop::sample::select(vec!["\"", "[", "{"]),
            rest in r#"[\\"{}\[\] a]{0,300}"#,
            cut in 0usize..300,
        ) {
            let text = format!("{start}{rest}");
            let text = text.as_bytes();
            // A backslash outside a string is no JSON; where it leads does not matter.
            let end = plain(text);
            prop_assume!(!has_stray_backslash(text.get(..end.unwrap_or(text.len())).unwrap()));
            prop_assert_eq!(Scan::default().feed(text), end);
            let mut scan = Scan::default();
            let (first, second) = text.split_at(cut.min(text.len()));
            let got = match scan.feed(first) {
                Some(end) => Some(end),
                None => scan.feed(second).map(|end| first.len() + end),
            };
            prop_assert_eq!(got, end);
        }
    }

    fn has_stray_backslash(text: &[u8]) -> bool {
        let (mut in_string, mut escape) = (false, false);
        text.iter().any(|byte| {
            match byte {
                _ if escape => escape = false,
                b'\\' if in_string => escape = true,
                b'\\' => return true,
                b'"' => in_string = !in_string,
                _ => {}
            }
            false
        })
    }

    #[test]
    fn words_and_numbers_end_before_a_delimiter() {
        assert_eq!(Scan::default().feed(b"true,"), Some(4));
        assert_eq!(Scan::default().feed(b"-1.5e3}"), Some(6));
        let mut scan = Scan::default();
        assert_eq!(scan.feed(b"12"), None);
        assert!(scan.may_end());
    }
}
