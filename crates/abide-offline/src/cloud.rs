//! Something to read from and write to, for tests: with it a served provider is a whole one.

use std::fs;
use std::path::PathBuf;

use serde_json::Value as Json;

/// What exists, as a provider sees it.
pub trait Cloud: Send + Sync {
    /// The object of this id; `None` if it is gone.
    ///
    /// # Errors
    /// What the cloud answers instead, as text for the user.
    fn read(&self, type_name: &str, id: &str) -> Result<Option<Json>, String>;
    /// Creates or changes an object.
    ///
    /// # Errors
    /// As for [`Cloud::read`].
    fn write(&self, type_name: &str, id: &str, object: &Json) -> Result<(), String>;
    /// Removes an object.
    ///
    /// # Errors
    /// As for [`Cloud::read`].
    fn delete(&self, type_name: &str, id: &str) -> Result<(), String>;
}

/// A folder with a file for each object, `<type>/<id>.json`. Whoever edits or deletes one makes drift.
#[derive(Clone, Debug)]
pub struct FolderCloud(pub PathBuf);

impl FolderCloud {
    /// The file of an object.
    #[must_use]
    pub fn file(&self, type_name: &str, id: &str) -> PathBuf {
        let plain = |text: &str| text.replace(['/', '\\'], "_").replace("..", "_");
        self.0
            .join(plain(type_name))
            .join(format!("{}.json", plain(id)))
    }
}

impl Cloud for FolderCloud {
    fn read(&self, type_name: &str, id: &str) -> Result<Option<Json>, String> {
        let file = self.file(type_name, id);
        match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|error| format!("{}: {error}", file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", file.display())),
        }
    }

    fn write(&self, type_name: &str, id: &str, object: &Json) -> Result<(), String> {
        let file = self.file(type_name, id);
        let put = || {
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&file, serde_json::to_vec_pretty(object)?)
        };
        put().map_err(|error: std::io::Error| format!("{}: {error}", file.display()))
    }

    fn delete(&self, type_name: &str, id: &str) -> Result<(), String> {
        let file = self.file(type_name, id);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("{}: {error}", file.display()))
            }
            _ => Ok(()),
        }
    }
}
