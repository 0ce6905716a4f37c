//! Trains a small voxel model on rendered rooms and writes a run folder, which `export_package` takes.
//!
//! `cargo run --release -p gqn-trainer --example train_tiny_model -- RUN [STEPS]`

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use gqn_formats::Preset;
use gqn_trainer::config::TrainConfig;
use gqn_trainer::device::DeviceChoice;
use gqn_trainer::distributed::Processes;
use gqn_trainer::run::event::Event;
use gqn_trainer::run::folder::RunFolder;
use gqn_trainer::training::training_loop::{TrainOptions, train};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().context("expected RUN [STEPS]")?;
    let steps = arguments.next().map_or(Ok(500), |steps| steps.parse())?;

    // The preset's sizes and schedules, on few scenes.
    let mut config = TrainConfig::preset(Preset::Tiny);
    (config.data.scenes, config.data.test_scenes, config.schedules.steps) = (200, 10, steps);
    config.validate()?;

    let options = TrainOptions {
        folder: RunFolder::new(Path::new(&out)),
        resume: false,
        init: None,
        minutes: None,
        slice_minutes: None,
        device: DeviceChoice::Auto.open()?,
        command: "the example train_tiny_model".to_owned(),
    };
    let interrupted = AtomicBool::new(false);
    let mut show = |event: Event| {
        if let Event::Step(figures) = event {
            println!("step {}: squared error {:.4}", figures.step, figures.mse);
        }
    };
    let evaluation = train(config, &options, &Processes::single(), &interrupted, &mut show)?;
    let evaluation = evaluation.context("nobody interrupts this run")?;
    println!("{:.2} of the best constant picture's error", evaluation.ratio);
    Ok(())
}
