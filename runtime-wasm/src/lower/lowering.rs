use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{TractErrorContext, bail, ensure};
use tract_onnx::tract_hir::tract_core::ops::konst::Const;

use super::call::Call;
use super::expression::{Expression, compile};
use super::operators::lower_node;
use super::products::Packs;
use super::source::Source;
use super::values::{Value, Whole};
use crate::compute::{Compute, Dense, Gather, Native, View};

/// Weights and other constants by name, in single precision or whole numbers.
pub(crate) type Constants = BTreeMap<String, Arc<Tensor>>;

/// The graph as a model of tract, its axes as long as said.
pub(crate) fn lower(
    source: &Source,
    packs: &mut Packs,
    lengths: &[(&str, usize)],
) -> TractResult<TypedModel> {
    let mut lowering = Lowering::new(&source.constants, packs);
    for (index, node) in source.nodes.iter().enumerate() {
        lowering.last_use.extend(node.input.iter().map(|name| (name.as_str(), index)));
    }
    for input in &source.inputs {
        let shape = input.shape(lengths)?;
        let outlet = lowering.model.add_source(&input.name, f32::fact(&*shape))?;
        lowering.values.insert(&input.name, View::new(outlet, &shape).into());
    }
    for (index, node) in source.nodes.iter().enumerate() {
        lowering.index = index;
        lowering.lower(node)?;
    }
    let outputs: Vec<OutletId> = source
        .outputs
        .iter()
        .map(|name| {
            let view = lowering.view(name)?;
            Ok(lowering.standing(&view)?.outlet)
        })
        .collect::<TractResult<_>>()?;
    lowering.model.select_output_outlets(&outputs)?;
    Ok(lowering.model)
}

/// What a node gives, all of whose inputs are constants.
pub(super) fn constants(node: &NodeProto, constants: &Constants) -> TractResult<Vec<Arc<Tensor>>> {
    let mut packs = Packs::default();
    let mut lowering = Lowering::new(constants, &mut packs);
    lowering.lower(node)?;
    let mut results = Vec::new();
    for name in &node.output {
        results.push(match lowering.value(name)? {
            Value::Whole(whole) => {
                Tensor::from_shape(&whole.shape, &whole.numbers)?.into_arc_tensor()
            }
            _ => {
                let view = lowering.view(name)?;
                let constant = lowering.constant_numbers(&view)?;
                constant.into_tensor().into_shape(&view.shape())?.into_arc_tensor()
            }
        });
    }
    Ok(results)
}

/// A graph on the way.
pub(super) struct Lowering<'a> {
    model: TypedModel,
    values: HashMap<&'a str, Value>,
    constants: &'a Constants,
    pub(super) packs: &'a mut Packs,
    /// What gave the parts of rows times a matrix each, and what it read.
    pub(super) parts: HashMap<OutletId, (Dense, OutletId)>,
    /// Of each name, the last node that reads it.
    last_use: HashMap<&'a str, usize>,
    /// The node that is being lowered.
    index: usize,
}

impl<'a> Lowering<'a> {
    fn new(constants: &'a Constants, packs: &'a mut Packs) -> Self {
        Self {
            model: TypedModel::default(),
            values: HashMap::new(),
            constants,
            packs,
            parts: HashMap::new(),
            last_use: HashMap::new(),
            index: 0,
        }
    }

    fn lower(&mut self, node: &'a NodeProto) -> TractResult<()> {
        let results = lower_node(self, Call { node })
            .with_context(|| format!("node `{}` ({})", node.name, node.op_type))?;
        self.values.extend(node.output.iter().map(String::as_str).zip(results));
        Ok(())
    }

    /// What a name stands for. A constant enters the graph when it is first used.
    pub(super) fn value(&mut self, name: &'a str) -> TractResult<Value> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let constant =
            self.constants.get(name).with_context(|| format!("nothing makes `{name}`"))?;
        let value = if constant.datum_type() == f32::datum_type() {
            View::new(self.add_constant(Arc::clone(constant))?, constant.shape()).into()
        } else {
            let whole = constant.cast_to::<i64>()?;
            let numbers = whole.to_plain_array_view::<i64>()?.iter().copied().collect();
            Value::whole(numbers, constant.shape())
        };
        self.values.insert(name, value.clone());
        Ok(value)
    }

    /// Whole numbers, which must be constant.
    pub(super) fn whole(&mut self, name: &'a str) -> TractResult<Arc<Whole>> {
        match self.value(name)? {
            Value::Whole(whole) => Ok(whole),
            _ => bail!("`{name}` is none of constant whole numbers"),
        }
    }

    /// Numbers, perhaps to be computed later.
    pub(super) fn expression(&mut self, name: &'a str) -> TractResult<Rc<Expression>> {
        match self.value(name)? {
            Value::View(view) => Ok(Rc::new(Expression::Numbers(view))),
            Value::Later(expression) => Ok(expression),
            Value::Whole(_) => bail!("`{name}` holds whole numbers"),
        }
    }

    /// Numbers that are there.
    pub(super) fn view(&mut self, name: &'a str) -> TractResult<View> {
        if let Value::Later(expression) = self.value(name)? {
            self.compute_all(name, expression.shape())?;
        }
        match self.value(name)? {
            Value::View(view) => Ok(view),
            _ => bail!("`{name}` holds whole numbers"),
        }
    }

