//! The folder that a host serves: the page, the engine, the models, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sha2::{Digest, Sha256};
use xtask_workspace::{Workspace, remove};

use crate::html::{self, Addresses};
use crate::models::Model;

/// In the result, what of the page never changes under its name: a folder whose name carries a hash of its content.
pub(crate) const APP: &str = "app";
/// The page's parts that go there, files or folders.
const PARTS: [&str; 6] = ["icon.svg", "app.webmanifest", "style", "src", "media", "example"];
/// Of these, what a first visit does without: it is fetched, and kept, when somebody asks for it.
const LATER: [&str; 4] = ["example/", "media/", "src/worker/gif.js", "tract/"];
/// What wasm-bindgen made and the page loads.
const GLUE: [&str; 2] = ["gqn.js", "gqn_bg.wasm"];
const TYPES: &str = "gqn.d.ts";
const PAGE: &str = html::FILE;
const SERVICE_WORKER: &str = "service-worker.js";
const MODELS: &str = "models.json";
/// The project's documents beside the page, and the list of them.
const DOCS: &str = "docs";
const DOCS_LIST: &str = "docs/pages.json";

/// What was built of the engines: folders with [`GLUE`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Glue<'a> {
    /// The engine of the page, whose types the type checker reads too.
    pub(crate) engine: &'a Path,
    /// The second engine, if it was built.
    pub(crate) tract: Option<&'a Path>,
}

/// Puts the folder together at `dist`.
pub(crate) fn assemble(
    workspace: &Workspace,
    glue: &Glue<'_>,
    models: &[Model],
    addresses: &Addresses,
    dist: &Path,
) -> Result<()> {
    let page = workspace.root().join("web-demo");
    let part = dist.with_extension("part");
    remove(&part)?;
    let mut app = BTreeMap::new();
    for name in PARTS {
        add(&page.join(name), name, &mut app)?;
    }
    app.retain(|name, _| {
        !name.ends_with(".d.ts") && !html::INLINED.iter().any(|part| name.starts_with(part))
    });
    for name in GLUE {
        app.insert(format!("wasm/{name}"), read(&glue.engine.join(name))?);
        if let Some(tract) = glue.tract {
            app.insert(format!("tract/{name}"), read(&tract.join(name))?);
        }
    }
    // For the type checker: the page's sources refer to the glue as it lies in the result.
    let types = page.join("wasm");
    fs::create_dir_all(&types).with_context(|| format!("cannot make {}", types.display()))?;
    fs::write(types.join(TYPES), read(&glue.engine.join(TYPES))?)?;
    let wasm_bytes = app["wasm/gqn_bg.wasm"].len();
    let tract_bytes = app.get("tract/gqn_bg.wasm").map(Vec::len);
    let folder = format!("{APP}-{}", hash_of(&app));
    let mut files: BTreeMap<String, Vec<u8>> =
        app.into_iter().map(|(name, content)| (format!("{folder}/{name}"), content)).collect();
    let poster = files.get(&format!("{folder}/media/poster.webp")).map(Vec::as_slice);
    let data = [MODELS.to_owned()].into_iter().chain(models.first().map(Model::manifest));
    let preloads = html::preloads(files.keys(), data);
    let index = html::page(&page, &folder, &preloads, poster.unwrap_or_default(), addresses)?;
    files.insert(PAGE.to_owned(), index.into_bytes());
    let worker = service_worker(&text(&page.join(SERVICE_WORKER))?, &files)?;
    files.insert(SERVICE_WORKER.to_owned(), worker.into_bytes());
    let servers = &addresses.servers;
    let offer = json!({ "wasm_bytes": wasm_bytes, "tract_bytes": tract_bytes, "servers": servers, "models": models });
    files.insert(MODELS.to_owned(), serde_json::to_vec_pretty(&offer)?);
    files.extend(documents(workspace)?);

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

/// The project's documents, those for users first.
fn documents(workspace: &Workspace) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let folder = workspace.root().join(DOCS);
    if folder.is_dir() {
        add(&folder, DOCS, &mut found)?;
        found.retain(|name, _| Path::new(name).extension().is_some_and(|kind| kind == "md"));
    }
    let below = |name: &String| name[DOCS.len() + 1..].to_owned();
    let mut names: Vec<String> = found.keys().map(below).collect();
    for name in ["ARCHITECTURE.md", "README.md"] {
        let path = workspace.root().join(name);
        if path.is_file() && !names.iter().any(|known| known == name) {
            found.insert(format!("{DOCS}/{name}"), read(&path)?);
            names.insert(0, name.to_owned());
        }
    }
    // The page opens the first.
    names.sort_by_key(|name| name != "README.md");
    found.insert(DOCS_LIST.to_owned(), serde_json::to_vec(&names)?);
    Ok(found)
}

