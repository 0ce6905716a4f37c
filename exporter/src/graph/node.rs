//! A node, its attributes, and what it computes in where its graph computes in half precision.

use super::value::Value;

/// One operator of the default domain.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Path of scopes and a label, such as `step3/gates/conv`.
    pub(crate) name: String,
    /// The operator, such as `Conv`.
    pub(crate) op: &'static str,
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) attributes: Vec<(&'static str, Attribute)>,
    pub(crate) arithmetic: Arithmetic,
    /// What a reader should know; empty where the name says it.
    pub(crate) doc: String,
    /// Multiplications for one view or one query; zero where the operator is no sum of products. Bilinear sampling is one
    /// of four.
    pub(crate) multiply_adds: u64,
}

/// What a node computes in where its graph computes in half precision (`precision/compute.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    /// Half precision.
    Half,
    /// Single precision.
    Single,
    /// The element type of its inputs: it computes nothing.
    OfInput,
}

impl Arithmetic {
    /// That of an operator where the code that builds the node says no more: layout operators take the type of their
    /// input, sums over many numbers and the constants of a shape stay in single precision.
    fn of(op: &str) -> Self {
        match op {
            "Concat" | "DepthToSpace" | "Expand" | "Gather" | "Reshape" | "Split" | "Transpose"
            | "Unsqueeze" => Self::OfInput,
            "Clip" | "ConstantOfShape" | "Exp" | "GridSample" | "ReduceMean" | "ReduceSum" => {
                Self::Single
            }
            _ => Self::Half,
        }
    }
}

/// A constant that belongs to an operator.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attribute {
    Int(i64),
    Ints(Vec<i64>),
    Text(&'static str),
    /// A tensor of one number, `[1]`.
    Number(f32),
}

impl Node {
    /// A node whose results are not named yet.
    pub(super) fn new(
        name: String,
        op: &'static str,
        inputs: &[&Value],
        attributes: Vec<(&'static str, Attribute)>,
    ) -> Self {
        let inputs = inputs.iter().map(|value| value.name.clone()).collect();
        Self {
            name,
            op,
            inputs,
            outputs: Vec::new(),
            attributes,
            arithmetic: Arithmetic::of(op),
            doc: String::new(),
            multiply_adds: 0,
        }
    }
}