    /// Computes what was put off and is still needed, and has the shape that is asked for, in one pass.
    fn compute_all(&mut self, wanted: &'a str, shape: TVec<usize>) -> TractResult<()> {
        let mut names: Vec<&str> = Vec::new();
        let mut expressions = Vec::new();
        let later = self.values.iter().filter_map(|(name, value)| match value {
            Value::Later(expression) => Some((*name, expression)),
            _ => None,
        });
        let needed = |name: &str| {
            name == wanted || self.last_use.get(name).is_none_or(|last| *last >= self.index)
        };
        let mut needed: Vec<_> = later
            .filter(|(name, expression)| expression.shape() == shape && needed(name))
            .collect();
        needed.sort_by_key(|(name, _)| *name);
        for (name, expression) in needed {
            names.push(name);
            expressions.push(Rc::clone(expression));
        }
        let (inputs, computation) = compile(&shape, &expressions);
        let results =
            self.add(computation, &inputs, expressions.iter().map(|_| shape.clone()).collect())?;
        self.values.extend(names.into_iter().zip(results.into_iter().map(Value::View)));
        Ok(())
    }

    /// The same numbers, all of a tensor in its order.
    pub(super) fn standing(&mut self, view: &View) -> TractResult<View> {
        let (shape, all) = (view.shape(), self.model.outlet_fact(view.outlet)?.shape.volume());
        if view.is_dense() && view.offset == 0 && all == view.len().to_dim() {
            return Ok(View::new(view.outlet, &shape));
        }
        let gather = Gather { offset: view.offset, axes: view.axes.clone() };
        self.add_one(gather, &[view.outlet], shape)
    }

    /// Adds a computation of one result, or that result where all it needs is constant.
    pub(super) fn add_one(
        &mut self,
        computation: impl Compute + 'static,
        inputs: &[OutletId],
        shape: TVec<usize>,
    ) -> TractResult<View> {
        Ok(self.add(Arc::new(computation), inputs, tvec!(shape))?.remove(0))
    }

    fn add(
        &mut self,
        computation: Arc<dyn Compute>,
        inputs: &[OutletId],
        shapes: TVec<TVec<usize>>,
    ) -> TractResult<TVec<View>> {
        let constants: Option<TVec<Arc<Tensor>>> =
            inputs.iter().map(|input| self.constant(*input)).collect();
        let native = Native::new(computation, shapes.clone());
        let outlets: TVec<OutletId> = if let Some(constants) = constants {
            let results = native.compute(&constants)?;
            let results =
                results.into_iter().map(|result| self.add_constant(result.into_arc_tensor()));
            results.collect::<TractResult<_>>()?
        } else {
            let facts: TVec<TypedFact> = shapes.iter().map(|shape| f32::fact(&**shape)).collect();
            let node = self.model.add_node(
                format!("{}.{}", self.index, self.model.nodes.len()),
                native,
                facts,
            )?;
            for (slot, input) in inputs.iter().enumerate() {
                self.model.add_edge(*input, InletId::new(node, slot))?;
            }
            (0..shapes.len()).map(|slot| OutletId::new(node, slot)).collect()
        };
        Ok(outlets
            .into_iter()
            .zip(&shapes)
            .map(|(outlet, shape)| View::new(outlet, shape))
            .collect())
    }

    pub(super) fn add_constant(&mut self, value: Arc<Tensor>) -> TractResult<OutletId> {
        let constant = Const::new(value)?;
        let name = format!("constant.{}", self.model.nodes.len());
        self.model.add_const(name, Arc::clone(constant.val()))
    }

    /// How the numbers of a view came about, if they are products `[..,G,n]` of G parts of rows.
    pub(super) fn parts_of(&self, view: &View) -> Option<(Dense, OutletId)> {
        let (dense, input) = self.parts.get(&view.outlet)?;
        let columns = dense.matrices.first()?.lines();
        let shape = view.shape();
        let whole = view.len() == dense.rows.length * dense.matrices.len() * columns;
        let fits = view.is_dense() && whole && shape.ends_with(&[dense.matrices.len(), columns]);
        fits.then(|| (dense.clone(), *input))
    }

    /// The numbers of an outlet, if they are constant.
    pub(super) fn constant(&self, outlet: OutletId) -> Option<Arc<Tensor>> {
        self.model.outlet_fact(outlet).ok()?.konst.clone()
    }

    /// A value that names a number for every number of a shape.
    pub(super) fn number(&mut self, number: f32) -> TractResult<View> {
        Ok(View::new(self.add_constant(tensor0(number).into_arc_tensor())?, &[]))
    }

    /// The numbers of a view that must be constant, in its order.
    pub(super) fn constant_numbers(&mut self, view: &View) -> TractResult<Arc<Tensor>> {
        let view = self.standing(view)?;
        let constant = self.constant(view.outlet);
        let constant = constant.context("it depends on something that is not constant")?;
        ensure!(constant.len() == view.len(), "it has {} numbers", constant.len());
        Ok(constant)
    }
}
