//! Interpolation in tables of rows, by gathers and small matrix products.

use crate::graph::{Graph, Value, fixed};
use crate::model::numbers;

/// Rows of a table between which is interpolated linearly along each of A axes: K = 2^A rows for each of S spatial positions.
///
/// `GridSample` reads a number at a time, a map for each channel. Here the channels stand innermost, so that a corner is a row
/// which engines copy as a whole, and the sum over the corners is a product of small matrices.
#[derive(Debug)]
pub(crate) struct Corners {
    /// `[N,S,K]`
    rows: Value,
    /// `[N,S,1,K]`
    weights: Value,
}

/// How the points of a grid stand in a table of rows.
#[derive(Debug)]
pub(crate) struct Grid<const A: usize> {
    /// Names the constants.
    pub(crate) name: [&'static str; 3],
    /// Points along the axes, the innermost first.
    pub(crate) sizes: [usize; A],
}

impl<const A: usize> Grid<A> {
    /// How many rows further the next point along each axis is.
    fn strides(&self) -> [usize; A] {
        let mut stride = 1;
        self.sizes.map(|size| {
            let this = stride;
            stride *= size;
            this
        })
    }

    /// `at [N,A,S]`, where 0 is the first and `size − 1` the last point of an axis, and what is added to the rows, `[N,1,1]`
    /// -> the corners around these positions
    pub(crate) fn corners(&self, graph: &mut Graph, at: &Value, first: Option<&Value>) -> Corners {
        let [last, strides, offsets] = self.name;
        let (items, count) = (at.shape[0].clone(), at.fixed(2));
        let of = |lengths: &[usize]| {
            let lengths = lengths.iter().map(|length| gqn_formats::Dim::Fixed(*length));
            std::iter::once(items.clone()).chain(lengths).collect::<Vec<_>>()
        };
        // The last point is the upper end of the last interval, so that every corner exists.
        let last_numbers = self.sizes.iter().map(|size| (size - 2) as f64).collect();
        let last = numbers(graph, last, vec![A, 1], last_numbers);
        let stride_numbers = self.strides().iter().map(|stride| *stride as f64).collect();
        let strides = numbers(graph, strides, vec![1, A], stride_numbers);
        let corner_offset = |corner: usize| {
            let axes = self.strides().into_iter().enumerate();
            axes.map(|(axis, stride)| (corner >> axis & 1) * stride).sum::<usize>() as f64
        };
        let corner_count = 1 << A;
        let offset_numbers = (0..corner_count).map(corner_offset).collect();
        let offsets = numbers(graph, offsets, vec![corner_count, 1], offset_numbers);
        let ends = numbers(graph, "interval_ends", vec![2, 1], vec![1.0, 0.0]);

        let lower = graph.floor("lower/floor", at);
        let lower = graph.min("lower", &lower, &last);
        let between = graph.sub("between", at, &lower);
        let axes = graph.split_many(1, &between, "between", A);
        // |t − 1| of the lower point and |t| of the upper one.
        let shares: Vec<Value> = axes
            .iter()
            .enumerate()
            .map(|(axis, between)| {
                let signed = graph.sub(&format!("shares{axis}/signed"), between, &ends);
                graph.abs(&format!("shares{axis}"), &signed)
            })
            .collect();
        let mut weights = shares[A - 1].clone();
        for (axis, shares) in shares.iter().enumerate().rev().skip(1) {
            let outer = weights.fixed(1);
            let label = |part: &str| format!("weights{axis}/{part}");
            let [left, right] = [("outer", &weights, [outer, 1]), ("inner", shares, [1, 2])]
                .map(|(part, x, [a, b])| graph.reshape(&label(part), x, of(&[a, b, count])));
            weights = graph.mul(&label("product"), &left, &right);
            weights = graph.reshape(&label("list"), &weights, of(&[2 * outer, count]));
        }
        let weights = graph.transpose("weights/rows", &weights, &[0, 2, 1]);
        let weights = graph.reshape("weights", &weights, of(&[count, 1, corner_count]));

        let base = graph.matmul("rows/lowest", &strides, &lower);
        let base = match first {
            Some(first) => graph.add("rows/of_item", &base, first),
            None => base,
        };
        let rows = graph.add("rows/corners", &base, &offsets);
        let rows = graph.transpose("rows/order", &rows, &[0, 2, 1]);
        Corners { rows: graph.as_indices("rows", &rows), weights }
    }
}

impl Corners {
    /// `table [rows,C] -> [N,S,C]`
    pub(crate) fn interpolate(&self, graph: &mut Graph, label: &str, table: &Value) -> Value {
        let corners = graph.take(&format!("{label}/corners"), 0, table, &self.rows);
        let sum = graph.matmul(&format!("{label}/interpolated"), &self.weights, &corners);
        let shape = [&sum.shape[..2], &fixed([table.fixed(1)])].concat();
        graph.reshape(label, &sum, shape)
    }
}
