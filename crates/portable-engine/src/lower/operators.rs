//! What each operator becomes.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use super::arithmetic::{binary, cast, clip, relu, unary, variadic};
use super::budget::count;
use super::call::{Call, lengths};
use super::conv::{conv, conv_transpose};
use super::gemm::matmul;
use super::layout::{
    concat, depth_to_space, expand, reshape, slice, space_to_depth, split, squeeze, transpose,
    unsqueeze,
};
use super::lowering::Lowering;
use super::reductions::{reduce, softmax};
use super::sampling::{average_pool, gather, grid_sample};
use super::values::{Constant, Value};
use super::weights::load;
use crate::compute::Operation;

/// A node's results, in order.
pub(super) fn lower_node<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Vec<Value>> {
    if call.node.operator == "Split" {
        return split(graph, call);
    }
    let value = match call.node.operator.as_str() {
        "Add" => binary(graph, call, Operation::Add)?,
        "Sub" => binary(graph, call, Operation::Sub)?,
        "Mul" => binary(graph, call, Operation::Mul)?,
        "Div" => binary(graph, call, Operation::Div)?,
        "Max" => variadic(graph, call, Operation::Max)?,
        "Min" => variadic(graph, call, Operation::Min)?,
        "Neg" => unary(graph, call, Operation::Neg)?,
        "Abs" => unary(graph, call, Operation::Abs)?,
        "Sqrt" => unary(graph, call, Operation::Sqrt)?,
        "Floor" => unary(graph, call, Operation::Floor)?,
        "Exp" => unary(graph, call, Operation::Exp)?,
        "Tanh" => unary(graph, call, Operation::Tanh)?,
        "Sigmoid" => unary(graph, call, Operation::Sigmoid)?,
        "Softplus" => unary(graph, call, Operation::Softplus)?,
        "Relu" => relu(graph, call)?,
        "Clip" => clip(graph, call)?,
        "Cast" => cast(graph, call)?,
        "Identity" => graph.value(call.input(0)?)?,
        "MatMul" => matmul(graph, call)?.into(),
        "Conv" => conv(graph, call)?.into(),
        "ConvTranspose" => conv_transpose(graph, call)?.into(),
        "AveragePool" => average_pool(graph, call)?.into(),
        "GridSample" => grid_sample(graph, call)?.into(),
        "DepthToSpace" => depth_to_space(graph, call)?.into(),
        "SpaceToDepth" => space_to_depth(graph, call)?.into(),
        "ReduceSum" => reduce(graph, call, false)?,
        "ReduceMean" => reduce(graph, call, true)?,
        "Softmax" => softmax(graph, call)?.into(),
        "Concat" => concat(graph, call)?,
        "Gather" => gather(graph, call)?.into(),
        "Expand" => expand(graph, call)?.into(),
        "Reshape" => reshape(graph, call)?.into(),
        "Slice" => slice(graph, call)?,
        "Transpose" => transpose(graph, call)?.into(),
        "Unsqueeze" => unsqueeze(graph, call)?.into(),
        "Squeeze" => squeeze(graph, call)?.into(),
        "Shape" => shape(graph, call)?,
        "Range" => range(graph, call)?,
        "ConstantOfShape" => constant_of_shape(graph, call)?,
        _ => bail!("no such operator is known: the exporter writes none"),
    };
    Ok(vec![value])
}

fn shape<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let shape = graph.value(call.input(0)?)?.shape();
    let rank = shape.len() as i64;
    let place = |index: i64| if index < 0 { index + rank } else { index }.clamp(0, rank) as usize;
    let (start, end) =
        (place(call.integer("start").unwrap_or(0)), place(call.integer("end").unwrap_or(rank)));
    let lengths = shape.get(start..end).unwrap_or_default();
    Ok(Value::integers(lengths.iter().map(|length| *length as i64).collect(), &[lengths.len()]))
}

/// start, limit, delta → `[n]`: integers, which are constant as shapes are.
fn range<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let mut number = |index: usize| {
        let tensor = graph.constant_integers(call.input(index)?)?;
        let [number] = tensor.numbers[..] else {
            bail!("its bounds are of shape {:?}", tensor.shape)
        };
        Ok(i128::from(number))
    };
    let (start, limit, delta) = (number(0)?, number(1)?, number(2)?);
    ensure!(delta != 0, "it goes from {start} to {limit} in steps of zero");
    // Rounded up, and none if it is on the other side.
    let steps = (limit - start + delta - delta.signum()) / delta;
    let length = count(&[usize::try_from(steps.max(0))?])?;
    graph.take_integers(length)?;
    let numbers = (0..length as i128).map(|index| Ok(i64::try_from(start + index * delta)?));
    Ok(Value::integers(numbers.collect::<Result<_>>()?, &[length]))
}

fn constant_of_shape<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let shape = lengths(&graph.constant_integers(call.input(0)?)?.numbers)?;
    count(&shape)?;
    let value = match call.tensor("value") {
        Some(value) => match load(value, &BTreeMap::new(), graph.budget)? {
            Constant::Numbers(numbers, _) => numbers.first().copied(),
            Constant::Integers(tensor) => {
                let number = tensor.numbers.first().context("its value is empty")?;
                let length = count(&shape)?;
                graph.take_integers(length)?;
                return Ok(Value::integers(vec![*number; length], &shape));
            }
        },
        None => Some(0.0),
    };
    let number = graph.number(value.context("its value is empty")?);
    Ok(number.broadcast(&shape).context("a number repeats to every shape")?.into())
}
