//! Answers about a place: why something is found there, and what would mend it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use abide_core::policy;
use abide_fix::FileFix;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, Hover, HoverContents, HoverParams, MarkupContent,
    MarkupKind, Range, TextEdit,
};
use serde_json::{Value, json};

use super::worker::Question;
use super::workspace::{Shown, Workspace, file};
use super::{log, place};
use crate::commands::{explain, fix};
use crate::terminal;

/// What `abide explain` says of the policies that are broken at a place.
pub(super) fn hover(workspace: &Workspace, params: &HoverParams) -> Option<Hover> {
    let at = &params.text_document_position_params;
    let path = file(&at.text_document.uri)?;
    let chosen = &workspace.policies.as_ref()?.chosen;
    let here = Range::new(at.position, at.position);
    let shown = workspace.shown(&path);
    let shown: Vec<&Shown> = shown
        .map(|(_, shown)| shown)
        .filter(|shown| place::touch(shown.diagnostic.range, here))
        .collect();
    let range = shown.first()?.diagnostic.range;
    let policies: BTreeSet<u32> = shown
        .iter()
        .filter_map(|shown| Some(shown.finding.as_ref()?.policy))
        .collect();
    let texts: Vec<String> = policies
        .into_iter()
        .filter_map(|policy| {
            let mut policy = chosen.set.policies.get(policy as usize)?.policy.clone();
            policy::complete(&mut policy);
            Some(terminal::visible(&explain::describe(&policy)))
        })
        .collect();
    if texts.is_empty() {
        return None;
    }
    // Plain text of a terminal; as Markdown its examples would be mangled.
    let fence = "`".repeat(
        texts
            .iter()
            .map(|text| ticks(text))
            .max()
            .unwrap_or(0)
            .max(2)
            + 1,
    );
    let value = texts
        .iter()
        .map(|text| format!("{fence}text\n{text}{fence}"));
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: value.collect::<Vec<_>>().join("\n\n"),
        }),
        range: Some(range),
    })
}

/// The longest run of backticks, which a fence must be longer than.
fn ticks(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

/// What is shown at the place that code actions are wanted for, if such as ours are.
pub(super) fn subjects(workspace: &Workspace, params: &CodeActionParams) -> Vec<(PathBuf, Shown)> {
    let wanted = params.context.only.as_ref().is_none_or(|kinds| {
        let quick = CodeActionKind::QUICKFIX;
        kinds
            .iter()
            .any(|kind| *kind == quick || kind.as_str().is_empty())
    });
    let (Some(path), true) = (file(&params.text_document.uri), wanted) else {
        return Vec::new();
    };
    workspace
        .shown(&path)
        .filter(|(_, shown)| place::touch(shown.diagnostic.range, params.range))
        .map(|(dir, shown)| (dir.to_owned(), shown.clone()))
        .collect()
}

/// The proven fixes of what is found at a place.
pub(super) fn actions(question: &Question) -> Vec<Value> {
    let mut actions: Vec<Value> = Vec::new();
    for (dir, shown) in &question.here {
        if let Some(action) = action(question, dir, shown)
            && !actions.contains(&action)
        {
            actions.push(action);
        }
    }
    actions
}

fn action(question: &Question, dir: &Path, shown: &Shown) -> Option<Value> {
    let finding = shown.finding.as_ref()?;
    if finding.fix.is_empty() || question.is_cancelled() {
        return None;
    }
    let chosen = &question.policies.chosen;
    let load = |texts: &abide_fix::Texts| question.load(dir, texts);
    let judge = |inventory: &abide_core::inventory::Inventory| fix::judge(inventory, chosen);
    let fixes = match abide_fix::fix_one(&load, &judge, finding) {
        Ok(fixes) => fixes,
        Err(why) => {
            log(&format!("no fix for {}: {why}", finding.resource_address));
            return None;
        }
    };
    let policy = &chosen.set.policies.get(finding.policy as usize)?.policy;
    let action = CodeAction {
        title: format!("{}: {}", policy.id, summary(&fixes)),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![shown.diagnostic.clone()]),
        is_preferred: Some(true),
        ..CodeAction::default()
    };
    let mut changes: BTreeMap<String, Vec<TextEdit>> = BTreeMap::new();
    for fix in &fixes {
        let path = dir.join(&fix.name);
        let uri = question.documents.uri(&path)?;
        let text = match question.documents.text(&path) {
            Some(open) => open,
            None => fix.before.trim_start_matches('\u{feff}'),
        };
        changes.insert(uri.as_str().to_owned(), edits(text, fix));
    }
    let mut action = serde_json::to_value(action).ok()?;
    // The type of `lsp-types` is a map in no order.
    action["edit"] = json!({ "changes": changes });
    Some(action)
}

fn edits(text: &str, fix: &FileFix) -> Vec<TextEdit> {
    let edits = fix.edits.iter().map(|edit| TextEdit {
        range: Range {
            start: place::position(text, edit.start.line, edit.start.column),
            end: place::position(text, edit.end.line, edit.end.column),
        },
        new_text: edit.replacement.clone(),
    });
    edits.collect()
}

/// The first line that comes, in a few words.
fn summary(fixes: &[FileFix]) -> String {
    let new = fixes.iter().find_map(|fix| {
        let edit = fix.edits.first()?;
        let before = fix.before.get(..edit.start_byte)?;
        let line = before.matches('\n').count();
        let mut lines = fix.after.lines().skip(line);
        lines.find(|line| !line.trim().is_empty()).map(str::trim)
    });
    match new {
        Some(line) => line.chars().take(80).collect(),
        None => "fix".to_owned(),
    }
}
