//! Configuration as Terraform generates it, made fit to read.

use abide_schema::{Member, ProviderSchema};
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body, Structure};

/// The resources without what says nothing: attributes that are `null` or empty, and those that only the
/// provider sets. `None` if it is no HCL.
#[must_use]
pub fn without_empty(text: &str) -> Option<String> {
    let bare: String = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    let body: Body = bare.parse().ok()?;
    let mut kept = String::new();
    for block in body.blocks() {
        let mut block = block.clone();
        let kind = block.labels.first().map(|label| label.as_str().to_owned());
        clean(&mut block, kind.as_deref());
        let mut own = Body::new();
        own.push(block);
        kept.push_str(&aligned(own.to_string().trim()));
        kept.push_str("\n\n");
    }
    Some(format!("{}\n", kept.trim_end()))
}

/// The `=` of lines that follow each other below each other, as `terraform fmt` has them.
fn aligned(text: &str) -> String {
    let mut out = String::new();
    let mut group: Vec<(&str, &str)> = Vec::new();
    for line in text.lines() {
        let parts = line.split_once(" = ");
        // What goes on in the next line stands for itself.
        let parts = parts.filter(|(_, value)| !value.ends_with(['{', '[']));
        let depth = |line: &str| line.len() - line.trim_start().len();
        let fits = group
            .last()
            .is_none_or(|(last, _)| depth(last) == depth(line));
        if parts.is_none() || !fits {
            flush(&mut group, &mut out);
        }
        match parts {
            Some((name, value)) => group.push((name.trim_end(), value)),
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    flush(&mut group, &mut out);
    out.trim_end().to_owned()
}

fn flush(group: &mut Vec<(&str, &str)>, out: &mut String) {
    let width = group.iter().map(|(name, _)| name.chars().count()).max();
    for (name, value) in group.drain(..) {
        let gap = " ".repeat(width.unwrap_or_default() - name.chars().count());
        out.push_str(&format!("{name}{gap} = {value}\n"));
    }
}

fn clean(block: &mut Block, resource: Option<&str>) {
    let schema = resource.and_then(|kind| ProviderSchema::aws().resource(kind));
    let goes = |structure: &Structure| match structure {
        Structure::Attribute(attribute) => {
            let name = attribute.key.as_str();
            let member = schema.and_then(|schema| schema.member(name));
            let (settable, filled_in) = match member {
                Some(Member::Attribute(known)) => (
                    known.optional || known.required,
                    known.optional && known.computed,
                ),
                _ => (true, false),
            };
            // Where the provider fills in what is missing, its way to say nothing may not be allowed to be said.
            let says_nothing = filled_in && is_zero(&attribute.value);
            !settable || name == "tags_all" || says_nothing || is_empty(&attribute.value)
        }
        Structure::Block(_) => false,
    };
    let structures = std::mem::take(&mut block.body);
    let mut body = Body::new();
    for mut structure in structures {
        if goes(&structure) {
            continue;
        }
        if let Structure::Block(inner) = &mut structure {
            clean(inner, None);
        }
        body.push(structure);
    }
    block.body = body;
}

fn is_empty(value: &Expression) -> bool {
    match value {
        Expression::Null(_) => true,
        Expression::Array(list) => list.is_empty(),
        Expression::Object(object) => object.is_empty(),
        _ => false,
    }
}

fn is_zero(value: &Expression) -> bool {
    match value {
        Expression::Number(number) => number.value().as_f64() == Some(0.0),
        Expression::String(text) => text.as_str().is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_goes() {
        let text = "# __generated__ by Terraform\n# Please review these resources and move them into your main configuration files.\n\n\
            # __generated__ by Terraform from \"x\"\nresource \"aws_s3_bucket\" \"a\" {\n  bucket        = \"x\"\n  bucket_prefix = null\n  \
            force_destroy = false\n  tags          = {}\n  tags_all = {\n    Owner = \"me\"\n  }\n}\n";
        assert_eq!(
            without_empty(text).unwrap(),
            "resource \"aws_s3_bucket\" \"a\" {\n  bucket        = \"x\"\n  force_destroy = false\n}\n"
        );
        assert_eq!(without_empty("resource {"), None);
        let volume = "resource \"aws_ebs_volume\" \"a\" {\n  encrypted = true\n  snapshot_id = \"\"\n  throughput = 0\n}\n";
        assert_eq!(
            without_empty(volume).unwrap(),
            "resource \"aws_ebs_volume\" \"a\" {\n  encrypted = true\n}\n"
        );
        let group = "resource \"aws_security_group\" \"a\" {\n  description = \"x\"\n  ingress = [{\n    self    = true\n    to_port = 1\n  }]\n  \
            name                   = \"a\"\n  revoke_rules_on_delete = null\n}\n";
        assert_eq!(
            without_empty(group).unwrap(),
            "resource \"aws_security_group\" \"a\" {\n  description = \"x\"\n  ingress = [{\n    self    = true\n    to_port = 1\n  }]\n  name = \"a\"\n}\n"
        );
    }
}
