//! The packages that the page offers, and their index.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::failure::failure;
use crate::workspace::Workspace;

/// What makes a folder a package.
const MANIFEST: &str = "manifest.json";
const SAMPLE: &str = "sample.safetensors";

/// A package as the page offers it. The index lists its serialised form.
#[derive(Debug, Serialize)]
pub(crate) struct Model {
    /// What the page calls it.
    name: String,
    /// Its folder below the page.
    path: String,
    /// Another one for any other content.
    version: String,
    /// All files together.
    bytes: u64,
    /// The world it was trained on, if its sample says so.
    world: Option<String>,
    image_size: u64,
    step: u64,
    files: Vec<ModelFile>,
    #[serde(skip)]
    folder: PathBuf,
}

#[derive(Debug, Serialize)]
struct ModelFile {
    name: String,
    bytes: u64,
}

/// The packages of the command line, or the demo's.
pub(super) fn read(workspace: &Workspace, packages: &[String]) -> Result<Vec<Model>> {
    let demo = workspace.root().join("out/demo/package");
    if !packages.is_empty() {
        return packages.iter().map(|package| named(package)).collect();
    }
    if !demo.join(MANIFEST).exists() {
        return Err(failure(
            format!("{} holds no package", demo.display()),
            "`cargo xtask demo` makes one; name another with --package DIR",
        ));
    }
    Ok(vec![Model::read("demo", &demo)?])
}

/// `DIR` or `NAME=DIR`. A folder called `package` is named after the one it lies in.
fn named(package: &str) -> Result<Model> {
    let (name, folder) = match package.split_once('=') {
        Some((name, folder)) => (Some(name), Path::new(folder)),
        None => (None, Path::new(package)),
    };
    let folder =
        folder.canonicalize().with_context(|| format!("cannot open {}", folder.display()))?;
    let last = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let own = last(&folder).filter(|name| name != "package");
    let own = own.or_else(|| last(folder.parent()?)).unwrap_or_else(|| "model".to_owned());
    Model::read(name.unwrap_or(&own), &folder)
}

impl Model {
    fn read(name: &str, folder: &Path) -> Result<Self> {
        let plain = !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        ensure!(plain, "`{name}` cannot be a model's name: expected letters, digits, - _ .");
        let content = |file: &str| {
            let path = folder.join(file);
            fs::read(&path).with_context(|| format!("cannot open {}", path.display()))
        };
        let manifest_bytes = content(MANIFEST)?;
        let manifest: Value = serde_json::from_slice(&manifest_bytes)
            .with_context(|| format!("{} is no manifest", folder.join(MANIFEST).display()))?;
        let mut hash = Sha256::new();
        let mut files = Vec::new();
        let listed =
            manifest["files"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        for file in [MANIFEST].into_iter().chain(listed) {
            let content = content(file)?;
            hash.update(&content);
            files.push(ModelFile { name: file.to_owned(), bytes: content.len() as u64 });
        }
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        Ok(Self {
            name: name.to_owned(),
            path: format!("models/{name}/"),
            version: super::dist::short_hash(hash),
            bytes: files.iter().map(|file| file.bytes).sum(),
            world: world(&content(SAMPLE)?),
            image_size: number(&manifest["config"]["image_size"]),
            step: number(&manifest["step"]),
            files,
            folder: folder.to_owned(),
        })
    }

    /// Copies its files below the page.
    pub(super) fn copy(&self, dist: &Path) -> Result<()> {
        let to = dist.join(&self.path);
        fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
        for file in &self.files {
            let from = self.folder.join(&file.name);
            fs::copy(&from, to.join(&file.name))
                .with_context(|| format!("cannot copy {}", from.display()))?;
        }
        Ok(())
    }
}

/// The world in the metadata of a sample: a safetensors file, whose header's length and JSON come first.
fn world(sample: &[u8]) -> Option<String> {
    let (length, rest) = sample.split_first_chunk::<8>()?;
    let header = rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let header: Value = serde_json::from_slice(header).ok()?;
    header["__metadata__"]["world"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        let manifest = r#"{"config":{"image_size":32},"step":7,"files":{"a.onnx":{},"sample.safetensors":{}}}"#;
        fs::write(folder.join(MANIFEST), manifest).unwrap();
        fs::write(folder.join("a.onnx"), "weights").unwrap();
        fs::write(folder.join("other.txt"), "not the package's").unwrap();
        let header = r#"{"__metadata__":{"world":"rooms-ring-camera"}}"#;
        let mut sample = (header.len() as u64).to_le_bytes().to_vec();
        sample.extend(header.as_bytes());
        fs::write(folder.join(SAMPLE), sample).unwrap();
    }

    #[test]
    fn a_package_is_indexed_and_copied_without_what_is_not_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("rooms/package");
        write(&package);
        let model = named(package.to_str().unwrap()).unwrap();
        assert_eq!((model.name.as_str(), model.image_size, model.step), ("rooms", 32, 7));
        assert_eq!(model.world.as_deref(), Some("rooms-ring-camera"));
        model.copy(folder.path()).unwrap();
        let copied = folder.path().join(&model.path);
        assert_eq!(fs::read(copied.join("a.onnx")).unwrap(), b"weights");
        assert!(copied.join(MANIFEST).exists() && !copied.join("other.txt").exists());
        // Another content has another version, so that no cache mixes the two.
        fs::write(package.join("a.onnx"), "other").unwrap();
        assert_ne!(named(&format!("rooms={}", package.display())).unwrap().version, model.version);
    }

    #[test]
    fn a_name_stays_inside_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path());
        assert!(named(&format!("../up={}", folder.path().display())).is_err());
    }
}
