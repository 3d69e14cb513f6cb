//! Tells what a file is when it is no plan, so that the refusal can say so.

use std::fmt;

use encoding_rs::{Encoding as Charset, UTF_16BE, UTF_16LE};

/// How the text is encoded.
pub(super) enum Encoding {
    /// UTF-8; a byte order mark is passed over while reading.
    Utf8,
    /// UTF-16 of either order; PowerShell's `>` writes it.
    Utf16(&'static Charset),
}

pub(super) fn encoding(head: &[u8]) -> Encoding {
    match head {
        [0xff, 0xfe, ..] => Encoding::Utf16(UTF_16LE),
        [0xfe, 0xff, ..] => Encoding::Utf16(UTF_16BE),
        // JSON starts with an ASCII character, so the zero tells the order.
        [b, 0, ..] if b.is_ascii() && *b != 0 => Encoding::Utf16(UTF_16LE),
        [0, b, ..] if b.is_ascii() && *b != 0 => Encoding::Utf16(UTF_16BE),
        _ => Encoding::Utf8,
    }
}

/// Something that is neither plan, state nor configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAnInventory {
    /// A directory.
    Directory,
    /// No text, or white space alone.
    Empty,
    /// The binary file of `terraform plan -out`.
    BinaryPlan,
    /// Some compressed file.
    Compressed,
    /// Some other bytes that are no text.
    Binary,
    /// The stream of `terraform plan -json`.
    MessageStream,
    /// What `terraform plan` or `show` print for people.
    HumanText,
    /// A .tf file.
    Hcl,
    /// YAML, text, anything else that does not start with `{`.
    Text,
    /// A plan behind the line that the setup-terraform action's wrapper prints.
    Wrapped,
    /// A state where only a plan will do.
    NotAPlan,
    /// UTF-16 that cannot be decoded.
    BrokenUtf16,
    /// JSON that is no object.
    OtherJson,
    /// `{}`.
    EmptyObject,
    /// A plan or state of a version that is not known.
    Version {
        /// Plan or state.
        what: &'static str,
        /// The version it states.
        found: String,
        /// The versions that are read.
        supported: &'static str,
    },
    /// A JSON object with other keys.
    OtherObject {
        /// What it looks like, if known.
        guess: Option<&'static str>,
        /// Its first keys.
        keys: Vec<String>,
    },
}

const MAKE_PLAN: &str =
    "make one with `terraform plan -out=plan.bin && terraform show -json plan.bin > plan.json`";

/// A sentence's end about an input: it `is a binary plan file, …`.
pub(super) struct Described<'a> {
    pub(super) what: &'a NotAnInventory,
    pub(super) input: &'a str,
}

/// An input's name as an argument of a shell, or a word that stands for it.
fn argument(input: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=@".contains(c);
    match input {
        "" | "-" => "PLANFILE",
        name if !name.starts_with('-') && name.chars().all(plain) => name,
        _ => "PLANFILE",
    }
}

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use NotAnInventory as What;
        match self.what {
            What::Directory => write!(f, "a directory; expected a plan in JSON: {MAKE_PLAN}"),
            What::Empty => write!(f, "empty; expected a plan in JSON: {MAKE_PLAN}"),
            What::BinaryPlan => write!(
                f,
                "a binary plan file, which only Terraform can read; convert it with `terraform show -json {} > plan.json`",
                argument(self.input)
            ),
            What::Compressed => f.write_str("a compressed file; unpack it first"),
            What::Binary => write!(f, "a binary file; expected a plan in JSON: {MAKE_PLAN}"),
            What::MessageStream => f.write_str(
                "the message stream of `terraform plan -json`, which does not hold the plan; use `terraform plan -out=plan.bin && terraform show -json plan.bin > plan.json`",
            ),
            What::HumanText => f.write_str(
                "the text Terraform prints for people; use `terraform show -json plan.bin > plan.json`",
            ),
            What::Hcl => write!(f, "a Terraform source file; expected a plan in JSON: {MAKE_PLAN}"),
            What::Text => write!(f, "not JSON; expected a plan: {MAKE_PLAN}"),
            What::Wrapped => f.write_str(
                "a plan behind a line of the setup-terraform action's wrapper; set `terraform_wrapper: false` for that action",
            ),
            What::NotAPlan => write!(
                f,
                "a state, which says only what is; expected a plan: {MAKE_PLAN}"
            ),
            What::BrokenUtf16 => f.write_str("UTF-16 text with broken characters; write the file as UTF-8"),
            What::OtherJson => write!(f, "JSON, but no object; expected a plan: {MAKE_PLAN}"),
            What::EmptyObject => write!(f, "an empty JSON object; expected a plan: {MAKE_PLAN}"),
            What::Version { what, found, supported } => {
                write!(f, "a {what} of version {found}; this program reads {supported}")
            }
            What::OtherObject { guess: Some(guess), .. } => write!(f, "{guess}; expected a plan, which has a `format_version`: {MAKE_PLAN}"),
            What::OtherObject { guess: None, keys } => {
                write!(f, "a JSON object that is neither plan nor state (its keys: {}); expected a plan: {MAKE_PLAN}", keys.join(", "))
            }
        }
    }
}

