use anyhow::{Result, ensure};
use gqn_runtime::Engine;
use serde_json::json;

use super::{engine, open};
use crate::{cli, output};

/// `gqn-run verify`.
pub(crate) fn verify(flags: &cli::Verify) -> Result<()> {
    let package = open(&flags.what)?;
    let mut engine = engine(&flags.what, &package)?;
    let report = gqn_runtime::verify(&mut engine, &package)?;
    let files = package.files().count();
    if flags.json {
        output::json(&json!({ "engine": engine.describe(), "files": files, "sample": report }))?;
    } else {
        let mut lines = vec![
            format!("engine       {}\n", engine.describe()),
            format!("checksums    {files} files as the manifest says\n"),
        ];
        for check in &report.checks {
            let (name, difference, index) = (check.name, check.difference, &check.index);
            let verdict = if difference <= report.tolerance { "pass" } else { "fail" };
            lines.push(format!(
                "{name:<13}{verdict}: largest difference {difference:.1e} at {index:?} ({} is to be {}), allowed {:.0e}\n",
                check.found, check.expected, report.tolerance
            ));
        }
        output::data(&lines.concat())?;
    }
    let package = flags.what.package.display();
    ensure!(
        report.passed,
        "{package} does not paint here what it painted where it was made\n\
         hint: try `--provider cpu` or another ONNX Runtime (`--ort`); if they differ too, export the package again"
    );
    Ok(())
}
