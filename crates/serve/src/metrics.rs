//! Counters in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the histogram of requests, in seconds.
const BOUNDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0];

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(String, u16), u64>>,
    buckets: [AtomicU64; BOUNDS.len()],
    request_count: AtomicU64,
    request_micros: AtomicU64,
    queue: AtomicI64,
    /// Queries that have arrived and are not yet in the queue.
    expected: AtomicUsize,
    runs: AtomicU64,
    rows: AtomicU64,
    run_micros: AtomicU64,
    reloads: AtomicU64,
    failed_reloads: AtomicU64,
    ready: AtomicBool,
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn request(&self, route: &str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route.to_owned(), status)).or_default() += 1;
        drop(requests);
        self.request_count.fetch_add(1, Ordering::Relaxed);
        self.request_micros.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
        let bucket = BOUNDS.iter().position(|&bound| took.as_secs_f64() <= bound);
        if let Some(bucket) = bucket {
            self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn queued(&self) {
        self.queue.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn dequeued(&self) {
        self.queue.fetch_sub(1, Ordering::Relaxed);
    }

    /// Queries that have arrived and are not yet in the queue.
    pub(crate) fn expected(&self) -> usize {
        self.expected.load(Ordering::Relaxed)
    }

    /// Counts a query as expected while the value lives.
    pub(crate) fn expect(self: &std::sync::Arc<Self>) -> Expected {
        self.expected.fetch_add(1, Ordering::Relaxed);
        Expected(std::sync::Arc::clone(self))
    }

    pub(crate) fn ran(&self, rows: usize, took: Duration) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.run_micros.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
    }

    pub(crate) fn reloaded(&self, worked: bool) {
        let counter = if worked { &self.reloads } else { &self.failed_reloads };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }

    /// The text, with gauges that others keep.
    pub(crate) fn text(&self, scenes: usize) -> String {
        let mut text = String::new();
        let mut line = |name: &str, kind: &str, help: &str, value: f64| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        };
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        let ready = u8::from(self.ready.load(Ordering::Relaxed));
        line("gqn_ready", "gauge", "Whether the model is warm and verified.", ready.into());
        line("gqn_scenes", "gauge", "Open scenes.", scenes as f64);
        let queue = self.queue.load(Ordering::Relaxed).max(0);
        line("gqn_queue", "gauge", "Jobs that wait for the engine.", queue as f64);
        line("gqn_runs_total", "counter", "Runs of a graph.", get(&self.runs));
        line("gqn_rows_total", "counter", "Views and queries of these runs.", get(&self.rows));
        line(
            "gqn_run_seconds_total",
            "counter",
            "Time of these runs.",
            get(&self.run_micros) / 1e6,
        );
        line("gqn_reloads_total", "counter", "Models that took over.", get(&self.reloads));
        let failed = get(&self.failed_reloads);
        line("gqn_failed_reloads_total", "counter", "Models that were refused.", failed);
        let name = "gqn_request_seconds";
        let _ = writeln!(text, "# HELP {name} Time of requests.\n# TYPE {name} histogram");
        let mut sum = 0.0;
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            sum += get(bucket);
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {sum}");
        }
        let count = get(&self.request_count);
        let seconds = get(&self.request_micros) / 1e6;
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(text, "{name}_sum {seconds}\n{name}_count {count}");
        let name = "gqn_requests_total";
        let _ =
            writeln!(text, "# HELP {name} Requests by route and status.\n# TYPE {name} counter");
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, status), count) in &*requests {
            let _ = writeln!(text, "{name}{{route=\"{route}\",status=\"{status}\"}} {count}");
        }
        text
    }
}

/// A query on its way to the queue.
#[derive(Debug)]
pub(crate) struct Expected(std::sync::Arc<Metrics>);

impl Drop for Expected {
    fn drop(&mut self) {
        self.0.expected.fetch_sub(1, Ordering::Relaxed);
    }
}
