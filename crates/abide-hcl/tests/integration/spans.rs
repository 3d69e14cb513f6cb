//! Locations against the text itself: what stands at them is the attribute.

use abide_core::finding::Location;
use abide_core::locate::{Locator, Site};
use abide_core::source::{RedactionKey, Wanted};
use abide_hcl::{Loaded, Options, load_text};

const MAIN: &str = r#"# Größe: 日本語 👍
locals {
  encrypted = false
}

resource "aws_db_instance" "über" {
	storage_encrypted	= local.encrypted
	tags = { Ñame = "ünï", Owner = "é" }

	/* π */ backup_retention_period = 3
}

resource "aws_security_group" "g" {
  ingress {
    from_port   = 22
    cidr_blocks = [
      "10.0.0.0/8",
      "0.0.0.0/0",
    ]
  }
}

module "store" {
  source = "./store"
  public = true
}

variable "size" { default = 10 }

resource "aws_ebs_volume" "v" { size = var.size }
"#;

const STORE: &str = r#"variable "public" {}

resource "aws_s3_bucket" "b" {
  force_destroy = var.public
}
"#;

fn load(change: impl Fn(&str) -> String) -> Loaded {
    let wanted = Wanted::everything();
    let options = Options::new(&wanted, RedactionKey::new([7; 32]));
    load_text(
        &[
            ("main.tf", &change(MAIN)),
            ("store/main.tf", &change(STORE)),
        ],
        &options,
    )
    .unwrap()
}

fn site(loaded: &Loaded, address: &str, path: &str) -> Site {
    let path = path.parse().unwrap();
    loaded.site(address, Some(&path)).unwrap()
}

/// The text at a location, found by lines and columns alone.
fn at(loaded: &Loaded, location: &Location) -> String {
    let text = loaded.text(&location.file).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines: Vec<&str> = text.split('\n').collect();
    let from = |line: u32, column: u32| {
        let chars = lines[line as usize - 1].chars();
        chars.skip(column as usize - 1).collect::<String>()
    };
    let until = |line: u32, column: u32| {
        let chars = lines[line as usize - 1].chars();
        chars.take(column as usize - 1).collect::<String>()
    };
    if location.line == location.end_line {
        let width = location.end_column - location.column;
        return from(location.line, location.column)
            .chars()
            .take(width as usize)
            .collect();
    }
    let mut out = vec![from(location.line, location.column)];
    for line in location.line + 1..location.end_line {
        out.push(lines[line as usize - 1].to_owned());
    }
    out.push(until(location.end_line, location.end_column));
    out.join("\n")
}

fn check(change: impl Fn(&str) -> String) {
    let loaded = load(change);
    assert_eq!(loaded.inventory.diagnostics, []);
    let primary = |address: &str, path: &str| at(&loaded, &site(&loaded, address, path).primary);
    let db = "aws_db_instance.über";
    assert_eq!(
        primary(db, "backup_retention_period"),
        "backup_retention_period = 3"
    );
    assert_eq!(primary(db, "tags.Owner"), r#"Owner = "é""#);
    assert_eq!(primary(db, "tags.Ñame"), r#"Ñame = "ünï""#);
    // What feeds it is the line to edit.
    assert_eq!(primary(db, "storage_encrypted"), "encrypted = false");
    assert_eq!(
        primary(db, "multi_az"),
        r#"resource "aws_db_instance" "über""#
    );
    let group = "aws_security_group.g";
    assert_eq!(primary(group, "ingress[0].from_port"), "from_port   = 22");
    // An element on a line of its own.
    assert_eq!(
        primary(group, "ingress[0].cidr_blocks[1]"),
        r#""0.0.0.0/0""#
    );
    assert_eq!(primary(group, "ingress[0].description"), "ingress");
    assert_eq!(
        primary("module.store.aws_s3_bucket.b", "force_destroy"),
        "public = true"
    );
    // A default serves others too.
    assert_eq!(primary("aws_ebs_volume.v", "size"), "size = var.size");
}

#[test]
fn unix_lines() {
    check(str::to_owned);
}

#[test]
fn windows_lines() {
    check(|text| text.replace('\n', "\r\n"));
}

#[test]
fn byte_order_mark() {
    check(|text| format!("\u{feff}{text}"));
}

#[test]
fn names_what_feeds_and_the_calls() {
    let loaded = load(str::to_owned);
    let site = site(&loaded, "module.store.aws_s3_bucket.b", "force_destroy");
    let related: Vec<(&str, String)> = site
        .related
        .iter()
        .map(|related| (related.message.as_str(), at(&loaded, &related.location)))
        .collect();
    assert_eq!(
        related,
        [
            ("used here", "force_destroy = var.public".to_owned()),
            (
                "in this block",
                r#"resource "aws_s3_bucket" "b""#.to_owned()
            ),
        ]
    );
    let calls: Vec<(&str, String)> = site
        .calls
        .iter()
        .map(|call| (call.message.as_str(), at(&loaded, &call.location)))
        .collect();
    assert_eq!(
        calls,
        [(
            "module.store is called here",
            r#"module "store""#.to_owned()
        )]
    );
    assert_eq!(site.primary.file, "main.tf");
}

#[test]
fn every_attribute_of_a_generated_file_is_at_its_place() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for n in 0..200 {
        let pad = "é".repeat(n % 7);
        writeln!(
            text,
            "/*{pad}*/resource \"aws_s3_bucket\" \"b{n}\" {{ bucket = \"{pad}{n}\" }}"
        )
        .unwrap();
    }
    let wanted = Wanted::everything();
    let options = Options::new(&wanted, RedactionKey::new([7; 32]));
    let loaded = load_text(&[("main.tf", &text)], &options).unwrap();
    for n in 0..200 {
        let found = site(&loaded, &format!("aws_s3_bucket.b{n}"), "bucket");
        let pad = "é".repeat(n % 7);
        assert_eq!(
            at(&loaded, &found.primary),
            format!("bucket = \"{pad}{n}\"")
        );
    }
}

#[test]
fn text_for_code_frames_hides_secrets() {
    let text = r#"variable "password" {
  default   = "pä55-word-of-the-db"
  sensitive = true
}
resource "aws_db_instance" "d" {
  password   = var.password
  identifier = "db"
}
resource "aws_db_instance" "e" {
  password = "quoted \"text\" here"
}
"#;
    let mut wanted = Wanted::default();
    wanted.add("aws_db_instance", "identifier");
    let options = Options::new(&wanted, RedactionKey::new([7; 32]));
    let loaded = load_text(&[("main.tf", text)], &options).unwrap();
    let shown = loaded.text("main.tf").unwrap();
    assert!(
        shown.contains(r#"default   = "*******************""#),
        "{shown}"
    );
    assert!(!shown.contains("quoted"), "{shown}");
    assert!(shown.contains(r#"identifier = "db""#));
    assert_eq!(shown.chars().count(), text.chars().count());
    // Of a type nobody reads, too.
    let nothing = Wanted::default();
    let options = Options::new(&nothing, RedactionKey::new([7; 32]));
    let unread = load_text(&[("main.tf", text)], &options).unwrap();
    assert!(!unread.text("main.tf").unwrap().contains("quoted"));
    assert!(!format!("{:?}", loaded.inventory).contains("word-of"));
}
