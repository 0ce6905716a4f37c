use gqn_formats::{Dim, ModelConfig, Tensor};
use ndarray::{Axis, s};

use super::domain::Domain;
use super::places::{Gates, Places};
use super::probe::Probe;
use super::quantised::{LARGEST, integers, scales};
use super::recurrent::prior_spread;
use super::slices::{GATES, Inputs, core, input_channels};
use super::winograd::{TAPS, Tile, Transforms, line_transform};
use crate::graph::{Element, Graph, Literal, Rule, Value};
use crate::model::Logits;

/// States are places, row by row, and the recurrent convolution of the gates is Winograd's along rows, on eight-bit
/// integers.
///
/// With p points for m outputs, and the kernels' five rows as they are, 5·p products stand for 25·m: 2.5 times fewer with
/// F(4, 5). In both dimensions it would be 6.25 times fewer, but the transforms' factors, up to 8, would meet the rounding
/// twice: of eight bits too little would be left. The values at each point are divided by their range, and the products
/// for each point and output channel by theirs (both known from a calibration), so that all integers stand for −1..1:
///
/// `M_po` = `r_po` · Σ (`s_po` · `r_p` / `r_po`) `Q_po` · (V`_p` / `r_p`) with kernels U`_po` ≈ `s_po` · `Q_po`.
///
/// The prior is computed in single precision: each place says what it adds to the 25 places around it (one product), and
/// these shares are gathered and summed up.
#[derive(Debug)]
pub(crate) struct Lines {
    places: Places,
    tile: Tile,
    probe: Option<Probe>,
}

impl Lines {
    pub(crate) fn new(config: &ModelConfig, tile: Tile, queries: &Dim) -> Self {
        Self {
            places: Places::new(config, [1, tile.side()], queries, Gates::Apart),
            tile,
            probe: None,
        }
    }

    /// Computes in single precision and notes what a calibration wants to see.
    pub(crate) fn probe(config: &ModelConfig, tile: Tile, queries: &Dim) -> Self {
        Self { probe: Some(Probe::default()), ..Self::new(config, tile, queries) }
    }

    pub(crate) fn into_probe(self) -> Probe {
        self.probe.unwrap_or_default()
    }

