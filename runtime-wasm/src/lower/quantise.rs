//! Eight-bit integers, in single precision: tract multiplies them no faster, but its pictures are the same as elsewhere.

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{AxisOp, ensure};
use tract_onnx::tract_hir::tract_core::ops::{cast, math};

use super::lowering::{Call, Lowering};

/// The smallest and the largest of the integers.
const RANGE: [f32; 2] = [-128.0, 127.0];

/// x, scale `[]` → whole numbers, cut off beyond the range
pub(super) fn quantise<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let (x, scale) = (graph.input(call, 0)?, graph.input(call, 1)?);
    ensure!(graph.shape(scale)?.is_empty(), "it has a scale for each channel");
    zero_is_zero(graph, call)?;
    let x = graph.wire_pair(call, math::div(), x, scale)?;
    let x = graph.wire(call, math::round_half_to_even(), &[x])?;
    let [smallest, largest] = RANGE;
    let smallest = graph.constant(call, tensor0(smallest))?;
    let x = graph.wire_pair(call, math::max(), x, smallest)?;
    let largest = graph.model.add_const(format!("{}.largest", call.prefix), tensor0(largest))?;
    graph.wire_pair(call, math::min(), x, largest)
}

/// whole numbers, scale `[]` or one for each entry of the first axis → x
pub(super) fn dequantise<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let (q, mut scale) = (graph.input(call, 0)?, graph.input(call, 1)?);
    zero_is_zero(graph, call)?;
    let (rank, scales) = (graph.shape(q)?.len(), graph.shape(scale)?.len());
    if scales > 0 {
        ensure!(
            scales == 1 && call.integer("axis") == Some(0),
            "its scales are not of the first axis"
        );
        for axis in 1..rank {
            scale = graph.wire(call, AxisOp::Add(axis), &[scale])?;
        }
    }
    let q = graph.wire(call, cast::cast(f32::datum_type()), &[q])?;
    graph.wire_pair(call, math::mul(), q, scale)
}

fn zero_is_zero<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<()> {
    if let Some(zero) = graph.optional(call, 2)? {
        ensure!(graph.numbers(zero)?.iter().all(|number| *number == 0), "its zero is not zero");
    }
    Ok(())
}
