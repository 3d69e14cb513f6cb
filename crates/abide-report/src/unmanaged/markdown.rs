//! Unmanaged resources for a pull request or an issue.

use super::{UnmanagedAccount, UnmanagedReport, UnmanagedResource, words};
use crate::escape::{clip, markdown, markdown_code};

/// Characters of a line.
const LINE: usize = 600;
/// Resources of one account that are listed.
const RESOURCES: usize = 100;

pub(super) fn text(report: &UnmanagedReport) -> String {
    let mut out = String::from("## Unmanaged resources\n\n");
    for account in &report.accounts {
        self::account(report, account, &mut out);
    }
    out
}

fn account(report: &UnmanagedReport, account: &UnmanagedAccount, out: &mut String) {
    out.push_str(&format!("### Account {}\n\n", markdown(&account.account)));
    let found = match &account.outcome {
        Ok(found) => found,
        Err(error) => {
            let error = error.lines().next().unwrap_or_default();
            let error = markdown(&clip(error, LINE));
            out.push_str(&format!("**Could not be looked at:** {error}\n\n"));
            return;
        }
    };
    out.push_str(&format!(
        "{}. Targets: {}. Regions: {}.\n\n",
        markdown(&words::summary(found)),
        markdown(&account.targets.join(", ")),
        markdown(&account.regions.join(", "))
    ));
    for item in found.resources.iter().take(RESOURCES) {
        resource(report, item, out);
    }
    if found.resources.len() > RESOURCES {
        let more = crate::words::count(found.resources.len() - RESOURCES, "more resource");
        out.push_str(&format!("- {more}\n"));
    }
    if !found.not_looked.is_empty() {
        out.push_str("\n**Not looked at:** what is there is not known.\n\n");
        for unseen in &found.not_looked {
            let line = words::unseen(unseen);
            out.push_str(&format!("- {}\n", markdown(&clip(&line, LINE))));
        }
    }
    for remark in &found.remarks {
        out.push_str(&format!("\n> {}\n", markdown(&clip(remark, LINE))));
    }
    out.push('\n');
}

fn resource(report: &UnmanagedReport, item: &UnmanagedResource, out: &mut String) {
    let place = words::place(item.region.as_deref());
    let ignored = match &item.ignored {
        Some(ignore) => format!(
            ", ignored until {} ({}: {})",
            markdown(&ignore.expires),
            markdown(&ignore.owner),
            markdown(&clip(&ignore.reason, LINE))
        ),
        None => String::new(),
    };
    out.push_str(&format!(
        "- {} {} ({}){ignored}\n",
        markdown_code(&item.type_name),
        markdown_code(&item.id),
        markdown(place)
    ));
    if let Some(children) = words::children(item) {
        out.push_str(&format!("  - with {}\n", markdown(&children)));
    }
    for finding in &item.findings {
        let line = words::finding(report, finding);
        out.push_str(&format!("  - {}\n", markdown(&clip(&line, LINE))));
    }
    if let Some(reason) = &item.unread {
        out.push_str(&format!(
            "  - could not be read: {}\n",
            markdown(&clip(reason, LINE))
        ));
    }
}
