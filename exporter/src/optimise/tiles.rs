use gqn_formats::{Dim, ModelConfig};

use super::canvas::{BLOCK, paint_bias, paint_weight};
use super::domain::Domain;
use super::recurrent::{latent_weight, recurrent_taps};
use super::winograd::{POINTS, TAPS, TILE, Transforms};
use crate::graph::{Graph, Literal, Value, merged};

/// Places of a tile.
const PHASES: usize = TILE * TILE;

/// States are tiles of 4×4 places, and the recurrent convolution is Winograd's.
///
/// With T = (h/4)² tiles a state is `[16,C,T·B]`: the place within the tile, the channel, then tile and query. In this
/// layout the matrices of the output transform, of the gates and of the latent's convolution multiply from the left
/// without a transposition, and element-wise operators do not care. Only the input transform needs neighbours: it
/// gathers rows of H numbers, 64 for every tile, where what lies outside of the picture is a row of zeros.
#[derive(Debug)]
pub(crate) struct Tiles {
    config: ModelConfig,
    queries: Dim,
    /// All noise, `[L,16,Z,T·B]`.
    noise: Option<Value>,
}

impl Tiles {
    pub(crate) fn new(config: &ModelConfig, queries: &Dim) -> Self {
        assert!(Self::fit(config), "tiles do not cover the state");
        Self { config: config.clone(), queries: queries.clone(), noise: None }
    }

    /// Whether tiles cover the state exactly.
    pub(crate) fn fit(config: &ModelConfig) -> bool {
        config.hidden_size().is_multiple_of(TILE)
    }

    /// Tiles along a side.
    fn side(&self) -> usize {
        self.config.hidden_size() / TILE
    }

    /// T.
    fn tiles(&self) -> usize {
        self.side() * self.side()
    }

    /// T·B.
    fn columns(&self) -> Dim {
        merged(&Dim::Fixed(self.tiles()), &self.queries)
    }

    /// `[B,before..,h,h] -> [before..,16,C,T·B]`, where C is the last of the axes before, which may be empty but for it.
    fn tiled(&self, graph: &mut Graph, label: &str, x: &Value) -> Value {
        let (rank, side, tile) = (x.shape.len(), Dim::Fixed(self.side()), Dim::Fixed(TILE));
        let before = &x.shape[..rank - 2];
        let cut = [before, &[side.clone(), tile.clone(), side, tile]].concat();
        let x = graph.reshape(&format!("{label}/cut"), x, cut);
        let places = rank - 2;
        let order: Vec<usize> = (1..places - 1)
            .chain([places + 1, places + 3, places - 1, places, places + 2, 0])
            .collect();
        let x = graph.transpose(&format!("{label}/order"), &x, &order);
        let shape = [
            &before[1..places - 1],
            &[Dim::Fixed(PHASES), before[places - 1].clone(), self.columns()],
        ];
        graph.reshape(&format!("{label}/tiles"), &x, shape.concat())
    }

    /// Where in `[16,T]` the place (y, x) of the picture stands; none if it is outside.
    fn place(&self, y: isize, x: isize) -> Option<[usize; 2]> {
        let inside = |place: isize| {
            usize::try_from(place).ok().filter(|place| *place < self.config.hidden_size())
        };
        let (y, x) = (inside(y)?, inside(x)?);
        Some([y % TILE * TILE + x % TILE, y / TILE * self.side() + x / TILE])
    }

    /// The rows `[64,T]` of `[16·T + 1]` that the input transform reads; the last row is what lies outside.
    fn patches(&self, graph: &mut Graph) -> Value {
        let mut numbers = Vec::new();
        for point in 0..POINTS * POINTS {
            for tile in 0..self.tiles() {
                let at = |tile: usize, point: usize| (tile * TILE + point) as isize - 2;
                let place = self.place(
                    at(tile / self.side(), point / POINTS),
                    at(tile % self.side(), point % POINTS),
                );
                numbers.push(
                    place.map_or(PHASES * self.tiles(), |[phase, tile]| phase * self.tiles() + tile)
                        as i64,
                );
            }
        }
        let shape = vec![POINTS * POINTS, self.tiles()];
        graph.constant(Literal::Indices { name: "patches", shape, numbers })
    }

    /// The rows `[16,25·Z,T]` of `[16·Z·T + 1]` that the latent's convolution reads.
    fn neighbours(&self, graph: &mut Graph) -> Value {
        let latent = self.config.latent_channels;
        let mut numbers = Vec::new();
        for phase in 0..PHASES {
            for tap in 0..latent * TAPS * TAPS {
                for tile in 0..self.tiles() {
                    let (z, tap) = (tap / (TAPS * TAPS), tap % (TAPS * TAPS));
                    let at = |tile: usize, phase: usize, tap: usize| {
                        (tile * TILE + phase + tap) as isize - 2
                    };
                    let place = self.place(
                        at(tile / self.side(), phase / TILE, tap / TAPS),
                        at(tile % self.side(), phase % TILE, tap % TAPS),
                    );
                    numbers.push(place.map_or(PHASES * latent * self.tiles(), |[phase, tile]| {
                        (phase * latent + z) * self.tiles() + tile
                    }) as i64);
                }
            }
        }
        let shape = vec![PHASES, latent * TAPS * TAPS, self.tiles()];
        graph.constant(Literal::Indices { name: "neighbours", shape, numbers })
    }

