use std::collections::BTreeMap;

use gqn_formats::{Checkpoint, Tensor};
use gqn_runtime::{Engine, Noise};
use gqn_runtime_native::OnnxRuntime;
use gqn_scenes::Split;
use ndarray::Axis;

use crate::build::{encode_alone, probe_graphs};
use crate::engine::on_cpu;
use crate::error::ExportError;
use crate::optimise::{core, gates_range, hidden_range};
use crate::scenes::SceneSource;

/// Queries that a calibration looks at. Ranges of a trained model change by a few per cent beyond this many.
const QUERIES: usize = 32;

/// Share of the numbers that the percentile keeps.
const KEPT: f64 = 0.9999;

/// From the numbers that were seen to the range that eight bits stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Calibration {
    /// The largest number: nothing is ever cut off.
    MinMax,
    /// The largest but for one in ten thousand: finer steps for the others.
    #[default]
    Percentile,
}

/// Runs whole rollouts on training scenes in single precision and finds the ranges of what eight bits are to stand for:
/// numbers by name, which [`build_graphs_from`](crate::build_graphs_from) reads.
///
/// The same scenes and noises every time, so the same checkpoint gives the same ranges.
///
/// # Errors
/// [`ExportError`]: no scenes, or the engine fails.
pub fn calibrate(
    runtime: &OnnxRuntime,
    checkpoint: &Checkpoint,
    scenes: &SceneSource,
    way: Calibration,
) -> Result<BTreeMap<String, Tensor>, ExportError> {
    let config = &checkpoint.config;
    let Some([representation, probe]) = probe_graphs(config) else { return Ok(BTreeMap::new()) };
    let [representation, probe] =
        [representation, probe].map(|graph| encode_alone(&graph, checkpoint));
    let mut engine = on_cpu(runtime, &representation, &probe, &BTreeMap::new())?;
    let gates = 4 * config.hidden_channels;
    let mut hidden = vec![Seen::new(); config.steps];
    let mut sums = vec![vec![Seen::new(); gates]; config.cores()];
    for (index, views) in scenes.views(config, Split::Train, QUERIES)?.iter().enumerate() {
        let scene = engine.represent(&views.context_frames, &views.context_poses)?;
        // Half of the scenes as mean pictures, half with noise.
        let noise = Noise::new(index as u64, (index % 2) as f32).tensor(config, 1);
        for query in 0..views.queries() {
            let pose = views.query_poses.slice_axis(Axis(0), (query..=query).into()).to_owned();
            let seen = engine.generate(&scene, &pose, &noise)?;
            let mut channels = seen.axis_iter(Axis(1));
            for (step, hidden) in hidden.iter_mut().enumerate().skip(1) {
                for channel in channels.by_ref().take(config.hidden_channels) {
                    hidden.see(&channel);
                }
                let core = if config.shared_core { 0 } else { step };
                for (seen, channel) in sums[core].iter_mut().zip(channels.by_ref()) {
                    seen.see(&channel);
                }
            }
        }
    }
    let mut ranges = BTreeMap::new();
    for (step, seen) in hidden.iter().enumerate().skip(1) {
        ranges.insert(hidden_range(step), ndarray::arr0(seen.range(way)).into_dyn());
    }
    let first = usize::from(!config.shared_core);
    for (index, seen) in sums.iter().enumerate().skip(first) {
        let numbers: Vec<f32> = seen.iter().map(|seen| seen.range(way)).collect();
        ranges.insert(gates_range(&core(config, index)), ndarray::arr1(&numbers).into_dyn());
    }
    Ok(ranges)
}

/// Sizes of numbers, counted in bins whose width is a sixteenth of a power of two.
#[derive(Debug, Clone)]
struct Seen {
    bins: Vec<u32>,
    largest: f32,
    count: u64,
}

/// Bits of a number's fraction that do not count.
const DROPPED_BITS: u32 = 19;

impl Seen {
    fn new() -> Self {
        let bins = f32::INFINITY.to_bits() >> DROPPED_BITS;
        Self { bins: vec![0; bins as usize + 1], largest: 0.0, count: 0 }
    }

    fn see(&mut self, numbers: &ndarray::ArrayViewD<'_, f32>) {
        for number in numbers.iter().map(|number| number.abs()).filter(|number| number.is_finite())
        {
            self.bins[(number.to_bits() >> DROPPED_BITS) as usize] += 1;
            self.largest = self.largest.max(number);
            self.count += 1;
        }
    }

    /// The size that integers stop at; one where nothing but zeros was seen.
    fn range(&self, way: Calibration) -> f32 {
        let range = match way {
            Calibration::MinMax => self.largest,
            Calibration::Percentile => self.percentile().min(self.largest),
        };
        if range > 0.0 { range } else { 1.0 }
    }

    /// Within the bin where the share of kept numbers is reached, as far as it is reached.
    fn percentile(&self) -> f32 {
        let wanted = (KEPT * self.count as f64).ceil();
        let mut below = 0.0;
        for (index, count) in self.bins.iter().enumerate() {
            let inside = f64::from(*count);
            if inside > 0.0 && below + inside >= wanted {
                let edge = |index: usize| f64::from(f32::from_bits((index as u32) << DROPPED_BITS));
                let share = (wanted - below) / inside;
                return (edge(index) + share * (edge(index + 1) - edge(index))) as f32;
            }
            below += inside;
        }
        self.largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(numbers: Vec<f32>) -> Seen {
        let mut seen = Seen::new();
        seen.see(&ndarray::Array1::from(numbers).into_dyn().view());
        seen
    }

    /// Numbers that were seen are given back as they are.
    #[track_caller]
    fn check(found: f32, expected: f32) {
        assert_eq!(found.to_bits(), expected.to_bits(), "{found}, not {expected}");
    }

    #[test]
    fn a_percentile_leaves_out_what_is_rare() {
        // 0.0001 to 1 in 20 000 steps but for two numbers of 50: one in ten thousand.
        let mut numbers: Vec<f32> = (1..=19_998).map(|index| index as f32 / 19_998.0).collect();
        numbers.extend([50.0, -50.0]);
        let seen = seen(numbers);
        check(seen.range(Calibration::MinMax), 50.0);
        let range = seen.range(Calibration::Percentile);
        // A bin is a sixteenth of a power of two wide.
        assert!((0.999..=1.0 + 1.0 / 16.0).contains(&range), "{range}");
    }

    #[test]
    fn ranges_are_never_zero_and_never_beyond_the_largest() {
        check(seen(vec![0.0; 8]).range(Calibration::MinMax), 1.0);
        check(seen(vec![0.0; 8]).range(Calibration::Percentile), 1.0);
        check(seen(vec![0.3; 8]).range(Calibration::Percentile), 0.3);
        check(seen(vec![0.3, f32::NAN]).range(Calibration::MinMax), 0.3);
    }
}
