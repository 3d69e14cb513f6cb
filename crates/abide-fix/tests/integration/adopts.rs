//! The source is made to say what is there, and stays as its author wrote it.

use abide_core::source::{RedactionKey, Wanted, value_of_json};
use abide_fix::{Texts, Want, adopt};
use abide_hcl::{Options, load_text};

/// The text of `main.tf`, or of the file that changes, after adopting values in JSON.
fn adopted(
    files: &[(&str, &str)],
    wants: &[(&str, &str, &str)],
) -> Result<Vec<(String, String)>, String> {
    let wanted = Wanted::everything();
    let load = |texts: &Texts| {
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (*name, texts.get(*name).map_or(*text, String::as_str)))
            .collect();
        load_text(&files, &Options::new(&wanted, RedactionKey::new([1; 32])))
    };
    let wants: Vec<Want> = wants
        .iter()
        .map(|(address, attribute, value)| Want {
            address: (*address).to_owned(),
            attribute: (*attribute).to_owned(),
            value: (*value != "-").then(|| value_of_json(value).unwrap()),
        })
        .collect();
    let files = adopt(&load, &wants).map_err(|error| error.to_string())?;
    Ok(files
        .into_iter()
        .map(|file| (file.name, file.after))
        .collect())
}

fn one(text: &str, attribute: &str, value: &str) -> String {
    let address = match text.contains("aws_security_group") {
        true => "aws_security_group.a",
        false => "aws_ebs_volume.a",
    };
    let mut files = adopted(&[("main.tf", text)], &[(address, attribute, value)]).unwrap();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0).1
}

const VOLUME: &str = r#"resource "aws_ebs_volume" "a" {
  availability_zone = "eu-west-1a" # near the others
  size              = 5

  tags = { Owner = "platform" }
}
"#;

#[test]
fn a_value_is_replaced_in_its_place() {
    assert_eq!(one(VOLUME, "size", "6"), VOLUME.replace("= 5", "= 6"));
    assert_eq!(
        one(VOLUME, "encrypted", "true"),
        VOLUME.replace(
            "  tags = { Owner = \"platform\" }\n",
            "  tags      = { Owner = \"platform\" }\n  encrypted = true\n"
        )
    );
    assert_eq!(
        one(VOLUME, "tags", "-"),
        VOLUME.replace("\n  tags = { Owner = \"platform\" }\n", "")
    );
}

#[test]
fn maps_change_by_the_entry() {
    let tags = r#"{"Owner": "platform", "CostCentre": "4711"}"#;
    assert_eq!(
        one(VOLUME, "tags", tags),
        VOLUME.replace(
            r#"{ Owner = "platform" }"#,
            r#"{ Owner = "platform", CostCentre = "4711" }"#
        )
    );
    let lines = VOLUME.replace(
        r#"{ Owner = "platform" }"#,
        "{\n    # who pays\n    Owner = \"platform\"\n    Gone  = \"x\"\n  }",
    );
    assert_eq!(
        one(&lines, "tags", tags),
        lines.replace("    Gone  = \"x\"\n", "    CostCentre = \"4711\"\n")
    );
    let computed = VOLUME.replace(
        r#"{ Owner = "platform" }"#,
        "local.tags\n}\n\nlocals {\n  tags = { Owner = \"platform\" }",
    );
    assert_eq!(
        one(&computed, "tags", r#"{"Owner": "payments"}"#),
        computed.replace("\"platform\"", "\"payments\"")
    );
}

const GROUP: &str = r#"resource "aws_security_group" "a" {
  name = "a"

  ingress {
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = ["10.0.0.0/8"]
  }

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["10.0.0.0/8"]
  }
}
"#;

fn rule(port: u16, cidr: &str) -> String {
    format!(
        r#"{{"cidr_blocks": ["{cidr}"], "description": "", "from_port": {port}, "ipv6_cidr_blocks": [],
            "prefix_list_ids": [], "protocol": "tcp", "security_groups": [], "self": false, "to_port": {port}}}"#
    )
}

