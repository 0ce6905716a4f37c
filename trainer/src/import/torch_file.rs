//! Files of `torch.save`: a zip of a pickle and one entry a storage, or, before `PyTorch` 1.6, pickles one after the
//! other and the storages behind them. Storages are read when they are asked for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use gqn_formats::Tensor;
use zip::ZipArchive;

use super::pickle::{Id, Pickle, Value};
use super::{ImportError, strided};

/// What older files begin with, as Python writes the number 0x1950a86a20f9469cfc6c.
const OLD_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// A name that every model of the reference has, behind whatever wraps it.
const LANDMARK: &str = "eta_pi.weight";
/// How deep dictionaries in dictionaries are looked into.
const DEEPEST: usize = 6;

/// A file whose tensors can be read.
#[derive(Debug)]
pub(super) struct TorchFile {
    path: PathBuf,
    pickle: Pickle,
    storages: Storages,
}

#[derive(Debug)]
enum Storages {
    /// Entries `{prefix}{key}`.
    Zip { archive: Box<ZipArchive<BufReader<File>>>, prefix: String },
    /// Where the numbers of each storage begin.
    Old { file: BufReader<File>, starts: BTreeMap<String, u64> },
}

/// A tensor that has not been read yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredTensor {
    pub(super) shape: Vec<usize>,
    strides: Vec<usize>,
    offset: usize,
    storage: Storage,
}

#[derive(Debug, Clone, PartialEq)]
struct Storage {
    key: String,
    element: Element,
    len: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Element {
    Single,
    Double,
}

impl TorchFile {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let unreadable = |source| ImportError::Read { path: path.to_owned(), source };
        let refused = |reason: String| ImportError::NotTorch { path: path.to_owned(), reason };
        let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
        let mut start = Vec::new();
        file.by_ref().take(4).read_to_end(&mut start).map_err(unreadable)?;
        file.rewind().map_err(unreadable)?;
        let (pickle, storages) =
            if start == *b"PK\x03\x04" { from_zip(file) } else { from_old(file) }
                .map_err(refused)?;
        Ok(Self { path: path.to_owned(), pickle, storages })
    }

    /// The tensors of the first dictionary that is a state of the reference, by their names in it. Dictionaries around
    /// it are looked into, and a prefix that all names have (`module.`) is left out.
    pub(super) fn state_dict(&self) -> Result<BTreeMap<String, StoredTensor>, ImportError> {
        let refused = |reason| ImportError::NotTorch { path: self.path.clone(), reason };
        let mut level = vec![self.pickle.root];
        let mut seen = Vec::new();
        for _ in 0..DEEPEST {
            let mut next = Vec::new();
            for dict in level {
                let pairs = self.pickle.pairs(dict).unwrap_or_default();
                let named =
                    pairs.iter().filter_map(|(key, id)| Some((self.pickle.text(*key)?, *id)));
                let named: BTreeMap<&str, Id> = named.collect();
                let prefix = named.keys().find_map(|name| name.strip_suffix(LANDMARK));
                if let Some(prefix) = prefix {
                    return self.tensors(&named, prefix).map_err(refused);
                }
                next.extend(named.values().filter(|id| self.pickle.pairs(**id).is_some()));
                seen.extend(named.into_keys().map(str::to_owned));
            }
            level = next;
        }
        seen.truncate(8);
        let found = if seen.is_empty() { "no names at all".to_owned() } else { seen.join(", ") };
        let (path, missing) = (self.path.clone(), LANDMARK.to_owned());
        Err(ImportError::OtherModel { path, missing, found })
    }

    fn tensors(
        &self,
        named: &BTreeMap<&str, Id>,
        prefix: &str,
    ) -> Result<BTreeMap<String, StoredTensor>, String> {
        let mut tensors = BTreeMap::new();
        for (name, id) in named {
            let tensor = self.tensor(*id).map_err(|reason| format!("`{name}` is {reason}"))?;
            tensors.insert(name.strip_prefix(prefix).unwrap_or(name).to_owned(), tensor);
        }
        Ok(tensors)
    }

    /// A tensor, or a parameter that is one.
    fn tensor(&self, id: Id) -> Result<StoredTensor, String> {
        let no_tensor = || "no tensor of the usual kind".to_owned();
        let Value::Call { of, arguments, .. } = self.pickle.get(id) else {
            return Err(no_tensor());
        };
        let arguments = self.pickle.items(*arguments).ok_or_else(no_tensor)?;
        match (self.pickle.global(*of), arguments) {
            (Some("torch._utils._rebuild_parameter"), [data, ..]) if *data < id => {
                self.tensor(*data)
            }
            (
                Some("torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor"),
                [storage, offset, shape, strides, ..],
            ) => {
                let read = || {
                    let shape = self.pickle.sizes(*shape)?;
                    let strides = self.pickle.sizes(*strides)?;
                    let offset = self.pickle.size(*offset)?;
                    (shape.len() == strides.len()).then_some((shape, strides, offset))
                };
                let (shape, strides, offset) = read().ok_or_else(no_tensor)?;
                let storage = self.pickle.storage(*storage)?;
                Ok(StoredTensor { shape, strides, offset, storage })
            }
            _ => Err(no_tensor()),
        }
    }

