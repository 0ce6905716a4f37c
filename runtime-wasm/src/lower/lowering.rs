//! The nodes of a graph, one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use tract_onnx::pb::{AttributeProto, NodeProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{AxisOp, TractErrorContext};
use tract_onnx::tract_hir::tract_core::ops::change_axes::to_axis_ops_with_onnx_rules;

use super::operators::lower_node;
use super::source::Source;

/// The graph in tract's operators, its axes as long as said.
pub(crate) fn lower(source: &Source, lengths: &[(&str, usize)]) -> TractResult<TypedModel> {
    let mut lowering =
        Lowering { model: TypedModel::default(), values: HashMap::new(), constants: source };
    for input in &source.inputs {
        let shape = input.shape(lengths)?;
        let outlet = lowering.model.add_source(&input.name, f32::fact(&*shape))?;
        lowering.values.insert(&input.name, outlet);
    }
    for (index, node) in source.nodes.iter().enumerate() {
        let call = Call { node, prefix: format!("{index}.{}", node.name) };
        let outlets = lower_node(&mut lowering, &call)
            .with_context(|| format!("node `{}` ({})", node.name, node.op_type))?;
        for (name, outlet) in node.output.iter().zip(outlets) {
            lowering.values.insert(name, outlet);
        }
    }
    let outputs: Vec<OutletId> =
        source.outputs.iter().map(|name| lowering.value(name)).collect::<TractResult<_>>()?;
    lowering.model.select_output_outlets(&outputs)?;
    Ok(lowering.model)
}

/// A graph on the way.
pub(super) struct Lowering<'a> {
    pub(super) model: TypedModel,
    values: HashMap<&'a str, OutletId>,
    constants: &'a Source,
}

/// One node, and what the names of its parts begin with.
pub(super) struct Call<'a> {
    pub(super) node: &'a NodeProto,
    pub(super) prefix: String,
}

impl<'a> Lowering<'a> {
    /// Where a value comes from. A constant enters the graph when it is first used.
    fn value(&mut self, name: &'a str) -> TractResult<OutletId> {
        if let Some(outlet) = self.values.get(name) {
            return Ok(*outlet);
        }
        let constant = self.constants.constants.get(name);
        let constant = constant.with_context(|| format!("nothing makes `{name}`"))?;
        let outlet = self.model.add_const(name, Arc::clone(constant))?;
        self.values.insert(name, outlet);
        Ok(outlet)
    }

    /// A node's input.
    pub(super) fn input(&mut self, call: &Call<'a>, index: usize) -> TractResult<OutletId> {
        let name =
            call.node.input.get(index).with_context(|| format!("it has no input {index}"))?;
        self.value(name)
    }

    /// A node's input, if it is given.
    pub(super) fn optional(
        &mut self,
        call: &Call<'a>,
        index: usize,
    ) -> TractResult<Option<OutletId>> {
        let given = call.node.input.get(index).is_some_and(|name| !name.is_empty());
        given.then(|| self.input(call, index)).transpose()
    }

    pub(super) fn inputs(&mut self, call: &Call<'a>) -> TractResult<Vec<OutletId>> {
        (0..call.node.input.len()).map(|index| self.input(call, index)).collect()
    }

    /// The whole numbers of an input that must be constant.
    pub(super) fn numbers(&self, outlet: OutletId) -> TractResult<Vec<i64>> {
        let fact = self.model.outlet_fact(outlet)?;
        let constant =
            fact.konst.as_ref().context("it depends on something that is not constant")?;
        Ok(constant.cast_to::<i64>()?.to_plain_array_view::<i64>()?.iter().copied().collect())
    }

    /// Its shape, all of which is known.
    pub(super) fn shape(&self, outlet: OutletId) -> TractResult<TVec<usize>> {
        let shape = &self.model.outlet_fact(outlet)?.shape;
        Ok(shape.as_concrete().context("its shape is not known")?.into())
    }

    pub(super) fn constant(&mut self, call: &Call<'_>, value: Tensor) -> TractResult<OutletId> {
        self.model.add_const(format!("{}.constant", call.prefix), value)
    }

