//! How many steps fit into a time. The plan follows the host in both directions: what other programs take away in one
//! moment does not shorten the rest of the run.

use std::collections::VecDeque;
use std::time::Duration;

use crate::config::ScheduleConfig;
use crate::config::schedule::{GenerationSteps, Phase};

/// The most steps of a run.
const MOST_STEPS: u64 = 1 << 31;
/// The part of the time whose pace is taken for that of what is left.
const WINDOW: f64 = 0.15;
/// The least part of the time that tells a pace.
const SETTLED: f64 = 0.02;
/// Plans that differ by less than this share are the same.
const SAME: f64 = 0.01;

/// Seconds of a step, by what it maximises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StepSecs {
    pub(crate) generation: f64,
    pub(crate) elbo: f64,
}

/// The plan of a run that is to fill a time.
#[derive(Debug)]
pub(crate) struct TimeBudget {
    time: f64,
    /// As measured before the first step. Later they are right up to a factor, the pace.
    step_secs: StepSecs,
    done: u64,
    /// Seconds that the steps that are done should have taken.
    expected: f64,
    /// Seconds that had passed, and those that should have, at the moments of the window.
    marks: VecDeque<(f64, f64)>,
}

impl StepSecs {
    /// Seconds of the steps from `from` to `to` of a run whose ELBO phase begins at `start`.
    fn of(self, from: u64, to: u64, start: u64) -> f64 {
        let in_generation = to.min(start).saturating_sub(from);
        let others = to.saturating_sub(from) - in_generation;
        self.generation * in_generation as f64 + self.elbo * others as f64
    }
}

impl TimeBudget {
    pub(crate) fn new(time: Duration, step_secs: StepSecs) -> Self {
        let marks = VecDeque::from([(0.0, 0.0)]);
        Self { time: time.as_secs_f64(), step_secs, done: 0, expected: 0.0, marks }
    }

    /// The plan before the first step; at least one step.
    pub(crate) fn steps(&self, schedules: &ScheduleConfig) -> u64 {
        steps_within(self.time, self.step_secs, schedules, 0)
    }

    /// Another number of steps than the run's, if `done` of them in `elapsed` show that another one fits.
    pub(crate) fn replan(
        &mut self,
        schedules: &ScheduleConfig,
        elapsed: Duration,
        done: u64,
    ) -> Option<u64> {
        let elapsed = elapsed.as_secs_f64();
        self.expected += self.step_secs.of(self.done, done, schedules.elbo_start());
        self.done = done;
        self.marks.push_back((elapsed, self.expected));
        // The newest of those that are old enough stays.
        while self.marks.get(1).is_some_and(|(at, _)| elapsed - at >= WINDOW * self.time) {
            self.marks.pop_front();
        }
        let (since, expected) = self.marks[0];
        if elapsed - since < SETTLED * self.time || self.expected <= expected {
            return None;
        }
        let pace = (elapsed - since) / (self.expected - expected);
        let step_secs = StepSecs {
            generation: self.step_secs.generation * pace,
            elbo: self.step_secs.elbo * pace,
        };
        let steps = steps_within((self.time - elapsed).max(0.0), step_secs, schedules, done);
        (steps.abs_diff(schedules.steps) as f64 > SAME * schedules.steps as f64).then_some(steps)
    }
}

/// The most steps of which those after `done` fit into `secs`. A first phase that is a share of the run is that share of
/// the new plan, as far as that is not past.
fn steps_within(secs: f64, step_secs: StepSecs, schedules: &ScheduleConfig, done: u64) -> u64 {
    let fits = |steps: u64| {
        let start = schedules.replanned(steps, done).elbo_start();
        step_secs.of(done, steps, start) <= secs
    };
    let (mut fitting, mut too_many) = (done.max(1), MOST_STEPS + 1);
    while too_many - fitting > 1 {
        let middle = fitting + (too_many - fitting) / 2;
        if fits(middle) { fitting = middle } else { too_many = middle }
    }
    fitting
}

/// The same schedules of a run in which every step is of that phase, to measure one.
pub(crate) fn all_of(phase: Phase, schedules: &ScheduleConfig) -> ScheduleConfig {
    let generation_steps = match phase {
        Phase::Generation => Some(GenerationSteps::Steps(u64::MAX)),
        Phase::Elbo => None,
    };
    ScheduleConfig { generation_steps, mean_every: None, ..*schedules }
}

#[cfg(test)]
mod tests {
    use gqn_formats::Preset;

    use super::*;
    use crate::config::TrainConfig;

    const MINUTE: Duration = Duration::from_mins(1);
    const EVEN: StepSecs = StepSecs { generation: 0.5, elbo: 0.5 };

