//! A plan in one line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use abide_connect::{Cancel, Environment, Tool};
use abide_offline::{Library, Offline, OfflineError, OfflinePlan};

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/plans")
}

pub(crate) fn environment() -> Environment {
    let passed = ["PATH", "HOME", "TMPDIR"].iter();
    Environment::of(passed.filter_map(|name| Some(((*name).into(), std::env::var_os(name)?))))
}

pub(crate) fn tool() -> Tool {
    Tool::find(None, &environment()).expect("these tests need terraform on the PATH")
}

/// Plans a directory with the embedded schemas.
pub(crate) fn plan(directory: &Path) -> Result<OfflinePlan, OfflineError> {
    let library = Library::new(&[], None)?;
    Offline {
        tool: &tool(),
        directory,
        workspace: None,
        var_files: &[],
        variables: &[],
        environment: &environment(),
        library: &library,
        limit: Duration::from_secs(120),
        cancel: &Cancel::default(),
    }
    .plan(&|_| {})
}

/// A folder with these files.
pub(crate) fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}
