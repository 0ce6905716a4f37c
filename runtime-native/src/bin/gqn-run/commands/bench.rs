//! `gqn-run bench`: what a view costs on this machine, and whether it costs more than before.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use gqn_command_line::{print, print_json, say};
use gqn_formats::{Package, TensorFile, names};
use gqn_runtime::{Engine, Noise, Session};
use gqn_runtime_native::{EngineReport, OrtEngine, Spin, power_mode};
use gqn_scenes::Camera;
use gqn_system::read_regular;
use serde::{Deserialize, Serialize};

use super::{engine_with, open};
use crate::cli;
use crate::machine::{cpu_seconds, peak_memory};

/// No output of this command comes near it, in bytes.
const MOST_BENCH: u64 = 1 << 24;

/// What `bench --json` prints, and `--compare` reads.
#[derive(Debug, Serialize)]
struct Report {
    package: String,
    model_sha256: String,
    engine: EngineReport,
    power_mode: Option<String>,
    load_ms: f64,
    first_view_ms: f64,
    peak_memory_bytes: Option<u64>,
    represent: Times,
    batches: Vec<Batch>,
    rate: Option<Rate>,
}

/// Milliseconds of single runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Times {
    runs: usize,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
}

/// What so many queries at once cost. Times are those of one view.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Batch {
    queries: usize,
    #[serde(flatten)]
    times: Times,
    views_per_second: f64,
}

/// One view again and again, at a given rate.
#[derive(Debug, Serialize)]
struct Rate {
    hz: u32,
    views: usize,
    p50_ms: f64,
    p99_ms: f64,
    /// Seconds of processor time a second.
    cores: f64,
    /// The part of it that was spent outside of the runs: waiting threads that spin, above all.
    idle_cores: f64,
}

/// What `--compare` needs of an earlier report.
#[derive(Debug, Deserialize)]
struct Earlier {
    represent: Times,
    batches: Vec<Batch>,
}

/// `gqn-run bench`.
pub(crate) fn bench(flags: &cli::Bench) -> Result<()> {
    let earlier = flags.compare.as_deref().map(read_earlier).transpose()?;
    let package = open(&flags.what)?;
    let start = Instant::now();
    let spin = if flags.rate.is_some() { Spin::Off } else { Spin::On };
    let engine = engine_with(&flags.what, &package, spin, true)?;
    let load = start.elapsed();
    say(&format!("measuring on {}", engine.describe()));
    let report = measure(flags, &package, engine, load)?;
    if flags.json {
        print_json(&report)?;
    } else {
        print(&text(&report))?;
    }
    match earlier {
        Some(earlier) => compare(&report, &earlier, flags.tolerance),
        None => Ok(()),
    }
}

fn measure(
    flags: &cli::Bench,
    package: &Package,
    engine: OrtEngine,
    load: Duration,
) -> Result<Report> {
    let mut session = Session::new(engine, &package.manifest);
    let sample = TensorFile::from_bytes(names::SAMPLE_FILE, package.file(names::SAMPLE_FILE)?)?;
    let tensor = |name: &str| {
        let found = sample.tensors.get(name);
        found.with_context(|| format!("{} has no `{name}`", names::SAMPLE_FILE))
    };
    let row = |tensor: &gqn_formats::Tensor| {
        tensor.slice_axis(ndarray::Axis(0), (0..1).into()).to_owned()
    };
    let (frames, poses) =
        (row(tensor(names::SAMPLE_CONTEXT_FRAMES)?), row(tensor(names::SAMPLE_CONTEXT_POSES)?));
    let start = Instant::now();
    let scene = session.engine_mut().represent(&frames, &poses)?;
    session.add_scene(scene)?;
    session.query_planar(&cameras(1), &Noise::mean())?;
    let first_view = start.elapsed();
    let duration = Duration::from_secs_f64(flags.seconds);
    let represent = repeat(duration, || {
        session.engine_mut().represent(&frames, &poses)?;
        Ok(())
    })?;
    let mut batches = Vec::new();
    for &queries in &flags.batches {
        let queries = queries as usize;
        let cameras = cameras(queries);
        let times = repeat(duration, || {
            session.query_planar(&cameras, &Noise::mean())?;
            Ok(())
        })?;
        let total: f64 = times.iter().sum();
        let views_per_second = (queries * times.len()) as f64 / total;
        let per_view: Vec<f64> = times.iter().map(|time| time / queries as f64).collect();
        batches.push(Batch { queries, times: Times::of(per_view), views_per_second });
    }
    let rate = flags.rate.map(|hz| at_rate(&mut session, hz, duration)).transpose()?;
    let graph = package.file(names::GENERATOR_FILE)?;
    Ok(Report {
        package: flags.what.package.to_string_lossy().into_owned(),
        model_sha256: gqn_formats::sha256_hex(graph),
        engine: session.engine().report().clone(),
        power_mode: power_mode(Path::new("/")),
        load_ms: 1e3 * load.as_secs_f64(),
        first_view_ms: 1e3 * first_view.as_secs_f64(),
        peak_memory_bytes: peak_memory(),
        represent: Times::of(represent),
        batches,
        rate,
    })
}

/// Cameras on a circle; what they see does not matter to the time.
fn cameras(count: usize) -> Vec<Camera> {
    let at = |index: usize| {
        let angle = index as f32 * 0.7;
        Camera {
            position: [0.8 * angle.cos(), 0.8 * angle.sin(), 0.4],
            yaw: angle + std::f32::consts::PI,
            pitch: -0.2,
        }
    };
    (0..count).map(at).collect()
}

