//! Gradients packed into few flat vectors: many small messages take longer than a few large ones.

use std::ops::Range;

use tch::{Kind, Tensor};

/// Numbers in a bucket: 25 MiB of f32, large enough for the link, small enough that packing the next one overlaps with
/// sending this one.
pub const MOST: usize = 25 * 1024 * 1024 / 4;

/// Splits tensors of these sizes into runs of at most `most` numbers, in order; a larger tensor is a run of its own.
pub fn plan(sizes: &[usize], most: usize) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let (mut start, mut filled) = (0, 0);
    for (index, &size) in sizes.iter().enumerate() {
        if index > start && filled + size > most {
            runs.push(start..index);
            (start, filled) = (index, 0);
        }
        filled += size;
    }
    if start < sizes.len() {
        runs.push(start..sizes.len());
    }
    runs
}

/// The runs of some tensors.
pub fn runs(tensors: &[Tensor]) -> Vec<Range<usize>> {
    plan(&tensors.iter().map(Tensor::numel).collect::<Vec<_>>(), MOST)
}

/// `tensors -> [N]`, one after the other
///
/// # Panics
/// When they are not f32: master weights are, and so their gradients.
pub fn pack(tensors: &[Tensor]) -> Tensor {
    assert!(tensors.iter().all(|tensor| tensor.kind() == Kind::Float), "gradients are f32");
    Tensor::cat(&tensors.iter().map(|tensor| tensor.reshape([-1])).collect::<Vec<_>>(), 0)
}

/// Overwrites the tensors that were packed with what became of them.
pub fn unpack(flat: &Tensor, tensors: &[Tensor]) {
    tch::no_grad(|| {
        let mut start = 0;
        for tensor in tensors {
            let size = tensor.numel() as i64;
            // The handle is another one, the memory is the same.
            tensor.shallow_clone().copy_(&flat.narrow(0, start, size).view_as(tensor));
            start += size;
        }
    });
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn runs_are_in_order_and_no_larger_than_they_may_be() {
        assert_eq!(plan(&[], 10), []);
        assert_eq!(plan(&[4, 6, 1], 10), [0..2, 2..3]);
        assert_eq!(plan(&[1, 30, 1, 1], 10), [0..1, 1..2, 2..4], "a large one goes alone");
        assert_eq!(plan(&[30], 10), vec![Range { start: 0, end: 1 }]);
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        let tensors = [
            Tensor::arange(6, (Kind::Float, Device::Cpu)).view([2, 3]),
            Tensor::from_slice(&[7.0_f32]),
            // Not contiguous, as gradients in the order channels-last are not.
            Tensor::arange(4, (Kind::Float, Device::Cpu)).view([2, 2]).transpose(0, 1),
        ];
        let before: Vec<Tensor> = tensors.iter().map(Tensor::copy).collect();
        unpack(&(pack(&tensors) * 2.0), &tensors);
        for (found, before) in tensors.iter().zip(&before) {
            assert!(found.equal(&(before * 2.0)));
        }
    }
}
