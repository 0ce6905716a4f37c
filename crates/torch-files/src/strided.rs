//! Tensors out of storages.

use gqn_formats::Tensor;
use half::{bf16, f16};

use crate::torch_file::Element;

/// Row-major copy of `shape` numbers with strides, from number `offset` of the storage's bytes on; `None` if they reach
/// beyond it. The caller has held the count of numbers against the storage.
pub(crate) fn strided(
    storage: &[u8],
    element: Element,
    offset: usize,
    shape: &[usize],
    strides: &[usize],
) -> Option<Tensor> {
    let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size))?;
    if count == 0 {
        return Some(Tensor::zeros(shape));
    }
    let last = shape.iter().zip(strides).try_fold(offset, |last, (size, stride)| {
        last.checked_add((size - 1).checked_mul(*stride)?)
    })?;
    if last >= storage.len() / element.bytes() {
        return None;
    }
    let mut data = Vec::with_capacity(count);
    let mut index = vec![0; shape.len()];
    let mut place = offset;
    for _ in 0..count {
        data.push(number(element, &storage[place * element.bytes()..]));
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                place += strides[axis];
                break;
            }
            place -= (shape[axis] - 1) * strides[axis];
            index[axis] = 0;
        }
    }
    Tensor::from_shape_vec(shape, data).ok()
}

/// The number at the beginning of some bytes, which has been found to be there.
fn number(element: Element, bytes: &[u8]) -> f32 {
    fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
        *bytes.first_chunk().expect("the storage was found to hold the last number")
    }
    match element {
        Element::Byte => f32::from(first::<1>(bytes)[0]),
        Element::Half => f16::from_le_bytes(first(bytes)).to_f32(),
        Element::BFloat16 => bf16::from_le_bytes(first(bytes)).to_f32(),
        Element::Float => f32::from_le_bytes(first(bytes)),
        Element::Double => f64::from_le_bytes(first(bytes)) as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_are_followed_and_never_left() {
        let storage: Vec<u8> =
            (0_u8..10).flat_map(|value| f32::from(value).to_le_bytes()).collect();
        let take = |offset, shape: &[usize], strides: &[usize]| {
            strided(&storage, Element::Float, offset, shape, strides)
        };
        let values =
            |tensor: Option<Tensor>| tensor.expect("a tensor").into_iter().collect::<Vec<_>>();
        assert_eq!(values(take(2, &[2, 3], &[1, 2])), [2.0, 4.0, 6.0, 3.0, 5.0, 7.0]);
        assert_eq!(values(take(1, &[2, 1, 2], &[0, 5, 3])), [1.0, 4.0, 1.0, 4.0]);
        assert_eq!(values(take(9, &[], &[])), [9.0]);
        assert!(take(4, &[2, 3], &[3, 1]).is_some());
        assert!(take(5, &[2, 3], &[3, 1]).is_none(), "the last number is one too far");
        assert!(take(0, &[usize::MAX, 3], &[3, 1]).is_none());
        assert!(take(1, &[2], &[usize::MAX]).is_none());
        assert!(take(10, &[1], &[1]).is_none());
    }

    #[test]
    fn every_kind_of_number_is_read() {
        for (element, bytes) in [
            (Element::Byte, &[3_u8, 1][..]),
            (Element::Half, &[0x00, 0x42, 0x00, 0x3C]),
            (Element::BFloat16, &[0x40, 0x40, 0x80, 0x3F]),
            (Element::Float, &[3.0_f32, 1.0].map(f32::to_le_bytes).concat()),
            (Element::Double, &[3.0_f64, 1.0].map(f64::to_le_bytes).concat()),
        ] {
            let read = strided(bytes, element, 0, &[2], &[1]).expect("two numbers");
            assert_eq!(read.into_iter().collect::<Vec<_>>(), [3.0, 1.0], "{element:?}");
        }
    }
}
