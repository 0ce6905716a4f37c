//! Of all slices, the package that generates best.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::files_of;

/// What decides among weights of one phase: the squared error of generated pictures of held-out scenes, less is better.
const MEASURE: &str = "mse_generated";
/// 0 in a package of the generation phase, whose samples are worthless; packages without it are of the ELBO phase.
const ELBO_PHASE: &str = "elbo_phase";
/// The largest package that the page should have to load.
const MOST_BYTES: u64 = 4_000_000;

/// What became of a slice's package.
#[derive(Debug)]
pub(super) struct Kept {
    new: Standing,
    /// The package that was there, if there was one.
    old: Option<Standing>,
    bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Standing {
    step: u64,
    mse: f64,
    is_elbo: bool,
}

impl Kept {
    /// Puts the package and the curves of its run into the folder unless what is there is better.
    pub(super) fn better_of(package: &Path, folder: &Path, curves: &Path) -> Result<Self> {
        let new = Standing::of(package)?;
        let old = folder.join(MANIFEST).exists().then(|| Standing::of(folder)).transpose()?;
        let files = files_of(package)?;
        let sizes = files.iter().map(|path| Ok(fs::metadata(path)?.len()));
        let bytes = sizes.sum::<std::io::Result<u64>>().context("cannot measure the package")?;
        ensure!(
            bytes <= MOST_BYTES,
            "the package has {bytes} bytes, expected at most {MOST_BYTES} for the page"
        );
        let kept = Self { new, old, bytes };
        if kept.is_better() {
            replace(&files, curves, folder)?;
        }
        Ok(kept)
    }

    fn is_better(&self) -> bool {
        self.old.is_none_or(|old| self.new.beats(old))
    }

    pub(super) fn describe(&self, name: &str) -> String {
        let Self { new, old, bytes } = self;
        let before = old.map_or_else(
            || "the first".to_owned(),
            |old| format!("before: {:.5} at step {}{}", old.mse, old.step, old.phase()),
        );
        let what = if self.is_better() { "kept in" } else { "not kept: a better one is in" };
        format!(
            "{MEASURE} {:.5} at step {}{} ({before}), {bytes} bytes; {what} web-demo/models/{name}",
            new.mse,
            new.step,
            new.phase()
        )
    }
}

const MANIFEST: &str = "manifest.json";

impl Standing {
    fn of(package: &Path) -> Result<Self> {
        let path = package.join(MANIFEST);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let manifest: Value =
            serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
        let metrics = &manifest["provenance"]["metrics"];
        let mse = metrics[MEASURE].as_f64();
        let mse = mse.with_context(|| format!("{} holds no {MEASURE}", path.display()))?;
        let is_elbo = metrics[ELBO_PHASE].as_f64().is_none_or(|phase| phase > 0.5);
        Ok(Self { step: manifest["step"].as_u64().unwrap_or_default(), mse, is_elbo })
    }

    /// Weights of the ELBO phase beat those of the generation phase whatever their mean picture.
    fn beats(self, old: Self) -> bool {
        if self.is_elbo == old.is_elbo { self.mse < old.mse } else { self.is_elbo }
    }

    fn phase(self) -> &'static str {
        if self.is_elbo { "" } else { " of the generation phase" }
    }
}

/// Copies the files into a folder beside the place, with the curves, then puts it there as a whole.
fn replace(files: &[PathBuf], curves: &Path, folder: &Path) -> Result<()> {
    let part = folder.with_extension("part");
    let failed = |path: &Path| format!("cannot write {}", path.display());
    if part.exists() {
        fs::remove_dir_all(&part).with_context(|| failed(&part))?;
    }
    fs::create_dir_all(&part).with_context(|| failed(&part))?;
    for file in files {
        let copy = part.join(file.file_name().context("a file has a name")?);
        fs::copy(file, &copy).with_context(|| failed(&copy))?;
    }
    let drawn = part.join("training.svg");
    fs::copy(curves, &drawn).with_context(|| failed(&drawn))?;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| failed(folder))?;
    }
    fs::rename(&part, folder).with_context(|| failed(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chart of the run.
    fn curves(root: &Path) -> PathBuf {
        let path = root.join("curves.svg");
        fs::write(&path, "<svg/>").unwrap();
        path
    }

    fn package(folder: &Path, step: u64, mse: f64) {
        package_of(folder, step, &serde_json::json!({ MEASURE: mse }));
    }

    fn package_of(folder: &Path, step: u64, metrics: &Value) {
        fs::create_dir_all(folder).unwrap();
        let manifest = serde_json::json!({ "step": step, "provenance": { "metrics": metrics } });
        fs::write(folder.join(MANIFEST), manifest.to_string()).unwrap();
    }

    #[test]
    fn only_a_better_package_replaces_the_one_that_is_there() {
        let root = tempfile::tempdir().unwrap();
        let (new, kept) = (root.path().join("package"), root.path().join("models/rooms"));
        for (step, mse, expected) in [(1, 0.04, 1), (2, 0.05, 1), (3, 0.03, 3)] {
            package(&new, step, mse);
            Kept::better_of(&new, &kept, &curves(root.path())).unwrap();
            assert_eq!(Standing::of(&kept).unwrap().step, expected);
        }
        assert!(!kept.with_extension("part").exists());
    }

    #[test]
    fn a_package_of_the_elbo_phase_is_better_than_one_of_the_generation_phase() {
        let root = tempfile::tempdir().unwrap();
        let (new, kept) = (root.path().join("package"), root.path().join("models/rooms"));
        // The last but one is of a time in which packages did not say their phase.
        let slices = [
            (1, 0.04, Some(0), 1),
            (2, 0.03, Some(0), 2),
            (3, 0.05, Some(1), 3),
            (4, 0.01, Some(0), 3),
            (5, 0.045, None, 5),
            (6, 0.044, Some(1), 6),
        ];
        for (step, mse, phase, expected) in slices {
            let mut metrics = serde_json::json!({ MEASURE: mse });
            if let Some(phase) = phase {
                metrics[ELBO_PHASE] = f64::from(phase).into();
            }
            package_of(&new, step, &metrics);
            let found = Kept::better_of(&new, &kept, &curves(root.path())).unwrap();
            assert_eq!(Standing::of(&kept).unwrap().step, expected);
            let said = found.describe("rooms");
            assert_eq!(
                said.starts_with(&format!("{MEASURE} {mse:.5} at step {step} of the")),
                phase == Some(0),
                "{said}"
            );
        }
    }

    #[test]
    fn a_package_without_figures_or_too_large_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let (new, kept) = (root.path().join("package"), root.path().join("models/rooms"));
        fs::create_dir_all(&new).unwrap();
        fs::write(new.join(MANIFEST), "{}").unwrap();
        let error = Kept::better_of(&new, &kept, &curves(root.path())).unwrap_err().to_string();
        assert!(error.contains("holds no mse_generated"), "{error}");
        package(&new, 1, 0.1);
        fs::write(new.join("generator.onnx"), vec![0; MOST_BYTES as usize]).unwrap();
        let error = Kept::better_of(&new, &kept, &curves(root.path())).unwrap_err().to_string();
        assert!(error.contains("expected at most 4000000"), "{error}");
        assert!(!kept.exists());
    }
}
