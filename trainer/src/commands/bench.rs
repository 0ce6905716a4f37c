//! `gqn-train bench`: which cases are measured, and how.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use gqn_command_line::{print_line, say};
use gqn_formats::ModelConfig;
use gqn_messages::error_report;
use gqn_system::{Overwrite, write_atomic};
use gqn_trainer::bench::{
    Case, Probe, Report, Row, StepOptions, interleaved, matmul_flops, multiply_adds, probe,
    probe_in_child, read,
};
use gqn_trainer::device::{OpenDevice, prepare};
use gqn_trainer::model::{ComputeType, StepVariant};
use gqn_trainer::training::memory::{StepSize, check_measured};
use tch::{Device, Kind};

use super::output::check_out;
use crate::cli::{BenchFlags, ProbeFlags};
use crate::{command_line, set_threads};

const REFERENCE: StepOptions = StepOptions {
    variant: StepVariant::Reference,
    precision: ComputeType::Fp32,
    winograd: None,
    activation_checkpointing: false,
};
const FUSED: StepOptions = StepOptions { variant: StepVariant::Fused, ..REFERENCE };
const FUSED_CHECKPOINTING: StepOptions = StepOptions { activation_checkpointing: true, ..FUSED };
const DIRECT: StepOptions = StepOptions { winograd: Some(false), ..FUSED };
const DIRECT_CHECKPOINTING: StepOptions = StepOptions { activation_checkpointing: true, ..DIRECT };

