//! Arrays in a file of `torch.save`: `NumPy`'s, which lie in its pickle, and `PyTorch`'s.

use gqn_messages::printable;
use gqn_torch_files::{Element, Id, Pickle, Value};

use super::Loaded;

/// An array, the last axis running first.
#[derive(Debug)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) values: Values,
}

/// What an array holds.
#[derive(Debug)]
pub(super) enum Values {
    Bytes(Vec<u8>),
    Numbers(Vec<f32>),
    /// Python's objects.
    Objects(Vec<Id>),
}

/// Whether a value is an array, of any kind.
pub(super) fn is_array(pickle: &Pickle, id: Id) -> bool {
    numpy_state(pickle, id).is_some() || is_tensor(pickle, id)
}

/// The sizes of an array; `None` if it is none.
pub(super) fn shape(pickle: &Pickle, id: Id) -> Option<Vec<usize>> {
    match numpy_state(pickle, id) {
        Some([_, shape, ..]) => pickle.sizes(*shape),
        None => match pickle.call(id)?.1 {
            [_, _, shape, ..] if is_tensor(pickle, id) => pickle.sizes(*shape),
            _ => None,
        },
    }
}

/// Reads an array; the text of the error goes behind what it was to be.
pub(super) fn array(file: &mut Loaded, id: Id) -> Result<Array, String> {
    if is_tensor(file.pickle(), id) {
        let stored = file.stored_tensor(id).map_err(|error| error.to_string())?;
        let numbers = file.tensor(&stored).map_err(|error| error.to_string())?.into_iter();
        let values = match stored.element() {
            Element::Byte => Values::Bytes(numbers.map(|number| number as u8).collect()),
            Element::Half | Element::BFloat16 | Element::Float | Element::Double => {
                Values::Numbers(numbers.collect())
            }
        };
        return Ok(Array { shape: stored.shape, values });
    }
    numpy(file.pickle(), id)
}

fn is_tensor(pickle: &Pickle, id: Id) -> bool {
    pickle.call(id).is_some_and(|(name, _)| name.starts_with("torch._utils._rebuild_tensor"))
}

/// Version, shape, kind of element, whether columns run first, data.
fn numpy_state(pickle: &Pickle, id: Id) -> Option<&[Id; 5]> {
    // The module was renamed in NumPy 2.
    pickle.call(id).filter(|(name, _)| name.ends_with("multiarray._reconstruct"))?;
    let Value::Call { state: Some(state), .. } = pickle.get(id) else { return None };
    pickle.items(*state)?.try_into().ok()
}

fn numpy(pickle: &Pickle, id: Id) -> Result<Array, String> {
    let no_array = || "no array of the usual kind".to_owned();
    let [_, shape, element, by_columns, data] = numpy_state(pickle, id).ok_or_else(no_array)?;
    let shape = pickle.sizes(*shape).ok_or_else(no_array)?;
    let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
    if *pickle.get(*by_columns) == Value::Bool(true) {
        return Err("an array whose columns run first".to_owned());
    }
    let Some(("numpy.dtype", [name, ..])) = pickle.call(*element) else { return Err(no_array()) };
    let name = pickle.text(*name).ok_or_else(no_array)?;
    if big_endian(pickle, *element) {
        return Err("an array of another byte order".to_owned());
    }
    let bytes = || pickle.bytes(*data).ok_or_else(no_array);
    let (found, values) = match name {
        "u1" => {
            let bytes = bytes()?.into_owned();
            (bytes.len(), Values::Bytes(bytes))
        }
        "f4" | "f8" => {
            let bytes = bytes()?;
            let numbers: Vec<f32> = if name == "f4" {
                bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
            } else {
                bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect()
            };
            (numbers.len(), Values::Numbers(numbers))
        }
        "O8" | "O" => {
            let objects = pickle.items(*data).ok_or_else(no_array)?.to_vec();
            (objects.len(), Values::Objects(objects))
        }
        other => {
            let other = printable(other);
            return Err(format!(
                "an array of `{other}`, expected bytes, floats or objects\nhint: store colours as uint8, or as floats from 0 to 1"
            ));
        }
    };
    if count != Some(found) {
        return Err(format!("an array of {found} values, expected {shape:?}"));
    }
    Ok(Array { shape, values })
}

fn big_endian(pickle: &Pickle, element: Id) -> bool {
    let Value::Call { state: Some(state), .. } = pickle.get(element) else { return false };
    let order = pickle.items(*state).and_then(|state| pickle.text(*state.get(1)?));
    order == Some(">")
}
