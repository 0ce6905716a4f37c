//! What `gqn-formats` reads.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use gqn_formats::{
    Checkpoint, FileEntry, Manifest, ModelConfig, Package, TensorFile, View, Views, decode_text,
    external_locations, names, parameters,
};
use gqn_portable::PortableEngine;
use gqn_torch_files::TorchFile;

use crate::mend;

/// What is read is written and read again, and its model has a list of parameters.
pub(crate) fn manifest(bytes: &[u8]) {
    let Ok(manifest) = Manifest::from_json(bytes) else { return };
    let again = Manifest::from_json(&manifest.to_json()).expect("it was read before");
    assert_eq!(again, manifest);
    parameters(&manifest.config);
}

pub(crate) fn views(bytes: &[u8]) {
    let Ok(views) = Views::from_json(bytes) else { return };
    let cameras = |views: &Views| views.views.iter().map(View::camera).collect::<Vec<_>>();
    let again = Views::from_json(&views.to_json()).expect("it was read before");
    assert_eq!(cameras(&again), cameras(&views));
}

pub(crate) fn checkpoint(bytes: &[u8]) {
    drop(TensorFile::from_bytes("fuzz", bytes));
    if let Ok(checkpoint) = Checkpoint::from_bytes("fuzz", bytes) {
        let tensors = checkpoint.into_tensor_file().to_bytes("fuzz").expect("it was read before");
        Checkpoint::from_bytes("fuzz", &tensors).expect("it was written");
    }
}

/// As the trainer does before it has a model: every tensor beside the parameters is a moment or an average.
pub(crate) fn state(bytes: &[u8]) {
    let Ok(mut state) = TensorFile::from_bytes("fuzz", bytes) else { return };
    let config = state.metadata.get("config");
    let config = config.and_then(|text| serde_json::from_str::<ModelConfig>(text).ok());
    let Some(config) = config.filter(|config| config.validate().is_ok()) else { return };
    for parameter in parameters(&config) {
        for prefix in ["adam.first_moment.", "adam.second_moment.", "average."] {
            let key = format!("{prefix}{}", parameter.name);
            drop(state.get("fuzz", &key, &parameter.shape));
            state.tensors.remove(&key);
        }
    }
    drop(Checkpoint::from_tensor_file("fuzz", state));
}

pub(crate) fn package(bytes: &[u8]) {
    open(Package::from_zip(bytes).ok());
    open(repaired(bytes).and_then(|files| Package::from_files(files).ok()));
}

fn open(package: Option<Package>) {
    let Some(package) = package else { return };
    if let Ok(mut engine) = PortableEngine::new(&package) {
        drop(engine.open_drawing(&package));
    }
    if let Ok(sample) = package.file(names::SAMPLE_FILE) {
        drop(TensorFile::from_bytes("fuzz", sample));
    }
}

/// The files of a zip, and a manifest that lists them with the lengths and checksums that they have.
fn repaired(bytes: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    const MOST: u64 = 1 << 20;
    let bytes = mend::zip(bytes);
    let mut zip = zip::ZipArchive::new(Cursor::new(&bytes)).ok()?;
    let mut files = BTreeMap::new();
    for index in 0..zip.len().min(20) {
        let Ok(entry) = zip.by_index(index) else { continue };
        let Ok(name) = entry.name().map(|name| name.rsplit('/').next().map(str::to_owned)) else {
            continue;
        };
        let name = name.unwrap_or_default();
        let mut content = Vec::new();
        // What comes before the damage is used.
        drop(entry.take(MOST).read_to_end(&mut content));
        files.insert(name, content);
    }
    let manifest = files.remove(names::MANIFEST_FILE)?;
    let mut manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
    let entry = |(name, content): (&String, &Vec<u8>)| (name.clone(), FileEntry::of(content));
    let entries: BTreeMap<_, _> = files.iter().map(entry).collect();
    *manifest.get_mut("files")? = serde_json::to_value(entries).ok()?;
    files.insert(names::MANIFEST_FILE.to_owned(), serde_json::to_vec(&manifest).ok()?);
    Some(files)
}

/// How deep the trainer's import looks.
const DEEPEST: usize = 6;

pub(crate) fn torch(bytes: &[u8]) {
    for bytes in [bytes.to_vec(), mend::zip(bytes)] {
        let Ok(mut file) = TorchFile::read(Cursor::new(bytes)) else { continue };
        let pickle = file.pickle();
        let dictionaries = pickle.dictionaries(pickle.root, DEEPEST).into_iter();
        let values = dictionaries.flat_map(|id| pickle.pairs(id).unwrap_or_default());
        let tensors: Vec<_> =
            values.filter_map(|(_, value)| file.stored_tensor(*value).ok()).collect();
        for tensor in tensors {
            drop(file.tensor(&tensor));
        }
    }
}

/// Where a setting comes from is the trainer's matter, which needs libtorch: `tests/it/settings.rs`.
pub(crate) fn settings(bytes: &[u8]) {
    let Some(text) = decode_text(bytes) else { return };
    let Ok(table) = text.parse::<toml::Table>() else { return };
    for table in
        [Some(table.clone()), table.get("model").and_then(|model| model.as_table().cloned())]
    {
        let config = table.and_then(|table| table.try_into::<ModelConfig>().ok());
        let Some(config) = config.filter(|config| config.validate().is_ok()) else { continue };
        parameters(&config);
    }
    drop(external_locations(bytes));
}
