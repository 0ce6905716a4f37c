//! The packages that the page offers, and their index.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use xtask_workspace::{Workspace, failure};

/// What makes a folder a package.
const MANIFEST: &str = "manifest.json";
/// The representation of this project's own networks.
const VOXEL: &str = "voxel";
const SAMPLE: &str = "sample.safetensors";
const CARD: &str = "README.md";
/// Behind the name of a world: a small package of that world, with which the page paints until a larger one is there.
const PREVIEW: &str = "-preview";
/// Behind the name of a compressed file. Not that of a program that compresses: hosts would take it for an encoding.
const DEFLATED: &str = ".deflate";

/// A package as the page offers it. The index lists its serialised form.
#[derive(Debug, Clone, Serialize)]
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
    /// Of the model's config: `voxel`, or one of the paper's networks.
    representation: String,
    step: u64,
    /// Of the manifest: `fp32` and so on.
    precision: String,
    /// What it was trained on, in words.
    data: String,
    /// How long it was trained.
    seconds: f64,
    /// Its measured quality, by name.
    metrics: BTreeMap<String, f64>,
    /// Whether its files hold a model card.
    card: bool,
    files: Vec<ModelFile>,
    /// Of these, files that lie beside themselves with `.deflate` behind the name: a host compresses what it knows, and graphs
    /// are not among that.
    deflated: Vec<String>,
    /// What paints until this one is there; it is offered to nobody.
    preview: Option<Box<Model>>,
    #[serde(skip)]
    folder: PathBuf,
}

impl Model {
    /// Squared error of its mean pictures, as a share of the best constant picture's; infinite if it was not measured.
    fn error(&self) -> f64 {
        let metric = |name| self.metrics.get(name).copied();
        let share = metric("mse_generated").zip(metric("mse_constant"));
        share.map_or(f64::INFINITY, |(generated, constant)| generated / constant)
    }

    /// Whether it is worth painting with until the other one is there: of the same kind and world, and lighter.
    fn precedes(&self, other: &Self) -> bool {
        let kind = |model: &Self| (model.world.clone(), model.representation.clone());
        kind(self) == kind(other) && self.bytes < other.bytes
    }
}

#[derive(Debug, Clone, Serialize)]
struct ModelFile {
    name: String,
    bytes: u64,
}

/// The packages of the command line, then those of the library, a folder of packages. Without either, the demo's. A package in
/// the library whose name ends in [`PREVIEW`] is the preview of larger ones.
pub(crate) fn read(
    workspace: &Workspace,
    packages: &[String],
    library: &Path,
) -> Result<Vec<Model>> {
    let mut models: Vec<Model> =
        packages.iter().map(|package| named(package)).collect::<Result<_>>()?;
    let mut offered = Vec::new();
    for folder in below(library)? {
        let known = models.iter().any(|model| model.folder == folder);
        if folder.join(MANIFEST).exists() && !known {
            offered.push(named(&folder.to_string_lossy())?);
        }
    }
    // The paper's networks come last: they are there to compare. Larger pictures come first, and of those the best.
    offered.sort_by(|a, b| {
        let kind = |model: &Model| (model.representation != VOXEL, Reverse(model.image_size));
        kind(a).cmp(&kind(b)).then(a.error().total_cmp(&b.error()))
    });
    let (previews, offered): (Vec<Model>, Vec<Model>) =
        offered.into_iter().partition(|model| model.name.ends_with(PREVIEW));
    models.extend(offered);
    for preview in previews {
        models.iter_mut().filter(|model| preview.precedes(model)).for_each(|model| {
            model.preview = Some(Box::new(preview.clone()));
        });
    }
    let demo = workspace.root().join("out/demo/package");
    if packages.is_empty() && demo.join(MANIFEST).exists() {
        models.push(Model::read("demo", &demo)?);
    }
    let mut names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    names.sort_unstable();
    if let Some([twice, ..]) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(failure(
            format!("two packages are called `{twice}`"),
            "name one with --package NAME=DIR",
        ));
    }
    if models.is_empty() {
        return Err(failure(
            format!("neither {} nor {} holds a package", library.display(), demo.display()),
            "`cargo xtask demo` makes one; name another with --package DIR",
        ));
    }
    Ok(models)
}

