//! Numbers: exact where Terraform's are, honest where they are not.
//!
//! Terraform computes with 512 bits. A double shows the same digits as long as
//! 15 of them are enough; a number that needs more is not turned into text.

use std::cmp::Ordering;

/// A number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Num {
    Int(i64),
    Float(f64),
}

/// Whole numbers up to here have an exact double.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Num {
    /// The simplest number for a double, rounded to the digits that can be trusted.
    pub(crate) fn from_f64(value: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is checked before"
        )]
        if value.fract() == 0.0 && value.abs() <= EXACT {
            return Self::Int(value as i64);
        }
        Self::Float(value)
    }

    /// The result of a calculation: 0.1 + 0.2 is 0.3.
    pub(crate) fn computed(value: f64) -> Self {
        let rounded = format!("{value:.14e}").parse().unwrap_or(value);
        // Only what rounding makes shorter was meant to be.
        if significant_digits(rounded) <= 13 {
            Self::from_f64(rounded)
        } else {
            Self::from_f64(value)
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Ok(int) = text.parse::<i64>() {
            return Some(Self::Int(int));
        }
        let starts_right = text
            .strip_prefix(['-', '+'])
            .unwrap_or(text)
            .starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let value: f64 = text.parse().ok().filter(|_| starts_right)?;
        value.is_finite().then(|| Self::from_f64(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "only for numbers beyond what is exact"
    )]
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }

    /// The whole number, if it is one.
    pub(crate) fn as_int(self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(int),
            Self::Float(_) => None,
        }
    }

    pub(crate) fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            (a, b) => a.as_f64().total_cmp(&b.as_f64()),
        }
    }

    /// The digits Terraform prints; `None` when a double does not have enough of them.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Int(int) => Some(int.to_string()),
            Self::Float(float) => (significant_digits(float) <= 15).then(|| float.to_string()),
        }
    }

    pub(crate) fn add(self, other: Self) -> Self {
        self.calculate(other, i64::checked_add, |a, b| a + b)
    }

    pub(crate) fn subtract(self, other: Self) -> Self {
        self.calculate(other, i64::checked_sub, |a, b| a - b)
    }

    pub(crate) fn multiply(self, other: Self) -> Self {
        self.calculate(other, i64::checked_mul, |a, b| a * b)
    }

    /// `None` for a division by zero.
    pub(crate) fn divide(self, other: Self) -> Option<Self> {
        if other.as_f64() == 0.0 {
            return None;
        }
        if let (Self::Int(a), Self::Int(b)) = (self, other)
            && a.checked_rem(b) == Some(0)
        {
            return a.checked_div(b).map(Self::Int);
        }
        Some(Self::computed(self.as_f64() / other.as_f64()))
    }

    /// `None` for a division by zero.
    pub(crate) fn modulo(self, other: Self) -> Option<Self> {
        if other.as_f64() == 0.0 {
            return None;
        }
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.checked_rem(b).map(Self::Int),
            (a, b) => Some(Self::computed(a.as_f64() % b.as_f64())),
        }
    }

    pub(crate) fn negate(self) -> Self {
        Self::Int(0).subtract(self)
    }

    fn calculate(
        self,
        other: Self,
        exact: fn(i64, i64) -> Option<i64>,
        inexact: fn(f64, f64) -> f64,
    ) -> Self {
        if let (Self::Int(a), Self::Int(b)) = (self, other)
            && let Some(result) = exact(a, b)
        {
            return Self::Int(result);
        }
        Self::computed(inexact(self.as_f64(), other.as_f64()))
    }
}

fn significant_digits(value: f64) -> usize {
    let text = format!("{value:e}");
    let mantissa = text.split('e').next().unwrap_or_default();
    mantissa.chars().filter(char::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_terraform_does() {
        let number = |text: &str| Num::parse(text).unwrap();
        assert_eq!(number("0.1").add(number("0.2")).text().unwrap(), "0.3");
        assert_eq!(number("1.5").multiply(number("2")).text().unwrap(), "3");
        assert_eq!(
            number("7").divide(number("2")).unwrap().text().unwrap(),
            "3.5"
        );
        // Terraform prints 155 digits.
        assert_eq!(number("1").divide(number("3")).unwrap().text(), None);
        assert!(number("1").divide(number("0")).is_none());
        assert_eq!(
            number("-5").modulo(number("3")).unwrap().text().unwrap(),
            "-2"
        );
        assert!(Num::parse("inf").is_none() && Num::parse("nan").is_none());
    }
}
