//! "Did you mean", only where it is likely: a wrong hint costs more than none.

use strsim::{damerau_levenshtein, jaro_winkler};

/// Nothing in a provider is longer; a longer name is no typing mistake and would only cost time.
const LONGEST: usize = 128;
/// From here on two names share all but a few letters in order.
const ALIKE: f64 = 0.92;

/// The member that was probably meant by `wanted`.
pub(crate) fn member(wanted: &str, known: &[&'static str]) -> Option<&'static str> {
    closest(wanted, 0, known.iter().copied()).or_else(|| completion(wanted, known))
}

/// The type that was probably meant by `wanted`.
pub(crate) fn type_name(
    wanted: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    // All types of a provider begin alike, which must not count as likeness.
    let prefix = wanted.find('_').map_or(0, |at| at + 1);
    closest(wanted, prefix, known)
}

fn closest(
    wanted: &str,
    prefix: usize,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    if wanted.len() > LONGEST {
        return None;
    }
    let (head, tail) = wanted.split_at_checked(prefix)?;
    let length = tail.chars().count();
    let limit = match length {
        0..=2 => 0,
        3..=7 => 1,
        8..=11 => 2,
        _ => 3,
    };
    known
        .filter_map(|name| {
            let rest = name.strip_prefix(head)?;
            let distance = damerau_levenshtein(tail, rest);
            let likeness = jaro_winkler(tail, rest);
            let alike = distance <= limit || (likeness >= ALIKE && distance <= length / 3);
            alike.then_some((distance, likeness, name))
        })
        .min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)))
        .map(|(_, _, name)| name)
}

/// The only name that `wanted` is the beginning of, or that is the beginning of `wanted`:
/// `kms_key` for `kms_key_id`, `versioning_configuration` for `versioning`.
fn completion(wanted: &str, known: &[&'static str]) -> Option<&'static str> {
    let continues = |long: &str, short: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.starts_with('_'))
    };
    let mut found = known
        .iter()
        .filter(|name| continues(name, wanted) || continues(wanted, name));
    let first = found.next()?;
    found.next().is_none().then_some(*first)
}
