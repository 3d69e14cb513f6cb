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
        kept.push_str(own.to_string().trim());
        kept.push_str("\n\n");
    }
    Some(format!("{}\n", kept.trim_end()))
}

fn clean(block: &mut Block, resource: Option<&str>) {
    let schema = resource.and_then(|kind| ProviderSchema::aws().resource(kind));
    let goes = |structure: &Structure| match structure {
        Structure::Attribute(attribute) => {
            let name = attribute.key.as_str();
            let member = schema.and_then(|schema| schema.member(name));
            let settable = match member {
                Some(Member::Attribute(known)) => known.optional || known.required,
                _ => true,
            };
            !settable || name == "tags_all" || is_empty(&attribute.value)
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
    }
}
