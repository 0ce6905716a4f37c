//! Named tensors and metadata in one safetensors file.

use std::collections::{BTreeMap, HashMap};

use half::{bf16, f16};
use ndarray::ArrayD;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::error::FormatError;
use crate::foreign::Foreign;

/// A tensor of `f32`, any shape, in row-major order.
pub type Tensor = ArrayD<f32>;

/// How the numbers of a file are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// `F32`, as they are.
    F32,
    /// `F16`, to which they are rounded.
    F16,
}

/// Named tensors and textual metadata: the content of one safetensors file of `f32`, which may be stored in half
/// precision.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TensorFile {
    /// Keys and values of `__metadata__`.
    pub metadata: BTreeMap<String, String>,
    /// Tensors by name.
    pub tensors: BTreeMap<String, Tensor>,
}

impl TensorFile {
    /// Parses the bytes of a safetensors file; `what` names it in errors.
    ///
    /// # Errors
    /// [`FormatError::Tensors`] if the bytes are cut short or not safetensors, [`FormatError::Foreign`] if they are known
    /// to be something else, [`FormatError::ElementType`] if a tensor is of no floats. Half precision becomes single.
    pub fn from_bytes(what: &str, bytes: &[u8]) -> Result<Self, FormatError> {
        let failed = |source| match Foreign::of(bytes) {
            Some(foreign) => foreign.error(what, "a safetensors file"),
            None => FormatError::Tensors { what: what.to_owned(), source },
        };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(failed)?;
        let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
        let mut tensors = BTreeMap::new();
        for (name, view) in SafeTensors::deserialize(bytes).map_err(failed)?.iter() {
            tensors.insert(name.to_owned(), to_tensor(what, name, &view)?);
        }
        Ok(Self { metadata, tensors })
    }

    /// Serialises tensors and metadata; the same content gives the same bytes.
    ///
    /// # Errors
    /// [`FormatError::Tensors`] if the library refuses a tensor.
    pub fn to_bytes(&self, what: &str) -> Result<Vec<u8>, FormatError> {
        self.to_bytes_as(Element::F32, what)
    }

    /// [`TensorFile::to_bytes`] with another element type.
    ///
    /// # Errors
    /// [`FormatError::NotHalf`] if a number is too large for half precision, otherwise as [`TensorFile::to_bytes`].
    pub fn to_bytes_as(&self, element: Element, what: &str) -> Result<Vec<u8>, FormatError> {
        let failed = |source| FormatError::Tensors { what: what.to_owned(), source };
        let dtype = match element {
            Element::F32 => Dtype::F32,
            Element::F16 => Dtype::F16,
        };
        let mut bytes: BTreeMap<&str, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
        for (name, tensor) in &self.tensors {
            let data = match element {
                Element::F32 => tensor.iter().flat_map(|value| value.to_le_bytes()).collect(),
                Element::F16 => half_bytes(what, name, tensor)?,
            };
            bytes.insert(name, (tensor.shape().to_vec(), data));
        }
        let mut views = Vec::with_capacity(bytes.len());
        for (name, (shape, data)) in &bytes {
            views.push((*name, TensorView::new(dtype, shape.clone(), data).map_err(failed)?));
        }
        let metadata: HashMap<String, String> = self.metadata.clone().into_iter().collect();
        let mut out = safetensors::serialize(views, Some(metadata)).map_err(failed)?;
        sort_metadata(&mut out, &self.metadata);
        Ok(out)
    }

    /// The tensor of that name with exactly that shape; `what` names the file in errors.
    ///
    /// # Errors
    /// [`FormatError::MissingTensor`] or [`FormatError::Shape`].
    pub fn get(&self, what: &str, name: &str, shape: &[usize]) -> Result<&Tensor, FormatError> {
        let tensor = self.tensors.get(name).ok_or_else(|| FormatError::MissingTensor {
            what: what.to_owned(),
            name: name.to_owned(),
            expected: shape.to_vec(),
        })?;
        if tensor.shape() != shape {
            return Err(FormatError::Shape {
                what: what.to_owned(),
                name: name.to_owned(),
                found: tensor.shape().to_vec(),
                expected: shape.to_vec(),
            });
        }
        Ok(tensor)
    }
}

fn to_tensor(what: &str, name: &str, view: &TensorView<'_>) -> Result<Tensor, FormatError> {
    let data = view.data();
    let halves = || data.as_chunks().0.iter().copied();
    let data = match view.dtype() {
        Dtype::F32 => data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        Dtype::F16 => halves().map(|bytes| f16::from_le_bytes(bytes).to_f32()).collect(),
        Dtype::BF16 => halves().map(|bytes| bf16::from_le_bytes(bytes).to_f32()).collect(),
        other => {
            return Err(FormatError::ElementType {
                what: what.to_owned(),
                name: name.to_owned(),
                found: format!("{other:?}"),
            });
        }
    };
    Ok(Tensor::from_shape_vec(view.shape(), data)
        .expect("safetensors checked the length against the shape"))
}

/// The numbers rounded to half precision; those that are not finite stay so.
fn half_bytes(what: &str, name: &str, tensor: &Tensor) -> Result<Vec<u8>, FormatError> {
    let mut bytes = Vec::with_capacity(2 * tensor.len());
    for &value in tensor {
        let half = f16::from_f32(value);
        if value.is_finite() && !half.is_finite() {
            let (what, name) = (what.to_owned(), name.to_owned());
            return Err(FormatError::NotHalf { what, name, found: value });
        }
        bytes.extend(half.to_le_bytes());
    }
    Ok(bytes)
}

