//! The folder that a host serves: the page, the engine, the models, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::models::Model;
use crate::setup::remove;
use crate::workspace::Workspace;

/// In the result, what of the page never changes under its name: a folder whose name carries a hash of its content.
const APP: &str = "app";
/// The page's parts that go there, files or folders.
const PARTS: [&str; 3] = ["icon.svg", "style", "src"];
/// What wasm-bindgen made and the page loads.
const GLUE: [&str; 2] = ["gqn.js", "gqn_bg.wasm"];
const TYPES: &str = "gqn.d.ts";
const PAGE: &str = "index.html";
const SERVICE_WORKER: &str = "service-worker.js";

/// Puts the folder together at `dist`.
pub(super) fn assemble(
    workspace: &Workspace,
    glue: &Path,
    models: &[Model],
    dist: &Path,
) -> Result<()> {
    let page = workspace.root().join("web-demo");
    let part = dist.with_extension("part");
    remove(&part)?;
    let mut app = BTreeMap::new();
    for name in PARTS {
        add(&page.join(name), name, &mut app)?;
    }
    app.retain(|name, _| !name.ends_with(".d.ts"));
    for name in GLUE {
        app.insert(format!("wasm/{name}"), read(&glue.join(name))?);
    }
    // For the type checker: the page's sources refer to the glue as it lies in the result.
    let types = page.join("wasm");
    fs::create_dir_all(&types).with_context(|| format!("cannot make {}", types.display()))?;
    fs::write(types.join(TYPES), read(&glue.join(TYPES))?)?;
    let wasm_bytes = app["wasm/gqn_bg.wasm"].len();
    let folder = format!("{APP}-{}", hash_of(&app));
    let mut files: BTreeMap<String, Vec<u8>> =
        app.into_iter().map(|(name, content)| (format!("{folder}/{name}"), content)).collect();
    let index = text(&page.join(PAGE))?.replace(&format!("\"{APP}/"), &format!("\"{folder}/"));
    files.insert(PAGE.to_owned(), index.into_bytes());
    let worker = service_worker(&text(&page.join(SERVICE_WORKER))?, &files)?;
    files.insert(SERVICE_WORKER.to_owned(), worker.into_bytes());
    let offer = json!({ "wasm_bytes": wasm_bytes, "models": models });
    files.insert("models.json".to_owned(), serde_json::to_vec_pretty(&offer)?);

    for (name, content) in &files {
        let path = part.join(name);
        let folder = path.parent().context("a file lies in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    models.iter().try_for_each(|model| model.copy(&part))?;
    remove(dist)?;
    fs::rename(&part, dist).with_context(|| format!("cannot put {} in place", dist.display()))?;
    Ok(())
}

/// Tells the service worker what the page consists of; another version for any other content.
fn service_worker(source: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<String> {
    let names: Vec<&str> = ["./"].into_iter().chain(files.keys().map(String::as_str)).collect();
    let lines = [
        ("const version = \"dev\";", format!("const version = \"{}\";", hash_of(files))),
        ("const files = [];", format!("const files = {};", json!(names))),
    ];
    lines.iter().try_fold(source.to_owned(), |text, (placeholder, line)| {
        ensure!(text.contains(placeholder), "{SERVICE_WORKER} has no line `{placeholder}`");
        Ok(text.replace(placeholder, line))
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
    let hash = hash.finalize();
    let start: [u8; 5] = std::array::from_fn(|index| hash[index]);
    format!("{:010x}", start.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
}

/// Every file below a folder, or the file itself, under that name.
fn add(path: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    if !path.is_dir() {
        files.insert(name.to_owned(), read(path)?);
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("cannot open {}", path.display()))? {
        let entry = entry?;
        let below = format!("{name}/{}", entry.file_name().to_string_lossy());
        add(&entry.path(), &below, files)?;
    }
    Ok(())
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot open {}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot open {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_folder_holds_the_page_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (page, glue) = (folder.path().join("web-demo"), folder.path().join("glue"));
        let write = |path: PathBuf, content: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write(page.join("index.html"), r#"<script src="app/src/main.js"></script>"#);
        write(page.join("service-worker.js"), "const version = \"dev\";\nconst files = [];\n");
        write(page.join("icon.svg"), "");
        write(page.join("README.md"), "");
        write(page.join("package.json"), "");
        write(page.join("src/page/main.js"), "1");
        write(page.join("src/types.d.ts"), "");
        write(page.join("style/a.css"), "");
        for name in ["gqn.js", "gqn_bg.wasm", "gqn.d.ts"] {
            write(glue.join(name), name);
        }
        let workspace = Workspace::at(folder.path());
        let dist = page.join("dist");
        assemble(&workspace, &glue, &[], &dist).unwrap();
        let found = |dist: &Path| {
            let mut files = BTreeMap::new();
            for entry in fs::read_dir(dist).unwrap() {
                let entry = entry.unwrap();
                add(&entry.path(), entry.file_name().to_str().unwrap(), &mut files).unwrap();
            }
            files
        };
        let files = found(&dist);
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        let app = names[0].split('/').next().unwrap();
        assert!(app.starts_with("app-") && app.len() == 14, "{app}");
        let own =
            ["icon.svg", "src/page/main.js", "style/a.css", "wasm/gqn.js", "wasm/gqn_bg.wasm"];
        assert_eq!(names[..5], own.map(|name| format!("{app}/{name}")));
        assert_eq!(names[5..], ["index.html", "models.json", "service-worker.js"]);
        let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
        assert_eq!(text("index.html"), format!(r#"<script src="{app}/src/main.js"></script>"#));
        let worker = text("service-worker.js");
        assert!(worker.contains(&format!("{app}/wasm/gqn_bg.wasm")), "{worker}");

        // A changed module changes the folder's name and the service worker; the old folder is gone.
        write(page.join("src/page/main.js"), "2");
        assemble(&workspace, &glue, &[], &dist).unwrap();
        assert!(!dist.join(app).exists());
        assert_ne!(found(&dist)["service-worker.js"], files["service-worker.js"]);
    }
}
