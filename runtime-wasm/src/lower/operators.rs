//! What each operator becomes.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};

use super::call::{Call, axis, lengths};
use super::expression::Expression;
use super::lowering::Lowering;
use super::products::matmul;
use super::values::{Constant, Value};
use super::weights::load;
use super::windows::{conv, conv_transpose, depth_to_space};
use crate::compute::{Axis, Join, Operation, Slot, Sum, Take, View};

/// A node's results, in order.
pub(super) fn lower_node<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Vec<Value>> {
    if call.node.operator == "Split" {
        return split(graph, call);
    }
    let value = match call.node.operator.as_str() {
        "Add" => pair(graph, call, Operation::Add)?,
        "Sub" => pair(graph, call, Operation::Sub)?,
        "Mul" => pair(graph, call, Operation::Mul)?,
        "Div" => pair(graph, call, Operation::Div)?,
        "Exp" => single(graph, call, Operation::Exp)?,
        "Tanh" => single(graph, call, Operation::Tanh)?,
        "Sigmoid" => single(graph, call, Operation::Sigmoid)?,
        "Relu" => relu(graph, call)?,
        "Clip" => clip(graph, call)?,
        // Whatever the file holds is in single precision already.
        "Cast" | "Identity" => graph.value(call.input(0)?)?,
        "MatMul" => matmul(graph, call)?.into(),
        "Conv" => conv(graph, call)?.into(),
        "ConvTranspose" => conv_transpose(graph, call)?.into(),
        "DepthToSpace" => depth_to_space(graph, call)?.into(),
        "ReduceSum" => reduce(graph, call, false)?,
        "ReduceMean" => reduce(graph, call, true)?,
        "Concat" => concat(graph, call)?,
        "Gather" => gather(graph, call)?.into(),
        "Expand" => expand(graph, call)?.into(),
        "Reshape" => reshape(graph, call)?.into(),
        "Transpose" => transpose(graph, call)?.into(),
        "Unsqueeze" => unsqueeze(graph, call)?.into(),
        "Shape" => shape(graph, call)?,
        "ConstantOfShape" => constant_of_shape(graph, call)?.into(),
        _ => bail!("no such operator is known: the exporter writes none"),
    };
    Ok(vec![value])
}

fn single<'a>(graph: &mut Lowering<'a>, call: Call<'a>, operation: Operation) -> Result<Value> {
    let x = graph.expression(call.input(0)?)?;
    apply(operation, vec![x])
}

fn pair<'a>(graph: &mut Lowering<'a>, call: Call<'a>, operation: Operation) -> Result<Value> {
    let (left, right) = (graph.expression(call.input(0)?)?, graph.expression(call.input(1)?)?);
    apply(operation, vec![left, right])
}

fn apply(operation: Operation, from: Vec<Rc<Expression>>) -> Result<Value> {
    let shapes: Vec<_> = from.iter().map(|from| from.shape()).collect();
    let rank = shapes.iter().map(Vec::len).max().unwrap_or(0);
    let mut joined: Vec<usize> = vec![1; rank];
    for shape in &shapes {
        for (joined, length) in joined.iter_mut().rev().zip(shape.iter().rev()) {
            ensure!(*joined == 1 || *length == 1 || joined == length, "shapes {shapes:?}");
            *joined = (*joined).max(*length);
        }
    }
    Ok(Value::Later(Rc::new(Expression::Apply { operation, from, shape: joined })))
}

fn numbers(view: View) -> Rc<Expression> {
    Rc::new(Expression::Numbers(view))
}

fn relu<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let x = graph.expression(call.input(0)?)?;
    let zero = graph.number(0.0);
    apply(Operation::Max, vec![x, numbers(zero)])
}

fn clip<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let mut value = graph.value(call.input(0)?)?;
    let mut x = graph.expression(call.input(0)?)?;
    for (index, operation) in [(1, Operation::Max), (2, Operation::Min)] {
        if let Some(bound) = call.optional(index) {
            value = apply(operation, vec![x, graph.expression(bound)?])?;
            let Value::Later(bounded) = &value else { bail!("a bound is none") };
            x = Rc::clone(bounded);
        }
    }
    Ok(value)
}

