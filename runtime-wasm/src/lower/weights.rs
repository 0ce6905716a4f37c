//! Constants: element types, weights in files of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use tract_onnx::pb::{TensorProto, tensor_proto::DataLocation, tensor_proto::DataType};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{TractErrorContext, bail};

/// Files beside a graph, by name.
pub(crate) type Files<'a> = BTreeMap<&'a str, &'a [u8]>;

/// A constant; half precision becomes single precision here, once.
pub(super) fn load(tensor: &TensorProto, files: &Files<'_>) -> TractResult<Arc<Tensor>> {
    let shape: TVec<usize> = tensor
        .dims
        .iter()
        .map(|length| Ok(usize::try_from(*length)?))
        .collect::<TractResult<_>>()?;
    let external = tensor.data_location == Some(DataLocation::External as i32);
    let raw = if external { content(tensor, files)? } else { &tensor.raw_data };
    let kind = DataType::try_from(tensor.data_type).ok();
    let values = match kind {
        Some(DataType::Float) if raw.is_empty() => from(&shape, &tensor.float_data)?,
        Some(DataType::Int64) if raw.is_empty() => from(&shape, &tensor.int64_data)?,
        Some(DataType::Float) => from(&shape, &words(raw, f32::from_le_bytes))?,
        Some(DataType::Int64) => from(&shape, &words(raw, i64::from_le_bytes))?,
        Some(DataType::Int8) => from(&shape, &words(raw, i8::from_le_bytes))?,
        Some(DataType::Uint8) => from(&shape, raw)?,
        Some(DataType::Float16) => {
            from(&shape, &words(raw, |bytes| f16::from_le_bytes(bytes).to_f32()))?
        }
        _ => bail!("its element type {kind:?} is none that the exporter writes"),
    };
    Ok(values.into_arc_tensor())
}

fn from<T: Datum + Copy>(shape: &[usize], values: &[T]) -> TractResult<Tensor> {
    let expected: usize = shape.iter().product();
    if values.len() != expected {
        bail!("found {} values, shape {shape:?} expects {expected}", values.len());
    }
    Tensor::from_shape(shape, values)
}

fn words<T, const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|word| value(*word)).collect()
}

/// The part of a file where the constant stands.
fn content<'a>(tensor: &TensorProto, files: &Files<'a>) -> TractResult<&'a [u8]> {
    let entry = |key: &str| {
        tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| &*entry.value)
    };
    let number = |key: &str| {
        let parse = |value: &str| {
            value.parse::<usize>().with_context(|| format!("{key} `{value}` is no number"))
        };
        entry(key).map(parse).transpose()
    };
    let location = entry("location").context("it stands in a file without a name")?;
    let missing = || format!("it stands in {location}, which is missing");
    let file = *files.get(location).with_context(missing)?;
    let offset = number("offset")?.unwrap_or(0);
    let length = number("length")?.unwrap_or(file.len().saturating_sub(offset));
    let end = offset.checked_add(length);
    end.and_then(|end| file.get(offset..end)).with_context(|| {
        format!("{location} has {} bytes, {length} from {offset} are expected", file.len())
    })
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::StringStringEntryProto;

    use super::*;

    fn tensor(kind: DataType, dims: &[i64]) -> TensorProto {
        TensorProto { data_type: kind as i32, dims: dims.to_vec(), ..TensorProto::default() }
    }

    fn external(offset: &str) -> TensorProto {
        let entry = |key: &str, value: &str| StringStringEntryProto {
            key: key.into(),
            value: value.into(),
        };
        TensorProto {
            data_location: Some(DataLocation::External as i32),
            external_data: vec![
                entry("location", "a.data"),
                entry("offset", offset),
                entry("length", "2"),
            ],
            ..tensor(DataType::Uint8, &[2])
        }
    }

    #[test]
    fn slices_are_taken_and_wrong_ones_refused() {
        let files = BTreeMap::from([("a.data", &[1, 2, 3, 4][..])]);
        let found = load(&external("1"), &files).expect("two bytes");
        assert_eq!(*found, tensor1(&[2_u8, 3]));
        for offset in ["3", "18446744073709551615", "x"] {
            assert!(load(&external(offset), &files).is_err());
        }
        let error = load(&external("0"), &BTreeMap::new()).expect_err("no file");
        assert!(error.to_string().contains("a.data"));
    }

    #[test]
    fn element_types_are_read_and_others_refused() {
        let nothing = BTreeMap::new();
        // One half and minus two in half precision: sign, five bits of exponent, ten of fraction.
        let half = TensorProto {
            raw_data: vec![0x00, 0x38, 0x00, 0xc0],
            ..tensor(DataType::Float16, &[2])
        };
        assert_eq!(*load(&half, &nothing).expect("two numbers"), tensor1(&[0.5_f32, -2.0]));
        let listed = TensorProto { int64_data: vec![7], ..tensor(DataType::Int64, &[]) };
        assert_eq!(*load(&listed, &nothing).expect("a number"), tensor0(7_i64));
        let short = TensorProto { raw_data: vec![0; 4], ..tensor(DataType::Float, &[2]) };
        assert!(load(&short, &nothing).is_err());
        assert!(load(&tensor(DataType::Float, &[-1]), &nothing).is_err());
        assert!(load(&tensor(DataType::String, &[1]), &nothing).is_err());
    }
}
