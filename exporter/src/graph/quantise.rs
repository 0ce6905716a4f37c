//! Conversion to eight-bit integers and back.

use super::builder::{Graph, Literal};
use super::node::Attribute;
use super::value::{Element, Value};

/// Eight-bit integers with a scale and no offset: x ≈ scale · q with q in −127..=127.
impl Graph {
    /// `x, scale [] -> q`: rounded, and cut off beyond the range.
    pub(crate) fn quantise(&mut self, label: &str, x: &Value, scale: &Value) -> Value {
        let zero = self.constant(Literal::Zeros8 { shape: Vec::new() });
        let result = (Element::I8, x.shape.clone());
        self.converting_node("QuantizeLinear", label, &[x, scale, &zero], Vec::new(), result)
    }

    /// `q, scale [] or [channels of the first axis] -> x`
    pub(crate) fn dequantise(&mut self, label: &str, q: &Value, scale: &Value) -> Value {
        let shape = (0..scale.shape.len()).map(|axis| scale.fixed(axis)).collect();
        let zero = self.constant(Literal::Zeros8 { shape });
        let per_channel = !scale.shape.is_empty();
        let axis = if per_channel { vec![("axis", Attribute::Int(0))] } else { Vec::new() };
        let result = (Element::F32, q.shape.clone());
        self.converting_node("DequantizeLinear", label, &[q, scale, &zero], axis, result)
    }
}
