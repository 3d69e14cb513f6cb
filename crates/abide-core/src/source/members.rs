//! Takes JSON apart without parsing the values in it.
//!
//! What a caller does not look at is passed over by [`Scan`], several times
//! faster than a parser could, and is checked for brackets and quotes only.

use std::borrow::Cow;

use super::scan::Scan;

/// As deep as `serde_json` goes.
const DEEPEST: u32 = 128;

/// Walks over JSON, member by member.
///
/// After [`Members::key`] or [`Members::element`] the value has to be taken: its
/// text by [`Members::value`], or its parts after [`Members::enter`] or
/// [`Members::enter_list`]; behind the last part the walk goes on around it.
pub(super) struct Members<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    /// Nothing of the current object or list was read yet.
    first: bool,
}

/// The text is no JSON object. [`Malformed::describe`] says where and why.
#[derive(Debug)]
pub(super) struct Malformed;

impl Malformed {
    /// What `serde_json` says of the text, which it reads in full for that.
    pub(super) fn describe(text: &str) -> serde_json::Error {
        match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Err(error) => error,
            Ok(_) => serde::de::Error::custom(
                "invalid type, expected an object or a list, at most 128 levels deep",
            ),
        }
    }
}

impl<'a> Members<'a> {
    /// Of the object in `text`.
    pub(super) fn of(text: &'a str) -> Result<Self, Malformed> {
        let mut members = Self {
            text,
            at: 0,
            depth: 0,
            first: true,
        };
        members.enter()?;
        Ok(members)
    }

    /// Goes into the object that is the next value.
    pub(super) fn enter(&mut self) -> Result<(), Malformed> {
        self.open(b'{')
    }

    /// Goes into the list that is the next value.
    pub(super) fn enter_list(&mut self) -> Result<(), Malformed> {
        self.open(b'[')
    }

    fn open(&mut self, bracket: u8) -> Result<(), Malformed> {
        self.expect(bracket)?;
        self.first = true;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Malformed);
        }
        Ok(())
    }

    /// Whether another element follows; if not, the list is left.
    pub(super) fn element(&mut self) -> Result<bool, Malformed> {
        self.part(b']')
    }

    /// Goes over the comma to the next part, or out at the closing bracket.
    fn part(&mut self, closing: u8) -> Result<bool, Malformed> {
        let first = std::mem::take(&mut self.first);
        match self.peek()? {
            byte if byte == closing => {
                self.at += 1;
                self.depth -= 1;
                return Ok(false);
            }
            b',' if !first => self.at += 1,
            _ if first => {}
            _ => return Err(Malformed),
        }
        Ok(true)
    }

    /// The name of the next member; `None` at the end of the object, which is left by that.
    pub(super) fn key(&mut self) -> Result<Option<Cow<'a, str>>, Malformed> {
        if !self.part(b'}')? {
            return Ok(None);
        }
        if self.peek()? != b'"' {
            return Err(Malformed);
        }
        let key = match plain_string_len(b'"', self.text.as_bytes().get(self.at..).unwrap_or(&[])) {
            Some(len) if is_printable(&self.text.as_bytes()[self.at..self.at + len]) => {
                let key = self.text.get(self.at + 1..self.at + len - 1);
                self.at += len;
                Cow::Borrowed(key.ok_or(Malformed)?)
            }
            _ => string(self.value()?).map_err(|_| Malformed)?,
        };
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// The text of the next value.
    pub(super) fn value(&mut self) -> Result<&'a str, Malformed> {
        let first = self.peek()?;
        let rest = self.text.get(self.at..).ok_or(Malformed)?;
        let len = match plain_string_len(first, rest.as_bytes()) {
            Some(len) => len,
            None => Scan::default().feed(rest.as_bytes()).ok_or(Malformed)?,
        };
        self.at += len;
        // A value of no length is a bracket or comma where a value belongs.
        rest.get(..len)
            .filter(|value| !value.is_empty())
            .ok_or(Malformed)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek()? != byte {
            return Err(Malformed);
        }
        self.at += 1;
        Ok(())
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Result<u8, Malformed> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                byte => return Ok(*byte),
            }
        }
        Err(Malformed)
    }
}

/// Length of a string without escapes. Nearly all are, and short.
fn plain_string_len(first: u8, bytes: &[u8]) -> Option<usize> {
    if first != b'"' {
        return None;
    }
    let inside = bytes.get(1..)?;
    let len = memchr::memchr2(b'"', b'\\', inside)?;
    (inside.get(len) == Some(&b'"')).then_some(len + 2)
}

