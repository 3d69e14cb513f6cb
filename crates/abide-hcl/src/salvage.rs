//! Finds the broken block of a file, so that the others can be judged.
//!
//! Works on lines alone: a block at the top starts at the first column, and so
//! does the brace that closes it. Files that are written otherwise are lost as
//! a whole, as they are to Terraform.

use std::ops::Range;

/// The block at the top level that an error at `offset` comes from.
pub(crate) fn broken_block(text: &str, offset: usize) -> Option<Range<usize>> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        if starts_block(line) {
            blocks.push(Block {
                range: start..end,
                closed: line.trim_end().ends_with('}'),
            });
        } else if let Some(block) = blocks.last_mut() {
            block.range.end = end;
            block.closed |= line.starts_with('}');
        }
        start = end;
    }
    // An unclosed block swallows those after it, and the error is far below.
    let mut before = blocks.iter().filter(|block| block.range.start <= offset);
    let unclosed = before.clone().find(|block| !block.closed);
    let block = unclosed.or(before.next_back())?;
    Some(block.range.clone())
}

struct Block {
    range: Range<usize>,
    closed: bool,
}

fn starts_block(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_alphabetic()) && line.contains('{')
}

/// Puts blanks in place of a part of the text; lines and offsets stay.
pub(crate) fn blank(text: &mut String, range: Range<usize>) {
    let Some(part) = text.get(range.clone()) else {
        return;
    };
    let blanks: String = part
        .bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
        .collect();
    text.replace_range(range, &blanks);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_block_that_is_not_closed() {
        let text = "a \"x\" {\n  b = 1\n\nc \"y\" {\n  d = 2\n}\n";
        let block = broken_block(text, text.len()).unwrap();
        assert_eq!(text.get(block).unwrap(), "a \"x\" {\n  b = 1\n\n");
    }

    #[test]
    fn keeps_lines_and_offsets() {
        let mut text = "é {\n}\nb {\n}\n".to_owned();
        let len = text.len();
        blank(&mut text, 0..6);
        assert_eq!((text.len(), text.matches('\n').count()), (len, 4));
    }
}
