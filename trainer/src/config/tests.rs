use super::*;

#[test]
fn flags_win_over_the_file_and_the_file_over_the_preset() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.toml");
    std::fs::write(&file, "preset = \"edge\"\nbatch = 3\n[model]\nsteps = 2\n").expect("a file");
    let flags: toml::Table = "batch = 5".parse().expect("TOML");
    let config = TrainConfig::layered(None, Some(&file), flags).expect("a config");
    assert_eq!((config.batch, config.model.steps, config.model.image_size), (5, 2, 64));
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
    assert_eq!((two.batch, two.share()), (12, 6));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    std::fs::write(&file, two.to_toml()).expect("a file");
    let repeated = config("", Some(&file)).over(3).expect("a config");
    assert_eq!((repeated.batch, repeated.share()), (12, 4));
    let other = config("batch = 5", Some(&file)).over(3).expect("a config");
    assert_eq!((other.batch, other.share()), (15, 5));
    let error = config("", Some(&file)).over(5).expect_err("a refusal").to_string();
    assert!(error.contains("batch is 12"), "{error}");
}

#[test]
fn the_context_follows_the_world() {
    let flags: toml::Table = "world = \"shepard-metzler-5\"".parse().expect("TOML");
    assert_eq!(TrainConfig::layered(None, None, flags).expect("a config").max_context, 14);
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
    refused("form = \"slow\"", "slow");
    refused("form = \"plain\"\nprecision = \"bf16\"", "precision is bf16");
    refused("precision = \"fp8\"", "fp8");
    refused("[model]\nshared_core = \"false\"", "shared_core");
    refused("refresh_epochs = 0", "refresh_epochs is 0");
    refused("scenes = 1000\nsteps = 2147483648\nrefresh_epochs = 1", "refresh_epochs is 1");
    refused("learning_rate = { start = -1.0, end = 1.0, over = 3 }", "learning_rate");
}
