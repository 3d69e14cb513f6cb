//! Prints the inventory of a directory: `cargo run -p abide-hcl --example dump DIR`.

use std::path::PathBuf;

use abide_core::source::{RedactionKey, Wanted};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args()
        .nth(1)
        .map_or_else(|| ".".into(), PathBuf::from);
    let wanted = Wanted::everything();
    let options = abide_hcl::Options::new(&wanted, RedactionKey::new([0; 32]));
    let loaded = abide_hcl::load_dir(&dir, &options)?;
    let mut out = std::io::stdout().lock();
    for resource in &loaded.inventory.resources {
        use std::io::Write as _;
        let values = resource
            .values
            .iter()
            .map(|(name, value)| format!("  {name} = {}", value.display(2000)));
        writeln!(out, "{}", resource.address)?;
        for value in values {
            writeln!(out, "{value}")?;
        }
    }
    for diagnostic in &loaded.inventory.diagnostics {
        use std::io::Write as _;
        writeln!(out, "{diagnostic}")?;
    }
    Ok(())
}
