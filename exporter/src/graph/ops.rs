//! One method for every operator of the networks.

use gqn_formats::Dim;

use super::builder::{Graph, Literal};
use super::node::{Attribute, Node};
use super::value::{Value, broadcast, elements_per_item};

/// Every operator names its node `label` inside the current scope.
impl Graph {
    pub(crate) fn relu(&mut self, label: &str, x: &Value) -> Value {
        self.unary("Relu", label, x)
    }

    pub(crate) fn sigmoid(&mut self, label: &str, x: &Value) -> Value {
        self.unary("Sigmoid", label, x)
    }

    pub(crate) fn tanh(&mut self, label: &str, x: &Value) -> Value {
        self.unary("Tanh", label, x)
    }

    pub(crate) fn exp(&mut self, label: &str, x: &Value) -> Value {
        self.unary("Exp", label, x)
    }

    pub(crate) fn add(&mut self, label: &str, left: &Value, right: &Value) -> Value {
        self.binary("Add", label, left, right)
    }

    pub(crate) fn mul(&mut self, label: &str, left: &Value, right: &Value) -> Value {
        self.binary("Mul", label, left, right)
    }

    pub(crate) fn scale(&mut self, label: &str, x: &Value, factor: f32) -> Value {
        let factor = self.constant(Literal::F32(factor));
        self.mul(label, x, &factor)
    }

    pub(crate) fn clip(&mut self, label: &str, x: &Value, smallest: f32, largest: f32) -> Value {
        let [smallest, largest] =
            [smallest, largest].map(|bound| self.constant(Literal::F32(bound)));
        self.node("Clip", label, &[x, &smallest, &largest], Vec::new(), x.shape.clone())
    }

    pub(crate) fn concat(&mut self, label: &str, axis: usize, parts: &[&Value]) -> Value {
        let mut shape = parts[0].shape.clone();
        shape[axis] = Dim::Fixed(parts.iter().map(|part| part.fixed(axis)).sum());
        for part in parts {
            let fits =
                (0..shape.len()).all(|other| other == axis || part.shape[other] == shape[other]);
            assert!(fits, "{label}: {:?} does not concatenate to {shape:?}", part.shape);
        }
        self.node("Concat", label, parts, vec![("axis", Attribute::Int(axis as i64))], shape)
    }

    /// Cuts an axis into as many equal parts as there are labels; each label names one.
    pub(crate) fn split<const N: usize>(
        &mut self,
        axis: usize,
        x: &Value,
        labels: [&str; N],
    ) -> [Value; N] {
        let length = x.fixed(axis);
        assert!(length.is_multiple_of(N), "{}: {length} does not split into {N}", x.name);
        let parts = labels.map(|label| self.part(axis, x, label, length / N));
        self.push_split(axis, &[x], &parts);
        parts
    }

    /// Cuts an axis into parts of those lengths.
    pub(crate) fn split_into<const N: usize>(
        &mut self,
        axis: usize,
        x: &Value,
        parts: [(&str, usize); N],
    ) -> [Value; N] {
        let lengths: Vec<i64> = parts.iter().map(|(_, length)| *length as i64).collect();
        assert_eq!(lengths.iter().sum::<i64>(), x.fixed(axis) as i64, "{}: parts", x.name);
        let lengths = self.constant(Literal::I64s(lengths));
        let parts = parts.map(|(label, length)| self.part(axis, x, label, length));
        self.push_split(axis, &[x, &lengths], &parts);
        parts
    }

    /// Cuts an axis into so many parts of that length, numbered behind their label.
    pub(crate) fn split_many(
        &mut self,
        axis: usize,
        x: &Value,
        label: &str,
        count: usize,
    ) -> Vec<Value> {
        let length = x.fixed(axis);
        assert!(length.is_multiple_of(count), "{}: {length} does not split into {count}", x.name);
        let part = |index| self.part(axis, x, &format!("{label}{index}"), length / count);
        let parts: Vec<_> = (0..count).map(part).collect();
        self.push_split(axis, &[x], &parts);
        parts
    }

