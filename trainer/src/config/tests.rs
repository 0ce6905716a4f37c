//! Tests of configurations.

use std::path::Path;

use gqn_formats::Preset;
use gqn_scenes::World;

use super::schedule::Phase;
use super::*;
use crate::model::StepVariant;

#[test]
fn flags_win_over_the_file_and_the_file_over_the_preset() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.toml");
    std::fs::write(&file, "preset = \"edge\"\nbatch = 3\n[model]\nsteps = 2\n").expect("a file");
    let flags: toml::Table = "batch = 5".parse().expect("TOML");
    let config = TrainConfig::layered(None, Some(&file), flags).expect("a config");
    assert_eq!((config.data.batch, config.model.steps, config.model.image_size), (5, 2, 64));
    let whole = folder.path().join("b.toml");
    std::fs::write(&whole, config.to_toml()).expect("a file");
    assert_eq!(
        TrainConfig::layered(None, Some(&whole), toml::Table::new()).expect("a config"),
        config
    );
}

#[test]
fn a_batch_is_that_of_a_process_until_a_run_has_begun() {
    let config = |flags: &str, file: Option<&Path>| {
        TrainConfig::layered(None, file, flags.parse().expect("TOML")).expect("a config")
    };
    let two = config("batch = 6", None).over(2).expect("a config");
    assert_eq!((two.data.batch, two.data.share()), (12, 6));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    std::fs::write(&file, two.to_toml()).expect("a file");
    let repeated = config("", Some(&file)).over(3).expect("a config");
    assert_eq!((repeated.data.batch, repeated.data.share()), (12, 4));
    let other = config("batch = 5", Some(&file)).over(3).expect("a config");
    assert_eq!((other.data.batch, other.data.share()), (15, 5));
    let error = config("", Some(&file)).over(5).expect_err("a refusal").to_string();
    assert!(error.contains("batch is 12"), "{error}");
}

#[test]
fn the_context_follows_the_world() {
    let flags: toml::Table = "world = \"shepard-metzler-5\"".parse().expect("TOML");
    let config = TrainConfig::layered(None, None, flags).expect("a config");
    assert_eq!(config.data.max_context, 14);
}

fn of(flags: &str) -> TrainConfig {
    TrainConfig::layered(None, None, flags.parse().expect("TOML")).expect("a config")
}

fn schedules(flags: &str) -> ScheduleConfig {
    of(flags).schedules
}

fn of_preset(preset: Preset, flags: &str) -> TrainConfig {
    TrainConfig::layered(Some(preset), None, flags.parse().expect("TOML")).expect("a config")
}

#[test]
fn a_voxel_models_geometry_is_the_worlds_but_for_what_is_given() {
    for world in World::ALL {
        for preset in [Preset::Edge, Preset::Tiny] {
            let found = of_preset(preset, &format!("world = \"{world}\""));
            assert_eq!(found.model.voxel, preset.voxel(&world.extent()), "{world}");
        }
    }
    let given = of("world = \"jaco\"\n[model.voxel]\ncells = [8, 9, 10]\nnear = 0.5\n");
    let voxel = given.model.voxel.expect("a voxel model");
    assert_eq!((voxel.cells, voxel.near), ([8, 9, 10], 0.5));
    assert_eq!((voxel.low, voxel.far), (World::Jaco.extent().low, World::Jaco.extent().far));
    // Sizes that no preset has are those of `edge`.
    let wide = of_preset(Preset::Paper, "[model]\nrepresentation = \"voxel\"");
    assert_eq!(wide.model.voxel, Preset::Edge.voxel(&World::RoomsRingCamera.extent()));
}

#[test]
fn a_presets_geometry_goes_with_its_representation() {
    assert_eq!(of("[model]\nrepresentation = \"tower\"").model.voxel, None);
    refused(
        "[model]\nrepresentation = \"tower\"\n[model.voxel]\nnear = 0.2",
        "model.voxel is there",
    );
}

