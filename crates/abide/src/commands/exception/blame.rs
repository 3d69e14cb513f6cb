//! Who committed which line of a file, by git.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::identity::git;

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) id: String,
    pub(super) author: String,
    /// When it was written, which a rebase keeps.
    pub(super) at: Timestamp,
}

/// The commits of a file's lines; lines that are not committed have none.
pub(super) fn lines(path: &Path) -> BTreeMap<u32, Commit> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let text = git(
        folder.unwrap_or(Path::new(".")),
        &["blame", "--line-porcelain", "--", &name],
    );
    text.as_deref().map(read).unwrap_or_default()
}

/// Reads `git blame --line-porcelain`.
fn read(text: &str) -> BTreeMap<u32, Commit> {
    let mut out = BTreeMap::new();
    let mut at: Option<(u32, String)> = None;
    for line in text.lines() {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next()) {
            // The line itself: whatever it holds is no header.
            _ if line.starts_with('\t') => at = None,
            (Some(id), Some(_), Some(number)) if at.is_none() && id.len() >= 40 => {
                at = number.parse().ok().map(|number| (number, id.to_owned()));
            }
            (Some("author-mail"), Some(mail), _) => {
                let Some((number, id)) = &at else {
                    continue;
                };
                if !id.bytes().all(|byte| byte == b'0') {
                    let commit = Commit {
                        id: id.chars().take(12).collect(),
                        author: mail.trim_matches(['<', '>']).to_owned(),
                        at: Timestamp::UNIX_EPOCH,
                    };
                    out.insert(*number, commit);
                }
            }
            (Some("author-time"), Some(seconds), _) => {
                let commit = at.as_ref().and_then(|(number, _)| out.get_mut(number));
                let time = seconds
                    .parse()
                    .ok()
                    .and_then(|s| Timestamp::from_second(s).ok());
                if let (Some(commit), Some(time)) = (commit, time) {
                    commit.at = time;
                }
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_authors_and_uncommitted_ones_none() {
        let text = format!(
            "{} 1 1 1\nauthor Ana\nauthor-mail <ana@example.com>\nauthor-time 86400\nfilename f\n\t- id: a\n{} 2 2\nauthor-mail <not.committed.yet>\n\tauthor-mail <x>\n",
            "a".repeat(40),
            "0".repeat(40)
        );
        let lines = read(&text);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[&1].author, "ana@example.com");
        assert_eq!(lines[&1].at.as_second(), 86_400);
    }
}
