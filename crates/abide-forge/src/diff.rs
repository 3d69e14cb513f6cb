//! Unified diffs: at which lines of the new file a remark may stand.

/// A run of lines of the new file that a diff shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hunk {
    /// The number of the first line.
    first: u32,
    /// For each line, its number in the old file; `None` if it is added.
    old: Vec<Option<u32>>,
}

impl Hunk {
    /// Whether all these lines are in it.
    fn holds(&self, line: u32, end_line: u32) -> bool {
        let length = u32::try_from(self.old.len()).unwrap_or(u32::MAX);
        line >= self.first && line <= end_line && end_line - self.first < length
    }
}

/// The hunks of a file's patch.
pub(crate) fn hunks(patch: &str) -> Vec<Hunk> {
    let mut all: Vec<Hunk> = Vec::new();
    let mut old = 0;
    for line in patch.lines() {
        if let Some((old_start, new_start)) = header(line) {
            old = old_start;
            all.push(Hunk {
                first: new_start,
                old: Vec::new(),
            });
            continue;
        }
        let Some(hunk) = all.last_mut() else {
            continue;
        };
        match line.as_bytes().first() {
            Some(b'+') => hunk.old.push(None),
            Some(b'-') => old += 1,
            // "\ No newline at end of file"
            Some(b'\\') => {}
            _ => {
                hunk.old.push(Some(old));
                old += 1;
            }
        }
    }
    all
}

/// `@@ -1,4 +1,5 @@ …`: where the old and the new lines begin.
fn header(line: &str) -> Option<(u32, u32)> {
    let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let start = |range: &str| range.split(',').next()?.parse().ok();
    Some((start(old)?, start(new)?))
}

/// Whether one hunk shows all these lines: remarks do not cross hunks.
pub(crate) fn shows(hunks: &[Hunk], line: u32, end_line: u32) -> bool {
    hunks.iter().any(|hunk| hunk.holds(line, end_line))
}

/// The number in the old file of a line of the new one that did not change.
pub(crate) fn old_line(hunks: &[Hunk], line: u32) -> Option<u32> {
    let hunk = hunks.iter().find(|hunk| hunk.holds(line, line))?;
    let at = usize::try_from(line - hunk.first).ok()?;
    *hunk.old.get(at)?
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "@@ -1,3 +1,4 @@ resource\n a\n-b\n+B\n+C\n c\n@@ -10 +11,2 @@\n x\n+y\n\\ No newline at end of file";

    #[test]
    fn lines_of_the_new_file() {
        let hunks = hunks(PATCH);
        let shown: Vec<u32> = (0..20).filter(|line| shows(&hunks, *line, *line)).collect();
        assert_eq!(shown, [1, 2, 3, 4, 11, 12]);
        assert!(shows(&hunks, 1, 4));
        assert!(!shows(&hunks, 4, 11), "across hunks");
        assert!(!shows(&hunks, 3, 2));
    }

    #[test]
    fn unchanged_lines_have_an_old_number() {
        let hunks = hunks(PATCH);
        let old: Vec<Option<u32>> = [1, 2, 3, 4, 11, 12]
            .map(|line| old_line(&hunks, line))
            .to_vec();
        assert_eq!(old, [Some(1), None, None, Some(3), Some(10), None]);
        assert_eq!(old_line(&hunks, 99), None);
    }

    #[test]
    fn nonsense_has_no_lines() {
        for patch in [
            "",
            "@@",
            "@@ -a +b @@",
            "+x\n y",
            "@@ -1 +99999999999 @@\n x",
        ] {
            assert!(hunks(patch).is_empty(), "{patch}");
        }
        assert!(!shows(&hunks("@@ -1 +4294967295 @@\n x\n+y"), 1, u32::MAX));
    }
}
