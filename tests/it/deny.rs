//! What `deny.toml` says of licences, bans and sources holds for every package, with all features of the workspace, on the
//! systems that it names: the same as `cargo deny check bans licenses sources`, without installing that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cargo_metadata::semver::VersionReq;
use cargo_metadata::{Dependency, Package};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::architecture::{metadata_for, root};

/// `deny.toml`. A key that is not read here is not honoured here, and refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deny {
    graph: GraphTable,
    licenses: Licenses,
    /// Needs a database from the network: `cargo deny check advisories`.
    #[serde(rename = "advisories")]
    _advisories: toml::Table,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct GraphTable {
    targets: Vec<String>,
    all_features: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Licenses {
    /// About licences that are guessed from texts, which none is here.
    #[serde(rename = "confidence-threshold")]
    _confidence_threshold: f64,
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    multiple_versions: String,
    wildcards: String,
    allow_wildcard_paths: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    unknown_registry: String,
    unknown_git: String,
}

fn deny() -> Deny {
    let text = fs::read_to_string(root().join("deny.toml")).expect("a file");
    toml::from_str(&text).unwrap_or_else(|error| panic!("deny.toml: {error}"))
}

/// Every package that is built for one of the systems.
fn packages(graph: &GraphTable) -> Vec<Package> {
    assert!(graph.all_features, "some packages are not looked at");
    let mut found = BTreeMap::new();
    for target in &graph.targets {
        // What only an optional feature needs may have to be fetched.
        let metadata = metadata_for(target, &["--all-features"]);
        let nodes = metadata.resolve.expect("a resolved workspace").nodes;
        let built: BTreeSet<_> = nodes.into_iter().map(|node| node.id).collect();
        let packages = metadata.packages.into_iter();
        found.extend(
            packages
                .filter(|package| built.contains(&package.id))
                .map(|package| (package.id.clone(), package)),
        );
    }
    found.into_values().collect()
}

/// Whether one of the licences that are allowed satisfies an expression; a slash is an old way to write OR.
fn is_allowed(allow: &[Licensee], expression: &str) -> bool {
    let expression = Expression::parse_mode(expression, ParseMode::LAX);
    expression.is_ok_and(|expression| {
        expression.evaluate(|wanted| allow.iter().any(|licence| licence.satisfies(wanted)))
    })
}

fn licensees(allow: &[impl AsRef<str>]) -> Vec<Licensee> {
    allow.iter().map(|text| Licensee::parse(text.as_ref()).expect("an SPDX identifier")).collect()
}

#[test]
fn licences_bans_and_sources_are_as_deny_toml_says() {
    let Deny { graph, licenses, bans, sources, .. } = deny();
    let packages = packages(&graph);
    assert!(packages.len() > 200, "{} packages only", packages.len());
    assert!(packages.iter().any(|package| package.name.as_str() == "mpi"), "features are left out");
    let allow = licensees(&licenses.allow);
    assert_eq!(bans.multiple_versions, "allow");
    assert_eq!([bans.wildcards, sources.unknown_registry, sources.unknown_git], ["deny"; 3]);
    let mut refused = Vec::new();
    for Package { name, version, license, source, dependencies, .. } in &packages {
        if !license.as_deref().is_some_and(|expression| is_allowed(&allow, expression)) {
            refused.push(format!("{name} {version}: licence {license:?}"));
        }
        match source.as_ref().map(|source| source.repr.as_str()) {
            None => {
                let is_wild = |dependency: &&Dependency| {
                    let is_path = dependency.path.is_some() && bans.allow_wildcard_paths;
                    dependency.req == VersionReq::STAR && !is_path
                };
                let wild = dependencies.iter().filter(is_wild);
                refused.extend(wild.map(|wild| format!("{name}: any {}", wild.name)));
            }
            Some("registry+https://github.com/rust-lang/crates.io-index") => {}
            Some(other) => refused.push(format!("{name} {version}: from {other}")),
        }
    }
    assert!(refused.is_empty(), "not allowed by deny.toml: {refused:#?}");
}

#[test]
fn expressions_are_read_as_they_are_meant() {
    let allow = licensees(&["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"]);
    for (expression, expected) in [
        ("MIT", true),
        ("Apache-2.0", false),
        ("MIT OR GPL-3.0-only", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(GPL-3.0-only OR Apache-2.0) AND Unicode-3.0", false),
        ("GPL-3.0-only AND MIT OR Unicode-3.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("no licence", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(&allow, expression), expected, "{expression}");
    }
}
