//! Layout operators: they become views, or copies where no view can be.

use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};

use super::budget::{check_rank, count};
use super::call::{Call, axes, axis, lengths};
use super::lowering::Lowering;
use super::values::Value;
use crate::compute::{Concat, Gather, Slot, View};

pub(super) fn concat<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let names = call.inputs()?;
    let first = names.first().context("it joins nothing")?;
    let mut shape = graph.value(first)?.shape();
    let axis = axis(call.integer("axis").context("it has no axis")?, shape.len())?;
    let values = names.iter().map(|name| graph.value(name)).collect::<Result<Vec<_>>>()?;
    if let Some(length) = length_of_lists(&values) {
        graph.take_integers(length)?;
        return Ok(Value::integers(joined(&values), &[length]));
    }
    let element = graph.element(first)?;
    let mut parts = Vec::new();
    for name in names {
        ensure!(graph.element(name)? == element, "it joins floats and integers");
        let view = graph.tensor(name)?;
        parts.push(graph.contiguous(&view)?);
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
    let join = Concat { lengths: parts.iter().map(|part| along(part) * inner).collect() };
    let slots: Vec<Slot> = parts.iter().map(|part| part.slot).collect();
    Ok(graph.add_layout(join, &slots, shape)?.into())
}

/// How many integers lists of constant ones have, if nothing else is there.
fn length_of_lists(values: &[Value]) -> Option<usize> {
    let length = |value: &Value| match value {
        Value::Integers(tensor) if tensor.shape.len() == 1 => Some(tensor.numbers.len()),
        _ => None,
    };
    values.iter().try_fold(0_usize, |sum, value| sum.checked_add(length(value)?))
}

/// Constant integers one behind the other.
fn joined(values: &[Value]) -> Vec<i64> {
    let numbers = values.iter().map(|value| match value {
        Value::Integers(tensor) => tensor.numbers.as_slice(),
        _ => &[],
    });
    numbers.collect::<Vec<_>>().concat()
}

pub(super) fn split<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Vec<Value>> {
    let x = cuttable(graph, call.input(0)?)?;
    let shape = x.shape();
    let axis = axis(call.integer("axis").unwrap_or(0), shape.len())?;
    let parts = call.node.output.len();
    ensure!(parts > 0, "it has no parts");
    let lengths = match call.optional(1) {
        Some(lengths) => self::lengths(&graph.constant_integers(lengths)?.numbers)?,
        None => vec![shape[axis] / parts; parts],
    };
    let sum = lengths.iter().try_fold(0_usize, |sum, length| sum.checked_add(*length));
    ensure!(
        lengths.len() == parts && sum == Some(shape[axis]) && !lengths.contains(&0),
        "its parts {lengths:?} do not make up {}",
        shape[axis]
    );
    let starts = lengths.iter().scan(0, |next, length| {
        let start = *next;
        *next += length;
        Some(start)
    });
    starts.zip(&lengths).map(|(start, length)| narrowed(graph, &x, axis, start, *length)).collect()
}

/// A value of which parts may be taken, as it is.
fn cuttable<'a>(graph: &mut Lowering<'a>, name: &'a str) -> Result<Value> {
    Ok(match graph.value(name)? {
        Value::Integers(_) => graph.tensor(name)?.into(),
        value => value,
    })
}

fn narrowed(
    graph: &mut Lowering<'_>,
    x: &Value,
    axis: usize,
    start: usize,
    length: usize,
) -> Result<Value> {
    Ok(match x {
        Value::View(view) => view.narrowed(axis, start, length).into(),
        Value::Lazy(expression) => {
            graph.write_again(expression)?;
            Value::Lazy(expression.narrowed(axis, start, length))
        }
        Value::Integers(_) => bail!("integers are tensors here"),
    })
}

