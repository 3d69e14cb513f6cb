//! `abide policy new`

use abide_schema::{Member, ProviderSchema};
use anyhow::bail;

use crate::cli::NewArgs;
use crate::output;

pub(crate) fn run(args: &NewArgs) -> anyhow::Result<u8> {
    let path = args.dir.join(format!("{}.yaml", args.id));
    if path.exists() {
        bail!("{} exists already; choose another id", path.display());
    }
    let attribute = attribute(args)?;
    let text = draft(args, &attribute);
    // The draft must be a policy: the id and the attribute are checked by the reader.
    abide_policy::read(&path.display().to_string(), &text)?;
    output::write_text(&text, &path)?;
    let path = path.display();
    output::print_text(&format!(
        "{path}: a first draft. Say what must hold, then run `abide policy test {path}`"
    ))?;
    Ok(0)
}

/// The attribute that was named, or one that a policy could look at.
fn attribute(args: &NewArgs) -> anyhow::Result<String> {
    let schema = ProviderSchema::aws();
    if let Some(attribute) = &args.attribute {
        return Ok(attribute.clone());
    }
    let Some(block) = schema.resource(&args.resource_type) else {
        if args.resource_type.starts_with("aws_") {
            schema.resolve(&args.resource_type, &[])?;
        }
        return Ok("name".to_owned());
    };
    let mut names = block.members().filter_map(|member| match member {
        Member::Attribute(attribute)
            if attribute.optional && matches!(attribute.ty, abide_schema::Type::Bool) =>
        {
            Some(attribute.name)
        }
        _ => None,
    });
    Ok(names.next().unwrap_or("tags").to_owned())
}

fn draft(args: &NewArgs, attribute: &str) -> String {
    let (id, kind) = (&args.id, &args.resource_type);
    format!(
        r#"# yaml-language-server: $schema=../schemas/policy.schema.json
id: {id}
title: {kind} must have {attribute}
severity: medium
why: |
  What goes wrong without it, for the engineer who has to change their code.
controls: []
resource_types: [{kind}]
check: {{attribute: {attribute}, is: "true"}}
message: "{attribute} is {{found}}"
remediation: Set {attribute} = true
fix: {{set: {attribute}, value: "true"}}
examples:
  - name: It is set
    expect: pass
    hcl: |
      resource "{kind}" "example" {{
        {attribute} = true
      }}
  - name: It is not
    expect: fail
    hcl: |
      resource "{kind}" "example" {{
      }}
"#
    )
}
