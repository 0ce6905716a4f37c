use gqn_formats::{Dim, ModelConfig};

use super::canvas::{BLOCK, paint_bias, paint_matrix};
use super::recurrent::latent_matrix;
use super::slices::GATES;
use super::winograd::TAPS;
use crate::graph::{Graph, Literal, Value, fixed};
use crate::model::Logits;

/// States as rows of places, `[B,h·h,C]`: tile by tile, and row by row within a tile; channels are innermost.
///
/// A neighbourhood is a choice of rows, and what lies outside of the picture is one more row, of zeros. Each gate has
/// values of its own: numbers that are used together stay together in the processor's cache, and nothing is cut apart.
#[derive(Debug)]
pub(crate) struct Places {
    pub(super) config: ModelConfig,
    queries: Dim,
    /// Height and width of a tile.
    tile: [usize; 2],
    /// All noise, `[L,B,h·h,Z]`.
    noise: Option<Value>,
}

impl Places {
    pub(crate) fn new(config: &ModelConfig, tile: [usize; 2], queries: &Dim) -> Self {
        let fits = tile.iter().all(|side| config.hidden_size().is_multiple_of(*side));
        assert!(fits, "tiles do not cover the state");
        Self { config: config.clone(), queries: queries.clone(), tile, noise: None }
    }

    /// h·h.
    pub(crate) fn count(&self) -> usize {
        self.config.hidden_size() * self.config.hidden_size()
    }

    /// Tiles along columns and along rows.
    fn tiles(&self) -> [usize; 2] {
        self.tile.map(|side| self.config.hidden_size() / side)
    }

    /// `B` and then those lengths.
    pub(crate) fn of<const N: usize>(&self, lengths: [usize; N]) -> Vec<Dim> {
        [std::slice::from_ref(&self.queries), &fixed(lengths)].concat()
    }

    /// The queries' axis between those lengths.
    pub(crate) fn behind_one<const N: usize>(&self, lengths: [usize; N]) -> Vec<Dim> {
        [&fixed([1]), std::slice::from_ref(&self.queries), &fixed(lengths)].concat()
    }

    /// Which row holds (y, x); behind the last if it is outside of the picture.
    pub(crate) fn row(&self, y: isize, x: isize) -> usize {
        let inside = |place: isize| {
            usize::try_from(place).ok().filter(|place| *place < self.config.hidden_size())
        };
        let (Some(y), Some(x)) = (inside(y), inside(x)) else { return self.count() };
        let ([height, width], [_, across]) = (self.tile, self.tiles());
        (y / height * across + x / width) * height * width + y % height * width + x % width
    }

    /// `rows [B,n,C] -> [B,n+1,C]`, the last of zeros.
    pub(crate) fn with_outside(&self, graph: &mut Graph, rows: &Value) -> Value {
        let zeros = graph.zeros_once(&self.of([1, rows.fixed(2)]));
        graph.concat("with_outside", 1, &[rows, &zeros])
    }

    /// `[B,more..,C,h,h] -> [more..,B,h·h,C]`
    fn rows(&self, graph: &mut Graph, label: &str, x: &Value) -> Value {
        let before = x.shape.len() - 3;
        let order: Vec<usize> = (1..before).chain([0, before + 1, before + 2, before]).collect();
        let mut x = graph.transpose(&format!("{label}/channels_last"), x, &order);
        let (lead, channels) = (x.shape[..before].to_vec(), x.fixed(before + 2));
        let ([height, width], [down, across]) = (self.tile, self.tiles());
        if height > 1 {
            let cut = fixed([down, height, across, width * channels]);
            x = graph.reshape(&format!("{label}/cut"), &x, [lead.as_slice(), &cut].concat());
            let order: Vec<usize> =
                (0..before).chain([before, before + 2, before + 1, before + 3]).collect();
            x = graph.transpose(&format!("{label}/order"), &x, &order);
        }
        let rows = fixed([self.count(), channels]);
        graph.reshape(&format!("{label}/rows"), &x, [lead.as_slice(), &rows].concat())
    }

