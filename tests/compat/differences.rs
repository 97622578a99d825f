//! What differs from redis-server 7.0.15 on purpose, read from the cases into `README.md` beside them.

use std::fs;
use std::path::{Path, PathBuf};

const START: &str =
    "<!-- differences: written by UPDATE=1 cargo test --test compat differences -->\n";
const END: &str = "<!-- end of differences -->\n";

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/README.md")
}

/// Every reason in the cases, with the calls that it is given for.
fn differences() -> Vec<(String, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/cases");
    let files = fs::read_dir(folder).expect("the folder of cases");
    let mut paths: Vec<_> = files.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path).expect("a file of cases");
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2) {
            let Some(reason) = pair[0].strip_prefix('!') else {
                continue;
            };
            let (reason, call) = (reason.trim().to_owned(), pair[1].to_owned());
            match found.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, calls)) => calls.push(call),
                None => found.push((reason, vec![call])),
            }
        }
    }
    found
}

fn table() -> String {
    let rows = differences().into_iter().map(|(reason, calls)| {
        let calls: Vec<_> = calls.iter().map(|call| format!("`{call}`")).collect();
        format!("| {reason} | {} |\n", calls.join(", "))
    });
    format!(
        "\n| why | where |\n|---|---|\n{}\n",
        rows.collect::<String>()
    )
}

#[test]
fn the_page_of_differences_is_that_of_the_cases() {
    let text = fs::read_to_string(page()).expect("tests/compat/README.md");
    let (before, rest) = text.split_once(START).expect("where the table starts");
    let (current, after) = rest.split_once(END).expect("where the table ends");
    let wanted = table();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(page(), [before, START, &wanted, END, after].concat())
            .expect("the page is written");
        return;
    }
    assert_eq!(
        current, wanted,
        "run UPDATE=1 cargo test --test compat differences"
    );
}
