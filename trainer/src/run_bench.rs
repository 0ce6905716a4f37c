//! `gqn-train bench`: which cases are measured, and how.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use gqn_formats::{ModelConfig, Overwrite, write_atomic};
use gqn_trainer::bench::{
    Case, Probe, Report, Row, Way, in_turns, matmul_flops, multiply_adds, probe, probe_in_child,
};
use gqn_trainer::device::{OpenDevice, prepare};
use gqn_trainer::model::{Form, Precision};
use tch::{Device, Kind};

use crate::cli::{BenchFlags, ProbeFlags};
use crate::print;

const PLAIN: Way =
    Way { form: Form::Plain, precision: Precision::Fp32, winograd: None, recompute: false };
const FAST: Way = Way { form: Form::Fast, ..PLAIN };
const FAST_RECOMPUTING: Way = Way { recompute: true, ..FAST };
const DIRECT: Way = Way { winograd: Some(false), ..FAST };
const DIRECT_RECOMPUTING: Way = Way { recompute: true, ..DIRECT };

pub(crate) fn run_bench(flags: &BenchFlags) -> Result<ExitCode> {
    tch::set_num_threads(i32::from(flags.threads));
    let device = flags.device.open()?;
    let mut report = Report {
        command: std::env::args().collect::<Vec<_>>().join(" "),
        threads: i32::from(flags.threads),
        ..Report::default()
    };
    if flags.gpu_suite {
        suite(flags, &device, &mut report)?;
    } else {
        forms(flags, &device, &mut report)?;
    }
    print(report.table().trim_end())?;
    if let Some(path) = &flags.json {
        let overwrite = if flags.force { Overwrite::Force } else { Overwrite::Refuse };
        write_atomic(path, report.to_json().as_bytes(), overwrite)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One case in this process, for [`probe_in_child`].
pub(crate) fn run_probe(flags: &ProbeFlags) -> Result<ExitCode> {
    tch::set_num_threads(i32::from(flags.threads));
    let case: Case = serde_json::from_str(&flags.case).context("the case is not readable")?;
    let device = flags.device.open()?.device;
    prepare(device, case.way.precision);
    print(&serde_json::to_string(&probe(&case, device, flags.steps as usize)?)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Plain, fast with and without Winograd's algorithm, each with and without checkpointing: time in turns, memory at both batches each in a process of its own.
fn forms(flags: &BenchFlags, device: &OpenDevice, report: &mut Report) -> Result<()> {
    let model = flags.model(true)?;
    let ways = [PLAIN, FAST, FAST_RECOMPUTING, DIRECT, DIRECT_RECOMPUTING];
    let case =
        |way, batch| Case { model: model.clone(), way, batch, context: flags.context as usize };
    prepare(device.device, Precision::Fp32);
    let rate = matmul_flops(device.device, Kind::Float);
    let cases = ways.map(|way| case(way, flags.batch as usize));
    let steps = flags.steps as usize;
    let timings = in_turns(&cases, device.device, steps, &mut |step| {
        say(&format!("step {step} of {steps} in turns"));
    });
    report.ratios.extend(ways.iter().zip(&timings).skip(1).map(|(way, timing)| {
        let name = format!("time of plain / {}", way.name());
        (name, timings[0].median_secs() / timing.median_secs())
    }));
    for (case, timing) in cases.iter().zip(&timings) {
        if flags.memory_batch == 0 {
            let secs = timing.median_secs();
            let difference = timing.loss_difference(&timings[0]);
            say(&format!(
                "{}: {secs:.3} s a step, losses differ {difference:.1e}",
                case.way.name()
            ));
            continue;
        }
        say(&format!("{} at batch {} by itself", case.way.name(), case.batch));
        let probe = child(flags, device, case, 1)?;
        let mut row = row(case, device, &probe, rate);
        row.steps_per_sec = timing.median_secs().recip();
        row.matmul_share *= row.steps_per_sec / probe.steps_per_sec;
        "turns".clone_into(&mut row.timed);
        row.loss_difference = Some(timing.loss_difference(&timings[0]));
        report.rows.push(row);
    }
    if flags.memory_batch == 0 {
        return Ok(());
    }
    let large = ways.map(|way| case(way, flags.memory_batch as usize));
    for case in &large {
        say(&format!("{} at batch {} by itself", case.way.name(), case.batch));
        report.rows.push(row(case, device, &child(flags, device, case, 1)?, rate));
    }
    let plain = report.rows[ways.len()].activation_bytes as f64;
    let memory = ways.iter().zip(&report.rows[ways.len()..]).skip(1).map(|(way, row)| {
        let name = format!("activations of {} / plain at batch {}", way.name(), flags.memory_batch);
        (name, row.activation_bytes as f64 / plain)
    });
    report.ratios.extend(memory.collect::<Vec<_>>());
    Ok(())
}

/// Both ways to share cores, every form in every precision, each in a process of its own.
fn suite(flags: &BenchFlags, device: &OpenDevice, report: &mut Report) -> Result<()> {
    use Precision::{Bf16, Fp32, Tf32};
    let ways = [
        PLAIN,
        Way { precision: Tf32, ..PLAIN },
        FAST,
        Way { precision: Tf32, ..FAST },
        Way { precision: Bf16, ..FAST },
        Way { precision: Bf16, ..FAST_RECOMPUTING },
    ];
    let rates = [Fp32, Tf32, Bf16].map(|precision| {
        prepare(device.device, precision);
        let kind = if precision == Bf16 { Kind::BFloat16 } else { Kind::Float };
        (precision, matmul_flops(device.device, kind))
    });
    for shared in [false, true] {
        for way in ways {
            let case = Case {
                model: flags.model(shared)?,
                way,
                batch: flags.batch as usize,
                context: flags.context as usize,
            };
            say(&format!("{} {} {}", cores(&case.model), way.name(), dtype(way.precision)));
            let (_, rate) = rates[way.precision as usize];
            let probe = child(flags, device, &case, flags.steps as usize)?;
            report.rows.push(row(&case, device, &probe, rate));
        }
        let rows = &report.rows[report.rows.len() - ways.len()..];
        let ratios: Vec<_> = rows[1..]
            .iter()
            .map(|row| {
                let name =
                    format!("{}: {} {} / plain fp32 in speed", row.cores, row.form, row.dtype);
                (name, row.steps_per_sec / rows[0].steps_per_sec)
            })
            .collect();
        report.ratios.extend(ratios);
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

fn row(case: &Case, device: &OpenDevice, probe: &Probe, matmul_flops: f64) -> Row {
    let forward = multiply_adds(&case.model, case.way.form, case.batch, case.context);
    // Two operations each; the backward pass does twice the forward pass's, which checkpointing does once more.
    let flops = 2.0 * forward * if case.way.recompute { 4.0 } else { 3.0 };
    Row {
        form: case.way.name(),
        device: device.description.clone(),
        dtype: dtype(case.way.precision).to_owned(),
        cores: cores(&case.model).to_owned(),
        batch: case.batch,
        context: case.context,
        steps_per_sec: probe.steps_per_sec,
        timed: "alone".to_owned(),
        activation_bytes: probe.activation_bytes,
        held_bytes: probe.held_bytes,
        matmul_share: flops * probe.steps_per_sec / matmul_flops,
        matmul_flops,
        loss_difference: None,
    }
}

fn dtype(precision: Precision) -> &'static str {
    match precision {
        Precision::Fp32 => "fp32",
        Precision::Tf32 => "tf32",
        Precision::Bf16 => "bf16",
    }
}

fn cores(model: &ModelConfig) -> &'static str {
    if model.shared_core { "shared" } else { "unshared" }
}

fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
