//! The settings of the named presets.

use gqn_formats::Preset;
use gqn_scenes::World;

use super::TrainConfig;
use crate::config::schedule::{GenerationSteps, LinearSchedule, Span, WholeRun};
use crate::model::{Precision, StepVariant};

impl TrainConfig {
    /// The run that goes with a preset of the model.
    pub fn preset(preset: Preset) -> Self {
        let world = World::RoomsRingCamera;
        let paper = Self {
            world,
            scenes: 20_000,
            seed: 0,
            steps: 2_000_000,
            batch: 36,
            processes: None,
            accumulate: 1,
            min_context: 1,
            max_context: world.max_context(),
            pixel_std_dev: LinearSchedule { start: 2.0, end: 0.7, over: Span::Steps(200_000) },
            learning_rate: LinearSchedule { start: 5e-4, end: 5e-5, over: Span::Steps(1_600_000) },
            warmup_steps: 0,
            kl_weight: None,
            generation_steps: None,
            mean_every: None,
            clip_gradient: None,
            weight_average: None,
            form: StepVariant::Fused,
            precision: Precision::Fp32,
            winograd: None,
            recompute: false,
            checkpoint_every: 1000,
            log_every: 10,
            test_scenes: 100,
            evaluate_every: 1000,
            refresh_epochs: None,
            resident_scenes: None,
            data: None,
            model: preset.config(),
        };
        match preset {
            Preset::Paper => paper,
            Preset::Edge => Self {
                steps: 60_000,
                batch: 8,
                pixel_std_dev: over_run(0.3, 0.12),
                learning_rate: over_run(4e-3, 1e-4),
                warmup_steps: 100,
                generation_steps: Some(GenerationSteps::Fraction(0.8)),
                clip_gradient: Some(1.0),
                ..paper
            },
            Preset::Tiny => Self {
                scenes: 4000,
                steps: 5000,
                batch: 8,
                pixel_std_dev: over_run(0.3, 0.12),
                learning_rate: over_run(4e-3, 2e-4),
                warmup_steps: 100,
                generation_steps: Some(GenerationSteps::Fraction(0.8)),
                clip_gradient: Some(1.0),
                checkpoint_every: 500,
                evaluate_every: 500,
                ..paper
            },
            Preset::EdgeTower => {
                Self { steps: 200_000, learning_rate: over_run(1e-3, 5e-5), ..paper }
            }
            Preset::TinyTower => Self {
                scenes: 2000,
                steps: 5000,
                batch: 16,
                pixel_std_dev: over_run(1.0, 0.5),
                learning_rate: over_run(2e-3, 2e-4),
                checkpoint_every: 500,
                evaluate_every: 500,
                ..paper
            },
        }
    }
}

fn over_run(start: f64, end: f64) -> LinearSchedule {
    LinearSchedule { start, end, over: Span::Run(WholeRun::Run) }
}
