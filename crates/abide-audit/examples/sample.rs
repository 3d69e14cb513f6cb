//! Writes the sample report of the tests in every format: `cargo run --example sample FOLDER
//! [ROWS]`, to look at.

#[path = "../tests/common/mod.rs"]
mod common;

use std::path::Path;
use std::time::Instant;

use abide_audit::document::Document;
use abide_audit::render::{self, Result};

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().unwrap_or_else(|| "sample-report".to_owned());
    let rows = args.next().and_then(|rows| rows.parse().ok());
    let document = rows.map_or_else(common::sample, common::large);
    std::fs::create_dir_all(&folder)?;
    type Render = fn(&Document) -> Result<Vec<u8>>;
    let formats: &[(&str, Render)] = &[
        ("report.md", render::markdown::render),
        ("report.html", render::html::render),
        ("report.csv", render::csv::render),
        #[cfg(feature = "xlsx")]
        ("report.xlsx", render::xlsx::render),
        #[cfg(feature = "pdf")]
        ("report.pdf", render::pdf::render),
    ];
    for (name, render) in formats {
        let start = Instant::now();
        let bytes = render(&document).map_err(std::io::Error::other)?;
        let taken = start.elapsed().as_millis();
        std::fs::write(Path::new(&folder).join(name), &bytes)?;
        std::io::Write::write_fmt(
            &mut std::io::stdout(),
            format_args!("{name}: {} bytes in {taken} ms\n", bytes.len()),
        )?;
    }
    Ok(())
}
