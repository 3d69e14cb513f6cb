//! Numbers.

use super::arguments::{int, list, number, text, wrong_number};
use super::{Function, Outcome};
use crate::number::Num;
use crate::value::{Kind, Val};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("abs", Function::Plain(abs)),
    ("ceil", Function::Plain(|a| round(a, f64::ceil))),
    ("floor", Function::Plain(|a| round(a, f64::floor))),
    ("log", Function::Plain(log)),
    (
        "max",
        Function::Plain(|a| extreme(a, std::cmp::Ordering::Greater)),
    ),
    (
        "min",
        Function::Plain(|a| extreme(a, std::cmp::Ordering::Less)),
    ),
    ("parseint", Function::Plain(parseint)),
    ("pow", Function::Plain(pow)),
    ("signum", Function::Plain(signum)),
    ("sum", Function::Plain(sum)),
];

fn abs(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    let value = number(value)?;
    Ok(Val::number(match value.order(Num::Int(0)) {
        std::cmp::Ordering::Less => value.negate(),
        _ => value,
    }))
}

fn round(arguments: &[Val], how: fn(f64) -> f64) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    Ok(Val::number(match number(value)? {
        Num::Int(int) => Num::Int(int),
        Num::Float(float) => Num::from_f64(how(float)),
    }))
}

fn log(arguments: &[Val]) -> Outcome {
    let [value, base] = arguments else {
        return wrong_number();
    };
    // Terraform computes this one with doubles, too.
    let result = number(value)?.as_f64().ln() / number(base)?.as_f64().ln();
    finite(result)
}

fn pow(arguments: &[Val]) -> Outcome {
    let [value, exponent] = arguments else {
        return wrong_number();
    };
    let (value, exponent) = (number(value)?, number(exponent)?);
    if let (Num::Int(value), Num::Int(exponent)) = (value, exponent)
        && let Ok(exponent) = u32::try_from(exponent)
        && let Some(exact) = value.checked_pow(exponent)
    {
        return Ok(Val::int(exact));
    }
    finite(value.as_f64().powf(exponent.as_f64()))
}

fn finite(value: f64) -> Outcome {
    if value.is_finite() {
        Ok(Val::number(Num::from_f64(value)))
    } else {
        Err("the result is no number".to_owned())
    }
}

fn extreme(arguments: &[Val], keep: std::cmp::Ordering) -> Outcome {
    let mut best: Option<Num> = None;
    for argument in arguments {
        let value = number(argument)?;
        if best.is_none_or(|best| value.order(best) == keep) {
            best = Some(value);
        }
    }
    best.map_or_else(wrong_number, |best| Ok(Val::number(best)))
}

fn parseint(arguments: &[Val]) -> Outcome {
    let [value, base] = arguments else {
        return wrong_number();
    };
    let base = u32::try_from(int(base)?)
        .ok()
        .filter(|base| (2..=62).contains(base))
        .ok_or("the base must be between 2 and 62")?;
    let digits = text(value)?;
    let bad = || "the text is no whole number in this base".to_owned();
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    if digits.is_empty() {
        return Err(bad());
    }
    let mut total: i64 = 0;
    for digit in digits.chars() {
        let digit = digit_of(digit, base).ok_or_else(bad)?;
        total = total
            .checked_mul(i64::from(base))
            .and_then(|total| total.checked_add(i64::from(digit)))
            .ok_or("the number is too large")?;
    }
    Ok(Val::int(if negative { -total } else { total }))
}

/// Up to base 36 letters count in either case; above, small letters come first.
fn digit_of(c: char, base: u32) -> Option<u32> {
    let digit = match c {
        '0'..='9' => u32::from(c) - u32::from('0'),
        'a'..='z' => u32::from(c) - u32::from('a') + 10,
        'A'..='Z' if base <= 36 => u32::from(c) - u32::from('A') + 10,
        'A'..='Z' => u32::from(c) - u32::from('A') + 36,
        _ => return None,
    };
    (digit < base).then_some(digit)
}

fn signum(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    Ok(Val::int(match number(value)?.order(Num::Int(0)) {
        std::cmp::Ordering::Less => -1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => 1,
    }))
}

fn sum(arguments: &[Val]) -> Outcome {
    let [values] = arguments else {
        return wrong_number();
    };
    let values = list(values)?;
    if values.is_empty() {
        return Err("the list is empty".to_owned());
    }
    let mut total = Num::Int(0);
    for value in values.iter() {
        if matches!(value.kind, Kind::Null) {
            return Err("an element is null".to_owned());
        }
        total = total.add(number(value)?);
    }
    Ok(Val::number(total))
}
