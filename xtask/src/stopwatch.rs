//! What each stage of a task took.

use std::time::{Duration, Instant};

use anyhow::Result;
use xtask_workspace::console;

/// Runs stages under a heading each, and remembers their seconds.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    stages: usize,
    laps: Vec<(&'static str, Duration)>,
}

impl Stopwatch {
    /// For a task of that many stages.
    pub(crate) fn new(stages: usize) -> Self {
        Self { stages, laps: Vec::new() }
    }

    /// Runs one stage.
    pub(crate) fn time<T>(
        &mut self,
        name: &'static str,
        stage: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        console::heading(&format!("[{}/{}] {name}", self.laps.len() + 1, self.stages));
        let start = Instant::now();
        let done = stage();
        self.laps.push((name, start.elapsed()));
        done
    }

    /// A line for each stage that was run, and their sum.
    pub(crate) fn summary(&self) -> String {
        let total = self.laps.iter().map(|(_, lap)| *lap).sum();
        let lines = self.laps.iter().copied().chain([("together", total)]);
        lines
            .map(|(name, lap)| format!("{name:<14}{:>8.1} s", lap.as_secs_f64()))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_stage_is_counted_too() {
        let mut stopwatch = Stopwatch::new(2);
        stopwatch.time("lints", || Ok(())).unwrap();
        stopwatch.time("tests", || -> Result<()> { anyhow::bail!("red") }).unwrap_err();
        let summary = stopwatch.summary();
        let names: Vec<_> =
            summary.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
        assert_eq!(names, ["lints", "tests", "together"]);
    }
}
