//! Constants as they are written.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use half::f16;

use super::budget::{Budget, check_rank};
use super::call::lengths;
use super::onnx::{Element, TensorOf};
use super::values::{Constant, IntegerTensor};
use crate::external::{Files, part};

/// Says that a tensor's numbers stand in a file of their own.
const EXTERNAL: i32 = 1;

/// A constant, whose memory comes out of the budget; half precision becomes single precision here, once.
pub(super) fn load(tensor: &TensorOf, files: &Files<'_>, budget: &mut Budget) -> Result<Constant> {
    check_rank(tensor.dims.len())?;
    let shape = lengths(&tensor.dims)?;
    let external = tensor.location == EXTERNAL;
    let entry = |key: &str| {
        tensor.external.iter().find(|entry| entry.key == key).map(|entry| &*entry.value)
    };
    let raw = if external { part(entry, files)? } else { &tensor.raw };
    let kind = Element::try_from(tensor.element).ok();
    budget.take(match kind {
        Some(Element::Float) => tensor.floats.len().max(raw.len() / 4),
        Some(Element::Half) => raw.len() / 2,
        Some(Element::Int64) => (2 * tensor.integers.len()).max(raw.len() / 4),
        _ => raw.len().saturating_mul(2),
    })?;
    match kind {
        Some(Element::Float) if raw.is_empty() => numbers(shape, tensor.floats.clone()),
        Some(Element::Int64) if raw.is_empty() => integers(shape, tensor.integers.clone()),
        Some(Element::Float) => numbers(shape, words(raw, f32::from_le_bytes)),
        Some(Element::Int64) => integers(shape, words(raw, i64::from_le_bytes)),
        Some(Element::Int8) => integers(shape, words(raw, |byte| i8::from_le_bytes(byte).into())),
        Some(Element::Uint8) => integers(shape, raw.iter().map(|byte| i64::from(*byte)).collect()),
        Some(Element::Half) => {
            numbers(shape, words(raw, |bytes| f16::from_le_bytes(bytes).to_f32()))
        }
        _ => bail!("its element type {kind:?} is none that the exporter writes"),
    }
}

fn numbers(shape: Vec<usize>, numbers: Vec<f32>) -> Result<Constant> {
    check(&shape, numbers.len())?;
    Ok(Constant::Numbers(Arc::new(numbers), shape))
}

fn integers(shape: Vec<usize>, numbers: Vec<i64>) -> Result<Constant> {
    check(&shape, numbers.len())?;
    Ok(Constant::Integers(Arc::new(IntegerTensor { numbers, shape })))
}

fn check(shape: &[usize], found: usize) -> Result<()> {
    // Lengths come from outside: their product may be no number.
    let expected = shape.iter().try_fold(1_usize, |product, length| product.checked_mul(*length));
    ensure!(Some(found) == expected, "found {found} values, shape {shape:?} expects others");
    Ok(())
}

fn words<T, const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|word| value(*word)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::onnx::Entry;
    use super::*;

    fn tensor(kind: Element, dims: &[i64]) -> TensorOf {
        TensorOf { element: kind as i32, dims: dims.to_vec(), ..TensorOf::default() }
    }

    fn external(offset: &str) -> TensorOf {
        let entry = |key: &str, value: &str| Entry { key: key.into(), value: value.into() };
        TensorOf {
            location: EXTERNAL,
            external: vec![
                entry("location", "a.data"),
                entry("offset", offset),
                entry("length", "2"),
            ],
            ..tensor(Element::Uint8, &[2])
        }
    }

    #[track_caller]
    fn assert_whole(found: Constant, expected: &[i64]) {
        let Constant::Integers(found) = found else { panic!("{found:?} is not of integers") };
        assert_eq!(found.numbers, expected);
    }

    #[test]
    fn slices_are_taken_and_wrong_ones_refused() {
        let files = BTreeMap::from([("a.data", &[1, 2, 3, 4][..])]);
        let found = load(&external("1"), &files, &mut Budget::of(0)).expect("two bytes");
        assert_whole(found, &[2, 3]);
        for offset in ["3", "18446744073709551615", "x"] {
            assert!(load(&external(offset), &files, &mut Budget::of(0)).is_err());
        }
        let error =
            load(&external("0"), &BTreeMap::new(), &mut Budget::of(0)).expect_err("no file");
        assert!(error.to_string().contains("a.data"));
    }

    #[test]
    fn element_types_are_read_and_others_refused() {
        let nothing = BTreeMap::new();
        let load = |tensor: &TensorOf| load(tensor, &nothing, &mut Budget::of(0));
        // One half and minus two in half precision: sign, five bits of exponent, ten of fraction.
        let half = TensorOf { raw: vec![0x00, 0x38, 0x00, 0xc0], ..tensor(Element::Half, &[2]) };
        let Constant::Numbers(found, shape) = load(&half).expect("two numbers") else {
            panic!("they are not integers")
        };
        assert_eq!((&found[..], &shape[..]), (&[0.5, -2.0][..], &[2][..]));
        let listed = TensorOf { integers: vec![7], ..tensor(Element::Int64, &[]) };
        assert_whole(load(&listed).expect("a number"), &[7]);
        let short = TensorOf { raw: vec![0; 4], ..tensor(Element::Float, &[2]) };
        assert!(load(&short).is_err());
        assert!(load(&tensor(Element::Float, &[-1])).is_err());
        assert!(load(&TensorOf { element: 8, ..tensor(Element::Undefined, &[1]) }).is_err());
    }
}
