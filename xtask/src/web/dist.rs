//! The folder that a host serves: the page, the engine, the models, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::models::Model;
use crate::setup::remove;
use crate::workspace::Workspace;

/// Folder of the page's modules; in the result its name carries a hash of its content.
const APP: &str = "app";
/// Files beside `index.html` that are shipped.
const ROOT_EXTENSIONS: [&str; 6] = ["html", "js", "webmanifest", "svg", "png", "ico"];
/// What wasm-bindgen made and the page loads.
const GLUE: [&str; 2] = ["gqn.js", "gqn_bg.wasm"];
/// For the editor and the type checker only.
const TYPES: &str = "gqn.d.ts";

/// Puts `web-demo/dist` together.
pub(super) fn assemble(workspace: &Workspace, glue: &Path, models: &[Model]) -> Result<PathBuf> {
    let page = workspace.root().join("web-demo");
    let (dist, part) = (page.join("dist"), page.join("dist.part"));
    remove(&part)?;
    let types = glue.join(TYPES);
    fs::copy(&types, page.join(APP).join(TYPES))
        .with_context(|| format!("cannot copy {}", types.display()))?;

    let mut app = files_below(&page.join(APP))?;
    app.retain(|name, _| !name.ends_with(".d.ts"));
    for name in GLUE {
        app.insert(name.to_owned(), read(&glue.join(name))?);
    }
    let hash = hash_of(&app);
    let app_folder = format!("{APP}-{hash}");
    let mut files: BTreeMap<String, Vec<u8>> =
        app.into_iter().map(|(name, content)| (format!("{app_folder}/{name}"), content)).collect();
    for (name, content) in root_files(&page)? {
        let content = if name.ends_with(".html") || name.ends_with(".webmanifest") {
            with_hashed_paths(&String::from_utf8_lossy(&content), &app_folder).into_bytes()
        } else {
            content
        };
        files.insert(name, content);
    }
    let precache = precache(&files);
    files.insert("precache.js".to_owned(), precache.into_bytes());
    let index = serde_json::to_vec_pretty(&json!({ "models": models }))?;
    files.insert("models.json".to_owned(), index);

    for (name, content) in &files {
        let path = part.join(name);
        let folder = path.parent().context("a file lies in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    models.iter().try_for_each(|model| model.copy(&part))?;
    remove(&dist)?;
    fs::rename(&part, &dist).with_context(|| format!("cannot put {} in place", dist.display()))?;
    Ok(dist)
}

/// What a service worker fetches for a page that works without a network; its version changes with any file.
fn precache(files: &BTreeMap<String, Vec<u8>>) -> String {
    let names: Vec<&str> = ["./"]
        .into_iter()
        .chain(files.keys().map(String::as_str).filter(|name| *name != "sw.js"))
        .collect();
    let list = json!({ "version": hash_of(files), "files": names });
    format!("self.PRECACHE = {list};\n")
}

/// `"app/main.js"` → `"app-HASH/main.js"`, also after `./` and in single quotes.
fn with_hashed_paths(text: &str, app_folder: &str) -> String {
    ["\"", "'", "\"./", "'./"].into_iter().fold(text.to_owned(), |text, before| {
        text.replace(&format!("{before}{APP}/"), &format!("{before}{app_folder}/"))
    })
}

fn hash_of(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hash = Sha256::new();
    for (name, content) in files {
        hash.update(name.as_bytes());
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(content);
    }
    short_hash(hash)
}

/// The first ten hexadecimal digits.
pub(super) fn short_hash(hash: Sha256) -> String {
    hash.finalize().iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}

fn root_files(page: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(page).with_context(|| format!("cannot open {}", page.display()))? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_file() && extension.is_some_and(|found| ROOT_EXTENSIONS.contains(&found)) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, read(&path)?);
        }
    }
    Ok(files)
}

/// Every file below a folder, by its path there.
fn files_below(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut next = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = next.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot open {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                next.push((path, format!("{prefix}{name}/")));
            } else {
                files.insert(format!("{prefix}{name}"), read(&path)?);
            }
        }
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot open {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_holds_the_page_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (page, glue) = (folder.path().join("web-demo"), folder.path().join("glue"));
        let write = |path: PathBuf, content: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write(
            page.join("index.html"),
            r#"<script src="./app/main.js"></script><a href='app/a.css'>"#,
        );
        write(page.join("sw.js"), "");
        write(page.join("README.md"), "");
        write(page.join("app/deep/main.js"), "1");
        for name in ["gqn.js", "gqn_bg.wasm", "gqn.d.ts"] {
            write(glue.join(name), name);
        }
        let workspace = Workspace::at(folder.path());
        let dist = assemble(&workspace, &glue, &[]).unwrap();
        let files = files_below(&dist).unwrap();
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        let app = names[0].split('/').next().unwrap();
        assert!(app.starts_with("app-") && app.len() == 14, "{app}");
        let expected =
            ["deep/main.js", "gqn.js", "gqn_bg.wasm"].map(|name| format!("{app}/{name}"));
        assert_eq!(names[..3], expected);
        assert_eq!(names[3..], ["index.html", "models.json", "precache.js", "sw.js"]);
        let index = String::from_utf8(files["index.html"].clone()).unwrap();
        assert_eq!(
            index,
            format!(r#"<script src="./{app}/main.js"></script><a href='{app}/a.css'>"#)
        );
        let precache = String::from_utf8(files["precache.js"].clone()).unwrap();
        assert!(
            precache.contains(&format!("{app}/gqn_bg.wasm")) && !precache.contains("models"),
            "{precache}"
        );

        // A changed module changes the folder's name; the old one is gone.
        write(page.join("app/deep/main.js"), "2");
        assemble(&workspace, &glue, &[]).unwrap();
        assert!(!dist.join(app).exists());
    }
}
