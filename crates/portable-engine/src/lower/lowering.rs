//! The nodes of a graph lowered, one after the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};

use super::budget::{Budget, check_run, count};
use super::call::Call;
use super::expression::{Expression, compile};
use super::gemm::Packs;
use super::onnx::Node;
use super::operators::lower_node;
use super::source::Source;
use super::values::{Constant, IntegerTensor, Value};
use crate::compute::{
    Compute, Element, Gather, Pack, PackedGemm, Plan, Pointwise, Slot, StridedCopy, View, bits,
    integer,
};

/// Expressions are computed together until they read this many tensors and results.
const MOST_TOGETHER: usize = 4096;
/// Moves that writing a part of an expression takes about as long as.
const PART: usize = 64;

/// Weights and other constants by name.
pub(crate) type Constants = BTreeMap<String, Constant>;

/// The graph as a plan, its axes as long as said, and the shape of its output.
pub(crate) fn lower(
    source: &Source,
    packs: &mut Packs,
    lengths: &[(&str, usize)],
) -> Result<(Plan, Vec<usize>)> {
    let mut budget = Budget::of(source.bytes);
    let mut lowering = Lowering::new(&source.constants, packs, &mut budget);
    for (index, node) in source.nodes.iter().enumerate() {
        lowering.last_use.extend(node.input.iter().map(|name| (name.as_str(), index)));
    }
    for input in &source.inputs {
        let shape = input.shape(lengths)?;
        let length = count(&shape).with_context(|| format!("input `{}`", input.name))?;
        let slot = lowering.plan.add_input(length);
        lowering.values.insert(&input.name, View::new(slot, &shape).into());
    }
    for (index, node) in source.nodes.iter().enumerate() {
        lowering.index = index;
        lowering.lower(node)?;
    }
    lowering.index = source.nodes.len();
    let output = lowering.view(source.outputs.first().context("it has no output")?)?;
    let output = lowering.contiguous(&output)?;
    lowering.plan.finish(output.slot);
    let plan = lowering.plan;
    budget.take(plan.numbers()).context("a run")?;
    check_run(plan.work())?;
    Ok((plan, output.shape()))
}

/// What a node gives, all of whose inputs are constants.
pub(super) fn constants(
    node: &Node,
    constants: &Constants,
    budget: &mut Budget,
) -> Result<Vec<Constant>> {
    let mut packs = Packs::default();
    let mut lowering = Lowering::new(constants, &mut packs, budget);
    lowering.lower(node)?;
    let mut results = Vec::new();
    for name in &node.output {
        results.push(if lowering.element(name)? == Element::Integer {
            Constant::Integers(lowering.constant_integers(name)?)
        } else {
            let view = lowering.view(name)?;
            Constant::Numbers(lowering.constant_numbers(&view)?, view.shape())
        });
    }
    Ok(results)
}

/// A graph on the way.
pub(super) struct Lowering<'a> {
    pub(super) plan: Plan,
    values: HashMap<&'a str, Value>,
    constants: &'a Constants,
    pub(super) packs: &'a mut Packs,
    pub(super) budget: &'a mut Budget,
    /// Names of expressions that are not computed yet, by their shape.
    lazy: HashMap<Vec<usize>, BTreeSet<&'a str>>,
    /// Rows that were packed: several products read the same.
    packed: HashMap<(Slot, Pack), Slot>,
    /// What gave the parts of rows times a matrix each, and what it read.
    pub(super) parts: HashMap<Slot, (PackedGemm, Slot)>,
    /// What gathered rows of a tensor, and the tensor and the indices that it read.
    pub(super) gathered: HashMap<Slot, (Gather, [Slot; 2])>,
    /// Values of integers that are computed at run time.
    pub(super) integers: BTreeSet<Slot>,
    /// Of each name, the last node that reads it.
    last_use: HashMap<&'a str, usize>,
    /// The node that is being lowered.
    index: usize,
}

impl<'a> Lowering<'a> {
    fn new(constants: &'a Constants, packs: &'a mut Packs, budget: &'a mut Budget) -> Self {
        Self {
            plan: Plan::default(),
            values: HashMap::new(),
            constants,
            packs,
            budget,
            lazy: HashMap::new(),
            packed: HashMap::new(),
            parts: HashMap::new(),
            gathered: HashMap::new(),
            integers: BTreeSet::new(),
            last_use: HashMap::new(),
            index: 0,
        }
    }

    fn lower(&mut self, node: &'a Node) -> Result<()> {
        let results = lower_node(self, Call { node })
            .with_context(|| format!("node `{}` ({})", node.name, node.operator))?;
        ensure!(
            node.output.len() <= results.len()
                || node.output[results.len()..].iter().all(String::is_empty),
            "node `{}` ({}) has {} results, of which {} are known",
            node.name,
            node.operator,
            node.output.len(),
            results.len()
        );
        for (name, value) in node.output.iter().map(String::as_str).zip(results) {
            if matches!(value, Value::Lazy(_)) {
                self.lazy.entry(value.shape()).or_default().insert(name);
            }
            self.values.insert(name, value);
        }
        Ok(())
    }

