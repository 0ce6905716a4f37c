//! Schedules are pure functions of the step.

use serde::{Deserialize, Serialize};

/// From `start` to `end` in a straight line, then constant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearSchedule {
    /// Value at step 0.
    pub start: f64,
    /// Value at the end of the span and after it.
    pub end: f64,
    /// How long the line is.
    pub over: Span,
}

/// The length of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Span {
    /// That many steps.
    Steps(u64),
    /// As long as the run is planned to take.
    Run(WholeRun),
}

/// Written `"run"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WholeRun {
    /// The planned number of steps.
    #[serde(rename = "run")]
    Run,
}

impl LinearSchedule {
    /// The value at `step` of a run planned for `run_steps`.
    pub fn at(&self, step: u64, run_steps: u64) -> f64 {
        let span = match self.over {
            Span::Steps(steps) => steps,
            Span::Run(WholeRun::Run) => run_steps,
        };
        let progress = (step as f64 / span.max(1) as f64).min(1.0);
        self.start + (self.end - self.start) * progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_schedules() {
        // Eslami et al. 2018, table S1: σ 2.0 → 0.7 over 2e5 steps, learning rate 5e-4 → 5e-5 over 1.6e6.
        let sigma = LinearSchedule { start: 2.0, end: 0.7, over: Span::Steps(200_000) };
        for (step, expected) in [(0, 2.0), (100_000, 1.35), (200_000, 0.7), (2_000_000, 0.7)] {
            assert!((sigma.at(step, 1) - expected).abs() < 1e-12);
        }
        let rate = LinearSchedule { start: 5e-4, end: 5e-5, over: Span::Steps(1_600_000) };
        assert!((rate.at(800_000, 1) - 2.75e-4).abs() < 1e-12);
    }

    #[test]
    fn a_schedule_over_the_run() {
        let rate: LinearSchedule =
            toml::from_str("start = 1.0\nend = 0.0\nover = \"run\"").expect("a schedule");
        assert!((rate.at(25, 100) - 0.75).abs() < 1e-12);
        let steps: LinearSchedule =
            toml::from_str("start = 1.0\nend = 0.0\nover = 50").expect("a schedule");
        assert!((steps.at(25, 100) - 0.5).abs() < 1e-12);
    }
}
