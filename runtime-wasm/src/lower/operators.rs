//! What each operator becomes.

use std::collections::BTreeMap;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{AxisOp, TractErrorContext, bail, ensure};
use tract_onnx::tract_hir::tract_core::ops::array::{Gather, MultiBroadcastTo, Slice, TypedConcat};
use tract_onnx::tract_hir::tract_core::ops::change_axes::{
    compute_shape_with_onnx_rules, perm_to_ops,
};
use tract_onnx::tract_hir::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_hir::tract_core::ops::nn::{Reduce, Reducer, sigmoid};
use tract_onnx::tract_hir::tract_core::ops::{cast, math};

use super::lowering::{Call, Lowering};
use super::weights::load;
use super::whole::Whole;
use super::windows::{conv, conv_transpose, depth_to_space};

/// Adds a node's operators; its results, in order.
pub(super) fn lower_node<'a>(
    graph: &mut Lowering<'a>,
    call: &Call<'a>,
) -> TractResult<Vec<OutletId>> {
    if call.node.op_type == "Split" {
        return split(graph, call);
    }
    Ok(vec![match call.node.op_type.as_str() {
        "Add" => pair(graph, call, math::add())?,
        "Sub" => pair(graph, call, math::sub())?,
        "Mul" => pair(graph, call, math::mul())?,
        "Div" => pair(graph, call, math::div())?,
        "Exp" => single(graph, call, math::exp())?,
        "Tanh" => single(graph, call, math::tanh())?,
        "Sigmoid" => single(graph, call, sigmoid())?,
        "Relu" => relu(graph, call)?,
        "Clip" => clip(graph, call)?,
        "Cast" => single(graph, call, cast::cast(f32::datum_type()))?,
        "Identity" => graph.input(call, 0)?,
        "MatMul" => matmul(graph, call)?,
        "Conv" => conv(graph, call)?,
        "ConvTranspose" => conv_transpose(graph, call)?,
        "DepthToSpace" => depth_to_space(graph, call)?,
        "ReduceSum" => reduce(graph, call, false)?,
        "ReduceMean" => reduce(graph, call, true)?,
        "Concat" => concat(graph, call)?,
        "Gather" => gather(graph, call)?,
        "Expand" => expand(graph, call)?,
        "Reshape" => reshape(graph, call)?,
        "Transpose" => transpose(graph, call)?,
        "Unsqueeze" => unsqueeze(graph, call)?,
        "Shape" => shape(graph, call)?,
        "ConstantOfShape" => constant_of_shape(graph, call)?,
        _ => bail!("no such operator is known: the exporter writes none"),
    }])
}

fn single<'a>(
    graph: &mut Lowering<'a>,
    call: &Call<'a>,
    operator: impl Into<Box<dyn TypedOp>>,
) -> TractResult<OutletId> {
    let x = graph.input(call, 0)?;
    graph.wire(call, operator, &[x])
}

fn pair<'a>(
    graph: &mut Lowering<'a>,
    call: &Call<'a>,
    operator: impl Into<Box<dyn TypedOp>>,
) -> TractResult<OutletId> {
    let (left, right) = (graph.input(call, 0)?, graph.input(call, 1)?);
    graph.wire_pair(call, operator, left, right)
}

fn relu<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let x = graph.input(call, 0)?;
    let zero = graph.constant(call, tensor0(0.0_f32))?;
    graph.wire_pair(call, math::max(), x, zero)
}

fn clip<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let mut x = graph.input(call, 0)?;
    if let Some(smallest) = graph.optional(call, 1)? {
        x = graph.wire_pair(call, math::max(), x, smallest)?;
    }
    if let Some(largest) = graph.optional(call, 2)? {
        x = graph.wire_pair(call, math::min(), x, largest)?;
    }
    Ok(x)
}

/// `[..,m,k]`, `[..,k,n]` → `[..,m,n]`
fn matmul<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let (left, right) = (graph.input(call, 0)?, graph.input(call, 1)?);
    let ranks = [graph.shape(left)?.len(), graph.shape(right)?.len()];
    ensure!(ranks.iter().all(|rank| *rank >= 2), "it multiplies vectors");
    let outer = ranks[0].max(ranks[1]) - 2;
    let letters =
        |rank: usize| -> String { ('a'..'k').take(outer).skip(outer + 2 - rank).collect() };
    ensure!(outer <= 10, "it has {outer} outer axes");
    if ranks[0] == 2 && outer > 0 {
        return matmul_of_rows(graph, call, left, right);
    }
    let text = format!("{}mk,{}kn->{}mn", letters(ranks[0]), letters(ranks[1]), letters(outer + 2));
    let operator = EinSum { axes: text.parse()?, operating_dt: f32::datum_type(), q_params: None };
    let product = graph.wire(call, operator, &[left, right])?;
    graph.wire(call, Whole, &[product])
}