/// Control characters have to be escaped.
fn is_printable(text: &[u8]) -> bool {
    text.iter().copied().fold(u8::MAX, u8::min) >= b' '
}

/// The string in `text`, borrowed where it has no escapes.
pub(super) fn string(text: &str) -> serde_json::Result<Cow<'_, str>> {
    let inside = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .filter(|text| is_printable(text.as_bytes()));
    match inside.and_then(unescaped) {
        Some(text) => Ok(text),
        None => serde_json::from_str::<super::values::Text<'_>>(text).map(|text| text.0),
    }
}

/// The text with its quotes and backslashes bare, as addresses have them; `None` for any other escape.
fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    let Some(mut at) = memchr::memchr2(b'"', b'\\', text.as_bytes()) else {
        return Some(Cow::Borrowed(text));
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (before, escape) = rest.split_at_checked(at)?;
        out.push_str(before);
        match escape.as_bytes() {
            [b'\\', byte @ (b'"' | b'\\'), ..] => out.push(char::from(*byte)),
            _ => return None,
        }
        rest = escape.get(2..)?;
        match memchr::memchr2(b'"', b'\\', rest.as_bytes()) {
            Some(next) => at = next,
            None => break,
        }
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<(String, String)>, Malformed> {
        let mut members = Members::of(text)?;
        let mut list = Vec::new();
        while let Some(key) = members.key()? {
            list.push((key.into_owned(), members.value()?.to_owned()));
        }
        Ok(list)
    }

    #[test]
    fn gives_names_and_texts() {
        let text = r#"{ "a" : 1, "b\"\u00e9": {"x": "}"} ,"c":[1, 2], "d":"", "e": null}"#;
        let list = all(text).unwrap();
        let list: Vec<_> = list
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let expected = [
            ("a", "1"),
            ("b\"é", r#"{"x": "}"}"#),
            ("c", "[1, 2]"),
            ("d", r#""""#),
            ("e", "null"),
        ];
        assert_eq!(list, expected);
        assert!(all("{}").unwrap().is_empty());
    }

    #[test]
    fn reads_strings_as_the_parser_does() {
        for text in [
            r#""""#,
            r#""a""#,
            r#""a[\"b\"]""#,
            r#""\\""#,
            r#""\\\"é""#,
            r#""\u00e9\n\/""#,
            r#""a"b""#,
            r#""a\""#,
            r#"""#,
            "\"a\nb\"",
            "7",
        ] {
            let expected = serde_json::from_str::<String>(text).ok();
            assert_eq!(string(text).ok().map(Cow::into_owned), expected, "{text}");
        }
    }

    #[test]
    fn goes_in_and_comes_out() {
        let mut members = Members::of(r#"{"a": {"b": {}, "c": 2}, "d": 3}"#).unwrap();
        assert_eq!(members.key().unwrap().unwrap(), "a");
        members.enter().unwrap();
        assert_eq!(members.key().unwrap().unwrap(), "b");
        members.enter().unwrap();
        assert_eq!(members.key().unwrap(), None);
        assert_eq!(members.key().unwrap().unwrap(), "c");
        assert_eq!(members.value().unwrap(), "2");
        assert_eq!(members.key().unwrap(), None);
        assert_eq!(members.key().unwrap().unwrap(), "d");
        assert!(members.enter().is_err());
        let mut members = Members::of(r#"{"a": [1, {"b": 2}, []]}"#).unwrap();
        members.key().unwrap();
        members.enter_list().unwrap();
        let mut elements = Vec::new();
        while members.element().unwrap() {
            elements.push(members.value().unwrap());
        }
        assert_eq!(elements, ["1", r#"{"b": 2}"#, "[]"]);
        assert_eq!(members.key().unwrap(), None);
    }

    #[test]
    fn goes_no_deeper_than_the_parser() {
        let text = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
        let mut members = Members::of(&text).unwrap();
        let deepest = (0..200).find(|_| {
            members.key().unwrap();
            members.enter().is_err()
        });
        // `of` goes into the first.
        assert_eq!(deepest, Some(127));
        assert!(
            Malformed::describe(&text)
                .to_string()
                .contains("128 levels")
        );
    }

    #[test]
    fn refuses_what_is_no_object() {
        for text in [
            "",
            "[]",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            r#"{"a":1 "b":2}"#,
            r#"{a:1}"#,
            r#"{"a":1,}"#,
            r#"{,"a":1}"#,
            r#"{"a":,"b":1}"#,
        ] {
            assert!(all(text).is_err(), "{text}");
        }
    }
}
