//! Commands about weights that are there: `eval`, `golden`, `checkpoint`, `import`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::slice;

use anyhow::{Context, Result, ensure};
use gqn_command_line::{print_line, say};
use gqn_formats::{Checkpoint, Element, TensorFile, sha256_hex};
use gqn_scenes::World;
use gqn_system::{FolderLock, Overwrite, SystemError, folder_of, read_regular, write_atomic};
use gqn_trainer::config::{RunData, TrainConfig, read_table};
use gqn_trainer::device::prepare;
use gqn_trainer::evaluation::evaluate::{TestPlan, evaluate_run};
use gqn_trainer::import::{ImportOptions, import};
use gqn_trainer::model::{ComputeType, Gqn};
use gqn_trainer::run::folder::{CONFIG_FILE, GOLDEN_FILE, RunFolder};
use gqn_trainer::run::golden::{difference, golden};
use gqn_trainer::run::progress::Progress;

use super::output::check_out;
use crate::cli::{CheckpointFlags, EvalFlags, GoldenFlags, ImportFlags};
use crate::{checkpoint_of, command_line, set_threads};

pub(crate) fn run_eval(flags: &EvalFlags) -> Result<ExitCode> {
    set_threads(flags.threads);
    let device = flags.device.open()?.device;
    let path = checkpoint_of(&flags.run);
    let (folder, checkpoint) = (parent(&path), Checkpoint::load(&path)?);
    let (mut keys, mut data) =
        (toml::Table::new(), RunData::of(flags.data.as_deref(), flags.skip_damaged));
    if let Some(world) = flags.world {
        keys.insert("max_context".to_owned(), (world.max_context() as i64).into());
        keys.insert("world".to_owned(), world.to_string().into());
        data = RunData::None;
    }
    let file = folder.join(CONFIG_FILE);
    ensure!(
        file.exists(),
        "there is no {}, which says on what scenes the checkpoint is to be measured\n\
         hint: name a run's folder, or a checkpoint in one",
        file.display()
    );
    let mut config = TrainConfig::of_run(&file, keys, data)?;
    let most = flags.context.map_or(config.data.max_context, |views| views as usize);
    config.data.max_context = most;
    config.model = checkpoint.config.clone();
    config.validate()?;
    let contexts = if flags.context.is_some() { vec![most] } else { (1..=most).collect() };
    let schedules = &config.schedules;
    let plan = TestPlan {
        scenes: flags.scenes.map(u64::from),
        contexts,
        queries: flags.queries as usize,
        samples: flags.samples as usize,
        pixel_std_dev: flags.pixel_std_dev.unwrap_or(schedules.pixel_std_dev_at(schedules.steps)),
        seed: flags.seed.map_or(config.seed, u64::from),
    };
    let mut progress = Progress::default();
    let phase = schedules.phase_at(checkpoint.step.saturating_sub(1));
    let mut show = |done: gqn_trainer::evaluation::Progress| progress.show(&done.into());
    let evaluation = evaluate_run(&checkpoint, phase, &config.scenes(), &plan, device, &mut show)?
        .expect("nothing interrupts it but the end of the program");
    say(&evaluation.table());
    print_line(&serde_json::to_string_pretty(&evaluation)?)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn run_golden(flags: &GoldenFlags) -> Result<ExitCode> {
    let path = checkpoint_of(&flags.run);
    let out = flags.out.clone().unwrap_or_else(|| parent(&path).join(GOLDEN_FILE));
    let _alone = if flags.check { None } else { alone_at(&out)? };
    if !flags.check {
        check_out(&out, Overwrite::forced(flags.force), slice::from_ref(&path), Some(GOLDEN_FILE))?;
    }
    let bytes = read_regular(&path, u64::MAX)?;
    let checkpoint = Checkpoint::from_bytes(&path.display().to_string(), &bytes)?;
    if flags.check {
        return check_golden(&checkpoint, &parent(&path).join(GOLDEN_FILE), flags);
    }
    checkpoint.config.check_rendered_scenes()?;
    let model = Gqn::from_checkpoint(&checkpoint, tch::Device::Cpu);
    let seed = u64::from(flags.seed) & (u64::MAX >> 33);
    let world = flags.world.map_or_else(|| world_of_run(&parent(&path)), Ok)?;
    let sample = golden(&model, world, seed, &sha256_hex(&bytes)).to_bytes(GOLDEN_FILE)?;
    write_atomic(&out, &sample, Overwrite::forced(flags.force))?;
    print_line(&format!("{}", out.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The sample beside a checkpoint, painted anew.
fn check_golden(checkpoint: &Checkpoint, path: &Path, flags: &GoldenFlags) -> Result<ExitCode> {
    /// Largest difference of a picture's numbers, which lie in 0 to 1, by another device's 32-bit arithmetic.
    const TOLERANCE: f64 = 1e-4;
    let what = path.display().to_string();
    let bytes = read_regular(path, u64::MAX)?;
    let sample = TensorFile::from_bytes(&what, &bytes)?;
    let opened = flags.device.open()?;
    prepare(opened.device, ComputeType::Fp32);
    let model = Gqn::from_checkpoint(checkpoint, opened.device);
    let found = difference(&model, &what, &sample)?;
    let on = opened.description;
    if found <= TOLERANCE {
        print_line(&format!(
            "pass  {what} on {on}: largest difference {found:.1e} of {TOLERANCE:.0e}"
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    print_line(&format!(
        "FAIL  {what} on {on}: largest difference {found:.1e} of {TOLERANCE:.0e}"
    ))?;
    Ok(ExitCode::FAILURE)
}

pub(crate) fn run_checkpoint(flags: &CheckpointFlags) -> Result<ExitCode> {
    let overwrite = Overwrite::forced(flags.force);
    let _alone = alone_at(&flags.out)?;
    let path = checkpoint_of(&flags.run);
    check_out(&flags.out, overwrite, slice::from_ref(&path), None)?;
    let checkpoint = Checkpoint::load(&path)?;
    let element = if flags.half { Element::F16 } else { Element::F32 };
    let what = flags.out.display().to_string();
    let bytes = checkpoint.into_tensor_file().to_bytes_as(element, &what)?;
    if let Some(most) = flags.most_bytes {
        let found = bytes.len();
        ensure!(found as u64 <= most, "the checkpoint has {found} bytes, expected at most {most}");
    }
    write_atomic(&flags.out, &bytes, overwrite)?;
    print_line(&format!("{}", flags.out.display()))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn run_import(flags: &ImportFlags) -> Result<ExitCode> {
    let overwrite = Overwrite::forced(flags.force);
    let _alone = FolderLock::acquire(folder_of(&flags.out))?;
    check_out(&flags.out, overwrite, slice::from_ref(&flags.file), None)?;
    let options = ImportOptions {
        steps: flags.layers.map(|layers| layers as usize),
        representation: flags.representation,
        pose_encoding: flags.pose_encoding,
        step: u64::from(flags.step),
    };
    let imported = import(&flags.file, &options)?;
    if imported.assumed_pool {
        say("taken for a pool representation: tower and pool have the same tensors\n\
             hint: --representation tower says otherwise");
    }
    for name in &imported.unused {
        say(&format!("left out {name}, which a representation of this size passes by"));
    }
    let mut checkpoint = imported.checkpoint;
    checkpoint.provenance.command = command_line();
    env!("GQN_COMMIT").clone_into(&mut checkpoint.provenance.commit);
    let name = flags.file.file_name().unwrap_or_default().to_string_lossy();
    checkpoint.provenance.data = format!("imported from {name}");
    let what = flags.out.display().to_string();
    let model = Gqn::from_checkpoint(&checkpoint, tch::Device::Cpu);
    let bytes = checkpoint.into_tensor_file().to_bytes(&what)?;
    write_atomic(&flags.out, &bytes, overwrite)?;
    print_line(&what)?;
    say(&serde_json::to_string(model.config())?);
    let golden_path = parent(&flags.out).join(GOLDEN_FILE);
    if golden_path.exists() && !flags.force {
        // It is another checkpoint's, and may be wanted.
        say(&format!("next: gqn-train golden {what} --out SAMPLE, which exporting wants"));
        return Ok(ExitCode::SUCCESS);
    }
    let sample = golden(&model, flags.world, 0, &sha256_hex(&bytes)).to_bytes(GOLDEN_FILE)?;
    write_atomic(&golden_path, &sample, overwrite)?;
    say(&format!("next: gqn-export export {what} --out PACKAGE"));
    Ok(ExitCode::SUCCESS)
}

/// The world of the run whose folder this is; where there is none, rooms.
fn world_of_run(folder: &Path) -> Result<World> {
    let path = folder.join(CONFIG_FILE);
    if !path.exists() {
        return Ok(World::RoomsRingCamera);
    }
    let unreadable = || format!("could not read {}\nhint: name a --world", path.display());
    let config = read_table(&path).with_context(unreadable)?;
    let world = config.get("world").cloned().map(toml::Value::try_into).transpose();
    Ok(world.with_context(unreadable)?.unwrap_or(World::RoomsRingCamera))
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// Takes the folder of a file that is one of a run's: a run may be writing to it. Any other file is written whole or not
/// at all, whoever writes beside it.
fn alone_at(path: &Path) -> Result<Option<FolderLock>, SystemError> {
    RunFolder::is_run_file(path).then(|| FolderLock::acquire(folder_of(path))).transpose()
}