    /// What a name stands for. A constant enters the graph when it is first used.
    pub(super) fn value(&mut self, name: &'a str) -> Result<Value> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let constant = self.constants.get(name);
        let value = match constant.with_context(|| format!("nothing makes `{name}`"))? {
            Constant::Integers(tensor) => Value::Integers(Arc::clone(tensor)),
            Constant::Numbers(numbers, shape) => {
                count(shape).with_context(|| format!("constant `{name}`"))?;
                View::new(self.plan.add_constant(Arc::clone(numbers)), shape).into()
            }
        };
        self.values.insert(name, value.clone());
        Ok(value)
    }

    /// Whether a name stands for floats or for integers.
    pub(super) fn element(&mut self, name: &'a str) -> Result<Element> {
        Ok(match self.value(name)? {
            Value::Integers(_) => Element::Integer,
            Value::View(view) => self.element_of(view.slot),
            Value::Lazy(expression) => self.result_of(&expression),
        })
    }

    fn element_of(&self, slot: Slot) -> Element {
        if self.integers.contains(&slot) { Element::Integer } else { Element::Float }
    }

    fn result_of(&self, expression: &Expression) -> Element {
        match expression {
            Expression::Numbers(view) => self.element_of(view.slot),
            Expression::Apply { operation, .. } => operation.element(),
        }
    }

    /// Integers, which must be constant.
    pub(super) fn constant_integers(&mut self, name: &'a str) -> Result<Arc<IntegerTensor>> {
        if let Value::Integers(tensor) = self.value(name)? {
            return Ok(tensor);
        }
        ensure!(self.element(name)? == Element::Integer, "`{name}` does not hold integers");
        let view = self.tensor(name)?;
        let numbers = self.constant_numbers(&view).with_context(|| format!("`{name}`"))?;
        let numbers = numbers.iter().map(|bits| integer(*bits).into()).collect();
        Ok(Arc::new(IntegerTensor { numbers, shape: view.shape() }))
    }

    /// An operand of a pointwise operator whose result has that shape. What has fewer numbers is computed before, so that
    /// it is not computed again for each of the result's.
    pub(super) fn operand(&mut self, name: &'a str, shape: &[usize]) -> Result<Rc<Expression>> {
        let count = |shape: &[usize]| shape.iter().product::<usize>();
        match self.value(name)? {
            Value::Lazy(expression)
                if count(&expression.shape()) == count(shape) && !expression.is_large() =>
            {
                Ok(expression)
            }
            _ => Ok(Rc::new(Expression::Numbers(self.tensor(name)?))),
        }
    }

    /// Floats that are there.
    pub(super) fn view(&mut self, name: &'a str) -> Result<View> {
        ensure!(self.element(name)? == Element::Float, "`{name}` holds integers");
        self.tensor(name)
    }

    /// Floats or integers that are there.
    pub(super) fn tensor(&mut self, name: &'a str) -> Result<View> {
        match self.value(name)? {
            Value::View(view) => Ok(view),
            Value::Integers(tensor) => {
                let number = |number: &i64| {
                    let number = i32::try_from(*number);
                    number
                        .map(bits)
                        .with_context(|| format!("`{name}` holds an integer beyond 32 bits"))
                };
                let numbers = tensor.numbers.iter().map(number).collect::<Result<_>>()?;
                let view = self.constant_view(numbers, &tensor.shape)?;
                self.integers.insert(view.slot);
                Ok(view)
            }
            Value::Lazy(expression) => {
                self.compute_all(name, &expression.shape())?;
                match self.value(name)? {
                    Value::View(view) => Ok(view),
                    _ => bail!("`{name}` was not computed"),
                }
            }
        }
    }

    /// Computes what was put off and is still needed, and has the shape that is asked for, in one pass.
    fn compute_all(&mut self, wanted: &'a str, shape: &[usize]) -> Result<()> {
        let mut lazy = self.lazy.remove(shape).unwrap_or_default();
        lazy.remove(wanted);
        let (mut names, mut expressions, mut weight) = (Vec::new(), Vec::new(), 0);
        let mut next = Some(wanted);
        while let Some(name) = next.take() {
            let needed =
                name == wanted || self.last_use.get(name).is_none_or(|last| *last >= self.index);
            if let (true, Some(Value::Lazy(expression))) = (needed, self.values.get(name))
                && expression.shape() == shape
            {
                weight += expression.weight();
                names.push(name);
                expressions.push(Rc::clone(expression));
            }
            if weight < MOST_TOGETHER {
                next = lazy.pop_first();
            }
        }
        if !lazy.is_empty() {
            self.lazy.insert(shape.to_vec(), lazy);
        }
        let (inputs, computation) = self.compiled(shape, &expressions)?;
        let shapes = vec![shape.to_vec(); expressions.len()];
        let results = self.add(computation, &inputs, &shapes)?;
        for (view, expression) in results.iter().zip(&expressions) {
            if self.result_of(expression) == Element::Integer {
                self.integers.insert(view.slot);
            }
        }
        self.values.extend(names.into_iter().zip(results.into_iter().map(Value::View)));
        Ok(())
    }

