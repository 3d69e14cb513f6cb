//! TBD
use crate::report::Report;
use std::io::{self, Write};
pub(crate) fn render(_report: &Report<'_>, _out: &mut dyn Write) -> io::Result<()> {
    Ok(())
}
