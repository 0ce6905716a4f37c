//! What a run needs of memory, held against what there is before anything is begun: a process that runs out of it is ended
//! by the system, without a word.

use gqn_formats::{ModelConfig, parameters};
use gqn_messages::bytes_text;
use gqn_system::{SystemError, available_memory, check_memory};
use tch::Device;

use crate::config::{DataConfig, RunScenes, StepConfig};
use crate::device::free_on_device;

/// Numbers of 32 bits.
const NUMBER: f64 = 4.0;
/// Share of the memory left beside the training itself that scenes may take: the system and its files need some.
const SHARE_OF_SCENES: f64 = 0.75;
/// Fewer scenes than that at a time are no set to train on.
const FEWEST_SCENES: u64 = 64;

/// Estimates in bytes. They are below what is really taken, so that what they refuse cannot be done.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Needs {
    /// Weights, gradients, Adam's moments and the average.
    weights: f64,
    /// The same numbers as they are made ready to be written, in the memory of the host.
    saved: f64,
    /// What the forward pass keeps for the backward pass.
    activations: f64,
}

/// The sizes of a training step that its memory depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepSize {
    /// Scenes of a batch that are computed at once.
    pub rows: usize,
    /// Context views of each, at most.
    pub context: usize,
    /// Whether activations are recomputed instead of kept.
    pub activation_checkpointing: bool,
    /// Whether an average of the weights is kept.
    pub has_average: bool,
}

impl StepSize {
    /// The steps of one process of a run.
    pub fn of(data: &DataConfig, step: &StepConfig) -> Self {
        Self {
            rows: data.share().div_ceil(step.compute.accumulate),
            context: data.max_context,
            activation_checkpointing: step.compute.activation_checkpointing,
            has_average: step.optimiser.weight_average.is_some(),
        }
    }
}

/// Bytes of a scene in memory: pictures as bytes, cameras and poses.
fn scene_bytes(run: &RunScenes) -> u64 {
    let frame = 3 * run.side * run.side;
    (run.data.views() * (frame + 40 + 28)) as u64
}

/// Bytes that so many scenes take while they are copied to the device, or while the next ones are rendered.
fn scenes_bytes(run: &RunScenes, scenes: u64) -> u64 {
    scene_bytes(run).saturating_mul(2).saturating_mul(scenes)
}

impl Needs {
    fn of(model: &ModelConfig, size: StepSize) -> Self {
        let StepSize { rows, context, activation_checkpointing, has_average } = size;
        let elements = |shape: &[usize]| shape.iter().map(|size| *size as f64).product::<f64>();
        let weights: f64 =
            parameters(model).iter().map(|parameter| elements(&parameter.shape)).sum();
        let copies = if has_average { 5.0 } else { 4.0 };
        Self {
            weights: NUMBER * copies * weights,
            // The tensors, their bytes, the file: without gradients.
            saved: NUMBER * 3.0 * (copies - 1.0) * weights,
            activations: NUMBER
                * rows as f64
                * activations(model, context, activation_checkpointing),
        }
    }

    fn of_host(&self, device: Device) -> f64 {
        if device.is_cuda() { self.saved } else { self.weights + self.saved.max(self.activations) }
    }
}

/// Numbers that a training step keeps of one scene, at least.
fn activations(model: &ModelConfig, context: usize, activation_checkpointing: bool) -> f64 {
    let [side, hidden, channels, steps] =
        [model.image_size, model.hidden_channels, model.representation_channels, model.steps]
            .map(|size| size as f64);
    let states = hidden * (side / 4.0).powi(2);
    // Gates and states of both cores; with checkpointing the states alone, and one step.
    let cores = if activation_checkpointing {
        states * (4.0 * steps + 16.0)
    } else {
        states * 16.0 * steps
    };
    let view = channels * (side / 2.0).powi(2) + 4.0 * channels * (side / 4.0).powi(2);
    let lift = model.voxel.as_ref().map_or(0.0, |voxel| {
        let cells: f64 = voxel.cells.iter().map(|count| *count as f64).product();
        let rays = (side / 4.0 * voxel.rays as f64).powi(2) * voxel.depth_samples as f64;
        cells * (channels + voxel.evidence_channels as f64) + rays * channels
    });
    let pictures = (context as f64 + 1.0) * 3.0 * side * side;
    let views = if activation_checkpointing { 1.0 } else { context as f64 };
    cores + views * view + lift + pictures
}

