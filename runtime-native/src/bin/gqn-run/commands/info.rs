//! `gqn-run info`: a package, and the engine that runs it.

use anyhow::Result;
use gqn_command_line::{print, print_json};
use gqn_formats::{GraphPorts, Manifest, Package};
use gqn_messages::{error_report, printable};
use gqn_runtime::Engine;
use gqn_runtime_native::{EngineReport, OrtEngine, Spin};
use serde_json::json;

use super::{engine_with, open};
use crate::cli;

/// `gqn-run info`.
pub(crate) fn info(flags: &cli::Info) -> Result<()> {
    let package = open(&flags.what)?;
    let engine = match engine_with(&flags.what, &package, Spin::On, true) {
        // Not an engine that is missing, but the answer to what was asked.
        Err(error) if flags.what.engine.strict => return Err(error.into()),
        engine => engine,
    };
    let found = engine.as_ref().map(Engine::describe).map_err(|error| error_report(error));
    if flags.json {
        let (line, error) = (found.as_ref().ok(), found.as_ref().err());
        let report = engine.as_ref().ok().map(OrtEngine::report);
        return print_json(&json!({
            "manifest": package.manifest, "engine": line, "engine_report": report, "engine_error": error
        }));
    }
    let line =
        found.unwrap_or_else(|error| format!("none here\n  {}", error.replace('\n', "\n  ")));
    let report = engine.as_ref().map(|engine| lines(engine.report())).unwrap_or_default();
    print(&format!("{}engine          {line}\n{report}", describe(&package)))
}

/// What the line of the engine does not say.
fn lines(report: &EngineReport) -> String {
    let built: Vec<&str> = report.available.iter().map(|provider| provider.name()).collect();
    let mut lines = vec![format!("built with {}", built.join(", "))];
    for placement in &report.placement {
        let nodes = placement.nodes.iter();
        let counts: Vec<String> = nodes.map(|(name, count)| format!("{name} {count}")).collect();
        lines.push(format!("{}: nodes {}", placement.graph, counts.join(", ")));
        lines.extend(placement.fallback.iter().map(|node| format!("  elsewhere: {node}")));
    }
    let unknown = report.placement_error.iter();
    lines.extend(unknown.map(|reason| format!("placement not known: {reason}")));
    let lines = lines.iter().map(|line| format!("{:<16}{}\n", "", printable(line)));
    lines.collect::<Vec<_>>().concat()
}

fn describe(package: &Package) -> String {
    let Manifest { config, provenance, .. } = &package.manifest;
    let manifest = &package.manifest;
    let mut lines = Vec::new();
    let mut line =
        |name: &str, value: String| lines.push(format!("{name:<16}{}\n", printable(&value)));
    let name =
        |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    line("pictures", format!("{0}x{0}, poses {1}", config.image_size, manifest.pose_encoding));
    let (kind, up) = (name(json!(config.representation)), name(json!(config.upsample_r)));
    line(
        "representation",
        format!("{kind}, R {}, upsampling {up}", config.representation_channels),
    );
    let sizes =
        (config.latent_channels, config.hidden_channels, config.canvas_channels, config.steps);
    let cores = if config.shared_core { "shared" } else { "unshared" };
    line(
        "generator",
        format!("Z {}, H {}, U {}, L {}, {cores} cores", sizes.0, sizes.1, sizes.2, sizes.3),
    );
    let (variant, precision) = (name(json!(manifest.variant)), name(json!(manifest.precision)));
    line("graphs", format!("{variant}, {precision}, opset {}", manifest.opset));
    if let Some(error) = &manifest.precision_error {
        let (psnr, views) = (error.psnr, error.views);
        line("", format!("PSNR {psnr:.1} dB against fp32, over {views} held-out views"));
    }
    if let Some(steps) = manifest.trained_steps {
        line("", format!("the first {} of {steps} trained steps", config.steps));
    }
    line("in and out", format!("representation {}", ports(&manifest.representation)));
    line("", format!("generator {}", ports(&manifest.generator)));
    line("trained on", provenance.data.clone());
    line(
        "trained for",
        format!("{} steps, {:.0} s, seed {}", manifest.step, provenance.seconds, provenance.seed),
    );
    line("trained by", format!("{} (commit {})", provenance.command, provenance.commit));
    for (index, (metric, value)) in provenance.metrics.iter().enumerate() {
        line(if index == 0 { "measured" } else { "" }, format!("{metric} {value}"));
    }
    for (index, (file, entry)) in manifest.files.iter().enumerate() {
        let head = if index == 0 { "files" } else { "" };
        line(head, format!("{file}, {} bytes, sha256 {}", entry.bytes, entry.sha256));
    }
    lines.concat()
}

fn ports(ports: &GraphPorts) -> String {
    let list = |ports: &[gqn_formats::Port]| {
        ports
            .iter()
            .map(|port| format!("{} {}", port.name, port.shape_text()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    format!("{} -> {}", list(&ports.inputs), list(&ports.outputs))
}
