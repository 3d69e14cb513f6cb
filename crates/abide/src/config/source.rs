//! `[source]`: how Terraform source is read where no flag says so.

use std::path::PathBuf;

use anyhow::Context;

use super::{Config, show};
use crate::cli::{Configured, RootArgs, SourceArgs};

impl Config {
    /// The flags, completed by the file.
    pub(crate) fn source(&self, args: &SourceArgs) -> anyhow::Result<SourceArgs> {
        let mut args = args.clone();
        if args.source.is_none() && !args.no_source {
            args.source = self.source_directory();
        }
        args.root = self.root(&args.root)?;
        Ok(args)
    }

    /// The same of a root module alone.
    pub(crate) fn root(&self, args: &RootArgs) -> anyhow::Result<RootArgs> {
        let table = &self.file.source;
        let mut root = args.clone();
        let mut files = Vec::new();
        for file in table.var_files.iter().flatten() {
            let path = self.resolve(file.get_ref());
            // Without its values the wrong thing would be judged.
            if !path.is_file() {
                let shown = path.display();
                let message = format!("source.var_files: {shown} is no file that can be read");
                return Err(self.error(file.span(), message));
            }
            files.push(path);
        }
        // The later one wins, and that is the flag's.
        root.var_file.splice(0..0, files);
        let variables = table.variables.iter();
        root.configured = Configured {
            variables: variables
                .map(|(name, value)| Ok((name.clone(), text(value)?)))
                .collect::<anyhow::Result<_>>()?,
            workspace: table.workspace.clone(),
        };
        Ok(root)
    }

    /// Where the source is.
    pub(crate) fn source_directory(&self) -> Option<PathBuf> {
        let directory = self.file.source.directory.as_ref()?;
        Some(self.resolve(directory))
    }
}

/// A value as `--var` takes it: a text bare, anything else as JSON, which is HCL too.
fn text(value: &toml::Value) -> anyhow::Result<String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        other => serde_json::to_string(&show::shown(other)).context("source.variables"),
    }
}
