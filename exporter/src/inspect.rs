//! What a package or a checkpoint holds, as text.

use std::fmt;
use std::path::Path;

use gqn_formats::{
    Checkpoint, FormatError, ModelConfig, Package, Provenance, names, onnx_metadata, parameters,
};
use gqn_system::folder_of;

use crate::error::ExportError;
use crate::graphs::{TARGET_KEY, WINOGRAD_KEY};
use crate::optimise::Pass;
use crate::options::{ExportOptions, Target, Winograd};
use crate::source::Source;
use crate::summary::{GraphSummary, grouped, summarize, summarize_passes};

/// What a package or a checkpoint holds, as text for a terminal.
#[derive(Debug, Clone)]
pub struct Inspection {
    title: String,
    facts: Vec<(&'static str, String)>,
    files: Vec<(String, u64)>,
    graphs: Vec<GraphSummary>,
    /// The graphs after each rewrite.
    passes: Vec<(Option<Pass>, [GraphSummary; 2])>,
    /// Scalars of the checkpoint, those for training only among them.
    trained: u64,
}

/// Looks into a package (a folder or a zip), a graph of a package, a checkpoint or a run folder.
///
/// A package's files are checked against the manifest; its graphs are counted as this version writes them for the
/// manifest's config and variant and for the choices in the generator's metadata, not parsed.
///
/// # Errors
/// [`ExportError`]: nothing there, a damaged file, or a graph that stands outside of a package.
pub fn inspect(path: &Path) -> Result<Inspection, ExportError> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if extension == "onnx" && !path.is_dir() {
        inspect_graph(path)
    } else if path.join(names::MANIFEST_FILE).exists() || extension == "zip" {
        inspect_package(path)
    } else {
        inspect_checkpoint(path)
    }
}

