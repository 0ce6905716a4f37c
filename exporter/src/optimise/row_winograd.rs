//! The recurrent convolution by Winograd's algorithm along rows, on eight-bit integers.

use gqn_formats::{Dim, ModelConfig, Tensor};
use ndarray::Axis;

use super::layout::Layout;
use super::nhwc_tiles::{Gates, NhwcTiles};
use super::observer::Observer;
use super::quantised::{LARGEST, integers, scales};
use super::recurrent::prior_col2im_matrix;
use super::slices::{Inputs, core, input_channels};
use super::strategy::RecurrentStrategy;
use super::winograd::{TAPS, Tile, Transforms, row_transform};
use crate::graph::{Element, Graph, Literal, Rule, Value};
use crate::model::Logits;

/// States lie channels last, row by row, and the convolution of hidden state and latent for the gates is Winograd's along rows,
/// on eight-bit integers.
///
/// With p points for m outputs, and the kernels' five rows as they are, 5·p products stand for 25·m: 2.5 times fewer with
/// F(4, 5). In both dimensions it would be 6.25 times fewer, but the transforms' factors, up to 8, would meet the rounding
/// twice: of eight bits too little would be left. The values at each point are divided by their range, and the products
/// for each point and output channel by theirs (both known from a calibration), so that all integers stand for −1..1:
///
/// `M_po` = `r_po` · Σ (`s_po` · `r_p` / `r_po`) `Q_po` · (V`_p` / `r_p`) with kernels U`_po` ≈ `s_po` · `Q_po`.
///
/// The latent is multiplied by α, its kernels divided by it, so that at no point its range is beyond that of the hidden
/// state. The first step, which has no hidden state, reads its latent in single precision.
///
/// The prior is computed in single precision: each position is multiplied with its contribution to the 25 positions around it (one product), and
/// these shares are gathered and summed up.
#[derive(Debug)]
pub(crate) struct RowWinograd {
    layout: NhwcTiles,
    tile: Tile,
    observer: Option<Observer>,
}

impl RowWinograd {
    pub(crate) fn new(config: &ModelConfig, tile: Tile, queries: &Dim) -> Self {
        Self {
            layout: NhwcTiles::new(config, [1, tile.side()], queries, Gates::Together),
            tile,
            observer: None,
        }
    }

    /// Computes in single precision and notes what a calibration wants to see.
    pub(crate) fn observing(config: &ModelConfig, tile: Tile, queries: &Dim) -> Self {
        Self { observer: Some(Observer::default()), ..Self::new(config, tile, queries) }
    }

    pub(crate) fn into_observer(self) -> Observer {
        self.observer.unwrap_or_default()
    }

    fn config(&self) -> &ModelConfig {
        &self.layout.config
    }

    /// p.
    fn points(&self) -> usize {
        self.tile.points()
    }

    /// Tiles of a row.
    fn tiles(&self) -> usize {
        self.config().hidden_size() / self.tile.side()
    }

    /// From a whole row to the points of its tiles, `[tiles·p,h]`.
    fn transform(&self, graph: &mut Graph) -> Value {
        let side = self.config().hidden_size();
        let shape = vec![self.tiles() * self.points(), side];
        let numbers = row_transform(self.tile, side);
        graph.constant(Literal::Numbers { name: "input_transform", shape, numbers })
    }

    /// The same, each point divided by the range of its values.
    fn scaled_transform(&self, graph: &mut Graph, core: &str) -> Value {
        let scale = graph.quantised(
            &format!("{core}.gates.values.scale"),
            Element::F32,
            vec![self.tiles() * self.points(), 1],
            &[values_range(core)],
            |config, from| {
                let tiles = config.hidden_size() / Tile::of_points(from[0].len()).side();
                let ranges = from[0].iter().cycle().take(tiles * from[0].len());
                ranges.map(|range| range.recip()).collect::<ndarray::Array1<f32>>().into_dyn()
            },
        );
        let transform = self.transform(graph);
        graph.once(&format!("{core}.gates.values.transform"), |graph, label| {
            graph.mul(label, &transform, &scale)
        })
    }