    /// The kernels at the points, `[64,4H+2Z,H]`: a constant of the graph, computed from the 5×5 kernels of the file.
    fn kernels(&self, graph: &mut Graph, step: usize) -> Value {
        let taps = recurrent_taps(graph, &self.config, step);
        let shape = [POINTS * POINTS, self.recurrent_channels(), self.config.hidden_channels];
        graph.once(&format!("{}/points", taps.name), |graph, label| {
            let transform = transform(graph, "filter_transform", [POINTS * POINTS, TAPS * TAPS]);
            let kernels = graph.matmul(&format!("{label}/matmul"), &transform, &taps);
            graph.document("a constant: engines compute it when they load the graph");
            graph.uncounted();
            graph.reshape(label, &kernels, shape.map(Dim::Fixed).to_vec())
        })
    }

    fn recurrent_channels(&self) -> usize {
        4 * self.config.hidden_channels + 2 * self.config.latent_channels
    }
}

/// `rows [n,..] -> [n+1,..]`, the last of zeros.
fn with_outside(graph: &mut Graph, label: &str, rows: &Value) -> Value {
    let shape = [&[Dim::Fixed(1)], &rows.shape[1..]].concat();
    let zeros = graph.zeros_once(&shape);
    graph.concat(label, 0, &[rows, &zeros])
}

/// One of the transforms as a constant.
fn transform(graph: &mut Graph, name: &'static str, shape: [usize; 2]) -> Value {
    let Transforms { output, filter, input } = Transforms::new();
    let numbers = match name {
        "filter_transform" => filter,
        "input_transform" => input,
        _ => output,
    };
    graph.constant(Literal::Numbers { name, shape: shape.to_vec(), numbers })
}

impl Domain for Tiles {
    fn channel_axis(&self) -> usize {
        1
    }

    fn axes_after_channels(&self) -> usize {
        1
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
        let (channels, points) = (Dim::Fixed(self.config.hidden_channels), POINTS * POINTS);
        let kernels = self.kernels(graph, step);
        let patches = self.patches(graph);
        let to_points = transform(graph, "input_transform", [points, points]);
        let to_places = transform(graph, "output_transform", [PHASES, points]);
        let bias = graph.derived(
            "prior.bias.column",
            vec![2 * self.config.latent_channels, 1],
            &["prior.bias".to_owned()],
            |_, from| from[0].clone(),
        );
        graph.scoped("recurrent", |graph| {
            let rows = graph.transpose("channels_last", hidden, &[0, 2, 1]);
            let places = Dim::Fixed(PHASES * self.tiles());
            let shape = vec![places, self.queries.clone(), channels.clone()];
            let rows = graph.reshape("rows", &rows, shape);
            let rows = with_outside(graph, "with_outside", &rows);
            let inputs = graph.take("patches", 0, &rows, &patches);
            let flat = vec![Dim::Fixed(points), merged(&self.columns(), &channels)];
            let inputs = graph.reshape("patches/flat", &inputs, flat);
            let values = graph.matmul("input_transform", &to_points, &inputs);
            let shape = vec![Dim::Fixed(points), self.columns(), channels];
            let values = graph.reshape("values/rows", &values, shape);
            let values = graph.transpose("values", &values, &[0, 2, 1]);
            let products = graph.matmul("products", &kernels, &values);
            graph.document(
                "gates and prior at 64 points; reads the hidden state from before this step",
            );
            let output = Dim::Fixed(self.recurrent_channels());
            let flat = vec![Dim::Fixed(points), merged(&self.columns(), &output)];
            let products = graph.reshape("products/flat", &products, flat);
            let both = graph.matmul("output_transform", &to_places, &products);
            let shape = vec![Dim::Fixed(PHASES), output, self.columns()];
            let both = graph.reshape("both", &both, shape);
            let (gates, prior) = (4 * self.config.hidden_channels, 2 * self.config.latent_channels);
            let [gates, prior] =
                graph.split_into(1, &both, [("gates", gates), ("prior_without_bias", prior)]);
            let prior = graph.add("prior", &prior, &bias);
            [gates, prior]
        })
    }

    fn latent(&self, graph: &mut Graph, step: usize, z: &Value) -> Value {
        let latent = self.config.latent_channels;
        let weight = latent_weight(graph, &self.config, step, &[latent * TAPS * TAPS]);
        let neighbours = self.neighbours(graph);
        graph.scoped("latent_term", |graph| {
            let rows = Dim::Fixed(PHASES * latent * self.tiles());
            let z = graph.reshape("rows", z, vec![rows, self.queries.clone()]);
            let z = with_outside(graph, "with_outside", &z);
            let z = graph.take("neighbours", 0, &z, &neighbours);
            let shape = vec![Dim::Fixed(PHASES), Dim::Fixed(latent * TAPS * TAPS), self.columns()];
            let z = graph.reshape("columns", &z, shape);
            graph.matmul("product", &weight, &z)
        })
    }

    fn paint(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value {
        let weight = paint_weight(graph, &self.config, step, &[]);
        graph.matmul("paint", &weight, hidden)
    }

    fn leave(&self, graph: &mut Graph, blocks: &Value) -> Value {
        let bias = paint_bias(graph, 1);
        let blocks = graph.add("picture/bias", blocks, &bias);
        let [tile, block, side] = [TILE, BLOCK, self.side()].map(Dim::Fixed);
        let apart = vec![
            tile.clone(),
            tile,
            Dim::Fixed(3),
            block.clone(),
            block,
            side.clone(),
            side,
            self.queries.clone(),
        ];
        let blocks = graph.reshape("picture/apart", &blocks, apart);
        let pixels = graph.transpose("picture/order", &blocks, &[7, 2, 5, 0, 3, 6, 1, 4]);
        let side = Dim::Fixed(self.config.image_size);
        let shape = vec![self.queries.clone(), Dim::Fixed(3), side.clone(), side];
        graph.reshape("picture/pixels", &pixels, shape)
    }
}
