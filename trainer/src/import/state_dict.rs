//! The state of a model in a file of `torch.save`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use gqn_formats::torch::{Id, StoredTensor, TorchFile};

use super::ImportError;

/// A name that every model of the reference has, behind whatever wraps it.
const LANDMARK: &str = "eta_pi.weight";
/// How deep dictionaries in dictionaries are looked into.
const DEEPEST: usize = 6;

/// A file on disk.
pub(super) type StateFile = TorchFile<BufReader<File>>;

/// Reads what a file holds, but for the numbers.
pub(super) fn open(path: &Path) -> Result<StateFile, ImportError> {
    let unreadable = |source| ImportError::Read { path: path.to_owned(), source };
    let file = BufReader::new(File::open(path).map_err(unreadable)?);
    TorchFile::read(file).map_err(|reason| refused(path, &reason))
}

/// The tensors of the first dictionary that is a state of the reference, by their names in it. Dictionaries around it
/// are looked into, and a prefix that all names have (`module.`) is left out.
pub(super) fn tensors(
    path: &Path,
    file: &StateFile,
) -> Result<BTreeMap<String, StoredTensor>, ImportError> {
    let pickle = file.pickle();
    let mut seen = Vec::new();
    for dict in pickle.dictionaries(pickle.root, DEEPEST) {
        let pairs = pickle.pairs(dict).unwrap_or_default();
        let named = pairs.iter().filter_map(|(key, id)| Some((pickle.text(*key)?, *id)));
        let named: BTreeMap<&str, Id> = named.collect();
        if let Some(prefix) = named.keys().find_map(|name| name.strip_suffix(LANDMARK)) {
            let tensor = |(name, id): (&str, Id)| {
                let tensor = file.stored_tensor(id);
                let tensor =
                    tensor.map_err(|reason| refused(path, &format!("`{name}` is {reason}")))?;
                Ok((name.strip_prefix(prefix).unwrap_or(name).to_owned(), tensor))
            };
            return named.into_iter().map(tensor).collect();
        }
        seen.extend(named.into_keys().take(8).map(str::to_owned));
    }
    seen.truncate(8);
    let found = if seen.is_empty() { "no names at all".to_owned() } else { seen.join(", ") };
    let (path, missing) = (path.to_owned(), LANDMARK.to_owned());
    Err(ImportError::OtherModel { path, missing, found })
}

/// The error of a file that does not hold what it should.
pub(super) fn refused(path: &Path, reason: &dyn ToString) -> ImportError {
    ImportError::NotTorch { path: path.to_owned(), reason: reason.to_string() }
}