/// Refuses what cannot be a JSON object by its first bytes.
pub(super) fn refuse_other(head: &[u8]) -> Result<(), NotAnInventory> {
    if head.starts_with(b"PK\x03\x04") {
        return Err(NotAnInventory::BinaryPlan);
    }
    if [&b"\x1f\x8b"[..], b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"]
        .iter()
        .any(|magic| head.starts_with(magic))
    {
        return Err(NotAnInventory::Compressed);
    }
    let text = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    match text.first() {
        None => return Err(NotAnInventory::Empty),
        Some(b'{') => {}
        Some(b'[') if text.starts_with(b"[command]") => return Err(NotAnInventory::Wrapped),
        Some(b'[' | b'"') => return Err(NotAnInventory::OtherJson),
        Some(_) if head.contains(&0) => return Err(NotAnInventory::Binary),
        Some(_) => return Err(guess_text(&String::from_utf8_lossy(text))),
    }
    // The stream starts with an object per line, and its first key is `@level`.
    let after_brace = text.get(1..).unwrap_or_default().trim_ascii_start();
    if after_brace.starts_with(b"\"@level\"") || after_brace.starts_with(b"\"@message\"") {
        return Err(NotAnInventory::MessageStream);
    }
    Ok(())
}

fn guess_text(text: &str) -> NotAnInventory {
    let human = [
        "Terraform will perform",
        "Terraform used the selected providers",
        "No changes.",
        "OpenTofu will perform",
        "OpenTofu used the selected",
        "# aws_",
        "# module.",
        "Refreshing state...",
    ];
    let hcl = [
        "resource \"",
        "module \"",
        "provider \"",
        "terraform {",
        "variable \"",
        "data \"",
        "locals {",
    ];
    if human.iter().any(|mark| text.contains(mark)) {
        NotAnInventory::HumanText
    } else if hcl.iter().any(|mark| text.contains(mark)) {
        NotAnInventory::Hcl
    } else {
        NotAnInventory::Text
    }
}

/// Says what an object with these top-level keys is.
pub(super) fn guess_object(keys: &[String]) -> NotAnInventory {
    let has = |name: &str| keys.iter().any(|key| key == name);
    if keys.is_empty() {
        return NotAnInventory::EmptyObject;
    }
    let guess = if has("plan_format_version") {
        Some(
            "the plan that HCP Terraform redacts for its pages; download the plan itself (`json-output`, not `json-output-redacted`)",
        )
    } else if has("provider_schemas") {
        Some("the output of `terraform providers schema -json`")
    } else if has("valid") && has("diagnostics") {
        Some("the output of `terraform validate -json`")
    } else if has("Resources") || has("AWSTemplateFormatVersion") {
        Some("a CloudFormation template")
    } else if has("apiVersion") && has("kind") {
        Some("a Kubernetes manifest")
    } else if has("runs") && (has("$schema") || has("version")) {
        Some("a SARIF log")
    } else if has("resource") || has("module") || has("terraform") {
        Some("a Terraform source file in JSON (.tf.json)")
    } else if has("terraform_version") || has("serverVersion") {
        Some("the output of a `version -json` command")
    } else {
        None
    };
    let mut keys: Vec<_> = keys
        .iter()
        .take(6)
        .map(|key| key.escape_debug().take(40).collect::<String>())
        .collect();
    keys.sort();
    NotAnInventory::OtherObject { guess, keys }
}
