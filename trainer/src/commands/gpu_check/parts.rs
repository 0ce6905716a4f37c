//! The parts of the check, and their sizes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Check;

/// Folder of the run that is interrupted, in the check's own.
pub(super) const RUN: &str = "run";

/// A run that writes its first lines within seconds on one core.
pub(super) const SMALL_RECIPE: &str = "\
preset = \"tiny\"
world = \"rooms-ring-camera\"
scenes = 20
test_scenes = 1
steps = 100000
batch = 2
log_every = 2

[model]
image_size = 16
hidden_channels = 16
";

const MINUTE: Duration = Duration::from_mins(1);

/// Something to show.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    /// Longest that it may take.
    pub(super) limit: Duration,
    pub(super) job: Job,
}

#[derive(Debug)]
pub(super) enum Job {
    /// This program with arguments; its success is the part's.
    Program(Vec<String>),
    /// The recipe of that file, interrupted and resumed.
    Slice { config: PathBuf },
    /// Not on this machine.
    Without(&'static str),
}

/// All parts, the quick ones first: what a later part finds is worth less where an earlier one fails.
pub(super) fn parts(check: &Check) -> Result<Vec<Part>> {
    let files = oracles(check)?;
    let oracle = |name: &str, flags: &[&str]| {
        let mut arguments = words(&["oracle", "--winograd", "false", "--device", &check.device]);
        arguments.extend(words(flags));
        arguments.extend(files.iter().cloned());
        part(name, check.all / 4, Job::Program(arguments))
    };
    let nccl = if check.is_cuda {
        Job::Program(words(&["nccl-check", "--device", &check.device]))
    } else {
        Job::Without("NCCL is about CUDA devices, and this check is on a CPU")
    };
    let config = if check.small {
        check.out.join("small.toml")
    } else {
        check.root.join("trainer/configs").join(format!("{}.toml", check.recipe))
    };
    if !check.small && !config.is_file() {
        bail!(
            "there is no recipe {}\nhint: --root names the repository's folder",
            config.display()
        );
    }
    let run = check.out.join(RUN).display().to_string();
    let sample = words(&["golden", &run, "--check", "--device", &check.device]);
    Ok(vec![
        oracle("oracle-fused", &["--variant", "fused"]),
        oracle("oracle-reference", &["--variant", "reference"]),
        oracle("oracle-tf32", &["--variant", "fused", "--precision", "tf32"]),
        oracle("oracle-bf16", &["--variant", "fused", "--precision", "bf16"]),
        part("nccl", MINUTE, nccl),
        part("slice", check.all / 4, Job::Slice { config }),
        part("golden", MINUTE, Job::Program(sample)),
        bench(check, "edge", true),
        bench(check, "paper", false),
        bench(check, "paper", true),
        bench(check, "edge", false),
    ])
}

impl Part {
    /// What the part has measured, if it wrote that down.
    pub(super) fn figures(&self, check: &Check) -> Result<Value> {
        let path = check.out.join(report_file(&self.name));
        if !path.is_file() || !self.name.starts_with("bench-") {
            return Ok(Value::Null);
        }
        let read = || format!("could not read {}", path.display());
        let text = fs::read_to_string(&path).with_context(read)?;
        serde_json::from_str(&text).with_context(read)
    }
}

/// The fastest row of a suite's report, in words.
pub(super) fn fastest(report: &Value) -> Option<String> {
    let rows = report["rows"].as_array()?;
    let rate = |row: &&Value| row["steps_per_sec"].as_f64().unwrap_or(0.0);
    let row = rows.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    Some(format!(
        "{} rows; fastest {} {}: {:.2} steps/s, {:.0} % of the matrix rate, {:.1} GiB of activations",
        rows.len(),
        row["variant"].as_str()?,
        row["dtype"].as_str()?,
        rate(&row),
        100.0 * row["matmul_share"].as_f64()?,
        row["activation_bytes"].as_f64()? / f64::from(1 << 30),
    ))
}

/// The suite on one model with one way to share cores.
fn bench(check: &Check, model: &str, shared: bool) -> Part {
    let name = format!("bench-{model}-{}", if shared { "shared" } else { "unshared" });
    let report = check.out.join(report_file(&name)).display().to_string();
    let mut arguments = words(&["bench", "--gpu-suite", "--force", "--json", &report]);
    arguments.extend(words(&["--device", &check.device, "--shared-core", &shared.to_string()]));
    let sizes: &[&str] = match (check.small, model) {
        (false, _) => &["--preset", model, "--batch", "36", "--steps", "20"],
        (true, "paper") => {
            &["--preset", "tiny-tower", "--representation", "pool", "--upsample-r", "learned"]
        }
        (true, _) => &["--preset", "tiny"],
    };
    arguments.extend(words(sizes));
    if check.small {
        arguments.extend(words(&["--image-size", "16", "--hidden-channels", "16"]));
        arguments.extend(words(&["--layers", "3", "--batch", "2", "--steps", "2"]));
    }
    if let Some(threads) = check.threads {
        arguments.extend(words(&["--threads", &threads.to_string()]));
    }
    part(&name, check.all, Job::Program(arguments))
}

/// The files in `tests/golden`; small: those of small models.
fn oracles(check: &Check) -> Result<Vec<String>> {
    let folder = check.root.join("tests/golden");
    let entries = fs::read_dir(&folder).with_context(|| {
        format!("could not open {}\nhint: --root names the repository's folder", folder.display())
    })?;
    let start = if check.small { "oracle-voxel-" } else { "oracle-" };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(start) && name.ends_with(".safetensors") {
            files.push(path.display().to_string());
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("{} has no oracle-*.safetensors", folder.display());
    }
    Ok(files)
}

fn report_file(name: &str) -> String {
    format!("{name}.report.json")
}

fn part(name: &str, limit: Duration, job: Job) -> Part {
    Part { name: name.to_owned(), limit, job }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
