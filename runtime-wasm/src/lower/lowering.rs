use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use super::call::Call;
use super::expression::{Expression, compile};
use super::onnx::Node;
use super::operators::lower_node;
use super::products::Packs;
use super::source::Source;
use super::values::{Constant, Value, Whole};
use crate::compute::{Compute, Dense, Gather, Pack, Plan, Slot, View};

/// Weights and other constants by name.
pub(crate) type Constants = BTreeMap<String, Constant>;

/// The graph as a plan, its axes as long as said, and the shape of its output.
pub(crate) fn lower(
    source: &Source,
    packs: &mut Packs,
    lengths: &[(&str, usize)],
) -> Result<(Plan, Vec<usize>)> {
    let mut lowering = Lowering::new(&source.constants, packs);
    for (index, node) in source.nodes.iter().enumerate() {
        lowering.last_use.extend(node.input.iter().map(|name| (name.as_str(), index)));
    }
    for input in &source.inputs {
        let shape = input.shape(lengths)?;
        let slot = lowering.plan.add_input(shape.iter().product());
        lowering.values.insert(&input.name, View::new(slot, &shape).into());
    }
    for (index, node) in source.nodes.iter().enumerate() {
        lowering.index = index;
        lowering.lower(node)?;
    }
    lowering.index = source.nodes.len();
    let output = lowering.view(source.outputs.first().context("it has no output")?)?;
    let output = lowering.standing(&output)?;
    lowering.plan.finish(output.slot);
    Ok((lowering.plan, output.shape()))
}

/// What a node gives, all of whose inputs are constants.
pub(super) fn constants(node: &Node, constants: &Constants) -> Result<Vec<Constant>> {
    let mut packs = Packs::default();
    let mut lowering = Lowering::new(constants, &mut packs);
    lowering.lower(node)?;
    let mut results = Vec::new();
    for name in &node.output {
        results.push(if let Value::Whole(whole) = lowering.value(name)? {
            Constant::Whole(whole)
        } else {
            let view = lowering.view(name)?;
            Constant::Numbers(lowering.constant_numbers(&view)?, view.shape())
        });
    }
    Ok(results)
}

/// A graph on the way.
pub(super) struct Lowering<'a> {
    plan: Plan,
    values: HashMap<&'a str, Value>,
    constants: &'a Constants,
    pub(super) packs: &'a mut Packs,
    /// Rows that were packed: several products read the same.
    packed: HashMap<(Slot, Pack), Slot>,
    /// What gave the parts of rows times a matrix each, and what it read.
    pub(super) parts: HashMap<Slot, (Dense, Slot)>,
    /// Of each name, the last node that reads it.
    last_use: HashMap<&'a str, usize>,
    /// The node that is being lowered.
    index: usize,
}

impl<'a> Lowering<'a> {
    fn new(constants: &'a Constants, packs: &'a mut Packs) -> Self {
        Self {
            plan: Plan::default(),
            values: HashMap::new(),
            constants,
            packs,
            packed: HashMap::new(),
            parts: HashMap::new(),
            last_use: HashMap::new(),
            index: 0,
        }
    }

    fn lower(&mut self, node: &'a Node) -> Result<()> {
        let results = lower_node(self, Call { node })
            .with_context(|| format!("node `{}` ({})", node.name, node.operator))?;
        self.values.extend(node.output.iter().map(String::as_str).zip(results));
        Ok(())
    }

    /// What a name stands for. A constant enters the graph when it is first used.
    pub(super) fn value(&mut self, name: &'a str) -> Result<Value> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let constant = self.constants.get(name);
        let value = match constant.with_context(|| format!("nothing makes `{name}`"))? {
            Constant::Whole(whole) => Value::Whole(Arc::clone(whole)),
            Constant::Numbers(numbers, shape) => {
                View::new(self.plan.add_constant(Arc::clone(numbers)), shape).into()
            }
        };
        self.values.insert(name, value.clone());
        Ok(value)
    }

    /// Whole numbers, which must be constant.
    pub(super) fn whole(&mut self, name: &'a str) -> Result<Arc<Whole>> {
        match self.value(name)? {
            Value::Whole(whole) => Ok(whole),
            _ => bail!("`{name}` is none of constant whole numbers"),
        }
    }

    /// Numbers, perhaps to be computed later.
    pub(super) fn expression(&mut self, name: &'a str) -> Result<Rc<Expression>> {
        match self.value(name)? {
            Value::View(view) => Ok(Rc::new(Expression::Numbers(view))),
            Value::Later(expression) => Ok(expression),
            Value::Whole(_) => bail!("`{name}` holds whole numbers"),
        }
    }