pub(super) fn slice<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let name = call.input(0)?;
    let mut list = |index: usize| -> Result<Option<Vec<i64>>> {
        call.optional(index)
            .map(|name| Ok(graph.constant_integers(name)?.numbers.clone()))
            .transpose()
    };
    let starts = list(1)?.context("it has no starts")?;
    let ends = list(2)?.context("it has no ends")?;
    let named = list(3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = list(4)?.unwrap_or_else(|| vec![1; starts.len()]);
    ensure!(
        [ends.len(), named.len(), steps.len()] == [starts.len(); 3],
        "starts {starts:?}, ends {ends:?}, axes {named:?} and steps {steps:?}"
    );
    let mut x = cuttable(graph, name)?;
    axes(&named, x.shape().len())?;
    for (index, named) in named.iter().enumerate() {
        let axis = axis(*named, x.shape().len())?;
        let length = x.shape()[axis];
        let part = Part::new(length, starts[index], ends[index], steps[index])?;
        if part.step == 1 {
            x = narrowed(graph, &x, axis, part.start, part.count)?;
            continue;
        }
        let view = match &x {
            Value::View(view) => view.clone(),
            Value::Lazy(expression) => graph.computed(&Rc::clone(expression))?,
            Value::Integers(_) => bail!("integers are tensors here"),
        };
        x = match usize::try_from(part.step) {
            Ok(step) => view.stepped(axis, part.start, part.count, step).into(),
            Err(_) => backwards(graph, &view, axis, &part)?.into(),
        };
    }
    Ok(x)
}

/// Which indices of an axis a slice takes.
struct Part {
    start: usize,
    count: usize,
    step: i64,
}

impl Part {
    fn new(length: usize, start: i64, end: i64, step: i64) -> Result<Self> {
        let length = length as i64;
        let from_start = |index: i64| if index < 0 { index + length } else { index };
        let (start, end) = (from_start(start), from_start(end));
        let (start, end, distance) = if step > 0 {
            let (start, end) = (start.clamp(0, length), end.clamp(0, length));
            (start, end, end - start)
        } else {
            let (start, end) = (start.clamp(0, length - 1), end.clamp(-1, length - 1));
            (start, end, start - end)
        };
        ensure!(
            step != 0 && distance > 0,
            "nothing of {length} is from {start} to {end} in steps of {step}"
        );
        let count = (distance as u64).div_ceil(step.unsigned_abs()) as usize;
        Ok(Self { start: start as usize, count, step })
    }
}

/// Indices in descending order: views only ascend.
fn backwards(graph: &mut Lowering<'_>, view: &View, axis: usize, part: &Part) -> Result<View> {
    let x = graph.contiguous(view)?;
    let mut shape = x.shape();
    let step = part.step.unsigned_abs() as usize;
    let indices: Vec<usize> = (0..part.count).map(|index| part.start - index * step).collect();
    let indices = graph.indices(&indices)?;
    let gather = Gather { rows: shape[axis], length: shape[axis + 1..].iter().product() };
    shape[axis] = part.count;
    graph.add_layout(gather, &[x.slot, indices.slot], shape)
}

pub(super) fn expand<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.tensor(call.input(0)?)?;
    let wanted = lengths(&graph.constant_integers(call.input(1)?)?.numbers)?;
    count(&wanted)?;
    let shape = super::arithmetic::broadcast(&[x.shape(), wanted])?;
    count(&shape)?;
    x.broadcast(&shape).with_context(|| format!("{:?} does not repeat to {shape:?}", x.shape()))
}

pub(super) fn reshape<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.tensor(call.input(0)?)?;
    let wanted = graph.constant_integers(call.input(1)?)?;
    let found = x.shape();
    ensure!(call.integer("allowzero").unwrap_or(0) == 0, "its zeros are lengths");
    let mut shape: Vec<usize> = vec![];
    for (index, length) in wanted.numbers.iter().enumerate() {
        shape.push(match length {
            0 => *found.get(index).context("it copies an axis that is not there")?,
            -1 => 1,
            length => usize::try_from(*length)?,
        });
    }
    let open: Vec<usize> = (0..shape.len()).filter(|index| wanted.numbers[*index] == -1).collect();
    match open[..] {
        [] => {}
        [open] => shape[open] = x.len() / count(&shape)?,
        _ => bail!("it leaves {} lengths open", open.len()),
    }
    let differs = shape.contains(&0) || count(&shape)? != x.len();
    ensure!(!differs, "{found:?} is not {:?}", wanted.numbers);
    reshaped(graph, &x, &shape)
}