/// The library writes metadata in the order of a hash map; this puts the keys in their own order, so that equal
/// content is equal bytes. The header keeps its length, because the same keys and values are only moved.
fn sort_metadata(bytes: &mut [u8], metadata: &BTreeMap<String, String>) {
    const LENGTH_BYTES: usize = 8;
    let length =
        u64::from_le_bytes(bytes[..LENGTH_BYTES].try_into().expect("eight bytes")) as usize;
    let header = &mut bytes[LENGTH_BYTES..LENGTH_BYTES + length];
    let Some(start) = header.windows(16).position(|window| window == br#""__metadata__":{"#) else {
        return;
    };
    let sorted = serde_json::to_string(metadata).expect("strings are JSON");
    let place = start + 15;
    header[place..place + sorted.len()].copy_from_slice(sorted.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> TensorFile {
        let mut file = TensorFile::default();
        for key in ["b", "a", "zeta \"quoted\"", "m", "é"] {
            file.metadata.insert(key.to_owned(), format!("value of {key}\n{{}}"));
        }
        file.tensors.insert(
            "x".into(),
            Tensor::from_shape_vec(vec![2, 1], vec![1.5, -0.0]).expect("two numbers"),
        );
        file
    }

    #[test]
    fn bytes_round_trip_and_are_deterministic() {
        let bytes = sample().to_bytes("sample").expect("bytes");
        assert_eq!(TensorFile::from_bytes("sample", &bytes).expect("a file"), sample());
        for _ in 0..20 {
            assert_eq!(sample().to_bytes("sample").expect("bytes"), bytes);
        }
    }

    #[test]
    fn half_precision_is_read_as_what_it_was_rounded_to() {
        let mut file = sample();
        // 1/3 in eleven bits of mantissa; the largest f16; the smallest above zero.
        let numbers = vec![1.0 / 3.0, 65504.0, -5.960_464_5e-8, 0.0];
        file.tensors.insert("y".into(), Tensor::from_shape_vec(vec![4], numbers).expect("four"));
        let bytes = file.to_bytes_as(Element::F16, "half").expect("bytes");
        let read = TensorFile::from_bytes("half", &bytes).expect("a file");
        assert_eq!(read.metadata, file.metadata);
        assert_eq!(read.tensors["x"], file.tensors["x"], "1.5 and -0 are f16");
        let expected = [0.333_251_95, 65504.0, -5.960_464_5e-8, 0.0];
        for (found, expected) in read.tensors["y"].iter().zip(expected) {
            assert_eq!(found.to_bits(), f32::to_bits(expected), "found {found}");
        }
        file.tensors.insert("z".into(), Tensor::from_elem(vec![1], 65520.0));
        let error = file.to_bytes_as(Element::F16, "half").expect_err("too large for f16");
        assert!(matches!(error, FormatError::NotHalf { ref name, .. } if name == "z"), "{error}");
    }

    #[test]
    fn half_precision_is_read_and_integers_are_not() {
        let bits: [(Dtype, [u8; 4], [f32; 2]); 2] = [
            (Dtype::F16, [0x00, 0x3E, 0x00, 0xC0], [1.5, -2.0]),
            (Dtype::BF16, [0xC0, 0x3F, 0x00, 0xC0], [1.5, -2.0]),
        ];
        for (dtype, bytes, values) in bits {
            let view = TensorView::new(dtype, vec![2], &bytes).expect("a view");
            let bytes = safetensors::serialize([("x", view)], None).expect("bytes");
            let file = TensorFile::from_bytes("sample", &bytes).expect("a file");
            assert_eq!(file.tensors["x"].as_slice(), Some(&values[..]), "{dtype:?}");
        }
        let view = TensorView::new(Dtype::I32, vec![1], &[0; 4]).expect("a view");
        let bytes = safetensors::serialize([("x\u{1b}", view)], None).expect("bytes");
        let error = TensorFile::from_bytes("sample", &bytes).expect_err("integers").to_string();
        assert!(error.contains("`x\\u{1b}` has element type I32"), "{error}");
    }

    #[test]
    fn what_is_no_tensor_file_is_named_and_damage_gets_its_own_hint() {
        let says = |bytes: &[u8]| {
            TensorFile::from_bytes("a.safetensors", bytes).expect_err("a refusal").to_string()
        };
        let lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n";
        assert!(says(lfs).contains("a Git LFS pointer, expected a safetensors file\nhint: run"));
        assert!(says(b"<html><body>404").contains("an HTML page"));
        assert!(says(b"PK\x03\x04abcdefgh").contains("gqn-train import"));
        assert!(says(b"").contains("is empty"));
        let mut bytes = sample().to_bytes("sample").expect("bytes");
        assert!(says(&bytes[..bytes.len() - 1]).contains("cut short"));
        bytes[8] = b'[';
        assert!(!says(&bytes).contains("cut short"), "{}", says(&bytes));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let bytes = sample().to_bytes("sample").expect("bytes");
        for length in 0..bytes.len() {
            let error = TensorFile::from_bytes("sample", &bytes[..length]).expect_err("cut short");
            let expected = length > 0;
            assert_eq!(matches!(error, FormatError::Tensors { .. }), expected, "{error}");
        }
    }
}