    fn config(&self) -> &ModelConfig {
        &self.places.config
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
        let numbers = line_transform(self.tile, side);
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

    /// `hidden [B,h·h,H], transform -> values [B,h,tiles·p,H]`
    fn values(&self, graph: &mut Graph, hidden: &Value, transform: &Value) -> Value {
        let side = self.config().hidden_size();
        let rows = self.places.of([side, side, self.config().hidden_channels]);
        let rows = graph.reshape("rows", hidden, rows);
        graph.matmul("values", transform, &rows)
    }

    /// `[B,h,tiles·p,H] -> [B,p·H,h,tiles]`, a picture whose places are tiles
    fn channels_first(&self, graph: &mut Graph, label: &str, values: &Value) -> Value {
        let channels = self.points() * self.config().hidden_channels;
        let shape = self.places.of([self.config().hidden_size(), self.tiles(), channels]);
        let values = graph.reshape(&format!("{label}/of_all_points"), values, shape);
        graph.transpose(&format!("{label}/channels_first"), &values, &[0, 3, 1, 2])
    }

    /// `hidden -> the term of each gate`
    fn terms(&self, graph: &mut Graph, core: &str, hidden: &Value) -> Vec<Value> {
        let unit = graph.constant(Literal::F32(1.0 / LARGEST));
        let (kernels, transform) = (self.kernels(graph, core), self.scaled_transform(graph, core));
        let ranges = [0, 1, 2, 3].map(|gate| self.range(graph, core, gate));
        let to_places = self.to_places(graph);
        graph.scoped("recurrent", |graph| {
            let values = self.values(graph, hidden, &transform);
            let q = graph.quantise("values/integers", &values, &unit);
            let values = graph.dequantise("values/numbers", &q, &unit);
            let values = self.channels_first(graph, "values", &values);
            let products = graph.grouped_conv("products", &values, &kernels, self.points());
            graph.document("at every point; reads the hidden state from before this step");
            let q = graph.quantise("products/integers", &products, &unit);
            let products = graph.dequantise("products/numbers", &q, &unit);
            let products = graph.transpose("products/channels_last", &products, &[0, 2, 3, 1]);
            let (tiles, gates) = (self.config().hidden_size() * self.tiles(), kernels.fixed(0));
            let shape = self.places.of([tiles, self.points(), gates / self.points()]);
            let products = graph.reshape("products/of_each_point", &products, shape);
            let gates = graph.scoped("products", |graph| graph.split(3, &products, GATES));
            let term = |((products, range), gate): ((&Value, &Value), &str)| {
                graph.scoped(gate, |graph| {
                    let products = graph.mul("products", products, range);
                    let places = graph.matmul("output_transform", &to_places, &products);
                    let shape = [self.places.count(), self.config().hidden_channels];
                    graph.reshape("places", &places, self.places.of(shape))
                })
            };
            gates.iter().zip(&ranges).zip(GATES).map(term).collect()
        })
    }

    /// The same in single precision, with what a calibration wants to see.
    fn watched_terms(
        &self,
        graph: &mut Graph,
        core: &str,
        hidden: &Value,
        probe: &Probe,
    ) -> Vec<Value> {
        let (channels, points) = (self.config().hidden_channels, self.points());
        let (kernels, transform) = (self.kernels_in_single(graph, core), self.transform(graph));
        let to_places = self.to_places(graph);
        graph.scoped("recurrent", |graph| {
            let values = self.values(graph, hidden, &transform);
            let values = self.channels_first(graph, "values", &values);
            probe.watch(graph, "values/watched", &values, values_range(core), points);
            let products = graph.grouped_conv("products", &values, &kernels, points);
            let groups = kernels.fixed(0);
            probe.watch(graph, "products/watched", &products, products_range(core), groups);
            let products = graph.transpose("products/channels_last", &products, &[0, 2, 3, 1]);
            let tiles = self.config().hidden_size() * self.tiles();
            let shape = self.places.of([tiles, points, groups / points]);
            let products = graph.reshape("products/of_each_point", &products, shape);
            let places = graph.matmul("output_transform", &to_places, &products);
            let shape = self.places.of([self.places.count(), 4 * channels]);
            let places = graph.reshape("places", &places, shape);
            graph.split(2, &places, GATES).into()
        })
    }

    /// From the products at the points to places, `[m,p]`.
    fn to_places(&self, graph: &mut Graph) -> Value {
        let numbers = Transforms::of_lines(self.tile).output;
        let shape = vec![self.tile.side(), self.points()];
        graph.constant(Literal::Numbers { name: "output_transform", shape, numbers })
    }

    /// The gates' kernels at the points in eight bits, `[p·4H,H,5,1]`, as numbers that map −1..1 to −1..1.
    fn kernels(&self, graph: &mut Graph, core: &str) -> Value {
        let hidden = self.config().hidden_channels;
        let outputs = self.points() * 4 * hidden;
        let from = [format!("{core}.gates.weight"), products_range(core), values_range(core)];
        let integers = graph.quantised(
            &format!("{core}.gates.lines.weight"),
            Element::I8,
            vec![outputs, hidden, TAPS, 1],
            &from,
            |config, from| integers(&line_kernels(config, from[0], from[2].len())),
        );
        let scale = graph.quantised(
            &format!("{core}.gates.lines.scale"),
            Element::F32,
            vec![outputs],
            &from,
            |config, from| {
                let (products, values) = (from[1], from[2]);
                let mut scales = scales(&line_kernels(config, from[0], values.len())) / products;
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

    /// The gates' kernels at the points, `[p·4H,H,5,1]`.
    fn kernels_in_single(&self, graph: &mut Graph, core: &str) -> Value {
        const RULES: [Rule; 2] = [
            |config, from| line_kernels(config, from[0], Tile::Fine.points()),
            |config, from| line_kernels(config, from[0], Tile::Usual.points()),
        ];
        let hidden = self.config().hidden_channels;
        graph.derived(
            &format!("{core}.gates.lines.weight"),
            vec![self.points() * 4 * hidden, hidden, TAPS, 1],
            &[format!("{core}.gates.weight")],
            RULES[usize::from(self.tile == Tile::Usual)],
        )
    }

    /// The ranges of one gate's products, `[p,H]`.
    fn range(&self, graph: &mut Graph, core: &str, gate: usize) -> Value {
        const RULES: [Rule; 4] = [ranges::<0>, ranges::<1>, ranges::<2>, ranges::<3>];
        graph.quantised(
            &format!("{core}.gates.{}.lines.range", GATES[gate]),
            Element::F32,
            vec![self.points(), self.config().hidden_channels],
            &[products_range(core)],
            RULES[gate],
        )
    }

    /// `hidden -> prior`, in single precision
    fn prior(&self, graph: &mut Graph, hidden: &Value) -> Value {
        let (count, prior) = (self.places.count(), 2 * self.config().latent_channels);
        let share = |(index, row): (usize, usize)| {
            (if row == count {
                count * TAPS * TAPS
            } else {
                row * TAPS * TAPS + index % (TAPS * TAPS)
            }) as i64
        };
        let numbers = self.places.neighbourhoods().into_iter().enumerate().map(share).collect();
        let shape = vec![count, TAPS * TAPS];
        let shares = graph.constant(Literal::Indices { name: "shares", shape, numbers });
        let weight = prior_spread(graph, self.config());
        let bias = graph.weight("prior.bias");
        graph.scoped("recurrent/prior", |graph| {
            let rows = graph.matmul("shares", hidden, &weight);
            let shape = self.places.of([count * TAPS * TAPS, prior]);
            let rows = graph.reshape("shares/of_each_place", &rows, shape);
            let rows = self.places.with_outside(graph, &rows);
            let shares = graph.take("shares/gathered", 1, &rows, &shares);
            let sum = graph.sum_over("sum", 2, &shares);
            graph.add("with_bias", &sum, &bias)
        })
    }
}

/// What a calibration says of the values at a core's points: p numbers.
fn values_range(core: &str) -> String {
    format!("calibration.{core}.values")
}

/// What a calibration says of the products at a core's points: p·4H numbers.
fn products_range(core: &str) -> String {
    format!("calibration.{core}.products")
}

fn ranges<const GATE: usize>(config: &ModelConfig, from: &[&Tensor]) -> Tensor {
    let hidden = config.hidden_channels;
    let points = from[0].len() / (4 * hidden);
    let of_points = from[0].to_shape((points, 4 * hidden)).expect("p·4H numbers");
    of_points.slice(s![.., GATE * hidden..(GATE + 1) * hidden]).to_owned().into_dyn()
}

/// `gates.weight -> [p·4H,H,5,1]`: the kernels that read the hidden state, each row of taps at the points.
fn line_kernels(config: &ModelConfig, weight: &Tensor, points: usize) -> Tensor {
    let filter = Transforms::of_lines(Tile::of_points(points)).filter;
    let weight = input_channels(weight, Inputs::new(config).hidden);
    let outputs = weight.shape()[0];
    Tensor::from_shape_fn(vec![points * outputs, config.hidden_channels, TAPS, 1], |index| {
        let (point, output) = (index[0] / outputs, index[0] % outputs);
        let taps = (0..TAPS).map(|x| {
            f64::from(filter[point * TAPS + x]) * f64::from(weight[[output, index[1], index[2], x]])
        });
        taps.sum::<f64>() as f32
    })
}

impl Domain for Lines {
    fn channel_axis(&self) -> usize {
        2
    }

    fn axes_after_channels(&self) -> usize {
        0
    }

    fn enter(&self, graph: &mut Graph, label: &str, term: &Value) -> Vec<Value> {
        self.places.enter(graph, label, term)
    }

    fn noise(&mut self, graph: &mut Graph, noise: &Value, step: usize) -> Value {
        self.places.noise(graph, noise, step)
    }

    fn recurrent(&self, graph: &mut Graph, step: usize, hidden: &Value) -> (Value, Vec<Value>) {
        let core = core(self.config(), step);
        let terms = match &self.probe {
            Some(probe) => self.watched_terms(graph, &core, hidden, probe),
            None => self.terms(graph, &core, hidden),
        };
        (self.prior(graph, hidden), terms)
    }

    fn gates(
        &self,
        graph: &mut Graph,
        step: usize,
        fixed: &[Value],
        z: &Value,
        recurrent: &[Value],
    ) -> Logits {
        self.places.gates(graph, step, fixed, z, recurrent)
    }

    fn paint(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value {
        self.places.paint(graph, step, hidden)
    }

    fn leave(&self, graph: &mut Graph, blocks: &Value) -> Value {
        self.places.leave(graph, blocks)
    }
}
