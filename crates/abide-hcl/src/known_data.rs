//! Data sources that need no cloud: Terraform knows their values while planning.

use std::rc::Rc;

use abide_core::address::Mode;

use crate::instance::Instance;
use crate::module::Declared;
use crate::provider::{find, wanted};
use crate::value::{Kind, Map, Val};
use crate::world::World;

impl World<'_> {
    /// Adds what the provider finds out without asking anybody.
    pub(crate) fn complete_data(&self, module: &Rc<Instance>, declared: &Declared, map: &mut Map) {
        if declared.mode != Mode::Data {
            return;
        }
        match &*declared.type_name {
            "aws_iam_policy_document" => crate::iam_document::render(map),
            "aws_region" if map.is_empty() => {
                if let Some(region) = self.region(module, declared) {
                    for name in ["name", "id"] {
                        map.insert(name.into(), Val::string(region.as_str()));
                    }
                }
            }
            "aws_partition" => {
                if let Some(region) = self.region(module, declared) {
                    partition(&region, map);
                }
            }
            "aws_arn" => arn(map),
            _ => {}
        }
    }

    /// The region of the provider a block has, if it is written.
    fn region(&self, module: &Rc<Instance>, declared: &Declared) -> Option<String> {
        let found = find(module, &wanted(&declared.block));
        found.block.as_ref()?;
        self.provider(&found).region
    }
}

fn partition(region: &str, map: &mut Map) {
    let (partition, suffix, reverse) = match region.split('-').collect::<Vec<_>>().as_slice() {
        ["cn", ..] => ("aws-cn", "amazonaws.com.cn", "cn.com.amazonaws"),
        ["us", "gov", ..] => ("aws-us-gov", "amazonaws.com", "com.amazonaws"),
        // Isolated regions have suffixes of their own.
        [_, iso, ..] if iso.starts_with("iso") => return,
        _ => ("aws", "amazonaws.com", "com.amazonaws"),
    };
    for (name, value) in [
        ("id", partition),
        ("partition", partition),
        ("dns_suffix", suffix),
        ("reverse_dns_prefix", reverse),
    ] {
        map.insert(name.into(), Val::string(value));
    }
}

/// `arn:partition:service:region:account:resource`
fn arn(map: &mut Map) {
    let Some(Kind::String(arn)) = map.get("arn").map(|value| value.kind.clone()) else {
        return;
    };
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts.as_slice() else {
        return;
    };
    for (name, value) in [
        ("partition", partition),
        ("service", service),
        ("region", region),
        ("account", account),
        ("resource", resource),
    ] {
        map.insert(name.into(), Val::string(*value));
    }
}