    /// `x [B,h·h,C], transform -> values [B,h,tiles·p,C]`
    fn values(&self, graph: &mut Graph, x: &Value, transform: &Value) -> Value {
        let side = self.config().hidden_size();
        let rows = graph.reshape("rows", x, self.layout.of([side, side, x.fixed(2)]));
        graph.matmul("values", transform, &rows)
    }

    /// `[B,h,tiles·p,C] -> [B,p·C,h,tiles]`, a picture whose pixels are tiles
    fn channels_first(&self, graph: &mut Graph, label: &str, values: &Value) -> Value {
        let channels = self.points() * values.fixed(3);
        let shape = self.layout.of([self.config().hidden_size(), self.tiles(), channels]);
        let values = graph.reshape(&format!("{label}/of_all_points"), values, shape);
        graph.transpose(&format!("{label}/channels_first"), &values, &[0, 3, 1, 2])
    }

    /// `hidden, z -> their term of the gates`
    fn term(&self, graph: &mut Graph, core: &str, hidden: &Value, z: &Value) -> Value {
        let unit = graph.constant(Literal::F32(1.0 / LARGEST));
        let (kernels, transform) = (self.kernels(graph, core), self.scaled_transform(graph, core));
        let (ranges, alpha) = (self.ranges(graph, core), alpha(graph, core));
        graph.scoped("recurrent", |graph| {
            let z = graph.mul("latent", z, &alpha);
            let both = graph.concat("hidden_and_latent", 2, &[hidden, &z]);
            let values = self.values(graph, &both, &transform);
            let q = graph.quantise("values/integers", &values, &unit);
            let values = graph.dequantise("values/numbers", &q, &unit);
            let values = self.channels_first(graph, "values", &values);
            let products = graph.grouped_conv("products", &values, &kernels, self.points());
            graph.document(
                "at every point; reads the latent, and the hidden state from before this step",
            );
            let q = graph.quantise("products/integers", &products, &unit);
            let products = graph.dequantise("products/numbers", &q, &unit);
            let products = self.of_each_point(graph, &products);
            let products = graph.mul("products/scaled", &products, &ranges);
            self.at_positions(graph, &products)
        })
    }

    /// `[B,p·4H,h,tiles] -> [B,h·tiles,p,4H]`
    fn of_each_point(&self, graph: &mut Graph, products: &Value) -> Value {
        let products = graph.transpose("products/channels_last", products, &[0, 2, 3, 1]);
        let (tiles, gates) = (self.config().hidden_size() * self.tiles(), products.fixed(3));
        let shape = self.layout.of([tiles, self.points(), gates / self.points()]);
        graph.reshape("products/of_each_point", &products, shape)
    }

    /// `[B,h·tiles,p,4H] -> [B,h·h,4H]`
    fn at_positions(&self, graph: &mut Graph, products: &Value) -> Value {
        let numbers = Transforms::one_dimensional(self.tile).output;
        let shape = vec![self.tile.side(), self.points()];
        let transform =
            graph.constant(Literal::Numbers { name: "output_transform", shape, numbers });
        let positions = graph.matmul("output_transform", &transform, products);
        graph.reshape(
            "places",
            &positions,
            self.layout.of([self.layout.count(), products.fixed(3)]),
        )
    }

