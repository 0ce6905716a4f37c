//! The recurrent convolution by Winograd's algorithm, on tiles.

use gqn_formats::{Dim, Gate, ModelConfig};

use super::layout::Layout;
use super::nhwc_tiles::{Gates, NhwcTiles};
use super::pose::{fixed_taps, fixed_taps_of_gate};
use super::recurrent::{gate_taps, prior_taps, recurrent_taps};
use super::slices::core;
use super::strategy::RecurrentStrategy;
use super::winograd::{Tile, Transforms, row_transform};
use crate::graph::{Graph, Literal, Value, fixed};

/// Channels of a group come in multiples of this, so that engines which keep blocks of channels together in memory need
/// not fall back to a slower kernel. What is added computes zeros.
pub(super) const CHANNEL_BLOCK: usize = 16;

/// The recurrent convolution by Winograd's algorithm, F(m×m, 5×5), on states in T tiles of m×m.
///
/// The input and output transforms are matrices that multiply whole sides and each tile from the left. The products between them are
/// convolutions of 1×1 kernels with a group for every pair of points: of all operators that stand for a batch of products
/// it is the one whose kernels engines put in order when they load the graph. There is one for the gates and the prior, or,
/// where all products of a step would not fit the processor's cache, one for the prior and one for each gate.
#[derive(Debug)]
pub(crate) struct WinogradTiles {
    layout: NhwcTiles,
    tile: Tile,
}

/// The transforms of Winograd's algorithm.
#[derive(Debug, Clone, Copy)]
enum Transform {
    /// From a whole side to the points of its tiles: Bᵀ of every tile, along one axis.
    Input,
    /// From a kernel's taps to the points: G⊗G.
    Filter,
    /// From the points' products to the outputs of a tile: Aᵀ⊗Aᵀ.
    Output,
}

impl WinogradTiles {
    pub(crate) fn new(config: &ModelConfig, tile: Tile, gates: Gates, queries: &Dim) -> Self {
        Self { layout: NhwcTiles::new(config, [tile.side(); 2], queries, gates), tile }
    }

    /// Bytes of the gates' products at all points of one query.
    pub(crate) fn product_bytes(config: &ModelConfig, tile: Tile) -> usize {
        let points = config.hidden_size() / tile.side() * tile.points();
        points * points * 4 * config.hidden_channels * size_of::<f32>()
    }

    /// Whether tiles cover the state exactly.
    pub(crate) fn fit(config: &ModelConfig, tile: Tile) -> bool {
        config.hidden_size().is_multiple_of(tile.side())
    }

    /// Tiles along a side.
    fn side(&self) -> usize {
        self.layout.config.hidden_size() / self.tile.side()
    }

    /// T.
    fn tiles(&self) -> usize {
        self.side() * self.side()
    }

    /// Pairs of points of a tile.
    fn points(&self) -> usize {
        self.tile.points() * self.tile.points()
    }

    /// H.
    fn hidden(&self) -> usize {
        self.layout.config.hidden_channels
    }

    /// The kernels at the points, `[P·O,I,1,1]` with I input channels and O output channels, blocks of them filled up: a constant of the graph,
    /// computed from the 5×5 kernels of the file.
    fn kernels(&self, graph: &mut Graph, taps: &Value, inputs: usize) -> Value {
        let channels = taps.fixed(1) / inputs;
        let outputs = channels.next_multiple_of(CHANNEL_BLOCK);
        graph.once(&format!("{}/points", taps.name), |graph, label| {
            let transform = self.transform(graph, Transform::Filter);
            let mut kernels = graph.matmul(&format!("{label}/matmul"), &transform, taps);
            graph.document("a constant: engines compute it when they load the graph");
            graph.uncounted();
            if outputs > channels {
                let shape = fixed([self.points(), channels, inputs]);
                kernels = graph.reshape(&format!("{label}/matrices"), &kernels, shape);
                let padding = fixed([self.points(), outputs - channels, inputs]);
                let zeros = graph.zeros_once(&padding);
                kernels = graph.concat(&format!("{label}/padded"), 1, &[&kernels, &zeros]);
            }
            let shape = fixed([self.points() * outputs, inputs, 1, 1]);
            graph.reshape(label, &kernels, shape)
        })
    }

    /// One of the transforms as a constant.
    fn transform(&self, graph: &mut Graph, transform: Transform) -> Value {
        let (m, points) = (self.tile.side(), self.points());
        let (name, rows, numbers) = match transform {
            Transform::Input => {
                let numbers = row_transform(self.tile, self.layout.config.hidden_size());
                ("input_transform", self.side() * self.tile.points(), numbers)
            }
            Transform::Filter => ("filter_transform", points, Transforms::new(self.tile).filter),
            Transform::Output => ("output_transform", m * m, Transforms::new(self.tile).output),
        };
        let shape = vec![rows, numbers.len() / rows];
        graph.constant(Literal::Numbers { name, shape, numbers })
    }

