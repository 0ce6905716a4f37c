//! Computations in order, and where their values stand while a plan runs.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use anyhow::Result;

/// A computation on numbers in the standard order of their shapes, which it knows.
pub(crate) trait Compute: Debug + Send + Sync {
    /// `outputs` hold numbers of earlier computations.
    ///
    /// # Errors
    /// If an index is out of range: shapes were checked, what is computed is not known before.
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()>;

    /// Multiply-adds and moves of a run with inputs and outputs of so many numbers, about.
    fn work(&self, inputs: &[usize], outputs: &[usize]) -> u64 {
        inputs.iter().chain(outputs).map(|length| *length as u64).sum()
    }

    /// Numbers that it keeps in memory of its own while it runs, about.
    fn scratch(&self) -> usize {
        0
    }
}

/// Where the numbers of a value stand while a plan runs.
pub(crate) type Slot = usize;

/// Computations in order.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Of each value how many numbers it has.
    lengths: Vec<usize>,
    constants: BTreeMap<Slot, Arc<Vec<f32>>>,
    inputs: Vec<Slot>,
    steps: Vec<Step>,
    output: Slot,
    /// Memory of values that nobody reads any more, by length.
    spare: BTreeMap<usize, Vec<Vec<f32>>>,
}

#[derive(Debug)]
struct Step {
    computation: Arc<dyn Compute>,
    inputs: Vec<Slot>,
    outputs: Vec<Slot>,
    /// What no later step reads.
    done: Vec<Slot>,
}

impl Plan {
    pub(crate) fn add_input(&mut self, length: usize) -> Slot {
        let slot = self.add(length);
        self.inputs.push(slot);
        slot
    }

    pub(crate) fn add_constant(&mut self, numbers: Arc<Vec<f32>>) -> Slot {
        let slot = self.add(numbers.len());
        self.constants.insert(slot, numbers);
        slot
    }

    /// Adds a computation; its outputs have those lengths.
    pub(crate) fn add_step(
        &mut self,
        computation: Arc<dyn Compute>,
        inputs: Vec<Slot>,
        lengths: &[usize],
    ) -> Vec<Slot> {
        let outputs: Vec<Slot> = lengths.iter().map(|length| self.add(*length)).collect();
        self.steps.push(Step { computation, inputs, outputs: outputs.clone(), done: Vec::new() });
        outputs
    }

    fn add(&mut self, length: usize) -> Slot {
        self.lengths.push(length);
        self.lengths.len() - 1
    }

    pub(crate) fn length(&self, slot: Slot) -> usize {
        self.lengths[slot]
    }

    /// The numbers of a value, if they are constant.
    pub(crate) fn constant(&self, slot: Slot) -> Option<&Arc<Vec<f32>>> {
        self.constants.get(&slot)
    }

    /// Makes a value the output; what it does not need is left out.
    pub(crate) fn finish(&mut self, output: Slot) {
        self.output = output;
        let mut read = vec![false; self.lengths.len()];
        read[output] = true;
        for step in self.steps.iter_mut().rev() {
            if !step.outputs.iter().any(|slot| read[*slot]) {
                step.outputs.clear();
                continue;
            }
            let values = step.inputs.iter().chain(&step.outputs);
            step.done = values.copied().filter(|slot| !read[*slot]).collect();
            step.done.sort_unstable();
            step.done.dedup();
            step.inputs.iter().for_each(|slot| read[*slot] = true);
        }
        self.steps.retain(|step| !step.outputs.is_empty());
        self.constants.retain(|slot, _| read[*slot]);
    }

    /// Numbers that are in memory after a run, or in the midst of it, without constants.
    pub(crate) fn numbers(&self) -> usize {
        let (mut numbers, mut scratch) = (0_usize, 0);
        let mut spare: BTreeMap<usize, usize> = BTreeMap::new();
        let mut written = vec![false; self.lengths.len()];
        for step in &self.steps {
            for slot in &step.outputs {
                written[*slot] = true;
                match spare.get_mut(&self.lengths[*slot]).filter(|count| **count > 0) {
                    Some(count) => *count -= 1,
                    None => numbers = numbers.saturating_add(self.lengths[*slot]),
                }
            }
            scratch = scratch.max(step.computation.scratch());
            for slot in step.done.iter().filter(|slot| written[**slot]) {
                *spare.entry(self.lengths[*slot]).or_default() += 1;
            }
        }
        numbers.saturating_add(scratch)
    }