/// `[m,k]`, `[..,k,n]` → `[..,m,n]` as a single product, `[k,..·n]` → `[m,..·n]`, of as few and as long rows as can be.
fn matmul_of_rows<'a>(
    graph: &mut Lowering<'a>,
    call: &Call<'a>,
    left: OutletId,
    right: OutletId,
) -> TractResult<OutletId> {
    let outer = graph.shape(right)?.len() - 2;
    let right = graph.wire_move(call, outer, 0, right)?;
    let letters: String = ('a'..'k').take(outer).collect();
    let axes = format!("mk,k{letters}n->m{letters}n").parse()?;
    let operator = EinSum { axes, operating_dt: f32::datum_type(), q_params: None };
    let product = graph.wire(call, operator, &[left, right])?;
    let product = graph.wire(call, Whole, &[product])?;
    graph.wire_move(call, 0, outer, product)
}

fn reduce<'a>(graph: &mut Lowering<'a>, call: &Call<'a>, mean: bool) -> TractResult<OutletId> {
    let x = graph.input(call, 0)?;
    let shape = graph.shape(x)?;
    let axes = match (graph.optional(call, 1)?, call.integers("axes")) {
        (Some(axes), _) => graph.numbers(axes)?,
        (None, Some(axes)) => axes.to_vec(),
        (None, None) => (0..shape.len() as i64).collect(),
    };
    let mut axes: TVec<usize> =
        axes.iter().map(|index| axis(*index, shape.len())).collect::<TractResult<_>>()?;
    axes.sort_unstable();
    let count: usize = axes.iter().map(|axis| shape[*axis]).product();
    let mut sum = graph.wire(call, Reduce { axes: axes.clone(), reducer: Reducer::Sum }, &[x])?;
    if mean {
        let share = graph.constant(call, tensor0(1.0 / count as f32))?;
        sum = graph.wire_pair(call, math::mul(), sum, share)?;
    }
    if call.integer("keepdims") == Some(0) {
        for axis in axes.into_iter().rev() {
            sum = graph.wire(call, AxisOp::Rm(axis), &[sum])?;
        }
    }
    Ok(sum)
}

fn concat<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let inputs = graph.inputs(call)?;
    let rank = graph.shape(*inputs.first().context("it joins nothing")?)?.len();
    let axis = axis(call.integer("axis").context("it has no axis")?, rank)?;
    graph.wire(call, TypedConcat { axis }, &inputs)
}

fn split<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<Vec<OutletId>> {
    let x = graph.input(call, 0)?;
    let shape = graph.shape(x)?;
    let axis = axis(call.integer("axis").unwrap_or(0), shape.len())?;
    let parts = call.node.output.len();
    let lengths = match graph.optional(call, 1)? {
        Some(lengths) => graph.numbers(lengths)?,
        None => vec![(shape[axis] / parts) as i64; parts],
    };
    ensure!(
        lengths.len() == parts && lengths.iter().sum::<i64>() == shape[axis] as i64,
        "its parts {lengths:?} do not make up {}",
        shape[axis]
    );
    let x = graph.wire(call, Whole, &[x])?;
    let mut start = 0;
    let mut cut = |length: &i64| {
        let end = start + usize::try_from(*length)?;
        let part = graph.wire(call, Slice::new(axis, start, end), &[x]);
        start = end;
        part
    };
    lengths.iter().map(&mut cut).collect()
}

fn gather<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let (x, indices) = (graph.input(call, 0)?, graph.input(call, 1)?);
    let shape = graph.shape(x)?;
    let axis = axis(call.integer("axis").unwrap_or(0), shape.len())?;
    if !graph.shape(indices)?.is_empty() {
        return graph.wire(call, Gather::new(axis), &[x, indices]);
    }
    // One entry is a slice, which may cost nothing.
    let index = *graph.numbers(indices)?.first().context("it has no index")?;
    let index = if index < 0 { index + shape[axis] as i64 } else { index };
    let index = usize::try_from(index)?;
    ensure!(index < shape[axis], "index {index} of {}", shape[axis]);
    let slice = graph.wire(call, Slice::new(axis, index, index + 1), &[x])?;
    graph.wire(call, AxisOp::Rm(axis), &[slice])
}