    /// The same in single precision, with what a calibration wants to see.
    fn observed_term(
        &self,
        graph: &mut Graph,
        core: &str,
        [hidden, z]: [&Value; 2],
        observer: &Observer,
    ) -> Value {
        let (kernels, transform) = (self.kernels_in_single(graph, core), self.transform(graph));
        graph.scoped("recurrent", |graph| {
            let inputs =
                [("hidden", hidden, values_range(core)), ("latent", z, latents_range(core))];
            let [hidden, z] = inputs.map(|(label, x, name)| {
                graph.scoped(label, |graph| {
                    let values = self.values(graph, x, &transform);
                    let observed = self.channels_first(graph, "values", &values);
                    observer.observe(graph, "observed", &observed, name, self.points());
                    values
                })
            });
            let values = graph.concat("hidden_and_latent", 3, &[&hidden, &z]);
            let values = self.channels_first(graph, "values", &values);
            let products = graph.grouped_conv("products", &values, &kernels, self.points());
            let groups = kernels.fixed(0);
            observer.observe(graph, "products/observed", &products, products_range(core), groups);
            let products = self.of_each_point(graph, &products);
            self.at_positions(graph, &products)
        })
    }

    /// The gates' kernels at the points in eight bits, `[p·4H,H+Z,5,1]`, as numbers that map −1..1 to −1..1.
    fn kernels(&self, graph: &mut Graph, core: &str) -> Value {
        let config = self.config();
        let (inputs, outputs) = (
            config.hidden_channels + config.latent_channels,
            self.points() * 4 * config.hidden_channels,
        );
        let from = [
            format!("{core}.gates.weight"),
            values_range(core),
            latents_range(core),
            products_range(core),
        ];
        let integers = graph.quantised(
            &format!("{core}.gates.lines.weight"),
            Element::I8,
            vec![outputs, inputs, TAPS, 1],
            &from,
            |config, from| integers(&scaled_kernels(config, from)),
        );
        let scale = graph.quantised(
            &format!("{core}.gates.lines.scale"),
            Element::F32,
            vec![outputs],
            &from,
            |config, from| {
                let (values, products) = (from[1], from[3]);
                let mut scales = scales(&scaled_kernels(config, from)) / products;
                let of_a_point = scales.len() / values.len();
                for (mut scales, range) in
                    scales.axis_chunks_iter_mut(Axis(0), of_a_point).zip(values)
                {
                    scales *= *range;
                }
                scales
            },
        );
        graph.once(&format!("{core}.gates.lines.weight/numbers"), |graph, label| {
            graph.dequantise(label, &integers, &scale)
        })
    }

    /// The gates' kernels at the points, `[p·4H,H+Z,5,1]`.
    fn kernels_in_single(&self, graph: &mut Graph, core: &str) -> Value {
        const RULES: [Rule; 2] = [
            |config, from| row_kernels(config, from[0], Tile::F2.points()),
            |config, from| row_kernels(config, from[0], Tile::F4.points()),
        ];
        let config = self.config();
        let inputs = config.hidden_channels + config.latent_channels;
        graph.derived(
            &format!("{core}.gates.lines.weight"),
            vec![self.points() * 4 * config.hidden_channels, inputs, TAPS, 1],
            &[format!("{core}.gates.weight")],
            RULES[usize::from(self.tile == Tile::F4)],
        )
    }

    /// The ranges of the gates' products, `[p,4H]`.
    fn ranges(&self, graph: &mut Graph, core: &str) -> Value {
        graph.quantised(
            &format!("{core}.gates.lines.range"),
            Element::F32,
            vec![self.points(), 4 * self.config().hidden_channels],
            &[products_range(core)],
            |config, from| {
                let gates = 4 * config.hidden_channels;
                let ranges = from[0].to_shape((from[0].len() / gates, gates));
                ranges.expect("p·4H numbers").to_owned().into_dyn()
            },
        )
    }

    /// `hidden -> prior`, in single precision
    fn prior(&self, graph: &mut Graph, hidden: &Value) -> Value {
        let (count, prior) = (self.layout.count(), 2 * self.config().latent_channels);
        let share = |(index, row): (usize, usize)| {
            if row == count {
                count * TAPS * TAPS
            } else {
                row * TAPS * TAPS + index % (TAPS * TAPS)
            }
        };
        let shares = graph.indices_once("shares", vec![count, TAPS * TAPS], || {
            self.layout.neighbourhoods().into_iter().enumerate().map(share).collect()
        });
        let weight = prior_col2im_matrix(graph, self.config());
        let bias = graph.weight("prior.bias");
        graph.scoped_in_single("recurrent/prior", |graph| {
            let rows = graph.matmul("shares", hidden, &weight);
            let shape = self.layout.of([count * TAPS * TAPS, prior]);
            let rows = graph.reshape("shares/of_each_position", &rows, shape);
            let rows = self.layout.with_outside(graph, &rows);
            let shares = graph.take("shares/gathered", 1, &rows, &shares);
            let sum = graph.sum_over("sum", 2, &shares);
            graph.add("with_bias", &sum, &bias)
        })
    }
}

