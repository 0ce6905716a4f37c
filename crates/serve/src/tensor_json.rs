//! Tensors of the Open Inference Protocol, as JSON and as bytes.

use gqn_formats::{Dim, Port, Tensor};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Refusal;

/// Rows of a request's tensors, at most.
const MOST_ROWS: u64 = 1024;

/// A tensor of a request.
#[derive(Debug, Deserialize)]
pub(crate) struct InputTensor {
    pub(crate) name: String,
    shape: Vec<u64>,
    datatype: String,
    #[serde(default)]
    parameters: Parameters,
    data: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Parameters {
    binary_data_size: Option<usize>,
}

impl InputTensor {
    /// The tensor, as the port wants it; `binary` is what follows the JSON and is not yet used up.
    pub(crate) fn read(&self, port: &Port, binary: &mut &[u8]) -> Result<Tensor, Refusal> {
        let name = &port.name;
        if self.datatype != "FP32" {
            let found: String = self.datatype.chars().take(20).collect();
            return Err(Refusal::bad(format!("`{name}` is of type {found}, expected FP32")));
        }
        let fits = |(dim, &found): (&Dim, &u64)| match dim {
            Dim::Fixed(length) => *length as u64 == found,
            Dim::Named(_) => (1..=MOST_ROWS).contains(&found),
        };
        if self.shape.len() != port.shape.len() || !port.shape.iter().zip(&self.shape).all(fits) {
            let found: Vec<_> = self.shape.iter().take(8).collect();
            let expected = port.shape_text();
            let message = format!(
                "`{name}` has shape {found:?}, expected {expected} of 1 to {MOST_ROWS} rows"
            );
            return Err(Refusal::bad(message));
        }
        let shape: Vec<usize> = self.shape.iter().map(|&length| length as usize).collect();
        let count: usize = shape.iter().product();
        let values = match (self.parameters.binary_data_size, &self.data) {
            (Some(size), None) => {
                if size != 4 * count || size > binary.len() {
                    let there = binary.len();
                    return Err(Refusal::bad(format!(
                        "`{name}` says {size} bytes of {there} that follow, expected {}",
                        4 * count
                    )));
                }
                let (own, rest) = binary.split_at(size);
                *binary = rest;
                let (numbers, _) = own.as_chunks::<4>();
                numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
            }
            (None, Some(data)) => {
                let mut values = Vec::with_capacity(count);
                flatten(data, count, &mut values)
                    .map_err(|reason| Refusal::bad(format!("`{name}`: {reason}")))?;
                values
            }
            _ => {
                let message = format!("`{name}` has neither data nor binary_data_size, or both");
                return Err(Refusal::bad(message));
            }
        };
        if values.len() != count {
            let found = values.len();
            let message = format!("`{name}` has {found} numbers, expected {count}");
            return Err(Refusal::bad(message));
        }
        Ok(Tensor::from_shape_vec(shape, values).expect("as many numbers as its shape says"))
    }
}

/// Numbers of lists in lists, in their order. JSON of this depth has been read already.
fn flatten(data: &Value, most: usize, values: &mut Vec<f32>) -> Result<(), &'static str> {
    match data {
        Value::Number(number) => {
            if values.len() == most {
                return Err("it has more numbers than its shape says");
            }
            values.push(number.as_f64().unwrap_or(f64::NAN) as f32);
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| flatten(item, most, values)),
        _ => Err("its data holds something that is no number"),
    }
}

/// A tensor of an answer, as JSON.
pub(crate) fn to_json(name: &str, tensor: &Tensor) -> Value {
    let data: Vec<f32> = tensor.iter().copied().collect();
    json!({ "name": name, "datatype": "FP32", "shape": tensor.shape(), "data": data })
}

/// The same with its numbers as bytes behind the JSON.
pub(crate) fn to_binary(name: &str, tensor: &Tensor) -> (Value, Vec<u8>) {
    let bytes: Vec<u8> = tensor.iter().flat_map(|value| value.to_le_bytes()).collect();
    let parameters = json!({ "binary_data_size": bytes.len() });
    let shape = tensor.shape();
    (json!({ "name": name, "datatype": "FP32", "shape": shape, "parameters": parameters }), bytes)
}

/// A port of a model's metadata; -1 for an axis that is as long as the caller likes.
pub(crate) fn port_json(port: &Port) -> Value {
    let length = |dim: &Dim| match dim {
        Dim::Fixed(length) => *length as i64,
        Dim::Named(_) => -1,
    };
    let shape: Vec<i64> = port.shape.iter().map(length).collect();
    json!({ "name": port.name, "datatype": "FP32", "shape": shape })
}