#[test]
fn earlier_names_of_keys_and_values_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    for (before, variant) in [("plain", StepVariant::Reference), ("fast", StepVariant::Fused)] {
        let keys = format!("form = \"{before}\"\nrecompute = true\n");
        std::fs::write(&file, keys).expect("a file");
        let config = TrainConfig::layered(None, Some(&file), toml::Table::new());
        let compute = config.expect("a config").compute;
        assert_eq!((compute.variant, compute.activation_checkpointing), (variant, true));
        let flags = "variant = \"reference\"".parse().expect("TOML");
        let config = TrainConfig::layered(None, Some(&file), flags).expect("a config");
        assert_eq!(config.compute.variant, StepVariant::Reference, "flags win over the file");
    }
    // A whole run as an earlier version wrote it.
    let whole = of("").to_toml();
    let earlier = whole.replace("variant =", "form =");
    let earlier = earlier.replace("activation_checkpointing =", "recompute =");
    assert!(earlier.contains("form =") && earlier.contains("recompute ="), "{earlier}");
    std::fs::write(&file, earlier).expect("a file");
    let again = TrainConfig::layered(None, Some(&file), toml::Table::new()).expect("a config");
    assert_eq!(again, of(""));
    refused("form = \"plain\"\nvariant = \"fused\"", "`form` and `variant` are both there");
}

#[test]
fn a_whole_file_stands_for_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    for preset in Preset::ALL {
        let config = of_preset(preset, "world = \"mazes\"");
        std::fs::write(&file, config.to_toml()).expect("a file");
        let again = TrainConfig::layered(None, Some(&file), toml::Table::new()).expect("a config");
        // The default preset clips gradients; a run that did not say so does not.
        assert_eq!(again, config, "{preset}");
    }
}

#[test]
fn the_first_phase_is_a_number_or_a_share() {
    let start = |flags: &str| schedules(&format!("steps = 30\n{flags}")).elbo_start();
    assert_eq!(start(""), 24, "four fifths, says the preset");
    assert_eq!(start("generation_steps = 0"), 0);
    assert_eq!(start("generation_steps = 7"), 7);
    assert_eq!(start("generation_steps = 0.5"), 15);
    let config = schedules("steps = 30\ngeneration_steps = 0.5");
    assert_eq!([0, 14, 15, 29].map(|step| config.phase_at(step)), {
        use Phase::{Elbo, Generation};
        [Generation, Generation, Elbo, Elbo]
    });
}

#[test]
fn one_step_of_some_is_of_the_mean_picture() {
    use Phase::{Elbo, Generation};
    let config = schedules("steps = 30\ngeneration_steps = 3\nmean_every = 2");
    let objectives = [0, 2, 3, 4, 5, 6].map(|step| config.objective_at(step));
    assert_eq!(objectives, [Generation, Generation, Generation, Elbo, Generation, Elbo]);
    assert_eq!(config.phase_at(5), Elbo);
    assert_eq!(schedules("generation_steps = 3").objective_at(5), Elbo);
}

#[test]
fn the_steps_of_the_bound_are_counted_as_they_are_told_apart() {
    for start in [0, 3, 6, 7] {
        for mean_every in [None, Some(2), Some(3), Some(7)] {
            let steps = schedule::ElboSteps { start, mean_every };
            for step in 0..30 {
                let expected = (0..step).filter(|step| steps.contains(*step)).count();
                assert_eq!(steps.count_before(step), expected as u64, "{steps:?} before {step}");
            }
        }
    }
}

#[test]
fn a_warm_up_of_the_divergence_begins_with_the_elbo_phase() {
    let weights = |over: &str, phase: &str| {
        let config = schedules(&format!(
            "steps = 40\n{phase}\nkl_weight = {{ start = 0.0, end = 1.0, over = {over} }}"
        ));
        [0, 20, 25, 30, 39].map(|step| config.kl_weight_at(step)).to_vec()
    };
    assert_eq!(weights("10", "generation_steps = 0.5"), [0.0, 0.0, 0.5, 1.0, 1.0]);
    assert_eq!(weights("\"run\"", "generation_steps = 20"), [0.0, 0.0, 0.25, 0.5, 0.95]);
    assert_eq!(weights("\"run\"", "generation_steps = 0"), [0.0, 0.5, 0.625, 0.75, 0.975]);
}

