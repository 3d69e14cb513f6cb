//! What the Terraform AWS provider says its resource types look like.
//!
//! Policies name attributes (`aws_db_instance.storage_encrypted`). This crate answers, without
//! Terraform at hand, whether such a name exists, what type it has, whether the provider may fill
//! it in, whether its value is a secret, and what the author probably meant when it does not exist.
//!
//! ```
//! use abide_schema::{ProviderSchema, ResolveError};
//!
//! let aws = ProviderSchema::aws();
//! let encrypted = aws.resolve("aws_instance", &["root_block_device", "encrypted"])?;
//! assert!(encrypted.computed);
//!
//! let Err(ResolveError::UnknownAttribute { suggestion, .. }) =
//!     aws.resolve("aws_s3_bucket", &["bukcet"])
//! else {
//!     unreachable!()
//! };
//! assert_eq!(suggestion, Some("bucket"));
//! # Ok::<(), ResolveError>(())
//! ```
//!
//! # What lives where
//!
//! * [`ProviderSchema`], [`Block`], [`Member`], [`Type`]: handles that read the embedded bytes in
//!   place. Nothing is parsed at start-up, a lookup is a binary search and allocates nothing.
//! * [`ProviderSchema::resolve`]: a path of names to a [`Resolved`], or a [`ResolveError`] with
//!   "did you mean".
//! * [`ProviderSchema::sensitive_paths`]: what has to be redacted.
//! * [`generate`]: from the output of `terraform providers schema -json` to the bytes.
//!
//! # How to regenerate the embedded file
//!
//! In a directory whose `required_providers` pins the provider version:
//!
//! ```text
//! terraform init
//! terraform providers schema -json > schema.json
//! cargo run -p abide-schema --bin abide-schema-gen -- schema.json 5.100.0 crates/abide-schema/data/aws-5.100.0.bin
//! ```
//!
//! The version is an argument because the JSON does not contain it. The same JSON always gives the
//! same bytes. Names, types and flags are kept; descriptions are not, they are the provider's
//! copyrighted text and nothing here needs them.
//!
//! # Format of the file
//!
//! Little-endian, unaligned. A header holds the magic `ABSC`, the format version, the string ids of
//! the provider's address and version, and the boundaries of eight sections which follow in this
//! order:
//!
//! | section | content |
//! |---|---|
//! | string offsets | `u32` per string plus one: where it starts in the next section |
//! | string bytes | UTF-8, every distinct name once |
//! | nodes | `u32`: kind, "something below is sensitive", payload |
//! | lists | `u16`: a length, then that many member ids, sorted by name |
//! | members | two `u32`: flags and name; item limits and node |
//! | limits | two `u32`: `min_items`, `max_items` (0 for none) |
//! | resources | two `u32`: name and node of a resource type, sorted by name |
//! | data sources | the same for data sources |
//!
//! A node is a type (`list` and its like point to their element) or a list of members, which is the
//! body of a resource type, of a nested block or of an object type. Equal nodes, members and lists
//! are stored once: the 161 000 attributes and blocks of the AWS provider are 17 000 distinct ones.
//! A node only refers to nodes before it. The reader insists on that, so that not even a damaged
//! file can send it round in circles.

mod format;
mod generate;
mod resolve;
mod schema;
mod sensitive;
mod suggest;
mod view;

pub use format::FormatError;
pub use generate::{GenerateError, generate};
pub use resolve::{Cardinality, ResolveError, Resolved, Step, Target};
pub use schema::{Kind, ProviderSchema};
pub use sensitive::SensitivePaths;
pub use view::{Attribute, Block, Element, Member, NestedBlock, Nesting, Type};