    fn part(&self, axis: usize, x: &Value, label: &str, length: usize) -> Value {
        let mut shape = x.shape.clone();
        shape[axis] = Dim::Fixed(length);
        Value { name: self.path(label), element: x.element, shape }
    }

    fn push_split(&mut self, axis: usize, inputs: &[&Value], parts: &[Value]) {
        let axis = vec![("axis", Attribute::Int(axis as i64))];
        let node = Node::new(self.path("split"), "Split", inputs, axis);
        self.push(node, parts.to_vec());
    }

    /// The entry of an axis at `index`; the axis disappears.
    pub(crate) fn gather(&mut self, label: &str, axis: usize, x: &Value, index: usize) -> Value {
        assert!(index < x.fixed(axis), "{}: index {index} is beyond the axis", x.name);
        let mut shape = x.shape.clone();
        shape.remove(axis);
        let index = self.constant(Literal::Index(index as i64));
        self.node("Gather", label, &[x, &index], vec![("axis", Attribute::Int(axis as i64))], shape)
    }

    /// `[n, c] -> [n, c, 1, 1]`.
    pub(crate) fn as_picture(&mut self, label: &str, x: &Value) -> Value {
        assert_eq!(x.shape.len(), 2, "{} is a list of vectors", x.name);
        let axes = self.constant(Literal::I64s(vec![2, 3]));
        let shape = [x.shape.as_slice(), &[Dim::Fixed(1), Dim::Fixed(1)]].concat();
        self.node("Unsqueeze", label, &[x, &axes], Vec::new(), shape)
    }

    /// The sum over the first axis, which stays with length one.
    pub(crate) fn sum_over_items(&mut self, label: &str, x: &Value) -> Value {
        let mut shape = x.shape.clone();
        shape[0] = Dim::Fixed(1);
        let axes = self.constant(Literal::I64s(vec![0]));
        self.node("ReduceSum", label, &[x, &axes], vec![("keepdims", Attribute::Int(1))], shape)
    }

    /// The sum over an axis, which disappears.
    pub(crate) fn sum_over(&mut self, label: &str, axis: usize, x: &Value) -> Value {
        let mut shape = x.shape.clone();
        shape.remove(axis);
        let axes = self.constant(Literal::I64s(vec![axis as i64]));
        self.node("ReduceSum", label, &[x, &axes], vec![("keepdims", Attribute::Int(0))], shape)
    }

    /// `[n, c, h, w] -> [n, c, 1, 1]`.
    pub(crate) fn mean_over_space(&mut self, label: &str, x: &Value) -> Value {
        let mut shape = x.shape.clone();
        shape[2..].fill(Dim::Fixed(1));
        let attributes =
            vec![("axes", Attribute::Ints(vec![2, 3])), ("keepdims", Attribute::Int(1))];
        self.node("ReduceMean", label, &[x], attributes, shape)
    }

    /// `x [n,c,H,W], weight [o,c,k,k], bias [o] -> [n,o,(H+2p-k)/s+1,(W+2p-k)/s+1]`; the bias may be left out.
    pub(crate) fn conv(
        &mut self,
        label: &str,
        operands: &[&Value],
        stride: usize,
        padding: usize,
    ) -> Value {
        let (x, weight) = (operands[0], operands[1]);
        let [output, input, kernel] = [0, 1, 2].map(|axis| weight.fixed(axis));
        assert_eq!(x.fixed(1), input, "{}: input channels", weight.name);
        let side = |axis| Dim::Fixed((x.fixed(axis) + 2 * padding - kernel) / stride + 1);
        let shape = vec![x.shape[0].clone(), Dim::Fixed(output), side(2), side(3)];
        let per_element = (input * kernel * kernel) as u64;
        let multiply_adds = elements_per_item(&shape) * per_element;
        let result = self.node("Conv", label, operands, window(kernel, stride, padding), shape);
        self.last_node().multiply_adds = multiply_adds;
        result
    }

