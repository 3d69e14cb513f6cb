//! Texts in place of files, as editors and git's index have them.

use std::fs;
use std::path::PathBuf;

use abide_core::source::{RedactionKey, Wanted};
use abide_hcl::{LoadError, Options, load_dir};
use tempfile::TempDir;

/// Addresses and codes of diagnostics of a directory under an overlay; paths are below it.
fn load(dir: &TempDir, texts: &[(&str, &str)], hidden: &[&str]) -> Option<(Vec<String>, usize)> {
    let wanted = Wanted::everything();
    let root = dir.path().canonicalize().unwrap().join("root");
    let mut options = Options::new(&wanted, RedactionKey::new([7; 32]));
    let path = |name: &str| root.join(name);
    options.overlay = texts
        .iter()
        .map(|(name, text)| (path(name), (*text).to_owned()))
        .collect();
    options.hidden = hidden.iter().map(|name| path(name)).collect::<_>();
    match load_dir(&root, &options) {
        Ok(loaded) => {
            let resources = loaded.inventory.resources.iter();
            let addresses = resources.map(|resource| resource.address.to_string());
            Some((addresses.collect(), loaded.inventory.diagnostics.len()))
        }
        Err(LoadError::NoSource { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

fn vpc(name: &str) -> String {
    format!("resource \"aws_vpc\" \"{name}\" {{}}\n")
}

fn folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("root")).unwrap();
    fs::write(dir.path().join("root/disk.tf"), vpc("disk")).unwrap();
    dir
}

fn names(names: &[&str]) -> Option<(Vec<String>, usize)> {
    let all = names.iter().map(|name| format!("aws_vpc.{name}"));
    Some((all.collect(), 0))
}

#[test]
fn texts_replace_files_and_add_some() {
    let dir = folder();
    assert_eq!(load(&dir, &[], &[]), names(&["disk"]));
    let edited = vpc("edited");
    let new = vpc("new");
    let texts = [("disk.tf", edited.as_str()), ("new.tf", &new)];
    assert_eq!(load(&dir, &texts, &[]), names(&["edited", "new"]));
    assert_eq!(load(&dir, &texts, &["disk.tf"]), names(&["new"]));
    assert_eq!(load(&dir, &[], &["disk.tf"]), None);
}

/// What is only in the overlay is held to the limit as files are.
#[cfg(unix)]
#[test]
fn texts_outside_the_limit_are_not_read() {
    let dir = folder();
    let outside = dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, dir.path().join("root/link")).unwrap();
    fs::create_dir(dir.path().join("root/inside")).unwrap();
    let module = |source: &str| format!("module \"m\" {{\n  source = \"{source}\"\n}}\n");
    let text = vpc("secret");
    for (source, file) in [("../outside", "../outside/m.tf"), ("./link", "link/m.tf")] {
        let file = PathBuf::from(file);
        let call = module(source);
        let texts = [("disk.tf", call.as_str()), (file.to_str().unwrap(), &text)];
        let (addresses, diagnostics) = load(&dir, &texts, &[]).unwrap();
        assert_eq!(addresses, Vec::<String>::new(), "{source}");
        assert!(diagnostics > 0, "{source}");
    }
    let call = module("./inside");
    let texts = [("disk.tf", call.as_str()), ("inside/m.tf", &text)];
    let (addresses, _) = load(&dir, &texts, &[]).unwrap();
    assert_eq!(addresses, ["module.m.aws_vpc.secret"]);
}
