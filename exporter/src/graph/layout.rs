//! Layout operators: they move numbers and compute nothing.

use gqn_formats::Dim;

use super::builder::{Graph, Literal};
use super::node::Attribute;
use super::value::Value;

/// Operators that move numbers and compute nothing.
impl Graph {
    /// The same numbers under another shape; one axis of it may be named.
    pub(crate) fn reshape(&mut self, label: &str, x: &Value, shape: Vec<Dim>) -> Value {
        let list = shape.iter().map(|dim| match dim {
            Dim::Fixed(length) => *length as i64,
            Dim::Named(_) => -1,
        });
        let list = self.constant(Literal::I64s(list.collect()));
        self.node("Reshape", label, &[x, &list], Vec::new(), shape)
    }

    /// Axis i of the result is axis `order[i]` of `x`.
    pub(crate) fn transpose(&mut self, label: &str, x: &Value, order: &[usize]) -> Value {
        let shape = order.iter().map(|axis| x.shape[*axis].clone()).collect();
        let order = order.iter().map(|axis| *axis as i64).collect();
        self.node("Transpose", label, &[x], vec![("perm", Attribute::Ints(order))], shape)
    }

    /// The entries of an axis at those indices; the axis becomes the axes of the table.
    pub(crate) fn take(&mut self, label: &str, axis: usize, x: &Value, indices: &Value) -> Value {
        let shape = [&x.shape[..axis], &indices.shape, &x.shape[axis + 1..]].concat();
        let axis = vec![("axis", Attribute::Int(axis as i64))];
        self.node("Gather", label, &[x, indices], axis, shape)
    }

    /// `[n, c·b², h, w] -> [n, c, b·h, b·w]`: channel (c, dy, dx) becomes the place (dy, dx) of each block.
    pub(crate) fn depth_to_space(&mut self, label: &str, x: &Value, block: usize) -> Value {
        let side = |axis| Dim::Fixed(x.fixed(axis) * block);
        let channels = Dim::Fixed(x.fixed(1) / (block * block));
        let shape = vec![x.shape[0].clone(), channels, side(2), side(3)];
        let attributes =
            vec![("blocksize", Attribute::Int(block as i64)), ("mode", Attribute::Text("CRD"))];
        self.node("DepthToSpace", label, &[x], attributes, shape)
    }
}