    /// `x [B,h·h,I] -> values of the tiles at the points [1,P·I,B,T]`
    ///
    /// Bᵀ⊗Bᵀ is Bᵀ along columns and then along rows, and one matrix does it for all tiles of a side: its rows are their
    /// points, and what lies outside of the picture is not in it. Before and after, only whole rows of tiles are permuted.
    fn values(&self, graph: &mut Graph, x: &Value) -> Value {
        let (m, p, h, channels) =
            (self.tile.side(), self.tile.points(), self.side() * self.tile.side(), x.fixed(2));
        let points = self.side() * p;
        let transform = self.transform(graph, Transform::Input);
        let of = |lengths| self.layout.of(lengths);
        let x = graph.reshape("rows/of_tiles", x, of([self.side(), self.side(), m, m * channels]));
        let x = graph.transpose("rows/order", &x, &[0, 1, 3, 2, 4]);
        let x = graph.reshape("rows", &x, self.layout.of([h, h * channels]));
        let x = graph.matmul("columns_transform", &transform, &x);
        let x = graph.reshape("columns", &x, self.layout.of([points, h, channels]));
        let x = graph.matmul("rows_transform", &transform, &x);
        let x =
            graph.reshape("values/of_rows", &x, of([self.side(), p, self.side(), p * channels]));
        let x = graph.transpose("values/order", &x, &[0, 1, 3, 2, 4]);
        let shape = self.layout.behind_one([self.tiles(), self.points() * channels]);
        let x = graph.reshape("values/of_all_points", &x, shape);
        graph.transpose("values/channels_first", &x, &[0, 3, 1, 2])
    }

    /// `values, taps [25,C·I] -> [B,h·h,C]`
    fn convolved(&self, graph: &mut Graph, label: &str, values: &Value, taps: &Value) -> Value {
        let inputs = values.fixed(1) / self.points();
        let kernels = self.kernels(graph, taps, inputs);
        let to_positions = self.transform(graph, Transform::Output);
        let (channels, outputs) = (taps.fixed(1) / inputs, kernels.fixed(0) / self.points());
        let convolved = graph.scoped(label, |graph| {
            let products = graph.grouped_conv("products", values, &kernels, self.points());
            graph.document("at every pair of points; reads the hidden state from before this step");
            let products = graph.transpose("products/channels_last", &products, &[0, 2, 3, 1]);
            let shape = self.layout.of([self.tiles(), self.points(), outputs]);
            let products = graph.reshape("products/of_each_point", &products, shape);
            let positions = graph.matmul("output_transform", &to_positions, &products);
            graph.reshape("places", &positions, self.layout.of([self.layout.count(), outputs]))
        });
        if outputs == channels {
            return convolved;
        }
        graph.scoped(&format!("{label}/filled_up"), |graph| {
            let parts = [("channels", channels), ("padding", outputs - channels)];
            let [channels, _] = graph.split_into(2, &convolved, parts);
            channels
        })
    }
}

impl RecurrentStrategy for WinogradTiles {
    fn layout(&self) -> &dyn Layout {
        &self.layout
    }

    fn fixed(&self, graph: &mut Graph, inputs: &Value) -> Vec<Vec<Value>> {
        let config = &self.layout.config;
        let values = graph.scoped("fixed", |graph| {
            // Whole blocks of channels here too.
            let channels = inputs.fixed(1);
            let filled = channels.next_multiple_of(CHANNEL_BLOCK);
            let rows = self.layout.rows(graph, "inputs", inputs);
            let rows = if filled > channels {
                let padding = self.layout.of([self.layout.count(), filled - channels]);
                let zeros = graph.zeros_once(&padding);
                graph.concat("inputs/filled_up", 2, &[&rows, &zeros])
            } else {
                rows
            };
            self.values(graph, &rows)
        });
        let channels = values.fixed(1) / self.points();
        let terms = (0..config.cores()).map(|index| {
            let parts: Vec<_> = match self.layout.gates {
                Gates::Together => vec![("gates", fixed_taps(graph, config, index, channels))],
                Gates::Apart => Gate::ALL
                    .into_iter()
                    .map(|gate| {
                        (gate.name(), fixed_taps_of_gate(graph, config, index, channels, gate))
                    })
                    .collect(),
            };
            let scope = core(config, index).replace("generation_core", "fixed");
            graph.scoped(&scope, |graph| {
                let parts = parts.iter().map(|(label, (taps, bias))| {
                    let term = self.convolved(graph, label, &values, taps);
                    graph.add(&format!("{label}/bias"), &term, bias)
                });
                parts.collect()
            })
        });
        terms.collect()
    }

    fn recurrent(&self, graph: &mut Graph, step: usize, hidden: &Value) -> (Value, Vec<Value>) {
        let config = &self.layout.config;
        let bias = graph.weight("prior.bias");
        if self.layout.gates == Gates::Together {
            let taps = recurrent_taps(graph, config, step);
            let parts =
                [("gates", 4 * self.hidden()), ("prior_without_bias", 2 * config.latent_channels)];
            return graph.scoped("recurrent", |graph| {
                let values = self.values(graph, hidden);
                let both = self.convolved(graph, "both", &values, &taps);
                let [gates, prior] = graph.split_into(2, &both, parts);
                let prior = graph.in_single(|graph| graph.add("prior", &prior, &bias));
                (prior, vec![gates])
            });
        }
        let taps = prior_taps(graph, config);
        let gates = Gate::ALL.map(|gate| (gate.name(), gate_taps(graph, config, step, gate)));
        graph.scoped("recurrent", |graph| {
            let values = self.values(graph, hidden);
            let prior = self.convolved(graph, "prior_without_bias", &values, &taps);
            let prior = graph.in_single(|graph| graph.add("prior", &prior, &bias));
            let gates = gates.map(|(gate, taps)| self.convolved(graph, gate, &values, &taps));
            (prior, gates.into())
        })
    }
}