#[test]
fn the_learning_rate_warms_up_to_its_schedule() {
    let rates = |warmup: &str| {
        let config = schedules(&format!(
            "steps = 8\nlearning_rate = {{ start = 0.8, end = 0.4, over = \"run\" }}\n{warmup}"
        ));
        [0, 1, 3, 4, 7].map(|step| (config.learning_rate_at(step) * 1e6).round() / 1e6).to_vec()
    };
    // The schedule alone falls by 0.05 a step.
    assert_eq!(rates("warmup_steps = 0"), [0.8, 0.75, 0.65, 0.6, 0.45]);
    assert_eq!(rates("warmup_steps = 4"), [0.2, 0.375, 0.65, 0.6, 0.45]);
    assert_eq!(schedules("").warmup_steps, 100, "says the preset");
    assert_eq!(of_preset(Preset::Paper, "").schedules.warmup_steps, 0);
}

#[test]
fn a_run_without_an_elbo_phase_is_told() {
    let is_without = |flags: &str| schedules(&format!("steps = 30\n{flags}")).is_without_elbo();
    assert!(!is_without(""));
    assert!(!is_without("generation_steps = 29"));
    assert!(is_without("generation_steps = 30"));
    assert!(is_without("generation_steps = 1.0"));
    assert!(is_without("generation_steps = 2000"));
    // A plan that becomes shorter than the first phase.
    let config = schedules("steps = 30\ngeneration_steps = 20");
    assert!(!config.is_without_elbo());
    assert!(config.replanned(20, 5).is_without_elbo());
}

#[test]
fn a_new_plan_moves_the_end_of_the_first_phase_but_never_back() {
    let config = schedules("steps = 30\ngeneration_steps = 0.5");
    let start = |steps, done| config.replanned(steps, done).elbo_start();
    assert_eq!(start(60, 10), 30, "a share of the new plan");
    assert_eq!(start(12, 10), 10, "it is late: the ELBO phase begins now");
    assert_eq!(start(60, 15), 15, "the ELBO phase has begun");
    assert_eq!(start(60, 20), 15);
    let fixed = schedules("steps = 30\ngeneration_steps = 7");
    assert_eq!(fixed.replanned(60, 3).elbo_start(), 7);
    let without = schedules("steps = 30\ngeneration_steps = 0").replanned(60, 3);
    assert_eq!(without.elbo_start(), 0);
}

#[track_caller]
fn refused(flags: &str, part: &str) {
    let error =
        TrainConfig::layered(None, None, flags.parse().expect("TOML")).expect_err("a refusal");
    let text = format!(
        "{error} {}",
        std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default()
    );
    assert!(text.contains(part), "{text}");
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    refused("bach = 3", "bach");
    refused("batch = 0", "batch is 0");
    refused("max_context = 10", "max_context is 10");
    refused("[model]\nsteps = 0", "steps is 0");
    refused("world = \"moon\"", "moon");
    refused("seed = 2147483648", "seed");
    refused("accumulate = 3", "accumulate is 3");
    refused("accumulate = 0", "accumulate is 0");
    refused("min_context = 6", "min_context is 6");
    refused("clip_gradient = 0.0", "clip_gradient is 0");
    refused("clip_gradient = nan", "clip_gradient is NaN");
    refused("weight_average = 1.0", "weight_average is 1");
    refused("kl_weight = { start = -1.0, end = 1.0, over = 3 }", "kl_weight is -1 to 1");
    refused("variant = \"slow\"", "slow");
    refused("variant = \"reference\"\nprecision = \"bf16\"", "precision is bf16");
    refused("precision = \"fp8\"", "fp8");
    refused("[model]\nshared_core = \"false\"", "shared_core");
    refused("mean_every = 1", "mean_every is 1");
    refused("generation_steps = 1.5", "generation_steps is 1.5");
    refused("generation_steps = -1", "generation_steps");
    refused("[model.voxel]\nrays = 3", "rays is 3");
    refused("[model.voxel]\ncells = [1, 8, 8]", "voxel.cells is 1");
    refused("[model.voxel]\ncells = [8, 8]", "cells");
    refused("[model.voxel]\nfield_of_view = 1.0", "the model's is 1.0000");
    refused("[model.voxel]\nfield_of_view = 1.2", "leave out --field-of-view; rendered worlds");
    refused("[model.voxel]\nfare = 1.0", "fare");
    refused("[model]\nvoxel = 3", "model.voxel is 3");
    refused("refresh_epochs = 0", "refresh_epochs is 0");
    refused("scenes = 1000\nsteps = 2147483648\nrefresh_epochs = 1", "refresh_epochs is 1");
    refused("learning_rate = { start = -1.0, end = 1.0, over = 3 }", "learning_rate");
}
