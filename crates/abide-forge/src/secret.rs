//! Secrets that show themselves to nobody but the header they are for.

use std::fmt;

/// An access token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is nothing in it.
    #[error("the token is empty")]
    Empty,
    /// It would break the header it stands in.
    #[error(
        "the token holds a character that no token has, such as a line break: was a file with more than the token put into the variable?"
    )]
    Malformed,
}

impl Token {
    /// A token, white space around it left out.
    ///
    /// # Errors
    /// If it cannot stand in a header.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        match text.chars().all(|c| c.is_ascii_graphic()) {
            true => Ok(Self(text.to_owned())),
            false => Err(TokenError::Malformed),
        }
    }

    /// The token itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// A text without the token, should a server have sent it back.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        text.replace(&self.0, "(token)")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let token = Token::new(" ghs_abc\n").unwrap();
        assert_eq!(token.reveal(), "ghs_abc");
        assert_eq!(
            format!("{token:?} {:#?}", Some(&token))
                .matches("abc")
                .count(),
            0
        );
        assert_eq!(token.scrub("Bearer ghs_abc"), "Bearer (token)");
    }

    #[test]
    fn what_breaks_a_header_is_no_token() {
        assert_eq!(Token::new(" \n"), Err(TokenError::Empty));
        assert_eq!(Token::new("a\r\nX-Evil: 1"), Err(TokenError::Malformed));
        assert_eq!(Token::new("a b"), Err(TokenError::Malformed));
    }
}
