//! Files of `torch.save`: a zip of a pickle and one entry a storage, or, before `PyTorch` 1.6, pickles one after the
//! other and the storages behind them. Storages are read when they are asked for.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek, SeekFrom};

use thiserror::Error;
use zip::ZipArchive;

use super::pickle::{Id, Pickle, Value};
use super::strided::strided;
use crate::tensor_file::Tensor;

/// What older files begin with, as Python writes the number 0x1950a86a20f9469cfc6c.
const OLD_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// A file whose tensors can be read.
#[derive(Debug)]
pub struct TorchFile<R> {
    pickle: Pickle,
    storages: Storages<R>,
}

/// What is wrong with a file; a text that goes behind its name.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct TorchFileError(String);

#[derive(Debug)]
enum Storages<R> {
    /// Entries `{prefix}{key}`.
    Zip { archive: Box<ZipArchive<R>>, prefix: String },
    /// Where the numbers of each storage begin.
    Old { file: R, starts: BTreeMap<String, u64> },
}

/// A tensor that has not been read yet.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTensor {
    /// Its sizes.
    pub shape: Vec<usize>,
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

/// What a tensor is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "PyTorch's own kinds")]
pub enum Element {
    Byte,
    Float,
    Double,
}

impl<R: Read + Seek> TorchFile<R> {
    /// Reads the pickle in a file.
    ///
    /// # Errors
    /// It is no file of `torch.save`, or cut short.
    pub fn read(mut source: R) -> Result<Self, TorchFileError> {
        let mut start = Vec::new();
        let read = source.by_ref().take(4).read_to_end(&mut start);
        read.and_then(|_| source.rewind()).map_err(|error| TorchFileError(error.to_string()))?;
        let (pickle, storages) =
            if start == *b"PK\x03\x04" { from_zip(source) } else { from_old(source) }
                .map_err(TorchFileError)?;
        Ok(Self { pickle, storages })
    }

    /// What was saved; its tensors are calls of [`stored_tensor`](Self::stored_tensor)'s kinds.
    pub fn pickle(&self) -> &Pickle {
        &self.pickle
    }

    /// A tensor, or a parameter that is one.
    ///
    /// # Errors
    /// It is neither, or not of single, double or byte numbers in rows and columns.
    pub fn stored_tensor(&self, id: Id) -> Result<StoredTensor, TorchFileError> {
        let no_tensor = || TorchFileError("no tensor of the usual kind".to_owned());
        match self.pickle.call(id).ok_or_else(no_tensor)? {
            ("torch._utils._rebuild_parameter", [data, ..]) if *data < id => {
                self.stored_tensor(*data)
            }
            (
                "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor",
                [storage, offset, shape, strides, ..],
            ) => {
                let read = || {
                    let shape = self.pickle.sizes(*shape)?;
                    let strides = self.pickle.sizes(*strides)?;
                    let offset = self.pickle.size(*offset)?;
                    (shape.len() == strides.len()).then_some((shape, strides, offset))
                };
                let (shape, strides, offset) = read().ok_or_else(no_tensor)?;
                let storage = self.pickle.storage(*storage).map_err(TorchFileError)?;
                Ok(StoredTensor { shape, strides, offset, storage })
            }
            _ => Err(no_tensor()),
        }
    }

    /// The numbers of a tensor.
    ///
    /// # Errors
    /// Its storage is missing, damaged or too small.
    pub fn tensor(&mut self, tensor: &StoredTensor) -> Result<Tensor, TorchFileError> {
        let Storage { key, element, len } = &tensor.storage;
        let bytes = len.checked_mul(element.bytes()).unwrap_or(usize::MAX);
        let read = self.storages.read(key, bytes as u64);
        let read = read.map_err(|reason| TorchFileError(format!("storage {key} {reason}")))?;
        let numbers: Vec<f32> = match element {
            Element::Byte => read.iter().copied().map(f32::from).collect(),
            Element::Float => {
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
            .ok_or_else(|| TorchFileError(format!("a tensor reaches beyond storage {key}")))
    }
}

impl StoredTensor {
    /// What it is made of.
    pub fn element(&self) -> Element {
        self.storage.element
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
            "torch.ByteStorage" | "torch.cuda.ByteStorage" => Element::Byte,
            "torch.FloatStorage" | "torch.cuda.FloatStorage" => Element::Float,
            "torch.DoubleStorage" | "torch.cuda.DoubleStorage" => Element::Double,
            other => return Err(format!("of {other}, expected torch.FloatStorage")),
        };
        Ok(Storage { key: key.to_owned(), element, len })
    }
}

impl Element {
    fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Float => 4,
            Self::Double => 8,
        }
    }
}

impl<R: Read + Seek> Storages<R> {
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

fn from_zip<R: Read + Seek>(file: R) -> Result<(Pickle, Storages<R>), String> {
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
fn from_old<R: Read + Seek>(mut file: R) -> Result<(Pickle, Storages<R>), String> {
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
    for (id, value) in pickle.values().iter().enumerate() {
        if matches!(value, Value::Persistent(_)) {
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