    /// The same numbers, all of a tensor in its order.
    pub(super) fn contiguous(&mut self, view: &View) -> Result<View> {
        let shape = view.shape();
        if view.is_dense() && view.offset == 0 && self.plan.length(view.slot) == view.len() {
            return Ok(View::new(view.slot, &shape));
        }
        let copy = StridedCopy { offset: view.offset, axes: view.axes.clone() };
        self.add_layout(copy, &[view.slot], shape)
    }

    /// Adds a computation that moves numbers of its first input: its result has the same element type.
    pub(super) fn add_layout(
        &mut self,
        computation: impl Compute + 'static,
        inputs: &[Slot],
        shape: Vec<usize>,
    ) -> Result<View> {
        let result = self.add_one(computation, inputs, shape)?;
        if inputs.first().is_some_and(|slot| self.integers.contains(slot)) {
            self.integers.insert(result.slot);
        }
        Ok(result)
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
        let lengths: Vec<usize> = shapes.iter().map(|shape| count(shape)).collect::<Result<_>>()?;
        let constants: Option<Vec<Arc<Vec<f32>>>> =
            inputs.iter().map(|input| self.constant(*input)).collect();
        let slots = if let Some(constants) = constants {
            let read: Vec<&[f32]> = constants.iter().map(|numbers| &numbers[..]).collect();
            let of_inputs: Vec<usize> = read.iter().map(|numbers| numbers.len()).collect();
            self.budget.work(computation.work(&of_inputs, &lengths))?;
            self.budget.take(lengths.iter().sum::<usize>())?;
            self.budget.check(computation.scratch())?;
            let mut results: Vec<Vec<f32>> =
                lengths.iter().map(|length| vec![0.0; *length]).collect();
            let mut written: Vec<&mut [f32]> = results.iter_mut().map(Vec::as_mut_slice).collect();
            computation.run(&read, &mut written)?;
            results.into_iter().map(|result| self.plan.add_constant(Arc::new(result))).collect()
        } else {
            self.plan.add_step(computation, inputs.to_vec(), &lengths)
        };
        Ok(slots.into_iter().zip(shapes).map(|(slot, shape)| View::new(slot, shape)).collect())
    }

    /// Several expressions as one computation, and the tensors that it reads.
    fn compiled(
        &mut self,
        shape: &[usize],
        expressions: &[Rc<Expression>],
    ) -> Result<(Vec<Slot>, Arc<Pointwise>)> {
        let weight: usize = expressions.iter().map(|expression| expression.weight()).sum();
        self.budget.work(weight as u64)?;
        let (inputs, computation) = compile(shape, expressions);
        self.budget.take(computation.size())?;
        Ok((inputs, computation))
    }

    /// Counts the time that it takes to write an expression once more.
    pub(super) fn write_again(&mut self, expression: &Expression) -> Result<()> {
        self.budget.work((PART * expression.weight()) as u64)
    }

    /// Takes memory for so many integers.
    pub(super) fn take_integers(&mut self, count: usize) -> Result<()> {
        self.budget.take(count.saturating_mul(2))
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
    pub(super) fn parts_of(&self, view: &View) -> Option<(PackedGemm, Slot)> {
        let (dense, input) = self.parts.get(&view.slot)?;
        let (count, columns) = (dense.matrices.count(), dense.matrices.columns());
        let shape = view.shape();
        let whole = view.len() == dense.rows * count * columns;
        let fits = view.is_dense() && whole && shape.ends_with(&[count, columns]);
        fits.then(|| (dense.clone(), *input))
    }

    /// How many numbers a value has.
    pub(super) fn length(&self, slot: Slot) -> usize {
        self.plan.length(slot)
    }

    /// The numbers of a value, if they are constant.
    pub(super) fn constant(&self, slot: Slot) -> Option<Arc<Vec<f32>>> {
        self.plan.constant(slot).cloned()
    }

    /// What an expression without a name says.
    pub(super) fn computed(&mut self, expression: &Rc<Expression>) -> Result<View> {
        let shape = expression.shape();
        let (inputs, computation) = self.compiled(&shape, std::slice::from_ref(expression))?;
        let result = self.add(computation, &inputs, &[shape])?.remove(0);
        if self.result_of(expression) == Element::Integer {
            self.integers.insert(result.slot);
        }
        Ok(result)
    }
}
