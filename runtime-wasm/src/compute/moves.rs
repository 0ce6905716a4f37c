use super::plan::Compute;
use super::view::Axis;

/// The numbers of a view, one after the other.
#[derive(Debug)]
pub(crate) struct Gather {
    pub(crate) offset: usize,
    pub(crate) axes: Vec<Axis>,
}

impl Compute for Gather {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let Some((last, outer)) = self.axes.split_last() else {
            outputs[0].copy_from_slice(&inputs[0][self.offset..=self.offset]);
            return;
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
    }
}

/// Tensors one behind the other along an axis.
#[derive(Debug)]
pub(crate) struct Join {
    /// Of each, how many numbers stand together.
    pub(crate) lengths: Vec<usize>,
}

impl Compute for Join {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let mut start = 0;
        let whole: usize = self.lengths.iter().sum();
        for (input, &length) in inputs.iter().zip(&self.lengths) {
            let rows = input.chunks(length.max(1)).zip(outputs[0].chunks_mut(whole.max(1)));
            for (from, to) in rows {
                to[start..start + length].copy_from_slice(from);
            }
            start += length;
        }
    }
}

/// Rows of every item by their indices.
#[derive(Debug)]
pub(crate) struct Take {
    pub(crate) indices: Vec<usize>,
    /// Rows of an item.
    pub(crate) rows: usize,
    /// Numbers of a row.
    pub(crate) length: usize,
}

impl Compute for Take {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let length = self.length;
        let items = inputs[0].chunks(self.rows * length);
        let taken = outputs[0].chunks_mut(self.indices.len() * length);
        for (item, taken) in items.zip(taken) {
            for (row, index) in taken.chunks_mut(length).zip(&self.indices) {
                row.copy_from_slice(&item[index * length..][..length]);
            }
        }
    }
}

/// Sums over some axes.
#[derive(Debug)]
pub(crate) struct Sum {
    /// Of the input, with the strides of the output: none along what is summed.
    pub(crate) axes: Vec<Axis>,
}

impl Compute for Sum {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let Some((last, outer)) = self.axes.split_last() else {
            outputs[0].copy_from_slice(inputs[0]);
            return;
        };
        outputs[0].fill(0.0);
        let mut rows = inputs[0].chunks(last.length.max(1));
        each(outer, 0, &mut |offset| {
            for (index, number) in rows.next().unwrap_or_default().iter().enumerate() {
                outputs[0][offset + index * last.stride] += number;
            }
        });
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
