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
    /// What a reader should know; empty where the name says it.
    pub(crate) doc: String,
    /// Multiplications for one view or one query; zero where the operator is no sum of products. Bilinear sampling is one
    /// of four.
    pub(crate) multiply_adds: u64,
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
            doc: String::new(),
            multiply_adds: 0,
        }
    }
}