    /// Adds an operator, or its results where all it needs is constant.
    pub(super) fn wire(
        &mut self,
        call: &Call<'_>,
        operator: impl Into<Box<dyn TypedOp>>,
        inputs: &[OutletId],
    ) -> TractResult<OutletId> {
        let operator = operator.into();
        let name = format!("{}.{}", call.prefix, self.model.nodes.len());
        let constants: Option<TVec<TValue>> = inputs
            .iter()
            .map(|input| {
                self.model.outlet_fact(*input).ok()?.konst.clone().map(IntoTValue::into_tvalue)
            })
            .collect();
        if let Some(constants) = constants
            && let Some(results) = operator.eval_out_of_plan(constants)?
        {
            let result = results.into_iter().next().context("it has no result")?;
            return self.model.add_const(name, result.into_arc_tensor());
        }
        let outlets = self.model.wire_node(name, operator, inputs)?;
        outlets.first().copied().context("it has no result")
    }

    /// Moves an axis, unless that undoes a move before it.
    pub(super) fn wire_move(
        &mut self,
        call: &Call<'_>,
        from: usize,
        to: usize,
        x: OutletId,
    ) -> TractResult<OutletId> {
        let before = self.model.node(x.node);
        match (before.op_as::<AxisOp>(), &before.inputs[..]) {
            (Some(AxisOp::Move(start, end)), [input]) if (*start, *end) == (to, from) => Ok(*input),
            _ => self.wire(call, AxisOp::Move(from, to), &[x]),
        }
    }

    /// Reshapes, from before the reshapes before it: what these took apart need not be put together.
    pub(super) fn wire_reshape(
        &mut self,
        call: &Call<'_>,
        mut x: OutletId,
        shape: &[TDim],
    ) -> TractResult<OutletId> {
        loop {
            let before = self.model.node(x.node);
            match (before.op_as::<AxisOp>(), &before.inputs[..]) {
                (Some(AxisOp::Reshape(..) | AxisOp::Add(_) | AxisOp::Rm(_)), [input]) => x = *input,
                _ => break,
            }
        }
        let from: TVec<TDim> = self.shape(x)?.iter().map(ToDim::to_dim).collect();
        for operator in to_axis_ops_with_onnx_rules(&from, shape, true)? {
            x = self.wire(call, operator, &[x])?;
        }
        Ok(x)
    }

    /// Adds an operator of two inputs, whose shapes may differ in what repeats.
    pub(super) fn wire_pair(
        &mut self,
        call: &Call<'_>,
        operator: impl Into<Box<dyn TypedOp>>,
        left: OutletId,
        right: OutletId,
    ) -> TractResult<OutletId> {
        let rank = self.shape(left)?.len().max(self.shape(right)?.len());
        let mut inputs = [left, right];
        for input in &mut inputs {
            for _ in self.shape(*input)?.len()..rank {
                *input = self.wire(call, AxisOp::Add(0), &[*input])?;
            }
        }
        self.wire(call, operator, &inputs)
    }
}

impl<'a> Call<'a> {
    fn attribute(&self, name: &str) -> Option<&'a AttributeProto> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.attribute(name).map(|attribute| attribute.i)
    }

    pub(super) fn integers(&self, name: &str) -> Option<&'a [i64]> {
        self.attribute(name).map(|attribute| attribute.ints.as_slice())
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a [u8]> {
        self.attribute(name).map(|attribute| attribute.s.as_slice())
    }

    pub(super) fn tensor(&self, name: &str) -> Option<&'a tract_onnx::pb::TensorProto> {
        self.attribute(name).and_then(|attribute| attribute.t.as_ref())
    }

    /// Lengths, of which each must be what such a thing can be.
    pub(super) fn lengths(&self, name: &str) -> TractResult<Option<TVec<usize>>> {
        let whole = |number: &i64| Ok(usize::try_from(*number)?);
        self.integers(name).map(|list| list.iter().map(whole).collect()).transpose()
    }
}