fn expand<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let (mut x, wanted) = (graph.input(call, 0)?, graph.input(call, 1)?);
    let wanted = graph.numbers(wanted)?;
    let rank = wanted.len().max(graph.shape(x)?.len());
    for _ in graph.shape(x)?.len()..rank {
        x = graph.wire(call, AxisOp::Add(0), &[x])?;
    }
    let mut shape = graph.shape(x)?;
    let first = rank - wanted.len();
    for (length, wanted) in shape[first..].iter_mut().zip(wanted) {
        // Where the wish is one, the axis stays as it is.
        *length = (*length).max(usize::try_from(wanted)?);
    }
    // tract's optimiser moves a repetition of whole items behind a product, and then finds that shapes differ: so the
    // items are joined instead.
    let items = graph.shape(x)?.first().copied();
    if let (Some(1), Some(&repeated @ 2..)) = (items, shape.first()) {
        x = graph.wire(call, TypedConcat { axis: 0 }, &vec![x; repeated])?;
    }
    graph.wire(call, MultiBroadcastTo { shape: (&*shape).into() }, &[x])
}

fn reshape<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let (x, wanted) = (graph.input(call, 0)?, graph.input(call, 1)?);
    let wanted: TVec<TDim> = graph.numbers(wanted)?.iter().map(ToDim::to_dim).collect();
    let shape: TVec<TDim> = graph.shape(x)?.iter().map(ToDim::to_dim).collect();
    let shape = compute_shape_with_onnx_rules(&shape, &wanted, false)?;
    graph.wire_reshape(call, x, &shape)
}

fn transpose<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let mut x = graph.input(call, 0)?;
    let rank = graph.shape(x)?.len();
    let order = call.lengths("perm")?.unwrap_or_else(|| (0..rank).rev().collect());
    let mut sorted = order.clone();
    sorted.sort_unstable();
    ensure!(sorted.iter().copied().eq(0..rank), "{order:?} is no order of {rank} axes");
    for operator in perm_to_ops(&order) {
        x = match operator {
            AxisOp::Move(from, to) => graph.wire_move(call, from, to, x)?,
            operator => graph.wire(call, operator, &[x])?,
        };
    }
    Ok(x)
}

fn unsqueeze<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let (mut x, axes) = (graph.input(call, 0)?, graph.input(call, 1)?);
    let axes = graph.numbers(axes)?;
    let rank = graph.shape(x)?.len() + axes.len();
    let mut axes =
        axes.iter().map(|index| axis(*index, rank)).collect::<TractResult<Vec<usize>>>()?;
    axes.sort_unstable();
    for axis in axes {
        x = graph.wire(call, AxisOp::Add(axis), &[x])?;
    }
    Ok(x)
}

fn shape<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let x = graph.input(call, 0)?;
    let shape = graph.shape(x)?;
    let rank = shape.len() as i64;
    let place = |index: i64| if index < 0 { index + rank } else { index }.clamp(0, rank) as usize;
    let (start, end) =
        (place(call.integer("start").unwrap_or(0)), place(call.integer("end").unwrap_or(rank)));
    let lengths = shape.get(start..end).unwrap_or_default();
    let lengths: Vec<i64> = lengths.iter().map(|length| *length as i64).collect();
    graph.constant(call, tensor1(&lengths))
}

fn constant_of_shape<'a>(graph: &mut Lowering<'a>, call: &Call<'a>) -> TractResult<OutletId> {
    let wanted = graph.input(call, 0)?;
    let shape: TVec<usize> = graph
        .numbers(wanted)?
        .iter()
        .map(|length| Ok(usize::try_from(*length)?))
        .collect::<TractResult<_>>()?;
    let value = match call.tensor("value") {
        Some(value) => load(value, &BTreeMap::new())?,
        None => tensor1(&[0.0_f32]).into_arc_tensor(),
    };
    let value = value.cast_to::<f32>()?.to_plain_array_view::<f32>()?.iter().next().copied();
    let value = tensor0(value.context("its value is empty")?);
    let filled = value.broadcast_to_shape(&shape)?;
    graph.constant(call, filled)
}

/// The axis that an index means; negative ones count from the end.
pub(super) fn axis(index: i64, rank: usize) -> TractResult<usize> {
    let from_start = if index < 0 { index + rank as i64 } else { index };
    let found = usize::try_from(from_start).ok().filter(|axis| *axis < rank.max(1));
    found.with_context(|| format!("axis {index} of {rank}"))
}
