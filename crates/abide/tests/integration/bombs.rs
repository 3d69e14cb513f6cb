//! `abide scan DIR` on source that means no good: it says where, judges the rest, and ends soon.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{abide, folder};

/// What is judged whatever stands beside it.
const GOOD: &str = "resource \"aws_db_instance\" \"good\" {\n  publicly_accessible = true\n}\n";
/// Kibibytes of address space: a thread that evaluates reserves 256 MiB of stack.
const MEMORY: &str = "2000000";
const PATIENCE: Duration = Duration::from_secs(30);

/// A repository with a root module in `live`; more files are named from the repository.
fn repository(bad: &str, more: &[(&str, &str)]) -> TempDir {
    let mut files = vec![("live/good.tf", GOOD), ("live/bad.tf", bad)];
    files.extend(more);
    let dir = folder(&files);
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    dir
}

/// Scans `live` with little memory and little time; gives the results.
fn scan(dir: &Path) -> Value {
    let program = abide();
    let start = Instant::now();
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -v \"$0\"; exec \"$@\"", MEMORY])
        .arg(program.get_program())
        .args([
            "scan",
            "live",
            "--no-config",
            "--format",
            "json",
            "--fail-on",
            "never",
        ])
        .current_dir(dir)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    // Nothing fails the gate, but an incomplete scan is not green.
    assert_eq!(output.status.code(), Some(2), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The diagnostic with these words is an error at this line of `live/bad.tf`; the rest is judged.
fn assert_bounded(results: &Value, line: u64, words: &str) {
    assert_eq!(results["verdict"], "incomplete");
    let remarks = results["diagnostics"].as_array().unwrap();
    let said = remarks
        .iter()
        .find(|remark| remark["message"].as_str().unwrap().contains(words))
        .unwrap_or_else(|| panic!("no `{words}` in {remarks:#?}"));
    assert_eq!(said["level"], "error", "{said}");
    assert_eq!(said["place"]["file"], "live/bad.tf", "{said}");
    assert_eq!(said["place"]["line"], line, "{said}");
    assert_judged(results);
}

fn assert_judged(results: &Value) {
    let rows = results["results"].as_array().unwrap();
    let good = rows.iter().find(|row| {
        row["resource_address"] == "aws_db_instance.good" && row["policy_id"] == "POL-0333"
    });
    assert_eq!(good.map(|row| &row["outcome"]), Some(&"fail".into()));
}

#[test]
fn files_outside_the_repository_are_not_read() {
    let bad = "\nresource \"aws_s3_bucket\" \"x\" {\n  bucket = file(\"../../../../../../etc/passwd\")\n}\n";
    let dir = repository(bad, &[]);
    let results = scan(dir.path());
    assert_bounded(
        &results,
        3,
        "`file`: the file is not read: it is outside the repository",
    );
    assert!(!results.to_string().contains("root:"), "{results}");
}

#[cfg(unix)]
#[test]
fn links_out_of_the_repository_are_not_followed() {
    let outside = folder(&[
        ("secret.txt", "the secret of another"),
        ("other.tf", "resource \"aws_db_instance\" \"other\" {}\n"),
    ]);
    let bad = "resource \"aws_s3_bucket\" \"x\" {\n  bucket = file(\"link.txt\")\n}\n";
    let dir = repository(bad, &[]);
    let link = |from: &str, to: &str| {
        std::os::unix::fs::symlink(outside.path().join(from), dir.path().join(to)).unwrap();
    };
    link("secret.txt", "live/link.txt");
    link("other.tf", "live/other.tf");
    let results = scan(dir.path());
    assert_bounded(&results, 2, "`file`: the file is not read");
    let text = results.to_string();
    assert!(!text.contains("secret of another"), "{text}");
    assert!(!text.contains("aws_db_instance.other"), "{text}");
    let remarks = results["diagnostics"].as_array().unwrap();
    let said = |remark: &Value| remark["message"].as_str().unwrap().contains("other.tf");
    assert!(remarks.iter().any(said), "{remarks:#?}");
}

#[cfg(unix)]
#[test]
fn modules_outside_the_repository_are_not_read() {
    let outside = folder(&[("main.tf", "resource \"aws_db_instance\" \"other\" {}\n")]);
    let dir = repository("", &[]);
    let name = outside.path().file_name().unwrap().to_str().unwrap();
    // Both folders stand in the same one.
    let bad = format!("module \"out\" {{\n  source = \"../../{name}\"\n}}\n");
    std::fs::write(dir.path().join("live/bad.tf"), &bad).unwrap();
    let results = scan(dir.path());
    assert_bounded(
        &results,
        1,
        "the source of module `out` is outside the repository",
    );
    // A link inside leads out as well.
    std::os::unix::fs::symlink(outside.path(), dir.path().join("inside")).unwrap();
    std::fs::write(
        dir.path().join("live/bad.tf"),
        bad.replace(&format!("../../{name}"), "../inside"),
    )
    .unwrap();
    let results = scan(dir.path());
    assert_bounded(
        &results,
        1,
        "the source of module `out` is outside the repository",
    );
    assert!(
        !results.to_string().contains("aws_db_instance.other"),
        "{results}"
    );
}

#[test]
fn huge_ranges_are_bounded() {
    let range = "locals {\n  all = [for i in range(1000000000) : i]\n}\nresource \"aws_s3_bucket\" \"x\" {\n  bucket = length(local.all)\n}\n";
    let dir = repository(range, &[]);
    assert_bounded(&scan(dir.path()), 2, "`range`: more than 1024 numbers");
    let nested = "locals {\n  a   = range(1000)\n  all = [for i in local.a : [for j in local.a : [for k in local.a : \"${i}${j}${k}\"]]]\n}\nresource \"aws_s3_bucket\" \"x\" {\n  bucket = length(local.all)\n}\n";
    let dir = repository(nested, &[]);
    assert_bounded(&scan(dir.path()), 3, "the value is too large");
    let count = "resource \"aws_s3_bucket\" \"x\" {\n  count = 10000000\n}\n";
    let dir = repository(count, &[]);
    assert_bounded(
        &scan(dir.path()),
        2,
        "`count` is more than this program evaluates",
    );
}

/// Values that are each small enough are not, together.
#[test]
fn many_large_values_are_bounded() {
    let mut bad = "locals {\n  a = range(1000)\n".to_owned();
    for n in 0..100 {
        bad.push_str(&format!(
            "  v{n} = [for i in local.a : [for j in range(400) : \"${{i}} ${{j}} {n}\"]]\n"
        ));
    }
    bad.push_str("}\n");
    for n in 0..100 {
        bad.push_str(&format!("output \"o{n}\" {{\n  value = length(local.v{n})\n}}\nresource \"aws_s3_bucket\" \"b{n}\" {{\n  bucket = length(local.v{n})\n}}\n"));
    }
    let dir = repository(&bad, &[]);
    let results = scan(dir.path());
    assert_eq!(results["verdict"], "incomplete");
    assert_judged(&results);
}

#[test]
fn template_bombs_are_bounded() {
    let mut bad = "locals {\n  a0 = \"xxxxxxxxxx\"\n".to_owned();
    for n in 1..12 {
        let ten = format!("${{local.a{}}}", n - 1).repeat(10);
        bad.push_str(&format!("  a{n} = \"{ten}\"\n"));
    }
    bad.push_str("}\nresource \"aws_s3_bucket\" \"x\" {\n  bucket = local.a11\n}\n");
    let dir = repository(&bad, &[]);
    assert_bounded(&scan(dir.path()), 9, "the text of the template is too long");
    // A template that is made of itself.
    let bad = "resource \"aws_s3_bucket\" \"x\" {\n  bucket = templatefile(\"t.tpl\", {})\n}\n";
    let dir = repository(bad, &[("live/t.tpl", "${templatefile(\"t.tpl\", {})}")]);
    let results = scan(dir.path());
    assert_eq!(results["verdict"], "incomplete");
    assert_judged(&results);
}

#[test]
fn deep_nesting_is_bounded() {
    let brackets = |open: &str, close: &str, levels: usize| {
        format!(
            "resource \"aws_s3_bucket\" \"x\" {{\n  bucket = {}1{}\n}}\n",
            open.repeat(levels),
            close.repeat(levels)
        )
    };
    for bad in [
        brackets("(", ")", 100_000),
        brackets("[", "]", 100_000),
        brackets("{ a = ", " }", 50_000),
        brackets("\"${", "}\"", 20_000),
        brackets("!", "", 100_000),
    ] {
        let dir = repository(&bad, &[]);
        assert_bounded(&scan(dir.path()), 2, "nesting depth");
    }
    let blocks = format!(
        "resource \"aws_s3_bucket\" \"x\" {{\n{}{}}}\n",
        "a {\n".repeat(20_000),
        "}\n".repeat(20_000)
    );
    let dir = repository(&blocks, &[]);
    assert_bounded(&scan(dir.path()), 65, "nesting depth");
    // A chain of values is as deep as brackets.
    let mut chain = "locals {\n  v0 = 1\n".to_owned();
    for n in 1..20_000 {
        chain.push_str(&format!("  v{n} = local.v{}\n", n - 1));
    }
    chain.push_str("}\nresource \"aws_s3_bucket\" \"x\" {\n  bucket = local.v19999\n}\n");
    let dir = repository(&chain, &[]);
    let results = scan(dir.path());
    assert_eq!(results["verdict"], "incomplete");
    assert_judged(&results);
    // So is a module that calls itself.
    let dir = repository("module \"me\" {\n  source = \"./\"\n}\n", &[]);
    assert_bounded(&scan(dir.path()), 1, "module `me` is nested too deeply");
}
