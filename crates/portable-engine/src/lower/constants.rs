//! Constants that lowering adds, or asks for.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::budget::count;
use super::lowering::Lowering;
use crate::compute::{View, bits};

impl Lowering<'_> {
    /// A constant tensor.
    pub(super) fn constant_view(&mut self, numbers: Vec<f32>, shape: &[usize]) -> Result<View> {
        ensure!(count(shape)? == numbers.len(), "{} numbers for {shape:?}", numbers.len());
        self.budget.take(numbers.len())?;
        Ok(View::new(self.plan.add_constant(Arc::new(numbers)), shape))
    }

    /// Constant indices `[n]`.
    pub(super) fn indices(&mut self, indices: &[usize]) -> Result<View> {
        let numbers = indices.iter().map(|index| Ok(bits(i32::try_from(*index)?)));
        let view = self.constant_view(numbers.collect::<Result<_>>()?, &[indices.len()])?;
        self.integers.insert(view.slot);
        Ok(view)
    }

    /// A number for every number of a shape.
    pub(super) fn number(&mut self, number: f32) -> View {
        View::new(self.plan.add_constant(Arc::new(vec![number])), &[])
    }

    /// The numbers of a view that must be constant, in its order.
    pub(super) fn constant_numbers(&mut self, view: &View) -> Result<Arc<Vec<f32>>> {
        let view = self.contiguous(view)?;
        self.constant(view.slot).context("it depends on something that is not constant")
    }
}
