//! Schedules are pure functions of the step.

use std::collections::BTreeMap;
use std::str::FromStr;

use gqn_formats::Provenance;
use serde::{Deserialize, Serialize};

/// The most steps that a flag may name: a float holds every whole number up to it, and TOML's integers go further.
const MOST_STEPS: u64 = 1 << 53;

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

/// How long representation and generator are trained alone, before the ELBO: a number of steps (an integer), or a share
/// of the run (a float).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GenerationSteps {
    /// That many steps.
    Steps(u64),
    /// That share of the planned steps, from 0 to 1.
    Fraction(f64),
}

/// What a step of training maximises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The likelihood of the picture that the generator paints with the latents at the prior's mean. Inference cores
    /// and posterior are neither computed nor moved.
    Generation,
    /// The evidence lower bound.
    Elbo,
}

/// The steps that maximise the evidence lower bound: all of the ELBO phase, but for the mean-picture steps. These are the
/// last of each [`ElboSteps::mean_every`] steps of the run; they maximise what [`Phase::Generation`] does, and leave
/// inference cores and posterior as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElboSteps {
    /// The first step of the ELBO phase.
    pub start: u64,
    /// One step of so many is a mean-picture step; `None`: none is.
    pub mean_every: Option<u32>,
}

impl ElboSteps {
    /// Every step.
    pub const ALL: Self = Self { start: 0, mean_every: None };

    /// Whether `step` is one of them.
    pub fn contains(self, step: u64) -> bool {
        let is_of_mean = self.mean_steps_before(step + 1) > self.mean_steps_before(step);
        step >= self.start && !is_of_mean
    }

    /// How many of them are before `step`.
    pub fn count_before(self, step: u64) -> u64 {
        let first = self.start.min(step);
        step - first - (self.mean_steps_before(step) - self.mean_steps_before(first))
    }

    /// The share of the ELBO phase that its mean-picture steps have.
    pub fn mean_share(self) -> f64 {
        self.mean_every.map_or(0.0, |every| f64::from(every).recip())
    }

    /// How many of the steps before `step` are the last of `mean_every`.
    fn mean_steps_before(self, step: u64) -> u64 {
        self.mean_every.map_or(0, |every| step / u64::from(every))
    }
}

impl Phase {
    /// Tells in a checkpoint's figures what its last step maximised: 1 for the bound, 0 for the generation phase, whose
    /// samples are worthless. Checkpoints that do not say are of the ELBO phase.
    pub const METRIC: &'static str = Provenance::ELBO_PHASE;

    /// What a checkpoint's figures say. Those of earlier validations told it by having a divergence or none.
    pub(crate) fn of(metrics: &BTreeMap<String, f64>) -> Self {
        let is_elbo = match metrics.get(Self::METRIC) {
            Some(value) => *value > 0.5,
            None => metrics.contains_key("kl"),
        };
        if is_elbo { Self::Elbo } else { Self::Generation }
    }

    /// Name and value for a checkpoint's figures.
    pub(crate) fn metric(self) -> (&'static str, f64) {
        (Self::METRIC, if self == Self::Elbo { 1.0 } else { 0.0 })
    }
}

impl GenerationSteps {
    /// The first step of the ELBO phase in a run planned for `run_steps`.
    pub fn end(self, run_steps: u64) -> u64 {
        match self {
            Self::Steps(steps) => steps,
            Self::Fraction(share) => (share * run_steps as f64).round() as u64,
        }
    }
}

/// `2000`, or `50%` of the run, as flags write it.
impl FromStr for GenerationSteps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text.strip_suffix('%') {
            None => text.parse().ok().filter(|steps| *steps <= MOST_STEPS).map(Self::Steps),
            Some(percent) => percent
                .parse::<f64>()
                .ok()
                .filter(|percent| (0.0..=100.0).contains(percent))
                .map(|percent| Self::Fraction(percent / 100.0)),
        };
        parsed.ok_or_else(|| {
            format!(
                "found `{text}`, expected a number of steps up to 2^53, or a share of the run such as 50%"
            )
        })
    }
}

/// `VALUE`, or `START:END:STEPS` with a number of steps or `run`, as flags write it.
impl FromStr for LinearSchedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
        let span = |text: &str| match text {
            "run" => Some(Span::Run(WholeRun::Run)),
            steps => steps.parse().ok().filter(|steps| *steps <= MOST_STEPS).map(Span::Steps),
        };
        let parts: Vec<&str> = text.split(':').collect();
        let parsed = match parts[..] {
            [value] => number(value).map(|value| (value, value, Span::Steps(1))),
            [start, end, over] => number(start)
                .zip(number(end))
                .zip(span(over))
                .map(|((start, end), over)| (start, end, over)),
            _ => None,
        };
        let (start, end, over) = parsed.ok_or_else(|| {
            format!(
                "found `{text}`, expected VALUE or START:END:STEPS, where STEPS is at most 2^53 or `run`"
            )
        })?;
        Ok(Self { start, end, over })
    }
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
    fn flags_write_schedules_in_a_word() {
        let parse = |text: &str| text.parse::<LinearSchedule>();
        assert_eq!(
            parse("2:0.7:200000"),
            Ok(LinearSchedule { start: 2.0, end: 0.7, over: Span::Steps(200_000) })
        );
        assert_eq!(
            parse("1e-3:5e-5:run"),
            Ok(LinearSchedule { start: 1e-3, end: 5e-5, over: Span::Run(WholeRun::Run) })
        );
        let constant = parse("0.7").expect("a schedule");
        assert!(
            [0, 1, 99].iter().all(|&step| constant.at(step, 10).to_bits() == 0.7_f64.to_bits())
        );
        for text in ["2:0.7:18446744073709551615", "2:0.7:9007199254740993"] {
            assert!(parse(text).is_err_and(|error| error.contains("2^53")), "{text}");
        }
        assert!(parse("2:0.7:9007199254740992").is_ok());
        for text in ["", "1:2", "1:2:x", "1:2:-3", "nan", "1:2:3:4"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_first_phase_is_a_number_of_steps_or_a_share() {
        #[derive(Deserialize)]
        struct Keys {
            steps: GenerationSteps,
            share: GenerationSteps,
        }
        let parse = |text: &str| text.parse::<GenerationSteps>();
        assert_eq!(parse("2000").map(|phase| phase.end(100)), Ok(2000));
        assert_eq!(parse("50%").map(|phase| phase.end(101)), Ok(51));
        assert_eq!(parse("100%").map(|phase| phase.end(101)), Ok(101));
        for text in ["18446744073709551615", "", "-1", "0.5", "101%", "-1%", "nan%", "%"] {
            assert!(parse(text).is_err(), "{text}");
        }
        let Keys { steps, share } = toml::from_str("steps = 1\nshare = 1.0").expect("keys");
        assert_eq!((steps, share), (GenerationSteps::Steps(1), GenerationSteps::Fraction(1.0)));
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