/// Refuses a run whose step, on `batch` scenes, cannot fit into the memory of this machine, of which `processes` such
/// processes take a share.
///
/// # Errors
/// [`SystemError::Memory`].
pub fn check_step(
    model: &ModelConfig,
    size: StepSize,
    batch: usize,
    device: Device,
    processes: usize,
) -> Result<(), SystemError> {
    check(Needs::of(model, size), batch, device, processes)
}

/// The same of a step that is measured.
///
/// # Errors
/// [`SystemError::Memory`].
pub fn check_measured(
    model: &ModelConfig,
    size: StepSize,
    device: Device,
) -> Result<(), SystemError> {
    check(Needs { saved: 0.0, ..Needs::of(model, size) }, size.rows, device, 1)
}

fn check(needs: Needs, batch: usize, device: Device, processes: usize) -> Result<(), SystemError> {
    let text = |bytes: f64| bytes_text(bytes as u64);
    let what = format!(
        "a training step (weights and what Adam keeps of them: {}, a batch of {batch}: {})",
        text(needs.weights),
        text(needs.activations)
    );
    let hint = "a smaller --batch, --accumulate N, --activation-checkpointing, or a model with fewer channels";
    let needed = needs.of_host(device) * processes as f64;
    check_memory(&what, needed as u64, hint)?;
    let on_device = if device.is_cuda() { free_on_device() } else { None };
    let needed = (needs.weights + needs.activations) as u64;
    match on_device {
        Some(available) if needed > available => {
            Err(SystemError::Memory { what, needed, available, hint: hint.to_owned() })
        }
        _ => Ok(()),
    }
}

/// How many of a run's rendered scenes may be in memory at a time: `None` where all of them fit. Where the run says it
/// itself, that is held against the machine.
///
/// # Errors
/// [`SystemError::Memory`] if not even a few fit, or not as many as the run says.
pub fn resident_scenes(
    run: &RunScenes,
    model: &ModelConfig,
    size: StepSize,
    device: Device,
    processes: usize,
    is_resumed: bool,
) -> Result<Option<u64>, SystemError> {
    let Some(left) = left_for_scenes(Needs::of(model, size), device, processes) else {
        return Ok(run.data.resident_scenes);
    };
    let fixed = run.data.resident_scenes.or_else(|| is_resumed.then_some(run.data.scenes));
    fitting(run, fixed, left)
}

/// What the training itself leaves to the scenes of one process; `None` where the system does not tell.
fn left_for_scenes(needs: Needs, device: Device, processes: usize) -> Option<u64> {
    let of_host = available_memory()? as f64 / processes as f64 - needs.of_host(device);
    let of_device = if device.is_cuda() { free_on_device() } else { None };
    // A device holds them once.
    let of_device = of_device.map(|free| 2.0 * (free as f64 - needs.weights - needs.activations));
    let left = of_device.map_or(of_host, |of_device| of_device.min(of_host));
    Some((SHARE_OF_SCENES * left).max(0.0) as u64)
}

