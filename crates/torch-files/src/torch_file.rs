//! Files of `torch.save`: a zip of a pickle and one entry a storage, or, before `PyTorch` 1.6, pickles one after the
//! other and the storages behind them. Storages are read when they are asked for.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek, SeekFrom};

use gqn_formats::{Foreign, Tensor};
use gqn_messages::printable;
use gqn_system::read_at_most;
use thiserror::Error;
use zip::ZipArchive;

use crate::budget::Budget;
use crate::pickle::{Id, Pickle, Value};
use crate::strided::strided;

/// What older files begin with, as Python writes the number 0x1950a86a20f9469cfc6c.
const OLD_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Parameters in parameters that are looked through.
const DEEPEST: usize = 8;
/// A tensor may have more numbers than its storage, by strides of 0, but not many.
const MOST_REPEATED: usize = 1 << 16;

/// A file whose tensors can be read. What it takes of memory for values, tensors and whatever is made of them is a small
/// multiple of its length at most.
#[derive(Debug)]
pub struct TorchFile<R> {
    pickle: Pickle,
    storages: Storages<R>,
    /// Storages of which several tensors are parts.
    shared: BTreeMap<String, Vec<u8>>,
    budget: Budget,
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
    Half,
    BFloat16,
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
        let read = source.rewind();
        let read = read.and_then(|()| source.by_ref().take(1024).read_to_end(&mut start));
        let length = read.and_then(|_| source.seek(SeekFrom::End(0)));
        let length = length.and_then(|length| source.rewind().map(|()| length));
        let length = length.map_err(|error| TorchFileError(error.to_string()))?;
        let mut budget = Budget::of(length);
        let is_zip = start.starts_with(b"PK\x03\x04");
        let read = if is_zip { from_zip } else { from_old };
        let (pickle, storages) = read(source, &mut budget).map_err(|reason| {
            let foreign = Foreign::of(&start).filter(|_| !is_zip && !start.starts_with(&[0x80, 2]));
            TorchFileError(match foreign {
                Some(Foreign { found, hint }) => format!("it is {found}\nhint: {hint}"),
                None => reason,
            })
        })?;
        Ok(Self { pickle, storages, shared: BTreeMap::new(), budget })
    }

    /// Counts memory that is taken for what is made of the file, beside its tensors.
    ///
    /// # Errors
    /// A file of its length cannot need so much.
    pub fn take(&mut self, bytes: usize) -> Result<(), TorchFileError> {
        self.budget.take(bytes).map_err(TorchFileError)
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
        let mut call = self.pickle.call(id).ok_or_else(no_tensor)?;
        for _ in 0..DEEPEST {
            let ("torch._utils._rebuild_parameter", [data, ..]) = call else { break };
            call = self.pickle.call(*data).ok_or_else(no_tensor)?;
        }
        let (
            "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor",
            [storage, offset, shape, strides, ..],
        ) = call
        else {
            return Err(no_tensor());
        };
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

    /// The numbers of a tensor.
    ///
    /// # Errors
    /// Its storage is missing, damaged or too small, or it has many more numbers than its storage.
    pub fn tensor(&mut self, tensor: &StoredTensor) -> Result<Tensor, TorchFileError> {
        let StoredTensor { shape, strides, offset, storage: Storage { key, element, len } } =
            tensor;
        let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        let count = count.filter(|count| *count <= (*len).max(MOST_REPEATED)).ok_or_else(|| {
            let most = format!("storage {} holds {len} numbers", printable(key));
            TorchFileError(format!("{most}, and a tensor of shape {shape:?} is to be made of them"))
        })?;
        let beyond =
            || TorchFileError(format!("a tensor reaches beyond storage {}", printable(key)));
        if let Some(bytes) = self.shared.get(key) {
            self.budget.take(count * element.bytes()).map_err(TorchFileError)?;
            return strided(bytes, *element, *offset, shape, strides).ok_or_else(beyond);
        }
        let wanted = len.checked_mul(element.bytes()).unwrap_or(usize::MAX);
        self.budget.take(wanted).map_err(TorchFileError)?;
        let bytes = self.storages.read(key, wanted as u64);
        let bytes = bytes
            .map_err(|reason| TorchFileError(format!("storage {} {reason}", printable(key))))?;
        let read = strided(&bytes, *element, *offset, shape, strides).ok_or_else(beyond)?;
        if count < *len {
            self.shared.insert(key.clone(), bytes);
        }
        Ok(read)
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
            "torch.HalfStorage" | "torch.cuda.HalfStorage" => Element::Half,
            "torch.BFloat16Storage" | "torch.cuda.BFloat16Storage" => Element::BFloat16,
            other => return Err(format!("of {}, expected torch.FloatStorage", printable(other))),
        };
        Ok(Storage { key: key.to_owned(), element, len })
    }
}

impl Element {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Half | Self::BFloat16 => 2,
            Self::Float => 4,
            Self::Double => 8,
        }
    }
}

impl<R: Read + Seek> Storages<R> {
    /// The bytes of a storage; the text of the error goes behind its name.
    fn read(&mut self, key: &str, wanted: u64) -> Result<Vec<u8>, String> {
        let other_size = |found: u64| format!("has {found} bytes, expected {wanted}");
        let bytes = match self {
            Self::Zip { archive, prefix } => {
                let entry = archive.by_name(&format!("{prefix}{key}"));
                let entry = entry.map_err(|_| "is missing".to_owned())?;
                if entry.size() != wanted {
                    return Err(other_size(entry.size()));
                }
                // The checksum is compared when the end is seen.
                let read =
                    read_at_most(entry, wanted).map_err(|error| format!("is damaged: {error}"))?;
                read.ok_or_else(|| format!("has more than {wanted} bytes"))?
            }
            Self::Old { file, starts } => {
                let start = *starts.get(key).ok_or("is missing")?;
                file.seek(SeekFrom::Start(start)).map_err(|error| error.to_string())?;
                let mut bytes = Vec::new();
                file.take(wanted).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
                bytes
            }
        };
        let found = bytes.len() as u64;
        if found == wanted { Ok(bytes) } else { Err(other_size(found)) }
    }
}

