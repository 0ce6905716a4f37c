//! Draws the training loop's events on a terminal, or as plain lines where there is none.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::evaluation::validation::ValidationFigures;
use crate::run::event::{Event, StepMetrics};

const PLAIN_LINE_EVERY: Duration = Duration::from_secs(15);

/// A listener for [`Event`]s that writes to stderr.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    plain: bool,
    phase: &'static str,
    last_line: Option<Instant>,
    figures: String,
    held_out: String,
    first_step: (u64, Instant),
    steps: u64,
    /// The plan as it was last said.
    said_steps: u64,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            bar: None,
            plain: !std::io::stderr().is_terminal(),
            phase: "",
            last_line: None,
            figures: String::new(),
            held_out: String::new(),
            first_step: (0, Instant::now()),
            steps: 0,
            said_steps: 0,
        }
    }
}

impl Progress {
    /// Shows one event.
    pub fn show(&mut self, event: &Event) {
        match event {
            Event::Rendering { done, scenes } => self.advance("rendering", *done, *scenes),
            Event::Started { step, steps, device } => {
                self.finish();
                self.say(&format!("training on {device}: step {step} of {steps}"));
                self.first_step = (*step, Instant::now());
                (self.steps, self.said_steps) = (*steps, *steps);
                self.last_line = Some(Instant::now());
                self.begin("training", *steps);
                if let Some(bar) = &self.bar {
                    bar.set_position(*step);
                    bar.reset_eta();
                }
            }
            Event::Replanned { steps } => {
                self.steps = *steps;
                if let Some(bar) = &self.bar {
                    bar.set_length(*steps);
                }
                // Small corrections are many, and nobody waits for them.
                if self.said_steps.abs_diff(*steps) > self.said_steps / 10 {
                    self.said_steps = *steps;
                    self.say(&format!("planned anew: {steps} steps fit the time"));
                }
            }
            Event::Step(metrics) => {
                self.figures = figures(metrics);
                self.stepped(metrics.step + 1);
            }
            Event::Stepped { step } => self.stepped(*step),
            Event::DamagedLog { copy } => {
                self.say(&format!(
                    "warning: a log has damaged lines, which are left out; as it was it is kept as {}",
                    copy.display()
                ));
            }
            Event::Saved { folder, step } => {
                self.say(&format!("saved step {step} in {}", folder.display()));
            }
            Event::Interrupted { step } => {
                self.finish();
                self.say(&format!("interrupted at step {step}; go on with --resume"));
            }
            Event::SliceOver { step, steps } => {
                self.finish();
                self.say(&format!(
                    "this slice ends at step {step} of {steps}; go on with --resume"
                ));
            }
            Event::SkippedDamaged { scenes } => {
                self.say(&format!("left out {scenes} damaged scenes so far"));
            }
            Event::Validation(held_out) => {
                let ValidationFigures { mse_generated, mse_reconstructed, .. } = held_out.figures;
                self.held_out = format!("  held out MSE {mse_generated:.4} generated");
                if let Some(error) = mse_reconstructed {
                    let _ = write!(self.held_out, ", {error:.4} reconstructed");
                }
            }
            Event::NoElbo { start, steps } => self.say(&format!(
                "warning: generation_steps is {start} of {steps} steps, so no step maximises the ELBO: the posterior stays \
                 untrained and samples are worthless"
            )),
            Event::Warning(warning) => self.say(&format!("warning: {warning}")),
            Event::Evaluating { done, scenes } => self.advance("evaluating", *done, *scenes),
            Event::Finished(_) => self.finish(),
        }
    }

    fn stepped(&mut self, step: u64) {
        let rate =
            (step - self.first_step.0) as f64 / self.first_step.1.elapsed().as_secs_f64().max(1e-9);
        let message = format!("{rate:.1} steps/s  {}{}", self.figures, self.held_out);
        if let Some(bar) = &self.bar {
            bar.set_position(step);
            bar.set_message(message);
        } else if self.last_line.is_none_or(|last| last.elapsed() > PLAIN_LINE_EVERY) {
            self.last_line = Some(Instant::now());
            let left = self.steps.saturating_sub(step) as f64 / rate.max(1e-9);
            let left = indicatif::HumanDuration(Duration::from_secs(left as u64));
            self.say(&format!("step {step} of {}, {left} left  {message}", self.steps));
        }
    }

    fn advance(&mut self, phase: &'static str, done: u64, all: u64) {
        if self.phase != phase {
            self.begin(phase, all);
            if self.plain {
                self.say(&format!("{phase} ({all} scenes)"));
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
        if done == all {
            self.finish();
        }
    }

    fn begin(&mut self, phase: &'static str, length: u64) {
        self.finish();
        self.phase = phase;
        if self.plain {
            return;
        }
        let template = "{prefix:16} {bar:24} {pos}/{len}  {eta} left  {msg}";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar =
            ProgressBar::new(length).with_style(style.progress_chars("━╸─")).with_prefix(phase);
        bar.enable_steady_tick(Duration::from_millis(200));
        self.bar = Some(bar);
    }

    fn finish(&mut self) {
        self.phase = "";
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Says something beside the bar.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            // A stderr that is closed has no reader to tell.
            None => drop(writeln!(std::io::stderr().lock(), "{line}")),
        }
    }
}

fn figures(metrics: &StepMetrics) -> String {
    let StepMetrics { log_likelihood, excess, kl, mse, .. } = metrics;
    match (excess, kl) {
        (Some(excess), Some(kl)) => {
            format!("−ELBO {excess:.1} nats over its floor  KL {kl:.2}  MSE {mse:.4}")
        }
        _ => format!("generator alone: log-likelihood {log_likelihood:.1} nats  MSE {mse:.4}"),
    }
}
