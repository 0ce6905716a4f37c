use std::rc::Rc;
use std::sync::Arc;

use tract_onnx::prelude::*;

use super::expression::Expression;
use crate::compute::View;

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Constant whole numbers: lengths, axes, indices.
    Whole(Arc<Whole>),
    /// Numbers that are there.
    View(View),
    /// Functions of such numbers, computed when something else than a function asks for them.
    Later(Rc<Expression>),
}

/// Whole numbers and their shape.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) numbers: Vec<i64>,
    pub(super) shape: TVec<usize>,
}

impl Value {
    pub(super) fn whole(numbers: Vec<i64>, shape: &[usize]) -> Self {
        Self::Whole(Arc::new(Whole { numbers, shape: shape.into() }))
    }

    pub(super) fn shape(&self) -> TVec<usize> {
        match self {
            Self::Whole(whole) => whole.shape.clone(),
            Self::View(view) => view.shape(),
            Self::Later(expression) => expression.shape(),
        }
    }
}

impl From<View> for Value {
    fn from(view: View) -> Self {
        Self::View(view)
    }
}