/// Tells the service worker what the page consists of; another version for any other content.
fn service_worker(source: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<String> {
    let first_visit = |name: &&str| !LATER.iter().any(|later| name.contains(&format!("/{later}")));
    let names: Vec<&str> =
        ["./"].into_iter().chain(files.keys().map(String::as_str)).filter(first_visit).collect();
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
pub(crate) fn short_hash(hash: Sha256) -> String {
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

pub(crate) fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot open {}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot open {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const INDEX: &str = r#"<meta content="script-src 'self'; style-src 'self'; connect-src 'self'; base-uri">
<script src="app/src/page/guard.js"></script>
<link rel="stylesheet" href="app/style/a.css">
<link rel="stylesheet" href="app/style/b.css">
<meta content="app/media/card.png"><!-- preload --><img src="app/media/poster.webp">
<script src="app/src/main.js"></script><a id="source" hidden>"#;

    #[test]
    fn the_folder_holds_the_page_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (page, glue) = (folder.path().join("web-demo"), folder.path().join("glue"));
        let write = |path: PathBuf, content: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write(page.join("index.html"), INDEX);
        write(folder.path().join("README.md"), "what it is");
        write(folder.path().join("docs/training.md"), "how it learns");
        write(page.join("src/page/guard.js"), "guard()");
        write(page.join("src/worker/gif.js"), "");
        write(page.join("media/card.png"), "");
        write(page.join("media/poster.webp"), "poster");
        write(page.join("example/views.json"), "");
        write(page.join("app.webmanifest"), "");
        write(page.join("service-worker.js"), "const version = \"dev\";\nconst files = [];\n");
        write(page.join("icon.svg"), "");
        write(page.join("README.md"), "");
        write(page.join("package.json"), "");
        write(page.join("src/page/main.js"), "1");
        write(page.join("src/types.d.ts"), "");
        write(page.join("style/a.css"), "a {}\n");
        write(page.join("style/b.css"), "b {}\n");
        for name in ["gqn.js", "gqn_bg.wasm", "gqn.d.ts"] {
            write(glue.join(name), name);
        }
        for name in GLUE {
            write(folder.path().join("tract").join(name), name);
        }
        let workspace = Workspace::at(folder.path());
        let tract = folder.path().join("tract");
        let glue = Glue { engine: &glue, tract: Some(&tract) };
        let dist = page.join("dist");
        let mut addresses = Addresses::default();
        assemble(&workspace, &glue, &[], &addresses, &dist).unwrap();
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
        let own = [
            "app.webmanifest",
            "example/views.json",
            "icon.svg",
            "media/card.png",
            "media/poster.webp",
            "src/page/main.js",
            "src/worker/gif.js",
            "tract/gqn.js",
            "tract/gqn_bg.wasm",
            "wasm/gqn.js",
            "wasm/gqn_bg.wasm",
        ];
        assert_eq!(names[..own.len()], own.map(|name| format!("{app}/{name}")));
        let beside = ["docs/README.md", "docs/pages.json", "docs/training.md"];
        let rest = ["index.html", "models.json", "service-worker.js"];
        assert_eq!(names[own.len()..], [&beside[..], &rest].concat());
        let text = |files: &BTreeMap<String, Vec<u8>>, name: &str| {
            String::from_utf8(files[name].clone()).unwrap()
        };
        assert_eq!(text(&files, "docs/pages.json"), r#"["README.md","training.md"]"#);
        let index = text(&files, "index.html");
        assert!(index.contains(&format!(r#"<script src="{app}/src/main.js"></script>"#)));
        assert!(index.contains(&format!(r#"content="{app}/media/card.png""#)), "{index}");
        assert!(index.contains(r#"<img src="data:image/webp;base64,cG9zdGVy">"#), "{index}");
        assert!(index.contains(r#"id="source" hidden"#), "{index}");
        assert!(index.contains("connect-src 'self';"), "{index}");
        assert!(index.contains(&format!(r#"href="{app}/src/page/main.js""#)), "{index}");
        assert!(index.contains(r#"href="models.json""#) && !index.contains("guard.js"), "{index}");
        assert!(!index.contains(".css"), "{index}");
        assert!(!index.contains("tract/") && !index.contains("gqn_bg.wasm"), "{index}");
        // A first visit keeps what it needs, and nothing that only some ask for.
        let worker = text(&files, "service-worker.js");
        assert!(worker.contains(&format!("{app}/wasm/gqn_bg.wasm")), "{worker}");
        for later in ["docs/", "example/", "card.png", "gif.js", "tract/"] {
            assert!(!worker.contains(later), "{later}: {worker}");
        }

        // Addresses are put in where they are known.
        addresses.site = Some("https://a.example/gqn/".to_owned());
        addresses.source = Some("https://a.example/\"x".to_owned());
        addresses.servers = vec!["https://b.example".to_owned()];
        assemble(&workspace, &glue, &[], &addresses, &dist).unwrap();
        let index = text(&found(&dist), "index.html");
        assert!(index.contains(&format!(r#""https://a.example/gqn/{app}/media/card.png""#)));
        assert!(index.contains(r#"id="source" href="https://a.example/&quot;x""#), "{index}");
        assert!(index.contains("connect-src 'self' https://b.example;"), "{index}");
        assert!(text(&found(&dist), "models.json").contains("https://b.example"));
        addresses = Addresses::default();

        // A changed module changes the folder's name and the service worker; the old folder is gone.
        write(page.join("src/page/main.js"), "2");
        assemble(&workspace, &glue, &[], &addresses, &dist).unwrap();
        assert!(!dist.join(app).exists());
        assert_ne!(found(&dist)["service-worker.js"], files["service-worker.js"]);
    }
}