fn inspect_graph(path: &Path) -> Result<Inspection, ExportError> {
    let folder = folder_of(path);
    if path.exists() && !folder.join(names::MANIFEST_FILE).exists() {
        return Err(ExportError::LooseGraph { path: path.to_owned() });
    }
    let mut inspection = inspect_package(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    inspection.graphs.retain(|graph| graph.file == name);
    if inspection.graphs.is_empty() {
        return Err(ExportError::LooseGraph { path: path.to_owned() });
    }
    inspection.files.retain(|(file, _)| file.starts_with(&*name));
    inspection.title = format!("graph {}", path.display());
    Ok(inspection)
}

fn inspect_package(path: &Path) -> Result<Inspection, ExportError> {
    let package = Package::open(path)?;
    let manifest = &package.manifest;
    let options = options(&package)?;
    let mut facts = vec![
        ("format", format!("version {}, every checksum fits", manifest.format_version)),
        (
            "graphs",
            format!(
                "variant {}, {}, target {}, Winograd {}, opset {}; counted from config and choices",
                options.variant.name(),
                options.precision.name(),
                options.target.name(),
                options.winograd.name(),
                manifest.opset
            ),
        ),
    ];
    facts.extend(common_facts(&manifest.config, manifest.step, &manifest.provenance));
    Ok(Inspection {
        title: format!("package {}", path.display()),
        facts,
        files: manifest.files.iter().map(|(name, entry)| (name.clone(), entry.bytes)).collect(),
        graphs: summarize(&manifest.config, &options).into(),
        passes: summarize_passes(&manifest.config, &options),
        trained: trained(&manifest.config),
    })
}

/// The choices with which a package's graphs were written: those of the manifest, and those that the generator's metadata
/// tells. What it does not tell, as in packages from before, is taken to be as usual.
fn options(package: &Package) -> Result<ExportOptions, ExportError> {
    let file = names::GENERATOR_FILE;
    let told = onnx_metadata(package.file(file)?)
        .map_err(|reason| FormatError::Graph { graph: file.to_owned(), reason })?;
    let told = |key: &str| told.get(key).map(String::as_str);
    let usual = ExportOptions::default();
    Ok(ExportOptions {
        variant: package.manifest.variant,
        precision: package.manifest.precision,
        target: told(TARGET_KEY).and_then(Target::named).unwrap_or(usual.target),
        winograd: told(WINOGRAD_KEY).and_then(Winograd::named).unwrap_or(usual.winograd),
        ..usual
    })
}

fn inspect_checkpoint(path: &Path) -> Result<Inspection, ExportError> {
    let source = Source::find(path, None)?;
    let (Checkpoint { config, step, provenance, .. }, sha256) = source.read_checkpoint()?;
    let count = |training_only: bool| -> u64 {
        let list = parameters(&config)
            .into_iter()
            .filter(|parameter| parameter.training_only() == training_only);
        list.map(|parameter| parameter.elements() as u64).sum()
    };
    let mut facts = vec![
        ("sha256", sha256),
        (
            "parameters",
            format!("{}, and {} for training only", grouped(count(false)), grouped(count(true))),
        ),
    ];
    facts.extend(common_facts(&config, step, &provenance));
    Ok(Inspection {
        title: format!("checkpoint {}", source.checkpoint.display()),
        facts,
        files: Vec::new(),
        graphs: summarize(&config, &ExportOptions::default()).into(),
        passes: summarize_passes(&config, &ExportOptions::default()),
        trained: trained(&config),
    })
}

/// Scalars of all parameters.
fn trained(config: &ModelConfig) -> u64 {
    parameters(config).iter().map(|parameter| parameter.elements() as u64).sum()
}

fn common_facts(
    config: &ModelConfig,
    step: u64,
    provenance: &Provenance,
) -> Vec<(&'static str, String)> {
    let json = serde_json::to_value(config).expect("plain data is JSON");
    let sizes: Vec<_> = json
        .as_object()
        .expect("a config is an object")
        .iter()
        .map(|(name, value)| {
            format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
        .collect();
    let mut facts = vec![
        ("config", sizes.join(", ")),
        (
            "training",
            format!(
                "{} steps, {:.0} s, seed {}",
                grouped(step),
                provenance.seconds,
                provenance.seed
            ),
        ),
        ("data", provenance.data.clone()),
        ("command", provenance.command.clone()),
        ("commit", provenance.commit.clone()),
    ];
    let metrics: Vec<_> =
        provenance.metrics.iter().map(|(name, value)| format!("{name} {value:.5}")).collect();
    facts.push(("metrics", metrics.join(", ")));
    facts.retain(|(_, text)| !text.is_empty());
    facts
}

impl Inspection {
    /// One table a graph: the reference, and what is left after each rewrite.
    fn write_passes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for graph in &self.graphs {
            writeln!(f, "\n{} in single precision, rewrite by rewrite", graph.file)?;
            let unit = format!("multiply-adds a {}", graph.item);
            writeln!(
                f,
                "  {:<12} {:>9} {:>14} {:>14} {unit:>22} {:>6}",
                "after", "operators", "parameters", "bytes", "of it"
            )?;
            writeln!(f, "  {:<12} {:>9} {:>14}", "training", "–", grouped(self.trained))?;
            let mut first = None;
            for (pass, pair) in &self.passes {
                let Some(row) = pair.iter().find(|other| other.file == graph.file) else {
                    continue;
                };
                let all = *first.get_or_insert(row.multiply_adds);
                writeln!(
                    f,
                    "  {:<12} {:>9} {:>14} {:>14} {:>22} {:>5.1}%",
                    pass.map_or("strip", Pass::name),
                    row.nodes(),
                    grouped(row.parameters),
                    grouped(row.weight_bytes),
                    grouped(row.multiply_adds),
                    100.0 * row.multiply_adds as f64 / all.max(1) as f64
                )?;
            }
        }
        if !self.graphs.is_empty() {
            writeln!(f, "\nafter strip, the graphs are those of the reference variant")?;
        }
        Ok(())
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for (name, text) in &self.facts {
            writeln!(f, "  {name:<13} {text}")?;
        }
        for (name, bytes) in &self.files {
            writeln!(f, "  {:>15} bytes  {name}", grouped(*bytes))?;
        }
        for graph in &self.graphs {
            write!(f, "\n{graph}")?;
        }
        self.write_passes(f)
    }
}