    /// Multiply-adds and moves of a run, about.
    pub(crate) fn work(&self) -> u64 {
        let lengths =
            |slots: &[Slot]| slots.iter().map(|slot| self.lengths[*slot]).collect::<Vec<_>>();
        let work =
            |step: &Step| step.computation.work(&lengths(&step.inputs), &lengths(&step.outputs));
        self.steps.iter().map(work).fold(0, u64::saturating_add)
    }

    /// How many computations a run has.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Runs it: the numbers of the inputs to those of the output.
    ///
    /// # Errors
    /// If a computation does not take its numbers.
    pub(crate) fn run(&mut self, inputs: &[&[f32]]) -> Result<Vec<f32>> {
        let mut values: Vec<Vec<f32>> = self.lengths.iter().map(|_| Vec::new()).collect();
        for step in &self.steps {
            let mut outputs: Vec<Vec<f32>> = Vec::new();
            for slot in &step.outputs {
                let length = self.lengths[*slot];
                let spare = self.spare.get_mut(&length).and_then(Vec::pop);
                outputs.push(spare.unwrap_or_else(|| vec![0.0; length]));
            }
            let read: Vec<&[f32]> = step
                .inputs
                .iter()
                .map(|slot| {
                    let input = self.inputs.iter().position(|input| input == slot);
                    match (self.constants.get(slot), input) {
                        (Some(constant), _) => &constant[..],
                        (None, Some(index)) => inputs[index],
                        (None, None) => &values[*slot][..],
                    }
                })
                .collect();
            let mut written: Vec<&mut [f32]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
            step.computation.run(&read, &mut written)?;
            for (slot, output) in step.outputs.iter().zip(outputs) {
                values[*slot] = output;
            }
            for slot in &step.done {
                let value = std::mem::take(&mut values[*slot]);
                // Constants and inputs are none of ours.
                if !value.is_empty() {
                    self.spare.entry(value.len()).or_default().push(value);
                }
            }
        }
        if let Some(constant) = self.constants.get(&self.output) {
            return Ok(constant.to_vec());
        }
        Ok(match self.inputs.iter().position(|input| *input == self.output) {
            Some(index) => inputs[index].to_vec(),
            None => std::mem::take(&mut values[self.output]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Sum;

    impl Compute for Sum {
        fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
            for (index, out) in outputs[0].iter_mut().enumerate() {
                *out = inputs.iter().map(|input| input[index]).sum();
            }
            Ok(())
        }
    }

    #[test]
    fn values_stay_while_they_are_read_and_memory_is_used_again() {
        let mut plan = Plan::default();
        let x = plan.add_input(2);
        let one = plan.add_constant(Arc::new(vec![1.0, 1.0]));
        let a = plan.add_step(Arc::new(Sum), vec![x, one], &[2])[0];
        let b = plan.add_step(Arc::new(Sum), vec![a, a], &[2])[0];
        plan.add_step(Arc::new(Sum), vec![b, b], &[2]);
        let c = plan.add_step(Arc::new(Sum), vec![a, b], &[2])[0];
        plan.finish(c);
        // What nobody asks for is not computed.
        assert_eq!(plan.steps.len(), 3);
        for round in 0..3 {
            let x = round as f32;
            assert_eq!(plan.run(&[&[x, 0.0]]).expect("sums"), [3.0 * (x + 1.0), 3.0]);
            let spare: usize = plan.spare.values().map(Vec::len).sum();
            assert_eq!(spare, 2, "round {round}");
            // And one that left as the output.
            assert_eq!(plan.numbers(), 3 * 2);
        }
    }
}