    /// Numbers that are there.
    pub(super) fn view(&mut self, name: &'a str) -> Result<View> {
        if let Value::Later(expression) = self.value(name)? {
            self.compute_all(name, &expression.shape())?;
        }
        match self.value(name)? {
            Value::View(view) => Ok(view),
            _ => bail!("`{name}` holds whole numbers"),
        }
    }

    /// Computes what was put off and is still needed, and has the shape that is asked for, in one pass.
    fn compute_all(&mut self, wanted: &'a str, shape: &[usize]) -> Result<()> {
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
        let (inputs, computation) = compile(shape, &expressions);
        let shapes = vec![shape.to_vec(); expressions.len()];
        let results = self.add(computation, &inputs, &shapes)?;
        self.values.extend(names.into_iter().zip(results.into_iter().map(Value::View)));
        Ok(())
    }

    /// The same numbers, all of a tensor in its order.
    pub(super) fn standing(&mut self, view: &View) -> Result<View> {
        let shape = view.shape();
        if view.is_dense() && view.offset == 0 && self.plan.length(view.slot) == view.len() {
            return Ok(View::new(view.slot, &shape));
        }
        let gather = Gather { offset: view.offset, axes: view.axes.clone() };
        self.add_one(gather, &[view.slot], shape)
    }

    /// Adds a computation of one result, or that result where all it needs is constant.
    pub(super) fn add_one(
        &mut self,
        computation: impl Compute + 'static,
        inputs: &[Slot],
        shape: Vec<usize>,
    ) -> Result<View> {
        Ok(self.add(Arc::new(computation), inputs, &[shape])?.remove(0))
    }

    fn add(
        &mut self,
        computation: Arc<dyn Compute>,
        inputs: &[Slot],
        shapes: &[Vec<usize>],
    ) -> Result<Vec<View>> {
        let length = |shape: &Vec<usize>| {
            let product = |all: usize, length: &usize| all.checked_mul(*length);
            let length = shape.iter().try_fold(1, product);
            length.with_context(|| format!("{shape:?} is more than a machine holds"))
        };
        let lengths: Vec<usize> = shapes.iter().map(length).collect::<Result<_>>()?;
        let constants: Option<Vec<Arc<Vec<f32>>>> =
            inputs.iter().map(|input| self.constant(*input)).collect();
        let slots = if let Some(constants) = constants {
            let read: Vec<&[f32]> = constants.iter().map(|numbers| &numbers[..]).collect();
            let mut results: Vec<Vec<f32>> =
                lengths.iter().map(|length| vec![0.0; *length]).collect();
            let mut written: Vec<&mut [f32]> = results.iter_mut().map(Vec::as_mut_slice).collect();
            computation.run(&read, &mut written);
            results.into_iter().map(|result| self.plan.add_constant(Arc::new(result))).collect()
        } else {
            self.plan.add_step(computation, inputs.to_vec(), &lengths)
        };
        Ok(slots.into_iter().zip(shapes).map(|(slot, shape)| View::new(slot, shape)).collect())
    }

    /// Rows of a tensor as products read them.
    pub(super) fn packed(&mut self, slot: Slot, pack: Pack) -> Result<Slot> {
        if let Some(packed) = self.packed.get(&(slot, pack)) {
            return Ok(*packed);
        }
        let packed = self.add_one(pack, &[slot], vec![pack.len()])?.slot;
        self.packed.insert((slot, pack), packed);
        Ok(packed)
    }

    /// How the numbers of a view came about, if they are products `[..,G,n]` of G parts of rows.
    pub(super) fn parts_of(&self, view: &View) -> Option<(Dense, Slot)> {
        let (dense, input) = self.parts.get(&view.slot)?;
        let (count, columns) = (dense.matrices.count(), dense.matrices.columns());
        let shape = view.shape();
        let whole = view.len() == dense.rows * count * columns;
        let fits = view.is_dense() && whole && shape.ends_with(&[count, columns]);
        fits.then(|| (dense.clone(), *input))
    }

    /// The numbers of a value, if they are constant.
    pub(super) fn constant(&self, slot: Slot) -> Option<Arc<Vec<f32>>> {
        self.plan.constant(slot).cloned()
    }

    /// A number for every number of a shape.
    pub(super) fn number(&mut self, number: f32) -> View {
        View::new(self.plan.add_constant(Arc::new(vec![number])), &[])
    }

    /// The numbers of a view that must be constant, in its order.
    pub(super) fn constant_numbers(&mut self, view: &View) -> Result<Arc<Vec<f32>>> {
        let view = self.standing(view)?;
        self.constant(view.slot).context("it depends on something that is not constant")
    }
}
