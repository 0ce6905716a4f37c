use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{
    EvalContext, EvalOp, Op, StaticName, TypedOp, as_op, op_as_typed_op, op_out_of_plan,
};

/// A computation on numbers in the standard order of their shapes, which it knows.
pub(crate) trait Compute: Debug + Send + Sync {
    /// `outputs` hold zeros.
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]);
}

/// A computation as an operator of tract.
#[derive(Debug, Clone)]
pub(crate) struct Native {
    computation: Arc<dyn Compute>,
    shapes: TVec<TVec<usize>>,
}

impl Native {
    pub(crate) fn new(computation: Arc<dyn Compute>, shapes: TVec<TVec<usize>>) -> Self {
        Self { computation, shapes }
    }

    pub(crate) fn compute(
        &self,
        inputs: &[impl Deref<Target = Tensor>],
    ) -> TractResult<TVec<Tensor>> {
        let plain: TVec<_> =
            inputs.iter().map(|input| input.try_as_plain_ram()).collect::<TractResult<_>>()?;
        let read: TVec<&[f32]> =
            plain.iter().map(|plain| plain.as_slice::<f32>()).collect::<TractResult<_>>()?;
        let mut outputs: TVec<Tensor> = self
            .shapes
            .iter()
            .map(|shape| Tensor::zero::<f32>(shape))
            .collect::<TractResult<_>>()?;
        let mut plain: TVec<_> =
            outputs.iter_mut().map(Tensor::try_as_plain_ram_mut).collect::<TractResult<_>>()?;
        let mut written: TVec<&mut [f32]> = plain
            .iter_mut()
            .map(|plain| plain.as_slice_mut::<f32>())
            .collect::<TractResult<_>>()?;
        self.computation.run(&read, &mut written);
        drop(written);
        drop(plain);
        Ok(outputs)
    }
}

/// Tables in it may be large, so it equals nothing but itself.
impl PartialEq for Native {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.computation, &other.computation)
    }
}

impl Eq for Native {}

impl Op for Native {
    fn name(&self) -> StaticName {
        "Native".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Native {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        Ok(self.compute(&inputs)?.into_iter().map(IntoTValue::into_tvalue).collect())
    }
}

impl TypedOp for Native {
    fn output_facts(&self, _: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(self.shapes.iter().map(|shape| f32::fact(&**shape)).collect())
    }

    as_op!();
}
