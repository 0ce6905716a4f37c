use gqn_formats::{Dim, ModelConfig};

use super::canvas::{BLOCK, paint_bias, paint_matrix};
use super::domain::Domain;
use super::recurrent::{latent_matrix, recurrent_taps};
use super::winograd::{TAPS, Tile, Transforms};
use crate::graph::{Graph, Literal, Value, fixed};

/// Channels of a group come in multiples of this, so that engines which keep blocks of channels together in memory need
/// not fall back to a slower kernel. What is added computes zeros.
const CHANNEL_BLOCK: usize = 16;

/// States are tiles of places, and the recurrent convolution is Winograd's.
///
/// With T tiles of m×m places a state is `[B,T·m·m,C]`: places stand in the order of their tiles, channels are innermost. A
/// tile's neighbourhood is then a choice of rows, what lies outside of the picture is a row of zeros, and the input and
/// output transforms are matrices that multiply each tile from the left. The products between them are one convolution
/// of 1×1 kernels with a group for every pair of points: of all operators that stand for a batch of products it is the
/// one whose kernels engines put in order when they load the graph.
#[derive(Debug)]
pub(crate) struct Tiles {
    config: ModelConfig,
    tile: Tile,
    queries: Dim,
    /// All noise, `[L,B,T·m·m,Z]`.
    noise: Option<Value>,
}

impl Tiles {
    pub(crate) fn new(config: &ModelConfig, tile: Tile, queries: &Dim) -> Self {
        assert!(Self::fit(config, tile), "tiles do not cover the state");
        Self { config: config.clone(), tile, queries: queries.clone(), noise: None }
    }

    /// Whether tiles cover the state exactly.
    pub(crate) fn fit(config: &ModelConfig, tile: Tile) -> bool {
        config.hidden_size().is_multiple_of(tile.side())
    }

    /// Tiles along a side.
    fn side(&self) -> usize {
        self.config.hidden_size() / self.tile.side()
    }

    /// T.
    fn tiles(&self) -> usize {
        self.side() * self.side()
    }

    /// Places of all tiles.
    fn places(&self) -> usize {
        self.config.hidden_size() * self.config.hidden_size()
    }

    /// Pairs of points of a tile.
    fn points(&self) -> usize {
        self.tile.points() * self.tile.points()
    }

    /// `B` and then those lengths.
    fn of<const N: usize>(&self, lengths: [usize; N]) -> Vec<Dim> {
        [std::slice::from_ref(&self.queries), &fixed(lengths)].concat()
    }

    /// `[B,more..,C,h,h] -> [more..,B,T·m·m,C]`
    fn tiled(&self, graph: &mut Graph, label: &str, x: &Value) -> Value {
        let rank = x.shape.len();
        let (before, channels) = (&x.shape[..rank - 3], x.shape[rank - 3].clone());
        let (side, tile) = (self.side(), self.tile.side());
        let cut = [&x.shape[..rank - 2], &fixed([side, tile, side, tile])].concat();
        let x = graph.reshape(&format!("{label}/cut"), x, cut);
        let row = rank - 2;
        let order: Vec<usize> =
            (1..rank - 3).chain([0, row, row + 2, row + 1, row + 3, rank - 3]).collect();
        let x = graph.transpose(&format!("{label}/order"), &x, &order);
        let shape = [&before[1..], &before[..1], &[Dim::Fixed(self.places()), channels]].concat();
        graph.reshape(&format!("{label}/tiles"), &x, shape)
    }

    /// Where among the places in the order of their tiles (y, x) stands; behind the last if it is outside of the picture.
    fn place(&self, y: isize, x: isize) -> i64 {
        let inside = |place: isize| {
            usize::try_from(place).ok().filter(|place| *place < self.config.hidden_size())
        };
        let (Some(y), Some(x)) = (inside(y), inside(x)) else { return self.places() as i64 };
        let m = self.tile.side();
        let (tile, phase) = (y / m * self.side() + x / m, y % m * m + x % m);
        (tile * m * m + phase) as i64
    }