pub(crate) fn run_bench(flags: &BenchFlags) -> Result<ExitCode> {
    let threads = set_threads(Some(flags.threads));
    let device = flags.device.open()?;
    let overwrite = Overwrite::forced(flags.force);
    if let Some(path) = &flags.json {
        check_out(path, overwrite, &[], None)?;
    }
    check_sizes(flags, &device)?;
    let mut report = Report { command: command_line(), threads, ..Report::default() };
    if flags.gpu_suite {
        suite(flags, &device, &mut report)?;
    } else {
        variants(flags, &device, &mut report)?;
    }
    reading(flags, &mut report)?;
    print_line(report.table().trim_end())?;
    write(flags, &report)?;
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the sizes that are asked for can be measured on this machine at all.
fn check_sizes(flags: &BenchFlags, device: &OpenDevice) -> Result<()> {
    let batch = flags.batch.max(if flags.gpu_suite { 0 } else { flags.memory_batch });
    // With checkpointing: a case of a suite that needs more is noted, and the others go on.
    let (batch, context) = (usize::from(batch), usize::from(flags.context));
    let model = flags.model(flags.shared_core().unwrap_or(true))?;
    let size = StepSize {
        rows: batch,
        context,
        activation_checkpointing: flags.gpu_suite,
        has_average: false,
    };
    Ok(check_measured(&model, size, device.device)?)
}

/// As far as it is: what is measured is not lost if the rest takes too long.
fn write(flags: &BenchFlags, report: &Report) -> Result<()> {
    let Some(path) = &flags.json else { return Ok(()) };
    let is_first = report.rows.len() + report.failures.len() <= 1 || !flags.gpu_suite;
    let overwrite = Overwrite::forced(flags.force || !is_first);
    Ok(write_atomic(path, report.to_json().as_bytes(), overwrite)?)
}

/// How fast files are read, and how many times over that feeds the fastest training.
fn reading(flags: &BenchFlags, report: &mut Report) -> Result<()> {
    const THREADS: [usize; 2] = [1, 2];
    let Some(scenes) = flags.reading()? else { return Ok(()) };
    let trained = report.rows.iter().map(|row| row.batch as f64 * row.steps_per_sec);
    let fastest = trained.fold(0.0, f64::max);
    for threads in THREADS {
        say(&format!("reading with {threads} threads"));
        let Some(reading) = read(&scenes, threads)? else { continue };
        if fastest > 0.0 {
            let name = format!("scenes/s read with {threads} threads / fastest trained");
            report.ratios.insert(name, reading.scenes_per_sec / fastest);
        }
        report.readings.push(reading);
    }
    Ok(())
}

/// One case in this process, for [`probe_in_child`].
pub(crate) fn run_probe(flags: &ProbeFlags) -> Result<ExitCode> {
    set_threads(Some(flags.threads));
    let case: Case = serde_json::from_str(&flags.case).context("the case is not readable")?;
    let device = flags.device.open()?.device;
    prepare(device, case.options.precision);
    print_line(&serde_json::to_string(&probe(&case, device, flags.steps as usize)?)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The reference, and the fused variant with and without Winograd's algorithm, each with and without checkpointing: time of
/// interleaved steps, memory at both batches each in a process of its own.
fn variants(flags: &BenchFlags, device: &OpenDevice, report: &mut Report) -> Result<()> {
    let model = flags.model(true)?;
    let variants = [REFERENCE, FUSED, FUSED_CHECKPOINTING, DIRECT, DIRECT_CHECKPOINTING];
    let case = |options, batch| Case {
        model: model.clone(),
        options,
        batch,
        context: flags.context as usize,
    };
    prepare(device.device, ComputeType::Fp32);
    let rate = matmul_flops(device.device, Kind::Float);
    let cases = variants.map(|options| case(options, flags.batch as usize));
    let steps = flags.steps as usize;
    let timings = interleaved(&cases, device.device, steps, &mut |step| {
        say(&format!("step {step} of {steps}, interleaved"));
    });
    report.ratios.extend(variants.iter().zip(&timings).skip(1).map(|(options, timing)| {
        let name = format!("time of reference / {}", options.name());
        (name, timings[0].median_secs() / timing.median_secs())
    }));
    for (case, timing) in cases.iter().zip(&timings) {
        let mut row = row(case, device, timing.median_secs().recip(), rate);
        "interleaved".clone_into(&mut row.timed);
        row.loss_difference = Some(timing.loss_difference(&timings[0]));
        if flags.memory_batch > 0 {
            say(&format!("{} at batch {} by itself", case.options.name(), case.batch));
            row = with_memory(row, &child(flags, device, case, 1)?);
        }
        report.rows.push(row);
    }
    if flags.memory_batch == 0 {
        return Ok(());
    }
    let large = variants.map(|options| case(options, flags.memory_batch as usize));
    for case in &large {
        say(&format!("{} at batch {} by itself", case.options.name(), case.batch));
        let probe = child(flags, device, case, 1)?;
        report.rows.push(with_memory(row(case, device, probe.steps_per_sec, rate), &probe));
    }
    let bytes = |row: &Row| row.activation_bytes.map_or(f64::NAN, |bytes| bytes as f64);
    let base = bytes(&report.rows[variants.len()]);
    let memory =
        variants.iter().zip(&report.rows[variants.len()..]).skip(1).map(|(options, row)| {
            let name = format!(
                "activations of {} / reference at batch {}",
                options.name(),
                flags.memory_batch
            );
            (name, bytes(row) / base)
        });
    report.ratios.extend(memory.collect::<Vec<_>>());
    Ok(())
}

/// Shared and unshared cores, unless the flags name one of them, every variant in every precision, each in a process of its own.
/// A case that fails, because the device's memory is too small for instance, is noted, and the others go on.
fn suite(flags: &BenchFlags, device: &OpenDevice, report: &mut Report) -> Result<()> {
    use ComputeType::{Bf16, Fp32, Tf32};
    let variants = [
        REFERENCE,
        StepOptions { precision: Tf32, ..REFERENCE },
        FUSED,
        StepOptions { precision: Tf32, ..FUSED },
        StepOptions { precision: Bf16, ..FUSED },
        StepOptions { precision: Bf16, ..FUSED_CHECKPOINTING },
    ];
    let rates = [Fp32, Tf32, Bf16].map(|precision| {
        prepare(device.device, precision);
        let kind = if precision == Bf16 { Kind::BFloat16 } else { Kind::Float };
        (precision, matmul_flops(device.device, kind))
    });
    for shared in [false, true] {
        if flags.shared_core().is_some_and(|only| only != shared) {
            continue;
        }
        let mut rows: Vec<Row> = Vec::new();
        for options in variants {
            let case = Case {
                model: flags.model(shared)?,
                options,
                batch: flags.batch as usize,
                context: flags.context as usize,
            };
            let name =
                format!("{} {} {}", cores(&case.model), options.name(), dtype(options.precision));
            say(&name);
            let (_, rate) = rates[options.precision as usize];
            match child(flags, device, &case, flags.steps as usize) {
                Ok(probe) => {
                    let row = row(&case, device, probe.steps_per_sec, rate);
                    rows.push(with_memory(row, &probe));
                    report.rows.extend(rows.last().cloned());
                }
                Err(error) => report.failures.push(format!("{name}: {}", error_report(&*error))),
            }
            write(flags, report)?;
        }
        let is_base =
            |row: &&Row| row.variant == REFERENCE.name() && row.dtype == dtype(REFERENCE.precision);
        let Some(base) = rows.iter().find(is_base) else { continue };
        report.ratios.extend(rows.iter().filter(|row| !is_base(row)).map(|row| {
            let name =
                format!("{}: {} {} / reference fp32 in speed", row.cores, row.variant, row.dtype);
            (name, row.steps_per_sec / base.steps_per_sec)
        }));
    }
    Ok(())
}

fn child(flags: &BenchFlags, device: &OpenDevice, case: &Case, steps: usize) -> Result<Probe> {
    let device = match device.device {
        Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".to_owned(),
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench-probe", "--device", &device]);
    command.args(["--threads", &flags.threads.to_string(), "--steps", &steps.to_string()]);
    command.args(["--case", &serde_json::to_string(case)?]);
    Ok(probe_in_child(&mut command)?)
}

fn row(case: &Case, device: &OpenDevice, steps_per_sec: f64, matmul_flops: f64) -> Row {
    let forward = multiply_adds(&case.model, case.options.variant, case.batch, case.context);
    // Two operations each; the backward pass does twice the forward pass's, which checkpointing does once more.
    let flops = 2.0 * forward * if case.options.activation_checkpointing { 4.0 } else { 3.0 };
    Row {
        variant: case.options.name(),
        device: device.description.clone(),
        dtype: dtype(case.options.precision).to_owned(),
        representation: case.model.representation.name().to_owned(),
        cores: cores(&case.model).to_owned(),
        batch: case.batch,
        context: case.context,
        steps_per_sec,
        timed: "alone".to_owned(),
        activation_bytes: None,
        held_bytes: None,
        matmul_share: flops * steps_per_sec / matmul_flops,
        matmul_flops,
        loss_difference: None,
    }
}

fn with_memory(row: Row, probe: &Probe) -> Row {
    let Probe { activation_bytes, held_bytes, .. } = *probe;
    Row { activation_bytes: Some(activation_bytes), held_bytes: Some(held_bytes), ..row }
}

fn dtype(precision: ComputeType) -> &'static str {
    match precision {
        ComputeType::Fp32 => "fp32",
        ComputeType::Tf32 => "tf32",
        ComputeType::Bf16 => "bf16",
    }
}

fn cores(model: &ModelConfig) -> &'static str {
    if model.shared_core { "shared" } else { "unshared" }
}
