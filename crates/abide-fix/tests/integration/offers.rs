//! What is offered mends its finding when it is applied by others, alone.

use std::collections::BTreeMap;

use abide_core::engine::{self, AccountMode};
use abide_core::finding::{Finding, Outcome};
use abide_core::policy::{PolicySet, PolicySettings};
use abide_core::remedy::{Edit, Fix, Remedy, Suggestion};
use abide_core::source::RedactionKey;
use abide_fix::{Offers, Target, Texts};
use abide_hcl::{Loaded, Options, load_text};
use abide_policy::{Expectation, Policy};

/// Texts of files by name.
type Files = BTreeMap<String, String>;

/// Policies at work on texts.
struct Bench {
    set: PolicySet,
    options: engine::Options,
}

impl Bench {
    fn new(policies: Vec<Policy>, settings: &PolicySettings, account: AccountMode) -> Self {
        Self {
            set: PolicySet::compile(policies, settings).unwrap(),
            options: engine::Options {
                account,
                all_results: true,
            },
        }
    }

    fn of(ids: &[&str]) -> Self {
        let mut policies = abide_core::policy::builtin();
        policies.retain(|policy| ids.contains(&policy.id.as_str()));
        assert_eq!(policies.len(), ids.len());
        Self::new(policies, &PolicySettings::default(), AccountMode::Auto)
    }

    fn load(&self, files: &Files) -> Loaded {
        let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (&**n, &**t)).collect();
        let options = Options::new(self.set.wanted(), RedactionKey::new([0; 32]));
        load_text(&files, &options).unwrap()
    }

    fn judge(&self, files: &Files) -> Vec<Finding> {
        engine::evaluate(&self.load(files).inventory, &self.set, self.options, 0).findings
    }

    fn failing(&self, files: &Files) -> Vec<Target> {
        let mut findings = self.judge(files);
        findings.retain(|finding| finding.outcome == Outcome::Fail);
        findings.iter().map(target).collect()
    }

    fn offers(&self, files: &Files, most: usize) -> Offers {
        let load = |texts: &Texts| {
            let mut files = files.clone();
            files.extend(texts.clone());
            Ok(self.load(&files))
        };
        let judge =
            |inventory: &_| engine::evaluate(inventory, &self.set, self.options, 0).findings;
        abide_fix::offers(&load, &judge, &self.failing(files), most).unwrap()
    }

    /// The remedy of the only finding.
    fn remedy(&self, files: &Files) -> Remedy {
        let offers = self.offers(files, 9);
        assert_eq!(offers.remedies.len(), 1, "{offers:?}");
        offers.remedies.into_values().next().unwrap()
    }

    /// Applies a fix in both its forms, and asks the engine.
    fn assert_mends(&self, files: &Files, target: &Target, fix: &Fix) {
        let mut edited = files.clone();
        for edit in fix.edits.iter().rev() {
            apply(edited.get_mut(&edit.location.file).unwrap(), edit);
        }
        let mut suggested = files.clone();
        assert!(!fix.suggestions.is_empty(), "{fix:?}");
        for suggestion in fix.suggestions.iter().rev() {
            accept(suggested.get_mut(&suggestion.file).unwrap(), suggestion);
        }
        assert_eq!(edited, suggested);
        let after = self.judge(&edited);
        let finding = after
            .iter()
            .find(|finding| self::target(finding) == *target);
        assert_eq!(finding.unwrap().outcome, Outcome::Pass, "{fix:?}");
        let before = self.failing(files);
        for target in self.failing(&edited) {
            assert!(before.contains(&target), "{target:?} fails now: {fix:?}");
        }
    }
}

fn target(finding: &Finding) -> Target {
    (finding.policy, finding.resource_address.as_str().to_owned())
}

fn one(text: &str) -> Files {
    BTreeMap::from([("main.tf".to_owned(), text.to_owned())])
}