    /// The rows `[T,P]` that the input transform reads.
    fn patches(&self, graph: &mut Graph) -> Value {
        let (m, points) = (self.tile.side(), self.tile.points());
        let at = |tile: usize, point: usize| (tile * m + point) as isize - 2;
        let mut numbers = Vec::new();
        for tile in 0..self.tiles() {
            for point in 0..self.points() {
                let y = at(tile / self.side(), point / points);
                numbers.push(self.place(y, at(tile % self.side(), point % points)));
            }
        }
        let shape = vec![self.tiles(), self.points()];
        graph.constant(Literal::Indices { name: "patches", shape, numbers })
    }

    /// The rows `[T·m·m,25]` that the latent's convolution reads.
    fn neighbours(&self, graph: &mut Graph) -> Value {
        let m = self.tile.side();
        let at = |tile: usize, phase: usize, tap: usize| (tile * m + phase + tap) as isize - 2;
        let mut numbers = Vec::new();
        for place in 0..self.places() {
            let (tile, phase) = (place / (m * m), place % (m * m));
            for tap in 0..TAPS * TAPS {
                let y = at(tile / self.side(), phase / m, tap / TAPS);
                numbers.push(self.place(y, at(tile % self.side(), phase % m, tap % TAPS)));
            }
        }
        let shape = vec![self.places(), TAPS * TAPS];
        graph.constant(Literal::Indices { name: "neighbours", shape, numbers })
    }

    /// The kernels at the points, `[P·O,H,1,1]` with O output channels: a constant of the graph, computed from the 5×5
    /// kernels of the file.
    fn kernels(&self, graph: &mut Graph, step: usize) -> Value {
        let taps = recurrent_taps(graph, &self.config, step);
        let hidden = self.config.hidden_channels;
        graph.once(&format!("{}/points", taps.name), |graph, label| {
            let transform = self.transform(graph, "filter_transform");
            let mut kernels = graph.matmul(&format!("{label}/matmul"), &transform, &taps);
            graph.document("a constant: engines compute it when they load the graph");
            graph.uncounted();
            let shape = fixed([self.points(), self.recurrent_channels(), hidden]);
            kernels = graph.reshape(&format!("{label}/matrices"), &kernels, shape);
            if self.padding() > 0 {
                let zeros = graph.zeros_once(&fixed([self.points(), self.padding(), hidden]));
                kernels = graph.concat(&format!("{label}/padded"), 1, &[&kernels, &zeros]);
            }
            graph.reshape(label, &kernels, fixed([self.points() * self.outputs(), hidden, 1, 1]))
        })
    }

    /// Channels of the gates and the prior.
    fn recurrent_channels(&self) -> usize {
        4 * self.config.hidden_channels + 2 * self.config.latent_channels
    }

    /// O: these, and channels of zeros up to whole blocks.
    fn outputs(&self) -> usize {
        self.recurrent_channels().next_multiple_of(CHANNEL_BLOCK)
    }

    fn padding(&self) -> usize {
        self.outputs() - self.recurrent_channels()
    }

    /// One of the transforms as a constant.
    fn transform(&self, graph: &mut Graph, name: &'static str) -> Value {
        let Transforms { output, filter, input } = Transforms::new(self.tile);
        let (numbers, columns) = match name {
            "filter_transform" => (filter, TAPS * TAPS),
            "input_transform" => (input, self.points()),
            _ => (output, self.points()),
        };
        let shape = vec![numbers.len() / columns, columns];
        graph.constant(Literal::Numbers { name, shape, numbers })
    }

    /// `rows [B,n,C] -> [B,n+1,C]`, the last of zeros.
    fn with_outside(&self, graph: &mut Graph, rows: &Value) -> Value {
        let zeros = graph.zeros_once(&self.of([1, rows.fixed(2)]));
        graph.concat("with_outside", 1, &[rows, &zeros])
    }

