//! Files and templates, inside the repository only.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;

use super::arguments::{text, wrong_number};
use super::hash;
use crate::eval::{Frame, Scope};
use crate::fail::{ESCAPE, EVALUATE, Evaluated, Fail, LIMIT};
use crate::files::{FileError, normal};
use crate::value::{Kind, Map, Val};
use crate::world::World;

/// Files beyond this number are not listed.
const MAX_FILES: usize = 100_000;

/// Whether a function reads files.
pub(super) fn is(name: &str) -> bool {
    matches!(
        name,
        "abspath"
            | "basename"
            | "dirname"
            | "file"
            | "filebase64"
            | "filebase64sha256"
            | "filebase64sha512"
            | "fileexists"
            | "filemd5"
            | "fileset"
            | "filesha1"
            | "filesha256"
            | "filesha512"
            | "pathexpand"
            | "templatefile"
            | "templatestring"
    )
}

pub(super) fn call(
    world: &World<'_>,
    name: &str,
    arguments: &[Val],
    scope: Scope<'_>,
) -> Evaluated {
    let bad = |message: String| Fail::new(EVALUATE, format!("`{name}`: {message}"));
    let [first, rest @ ..] = arguments else {
        return wrong_number().map_err(bad);
    };
    if first.is_null() {
        return Err(bad("an argument is null".to_owned()));
    }
    if first.is_unknown() || !first.is_wholly_known() {
        return Ok(Val::UNKNOWN);
    }
    let path = text(first).map_err(bad)?;
    let read = || {
        world
            .files
            .read(&resolve(world, &path))
            .map_err(|error| failed(name, &error))
    };
    let digest = |digest: fn(&[u8]) -> String| read().map(|bytes| Val::string(digest(&bytes)));
    let value = match (name, rest) {
        ("basename", []) => Val::string(base(&path)),
        ("dirname", []) => Val::string(parent(&path)),
        // Depends on the machine.
        ("abspath", []) => Val::UNKNOWN,
        ("pathexpand", []) if path.starts_with('~') => Val::UNKNOWN,
        ("pathexpand", []) => first.clone(),
        ("file", []) => Val::string(utf8(name, read()?)?),
        ("filebase64", []) => Val::string(base64::prelude::BASE64_STANDARD.encode(read()?)),
        ("filebase64sha256", []) => digest(hash::base64sha256)?,
        ("filebase64sha512", []) => digest(hash::base64sha512)?,
        ("filemd5", []) => digest(hash::md5)?,
        ("filesha1", []) => digest(hash::sha1)?,
        ("filesha256", []) => digest(hash::sha256)?,
        ("filesha512", []) => digest(hash::sha512)?,
        ("fileexists", []) => Val::bool(
            world
                .files
                .exists(&resolve(world, &path))
                .map_err(|error| failed(name, &error))?,
        ),
        ("fileset", [pattern]) => return fileset(world, &path, pattern, name),
        ("templatefile", [values]) => {
            let text = utf8(name, read()?)?;
            let file = resolve(world, &path);
            let id = world
                .sources
                .borrow_mut()
                .add(world.display(&file), &file, text.clone());
            return template(world, id, &text, values);
        }
        ("templatestring", [values]) => return template(world, scope.file, &path, values),
        _ => return wrong_number().map_err(bad),
    };
    Ok(value.marked(first.sensitive))
}

/// Paths are relative to where Terraform runs, the root module's directory.
fn resolve(world: &World<'_>, path: &str) -> PathBuf {
    normal(&world.root.join(path))
}

fn failed(name: &str, error: &FileError) -> Box<Fail> {
    let code = match error {
        FileError::Outside => ESCAPE,
        FileError::TooLarge => LIMIT,
        _ => EVALUATE,
    };
    Fail::new(code, format!("`{name}`: the file is not read: {error}"))
}

fn utf8(name: &str, bytes: Vec<u8>) -> Result<Arc<str>, Box<Fail>> {
    String::from_utf8(bytes)
        .map(Into::into)
        .map_err(|_| failed(name, &FileError::NotText))
}

