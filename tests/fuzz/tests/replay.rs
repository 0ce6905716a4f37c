//! Every input of the corpora, seeds and former faults, on its target: in bounded memory and time, without a panic.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gqn_fuzz::{Bounded, TARGETS};

#[global_allocator]
static ALLOCATOR: Bounded = Bounded::new();

/// For one input.
const MOST_TIME: Duration = Duration::from_secs(10);

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{target}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn every_target_returns_on_every_input() {
    for target in TARGETS {
        let files = corpus(target.name);
        assert!(!files.is_empty(), "{} has no seeds", target.name);
        for path in files {
            let bytes = fs::read(&path).expect("a file");
            let start = Instant::now();
            let run = std::panic::catch_unwind(|| (target.run)(&bytes));
            assert!(run.is_ok(), "{} panics on {}", target.name, path.display());
            let took = start.elapsed();
            assert!(took < MOST_TIME, "{} takes {took:?} for {}", target.name, path.display());
        }
    }
}

#[test]
fn every_corpus_has_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in fs::read_dir(folder).expect("the corpora") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(gqn_fuzz::target(&name).is_some(), "no target is named {name}");
    }
}
