//! Layout operators that have to move numbers: strided copies, concatenation, gathers.

use anyhow::{Result, bail};

use super::plan::Compute;
use super::view::Axis;
use crate::kernels::sum_rows;

/// The numbers of a view, one after the other.
#[derive(Debug)]
pub(crate) struct StridedCopy {
    pub(crate) offset: usize,
    pub(crate) axes: Vec<Axis>,
}

impl Compute for StridedCopy {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let Some((last, outer)) = self.axes.split_last() else {
            outputs[0].copy_from_slice(&inputs[0][self.offset..=self.offset]);
            return Ok(());
        };
        let mut rows = outputs[0].chunks_mut(last.length.max(1));
        each(outer, self.offset, &mut |offset| {
            let Some(row) = rows.next() else { return };
            if last.stride == 1 {
                row.copy_from_slice(&inputs[0][offset..offset + last.length]);
            } else {
                for (index, number) in row.iter_mut().enumerate() {
                    *number = inputs[0][offset + index * last.stride];
                }
            }
        });
        Ok(())
    }
}

/// Tensors one behind the other along an axis.
#[derive(Debug)]
pub(crate) struct Concat {
    /// Of each, how many numbers stand together.
    pub(crate) lengths: Vec<usize>,
}

impl Compute for Concat {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let mut start = 0;
        let whole: usize = self.lengths.iter().sum();
        for (input, &length) in inputs.iter().zip(&self.lengths) {
            let rows = input.chunks(length.max(1)).zip(outputs[0].chunks_mut(whole.max(1)));
            for (from, to) in rows {
                to[start..start + length].copy_from_slice(from);
            }
            start += length;
        }
        Ok(())
    }
}

/// Rows of every item by their indices, which are integers in the second input:
/// `[items,rows,length], [count] -> [items,count,length]`. Negative indices count from the last row.
#[derive(Debug, Clone)]
pub(crate) struct Gather {
    /// Rows of an item.
    pub(crate) rows: usize,
    /// Numbers of a row.
    pub(crate) length: usize,
}

impl Compute for Gather {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let Self { rows, length } = *self;
        let indices = inputs[1];
        let items = inputs[0].chunks(rows * length);
        for (item, out) in items.zip(outputs[0].chunks_mut(indices.len() * length)) {
            if length == 1 {
                for (out, index) in out.iter_mut().zip(indices) {
                    *out = item[row_of(*index, rows)?];
                }
                continue;
            }
            for (out, index) in out.chunks_mut(length).zip(indices) {
                out.copy_from_slice(&item[row_of(*index, rows)? * length..][..length]);
            }
        }
        Ok(())
    }
}

/// Sums of rows that are gathered, with their weights: what is gathered does not travel to memory and back.
/// `[items,terms], [rows,length], [items,terms] -> [items,length]`
#[derive(Debug)]
pub(crate) struct GatherSum {
    pub(crate) gather: Gather,
    pub(crate) terms: usize,
}

impl Compute for GatherSum {
    fn work(&self, inputs: &[usize], outputs: &[usize]) -> u64 {
        inputs[0] as u64 + outputs[0] as u64 * self.terms as u64
    }

    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let Gather { rows, length } = self.gather;
        let items = inputs[0].chunks(self.terms).zip(inputs[2].chunks(self.terms));
        let mut starts = vec![0; self.terms];
        for (out, (weights, indices)) in outputs[0].chunks_mut(length).zip(items) {
            for (start, index) in starts.iter_mut().zip(indices) {
                *start = row_of(*index, rows)? * length;
            }
            sum_rows(weights, |term| &inputs[1][starts[term]..][..length], out);
        }
        Ok(())
    }
}

/// The row that an index means.
fn row_of(index: f32, rows: usize) -> Result<usize> {
    let index = super::element::integer(index);
    let from_start = if index < 0 { i64::from(index) + rows as i64 } else { index.into() };
    match usize::try_from(from_start) {
        Ok(row) if row < rows => Ok(row),
        _ => bail!("index {index} is out of range for an axis of {rows}"),
    }
}

/// Every place of some axes, in order.
pub(super) fn each(axes: &[Axis], offset: usize, visit: &mut dyn FnMut(usize)) {
    match axes.split_first() {
        None => visit(offset),
        Some((first, rest)) => {
            for index in 0..first.length {
                each(rest, offset + index * first.stride, visit);
            }
        }
    }
}
