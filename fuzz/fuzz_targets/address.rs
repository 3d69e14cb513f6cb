//! Any text as a resource address, a module address, a reference and an
//! attribute path. Whatever is accepted must survive print and parse.
#![no_main]

use std::sync::Arc;

use abide_core::address::{ResourceAddress, parse_module};
use abide_core::attribute::AttributePath;
use abide_core::config::Reference;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match ResourceAddress::parse(text) {
        Ok(address) => {
            let parts = address.parts().expect("a parsed address has parts");
            let printed = parts.to_string();
            let again = ResourceAddress::parse(&printed).expect("a printed address can be parsed");
            assert_eq!(again.parts().expect("it has parts"), parts);
            let block = ResourceAddress::parse(&address.block()).expect("a block is an address");
            assert_eq!(block.block(), address.block());
        }
        Err(error) => {
            let _ = error.to_string();
            let _ = ResourceAddress::from_terraform(text).block();
        }
    }
    let _ = parse_module(text);
    if let Ok(path) = text.parse::<AttributePath>() {
        assert_eq!(
            path.to_string().parse::<AttributePath>().as_ref(),
            Ok(&path)
        );
        let _ = path.without_positions();
    }
    let mut intern = |text: &str| Arc::from(text);
    if let Some(reference) = Reference::parse(text, &mut intern) {
        let _ = reference.to_string();
    }
    let _ = Reference::parse_list(text.split('\n'), &mut intern);
});
