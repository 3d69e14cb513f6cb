//! Any text as Terraform source. A line `//// name` begins a file of that
//! name, so that one input can be several modules; without one it is
//! `main.tf`, or `main.tf.json` if it begins like JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let first = if text.starts_with('{') {
        "main.tf.json"
    } else {
        "main.tf"
    };
    let mut files = vec![(first, 0, text.len())];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("//// ") {
            if let Some(last) = files.last_mut() {
                last.2 = at;
            }
            files.push((name.trim(), at + line.len(), text.len()));
        }
        at += line.len();
    }
    let files: Vec<(&str, &str)> = files
        .into_iter()
        .map(|(name, from, to)| (name, &text[from..to]))
        .collect();
    abide_fuzz::scan_source(&files);
});
