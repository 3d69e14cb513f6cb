//! Loading texts, as policy examples do.

use abide_core::attribute::AttributePath;
use abide_core::source::{RedactionKey, Wanted};
use abide_core::value::Value;
use abide_hcl::{Loaded, Options, load_text};

fn load(text: &str) -> Loaded {
    let wanted = Wanted::everything();
    load_text(
        &[("main.tf", text)],
        &Options::new(&wanted, RedactionKey::new([7; 32])),
    )
    .unwrap()
}

fn value(loaded: &Loaded, address: &str, path: &str) -> Option<Value> {
    let (_, resource) = loaded.inventory.find(address)?;
    let path: AttributePath = path.parse().unwrap();
    let mut value = Value::Object(resource.values.clone());
    for step in path.0 {
        value = match (step, value) {
            (abide_core::attribute::Step::Name(name), Value::Object(object)) => {
                object.get(&name)?.clone()
            }
            (abide_core::attribute::Step::Index(at), Value::List(list)) => list.get(at)?.clone(),
            _ => return None,
        };
    }
    Some(value)
}

#[test]
fn keeps_the_known_elements_of_a_list() {
    let loaded = load(
        r#"
        resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
        resource "aws_security_group" "g" {
          dynamic "ingress" {
            for_each = [22, "80"]
            content {
              from_port   = ingress.value
              cidr_blocks = ["0.0.0.0/0", aws_vpc.v.cidr_block, aws_vpc.v.ipv6_cidr_block]
            }
          }
        }
        "#,
    );
    assert_eq!(loaded.inventory.diagnostics, []);
    assert_eq!(
        value(&loaded, "aws_security_group.g", "ingress[1].cidr_blocks"),
        Some(Value::List(vec![
            Value::string("0.0.0.0/0"),
            Value::string("10.0.0.0/16"),
            Value::Unknown
        ]))
    );
    assert_eq!(
        value(&loaded, "aws_security_group.g", "ingress[1].from_port"),
        Some(Value::Number(abide_core::value::Number::Int(80)))
    );
}

#[test]
fn reports_cycles_and_goes_on() {
    let loaded = load(
        r#"
        locals {
          a = local.b
          b = local.a
        }
        resource "aws_s3_bucket" "b" { bucket = local.a }
        resource "aws_s3_bucket" "c" { bucket = "c" }
        "#,
    );
    let [cycle] = loaded.inventory.diagnostics.as_slice() else {
        panic!("{:?}", loaded.inventory.diagnostics)
    };
    assert_eq!(cycle.code, "hcl-cycle");
    assert_eq!(cycle.place.as_ref().unwrap().line, 4);
    assert_eq!(
        value(&loaded, "aws_s3_bucket.b", "bucket"),
        Some(Value::Unknown)
    );
    assert_eq!(
        value(&loaded, "aws_s3_bucket.c", "bucket"),
        Some(Value::string("c"))
    );
}

/// An editor loads at every pause: nothing of a load may stay when its result is dropped.
#[test]
#[cfg(target_os = "linux")]
fn a_dropped_load_leaves_nothing() {
    let resident = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
        pages * 4096
    };
    let module = "variable \"n\" {}\nresource \"aws_s3_bucket\" \"b\" {\n  count  = 50\n  bucket = \"b-${var.n}-${count.index}\"\n}\n";
    let main: String = (0..20)
        .map(|n| format!("module \"m{n}\" {{\n  source = \"./m\"\n  n = {n}\n}}\n"))
        .collect();
    let wanted = Wanted::everything();
    let options = Options::new(&wanted, RedactionKey::new([7; 32]));
    let once = || {
        let loaded = load_text(&[("main.tf", &main), ("m/m.tf", module)], &options).unwrap();
        assert_eq!(loaded.inventory.resources.len(), 1000);
    };
    (0..5).for_each(|_| once());
    let before = resident();
    (0..40).for_each(|_| once());
    let grown = resident().saturating_sub(before);
    assert!(grown < 20 << 20, "{grown} bytes more after 40 loads");
}

/// A flag is text for a variable without a type, as in Terraform; a plan says the value itself.
#[test]
fn values_of_a_plan_keep_their_types_and_flags_win() {
    let text = r#"
        variable "names" { default = [] }
        resource "aws_s3_bucket" "b" {
          for_each = toset(var.names)
          bucket   = each.key
        }
        "#;
    let wanted = Wanted::everything();
    let mut options = Options::new(&wanted, RedactionKey::new([7; 32]));
    options.planned = Some(r#"{"names": ["a", "${b}"], "other": 1}"#.to_owned());
    let loaded = load_text(&[("main.tf", text)], &options).unwrap();
    assert_eq!(loaded.inventory.diagnostics, []);
    let addresses = |loaded: &Loaded| {
        let resources = loaded.inventory.resources.iter();
        let addresses = resources.map(|resource| resource.address.to_string());
        addresses.collect::<Vec<_>>()
    };
    assert_eq!(
        addresses(&loaded),
        [r#"aws_s3_bucket.b["$${b}"]"#, r#"aws_s3_bucket.b["a"]"#]
    );
    options.variables = vec![("names".to_owned(), "text".to_owned())];
    let flagged = load_text(&[("main.tf", text)], &options).unwrap();
    assert_eq!(addresses(&flagged).len(), 1);
    options.planned = Some("[".to_owned());
    let broken = load_text(&[("main.tf", text)], &options).unwrap();
    assert_eq!(broken.inventory.diagnostics.len(), 2);
}
