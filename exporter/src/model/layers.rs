//! Convolutions and their paths in the checkpoint.

use std::fmt::Display;
use std::ops::Div;

use gqn_formats::Dim;

use crate::graph::{Graph, Value};

/// Where a layer's parameters stand in the checkpoint: the path of struct fields, joined by dots.
#[derive(Debug, Clone)]
pub(crate) struct Path(String);

impl Path {
    pub(crate) fn root() -> Self {
        Self(String::new())
    }

    /// The last field of the path.
    fn field(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or_default()
    }
}

impl<T: Display> Div<T> for &Path {
    type Output = Path;

    fn div(self, field: T) -> Path {
        if self.0.is_empty() {
            Path(field.to_string())
        } else {
            Path(format!("{}.{field}", self.0))
        }
    }
}

/// A convolution with bias; its nodes stand in a scope that is called like its field.
#[derive(Debug)]
pub(crate) struct Conv {
    path: Path,
    window: Window,
}

#[derive(Debug, Clone, Copy)]
enum Window {
    Strided,
    Same,
}

impl Conv {
    /// Stride k, no padding: every k×k block becomes one position.
    pub(crate) fn strided(path: Path) -> Self {
        Self { path, window: Window::Strided }
    }

    /// Stride 1, padded so that the size stays.
    pub(crate) fn same(path: Path) -> Self {
        Self { path, window: Window::Same }
    }

    /// The field that holds the layer, and its scope.
    pub(crate) fn field(&self) -> &str {
        self.path.field()
    }

    /// The name of its weight.
    pub(crate) fn weight(&self) -> String {
        (&self.path / "weight").0
    }

    /// `x [B,in,s,s] -> [B,out,s/stride,s/stride]`
    pub(crate) fn forward(&self, graph: &mut Graph, x: &Value) -> Value {
        graph.scoped(self.path.field(), |graph| self.conv(graph, x))
    }

    /// As [`Conv::forward`], then `max(0, ·)`.
    pub(crate) fn forward_relu(&self, graph: &mut Graph, x: &Value) -> Value {
        graph.scoped(self.path.field(), |graph| {
            let x = self.conv(graph, x);
            graph.relu("relu", &x)
        })
    }

    fn conv(&self, graph: &mut Graph, x: &Value) -> Value {
        let weight = graph.weight(&self.weight());
        let bias = graph.weight(&(&self.path / "bias").0);
        let kernel = weight.fixed(2);
        let (stride, padding) = match self.window {
            Window::Strided => (kernel, 0),
            Window::Same => (1, kernel / 2),
        };
        graph.conv("conv", &[x, &weight, &bias], stride, padding)
    }
}

/// A bias-free transposed convolution with stride k that makes a picture k times larger.
#[derive(Debug)]
pub(crate) struct Upsample(Path);

impl Upsample {
    pub(crate) fn new(path: Path) -> Self {
        Self(path)
    }

    /// `x [B,in,s,s] -> [B,out,k·s,k·s]`
    pub(crate) fn forward(&self, graph: &mut Graph, x: &Value) -> Value {
        let weight = graph.weight(&(&self.0 / "weight").0);
        graph.scoped(self.0.field(), |graph| graph.conv_transpose("conv_transpose", x, &weight))
    }
}

/// `x [B,C,1,1] -> [B,C,s,s]`, the same numbers at every spatial position.
pub(crate) fn tile(graph: &mut Graph, label: &str, x: &Value, side: usize) -> Value {
    let shape = [&x.shape[..2], &[Dim::Fixed(side), Dim::Fixed(side)]].concat();
    graph.expand(label, x, &shape)
}
