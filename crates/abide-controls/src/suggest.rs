//! "Did you mean": picking and wording what is near to a name that does not exist.

/// Quotes a text for a message: control characters escaped, overlong text cut.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Words a list, `a`, `b` and `c`.
pub(crate) fn list<'a>(items: impl Iterator<Item = &'a str>, last: &str) -> String {
    let items: Vec<String> = items.map(quoted).collect();
    match items.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}

/// The end of an error message that offers what may have been meant; empty if nothing is near.
pub(crate) fn did_you_mean(suggestions: &[String]) -> String {
    if suggestions.is_empty() {
        return String::new();
    }
    format!(
        ", did you mean {}?",
        list(suggestions.iter().map(String::as_str), "or")
    )
}

/// The candidate nearest to `text`, or none if nothing is near enough to be worth offering.
pub(crate) fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    const NEAR_ENOUGH: f64 = 0.78;
    let text: String = text
        .chars()
        .take(64)
        .collect::<String>()
        .to_ascii_lowercase();
    candidates
        .map(|candidate| {
            (
                strsim::jaro_winkler(&text, &candidate.to_ascii_lowercase()),
                candidate,
            )
        })
        .filter(|(score, _)| *score >= NEAR_ENOUGH)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
        .into_iter()
        .collect()
}