fn base(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" if path.starts_with('/') => "/",
        "" => ".",
        path => path.rsplit('/').next().unwrap_or(path),
    }
}

fn parent(path: &str) -> String {
    // A slash at the end makes the whole path the parent, as in Go.
    match path.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((parent, _)) => {
            let clean = normal(Path::new(parent));
            match clean.to_string_lossy() {
                clean if clean.is_empty() => ".".to_owned(),
                clean => clean.into_owned(),
            }
        }
        None => ".".to_owned(),
    }
}

fn fileset(world: &World<'_>, dir: &str, pattern: &Val, name: &str) -> Evaluated {
    if pattern.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    let bad = |message: String| Fail::new(EVALUATE, format!("`{name}`: {message}"));
    let pattern = text(pattern).map_err(bad)?;
    let regex = glob(&pattern).ok_or_else(|| bad("the pattern is not valid".to_owned()))?;
    let found = world
        .files
        .below(&resolve(world, dir), MAX_FILES)
        .map_err(|error| failed(name, &error))?;
    let matched = found
        .into_iter()
        .filter(|path| regex.is_match(path))
        .map(Val::string)
        .collect();
    Ok(Val::set(matched))
}

/// A pattern with `*`, `**`, `?`, `[…]` and `{a,b}` as a regular expression.
fn glob(pattern: &str) -> Option<regex::Regex> {
    let mut regex = String::from("^");
    let mut chars = pattern.chars().peekable();
    let mut braces = 0;
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                if chars.next_if_eq(&'/').is_some() {
                    regex.push_str("(?:.*/)?");
                } else {
                    regex.push_str(".*");
                }
            }
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '[' => {
                regex.push('[');
                if chars.next_if(|c| matches!(c, '!' | '^')).is_some() {
                    regex.push('^');
                }
                loop {
                    match chars.next()? {
                        ']' => break,
                        '-' => regex.push('-'),
                        c => regex.push_str(&regex::escape(&c.to_string())),
                    }
                }
                regex.push(']');
            }
            '{' => {
                braces += 1;
                regex.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                regex.push(')');
            }
            ',' if braces > 0 => regex.push('|'),
            '\\' => regex.push_str(&regex::escape(&chars.next()?.to_string())),
            c => regex.push_str(&regex::escape(&c.to_string())),
        }
    }
    regex.push('$');
    regex::Regex::new(&regex).ok()
}

/// Evaluates a template with nothing but the given values.
fn template(
    world: &World<'_>,
    file: crate::source_map::FileId,
    text: &str,
    values: &Val,
) -> Evaluated {
    let parsed = crate::parse::template(file, text).map_err(|error| {
        Fail::new(EVALUATE, format!("the template: {}", error.message)).at(
            crate::source_map::Location {
                file,
                span: error.span,
            },
        )
    })?;
    let empty = Map::new();
    let entries: &Map = match &values.kind {
        Kind::Map(map) => map,
        Kind::Unknown | Kind::Open(_) => return Ok(Val::UNKNOWN),
        Kind::Null => &empty,
        _ => return Err(Fail::new(EVALUATE, "a template needs an object of values")),
    };
    let mut names: Vec<(&Arc<str>, &Val)> = entries.iter().collect();
    let value = bind(world, &mut names, &parsed, Scope::bare(file))?;
    // The result of a template file is always text.
    Ok(crate::types::as_string(value).marked(values.sensitive))
}

fn bind(
    world: &World<'_>,
    names: &mut Vec<(&Arc<str>, &Val)>,
    parsed: &crate::ast::Expr,
    scope: Scope<'_>,
) -> Evaluated {
    // One frame inside the other, so that they can stand on the stack.
    let _deeper = world.enter()?;
    match names.pop() {
        Some((name, value)) => {
            let frame = Frame {
                name,
                value: value.clone(),
                outer: scope.frame,
            };
            bind(world, names, parsed, scope.with(&frame))
        }
        None => world.eval(parsed, scope),
    }
}
