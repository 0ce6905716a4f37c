//! How sources look: what the style asks for and a text search can see.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::architecture::{metadata, root};
use crate::programs::run;

/// Above that many lines, a file holds two things.
const MOST_LINES: usize = 400;

/// Names that say nothing of what a module holds.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "helpers", "helper", "common", "core"];

/// Every file of a pattern that belongs to the project, as a path below its folder, with its text.
pub(crate) fn files(pattern: &str) -> Vec<(PathBuf, String)> {
    let list = ["ls-files", "--cached", "--others", "--exclude-standard", pattern];
    let outcome = run(Command::new("git").args(list).current_dir(root())).succeeded();
    let paths = outcome.stdout.lines();
    paths
        .filter_map(|path| Some((path.into(), fs::read_to_string(root().join(path)).ok()?)))
        .collect()
}

/// Every Rust source that belongs to the project.
fn sources() -> Vec<(PathBuf, String)> {
    let sources = files("*.rs");
    assert!(sources.len() > 50, "{} sources only", sources.len());
    sources
}

#[test]
fn no_file_is_too_long() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines, at most {MOST_LINES}", path.display());
    }
}

#[test]
fn no_module_has_an_empty_name() {
    for (path, text) in sources() {
        let parts = path.components().filter_map(|part| part.as_os_str().to_str());
        let stems: Vec<&str> = parts.map(|part| part.trim_end_matches(".rs")).collect();
        let is_empty = |name: &&str| EMPTY_NAMES.contains(name);
        assert_eq!(stems.iter().copied().find(|stem| is_empty(stem)), None, "{}", path.display());
        let inline = text.lines().filter_map(|line| {
            let line =
                line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            line.strip_prefix("mod ")?.split([' ', ';', '{']).next()
        });
        assert_eq!(inline.into_iter().find(is_empty), None, "a module in {}", path.display());
    }
}

#[test]
fn libraries_hold_docs_modules_and_names_only() {
    let libraries: Vec<_> =
        sources().into_iter().filter(|(path, _)| path.ends_with("lib.rs")).collect();
    assert!(libraries.len() >= 8, "{} libraries only", libraries.len());
    for (path, text) in libraries {
        assert!(text.starts_with("//! "), "{} starts without docs", path.display());
        let code = without_comments(&text);
        for item in code.split_inclusive([';', '}']).map(str::trim).filter(|item| !item.is_empty())
        {
            assert!(is_module_or_name(item), "{} holds more: {item}", path.display());
        }
    }
}

/// The text without comments and attributes, and with the braces of `pub use a::{b, c};` taken away.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let code: Vec<&str> =
        lines.filter(|line| !line.starts_with("//") && !line.starts_with('#')).collect();
    let mut code = code.join(" ");
    while let Some(start) = code.find("::{") {
        let Some(length) = code[start..].find("};") else { break };
        code.replace_range(start..=start + length, "");
    }
    code
}

fn is_module_or_name(item: &str) -> bool {
    let item = item.trim_end_matches(';');
    let words: Vec<&str> = item.split_whitespace().collect();
    match words[..] {
        ["mod", name] | ["pub", "mod", name] => {
            name.chars().all(|c| c.is_alphanumeric() || c == '_')
        }
        ["pub", "use", ..] => true,
        _ => false,
    }
}

#[test]
fn what_is_more_than_a_name_is_seen() {
    let code = "//! Docs.\n#[cfg(test)]\nmod a;\npub mod b;\npub use a::{A, B,\n    C};\npub use b::D as E;\n";
    let only_names = |text: &str| {
        let code = without_comments(text);
        let mut items =
            code.split_inclusive([';', '}']).map(str::trim).filter(|item| !item.is_empty());
        items.all(is_module_or_name)
    };
    assert!(only_names(code));
    for more in
        ["fn f() {}", "const A: u8 = 1;", "mod c { fn f() {} }", "use a::A;", "pub struct S;"]
    {
        assert!(!only_names(&format!("{code}{more}\n")), "{more}");
    }
}

#[test]
fn every_member_takes_the_workspaces_lints() {
    for member in metadata().workspace_packages() {
        let manifest = read(member.manifest_path.as_std_path());
        let manifest: toml::Table = manifest.parse().expect("TOML");
        let workspace = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(workspace, Some(&toml::Value::Boolean(true)), "lints of {}", member.name);
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
