//! Sums over axes, and softmax.

use anyhow::Result;

use super::copy::each;
use super::plan::Compute;
use super::view::Axis;
use crate::kernels::{exp, largest, sum};

/// Sums over some axes.
#[derive(Debug)]
pub(crate) struct Sum {
    /// Of the input, with the strides of the output: none along what is summed.
    axes: Vec<Axis>,
}

impl Sum {
    /// `shape` is the input's; the axes that are summed have `reduced`.
    pub(crate) fn new(shape: &[usize], reduced: &[bool]) -> Self {
        // Neighbours of one kind are one axis: rows are long then.
        let mut merged: Vec<(usize, bool)> = Vec::new();
        for (length, reduced) in shape.iter().copied().zip(reduced.iter().copied()) {
            match merged.last_mut() {
                _ if length == 1 => {}
                Some(last) if last.1 == reduced => last.0 *= length,
                _ => merged.push((length, reduced)),
            }
        }
        let mut stride = 1;
        let mut axes: Vec<Axis> = merged
            .into_iter()
            .rev()
            .map(|(length, reduced)| {
                let axis = Axis { length, stride: if reduced { 0 } else { stride } };
                stride *= if reduced { 1 } else { length };
                axis
            })
            .collect();
        axes.reverse();
        Self { axes }
    }
}

impl Compute for Sum {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let Some((last, outer)) = self.axes.split_last() else {
            outputs[0].copy_from_slice(inputs[0]);
            return Ok(());
        };
        outputs[0].fill(0.0);
        let mut rows = inputs[0].chunks(last.length);
        each(outer, 0, &mut |offset| {
            let row = rows.next().unwrap_or_default();
            if last.stride == 0 {
                outputs[0][offset] += sum(row);
            } else {
                let out = &mut outputs[0][offset..][..last.length];
                out.iter_mut().zip(row).for_each(|(out, number)| *out += number);
            }
        });
        Ok(())
    }
}

/// e^x / Σ e^x over the axis in the middle: `[outer,length,inner] -> [outer,length,inner]`.
#[derive(Debug)]
pub(crate) struct Softmax {
    pub(crate) length: usize,
    pub(crate) inner: usize,
}

impl Compute for Softmax {
    fn scratch(&self) -> usize {
        2 * self.inner
    }

    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        if self.inner == 1 {
            self.rows(inputs[0], outputs[0]);
        } else {
            self.columns(inputs[0], outputs[0]);
        }
        Ok(())
    }
}

impl Softmax {
    fn rows(&self, x: &[f32], out: &mut [f32]) {
        for (x, out) in x.chunks(self.length).zip(out.chunks_mut(self.length)) {
            let largest = largest(x);
            out.iter_mut().zip(x).for_each(|(out, x)| *out = x - largest);
        }
        exp(out);
        for row in out.chunks_mut(self.length) {
            let share = 1.0 / sum(row);
            for number in row {
                *number *= share;
            }
        }
    }

    /// Vectors along the inner axis: each number of a row belongs to a column of its own.
    fn columns(&self, x: &[f32], out: &mut [f32]) {
        let (inner, item) = (self.inner, self.length * self.inner);
        let (mut largest, mut sums) = (vec![0.0; inner], vec![0.0; inner]);
        for (x, out) in x.chunks(item).zip(out.chunks_mut(item)) {
            largest.copy_from_slice(&x[..inner]);
            for row in x.chunks(inner) {
                for (largest, x) in largest.iter_mut().zip(row) {
                    *largest = if *largest < *x { *x } else { *largest };
                }
            }
            sums.fill(0.0);
            for (row, out) in x.chunks(inner).zip(out.chunks_mut(inner)) {
                for ((out, x), largest) in out.iter_mut().zip(row).zip(&largest) {
                    *out = x - largest;
                }
                exp(out);
                sums.iter_mut().zip(&*out).for_each(|(sum, number)| *sum += number);
            }
            for sum in &mut sums {
                *sum = 1.0 / *sum;
            }
            for out in out.chunks_mut(inner) {
                out.iter_mut().zip(&sums).for_each(|(number, share)| *number *= share);
            }
        }
    }
}
