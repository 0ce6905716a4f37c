//! Element-wise functions that are not computed yet.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::compute::{Axis, Instruction, Operation, Pointwise, Slot, View};

/// Numbers that follow, each by itself, from numbers that are there.
#[derive(Debug)]
pub(super) enum Expression {
    Numbers(View),
    Apply { operation: Operation, from: Vec<Rc<Expression>>, shape: Vec<usize>, weight: usize },
}

/// An expression that reads this many tensors and results or more is computed before something else is made of it: so
/// no graph makes one whose parts take long to go through, or that is nested deeper than a stack holds.
const LARGEST: usize = 256;

impl Expression {
    /// A function of expressions whose shapes were joined to that.
    pub(super) fn apply(operation: Operation, from: Vec<Rc<Self>>, shape: Vec<usize>) -> Self {
        let weight = from.iter().map(|from| from.weight()).fold(1, usize::saturating_add);
        Self::Apply { operation, from, shape, weight }
    }

    /// How many tensors and results it reads, each as often as it does.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Numbers(_) => 1,
            Self::Apply { weight, .. } => *weight,
        }
    }

    /// Whether it is to be computed before more is made of it.
    pub(super) fn is_large(&self) -> bool {
        self.weight() >= LARGEST
    }

    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Numbers(view) => view.shape(),
            Self::Apply { shape, .. } => shape.clone(),
        }
    }

    /// Part of an axis: the function of a part is the part of the function.
    pub(super) fn narrowed(self: &Rc<Self>, axis: usize, start: usize, length: usize) -> Rc<Self> {
        self.part((axis, start, length), &mut HashMap::new())
    }

    /// `known` holds parts of what is read several times.
    fn part(
        self: &Rc<Self>,
        (axis, start, length): (usize, usize, usize),
        known: &mut HashMap<(*const Self, usize), Rc<Self>>,
    ) -> Rc<Self> {
        let key = (Rc::as_ptr(self), axis);
        if let Some(part) = known.get(&key) {
            return Rc::clone(part);
        }
        let part = Rc::new(match &**self {
            Self::Numbers(view) => Self::Numbers(view.narrowed(axis, start, length)),
            Self::Apply { operation, from, shape, .. } => {
                let mut part = |argument: &Rc<Self>| {
                    let own = argument.shape();
                    let axis = (axis + own.len()).checked_sub(shape.len());
                    match axis {
                        Some(axis) if own[axis] != 1 => argument.part((axis, start, length), known),
                        _ => Rc::clone(argument),
                    }
                };
                let from = from.iter().map(&mut part).collect();
                let mut shape = shape.clone();
                shape[axis] = length;
                Self::apply(*operation, from, shape)
            }
        });
        known.insert(key, Rc::clone(&part));
        part
    }
}

/// Several expressions of one shape as a single computation, and the tensors that it reads.
pub(super) fn compile(
    shape: &[usize],
    expressions: &[Rc<Expression>],
) -> (Vec<Slot>, Arc<Pointwise>) {
    let mut program = Program::default();
    for expression in expressions {
        program.collect(shape, expression);
    }
    let outputs = expressions.iter().map(|expression| program.value(shape, expression)).collect();
    let slots = program.inputs.iter().map(|view| view.slot).collect();
    let inputs: Vec<(usize, Vec<Axis>)> =
        program.inputs.into_iter().map(|view| (view.offset, view.axes)).collect();
    (slots, Arc::new(Pointwise::new(shape, inputs, program.instructions, outputs)))
}

#[derive(Default)]
struct Program {
    inputs: Vec<View>,
    instructions: Vec<Instruction>,
    /// Whose inputs are known.
    collected: HashSet<*const Expression>,
    /// Values of what was applied already.
    known: HashMap<*const Expression, usize>,
}

impl Program {
    /// All inputs, which are counted before the instructions.
    fn collect(&mut self, shape: &[usize], expression: &Rc<Expression>) {
        match &**expression {
            Expression::Numbers(view) => {
                let view = view.broadcast(shape).expect("shapes of functions were joined");
                if !self.inputs.contains(&view) {
                    self.inputs.push(view);
                }
            }
            Expression::Apply { from, .. } => {
                if self.collected.insert(Rc::as_ptr(expression)) {
                    for from in from {
                        self.collect(shape, from);
                    }
                }
            }
        }
    }

    fn value(&mut self, shape: &[usize], expression: &Rc<Expression>) -> usize {
        match &**expression {
            Expression::Numbers(view) => {
                let view = view.broadcast(shape).expect("shapes of functions were joined");
                self.inputs.iter().position(|input| *input == view).expect("inputs were collected")
            }
            Expression::Apply { operation, from, .. } => {
                let key = Rc::as_ptr(expression);
                if let Some(value) = self.known.get(&key) {
                    return *value;
                }
                let values: Vec<usize> = from.iter().map(|from| self.value(shape, from)).collect();
                let from = [values[0], values.get(1).copied().unwrap_or(values[0])];
                self.instructions.push(Instruction { operation: *operation, from });
                let value = self.inputs.len() + self.instructions.len() - 1;
                self.known.insert(key, value);
                value
            }
        }
    }
}
