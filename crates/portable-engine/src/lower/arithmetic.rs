//! Functions of single numbers, and element types.

use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};

use super::budget::count;
use super::call::Call;
use super::expression::Expression;
use super::lowering::Lowering;
use super::onnx::Element as Stored;
use super::values::{IntegerTensor, Value};
use crate::compute::{Arithmetic, Element, Operation, View};

pub(super) fn unary<'a>(
    graph: &mut Lowering<'a>,
    call: Call<'a>,
    operation: Operation,
) -> Result<Value> {
    apply(graph, operation, &[call.input(0)?])
}

pub(super) fn binary<'a>(
    graph: &mut Lowering<'a>,
    call: Call<'a>,
    operation: Operation,
) -> Result<Value> {
    apply(graph, operation, &[call.input(0)?, call.input(1)?])
}

/// An operation on the first two inputs, then on the result and the next one.
pub(super) fn variadic<'a>(
    graph: &mut Lowering<'a>,
    call: Call<'a>,
    operation: Operation,
) -> Result<Value> {
    match &call.inputs()?[..] {
        [] => bail!("it has no inputs"),
        [only] => graph.value(only),
        names => apply(graph, operation, names),
    }
}

/// An operation on one input, or on several from left to right.
fn apply<'a>(graph: &mut Lowering<'a>, operation: Operation, names: &[&'a str]) -> Result<Value> {
    let values = names.iter().map(|name| graph.value(name)).collect::<Result<Vec<_>>>()?;
    let wholes: Option<Vec<&IntegerTensor>> = values
        .iter()
        .map(|value| if let Value::Integers(tensor) = value { Some(&**tensor) } else { None })
        .collect();
    if let (Some(wholes), Some(Operation::Integer(arithmetic))) = (wholes, operation.of_integers())
    {
        return constant(graph, arithmetic, &wholes);
    }
    let element = graph.element(names[0])?;
    for name in names {
        ensure!(graph.element(name)? == element, "it joins floats and integers");
    }
    let operation = match element {
        Element::Float => operation,
        Element::Integer => operation
            .of_integers()
            .with_context(|| format!("{operation:?} is not known for integers"))?,
    };
    let shapes: Vec<_> = values.iter().map(Value::shape).collect();
    let shape = broadcast(&shapes)?;
    let first = graph.operand(names[0], &shape)?;
    if names.len() == 1 {
        return Ok(lazy(operation, vec![first], shape));
    }
    let mut result = Value::Lazy(first);
    for name in &names[1..] {
        let operand = graph.operand(name, &shape);
        let Value::Lazy(mut left) = result else { bail!("it was computed before its time") };
        let operand = operand?;
        if left.is_large() {
            left = numbers(graph.computed(&left)?);
        }
        let shape = broadcast(&[left.shape(), operand.shape()])?;
        result = lazy(operation, vec![left, operand], shape);
    }
    Ok(result)
}

fn lazy(operation: Operation, from: Vec<Rc<Expression>>, shape: Vec<usize>) -> Value {
    Value::Lazy(Rc::new(Expression::apply(operation, from, shape)))
}

fn numbers(view: View) -> Rc<Expression> {
    Rc::new(Expression::Numbers(view))
}

/// The shape of a function of tensors of those shapes.
pub(super) fn broadcast(shapes: &[Vec<usize>]) -> Result<Vec<usize>> {
    let rank = shapes.iter().map(Vec::len).max().unwrap_or(0);
    let mut joined: Vec<usize> = vec![1; rank];
    for shape in shapes {
        for (joined, length) in joined.iter_mut().rev().zip(shape.iter().rev()) {
            ensure!(*joined == 1 || *length == 1 || joined == length, "shapes {shapes:?}");
            *joined = (*joined).max(*length);
        }
    }
    Ok(joined)
}

/// The same of integers that are known.
fn constant(
    graph: &mut Lowering<'_>,
    arithmetic: Arithmetic,
    operands: &[&IntegerTensor],
) -> Result<Value> {
    let shapes: Vec<_> = operands.iter().map(|operand| operand.shape.clone()).collect();
    let shape = broadcast(&shapes)?;
    let mut lists = Vec::new();
    for operand in operands {
        count(&operand.shape)?;
        let places =
            View::new(0, &operand.shape).broadcast(&shape).context("shapes were joined")?;
        lists.push((operand, places));
    }
    let number = |index: usize| {
        let numbers = lists.iter().map(|(operand, places)| operand.numbers[places.place(index)]);
        let first = lists[0].0.numbers[lists[0].1.place(index)];
        let overflow = || format!("{arithmetic:?} of integers that are too large");
        if lists.len() == 1 {
            return arithmetic.checked(first, 0).with_context(overflow);
        }
        numbers
            .skip(1)
            .try_fold(first, |left, right| arithmetic.checked(left, right))
            .with_context(overflow)
    };
    let length = count(&shape)?;
    graph.take_integers(length)?;
    graph.budget.work((length * operands.len()) as u64)?;
    let numbers = (0..length).map(number).collect::<Result<_>>()?;
    Ok(Value::integers(numbers, &shape))
}

pub(super) fn relu<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let name = call.input(0)?;
    ensure!(graph.element(name)? == Element::Float, "it is not known for integers");
    let shape = graph.value(name)?.shape();
    let x = graph.operand(name, &shape)?;
    let zero = numbers(graph.number(0.0));
    Ok(lazy(Operation::Max, vec![x, zero], shape))
}

pub(super) fn clip<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let name = call.input(0)?;
    let mut value = graph.value(name)?;
    let (shape, element) = (value.shape(), graph.element(name)?);
    let bounds = [(1, Operation::Max), (2, Operation::Min)];
    let mut x = None;
    for (index, operation) in bounds {
        let Some(bound) = call.optional(index) else { continue };
        ensure!(graph.element(bound)? == element, "it joins floats and integers");
        ensure!(graph.value(bound)?.shape().iter().all(|length| *length == 1), "a bound is a list");
        let operation = match element {
            Element::Float => operation,
            Element::Integer => operation.of_integers().context("integers have an order")?,
        };
        let left = match x {
            Some(x) => x,
            None => graph.operand(name, &shape)?,
        };
        let bound = graph.tensor(bound)?.broadcast(&shape).context("a bound has more axes")?;
        let from = vec![left, numbers(bound)];
        let bounded = Rc::new(Expression::apply(operation, from, shape.clone()));
        x = Some(Rc::clone(&bounded));
        value = Value::Lazy(bounded);
    }
    Ok(value)
}

/// Between floats and integers. Half precision is single precision here, in files and between nodes.
pub(super) fn cast<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<Value> {
    let name = call.input(0)?;
    let to = call.integer("to").context("it does not say to what")?;
    let stored = i32::try_from(to).ok().and_then(|to| Stored::try_from(to).ok());
    let to = match stored {
        Some(Stored::Float | Stored::Half) => Element::Float,
        Some(Stored::Int64) => Element::Integer,
        _ => bail!("elements of type {to} are none that the exporter writes"),
    };
    let value = graph.value(name)?;
    if graph.element(name)? == to {
        return Ok(value);
    }
    if let Value::Integers(tensor) = value {
        let numbers = tensor.numbers.iter().map(|number| *number as f32).collect();
        return Ok(graph.constant_view(numbers, &tensor.shape)?.into());
    }
    let shape = value.shape();
    let operation = if to == Element::Float { Operation::Convert } else { Operation::Truncate };
    let x = graph.operand(name, &shape)?;
    Ok(lazy(operation, vec![x], shape))
}