    /// `values of the tiles at the points [B,T,P,H] -> products [B,T,P,O]`
    fn products(&self, graph: &mut Graph, kernels: &Value, values: &Value) -> Value {
        let of_tiles = |channels: usize| {
            let (tiles, channels) = (Dim::Fixed(self.tiles()), Dim::Fixed(channels));
            vec![Dim::Fixed(1), self.queries.clone(), tiles, channels]
        };
        let shape = of_tiles(self.points() * self.config.hidden_channels);
        let values = graph.reshape("values/of_all_points", values, shape);
        let values = graph.transpose("values/channels_first", &values, &[0, 3, 1, 2]);
        let products = graph.grouped_conv("products", &values, kernels, self.points());
        graph.document(
            "gates and prior at every pair of points; reads the hidden state from before this step",
        );
        let products = graph.transpose("products/channels_last", &products, &[0, 2, 3, 1]);
        let shape = self.of([self.tiles(), self.points(), self.outputs()]);
        graph.reshape("products/of_each_point", &products, shape)
    }
}

impl Domain for Tiles {
    fn channel_axis(&self) -> usize {
        2
    }

    fn axes_after_channels(&self) -> usize {
        0
    }

    fn enter(&self, graph: &mut Graph, label: &str, term: &Value) -> Value {
        self.tiled(graph, label, term)
    }

    fn noise(&mut self, graph: &mut Graph, noise: &Value, step: usize) -> Value {
        let all = self.noise.take().unwrap_or_else(|| {
            let shape = [std::slice::from_ref(&self.queries), &noise.shape[1..]].concat();
            graph.at_root("noise", |graph| {
                let noise = graph.expand("for_every_query", noise, &shape);
                self.tiled(graph, "all", &noise)
            })
        });
        let noise = graph.gather("noise", 0, &all, step);
        self.noise = Some(all);
        noise
    }

    fn recurrent(&self, graph: &mut Graph, step: usize, hidden: &Value) -> [Value; 2] {
        let kernels = self.kernels(graph, step);
        let patches = self.patches(graph);
        let to_points = self.transform(graph, "input_transform");
        let to_places = self.transform(graph, "output_transform");
        let bias = graph.weight("prior.bias");
        graph.scoped("recurrent", |graph| {
            let rows = self.with_outside(graph, hidden);
            let inputs = graph.take("patches", 1, &rows, &patches);
            let values = graph.matmul("input_transform", &to_points, &inputs);
            let products = self.products(graph, &kernels, &values);
            let both = graph.matmul("output_transform", &to_places, &products);
            let both = graph.reshape("both", &both, self.of([self.places(), self.outputs()]));
            let gates = ("gates", 4 * self.config.hidden_channels);
            let prior = ("prior_without_bias", 2 * self.config.latent_channels);
            let [gates, prior] = if self.padding() > 0 {
                let padding = ("padding", self.padding());
                let [gates, prior, _] = graph.split_into(2, &both, [gates, prior, padding]);
                [gates, prior]
            } else {
                graph.split_into(2, &both, [gates, prior])
            };
            [gates, graph.add("prior", &prior, &bias)]
        })
    }

    fn latent(&self, graph: &mut Graph, step: usize, z: &Value) -> Value {
        let weight = latent_matrix(graph, &self.config, step);
        let neighbours = self.neighbours(graph);
        graph.scoped("latent_term", |graph| {
            let z = self.with_outside(graph, z);
            let z = graph.take("neighbours", 1, &z, &neighbours);
            let shape = self.of([self.places(), TAPS * TAPS * self.config.latent_channels]);
            let z = graph.reshape("rows", &z, shape);
            graph.matmul("product", &z, &weight)
        })
    }

    fn paint(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value {
        let weight = paint_matrix(graph, &self.config, step);
        graph.matmul("paint", hidden, &weight)
    }

    fn leave(&self, graph: &mut Graph, blocks: &Value) -> Value {
        let bias = paint_bias(graph, 0);
        let blocks = graph.add("picture/bias", blocks, &bias);
        let (side, tile) = (self.side(), self.tile.side());
        let apart = self.of([side, side, tile, tile, 3, BLOCK, BLOCK]);
        let blocks = graph.reshape("picture/apart", &blocks, apart);
        let pixels = graph.transpose("picture/order", &blocks, &[0, 5, 1, 3, 6, 2, 4, 7]);
        let side = self.config.image_size;
        graph.reshape("picture/pixels", &pixels, self.of([3, side, side]))
    }
}
