//! The modules of the workspace's crates, and the paths in their sources: which module has what a path names. A search of the text, without types and macros.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::sources::files;

/// How many re-exports a name is followed through.
const MOST_EXPORTS: usize = 8;

/// A path in a source, or a module's path from the root of its crate.
pub(crate) type Segments = Vec<String>;

/// What a module says of others.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Every path in it.
    pub(crate) paths: Vec<Segments>,
    /// What its `use` items let a name stand for.
    imports: BTreeMap<String, Vec<Segments>>,
}

/// The modules of a crate by their paths; the root's is empty.
#[derive(Debug, Default)]
pub(crate) struct Modules(pub(crate) BTreeMap<Segments, Module>);

fn is_word(token: &str) -> bool {
    token.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn is_start(segment: &str) -> bool {
    ["crate", "self", "super"].contains(&segment)
}

/// The words, the `::` and the other characters of a source without its comments. In a module inside of a file, `super` is the file.
fn tokens(text: &str) -> Vec<String> {
    let (mut tokens, mut is_inner) = (Vec::new(), false);
    for line in text.lines() {
        let mut line = line.split("//").next().unwrap_or_default().to_owned();
        let item = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        is_inner |= item.starts_with("mod ") && item.ends_with('{');
        if is_inner {
            let parts: Vec<String> = line
                .split("super::super::")
                .map(|part| part.replace("super::", "self::"))
                .collect();
            line = parts.join("super::");
        }
        is_inner &= !line.starts_with('}');
        let mut rest = line.as_str();
        while let Some(first) = rest.chars().next() {
            let length = if rest.starts_with("::") {
                2
            } else if is_word(&rest[..first.len_utf8()]) {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            } else {
                first.len_utf8()
            };
            let (token, behind) = rest.split_at(length);
            tokens.extend((!token.trim().is_empty()).then(|| token.to_owned()));
            rest = behind;
        }
    }
    tokens
}

/// The paths of a `use` item, each with the name that it gets; returns the tokens behind it.
fn use_tree<'a>(
    mut tokens: &'a [String],
    before: &[String],
    found: &mut Vec<(Segments, String)>,
) -> &'a [String] {
    let mut path = before.to_vec();
    loop {
        match tokens {
            [word, colons, rest @ ..] if is_word(word) && colons == "::" => {
                path.push(word.clone());
                tokens = rest;
            }
            [word, keyword, name, rest @ ..] if is_word(word) && keyword == "as" => {
                path.push(word.clone());
                found.push((path, name.clone()));
                return rest;
            }
            [word, rest @ ..] if is_word(word) || word == "*" => {
                if word != "self" {
                    path.push(word.clone());
                }
                let name = path.last().cloned().unwrap_or_default();
                found.push((path, name));
                return rest;
            }
            [brace, rest @ ..] if brace == "{" => {
                tokens = rest;
                loop {
                    match tokens {
                        [end, rest @ ..] if end == "}" => return rest,
                        [comma, rest @ ..] if comma == "," => tokens = rest,
                        [] => return tokens,
                        _ => tokens = use_tree(tokens, &path, found),
                    }
                }
            }
            [_, rest @ ..] => return rest,
            [] => return tokens,
        }
    }
}

impl Module {
    /// Adds what a source says.
    fn read(&mut self, text: &str) {
        let tokens = tokens(text);
        let mut rest = &tokens[..];
        while let Some(first) = rest.first() {
            if first == "use" {
                let mut found = Vec::new();
                rest = use_tree(&rest[1..], &[], &mut found);
                for (path, name) in found {
                    self.paths.push(path.clone());
                    self.imports.entry(name).or_default().push(path);
                }
                continue;
            }
            let more = rest[1..].chunks_exact(2);
            let more = more.take_while(|pair| pair[0] == "::" && is_word(&pair[1]));
            let path: Segments =
                std::iter::once(first).chain(more.map(|pair| &pair[1])).cloned().collect();
            rest = &rest[2 * path.len() - 1..];
            self.paths.extend((path.len() > 1).then_some(path));
        }
    }
}

impl Modules {
    pub(crate) fn of(sources: &[(Segments, String)]) -> Self {
        let mut modules = Self::default();
        for (path, text) in sources {
            modules.0.entry(path.clone()).or_default().read(text);
        }
        modules
    }

    /// The module that has what a path in `module` names; none where it leads out of the crate.
    pub(crate) fn target(&self, module: &[String], path: &[String]) -> Option<Segments> {
        self.followed(module, path, MOST_EXPORTS)
    }

    fn followed(&self, module: &[String], path: &[String], exports: usize) -> Option<Segments> {
        let child = |of: &[String], name: &String| [of, std::slice::from_ref(name)].concat();
        let start = path.iter().take_while(|segment| is_start(segment)).count();
        let mut reached = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => {
                let up = path[..start].iter().filter(|segment| *segment == "super").count();
                module[..module.len().checked_sub(up)?].to_vec()
            }
            _ => module.to_vec(),
        };
        if start == 0 && !self.0.contains_key(&child(module, &path[0])) {
            return None;
        }
        for name in &path[start..] {
            let next = child(&reached, name);
            if self.0.contains_key(&next) {
                reached = next;
                continue;
            }
            let imports = self.0.get(&reached).and_then(|module| module.imports.get(name));
            let imports = imports.into_iter().flatten().filter(|_| exports > 0);
            let mut exported =
                imports.filter_map(|import| self.followed(&reached, import, exports - 1));
            return exported.next().or_else(|| Some(reached.clone()));
        }
        Some(reached)
    }
}

/// The path of a module from the root of its crate, from that of its file.
pub(crate) fn module_path(file: &Path) -> Segments {
    let file = file.with_extension("");
    let mut path: Segments = file.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if path.last().is_some_and(|name| ["lib", "main", "mod"].contains(&name.as_str())) {
        path.pop();
    }
    path
}

/// The modules of every library and program of the workspace, by the folder of its root file.
pub(crate) fn crates() -> BTreeMap<PathBuf, Modules> {
    let sources = files("*.rs");
    let is_root = |path: &&PathBuf| path.ends_with("lib.rs") || path.ends_with("main.rs");
    let roots: BTreeSet<&Path> = sources
        .iter()
        .map(|(path, _)| path)
        .filter(is_root)
        .filter_map(|path| path.parent())
        .collect();
    let mut crates: BTreeMap<PathBuf, Vec<(Segments, String)>> = BTreeMap::new();
    for (path, text) in &sources {
        let Some(root) = path.ancestors().find(|folder| roots.contains(folder)) else { continue };
        let module = module_path(path.strip_prefix(root).expect("below it"));
        crates.entry(root.to_owned()).or_default().push((module, text.clone()));
    }
    crates.into_iter().map(|(root, sources)| (root, Modules::of(&sources))).collect()
}
