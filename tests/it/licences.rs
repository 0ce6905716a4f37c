//! Every package that is built has a licence that `deny.toml` allows.

use std::collections::BTreeSet;
use std::fs;

use crate::architecture::{metadata, root};

/// What `deny.toml` allows: for all packages, and for single ones.
struct Allowed {
    all: BTreeSet<String>,
    exceptions: Vec<(String, BTreeSet<String>)>,
}

impl Allowed {
    fn read() -> Self {
        let text = fs::read_to_string(root().join("deny.toml")).expect("a file");
        let deny: toml::Table = text.parse().expect("TOML");
        let list = |value: &toml::Value| -> BTreeSet<String> {
            let names = value.as_array().expect("a list").iter();
            names.map(|name| name.as_str().expect("a licence").to_owned()).collect()
        };
        let licences = &deny["licenses"];
        let exceptions = licences.get("exceptions").and_then(toml::Value::as_array);
        let exceptions = exceptions.into_iter().flatten().map(|exception| {
            let name = exception.get("crate").or(exception.get("name")).expect("a package");
            let name = name.as_str().expect("a name").split('@').next().unwrap_or_default();
            (name.to_owned(), list(&exception["allow"]))
        });
        Self { all: list(&licences["allow"]), exceptions: exceptions.collect() }
    }

    fn satisfies(&self, package: &str, expression: &str) -> bool {
        let is_allowed = |licence: &str| {
            self.all.contains(licence)
                || self
                    .exceptions
                    .iter()
                    .any(|(name, list)| name == package && list.contains(licence))
        };
        // Before SPDX expressions, a slash stood for "or".
        let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let mut tokens: Vec<&str> = text.split_whitespace().rev().collect();
        let satisfied = either(&mut tokens, &is_allowed);
        assert!(tokens.is_empty(), "{package}: {expression} does not read as an expression");
        satisfied
    }
}

/// `a OR b`, where `AND` binds closer. The tokens are taken from the end of the list.
fn either(tokens: &mut Vec<&str>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut satisfied = both(tokens, is_allowed);
    while tokens.pop_if(|token| *token == "OR").is_some() {
        satisfied |= both(tokens, is_allowed);
    }
    satisfied
}

fn both(tokens: &mut Vec<&str>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut satisfied = one(tokens, is_allowed);
    while tokens.pop_if(|token| *token == "AND").is_some() {
        satisfied &= one(tokens, is_allowed);
    }
    satisfied
}

fn one(tokens: &mut Vec<&str>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    match tokens.pop() {
        Some("(") => {
            let satisfied = either(tokens, is_allowed);
            assert_eq!(tokens.pop(), Some(")"), "an open parenthesis");
            satisfied
        }
        Some(licence) if tokens.pop_if(|token| *token == "WITH").is_some() => {
            let exception = tokens.pop().expect("an exception after WITH");
            is_allowed(&format!("{licence} WITH {exception}"))
        }
        Some(licence) => is_allowed(licence),
        None => false,
    }
}

#[test]
fn every_package_has_a_licence_that_is_allowed() {
    let (allowed, packages) = (Allowed::read(), &metadata().packages);
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| {
            let licence = package.license.as_deref();
            !licence.is_some_and(|licence| allowed.satisfies(&package.name, licence))
        })
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.license))
        .collect();
    assert!(packages.len() > 100, "{} packages only", packages.len());
    assert!(refused.is_empty(), "not allowed by deny.toml: {refused:#?}");
}

#[test]
fn expressions_are_read_as_they_are_meant() {
    let allow = ["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    let exceptions = vec![("odd".to_owned(), BTreeSet::from(["CC0-1.0".to_owned()]))];
    let allowed = Allowed { all: BTreeSet::from(allow), exceptions };
    let cases = [
        ("MIT", true),
        ("Apache-2.0", false),
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(GPL-3.0 OR Apache-2.0) AND Unicode-3.0", false),
        ("GPL-3.0 AND MIT OR Unicode-3.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("CC0-1.0", false),
        ("", false),
    ];
    for (expression, expected) in cases {
        assert_eq!(allowed.satisfies("a", expression), expected, "{expression}");
    }
    assert!(allowed.satisfies("odd", "CC0-1.0"));
}
