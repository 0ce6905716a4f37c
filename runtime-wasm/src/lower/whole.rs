//! What tract's optimiser must leave as it is.

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{
    EvalContext, EvalOp, Op, StaticName, TypedOp, as_op, op_as_typed_op, op_out_of_plan,
};

/// Passes its input on; the optimiser does not see through it. It costs nothing.
///
/// Without it the optimiser pulls slices up through products, so that the four gates of a core become four products, each
/// of which packs the same states anew; it pulls axes into products, which then write numbers far apart; and it lets
/// products add other values to what they write, number by number. Each of these is slower than what it replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whole;

impl Op for Whole {
    fn name(&self) -> StaticName {
        "Whole".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Whole {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        Ok(inputs)
    }
}

impl TypedOp for Whole {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }

    as_op!();
}
