//! IP addresses and prefixes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::arguments::{int, text, wrong_number};
use super::{Function, Outcome};
use crate::number::Num;
use crate::value::Val;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("cidrcontains", Function::Plain(cidrcontains)),
    ("cidrhost", Function::Plain(cidrhost)),
    ("cidrnetmask", Function::Plain(cidrnetmask)),
    ("cidrsubnet", Function::Plain(cidrsubnet)),
    ("cidrsubnets", Function::Plain(cidrsubnets)),
];

/// A prefix: the address as a number, its bits in all, and those that are fixed.
#[derive(Clone, Copy)]
struct Prefix {
    address: u128,
    bits: u32,
    length: u32,
}

impl Prefix {
    fn parse(text: &str) -> Result<Self, String> {
        let bad = || "the text is no CIDR prefix like 10.0.0.0/16".to_owned();
        let (address, length) = text.split_once('/').ok_or_else(bad)?;
        let (address, bits) = number(address.parse().map_err(|_| bad())?);
        let digits = length.bytes().all(|b| b.is_ascii_digit());
        let length: u32 = length.parse().map_err(|_| bad())?;
        if length > bits || !digits {
            return Err(bad());
        }
        let mut prefix = Self {
            address,
            bits,
            length,
        };
        prefix.address &= prefix.mask();
        Ok(prefix)
    }

    fn mask(self) -> u128 {
        let all = u128::MAX >> (128 - self.bits);
        all & !low(self.bits - self.length)
    }

    fn address(self) -> IpAddr {
        address(self.address, self.bits)
    }

    fn text(self) -> String {
        format!("{}/{}", self.address(), self.length)
    }
}

/// A number with its lowest `bits` bits set.
fn low(bits: u32) -> u128 {
    match bits {
        0 => 0,
        bits => u128::MAX >> (128 - bits),
    }
}

fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

fn address(number: u128, bits: u32) -> IpAddr {
    match (bits, u32::try_from(number)) {
        (32, Ok(number)) => IpAddr::V4(Ipv4Addr::from(number)),
        _ => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

fn cidrhost(arguments: &[Val]) -> Outcome {
    let [prefix, host] = arguments else {
        return wrong_number();
    };
    let prefix = Prefix::parse(&text(prefix)?)?;
    let host = int(host)?;
    let free = prefix.bits - prefix.length;
    let size = low(free);
    let offset = u128::from(host.unsigned_abs());
    // Negative numbers count from the end.
    let offset = if host < 0 {
        size.checked_sub(offset - 1)
    } else {
        Some(offset).filter(|offset| *offset <= size)
    };
    let offset = offset.ok_or("the prefix has no host of this number")?;
    Ok(Val::string(
        address(prefix.address | offset, prefix.bits).to_string(),
    ))
}

fn cidrnetmask(arguments: &[Val]) -> Outcome {
    let [prefix] = arguments else {
        return wrong_number();
    };
    let prefix = Prefix::parse(&text(prefix)?)?;
    if prefix.bits != 32 {
        return Err("only IPv4 prefixes have a netmask".to_owned());
    }
    Ok(Val::string(address(prefix.mask(), 32).to_string()))
}

fn cidrsubnet(arguments: &[Val]) -> Outcome {
    let [prefix, bits, number] = arguments else {
        return wrong_number();
    };
    let prefix = Prefix::parse(&text(prefix)?)?;
    let number = match super::arguments::number(number)? {
        Num::Int(number) => u128::try_from(number).map_err(|_| "the number is negative")?,
        Num::Float(_) => return Err("a whole number is needed".to_owned()),
    };
    subnet(prefix, int(bits)?, number).map(|subnet| Val::string(subnet.text()))
}

fn subnet(prefix: Prefix, bits: i64, number: u128) -> Result<Prefix, String> {
    let length = u32::try_from(bits)
        .ok()
        .and_then(|bits| prefix.length.checked_add(bits))
        .filter(|length| *length <= prefix.bits)
        .ok_or("the prefix has not so many bits left")?;
    if number > low(length - prefix.length) {
        return Err("the prefix has no subnet of this number".to_owned());
    }
    let shift = prefix.bits - length;
    let shifted = if shift == 128 { 0 } else { number << shift };
    Ok(Prefix {
        address: prefix.address | shifted,
        length,
        ..prefix
    })
}

fn cidrsubnets(arguments: &[Val]) -> Outcome {
    let [prefix, all @ ..] = arguments else {
        return wrong_number();
    };
    let prefix = Prefix::parse(&text(prefix)?)?;
    let mut subnets = Vec::new();
    let mut next = Some(prefix.address);
    for bits in all {
        let bits = int(bits)?;
        if bits < 1 {
            return Err("a subnet needs at least one more bit".to_owned());
        }
        let mut made = subnet(prefix, bits, 0)?;
        let size = low(made.bits - made.length);
        let start = next.ok_or("the prefix has no room left")?;
        // The next free address, rounded up to the size of the subnet.
        made.address = start
            .checked_add(size)
            .map(|end| end & !size)
            .ok_or("the prefix has no room left")?;
        if made.address & prefix.mask() != prefix.address {
            return Err("the prefix has no room left".to_owned());
        }
        next = (made.address | size).checked_add(1);
        subnets.push(Val::string(made.text()));
    }
    Ok(Val::list(subnets))
}

/// OpenTofu's: whether a prefix holds an address or another prefix.
fn cidrcontains(arguments: &[Val]) -> Outcome {
    let [outer, inner] = arguments else {
        return wrong_number();
    };
    let outer = Prefix::parse(&text(outer)?)?;
    let inner = text(inner)?;
    let inner = match inner.parse::<IpAddr>() {
        Ok(address) => {
            let (address, bits) = number(address);
            Prefix {
                address,
                bits,
                length: bits,
            }
        }
        Err(_) => Prefix::parse(&inner)?,
    };
    let holds = outer.bits == inner.bits
        && outer.length <= inner.length
        && inner.address & outer.mask() == outer.address;
    Ok(Val::bool(holds))
}