    /// The numbers of a tensor.
    pub(super) fn read(&mut self, tensor: &StoredTensor) -> Result<Tensor, ImportError> {
        let refused = |reason| ImportError::NotTorch { path: self.path.clone(), reason };
        let Storage { key, element, len } = &tensor.storage;
        let bytes = len.checked_mul(element.bytes()).unwrap_or(usize::MAX);
        let read = self.storages.read(key, bytes as u64);
        let read = read.map_err(|reason| refused(format!("storage {key} {reason}")))?;
        let numbers: Vec<f32> = match element {
            Element::Single => {
                let values = read.as_chunks::<4>().0.iter();
                values.map(|bytes| f32::from_le_bytes(*bytes)).collect()
            }
            Element::Double => {
                let values = read.as_chunks::<8>().0.iter();
                values.map(|bytes| f64::from_le_bytes(*bytes) as f32).collect()
            }
        };
        drop(read);
        let StoredTensor { shape, strides, offset, .. } = tensor;
        strided(&numbers, *offset, shape, strides)
            .ok_or_else(|| refused(format!("a tensor reaches beyond storage {key}")))
    }
}

impl Pickle {
    /// `('storage', kind, key, where it was, how many numbers, …)`
    fn storage(&self, id: Id) -> Result<Storage, String> {
        let no_storage = || "kept in an unknown way".to_owned();
        let Value::Persistent(id) = self.get(id) else { return Err(no_storage()) };
        let Some([tag, kind, key, _, len, ..]) = self.items(*id) else { return Err(no_storage()) };
        let (Some("storage"), Some(key), Some(len)) =
            (self.text(*tag), self.text(*key), self.size(*len))
        else {
            return Err(no_storage());
        };
        let element = match self.global(*kind).unwrap_or_default() {
            "torch.FloatStorage" | "torch.cuda.FloatStorage" => Element::Single,
            "torch.DoubleStorage" | "torch.cuda.DoubleStorage" => Element::Double,
            other => return Err(format!("of {other}, expected torch.FloatStorage")),
        };
        Ok(Storage { key: key.to_owned(), element, len })
    }
}

impl Element {
    fn bytes(self) -> usize {
        match self {
            Self::Single => 4,
            Self::Double => 8,
        }
    }
}

impl Storages {
    /// The bytes of a storage; the text of the error goes behind its name.
    fn read(&mut self, key: &str, wanted: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        match self {
            Self::Zip { archive, prefix } => {
                let entry = archive.by_name(&format!("{prefix}{key}"));
                let entry = entry.map_err(|_| "is missing".to_owned())?;
                // The checksum is compared when the end is seen.
                entry
                    .take(wanted.saturating_add(1))
                    .read_to_end(&mut bytes)
                    .map_err(|error| format!("is damaged: {error}"))?;
            }
            Self::Old { file, starts } => {
                let start = *starts.get(key).ok_or("is missing")?;
                file.seek(SeekFrom::Start(start)).map_err(|error| error.to_string())?;
                file.take(wanted).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
            }
        }
        let found = bytes.len() as u64;
        if found != wanted {
            return Err(format!("has {found} bytes, expected {wanted}"));
        }
        Ok(bytes)
    }
}

fn from_zip(file: BufReader<File>) -> Result<(Pickle, Storages), String> {
    let mut archive = ZipArchive::new(file).map_err(|error| error.to_string())?;
    let is_pickle = |name: &String| name == "data.pkl" || name.ends_with("/data.pkl");
    let name = archive.file_names().map(|name| name.map(|name| name.to_string()));
    let name = name.filter_map(Result::ok).find(is_pickle).ok_or("it is a zip without data.pkl")?;
    let folder = name.strip_suffix("data.pkl").unwrap_or_default().to_owned();
    if let Ok(mut entry) = archive.by_name(&format!("{folder}byteorder")) {
        let mut order = String::new();
        let read = entry.by_ref().take(16).read_to_string(&mut order);
        if read.is_err() || order != "little" {
            return Err(format!("its byte order is {order}, expected little"));
        }
    }
    let pickle = {
        let entry = archive.by_name(&name).map_err(|error| error.to_string())?;
        Pickle::read(&mut BufReader::new(entry))?
    };
    Ok((pickle, Storages::Zip { archive: Box::new(archive), prefix: format!("{folder}data/") }))
}

/// Magic number, version, the machine, the object, the order of the storages; then for each its length and numbers.
fn from_old(mut file: BufReader<File>) -> Result<(Pickle, Storages), String> {
    let magic = Pickle::read(&mut file).ok();
    if !magic.is_some_and(|magic| *magic.get(magic.root) == Value::Bytes(OLD_MAGIC.to_vec())) {
        return Err("it is no zip and has not the magic number of older files".to_owned());
    }
    for _ in ["version", "machine"] {
        Pickle::read(&mut file)?;
    }
    let pickle = Pickle::read(&mut file)?;
    let keys = Pickle::read(&mut file)?;
    let mut sizes = BTreeMap::new();
    for id in 0..pickle.len() {
        if matches!(pickle.get(id), Value::Persistent(_)) {
            let storage = pickle.storage(id).map_err(|reason| format!("a storage is {reason}"))?;
            sizes.insert(storage.key, storage.element.bytes() as u64);
        }
    }
    let mut at = file.stream_position().map_err(|error| error.to_string())?;
    let mut starts = BTreeMap::new();
    for key in keys.items(keys.root).ok_or("it has no list of storages")? {
        let key = keys.text(*key).ok_or("the name of a storage is no text")?;
        let mut len = [0; 8];
        file.seek(SeekFrom::Start(at)).map_err(|error| error.to_string())?;
        file.read_exact(&mut len).map_err(|_| format!("it ends before storage {key}"))?;
        let bytes = sizes.get(key).and_then(|size| size.checked_mul(u64::from_le_bytes(len)));
        let end = bytes.and_then(|bytes| (at + 8).checked_add(bytes));
        starts.insert(key.to_owned(), at + 8);
        at = end.ok_or_else(|| format!("storage {key} has no size"))?;
    }
    Ok((pickle, Storages::Old { file, starts }))
}
