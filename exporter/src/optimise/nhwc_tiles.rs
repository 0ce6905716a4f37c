//! The tiled channels-last layout.

use std::cell::OnceCell;

use gqn_formats::{Dim, Gate, ModelConfig};

use super::canvas::{BLOCK, canvas_update_matrix, pixel_bias};
use super::layout::Layout;
use super::recurrent::{latent_matrix, latent_matrix_of_gate};
use super::winograd::TAPS;
use crate::graph::{Graph, Value, fixed};
use crate::model::Logits;

/// The tiled channels-last layout, `[B,h·h,C]`: spatial positions tile by tile, and row by row within a tile.
///
/// A neighbourhood is a choice of rows, and what lies outside of the picture is one more row, of zeros.
#[derive(Debug)]
pub(crate) struct NhwcTiles {
    pub(super) config: ModelConfig,
    queries: Dim,
    /// Height and width of a tile.
    tile: [usize; 2],
    pub(super) gates: Gates,
    /// All noise, `[L,B,h·h,Z]`.
    noise: OnceCell<Value>,
}

/// Whether the four gates are one value or four until they are squashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gates {
    /// One: fewer operators.
    Together,
    /// Four: what is used together stays in the processor's cache.
    Apart,
}

impl NhwcTiles {
    pub(crate) fn new(config: &ModelConfig, tile: [usize; 2], queries: &Dim, gates: Gates) -> Self {
        let fits = tile.iter().all(|side| config.hidden_size().is_multiple_of(*side));
        assert!(fits, "tiles do not cover the state");
        Self {
            config: config.clone(),
            queries: queries.clone(),
            tile,
            gates,
            noise: OnceCell::new(),
        }
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
    pub(super) fn rows(&self, graph: &mut Graph, label: &str, x: &Value) -> Value {
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

    /// Which rows the 5×5 kernels read around every position, `[h·h,25]`.
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

    /// `rows [B,h·h,C] -> [B,h·h,25·C]`: what stands around every position, gathered along rows first and then along columns, in
    /// pieces as long as can be.
    fn around(&self, graph: &mut Graph, rows: &Value) -> Value {
        const MIDDLE: usize = TAPS / 2;
        let (count, channels) = (self.count(), rows.fixed(2));
        let along_rows = graph.indices_once("along_rows", vec![count + 1, TAPS], || {
            let around = self.neighbourhoods();
            let rows = around.chunks(TAPS * TAPS).flat_map(|near| &near[MIDDLE * TAPS..][..TAPS]);
            // What is around the row of zeros is zero.
            rows.copied().chain([count; TAPS]).collect()
        });
        let along_columns = graph.indices_once("along_columns", vec![count, TAPS], || {
            let around = self.neighbourhoods();
            let columns = around.chunks(TAPS * TAPS);
            columns.flat_map(|near| near.iter().skip(MIDDLE).step_by(TAPS)).copied().collect()
        });
        let rows = self.with_outside(graph, rows);
        let rows = graph.take("along_rows", 1, &rows, &along_rows);
        let shape = self.of([count + 1, TAPS * channels]);
        let rows = graph.reshape("along_rows/joined", &rows, shape);
        let rows = graph.take("along_columns", 1, &rows, &along_columns);
        graph.reshape("rows", &rows, self.of([count, TAPS * TAPS * channels]))
    }
}

impl Layout for NhwcTiles {
    fn channel_axis(&self) -> usize {
        2
    }

    fn axes_after_channels(&self) -> usize {
        0
    }

    fn enter(&self, graph: &mut Graph, label: &str, term: &Value) -> Vec<Value> {
        let rows = self.rows(graph, label, term);
        match self.gates {
            Gates::Together => vec![rows],
            Gates::Apart => {
                graph.scoped(label, |graph| graph.split(2, &rows, Gate::ALL.map(Gate::name))).into()
            }
        }
    }

    fn noise(&self, graph: &mut Graph, noise: &Value, step: usize) -> Value {
        let all = self.noise.get_or_init(|| {
            let shape = [std::slice::from_ref(&self.queries), &noise.shape[1..]].concat();
            graph.at_root("noise", |graph| {
                let noise = graph.expand("for_every_query", noise, &shape);
                self.rows(graph, "all", &noise)
            })
        });
        graph.gather("noise", 0, all, step)
    }

    fn gates(
        &self,
        graph: &mut Graph,
        step: usize,
        fixed: &[Value],
        z: &Value,
        recurrent: &[Value],
    ) -> Logits {
        let z = graph.scoped("latent_term", |graph| self.around(graph, z));
        let sum = |graph: &mut Graph, label: &str, part: usize, weight: &Value| {
            graph.scoped(label, |graph| {
                let latent = graph.matmul("latent", &z, weight);
                let sum = graph.add("fixed_and_latent", &fixed[part], &latent);
                recurrent.get(part).map_or(sum.clone(), |term| graph.add("sum", &sum, term))
            })
        };
        let config = &self.config;
        if self.gates == Gates::Together {
            let weight = latent_matrix(graph, config, step);
            let gates = sum(graph, "gates", 0, &weight);
            return graph.scoped("gates", |graph| Logits::split(graph, 2, &gates));
        }
        let mut logit = |gate: Gate| {
            let weight = latent_matrix_of_gate(graph, config, step, gate);
            sum(graph, &format!("gates/{}_logit", gate.name()), gate.index(), &weight)
        };
        // Without a hidden state there is no cell state to forget.
        let forget = (!recurrent.is_empty()).then(|| logit(Gate::Forget));
        Logits {
            forget,
            input: logit(Gate::Input),
            output: logit(Gate::Output),
            candidate: logit(Gate::Candidate),
        }
    }

    fn canvas_update(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value {
        let weight = canvas_update_matrix(graph, &self.config, step);
        graph.in_single(|graph| graph.matmul("canvas_update", hidden, &weight))
    }

    fn leave(&self, graph: &mut Graph, blocks: &Value) -> Value {
        let bias = pixel_bias(graph, 0);
        let ([height, width], [down, across]) = (self.tile, self.tiles());
        let apart = self.of([down, across, height, width, 3, BLOCK, BLOCK]);
        let side = self.config.image_size;
        graph.in_single(|graph| {
            let blocks = graph.add("picture/bias", blocks, &bias);
            let blocks = graph.reshape("picture/apart", &blocks, apart);
            let pixels = graph.transpose("picture/order", &blocks, &[0, 5, 1, 3, 6, 2, 4, 7]);
            graph.reshape("picture/pixels", &pixels, self.of([3, side, side]))
        })
    }
}
