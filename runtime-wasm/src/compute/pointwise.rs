use super::plan::Compute;
use super::view::Axis;
use crate::kernels::{exp, sigmoid, tanh};

/// Numbers that are computed before the next function is applied: so many of every value stay in the nearest cache.
const BLOCK: usize = 256;

/// A function of one or two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Sub,
    Mul,
    Div,
    Max,
    Min,
    Exp,
    Sigmoid,
    Tanh,
}

/// An operation and which values it reads: first the inputs are counted, then the results of the instructions before. A
/// function of one number does not look at the second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instruction {
    pub(crate) operation: Operation,
    pub(crate) from: [usize; 2],
}

/// Several functions of single numbers in one pass over them: what stands between does not travel to memory and back.
#[derive(Debug)]
pub(crate) struct Pointwise {
    shape: Vec<usize>,
    /// Of each input, where its numbers stand.
    inputs: Vec<(usize, Vec<Axis>)>,
    instructions: Vec<Instruction>,
    /// Which values leave.
    outputs: Vec<usize>,
}

impl Pointwise {
    /// `inputs` are offsets and axes, all of the same shape.
    pub(crate) fn new(
        shape: &[usize],
        inputs: Vec<(usize, Vec<Axis>)>,
        instructions: Vec<Instruction>,
        outputs: Vec<usize>,
    ) -> Self {
        let mut pointwise = Self { shape: shape.into(), inputs, instructions, outputs };
        pointwise.join_axes();
        pointwise
    }

    /// Makes one axis of two where every input allows it: rows are long then.
    fn join_axes(&mut self) {
        let ones: Vec<usize> =
            (0..self.shape.len()).rev().filter(|axis| self.shape[*axis] == 1).collect();
        for axis in ones {
            self.shape.remove(axis);
            self.inputs.iter_mut().for_each(|(_, axes)| {
                axes.remove(axis);
            });
        }
        for axis in (1..self.shape.len()).rev() {
            let even =
                |axes: &Vec<Axis>| axes[axis - 1].stride == axes[axis].stride * axes[axis].length;
            if !self.inputs.iter().all(|(_, axes)| even(axes)) {
                continue;
            }
            let length = self.shape.remove(axis);
            self.shape[axis - 1] *= length;
            for (_, axes) in &mut self.inputs {
                let stride = axes.remove(axis).stride;
                axes[axis - 1] = Axis { length: axes[axis - 1].length * length, stride };
            }
        }
        if self.shape.is_empty() {
            self.shape.push(1);
            self.inputs.iter_mut().for_each(|(_, axes)| axes.push(Axis { length: 1, stride: 0 }));
        }
    }

    /// A row of the outputs, from what stands at those places of the inputs.
    fn row(
        &self,
        inputs: &[&[f32]],
        places: &[usize],
        start: usize,
        outputs: &mut [&mut [f32]],
        values: &mut [[f32; BLOCK]],
    ) {
        let length = self.shape.last().copied().unwrap_or(1);
        let stride = |index: usize| self.inputs[index].1.last().map_or(0, |axis| axis.stride);
        for begin in (0..length).step_by(BLOCK) {
            let count = BLOCK.min(length - begin);
            // What stands together is read where it stands.
            let from = |index: usize| &inputs[index][places[index] + begin * stride(index)..];
            for (index, value) in values.iter_mut().enumerate().take(self.inputs.len()) {
                let value = &mut value[..count];
                match stride(index) {
                    0 => value.fill(from(index)[0]),
                    1 => {}
                    stride => value
                        .iter_mut()
                        .zip(from(index).iter().step_by(stride))
                        .for_each(|(value, from)| *value = *from),
                }
            }
            let direct = |index: usize| {
                (index < self.inputs.len() && stride(index) == 1).then(|| from(index))
            };
            for (index, instruction) in self.instructions.iter().enumerate() {
                let (before, after) = values.split_at_mut(self.inputs.len() + index);
                let [left, right] = instruction.from.map(|value| match direct(value) {
                    Some(numbers) => &numbers[..count],
                    None => &before[value][..count],
                });
                apply(instruction.operation, &mut after[0][..count], left, right);
            }
            for (output, value) in outputs.iter_mut().zip(&self.outputs) {
                let value = &values[*value][..count];
                output[start + begin..][..count].copy_from_slice(value);
            }
        }
    }
}

impl Compute for Pointwise {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let mut values = vec![[0.0; BLOCK]; self.inputs.len() + self.instructions.len()];
        let mut places: Vec<usize> = self.inputs.iter().map(|(offset, _)| *offset).collect();
        let Some((length, outer)) = self.shape.split_last() else { return };
        let mut index: Vec<usize> = outer.iter().map(|_| 0).collect();
        for row in 0..outer.iter().product() {
            self.row(inputs, &places, row * length, outputs, &mut values);
            for axis in (0..outer.len()).rev() {
                index[axis] += 1;
                let step = |(place, (_, axes)): (&mut usize, &(usize, Vec<Axis>))| {
                    *place += axes[axis].stride;
                };
                places.iter_mut().zip(&self.inputs).for_each(step);
                if index[axis] < outer[axis] {
                    break;
                }
                index[axis] = 0;
                let back = |(place, (_, axes)): (&mut usize, &(usize, Vec<Axis>))| {
                    *place -= outer[axis] * axes[axis].stride;
                };
                places.iter_mut().zip(&self.inputs).for_each(back);
            }
        }
    }
}

fn apply(operation: Operation, out: &mut [f32], left: &[f32], right: &[f32]) {
    match operation {
        Operation::Add => pairs(out, left, right, |left, right| left + right),
        Operation::Sub => pairs(out, left, right, |left, right| left - right),
        Operation::Mul => pairs(out, left, right, |left, right| left * right),
        Operation::Div => pairs(out, left, right, |left, right| left / right),
        Operation::Max => {
            pairs(out, left, right, |left, right| if left < right { right } else { left });
        }
        Operation::Min => {
            pairs(out, left, right, |left, right| if left > right { right } else { left });
        }
        Operation::Exp => single(out, left, exp),
        Operation::Sigmoid => single(out, left, sigmoid),
        Operation::Tanh => single(out, left, tanh),
    }
}

fn pairs(out: &mut [f32], left: &[f32], right: &[f32], function: impl Fn(f32, f32) -> f32) {
    for (out, (left, right)) in out.iter_mut().zip(left.iter().zip(right)) {
        *out = function(*left, *right);
    }
}

fn single(out: &mut [f32], left: &[f32], function: impl Fn(&mut [f32])) {
    out.copy_from_slice(left);
    function(out);
}
