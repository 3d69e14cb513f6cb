//! The control catalogue: which numbered requirements SOC 2, PCI DSS and the CIS AWS benchmark have, in which edition, under which
//! other numbers in other editions, and what of each one infrastructure code can show.
//!
//! - [`Framework`], [`Edition`] and [`ControlId`] are names. They are parsed without the catalogue, so reading a policy that lists
//!   `pci-dss-4.0.1:1.3.1` costs no table lookup.
//! - [`Catalogue::builtin`] holds every [`Control`] of the data files in `frameworks/`, embedded as text and parsed on first use.
//! - [`Catalogue::lookup`] takes what people write: a canonical id, an id of an older edition, or a short id such as `SOC2-CC6.1`.
//!
//! ```
//! use abide_controls::{Catalogue, Claim, ControlId, resolve_alias};
//!
//! let id: ControlId = "pci-dss-4.0.1:1.3.1".parse()?;
//! let control = Catalogue::builtin().get(&id).ok_or("not in the catalogue")?;
//! assert_eq!(control.short_label(), "PCI-DSS-1.3.1");
//! assert_eq!(control.claim(), Claim::Supports);
//!
//! // In CIS 1.5.0 numbering, where this short id comes from, 5.2 was what 7.0.0 calls 6.3.
//! assert_eq!(resolve_alias("CIS-5.2")[0].id.to_string(), "cis-aws-7.0.0:6.3");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An id without its edition means nothing: CIS renumbered its sections five times, and PCI DSS 3.2.1 and 4.0.1 share numbers that mean
//! different things. A short id is therefore only an alias; everything stored or compared is a [`ControlId`].

mod alias;
mod catalogue;
mod control;
mod error;
mod framework;
mod id;
mod number;
mod suggest;
mod text;

pub use alias::resolve_alias;
pub use catalogue::{Catalogue, CatalogueError};
pub use control::{Claim, Control, Decidable, Extent, Level};
pub use error::ControlError;
pub use framework::{Edition, Framework};
pub use id::ControlId;
