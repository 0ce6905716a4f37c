//! The state of a model in a file of `torch.save`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use gqn_messages::printable;
use gqn_system::open_regular;
use gqn_torch_files::{Id, Pickle, StoredTensor, TorchFile, Value};

use super::ImportError;

/// A name that every model of the reference has, behind whatever wraps it.
const LANDMARK: &str = "eta_pi.weight";
/// How deep dictionaries in dictionaries are looked into.
const DEEPEST: usize = 6;

/// A file on disk.
pub(super) type StateFile = TorchFile<BufReader<File>>;

/// Reads what a file holds, but for the numbers.
pub(super) fn open(path: &Path) -> Result<StateFile, ImportError> {
    let file = BufReader::new(open_regular(path)?);
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
                    tensor.map_err(|reason| unreadable(path, &format!("`{name}` is {reason}")))?;
                Ok((name.strip_prefix(prefix).unwrap_or(name).to_owned(), tensor))
            };
            return named.into_iter().map(tensor).collect();
        }
        seen.extend(named.into_keys().take(8).map(str::to_owned));
    }
    if let Some(class) = whole_model(pickle) {
        return Err(ImportError::WholeModel { path: path.to_owned(), class });
    }
    seen.truncate(8);
    let found = if seen.is_empty() { "no names at all".to_owned() } else { seen.join(", ") };
    let (path, missing) = (path.to_owned(), LANDMARK.to_owned());
    Err(ImportError::OtherModel { path, missing, found })
}

/// The class of the object that was pickled, or that is the first of the values of a dictionary that was: a model as a whole
/// instead of its state.
fn whole_model(pickle: &Pickle) -> Option<String> {
    /// What plain data are made of in a file of `torch.save`.
    const DATA: [&str; 5] = ["collections.", "torch._utils.", "torch.", "numpy.", "builtins."];
    let class = |id: Id| {
        let Value::Call { of, arguments, .. } = pickle.get(id) else { return None };
        let name = pickle.global(*of)?;
        // Before protocol 2, and for some classes, an object is made by a function that is told the class.
        let told =
            pickle.items(*arguments).and_then(|arguments| pickle.global(*arguments.first()?));
        let name = if name.starts_with("copy") { told? } else { name };
        let is_data = DATA.iter().any(|start| name.starts_with(start));
        (!is_data || name.starts_with("torch.nn.")).then(|| printable(name).into_owned())
    };
    let values = pickle.pairs(pickle.root).unwrap_or_default().iter().map(|(_, value)| *value);
    std::iter::once(pickle.root).chain(values).find_map(class)
}

/// The error of a tensor that cannot be had.
pub(super) fn unreadable(path: &Path, reason: &dyn ToString) -> ImportError {
    ImportError::Unreadable { path: path.to_owned(), reason: reason.to_string() }
}

/// The error of a file that does not hold what it should.
pub(super) fn refused(path: &Path, reason: &dyn ToString) -> ImportError {
    ImportError::NotTorch { path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// What is said of a pickle in a file of `torch.save`.
    fn says(pickle: &[u8]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.pt");
        let mut zip = zip::ZipWriter::new(File::create(&path).expect("a file"));
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        zip.start_file("archive/data.pkl", options).expect("an entry");
        zip.write_all(pickle).expect("bytes");
        zip.finish().expect("a zip");
        let file = open(&path).expect("a file of torch.save");
        tensors(&path, &file).expect_err("no state").to_string()
    }

    #[test]
    fn a_whole_pickled_model_is_known_as_such() {
        // torch.save(model): an object of a class, restored from a dictionary.
        let model = b"\x80\x02cgqn.model\nGenerativeQueryNetwork\nq\x00)\x81q\x01}X\x01\x00\x00\x00aK\x01sb.";
        // torch.save({"model": model}) of a torch.nn.DataParallel.
        let in_dict = b"\x80\x02}X\x05\x00\x00\x00modelctorch.nn.parallel\nDataParallel\n)\x81}bs.";
        for (pickle, class) in [
            (&model[..], "gqn.model.GenerativeQueryNetwork"),
            (in_dict, "torch.nn.parallel.DataParallel"),
        ] {
            let says = says(pickle);
            assert!(says.contains(&format!("a whole pickled model ({class})")), "{says}");
            assert!(says.contains("\nhint: ") && says.contains("state_dict()"), "{says}");
        }
        let other = says(b"\x80\x02}X\x01\x00\x00\x00aK\x01s.");
        assert!(
            other.contains("holds no weights of torch-gqn") && other.contains("found a"),
            "{other}"
        );
    }

    #[test]
    fn a_device_is_no_file() {
        let error = open(Path::new("/dev/zero")).expect_err("no file").to_string();
        assert!(error.contains("is a device, expected a regular file"), "{error}");
    }
}
