//! A loaded directory as the locator of its findings.

use std::sync::Arc;

use abide_core::attribute::AttributePath;
use abide_core::finding::{self, Related};
use abide_core::locate::{Locator, Site};
use abide_core::request::Requests;

use crate::loaded::{CallPlace, Feed, FeedKind, Loaded, Trace};
use crate::source_map::Location;

impl Locator for Loaded {
    fn site(&self, address: &str, attribute: Option<&AttributePath>) -> Option<Site> {
        let nothing = AttributePath::default();
        let path = attribute.unwrap_or(&nothing);
        let trace = self.origins.trace(address, path).or_else(|| {
            // Instances that only the plan knows are written where the others are.
            self.origins.trace(self.origins.sibling(address)?, path)
        })?;
        Pen {
            loaded: self,
            trace,
        }
        .site()
    }

    fn text(&self, file: &str) -> Option<Arc<str>> {
        let file = self.sources.named(file)?;
        Some(self.secrets.mask(&file.text))
    }

    fn requests(&self) -> Requests {
        self.read_requests()
    }
}

/// Draws the places of one trace.
struct Pen<'l> {
    loaded: &'l Loaded,
    trace: Trace,
}

impl Pen<'_> {
    fn site(&self) -> Option<Site> {
        let trace = &self.trace;
        let written = trace.attribute.map_or(trace.header, |attribute| {
            self.narrower(attribute, trace.place)
        });
        let edited = trace.fed_by.iter().rposition(is_to_edit);
        let own = edited
            .and_then(|at| trace.fed_by.get(at))
            .map_or(written, |feed| self.narrower(feed.attribute, feed.place));
        // Nobody edits a downloaded module; they call it.
        let call = self.is_downloaded(own).then(|| self.own_call()).flatten();
        let primary = call.map_or(own, |call| call.header);
        let mut related = Vec::new();
        for (at, feed) in trace.fed_by.iter().enumerate().rev() {
            if call.is_some() || Some(at) != edited {
                self.relate(&mut related, primary, &message(feed), feed.attribute);
            }
        }
        if written != primary {
            let message = match trace.attribute {
                Some(_) => "used here",
                None => "not set in this block",
            };
            self.relate(&mut related, primary, message, written);
        }
        self.relate(&mut related, primary, "in this block", trace.header);
        let calls = trace.calls.iter().rev().filter_map(|call| {
            Some(Related {
                message: format!("{} is called here", call.module),
                location: self.range(call.header)?,
            })
        });
        Some(Site {
            primary: self.range(primary)?,
            related,
            calls: calls.collect(),
        })
    }

    /// The innermost call that is not itself in a downloaded module.
    fn own_call(&self) -> Option<&CallPlace> {
        let mut calls = self.trace.calls.iter();
        calls.find(|call| !self.is_downloaded(call.header))
    }

    fn is_downloaded(&self, location: Location) -> bool {
        let file = self.loaded.sources.file(location.file);
        file.is_some_and(|file| file.name.split('/').any(|step| step == ".terraform"))
    }

    /// The whole `name = value`, unless the value's deciding part stands on a later line.
    fn narrower(&self, attribute: Location, place: Location) -> Location {
        match (self.range(attribute), self.range(place)) {
            (Some(whole), Some(part)) if part.line > whole.line => place,
            _ => attribute,
        }
    }

    fn relate(
        &self,
        related: &mut Vec<Related>,
        primary: Location,
        message: &str,
        location: Location,
    ) {
        if location == primary {
            return;
        }
        let Some(location) = self.range(location) else {
            return;
        };
        if related.iter().all(|known| known.location != location) {
            related.push(Related {
                message: message.to_owned(),
                location,
            });
        }
    }

    fn range(&self, location: Location) -> Option<finding::Location> {
        self.loaded.sources.range(location)
    }
}

/// Whether an edit belongs there: who calls a module or sets a local value
/// decides; a default or the keys of a repetition serve others too.
fn is_to_edit(feed: &Feed) -> bool {
    matches!(feed.kind, FeedKind::Argument | FeedKind::Local)
}

fn message(feed: &Feed) -> String {
    match feed.kind {
        FeedKind::Local => format!("local.{} is set here", feed.name),
        FeedKind::Argument => format!("{} is passed here", feed.name),
        FeedKind::Default => "this is the default".to_owned(),
        FeedKind::ForEach => "the instances come from here".to_owned(),
    }
}
