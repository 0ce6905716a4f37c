//! The settings of the named presets.

use gqn_formats::Preset;
use gqn_scenes::World;

use super::schedule::{GenerationSteps, LinearSchedule, Span, WholeRun};
use super::{
    ComputeConfig, DataConfig, IntervalConfig, OptimiserConfig, ScheduleConfig, TrainConfig,
};
use crate::model::{ComputeType, StepVariant};

impl TrainConfig {
    /// The run that goes with a preset of the model.
    pub fn preset(preset: Preset) -> Self {
        let mut run = Self::paper(preset);
        let Self { data, schedules, optimiser, intervals, .. } = &mut run;
        match preset {
            Preset::Paper => {}
            Preset::Edge => {
                data.batch = 8;
                schedules.steps = 60_000;
                schedules.pixel_std_dev = over_run(0.3, 0.12);
                schedules.learning_rate = over_run(4e-3, 1e-4);
                schedules.warmup_steps = 100;
                schedules.generation_steps = Some(GenerationSteps::Fraction(0.8));
                optimiser.clip_gradient = Some(1.0);
            }
            Preset::Tiny => {
                data.scenes = 4000;
                data.batch = 8;
                schedules.steps = 5000;
                schedules.pixel_std_dev = over_run(0.3, 0.12);
                schedules.learning_rate = over_run(4e-3, 2e-4);
                schedules.warmup_steps = 100;
                schedules.generation_steps = Some(GenerationSteps::Fraction(0.8));
                optimiser.clip_gradient = Some(1.0);
                (intervals.checkpoint_every, intervals.evaluate_every) = (500, 500);
            }
            Preset::EdgeTower => {
                schedules.steps = 200_000;
                schedules.learning_rate = over_run(1e-3, 5e-5);
            }
            Preset::TinyTower => {
                data.scenes = 2000;
                data.batch = 16;
                schedules.steps = 5000;
                schedules.pixel_std_dev = over_run(1.0, 0.5);
                schedules.learning_rate = over_run(2e-3, 2e-4);
                (intervals.checkpoint_every, intervals.evaluate_every) = (500, 500);
            }
        }
        run
    }

    /// The paper's settings with the sizes of a preset.
    fn paper(preset: Preset) -> Self {
        let world = World::RoomsRingCamera;
        Self {
            seed: 0,
            model: preset.config(),
            data: DataConfig {
                world,
                scenes: 20_000,
                test_scenes: 100,
                refresh_epochs: None,
                resident_scenes: None,
                files: None,
                batch: 36,
                processes: None,
                min_context: 1,
                max_context: world.max_context(),
            },
            schedules: ScheduleConfig {
                steps: 2_000_000,
                pixel_std_dev: LinearSchedule { start: 2.0, end: 0.7, over: Span::Steps(200_000) },
                learning_rate: LinearSchedule {
                    start: 5e-4,
                    end: 5e-5,
                    over: Span::Steps(1_600_000),
                },
                warmup_steps: 0,
                kl_weight: None,
                generation_steps: None,
                mean_every: None,
            },
            optimiser: OptimiserConfig::default(),
            compute: ComputeConfig {
                variant: StepVariant::Fused,
                precision: ComputeType::Fp32,
                winograd: None,
                activation_checkpointing: false,
                accumulate: 1,
            },
            intervals: IntervalConfig {
                checkpoint_every: 1000,
                log_every: 10,
                evaluate_every: 1000,
            },
        }
    }
}

fn over_run(start: f64, end: f64) -> LinearSchedule {
    LinearSchedule { start, end, over: Span::Run(WholeRun::Run) }
}