type Parts<R> = (Pickle, Storages<R>);

fn from_zip<R: Read + Seek>(file: R, budget: &mut Budget) -> Result<Parts<R>, String> {
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
        Pickle::read_within(&mut BufReader::new(entry), budget)?
    };
    Ok((pickle, Storages::Zip { archive: Box::new(archive), prefix: format!("{folder}data/") }))
}

/// Magic number, version, the machine, the object, the order of the storages; then for each its length and numbers.
fn from_old<R: Read + Seek>(mut file: R, budget: &mut Budget) -> Result<Parts<R>, String> {
    let magic = Pickle::read_within(&mut file, budget).ok();
    if !magic.is_some_and(|magic| *magic.get(magic.root) == Value::Bytes(OLD_MAGIC.to_vec())) {
        return Err("it is no zip and has not the magic number of older files".to_owned());
    }
    for _ in ["version", "machine"] {
        Pickle::read_within(&mut file, budget)?;
    }
    let pickle = Pickle::read_within(&mut file, budget)?;
    let keys = Pickle::read_within(&mut file, budget)?;
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
        if starts.contains_key(key) {
            return Err(format!("it names storage {} twice", printable(key)));
        }
        let mut len = [0; 8];
        file.seek(SeekFrom::Start(at)).map_err(|error| error.to_string())?;
        file.read_exact(&mut len)
            .map_err(|_| format!("it ends before storage {}", printable(key)))?;
        let bytes = sizes.get(key).and_then(|size| size.checked_mul(u64::from_le_bytes(len)));
        let end = bytes.and_then(|bytes| (at + 8).checked_add(bytes));
        starts.insert(key.to_owned(), at + 8);
        at = end.ok_or_else(|| format!("storage {} has no size", printable(key)))?;
    }
    Ok((pickle, Storages::Old { file, starts }))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    fn file(
        shape: &[u32],
        strides: &[u32],
        len: u32,
        storage: &[u8],
    ) -> TorchFile<Cursor<Vec<u8>>> {
        let int = |value: u32| [&b"J"[..], &value.to_le_bytes()].concat();
        let text =
            |text: &str| [&b"X"[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
        let tuple = |items: &[u32]| {
            [b"(".to_vec(), items.iter().flat_map(|item| int(*item)).collect(), b"t".to_vec()]
                .concat()
        };
        let persistent = [
            b"(".to_vec(),
            text("storage"),
            b"ctorch\nFloatStorage\n".to_vec(),
            text("0"),
            text("cpu"),
            int(len),
            b"tQ".to_vec(),
        ];
        let pickle = [
            b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(".to_vec(),
            persistent.concat(),
            int(0),
            tuple(shape),
            tuple(strides),
            b"tR.".to_vec(),
        ];
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in [("a/data.pkl", pickle.concat()), ("a/data/0", storage.to_vec())] {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(name, options).expect("an entry");
            writer.write_all(&content).expect("its content");
        }
        TorchFile::read(writer.finish().expect("a zip")).expect("a file")
    }

    fn read(
        shape: &[u32],
        strides: &[u32],
        len: u32,
        bytes: &[u8],
    ) -> Result<Tensor, TorchFileError> {
        let mut file = file(shape, strides, len, bytes);
        let stored = file.stored_tensor(file.pickle().root).expect("a tensor");
        file.tensor(&stored)
    }

    #[test]
    fn numbers_are_held_against_their_storage() {
        let numbers = [1.0_f32, 2.0].map(f32::to_le_bytes).concat();
        let plain = read(&[2], &[1], 2, &numbers).expect("a tensor");
        assert_eq!(plain.as_slice(), Some(&[1.0, 2.0][..]));
        assert_eq!(read(&[3, 2], &[0, 1], 2, &numbers).expect("rows again").len(), 6);
        for (shape, strides, len, says) in [
            (&[1 << 20, 1 << 10][..], &[0, 0][..], 2, "holds 2 numbers"),
            (&[u32::MAX >> 1; 3], &[0; 3], 2, "holds 2 numbers"),
            (&[2], &[1], 1 << 30, "more memory"),
            (&[2], &[1], 3, "has 8 bytes, expected 12"),
            (&[2], &[2], 2, "reaches beyond"),
        ] {
            let error = read(shape, strides, len, &numbers).expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn parts_of_one_storage_read_it_once() {
        let mut file = file(&[1], &[1], 2, &[0; 8]);
        let stored = file.stored_tensor(file.pickle().root).expect("a tensor");
        file.tensor(&stored).expect("a part");
        file.storages = Storages::Old { file: Cursor::new(Vec::new()), starts: BTreeMap::new() };
        file.tensor(&stored).expect("another part");
    }

    #[test]
    fn what_is_no_file_of_torch_save_is_named() {
        for (bytes, says) in [
            (&b""[..], "it is empty"),
            (b"<!DOCTYPE html>", "it is an HTML page"),
            (b"version https://git-lfs.github.com/spec/v1\n", "hint: run `git lfs pull`"),
            (b"something else", "it is no zip"),
        ] {
            let error = TorchFile::read(Cursor::new(bytes)).expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