fn fitting(run: &RunScenes, fixed: Option<u64>, left: u64) -> Result<Option<u64>, SystemError> {
    let (data, side) = (&run.data, run.side);
    let refused = |scenes: u64, hint: &str| {
        Err(SystemError::Memory {
            what: format!("keeping {scenes} scenes of {} pictures of {side}×{side}", data.views()),
            needed: scenes_bytes(run, scenes),
            available: left,
            hint: hint.to_owned(),
        })
    };
    let wanted = fixed.unwrap_or(data.scenes).min(data.scenes);
    if scenes_bytes(run, wanted) <= left {
        return Ok(data.resident_scenes);
    }
    if let Some(fixed) = fixed {
        return refused(
            fixed.min(data.scenes),
            "a run keeps as many as it began with; go on where there is more memory, or begin another with fewer \
             --scenes or --resident-scenes, or on files with --data",
        );
    }
    let fits = left / scenes_bytes(run, 1).max(1);
    if fits < FEWEST_SCENES.min(data.scenes) {
        return refused(
            FEWEST_SCENES.min(data.scenes),
            "a smaller --image-size or --batch; or --data, which reads views from files as they are needed",
        );
    }
    Ok(Some(fits))
}

/// What is said where not all scenes fit.
pub fn resident_text(run: &RunScenes, resident: u64) -> String {
    let all = run.data.scenes;
    let bytes = bytes_text(scenes_bytes(run, all));
    let how = match run.data.refresh_epochs {
        Some(1) | None => "an epoch".to_owned(),
        Some(epochs) => format!("{epochs} epochs"),
    };
    format!(
        "{all} scenes would take {bytes}: {resident} at a time are kept in memory, and replaced by the next ones after \
         {how} of them (resident_scenes)"
    )
}

#[cfg(test)]
mod tests {
    use gqn_formats::Preset;

    use super::*;
    use crate::config::TrainConfig;

    const GIB: f64 = (1_u64 << 30) as f64;

    #[test]
    fn estimates_are_below_what_was_measured_and_near_it() {
        // docs/training.md, `paper` with shared cores, batch 8, three context views: 529 MiB of activations, with
        // checkpointing 246 MiB.
        let mut model = Preset::Paper.config();
        model.shared_core = true;
        for (activation_checkpointing, measured) in [(false, 529.0), (true, 246.0)] {
            let size =
                StepSize { rows: 8, context: 3, activation_checkpointing, has_average: false };
            let needs = Needs::of(&model, size);
            let mib = needs.activations / f64::from(1 << 20);
            assert!((0.3..0.95).contains(&(mib / measured)), "{mib} MiB, measured {measured}");
        }
    }

    #[test]
    fn absurd_sizes_are_beyond_any_machine() {
        let of = |keys: &str| {
            let config = TrainConfig::layered(None, None, keys.parse().expect("TOML"));
            let config = config.expect("a config");
            let size = StepSize::of(&config.data, &config.step());
            Needs::of(&config.model, size).of_host(Device::Cpu)
        };
        assert!(of("") < GIB, "the default fits anywhere");
        assert!(of("batch = 1000000") > 1000.0 * GIB);
        assert!(of("[model]\nhidden_channels = 4096\ncanvas_channels = 4096") > 50.0 * GIB);
        assert!(of("batch = 1024\n[model]\nimage_size = 1024") > 1000.0 * GIB);
    }

    #[test]
    fn the_papers_scenes_are_kept_as_far_as_they_fit() {
        let keys = "scenes = 2000000\n[model]\nimage_size = 64\n";
        let config = TrainConfig::layered(None, None, keys.parse().expect("TOML"));
        let mut run = config.expect("a config").scenes();
        let gibibytes = |count: u64| count << 30;
        // 10 pictures of 12 KiB and their cameras, twice: 247 120 bytes.
        assert_eq!(fitting(&run, None, gibibytes(16)).expect("some"), Some(69_520));
        assert_eq!(fitting(&run, None, gibibytes(1024)).expect("all"), None);
        let error = fitting(&run, None, 1 << 20).expect_err("4 scenes").to_string();
        assert!(error.contains("64 scenes") && error.contains("--data"), "{error}");
        let error = fitting(&run, Some(100_000), gibibytes(16)).expect_err("fixed").to_string();
        assert!(error.contains("100000 scenes") && error.contains("23.0 GiB"), "{error}");
        run.data.resident_scenes = Some(5);
        assert_eq!(fitting(&run, Some(5), gibibytes(1)).expect("five"), Some(5));
    }
}
