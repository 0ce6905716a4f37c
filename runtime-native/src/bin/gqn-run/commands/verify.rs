//! `gqn-run verify`: the pictures of a package against those of its sample.

use anyhow::{Result, ensure};
use gqn_command_line::{print, print_json};
use gqn_runtime::Engine;
use serde_json::json;

use super::{engine_to_verify, open};
use crate::cli;

/// `gqn-run verify`.
pub(crate) fn verify(flags: &cli::Verify) -> Result<()> {
    let package = open(&flags.what)?;
    let mut engine = engine_to_verify(&flags.what, &package)?;
    let report = gqn_runtime::verify(&mut engine, &package)?;
    let files = package.files().count();
    if flags.json {
        print_json(&json!({
            "engine": engine.describe(), "engine_report": engine.report(), "files": files, "sample": report
        }))?;
    } else {
        let mut lines = vec![
            format!("engine       {}\n", engine.describe()),
            format!("checksums    {files} files as the manifest says\n"),
        ];
        for check in &report.checks {
            let (name, difference, index) = (check.name, check.difference, &check.index);
            let verdict = if report.allows(check) { "pass" } else { "fail" };
            let difference = format!(
                "largest difference {difference:.1e} at {index:?} ({} is to be {})",
                check.found, check.expected
            );
            let allowed = match report.smallest_psnr {
                Some(psnr) => format!("PSNR {:.1} dB, allowed {psnr:.1} dB or more", check.psnr),
                None => format!("allowed {:.0e}", report.tolerance),
            };
            lines.push(format!("{name:<13}{verdict}: {difference}, {allowed}\n"));
        }
        print(&lines.concat())?;
    }
    let package = flags.what.package.display();
    ensure!(
        report.passed,
        "{package} does not render here what it rendered where it was made\n\
         hint: try `--provider cpu` or another ONNX Runtime (`--ort`); if they differ too, export the package again"
    );
    Ok(())
}