/// Seconds of each run, for so long; three runs before them are not counted.
fn repeat(duration: Duration, mut run: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    for _ in 0..3 {
        run()?;
    }
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.is_empty() || start.elapsed() < duration {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(times)
}

fn at_rate(session: &mut Session<OrtEngine>, hz: u32, duration: Duration) -> Result<Rate> {
    let (camera, period) = (cameras(1), Duration::from_secs(1) / hz);
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let (mut times, mut busy) = (Vec::new(), 0.0);
    while times.is_empty() || start.elapsed() < duration {
        let due = period * times.len() as u32;
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        let (begin, before) = (Instant::now(), cpu_seconds());
        session.query_planar(&camera, &Noise::mean())?;
        times.push(begin.elapsed().as_secs_f64());
        busy += cpu_seconds() - before;
    }
    let elapsed = start.elapsed().as_secs_f64();
    let spent = cpu_seconds() - cpu;
    let views = times.len();
    let times = Times::of(times);
    let (cores, idle_cores) = (spent / elapsed, (spent - busy) / elapsed);
    Ok(Rate { hz, views, p50_ms: times.p50_ms, p99_ms: times.p99_ms, cores, idle_cores })
}

impl Times {
    fn of(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let index = (share * (seconds.len() - 1) as f64).round() as usize;
            1e3 * seconds.get(index).copied().unwrap_or(f64::NAN)
        };
        Self { runs: seconds.len(), p50_ms: at(0.5), p90_ms: at(0.9), p99_ms: at(0.99) }
    }
}

fn text(report: &Report) -> String {
    let mut text = format!("engine           {}\n", report.engine.line());
    let mut line = |name: &str, value: String| {
        writeln!(text, "{name:<17}{value}").expect("a string takes any text");
    };
    if let Some(mode) = &report.power_mode {
        line("power mode", mode.clone());
    }
    line("load", format!("{:.0} ms", report.load_ms));
    line("first view", format!("{:.1} ms", report.first_view_ms));
    let times = |times: &Times| {
        format!("{:.2} / {:.2} / {:.2} ms", times.p50_ms, times.p90_ms, times.p99_ms)
    };
    line("observe a view", format!("{} (p50 / p90 / p99)", times(&report.represent)));
    for batch in &report.batches {
        let rate = batch.views_per_second;
        line(
            &format!("{} at once", batch.queries),
            format!("{} a view, {rate:.1} views/s", times(&batch.times)),
        );
    }
    if let Some(rate) = &report.rate {
        line(
            &format!("{} a second", rate.hz),
            format!(
                "{:.2} / {:.2} ms (p50 / p99), {:.2} of a core, {:.3} of it between the views",
                rate.p50_ms, rate.p99_ms, rate.cores, rate.idle_cores
            ),
        );
    }
    if let Some(bytes) = report.peak_memory_bytes {
        line("peak memory", format!("{:.0} MB", bytes as f64 / 1e6));
    }
    text
}

fn read_earlier(path: &Path) -> Result<Earlier> {
    ensure!(fs::metadata(path).is_ok(), "{} does not exist", path.display());
    let bytes = read_regular(path, MOST_BENCH)?;
    serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is no output of `gqn-run bench --json`", path.display()))
}

/// Fails if a median grew by more than so many percent.
fn compare(report: &Report, earlier: &Earlier, tolerance: f64) -> Result<()> {
    let mut pairs = vec![("observe a view".to_owned(), &earlier.represent, &report.represent)];
    for batch in &report.batches {
        let before = earlier.batches.iter().find(|before| before.queries == batch.queries);
        if let Some(before) = before {
            pairs.push((format!("{} at once", batch.queries), &before.times, &batch.times));
        }
    }
    let mut slower = Vec::new();
    for (name, before, now) in pairs {
        let change = 100.0 * (now.p50_ms / before.p50_ms - 1.0);
        say(&format!(
            "{name}: {:.2} ms, {:.2} ms before ({change:+.1} %)",
            now.p50_ms, before.p50_ms
        ));
        if change.is_nan() || change > tolerance {
            slower.push(format!("{name} by {change:.1} %"));
        }
    }
    ensure!(
        slower.is_empty(),
        "slower than before: {}, allowed {tolerance} %\nhint: other programs slow a measurement too; repeat it",
        slower.join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(p50_ms: f64) -> Times {
        Times { runs: 1, p50_ms, p90_ms: p50_ms, p99_ms: p50_ms }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_times() {
        let times = Times::of((0..=100).rev().map(|ms| f64::from(ms) / 1e3).collect());
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
        assert!(close(times.p50_ms, 50.0) && close(times.p90_ms, 90.0), "{times:?}");
        assert!(close(times.p99_ms, 99.0) && times.runs == 101, "{times:?}");
    }

    #[test]
    fn an_earlier_report_reads_back() {
        let batch = Batch { queries: 4, times: times(2.0), views_per_second: 500.0 };
        let json = serde_json::json!({ "represent": times(1.0), "batches": [batch], "more": 1 });
        let earlier: Earlier = serde_json::from_value(json).expect("a report");
        assert_eq!((earlier.batches[0].queries, earlier.batches[0].times.p50_ms), (4, 2.0));
    }
}
