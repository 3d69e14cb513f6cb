//! Walks the outer levels of a large JSON object without keeping it in memory.
//!
//! A plan of 100 000 resources is 300 MB, and a third of it (`planned_values`)
//! repeats what another section says better. The walker reads through a small
//! window, skips sections nobody wants by counting brackets 64 bytes at a
//! time, hands out array elements one by one, and leaves their parsing to
//! `serde_json`. Memory then depends on the largest element, not on the file,
//! and no file is mapped (a mapped file that shrinks kills the process).
//!
//! Skipped sections are checked for balanced brackets and quotes only.

use std::io::{self, Read};

use super::scan::Scan;

/// What a handler wants of a section, and what it calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want<S> {
    /// Nothing.
    Skip,
    /// Its text.
    Whole(S),
    /// The text of each element, if it is an array; else its text.
    Elements(S),
    /// To be asked about each member, if it is an object; else its text.
    Members(S),
}

impl<S> Want<S> {
    /// The same wish under another name.
    pub(super) fn map<T>(self, name: impl FnOnce(S) -> T) -> Want<T> {
        match self {
            Self::Skip => Want::Skip,
            Self::Whole(section) => Want::Whole(name(section)),
            Self::Elements(section) => Want::Elements(name(section)),
            Self::Members(section) => Want::Members(name(section)),
        }
    }
}

/// Receives sections as the walker passes them.
pub(super) trait Handler {
    /// What stops the walk.
    type Error: From<SectionError>;
    /// What the handler calls its sections.
    type Section: Copy;

    /// Asked at each key of the top level, and of each section whose members are wanted.
    fn want(&mut self, inside: Option<Self::Section>, key: &str) -> Want<Self::Section>;

    /// One section, or one element of one; `at` is its byte offset in the input.
    fn take(
        &mut self,
        section: Self::Section,
        key: &str,
        json: &[u8],
        at: u64,
    ) -> Result<(), Self::Error>;
}

/// Why the text is no complete JSON object.
#[derive(Debug, thiserror::Error)]
pub enum SectionError {
    /// Reading failed.
    #[error("reading failed at byte {at}: {source}")]
    Read {
        /// Bytes read so far.
        at: u64,
        /// The system's reason.
        source: io::Error,
    },
    /// The text ends inside the object.
    #[error("the JSON ends at byte {at} inside {inside}: the file is truncated")]
    Truncated {
        /// Length of the input.
        at: u64,
        /// What was open.
        inside: String,
    },
    /// Something is where something else belongs.
    #[error("not JSON at byte {at}: expected {expected}")]
    Syntax {
        /// Byte offset.
        at: u64,
        /// What belongs there.
        expected: &'static str,
    },
}

const WINDOW: usize = 256 * 1024;

/// A window over a reader.
pub(super) struct Walker<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Start of what is not yet consumed.
    start: usize,
    /// Offset of `buffer[0]` in the input.
    base: u64,
    finished: bool,
}