/// The same numbers under another shape of as many.
pub(super) fn reshaped(graph: &mut Lowering<'_>, x: &View, shape: &[usize]) -> Result<View> {
    match x.reshaped(shape) {
        Some(view) => Ok(view),
        None => Ok(View::new(graph.contiguous(x)?.slot, shape)),
    }
}

pub(super) fn transpose<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.tensor(call.input(0)?)?;
    let rank = x.axes.len();
    let order = call.lengths("perm")?.unwrap_or_else(|| (0..rank).rev().collect());
    let mut sorted = order.clone();
    sorted.sort_unstable();
    ensure!(sorted.iter().copied().eq(0..rank), "{order:?} is no order of {rank} axes");
    Ok(x.permuted(&order))
}

pub(super) fn unsqueeze<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.tensor(call.input(0)?)?;
    let named = &graph.constant_integers(call.input(1)?)?.numbers;
    let rank = x.axes.len() + named.len();
    check_rank(rank)?;
    let axes = axes(named, rank)?;
    Ok(axes.into_iter().fold(x, |x, axis| x.with(axis)))
}

pub(super) fn squeeze<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.tensor(call.input(0)?)?;
    let shape = x.shape();
    let axes = match call.optional(1) {
        Some(named) => axes(&graph.constant_integers(named)?.numbers, shape.len())?,
        None => (0..shape.len()).filter(|axis| shape[*axis] == 1).collect(),
    };
    ensure!(
        axes.iter().all(|axis| shape[*axis] == 1),
        "axes {axes:?} of {shape:?} are not all one"
    );
    Ok(axes.iter().rev().fold(x, |x, axis| x.without(*axis)))
}

/// `[n,c·b·b,H,W]` → `[n,c,b·H,b·W]`; DCR has the block's rows and columns before the channels, CRD behind them.
pub(super) fn depth_to_space<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.tensor(call.input(0)?)?;
    let block = block_size(call)?;
    let [n, channels, height, width] = picture(&x)?;
    let squared = block.checked_mul(block).filter(|squared| channels.is_multiple_of(*squared));
    let c = channels
        / squared
            .with_context(|| format!("{channels} channels do not fill blocks of side {block}"))?;
    match call.text("mode").unwrap_or(b"DCR") {
        b"CRD" => spread(graph, &x, block),
        b"DCR" => {
            let apart = reshaped(graph, &x, &[n, block, block, c, height, width])?;
            let ordered = apart.permuted(&[0, 3, 4, 1, 5, 2]);
            reshaped(graph, &ordered, &[n, c, height * block, width * block])
        }
        other => bail!("its order of channels is `{}`", other.escape_ascii()),
    }
}

/// `[n,c,b·H,b·W]` → `[n,b·b·c,H,W]`
pub(super) fn space_to_depth<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.tensor(call.input(0)?)?;
    let block = block_size(call)?;
    let [n, c, height, width] = picture(&x)?;
    ensure!(
        height.is_multiple_of(block) && width.is_multiple_of(block),
        "a picture of {height}x{width} does not consist of blocks of side {block}"
    );
    let (rows, columns) = (height / block, width / block);
    let apart = reshaped(graph, &x, &[n, c, rows, block, columns, block])?;
    let ordered = apart.permuted(&[0, 3, 5, 1, 2, 4]);
    reshaped(graph, &ordered, &[n, c * block * block, rows, columns])
}

fn block_size(call: Call<'_>) -> Result<usize> {
    let block = usize::try_from(call.integer("blocksize").context("it has no blocksize")?)?;
    ensure!(block > 0, "its blocks are empty");
    Ok(block)
}

pub(super) fn picture(x: &View) -> Result<[usize; 4]> {
    let shape = x.shape();
    shape.as_slice().try_into().ok().with_context(|| format!("a picture of shape {shape:?}"))
}

/// Channel (c, dy, dx) becomes place (dy, dx) of each block.
pub(super) fn spread(graph: &mut Lowering<'_>, x: &View, block: usize) -> Result<View> {
    let [n, channels, height, width] = picture(x)?;
    let c = channels / (block * block);
    let apart = reshaped(graph, x, &[n, c, block, block, height, width])?;
    let ordered = apart.permuted(&[0, 1, 4, 2, 5, 3]);
    reshaped(graph, &ordered, &[n, c, height * block, width * block])
}
