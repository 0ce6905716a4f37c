//! The calibration observer: which values a calibration graph puts out.

use std::cell::RefCell;

use gqn_formats::Dim;

use crate::graph::{Graph, Value, fixed};

/// What a calibration wants to see of a graph that computes in single precision.
#[derive(Debug, Default)]
pub(crate) struct Observer(RefCell<Vec<Observed>>);

/// Numbers that eight-bit integers are to stand for, `[B,·]`: group by group, each with a range of its own.
#[derive(Debug, Clone)]
pub(crate) struct Observed {
    /// What the ranges are called.
    pub(crate) name: String,
    pub(crate) groups: usize,
    pub(crate) value: Value,
}

impl Observer {
    /// Notes `value [B,..]`, in which each of the groups stands in one piece.
    pub(crate) fn observe(
        &self,
        graph: &mut Graph,
        label: &str,
        value: &Value,
        name: String,
        groups: usize,
    ) {
        let numbers = (1..value.shape.len()).map(|axis| value.fixed(axis)).product();
        let shape: Vec<Dim> = [&value.shape[..1], &fixed([numbers])].concat();
        let value = graph.reshape(label, value, shape);
        self.0.borrow_mut().push(Observed { name, groups, value });
    }

    pub(crate) fn into_observed(self) -> Vec<Observed> {
        self.0.into_inner()
    }
}
