//! Which crate may use which: `ARCHITECTURE.md` says it, cargo knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cargo_metadata::{
    DepKindInfo, DependencyKind, Metadata, MetadataCommand, NodeDep, Package, PackageId,
};

use crate::programs::run;

/// What a package uses directly.
fn dependencies<'a>(metadata: &'a Metadata, id: &PackageId) -> &'a [NodeDep] {
    let resolve = metadata.resolve.as_ref().expect("a resolved workspace");
    &resolve.nodes.iter().find(|node| node.id == *id).expect("a resolved package").deps
}

/// Names of all that a member is built and tested with. Development dependencies count for the member alone.
fn reached<'a>(metadata: &'a Metadata, member: &'a PackageId) -> BTreeSet<&'a str> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![member]);
    while let Some(id) = next.pop() {
        for dependency in dependencies(metadata, id) {
            let is_dev = |kind: &DepKindInfo| kind.kind == DependencyKind::Development;
            let counts = id == member || !dependency.dep_kinds.iter().all(is_dev);
            if counts && seen.insert(&dependency.pkg) {
                next.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter().map(|id| metadata[id].name.as_str()).collect()
}

/// Names of the members that a member's own code uses directly.
fn used_members<'a>(metadata: &'a Metadata, id: &PackageId) -> BTreeSet<&'a str> {
    let is_own = |dependency: &&NodeDep| {
        dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
            && metadata.workspace_members.contains(&dependency.pkg)
    };
    let used = dependencies(metadata, id).iter().filter(is_own);
    used.map(|dependency| metadata[&dependency.pkg].name.as_str()).collect()
}

/// What cargo says of this workspace on this platform, asked for once.
pub(crate) fn metadata() -> &'static Metadata {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    METADATA.get_or_init(|| {
        // Packages of other platforms need not be on this machine.
        let version = run(Command::new("rustc").arg("-vV")).succeeded().stdout;
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
        metadata_for(host, &["--offline"])
    })
}

/// What cargo says of this workspace on a platform.
pub(crate) fn metadata_for(target: &str, options: &[&str]) -> Metadata {
    let mut command = MetadataCommand::new();
    command
        .current_dir(root())
        .other_options(vec!["--locked".to_owned(), format!("--filter-platform={target}")]);
    let mut command = command.cargo_command();
    MetadataCommand::parse(run(command.args(options)).succeeded().stdout).expect("cargo's JSON")
}

/// The workspace's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder")
}

/// Crates and what each may use, from the table of `ARCHITECTURE.md`; `None` for all.
fn table() -> BTreeMap<String, Option<BTreeSet<String>>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("a document");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
        let [_, name, _, uses, _] = cells[..] else { return None };
        Some((without_parentheses(name), without_parentheses(uses)))
    });
    let full = |name: &str| {
        if name.starts_with("xtask") { name.to_owned() } else { format!("gqn-{name}") }
    };
    let named = |uses: &str| uses.split(',').map(|name| full(name.trim())).collect();
    rows.map(|(name, uses)| match uses.as_str() {
        "all" => (name, None),
        "–" => (name, Some(BTreeSet::new())),
        uses => (name, Some(named(uses))),
    })
    .collect()
}

/// The text without what stands in parentheses: programs, and what of a crate is used.
fn without_parentheses(text: &str) -> String {
    let mut depth = 0;
    let outside = text.chars().filter(|c| {
        depth += i32::from(*c == '(');
        let keep = depth == 0;
        depth -= i32::from(*c == ')');
        keep
    });
    outside.collect::<String>().trim().to_owned()
}

#[test]
fn only_the_trainer_and_these_tests_reach_libtorch() {
    let metadata = metadata();
    let reaching: BTreeSet<&str> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|member| reached(metadata, &member.id).contains("torch-sys"))
        .map(|member| member.name.as_str())
        .collect();
    assert_eq!(reaching, BTreeSet::from(["gqn-tests", "gqn-trainer"]));
}

#[test]
fn default_members_are_all_of_the_product_that_builds_without_libtorch() {
    let metadata = metadata();
    let default: BTreeSet<&PackageId> = metadata.workspace_default_members.iter().collect();
    let without: BTreeSet<&PackageId> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|member| !reached(metadata, &member.id).contains("torch-sys"))
        // The scoreboard, a peer on it and the fuzzer take minutes to compile, and nobody runs them by themselves.
        .filter(|member| {
            !["gqn-bench-rten", "gqn-fuzz", "gqn-scoreboard"].contains(&member.name.as_str())
        })
        .map(|member| &member.id)
        .collect();
    assert_eq!(default, without);
}

#[test]
fn crates_use_what_the_architecture_says() {
    let (metadata, table) = (metadata(), table());
    let members: BTreeSet<String> =
        metadata.workspace_packages().iter().map(|member| member.name.to_string()).collect();
    assert_eq!(table.keys().cloned().collect::<BTreeSet<_>>(), members, "rows of the table");
    for member in metadata.workspace_packages() {
        let Some(listed) = &table[member.name.as_str()] else { continue };
        let mut allowed = listed.clone();
        // What a crate may use, it may use the parts of: the table lists no crate twice.
        let mut next: Vec<String> = listed.iter().cloned().collect();
        while let Some(name) = next.pop() {
            let below = table[&name].as_ref().expect("nothing uses the tests");
            next.extend(below.iter().filter(|name| allowed.insert((*name).clone())).cloned());
        }
        let used: BTreeSet<String> =
            used_members(metadata, &member.id).into_iter().map(str::to_owned).collect();
        let (name, extra) = (&member.name, used.difference(&allowed).collect::<Vec<_>>());
        assert!(extra.is_empty(), "{name} uses {extra:?}, which ARCHITECTURE.md does not list");
        let idle: Vec<_> = listed.difference(&used).collect();
        assert!(idle.is_empty(), "ARCHITECTURE.md says that {name} uses {idle:?}");
    }
}

#[test]
fn scenes_stand_alone_and_runtimes_know_no_trainer() {
    // Said by the table too; these hold whatever the table says.
    let metadata = metadata();
    for member in metadata.workspace_packages() {
        let used = used_members(metadata, &member.id);
        match member.name.as_str() {
            "gqn-scenes" => assert!(used.is_empty(), "{used:?}"),
            "gqn-runtime" | "gqn-portable" | "gqn-runtime-native" | "gqn-runtime-wasm" => {
                assert!(
                    !used.contains("gqn-exporter") && !used.contains("gqn-trainer"),
                    "{used:?}"
                );
            }
            _ => {}
        }
    }
}

/// The sources of a member, each with its path below `src`.
fn sources(member: &Package) -> Vec<(PathBuf, String)> {
    let src =
        member.manifest_path.parent().expect("a member's folder").join("src").into_std_path_buf();
    let (mut found, mut folders) = (Vec::new(), vec![src.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source");
                found.push((path.strip_prefix(&src).expect("below it").to_owned(), text));
            }
        }
    }
    found
}

#[test]
fn every_module_begins_with_what_may_enter() {
    for member in metadata().workspace_packages() {
        let silent: Vec<PathBuf> = sources(member)
            .into_iter()
            .filter(|(_, text)| !text.starts_with("//! "))
            .map(|(path, _)| path)
            .collect();
        assert!(silent.is_empty(), "{}: {silent:?} begin without a `//!` line", member.name);
    }
}