/// The folders in a folder by name; none if it is not there.
fn below(library: &Path) -> Result<Vec<PathBuf>> {
    if !library.is_dir() {
        return Ok(Vec::new());
    }
    let cannot = || format!("cannot open {}", library.display());
    let entries = fs::read_dir(library).with_context(cannot)?;
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| Ok(entry.with_context(cannot)?.path().canonicalize()?))
        .collect::<Result<_>>()?;
    folders.sort();
    Ok(folders)
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
        let mut names = vec![MANIFEST];
        names.extend(
            manifest["files"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()),
        );
        // A card is written by hand as often as not, and then no part of the manifest.
        if !names.contains(&CARD) && folder.join(CARD).is_file() {
            names.push(CARD);
        }
        for file in names {
            let content = content(file)?;
            hash.update(&content);
            files.push(ModelFile { name: file.to_owned(), bytes: content.len() as u64 });
        }
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let provenance = &manifest["provenance"];
        let metrics = provenance["metrics"].as_object().into_iter().flatten();
        Ok(Self {
            name: name.to_owned(),
            path: format!("models/{name}/"),
            version: crate::dist::short_hash(hash),
            // The page does without the sample, with which engines are verified.
            bytes: files.iter().filter(|file| file.name != SAMPLE).map(|file| file.bytes).sum(),
            world: world(&content(SAMPLE)?),
            image_size: number(&manifest["config"]["image_size"]),
            representation: text(&manifest["config"]["representation"]),
            step: number(&manifest["step"]),
            precision: text(&manifest["precision"]),
            data: text(&provenance["data"]),
            seconds: provenance["seconds"].as_f64().unwrap_or_default(),
            metrics: metrics
                .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)))
                .collect(),
            card: files.iter().any(|file| file.name == CARD),
            deflated: deflated(&files),
            preview: None,
            files,
            folder: folder.to_owned(),
        })
    }

    /// Below the page, the manifest of what it paints with first.
    pub(crate) fn manifest(&self) -> String {
        format!("{}{MANIFEST}", self.preview.as_ref().map_or(&self.path, |preview| &preview.path))
    }

    /// Copies its files below the page, and those of its preview.
    pub(crate) fn copy(&self, dist: &Path) -> Result<()> {
        if let Some(preview) = &self.preview {
            preview.copy(dist)?;
        }
        let to = dist.join(&self.path);
        fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
        for file in &self.files {
            let from = self.folder.join(&file.name);
            fs::copy(&from, to.join(&file.name))
                .with_context(|| format!("cannot copy {}", from.display()))?;
            if self.deflated.contains(&file.name) {
                deflate(&from, &to.join(format!("{}{DEFLATED}", file.name)))?;
            }
        }
        Ok(())
    }
}

/// The graphs.
fn deflated(files: &[ModelFile]) -> Vec<String> {
    let graph =
        |file: &&ModelFile| Path::new(&file.name).extension().is_some_and(|end| end == "onnx");
    files.iter().filter(graph).map(|file| file.name.clone()).collect()
}