    /// `x [n,g·c,H,W], weight [g·o,c,k,1] -> [n,g·o,H,W]`: a convolution along columns for every group, k odd, padded so
    /// that the size stays.
    pub(crate) fn grouped_conv(
        &mut self,
        label: &str,
        x: &Value,
        weight: &Value,
        groups: usize,
    ) -> Value {
        let [output, input, kernel, width] = [0, 1, 2, 3].map(|axis| weight.fixed(axis));
        assert_eq!((x.fixed(1), width), (groups * input, 1), "{}: input channels", weight.name);
        assert!(output.is_multiple_of(groups), "{}: output channels", weight.name);
        let mut shape = x.shape.clone();
        shape[1] = Dim::Fixed(output);
        let multiply_adds = elements_per_item(&shape) * (input * kernel) as u64;
        let ints = |list: Vec<usize>| Attribute::Ints(list.iter().map(|n| *n as i64).collect());
        let padding = kernel / 2;
        let attributes = vec![
            ("group", Attribute::Int(groups as i64)),
            ("kernel_shape", ints(vec![kernel, 1])),
            ("pads", ints(vec![padding, 0, padding, 0])),
            ("strides", ints(vec![1, 1])),
        ];
        let result = self.node("Conv", label, &[x, weight], attributes, shape);
        self.last_node().multiply_adds = multiply_adds;
        result
    }

    /// `x [n,c,H,W], weight [c,o,k,k] -> [n,o,kH,kW]`: the stride is k, so that nothing overlaps.
    pub(crate) fn conv_transpose(&mut self, label: &str, x: &Value, weight: &Value) -> Value {
        let [input, output, kernel] = [0, 1, 2].map(|axis| weight.fixed(axis));
        assert_eq!(x.fixed(1), input, "{}: input channels", weight.name);
        let side = |axis| Dim::Fixed(x.fixed(axis) * kernel);
        let shape = vec![x.shape[0].clone(), Dim::Fixed(output), side(2), side(3)];
        let multiply_adds = x.elements_per_item() * (output * kernel * kernel) as u64;
        let result =
            self.node("ConvTranspose", label, &[x, weight], window(kernel, kernel, 0), shape);
        self.last_node().multiply_adds = multiply_adds;
        result
    }

    /// `left [..,m,k], right [..,k,n] -> [..,m,n]`; the axes before the last two are equal, or one side has none.
    pub(crate) fn matmul(&mut self, label: &str, left: &Value, right: &Value) -> Value {
        let (rows, columns) = (left.shape.len() - 2, right.shape.len() - 1);
        let inner = left.fixed(rows + 1);
        assert_eq!(inner, right.fixed(columns - 1), "{label}: inner axis");
        let outer = if rows == 0 { &right.shape[..columns - 1] } else { &left.shape[..rows] };
        assert!(columns == 1 || *outer == right.shape[..columns - 1], "{label}: outer axes");
        let shape = [outer, &[left.shape[rows].clone(), right.shape[columns].clone()]].concat();
        let multiply_adds = elements_per_item(&shape) * inner as u64;
        let result = self.node("MatMul", label, &[left, right], Vec::new(), shape);
        self.last_node().multiply_adds = multiply_adds;
        result
    }

    pub(super) fn unary(&mut self, op: &'static str, label: &str, x: &Value) -> Value {
        self.node(op, label, &[x], Vec::new(), x.shape.clone())
    }

    pub(super) fn binary(
        &mut self,
        op: &'static str,
        label: &str,
        left: &Value,
        right: &Value,
    ) -> Value {
        self.node(op, label, &[left, right], Vec::new(), broadcast(&left.shape, &right.shape))
    }
}

fn window(kernel: usize, stride: usize, padding: usize) -> Vec<(&'static str, Attribute)> {
    let repeated = |number: usize, times: usize| Attribute::Ints(vec![number as i64; times]);
    vec![
        ("kernel_shape", repeated(kernel, 2)),
        ("pads", repeated(padding, 4)),
        ("strides", repeated(stride, 2)),
    ]
}
