//! The results as a table and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::reading::Reading;

/// All that a bench measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The command line.
    pub command: String,
    /// CPU threads.
    pub threads: i32,
    /// One row for each case.
    pub rows: Vec<Row>,
    /// How fast scenes were read, if files were given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
    /// Cases that could not be measured, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
    /// How the variants compare, by name.
    pub ratios: std::collections::BTreeMap<String, f64>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Such as `reference`, `fused` or `fused+checkpointing`.
    pub variant: String,
    /// Where it ran.
    pub device: String,
    /// `fp32`, `tf32` or `bf16`.
    pub dtype: String,
    /// Representation of the model, such as `pool` or `voxel`.
    pub representation: String,
    /// `shared` or `unshared`.
    pub cores: String,
    /// B
    pub batch: usize,
    /// M
    pub context: usize,
    /// Whole training steps, the optimiser's included, a second.
    pub steps_per_sec: f64,
    /// `interleaved`: the median of steps interleaved with those of the other variants; `alone`: the mean of a process of its own.
    pub timed: String,
    /// Most memory in use, less parameters, gradients and Adam's moments; where it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation_bytes: Option<u64>,
    /// Parameters, gradients and moments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_bytes: Option<u64>,
    /// Multiplications and additions a second that the step does, as a share of those of a large product of matrices
    /// in the same numbers on the same device.
    pub matmul_share: f64,
    /// Rate of that product.
    pub matmul_flops: f64,
    /// Largest relative difference of a step's loss from the reference variant's, over the interleaved steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_difference: Option<f64>,
}

impl Report {
    /// The rows as a table for a terminal.
    pub fn table(&self) -> String {
        let mut table = format!(
            "{:<7} {:<25} {:<5} {:<9} {:>5} {:>8} {:>10} {:>13} {:>8} {:>13}\n",
            "model",
            "variant",
            "dtype",
            "cores",
            "batch",
            "steps/s",
            "s/step",
            "activations",
            "matmul",
            "losses differ"
        );
        for row in &self.rows {
            let difference = row.loss_difference.map_or_else(String::new, |d| format!("{d:.1e}"));
            let activations = row.activation_bytes.map_or_else(String::new, |bytes| {
                format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
            });
            let _ = writeln!(
                table,
                "{:<7} {:<25} {:<5} {:<9} {:>5} {:>8.3} {:>10.3} {activations:>13} {:>7.0}% {difference:>13}",
                row.representation,
                row.variant,
                row.dtype,
                row.cores,
                row.batch,
                row.steps_per_sec,
                row.steps_per_sec.recip(),
                100.0 * row.matmul_share,
            );
        }
        for Reading { threads, views, scenes_per_sec } in &self.readings {
            let _ = writeln!(
                table,
                "{threads} threads read {scenes_per_sec:.0} scenes/s of {views} views"
            );
        }
        for failure in &self.failures {
            let _ = writeln!(table, "FAIL {failure}");
        }
        for (name, ratio) in &self.ratios {
            let _ = writeln!(table, "{name}: {ratio:.2}");
        }
        table
    }

    /// As a file.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("figures are JSON");
        json.push('\n');
        json
    }
}