    /// The term of each gate.
    pub(crate) fn enter(&self, graph: &mut Graph, label: &str, term: &Value) -> Vec<Value> {
        let rows = self.rows(graph, label, term);
        graph.scoped(label, |graph| graph.split(2, &rows, GATES)).into()
    }

    pub(crate) fn noise(&mut self, graph: &mut Graph, noise: &Value, step: usize) -> Value {
        let all = self.noise.take().unwrap_or_else(|| {
            let shape = [std::slice::from_ref(&self.queries), &noise.shape[1..]].concat();
            graph.at_root("noise", |graph| {
                let noise = graph.expand("for_every_query", noise, &shape);
                self.rows(graph, "all", &noise)
            })
        });
        let noise = graph.gather("noise", 0, &all, step);
        self.noise = Some(all);
        noise
    }

    /// Which rows the 5×5 kernels read around every place, `[h·h,25]`.
    pub(crate) fn neighbourhoods(&self) -> Vec<usize> {
        let side = self.config.hidden_size() as isize;
        let mut numbers = vec![0; self.count() * TAPS * TAPS];
        for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
            for tap in 0..TAPS * TAPS {
                let (dy, dx) = ((tap / TAPS) as isize - 2, (tap % TAPS) as isize - 2);
                numbers[self.row(y, x) * TAPS * TAPS + tap] = self.row(y + dy, x + dx);
            }
        }
        numbers
    }

    /// The gates' logits, each by itself.
    pub(crate) fn gates(
        &self,
        graph: &mut Graph,
        step: usize,
        fixed: &[Value],
        z: &Value,
        recurrent: &[Value],
    ) -> Logits {
        let numbers = self.neighbourhoods().into_iter().map(|row| row as i64).collect();
        let shape = vec![self.count(), TAPS * TAPS];
        let neighbours = graph.constant(Literal::Indices { name: "neighbours", shape, numbers });
        let z = graph.scoped("latent_term", |graph| {
            let z = self.with_outside(graph, z);
            let z = graph.take("neighbours", 1, &z, &neighbours);
            let shape = self.of([self.count(), TAPS * TAPS * self.config.latent_channels]);
            graph.reshape("rows", &z, shape)
        });
        let mut logit = |gate: usize| {
            let weight = latent_matrix(graph, &self.config, step, gate);
            graph.scoped(&format!("gates/{}_logit", GATES[gate]), |graph| {
                let latent = graph.matmul("latent", &z, &weight);
                let sum = graph.add("fixed_and_latent", &fixed[gate], &latent);
                recurrent.get(gate).map_or(sum.clone(), |term| graph.add("sum", &sum, term))
            })
        };
        // Without a hidden state there is no cell state to forget.
        let forget = (!recurrent.is_empty()).then(|| logit(0));
        Logits { forget, input: logit(1), output: logit(2), candidate: logit(3) }
    }

    pub(crate) fn paint(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value {
        let weight = paint_matrix(graph, &self.config, step);
        graph.matmul("paint", hidden, &weight)
    }

    pub(crate) fn leave(&self, graph: &mut Graph, blocks: &Value) -> Value {
        let bias = paint_bias(graph, 0);
        let blocks = graph.add("picture/bias", blocks, &bias);
        let ([height, width], [down, across]) = (self.tile, self.tiles());
        let apart = self.of([down, across, height, width, 3, BLOCK, BLOCK]);
        let blocks = graph.reshape("picture/apart", &blocks, apart);
        let pixels = graph.transpose("picture/order", &blocks, &[0, 5, 1, 3, 6, 2, 4, 7]);
        let side = self.config.image_size;
        graph.reshape("picture/pixels", &pixels, self.of([3, side, side]))
    }
}
