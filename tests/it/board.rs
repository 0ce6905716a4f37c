//! Event files before `PyPI`'s `tensorboard`.

use std::path::Path;

use serde_json::Value;

use crate::micro::{SIDE, STEPS, micro};
use crate::programs::{python, run};

/// What `tensorboard` reads of a run: scalars, images and histograms by tag, each a list that begins with the step.
pub(crate) fn board(run_folder: &Path) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/board.py");
    let outcome = run(python().arg(script).arg(run_folder.join("tensorboard"))).succeeded();
    serde_json::from_str(&outcome.stdout).expect("JSON")
}

/// The steps of a tag.
fn steps(entries: &Value) -> Vec<u64> {
    let entries = entries.as_array().expect("a list").iter();
    entries.map(|entry| entry[0].as_u64().expect("a step")).collect()
}

#[test]
fn tensorboard_reads_curves_pictures_and_histograms() {
    let folder = tempfile::tempdir().expect("a folder");
    let run_folder = micro().run_in(folder.path());
    let found = board(&run_folder);
    // Every number of the log, in single precision.
    let log = String::from_utf8(micro().run["metrics.jsonl"].clone()).expect("text");
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for name in lines[0]
        .as_object()
        .expect("an object")
        .keys()
        .filter(|name| !["step", "phase"].contains(&name.as_str()))
    {
        let curve = &found["scalars"][format!("train/{name}")];
        // Steps taken, as held-out scenes have them; the log counts from 0.
        assert_eq!(steps(curve), (1..=STEPS).collect::<Vec<_>>(), "{name}");
        for (point, line) in curve.as_array().expect("a list").iter().zip(&lines) {
            let (found, logged) = (point[1].as_f64(), line[name].as_f64());
            let (found, logged) = (found.expect("a number"), logged.expect("a number"));
            assert!(
                (found as f32 - logged as f32).abs() < f32::EPSILON,
                "{name}: {found}, {logged}"
            );
        }
    }
    let phase = &found["scalars"]["train/is_elbo_phase"];
    assert_eq!(steps(phase), (1..=STEPS).collect::<Vec<_>>());
    assert!(lines.iter().all(|line| line["phase"] == "elbo"));
    assert!(phase.as_array().expect("a list").iter().all(|point| point[1] == 1.0));
    assert_eq!(steps(&found["scalars"]["train/steps_per_sec"]).len(), STEPS as usize - 1);
    assert_eq!(steps(&found["scalars"]["held_out/mse_generated"]), [STEPS]);
    // Two test scenes; five context views with two pixels between them.
    let side = u64::from(SIDE);
    for scene in 1..=2 {
        for name in ["truth", "reconstruction", "generation", "sample"] {
            let pictures = &found["images"][format!("scene_{scene}/{name}")];
            assert_eq!(*pictures, serde_json::json!([[STEPS, side, side]]), "{name}");
        }
        let context = &found["images"][format!("scene_{scene}/context")];
        assert_eq!(*context, serde_json::json!([[STEPS, 5 * side + 8, side]]));
    }
    // Two DRAW steps; their divergences add up to that of the log.
    let histograms = found["histograms"].as_object().expect("an object");
    assert_eq!(histograms.keys().collect::<Vec<_>>(), ["kl_by_step/01", "kl_by_step/02"]);
    let mut sum = 0.0;
    for entry in histograms.values() {
        let [step, count, total, in_buckets, least, most] =
            [0, 1, 2, 3, 4, 5].map(|index| entry[0][index].as_f64().expect("a number"));
        assert_eq!([step, count, in_buckets].map(|value| value as u64), [STEPS, 2, 2]);
        assert!(least <= most && (2.0 * least..=2.0 * most).contains(&total), "{entry}");
        sum += total / count;
    }
    let kl = found["scalars"]["held_out/kl"][0][1].as_f64().expect("a number");
    assert!((sum - kl).abs() < 1e-4 * kl, "{sum} is not {kl}");
}
