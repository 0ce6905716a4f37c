//! The licences of what is linked: every crate with its licence's name and the texts that it comes with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::camino::Utf8Path;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, Package, PackageId, Target};
use xtask_workspace::name_of;

use crate::target;

/// The text of `THIRD-PARTY-LICENSES.txt`.
pub(crate) fn text(root: &Path, target: target::Target, zig: &Path) -> Result<String> {
    let mut command = MetadataCommand::new();
    command.current_dir(root).other_options(vec![
        "--locked".to_owned(),
        format!("--filter-platform={}", target.triple()),
    ]);
    let metadata = command.exec().context("cannot ask cargo for the packages")?;
    let mut parts: Vec<(String, Vec<PathBuf>)> =
        linked(&metadata, &["gqn-runtime-native", "gqn-capi"])
            .into_iter()
            .map(of_package)
            .collect();
    parts.push(("Rust's standard library: MIT OR Apache-2.0".to_owned(), Vec::new()));
    let zigs = vec![zig.join("LICENSE"), zig.join("lib/libunwind/LICENSE.TXT")];
    parts.push((
        "zig's compiler runtime: MIT; LLVM's libunwind: Apache-2.0 WITH LLVM-exception".to_owned(),
        zigs,
    ));
    joined(&parts)
}

/// The packages that are linked into some members, those of the workspace left out.
fn linked<'a>(metadata: &'a Metadata, members: &[&str]) -> Vec<&'a Package> {
    let nodes: BTreeMap<&PackageId, &Node> = metadata
        .resolve
        .iter()
        .flat_map(|graph| &graph.nodes)
        .map(|node| (&node.id, node))
        .collect();
    let is_macro = |id: &PackageId| metadata[id].targets.iter().any(Target::is_proc_macro);
    let mut next: Vec<&PackageId> = (metadata.packages.iter())
        .filter(|package| members.contains(&package.name.as_str()))
        .map(|package| &package.id)
        .collect();
    let mut seen: BTreeSet<&PackageId> = next.iter().copied().collect();
    while let Some(id) = next.pop() {
        for dependency in nodes.get(id).into_iter().flat_map(|node| &node.deps) {
            let is_linked =
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if is_linked && !is_macro(&dependency.pkg) && seen.insert(&dependency.pkg) {
                next.push(&dependency.pkg);
            }
        }
    }
    let is_foreign = |id: &&PackageId| !metadata.workspace_members.contains(id);
    let mut found: Vec<&Package> =
        seen.into_iter().filter(is_foreign).map(|id| &metadata[id]).collect();
    found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    found
}

/// A package's line, and the files with the texts of its licences.
fn of_package(package: &Package) -> (String, Vec<PathBuf>) {
    let Package { name, version, license, repository, .. } = package;
    let license = license.as_deref().unwrap_or("see its text");
    let repository = repository.as_deref().map_or_else(String::new, |url| format!(" ({url})"));
    let folder = package.manifest_path.parent().map_or(Path::new("."), Utf8Path::as_std_path);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_file() && is_licence(&name_of(path)))
        .collect();
    files.sort();
    (format!("{name} {version}: {license}{repository}"), files)
}

fn is_licence(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["licen", "copying", "copyright", "notice", "unlicense"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// All lines, then every text once, below the lines that it belongs to.
fn joined(parts: &[(String, Vec<PathBuf>)]) -> Result<String> {
    let mut text = "What gqn-run and libgqn.so are linked with, and its licences.\n\n".to_owned();
    let mut texts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (line, files) in parts {
        let _ = writeln!(text, "- {line}");
        for file in files {
            let bytes =
                fs::read(file).with_context(|| format!("cannot open {}", file.display()))?;
            let licence = String::from_utf8_lossy(&bytes).trim().replace("\r\n", "\n");
            let owner = line.split(':').next().unwrap_or(line);
            let owners = texts.entry(licence).or_default();
            if !owners.contains(&owner) {
                owners.push(owner);
            }
        }
    }
    let mut texts: Vec<_> = texts.into_iter().map(|(text, owners)| (owners, text)).collect();
    texts.sort();
    for (owners, licence) in texts {
        let _ = write!(text, "\n{}\n{}\n\n{licence}\n", "-".repeat(78), owners.join(", "));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn what_is_linked_is_listed_and_what_is_not_is_not() {
        let zig = tempfile::tempdir().unwrap();
        fs::create_dir_all(zig.path().join("lib/libunwind")).unwrap();
        fs::write(zig.path().join("LICENSE"), "zig's text").unwrap();
        fs::write(zig.path().join("lib/libunwind/LICENSE.TXT"), "LLVM's text").unwrap();
        let text = text(&root(), target::Target::X86_64, zig.path()).unwrap();
        for name in ["ort ", "clap ", "axum ", "libc "] {
            assert!(text.contains(&format!("\n- {name}")), "{name}");
        }
        // A macro, a tool of tests, the trainer's, and our own.
        for name in ["serde_derive ", "cbindgen ", "torch-sys ", "gqn-formats "] {
            assert!(!text.contains(&format!("\n- {name}")), "{name}");
        }
        assert!(text.contains("zig's text") && text.contains("LLVM's text"));
        assert!(text.contains("Permission is hereby granted"));
    }

    #[test]
    fn a_text_that_several_share_stands_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("LICENSE");
        fs::write(&file, "the text\r\n").unwrap();
        let part = |line: &str| (line.to_owned(), vec![file.clone()]);
        let text = joined(&[part("a 1: MIT"), part("b 2: MIT")]).unwrap();
        assert_eq!(text.matches("the text").count(), 1);
        assert!(text.contains("- b 2: MIT\n") && text.contains("\na 1, b 2\n"), "{text}");
    }
}
