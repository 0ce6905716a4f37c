//! What a name of the graph stands for while it is lowered.

use std::rc::Rc;
use std::sync::Arc;

use super::expression::Expression;
use crate::compute::View;

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Constant integers: lengths, axes, indices.
    Integers(Arc<IntegerTensor>),
    /// Numbers that are there.
    View(View),
    /// Functions of such numbers, computed when something else than a function asks for them.
    Lazy(Rc<Expression>),
}

/// A weight or another constant.
#[derive(Debug, Clone)]
pub(crate) enum Constant {
    Numbers(Arc<Vec<f32>>, Vec<usize>),
    Integers(Arc<IntegerTensor>),
}

/// Integers and their shape.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IntegerTensor {
    pub(super) numbers: Vec<i64>,
    pub(super) shape: Vec<usize>,
}

impl Value {
    pub(super) fn integers(numbers: Vec<i64>, shape: &[usize]) -> Self {
        Self::Integers(Arc::new(IntegerTensor { numbers, shape: shape.into() }))
    }

    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Integers(tensor) => tensor.shape.clone(),
            Self::View(view) => view.shape(),
            Self::Lazy(expression) => expression.shape(),
        }
    }
}

impl From<View> for Value {
    fn from(view: View) -> Self {
        Self::View(view)
    }
}
