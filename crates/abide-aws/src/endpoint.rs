//! Where a service is asked.

use crate::service::Service;

/// A region's part of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Partition {
    Aws,
    China,
    Gov,
}

fn partition(region: &str) -> Partition {
    if region.starts_with("cn-") {
        Partition::China
    } else if region.starts_with("us-gov-") {
        Partition::Gov
    } else {
        Partition::Aws
    }
}

/// The region in which services without regions are signed, and their events recorded.
#[must_use]
pub(crate) fn global_region(region: &str) -> &'static str {
    match partition(region) {
        Partition::Aws => "us-east-1",
        Partition::China => "cn-north-1",
        Partition::Gov => "us-gov-west-1",
    }
}

/// `https://ec2.eu-west-1.amazonaws.com`
pub(crate) fn url(service: &Service, region: &str) -> String {
    let host = &service.host;
    match (partition(region), service.global) {
        (Partition::Aws, true) => format!("https://{host}.amazonaws.com"),
        (Partition::China, true) => format!("https://{host}.cn-north-1.amazonaws.com.cn"),
        (Partition::Gov, true) => format!("https://{host}.us-gov.amazonaws.com"),
        (Partition::China, false) => format!("https://{host}.{region}.amazonaws.com.cn"),
        (_, false) => format!("https://{host}.{region}.amazonaws.com"),
    }
}
