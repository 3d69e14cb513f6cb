//! Reads the built-in policies and embeds them in a form that needs no parsing.
//! A policy that is wrong stops the build with its file, line and column.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../policies");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut policies = Vec::new();
    let mut texts = String::new();
    let mut wrong = false;
    for file in files {
        let name = file.strip_prefix(&root)?.display().to_string();
        match abide_policy::read(&format!("policies/{name}"), &fs::read_to_string(&file)?) {
            Ok(mut policy) => {
                texts += &format!(
                    "    ({:?}, include_str!({:?})),\n",
                    policy.id,
                    file.canonicalize()?
                );
                // Read again from the text by the few commands that show or run them.
                policy.docs.examples.clear();
                policies.push(policy);
            }
            Err(errors) => {
                wrong = true;
                for error in errors.0 {
                    println!("cargo::error={error}");
                }
            }
        }
    }
    if wrong {
        return Err("some built-in policies are wrong".into());
    }
    policies.sort_by(|a, b| a.id.cmp(&b.id));
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("builtin.bin"), postcard::to_stdvec(&policies)?)?;
    let code = format!(
        "static BUILTIN: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/builtin.bin\"));
\
         static TEXTS: &[(&str, &str)] = &[
{texts}];
"
    );
    fs::write(out.join("builtin.rs"), code)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ext| ext == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}
