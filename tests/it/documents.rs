//! What the documents name is there: files of the tree, pages and headings that links lead to, the version.

use std::fs;
use std::path::{Path, PathBuf};

use crate::architecture::{metadata, root};
use crate::sources::files;

/// Folders that a document names files of by their path from the workspace's root.
const FOLDERS: [&str; 10] = [
    "crates/",
    "docs/",
    "exporter/",
    "runtime-native/",
    "runtime-wasm/",
    "tests/",
    "trainer/",
    "web-demo/",
    "xtask/",
    ".ci/",
];
/// What the programs write, and what a checkout therefore need not hold.
const MADE: [&str; 4] =
    ["web-demo/dist", "web-demo/wasm", "web-demo/node_modules", "xtask/tools/node_modules"];

/// Every Markdown file that belongs to the project, as a path below its folder, with its text.
fn documents() -> Vec<(PathBuf, String)> {
    files("*.md")
}

/// What stands between backquotes, and is a path from the root of the workspace.
fn named_paths(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)))
        // A pattern, a command or a placeholder.
        .filter(|word| !word.contains(['*', ' ', '{', '<', '$', '\n', '…']))
        .filter(|word| !word.split(['/', '.']).any(is_placeholder))
        .filter(|word| !MADE.iter().any(|made| word.starts_with(made)))
        .collect()
}

/// `NAME`, as it stands for any name; not `README`.
fn is_placeholder(part: &str) -> bool {
    ["NAME", "DIR", "FILE", "PACKAGE", "RUN", "TARGET"].contains(&part)
}

/// Where the links of a page lead, without those to other hosts.
fn links(text: &str) -> Vec<&str> {
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    ends.filter(|link| !link.contains("://") && !link.starts_with("mailto:")).collect()
}

/// The name by which a link leads to a heading: lower case, words joined by hyphens, punctuation left out.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn headings(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

#[test]
fn files_that_documents_name_are_there() {
    let mut missing = Vec::new();
    for (document, text) in documents() {
        // History names what was there once.
        if document.ends_with("CHANGELOG.md") {
            continue;
        }
        let named = named_paths(&text).into_iter().filter(|path| !root().join(path).exists());
        missing.extend(named.map(|path| format!("{}: {path}", document.display())));
    }
    assert!(missing.is_empty(), "no such file:\n{}", missing.join("\n"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for (document, text) in documents() {
        let folder = root().join(document.parent().expect("a file lies in a folder"));
        for link in links(&text) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { root().join(&document) } else { folder.join(path) };
            let is_page = target.extension().is_some_and(|end| end == "md");
            let leads = target.exists()
                && (heading.is_empty() || !is_page || {
                    headings(&fs::read_to_string(&target).expect("a document"))
                        .contains(&heading.to_owned())
                });
            if !leads {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

/// The headings of the changelog's versions, newest first.
fn versions(changelog: &str) -> Vec<&str> {
    changelog.lines().filter_map(|line| line.strip_prefix("## ")).collect()
}

#[test]
fn the_changelog_has_a_section_of_this_version() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).expect("a document");
    let [unreleased, newest, ..] = versions(&changelog)[..] else {
        panic!("fewer than two sections: {:?}", versions(&changelog))
    };
    assert_eq!(unreleased, "[Unreleased]");
    for member in metadata().workspace_packages() {
        let (version, date) = newest.split_once(" - ").expect("a version and a date");
        assert_eq!(version, format!("[{}]", member.version), "{}", member.name);
        let numbers: Vec<usize> = date.split('-').filter_map(|part| part.parse().ok()).collect();
        assert!(matches!(numbers[..], [2026..=9999, 1..=12, 1..=31]), "{date}");
    }
}

#[test]
fn paths_links_and_headings_are_found() {
    let text = "see `trainer/src/lib.rs`, `trainer/configs/NAME.toml`, `cargo x`, [a](b.md#the-c) and [d](https://e)";
    assert_eq!(named_paths(text), ["trainer/src/lib.rs"]);
    assert_eq!(links(text), ["b.md#the-c"]);
    assert_eq!(anchor("## What's new, in `0.2`"), "whats-new-in-02");
    assert!(documents().iter().any(|(path, _)| path == Path::new("docs/README.md")));
}
