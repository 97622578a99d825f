//! The shape of the crate, held by a test: layers look down only, and platforms differ in one seam.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module, and the modules it may use. Lower layers come first; nothing looks up.
const MAY_USE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("reply", &["error"]),
    ("types", &[]),
    ("db", &["types", "error"]),
    ("protocol", &["db", "types", "reply", "error"]),
    ("persist", &["protocol", "db", "types", "error"]),
    (
        "commands",
        &["persist", "protocol", "db", "types", "reply", "error"],
    ),
    (
        "engine",
        &["commands", "persist", "db", "types", "reply", "error"],
    ),
    (
        "wasm",
        &[
            "engine", "commands", "persist", "protocol", "db", "types", "reply", "error",
        ],
    ),
    (
        "server",
        &[
            "platform", "engine", "commands", "persist", "protocol", "db", "types", "reply",
            "error",
        ],
    ),
    ("platform", &[]),
    ("bin", &["server", "commands"]),
];

#[test]
fn layers_look_down_only() {
    let mut wrong = Vec::new();
    for (module, path) in sources() {
        if module == "lib" || module == "store" {
            continue;
        }
        let row = MAY_USE.iter().find(|(name, _)| *name == module);
        let Some((_, allowed)) = row else {
            wrong.push(format!(
                "{}: module `{module}` has no row in MAY_USE",
                path.display()
            ));
            continue;
        };
        for used in uses(&code_of(&path)) {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!(
                    "{}: `{module}` may not use `{used}`",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn platforms_differ_in_one_seam() {
    let outside = sources().filter(|(module, _)| module != "platform" && module != "lib");
    let wrong: Vec<_> = outside
        .filter(|(_, path)| code_of(path).contains("target_arch"))
        .map(|(_, path)| path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "cfg(target_arch) in {}", wrong.join(", "));
}

#[test]
fn the_engine_reads_no_clock_and_does_no_io() {
    const HOSTS: &[&str] = &["server", "wasm", "platform", "bin"];
    const FORBIDDEN: &[&str] = &[
        "std::time",
        "std::fs",
        "std::net",
        "std::thread",
        "std::env",
    ];
    let sans_io = sources().filter(|(module, _)| !HOSTS.contains(&module.as_str()));
    let wrong: Vec<_> = sans_io
        .flat_map(|(_, path)| {
            let code = code_of(&path);
            let used = FORBIDDEN.iter().filter(move |name| code.contains(**name));
            used.map(move |name| format!("{} uses {name}", path.display()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_holds_more_than_one_idea_may_take() {
    let long: Vec<_> = sources()
        .map(|(_, path)| {
            (
                fs::read_to_string(&path).expect("source").lines().count(),
                path,
            )
        })
        .filter(|(lines, _)| *lines > 800)
        .map(|(lines, path)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Every source file, with the module of the first level that it belongs to.
fn sources() -> impl Iterator<Item = (String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "only {} files below src/", files.len());
    files.into_iter().map(move |path| {
        let below = path.strip_prefix(&root).expect("it was found there");
        let first = below.components().next().expect("a name");
        let name = Path::new(first.as_os_str()).with_extension("");
        (name.to_string_lossy().into_owned(), path)
    })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The file without comments and without the tests at its end.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let code = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Modules of the first level that the code names.
fn uses(code: &str) -> Vec<String> {
    let after = |prefix: &'static str| code.split(prefix).skip(1).collect::<Vec<_>>();
    let mut used = Vec::new();
    for rest in after("crate::").into_iter().chain(after("nookdb::")) {
        let names = match rest.strip_prefix('{') {
            Some(group) => group
                .split('}')
                .next()
                .unwrap_or_default()
                .split(',')
                .collect(),
            None => vec![rest],
        };
        for name in names {
            let word: String = name
                .trim()
                .chars()
                .take_while(|letter| letter.is_ascii_lowercase() || *letter == '_')
                .collect();
            if MAY_USE.iter().any(|(module, _)| *module == word) {
                used.push(word);
            }
        }
    }
    used
}