/// As a reader of SARIF applies a replacement: lines from 1, columns in characters.
fn apply(text: &mut String, edit: &Edit) {
    let byte = |line: u32, column: u32| {
        let start: usize = text
            .split_inclusive('\n')
            .take(line as usize - 1)
            .map(str::len)
            .sum();
        let rest = &text[start..];
        let mark = if rest.starts_with('\u{feff}') { 3 } else { 0 };
        let chars: usize = rest[mark..]
            .chars()
            .take(column as usize - 1)
            .map(char::len_utf8)
            .sum();
        start + if column == 1 { 0 } else { mark } + chars
    };
    let at = &edit.location;
    let range = byte(at.line, at.column)..byte(at.end_line, at.end_column);
    text.replace_range(range, &edit.replacement);
}

/// As GitHub applies a suggestion: whole lines stand for whole lines, ended as the file's are.
fn accept(text: &mut String, suggestion: &Suggestion) {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.split('\n').map(ToOwned::to_owned).collect();
    for line in &mut lines {
        *line = line.trim_end_matches('\r').to_owned();
    }
    let range = suggestion.line as usize - 1..suggestion.end_line as usize;
    let new = suggestion.text.split('\n').map(ToOwned::to_owned);
    lines.splice(range, new);
    *text = lines.join(end);
}

#[test]
fn failing_examples_are_mended_by_what_is_offered() {
    let mut mended = 0;
    for mut policy in abide_core::policy::builtin() {
        abide_core::policy::complete(&mut policy);
        for example in &policy.docs.examples {
            if example.expect != Expectation::Fail {
                continue;
            }
            let mut settings = PolicySettings::default();
            let parameters = example.parameters.iter().cloned().collect();
            settings.parameters.insert(policy.id.clone(), parameters);
            let account = match example.baseline {
                true => AccountMode::Baseline,
                false => AccountMode::Auto,
            };
            let bench = Bench::new(vec![policy.clone()], &settings, account);
            for text in [example.hcl.clone(), example.hcl.replace('\n', "\r\n")] {
                let files = one(&text);
                for (target, remedy) in bench.offers(&files, 9).remedies {
                    if let Remedy::Proven(fix) = remedy {
                        bench.assert_mends(&files, &target, &fix);
                        mended += 1;
                    }
                }
            }
        }
    }
    assert!(mended > 80, "only {mended} were mended");
}

const OPEN: &str =
    "resource \"aws_db_instance\" \"a\" {\n  identifier = \"a\"\n  publicly_accessible = true\n}\n";

#[test]
fn a_suggestion_is_the_lines_that_are_replaced() {
    let bench = Bench::of(&["POL-0333"]);
    let Remedy::Proven(fix) = bench.remedy(&one(OPEN)) else {
        panic!()
    };
    assert_eq!(
        fix.suggestions,
        [Suggestion {
            file: "main.tf".to_owned(),
            line: 3,
            end_line: 3,
            text: "  publicly_accessible = false".to_owned(),
        }]
    );
    // The edit is no narrower than a word.
    assert_eq!(fix.edits[0].replacement, "false");
    assert_eq!(fix.edits[0].location.column, 25);
}

#[test]
fn an_insertion_repeats_the_line_before_it() {
    let bench = Bench::of(&["POL-0330"]);
    let source = "resource \"aws_db_instance\" \"a\" {\n  engine_version_name = \"a\"\n}\n";
    let Remedy::Proven(fix) = bench.remedy(&one(source)) else {
        panic!()
    };
    assert_eq!(
        fix.suggestions,
        [Suggestion {
            file: "main.tf".to_owned(),
            line: 2,
            end_line: 2,
            text: "  engine_version_name = \"a\"\n  storage_encrypted   = true".to_owned(),
        }]
    );
}

