//! Operators that sample maps.

use gqn_formats::Dim;

use super::builder::{Graph, Literal};
use super::node::Attribute;
use super::value::{Value, elements_per_item};

/// Numbers that bilinear interpolation takes.
const CORNERS: u64 = 4;

/// How −1 and 1 lie in a map that is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Corners {
    /// At the outer borders of the outermost pixels (`align_corners=False`).
    Borders,
    /// At the centres of the outermost pixels (`align_corners=True`).
    Centres,
}

impl Graph {
    /// `map [n,c,H,W], at [n,h,w,2] -> [n,c,h,w]`: bilinear at (column, row) in −1..1; what lies outside is read at the border.
    pub(crate) fn grid_sample(
        &mut self,
        label: &str,
        map: &Value,
        at: &Value,
        corners: Corners,
    ) -> Value {
        assert_eq!((&map.shape[0], at.fixed(3)), (&at.shape[0], 2), "{label}: where to sample");
        let shape = [&map.shape[..2], &at.shape[1..3]].concat();
        let multiply_adds = CORNERS * elements_per_item(&shape);
        let attributes = vec![
            ("align_corners", Attribute::Int(i64::from(corners == Corners::Centres))),
            ("mode", Attribute::Text("bilinear")),
            ("padding_mode", Attribute::Text("border")),
        ];
        let result = self.node("GridSample", label, &[map, at], attributes, shape);
        self.last_node().multiply_adds = multiply_adds;
        result
    }

    /// `[n,c,H,W] -> [n,c,H/2,W/2]`: the mean of every 2×2 pixels.
    pub(crate) fn halve(&mut self, label: &str, x: &Value) -> Value {
        let side = |axis| Dim::Fixed(x.fixed(axis) / 2);
        let shape = [&x.shape[..2], &[side(2), side(3)]].concat();
        let twos = || Attribute::Ints(vec![2, 2]);
        let attributes = vec![("kernel_shape", twos()), ("strides", twos())];
        self.node("AveragePool", label, &[x], attributes, shape)
    }

    /// `0, 1, 2, … [n]` for the named axis of an input.
    pub(crate) fn count_along(&mut self, label: &str, axis: &Dim) -> Value {
        let Dim::Named(name) = axis else {
            panic!("{label}: a fixed axis is counted by a constant")
        };
        let length = self.axis_length(name);
        let axes = self.constant(Literal::I64s(vec![0]));
        let [zero, one] = [0, 1].map(|number| self.constant(Literal::Index(number)));
        self.scoped(label, |graph| {
            let length = graph.node("Squeeze", "length", &[&length, &axes], Vec::new(), Vec::new());
            graph.node("Range", "range", &[&zero, &length, &one], Vec::new(), vec![axis.clone()])
        })
    }
}
