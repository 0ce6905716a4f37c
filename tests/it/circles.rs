//! Which modules of a crate use which: no folder is part of a circle, at any depth, in libraries and in programs. Files of the same folder may use
//! each other in a circle. The root file of a crate is left out: it joins all others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use crate::modules::{Modules, Segments, crates, module_path};

/// The file of a folder itself (`mod.rs`), among its neighbours in the folder.
const OWN_FILE: &str = ".";

/// Which of the files and folders of one folder use which.
type Arrows = BTreeMap<String, BTreeSet<String>>;

impl Modules {
    /// What uses what in each folder, by the folder's path.
    fn arrows(&self) -> BTreeMap<Segments, Arrows> {
        let mut arrows: BTreeMap<Segments, Arrows> = BTreeMap::new();
        for (from, module) in &self.0 {
            for path in &module.paths {
                let Some(to) = self.target(from, path) else { continue };
                let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                let name = |module: &Segments| {
                    module.get(shared).cloned().unwrap_or_else(|| OWN_FILE.to_owned())
                };
                let (user, used) = (name(from), name(&to));
                let is_root = shared == 0 && (user == OWN_FILE || used == OWN_FILE);
                if *from != to && !is_root {
                    let folder = arrows.entry(from[..shared].to_vec()).or_default();
                    folder.entry(user).or_default().insert(used);
                }
            }
        }
        arrows
    }

    /// The circles that folders are part of, one for each such folder: its path and the names on the way back to it.
    fn circles(&self) -> Vec<(Segments, Segments)> {
        let arrows = self.arrows();
        let of_folder = |(path, arrows): (&Segments, &Arrows)| {
            let is_folder = |name: &String| {
                let inside = [&path[..], std::slice::from_ref(name)].concat();
                self.0
                    .keys()
                    .any(|module| module.len() > inside.len() && module.starts_with(&inside))
            };
            let folders = arrows.keys().filter(|name| is_folder(name));
            let circles = folders.filter_map(|name| circle(arrows, name));
            circles.map(|circle| (path.clone(), circle)).collect::<Vec<_>>()
        };
        arrows.iter().flat_map(of_folder).collect()
    }
}

/// The shortest way along the arrows from a name back to it.
fn circle(arrows: &Arrows, name: &str) -> Option<Segments> {
    let mut ways = VecDeque::from([vec![name.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in arrows.get(way.last()?).into_iter().flatten() {
            let longer = [&way[..], std::slice::from_ref(next)].concat();
            if next == name {
                return Some(longer);
            }
            if seen.insert(next) {
                ways.push_back(longer);
            }
        }
    }
    None
}

#[test]
fn no_folder_is_part_of_a_circle() {
    let crates = crates();
    for program in ["trainer/src", "crates/scenes/src", "runtime-native/src/bin/gqn-run"] {
        assert!(crates.contains_key(Path::new(program)), "{program}: {:?}", crates.keys());
    }
    let circles: Vec<String> = crates
        .iter()
        .flat_map(|(root, modules)| {
            let text = |(folder, way): (Segments, Segments)| {
                format!("{}: {}", root.join(folder.join("/")).display(), way.join(" -> "))
            };
            modules.circles().into_iter().map(text)
        })
        .collect();
    assert!(circles.is_empty(), "folders that use themselves:\n{}", circles.join("\n"));
}

/// The circles of a crate with these files.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<_> = files
        .iter()
        .map(|(path, text)| (module_path(Path::new(path)), (*text).to_owned()))
        .collect();
    let circles = Modules::of(&sources).circles();
    circles
        .into_iter()
        .map(|(path, way)| format!("{}: {}", path.join("/"), way.join(" ")))
        .collect()
}

#[test]
fn circles_are_found() {
    let root = ("lib.rs", "mod a; mod b; mod c; pub use c::C;");
    // Through `crate::`, lists, and a name that the root exports.
    let at_the_top = [
        root,
        ("a/mod.rs", "use crate::{b::{B, D as E}, other};"),
        ("b.rs", "fn f() -> crate::C { g() }"),
        ("c/mod.rs", "mod deep;"),
        ("c/deep.rs", "use crate::a::A;"),
    ];
    assert_eq!(found(&at_the_top), [": c a b c"]);
    let without_export = [&at_the_top[1..], &[("lib.rs", "mod a; mod b; mod c;")]].concat();
    assert_eq!(found(&without_export), Vec::<String>::new());
    // Nested, through `super::`; one end is a folder, and the third file is not part of it.
    let nested = [
        root,
        ("a/mod.rs", "mod x; mod y; mod z;"),
        ("a/x/mod.rs", "mod inner;"),
        ("a/x/inner.rs", "use super::super::y::Y;"),
        ("a/y.rs", "use super::{x, z::Z};"),
        ("a/z.rs", "use crate::b;"),
    ];
    assert_eq!(found(&nested), ["a: x y x"]);
    // The folder's own file is a neighbour of those in it.
    let own = [
        root,
        ("a/mod.rs", "mod x; use self::x::inner::f; pub(crate) struct A;"),
        ("a/x/mod.rs", "pub(super) mod inner;"),
        ("a/x/inner.rs", "use crate::a::A;"),
    ];
    assert_eq!(found(&own), ["a: x . x"]);
}

#[test]
fn what_is_no_circle_of_folders_is_not_found() {
    // Two files, the tests inside of a file, comments, and the root.
    let files = [
        ("main.rs", "mod a; mod b; fn f() { a::g() }"),
        (
            "a/mod.rs",
            "mod x; mod y; // use crate::b;\nmod tests {\n    use super::super::b;\n    use super::x::X;\n}\n",
        ),
        (
            "a/x.rs",
            "use super::y::Y; use crate::f;\nmod tests {\n    use super::*;\n    use super::Y;\n}\n",
        ),
        ("a/y.rs", "fn y() -> super::x::X { todo() }"),
        ("b.rs", "use std::a::A;"),
    ];
    assert_eq!(found(&files), Vec::<String>::new());
    let arrows =
        Modules::of(&files.map(|(path, text)| (module_path(Path::new(path)), text.to_owned())))
            .arrows();
    assert_eq!(arrows[&vec!["a".to_owned()]]["x"], BTreeSet::from(["y".to_owned()]));
    assert_eq!(arrows[&vec!["a".to_owned()]]["y"], BTreeSet::from(["x".to_owned()]));
    assert_eq!(arrows[&Segments::new()]["a"], BTreeSet::from(["b".to_owned()]));
}
