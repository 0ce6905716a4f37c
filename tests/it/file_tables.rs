//! Tables of files against the tree: those in the first lines of sources (`lib.rs`, `main.rs`, `mod.rs`, a module with a folder), and the rows of
//! `docs/contributing/layout.md`. What a row names is there, and what is there has a row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::architecture::root;
use crate::sources::files;

/// Files that are no rows: roots of crates and folders, and a module of tests.
const NO_ROWS: [&str; 4] = ["lib.rs", "main.rs", "mod.rs", "tests.rs"];
const LAYOUT: &str = "docs/contributing/layout.md";

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The names in the table of files that a source begins with; none if it has no such table.
fn table(text: &str) -> Option<BTreeSet<String>> {
    let mut lines = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    lines.find(|line| line.starts_with("| file |") || line.starts_with("| folder |"))?;
    let rows = lines.skip(1).map_while(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    Some(cells.flat_map(quoted).map(str::to_owned).collect())
}

/// The folder whose files the table of a source lists.
fn folder_of(source: &Path) -> PathBuf {
    if NO_ROWS[..3].iter().any(|name| source.ends_with(name)) {
        source.parent().unwrap_or(Path::new("")).to_owned()
    } else {
        source.with_extension("")
    }
}

/// Sources and folders with sources that lie directly in a folder; folders end with `/`.
fn entries(folder: &Path, sources: &[PathBuf]) -> BTreeSet<String> {
    let inside = sources.iter().filter_map(|source| source.strip_prefix(folder).ok());
    let name = |path: &Path| {
        let mut parts = path.iter().map(|part| part.to_string_lossy());
        let first = parts.next()?;
        Some(if parts.next().is_some() { format!("{first}/") } else { first.into_owned() })
    };
    inside.filter_map(name).filter(|name| !NO_ROWS.contains(&name.as_str())).collect()
}

/// Whether a table has a row for an entry: it, its module's file, or something in it.
fn has_row(names: &BTreeSet<String>, entry: &str) -> bool {
    let of_folder = |folder: &str| {
        let mut named = names.iter();
        names.contains(&format!("{folder}.rs"))
            || named.any(|name| name == folder || name.starts_with(entry))
    };
    names.contains(entry) || entry.strip_suffix('/').is_some_and(of_folder)
}

/// Every folder with a table, and the names in it. A library and a program in one folder have one table together.
fn tables(sources: &[(PathBuf, String)]) -> BTreeMap<PathBuf, BTreeSet<String>> {
    let mut tables: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources {
        if let Some(names) = table(text) {
            tables.entry(folder_of(path)).or_default().extend(names);
        }
    }
    tables
}

#[test]
fn tables_of_files_are_those_of_the_tree() {
    let sources = files("*.rs");
    let (tables, mut faults) = (tables(&sources), Vec::new());
    assert!(tables.len() > 50, "{} tables only", tables.len());
    let paths: Vec<PathBuf> = sources.into_iter().map(|(path, _)| path).collect();
    for (folder, names) in &tables {
        let stale = names.iter().filter(|name| !root().join(folder).join(name).exists());
        faults.extend(stale.map(|name| format!("{}: no {name}", folder.display())));
        let entries = entries(folder, &paths);
        let absent = entries.iter().filter(|entry| !has_row(names, entry));
        faults.extend(absent.map(|entry| format!("{}: {entry} has no row", folder.display())));
    }
    assert!(faults.is_empty(), "tables of files:\n{}", faults.join("\n"));
}

#[test]
fn every_library_and_every_folder_of_one_has_a_table() {
    let sources = files("*.rs");
    let tables = tables(&sources);
    let paths: Vec<PathBuf> = sources.into_iter().map(|(path, _)| path).collect();
    let is_source = |path: &&PathBuf| path.iter().any(|part| part == "src");
    let roots = paths.iter().filter(is_source);
    let roots = roots.filter(|path| path.ends_with("lib.rs") || path.ends_with("mod.rs"));
    let silent: BTreeSet<PathBuf> = roots
        .map(|path| folder_of(path))
        // One file for each command, named after it.
        .filter(|folder| !folder.ends_with("commands"))
        .filter(|folder| entries(folder, &paths).len() > 1 && !tables.contains_key(folder))
        .collect();
    assert!(silent.is_empty(), "folders without a table of files: {silent:?}");
}

#[test]
fn stale_rows_and_absent_ones_are_seen() {
    let text = "//! Docs.\n//!\n//! | file | holds |\n//! |---|---|\n//! | `a.rs`, `b/` | [`A`]: `no.rs` |\n//! | `c.rs` | c |\n//!\n//! | `d.rs` | d |\n";
    let names = table(text).expect("a table");
    assert_eq!(names, BTreeSet::from(["a.rs", "b/", "c.rs"].map(str::to_owned)));
    assert_eq!(table("//! Docs.\n\n//! | file | holds |\n"), None, "it is not in the first lines");
    assert_eq!(folder_of(Path::new("x/src/lib.rs")), Path::new("x/src"));
    assert_eq!(folder_of(Path::new("x/src/y.rs")), Path::new("x/src/y"));
    let paths = ["x/lib.rs", "x/a.rs", "x/b/mod.rs", "x/c/d.rs", "x/e/f.rs", "x/g.rs"];
    let entries = entries(Path::new("x"), &paths.map(PathBuf::from));
    assert_eq!(entries, BTreeSet::from(["a.rs", "b/", "c/", "e/", "g.rs"].map(str::to_owned)));
    let absent: Vec<&String> = entries.iter().filter(|entry| !has_row(&names, entry)).collect();
    assert_eq!(absent, ["e/", "g.rs"]);
}

/// Folders and files that the rows of the page name, from the workspace's root; `Err` for a name that leads nowhere.
fn layout(page: &str) -> Vec<Result<PathBuf, String>> {
    let mut found = Vec::new();
    for row in page.lines().filter_map(|line| line.strip_prefix("| `")) {
        let Some((first, contents)) = row.split_once(" | ") else { continue };
        let first = format!("`{first}");
        let mut bases: Vec<PathBuf> = vec![PathBuf::new()];
        for name in quoted(&first) {
            let path = below(&bases, name);
            if let Ok(path) = &path {
                bases.extend(path.parent().map(Path::to_owned));
                bases.push(path.clone());
            }
            found.push(path);
        }
        let is_path = |name: &&str| [".rs", ".h", ".c", "/"].iter().any(|end| name.ends_with(end));
        found.extend(quoted(contents).filter(is_path).map(|name| below(&bases, name)));
    }
    found
}

/// A name below the last of the folders that has it.
fn below(bases: &[PathBuf], name: &str) -> Result<PathBuf, String> {
    let paths = bases.iter().rev().map(|base| base.join(name));
    paths.into_iter().find(|path| root().join(path).exists()).ok_or_else(|| name.to_owned())
}

#[test]
fn the_layout_is_that_of_the_tree() {
    let page = fs::read_to_string(root().join(LAYOUT)).expect("a document");
    let rows = layout(&page);
    let stale: Vec<&String> = rows.iter().filter_map(|row| row.as_ref().err()).collect();
    assert!(stale.is_empty(), "{LAYOUT} names what is not there: {stale:?}");
    let rows: Vec<PathBuf> = rows.into_iter().flatten().collect();
    let sources: Vec<PathBuf> = files("*.rs").into_iter().map(|(path, _)| path).collect();
    let source_root = |path: &PathBuf| {
        path.ancestors().skip(1).find(|folder| folder.ends_with("src")).map(Path::to_owned)
    };
    let folders: BTreeSet<PathBuf> = sources.iter().filter_map(source_root).collect();
    assert!(folders.len() > 20, "{folders:?}");
    let mut absent = Vec::new();
    for folder in folders {
        let is_named = rows.iter().any(|row| folder.starts_with(row) || row.starts_with(&folder));
        absent.extend((!is_named).then(|| folder.clone()));
        let inside = entries(&folder, &sources).into_iter().filter(|entry| entry.ends_with('/'));
        let inside = inside.map(|entry| folder.join(entry));
        absent.extend(inside.filter(|inside| !rows.iter().any(|row| row.starts_with(inside))));
    }
    assert!(absent.is_empty(), "{LAYOUT} has no row for {absent:?}");
}

#[test]
fn rows_of_the_layout_that_lead_nowhere_are_seen() {
    let page = "| `tests/it/`, `golden/` | `circles.rs`, `gone.rs`; `Nothing`, `a.json` |\n| `tests/gone/` | x |\n";
    let path = |path: &str| Ok(PathBuf::from(path));
    let missing = |name: &str| Err(name.to_owned());
    assert_eq!(
        layout(page),
        [
            path("tests/it/"),
            path("tests/golden/"),
            path("tests/it/circles.rs"),
            missing("gone.rs"),
            missing("tests/gone/")
        ]
    );
}
