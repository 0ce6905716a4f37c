//! The recurrent convolution on eight-bit integers, by the operator of the engine.

use gqn_formats::{ModelConfig, Tensor};
use ndarray::Axis;

use super::channels_first::ChannelsFirst;
use super::layout::Layout;
use super::observer::Observer;
use super::slices::{Inputs, core, input_channels};
use super::strategy::RecurrentStrategy;
use crate::graph::{Element, Graph, Literal, Value};

/// The largest eight-bit integer in use: −128 is left out, so that zero is in the middle.
pub(super) const LARGEST: f32 = 127.0;

/// States are pictures, and the recurrent convolution of the gates reads and writes eight-bit integers.
///
/// With h ≈ `s_h`·q and `W_c` ≈ `s_c`·`Q_c` for every output channel c, (W∗h)`_c` ≈ `s_c`·`s_h`·(`Q_c`∗q): a convolution of integers and a
/// factor. `s_c` follows from the kernel, `s_h` from whole rollouts on scenes (a calibration). The sum leaves as eight bits
/// too, and channels differ in size: so each kernel is divided by the range `r_c` that its sums take, all channels leave
/// in −1..1, and are multiplied by `r_c` afterwards. Zero stands for zero everywhere, as accelerators want it.
///
/// Prior, latent, cell state and pictures are computed in single precision as before.
#[derive(Debug)]
pub(crate) struct Quantised {
    config: ModelConfig,
    pictures: ChannelsFirst,
    /// In a graph that only looks on.
    observer: Option<Observer>,
}

impl Quantised {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        Self { config: config.clone(), pictures: ChannelsFirst::new(config), observer: None }
    }

    /// Computes in single precision and notes what a calibration wants to see.
    pub(crate) fn observing(config: &ModelConfig) -> Self {
        Self { observer: Some(Observer::default()), ..Self::new(config) }
    }

    pub(crate) fn into_observer(self) -> Observer {
        self.observer.unwrap_or_default()
    }

    fn term(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value {
        let core = core(&self.config, step);
        let scale = graph.quantised(
            &format!("step{step}.hidden.scale"),
            Element::F32,
            Vec::new(),
            &[hidden_range(step)],
            |_, from| from[0] / LARGEST,
        );
        let unit = graph.constant(Literal::F32(1.0 / LARGEST));
        let kernel = self.kernel(graph, step);
        let range = graph.quantised(
            &format!("{core}.gates.recurrent.range"),
            Element::F32,
            vec![4 * self.config.hidden_channels, 1, 1],
            &[gates_range(&core)],
            |_, from| from[0].clone(),
        );
        graph.scoped("recurrent", |graph| {
            let q = graph.quantise("hidden/integers", hidden, &scale);
            let hidden = graph.dequantise("hidden/numbers", &q, &scale);
            let sums = graph.conv("conv", &[&hidden, &kernel], 1, 2);
            graph.document("gates; reads the hidden state from before this step");
            let q = graph.quantise("sums/integers", &sums, &unit);
            let sums = graph.dequantise("sums/numbers", &q, &unit);
            graph.mul("gates", &sums, &range)
        })
    }

    /// The kernels that read the hidden state, `[4H,H,5,5]` in eight bits, as numbers.
    fn kernel(&self, graph: &mut Graph, step: usize) -> Value {
        let core = core(&self.config, step);
        let (outputs, hidden) = (4 * self.config.hidden_channels, self.config.hidden_channels);
        let gates = format!("{core}.gates.weight");
        let integers = graph.quantised(
            &format!("{core}.gates.recurrent.weight"),
            Element::I8,
            vec![outputs, hidden, 5, 5],
            std::slice::from_ref(&gates),
            |config, from| integers(&input_channels(from[0], Inputs::new(config).hidden)),
        );
        let scale = graph.quantised(
            &format!("{core}.gates.recurrent.scale"),
            Element::F32,
            vec![outputs],
            &[gates, gates_range(&core)],
            |config, from| scales(&input_channels(from[0], Inputs::new(config).hidden)) / from[1],
        );
        graph.once(&format!("{core}.gates.recurrent.weight/numbers"), |graph, label| {
            graph.dequantise(label, &integers, &scale)
        })
    }
}

/// What a calibration says of the hidden state that a step reads: a number.
fn hidden_range(step: usize) -> String {
    format!("calibration.step{step}.hidden")
}

/// What a calibration says of a core's recurrent term: a number for each of 4H channels.
fn gates_range(core: &str) -> String {
    format!("calibration.{core}.gates")
}

/// `weight [out,..] -> [out]`: what one step of the integers stands for.
pub(super) fn scales(weight: &Tensor) -> Tensor {
    let largest = |kernel: ndarray::ArrayViewD<'_, f32>| {
        kernel.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()))
    };
    // A kernel of zeros is zeros at any scale.
    let scale = |largest: f32| if largest > 0.0 { largest / LARGEST } else { 1.0 };
    let scales = weight.axis_iter(Axis(0)).map(|kernel| scale(largest(kernel))).collect();
    Tensor::from_shape_vec(vec![weight.shape()[0]], scales).expect("a number for each kernel")
}

/// `weight [out,..] -> whole numbers in −127..=127`
pub(super) fn integers(weight: &Tensor) -> Tensor {
    let mut weight = weight.clone();
    let scales = scales(&weight);
    for (mut kernel, scale) in weight.axis_iter_mut(Axis(0)).zip(scales) {
        kernel.mapv_inplace(|value| (value / scale).round_ties_even());
    }
    weight
}

impl RecurrentStrategy for Quantised {
    fn layout(&self) -> &dyn Layout {
        &self.pictures
    }

    fn recurrent(&self, graph: &mut Graph, step: usize, hidden: &Value) -> (Value, Vec<Value>) {
        if let Some(observer) = &self.observer {
            let (prior, gates) = self.pictures.recurrent(graph, step, hidden);
            let range = gates_range(&core(&self.config, step));
            let channels = 4 * self.config.hidden_channels;
            graph.scoped("recurrent/observed", |graph| {
                observer.observe(graph, "hidden", hidden, hidden_range(step), 1);
                observer.observe(graph, "gates", &gates[0], range, channels);
            });
            return (prior, gates);
        }
        let gates = self.term(graph, step, hidden);
        let [weight, bias] = ["prior.weight", "prior.bias"].map(|name| graph.weight(name));
        let prior =
            graph.in_single(|graph| graph.conv("recurrent/prior", &[hidden, &weight, &bias], 1, 2));
        (prior, vec![gates])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_scales_stand_for_the_kernels() {
        let numbers = vec![0.5, -1.0, 0.25, 0.0, 0.0, 0.0];
        let weight = Tensor::from_shape_vec(vec![2, 3], numbers.clone()).expect("six numbers");
        let (q, scales) = (integers(&weight), scales(&weight));
        // By hand: 0.5·127 = 63.5, whose even neighbour is 64; the largest is ±127.
        let whole: Vec<i32> = q.iter().map(|number| *number as i32).collect();
        assert_eq!(whole, [64, -127, 32, 0, 0, 0]);
        for (index, number) in numbers.iter().enumerate() {
            let scale = scales[[index / 3]];
            let stood_for = q[[index / 3, index % 3]] * scale;
            assert!((stood_for - number).abs() <= 0.5 * scale, "{stood_for} for {number}");
        }
    }
}
