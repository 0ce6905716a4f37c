//! Several element-wise functions in one pass over memory.

use anyhow::Result;

use super::operation::Operation;
use super::plan::Compute;
use super::view::{Axis, View};

/// Numbers that are computed before the next function is applied: so many of every value stay in the nearest cache.
const BLOCK: usize = 256;

/// An operation and which values it reads: first the inputs are counted, then the results of the instructions before. A
/// function of one number does not look at the second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instruction {
    pub(crate) operation: Operation,
    pub(crate) from: [usize; 2],
}

/// Several functions of single numbers in one pass over them: what stands between does not travel to memory and back.
///
/// The pass goes from block to block. A block is part of one axis and all of the axes behind it, so that it has as many
/// numbers where the last axes are short.
#[derive(Debug)]
pub(crate) struct Pointwise {
    inputs: Vec<Input>,
    instructions: Vec<Instruction>,
    /// Which values leave.
    outputs: Vec<usize>,
    /// Of each value, in which register it stands while a block is computed.
    registers: Vec<usize>,
    /// The axes outside of blocks.
    outer: Vec<usize>,
    /// The axis that is cut into blocks: its length, and how much of it a block has.
    cut: [usize; 2],
    /// The numbers behind each index of that axis.
    inner: usize,
}

/// Where the numbers of an input stand.
#[derive(Debug)]
struct Input {
    offset: usize,
    /// Strides of the outer axes and, last, of the one that is cut.
    strides: Vec<usize>,
    block: Block,
}

/// How the numbers of a block stand.
#[derive(Debug)]
enum Block {
    /// One after the other: they are read where they stand.
    Direct,
    /// It is one number.
    Same,
    /// Runs of that length, each of one number or of numbers one after the other, and where they start.
    Runs { length: usize, broadcast: bool, starts: Vec<usize> },
}

impl Pointwise {
    /// `inputs` are offsets and axes, all of the same shape.
    pub(crate) fn new(
        shape: &[usize],
        inputs: Vec<(usize, Vec<Axis>)>,
        instructions: Vec<Instruction>,
        outputs: Vec<usize>,
    ) -> Self {
        let (mut shape, mut inputs) = (shape.to_vec(), inputs);
        join_axes(&mut shape, &mut inputs);
        let mut inner = 1;
        let mut axis = shape.len() - 1;
        while axis > 0 && inner * shape[axis] <= BLOCK {
            inner *= shape[axis];
            axis -= 1;
        }
        let part = shape[axis].min((BLOCK / inner).max(1));
        let inputs = inputs.into_iter().map(|(offset, axes)| {
            let strides = axes[..=axis].iter().map(|axis| axis.stride).collect();
            let mut block = axes[axis..].to_vec();
            block[0].length = part;
            Input { offset, strides, block: Block::new(&block) }
        });
        let mut pointwise = Self {
            inputs: inputs.collect(),
            instructions,
            outputs,
            registers: Vec::new(),
            outer: shape[..axis].into(),
            cut: [shape[axis], part],
            inner,
        };
        pointwise.assign_registers();
        pointwise
    }

    /// About how much memory it takes itself, in numbers of single precision.
    pub(crate) fn size(&self) -> usize {
        const INSTRUCTION: usize = 10;
        let starts = self.inputs.iter().map(|input| match &input.block {
            Block::Runs { starts, .. } => 2 * starts.len(),
            Block::Direct | Block::Same => 0,
        });
        let counted = self.inputs.len() + self.instructions.len() + self.outputs.len();
        starts.sum::<usize>() + INSTRUCTION * counted
    }

    /// Gives results the registers of values that nobody reads any more. Inputs keep theirs: what does not change from one
    /// block to the next is not written again.
    fn assign_registers(&mut self) {
        let inputs = self.inputs.len();
        let mut last_use: Vec<usize> = vec![0; inputs + self.instructions.len()];
        for (index, instruction) in self.instructions.iter().enumerate() {
            instruction.from.iter().for_each(|value| last_use[*value] = index);
        }
        self.outputs.iter().for_each(|value| last_use[*value] = usize::MAX);
        self.registers = (0..inputs).collect();
        let (mut free, mut count) = (Vec::new(), inputs);
        for (index, instruction) in self.instructions.iter().enumerate() {
            self.registers.push(free.pop().unwrap_or_else(|| {
                count += 1;
                count - 1
            }));
            let mut from = instruction.from.to_vec();
            from.dedup();
            let dead =
                from.into_iter().filter(|value| *value >= inputs && last_use[*value] == index);
            free.extend(dead.map(|value| self.registers[value]));
        }
    }

    /// The block of the outputs that starts there, from what stands at those places of the inputs.
    fn block(
        &self,
        inputs: &[&[f32]],
        places: &[usize],
        (start, count): (usize, usize),
        outputs: &mut [&mut [f32]],
        registers: &mut [Register],
    ) {
        for ((input, register), (numbers, place)) in
            self.inputs.iter().zip(&mut *registers).zip(inputs.iter().zip(places))
        {
            register.load(&input.block, &numbers[*place..], *place, count);
        }
        let direct = |value: usize| match self.inputs.get(value) {
            Some(Input { block: Block::Direct, .. }) => {
                Some(&inputs[value][places[value]..][..count])
            }
            _ => None,
        };
        for (index, Instruction { operation, from }) in self.instructions.iter().enumerate() {
            let to = self.registers[self.inputs.len() + index];
            let mut out = std::mem::take(&mut registers[to].numbers);
            let [left, right] = from.map(|value| {
                direct(value).unwrap_or_else(|| &registers[self.registers[value]].numbers[..count])
            });
            operation.apply(&mut out[..count], left, right);
            registers[to].numbers = out;
        }
        for (output, value) in outputs.iter_mut().zip(&self.outputs) {
            let numbers = &registers[self.registers[*value]].numbers[..count];
            let from = direct(*value).unwrap_or(numbers);
            output[start..][..count].copy_from_slice(from);
        }
    }
}