/// Compresses a file in zlib's format, which every browser reads.
fn deflate(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).with_context(|| format!("cannot open {}", from.display()))?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&content)?;
    fs::write(to, encoder.finish()?).with_context(|| format!("cannot write {}", to.display()))
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
        let manifest = r#"{"config":{"image_size":32},"step":7,"precision":"fp16","files":{"a.onnx":{},"sample.safetensors":{}},
            "provenance":{"data":"rooms, 9 scenes","seconds":5.5,"metrics":{"psnr_generated":20.5}}}"#;
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
        assert_eq!((model.data.as_str(), model.precision.as_str()), ("rooms, 9 scenes", "fp16"));
        assert_eq!(model.metrics.get("psnr_generated"), Some(&20.5));
        model.copy(folder.path()).unwrap();
        let copied = folder.path().join(&model.path);
        assert_eq!(fs::read(copied.join("a.onnx")).unwrap(), b"weights");
        assert!(copied.join(MANIFEST).exists() && !copied.join("other.txt").exists());
        // Another content has another version, so that no cache mixes the two.
        fs::write(package.join("a.onnx"), "other").unwrap();
        assert_ne!(named(&format!("rooms={}", package.display())).unwrap().version, model.version);
    }

    #[test]
    fn a_library_is_offered_after_what_was_named() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        let library = folder.path().join("models");
        let offered = |packages: &[String]| -> Result<Vec<String>> {
            Ok(read(&workspace, packages, &library)?.into_iter().map(|model| model.name).collect())
        };
        assert!(offered(&[]).unwrap_err().to_string().contains("holds a package"));
        write(&folder.path().join("out/demo/package"));
        assert_eq!(offered(&[]).unwrap(), ["demo"]);
        write(&library.join("rooms-edge"));
        write(&library.join("chains"));
        fs::write(library.join("README.md"), "what lies here").unwrap();
        fs::write(library.join("chains").join(CARD), "a card").unwrap();
        assert_eq!(offered(&[]).unwrap(), ["chains", "rooms-edge", "demo"]);
        assert!(read(&workspace, &[], &library).unwrap()[0].card);
        let own = folder.path().join("own");
        write(&own);
        let own = own.display();
        assert_eq!(offered(&[own.to_string()]).unwrap(), ["own", "chains", "rooms-edge"]);
        assert!(offered(&[format!("chains={own}")]).unwrap_err().to_string().contains("`chains`"));
        let again = library.join("chains").display().to_string();
        assert_eq!(offered(&[again]).unwrap(), ["chains", "rooms-edge"]);
        // A voxel model comes before the paper's networks, whatever it is called.
        let voxel = library.join("rooms-voxel");
        write(&voxel);
        let manifest = fs::read_to_string(voxel.join(MANIFEST)).unwrap();
        let manifest =
            manifest.replace("\"image_size\":32", "\"image_size\":32,\"representation\":\"voxel\"");
        fs::write(voxel.join(MANIFEST), manifest).unwrap();
        let models = read(&workspace, &[], &library).unwrap();
        let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["rooms-voxel", "chains", "rooms-edge", "demo"]);
        assert_eq!((&*models[0].representation, &*models[1].representation), ("voxel", ""));
    }

    #[test]
    fn of_models_of_one_kind_the_best_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("models");
        for (name, error) in [("a", 0.02), ("b", 0.01)] {
            let package = library.join(name);
            write(&package);
            let manifest = fs::read_to_string(package.join(MANIFEST)).unwrap();
            let metrics = format!("\"mse_constant\":0.1,\"mse_generated\":{error},\"psnr_gen");
            let manifest = manifest.replace("\"psnr_gen", &metrics);
            fs::write(package.join(MANIFEST), manifest).unwrap();
        }
        let models = read(&Workspace::at(folder.path()), &[], &library).unwrap();
        let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
    }

    #[test]
    fn a_preview_goes_before_heavier_models_of_its_world_and_is_not_offered() {
        let folder = tempfile::tempdir().unwrap();
        let (dist, library) = (folder.path().join("dist"), folder.path().join("models"));
        for name in ["rooms", "rooms-preview", "light"] {
            write(&library.join(name));
        }
        fs::write(library.join("rooms/a.onnx"), "many more weights").unwrap();
        fs::write(library.join("light/a.onnx"), "few").unwrap();
        let models = read(&Workspace::at(folder.path()), &[], &library).unwrap();
        let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["light", "rooms"]);
        assert!(models[0].preview.is_none(), "the preview is not lighter");
        assert_eq!(models[1].manifest(), "models/rooms-preview/manifest.json");
        let index = serde_json::to_value(&models[1]).unwrap();
        assert_eq!(index["preview"]["name"], "rooms-preview");
        assert_eq!(index["preview"]["deflated"][0], "a.onnx");
        models[1].copy(&dist).unwrap();
        assert!(dist.join("models/rooms-preview/a.onnx.deflate").exists());
        assert!(dist.join("models/rooms/manifest.json").exists());
        // What another world's model paints is no preview.
        let header = r#"{"__metadata__":{"world":"mazes"}}"#;
        let sample = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
        fs::write(library.join("rooms").join(SAMPLE), sample).unwrap();
        let models = read(&Workspace::at(folder.path()), &[], &library).unwrap();
        assert!(models.iter().all(|model| model.preview.is_none()));
    }

    #[test]
    fn a_name_stays_inside_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path());
        assert!(named(&format!("../up={}", folder.path().display())).is_err());
    }
}
