//! `gqn-run warmup`: what the first view waits for, built ahead.

use std::time::Instant;

use anyhow::Result;
use gqn_command_line::{print, print_json, say, spinner};
use gqn_formats::names;
use gqn_runtime::{Engine, Noise, Session};
use gqn_runtime_native::Spin;
use gqn_scenes::{Camera, Frame};
use serde_json::json;

use super::{engine_with, open};
use crate::cli;

/// `gqn-run warmup`: what the first pictures would wait for. With a cache, later calls find it done.
pub(crate) fn warmup(flags: &cli::WarmUp) -> Result<()> {
    let package = open(&flags.what)?;
    let start = Instant::now();
    let bar = spinner("preparing; TensorRT takes minutes");
    let engine = engine_with(&flags.what, &package, Spin::On, true)?;
    let opened = start.elapsed();
    say(&format!("opened after {:.1} s: {}", opened.as_secs_f64(), engine.describe()));
    let most = engine.batch();
    let mut session = Session::new(engine, &package.manifest);
    let camera = Camera { position: [0.8, 0.0, 0.4], yaw: 3.1, pitch: -0.2 };
    let side = package.manifest.config.image_size;
    let frame = Frame::from_rgb8(side, vec![128; 3 * side * side])?;
    session.observe(&[(frame, camera)])?;
    let mut runs = Vec::new();
    let mut queries = 1;
    loop {
        let start = Instant::now();
        session.query_planar(&vec![camera; queries], &Noise::mean())?;
        let seconds = start.elapsed().as_secs_f64();
        say(&format!("{} of {queries} queries: {seconds:.2} s", names::GENERATOR_FILE));
        runs.push(json!({ "queries": queries, "seconds": seconds }));
        if queries >= most {
            break;
        }
        queries = (2 * queries).min(most);
    }
    bar.finish_and_clear();
    let report = session.engine().report();
    let total = start.elapsed().as_secs_f64();
    if flags.json {
        let opened = opened.as_secs_f64();
        return print_json(&json!({
            "engine_report": report, "open_seconds": opened, "runs": runs, "seconds": total
        }));
    }
    print(&format!("ready after {total:.1} s\n"))
}