impl<R: Read> Walker<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::with_capacity(WINDOW),
            start: 0,
            base: 0,
            finished: false,
        }
    }

    /// Walks the object. Text after its end is an error, except white space.
    pub(super) fn walk<H: Handler>(&mut self, handler: &mut H) -> Result<(), H::Error> {
        self.skip_byte_order_mark()?;
        self.members(None, "the top level", handler)?;
        match self.peek_or_end()? {
            None => Ok(()),
            Some(_) => Err(self.syntax("the end of the file").into()),
        }
    }

    fn skip_byte_order_mark(&mut self) -> Result<(), SectionError> {
        self.peek_or_end()?;
        if self.buffer[self.start..self.buffer.len()].starts_with(b"\xef\xbb\xbf") {
            self.start += 3;
        }
        Ok(())
    }

    fn members<H: Handler>(
        &mut self,
        inside: Option<H::Section>,
        name: &str,
        handler: &mut H,
    ) -> Result<(), H::Error> {
        self.expect(b'{', "`{`")?;
        if self.peek(name)? == b'}' {
            self.start += 1;
            return Ok(());
        }
        loop {
            let key = self.key(name)?;
            self.expect(b':', "`:`")?;
            let first = self.peek(&key)?;
            match handler.want(inside, &key) {
                Want::Skip => self.skip_value(&key)?,
                Want::Elements(section) if first == b'[' => {
                    self.elements(section, &key, handler)?;
                }
                Want::Members(section) if first == b'{' => {
                    self.members(Some(section), &key, handler)?;
                }
                Want::Whole(section) | Want::Elements(section) | Want::Members(section) => {
                    let (json, at) = self.value(&key)?;
                    handler.take(section, &key, json, at)?;
                }
            }
            match self.next_token(name)? {
                b',' => {}
                b'}' => return Ok(()),
                _ => return Err(self.syntax("`,` or `}`").into()),
            }
        }
    }

    fn elements<H: Handler>(
        &mut self,
        section: H::Section,
        key: &str,
        handler: &mut H,
    ) -> Result<(), H::Error> {
        self.expect(b'[', "`[`")?;
        if self.peek(key)? == b']' {
            self.start += 1;
            return Ok(());
        }
        loop {
            let (json, at) = self.value(key)?;
            handler.take(section, key, json, at)?;
            match self.next_token(key)? {
                b',' => {}
                b']' => return Ok(()),
                _ => return Err(self.syntax("`,` or `]`").into()),
            }
        }
    }

    fn key(&mut self, inside: &str) -> Result<String, SectionError> {
        if self.peek(inside)? != b'"' {
            self.start += 1;
            return Err(self.syntax("a quoted key"));
        }
        let (json, at) = self.value(inside)?;
        serde_json::from_slice(json).map_err(|_| SectionError::Syntax {
            at,
            expected: "a quoted key",
        })
    }

    /// The text of the next value, contiguous in the buffer.
    fn value(&mut self, inside: &str) -> Result<(&[u8], u64), SectionError> {
        self.peek(inside)?;
        let mut scan = Scan::default();
        let mut scanned = self.start;
        let end = loop {
            match scan.feed(&self.buffer[scanned..self.buffer.len()]) {
                Some(len) => break scanned + len,
                None => {
                    let done = self.buffer.len() - self.start;
                    if self.fill()? == 0 {
                        if scan.may_end() {
                            break self.buffer.len();
                        }
                        return Err(self.truncated(inside));
                    }
                    scanned = self.start + done;
                }
            }
        };
        let at = self.base + self.start as u64;
        let from = std::mem::replace(&mut self.start, end);
        Ok((&self.buffer[from..end], at))
    }

    fn skip_value(&mut self, inside: &str) -> Result<(), SectionError> {
        self.peek(inside)?;
        let mut scan = Scan::default();
        loop {
            if let Some(len) = scan.feed(&self.buffer[self.start..self.buffer.len()]) {
                self.start += len;
                return Ok(());
            }
            self.start = self.buffer.len();
            if self.fill()? == 0 {
                return if scan.may_end() {
                    Ok(())
                } else {
                    Err(self.truncated(inside))
                };
            }
        }
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), SectionError> {
        if self.next_token("the top level")? == byte {
            Ok(())
        } else {
            Err(self.syntax(expected))
        }
    }

    fn next_token(&mut self, inside: &str) -> Result<u8, SectionError> {
        let byte = self.peek(inside)?;
        self.start += 1;
        Ok(byte)
    }

    fn peek(&mut self, inside: &str) -> Result<u8, SectionError> {
        match self.peek_or_end()? {
            Some(byte) => Ok(byte),
            None => Err(self.truncated(inside)),
        }
    }

    /// The next byte that is no white space.
    fn peek_or_end(&mut self) -> Result<Option<u8>, SectionError> {
        loop {
            while self.start < self.buffer.len() {
                match self.buffer[self.start] {
                    b' ' | b'\t' | b'\r' | b'\n' => self.start += 1,
                    byte => return Ok(Some(byte)),
                }
            }
            if self.fill()? == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads more behind what is not yet consumed; 0 at the end of the input.
    fn fill(&mut self) -> Result<usize, SectionError> {
        if self.finished {
            return Ok(0);
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.base += self.start as u64;
            self.start = 0;
        }
        // A value that fills the window gets a window twice as large.
        let before = self.buffer.len();
        let wanted = WINDOW.max(before);
        let read = self
            .reader
            .by_ref()
            .take(wanted as u64)
            .read_to_end(&mut self.buffer);
        match read {
            Ok(read) => {
                self.finished = read < wanted;
                Ok(read)
            }
            Err(source) => Err(SectionError::Read {
                at: self.base + self.buffer.len() as u64,
                source,
            }),
        }
    }

    fn syntax(&self, expected: &'static str) -> SectionError {
        SectionError::Syntax {
            at: self.base + self.start.saturating_sub(1) as u64,
            expected,
        }
    }

    fn truncated(&self, inside: &str) -> SectionError {
        let inside = if inside == "the top level" {
            inside.to_owned()
        } else {
            format!("`{inside}`")
        };
        SectionError::Truncated {
            at: self.base + self.buffer.len() as u64,
            inside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Collect(Vec<(String, String)>);

    impl Handler for Collect {
        type Error = SectionError;
        type Section = ();

        fn want(&mut self, _: Option<()>, key: &str) -> Want<()> {
            match key.chars().next() {
                Some('s') => Want::Skip,
                Some('e') => Want::Elements(()),
                Some('m') => Want::Members(()),
                _ => Want::Whole(()),
            }
        }

        fn take(&mut self, (): (), key: &str, json: &[u8], _: u64) -> Result<(), SectionError> {
            self.0
                .push((key.into(), String::from_utf8(json.to_vec()).unwrap()));
            Ok(())
        }
    }

    /// A reader that gives few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(self.0.len()).min(out.len());
            out[..len].copy_from_slice(&self.0[..len]);
            self.0 = &self.0[len..];
            Ok(len)
        }
    }

    fn walk(text: &str, drip: usize) -> Result<Vec<(String, String)>, SectionError> {
        let mut collect = Collect::default();
        Walker::new(Drip(text.as_bytes(), drip)).walk(&mut collect)?;
        Ok(collect.0)
    }

    #[test]
    fn hands_out_sections_and_elements() {
        let text = r#" {"w": {"a": "}\"]"}, "s": [1, {"x": "{"}], "e": [1, "two", {"t": []}, []], "w2": null, "e2": 7,
            "m": {"w3": {"z": 1}, "m2": {}, "s2": 0, "m3": {"e3": [8]}}, "m4": 9} "#;
        for drip in [1, 3, 1000] {
            let got = walk(text, drip).unwrap();
            let want = [
                ("w", r#"{"a": "}\"]"}"#),
                ("e", "1"),
                ("e", "\"two\""),
                ("e", r#"{"t": []}"#),
                ("e", "[]"),
                ("w2", "null"),
                ("e2", "7"),
                ("w3", r#"{"z": 1}"#),
                ("e3", "8"),
                ("m4", "9"),
            ];
            assert_eq!(got, want.map(|(k, v)| (k.to_owned(), v.to_owned())));
        }
    }

    #[test]
    fn says_where_it_ends() {
        let error = walk(r#"{"s": {"a": [1, 2"#, 4).unwrap_err().to_string();
        assert_eq!(
            error,
            "the JSON ends at byte 17 inside `s`: the file is truncated"
        );
        assert!(walk("{} {}", 9).is_err());
        assert!(walk("", 9).is_err());
        assert!(walk("{1: 2}", 9).is_err());
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(Into::into),
            any::<bool>().prop_map(Into::into),
            "[a-z\"\\\\{}\\[\\]é\n]{0,80}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::hash_map("[a-z\"\\\\]{0,6}", inner, 0..6)
                    .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(values in prop::collection::vec(json(), 1..5), drip in 1usize..200) {
            let mut text = String::from("{");
            for (at, value) in values.iter().enumerate() {
                text += &format!("\"s{at}\": {value}, \"w{at}\": {value}, ");
            }
            text += "\"z\": 0}";
            let got = walk(&text, drip).unwrap();
            prop_assert_eq!(got.len(), values.len() + 1);
            for (value, (_, json)) in values.iter().zip(&got) {
                prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(json).unwrap(), value);
            }
            // Every proper prefix is refused.
            for cut in (1..text.len()).step_by(7).filter(|at| text.is_char_boundary(*at)) {
                prop_assert!(walk(text.get(..cut).unwrap(), drip).is_err());
            }
        }
    }
}
