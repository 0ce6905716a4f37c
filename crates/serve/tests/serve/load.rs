//! A minute of load beside `gqn-run bench`: `cargo test --release --workspace --test serve -- --ignored --nocapture load`.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{Server, gqn_run, package, view_path};

/// Queries that go into one run.
const BATCH: &str = "4";
/// Clients that ask at once: while a run is computed, the queries of the next arrive.
const CLIENTS: usize = 8;
/// Least of `bench`'s views a second that a server reaches.
const LEAST_SHARE: f64 = 0.9;
/// Most growth of memory over the load, in bytes.
const MOST_GROWTH: u64 = 64 << 20;

fn seconds() -> f64 {
    std::env::var("GQN_LOAD_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60.0)
}

#[test]
#[ignore = "a minute of a machine of its own"]
#[allow(clippy::print_stderr, reason = "its figures are what it is for")]
fn load() {
    let server = Server::start(&["--quiet", "--batch", BATCH]);
    let id = server.scene(3);
    let mut bench = gqn_run();
    bench.arg("bench").arg(package()).args(["--provider", "cpu", "--threads", "1", "--json"]);
    bench.args(["--batches", BATCH, "--seconds", "5"]);
    let mut measure = || -> f64 {
        let output = bench.output().expect("a program");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        report["batches"][0]["views_per_second"].as_f64().expect("a number")
    };
    // Before and after, since other programs disturb both.
    let before = measure();
    let times = Mutex::new(Vec::new());
    let (memory, start) = (Mutex::new(Vec::new()), Instant::now());
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (times, server, id) = (&times, &server, &id);
            scope.spawn(move || {
                let mut connection = server.connect();
                let mut own = Vec::new();
                while start.elapsed().as_secs_f64() < seconds() {
                    let begin = Instant::now();
                    let path = view_path(id, &format!("&format=webp&seed={client}"));
                    let answer = connection.call("GET", &path, b"");
                    own.push((answer.status, begin.elapsed().as_secs_f64()));
                }
                times.lock().expect("times").extend(own);
            });
        }
        while start.elapsed().as_secs_f64() < seconds() {
            memory.lock().expect("sizes").push(server.memory());
            thread::sleep(Duration::from_millis(500));
        }
    });
    let elapsed = start.elapsed().as_secs_f64();
    let after = measure();
    let times = times.into_inner().expect("times");
    let mut painted: Vec<f64> =
        times.iter().filter(|(status, _)| *status == 200).map(|(_, time)| *time).collect();
    painted.sort_by(f64::total_cmp);
    let at = |share: f64| 1e3 * painted[(share * (painted.len() - 1) as f64) as usize];
    let (rate, bench) = (painted.len() as f64 / elapsed, f64::midpoint(before, after));
    let sizes = memory.into_inner().expect("sizes");
    // The first sizes are those of buffers that are still being made.
    let (first, last) = (sizes[sizes.len() / 5], sizes[sizes.len() - 1]);
    eprintln!(
        "serve {rate:.0} views/s, bench {before:.0} and {after:.0} ({:.2}); p50 {:.2} ms, p99 {:.2} ms; {} answers; memory {} MB, then {} MB",
        rate / bench,
        at(0.5),
        at(0.99),
        times.len(),
        first >> 20,
        last >> 20
    );
    assert!(times.iter().all(|(status, _)| [200, 429, 503].contains(status)));
    assert!(last < first + MOST_GROWTH, "{first}, then {last} bytes");
    assert!(rate > LEAST_SHARE * bench, "{rate} views/s, bench has {bench}");
}