impl Compute for Pointwise {
    fn work(&self, _: &[usize], outputs: &[usize]) -> u64 {
        let passes = self.inputs.len() + self.instructions.len() + outputs.len();
        outputs.first().map_or(0, |length| *length as u64 * passes as u64)
    }

    fn scratch(&self) -> usize {
        let count = self.registers.iter().max().map_or(0, |last| last + 1);
        count * self.cut[1] * self.inner
    }

    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let count = self.registers.iter().max().map_or(0, |last| last + 1);
        let size = self.cut[1] * self.inner;
        let mut registers: Vec<Register> = (0..count).map(|_| Register::new(size)).collect();
        let mut places: Vec<usize> = self.inputs.iter().map(|input| input.offset).collect();
        let mut starts = places.clone();
        let [length, part] = self.cut;
        let mut index = vec![0; self.outer.len()];
        let mut start = 0;
        for _ in 0..self.outer.iter().product() {
            places.copy_from_slice(&starts);
            for begin in (0..length).step_by(part) {
                let count = part.min(length - begin) * self.inner;
                self.block(inputs, &places, (start, count), outputs, &mut registers);
                start += count;
                for (place, input) in places.iter_mut().zip(&self.inputs) {
                    *place += part * input.strides[self.outer.len()];
                }
            }
            for axis in (0..self.outer.len()).rev() {
                index[axis] += 1;
                let of_input = starts.iter_mut().zip(&self.inputs);
                of_input.for_each(|(start, input)| *start += input.strides[axis]);
                if index[axis] < self.outer[axis] {
                    break;
                }
                index[axis] = 0;
                for (start, input) in starts.iter_mut().zip(&self.inputs) {
                    *start -= self.outer[axis] * input.strides[axis];
                }
            }
        }
        Ok(())
    }
}

impl Block {
    fn new(axes: &[Axis]) -> Self {
        let even = View::collapsed(axes);
        match even {
            Some(Axis { length: 1, .. } | Axis { stride: 0, .. }) => return Self::Same,
            Some(Axis { stride: 1, .. }) => return Self::Direct,
            _ => {}
        }
        // The last axes that together are one number, or numbers one after the other.
        let (mut length, mut axis) = (1, axes.len());
        let mut broadcast = false;
        while let Some(Axis { length: more, stride }) = axis.checked_sub(1).map(|axis| axes[axis]) {
            let first = length == 1;
            let fits = match stride {
                0 => first || broadcast,
                stride => stride == length && !broadcast,
            };
            if more != 1 {
                if !fits {
                    break;
                }
                broadcast = stride == 0;
            }
            length *= more;
            axis -= 1;
        }
        let mut starts = Vec::new();
        super::copy::each(&axes[..axis], 0, &mut |start| starts.push(start));
        Self::Runs { length, broadcast, starts }
    }
}

/// Numbers of a block.
#[derive(Debug)]
struct Register {
    numbers: Vec<f32>,
    /// What it was filled from, and how far.
    filled: Option<(usize, usize)>,
}

impl Register {
    fn new(size: usize) -> Self {
        Self { numbers: vec![0.0; size], filled: None }
    }

    /// Reads a block of an input, unless it is there.
    fn load(&mut self, block: &Block, from: &[f32], place: usize, count: usize) {
        if self.filled.is_some_and(|(filled, enough)| filled == place && count <= enough) {
            return;
        }
        match block {
            Block::Direct => return,
            Block::Same => self.numbers[..count].fill(from[0]),
            Block::Runs { length: 1, starts, .. } => {
                for (number, start) in self.numbers[..count].iter_mut().zip(starts) {
                    *number = from[*start];
                }
            }
            Block::Runs { length, broadcast, starts } => {
                let runs = self.numbers[..count].chunks_mut(*length);
                for (run, start) in runs.zip(starts) {
                    if *broadcast {
                        run.fill(from[*start]);
                    } else {
                        run.copy_from_slice(&from[*start..][..run.len()]);
                    }
                }
            }
        }
        self.filled = Some((place, count));
    }
}

/// Makes one axis of two where every input allows it.
fn join_axes(shape: &mut Vec<usize>, inputs: &mut [(usize, Vec<Axis>)]) {
    let ones: Vec<usize> = (0..shape.len()).rev().filter(|axis| shape[*axis] == 1).collect();
    for axis in ones {
        shape.remove(axis);
        for (_, axes) in &mut *inputs {
            axes.remove(axis);
        }
    }
    for axis in (1..shape.len()).rev() {
        let even =
            |axes: &Vec<Axis>| axes[axis - 1].stride == axes[axis].stride * axes[axis].length;
        if !inputs.iter().all(|(_, axes)| even(axes)) {
            continue;
        }
        let length = shape.remove(axis);
        shape[axis - 1] *= length;
        for (_, axes) in &mut *inputs {
            let stride = axes.remove(axis).stride;
            axes[axis - 1] = Axis { length: axes[axis - 1].length * length, stride };
        }
    }
    if shape.is_empty() {
        shape.push(1);
        for (_, axes) in &mut *inputs {
            axes.push(Axis { length: 1, stride: 0 });
        }
    }
}