#[test]
fn marks_tabs_and_wide_letters_do_not_shift_an_edit() {
    let bench = Bench::of(&["POL-0333"]);
    for source in [
        "\u{feff}resource \"aws_db_instance\" \"ä\" { publicly_accessible = true }\r\n",
        "resource \"aws_db_instance\" \"a\" {\r\n\tidentifier = \"日本\"\r\n\tpublicly_accessible = true # ä\r\n}",
    ] {
        let files = one(source);
        let target = bench.failing(&files).remove(0);
        let Remedy::Proven(fix) = bench.remedy(&files) else {
            panic!()
        };
        bench.assert_mends(&files, &target, &fix);
    }
}

/// Each is proven alone, so that it can be taken alone; together they would meet.
#[test]
fn edits_of_one_block_are_each_of_the_text_as_it_is() {
    let bench = Bench::of(&["POL-0330", "POL-0333"]);
    let files = one(OPEN);
    let offers = bench.offers(&files, 9);
    assert_eq!(offers.remedies.len(), 2);
    for (target, remedy) in offers.remedies {
        bench.assert_mends(&files, &target, remedy.fix().unwrap());
    }
}

#[test]
fn instances_of_a_block_have_one_edit_and_others_wait() {
    let bench = Bench::of(&["POL-0333"]);
    let block = |name: &str| {
        format!(
            "resource \"aws_db_instance\" \"{name}\" {{\n  for_each = toset([\"x\", \"y\"])\n  publicly_accessible = true\n}}\n"
        )
    };
    let files = one(&format!("{}{}", block("a"), block("b")));
    let offers = bench.offers(&files, 1);
    let found: Vec<&str> = offers.remedies.keys().map(|(_, name)| &**name).collect();
    assert_eq!(
        found,
        ["aws_db_instance.a[\"x\"]", "aws_db_instance.a[\"y\"]"]
    );
    assert_eq!(offers.left, 2);
}

#[test]
fn what_is_not_offered_says_why() {
    let bench = Bench::of(&["POL-0333"]);
    let json = r#"{"resource": {"aws_db_instance": {"a": {"publicly_accessible": true}}}}"#;
    let files = BTreeMap::from([("main.tf.json".to_owned(), json.to_owned())]);
    let Remedy::ByHand { why } = bench.remedy(&files) else {
        panic!()
    };
    assert!(why.contains("JSON syntax"), "{why}");
}

#[test]
fn no_suggestion_repeats_a_secret() {
    let bench = Bench::of(&["POL-0330"]);
    let source = "resource \"aws_db_instance\" \"a\" {\n  storage_type_of_disk = 1\n  password             = \"hunter2hunter2\"\n}\n";
    let files = one(source);
    let Remedy::Proven(fix) = bench.remedy(&files) else {
        panic!()
    };
    // The line after the insertion has nothing to hide.
    assert_eq!(
        (fix.suggestions[0].line, fix.suggestions[0].end_line),
        (4, 4)
    );
    assert!(!format!("{fix:?}").contains("hunter2"), "{fix:?}");
    // Where lines with it change, there are only narrow edits.
    let aligned = source
        .replace("  storage_type_of_disk = 1\n", "")
        .replace("             =", " =");
    let Remedy::Proven(fix) = bench.remedy(&one(&aligned)) else {
        panic!()
    };
    assert!(fix.suggestions.is_empty(), "{fix:?}");
    assert!(!format!("{fix:?}").contains("hunter2"), "{fix:?}");
}

#[test]
fn an_edit_that_repeats_a_secret_is_not_shown() {
    let bench = Bench::of(&["POL-0330"]);
    let source = "resource \"aws_db_instance\" \"a\" { password = \"hunter2hunter2\" }\n";
    match bench.remedy(&one(source)) {
        Remedy::ByHand { why } => assert!(why.contains("repeats a secret"), "{why}"),
        Remedy::Proven(fix) => assert!(!format!("{fix:?}").contains("hunter2"), "{fix:?}"),
    }
}
