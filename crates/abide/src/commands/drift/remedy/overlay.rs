//! A source tree with some files replaced, for a plan of the edited source: links to everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

/// It goes when this does.
pub(super) struct Overlay {
    _folder: TempDir,
    directory: PathBuf,
}

impl Overlay {
    /// `root` holds `directory` and everything it refers to by relative paths; all paths absolute, links resolved.
    pub(super) fn new(
        root: &Path,
        directory: &Path,
        texts: &BTreeMap<PathBuf, String>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("abide-source-")
            .tempdir()
            .context("making a folder for the edited source")?;
        let mut real: BTreeSet<&Path> = BTreeSet::new();
        let places = texts.keys().filter_map(|file| file.parent());
        for place in places.chain([directory]) {
            real.extend(place.ancestors().take_while(|up| up.starts_with(root)));
        }
        let mapped = |path: &Path| match path.strip_prefix(root) {
            Ok(below) if below.as_os_str().is_empty() => folder.path().to_owned(),
            Ok(below) => folder.path().join(below),
            Err(_) => path.to_owned(),
        };
        // Parents come before what is in them.
        for place in &real {
            let here = mapped(place);
            fs::create_dir_all(&here)?;
            let entries = fs::read_dir(place).with_context(|| place.display().to_string())?;
            for entry in entries {
                let path = entry?.path();
                // What Terraform keeps for itself is named apart; a real folder stands for itself.
                let is_own = path.file_name().is_some_and(|name| name == ".terraform");
                if is_own || real.contains(path.as_path()) || texts.contains_key(&path) {
                    continue;
                }
                symlink(&path, mapped(&path))?;
            }
        }
        for (path, text) in texts {
            fs::write(mapped(path), text)?;
        }
        Ok(Self {
            directory: mapped(directory),
            _folder: folder,
        })
    }

    /// The directory of the root module in it.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

/// The nearest folder that holds all of these.
pub(super) fn common<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Option<PathBuf> {
    let mut paths = paths.into_iter();
    let first = paths.next()?.to_owned();
    Some(paths.fold(first, |common, path| {
        let mut up = common.ancestors();
        let shared = up.find(|up| path.starts_with(up));
        shared.map_or(common.clone(), Path::to_path_buf)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_files_are_new_and_all_others_are_the_old_ones() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["live/prod", "modules/disk", "other"] {
            fs::create_dir_all(root.join(name)).unwrap();
            fs::write(root.join(name).join("main.tf"), name).unwrap();
        }
        fs::write(root.join("live/prod/terraform.tfstate"), "state").unwrap();
        let edited = root.join("modules/disk/main.tf");
        let texts = BTreeMap::from([(edited.clone(), "edited".to_owned())]);
        let overlay = Overlay::new(&root, &root.join("live/prod"), &texts).unwrap();
        let read = |name: &str| fs::read_to_string(overlay.directory().join(name)).unwrap();
        assert_eq!(read("main.tf"), "live/prod");
        assert_eq!(read("terraform.tfstate"), "state");
        assert_eq!(read("../../modules/disk/main.tf"), "edited");
        assert_eq!(read("../../other/main.tf"), "other");
        assert_eq!(fs::read_to_string(edited).unwrap(), "modules/disk");
    }

    #[test]
    fn the_common_folder_holds_all() {
        let paths = ["/a/b/c", "/a/b/d/e", "/a/b"].map(Path::new);
        assert_eq!(common(paths), Some(PathBuf::from("/a/b")));
    }
}
