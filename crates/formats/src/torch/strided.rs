//! Tensors out of storages.

use crate::tensor_file::Tensor;

/// Row-major copy of `shape` numbers with strides, from `offset` on; `None` if they reach beyond the storage.
pub(super) fn strided(
    storage: &[f32],
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
    storage.get(last)?;
    let mut data = Vec::with_capacity(count);
    let mut index = vec![0; shape.len()];
    for _ in 0..count {
        let place: usize = index.iter().zip(strides).map(|(at, stride)| at * stride).sum();
        data.push(storage[offset + place]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Tensor::from_shape_vec(shape, data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_are_followed_and_never_left() {
        let storage: Vec<f32> = (0_u8..10).map(f32::from).collect();
        let transposed = strided(&storage, 2, &[2, 3], &[1, 2]).expect("a tensor");
        assert_eq!(transposed.iter().copied().collect::<Vec<_>>(), [2.0, 4.0, 6.0, 3.0, 5.0, 7.0]);
        assert!(strided(&storage, 4, &[2, 3], &[3, 1]).is_some());
        assert!(strided(&storage, 5, &[2, 3], &[3, 1]).is_none(), "the last number is one too far");
        assert!(strided(&storage, 0, &[usize::MAX, 3], &[3, 1]).is_none());
        assert!(strided(&storage, 1, &[2], &[usize::MAX]).is_none());
    }
}