#[test]
fn blocks_come_go_and_change() {
    let ssh = rule(22, "10.0.0.0/8");
    let tls = rule(443, "10.0.0.0/8");
    let wide = rule(443, "192.168.0.0/16");
    // The cloud's order is its own.
    let same = format!("[{tls}, {ssh}]");
    let none = adopted(
        &[("main.tf", GROUP)],
        &[("aws_security_group.a", "ingress", &same)],
    );
    assert_eq!(none.unwrap(), []);
    assert_eq!(
        one(GROUP, "ingress", &format!("[{wide}, {ssh}]")),
        GROUP.replace(
            "443\n    cidr_blocks = [\"10.0.0.0/8\"]",
            "443\n    cidr_blocks = [\"192.168.0.0/16\"]"
        )
    );
    let without = one(GROUP, "ingress", &format!("[{tls}]"));
    assert_eq!(without.matches("ingress").count(), 1, "{without}");
    assert!(
        without.contains(
            "name = \"a\"\n\n  ingress {\n    protocol    = \"tcp\"\n    from_port   = 443"
        ),
        "{without}"
    );
    let more = one(GROUP, "ingress", &format!("[{tls}, {ssh}, {wide}]"));
    assert_eq!(
        more,
        GROUP.replace(
            "\n  }\n}\n",
            "\n  }\n\n  ingress {\n    cidr_blocks = [\"192.168.0.0/16\"]\n    from_port   = 443\n    protocol    = \"tcp\"\n    to_port     = 443\n  }\n}\n"
        )
    );
}

#[test]
fn what_feeds_the_value_is_edited_and_a_module_is_not() {
    let files = [
        (
            "main.tf",
            "module \"disk\" {\n  source = \"./disk\"\n  size   = 5\n}\n",
        ),
        (
            "disk/main.tf",
            "variable \"size\" {}\nvariable \"kind\" {\n  default = \"gp2\"\n}\nresource \"aws_ebs_volume\" \"a\" {\n  availability_zone = \"a\"\n  size = var.size\n  type = var.kind\n}\n",
        ),
    ];
    let changed = adopted(
        &files,
        &[
            ("module.disk.aws_ebs_volume.a", "size", "6"),
            ("module.disk.aws_ebs_volume.a", "type", "\"gp3\""),
        ],
    );
    let text = "module \"disk\" {\n  source = \"./disk\"\n  size   = 6\n  kind   = \"gp3\"\n}\n";
    assert_eq!(changed.unwrap(), [("main.tf".to_owned(), text.to_owned())]);
}

#[test]
fn documents_are_written_as_people_write_them() {
    let queue = "resource \"aws_sqs_queue\" \"a\" {\n  policy = jsonencode({ Version = \"2012-10-17\" })\n}\n";
    let document = r#""{\"Statement\":[{\"Effect\":\"Deny\"}],\"Version\":\"2012-10-17\"}""#;
    let changed = adopted(
        &[("main.tf", queue)],
        &[("aws_sqs_queue.a", "policy", document)],
    );
    assert_eq!(
        changed.unwrap()[0].1,
        "resource \"aws_sqs_queue\" \"a\" {\n  policy = jsonencode({\n    Statement = [{ Effect = \"Deny\" }]\n    Version   = \"2012-10-17\"\n  })\n}\n"
    );
}

#[test]
fn what_cannot_be_written_says_why() {
    let dynamic = "resource \"aws_security_group\" \"a\" {\n  dynamic \"ingress\" {\n    for_each = [22]\n    content {\n      from_port = ingress.value\n      to_port = 22\n      protocol = \"tcp\"\n    }\n  }\n}\n";
    let value = format!("[{}]", rule(443, "10.0.0.0/8"));
    let refused = adopted(
        &[("main.tf", dynamic)],
        &[("aws_security_group.a", "ingress", &value)],
    );
    let why = refused.unwrap_err();
    assert!(why.contains("`dynamic` block"), "{why}");
    let elsewhere = adopted(&[("main.tf", VOLUME)], &[("aws_ebs_volume.b", "size", "6")]);
    let why = elsewhere.unwrap_err();
    assert!(why.contains("not in this directory"), "{why}");
}
