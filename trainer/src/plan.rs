//! How many steps fit into a time. A plan only ever shrinks: schedules then end early instead of being cut off.

use std::time::Duration;

/// Part of the time after which the rate of a run is known better than from its first steps.
const SETTLED: f64 = 0.2;
/// How far beyond the time a plan may lead before it is shortened.
const SLACK: f64 = 1.1;

/// The steps that fit into `time` when one takes `step_secs`; at least one.
pub(crate) fn steps_within(time: Duration, step_secs: f64) -> u64 {
    ((time.as_secs_f64() / step_secs) as u64).clamp(1, 1 << 31)
}

/// A smaller number of steps when `done` steps in `elapsed` show that `planned` would take far longer than `time`:
/// another program wants the cores as well. None while the plan holds.
pub(crate) fn shortened(time: Duration, elapsed: Duration, done: u64, planned: u64) -> Option<u64> {
    let (time, elapsed) = (time.as_secs_f64(), elapsed.as_secs_f64());
    let step_secs = elapsed / done.max(1) as f64;
    let late = elapsed > SETTLED * time && step_secs * planned as f64 > SLACK * time;
    let fitting = ((time / step_secs) as u64).max(done + 1);
    (late && fitting < planned).then_some(fitting)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_plan_that_holds_is_kept() {
        assert_eq!(steps_within(MINUTE, 0.5), 120);
        assert_eq!(shortened(MINUTE, Duration::from_secs(30), 60, 120), None);
        // Faster than planned: the plan is never lengthened.
        assert_eq!(shortened(MINUTE, Duration::from_secs(30), 100, 120), None);
        // Too early to tell.
        assert_eq!(shortened(MINUTE, Duration::from_secs(10), 1, 120), None);
    }

    #[test]
    fn a_late_plan_is_shortened_to_what_fits() {
        assert_eq!(shortened(MINUTE, Duration::from_secs(30), 30, 120), Some(60));
        assert_eq!(shortened(MINUTE, Duration::from_secs(90), 30, 120), Some(31));
    }
}