    fn run(steps: u64, generation_steps: Option<GenerationSteps>) -> ScheduleConfig {
        ScheduleConfig { steps, generation_steps, ..TrainConfig::preset(Preset::Tiny).schedules }
    }

    /// Trains with `secs` for each step, replanning after each; gives the steps taken and the seconds they took.
    fn simulate(
        mut schedules: ScheduleConfig,
        step_secs: StepSecs,
        secs: impl Fn(u64, f64, Phase) -> f64,
    ) -> (ScheduleConfig, f64) {
        let mut planner = TimeBudget::new(MINUTE, step_secs);
        schedules.steps = planner.steps(&schedules);
        let (mut elapsed, mut done) = (0.0, 0);
        while done < schedules.steps {
            elapsed += secs(done, elapsed, schedules.phase_at(done));
            done += 1;
            let steps = planner.replan(&schedules, Duration::from_secs_f64(elapsed), done);
            schedules = steps.map_or(schedules, |steps| schedules.replanned(steps, done));
        }
        (schedules, elapsed)
    }

    #[test]
    fn a_plan_that_holds_is_kept() {
        let schedules = run(1, None);
        let mut planner = TimeBudget::new(MINUTE, EVEN);
        assert_eq!(planner.steps(&schedules), 120);
        let schedules = run(120, None);
        for done in 1..=120 {
            let elapsed = Duration::from_secs_f64(0.5 * done as f64);
            assert_eq!(planner.replan(&schedules, elapsed, done), None, "after {done} steps");
        }
    }

    #[test]
    fn a_run_never_has_fewer_steps_than_are_done() {
        let mut planner = TimeBudget::new(MINUTE, EVEN);
        assert_eq!(planner.replan(&run(120, None), Duration::from_secs(90), 30), Some(30));
        let slow = StepSecs { generation: 100.0, elbo: 100.0 };
        assert_eq!(TimeBudget::new(MINUTE, slow).steps(&run(1, None)), 1);
    }

    #[test]
    fn a_busy_first_moment_does_not_shorten_the_run() {
        // Measured and begun at a quarter of the speed that the host has after ten seconds.
        let slow = StepSecs { generation: 0.2, elbo: 0.2 };
        let (schedules, elapsed) =
            simulate(run(1, None), slow, |_, at, _| if at < 10.0 { 0.2 } else { 0.05 });
        // Ten seconds at five steps a second, fifty at twenty.
        assert!((1000..=1100).contains(&schedules.steps), "{} steps", schedules.steps);
        assert!((59.0..61.0).contains(&elapsed), "{elapsed} s");
    }

    #[test]
    fn a_host_that_becomes_slow_ends_in_time() {
        let quick = StepSecs { generation: 0.05, elbo: 0.05 };
        let (schedules, elapsed) =
            simulate(run(1, None), quick, |_, at, _| if at < 30.0 { 0.05 } else { 0.1 });
        assert!((880..=920).contains(&schedules.steps), "{} steps", schedules.steps);
        assert!((59.0..61.0).contains(&elapsed), "{elapsed} s");
    }

    #[test]
    fn a_share_of_the_run_stays_that_share() {
        let step_secs = StepSecs { generation: 0.05, elbo: 0.15 };
        let half = Some(GenerationSteps::Fraction(0.5));
        // N/2 · 0.05 + N/2 · 0.15 = 60.
        assert_eq!(TimeBudget::new(MINUTE, step_secs).steps(&run(1, half)), 600);
        // Everything takes twice as long as measured; then as long.
        let secs = |_, at: f64, phase| {
            let busy = if at < 6.0 { 2.0 } else { 1.0 };
            busy * if phase == Phase::Generation { 0.05 } else { 0.15 }
        };
        let (schedules, elapsed) = simulate(run(1, half), step_secs, secs);
        assert!((59.0..61.0).contains(&elapsed), "{elapsed} s");
        let share = schedules.elbo_start() as f64 / schedules.steps as f64;
        assert!((0.48..0.52).contains(&share), "share {share} of {} steps", schedules.steps);
    }

    #[test]
    fn a_number_of_steps_stays_that_number() {
        let step_secs = StepSecs { generation: 0.1, elbo: 0.2 };
        let schedules = run(1, Some(GenerationSteps::Steps(100)));
        // 100 · 0.1 + 250 · 0.2 = 60.
        assert_eq!(TimeBudget::new(MINUTE, step_secs).steps(&schedules), 350);
        // Steps of the ELBO phase turn out to be as quick as the others.
        let (schedules, _) = simulate(schedules, step_secs, |_, _, _| 0.1);
        assert_eq!(schedules.elbo_start(), 100);
        assert!((580..=605).contains(&schedules.steps), "{} steps", schedules.steps);
    }
}