fn reduce<'a>(graph: &mut Lowering<'a>, call: Call<'a>, mean: bool) -> Result<Value> {
    let x = graph.view(call.input(0)?)?;
    let x = graph.standing(&x)?;
    let shape = x.shape();
    let axes = match (call.optional(1), call.integers("axes")) {
        (Some(axes), _) => graph.whole(axes)?.numbers.clone(),
        (None, Some(axes)) => axes.to_vec(),
        (None, None) => (0..shape.len() as i64).collect(),
    };
    let mut axes: Vec<usize> =
        axes.iter().map(|index| axis(*index, shape.len())).collect::<Result<_>>()?;
    axes.sort_unstable();
    let count: usize = axes.iter().map(|axis| shape[*axis]).product();
    let mut left = shape.clone();
    for axis in &axes {
        left[*axis] = 1;
    }
    let strides = View::new(x.slot, &left).axes;
    let summed = |(index, length): (usize, &usize)| Axis {
        length: *length,
        stride: if axes.contains(&index) { 0 } else { strides[index].stride },
    };
    let sum = Sum { axes: shape.iter().enumerate().map(summed).collect() };
    let mut sum = graph.add_one(sum, &[x.slot], left)?;
    if call.integer("keepdims") == Some(0) {
        sum = axes.iter().rev().fold(sum, |sum, axis| sum.without(*axis));
    }
    if !mean {
        return Ok(sum.into());
    }
    let share = graph.number(1.0 / count as f32);
    apply(Operation::Mul, vec![numbers(sum), numbers(share)])
}

fn concat<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let names: Vec<&str> =
        (0..call.node.input.len()).map(|index| call.input(index)).collect::<Result<_>>()?;
    let first = graph.value(names.first().context("it joins nothing")?)?;
    let mut shape = first.shape();
    let axis = axis(call.integer("axis").context("it has no axis")?, shape.len())?;
    if let Value::Whole(_) = first {
        let mut joined = Vec::new();
        for name in names {
            joined.extend_from_slice(&graph.whole(name)?.numbers);
        }
        let length = joined.len();
        return Ok(Value::whole(joined, &[length]));
    }
    let mut parts = Vec::new();
    for name in names {
        let view = graph.view(name)?;
        parts.push(graph.standing(&view)?);
    }
    let along = |part: &View| part.axes[axis].length;
    let inner: usize = shape[axis + 1..].iter().product();
    for part in &parts {
        let mut other = part.shape();
        ensure!(other.len() == shape.len(), "it joins {other:?} to {shape:?}");
        other[axis] = shape[axis];
        ensure!(other == shape, "it joins {other:?} to {shape:?}");
    }
    shape[axis] = parts.iter().map(along).sum();
    let join = Join { lengths: parts.iter().map(|part| along(part) * inner).collect() };
    let slots: Vec<Slot> = parts.iter().map(|part| part.slot).collect();
    Ok(graph.add_one(join, &slots, shape)?.into())
}

fn split<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Vec<Value>> {
    let x = graph.value(call.input(0)?)?;
    let shape = x.shape();
    let axis = axis(call.integer("axis").unwrap_or(0), shape.len())?;
    let parts = call.node.output.len();
    let lengths = match call.optional(1) {
        Some(lengths) => self::lengths(&graph.whole(lengths)?.numbers)?,
        None => vec![shape[axis] / parts; parts],
    };
    ensure!(
        lengths.len() == parts && lengths.iter().sum::<usize>() == shape[axis],
        "its parts {lengths:?} do not make up {}",
        shape[axis]
    );
    let mut start = 0;
    let mut cut = |length: &usize| {
        let from = start;
        start += length;
        Ok(match &x {
            Value::View(view) => view.narrowed(axis, from, *length).into(),
            Value::Later(expression) => Value::Later(expression.narrowed(axis, from, *length)),
            Value::Whole(_) => bail!("it cuts whole numbers"),
        })
    };
    lengths.iter().map(&mut cut).collect()
}

