//! Calibration: the ranges of eight-bit integers, from histograms over whole rollouts.

use std::collections::BTreeMap;

use gqn_formats::{Checkpoint, ModelConfig, Tensor};
use gqn_runtime::{Engine, Noise};
use gqn_runtime_native::OnnxRuntime;
use gqn_scenes::Split;
use ndarray::Axis;

use crate::engine::on_cpu;
use crate::error::ExportError;
use crate::graphs::{calibration_graphs, encode_alone};
use crate::options::ExportOptions;
use crate::scenes::SceneSource;

/// Queries that a calibration runs. Ranges of a trained model change by a few per cent beyond this many.
const QUERIES: usize = 32;

/// Share of the numbers that the percentile keeps.
const KEPT: f64 = 0.9999;

/// How the range of eight-bit integers follows from the values observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Calibration {
    /// The largest number: nothing is ever cut off.
    MinMax,
    /// The largest but for one in ten thousand: finer steps for the others.
    #[default]
    Percentile,
}

/// Runs whole rollouts on training scenes in single precision and finds the ranges of what eight bits are to stand for:
/// numbers by name, which [`build_graphs_from`](crate::build_graphs_from) reads. None if nothing is quantised.
///
/// The same scenes and noises every time, so the same checkpoint gives the same ranges.
///
/// # Errors
/// [`ExportError`]: no scenes, or the engine fails.
pub fn calibrate(
    runtime: &OnnxRuntime,
    checkpoint: &Checkpoint,
    options: &ExportOptions,
    scenes: &SceneSource,
    method: Calibration,
) -> Result<BTreeMap<String, Tensor>, ExportError> {
    let config = &checkpoint.config;
    let Some((representation, observed)) = calibration_graphs(config, options) else {
        return Ok(BTreeMap::new());
    };
    let [first, second] =
        [&representation, &observed.graph].map(|graph| encode_alone(graph, checkpoint));
    let mut engine = on_cpu(runtime, &first, &second, &BTreeMap::new())?;
    let mut histograms: BTreeMap<&str, Vec<Histogram>> = BTreeMap::new();
    for (name, groups, _) in &observed.parts {
        histograms.entry(name).or_insert_with(|| vec![Histogram::new(); *groups]);
    }
    for (index, views) in scenes.each(config, Split::Train, QUERIES)?.enumerate() {
        let views = views?;
        let scene = engine.represent(&views.context_frames, &views.context_poses)?;
        // Half of the scenes as mean pictures, half with noise.
        let noise = Noise::new(index as u64, (index % 2) as f32).tensor(config, 1);
        for query in 0..views.queries() {
            let pose = views.query_poses.slice_axis(Axis(0), (query..=query).into()).to_owned();
            let numbers = engine.generate(&scene, &pose, &noise)?;
            let mut numbers = numbers.as_slice().expect("an engine's numbers stand in order");
            for (name, groups, length) in &observed.parts {
                let (part, rest) = numbers.split_at(*length);
                let groups_seen =
                    histograms.get_mut(name.as_str()).expect("an entry of every part");
                for (histogram, group) in groups_seen.iter_mut().zip(part.chunks(length / groups)) {
                    histogram.add(group);
                }
                numbers = rest;
            }
        }
    }
    let ranges = |groups: &[Histogram]| {
        groups.iter().map(|histogram| histogram.range(method)).collect::<Vec<f32>>()
    };
    let named = |(name, groups): (&str, Vec<Histogram>)| {
        (name.to_owned(), ndarray::arr1(&ranges(&groups)).into_dyn())
    };
    Ok(histograms.into_iter().map(named).collect())
}

/// Ranges of one, for graphs whose pictures do not matter: to time them or to look at them.
pub fn uncalibrated(config: &ModelConfig, options: &ExportOptions) -> BTreeMap<String, Tensor> {
    let parts =
        calibration_graphs(config, options).map(|(_, observed)| observed.parts).unwrap_or_default();
    parts.into_iter().map(|(name, groups, _)| (name, Tensor::ones(vec![groups]))).collect()
}

/// A histogram of absolute values, in bins whose width is a sixteenth of a power of two.
#[derive(Debug, Clone)]
struct Histogram {
    bins: Vec<u32>,
    largest: f32,
    count: u64,
}

/// Bits of a number's fraction that do not count.
const DROPPED_BITS: u32 = 19;

/// Sizes outside of these count as these.
const SIZES: [f32; 2] = [1.0 / 65536.0, 65536.0];

/// The bin of a size.
fn bin(size: f32) -> usize {
    let [smallest, largest] = SIZES;
    ((size.clamp(smallest, largest).to_bits() - smallest.to_bits()) >> DROPPED_BITS) as usize
}

/// Where a bin begins.
fn edge(bin: usize) -> f32 {
    f32::from_bits(SIZES[0].to_bits() + ((bin as u32) << DROPPED_BITS))
}

impl Histogram {
    fn new() -> Self {
        Self { bins: vec![0; bin(f32::INFINITY) + 1], largest: 0.0, count: 0 }
    }

    fn add(&mut self, numbers: &[f32]) {
        for number in numbers.iter().map(|number| number.abs()).filter(|number| number.is_finite())
        {
            self.bins[bin(number)] += 1;
            self.largest = self.largest.max(number);
            self.count += 1;
        }
    }

    /// The size that integers stop at; one where only zeros were observed.
    fn range(&self, method: Calibration) -> f32 {
        let range = match method {
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
                let [start, end] = [edge(index), edge(index + 1)].map(f64::from);
                return (start + (wanted - below) / inside * (end - start)) as f32;
            }
            below += inside;
        }
        self.largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(numbers: &[f32]) -> Histogram {
        let mut histogram = Histogram::new();
        histogram.add(numbers);
        histogram
    }

    /// A maximum is returned exactly as it was observed.
    #[track_caller]
    fn check(found: f32, expected: f32) {
        assert_eq!(found.to_bits(), expected.to_bits(), "{found}, not {expected}");
    }

    #[test]
    fn a_percentile_leaves_out_what_is_rare() {
        // 0.0001 to 1 in 20 000 steps but for two numbers of 50: one in ten thousand.
        let mut numbers: Vec<f32> = (1..=19_998).map(|index| index as f32 / 19_998.0).collect();
        numbers.extend([50.0, -50.0]);
        let histogram = histogram(&numbers);
        check(histogram.range(Calibration::MinMax), 50.0);
        let range = histogram.range(Calibration::Percentile);
        // A bin is a sixteenth of a power of two wide.
        assert!((0.999..=1.0 + 1.0 / 16.0).contains(&range), "{range}");
    }

    #[test]
    fn ranges_are_never_zero_and_never_beyond_the_largest() {
        check(histogram(&[0.0; 8]).range(Calibration::MinMax), 1.0);
        check(histogram(&[0.0; 8]).range(Calibration::Percentile), 1.0);
        check(histogram(&[0.3; 8]).range(Calibration::Percentile), 0.3);
        check(histogram(&[0.3, f32::NAN]).range(Calibration::MinMax), 0.3);
    }
}
