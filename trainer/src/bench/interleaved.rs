//! Interleaved timing: background load affects all variants equally.

use std::time::Instant;

use tch::Device;

use super::case::{Case, Running};

/// What the steps of a case took and lost.
#[derive(Debug, Clone, Default)]
pub struct Timing {
    /// Seconds of each step, without those that warmed up.
    pub secs: Vec<f64>,
    /// −ELBO of each step from the first, warm-up included.
    pub losses: Vec<f64>,
}

impl Timing {
    /// The step that half of the others are faster than.
    pub fn median_secs(&self) -> f64 {
        let mut secs = self.secs.clone();
        secs.sort_by(f64::total_cmp);
        secs.get(secs.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Largest relative difference of the losses from another's.
    pub fn loss_difference(&self, other: &Self) -> f64 {
        let pairs = self.losses.iter().zip(&other.losses);
        pairs.map(|(found, expected)| (found / expected - 1.0).abs()).fold(0.0, f64::max)
    }
}

/// Trains all cases, one step of each after the other, so that background load affects all of them equally.
pub fn interleaved(
    cases: &[Case],
    device: Device,
    steps: usize,
    on_step: &mut dyn FnMut(usize),
) -> Vec<Timing> {
    const WARM_UP: usize = 1;
    let mut running: Vec<Running> = cases.iter().map(|case| case.start(device)).collect();
    let mut timings = vec![Timing::default(); cases.len()];
    for step in 0..steps {
        for (running, timing) in running.iter_mut().zip(&mut timings) {
            let clock = Instant::now();
            let loss = running.step();
            running.wait();
            let secs = clock.elapsed().as_secs_f64();
            if step >= WARM_UP {
                timing.secs.push(secs);
            }
            timing.losses.push(loss.total().double_value(&[]));
        }
        on_step(step + 1);
    }
    timings
}