fn gather<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.view(call.input(0)?)?;
    let indices = graph.whole(call.input(1)?)?;
    let mut shape = x.shape();
    let axis = axis(call.integer("axis").unwrap_or(0), shape.len())?;
    let length = shape[axis];
    let place = |index: &i64| {
        let from_start = if *index < 0 { index + length as i64 } else { *index };
        let place = usize::try_from(from_start).ok().filter(|place| *place < length);
        place.with_context(|| format!("index {index} of {length}"))
    };
    let places: Vec<usize> = indices.numbers.iter().map(place).collect::<Result<_>>()?;
    if let ([place], []) = (&places[..], &indices.shape[..]) {
        return Ok(x.narrowed(axis, *place, 1).without(axis));
    }
    let x = graph.standing(&x)?;
    let take = Take { indices: places, rows: length, length: shape[axis + 1..].iter().product() };
    let rest: Vec<usize> = shape[axis + 1..].into();
    shape.truncate(axis);
    shape.extend(indices.shape.iter().copied().chain(rest));
    graph.add_one(take, &[x.slot], shape)
}

fn expand<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.view(call.input(0)?)?;
    let mut wanted = lengths(&graph.whole(call.input(1)?)?.numbers)?;
    let found = x.shape();
    // Where the wish is one, the axis stays as it is.
    for (wanted, found) in wanted.iter_mut().rev().zip(found.iter().rev()) {
        *wanted = (*wanted).max(*found);
    }
    x.repeated(&wanted).with_context(|| format!("{found:?} does not repeat to {wanted:?}"))
}

fn reshape<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.view(call.input(0)?)?;
    let wanted = graph.whole(call.input(1)?)?;
    let found = x.shape();
    let mut shape: Vec<usize> = vec![];
    for (index, length) in wanted.numbers.iter().enumerate() {
        shape.push(match length {
            0 => *found.get(index).context("it copies an axis that is not there")?,
            -1 => 1,
            length => usize::try_from(*length)?,
        });
    }
    let all: usize = found.iter().product();
    if let Some(rest) = wanted.numbers.iter().position(|length| *length == -1) {
        shape[rest] = all / shape.iter().product::<usize>().max(1);
    }
    ensure!(shape.iter().product::<usize>() == all, "{found:?} is not {shape:?}");
    reshaped(graph, &x, &shape)
}

/// The same numbers under another shape of as many.
pub(super) fn reshaped(graph: &mut Lowering<'_>, x: &View, shape: &[usize]) -> Result<View> {
    match x.reshaped(shape) {
        Some(view) => Ok(view),
        None => Ok(View::new(graph.standing(x)?.slot, shape)),
    }
}

fn transpose<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.view(call.input(0)?)?;
    let rank = x.axes.len();
    let order = call.lengths("perm")?.unwrap_or_else(|| (0..rank).rev().collect());
    let mut sorted = order.clone();
    sorted.sort_unstable();
    ensure!(sorted.iter().copied().eq(0..rank), "{order:?} is no order of {rank} axes");
    Ok(x.permuted(&order))
}

fn unsqueeze<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.view(call.input(0)?)?;
    let axes = &graph.whole(call.input(1)?)?.numbers;
    let rank = x.axes.len() + axes.len();
    let mut axes = axes.iter().map(|index| axis(*index, rank)).collect::<Result<Vec<usize>>>()?;
    axes.sort_unstable();
    Ok(axes.into_iter().fold(x, |x, axis| x.with(axis)))
}

fn shape<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let shape = graph.value(call.input(0)?)?.shape();
    let rank = shape.len() as i64;
    let place = |index: i64| if index < 0 { index + rank } else { index }.clamp(0, rank) as usize;
    let (start, end) =
        (place(call.integer("start").unwrap_or(0)), place(call.integer("end").unwrap_or(rank)));
    let lengths = shape.get(start..end).unwrap_or_default();
    Ok(Value::whole(lengths.iter().map(|length| *length as i64).collect(), &[lengths.len()]))
}

fn constant_of_shape<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let shape = lengths(&graph.whole(call.input(0)?)?.numbers)?;
    let value = match call.tensor("value") {
        Some(value) => match load(value, &BTreeMap::new())? {
            Constant::Numbers(numbers, _) => numbers.first().copied(),
            Constant::Whole(_) => bail!("it fills a shape with whole numbers"),
        },
        None => Some(0.0),
    };
    let number = graph.number(value.context("its value is empty")?);
    number.repeated(&shape).context("a number repeats to every shape")
}