/// What a calibration says of the hidden state's values at a core's points: p numbers.
fn values_range(core: &str) -> String {
    format!("calibration.{core}.values")
}

/// The same of the latent's.
fn latents_range(core: &str) -> String {
    format!("calibration.{core}.latents")
}

/// What a calibration says of the products at a core's points: p·4H numbers.
fn products_range(core: &str) -> String {
    format!("calibration.{core}.products")
}

/// α.
fn alpha(graph: &mut Graph, core: &str) -> Value {
    graph.quantised(
        &format!("{core}.gates.lines.alpha"),
        Element::F32,
        Vec::new(),
        &[values_range(core), latents_range(core)],
        |_, from| ndarray::arr0(largest_factor(from[0], from[1])).into_dyn(),
    )
}

/// The largest factor with which the latent's values stay within the ranges of the hidden state's.
fn largest_factor(values: &Tensor, latents: &Tensor) -> f32 {
    values.iter().zip(latents).map(|(value, latent)| value / latent).fold(f32::MAX, f32::min)
}

/// `gates.weight, ranges of values and latents -> [p·4H,H+Z,5,1]`: the kernels at the points, the latent's divided by α.
fn scaled_kernels(config: &ModelConfig, from: &[&Tensor]) -> Tensor {
    let mut kernels = row_kernels(config, from[0], from[1].len());
    let (latent, factor) = (Inputs::new(config).latent, largest_factor(from[1], from[2]));
    kernels.slice_axis_mut(Axis(1), latent.into()).mapv_inplace(|number| number / factor);
    kernels
}

/// `gates.weight -> [p·4H,H+Z,5,1]`: the kernels that read hidden state and latent, each row of taps at the points.
fn row_kernels(config: &ModelConfig, weight: &Tensor, points: usize) -> Tensor {
    let filter = Transforms::one_dimensional(Tile::of_points(points)).filter;
    let weight = input_channels(weight, 0..Inputs::new(config).latent.end);
    let (outputs, inputs) = (weight.shape()[0], weight.shape()[1]);
    Tensor::from_shape_fn(vec![points * outputs, inputs, TAPS, 1], |index| {
        let (point, output) = (index[0] / outputs, index[0] % outputs);
        let taps = (0..TAPS).map(|x| {
            f64::from(filter[point * TAPS + x]) * f64::from(weight[[output, index[1], index[2], x]])
        });
        taps.sum::<f64>() as f32
    })
}

impl RecurrentStrategy for RowWinograd {
    fn layout(&self) -> &dyn Layout {
        &self.layout
    }

    fn recurrent(&self, graph: &mut Graph, _: usize, hidden: &Value) -> (Value, Vec<Value>) {
        (self.prior(graph, hidden), vec![hidden.clone()])
    }

    fn gates(
        &self,
        graph: &mut Graph,
        step: usize,
        fixed: &[Value],
        z: &Value,
        recurrent: &[Value],
    ) -> Logits {
        let [hidden] = recurrent else {
            return self.layout.gates(graph, step, fixed, z, recurrent);
        };
        let core = core(self.config(), step);
        let term = match &self.observer {
            Some(observer) => self.observed_term(graph, &core, [hidden, z], observer),
            None => self.term(graph, &core, hidden, z),
        };
        graph.scoped("gates", |graph| {
            let gates = graph.add("sum", &fixed[0], &term);
            Logits::split(graph, 2, &gates)
        })
    }
}
