//! Writes attributes and blocks into a block as its author would have.

use abide_hcl::{AttributeSpan, Layout};

use crate::text::{Splice, indent, indentation, line_end, line_start, newline};

/// The indentation one level deeper than the block's own.
fn inner(text: &str, layout: &Layout) -> (String, &'static str) {
    let start = layout.block.start as usize;
    let own = indentation(text, start);
    let children = layout
        .attributes
        .iter()
        .map(|attribute| attribute.whole)
        .chain(layout.blocks.iter().copied())
        .map(|span| span.start as usize);
    let first = children
        .filter(|at| line_start(text, *at) > start)
        .map(|at| indentation(text, at))
        .find(|found| found.len() > own.len());
    let unit = match first {
        Some(found) if found.contains('\t') => "\t",
        None if own.contains('\t') => "\t",
        _ => "  ",
    };
    let inner = first.map_or_else(|| format!("{own}{unit}"), ToOwned::to_owned);
    (inner, unit)
}

/// A block that opens and closes on one line, written on several.
fn opened(text: &str, layout: &Layout, added: &str) -> Option<Vec<Splice>> {
    let brace = layout.header.end as usize;
    let open = brace + text.get(brace..)?.find('{')? + 1;
    let close = (layout.block.end as usize).checked_sub(1)?;
    let line = newline(text);
    let own = indentation(text, layout.block.start as usize);
    let (inner, _) = inner(text, layout);
    let old = text.get(open..close)?.trim();
    let kept = if old.is_empty() {
        String::new()
    } else {
        format!("{inner}{old}{line}")
    };
    let new = format!("{line}{kept}{added}{own}");
    Some(vec![Splice::new(open..close, new)])
}

fn is_one_line(text: &str, layout: &Layout) -> bool {
    let whole = text.get(layout.block.range()).unwrap_or_default();
    !whole.contains('\n')
}

/// Inserts `name = value` after the last attribute, aligned with those above it.
pub(crate) fn attribute(
    text: &str,
    layout: &Layout,
    name: &str,
    value: &str,
) -> Option<Vec<Splice>> {
    let (inner, _) = inner(text, layout);
    let line = newline(text);
    if is_one_line(text, layout) {
        return opened(text, layout, &format!("{inner}{name} = {value}{line}"));
    }
    let Some(last) = layout.attributes.last() else {
        let brace = layout.header.end as usize;
        let open = brace + text.get(brace..)?.find('{')? + 1;
        let at = line_end(text, open);
        let gap = if layout.blocks.is_empty() { "" } else { line };
        let new = format!("{line}{inner}{name} = {value}{gap}");
        return Some(vec![Splice::new(at..at, new)]);
    };
    let end = last.whole.end as usize;
    let group = group(text, layout);
    let (mut splices, padding) = align(text, &group, name)?;
    let new = format!("{inner}{name}{padding}= {value}");
    // The end marker of a heredoc may take its line break along.
    if text.get(..end)?.ends_with('\n') {
        splices.push(Splice::new(end..end, format!("{new}{line}")));
    } else {
        let at = line_end(text, end);
        splices.push(Splice::new(at..at, format!("{line}{new}")));
    }
    Some(splices)
}

/// The attributes of one line each that end the block's attributes without a gap.
fn group<'l>(text: &str, layout: &'l Layout) -> Vec<&'l AttributeSpan> {
    let mut group: Vec<&AttributeSpan> = Vec::new();
    for attribute in layout.attributes.iter().rev() {
        let range = attribute.whole.range();
        if text.get(range.clone()).is_none_or(|own| own.contains('\n')) {
            break;
        }
        if let Some(below) = group.last() {
            let end = line_end(text, range.end);
            let start = line_start(text, below.whole.start as usize);
            let gap = text.get(end..start).unwrap_or_default();
            if gap.matches('\n').count() != 1 {
                break;
            }
        }
        group.push(attribute);
    }
    group
}

/// The padding before the `=` of a new name, and of the others if it is longer than all.
fn align(text: &str, group: &[&AttributeSpan], name: &str) -> Option<(Vec<Splice>, String)> {
    let mut widths = Vec::new();
    for attribute in group {
        let between = attribute.key.end as usize..attribute.value.start as usize;
        let equals = text.get(between)?.find('=')?;
        widths.push(attribute.name.chars().count() + equals);
    }
    let own = name.chars().count();
    let aligned = widths.windows(2).all(|pair| pair[0] == pair[1]);
    let Some(width) = widths.first().copied().filter(|_| aligned) else {
        return Some((Vec::new(), " ".to_owned()));
    };
    if own < width {
        return Some((Vec::new(), " ".repeat(width - own)));
    }
    let more = " ".repeat(own + 1 - width);
    let splices = group.iter().map(|attribute| {
        let at = attribute.key.end as usize;
        Splice::new(at..at, more.clone())
    });
    Some((splices.collect(), " ".to_owned()))
}

/// Inserts a nested block, given with two blanks for each level, at the block's end.
pub(crate) fn block(text: &str, layout: &Layout, hcl: &str) -> Option<Vec<Splice>> {
    let (inner, unit) = inner(text, layout);
    let line = newline(text);
    let new = indent(hcl, &inner, unit, line);
    let empty = layout.attributes.is_empty() && layout.blocks.is_empty();
    let gap = if empty { "" } else { line };
    if is_one_line(text, layout) {
        return opened(text, layout, &format!("{gap}{new}"));
    }
    let close = (layout.block.end as usize).checked_sub(1)?;
    let start = line_start(text, close);
    if text.get(start..close)?.trim().is_empty() {
        Some(vec![Splice::new(start..start, format!("{gap}{new}"))])
    } else {
        let own = indentation(text, layout.block.start as usize);
        Some(vec![Splice::new(
            close..close,
            format!("{line}{gap}{new}{own}"),
        )])
    }
}

/// Puts a block after the line on which another ends.
pub(crate) fn beside(text: &str, end: usize, hcl: &str) -> Vec<Splice> {
    let line = newline(text);
    let at = line_end(text, end);
    let new = indent(hcl, "", "  ", line);
    vec![Splice::new(
        at..at,
        format!("{line}{line}{}", new.trim_end()),
    )]
}
