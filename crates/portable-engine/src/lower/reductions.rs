//! Sums, means, and softmax over axes.

use std::rc::Rc;

use anyhow::{Result, ensure};

use super::call::{Call, axes, axis};
use super::expression::Expression;
use super::lowering::Lowering;
use super::values::Value;
use crate::compute::{Operation, Softmax, Sum, View};

pub(super) fn reduce<'a>(graph: &mut Lowering<'a>, call: Call<'a>, mean: bool) -> Result<Value> {
    let x = graph.view(call.input(0)?)?;
    let shape = x.shape();
    let named = match (call.optional(1), call.integers("axes")) {
        (Some(axes), _) => graph.constant_integers(axes)?.numbers.clone(),
        (None, Some(axes)) => axes.to_vec(),
        (None, None) => Vec::new(),
    };
    if named.is_empty() && call.integer("noop_with_empty_axes").unwrap_or(0) != 0 {
        return Ok(x.into());
    }
    let axes = match &named[..] {
        [] => (0..shape.len()).collect(),
        named => axes(named, shape.len())?,
    };
    let reduced: Vec<bool> = (0..shape.len()).map(|axis| axes.contains(&axis)).collect();
    let count: usize = axes.iter().map(|axis| shape[*axis]).product();
    let mut left = shape.clone();
    for axis in &axes {
        left[*axis] = 1;
    }
    let x = graph.contiguous(&x)?;
    let mut sum = graph.add_one(Sum::new(&shape, &reduced), &[x.slot], left)?;
    if call.integer("keepdims") == Some(0) {
        sum = axes.iter().rev().fold(sum, |sum, axis| sum.without(*axis));
    }
    if !mean {
        return Ok(sum.into());
    }
    let shape = sum.shape();
    let share = graph.number(1.0 / count as f32);
    let from = [sum, share].map(|view: View| Rc::new(Expression::Numbers(view))).to_vec();
    Ok(Value::Lazy(Rc::new(Expression::apply(Operation::Mul, from, shape))))
}

pub(super) fn softmax<'a>(graph: &mut Lowering<'a>, call: Call<'a>) -> Result<View> {
    let x = graph.view(call.input(0)?)?;
    let x = graph.contiguous(&x)?;
    let shape = x.shape();
    ensure!(!shape.is_empty(), "a single number has no axis");
    let axis = axis(call.integer("axis").unwrap_or(-1), shape.len())?;
    let softmax = Softmax { length: shape[axis], inner: shape[axis + 1..].iter().product() };
    graph.add_one(softmax, &[x.slot], shape)
}
